/* SPDX-License-Identifier: Apache-2.0 */
#include "bench/measure/phase.h"

#include <stdlib.h>

#include "common/clock.h"
#include "common/json.h"

/* The "now" of a peer may be ahead of ours by the error of the clock offset, not by more. */
enum { FUTURE_S = 1, ANSWER_MARGIN_S = 2, PROGRESS_TICK_MS = 500 };

static enum mcb_role other_role(enum mcb_role role)
{
    return role == MCB_ROLE_INITIATOR ? MCB_ROLE_TARGET : MCB_ROLE_INITIATOR;
}

unsigned mcb_phase_rank_of(const struct mcb_run *run, const struct mcb_path *path,
                           enum mcb_role role)
{
    uint32_t endpoint = role == MCB_ROLE_INITIATOR ? path->initiator : path->target;
    return run->roster->endpoints[endpoint].rank;
}

static bool any_busy(const struct mcb_round_state *state)
{
    for (size_t i = 0; i < state->side_count; i++)
        if (mcb_active_side_busy(&state->sides[i]))
            return true;
    return false;
}

static bool any_sending(const struct mcb_round_state *state)
{
    for (size_t i = 0; i < state->side_count; i++)
        if (!mcb_active_side_has_sent(&state->sides[i]))
            return true;
    return false;
}

/* How much of a consequence a fault is. When one side fails the other one only sees that the
 * transfer ends or stands still, and so it may well be the first to say something. */
static unsigned consequence_rank(enum mcb_fault_code code)
{
    static const struct {
        enum mcb_fault_code code;
        unsigned rank;
    } consequences[] = {
        {MCB_FAULT_RDMA_COMPLETION, 1}, {MCB_FAULT_RDMA_FLUSHED, 3},
        {MCB_FAULT_RDMA_RETRY, 2},      {MCB_FAULT_RDMA_RNR, 2},
        {MCB_FAULT_TCP_STREAM, 2},      {MCB_FAULT_RDMA_STUCK, 3},
        {MCB_FAULT_TCP_STUCK, 3},       {MCB_FAULT_NET_TIMEOUT, 3},
        {MCB_FAULT_RUN_INTERRUPTED, 4}, /* by stop_widowed() */
    };
    for (size_t i = 0; i < sizeof consequences / sizeof *consequences; i++)
        if (consequences[i].code == code)
            return consequences[i].rank;
    return 0;
}

/* Of two faults of a cell the one that is less of a consequence; of equals the one known first. */
static void take_fault(struct mcb_cell *cell, const struct mcb_error *fault)
{
    if (mcb_phase_alive(cell) || consequence_rank(fault->code) < consequence_rank(cell->fault.code))
        cell->fault = *fault;
}

static bool has_failed(const struct mcb_active_side *side)
{
    return side && !mcb_active_side_busy(side) && side->error.code != MCB_FAULT_NONE;
}

/* What a side waits for does not come when the other one has failed. */
static void stop_widowed(struct mcb_round_state *state)
{
    for (size_t i = 0; i < state->cell_count; i++)
        for (int role = 0; role < 2; role++) {
            struct mcb_active_side *other = state->cells[i].sides[1 - role];
            if (other && has_failed(state->cells[i].sides[role]))
                atomic_store(&other->task.abort, true);
        }
}

/* The sides have deadlines of their own, so this ends; a fault of the job ends them at once. */
static int wait_while(struct mcb_round_state *state,
                      bool (*condition)(const struct mcb_round_state *), struct mcb_error *error)
{
    while (condition(state)) {
        mcb_progress_tick(state->run->progress);
        stop_widowed(state);
        if (mcb_cluster_wait(state->run->cluster, state->event_fd,
                             mcb_clock_ns() + PROGRESS_TICK_MS * MCB_NS_PER_MS, error) >= 0)
            continue;
        for (size_t i = 0; i < state->side_count; i++)
            atomic_store(&state->sides[i].task.abort, true);
        return -1;
    }
    return 0;
}

