/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MCB_BENCH_REPORT_TREND_SCATTER_H
#define MCB_BENCH_REPORT_TREND_SCATTER_H

/*
 * How far the figures of one path scatter from run to run, learned from few runs of many paths.
 *
 * Each path has an estimate of its own, a variance with few degrees of freedom. How much these
 * differ from each other beyond what few degrees of freedom explain tells how alike the paths are,
 * and so how much one may borrow from all of them (empirical Bayes: G. K. Smyth, "Linear models and
 * empirical Bayes methods for assessing differential expression", 2004, section 6.2). Alike paths
 * are judged with the pooled variance, a path that scatters more than others mostly with its own.
 */

#include <stddef.h>

/* Of one path: the mean square of its figures' distances from their level, and what it rests on. */
struct mcb_trend_scatter {
    double variance; /* above 0 */
    double freedom;  /* degrees of freedom; 0: it knows nothing of itself */
};

/* Of all paths under one setting. */
struct mcb_trend_pool {
    double variance; /* typical */
    double freedom;  /* how much of it goes to each path; HUGE_VAL: all paths are alike */
    double most;     /* degrees of freedom that all of them together have; 0: none knows anything */
};

struct mcb_trend_pool mcb_trend_pool_make(const struct mcb_trend_scatter *paths, size_t count);

/* The path's own and the pooled one together. */
struct mcb_trend_scatter mcb_trend_pool_apply(const struct mcb_trend_pool *pool,
                                              const struct mcb_trend_scatter *path);

/* Variance of the median of that many values of a normal distribution, as a part of theirs. */
double mcb_trend_median_variance(size_t count);

/* The chance that |t| of Student's distribution is at least this: 1 % too small to 40 % too large
 * wherever it is above 1e-9. 1 without any freedom. */
double mcb_trend_student(double t, double freedom);

#endif
