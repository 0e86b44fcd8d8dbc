/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MCB_BENCH_MEASURE_CELL_CEILING_H
#define MCB_BENCH_MEASURE_CELL_CEILING_H

/*
 * The ceiling of a cell's path (bench/topology/ceiling.h), from what the hosts of its two ends said
 * of their NICs and GPUs in the roster.
 *
 * The PCIe link of a GPU is part of the way on the routes direct and staged, and not on route host.
 * Direct: NIC and GPU of an end reach each other at the bridge above both, and need nothing beyond
 * it. So a link that is the narrowest of both, up to the root, is above that bridge, and counts for
 * neither. Staged: the GPU copies to host memory and the NIC reads there (at the other end they
 * write and copy), both by way of the root; the two use the links that they share in opposite
 * directions, and each counts for itself; of a bidirectional path the copies of one direction go
 * the way of the other's transfers. That the copy and the transfer of one message follow each other
 * is no limit: they overlap.
 *
 * Every rank works out the ceilings of all cells itself; none is taken over from a peer. What a
 * peer said of its NICs and GPUs is used only where it can be true (rates of 0.1 to 10^5 Gbit/s),
 * else it counts as not known.
 */

#include <jansson.h>

#include "bench/measure/cell.h"
#include "bench/measure/roster.h"

/* Sets "ceiling_gbps", "ceiling_from" and "ceiling_at" of the entry of a cell, if it has
 * "bandwidth_gbps" and the path has a ceiling; else they stay. The MTU is the one in the entry's
 * "details", on which both sides agreed. */
void mcb_cell_ceiling_add(json_t *entry, const struct mcb_cell *cell,
                          const struct mcb_roster *roster);

#endif
