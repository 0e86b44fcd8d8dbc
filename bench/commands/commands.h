/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MCB_BENCH_COMMANDS_COMMANDS_H
#define MCB_BENCH_COMMANDS_COMMANDS_H

/*
 * What a command is, and how the program finds the one that was asked for.
 *
 * A new command is one file with its function and its options, their line below and a row in
 * main.c's table; --help, man page and shell completion come from the row.
 */

#include <stdbool.h>
#include <stddef.h>

#include "bench/commands/options.h"
#include "common/fault.h"

struct mcb_command_example {
    const char *words; /* "mcbench cpu --verify"; NULL ends a list */
    const char *meaning;
};

/* A setting whose default is the command's own. */
struct mcb_command_default {
    const char *name, *text; /* "memory", "cuda"; name NULL ends a list */
};

/* What an exit code means of one command. */
struct mcb_command_exit {
    const char *code, *meaning; /* "1", "there is a warning"; code NULL ends a list */
};

struct mcb_command {
    const char *name;
    const char *usage;   /* what follows the name: "[options]", "RESULT..." */
    const char *purpose; /* one line in lower case, no full stop */
    const struct mcb_command_example *examples;
    /* Its own few options; NULL: they are the table of bench/plan/settings.h. */
    const struct mcb_options *options;
    const struct mcb_command_default *defaults; /* NULL: all are those of the table of settings */
    const struct mcb_command_exit *exits;       /* where they differ from others'; NULL: nowhere */
    /* argv[0] is the command's name; --help never gets here. Reports its own error and returns the
     * exit code. */
    int (*run)(int argc, char **argv);
};

/* Runs the command that argv[1] names, or answers --help, --version, "help [COMMAND]" and "docs
 * DIR" (which writes the man pages and the bash completion there, for the build). Standard streams
 * that are closed are taken by /dev/null first, so that nothing else gets their numbers. Returns
 * the exit code, and never that of success if what was printed did not arrive. */
int mcb_commands_run(const struct mcb_command *commands, size_t count, int argc, char **argv);

/* What was printed must have arrived: flushes stdout. Faults: HOST_OUTPUT, RUN_INTERRUPTED. */
int mcb_commands_finish_stdout(struct mcb_error *error);

int mcb_command_cpu(int argc, char **argv);
int mcb_command_gpu(int argc, char **argv);
int mcb_command_topo(int argc, char **argv);
int mcb_command_doctor(int argc, char **argv);
int mcb_command_explain(int argc, char **argv);
int mcb_command_show(int argc, char **argv);
int mcb_command_compare(int argc, char **argv);
int mcb_command_plot(int argc, char **argv);
int mcb_command_report(int argc, char **argv);
extern const struct mcb_options mcb_options_topo, mcb_options_doctor, mcb_options_explain,
    mcb_options_show, mcb_options_compare, mcb_options_plot, mcb_options_report;
extern const struct mcb_command_default mcb_defaults_gpu[];

#endif
