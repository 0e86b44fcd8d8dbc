/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A side ties the areas of a cell to queue pairs: side_connect works out, once, where each slot's
 * message lies here and there and under which keys, so that the timed loops look nothing up.
 */
#include "bench/transport/rdma_side.h"

#include <stdlib.h>

#include "bench/transport/rdma_staging.h"
#include "common/memory.h"
#include "rdma/bandwidth.h"
#include "rdma/completion.h"

static const enum mcb_verb verbs[MCB_OPERATIONS] = {
    [MCB_OPERATION_WRITE] = MCB_VERB_WRITE,
    [MCB_OPERATION_READ] = MCB_VERB_READ,
    [MCB_OPERATION_SEND] = MCB_VERB_SEND,
};

static bool is_latency(const struct mcb_side *side)
{
    return side->cell.measure == MCB_MEASURE_LATENCY;
}

static enum mcb_latency_method method_of(const struct mcb_side *side)
{
    if (side->cell.operation == MCB_OPERATION_READ)
        return MCB_LATENCY_COMPLETION;
    if (side->cell.operation == MCB_OPERATION_SEND)
        return MCB_LATENCY_PING_PONG;
    bool watchable =
        !side->registration->relaxed &&
        (side->cell.route == MCB_ROUTE_HOST || !mcb_buffer_is_of_gpu(side->endpoint->buffer));
    return watchable ? MCB_LATENCY_MEMORY_POLL : MCB_LATENCY_WRITE_IMM;
}

/* A cap below the port's MTU, as a size that RDMA knows. */
static uint32_t mtu_of(const struct mcb_endpoint *endpoint)
{
    uint32_t mtu_bytes = endpoint->port.mtu_bytes, cap_bytes = endpoint->settings->mtu;
    while (cap_bytes > 0 && mtu_bytes > cap_bytes && mtu_bytes > 256)
        mtu_bytes /= 2;
    return mtu_bytes;
}

/* The CPU, which copies what is posted inline, cannot read the memory of a GPU. */
static uint32_t inline_bytes_of(const struct mcb_side *side)
{
    bool unreadable =
        side->cell.route == MCB_ROUTE_DIRECT && mcb_buffer_is_of_gpu(side->endpoint->buffer);
    bool reads = side->cell.operation == MCB_OPERATION_READ;
    return unreadable || reads ? 0 : side->cell.inline_bytes;
}

/* On route STAGED both sides post (messages or credits) and receive immediates. */
static int open_queues(struct mcb_side *side, struct mcb_error *error)
{
    const struct mcb_endpoint *endpoint = side->endpoint;
    const struct mcb_cell_settings *cell = &side->cell;
    bool both = cell->bidirectional || is_latency(side);
    bool initiator = side->role == MCB_ROLE_INITIATOR;
    bool staged = cell->route == MCB_ROUTE_STAGED;
    bool immediate = staged || (is_latency(side) && cell->operation == MCB_OPERATION_WRITE);
    struct mcb_queue_options options = {
        .device = endpoint->device,
        .gid = &endpoint->gid,
        .port = endpoint->port.number,
        .ethernet = endpoint->port.ethernet,
        .lid = endpoint->port.lid,
        .mtu_bytes = mtu_of(endpoint),
        .traffic_class = endpoint->settings->traffic_class,
        .service_level = endpoint->settings->service_level,
        .verb = staged ? MCB_VERB_WRITE : verbs[cell->operation],
        .message_bytes = cell->size_bytes,
        .message_most = endpoint->port.message_most,
        .count = cell->qps,
        .depth = cell->depth,
        .signal_every = cell->signal_every,
        .inline_bytes = inline_bytes_of(side),
        .initiates = staged || initiator || cell->bidirectional,
        .receives = (cell->operation == MCB_OPERATION_SEND && (!initiator || both)) || immediate,
        .immediate_receives = immediate,
        .credits = staged ? MCB_STAGED_CREDITS : 0,
    };
    return mcb_queue_set_open(&options, &side->set, error);
}

