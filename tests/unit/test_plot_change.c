/* SPDX-License-Identifier: Apache-2.0 */
#include "bench/report/plot_change.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "bench/report/plot_kinds.h"
#include "tests/unit/plot_made.h"

/* A healthy matrix; context: a run in which 1 → 2 reaches 85 % and 2 → 1 115 %. */
static double with_a_change(size_t initiator, size_t target, size_t setting, size_t trial,
                            void *context)
{
    double scatter = (double)((initiator * 5 + target * 3 + trial * 11) % 13) / 13;
    double part = !context                        ? 1
                  : initiator == 1 && target == 2 ? 0.85
                  : initiator == 2 && target == 1 ? 1.15
                                                  : 1;
    (void)setting;
    return part * (340 + scatter);
}

struct sides {
    json_t *before, *after;
    struct mcb_ledger ledgers[2];
    struct mcb_comparison comparison;
};

static void sides_make(struct sides *sides, size_t hosts, size_t nics, const char *prefix)
{
    static int changed;
    sides->before = ledger_document(&(struct ledger_plan){
        .hosts = hosts, .nics = nics, .figure = with_a_change, .started = "2026-11-20T08:00:00Z"});
    sides->after = ledger_document(&(struct ledger_plan){.hosts = hosts,
                                                         .nics = nics,
                                                         .figure = with_a_change,
                                                         .context = &changed,
                                                         .prefix = prefix});
}

/* Compares the two documents, which it releases. */
static void sides_compare(struct sides *sides)
{
    const struct mcb_comparison_options options = {.tolerance = 0.05};
    struct mcb_error error;
    ledger_of(sides->before, &sides->ledgers[0]);
    ledger_of(sides->after, &sides->ledgers[1]);
    if (mcb_comparison_make(&sides->ledgers[0], 1, &sides->ledgers[1], &options, &sides->comparison,
                            &error) != 0)
        fail_msg("%s", error.detail);
}

static void sides_release(struct sides *sides)
{
    mcb_comparison_release(&sides->comparison);
    mcb_ledger_release(&sides->ledgers[0]);
    mcb_ledger_release(&sides->ledgers[1]);
}

/* Compares, draws and releases. Returns how many pictures there are. */
static size_t plot_sides(const struct plot_folder *folder, struct sides *sides)
{
    sides_compare(sides);
    struct mcb_plots plots = plot_made(folder,
                                       &(struct mcb_plot_input){.ledgers = &sides->ledgers[1],
                                                                .ledger_count = 1,
                                                                .comparison = &sides->comparison},
                                       "change");
    size_t count = plots.count;
    mcb_plots_release(&plots);
    sides_release(sides);
    return count;
}

/* How many cells have a colour with more red than blue by so much. */
static size_t count_cells(const struct plot_folder *folder, int least, int most)
{
    char *rows = plot_block(folder, "change-1.dat", "cells"), *rest = rows;
    size_t count = 0;
    for (char *row; (row = strsep(&rest, "\n")) && *row;) {
        long rgb = strtol(strrchr(row, '\t') + 1, NULL, 10);
        int more = (int)(rgb >> 16 & 0xff) - (int)(rgb & 0xff);
        count += more >= least && more <= most;
    }
    free(rows);
    return count;
}

static size_t count_red(const struct plot_folder *folder)
{
    return count_cells(folder, 60, 255);
}

static void exactly_the_path_that_became_slower_is_red(void **state)
{
    struct sides sides;
    sides_make(&sides, 1, 4, "n");
    assert_int_equal(plot_sides(*state, &sides), 1);
    assert_int_equal(count_red(*state), 1);
    assert_int_equal(count_cells(*state, -255, -30), 1); /* the faster one is blue */
    assert_int_equal(count_cells(*state, -29, 59), 14);
    plot_assert_holds(*state, "change-1.dat", "\"-15.0 %\"");
    plot_assert_holds(*state, "change-1.dat", "\"+15.0 %\"");
    assert_int_equal(plot_rows(*state, "change-1.dat", "frames"), 1);
    plot_assert_holds(*state, "change-1.dat", "\"1   n1/mlx5_1/cpu:0 → n1/mlx5_2/cpu:0   340.");
}

