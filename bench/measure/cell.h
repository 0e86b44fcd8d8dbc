/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MCB_BENCH_MEASURE_CELL_H
#define MCB_BENCH_MEASURE_CELL_H

/*
 * What is known of a cell: who and how (from the plan), and what came out (from its two sides).
 *
 * A cell's record is made by the initiator's rank; the other ranks receive the part that was
 * measured and put it on the part that they know themselves, so that a peer can never rename a
 * cell.
 */

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "bench/measure/active_side.h"
#include "bench/measure/roster.h"
#include "bench/plan/plan.h"
#include "common/fault.h"

struct mcb_cell {
    size_t number; /* settings * paths + path: the same on all ranks */
    const struct mcb_path *path;
    const struct mcb_cell_settings *settings;
    struct mcb_active_side *sides[2]; /* by role; NULL: on another rank */
    struct mcb_error fault;           /* of either side */
    uint64_t heard[2];                /* by role: the exchange in which it last had an entry */

    /* at the initiator's rank */
    double *rates_gbps, *rates_mops; /* a value per trial */
    size_t *trial_samples;           /* of a latency: how many samples each trial took */
    size_t trials;
    uint64_t *samples_ns; /* of all trials, in their order */
    size_t samples_most, samples;
    uint64_t verified_bytes, corrupt_bytes;
    json_t *corruption;             /* of the side that saw it first; owned */
    char visible_by[2][16];         /* by role: see struct mcb_active_side */
    json_t *facts[2], *ordering[2]; /* by role; owned */
};

/* What a side did in a task, as its peer is told. New reference. */
json_t *mcb_cell_outcome(const struct mcb_active_side *active);

/* What a side was to check after a task. */
struct mcb_cell_duty {
    uint64_t slots; /* 0: nothing */
    bool of_gpu;    /* it checks memory of a GPU, after this task or another one */
};

/* Adds the outcome of the side with that role (of this rank or, untrusted, of the peer) to the
 * trial's sums, and to the cell. Fault: NET_PROTOCOL, for what that side cannot have come to. */
struct mcb_cell_trial {
    double gbps, mops;
};
int mcb_cell_take_outcome(struct mcb_cell *cell, enum mcb_role role,
                          const struct mcb_cell_duty *duty, const json_t *outcome,
                          struct mcb_cell_trial *trial, struct mcb_error *error);

/* The cell's entry before anything is measured: identity and settings, status "skipped", no
 * figures. New reference. */
json_t *mcb_cell_identity(const struct mcb_cell *cell, const struct mcb_roster *roster,
                          size_t round, bool has_ordering);

/* The measured part, by the initiator's rank: status, fault, figures, method, registration,
 * orderings, verification. New reference. Sorts the samples. */
json_t *mcb_cell_measured(struct mcb_cell *cell, const char *registration);

/* True if an entry's path was to have relaxed ordering and has none, which shows in no figure; text
 * then says so. */
bool mcb_cell_missed_ordering(const json_t *entry, char text[512]);

/* Frees what the cell owns (sides excluded). */
void mcb_cell_release(struct mcb_cell *cell);

#endif
