/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Where endpoints' memory and threads are: asked for, found, told, and believed of others. The
 * transport is a stand-in that registers nothing.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "bench/measure/endpoints.h"
#include "bench/measure/placement_facts.h"
#include "bench/topology/topology_file.h"
#include "common/id_list.h"

#define MIB (UINT64_C(1) << 20)

enum { AREA_BYTES = 1 << 16 };

struct mcb_endpoint {
    int unused;
};

static int endpoint_open(const struct mcb_endpoint_options *options, struct mcb_endpoint **endpoint,
                         struct mcb_error *error)
{
    (void)options;
    (void)error;
    *endpoint = calloc(1, sizeof **endpoint);
    return 0;
}

static json_t *endpoint_describe(const struct mcb_endpoint *endpoint)
{
    (void)endpoint;
    return json_pack("{s:s}", "method", "none");
}

static void endpoint_close(struct mcb_endpoint *endpoint)
{
    free(endpoint);
}

static const struct mcb_transport transport = {.name = "stand-in",
                                               .endpoint_open = endpoint_open,
                                               .endpoint_describe = endpoint_describe,
                                               .endpoint_close = endpoint_close};

/* ---- endpoints of this host ---- */

struct opened {
    struct mcb_settings settings;
    struct mcb_nic nic;
    int memory_node; /* of a priority matrix */
    struct mcb_topology *topology;
    struct mcb_endpoints endpoints;
    struct mcb_error error;
};

static int prepare(void **state)
{
    struct opened *opened = calloc(1, sizeof *opened);
    assert_int_equal(mcb_topology_load(false, &opened->topology, &opened->error), 0);
    opened->settings = (struct mcb_settings){
        .memory_node = -1, .peer_memory_node = -1, .ordering_count = 1, .qps = 1};
    opened->nic = (struct mcb_nic){.name = "nic0", .numa_node = -1};
    opened->memory_node = -1;
    *state = opened;
    return 0;
}

static int clear(void **state)
{
    struct opened *opened = *state;
    mcb_endpoints_close(&opened->endpoints);
    mcb_topology_free(opened->topology);
    free(opened);
    return 0;
}

static int open_all(struct opened *opened)
{
    const struct mcb_endpoints_options options = {
        .transport = &transport,
        .settings = &opened->settings,
        .topology = opened->topology,
        .nics = &opened->nic,
        .memory_nodes = &opened->memory_node,
        .count = 1,
        .area_bytes = AREA_BYTES,
    };
    return mcb_endpoints_open(&options, &opened->endpoints, &opened->error);
}

/* The one entry that others are told. New reference. */
static json_t *told_entry(const struct opened *opened)
{
    json_t *list = mcb_endpoints_to_json(&opened->endpoints);
    assert_int_equal(json_array_size(list), 1);
    json_t *entry = json_incref(json_array_get(list, 0));
    json_decref(list);
    return entry;
}

static uint64_t sum(const json_t *bytes)
{
    uint64_t total = 0;
    const char *key;
    json_t *value;
    json_object_foreach((json_t *)bytes, key, value) total += (uint64_t)json_integer_value(value);
    return total;
}

static void an_endpoint_tells_where_its_memory_and_threads_are(void **state)
{
    struct opened *opened = *state;
    char cpus[4096];
    opened->nic.numa_node = 0;
    assert_int_equal(open_all(opened), 0);
    json_t *entry = told_entry(opened), *facts = json_object_get(entry, "placement");
    assert_int_equal(json_integer_value(json_object_get(facts, "page_bytes")),
                     sysconf(_SC_PAGESIZE));
    if (!json_is_null(json_object_get(facts, "memory_bytes")))
        assert_int_equal(sum(json_object_get(facts, "memory_bytes")), 4 * AREA_BYTES);
    assert_null(json_object_get(facts, "peer_memory_bytes"));
    assert_string_equal(json_string_value(json_object_get(facts, "thread_cpus")),
                        mcb_topology_pin_cpus(opened->topology, 0, cpus, sizeof cpus));
    json_t *copy = mcb_placement_take_facts(entry, &opened->error);
    assert_true(json_equal(copy, facts));
    json_decref(copy);
    json_decref(entry);
}

static void the_targets_memory_is_told_where_it_is_its_own(void **state)
{
    struct opened *opened = *state;
    opened->settings.peer_memory_node = 0;
    assert_int_equal(open_all(opened), 0);
    json_t *entry = told_entry(opened), *facts = json_object_get(entry, "placement");
    json_t *bytes = json_object_get(facts, "peer_memory_bytes");
    assert_non_null(bytes);
    if (!json_is_null(bytes))
        assert_int_equal(sum(bytes), 2 * AREA_BYTES);
    json_decref(entry);
}

