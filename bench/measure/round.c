/* SPDX-License-Identifier: Apache-2.0 */
#include "bench/measure/round.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench/measure/active_side.h"
#include "bench/measure/cell.h"
#include "bench/measure/cell_sides.h"
#include "bench/measure/phase.h"
#include "bench/measure/round_record.h"
#include "common/clock.h"
#include "common/json.h"

/* 32 MiB a cell: at 1 us a sample it lasts for 4 s, shared by the trials. */
enum { SAMPLES_MOST = 1 << 22, SLOWEST_BYTES_PER_US = 100 };

static void blame_target(const struct mcb_round_state *state, const struct mcb_cell *cell,
                         struct mcb_error *error)
{
    mcb_error_blame(error,
                    mcb_cluster_name(state->run->cluster,
                                     mcb_phase_rank_of(state->run, cell->path, MCB_ROLE_TARGET)));
}

/* Phases: open and connect */

static void give_description(const struct mcb_cell *cell, const struct mcb_active_side *side,
                             json_t *entry)
{
    (void)cell;
    json_object_set(entry, "description", side->description);
}

static int take_description(struct mcb_round_state *state, struct mcb_cell *cell,
                            struct mcb_active_side *side, const json_t *entry,
                            struct mcb_error *error)
{
    (void)state;
    (void)cell;
    json_t *description;
    if (mcb_json_get_object(entry, "description", &description, MCB_FAULT_NET_PROTOCOL, error) != 0)
        return -1;
    side->peer = json_incref(description);
    return 0;
}

static void give_facts(const struct mcb_cell *cell, const struct mcb_active_side *side,
                       json_t *entry)
{
    json_object_set_new(entry, "facts", side->transport->side_facts(side->side));
    json_object_set_new(
        entry, "ordering",
        side->transport->endpoint_ordering(side->local->endpoint, cell->settings->ordering));
    json_object_set_new(entry, "cpus", mcb_active_side_cpus(side));
}

/* Called for the initiator with the target's entry and the other way round; the record needs both.
 */
static int take_facts(struct mcb_round_state *state, struct mcb_cell *cell,
                      struct mcb_active_side *side, const json_t *entry, struct mcb_error *error)
{
    if (side->options.role != MCB_ROLE_INITIATOR)
        return 0;
    const json_t *ordering = json_object_get(entry, "ordering");
    if (!state->run->transport->has_ordering)
        ordering = NULL;
    else if (mcb_result_check_ordering(ordering, "ordering", MCB_FAULT_NET_PROTOCOL, error) != 0) {
        blame_target(state, cell, error);
        return -1;
    }
    cell->facts[MCB_ROLE_INITIATOR] = side->transport->side_facts(side->side);
    cell->ordering[MCB_ROLE_INITIATOR] =
        side->transport->endpoint_ordering(side->local->endpoint, cell->settings->ordering);
    cell->facts[MCB_ROLE_TARGET] = mcb_roster_copy_scalars(json_object_get(entry, "facts"));
    cell->ordering[MCB_ROLE_TARGET] = mcb_roster_copy_scalars(ordering);
    return mcb_active_side_take_cpus(side, json_object_get(entry, "cpus"),
                                     cell->facts[MCB_ROLE_INITIATOR], error);
}

static int connect_all(struct mcb_round_state *state, struct mcb_error *error)
{
    static const struct mcb_phase open_phase = {"open", give_description, take_description};
    static const struct mcb_phase connect_phase = {"connect", give_facts, take_facts};
    if (mcb_phase_step(state, MCB_STEP_OPEN, error) != 0 ||
        mcb_phase_exchange(state, &open_phase, error) != 0)
        return -1;
    for (size_t i = 0; i < state->side_count; i++)
        state->sides[i].connect_deadline_ns = mcb_clock_ns() + state->run->settings->timeout_ns;
    state->busy_until_ns = mcb_clock_ns() + state->run->settings->timeout_ns;
    if (mcb_phase_step(state, MCB_STEP_CONNECT, error) != 0)
        return -1;
    return mcb_phase_exchange(state, &connect_phase, error);
}

/* Phases of a task: ready, sent, done */

static void give_sent(const struct mcb_cell *cell, const struct mcb_active_side *side,
                      json_t *entry)
{
    (void)cell;
    json_object_set_new(entry, "sent", mcb_json_hex64(atomic_load(&side->task.sent)));
}

static int take_sent(struct mcb_round_state *state, struct mcb_cell *cell,
                     struct mcb_active_side *side, const json_t *entry, struct mcb_error *error)
{
    (void)state;
    (void)cell;
    uint64_t sent;
    if (mcb_json_get_hex64(entry, "sent", &sent, MCB_FAULT_NET_PROTOCOL, error) != 0)
        return -1;
    if (sent == MCB_MESSAGES_UNKNOWN)
        return mcb_error_set(error, MCB_FAULT_NET_PROTOCOL,
                             "the peer ended a trial without a count");
    atomic_store_explicit(&side->task.expected, sent, memory_order_release);
    return 0;
}

