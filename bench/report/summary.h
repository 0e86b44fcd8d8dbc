/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MCB_BENCH_REPORT_SUMMARY_H
#define MCB_BENCH_REPORT_SUMMARY_H

/* What the cells of one setting say together. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "bench/report/pivot.h"

enum mcb_summary_effective {
    MCB_EFFECTIVE_OFF,
    MCB_EFFECTIVE_ON,
    MCB_EFFECTIVE_UNKNOWN,
    MCB_EFFECTIVES
};

enum { MCB_SUMMARY_METHODS_MAX = 4, MCB_SUMMARY_CEILINGS_MAX = 4 };

/* Cells whose ceilings look the same. */
struct mcb_summary_ceiling {
    double gbps;
    const char *from, *at; /* words of the document (results/README.md); "" if it has none */
    size_t cells;
};

struct mcb_summary {
    size_t ok, failed, skipped;
    bool latency;         /* the figures are p50 in microseconds, else median in Gbit/s */
    double median, worst; /* over the cells that are ok; 0 if none is */
    const struct mcb_pivot_cell *worst_cell; /* NULL: none is ok */
    bool worst_stands_out;                   /* mcb_summary_is_doubtful(worst) */
    double verified_bytes, corrupt_bytes;    /* over all cells */
    size_t trials_least, trials_most;        /* of a bandwidth cell */
    struct mcb_summary_ceiling ceilings[MCB_SUMMARY_CEILINGS_MAX]; /* of ok cells, those of most
                                                                      cells first */
    size_t ceiling_count;
    size_t ceiling_others;            /* ok cells with ceilings for which there was no room */
    size_t effective[MCB_EFFECTIVES]; /* cells by effective relaxed ordering */
    const char *methods[MCB_SUMMARY_METHODS_MAX]; /* distinct ones of ok cells; foreign text */
    size_t method_count;
};

/* "off", "on", "unknown". */
const char *mcb_summary_effective_name(enum mcb_summary_effective effective);

/* Fault: HOST_MEMORY. */
int mcb_summary_make(const struct mcb_pivot *pivot, const struct mcb_pivot_setting *setting,
                     struct mcb_summary *summary, struct mcb_error *error);

/* The figure of a cell by which it is compared: median bandwidth or p50. False if it is not ok. */
bool mcb_summary_figure(const json_t *cell, double *figure);

/* The figure of an ok cell: bandwidth as "388.1 ±0.4" (half its 95 % interval, where there were
 * several trials), p50 as "3.21". Returns text. */
enum { MCB_SUMMARY_FIGURE_MAX = 64 };
char *mcb_summary_figure_text(const json_t *cell, char text[MCB_SUMMARY_FIGURE_MAX]);

/* Clearly worse than the other cells: below 90 % of the median bandwidth, above 1.25 times the
 * median latency. */
bool mcb_summary_is_doubtful(const struct mcb_summary *summary, double figure);

#endif
