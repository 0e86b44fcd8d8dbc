/* SPDX-License-Identifier: Apache-2.0 */
/* What differs by more than noise, on cells made for it; test_noise_detection has real trials. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "bench/report/noise.h"

/* ---- cells ---- */

/* Cells with the same number of trials in each run, the last of which is the one after. */
struct bench {
    size_t count, runs, trials;
    double *figures; /* [count][runs][trials] */
    const double **before;
    size_t *counts;
    struct mcb_noise_cell *cells;
};

/* Of a standard normal distribution, the same for the same number. */
static double normal(uint64_t number)
{
    double uniform[2];
    for (int i = 0; i < 2; i++) { /* splitmix64 (S. Vigna, 2015) */
        uint64_t bits = (2 * number + (uint64_t)i + 1) * 0x9e3779b97f4a7c15u;
        bits = (bits ^ bits >> 30) * 0xbf58476d1ce4e5b9u;
        bits = (bits ^ bits >> 27) * 0x94d049bb133111ebu;
        uniform[i] = ((double)((bits ^ bits >> 31) >> 11) + 0.5) / 9007199254740992.0;
    }
    return sqrt(-2 * log(uniform[0])) * cos(2 * acos(-1) * uniform[1]);
}

static double *trials_of(struct bench *bench, size_t cell, size_t run)
{
    return &bench->figures[(cell * bench->runs + run) * bench->trials];
}

/* Trials of 100 Gbit/s that scatter by so much. runs: with the one after. */
static void bench_make(size_t count, size_t runs, size_t trials, double scatter,
                       struct bench *bench)
{
    *bench = (struct bench){.count = count, .runs = runs, .trials = trials};
    bench->figures = calloc(count * runs * trials, sizeof *bench->figures);
    bench->before = calloc(count * runs, sizeof *bench->before);
    bench->counts = calloc(count * runs, sizeof *bench->counts);
    bench->cells = calloc(count, sizeof *bench->cells);
    assert_true(bench->figures && bench->before && bench->counts && bench->cells);
    for (size_t i = 0; i < count * runs * trials; i++)
        bench->figures[i] = 100 * exp(scatter * normal(i));
    for (size_t i = 0; i < count * runs; i++) {
        bench->before[i] = &bench->figures[i * trials];
        bench->counts[i] = trials;
    }
    for (size_t i = 0; i < count; i++)
        bench->cells[i] = (struct mcb_noise_cell){.before = &bench->before[i * runs],
                                                  .before_counts = &bench->counts[i * runs],
                                                  .runs = runs - 1,
                                                  .after = bench->before[i * runs + runs - 1],
                                                  .after_count = trials};
}

static void bench_release(struct bench *bench)
{
    free(bench->figures);
    free(bench->before);
    free(bench->counts);
    free(bench->cells);
}

static void scale_run(struct bench *bench, size_t cell, size_t run, double factor)
{
    for (size_t i = 0; i < bench->trials; i++)
        trials_of(bench, cell, run)[i] *= factor;
}

static void scale_after(struct bench *bench, size_t cell, double factor)
{
    scale_run(bench, cell, bench->runs - 1, factor);
}

static void judge(struct bench *bench)
{
    struct mcb_error error = {MCB_FAULT_NONE, ""};
    assert_int_equal(mcb_noise_judge(bench->cells, bench->count, bench->count, &error), 0);
    assert_int_equal(mcb_noise_adjust(bench->cells, bench->count, &error), 0);
}

static bool is_told(const struct bench *bench, size_t cell)
{
    return bench->cells[cell].adjusted < MCB_NOISE_LEVEL;
}

/* Changes of the first cells alone are told, of all those that are slower. */
static void assert_only_first_are_told(const struct bench *bench, size_t first)
{
    for (size_t i = 0; i < bench->count; i++)
        if (is_told(bench, i) != (i < first))
            fail_msg("cell %zu: ratio %g, p %g, adjusted %g", i, bench->cells[i].ratio,
                     bench->cells[i].p, bench->cells[i].adjusted);
}

/* ---- one cell ---- */

static void a_single_cell_with_five_trials_shows_8_percent(void **state)
{
    (void)state;
    struct bench bench;
    bench_make(1, 2, 5, 0.005, &bench);
    scale_after(&bench, 0, 0.92);
    judge(&bench);
    assert_true(fabs(bench.cells[0].ratio - 0.92) < 0.01);
    assert_true(is_told(&bench, 0));
    assert_true(bench.cells[0].visible < 0.08);
    bench_release(&bench);
}

