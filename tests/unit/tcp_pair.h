/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MCB_TESTS_UNIT_TCP_PAIR_H
#define MCB_TESTS_UNIT_TCP_PAIR_H

/*
 * Both sides of one TCP path on loopback, each with its thread, and the coordination between them
 * that the program would do. Assertions are made on the test's own thread only.
 */

#include <poll.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <cmocka.h>

#include "bench/transport/transport.h"
#include "common/clock.h"
#include "common/memory.h"
#include "common/pattern.h"

enum { INITIATOR = MCB_ROLE_INITIATOR, TARGET = MCB_ROLE_TARGET };

/* Long enough for a loaded machine under valgrind; reached only by a test that fails. */
#define PATIENCE_NS (60 * MCB_NS_PER_S)

/* Memory of a GPU is host memory of another kind here. */
struct pair_end {
    struct mcb_buffer buffer; /* the pair's, of this end's kind */
    struct mcb_endpoint *endpoint;
    struct mcb_side *side;
    struct mcb_area out, in;
    json_t *description;
    const json_t *peer; /* what the other end is said to be */
    struct mcb_task task;
    int64_t connect_deadline_ns;
    atomic_bool *connect_abort;
    pthread_t thread;
    int result;
    struct mcb_error error;
};

struct pair {
    struct mcb_cell_settings cell;
    struct mcb_settings settings;
    struct mcb_nic *nics;
    size_t nic_count;
    struct mcb_buffer buffer, bounce;
    struct pair_end end[2];
    atomic_bool connect_abort;
};

static const struct mcb_memory *const pair_host_memory[2] = {NULL, NULL};

static inline struct mcb_area pair_area(const struct pair *pair, size_t index)
{
    uint32_t slots = pair->cell.qps * pair->cell.depth;
    size_t bytes = mcb_area_stride(pair->cell.size_bytes) * slots;
    const struct mcb_buffer *buffer =
        pair->cell.route == MCB_ROUTE_HOST ? &pair->bounce : &pair->buffer;
    return (struct mcb_area){.base = (uint8_t *)buffer->address + index * bytes,
                             .slot_bytes = pair->cell.size_bytes,
                             .stride_bytes = mcb_area_stride(pair->cell.size_bytes),
                             .slots = slots};
}

static inline void pair_open_end(struct pair *pair, enum mcb_role role,
                                 const struct mcb_memory *kind)
{
    const struct mcb_transport *tcp = &mcb_transport_tcp;
    struct pair_end *end = &pair->end[role];
    end->buffer = pair->buffer;
    end->buffer.kind = kind ? kind : &mcb_memory_host;
    struct mcb_endpoint_options endpoint = {.nic = &pair->nics[0],
                                            .buffer = &end->buffer,
                                            .bounce = kind ? &pair->bounce : NULL,
                                            .settings = &pair->settings};
    assert_int_equal(tcp->endpoint_open(&endpoint, &end->endpoint, &end->error), 0);
    end->out = pair_area(pair, 2 * (size_t)role);
    end->in = pair_area(pair, 2 * (size_t)role + 1);
    struct mcb_side_options side = {
        .cell = &pair->cell, .role = role, .out = end->out, .in = end->in, .yield = true};
    assert_int_equal(tcp->side_open(end->endpoint, &side, &end->side, &end->error), 0);
    end->description = tcp->side_describe(end->side);
    assert_non_null(end->description);
    end->connect_deadline_ns = mcb_clock_ns() + PATIENCE_NS;
    end->connect_abort = &pair->connect_abort;
}

static inline void pair_allocate(struct mcb_buffer *buffer, size_t bytes)
{
    buffer->length_bytes = (bytes + 4095) / 4096 * 4096;
    buffer->address = aligned_alloc(4096, buffer->length_bytes);
    assert_non_null(buffer->address);
    memset(buffer->address, 0, buffer->length_bytes);
}

/* kinds: of the memory of each end, by role; NULL: the host's, without a bounce buffer. */
static inline struct pair *pair_open_in(const struct mcb_cell_settings *cell,
                                        const struct mcb_memory *const kinds[2])
{
    struct mcb_error error;
    struct pair *pair = calloc(1, sizeof *pair);
    assert_non_null(pair);
    pair->cell = *cell;
    assert_int_equal(
        mcb_transport_tcp.discover(&pair->settings, NULL, &pair->nics, &pair->nic_count, &error),
        0);
    size_t bytes = 4 * mcb_area_stride(cell->size_bytes) * cell->qps * cell->depth;
    pair_allocate(&pair->buffer, bytes);
    pair_allocate(&pair->bounce, bytes);
    pair_open_end(pair, MCB_ROLE_INITIATOR, kinds[INITIATOR]);
    pair_open_end(pair, MCB_ROLE_TARGET, kinds[TARGET]);
    pair->end[INITIATOR].peer = pair->end[TARGET].description;
    pair->end[TARGET].peer = pair->end[INITIATOR].description;
    return pair;
}

