/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "bench/report/comparison_why.h"
#include "tests/unit/comparison_helper.h"

/* Two results, and what keeps their cells from being compared. */
struct asked {
    struct mcb_ledger before, after;
    struct mcb_matches matches;
    struct mcb_reasons reasons;
    char why[MCB_DIFFERENCE_SENTENCE_MAX];
};

/* Takes the references of both documents. */
static struct asked *asked_make(json_t *before, json_t *after, bool across_hardware)
{
    struct asked *asked = calloc(1, sizeof *asked);
    struct mcb_error error;
    assert_non_null(asked);
    ledger_of(before, &asked->before);
    ledger_of(after, &asked->after);
    assert_int_equal(
        mcb_matches_make(&asked->before, 1, &asked->after, false, &asked->matches, &error), 0);
    assert_int_equal(mcb_reasons_make(&asked->before, &asked->after, &asked->matches.list[0],
                                      across_hardware, &asked->reasons, &error),
                     0);
    return asked;
}

/* Of the cell of that number, which is there before. */
static const char *reason(struct asked *asked, size_t after)
{
    uint32_t before = asked->matches.list[0].before[after];
    assert_int_not_equal(before, MCB_LEDGER_NONE);
    return mcb_reason_of(&asked->reasons, &asked->before, &asked->before.cells[before],
                         &asked->after, &asked->after.cells[after], asked->why);
}

static void asked_free(struct asked *asked)
{
    mcb_reasons_release(&asked->reasons);
    mcb_matches_release(&asked->matches);
    mcb_ledger_release(&asked->before);
    mcb_ledger_release(&asked->after);
    free(asked);
}

/* One path of one host to itself. */
static json_t *one_cell(const char *measure)
{
    const struct ledger_setting setting = {.measure = measure};
    return ledger_document(
        &(struct ledger_plan){.nics = 1, .settings = &setting, .setting_count = 1});
}

/* ---- settings ---- */

static void cells_of_the_same_setting_and_hardware_can_be_compared(void **state)
{
    (void)state;
    struct asked *asked = asked_make(one_cell("bandwidth"), one_cell("bandwidth"), false);
    assert_null(reason(asked, 0));
    asked_free(asked);
}

