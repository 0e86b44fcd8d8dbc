/* SPDX-License-Identifier: Apache-2.0 */
#include "bench/report/table.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "common/text.h"
#include "tests/unit/printed_helper.h"
#include "tests/unit/result_helper.h"

static size_t count(const char *text, const char *part)
{
    size_t times = 0;
    for (; (text = strstr(text, part)) != NULL; text += strlen(part))
        times++;
    return times;
}

static void set(json_t *object, const char *key, json_t *value)
{
    assert_int_equal(json_object_set_new(object, key, value), 0);
}

/* mlx5_0 and mlx5_1 on n1: 10 x initiator + target + 1 Gbit/s. */
static json_t *two_by_two(void)
{
    static const char *const nics[] = {"mlx5_0", "mlx5_1"};
    json_t *document = result_document();
    for (int i = 0; i < 2; i++)
        for (int j = 0; j < 2; j++)
            result_append(document,
                          result_bandwidth("n1", nics[i], "n1", nics[j], 100 + 2 * i + j));
    return document;
}

static json_t *cell_of(json_t *document, size_t index)
{
    return json_array_get(json_object_get(document, "cells"), index);
}

static void initiators_are_rows_and_targets_are_columns(void **state)
{
    (void)state;
    char *text = print(two_by_two(), 0, false);
    assert_string_equal(
        text, "write bandwidth · 64 KiB · 1 QP, depth 128 · relaxed ordering off (effective off)\n"
              "Gbit/s: median of 3 trials ± half its 95 % interval\n"
              "initiator ↓ target →  mlx5_0 cpu:0  mlx5_1 cpu:0\n"
              "mlx5_0 cpu:0            100.0 ±0.5    101.0 ±0.5\n"
              "mlx5_1 cpu:0            102.0 ±0.5    103.0 ±0.5\n"
              "4 of 4 cells measured · median 101.5, worst 100.0 Gbit/s (mlx5_0 → mlx5_0)\n"
              "\n");
    free(text);
}

static void the_order_of_cells_does_not_matter(void **state)
{
    (void)state;
    json_t *document = two_by_two();
    set(document, "hosts",
        json_loads(
            "[{\"host\": \"n1\", \"nics\": [{\"name\": \"mlx5_0\"}, {\"name\": \"mlx5_1\"}]}]", 0,
            NULL));
    json_t *turned = json_deep_copy(document);
    json_t *cells = json_object_get(turned, "cells");
    json_array_clear(cells);
    for (size_t i = 4; i-- > 0;)
        json_array_append(cells, cell_of(document, i));
    char *expected = print(document, 0, false), *text = print(turned, 0, false);
    assert_string_equal(text, expected);
    free(text);
    free(expected);
}

static void the_share_of_the_ceiling_is_printed_where_it_is_known(void **state)
{
    (void)state;
    json_t *document = two_by_two();
    result_set_ceiling(cell_of(document, 0), 125, "link", "both");
    char *text = print(document, 0, false);
    assert_printed(text, "100.0 ±0.5 80%");
    assert_printed(text, ", % of the path's ceiling\n");
    assert_int_equal(count(text, "%"), 3); /* the cell, "95 %", the legend */
    free(text);
}

static void a_share_of_more_than_ten_ceilings_is_not_counted_out(void **state)
{
    (void)state;
    static const double ceilings[] = {1e-300, 125};
    for (size_t i = 0; i < 2; i++) {
        json_t *document = result_document();
        json_t *cell = result_bandwidth("n1", "mlx5_0", "n1", "mlx5_1", 125 * 9.99);
        result_set_ceiling(cell, ceilings[i], "link", "both");
        result_append(document, cell);
        char *text = print(document, 0, false);
        assert_printed(text, i == 0 ? " >999%\n" : " 999%\n");
        free(text);
    }
}

static void no_ceiling_has_no_line(void **state)
{
    (void)state;
    char *text = print(two_by_two(), 0, false);
    assert_not_printed(text, "ceiling");
    free(text);
}

static void one_ceiling_of_all_is_said_once(void **state)
{
    (void)state;
    json_t *document = two_by_two();
    for (size_t i = 0; i < 4; i++)
        result_set_ceiling(cell_of(document, i), 392.1 + 0.001 * (double)i, "link", "both");
    char *text = print(document, 0, false);
    assert_printed(text, "103.0 ±0.5 26%\n"
                         "ceiling 392.1 Gbit/s (link of both ends)\n"
                         "4 of 4 cells measured");
    free(text);
}

