/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MCB_BENCH_REPORT_RESULT_READ_H
#define MCB_BENCH_REPORT_RESULT_READ_H

/* A result document or journal read cell by cell, so that none of them need be in memory together.
 */

#include <jansson.h>

#include "common/fault.h"

/* What becomes of the cells, in their order. Each fits the schema and is borrowed. An error ends
 * the reading. */
struct mcb_result_taker {
    int (*take)(void *context, json_t *cell, struct mcb_error *error);
    void *context;
};

/* Reads a file as mcb_result_load() does. Cells are given away before the rest of the document is
 * known to be good; what they became is to be dropped if this fails. The document with "cells"
 * empty; new reference. NULL: failed. Faults: USE_FILE, RUN_INTERRUPTED,
 * HOST_MEMORY, that of the taker. */
json_t *mcb_result_read(const char *path, const struct mcb_result_taker *taker,
                        struct mcb_error *error);

#endif
