/* SPDX-License-Identifier: Apache-2.0 */
#include "bench/commands/expect_options.h"

#include <stdlib.h>

static int read_rules(const char *text, struct mcb_rules **rules, struct mcb_error *error)
{
    struct mcb_rules *read = calloc(1, sizeof *read);
    if (!read)
        return mcb_error_set(error, MCB_FAULT_HOST_MEMORY, "--expect: no memory for rules");
    if (mcb_rules_parse(text, "--expect", read, error) != 0) {
        free(read);
        return -1;
    }
    *rules = read;
    return 0;
}

int mcb_expect_options_read(const char *rules, const char *file, struct mcb_expect_options *options,
                            struct mcb_error *error)
{
    struct mcb_expect_options read = {NULL, NULL};
    if (rules && read_rules(rules, &read.rules, error) != 0)
        return -1;
    if (file && !(read.file = mcb_rules_read_file(file, error))) {
        mcb_expect_options_release(&read);
        return -1;
    }
    *options = read;
    return 0;
}

void mcb_expect_options_release(struct mcb_expect_options *options)
{
    json_decref(options->file);
    free(options->rules);
    *options = (struct mcb_expect_options){NULL, NULL};
}

bool mcb_expect_options_given(const struct mcb_expect_options *options)
{
    return options->rules || options->file;
}

int mcb_expect_options_judge(const struct mcb_expect_options *options,
                             const struct mcb_ledger *ledger, struct mcb_expectations *expectations,
                             struct mcb_error *error)
{
    return mcb_expect_options_given(options)
               ? mcb_expectations_make(ledger, options->rules, options->file, expectations, error)
               : mcb_expectations_of_result(ledger, expectations, error);
}
