/* SPDX-License-Identifier: Apache-2.0 */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "tests/unit/plot_made.h"

/* One path is far below the others. */
static double one_slow(size_t initiator, size_t target, size_t setting, size_t trial, void *context)
{
    (void)setting;
    (void)trial;
    (void)context;
    return initiator == 1 && target == 2 ? 201 : 388;
}

static double all_well(size_t initiator, size_t target, size_t setting, size_t trial, void *context)
{
    (void)initiator;
    (void)setting;
    (void)trial;
    (void)context;
    return 388 + (double)target / 10;
}

/* Two slow rows, as of two NICs. */
static double rows_slow(size_t initiator, size_t target, size_t setting, size_t trial,
                        void *context)
{
    (void)target;
    (void)setting;
    (void)trial;
    (void)context;
    return initiator == 40 ? 150 : initiator == 200 ? 180 : 388;
}

static json_t *four_nics(double (*figure)(size_t, size_t, size_t, size_t, void *))
{
    return ledger_document(
        &(struct ledger_plan){.nics = 4, .ceiling_gbps = 392.1, .figure = figure});
}

static void each_cell_is_a_box_with_its_value(void **state)
{
    plot_made_of(*state, four_nics(all_well), "heat");
    assert_int_equal(plot_rows(*state, "heat-1.dat", "cells"), 16);
    assert_int_equal(plot_rows(*state, "heat-1.dat", "values"), 16);
    plot_assert_holds(*state, "heat-1.dat", "\"388.3\"\n");
}

static void a_healthy_matrix_has_one_colour_and_no_alarm(void **state)
{
    plot_made_of(*state, four_nics(all_well), "heat");
    plot_assert_lacks(*state, "heat-1.dat", "look here first");
    assert_int_equal(plot_rows(*state, "heat-1.dat", "frames"), 0);
    /* The colours span a fifth at least. */
    plot_assert_holds(*state, "heat-1.gp", "low = 313.68\nhigh = 392.1\n");
}

static void the_slow_path_is_framed_and_named(void **state)
{
    plot_made_of(*state, four_nics(one_slow), "heat");
    assert_int_equal(plot_rows(*state, "heat-1.dat", "frames"), 1);
    plot_assert_holds(*state, "heat-1.dat", "\"look here first\"");
    plot_assert_holds(*state, "heat-1.dat",
                      "\"1   n1/mlx5_1/cpu:0 → n1/mlx5_2/cpu:0   201.0 Gbit/s, 51 % of its "
                      "ceiling\"");
    assert_int_equal(plot_rows(*state, "heat-1.dat", "light_values"), 1);
}

static void the_ceiling_and_the_unit_are_said(void **state)
{
    plot_made_of(*state, four_nics(all_well), "heat");
    plot_assert_holds(*state, "heat-1.dat", "\"ceiling 392.1\"");
    plot_assert_holds(*state, "heat-1.dat", "\"Gbit/s, dark is low\"");
    plot_assert_holds(*state, "heat-1.dat",
                      "\"median of 16 paths: 388.2 Gbit/s · ceiling 392.1 Gbit/s\"");
}

static void a_ceiling_far_above_is_told_beyond_the_bar(void **state)
{
    plot_made_of(*state,
                 ledger_document(&(struct ledger_plan){.ceiling_gbps = 900, .figure = all_well}),
                 "heat");
    plot_assert_holds(*state, "heat-1.dat", "\"↑ ceiling 900.0\"");
}

