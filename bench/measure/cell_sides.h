/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MCB_BENCH_MEASURE_CELL_SIDES_H
#define MCB_BENCH_MEASURE_CELL_SIDES_H

/*
 * What the two ends of a cell know of themselves that helps where the cell went wrong: the counters
 * of their NICs that mean trouble, before and after the round, and how each end was addressed.
 *
 * Each rank tells of its own ends, once a round and outside of all trials:
 *   {"cell": 3, "role": 0, "counters": {"out_of_sequence": {"before": 1, "after": 9}, ...},
 *    "side": {"mtu_bytes", "qpn": [...], "mac", "address", "port"}}
 * without "counters" where none can be read, and without "side" where the cell did not fail. Who a
 * NIC is (name, port, GID, ...) every rank takes from the roster.
 */

#include <jansson.h>

#include "bench/measure/cell.h"
#include "rdma/counters.h"

/* Of a side's NIC, at this time. sysfs: "/sys". NULL without memory, which is no reason to fail.
 * The caller's: free(). */
struct mcb_counters *mcb_cell_sides_count(const struct mcb_active_side *side, const char *sysfs);

/* What this rank tells of the cell's end in that role, which is its own. New reference. */
json_t *mcb_cell_sides_tell(const struct mcb_cell *cell, enum mcb_role role, const char *sysfs);

/* Puts what was told of both ends (by role, checked with mcb_result_check_end(); NULL: nothing)
 * into the cell's entry, as "counters" and, of a cell that failed, "sides". */
void mcb_cell_sides_add(json_t *entry, const struct mcb_cell *cell, const struct mcb_roster *roster,
                        const json_t *const told[2]);

#endif
