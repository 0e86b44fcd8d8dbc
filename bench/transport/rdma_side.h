/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MCB_BENCH_TRANSPORT_RDMA_SIDE_H
#define MCB_BENCH_TRANSPORT_RDMA_SIDE_H

/*
 * What the files of the RDMA transport share; nothing else includes it.
 *
 *   rdma.c               the transport's table and its endpoints
 *   rdma_registration.c  how the memory of an endpoint is registered
 *   rdma_discover.c      the host's NICs and their facts
 *   rdma_side.c          the sides of a cell
 *   rdma_staging.c       the sides of a cell whose bytes go through bounce buffers
 *   rdma_settle.c        what has arrived made visible to a GPU
 *   rdma_peer.c          what a side says of itself, and the check of what the other side said
 *
 * A side's description:
 *
 *   {"gid": "::ffff:10.77.0.1", "lid": 0, "mtu_bytes": 4096, "reads": 16, "polls_memory": false,
 *    "pairs": [{"number": QPN, "sequence": PSN}, ...],
 *    "slots": 128, "slot_bytes": 65536, "stride_bytes": 65536, "in": "0x...", "out": "0x...",
 *    "regions": [{"address": "0x...", "length": "0x...", "key": 4660}, ...]}
 *
 * with those regions that hold `in` and `out`.
 */

#include "bench/transport/staging.h"
#include "bench/transport/transport.h"
#include "common/pci.h"
#include "rdma/device.h"
#include "rdma/gid.h"
#include "rdma/latency.h"
#include "rdma/loopback.h"
#include "rdma/memory_region.h"
#include "rdma/queue_pair.h"
#include "rdma/relaxed_ordering.h"
#include "rdma/staged.h"

struct mcb_endpoint {
    const struct mcb_buffer *buffer;
    const struct mcb_buffer *bounce; /* NULL: none */
    const struct mcb_settings *settings;
    struct mcb_device *device;
    struct mcb_port port;
    struct mcb_gid gid;
    struct mcb_relaxed_ordering ordering;
    struct mcb_registration *strict, *relaxed; /* of the buffer: one for each ordering asked for */
    struct mcb_registration *bounce_strict, *bounce_relaxed;
    struct mcb_error direct_fault;   /* why sides of the direct route do not open; NONE: they do */
    struct mcb_loopback *loopback;   /* NULL: nothing needs one, or: */
    struct mcb_error loopback_fault; /* the NIC does not reach itself; NONE: it does */
    char others[1024]; /* why other ways are not used, or not proved; "": there is nothing to say */
    bool proved;       /* that the NIC reaches the buffer */

    int64_t deadline_ns; /* while it is opened, as its options say */
    const atomic_bool *abort;
};

struct mcb_side {
    const struct mcb_endpoint *endpoint;
    const struct mcb_registration *registration;
    struct mcb_cell_settings cell;
    enum mcb_role role;
    struct mcb_staging staging;
    struct mcb_area out, in; /* that the NIC reaches: on route STAGED those of the bounce buffer */
    bool yield, connected;
    enum mcb_latency_method method; /* of a latency cell; until connected, what is possible here */
    struct mcb_queue_set *set;
    struct mcb_staged *staged; /* NULL but on route STAGED */
    const char *visible_by; /* set by settle: "flush", "rdma-read" or "completion"; NULL before */
};

/* A peer's description after the check; mcb_rdma_peer_release() frees what it holds. */
struct mcb_rdma_peer {
    struct mcb_queue_peer queues;
    uint32_t *numbers, *sequences;
    uint64_t in, out;  /* its areas, of as many slots of the same size as here */
    bool polls_memory; /* the latency of its writes */
    struct mcb_region *regions;
    size_t region_count;
};

/* Registration that cells of an ordering and a route use, or NULL if there is none: that of the
 * bounce buffer, where there is one, for all routes but the direct one. */
const struct mcb_registration *mcb_rdma_registration(const struct mcb_endpoint *endpoint,
                                                     enum mcb_ordering ordering,
                                                     enum mcb_route route);

json_t *mcb_rdma_side_describe(const struct mcb_side *side);

/* Fault: NET_PROTOCOL, HOST_MEMORY. */
int mcb_rdma_peer_read(const struct mcb_side *side, const json_t *description,
                       struct mcb_rdma_peer *peer, struct mcb_error *error);
void mcb_rdma_peer_release(struct mcb_rdma_peer *peer);

int mcb_rdma_discover(const struct mcb_settings *settings, const char *address,
                      struct mcb_nic **nics, size_t *count, struct mcb_error *error);

int mcb_rdma_side_open(struct mcb_endpoint *endpoint, const struct mcb_side_options *options,
                       struct mcb_side **side, struct mcb_error *error);
int mcb_rdma_side_connect(struct mcb_side *side, const json_t *peer, int64_t deadline_ns,
                          const atomic_bool *abort, struct mcb_error *error);
int mcb_rdma_side_run(struct mcb_side *side, struct mcb_task *task, struct mcb_error *error);
int mcb_rdma_side_settle(struct mcb_side *side, const atomic_bool *abort, struct mcb_error *error);
json_t *mcb_rdma_side_facts(const struct mcb_side *side);
void mcb_rdma_side_close(struct mcb_side *side);

#endif
