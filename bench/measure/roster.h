/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MCB_BENCH_MEASURE_ROSTER_H
#define MCB_BENCH_MEASURE_ROSTER_H

/*
 * Who takes part: hosts and endpoints of all ranks, from the records that the ranks published.
 *
 * Records come from peers: every member is checked and copied here, and nothing else of a record is
 * used afterwards. A record:
 *   {"version", "command", "host", "run", "transport", "settings": {...}, "kernel", "cpu", "cpus",
 *    "numa_nodes", "memory_bytes", "nics": [...], "gpus": [...],
 *    "gpu_fault": {"id": "MCB-GPU-002", "detail", ...} | null}
 * whose NICs and GPUs are those of the result document (bench/report/result_rules.c). gpu_fault
 * says why there are no GPUs where mcbench gpu looked for them.
 *
 * A rank without GPUs takes part with its host memory, in whatever role that leaves it. One without
 * any endpoint ends the job, on every rank with the same fault: that of its GPUs.
 */

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "bench/cluster/cluster.h"
#include "bench/plan/endpoint_list.h"
#include "bench/topology/topology.h"
#include "bench/transport/transport.h"
#include "common/fault.h"

struct mcb_roster_endpoint {
    uint32_t rank;
    uint32_t position; /* among the endpoints of its rank */
    char nic[MCB_NIC_NAME_MAX];
    char memory[MCB_LOCATION_MAX]; /* filled when the endpoints have been opened; so are these: */
    char bounce[MCB_LOCATION_MAX]; /* "": none */
    json_t *opened;                /* the entry of "endpoints" in the result document; owned */
    const json_t *nic_facts;       /* the entry of "nics"; the roster's */
    const json_t *gpu_facts;       /* that of "gpus"; NULL: host memory */
};

struct mcb_roster {
    unsigned ranks;
    char (*hosts)[300];      /* name of each rank's host; "n1#0" where several ranks share one */
    unsigned *ranks_on_host; /* ranks that run on the same host as this one, itself included */
    struct mcb_endpoint_list *lists; /* by rank: its endpoints, as planned; owned */
    uint32_t *first_endpoint;        /* by rank, in endpoints */
    struct mcb_roster_endpoint *endpoints;
    uint32_t endpoint_count;
    json_t **facts;               /* by rank: the entry of "hosts", without "endpoints"; owned */
    struct mcb_error *gpu_faults; /* by rank: why it has no GPUs; code NONE: it has some, or has
                                     looked for none; owned */
    bool bounces;                 /* a route needs bounce buffers beside memory of GPUs */
    char run[33];                 /* rank 0's random name of this run */
};

/* What a rank says of itself. Borrowed. */
struct mcb_roster_self {
    const char *command; /* "cpu", "gpu" */
    const char *transport;
    const struct mcb_topology *topology;
    const json_t *settings;
    const struct mcb_nic *nics;
    size_t nic_count;
    const json_t *gpus; /* entries of "gpus" in the result document (gpu_facts.h); may be empty */
    const struct mcb_error *gpu_fault; /* why they could not be had; code NONE: there is no fault */
};

/* This rank's record. New reference. */
json_t *mcb_roster_record(const struct mcb_roster_self *self);

/* The endpoints of a rank under these settings, by its record, of which only the "nics" and "gpus"
 * are looked at; they are checked. Free with mcb_endpoint_list_release(). Faults: NET_PROTOCOL,
 * those of mcb_endpoint_list_make(). */
int mcb_roster_list_endpoints(const json_t *record, const struct mcb_settings *settings,
                              struct mcb_endpoint_list *list, struct mcb_error *error);

/* That all ranks run the same: comes before they agree on settings. Faults: JOB_ROSTER (versions,
 * commands, transports that differ), NET_PROTOCOL. */
int mcb_roster_check(const struct mcb_cluster *cluster, struct mcb_error *error);

/* Checks the records of all ranks, works out the endpoints of each under the settings that they
 * agreed on, and makes the roster; mcb_roster_release() when done. Every rank of it has an
 * endpoint. Faults: NET_PROTOCOL; of a rank that would have none, which is named: the gpu_fault of
 * its record, GPU_NO_SUCH. */
int mcb_roster_make(const struct mcb_cluster *cluster, const struct mcb_settings *settings,
                    struct mcb_roster *roster, struct mcb_error *error);
void mcb_roster_release(struct mcb_roster *roster);

/* Takes over what a rank told of its endpoints once it had opened them (an array as
 * mcb_endpoints_to_json() makes it), checked. Sentences that are to be told of them are added to
 * warnings. Faults: NET_PROTOCOL, HOST_MEMORY. */
int mcb_roster_take_opened(struct mcb_roster *roster, unsigned rank, const json_t *opened,
                           json_t *warnings, struct mcb_error *error);

/* True if GPUs of any rank are stand-ins. */
bool mcb_roster_has_stand_ins(const struct mcb_roster *roster);

/* The "hosts" member of the result document. New reference. */
json_t *mcb_roster_to_json(const struct mcb_roster *roster);

/* {"host", "nic", "memory"} of an endpoint on a route: on route HOST the memory of its bounce
 * buffer, if it has one. New reference. */
json_t *mcb_roster_endpoint_json(const struct mcb_roster *roster, uint32_t endpoint,
                                 enum mcb_route route);

/* A copy of an object that keeps members whose values are numbers, strings of up to 2,048 bytes,
 * booleans or null, and at most 64 of them: what may be taken over from a peer into the result. New
 * reference; an empty object for anything else. */
json_t *mcb_roster_copy_scalars(const json_t *object);

#endif
