/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "tests/unit/comparison_helper.h"

/* The text of a comparison on a screen of 100 columns, and no longer the comparison. For free(). */
static char *print(struct compared *compared, size_t most)
{
    char *text = compared_print(&compared->comparison, NULL, 100, false, most);
    compared_free(compared);
    return text;
}

static struct compared *without_change(void)
{
    return compared_make(ledger_document(&compared_plan), ledger_document(&compared_plan), NULL);
}

/* One path at that part of its figure. */
static struct compared *with_change(double factor)
{
    json_t *after = ledger_document(&compared_plan);
    compared_scale(after, ledger_cell_at(after, 0, 3, 5), factor);
    return compared_make(ledger_document(&compared_plan), after, NULL);
}

static void assert_order(const char *text, const char *first, const char *second)
{
    assert_has(text, first);
    assert_has(text, second);
    if (strstr(text, first) > strstr(text, second))
        fail_msg("\"%s\" comes after \"%s\" in:\n%s", first, second, text);
}

/* ---- rows ---- */

static void what_is_equal_is_no_regression(void **state)
{
    (void)state;
    char *text = print(without_change(), 10);
    assert_has(text, "\n64 paths: 64 unchanged; tolerance 5 %, noise ");
    assert_has(text, "\nno regression\n");
    assert_has_not(text, "unchanged: 64");
    free(text);
}

static void a_slower_path_has_both_figures_and_how_much_less(void **state)
{
    (void)state;
    char *text = print(with_change(0.9), 10);
    assert_has(text, "64 paths: 63 unchanged, 1 slower; tolerance 5 %");
    assert_has(text,
               "\nslower: 1 path\n"
               "  n1/mlx5_3/cpu:0 → n2/mlx5_1/cpu:0  99.6 → 89.6 Gbit/s  -10.0 %  p < 0.001\n");
    assert_has(text, "\n1 regression: 1 slower\n");
    free(text);
}

static void more_latency_is_slower(void **state)
{
    (void)state;
    static const struct ledger_setting latency = {.measure = "latency"};
    const struct ledger_plan plan = {
        .hosts = 2, .nics = 4, .settings = &latency, .setting_count = 1};
    json_t *after = ledger_document(&plan);
    compared_scale(after, ledger_cell_at(after, 0, 3, 5), 1.2);
    char *text = print(compared_make(ledger_document(&plan), after, NULL), 10);
    assert_has(text, "slower: 1 path\n");
    assert_has(text, "99.6 → 119.5 µs  +20.0 %");
    free(text);
}

static void each_change_says_what_it_is(void **state)
{
    (void)state;
    char *text = print(compared_mixed(), 10);
    assert_has(text, "100.0 Gbit/s → failed  MCB-RDMA-013 no way there\n");
    assert_has(text, "99.8 Gbit/s → –  not in the new result\n");
    assert_has(text, "99.8 Gbit/s → skipped  MCB-RUN-001 interrupted\n");
    assert_has(text, "failed → failed  MCB-RDMA-013 still lost\n");
    assert_has(text, "100.4 → 140.6 Gbit/s  +40.0 %  p < 0.001\n");
    assert_has(text, "failed → 100.6 Gbit/s  had failed: MCB-RDMA-013 was lost\n");
    assert_has(text, "– → 100.0 Gbit/s  in no baseline\n");
    assert_has(text,
               "5 regressions: 1 broken, 2 slower, 1 gone, 1 unmeasured; 1 path failed before "
               "and now\n");
    free(text);
}

static void a_failed_cell_has_no_figure_though_it_measured_one(void **state)
{
    (void)state;
    json_t *after = ledger_document(&compared_plan);
    json_t *cell = ledger_cell(after, ledger_cell_at(after, 0, 3, 5));
    json_t *bandwidth = json_incref(json_object_get(cell, "bandwidth_gbps"));
    ledger_fail(after, ledger_cell_at(after, 0, 3, 5), "failed", "MCB-DATA-001", "one byte wrong");
    json_object_set_new(cell, "bandwidth_gbps", bandwidth);
    json_object_set_new(cell, "message_rate_mops", json_real(1));
    char *text = print(compared_make(ledger_document(&compared_plan), after, NULL), 10);
    assert_has(text, "99.6 Gbit/s → failed  MCB-DATA-001 one byte wrong\n");
    free(text);
}

static void the_worst_is_first(void **state)
{
    (void)state;
    char *text = print(compared_mixed(), 10);
    assert_order(text, "\nbroken:", "\nslower:");
    assert_order(text, "-30.0 %", "-20.0 %");
    assert_order(text, "\nslower:", "\ngone:");
    assert_order(text, "\ngone:", "\nfaster:");
    free(text);
}