int mcb_rdma_side_open(struct mcb_endpoint *endpoint, const struct mcb_side_options *options,
                       struct mcb_side **side, struct mcb_error *error)
{
    if (options->cell->route == MCB_ROUTE_DIRECT && endpoint->direct_fault.code != MCB_FAULT_NONE) {
        *error = endpoint->direct_fault;
        return -1;
    }
    struct mcb_side *opened = calloc(1, sizeof(*opened));
    if (!opened)
        return mcb_error_set(error, MCB_FAULT_HOST_MEMORY, "no memory for a side");
    *opened = (struct mcb_side){
        .endpoint = endpoint,
        .registration =
            mcb_rdma_registration(endpoint, options->cell->ordering, options->cell->route),
        .cell = *options->cell,
        .role = options->role,
        .yield = options->yield,
    };
    if (!opened->registration) {
        mcb_error_set(error, MCB_FAULT_RDMA_RELAXED_ORDERING,
                      "%s: its memory was not registered with relaxed ordering \"%s\"",
                      endpoint->device->name, mcb_ordering_name(options->cell->ordering));
        goto fail;
    }
    opened->method = method_of(opened);
    if (mcb_staging_open(endpoint->buffer, endpoint->bounce, options, true, &opened->staging,
                         error) < 0)
        goto fail;
    opened->out = opened->staging.out;
    opened->in = opened->staging.in;
    if (open_queues(opened, error) < 0 || mcb_rdma_staging_open(opened, error) < 0)
        goto fail;
    *side = opened;
    return 0;
fail:
    mcb_rdma_side_close(opened);
    return -1;
}

void mcb_rdma_side_close(struct mcb_side *side)
{
    if (!side)
        return;
    mcb_rdma_staging_close(side);
    mcb_queue_set_close(side->set);
    free(side);
}

/* Both areas of a slot, here and there. */
static int assign_slot(struct mcb_side *side, const struct mcb_rdma_peer *peer, uint32_t slot,
                       struct mcb_error *error)
{
    const struct mcb_queue_options *options = &side->set->options;
    const struct mcb_registration *own = side->registration;
    uint64_t size_bytes = side->cell.size_bytes;
    bool reads = options->verb == MCB_VERB_READ, sends = options->verb == MCB_VERB_SEND;
    uint64_t out = (uintptr_t)mcb_area_slot(&side->out, slot);
    uint64_t in = (uintptr_t)mcb_area_slot(&side->in, slot);
    struct mcb_slot message = {
        .local = reads ? in : out,
        .remote = (reads ? peer->out : peer->in) + (uint64_t)slot * side->in.stride_bytes,
    };
    const struct mcb_region *local =
        mcb_region_find(own->regions, own->count, message.local, size_bytes);
    const struct mcb_region *landing = mcb_region_find(own->regions, own->count, in, size_bytes);
    const struct mcb_region *remote =
        mcb_region_find(peer->regions, peer->region_count, message.remote, size_bytes);
    if (!local || !landing)
        return mcb_error_set(error, MCB_FAULT_RDMA_MR_SIZE,
                             "%s: no memory region holds all %llu bytes of slot %u",
                             side->endpoint->device->name, (unsigned long long)size_bytes, slot);
    if (!remote && !sends)
        return mcb_error_set(error, MCB_FAULT_NET_PROTOCOL,
                             "slot %u of a peer: no region that it described holds it", slot);
    message.local_key = local->local_key;
    message.remote_key = remote ? remote->remote_key : 0;
    mcb_queue_set_assign(side->set, slot / side->cell.depth, slot % side->cell.depth, &message, in,
                         landing->local_key);
    return 0;
}

int mcb_rdma_side_connect(struct mcb_side *side, const json_t *description, int64_t deadline_ns,
                          const atomic_bool *abort, struct mcb_error *error)
{
    (void)deadline_ns; /* nothing here waits for the peer */
    (void)abort;
    struct mcb_rdma_peer peer;
    if (mcb_rdma_peer_read(side, description, &peer, error) < 0)
        return -1;
    int status = 0;
    for (uint32_t slot = 0; slot < side->in.slots && status == 0; slot++)
        status = assign_slot(side, &peer, slot, error);
    if (status == 0)
        status = mcb_queue_set_connect(side->set, &peer.queues, error);
    side->connected = status == 0;
    if (side->method == MCB_LATENCY_MEMORY_POLL && !peer.polls_memory)
        side->method = MCB_LATENCY_WRITE_IMM;
    mcb_rdma_peer_release(&peer);
    return status;
}

