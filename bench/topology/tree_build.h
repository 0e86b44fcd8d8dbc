/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MCB_BENCH_TOPOLOGY_TREE_BUILD_H
#define MCB_BENCH_TOPOLOGY_TREE_BUILD_H

/*
 * The tree (tree.h) from its sources: hwloc's objects, and on this host the list of RDMA devices
 * and sysfs. Apart from tree.c, so that a test can present devices and a sysfs of its own.
 */

#include "bench/topology/tree.h"

enum { MCB_TREE_ROOT = 0 }; /* the host's index */

struct mcb_tree_source {
    struct hwloc_topology *hwloc; /* loaded with I/O objects */
    const char *host_name, *host_model;
    const char *sysfs; /* NULL: not this host. Then the NICs are those that hwloc names */
    const struct mcb_device_facts *devices; /* must outlive the tree */
    size_t device_count;
    const struct mcb_tree_gpus *gpus; /* NULL: none is known */
};

/* True for what has memory and CPUs: the host, a NUMA node. */
bool mcb_tree_is_place(const struct mcb_tree_node *node);

/* nodes, count and numa_nodes of the tree; the rest is left as it is. Faults: those of
 * mcb_tree_make(). */
int mcb_tree_build(const struct mcb_tree_source *source, struct mcb_tree *tree,
                   struct mcb_error *error);

/* The second half of it. draft: the host first, then the others, each after its parent; a GPU's
 * name is its prefix ("cuda") yet. After a fault the tree may hold nodes to release. */
int mcb_tree_arrange(struct mcb_tree_node *draft, size_t count, struct mcb_tree *tree,
                     struct mcb_error *error);

#endif
