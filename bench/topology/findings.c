/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Devices that share a finding share one line of it: a host with 64 virtual functions behind one
 * translating IOMMU has one fault, not 64.
 */
#include "bench/topology/findings.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench/topology/distance.h"

enum { NAMES_MAX = 320, NEAR_NICS_MOST = 256 };

/* The NICs nearest to a GPU. */
struct near {
    size_t gpu;
    enum mcb_distance distance;
    size_t count; /* NEAR_NICS_MOST: or more */
    size_t nics[NEAR_NICS_MOST];
};

/* What the checks work with. */
struct search {
    const struct mcb_tree *tree;
    struct mcb_findings *findings;
    size_t *picked; /* nodes that share the finding being made */
    size_t picked_count;
    size_t *gpus, *nics; /* by node: how many are in its subtree */
    struct near *near;   /* by GPU */
    size_t near_count;
    const struct near **near_of; /* by node; NULL of what is no GPU */
};

/* A check: all nodes that are `wanted` share one finding, or `run` makes what it finds. */
struct check {
    int (*run)(struct search *search);
    bool (*wanted)(const struct search *search, size_t node);
    enum mcb_fault_code fault;
    const char *sentence; /* after the names and a colon */
};

__attribute__((format(printf, 3, 4))) static int
add(struct search *search, enum mcb_fault_code fault, const char *format, ...)
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

/* "cuda:0, cuda:1 and cuda:2"; "... and 12 more" where not all fit. */
static char *join_names(const struct mcb_tree *tree, const size_t *nodes, size_t count,
                        char text[NAMES_MAX])
{
    size_t length = 0;
    text[0] = '\0';
    for (size_t i = 0; i < count; i++) {
        const char *name = tree->nodes[nodes[i]].name;
        const char *between = i == 0 ? "" : i + 1 == count ? " and " : ", ";
        if (length + strlen(between) + strlen(name) + sizeof " and 8192 more" > NAMES_MAX) {
            snprintf(text + length, NAMES_MAX - length, " and %zu more", count - i);
            break;
        }
        length += (size_t)snprintf(text + length, NAMES_MAX - length, "%s%s", between, name);
    }
    return text;
}

static const struct mcb_tree_node *node_at(const struct search *search, size_t node)
{
    return &search->tree->nodes[node];
}

/* A NIC or GPU that is a PCI function itself: not a software NIC, which is where its interface is.
 */
static bool is_pci_device(const struct mcb_tree_node *node)
{
    if (node->kind == MCB_TREE_NIC)
        return node->pci.address[0] && !(node->device && node->device->software);
    return node->kind == MCB_TREE_GPU && node->pci.address[0];
}

static bool is_link_known(const struct mcb_pci_link *link)
{
    return link->transfers_gtps > 0 && link->lanes > 0;
}

static bool is_link_less(const struct mcb_pci_link *link, const struct mcb_pci_link *than)
{
    return link->transfers_gtps < than->transfers_gtps || link->lanes < than->lanes;
}

static struct mcb_pci_link lesser_link(const struct mcb_pci_link *a, const struct mcb_pci_link *b)
{
    return (struct mcb_pci_link){
        .transfers_gtps =
            a->transfers_gtps < b->transfers_gtps ? a->transfers_gtps : b->transfers_gtps,
        .lanes = a->lanes < b->lanes ? a->lanes : b->lanes,
    };
}

/* What is wrong with the link between a node and the bridge above it. */
static enum mcb_fault_code judge_link(const struct search *search, size_t index)
{
    const struct mcb_tree_node *node = node_at(search, index);
    const struct mcb_tree_node *bridge = node_at(search, node->parent);
    bool goes_up =
        is_pci_device(node) || (node->kind == MCB_TREE_BRIDGE && node->pci.upstream_port);
    if (!goes_up || node->pci.emulated || bridge->kind != MCB_TREE_BRIDGE || bridge->pci.emulated ||
        !is_link_known(&node->pci.link) || !is_link_known(&node->pci.link_most) ||
        !is_link_known(&bridge->pci.link_most))
        return MCB_FAULT_NONE;
    struct mcb_pci_link both = lesser_link(&node->pci.link_most, &bridge->pci.link_most);
    if (is_link_less(&node->pci.link, &both))
        return MCB_FAULT_PCI_LINK;
    return is_link_less(&node->pci.link, &node->pci.link_most) ? MCB_FAULT_PCI_SLOT
                                                               : MCB_FAULT_NONE;
}

/* The functions below the same bridge with the same verdict: they share the link. False if an
 * earlier one was among them. */
static bool pick_sharers(struct search *search, size_t index, enum mcb_fault_code verdict)
{
    size_t bridge = node_at(search, index)->parent;
    search->picked_count = 0;
    for (size_t i = bridge + 1; i < search->tree->count; i++) {
        if (node_at(search, i)->parent != bridge || judge_link(search, i) != verdict)
            continue;
        if (i < index)
            return false;
        search->picked[search->picked_count++] = i;
    }
    return true;
}

