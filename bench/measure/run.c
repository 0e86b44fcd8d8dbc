/* SPDX-License-Identifier: Apache-2.0 */
#include "bench/measure/run.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "bench/measure/round.h"
#include "bench/report/suspects.h"
#include "common/clock.h"
#include "common/json.h"

enum { LABEL_MAX = 1536 }; /* two names of hosts and of NICs */

static void count(struct mcb_run_tally *tally, const json_t *cell)
{
    const char *status = json_string_value(json_object_get(cell, "status"));
    if (strcmp(status, "ok") == 0) {
        tally->ok++;
        return;
    }
    if (strcmp(status, "skipped") == 0) {
        tally->skipped++;
        return;
    }
    const char *id = json_string_value(json_object_get(json_object_get(cell, "fault"), "id"));
    enum mcb_fault_code code = id ? mcb_fault_find(id) : MCB_FAULT_NONE;
    if (code == MCB_FAULT_DATA_CORRUPT)
        tally->corrupt++;
    else
        tally->failed++;
    /* A path that does not work weighs more than one that works and brings wrong bytes. */
    enum mcb_exit exit_code =
        code == MCB_FAULT_DATA_CORRUPT ? MCB_EXIT_HELD_NOT : MCB_EXIT_ENVIRONMENT;
    if (exit_code > tally->worst)
        tally->worst = exit_code;
}

static bool wants_memory(const struct mcb_roster *roster)
{
    for (unsigned rank = 0; rank < roster->ranks; rank++)
        if (mcb_endpoint_list_needs_memory(&roster->lists[rank]))
            return true;
    return false;
}

static bool wants_route(const struct mcb_settings *settings)
{
    return settings->route_count > 1 || settings->routes[0] != MCB_ROUTE_DIRECT;
}

/* "n1/mlx5_0", "n1/mlx5_0/cuda:0" */
static void write_endpoint(const json_t *endpoint, bool with_memory, char text[LABEL_MAX / 3])
{
    snprintf(text, LABEL_MAX / 3, "%s/%s%s%s", mcb_json_text(endpoint, "host"),
             mcb_json_text(endpoint, "nic"), with_memory ? "/" : "",
             with_memory ? mcb_json_text(endpoint, "memory") : "");
}

static void show_cell(const struct mcb_run *run, const json_t *cell)
{
    bool with_memory = wants_memory(run->roster), with_route = wants_route(run->settings);
    char ends[2][LABEL_MAX / 3], label[LABEL_MAX], value[64] = "failed";
    write_endpoint(json_object_get(cell, "initiator"), with_memory, ends[MCB_ROLE_INITIATOR]);
    write_endpoint(json_object_get(cell, "target"), with_memory, ends[MCB_ROLE_TARGET]);
    snprintf(label, sizeof label, "%s → %s%s%s", ends[MCB_ROLE_INITIATOR], ends[MCB_ROLE_TARGET],
             with_route ? ", " : "", with_route ? mcb_json_text(cell, "route") : "");
    const json_t *bandwidth = json_object_get(cell, "bandwidth_gbps");
    const json_t *latency = json_object_get(cell, "latency_us");
    if (bandwidth)
        snprintf(value, sizeof value, "%.1f Gbit/s",
                 json_real_value(json_object_get(bandwidth, "median")));
    else if (latency)
        snprintf(value, sizeof value, "%.2f µs", json_real_value(json_object_get(latency, "p50")));
    mcb_progress_cell(run->progress, label, value);
}

/* Everything that was planned and not measured is in the result with the fault that prevented it.
 */
static void skip_rest(const struct mcb_run *run, size_t from_round, struct mcb_run_tally *tally,
                      const struct mcb_error *fault)
{
    struct mcb_error ignored;
    for (size_t i = from_round; i < run->plan->round_count; i++) {
        const struct mcb_round *round = &run->plan->rounds[i];
        for (size_t k = 0; k < round->path_count; k++) {
            json_t *cell = mcb_round_skipped_cell(run, i, round->first_path + k, fault);
            count(tally, cell);
            if (mcb_result_add(run->result, cell, &ignored) != 0)
                return; /* the file system is full: the fault that counts is the first one */
        }
    }
}

int mcb_run_plan(const struct mcb_run *run, struct mcb_run_tally *tally, struct mcb_error *error)
{
    *tally = (struct mcb_run_tally){0};
    int event_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (event_fd < 0)
        return mcb_error_set(error, MCB_FAULT_HOST_SYSTEM, "eventfd: %s", strerror(errno));

    int status = 0;
    size_t i = 0;
    for (; i < run->plan->round_count && status == 0; i++) {
        json_t *cells = NULL;
        mcb_progress_round(run->progress, i + 1);
        status = mcb_round_measure(run, i, event_fd, &cells, error);
        if (status != 0)
            break;
        size_t index;
        json_t *cell;
        json_array_foreach(cells, index, cell)
        {
            count(tally, cell);
            show_cell(run, cell);
            if (status == 0)
                status = mcb_result_add(run->result, json_incref(cell), error);
        }
        json_decref(cells);
    }
    if (status != 0)
        skip_rest(run, i, tally, error);
    close(event_fd);
    struct mcb_error unsaid;
    json_t *document = mcb_result_document(run->result);
    if (status != 0) /* what it ended is no finding */
        json_object_set_new(document, "fault", mcb_json_from_error(error));
    if (mcb_suspects_conclude(document, &unsaid) != 0 && status == 0) {
        *error = unsaid;
        status = -1;
    }
    return status;
}
