/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MCB_BENCH_REPORT_LEDGER_BUILD_H
#define MCB_BENCH_REPORT_LEDGER_BUILD_H

/* A ledger while it is being made: cell by cell, and the head last, wherever it came in the file.
 */

#include <jansson.h>

#include "bench/report/ledger.h"

struct mcb_ledger_build;

/* NULL: no memory. */
struct mcb_ledger_build *mcb_ledger_build_open(void);

/* The next of "cells", which must fit the schema. It is not kept. Fault: HOST_MEMORY. */
int mcb_ledger_build_add(struct mcb_ledger_build *build, const json_t *cell,
                         struct mcb_error *error);

/* head: the document with "cells" empty, a good one; its reference is taken after success only.
 * path: copied; or NULL. The build is to be released all the same. Fault: HOST_MEMORY. */
int mcb_ledger_build_finish(struct mcb_ledger_build *build, const char *path, json_t *head,
                            struct mcb_ledger *ledger, struct mcb_error *error);

/* NULL is fine. */
void mcb_ledger_build_release(struct mcb_ledger_build *build);

#endif
