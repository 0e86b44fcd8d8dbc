/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MCB_RDMA_STAGED_PARTS_H
#define MCB_RDMA_STAGED_PARTS_H

/* What staged.c (window, lap) and staged_latency.c share; nothing else includes it. */

#include <stdint.h>

#include "rdma/staged.h"

/* Messages of a queue pair in the task under way. */
struct mcb_staged_lane {
    uint64_t most;     /* to be started */
    uint64_t copying;  /* given to the copier */
    uint64_t copied;   /* in the bounce buffer */
    uint64_t posted;   /* given to the NIC */
    uint64_t complete; /* written: the slot here is free */
    uint64_t credited; /* by the peer: the slot there is free */

    uint64_t arrived, landing, landed; /* from the peer; given to the copier; in memory */
    uint64_t told;                     /* credited to the peer */
    uint32_t credits;                  /* under way to it */
};

struct mcb_staged {
    struct mcb_queue_set *set;
    struct mcb_copy_queue *out, *in; /* may be NULL */
    struct mcb_staged_lane lanes[];  /* of each queue pair */
};

/* The immediate of a completed receive; false if it has none. */
bool mcb_staged_immediate(const struct ibv_wc *done, uint32_t *immediate);

/* Stops the set on what a peer must not send now, and makes the error. Returns -1. */
int mcb_staged_refuse(struct mcb_queue_set *set, const struct mcb_queue_pair *pair,
                      const char *what, uint32_t number, struct mcb_error *error);

/* Stops the set on a copier that failed, whose error is made. Returns -1. */
int mcb_staged_stop(struct mcb_queue_set *set);

#endif