/* A side that is still busy (receiving) has no say yet: its error is its thread's. */
static void adopt_faults(struct mcb_round_state *state)
{
    for (size_t i = 0; i < state->cell_count; i++) {
        struct mcb_cell *cell = &state->cells[i];
        for (int role = 0; role < 2; role++)
            if (has_failed(cell->sides[role]))
                take_fault(cell, &cell->sides[role]->error);
    }
}

int mcb_phase_wait_sent(struct mcb_round_state *state, struct mcb_error *error)
{
    if (wait_while(state, any_sending, error) != 0)
        return -1;
    adopt_faults(state);
    return 0;
}

int mcb_phase_wait_ended(struct mcb_round_state *state, struct mcb_error *error)
{
    if (wait_while(state, any_busy, error) != 0)
        return -1;
    adopt_faults(state);
    return 0;
}

int mcb_phase_step(struct mcb_round_state *state, enum mcb_step step, struct mcb_error *error)
{
    for (size_t i = 0; i < state->cell_count; i++)
        for (int role = 0; role < 2; role++)
            if (mcb_phase_alive(&state->cells[i]) && state->cells[i].sides[role])
                mcb_active_side_start(state->cells[i].sides[role], step);
    return mcb_phase_wait_ended(state, error);
}

static int take_entry(struct mcb_round_state *state, const struct mcb_phase *phase, unsigned rank,
                      const json_t *entry, struct mcb_error *error)
{
    int64_t number, role;
    if (mcb_json_get_integer(entry, "cell", 0, INT64_MAX, &number, MCB_FAULT_NET_PROTOCOL, error) !=
            0 ||
        mcb_json_get_integer(entry, "role", 0, 1, &role, MCB_FAULT_NET_PROTOCOL, error) != 0)
        return -1;
    for (size_t i = 0; i < state->cell_count; i++) {
        struct mcb_cell *cell = &state->cells[i];
        struct mcb_active_side *mine = cell->sides[other_role((enum mcb_role)role)];
        if (cell->number != (size_t)number || !mine ||
            mcb_phase_rank_of(state->run, cell->path, (enum mcb_role)role) != rank)
            continue;
        if (cell->heard[role] == state->exchanges)
            break;
        cell->heard[role] = state->exchanges;
        const json_t *fault = json_object_get(entry, "fault");
        if (json_is_object(fault)) {
            struct mcb_error theirs;
            mcb_json_to_error(fault, &theirs);
            take_fault(cell, &theirs);
            return 0;
        }
        if (!mcb_phase_alive(cell) || !phase->take)
            return 0;
        struct mcb_error wrong = {0};
        if (phase->take(state, cell, mine, entry, &wrong) != 0)
            cell->fault = wrong;
        return 0;
    }
    return mcb_error_set(
        error, MCB_FAULT_NET_PROTOCOL,
        "%s speaks of cell %lld, which is none of this round, or speaks twice of it",
        mcb_cluster_name(state->run->cluster, rank), (long long)number);
}

static json_t *entry_of(const struct mcb_cell *cell, enum mcb_role role,
                        const struct mcb_phase *phase)
{
    json_t *entry = json_pack("{s:I, s:i}", "cell", (json_int_t)cell->number, "role", (int)role);
    if (!mcb_phase_alive(cell))
        json_object_set_new(entry, "fault", mcb_json_from_error(&cell->fault));
    else if (phase->give)
        phase->give(cell, cell->sides[role], entry);
    return entry;
}

static void write_entries(struct mcb_round_state *state, const struct mcb_phase *phase,
                          json_t **out)
{
    for (size_t i = 0; i < state->cell_count; i++)
        for (int role = 0; role < 2; role++)
            if (state->cells[i].sides[role]) {
                unsigned peer = mcb_phase_rank_of(state->run, state->cells[i].path,
                                                  other_role((enum mcb_role)role));
                json_array_append_new(json_object_get(out[peer], "sides"),
                                      entry_of(&state->cells[i], (enum mcb_role)role, phase));
            }
}

