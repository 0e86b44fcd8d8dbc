/* SPDX-License-Identifier: Apache-2.0 */
/* Rules held against results: which cells a rule speaks of, and what it says of them. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tests/unit/expectation_helper.h"

/* One host with two NICs, four paths: 100, 101, 102 and 103 Gbit/s, or µs, in every trial. */
static double by_path(size_t initiator, size_t target, size_t setting, size_t trial, void *context)
{
    (void)setting;
    (void)trial;
    (void)context;
    return 100 + (double)(2 * initiator + target);
}

static const struct ledger_plan four_paths = {.figure = by_path};

static void a_rule_holds_if_all_cells_hold_it(void **state)
{
    (void)state;
    struct mcb_ledger ledger;
    ledger_of_plan(&four_paths, &ledger);
    assert_judged(&ledger, "bandwidth >= 100 Gbit/s", 4, 4, 0, true);
    assert_judged(&ledger, "bandwidth > 100 Gbit/s", 4, 3, 0, false);
    assert_judged(&ledger, "bandwidth <= 101 Gbit/s", 4, 2, 0, false);
    assert_judged(&ledger, "bandwidth < 101 Gbit/s", 4, 1, 0, false);
    assert_judged(&ledger, "bandwidth <= 12.875 GB/s", 4, 4, 0, true);
    mcb_ledger_release(&ledger);
}

static void each_figure_is_that_of_the_cell(void **state)
{
    (void)state;
    static const struct ledger_setting both[] = {{.measure = "bandwidth"}, {.measure = "latency"}};
    struct mcb_ledger ledger;
    json_t *document = ledger_document(
        &(struct ledger_plan){.nics = 1, .settings = both, .setting_count = 2, .figure = by_path});
    json_t *bandwidth = json_object_get(ledger_cell(document, 0), "bandwidth_gbps");
    json_object_set_new(bandwidth, "low", json_real(90));
    ledger_of(document, &ledger);
    /* min p50 / 2, p90 1.2, p99 1.5, p999 2, max 9, mean 1.1 times p50 (ledger_helper.h) */
    static const struct {
        const char *figure;
        double value;
        const char *unit;
    } rows[] = {
        {"bandwidth", 100, "Gbit/s"},   {"bandwidth.low", 90, "Gbit/s"},
        {"message_rate", 0.1, "Mop/s"}, {"latency.min", 50, "us"},
        {"latency.p50", 100, "us"},     {"latency.p90", 120, "us"},
        {"latency.p99", 150, "us"},     {"latency.p999", 200, "us"},
        {"latency.max", 900, "us"},     {"latency.mean", 110, "us"},
    };
    for (size_t i = 0; i < LENGTH(rows); i++) {
        char rule[96];
        snprintf(rule, sizeof rule, "%s >= %.3f %s", rows[i].figure, rows[i].value * 0.999,
                 rows[i].unit);
        assert_judged(&ledger, rule, 1, 1, 0, true);
        snprintf(rule, sizeof rule, "%s <= %.3f %s", rows[i].figure, rows[i].value * 1.001,
                 rows[i].unit);
        assert_judged(&ledger, rule, 1, 1, 0, true);
        snprintf(rule, sizeof rule, "%s > %.4f %s", rows[i].figure, rows[i].value * 1.001,
                 rows[i].unit);
        assert_judged(&ledger, rule, 1, 0, 0, false);
    }
    mcb_ledger_release(&ledger);
}

static void the_part_of_a_ceiling_is_of_each_cells_own(void **state)
{
    (void)state;
    struct mcb_ledger ledger;
    json_t *document =
        ledger_document(&(struct ledger_plan){.figure = by_path, .ceiling_gbps = 110});
    result_set_ceiling(ledger_cell(document, 3), 200, "link", "both");
    ledger_of(document, &ledger);
    assert_judged(&ledger, "bandwidth >= 90% of ceiling", 4, 3, 0, false);
    assert_judged(&ledger, "bandwidth >= 51% of ceiling", 4, 4, 0, true);

    struct mcb_expectations made = judge(&ledger, "bandwidth >= 90% of ceiling");
    const struct mcb_expectation_miss *miss = &made.list[0].misses[0];
    assert_int_equal(ledger.cells[miss->cell].position, 3);
    assert_true(miss->figure == 103 && miss->bound == 180);
    mcb_expectations_release(&made);
    mcb_ledger_release(&ledger);
}

