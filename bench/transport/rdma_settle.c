/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Bytes that a NIC wrote into the memory of a GPU are complete, and yet a kernel of that GPU may
 * still see older ones. What helps is the flush of the GPU's driver, or where that does nothing a
 * read through the NIC that wrote: it cannot overtake the writes on its way.
 */
#include "bench/transport/rdma_side.h"
#include "common/clock.h"
#include "common/memory.h"

/* A read takes microseconds; a NIC that gets no answer gives up after seconds. */
#define READ_NS (5 * MCB_NS_PER_S)

static int settle_by_reading(const struct mcb_side *side, const atomic_bool *abort,
                             struct mcb_error *error)
{
    const struct mcb_endpoint *endpoint = side->endpoint;
    int64_t timeout_ns = endpoint->settings->timeout_ns;
    const struct mcb_loopback_limits limits = {timeout_ns < READ_NS ? timeout_ns : READ_NS, abort};
    if (endpoint->loopback)
        return mcb_loopback_flush(endpoint->loopback, side->registration, &limits, error);
    *error = endpoint->loopback_fault;
    return -1;
}

int mcb_rdma_side_settle(struct mcb_side *side, const atomic_bool *abort, struct mcb_error *error)
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
        if (settle_by_reading(side, abort, error) < 0)
            return -1;
        visible_by = "rdma-read";
    }
    side->visible_by = visible_by;
    return 0;
}
