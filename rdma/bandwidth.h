/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MCB_RDMA_BANDWIDTH_H
#define MCB_RDMA_BANDWIDTH_H

/*
 * The loop that keeps every queue pair full.
 *
 * Each side of a cell runs it. A side that initiates posts and counts its own messages; a side that
 * receives (SEND) gives its receives back and counts what comes in; in both directions one loop
 * does both. A side that does neither returns at once.
 *
 * The rate of a window: completions come in batches, the clock is read once a batch, and the rule
 * of common/window.h says which of them count over which time. A batch is what waited for the poll:
 * few completions, or after a stall of the thread many, at most the messages in flight. The queues
 * are filled between polls, and messages are started until the window closes, which happens by the
 * clock where no batch comes. Slots that were not used by then are used after it.
 */

#include <stdint.h>

#include "common/fault.h"
#include "rdma/loop.h"
#include "rdma/queue_pair.h"

struct mcb_bandwidth {
    uint64_t messages, bytes; /* completed in the window; both may be 0 */
    int64_t length_ns;        /* 0 only on a side that does not initiate, as it does not count */
};

/* Runs a window. Faults: RDMA_*, RUN_INTERRUPTED. */
int mcb_bandwidth_window(struct mcb_queue_set *set, const struct mcb_loop *loop,
                         struct mcb_bandwidth *bandwidth, struct mcb_error *error);

/* Transfers every slot once, at full depth. */
int mcb_bandwidth_lap(struct mcb_queue_set *set, const struct mcb_loop *loop,
                      struct mcb_error *error);

#endif
