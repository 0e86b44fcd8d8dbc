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

#include "bench/measure/gpu_facts.h"
#include "bench/measure/run.h"
#include "common/clock.h"
#include "common/json.h"
#include "tests/unit/stand_in_gpus.h"
#include "tests/unit/sysfs_tree.h"

enum { NICS = 3, SIZE = 100, DEPTH = 4 };

enum trouble {
    NONE,
    OPEN_FAILS,
    CONNECT_FAILS,
    RUN_FAILS,
    CORRUPTS,
    INTERRUPTS,
    SETTLE_FAILS,
    PEER_FAILS,       /* the target; the initiator waits for it */
    PEER_FAILS_LATER, /* the target, after the initiator has seen its streams break */
    STALLS            /* both sides wait, and nothing comes */
};

/* ---- the stand-in ---- */

struct stand_in {
    enum trouble trouble; /* of initiators on NIC 1 */
    volatile sig_atomic_t stop;
    atomic_uint settled; /* sides that were asked to */
    const char *sysfs;   /* where a transfer of nic1 raises a counter; NULL: nowhere */
};

static struct stand_in stand_in;

struct mcb_endpoint {
    char nic[MCB_NIC_NAME_MAX];
    bool bounced;
};

struct mcb_side {
    struct mcb_side_options options;
    struct mcb_endpoint *endpoint;
    struct mcb_side *peer;
    unsigned latency_trials;
    bool settled;
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
    (*endpoint)->bounced = options->bounce != NULL;
    return 0;
}

static json_t *endpoint_describe(const struct mcb_endpoint *endpoint)
{
    return json_pack("{s:s, s:s*}", "method", "none", "bounce_method",
                     endpoint->bounced ? "reg_mr_iova2" : NULL);
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
    struct mcb_side made = {.options = *options, .endpoint = endpoint};
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

static int wait_in_vain(const struct mcb_task *task, struct mcb_error *error)
{
    while (!atomic_load(&task->abort))
        if (mcb_clock_ns() < task->deadline_ns)
            usleep(1000);
        else
            return mcb_error_set(error, MCB_FAULT_TCP_STUCK, "stand-in: nothing comes");
    return mcb_error_set(error, MCB_FAULT_RUN_INTERRUPTED, "stand-in: told to stop");
}

static void set_counter(const char *sysfs, const char *text)
{
    char path[256];
    snprintf(path, sizeof path, "%s/class/net/nic1/statistics/rx_errors", sysfs);
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    fputs(text, file);
    fclose(file);
}

static int run_target(struct mcb_side *side, struct mcb_task *task, struct mcb_error *error)
{
    publish(task, 0);
    if (is_troubled(side->peer, STALLS))
        return wait_in_vain(task, error);
    if (is_troubled(side->peer, PEER_FAILS_LATER))
        wait_in_vain(task, error);
    if (is_troubled(side->peer, PEER_FAILS) || is_troubled(side->peer, PEER_FAILS_LATER))
        return mcb_error_set(error, MCB_FAULT_GPU_CALL, "stand-in: a copier fails");
    return 0;
}

static int side_run(struct mcb_side *side, struct mcb_task *task, struct mcb_error *error)
{
    if (side->options.role == MCB_ROLE_TARGET)
        return run_target(side, task, error);
    if (stand_in.sysfs && strcmp(side->endpoint->nic, "nic1") == 0)
        set_counter(stand_in.sysfs, "12\n");
    if (is_troubled(side, RUN_FAILS))
        return mcb_error_set(error, MCB_FAULT_RDMA_RETRY, "stand-in: retries exceeded");
    if (is_troubled(side, PEER_FAILS))
        return wait_in_vain(task, error);
    if (is_troubled(side, PEER_FAILS_LATER))
        return mcb_error_set(error, MCB_FAULT_TCP_STREAM, "stand-in: closed by the peer");
    if (is_troubled(side, STALLS))
        return mcb_error_set(error, MCB_FAULT_TCP_STUCK, "stand-in: nothing is taken");
    copy_all(&side->options.out, &side->peer->options.in);
    if (is_troubled(side, CORRUPTS))
        mcb_area_slot(&side->peer->options.in, 2)[5] ^= 1;
    if (is_troubled(side, INTERRUPTS))
        stand_in.stop = SIGINT;
    if (task->kind == MCB_TASK_LATENCY) {
        for (; task->samples_count < 10; task->samples_count++)
            task->samples_ns[task->samples_count] =
                1000 * (3 - side->latency_trials) - task->samples_count;
        side->latency_trials++;
    } else {
        task->window_bytes = SIZE * DEPTH;
        task->window_messages = DEPTH;
        task->window_ns = 1000;
    }
    publish(task, DEPTH);
    return 0;
}

static int side_settle(struct mcb_side *side, const atomic_bool *abort, struct mcb_error *error)
{
    assert_non_null(abort);
    side->settled = true;
    atomic_fetch_add(&stand_in.settled, 1);
    if (stand_in.trouble == SETTLE_FAILS && strcmp(side->endpoint->nic, "nic1") == 0)
        return mcb_error_set(error, MCB_FAULT_GPU_CALL, "stand-in: no flush");
    return 0;
}

static json_t *side_facts(const struct mcb_side *side)
{
    return json_pack("{s:s, s:s, s:i, s:s}", "method", "completion", "stand_in", "memcpy",
                     "mtu_bytes", 4096, "visible_by", side->settled ? "flush" : "completion");
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
    .side_settle = side_settle,
    .side_facts = side_facts,
    .side_close = side_close,
};

/* ---- a run on it ---- */

struct outcome {
    int status;
    struct mcb_error error;
    struct mcb_run_tally tally;
    json_t *document;
    unsigned settled;
};

/* What a run is to meet. */
struct scenario {
    enum trouble trouble;
    enum mcb_measure measure;
    const char *gpus;   /* the stand-in GPUs whose memory is used; NULL: host memory */
    bool staged;        /* --compare staged */
    int64_t timeout_ns; /* 0: a few seconds */
    const char *sysfs;  /* NULL: that of this host */
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
        .memories = {{.number = -1}},
        .memory_count = 1,
        .routes = {MCB_ROUTE_DIRECT},
        .route_count = 1,
        .rank = -1,
        .timeout_ns = 5 * MCB_NS_PER_S,
    };
    return settings;
}

