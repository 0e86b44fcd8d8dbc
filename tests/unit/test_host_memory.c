/* SPDX-License-Identifier: Apache-2.0 */

/* Which host memory stands beside a cell with memory of a GPU. */
#include "bench/report/host_memory.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "tests/unit/expectation_helper.h"
#include "tests/unit/page_helper.h"
#include "tests/unit/plot_made.h"

static const char *const gpu_memory[] = {"cuda:0"}, *const two_gpus[] = {"cuda:0", "cuda:1"},
                         *const mixed_memory[] = {"cpu:0", "cuda:0"};

/* What stands in `measured` beside the cell at a place of the document of `ledger`; NULL: nothing.
 */
static const struct mcb_ledger_cell *beside(const struct mcb_ledger *ledger, size_t position,
                                            const struct mcb_ledger *measured)
{
    struct mcb_host_memory *hosts = mcb_host_memory_make(ledger, measured);
    assert_non_null(hosts);
    uint32_t number = mcb_host_memory_cell(hosts, mcb_ledger_at(ledger, position));
    mcb_host_memory_free(hosts);
    return number == MCB_LEDGER_NONE ? NULL : &measured->cells[number];
}

/* Takes the reference of the document. found: the place in it that stands beside the one at
 * `position`; -1: none. */
static void assert_beside(json_t *document, size_t position, int found)
{
    struct mcb_ledger ledger;
    ledger_of(document, &ledger);
    const struct mcb_ledger_cell *cell = beside(&ledger, position, &ledger);
    assert_int_equal(cell ? (int)cell->position : -1, found);
    mcb_ledger_release(&ledger);
}

static void set_figure(json_t *document, size_t position, double figure)
{
    ledger_set_trials(ledger_cell(document, position), &figure, 1);
}

/* Four direct cells of two GPUs beside one NIC, and four on the route host, which have these
 * figures: as in results, these lie between bounce buffers of one name. */
static json_t *two_gpus_beside_a_nic(const char *measure, const double figures[4])
{
    const struct ledger_setting routes[] = {{.route = "direct", .measure = measure},
                                            {.route = "host", .measure = measure}};
    json_t *document = ledger_document(&(struct ledger_plan){.nics = 1,
                                                             .memories = two_gpus,
                                                             .memory_count = 2,
                                                             .settings = routes,
                                                             .setting_count = 2});
    for (size_t i = 0; i < 4; i++) {
        result_set_route(ledger_cell(document, 4 + i), "host", "cpu:0", "cpu:0");
        set_figure(document, 4 + i, figures[i]);
    }
    return document;
}

static void of_several_between_the_same_nics_the_best_stands_beside_each(void **state)
{
    (void)state;
    const double figures[] = {80, 100, 70, 90};
    for (size_t i = 0; i < 4; i++) {
        assert_beside(two_gpus_beside_a_nic("bandwidth", figures), i, 5);
        assert_beside(two_gpus_beside_a_nic("latency", figures), i, 6);
    }
}

/* 0 would be the least of latencies. */
static void one_that_failed_counts_only_where_none_has_a_figure(void **state)
{
    (void)state;
    static const char *const measures[] = {"bandwidth", "latency"};
    static const int next_best[] = {7, 4};
    for (size_t m = 0; m < 2; m++) {
        json_t *document = two_gpus_beside_a_nic(measures[m], (const double[]){80, 100, 70, 90});
        ledger_fail(document, m == 0 ? 5 : 6, "failed", "MCB-RDMA-013", "lost");
        assert_beside(json_incref(document), 0, next_best[m]);
        for (size_t i = 4; i < 8; i++)
            ledger_fail(document, i, "failed", "MCB-RDMA-013", "lost");
        assert_beside(document, 0, 4);
    }
}

static void without_the_route_host_one_with_host_memory_at_both_ends_counts(void **state)
{
    (void)state;
    const struct ledger_plan plan = {.nics = 2, .memories = mixed_memory, .memory_count = 2};
    json_t *document = ledger_document(&plan);
    /* from each memory of the first NIC to each of the second, and back */
    for (size_t initiator = 0; initiator < 2; initiator++)
        for (size_t target = 2; target < 4; target++) {
            assert_beside(json_incref(document), ledger_cell_at(document, 0, initiator, target),
                          (int)ledger_cell_at(document, 0, 0, 2));
            assert_beside(json_incref(document), ledger_cell_at(document, 0, target, initiator),
                          (int)ledger_cell_at(document, 0, 2, 0));
        }
    ledger_drop(document, ledger_cell_at(document, 0, 0, 2));
    assert_beside(document, ledger_cell_at(document, 0, 1, 3) - 1, -1);
}

static void the_route_host_is_before_a_better_one_of_another_route(void **state)
{
    (void)state;
    static const struct ledger_setting routes[] = {{.route = "direct"}, {.route = "host"}};
    json_t *document = ledger_document(&(struct ledger_plan){.nics = 1,
                                                             .memories = mixed_memory,
                                                             .memory_count = 2,
                                                             .settings = routes,
                                                             .setting_count = 2});
    set_figure(document, 0, 500); /* directly between host memories */
    for (size_t i = 4; i < 8; i++)
        result_set_route(ledger_cell(document, i), "host", "cpu:0", "cpu:0");
    set_figure(document, 6, 110);
    assert_beside(json_incref(document), 3, 6);
    for (size_t i = 4; i < 8; i++)
        ledger_fail(document, i, "failed", "MCB-RDMA-013", "lost");
    assert_beside(document, 3, 0);
}

