/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MCB_BENCH_TOPOLOGY_FINDINGS_SEARCH_H
#define MCB_BENCH_TOPOLOGY_FINDINGS_SEARCH_H

/*
 * What the checks of findings.c work with, and those of them that are more than a predicate:
 * findings_links.c (PCIe links), findings_near.c (the NICs of a GPU). For these three files only.
 */

#include "bench/topology/distance.h"
#include "bench/topology/findings.h"

enum { MCB_FINDINGS_NAMES_MAX = 320, MCB_FINDINGS_NICS_MOST = 256 };

/* NICs of one distance from a GPU. */
struct mcb_findings_nics {
    enum mcb_distance distance;
    size_t count; /* MCB_FINDINGS_NICS_MOST: or more */
    size_t list[MCB_FINDINGS_NICS_MOST];
};

struct mcb_findings_near {
    size_t gpu;
    struct mcb_findings_nics usable; /* the nearest that can serve */
    struct mcb_findings_nics placed; /* the nearest by place alone */
};

struct mcb_findings_search {
    const struct mcb_tree *tree;
    struct mcb_findings *findings;
    size_t *picked; /* nodes that share the finding being made */
    size_t picked_count;
    size_t *gpus, *nics; /* by node: how many are in its subtree; NICs of hardware only */
    struct mcb_findings_near *near; /* by GPU */
    size_t near_count;
    const struct mcb_findings_near **near_of; /* by node; NULL of what is no GPU */
};

/* Returns 0, or -1 if there is no memory. */
__attribute__((format(printf, 3, 4))) int mcb_findings_add(struct mcb_findings_search *search,
                                                           enum mcb_fault_code fault,
                                                           const char *format, ...);

/* "cuda:0, cuda:1 and cuda:2"; "... and 12 more" where not all fit. */
char *mcb_findings_names(const struct mcb_tree *tree, const size_t *nodes, size_t count,
                         char text[MCB_FINDINGS_NAMES_MAX]);

/* A NIC or GPU that is a PCI function itself: not a software NIC. */
bool mcb_findings_is_pci_device(const struct mcb_tree_node *node);

/* Checks. Each returns 0, or -1 if there is no memory. */
int mcb_findings_check_links(struct mcb_findings_search *search);
int mcb_findings_check_nics_down(struct mcb_findings_search *search);
int mcb_findings_check_shared_nics(struct mcb_findings_search *search);

/* True if the node has a link that cannot be judged, because it or the other end is not shown. */
bool mcb_findings_link_is_hidden(const struct mcb_tree *tree, size_t node);

/* search->near: what the last two checks need. */
void mcb_findings_find_near(struct mcb_findings_search *search);

#endif