static void a_node_that_is_not_there_is_refused(void **state)
{
    struct opened *opened = *state;
    opened->memory_node = 777;
    assert_int_equal(open_all(opened), -1);
    assert_int_equal(opened->error.code, MCB_FAULT_USE_VALUE);
    assert_non_null(strstr(opened->error.detail, "memory cpu:777: "));
}

static void the_bytes_to_register_are_those_that_are_registered(void **state)
{
    struct opened *opened = *state;
    for (int peer = -1; peer <= 0; peer++) {
        opened->settings.peer_memory_node = peer;
        assert_int_equal(open_all(opened), 0);
        const struct mcb_buffer *buffers = opened->endpoints.list[0].buffers;
        assert_int_equal(mcb_endpoints_bytes(&opened->settings, AREA_BYTES),
                         buffers[0].length_bytes + buffers[1].length_bytes);
        mcb_endpoints_close(&opened->endpoints);
    }
}

/* ---- made-up ones ---- */

static struct mcb_buffer buffer_on(int node, uint64_t bytes)
{
    struct mcb_buffer buffer = {
        .page_bytes = 4096,
        .placement = {.known = true, .node_count = 1, .nodes = {{node, bytes}}},
    };
    snprintf(buffer.memory, sizeof buffer.memory, "cpu:%d", node);
    return buffer;
}

static const char two_nodes[] =
    "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<!DOCTYPE topology SYSTEM \"hwloc2.dtd\">\n"
    "<topology version=\"2.0\"><object type=\"Machine\" os_index=\"0\" cpuset=\"0x3\" "
    "complete_cpuset=\"0x3\" allowed_cpuset=\"0x3\" nodeset=\"0x3\" complete_nodeset=\"0x3\" "
    "allowed_nodeset=\"0x3\" gp_index=\"1\">"
    "<object type=\"Package\" os_index=\"0\" cpuset=\"0x1\" complete_cpuset=\"0x1\" "
    "nodeset=\"0x1\" complete_nodeset=\"0x1\" gp_index=\"2\">"
    "<object type=\"NUMANode\" os_index=\"0\" cpuset=\"0x1\" complete_cpuset=\"0x1\" "
    "nodeset=\"0x1\" complete_nodeset=\"0x1\" gp_index=\"3\" local_memory=\"1073741824\"/>"
    "<object type=\"PU\" os_index=\"0\" cpuset=\"0x1\" complete_cpuset=\"0x1\" nodeset=\"0x1\" "
    "complete_nodeset=\"0x1\" gp_index=\"4\"/></object>"
    "<object type=\"Package\" os_index=\"1\" cpuset=\"0x2\" complete_cpuset=\"0x2\" "
    "nodeset=\"0x2\" complete_nodeset=\"0x2\" gp_index=\"5\">"
    "<object type=\"NUMANode\" os_index=\"1\" cpuset=\"0x2\" complete_cpuset=\"0x2\" "
    "nodeset=\"0x2\" complete_nodeset=\"0x2\" gp_index=\"6\" local_memory=\"1073741824\"/>"
    "<object type=\"PU\" os_index=\"1\" cpuset=\"0x2\" complete_cpuset=\"0x2\" nodeset=\"0x2\" "
    "complete_nodeset=\"0x2\" gp_index=\"7\"/></object></object></topology>\n";

static struct mcb_topology *host_of_two_nodes(void)
{
    char path[] = "/tmp/mcbench-test-endpoints-XXXXXX";
    struct mcb_topology *topology = NULL;
    struct mcb_error error = {0};
    int fd = mkstemp(path);
    assert_int_not_equal(fd, -1);
    assert_int_equal(write(fd, two_nodes, sizeof two_nodes - 1), sizeof two_nodes - 1);
    close(fd);
    int status = mcb_topology_load_file(path, &topology, &error);
    unlink(path);
    if (status != 0)
        fail_msg("%s", error.detail);
    return topology;
}

