/* SPDX-License-Identifier: Apache-2.0 */

/* Kinds gpu and ordering: paths in two or three ways. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "tests/unit/plot_made.h"

static const char *const gpu_memory[] = {"cuda:0"};

/* direct 380, staged 210, host 390; the path 1 → 0 reaches half of it directly. */
static double by_route(size_t initiator, size_t target, size_t setting, size_t trial, void *context)
{
    static const double figures[] = {380, 210, 390};
    (void)trial;
    (void)context;
    return setting == 0 && initiator == 1 && target == 0 ? 195 : figures[setting];
}

/* Cells of the route host lie between host memories. */
static void move_to_host_memory(json_t *document)
{
    size_t index;
    json_t *cell;
    json_array_foreach(json_object_get(document, "cells"), index, cell)
    {
        if (strcmp(mcb_json_text(cell, "route"), "host") != 0)
            continue;
        json_object_set_new(json_object_get(cell, "initiator"), "memory", json_string("cpu:0"));
        json_object_set_new(json_object_get(cell, "target"), "memory", json_string("cpu:0"));
    }
}

static json_t *three_routes(size_t hosts, size_t nics)
{
    static const struct ledger_setting routes[] = {
        {.route = "direct"}, {.route = "staged"}, {.route = "host"}};
    json_t *document = ledger_document(&(struct ledger_plan){.hosts = hosts,
                                                             .nics = nics,
                                                             .memories = gpu_memory,
                                                             .memory_count = 1,
                                                             .settings = routes,
                                                             .setting_count = 3,
                                                             .ceiling_gbps = 392.1,
                                                             .figure = by_route});
    move_to_host_memory(document);
    return document;
}

/* ---- gpu ---- */

static void three_ways_stand_beside_each_other(void **state)
{
    assert_int_equal(plot_made_of(*state, three_routes(2, 1), "gpu"), 1);
    assert_int_equal(plot_rows(*state, "gpu-1.dat", "bar_1"), 4);
    assert_int_equal(plot_rows(*state, "gpu-1.dat", "bar_2"), 4);
    assert_int_equal(plot_rows(*state, "gpu-1.dat", "bar_3"), 4);
    plot_assert_holds(*state, "gpu-1.dat",
                      "\"GPU beside CPU: write bandwidth · 64 KiB · 1 QP, depth 128 ·\"");
    plot_assert_holds(*state, "gpu-1.dat", "\"97 % of host\"");
    plot_assert_holds(*state, "gpu-1.dat", "\"direct\"");
    plot_assert_holds(*state, "gpu-1.dat", "\"staged\"");
    assert_int_equal(plot_rows(*state, "gpu-1.dat", "ceilings"), 12);
}

static void a_path_far_below_host_memory_is_first_and_marked(void **state)
{
    plot_made_of(*state, three_routes(2, 1), "gpu");
    char *names = plot_block(*state, "gpu-1.dat", "left");
    const char *slow = strstr(names, "n2/mlx5_0/cuda:0 → n1/mlx5_0/cuda:0");
    assert_non_null(slow);
    assert_true(slow < strstr(names, "n1/mlx5_0/cuda:0 → n1/mlx5_0/cuda:0"));
    free(names);
    char expected[64];
    snprintf(expected, sizeof expected, "\"50 %% of host\"\t%d\n", 0xb00020);
    plot_assert_holds(*state, "gpu-1.dat", expected);
}

static void a_way_that_failed_is_seen_as_such(void **state)
{
    json_t *document = three_routes(2, 1);
    ledger_fail(document, ledger_cell_at(document, 0, 0, 1), "failed", "MCB-GPU-006", "x");
    ledger_fail(document, ledger_cell_at(document, 1, 0, 1), "skipped", "MCB-RUN-001", "x");
    plot_made_of(*state, document, "gpu");
    assert_int_equal(plot_rows(*state, "gpu-1.dat", "bar_1"), 3);
    assert_int_equal(plot_rows(*state, "gpu-1.dat", "bar_2"), 3);
    assert_int_equal(plot_rows(*state, "gpu-1.dat", "crosses"), 2);
    plot_assert_holds(*state, "gpu-1.dat", "\"failed\"");
    plot_assert_holds(*state, "gpu-1.dat", "\"not measured\"");
}

static void of_many_paths_the_median_and_the_worst_are_shown(void **state)
{
    plot_made_of(*state, three_routes(1, 5), "gpu");
    plot_assert_holds(*state, "gpu-1.dat", "\"median of 25 paths\"");
    plot_assert_holds(*state, "gpu-1.dat", "\"and 13 better paths\"");
    plot_assert_holds(*state, "gpu-1.dat", "n1/mlx5_1/cuda:0 → n1/mlx5_0/cuda:0");
    assert_int_equal(plot_rows(*state, "gpu-1.dat", "bar_1"), 13);
}