static inline struct pair *pair_open(const struct mcb_cell_settings *cell)
{
    return pair_open_in(cell, pair_host_memory);
}

static inline void pair_close_side(struct pair *pair, enum mcb_role role)
{
    mcb_transport_tcp.side_close(pair->end[role].side);
    pair->end[role].side = NULL;
}

static inline void pair_close(struct pair *pair)
{
    for (size_t i = 0; i < 2; i++) {
        pair_close_side(pair, (enum mcb_role)i);
        mcb_transport_tcp.endpoint_close(pair->end[i].endpoint);
        json_decref(pair->end[i].description);
    }
    mcb_nics_free(pair->nics, pair->nic_count);
    free(pair->bounce.address);
    free(pair->buffer.address);
    free(pair);
}

/* connecting */

static inline void *pair_connect_thread(void *argument)
{
    struct pair_end *end = argument;
    end->result = mcb_transport_tcp.side_connect(end->side, end->peer, end->connect_deadline_ns,
                                                 end->connect_abort, &end->error);
    return NULL;
}

static inline void pair_start(struct pair_end *end, void *(*work)(void *))
{
    end->result = -1;
    end->error.code = MCB_FAULT_NONE;
    assert_int_equal(pthread_create(&end->thread, NULL, work, end), 0);
}

static inline void pair_join(struct pair_end *end)
{
    assert_int_equal(pthread_join(end->thread, NULL), 0);
}

static inline void pair_expect_success(const struct pair_end *end)
{
    if (end->result != 0)
        fail_msg("%s", end->error.detail);
}

static inline void pair_expect_fault(const struct pair_end *end, enum mcb_fault_code code)
{
    assert_int_equal(end->result, -1);
    if (end->error.code != code)
        fail_msg("%s: %s", mcb_fault_get(end->error.code)->id, end->error.detail);
}

static inline void pair_connect(struct pair *pair)
{
    for (size_t i = 0; i < 2; i++)
        pair_start(&pair->end[i], pair_connect_thread);
    for (size_t i = 0; i < 2; i++)
        pair_join(&pair->end[i]);
    for (size_t i = 0; i < 2; i++)
        pair_expect_success(&pair->end[i]);
}

/* tasks */

static inline void *pair_run_thread(void *argument)
{
    struct pair_end *end = argument;
    end->result = mcb_transport_tcp.side_run(end->side, &end->task, &end->error);
    return NULL;
}

/* A fresh task; samples: room for latency samples, or NULL. */
static inline void pair_prepare_task(struct pair_end *end, enum mcb_task_kind kind,
                                     int64_t duration_ns, uint64_t *samples, size_t samples_most)
{
    int64_t now_ns = mcb_clock_ns();
    memset(&end->task, 0, sizeof end->task);
    end->task.kind = kind;
    end->task.start_ns = now_ns;
    end->task.end_ns = now_ns + duration_ns;
    end->task.deadline_ns = now_ns + duration_ns + PATIENCE_NS;
    end->task.every_slot = true;
    end->task.sent = MCB_MESSAGES_UNKNOWN;
    end->task.expected = MCB_MESSAGES_UNKNOWN;
    end->task.samples_ns = samples;
    end->task.samples_most = samples_most;
    end->task.sent_event = eventfd(0, EFD_CLOEXEC);
    assert_true(end->task.sent_event >= 0);
}

/* Waits for one end's `sent` and tells the other. */
static inline void pair_pass_sent(struct pair *pair, enum mcb_role from)
{
    struct pollfd event = {.fd = pair->end[from].task.sent_event, .events = POLLIN};
    assert_int_equal(poll(&event, 1, (int)(PATIENCE_NS / MCB_NS_PER_MS)), 1);
    uint64_t sent = atomic_load(&pair->end[from].task.sent);
    assert_true(sent != MCB_MESSAGES_UNKNOWN);
    atomic_store(&pair->end[1 - from].task.expected, sent);
}

/* Runs the prepared tasks of both ends to success. */
static inline void pair_run_prepared(struct pair *pair)
{
    for (size_t i = 0; i < 2; i++)
        pair_start(&pair->end[i], pair_run_thread);
    for (size_t i = 0; i < 2; i++)
        pair_pass_sent(pair, (enum mcb_role)i);
    for (size_t i = 0; i < 2; i++)
        pair_join(&pair->end[i]);
    for (size_t i = 0; i < 2; i++) {
        close(pair->end[i].task.sent_event);
        pair_expect_success(&pair->end[i]);
    }
}

static inline void pair_run(struct pair *pair, enum mcb_task_kind kind, int64_t duration_ns)
{
    for (size_t i = 0; i < 2; i++)
        pair_prepare_task(&pair->end[i], kind, duration_ns, NULL, 0);
    pair_run_prepared(pair);
}

#endif
