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

#endif
