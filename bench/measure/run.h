/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MCB_BENCH_MEASURE_RUN_H
#define MCB_BENCH_MEASURE_RUN_H

/*
 * Carries out a plan: round by round, all ranks in lock-step.
 *
 * A round goes through phases, each of which ends with an exchange between all ranks: open (queue
 * pairs; descriptions), connect, then for the warm-up and for every trial ready, sent, done; at
 * last record, by which every rank gets all cells of the round, so that whoever survives has
 * everything. With --verify a trial is followed by a lap in which every slot is transferred exactly
 * once; the target is poisoned before both and checked after both.
 *
 * A cell that fails is known as failed to both of its ranks after the phase in which it failed and
 * takes no part in later ones; the other cells go on. What ends the job (a dead peer, an
 * interruption) ends the run: the cells of the round under way and of all rounds to come are
 * recorded as failed or skipped with that fault.
 *
 * Before and after a round, outside of all trials, each rank reads the counters of its NICs
 * (rdma/counters.h). What rose is kept of cells that failed or are slow (bench/report/slow.h),
 * which is judged when all cells are known; then the document also gets its findings
 * (bench/report/suspects.h). The journal has the counters of all cells.
 *
 * Start of a trial: every rank proposes "now" on the job's clock, the latest plus a margin is T0,
 * the same for all cells of the round and for both directions of a bidirectional one.
 */

#include "bench/cluster/cluster.h"
#include "bench/measure/endpoints.h"
#include "bench/measure/roster.h"
#include "bench/plan/plan.h"
#include "bench/report/progress.h"
#include "bench/report/result.h"
#include "bench/topology/topology.h"
#include "common/fault.h"
#include "common/pci.h"

/* All borrowed. */
struct mcb_run {
    const struct mcb_settings *settings;
    const struct mcb_plan *plan;
    const struct mcb_transport *transport;
    const struct mcb_topology *topology;
    const struct mcb_endpoints *endpoints; /* of this rank */
    const struct mcb_roster *roster;
    struct mcb_cluster *cluster;
    struct mcb_result *result;
    struct mcb_progress *progress;
    const char *sysfs; /* where counters of NICs are read; NULL: MCB_SYSFS */
};

static inline const char *mcb_run_sysfs(const struct mcb_run *run)
{
    return run->sysfs ? run->sysfs : MCB_SYSFS;
}

struct mcb_run_tally {
    size_t ok, failed, corrupt, skipped;
    enum mcb_exit worst; /* of the failed cells' faults */
};

/* Returns 0 when every round ran (cells may have failed: see the tally), -1 and the fault when the
 * job ended early. In both cases every cell of the plan is in the result. */
int mcb_run_plan(const struct mcb_run *run, struct mcb_run_tally *tally, struct mcb_error *error);

#endif