static json_t *gpu_facts(const struct mcb_gpus *gpus, const struct mcb_nic *nics)
{
    return gpus ? mcb_gpu_facts(gpus, NULL, "/nowhere", nics, NICS) : json_array();
}

static void use_gpus(struct mcb_settings *settings, bool staged)
{
    settings->memories[0].gpu = true;
    settings->route_count = staged ? MCB_ROUTES : 1;
    for (int route = 0; route < MCB_ROUTES; route++)
        settings->routes[route] = (enum mcb_route)route;
}

static struct outcome run_scenario(const struct scenario *scenario)
{
    struct outcome outcome = {0};
    struct mcb_settings settings = settings_for(scenario->measure);
    struct mcb_nic nics[NICS] = {{.name = "nic0"}, {.name = "nic1"}, {.name = "nic2"}};
    int nodes[NICS] = {-1, -1, -1};
    struct mcb_gpus *gpus = scenario->gpus ? stand_in_gpus_open(scenario->gpus) : NULL;
    struct mcb_topology *topology;
    struct mcb_cluster *cluster;
    struct mcb_roster roster;
    struct mcb_plan plan;
    struct mcb_endpoints endpoints;
    struct mcb_result *result;
    stand_in.trouble = scenario->trouble;
    stand_in.stop = 0;
    stand_in.sysfs = scenario->sysfs;
    atomic_store(&stand_in.settled, 0);
    if (gpus)
        use_gpus(&settings, scenario->staged);
    if (scenario->timeout_ns > 0)
        settings.timeout_ns = scenario->timeout_ns;

