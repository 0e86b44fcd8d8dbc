/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MCB_BENCH_COMMANDS_ARGUMENTS_PAGES_H
#define MCB_BENCH_COMMANDS_ARGUMENTS_PAGES_H

/* What --help and the man pages say in the same words. */

#include <stdbool.h>
#include <stddef.h>

#include "bench/commands/commands.h"
#include "bench/plan/settings.h"

#define MCB_PROGRAM_PURPOSE                                                                        \
    "does every path between NICs work, and is it as fast as the hardware allows?"

#define MCB_VARIABLES_NOTE                                                                         \
    "A variable in [brackets], Mooncake's mostly, sets the default of its option; the option "     \
    "beats it. Sizes: 8, 64KiB, 1MiB (1024) or 64KB (1000). Times: 500ms, 1.5s, 2min."

/* The n-th exit code and what it means of a command (NULL: of the program); meaning NULL: the
 * command does not have it. False: there are no more. */
bool mcb_arguments_exit(const struct mcb_command *command, size_t n, struct mcb_command_exit *text);

/* A variable of the environment that is no option's. */
struct mcb_variable_text {
    const char *name, *meaning;
};

const struct mcb_variable_text *mcb_arguments_variables(size_t *count);

/* "--gid-index INDEX"; argument NULL: "--verify" */
const char *mcb_arguments_synopsis(const char *name, const char *argument, char *text, size_t size);

/* "-o, --output FILE" */
const char *mcb_arguments_own_synopsis(const struct mcb_option *row, char *text, size_t size);

/* The help text of a row with the command's default and its variables. */
const char *mcb_arguments_description(const struct mcb_command *command,
                                      const struct mcb_setting *row, char *text, size_t size);

#endif
