/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MCB_BENCH_COMMANDS_JOB_H
#define MCB_BENCH_COMMANDS_JOB_H

/*
 * A run from its options to its exit code, as the commands that measure share it: preflight, join,
 * plan, measure, merge, print.
 */

#include <stddef.h>

#include "bench/plan/settings.h"
#include "common/fault.h"

struct mcb_job_options {
    const char *command; /* "cpu": in the title and in the name of the result file */
    int argc;            /* the command line as it was given, for the result */
    char **argv;
    struct mcb_setting_values
        *values; /* options and variables; the ranks' agreement is merged in */
};

/* Carries the job out and prints everything that is to be said, errors included. Returns the exit
 * code. */
enum mcb_exit mcb_job_run(const struct mcb_job_options *options);

#endif