static void host_memory_under_another_setting_is_not_beside(void **state)
{
    (void)state;
    static const struct ledger_setting settings[][2] = {
        {{.size_bytes = 4096}, {.size_bytes = 65536}},
        {{.ordering = "on"}, {.ordering = "off"}},
        {{.operation = "read"}, {.operation = "write"}},
        {{.measure = "latency"}, {.measure = "bandwidth"}},
        {{.qps = 2}, {.qps = 1}},
        {{.depth = 2}, {.depth = 1}},
        {{.bidirectional = true}, {.bidirectional = false}},
    };
    for (size_t i = 0; i < LENGTH(settings); i++) {
        json_t *document = ledger_document(&(struct ledger_plan){.nics = 1,
                                                                 .memories = gpu_memory,
                                                                 .memory_count = 1,
                                                                 .settings = settings[i],
                                                                 .setting_count = 2});
        result_set_route(ledger_cell(document, 1), "direct", "cpu:0", "cpu:0");
        assert_beside(document, 0, -1);
    }
}

/* Numbers of hosts, NICs and settings differ in the two results. */
static void host_memory_may_be_of_another_result(void **state)
{
    (void)state;
    static const struct ledger_setting settings[] = {
        {.size_bytes = 1024}, {.size_bytes = 4096}, {.size_bytes = 65536}};
    struct mcb_ledger gpus, hosts;
    ledger_of_plan(&(struct ledger_plan){.hosts = 2,
                                         .nics = 1,
                                         .memories = gpu_memory,
                                         .memory_count = 1,
                                         .settings = &settings[1],
                                         .setting_count = 1},
                   &gpus);
    json_t *document = ledger_document(
        &(struct ledger_plan){.hosts = 3, .nics = 2, .settings = settings, .setting_count = 3});
    size_t wanted = ledger_cell_at(document, 1, 0, 2); /* n1/mlx5_0 to n2/mlx5_0 */
    ledger_of(document, &hosts);
    const struct mcb_ledger_cell *found = beside(&gpus, 1, &hosts);
    assert_non_null(found);
    assert_int_equal(found->position, wanted);
    assert_null(beside(&gpus, 1, &gpus));
    mcb_ledger_release(&gpus);
    mcb_ledger_release(&hosts);
}

static void the_route_host_of_another_result_does_not_count(void **state)
{
    (void)state;
    struct mcb_ledger ledgers[2];
    for (size_t i = 0; i < 2; i++)
        ledger_of(two_gpus_beside_a_nic("bandwidth", (const double[]){80, 100, 70, 90}),
                  &ledgers[i]);
    assert_null(beside(&ledgers[0], 0, &ledgers[1]));
    assert_non_null(beside(&ledgers[0], 0, &ledgers[0]));
    for (size_t i = 0; i < 2; i++)
        mcb_ledger_release(&ledgers[i]);
}

/* ---- all that say something of it ---- */

static void assert_page_says(const struct mcb_page *page, const struct mcb_expectation_miss *miss)
{
    assert_int_equal(page->way_count, 1);
    const struct mcb_page_ways *ways = &page->ways[0];
    for (size_t i = 0; i < ways->count; i++) {
        if (ways->rows[i].cells[0] != miss->cell)
            continue;
        assert_float_equal(page->ledger->cells[ways->rows[i].cells[2]].figure, miss->bound, 1e-9);
        assert_float_equal(ways->rows[i].ratio, miss->figure / miss->bound, 1e-9);
        return;
    }
    fail_msg("the page has no row of cell %zu", (size_t)miss->cell);
}

/* Bounds of 100 % of host memory are its figures. */
static void verdict_page_and_plot_take_the_same_cell(void **state)
{
    const double direct[] = {60, 76, 95, 88};
    json_t *document = two_gpus_beside_a_nic("bandwidth", (const double[]){80, 100, 70, 90});
    for (size_t i = 0; i < 4; i++)
        set_figure(document, i, direct[i]);
    struct mcb_ledger ledger;
    struct mcb_page_input input;
    struct mcb_page page;
    page_prepare(json_incref(document), &ledger, &input, &page);
    assert_int_equal(plot_made_of(*state, document, "gpu"), 1);
    struct mcb_expectations made = judge(&ledger, "gpu > 100% of cpu");
    assert_int_equal(made.list[0].miss_count, 4);
    for (size_t i = 0; i < 4; i++) {
        const struct mcb_expectation_miss *miss = &made.list[0].misses[i];
        char share[64];
        assert_float_equal(miss->bound, 100, 1e-9);
        assert_page_says(&page, miss);
        snprintf(share, sizeof share, "\"%.0f %% of host\"", 100 * miss->figure / miss->bound);
        plot_assert_holds(*state, "gpu-1.dat", share);
    }
    mcb_expectations_release(&made);
    mcb_page_release(&page);
    mcb_ledger_release(&ledger);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(of_several_between_the_same_nics_the_best_stands_beside_each),
        cmocka_unit_test(one_that_failed_counts_only_where_none_has_a_figure),
        cmocka_unit_test(without_the_route_host_one_with_host_memory_at_both_ends_counts),
        cmocka_unit_test(the_route_host_is_before_a_better_one_of_another_route),
        cmocka_unit_test(host_memory_under_another_setting_is_not_beside),
        cmocka_unit_test(host_memory_may_be_of_another_result),
        cmocka_unit_test(the_route_host_of_another_result_does_not_count),
        IN_FOLDER(verdict_page_and_plot_take_the_same_cell),
    };
    return cmocka_run_group_tests_name("host_memory", tests, NULL, NULL);
}
