/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MCB_BENCH_REPORT_PAGE_H
#define MCB_BENCH_REPORT_PAGE_H

/*
 * A report of one or several results as one HTML page that needs nothing else: no network, no other
 * file, and no scripts. Where these run they add sorting, arrow keys, and values on hover of
 * matrices that are too large for titles.
 *
 * Everything that comes from a result is escaped where it is written; the page forbids itself to
 * load anything (Content-Security-Policy).
 */

#include <stdbool.h>
#include <stddef.h>

#include "bench/report/comparison.h"
#include "bench/report/expectation.h"
#include "bench/report/history.h"
#include "bench/report/ledger.h"
#include "common/fault.h"

struct mcb_page_input {
    const struct mcb_ledger
        *ledgers; /* the results, in the order of time; the newest is reported */
    size_t ledger_count;
    const struct mcb_comparison *comparison;     /* of the newest; NULL: none */
    const struct mcb_expectations *expectations; /* of the newest; NULL: what its document says */
    const struct mcb_trends *trends;             /* NULL: fewer than two results */
};

/* To a file, through a temporary name and rename. Faults: HOST_OUTPUT, HOST_MEMORY,
 * RUN_INTERRUPTED. */
int mcb_page_write(const char *path, const struct mcb_page_input *input, struct mcb_error *error);

#endif
