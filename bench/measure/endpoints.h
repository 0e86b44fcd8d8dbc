/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MCB_BENCH_MEASURE_ENDPOINTS_H
#define MCB_BENCH_MEASURE_ENDPOINTS_H

/*
 * The endpoints of this host: a buffer for every NIC, registered with it, all NICs at the same
 * time.
 *
 * A buffer holds four areas: out and in, once for the endpoint as initiator and once as target, so
 * that a path from a NIC to itself does not overwrite what it sends. Where the target's memory lies
 * elsewhere than the initiator's
 * (--peer-memory), a NIC has a buffer and an endpoint for each role.
 */

#include <stddef.h>
#include <stdint.h>

#include "bench/transport/transport.h"
#include "common/fault.h"

enum mcb_direction { MCB_DIRECTION_OUT, MCB_DIRECTION_IN };

struct mcb_local_endpoint {
    const struct mcb_nic *nic;
    struct mcb_buffer buffers[2];      /* by role; [TARGET] is empty where both roles share one */
    struct mcb_endpoint *endpoints[2]; /* by role; the same pointer where they share one */
};

struct mcb_endpoints {
    const struct mcb_transport *transport;
    struct mcb_local_endpoint *list; /* one per NIC */
    size_t count;
    size_t area_bytes; /* rounded up to pages */
};

/* Bytes that opening will register with each NIC. */
size_t mcb_endpoints_bytes(const struct mcb_settings *settings, size_t area_bytes);

/* Opens them all in parallel. nics and settings must outlive them. memory_nodes[i]: NUMA node for
 * NIC i, or -1 for the one of the settings, else the NIC's own. mcb_endpoints_close() when done. */
int mcb_endpoints_open(const struct mcb_transport *transport, const struct mcb_settings *settings,
                       const char *address, const struct mcb_nic *nics, const int *memory_nodes,
                       size_t count, size_t area_bytes, struct mcb_endpoints *endpoints,
                       struct mcb_error *error);
void mcb_endpoints_close(struct mcb_endpoints *endpoints);

/* The area of an endpoint for a role and a direction, laid out for messages of size_bytes. */
struct mcb_area mcb_endpoints_area(const struct mcb_endpoints *endpoints, size_t index,
                                   enum mcb_role role, enum mcb_direction direction,
                                   size_t size_bytes, uint32_t slots);

/* [{"memory", "peer_memory", "registration": {...}}] in the order of the NICs. New reference. */
json_t *mcb_endpoints_to_json(const struct mcb_endpoints *endpoints);

#endif
