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

#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "bench/measure/endpoints.h"
#include "bench/measure/placement_facts.h"
#include "bench/topology/topology_file.h"
#include "common/clock.h"
#include "common/id_list.h"
#include "common/interrupt.h"
#include "common/json.h"
#include "common/memory.h"
#include "tests/unit/stand_in_gpus.h"

#define MIB (UINT64_C(1) << 20)

enum { AREA_BYTES = 1 << 16 };

/* ---- the transport ---- */

struct mcb_endpoint {
    char name[128]; /* "nic0/cuda:0" */
};

/* What was asked of it: "+nic0/cpu:0 +nic0/cuda:0 -nic0/cuda:0 ". */
static struct {
    pthread_mutex_t lock;
    char log[512];
    const char *refused;             /* the name of an endpoint that does not open; NULL: none */
    bool waits;                      /* it opens nothing until it is interrupted */
    bool dawdles;                    /* an interruption comes while it opens, and it opens */
    int64_t deadline_ns;             /* of the last one */
    const struct mcb_buffer *bounce; /* of the last one that was opened */
} transport_state = {.lock = PTHREAD_MUTEX_INITIALIZER};

static void write_log(char sign, const char *name)
{
    pthread_mutex_lock(&transport_state.lock);
    size_t used = strlen(transport_state.log);
    snprintf(transport_state.log + used, sizeof transport_state.log - used, "%c%s ", sign, name);
    pthread_mutex_unlock(&transport_state.lock);
}

static volatile sig_atomic_t interrupted; /* in place of the program's flag */

const volatile sig_atomic_t *mcb_interrupt_flag(void)
{
    return &interrupted;
}

static int endpoint_open(const struct mcb_endpoint_options *options, struct mcb_endpoint **endpoint,
                         struct mcb_error *error)
{
    struct mcb_endpoint *made = calloc(1, sizeof *made);
    snprintf(made->name, sizeof made->name, "%s/%s", options->nic->name, options->buffer->memory);
    if (transport_state.refused && strcmp(transport_state.refused, made->name) == 0) {
        free(made);
        return mcb_error_set(error, MCB_FAULT_GPU_REGISTER, "it does not register");
    }
    if (transport_state.waits) {
        free(made);
        while (!atomic_load(options->abort))
            usleep(1000);
        return mcb_error_set(error, MCB_FAULT_RUN_INTERRUPTED, "told to stop");
    }
    if (transport_state.dawdles)
        interrupted = SIGINT;
    while (transport_state.dawdles && !atomic_load(options->abort))
        usleep(1000);
    transport_state.deadline_ns = options->deadline_ns;
    transport_state.bounce = options->bounce;
    write_log('+', made->name);
    *endpoint = made;
    return 0;
}

static json_t *endpoint_describe(const struct mcb_endpoint *endpoint)
{
    (void)endpoint;
    return json_pack("{s:s}", "method", "none");
}

static void endpoint_close(struct mcb_endpoint *endpoint)
{
    write_log('-', endpoint->name);
    free(endpoint);
}

static const struct mcb_transport transport = {.name = "stand-in",
                                               .endpoint_open = endpoint_open,
                                               .endpoint_describe = endpoint_describe,
                                               .endpoint_close = endpoint_close};

/* ---- endpoints of this host ---- */

enum { NICS = 2, MOST = 4 };

struct opened {
    struct mcb_settings settings;
    struct mcb_nic nics[NICS];
    int memory_nodes[NICS]; /* of a priority matrix */
    struct mcb_plan_endpoint plans[MOST];
    struct mcb_endpoint_list list;
    struct mcb_topology *topology;
    struct mcb_gpus *gpus; /* two of them */
    struct mcb_endpoints endpoints;
    struct mcb_error error;
};

static const struct mcb_plan_endpoint host_endpoint = {
    .gpu = -1, .numa_node = -1, .may = {true, true}};
static const struct mcb_plan_endpoint gpu_endpoint = {
    .gpu = 0, .numa_node = -1, .may = {true, true}};