static void give_outcome(const struct mcb_cell *cell, const struct mcb_active_side *side,
                         json_t *entry)
{
    (void)cell;
    json_object_set_new(entry, "outcome", mcb_cell_outcome(side));
}

/* Of a cell of which this rank has the initiator, after the task that it has just done. */
static struct mcb_cell_duty duty_of(const struct mcb_round_state *state,
                                    const struct mcb_cell *cell, enum mcb_role role)
{
    const struct mcb_cell_settings *settings = cell->settings;
    const struct mcb_active_side *initiator = cell->sides[MCB_ROLE_INITIATOR];
    uint32_t endpoint = role == MCB_ROLE_INITIATOR ? cell->path->initiator : cell->path->target;
    bool receives = role == MCB_ROLE_INITIATOR ? initiator->receives : initiator->sends;
    bool checks = state->run->settings->verify && receives;
    return (struct mcb_cell_duty){
        .slots = checks && initiator->task.kind != MCB_TASK_LATENCY
                     ? (uint64_t)settings->qps * settings->depth
                     : 0,
        .of_gpu = checks && settings->route != MCB_ROUTE_HOST &&
                  state->run->roster->endpoints[endpoint].gpu_facts,
    };
}

static int take_outcome(struct mcb_round_state *state, struct mcb_cell *cell,
                        struct mcb_active_side *side, const json_t *entry, struct mcb_error *error)
{
    if (side->options.role != MCB_ROLE_INITIATOR)
        return 0;
    struct mcb_cell_trial trial = {0};
    struct mcb_cell_duty duty = duty_of(state, cell, MCB_ROLE_INITIATOR);
    json_t *mine = mcb_cell_outcome(side);
    int status = mcb_cell_take_outcome(cell, MCB_ROLE_INITIATOR, &duty, mine, &trial, error);
    json_decref(mine);
    if (status != 0)
        return -1;
    duty = duty_of(state, cell, MCB_ROLE_TARGET);
    if (mcb_cell_take_outcome(cell, MCB_ROLE_TARGET, &duty, json_object_get(entry, "outcome"),
                              &trial, error) != 0) {
        blame_target(state, cell, error);
        return -1;
    }
    if (side->task.kind == MCB_TASK_WINDOW) {
        cell->rates_gbps[cell->trials] = trial.gbps;
        cell->rates_mops[cell->trials] = trial.mops;
        cell->trials++;
    }
    if (side->task.kind == MCB_TASK_LATENCY) {
        cell->trial_samples[cell->trials++] = side->task.samples_count;
        cell->samples += side->task.samples_count;
    }
    return 0;
}

/* A trial of the measure, its warm-up, or a lap of verification. */
struct task_plan {
    enum mcb_task_kind kind;
    int64_t lead_ns, length_ns; /* from T0 to the window, and its length */
    bool counted;               /* false: a warm-up, whose figures nobody keeps */
};

static void set_task(struct mcb_round_state *state, struct mcb_cell *cell,
                     struct mcb_active_side *side, const struct task_plan *plan, int64_t start_ns)
{
    struct mcb_task *task = &side->task;
    task->kind = plan->kind;
    task->start_ns = start_ns + plan->lead_ns;
    task->end_ns = task->start_ns + plan->length_ns;
    task->deadline_ns = task->end_ns + state->run->settings->timeout_ns;
    task->every_slot = state->run->settings->verify && plan->counted;
    task->window_bytes = task->window_messages = 0;
    task->window_ns = 0;
    task->samples_count = task->samples_most = 0;
    task->samples_ns = NULL;
    atomic_store(&task->sent, MCB_MESSAGES_UNKNOWN);
    atomic_store(&task->expected, MCB_MESSAGES_UNKNOWN);
    if (plan->kind == MCB_TASK_LATENCY && side->options.role == MCB_ROLE_INITIATOR) {
        task->samples_ns = cell->samples_ns + cell->samples;
        task->samples_most = cell->samples_most / state->run->settings->trials;
    }
    side->report = (struct mcb_pattern_report){0};
    state->busy_until_ns = task->deadline_ns;
}

