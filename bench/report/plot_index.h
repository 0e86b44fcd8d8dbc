/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MCB_BENCH_REPORT_PLOT_INDEX_H
#define MCB_BENCH_REPORT_PLOT_INDEX_H

/* Finds the setting of a result that is like another one but for its route or its ordering. */

#include <stddef.h>
#include <stdint.h>

#include "bench/report/ledger.h"

struct mcb_plot_index {
    const struct mcb_ledger *ledger;
    uint32_t *settings; /* sorted */
};

/* Fault: HOST_MEMORY. Free with mcb_plot_index_release(). */
int mcb_plot_index_make(const struct mcb_ledger *ledger, struct mcb_plot_index *index,
                        struct mcb_error *error);
void mcb_plot_index_release(struct mcb_plot_index *index);

/* like: may be of another result. NULL: there is none. */
const struct mcb_ledger_setting *mcb_plot_index_find(const struct mcb_plot_index *index,
                                                     const struct mcb_ledger_setting *like,
                                                     const char *route, const char *ordering);

#endif
