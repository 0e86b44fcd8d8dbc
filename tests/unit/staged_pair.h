/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MCB_TESTS_UNIT_STAGED_PAIR_H
#define MCB_TESTS_UNIT_STAGED_PAIR_H

/*
 * Two queue sets of this process, connected by a NIC that this file is: it takes work requests,
 * moves the bytes of one of them each time that its side polls, and counts the receives that are
 * missing and the messages that are not what is in memory. Each end runs in a thread; assertions
 * are made on the test's own.
 */

#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <unistd.h>

#include <infiniband/verbs.h>

#include <cmocka.h>

#include "common/pattern.h"
#include "rdma/completion.h"
#include "rdma/post.h"
#include "rdma/staged.h"
#include "tests/unit/fake_gpu.h"

enum { PAIRS_MOST = 4, RING = 1024 };

/* Reached only by a test that fails. */
#define PATIENCE_NS (60 * MCB_NS_PER_S)

enum task { WINDOW, LAP, LATENCY };

/* A request on its way. */
struct flight {
    struct ibv_send_wr request;
    struct ibv_sge element;
    uint32_t pair;
};

struct end {
    struct end *peer;
    struct ibv_context context;
    struct ibv_cq queue;
    struct ibv_qp handles[PAIRS_MOST];
    struct mcb_queue_pair pairs[PAIRS_MOST];
    struct mcb_queue_set set;
    struct flight flights[RING];
    struct ibv_wc done[RING];
    uint32_t first_flight, last_flight, first_done, last_done;
    uint32_t receives[PAIRS_MOST];

    struct mcb_buffer buffer, bounce;
    struct mcb_area out, in, out_bounce, in_bounce;
    struct mcb_copy_queue *out_copies, *in_copies;
    struct mcb_staged *staged;

    enum task task;
    struct mcb_staged_role role;
    struct mcb_loop loop;
    struct mcb_bandwidth bandwidth;
    struct mcb_latency latency;
    atomic_bool abort, failed;
    _Atomic uint64_t expected, sent;
    pthread_t thread;
    int result;
    struct mcb_error error;
};

struct wire {
    struct end ends[2];
    uint64_t missing_receives, spoilt, credits;
    pthread_mutex_t lock;
};

static struct wire wire;

/* ---- the NIC ---- */

static inline struct end *end_of(const struct ibv_context *context)
{
    return context == &wire.ends[0].context ? &wire.ends[0] : &wire.ends[1];
}

static inline void complete(struct end *end, struct ibv_wc done)
{
    end->done[end->last_done++ % RING] = done;
}

static inline int wire_send(struct ibv_qp *handle, struct ibv_send_wr *request,
                            struct ibv_send_wr **bad)
{
    struct end *end = end_of(handle->context);
    (void)bad;
    pthread_mutex_lock(&wire.lock);
    for (; request; request = request->next) {
        struct flight *flight = &end->flights[end->last_flight++ % RING];
        *flight = (struct flight){.request = *request, .pair = (uint32_t)(handle - end->handles)};
        if (request->num_sge > 0)
            flight->element = request->sg_list[0];
    }
    pthread_mutex_unlock(&wire.lock);
    return 0;
}

static inline int wire_receive(struct ibv_qp *handle, struct ibv_recv_wr *request,
                               struct ibv_recv_wr **bad)
{
    struct end *end = end_of(handle->context);
    (void)bad;
    pthread_mutex_lock(&wire.lock);
    for (; request; request = request->next)
        end->receives[handle - end->handles]++;
    pthread_mutex_unlock(&wire.lock);
    return 0;
}

/* Of a message, once it leaves: a copy that came too late or too early spoilt it. */
static inline bool is_spoilt(const struct end *end, const struct ibv_sge *element)
{
    const uint8_t *from = (const uint8_t *)(uintptr_t)element->addr;
    return memcmp(from, end->out.base + (from - end->out_bounce.base), element->length) != 0;
}

static inline void deliver(struct end *end, const struct flight *flight)
{
    const struct ibv_send_wr *request = &flight->request;
    if (wire.ends[end == wire.ends].receives[flight->pair]-- == 0)
        wire.missing_receives++;
    wire.credits += flight->element.length == 0;
    if (flight->element.length > 0) {
        wire.spoilt += is_spoilt(end, &flight->element);
        memcpy((void *)(uintptr_t)request->wr.rdma.remote_addr,
               (void *)(uintptr_t)flight->element.addr, flight->element.length);
    }
    complete(end->peer, (struct ibv_wc){.wr_id = MCB_WORK_RECEIVE | mcb_work_id(flight->pair, 0),
                                        .opcode = IBV_WC_RECV_RDMA_WITH_IMM,
                                        .wc_flags = IBV_WC_WITH_IMM,
                                        .imm_data = request->imm_data});
    if (request->send_flags & IBV_SEND_SIGNALED)
        complete(end, (struct ibv_wc){.wr_id = request->wr_id});
}

