/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MCB_BENCH_REPORT_COMPARISON_SUITES_H
#define MCB_BENCH_REPORT_COMPARISON_SUITES_H

/*
 * The rows of a comparison as test cases, by setting.
 *
 * A setting of the new result and one of a baseline that are alike in everything are one suite; a
 * baseline's own setting has a suite if it has rows. Suites have the order of the new result's
 * settings, then of the baselines'; rows within one keep the comparison's.
 */

#include <stddef.h>
#include <stdint.h>

#include "bench/report/comparison.h"
#include "common/fault.h"

enum mcb_case {
    MCB_CASE_PASSED,
    MCB_CASE_FAILURE, /* a regression */
    MCB_CASE_ERROR,   /* failed, and is no regression: it did so before, or is new */
    MCB_CASE_SKIPPED, /* not compared, or missing and allowed to */
    MCB_CASES
};

struct mcb_comparison_suite {
    const struct mcb_ledger *ledger; /* whose label of the setting it has */
    uint32_t setting;
    size_t first, count; /* in mcb_comparison_suites.rows */
    size_t cases[MCB_CASES];
};

struct mcb_comparison_suites {
    struct mcb_comparison_suite *list;
    size_t count;
    uint32_t *rows;  /* numbers of rows, suite by suite */
    uint32_t *alike; /* of each row: how many cells before it have its setting and path (rule 10 of
                        results/README.md) */
    size_t cases[MCB_CASES]; /* over all suites */
};

/* Fault: HOST_MEMORY. */
int mcb_comparison_suites_make(const struct mcb_comparison *comparison,
                               struct mcb_comparison_suites *suites, struct mcb_error *error);
void mcb_comparison_suites_release(struct mcb_comparison_suites *suites);

enum mcb_case mcb_comparison_case(const struct mcb_comparison *comparison,
                                  const struct mcb_comparison_row *row);

#endif
