/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MCB_BENCH_REPORT_PLOT_LINES_H
#define MCB_BENCH_REPORT_PLOT_LINES_H

/*
 * Figures of paths over something (sizes, percentiles) as lines in a diagram: up to MCB_PLOT_LINES
 * paths have one each; of more the median is drawn, the band in which all of them lie, and the
 * worst one. scripts/plot/lines.gp draws it.
 */

#include <stdbool.h>
#include <stddef.h>

#include "bench/report/plot_diagram.h"
#include "bench/report/plot_sheet.h"

/* Blocks of such a sheet. */
#define MCB_PLOT_LINES_BLOCKS                                                                      \
    MCB_PLOT_DIAGRAM_BLOCKS "band band_sample ceiling failed skipped strokes crosses"

struct mcb_plot_lines {
    const struct mcb_ledger *ledger;
    const double *steps; /* values of x, ascending */
    size_t step_count;
    size_t path_count;
    double *figures;                         /* [path * step_count + step]; 0: none */
    bool *failed;                            /* likewise: it was measured, and failed */
    const struct mcb_ledger_cell **examples; /* [path] a cell of it, for its name */
    bool less_is_better;
};

/* All empty. Fault: HOST_MEMORY. Free with mcb_plot_lines_release(). */
int mcb_plot_lines_make(const struct mcb_ledger *ledger, size_t path_count, const double *steps,
                        size_t step_count, struct mcb_plot_lines *lines, struct mcb_error *error);
void mcb_plot_lines_release(struct mcb_plot_lines *lines);

/* The least and the largest figure; false: there is none. */
bool mcb_plot_lines_span(const struct mcb_plot_lines *lines, double *least, double *most);

/* Draws the lines, and their legend from y on. Returns where it ends. */
double mcb_plot_lines_draw(const struct mcb_plot_lines *lines,
                           const struct mcb_plot_diagram *diagram, struct mcb_sheet *sheet,
                           double y);

#endif
