/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MCB_BENCH_REPORT_TREND_WORDS_H
#define MCB_BENCH_REPORT_TREND_WORDS_H

/* What the forms of a comparison say of changes with time, in the same words. Clean (text.h). */

#include <stddef.h>

#include "bench/report/history.h"
#include "bench/report/ledger.h"

/* How many paths changed. */
size_t mcb_trends_changed(const struct mcb_trends *trends);

/* "path", "cells": as mcb_comparison_noun(). */
const char *mcb_trends_noun(const struct mcb_trends *trends, size_t count);

/* The cell of the newest run that has the path, and its ledger. */
const struct mcb_ledger_cell *mcb_trend_cell(const struct mcb_trends *trends,
                                             const struct mcb_trend *trend,
                                             const struct mcb_ledger **ledger);

/* The run with the first figure of the new level. */
const struct mcb_ledger *mcb_trend_change_run(const struct mcb_trends *trends,
                                              const struct mcb_trend *trend,
                                              const struct mcb_trend_change *change);

/* "380.1 → 341.8 Gbit/s, -10.1 %, p < 0.001". Returns text. */
enum { MCB_TREND_LEVELS_MAX = 160 };
char *mcb_trend_levels(const struct mcb_trend_change *change, const char *unit,
                       char text[MCB_TREND_LEVELS_MAX]);

/* "kernel 6.1.0 → 6.2.0 (n1); driver 580.65 → 580.82 (n1/cuda:0 and 7 more)": the first few, and
 * how many more there are; "nothing that is known" if there are none. Returns text. */
enum { MCB_TREND_CAUSES_MAX = 2048 };
char *mcb_trend_causes(const struct mcb_differences *differences, char text[MCB_TREND_CAUSES_MAX]);

#endif