static inline int wire_poll(struct ibv_cq *queue, int most, struct ibv_wc *done)
{
    struct end *end = end_of(queue->context);
    int count = 0;
    pthread_mutex_lock(&wire.lock);
    while (count < most && end->first_done != end->last_done)
        done[count++] = end->done[end->first_done++ % RING];
    if (end->first_flight != end->last_flight)
        deliver(end, &end->flights[end->first_flight++ % RING]);
    pthread_mutex_unlock(&wire.lock);
    return count;
}

/* What a peer that lies makes arrive. */
static inline void inject(struct end *end, enum ibv_wc_opcode opcode, uint32_t immediate)
{
    end->receives[0]--;
    complete(end, (struct ibv_wc){.wr_id = MCB_WORK_RECEIVE,
                                  .opcode = opcode,
                                  .wc_flags = IBV_WC_WITH_IMM,
                                  .imm_data = htobe32(immediate)});
}

/* The state of a queue pair matters to nobody here. */
int ibv_modify_qp(struct ibv_qp *qp, struct ibv_qp_attr *attributes, int mask)
{
    (void)qp;
    (void)attributes;
    (void)mask;
    return 0;
}

/* ---- the ends ---- */

struct shape {
    uint32_t qps, depth;
    size_t size_bytes;
};

static inline struct mcb_area area_in(const struct mcb_buffer *buffer, struct shape shape,
                                      unsigned index)
{
    size_t stride = mcb_area_stride(shape.size_bytes);
    uint32_t slots = shape.qps * shape.depth;
    return (struct mcb_area){.base = (uint8_t *)buffer->address + index * stride * slots,
                             .slot_bytes = shape.size_bytes,
                             .stride_bytes = stride,
                             .slots = slots};
}

static inline struct mcb_buffer buffer_of(struct shape shape, const struct mcb_memory *kind)
{
    size_t bytes = 2 * mcb_area_stride(shape.size_bytes) * shape.qps * shape.depth;
    return (struct mcb_buffer){.address = calloc(1, bytes), .length_bytes = bytes, .kind = kind};
}

static inline void end_open_memory(struct end *end, struct shape shape,
                                   const struct mcb_memory *kind)
{
    end->buffer = buffer_of(shape, kind);
    end->bounce = buffer_of(shape, &mcb_memory_host);
    const struct mcb_buffer *reached = kind->of_gpu ? &end->bounce : &end->buffer;
    end->out = area_in(&end->buffer, shape, 0);
    end->in = area_in(&end->buffer, shape, 1);
    end->out_bounce = area_in(reached, shape, 0);
    end->in_bounce = area_in(reached, shape, 1);
    int opened = mcb_copy_queue_open(&end->buffer, &end->out_bounce, &end->out, shape.depth,
                                     &end->out_copies, &end->error) |
                 mcb_copy_queue_open(&end->buffer, &end->in, &end->in_bounce, shape.depth,
                                     &end->in_copies, &end->error);
    assert_int_equal(opened, 0);
}

static inline void end_open_queues(struct end *end, struct shape shape)
{
    end->context.ops.poll_cq = wire_poll;
    end->context.ops.post_send = wire_send;
    end->context.ops.post_recv = wire_receive;
    end->queue.context = &end->context;
    end->set = (struct mcb_queue_set){
        .options = {.message_bytes = shape.size_bytes,
                    .count = shape.qps,
                    .depth = shape.depth,
                    .signal_every = mcb_queue_signal_every(shape.depth, shape.size_bytes),
                    .initiates = true,
                    .receives = true,
                    .immediate_receives = true,
                    .credits = MCB_STAGED_CREDITS},
        .completions = &end->queue,
        .pairs = end->pairs,
        .post_immediate = mcb_post_select(MCB_VERB_WRITE_IMM, false, false),
        .path = "here -> there",
    };
    for (uint32_t i = 0; i < shape.qps; i++) {
        end->handles[i].context = &end->context;
        end->pairs[i] = (struct mcb_queue_pair){
            .handle = &end->handles[i],
            .index = i,
            .depth = shape.depth,
            .message_bytes = (uint32_t)shape.size_bytes,
            .slots = calloc(shape.depth, sizeof(struct mcb_slot)),
            .sends = calloc(shape.depth, sizeof(struct ibv_send_wr)),
            .send_elements = calloc(shape.depth, sizeof(struct ibv_sge)),
            .receives = calloc(2 * shape.depth, sizeof(struct ibv_recv_wr)),
            .receive_elements = calloc(2 * shape.depth, sizeof(struct ibv_sge)),
            .receive_count = 2 * shape.depth,
            .owed_receives = 2 * shape.depth,
        };
    }
}