static int run_window(struct mcb_side *side, const struct mcb_loop *loop, struct mcb_task *task,
                      struct mcb_error *error)
{
    struct mcb_bandwidth window;
    if (mcb_bandwidth_window(side->set, loop, &window, error) < 0)
        return -1;
    task->window_bytes = window.bytes;
    task->window_messages = window.messages;
    task->window_ns = window.length_ns;
    return 0;
}

static int run_latency(struct mcb_side *side, const struct mcb_loop *loop, struct mcb_task *task,
                       struct mcb_error *error)
{
    struct mcb_latency latency = {
        .method = side->method,
        .initiator = side->role == MCB_ROLE_INITIATOR,
        .out_last = mcb_area_slot(&side->out, 0) + side->out.slot_bytes - 1,
        .in_last = mcb_area_slot(&side->in, 0) + side->in.slot_bytes - 1,
        .samples_ns = task->samples_ns,
        .samples_most = task->samples_ns ? task->samples_most : 0,
    };
    if (mcb_latency_run(side->set, loop, &latency, error) < 0)
        return -1;
    task->samples_count = latency.samples_count;
    return 0;
}

/* What the NIC cannot get at is memory that it was given: that of a GPU behind a switch or an IOMMU
 * which keeps the two apart. */
static void blame_gpu(const struct mcb_side *side, struct mcb_error *error)
{
    const struct mcb_buffer *buffer = side->endpoint->buffer;
    if (side->set->failed_status != MCB_STATUS_LOCAL_PROTECTION ||
        side->cell.route != MCB_ROUTE_DIRECT || !mcb_buffer_is_of_gpu(buffer))
        return;
    const struct mcb_error told = *error;
    mcb_error_write(error, MCB_FAULT_GPU_UNREACHABLE,
                    "%s: %s is registered, but the NIC does not reach it: %s",
                    side->endpoint->device->name, buffer->memory, told.detail);
}

static int run_task(struct mcb_side *side, const struct mcb_loop *loop, struct mcb_task *task,
                    struct mcb_error *error)
{
    if (side->staged)
        return mcb_rdma_staging_run(side, loop, task, error);
    switch (task->kind) {
    case MCB_TASK_WINDOW:
        return run_window(side, loop, task, error);
    case MCB_TASK_LAP:
        return mcb_bandwidth_lap(side->set, loop, error);
    default:
        return run_latency(side, loop, task, error);
    }
}

int mcb_rdma_side_run(struct mcb_side *side, struct mcb_task *task, struct mcb_error *error)
{
    struct mcb_loop loop = {
        .start_ns = task->start_ns,
        .end_ns = task->end_ns,
        .deadline_ns = task->deadline_ns,
        .yield = side->yield,
        .abort = &task->abort,
        .expected = &task->expected,
        .sent = &task->sent,
        .sent_event = task->sent_event,
    };
    if (!side->connected || side->set->broken)
        return mcb_error_set(error, MCB_FAULT_RDMA_QP_STATE,
                             "%s: its queue pairs are not connected, or failed before",
                             side->endpoint->device->name);
    task->window_bytes = task->window_messages = 0;
    task->window_ns = 0;
    task->samples_count = 0;
    if (run_task(side, &loop, task, error) == 0)
        return 0;
    blame_gpu(side, error);
    return -1;
}

static const char *method_name(const struct mcb_side *side)
{
    if (side->staged)
        return "staged";
    return is_latency(side) ? mcb_latency_method_name(side->method) : "completion";
}

json_t *mcb_rdma_side_facts(const struct mcb_side *side)
{
    const struct mcb_queue_set *set = side->set;
    json_t *facts =
        json_pack("{s:s, s:i, s:s, s:I, s:I, s:b, s:I}", "method", method_name(side), "mtu_bytes",
                  (int)set->options.mtu_bytes, "post", set->by_builder ? "ibv_wr" : "ibv_post_send",
                  "signal_every", (json_int_t)set->options.signal_every, "inline_most_bytes",
                  (json_int_t)set->inline_most, "inlined", (int)set->inlined, "receives",
                  (json_int_t)set->pairs[0].receive_count);
    if (side->visible_by)
        json_object_set_new(facts, "visible_by", json_string(side->visible_by));
    return facts;
}
