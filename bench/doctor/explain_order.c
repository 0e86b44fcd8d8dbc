/* SPDX-License-Identifier: Apache-2.0 */
#include "bench/doctor/explain_order.h"

#include <stdlib.h>
#include <string.h>

static int compare_lines(const void *left, const void *right)
{
    const struct mcb_explain_place *a = left, *b = right;
    if (a->log != b->log)
        return a->log < b->log ? -1 : 1;
    if (a->number != b->number)
        return a->number < b->number ? -1 : 1;
    return a->index < b->index ? -1 : a->index > b->index;
}

static int compare_times(const void *left, const void *right)
{
    const struct mcb_explain_place *a = left, *b = right;
    if (a->wall_us != b->wall_us)
        return a->wall_us < b->wall_us ? -1 : 1;
    return compare_lines(left, right);
}

void mcb_explain_order(struct mcb_explain_place *places, size_t count)
{
    qsort(places, count, sizeof *places, compare_lines);
    for (size_t i = 1; i < count; i++)
        if (places[i - 1].log == places[i].log && places[i].wall_us < places[i - 1].wall_us)
            places[i].wall_us = places[i - 1].wall_us;
    /* Those before the first time of their log are of that time. */
    for (size_t i = count; i-- > 0;) {
        bool goes_on = i + 1 < count && places[i + 1].log == places[i].log;
        if (places[i].wall_us == MCB_LOG_NO_TIME)
            places[i].wall_us = goes_on ? places[i + 1].wall_us : INT64_MAX;
    }
    qsort(places, count, sizeof *places, compare_times);
}

static int64_t rank_of(const struct mcb_explain_moment *when)
{
    return when->wall_us == MCB_LOG_NO_TIME ? INT64_MAX : when->wall_us;
}

size_t mcb_explain_order_find(const struct mcb_explain_finding *finding, size_t log,
                              const struct mcb_explain_moment *when)
{
    size_t at = finding->line_count;
    while (at > 0 && finding->lines[at - 1].log != log &&
           rank_of(when) < rank_of(&finding->moments[at - 1]))
        at--;
    return at;
}

void mcb_explain_order_insert(struct mcb_explain_finding *finding, size_t at,
                              const struct mcb_explain_mention *mention)
{
    if (finding->line_count == MCB_EXPLAIN_LINES_MAX)
        free(finding->lines[--finding->line_count].text);
    size_t behind = finding->line_count - at;
    memmove(&finding->lines[at + 1], &finding->lines[at], behind * sizeof *finding->lines);
    memmove(&finding->moments[at + 1], &finding->moments[at], behind * sizeof *finding->moments);
    finding->lines[at] = mention->line;
    finding->moments[at] = mention->when;
    finding->line_count++;
    if (at > 0)
        return;
    finding->when = mention->when;
    finding->mtu = mention->mtu;
    finding->peer_mtu = mention->peer_mtu;
}
