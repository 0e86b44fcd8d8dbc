/* SPDX-License-Identifier: Apache-2.0 */
/* Where figures change, in histories that were made up with a seed: what is there is found, where
 * it is, and what is not there is not. */
#include "bench/report/trend_steps.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "bench/report/noise.h"
#include "tests/unit/random_helper.h"

enum { HISTORIES = 100 };

static const double tolerance = 0.05;

struct history {
    struct mcb_trend_series *series; /* one group, all of 100 Gbit/s */
    double *values;                  /* [path][run] */
    size_t runs, paths;
};

static struct history make_history(size_t runs, size_t paths)
{
    struct history history = {calloc(paths, sizeof *history.series),
                              calloc(runs * paths, sizeof *history.values), runs, paths};
    assert_true(history.series && history.values);
    for (size_t i = 0; i < runs * paths; i++)
        history.values[i] = log(100);
    for (size_t i = 0; i < paths; i++)
        history.series[i] =
            (struct mcb_trend_series){.values = &history.values[i * runs], .count = runs};
    return history;
}

static void release_history(struct history *history)
{
    for (size_t i = 0; i < history->paths; i++)
        free(history->series[i].steps);
    free(history->series);
    free(history->values);
}

static void add_noise(struct history *history, struct random_numbers *numbers, double scatter)
{
    for (size_t i = 0; i < history->runs * history->paths; i++)
        history->values[i] += scatter * random_normal(numbers);
}

/* From a run on, up to another one: 0.92 is a loss of 8 %. */
static void change(struct history *history, size_t path, size_t first, size_t end, double factor)
{
    for (size_t run = first; run < end; run++)
        history->values[path * history->runs + run] += log(factor);
}

static void find(struct history *history)
{
    struct mcb_error error;
    assert_int_equal(mcb_trend_find_steps(history->series, history->paths, tolerance, &error), 0);
    for (size_t i = 0; i < history->paths; i++) {
        const struct mcb_trend_series *series = &history->series[i];
        for (size_t step = 0; step < series->step_count; step++) {
            assert_in_range(series->steps[step].first, 2, series->count - 2);
            assert_true(series->steps[step].p >= 0 && series->steps[step].p < MCB_NOISE_LEVEL);
        }
    }
}

/* Paths with a step. */
static size_t count_changed(const struct history *history)
{
    size_t changed = 0;
    for (size_t i = 0; i < history->paths; i++)
        changed += history->series[i].step_count > 0;
    return changed;
}

static bool has_step_at(const struct history *history, size_t path, size_t run)
{
    const struct mcb_trend_series *series = &history->series[path];
    return series->step_count == 1 && series->steps[0].first == run;
}

/* ---- what is there ---- */

/* Of HISTORIES with one path that loses 8 % somewhere: those in which that, and nothing else, is
 * found at its run. */
static size_t count_found(size_t runs, size_t paths, double scatter)
{
    size_t found = 0;
    for (uint64_t seed = 0; seed < HISTORIES; seed++) {
        struct random_numbers numbers = random_seed(seed);
        struct history history = make_history(runs, paths);
        size_t path = random_below(&numbers, paths), run = 2 + random_below(&numbers, runs - 3);
        add_noise(&history, &numbers, scatter);
        change(&history, path, run, runs, 0.92);
        find(&history);
        found += has_step_at(&history, path, run) && count_changed(&history) == 1;
        release_history(&history);
    }
    return found;
}

static void a_loss_of_8_percent_is_found_at_its_run(void **state)
{
    (void)state;
    assert_in_range(count_found(12, 16, 0.01), 95, HISTORIES);
    assert_in_range(count_found(30, 256, 0.01), 95, HISTORIES);
}

static void it_is_found_in_few_runs_of_many_paths(void **state)
{
    (void)state;
    assert_in_range(count_found(4, 16, 0.01), 70, HISTORIES);
    assert_in_range(count_found(6, 4, 0.005), 95, HISTORIES);
}

static void it_is_found_in_a_path_that_is_alone(void **state)
{
    (void)state;
    assert_in_range(count_found(12, 1, 0.01), 90, HISTORIES);
}

static void all_paths_may_change_at_once(void **state)
{
    (void)state;
    struct random_numbers numbers = random_seed(5);
    struct history history = make_history(12, 64);
    add_noise(&history, &numbers, 0.01);
    for (size_t path = 0; path < 64; path++)
        change(&history, path, 7, 12, 0.92);
    find(&history);
    for (size_t path = 0; path < 64; path++)
        assert_true(has_step_at(&history, path, 7));
    release_history(&history);
}

static void figures_of_no_scatter_at_all_may_change(void **state)
{
    (void)state;
    struct history history = make_history(8, 4);
    change(&history, 2, 5, 8, 0.92);
    find(&history);
    assert_true(has_step_at(&history, 2, 5));
    assert_int_equal(count_changed(&history), 1);
    release_history(&history);
}