int64_t mcb_phase_deadline_ns(const struct mcb_round_state *state)
{
    int64_t now = mcb_clock_ns();
    int64_t from = state->busy_until_ns > now ? state->busy_until_ns : now;
    return from + state->run->settings->timeout_ns + ANSWER_MARGIN_S * MCB_NS_PER_S;
}

/* A rank that leaves out a side would leave the other one without what it needs. */
static int check_all_heard(const struct mcb_round_state *state, struct mcb_error *error)
{
    for (size_t i = 0; i < state->cell_count; i++) {
        const struct mcb_cell *cell = &state->cells[i];
        for (int role = 0; role < 2; role++) {
            enum mcb_role other = other_role((enum mcb_role)role);
            unsigned rank = mcb_phase_rank_of(state->run, cell->path, other);
            if (cell->sides[role] && cell->heard[other] != state->exchanges)
                return mcb_error_set(error, MCB_FAULT_NET_PROTOCOL, "%s is silent about cell %zu",
                                     mcb_cluster_name(state->run->cluster, rank), cell->number);
        }
    }
    return 0;
}

static int take_answers(struct mcb_round_state *state, const struct mcb_phase *phase,
                        json_t *const *in, struct mcb_error *error)
{
    for (unsigned rank = 0; rank < mcb_cluster_size(state->run->cluster); rank++) {
        json_t *entries, *entry;
        size_t index;
        int64_t now, latest = mcb_clock_ns() - mcb_cluster_clock_offset_ns(state->run->cluster) +
                              FUTURE_S * MCB_NS_PER_S;
        if (mcb_json_get_array(in[rank], "sides", 0, MCB_ROUND_SIDES_MAX, &entries,
                               MCB_FAULT_NET_PROTOCOL, error) != 0 ||
            mcb_json_get_integer(in[rank], "now", INT64_MIN, latest, &now, MCB_FAULT_NET_PROTOCOL,
                                 error) != 0) {
            mcb_error_blame(error, mcb_cluster_name(state->run->cluster, rank));
            return -1;
        }
        if (now > state->start_job_ns)
            state->start_job_ns = now;
        json_array_foreach(entries, index, entry)
        {
            if (take_entry(state, phase, rank, entry, error) != 0)
                return -1;
        }
    }
    return check_all_heard(state, error);
}

int mcb_phase_exchange(struct mcb_round_state *state, const struct mcb_phase *phase,
                       struct mcb_error *error)
{
    struct mcb_cluster *cluster = state->run->cluster;
    unsigned ranks = mcb_cluster_size(cluster);
    json_t **out = calloc(ranks, sizeof *out), **in = calloc(ranks, sizeof *in);
    int status = -1;
    if (!out || !in) {
        mcb_error_set(error, MCB_FAULT_HOST_MEMORY, "no memory for messages to %u ranks", ranks);
        goto done;
    }
    state->exchanges++;
    int64_t job_now = mcb_clock_ns() - mcb_cluster_clock_offset_ns(cluster);
    for (unsigned rank = 0; rank < ranks; rank++)
        out[rank] = json_pack("{s:[], s:I}", "sides", "now", (json_int_t)job_now);
    write_entries(state, phase, out);
    state->start_job_ns = job_now;
    status =
        mcb_cluster_exchange(cluster, phase->name, out, in, mcb_phase_deadline_ns(state), error);
    if (status == 0)
        status = take_answers(state, phase, in, error);
done:
    for (unsigned rank = 0; rank < ranks; rank++) {
        if (out)
            json_decref(out[rank]);
        if (in)
            json_decref(in[rank]);
    }
    free(in);
    free(out);
    return status;
}
