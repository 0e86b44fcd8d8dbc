/* SPDX-License-Identifier: Apache-2.0 */
#include "bench/commands/job.h"

#include <errno.h>
#include <libgen.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "bench/cluster/cluster.h"
#include "bench/commands/arguments.h"
#include "bench/commands/job_screen.h"
#include "bench/doctor/preflight.h"
#include "bench/measure/endpoints.h"
#include "bench/measure/placement_facts.h"
#include "bench/measure/roster.h"
#include "bench/measure/run.h"
#include "bench/plan/plan.h"
#include "bench/plan/priority_matrix.h"
#include "bench/report/progress.h"
#include "bench/report/result.h"
#include "bench/topology/topology.h"
#include "bench/transport/transport.h"
#include "common/clock.h"
#include "common/file.h"
#include "common/interrupt.h"
#include "common/json.h"
#include "common/log.h"

/* Everything that a job holds; released in one place, in reverse order. */
struct job {
    const struct mcb_job_options *options;
    struct mcb_settings settings;
    struct mcb_topology *topology;
    const struct mcb_transport *transport;
    char because[256]; /* why this transport, if it was chosen */
    char address[256];
    struct mcb_nic *nics;
    size_t nic_count;
    int memory_nodes[MCB_NICS_MAX];
    struct mcb_cluster *cluster;
    struct mcb_roster roster;
    struct mcb_plan plan;
    struct mcb_endpoints endpoints;
    json_t *warnings; /* about endpoints, before there is a result to put them into */
    struct mcb_result *result;
    struct mcb_progress *progress;
    struct mcb_run_tally tally;
};

static bool alone(const struct mcb_settings *settings)
{
    return !settings->listen && !settings->connect && !settings->etcd;
}

static const char *method_name(const struct mcb_settings *settings)
{
    return alone(settings) ? "local" : settings->etcd ? "etcd" : "direct";
}

/* The NICs that a priority matrix prefers for the memory asked for, and where that memory is. */
static int apply_priority_matrix(struct job *job, struct mcb_error *error)
{
    for (size_t i = 0; i < MCB_NICS_MAX; i++)
        job->memory_nodes[i] = -1;
    if (!job->settings.priority_matrix)
        return 0;
    return mcb_priority_matrix_select(&job->settings, job->memory_nodes, error);
}

/* Where relaxed ordering means nothing, off and on would be the same measurement twice. */
static void drop_orderings(struct job *job)
{
    if (job->transport->has_ordering)
        return;
    job->settings.orderings[0] = MCB_ORDERING_OFF;
    job->settings.ordering_count = 1;
}

/* The address for the data paths; NULL: each NIC's own. */
static const char *own_address(const struct job *job)
{
    return alone(&job->settings) || job->settings.dry_run ? NULL : job->address;
}

static int find_nics(struct job *job, struct mcb_error *error)
{
    if (apply_priority_matrix(job, error) != 0 ||
        mcb_topology_load(false, &job->topology, error) != 0)
        return -1;
    job->transport = mcb_transport_choose(&job->settings, job->because);
    drop_orderings(job);
    /* A plan can be shown where nobody is to be met yet. */
    if (!job->settings.dry_run &&
        mcb_cluster_local_address(&job->settings, mcb_interrupt_flag(), job->address, error) != 0)
        return -1;
    return job->transport->discover(&job->settings, own_address(job), &job->nics, &job->nic_count,
                                    error);
}

/* The plan of this host and, in a job of several, of peers like it: for what must be known before
 * anybody has joined. */
static int make_expected_plan(const struct job *job, struct mcb_plan *plan, struct mcb_error *error)
{
    uint32_t endpoints_of[MCB_RANKS_MAX];
    size_t ranks = alone(&job->settings) ? 1 : job->settings.ranks > 1 ? job->settings.ranks : 2;
    for (size_t rank = 0; rank < ranks; rank++)
        endpoints_of[rank] = (uint32_t)job->nic_count;
    return mcb_plan_make(&job->settings, endpoints_of, ranks, plan, error);
}

/* Before joining with what this rank was told, aloud; and once more with what the ranks agreed on.
 */
