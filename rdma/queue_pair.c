/* SPDX-License-Identifier: Apache-2.0 */
#include "rdma/queue_pair.h"

#include <errno.h>
#include <infiniband/verbs.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "rdma/device.h"
#include "rdma/post.h"

/* READS_MOST: as Mooncake asks for. */
enum { RECEIVES_LEAST = 64, SIGNAL_EVERY_MOST = 16, BATCH_BYTES = 64 << 10, READS_MOST = 16 };

uint32_t mcb_queue_signal_every(uint32_t depth, uint64_t message_bytes)
{
    uint64_t every = BATCH_BYTES / (message_bytes ? message_bytes : 1);
    if (every > depth / 4)
        every = depth / 4;
    if (every > SIGNAL_EVERY_MOST)
        every = SIGNAL_EVERY_MOST;
    return every ? (uint32_t)every : 1;
}

static uint8_t at_most(uint8_t value, uint8_t most)
{
    return value < most ? value : most;
}

/* ---- what the device can do ---- */

/* The more of what it sends and what it must be able to receive. */
static uint64_t work_requests(const struct mcb_queue_options *options)
{
    uint64_t sends = (uint64_t)options->depth + options->credits;
    uint64_t receives = (uint64_t)options->depth * (options->credits ? 2 : 1);
    return sends > receives ? sends : receives;
}