static int run_sides(struct mcb_round_state *state, const struct task_plan *plan,
                     struct mcb_error *error)
{
    static const struct mcb_phase sent_phase = {"sent", give_sent, take_sent};
    struct mcb_cluster *cluster = state->run->cluster;
    int64_t margin_ns = mcb_cluster_size(cluster) > 1 ? 20 * MCB_NS_PER_MS : MCB_NS_PER_MS;
    int64_t start_ns = state->start_job_ns + mcb_cluster_clock_offset_ns(cluster) + margin_ns;
    for (size_t i = 0; i < state->cell_count; i++) {
        struct mcb_cell *cell = &state->cells[i];
        for (int role = 0; role < 2; role++)
            if (mcb_phase_alive(cell) && cell->sides[role]) {
                set_task(state, cell, cell->sides[role], plan, start_ns);
                mcb_active_side_start(cell->sides[role], MCB_STEP_RUN);
            }
    }
    if (mcb_phase_wait_sent(state, error) != 0)
        return -1;
    if (mcb_phase_exchange(state, &sent_phase, error) != 0)
        return -1;
    for (size_t i = 0; i < state->cell_count; i++)
        for (int role = 0; role < 2; role++)
            if (!mcb_phase_alive(&state->cells[i]) && state->cells[i].sides[role])
                atomic_store(&state->cells[i].sides[role]->task.abort, true);
    return mcb_phase_wait_ended(state, error);
}

/* Filling and checking take time as well, on every rank; a slow one does 100 MB/s. */
static void expect_pattern_work(struct mcb_round_state *state)
{
    size_t bytes = mcb_area_stride(state->settings->size_bytes) * state->settings->qps *
                   state->settings->depth * 2;
    int64_t until_ns = mcb_clock_ns() + (int64_t)(bytes / SLOWEST_BYTES_PER_US) * MCB_NS_PER_US;
    if (until_ns > state->busy_until_ns)
        state->busy_until_ns = until_ns;
}

static int do_task(struct mcb_round_state *state, const struct task_plan *plan,
                   struct mcb_error *error)
{
    static const struct mcb_phase ready_phase = {"ready", NULL, NULL};
    static const struct mcb_phase done_phase = {"done", give_outcome, take_outcome};
    static const struct mcb_phase warm_phase = {"warm", NULL, NULL};
    bool checked = state->run->settings->verify && plan->counted && plan->kind != MCB_TASK_LATENCY;
    if (checked)
        expect_pattern_work(state);
    if (checked && mcb_phase_step(state, MCB_STEP_PREPARE, error) != 0)
        return -1;
    if (mcb_phase_exchange(state, &ready_phase, error) != 0 || run_sides(state, plan, error) != 0)
        return -1;
    if (checked)
        expect_pattern_work(state);
    if (checked && mcb_phase_step(state, MCB_STEP_CHECK, error) != 0)
        return -1;
    return mcb_phase_exchange(state, plan->counted ? &done_phase : &warm_phase, error);
}

static int measure(struct mcb_round_state *state, struct mcb_error *error)
{
    const struct mcb_settings *settings = state->run->settings;
    enum mcb_task_kind kind =
        state->settings->measure == MCB_MEASURE_LATENCY ? MCB_TASK_LATENCY : MCB_TASK_WINDOW;
    const struct task_plan warmup = {kind, 0, settings->warmup_ns, false};
    /* The first twentieth of a trial fills the queues and is not counted. */
    const struct task_plan trial = {kind, settings->duration_ns / 20, settings->duration_ns, true};
    const struct task_plan lap = {MCB_TASK_LAP, 0, 0, true};
    if (settings->warmup_ns > 0 && do_task(state, &warmup, error) != 0)
        return -1;
    for (; state->trial < settings->trials; state->trial++) {
        if (do_task(state, &trial, error) != 0)
            return -1;
        if (settings->verify && do_task(state, &lap, error) != 0)
            return -1;
    }
    return 0;
}

/* setting up and taking down */

/* Threads that spin at the same time on this host; where there are more than CPUs they must yield.
 */
static bool must_yield(const struct mcb_run *run, const struct mcb_round *round)
{
    unsigned me = mcb_cluster_rank(run->cluster);
    unsigned here = 0;
    for (size_t i = 0; i < round->path_count; i++) {
        const struct mcb_path *path = &run->plan->paths[round->first_path + i];
        here += mcb_phase_rank_of(run, path, MCB_ROLE_INITIATOR) == me;
        here += mcb_phase_rank_of(run, path, MCB_ROLE_TARGET) == me;
    }
    return here * run->roster->ranks_on_host[me] > mcb_topology_usable_cpus(run->topology);
}

