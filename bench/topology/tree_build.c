/* SPDX-License-Identifier: Apache-2.0 */
/*
 * First a draft, in the order in which hwloc presents things, each below what it hangs on; then
 * the NUMA nodes that sysfs knows better; then the tree, sorted, with names (tree_arrange.c).
 *
 * The draft: hwloc keeps its I/O objects in lists of their own (bridges, PCI devices, OS devices).
 * Those whose parent is no I/O object are the tops; each is followed down. A bridge below which
 * nothing was found is taken back.
 */
#include "bench/topology/tree_build.h"

#include <hwloc.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct draft {
    struct mcb_tree_node *nodes; /* MCB_TREE_NODES_MAX of them */
    size_t count;
    size_t devices;     /* NICs, GPUs and NUMA nodes among them */
    unsigned numa_only; /* number of NUMA nodes */
    bool *placed;       /* which devices of the source have their node */
    const struct mcb_tree_source *source;
    struct mcb_error *error;
};

/* What is a GPU to compute with. Left out: display controllers that are no such thing (BMCs,
 * virtual machines), and AMD's class 0300, which its integrated graphics have too. */
static const struct {
    uint16_t vendor_id, class_id;
    const char *prefix;
} gpus[] = {
    {0x10de, 0x0302, "cuda"}, /* NVIDIA: 3D controller */
    {0x10de, 0x0300, "cuda"}, /* with a display */
    {0x1002, 0x0380, "hip"},  /* AMD Instinct up to MI200 */
    {0x1002, 0x1200, "hip"},  /* MI300: processing accelerator */
};

static const char *gpu_prefix(const struct mcb_pci_function *pci)
{
    for (size_t i = 0; i < sizeof gpus / sizeof gpus[0]; i++)
        if (pci->vendor_id == gpus[i].vendor_id && pci->class_id == gpus[i].class_id)
            return gpus[i].prefix;
    return NULL;
}

static bool is_known_gpu(const struct mcb_tree_source *source, const char *address)
{
    for (size_t i = 0; source->gpus && i < source->gpus->count; i++)
        if (strcmp(source->gpus->addresses[i], address) == 0)
            return true;
    return false;
}

/* What the function's name begins with if it is a GPU of this host; else NULL. */
static const char *gpu_name(const struct mcb_tree_source *source,
                            const struct mcb_pci_function *pci)
{
    const char *prefix = gpu_prefix(pci);
    if (!pci->address[0])
        return NULL;
    if (is_known_gpu(source, pci->address))
        return prefix ? prefix : "cuda"; /* the modules that there are name them so */
    return pci->virtual_function ? NULL : prefix;
}

/* hwloc 3 made the type of an OS device a set of types, and what is known of all of the host one of
 * the topology and no more of its root object. */
#if HWLOC_API_VERSION >= 0x00030000
static inline bool is_rdma_device(hwloc_obj_t object)
{
    return object->attr && (object->attr->osdev.types & HWLOC_OBJ_OSDEV_OPENFABRICS) != 0;
}

static inline const char *host_name_of(struct hwloc_topology *hwloc)
{
    return hwloc_get_info_by_name(hwloc_topology_get_infos(hwloc), "HostName");
}
#else
static inline bool is_rdma_device(hwloc_obj_t object)
{
    return object->attr && object->attr->osdev.type == HWLOC_OBJ_OSDEV_OPENFABRICS;
}

static inline const char *host_name_of(struct hwloc_topology *hwloc)
{
    return hwloc_obj_get_info_by_name(hwloc_get_root_obj(hwloc), "HostName");
}
#endif

/* ---- PCI ---- */

/* Empty, if it is no address that PCI has. */
static void write_address(const struct hwloc_pcidev_attr_s *from, char *address)
{
    char text[32];
    snprintf(text, sizeof text, "%04x:%02x:%02x.%x", (unsigned)from->domain, (unsigned)from->bus,
             (unsigned)from->dev, (unsigned)from->func);
    address[0] = '\0';
    if (strlen(text) < MCB_PCI_ADDRESS_MAX && mcb_pci_is_address(text))
        strcpy(address, text);
}

