/* SPDX-License-Identifier: Apache-2.0 */
#include "bench/report/plot_scale.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static void assert_near(double value, double expected)
{
    if (!(fabs(value - expected) <= 1e-9 * fmax(1, fabs(expected))))
        fail_msg("%.12g is not %.12g", value, expected);
}

/* The tics are these, up to HUGE_VAL. */
static void assert_tics(const struct mcb_plot_scale *scale, size_t wanted, const double *expected)
{
    double tics[MCB_PLOT_TICS_MAX];
    size_t count = mcb_plot_scale_tics(scale, wanted, tics), all = 0;
    while (expected[all] != HUGE_VAL)
        all++;
    assert_int_equal(count, all);
    for (size_t i = 0; i < count; i++)
        assert_near(tics[i], expected[i]);
}

#define TICS(...) ((const double[]){__VA_ARGS__, HUGE_VAL})

static void a_scale_from_zero_ends_at_a_round_number(void **state)
{
    (void)state;
    assert_near(mcb_plot_scale_from_zero(392.1).high, 400);
    assert_near(mcb_plot_scale_from_zero(25.7).high, 30);
    assert_near(mcb_plot_scale_from_zero(0.0437).high, 0.045);
    assert_near(mcb_plot_scale_from_zero(100).high, 100);
    assert_near(mcb_plot_scale_from_zero(392.1).low, 0);
}

static void of_nothing_there_is_a_scale_too(void **state)
{
    (void)state;
    assert_near(mcb_plot_scale_from_zero(0).high, 1);
    assert_near(mcb_plot_scale_from_zero(NAN).high, 1);
    assert_near(mcb_plot_scale_from_zero(HUGE_VAL).high, 1);
}

static void what_differs_by_little_does_not_fill_the_picture(void **state)
{
    (void)state;
    struct mcb_plot_scale scale = mcb_plot_scale_around(387, 389, 0.1);
    assert_near(scale.high - scale.low, 38.8);
    assert_near((scale.high + scale.low) / 2, 388);
    scale = mcb_plot_scale_around(100, 400, 0.1);
    assert_true(scale.low > 0 && scale.low < 100 && scale.high > 400);
    assert_near(mcb_plot_scale_around(1, 400, 0.1).low, 0);
}

static void parts_and_values_are_each_others_reverse(void **state)
{
    (void)state;
    const struct mcb_plot_scale linear = {200, 400, false}, logarithmic = {1, 10000, true};
    assert_near(mcb_plot_scale_part(&linear, 250), 0.25);
    assert_near(mcb_plot_scale_value(&linear, 0.25), 250);
    assert_near(mcb_plot_scale_part(&logarithmic, 100), 0.5);
    assert_near(mcb_plot_scale_value(&logarithmic, 0.5), 100);
}

static void tics_are_round_numbers(void **state)
{
    (void)state;
    assert_tics(&(struct mcb_plot_scale){0, 400, false}, 5, TICS(0, 100, 200, 300, 400));
    assert_tics(&(struct mcb_plot_scale){313.7, 392.1, false}, 5, TICS(320, 340, 360, 380));
    assert_tics(&(struct mcb_plot_scale){0, 0.03, false}, 3, TICS(0, 0.01, 0.02, 0.03));
}

static void logarithmic_tics_thin_out(void **state)
{
    (void)state;
    assert_tics(&(struct mcb_plot_scale){1.5, 150, true}, 6, TICS(2, 5, 10, 20, 50, 100));
    assert_tics(&(struct mcb_plot_scale){3, 1.1e4, true}, 4, TICS(10, 100, 1000, 10000));
    assert_tics(&(struct mcb_plot_scale){1e-6, 1e6, true}, 3, TICS(1e-4, 1, 1e4));
}

/* 1, 2 and 5 alone would leave one number. */
static void a_short_logarithmic_scale_has_tics_too(void **state)
{
    (void)state;
    assert_tics(&(struct mcb_plot_scale){2.1, 4.2, true}, 6, TICS(2.5, 3, 3.5, 4));
}

static void no_scale_has_more_tics_than_there_is_room(void **state)
{
    (void)state;
    double tics[MCB_PLOT_TICS_MAX];
    const struct mcb_plot_scale linear = {0, 1e9, false}, logarithmic = {1e-300, 1e300, true};
    assert_true(mcb_plot_scale_tics(&linear, 1000, tics) <= MCB_PLOT_TICS_MAX);
    assert_true(mcb_plot_scale_tics(&logarithmic, 2, tics) <= MCB_PLOT_TICS_MAX);
}

static void texts_of_tics_are_short(void **state)
{
    (void)state;
    char text[MCB_TEXT_NUMBER_MAX];
    assert_string_equal(mcb_plot_tic_text(0, text), "0");
    assert_string_equal(mcb_plot_tic_text(250, text), "250");
    assert_string_equal(mcb_plot_tic_text(0.1 + 0.2, text), "0.3");
    assert_string_equal(mcb_plot_tic_text(100000, text), "100000");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_scale_from_zero_ends_at_a_round_number),
        cmocka_unit_test(of_nothing_there_is_a_scale_too),
        cmocka_unit_test(what_differs_by_little_does_not_fill_the_picture),
        cmocka_unit_test(parts_and_values_are_each_others_reverse),
        cmocka_unit_test(tics_are_round_numbers),
        cmocka_unit_test(logarithmic_tics_thin_out),
        cmocka_unit_test(a_short_logarithmic_scale_has_tics_too),
        cmocka_unit_test(no_scale_has_more_tics_than_there_is_room),
        cmocka_unit_test(texts_of_tics_are_short),
    };
    return cmocka_run_group_tests_name("plot_scale", tests, NULL, NULL);
}
