/* SPDX-License-Identifier: Apache-2.0 */
#include "bench/topology/priority.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "bench/plan/priority_matrix.h"
#include "bench/plan/settings.h"
#include "tests/unit/topology_view_helper.h"

static void assert_matrix(const struct host *host, const char *expected)
{
    struct mcb_error error;
    json_t *matrix = mcb_priority_make(&host->tree, &error);
    if (!matrix)
        fail_msg("%s", error.detail);
    char *text = json_dumps(matrix, 0);
    assert_string_equal(text, expected);
    free(text);
    json_decref(matrix);
}

static void assert_refused(const struct host *host, enum mcb_fault_code fault, const char *detail)
{
    struct mcb_error error;
    assert_null(mcb_priority_make(&host->tree, &error));
    assert_int_equal(error.code, fault);
    assert_string_equal(error.detail, detail);
}

static int make_host(void **state)
{
    *state = host_of_every_kind();
    return 0;
}

static int make_empty_host(void **state)
{
    *state = host_new();
    host_add_numa_node(*state, "cpu:0", "0-47", 0);
    return 0;
}

static int free_host(void **state)
{
    free(*state);
    return 0;
}

static void activate(struct host *host)
{
    for (size_t i = 0; i < host->tree.device_count; i++)
        host->ports[i].active = true;
}

static void near_nics_are_preferred_and_all_others_available(void **state)
{
    activate(*state);
    assert_matrix(*state, "{\"cpu:0\": [[\"mlx5_0\"], [\"mlx5_1\"]], "
                          "\"cpu:1\": [[\"mlx5_1\"], [\"mlx5_0\"]], "
                          "\"cuda:0\": [[\"mlx5_0\"], [\"mlx5_1\"]]}");
}

static void a_nic_without_an_active_port_is_left_out(void **state)
{
    assert_matrix(*state, "{\"cpu:0\": [[\"mlx5_0\"], []], "
                          "\"cpu:1\": [[], [\"mlx5_0\"]], "
                          "\"cuda:0\": [[\"mlx5_0\"], []]}");
}

static void software_serves_where_no_hardware_does(void **state)
{
    struct host *host = *state;
    host->ports[0].active = false; /* mlx5_0; mlx5_1 is down already */
    assert_matrix(host, "{\"cpu:0\": [[], [\"rxe0\"]], \"cpu:1\": [[], [\"rxe0\"]], "
                        "\"cuda:0\": [[\"rxe0\"], []]}");
}

static void the_nearest_nic_that_is_active_takes_the_place_of_a_nearer_one(void **state)
{
    struct host *host = *state;
    size_t nic = host_add_device(host, MCB_TREE_NIC, 2, "mlx5_2", "0000:1a:00.0", "");
    host_add_facts(host, nic, true);
    host->ports[0].active = false; /* mlx5_0 */
    assert_matrix(host, "{\"cpu:0\": [[\"mlx5_2\"], []], "
                        "\"cpu:1\": [[], [\"mlx5_2\"]], "
                        "\"cuda:0\": [[\"mlx5_2\"], []]}");
}

static void the_nics_of_a_file_count_as_active(void **state)
{
    struct host *host = *state;
    host->tree.this_host = false;
    host_add_device(host, MCB_TREE_NIC, 1, "mlx5_0", "0000:1a:00.0", "");
    assert_matrix(host, "{\"cpu:0\": [[\"mlx5_0\"], []]}");
}

static void what_is_written_is_read_back_the_same(void **state)
{
    struct mcb_error error;
    struct host *host = *state;
    host_add_device(host, MCB_TREE_GPU, 1, "hip:1", "0000:1b:00.0", "");
    json_t *matrix = mcb_priority_make(&host->tree, &error);
    char *text = json_dumps(matrix, JSON_INDENT(2));
    json_t *read = mcb_priority_matrix_read(text, "--nic-priority-matrix", &error);
    if (!read)
        fail_msg("%s", error.detail);
    assert_true(json_equal(read, matrix));
    json_decref(read);
    json_decref(matrix);
    free(text);
}

