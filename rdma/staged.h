/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MCB_RDMA_STAGED_H
#define MCB_RDMA_STAGED_H

/*
 * The loops that transfer through bounce buffers: copy, transfer and copy overlap.
 *
 *   sender     memory --copier--> bounce slot --write with immediate--> bounce slot of the receiver
 *   receiver   bounce slot --copier--> memory, then a credit back to the sender
 *
 * An end in host memory runs the same loop; its copies are done at once, in place.
 *
 * Message k of a queue pair, counted from 0 in each task, uses slot k % depth everywhere. The
 * sender keeps the copier busy ahead of the NIC and posts a slot once it is copied; it copies into
 * a slot again once its write is complete, and posts it again only when the receiver's credit says
 * that the slot there has been copied onward. The queue pairs take turns at the copier, a batch
 * each.
 *
 * A message's immediate is its slot. A credit is a write with immediate without data: its immediate
 * has the highest bit set, and below it the number of the task's messages that have been copied
 * onward, modulo 2^31. The receiver sends one for several messages (a quarter of the depth, or
 * those left when nothing more comes), and MCB_STAGED_CREDITS at most are under way, so that
 * credits cost little. A side takes at most depth messages that it has not credited and at most
 * depth credits for those that it has posted; it has that many receives, and posts a receive again
 * before it posts anything that would let the peer send more: no receive is ever missing.
 *
 * The queue set must have been opened with verb WRITE, receives for immediates, and
 * MCB_STAGED_CREDITS credits on both sides. A side may be sender, receiver or both. A receiving
 * side counts what has been copied into its memory; a sender counts nothing. A sender is done when
 * all that it started is credited, and then publishes the number of its messages; a receiver when
 * it has received, copied and credited `expected`.
 */

#include <stdbool.h>

#include "common/copy_queue.h"
#include "common/fault.h"
#include "rdma/bandwidth.h"
#include "rdma/latency.h"
#include "rdma/loop.h"
#include "rdma/queue_pair.h"

enum { MCB_STAGED_CREDITS = 4 };

struct mcb_staged;

/* What a side does in a task. */
struct mcb_staged_role {
    bool sends, receives;
};

/* What the tasks of a set need. The copies are over all slots of the set; NULL where nothing goes
 * that way in any task. All is borrowed, and outlives it. Fault: HOST_MEMORY. */
int mcb_staged_open(struct mcb_queue_set *set, struct mcb_copy_queue *out,
                    struct mcb_copy_queue *in, struct mcb_staged **staged, struct mcb_error *error);
void mcb_staged_close(struct mcb_staged *staged); /* NULL is fine */

/* As mcb_bandwidth_window() and mcb_bandwidth_lap(). Faults: RDMA_*, GPU_CALL, RUN_INTERRUPTED,
 * NET_PROTOCOL (credits or slots of a peer that cannot be). */
int mcb_staged_window(struct mcb_staged *staged, struct mcb_staged_role role,
                      const struct mcb_loop *loop, struct mcb_bandwidth *bandwidth,
                      struct mcb_error *error);
int mcb_staged_lap(struct mcb_staged *staged, struct mcb_staged_role role,
                   const struct mcb_loop *loop, struct mcb_error *error);

/* One message at a time, in slot 0 of the first queue pair: copy, write, copy. Where both sides
 * send and receive it goes there and back, and half of that is a sample. Where the initiator only
 * receives (a read) it asks with a credit, and a sample is the time until the message is in its
 * memory. The answer stands for the credit of what was asked. Otherwise as mcb_latency_run(), whose
 * method and last bytes do not matter here. */
int mcb_staged_latency(struct mcb_staged *staged, struct mcb_staged_role role,
                       const struct mcb_loop *loop, struct mcb_latency *latency,
                       struct mcb_error *error);

#endif