/* hwloc says GB/s, and in a file it may say anything. */
static double sane_gbps(double gigabytes_per_s)
{
    const double absurd_gbps = 1e4; /* ten times PCIe 6.0 x16 */
    double gbps = gigabytes_per_s * 8;
    return gbps > 0 && gbps < absurd_gbps ? gbps : 0;
}

static struct mcb_pci_function unknown_function(void)
{
    return (struct mcb_pci_function){
        .numa_node = -1,
        .relaxed_ordering = MCB_KNOWN_NOT,
        .acs_redirects = MCB_KNOWN_NOT,
        .iommu_translates = MCB_KNOWN_NOT,
    };
}

/* From sysfs, else from hwloc (NULL: it has none) what that knows. */
static void describe_function(const struct mcb_tree_source *source, const char *address,
                              const struct hwloc_pcidev_attr_s *from, struct mcb_tree_node *node)
{
    struct mcb_pci_function function;
    node->pci = unknown_function();
    snprintf(node->pci.address, sizeof node->pci.address, "%s", address);
    if (from) {
        node->pci.vendor_id = from->vendor_id;
        node->pci.device_id = from->device_id;
        node->pci.class_id = from->class_id;
        node->pci.emulated = mcb_pci_is_emulated(&node->pci);
        node->link_gbps = sane_gbps(from->linkspeed);
    }
    if (source->sysfs && mcb_pci_read(source->sysfs, address, &function)) {
        node->pci = function;
        double gbps = mcb_pci_link_gbps(&function.link);
        if (gbps > 0)
            node->link_gbps = gbps;
    }
    if (node->pci.emulated)
        node->link_gbps = 0;
}

/* hwloc has the name from the database of PCI ids, or from the vendor's library. */
static void copy_model(hwloc_obj_t pci_object, char *model)
{
    const char *text = hwloc_obj_get_info_by_name(pci_object, "PCIDevice");
    for (hwloc_obj_t child = pci_object->io_first_child; child && !text;
         child = child->next_sibling)
        text = hwloc_obj_get_info_by_name(child, "GPUModel");
    if (text && text[0])
        mcb_topology_copy_text(model, MCB_TREE_MODEL_MAX, text);
}

/* ---- the draft ---- */

/* Returns the node's index; 0 (the host's, which is never added so) after a fault. */
static size_t add(struct draft *draft, enum mcb_tree_kind kind, size_t parent)
{
    const struct mcb_tree_node node = {
        .kind = kind, .parent = parent, .numa_node = -1, .pci = unknown_function()};
    bool counted = mcb_tree_is_end(&node);
    if (draft->count == MCB_TREE_NODES_MAX || (counted && draft->devices == MCB_TREE_DEVICES_MAX)) {
        mcb_error_set(draft->error, MCB_FAULT_HOST_TOPOLOGY,
                      "more than %d NICs, GPUs and NUMA nodes, or %d with bridges",
                      MCB_TREE_DEVICES_MAX, MCB_TREE_NODES_MAX);
        return MCB_TREE_ROOT;
    }
    draft->devices += counted;
    draft->nodes[draft->count] = node;
    return draft->count++;
}

static size_t find_numa_node(const struct draft *draft, int number)
{
    for (size_t i = 1; i <= draft->numa_only; i++)
        if (draft->nodes[i].numa_node == number)
            return i;
    return MCB_TREE_ROOT;
}

static void write_cpus(hwloc_const_bitmap_t cpus, char *text, size_t size)
{
    static const char cut[] = "...";
    int needed = hwloc_bitmap_list_snprintf(text, size, cpus);
    if (needed >= 0 && (size_t)needed >= size)
        memcpy(text + size - sizeof cut, cut, sizeof cut);
}