static void ceilings_are_grouped_and_the_most_common_comes_first(void **state)
{
    (void)state;
    json_t *document = two_by_two();
    result_set_ceiling(cell_of(document, 0), 230.44, "nic-pcie", "initiator");
    result_set_ceiling(cell_of(document, 1), 392.1, "link", "both");
    result_set_ceiling(cell_of(document, 2), 392.1, "link", "target");
    result_set_ceiling(cell_of(document, 3), 392.1, "link", "both");
    char *text = print(document, 200, false);
    assert_printed(text,
                   "\nceiling 392.1 Gbit/s (link of both ends) for 2 paths, 230.4 Gbit/s (PCIe "
                   "of the initiator's NIC) for 1, 392.1 Gbit/s (link of the target) for 1\n");
    free(text);
}

static void every_limiting_part_has_its_words(void **state)
{
    (void)state;
    static const char *const parts[][3] = {
        {"link", "initiator", "(link of the initiator)"},
        {"link", "target", "(link of the target)"},
        {"nic-pcie", "target", "(PCIe of the target's NIC)"},
        {"nic-pcie", "both", "(PCIe of both NICs)"},
        {"gpu-pcie", "initiator", "(PCIe of the initiator's GPU)"},
        {"gpu-pcie", "target", "(PCIe of the target's GPU)"},
        {"gpu-pcie", "both", "(PCIe of both GPUs)"},
    };
    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++) {
        json_t *document = two_by_two();
        result_set_ceiling(cell_of(document, 0), 200, parts[i][0], parts[i][1]);
        char *text = print(document, 0, false);
        assert_printed(text, parts[i][2]);
        assert_printed(text, " for 1 path, not known for 3\n");
        free(text);
    }
}

static void many_ceilings_stay_one_line_of_four(void **state)
{
    (void)state;
    json_t *document = result_document();
    for (int i = 0; i < 40; i++) {
        char nic[32];
        snprintf(nic, sizeof nic, "mlx5_%d", i);
        json_t *cell = result_bandwidth("n1", nic, "n1", nic, 100);
        result_set_ceiling(cell, 200 + (i < 3 ? 0 : i), "link", "both");
        result_append(document, cell);
    }
    char *text = print(document, 400, false);
    assert_printed(text, "\nceiling 200.0 Gbit/s (link of both ends) for 3 paths, ");
    assert_printed(text, " for 1, others for 34\n");
    assert_int_equal(count(text, "(link of both ends)"), 4);
    free(text);
}

static void a_failed_cell_counts_for_no_ceiling(void **state)
{
    (void)state;
    json_t *document = two_by_two();
    for (size_t i = 0; i < 4; i++)
        result_set_ceiling(cell_of(document, i), 392.1, "link", "both");
    json_t *fault = json_pack("{s:s, s:s, s:s, s:s, s:s}", "id", "MCB-DATA-001", "title", "",
                              "detail", "", "cause", "", "fix", "");
    set(cell_of(document, 0), "status", json_string("failed"));
    set(cell_of(document, 0), "fault", fault);
    char *text = print(document, 0, false);
    assert_printed(text, "\nceiling 392.1 Gbit/s (link of both ends)\n");
    free(text);
}

static void one_trial_has_no_spread(void **state)
{
    (void)state;
    json_t *document = two_by_two();
    for (size_t i = 0; i < 4; i++)
        set(json_object_get(cell_of(document, i), "bandwidth_gbps"), "trials",
            json_pack("[f]", 100.0));
    char *text = print(document, 0, false);
    assert_not_printed(text, "±");
    assert_printed(text, "one trial");
    free(text);
}

static void the_worst_cell_is_marked_only_if_it_stands_out(void **state)
{
    (void)state;
    char *text = print(two_by_two(), 0, false);
    assert_not_printed(text, "!");
    free(text);
    json_t *document = two_by_two();
    set(json_object_get(cell_of(document, 2), "bandwidth_gbps"), "median", json_real(70));
    set(json_object_get(cell_of(document, 3), "bandwidth_gbps"), "median", json_real(69));
    text = print(document, 0, false);
    assert_int_equal(count(text, "!"), 1);
    assert_printed(text, "! 69.0");
    assert_printed(text, "worst 69.0 Gbit/s (mlx5_1 → mlx5_1)");
    free(text);
}

