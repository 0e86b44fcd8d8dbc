/* SPDX-License-Identifier: Apache-2.0 */
/* What the screen, and the fault, say of expectations. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tests/unit/expectation_helper.h"

static void assert_printed(const struct mcb_expectations *made, const struct mcb_ledger *ledger,
                           const char *expected)
{
    char *text = NULL;
    size_t size = 0;
    FILE *out = open_memstream(&text, &size);
    assert_non_null(out);
    const struct mcb_canvas canvas = {.out = out, .columns = 100};
    mcb_expectations_print(&canvas, made, ledger);
    fclose(out);
    assert_string_equal(text, expected);
    free(text);
}

static void assert_judged_as(const struct mcb_ledger *ledger, const char *rule,
                             const char *expected)
{
    struct mcb_expectations made = judge(ledger, rule);
    assert_printed(&made, ledger, expected);
    mcb_expectations_release(&made);
}

static void assert_blamed(const struct mcb_ledger *ledger, const char *text, const char *expected)
{
    struct mcb_error error;
    struct mcb_expectations made = judge(ledger, text);
    assert_false(mcb_expectations_hold(&made));
    mcb_expectations_blame(&made, ledger, &error);
    assert_int_equal(error.code, MCB_FAULT_PERF_EXPECTATION);
    assert_string_equal(error.detail, expected);
    mcb_expectations_release(&made);
}

/* 100, 101, 102 and 103 Gbit/s. */
static double by_path(size_t initiator, size_t target, size_t setting, size_t trial, void *context)
{
    (void)setting;
    (void)trial;
    (void)context;
    return 100 + (double)(2 * initiator + target);
}

static const struct ledger_plan four_paths = {.figure = by_path, .ceiling_gbps = 200};

static void a_line_a_rule_and_below_it_its_misses(void **state)
{
    (void)state;
    struct mcb_ledger ledger;
    ledger_of_plan(&four_paths, &ledger);
    assert_judged_as(
        &ledger,
        "bandwidth >= 50% of ceiling; bandwidth >= 102 Gbit/s where nic=mlx5_0; "
        "verified",
        "expectations\n"
        "✔ bandwidth >= 50% of ceiling: 4 of 4 paths hold\n"
        "✘ bandwidth >= 102 Gbit/s where nic=mlx5_0: 1 of 3 paths hold\n"
        "    n1/mlx5_0/cpu:0 → n1/mlx5_0/cpu:0: 100.0 Gbit/s; at least 102.0 wanted\n"
        "    n1/mlx5_0/cpu:0 → n1/mlx5_1/cpu:0: 101.0 Gbit/s; at least 102.0 wanted\n"
        "✘ verified: 0 of 4 paths hold\n"
        "    n1/mlx5_0/cpu:0 → n1/mlx5_0/cpu:0: nothing was compared (--verify does)\n"
        "    n1/mlx5_0/cpu:0 → n1/mlx5_1/cpu:0: nothing was compared (--verify does)\n"
        "    n1/mlx5_1/cpu:0 → n1/mlx5_0/cpu:0: nothing was compared (--verify does)\n"
        "    n1/mlx5_1/cpu:0 → n1/mlx5_1/cpu:0: nothing was compared (--verify does)\n");
    mcb_ledger_release(&ledger);
}

static void a_part_is_told_as_such(void **state)
{
    (void)state;
    struct mcb_ledger ledger;
    ledger_of_plan(&four_paths, &ledger);
    assert_judged_as(&ledger, "bandwidth > 51% of ceiling where nic=mlx5_1",
                     "expectations\n"
                     "✘ bandwidth > 51% of ceiling where nic=mlx5_1: 1 of 3 paths hold\n"
                     "    n1/mlx5_0/cpu:0 → n1/mlx5_1/cpu:0: 101.0 Gbit/s, 50.5 % of the ceiling; "
                     "more than 102.0 wanted\n"
                     "    n1/mlx5_1/cpu:0 → n1/mlx5_0/cpu:0: 102.0 Gbit/s, 51.0 % of the ceiling; "
                     "more than 102.0 wanted\n");
    mcb_ledger_release(&ledger);
}

