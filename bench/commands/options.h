/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MCB_BENCH_COMMANDS_OPTIONS_H
#define MCB_BENCH_COMMANDS_OPTIONS_H

/*
 * The options of a command that does not measure: one table, from which the command line is read,
 * the nearest name is suggested, and --help, man page and shell completion are made. Commands that
 * measure have the table of bench/plan/settings.h.
 */

#include <stddef.h>

#include "common/fault.h"

enum { MCB_OPTIONS_MAX = 32 }; /* rows of a table */

struct mcb_option {
    const char *name;  /* "from" for --from; NULL ends a table */
    const char *value; /* "FILE.xml", "text|json": what the help calls its value, and what the
                          completion offers; NULL: it takes none */
    const char *help;
    size_t offset; /* where it goes in the command's struct: to a bool, or, if it takes a value, to
                      a const char * */
    char letter;   /* 'o' for -o as well; '\0': there is none */
};

struct mcb_options {
    const struct mcb_option *table;
    /* Words that are no option: files. most 0: there are none. */
    struct {
        const char *names; /* "RESULT..." */
        size_t least, most;
        const char *rule; /* what is said where there are too few or too many of them */
    } words;
};

/* Options of argv[1..] to members of *values, which were false or NULL: "--name value",
 * "--name=value", "--flag", and by letter "-n value", "-nvalue", "-n=value", "-f". A value that
 * begins with "--" is taken with '=' only, and everything after "--" is a word. The words move to
 * argv[1], argv[2], ... in their order; their number goes to *word_count. argv[0]: the command's
 * name. Fault: USE_OPTION. */
int mcb_options_parse(const struct mcb_options *options, int argc, char **argv, void *values,
                      size_t *word_count, struct mcb_error *error);

#endif