static void a_slow_latency_is_marked_and_percentiles_are_named(void **state)
{
    (void)state;
    json_t *document = result_document();
    result_append(document, result_latency("mlx5_0", "mlx5_1", 3.20));
    result_append(document, result_latency("mlx5_1", "mlx5_0", 3.20));
    result_append(document, result_latency("mlx5_1", "mlx5_1", 6.40));
    char *text = print(document, 0, false);
    assert_printed(text, "write latency · 64 KiB · relaxed ordering off (effective off)\n"
                         "µs: p50 / p99, one way (half a round trip) by completion\n");
    assert_printed(text, "mlx5_0 cpu:0                      —    3.20 / 4.80\n");
    assert_printed(text, "mlx5_1 cpu:0            3.20 / 4.80  ! 6.40 / 9.60\n");
    assert_printed(text, "median of p50 3.20, worst 6.40 µs (mlx5_1 → mlx5_1)");
    free(text);
}

static void the_latency_of_a_read_is_a_round_trip(void **state)
{
    (void)state;
    json_t *document = result_document();
    result_append(document, result_latency("mlx5_0", "mlx5_1", 3.20));
    set(cell_of(document, 0), "operation", json_string("read"));
    char *text = print(document, 0, false);
    assert_printed(text, "full round trip");
    assert_not_printed(text, "one way");
    free(text);
}

static void a_failed_cell_leads_to_its_fault(void **state)
{
    (void)state;
    json_t *document = two_by_two();
    result_append(document,
                  result_failed("mlx5_0", "mlx5_2", "failed", "MCB-RDMA-013", "retries exceeded"));
    result_append(document,
                  result_failed("mlx5_1", "mlx5_2", "failed", "MCB-RDMA-013", "retries exceeded"));
    result_append(document, result_failed("mlx5_2", "mlx5_0", "failed", "MCB-RDMA-013", "other"));
    result_append(document,
                  result_failed("mlx5_2", "mlx5_1", "skipped", "MCB-RDMA-004", "port is down"));
    char *text = print(document, 0, false);
    assert_int_equal(count(text, "failed a"), 2);
    assert_int_equal(count(text, "failed b"), 1);
    assert_int_equal(count(text, "skipped c"), 1);
    assert_printed(text, "  a  2 cells: retries exceeded  [MCB-RDMA-013]\n"
                         "     cause: a cable\n"
                         "     try:   plug it in\n"
                         "  b  1 cell: other  [MCB-RDMA-013]\n"
                         "  c  1 cell: port is down  [MCB-RDMA-004]\n"
                         "     cause: a cable\n");
    assert_printed(text, "4 of 8 cells measured · 3 failed · 1 skipped · median 101.5");
    free(text);
}

static void a_matrix_without_figures_is_printed(void **state)
{
    (void)state;
    json_t *document = result_document();
    result_append(document, result_failed("mlx5_0", "mlx5_1", "failed", "MCB-RDMA-013", "gone"));
    char *text = print(document, 0, false);
    assert_printed(text, "0 of 1 cell measured · 1 failed\n");
    assert_not_printed(text, "median");
    free(text);
}

static void many_different_faults_do_not_flood_the_screen(void **state)
{
    (void)state;
    json_t *document = result_document();
    for (int i = 0; i < 100; i++) {
        char nic[32], detail[32];
        snprintf(nic, sizeof nic, "mlx5_%d", i % 10);
        snprintf(detail, sizeof detail, "detail %d.", i);
        result_append(document,
                      result_failed(nic, i < 50 ? "a" : "b", "failed", "MCB-RDMA-013", detail));
    }
    char *text = print(document, 0, false);
    assert_int_equal(count(text, "detail "), 26);
    assert_printed(text, "  z  1 cell: ");
    assert_printed(text, "  +  74 more cells with other details");
    free(text);
}

static void hosts_make_blocks_of_their_own(void **state)
{
    (void)state;
    json_t *document = result_document();
    result_append(document, result_bandwidth("n1", "mlx5_0", "n2", "mlx5_0", 100));
    result_append(document, result_bandwidth("n2", "mlx5_0", "n1", "mlx5_0", 50));
    char *text = print(document, 0, false);
    assert_printed(text, "n1 → n2\n"
                         "initiator ↓ target →  mlx5_0 cpu:0\n"
                         "mlx5_0 cpu:0            100.0 ±0.5\n"
                         "n2 → n1\n"
                         "initiator ↓ target →  mlx5_0 cpu:0\n"
                         "mlx5_0 cpu:0           ! 50.0 ±0.5\n");
    assert_printed(text, "2 of 2 cells measured · median 75.0, worst 50.0 Gbit/s "
                         "(n2/mlx5_0 → n1/mlx5_0)");
    free(text);
}

