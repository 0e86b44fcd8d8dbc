/* SPDX-License-Identifier: Apache-2.0 */
#include "bench/topology/tree.h"

#include <hwloc.h>
#include <stdlib.h>
#include <string.h>

#include "bench/topology/tree_build.h"

int mcb_tree_make(const struct mcb_topology *topology, const char *sysfs,
                  const struct mcb_tree_gpus *gpus, struct mcb_tree *tree,
                  struct mcb_error *devices_error, struct mcb_error *error)
{
    struct mcb_tree made = {.this_host = mcb_topology_is_this_host(topology)};
    struct mcb_host_facts facts;
    mcb_topology_host_facts(topology, &facts);
    *devices_error = (struct mcb_error){.code = MCB_FAULT_NONE};
    if (made.this_host &&
        mcb_device_list(sysfs, &made.devices, &made.device_count, devices_error) != 0) {
        made.devices = NULL;
        made.device_count = 0;
    }
    struct mcb_tree_source source = {
        .hwloc = mcb_topology_hwloc(topology),
        .host_name = facts.hostname,
        .host_model = facts.cpu_model,
        .sysfs = made.this_host ? sysfs : NULL,
        .devices = made.devices,
        .device_count = made.device_count,
        .gpus = gpus,
    };
    if (mcb_tree_build(&source, &made, error) != 0) {
        mcb_tree_release(&made);
        return -1;
    }
    *tree = made;
    return 0;
}

void mcb_tree_release(struct mcb_tree *tree)
{
    free(tree->nodes);
    mcb_device_list_free(tree->devices, tree->device_count);
    memset(tree, 0, sizeof *tree);
}

size_t mcb_tree_next(const struct mcb_tree *tree, enum mcb_tree_kind kind, size_t from)
{
    while (from < tree->count && tree->nodes[from].kind != kind)
        from++;
    return from < tree->count ? from : tree->count;
}

size_t mcb_tree_count(const struct mcb_tree *tree, enum mcb_tree_kind kind)
{
    size_t count = 0;
    mcb_tree_foreach(tree, kind, i) count++;
    return count;
}

size_t mcb_tree_find_pci(const struct mcb_tree *tree, const char *address)
{
    size_t found = tree->count;
    for (size_t i = 0; i < tree->count && address[0]; i++) {
        if (strcmp(tree->nodes[i].pci.address, address) != 0)
            continue;
        if (tree->nodes[i].kind == MCB_TREE_GPU)
            return i;
        if (found == tree->count)
            found = i;
    }
    return found;
}

bool mcb_tree_is_end(const struct mcb_tree_node *node)
{
    return node->kind == MCB_TREE_NUMA_NODE || node->kind == MCB_TREE_NIC ||
           node->kind == MCB_TREE_GPU;
}

bool mcb_tree_nic_is_software(const struct mcb_tree_node *node)
{
    if (node->kind != MCB_TREE_NIC)
        return false;
    return node->device ? node->device->software : node->pci.address[0] == '\0';
}

bool mcb_tree_nic_is_active(const struct mcb_tree_node *nic)
{
    if (!nic->device)
        return true;
    for (size_t i = 0; i < nic->device->port_count; i++)
        if (nic->device->ports[i].active)
            return true;
    return false;
}

static bool has_active_hardware(const struct mcb_tree *tree)
{
    mcb_tree_foreach(tree, MCB_TREE_NIC, i)
    {
        if (mcb_tree_nic_is_active(&tree->nodes[i]) && !mcb_tree_nic_is_software(&tree->nodes[i]))
            return true;
    }
    return false;
}

bool mcb_tree_nic_is_usable(const struct mcb_tree *tree, size_t nic)
{
    const struct mcb_tree_node *node = &tree->nodes[nic];
    return mcb_tree_nic_is_active(node) &&
           !(mcb_tree_nic_is_software(node) && has_active_hardware(tree));
}

size_t mcb_tree_usable_nics(const struct mcb_tree *tree, size_t nics[MCB_TREE_DEVICES_MAX])
{
    bool hardware = has_active_hardware(tree);
    size_t count = 0;
    mcb_tree_foreach(tree, MCB_TREE_NIC, i)
    {
        const struct mcb_tree_node *nic = &tree->nodes[i];
        if (count < MCB_TREE_DEVICES_MAX && mcb_tree_nic_is_active(nic) &&
            !(hardware && mcb_tree_nic_is_software(nic)))
            nics[count++] = i;
    }
    return count;
}
