/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MCB_BENCH_REPORT_PROGRESS_H
#define MCB_BENCH_REPORT_PROGRESS_H

/*
 * One line on stderr that says how far a run is:
 *
 *   [████████░░░░░░░░░░░░░░░░] round 4 of 7 · n1/mlx5_2 → n1/mlx5_0 · 387.4 Gbit/s · 23 s left
 *
 * The path and figure are those of the cell that was measured last. Drawn at most ten times a
 * second, and only on a terminal that can erase a line: elsewhere there is no progress, begin()
 * gives NULL, and every function does nothing with it. Whoever prints something else calls
 * mcb_progress_erase() before; common/log.h does its own erasing. For the coordinating thread only.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { MCB_PROGRESS_LINE_MAX = 1024 };

struct mcb_progress;

/* What one line is made of. */
struct mcb_progress_view {
    uint64_t round, rounds;
    const char *label, *value; /* "" where there is none; foreign text is cleaned */
    int64_t elapsed_ns, left_ns;
};

/* expected_ns: the plan's estimate of the whole. silent: --quiet, --json. NULL where nothing is
 * drawn. The caller's: mcb_progress_end(). */
struct mcb_progress *mcb_progress_begin(int64_t expected_ns, uint64_t rounds, bool silent);

/* Round `number` (from 1) begins. */
void mcb_progress_round(struct mcb_progress *progress, uint64_t number);

/* A cell was measured: its path and its figure ("387.4 Gbit/s"). */
void mcb_progress_cell(struct mcb_progress *progress, const char *label, const char *value);

/* Nothing new, but time has passed. */
void mcb_progress_tick(struct mcb_progress *progress);

/* Takes the line away; the next event draws it again. */
void mcb_progress_erase(struct mcb_progress *progress);

/* Takes the line away and frees. */
void mcb_progress_end(struct mcb_progress *progress);

/* Time to the end: that of the rounds done, extrapolated; before the first is done, what is left of
 * the estimate. done_elapsed_ns: time that the done rounds took. Never negative. */
int64_t mcb_progress_left_ns(int64_t expected_ns, uint64_t rounds, uint64_t done,
                             int64_t done_elapsed_ns, int64_t elapsed_ns);

/* The line in at most that many columns: what does not fit is given up in the order bar, value,
 * time left, end of the label. Returns line. */
char *mcb_progress_format(const struct mcb_progress_view *view, size_t columns,
                          char line[MCB_PROGRESS_LINE_MAX]);

#endif
