/* SPDX-License-Identifier: Apache-2.0 */
#include "bench/report/expectation_reference.h"

#include <stdlib.h>
#include <string.h>

#include "bench/measure/statistics.h"

double mcb_expectation_figure(const struct mcb_ledger_cell *cell, enum mcb_rule_figure figure)
{
    const double figures[MCB_RULE_FIGURES] = {
        [MCB_RULE_BANDWIDTH] = cell->figure,
        [MCB_RULE_BANDWIDTH_LOW] = cell->low,
        [MCB_RULE_MESSAGE_RATE] = cell->message_rate_mops,
        [MCB_RULE_LATENCY_MIN] = cell->latency.min_us,
        [MCB_RULE_LATENCY_P50] = cell->latency.p50_us,
        [MCB_RULE_LATENCY_P90] = cell->latency.p90_us,
        [MCB_RULE_LATENCY_P99] = cell->latency.p99_us,
        [MCB_RULE_LATENCY_P999] = cell->latency.p999_us,
        [MCB_RULE_LATENCY_MAX] = cell->latency.max_us,
        [MCB_RULE_LATENCY_MEAN] = cell->latency.mean_us,
        [MCB_RULE_GPU] = cell->figure,
    };
    return figures[figure];
}

/* ---- medians ---- */

double *mcb_expectation_medians(const struct mcb_ledger *ledger, enum mcb_rule_figure figure)
{
    double *medians = calloc(ledger->setting_count + 1, sizeof *medians);
    double *figures = calloc(ledger->cell_count + 1, sizeof *figures);
    if (!medians || !figures) {
        free(figures);
        free(medians);
        return NULL;
    }
    for (size_t at = 0; at < ledger->cell_count;) {
        uint32_t setting = ledger->cells[at].setting;
        size_t count = 0;
        for (; at < ledger->cell_count && ledger->cells[at].setting == setting; at++) {
            double value = mcb_expectation_figure(&ledger->cells[at], figure);
            if (ledger->cells[at].status == MCB_LEDGER_OK && value > 0)
                figures[count++] = value;
        }
        medians[setting] = mcb_statistics_median(figures, count);
    }
    free(figures);
    return medians;
}
