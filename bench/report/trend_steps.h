/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MCB_BENCH_REPORT_TREND_STEPS_H
#define MCB_BENCH_REPORT_TREND_STEPS_H

/*
 * Where the level of figures taken one after the other changes: pure functions on logarithms.
 *
 * 1. Each series is cut into levels (trend_cut.h), each cut costing three times the scatter. This
 *    finds candidates, rather too many.
 * 2. How far figures scatter about their levels is learned from all series of a group together
 *    (trend_scatter.h). One value counts as three times the usual scatter at most; what is further
 *    off is an outlier, and how often such come is learned likewise.
 * 3. The least certain cut is taken away, until each that is left separates two levels that differ
 *    by more than the tolerance, and by more than chance explains: the chance of Student's t of the
 *    distance between the two medians, and that one of the levels is made of outliers, times the
 *    number of places at which they could have been cut. Of an even number of values the middle one
 *    nearer to the other level counts, so that a level needs more than half of its values: one of
 *    two values that is off makes no level. Then 2 and 3 are done once more, with what was taken
 *    away as values of the levels that are left.
 * 4. p values are corrected for the number of series as in noise.h (Benjamini and Hochberg): where
 *    nothing ever changed, the chance of any cut in all series is MCB_NOISE_LEVEL.
 *
 * Limits. Where figures scatter by 1 %, a change of 8 % of one path shows in four runs, two before
 * and two after it, if 16 paths tell how much they scatter; in a path that is alone after five and
 * five. In so few runs a change of all paths at once shows in some of them only. What shakes all
 * series together in each run counts as scatter of each and hides changes, as outliers do: with one
 * in 20 figures 8 % are mostly missed. Figures that drift show as several cuts in one direction, or
 * none. Values that hang together over time (a level that wanders from week to week) are not what
 * Student's distribution takes them for, and are cut.
 */

#include <stddef.h>

#include "common/fault.h"

struct mcb_trend_step {
    size_t first; /* the first value of the new level */
    double p;     /* corrected for places and series */
};

struct mcb_trend_series {
    const double *values; /* logarithms of figures, in the order of time */
    size_t count;
    size_t group; /* those of one group scatter alike (paths under one setting), and are neighbours
                     in the list */
    /* out, for free() */
    struct mcb_trend_step *steps; /* ascending */
    size_t step_count;
};

/* Fills the steps of all series, or, on failure, those of none. tolerance: part of a level. Fault:
 * HOST_MEMORY. */
int mcb_trend_find_steps(struct mcb_trend_series *series, size_t count, double tolerance,
                         struct mcb_error *error);

/* The median of the values; count >= 1. room: for count values. */
double mcb_trend_median(const double *values, size_t count, double *room);

#endif
