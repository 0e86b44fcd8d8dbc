/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MCB_BENCH_COMMANDS_JOB_H
#define MCB_BENCH_COMMANDS_JOB_H

/*
 * A run from its options to its exit code, as the commands that measure share it: preflight, join,
 * plan, measure, merge, print.
 */

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

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

/* Joins the job of a peer that listens (HOST:PORT, "mcbench cpu --listen PORT") as its second rank,
 * and transfers 64 KiB messages, written and read, verified, between all NICs of both hosts. Prints
 * nothing but warnings, and writes no file. What variables of the environment say of NICs, ports
 * and GIDs holds. nics: own ones, A,B, NULL: all; timeout_ns: the longest wait for the peer.
 * *document: the result, a new reference, also of a job that broke off (its "status" and "fault"
 * say so). *stranger, with a failure: nothing came that mcbench says. Faults: those of a job. */
int mcb_job_transfer(const char *peer, const char *nics, int64_t timeout_ns, json_t **document,
                     bool *stranger, struct mcb_error *error);

#endif
