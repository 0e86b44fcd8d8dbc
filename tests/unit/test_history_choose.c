/* SPDX-License-Identifier: Apache-2.0 */
/* Which runs of a history a new result is held against. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "bench/report/history.h"
#include "tests/unit/history_helper.h"

/* One host of two NICs: 4 paths. */
static const struct ledger_plan plan = {.nics = 2};

/* The history is what `runs` has but its last one, which is new. */
static size_t choose(struct runs *runs, size_t chosen[MCB_HISTORY_CHOSEN_MOST])
{
    runs_end(runs);
    const struct mcb_history history = {.runs = runs->ledgers, .count = runs->count - 1};
    struct mcb_error error;
    size_t count;
    if (mcb_history_choose(&history, &runs->ledgers[runs->count - 1], false, chosen, &count,
                           &error) != 0)
        fail_msg("%s", error.detail);
    for (size_t i = 1; i < count; i++)
        assert_true(chosen[i - 1] < chosen[i]);
    return count;
}

static void the_newest_runs_are_chosen(void **state)
{
    (void)state;
    struct runs runs;
    size_t chosen[MCB_HISTORY_CHOSEN_MOST];
    runs_begin(&runs, 16, &plan);
    assert_int_equal(choose(&runs, chosen), 10);
    assert_int_equal(chosen[0], 5);
    assert_int_equal(chosen[9], 14);
    runs_release(&runs);
}

static void few_runs_are_all_chosen(void **state)
{
    (void)state;
    size_t chosen[MCB_HISTORY_CHOSEN_MOST];
    for (size_t count = 1; count <= 4; count++) {
        struct runs runs;
        runs_begin(&runs, count, &plan);
        assert_int_equal(choose(&runs, chosen), count - 1);
        runs_release(&runs);
    }
}

static void runs_after_the_new_one_are_not_chosen(void **state)
{
    (void)state;
    struct runs runs;
    size_t chosen[MCB_HISTORY_CHOSEN_MOST];
    runs_begin(&runs, 8, &plan);
    json_object_set_new(runs.documents[7], "started", json_string("2026-01-03T12:00:00Z"));
    assert_int_equal(choose(&runs, chosen), 3);
    assert_int_equal(chosen[2], 2);
    runs_release(&runs);
}

static void runs_on_other_hardware_are_not_chosen(void **state)
{
    (void)state;
    struct runs runs;
    size_t chosen[MCB_HISTORY_CHOSEN_MOST];
    runs_begin(&runs, 8, &plan);
    for (size_t run = 0; run < 3; run++)
        ledger_set_host(runs.documents[run], 0, "cpu", json_string("another CPU"));
    assert_int_equal(choose(&runs, chosen), 4);
    assert_int_equal(chosen[0], 3);
    runs_release(&runs);
}

/* One NIC of two was replaced: the paths of the other one can still be compared. */
static void runs_that_have_a_path_in_common_are_chosen(void **state)
{
    (void)state;
    struct runs runs;
    size_t chosen[MCB_HISTORY_CHOSEN_MOST];
    runs_begin(&runs, 8, &plan);
    for (size_t run = 0; run < 3; run++)
        ledger_set_nic(runs.documents[run], 0, 0, "device_id", json_string("0x15b3:0x1023"));
    assert_int_equal(choose(&runs, chosen), 7);
    runs_release(&runs);
}

static void runs_of_other_settings_are_not_chosen(void **state)
{
    (void)state;
    static const struct ledger_setting read = {.operation = "read"};
    const struct ledger_plan other = {.nics = 2, .settings = &read, .setting_count = 1};
    struct runs runs;
    size_t chosen[MCB_HISTORY_CHOSEN_MOST];
    runs_begin(&runs, 9, &plan);
    for (size_t run = 1; run < 8; run += 2) {
        json_decref(runs.documents[run]);
        runs.documents[run] = runs_document(run, &other);
    }
    assert_int_equal(choose(&runs, chosen), 4);
    for (size_t i = 0; i < 4; i++)
        assert_int_equal(chosen[i], 2 * i);
    runs_release(&runs);
}

static void nothing_fits_a_result_of_another_machine(void **state)
{
    (void)state;
    struct runs runs;
    size_t chosen[MCB_HISTORY_CHOSEN_MOST];
    runs_begin(&runs, 4, &plan);
    ledger_set_host(runs.documents[3], 0, "cpu", json_string("another CPU"));
    assert_int_equal(choose(&runs, chosen), 0);
    runs_release(&runs);
}

static void a_path_that_failed_needs_what_was_before(void **state)
{
    (void)state;
    struct runs runs;
    size_t chosen[MCB_HISTORY_CHOSEN_MOST];
    runs_begin(&runs, 4, &plan);
    for (size_t cell = 0; cell < 4; cell++)
        ledger_fail(runs.documents[3], cell, "failed", "MCB-RDMA-013", "lost");
    assert_int_equal(choose(&runs, chosen), 3);
    runs_release(&runs);
}

static void runs_before_most_paths_changed_are_not_chosen(void **state)
{
    (void)state;
    struct runs runs;
    size_t chosen[MCB_HISTORY_CHOSEN_MOST];
    runs_begin(&runs, 13, &(struct ledger_plan){.nics = 4});
    for (size_t cell = 0; cell < 9; cell++)
        runs_scale(&runs, cell, 7, 13, 0.85);
    assert_int_equal(choose(&runs, chosen), 5);
    assert_int_equal(chosen[0], 7);
    runs_release(&runs);
}

static void a_change_of_half_the_paths_hides_no_run(void **state)
{
    (void)state;
    struct runs runs;
    size_t chosen[MCB_HISTORY_CHOSEN_MOST];
    runs_begin(&runs, 9, &(struct ledger_plan){.nics = 4});
    for (size_t cell = 0; cell < 8; cell++)
        runs_scale(&runs, cell, 5, 9, 0.85);
    assert_int_equal(choose(&runs, chosen), 8);
    runs_release(&runs);
}

/* Only the last run of the history and the new one are slower. */
static void a_level_that_one_run_has_seen_is_none_yet(void **state)
{
    (void)state;
    struct runs runs;
    size_t chosen[MCB_HISTORY_CHOSEN_MOST];
    for (size_t first = 10; first <= 11; first++) {
        runs_begin(&runs, 13, &(struct ledger_plan){.nics = 4});
        for (size_t cell = 0; cell < 16; cell++)
            runs_scale(&runs, cell, first, 13, 0.8);
        assert_int_equal(choose(&runs, chosen), first == 11 ? 10 : 2);
        runs_release(&runs);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_newest_runs_are_chosen),
        cmocka_unit_test(few_runs_are_all_chosen),
        cmocka_unit_test(runs_after_the_new_one_are_not_chosen),
        cmocka_unit_test(runs_on_other_hardware_are_not_chosen),
        cmocka_unit_test(runs_that_have_a_path_in_common_are_chosen),
        cmocka_unit_test(runs_of_other_settings_are_not_chosen),
        cmocka_unit_test(nothing_fits_a_result_of_another_machine),
        cmocka_unit_test(a_path_that_failed_needs_what_was_before),
        cmocka_unit_test(runs_before_most_paths_changed_are_not_chosen),
        cmocka_unit_test(a_change_of_half_the_paths_hides_no_run),
        cmocka_unit_test(a_level_that_one_run_has_seen_is_none_yet),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
