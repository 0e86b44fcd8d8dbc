/* SPDX-License-Identifier: Apache-2.0 */
/* What a set of measurements says, against values computed by hand. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "bench/measure/statistics.h"

#define assert_close(value, expected) assert_true(fabs((value) - (expected)) < 1e-9)

/* Samples of 1, 2, ..., count us, the largest first. */
static struct mcb_latency latency_of_descending(size_t count)
{
    uint64_t *samples_ns = malloc(count * sizeof *samples_ns);
    assert_non_null(samples_ns);
    for (size_t n = 0; n < count; n++)
        samples_ns[n] = (count - n) * 1000;
    struct mcb_latency latency = mcb_statistics_latency(samples_ns, count);
    for (size_t n = 1; n < count; n++)
        assert_true(samples_ns[n - 1] <= samples_ns[n]);
    free(samples_ns);
    return latency;
}

static void percentiles_of_100_are_the_nearest_ranks(void **state)
{
    (void)state;
    struct mcb_latency latency = latency_of_descending(100);
    assert_close(latency.min_us, 1);
    assert_close(latency.p50_us, 50);
    assert_close(latency.p90_us, 90);
    assert_close(latency.p99_us, 99);
    assert_close(latency.p999_us, 100);
    assert_close(latency.max_us, 100);
    assert_close(latency.mean_us, 50.5);
    assert_int_equal(latency.samples, 100);
}

static void percentiles_of_1000_tell_p999_from_the_maximum(void **state)
{
    (void)state;
    struct mcb_latency latency = latency_of_descending(1000);
    assert_close(latency.p50_us, 500);
    assert_close(latency.p99_us, 990);
    assert_close(latency.p999_us, 999);
    assert_close(latency.max_us, 1000);
}

static void percentiles_of_1001_round_the_rank_up(void **state)
{
    (void)state;
    struct mcb_latency latency = latency_of_descending(1001);
    assert_close(latency.p50_us, 501);
    assert_close(latency.p90_us, 901);
    assert_close(latency.p99_us, 991);
    assert_close(latency.p999_us, 1000);
    assert_close(latency.max_us, 1001);
}

static void percentiles_of_large_sets_do_not_overflow(void **state)
{
    (void)state;
    struct mcb_latency latency = latency_of_descending(1000000);
    assert_close(latency.p999_us, 999000);
    assert_close(latency.max_us, 1000000);
}

static void the_worst_sample_is_never_dropped(void **state)
{
    (void)state;
    uint64_t samples_ns[1000];
    for (size_t n = 0; n < 1000; n++)
        samples_ns[n] = 2000;
    samples_ns[500] = 5000000;
    struct mcb_latency latency = mcb_statistics_latency(samples_ns, 1000);
    assert_close(latency.max_us, 5000);
    assert_close(latency.p999_us, 2);
    assert_close(latency.mean_us, (999 * 2.0 + 5000) / 1000);
}

static void a_deviation_below_one_microsecond_is_not_zero(void **state)
{
    (void)state;
    /* Mean 1.5; squares 0.25 + 0.25 + 0.25 + 0.25 = 1; 1 / 3. */
    uint64_t samples_ns[] = {1000, 2000, 1000, 2000};
    struct mcb_latency latency = mcb_statistics_latency(samples_ns, 4);
    assert_close(latency.stdev_us, sqrt(1.0 / 3));

    uint64_t fine_ns[] = {1000, 1010, 1020};
    assert_close(mcb_statistics_latency(fine_ns, 3).stdev_us, 0.01);
}

static void the_deviation_of_long_times_keeps_its_digits(void **state)
{
    (void)state;
    /* 1000 s each, one nanosecond apart. */
    uint64_t samples_ns[] = {UINT64_C(1000000000000), UINT64_C(1000000000001),
                             UINT64_C(1000000000002)};
    assert_close(mcb_statistics_latency(samples_ns, 3).stdev_us, 0.001);
}

static void one_sample_is_all_of_its_percentiles(void **state)
{
    (void)state;
    struct mcb_latency latency = latency_of_descending(1);
    assert_close(latency.min_us, 1);
    assert_close(latency.p50_us, 1);
    assert_close(latency.p999_us, 1);
    assert_close(latency.max_us, 1);
    assert_close(latency.stdev_us, 0);
    assert_int_equal(latency.samples, 1);
}

static void the_p50_alone_is_that_of_all_percentiles(void **state)
{
    (void)state;
    uint64_t even_ns[] = {4000, 1000, 3000, 2000}, odd_ns[] = {5000, 1000, 9000}, one_ns[] = {7};
    assert_close(mcb_statistics_p50_us(even_ns, 4), 2);
    assert_close(mcb_statistics_p50_us(odd_ns, 3), 5);
    assert_close(mcb_statistics_p50_us(one_ns, 1), 0.007);
    assert_int_equal(even_ns[3], 4000);
}

static void the_median_of_an_odd_count_is_the_middle_value(void **state)
{
    (void)state;
    const double values[] = {9, 1, 5};
    assert_close(mcb_statistics_interval(values, 3).median, 5);
}

static void the_median_of_an_even_count_is_the_mean_of_the_middle_two(void **state)
{
    (void)state;
    const double values[] = {9, 1, 5, 2};
    assert_close(mcb_statistics_interval(values, 4).median, 3.5);
}