static bool may_be_idle_gpu(const struct mcb_tree_node *node, const struct mcb_pci_link *both)
{
    return node->kind == MCB_TREE_GPU && node->pci.link.lanes == both->lanes;
}

static int report_link(struct search *search, size_t index, enum mcb_fault_code verdict)
{
    const struct mcb_tree_node *node = node_at(search, index);
    const struct mcb_tree_node *bridge = node_at(search, node->parent);
    struct mcb_pci_link both = lesser_link(&node->pci.link_most, &bridge->pci.link_most);
    char names[NAMES_MAX], now[24], most[24], slot[24];
    join_names(search->tree, search->picked, search->picked_count, names);
    mcb_pci_link_text(&node->pci.link, now);
    if (verdict == MCB_FAULT_PCI_SLOT)
        return add(search, verdict,
                   "%s: the card could do %s, but the slot (bridge %s) limits it to %s", names,
                   mcb_pci_link_text(&node->pci.link_most, most), bridge->pci.address, now);
    return add(search, verdict,
               "%s: the link runs at %s, but card and slot (bridge %s) could do %s%s", names, now,
               bridge->pci.address, mcb_pci_link_text(&both, slot),
               may_be_idle_gpu(node, &both)
                   ? "; an idle GPU may lower the speed by itself: look again under load"
                   : "");
}

static int check_links(struct search *search)
{
    for (size_t i = 1; i < search->tree->count; i++) {
        enum mcb_fault_code verdict = judge_link(search, i);
        if (verdict != MCB_FAULT_NONE && pick_sharers(search, i, verdict) &&
            report_link(search, i, verdict))
            return -1;
    }
    return 0;
}

static bool is_gpu_without_nic(const struct search *search, size_t node)
{
    return search->near_of[node] && search->near_of[node]->count == 0;
}

static bool is_nearest_nic_at(const struct search *search, size_t node, enum mcb_distance distance)
{
    return search->near_of[node] && search->near_of[node]->count > 0 &&
           search->near_of[node]->distance == distance;
}

static bool is_nearest_nic_node_away(const struct search *search, size_t node)
{
    return is_nearest_nic_at(search, node, MCB_DISTANCE_NODE);
}

static bool is_nearest_nic_sys_away(const struct search *search, size_t node)
{
    return is_nearest_nic_at(search, node, MCB_DISTANCE_SYS);
}

static bool is_same_near(const struct near *a, const struct near *b)
{
    return a->count == b->count && memcmp(a->nics, b->nics, a->count * sizeof(a->nics[0])) == 0;
}

/* The GPUs that have the same nearest NICs. False if an earlier one was among them. */
static bool pick_same_near(struct search *search, size_t index)
{
    const struct near *near = &search->near[index];
    search->picked_count = 0;
    for (size_t i = 0; i < search->near_count; i++) {
        if (!is_same_near(near, &search->near[i]))
            continue;
        if (i < index)
            return false;
        search->picked[search->picked_count++] = search->near[i].gpu;
    }
    return true;
}

static int check_shared_nics(struct search *search)
{
    char gpus[NAMES_MAX], nics[NAMES_MAX];
    for (size_t i = 0; i < search->near_count; i++) {
        const struct near *near = &search->near[i];
        if (near->count == 0 || near->count == NEAR_NICS_MOST || !pick_same_near(search, i) ||
            search->picked_count <= near->count)
            continue;
        join_names(search->tree, search->picked, search->picked_count, gpus);
        join_names(search->tree, near->nics, near->count, nics);
        if (add(search, MCB_FAULT_PCI_SHARED_NIC, "%s share %s (%zu GPUs, %zu NIC%s)", gpus, nics,
                search->picked_count, near->count, near->count == 1 ? "" : "s"))
            return -1;
    }
    return 0;
}

/* A GPU and a NIC meet at this bridge: they are below it on different ways. */
static bool do_meet_at(const struct search *search, size_t bridge)
{
    for (size_t i = bridge + 1; i < search->tree->count; i++)
        if (node_at(search, i)->parent == bridge && search->gpus[i] > 0 &&
            search->nics[bridge] > search->nics[i])
            return true;
    return false;
}

/* A bridge on the way between a GPU and a NIC that does not lead through the host bridge. */
static bool redirects_peers(const struct search *search, size_t bridge)
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

static bool is_translated(const struct search *search, size_t node)
{
    return is_pci_device(node_at(search, node)) &&
           node_at(search, node)->pci.iommu_translates == MCB_KNOWN_YES;
}

/* In a guest a virtual function looks like a physical one but for its name, and the bit is reserved
 * there. */
