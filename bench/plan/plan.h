/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MCB_BENCH_PLAN_PLAN_H
#define MCB_BENCH_PLAN_PLAN_H

/*
 * Which cells are measured, and in which rounds. Pure: the same roster and settings give the same
 * plan on every rank, without a word between them.
 *
 * Paths: alone, every endpoint to every endpoint of this host, itself included; in a job of several
 * ranks, every endpoint to every endpoint of the other ranks (both directions are paths of their
 * own); always from one that may be an initiator to one that may be a target. `rail` keeps the
 * paths between endpoints of equal position on their hosts, initiators counted among initiators and
 * targets among targets; `ring` those from an endpoint to the one of equal position on the next
 * rank (alone: to the next target); `affinity` those from every initiator to the one target of the
 * next rank (alone: of this host).
 *
 * Rounds: paths of one round share no NIC and no GPU, so that a figure is that of its own path. The
 * pairs of endpoints are put in the order of the circle method for round-robin tournaments (Kirkman
 * 1847: with an even number E of players, players i and j < E-1 meet in round (i + j) mod (E - 1),
 * and i meets E-1 in round 2i mod (E - 1)), then each takes the first round in which all that it
 * uses is free. For all pairs of E endpoints with a NIC of its own each, that gives the least
 * possible number of rounds, 2(E-1)+1 with an even E and 2E with an odd one; four NICs alone: 16
 * paths in 7 rounds.
 *
 * Settings: bandwidth and latency run at the sizes given, else at 64 KiB and 8 B. A depth that was
 * not given is the largest power of two up to the default for which the messages in flight,
 * qps x depth x stride, stay within 32 MiB, but at least 2. Latency runs one message at a time, on
 * one queue pair, in one direction. A signalling interval never exceeds the depth.
 *
 * A plan is the rounds once for each cell setting, in the order measure, operation, size; orderings
 * of relaxed ordering follow each other directly within a round, so that off and on are measured
 * side by side; so do the routes to the memory of GPUs (--compare staged), within each ordering.
 * Paths between host memories, which other routes would only repeat, are measured on the direct one
 * alone, whatever the settings say; of their rounds the other routes leave them out.
 */

#include <stddef.h>
#include <stdint.h>

#include "bench/plan/endpoint_list.h"
#include "bench/plan/settings.h"

/* What one cell is measured under. */
struct mcb_cell_settings {
    enum mcb_operation operation;
    enum mcb_measure measure;
    uint64_t size_bytes;
    enum mcb_ordering ordering;
    enum mcb_route route;
    bool bidirectional;
    uint32_t qps, depth, signal_every, inline_bytes;
};

struct mcb_path {
    uint32_t initiator, target; /* indices of endpoints, over all ranks in rank order */
};

struct mcb_round {
    size_t first_path, path_count; /* in plan->paths */
    size_t settings;               /* in plan->settings */
};

struct mcb_plan {
    struct mcb_cell_settings *settings;
    size_t settings_count;
    struct mcb_path *paths; /* grouped by round; of a round, those with a GPU first */
    size_t path_count;
    size_t path_rounds;       /* rounds that the paths alone need */
    struct mcb_round *rounds; /* every round of every setting, in the order in which they run */
    size_t round_count;
    size_t cell_count; /* the paths of all rounds */
};

/* lists[rank]: the endpoints of each rank. Free with mcb_plan_release(). Faults:
 * HOST_MEMORY, USE_VALUE (no path at all, or too many: the detail says why). */
int mcb_plan_make(const struct mcb_settings *settings, const struct mcb_endpoint_list *lists,
                  size_t ranks, struct mcb_plan *plan, struct mcb_error *error);
void mcb_plan_release(struct mcb_plan *plan);

/* How long the plan takes: rounds x (warm-up + trials + set-up), an estimate. */
int64_t mcb_plan_duration_ns(const struct mcb_plan *plan, const struct mcb_settings *settings);

/* Largest message size of the plan, and the largest number of slots that any of its cells needs
 * with its size: the bytes that one area must hold. */
size_t mcb_plan_area_bytes(const struct mcb_plan *plan);

#endif
