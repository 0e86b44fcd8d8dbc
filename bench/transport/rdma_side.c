/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A side ties the areas of a cell to queue pairs: side_connect works out, once, where each slot's
 * message lies here and there and under which keys, so that the timed loops look nothing up.
 */
#include "bench/transport/rdma_side.h"

#include <stdlib.h>

#include "common/clock.h"
#include "rdma/bandwidth.h"

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
    bool watchable = !side->registration->relaxed && side->endpoint->buffer->memory[0] == 'c' &&
                     side->endpoint->buffer->memory[1] == 'p';
    return watchable ? MCB_LATENCY_MEMORY_POLL : MCB_LATENCY_WRITE_IMM;
}

static bool is_inside(const struct mcb_area *area, const struct mcb_buffer *buffer)
{
    uint64_t begin = (uintptr_t)buffer->address, at = (uintptr_t)area->base;
    uint64_t length = area->stride_bytes * area->slots;
    return at >= begin && length <= buffer->length_bytes &&
           at - begin <= buffer->length_bytes - length;
}

static int check_areas(const struct mcb_side *side, struct mcb_error *error)
{
    const struct mcb_buffer *buffer = side->endpoint->buffer;
    uint64_t slots = (uint64_t)side->cell.qps * side->cell.depth;
    bool fits = side->cell.size_bytes > 0 && side->in.slots == slots && side->out.slots == slots &&
                side->in.slot_bytes == side->cell.size_bytes &&
                side->out.slot_bytes == side->cell.size_bytes &&
                side->in.stride_bytes == side->out.stride_bytes && is_inside(&side->in, buffer) &&
                is_inside(&side->out, buffer);
    return fits ? 0
                : mcb_error_set(error, MCB_FAULT_USE_VALUE,
                                "%llu messages of %llu bytes: a cell needs at least one message of "
                                "at least one byte, and a buffer that holds them all",
                                (unsigned long long)slots,
                                (unsigned long long)side->cell.size_bytes);
}

/* A cap below the port's MTU, as a size that RDMA knows. */
static uint32_t mtu_of(const struct mcb_endpoint *endpoint)
{
    uint32_t mtu_bytes = endpoint->port.mtu_bytes, cap_bytes = endpoint->settings->mtu;
    while (cap_bytes > 0 && mtu_bytes > cap_bytes && mtu_bytes > 256)
        mtu_bytes /= 2;
    return mtu_bytes;
}

static int open_queues(struct mcb_side *side, struct mcb_error *error)
{
    const struct mcb_endpoint *endpoint = side->endpoint;
    const struct mcb_cell_settings *cell = &side->cell;
    bool both = cell->bidirectional || is_latency(side);
    bool initiator = side->role == MCB_ROLE_INITIATOR;
    bool immediate = is_latency(side) && cell->operation == MCB_OPERATION_WRITE;
    struct mcb_queue_options options = {
        .device = endpoint->device,
        .gid = &endpoint->gid,
        .port = endpoint->port.number,
        .ethernet = endpoint->port.ethernet,
        .lid = endpoint->port.lid,
        .mtu_bytes = mtu_of(endpoint),
        .traffic_class = endpoint->settings->traffic_class,
        .service_level = endpoint->settings->service_level,
        .verb = verbs[cell->operation],
        .message_bytes = cell->size_bytes,
        .message_most = endpoint->port.message_most,
        .count = cell->qps,
        .depth = cell->depth,
        .signal_every = cell->signal_every,
        .inline_bytes = cell->operation == MCB_OPERATION_READ ? 0 : cell->inline_bytes,
        .initiates = initiator || cell->bidirectional,
        .receives = (cell->operation == MCB_OPERATION_SEND && (!initiator || both)) || immediate,
        .immediate_receives = immediate,
    };
    return mcb_queue_set_open(&options, &side->set, error);
}

int mcb_rdma_side_open(struct mcb_endpoint *endpoint, const struct mcb_side_options *options,
                       struct mcb_side **side, struct mcb_error *error)
{
    struct mcb_side *opened = calloc(1, sizeof(*opened));
    if (!opened)
        return mcb_error_set(error, MCB_FAULT_HOST_MEMORY, "no memory for a side");
    *opened = (struct mcb_side){
        .endpoint = endpoint,
        .registration = mcb_rdma_registration(endpoint, options->cell->ordering),
        .cell = *options->cell,
        .role = options->role,
        .out = options->out,
        .in = options->in,
        .yield = options->yield,
    };
    if (!opened->registration) {
        mcb_error_set(error, MCB_FAULT_RDMA_RELAXED_ORDERING,
                      "%s: its memory was not registered with relaxed ordering \"%s\"",
                      endpoint->device->name, mcb_ordering_name(options->cell->ordering));
        goto fail;
    }
    opened->method = method_of(opened);
    if (check_areas(opened, error) < 0 || open_queues(opened, error) < 0)
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
    switch (task->kind) {
    case MCB_TASK_WINDOW:
        return run_window(side, &loop, task, error);
    case MCB_TASK_LAP:
        return mcb_bandwidth_lap(side->set, &loop, error);
    default:
        return run_latency(side, &loop, task, error);
    }
}

json_t *mcb_rdma_side_facts(const struct mcb_side *side)
{
    const struct mcb_queue_set *set = side->set;
    const char *method = is_latency(side) ? mcb_latency_method_name(side->method) : "completion";
    return json_pack("{s:s, s:i, s:s, s:I, s:I, s:b, s:I}", "method", method, "mtu_bytes",
                     (int)set->options.mtu_bytes, "post",
                     set->by_builder ? "ibv_wr" : "ibv_post_send", "signal_every",
                     (json_int_t)set->options.signal_every, "inline_most_bytes",
                     (json_int_t)set->inline_most, "inlined", (int)set->inlined, "receives",
                     (json_int_t)set->pairs[0].receive_count);
}
