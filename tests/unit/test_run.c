/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The run of a plan, over a stand-in transport that moves bytes by memcpy and fails where it is
 * told to.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "bench/measure/run.h"
#include "common/clock.h"
#include "common/json.h"

enum { NICS = 3, SIZE = 100, DEPTH = 4 };

enum trouble { NONE, OPEN_FAILS, CONNECT_FAILS, RUN_FAILS, CORRUPTS, INTERRUPTS };

/* ---- the stand-in ---- */

struct stand_in {
    enum trouble trouble; /* of initiators on NIC 1 */
    volatile sig_atomic_t stop;
};

static struct stand_in stand_in;

struct mcb_endpoint {
    char nic[MCB_NIC_NAME_MAX];
};

struct mcb_side {
    struct mcb_side_options options;
    struct mcb_endpoint *endpoint;
    struct mcb_side *peer;
};

static bool is_troubled(const struct mcb_side *side, enum trouble trouble)
{
    return stand_in.trouble == trouble && side->options.role == MCB_ROLE_INITIATOR &&
           strcmp(side->endpoint->nic, "nic1") == 0;
}

static int endpoint_open(const struct mcb_endpoint_options *options, struct mcb_endpoint **endpoint,
                         struct mcb_error *error)
{
    (void)error;
    *endpoint = calloc(1, sizeof **endpoint);
    snprintf((*endpoint)->nic, sizeof(*endpoint)->nic, "%s", options->nic->name);
    return 0;
}

static json_t *endpoint_describe(const struct mcb_endpoint *endpoint)
{
    (void)endpoint;
    return json_pack("{s:s}", "method", "none");
}

static json_t *endpoint_ordering(const struct mcb_endpoint *endpoint, enum mcb_ordering ordering)
{
    (void)endpoint;
    (void)ordering;
    return json_null();
}

static void endpoint_close(struct mcb_endpoint *endpoint)
{
    free(endpoint);
}

static int side_open(struct mcb_endpoint *endpoint, const struct mcb_side_options *options,
                     struct mcb_side **side, struct mcb_error *error)
{
    struct mcb_side made = {*options, endpoint, NULL};
    if (is_troubled(&made, OPEN_FAILS))
        return mcb_error_set(error, MCB_FAULT_RDMA_QP_CREATE, "stand-in: no queue pair");
    *side = malloc(sizeof **side);
    **side = made;
    return 0;
}

static json_t *side_describe(const struct mcb_side *side)
{
    return json_pack("{s:I}", "side", (json_int_t)(intptr_t)side);
}

static int side_connect(struct mcb_side *side, const json_t *peer, int64_t deadline_ns,
                        const atomic_bool *abort, struct mcb_error *error)
{
    (void)deadline_ns;
    (void)abort;
    if (is_troubled(side, CONNECT_FAILS))
        return mcb_error_set(error, MCB_FAULT_RDMA_QP_RTR, "stand-in: no RTR");
    side->peer = (struct mcb_side *)(intptr_t)json_integer_value(json_object_get(peer, "side"));
    return 0;
}

static void copy_all(const struct mcb_area *from, const struct mcb_area *to)
{
    for (uint32_t slot = 0; slot < from->slots; slot++)
        memcpy(mcb_area_slot(to, slot), mcb_area_slot(from, slot), from->slot_bytes);
}

static void publish(struct mcb_task *task, uint64_t sent)
{
    uint64_t one = 1;
    atomic_store(&task->sent, sent);
    assert_int_equal(write(task->sent_event, &one, sizeof one), sizeof one);
}

static int side_run(struct mcb_side *side, struct mcb_task *task, struct mcb_error *error)
{
    if (side->options.role == MCB_ROLE_TARGET) {
        publish(task, 0);
        return 0;
    }
    if (is_troubled(side, RUN_FAILS))
        return mcb_error_set(error, MCB_FAULT_RDMA_RETRY, "stand-in: retries exceeded");
    copy_all(&side->options.out, &side->peer->options.in);
    if (is_troubled(side, CORRUPTS))
        mcb_area_slot(&side->peer->options.in, 2)[5] ^= 1;
    if (is_troubled(side, INTERRUPTS))
        stand_in.stop = SIGINT;
    if (task->kind == MCB_TASK_LATENCY) {
        for (; task->samples_count < 10; task->samples_count++)
            task->samples_ns[task->samples_count] = 1000 + task->samples_count;
    } else {
        task->window_bytes = SIZE * DEPTH;
        task->window_messages = DEPTH;
        task->window_ns = 1000;
    }
    publish(task, DEPTH);
    return 0;
}

