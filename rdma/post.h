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

mcb_post_function *mcb_post_select(enum mcb_verb verb, bool by_builder, bool inlined);

#endif
