/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MCB_BENCH_REPORT_AFFINITY_H
#define MCB_BENCH_REPORT_AFFINITY_H

/*
 * Which NICs serve which memory best, as --pairs affinity measured it: each memory of a host with
 * each of its NICs, against one fixed peer. From it a nic_priority_matrix of Mooncake
 * (bench/plan/priority_matrix.h), beside the one that the topology suggests.
 *
 * What counts: bandwidth of the first operation that was measured, at the largest size; of several
 * orderings the first, of several routes direct, else staged. A NIC is preferred for a memory if
 * its median is within the noise of the best one's: their 95 % intervals overlap, or it is at least
 * 95 % of it. A NIC whose cell has no figure is in neither list; a memory of which no cell has one
 * is left out.
 *
 * The topology suggests, for a GPU, the NICs that its host calls near (gpus[].near_nics), and for
 * host memory those of the same NUMA node (of a host with one node: all).
 */

#include <jansson.h>

#include "bench/report/canvas.h"
#include "common/fault.h"

/* {"cuda:0": [["mlx5_0"], ["mlx5_1"]], ...} of a host of the document, NICs in the order of the
 * host's; empty if nothing of it was measured so. New reference; NULL: no memory. */
json_t *mcb_affinity_matrix(const json_t *document, const char *host);

/* The same of the topology, for the same memories and all NICs of the host. A GPU that no NIC is
 * known to be near is left out. */
json_t *mcb_affinity_suggestion(const json_t *document, const char *host);

/* Prints both, and the figures behind them, for each host; nothing if the result's settings do not
 * say pairs affinity. Fault: HOST_MEMORY. */
int mcb_affinity_print(const struct mcb_canvas *canvas, const json_t *document,
                       struct mcb_error *error);

#endif
