/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MCB_BENCH_COMMANDS_JOB_STATE_H
#define MCB_BENCH_COMMANDS_JOB_STATE_H

/*
 * A job while it is carried out, for the files of a job (job*.c) alone: each of them is a stretch
 * of its way, and leaves what the next one needs in the state.
 *
 *   prepare   this rank by itself: settings, GPUs, NICs, what it will tell the others, preflight
 *   join      the ranks together: settings agreed on, plan
 *   measure   endpoints opened and told, plan carried out, result
 *   judge     the result held against what was expected of it
 *
 * Faults of each: all that can befall a run.
 */

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

#include "bench/cluster/cluster.h"
#include "bench/commands/job.h"
#include "bench/measure/endpoints.h"
#include "bench/measure/roster.h"
#include "bench/measure/run.h"
#include "bench/plan/plan.h"
#include "bench/plan/settings.h"
#include "bench/report/expectation.h"
#include "bench/report/ledger.h"
#include "bench/report/progress.h"
#include "bench/report/result.h"
#include "bench/transport/transport.h"
#include "common/fault.h"

struct mcb_gpus;
struct mcb_topology;

/* Everything that a job holds; released in one place, in reverse order. */
struct mcb_job {
    const struct mcb_job_options *options;
    struct mcb_settings settings;
    struct mcb_topology *topology;
    const struct mcb_transport *transport;
    char because[256]; /* why this transport, if it was chosen */
    char address[256];
    struct mcb_gpus *gpus;
    struct mcb_error gpus_error; /* why there are none, where they were asked for */
    struct mcb_nic *nics;
    size_t nic_count;
    int memory_nodes[MCB_NICS_MAX];
    json_t *record; /* of this rank */
    struct mcb_endpoint_list expected_list;
    struct mcb_plan expected_plan;
    bool preflighted; /* what came of the checks has been said */
    struct mcb_cluster *cluster;
    struct mcb_roster roster;
    struct mcb_plan plan;
    struct mcb_endpoints endpoints;
    json_t *warnings; /* from before there is a result to put them into */
    struct mcb_result *result;
    struct mcb_progress *progress;
    struct mcb_run_tally tally;
    struct mcb_ledger ledger; /* of the result, if something is to be done with it; else empty */
    struct mcb_expectations expectations; /* what came of them; empty: nothing was expected */
};

/* An empty one; options are borrowed. Signals set the interrupt flag from now on. */
void mcb_job_start(struct mcb_job *job, const struct mcb_job_options *options);

/* Up to NICs and record; then what is to be known before anybody is met. */
int mcb_job_prepare(struct mcb_job *job, struct mcb_error *error);
int mcb_job_check(struct mcb_job *job, struct mcb_error *error);

int mcb_job_join(struct mcb_job *job, struct mcb_error *error);

/* path: of the result file, or NULL. Where job->result is there afterwards, mcb_result_finish() has
 * not been called. */
int mcb_job_measure(struct mcb_job *job, const char *path, struct mcb_error *error);

/* Tells the result how the job ended. */
void mcb_job_finish(struct mcb_job *job, int status, const struct mcb_error *failure);

/* Whether the rules for machine types are for these hosts (entries of "hosts"; takes the
 * reference), before anything is measured. Fault: USE_RULE. */
int mcb_job_check_rules(const struct mcb_job *job, json_t *hosts, struct mcb_error *error);

/* What was measured, as far as the run came, held against what was expected: in the document too.
 * Every rank that knows rules does so, and of --expect all do: they come to the same verdict.
 * Fault: HOST_MEMORY. */
int mcb_job_judge(struct mcb_job *job, struct mcb_error *error);

/* The result, judged, in a file for Prometheus, if that was asked for. Faults: HOST_OUTPUT,
 * HOST_MEMORY, RUN_INTERRUPTED. */
int mcb_job_tell_prometheus(const struct mcb_job *job, struct mcb_error *error);

/* Everything but the result. */
void mcb_job_release(struct mcb_job *job);

/* ---- what the stretches share ---- */

bool mcb_job_is_alone(const struct mcb_settings *settings);

/* Faults: those of mcb_job_check_memories(). */
int mcb_job_check_own_memories(const struct mcb_job *job, struct mcb_error *error);

/* The address for the data paths; NULL: each NIC's own. */
const char *mcb_job_own_address(const struct mcb_job *job);

/* The endpoints of this rank. */
const struct mcb_endpoint_list *mcb_job_own_list(const struct mcb_job *job);

/* The endpoints of this host and their plan, in a job of several with peers like it: for what must
 * be known before anybody has joined. */
int mcb_job_expect(struct mcb_job *job, struct mcb_error *error);

/* Before joining with what this rank was told, aloud; and once more with what the ranks agreed on.
 */
int mcb_job_preflight(struct mcb_job *job, const struct mcb_endpoint_list *list,
                      const struct mcb_plan *plan, bool aloud, struct mcb_error *error);

#endif