static int preflight(struct job *job, const struct mcb_plan *plan, bool aloud,
                     struct mcb_error *error)
{
    size_t bytes = mcb_endpoints_bytes(&job->settings, mcb_plan_area_bytes(plan));
    struct mcb_preflight_input input;
    mcb_preflight_input_from_host(&input);
    input.settings = &job->settings;
    input.transport = job->transport->name;
    input.nic_count = job->nic_count;
    input.bytes_per_nic = bytes;
    return mcb_preflight_run(&input, aloud ? mcb_job_screen_check : NULL, &job->settings, error);
}

/* A place that cannot be written is told before anybody else is kept waiting. */
static int check_output(const struct mcb_settings *settings, struct mcb_error *error)
{
    if (!settings->output || mcb_file_is_stream(settings->output))
        return 0;
    char *copy = strdup(settings->output);
    const char *folder = copy ? dirname(copy) : ".";
    int status = 0;
    if (access(folder, W_OK | X_OK) != 0)
        status = mcb_error_set(error, MCB_FAULT_HOST_OUTPUT, "--output %s: %s: %s",
                               settings->output, folder, strerror(errno));
    free(copy);
    return status;
}

static int check_before_joining(struct job *job, struct mcb_error *error)
{
    struct mcb_plan expected;
    if (check_output(&job->settings, error) != 0 || make_expected_plan(job, &expected, error) != 0)
        return -1;
    int status = preflight(job, &expected, true, error);
    mcb_plan_release(&expected);
    return status;
}

/* Memory is asked for on nodes that are there, also in a plan that is only shown. */
static int check_nodes(const struct job *job, struct mcb_error *error)
{
    int asked[MCB_NICS_MAX + 2] = {job->settings.memory_node, job->settings.peer_memory_node};
    memcpy(&asked[2], job->memory_nodes, sizeof job->memory_nodes);
    for (size_t i = 0; i < sizeof asked / sizeof *asked; i++)
        if (asked[i] != -1 && mcb_buffer_check_node(asked[i], error) != 0)
            return -1;
    return 0;
}

/* What the ranks say holds for all: settings are merged and read again. */
static int agree(struct job *job, struct mcb_error *error)
{
    unsigned ranks = mcb_cluster_size(job->cluster);
    const json_t **records = calloc(ranks, sizeof *records);
    const char **names = calloc(ranks, sizeof *names);
    int status = -1;
    if (!records || !names) {
        mcb_error_set(error, MCB_FAULT_HOST_MEMORY, "no memory for %u ranks", ranks);
        goto done;
    }
    for (unsigned rank = 0; rank < ranks; rank++) {
        records[rank] = json_object_get(mcb_cluster_record(job->cluster, rank), "settings");
        names[rank] = mcb_cluster_name(job->cluster, rank);
    }
    struct mcb_settings agreed;
    if (mcb_setting_values_merge(job->options->values, records, names, ranks, error) != 0 ||
        mcb_settings_resolve(job->options->values, &agreed, error) != 0)
        goto done;
    mcb_settings_release(&job->settings);
    job->settings = agreed;
    drop_orderings(job);
    status = 0;
done:
    free(names);
    free(records);
    return status;
}

static int join(struct job *job, struct mcb_error *error)
{
    json_t *values = mcb_setting_values_to_json(job->options->values);
    json_t *self =
        mcb_roster_record(job->topology, job->transport->name, values, job->nics, job->nic_count);
    int status = mcb_cluster_join(&job->settings, self, mcb_interrupt_flag(), &job->cluster, error);
    json_decref(self);
    json_decref(values);
    if (status != 0)
        return -1;
    if (agree(job, error) != 0 || mcb_roster_make(job->cluster, &job->roster, error) != 0)
        return -1;
    if (mcb_plan_make(&job->settings, job->roster.endpoints_of, job->roster.ranks, &job->plan,
                      error) != 0)
        return -1;
    return alone(&job->settings) ? 0 : preflight(job, &job->plan, false, error);
}

