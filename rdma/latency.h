/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MCB_RDMA_LATENCY_H
#define MCB_RDMA_LATENCY_H

/*
 * One message at a time on the first queue pair.
 *
 *   COMPLETION   READ: from posting to completion, the full round
 *   PING_PONG    SEND: there and back by receive completions
 *   WRITE_IMM    WRITE with immediate: there and back by the completions of the immediates
 *   MEMORY_POLL  WRITE: there and back by watching the last byte of the message change
 *
 * Memory polling rests on the last byte being written last, which holds neither with relaxed
 * ordering nor in memory of a GPU: there it must be WRITE_IMM.
 *
 * There and back is halved. One clock call a round: a sample lies between two of them. Each side
 * takes the completion of its own message before the next one (as perftest does).
 *
 * MEMORY_POLL begins with one round of WRITE_IMM that is not recorded: it leaves a known byte in
 * both landing slots, whatever was there before, and the responder has arrived when it is through.
 *
 * WRITE and READ use slot 0; SEND, whose receives were posted in order, uses the slots in turn.
 *
 * The initiator knows by itself when it has every answer; it publishes its messages and returns.
 * The responder publishes 0 at once and serves until it has received `expected` messages.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/fault.h"
#include "rdma/loop.h"
#include "rdma/queue_pair.h"

enum mcb_latency_method {
    MCB_LATENCY_COMPLETION,
    MCB_LATENCY_PING_PONG,
    MCB_LATENCY_WRITE_IMM,
    MCB_LATENCY_MEMORY_POLL
};

struct mcb_latency {
    enum mcb_latency_method method;
    bool initiator;
    uint8_t *out_last, *in_last; /* MEMORY_POLL: last byte of slot 0 of each area */
    uint64_t *samples_ns;        /* the caller's; NULL with most = 0: nothing is recorded */
    size_t samples_most;
    size_t samples_count; /* output */
};

/* "completion", "ping-pong", "write-imm", "memory-poll". */
const char *mcb_latency_method_name(enum mcb_latency_method method);

/* What the loops of latency (here, staged.h) have in common: rounds of the initiator, each
 * `ask(run)` (0, or -1 and the fault), until there are samples enough; of each the time, in `ways`
 * parts, is a sample. Publishes *sent then. */
int mcb_latency_time(struct mcb_queue_set *set, const struct mcb_loop *loop,
                     struct mcb_latency *latency, unsigned ways,
                     int (*ask)(void *run, struct mcb_error *error), void *run,
                     const uint64_t *sent, struct mcb_error *error);

/* From loop->start_ns on, until end_ns has passed and there is a sample, or until the samples are
 * full. Faults: RDMA_*, RUN_INTERRUPTED. */
int mcb_latency_run(struct mcb_queue_set *set, const struct mcb_loop *loop,
                    struct mcb_latency *latency, struct mcb_error *error);

#endif