static void distance_is_from_the_memory_to_the_nic(void **state)
{
    (void)state;
    static const struct {
        int nic_node, memory_node;
        bool known;
        const char *distance; /* NULL: null */
    } cases[] = {
        {1, 1, true, "PHB"}, {1, 0, true, "SYS"}, {-1, 0, true, NULL}, {1, 1, false, NULL}};
    struct mcb_topology *topology = host_of_two_nodes();
    for (size_t n = 0; n < sizeof cases / sizeof cases[0]; n++) {
        struct mcb_nic nic = {.numa_node = cases[n].nic_node};
        struct mcb_local_endpoint local = {.nic = &nic,
                                           .buffers = {buffer_on(cases[n].memory_node, MIB)}};
        local.buffers[0].placement.known = cases[n].known;
        json_t *facts = mcb_placement_facts(&local, topology);
        const char *distance = json_string_value(json_object_get(facts, "distance"));
        assert_int_equal(distance == NULL, cases[n].distance == NULL);
        if (distance)
            assert_string_equal(distance, cases[n].distance);
        assert_string_equal(json_string_value(json_object_get(facts, "thread_cpus")),
                            cases[n].nic_node == 1 ? "1" : "0-1");
        json_decref(facts);
    }
    mcb_topology_free(topology);
}

static void memory_of_a_host_without_a_topology_is_beside_its_nic_by_number_alone(void **state)
{
    (void)state;
    for (int node = 0; node < 2; node++) {
        struct mcb_nic nic = {.numa_node = 1};
        struct mcb_local_endpoint local = {.nic = &nic, .buffers = {buffer_on(node, MIB)}};
        json_t *facts = mcb_placement_facts(&local, NULL);
        assert_string_equal(json_string_value(json_object_get(facts, "distance")),
                            node == 1 ? "PHB" : "SYS");
        json_decref(facts);
    }
}

static void memory_that_is_not_beside_its_nic_is_warned_of(void **state)
{
    (void)state;
    struct mcb_nic nic = {.numa_node = 1};
    struct mcb_local_endpoint local = {
        .nic = &nic, .buffers = {buffer_on(0, 64 * MIB)}, .nodes = {1, 1}};
    json_t *warnings = mcb_placement_warnings(&local);
    assert_int_equal(json_array_size(warnings), 1);
    const char *text = json_string_value(json_array_get(warnings, 0));
    const char *start = "64 MiB of 64 MiB lie on cpu:0, not on cpu:1 beside the NIC: ";
    assert_ptr_equal(strstr(text, start), text);
    json_decref(warnings);
    for (int wanted = -1; wanted <= 0; wanted++) {
        local.nodes[0] = wanted;
        warnings = mcb_placement_warnings(&local);
        assert_int_equal(json_array_size(warnings), 0);
        json_decref(warnings);
    }
}

/* ---- what others tell ---- */

static json_t *good_entry(void)
{
    return json_pack("{s:{s:i, s:b, s:{s:i, s:i}, s:s, s:s}, s:[s]}", "placement", "page_bytes",
                     4096, "sampled", 0, "memory_bytes", "cpu:0", 4096, "cpu:12", 0, "distance",
                     "SYS", "thread_cpus", "0-3,8", "warnings", "far away");
}

static void what_is_in_order_is_believed(void **state)
{
    (void)state;
    struct mcb_error error = {0};
    json_t *entry = good_entry(), *facts = json_object_get(entry, "placement");
    json_object_set_new(facts, "surplus", json_string("dropped"));
    json_t *copy = mcb_placement_take_facts(entry, &error);
    json_t *warnings = mcb_placement_take_warnings(entry, "n1/nic0", &error);
    json_object_del(facts, "surplus");
    assert_true(json_equal(copy, facts));
    assert_int_equal(json_array_size(warnings), 1);
    assert_string_equal(json_string_value(json_array_get(warnings, 0)), "n1/nic0: far away");
    json_decref(warnings);
    json_decref(copy);
    json_decref(entry);
}

static void memory_of_which_nobody_knows_is_warned_of(void **state)
{
    (void)state;
    struct mcb_error error = {0};
    json_t *entry = good_entry();
    json_object_set_new(json_object_get(entry, "placement"), "memory_bytes", json_null());
    json_object_set_new(entry, "warnings", json_array());
    json_t *copy = mcb_placement_take_facts(entry, &error);
    json_t *warnings = mcb_placement_take_warnings(entry, "n1/nic0", &error);
    assert_true(json_is_null(json_object_get(copy, "memory_bytes")));
    assert_int_equal(json_array_size(warnings), 1);
    assert_non_null(strstr(json_string_value(json_array_get(warnings, 0)), "does not tell"));
    json_decref(warnings);
    json_decref(copy);
    json_decref(entry);
}

