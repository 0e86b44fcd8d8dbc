/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MCB_BENCH_REPORT_RESULT_H
#define MCB_BENCH_REPORT_RESULT_H

/*
 * The result document (results/schema/mcbench-result.schema.json) while it is being made, and read
 * back.
 *
 * From open() on, everything that is added is also in the journal "<path>.journal" (JSON lines: the
 * head, then one cell or warning a line, flushed to the kernel each), so that even kill -9 loses
 * nothing; close() writes the document through a temporary name and removes the journal. load()
 * reads both kinds. A journal that a killed run left is kept as "<path>.journal.old"; one that a
 * running mcbench writes is a fault. A path that is a stream (common/file.h) has no journal, and is
 * held open from open() on: a pipe that nobody reads is found out before anything is measured.
 */

#include <jansson.h>
#include <stdbool.h>

#include "common/fault.h"

struct mcb_result;

/* head: every member of the document but "cells", "status", "fault", "finished" and "warnings"; its
 * reference is taken, also on failure. path NULL: no file and no journal is written. Faults:
 * HOST_OUTPUT. */
int mcb_result_open(const char *path, json_t *head, struct mcb_result **result,
                    struct mcb_error *error);

/* Adds a cell (reference taken) and journals it. */
int mcb_result_add(struct mcb_result *result, json_t *cell, struct mcb_error *error);

/* A sentence for the "warnings" of the document; a sentence that is there already is not added
 * again. */
void mcb_result_warn(struct mcb_result *result, const char *text);

/* Sets "status" ("complete", "interrupted" or "failed"), "fault" (fault->code MCB_FAULT_NONE: null)
 * and "finished". */
void mcb_result_finish(struct mcb_result *result, const char *status,
                       const struct mcb_error *fault);

/* The document so far. Borrowed. */
json_t *mcb_result_document(const struct mcb_result *result);

/* Writes the document (unless path was NULL or `keep` is false), removes the journal, frees. If it
 * cannot be written, the journal stays and the detail names it. NULL is fine. */
int mcb_result_close(struct mcb_result *result, bool keep, struct mcb_error *error);

/* Holds a document, or one cell, against its schema: members, types, ranges, lengths, the figures
 * of a cell that is ok, the fault of one that is not. what: how the detail names it ("run.json", "a
 * peer's cell"). Fault: the given one, with what is wrong and where. */
int mcb_result_check(const json_t *document, const char *what, enum mcb_fault_code fault,
                     struct mcb_error *error);
int mcb_result_check_cell(const json_t *cell, const char *what, enum mcb_fault_code fault,
                          struct mcb_error *error);

/* The same for what is in "cells" of a document, at that place of it, so that the whole need not be
 * in memory: "run.json: cells[17].qps: a whole number was expected". */
int mcb_result_check_cell_at(json_t *cell, size_t index, const char *what,
                             enum mcb_fault_code fault, struct mcb_error *error);

/* The same for what a rank tells: the facts of a NIC and those of a GPU (an entry of "nics", of
 * "gpus"), to which no others may be added; and of an endpoint, once it has been opened, "memory",
 * "bounce", "registration" and "placement", among others. */
int mcb_result_check_facts(const json_t *facts, const char *what, enum mcb_fault_code fault,
                           struct mcb_error *error);
int mcb_result_check_gpu(const json_t *entry, const char *what, enum mcb_fault_code fault,
                         struct mcb_error *error);
int mcb_result_check_opened(const json_t *entry, const char *what, enum mcb_fault_code fault,
                            struct mcb_error *error);

/* The same for what a side tells of its cell: "corruption", "relaxed_ordering". */
int mcb_result_check_corruption(const json_t *corruption, const char *what,
                                enum mcb_fault_code fault, struct mcb_error *error);
int mcb_result_check_ordering(const json_t *ordering, const char *what, enum mcb_fault_code fault,
                              struct mcb_error *error);

/* The same for what a rank tells of one end of a cell (bench/measure/cell_sides.h). */
int mcb_result_check_end(const json_t *end, const char *what, enum mcb_fault_code fault,
                         struct mcb_error *error);

/* True if a GPU of the document is the stand-in that tests use: nothing in it is a measurement of
 * hardware, and no comparison may take it for one. */
bool mcb_result_is_stand_in(const json_t *document);

/* Reads a result document or a journal (its status is then "interrupted") and checks it; up to 1
 * GiB of file, or of a pipe until its end.
 * New reference; NULL and USE_FILE, with what is wrong and where ("cells[17].bandwidth_gbps.median:
 * a number was expected"); RUN_INTERRUPTED while it waited for a pipe, HOST_MEMORY. */
json_t *mcb_result_load(const char *path, struct mcb_error *error);

#endif
