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

static bool beside(const struct mcb_tree *tree, int numa_node, int other_numa_node)
{
    return tree->numa_nodes <= 1 || (numa_node >= 0 && numa_node == other_numa_node);
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
        return beside(tree, numa_node_a, numa_node_b) ? MCB_DISTANCE_NODE : MCB_DISTANCE_SYS;
    }
}

enum mcb_distance mcb_distance_between(const struct mcb_tree *tree, size_t a, size_t b)
{
    const struct mcb_tree_node *nodes = tree->nodes;
    if (nodes[a].kind != MCB_TREE_NUMA_NODE && nodes[b].kind != MCB_TREE_NUMA_NODE)
        return between_devices(tree, a, b);
    return beside(tree, nodes[a].numa_node, nodes[b].numa_node) ? MCB_DISTANCE_PHB
                                                                : MCB_DISTANCE_SYS;
}

size_t mcb_distance_near_nics(const struct mcb_tree *tree, size_t gpu, size_t *nics, size_t most,
                              enum mcb_distance *distance)
{
    enum mcb_distance least = MCB_DISTANCES;
    size_t count = 0;
    mcb_tree_foreach(tree, MCB_TREE_NIC, nic)
    {
        enum mcb_distance here = mcb_distance_between(tree, gpu, nic);
        if (here < least)
            count = 0;
        if (here <= least && count < most)
            nics[count++] = nic;
        if (here < least)
            least = here;
    }
    if (least < MCB_DISTANCES)
        *distance = least;
    return count;
}