static void a_single_cell_does_not_show_what_its_trials_scatter(void **state)
{
    (void)state;
    struct bench bench;
    bench_make(1, 2, 5, 0.05, &bench);
    scale_after(&bench, 0, 0.92);
    judge(&bench);
    assert_false(is_told(&bench, 0));
    assert_true(bench.cells[0].visible > 0.08);
    bench_release(&bench);
}

static void one_trial_of_a_single_cell_says_nothing(void **state)
{
    (void)state;
    struct bench bench;
    bench_make(1, 2, 1, 0.005, &bench);
    scale_after(&bench, 0, 0.5);
    judge(&bench);
    assert_true(fabs(bench.cells[0].ratio - 0.5) < 0.05);
    assert_true(bench.cells[0].p == 1 && bench.cells[0].adjusted == 1);
    assert_true(bench.cells[0].visible == 1 && bench.cells[0].spread == 1);
    bench_release(&bench);
}

static void one_trial_of_each_of_many_cells_shows_the_one_that_stands_apart(void **state)
{
    (void)state;
    struct bench bench;
    bench_make(256, 2, 1, 0.005, &bench);
    scale_after(&bench, 0, 0.92);
    judge(&bench);
    assert_only_first_are_told(&bench, 1);
    bench_release(&bench);
}

/* ---- many cells ---- */

static void assert_told(size_t slower, double factor)
{
    struct bench bench;
    bench_make(64, 2, 5, 0.006, &bench);
    for (size_t i = 0; i < slower; i++)
        scale_after(&bench, i, factor);
    judge(&bench);
    assert_only_first_are_told(&bench, slower);
    bench_release(&bench);
}

static void the_cells_that_changed_are_told_and_no_others(void **state)
{
    (void)state;
    assert_told(0, 1);
    assert_told(1, 0.92);
    assert_told(1, 1.09);
    assert_told(8, 0.92);
}

static void half_of_all_cells_changed_alike_do_not_hide_it(void **state)
{
    (void)state;
    assert_told(32, 0.92);
}

static void a_loss_of_all_cells_is_a_loss(void **state)
{
    (void)state;
    assert_told(64, 0.92);
}

static void cells_without_any_scatter_are_told_from_each_other(void **state)
{
    (void)state;
    struct bench bench;
    bench_make(16, 2, 5, 0, &bench);
    scale_after(&bench, 0, 0.95);
    judge(&bench);
    assert_only_first_are_told(&bench, 1);
    for (size_t i = 1; i < 16; i++)
        assert_true(bench.cells[i].p > 0.9 && bench.cells[i].ratio == 1);
    bench_release(&bench);
}

/* Three of five trials at half the pace: such a median, seen once, is no change. */
static void a_cell_whose_trials_stall_is_not_taken_for_slower(void **state)
{
    (void)state;
    struct bench bench;
    bench_make(64, 2, 5, 0.006, &bench);
    for (size_t i = 0; i < 3; i++)
        trials_of(&bench, 0, 1)[i] *= 0.5;
    judge(&bench);
    assert_true(bench.cells[0].ratio < 0.6);
    assert_false(is_told(&bench, 0));
    bench_release(&bench);
}

static void one_stalled_trial_does_not_hide_a_loss(void **state)
{
    (void)state;
    struct bench bench;
    bench_make(64, 2, 5, 0.006, &bench);
    scale_after(&bench, 0, 0.9);
    trials_of(&bench, 0, 1)[2] *= 0.3;
    trials_of(&bench, 0, 0)[4] = 0; /* nothing completed in it */
    judge(&bench);
    assert_only_first_are_told(&bench, 1);
    bench_release(&bench);
}

static void a_cell_that_scatters_more_than_others_widens_for_itself(void **state)
{
    (void)state;
    struct bench bench;
    bench_make(64, 2, 9, 0.004, &bench);
    for (size_t run = 0; run < 2; run++)
        for (size_t i = 0; i < 9; i++)
            trials_of(&bench, 0, run)[i] = 100 * exp(0.08 * normal(1000000 + run * 9 + i));
    scale_after(&bench, 0, 0.9);
    scale_after(&bench, 1, 0.9);
    judge(&bench);
    assert_false(is_told(&bench, 0));
    assert_true(is_told(&bench, 1));
    assert_true(bench.cells[0].visible > 3 * bench.cells[1].visible);
    assert_true(bench.cells[0].spread > 3 * bench.cells[1].spread);
    bench_release(&bench);
}

