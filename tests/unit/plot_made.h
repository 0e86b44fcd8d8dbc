/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MCB_TESTS_PLOT_MADE_H
#define MCB_TESTS_PLOT_MADE_H

/* Pictures of ledgers, drawn by what stands for gnuplot (plot_helper.h). Included after cmocka.h.
 */

#include "bench/report/plot.h"
#include "common/clock.h"
#include "tests/unit/ledger_helper.h"
#include "tests/unit/plot_helper.h"

/* Makes the pictures of a kind (NULL: of all kinds) with a gnuplot that draws a word. Free with
 * mcb_plots_release(). */
static inline struct mcb_plots plot_made(const struct plot_folder *folder,
                                         const struct mcb_plot_input *input, const char *kind)
{
    const struct mcb_plot_options options = {
        .folder = folder->pictures, .kind = kind, .timeout_ns = 60 * MCB_NS_PER_S};
    struct mcb_plots plots;
    struct mcb_error error;
    plot_place_good_gnuplot(folder);
    if (mcb_plot_make(input, &options, &plots, &error) != 0)
        fail_msg("%s", error.detail);
    return plots;
}

/* Of one result, which it releases; returns how many there are. */
static inline size_t plot_made_of(const struct plot_folder *folder, json_t *document,
                                  const char *kind)
{
    struct mcb_ledger ledger;
    ledger_of(document, &ledger);
    struct mcb_plots plots =
        plot_made(folder, &(struct mcb_plot_input){.ledgers = &ledger, .ledger_count = 1}, kind);
    size_t count = plots.count;
    mcb_plots_release(&plots);
    mcb_ledger_release(&ledger);
    return count;
}

#endif