static int add_side(struct mcb_round_state *state, struct mcb_cell *cell, enum mcb_role role,
                    struct mcb_error *error)
{
    const struct mcb_run *run = state->run;
    uint32_t endpoint = role == MCB_ROLE_INITIATOR ? cell->path->initiator : cell->path->target;
    size_t local = run->roster->endpoints[endpoint].position;
    uint32_t slots = cell->settings->qps * cell->settings->depth;
    struct mcb_side_options options = {
        .cell = cell->settings,
        .role = role,
        .out = mcb_endpoints_area(run->endpoints, local, role, MCB_DIRECTION_OUT,
                                  cell->settings->route, cell->settings->size_bytes, slots),
        .in = mcb_endpoints_area(run->endpoints, local, role, MCB_DIRECTION_IN,
                                 cell->settings->route, cell->settings->size_bytes, slots),
        .yield = must_yield(run, state->round),
    };
    char identity[96];
    snprintf(identity, sizeof identity, "%s/%zu", run->roster->run, cell->number);
    struct mcb_active_side *side = &state->sides[state->side_count++];
    mcb_active_side_init(side, run->transport, &run->endpoints->list[local], &options, identity,
                         state->event_fd);
    side->counters_before = mcb_cell_sides_count(side, mcb_run_sysfs(run));
    cell->sides[role] = side;
    return mcb_active_side_employ(side, run->topology, state->event_fd, error);
}

static int add_figures_room(struct mcb_round_state *state, struct mcb_cell *cell,
                            struct mcb_error *error)
{
    size_t trials = state->run->settings->trials;
    cell->rates_gbps = calloc(trials, sizeof *cell->rates_gbps);
    cell->rates_mops = calloc(trials, sizeof *cell->rates_mops);
    cell->trial_samples = calloc(trials, sizeof *cell->trial_samples);
    if (cell->settings->measure == MCB_MEASURE_LATENCY) {
        cell->samples_most = SAMPLES_MOST;
        cell->samples_ns = malloc(SAMPLES_MOST * sizeof *cell->samples_ns);
        /* Touched now: a page fault in a trial would be a sample. */
        if (cell->samples_ns)
            memset(cell->samples_ns, 0xff, SAMPLES_MOST * sizeof *cell->samples_ns);
    }
    if (!cell->rates_gbps || !cell->rates_mops || !cell->trial_samples ||
        (cell->settings->measure == MCB_MEASURE_LATENCY && !cell->samples_ns))
        return mcb_error_set(error, MCB_FAULT_HOST_MEMORY, "no memory for the samples of a cell");
    return 0;
}

static int set_up(struct mcb_round_state *state, struct mcb_error *error)
{
    const struct mcb_run *run = state->run;
    unsigned me = mcb_cluster_rank(run->cluster);
    state->cells = calloc(state->round->path_count, sizeof *state->cells);
    state->sides = calloc(2 * state->round->path_count, sizeof *state->sides);
    if (!state->cells || !state->sides)
        return mcb_error_set(error, MCB_FAULT_HOST_MEMORY, "no memory for a round of %zu paths",
                             state->round->path_count);
    if (must_yield(run, state->round))
        mcb_result_warn(
            run->result,
            "this host has fewer CPUs than threads that measure at the same time: they "
            "sleep while idle, which latencies include; fewer NICs with --nic avoid it");
    for (size_t i = 0; i < state->round->path_count; i++) {
        struct mcb_cell cell = mcb_round_cell(run, state->round, state->round->first_path + i);
        bool initiator = mcb_phase_rank_of(run, cell.path, MCB_ROLE_INITIATOR) == me;
        bool target = mcb_phase_rank_of(run, cell.path, MCB_ROLE_TARGET) == me;
        if (!initiator && !target)
            continue;
        struct mcb_cell *kept = &state->cells[state->cell_count++];
        *kept = cell;
        if ((initiator && add_figures_room(state, kept, error) != 0) ||
            (initiator && add_side(state, kept, MCB_ROLE_INITIATOR, error) != 0) ||
            (target && add_side(state, kept, MCB_ROLE_TARGET, error) != 0))
            return -1;
    }
    return 0;
}

static void take_down(struct mcb_round_state *state)
{
    for (size_t i = 0; i < state->side_count; i++) {
        mcb_active_side_close(&state->sides[i]);
        json_decref((json_t *)state->sides[i].peer);
    }
    for (size_t i = 0; i < state->cell_count; i++)
        mcb_cell_release(&state->cells[i]);
    free(state->sides);
    free(state->cells);
}

int mcb_round_measure(const struct mcb_run *run, size_t index, int event_fd, json_t **cells,
                      struct mcb_error *error)
{
    const struct mcb_round *round = &run->plan->rounds[index];
    struct mcb_round_state state = {
        .run = run,
        .index = index,
        .round = round,
        .settings = &run->plan->settings[round->settings],
        .event_fd = event_fd,
    };
    int status = -1;
    if (set_up(&state, error) == 0 && connect_all(&state, error) == 0 &&
        measure(&state, error) == 0)
        status = mcb_round_record(&state, cells, error);
    take_down(&state);
    return status;
}
