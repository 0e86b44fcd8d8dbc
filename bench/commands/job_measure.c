/* SPDX-License-Identifier: Apache-2.0 */
/* The stretch of a job in which the plan is carried out, and its result document. */
#include "bench/commands/job_state.h"

#include <time.h>

#include "bench/commands/arguments.h"
#include "bench/commands/job_screen.h"
#include "common/clock.h"
#include "common/json.h"

static int take_endpoints(struct mcb_job *job, unsigned rank, const json_t *message,
                          struct mcb_error *error)
{
    size_t count = job->roster.lists[rank].count;
    json_t *list;
    if (mcb_json_get_array(message, "endpoints", count, count, &list, MCB_FAULT_NET_PROTOCOL,
                           error) == 0 &&
        mcb_roster_take_opened(&job->roster, rank, list, job->warnings, error) == 0)
        return 0;
    mcb_error_blame(error, mcb_cluster_name(job->cluster, rank));
    return -1;
}

static int publish_endpoints(struct mcb_job *job, struct mcb_error *error)
{
    json_t *mine = json_pack("{s:o}", "endpoints", mcb_endpoints_to_json(&job->endpoints)), *all;
    if (mcb_cluster_share(job->cluster, "endpoints", mine, &all,
                          mcb_clock_ns() + job->settings.timeout_ns, error) != 0)
        return -1;
    int status = 0;
    for (unsigned rank = 0; rank < mcb_cluster_size(job->cluster) && status == 0; rank++)
        status = take_endpoints(job, rank, json_array_get(all, rank), error);
    json_decref(all);
    return status;
}

static const char *method_name(const struct mcb_settings *settings)
{
    return mcb_job_is_alone(settings) ? "local" : settings->etcd ? "etcd" : "direct";
}

static json_t *result_head(const struct mcb_job *job)
{
    char started[32];
    time_t now = time(NULL);
    struct tm utc;
    strftime(started, sizeof started, "%Y-%m-%dT%H:%M:%SZ", gmtime_r(&now, &utc));
    return json_pack("{s:s, s:{s:s, s:s}, s:o, s:o, s:s, s:{s:s, s:s?, s:i}, s:{s:s, s:s}, s:o}",
                     "schema", "mcbench-result/1", "tool", "name", "mcbench", "version",
                     MCB_VERSION, "command",
                     mcb_arguments_command_line(job->options->argc, job->options->argv), "settings",
                     mcb_setting_values_to_json(job->options->values), "started", started, "job",
                     "method", method_name(&job->settings), "name", job->settings.job, "ranks",
                     (int)job->roster.ranks, "transport", "name", job->transport->name, "because",
                     job->because, "hosts", mcb_roster_to_json(&job->roster));
}

static void put_warnings(const struct mcb_job *job)
{
    size_t index;
    json_t *warning;
    json_array_foreach(job->warnings, index, warning)
    {
        mcb_result_warn(job->result, json_string_value(warning));
    }
    if (mcb_roster_has_stand_ins(&job->roster))
        mcb_result_warn(job->result, "stand-in GPUs in host memory, made for tests: no figure of "
                                     "theirs is a measurement of hardware");
}

int mcb_job_measure(struct mcb_job *job, const char *path, struct mcb_error *error)
{
    const struct mcb_endpoints_options opening = {
        .transport = job->transport,
        .settings = &job->settings,
        .topology = job->topology,
        .gpus = job->gpus,
        .address = mcb_job_own_address(job),
        .nics = job->nics,
        .memory_nodes = job->memory_nodes,
        .list = mcb_job_own_list(job),
        .area_bytes = mcb_plan_area_bytes(&job->plan),
    };
    if (mcb_endpoints_open(&opening, &job->endpoints, error) != 0 ||
        publish_endpoints(job, error) != 0 ||
        mcb_result_open(path, result_head(job), &job->result, error) != 0)
        return -1;
    put_warnings(job);
    mcb_job_screen_title(&job->settings, &job->plan, job->transport->name, job->because,
                         job->roster.lists, job->roster.ranks);
    job->progress =
        mcb_progress_begin(mcb_plan_duration_ns(&job->plan, &job->settings), job->plan.round_count,
                           job->settings.quiet || job->settings.json);
    const struct mcb_run run = {
        .settings = &job->settings,
        .plan = &job->plan,
        .transport = job->transport,
        .topology = job->topology,
        .endpoints = &job->endpoints,
        .roster = &job->roster,
        .cluster = job->cluster,
        .result = job->result,
        .progress = job->progress,
    };
    int status = mcb_run_plan(&run, &job->tally, error);
    mcb_progress_end(job->progress);
    job->progress = NULL;
    return status;
}

void mcb_job_finish(struct mcb_job *job, int status, const struct mcb_error *failure)
{
    static const struct mcb_error none = {MCB_FAULT_NONE, ""};
    bool interrupted = failure->code == MCB_FAULT_RUN_INTERRUPTED;
    mcb_result_finish(job->result,
                      status == 0   ? "complete"
                      : interrupted ? "interrupted"
                                    : "failed",
                      status == 0 ? &none : failure);
}
