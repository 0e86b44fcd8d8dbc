/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MCB_BENCH_REPORT_NOTES_H
#define MCB_BENCH_REPORT_NOTES_H

/*
 * Footnotes of a matrix: one for each distinct fault and detail of its failed and skipped cells,
 * lettered a to z. More than that are counted under one mark, "+".
 */

#include <jansson.h>
#include <stddef.h>

#include "bench/report/canvas.h"
#include "bench/report/pivot.h"

enum { MCB_NOTES_MAX = 26 };

struct mcb_note {
    const json_t *fault;
    const json_t *sides; /* of its first cell; NULL: not known */
    size_t cells;
};

struct mcb_notes {
    struct mcb_note notes[MCB_NOTES_MAX];
    size_t count;
    size_t more_cells;    /* cells whose fault has no note of its own */
    json_t *known;        /* fault id and detail to number */
    const json_t *ending; /* of the pivot */
};

/* Fault: HOST_MEMORY. Free with mcb_notes_release(). */
int mcb_notes_make(const struct mcb_pivot *pivot, const struct mcb_pivot_setting *setting,
                   struct mcb_notes *notes, struct mcb_error *error);
void mcb_notes_release(struct mcb_notes *notes);

/* The letter of a cell's fault, or '+'. */
char mcb_notes_mark(const struct mcb_notes *notes, const json_t *cell);

/* Letter, count of cells, id and detail of each; cause and fix, and the two sides of its first cell
 * side by side, below the first note of an id, unless the fault ended the run: then the end tells
 * them. */
void mcb_notes_print(const struct mcb_canvas *canvas, const struct mcb_notes *notes);

/* One fault: "<detail>  [ID]" from column `start` on, then cause and fix, indented; with_remedy
 * false: the first only. */
void mcb_notes_print_fault(const struct mcb_canvas *canvas, const json_t *fault, size_t start,
                           size_t indent, bool with_remedy);

#endif