static void a_median_alone_sorts_and_takes_any_number(void **state)
{
    (void)state;
    enum { MANY = 5001 };
    double odd[] = {5, 1, 9}, even[] = {40, 10, 20, 30}, one[] = {7}, *many;
    assert_close(mcb_statistics_median(odd, 3), 5);
    assert_close(mcb_statistics_median(even, 4), 25);
    for (size_t i = 1; i < 4; i++)
        assert_true(even[i - 1] < even[i]);
    assert_close(mcb_statistics_median(one, 1), 7);
    assert_close(mcb_statistics_median(NULL, 0), 0);
    many = malloc(MANY * sizeof *many);
    assert_non_null(many);
    for (size_t i = 0; i < MANY; i++)
        many[i] = (double)(i * 7 % MANY);
    assert_close(mcb_statistics_median(many, MANY), 2500);
    free(many);
}

static void one_value_is_its_own_interval(void **state)
{
    (void)state;
    const double value = 97.25;
    struct mcb_interval interval = mcb_statistics_interval(&value, 1);
    assert_close(interval.median, 97.25);
    assert_close(interval.low, 97.25);
    assert_close(interval.high, 97.25);
}

static void the_interval_of_three_values_is_their_range(void **state)
{
    (void)state;
    /* A resample has the least value as its median with 7/27, more than 2.5 %. */
    const double values[] = {2, 3, 1};
    struct mcb_interval interval = mcb_statistics_interval(values, 3);
    assert_close(interval.low, 1);
    assert_close(interval.high, 3);
}

static void the_interval_of_fifteen_values_is_that_of_the_binomial(void **state)
{
    (void)state;
    /* A resample's median is at most the k-th value when at least 8 of 15 draws are: binomial with
     * p = k / 15. k = 3: 0.4 %, k = 4: 2.545 %, k = 5: 8.8 %. So the 2.5 % point is value 4 or, as
     * 2,000 resamples have it, 5; and its mirror image 12 or 11. */
    double values[15];
    for (int n = 0; n < 15; n++)
        values[n] = 15 - n;
    struct mcb_interval interval = mcb_statistics_interval(values, 15);
    assert_close(interval.median, 8);
    assert_true(interval.low >= 4 && interval.low <= 5);
    assert_true(interval.high >= 11 && interval.high <= 12);
}

static void values_are_not_changed_and_give_the_same_interval_again(void **state)
{
    (void)state;
    double values[40], copy[40];
    for (int n = 0; n < 40; n++)
        values[n] = (n * 17) % 40 + n / 100.0;
    memcpy(copy, values, sizeof copy);
    struct mcb_interval first = mcb_statistics_interval(values, 40);
    struct mcb_interval second = mcb_statistics_interval(values, 40);
    assert_memory_equal(values, copy, sizeof copy);
    assert_memory_equal(&first, &second, sizeof first);
    assert_true(first.low <= first.median && first.median <= first.high);
}

static void the_largest_set_is_taken(void **state)
{
    (void)state;
    double values[1024];
    for (int n = 0; n < 1024; n++)
        values[n] = n;
    struct mcb_interval interval = mcb_statistics_interval(values, 1024);
    assert_close(interval.median, 511.5);
    assert_true(interval.low > 440 && interval.low < 511);
    assert_true(interval.high > 511 && interval.high < 583);
}

/* Exponentially distributed with mean 1, so that the true median is ln 2: a skewed distribution, as
 * times are. */
static double draw(uint64_t *state)
{
    *state = *state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return -log(((double)(*state >> 11) + 0.5) / 9007199254740992.0);
}

static void the_interval_of_fifteen_draws_covers_the_true_median(void **state)
{
    (void)state;
    /* From the 4th to the 11th value the interval covers the median of any continuous distribution
     * with P(4 <= Bin(15, 1/2) <= 10) = 92.3 %: of 500 trials 461.6 +- 6.0. */
    enum { TRIALS = 500, LEAST = 450 };
    uint64_t random = 20150101;
    int covered = 0;
    for (int trial = 0; trial < TRIALS; trial++) {
        double values[15];
        for (int n = 0; n < 15; n++)
            values[n] = draw(&random);
        struct mcb_interval interval = mcb_statistics_interval(values, 15);
        covered += interval.low <= log(2) && log(2) <= interval.high;
    }
    assert_in_range(covered, LEAST, TRIALS - 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(percentiles_of_100_are_the_nearest_ranks),
        cmocka_unit_test(percentiles_of_1000_tell_p999_from_the_maximum),
        cmocka_unit_test(percentiles_of_1001_round_the_rank_up),
        cmocka_unit_test(percentiles_of_large_sets_do_not_overflow),
        cmocka_unit_test(the_worst_sample_is_never_dropped),
        cmocka_unit_test(a_deviation_below_one_microsecond_is_not_zero),
        cmocka_unit_test(the_deviation_of_long_times_keeps_its_digits),
        cmocka_unit_test(one_sample_is_all_of_its_percentiles),
        cmocka_unit_test(the_p50_alone_is_that_of_all_percentiles),
        cmocka_unit_test(the_median_of_an_odd_count_is_the_middle_value),
        cmocka_unit_test(the_median_of_an_even_count_is_the_mean_of_the_middle_two),
        cmocka_unit_test(a_median_alone_sorts_and_takes_any_number),
        cmocka_unit_test(one_value_is_its_own_interval),
        cmocka_unit_test(the_interval_of_three_values_is_their_range),
        cmocka_unit_test(the_interval_of_fifteen_values_is_that_of_the_binomial),
        cmocka_unit_test(values_are_not_changed_and_give_the_same_interval_again),
        cmocka_unit_test(the_largest_set_is_taken),
        cmocka_unit_test(the_interval_of_fifteen_draws_covers_the_true_median),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
