/* SPDX-License-Identifier: Apache-2.0 */
/* From cells of --pairs affinity to a nic_priority_matrix, and how it is told. */
#include "bench/report/affinity.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "bench/plan/priority_matrix.h"
#include "tests/unit/printed_helper.h"
#include "tests/unit/result_helper.h"

static json_t *host_of(json_t *document, size_t number)
{
    return json_array_get(json_object_get(document, "hosts"), number);
}

/* n1 with mlx5_0 and mlx5_1, one on each of its two NUMA nodes, and cuda:0 near mlx5_0. */
static json_t *affinity_document(void)
{
    json_t *document = result_document(), *host = host_of(document, 0);
    json_object_set_new(json_object_get(document, "settings"), "pairs",
                        json_pack("{s:s, s:s}", "value", "affinity", "from", "option"));
    json_object_set_new(host, "numa_nodes", json_integer(2));
    json_object_set_new(host, "nics",
                        json_pack("[{s:s, s:i, s:i, s:n}, {s:s, s:i, s:i, s:n}]", "name", "mlx5_0",
                                  "port", 1, "numa_node", 0, "pci_address", "name", "mlx5_1",
                                  "port", 1, "numa_node", 1, "pci_address"));
    json_array_append_new(json_object_get(host, "gpus"), result_gpu("cuda:0", false));
    return document;
}

/* To the fixed peer n2/peer. */
static json_t *measured(const char *memory, const char *nic, double median)
{
    json_t *cell = result_bandwidth("n1", nic, "n2", "peer", median);
    result_set_route(cell, "direct", memory, "cpu:0");
    return cell;
}

static json_t *failed(const char *memory, const char *nic, const char *status)
{
    json_t *cell = result_failed(nic, "peer", status, "MCB-GPU-008", "not reached");
    result_set_route(cell, "direct", memory, "cpu:0");
    json_object_set_new(json_object_get(cell, "target"), "host", json_string("n2"));
    return cell;
}

static void assert_json(json_t *found, const char *expected)
{
    char *text = json_dumps(found, 0);
    assert_non_null(text);
    assert_string_equal(text, expected);
    free(text);
    json_decref(found);
}

static void assert_matrix(json_t *document, const char *expected)
{
    assert_json(mcb_affinity_matrix(document, "n1"), expected);
    json_decref(document);
}

static void the_best_nic_of_each_memory_is_preferred(void **state)
{
    (void)state;
    json_t *document = affinity_document();
    result_append(document, measured("cuda:0", "mlx5_1", 200));
    result_append(document, measured("cuda:0", "mlx5_0", 388));
    result_append(document, measured("cpu:1", "mlx5_0", 300));
    result_append(document, measured("cpu:1", "mlx5_1", 388));
    assert_matrix(document, "{\"cpu:1\": [[\"mlx5_1\"], [\"mlx5_0\"]], "
                            "\"cuda:0\": [[\"mlx5_0\"], [\"mlx5_1\"]]}");
}

static void what_95_per_cent_of_the_best_carries_is_as_good(void **state)
{
    (void)state;
    json_t *document = affinity_document();
    result_append(document, measured("cuda:0", "mlx5_0", 400));
    result_append(document, measured("cuda:0", "mlx5_1", 380));
    assert_matrix(document, "{\"cuda:0\": [[\"mlx5_0\", \"mlx5_1\"], []]}");
    document = affinity_document();
    result_append(document, measured("cuda:0", "mlx5_0", 400));
    result_append(document, measured("cuda:0", "mlx5_1", 379));
    assert_matrix(document, "{\"cuda:0\": [[\"mlx5_0\"], [\"mlx5_1\"]]}");
}

static void intervals_that_overlap_are_one_figure(void **state)
{
    (void)state;
    for (int overlap = 0; overlap < 2; overlap++) {
        json_t *document = affinity_document(), *worse = measured("cuda:0", "mlx5_1", 100);
        json_t *best = measured("cuda:0", "mlx5_0", 200);
        json_object_set_new(json_object_get(best, "bandwidth_gbps"), "low", json_real(150));
        json_object_set_new(json_object_get(worse, "bandwidth_gbps"), "high",
                            json_real(overlap ? 150 : 149));
        result_append(document, best);
        result_append(document, worse);
        assert_matrix(document, overlap ? "{\"cuda:0\": [[\"mlx5_0\", \"mlx5_1\"], []]}"
                                        : "{\"cuda:0\": [[\"mlx5_0\"], [\"mlx5_1\"]]}");
    }
}

