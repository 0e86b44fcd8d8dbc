/* SPDX-License-Identifier: Apache-2.0 */
/* What many paths tell of the scatter of each, against distributions that are known. */
#include "bench/report/trend_scatter.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "tests/unit/random_helper.h"

#define assert_near(value, expected, part) assert_true(fabs((value) / (expected)-1) < (part))

enum { PATHS = 2000 };

/* As one finds it from freedom + 1 values of a normal distribution. */
static struct mcb_trend_scatter draw(struct random_numbers *numbers, double variance, int freedom)
{
    double squares = 0;
    for (int i = 0; i < freedom; i++) {
        double value = random_normal(numbers);
        squares += value * value;
    }
    return (struct mcb_trend_scatter){variance * squares / freedom, freedom};
}

static void alike_paths_have_one_variance(void **state)
{
    (void)state;
    struct mcb_trend_scatter paths[PATHS];
    struct random_numbers numbers = random_seed(2);
    for (size_t i = 0; i < PATHS; i++)
        paths[i] = draw(&numbers, 4, 5);
    struct mcb_trend_pool pool = mcb_trend_pool_make(paths, PATHS);
    assert_near(pool.variance, 4.0, 0.05);
    assert_true(pool.freedom > 50);
    assert_near(mcb_trend_pool_apply(&pool, &paths[0]).variance, 4.0, 0.2);
}

/* Variances of paths that are themselves drawn, with 6 degrees of freedom. */
static void unlike_paths_keep_most_of_their_own(void **state)
{
    (void)state;
    struct mcb_trend_scatter paths[PATHS];
    struct random_numbers numbers = random_seed(3);
    for (size_t i = 0; i < PATHS; i++)
        paths[i] = draw(&numbers, 1 / draw(&numbers, 1, 6).variance, 12);
    struct mcb_trend_pool pool = mcb_trend_pool_make(paths, PATHS);
    assert_near(pool.freedom, 6.0, 0.15);
    assert_near(pool.variance, 1.0, 0.1);
    struct mcb_trend_scatter both =
        mcb_trend_pool_apply(&pool, &(struct mcb_trend_scatter){100, 12});
    assert_near(both.variance, 100 * 12 / 18.0, 0.1);
    assert_near(both.freedom, 18.0, 0.1);
}

static void one_path_has_its_own_alone(void **state)
{
    (void)state;
    const struct mcb_trend_scatter path = {9, 4};
    struct mcb_trend_pool pool = mcb_trend_pool_make(&path, 1);
    struct mcb_trend_scatter both = mcb_trend_pool_apply(&pool, &path);
    assert_near(both.freedom, 4.0, 1e-9);
    assert_true(both.variance >= 9);
}

static void paths_together_know_no_more_than_all_of_them(void **state)
{
    (void)state;
    const struct mcb_trend_scatter paths[] = {{1, 3}, {1, 3}, {1, 0}};
    struct mcb_trend_pool pool = mcb_trend_pool_make(paths, 3);
    assert_near(mcb_trend_pool_apply(&pool, &paths[2]).freedom, 6.0, 1e-9);
}

static void paths_that_know_nothing_make_nothing_certain(void **state)
{
    (void)state;
    const struct mcb_trend_scatter paths[] = {{1, 0}, {1, 0}};
    struct mcb_trend_pool pool = mcb_trend_pool_make(paths, 2);
    struct mcb_trend_scatter both = mcb_trend_pool_apply(&pool, &paths[0]);
    assert_true(both.variance > 0);
    assert_true(mcb_trend_student(1000, both.freedom) >= 1);
}

/* Values of the table of Student's distribution, two-sided. */
static void student_is_that_of_the_tables_or_more_careful(void **state)
{
    (void)state;
    const struct {
        double t, freedom, chance;
    } table[] = {{12.706, 1, 0.05},       {4.303, 2, 0.05},   {2.571, 5, 0.05},
                 {2.228, 10, 0.05},       {1.984, 100, 0.05}, {9.925, 2, 0.01},
                 {4.032, 5, 0.01},        {3.169, 10, 0.01},  {6.869, 5, 0.001},
                 {4.587, 10, 0.001},      {3.850, 20, 0.001}, {1.960, HUGE_VAL, 0.05},
                 {3.291, HUGE_VAL, 0.001}};
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
        double chance = mcb_trend_student(table[i].t, table[i].freedom);
        assert_true(chance > 0.98 * table[i].chance && chance < 1.4 * table[i].chance);
        assert_true(mcb_trend_student(-table[i].t, table[i].freedom) == chance);
    }
    assert_true(mcb_trend_student(0, 7) == 1);
}

static void a_median_is_as_uncertain_as_drawn_ones_are(void **state)
{
    (void)state;
    struct random_numbers numbers = random_seed(4);
    for (size_t count = 1; count <= 9; count += 2) {
        double squares = 0;
        enum { DRAWN = 20000 };
        for (int i = 0; i < DRAWN; i++) {
            double sorted[9];
            for (size_t n = 0; n < count; n++) {
                double value = random_normal(&numbers);
                size_t place = n;
                for (; place > 0 && sorted[place - 1] > value; place--)
                    sorted[place] = sorted[place - 1];
                sorted[place] = value;
            }
            squares += sorted[count / 2] * sorted[count / 2] / DRAWN;
        }
        assert_near(mcb_trend_median_variance(count), squares, 0.05);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(alike_paths_have_one_variance),
        cmocka_unit_test(unlike_paths_keep_most_of_their_own),
        cmocka_unit_test(one_path_has_its_own_alone),
        cmocka_unit_test(paths_together_know_no_more_than_all_of_them),
        cmocka_unit_test(paths_that_know_nothing_make_nothing_certain),
        cmocka_unit_test(student_is_that_of_the_tables_or_more_careful),
        cmocka_unit_test(a_median_is_as_uncertain_as_drawn_ones_are),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
