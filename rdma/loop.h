/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MCB_RDMA_LOOP_H
#define MCB_RDMA_LOOP_H

/*
 * What the timed loops have in common: when they start and end, and how they and the coordinating
 * thread speak while they run. No lock and no system call but yielding and publishing.
 */

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "common/fault.h"
#include "rdma/queue_pair.h"

struct mcb_loop {
    int64_t start_ns, end_ns, deadline_ns; /* on mcb_clock_ns() */
    bool yield;                            /* give the CPU away when there is nothing to poll */
    const atomic_bool *abort;
    const _Atomic uint64_t *expected; /* messages that will have come in; UINT64_MAX: not known */
    _Atomic uint64_t *sent;           /* set once, when all of this side's messages are complete */
    int sent_event;                   /* eventfd that is told then; -1: none */
};

/* Counts empty polls between looks at the clock. */
struct mcb_loop_watch {
    uint32_t idle;
};

/* Sets *sent and tells the event. */
void mcb_loop_publish(const struct mcb_loop *loop, uint64_t sent);

/* Slow half of mcb_loop_idle(). */
int mcb_loop_look(const struct mcb_loop *loop, struct mcb_queue_set *set, struct mcb_error *error);
void mcb_loop_yield(void);

/* Checks the abort flag and, where now_ns is known, the deadline. The set is stopped on failure.
 * Faults: RUN_INTERRUPTED, RDMA_STUCK. */
int mcb_loop_check(const struct mcb_loop *loop, struct mcb_queue_set *set, int64_t now_ns,
                   struct mcb_error *error);

/* The error of a call that posts or polls, which says nothing but an errno. Returns -1. */
int mcb_loop_call_failed(struct mcb_queue_set *set, const char *call, int failed,
                         struct mcb_error *error);

/* Posts the receives of a queue pair again once so many are owed. */
int mcb_loop_receive(struct mcb_queue_set *set, struct mcb_queue_pair *pair, uint32_t least,
                     struct mcb_error *error);

/* To be called after each empty poll. */
static inline int mcb_loop_idle(const struct mcb_loop *loop, struct mcb_loop_watch *watch,
                                struct mcb_queue_set *set, struct mcb_error *error)
{
    uint32_t between = loop->yield ? 16 : 256;
    if (loop->yield)
        mcb_loop_yield();
    if (++watch->idle < between && !atomic_load_explicit(loop->abort, memory_order_relaxed))
        return 0;
    watch->idle = 0;
    return mcb_loop_look(loop, set, error);
}

#endif
