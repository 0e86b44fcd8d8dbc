/* SPDX-License-Identifier: Apache-2.0 */
/* From cells of --pairs affinity to a nic_priority_matrix, and how it is told. */
#include "bench/report/affinity.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "bench/plan/priority_matrix.h"
#include "bench/report/affinity_places.h"
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

/* The measured and the suggested matrix of the first host that was measured. */
static void make_matrices(const json_t *document, json_t **measured, json_t **suggested)
{
    struct mcb_affinity_places places;
    assert_int_equal(mcb_affinity_places_make(document, &places), 0);
    size_t count = places.count > 0 ? mcb_affinity_host_length(&places, 0) : 0;
    *measured = mcb_affinity_measured(&places, 0, count);
    *suggested = mcb_affinity_suggested(document, &places, 0, count);
    free(places.list);
}

static void assert_matrix(json_t *document, const char *expected)
{
    json_t *measured, *suggested;
    make_matrices(document, &measured, &suggested);
    assert_json(measured, expected);
    json_decref(suggested);
    json_decref(document);
}

static void assert_suggestion(const json_t *document, const char *expected)
{
    json_t *measured, *suggested;
    make_matrices(document, &measured, &suggested);
    assert_json(suggested, expected);
    json_decref(measured);
}

static void set_interval(json_t *cell, double low, double high)
{
    json_t *bandwidth = json_object_get(cell, "bandwidth_gbps");
    json_object_set_new(bandwidth, "low", json_real(low));
    json_object_set_new(bandwidth, "high", json_real(high));
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

/* cuda:0: mlx5_0 with 200 (190 to 201), mlx5_1 with that median and up to `high`. */
static json_t *noisy(double median, double high)
{
    json_t *document = affinity_document();
    json_t *best = measured("cuda:0", "mlx5_0", 200), *worse = measured("cuda:0", "mlx5_1", median);
    set_interval(best, 190, 201);
    set_interval(worse, median - 30, high);
    result_append(document, best);
    result_append(document, worse);
    return document;
}

static void intervals_that_overlap_are_one_figure_from_90_per_cent_on(void **state)
{
    (void)state;
    assert_matrix(noisy(180, 190), "{\"cuda:0\": [[\"mlx5_0\", \"mlx5_1\"], []]}");
    assert_matrix(noisy(180, 189), "{\"cuda:0\": [[\"mlx5_0\"], [\"mlx5_1\"]]}");
    assert_matrix(noisy(179, 190), "{\"cuda:0\": [[\"mlx5_0\"], [\"mlx5_1\"]]}");
}

static void noise_makes_no_nic_a_good_one(void **state)
{
    (void)state;
    char *text = print(noisy(100, 400), 120, false);
    assert_printed(text, "cuda:0  mlx5_0  200.0 (190.0–201.0)     100%  preferred  preferred\n"
                         "cuda:0  mlx5_1   100.0 (70.0–400.0)      50%  not clear  other      "
                         "? not clear\n");
    assert_printed(text, "More --trials");
    assert_printed(text, "measured and topology agree in 1 of 2 places; 1 is not clear\n");
    assert_printed(text, "measured  {\"cuda:0\": [[\"mlx5_0\"], [\"mlx5_1\"]]}\n");
    free(text);
    text = print(noisy(100, 189), 120, false);
    assert_not_printed(text, "not clear");
    assert_printed(text, "cuda:0  mlx5_0   200.0 ±5.5 ");
    free(text);
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

static void what_was_not_measured_has_an_empty_matrix(void **state)
{
    (void)state;
    assert_matrix(affinity_document(), "{}");
}

static json_t *with_route(json_t *cell, const char *route)
{
    json_object_set_new(cell, "route", json_string(route));
    return cell;
}

static void where_direct_failed_the_staged_figure_counts_and_that_is_said(void **state)
{
    (void)state;
    json_t *document = affinity_document();
    result_append(document, failed("cuda:0", "mlx5_0", "failed"));
    result_append(document, with_route(measured("cuda:0", "mlx5_0", 100), "staged"));
    result_append(document, measured("cuda:0", "mlx5_1", 400));
    result_append(document, with_route(measured("cuda:0", "mlx5_1", 50), "staged"));
    char *text = print(json_incref(document), 160, false);
    assert_printed(text, "write bandwidth at 64 KiB, direct, else staged through host memory, "
                         "relaxed ordering off, each memory");
    assert_printed(text, "cuda:0  mlx5_0 +  100.0 ±0.5      25%  other      preferred  ! differs\n"
                         "cuda:0  mlx5_1    400.0 ±0.5     100%  preferred  other      ! differs\n"
                         "+ staged, as direct failed: cuda:0 with mlx5_0: not reached  "
                         "[MCB-GPU-008]\n");
    free(text);
    assert_matrix(document, "{\"cuda:0\": [[\"mlx5_1\"], [\"mlx5_0\"]]}");
}

static void where_both_routes_failed_the_direct_fault_is_told_once(void **state)
{
    (void)state;
    json_t *document = affinity_document();
    for (int n = 0; n < 2; n++) {
        const char *nic = n ? "mlx5_1" : "mlx5_0";
        json_t *staged = with_route(failed("cuda:0", nic, "failed"), "staged");
        json_object_set_new(json_object_get(staged, "fault"), "detail", json_string("other"));
        result_append(document, failed("cuda:0", nic, "failed"));
        result_append(document, staged);
    }
    result_append(document, measured("cpu:0", "mlx5_0", 400));
    char *text = print(document, 160, false);
    assert_printed(text, "\nleft out: cuda:0 with mlx5_0, cuda:0 with mlx5_1: not reached  "
                         "[MCB-GPU-008]\n");
    assert_null(strstr(strstr(text, "left out: ") + 1, "left out: "));
    assert_not_printed(strstr(text, "nic_priority_matrix of"), "other  [");
    free(text);
}

static void many_places_of_one_fault_are_counted(void **state)
{
    (void)state;
    json_t *document = affinity_document();
    for (int gpu = 0; gpu < 40; gpu++) {
        char memory[32];
        snprintf(memory, sizeof memory, "cuda:%d", gpu);
        result_append(document, failed(memory, "mlx5_0", "failed"));
    }
    char *text = print(document, 400, false);
    assert_printed(text, "cuda:8 with mlx5_0 and 31 more: not reached  [MCB-GPU-008]\n");
    free(text);
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
    assert_suggestion(
        document,
        "{\"cpu:1\": [[\"mlx5_1\"], [\"mlx5_0\"]], \"cuda:0\": [[\"mlx5_0\"], [\"mlx5_1\"]]}");
    json_object_set_new(host_of(document, 0), "numa_nodes", json_integer(1));
    json_object_del(json_array_get(json_object_get(host_of(document, 0), "gpus"), 0), "near_nics");
    assert_suggestion(document, "{\"cpu:1\": [[\"mlx5_0\", \"mlx5_1\"], []]}");
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
    char *text = print(document, 200, false);
    assert_printed(
        text,
        "nic_priority_matrix of n1, measured: write bandwidth at 64 KiB, direct, relaxed ordering "
        "off, each memory with "
        "each NIC → n2/peer/cpu:0\n"
        "memory  NIC         Gbit/s  of best  measured      topology\n"
        "cpu:0   mlx5_0  400.0 ±0.5     100%  the only one  preferred\n"
        "cpu:0   mlx5_1      failed        —  left out      other\n"
        "cuda:0  mlx5_0  200.0 ±0.5      50%  other         preferred  ! differs\n"
        "cuda:0  mlx5_1  400.0 ±0.5     100%  preferred     other      ! differs\n"
        "left out: cpu:0 with mlx5_1: not reached  [MCB-GPU-008]\n"
        "measured and topology differ in 2 of 2 places\n"
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
    assert_printed(text, "measured and topology agree in 2 of 2 places\n");
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
    result_append(document, measured("cuda:0", "mlx5_1", 200));
    char *text = print(document, 120, false);
    assert_printed(text, "cuda:0  mlx5_0  400.0 ±0.5     100%  preferred  not known\n");
    assert_printed(text, "the topology suggests nothing");
    assert_not_printed(text, "agree");
    free(text);
}

static void of_what_the_topology_does_not_know_no_agreement_is_claimed(void **state)
{
    (void)state;
    json_t *document = affinity_document();
    result_append(document, measured("cpu:0", "mlx5_0", 400));
    result_append(document, measured("cpu:0", "mlx5_1", 200));
    result_append(document, measured("cuda:7", "mlx5_0", 400));
    result_append(document, measured("cuda:7", "mlx5_1", 200));
    char *text = print(document, 120, false);
    assert_printed(text, "measured and topology agree in 2 of 4 places; of 2 the topology says "
                         "nothing\n");
    free(text);
}

static void with_one_nic_there_is_nothing_to_agree_about(void **state)
{
    (void)state;
    json_t *document = affinity_document();
    result_append(document, measured("cuda:0", "mlx5_0", 400));
    result_append(document, measured("cpu:0", "mlx5_0", 400));
    char *text = print(document, 120, false);
    assert_printed(text, "cuda:0  mlx5_0  400.0 ±0.5     100%  the only one  preferred\n");
    assert_printed(text, "\nnothing to choose from: ");
    assert_not_printed(text, "agree");
    assert_printed(text,
                   "measured  {\"cpu:0\": [[\"mlx5_0\"], []], \"cuda:0\": [[\"mlx5_0\"], []]}\n");
    free(text);
}

/* From n1, which has the peer itself: mlx5_0 to itself, and as many others. */
static json_t *on_one_host(int nics)
{
    static const char *const names[] = {"mlx5_0", "mlx5_1", "mlx5_2"};
    static const double medians[] = {800, 200, 400};
    json_t *document = affinity_document();
    for (int n = 0; n < nics; n++) {
        json_t *cell = result_bandwidth("n1", names[n], "n1", "mlx5_0", medians[n]);
        result_set_route(cell, "direct", "cuda:0", "cpu:0");
        result_append(document, cell);
    }
    return document;
}

static void the_fixed_peers_own_nic_is_held_against_no_other(void **state)
{
    (void)state;
    char *text = print(on_one_host(3), 200, false);
    assert_printed(text, "\ncuda:0  mlx5_0 *  800.0 ±0.5        —  not comparable  preferred\n"
                         "cuda:0  mlx5_1    200.0 ±0.5      50%  other           other\n"
                         "cuda:0  mlx5_2    400.0 ±0.5     100%  preferred       other      "
                         "! differs\n"
                         "* the fixed peer's own NIC: its path goes by loopback");
    assert_printed(text, "differ in 1 of 2 places\n");
    assert_printed(text, "measured  {\"cuda:0\": [[\"mlx5_2\"], [\"mlx5_1\"]]}\n");
    free(text);
}

static void beside_the_fixed_peers_own_nic_one_is_no_choice(void **state)
{
    (void)state;
    char *text = print(on_one_host(2), 200, false);
    assert_printed(text, "cuda:0  mlx5_1    200.0 ±0.5     100%  the only one    other\n");
    assert_printed(text, "nothing to choose from");
    free(text);
    text = print(on_one_host(1), 200, false);
    assert_printed(text, "cuda:0  mlx5_0 *  800.0 ±0.5        —  not comparable  preferred\n");
    assert_printed(text, "nothing to choose from");
    assert_not_printed(text, "\nmeasured  {");
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
        cmocka_unit_test(intervals_that_overlap_are_one_figure_from_90_per_cent_on),
        cmocka_unit_test(noise_makes_no_nic_a_good_one),
        cmocka_unit_test(a_nic_without_a_figure_is_in_no_list),
        cmocka_unit_test(the_first_operation_at_the_largest_size_counts),
        cmocka_unit_test(of_several_routes_the_direct_one_counts_and_else_staging),
        cmocka_unit_test(what_was_measured_twice_counts_as_it_was_last),
        cmocka_unit_test(what_was_not_measured_has_an_empty_matrix),
        cmocka_unit_test(where_direct_failed_the_staged_figure_counts_and_that_is_said),
        cmocka_unit_test(where_both_routes_failed_the_direct_fault_is_told_once),
        cmocka_unit_test(many_places_of_one_fault_are_counted),
        cmocka_unit_test(what_is_printed_can_be_given_to_mooncake),
        cmocka_unit_test(a_name_of_any_script_stays_json),
        cmocka_unit_test(the_topology_suggests_near_nics_and_those_of_the_node),
        cmocka_unit_test(what_differs_from_the_topology_is_marked),
        cmocka_unit_test(agreement_is_said),
        cmocka_unit_test(a_topology_that_is_not_known_is_no_agreement),
        cmocka_unit_test(of_what_the_topology_does_not_know_no_agreement_is_claimed),
        cmocka_unit_test(with_one_nic_there_is_nothing_to_agree_about),
        cmocka_unit_test(the_fixed_peers_own_nic_is_held_against_no_other),
        cmocka_unit_test(beside_the_fixed_peers_own_nic_one_is_no_choice),
        cmocka_unit_test(each_host_has_its_own),
        cmocka_unit_test(other_pairs_make_no_matrix),
        cmocka_unit_test(hostile_names_cannot_steer_the_terminal),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
