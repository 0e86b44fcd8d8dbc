/* SPDX-License-Identifier: Apache-2.0 */
#include "bench/report/page_scale.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <math.h>
#include <string.h>

#include "bench/report/embedded.h"

static const struct mcb_ledger_setting bandwidth = {.latency = false}, latency = {.latency = true};

static struct mcb_page_scale scale_of(const struct mcb_ledger_setting *setting, double low,
                                      double high, double ceiling)
{
    return mcb_page_scale_of(&(struct mcb_page_setting){
        .setting = setting, .low = low, .high = high, .ceiling_most = ceiling});
}

static void noise_of_a_per_cent_has_one_colour_or_two(void **state)
{
    (void)state;
    struct mcb_page_scale scale = scale_of(&bandwidth, 386, 390, 0);
    unsigned worst = mcb_page_scale_colour(&scale, 386), best = mcb_page_scale_colour(&scale, 390);
    assert_int_equal(best, MCB_PAGE_COLOURS - 1);
    assert_in_range(worst, best - 1, best);
    assert_float_equal(scale.least, 390 * 0.75, 1e-9);
}

static void what_lost_half_is_darkest(void **state)
{
    (void)state;
    struct mcb_page_scale scale = scale_of(&bandwidth, 195, 390, 0);
    assert_int_equal(mcb_page_scale_colour(&scale, 195), 0);
    assert_int_equal(mcb_page_scale_colour(&scale, 390), MCB_PAGE_COLOURS - 1);
}

static void a_scale_ends_with_the_ceiling_where_that_is_near(void **state)
{
    (void)state;
    struct mcb_page_scale near = scale_of(&bandwidth, 380, 390, 400);
    assert_float_equal(near.most, 400, 1e-9);
    struct mcb_page_scale far = scale_of(&bandwidth, 40, 45, 400);
    assert_float_equal(far.most, 45, 1e-9);
}

static void of_latencies_the_shortest_is_lightest(void **state)
{
    (void)state;
    struct mcb_page_scale scale = scale_of(&latency, 2, 8, 0);
    assert_int_equal(mcb_page_scale_colour(&scale, 2), MCB_PAGE_COLOURS - 1);
    assert_int_equal(mcb_page_scale_colour(&scale, 8), 0);
    struct mcb_page_scale even = scale_of(&latency, 3, 3.03, 0);
    assert_float_equal(even.most, 4, 1e-9);
}

static void figures_that_span_much_are_on_a_logarithmic_scale(void **state)
{
    (void)state;
    struct mcb_page_scale scale = scale_of(&bandwidth, 1, 100, 0);
    assert_true(scale.logarithmic);
    assert_int_equal(mcb_page_scale_colour(&scale, 10), MCB_PAGE_COLOURS / 2);
    assert_false(scale_of(&bandwidth, 20, 390, 0).logarithmic);
}

static void colours_never_darken_as_figures_rise(void **state)
{
    (void)state;
    struct mcb_page_scale scale = scale_of(&bandwidth, 1, 395, 392);
    unsigned before = 0;
    for (double figure = 0.5; figure < 500; figure *= 1.01) {
        unsigned colour = mcb_page_scale_colour(&scale, figure);
        assert_true(colour >= before && colour < MCB_PAGE_COLOURS);
        before = colour;
    }
    assert_int_equal(before, MCB_PAGE_COLOURS - 1);
}

/* Relative luminance: WCAG 2.1. */
static double light(unsigned colour)
{
    static const double weights[] = {0.2126, 0.7152, 0.0722};
    double sum = 0;
    for (int i = 0; i < 3; i++) {
        double part = (colour >> (16 - 8 * i) & 0xff) / 255.0;
        sum += weights[i] * (part <= 0.03928 ? part / 12.92 : pow((part + 0.055) / 1.055, 2.4));
    }
    return sum;
}

/* Of page.css. */
static double light_of(int colour)
{
    char rule[32];
    unsigned value;
    snprintf(rule, sizeof rule, ".c%d { fill: #", colour);
    const char *found = strstr(mcb_embedded_text("page.css"), rule);
    assert_non_null(found);
    assert_int_equal(sscanf(found + strlen(rule), "%6x", &value), 1);
    return light(value);
}

static void each_colour_is_lighter_than_the_one_before_also_in_grey(void **state)
{
    (void)state;
    for (int colour = 1; colour < MCB_PAGE_COLOURS; colour++)
        assert_true(light_of(colour) > 1.2 * light_of(colour - 1));
}

static void figures_can_be_read_on_every_colour(void **state)
{
    (void)state;
    for (int colour = 0; colour < MCB_PAGE_COLOURS; colour++) {
        double one = light_of(colour), other = colour < MCB_PAGE_COLOURS_DARK ? 1 : 0;
        assert_true((fmax(one, other) + 0.05) / (fmin(one, other) + 0.05) >= 4.5);
    }
}

static void without_figures_there_is_no_scale(void **state)
{
    (void)state;
    assert_float_equal(scale_of(&bandwidth, 0, 0, 400).most, 0, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(noise_of_a_per_cent_has_one_colour_or_two),
        cmocka_unit_test(what_lost_half_is_darkest),
        cmocka_unit_test(a_scale_ends_with_the_ceiling_where_that_is_near),
        cmocka_unit_test(of_latencies_the_shortest_is_lightest),
        cmocka_unit_test(figures_that_span_much_are_on_a_logarithmic_scale),
        cmocka_unit_test(colours_never_darken_as_figures_rise),
        cmocka_unit_test(each_colour_is_lighter_than_the_one_before_also_in_grey),
        cmocka_unit_test(figures_can_be_read_on_every_colour),
        cmocka_unit_test(without_figures_there_is_no_scale),
    };
    return cmocka_run_group_tests_name("page_scale", tests, NULL, NULL);
}