static void a_change_and_its_mending_are_two_steps(void **state)
{
    (void)state;
    struct random_numbers numbers = random_seed(6);
    struct history history = make_history(12, 16);
    add_noise(&history, &numbers, 0.01);
    change(&history, 3, 5, 8, 0.92);
    change(&history, 9, 4, 6, 0.80);
    find(&history);
    assert_int_equal(count_changed(&history), 2);
    assert_int_equal(history.series[3].step_count, 2);
    assert_int_equal(history.series[3].steps[0].first, 5);
    assert_int_equal(history.series[3].steps[1].first, 8);
    assert_int_equal(history.series[9].step_count, 2);
    assert_int_equal(history.series[9].steps[0].first, 4);
    assert_int_equal(history.series[9].steps[1].first, 6);
    release_history(&history);
}

static void the_last_two_runs_are_a_new_level(void **state)
{
    (void)state;
    struct random_numbers numbers = random_seed(7);
    struct history history = make_history(12, 16);
    add_noise(&history, &numbers, 0.01);
    change(&history, 3, 10, 12, 0.90);
    find(&history);
    assert_true(has_step_at(&history, 3, 10));
    release_history(&history);
}

static void a_drift_is_steps_in_its_direction_alone(void **state)
{
    (void)state;
    struct random_numbers numbers = random_seed(8);
    struct history history = make_history(60, 16);
    add_noise(&history, &numbers, 0.01);
    for (size_t run = 1; run < 60; run++)
        change(&history, 3, run, 60, 0.995);
    find(&history);
    const struct mcb_trend_series *drifting = &history.series[3];
    double before[60], level = HUGE_VAL;
    assert_int_equal(count_changed(&history), 1);
    assert_in_range(drifting->step_count, 2, 6);
    for (size_t i = 0, first = 0; i <= drifting->step_count; i++) {
        size_t end = i < drifting->step_count ? drifting->steps[i].first : 60;
        double median = mcb_trend_median(drifting->values + first, end - first, before);
        assert_true(median < level - 0.05);
        level = median;
        first = end;
    }
    release_history(&history);
}

static void paths_of_different_lengths_are_judged_together(void **state)
{
    (void)state;
    struct random_numbers numbers = random_seed(9);
    struct history history = make_history(12, 16);
    add_noise(&history, &numbers, 0.01);
    for (size_t path = 0; path < 16; path++)
        history.series[path].count = path; /* up to 15, of which 12 are there */
    for (size_t path = 13; path < 16; path++)
        history.series[path].count = 12;
    change(&history, 7, 4, 7, 0.92);
    change(&history, 3, 1, 3, 0.92);
    find(&history);
    assert_true(has_step_at(&history, 7, 4));
    assert_int_equal(count_changed(&history), 1);
    release_history(&history);
}

/* 64 paths that scatter by 10 % are of another group. */
static void a_group_that_scatters_hides_nothing_of_another(void **state)
{
    (void)state;
    struct random_numbers numbers = random_seed(10);
    struct history history = make_history(12, 80);
    add_noise(&history, &numbers, 0.005);
    for (size_t i = 16 * 12; i < 80 * 12; i++)
        history.values[i] += 0.1 * random_normal(&numbers);
    for (size_t path = 16; path < 80; path++)
        history.series[path].group = 1;
    change(&history, 3, 10, 12, 0.92);
    find(&history);
    assert_true(has_step_at(&history, 3, 10));
    assert_int_equal(count_changed(&history), 1);
    release_history(&history);
}

/* ---- what is not there ---- */

enum shape { EVEN, LONG_TAILS, OUTLIERS, UNLIKE_PATHS, SHAKEN_TOGETHER, ROUNDED, WANDERING };

static double draw(struct random_numbers *numbers, enum shape shape, double scatter)
{
    double squares = 0;
    switch (shape) {
    case LONG_TAILS: /* Student's distribution of three degrees of freedom */
        for (int i = 0; i < 3; i++)
            squares += pow(random_normal(numbers), 2);
        return scatter * random_normal(numbers) / sqrt(squares / 3);
    case OUTLIERS: /* one of 20 figures is up to a quarter too low */
        if (random_uniform(numbers) < 0.05)
            return -0.05 - 0.2 * random_uniform(numbers);
        return scatter * random_normal(numbers);
    case ROUNDED:
        return log1p(round(100 * scatter * random_normal(numbers)) / 100);
    default:
        return scatter * random_normal(numbers);
    }
}

static void fill(struct history *history, struct random_numbers *numbers, enum shape shape,
                 double scatter)
{
    for (size_t path = 0; path < history->paths; path++) {
        double own = shape == UNLIKE_PATHS ? scatter * exp(random_normal(numbers)) : scatter;
        for (size_t run = 0; run < history->runs; run++)
            history->values[path * history->runs + run] += draw(numbers, shape, own);
    }
    for (size_t i = 1; shape == WANDERING && i < history->paths * history->runs; i++)
        if (i % history->runs > 0)
            history->values[i] += 0.5 * (history->values[i - 1] - log(100));
    for (size_t run = 0; shape == SHAKEN_TOGETHER && run < history->runs; run++) {
        double shake = 1.5 * scatter * random_normal(numbers);
        for (size_t path = 0; path < history->paths; path++)
            history->values[path * history->runs + run] += shake;
    }
}

