/* SPDX-License-Identifier: Apache-2.0 */

/* The same paths measured in several ways, put side by side. */
#include "bench/report/page_parts.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "tests/unit/page_helper.h"

static const char *const gpu_memory[] = {"cuda:0"}, *const mixed_memory[] = {"cpu:0", "cuda:0"};

/* By setting; the path from endpoint 1 to endpoint 0 half of it in the first. */
static double by_setting(size_t initiator, size_t target, size_t setting, size_t trial,
                         void *context)
{
    (void)trial;
    const double *figures = context;
    return setting == 0 && initiator == 1 && target == 0 ? figures[0] / 2 : figures[setting];
}

static double figure_of(const struct mcb_ledger *ledger, uint32_t number)
{
    return number == MCB_LEDGER_NONE ? 0 : ledger->cells[number].figure;
}

static void ordering_on_stands_beside_off_worst_first(void **state)
{
    (void)state;
    static const struct ledger_setting settings[] = {{.ordering = "on"}, {.ordering = "off"}};
    double figures[] = {110, 100};
    struct ledger_plan plan = {.nics = 2,
                               .settings = settings,
                               .setting_count = 2,
                               .figure = by_setting,
                               .context = figures};
    struct mcb_ledger ledger;
    struct mcb_page_input input;
    struct mcb_page page;
    page_prepare(ledger_document(&plan), &ledger, &input, &page);
    assert_int_equal(page.way_count, 1);
    const struct mcb_page_ways *ways = &page.ways[0];
    assert_false(ways->routes);
    assert_int_equal(ways->count, 4);
    assert_float_equal(ways->rows[0].ratio, 0.55, 1e-9);
    assert_float_equal(ways->rows[3].ratio, 1.1, 1e-9);
    assert_float_equal(ways->median, 1.1, 1e-9);
    for (size_t i = 0; i < 4; i++) {
        const struct mcb_ledger_cell *on = &ledger.cells[ways->rows[i].cells[0]];
        const struct mcb_ledger_cell *off = &ledger.cells[ways->rows[i].cells[1]];
        assert_int_equal(on->initiator, off->initiator);
        assert_int_equal(on->target, off->target);
    }
    mcb_page_release(&page);
    mcb_ledger_release(&ledger);
}

static void direct_stands_beside_staged_and_host_memory(void **state)
{
    (void)state;
    static const struct ledger_setting settings[] = {
        {.route = "direct"}, {.route = "staged"}, {.route = "host"}};
    double figures[] = {380, 190, 390};
    struct ledger_plan plan = {.nics = 2,
                               .memories = gpu_memory,
                               .memory_count = 1,
                               .settings = settings,
                               .setting_count = 3,
                               .figure = by_setting,
                               .context = figures};
    json_t *document = ledger_document(&plan), *cell;
    size_t i;
    /* the memory of an end of a host cell is its bounce buffer's */
    json_array_foreach(json_object_get(document, "cells"), i, cell)
    {
        if (strcmp(mcb_json_text(cell, "route"), "host") == 0)
            result_set_route(cell, "host", "cpu:0", "cpu:0");
    }
    struct mcb_ledger ledger;
    struct mcb_page_input input;
    struct mcb_page page;
    page_prepare(document, &ledger, &input, &page);
    assert_int_equal(page.way_count, 1);
    const struct mcb_page_ways *ways = &page.ways[0];
    assert_true(ways->routes);
    assert_int_equal(ways->count, 4);
    assert_float_equal(figure_of(&ledger, ways->rows[3].cells[0]), 380, 1e-9);
    assert_float_equal(figure_of(&ledger, ways->rows[3].cells[1]), 190, 1e-9);
    assert_float_equal(figure_of(&ledger, ways->rows[3].cells[2]), 390, 1e-9);
    assert_float_equal(ways->rows[0].ratio, 190.0 / 390, 1e-9);
    assert_float_equal(ways->median, 380.0 / 390, 1e-9);
    mcb_page_release(&page);
    mcb_ledger_release(&ledger);
}

