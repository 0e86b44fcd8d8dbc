/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MCB_BENCH_MEASURE_PHASE_H
#define MCB_BENCH_MEASURE_PHASE_H

/*
 * The two things that a phase of a round is made of: a step of this rank's own sides, and an
 * exchange of what came of it with the ranks of the other sides.
 *
 * In an exchange each side of a cell that is still alive sends an entry {"cell", "role", ...} to
 * the rank of the cell's other side, and one that has failed sends its fault instead: after it both
 * ranks agree on which cells go on. Of the faults of a cell's two sides it keeps the one that is
 * not merely a consequence of the other, also where that one comes later.
 */

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "bench/measure/cell.h"
#include "bench/measure/run.h"

/* Of a rank in one round, whose paths share no NIC: a path may lead from a NIC to itself. */
enum { MCB_ROUND_SIDES_MAX = 2 * MCB_NICS_MAX };

/* The part of a round that is this rank's: the cells of which it has at least one side. */
struct mcb_round_state {
    const struct mcb_run *run;
    size_t index;
    const struct mcb_round *round;
    const struct mcb_cell_settings *settings;
    int event_fd;
    struct mcb_cell *cells;
    size_t cell_count;
    struct mcb_active_side *sides;
    size_t side_count;
    size_t trial;       /* trials taken so far */
    uint64_t exchanges; /* so far */
    int64_t start_job_ns;
    int64_t busy_until_ns; /* no rank answers later than this plus the time-out */
};

/* What a phase adds to a side's entry, and what it takes from the other side's. */
struct mcb_phase {
    const char *name;
    void (*give)(const struct mcb_cell *cell, const struct mcb_active_side *side, json_t *entry);
    int (*take)(struct mcb_round_state *state, struct mcb_cell *cell, struct mcb_active_side *side,
                const json_t *entry, struct mcb_error *error);
};

/* The rank of a path's end. */
unsigned mcb_phase_rank_of(const struct mcb_run *run, const struct mcb_path *path,
                           enum mcb_role role);

/* True until either side has failed. */
static inline bool mcb_phase_alive(const struct mcb_cell *cell)
{
    return cell->fault.code == MCB_FAULT_NONE;
}

/* Runs a step on all sides of living cells, waits for them, and marks the cells whose side failed.
 * -1 only for what ends the job; the sides are then told to stop. */
int mcb_phase_step(struct mcb_round_state *state, enum mcb_step step, struct mcb_error *error);

/* Waits until every side has published what it sent (or ended); until every side has ended. */
int mcb_phase_wait_sent(struct mcb_round_state *state, struct mcb_error *error);
int mcb_phase_wait_ended(struct mcb_round_state *state, struct mcb_error *error);

/* Exchanges the phase's entries. Sets state->start_job_ns to the latest "now" of all ranks. */
int mcb_phase_exchange(struct mcb_round_state *state, const struct mcb_phase *phase,
                       struct mcb_error *error);

/* When an exchange is given up: the end of what any rank may be busy with, plus the time-out. */
int64_t mcb_phase_deadline_ns(const struct mcb_round_state *state);

#endif
