/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MCB_BENCH_MEASURE_CELL_CEILING_H
#define MCB_BENCH_MEASURE_CELL_CEILING_H

/*
 * The ceiling of a cell's path (bench/topology/ceiling.h), from what the hosts of its two ends said
 * of their NICs in the roster.
 *
 * Every rank works out the ceilings of all cells itself; none is taken over from a peer. What a
 * peer said of its NICs is used only where it can be true (rates of 0.1 to 10^5 Gbit/s), else it
 * counts as not known.
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
