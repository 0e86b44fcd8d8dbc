/* SPDX-License-Identifier: Apache-2.0 */
/*
 * From a draft to the tree: siblings in order, depth first, GPUs numbered.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench/topology/tree_build.h"

enum { HOST = 0 };

static bool is_place(const struct mcb_tree_node *node)
{
    return node->kind == MCB_TREE_HOST || node->kind == MCB_TREE_NUMA_NODE;
}

/* ---- order ---- */

/* Domains may have more than four digits. */
static int compare_addresses(const char *a, const char *b)
{
    size_t length_a = strlen(a), length_b = strlen(b);
    if (length_a == 0 || length_b == 0)
        return (length_a == 0) - (length_b == 0);
    if (length_a != length_b)
        return length_a < length_b ? -1 : 1;
    return strcmp(a, b);
}

static int compare_siblings(const void *left, const void *right, void *draft_nodes)
{
    const struct mcb_tree_node *nodes = draft_nodes;
    size_t i = *(const size_t *)left, j = *(const size_t *)right;
    const struct mcb_tree_node *a = &nodes[i], *b = &nodes[j];
    if (a->parent != b->parent)
        return a->parent < b->parent ? -1 : 1;
    if (is_place(a) != is_place(b))
        return is_place(a) ? -1 : 1;
    int order = is_place(a) ? (a->numa_node > b->numa_node) - (a->numa_node < b->numa_node) : 0;
    if (order == 0 && a->kind == MCB_TREE_HOST_BRIDGE && b->kind == MCB_TREE_HOST_BRIDGE)
        order = compare_addresses(a->name, b->name);
    if (order == 0)
        order = compare_addresses(a->pci.address, b->pci.address);
    return order ? order : (i > j) - (i < j);
}

struct sorted {
    const struct mcb_tree_node *nodes;
    const size_t *order; /* all nodes but the host, siblings together */
    size_t count;
};

/* Copies what is below `parent` (of the draft; in the tree it is `above`), each followed by its
 * own. */
static void copy_below(const struct sorted *draft, size_t parent, size_t above,
                       struct mcb_tree *tree)
{
    size_t low = 0, high = draft->count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (draft->nodes[draft->order[middle]].parent < parent)
            low = middle + 1;
        else
            high = middle;
    }
    for (; low < draft->count && draft->nodes[draft->order[low]].parent == parent; low++) {
        size_t here = tree->count++;
        tree->nodes[here] = draft->nodes[draft->order[low]];
        tree->nodes[here].parent = above;
        copy_below(draft, draft->order[low], here, tree);
    }
}

static int sort(struct mcb_tree_node *draft, size_t count, struct mcb_tree *tree,
                struct mcb_error *error)
{
    size_t *order = calloc(count, sizeof *order);
    tree->nodes = calloc(count, sizeof *tree->nodes);
    if (!order || !tree->nodes) {
        free(order);
        return mcb_error_set(error, MCB_FAULT_HOST_MEMORY, "topology of %zu nodes", count);
    }
    for (size_t i = 1; i < count; i++)
        order[i - 1] = i;
    qsort_r(order, count - 1, sizeof *order, compare_siblings, draft);
    tree->nodes[0] = draft[0];
    tree->count = 1;
    copy_below(&(struct sorted){draft, order, count - 1}, HOST, HOST, tree);
    free(order);
    return 0;
}

/* ---- names ---- */

static int compare_by_name(const void *left, const void *right)
{
    const struct mcb_tree_node *a = *(struct mcb_tree_node *const *)left;
    const struct mcb_tree_node *b = *(struct mcb_tree_node *const *)right;
    return strcmp(a->name, b->name);
}

static int compare_gpus(const void *left, const void *right)
{
    const struct mcb_tree_node *a = *(struct mcb_tree_node *const *)left;
    const struct mcb_tree_node *b = *(struct mcb_tree_node *const *)right;
    int order = strcmp(a->name, b->name);
    return order ? order : compare_addresses(a->pci.address, b->pci.address);
}

/* Each has its prefix as its name yet. */
static void number_gpus(struct mcb_tree_node **gpus, size_t count)
{
    char prefix[8] = "";
    unsigned number = 0;
    qsort(gpus, count, sizeof(struct mcb_tree_node *), compare_gpus);
    for (size_t i = 0; i < count; i++) {
        if (strcmp(prefix, gpus[i]->name) != 0) {
            snprintf(prefix, sizeof prefix, "%.7s", gpus[i]->name);
            number = 0;
        }
        snprintf(gpus[i]->name, MCB_TREE_NAME_MAX, "%s:%u", prefix, number++);
    }
}

static size_t collect(const struct mcb_tree *tree, bool gpus_only, struct mcb_tree_node **some)
{
    size_t count = 0;
    for (size_t i = 0; i < tree->count; i++) {
        enum mcb_tree_kind kind = tree->nodes[i].kind;
        if (kind == MCB_TREE_GPU ||
            (!gpus_only && (kind == MCB_TREE_NIC || kind == MCB_TREE_NUMA_NODE)))
            some[count++] = &tree->nodes[i];
    }
    return count;
}

/* Devices are named in results: two of one name could not be told from each other. */
static int name_devices(const struct mcb_tree *tree, struct mcb_error *error)
{
    struct mcb_tree_node *some[MCB_TREE_DEVICES_MAX] = {NULL};
    size_t count = collect(tree, true, some);
    number_gpus(some, count);
    count = collect(tree, false, some);
    qsort(some, count, sizeof(struct mcb_tree_node *), compare_by_name);
    for (size_t i = 1; i < count; i++)
        if (strcmp(some[i - 1]->name, some[i]->name) == 0)
            return mcb_error_set(error, MCB_FAULT_HOST_TOPOLOGY, "%s is there twice",
                                 some[i]->name);
    return 0;
}

int mcb_tree_arrange(struct mcb_tree_node *draft, size_t count, struct mcb_tree *tree,
                     struct mcb_error *error)
{
    return sort(draft, count, tree, error) == 0 ? name_devices(tree, error) : -1;
}
