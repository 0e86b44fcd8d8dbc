/* SPDX-License-Identifier: Apache-2.0 */
/* What cells that failed have in common: rails that do not reach each other, a fault, a NIC. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench/report/suspects_search.h"
#include "common/json.h"

/* Failures weigh more than whatever is slow, and those of many cells more than those of few. */
#define FAILED_WEIGHT 1e6
#define RAIL_WEIGHT   1e9

/* Of a dead NIC all paths fail. */
#define DEAD 1.0

/* ---- rails ---- */

struct rails {
    size_t same_ok, same_failed, cross_ok, cross_failed, cross_other;
    int works;    /* a rail that does */
    bool several; /* and another one */
};

/* A rail is the NICs of the same place on their hosts. -1: not known. */
static int rail_of(const struct mcb_suspects_search *search, uint32_t endpoint)
{
    int place;
    return mcb_suspects_facts(search, endpoint, &place) ? place : -1;
}

/* What a path looks like that leads nowhere. */
static bool leads_nowhere(const struct mcb_pivot_cell *cell)
{
    static const enum mcb_fault_code faults[] = {MCB_FAULT_RDMA_RETRY, MCB_FAULT_RDMA_QP_RTR,
                                                 MCB_FAULT_RDMA_STUCK};
    enum mcb_fault_code code =
        mcb_fault_find(mcb_json_text(json_object_get(cell->cell, "fault"), "id"));
    for (size_t i = 0; i < sizeof faults / sizeof *faults; i++)
        if (code == faults[i])
            return true;
    return false;
}

/* A NIC that reaches itself, or another one of its host, says nothing of the network. */
static bool crosses_network(const struct mcb_suspects_search *search,
                            const struct mcb_pivot_cell *cell)
{
    const struct mcb_pivot_endpoint *ends = search->pivot->endpoints;
    return ends[cell->initiator].host_number != ends[cell->target].host_number;
}

static void count_cell(struct rails *rails, const struct mcb_pivot_cell *cell, int from, int to)
{
    bool ok = mcb_suspects_is(cell, "ok"), same = from == to;
    if (!ok && !mcb_suspects_is(cell, "failed"))
        return;
    if (same && ok) {
        rails->several |= rails->same_ok > 0 && rails->works != from;
        rails->works = from;
    }
    if (same)
        ++*(ok ? &rails->same_ok : &rails->same_failed);
    else
        ++*(ok                    ? &rails->cross_ok
            : leads_nowhere(cell) ? &rails->cross_failed
                                  : &rails->cross_other);
}

static int find_rails(struct mcb_suspects_search *search, size_t *cells, struct mcb_error *error)
{
    const struct mcb_pivot *pivot = search->pivot;
    int *rail = calloc(pivot->endpoint_count + 1, sizeof *rail);
    struct rails rails = {0};
    size_t count = 0;
    char evidence[MCB_SUSPECTS_TEXT];
    if (!rail)
        return mcb_error_set(error, MCB_FAULT_HOST_MEMORY, "no memory for the findings");
    for (uint32_t i = 0; i < pivot->endpoint_count; i++)
        rail[i] = rail_of(search, i);
    for (size_t i = 0; i < pivot->cell_count; i++) {
        const struct mcb_pivot_cell *cell = &pivot->cells[i];
        int from = rail[cell->initiator], to = rail[cell->target];
        if (from < 0 || to < 0 || !crosses_network(search, cell))
            continue;
        count_cell(&rails, cell, from, to);
        if (from != to && mcb_suspects_is(cell, "failed"))
            cells[count++] = i;
    }
    free(rail);
    if (rails.cross_failed < 2 || !rails.several || rails.cross_ok > 0 || rails.cross_other > 0 ||
        rails.same_failed > 0)
        return 0;
    snprintf(evidence, sizeof evidence,
             "all %zu paths between NICs of different rails fail, all %zu between NICs of the same "
             "rail work",
             rails.cross_failed, rails.same_ok);
    return mcb_suspects_add(search, MCB_FAULT_RDMA_RAIL, RAIL_WEIGHT, cells, count, evidence,
                            error);
}

/* ---- the same fault ---- */

/* The NIC that the cells have in common, and how its other paths do. */
static void say_common(const struct mcb_suspects_search *search,
                       const struct mcb_suspects_common *common, struct mcb_suspects_text *text)
{
    static const char *const words[MCB_SUSPECTS_ROLES] = {
        [MCB_SUSPECTS_EITHER] = "with", [MCB_SUSPECTS_FROM] = "from", [MCB_SUSPECTS_TO] = "to"};
    char label[MCB_SUSPECTS_LABEL / 2];
    size_t work = 0;
    for (size_t i = 0; i < search->pivot->cell_count; i++)
        work +=
            mcb_suspects_is(&search->pivot->cells[i], "ok") &&
            mcb_suspects_has(search, &search->pivot->cells[i], common->nic, MCB_SUSPECTS_EITHER);
    mcb_suspects_say(text, ", all of them %s %s", words[common->role],
                     mcb_suspects_nic(search, common->nic, false, label));
    if (work > 0)
        mcb_suspects_say(text, ", of which %zu other path%s", work, work > 1 ? "s work" : " works");
    else
        mcb_suspects_say(text, ", of which no path works");
}

