/* SPDX-License-Identifier: Apache-2.0 */
#include "bench/measure/statistics.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { VALUES_MAX = 1024, RESAMPLES = 2000, OUTSIDE = RESAMPLES / 40 /* 2.5 % on each side */ };

static int compare_doubles(const void *a, const void *b)
{
    double left = *(const double *)a, right = *(const double *)b;
    return (left > right) - (left < right);
}

static int compare_unsigned(const void *a, const void *b)
{
    uint64_t left = *(const uint64_t *)a, right = *(const uint64_t *)b;
    return (left > right) - (left < right);
}

static double median_of_sorted(const double *sorted, size_t count)
{
    return (sorted[(count - 1) / 2] + sorted[count / 2]) / 2;
}

double mcb_statistics_median(double *values, size_t count)
{
    if (count == 0)
        return 0;
    qsort(values, count, sizeof values[0], compare_doubles);
    return median_of_sorted(values, count);
}

/* splitmix64 (Vigna 2015), reduced to 0..below - 1 by multiplication (Lemire 2019). */
static size_t random_below(uint64_t *state, size_t below)
{
    uint64_t value = *state += UINT64_C(0x9e3779b97f4a7c15);
    value = (value ^ (value >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    value = (value ^ (value >> 27)) * UINT64_C(0x94d049bb133111eb);
    value ^= value >> 31;
    return (size_t)(((value >> 32) * below) >> 32);
}

/* Median of `count` draws with replacement. Counting how often each of the sorted values was drawn
 * saves sorting the draws. */
static double resampled_median(const double *sorted, size_t count, uint64_t *random)
{
    uint16_t drawn[VALUES_MAX];
    memset(drawn, 0, count * sizeof drawn[0]);
    for (size_t draw = 0; draw < count; draw++)
        drawn[random_below(random, count)]++;

    size_t lower_rank = (count - 1) / 2, upper_rank = count / 2;
    size_t value = 0, passed = drawn[0];
    while (passed <= lower_rank)
        passed += drawn[++value];
    double lower = sorted[value];
    while (passed <= upper_rank)
        passed += drawn[++value];
    return (lower + sorted[value]) / 2;
}

struct mcb_interval mcb_statistics_interval(const double *values, size_t count)
{
    double sorted[VALUES_MAX], medians[RESAMPLES];
    if (count > VALUES_MAX)
        count = VALUES_MAX;
    memcpy(sorted, values, count * sizeof sorted[0]);
    qsort(sorted, count, sizeof sorted[0], compare_doubles);

    uint64_t random = 0;
    for (size_t resample = 0; resample < RESAMPLES; resample++)
        medians[resample] = resampled_median(sorted, count, &random);
    qsort(medians, RESAMPLES, sizeof medians[0], compare_doubles);
    return (struct mcb_interval){.median = median_of_sorted(sorted, count),
                                 .low = medians[OUTSIDE - 1],
                                 .high = medians[RESAMPLES - OUTSIDE]};
}

/* In thousandths and whole numbers: 0.99 * 100 is not 99 in binary. */
static double nearest_rank_us(const uint64_t *sorted_ns, size_t count, unsigned permille)
{
    size_t rank = count / 1000 * permille + (count % 1000 * permille + 999) / 1000;
    return (double)sorted_ns[rank - 1] / 1000.0;
}

double mcb_statistics_p50_us(uint64_t *samples_ns, size_t count)
{
    qsort(samples_ns, count, sizeof samples_ns[0], compare_unsigned);
    return nearest_rank_us(samples_ns, count, 500);
}

struct mcb_latency mcb_statistics_latency(uint64_t *samples_ns, size_t count)
{
    qsort(samples_ns, count, sizeof samples_ns[0], compare_unsigned);
    double sum_ns = 0, squares_ns2 = 0;
    for (size_t n = 0; n < count; n++)
        sum_ns += (double)samples_ns[n];
    double mean_ns = sum_ns / (double)count;
    for (size_t n = 0; n < count; n++) {
        double distance_ns = (double)samples_ns[n] - mean_ns;
        squares_ns2 += distance_ns * distance_ns;
    }
    return (struct mcb_latency){
        .min_us = (double)samples_ns[0] / 1000.0,
        .p50_us = nearest_rank_us(samples_ns, count, 500),
        .p90_us = nearest_rank_us(samples_ns, count, 900),
        .p99_us = nearest_rank_us(samples_ns, count, 990),
        .p999_us = nearest_rank_us(samples_ns, count, 999),
        .max_us = (double)samples_ns[count - 1] / 1000.0,
        .mean_us = mean_ns / 1000.0,
        .stdev_us = count > 1 ? sqrt(squares_ns2 / (double)(count - 1)) / 1000.0 : 0,
        .samples = count,
    };
}