static json_t *side_facts(const struct mcb_side *side)
{
    (void)side;
    return json_pack("{s:s, s:s, s:i}", "method", "completion", "stand_in", "memcpy", "mtu_bytes",
                     4096);
}

static void side_close(struct mcb_side *side)
{
    free(side);
}

static const struct mcb_transport transport = {
    .name = "stand-in",
    .endpoint_open = endpoint_open,
    .endpoint_describe = endpoint_describe,
    .endpoint_ordering = endpoint_ordering,
    .endpoint_close = endpoint_close,
    .side_open = side_open,
    .side_describe = side_describe,
    .side_connect = side_connect,
    .side_run = side_run,
    .side_facts = side_facts,
    .side_close = side_close,
};

/* ---- a run on it ---- */

struct outcome {
    int status;
    struct mcb_error error;
    struct mcb_run_tally tally;
    json_t *document;
};

static struct mcb_settings settings_for(enum mcb_measure measure)
{
    struct mcb_settings settings = {
        .operations = {MCB_OPERATION_WRITE},
        .operation_count = 1,
        .measures = {measure},
        .measure_count = 1,
        .sizes = {SIZE},
        .size_count = 1,
        .size_given = true,
        .orderings = {MCB_ORDERING_OFF},
        .ordering_count = 1,
        .qps = 1,
        .depth = DEPTH,
        .depth_given = true,
        .duration_ns = MCB_NS_PER_MS,
        .trials = 3,
        .verify = true,
        .max_mr_size = UINT64_MAX,
        .gid_index = -1,
        .memory_node = -1,
        .peer_memory_node = -1,
        .rank = -1,
        .timeout_ns = 5 * MCB_NS_PER_S,
    };
    return settings;
}

static struct outcome run_with(enum trouble trouble, enum mcb_measure measure)
{
    struct outcome outcome = {0};
    struct mcb_settings settings = settings_for(measure);
    struct mcb_nic nics[NICS] = {{.name = "nic0"}, {.name = "nic1"}, {.name = "nic2"}};
    int nodes[NICS] = {-1, -1, -1};
    struct mcb_topology *topology;
    struct mcb_cluster *cluster;
    struct mcb_roster roster;
    struct mcb_plan plan;
    struct mcb_endpoints endpoints;
    struct mcb_result *result;
    stand_in = (struct stand_in){.trouble = trouble};

    assert_int_equal(mcb_topology_load(false, &topology, &outcome.error), 0);
    for (int i = 0; i < NICS; i++) {
        nics[i].numa_node = -1;
        nics[i].facts =
            json_pack("{s:s, s:i, s:n, s:n, s:b, s:f, s:s, s:s, s:s}", "name", nics[i].name, "port",
                      1, "numa_node", "pci_address", "software", 0, "data_gbps", 100.0,
                      "link_layer", "Ethernet", "gid_type", "RoCE v2", "address", "10.77.0.1");
    }
    json_t *no_settings = json_object();
    json_t *self = mcb_roster_record(topology, "stand-in", no_settings, nics, NICS);
    assert_int_equal(mcb_cluster_join(&settings, self, &stand_in.stop, &cluster, &outcome.error),
                     0);
    assert_int_equal(mcb_roster_make(cluster, &roster, &outcome.error), 0);
    assert_int_equal(mcb_plan_make(&settings, roster.endpoints_of, 1, &plan, &outcome.error), 0);
    const struct mcb_endpoints_options opening = {
        .transport = &transport,
        .settings = &settings,
        .topology = topology,
        .nics = nics,
        .memory_nodes = nodes,
        .count = NICS,
        .area_bytes = mcb_plan_area_bytes(&plan),
    };
    assert_int_equal(mcb_endpoints_open(&opening, &endpoints, &outcome.error), 0);
    for (uint32_t i = 0; i < roster.endpoint_count; i++)
        for (int role = 0; role < 2; role++)
            strcpy(roster.endpoints[i].memory[role], "cpu:0");
    assert_int_equal(mcb_result_open(NULL, json_object(), &result, &outcome.error), 0);

