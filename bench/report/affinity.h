/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MCB_BENCH_REPORT_AFFINITY_H
#define MCB_BENCH_REPORT_AFFINITY_H

/*
 * Which NICs serve which memory best, as --pairs affinity measured it: each memory of a host with
 * each of its NICs, against one fixed peer. From it a nic_priority_matrix of Mooncake
 * (bench/plan/priority_matrix.h), beside the one that the topology suggests.
 *
 * What counts: bandwidth of the first operation that was measured, at the largest size; of several
 * orderings the first, of several routes direct, and where that has no figure, staged. Against the
 * fixed peer's own NIC goes nothing: its path is a loopback, which is another one than those of the
 * other NICs, so it is held against none of them and is in no list.
 *
 * A NIC is preferred for a memory if its median is at least 95 % of the best one's; or at least 90
 * % of it, if their 95 % intervals overlap. Below that an overlap says only that the figures are
 * too noisy: whether it is as good is not clear, and it is among the others. A NIC whose cell has
 * no figure is in neither list; a memory of which no cell has one is left out. Where only one NIC
 * of a memory could be judged, there was nothing to choose from.
 *
 * The topology suggests, for a GPU, the NICs that its host calls near (gpus[].near_nics), and for
 * host memory those of the same NUMA node (of a host with one node: all).
 */

#include <jansson.h>

#include "bench/report/canvas.h"
#include "common/fault.h"

/* Prints both, and the figures behind them, for each host; nothing if the result's settings do not
 * say pairs affinity. Fault: HOST_MEMORY. */
int mcb_affinity_print(const struct mcb_canvas *canvas, const json_t *document,
                       struct mcb_error *error);

#endif