static void settings_make_matrices_of_their_own(void **state)
{
    (void)state;
    json_t *document = two_by_two();
    set(cell_of(document, 1), "size_bytes", json_integer(4096));
    set(cell_of(document, 2), "qps", json_integer(2));
    set(cell_of(document, 3), "bidirectional", json_true());
    char *text = print(document, 0, false);
    assert_int_equal(count(text, "initiator ↓"), 4);
    assert_printed(text, "write bandwidth · 4 KiB · 1 QP");
    assert_printed(text, "write bandwidth · 64 KiB · 2 QPs");
    assert_printed(text, "write bandwidth both ways · 64 KiB");
    free(text);
}

static void two_memories_of_a_nic_are_told_apart(void **state)
{
    (void)state;
    json_t *document = two_by_two();
    set(json_object_get(cell_of(document, 0), "target"), "memory", json_string("cpu:1"));
    set(json_object_get(cell_of(document, 0), "bandwidth_gbps"), "median", json_real(1.5));
    char *text = print(document, 0, false);
    assert_printed(text, "mlx5_0 cpu:1");
    assert_printed(text, "(mlx5_0/cpu:0 → mlx5_0/cpu:1)");
    free(text);
}

static void the_memory_of_a_gpu_is_always_named(void **state)
{
    (void)state;
    json_t *document = result_document(), *cell = result_bandwidth("n1", "a", "n1", "b", 100);
    result_set_route(cell, "direct", "cuda:12", "cpu:0");
    result_append(document, cell);
    result_append(document, result_bandwidth("n1", "b", "n1", "b", 99));
    char *text = print(document, 0, false);
    assert_printed(text, "\na cuda:12");
    assert_printed(text, "worst 99.0 Gbit/s (b → b)");
    free(text);
    document = result_document();
    cell = result_bandwidth("n1", "a", "n1", "b", 99);
    result_set_route(cell, "direct", "cuda:12", "cpu:0");
    result_append(document, cell);
    result_append(document, result_bandwidth("n1", "b", "n1", "b", 100));
    text = print(document, 0, false);
    assert_printed(text, "worst 99.0 Gbit/s (a/cuda:12 → b/cpu:0)");
    free(text);
}

static void of_a_long_label_the_memory_is_kept(void **state)
{
    (void)state;
    static const char nic[] = "rocep193s0f0np0_of_a_very_long_name";
    json_t *document = result_document();
    for (int gpu = 0; gpu < 2; gpu++) {
        json_t *cell = result_bandwidth("n1", nic, "n1", nic, 100);
        result_set_route(cell, "direct", gpu ? "cuda:1" : "cuda:0", "cpu:0");
        result_append(document, cell);
    }
    char *text = print(document, 0, false);
    assert_printed(text, "\nrocep193s0f0np0_of_a_v… cuda:0 ");
    assert_printed(text, "\nrocep193s0f0np0_of_a_v… cuda:1 ");
    free(text);
}

static void routes_make_matrices_of_their_own(void **state)
{
    (void)state;
    json_t *document = two_by_two();
    result_set_route(cell_of(document, 1), "staged", "cuda:0", "cuda:0");
    result_set_route(cell_of(document, 2), "host", "cpu:0", "cpu:0");
    char *text = print(document, 120, false);
    assert_int_equal(count(text, "initiator ↓"), 3);
    assert_printed(text, "1 QP, depth 128 · between host memories · relaxed ordering");
    assert_printed(text, "1 QP, depth 128 · staged through host memory · relaxed ordering");
    assert_printed(text, "1 QP, depth 128 · host memory alone · relaxed ordering");
    free(text);
}

static void latency_through_staging_is_said_so(void **state)
{
    (void)state;
    json_t *document = result_document(), *cell = result_latency("mlx5_0", "mlx5_1", 3.20);
    result_set_route(cell, "staged", "cuda:0", "cpu:0");
    set(cell, "method", json_string("staged"));
    result_append(document, cell);
    char *text = print(document, 120, false);
    assert_printed(text, "one way (half a round trip) through staging\n");
    free(text);
}

static void direct_is_said_of_a_gpu_only(void **state)
{
    (void)state;
    json_t *document = two_by_two();
    result_set_route(cell_of(document, 0), "staged", "cuda:0", "cuda:0");
    result_set_route(cell_of(document, 1), "direct", "cpu:0", "cuda:0");
    char *text = print(document, 120, false);
    assert_printed(text, "1 QP, depth 128 · direct · relaxed ordering");
    assert_not_printed(text, " · between host memories");
    free(text);
}

