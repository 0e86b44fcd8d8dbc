/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MCB_BENCH_COMMANDS_JOB_SCREEN_H
#define MCB_BENCH_COMMANDS_JOB_SCREEN_H

/* What a job says to its user. Results go to stdout, everything else to stderr; --quiet leaves
 * warnings and errors, --json turns stdout into the document alone. */

#include <jansson.h>
#include <stddef.h>

#include "bench/doctor/preflight.h"
#include "bench/plan/endpoint_list.h"
#include "bench/plan/plan.h"
#include "bench/plan/settings.h"
#include "bench/report/expectation.h"
#include "bench/transport/transport.h"
#include "common/fault.h"

/* "mcbench 0.1.0 · cuda → cpu:1 · rdma · write · 64 KiB · 2 hosts, 4 NICs, 8 GPUs, 16 paths, 7
 * rounds · about 55 s". lists: the endpoints of each rank. */
void mcb_job_screen_title(const struct mcb_settings *settings, const struct mcb_plan *plan,
                          const char *transport, const char *because,
                          const struct mcb_endpoint_list *lists, unsigned ranks);

/* A check of the preflight; settings: struct mcb_settings, for --quiet. */
void mcb_job_screen_check(const char *name, enum mcb_verdict verdict, const char *evidence,
                          void *settings);

/* The plan of --dry-run: cells, rounds, duration, and what each round measures. list: the endpoints
 * of this host, whose NICs these are, and of every other rank too. */
void mcb_job_screen_plan(const struct mcb_settings *settings, const struct mcb_plan *plan,
                         const char *transport, const struct mcb_nic *nics,
                         const struct mcb_endpoint_list *list);

/* The tables and what came of expectations (there may be none), or the document with --json; and
 * where the file is (NULL: there is none). ledger: of the document; it is not looked at where
 * nothing was expected. Why a run ended that did not end well is left to mcb_log_error(). Faults:
 * HOST_OUTPUT, HOST_MEMORY. */
int mcb_job_screen_result(const struct mcb_settings *settings, const json_t *document,
                          const struct mcb_expectations *expectations,
                          const struct mcb_ledger *ledger, const char *path,
                          struct mcb_error *error);

#endif