static void what_did_not_change_is_pale_and_counted(void **state)
{
    struct sides sides;
    sides_make(&sides, 1, 4, "n");
    plot_sides(*state, &sides);
    plot_assert_holds(*state, "change-1.dat", "\"1 slower\"");
    plot_assert_holds(*state, "change-1.dat", "\"1 faster\"");
    plot_assert_holds(*state, "change-1.dat", "\"14 unchanged\"");
}

static void both_results_and_what_differs_are_named(void **state)
{
    struct sides sides;
    sides_make(&sides, 1, 4, "n");
    ledger_set_nic(sides.after, 0, 1, "firmware", json_string("28.40.1000"));
    plot_sides(*state, &sides);
    plot_assert_holds(*state, "change-1.dat", "2026-11-22T09:14:02Z");
    plot_assert_holds(*state, "change-1.dat", "2026-11-20T08:00:00Z");
    plot_assert_holds(*state, "change-1.dat",
                      "\"differs: firmware 28.39.1002 → 28.40.1000 (n1/mlx5_1)\"");
}

static void what_broke_has_a_cross_and_what_ended_early_a_stroke(void **state)
{
    struct sides sides;
    sides_make(&sides, 1, 4, "n");
    ledger_fail(sides.after, ledger_cell_at(sides.after, 0, 3, 1), "failed", "MCB-RDMA-013",
                "lost");
    ledger_fail(sides.after, ledger_cell_at(sides.after, 0, 0, 3), "skipped", "MCB-RUN-001",
                "ended");
    plot_sides(*state, &sides);
    assert_int_equal(plot_rows(*state, "change-1.dat", "crosses"), 4); /* and in the legend */
    assert_int_equal(plot_rows(*state, "change-1.dat", "strokes"), 2);
    plot_assert_holds(*state, "change-1.dat", "\"1 failed, was ok\"");
    plot_assert_holds(*state, "change-1.dat", "→ failed   MCB-RDMA-013");
    assert_int_equal(plot_rows(*state, "change-1.dat", "frames"), 3);
}

/* All paths of a NIC are missing. */
static void drop_nic(json_t *document, const char *host, const char *nic)
{
    json_t *cells = json_object_get(document, "cells");
    for (size_t i = json_array_size(cells); i-- > 0;) {
        const json_t *cell = json_array_get(cells, i);
        for (size_t end = 0; end < 2; end++) {
            const json_t *side = json_object_get(cell, end == 0 ? "initiator" : "target");
            if (strcmp(mcb_json_text(side, "host"), host) == 0 &&
                strcmp(mcb_json_text(side, "nic"), nic) == 0) {
                ledger_drop(document, i);
                break;
            }
        }
    }
    size_t index;
    json_t *entry, *part;
    json_array_foreach(json_object_get(document, "hosts"), index, entry)
    {
        static const char *const lists[][2] = {{"nics", "name"}, {"endpoints", "nic"}};
        if (strcmp(mcb_json_text(entry, "host"), host) != 0)
            continue;
        for (size_t list = 0; list < 2; list++)
            for (size_t i = json_array_size(json_object_get(entry, lists[list][0])); i-- > 0;) {
                part = json_array_get(json_object_get(entry, lists[list][0]), i);
                if (strcmp(mcb_json_text(part, lists[list][1]), nic) == 0)
                    json_array_remove(json_object_get(entry, lists[list][0]), i);
            }
    }
}

