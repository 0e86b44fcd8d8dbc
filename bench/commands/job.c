/* SPDX-License-Identifier: Apache-2.0 */
#include "bench/commands/job.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "bench/cluster/cluster.h"
#include "bench/commands/arguments.h"
#include "bench/commands/job_output.h"
#include "bench/commands/job_rules.h"
#include "bench/commands/job_screen.h"
#include "bench/doctor/preflight.h"
#include "bench/measure/endpoints.h"
#include "bench/measure/gpu_facts.h"
#include "bench/measure/roster.h"
#include "bench/measure/run.h"
#include "bench/plan/plan.h"
#include "bench/plan/priority_matrix.h"
#include "bench/report/progress.h"
#include "bench/report/result.h"
#include "bench/topology/topology.h"
#include "bench/transport/transport.h"
#include "common/clock.h"
#include "common/interrupt.h"
#include "common/json.h"
#include "common/log.h"
#include "gpu/gpu.h"
#include "rdma/device.h"

/* Everything that a job holds; released in one place, in reverse order. */
struct job {
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

static int check_memories(const struct job *job, struct mcb_error *error)
{
    return mcb_job_check_memories(job->options->command, &job->settings, job->gpus,
                                  job->memory_nodes, error);
}

/* The address for the data paths; NULL: each NIC's own. */
static const char *own_address(const struct job *job)
{
    return alone(&job->settings) || job->settings.dry_run ? NULL : job->address;
}

/* Without GPUs this host may still take part with its host memory, which is known once the ranks
 * have agreed: the reason is kept. */
static void open_gpus(struct job *job)
{
    if (strcmp(job->options->command, "gpu") != 0)
        return;
    mcb_device_forbid_scatter_to_cqe();
    if (mcb_gpus_open(&job->gpus, &job->gpus_error) != 0)
        job->gpus = NULL;
}

static bool lacks_gpus(const struct job *job)
{
    return mcb_settings_use_gpus(&job->settings) && !job->gpus;
}

/* Nobody else makes up for GPUs that this host alone was asked for, nor for those of a plan in
 * which all hosts are like this one. */
static int check_gpus(const struct job *job, struct mcb_error *error)
{
    if (!lacks_gpus(job) || (!alone(&job->settings) && !job->settings.dry_run))
        return 0;
    *error = job->gpus_error;
    return -1;
}

/* Now, and in the result. */
static void warn(const struct job *job, const char *text)
{
    mcb_log_warn("%s", text);
    json_array_append_new(job->warnings, json_string(text));
}

static int find_nics(struct job *job, struct mcb_error *error)
{
    if (apply_priority_matrix(job, error) != 0 ||
        mcb_topology_load(false, &job->topology, error) != 0)
        return -1;
    job->transport = mcb_transport_choose(&job->settings, job->because);
    mcb_job_drop_what_means_nothing(&job->settings, job->transport);
    /* A plan can be shown where nobody is to be met yet. */
    if (!job->settings.dry_run &&
        mcb_cluster_local_address(&job->settings, mcb_interrupt_flag(), job->address, error) != 0)
        return -1;
    return job->transport->discover(&job->settings, own_address(job), &job->nics, &job->nic_count,
                                    error);
}

/* What the other ranks are told of this one. */
static int make_record(struct job *job, struct mcb_error *error)
{
    json_t *gpus = job->gpus ? mcb_gpu_facts_of_host(job->gpus, job->nics, job->nic_count, error)
                             : json_array();
    if (!gpus)
        return -1;
    json_t *values = mcb_setting_values_to_json(job->options->values);
    const struct mcb_roster_self self = {
        .command = job->options->command,
        .transport = job->transport->name,
        .topology = job->topology,
        .settings = values,
        .nics = job->nics,
        .nic_count = job->nic_count,
        .gpus = gpus,
        .gpu_fault = &job->gpus_error,
    };
    job->record = mcb_roster_record(&self);
    json_decref(values);
    json_decref(gpus);
    return 0;
}

/* The endpoints of this host and their plan, in a job of several with peers like it: for what must
 * be known before anybody has joined. */
static int expect(struct job *job, struct mcb_error *error)
{
    struct mcb_endpoint_list lists[MCB_RANKS_MAX];
    size_t ranks = alone(&job->settings) ? 1 : job->settings.ranks > 1 ? job->settings.ranks : 2;
    if (mcb_roster_list_endpoints(job->record, &job->settings, &job->expected_list, error) != 0)
        return -1;
    for (size_t rank = 0; rank < ranks; rank++)
        lists[rank] = job->expected_list;
    return mcb_plan_make(&job->settings, lists, ranks, &job->expected_plan, error);
}

/* Before joining with what this rank was told, aloud; and once more with what the ranks agreed on.
 */
static int preflight(struct job *job, const struct mcb_endpoint_list *list,
                     const struct mcb_plan *plan, bool aloud, struct mcb_error *error)
{
    struct mcb_preflight_input input;
    uint64_t gpu_bytes[MCB_GPUS_MAX];
    size_t area_bytes = mcb_plan_area_bytes(plan);
    mcb_preflight_input_from_host(&input);
    input.settings = &job->settings;
    input.transport = job->transport->name;
    input.nic_count = job->nic_count;
    for (uint32_t nic = 0; nic < job->nic_count; nic++)
        input.host_bytes += mcb_endpoints_host_bytes(&job->settings, list, nic, area_bytes);
    for (uint32_t gpu = 0; gpu < MCB_GPUS_MAX; gpu++)
        gpu_bytes[gpu] = mcb_endpoints_gpu_bytes(list, gpu, area_bytes);
    input.gpus = mcb_settings_use_gpus(&job->settings) ? job->gpus : NULL;
    input.gpu_bytes = gpu_bytes;
    return mcb_preflight_run(&input, aloud ? mcb_job_screen_check : NULL, &job->settings, error);
}

/* What a host without GPUs has to measure depends on the other ranks: all else waits for them. */
static int check_before_joining(struct job *job, struct mcb_error *error)
{
    if (mcb_job_output_check(&job->settings, error) != 0)
        return -1;
    if (lacks_gpus(job) && !alone(&job->settings))
        return 0;
    if (expect(job, error) != 0)
        return -1;
    job->preflighted = true;
    return preflight(job, &job->expected_list, &job->expected_plan, true, error);
}

/* The endpoints of this rank. */
static const struct mcb_endpoint_list *own_list(const struct job *job)
{
    return &job->roster.lists[mcb_cluster_rank(job->cluster)];
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
    mcb_job_drop_what_means_nothing(&job->settings, job->transport);
    status = check_memories(job, error);
done:
    free(names);
    free(records);
    return status;
}

/* The first rank, from `from` on, that has no GPUs where they were asked for; the number of ranks:
 * there is none. */
static unsigned lacking_rank(const struct job *job, unsigned from)
{
    unsigned rank = mcb_settings_use_gpus(&job->settings) ? from : job->roster.ranks;
    while (rank < job->roster.ranks && job->roster.gpu_faults[rank].code == MCB_FAULT_NONE)
        rank++;
    return rank;
}

static void warn_of_lacking_ranks(const struct job *job)
{
    for (unsigned rank = lacking_rank(job, 0); rank < job->roster.ranks;
         rank = lacking_rank(job, rank + 1)) {
        const struct mcb_error *why = &job->roster.gpu_faults[rank];
        const struct mcb_fault *fault = mcb_fault_get(why->code);
        char text[2 * MCB_ERROR_DETAIL_MAX];
        snprintf(text, sizeof text, "%s takes part with host memory alone: %s, %s: %s; try: %s",
                 mcb_cluster_name(job->cluster, rank), fault->id, fault->title, why->detail,
                 fault->fix);
        warn(job, text);
    }
}

/* The part of this rank in what was agreed on. */
static int plan_together(struct job *job, struct mcb_error *error)
{
    if (mcb_roster_make(job->cluster, &job->settings, &job->roster, error) != 0)
        return -1;
    unsigned lacking = lacking_rank(job, 0);
    if (mcb_plan_make(&job->settings, job->roster.lists, job->roster.ranks, &job->plan, error) !=
        0) {
        /* That there is no path is the consequence of GPUs that are not there. */
        if (error->code == MCB_FAULT_USE_VALUE && lacking < job->roster.ranks) {
            *error = job->roster.gpu_faults[lacking];
            mcb_error_blame(error, mcb_cluster_name(job->cluster, lacking));
        }
        return -1;
    }
    warn_of_lacking_ranks(job);
    if (mcb_job_ignores_registration(&job->settings, job->transport)) {
        char text[128];
        snprintf(text, sizeof text,
                 "--registration: means nothing over %s: memory of GPUs is staged through host "
                 "memory",
                 job->transport->name);
        warn(job, text);
    }
    return 0;
}

static int join(struct job *job, struct mcb_error *error)
{
    if (mcb_cluster_join(&job->settings, job->record, mcb_interrupt_flag(), &job->cluster, error) !=
            0 ||
        mcb_roster_check(job->cluster, error) != 0 || agree(job, error) != 0 ||
        plan_together(job, error) != 0)
        return -1;
    if (alone(&job->settings))
        return 0;
    return preflight(job, own_list(job), &job->plan, !job->preflighted, error);
}

static int take_endpoints(struct job *job, unsigned rank, const json_t *message,
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

static int publish_endpoints(struct job *job, struct mcb_error *error)
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

static void put_warnings(const struct job *job)
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

static int measure(struct job *job, const char *path, struct mcb_error *error)
{
    const struct mcb_endpoints_options opening = {
        .transport = job->transport,
        .settings = &job->settings,
        .topology = job->topology,
        .gpus = job->gpus,
        .address = own_address(job),
        .nics = job->nics,
        .memory_nodes = job->memory_nodes,
        .list = own_list(job),
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

static enum mcb_exit dry_run(struct job *job, struct mcb_error *error)
{
    if (expect(job, error) != 0)
        return mcb_error_exit(error);
    mcb_job_screen_plan(&job->settings, &job->expected_plan, job->transport->name, job->nics,
                        &job->expected_list);
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
    mcb_plan_release(&job->expected_plan);
    mcb_endpoint_list_release(&job->expected_list);
    json_decref(job->record);
    mcb_nics_free(job->nics, job->nic_count);
    mcb_gpus_close(job->gpus);
    mcb_topology_free(job->topology);
    mcb_settings_release(&job->settings);
}

static enum mcb_exit carry_out(struct job *job, struct mcb_error *error)
{
    if (mcb_settings_resolve(job->options->values, &job->settings, error) != 0)
        return mcb_error_exit(error);
    mcb_log_quiet(job->settings.quiet);
    open_gpus(job);
    if (find_nics(job, error) != 0 || check_memories(job, error) != 0 ||
        check_gpus(job, error) != 0 || make_record(job, error) != 0)
        return mcb_error_exit(error);
    if (job->settings.dry_run)
        return dry_run(job, error);
    if (check_before_joining(job, error) != 0 || join(job, error) != 0)
        return mcb_error_exit(error);

    char made[MCB_JOB_OUTPUT_MAX];
    const char *path = mcb_job_output_path(&job->settings, job->options->command,
                                           job->roster.hosts[mcb_cluster_rank(job->cluster)], made);
    int status = measure(job, path, error);
    if (!job->result)
        return mcb_error_exit(error);
    if (status != 0)
        mcb_cluster_abort(job->cluster, error);
    return conclude(job, path, status, error);
}

enum mcb_exit mcb_job_run(const struct mcb_job_options *options)
{
    struct job job = {.options = options, .warnings = json_array()};
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
