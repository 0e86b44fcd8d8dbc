/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MCB_BENCH_REPORT_PLOT_CHANGE_H
#define MCB_BENCH_REPORT_PLOT_CHANGE_H

/*
 * The rows of a comparison by the settings of the new result, with endpoints that have the gone
 * ones among them: those of the new result first come first, and endpoints of one host stay
 * neighbours.
 */

#include "bench/report/comparison.h"
#include "bench/report/pivot.h"

struct mcb_plot_change_cell {
    const struct mcb_comparison_row *row;
    uint32_t initiator, target; /* endpoints of all */
};

struct mcb_plot_changes {
    const struct mcb_comparison *comparison;
    struct mcb_pivot_endpoint *endpoints;
    size_t endpoint_count;
    struct mcb_plot_change_cell *cells; /* by setting, then in the order of the rows */
    size_t *first;                      /* [settings + 1] of the new result: where they begin */
};

/* Rows of settings that the new result has not are left out. Fault: HOST_MEMORY. Free with
 * mcb_plot_changes_release(). */
int mcb_plot_changes_make(const struct mcb_comparison *comparison, struct mcb_plot_changes *changes,
                          struct mcb_error *error);
void mcb_plot_changes_release(struct mcb_plot_changes *changes);

#endif