static void a_gone_nic_keeps_its_row_among_its_host(void **state)
{
    struct sides sides;
    sides_make(&sides, 2, 2, "n");
    drop_nic(sides.after, "n1", "mlx5_1");
    plot_sides(*state, &sides);
    assert_int_equal(plot_rows(*state, "change-1.dat", "cells"), 16);
    plot_assert_holds(*state, "change-1.dat", "\"7 gone\"");
    char *rows = plot_block(*state, "change-1.dat", "right");
    assert_int_equal(plot_count_rows(rows), 4);
    free(rows);
    /* Two hosts: a line above, between and below. */
    rows = plot_block(*state, "change-1.dat", "lines");
    assert_int_equal(plot_count_rows(rows), 6);
    free(rows);
    plot_assert_holds(*state, "change-1.dat", "n1/mlx5_1/cpu:0 → n1/mlx5_0/cpu:0");
}

/* Another machine of its type: hosts are matched by rank, and have the names of the new result. */
static void hosts_of_other_names_are_one_endpoint(void **state)
{
    struct sides sides;
    struct mcb_plot_changes changes;
    struct mcb_error error;
    sides_make(&sides, 2, 2, "m");
    drop_nic(sides.after, "m2", "mlx5_1");
    sides_compare(&sides);
    assert_int_equal(mcb_plot_changes_make(&sides.comparison, &changes, &error), 0);
    assert_int_equal(changes.endpoint_count, 4);
    static const char *const hosts[] = {"m1", "m1", "m2", "m2"};
    for (size_t i = 0; i < 4; i++)
        assert_string_equal(changes.endpoints[i].host, hosts[i]);
    assert_string_equal(changes.endpoints[3].nic, "mlx5_1");
    assert_int_equal(changes.first[1] - changes.first[0], 16);
    mcb_plot_changes_release(&changes);
    sides_release(&sides);
    (void)state;
}

/* mlx5_10 comes after mlx5_9, as it does there. */
static void endpoints_have_the_order_of_the_new_result(void **state)
{
    struct sides sides;
    struct mcb_plot_changes changes;
    struct mcb_error error;
    char name[32];
    sides_make(&sides, 1, 12, "n");
    drop_nic(sides.after, "n1", "mlx5_3");
    sides_compare(&sides);
    assert_int_equal(mcb_plot_changes_make(&sides.comparison, &changes, &error), 0);
    assert_int_equal(changes.endpoint_count, 12);
    for (size_t i = 0; i < 11; i++) {
        snprintf(name, sizeof name, "mlx5_%zu", i < 3 ? i : i + 1);
        assert_string_equal(changes.endpoints[i].nic, name);
    }
    assert_string_equal(changes.endpoints[11].nic, "mlx5_3"); /* gone: the last one of its host */
    mcb_plot_changes_release(&changes);
    sides_release(&sides);
    (void)state;
}

static void of_a_whole_slow_row_one_cell_is_framed(void **state)
{
    struct sides sides;
    sides_make(&sides, 1, 16, "n");
    for (size_t target = 0; target < 16; target++)
        ledger_fail(sides.after, ledger_cell_at(sides.after, 0, 5, target), "failed",
                    "MCB-RDMA-013", "lost");
    plot_sides(*state, &sides);
    assert_int_equal(plot_rows(*state, "change-1.dat", "frames"), 2);
    plot_assert_holds(*state, "change-1.dat", "\"look here first: 2 places among 17 regressions\"");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_FOLDER(exactly_the_path_that_became_slower_is_red),
        IN_FOLDER(what_did_not_change_is_pale_and_counted),
        IN_FOLDER(both_results_and_what_differs_are_named),
        IN_FOLDER(what_broke_has_a_cross_and_what_ended_early_a_stroke),
        IN_FOLDER(a_gone_nic_keeps_its_row_among_its_host),
        IN_FOLDER(hosts_of_other_names_are_one_endpoint),
        IN_FOLDER(endpoints_have_the_order_of_the_new_result),
        IN_FOLDER(of_a_whole_slow_row_one_cell_is_framed),
    };
    return cmocka_run_group_tests_name("plot_change", tests, NULL, NULL);
}
