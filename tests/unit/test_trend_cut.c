/* SPDX-License-Identifier: Apache-2.0 */
/* The best cut of few values into levels, against every cut that there is. */
#include "bench/report/trend_cut.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "tests/unit/random_helper.h"

enum { MOST = 40 };

struct cuts {
    size_t list[MOST], count;
};

static struct cuts cut(const double *values, size_t count, double penalty)
{
    struct cuts cuts;
    struct mcb_trend_room *room = mcb_trend_room_make(count);
    assert_non_null(room);
    cuts.count = mcb_trend_cut(values, count, penalty, room, cuts.list);
    mcb_trend_room_release(room);
    return cuts;
}

/* ---- what it is held against ---- */

static double distances(const double *values, size_t count)
{
    double sorted[MOST], sum = 0;
    for (size_t i = 0; i < count; i++) {
        size_t place = i;
        for (; place > 0 && sorted[place - 1] > values[i]; place--)
            sorted[place] = sorted[place - 1];
        sorted[place] = values[i];
    }
    for (size_t i = 0; i < count; i++)
        sum += fabs(values[i] - sorted[count / 2]);
    return sum;
}

/* Each bit is a cut before that value. HUGE_VAL: one of its levels is too short. */
static double sum_of(const double *values, size_t count, uint32_t bits, double penalty)
{
    double sum = 0;
    for (size_t first = 0, end; first < count; first = end) {
        for (end = first + 1; end < count && !(bits >> end & 1); end++)
            continue;
        if (end - first < MCB_TREND_LEVEL_LEAST)
            return HUGE_VAL;
        sum += distances(values + first, end - first) + (first > 0 ? penalty : 0);
    }
    return sum;
}

static double least_sum(const double *values, size_t count, double penalty)
{
    double least = HUGE_VAL;
    for (uint32_t bits = 0; bits < UINT32_C(1) << count; bits += 2)
        least = fmin(least, sum_of(values, count, bits, penalty));
    return least;
}

/* ---- tests ---- */

static void no_cut_sums_up_to_less(void **state)
{
    (void)state;
    struct random_numbers numbers = random_seed(1);
    for (int round = 0; round < 300; round++) {
        double values[12], penalty = random_uniform(&numbers);
        size_t count = 2 + random_below(&numbers, 11);
        for (size_t i = 0; i < count; i++)
            values[i] = floor(random_uniform(&numbers) * 8) / 8 + (i >= count / 2);
        struct cuts cuts = cut(values, count, penalty);
        uint32_t bits = 0;
        for (size_t i = 0; i < cuts.count; i++)
            bits |= UINT32_C(1) << cuts.list[i];
        double sum = sum_of(values, count, bits, penalty);
        assert_true(fabs(sum - least_sum(values, count, penalty)) < 1e-9);
    }
}

static void a_step_is_cut_where_it_is(void **state)
{
    (void)state;
    const double values[] = {1, 1.1, 0.9, 1, 1.1, 2, 2.1, 1.9};
    struct cuts cuts = cut(values, 8, 0.5);
    assert_int_equal(cuts.count, 1);
    assert_int_equal(cuts.list[0], 5);
}

static void a_change_and_its_mending_are_two_cuts(void **state)
{
    (void)state;
    const double values[] = {1, 1, 1, 1, 2, 2, 2, 1, 1, 1};
    struct cuts cuts = cut(values, 10, 0.5);
    assert_int_equal(cuts.count, 2);
    assert_int_equal(cuts.list[0], 4);
    assert_int_equal(cuts.list[1], 7);
}

static void one_value_is_no_level(void **state)
{
    (void)state;
    const double inside[] = {1, 1, 1, 9, 1, 1, 1}, last[] = {1, 1, 1, 1, 1, 1, 9};
    assert_int_equal(cut(inside, 7, 0.5).count, 0);
    assert_int_equal(cut(last, 7, 0.5).count, 0);
}

static void two_values_are_one(void **state)
{
    (void)state;
    const double inside[] = {1, 1, 1, 9, 9, 1, 1, 1}, last[] = {1, 1, 1, 1, 1, 1, 9, 9};
    struct cuts cuts = cut(inside, 8, 0.5);
    assert_int_equal(cuts.count, 2);
    assert_int_equal(cuts.list[0], 3);
    assert_int_equal(cuts.list[1], 5);
    assert_int_equal(cut(last, 8, 0.5).count, 1);
    assert_int_equal(cut(last, 8, 0.5).list[0], 6);
}

static void a_cut_that_costs_more_than_it_saves_is_none(void **state)
{
    (void)state;
    const double values[] = {1, 1, 1, 2, 2, 2};
    assert_int_equal(cut(values, 6, 2.9).count, 1);
    assert_int_equal(cut(values, 6, 3.1).count, 0);
}

static void few_values_are_one_level(void **state)
{
    (void)state;
    const double values[] = {1, 9, 1};
    for (size_t count = 0; count <= 3; count++)
        assert_int_equal(cut(values, count, 0.1).count, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(no_cut_sums_up_to_less),
        cmocka_unit_test(a_step_is_cut_where_it_is),
        cmocka_unit_test(a_change_and_its_mending_are_two_cuts),
        cmocka_unit_test(one_value_is_no_level),
        cmocka_unit_test(two_values_are_one),
        cmocka_unit_test(a_cut_that_costs_more_than_it_saves_is_none),
        cmocka_unit_test(few_values_are_one_level),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