static int check_limits(const struct mcb_queue_options *options, struct mcb_error *error)
{
    const struct mcb_device_limits *limits = &options->device->limits;
    const char *name = options->device->name;
    const struct {
        const char *what;
        uint64_t asked, most;
    } rows[] = {
        {"queue pairs", options->count, limits->queue_pairs},
        {"queue pairs", options->count, MCB_QUEUE_PAIRS_MAX},
        {"messages in flight of a queue pair", options->depth, limits->send_depth},
        {"work requests of a queue pair", work_requests(options), limits->send_depth},
        {"bytes of a message", options->message_bytes, options->message_most},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
        if (rows[i].asked > rows[i].most || rows[i].asked == 0)
            return mcb_error_set(error, MCB_FAULT_RDMA_LIMIT, "%llu %s: %s can do %s%llu",
                                 (unsigned long long)rows[i].asked, rows[i].what, name,
                                 rows[i].asked ? "" : "1 to ", (unsigned long long)rows[i].most);
    return 0;
}

/* Receives of a queue pair: as many times the depth as it takes to be deep enough, and as the
 * device allows. */
static uint32_t receive_count(const struct mcb_queue_options *options)
{
    uint32_t depth = options->depth, most = options->device->limits.send_depth;
    if (!options->receives)
        return 0;
    uint32_t times = depth >= RECEIVES_LEAST ? 2 : (RECEIVES_LEAST + depth - 1) / depth;
    while (times > 1 && (uint64_t)times * depth > most)
        times--;
    return times * depth;
}

/* A queue pair that fails flushes signalled and other requests alike, so there is room for all of
 * them where the device has it; signalled ones and receives must fit in any case. Where there are
 * credits, batches are as small as it happens. */
static int open_completions(struct mcb_queue_set *set, uint32_t receives, struct mcb_error *error)
{
    const struct mcb_queue_options *options = &set->options;
    uint64_t most = options->device->limits.completions, count = options->count;
    uint64_t signals = (options->depth + options->signal_every - 1) / options->signal_every;
    uint64_t sends = (uint64_t)options->depth + options->credits;
    uint64_t need = count * ((options->credits ? sends : signals) + receives);
    uint64_t wish = count * (sends + receives);
    if (need > most)
        return mcb_error_set(error, MCB_FAULT_RDMA_LIMIT,
                             "%u queue pairs of depth %u: they need %llu completions at once, and "
                             "%s can hold %llu; fewer or shallower queue pairs, or a larger "
                             "--signal-every",
                             options->count, options->depth, (unsigned long long)need,
                             options->device->name, (unsigned long long)most);
    set->completions =
        ibv_create_cq(options->device->context, (int)(wish < most ? wish : most), NULL, NULL, 0);
    if (!set->completions)
        return mcb_error_set(error, MCB_FAULT_RDMA_QP_CREATE,
                             "%s: a completion queue of %llu entries cannot be created: %s",
                             options->device->name, (unsigned long long)(wish < most ? wish : most),
                             strerror(errno));
    return 0;
}

/* ---- creation ---- */

static uint64_t builder_operations(enum mcb_verb verb)
{
    static const uint64_t operations[MCB_VERBS] = {
        [MCB_VERB_WRITE] = IBV_QP_EX_WITH_RDMA_WRITE | IBV_QP_EX_WITH_RDMA_WRITE_WITH_IMM,
        [MCB_VERB_READ] = IBV_QP_EX_WITH_RDMA_READ,
        [MCB_VERB_SEND] = IBV_QP_EX_WITH_SEND,
    };
    return operations[verb];
}

/* With ibv_wr_*() if by_builder, else without. errno says why it is NULL. */
static struct ibv_qp *create(struct mcb_queue_set *set, uint32_t receives, uint32_t inline_bytes,
                             bool by_builder, uint32_t *inline_most)
{
    const struct mcb_queue_options *options = &set->options;
    struct ibv_qp_init_attr_ex attributes = {
        .send_cq = set->completions,
        .recv_cq = set->completions,
        .cap = {.max_send_wr = options->depth + options->credits,
                .max_recv_wr = receives,
                .max_send_sge = 1,
                .max_recv_sge = receives ? 1 : 0,
                .max_inline_data = inline_bytes},
        .qp_type = IBV_QPT_RC,
        .comp_mask = IBV_QP_INIT_ATTR_PD | (by_builder ? IBV_QP_INIT_ATTR_SEND_OPS_FLAGS : 0),
        .pd = options->device->domain,
        .send_ops_flags = by_builder ? builder_operations(options->verb) : 0,
    };
    struct ibv_qp *qp = ibv_create_qp_ex(options->device->context, &attributes);
    if (qp)
        *inline_most = attributes.cap.max_inline_data;
    return qp;
}

/* Most bytes that the device takes inline, below a number that it refused: no verb tells it. */
static uint32_t find_inline_limit(struct mcb_queue_set *set, uint32_t receives, uint32_t refused)
{
    uint32_t low = 0, high = refused, got;
    while (high - low > 1) {
        uint32_t middle = low + (high - low) / 2;
        struct ibv_qp *qp = create(set, receives, middle, false, &got);
        if (qp)
            ibv_destroy_qp(qp);
        *(qp ? &low : &high) = middle;
    }
    return low;
}

static int refuse_create(struct mcb_queue_set *set, uint32_t receives, uint32_t made,
                         struct mcb_error *error)
{
    const struct mcb_queue_options *options = &set->options;
    int failed = errno;
    uint32_t got, inline_bytes = options->inline_bytes;
    struct ibv_qp *without =
        inline_bytes && made == 0 ? create(set, receives, 0, false, &got) : NULL;
    if (without) {
        ibv_destroy_qp(without);
        return mcb_error_set(error, MCB_FAULT_RDMA_LIMIT,
                             "%u bytes inline: %s takes at most %u at depth %u", inline_bytes,
                             options->device->name, find_inline_limit(set, receives, inline_bytes),
                             options->depth);
    }
    return mcb_error_set(error, MCB_FAULT_RDMA_QP_CREATE,
                         "%s: queue pair %u of %u (depth %u, %u receives) cannot be created: %s%s; "
                         "all processes together may have %u (max_qp)",
                         options->device->name, made + 1, options->count, options->depth, receives,
                         strerror(failed), failed == ENOMEM ? " (ENOMEM)" : "",
                         options->device->limits.queue_pairs);
}

static void *ring_of(uint32_t count, size_t size)
{
    return calloc(count ? count : 1, size);
}

static int allocate_rings(struct mcb_queue_pair *pair)
{
    pair->slots = ring_of(pair->depth, sizeof(*pair->slots));
    pair->sends = ring_of(pair->depth, sizeof(*pair->sends));
    pair->send_elements = ring_of(pair->depth, sizeof(*pair->send_elements));
    pair->receives = ring_of(pair->receive_count, sizeof(*pair->receives));
    pair->receive_elements = ring_of(pair->receive_count, sizeof(*pair->receive_elements));
    bool whole = pair->slots && pair->sends && pair->send_elements && pair->receives &&
                 pair->receive_elements;
    return whole ? 0 : -1;
}

static int to_init(const struct mcb_queue_set *set, struct mcb_queue_pair *pair,
                   struct mcb_error *error)
{
    struct ibv_qp_attr attributes = {
        .qp_state = IBV_QPS_INIT,
        .pkey_index = 0,
        .port_num = (uint8_t)set->options.port,
        .qp_access_flags =
            IBV_ACCESS_LOCAL_WRITE | IBV_ACCESS_REMOTE_WRITE | IBV_ACCESS_REMOTE_READ,
    };
    int failed =
        ibv_modify_qp(pair->handle, &attributes,
                      IBV_QP_STATE | IBV_QP_PKEY_INDEX | IBV_QP_PORT | IBV_QP_ACCESS_FLAGS);
    if (failed)
        return mcb_error_set(
            error, MCB_FAULT_RDMA_QP_STATE, "%s port %u: queue pair %u does not reach INIT: %s",
            set->options.device->name, set->options.port, pair->number, strerror(failed));
    return 0;
}

static int open_pair(struct mcb_queue_set *set, uint32_t index, uint32_t receives,
                     struct mcb_error *error)
{
    const struct mcb_queue_options *options = &set->options;
    struct mcb_queue_pair *pair = &set->pairs[index];
    *pair = (struct mcb_queue_pair){
        .index = index,
        .depth = options->depth,
        .message_bytes = (uint32_t)options->message_bytes,
        .receive_count = receives,
    };
    if (allocate_rings(pair) < 0 ||
        getrandom(&pair->sequence, sizeof(pair->sequence), 0) != sizeof(pair->sequence))
        return mcb_error_set(error, MCB_FAULT_HOST_MEMORY,
                             "%s: no memory for %u queue pairs of depth %u", options->device->name,
                             options->count, options->depth);
    pair->sequence &= 0xffffff;
    if (index == 0 || set->by_builder)
        pair->handle = create(set, receives, options->inline_bytes, true, &set->inline_most);
    if (index == 0)
        set->by_builder = pair->handle != NULL;
    if (!pair->handle && !set->by_builder)
        pair->handle = create(set, receives, options->inline_bytes, false, &set->inline_most);
    if (!pair->handle)
        return refuse_create(set, receives, index, error);
    if (set->by_builder)
        pair->builder = ibv_qp_to_qp_ex(pair->handle);
    pair->number = pair->handle->qp_num;
    return to_init(set, pair, error);
}

int mcb_queue_set_open(const struct mcb_queue_options *options, struct mcb_queue_set **set,
                       struct mcb_error *error)
{
    if (check_limits(options, error) < 0)
        return -1;
    uint32_t receives = receive_count(options);
    struct mcb_queue_set *opened = calloc(1, sizeof(*opened));
    if (opened) {
        opened->options = *options;
        opened->gid = *options->gid;
        opened->options.gid = &opened->gid;
        opened->pairs = calloc(options->count, sizeof(*opened->pairs));
    }
    if (!opened || !opened->pairs) {
        free(opened);
        return mcb_error_set(error, MCB_FAULT_HOST_MEMORY, "no memory for %u queue pairs",
                             options->count);
    }
    uint32_t *every = &opened->options.signal_every;
    if (*every == 0)
        *every = mcb_queue_signal_every(options->depth, options->message_bytes);
    if (*every > options->depth)
        *every = options->depth;
    opened->reads_as_target = at_most(options->device->limits.reads_as_target, READS_MOST);
    opened->reads_as_initiator = at_most(options->device->limits.reads_as_initiator, READS_MOST);
    if (open_completions(opened, receives, error) < 0)
        goto fail;
    for (uint32_t i = 0; i < options->count; i++)
        if (open_pair(opened, i, receives, error) < 0)
            goto fail;
    opened->inlined =
        options->verb != MCB_VERB_READ && options->message_bytes <= options->inline_bytes;
    opened->post = mcb_post_select(options->verb, opened->by_builder, opened->inlined);
    opened->post_immediate =
        mcb_post_select(MCB_VERB_WRITE_IMM, opened->by_builder, opened->inlined);
    *set = opened;
    return 0;
fail:
    mcb_queue_set_close(opened);
    return -1;
}

void mcb_queue_set_close(struct mcb_queue_set *set)
{
    if (!set)
        return;
    for (uint32_t i = 0; i < set->options.count; i++) {
        struct mcb_queue_pair *pair = &set->pairs[i];
        if (pair->handle)
            ibv_destroy_qp(pair->handle);
        free(pair->receive_elements);
        free(pair->receives);
        free(pair->send_elements);
        free(pair->sends);
        free(pair->slots);
    }
    if (set->completions)
        ibv_destroy_cq(set->completions);
    free(set->pairs);
    free(set);
}