/* What a rank says of one of its opened endpoints, put into the roster's facts. */
static int take_endpoint(struct job *job, struct mcb_roster_endpoint *endpoint, const json_t *entry,
                         struct mcb_error *error)
{
    char what[32], who[sizeof job->roster.hosts[0] + MCB_NIC_NAME_MAX];
    snprintf(what, sizeof what, "endpoints[%u]", endpoint->position);
    if (mcb_result_check_opened(entry, what, MCB_FAULT_NET_PROTOCOL, error) != 0)
        return -1;
    const char *memory = mcb_json_text(entry, "memory");
    const char *peer_memory = mcb_json_text(entry, "peer_memory");
    json_t *placement = mcb_placement_take_facts(entry, error);
    if (!placement)
        return -1;
    json_object_set_new(endpoint->facts, "placement", placement);
    snprintf(who, sizeof who, "%s/%s", job->roster.hosts[endpoint->rank], endpoint->nic);
    json_t *warnings = mcb_placement_take_warnings(entry, who, error);
    if (!warnings)
        return -1;
    int kept = json_array_extend(job->warnings, warnings);
    json_decref(warnings);
    if (kept != 0)
        return mcb_error_set(error, MCB_FAULT_HOST_MEMORY,
                             "no memory for what is said of endpoints");
    snprintf(endpoint->memory[MCB_ROLE_INITIATOR], MCB_LOCATION_MAX, "%s", memory);
    snprintf(endpoint->memory[MCB_ROLE_TARGET], MCB_LOCATION_MAX, "%s", peer_memory);
    json_object_set_new(endpoint->facts, "memory", json_string(memory));
    json_object_set_new(endpoint->facts, "registration",
                        mcb_roster_copy_scalars(json_object_get(entry, "registration")));
    return 0;
}

static int take_endpoints(struct job *job, unsigned rank, const json_t *message,
                          struct mcb_error *error)
{
    size_t count = job->roster.endpoints_of[rank];
    json_t *list;
    if (mcb_json_get_array(message, "endpoints", count, count, &list, MCB_FAULT_NET_PROTOCOL,
                           error) != 0)
        return -1;
    for (size_t i = 0; i < count; i++) {
        struct mcb_roster_endpoint *endpoint =
            &job->roster.endpoints[job->roster.first_endpoint[rank] + i];
        if (take_endpoint(job, endpoint, json_array_get(list, i), error) != 0) {
            mcb_error_blame(error, mcb_cluster_name(job->cluster, rank));
            return -1;
        }
    }
    return 0;
}

static int publish_endpoints(struct job *job, struct mcb_error *error)
{
    json_t *mine = json_pack("{s:o}", "endpoints", mcb_endpoints_to_json(&job->endpoints)), *all;
    job->warnings = json_array();
    if (mcb_cluster_share(job->cluster, "endpoints", mine, &all,
                          mcb_clock_ns() + job->settings.timeout_ns, error) != 0)
        return -1;
    int status = 0;
    for (unsigned rank = 0; rank < mcb_cluster_size(job->cluster) && status == 0; rank++)
        status = take_endpoints(job, rank, json_array_get(all, rank), error);
    json_decref(all);
    return status;
}

static json_t *result_head(const struct job *job)
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

/* A made name is never that of a file that is there: "x.json", "x-2.json", ... */
static void make_path(char *path, size_t size, const char *stem)
{
    snprintf(path, size, "%s.json", stem);
    for (int number = 2; access(path, F_OK) == 0 && number < 1000; number++)
        snprintf(path, size, "%s-%d.json", stem, number);
}

/* Where the result goes: --output, else a name that says what and when; NULL: to standard output
 * only. */
static const char *result_path(const struct job *job, char *made, size_t made_size)
{
    if (job->settings.output)
        return job->settings.output;
    if (job->settings.json)
        return NULL;
    char when[32];
    time_t now = time(NULL);
    struct tm local;
    strftime(when, sizeof when, "%Y%m%d-%H%M%S", localtime_r(&now, &local));
    const char *host = job->roster.hosts[mcb_cluster_rank(job->cluster)];
    char stem[400];
    snprintf(stem, sizeof stem, "mcbench-%s-%.300s-%s", job->options->command, host, when);
    for (char *c = stem; *c; c++)
        if (*c == '/')
            *c = '_';
    make_path(made, made_size, stem);
    return made;
}

static void put_warnings(const struct job *job)
{
    size_t index;
    json_t *warning;
    json_array_foreach(job->warnings, index, warning)
    {
        mcb_result_warn(job->result, json_string_value(warning));
    }
}