/* As an endpoint whose memory could not be registered leaves them. */
static void one_fault_of_many_paths_is_told_once(void **state)
{
    (void)state;
    json_t *document = result_document();
    for (int i = 0; i < 3; i++) {
        static const char *const nics[] = {"mlx5_0", "mlx5_1", "mlx5_2"};
        json_t *cell = result_failed("mlx5_0", nics[i], "failed", "MCB-GPU-007", "no page of it");
        result_set_route(cell, "direct", "cuda:0", "cuda:1");
        result_append(document, cell);
    }
    char *text = print(document, 120, false);
    assert_int_equal(count(text, "no page of it"), 1);
    assert_printed(text, "  a  3 cells: no page of it  [MCB-GPU-007]\n");
    free(text);
}

static void stand_ins_are_named_whatever_the_warnings_say(void **state)
{
    (void)state;
    for (int told = 0; told < 2; told++) {
        json_t *document = two_by_two();
        json_array_append_new(
            json_object_get(json_array_get(json_object_get(document, "hosts"), 0), "gpus"),
            result_gpu("cuda:0", true));
        if (told)
            set(document, "warnings", json_pack("[s]", "stand-in GPUs in host memory"));
        char *text = print(document, 120, false);
        assert_int_equal(count(text, "warning: stand-in GPUs"), 1);
        free(text);
    }
    char *text = print(two_by_two(), 120, false);
    assert_not_printed(text, "stand-in");
    free(text);
}

/* As over TCP. */
static void a_route_that_is_not_the_usual_one_is_named_also_alone(void **state)
{
    (void)state;
    json_t *document = two_by_two();
    for (size_t i = 0; i < 4; i++)
        result_set_route(cell_of(document, i), "staged", "cuda:0", "cuda:0");
    char *text = print(document, 120, false);
    assert_printed(text, " · staged through host memory");
    assert_not_printed(text, "GPU beside CPU");
    free(text);
}

static void streams_are_not_called_queue_pairs(void **state)
{
    (void)state;
    json_t *document = two_by_two();
    set(document, "transport", json_pack("{s:s, s:s}", "name", "tcp", "because", ""));
    for (size_t i = 0; i < 4; i++)
        json_object_del(cell_of(document, i), "relaxed_ordering");
    char *text = print(document, 0, false);
    assert_printed(text, "write bandwidth · 64 KiB · 1 stream, depth 128\n");
    free(text);
}

static void verified_and_wrong_bytes_are_told(void **state)
{
    (void)state;
    json_t *document = two_by_two();
    set(cell_of(document, 0), "verified_bytes", json_integer(42100000000));
    char *text = print(document, 120, false);
    assert_printed(text, " · 42.1 GB verified, 0 bytes wrong · ");
    free(text);
}

static json_t *both_orderings(void)
{
    json_t *document = two_by_two();
    for (size_t i = 0; i < 4; i++) {
        json_t *cell = json_deep_copy(cell_of(document, i));
        set(cell, "relaxed_ordering",
            json_pack("{s:s, s:s}", "requested", "on", "effective", i ? "on" : "unknown"));
        set(json_object_get(cell, "bandwidth_gbps"), "median", json_real(203));
        set(json_object_get(cell, "bandwidth_gbps"), "high", json_real(203));
        result_append(document, cell);
    }
    return document;
}

static void relaxed_ordering_on_is_held_against_off(void **state)
{
    (void)state;
    char *text = print(both_orderings(), 120, false);
    assert_printed(text, "relaxed ordering on (effective on in 3 cells, unknown in 1 cells)\n");
    assert_printed(text,
                   "relaxed ordering on / off: 2.000  (write bandwidth · 64 KiB · 1 QP, depth "
                   "128; median 101.5 → 203.0 Gbit/s)\n");
    free(text);
    text = print(two_by_two(), 120, false);
    assert_not_printed(text, "on / off");
    free(text);
}

/* Columns of the widest line. */
static size_t widest(const char *text)
{
    size_t most = 0;
    while (*text) {
        char line[4096];
        size_t length = strcspn(text, "\n");
        snprintf(line, sizeof line, "%.*s", (int)length, text);
        size_t columns = mcb_text_columns(line);
        most = columns > most ? columns : most;
        text += length + (text[length] == '\n');
    }
    return most;
}

static json_t *square(int nics)
{
    json_t *document = result_document();
    for (int i = 0; i < nics * nics; i++) {
        char from[32], to[32];
        snprintf(from, sizeof from, "mlx5_%d", i / nics);
        snprintf(to, sizeof to, "mlx5_%d", i % nics);
        result_append(document, result_bandwidth("n1", from, "n1", to, 100 + i % 3));
    }
    return document;
}

