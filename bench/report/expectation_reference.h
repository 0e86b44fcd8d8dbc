/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MCB_BENCH_REPORT_EXPECTATION_REFERENCE_H
#define MCB_BENCH_REPORT_EXPECTATION_REFERENCE_H

/* What the figures of cells are held against. For expectation.c alone. */

#include <stddef.h>

#include "bench/plan/rule.h"
#include "bench/report/ledger.h"
#include "common/fault.h"

/* The figure of a cell, in the unit of the rule's figure; 0: it has none. */
double mcb_expectation_figure(const struct mcb_ledger_cell *cell, enum mcb_rule_figure figure);

/* The median of a figure over the cells of each setting that are ok, by the setting's number; 0:
 * none is. For free(); NULL without memory. */
double *mcb_expectation_medians(const struct mcb_ledger *ledger, enum mcb_rule_figure figure);

/* Cells between host memories, found by those of GPUs. */
struct mcb_expectation_hosts;

/* NULL without memory. */
struct mcb_expectation_hosts *mcb_expectation_hosts_make(const struct mcb_ledger *ledger);
void mcb_expectation_hosts_free(struct mcb_expectation_hosts *hosts);

/* The figure of host memory between the same NICs, under the same setting and ordering: that of the
 * same path on the route host; else of another path there; else of a cell with host memory at both
 * ends. Of several the best. 0: none was measured. */
double mcb_expectation_host_figure(const struct mcb_expectation_hosts *hosts,
                                   const struct mcb_ledger_cell *cell);

#endif
