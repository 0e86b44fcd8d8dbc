/* SPDX-License-Identifier: Apache-2.0 */
#include "bench/report/comparison_match.h"

#include <stdlib.h>
#include <string.h>

#include "common/json.h"

/* ---- what is measured ---- */

struct thing {
    const struct mcb_ledger_setting *setting;
    uint32_t *number; /* where its number goes */
};

static int order_of_numbers(uint64_t one, uint64_t other)
{
    return (one > other) - (one < other);
}

static int thing_order(const void *left, const void *right)
{
    const struct mcb_ledger_setting *one = ((const struct thing *)left)->setting;
    const struct mcb_ledger_setting *other = ((const struct thing *)right)->setting;
    int order = strcmp(one->operation, other->operation);
    order = order ? order : strcmp(one->measure, other->measure);
    order = order ? order : order_of_numbers(one->size_bytes, other->size_bytes);
    order = order ? order : order_of_numbers(one->bidirectional, other->bidirectional);
    order = order ? order : strcmp(one->route, other->route);
    return order ? order : strcmp(one->ordering, other->ordering);
}

static void things_of(const struct mcb_ledger *ledger, uint32_t *numbers, struct thing *things,
                      size_t *count)
{
    for (size_t i = 0; i < ledger->setting_count; i++)
        things[(*count)++] = (struct thing){&ledger->settings[i], &numbers[i]};
}

/* Numbers what is measured over all ledgers. */
static int number_things(const struct mcb_ledger *baselines, const struct mcb_ledger *after,
                         struct mcb_matches *matches)
{
    size_t all = after->setting_count, count = 0;
    for (size_t i = 0; i < matches->count; i++)
        all += baselines[i].setting_count;
    struct thing *things = calloc(all + 1, sizeof *things);
    matches->things = calloc(matches->count + 1, sizeof *matches->things);
    bool failed = !things || !matches->things;
    for (size_t i = 0; !failed && i <= matches->count; i++) {
        const struct mcb_ledger *ledger = i < matches->count ? &baselines[i] : after;
        matches->things[i] = calloc(ledger->setting_count + 1, sizeof **matches->things);
        failed = !matches->things[i];
        if (!failed)
            things_of(ledger, matches->things[i], things, &count);
    }
    if (!failed)
        qsort(things, count, sizeof *things, thing_order);
    for (size_t i = 0; !failed && i < count; i++) {
        if (i == 0 || thing_order(&things[i - 1], &things[i]) != 0)
            matches->thing_count++;
        *things[i].number = (uint32_t)(matches->thing_count - 1);
    }
    free(things);
    return failed ? -1 : 0;
}

static bool *measured_in(const struct mcb_ledger *ledger, const uint32_t *things, size_t count)
{
    bool *measured = calloc(count + 1, sizeof *measured);
    for (size_t i = 0; measured && i < ledger->cell_count; i++)
        measured[things[ledger->cells[i].setting]] = true;
    return measured;
}

/* ---- endpoints ---- */

struct place {
    const char *host, *nic, *memory;
    uint32_t number;
};

static int place_order(const void *left, const void *right)
{
    const struct place *one = left, *other = right;
    int order = strcmp(one->host, other->host);
    order = order ? order : strcmp(one->nic, other->nic);
    return order ? order : strcmp(one->memory, other->memory);
}

/* The name that a host of the new result has in the baseline; NULL: it was not there. */
static const char *name_before(const struct mcb_host_pairs *hosts, const char *host)
{
    const struct mcb_host_pair *pair = mcb_host_pairs_find(hosts, host);
    if (!pair)
        return hosts->by_rank ? NULL : host; /* of cells only: a host that joined no list */
    return pair->before ? mcb_json_text(pair->before, "host") : NULL;
}

/* Of each endpoint of the new result the baseline's number, or MCB_LEDGER_NONE. NULL: no memory. */
static uint32_t *endpoints_before(const struct mcb_ledger *before, const struct mcb_ledger *after,
                                  const struct mcb_host_pairs *hosts)
{
    struct place *places = calloc(before->endpoint_count + 1, sizeof *places);
    uint32_t *numbers = calloc(after->endpoint_count + 1, sizeof *numbers);
    if (!places || !numbers) {
        free(places);
        free(numbers);
        return NULL;
    }
    for (size_t i = 0; i < before->endpoint_count; i++) {
        const struct mcb_pivot_endpoint *endpoint = &before->endpoints[i];
        places[i] = (struct place){endpoint->host, endpoint->nic, endpoint->memory, (uint32_t)i};
    }
    qsort(places, before->endpoint_count, sizeof *places, place_order);
    for (size_t i = 0; i < after->endpoint_count; i++) {
        const struct mcb_pivot_endpoint *endpoint = &after->endpoints[i];
        const struct place wanted = {name_before(hosts, endpoint->host), endpoint->nic,
                                     endpoint->memory, 0};
        const struct place *match = wanted.host ? bsearch(&wanted, places, before->endpoint_count,
                                                          sizeof *places, place_order)
                                                : NULL;
        numbers[i] = match ? match->number : MCB_LEDGER_NONE;
    }
    free(places);
    return numbers;
}

