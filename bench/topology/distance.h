/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MCB_BENCH_TOPOLOGY_DISTANCE_H
#define MCB_BENCH_TOPOLOGY_DISTANCE_H

/*
 * How far two things of a host are apart, in the classes of `nvidia-smi topo -m`, and which NICs
 * are near a GPU.
 *
 *   PIX   at most a single PCIe bridge: on one bus, or below one switch
 *   PXB   several PCIe bridges, but not the host bridge
 *   PHB   a PCIe host bridge (the CPU)
 *   NODE  two host bridges of one NUMA node
 *   SYS   the interconnect between NUMA nodes; also whatever is not known on a host of several
 *
 * Two devices: found from the lowest node of the tree that both are below. A bridge: PIX if at
 * most two bridges (the two downstream ports of one switch) lie below it on both ways together,
 * else PXB. A host bridge: PHB. Else NODE if both are beside the same NUMA node, or the host has
 * one only; else SYS.
 *
 * A NUMA node and a device: PHB if the device is beside that node (or the host has one only), else
 * SYS.
 */

#include <stddef.h>

#include "bench/topology/tree.h"

enum mcb_distance {
    MCB_DISTANCE_PIX,
    MCB_DISTANCE_PXB,
    MCB_DISTANCE_PHB,
    MCB_DISTANCE_NODE,
    MCB_DISTANCE_SYS,
    MCB_DISTANCES
};

/* "PIX", ... */
const char *mcb_distance_name(enum mcb_distance distance);

/* Of a device and memory on a NUMA node: PHB or SYS, as above. numa_nodes: how many the host has;
 * memory_node, device_node: -1 where not known. */
enum mcb_distance mcb_distance_to_node(unsigned numa_nodes, int memory_node, int device_node);

/* Of two different NICs, GPUs or NUMA nodes, not two NUMA nodes; the order does not matter. */
enum mcb_distance mcb_distance_between(const struct mcb_tree *tree, size_t a, size_t b);

/* The NICs nearest to a GPU of those that can serve it (mcb_tree_nic_is_usable()): all of the least
 * distance, in the order of the tree, up to `most`. *distance is theirs, if there is one. Returns
 * how many. */
size_t mcb_distance_near_nics(const struct mcb_tree *tree, size_t gpu, size_t *nics, size_t most,
                              enum mcb_distance *distance);

/* The same by place alone, of those too that are down: of the hardware NICs, or of the software
 * ones where the host has no other. */
size_t mcb_distance_placed_nics(const struct mcb_tree *tree, size_t gpu, size_t *nics, size_t most,
                                enum mcb_distance *distance);

#endif
