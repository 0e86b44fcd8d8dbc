/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MCB_TESTS_HISTORY_HELPER_H
#define MCB_TESTS_HISTORY_HELPER_H

/*
 * Runs of one machine, day by day, for tests. Included after cmocka.h.
 *
 *   struct runs runs;
 *   runs_begin(&runs, 12, &(struct ledger_plan){.nics = 4});
 *   runs_scale(&runs, 0, 6, 12, 0.9);         the first path loses a tenth with run 6
 *   ledger_set_host(runs.documents[6], 0, "kernel", json_string("6.2"));
 *   runs_end(&runs);                          documents become ledgers
 *   ...
 *   runs_release(&runs);
 *
 * Figures are about 100 Gbit/s, or µs, and scatter by 1 % from run to run, always the same way.
 */

#include <stdint.h>

#include "tests/unit/ledger_helper.h"
#include "tests/unit/random_helper.h"

enum { RUNS_MOST = 40 };

struct runs {
    json_t *documents[RUNS_MOST]; /* between begin and end */
    struct mcb_ledger ledgers[RUNS_MOST];
    const struct mcb_ledger *list[RUNS_MOST];
    size_t count;
};

/* context: the number of the run. */
static inline double runs_figure(size_t initiator, size_t target, size_t setting, size_t trial,
                                 void *context)
{
    struct random_numbers numbers =
        random_seed(((*(size_t *)context * 31 + setting) * 64 + initiator) * 64 + target);
    return 100 * exp(0.01 * random_normal(&numbers)) * (1 + 0.001 * ((double)trial - 2));
}

static inline json_t *runs_document(size_t run, const struct ledger_plan *plan)
{
    struct ledger_plan of_run = *plan;
    char started[64];
    snprintf(started, sizeof started, "2026-%02zu-%02zuT03:00:00Z", 1 + run / 28, 1 + run % 28);
    of_run.started = started;
    of_run.figure = plan->figure ? plan->figure : runs_figure;
    of_run.context = &run;
    return ledger_document(&of_run);
}

static inline void runs_begin(struct runs *runs, size_t count, const struct ledger_plan *plan)
{
    assert_true(count <= RUNS_MOST);
    *runs = (struct runs){.count = count};
    for (size_t run = 0; run < count; run++)
        runs->documents[run] = runs_document(run, plan);
}

/* All trials of a cell times that. */
static inline void runs_scale_cell(json_t *cell, double factor)
{
    const char *group = json_object_get(cell, "latency_us") ? "latency_us" : "bandwidth_gbps";
    json_t *list = json_object_get(json_object_get(cell, group), "trials"), *trial;
    double trials[1024];
    size_t i;
    json_array_foreach(list, i, trial) trials[i] = json_number_value(trial) * factor;
    ledger_set_trials(cell, trials, json_array_size(list));
}

static inline void runs_scale(struct runs *runs, size_t position, size_t first, size_t end,
                              double factor)
{
    for (size_t run = first; run < end; run++)
        runs_scale_cell(ledger_cell(runs->documents[run], position), factor);
}

static inline void runs_end(struct runs *runs)
{
    for (size_t run = 0; run < runs->count; run++) {
        ledger_of(runs->documents[run], &runs->ledgers[run]);
        runs->list[run] = &runs->ledgers[run];
    }
}

static inline void runs_release(struct runs *runs)
{
    for (size_t run = 0; run < runs->count; run++)
        mcb_ledger_release(&runs->ledgers[run]);
}

#endif
