/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Cells between host memories are sorted by their NICs, those on the route host before others: a
 * cell of a GPU finds its own by bisection. Settings and NICs are numbered over both ledgers
 * together.
 */
#include "bench/report/host_memory.h"

#include <stdlib.h>
#include <string.h>

/* ---- numbers for what is the same ---- */

/* All but the route. */
static int compare_settings(const void *left, const void *right)
{
    const struct mcb_ledger_setting *a = left, *b = right;
    const uint64_t numbers[][2] = {
        {a->bidirectional, b->bidirectional},
        {a->size_bytes, b->size_bytes},
        {a->qps, b->qps},
        {a->depth, b->depth},
        {a->signal_every, b->signal_every},
        {a->inline_bytes, b->inline_bytes},
    };
    const char *const texts[][2] = {
        {a->operation, b->operation}, {a->measure, b->measure}, {a->ordering, b->ordering}};
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++)
        if (numbers[i][0] != numbers[i][1])
            return numbers[i][0] < numbers[i][1] ? -1 : 1;
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        int order = strcmp(texts[i][0], texts[i][1]);
        if (order != 0)
            return order;
    }
    return 0;
}

static int compare_nics(const void *left, const void *right)
{
    const struct mcb_pivot_endpoint *a = left, *b = right;
    int order = strcmp(a->host, b->host);
    return order ? order : strcmp(a->nic, b->nic);
}

/* Things of one kind in two arrays, numbered as if the second followed the first. */
struct things {
    const char *first, *second;
    size_t first_count, count, size;
    int (*compare)(const void *, const void *);
};

static const void *thing(const struct things *things, uint32_t number)
{
    return number < things->first_count
               ? things->first + number * things->size
               : things->second + (number - things->first_count) * things->size;
}

static int compare_things(const void *left, const void *right, void *context)
{
    const struct things *things = context;
    return things->compare(thing(things, *(const uint32_t *)left),
                           thing(things, *(const uint32_t *)right));
}

/* A number for each of the things, the same where they compare equal. For free(). */
static uint32_t *number_alike(struct things *things)
{
    size_t count = things->count;
    uint32_t *order = calloc(count + 1, sizeof *order), *numbers = calloc(count + 1, sizeof *order);
    if (order && numbers) {
        for (size_t i = 0; i < count; i++)
            order[i] = (uint32_t)i;
        qsort_r(order, count, sizeof *order, compare_things, things);
        for (size_t i = 1; i < count; i++)
            numbers[order[i]] =
                numbers[order[i - 1]] + (compare_things(&order[i - 1], &order[i], things) != 0);
    } else {
        free(numbers);
        numbers = NULL;
    }
    free(order);
    return numbers;
}

/* ---- cells between host memories ---- */

struct entry {
    uint32_t setting, from, to; /* NICs */
    bool without;               /* a figure */
    bool plain;                 /* not on the route host */
    double worth;               /* a bandwidth; a latency below 0 */
    uint32_t cell;
};

struct mcb_host_memory {
    uint32_t *setting_numbers, *nic_numbers; /* of the cells that are looked up, then, if they are
                                                others, of those that were measured */
    struct entry *entries;
    size_t count;
};

static int compare_places(const struct entry *a, const struct entry *b)
{
    const uint32_t keys[][2] = {{a->setting, b->setting}, {a->from, b->from}, {a->to, b->to}};
    for (size_t i = 0; i < sizeof keys / sizeof *keys; i++)
        if (keys[i][0] != keys[i][1])
            return keys[i][0] < keys[i][1] ? -1 : 1;
    return 0;
}

/* The one to take is the first of those of one place. */
static int compare_entries(const void *left, const void *right)
{
    const struct entry *a = left, *b = right;
    int order = compare_places(a, b);
    if (order != 0)
        return order;
    if (a->without != b->without)
        return a->without ? 1 : -1;
    if (a->plain != b->plain)
        return a->plain ? 1 : -1;
    if (a->worth != b->worth)
        return a->worth > b->worth ? -1 : 1;
    return (a->cell > b->cell) - (a->cell < b->cell);
}

static bool is_of_host_memory(const struct mcb_ledger *ledger, const struct mcb_ledger_cell *cell)
{
    return !mcb_pivot_is_of_gpu(ledger->endpoints[cell->initiator].memory) &&
           !mcb_pivot_is_of_gpu(ledger->endpoints[cell->target].memory);
}

