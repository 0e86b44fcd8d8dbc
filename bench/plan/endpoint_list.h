/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MCB_BENCH_PLAN_ENDPOINT_LIST_H
#define MCB_BENCH_PLAN_ENDPOINT_LIST_H

/*
 * Which endpoints (one memory with one NIC) a host has in a run. Pure: every rank works out the
 * endpoints of all ranks from what they told of their NICs and GPUs.
 *
 *   --memory cpu     every NIC with host memory beside it
 *   --memory cpu:N   every NIC with host memory on NUMA node N
 *   --memory cuda    every GPU with the NICs nearest to it, and every NIC that is then left with
 *                    the GPU nearest to it (of several the one with fewest NICs): no GPU and no
 *                    NIC is left out
 *   --memory cuda:N  every NIC with GPU N
 *
 * Several entries add up, and an endpoint is listed once ("cpu" of a NIC beside node N is "cpu:N").
 * Those of --memory may be initiators, those of --peer-memory targets; without the latter all are
 * both. With --pairs affinity the initiators are each memory with each NIC ("cpu": of each NUMA
 * node that has a NIC), and there is a single target: the first NIC with the memory of
 * --peer-memory, which is then one.
 *
 * Order: by NIC, in the order of the host's NICs; of one NIC host memory before GPUs, by number.
 *
 * A host without GPU has no endpoints for entries of GPUs; nor has one whose GPUs end below N,
 * which the host itself must refuse beforehand.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "bench/plan/settings.h"
#include "common/fault.h"

enum { MCB_ENDPOINTS_MAX = 4096 }; /* of a host */

struct mcb_plan_endpoint {
    uint32_t nic;  /* index of the host's NICs */
    int gpu;       /* index of the host's GPUs; -1: host memory */
    int numa_node; /* of host memory: N of cpu:N; -1: beside the NIC */
    bool may[2];   /* by role: initiator, target */
};

struct mcb_endpoint_list {
    struct mcb_plan_endpoint *endpoints;
    uint32_t count;
};

/* What is known of a host. Borrowed. */
struct mcb_plan_host {
    size_t nic_count;
    const int *nic_nodes; /* NUMA node of each NIC; -1: not known */
    size_t gpu_count;
    /* distances[gpu * nic_count + nic]: smaller is nearer (enum mcb_distance); equal where nothing
     * is known */
    const uint8_t *distances;
};

/* Free with mcb_endpoint_list_release(). An empty list is no error. Faults: HOST_MEMORY; USE_VALUE
 * (more than MCB_ENDPOINTS_MAX). */
int mcb_endpoint_list_make(const struct mcb_settings *settings, const struct mcb_plan_host *host,
                           struct mcb_endpoint_list *list, struct mcb_error *error);
void mcb_endpoint_list_release(struct mcb_endpoint_list *list);

/* True if a NIC alone does not tell which endpoint of the list is meant: one is of a GPU, or
 * several have the same NIC. */
bool mcb_endpoint_list_needs_memory(const struct mcb_endpoint_list *list);

#endif