static void a_run_on_cpu_memory_takes_its_nics_from_it(void **state)
{
    struct mcb_error error;
    struct mcb_settings settings = {.memories = {{.number = -1}}, .memory_count = 1};
    int memory_nodes[MCB_NICS_MAX];
    activate(*state);
    settings.priority_matrix = mcb_priority_make(&((struct host *)*state)->tree, &error);
    assert_int_equal(mcb_priority_matrix_select(&settings, memory_nodes, &error), 0);
    assert_int_equal(settings.nic_count, 2);
    assert_string_equal(settings.nics[0], "mlx5_0");
    assert_int_equal(memory_nodes[0], 0);
    assert_string_equal(settings.nics[1], "mlx5_1");
    assert_int_equal(memory_nodes[1], 1);
    json_decref(settings.priority_matrix);
}

static void a_host_without_nics_has_no_matrix(void **state)
{
    struct host *host = *state;
    assert_refused(host, MCB_FAULT_RDMA_NO_DEVICE,
                   "priority matrix: there is no RDMA device on this host");
    host->tree.this_host = false;
    assert_refused(host, MCB_FAULT_RDMA_NO_DEVICE,
                   "priority matrix: there is no RDMA device in the file");
}

static void a_host_whose_ports_are_all_down_has_no_matrix(void **state)
{
    struct host *host = *state;
    host_add_facts(host, host_add_device(host, MCB_TREE_NIC, 1, "mlx5_0", "", ""), false);
    assert_refused(host, MCB_FAULT_RDMA_PORT_DOWN,
                   "priority matrix: mlx5_0: no port is active, and Mooncake leaves such a NIC "
                   "out");
    host_add_facts(host, host_add_device(host, MCB_TREE_NIC, 1, "mlx5_1", "", ""), false);
    assert_refused(host, MCB_FAULT_RDMA_PORT_DOWN,
                   "priority matrix: mlx5_0 and all other NICs: no port is active, and Mooncake "
                   "leaves such a NIC out");
}

static void names_that_mooncake_could_not_tell_apart_are_refused(void **state)
{
    struct host *host = *state;
    host_add_device(host, MCB_TREE_NIC, 1, "mlx5_0", "0000:1a:00.0", "");
    host_add_device(host, MCB_TREE_NIC, 1, "mlx5_0", "0000:1b:00.0", "");
    assert_refused(host, MCB_FAULT_USE_TOPOLOGY, "mlx5_0: two NICs of this name");
    strcpy(host->nodes[3].name, "mlx5 0");
    assert_refused(host, MCB_FAULT_USE_TOPOLOGY, "'mlx5 0': cannot be the name of a NIC");
}

#define WITH_HOST(test)  cmocka_unit_test_setup_teardown(test, make_host, free_host)
#define WITH_EMPTY(test) cmocka_unit_test_setup_teardown(test, make_empty_host, free_host)

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_HOST(near_nics_are_preferred_and_all_others_available),
        WITH_HOST(a_nic_without_an_active_port_is_left_out),
        WITH_HOST(software_serves_where_no_hardware_does),
        WITH_HOST(the_nearest_nic_that_is_active_takes_the_place_of_a_nearer_one),
        WITH_EMPTY(the_nics_of_a_file_count_as_active),
        WITH_HOST(what_is_written_is_read_back_the_same),
        WITH_HOST(a_run_on_cpu_memory_takes_its_nics_from_it),
        WITH_EMPTY(a_host_without_nics_has_no_matrix),
        WITH_EMPTY(a_host_whose_ports_are_all_down_has_no_matrix),
        WITH_EMPTY(names_that_mooncake_could_not_tell_apart_are_refused),
    };
    return cmocka_run_group_tests_name("priority", tests, NULL, NULL);
}
