/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Cells between host memories are put into two sorted lists: by their endpoints, for those that
 * stand in for the memory of GPUs on a path (route host), and by their NICs, for all. A cell of a
 * GPU finds its own by bisection.
 */
#include "bench/report/expectation_reference.h"

#include <stdlib.h>
#include <string.h>

#include "bench/measure/statistics.h"

double mcb_expectation_figure(const struct mcb_ledger_cell *cell, enum mcb_rule_figure figure)
{
    const double figures[MCB_RULE_FIGURES] = {
        [MCB_RULE_BANDWIDTH] = cell->figure,
        [MCB_RULE_BANDWIDTH_LOW] = cell->low,
        [MCB_RULE_MESSAGE_RATE] = cell->message_rate_mops,
        [MCB_RULE_LATENCY_MIN] = cell->latency.min_us,
        [MCB_RULE_LATENCY_P50] = cell->latency.p50_us,
        [MCB_RULE_LATENCY_P90] = cell->latency.p90_us,
        [MCB_RULE_LATENCY_P99] = cell->latency.p99_us,
        [MCB_RULE_LATENCY_P999] = cell->latency.p999_us,
        [MCB_RULE_LATENCY_MAX] = cell->latency.max_us,
        [MCB_RULE_LATENCY_MEAN] = cell->latency.mean_us,
        [MCB_RULE_GPU] = cell->figure,
    };
    return figures[figure];
}

/* ---- medians ---- */

double *mcb_expectation_medians(const struct mcb_ledger *ledger, enum mcb_rule_figure figure)
{
    double *medians = calloc(ledger->setting_count + 1, sizeof *medians);
    double *figures = calloc(ledger->cell_count + 1, sizeof *figures);
    if (!medians || !figures) {
        free(figures);
        free(medians);
        return NULL;
    }
    for (size_t at = 0; at < ledger->cell_count;) {
        uint32_t setting = ledger->cells[at].setting;
        size_t count = 0;
        for (; at < ledger->cell_count && ledger->cells[at].setting == setting; at++) {
            double value = mcb_expectation_figure(&ledger->cells[at], figure);
            if (ledger->cells[at].status == MCB_LEDGER_OK && value > 0)
                figures[count++] = value;
        }
        medians[setting] = mcb_statistics_median(figures, count);
    }
    free(figures);
    return medians;
}

/* ---- numbers for what is the same ---- */

