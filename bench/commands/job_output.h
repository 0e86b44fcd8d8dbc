/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MCB_BENCH_COMMANDS_JOB_OUTPUT_H
#define MCB_BENCH_COMMANDS_JOB_OUTPUT_H

/* Where the result of a job goes. */

#include "bench/plan/settings.h"
#include "common/fault.h"

enum { MCB_JOB_OUTPUT_MAX = 512 };

/* A place that cannot be written, or is that of another file of the job, is told before anybody
 * else is kept waiting. Faults: HOST_OUTPUT, USE_OPTION. */
int mcb_job_output_check(const struct mcb_settings *settings, struct mcb_error *error);

/* --output, else a name that says what, where and when, in made; NULL: to standard output only. */
const char *mcb_job_output_path(const struct mcb_settings *settings, const char *command,
                                const char *host, char made[MCB_JOB_OUTPUT_MAX]);

#endif