static int prepare(void **state)
{
    struct opened *opened = calloc(1, sizeof *opened);
    assert_int_equal(mcb_topology_load(false, &opened->topology, &opened->error), 0);
    opened->gpus = stand_in_gpus_open("gpus=0000:16:00.0,0000:26:00.0");
    opened->settings = (struct mcb_settings){
        .routes = {MCB_ROUTE_DIRECT}, .route_count = 1, .ordering_count = 1, .qps = 1};
    for (int i = 0; i < NICS; i++) {
        opened->nics[i] = (struct mcb_nic){.name = {'n', 'i', 'c', (char)('0' + i)}};
        opened->nics[i].numa_node = opened->memory_nodes[i] = -1;
    }
    opened->plans[0] = host_endpoint;
    opened->list = (struct mcb_endpoint_list){opened->plans, 1};
    transport_state.refused = NULL;
    transport_state.waits = transport_state.dawdles = false;
    interrupted = 0;
    transport_state.log[0] = '\0';
    *state = opened;
    return 0;
}

static int clear(void **state)
{
    struct opened *opened = *state;
    mcb_endpoints_close(&opened->endpoints);
    mcb_gpus_close(opened->gpus);
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
        .gpus = opened->gpus,
        .nics = opened->nics,
        .memory_nodes = opened->memory_nodes,
        .list = &opened->list,
        .area_bytes = AREA_BYTES,
    };
    return mcb_endpoints_open(&options, &opened->endpoints, &opened->error);
}

/* The routes of --compare staged. */
static void stage(struct opened *opened)
{
    for (int route = 0; route < MCB_ROUTES; route++)
        opened->settings.routes[route] = (enum mcb_route)route;
    opened->settings.route_count = MCB_ROUTES;
}

/* The entry that others are told of an endpoint. New reference. */
static json_t *told_entry(const struct opened *opened, size_t index)
{
    json_t *list = mcb_endpoints_to_json(&opened->endpoints);
    assert_int_equal(json_array_size(list), opened->list.count);
    json_t *entry = json_incref(json_array_get(list, index));
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
    opened->nics[0].numa_node = 0;
    assert_int_equal(open_all(opened), 0);
    json_t *entry = told_entry(opened, 0), *facts = json_object_get(entry, "placement");
    assert_int_equal(json_integer_value(json_object_get(facts, "page_bytes")),
                     sysconf(_SC_PAGESIZE));
    if (!json_is_null(json_object_get(facts, "memory_bytes")))
        assert_int_equal(sum(json_object_get(facts, "memory_bytes")), 4 * AREA_BYTES);
    assert_string_equal(json_string_value(json_object_get(facts, "thread_cpus")),
                        mcb_topology_pin_cpus(opened->topology, 0, cpus, sizeof cpus));
    assert_true(json_is_null(json_object_get(entry, "bounce")));
    json_t *copy = mcb_placement_take_facts(entry, &opened->error);
    assert_true(json_equal(copy, facts));
    json_decref(copy);
    json_decref(entry);
}

static void a_node_that_is_not_there_is_refused(void **state)
{
    struct opened *opened = *state;
    opened->memory_nodes[0] = 777;
    assert_int_equal(open_all(opened), -1);
    assert_int_equal(opened->error.code, MCB_FAULT_USE_VALUE);
    assert_non_null(strstr(opened->error.detail, "memory cpu:777: "));
}

static void the_node_of_an_endpoint_beats_the_priority_matrix(void **state)
{
    struct opened *opened = *state;
    opened->memory_nodes[0] = 777;
    opened->plans[0].numa_node = 0;
    assert_int_equal(open_all(opened), 0);
    assert_int_equal(opened->endpoints.list[0].node, 0);
    assert_true(opened->endpoints.list[0].asked);
}

/* Areas of the roles that it may have lie in its buffer, side by side. */
static void an_endpoint_has_two_areas_for_each_role_that_it_may_have(void **state)
{
    struct opened *opened = *state;
    static const bool may[][2] = {{true, true}, {true, false}, {false, true}};
    for (size_t n = 0; n < sizeof may / sizeof may[0]; n++) {
        memcpy(opened->plans[0].may, may[n], sizeof may[n]);
        assert_int_equal(open_all(opened), 0);
        const struct mcb_buffer *buffer = &opened->endpoints.list[0].buffer;
        uint8_t *next = buffer->address;
        for (int role = 0; role < 2; role++)
            for (int direction = 0; may[n][role] && direction < 2; direction++) {
                struct mcb_area area =
                    mcb_endpoints_area(&opened->endpoints, 0, (enum mcb_role)role,
                                       (enum mcb_direction)direction, MCB_ROUTE_DIRECT, 100, 8);
                assert_ptr_equal(area.base, next);
                assert_int_equal(area.stride_bytes, 128);
                next += opened->endpoints.area_bytes;
            }
        assert_ptr_equal(next, (uint8_t *)buffer->address + buffer->length_bytes);
        mcb_endpoints_close(&opened->endpoints);
    }
}

