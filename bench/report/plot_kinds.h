/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MCB_BENCH_REPORT_PLOT_KINDS_H
#define MCB_BENCH_REPORT_PLOT_KINDS_H

/* The kinds of pictures: a function each, that makes sheets of the figures it finds and gives them
 * away; none of its figures being there is no error. */

#include <stdbool.h>

#include "bench/report/plot.h"
#include "bench/report/plot_sheet.h"

struct mcb_plot_run; /* plot.c: where the pictures go */

/* Writes a sheet, has it drawn, and releases it, also on failure. */
int mcb_plot_emit(struct mcb_plot_run *run, struct mcb_sheet *sheet, struct mcb_error *error);

/* True if there is a place for one more picture of this kind; if not, it is counted. */
bool mcb_plot_has_place(struct mcb_plot_run *run);

/* Counts a matrix that is too large. */
void mcb_plot_is_too_large(struct mcb_plot_run *run);

/* Number of the next sheet of this kind, from 1; whether the kind was asked for by name, and then
 * every picture is wanted. */
size_t mcb_plot_next(const struct mcb_plot_run *run);
bool mcb_plot_wants_all(const struct mcb_plot_run *run);

typedef int mcb_plot_make_kind(const struct mcb_plot_input *input, struct mcb_plot_run *run,
                               struct mcb_error *error);
mcb_plot_make_kind mcb_plot_heat, mcb_plot_change, mcb_plot_gpu, mcb_plot_size, mcb_plot_latency,
    mcb_plot_trend, mcb_plot_ordering;

/* The last result. */
static inline const struct mcb_ledger *mcb_plot_last(const struct mcb_plot_input *input)
{
    return &input->ledgers[input->ledger_count - 1];
}

/* As mcb_ledger_path_label(), with long names shortened. Returns label. */
char *mcb_plot_path_label(const struct mcb_ledger *ledger, const struct mcb_ledger_cell *cell,
                          char label[MCB_LEDGER_LABEL_MAX]);

static inline int mcb_plot_no_memory(struct mcb_error *error)
{
    return mcb_error_set(error, MCB_FAULT_HOST_MEMORY, "no memory for a picture");
}

#endif
