/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Bytes that a NIC wrote into the memory of a GPU are complete, and yet a kernel of that GPU may
 * still see older ones. What helps is the flush of the GPU's driver, or where that does nothing a
 * read through the NIC that wrote: it cannot overtake the writes on its way.
 */
#include "bench/transport/rdma_side.h"
#include "common/clock.h"
#include "common/memory.h"

/* A NIC that gets no answer gives up after 8 s. */
#define READ_NS (15 * MCB_NS_PER_S)

int mcb_rdma_side_settle(struct mcb_side *side, struct mcb_error *error)
{
    const struct mcb_endpoint *endpoint = side->endpoint;
    const struct mcb_buffer *buffer = endpoint->buffer;
    bool direct = side->cell.route == MCB_ROUTE_DIRECT;
    enum mcb_flush way = direct ? buffer->kind->flush_way(buffer) : MCB_FLUSH_NONE;
    const char *visible_by = "completion";
    if (way == MCB_FLUSH_CALL) {
        if (buffer->kind->flush(buffer, error) < 0)
            return -1;
        visible_by = "flush";
    } else if (way == MCB_FLUSH_READ) {
        if (mcb_loopback_flush(endpoint->loopback, side->registration, mcb_clock_ns() + READ_NS,
                               error) < 0)
            return -1;
        visible_by = "rdma-read";
    }
    side->visible_by = visible_by;
    return 0;
}