static void what_cannot_be_judged_is_counted_and_is_not_enough(void **state)
{
    (void)state;
    struct mcb_ledger ledger;
    json_t *document = ledger_document(&four_paths);
    ledger_of(json_incref(document), &ledger);
    assert_judged(&ledger, "bandwidth >= 90% of ceiling", 4, 0, 4, false);
    mcb_ledger_release(&ledger);
    result_set_ceiling(ledger_cell(document, 0), 100, "link", "both");
    ledger_of(document, &ledger);
    assert_judged(&ledger, "bandwidth >= 90% of ceiling", 4, 1, 3, true);
    mcb_ledger_release(&ledger);
}

static void a_rule_that_speaks_of_nothing_does_not_hold(void **state)
{
    (void)state;
    struct mcb_ledger ledger;
    ledger_of_plan(&four_paths, &ledger);
    assert_judged(&ledger, "latency.p99 <= 5us", 0, 0, 0, false);
    assert_judged(&ledger, "gpu >= 95% of cpu", 0, 0, 0, false);
    assert_judged(&ledger, "bandwidth >= 1 Gbit/s where size > 64KiB", 0, 0, 0, false);
    mcb_ledger_release(&ledger);
}

static void a_cell_that_failed_or_was_skipped_holds_nothing(void **state)
{
    (void)state;
    struct mcb_ledger ledger;
    json_t *document = ledger_document(&four_paths);
    ledger_fail(document, 1, "failed", "MCB-RDMA-013", "lost");
    ledger_fail(document, 2, "skipped", "MCB-RUN-001", "interrupted");
    ledger_of(document, &ledger);
    assert_judged(&ledger, "bandwidth >= 1 Gbit/s", 4, 2, 0, false);
    assert_judged(&ledger, "bandwidth <= 1000 Gbit/s", 4, 2, 0, false);
    assert_judged(&ledger, "bandwidth >= 50% of median", 4, 2, 0, false);
    assert_judged(&ledger, "bandwidth >= 1 Gbit/s where nic=mlx5_9", 0, 0, 0, false);
    mcb_ledger_release(&ledger);
}

static void verified_is_what_was_compared_and_found_right(void **state)
{
    (void)state;
    struct mcb_ledger ledger;
    json_t *document = ledger_document(&four_paths);
    ledger_of(json_incref(document), &ledger);
    assert_judged(&ledger, "verified", 4, 0, 0, false);
    mcb_ledger_release(&ledger);
    for (size_t i = 0; i < 4; i++)
        json_object_set_new(ledger_cell(document, i), "verified_bytes", json_integer(4096));
    ledger_of(json_incref(document), &ledger);
    assert_judged(&ledger, "verified", 4, 4, 0, true);
    mcb_ledger_release(&ledger);
    ledger_fail(document, 2, "failed", "MCB-DATA-001", "5 of 4096 bytes are wrong");
    json_object_set_new(ledger_cell(document, 2), "corrupt_bytes", json_integer(5));
    ledger_of(document, &ledger);
    assert_judged(&ledger, "verified", 4, 3, 0, false);
    mcb_ledger_release(&ledger);
}

static void conditions_of_a_setting_choose_its_cells(void **state)
{
    (void)state;
    static const struct ledger_setting settings[] = {
        {.operation = "write", .size_bytes = 4096},
        {.operation = "read", .size_bytes = 65536, .ordering = "on"},
        {.operation = "send", .size_bytes = 1048576, .bidirectional = true},
        {.operation = "write", .size_bytes = 1048576, .ordering = "auto"},
    };
    struct mcb_ledger ledger;
    json_t *document =
        ledger_document(&(struct ledger_plan){.nics = 1, .settings = settings, .setting_count = 4});
    json_object_set_new(json_object_get(ledger_cell(document, 3), "relaxed_ordering"), "effective",
                        json_string("on"));
    ledger_of(document, &ledger);
    static const struct {
        const char *condition;
        size_t chosen;
    } rows[] = {
        {"operation=write", 2},
        {"operation=read", 1},
        {"ordering=on", 1},
        {"ordering=off", 2},
        {"ordering=auto", 1},
        {"directions=both", 1},
        {"directions=one", 3},
        {"size=64KiB", 1},
        {"size>=64KiB", 3},
        {"size<=64KiB", 2},
        {"size>64KiB", 2},
        {"size<64KiB", 1},
        {"size=1B", 0},
        {"operation=write and size>=1MiB", 1},
        {"route=direct", 4},
        {"route=staged", 0},
        {"size>1B and size<1MiB and operation=read", 1},
    };
    for (size_t i = 0; i < LENGTH(rows); i++) {
        char rule[160];
        snprintf(rule, sizeof rule, "bandwidth >= 1 Gbit/s where %s", rows[i].condition);
        assert_judged(&ledger, rule, rows[i].chosen, rows[i].chosen, 0, rows[i].chosen > 0);
    }
    mcb_ledger_release(&ledger);
}

