/* SPDX-License-Identifier: Apache-2.0 */
#include "bench/topology/distance.h"

static const char *const names[MCB_DISTANCES] = {
    [MCB_DISTANCE_PIX] = "PIX",   [MCB_DISTANCE_PXB] = "PXB", [MCB_DISTANCE_PHB] = "PHB",
    [MCB_DISTANCE_NODE] = "NODE", [MCB_DISTANCE_SYS] = "SYS",
};

/* The two downstream ports of one switch. */
enum { BRIDGES_OF_ONE_SWITCH = 2 };

const char *mcb_distance_name(enum mcb_distance distance)
{
    return names[distance];
}

static bool beside(unsigned numa_nodes, int numa_node, int other_numa_node)
{
    return numa_nodes <= 1 || (numa_node >= 0 && numa_node == other_numa_node);
}

enum mcb_distance mcb_distance_to_node(unsigned numa_nodes, int memory_node, int device_node)
{
    return beside(numa_nodes, memory_node, device_node) ? MCB_DISTANCE_PHB : MCB_DISTANCE_SYS;
}

/* A parent stands before its children: of two different nodes the later one is not above the
 * other, so that its parent can take its place. */
static enum mcb_distance between_devices(const struct mcb_tree *tree, size_t a, size_t b)
{
    int numa_node_a = tree->nodes[a].numa_node, numa_node_b = tree->nodes[b].numa_node;
    unsigned bridges = 0;
    while (a != b) {
        size_t *later = a > b ? &a : &b;
        bridges += tree->nodes[*later].kind == MCB_TREE_BRIDGE;
        *later = tree->nodes[*later].parent;
    }
    switch (tree->nodes[a].kind) {
    case MCB_TREE_BRIDGE:
        return bridges <= BRIDGES_OF_ONE_SWITCH ? MCB_DISTANCE_PIX : MCB_DISTANCE_PXB;
    case MCB_TREE_HOST_BRIDGE:
        return MCB_DISTANCE_PHB;
    default:
        return beside(tree->numa_nodes, numa_node_a, numa_node_b) ? MCB_DISTANCE_NODE
                                                                  : MCB_DISTANCE_SYS;
    }
}

enum mcb_distance mcb_distance_between(const struct mcb_tree *tree, size_t a, size_t b)
{
    const struct mcb_tree_node *nodes = tree->nodes;
    if (nodes[a].kind != MCB_TREE_NUMA_NODE && nodes[b].kind != MCB_TREE_NUMA_NODE)
        return between_devices(tree, a, b);
    return mcb_distance_to_node(tree->numa_nodes, nodes[a].numa_node, nodes[b].numa_node);
}

static size_t nearest(const struct mcb_tree *tree, size_t gpu, const size_t *from,
                      size_t from_count, size_t *nics, size_t most, enum mcb_distance *distance)
{
    enum mcb_distance least = MCB_DISTANCES;
    size_t count = 0;
    for (size_t i = 0; i < from_count; i++) {
        enum mcb_distance here = mcb_distance_between(tree, gpu, from[i]);
        if (here < least)
            count = 0;
        if (here <= least && count < most)
            nics[count++] = from[i];
        if (here < least)
            least = here;
    }
    if (least < MCB_DISTANCES)
        *distance = least;
    return count;
}

size_t mcb_distance_near_nics(const struct mcb_tree *tree, size_t gpu, size_t *nics, size_t most,
                              enum mcb_distance *distance)
{
    size_t usable[MCB_TREE_DEVICES_MAX];
    return nearest(tree, gpu, usable, mcb_tree_usable_nics(tree, usable), nics, most, distance);
}

static size_t collect_nics(const struct mcb_tree *tree, bool software, size_t *nics)
{
    size_t count = 0;
    mcb_tree_foreach(tree, MCB_TREE_NIC, i)
    {
        if (mcb_tree_nic_is_software(&tree->nodes[i]) == software && count < MCB_TREE_DEVICES_MAX)
            nics[count++] = i;
    }
    return count;
}

size_t mcb_distance_placed_nics(const struct mcb_tree *tree, size_t gpu, size_t *nics, size_t most,
                                enum mcb_distance *distance)
{
    size_t all[MCB_TREE_DEVICES_MAX], count = collect_nics(tree, false, all);
    if (count == 0)
        count = collect_nics(tree, true, all);
    return nearest(tree, gpu, all, count, nics, most, distance);
}
