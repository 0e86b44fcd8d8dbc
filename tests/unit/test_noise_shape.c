/* SPDX-License-Identifier: Apache-2.0 */
/* Distributions of noise against values computed by hand. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "bench/report/noise_scale.h"
#include "bench/report/noise_shape.h"

/* within that part of what is expected */
static void assert_near(double value, double expected, double part)
{
    if (!(fabs(value - expected) <= part * fabs(expected)))
        fail_msg("%.9g, %.9g was expected", value, expected);
}

/* So many values of 1 % up, as many down, and the rest at 0. */
static struct mcb_noise_shape shape_of(size_t up, size_t down, size_t rest)
{
    struct mcb_noise_shape shape = {{0}};
    for (size_t i = 0; i < up; i++)
        mcb_noise_shape_count(&shape, 0.01);
    for (size_t i = 0; i < down; i++)
        mcb_noise_shape_count(&shape, -0.01);
    for (size_t i = 0; i < rest; i++)
        mcb_noise_shape_count(&shape, 0);
    mcb_noise_shape_close(&shape);
    return shape;
}

static double chance_below(const struct mcb_noise_shape *shape, double value)
{
    struct mcb_noise_chances chances;
    mcb_noise_chances_make(shape, &chances);
    return mcb_noise_chance_below(&chances, value);
}

static double sum_of(const struct mcb_noise_shape *shape)
{
    double sum = 0;
    for (size_t i = 0; i < sizeof shape->mass / sizeof shape->mass[0]; i++)
        sum += shape->mass[i];
    return sum;
}

/* Of 98 values one more beyond each end is a hundredth each, and of them one in x is x times as far
 * out as the end. */
static void each_end_has_the_weight_of_one_more_value(void **state)
{
    (void)state;
    struct mcb_noise_shape shape = shape_of(10, 20, 68);
    assert_near(sum_of(&shape), 1, 1e-12);
    assert_near(chance_below(&shape, -0.005), 0.21, 1e-6);
    assert_near(1 - chance_below(&shape, 0.005), 0.11, 1e-6);
    assert_near(chance_below(&shape, -0.1), 0.001, 0.06);
    assert_near(chance_below(&shape, -1), 0.0001, 0.06);
}

static void nothing_counted_is_no_noise(void **state)
{
    (void)state;
    struct mcb_noise_shape shape = shape_of(0, 0, 0);
    assert_near(sum_of(&shape), 1, 1e-12);
    assert_true(chance_below(&shape, -0.001) == 0);
    assert_near(chance_below(&shape, 0.001), 1, 1e-12);
}

/* The median of five is one of those that a draw is with the chance q if three of them are: 10 q^3
 * (1 - q)^2 + 5 q^4 (1 - q) + q^5. */
static void the_rank_of_draws_is_binomial(void **state)
{
    (void)state;
    struct mcb_noise_shape shape = shape_of(10, 20, 68), ranked;
    const double q = 0.21, p = 0.79;
    mcb_noise_shape_rank(&shape, 5, 3, &ranked);
    assert_near(sum_of(&ranked), 1, 1e-12);
    assert_near(chance_below(&ranked, -0.005),
                10 * q * q * q * p * p + 5 * q * q * q * q * p + q * q * q * q * q, 1e-9);
    mcb_noise_shape_rank(&shape, 5, 4, &ranked);
    assert_near(chance_below(&ranked, -0.005), 5 * q * q * q * q * p + q * q * q * q * q, 1e-9);
    mcb_noise_shape_rank(&shape, 5, 1, &ranked);
    assert_near(chance_below(&ranked, -0.005), 1 - p * p * p * p * p, 1e-9);
    mcb_noise_shape_rank(&shape, 1, 1, &ranked);
    assert_near(chance_below(&ranked, -0.005), q, 1e-9);
}

static void the_median_of_a_thousand_draws_is_close(void **state)
{
    (void)state;
    struct mcb_noise_shape shape, median;
    struct mcb_noise_chances chances;
    mcb_noise_shape_student(0.01, 1e9, &shape);
    mcb_noise_shape_rank(&shape, 1001, 501, &median);
    mcb_noise_chances_make(&median, &chances);
    assert_near(mcb_noise_chances_spread(&chances), 0.01 * sqrt(acos(-1) / 2 / 1001), 0.03);
}

static void normal_draws_add_up_to_a_normal_one(void **state)
{
    (void)state;
    struct mcb_noise_shape one, other, sum, difference;
    struct mcb_noise_chances chances;
    mcb_noise_shape_student(0.03, 1e9, &one);
    mcb_noise_shape_student(0.04, 1e9, &other);
    mcb_noise_shape_add(&one, &other, &sum);
    mcb_noise_shape_subtract(&one, &other, &difference);
    assert_near(sum_of(&sum), 1, 1e-9);
    for (int i = 0; i < 2; i++) {
        mcb_noise_chances_make(i ? &difference : &sum, &chances);
        assert_near(mcb_noise_chances_spread(&chances), 0.05, 0.02);
        for (double deviates = 1; deviates <= 5; deviates++)
            assert_near(mcb_noise_chance_below(&chances, -0.05 * deviates),
                        erfc(deviates / sqrt(2)) / 2, 0.1 * deviates);
    }
}