static void memory_of_gpus_stands_beside_that_of_the_host_between_the_same_nics(void **state)
{
    (void)state;
    struct ledger_plan plan = {.nics = 2, .memories = mixed_memory, .memory_count = 2};
    struct mcb_ledger ledger;
    struct mcb_page_input input;
    struct mcb_page page;
    page_prepare(ledger_document(&plan), &ledger, &input, &page);
    assert_int_equal(page.way_count, 1);
    const struct mcb_page_ways *ways = &page.ways[0];
    assert_int_equal(ways->count, 12); /* of 16, those with a GPU */
    for (size_t i = 0; i < ways->count; i++) {
        const struct mcb_ledger_cell *gpu = &ledger.cells[ways->rows[i].cells[0]];
        assert_int_not_equal(ways->rows[i].cells[2], MCB_LEDGER_NONE);
        const struct mcb_ledger_cell *host = &ledger.cells[ways->rows[i].cells[2]];
        assert_string_equal(ledger.endpoints[gpu->initiator].nic,
                            ledger.endpoints[host->initiator].nic);
        assert_string_equal(ledger.endpoints[gpu->target].nic, ledger.endpoints[host->target].nic);
        assert_string_equal(ledger.endpoints[host->target].memory, "cpu:0");
    }
    mcb_page_release(&page);
    mcb_ledger_release(&ledger);
}

static void more_is_better_of_latencies_too(void **state)
{
    (void)state;
    static const struct ledger_setting settings[] = {{.measure = "latency", .ordering = "on"},
                                                     {.measure = "latency", .ordering = "off"}};
    double figures[] = {2, 4};
    struct ledger_plan plan = {.nics = 1,
                               .settings = settings,
                               .setting_count = 2,
                               .figure = by_setting,
                               .context = figures};
    struct mcb_ledger ledger;
    struct mcb_page_input input;
    struct mcb_page page;
    page_prepare(ledger_document(&plan), &ledger, &input, &page);
    assert_float_equal(page.ways[0].median, 2, 1e-9);
    mcb_page_release(&page);
    mcb_ledger_release(&ledger);
}

static void a_cell_that_failed_has_no_ratio_and_is_first(void **state)
{
    (void)state;
    static const struct ledger_setting settings[] = {{.ordering = "on"}, {.ordering = "off"}};
    struct ledger_plan plan = {.nics = 2, .settings = settings, .setting_count = 2};
    json_t *document = ledger_document(&plan);
    ledger_fail(document, ledger_cell_at(document, 1, 1, 1), "failed", "MCB-RDMA-013", "lost");
    struct mcb_ledger ledger;
    struct mcb_page_input input;
    struct mcb_page page;
    page_prepare(document, &ledger, &input, &page);
    assert_float_equal(page.ways[0].rows[0].ratio, 0, 0);
    assert_int_equal(ledger.cells[page.ways[0].rows[0].cells[1]].status, MCB_LEDGER_FAILED);
    assert_true(page.ways[0].rows[1].ratio > 0);
    mcb_page_release(&page);
    mcb_ledger_release(&ledger);
}

static void settings_that_differ_in_more_do_not_stand_together(void **state)
{
    (void)state;
    static const struct ledger_setting settings[] = {{.ordering = "on", .size_bytes = 4096},
                                                     {.ordering = "off"}};
    struct ledger_plan plan = {.nics = 2, .settings = settings, .setting_count = 2};
    struct mcb_ledger ledger;
    struct mcb_page_input input;
    struct mcb_page page;
    page_prepare(ledger_document(&plan), &ledger, &input, &page);
    assert_int_equal(page.way_count, 0);
    mcb_page_release(&page);
    mcb_ledger_release(&ledger);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(ordering_on_stands_beside_off_worst_first),
        cmocka_unit_test(direct_stands_beside_staged_and_host_memory),
        cmocka_unit_test(memory_of_gpus_stands_beside_that_of_the_host_between_the_same_nics),
        cmocka_unit_test(more_is_better_of_latencies_too),
        cmocka_unit_test(a_cell_that_failed_has_no_ratio_and_is_first),
        cmocka_unit_test(settings_that_differ_in_more_do_not_stand_together),
    };
    return cmocka_run_group_tests_name("page_ways", tests, NULL, NULL);
}
