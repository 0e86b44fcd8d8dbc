/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MCB_BENCH_REPORT_TABLE_H
#define MCB_BENCH_REPORT_TABLE_H

/*
 * A result document for a person: one matrix for each setting that was measured, what failed below
 * it with cause and fix, a line that sums it up; then, where they are there, relaxed ordering on
 * against off, GPU beside CPU (routes.h) and the measured nic_priority_matrix (affinity.h); where
 * to look first (suspects.h); the warnings, and why the run ended if it did not end well.
 */

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#include "common/fault.h"

struct mcb_table_options {
    size_t columns; /* width to keep to; 0: MCB_TEXT_COLUMNS_DEFAULT; at least 40 are used */
    bool colour;    /* mcb_text_terminal() knows whether it is wanted */
    bool live;      /* of a run that ended just now: why it did is on stderr, and not told again */
};

/* document: of mcb_result_load() or mcb_result_document(). A stream that cannot be written is for
 * the caller to find with ferror(). Fault: HOST_MEMORY. */
int mcb_table_print(FILE *out, const json_t *document, const struct mcb_table_options *options,
                    struct mcb_error *error);

#endif