    const struct mcb_run run = {&settings, &plan,   &transport, topology, &endpoints,
                                &roster,   cluster, result,     NULL};
    outcome.status = mcb_run_plan(&run, &outcome.tally, &outcome.error);
    outcome.document = json_incref(mcb_result_document(result));

    mcb_result_close(result, false, &(struct mcb_error){0});
    mcb_endpoints_close(&endpoints);
    mcb_plan_release(&plan);
    mcb_roster_release(&roster);
    mcb_cluster_leave(cluster);
    mcb_topology_free(topology);
    json_decref(self);
    json_decref(no_settings);
    for (int i = 0; i < NICS; i++)
        json_decref(nics[i].facts);
    return outcome;
}

/* Every cell is there; those whose initiator is nic1 failed with that fault, the others are ok. */
static void assert_only_nic1_failed(const struct outcome *outcome, const char *fault)
{
    json_t *cells = json_object_get(outcome->document, "cells"), *cell;
    size_t i;
    assert_int_equal(outcome->status, 0);
    assert_int_equal(json_array_size(cells), NICS * NICS);
    json_array_foreach(cells, i, cell)
    {
        bool troubled =
            strcmp(mcb_json_text(json_object_get(cell, "initiator"), "nic"), "nic1") == 0;
        assert_string_equal(mcb_json_text(cell, "status"), troubled ? "failed" : "ok");
        assert_string_equal(mcb_json_text(json_object_get(cell, "fault"), "id"),
                            troubled ? fault : "");
    }
    assert_int_equal(outcome->tally.ok, NICS * (NICS - 1));
}

static void every_cell_is_measured_and_verified(void **state)
{
    (void)state;
    struct outcome outcome = run_with(NONE, MCB_MEASURE_BANDWIDTH);
    json_t *cells = json_object_get(outcome.document, "cells"), *cell;
    size_t i;
    assert_int_equal(outcome.status, 0);
    assert_int_equal(outcome.tally.ok, NICS * NICS);
    assert_int_equal(outcome.tally.worst, MCB_EXIT_OK);
    json_array_foreach(cells, i, cell)
    {
        json_t *bandwidth = json_object_get(cell, "bandwidth_gbps");
        assert_int_equal(json_array_size(json_object_get(bandwidth, "trials")), 3);
        /* 400 bytes in 1,000 ns */
        assert_true(json_real_value(json_object_get(bandwidth, "median")) == 3.2);
        /* three windows and three laps of four slots */
        assert_int_equal(json_integer_value(json_object_get(cell, "verified_bytes")),
                         2 * 3 * SIZE * DEPTH);
    }
    json_decref(outcome.document);
}

/* One packet of 100 + 82 bytes and a RETH of 16 a message: 100 x 100 / 198 Gb/s. A NIC's way to
 * itself would be limited by PCIe, of which nothing is known here. */
static void measured_cells_have_the_ceiling_of_their_path(void **state)
{
    (void)state;
    static const enum trouble troubles[] = {NONE, RUN_FAILS, CORRUPTS};
    for (size_t i = 0; i < sizeof troubles / sizeof *troubles; i++) {
        struct outcome outcome = run_with(troubles[i], MCB_MEASURE_BANDWIDTH);
        json_t *cells = json_object_get(outcome.document, "cells"), *cell;
        size_t index;
        json_array_foreach(cells, index, cell)
        {
            bool itself = strcmp(mcb_json_text(json_object_get(cell, "initiator"), "nic"),
                                 mcb_json_text(json_object_get(cell, "target"), "nic")) == 0;
            bool measured = json_object_get(cell, "bandwidth_gbps") != NULL;
            double gbps = json_number_value(json_object_get(cell, "ceiling_gbps"));
            assert_int_equal((int)(gbps * 1000), measured && !itself ? 50505 : 0);
            assert_string_equal(mcb_json_text(cell, "ceiling_from"), gbps > 0 ? "link" : "");
            assert_string_equal(mcb_json_text(cell, "ceiling_at"), gbps > 0 ? "both" : "");
            assert_true(gbps > 0 || json_is_null(json_object_get(cell, "ceiling_at")));
        }
        json_decref(outcome.document);
    }
}

