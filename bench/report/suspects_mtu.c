/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Ports of different MTU on two hosts. A path of mcbench takes the lesser of the two, and works;
 * one of Mooncake takes each side's own, and fails.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench/report/suspects_search.h"
#include "common/json.h"

/* Less than whatever failed or is slow: the path works. */
#define MTU_WEIGHT 0.5

/* Paths whose MTUs differ, of which the first is told. */
struct differing {
    size_t *cells;
    size_t count;
    json_t *pairs; /* of NICs, either way: their numbers as a key */
    unsigned long long first[2];
    uint32_t ends[2];
};

/* 0: not known. */
static unsigned long long mtu_of(const struct mcb_suspects_search *search, uint32_t endpoint)
{
    int place;
    const json_t *mtu =
        json_object_get(mcb_suspects_facts(search, endpoint, &place), "active_mtu_bytes");
    return json_is_integer(mtu) && json_integer_value(mtu) > 0
               ? (unsigned long long)json_integer_value(mtu)
               : 0;
}

/* What --mtu leaves of it. */
static unsigned long long capped(const struct mcb_suspects_search *search, unsigned long long mtu)
{
    const json_t *setting = json_object_get(json_object_get(search->document, "settings"), "mtu");
    unsigned long long cap = strtoull(mcb_json_text(setting, "value"), NULL, 10);
    return cap > 0 && cap < mtu ? cap : mtu;
}

static void take(struct mcb_suspects_search *search, size_t at, const unsigned long long *mtus,
                 struct differing *differing)
{
    const struct mcb_pivot_cell *cell = &search->pivot->cells[at];
    const uint32_t ends[] = {cell->initiator, cell->target};
    uint32_t one = search->nics[ends[0]], other = search->nics[ends[1]];
    unsigned long long used[2];
    char key[32];
    for (int end = 0; end < 2; end++)
        used[end] = capped(search, mtus[ends[end]]);
    if (search->pivot->endpoints[ends[0]].host_number ==
            search->pivot->endpoints[ends[1]].host_number ||
        used[0] == 0 || used[1] == 0 || used[0] == used[1] || mcb_suspects_is(cell, "skipped"))
        return;
    for (int end = 0; end < 2 && differing->count == 0; end++) {
        differing->first[end] = used[end];
        differing->ends[end] = ends[end];
    }
    differing->cells[differing->count++] = at;
    snprintf(key, sizeof key, "%u %u", one < other ? one : other, one < other ? other : one);
    json_object_set_new(differing->pairs, key, json_true());
}

static int add(struct mcb_suspects_search *search, const struct differing *differing,
               struct mcb_error *error)
{
    char labels[2][MCB_SUSPECTS_LABEL / 2];
    struct mcb_suspects_text text = {.length = 0};
    size_t pairs = json_object_size(differing->pairs);
    unsigned long long least =
        differing->first[0] < differing->first[1] ? differing->first[0] : differing->first[1];
    for (int end = 0; end < 2; end++)
        mcb_suspects_say(&text, "%s%s %llu", end ? ", " : "",
                         mcb_suspects_nic(search, differing->ends[end], false, labels[end]),
                         differing->first[end]);
    mcb_suspects_say(&text,
                     ": mcbench used %llu; Mooncake takes each side's own: MC_MTU=%llu on "
                     "both",
                     least, least);
    if (pairs > 1)
        mcb_suspects_say(&text, "; the MTUs of %zu more pair%s of NICs differ", pairs - 1,
                         pairs > 2 ? "s" : "");
    return mcb_suspects_add(search, MCB_FAULT_RDMA_MTU, MTU_WEIGHT, differing->cells,
                            differing->count, text.text, error);
}

static bool is_told(const struct mcb_suspects *found)
{
    for (size_t i = 0; i < found->count; i++)
        if (found->list[i].error.code == MCB_FAULT_RDMA_MTU)
            return true;
    return false;
}

int mcb_suspects_find_mtus(struct mcb_suspects_search *search, struct mcb_error *error)
{
    const struct mcb_pivot *pivot = search->pivot;
    struct differing differing = {
        .cells = calloc(pivot->cell_count + 1, sizeof *differing.cells),
        .pairs = json_object(),
    };
    unsigned long long *mtus = calloc(pivot->endpoint_count + 1, sizeof *mtus);
    int status = -1;
    if (!differing.cells || !differing.pairs || !mtus) {
        mcb_error_set(error, MCB_FAULT_HOST_MEMORY, "no memory for the findings");
        goto done;
    }
    for (uint32_t i = 0; i < pivot->endpoint_count; i++)
        mtus[i] = mtu_of(search, i);
    for (size_t i = 0; i < pivot->cell_count; i++)
        take(search, i, mtus, &differing);
    status = differing.count > 0 && !is_told(search->found) ? add(search, &differing, error) : 0;
done:
    free(mtus);
    json_decref(differing.pairs);
    free(differing.cells);
    return status;
}
