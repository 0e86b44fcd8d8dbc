/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MCB_BENCH_DOCTOR_METADATA_H
#define MCB_BENCH_DOCTOR_METADATA_H

/*
 * Mooncake's keys in etcd: which nodes there are, where they are reached, and which of them have
 * published a segment.
 *
 * Keys (TransferMetadata): P is "mooncake/", or "mooncake/ID/" with MC_METADATA_CLUSTER_ID.
 *
 *   P rpc_meta/NAME   {"ip_or_host_name": "10.0.0.2", "rpc_port": 15428}
 *   P ram/NAME        the segment; of a name with "/" in it: P NAME
 *
 * They have no lease: what a killed node leaves stays. Anybody may have written them, so that
 * everything is checked and bounded.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "bench/cluster/etcd_client.h"
#include "common/fault.h"

enum { MCB_METADATA_NODES_MOST = 4096, MCB_METADATA_KEY_MAX = 512 };

struct mcb_metadata_node {
    char name[256];
    bool has_rpc;     /* an rpc_meta key */
    bool has_segment; /* a ram key */
    bool understood;  /* the value of the rpc_meta key: */
    char host[256];
    uint16_t port;
};

struct mcb_metadata {
    char prefix[300];
    struct mcb_metadata_node *nodes; /* in order of names */
    size_t count;
    bool cut; /* there are more */
};

/* cluster: MC_METADATA_CLUSTER_ID; NULL or "": none. *metadata is the caller's:
 * mcb_metadata_release(). Faults: those of etcd_client.h, USE_VALUE, HOST_MEMORY. */
int mcb_metadata_read(struct mcb_etcd *etcd, const char *cluster, int64_t deadline_ns,
                      struct mcb_metadata *metadata, struct mcb_error *error);

/* The same from what was read: the entries of both kinds of keys. */
int mcb_metadata_from(const char *prefix, const struct mcb_etcd_entries *rpc,
                      const struct mcb_etcd_entries *segments, struct mcb_metadata *metadata,
                      struct mcb_error *error);
void mcb_metadata_release(struct mcb_metadata *metadata); /* harmless on a zeroed struct */

/* Is there a key of the name itself, as a segment with "/" in its name has it? Asks etcd. */
int mcb_metadata_has(struct mcb_etcd *etcd, const struct mcb_metadata *metadata, const char *name,
                     int64_t deadline_ns, bool *there, struct mcb_error *error);

/* NULL: there is none. */
const struct mcb_metadata_node *mcb_metadata_find(const struct mcb_metadata *metadata,
                                                  const char *name);

/* The first node before this one that is said to be at the same host and port; NULL: none. */
const struct mcb_metadata_node *mcb_metadata_twin(const struct mcb_metadata *metadata,
                                                  const struct mcb_metadata_node *node);

/* The name that comes nearest to one that is not there; NULL if none does. */
const char *mcb_metadata_nearest(const struct mcb_metadata *metadata, const char *name);

#endif
