/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MCB_BENCH_REPORT_COMPARISON_WHY_H
#define MCB_BENCH_REPORT_COMPARISON_WHY_H

/* Why two cells of the same name cannot be held against each other, and why two results cannot. */

#include <stdbool.h>
#include <stddef.h>

#include "bench/report/comparison.h"
#include "bench/report/comparison_match.h"

/* Reasons of hardware, of each endpoint of the new result; NULL in place of one: it is the same. */
struct mcb_reasons {
    char **of_endpoint;
    size_t count;
    char stand_in[MCB_DIFFERENCE_SENTENCE_MAX]; /* one of the two has the stand-in GPU; "": none, or
                                                   both */
};

/* Fault: HOST_MEMORY. */
int mcb_reasons_make(const struct mcb_ledger *before, const struct mcb_ledger *after,
                     const struct mcb_match *match, bool across_hardware,
                     struct mcb_reasons *reasons, struct mcb_error *error);
void mcb_reasons_release(struct mcb_reasons *reasons);

/* "qps 1 → 4, depth 128 → 64"; NULL: nothing keeps the cells from being compared. Clean. Borrowed
 * from the reasons, or written to why. */
const char *mcb_reason_of(const struct mcb_reasons *reasons, const struct mcb_ledger *before,
                          const struct mcb_ledger_cell *old, const struct mcb_ledger *after,
                          const struct mcb_ledger_cell *new, char why[MCB_DIFFERENCE_SENTENCE_MAX]);

/* The error of results without a cell in common: USE_COMPARE, with what each of them has. -1. */
int mcb_comparison_have_nothing(const struct mcb_ledger *before, const struct mcb_ledger *after,
                                struct mcb_error *error);

#endif