static void each_setting_that_bears_on_figures_is_named(void **state)
{
    (void)state;
    static const struct {
        const char *member, *expected;
    } cases[] = {
        {"qps", "qps 1 → 7"},
        {"depth", "depth 128 → 7"},
        {"signal_every", "signal-every 16 → 7"},
        {"inline_bytes", "inline 0 → 7"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        json_t *after = one_cell("bandwidth");
        json_object_set_new(ledger_cell(after, 0), cases[i].member, json_integer(7));
        struct asked *asked = asked_make(one_cell("bandwidth"), after, true);
        assert_non_null(reason(asked, 0));
        assert_string_equal(reason(asked, 0), cases[i].expected);
        asked_free(asked);
    }
}

static void all_settings_that_differ_are_in_one_reason(void **state)
{
    (void)state;
    json_t *after = one_cell("latency"), *cell = ledger_cell(after, 0);
    json_object_set_new(cell, "qps", json_integer(2));
    json_object_set_new(cell, "depth", json_integer(64));
    json_object_set_new(cell, "signal_every", json_integer(1));
    json_object_set_new(cell, "inline_bytes", json_integer(32));
    json_object_set_new(cell, "method", json_string("pingpong"));
    struct asked *asked = asked_make(one_cell("latency"), after, false);
    assert_string_equal(reason(asked, 0),
                        "qps 1 → 2, depth 128 → 64, signal-every 16 → 1, inline 0 → 32, "
                        "method completion → pingpong");
    asked_free(asked);
}

static void another_method_matters_to_latencies_only(void **state)
{
    (void)state;
    json_t *after = one_cell("bandwidth");
    json_object_set_new(ledger_cell(after, 0), "method", json_string("pingpong"));
    struct asked *asked = asked_make(one_cell("bandwidth"), after, false);
    assert_null(reason(asked, 0));
    asked_free(asked);

    after = one_cell("latency");
    json_object_set_new(ledger_cell(after, 0), "method", json_string("ping\033[2J"));
    asked = asked_make(one_cell("latency"), after, false);
    assert_string_equal(reason(asked, 0), "method completion → ping?[2J");
    asked_free(asked);
}

/* ---- hardware ---- */

static void hardware_is_named_of_either_end_and_before_settings(void **state)
{
    (void)state;
    for (int across = 0; across < 2; across++) {
        json_t *after = ledger_document(&compared_plan);
        ledger_set_host(after, 1, "cpu", json_string("another CPU"));
        for (size_t i = 0; i < 64; i++)
            json_object_set_new(ledger_cell(after, i), "depth", json_integer(64));
        struct asked *asked = asked_make(ledger_document(&compared_plan), after, across);
        for (size_t i = 0; i < 64; i++) {
            const struct mcb_ledger_cell *cell = &asked->after.cells[i];
            bool of_n2 = cell->initiator >= 4 || cell->target >= 4;
            assert_string_equal(reason(asked, i),
                                of_n2 && !across ? "CPU a CPU → another CPU" : "depth 128 → 64");
        }
        asked_free(asked);
    }
}

static void another_transport_keeps_all_cells_from_being_compared(void **state)
{
    (void)state;
    json_t *after = one_cell("bandwidth");
    json_object_set_new(after, "transport",
                        json_pack("{s:s, s:s}", "name", "tcp", "because", "asked for"));
    struct asked *asked = asked_make(one_cell("bandwidth"), after, false);
    assert_string_equal(reason(asked, 0), "transport rdma → tcp");
    asked_free(asked);
}

static void the_stand_in_gpu_is_the_reason_of_its_cells_whatever_is_allowed(void **state)
{
    (void)state;
    static const char *const memories[] = {"cpu:0", "cuda:0"};
    struct ledger_plan plan = {.nics = 1, .memories = memories, .memory_count = 2};
    json_t *before = ledger_document(&plan);
    plan.stand_in = true;
    struct asked *asked = asked_make(before, ledger_document(&plan), true);
    assert_null(reason(asked, 0));
    for (size_t i = 1; i < 4; i++)
        assert_string_equal(reason(asked, i), "stand-in GPU no → yes");
    asked_free(asked);
}

/* ---- nothing in common ---- */

static void a_result_without_a_common_cell_is_told_by_its_file_hosts_and_settings(void **state)
{
    (void)state;
    static const struct ledger_setting settings[] = {{.size_bytes = 4096}, {.operation = "read"}};
    struct mcb_ledger before, after;
    struct mcb_error error;
    char path[] = "today\033[2J.json";
    ledger_of_plan(&(struct ledger_plan){.hosts = 5, .nics = 1, .prefix = "m"}, &before);
    ledger_of_plan(&(struct ledger_plan){.nics = 1, .settings = settings, .setting_count = 2},
                   &after);
    after.path = path;
    assert_int_equal(mcb_comparison_have_nothing(&before, &after, &error), -1);
    assert_int_equal(error.code, MCB_FAULT_USE_COMPARE);
    assert_has(error.detail, "today?[2J.json: no cell in common with the baseline. It has: ");
    assert_has(error.detail, " and 1 more of n1. The baseline has: write bandwidth · 64 KiB");
    assert_has(error.detail, " of m1, m2, m3 and 2 more. Results of the same command and hosts");
    char deep[1000];
    memset(deep, 'd', sizeof deep - 1);
    deep[sizeof deep - 1] = '\0';
    after.path = deep;
    assert_int_equal(mcb_comparison_have_nothing(&before, &after, &error), -1);
    assert_has(error.detail, " of m1, m2, m3 and 2 more. Results of the same command and hosts");
    after.path = NULL;
    mcb_ledger_release(&before);
    mcb_ledger_release(&after);
}

static void a_result_without_any_cell_says_so(void **state)
{
    (void)state;
    struct mcb_ledger before, after;
    struct mcb_error error;
    json_t *empty = one_cell("bandwidth");
    ledger_drop(empty, 0);
    ledger_of(empty, &before);
    ledger_of(one_cell("bandwidth"), &after);
    assert_int_equal(mcb_comparison_have_nothing(&before, &after, &error), -1);
    assert_has(error.detail, "The baseline has: no cell. Results");
    mcb_ledger_release(&before);
    mcb_ledger_release(&after);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(cells_of_the_same_setting_and_hardware_can_be_compared),
        cmocka_unit_test(each_setting_that_bears_on_figures_is_named),
        cmocka_unit_test(all_settings_that_differ_are_in_one_reason),
        cmocka_unit_test(another_method_matters_to_latencies_only),
        cmocka_unit_test(hardware_is_named_of_either_end_and_before_settings),
        cmocka_unit_test(another_transport_keeps_all_cells_from_being_compared),
        cmocka_unit_test(the_stand_in_gpu_is_the_reason_of_its_cells_whatever_is_allowed),
        cmocka_unit_test(a_result_without_a_common_cell_is_told_by_its_file_hosts_and_settings),
        cmocka_unit_test(a_result_without_any_cell_says_so),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