static bool is_ordered_strictly(const struct search *search, size_t index)
{
    const struct mcb_tree_node *node = node_at(search, index);
    return node->kind == MCB_TREE_NIC && is_pci_device(node) &&
           node->pci.relaxed_ordering == MCB_KNOWN_NO && !node->pci.virtual_function &&
           !strstr(node->model, "Virtual Function");
}

static bool is_without_numa_node(const struct search *search, size_t index)
{
    const struct mcb_tree_node *node = node_at(search, index);
    return search->tree->numa_nodes > 1 &&
           (node->kind == MCB_TREE_NIC || node->kind == MCB_TREE_GPU) && node->pci.address[0] &&
           node->numa_node < 0;
}

static const struct check checks[] = {
    {.run = check_links},
    {.wanted = is_gpu_without_nic,
     .fault = MCB_FAULT_PCI_NO_NEAR_NIC,
     .sentence = "the host has no NIC"},
    {.wanted = is_nearest_nic_node_away,
     .fault = MCB_FAULT_PCI_NO_NEAR_NIC,
     .sentence = "the nearest NIC is NODE away, at another host bridge of the NUMA node"},
    {.wanted = is_nearest_nic_sys_away,
     .fault = MCB_FAULT_PCI_NO_NEAR_NIC,
     .sentence = "the nearest NIC is SYS away, beside another NUMA node or nobody knows which"},
    {.run = check_shared_nics},
    {.wanted = redirects_peers,
     .fault = MCB_FAULT_PCI_ACS,
     .sentence =
         "ACS sends traffic between the GPUs and NICs below up to the host bridge and back"},
    {.wanted = is_translated,
     .fault = MCB_FAULT_PCI_IOMMU,
     .sentence = "an IOMMU translates the addresses of DMA"},
    {.wanted = is_ordered_strictly,
     .fault = MCB_FAULT_PCI_RELAXED_ORDERING,
     .sentence = "relaxed ordering is disabled in PCI Device Control"},
    {.wanted = is_without_numa_node,
     .fault = MCB_FAULT_PCI_NUMA_NODE,
     .sentence = "beside which NUMA node is not known, and the host has several"},
};

static int run_check(struct search *search, const struct check *check)
{
    if (check->run)
        return check->run(search);
    char names[NAMES_MAX];
    search->picked_count = 0;
    for (size_t i = 0; i < search->tree->count; i++)
        if (check->wanted(search, i))
            search->picked[search->picked_count++] = i;
    if (search->picked_count == 0)
        return 0;
    join_names(search->tree, search->picked, search->picked_count, names);
    return add(search, check->fault, "%s: %s", names, check->sentence);
}

/* Nodes are in depth-first order: from the last one on every subtree is complete when it is added
 * to its parent's. */
static void count_below(struct search *search)
{
    for (size_t i = search->tree->count; i-- > 1;) {
        const struct mcb_tree_node *node = node_at(search, i);
        search->gpus[i] += node->kind == MCB_TREE_GPU;
        search->nics[i] += node->kind == MCB_TREE_NIC;
        search->gpus[node->parent] += search->gpus[i];
        search->nics[node->parent] += search->nics[i];
    }
}

static void find_near(struct search *search)
{
    mcb_tree_foreach(search->tree, MCB_TREE_GPU, i)
    {
        struct near *near = &search->near[search->near_count++];
        near->gpu = i;
        search->near_of[i] = near;
        near->count =
            mcb_distance_near_nics(search->tree, i, near->nics, NEAR_NICS_MOST, &near->distance);
    }
}

static int run_checks(struct search *search)
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
    find_near(search);
    int failed = 0;
    for (size_t i = 0; !failed && i < sizeof(checks) / sizeof(checks[0]); i++)
        failed = run_check(search, &checks[i]);
    return failed;
}

int mcb_findings_make(const struct mcb_tree *tree, struct mcb_findings *findings,
                      struct mcb_error *error)
{
    struct mcb_findings made = {0};
    struct search search = {.tree = tree, .findings = &made};
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

char *mcb_findings_unseen(const struct mcb_tree *tree, char text[256])
{
    text[0] = '\0';
    if (!tree->this_host) {
        snprintf(text, 256,
                 "what links could do, ACS, IOMMU, relaxed ordering and MaxPayload: an XML file "
                 "does not hold them, mcbench topo on the host itself shows them");
        return text;
    }
    for (size_t i = 0; i < tree->count; i++) {
        const struct mcb_tree_node *node = &tree->nodes[i];
        if ((is_pci_device(node) || node->kind == MCB_TREE_BRIDGE) && node->pci.config_bytes <= 64)
            snprintf(text, 256,
                     "ACS, relaxed ordering and MaxPayload: the PCI configuration can be read by "
                     "root only");
    }
    return text;
}
