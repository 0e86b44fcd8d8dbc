/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MCB_COMMON_WINDOW_H
#define MCB_COMMON_WINDOW_H

/*
 * What completed in a window, and how long the window was: the rule that every transport counts
 * bandwidth by. Pure; the caller reads the clock.
 *
 * A transport sees completions in batches, and a batch at an edge of the window belongs to it in
 * part. So the window is laid from batch to batch where that is possible, and silence is time:
 *
 *   opens   at the first batch at or after start_ns, which is not counted; if none comes within a
 *           quarter of the length asked for, at start_ns
 *   closes  at the first batch at or after end_ns, which is counted; if none comes within a quarter
 *           of the length, at end_ns
 *
 * Its length is hence 3/4 to 5/4 of what was asked for, always, and a trial in which nothing
 * completes is a window of the full length with 0 in it. The bytes are wrong by one batch at most:
 * between two batches they are exact; an opening at start_ns may take in a part of its first batch
 * that completed before, a closing at end_ns may leave out a part of the next, and the two errors
 * have opposite signs. For batches at even distances, the start anywhere between two, the mean over
 * many trials is 3 % too low at worst, however few fit in a window. (To open without a batch at the
 * end of the quarter, and not at its beginning, would give up to 29 % too much: only slow trials
 * have that silence to leave out.)
 *
 * A batch is all that had completed when the caller looked. A caller that takes it in several
 * pieces hands in their sum.
 */

#include <stdbool.h>
#include <stdint.h>

struct mcb_window {
    int64_t start_ns, end_ns; /* asked for */
    int64_t open_ns, close_ns;
    uint64_t counted; /* in the caller's unit */
    bool open, closed;
};

/* A window that is neither open nor closed. end_ns is not before start_ns. */
struct mcb_window mcb_window_make(int64_t start_ns, int64_t end_ns);

/* So much completed, seen at now_ns. Times never go back. */
void mcb_window_take(struct mcb_window *window, int64_t now_ns, uint64_t amount);

/* It is now_ns and nothing completed. A caller that ends when the window does must say so now and
 * then, as no batch may ever come. */
void mcb_window_pass(struct mcb_window *window, int64_t now_ns);

/* Nothing will complete any more, at whatever time that became known. */
void mcb_window_finish(struct mcb_window *window);

/* Of a closed window. */
int64_t mcb_window_length_ns(const struct mcb_window *window);

#endif