static int add_group(struct mcb_suspects_search *search, enum mcb_fault_code fault,
                     const size_t *cells, size_t count, const struct mcb_suspects_common *common,
                     struct mcb_error *error)
{
    const struct mcb_pivot_cell *first = &search->pivot->cells[cells[0]];
    char path[MCB_SUSPECTS_LABEL];
    struct mcb_suspects_text text = {.length = 0};
    mcb_suspects_path(search, first, path);
    if (count > 1)
        mcb_suspects_say(&text, "%zu of %zu cells fail in the same way", count,
                         search->pivot->cell_count);
    if (common)
        say_common(search, common, &text);
    mcb_suspects_say(&text, "%s%s%s", count > 1 ? "; the first: " : "", path,
                     count > 1 ? "" : " fails");
    size_t before = search->found->count;
    int status = mcb_suspects_add(search, fault, FAILED_WEIGHT + (double)count, cells, count,
                                  text.text, error);
    if (search->found->count > before)
        search->found->list[before].repeated = true;
    return status;
}

/* What is wanted are the cells that failed with that fault. A NIC that reaches itself may be dead
 * to all others. */
static size_t mark_cells(const struct mcb_suspects_search *search, enum mcb_fault_code fault,
                         const enum mcb_fault_code *codes, enum mcb_suspects_mark *marks)
{
    size_t wanted = 0;
    for (size_t i = 0; i < search->pivot->cell_count; i++) {
        const struct mcb_pivot_cell *cell = &search->pivot->cells[i];
        bool ok = mcb_suspects_is(cell, "ok"),
             to_itself = search->nics[cell->initiator] == search->nics[cell->target];
        wanted += codes[i] == fault;
        marks[i] = codes[i] == fault                 ? MCB_SUSPECTS_WANTED
                   : mcb_suspects_is(cell, "failed") ? MCB_SUSPECTS_BAD
                   : ok && !to_itself                ? MCB_SUSPECTS_GOOD
                                                     : MCB_SUSPECTS_LEFT_OUT;
    }
    return wanted;
}

/* The NIC that all wanted cells have in common. */
static bool is_common_to_all(const struct mcb_suspects_search *search,
                             const enum mcb_suspects_mark *marks,
                             struct mcb_suspects_common *common)
{
    const struct mcb_pivot *pivot = search->pivot;
    const struct mcb_pivot_cell *first = NULL;
    bool both[2] = {true, true};
    for (size_t i = 0; i < pivot->cell_count; i++) {
        if (marks[i] != MCB_SUSPECTS_WANTED)
            continue;
        first = first ? first : &pivot->cells[i];
        const uint32_t ends[] = {first->initiator, first->target};
        for (int end = 0; end < 2; end++)
            both[end] &= mcb_suspects_has(search, &pivot->cells[i], search->nics[ends[end]],
                                          MCB_SUSPECTS_EITHER);
    }
    if (!first || (!both[0] && !both[1]))
        return false;
    *common = (struct mcb_suspects_common){search->nics[both[0] ? first->initiator : first->target],
                                           MCB_SUSPECTS_EITHER};
    return true;
}

/* The cells of one fault: each dead NIC is a group, what is left is one more. Where nothing works
 * every NIC would be dead: that is one group. */
static int add_groups(struct mcb_suspects_search *search, enum mcb_fault_code fault,
                      enum mcb_suspects_mark *marks, size_t wanted, size_t *cells,
                      struct mcb_error *error)
{
    size_t all = search->pivot->cell_count, left = wanted, count = 0;
    struct mcb_suspects_common common;
    bool works = false;
    for (size_t i = 0; i < all; i++)
        works |= marks[i] == MCB_SUSPECTS_GOOD;
    bool of_one = wanted > 1 && is_common_to_all(search, marks, &common);
    while (works && !of_one && left > 0 &&
           mcb_suspects_find_common(search, marks, 0, all, DEAD, &common)) {
        count = mcb_suspects_take_common(search, marks, 0, all, &common, MCB_SUSPECTS_BAD, cells);
        left -= count;
        if (add_group(search, fault, cells, count, &common, error) != 0)
            return -1;
    }
    if (left == 0)
        return 0;
    count = 0;
    for (size_t i = 0; i < all; i++)
        if (marks[i] == MCB_SUSPECTS_WANTED)
            cells[count++] = i;
    return add_group(search, fault, cells, count, of_one ? &common : NULL, error);
}

int mcb_suspects_find_failed(struct mcb_suspects_search *search, struct mcb_error *error)
{
    const struct mcb_pivot *pivot = search->pivot;
    size_t *cells = calloc(pivot->cell_count + 1, sizeof *cells);
    enum mcb_fault_code *codes = calloc(pivot->cell_count + 1, sizeof *codes);
    enum mcb_suspects_mark *marks = calloc(pivot->cell_count + 1, sizeof *marks);
    int status = -1;
    if (!cells || !codes || !marks) {
        mcb_error_set(error, MCB_FAULT_HOST_MEMORY, "no memory for the findings");
        goto done;
    }
    status = find_rails(search, cells, error);
    for (size_t i = 0; i < pivot->cell_count; i++)
        if (mcb_suspects_is(&pivot->cells[i], "failed") && !search->explained[i] &&
            !mcb_pivot_is_of_ending(pivot, pivot->cells[i].cell))
            codes[i] =
                mcb_fault_find(mcb_json_text(json_object_get(pivot->cells[i].cell, "fault"), "id"));
    for (int code = MCB_FAULT_NONE + 1; code < MCB_FAULT_COUNT && status == 0; code++) {
        size_t wanted = mark_cells(search, (enum mcb_fault_code)code, codes, marks);
        if (wanted > 0)
            status = add_groups(search, (enum mcb_fault_code)code, marks, wanted, cells, error);
    }
done:
    free(marks);
    free(codes);
    free(cells);
    return status;
}
