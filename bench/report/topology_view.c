/* SPDX-License-Identifier: Apache-2.0 */
#include "bench/report/topology_view.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The second bridge on from one that is drawn, which its port is the first of: a switch below a
 * switch. Without it what is below looked as near as what is at the upper switch itself. */
static bool is_switch_below_switch(const struct mcb_tree *tree,
                                   const struct mcb_topology_place *places, size_t bridge)
{
    size_t port = tree->nodes[bridge].parent;
    return !places[port].drawn && tree->nodes[places[port].parent].kind == MCB_TREE_BRIDGE;
}

/* A parent stands before its children in the tree, so one pass down is enough. */
static void place_down(const struct mcb_tree *tree, const size_t *ways_down,
                       struct mcb_topology_place *places)
{
    for (size_t i = 1; i < tree->count; i++) {
        const struct mcb_tree_node *node = &tree->nodes[i];
        const struct mcb_topology_place *above = &places[node->parent];
        places[i].drawn = node->kind != MCB_TREE_BRIDGE || ways_down[i] > 1 ||
                          is_switch_below_switch(tree, places, i);
        places[i].parent = above->drawn ? node->parent : above->parent;
        places[i].level = places[places[i].parent].level + 1;
    }
}

/* What comes last below its parent is met first from the end. */
static void mark_last(const struct mcb_tree *tree, size_t *seen, struct mcb_topology_place *places)
{
    memset(seen, 0, tree->count * sizeof *seen);
    for (size_t i = tree->count; i-- > 1;)
        if (places[i].drawn)
            places[i].last = seen[places[i].parent]++ == 0;
}

int mcb_topology_places_make(const struct mcb_tree *tree, struct mcb_topology_place **places,
                             struct mcb_error *error)
{
    struct mcb_topology_place *made = calloc(tree->count, sizeof *made);
    size_t *counts = calloc(tree->count, sizeof *counts);
    if (!made || !counts) {
        free(made);
        free(counts);
        return mcb_error_set(error, MCB_FAULT_HOST_MEMORY, "no memory to draw the topology");
    }
    made[0] = (struct mcb_topology_place){.drawn = true, .last = true};
    for (size_t i = 1; i < tree->count; i++)
        counts[tree->nodes[i].parent]++;
    place_down(tree, counts, made);
    mark_last(tree, counts, made);
    free(counts);
    *places = made;
    return 0;
}

int mcb_topology_ends_make(const struct mcb_tree *tree, size_t **ends, size_t *count,
                           struct mcb_error *error)
{
    static const enum mcb_tree_kind kinds[] = {MCB_TREE_NIC, MCB_TREE_GPU, MCB_TREE_NUMA_NODE};
    size_t *made = calloc(tree->count, sizeof *made), found = 0;
    if (!made)
        return mcb_error_set(error, MCB_FAULT_HOST_MEMORY, "no memory for the distances");
    for (size_t k = 0; k < sizeof kinds / sizeof *kinds; k++)
        mcb_tree_foreach(tree, kinds[k], i) made[found++] = i;
    *ends = made;
    *count = found;
    return 0;
}

const char *mcb_topology_bridge_word(const struct mcb_tree *tree, size_t bridge)
{
    if (tree->nodes[bridge].kind == MCB_TREE_HOST_BRIDGE)
        return "host bridge";
    if (tree->nodes[bridge].pci.upstream_port)
        return "switch";
    if (tree->nodes[tree->nodes[bridge].parent].kind != MCB_TREE_BRIDGE)
        return "root port";
    mcb_tree_foreach(tree, MCB_TREE_BRIDGE, i) if (tree->nodes[i].parent == bridge) return "switch";
    return "switch port";
}

bool mcb_topology_link_is_below(const struct mcb_tree_node *node)
{
    const struct mcb_pci_link *link = &node->pci.link, *most = &node->pci.link_most;
    return !node->pci.emulated && !mcb_tree_nic_is_software(node) && link->lanes > 0 &&
           link->transfers_gtps > 0 &&
           (link->lanes < most->lanes || link->transfers_gtps < most->transfers_gtps);
}

char *mcb_topology_link_text(const struct mcb_tree_node *node, char text[MCB_TOPOLOGY_LINK_MAX])
{
    static const char family[] = "PCIe ";
    char now[24], most[24];
    text[0] = '\0';
    if (node->pci.emulated || mcb_tree_nic_is_software(node))
        return text;
    mcb_pci_link_text(&node->pci.link, now);
    mcb_pci_link_text(&node->pci.link_most, most);
    if (mcb_topology_link_is_below(node) && most[0])
        snprintf(text, MCB_TOPOLOGY_LINK_MAX, "%s of %s", now,
                 most + (strncmp(most, family, sizeof family - 1) == 0 ? sizeof family - 1 : 0));
    else if (now[0])
        snprintf(text, MCB_TOPOLOGY_LINK_MAX, "%s", now);
    else if (node->link_gbps > 0)
        snprintf(text, MCB_TOPOLOGY_LINK_MAX, "PCIe %.3g Gbit/s", node->link_gbps);
    return text;
}

char *mcb_topology_port_text(const struct mcb_port *port, char text[MCB_TOPOLOGY_LINK_MAX])
{
    if (port->link_gbps > 0)
        snprintf(text, MCB_TOPOLOGY_LINK_MAX, "%g Gbit/s %s", port->link_gbps, port->link);
    else
        snprintf(text, MCB_TOPOLOGY_LINK_MAX, "%s", port->link);
    return text;
}

const char *mcb_topology_fact(const char *fact)
{
    return fact[0] && strcmp(fact, "unknown") != 0 ? fact : NULL;
}

const char *mcb_topology_host_name(const struct mcb_topology_view *view)
{
    return mcb_topology_fact(view->from ? view->tree->nodes[0].name : view->facts->hostname);
}
