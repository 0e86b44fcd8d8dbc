/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MCB_BENCH_REPORT_COMPARISON_FORMS_H
#define MCB_BENCH_REPORT_COMPARISON_FORMS_H

/*
 * The forms in which a comparison is given away: for the screen, for a merge request, for CI, for
 * machines. Each cleans or escapes all text of the results for its own language.
 *
 * trends: when each path changed, over the runs of a history; NULL: there is none.
 */

#include <stdio.h>

#include "bench/report/canvas.h"
#include "bench/report/comparison.h"
#include "bench/report/history.h"
#include "common/fault.h"

/* What was held against what, the summary, the rows that changed (worst first, at most `most` of
 * each kind; 0: all rows), causes and fixes of regressions, what differs in the environment, the
 * trends, the verdict. */
void mcb_comparison_print(const struct mcb_canvas *canvas, const struct mcb_comparison *comparison,
                          const struct mcb_trends *trends, size_t most);

/* The paths that changed with time, those that got worst first, at most `most` of them (0: all):
 * when, from what level to what, and what differed then. */
void mcb_trends_print(const struct mcb_canvas *canvas, const struct mcb_trends *trends,
                      size_t most);

/* "256 paths: 254 unchanged, 1 slower, 1 new; tolerance 5 %, noise 0.6 %". Clean. Returns text. */
enum { MCB_COMPARISON_SENTENCE_MAX = 512 };
char *mcb_comparison_sentence(const struct mcb_comparison *comparison,
                              char text[MCB_COMPARISON_SENTENCE_MAX]);

/* Files, each written under a temporary name and renamed. Faults: HOST_OUTPUT, HOST_MEMORY,
 * RUN_INTERRUPTED. Markdown as GitHub and GitLab show it, of MCB_COMPARISON_MARKDOWN_MAX bytes at
 * most, as comments are limited; no text of a result becomes markup, a link or a mention. JUnit:
 * results/schema/mcbench-junit.xsd. */
enum { MCB_COMPARISON_MARKDOWN_MAX = 60000 };
int mcb_comparison_write_markdown(const char *path, const struct mcb_comparison *comparison,
                                  const struct mcb_trends *trends, struct mcb_error *error);
int mcb_comparison_write_junit(const char *path, const struct mcb_comparison *comparison,
                               struct mcb_error *error);

/* The document "mcbench-compare/1" (results/schema/mcbench-compare.schema.json), to a stream, row
 * by row. -1: it was not written whole. */
int mcb_comparison_print_json(FILE *out, const struct mcb_comparison *comparison,
                              const struct mcb_trends *trends);

#endif