static void a_nic_without_a_figure_is_in_no_list(void **state)
{
    (void)state;
    json_t *document = affinity_document();
    result_append(document, failed("cuda:0", "mlx5_0", "failed"));
    result_append(document, measured("cuda:0", "mlx5_1", 200));
    result_append(document, failed("cpu:0", "mlx5_0", "skipped"));
    assert_matrix(document, "{\"cuda:0\": [[\"mlx5_1\"], []]}");
}

static void the_first_operation_at_the_largest_size_counts(void **state)
{
    (void)state;
    json_t *document = affinity_document();
    static const struct {
        const char *operation, *ordering;
        int size_bytes;
        double mlx5_0, mlx5_1;
    } settings[] = {{"write", "off", 4096, 10, 400},
                    {"write", "off", 1 << 20, 400, 10},
                    {"write", "on", 1 << 20, 10, 400},
                    {"read", "off", 4 << 20, 10, 400}};
    result_append(document, result_latency("mlx5_0", "mlx5_1", 3));
    for (size_t i = 0; i < sizeof settings / sizeof *settings; i++) {
        json_t *cells[] = {measured("cuda:0", "mlx5_0", settings[i].mlx5_0),
                           measured("cuda:0", "mlx5_1", settings[i].mlx5_1)};
        for (int n = 0; n < 2; n++) {
            json_object_set_new(cells[n], "operation", json_string(settings[i].operation));
            json_object_set_new(cells[n], "size_bytes", json_integer(settings[i].size_bytes));
            json_object_set_new(json_object_get(cells[n], "relaxed_ordering"), "requested",
                                json_string(settings[i].ordering));
            result_append(document, cells[n]);
        }
    }
    assert_matrix(document, "{\"cuda:0\": [[\"mlx5_0\"], [\"mlx5_1\"]]}");
}

static void of_several_routes_the_direct_one_counts_and_else_staging(void **state)
{
    (void)state;
    static const struct {
        const char *route, *memory;
        double mlx5_0, mlx5_1;
    } routes[] = {{"host", "cpu:1", 400, 400},
                  {"staged", "cuda:0", 10, 400},
                  {"direct", "cuda:0", 400, 10},
                  {"direct", "cpu:0", 400, 10},
                  {"staged", "cuda:1", 10, 400}};
    json_t *document = affinity_document();
    for (size_t i = 0; i < sizeof routes / sizeof *routes; i++)
        for (int n = 0; n < 2; n++) {
            json_t *cell = measured(routes[i].memory, n ? "mlx5_1" : "mlx5_0",
                                    n ? routes[i].mlx5_1 : routes[i].mlx5_0);
            json_object_set_new(cell, "route", json_string(routes[i].route));
            result_append(document, cell);
        }
    assert_matrix(document, "{\"cpu:0\": [[\"mlx5_0\"], [\"mlx5_1\"]], "
                            "\"cuda:0\": [[\"mlx5_0\"], [\"mlx5_1\"]], "
                            "\"cuda:1\": [[\"mlx5_1\"], [\"mlx5_0\"]]}");
}

static void what_was_measured_twice_counts_as_it_was_last(void **state)
{
    (void)state;
    json_t *document = affinity_document();
    result_append(document, measured("cuda:0", "mlx5_0", 400));
    result_append(document, measured("cuda:0", "mlx5_1", 200));
    result_append(document, measured("cuda:0", "mlx5_0", 100));
    assert_matrix(document, "{\"cuda:0\": [[\"mlx5_1\"], [\"mlx5_0\"]]}");
}

static void a_host_that_was_not_measured_has_an_empty_matrix(void **state)
{
    (void)state;
    json_t *document = affinity_document();
    assert_json(mcb_affinity_matrix(document, "n1"), "{}");
    result_append(document, measured("cuda:0", "mlx5_0", 100));
    assert_json(mcb_affinity_matrix(document, "n7"), "{}");
    json_decref(document);
}

