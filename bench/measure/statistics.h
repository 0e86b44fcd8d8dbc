/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MCB_BENCH_MEASURE_STATISTICS_H
#define MCB_BENCH_MEASURE_STATISTICS_H

/* What a set of measurements says: pure functions, no allocation but where stated. */

#include <stddef.h>
#include <stdint.h>

struct mcb_interval {
    double median, low, high; /* low..high: 95 % interval of the median */
};

/* Median of the values (mean of the middle two for an even count) and the percentile bootstrap
 * interval of the median (Efron & Tibshirani 1993, ch. 13): 2,000 resamples from a fixed seed, so
 * that the same values give the same interval. One value: low = high = median. count >= 1; values
 * need not be sorted and are not changed. At most 1,024 values.
 *
 * What the 95 % are worth: the interval lies within the values, so that few values cannot reach it.
 * It covers the true median of a continuous distribution in 50 % of cases with 2 values, 75 % with
 * 3, 94 % with 5, and 87 to 95 % with any odd number from 7 on (binomial distribution of the ranks
 * that it ends at).
 */
struct mcb_interval mcb_statistics_interval(const double *values, size_t count);

/* Sorts the values in place and gives their median (mean of the middle two for an even count); 0
 * where there are none. Of any number. */
double mcb_statistics_median(double *values, size_t count);

struct mcb_latency {
    double min_us, p50_us, p90_us, p99_us, p999_us, max_us, mean_us,
        stdev_us; /* stdev: of the sample, n - 1 */
    size_t samples;
};

/* Sorts the samples in place. Percentile p is the nearest-rank one: sample number ceil(p / 100 *
 * n), counted from 1 in ascending order; max is the last. Nothing is discarded. count >= 1. */
struct mcb_latency mcb_statistics_latency(uint64_t *samples_ns, size_t count);

/* The 50th percentile alone; likewise. */
double mcb_statistics_p50_us(uint64_t *samples_ns, size_t count);

#endif