/* Of HISTORIES in which nothing changed. */
static size_t count_false_alarms(size_t runs, size_t paths, enum shape shape, double scatter)
{
    size_t alarms = 0;
    for (uint64_t seed = 0; seed < HISTORIES; seed++) {
        struct random_numbers numbers = random_seed(1000 + seed);
        struct history history = make_history(runs, paths);
        fill(&history, &numbers, shape, scatter);
        find(&history);
        alarms += count_changed(&history) > 0;
        release_history(&history);
    }
    return alarms;
}

static void noise_is_no_step(void **state)
{
    (void)state;
    assert_in_range(count_false_alarms(12, 16, EVEN, 0.01), 0, 1);
    assert_in_range(count_false_alarms(12, 256, EVEN, 0.01), 0, 1);
    assert_in_range(count_false_alarms(12, 16, EVEN, 0.04), 0, 1);
    assert_in_range(count_false_alarms(40, 64, EVEN, 0.04), 0, 1);
}

static void noise_is_no_step_in_few_runs(void **state)
{
    (void)state;
    for (size_t runs = 2; runs <= 6; runs++) {
        assert_in_range(count_false_alarms(runs, 1, EVEN, 0.04), 0, 1);
        assert_in_range(count_false_alarms(runs, 64, EVEN, 0.04), 0, 1);
    }
}

static void noise_of_other_shapes_is_no_step(void **state)
{
    (void)state;
    assert_in_range(count_false_alarms(12, 64, LONG_TAILS, 0.03), 0, 1);
    assert_in_range(count_false_alarms(12, 64, UNLIKE_PATHS, 0.02), 0, 1);
    assert_in_range(count_false_alarms(12, 64, SHAKEN_TOGETHER, 0.03), 0, 1);
    assert_in_range(count_false_alarms(12, 16, ROUNDED, 0.005), 0, 1);
}

/* Among 30 runs of 64 paths some two that follow each other are both too low. */
static void outliers_that_meet_are_no_step(void **state)
{
    (void)state;
    assert_in_range(count_false_alarms(30, 64, OUTLIERS, 0.01), 0, 1);
}

/* Where figures come as they like one looks like a level now and then, but not more often. */
static void what_looks_like_a_level_is_rarely_taken_for_one(void **state)
{
    (void)state;
    assert_in_range(count_false_alarms(30, 64, LONG_TAILS, 0.01), 0, 3);
    assert_in_range(count_false_alarms(12, 16, WANDERING, 0.02), 0, 8);
}

static void one_bad_run_is_no_step(void **state)
{
    (void)state;
    for (size_t bad = 0; bad < 12; bad++) {
        struct random_numbers numbers = random_seed(11 + bad);
        struct history history = make_history(12, 16);
        add_noise(&history, &numbers, 0.01);
        for (size_t path = 0; path < 16; path++)
            change(&history, path, bad, bad + 1, 0.5);
        find(&history);
        assert_int_equal(count_changed(&history), 0);
        release_history(&history);
    }
}

static void what_is_within_the_tolerance_is_no_step(void **state)
{
    (void)state;
    struct random_numbers numbers = random_seed(12);
    struct history history = make_history(12, 16);
    add_noise(&history, &numbers, 0.002);
    change(&history, 3, 6, 12, 0.96);
    change(&history, 4, 6, 12, 0.94);
    find(&history);
    assert_int_equal(count_changed(&history), 1);
    assert_true(has_step_at(&history, 4, 6));
    release_history(&history);
}

static void no_series_at_all_are_fine(void **state)
{
    (void)state;
    struct mcb_error error;
    assert_int_equal(mcb_trend_find_steps(NULL, 0, tolerance, &error), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_loss_of_8_percent_is_found_at_its_run),
        cmocka_unit_test(it_is_found_in_few_runs_of_many_paths),
        cmocka_unit_test(it_is_found_in_a_path_that_is_alone),
        cmocka_unit_test(all_paths_may_change_at_once),
        cmocka_unit_test(figures_of_no_scatter_at_all_may_change),
        cmocka_unit_test(a_change_and_its_mending_are_two_steps),
        cmocka_unit_test(the_last_two_runs_are_a_new_level),
        cmocka_unit_test(a_drift_is_steps_in_its_direction_alone),
        cmocka_unit_test(paths_of_different_lengths_are_judged_together),
        cmocka_unit_test(a_group_that_scatters_hides_nothing_of_another),
        cmocka_unit_test(noise_is_no_step),
        cmocka_unit_test(noise_is_no_step_in_few_runs),
        cmocka_unit_test(noise_of_other_shapes_is_no_step),
        cmocka_unit_test(outliers_that_meet_are_no_step),
        cmocka_unit_test(what_looks_like_a_level_is_rarely_taken_for_one),
        cmocka_unit_test(one_bad_run_is_no_step),
        cmocka_unit_test(what_is_within_the_tolerance_is_no_step),
        cmocka_unit_test(no_series_at_all_are_fine),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
