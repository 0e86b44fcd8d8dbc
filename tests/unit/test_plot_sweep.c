/* SPDX-License-Identifier: Apache-2.0 */

/* Which settings of a result belong together: plot_sweep.h, plot_index.h. */

#include "bench/report/plot_sweep.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "bench/plan/settings.h"
#include "bench/report/plot_index.h"
#include "tests/unit/ledger_helper.h"

static void ledger_make(const struct ledger_setting *settings, size_t count,
                        struct mcb_ledger *ledger)
{
    ledger_of_plan(&(struct ledger_plan){.nics = 1, .settings = settings, .setting_count = count},
                   ledger);
}

static void settings_that_differ_in_size_alone_are_one_sweep(void **state)
{
    static const struct ledger_setting settings[] = {{.size_bytes = 8192},
                                                     {.size_bytes = 4096, .qps = 2},
                                                     {.size_bytes = 4096},
                                                     {.size_bytes = 16384},
                                                     {.size_bytes = 4096, .ordering = "on"}};
    struct mcb_ledger ledger;
    struct mcb_plot_sweeps sweeps;
    struct mcb_error error;
    ledger_make(settings, 5, &ledger);
    assert_int_equal(mcb_plot_sweeps_make(&ledger, &sweeps, &error), 0);
    assert_int_equal(sweeps.count, 3);
    assert_int_equal(sweeps.list[0].count, 3);
    static const uint32_t by_size[] = {2, 0, 3};
    for (size_t i = 0; i < 3; i++)
        assert_int_equal(sweeps.list[0].settings[i], by_size[i]);
    assert_int_equal(sweeps.list[1].settings[0], 1);
    assert_int_equal(sweeps.list[2].settings[0], 4);
    mcb_plot_sweeps_release(&sweeps);
    mcb_ledger_release(&ledger);
    (void)state;
}

static void the_largest_size_stands_for_bandwidth_the_smallest_for_latency(void **state)
{
    static const struct ledger_setting settings[] = {
        {.size_bytes = 8192},
        {.size_bytes = 4096},
        {.measure = "latency", .size_bytes = 64},
        {.measure = "latency", .size_bytes = 8},
    };
    static const bool expected[] = {true, false, false, true};
    struct mcb_ledger ledger;
    struct mcb_plot_sweeps sweeps;
    struct mcb_error error;
    ledger_make(settings, 4, &ledger);
    assert_int_equal(mcb_plot_sweeps_make(&ledger, &sweeps, &error), 0);
    for (size_t i = 0; i < 4; i++)
        assert_int_equal(sweeps.stands[i], expected[i]);
    mcb_plot_sweeps_release(&sweeps);
    mcb_ledger_release(&ledger);
    (void)state;
}

static void no_sweep_has_more_sizes_than_a_run(void **state)
{
    struct ledger_setting settings[MCB_SIZES_MAX + 6] = {{0}};
    struct mcb_ledger ledger;
    struct mcb_plot_sweeps sweeps;
    struct mcb_error error;
    for (size_t i = 0; i < MCB_SIZES_MAX + 6; i++)
        settings[i].size_bytes = 64 + i;
    ledger_make(settings, MCB_SIZES_MAX + 6, &ledger);
    assert_int_equal(mcb_plot_sweeps_make(&ledger, &sweeps, &error), 0);
    assert_int_equal(sweeps.count, 1);
    assert_int_equal(sweeps.list[0].count, MCB_SIZES_MAX);
    mcb_plot_sweeps_release(&sweeps);
    mcb_ledger_release(&ledger);
    (void)state;
}

static void a_setting_is_found_by_what_it_differs_in(void **state)
{
    static const struct ledger_setting settings[] = {
        {.ordering = "off"},
        {.ordering = "on"},
        {.ordering = "on", .qps = 2},
        {.ordering = "off", .route = "staged"},
    };
    struct mcb_ledger ledger;
    struct mcb_plot_index index;
    struct mcb_error error;
    ledger_make(settings, 4, &ledger);
    assert_int_equal(mcb_plot_index_make(&ledger, &index, &error), 0);
    const struct mcb_ledger_setting *on = &ledger.settings[1];
    assert_ptr_equal(mcb_plot_index_find(&index, on, "direct", "off"), &ledger.settings[0]);
    assert_ptr_equal(mcb_plot_index_find(&index, &ledger.settings[0], "staged", "off"),
                     &ledger.settings[3]);
    assert_null(mcb_plot_index_find(&index, &ledger.settings[2], "direct", "off"));
    assert_null(mcb_plot_index_find(&index, on, "host", "on"));
    mcb_plot_index_release(&index);
    mcb_ledger_release(&ledger);
    (void)state;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(settings_that_differ_in_size_alone_are_one_sweep),
        cmocka_unit_test(the_largest_size_stands_for_bandwidth_the_smallest_for_latency),
        cmocka_unit_test(no_sweep_has_more_sizes_than_a_run),
        cmocka_unit_test(a_setting_is_found_by_what_it_differs_in),
    };
    return cmocka_run_group_tests_name("plot_sweep", tests, NULL, NULL);
}
