/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MCB_BENCH_REPORT_COMPARISON_MATCH_H
#define MCB_BENCH_REPORT_COMPARISON_MATCH_H

/*
 * Which cell of a result is which of each baseline: by what is measured (operation, measure, size,
 * directions, route, requested ordering) and by the path, hosts matched as environment.h does.
 * Cells of one document that are alike in all of that (results/README.md, rule 10) are matched in
 * their order in it. By sorting: 100,000 cells take some tens of milliseconds a baseline.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "bench/report/environment_hosts.h"
#include "bench/report/ledger.h"
#include "common/fault.h"

/* One baseline beside the new result. */
struct mcb_match {
    uint32_t *before; /* of each cell of the new one the baseline's, or MCB_LEDGER_NONE */
    bool *taken;      /* of each cell of the baseline: it is one of them */
    bool *measured;   /* of each thing that is measured: the baseline has a cell of it */
    struct mcb_host_pairs hosts;
};

struct mcb_matches {
    struct mcb_match *list; /* of each baseline */
    size_t count;
    uint32_t **things; /* of each setting of each baseline, then of the new one: the number of what
                          is measured */
    size_t thing_count;
    bool *measured; /* likewise of the new one */
};

/* The ledgers outlive the matches. Fault: HOST_MEMORY. */
int mcb_matches_make(const struct mcb_ledger *baselines, size_t count,
                     const struct mcb_ledger *after, bool by_rank, struct mcb_matches *matches,
                     struct mcb_error *error);
void mcb_matches_release(struct mcb_matches *matches);

#endif
