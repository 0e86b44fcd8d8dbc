/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MCB_BENCH_REPORT_PLOT_DIAGRAM_H
#define MCB_BENCH_REPORT_PLOT_DIAGRAM_H

/*
 * A diagram: axes within a canvas. What is drawn in it has the units of its axes
 * (scripts/plot/axes.gp sets them); tics, their lines and the legend stand on the canvas.
 */

#include "bench/report/plot_scale.h"
#include "bench/report/plot_sheet.h"

/* Lines have their ways of being drawn: colour, dashes, marks. */
enum { MCB_PLOT_LINES = 6 };

struct mcb_plot_diagram {
    double left, right, top, bottom; /* on the canvas */
    struct mcb_plot_scale x, y;      /* y grows upwards */
};

/* Blocks that diagrams draw, for mcb_sheet_begin(). */
#define MCB_PLOT_DIAGRAM_BLOCKS                                                                    \
    "tic_lines frame line_1 line_2 line_3 line_4 line_5 line_6 sample_1 sample_2 sample_3 "        \
    "sample_4 sample_5 sample_6 "

/* Where a value stands on the canvas. */
double mcb_plot_diagram_x(const struct mcb_plot_diagram *diagram, double value);
double mcb_plot_diagram_y(const struct mcb_plot_diagram *diagram, double value);

/* Hands the axes to the script. */
void mcb_plot_diagram_hand_over(const struct mcb_plot_diagram *diagram, struct mcb_sheet *sheet);

/* Does that, and draws their frame, and the tics of y with their unit above. */
void mcb_plot_diagram_lay(const struct mcb_plot_diagram *diagram, struct mcb_sheet *sheet,
                          const char *unit);

/* A tic of x with its text below. */
void mcb_plot_diagram_tic(const struct mcb_plot_diagram *diagram, struct mcb_sheet *sheet,
                          double value, const char *text);

/* The block of a line, 0 to MCB_PLOT_LINES - 1: rows of x, y. */
const char *mcb_plot_line_block(size_t line);

/* An entry of a legend: how the line is drawn, and a text. */
void mcb_plot_line_sample(struct mcb_sheet *sheet, size_t line, double x, double y,
                          const char *text);

#endif