static void what_is_printed_can_be_given_to_mooncake(void **state)
{
    (void)state;
    struct mcb_error error;
    json_t *document = affinity_document();
    result_append(document, measured("cuda:0", "mlx5_1", 200));
    result_append(document, measured("cuda:0", "mlx5_0", 388));
    char *text = print(document, 0, false);
    const char *at = strstr(text, "\nmeasured  {");
    assert_non_null(at);
    char *line = strndup(at + strlen("\nmeasured  "), strcspn(at + 1, "\n") - strlen("measured  "));
    json_t *matrix = mcb_priority_matrix_read(line, "the matrix", &error);
    if (!matrix)
        fail_msg("%s", error.detail);
    assert_json(matrix, "{\"cuda:0\": [[\"mlx5_0\"], [\"mlx5_1\"]]}");
    free(line);
    free(text);
}

static void a_name_of_any_script_stays_json(void **state)
{
    (void)state;
    json_t *document = affinity_document();
    result_append(document, measured("cuda:0", "mlx\xe6\xbc\xa2", 400));
    char *text = print(document, 0, false);
    assert_printed(text, "measured  {\"cuda:0\": [[\"mlx\\u6F22\"], []]}\n");
    free(text);
}

static void the_topology_suggests_near_nics_and_those_of_the_node(void **state)
{
    (void)state;
    json_t *document = affinity_document();
    result_append(document, measured("cuda:0", "mlx5_1", 200));
    result_append(document, measured("cpu:1", "mlx5_0", 300));
    assert_json(
        mcb_affinity_suggestion(document, "n1"),
        "{\"cpu:1\": [[\"mlx5_1\"], [\"mlx5_0\"]], \"cuda:0\": [[\"mlx5_0\"], [\"mlx5_1\"]]}");
    json_object_set_new(host_of(document, 0), "numa_nodes", json_integer(1));
    json_object_del(json_array_get(json_object_get(host_of(document, 0), "gpus"), 0), "near_nics");
    assert_json(mcb_affinity_suggestion(document, "n1"),
                "{\"cpu:1\": [[\"mlx5_0\", \"mlx5_1\"], []]}");
    json_decref(document);
}

static void what_differs_from_the_topology_is_marked(void **state)
{
    (void)state;
    json_t *document = affinity_document();
    result_append(document, measured("cuda:0", "mlx5_0", 200));
    result_append(document, measured("cuda:0", "mlx5_1", 400));
    result_append(document, measured("cpu:0", "mlx5_0", 400));
    result_append(document, failed("cpu:0", "mlx5_1", "failed"));
    char *text = print(document, 120, false);
    assert_printed(
        text,
        "nic_priority_matrix of n1, measured: write bandwidth at 64 KiB, each memory with each NIC "
        "→ "
        "n2/peer/cpu:0\n"
        "memory  NIC         Gbit/s  of best  measured   topology\n"
        "cpu:0   mlx5_0  400.0 ±0.5     100%  preferred  preferred\n"
        "cpu:0   mlx5_1      failed        —  left out   other      ! differs\n"
        "cuda:0  mlx5_0  200.0 ±0.5      50%  other      preferred  ! differs\n"
        "cuda:0  mlx5_1  400.0 ±0.5     100%  preferred  other      ! differs\n"
        "left out: cpu:0 with mlx5_1: not reached  [MCB-GPU-008]\n"
        "measured and topology differ in 3 of 4 places\n"
        "measured  {\"cpu:0\": [[\"mlx5_0\"], []], \"cuda:0\": [[\"mlx5_1\"], [\"mlx5_0\"]]}\n"
        "topology  {\"cpu:0\": [[\"mlx5_0\"], [\"mlx5_1\"]], \"cuda:0\": [[\"mlx5_0\"], "
        "[\"mlx5_1\"]]}\n");
    free(text);
}

static void agreement_is_said(void **state)
{
    (void)state;
    json_t *document = affinity_document();
    result_append(document, measured("cuda:0", "mlx5_0", 400));
    result_append(document, measured("cuda:0", "mlx5_1", 200));
    char *text = print(document, 120, false);
    assert_printed(text, "measured and topology agree\n");
    assert_not_printed(text, "differs");
    assert_not_printed(text, "loopback");
    free(text);
}