/* All but the route. */
static int compare_settings(const void *left, const void *right, void *context)
{
    const struct mcb_ledger_setting *settings = context;
    const struct mcb_ledger_setting *a = &settings[*(const uint32_t *)left],
                                    *b = &settings[*(const uint32_t *)right];
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

static int compare_nics(const void *left, const void *right, void *context)
{
    const struct mcb_pivot_endpoint *endpoints = context;
    const struct mcb_pivot_endpoint *a = &endpoints[*(const uint32_t *)left],
                                    *b = &endpoints[*(const uint32_t *)right];
    int order = strcmp(a->host, b->host);
    return order ? order : strcmp(a->nic, b->nic);
}

/* A number for each of count things, the same where they compare equal. For free(). */
static uint32_t *number_alike(size_t count, int (*compare)(const void *, const void *, void *),
                              void *context)
{
    uint32_t *order = calloc(count + 1, sizeof *order), *numbers = calloc(count + 1, sizeof *order);
    if (order && numbers) {
        for (size_t i = 0; i < count; i++)
            order[i] = (uint32_t)i;
        qsort_r(order, count, sizeof *order, compare, context);
        for (size_t i = 1; i < count; i++)
            numbers[order[i]] =
                numbers[order[i - 1]] + (compare(&order[i - 1], &order[i], context) != 0);
    } else {
        free(numbers);
        numbers = NULL;
    }
    free(order);
    return numbers;
}

/* ---- cells between host memories ---- */

struct entry {
    uint32_t setting, from, to; /* endpoints, or NICs */
    bool plain;                 /* not on the route host */
    double worth;               /* a bandwidth; a latency below 0 */
    double figure;
};

struct list {
    struct entry *entries;
    size_t count;
};

struct mcb_expectation_hosts {
    uint32_t *setting_numbers, *nic_numbers;
    struct list by_path, by_nics;
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
    if (a->plain != b->plain)
        return a->plain ? 1 : -1;
    return (a->worth < b->worth) - (a->worth > b->worth);
}

static bool is_of_host_memory(const struct mcb_ledger *ledger, const struct mcb_ledger_cell *cell)
{
    return !mcb_pivot_is_of_gpu(ledger->endpoints[cell->initiator].memory) &&
           !mcb_pivot_is_of_gpu(ledger->endpoints[cell->target].memory);
}

static void add_cell(struct mcb_expectation_hosts *hosts, const struct mcb_ledger *ledger,
                     const struct mcb_ledger_cell *cell)
{
    const struct mcb_ledger_setting *setting = &ledger->settings[cell->setting];
    bool stands_in = strcmp(setting->route, "host") == 0;
    if (cell->status != MCB_LEDGER_OK || cell->figure <= 0 ||
        (!stands_in && !is_of_host_memory(ledger, cell)))
        return;
    struct entry entry = {
        .setting = hosts->setting_numbers[cell->setting],
        .from = cell->initiator,
        .to = cell->target,
        .plain = !stands_in,
        .worth = setting->latency ? -cell->figure : cell->figure,
        .figure = cell->figure,
    };
    if (stands_in)
        hosts->by_path.entries[hosts->by_path.count++] = entry;
    entry.from = hosts->nic_numbers[cell->initiator];
    entry.to = hosts->nic_numbers[cell->target];
    hosts->by_nics.entries[hosts->by_nics.count++] = entry;
}

struct mcb_expectation_hosts *mcb_expectation_hosts_make(const struct mcb_ledger *ledger)
{
    struct mcb_expectation_hosts *hosts = calloc(1, sizeof *hosts);
    if (!hosts)
        return NULL;
    hosts->setting_numbers =
        number_alike(ledger->setting_count, compare_settings, ledger->settings);
    hosts->nic_numbers = number_alike(ledger->endpoint_count, compare_nics, ledger->endpoints);
    hosts->by_path.entries = calloc(ledger->cell_count + 1, sizeof(struct entry));
    hosts->by_nics.entries = calloc(ledger->cell_count + 1, sizeof(struct entry));
    if (!hosts->setting_numbers || !hosts->nic_numbers || !hosts->by_path.entries ||
        !hosts->by_nics.entries) {
        mcb_expectation_hosts_free(hosts);
        return NULL;
    }
    for (size_t i = 0; i < ledger->cell_count; i++)
        add_cell(hosts, ledger, &ledger->cells[i]);
    qsort(hosts->by_path.entries, hosts->by_path.count, sizeof(struct entry), compare_entries);
    qsort(hosts->by_nics.entries, hosts->by_nics.count, sizeof(struct entry), compare_entries);
    return hosts;
}

void mcb_expectation_hosts_free(struct mcb_expectation_hosts *hosts)
{
    if (!hosts)
        return;
    free(hosts->by_nics.entries);
    free(hosts->by_path.entries);
    free(hosts->nic_numbers);
    free(hosts->setting_numbers);
    free(hosts);
}

/* The figure of the first entry of a place; 0: there is none. */
static double find(const struct list *list, uint32_t setting, uint32_t from, uint32_t to)
{
    const struct entry wanted = {.setting = setting, .from = from, .to = to};
    size_t low = 0, high = list->count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (compare_places(&list->entries[middle], &wanted) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return low < list->count && compare_places(&list->entries[low], &wanted) == 0
               ? list->entries[low].figure
               : 0;
}

double mcb_expectation_host_figure(const struct mcb_expectation_hosts *hosts,
                                   const struct mcb_ledger_cell *cell)
{
    uint32_t setting = hosts->setting_numbers[cell->setting];
    double figure = find(&hosts->by_path, setting, cell->initiator, cell->target);
    return figure > 0 ? figure
                      : find(&hosts->by_nics, setting, hosts->nic_numbers[cell->initiator],
                             hosts->nic_numbers[cell->target]);
}
