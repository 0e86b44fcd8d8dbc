/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MCB_BENCH_REPORT_PROMETHEUS_H
#define MCB_BENCH_REPORT_PROMETHEUS_H

/*
 * A result as Prometheus' text format (exposition format 0.0.4), for node_exporter's textfile
 * collector: all gauges, base units (bytes per second, seconds), one HELP and TYPE a name, samples
 * of a name together, label values escaped. No time stamps: the collector refuses them.
 */

#include "bench/report/comparison.h"
#include "bench/report/expectation.h"
#include "bench/report/ledger.h"
#include "common/fault.h"

/* To a file, through a temporary name and rename, so that the collector never sees half of it.
 * comparison: or NULL. expectations: NULL for those that the result itself has, where this program
 * can judge them. Faults: HOST_OUTPUT, HOST_MEMORY, RUN_INTERRUPTED. */
int mcb_prometheus_write(const char *path, const struct mcb_ledger *ledger,
                         const struct mcb_comparison *comparison,
                         const struct mcb_expectations *expectations, struct mcb_error *error);

#endif
