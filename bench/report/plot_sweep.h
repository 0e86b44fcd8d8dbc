/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MCB_BENCH_REPORT_PLOT_SWEEP_H
#define MCB_BENCH_REPORT_PLOT_SWEEP_H

/* Settings that differ in their size at most belong together: a sweep over sizes. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "bench/report/ledger.h"

struct mcb_plot_sweep {
    const uint32_t *settings; /* by size, MCB_SIZES_MAX at most; of the same size (with other bytes
                                 inline) only one */
    size_t count;
};

struct mcb_plot_sweeps {
    uint32_t *settings;
    struct mcb_plot_sweep *list; /* in the order in which they begin */
    size_t count;
    bool *stands; /* by setting: it stands for its sweep where one matrix is enough, as it has the
                     largest size; of latency the smallest */
};

/* Settings without cells are in none. Fault: HOST_MEMORY. Free with mcb_plot_sweeps_release(). */
int mcb_plot_sweeps_make(const struct mcb_ledger *ledger, struct mcb_plot_sweeps *sweeps,
                         struct mcb_error *error);
void mcb_plot_sweeps_release(struct mcb_plot_sweeps *sweeps);

#endif
