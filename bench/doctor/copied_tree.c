/* SPDX-License-Identifier: Apache-2.0 */
#include "bench/doctor/copied_tree.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench/topology/tree_build.h"

enum { PATH_SIZE = 512, VENDOR_NVIDIA = 0x10de, CLASS_DISPLAY = 0x0300, CLASS_3D = 0x0302 };

struct draft {
    const struct mcb_system *system;
    const char *sysfs;
    struct mcb_tree_node *nodes; /* MCB_TREE_NODES_MAX of them */
    size_t count;
    unsigned numa_nodes;
    bool full;
};

/* ---- what is there ---- */

static bool is_gpu(const struct mcb_system *system, const char *address)
{
    char path[PATH_SIZE];
    uint64_t vendor = 0, class = 0;
    snprintf(path, sizeof path, "/sys/bus/pci/devices/%s/vendor", address);
    if (!mcb_system_read_number(system, path, &vendor) || vendor != VENDOR_NVIDIA)
        return false;
    snprintf(path, sizeof path, "/sys/bus/pci/devices/%s/class", address);
    if (!mcb_system_read_number(system, path, &class) ||
        (class >> 8 != CLASS_DISPLAY && class >> 8 != CLASS_3D))
        return false;
    snprintf(path, sizeof path, "/sys/bus/pci/devices/%s/physfn", address);
    return !mcb_system_exists(system, path);
}

size_t mcb_copied_tree_gpus(const struct mcb_system *system,
                            char (**addresses)[MCB_PCI_ADDRESS_MAX])
{
    char **names;
    size_t count = mcb_system_names(system, "/sys/bus/pci/devices", &names), gpus = 0;
    char(*list)[MCB_PCI_ADDRESS_MAX] = calloc(count + 1, sizeof *list);
    for (size_t i = 0; list && i < count; i++)
        if (mcb_pci_is_address(names[i]) && is_gpu(system, names[i]))
            snprintf(list[gpus++], sizeof *list, "%s", names[i]);
    mcb_system_names_free(names, count);
    *addresses = list;
    return gpus;
}

bool mcb_copied_tree_nic_address(const struct mcb_system *system, const char *nic,
                                 char address[MCB_PCI_ADDRESS_MAX])
{
    char path[PATH_SIZE];
    snprintf(path, sizeof path, "/sys/class/infiniband/%s/device", nic);
    if (mcb_system_link(system, path, address, MCB_PCI_ADDRESS_MAX) && mcb_pci_is_address(address))
        return true;
    address[0] = '\0';
    return false;
}

/* ---- the draft ---- */

static size_t find(const struct draft *draft, enum mcb_tree_kind kind, const char *name)
{
    for (size_t i = 1; i < draft->count; i++)
        if (draft->nodes[i].kind == kind && strcmp(draft->nodes[i].name, name) == 0)
            return i;
    return MCB_TREE_ROOT;
}

/* MCB_TREE_ROOT if there is no room. */
static size_t add(struct draft *draft, enum mcb_tree_kind kind, size_t parent, const char *name)
{
    if (draft->count == MCB_TREE_NODES_MAX) {
        draft->full = true;
        return MCB_TREE_ROOT;
    }
    struct mcb_tree_node *node = &draft->nodes[draft->count];
    *node = (struct mcb_tree_node){
        .kind = kind, .parent = parent, .numa_node = -1, .pci = {.numa_node = -1}};
    snprintf(node->name, sizeof node->name, "%s", name);
    return draft->count++;
}

static void add_numa_nodes(struct draft *draft)
{
    char **names, name[MCB_TREE_NAME_MAX];
    size_t count = mcb_system_names(draft->system, "/sys/devices/system/node", &names);
    for (size_t i = 0; i < count; i++) {
        int number, end = 0;
        if (sscanf(names[i], "node%4d%n", &number, &end) != 1 || names[i][end] || number < 0)
            continue;
        snprintf(name, sizeof name, "cpu:%d", number);
        size_t node = add(draft, MCB_TREE_NUMA_NODE, MCB_TREE_ROOT, name);
        if (node != MCB_TREE_ROOT)
            draft->nodes[node].numa_node = number;
        draft->numa_nodes++;
    }
    mcb_system_names_free(names, count);
}

