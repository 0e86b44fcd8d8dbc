/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Devices that share a finding share one line of it: a host with 64 virtual functions behind one
 * translating IOMMU has one fault, not 64.
 *
 * A row of the table says besides what it could not see, and of which device.
 */
#include "bench/topology/findings.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench/topology/findings_search.h"

enum { CONFIG_OF_EVERYBODY_BYTES = 64 };

/* A check: all nodes that are `wanted` share one finding, or `run` makes what it finds. Without
 * either, something that is shown only. */
struct check {
    int (*run)(struct mcb_findings_search *search);
    bool (*wanted)(const struct mcb_findings_search *search, size_t node);
    enum mcb_fault_code fault;
    const char *sentence; /* after the names and a colon */
    /* A node of which it would have to be known, and is not; NULL: this is always known. */
    bool (*hidden)(const struct mcb_tree *tree, size_t node);
    const char *subject; /* what is hidden then */
    bool in_config;      /* in the PCI configuration space, of which root sees more */
};

int mcb_findings_add(struct mcb_findings_search *search, enum mcb_fault_code fault,
                     const char *format, ...)
{
    struct mcb_findings *findings = search->findings;
    struct mcb_error *list =
        realloc(findings->list, (findings->count + 1) * sizeof(*findings->list));
    if (!list)
        return -1;
    findings->list = list;
    char detail[MCB_ERROR_DETAIL_MAX];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(detail, sizeof(detail), format, arguments);
    va_end(arguments);
    mcb_error_write(&list[findings->count++], fault, "%s", detail);
    return 0;
}

char *mcb_findings_names(const struct mcb_tree *tree, const size_t *nodes, size_t count,
                         char text[MCB_FINDINGS_NAMES_MAX])
{
    size_t length = 0;
    text[0] = '\0';
    for (size_t i = 0; i < count; i++) {
        const char *name = tree->nodes[nodes[i]].name;
        const char *between = i == 0 ? "" : i + 1 == count ? " and " : ", ";
        if (length + strlen(between) + strlen(name) + sizeof " and 8192 more" >
            MCB_FINDINGS_NAMES_MAX) {
            snprintf(text + length, MCB_FINDINGS_NAMES_MAX - length, " and %zu more", count - i);
            break;
        }
        length +=
            (size_t)snprintf(text + length, MCB_FINDINGS_NAMES_MAX - length, "%s%s", between, name);
    }
    return text;
}

static const struct mcb_tree_node *node_at(const struct mcb_findings_search *search, size_t node)
{
    return &search->tree->nodes[node];
}

bool mcb_findings_is_pci_device(const struct mcb_tree_node *node)
{
    return (node->kind == MCB_TREE_NIC || node->kind == MCB_TREE_GPU) && node->pci.address[0] &&
           !mcb_tree_nic_is_software(node);
}

/* ---- near NICs ---- */

static bool is_gpu_without_nic(const struct mcb_findings_search *search, size_t node)
{
    return search->near_of[node] && search->near_of[node]->placed.count == 0;
}

static bool is_nearest_nic_at(const struct mcb_findings_search *search, size_t node,
                              enum mcb_distance distance)
{
    return search->near_of[node] && search->near_of[node]->placed.count > 0 &&
           search->near_of[node]->placed.distance == distance;
}

static bool is_nearest_nic_node_away(const struct mcb_findings_search *search, size_t node)
{
    return is_nearest_nic_at(search, node, MCB_DISTANCE_NODE);
}

static bool is_nearest_nic_sys_away(const struct mcb_findings_search *search, size_t node)
{
    return is_nearest_nic_at(search, node, MCB_DISTANCE_SYS);
}

static bool is_port_hidden(const struct mcb_tree *tree, size_t node)
{
    return tree->nodes[node].kind == MCB_TREE_NIC && !tree->this_host && !tree->nodes[node].device;
}

/* ---- ACS, IOMMU ---- */

/* A GPU and a NIC meet at this bridge: they are below it on different ways. */
static bool do_meet_at(const struct mcb_findings_search *search, size_t bridge)
{
    for (size_t i = bridge + 1; i < search->tree->count; i++)
        if (node_at(search, i)->parent == bridge && search->gpus[i] > 0 &&
            search->nics[bridge] > search->nics[i])
            return true;
    return false;
}

/* A bridge on the way between a GPU and a NIC that does not lead through the host bridge. */
static bool redirects_peers(const struct mcb_findings_search *search, size_t bridge)
{
    const struct mcb_tree_node *node = node_at(search, bridge);
    if (node->kind != MCB_TREE_BRIDGE || node->pci.acs_redirects != MCB_KNOWN_YES)
        return false;
    size_t top = bridge;
    while (node_at(search, node_at(search, top)->parent)->kind == MCB_TREE_BRIDGE)
        top = node_at(search, top)->parent;
    return (search->gpus[bridge] > 0 && search->nics[top] > search->nics[bridge]) ||
           (search->nics[bridge] > 0 && search->gpus[top] > search->gpus[bridge]) ||
           do_meet_at(search, bridge);
}

