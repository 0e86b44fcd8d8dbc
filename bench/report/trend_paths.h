/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MCB_BENCH_REPORT_TREND_PATHS_H
#define MCB_BENCH_REPORT_TREND_PATHS_H

/*
 * Which cells of several runs are one path under one setting, so that their figures make one trend:
 * those that a comparison would hold against each other (comparison_match.h, comparison_why.h).
 *
 * From the newest run on, each cell that is of no path yet begins one, and takes what matches it in
 * every run before. So figures of other hardware, under another setting or by another method are a
 * path of their own, which ended when that changed, and the stand-in is never mixed with GPUs. A
 * cell that failed is of the path that it would have been a figure of.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "bench/report/ledger.h"
#include "common/fault.h"

struct mcb_trend_paths {
    uint32_t **of;    /* [run][cell]: numbers of paths, in the order of the cells of the newest run,
                         then of those that only earlier ones have */
    uint32_t *groups; /* of each path, ascending: those of one number began in one run under one
                         setting, so that their figures scatter alike */
    size_t count, run_count;
};

/* runs: in the order of time. by_rank: hosts are matched by rank, whatever their names. Fault:
 * HOST_MEMORY. */
int mcb_trend_paths_make(const struct mcb_ledger *const *runs, size_t run_count, bool by_rank,
                         struct mcb_trend_paths *paths, struct mcb_error *error);
void mcb_trend_paths_release(struct mcb_trend_paths *paths);

#endif
