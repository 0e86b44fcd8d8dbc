/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MCB_BENCH_REPORT_COMPARISON_WORDS_H
#define MCB_BENCH_REPORT_COMPARISON_WORDS_H

/*
 * What all forms of a comparison say in the same words: of one row, and of all of them. Everything
 * here is clean (text.h), and still to be escaped for the language of a form.
 */

#include <stdbool.h>
#include <stddef.h>

#include "bench/report/comparison.h"
#include "common/text.h"

/* ---- rows ---- */

enum {
    MCB_COMPARISON_FIGURE_MAX = 48,
    MCB_COMPARISON_CHANGE_MAX = 32,
    MCB_COMPARISON_WHY_MAX = 1024
};

/* "376.2" → "341.8 Gbit/s"; "376.2 Gbit/s" → "failed"; "–" → "388.1 Gbit/s": of two figures only
 * the second has the unit. */
struct mcb_comparison_words {
    char path[MCB_LEDGER_LABEL_MAX];
    char before[MCB_COMPARISON_FIGURE_MAX], after[MCB_COMPARISON_FIGURE_MAX];
    char change[MCB_COMPARISON_CHANGE_MAX]; /* "-9.1 %"; "": not compared */
    char
        why[MCB_COMPARISON_WHY_MAX]; /* "p < 0.001", "NIC A → B", "MCB-RDMA-013 ..."; "": nothing */
};

void mcb_comparison_words(const struct mcb_comparison *comparison,
                          const struct mcb_comparison_row *row, struct mcb_comparison_words *words);

/* What the row was measured under. Returns label. */
char *mcb_comparison_setting(const struct mcb_comparison *comparison,
                             const struct mcb_comparison_row *row,
                             char label[MCB_LEDGER_LABEL_MAX]);

/* What a row failed with, also one that is no regression: that of the new cell, of the one before
 * if there is none. NULL: nothing. */
const struct mcb_ledger_fault *mcb_comparison_row_fault(const struct mcb_comparison *comparison,
                                                        const struct mcb_comparison_row *row);

/* "-9.1 %" of 0.909. Returns text. */
char *mcb_comparison_change_text(double ratio, char text[MCB_COMPARISON_CHANGE_MAX]);

/* "p < 0.001", "p = 0.004". Returns text. */
char *mcb_comparison_chance_text(double p, char text[MCB_TEXT_NUMBER_MAX]);

/* ---- all rows ---- */

/* A row's setting is not told by the others: some ledger has several. */
bool mcb_comparison_has_settings(const struct mcb_comparison *comparison);

/* "path", "paths"; "cell", "cells" where there are several settings. */
const char *mcb_comparison_noun(const struct mcb_comparison *comparison, size_t count);

enum { MCB_COMPARISON_SIDES_MAX = 512, MCB_COMPARISON_VERDICT_MAX = 320 };

/* "today.json (2026-11-22T09:14:02Z) against baseline.json (2026-11-20T08:00:00Z)". Returns text.
 */
char *mcb_comparison_sides(const struct mcb_comparison *comparison,
                           char text[MCB_COMPARISON_SIDES_MAX]);

/* "2 regressions: 1 slower, 1 gone", "no regression; 16 paths could not be compared". Returns
 * text. */
char *mcb_comparison_verdict(const struct mcb_comparison *comparison,
                             char text[MCB_COMPARISON_VERDICT_MAX]);

/* The regressions by what they fail with: each fault of the catalogue once, with the number of its
 * rows, in the order of the rows. Returns how many there are of `most`. A fault that is not in the
 * catalogue has the code NONE. */
struct mcb_comparison_count {
    enum mcb_fault_code code;
    size_t rows;
};
size_t mcb_comparison_faults(const struct mcb_comparison *comparison,
                             struct mcb_comparison_count *faults, size_t most);

#endif