static bool is_translated(const struct mcb_findings_search *search, size_t node)
{
    return mcb_findings_is_pci_device(node_at(search, node)) &&
           node_at(search, node)->pci.iommu_translates == MCB_KNOWN_YES;
}

static bool is_acs_hidden(const struct mcb_tree *tree, size_t node)
{
    return tree->nodes[node].kind == MCB_TREE_BRIDGE &&
           tree->nodes[node].pci.acs_redirects == MCB_KNOWN_NOT;
}

static bool is_iommu_hidden(const struct mcb_tree *tree, size_t node)
{
    return mcb_findings_is_pci_device(&tree->nodes[node]) &&
           tree->nodes[node].pci.iommu_translates == MCB_KNOWN_NOT;
}

/* ---- Device Control ---- */

/* In a guest a virtual function looks like a physical one but for its name, and the bit is reserved
 * there. On this host it has the bit of its physical one. */
static bool is_guests_virtual_function(const struct mcb_tree_node *node)
{
    return !node->pci.virtual_function && strstr(node->model, "Virtual Function");
}

static bool is_hardware_nic(const struct mcb_tree_node *node)
{
    return node->kind == MCB_TREE_NIC && mcb_findings_is_pci_device(node);
}

static bool is_ordered_strictly(const struct mcb_findings_search *search, size_t index)
{
    const struct mcb_tree_node *node = node_at(search, index);
    return is_hardware_nic(node) && node->pci.relaxed_ordering == MCB_KNOWN_NO &&
           !is_guests_virtual_function(node);
}

static bool is_ordering_hidden(const struct mcb_tree *tree, size_t index)
{
    const struct mcb_tree_node *node = &tree->nodes[index];
    return is_hardware_nic(node) &&
           (node->pci.relaxed_ordering == MCB_KNOWN_NOT || is_guests_virtual_function(node));
}

static bool is_payload_hidden(const struct mcb_tree *tree, size_t index)
{
    const struct mcb_tree_node *node = &tree->nodes[index];
    return mcb_findings_is_pci_device(node) && node->pci.max_payload_bytes == 0;
}

/* ---- NUMA nodes ---- */

static bool is_without_numa_node(const struct mcb_findings_search *search, size_t index)
{
    const struct mcb_tree_node *node = node_at(search, index);
    return search->tree->numa_nodes > 1 &&
           (node->kind == MCB_TREE_NIC || node->kind == MCB_TREE_GPU) && node->pci.address[0] &&
           node->numa_node < 0;
}

static const struct check checks[] = {
    {.run = mcb_findings_check_links,
     .hidden = mcb_findings_link_is_hidden,
     .subject = "what links could do"},
    {.run = mcb_findings_check_nics_down,
     .hidden = is_port_hidden,
     .subject = "which ports are active"},
    {.wanted = is_gpu_without_nic,
     .fault = MCB_FAULT_PCI_NO_NEAR_NIC,
     .sentence = "the host has no NIC"},
    {.wanted = is_nearest_nic_node_away,
     .fault = MCB_FAULT_PCI_NO_NEAR_NIC,
     .sentence = "the nearest NIC is NODE away, at another host bridge of the NUMA node"},
    {.wanted = is_nearest_nic_sys_away,
     .fault = MCB_FAULT_PCI_NO_NEAR_NIC,
     .sentence = "the nearest NIC is SYS away, beside another NUMA node or nobody knows which"},
    {.run = mcb_findings_check_shared_nics},
    {.wanted = redirects_peers,
     .fault = MCB_FAULT_PCI_ACS,
     .sentence = "ACS sends traffic between the GPUs and NICs below up to the host bridge and back",
     .hidden = is_acs_hidden,
     .subject = "ACS",
     .in_config = true},
    {.wanted = is_translated,
     .fault = MCB_FAULT_PCI_IOMMU,
     .sentence = "an IOMMU translates the addresses of DMA",
     .hidden = is_iommu_hidden,
     .subject = "IOMMU"},
    {.wanted = is_ordered_strictly,
     .fault = MCB_FAULT_PCI_RELAXED_ORDERING,
     .sentence = "relaxed ordering is disabled in PCI Device Control",
     .hidden = is_ordering_hidden,
     .subject = "relaxed ordering",
     .in_config = true},
    {.hidden = is_payload_hidden, .subject = "MaxPayload", .in_config = true},
    {.wanted = is_without_numa_node,
     .fault = MCB_FAULT_PCI_NUMA_NODE,
     .sentence = "beside which NUMA node is not known, and the host has several"},
};

enum { CHECKS = sizeof(checks) / sizeof(checks[0]) };

