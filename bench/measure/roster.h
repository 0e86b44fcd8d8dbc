/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MCB_BENCH_MEASURE_ROSTER_H
#define MCB_BENCH_MEASURE_ROSTER_H

/*
 * Who takes part: hosts and endpoints of all ranks, from the records that the ranks published.
 *
 * Records come from peers: every member is checked and copied here, and nothing else of a record is
 * used afterwards. A record:
 *   {"version", "host", "run", "transport", "settings": {...}, "kernel", "cpu", "cpus",
 * "numa_nodes", "memory_bytes", "nics": [{"name", ...facts of bench/report/result_rules.c}]}
 */

#include <jansson.h>
#include <stddef.h>
#include <stdint.h>

#include "bench/cluster/cluster.h"
#include "bench/topology/topology.h"
#include "bench/transport/transport.h"
#include "common/fault.h"

struct mcb_roster_endpoint {
    uint32_t rank;
    uint32_t position; /* among the endpoints of its rank */
    char nic[MCB_NIC_NAME_MAX];
    char memory[2][MCB_LOCATION_MAX]; /* by role; filled when the endpoints have been opened */
    json_t *facts;                    /* the entry of "nics" in the result document; owned */
};

struct mcb_roster {
    unsigned ranks;
    char (*hosts)[300];       /* name of each rank's host; "n1#0" where several ranks share one */
    unsigned *ranks_on_host;  /* ranks that run on the same host as this one, itself included */
    uint32_t *endpoints_of;   /* by rank */
    uint32_t *first_endpoint; /* by rank, in endpoints */
    struct mcb_roster_endpoint *endpoints;
    uint32_t endpoint_count;
    json_t **facts; /* by rank: the entry of "hosts", without "nics"; owned */
    char run[33];   /* rank 0's random name of this run */
};

/* This rank's record. New reference. */
json_t *mcb_roster_record(const struct mcb_topology *topology, const char *transport,
                          const json_t *settings, const struct mcb_nic *nics, size_t nic_count);

/* Checks the records of all ranks and makes the roster; mcb_roster_release() when done. Faults:
 * JOB_ROSTER (versions, transports that differ), NET_PROTOCOL. */
int mcb_roster_make(const struct mcb_cluster *cluster, struct mcb_roster *roster,
                    struct mcb_error *error);
void mcb_roster_release(struct mcb_roster *roster);

/* The "hosts" member of the result document. New reference. */
json_t *mcb_roster_to_json(const struct mcb_roster *roster);

/* {"host", "nic", "memory"} of an endpoint in a role. New reference. */
json_t *mcb_roster_endpoint_json(const struct mcb_roster *roster, uint32_t endpoint,
                                 enum mcb_role role);

/* A copy of an object that keeps members whose values are numbers, strings of up to 512 characters,
 * booleans or null, and at most 64 of them: what may be taken over from a peer into the result. New
 * reference; an empty object for anything else. */
json_t *mcb_roster_copy_scalars(const json_t *object);

#endif
