/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MCB_BENCH_TRANSPORT_RDMA_STAGING_H
#define MCB_BENCH_TRANSPORT_RDMA_STAGING_H

/* A side of the RDMA transport on route STAGED: which way its bytes go, and its tasks. */

#include "bench/transport/rdma_side.h"

/* After the queue set was opened; does nothing on the other routes. Fault: HOST_MEMORY. */
int mcb_rdma_staging_open(struct mcb_side *side, struct mcb_error *error);
void mcb_rdma_staging_close(struct mcb_side *side);

int mcb_rdma_staging_run(struct mcb_side *side, const struct mcb_loop *loop, struct mcb_task *task,
                         struct mcb_error *error);

#endif