static void a_path_that_may_be_missing_is_no_regression(void **state)
{
    (void)state;
    json_t *after = ledger_document(&compared_plan);
    ledger_drop(after, ledger_cell_at(after, 0, 3, 5));
    const struct mcb_comparison_options options = {.tolerance = 0.05, .allow_missing = true};
    char *text = print(compared_make(ledger_document(&compared_plan), after, &options), 10);
    assert_has(text, "gone: 1 path\n");
    assert_has(text, "\nno regression\n");
    free(text);
}

static void what_is_different_is_named_and_not_judged(void **state)
{
    (void)state;
    json_t *after = ledger_document(&compared_plan);
    ledger_set_nic(after, 0, 0, "device_id", json_string("0x15b3:0x1023"));
    compared_scale(after, ledger_cell_at(after, 0, 0, 1), 0.5);
    char *text = print(compared_make(ledger_document(&compared_plan), after, NULL), 10);
    assert_has(text, "different: 15 paths\n");
    assert_has(text, "99.6 →  49.8 Gbit/s  NIC 0x15b3:0x1021 → 0x15b3:0x1023\n");
    assert_has(text, "\nno regression; 15 paths cannot be compared\n");
    assert_has_not(text, "-50.0 %");
    free(text);
}

static void rows_tell_their_setting_where_there_are_several(void **state)
{
    (void)state;
    static const struct ledger_setting settings[] = {{.operation = "write"}, {.operation = "read"}};
    const struct ledger_plan plan = {
        .hosts = 2, .nics = 4, .settings = settings, .setting_count = 2};
    json_t *before = ledger_document(&plan), *after = ledger_document(&plan);
    compared_scale(after, ledger_cell_at(after, 1, 3, 5), 0.9);
    char *text = print(compared_make(before, after, NULL), 10);
    assert_has(text, "128 cells: 127 unchanged, 1 slower");
    assert_has(text, "p < 0.001\n    read bandwidth · 64 KiB · 1 QP, depth 128");
    assert_has_not(text, "write bandwidth");
    free(text);
}

static void a_setting_that_was_left_out_is_named(void **state)
{
    (void)state;
    static const struct ledger_setting settings[] = {{.operation = "write"}, {.operation = "read"}};
    const struct ledger_plan plan = {
        .hosts = 2, .nics = 4, .settings = settings, .setting_count = 2};
    char *text =
        print(compared_make(ledger_document(&plan), ledger_document(&compared_plan), NULL), 1);
    assert_has(text, "128 cells: 64 unchanged, 64 not asked;");
    assert_has(text, "100.0 Gbit/s → –  not measured this time\n");
    assert_has(text, "\n  and 63 more (--all)\n");
    assert_has(text, "\nno regression\n");
    free(text);
}

static void only_the_first_of_each_kind_are_listed(void **state)
{
    (void)state;
    char *text = print(compared_mixed(), 1);
    assert_has(text, "-30.0 %");
    assert_has_not(text, "-20.0 %");
    assert_has(text, "\n  and 1 more (--all)\n");
    free(text);
}

static void all_rows_are_listed_where_that_is_asked_for(void **state)
{
    (void)state;
    char *text = print(compared_mixed(), 0);
    assert_has(text, "unchanged: 55 paths\n");
    assert_int_equal(count_of(text, " Gbit/s"), 63); /* all but the one that fails as before */
    assert_has_not(text, "more (--all)");
    free(text);
}

/* ---- noise ---- */

/* Trials that scatter by a half. */
static double wild(size_t initiator, size_t target, size_t setting, size_t trial, void *context)
{
    (void)setting;
    (void)context;
    return 100 + 25.0 * (double)((initiator * 7 + target * 3 + trial * 2) % 5) - 50;
}

static void paths_that_tell_little_are_said_to(void **state)
{
    (void)state;
    const struct ledger_plan plan = {.hosts = 2, .nics = 4, .figure = wild};
    char *text = print(compared_make(ledger_document(&plan), ledger_document(&plan), NULL), 0);
    assert_int_equal(count_of(text, "100.0 → 100.0 Gbit/s  0.0 %  noise would hide a"), 64);
    assert_has(text, "\nno regression; noise would hide a loss of 10 % on 64 of the unchanged\n");
    free(text);
}

/* ---- around the rows ---- */

static void causes_and_fixes_stand_once_for_each_fault(void **state)
{
    (void)state;
    char *text = print(compared_mixed(), 10);
    assert_has(text,
               "\nMCB-PERF-003 a path is slower than it was (2 paths)\n  cause: what differs");
    assert_has(text, "\n  try:   mcbench compare BASELINE NEW");
    assert_int_equal(count_of(text, "MCB-PERF-003"), 1);
    assert_has(text, "\nMCB-PERF-004 ");
    free(text);
}

