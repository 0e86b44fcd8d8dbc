/* SPDX-License-Identifier: Apache-2.0 */
/*
 * PCIe links below what they could be. The functions of a card share one link and so one finding.
 */
#include "bench/topology/findings_search.h"

static const struct mcb_tree_node *node_at(const struct mcb_findings_search *search, size_t node)
{
    return &search->tree->nodes[node];
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

/* Its link goes up to the bridge above it, and nobody has made that up. */
static bool has_link_up(const struct mcb_tree_node *node)
{
    return mcb_findings_is_pci_device(node) ||
           (node->kind == MCB_TREE_BRIDGE && node->pci.upstream_port && !node->pci.emulated);
}

/* True if both ends of it are shown. */
static bool is_link_shown(const struct mcb_tree *tree, size_t index)
{
    const struct mcb_tree_node *node = &tree->nodes[index], *bridge = &tree->nodes[node->parent];
    return bridge->kind == MCB_TREE_BRIDGE && !bridge->pci.emulated &&
           is_link_known(&node->pci.link) && is_link_known(&node->pci.link_most) &&
           is_link_known(&bridge->pci.link_most);
}

/* A device on the root bus that says nothing of a link has none. */
bool mcb_findings_link_is_hidden(const struct mcb_tree *tree, size_t index)
{
    const struct mcb_tree_node *node = &tree->nodes[index];
    bool may_have_none = tree->nodes[node->parent].kind != MCB_TREE_BRIDGE;
    return has_link_up(node) && !is_link_shown(tree, index) &&
           (!may_have_none || is_link_known(&node->pci.link));
}

/* What is wrong with the link between a node and the bridge above it. */
static enum mcb_fault_code judge_link(const struct mcb_findings_search *search, size_t index)
{
    const struct mcb_tree_node *node = node_at(search, index);
    const struct mcb_tree_node *bridge = node_at(search, node->parent);
    if (!has_link_up(node) || !is_link_shown(search->tree, index))
        return MCB_FAULT_NONE;
    struct mcb_pci_link both = lesser_link(&node->pci.link_most, &bridge->pci.link_most);
    if (is_link_less(&node->pci.link, &both))
        return MCB_FAULT_PCI_LINK;
    return is_link_less(&node->pci.link, &node->pci.link_most) ? MCB_FAULT_PCI_SLOT
                                                               : MCB_FAULT_NONE;
}

/* The functions below the same bridge with the same verdict: they share the link. False if an
 * earlier one was among them. */
static bool pick_sharers(struct mcb_findings_search *search, size_t index,
                         enum mcb_fault_code verdict)
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

static int report_link(struct mcb_findings_search *search, size_t index,
                       enum mcb_fault_code verdict)
{
    const struct mcb_tree_node *node = node_at(search, index);
    const struct mcb_tree_node *bridge = node_at(search, node->parent);
    struct mcb_pci_link both = lesser_link(&node->pci.link_most, &bridge->pci.link_most);
    char names[MCB_FINDINGS_NAMES_MAX], now[24], most[24], slot[24];
    mcb_findings_names(search->tree, search->picked, search->picked_count, names);
    mcb_pci_link_text(&node->pci.link, now);
    if (verdict == MCB_FAULT_PCI_SLOT)
        return mcb_findings_add(
            search, verdict, "%s: the card could do %s, but the slot (bridge %s) limits it to %s",
            names, mcb_pci_link_text(&node->pci.link_most, most), bridge->pci.address, now);
    return mcb_findings_add(
        search, verdict, "%s: the link runs at %s, but card and slot (bridge %s) could do %s%s",
        names, now, bridge->pci.address, mcb_pci_link_text(&both, slot),
        may_be_idle_gpu(node, &both)
            ? "; an idle GPU may lower the speed by itself: look again under load"
            : "");
}

int mcb_findings_check_links(struct mcb_findings_search *search)
{
    for (size_t i = 1; i < search->tree->count; i++) {
        enum mcb_fault_code verdict = judge_link(search, i);
        if (verdict != MCB_FAULT_NONE && pick_sharers(search, i, verdict) &&
            report_link(search, i, verdict))
            return -1;
    }
    return 0;
}