static void what_misses_by_a_hair_does_not_look_the_same(void **state)
{
    (void)state;
    struct mcb_ledger ledger;
    ledger_of_plan(&four_paths, &ledger);
    assert_blamed(&ledger, "bandwidth >= 100.001 Gbit/s",
                  "1 of 1 expectation is not met: bandwidth >= 100.001 Gbit/s: 3 of 4 paths hold; "
                  "the worst: n1/mlx5_0/cpu:0 → n1/mlx5_0/cpu:0: 100 Gbit/s; at least 100.001 "
                  "wanted");
    assert_blamed(&ledger, "verified where nic=x; bandwidth > 1 Gbit/s",
                  "1 of 2 expectations is not met: verified where nic=x: no cell was measured "
                  "that it speaks of");
    mcb_ledger_release(&ledger);
}

static void a_cell_that_failed_tells_its_fault(void **state)
{
    (void)state;
    struct mcb_ledger ledger;
    json_t *document = ledger_document(&four_paths);
    ledger_fail(document, 1, "failed", "MCB-RDMA-013", "lost");
    ledger_fail(document, 2, "skipped", "MCB-RUN-001", "interrupted");
    ledger_of(document, &ledger);
    assert_judged_as(&ledger, "bandwidth >= 10% of ceiling",
                     "expectations\n"
                     "✘ bandwidth >= 10% of ceiling: 2 of 4 paths hold\n"
                     "    n1/mlx5_0/cpu:0 → n1/mlx5_1/cpu:0: failed: MCB-RDMA-013, a title\n"
                     "    n1/mlx5_1/cpu:0 → n1/mlx5_0/cpu:0: skipped: MCB-RUN-001, a title\n");
    mcb_ledger_release(&ledger);
}

static void what_cannot_be_judged_says_why(void **state)
{
    (void)state;
    static const char *const memories[] = {"cuda:0"};
    struct mcb_ledger ledger;
    json_t *document = ledger_document(&(struct ledger_plan){
        .figure = by_path, .nics = 1, .memories = memories, .memory_count = 1});
    ledger_of(document, &ledger);
    assert_judged_as(&ledger, "bandwidth >= 10% of ceiling; gpu >= 95% of cpu",
                     "expectations\n"
                     "✘ bandwidth >= 10% of ceiling: 0 of 1 path holds, 1 cannot be judged (no "
                     "ceiling is known)\n"
                     "✘ gpu >= 95% of cpu: 0 of 1 path holds, 1 cannot be judged (no host memory "
                     "was measured beside it)\n");
    assert_judged_as(&ledger, "latency.p99 <= 5us",
                     "expectations\n"
                     "✘ latency.p99 <= 5us: no cell was measured that it speaks of\n");
    mcb_ledger_release(&ledger);
}

static void with_several_settings_a_miss_tells_its_own(void **state)
{
    (void)state;
    static const struct ledger_setting settings[] = {{.size_bytes = 4096}, {.size_bytes = 65536}};
    struct mcb_ledger ledger;
    char label[MCB_LEDGER_LABEL_MAX], expected[2048];
    ledger_of_plan(
        &(struct ledger_plan){
            .nics = 1, .settings = settings, .setting_count = 2, .figure = by_path},
        &ledger);
    mcb_ledger_setting_label(&ledger, 1, label);
    snprintf(expected, sizeof expected,
             "2 of 2 expectations are not met: bandwidth > 100 Gbit/s where size > 4KiB: 0 of 1 "
             "cell holds; the worst: n1/mlx5_0/cpu:0 → n1/mlx5_0/cpu:0 · %s: 100.0 Gbit/s; more "
             "than 100.0 wanted",
             label);
    assert_blamed(&ledger, "bandwidth > 100 Gbit/s where size > 4KiB; verified", expected);
    mcb_ledger_release(&ledger);
}