static void a_topology_that_is_not_known_is_no_agreement(void **state)
{
    (void)state;
    json_t *document = affinity_document();
    json_object_clear(json_array_get(json_object_get(host_of(document, 0), "gpus"), 0));
    result_append(document, measured("cuda:0", "mlx5_0", 400));
    char *text = print(document, 120, false);
    assert_printed(text, "cuda:0  mlx5_0  400.0 ±0.5     100%  preferred  not known\n");
    assert_printed(text, "the topology suggests nothing");
    assert_not_printed(text, "agree");
    free(text);
}

static void the_fixed_peers_own_nic_goes_by_loopback(void **state)
{
    (void)state;
    json_t *document = affinity_document();
    for (int n = 0; n < 2; n++) {
        json_t *cell = result_bandwidth("n1", n ? "mlx5_1" : "mlx5_0", "n1", "mlx5_0", 400);
        result_set_route(cell, "direct", "cuda:0", "cpu:0");
        result_append(document, cell);
    }
    char *text = print(document, 200, false);
    assert_printed(text, "\ncuda:0  mlx5_0 *  400.0");
    assert_printed(text, "\ncuda:0  mlx5_1    400.0");
    assert_printed(text, "* the fixed peer's own NIC: its path goes by loopback");
    free(text);
}

static void each_host_has_its_own(void **state)
{
    (void)state;
    json_t *document = affinity_document(), *second = result_host();
    json_object_set_new(second, "host", json_string("n2"));
    json_array_append_new(json_object_get(document, "hosts"), second);
    json_t *cell = result_bandwidth("n2", "mlx5_0", "n1", "mlx5_0", 100);
    result_append(document, cell);
    result_append(document, measured("cuda:0", "mlx5_0", 400));
    char *text = print(document, 200, false);
    assert_printed(text, "nic_priority_matrix of n1, measured");
    assert_printed(text, "nic_priority_matrix of n2, measured");
    assert_printed(text, "measured  {\"cpu:0\": [[\"mlx5_0\"], []]}\n");
    free(text);
}

static void other_pairs_make_no_matrix(void **state)
{
    (void)state;
    json_t *document = affinity_document();
    json_object_set_new(json_object_get(json_object_get(document, "settings"), "pairs"), "value",
                        json_string("all"));
    result_append(document, measured("cuda:0", "mlx5_0", 400));
    char *text = print(document, 0, false);
    assert_not_printed(text, "nic_priority_matrix");
    free(text);
}

static void hostile_names_cannot_steer_the_terminal(void **state)
{
    (void)state;
    static const char evil[] = "\033[2J\177\r\302\233";
    json_t *document = affinity_document();
    result_append(document, measured(evil, evil, 400));
    json_t *cell = failed("cuda:0", evil, "failed");
    json_object_set_new(json_object_get(cell, "fault"), "detail", json_string(evil));
    result_append(document, cell);
    char *text = print(document, 0, false);
    for (const char *at = text; *at; at++)
        assert_true((unsigned char)*at >= 0x20 ? *at != 0x7f : *at == '\n');
    assert_null(strstr(text, "\302\233"));
    free(text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_best_nic_of_each_memory_is_preferred),
        cmocka_unit_test(what_95_per_cent_of_the_best_carries_is_as_good),
        cmocka_unit_test(intervals_that_overlap_are_one_figure),
        cmocka_unit_test(a_nic_without_a_figure_is_in_no_list),
        cmocka_unit_test(the_first_operation_at_the_largest_size_counts),
        cmocka_unit_test(of_several_routes_the_direct_one_counts_and_else_staging),
        cmocka_unit_test(what_was_measured_twice_counts_as_it_was_last),
        cmocka_unit_test(a_host_that_was_not_measured_has_an_empty_matrix),
        cmocka_unit_test(what_is_printed_can_be_given_to_mooncake),
        cmocka_unit_test(a_name_of_any_script_stays_json),
        cmocka_unit_test(the_topology_suggests_near_nics_and_those_of_the_node),
        cmocka_unit_test(what_differs_from_the_topology_is_marked),
        cmocka_unit_test(agreement_is_said),
        cmocka_unit_test(a_topology_that_is_not_known_is_no_agreement),
        cmocka_unit_test(the_fixed_peers_own_nic_goes_by_loopback),
        cmocka_unit_test(each_host_has_its_own),
        cmocka_unit_test(other_pairs_make_no_matrix),
        cmocka_unit_test(hostile_names_cannot_steer_the_terminal),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
