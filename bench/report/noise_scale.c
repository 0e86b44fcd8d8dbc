/* SPDX-License-Identifier: Apache-2.0 */
#include "bench/report/noise_scale.h"

#include <math.h>
#include <stdlib.h>

/* Besides those that there are so many cells count of which no more is known than that they scatter
 * between a quarter and four times as much as usual. */
#define UNKNOWN_CELLS 2.0

/* From a tenth of what is usual on to a hundred times. */
static double logarithm_of(int number)
{
    const double least = log(0.1), most = log(100);
    return least + number * (most - least) / (MCB_NOISE_SCALES - 1);
}

/* The logarithm of how likely such a scatter is of a cell of that scale: chi-squared, without what
 * is the same for all scales. */
static double likelihood(const struct mcb_trend_scatter *scatter, int scale)
{
    double logarithm = logarithm_of(scale);
    return -scatter->freedom * (logarithm + scatter->variance * exp(-2 * logarithm) / 2);
}

/* How likely the scatter is of a cell of each scale, the likeliest being 1. */
static void likelihoods(const struct mcb_trend_scatter *scatter, double likely[MCB_NOISE_SCALES])
{
    double most = -HUGE_VAL;
    for (int i = 0; i < MCB_NOISE_SCALES; i++) {
        likely[i] = likelihood(scatter, i);
        most = fmax(most, likely[i]);
    }
    for (int i = 0; i < MCB_NOISE_SCALES; i++)
        likely[i] = exp(likely[i] - most);
}

static void weigh(const struct mcb_noise_scales *scales, const double likely[MCB_NOISE_SCALES],
                  double weights[MCB_NOISE_SCALES])
{
    double sum = 0;
    for (int i = 0; i < MCB_NOISE_SCALES; i++) {
        weights[i] = likely[i] * scales->weights[i];
        sum += weights[i];
    }
    for (int i = 0; i < MCB_NOISE_SCALES; i++)
        weights[i] = sum > 0 ? weights[i] / sum : scales->weights[i];
}

void mcb_noise_scales_of(const struct mcb_noise_scales *scales,
                         const struct mcb_trend_scatter *scatter, double weights[MCB_NOISE_SCALES])
{
    double likely[MCB_NOISE_SCALES];
    likelihoods(scatter, likely);
    weigh(scales, likely, weights);
}

static int middle_of(const double weights[MCB_NOISE_SCALES])
{
    double sum = 0;
    int middle = 0;
    while (middle < MCB_NOISE_SCALES - 1 && (sum += weights[middle]) < 0.5)
        middle++;
    return middle;
}

/* Puts the cells of which nothing is known into sums. */
static void start(double sums[MCB_NOISE_SCALES])
{
    double count = 0;
    for (int i = 0; i < MCB_NOISE_SCALES; i++) {
        sums[i] = fabs(logarithm_of(i)) <= log(4) ? 1 : 0;
        count += sums[i];
    }
    for (int i = 0; i < MCB_NOISE_SCALES; i++)
        sums[i] *= UNKNOWN_CELLS / count;
}

static void learn(double (*likely)[MCB_NOISE_SCALES], size_t count, struct mcb_noise_scales *scales)
{
    enum { ROUNDS = 30 };
    for (int i = 0; i < MCB_NOISE_SCALES; i++)
        scales->weights[i] = 1.0 / MCB_NOISE_SCALES;
    for (int round = 0; round < ROUNDS; round++) {
        double sums[MCB_NOISE_SCALES], believed[MCB_NOISE_SCALES];
        start(sums);
        for (size_t cell = 0; cell < count; cell++) {
            weigh(scales, likely[cell], believed);
            for (int i = 0; i < MCB_NOISE_SCALES; i++)
                sums[i] += believed[i];
        }
        for (int i = 0; i < MCB_NOISE_SCALES; i++)
            scales->weights[i] = sums[i] / ((double)count + UNKNOWN_CELLS);
    }
    scales->usual = middle_of(scales->weights);
}

int mcb_noise_scales_learn(const struct mcb_trend_scatter *scatters, size_t count,
                           struct mcb_noise_scales *scales, struct mcb_error *error)
{
    enum { ENOUGH = 2000 };
    size_t stride = count / ENOUGH + 1, known = 0;
    double(*likely)[MCB_NOISE_SCALES] = calloc(count / stride + 1, sizeof *likely);
    if (!likely)
        return mcb_error_set(error, MCB_FAULT_HOST_MEMORY, "no memory to compare results");
    for (size_t cell = 0; cell < count; cell += stride)
        if (scatters[cell].freedom > 0)
            likelihoods(&scatters[cell], likely[known++]);
    *scales = (struct mcb_noise_scales){{1}, 0};
    if (known > 1)
        learn(likely, known, scales);
    free(likely);
    return 0;
}

double mcb_noise_scales_mean(const struct mcb_noise_scales *scales,
                             const double weights[MCB_NOISE_SCALES])
{
    double sum = 0;
    for (int i = 0; i < MCB_NOISE_SCALES; i++)
        sum += weights[i] * (logarithm_of(i) - logarithm_of(scales->usual));
    return exp(sum);
}

int mcb_noise_scales_nearest(const struct mcb_noise_scales *scales, double mean)
{
    double step = logarithm_of(1) - logarithm_of(0);
    long number = scales->usual + lround(log(mean) / step);
    return number < 0 ? 0 : number < MCB_NOISE_SCALES ? (int)number : MCB_NOISE_SCALES - 1;
}

double mcb_noise_scale_at(const struct mcb_noise_scales *scales, int number)
{
    return number > scales->usual ? exp(logarithm_of(number) - logarithm_of(scales->usual)) : 1;
}
