/* SPDX-License-Identifier: Apache-2.0 */
#include "bench/measure/round_record.h"

#include <stdlib.h>
#include <string.h>

#include "bench/measure/active_side.h"
#include "bench/measure/cell_ceiling.h"
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

/* Puts what a rank measured on what this rank knows of the cell itself. */
static json_t *merge_cell(const struct mcb_round_state *state, size_t path, json_t *measured,
                          struct mcb_error *error)
{
    struct mcb_cell cell = mcb_round_cell(state->run, state->round, path);
    int64_t number;
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
    int status = next ? 0 : mcb_error_set(error, MCB_FAULT_HOST_MEMORY, "no memory for a round");
    for (size_t i = 0; i < state->round->path_count && status == 0; i++) {
        size_t path = state->round->first_path + i;
        unsigned rank =
            mcb_phase_rank_of(state->run, &state->run->plan->paths[path], MCB_ROLE_INITIATOR);
        json_t *list = json_object_get(json_array_get(records, rank), "cells");
        json_t *entry = merge_cell(state, path, json_array_get(list, next[rank]++), error);
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
    json_t *mine = json_pack("{s:o}", "cells", measured_cells(state)), *records;
    if (mcb_cluster_share(state->run->cluster, "record", mine, &records,
                          mcb_phase_deadline_ns(state), error) != 0)
        return -1;
    int status = collect(state, records, cells, error);
    json_decref(records);
    return status;
}