static void of_many_misses_the_worst_are_told(void **state)
{
    (void)state;
    struct mcb_ledger ledger;
    ledger_of_plan(&(struct ledger_plan){.nics = 3, .figure = by_path}, &ledger);
    struct mcb_expectations made = judge(&ledger, "bandwidth >= 200 Gbit/s");
    strcpy(made.machine, "H100, 400G");
    assert_printed(&made, &ledger,
                   "expectations of H100, 400G\n"
                   "✘ bandwidth >= 200 Gbit/s: 0 of 9 paths hold\n"
                   "    n1/mlx5_0/cpu:0 → n1/mlx5_0/cpu:0: 100.0 Gbit/s; at least 200.0 wanted\n"
                   "    n1/mlx5_0/cpu:0 → n1/mlx5_1/cpu:0: 101.0 Gbit/s; at least 200.0 wanted\n"
                   "    n1/mlx5_0/cpu:0 → n1/mlx5_2/cpu:0: 102.0 Gbit/s; at least 200.0 wanted\n"
                   "    n1/mlx5_1/cpu:0 → n1/mlx5_0/cpu:0: 102.0 Gbit/s; at least 200.0 wanted\n"
                   "    and 5 more\n");
    mcb_expectations_release(&made);
    mcb_ledger_release(&ledger);
}

static void nothing_is_printed_where_nothing_was_expected(void **state)
{
    (void)state;
    struct mcb_ledger ledger;
    struct mcb_expectations made;
    struct mcb_error error;
    ledger_of_plan(&four_paths, &ledger);
    assert_int_equal(mcb_expectations_make(&ledger, NULL, NULL, &made, &error), 0);
    assert_printed(&made, &ledger, "");
    mcb_expectations_release(&made);
    mcb_ledger_release(&ledger);
}

static void no_foreign_text_reaches_the_terminal_as_it_is(void **state)
{
    (void)state;
    struct mcb_ledger ledger;
    json_t *document = ledger_document(&four_paths);
    json_t *initiator = json_object_get(ledger_cell(document, 0), "initiator");
    json_object_set_new(initiator, "nic", json_string("\x1b[2J"));
    ledger_fail(document, 1, "failed", "MCB-RDMA-013", "lost");
    json_object_set_new(json_object_get(ledger_cell(document, 1), "fault"), "title",
                        json_string("\x1b[31m"));
    ledger_of(document, &ledger);
    struct mcb_expectations made = judge(&ledger, "verified");
    char *text = NULL;
    size_t size = 0;
    FILE *out = open_memstream(&text, &size);
    mcb_expectations_print(&(struct mcb_canvas){.out = out, .columns = 100}, &made, &ledger);
    fclose(out);
    assert_null(strchr(text, '\x1b'));
    assert_non_null(strstr(text, "n1/?[2J/cpu:0"));
    assert_non_null(strstr(text, "MCB-RDMA-013, ?[31m"));
    free(text);
    mcb_expectations_release(&made);
    mcb_ledger_release(&ledger);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_line_a_rule_and_below_it_its_misses),
        cmocka_unit_test(a_part_is_told_as_such),
        cmocka_unit_test(what_misses_by_a_hair_does_not_look_the_same),
        cmocka_unit_test(a_cell_that_failed_tells_its_fault),
        cmocka_unit_test(what_cannot_be_judged_says_why),
        cmocka_unit_test(with_several_settings_a_miss_tells_its_own),
        cmocka_unit_test(of_many_misses_the_worst_are_told),
        cmocka_unit_test(nothing_is_printed_where_nothing_was_expected),
        cmocka_unit_test(no_foreign_text_reaches_the_terminal_as_it_is),
    };
    return cmocka_run_group_tests_name("expectation: print", tests, NULL, NULL);
}