/* ---- several runs ---- */

/* Levels of single cells move by 4 % from run to run, which no trial shows. */
static void move_levels(struct bench *bench)
{
    for (size_t i = 0; i < bench->count; i++)
        for (size_t run = 0; run < bench->runs; run++)
            scale_run(bench, i, run, exp(0.04 * normal(2000000 + i * bench->runs + run)));
}

static void what_single_cells_do_from_run_to_run_is_learned(void **state)
{
    (void)state;
    for (size_t runs = 2; runs <= 5; runs++) {
        struct bench still, moved;
        bench_make(64, runs, 5, 0.006, &still);
        bench_make(64, runs, 5, 0.006, &moved);
        move_levels(&moved);
        judge(&still);
        judge(&moved);
        assert_only_first_are_told(&moved, 0);
        assert_true(moved.cells[0].spread > 0.03 && still.cells[0].spread < 0.01);
        assert_true(moved.cells[0].visible > 3 * still.cells[0].visible);
        bench_release(&still);
        bench_release(&moved);
    }
}

/* Of two cells that lose 15 %, one has lost and won as much before. */
static void a_history_tells_what_one_cell_alone_does(void **state)
{
    (void)state;
    struct bench bench;
    bench_make(64, 9, 5, 0.006, &bench);
    for (size_t run = 0; run < 8; run += 3)
        scale_run(&bench, 0, run, 0.85);
    scale_after(&bench, 0, 0.85);
    scale_after(&bench, 1, 0.85);
    judge(&bench);
    assert_false(is_told(&bench, 0));
    assert_true(is_told(&bench, 1));
    bench_release(&bench);
}

static void what_all_cells_do_from_run_to_run_is_no_loss_then(void **state)
{
    (void)state;
    static const double runs[] = {1, 0.94, 1.05, 0.97, 1.04};
    for (int history = 0; history < 2; history++) {
        struct bench bench;
        bench_make(64, 6, 5, 0.006, &bench);
        for (size_t i = 0; i < 64; i++)
            for (size_t run = 0; run < 5; run++)
                scale_run(&bench, i, run, history ? runs[run] : 1);
        for (size_t i = 0; i < 64; i++)
            scale_after(&bench, i, 0.92);
        judge(&bench);
        assert_only_first_are_told(&bench, history ? 0 : 64);
        bench_release(&bench);
    }
}

/* Where all runs went up and down together, one that goes down alone is told. */
static void a_loss_of_one_cell_is_told_where_runs_move_together(void **state)
{
    (void)state;
    static const double runs[] = {1, 0.94, 1.05, 0.97, 1.04, 0.95};
    struct bench bench;
    bench_make(64, 6, 5, 0.006, &bench);
    for (size_t i = 0; i < 64; i++)
        for (size_t run = 0; run < 6; run++)
            scale_run(&bench, i, run, runs[run]);
    scale_after(&bench, 0, 0.9);
    judge(&bench);
    assert_only_first_are_told(&bench, 1);
    bench_release(&bench);
}

static void runs_that_lack_a_cell_are_passed_over(void **state)
{
    (void)state;
    struct bench bench;
    bench_make(64, 5, 5, 0.006, &bench);
    for (size_t run = 0; run < 3; run++) {
        scale_run(&bench, 0, run, 0.1); /* were it looked at */
        bench.counts[run] = 0;
    }
    scale_after(&bench, 1, 0.92);
    judge(&bench);
    assert_true(fabs(bench.cells[0].ratio - 1) < 0.02);
    for (size_t i = 0; i < 64; i++)
        assert_int_equal(is_told(&bench, i), i == 1);
    bench_release(&bench);
}

/* ---- numbers of trials ---- */

static void unlike_numbers_of_trials_are_compared(void **state)
{
    (void)state;
    struct bench bench;
    bench_make(64, 2, 1500, 0.02, &bench);
    for (size_t i = 0; i < 64; i++) {
        bench.counts[i * 2] = i % 5 + 1;
        bench.cells[i].after_count = i % 4 == 0 ? 1500 : i % 7 + 3;
    }
    scale_after(&bench, 4, 0.8); /* 5 trials before, 1,500 after */
    judge(&bench);
    for (size_t i = 0; i < 64; i++)
        assert_int_equal(is_told(&bench, i), i == 4);
    bench_release(&bench);
}