static int run_check(struct mcb_findings_search *search, const struct check *check)
{
    if (check->run)
        return check->run(search);
    char names[MCB_FINDINGS_NAMES_MAX];
    search->picked_count = 0;
    for (size_t i = 0; check->wanted && i < search->tree->count; i++)
        if (check->wanted(search, i))
            search->picked[search->picked_count++] = i;
    if (search->picked_count == 0)
        return 0;
    mcb_findings_names(search->tree, search->picked, search->picked_count, names);
    return mcb_findings_add(search, check->fault, "%s: %s", names, check->sentence);
}

/* Nodes are in depth-first order: from the last one on every subtree is complete when it is added
 * to its parent's. */
static void count_below(struct mcb_findings_search *search)
{
    for (size_t i = search->tree->count; i-- > 1;) {
        const struct mcb_tree_node *node = node_at(search, i);
        search->gpus[i] += node->kind == MCB_TREE_GPU;
        search->nics[i] += is_hardware_nic(node);
        search->gpus[node->parent] += search->gpus[i];
        search->nics[node->parent] += search->nics[i];
    }
}

static int run_checks(struct mcb_findings_search *search)
{
    size_t count = search->tree->count;
    search->picked = calloc(count + 1, sizeof(*search->picked));
    search->gpus = calloc(count + 1, sizeof(*search->gpus));
    search->nics = calloc(count + 1, sizeof(*search->nics));
    search->near = calloc(mcb_tree_count(search->tree, MCB_TREE_GPU) + 1, sizeof(*search->near));
    search->near_of = calloc(count + 1, sizeof(*search->near_of));
    if (!search->picked || !search->gpus || !search->nics || !search->near || !search->near_of)
        return -1;
    count_below(search);
    mcb_findings_find_near(search);
    int failed = 0;
    for (size_t i = 0; !failed && i < CHECKS; i++)
        failed = run_check(search, &checks[i]);
    return failed;
}

int mcb_findings_make(const struct mcb_tree *tree, struct mcb_findings *findings,
                      struct mcb_error *error)
{
    struct mcb_findings made = {0};
    struct mcb_findings_search search = {.tree = tree, .findings = &made};
    int failed = run_checks(&search);
    free(search.near_of);
    free(search.near);
    free(search.nics);
    free(search.gpus);
    free(search.picked);
    if (failed) {
        mcb_findings_release(&made);
        return mcb_error_set(error, MCB_FAULT_HOST_MEMORY, "no memory to check %zu devices",
                             tree->count);
    }
    *findings = made;
    return 0;
}

void mcb_findings_release(struct mcb_findings *findings)
{
    free(findings->list);
    *findings = (struct mcb_findings){0};
}

/* ---- what could not be seen ---- */

enum reason { REASON_NONE, REASON_FILE, REASON_ROOT, REASON_HOST, REASONS };

static const char *const reasons[REASONS] = {
    [REASON_FILE] = "an XML file does not hold them, mcbench topo on the host itself shows them",
    [REASON_ROOT] = "the PCI configuration can be read by root only",
    [REASON_HOST] = "this kernel or hypervisor does not show them",
};

/* Why the check could not see all. */
static enum reason find_reason(const struct check *check, const struct mcb_tree *tree)
{
    enum reason reason = REASON_NONE;
    for (size_t i = 0; check->hidden && i < tree->count; i++) {
        if (!check->hidden(tree, i))
            continue;
        if (!tree->this_host)
            return REASON_FILE;
        if (check->in_config && tree->nodes[i].pci.config_bytes <= CONFIG_OF_EVERYBODY_BYTES)
            return REASON_ROOT;
        reason = REASON_HOST;
    }
    return reason;
}

static void append(char text[256], const char *before, const char *what)
{
    size_t length = strlen(text);
    snprintf(text + length, 256 - length, "%s%s", before, what);
}

/* "ACS, relaxed ordering and MaxPayload: REASON", after what stands there. */
static void write_reason(const enum reason found[CHECKS], enum reason reason, char text[256])
{
    const char *before = text[0] ? "; " : "";
    size_t left = 0;
    for (size_t i = 0; i < CHECKS; i++)
        left += checks[i].subject && found[i] == reason;
    if (left == 0)
        return;
    for (size_t i = 0; i < CHECKS; i++) {
        if (!checks[i].subject || found[i] != reason)
            continue;
        append(text, before, checks[i].subject);
        before = --left == 1 ? " and " : ", ";
    }
    append(text, ": ", reasons[reason]);
}

char *mcb_findings_unseen(const struct mcb_tree *tree, char text[256])
{
    enum reason found[CHECKS];
    for (size_t i = 0; i < CHECKS; i++)
        found[i] = find_reason(&checks[i], tree);
    text[0] = '\0';
    for (enum reason reason = REASON_FILE; reason < REASONS; reason++)
        write_reason(found, reason, text);
    return text;
}
