/* SPDX-License-Identifier: Apache-2.0 */
#include "bench/measure/round_record.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench/measure/active_side.h"
#include "bench/measure/cell_ceiling.h"
#include "bench/measure/cell_sides.h"
#include "bench/measure/round.h"
#include "common/json.h"

struct mcb_cell mcb_round_cell(const struct mcb_run *run, const struct mcb_round *round,
                               size_t path)
{
    return (struct mcb_cell){
        .number = round->settings * run->plan->path_count + path,
        .path = &run->plan->paths[path],
        .settings = &run->plan->settings[round->settings],
    };
}

json_t *mcb_round_skipped_cell(const struct mcb_run *run, size_t round, size_t path,
                               const struct mcb_error *fault)
{
    struct mcb_cell cell = mcb_round_cell(run, &run->plan->rounds[round], path);
    json_t *entry = mcb_cell_identity(&cell, run->roster, round, run->transport->has_ordering);
    json_object_set_new(entry, "fault", mcb_json_from_error(fault));
    if (mcb_cluster_is_lost(run->cluster, mcb_phase_rank_of(run, cell.path, MCB_ROLE_INITIATOR)) ||
        mcb_cluster_is_lost(run->cluster, mcb_phase_rank_of(run, cell.path, MCB_ROLE_TARGET)))
        json_object_set_new(entry, "status", json_string("failed"));
    mcb_cell_sides_add(entry, &cell, run->roster, (const json_t *[2]){NULL, NULL});
    return entry;
}

/* How the memory that the initiator's NIC used is registered: its own, or the bounce buffer's. */
static const char *registration_of(const struct mcb_cell *cell, const json_t *facts)
{
    bool bounced = cell->settings->route != MCB_ROUTE_DIRECT &&
                   cell->sides[MCB_ROLE_INITIATOR]->local->bounce.address;
    const char *of_bounce = json_string_value(json_object_get(facts, "bounce_method"));
    return bounced && of_bounce ? of_bounce : json_string_value(json_object_get(facts, "method"));
}

static json_t *measured_cells(struct mcb_round_state *state)
{
    json_t *cells = json_array();
    for (size_t i = 0; i < state->cell_count; i++) {
        struct mcb_cell *cell = &state->cells[i];
        if (!cell->sides[MCB_ROLE_INITIATOR])
            continue;
        json_t *facts = state->run->transport->endpoint_describe(
            cell->sides[MCB_ROLE_INITIATOR]->local->endpoint);
        json_t *measured = mcb_cell_measured(cell, registration_of(cell, facts));
        json_object_set_new(measured, "cell", json_integer((json_int_t)cell->number));
        json_array_append_new(cells, measured);
        json_decref(facts);
    }
    return cells;
}

/* What this rank tells of its own ends of the round's cells. */
static json_t *told_ends(const struct mcb_round_state *state)
{
    json_t *ends = json_array();
    for (size_t i = 0; i < state->cell_count; i++)
        for (int role = 0; role < 2; role++)
            if (state->cells[i].sides[role])
                json_array_append_new(ends,
                                      mcb_cell_sides_tell(&state->cells[i], (enum mcb_role)role,
                                                          mcb_run_sysfs(state->run)));
    return ends;
}

/* There are no more than the rank can have; what each says is looked at where it is used. */
static int check_ends(const struct mcb_run *run, const json_t *records, struct mcb_error *error)
{
    json_t *ends;
    for (unsigned rank = 0; rank < mcb_cluster_size(run->cluster); rank++)
        if (mcb_json_get_array(json_array_get(records, rank), "ends", 0, MCB_ROUND_SIDES_MAX, &ends,
                               MCB_FAULT_NET_PROTOCOL, error) != 0) {
            mcb_error_blame(error, mcb_cluster_name(run->cluster, rank));
            return -1;
        }
    return 0;
}

/* What the rank of a cell's end told of it, checked. *end NULL: nothing. */
static int find_end(const struct mcb_round_state *state, const struct mcb_cell *cell,
                    enum mcb_role role, const json_t *records, const json_t **end,
                    struct mcb_error *error)
{
    unsigned rank = mcb_phase_rank_of(state->run, cell->path, role);
    const json_t *list = json_object_get(json_array_get(records, rank), "ends");
    *end = NULL;
    for (size_t i = 0; i < json_array_size(list); i++) {
        const json_t *told = json_array_get(list, i);
        if ((size_t)json_integer_value(json_object_get(told, "cell")) != cell->number ||
            json_integer_value(json_object_get(told, "role")) != (json_int_t)role)
            continue;
        if (mcb_result_check_end(told, "an end", MCB_FAULT_NET_PROTOCOL, error) != 0) {
            mcb_error_blame(error, mcb_cluster_name(state->run->cluster, rank));
            return -1;
        }
        *end = told;
    }
    return 0;
}

