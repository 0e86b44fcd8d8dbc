/* SPDX-License-Identifier: Apache-2.0 */

/*
 * A table says which kind of node stands in which list of the document and who writes its entry.
 *
 * jansson passes a failure on: json_pack() of a NULL member is NULL, and appending NULL fails. So
 * what a maker is handed by another it need not look at.
 */
#include "bench/report/topology_document.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "bench/topology/distance.h"
#include "common/json.h"
#include "common/text.h"

/* ---- what may not be known ---- */

static json_t *numa_node_or_null(const struct mcb_tree_node *node)
{
    return node->numa_node >= 0 ? json_integer(node->numa_node) : json_null();
}

/* ---- entries ---- */

static json_t *make_parent(const struct mcb_tree *tree, const struct mcb_tree_node *node)
{
    return node->parent == 0 ? json_null() : json_string(tree->nodes[node->parent].name);
}

/* null: no PCI function of its own, or one made by a hypervisor, whose link is made up. */
static json_t *make_pcie(const struct mcb_tree_node *node)
{
    const struct mcb_pci_function *pci = &node->pci;
    if (!pci->address[0] || pci->emulated || mcb_tree_nic_is_software(node))
        return json_null();
    return json_pack("{s:o, s:o, s:o, s:o, s:o, s:o}", "gtps",
                     mcb_json_positive_or_null(pci->link.transfers_gtps), "lanes",
                     mcb_json_count_or_null(pci->link.lanes), "most_gtps",
                     mcb_json_positive_or_null(pci->link_most.transfers_gtps), "most_lanes",
                     mcb_json_count_or_null(pci->link_most.lanes), "link_gbps",
                     mcb_json_positive_or_null(node->link_gbps), "max_payload_bytes",
                     mcb_json_count_or_null(pci->max_payload_bytes));
}

static json_t *make_numa_node(const struct mcb_tree *tree, const struct mcb_tree_node *node)
{
    (void)tree;
    return json_pack("{s:s, s:o, s:o}", "name", node->name, "cpus", json_string(node->cpus),
                     "memory_bytes", mcb_json_count_or_null(node->memory_bytes));
}

static json_t *make_bridge(const struct mcb_tree *tree, const struct mcb_tree_node *node)
{
    bool host_bridge = node->kind == MCB_TREE_HOST_BRIDGE;
    return json_pack("{s:s, s:s, s:o, s:o, s:o, s:o}", "name", node->name, "kind",
                     host_bridge ? "host-bridge" : "bridge", "parent", make_parent(tree, node),
                     "pci_address", mcb_json_text_or_null(host_bridge ? NULL : node->pci.address),
                     "numa_node", numa_node_or_null(node), "pcie",
                     host_bridge ? json_null() : make_pcie(node));
}

static json_t *make_port(const struct mcb_port *port)
{
    return json_pack("{s:i, s:s, s:s, s:o, s:o}", "number", (int)port->number, "state", port->state,
                     "link_layer", port->link, "link_gbps",
                     mcb_json_positive_or_null(port->link_gbps), "mtu_bytes",
                     mcb_json_count_or_null(port->mtu_bytes));
}

/* null: of an XML file, or the device cannot be opened. */
static json_t *make_ports(const struct mcb_device_facts *device)
{
    if (!device || device->error.code != MCB_FAULT_NONE)
        return json_null();
    json_t *ports = json_array();
    for (size_t i = 0; i < device->port_count; i++)
        if (json_array_append_new(ports, make_port(&device->ports[i])) != 0) {
            json_decref(ports);
            return NULL;
        }
    return ports;
}

static json_t *make_nic(const struct mcb_tree *tree, const struct mcb_tree_node *node)
{
    const struct mcb_device_facts *device = node->device;
    bool software = mcb_tree_nic_is_software(node);
    return json_pack("{s:s, s:o, s:o, s:o, s:o, s:o, s:b, s:o, s:o, s:o}", "name", node->name,
                     "parent", make_parent(tree, node), "pci_address",
                     mcb_json_text_or_null(software ? NULL : node->pci.address), "numa_node",
                     numa_node_or_null(node), "model", mcb_json_text_or_null(node->model),
                     "firmware", mcb_json_text_or_null(device ? device->firmware : NULL),
                     "software", software, "pcie", make_pcie(node), "ports", make_ports(device),
                     "fault", device ? mcb_json_from_error(&device->error) : json_null());
}

static json_t *make_gpu(const struct mcb_tree *tree, const struct mcb_tree_node *node)
{
    return json_pack("{s:s, s:o, s:o, s:o, s:o, s:o}", "name", node->name, "parent",
                     make_parent(tree, node), "pci_address",
                     mcb_json_text_or_null(node->pci.address), "numa_node", numa_node_or_null(node),
                     "model", mcb_json_text_or_null(node->model), "pcie", make_pcie(node));
}

/* ---- lists ---- */

static bool is_numa_node(enum mcb_tree_kind kind)
{
    return kind == MCB_TREE_NUMA_NODE;
}

static bool is_bridge(enum mcb_tree_kind kind)
{
    return kind == MCB_TREE_HOST_BRIDGE || kind == MCB_TREE_BRIDGE;
}

static bool is_nic(enum mcb_tree_kind kind)
{
    return kind == MCB_TREE_NIC;
}

static bool is_gpu(enum mcb_tree_kind kind)
{
    return kind == MCB_TREE_GPU;
}

static const struct list {
    const char *name;
    bool (*takes)(enum mcb_tree_kind kind);
    json_t *(*make)(const struct mcb_tree *tree, const struct mcb_tree_node *node);
} lists[] = {
    {"numa_nodes", is_numa_node, make_numa_node},
    {"bridges", is_bridge, make_bridge},
    {"nics", is_nic, make_nic},
    {"gpus", is_gpu, make_gpu},
};

