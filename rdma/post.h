/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MCB_RDMA_POST_H
#define MCB_RDMA_POST_H

/*
 * Posting a batch of messages, specialised for each way to do it.
 *
 * {write, read, send, write with immediate} x {ibv_wr_*, ibv_post_send} x {inline, by reference}
 * come from one body that is expanded with constants, so that the loop over a batch holds no
 * decision that was made when the queue pair was created.
 */

#include "rdma/queue_pair.h"

/* Immediates: a message's is its slot, a credit's this bit and a number of messages (staged.h). */
#define MCB_IMMEDIATE_CREDIT (UINT32_C(1) << 31)

mcb_post_function *mcb_post_select(enum mcb_verb verb, bool by_builder, bool inlined);

/* Posts a write with immediate without data: a credit of so many messages, below 2^31. It is
 * signalled, and its work request stands for no message. 0 or an errno. */
int mcb_post_credit(struct mcb_queue_pair *pair, uint32_t messages);

#endif