static void conditions_of_endpoints_choose_by_either_end(void **state)
{
    (void)state;
    static const char *const memories[] = {"cpu:0", "cuda:0"};
    struct mcb_ledger ledger;
    ledger_of_plan(&(struct ledger_plan){.hosts = 2, .memories = memories, .memory_count = 2},
                   &ledger); /* 8 endpoints, 64 paths */
    static const struct {
        const char *condition;
        size_t chosen;
    } rows[] = {
        {"memory=cpu", 16},
        {"memory=gpu", 48},
        {"host=n1", 48},
        {"host=n*", 64},
        {"host=n3", 0},
        {"nic=mlx5_0", 48},
        {"nic=mlx5_?", 64},
        {"nic=mlx5_0 and nic=mlx5_1", 32},
        {"host=n1 and host=n2 and nic=mlx5_0", 24},
        {"memory=cpu and memory=gpu", 0},
        {"memory=cpu and host=n1", 12},
    };
    for (size_t i = 0; i < LENGTH(rows); i++) {
        char rule[160];
        snprintf(rule, sizeof rule, "bandwidth >= 1 Gbit/s where %s", rows[i].condition);
        assert_judged(&ledger, rule, rows[i].chosen, rows[i].chosen, 0, rows[i].chosen > 0);
    }
    mcb_ledger_release(&ledger);
}

static void the_median_is_that_of_the_matrix_and_not_of_the_chosen(void **state)
{
    (void)state;
    static const struct ledger_setting settings[] = {{.size_bytes = 4096}, {.size_bytes = 65536}};
    struct mcb_ledger ledger;
    json_t *document = ledger_document(
        &(struct ledger_plan){.settings = settings, .setting_count = 2, .figure = by_path});
    const double slow[] = {50}, fast[] = {1000};
    ledger_set_trials(ledger_cell(document, 0), slow, 1); /* of the first matrix alone */
    for (size_t i = 4; i < 8; i++)
        ledger_set_trials(ledger_cell(document, i), fast, 1);
    ledger_of(document, &ledger);
    /* 50, 101, 102, 103: 101.5 */
    assert_judged(&ledger, "bandwidth >= 99% of median", 8, 7, 0, false);
    assert_judged(&ledger, "bandwidth >= 49% of median where size=4KiB", 4, 4, 0, true);
    assert_judged(&ledger, "bandwidth >= 50% of median where size=4KiB", 4, 3, 0, false);
    struct mcb_expectations made =
        judge(&ledger, "bandwidth >= 90% of median where nic=mlx5_0 and size=4KiB");
    assert_int_equal(made.list[0].chosen, 3);
    assert_true(fabs(made.list[0].misses[0].bound - 0.9 * 101.5) < 1e-9);
    mcb_expectations_release(&made);
    mcb_ledger_release(&ledger);
}

/* Of wrong bytes, which keep their figures. */
static void a_cell_that_failed_has_no_part_in_the_median(void **state)
{
    (void)state;
    struct mcb_ledger ledger;
    json_t *document = ledger_document(&(struct ledger_plan){.nics = 1, .figure = by_path});
    for (size_t i = 1; i < 3; i++) {
        json_t *cell = json_deep_copy(ledger_cell(document, 0));
        const double fast[] = {1000};
        ledger_set_trials(cell, fast, 1);
        json_t *figures = json_incref(json_object_get(cell, "bandwidth_gbps"));
        result_append(document, cell);
        ledger_fail(document, i, "failed", "MCB-DATA-001", "bytes are wrong");
        json_object_set_new(cell, "bandwidth_gbps", figures);
        json_object_set_new(cell, "message_rate_mops", json_real(1));
    }
    ledger_of(document, &ledger);
    assert_judged(&ledger, "bandwidth >= 100% of median", 3, 1, 0, false);
    mcb_ledger_release(&ledger);
}

