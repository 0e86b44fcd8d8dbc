/* SPDX-License-Identifier: Apache-2.0 */
#include "bench/report/trend_scatter.h"

#include <float.h>
#include <math.h>

#define FREEDOM_MOST 1e6 /* as good as infinitely many */

/* The first derivatives of log gamma, by recurrence up to where the asymptotic series holds
 * (Abramowitz and Stegun, 6.3.5, 6.3.18, 6.4.6 and 6.4.12). */
static double digamma(double x)
{
    double sum = 0;
    for (; x < 6; x++)
        sum -= 1 / x;
    double square = 1 / (x * x);
    return sum + log(x) - 0.5 / x - square * (1.0 / 12 - square * (1.0 / 120 - square / 252));
}

static double trigamma(double x)
{
    double sum = 0;
    for (; x < 6; x++)
        sum += 1 / (x * x);
    double square = 1 / (x * x);
    return sum + 1 / x + square / 2 + square / x * (1.0 / 6 - square * (1.0 / 30 - square / 42));
}

/* The x of trigamma(x) = value, by halving: the function falls from infinity to 0. */
static double trigamma_inverse(double value)
{
    double low = 1e-3, high = FREEDOM_MOST;
    for (int i = 0; i < 100; i++) {
        double middle = sqrt(low * high);
        if (trigamma(middle) > value)
            low = middle;
        else
            high = middle;
    }
    return sqrt(low * high);
}

/* Logarithm of a variance estimate, less what its degrees of freedom make it too small by. */
static double unbiased_log(const struct mcb_trend_scatter *path)
{
    double half = path->freedom / 2;
    return log(path->variance) - digamma(half) + log(half);
}

struct mcb_trend_pool mcb_trend_pool_make(const struct mcb_trend_scatter *paths, size_t count)
{
    struct mcb_trend_pool pool = {.variance = DBL_MIN};
    double mean = 0, squares = 0, expected = 0, used = 0;
    for (size_t i = 0; i < count; i++) {
        if (!(paths[i].freedom > 0))
            continue;
        double value = unbiased_log(&paths[i]), off = value - mean;
        used++;
        mean += off / used;
        squares += off * (value - mean);
        expected += trigamma(paths[i].freedom / 2);
        pool.most += paths[i].freedom;
    }
    if (!(used > 0))
        return pool;
    double beyond = used > 1 ? squares / (used - 1) - expected / used : 0;
    pool.freedom = HUGE_VAL;
    pool.variance = exp(mean);
    if (beyond > 0) {
        double half = trigamma_inverse(beyond);
        pool.freedom = 2 * half;
        pool.variance = exp(mean + digamma(half) - log(half));
    }
    return pool;
}

struct mcb_trend_scatter mcb_trend_pool_apply(const struct mcb_trend_pool *pool,
                                              const struct mcb_trend_scatter *path)
{
    struct mcb_trend_scatter both = {pool->variance, pool->freedom + path->freedom};
    if (!isinf(pool->freedom) && both.freedom > 0)
        both.variance =
            (pool->freedom * pool->variance + path->freedom * path->variance) / both.freedom;
    both.freedom = fmin(both.freedom, pool->most);
    return both;
}

double mcb_trend_median_variance(size_t count)
{
    /* pi / 2n for many values, 1 for one, and within 2 % of the exact values for odd counts. */
    return M_PI / (2 * (double)count + M_PI - 2);
}

double mcb_trend_student(double t, double freedom)
{
    if (!(freedom > 0))
        return 1;
    if (freedom > FREEDOM_MOST)
        return erfc(fabs(t) / M_SQRT2);
    /* the normal deviate that is about as rare: D. L. Wallace, "Bounds on normal approximations to
     * Student's and the chi-square distributions", 1959 */
    double deviate = (8 * freedom + 1) / (8 * freedom + 3) * sqrt(freedom * log1p(t * t / freedom));
    return erfc(deviate / M_SQRT2);
}
