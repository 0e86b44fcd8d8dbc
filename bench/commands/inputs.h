/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MCB_BENCH_COMMANDS_INPUTS_H
#define MCB_BENCH_COMMANDS_INPUTS_H

/*
 * What compare, plot and report are given: results, what they are held against, and their history.
 *
 * The newest result, by "started", is the one that counts. It is compared with `baselines`, or with
 * those that mcb_history_choose() takes from `history`, or not at all. Trends are made of the
 * history and the results, where these are two at least.
 */

#include <stdbool.h>
#include <stddef.h>

#include "bench/report/comparison.h"
#include "bench/report/history.h"
#include "bench/report/ledger.h"
#include "common/fault.h"

/* A file that the command will write. */
struct mcb_inputs_output {
    const char *option, *path; /* "junit"; path NULL: it was not asked for */
};

struct mcb_inputs_request {
    const char *const *results;
    size_t result_count; /* at least 1 */
    const char *const *baselines;
    size_t baseline_count; /* 0: none */
    const char *history;   /* a folder; NULL: none */
    const char *tolerance; /* "5" or "5%": of mcb_inputs_parse_tolerance(); NULL: 5 % */
    struct mcb_comparison_options comparison; /* its tolerance is set from the text */
    /* No two of them may be one file, and none a file that is read: that is found out before
     * anything is written. Streams (common/file.h) may be named twice. */
    const struct mcb_inputs_output *outputs;
    size_t output_count;
};

struct mcb_inputs {
    struct mcb_ledger *results; /* in the order of time */
    size_t result_count;
    struct mcb_ledger *baselines; /* what the newest result was held against */
    size_t baseline_count;
    bool baselines_of_history;  /* these are ledgers of `history`, which owns what they hold */
    struct mcb_history history; /* empty where there is none */
    const struct mcb_ledger *
        *timeline; /* history and results, in the order of time, each file once */
    size_t timeline_count;
    struct mcb_comparison comparison;
    bool compared;
    struct mcb_trends trends; /* over the timeline */
    bool has_trends;
};

/* Faults: those of what it calls, USE_VALUE, USE_OPTION (outputs, a baseline twice). Free with
 * mcb_inputs_release().
 */
int mcb_inputs_load(const struct mcb_inputs_request *request, struct mcb_inputs *inputs,
                    struct mcb_error *error);
void mcb_inputs_release(struct mcb_inputs *inputs);

/* "5", "5%", "0.5 %": per cent, 0 to 90; a part goes to *tolerance. Fault USE_VALUE. */
int mcb_inputs_parse_tolerance(const char *text, double *tolerance, struct mcb_error *error);

/* Warns of what in the history could not be read. */
void mcb_inputs_warn(const struct mcb_inputs *inputs);

/* True if both names lead to one file, which is there. */
bool mcb_inputs_is_same_file(const char *left, const char *right);

/* Also of files that are not there yet: the same name in the same folder. */
bool mcb_inputs_is_same_place(const char *left, const char *right);

#endif