/* What was measured, and where its numbers begin. */
struct source {
    const struct mcb_ledger *measured;
    size_t first_setting, first_endpoint;
    bool own; /* its cells on the route host count too */
};

static bool stands_in(const struct mcb_ledger *ledger, const struct mcb_ledger_cell *cell)
{
    return strcmp(ledger->settings[cell->setting].route, "host") == 0;
}

static bool counts(const struct source *source, const struct mcb_ledger_cell *cell)
{
    return stands_in(source->measured, cell) ? source->own
                                             : is_of_host_memory(source->measured, cell);
}

static void add_cell(struct mcb_host_memory *hosts, const struct source *source, uint32_t number)
{
    const struct mcb_ledger *measured = source->measured;
    const struct mcb_ledger_cell *cell = &measured->cells[number];
    bool latency = measured->settings[cell->setting].latency;
    struct entry entry = {
        .setting = hosts->setting_numbers[source->first_setting + cell->setting],
        .from = hosts->nic_numbers[source->first_endpoint + cell->initiator],
        .to = hosts->nic_numbers[source->first_endpoint + cell->target],
        .without = cell->status != MCB_LEDGER_OK || cell->figure <= 0,
        .plain = !stands_in(measured, cell),
        .worth = latency ? -cell->figure : cell->figure,
        .cell = number,
    };
    hosts->entries[hosts->count++] = entry;
}

static uint32_t *number_settings(const struct mcb_ledger *ledger, const struct source *source)
{
    return number_alike(&(struct things){
        .first = (const char *)ledger->settings,
        .second = (const char *)source->measured->settings,
        .first_count = ledger->setting_count,
        .count = source->first_setting + source->measured->setting_count,
        .size = sizeof *ledger->settings,
        .compare = compare_settings,
    });
}

static uint32_t *number_nics(const struct mcb_ledger *ledger, const struct source *source)
{
    return number_alike(&(struct things){
        .first = (const char *)ledger->endpoints,
        .second = (const char *)source->measured->endpoints,
        .first_count = ledger->endpoint_count,
        .count = source->first_endpoint + source->measured->endpoint_count,
        .size = sizeof *ledger->endpoints,
        .compare = compare_nics,
    });
}

struct mcb_host_memory *mcb_host_memory_make(const struct mcb_ledger *ledger,
                                             const struct mcb_ledger *measured)
{
    const bool own = measured == ledger;
    const struct source source = {measured, own ? 0 : ledger->setting_count,
                                  own ? 0 : ledger->endpoint_count, own};
    struct mcb_host_memory *hosts = calloc(1, sizeof *hosts);
    if (!hosts)
        return NULL;
    size_t room = 1;
    for (size_t i = 0; i < measured->cell_count; i++)
        room += counts(&source, &measured->cells[i]);
    hosts->setting_numbers = number_settings(ledger, &source);
    hosts->nic_numbers = number_nics(ledger, &source);
    hosts->entries = calloc(room, sizeof *hosts->entries);
    if (!hosts->setting_numbers || !hosts->nic_numbers || !hosts->entries) {
        mcb_host_memory_free(hosts);
        return NULL;
    }
    for (size_t i = 0; i < measured->cell_count; i++)
        if (counts(&source, &measured->cells[i]))
            add_cell(hosts, &source, (uint32_t)i);
    qsort(hosts->entries, hosts->count, sizeof *hosts->entries, compare_entries);
    return hosts;
}

void mcb_host_memory_free(struct mcb_host_memory *hosts)
{
    if (!hosts)
        return;
    free(hosts->entries);
    free(hosts->nic_numbers);
    free(hosts->setting_numbers);
    free(hosts);
}

/* ---- finding one ---- */

uint32_t mcb_host_memory_cell(const struct mcb_host_memory *hosts,
                              const struct mcb_ledger_cell *cell)
{
    const struct entry wanted = {.setting = hosts->setting_numbers[cell->setting],
                                 .from = hosts->nic_numbers[cell->initiator],
                                 .to = hosts->nic_numbers[cell->target]};
    size_t low = 0, high = hosts->count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (compare_places(&hosts->entries[middle], &wanted) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return low < hosts->count && compare_places(&hosts->entries[low], &wanted) == 0
               ? hosts->entries[low].cell
               : MCB_LEDGER_NONE;
}