static void what_differs_is_told_by_kind(void **state)
{
    (void)state;
    json_t *after = ledger_document(&compared_plan);
    for (size_t host = 0; host < 2; host++)
        ledger_set_host(after, host, "kernel", json_string("6.12"));
    ledger_set_setting(after, "qps", "2");
    char *text = print(compared_make(ledger_document(&compared_plan), after, NULL), 10);
    assert_has(text, "\ndiffers in the environment\n"
                     "  setting   --qps 1 → 2\n"
                     "  software  kernel 6.1 → 6.12 (n1 and 1 more)\n");
    free(text);
    text = print(without_change(), 10);
    assert_has(text, "\nnothing differs in the environment\n");
    free(text);
}

static void a_stand_in_is_no_hardware(void **state)
{
    (void)state;
    static const char *const memories[] = {"cuda:0"};
    const struct ledger_plan plan = {
        .hosts = 2, .nics = 4, .memories = memories, .memory_count = 1, .stand_in = true};
    char *text = print(compared_make(ledger_document(&plan), ledger_document(&plan), NULL), 10);
    assert_has(text, "stand-in GPUs in host memory, made for tests: no figure of theirs is a");
    free(text);
    text = print(without_change(), 10);
    assert_has_not(text, "stand-in");
    free(text);
}

static void several_baselines_are_told_by_their_time(void **state)
{
    (void)state;
    static const struct mcb_comparison_options options = {.tolerance = 0.05};
    struct mcb_ledger ledgers[3];
    struct mcb_comparison comparison;
    struct mcb_error error;
    for (size_t i = 0; i < 3; i++) {
        char started[32];
        struct ledger_plan plan = compared_plan;
        snprintf(started, sizeof started, "2026-11-2%zuT09:14:02Z", i);
        plan.started = started;
        ledger_of_plan(&plan, &ledgers[i]);
    }
    assert_int_equal(mcb_comparison_make(ledgers, 2, &ledgers[2], &options, &comparison, &error),
                     0);
    char *text = compared_print(&comparison, NULL, 120, false, 10);
    assert_has(text, "the new result (2026-11-22T09:14:02Z) against 2 baselines, "
                     "2026-11-20T09:14:02Z to 2026-11-21T09:14:02Z\n");
    free(text);
    mcb_comparison_release(&comparison);
    for (size_t i = 0; i < 3; i++)
        mcb_ledger_release(&ledgers[i]);
}

/* ---- the screen ---- */

static void no_line_is_wider_than_the_screen(void **state)
{
    (void)state;
    struct compared *compared = compared_mixed();
    for (size_t columns = 60; columns <= 140; columns += 20) {
        char *text = compared_print(&compared->comparison, NULL, columns, false, 0), *rest = text;
        for (char *line; (line = strsep(&rest, "\n"));)
            if (mcb_text_columns(line) > columns)
                fail_msg("%zu columns: %s", columns, line);
        free(text);
    }
    compared_free(compared);
}

static void figures_go_to_a_line_of_their_own_where_it_is_narrow(void **state)
{
    (void)state;
    struct compared *compared = with_change(0.9);
    char *text = compared_print(&compared->comparison, NULL, 60, false, 10);
    assert_has(text,
               "\n  n1/mlx5_3/cpu:0 → n2/mlx5_1/cpu:0\n    99.6 → 89.6 Gbit/s  -10.0 %  p < ");
    free(text);
    compared_free(compared);
}

static void colours_come_only_where_they_are_asked_for(void **state)
{
    (void)state;
    struct compared *compared = with_change(0.9);
    char *plain = compared_print(&compared->comparison, NULL, 100, false, 10);
    char *coloured = compared_print(&compared->comparison, NULL, 100, true, 10);
    assert_has_not(plain, "\033");
    assert_has(coloured, "\033[31mslower\033[0m");
    assert_has(coloured, "\033[31m-10.0 %\033[0m");
    free(coloured);
    free(plain);
    compared_free(compared);
}