static void more_trials_show_less(void **state)
{
    (void)state;
    static const size_t trials[] = {3, 5, 11, 40, 1000};
    double visible = 1;
    for (size_t i = 0; i < sizeof trials / sizeof trials[0]; i++) {
        struct bench bench;
        bench_make(32, 2, trials[i], 0.03, &bench);
        judge(&bench);
        assert_true(bench.cells[0].visible < visible);
        visible = bench.cells[0].visible;
        bench_release(&bench);
    }
    assert_true(visible < 0.03);
}

static void a_hundred_thousand_cells_are_judged(void **state)
{
    (void)state;
    struct bench bench;
    bench_make(100000, 2, 5, 0.006, &bench);
    for (size_t i = 0; i < 10; i++)
        scale_after(&bench, i, 0.92);
    judge(&bench);
    assert_only_first_are_told(&bench, 10);
    bench_release(&bench);
}

/* Whatever a file may hold. */
static void figures_beyond_all_reason_are_survived(void **state)
{
    (void)state;
    static const double odd[] = {0, 1e-300, 1e300, 5e-324, 1.7e308, -1};
    struct bench bench;
    bench_make(36, 2, 4, 0.006, &bench);
    for (size_t i = 0; i < 36; i++) {
        trials_of(&bench, i, 0)[0] = trials_of(&bench, i, 0)[1] = odd[i / 6];
        trials_of(&bench, i, 1)[2] = trials_of(&bench, i, 1)[3] = odd[i % 6];
    }
    judge(&bench);
    for (size_t i = 0; i < 36; i++) {
        const struct mcb_noise_cell *cell = &bench.cells[i];
        assert_true(cell->p >= 0 && cell->p <= 1 && cell->adjusted >= cell->p);
        assert_true(cell->visible > 0 && cell->visible <= 1 && isfinite(cell->spread));
    }
    bench_release(&bench);
}

/* ---- the correction for many cells ---- */

static void benjamini_and_hochberg_by_hand(void **state)
{
    (void)state;
    static const double p[] = {0.04, 0.01, 0.5, 0.02};
    static const double adjusted[] = {0.16 / 3, 0.04, 0.5, 0.04};
    struct mcb_noise_cell cells[4] = {{.p = 0}};
    struct mcb_error error;
    for (size_t i = 0; i < 4; i++)
        cells[i].p = p[i];
    assert_int_equal(mcb_noise_adjust(cells, 4, &error), 0);
    for (size_t i = 0; i < 4; i++)
        assert_true(fabs(cells[i].adjusted - adjusted[i]) < 1e-12 && cells[i].p == p[i]);
}

static void no_cells_are_no_failure(void **state)
{
    (void)state;
    struct mcb_error error;
    assert_int_equal(mcb_noise_judge(NULL, 0, 0, &error), 0);
    assert_int_equal(mcb_noise_adjust(NULL, 0, &error), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_single_cell_with_five_trials_shows_8_percent),
        cmocka_unit_test(a_single_cell_does_not_show_what_its_trials_scatter),
        cmocka_unit_test(one_trial_of_a_single_cell_says_nothing),
        cmocka_unit_test(one_trial_of_each_of_many_cells_shows_the_one_that_stands_apart),
        cmocka_unit_test(the_cells_that_changed_are_told_and_no_others),
        cmocka_unit_test(half_of_all_cells_changed_alike_do_not_hide_it),
        cmocka_unit_test(a_loss_of_all_cells_is_a_loss),
        cmocka_unit_test(cells_without_any_scatter_are_told_from_each_other),
        cmocka_unit_test(a_cell_whose_trials_stall_is_not_taken_for_slower),
        cmocka_unit_test(one_stalled_trial_does_not_hide_a_loss),
        cmocka_unit_test(a_cell_that_scatters_more_than_others_widens_for_itself),
        cmocka_unit_test(what_single_cells_do_from_run_to_run_is_learned),
        cmocka_unit_test(a_history_tells_what_one_cell_alone_does),
        cmocka_unit_test(what_all_cells_do_from_run_to_run_is_no_loss_then),
        cmocka_unit_test(a_loss_of_one_cell_is_told_where_runs_move_together),
        cmocka_unit_test(runs_that_lack_a_cell_are_passed_over),
        cmocka_unit_test(unlike_numbers_of_trials_are_compared),
        cmocka_unit_test(more_trials_show_less),
        cmocka_unit_test(a_hundred_thousand_cells_are_judged),
        cmocka_unit_test(figures_beyond_all_reason_are_survived),
        cmocka_unit_test(benjamini_and_hochberg_by_hand),
        cmocka_unit_test(no_cells_are_no_failure),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
