/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MCB_BENCH_REPORT_PLOT_BARS_H
#define MCB_BENCH_REPORT_PLOT_BARS_H

/*
 * Paths that were measured in two or three ways, as bars beside each other: the first way is held
 * against another one. The worst path is first; of many paths the median of all is above them, and
 * the best ones are left out. scripts/plot/bars.gp draws it.
 */

#include <stdbool.h>
#include <stddef.h>

#include "bench/report/plot_sheet.h"

enum { MCB_PLOT_WAYS = 3 };

/* Blocks of such a sheet. */
#define MCB_PLOT_BARS_BLOCKS                                                                       \
    "tic_lines frame sample_1 sample_2 sample_3 sample_4 sample_5 sample_6 bar_1 bar_2 bar_3 "     \
    "intervals ceilings failed skipped strokes crosses"

struct mcb_plot_bars_row {
    const struct mcb_ledger_cell *path;                 /* of the ledger: whose name it has */
    const struct mcb_ledger_cell *cells[MCB_PLOT_WAYS]; /* by way; NULL: not measured that way */
};

struct mcb_plot_bars {
    const struct mcb_ledger *ledger;
    const struct mcb_ledger_setting *setting;
    const char *title, *note;         /* clean; note "": none */
    const char *names[MCB_PLOT_WAYS]; /* "direct"; NULL: no such way */
    size_t against;                   /* the way that the first is held against */
    bool share;                       /* "97 % of host"; else "+3.1 %" */
    double far_below;                 /* less than this part of it is marked; of a latency more than
                                         its reciprocal */
    struct mcb_plot_bars_row *rows;   /* are sorted */
    size_t count;
};

/* Draws all of the sheet. */
void mcb_plot_bars_draw(struct mcb_plot_bars *bars, struct mcb_sheet *sheet);

#endif