static void the_bytes_to_register_are_those_that_are_registered(void **state)
{
    struct opened *opened = *state;
    opened->plans[1] = gpu_endpoint;
    opened->plans[2] = host_endpoint;
    opened->plans[2].nic = 1;
    opened->list.count = 3;
    for (int staged = 0; staged < 2; staged++) {
        if (staged)
            stage(opened);
        assert_int_equal(open_all(opened), 0);
        const struct mcb_local_endpoint *list = opened->endpoints.list;
        assert_int_equal(mcb_endpoints_host_bytes(&opened->settings, &opened->list, 0, AREA_BYTES),
                         list[0].buffer.length_bytes + list[1].bounce.length_bytes);
        assert_int_equal(mcb_endpoints_host_bytes(&opened->settings, &opened->list, 1, AREA_BYTES),
                         list[2].buffer.length_bytes);
        mcb_endpoints_close(&opened->endpoints);
    }
}

/* ---- in the memory of GPUs ---- */

static void an_endpoint_of_a_gpu_has_a_bounce_buffer_where_a_route_needs_it(void **state)
{
    struct opened *opened = *state;
    opened->plans[0] = gpu_endpoint;
    assert_int_equal(open_all(opened), 0);
    assert_true(mcb_buffer_is_of_gpu(&opened->endpoints.list[0].buffer));
    assert_null(transport_state.bounce);
    json_t *entry = told_entry(opened, 0);
    assert_string_equal(mcb_json_text(entry, "memory"), "cuda:0");
    assert_true(json_is_null(json_object_get(entry, "bounce")));
    assert_true(json_is_null(json_object_get(entry, "placement")));
    json_decref(entry);
    mcb_endpoints_close(&opened->endpoints);

    stage(opened);
    assert_int_equal(open_all(opened), 0);
    const struct mcb_local_endpoint *local = &opened->endpoints.list[0];
    assert_ptr_equal(transport_state.bounce, &local->bounce);
    assert_false(mcb_buffer_is_of_gpu(&local->bounce));
    assert_int_equal(local->bounce.length_bytes, local->buffer.length_bytes);
    entry = told_entry(opened, 0);
    assert_string_equal(mcb_json_text(entry, "bounce"), local->bounce.memory);
    assert_true(json_is_object(json_object_get(entry, "placement")));
    json_decref(entry);
}

static void areas_of_the_host_route_lie_in_the_bounce_buffer(void **state)
{
    struct opened *opened = *state;
    opened->plans[0] = gpu_endpoint;
    stage(opened);
    assert_int_equal(open_all(opened), 0);
    const struct mcb_local_endpoint *local = &opened->endpoints.list[0];
    for (int route = 0; route < MCB_ROUTES; route++) {
        const struct mcb_buffer *buffer = route == MCB_ROUTE_HOST ? &local->bounce : &local->buffer;
        struct mcb_area area = mcb_endpoints_area(&opened->endpoints, 0, MCB_ROLE_TARGET,
                                                  MCB_DIRECTION_IN, (enum mcb_route)route, 64, 1);
        assert_ptr_equal(area.base, (uint8_t *)buffer->address + 3 * opened->endpoints.area_bytes);
    }
}

static void areas_are_a_multiple_of_a_gpus_page_where_one_is_of_a_gpu(void **state)
{
    struct opened *opened = *state;
    opened->plans[1] = gpu_endpoint;
    for (uint32_t count = 1; count <= 2; count++) {
        opened->list.count = count;
        const struct mcb_endpoints_options options = {.transport = &transport,
                                                      .settings = &opened->settings,
                                                      .gpus = opened->gpus,
                                                      .nics = opened->nics,
                                                      .memory_nodes = opened->memory_nodes,
                                                      .list = &opened->list,
                                                      .area_bytes = 100};
        assert_int_equal(mcb_endpoints_open(&options, &opened->endpoints, &opened->error), 0);
        assert_int_equal(opened->endpoints.area_bytes,
                         count == 1 ? sysconf(_SC_PAGESIZE) : 64 << 10);
        mcb_endpoints_close(&opened->endpoints);
    }
}

