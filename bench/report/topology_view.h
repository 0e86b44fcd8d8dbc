/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MCB_BENCH_REPORT_TOPOLOGY_VIEW_H
#define MCB_BENCH_REPORT_TOPOLOGY_VIEW_H

/*
 * What `mcbench topo` shows, and what its screen (topology_text), drawing (topology_svg) and
 * document (topology_document) have in common.
 */

#include <stdbool.h>
#include <stddef.h>

#include "bench/topology/findings.h"
#include "bench/topology/topology.h"
#include "bench/topology/tree.h"
#include "common/fault.h"

/* All of it borrowed. */
struct mcb_topology_view {
    const struct mcb_tree *tree;
    const struct mcb_host_facts *facts;
    const char *from; /* the XML file; NULL: this host */
    const struct mcb_findings *findings;
    const struct mcb_error *devices_error; /* why the RDMA devices are not known; or NONE */
};

/* Where a node of the tree is drawn. A bridge with one way down only is passed over, but for a
 * switch below a switch: what lies below it is drawn below the bridge or node above it. */
struct mcb_topology_place {
    bool drawn;
    bool last;     /* nothing more is drawn below the same parent */
    size_t parent; /* the nearest node above that is drawn; 0: the host */
    size_t level;  /* the host is on 0 */
};

/* places[tree->count] is the caller's: free(). Fault: HOST_MEMORY. */
int mcb_topology_places_make(const struct mcb_tree *tree, struct mcb_topology_place **places,
                             struct mcb_error *error);

/* NICs, GPUs and NUMA nodes, in this order, as the rows of a matrix. *ends is the caller's: free().
 * Fault: HOST_MEMORY. */
int mcb_topology_ends_make(const struct mcb_tree *tree, size_t **ends, size_t *count,
                           struct mcb_error *error);

/* "host bridge", "root port", "switch" (its port to the host), "switch port" (one of those to its
 * devices). */
const char *mcb_topology_bridge_word(const struct mcb_tree *tree, size_t bridge);

/* True if a PCIe link runs slower or narrower than the function could. */
bool mcb_topology_link_is_below(const struct mcb_tree_node *node);

enum { MCB_TOPOLOGY_LINK_MAX = 64 };

/* "PCIe 5.0 x16"; "PCIe 4.0 x8 of 5.0 x16" of a link that is below; "PCIe 504 Gbit/s" where the
 * rate alone is known; "" where nothing is, a hypervisor made it up, or the link is that of the
 * interface below a software NIC. Returns text. */
char *mcb_topology_link_text(const struct mcb_tree_node *node, char text[MCB_TOPOLOGY_LINK_MAX]);

/* "400 Gbit/s InfiniBand"; of a NIC made of software without the rate. Returns text. */
char *mcb_topology_port_text(const struct mcb_port *port, char text[MCB_TOPOLOGY_LINK_MAX]);

/* What the host is called, here or in the file; NULL where the file does not say. */
const char *mcb_topology_host_name(const struct mcb_topology_view *view);

/* A fact of the host or NULL where it is "unknown". */
const char *mcb_topology_fact(const char *fact);

#endif
