/* SPDX-License-Identifier: Apache-2.0 */

/* Kinds size and latency: figures over something. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "tests/unit/plot_made.h"

static double over_size(size_t initiator, size_t target, size_t setting, size_t trial,
                        void *context)
{
    static const double figures[] = {100, 200, 380};
    (void)trial;
    (void)context;
    return figures[setting] * (initiator == 2 && target == 1 ? 0.5 : 1);
}

static json_t *sweep(size_t nics)
{
    static const struct ledger_setting settings[] = {
        {.size_bytes = 4096}, {.size_bytes = 65536}, {.size_bytes = 1 << 20}};
    return ledger_document(&(struct ledger_plan){.nics = nics,
                                                 .settings = settings,
                                                 .setting_count = 3,
                                                 .ceiling_gbps = 392.1,
                                                 .figure = over_size});
}

/* ---- size ---- */

static void few_paths_have_a_line_each_over_size(void **state)
{
    assert_int_equal(plot_made_of(*state, sweep(2), "size"), 1);
    char *rows = plot_block(*state, "size-1.dat", "line_1");
    assert_string_equal(rows, "4096\t100\n65536\t200\n1048576\t380\n");
    free(rows);
    assert_int_equal(plot_rows(*state, "size-1.dat", "line_4"), 3);
    assert_int_equal(plot_rows(*state, "size-1.dat", "line_5"), 0);
    plot_assert_holds(*state, "size-1.gp", "x_logarithmic = 1\n");
    plot_assert_holds(*state, "size-1.gp", "y_low = 0\ny_high = 400\n");
    plot_assert_holds(*state, "size-1.dat",
                      "\"write bandwidth over size · 1 QP, depth 128 · relaxed ordering off\"");
    plot_assert_holds(*state, "size-1.dat", "\"64 KiB\"");
    plot_assert_holds(*state, "size-1.dat", "\"Gbit/s\"");
    plot_assert_holds(*state, "size-1.dat", "\"n1/mlx5_1/cpu:0 → n1/mlx5_0/cpu:0\"");
}

static void the_ceiling_is_drawn_over_all_sizes(void **state)
{
    plot_made_of(*state, sweep(2), "size");
    char *rows = plot_block(*state, "size-1.dat", "ceiling");
    assert_string_equal(rows, "4096\t392.1\n65536\t392.1\n1048576\t392.1\n");
    free(rows);
    plot_assert_holds(*state, "size-1.dat", "\"ceiling 392.1\"");
}

static void of_many_paths_there_are_median_band_and_worst(void **state)
{
    plot_made_of(*state, sweep(3), "size");
    char *rows = plot_block(*state, "size-1.dat", "band");
    assert_string_equal(rows, "4096\t50\t100\n65536\t100\t200\n1048576\t190\t380\n");
    free(rows);
    rows = plot_block(*state, "size-1.dat", "line_1");
    assert_string_equal(rows, "4096\t100\n65536\t200\n1048576\t380\n");
    free(rows);
    plot_assert_holds(*state, "size-1.dat", "\"median of 9 paths\"");
    plot_assert_holds(*state, "size-1.dat", "\"worst: n1/mlx5_2/cpu:0 → n1/mlx5_1/cpu:0\"");
}

static void a_failed_size_is_a_cross_and_a_gap(void **state)
{
    json_t *document = sweep(2);
    ledger_fail(document, ledger_cell_at(document, 1, 0, 0), "failed", "MCB-RDMA-013", "lost");
    plot_made_of(*state, document, "size");
    char *rows = plot_block(*state, "size-1.dat", "line_1");
    assert_string_equal(rows, "4096\t100\n\n1048576\t380\n");
    free(rows);
    assert_int_equal(plot_rows(*state, "size-1.dat", "failed"), 2);
    plot_assert_holds(*state, "size-1.dat", "\"1 cell failed\"");
}

