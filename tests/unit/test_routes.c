/* SPDX-License-Identifier: Apache-2.0 */
/* What GPUDirect is worth: a GPU's paths on several routes, beside each other on the screen. */
#include "bench/report/routes.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "tests/unit/printed_helper.h"
#include "tests/unit/result_helper.h"

/* Two NICs; beside mlx5_0 the GPUs 0 and 1, beside mlx5_1 GPU 2, all with bounce buffers. */
static json_t *gpu_document(void)
{
    json_t *document = result_document();
    json_t *endpoints =
        json_object_get(json_array_get(json_object_get(document, "hosts"), 0), "endpoints");
    json_array_append_new(endpoints, result_opened("mlx5_0", "cuda:0", "cpu:0"));
    json_array_append_new(endpoints, result_opened("mlx5_0", "cuda:1", "cpu:0"));
    json_array_append_new(endpoints, result_opened("mlx5_1", "cuda:2", "cpu:1"));
    return document;
}

static void append(json_t *document, const char *route, const char *from_nic, const char *from,
                   const char *to_nic, const char *to, double median)
{
    json_t *cell = result_bandwidth("n1", from_nic, "n1", to_nic, median);
    result_set_route(cell, route, from, to);
    result_append(document, cell);
}

/* One path from a GPU beside mlx5_0 to GPU 2. */
static void append_path(json_t *document, const char *gpu, double direct, double staged,
                        double host)
{
    append(document, "direct", "mlx5_0", gpu, "mlx5_1", "cuda:2", direct);
    append(document, "staged", "mlx5_0", gpu, "mlx5_1", "cuda:2", staged);
    append(document, "host", "mlx5_0", "cpu:0", "mlx5_1", "cpu:1", host);
}

/* From "GPU beside CPU" on. */
static const char *section(const char *text)
{
    const char *found = strstr(text, "GPU beside CPU");
    if (!found)
        fail_msg("no \"GPU beside CPU\" in:\n%s", text);
    return found;
}

static void a_path_is_a_row_with_its_three_routes(void **state)
{
    (void)state;
    json_t *document = gpu_document();
    append_path(document, "cuda:0", 380, 190, 400);
    char *text = print(document, 0, false);
    assert_string_equal(
        section(text),
        "GPU beside CPU: write bandwidth · 64 KiB · 1 QP, depth 128 · relaxed ordering off\n"
        "Gbit/s; host: the same path between host memories; direct as % of it, and of staged\n"
        "path                               direct      staged        host  of host  of staged\n"
        "mlx5_0/cuda:0 → mlx5_1/cuda:2  380.0 ±0.5  190.0 ±0.5  400.0 ±0.5      95%       200%\n"
        "GPUDirect here: 2.00 times the bandwidth of staging (one path), 95 % of the bandwidth of "
        "host memory\n(one path)\n\n");
    free(text);
}

static void host_cells_of_like_name_go_to_their_paths_in_order(void **state)
{
    (void)state;
    json_t *document = gpu_document();
    append_path(document, "cuda:1", 300, 100, 301);
    append_path(document, "cuda:0", 200, 100, 202);
    char *text = print(document, 0, false);
    assert_printed(section(text), "cuda:0 → mlx5_1/cuda:2  200.0 ±0.5  100.0 ±0.5  202.0 ±0.5");
    assert_printed(section(text), "cuda:1 → mlx5_1/cuda:2  300.0 ±0.5  100.0 ±0.5  301.0 ±0.5");
    assert_printed(section(text),
                   "GPUDirect here: 2.50 times the bandwidth of staging (median of 2");
    free(text);
}

/* Cells of one round come route by route. */
static void host_cells_go_to_their_paths_whichever_route_comes_first(void **state)
{
    (void)state;
    json_t *document = gpu_document();
    append(document, "direct", "mlx5_0", "cuda:1", "mlx5_1", "cuda:2", 300);
    append(document, "direct", "mlx5_0", "cuda:0", "mlx5_1", "cuda:2", 200);
    append(document, "host", "mlx5_0", "cpu:0", "mlx5_1", "cpu:1", 301);
    append(document, "host", "mlx5_0", "cpu:0", "mlx5_1", "cpu:1", 202);
    char *text = print(document, 0, false);
    assert_printed(section(text), "cuda:0 → mlx5_1/cuda:2  200.0 ±0.5       —  202.0 ±0.5");
    assert_printed(section(text), "cuda:1 → mlx5_1/cuda:2  300.0 ±0.5       —  301.0 ±0.5");
    free(text);
}