static void hostile_texts_steer_no_terminal(void **state)
{
    (void)state;
    static const char hostile[] = "\033[2J\xe2\x80\xae\xc2\x9b\r\n";
    json_t *before = ledger_document(&compared_plan), *after = ledger_document(&compared_plan);
    compared_rename(before, "n1", hostile);
    compared_rename(after, "n1", hostile);
    ledger_set_host(after, 1, "kernel", json_string(hostile));
    ledger_fail(after, ledger_cell_at(after, 0, 0, 4), "failed", "MCB-RDMA-013", hostile);
    char *text = print(compared_make(before, after, NULL), 0);
    for (const char *letter = text; *letter; letter++)
        if ((*letter >= 0 && *letter < 0x20 && *letter != '\n') || *letter == 0x7f)
            fail_msg("a control character is in:\n%s", text);
    assert_has_not(text, "\xe2\x80\xae");
    assert_has_not(text, "\xc2\x9b");
    assert_has(text, "?[2J");
    free(text);
}

/* ---- changes with time ---- */

static void a_change_with_time_tells_when_how_much_and_what_came_with_it(void **state)
{
    (void)state;
    struct timeline timeline;
    timeline_make(&timeline);
    struct compared *compared = without_change();
    char *text = compared_print(&compared->comparison, &timeline.trends, 100, false, 10);
    assert_has(text, "\n2 of 3 paths changed with time (3 results since 2026-11-20T09:14:02Z)\n"
                     "  n1/mlx5_0/cpu:0 → n1/mlx5_1/cpu:0\n"
                     "    2026-11-22T09:14:02Z  100.0 → 80.0 Gbit/s, -20.0 %, p = 0.002\n"
                     "    with kernel 6.1 → 6.12 (n1)\n"
                     "  n1/mlx5_0/cpu:0 → n1/mlx5_2/cpu:0\n"
                     "    2026-11-22T09:14:02Z  100.0 → 80.0 Gbit/s, -20.0 %, p = 0.002\n"
                     "    with the same as above\n"
                     "no regression\n");
    free(text);
    text = compared_print(&compared->comparison, &timeline.trends, 100, false, 1);
    assert_has(text, "    with kernel 6.1 → 6.12 (n1)\n  and 1 more (--all)\n");
    free(text);
    for (size_t i = 0; i < timeline.trends.count; i++)
        timeline.trends.list[i].change_count = 0;
    text = compared_print(&compared->comparison, &timeline.trends, 100, false, 10);
    assert_has(text,
               "\nno lasting change in 3 paths (3 results since 2026-11-20T09:14:02Z); one result "
               "alone makes none\n");
    free(text);
    compared_free(compared);
    timeline_release(&timeline);
}

static void a_change_without_a_known_cause_says_so(void **state)
{
    (void)state;
    struct timeline timeline;
    timeline_make(&timeline);
    mcb_differences_release(&timeline.changes[0].differences);
    char *stream = NULL;
    size_t size = 0;
    FILE *out = open_memstream(&stream, &size);
    const struct mcb_canvas canvas = {out, 100, true};
    mcb_trends_print(&canvas, &timeline.trends, 1);
    fclose(out);
    assert_has(stream, "with nothing that is known");
    assert_has(stream, "\033[31m2026-11-22T09:14:02Z  100.0 → 80.0 Gbit/s");
    free(stream);
    timeline_release(&timeline);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_equal_is_no_regression),
        cmocka_unit_test(a_slower_path_has_both_figures_and_how_much_less),
        cmocka_unit_test(more_latency_is_slower),
        cmocka_unit_test(each_change_says_what_it_is),
        cmocka_unit_test(a_failed_cell_has_no_figure_though_it_measured_one),
        cmocka_unit_test(the_worst_is_first),
        cmocka_unit_test(a_path_that_may_be_missing_is_no_regression),
        cmocka_unit_test(what_is_different_is_named_and_not_judged),
        cmocka_unit_test(rows_tell_their_setting_where_there_are_several),
        cmocka_unit_test(a_setting_that_was_left_out_is_named),
        cmocka_unit_test(only_the_first_of_each_kind_are_listed),
        cmocka_unit_test(all_rows_are_listed_where_that_is_asked_for),
        cmocka_unit_test(paths_that_tell_little_are_said_to),
        cmocka_unit_test(causes_and_fixes_stand_once_for_each_fault),
        cmocka_unit_test(what_differs_is_told_by_kind),
        cmocka_unit_test(a_stand_in_is_no_hardware),
        cmocka_unit_test(several_baselines_are_told_by_their_time),
        cmocka_unit_test(no_line_is_wider_than_the_screen),
        cmocka_unit_test(figures_go_to_a_line_of_their_own_where_it_is_narrow),
        cmocka_unit_test(colours_come_only_where_they_are_asked_for),
        cmocka_unit_test(hostile_texts_steer_no_terminal),
        cmocka_unit_test(a_change_with_time_tells_when_how_much_and_what_came_with_it),
        cmocka_unit_test(a_change_without_a_known_cause_says_so),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