    assert_int_equal(mcb_topology_load(false, &topology, &outcome.error), 0);
    for (int i = 0; i < NICS; i++) {
        nics[i].numa_node = -1;
        nics[i].facts =
            json_pack("{s:s, s:i, s:n, s:n, s:b, s:f, s:s, s:s, s:s}", "name", nics[i].name, "port",
                      1, "numa_node", "pci_address", "software", 0, "data_gbps", 100.0,
                      "link_layer", "Ethernet", "gid_type", "RoCE v2", "address", "10.77.0.1");
    }
    json_t *no_settings = json_object(), *told_gpus = gpu_facts(gpus, nics);
    const struct mcb_error no_fault = {.code = MCB_FAULT_NONE};
    const struct mcb_roster_self who = {"gpu", "stand-in", topology,  no_settings,
                                        nics,  NICS,       told_gpus, &no_fault};
    json_t *self = mcb_roster_record(&who);
    assert_int_equal(mcb_cluster_join(&settings, self, &stand_in.stop, &cluster, &outcome.error),
                     0);
    assert_int_equal(mcb_roster_check(cluster, &outcome.error), 0);
    if (mcb_roster_make(cluster, &settings, &roster, &outcome.error) != 0 ||
        mcb_plan_make(&settings, roster.lists, 1, &plan, &outcome.error) != 0)
        fail_msg("%s", outcome.error.detail);
    const struct mcb_endpoints_options opening = {
        .transport = &transport,
        .settings = &settings,
        .topology = topology,
        .gpus = gpus,
        .nics = nics,
        .memory_nodes = nodes,
        .list = &roster.lists[0],
        .area_bytes = mcb_plan_area_bytes(&plan),
    };
    assert_int_equal(mcb_endpoints_open(&opening, &endpoints, &outcome.error), 0);
    json_t *told = mcb_endpoints_to_json(&endpoints), *warnings = json_array();
    if (mcb_roster_take_opened(&roster, 0, told, warnings, &outcome.error) != 0)
        fail_msg("%s", outcome.error.detail);
    assert_int_equal(mcb_result_open(NULL, json_object(), &result, &outcome.error), 0);

    const struct mcb_run run = {&settings, &plan,   &transport, topology, &endpoints,
                                &roster,   cluster, result,     NULL,     scenario->sysfs};
    outcome.status = mcb_run_plan(&run, &outcome.tally, &outcome.error);
    outcome.document = json_incref(mcb_result_document(result));
    outcome.settled = atomic_load(&stand_in.settled);

    mcb_result_close(result, false, &(struct mcb_error){0});
    mcb_endpoints_close(&endpoints);
    mcb_plan_release(&plan);
    mcb_roster_release(&roster);
    mcb_cluster_leave(cluster);
    mcb_topology_free(topology);
    mcb_gpus_close(gpus);
    json_decref(warnings);
    json_decref(told);
    json_decref(self);
    json_decref(told_gpus);
    json_decref(no_settings);
    for (int i = 0; i < NICS; i++)
        json_decref(nics[i].facts);
    return outcome;
}

