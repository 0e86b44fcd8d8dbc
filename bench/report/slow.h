/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MCB_BENCH_REPORT_SLOW_H
#define MCB_BENCH_REPORT_SLOW_H

/*
 * Which measured cells are slow, and which of those stand out: the one place that says so.
 *
 * A cell is compared with the others of its setting: one with a ceiling by what part of it it
 * reaches with those that have one as well, so that paths of different NICs can be; another one by
 * its figure with those that have none.
 *
 * Slow is
 *   below 80 % of its ceiling    What hardware loses beyond what a ceiling knows of is some per
 *                                cent (results/README.md, rule 9): a fifth is more than that.
 *   without a ceiling, below     A fault (a link at half its width, congestion, the far socket)
 *   half of the median           costs a half or more; less may be the scatter of a software NIC.
 *   latency: above twice the     The same, as the longer time is the worse one.
 *   median
 *
 * A slow cell keeps its counters. It stands out
 *   by its ceiling    where messages fill a link (64 KiB and more, 1 MiB and more in flight, not
 *                     staged): with all of its interval below 80 % of the ceiling, below 90 % of
 *                     the median of those that reach 80 %, and farther from it than their scatter.
 *   by the others     anywhere else: one of eight or more, with all of its interval below half of
 *                     their median (latency: its fastest sample above it), and farther from it
 *                     than their scatter. Small messages stay far below a ceiling on hardware that
 *                     is in order, and by how much depends on the CPU.
 *
 * Scatter is that of logarithms: their median absolute deviation, times 1.4826, is the standard
 * deviation of a normal distribution (Rousseeuw and Croux, 1993), and is not moved by the few that
 * are looked for. Five of them is farther than scatter; less than 2 % is taken as 2 %.
 */

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

#include "bench/report/pivot.h"
#include "common/fault.h"

/* Cells that are compared with each other. */
struct mcb_slow_group {
    double median, deviation; /* of parts of ceilings, or of figures; of their logarithms */
    size_t count;
};

/* By what the cells of a setting are measured. */
struct mcb_slow_scale {
    bool latency;
    bool fills;                                            /* messages that fill a link */
    struct mcb_slow_group with_ceiling, reaching, without; /* reaching: 80 % of the ceiling */
};

/* Fault: HOST_MEMORY. */
int mcb_slow_scale_make(const struct mcb_pivot *pivot, const struct mcb_pivot_setting *setting,
                        struct mcb_slow_scale *scale, struct mcb_error *error);

/* cell: of the scale's setting. False of one that was not measured. */
bool mcb_slow_is(const struct mcb_slow_scale *scale, const json_t *cell);
bool mcb_slow_stands_out(const struct mcb_slow_scale *scale, const json_t *cell);

/* With all of its interval below 80 % of its ceiling; false where there is none. */
bool mcb_slow_is_below_ceiling(const json_t *cell);

/* The cell's figure as a part of its ceiling; 0 where there is none. */
double mcb_slow_part_of_ceiling(const json_t *cell);

/* Those that the cell is compared with. */
const struct mcb_slow_group *mcb_slow_group_of(const struct mcb_slow_scale *scale,
                                               const json_t *cell);

/* The median of numbers, which are sorted by it; 0 of none. */
double mcb_slow_median(double *numbers, size_t count);

#endif