static int measure(struct job *job, const char *path, struct mcb_error *error)
{
    const struct mcb_endpoints_options opening = {
        .transport = job->transport,
        .settings = &job->settings,
        .topology = job->topology,
        .address = own_address(job),
        .nics = job->nics,
        .memory_nodes = job->memory_nodes,
        .count = job->nic_count,
        .area_bytes = mcb_plan_area_bytes(&job->plan),
    };
    if (mcb_endpoints_open(&opening, &job->endpoints, error) != 0 ||
        publish_endpoints(job, error) != 0 ||
        mcb_result_open(path, result_head(job), &job->result, error) != 0)
        return -1;
    put_warnings(job);
    mcb_job_screen_title(job->options->command, &job->settings, &job->plan, job->transport->name,
                         job->because, job->roster.ranks, job->roster.endpoint_count);
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

static enum mcb_exit dry_run(struct job *job, struct mcb_error *error)
{
    struct mcb_plan plan;
    if (make_expected_plan(job, &plan, error) != 0)
        return mcb_error_exit(error);
    mcb_job_screen_plan(job->options->command, &job->settings, &plan, job->transport->name,
                        job->nics, job->nic_count);
    mcb_plan_release(&plan);
    return MCB_EXIT_OK;
}

/* Prints and keeps the result. A rank other than the first keeps a file if it was asked for one, or
 * if the job broke: then nobody knows who else has one. */
static enum mcb_exit conclude(struct job *job, const char *path, int status,
                              const struct mcb_error *failure)
{
    static const struct mcb_error none = {MCB_FAULT_NONE, ""};
    bool interrupted = failure->code == MCB_FAULT_RUN_INTERRUPTED;
    mcb_result_finish(job->result,
                      status == 0   ? "complete"
                      : interrupted ? "interrupted"
                                    : "failed",
                      status == 0 ? &none : failure);
    bool keep = mcb_cluster_rank(job->cluster) == 0 || job->settings.output || status != 0;
    struct mcb_error error = {0}, unseen = {0};
    int shown = mcb_job_screen_result(&job->settings, mcb_result_document(job->result),
                                      keep ? path : NULL, &unseen);
    if (mcb_result_close(job->result, keep, &error) != 0) {
        mcb_log_error(&error);
        return mcb_error_exit(&error);
    }
    if (status == 0 && shown != 0) {
        mcb_log_error(&unseen);
        return mcb_error_exit(&unseen);
    }
    return status == 0 ? job->tally.worst : mcb_error_exit(failure);
}

static void release(struct job *job)
{
    json_decref(job->warnings);
    mcb_endpoints_close(&job->endpoints);
    mcb_plan_release(&job->plan);
    mcb_roster_release(&job->roster);
    mcb_cluster_leave(job->cluster);
    mcb_nics_free(job->nics, job->nic_count);
    mcb_topology_free(job->topology);
    mcb_settings_release(&job->settings);
}

static enum mcb_exit carry_out(struct job *job, struct mcb_error *error)
{
    if (mcb_settings_resolve(job->options->values, &job->settings, error) != 0)
        return mcb_error_exit(error);
    mcb_log_quiet(job->settings.quiet);
    if (find_nics(job, error) != 0)
        return mcb_error_exit(error);
    if (check_nodes(job, error) != 0)
        return mcb_error_exit(error);
    if (job->settings.dry_run)
        return dry_run(job, error);
    if (check_before_joining(job, error) != 0 || join(job, error) != 0)
        return mcb_error_exit(error);

    char made[512];
    const char *path = result_path(job, made, sizeof made);
    int status = measure(job, path, error);
    if (!job->result)
        return mcb_error_exit(error);
    if (status != 0)
        mcb_cluster_abort(job->cluster, error);
    return conclude(job, path, status, error);
}

enum mcb_exit mcb_job_run(const struct mcb_job_options *options)
{
    struct job job = {.options = options};
    struct mcb_error error = {0};
    mcb_interrupt_install();
    enum mcb_exit exit_code = carry_out(&job, &error);
    if (error.code != MCB_FAULT_NONE) {
        if (job.cluster && !job.result)
            mcb_cluster_abort(job.cluster, &error);
        mcb_log_error(&error);
    }
    release(&job);
    return exit_code;
}