static void host_memory_has_no_matrix_where_the_table_has_its_figures(void **state)
{
    (void)state;
    json_t *document = gpu_document();
    append_path(document, "cuda:1", 300, 100, 301);
    append_path(document, "cuda:0", 200, 100, 202);
    char *text = print(json_incref(document), 120, false);
    assert_printed(text, "host memory alone · relaxed ordering off (effective off)\n"
                         "Gbit/s: median of 3 trials ± half its 95 % interval\n"
                         "the figures are below, each beside its GPU's\n"
                         "2 of 2 cells measured · median 251.5, worst 202.0 Gbit/s");
    assert_not_printed(text, "cells; the last");
    free(text);
    append(document, "host", "mlx5_1", "cpu:1", "mlx5_0", "cpu:0", 99); /* of no GPU's path */
    text = print(document, 120, false);
    assert_not_printed(text, "the figures are below");
    assert_printed(text, "! 99.0 ±0.5             —\n");
    assert_printed(text, "\n1 place holds 2 cells; the last is shown\n");
    free(text);
}

static void where_gpudirect_failed_everywhere_staging_is_held_against_host_memory(void **state)
{
    (void)state;
    json_t *document = gpu_document();
    json_t *cell = result_failed("mlx5_0", "mlx5_1", "failed", "MCB-GPU-007", "no page of it");
    result_set_route(cell, "direct", "cuda:0", "cuda:2");
    result_append(document, cell);
    append(document, "staged", "mlx5_0", "cuda:0", "mlx5_1", "cuda:2", 50);
    append(document, "host", "mlx5_0", "cpu:0", "mlx5_1", "cpu:1", 100);
    char *text = print(document, 200, false);
    assert_printed(section(text), "  failed  50.0 ±0.5  100.0 ±0.5        —          —\n");
    assert_printed(section(text), "Staging here: 50 % of the bandwidth of host memory (one path)\n"
                                  "GPUDirect failed on 1 of 1 path; the table of the direct route");
    assert_not_printed(text, "GPUDirect was not measured");
    free(text);
}

static void paths_between_host_memories_have_no_row_and_take_no_host_cell(void **state)
{
    (void)state;
    json_t *document = gpu_document();
    append(document, "direct", "mlx5_0", "cpu:0", "mlx5_1", "cpu:1", 400);
    append_path(document, "cuda:0", 150, 100, 155);
    char *text = print(document, 0, false);
    assert_printed(section(text), "155.0 ±0.5      97%       150%");
    assert_not_printed(section(text), "400.0");
    free(text);
}

static void what_failed_or_is_missing_is_seen_and_counts_nowhere(void **state)
{
    (void)state;
    json_t *document = gpu_document();
    append_path(document, "cuda:0", 380, 190, 400);
    json_t *cell = result_failed("mlx5_0", "mlx5_1", "failed", "MCB-GPU-008", "not reached");
    result_set_route(cell, "direct", "cuda:1", "cuda:2");
    result_append(document, cell);
    append(document, "staged", "mlx5_0", "cuda:1", "mlx5_1", "cuda:2", 10);
    char *text = print(document, 0, false);
    assert_printed(section(text),
                   "mlx5_0/cuda:1 → mlx5_1/cuda:2      failed   10.0 ±0.5           —"
                   "        —          —\n");
    assert_printed(section(text), "2.00 times the bandwidth of staging (one path)");
    assert_printed(section(text), "GPUDirect failed on 1 of 2 paths;");
    free(text);
}

static void gpudirect_far_below_host_memory_is_a_warning_without_a_culprit(void **state)
{
    (void)state;
    json_t *document = gpu_document();
    append_path(document, "cuda:0", 380, 190, 400);
    append_path(document, "cuda:1", 100, 190, 400);
    char *text = print(document, 400, false);
    assert_printed(section(text),
                   "1 of 2 paths: GPUDirect is far from host memory (less than 80 % of it; "
                   "the worst, mlx5_0/cuda:1 → mlx5_1/cuda:2: 25 %)");
    assert_printed(section(text), "relaxed ordering");
    assert_printed(section(text), "ACS");
    assert_printed(section(text), "distance");
    assert_printed(section(text), "the figures do not say");
    free(text);
    document = gpu_document();
    append_path(document, "cuda:0", 320, 190, 400); /* 80 % */
    text = print(document, 400, false);
    assert_not_printed(section(text), "Places to look");
    free(text);
}