/* mcbench gpu and mcbench cpu, one after the other. */
static void host_memory_may_be_of_another_result(void **state)
{
    struct mcb_ledger ledgers[2];
    ledger_of_plan(&(struct ledger_plan){.hosts = 2,
                                         .nics = 1,
                                         .memories = gpu_memory,
                                         .memory_count = 1,
                                         .started = "2026-11-22T09:00:00Z"},
                   &ledgers[0]);
    ledger_of_plan(&(struct ledger_plan){.hosts = 3, .nics = 2, .started = "2026-11-22T10:00:00Z"},
                   &ledgers[1]);
    struct mcb_plots plots =
        plot_made(*state, &(struct mcb_plot_input){.ledgers = ledgers, .ledger_count = 2}, "gpu");
    assert_int_equal(plots.count, 1);
    assert_int_equal(plot_rows(*state, "gpu-1.dat", "bar_1"), 4);
    assert_int_equal(plot_rows(*state, "gpu-1.dat", "bar_3"), 4);
    plot_assert_holds(*state, "gpu-1.dat", "% of host\"");
    mcb_plots_release(&plots);
    mcb_ledger_release(&ledgers[0]);
    mcb_ledger_release(&ledgers[1]);
}

/* Over TCP nothing is direct. */
static void staged_alone_is_held_against_host_memory(void **state)
{
    static const struct ledger_setting routes[] = {{.route = "staged"}, {.route = "host"}};
    json_t *document = ledger_document(&(struct ledger_plan){.nics = 1,
                                                             .memories = gpu_memory,
                                                             .memory_count = 1,
                                                             .settings = routes,
                                                             .setting_count = 2,
                                                             .tcp = true});
    move_to_host_memory(document);
    assert_int_equal(plot_made_of(*state, document, "gpu"), 1);
    plot_assert_lacks(*state, "gpu-1.dat", "\"direct\"");
    plot_assert_holds(*state, "gpu-1.dat", "\"staged\"");
    plot_assert_holds(*state, "gpu-1.dat", "\"100 % of host\"");
}

/* ---- ordering ---- */

static double by_ordering(size_t initiator, size_t target, size_t setting, size_t trial,
                          void *context)
{
    (void)target;
    (void)trial;
    (void)context;
    if (setting == 0)
        return 340;
    return initiator == 1 ? 306 : 374;
}

static json_t *both_orderings(void)
{
    static const struct ledger_setting orderings[] = {{.ordering = "off"}, {.ordering = "on"}};
    return ledger_document(&(struct ledger_plan){
        .hosts = 2, .nics = 1, .settings = orderings, .setting_count = 2, .figure = by_ordering});
}

static void on_stands_beside_off_with_what_it_is_worth(void **state)
{
    assert_int_equal(plot_made_of(*state, both_orderings(), "ordering"), 1);
    assert_int_equal(plot_rows(*state, "ordering-1.dat", "bar_1"), 4);
    assert_int_equal(plot_rows(*state, "ordering-1.dat", "bar_2"), 4);
    assert_int_equal(plot_rows(*state, "ordering-1.dat", "bar_3"), 0);
    plot_assert_holds(*state, "ordering-1.dat", "relaxed ordering on against off");
    plot_assert_holds(*state, "ordering-1.dat", "\"+10.0 %\"");
    char expected[64];
    snprintf(expected, sizeof expected, "\"-10.0 %%\"\t%d\n", 0xb00020);
    plot_assert_holds(*state, "ordering-1.dat", expected);
}

/* What is known of the cells that were asked for with "on", one after the other. */
static json_t *with_effects(const char *const effects[4])
{
    json_t *document = both_orderings(), *cell;
    size_t index, number = 0;
    json_array_foreach(json_object_get(document, "cells"), index, cell)
    {
        json_t *ordering = json_object_get(cell, "relaxed_ordering");
        if (strcmp(mcb_json_text(ordering, "requested"), "on") == 0)
            json_object_set_new(ordering, "effective", json_string(effects[number++]));
    }
    assert_int_equal(number, 4);
    return document;
}

static void whether_it_took_effect_is_said(void **state)
{
    static const struct {
        const char *effects[4], *says;
    } cases[] = {
        {{"on", "on", "on", "on"}, "\"on took effect\""},
        {{"off", "off", "off", "off"}, "\"on took no effect: the kernel or a NIC does not do it\""},
        {{"unknown", "unknown", "unknown", "unknown"}, "\"whether on took effect is not known\""},
        {{"on", "unknown", "on", "on"},
         "\"on took effect on some paths only, or that is not known\""},
        {{"unknown", "off", "off", "unknown"},
         "\"on took effect on some paths only, or that is not known\""}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        plot_made_of(*state, with_effects(cases[i].effects), "ordering");
        plot_assert_holds(*state, "ordering-1.dat", cases[i].says);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_FOLDER(three_ways_stand_beside_each_other),
        IN_FOLDER(a_path_far_below_host_memory_is_first_and_marked),
        IN_FOLDER(a_way_that_failed_is_seen_as_such),
        IN_FOLDER(of_many_paths_the_median_and_the_worst_are_shown),
        IN_FOLDER(host_memory_may_be_of_another_result),
        IN_FOLDER(staged_alone_is_held_against_host_memory),
        IN_FOLDER(on_stands_beside_off_with_what_it_is_worth),
        IN_FOLDER(whether_it_took_effect_is_said),
    };
    return cmocka_run_group_tests_name("plot_bars", tests, NULL, NULL);
}
