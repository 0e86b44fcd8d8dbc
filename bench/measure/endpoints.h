/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MCB_BENCH_MEASURE_ENDPOINTS_H
#define MCB_BENCH_MEASURE_ENDPOINTS_H

/*
 * The endpoints of this host, opened: for each of them a buffer in its memory, registered with its
 * NIC; all NICs at the same time.
 *
 * A buffer holds areas: out and in for each role that the endpoint may have, so that a path from an
 * endpoint to itself does not overwrite what it sends. An endpoint in the memory of a GPU has a
 * bounce buffer of the same layout beside its NIC where a route of the run needs one.
 */

#include <stddef.h>
#include <stdint.h>

#include "bench/plan/endpoint_list.h"
#include "bench/topology/topology.h"
#include "bench/transport/transport.h"
#include "common/fault.h"

struct mcb_gpus;

enum mcb_direction { MCB_DIRECTION_OUT, MCB_DIRECTION_IN };

struct mcb_local_endpoint {
    const struct mcb_nic *nic;
    struct mcb_plan_endpoint plan;
    struct mcb_buffer buffer; /* the endpoint's memory */
    struct mcb_buffer bounce; /* address NULL: none */
    int node;                 /* where its host memory (bounce buffer) was to lie; -1: anywhere */
    bool asked;               /* for by name: elsewhere it may not lie */
    struct mcb_endpoint *endpoint; /* the transport's */
};

struct mcb_endpoints {
    const struct mcb_transport *transport;
    const struct mcb_topology *topology;
    struct mcb_local_endpoint *list; /* in the order of the endpoint list */
    size_t count;
    size_t area_bytes; /* rounded up to 64 KiB where an endpoint is of a GPU, else to pages */
};

/* What is to be opened; all borrowed, and outlives the endpoints but for list and memory_nodes. */
struct mcb_endpoints_options {
    const struct mcb_transport *transport;
    const struct mcb_settings *settings;
    const struct mcb_topology *topology; /* NULL: nothing is pinned */
    struct mcb_gpus *gpus;               /* NULL: no endpoint is of a GPU */
    const char *address;                 /* see mcb_endpoint_options */
    const struct mcb_nic *nics;
    /* NUMA node that a priority matrix asks for, for NIC i, where the endpoint names none itself;
     * -1: the NIC's own. */
    const int *memory_nodes;
    const struct mcb_endpoint_list *list;
    size_t area_bytes;
};

/* Bytes of host memory that opening will register with NIC `nic` of the list's. */
size_t mcb_endpoints_host_bytes(const struct mcb_settings *settings,
                                const struct mcb_endpoint_list *list, uint32_t nic,
                                size_t area_bytes);

/* Bytes that opening will take of the memory of GPU `gpu` of the list's. */
size_t mcb_endpoints_gpu_bytes(const struct mcb_endpoint_list *list, uint32_t gpu,
                               size_t area_bytes);

/* Opens them all, those of each NIC one after the other by a thread beside its memory, which then
 * lies there even where a container forbids to ask for a node; the NICs in parallel. Host memory
 * that was asked for by name and lies elsewhere is fault HOST_PLACEMENT. mcb_endpoints_close() when
 * done. */
int mcb_endpoints_open(const struct mcb_endpoints_options *options, struct mcb_endpoints *endpoints,
                       struct mcb_error *error);
void mcb_endpoints_close(struct mcb_endpoints *endpoints);

/* Where the payload of a route is: the endpoint's memory; of route HOST its bounce buffer, if it
 * has one. Borrowed. */
const struct mcb_buffer *mcb_endpoints_buffer(const struct mcb_local_endpoint *local,
                                              enum mcb_route route);

/* The area of an endpoint for a role that it may have and a direction, laid out for messages of
 * size_bytes, in the route's buffer. */
struct mcb_area mcb_endpoints_area(const struct mcb_endpoints *endpoints, size_t index,
                                   enum mcb_role role, enum mcb_direction direction,
                                   enum mcb_route route, size_t size_bytes, uint32_t slots);

/* [{"memory": "cuda:0", "bounce": "cpu:0" | null, "registration": {...}, "placement": {...},
 * "warnings": [...]}] in the order of the list; the last two as placement_facts.h tells. New
 * reference. */
json_t *mcb_endpoints_to_json(const struct mcb_endpoints *endpoints);

#endif