/* A member of the placement made into something else; NULL: taken out. */
static void assert_refused(const char *member, json_t *value)
{
    struct mcb_error error = {0};
    json_t *entry = good_entry(), *facts = json_object_get(entry, "placement");
    if (value)
        json_object_set_new(facts, member, value);
    else
        json_object_del(facts, member);
    if (mcb_placement_take_facts(entry, &error))
        fail_msg("a wrong %s was believed", member);
    assert_int_equal(error.code, MCB_FAULT_NET_PROTOCOL);
    json_decref(entry);
}

static void what_is_not_in_order_is_refused(void **state)
{
    (void)state;
    static const char *const members[] = {"page_bytes", "sampled", "memory_bytes", "distance",
                                          "thread_cpus"};
    for (size_t n = 0; n < sizeof members / sizeof members[0]; n++) {
        assert_refused(members[n], NULL);
        assert_refused(members[n], json_array());
    }
    assert_refused("page_bytes", json_integer(0));
    assert_refused("distance", json_string("NEAR"));
    assert_refused("thread_cpus", json_string("0-3;rm"));
    static const char *const names[] = {"cpu:",   "cpu:-1",       "cpu:01", "cpu:1 ",
                                        "cuda:0", "cpu:99999999", "x",      ""};
    for (size_t n = 0; n < sizeof names / sizeof names[0]; n++)
        assert_refused("memory_bytes", json_pack("{s:i}", names[n], 1));
    assert_refused("memory_bytes", json_object());
    assert_refused("memory_bytes", json_pack("{s:i}", "cpu:0", -1));
    assert_refused("memory_bytes", json_pack("{s:f}", "cpu:0", 1.5));
    assert_refused("peer_memory_bytes", json_pack("{s:s}", "cpu:0", "much"));
}

static void memory_on_more_nodes_than_there_can_be_is_refused(void **state)
{
    (void)state;
    json_t *bytes = json_object();
    for (int node = 0; node <= MCB_PLACEMENT_NODES_MAX; node++) {
        char name[32];
        snprintf(name, sizeof name, "cpu:%d", node);
        json_object_set_new(bytes, name, json_integer(1));
    }
    assert_refused("memory_bytes", bytes);
}

static void warnings_are_few_short_and_harmless(void **state)
{
    (void)state;
    struct mcb_error error = {0};
    char lengthy[2000];
    memset(lengthy, 'x', sizeof lengthy - 1);
    lengthy[sizeof lengthy - 1] = '\0';
    json_t *wrong[] = {json_null(), json_pack("[i]", 5), json_pack("[s]", lengthy),
                       json_pack("[s, s, s]", "a", "b", "c")};
    for (size_t n = 0; n < sizeof wrong / sizeof wrong[0]; n++) {
        json_t *entry = good_entry();
        json_object_set_new(entry, "warnings", wrong[n]);
        assert_null(mcb_placement_take_warnings(entry, "n1", &error));
        assert_int_equal(error.code, MCB_FAULT_NET_PROTOCOL);
        json_decref(entry);
    }
    json_t *entry = good_entry();
    json_object_set_new(entry, "warnings", json_pack("[s]", "\x1b[2J"));
    json_t *warnings = mcb_placement_take_warnings(entry, "n1", &error);
    assert_string_equal(json_string_value(json_array_get(warnings, 0)), "n1: ?[2J");
    json_decref(warnings);
    json_decref(entry);
}

#define on_this_host(test) cmocka_unit_test_setup_teardown(test, prepare, clear)

int main(void)
{
    const struct CMUnitTest tests[] = {
        on_this_host(an_endpoint_tells_where_its_memory_and_threads_are),
        on_this_host(the_targets_memory_is_told_where_it_is_its_own),
        on_this_host(a_node_that_is_not_there_is_refused),
        on_this_host(the_bytes_to_register_are_those_that_are_registered),
        cmocka_unit_test(distance_is_from_the_memory_to_the_nic),
        cmocka_unit_test(memory_of_a_host_without_a_topology_is_beside_its_nic_by_number_alone),
        cmocka_unit_test(memory_that_is_not_beside_its_nic_is_warned_of),
        cmocka_unit_test(what_is_in_order_is_believed),
        cmocka_unit_test(memory_of_which_nobody_knows_is_warned_of),
        cmocka_unit_test(what_is_not_in_order_is_refused),
        cmocka_unit_test(memory_on_more_nodes_than_there_can_be_is_refused),
        cmocka_unit_test(warnings_are_few_short_and_harmless),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
