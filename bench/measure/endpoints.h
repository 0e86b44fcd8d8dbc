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

#include "bench/topology/topology.h"
#include "bench/transport/transport.h"
#include "common/fault.h"

enum mcb_direction { MCB_DIRECTION_OUT, MCB_DIRECTION_IN };

struct mcb_local_endpoint {
    const struct mcb_nic *nic;
    struct mcb_buffer buffers[2];      /* by role; [TARGET] is empty where both roles share one */
    struct mcb_endpoint *endpoints[2]; /* by role; the same pointer where they share one */
    int nodes[2];                      /* by role: where its memory was to lie; -1: anywhere */
};

struct mcb_endpoints {
    const struct mcb_transport *transport;
    const struct mcb_topology *topology;
    struct mcb_local_endpoint *list; /* one per NIC */
    size_t count;
    size_t area_bytes; /* rounded up to pages */
};

/* What is to be opened; all borrowed, and outlives the endpoints but for memory_nodes. */
struct mcb_endpoints_options {
    const struct mcb_transport *transport;
    const struct mcb_settings *settings;
    const struct mcb_topology *topology; /* NULL: nothing is pinned */
    const char *address;                 /* see mcb_endpoint_options */
    const struct mcb_nic *nics;
    /* NUMA node that a priority matrix asks for, for NIC i; -1: the one of the settings, else the
     * NIC's own. */
    const int *memory_nodes;
    size_t count;
    size_t area_bytes;
};

/* Bytes that opening will register with each NIC. */
size_t mcb_endpoints_bytes(const struct mcb_settings *settings, size_t area_bytes);

/* Opens them all in parallel, each by a thread beside its memory, which then lies there even where
 * a container forbids to ask for a node. Memory that was asked for by name and lies elsewhere is
 * fault HOST_PLACEMENT. mcb_endpoints_close() when done. */
int mcb_endpoints_open(const struct mcb_endpoints_options *options, struct mcb_endpoints *endpoints,
                       struct mcb_error *error);
void mcb_endpoints_close(struct mcb_endpoints *endpoints);

/* The area of an endpoint for a role and a direction, laid out for messages of size_bytes. */
struct mcb_area mcb_endpoints_area(const struct mcb_endpoints *endpoints, size_t index,
                                   enum mcb_role role, enum mcb_direction direction,
                                   size_t size_bytes, uint32_t slots);

/* [{"memory", "peer_memory", "registration": {...}, "placement": {...}, "warnings": [...]}] in the
 * order of the NICs; the last two as placement_facts.h tells. New reference. */
json_t *mcb_endpoints_to_json(const struct mcb_endpoints *endpoints);

#endif