static void latency_takes_the_samples_of_all_trials(void **state)
{
    (void)state;
    struct outcome outcome = run_with(NONE, MCB_MEASURE_LATENCY);
    json_t *cell = json_array_get(json_object_get(outcome.document, "cells"), 0);
    json_t *latency = json_object_get(cell, "latency_us");
    assert_int_equal(json_integer_value(json_object_get(latency, "samples")), 30);
    assert_true(json_real_value(json_object_get(latency, "max")) == 1.009);
    assert_int_equal(json_integer_value(json_object_get(cell, "verified_bytes")), 3 * SIZE);
    json_decref(outcome.document);
}

static void a_failed_cell_keeps_its_fault_and_the_others_go_on(void **state)
{
    (void)state;
    static const struct {
        enum trouble trouble;
        const char *fault;
    } cases[] = {
        {OPEN_FAILS, "MCB-RDMA-010"}, {CONNECT_FAILS, "MCB-RDMA-011"}, {RUN_FAILS, "MCB-RDMA-013"}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct outcome outcome = run_with(cases[i].trouble, MCB_MEASURE_BANDWIDTH);
        assert_only_nic1_failed(&outcome, cases[i].fault);
        assert_int_equal(outcome.tally.worst, MCB_EXIT_ENVIRONMENT);
        json_decref(outcome.document);
    }
}

static void a_wrong_byte_fails_the_cell_and_is_located(void **state)
{
    (void)state;
    struct outcome outcome = run_with(CORRUPTS, MCB_MEASURE_BANDWIDTH);
    assert_only_nic1_failed(&outcome, "MCB-DATA-001");
    assert_int_equal(outcome.tally.worst, MCB_EXIT_HELD_NOT);
    json_t *cells = json_object_get(outcome.document, "cells"), *cell;
    size_t i;
    json_array_foreach(cells, i, cell)
    {
        json_t *corruption = json_object_get(cell, "corruption");
        if (!corruption)
            continue;
        assert_string_equal(mcb_json_text(corruption, "kind"), "damaged");
        assert_int_equal(json_integer_value(json_object_get(corruption, "slot")), 2);
        assert_int_equal(json_integer_value(json_object_get(corruption, "offset_bytes")), 5);
        assert_int_equal(json_integer_value(json_object_get(cell, "corrupt_bytes")), 6);
    }
    json_decref(outcome.document);
}

static void an_interruption_keeps_what_was_measured_and_names_the_rest(void **state)
{
    (void)state;
    struct outcome outcome = run_with(INTERRUPTS, MCB_MEASURE_BANDWIDTH);
    assert_int_equal(outcome.status, -1);
    assert_int_equal(outcome.error.code, MCB_FAULT_RUN_INTERRUPTED);
    json_t *cells = json_object_get(outcome.document, "cells"), *cell;
    size_t i;
    assert_int_equal(json_array_size(cells), NICS * NICS);
    json_array_foreach(cells, i, cell)
    {
        if (strcmp(mcb_json_text(cell, "status"), "ok") != 0) {
            assert_string_equal(mcb_json_text(cell, "status"), "skipped");
            assert_string_equal(mcb_json_text(json_object_get(cell, "fault"), "id"), "MCB-RUN-001");
        }
    }
    json_decref(outcome.document);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_cell_is_measured_and_verified),
        cmocka_unit_test(measured_cells_have_the_ceiling_of_their_path),
        cmocka_unit_test(latency_takes_the_samples_of_all_trials),
        cmocka_unit_test(a_failed_cell_keeps_its_fault_and_the_others_go_on),
        cmocka_unit_test(a_wrong_byte_fails_the_cell_and_is_located),
        cmocka_unit_test(an_interruption_keeps_what_was_measured_and_names_the_rest),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