static void relaxed_ordering_is_compared_on_each_route_apart(void **state)
{
    (void)state;
    json_t *document = both_orderings();
    for (size_t i = 0; i < 8; i++) {
        json_t *cell = json_deep_copy(cell_of(document, i)), *figures;
        result_set_route(cell, "staged", "cuda:0", "cuda:0");
        figures = json_object_get(cell, "bandwidth_gbps");
        set(figures, "median", json_real(i < 4 ? 50 : 75)); /* off, on */
        result_append(document, cell);
    }
    char *text = print(document, 200, false);
    assert_printed(
        text,
        "on / off: 2.000  (write bandwidth · 64 KiB · 1 QP, depth 128 · between host memories;");
    assert_printed(text, "on / off: 1.500  (write bandwidth · 64 KiB · 1 QP, depth 128 · staged");
    free(text);
}

static void a_wide_matrix_is_continued_below(void **state)
{
    (void)state;
    static const size_t widths[] = {40, 60, 80, 100, 133};
    for (size_t i = 0; i < sizeof widths / sizeof *widths; i++) {
        json_t *document = square(12);
        result_append(document, result_failed("mlx5_0", "mlx5_12", "failed", "MCB-RDMA-013",
                                              "a detail that is longer than a line of forty "
                                              "columns and has to be continued below it"));
        char *text = print(document, widths[i], false);
        assert_in_range(widest(text), widths[i] - 20, widths[i]);
        assert_int_equal(count(text, "±0.5"), 144);
        free(text);
    }
}

static void a_nearly_empty_matrix_is_a_list(void **state)
{
    (void)state;
    json_t *document = result_document();
    for (int i = 0; i < 32; i++) {
        char from[32], to[32];
        snprintf(from, sizeof from, "mlx5_%d", i);
        snprintf(to, sizeof to, "mlx5_%d", (i + 1) % 32);
        result_append(document, result_bandwidth("n1", from, "n1", to, 100));
    }
    char *text = print(document, 0, false);
    assert_printed(text, "mlx5_9 → mlx5_10   100.0 ±0.5\nmlx5_10 → mlx5_11  100.0 ±0.5\n");
    assert_not_printed(text, "—");
    free(text);
}

static void a_matrix_of_256_by_256_is_printed(void **state)
{
    (void)state;
    char *text = print(square(256), 0, false);
    assert_int_equal(count(text, "±0.5"), 65536);
    assert_printed(text, "65536 of 65536 cells measured");
    free(text);
}

static void a_path_that_was_measured_twice_is_told(void **state)
{
    (void)state;
    json_t *document = two_by_two();
    result_append(document, result_bandwidth("n1", "mlx5_0", "n1", "mlx5_0", 99));
    char *text = print(document, 0, false);
    assert_printed(text, "\n1 place holds 2 cells; the last is shown\n");
    assert_printed(text, " 99.0 ±0.5");
    free(text);
    document = two_by_two();
    for (int i = 0; i < 3; i++)
        result_append(document, result_bandwidth("n1", "mlx5_0", "n1", "mlx5_0", 99));
    text = print(json_incref(document), 0, false);
    assert_printed(text, "\n1 place holds 4 cells; the last is shown\n");
    free(text);
    result_append(document, result_bandwidth("n1", "mlx5_1", "n1", "mlx5_0", 99));
    text = print(document, 0, false);
    assert_printed(text, "\n2 places hold 6 cells; the last of each is shown\n");
    free(text);
}

static void figures_of_any_size_keep_their_meaning(void **state)
{
    (void)state;
    char number[MCB_TEXT_NUMBER_MAX];
    assert_string_equal(mcb_text_number(388.12, number), "388.1");
    assert_string_equal(mcb_text_number(45.31, number), "45.3");
    assert_string_equal(mcb_text_number(9.996, number), "10.0");
    assert_string_equal(mcb_text_number(3.214, number), "3.21");
    assert_string_equal(mcb_text_number(0.0523, number), "0.052");
    assert_string_equal(mcb_text_number(0.0001, number), "<0.001");
    assert_string_equal(mcb_text_number(0, number), "0.000");
    assert_true(strlen(mcb_text_number(1e300, number)) < 12);
    assert_string_equal(mcb_text_bytes(0, number), "0 B");
    assert_string_equal(mcb_text_bytes(999, number), "999 B");
    assert_string_equal(mcb_text_bytes(42.1e9, number), "42.1 GB");
    assert_string_equal(mcb_text_bytes(999.96e6, number), "1.0 GB");
}

