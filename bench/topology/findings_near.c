/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The NICs of a GPU: those nearest to it that do not work, and those that it shares with other
 * GPUs. GPUs with the same NICs share one finding.
 */
#include <stdio.h>
#include <string.h>

#include "bench/topology/findings_search.h"

void mcb_findings_find_near(struct mcb_findings_search *search)
{
    const struct mcb_tree *tree = search->tree;
    mcb_tree_foreach(tree, MCB_TREE_GPU, i)
    {
        struct mcb_findings_near *near = &search->near[search->near_count++];
        near->gpu = i;
        near->usable.count = mcb_distance_near_nics(tree, i, near->usable.list,
                                                    MCB_FINDINGS_NICS_MOST, &near->usable.distance);
        near->placed.count = mcb_distance_placed_nics(
            tree, i, near->placed.list, MCB_FINDINGS_NICS_MOST, &near->placed.distance);
        search->near_of[i] = near;
    }
}

static bool is_same(const struct mcb_findings_nics *a, const struct mcb_findings_nics *b)
{
    return a->count == b->count && memcmp(a->list, b->list, a->count * sizeof(a->list[0])) == 0;
}

static bool is_same_usable(const struct mcb_findings_near *a, const struct mcb_findings_near *b)
{
    return is_same(&a->usable, &b->usable);
}

static bool is_same_both(const struct mcb_findings_near *a, const struct mcb_findings_near *b)
{
    return is_same(&a->usable, &b->usable) && is_same(&a->placed, &b->placed) &&
           (a->usable.count == 0 || a->usable.distance == b->usable.distance);
}

/* The GPUs that are alike. False if an earlier one was among them. */
static bool pick_alike(struct mcb_findings_search *search, size_t index,
                       bool (*alike)(const struct mcb_findings_near *,
                                     const struct mcb_findings_near *))
{
    search->picked_count = 0;
    for (size_t i = 0; i < search->near_count; i++) {
        if (!alike(&search->near[index], &search->near[i]))
            continue;
        if (i < index)
            return false;
        search->picked[search->picked_count++] = search->near[i].gpu;
    }
    return true;
}

/* ---- the nearest NICs do not work ---- */

/* A second port that nobody uses is a NIC of its own and down: it is no fault as long as another
 * NIC, no farther away, works. */
static bool are_placed_nics_unusable(const struct mcb_findings_search *search,
                                     const struct mcb_findings_near *near)
{
    for (size_t i = 0; i < near->placed.count; i++)
        if (mcb_tree_nic_is_active(&search->tree->nodes[near->placed.list[i]]))
            return false;
    return near->placed.count > 0;
}

static bool cannot_be_opened(const struct mcb_findings_search *search,
                             const struct mcb_findings_nics *nics)
{
    for (size_t i = 0; i < nics->count; i++) {
        const struct mcb_device_facts *device = search->tree->nodes[nics->list[i]].device;
        if (!device || device->error.code == MCB_FAULT_NONE)
            return false;
    }
    return true;
}

static int report_nics_down(struct mcb_findings_search *search,
                            const struct mcb_findings_near *near)
{
    const struct mcb_findings_nics *placed = &near->placed, *usable = &near->usable;
    char gpus[MCB_FINDINGS_NAMES_MAX], down[MCB_FINDINGS_NAMES_MAX], works[MCB_FINDINGS_NAMES_MAX];
    mcb_findings_names(search->tree, search->picked, search->picked_count, gpus);
    mcb_findings_names(search->tree, placed->list, placed->count, down);
    const char *verb = placed->count == 1 ? "is" : "are";
    const char *what = cannot_be_opened(search, placed) ? "cannot be opened"
                       : placed->count == 1             ? "is down"
                                                        : "are down";
    if (usable->count == 0)
        return mcb_findings_add(search, MCB_FAULT_PCI_NIC_DOWN,
                                "%s: %s, which %s nearest, %s; no other NIC works", gpus, down,
                                verb, what);
    mcb_findings_names(search->tree, usable->list, usable->count, works);
    return mcb_findings_add(search, MCB_FAULT_PCI_NIC_DOWN,
                            "%s: %s, which %s nearest, %s; the nearest that works is %s, %s away",
                            gpus, down, verb, what, works, mcb_distance_name(usable->distance));
}

int mcb_findings_check_nics_down(struct mcb_findings_search *search)
{
    for (size_t i = 0; i < search->near_count; i++) {
        const struct mcb_findings_near *near = &search->near[i];
        if (are_placed_nics_unusable(search, near) && pick_alike(search, i, is_same_both) &&
            report_nics_down(search, near))
            return -1;
    }
    return 0;
}

/* ---- NICs that are shared ---- */

/* Of a virtual function that of its physical one, where this host shows it. */
static const char *card_address(const struct mcb_tree_node *node)
{
    return node->pci.physical_address[0] ? node->pci.physical_address : node->pci.address;
}

/* Functions of one PCI device (domain:bus:device), or below one bridge that no hypervisor made: one
 * card, one PCIe link. */
static bool is_same_card(const struct mcb_findings_search *search, size_t a, size_t b)
{
    const struct mcb_tree_node *left = &search->tree->nodes[a], *right = &search->tree->nodes[b];
    const struct mcb_tree_node *above = &search->tree->nodes[left->parent];
    if (!mcb_findings_is_pci_device(left) || !mcb_findings_is_pci_device(right))
        return false;
    const char *address = card_address(left);
    size_t length = strcspn(address, ".");
    if (strncmp(address, card_address(right), length + 1) == 0)
        return true;
    return left->parent == right->parent && above->kind == MCB_TREE_BRIDGE && !above->pci.emulated;
}

static size_t count_cards(const struct mcb_findings_search *search,
                          const struct mcb_findings_nics *nics)
{
    size_t cards = 0;
    for (size_t i = 0; i < nics->count; i++) {
        bool counted = false;
        for (size_t earlier = 0; earlier < i && !counted; earlier++)
            counted = is_same_card(search, nics->list[earlier], nics->list[i]);
        cards += !counted;
    }
    return cards;
}

int mcb_findings_check_shared_nics(struct mcb_findings_search *search)
{
    char gpus[MCB_FINDINGS_NAMES_MAX], names[MCB_FINDINGS_NAMES_MAX];
    for (size_t i = 0; i < search->near_count; i++) {
        const struct mcb_findings_nics *nics = &search->near[i].usable;
        if (nics->count == 0 || nics->count == MCB_FINDINGS_NICS_MOST ||
            !pick_alike(search, i, is_same_usable))
            continue;
        size_t cards = count_cards(search, nics);
        if (search->picked_count <= cards)
            continue;
        mcb_findings_names(search->tree, search->picked, search->picked_count, gpus);
        mcb_findings_names(search->tree, nics->list, nics->count, names);
        if (mcb_findings_add(search, MCB_FAULT_PCI_SHARED_NIC, "%s share %s (%zu GPUs, %zu %s%s)",
                             gpus, names, search->picked_count, cards,
                             cards < nics->count ? "card" : "NIC", cards == 1 ? "" : "s"))
            return -1;
    }
    return 0;
}
