/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MCB_BENCH_REPORT_NOISE_H
#define MCB_BENCH_REPORT_NOISE_H

/*
 * Whether what two sets of trials differ by is more than noise: pure functions.
 *
 * Few trials of one cell cannot tell (5 against 5: a rank test never comes below p = 0.008, and 256
 * cells need 0.00002), so what trials scatter is learned from all cells of a setting together:
 * logarithms of trials less that of their cell's median, pooled (noise_trials.c). Of draws from the
 * pool it is known exactly how any of n of them is distributed, and what two such differ by (order
 * statistics, noise_law.h); nothing is drawn at random. Each end of the pool gets the weight of one
 * more value beyond it, so that few values never claim much. Cells that scatter more than the pool
 * widen it for themselves, by as much as the scatters of all cells say is to be believed of theirs
 * (noise_scale.h).
 *
 * What figures move from run to run beyond what trials tell is taken from several baselines where
 * there are such, or from the differences of all cells, without those that stand apart: neither a
 * few changed cells nor, of 32 and more, half of all, changed alike, can widen it (noise_runs.c).
 * What all cells have in common is a change, but for what runs have been seen to have in common; of
 * one baseline alone about one per cent is taken for that.
 *
 * p values of many cells are corrected by Benjamini and Hochberg (1995): where nothing has changed,
 * the chance of one false alarm among all cells is about MCB_NOISE_LEVEL.
 *
 * Limits. One baseline does not tell a change of a few cells from what these cells do from run to
 * run: with many such, take several. One trial a cell says nothing of a single cell, and of many
 * what their differences say. Shifts of few cells (below 16) are hardly known: there they may be
 * taken for changes where runs differ by several per cent.
 */

#include <stddef.h>

#include "common/fault.h"

#define MCB_NOISE_LEVEL 0.005

/* The trials of one cell on both sides. Several baselines: `runs` of them, the same ones in the
 * same order for each cell, and a count of 0 where one does not have it; one has. after_count >= 1.
 * A trial of 0 counts as a thousandth of the median. */
struct mcb_noise_cell {
    const double *const *before; /* [runs] trials of each run */
    const size_t *before_counts; /* [runs] */
    size_t runs;
    const double *after;
    size_t after_count;
    /* out */
    double ratio; /* median after ÷ median (of the medians) before */
    double p;     /* two-sided, before correction */
    double adjusted;
    double spread;  /* about one standard deviation of the ratio's logarithm by noise alone; 1: not
                       known */
    double visible; /* the least change, as a part, that would have adjusted < MCB_NOISE_LEVEL were
                       it the only one */
};

/* cells: of one setting. Fills their outputs but `adjusted`. Fault: HOST_MEMORY. */
int mcb_noise_judge(struct mcb_noise_cell *cells, size_t count, size_t comparisons,
                    struct mcb_error *error);

/* Corrects the p of all cells that are compared, of all settings. Fault: HOST_MEMORY. */
int mcb_noise_adjust(struct mcb_noise_cell *cells, size_t count, struct mcb_error *error);

#endif