static int add_numa_nodes(struct draft *draft)
{
    hwloc_obj_t object = NULL;
    while ((object = hwloc_get_next_obj_by_type(draft->source->hwloc, HWLOC_OBJ_NUMANODE,
                                                object)) != NULL) {
        if (object->os_index > INT_MAX)
            continue;
        size_t index = add(draft, MCB_TREE_NUMA_NODE, MCB_TREE_ROOT);
        if (index == MCB_TREE_ROOT)
            return -1;
        struct mcb_tree_node *node = &draft->nodes[index];
        node->numa_node = (int)object->os_index;
        snprintf(node->name, sizeof node->name, "cpu:%d", node->numa_node);
        if (object->attr)
            node->memory_bytes = mcb_topology_memory_bytes(object->attr->numanode.local_memory);
        if (object->cpuset)
            write_cpus(object->cpuset, node->cpus, sizeof node->cpus);
        draft->numa_only++;
    }
    return 0;
}

/* The NUMA node of what is beside these CPUs and nodes; -1: that is not one. Of several nodes it is
 * the lowest that has the same CPUs, as long as the others have the same too, or none: then they
 * are memory only (HBM, CXL, a GPU's own). Nodes with a part of the CPUs each are clusters of one
 * socket, and which of them is meant is not known. */
static int common_numa_node(struct hwloc_topology *hwloc, hwloc_const_bitmap_t cpus,
                            hwloc_const_bitmap_t nodes)
{
    int lowest = -1;
    hwloc_obj_t node = NULL;
    if (hwloc_bitmap_weight(nodes) == 1)
        return hwloc_bitmap_first(nodes);
    while ((node = hwloc_get_next_obj_by_type(hwloc, HWLOC_OBJ_NUMANODE, node)) != NULL) {
        if (node->os_index > INT_MAX || !hwloc_bitmap_isset(nodes, node->os_index) ||
            !node->cpuset || hwloc_bitmap_iszero(node->cpuset))
            continue;
        if (!hwloc_bitmap_isequal(node->cpuset, cpus))
            return -1;
        if (lowest < 0 || (int)node->os_index < lowest)
            lowest = (int)node->os_index;
    }
    return lowest;
}

/* The node below which a top I/O object belongs: a NUMA node's, or the host's. */
static size_t find_home(const struct draft *draft, hwloc_obj_t top)
{
    hwloc_obj_t ancestor = top->parent;
    while (ancestor && (!ancestor->nodeset || !ancestor->cpuset))
        ancestor = ancestor->parent;
    if (!ancestor)
        return MCB_TREE_ROOT;
    return find_numa_node(
        draft, common_numa_node(draft->source->hwloc, ancestor->cpuset, ancestor->nodeset));
}

static size_t add_nic(struct draft *draft, const char *name, size_t parent)
{
    size_t index = add(draft, MCB_TREE_NIC, parent);
    if (index != MCB_TREE_ROOT)
        mcb_topology_copy_text(draft->nodes[index].name, MCB_TREE_NAME_MAX, name);
    return index;
}

/* The RDMA devices of this host that are this PCI function, or stand on it. */
static int add_listed_nics(struct draft *draft, const struct mcb_tree_node *like, size_t parent)
{
    const struct mcb_tree_source *source = draft->source;
    for (size_t i = 0; i < source->device_count; i++) {
        if (draft->placed[i] || like->pci.address[0] == '\0' ||
            strcmp(source->devices[i].pci_address, like->pci.address) != 0)
            continue;
        size_t index = add_nic(draft, source->devices[i].name, parent);
        if (index == MCB_TREE_ROOT)
            return -1;
        struct mcb_tree_node *node = &draft->nodes[index];
        node->pci = like->pci;
        node->link_gbps = like->link_gbps;
        memcpy(node->model, like->model, sizeof node->model);
        node->device = &source->devices[i];
        draft->placed[i] = true;
    }
    return 0;
}

