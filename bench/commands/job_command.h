/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MCB_BENCH_COMMANDS_JOB_COMMAND_H
#define MCB_BENCH_COMMANDS_JOB_COMMAND_H

/* What the commands that measure have in common: from a command line to a job. */

#include "bench/commands/commands.h"

/* argv[0] is the command's name; defaults as in its row. Returns the exit code. */
int mcb_job_command(int argc, char **argv, const struct mcb_command_default *defaults);

#endif