static void text_is_cleaned_to_one_column_a_character(void **state)
{
    (void)state;
    static const char *const texts[][2] = {
        {"mlx5_0", "mlx5_0"},
        {"µ·±→—…Ünïcode", "µ·±→—…Ünïcode"},
        {"\033[31mred\033[0m\a\b\r\n\t", "?[31mred?[0m?????"},
        {"\177\302\233", "??"},            /* DEL; CSI of one character */
        {"\xff\xfe\xc3", "???"},           /* not UTF-8 */
        {"\xc0\xaf\xed\xa0\x80", "?????"}, /* overlong; surrogate */
        {"a\xe2\x80\xae"
         "b\xe2\x80\x8b",
         "a?b?"},                           /* right-to-left override; zero width */
        {"e\xcc\x81 \xe6\xbc\xa2", "e? ?"}, /* combining; wide */
        {"\xf0\x9f\x98\x80", "?"},          /* emoji */
    };
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        char clean[64];
        assert_string_equal(mcb_text_clean(texts[i][0], clean, sizeof clean), texts[i][1]);
    }
    char small[4];
    assert_string_equal(mcb_text_clean("aµµ", small, sizeof small), "aµ");
    assert_string_equal(mcb_text_clean(NULL, small, sizeof small), "");
}

static void text_is_wrapped_at_dots_and_blanks(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        size_t indent;
        const char *wrapped;
    } cases[] = {
        {"short", 0, "short\n"},
        {"exactly thirty columns of text", 0, "exactly thirty columns of text\n"},
        {"exactly thirty columns of text.", 0, "exactly thirty columns of\ntext.\n"},
        {"16 of 16 cells measured · median 388.0 Gbit/s", 0,
         "16 of 16 cells measured ·\nmedian 388.0 Gbit/s\n"},
        {"a word-that-is-longer-than-any-line-could-be b", 0,
         "a\nword-that-is-longer-than-any-line-could-be\nb\n"},
        {"indented by five columns below", 5, "indented by five columns\n     below\n"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char *text = NULL;
        size_t size = 0;
        FILE *out = open_memstream(&text, &size);
        mcb_text_wrap(out, cases[i].text, cases[i].indent, 30);
        fclose(out);
        assert_string_equal(text, cases[i].wrapped);
        free(text);
    }
}

static void hostile_text_cannot_steer_the_terminal(void **state)
{
    (void)state;
    static const char evil[] = "\033]0;x\a\033[2J\r\n\302\233";
    json_t *document = two_by_two();
    set(json_object_get(cell_of(document, 0), "initiator"), "nic", json_string(evil));
    set(json_object_get(cell_of(document, 0), "initiator"), "host", json_string(evil));
    set(json_object_get(cell_of(document, 1), "target"), "memory", json_string(evil));
    set(cell_of(document, 2), "method", json_string(evil));
    set(cell_of(document, 2), "measure", json_string("latency"));
    result_append(document, result_failed("mlx5_0", "mlx5_1", "failed", evil, evil));
    set(document, "warnings", json_pack("[s]", evil));
    set(document, "status", json_string("failed"));
    set(document, "fault",
        json_pack("{s:s, s:s, s:s, s:s, s:s}", "id", evil, "title", evil, "detail", evil, "cause",
                  evil, "fix", evil));
    char *text = print(document, 0, false);
    for (const char *at = text; *at; at++)
        assert_true((unsigned char)*at >= 0x20 || *at == '\n');
    assert_null(strstr(text, "\302\233"));
    free(text);
}

static void colour_is_used_only_when_asked(void **state)
{
    (void)state;
    json_t *document = two_by_two();
    result_append(document, result_failed("mlx5_0", "mlx5_2", "failed", "MCB-RDMA-013", "gone"));
    set(json_object_get(cell_of(document, 0), "bandwidth_gbps"), "median", json_real(50));
    json_t *same = json_deep_copy(document);
    char *plain = print(document, 0, false), *coloured = print(same, 0, true);
    assert_not_printed(plain, "\033");
    assert_printed(coloured, "\033[31mfailed a\033[0m");
    assert_printed(coloured, "\033[33m! 50.0 ±");
    /* Without the colours it is the same text. */
    char *out = coloured;
    for (const char *at = coloured; *at; at++) {
        if (*at == '\033')
            at = strchr(at, 'm');
        else
            *out++ = *at;
    }
    *out = '\0';
    assert_string_equal(coloured, plain);
    free(coloured);
    free(plain);
}

static void warnings_and_an_early_end_are_told(void **state)
{
    (void)state;
    json_t *document = two_by_two();
    set(document, "warnings", json_pack("[s]", "the clock jumped"));
    set(document, "status", json_string("failed"));
    set(document, "fault",
        json_pack("{s:s, s:s, s:s, s:s, s:s}", "id", "MCB-JOB-001", "title", "t", "detail",
                  "rank 1 (n2) is gone", "cause", "a crash", "fix", "look there"));
    char *text = print(document, 0, false);
    assert_printed(text, "warning: the clock jumped\n"
                         "run failed: rank 1 (n2) is gone  [MCB-JOB-001]\n"
                         "  cause: a crash\n"
                         "  try:   look there\n");
    free(text);
}

