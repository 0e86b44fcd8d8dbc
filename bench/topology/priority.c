/* SPDX-License-Identifier: Apache-2.0 */
#include "bench/topology/priority.h"

#include "bench/plan/priority_matrix.h"
#include "bench/topology/distance.h"

struct nics {
    const struct mcb_tree *tree;
    size_t count; /* of those that take part */
    size_t list[MCB_TREE_DEVICES_MAX];
};

static int fail_none(const struct mcb_tree *tree, struct mcb_error *error)
{
    size_t present = mcb_tree_count(tree, MCB_TREE_NIC);
    if (present == 0)
        return mcb_error_set(error, MCB_FAULT_RDMA_NO_DEVICE,
                             "priority matrix: there is no RDMA device %s",
                             tree->this_host ? "on this host" : "in the file");
    return mcb_error_set(error, MCB_FAULT_RDMA_PORT_DOWN,
                         "priority matrix: %s%s: no port is active, and Mooncake leaves such a "
                         "NIC out",
                         tree->nodes[mcb_tree_next(tree, MCB_TREE_NIC, 0)].name,
                         present > 1 ? " and all other NICs" : "");
}

/* Mooncake knows NICs by their names. */
static int check_names(const struct nics *nics, struct mcb_error *error)
{
    const struct mcb_tree_node *nodes = nics->tree->nodes;
    json_t *seen = json_object();
    int outcome = 0;
    for (size_t i = 0; outcome == 0 && i < nics->count; i++) {
        const char *name = nodes[nics->list[i]].name;
        if (!mcb_priority_matrix_nic_is_name(name))
            outcome = mcb_error_set(error, MCB_FAULT_USE_TOPOLOGY,
                                    "'%s': cannot be the name of a NIC", name);
        else if (json_object_get(seen, name))
            outcome =
                mcb_error_set(error, MCB_FAULT_USE_TOPOLOGY, "%s: two NICs of this name", name);
        else if (json_object_set_new(seen, name, json_true()) != 0)
            outcome = mcb_error_set(error, MCB_FAULT_HOST_MEMORY, "no memory for the matrix");
    }
    json_decref(seen);
    return outcome;
}

/* [[NICs no further away than preferred], [the others]] */
static int add_memory(json_t *matrix, const struct nics *nics, size_t memory,
                      enum mcb_distance preferred)
{
    json_t *lists[] = {json_array(), json_array()};
    int outcome = 0;
    for (size_t i = 0; i < nics->count; i++) {
        bool near = mcb_distance_between(nics->tree, memory, nics->list[i]) <= preferred;
        const char *name = nics->tree->nodes[nics->list[i]].name;
        outcome |= json_array_append_new(lists[near ? 0 : 1], json_string(name));
    }
    outcome |= json_object_set_new(matrix, nics->tree->nodes[memory].name,
                                   json_pack("[o, o]", lists[0], lists[1]));
    return outcome;
}

static json_t *make(const struct nics *nics, struct mcb_error *error)
{
    json_t *matrix = json_object();
    int outcome = 0;
    mcb_tree_foreach(nics->tree, MCB_TREE_NUMA_NODE, node)
    {
        outcome |= add_memory(matrix, nics, node, MCB_DISTANCE_PHB);
    }
    mcb_tree_foreach(nics->tree, MCB_TREE_GPU, gpu)
    {
        enum mcb_distance nearest = MCB_DISTANCE_SYS;
        size_t one;
        mcb_distance_near_nics(nics->tree, gpu, &one, 1, &nearest);
        outcome |= add_memory(matrix, nics, gpu, nearest);
    }
    if (outcome == 0)
        return matrix;
    json_decref(matrix);
    mcb_error_set(error, MCB_FAULT_HOST_MEMORY, "no memory for the matrix");
    return NULL;
}

json_t *mcb_priority_make(const struct mcb_tree *tree, struct mcb_error *error)
{
    struct nics nics = {.tree = tree};
    nics.count = mcb_tree_usable_nics(tree, nics.list);
    if (nics.count == 0) {
        fail_none(tree, error);
        return NULL;
    }
    return check_names(&nics, error) == 0 ? make(&nics, error) : NULL;
}