static void misses_are_told_worst_first(void **state)
{
    (void)state;
    struct mcb_ledger ledger;
    json_t *document = ledger_document(&(struct ledger_plan){.nics = 3, .figure = by_path});
    const double worst[] = {10}, bad[] = {50};
    ledger_set_trials(ledger_cell(document, 4), worst, 1);
    ledger_set_trials(ledger_cell(document, 2), bad, 1);
    ledger_fail(document, 7, "failed", "MCB-RDMA-013", "lost");
    ledger_of(document, &ledger);
    struct mcb_expectations made = judge(&ledger, "bandwidth >= 100 Gbit/s");
    static const uint32_t order[] = {7, 4, 2};
    assert_int_equal(made.list[0].miss_count, 3);
    for (size_t i = 0; i < 3; i++)
        assert_int_equal(ledger.cells[made.list[0].misses[i].cell].position, order[i]);
    mcb_expectations_release(&made);
    made = judge(&ledger, "bandwidth <= 9 Gbit/s"); /* above: the largest is the worst */
    assert_int_equal(ledger.cells[made.list[0].misses[0].cell].position, 7);
    assert_int_equal(ledger.cells[made.list[0].misses[1].cell].position, 8);
    assert_int_equal(ledger.cells[made.list[0].misses[8].cell].position, 4);
    mcb_expectations_release(&made);
    mcb_ledger_release(&ledger);
}

static void a_cell_is_missed_if_any_rule_misses_it(void **state)
{
    (void)state;
    struct mcb_ledger ledger;
    ledger_of_plan(&four_paths, &ledger);
    struct mcb_expectations made =
        judge(&ledger, "bandwidth >= 101 Gbit/s; bandwidth <= 102 Gbit/s; latency.p50 <= 1us");
    for (uint32_t i = 0; i < 4; i++)
        assert_int_equal(mcb_expectations_hold_of(&made, i), i == 1 || i == 2);
    assert_true(mcb_expectations_hold_of(&made, 4)); /* there is none */
    mcb_expectations_release(&made);
    mcb_ledger_release(&ledger);
}

static void the_verdict_is_part_of_a_good_document(void **state)
{
    (void)state;
    struct mcb_ledger ledger, again;
    struct mcb_error error;
    json_t *document =
        ledger_document(&(struct ledger_plan){.figure = by_path, .ceiling_gbps = 109});
    ledger_fail(document, 1, "failed", "MCB-RDMA-013", "lost");
    ledger_of(json_incref(document), &ledger);
    struct mcb_expectations made =
        judge(&ledger, "bandwidth >= 94% of ceiling; latency.p99 <= 5µs; verified where size=1B");
    json_t *verdict = mcb_expectations_to_json(&made, &ledger);
    json_t *expected = json_pack(
        "[{s:s, s:b, s:i, s:i, s:i, s:[{s:i, s:n, s:f}, {s:i, s:f, s:f}, {s:i, s:f, s:f}]}, {s:s, "
        "s:b, s:i, s:i, s:i, s:[]}, {s:s, s:b, s:i, s:i, s:i, s:[]}]",
        "rule", "bandwidth >= 94% of ceiling", "holds", 0, "chosen", 4, "held", 1, "unjudged", 0,
        "misses", "cell", 1, "figure", "bound", 0.0, "cell", 0, "figure", 100.0, "bound",
        0.94 * 109, "cell", 2, "figure", 102.0, "bound", 0.94 * 109, "rule", "latency.p99 <= 5µs",
        "holds", 0, "chosen", 0, "held", 0, "unjudged", 0, "misses", "rule",
        "verified where size=1B", "holds", 0, "chosen", 0, "held", 0, "unjudged", 0, "misses");
    assert_true(json_equal(verdict, expected));
    json_decref(expected);
    json_object_set_new(document, "expectations", verdict);
    mcb_expectations_release(&made);
    mcb_ledger_release(&ledger);

    ledger_of(document, &again); /* held against the schema there */
    assert_int_equal(mcb_expectations_of_result(&again, &made, &error), 0);
    assert_int_equal(made.count, 3);
    assert_int_equal(made.list[0].miss_count, 3);
    assert_false(mcb_expectations_hold(&made));
    mcb_expectations_release(&made);
    mcb_ledger_release(&again);
}

