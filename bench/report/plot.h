/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MCB_BENCH_REPORT_PLOT_H
#define MCB_BENCH_REPORT_PLOT_H

/*
 * Plots of results by gnuplot: data files, one script a kind (scripts/plot/KIND.gp, part of the
 * program), and the pictures that gnuplot makes of them.
 *
 * A kind is a row of a table and its script: which figures it takes, and how they are written down.
 * Into the folder come NAME.dat, KIND.gp and NAME.svg (or .png), so that a picture can be made
 * again, or otherwise, by hand. Text of results stands in data files only, cleaned and quoted,
 * never in what gnuplot takes for code.
 */

#include <stddef.h>
#include <stdint.h>

#include "bench/report/comparison.h"
#include "bench/report/history.h"
#include "bench/report/ledger.h"
#include "common/fault.h"

enum mcb_plot_format { MCB_PLOT_SVG, MCB_PLOT_PNG };

struct mcb_plot_input {
    const struct mcb_ledger *ledgers; /* the results, in the order of time */
    size_t ledger_count;
    const struct mcb_comparison *comparison; /* of the newest; NULL: none */
    const struct mcb_trends *trends;         /* NULL: fewer than two results */
};

struct mcb_plot_options {
    const char *folder; /* made if it is not there */
    enum mcb_plot_format format;
    const char *kind;   /* only this one; NULL: all that the results have figures for */
    int64_t timeout_ns; /* of one call of gnuplot */
};

struct mcb_plot_made {
    char name[64];   /* "heat-1.svg" */
    char title[512]; /* clean */
};

enum { MCB_PLOT_ENDPOINTS_MOST = 2048 };

struct mcb_plots {
    struct mcb_plot_made *list;
    size_t count;
    size_t left_out;  /* pictures for which there is no place among so many */
    size_t too_large; /* matrices of more than MCB_PLOT_ENDPOINTS_MOST endpoints on a side */
};

/* Whether there is a kind of that name: heat (each matrix), gpu (memory of GPUs beside host
 * memory), size (bandwidth and latency over the size of messages), latency (percentiles), trend
 * (with time, and when a path changed), ordering (relaxed ordering on against off), change (since
 * the baseline). Fault: USE_VALUE. */
int mcb_plot_check_kind(const char *kind, struct mcb_error *error);

/* Makes them all: of each kind MCB_PLOT_USUAL at most, of a kind that was asked for MCB_PLOT_MOST.
 * Free with mcb_plots_release(). Faults: USE_VALUE (no such kind, no figures for it and which run
 * would have them, or matrices that are too large for a picture), HOST_OUTPUT, HOST_GNUPLOT
 * (missing, too old or failed; the data files and scripts are there), RUN_INTERRUPTED, HOST_MEMORY.
 */
enum { MCB_PLOT_USUAL = 12, MCB_PLOT_MOST = 200 };
int mcb_plot_make(const struct mcb_plot_input *input, const struct mcb_plot_options *options,
                  struct mcb_plots *plots, struct mcb_error *error);
void mcb_plots_release(struct mcb_plots *plots);

#endif