static int add_function(struct draft *draft, hwloc_obj_t object, size_t parent,
                        struct mcb_tree_node *like)
{
    char address[MCB_PCI_ADDRESS_MAX];
    if (!object->attr)
        return 0;
    write_address(&object->attr->pcidev, address);
    describe_function(draft->source, address, &object->attr->pcidev, like);
    copy_model(object, like->model);
    const char *prefix = gpu_name(draft->source, &like->pci);
    if (prefix) {
        size_t index = add(draft, MCB_TREE_GPU, parent);
        if (index == MCB_TREE_ROOT)
            return -1;
        struct mcb_tree_node *node = &draft->nodes[index];
        snprintf(node->name, sizeof node->name, "%s", prefix);
        memcpy(node->model, like->model, sizeof node->model);
        node->pci = like->pci;
        node->link_gbps = like->link_gbps;
    }
    return add_listed_nics(draft, like, parent);
}

/* In a file the names of the RDMA devices are hwloc's. */
static int add_named_nic(struct draft *draft, hwloc_obj_t object, size_t parent,
                         const struct mcb_tree_node *like)
{
    if (draft->source->sysfs || !is_rdma_device(object) || !object->name || !object->name[0])
        return 0;
    size_t index = add_nic(draft, object->name, parent);
    if (index == MCB_TREE_ROOT)
        return -1;
    if (like) {
        struct mcb_tree_node *node = &draft->nodes[index];
        node->pci = like->pci;
        node->link_gbps = like->link_gbps;
        memcpy(node->model, like->model, sizeof node->model);
    }
    return 0;
}

static size_t add_bridge(struct draft *draft, hwloc_obj_t object, size_t parent)
{
    if (!object->attr)
        return MCB_TREE_ROOT;
    const struct hwloc_bridge_attr_s *attributes = &object->attr->bridge;
    bool from_host = attributes->upstream_type == HWLOC_OBJ_BRIDGE_HOST;
    size_t index = add(draft, from_host ? MCB_TREE_HOST_BRIDGE : MCB_TREE_BRIDGE, parent);
    if (index == MCB_TREE_ROOT)
        return MCB_TREE_ROOT;
    struct mcb_tree_node *node = &draft->nodes[index];
    if (from_host) {
        snprintf(node->name, sizeof node->name, "%04x:%02x",
                 (unsigned)attributes->downstream.pci.domain,
                 (unsigned)attributes->downstream.pci.secondary_bus);
        return index;
    }
    char address[MCB_PCI_ADDRESS_MAX];
    write_address(&attributes->upstream.pci, address);
    describe_function(draft->source, address, &attributes->upstream.pci, node);
    copy_model(object, node->model);
    snprintf(node->name, sizeof node->name, "%s", address[0] ? address : "bridge");
    return index;
}

/* like: the PCI function that `object` belongs to, as a node; NULL: none. */
static int follow(struct draft *draft, hwloc_obj_t object, size_t parent,
                  const struct mcb_tree_node *like, unsigned depth)
{
    struct mcb_tree_node function;
    memset(&function, 0, sizeof function);
    size_t below = parent, devices = draft->devices, count = draft->count;
    int status = 0;
    if (depth > MCB_TREE_DEPTH_MAX)
        return mcb_error_set(draft->error, MCB_FAULT_HOST_TOPOLOGY,
                             "more than %d PCI bridges below each other", MCB_TREE_DEPTH_MAX);
    if (object->type == HWLOC_OBJ_BRIDGE) {
        below = add_bridge(draft, object, parent);
        status = below == MCB_TREE_ROOT ? -1 : 0;
    } else if (object->type == HWLOC_OBJ_PCI_DEVICE) {
        status = add_function(draft, object, parent, &function);
        like = &function;
    } else if (object->type == HWLOC_OBJ_OS_DEVICE) {
        status = add_named_nic(draft, object, parent, like);
    }
    for (hwloc_obj_t child = object->io_first_child; child && status == 0;
         child = child->next_sibling)
        status = follow(draft, child, below, like, depth + 1);
    if (draft->devices == devices)
        draft->count = count;
    return status;
}