/* ---- cells ---- */

struct key {
    uint32_t thing, initiator, target; /* endpoints by their numbers in the baseline */
    uint32_t position, cell;
};

static int path_order(const struct key *one, const struct key *other)
{
    int order = order_of_numbers(one->thing, other->thing);
    order = order ? order : order_of_numbers(one->initiator, other->initiator);
    return order ? order : order_of_numbers(one->target, other->target);
}

static int key_order(const void *left, const void *right)
{
    const struct key *one = left, *other = right;
    int order = path_order(one, other);
    return order ? order : order_of_numbers(one->position, other->position);
}

/* endpoints NULL: their own numbers. Cells whose ends the baseline does not have are left out. */
static struct key *keys_of(const struct mcb_ledger *ledger, const uint32_t *things,
                           const uint32_t *endpoints, size_t *count)
{
    struct key *keys = calloc(ledger->cell_count + 1, sizeof *keys);
    *count = 0;
    for (size_t i = 0; keys && i < ledger->cell_count; i++) {
        const struct mcb_ledger_cell *cell = &ledger->cells[i];
        struct key key = {
            things[cell->setting], endpoints ? endpoints[cell->initiator] : cell->initiator,
            endpoints ? endpoints[cell->target] : cell->target, cell->position, (uint32_t)i};
        if (key.initiator != MCB_LEDGER_NONE && key.target != MCB_LEDGER_NONE)
            keys[(*count)++] = key;
    }
    if (keys)
        qsort(keys, *count, sizeof *keys, key_order);
    return keys;
}

/* Both are sorted, so that cells that are alike meet in their order. */
static void join(const struct key *old, size_t old_count, const struct key *new, size_t new_count,
                 struct mcb_match *match)
{
    for (size_t i = 0, j = 0; i < old_count && j < new_count;) {
        int order = path_order(&old[i], &new[j]);
        if (order == 0) {
            match->before[new[j].cell] = old[i].cell;
            match->taken[old[i].cell] = true;
        }
        i += order <= 0;
        j += order >= 0;
    }
}

static int match_cells(const struct mcb_ledger *before, const struct mcb_ledger *after,
                       const uint32_t *things_before, const uint32_t *things_after,
                       struct mcb_match *match)
{
    size_t old_count, new_count;
    uint32_t *endpoints = endpoints_before(before, after, &match->hosts);
    struct key *old = keys_of(before, things_before, NULL, &old_count);
    struct key *new = endpoints ? keys_of(after, things_after, endpoints, &new_count) : NULL;
    match->before = malloc((after->cell_count + 1) * sizeof *match->before);
    match->taken = calloc(before->cell_count + 1, sizeof *match->taken);
    bool whole = endpoints && old && new && match->before && match->taken;
    for (size_t i = 0; whole && i < after->cell_count; i++)
        match->before[i] = MCB_LEDGER_NONE;
    if (whole)
        join(old, old_count, new, new_count, match);
    free(new);
    free(old);
    free(endpoints);
    return whole ? 0 : -1;
}

int mcb_matches_make(const struct mcb_ledger *baselines, size_t count,
                     const struct mcb_ledger *after, bool by_rank, struct mcb_matches *matches,
                     struct mcb_error *error)
{
    struct mcb_matches made = {.list = calloc(count + 1, sizeof *made.list), .count = count};
    int status = made.list ? number_things(baselines, after, &made) : -1;
    if (status == 0) {
        made.measured = measured_in(after, made.things[count], made.thing_count);
        status = made.measured ? 0 : -1;
    }
    for (size_t i = 0; status == 0 && i < count; i++) {
        struct mcb_match *match = &made.list[i];
        match->measured = measured_in(&baselines[i], made.things[i], made.thing_count);
        if (!match->measured ||
            mcb_host_pairs_make(baselines[i].head, after->head, by_rank, &match->hosts, error) != 0)
            status = -1;
        else
            status = match_cells(&baselines[i], after, made.things[i], made.things[count], match);
    }
    if (status != 0) {
        mcb_matches_release(&made);
        return mcb_error_set(error, MCB_FAULT_HOST_MEMORY, "no memory to compare results");
    }
    *matches = made;
    return 0;
}

void mcb_matches_release(struct mcb_matches *matches)
{
    for (size_t i = 0; matches->list && i < matches->count; i++) {
        free(matches->list[i].before);
        free(matches->list[i].taken);
        free(matches->list[i].measured);
        mcb_host_pairs_release(&matches->list[i].hosts);
    }
    for (size_t i = 0; matches->things && i <= matches->count; i++)
        free(matches->things[i]);
    free(matches->list);
    free(matches->things);
    free(matches->measured);
    *matches = (struct mcb_matches){0};
}
