/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "tests/unit/plot_made.h"

enum { RUNS = 16, CHANGED_AT = 9, FAILED_AT = 4 };

/* The path 1 → 0 loses a tenth at the run CHANGED_AT. */
static double with_time(size_t initiator, size_t target, size_t setting, size_t trial,
                        void *context)
{
    size_t run = *(size_t *)context;
    double scatter = (double)((run * 7 + initiator * 5 + target * 3 + trial * 11) % 13) / 13;
    (void)setting;
    return (run >= CHANGED_AT && initiator == 1 && target == 0 ? 342 : 380) + scatter;
}

struct history {
    struct mcb_ledger ledgers[RUNS];
    const struct mcb_ledger *runs[RUNS];
    struct mcb_trends trends;
};

static void history_make(struct history *history, size_t nics)
{
    struct mcb_error error;
    char started[32];
    for (size_t run = 0; run < RUNS; run++) {
        snprintf(started, sizeof started, "2026-11-%02zuT09:14:02Z", run + 1);
        json_t *document = ledger_document(&(struct ledger_plan){.nics = nics,
                                                                 .ceiling_gbps = 392.1,
                                                                 .figure = with_time,
                                                                 .context = &run,
                                                                 .started = started});
        if (run >= CHANGED_AT)
            ledger_set_nic(document, 0, 1, "firmware", json_string("28.40.1000"));
        if (run == FAILED_AT)
            ledger_fail(document, ledger_cell_at(document, 0, 1, 0), "failed", "MCB-RDMA-013",
                        "lost");
        ledger_of(document, &history->ledgers[run]);
        history->runs[run] = &history->ledgers[run];
    }
    if (mcb_trends_make(history->runs, RUNS, 0.05, false, &history->trends, &error) != 0)
        fail_msg("%s", error.detail);
}

static void history_release(struct history *history)
{
    mcb_trends_release(&history->trends);
    for (size_t run = 0; run < RUNS; run++)
        mcb_ledger_release(&history->ledgers[run]);
}

/* Returns how many pictures there are. */
static size_t plot_history(const struct plot_folder *folder, size_t nics, const char *kind)
{
    struct history history;
    history_make(&history, nics);
    struct mcb_plots plots =
        plot_made(folder,
                  &(struct mcb_plot_input){
                      .ledgers = history.ledgers, .ledger_count = RUNS, .trends = &history.trends},
                  kind);
    size_t count = plots.count;
    mcb_plots_release(&plots);
    history_release(&history);
    return count;
}

static void all_paths_come_first_then_those_that_changed(void **state)
{
    plot_history(*state, 2, NULL);
    plot_assert_holds(*state, "trend-1.dat", "\"write bandwidth · 64 KiB · 1 QP, depth 128");
    plot_assert_holds(*state, "trend-2.dat", "\"n1/mlx5_1/cpu:0 → n1/mlx5_0/cpu:0\"");
    assert_false(plot_has_file(*state, "trend-3.dat"));
}

static void each_path_has_a_picture_when_asked_for(void **state)
{
    assert_int_equal(plot_history(*state, 2, "trend"), 5);
}

static void a_change_is_marked_with_its_date_and_what_differed(void **state)
{
    plot_history(*state, 2, "trend");
    char *rows = plot_block(*state, "trend-2.dat", "changes");
    assert_int_equal(plot_count_rows(rows), 1);
    assert_memory_equal(rows, "8.50\t", 5);
    free(rows);
    assert_int_equal(plot_rows(*state, "trend-2.dat", "tags"), 1);
    plot_assert_holds(*state, "trend-2.dat", "\"1   2026-11-10   380.");
    plot_assert_holds(*state, "trend-2.dat", "Gbit/s, -10.0 %, p < 0.001\"");
    plot_assert_holds(*state, "trend-2.dat",
                      "\"differs: firmware 28.39.1002 → 28.40.1000 (n1/mlx5_1)\"");
}

static void levels_are_drawn_before_and_after(void **state)
{
    double x, y, width;
    plot_history(*state, 2, "trend");
    char *rows = plot_block(*state, "trend-2.dat", "levels");
    assert_int_equal(plot_count_rows(rows), 2);
    assert_int_equal(sscanf(rows, "%lf %lf %lf", &x, &y, &width), 3);
    assert_true(y >= 380 && y <= 381);
    assert_int_equal(sscanf(strchr(rows, '\n') + 1, "%lf %lf %lf", &x, &y, &width), 3);
    assert_true(x > 8 && y >= 342 && y <= 343);
    free(rows);
}

static void a_path_that_did_not_change_has_no_mark(void **state)
{
    plot_history(*state, 2, "trend");
    assert_int_equal(plot_rows(*state, "trend-3.dat", "changes"), 0);
    assert_int_equal(plot_rows(*state, "trend-3.dat", "levels"), 1);
    plot_assert_lacks(*state, "trend-3.dat", "differs:");
}

static void a_failed_run_is_a_cross_and_no_point(void **state)
{
    plot_history(*state, 2, "trend");
    assert_int_equal(plot_rows(*state, "trend-2.dat", "points"), RUNS - 1);
    assert_int_equal(plot_rows(*state, "trend-2.dat", "crosses"), 2);
    plot_assert_lacks(*state, "trend-2.dat", "\n4\t0");
}

static void dates_and_ceiling_are_told(void **state)
{
    plot_history(*state, 2, "trend");
    for (int i = 1; i <= 2; i++) {
        char name[32];
        snprintf(name, sizeof name, "trend-%d.dat", i);
        plot_assert_holds(*state, name, "16 runs, 2026-11-01 to 2026-11-16\"");
        plot_assert_holds(*state, name, "\"2026-11-03\"");
        plot_assert_holds(*state, name, "\"ceiling 392.1\"");
        assert_int_equal(plot_rows(*state, name, "ceiling"), 2);
    }
}

static void of_many_paths_the_worst_stands_out_together_with_all(void **state)
{
    plot_history(*state, 3, NULL);
    plot_assert_holds(*state, "trend-1.dat", "\"median of 9 paths\"");
    plot_assert_holds(*state, "trend-1.dat", "\"worst: n1/mlx5_1/cpu:0 → n1/mlx5_0/cpu:0\"");
    assert_int_equal(plot_rows(*state, "trend-1.dat", "band"), RUNS);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_FOLDER(all_paths_come_first_then_those_that_changed),
        IN_FOLDER(each_path_has_a_picture_when_asked_for),
        IN_FOLDER(a_change_is_marked_with_its_date_and_what_differed),
        IN_FOLDER(levels_are_drawn_before_and_after),
        IN_FOLDER(a_path_that_did_not_change_has_no_mark),
        IN_FOLDER(a_failed_run_is_a_cross_and_no_point),
        IN_FOLDER(dates_and_ceiling_are_told),
        IN_FOLDER(of_many_paths_the_worst_stands_out_together_with_all),
    };
    return cmocka_run_group_tests_name("plot_trend", tests, NULL, NULL);
}