static int add_devices(struct draft *draft)
{
    static const hwloc_obj_type_t types[] = {HWLOC_OBJ_BRIDGE, HWLOC_OBJ_PCI_DEVICE,
                                             HWLOC_OBJ_OS_DEVICE};
    for (size_t t = 0; t < sizeof types / sizeof types[0]; t++) {
        hwloc_obj_t object = NULL;
        while ((object = hwloc_get_next_obj_by_type(draft->source->hwloc, types[t], object)) !=
               NULL) {
            if (object->parent && hwloc_obj_type_is_io(object->parent->type))
                continue;
            if (follow(draft, object, find_home(draft, object), NULL, 0) != 0)
                return -1;
        }
    }
    return 0;
}

/* RDMA devices of this host that stand on no PCI function that hwloc knows. */
static int add_other_nics(struct draft *draft)
{
    const struct mcb_tree_source *source = draft->source;
    for (size_t i = 0; i < source->device_count; i++) {
        const struct mcb_device_facts *device = &source->devices[i];
        if (draft->placed[i])
            continue;
        size_t home = draft->numa_only == 1 ? 1 : find_numa_node(draft, device->numa_node);
        size_t index = add_nic(draft, device->name, home);
        if (index == MCB_TREE_ROOT)
            return -1;
        if (device->pci_address[0])
            describe_function(source, device->pci_address, NULL, &draft->nodes[index]);
        draft->nodes[index].device = device;
    }
    return 0;
}

/* ---- NUMA nodes ---- */

/* sysfs says it of each function; the top that a function hangs on moves to the node of the first
 * that says it. */
static void settle_numa_nodes(struct draft *draft)
{
    struct mcb_tree_node *nodes = draft->nodes;
    for (size_t i = draft->count; i-- > 1;) {
        size_t home = mcb_tree_is_place(&nodes[i]) ? MCB_TREE_ROOT
                                                   : find_numa_node(draft, nodes[i].pci.numa_node);
        size_t top = i;
        while (home != MCB_TREE_ROOT && !mcb_tree_is_place(&nodes[nodes[top].parent]))
            top = nodes[top].parent;
        if (home != MCB_TREE_ROOT)
            nodes[top].parent = home;
    }
    for (size_t i = 1; i < draft->count; i++) {
        if (mcb_tree_is_place(&nodes[i]))
            continue;
        const struct mcb_tree_node *parent = &nodes[nodes[i].parent];
        size_t own = find_numa_node(draft, nodes[i].pci.numa_node);
        nodes[i].numa_node = own != MCB_TREE_ROOT ? nodes[own].numa_node : parent->numa_node;
    }
}

/* ---- all of it ---- */

static int draft_all(struct draft *draft)
{
    const struct mcb_tree_source *source = draft->source;
    struct mcb_tree_node *host = &draft->nodes[MCB_TREE_ROOT];
    *host = (struct mcb_tree_node){.numa_node = -1, .pci = unknown_function()};
    const char *name = source->sysfs ? NULL : host_name_of(source->hwloc);
    mcb_topology_copy_text(host->name, sizeof host->name, name ? name : source->host_name);
    if (strcmp(source->host_model, "unknown") != 0)
        mcb_topology_copy_text(host->model, sizeof host->model, source->host_model);
    draft->count = 1;
    if (add_numa_nodes(draft) != 0 || add_devices(draft) != 0 || add_other_nics(draft) != 0)
        return -1;
    settle_numa_nodes(draft);
    return 0;
}

int mcb_tree_build(const struct mcb_tree_source *source, struct mcb_tree *tree,
                   struct mcb_error *error)
{
    int status = -1;
    struct draft draft = {.source = source, .error = error};
    draft.nodes = calloc(MCB_TREE_NODES_MAX, sizeof *draft.nodes);
    draft.placed = calloc(source->device_count + 1, sizeof *draft.placed);
    if (!draft.nodes || !draft.placed)
        mcb_error_set(error, MCB_FAULT_HOST_MEMORY, "topology of the host");
    else if (draft_all(&draft) == 0 && mcb_tree_arrange(draft.nodes, draft.count, tree, error) == 0)
        status = 0;
    tree->numa_nodes = draft.numa_only;
    free(draft.placed);
    free(draft.nodes);
    return status;
}
