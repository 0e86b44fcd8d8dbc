/* SPDX-License-Identifier: Apache-2.0 */
#include "bench/measure/active_side.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/json.h"
#include "common/memory.h"

/* Payload flows from initiator to target, for read the other way round, and both ways at once when
 * bidirectional. */
static bool flows(const struct mcb_side_options *options, enum mcb_role from)
{
    bool from_initiator = options->cell->operation != MCB_OPERATION_READ;
    return options->cell->bidirectional || (from == MCB_ROLE_INITIATOR) == from_initiator;
}

void mcb_active_side_init(struct mcb_active_side *active, const struct mcb_transport *transport,
                          const struct mcb_local_endpoint *local,
                          const struct mcb_side_options *options, const char *identity,
                          int sent_event)
{
    enum mcb_role other =
        options->role == MCB_ROLE_INITIATOR ? MCB_ROLE_TARGET : MCB_ROLE_INITIATOR;
    char flow[2][128];
    for (int from = 0; from < 2; from++)
        snprintf(flow[from], sizeof flow[from], "%s/%d", identity, from);

    active->transport = transport;
    active->local = local;
    active->options = *options;
    active->options.out.stop = active->options.in.stop = &active->task.abort;
    active->task.sent_event = sent_event;
    active->sends = flows(options, options->role);
    active->receives = flows(options, other);
    active->key_out = mcb_pattern_key(flow[options->role]);
    active->key_in = mcb_pattern_key(flow[other]);
}

int mcb_active_side_employ(struct mcb_active_side *active, const struct mcb_topology *topology,
                           int event_fd, struct mcb_error *error)
{
    const struct mcb_nic *nic = active->local->nic;
    static const char *const roles[] = {"initiator", "target"};
    char name[MCB_WORKER_NAME_MAX];
    /* Of a long name of a NIC so much that the role's first letter still has room. */
    int length = snprintf(name, sizeof name, "%.*s ", MCB_WORKER_NAME_MAX - 3, nic->name);
    memccpy(name + length, roles[active->options.role], '\0', sizeof name - (size_t)length);
    name[sizeof name - 1] = '\0';
    return mcb_worker_start(&active->worker, name, topology, nic->numa_node, event_fd, error);
}

json_t *mcb_active_side_cpus(const struct mcb_active_side *active)
{
    return active->worker.cpus[0] ? json_string(active->worker.cpus) : json_null();
}

int mcb_active_side_take_cpus(const struct mcb_active_side *initiator, const json_t *target_cpus,
                              json_t *details, struct mcb_error *error)
{
    const char *list = json_string_value(target_cpus);
    if (!json_is_null(target_cpus) && (!list || !mcb_id_list_is_valid(list)))
        return mcb_error_set(error, MCB_FAULT_NET_PROTOCOL,
                             "the target's \"cpus\" is no list of CPUs such as \"0-3,8\", and not "
                             "null");
    json_object_set_new(details, "initiator_cpus", mcb_active_side_cpus(initiator));
    json_object_set_new(details, "target_cpus", list ? json_string(list) : json_null());
    return 0;
}

static void step_open(void *argument)
{
    struct mcb_active_side *active = argument;
    if (active->transport->side_open(active->local->endpoint, &active->options, &active->side,
                                     &active->error) == 0)
        active->description = active->transport->side_describe(active->side);
}

static void step_connect(void *argument)
{
    struct mcb_active_side *active = argument;
    active->transport->side_connect(active->side, active->peer, active->connect_deadline_ns,
                                    &active->task.abort, &active->error);
}

/* What was cut short proves nothing. */
static void note_abort(struct mcb_active_side *active)
{
    if (atomic_load(&active->task.abort))
        mcb_error_set(&active->error, MCB_FAULT_RUN_INTERRUPTED,
                      "the verification was interrupted");
}

static const struct mcb_buffer *buffer_of(const struct mcb_active_side *active)
{
    return mcb_endpoints_buffer(active->local, active->options.cell->route);
}

static void step_prepare(void *argument)
{
    struct mcb_active_side *active = argument;
    const struct mcb_buffer *buffer = buffer_of(active);
    active->generation =
        active->generation == MCB_PATTERN_GENERATIONS ? 1 : (uint16_t)(active->generation + 1);
    const struct mcb_pattern pattern = {active->key_out, active->generation};
    if (active->sends &&
        buffer->kind->fill(buffer, &pattern, &active->options.out, &active->error) != 0)
        return;
    if (active->receives &&
        buffer->kind->poison(buffer, active->key_in, &active->options.in, &active->error) != 0)
        return;
    note_abort(active);
}

static void step_run(void *argument)
{
    struct mcb_active_side *active = argument;
    active->transport->side_run(active->side, &active->task, &active->error);
}

/* What a NIC wrote into the memory of a GPU is not there for the GPU until it has been told so. */
static int settle(struct mcb_active_side *active)
{
    if (!mcb_buffer_is_of_gpu(buffer_of(active)))
        return 0;
    if (active->transport->side_settle(active->side, &active->task.abort, &active->error) != 0)
        return -1;
    json_t *facts = active->transport->side_facts(active->side);
    const char *way = mcb_json_text(facts, "visible_by");
    snprintf(active->visible_by, sizeof active->visible_by, "%s", *way ? way : "completion");
    json_decref(facts);
    return 0;
}

static void step_check(void *argument)
{
    struct mcb_active_side *active = argument;
    const struct mcb_buffer *buffer = buffer_of(active);
    const struct mcb_pattern pattern = {active->key_in, active->generation};
    if (active->receives &&
        (settle(active) != 0 || buffer->kind->check(buffer, &pattern, &active->options.in,
                                                    &active->report, &active->error) != 0))
        return;
    note_abort(active);
}

void mcb_active_side_start(struct mcb_active_side *active, enum mcb_step step)
{
    static void (*const jobs[])(void *) = {
        [MCB_STEP_OPEN] = step_open,       [MCB_STEP_CONNECT] = step_connect,
        [MCB_STEP_PREPARE] = step_prepare, [MCB_STEP_RUN] = step_run,
        [MCB_STEP_CHECK] = step_check,
    };
    if (active->error.code == MCB_FAULT_NONE)
        mcb_worker_submit(&active->worker, jobs[step], active);
}

bool mcb_active_side_busy(const struct mcb_active_side *active)
{
    return active->worker.started && mcb_worker_busy(&active->worker);
}

bool mcb_active_side_has_sent(const struct mcb_active_side *active)
{
    return !mcb_active_side_busy(active) ||
           atomic_load_explicit(&active->task.sent, memory_order_acquire) != MCB_MESSAGES_UNKNOWN;
}

void mcb_active_side_close(struct mcb_active_side *active)
{
    atomic_store(&active->task.abort, true);
    mcb_worker_stop(&active->worker);
    if (active->side)
        active->transport->side_close(active->side);
    json_decref(active->description);
    free(active->counters_before);
    active->side = NULL;
    active->description = NULL;
    active->counters_before = NULL;
}
