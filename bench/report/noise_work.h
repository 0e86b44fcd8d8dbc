/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MCB_BENCH_REPORT_NOISE_WORK_H
#define MCB_BENCH_REPORT_NOISE_WORK_H

/* The steps by which noise.c judges the cells of one setting; all figures are logarithms. */

#include <stdbool.h>
#include <stddef.h>

#include "bench/report/noise.h"
#include "bench/report/noise_scale.h"
#include "bench/report/noise_shape.h"

/* What is taken for granted of runs on one machine before anything is known of them: that they
 * differ by 0.2 %, with the weight of four runs, or cells. */
#define MCB_NOISE_PRIOR_SCATTER 0.002
#define MCB_NOISE_PRIOR_WEIGHT  4.0

/* A figure of 0, and whatever is further from the median than a factor of a thousand, counts as so
 * far. */
#define MCB_NOISE_FURTHEST 6.9

/* A set of trials: its median, and what all but a quarter of them are at least, and at most. */
struct mcb_noise_level {
    double median, low, high;
};

struct mcb_noise_work {
    struct mcb_noise_cell *cells;
    size_t count, run_count;
    double *runs; /* [count][run_count] level of each run; NAN: it does not have the cell */
    struct mcb_noise_level *before; /* [count] of each part the median of the runs' */
    struct mcb_noise_level *after;  /* [count] */
    double *scales;                 /* how much the noise of a cell is, of the usual one */
    /* what that rests on: what its trials scatter, or its runs where that is more */
    struct mcb_trend_scatter *trial_scatters, *run_scatters; /* [count] */
    struct mcb_noise_scales trial_scales, run_scales;
    bool *by_runs; /* [count] */
    double *room;  /* for as many as there are cells, runs, or trials of one cell */
    bool has_trials;
    struct mcb_noise_shape trial; /* what one trial is off the level of its cell */
    double shift;                 /* what the level of a cell is off in one run, all cells aside */
    double shift_freedom;         /* 0: nothing is known of it */
    double common; /* what all cells of the new run have in common, without what the runs of before
                      have among each other: to be taken off */
};

/* noise_trials.c: trial, has_trials, and by trials the scales. Fault: HOST_MEMORY. */
int mcb_noise_learn_trials(struct mcb_noise_work *work, struct mcb_error *error);

/* noise_runs.c: shift, shift_freedom, common; the scales where several runs tell more.
 * Fault: HOST_MEMORY. */
int mcb_noise_learn_runs(struct mcb_noise_work *work, struct mcb_error *error);

/* Sorts numbers; and their median too, count >= 1. */
void mcb_noise_sort(double *numbers, size_t count);
double mcb_noise_median(double *numbers, size_t count);

#endif