static void failed_and_skipped_cells_are_seen_as_such(void **state)
{
    json_t *document = four_nics(all_well);
    ledger_fail(document, ledger_cell_at(document, 0, 3, 1), "failed", "MCB-RDMA-013", "lost");
    ledger_fail(document, ledger_cell_at(document, 0, 0, 3), "skipped", "MCB-RUN-001", "ended");
    ledger_fail(document, ledger_cell_at(document, 0, 0, 2), "skipped", "MCB-RUN-001", "ended");
    plot_made_of(*state, document, "heat");
    assert_int_equal(plot_rows(*state, "heat-1.dat", "cells"), 13);
    /* One of each is in the legend; a cross is two strokes. */
    assert_int_equal(plot_rows(*state, "heat-1.dat", "failed"), 2);
    assert_int_equal(plot_rows(*state, "heat-1.dat", "crosses"), 4);
    assert_int_equal(plot_rows(*state, "heat-1.dat", "skipped"), 3);
    plot_assert_holds(*state, "heat-1.dat", "\"1 failed\"");
    plot_assert_holds(*state, "heat-1.dat", "\"2 not measured\"");
    plot_assert_holds(*state, "heat-1.dat", "\"median of 13 paths:");
}

static void a_matrix_where_nothing_worked_is_drawn_too(void **state)
{
    json_t *document = ledger_document(&(struct ledger_plan){.nics = 1});
    ledger_fail(document, 0, "failed", "MCB-RDMA-013", "lost");
    assert_int_equal(plot_made_of(*state, document, "heat"), 1);
    plot_assert_holds(*state, "heat-1.dat", "\"no path was measured\"");
}

static double slow_latency(size_t initiator, size_t target, size_t setting, size_t trial,
                           void *context)
{
    (void)setting;
    (void)trial;
    (void)context;
    return initiator == 0 && target == 1 ? 40 : 2;
}

static void of_latency_more_is_dark(void **state)
{
    static const struct ledger_setting setting = {.measure = "latency", .size_bytes = 8};
    plot_made_of(*state,
                 ledger_document(&(struct ledger_plan){
                     .settings = &setting, .setting_count = 1, .figure = slow_latency}),
                 "heat");
    plot_assert_holds(*state, "heat-1.gp", "dark_is_high = 1\n");
    plot_assert_holds(*state, "heat-1.gp", "logarithmic = 1\n");
    plot_assert_holds(*state, "heat-1.dat", "\"µs, dark is slow\"");
    plot_assert_holds(*state, "heat-1.dat", "n1/mlx5_0/cpu:0 → n1/mlx5_1/cpu:0   40.0 µs\"");
}

static json_t *sweep(void)
{
    static const struct ledger_setting settings[] = {
        {.size_bytes = 4096},
        {.size_bytes = 1 << 20},
        {.size_bytes = 65536},
        {.measure = "latency", .size_bytes = 64},
        {.measure = "latency", .size_bytes = 8},
    };
    return ledger_document(
        &(struct ledger_plan){.nics = 1, .settings = settings, .setting_count = 5});
}

static void of_a_sweep_over_sizes_one_matrix_is_enough(void **state)
{
    plot_made_of(*state, sweep(), NULL);
    plot_assert_holds(*state, "heat-1.dat", "write bandwidth · 1 MiB");
    plot_assert_holds(*state, "heat-2.dat", "write latency · 8 B");
    assert_false(plot_has_file(*state, "heat-3.dat"));
}

static void all_matrices_are_made_when_asked_for(void **state)
{
    assert_int_equal(plot_made_of(*state, sweep(), "heat"), 5);
}

/* ---- several hundred endpoints ---- */

static json_t *two_large_hosts(double (*figure)(size_t, size_t, size_t, size_t, void *))
{
    return ledger_document(&(struct ledger_plan){
        .hosts = 2, .nics = 126, .trials = 1, .ceiling_gbps = 392.1, .figure = figure});
}

static void many_cells_of_one_colour_are_one_box(void **state)
{
    json_t *document = two_large_hosts(rows_slow);
    ledger_fail(document, ledger_cell_at(document, 0, 3, 100), "failed", "MCB-RDMA-013", "lost");
    plot_made_of(*state, document, "heat");
    size_t boxes = plot_rows(*state, "heat-1.dat", "cells");
    assert_true(boxes >= 252 && boxes < 2048);
    assert_int_equal(plot_rows(*state, "heat-1.dat", "failed"), 2);
    assert_int_equal(plot_rows(*state, "heat-1.dat", "values"), 0);
}

