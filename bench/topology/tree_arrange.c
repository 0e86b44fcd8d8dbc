/* SPDX-License-Identifier: Apache-2.0 */
/*
 * From a draft to the tree: siblings in order, depth first, GPUs numbered.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench/topology/tree_build.h"

bool mcb_tree_is_place(const struct mcb_tree_node *node)
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

/* Siblings of one rank have the same key, so that the order is one of all of them. */
enum rank { RANK_PLACE, RANK_HOST_BRIDGE, RANK_REST };

static enum rank rank_of(const struct mcb_tree_node *node)
{
    if (mcb_tree_is_place(node))
        return RANK_PLACE;
    return node->kind == MCB_TREE_HOST_BRIDGE ? RANK_HOST_BRIDGE : RANK_REST;
}

static int compare_keys(enum rank rank, const struct mcb_tree_node *a,
                        const struct mcb_tree_node *b)
{
    switch (rank) {
    case RANK_PLACE:
        return (a->numa_node > b->numa_node) - (a->numa_node < b->numa_node);
    case RANK_HOST_BRIDGE:
        return compare_addresses(a->name, b->name);
    default:
        return compare_addresses(a->pci.address, b->pci.address);
    }
}

static int compare_siblings(const void *left, const void *right, void *draft_nodes)
{
    const struct mcb_tree_node *nodes = draft_nodes;
    size_t i = *(const size_t *)left, j = *(const size_t *)right;
    const struct mcb_tree_node *a = &nodes[i], *b = &nodes[j];
    if (a->parent != b->parent)
        return a->parent < b->parent ? -1 : 1;
    if (rank_of(a) != rank_of(b))
        return rank_of(a) < rank_of(b) ? -1 : 1;
    int order = compare_keys(rank_of(a), a, b);
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
    copy_below(&(struct sorted){draft, order, count - 1}, MCB_TREE_ROOT, MCB_TREE_ROOT, tree);
    free(order);
    return 0;
}

/* ---- names ---- */

static int compare_by_name(const void *left, const void *right)
{
    const struct mcb_tree_node *a = *(struct mcb_tree_node *const *)left;
    const struct mcb_tree_node *b = *(struct mcb_tree_node *const *)right;
    int order = strcmp(a->name, b->name);
    return order ? order : (a > b) - (a < b);
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

static size_t collect_gpus(const struct mcb_tree *tree, struct mcb_tree_node **gpus)
{
    size_t count = 0;
    mcb_tree_foreach(tree, MCB_TREE_GPU, i) gpus[count++] = &tree->nodes[i];
    return count;
}

/* Who is asked for by name must be one. */
static int check_names(struct mcb_tree_node **sorted, size_t count, struct mcb_error *error)
{
    qsort(sorted, count, sizeof(struct mcb_tree_node *), compare_by_name);
    for (size_t i = 1; i < count; i++)
        if (strcmp(sorted[i - 1]->name, sorted[i]->name) == 0)
            return mcb_error_set(error, MCB_FAULT_HOST_TOPOLOGY, "%s is there twice",
                                 sorted[i]->name);
    return 0;
}

/* One root bus may be in several parts, beside NUMA nodes of their own: "0000:00", "0000:00#2". */
static void number_bridges(struct mcb_tree_node **sorted, size_t count)
{
    size_t first = 0;
    qsort(sorted, count, sizeof(struct mcb_tree_node *), compare_by_name);
    for (size_t i = 1; i < count; i++) {
        if (strcmp(sorted[first]->name, sorted[i]->name) != 0)
            first = i;
        else if (sorted[i]->kind == MCB_TREE_HOST_BRIDGE || sorted[i]->kind == MCB_TREE_BRIDGE)
            snprintf(sorted[i]->name + strlen(sorted[i]->name),
                     sizeof sorted[i]->name - strlen(sorted[i]->name), "#%zu", i - first + 1);
    }
}

static int name_nodes(const struct mcb_tree *tree, struct mcb_error *error)
{
    struct mcb_tree_node *gpus[MCB_TREE_DEVICES_MAX] = {NULL};
    struct mcb_tree_node **all = calloc(tree->count, sizeof(struct mcb_tree_node *));
    if (!all)
        return mcb_error_set(error, MCB_FAULT_HOST_MEMORY, "topology of %zu nodes", tree->count);
    for (size_t i = 1; i < tree->count; i++)
        all[i - 1] = &tree->nodes[i];
    number_gpus(gpus, collect_gpus(tree, gpus));
    number_bridges(all, tree->count - 1);
    int status = check_names(all, tree->count - 1, error);
    free(all);
    return status;
}

int mcb_tree_arrange(struct mcb_tree_node *draft, size_t count, struct mcb_tree *tree,
                     struct mcb_error *error)
{
    return sort(draft, count, tree, error) == 0 ? name_nodes(tree, error) : -1;
}
