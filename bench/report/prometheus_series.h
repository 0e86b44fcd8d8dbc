/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MCB_BENCH_REPORT_PROMETHEUS_SERIES_H
#define MCB_BENCH_REPORT_PROMETHEUS_SERIES_H

/*
 * What prometheus.c tells series apart by: labels, as text between the braces, each list of them
 * without two that are the same.
 *
 * Values are cleaned (text.h), then '\\' and '"' escaped; a label without a value is
 * left out, as Prometheus holds the two for the same. Where two series would have the same labels
 * (paths between bounce buffers of one name, hosts of one name), the second gets repeat="2".
 */

#include <jansson.h>
#include <stddef.h>
#include <stdint.h>

#include "bench/report/comparison.h"
#include "bench/report/expectation.h"
#include "bench/report/ledger.h"
#include "common/fault.h"

struct mcb_prometheus_list {
    char **labels;
    size_t count;
};

struct mcb_prometheus_series {
    struct mcb_prometheus_list run; /* one, of the versions */
    struct mcb_prometheus_list hosts, nics, gpus;
    struct mcb_prometheus_list cells;        /* one a cell of the ledger, in its order */
    struct mcb_prometheus_list expectations; /* one a rule */
    struct mcb_prometheus_list absent;       /* regressions that have no cell in the ledger */
};

/* comparison, expectations: or NULL. Fault: HOST_MEMORY. Free with
 * mcb_prometheus_series_release(). */
int mcb_prometheus_series_make(const struct mcb_ledger *ledger,
                               const struct mcb_comparison *comparison,
                               const struct mcb_expectations *expectations,
                               struct mcb_prometheus_series *series, struct mcb_error *error);
void mcb_prometheus_series_release(struct mcb_prometheus_series *series);

#endif