static void a_miss_names_the_place_in_the_document(void **state)
{
    (void)state;
    struct mcb_ledger ledger;
    json_t *document = ledger_document(&four_paths);
    json_t *slowest = json_incref(ledger_cell(document, 0));
    ledger_drop(document, 0);
    result_append(document, slowest);
    ledger_of(document, &ledger);
    struct mcb_expectations made = judge(&ledger, "bandwidth > 100 Gbit/s");
    json_t *verdict = mcb_expectations_to_json(&made, &ledger);
    json_t *miss = json_array_get(json_object_get(json_array_get(verdict, 0), "misses"), 0);
    assert_int_equal(json_integer_value(json_object_get(miss, "cell")), 3);
    json_decref(verdict);
    mcb_expectations_release(&made);
    mcb_ledger_release(&ledger);
}

static void a_result_without_rules_has_no_verdict(void **state)
{
    (void)state;
    struct mcb_ledger ledger;
    struct mcb_expectations made;
    struct mcb_error error;
    ledger_of_plan(&four_paths, &ledger);
    assert_int_equal(mcb_expectations_of_result(&ledger, &made, &error), 0);
    assert_int_equal(made.count, 0);
    assert_true(mcb_expectations_hold(&made));
    mcb_expectations_release(&made);
    mcb_ledger_release(&ledger);
}

static void a_stored_rule_that_is_none_is_refused(void **state)
{
    (void)state;
    struct mcb_ledger ledger;
    struct mcb_expectations made;
    struct mcb_error error;
    json_t *document = ledger_document(&four_paths);
    json_object_set_new(document, "expectations",
                        json_pack("[{s:s, s:b, s:i, s:i, s:i, s:[]}]", "rule", "beauty >= 5",
                                  "holds", 1, "chosen", 1, "held", 1, "unjudged", 0, "misses"));
    ledger_of(document, &ledger);
    assert_int_equal(mcb_expectations_of_result(&ledger, &made, &error), -1);
    assert_int_equal(error.code, MCB_FAULT_USE_RULE);
    assert_non_null(strstr(error.detail, "expectations[0].rule: 'beauty' is not a figure"));
    mcb_ledger_release(&ledger);
}

static void sixty_thousand_cells_are_judged_by_sixty_rules(void **state)
{
    (void)state;
    struct mcb_ledger ledger;
    char text[8192] = "bandwidth >= 99% of median";
    ledger_of_plan(&(struct ledger_plan){.nics = 250, .trials = 1}, &ledger);
    for (size_t i = 1; i < 60; i++)
        strcat(text, "; bandwidth >= 90% of median where nic=mlx5_*1*");
    struct mcb_expectations made = judge(&ledger, text);
    assert_int_equal(made.list[0].chosen, 62500);
    assert_int_equal(made.list[0].held + made.list[0].miss_count, 62500);
    assert_true(made.list[59].chosen > 0 && mcb_expectation_holds(&made.list[59]));
    mcb_expectations_release(&made);
    mcb_ledger_release(&ledger);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_rule_holds_if_all_cells_hold_it),
        cmocka_unit_test(each_figure_is_that_of_the_cell),
        cmocka_unit_test(the_part_of_a_ceiling_is_of_each_cells_own),
        cmocka_unit_test(what_cannot_be_judged_is_counted_and_is_not_enough),
        cmocka_unit_test(a_rule_that_speaks_of_nothing_does_not_hold),
        cmocka_unit_test(a_cell_that_failed_or_was_skipped_holds_nothing),
        cmocka_unit_test(verified_is_what_was_compared_and_found_right),
        cmocka_unit_test(conditions_of_a_setting_choose_its_cells),
        cmocka_unit_test(conditions_of_endpoints_choose_by_either_end),
        cmocka_unit_test(the_median_is_that_of_the_matrix_and_not_of_the_chosen),
        cmocka_unit_test(a_cell_that_failed_has_no_part_in_the_median),
        cmocka_unit_test(misses_are_told_worst_first),
        cmocka_unit_test(a_cell_is_missed_if_any_rule_misses_it),
        cmocka_unit_test(the_verdict_is_part_of_a_good_document),
        cmocka_unit_test(a_miss_names_the_place_in_the_document),
        cmocka_unit_test(a_result_without_rules_has_no_verdict),
        cmocka_unit_test(a_stored_rule_that_is_none_is_refused),
        cmocka_unit_test(sixty_thousand_cells_are_judged_by_sixty_rules),
    };
    return cmocka_run_group_tests_name("expectation", tests, NULL, NULL);
}
