/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MCB_BENCH_REPORT_COMPARISON_H
#define MCB_BENCH_REPORT_COMPARISON_H

/*
 * A result held against one or several of before, cell by cell.
 *
 * Cells are matched by what they measure: path (hosts as environment.h matches them), operation,
 * measure, size, directions, route, requested ordering. A cell has changed only if its figure moved
 * by more than the tolerance *and* by more than noise explains (noise.h), corrected for the number
 * of cells. What cannot be compared is in the list with the reason, never left out.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "bench/report/environment.h"
#include "bench/report/ledger.h"
#include "common/fault.h"

/* In the order of weight: what is first is shown first. A cell that is ok with a figure of 0 moved
 * nothing, and counts as failed. */
enum mcb_change {
    MCB_CHANGE_BROKEN, /* was ok, failed now */
    MCB_CHANGE_SLOWER, /* less bandwidth, or more latency */
    MCB_CHANGE_GONE,   /* the setting was measured, this path was not: a NIC or GPU is missing */
    MCB_CHANGE_UNMEASURED, /* was ok, skipped or not there now: the run ended early */
    MCB_CHANGE_DIFFERENT,  /* other hardware, or another setting: not compared */
    MCB_CHANGE_FAILING,    /* failed before, or skipped both times, and is not ok now */
    MCB_CHANGE_FASTER,
    MCB_CHANGE_MENDED,    /* had failed, is ok */
    MCB_CHANGE_NEW,       /* not in a baseline, or skipped there */
    MCB_CHANGE_NOT_ASKED, /* the setting was not measured this time */
    MCB_CHANGE_UNCHANGED,
    MCB_CHANGES
};

struct mcb_comparison_options {
    double tolerance;     /* part of the figure: 0.05 */
    bool allow_missing;   /* GONE and UNMEASURED are no regression */
    bool across_hardware; /* other hardware is compared all the same, and named */
    bool by_rank;         /* of hosts */
};

struct mcb_comparison_row {
    enum mcb_change change;
    uint32_t before;      /* cell of the last baseline that has it ok, else that has it; or
                             MCB_LEDGER_NONE */
    uint32_t baseline;    /* which baseline that is */
    uint32_t after;       /* cell of the new ledger, or MCB_LEDGER_NONE */
    double before_figure; /* over all baselines the median of theirs; 0: none */
    double after_figure;  /* 0: none */
    double ratio;         /* after ÷ before; 0: not compared */
    double p;             /* of no change, corrected for many cells; 1: not compared */
    double visible;       /* the least loss that would have been told from noise here, as a part;
                             1: none */
    const char *why;      /* DIFFERENT: in what; "" else. Owned by the comparison, clean. */
};

struct mcb_comparison {
    const struct mcb_ledger *baselines, *after; /* borrowed; they outlive the comparison */
    size_t baseline_count;
    struct mcb_comparison_options options;
    struct mcb_comparison_row *rows; /* by change; SLOWER and FASTER by how much, worst first, then
                                        in the order of the new ledger, of the baselines */
    size_t row_count, counts[MCB_CHANGES];
    uint32_t *row_of; /* of each cell of the new ledger: for mcb_comparison_row_of() */
    size_t compared;  /* rows that were held against each other */
    size_t doubtful;  /* of those: mcb_comparison_is_doubtful() */
    double noise;     /* median over compared rows of what noise alone moves a figure by (one
                         standard deviation of the ratio), as a part */
    struct mcb_differences differences; /* of the last baseline and the new one */
    bool stand_in; /* a side has the stand-in GPU: no measurement of hardware */
    char **texts;  /* of why */
    size_t text_count;
};

/* baselines: in the order of time, at least one. Faults: USE_COMPARE (no cell in common, and what
 * would be right), RUN_INTERRUPTED, HOST_MEMORY. Free with mcb_comparison_release(). */
int mcb_comparison_make(const struct mcb_ledger *baselines, size_t baseline_count,
                        const struct mcb_ledger *after,
                        const struct mcb_comparison_options *options,
                        struct mcb_comparison *comparison, struct mcb_error *error);
void mcb_comparison_release(struct mcb_comparison *comparison);

/* "slower", "broken", ...: the word of documents and tables. */
const char *mcb_change_name(enum mcb_change change);

/* True of a row that turns CI red. */
bool mcb_comparison_is_regression(const struct mcb_comparison *comparison,
                                  const struct mcb_comparison_row *row);
size_t mcb_comparison_regressions(const struct mcb_comparison *comparison);

/* True of an unchanged row that says little: noise would hide a loss of twice the tolerance. */
bool mcb_comparison_is_doubtful(const struct mcb_comparison *comparison,
                                const struct mcb_comparison_row *row);

/* The cells of a row; NULL: there is none. */
const struct mcb_ledger_cell *mcb_comparison_before(const struct mcb_comparison *comparison,
                                                    const struct mcb_comparison_row *row);
const struct mcb_ledger_cell *mcb_comparison_after(const struct mcb_comparison *comparison,
                                                   const struct mcb_comparison_row *row);

/* The ledger that a row's labels come from, and the cell in it: the new one, else the baseline's.
 */
const struct mcb_ledger *mcb_comparison_ledger(const struct mcb_comparison *comparison,
                                               const struct mcb_comparison_row *row,
                                               const struct mcb_ledger_cell **cell);

/* The row of a cell of the new ledger, by its number there; NULL: there is none. */
const struct mcb_comparison_row *mcb_comparison_row_of(const struct mcb_comparison *comparison,
                                                       uint32_t after);

/* The fault of a regression: what the cell itself failed with, PERF_GONE, or PERF_REGRESSION
 * with both figures. False: the row is none. */
bool mcb_comparison_fault(const struct mcb_comparison *comparison,
                          const struct mcb_comparison_row *row, struct mcb_ledger_fault *fault,
                          char detail[MCB_ERROR_DETAIL_MAX], char fix[MCB_FAULT_FIX_MAX]);

#endif