static void labels_of_many_keep_their_distance(void **state)
{
    plot_made_of(*state, two_large_hosts(rows_slow), "heat");
    char *rows = plot_block(*state, "heat-1.dat", "right"), *rest = rows;
    double last = -100;
    size_t count = 0;
    for (char *row; (row = strsep(&rest, "\n")) && *row; count++) {
        double y = strtod(strchr(row, '\t'), NULL);
        assert_true(y - last >= 11);
        last = y;
    }
    assert_true(count > 40 && count < 126);
    free(rows);
    plot_assert_holds(*state, "heat-1.dat", "\"mlx5_64 cpu:0\"");
}

static void of_a_slow_row_one_cell_is_framed(void **state)
{
    plot_made_of(*state, two_large_hosts(rows_slow), "heat");
    assert_int_equal(plot_rows(*state, "heat-1.dat", "frames"), 2);
    plot_assert_holds(*state, "heat-1.dat", "\"look here first: 2 places among 504 slow paths\"");
    plot_assert_holds(*state, "heat-1.dat", "\"1   n1/mlx5_40/cpu:0 → ");
    plot_assert_holds(*state, "heat-1.dat", "\"2   n2/mlx5_74/cpu:0 → ");
}

/* Lines between them would hide the cells. */
static void hosts_of_one_nic_each_have_no_lines_between_them(void **state)
{
    plot_made_of(*state,
                 ledger_document(&(struct ledger_plan){.hosts = 40, .nics = 1, .trials = 1}),
                 "heat");
    assert_int_equal(plot_rows(*state, "heat-1.dat", "lines"), 4);
    plot_assert_holds(*state, "heat-1.dat", "\"n39\"");
}

static void hosts_of_several_nics_have(void **state)
{
    plot_made_of(*state, ledger_document(&(struct ledger_plan){.hosts = 3, .nics = 4, .trials = 1}),
                 "heat");
    assert_int_equal(plot_rows(*state, "heat-1.dat", "lines"), 8);
}

static void long_names_keep_what_tells_them_apart(void **state)
{
    plot_made_of(*state,
                 ledger_document(&(struct ledger_plan){
                     .hosts = 2, .prefix = "gpu-node-with-a-very-long-name-in-rack-17-"}),
                 "heat");
    plot_assert_holds(*state, "heat-1.dat", "in-rack-17-1\"");
    plot_assert_holds(*state, "heat-1.dat", "in-rack-17-2\"");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_FOLDER(each_cell_is_a_box_with_its_value),
        IN_FOLDER(a_healthy_matrix_has_one_colour_and_no_alarm),
        IN_FOLDER(the_slow_path_is_framed_and_named),
        IN_FOLDER(the_ceiling_and_the_unit_are_said),
        IN_FOLDER(a_ceiling_far_above_is_told_beyond_the_bar),
        IN_FOLDER(failed_and_skipped_cells_are_seen_as_such),
        IN_FOLDER(a_matrix_where_nothing_worked_is_drawn_too),
        IN_FOLDER(of_latency_more_is_dark),
        IN_FOLDER(of_a_sweep_over_sizes_one_matrix_is_enough),
        IN_FOLDER(all_matrices_are_made_when_asked_for),
        IN_FOLDER(many_cells_of_one_colour_are_one_box),
        IN_FOLDER(labels_of_many_keep_their_distance),
        IN_FOLDER(of_a_slow_row_one_cell_is_framed),
        IN_FOLDER(hosts_of_one_nic_each_have_no_lines_between_them),
        IN_FOLDER(hosts_of_several_nics_have),
        IN_FOLDER(long_names_keep_what_tells_them_apart),
    };
    return cmocka_run_group_tests_name("plot_heat", tests, NULL, NULL);
}