/* Puts what a rank measured on what this rank knows of the cell itself. */
static json_t *merge_cell(const struct mcb_round_state *state, size_t path, json_t *measured,
                          const json_t *const ends[2], struct mcb_error *error)
{
    struct mcb_cell cell = mcb_round_cell(state->run, state->round, path);
    int64_t number;
    char warning[512];
    if (mcb_json_get_integer(measured, "cell", 0, INT64_MAX, &number, MCB_FAULT_NET_PROTOCOL,
                             error) != 0)
        return NULL;
    if ((size_t)number != cell.number) {
        mcb_error_set(error, MCB_FAULT_NET_PROTOCOL, "cell %lld is recorded in place of %zu",
                      (long long)number, cell.number);
        return NULL;
    }
    static const char *const members[] = {
        "status",         "fault",         "bandwidth_gbps", "message_rate_mops",
        "latency_us",     "registration",  "method",         "relaxed_ordering",
        "verified_bytes", "corrupt_bytes", "corruption",     "details",
    };
    json_t *entry = mcb_cell_identity(&cell, state->run->roster, state->index,
                                      state->run->transport->has_ordering);
    for (size_t i = 0; i < sizeof members / sizeof *members; i++) {
        json_t *value = json_object_get(measured, members[i]);
        if (value)
            json_object_set(entry, members[i], value);
    }
    mcb_cell_ceiling_add(entry, &cell, state->run->roster);
    mcb_cell_sides_add(entry, &cell, state->run->roster, ends);
    if (mcb_cell_missed_ordering(entry, warning))
        mcb_result_warn(state->run->result, warning);
    if (mcb_result_check_cell(entry, "a cell", MCB_FAULT_NET_PROTOCOL, error) == 0 &&
        strcmp(json_string_value(json_object_get(entry, "status")), "skipped") != 0)
        return entry;
    if (error->code == MCB_FAULT_NONE)
        mcb_error_set(error, MCB_FAULT_NET_PROTOCOL, "cell %zu was not measured", cell.number);
    json_decref(entry);
    return NULL;
}

static int collect(struct mcb_round_state *state, const json_t *records, json_t **cells,
                   struct mcb_error *error)
{
    unsigned ranks = mcb_cluster_size(state->run->cluster);
    size_t *next = calloc(ranks, sizeof *next);
    json_t *all = json_array();
    int status = next ? check_ends(state->run, records, error)
                      : mcb_error_set(error, MCB_FAULT_HOST_MEMORY, "no memory for a round");
    for (size_t i = 0; i < state->round->path_count && status == 0; i++) {
        size_t path = state->round->first_path + i;
        unsigned rank =
            mcb_phase_rank_of(state->run, &state->run->plan->paths[path], MCB_ROLE_INITIATOR);
        json_t *list = json_object_get(json_array_get(records, rank), "cells");
        struct mcb_cell cell = mcb_round_cell(state->run, state->round, path);
        const json_t *ends[2];
        if (find_end(state, &cell, MCB_ROLE_INITIATOR, records, &ends[0], error) != 0 ||
            find_end(state, &cell, MCB_ROLE_TARGET, records, &ends[1], error) != 0) {
            status = -1;
            break;
        }
        json_t *entry = merge_cell(state, path, json_array_get(list, next[rank]++), ends, error);
        if (entry) {
            json_array_append_new(all, entry);
            continue;
        }
        mcb_error_blame(error, mcb_cluster_name(state->run->cluster, rank));
        status = -1;
    }
    free(next);
    if (status == 0)
        *cells = all;
    else
        json_decref(all);
    return status;
}

int mcb_round_record(struct mcb_round_state *state, json_t **cells, struct mcb_error *error)
{
    json_t *mine =
               json_pack("{s:o, s:o}", "cells", measured_cells(state), "ends", told_ends(state)),
           *records;
    if (mcb_cluster_share(state->run->cluster, "record", mine, &records,
                          mcb_phase_deadline_ns(state), error) != 0)
        return -1;
    int status = collect(state, records, cells, error);
    json_decref(records);
    return status;
}