static void endpoints_of_a_nic_open_in_their_order_and_close_in_the_reverse(void **state)
{
    struct opened *opened = *state;
    opened->plans[0].numa_node = 0;
    opened->plans[1] = opened->plans[2] = gpu_endpoint;
    opened->plans[2].gpu = 1;
    opened->list.count = 3;
    assert_int_equal(open_all(opened), 0);
    mcb_endpoints_close(&opened->endpoints);
    assert_string_equal(transport_state.log, "+nic0/cpu:0 +nic0/cuda:0 +nic0/cuda:1 "
                                             "-nic0/cuda:1 -nic0/cuda:0 -nic0/cpu:0 ");
}

static void what_was_opened_is_closed_where_another_endpoint_fails(void **state)
{
    struct opened *opened = *state;
    opened->plans[0].numa_node = 0;
    opened->plans[1] = opened->plans[2] = gpu_endpoint;
    opened->plans[2].gpu = 1;
    opened->list.count = 3;
    stage(opened);
    transport_state.refused = "nic0/cuda:0";
    assert_int_equal(open_all(opened), -1);
    assert_int_equal(opened->error.code, MCB_FAULT_GPU_REGISTER);
    assert_string_equal(transport_state.log, "+nic0/cpu:0 -nic0/cpu:0 ");
    assert_null(opened->endpoints.list);
}

static void an_interruption_ends_the_opening(void **state)
{
    struct opened *opened = *state;
    transport_state.waits = true;
    interrupted = SIGINT;
    assert_int_equal(open_all(opened), -1);
    assert_int_equal(opened->error.code, MCB_FAULT_RUN_INTERRUPTED);
}

static void after_an_interruption_no_further_endpoint_is_opened(void **state)
{
    struct opened *opened = *state;
    opened->plans[0].numa_node = 0;
    opened->plans[1] = gpu_endpoint;
    opened->list.count = 2;
    stage(opened);
    transport_state.dawdles = true;
    assert_int_equal(open_all(opened), -1);
    assert_int_equal(opened->error.code, MCB_FAULT_RUN_INTERRUPTED);
    assert_string_equal(transport_state.log, "+nic0/cpu:0 -nic0/cpu:0 ");
}

/* Peers wait for that long after they have opened their own. */
static void opening_waits_for_less_than_the_timeout(void **state)
{
    struct opened *opened = *state;
    int64_t start_ns = mcb_clock_ns();
    opened->settings.timeout_ns = 3600 * MCB_NS_PER_S;
    assert_int_equal(open_all(opened), 0);
    assert_true(transport_state.deadline_ns > start_ns);
    assert_true(transport_state.deadline_ns < start_ns + 3600 * MCB_NS_PER_S);
}

static void a_gpu_without_memory_is_named(void **state)
{
    struct opened *opened = *state;
    mcb_gpus_close(opened->gpus);
    opened->gpus = stand_in_gpus_open("fail=allocate");
    opened->plans[0] = gpu_endpoint;
    assert_int_equal(open_all(opened), -1);
    assert_int_equal(opened->error.code, MCB_FAULT_GPU_MEMORY);
}

/* Counts of a module whose other functions are those of the stand-in. */
static int pinned;

static int count_pin(unsigned gpu, void *host, size_t bytes, struct mcb_error *error)
{
    (void)gpu;
    (void)host;
    (void)bytes;
    (void)error;
    pinned++;
    return 0;
}

static int refuse_pin(unsigned gpu, void *host, size_t bytes, struct mcb_error *error)
{
    (void)gpu;
    (void)host;
    (void)bytes;
    return mcb_error_set(error, MCB_FAULT_GPU_CALL, "it does not pin");
}

static void count_unpin(unsigned gpu, void *host)
{
    (void)gpu;
    assert_non_null(host);
    pinned--;
}

static void a_bounce_buffer_is_pinned_until_it_is_freed(void **state)
{
    struct opened *opened = *state;
    const struct mcb_gpu_module *own = opened->gpus->module;
    struct mcb_gpu_module module = *own;
    module.pin = count_pin;
    module.unpin = count_unpin;
    opened->gpus->module = &module;
    opened->plans[0] = gpu_endpoint;
    stage(opened);
    pinned = 0;
    assert_int_equal(open_all(opened), 0);
    assert_int_equal(pinned, 1);
    mcb_endpoints_close(&opened->endpoints);
    assert_int_equal(pinned, 0);

    module.pin = refuse_pin;
    assert_int_equal(open_all(opened), -1);
    assert_int_equal(opened->error.code, MCB_FAULT_GPU_CALL);
    assert_int_equal(pinned, 0);
    opened->gpus->module = own;
}

