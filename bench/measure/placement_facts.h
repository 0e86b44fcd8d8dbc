/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MCB_BENCH_MEASURE_PLACEMENT_FACTS_H
#define MCB_BENCH_MEASURE_PLACEMENT_FACTS_H

/*
 * Where the host memory and the threads of an endpoint are, as the result tells it ("placement" of
 * an endpoint); host memory is its own or, of one in the memory of a GPU, its bounce buffer:
 *
 *   {"page_bytes": 4096, "sampled": false, "memory_bytes": {"cpu:0": 67108864},
 *    "distance": "PHB", "thread_cpus": "0-15,32-47"}
 *
 *   memory_bytes  bytes by NUMA node, asked of the kernel after the pages were touched; null: it
 *                 does not tell
 *   sampled       the bytes follow from a sample of the pages
 *   distance      from the memory to the NIC, in the classes of bench/topology/distance.h: PHB if
 *                 the NIC is beside that node, or the host has one only; else SYS; null: the NIC's
 *                 node is not known
 *   thread_cpus   the CPUs that the NIC's threads are bound to; null: not known
 */

#include <jansson.h>

#include "bench/measure/endpoints.h"
#include "bench/topology/topology.h"
#include "common/fault.h"

/* Of an endpoint of this host; null if it has no host memory. topology may be NULL. New reference.
 */
json_t *mcb_placement_facts(const struct mcb_local_endpoint *local,
                            const struct mcb_topology *topology);

/* Sentences about memory that does not lie where it was to, which nobody had asked for by name. New
 * reference. */
json_t *mcb_placement_warnings(const struct mcb_local_endpoint *local);

/* Checked copies of what a rank told of an endpoint; placement null is taken as it is. New
 * reference; NULL and NET_PROTOCOL where it is wrong. The warnings get `who` ("n1/mlx5_0") before
 * them, and one if nothing is known. */
json_t *mcb_placement_take_facts(const json_t *entry, struct mcb_error *error);
json_t *mcb_placement_take_warnings(const json_t *entry, const char *who, struct mcb_error *error);

#endif
