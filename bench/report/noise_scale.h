/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MCB_BENCH_REPORT_NOISE_SCALE_H
#define MCB_BENCH_REPORT_NOISE_SCALE_H

/*
 * How unlike cells are in what they scatter, and what that makes of one of them.
 *
 * A cell's own scatter rests on few figures: of cells that are all alike a tenth show half of it.
 * The distribution of the true scales that makes the scatters of all cells most likely (the
 * non-parametric maximum likelihood estimate: J. Kiefer and J. Wolfowitz, 1956, on a fixed grid,
 * by expectation and maximisation) tells how much of what one cell shows to believe. Where all are
 * alike that is nothing; a few that are wild say nothing of the others.
 */

#include <stddef.h>

#include "bench/report/trend_scatter.h"
#include "common/fault.h"

enum { MCB_NOISE_SCALES = 32 };

struct mcb_noise_scales {
    double weights[MCB_NOISE_SCALES]; /* of the cells; the sum is 1 */
    int usual; /* the number of the scale that is counted as 1: half of the cells have less */
};

/* scatters: of each cell its variance in units of what is usual, above 0, and its freedom; where no
 * more than one has any, all cells are alike. Only so many of them are looked at as are enough.
 * Fault: HOST_MEMORY. */
int mcb_noise_scales_learn(const struct mcb_trend_scatter *scatters, size_t count,
                           struct mcb_noise_scales *scales, struct mcb_error *error);

/* What to believe of the scale of a cell: weights, of which the sum is 1. */
void mcb_noise_scales_of(const struct mcb_noise_scales *scales,
                         const struct mcb_trend_scatter *scatter, double weights[MCB_NOISE_SCALES]);

/* The scale of a cell by such weights, of the usual one. */
double mcb_noise_scales_mean(const struct mcb_noise_scales *scales,
                             const double weights[MCB_NOISE_SCALES]);

/* The number of the scale that is nearest to such a mean. */
int mcb_noise_scales_nearest(const struct mcb_noise_scales *scales, double mean);

/* The scale of a number, of the usual one: at least 1. A cell that scatters less than usual is not
 * believed to. */
double mcb_noise_scale_at(const struct mcb_noise_scales *scales, int number);

#endif