/* Over TCP there is no direct route. */
static void without_gpudirect_staging_is_held_against_host_memory(void **state)
{
    (void)state;
    json_t *document = gpu_document();
    append(document, "staged", "mlx5_0", "cuda:0", "mlx5_1", "cuda:2", 50);
    append(document, "host", "mlx5_0", "cpu:0", "mlx5_1", "cpu:1", 100);
    char *text = print(document, 200, false);
    assert_printed(section(text), "Staging here: 50 % of the bandwidth of host memory (one path); "
                                  "GPUDirect was not measured\n");
    assert_printed(section(text), "staged        host  of host\n");
    assert_printed(section(text), "  50.0 ±0.5  100.0 ±0.5      50%\n");
    free(text);
}

static void latency_far_above_host_memory_is_a_warning_too(void **state)
{
    (void)state;
    json_t *document = gpu_document();
    static const char *const routes[][3] = {
        {"direct", "cuda:0", "cuda:2"}, {"staged", "cuda:0", "cuda:2"}, {"host", "cpu:0", "cpu:1"}};
    static const double p50[] = {6, 12, 3};
    for (size_t i = 0; i < 3; i++) {
        json_t *cell = result_latency("mlx5_0", "mlx5_1", p50[i]);
        result_set_route(cell, routes[i][0], routes[i][1], routes[i][2]);
        result_append(document, cell);
    }
    char *text = print(document, 400, false);
    assert_printed(section(text), "µs, p50; host");
    assert_printed(section(text), "    6.00    12.0  3.00     200%        50%\n");
    assert_printed(section(text),
                   "0.50 times the latency of staging (one path), 200 % of the latency");
    assert_printed(section(text), "more than 125 % of it");
    free(text);
}

static void settings_and_orderings_are_compared_apart(void **state)
{
    (void)state;
    json_t *document = gpu_document();
    append_path(document, "cuda:0", 380, 190, 400);
    for (size_t i = 0; i < 3; i++) {
        json_t *cell = json_deep_copy(json_array_get(json_object_get(document, "cells"), i));
        json_object_set_new(json_object_get(cell, "relaxed_ordering"), "requested",
                            json_string("on"));
        result_append(document, cell);
    }
    char *text = print(document, 0, false);
    const char *second = strstr(section(text) + 1, "GPU beside CPU");
    assert_non_null(second);
    assert_printed(section(text), "relaxed ordering off\n");
    assert_printed(second, "relaxed ordering on\n");
    free(text);
}

static void one_route_alone_is_no_comparison(void **state)
{
    (void)state;
    json_t *document = gpu_document();
    append(document, "direct", "mlx5_0", "cuda:0", "mlx5_1", "cuda:2", 380);
    char *text = print(document, 0, false);
    assert_not_printed(text, "GPU beside CPU");
    free(text);
}

static void the_table_keeps_to_its_width(void **state)
{
    (void)state;
    json_t *document = gpu_document();
    char nic[64];
    memset(nic, 'x', sizeof nic - 1);
    nic[63] = '\0';
    append(document, "direct", nic, "cuda:0", nic, "cuda:0", 380);
    append(document, "staged", nic, "cuda:0", nic, "cuda:0", 190);
    char *text = print(document, 90, false);
    assert_printed(section(text), "…  380.0 ±0.5  190.0 ±0.5     —        —       200%\n");
    free(text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_path_is_a_row_with_its_three_routes),
        cmocka_unit_test(host_cells_of_like_name_go_to_their_paths_in_order),
        cmocka_unit_test(host_cells_go_to_their_paths_whichever_route_comes_first),
        cmocka_unit_test(host_memory_has_no_matrix_where_the_table_has_its_figures),
        cmocka_unit_test(where_gpudirect_failed_everywhere_staging_is_held_against_host_memory),
        cmocka_unit_test(paths_between_host_memories_have_no_row_and_take_no_host_cell),
        cmocka_unit_test(what_failed_or_is_missing_is_seen_and_counts_nowhere),
        cmocka_unit_test(gpudirect_far_below_host_memory_is_a_warning_without_a_culprit),
        cmocka_unit_test(without_gpudirect_staging_is_held_against_host_memory),
        cmocka_unit_test(latency_far_above_host_memory_is_a_warning_too),
        cmocka_unit_test(settings_and_orderings_are_compared_apart),
        cmocka_unit_test(one_route_alone_is_no_comparison),
        cmocka_unit_test(the_table_keeps_to_its_width),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