/* stderr says it in that case. */
static void of_a_live_run_the_faults_of_cells_are_told_but_not_the_end(void **state)
{
    (void)state;
    json_t *document = two_by_two();
    result_append(document,
                  result_failed("mlx5_0", "mlx5_2", "failed", "MCB-JOB-001", "n2 is gone"));
    set(document, "status", json_string("failed"));
    set(document, "fault", json_pack("{s:s, s:s}", "id", "MCB-JOB-001", "detail", "n2 is gone"));
    char *text = print_as(document, &(struct mcb_table_options){.live = true});
    assert_printed(text, "n2 is gone  [MCB-JOB-001]");
    assert_int_equal(count(text, "n2 is gone"), 1);
    assert_not_printed(text, "run failed");
    free(text);
}

static void a_document_without_cells_says_so(void **state)
{
    (void)state;
    char *text = print(result_document(), 0, false);
    assert_string_equal(text, "no cell was measured\n");
    free(text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(initiators_are_rows_and_targets_are_columns),
        cmocka_unit_test(the_order_of_cells_does_not_matter),
        cmocka_unit_test(the_share_of_the_ceiling_is_printed_where_it_is_known),
        cmocka_unit_test(a_share_of_more_than_ten_ceilings_is_not_counted_out),
        cmocka_unit_test(no_ceiling_has_no_line),
        cmocka_unit_test(one_ceiling_of_all_is_said_once),
        cmocka_unit_test(ceilings_are_grouped_and_the_most_common_comes_first),
        cmocka_unit_test(every_limiting_part_has_its_words),
        cmocka_unit_test(many_ceilings_stay_one_line_of_four),
        cmocka_unit_test(a_failed_cell_counts_for_no_ceiling),
        cmocka_unit_test(one_trial_has_no_spread),
        cmocka_unit_test(the_worst_cell_is_marked_only_if_it_stands_out),
        cmocka_unit_test(a_slow_latency_is_marked_and_percentiles_are_named),
        cmocka_unit_test(the_latency_of_a_read_is_a_round_trip),
        cmocka_unit_test(a_failed_cell_leads_to_its_fault),
        cmocka_unit_test(a_matrix_without_figures_is_printed),
        cmocka_unit_test(many_different_faults_do_not_flood_the_screen),
        cmocka_unit_test(hosts_make_blocks_of_their_own),
        cmocka_unit_test(settings_make_matrices_of_their_own),
        cmocka_unit_test(two_memories_of_a_nic_are_told_apart),
        cmocka_unit_test(the_memory_of_a_gpu_is_always_named),
        cmocka_unit_test(of_a_long_label_the_memory_is_kept),
        cmocka_unit_test(routes_make_matrices_of_their_own),
        cmocka_unit_test(latency_through_staging_is_said_so),
        cmocka_unit_test(direct_is_said_of_a_gpu_only),
        cmocka_unit_test(one_fault_of_many_paths_is_told_once),
        cmocka_unit_test(stand_ins_are_named_whatever_the_warnings_say),
        cmocka_unit_test(a_route_that_is_not_the_usual_one_is_named_also_alone),
        cmocka_unit_test(streams_are_not_called_queue_pairs),
        cmocka_unit_test(verified_and_wrong_bytes_are_told),
        cmocka_unit_test(relaxed_ordering_on_is_held_against_off),
        cmocka_unit_test(relaxed_ordering_is_compared_on_each_route_apart),
        cmocka_unit_test(a_wide_matrix_is_continued_below),
        cmocka_unit_test(a_nearly_empty_matrix_is_a_list),
        cmocka_unit_test(a_matrix_of_256_by_256_is_printed),
        cmocka_unit_test(a_path_that_was_measured_twice_is_told),
        cmocka_unit_test(figures_of_any_size_keep_their_meaning),
        cmocka_unit_test(text_is_cleaned_to_one_column_a_character),
        cmocka_unit_test(text_is_wrapped_at_dots_and_blanks),
        cmocka_unit_test(hostile_text_cannot_steer_the_terminal),
        cmocka_unit_test(colour_is_used_only_when_asked),
        cmocka_unit_test(warnings_and_an_early_end_are_told),
        cmocka_unit_test(of_a_live_run_the_faults_of_cells_are_told_but_not_the_end),
        cmocka_unit_test(a_document_without_cells_says_so),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