static json_t *make_list(const struct mcb_tree *tree, const struct list *list)
{
    json_t *entries = json_array();
    for (size_t i = 0; entries && i < tree->count; i++)
        if (list->takes(tree->nodes[i].kind) &&
            json_array_append_new(entries, list->make(tree, &tree->nodes[i])) != 0) {
            json_decref(entries);
            return NULL;
        }
    return entries;
}

static json_t *make_distance(const struct mcb_tree *tree, size_t a, size_t b)
{
    return json_pack("{s:s, s:s, s:s}", "a", tree->nodes[a].name, "b", tree->nodes[b].name, "class",
                     mcb_distance_name(mcb_distance_between(tree, a, b)));
}

/* Every pair once, in the order of the tree; not two NUMA nodes. */
static json_t *make_distances(const struct mcb_tree *tree)
{
    json_t *distances = json_array();
    for (size_t a = 0; a < tree->count; a++)
        for (size_t b = a + 1; mcb_tree_is_end(&tree->nodes[a]) && b < tree->count; b++) {
            bool two_numa_nodes =
                is_numa_node(tree->nodes[a].kind) && is_numa_node(tree->nodes[b].kind);
            if (mcb_tree_is_end(&tree->nodes[b]) && !two_numa_nodes &&
                json_array_append_new(distances, make_distance(tree, a, b)) != 0) {
                json_decref(distances);
                return NULL;
            }
        }
    return distances;
}

/* nics: room for the indices of all NICs. class null: the host has no NIC. */
static json_t *make_rail(const struct mcb_tree *tree, size_t gpu, size_t *nics)
{
    enum mcb_distance class = MCB_DISTANCE_SYS;
    size_t count = mcb_distance_near_nics(tree, gpu, nics, tree->count, &class);
    json_t *names = json_array();
    for (size_t i = 0; i < count; i++)
        json_array_append_new(names, json_string(tree->nodes[nics[i]].name));
    return json_pack("{s:s, s:o, s:o}", "gpu", tree->nodes[gpu].name, "class",
                     count > 0 ? json_string(mcb_distance_name(class)) : json_null(), "nics",
                     names);
}

static json_t *make_rails(const struct mcb_tree *tree)
{
    json_t *rails = json_array();
    size_t *nics = calloc(tree->count, sizeof *nics);
    bool made = rails && nics;
    mcb_tree_foreach(tree, MCB_TREE_GPU, gpu)
    {
        made = made && json_array_append_new(rails, make_rail(tree, gpu, nics)) == 0;
    }
    free(nics);
    if (made)
        return rails;
    json_decref(rails);
    return NULL;
}

static json_t *make_warnings(const struct mcb_topology_view *view)
{
    json_t *warnings = json_array();
    int outcome = 0;
    if (view->devices_error->code != MCB_FAULT_NONE)
        outcome = json_array_append_new(warnings, mcb_json_from_error(view->devices_error));
    for (size_t i = 0; outcome == 0 && i < view->findings->count; i++)
        outcome = json_array_append_new(warnings, mcb_json_from_error(&view->findings->list[i]));
    if (outcome == 0)
        return warnings;
    json_decref(warnings);
    return NULL;
}

/* The file's name as it was given; one that is not UTF-8, which JSON cannot hold, made readable. */
static json_t *make_from(const char *from)
{
    char clean[PATH_MAX];
    json_t *name = from ? json_string(from) : json_null();
    return name ? name : json_string(mcb_text_clean(from, clean, sizeof clean));
}

static json_t *make_host(const struct mcb_topology_view *view)
{
    const struct mcb_host_facts *facts = view->facts;
    return json_pack("{s:o, s:o, s:o, s:o, s:o, s:o, s:o}", "name",
                     mcb_json_text_or_null(mcb_topology_host_name(view)), "kernel",
                     mcb_json_text_or_null(mcb_topology_fact(facts->kernel)), "cpu",
                     mcb_json_text_or_null(mcb_topology_fact(facts->cpu_model)), "cpus",
                     mcb_json_count_or_null(facts->cpus), "numa_nodes",
                     mcb_json_count_or_null(facts->numa_nodes), "memory_bytes",
                     mcb_json_count_or_null(facts->memory_bytes), "from", make_from(view->from));
}

json_t *mcb_topology_document_make(const struct mcb_topology_view *view, struct mcb_error *error)
{
    char unseen[256];
    json_t *document =
        json_pack("{s:s, s:{s:s, s:s}, s:o}", "schema", "mcbench-topology/1", "tool", "name",
                  "mcbench", "version", MCB_VERSION, "host", make_host(view));
    int outcome = document ? 0 : -1;
    for (size_t i = 0; outcome == 0 && i < sizeof lists / sizeof *lists; i++)
        outcome = json_object_set_new(document, lists[i].name, make_list(view->tree, &lists[i]));
    if (outcome == 0)
        outcome = json_object_set_new(document, "distances", make_distances(view->tree));
    if (outcome == 0)
        outcome = json_object_set_new(document, "rails", make_rails(view->tree));
    if (outcome == 0)
        outcome = json_object_set_new(document, "warnings", make_warnings(view));
    if (outcome == 0)
        outcome = json_object_set_new(
            document, "unseen", mcb_json_text_or_null(mcb_findings_unseen(view->tree, unseen)));
    if (outcome == 0)
        return document;
    json_decref(document);
    mcb_error_set(error, MCB_FAULT_HOST_MEMORY, "no memory for the document");
    return NULL;
}
