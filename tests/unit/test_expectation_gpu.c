/* SPDX-License-Identifier: Apache-2.0 */
/* What a rule says of the memory of GPUs, beside that of the host (test_host_memory.c). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tests/unit/expectation_helper.h"

static const struct ledger_setting compared[] = {
    {.route = "direct"}, {.route = "staged"}, {.route = "host"}};

/* Direct 95, staged 60, host 100; the path from endpoint 1 to itself reaches 80 directly. */
static double by_route(size_t initiator, size_t target, size_t setting, size_t trial, void *context)
{
    static const double figures[] = {95, 60, 100};
    (void)trial;
    (void)context;
    return setting == 0 && initiator == 1 && target == 1 ? 80 : figures[setting];
}

/* Two NICs, each with a GPU's memory, measured on three routes: the cells of the route host are
 * between bounce buffers, whose memory is the host's. */
static json_t *compared_routes(const struct ledger_setting *settings, size_t count)
{
    static const char *const memories[] = {"cuda:0"};
    json_t *document = ledger_document(&(struct ledger_plan){.memories = memories,
                                                             .memory_count = 1,
                                                             .settings = settings,
                                                             .setting_count = count,
                                                             .figure = by_route});
    for (size_t i = 8; i < 12; i++)
        result_set_route(ledger_cell(document, i), "host", "cpu:0", "cpu:0");
    return document;
}

static void memory_of_a_gpu_is_held_against_the_route_host(void **state)
{
    (void)state;
    struct mcb_ledger ledger;
    ledger_of(compared_routes(compared, 3), &ledger);
    assert_judged(&ledger, "gpu >= 95% of cpu where route=direct", 4, 3, 0, false);
    assert_judged(&ledger, "gpu >= 80% of cpu where route=direct", 4, 4, 0, true);
    assert_judged(&ledger, "gpu >= 95% of cpu where route=staged", 4, 0, 0, false);
    assert_judged(&ledger, "gpu >= 60% of cpu", 8, 8, 0, true);
    assert_judged(&ledger, "gpu >= 60% of cpu where route=host", 0, 0, 0, false);
    struct mcb_expectations made = judge(&ledger, "gpu >= 95% of cpu where route=direct");
    assert_true(made.list[0].misses[0].figure == 80 && made.list[0].misses[0].bound == 95);
    mcb_expectations_release(&made);
    mcb_ledger_release(&ledger);
}

static void the_route_host_is_no_memory_of_a_gpu_whatever_it_is_called(void **state)
{
    (void)state;
    static const char *const memories[] = {"cuda:0"};
    struct mcb_ledger ledger;
    ledger_of_plan(&(struct ledger_plan){.memories = memories,
                                         .memory_count = 1,
                                         .settings = compared,
                                         .setting_count = 3,
                                         .figure = by_route},
                   &ledger);
    assert_judged(&ledger, "gpu >= 60% of cpu", 8, 8, 0, true);
    mcb_ledger_release(&ledger);
}

static void latencies_of_a_gpu_are_bounded_from_above(void **state)
{
    (void)state;
    static const struct ledger_setting of_latency[] = {
        {.route = "direct", .measure = "latency"},
        {.route = "staged", .measure = "latency"},
        {.route = "host", .measure = "latency"},
    };
    struct mcb_ledger ledger;
    ledger_of(compared_routes(of_latency, 3), &ledger);
    assert_judged(&ledger, "gpu <= 95% of cpu where route=direct", 4, 4, 0, true);
    assert_judged(&ledger, "gpu < 95% of cpu where route=direct", 4, 1, 0, false);
    assert_judged(&ledger, "gpu >= 95% of cpu", 0, 0, 0, false); /* there is no bandwidth */
    mcb_ledger_release(&ledger);
}

static void without_host_memory_that_has_a_figure_nothing_is_judged(void **state)
{
    (void)state;
    static const char *const memories[] = {"cpu:0", "cuda:0"};
    struct mcb_ledger ledger;
    json_t *document =
        ledger_document(&(struct ledger_plan){.nics = 1, .memories = memories, .memory_count = 2});
    ledger_of(json_incref(document), &ledger);
    assert_judged(&ledger, "gpu >= 1% of cpu", 3, 3, 0, true);
    mcb_ledger_release(&ledger);

    ledger_fail(document, 0, "failed", "MCB-RDMA-013", "lost"); /* host memory to host memory */
    ledger_of(json_incref(document), &ledger);
    assert_judged(&ledger, "gpu >= 1% of cpu", 3, 0, 3, false);
    mcb_ledger_release(&ledger);

    ledger_drop(document, 0);
    ledger_of(document, &ledger);
    assert_judged(&ledger, "gpu >= 1% of cpu", 3, 0, 3, false);
    mcb_ledger_release(&ledger);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(memory_of_a_gpu_is_held_against_the_route_host),
        cmocka_unit_test(the_route_host_is_no_memory_of_a_gpu_whatever_it_is_called),
        cmocka_unit_test(latencies_of_a_gpu_are_bounded_from_above),
        cmocka_unit_test(without_host_memory_that_has_a_figure_nothing_is_judged),
    };
    return cmocka_run_group_tests_name("expectation: gpu", tests, NULL, NULL);
}
