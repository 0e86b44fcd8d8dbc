/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MCB_COMMON_PLACEMENT_H
#define MCB_COMMON_PLACEMENT_H

/*
 * On which NUMA nodes touched memory lies, as move_pages(2) tells of its pages. A container may
 * forbid the call: then it is not known, and nothing else follows from that.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/fault.h"

enum {
    MCB_PLACEMENT_NODES_MAX = 64,
    MCB_PLACEMENT_PAGES_MAX = 65536 /* of a larger buffer as many pages, evenly spread, are asked */
};

struct mcb_placement {
    bool known;
    bool sampled; /* not all pages were asked: the bytes are what the sample leads to expect */
    size_t node_count;
    struct {
        int node;
        uint64_t bytes;
    } nodes[MCB_PLACEMENT_NODES_MAX]; /* ascending, none of them without bytes */
};

/* Asks the kernel. Pages of which it does not tell (swapped out at the moment) are on no node. */
void mcb_placement_query(void *address, size_t length_bytes, size_t page_bytes,
                         struct mcb_placement *placement);

/* The node that holds most; -1 where nothing is known. */
int mcb_placement_main_node(const struct mcb_placement *placement);

/* Bytes that are known to lie elsewhere than on that node. */
uint64_t mcb_placement_elsewhere_bytes(const struct mcb_placement *placement, int numa_node);

/* "12 MiB of 64 MiB lie on cpu:0". Returns text. */
char *mcb_placement_describe(const struct mcb_placement *placement, int numa_node, char *text,
                             size_t text_size);

/* Memory that was asked for on a node and lies elsewhere, in part or whole, is fault
 * HOST_PLACEMENT. What is not known passes. */
int mcb_placement_check(const struct mcb_placement *placement, size_t page_bytes, int numa_node,
                        struct mcb_error *error);

#endif
