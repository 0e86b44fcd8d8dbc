/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MCB_BENCH_TRANSPORT_STAGING_H
#define MCB_BENCH_TRANSPORT_STAGING_H

/*
 * Where the bytes of a side lie for the network, and the copies between there and its memory. All
 * transports share it.
 *
 *   memory                              route         the network reaches      copies
 *   host                                all           the areas                none
 *   of a GPU, that the transport        direct        the areas                none
 *   reaches
 *   of a GPU                            staged        their places in the      between the two
 *                                                     bounce buffer
 *   of a GPU that the transport         direct        the same                 the same
 *   does not reach
 *   of a GPU                            host          the areas, which lie in  none
 *                                                     the bounce buffer
 */

#include <stdbool.h>

#include "bench/transport/transport.h"
#include "common/copy_queue.h"

struct mcb_staging {
    struct mcb_area out, in;                       /* that the network reaches */
    struct mcb_copy_queue *out_copies, *in_copies; /* NULL: nothing is copied */
};

/* Checks the areas of the options: qps * depth slots of the message size each, inside the buffer
 * that they belong to. bounce: NULL if there is none. Close with mcb_staging_close(). Faults:
 * USE_VALUE; HOST_MEMORY, GPU_CALL of copiers. */
int mcb_staging_open(const struct mcb_buffer *buffer, const struct mcb_buffer *bounce,
                     const struct mcb_side_options *options, bool reaches_gpus,
                     struct mcb_staging *staging, struct mcb_error *error);
void mcb_staging_close(struct mcb_staging *staging); /* harmless when called twice */

/* Whether the payload of a cell goes through a bounce buffer between a buffer and the network. */
bool mcb_staging_is_needed(const struct mcb_buffer *buffer, enum mcb_route route,
                           bool reaches_gpus);

#endif
