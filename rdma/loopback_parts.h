/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MCB_RDMA_LOOPBACK_PARTS_H
#define MCB_RDMA_LOOPBACK_PARTS_H

/* What the two users of a port's transfers with itself have in common (loopback.c): sets of one
 * queue pair, each the peer of another, and one message in flight. */

#include <stdint.h>

#include "common/fault.h"
#include "rdma/loop.h"
#include "rdma/loopback.h"
#include "rdma/queue_pair.h"

/* Faults: those of mcb_queue_set_open(). */
int mcb_loopback_set_open(const struct mcb_loopback_options *options, enum mcb_verb verb,
                          uint64_t message_bytes, struct mcb_queue_set **set,
                          struct mcb_error *error);

/* One direction; the other set is connected likewise. Faults: those of mcb_queue_set_connect(). */
int mcb_loopback_set_connect(struct mcb_queue_set *set, const struct mcb_queue_set *other,
                             const struct mcb_loopback_options *options, struct mcb_error *error);

/* One message, until it is complete or the call's deadline or abort flag ends it. */
int mcb_loopback_set_transfer(struct mcb_queue_set *set, const struct mcb_slot *message,
                              const struct mcb_loop *call, struct mcb_error *error);

#endif
