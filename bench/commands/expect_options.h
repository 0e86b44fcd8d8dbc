/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MCB_BENCH_COMMANDS_EXPECT_OPTIONS_H
#define MCB_BENCH_COMMANDS_EXPECT_OPTIONS_H

/* --expect RULES and --expect-file FILE of commands that look at results of before. */

#include <jansson.h>
#include <stdbool.h>

#include "bench/plan/rule.h"
#include "bench/report/expectation.h"
#include "bench/report/ledger.h"
#include "common/fault.h"

struct mcb_expect_options {
    struct mcb_rules *rules; /* NULL: none were given; owned */
    json_t *file;            /* likewise */
};

/* The texts are those of the options, or NULL. Faults: USE_RULE, USE_FILE, HOST_MEMORY. Free with
 * mcb_expect_options_release(). */
int mcb_expect_options_read(const char *rules, const char *file, struct mcb_expect_options *options,
                            struct mcb_error *error);
void mcb_expect_options_release(struct mcb_expect_options *options);

/* True if there is something that results are to be held to. */
bool mcb_expect_options_given(const struct mcb_expect_options *options);

/* Holds a result to what was given; where nothing was, to its own rules (of which it may have
 * none). Faults: as of mcb_expectations_make(). */
int mcb_expect_options_judge(const struct mcb_expect_options *options,
                             const struct mcb_ledger *ledger, struct mcb_expectations *expectations,
                             struct mcb_error *error);

#endif
