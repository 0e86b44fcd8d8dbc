/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "bench/report/suspects_search.h"

/* Cells with a NIC in a role. */
struct mcb_suspects_tally {
    size_t wanted, bad, all;
};

size_t mcb_suspects_tallies_bytes(uint32_t nics)
{
    return (size_t)nics * MCB_SUSPECTS_ROLES * sizeof(struct mcb_suspects_tally);
}

bool mcb_suspects_has(const struct mcb_suspects_search *search, const struct mcb_pivot_cell *cell,
                      uint32_t nic, enum mcb_suspects_role role)
{
    return (role != MCB_SUSPECTS_TO && search->nics[cell->initiator] == nic) ||
           (role != MCB_SUSPECTS_FROM && search->nics[cell->target] == nic);
}

static void count_cell(struct mcb_suspects_search *search, const struct mcb_pivot_cell *cell,
                       enum mcb_suspects_mark mark)
{
    uint32_t from = search->nics[cell->initiator], to = search->nics[cell->target];
    struct mcb_suspects_tally *counted[] = {
        &search->tallies[from * MCB_SUSPECTS_ROLES + MCB_SUSPECTS_FROM],
        &search->tallies[to * MCB_SUSPECTS_ROLES + MCB_SUSPECTS_TO],
        &search->tallies[from * MCB_SUSPECTS_ROLES + MCB_SUSPECTS_EITHER],
        &search->tallies[to * MCB_SUSPECTS_ROLES + MCB_SUSPECTS_EITHER],
    };
    for (size_t i = 0; i < (from == to ? 3 : 4); i++) {
        counted[i]->wanted += mark == MCB_SUSPECTS_WANTED;
        counted[i]->bad += mark >= MCB_SUSPECTS_BAD;
        counted[i]->all += mark != MCB_SUSPECTS_LEFT_OUT;
    }
}

bool mcb_suspects_find_common(struct mcb_suspects_search *search,
                              const enum mcb_suspects_mark *marks, size_t first, size_t count,
                              double bad_least, struct mcb_suspects_common *common)
{
    uint32_t nics = (uint32_t)search->pivot->endpoint_count;
    size_t most = 1;
    memset(search->tallies, 0, mcb_suspects_tallies_bytes(nics));
    for (size_t i = 0; i < count; i++)
        count_cell(search, &search->pivot->cells[first + i], marks[first + i]);
    for (uint32_t nic = 0; nic < nics; nic++)
        for (int role = 0; role < MCB_SUSPECTS_ROLES; role++) {
            const struct mcb_suspects_tally *tally =
                &search->tallies[nic * MCB_SUSPECTS_ROLES + (uint32_t)role];
            if (tally->wanted <= most || (double)tally->bad < bad_least * (double)tally->all)
                continue;
            most = tally->wanted;
            *common = (struct mcb_suspects_common){nic, (enum mcb_suspects_role)role};
        }
    return most > 1;
}

size_t mcb_suspects_take_common(const struct mcb_suspects_search *search,
                                enum mcb_suspects_mark *marks, size_t first, size_t count,
                                const struct mcb_suspects_common *common,
                                enum mcb_suspects_mark mark, size_t *cells)
{
    size_t taken = 0;
    for (size_t i = first; i < first + count; i++)
        if (marks[i] == MCB_SUSPECTS_WANTED &&
            mcb_suspects_has(search, &search->pivot->cells[i], common->nic, common->role)) {
            marks[i] = mark;
            cells[taken++] = i;
        }
    return taken;
}
