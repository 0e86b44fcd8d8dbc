/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MCB_BENCH_DOCTOR_CATALOGUE_H
#define MCB_BENCH_DOCTOR_CATALOGUE_H

/*
 * The catalogue of faults (common/fault.h), as people and programs read it: one entry on a terminal
 * or as JSON, and all of them as a page of Markdown (FAULTS.md at the root of the project, which
 * `mcbench docs` writes).
 */

#include <jansson.h>
#include <stdio.h>

#include "bench/report/canvas.h"
#include "common/fault.h"

/* Prints one entry: id and title, causes, fix, texts, where to read more, exit code. Ends with a
 * newline; several entries want an empty line between them. code is not MCB_FAULT_NONE. */
void mcb_catalogue_print(const struct mcb_canvas *canvas, enum mcb_fault_code code);

/* One entry: {"id", "title", "exit_code", "causes": [text...], "fix": [{"command": text | null,
 * "remark": text | null}...], "texts": [text...], "more": [text...]}; a line of a fix has a
 * command, a remark or both. New reference; NULL: no memory. */
json_t *mcb_catalogue_to_json(enum mcb_fault_code code);

/* Prints the page of all faults as Markdown, by group in the order of the catalogue. */
void mcb_catalogue_print_page(FILE *stream);

#endif
