/* SPDX-License-Identifier: Apache-2.0 */
#include "bench/report/plot_sweep.h"

#include <stdlib.h>
#include <string.h>

#include "bench/plan/settings.h"

static int compare_texts(const struct mcb_ledger_setting *a, const struct mcb_ledger_setting *b)
{
    int order = strcmp(a->operation, b->operation);
    order = order ? order : strcmp(a->measure, b->measure);
    order = order ? order : strcmp(a->route, b->route);
    return order ? order : strcmp(a->ordering, b->ordering);
}

/* 0: they differ in their size at most. */
static int compare_but_size(const struct mcb_ledger_setting *a, const struct mcb_ledger_setting *b)
{
    const uint32_t numbers[][2] = {{a->bidirectional, b->bidirectional},
                                   {a->qps, b->qps},
                                   {a->depth, b->depth},
                                   {a->signal_every, b->signal_every}};
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++)
        if (numbers[i][0] != numbers[i][1])
            return numbers[i][0] < numbers[i][1] ? -1 : 1;
    return compare_texts(a, b);
}

static int by_sweep(const void *left, const void *right, void *context)
{
    const struct mcb_ledger *ledger = context;
    uint32_t one = *(const uint32_t *)left, other = *(const uint32_t *)right;
    const struct mcb_ledger_setting *a = &ledger->settings[one], *b = &ledger->settings[other];
    int order = compare_but_size(a, b);
    if (order != 0)
        return order;
    if (a->size_bytes != b->size_bytes)
        return a->size_bytes < b->size_bytes ? -1 : 1;
    return (one > other) - (one < other);
}

static uint32_t begin_of(const struct mcb_plot_sweep *sweep)
{
    uint32_t first = sweep->settings[0];
    for (size_t i = 1; i < sweep->count; i++)
        first = sweep->settings[i] < first ? sweep->settings[i] : first;
    return first;
}

static int by_begin(const void *left, const void *right)
{
    uint32_t a = begin_of(left), b = begin_of(right);
    return (a > b) - (a < b);
}

/* settings: sorted. */
static void cut(const struct mcb_ledger *ledger, struct mcb_plot_sweeps *made, size_t count)
{
    size_t kept = 0;
    for (size_t i = 0; i < count; i++) {
        const struct mcb_ledger_setting *setting = &ledger->settings[made->settings[i]], *before;
        before = kept > 0 ? &ledger->settings[made->settings[kept - 1]] : NULL;
        bool same = before && compare_but_size(before, setting) == 0;
        if (same && (before->size_bytes == setting->size_bytes ||
                     made->list[made->count - 1].count == MCB_SIZES_MAX))
            continue;
        made->settings[kept] = made->settings[i];
        if (!same)
            made->list[made->count++].settings = &made->settings[kept];
        made->list[made->count - 1].count++;
        kept++;
    }
}

int mcb_plot_sweeps_make(const struct mcb_ledger *ledger, struct mcb_plot_sweeps *sweeps,
                         struct mcb_error *error)
{
    size_t most = ledger->setting_count + 1, count = 0;
    struct mcb_plot_sweeps made = {
        .settings = calloc(most, sizeof *made.settings),
        .list = calloc(most, sizeof *made.list),
        .stands = calloc(most, sizeof *made.stands),
    };
    if (!made.settings || !made.list || !made.stands) {
        mcb_plot_sweeps_release(&made);
        return mcb_error_set(error, MCB_FAULT_HOST_MEMORY, "no memory for a picture");
    }
    for (size_t i = 0; i < ledger->setting_count; i++)
        if (ledger->settings[i].title.count > 0)
            made.settings[count++] = (uint32_t)i;
    qsort_r(made.settings, count, sizeof *made.settings, by_sweep, (void *)ledger);
    cut(ledger, &made, count);
    for (size_t i = 0; i < made.count; i++) {
        const struct mcb_plot_sweep *sweep = &made.list[i];
        bool latency = ledger->settings[sweep->settings[0]].latency;
        made.stands[sweep->settings[latency ? 0 : sweep->count - 1]] = true;
    }
    qsort(made.list, made.count, sizeof *made.list, by_begin);
    *sweeps = made;
    return 0;
}

void mcb_plot_sweeps_release(struct mcb_plot_sweeps *sweeps)
{
    free(sweeps->stands);
    free(sweeps->list);
    free(sweeps->settings);
    *sweeps = (struct mcb_plot_sweeps){.settings = NULL};
}