/* ---- made-up ones ---- */

static struct mcb_buffer buffer_on(int node, uint64_t bytes)
{
    struct mcb_buffer buffer = {
        .address = &pinned, /* never looked at */
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
        struct mcb_local_endpoint local = {
            .nic = &nic, .plan = host_endpoint, .buffer = buffer_on(cases[n].memory_node, MIB)};
        local.buffer.placement.known = cases[n].known;
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
        struct mcb_local_endpoint local = {
            .nic = &nic, .plan = host_endpoint, .buffer = buffer_on(node, MIB)};
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
        .nic = &nic, .plan = host_endpoint, .buffer = buffer_on(0, 64 * MIB), .node = 1};
    json_t *warnings = mcb_placement_warnings(&local);
    assert_int_equal(json_array_size(warnings), 1);
    const char *text = json_string_value(json_array_get(warnings, 0));
    const char *start = "64 MiB of 64 MiB lie on cpu:0, not on cpu:1 beside the NIC: ";
    assert_ptr_equal(strstr(text, start), text);
    json_decref(warnings);
    for (int wanted = -1; wanted <= 0; wanted++) {
        local.node = wanted;
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

static void a_bounce_buffer_that_is_not_beside_its_nic_is_warned_of(void **state)
{
    (void)state;
    struct mcb_nic nic = {.numa_node = 1};
    struct mcb_local_endpoint local = {
        .nic = &nic, .plan = gpu_endpoint, .bounce = buffer_on(0, 64 * MIB), .node = 1};
    json_t *warnings = mcb_placement_warnings(&local);
    assert_int_equal(json_array_size(warnings), 1);
    json_decref(warnings);
}

static void a_placement_may_be_null(void **state)
{
    (void)state;
    struct mcb_error error = {0};
    json_t *entry = json_pack("{s:n, s:[]}", "placement", "warnings");
    json_t *copy = mcb_placement_take_facts(entry, &error);
    json_t *warnings = mcb_placement_take_warnings(entry, "n1/nic0", &error);
    assert_true(json_is_null(copy));
    assert_int_equal(json_array_size(warnings), 0);
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
        on_this_host(a_node_that_is_not_there_is_refused),
        on_this_host(the_node_of_an_endpoint_beats_the_priority_matrix),
        on_this_host(an_endpoint_has_two_areas_for_each_role_that_it_may_have),
        on_this_host(the_bytes_to_register_are_those_that_are_registered),
        on_this_host(an_endpoint_of_a_gpu_has_a_bounce_buffer_where_a_route_needs_it),
        on_this_host(areas_of_the_host_route_lie_in_the_bounce_buffer),
        on_this_host(areas_are_a_multiple_of_a_gpus_page_where_one_is_of_a_gpu),
        on_this_host(endpoints_of_a_nic_open_in_their_order_and_close_in_the_reverse),
        on_this_host(what_was_opened_is_closed_where_another_endpoint_fails),
        on_this_host(an_interruption_ends_the_opening),
        on_this_host(after_an_interruption_no_further_endpoint_is_opened),
        on_this_host(opening_waits_for_less_than_the_timeout),
        on_this_host(a_gpu_without_memory_is_named),
        on_this_host(a_bounce_buffer_is_pinned_until_it_is_freed),
        cmocka_unit_test(distance_is_from_the_memory_to_the_nic),
        cmocka_unit_test(memory_of_a_host_without_a_topology_is_beside_its_nic_by_number_alone),
        cmocka_unit_test(memory_that_is_not_beside_its_nic_is_warned_of),
        cmocka_unit_test(a_bounce_buffer_that_is_not_beside_its_nic_is_warned_of),
        cmocka_unit_test(a_placement_may_be_null),
        cmocka_unit_test(what_is_in_order_is_believed),
        cmocka_unit_test(memory_of_which_nobody_knows_is_warned_of),
        cmocka_unit_test(what_is_not_in_order_is_refused),
        cmocka_unit_test(memory_on_more_nodes_than_there_can_be_is_refused),
        cmocka_unit_test(warnings_are_few_short_and_harmless),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
