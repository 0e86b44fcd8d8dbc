/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MCB_BENCH_COMMANDS_ARGUMENTS_H
#define MCB_BENCH_COMMANDS_ARGUMENTS_H

/*
 * The command line, and what is said about it: --help, man pages and shell completion, all from the
 * table of settings and the table of commands.
 */

#include <jansson.h>
#include <stddef.h>
#include <stdio.h>

#include "bench/commands/commands.h"
#include "bench/plan/settings.h"
#include "common/fault.h"

/* Options of argv[1..] to values: "--name value", "--name=value", "--flag". A value that begins
 * with "--" is taken with '=' only. Next comes mcb_setting_values_read_environment(). Faults:
 * USE_OPTION, USE_VALUE. */
int mcb_arguments_parse(int argc, char **argv, struct mcb_setting_values *values,
                        struct mcb_error *error);

/* True if one of argv[1..] up to a "--" is "--help" or "-h". */
bool mcb_arguments_ask_help(int argc, char **argv);

/* ["mcbench", argv[0], argv[1], ...] as the result document holds it: credentials in URLs are
 * replaced by "***", what is not UTF-8 by "?". New reference. */
json_t *mcb_arguments_command_line(int argc, char **argv);

/* Help of one command, at most 100 columns wide: usage, examples, options by group with default and
 * [variable], variables of the environment, exit codes. */
void mcb_arguments_print_help(FILE *stream, const struct mcb_command *command);

/* Help of the program: its commands. */
void mcb_arguments_print_overview(FILE *stream, const struct mcb_command *commands, size_t count);

/* Man page (roff, section 1) of one command, and of the program. The same input gives the same
 * bytes: there is no date in them. */
void mcb_arguments_print_man(FILE *stream, const struct mcb_command *command);
void mcb_arguments_print_man_overview(FILE *stream, const struct mcb_command *commands,
                                      size_t count);

/* Completion for bash. */
void mcb_arguments_print_completion(FILE *stream, const struct mcb_command *commands, size_t count);

#endif
