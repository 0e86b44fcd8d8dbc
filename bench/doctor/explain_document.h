/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MCB_BENCH_DOCTOR_EXPLAIN_DOCUMENT_H
#define MCB_BENCH_DOCTOR_EXPLAIN_DOCUMENT_H

/* What was found in logs, and entries of the catalogue, as the document "mcbench-explain/1"
 * (results/schema/mcbench-explain.schema.json). */

#include <jansson.h>
#include <stddef.h>

#include "bench/doctor/explain.h"
#include "common/fault.h"

/* explain: finished. New reference; NULL and HOST_MEMORY on failure. */
json_t *mcb_explain_document_make(const struct mcb_explain *explain, struct mcb_error *error);

/* Of entries of the catalogue. New reference; NULL and HOST_MEMORY on failure. */
json_t *mcb_explain_document_of_entries(const enum mcb_fault_code *codes, size_t count,
                                        struct mcb_error *error);

#endif