static struct outcome run_with(enum trouble trouble, enum mcb_measure measure)
{
    const struct scenario scenario = {.trouble = trouble, .measure = measure};
    return run_scenario(&scenario);
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

static void latency_takes_the_samples_of_all_trials_and_keeps_the_p50_of_each(void **state)
{
    (void)state;
    struct outcome outcome = run_with(NONE, MCB_MEASURE_LATENCY);
    json_t *cell = json_array_get(json_object_get(outcome.document, "cells"), 0);
    json_t *latency = json_object_get(cell, "latency_us");
    assert_int_equal(json_integer_value(json_object_get(latency, "samples")), 30);
    assert_true(json_real_value(json_object_get(latency, "max")) == 3);
    json_t *trials = json_object_get(latency, "trials");
    assert_int_equal(json_array_size(trials), 3);
    for (size_t i = 0; i < 3; i++)
        assert_true(json_real_value(json_array_get(trials, i)) == (double)(3 - i) - 0.005);
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

/* No test has so much time: a side that waits for one that failed is not to reach its deadline. */
static void the_side_that_failed_is_named_and_not_the_one_that_waits_for_it(void **state)
{
    (void)state;
    static const struct {
        enum trouble trouble;
        const char *fault;
    } cases[] = {
        {PEER_FAILS, "MCB-GPU-009"}, {PEER_FAILS_LATER, "MCB-GPU-009"}, {STALLS, "MCB-TCP-002"}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        for (int measure = 0; measure < 2; measure++) {
            const struct scenario scenario = {.trouble = cases[i].trouble,
                                              .measure = measure ? MCB_MEASURE_LATENCY
                                                                 : MCB_MEASURE_BANDWIDTH,
                                              .timeout_ns = 3600 * MCB_NS_PER_S};
            struct outcome outcome = run_scenario(&scenario);
            assert_only_nic1_failed(&outcome, cases[i].fault);
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

/* ---- in the memory of GPUs: one GPU, with every NIC ---- */

static struct outcome run_on_gpus(const char *gpus, enum trouble trouble)
{
    const struct scenario scenario = {.trouble = trouble, .gpus = gpus};
    return run_scenario(&scenario);
}

static const char *detail_of(const json_t *cell, const char *member)
{
    return mcb_json_text(json_object_get(cell, "details"), member);
}

static void the_gpu_checks_what_was_made_visible_to_it(void **state)
{
    (void)state;
    struct outcome outcome = run_on_gpus("", NONE);
    json_t *cells = json_object_get(outcome.document, "cells"), *cell;
    size_t i;
    assert_int_equal(outcome.tally.ok, NICS * NICS);
    json_array_foreach(cells, i, cell)
    {
        assert_string_equal(mcb_json_text(json_object_get(cell, "target"), "memory"), "cuda:0");
        assert_string_equal(mcb_json_text(cell, "route"), "direct");
        assert_string_equal(detail_of(cell, "target_visible_by"), "flush");
        assert_string_equal(detail_of(cell, "initiator_visible_by"), "");
        assert_string_equal(detail_of(cell, "visible_by"), "");
        assert_int_equal(json_integer_value(json_object_get(cell, "verified_bytes")),
                         2 * 3 * SIZE * DEPTH);
    }
    /* three windows and three laps of each */
    assert_int_equal(outcome.settled, NICS * NICS * 6);
    json_decref(outcome.document);
}

static void host_memory_needs_nothing_to_be_visible(void **state)
{
    (void)state;
    struct outcome outcome = run_with(NONE, MCB_MEASURE_BANDWIDTH);
    json_t *cell = json_array_get(json_object_get(outcome.document, "cells"), 0);
    assert_int_equal(outcome.settled, 0);
    assert_string_equal(detail_of(cell, "target_visible_by"), "");
    json_decref(outcome.document);
}

static void a_wrong_byte_on_a_gpu_fails_the_cell(void **state)
{
    (void)state;
    struct outcome outcome = run_on_gpus("", CORRUPTS);
    assert_only_nic1_failed(&outcome, "MCB-DATA-001");
    json_decref(outcome.document);
}

static void a_gpu_that_cannot_fill_or_settle_fails_its_cells_alone(void **state)
{
    (void)state;
    struct outcome outcome = run_on_gpus("fail=kernel", NONE);
    json_t *cell = json_array_get(json_object_get(outcome.document, "cells"), 0);
    assert_int_equal(outcome.status, 0);
    assert_int_equal(outcome.tally.failed, NICS * NICS);
    assert_string_equal(mcb_json_text(json_object_get(cell, "fault"), "id"), "MCB-GPU-009");
    json_decref(outcome.document);

    outcome = run_on_gpus("", SETTLE_FAILS);
    assert_int_equal(outcome.status, 0);
    assert_int_equal(outcome.tally.failed, NICS); /* those whose target is nic1 */
    assert_int_equal(outcome.tally.ok, NICS * (NICS - 1));
    json_decref(outcome.document);
}

/* The stand-in of a transport copies from area to area on all of them. */
static void each_route_is_a_cell_with_the_memory_that_it_used(void **state)
{
    (void)state;
    const struct scenario scenario = {.gpus = "", .staged = true};
    struct outcome outcome = run_scenario(&scenario);
    json_t *cells = json_object_get(outcome.document, "cells"), *cell;
    size_t i, of_route[MCB_ROUTES] = {0};
    assert_int_equal(outcome.tally.ok, NICS * NICS * MCB_ROUTES);
    json_array_foreach(cells, i, cell)
    {
        const char *memory = mcb_json_text(json_object_get(cell, "initiator"), "memory");
        const char *name = mcb_json_text(cell, "route");
        bool of_host = strcmp(name, "host") == 0;
        assert_string_equal(mcb_json_text(cell, "registration"),
                            strcmp(name, "direct") == 0 ? "none" : "reg_mr_iova2");
        assert_int_equal(strncmp(memory, of_host ? "cpu:" : "cuda:", 4), 0);
        assert_string_equal(detail_of(cell, "target_visible_by"), of_host ? "" : "flush");
        for (int route = 0; route < MCB_ROUTES; route++)
            of_route[route] += strcmp(name, mcb_route_name((enum mcb_route)route)) == 0;
    }
    for (int route = 0; route < MCB_ROUTES; route++)
        assert_int_equal(of_route[route], NICS * NICS);
    json_decref(outcome.document);
}

static void a_failed_cell_has_its_sides_and_a_slow_one_its_counters_too(void **state)
{
    (void)state;
    for (int fails = 0; fails < 2; fails++) {
        struct sysfs_tree tree;
        assert_int_equal(sysfs_make(&tree), 0);
        sysfs_folder(&tree, "class/net/nic1/statistics");
        sysfs_file(&tree, "class/net/nic1/address", "02:00:00:00:00:01\n");
        set_counter(tree.root, "5\n");
        const struct scenario scenario = {.trouble = fails ? RUN_FAILS : NONE, .sysfs = tree.root};
        struct outcome outcome = run_scenario(&scenario);
        /* The first transfer of nic1 raises it. Those that are ok are slow: 3 of 50 Gbit/s. */
        json_t *cell, *cells = json_object_get(outcome.document, "cells"), *rose = NULL;
        size_t i, with = 0;
        json_array_foreach(cells, i, cell)
        {
            bool failed = strcmp(mcb_json_text(cell, "status"), "failed") == 0;
            json_t *sides = json_object_get(cell, "sides");
            json_t *counters = json_object_get(cell, "counters");
            assert_int_equal(sides != NULL, failed);
            assert_true(counters || !failed);
            json_t *change =
                json_object_get(json_object_get(counters, "initiator"), "interface.rx_errors");
            with += change != NULL;
            rose = change ? change : rose;
            if (failed)
                assert_string_equal(mcb_json_text(json_object_get(sides, "initiator"), "mac"),
                                    "02:00:00:00:00:01");
        }
        assert_int_equal(with, 1);
        assert_int_equal(json_integer_value(json_object_get(rose, "before")), 5);
        assert_int_equal(json_integer_value(json_object_get(rose, "after")), 12);
        if (fails) {
            const json_t *finding =
                json_array_get(json_object_get(outcome.document, "findings"), 0);
            assert_int_equal(json_array_size(json_object_get(finding, "cells")), NICS);
        }
        assert_int_equal(json_array_size(json_object_get(outcome.document, "findings")), fails);
        json_decref(outcome.document);
        sysfs_remove(&tree);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_cell_is_measured_and_verified),
        cmocka_unit_test(measured_cells_have_the_ceiling_of_their_path),
        cmocka_unit_test(latency_takes_the_samples_of_all_trials_and_keeps_the_p50_of_each),
        cmocka_unit_test(a_failed_cell_keeps_its_fault_and_the_others_go_on),
        cmocka_unit_test(the_side_that_failed_is_named_and_not_the_one_that_waits_for_it),
        cmocka_unit_test(a_wrong_byte_fails_the_cell_and_is_located),
        cmocka_unit_test(an_interruption_keeps_what_was_measured_and_names_the_rest),
        cmocka_unit_test(the_gpu_checks_what_was_made_visible_to_it),
        cmocka_unit_test(host_memory_needs_nothing_to_be_visible),
        cmocka_unit_test(a_wrong_byte_on_a_gpu_fails_the_cell),
        cmocka_unit_test(a_gpu_that_cannot_fill_or_settle_fails_its_cells_alone),
        cmocka_unit_test(each_route_is_a_cell_with_the_memory_that_it_used),
        cmocka_unit_test(a_failed_cell_has_its_sides_and_a_slow_one_its_counters_too),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