static size_t find_numa_node(const struct draft *draft, int number)
{
    char name[MCB_TREE_NAME_MAX];
    snprintf(name, sizeof name, "cpu:%d", number);
    return number < 0 ? MCB_TREE_ROOT : find(draft, MCB_TREE_NUMA_NODE, name);
}

static void describe(const struct draft *draft, const char *address, struct mcb_tree_node *node)
{
    struct mcb_pci_function function;
    if (!mcb_pci_read(draft->sysfs, address, &function))
        snprintf(function.address, sizeof function.address, "%s", address);
    node->pci = function;
    node->numa_node = function.numa_node;
    node->link_gbps = function.emulated ? 0 : mcb_pci_link_gbps(&function.link);
}

/* The bridges above a function; returns the nearest, where the function hangs. */
static size_t add_way(struct draft *draft, const char *address)
{
    char bridges[MCB_PCI_CHAIN_MAX][MCB_PCI_ADDRESS_MAX], bus[MCB_TREE_NAME_MAX];
    struct mcb_pci_function function;
    size_t count = mcb_pci_chain(draft->sysfs, address, bridges, MCB_PCI_CHAIN_MAX);
    mcb_pci_read(draft->sysfs, address, &function);
    snprintf(bus, sizeof bus, "%s", count > 0 ? bridges[count - 1] : address);
    *strrchr(bus, ':') = '\0';
    size_t parent = find(draft, MCB_TREE_HOST_BRIDGE, bus);
    if (parent == MCB_TREE_ROOT)
        parent = add(draft, MCB_TREE_HOST_BRIDGE, find_numa_node(draft, function.numa_node), bus);
    for (size_t i = count; i-- > 0;) {
        size_t bridge = find(draft, MCB_TREE_BRIDGE, bridges[i]);
        if (bridge == MCB_TREE_ROOT && (bridge = add(draft, MCB_TREE_BRIDGE, parent, bridges[i])))
            describe(draft, bridges[i], &draft->nodes[bridge]);
        parent = bridge;
    }
    return parent;
}

static void add_end(struct draft *draft, enum mcb_tree_kind kind, const char *name,
                    const char *address)
{
    size_t node = add(draft, kind, address[0] ? add_way(draft, address) : MCB_TREE_ROOT, name);
    if (node != MCB_TREE_ROOT && address[0])
        describe(draft, address, &draft->nodes[node]);
}

static void add_devices(struct draft *draft)
{
    char **names, (*gpus)[MCB_PCI_ADDRESS_MAX];
    size_t count = mcb_system_names(draft->system, "/sys/class/infiniband", &names);
    for (size_t i = 0; i < count && i < MCB_TREE_DEVICES_MAX / 2; i++) {
        char address[MCB_PCI_ADDRESS_MAX] = "";
        mcb_copied_tree_nic_address(draft->system, names[i], address);
        add_end(draft, MCB_TREE_NIC, names[i], address);
    }
    mcb_system_names_free(names, count);
    count = mcb_copied_tree_gpus(draft->system, &gpus);
    for (size_t i = 0; i < count && i < MCB_TREE_DEVICES_MAX / 2; i++)
        add_end(draft, MCB_TREE_GPU, "cuda", gpus[i]);
    free(gpus);
}

int mcb_copied_tree_make(const struct mcb_system *system, struct mcb_tree *tree,
                         struct mcb_error *error)
{
    struct mcb_tree made = {.count = 0};
    char *sysfs = mcb_system_path(system, "/sys");
    struct draft draft = {.system = system,
                          .sysfs = sysfs,
                          .nodes = calloc(MCB_TREE_NODES_MAX, sizeof(struct mcb_tree_node))};
    int status = sysfs && draft.nodes
                     ? 0
                     : mcb_error_set(error, MCB_FAULT_HOST_MEMORY, "topology of a copied host");
    if (status == 0) {
        add(&draft, MCB_TREE_HOST, MCB_TREE_ROOT, mcb_system_name(system));
        add_numa_nodes(&draft);
        add_devices(&draft);
        if (draft.full)
            status = mcb_error_set(error, MCB_FAULT_HOST_TOPOLOGY, "more than %d nodes",
                                   MCB_TREE_NODES_MAX);
    }
    if (status == 0) {
        made.numa_nodes = draft.numa_nodes;
        status = mcb_tree_arrange(draft.nodes, draft.count, &made, error);
    }
    free(draft.nodes);
    free(sysfs);
    if (status != 0)
        mcb_tree_release(&made);
    else
        *tree = made;
    return status;
}