/* A wide and a narrow one, the ends of which are unlike. */
static void a_difference_has_its_ends_where_they_belong(void **state)
{
    (void)state;
    struct mcb_noise_shape low = shape_of(0, 998, 0), none = shape_of(0, 0, 998), difference;
    mcb_noise_shape_subtract(&low, &none, &difference);
    assert_true(chance_below(&difference, -0.009) > 0.99);
    assert_true(chance_below(&difference, -0.011) < 0.01);
    mcb_noise_shape_subtract(&none, &low, &difference);
    assert_true(chance_below(&difference, 0.009) < 0.01);
    assert_true(chance_below(&difference, 0.011) > 0.99);
}

static void a_value_below_has_the_chance_it_was_asked_for(void **state)
{
    (void)state;
    struct mcb_noise_shape shape;
    struct mcb_noise_chances chances;
    mcb_noise_shape_student(0.02, 5, &shape);
    mcb_noise_chances_make(&shape, &chances);
    for (double chance = 0.9; chance > 1e-6; chance /= 3) {
        double value = mcb_noise_value_below(&chances, chance);
        assert_near(mcb_noise_chance_below(&chances, value), chance, 0.02);
    }
    assert_true(mcb_noise_value_below(&chances, 0) == -HUGE_VAL);
    assert_near(mcb_noise_chance_below(&chances, 1e9), 1, 1e-9);
}

/* ---- scales ---- */

enum { MANY = 200 };

static double mean_scale(const struct mcb_noise_scales *scales, double variance, double freedom)
{
    double weights[MCB_NOISE_SCALES];
    const struct mcb_trend_scatter scatter = {variance, freedom};
    mcb_noise_scales_of(scales, &scatter, weights);
    return mcb_noise_scales_mean(scales, weights);
}

/* Variances as six degrees of freedom scatter them: between a third of what is true and twice. */
static void fill(struct mcb_trend_scatter *scatters)
{
    static const double parts[] = {0.31, 0.5, 0.65, 0.8, 0.95, 1.1, 1.4, 2};
    for (size_t i = 0; i < MANY; i++)
        scatters[i] = (struct mcb_trend_scatter){parts[i % 8], 6};
}

static void what_alike_cells_show_by_chance_is_not_believed(void **state)
{
    (void)state;
    struct mcb_trend_scatter scatters[MANY];
    struct mcb_noise_scales scales;
    struct mcb_error error;
    fill(scatters);
    assert_int_equal(mcb_noise_scales_learn(scatters, MANY, &scales, &error), 0);
    assert_near(mean_scale(&scales, 0.31, 6), 1, 0.15);
    assert_near(mean_scale(&scales, 2, 6), 1, 0.15);
}

static void a_few_wild_cells_are_told_and_say_nothing_of_the_others(void **state)
{
    (void)state;
    struct mcb_trend_scatter scatters[MANY];
    struct mcb_noise_scales scales;
    struct mcb_error error;
    fill(scatters);
    for (size_t i = 0; i < MANY; i += 20)
        scatters[i].variance *= 100;
    assert_int_equal(mcb_noise_scales_learn(scatters, MANY, &scales, &error), 0);
    assert_near(mean_scale(&scales, 2, 6), 1, 0.15);
    assert_true(mean_scale(&scales, 100, 6) > 5);
}

static void a_cell_alone_is_as_usual(void **state)
{
    (void)state;
    const struct mcb_trend_scatter scatters[] = {{7, 6}, {1, 0}};
    struct mcb_noise_scales scales;
    struct mcb_error error;
    for (size_t count = 0; count <= 2; count++) {
        assert_int_equal(mcb_noise_scales_learn(scatters, count, &scales, &error), 0);
        assert_near(mean_scale(&scales, 7, 6), 1, 1e-9);
        assert_true(mcb_noise_scale_at(&scales, scales.usual) == 1);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_end_has_the_weight_of_one_more_value),
        cmocka_unit_test(nothing_counted_is_no_noise),
        cmocka_unit_test(the_rank_of_draws_is_binomial),
        cmocka_unit_test(the_median_of_a_thousand_draws_is_close),
        cmocka_unit_test(normal_draws_add_up_to_a_normal_one),
        cmocka_unit_test(a_difference_has_its_ends_where_they_belong),
        cmocka_unit_test(a_value_below_has_the_chance_it_was_asked_for),
        cmocka_unit_test(what_alike_cells_show_by_chance_is_not_believed),
        cmocka_unit_test(a_few_wild_cells_are_told_and_say_nothing_of_the_others),
        cmocka_unit_test(a_cell_alone_is_as_usual),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