static inline void end_connect(struct end *end, struct shape shape)
{
    for (uint32_t slot = 0; slot < shape.qps * shape.depth; slot++) {
        struct mcb_slot message = {
            .local = (uintptr_t)mcb_area_slot(&end->out_bounce, slot),
            .remote = (uintptr_t)mcb_area_slot(&end->peer->in_bounce, slot),
        };
        mcb_queue_set_assign(&end->set, slot / shape.depth, slot % shape.depth, &message, 0, 0);
    }
    for (uint32_t i = 0; i < shape.qps; i++)
        assert_int_equal(mcb_queue_pair_receive(&end->pairs[i], 2 * shape.depth), 0);
    assert_int_equal(
        mcb_staged_open(&end->set, end->out_copies, end->in_copies, &end->staged, &end->error), 0);
}

static inline void wire_open(struct shape shape, const struct mcb_memory *const kinds[2])
{
    fake_gpu_reset();
    memset(&wire, 0, sizeof wire);
    pthread_mutex_init(&wire.lock, NULL);
    for (size_t i = 0; i < 2; i++) {
        wire.ends[i].peer = &wire.ends[1 - i];
        end_open_memory(&wire.ends[i], shape, kinds[i]);
        end_open_queues(&wire.ends[i], shape);
    }
    for (size_t i = 0; i < 2; i++)
        end_connect(&wire.ends[i], shape);
}

static inline void wire_close(void)
{
    for (size_t i = 0; i < 2; i++) {
        struct end *end = &wire.ends[i];
        mcb_staged_close(end->staged);
        mcb_copy_queue_close(end->out_copies);
        mcb_copy_queue_close(end->in_copies);
        for (uint32_t q = 0; q < end->set.options.count; q++) {
            free(end->pairs[q].receive_elements);
            free(end->pairs[q].receives);
            free(end->pairs[q].send_elements);
            free(end->pairs[q].sends);
            free(end->pairs[q].slots);
        }
        free(end->bounce.address);
        free(end->buffer.address);
    }
    pthread_mutex_destroy(&wire.lock);
}

/* ---- tasks ---- */

static inline void *end_run(void *argument)
{
    struct end *end = argument;
    switch (end->task) {
    case WINDOW:
        end->result =
            mcb_staged_window(end->staged, end->role, &end->loop, &end->bandwidth, &end->error);
        break;
    case LAP:
        end->result = mcb_staged_lap(end->staged, end->role, &end->loop, &end->error);
        break;
    default:
        end->result =
            mcb_staged_latency(end->staged, end->role, &end->loop, &end->latency, &end->error);
        break;
    }
    end->failed = end->result != 0;
    end->peer->abort = end->peer->abort || end->failed;
    return NULL;
}

static inline void end_prepare(struct end *end, enum task task, struct mcb_staged_role role,
                               int64_t length_ns)
{
    int64_t now_ns = mcb_clock_ns();
    end->task = task;
    end->role = role;
    end->expected = end->sent = UINT64_MAX;
    end->abort = end->failed = false;
    end->error.code = MCB_FAULT_NONE;
    end->loop = (struct mcb_loop){.start_ns = now_ns,
                                  .end_ns = now_ns + length_ns,
                                  .deadline_ns = now_ns + length_ns + PATIENCE_NS,
                                  .yield = true,
                                  .abort = &end->abort,
                                  .expected = &end->expected,
                                  .sent = &end->sent,
                                  .sent_event = -1};
}

static inline void end_start(struct end *end)
{
    assert_int_equal(pthread_create(&end->thread, NULL, end_run, end), 0);
}

static inline void end_join(struct end *end)
{
    assert_int_equal(pthread_join(end->thread, NULL), 0);
}

/* Tells each end, while both run, what the other sent. */
static inline void wire_pass_sent(void)
{
    for (size_t i = 0; i < 2; i++) {
        uint64_t sent;
        while ((sent = atomic_load(&wire.ends[i].sent)) == UINT64_MAX && !wire.ends[i].failed)
            usleep(100);
        atomic_store(&wire.ends[1 - i].expected, sent);
    }
}

/* Runs what was prepared to success. */
static inline void wire_run_prepared(void)
{
    for (size_t i = 0; i < 2; i++)
        end_start(&wire.ends[i]);
    wire_pass_sent();
    for (size_t i = 0; i < 2; i++)
        end_join(&wire.ends[i]);
    for (size_t i = 0; i < 2; i++)
        if (wire.ends[i].result != 0 && wire.ends[i].error.code != MCB_FAULT_RUN_INTERRUPTED)
            fail_msg("%s", wire.ends[i].error.detail);
    assert_int_equal(wire.missing_receives, 0);
    assert_int_equal(wire.spoilt, 0);
}

#endif