/* Two blank lines would end the block. */
static void several_failed_sizes_are_one_gap(void **state)
{
    static const struct ledger_setting settings[] = {
        {.size_bytes = 1024}, {.size_bytes = 2048}, {.size_bytes = 4096}, {.size_bytes = 8192}};
    json_t *document =
        ledger_document(&(struct ledger_plan){.nics = 1, .settings = settings, .setting_count = 4});
    ledger_fail(document, 1, "failed", "MCB-RDMA-013", "lost");
    ledger_fail(document, 2, "failed", "MCB-RDMA-013", "lost");
    plot_made_of(*state, document, "size");
    assert_int_equal(plot_rows(*state, "size-1.dat", "line_1"), 2);
}

static void what_differs_in_more_than_size_is_another_picture(void **state)
{
    static const struct ledger_setting settings[] = {
        {.size_bytes = 4096},           {.size_bytes = 8192},
        {.size_bytes = 4096, .qps = 4}, {.size_bytes = 8192, .qps = 4},
        {.size_bytes = 4096, .qps = 8}, /* one size is no sweep */
    };
    assert_int_equal(plot_made_of(*state,
                                  ledger_document(&(struct ledger_plan){
                                      .nics = 1, .settings = settings, .setting_count = 5}),
                                  "size"),
                     2);
    plot_assert_holds(*state, "size-2.dat", "4 QPs, depth 128");
}

/* ---- latency ---- */

static json_t *latencies(size_t nics)
{
    static const struct ledger_setting setting = {.measure = "latency", .size_bytes = 8};
    return ledger_document(
        &(struct ledger_plan){.nics = nics, .settings = &setting, .setting_count = 1});
}

static void percentiles_stand_as_far_from_each_other_as_their_nines(void **state)
{
    json_t *document = latencies(1);
    assert_int_equal(plot_made_of(*state, document, "latency"), 1);
    char *rows = plot_block(*state, "latency-1.dat", "line_1");
    double x[6], y[6];
    assert_int_equal(sscanf(rows, "%lf %lf %lf %lf %lf %lf %lf %lf %lf %lf %lf %lf", &x[0], &y[0],
                            &x[1], &y[1], &x[2], &y[2], &x[3], &y[3], &x[4], &y[4], &x[5], &y[5]),
                     12);
    static const double expected[] = {1, 2, 10, 100, 1000, 10000};
    for (size_t i = 0; i < 6; i++)
        assert_true(x[i] == expected[i]);
    for (size_t i = 1; i < 6; i++)
        assert_true(y[i] > y[i - 1]);
    free(rows);
    plot_assert_holds(*state, "latency-1.gp", "x_logarithmic = 1\n");
    plot_assert_holds(*state, "latency-1.dat", "\"p99.9\"");
    plot_assert_holds(*state, "latency-1.dat", "\"max\"");
    plot_assert_holds(*state, "latency-1.dat", "\"µs\"");
}

static void a_long_tail_makes_the_axis_logarithmic(void **state)
{
    plot_made_of(*state, latencies(1), "latency"); /* max is 18 times min */
    plot_assert_holds(*state, "latency-1.gp", "y_logarithmic = 1\n");
}

static void paths_without_percentiles_are_counted(void **state)
{
    json_t *document = latencies(2);
    ledger_fail(document, 1, "failed", "MCB-RDMA-013", "lost");
    ledger_fail(document, 2, "skipped", "MCB-RUN-001", "ended");
    plot_made_of(*state, document, "latency");
    plot_assert_holds(*state, "latency-1.dat", "\"1 path failed, 1 not measured\"");
    assert_int_equal(plot_rows(*state, "latency-1.dat", "line_2"), 6);
    assert_int_equal(plot_rows(*state, "latency-1.dat", "line_3"), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_FOLDER(few_paths_have_a_line_each_over_size),
        IN_FOLDER(the_ceiling_is_drawn_over_all_sizes),
        IN_FOLDER(of_many_paths_there_are_median_band_and_worst),
        IN_FOLDER(a_failed_size_is_a_cross_and_a_gap),
        IN_FOLDER(several_failed_sizes_are_one_gap),
        IN_FOLDER(what_differs_in_more_than_size_is_another_picture),
        IN_FOLDER(percentiles_stand_as_far_from_each_other_as_their_nines),
        IN_FOLDER(a_long_tail_makes_the_axis_logarithmic),
        IN_FOLDER(paths_without_percentiles_are_counted),
    };
    return cmocka_run_group_tests_name("plot_lines", tests, NULL, NULL);
}
