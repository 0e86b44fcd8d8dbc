/* SPDX-License-Identifier: Apache-2.0 */
/* The stretch of a job that this rank goes by itself, before anybody else is met. */
#include "bench/commands/job_state.h"

#include <stdlib.h>
#include <string.h>

#include "bench/commands/job_output.h"
#include "bench/commands/job_rules.h"
#include "bench/commands/job_screen.h"
#include "bench/doctor/preflight.h"
#include "bench/measure/gpu_facts.h"
#include "bench/plan/priority_matrix.h"
#include "bench/topology/topology.h"
#include "common/interrupt.h"
#include "common/log.h"
#include "gpu/gpu.h"
#include "rdma/device.h"

bool mcb_job_is_alone(const struct mcb_settings *settings)
{
    return !settings->listen && !settings->connect && !settings->etcd;
}

int mcb_job_check_own_memories(const struct mcb_job *job, struct mcb_error *error)
{
    return mcb_job_check_memories(job->options->command, &job->settings, job->gpus,
                                  job->memory_nodes, error);
}

const char *mcb_job_own_address(const struct mcb_job *job)
{
    return mcb_job_is_alone(&job->settings) || job->settings.dry_run ? NULL : job->address;
}

/* The NICs that a priority matrix prefers for the memory asked for, and where that memory is. */
static int apply_priority_matrix(struct mcb_job *job, struct mcb_error *error)
{
    for (size_t i = 0; i < MCB_NICS_MAX; i++)
        job->memory_nodes[i] = -1;
    if (!job->settings.priority_matrix)
        return 0;
    return mcb_priority_matrix_select(&job->settings, job->memory_nodes, error);
}

/* Without GPUs this host may still take part with its host memory, which is known once the ranks
 * have agreed: the reason is kept. */
static void open_gpus(struct mcb_job *job)
{
    if (strcmp(job->options->command, "gpu") != 0)
        return;
    mcb_device_forbid_scatter_to_cqe();
    if (mcb_gpus_open(&job->gpus, &job->gpus_error) != 0)
        job->gpus = NULL;
}

static bool lacks_gpus(const struct mcb_job *job)
{
    return mcb_settings_use_gpus(&job->settings) && !job->gpus;
}

/* Nobody else makes up for GPUs that this host alone was asked for, nor for those of a plan in
 * which all hosts are like this one. */
static int check_gpus(const struct mcb_job *job, struct mcb_error *error)
{
    if (!lacks_gpus(job) || (!mcb_job_is_alone(&job->settings) && !job->settings.dry_run))
        return 0;
    *error = job->gpus_error;
    return -1;
}

static int find_nics(struct mcb_job *job, struct mcb_error *error)
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
    return job->transport->discover(&job->settings, mcb_job_own_address(job), &job->nics,
                                    &job->nic_count, error);
}

/* What the other ranks are told of this one. */
static int make_record(struct mcb_job *job, struct mcb_error *error)
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

int mcb_job_expect(struct mcb_job *job, struct mcb_error *error)
{
    struct mcb_endpoint_list lists[MCB_RANKS_MAX];
    size_t ranks = mcb_job_is_alone(&job->settings) ? 1
                   : job->settings.ranks > 1        ? job->settings.ranks
                                                    : 2;
    if (mcb_roster_list_endpoints(job->record, &job->settings, &job->expected_list, error) != 0)
        return -1;
    for (size_t rank = 0; rank < ranks; rank++)
        lists[rank] = job->expected_list;
    return mcb_plan_make(&job->settings, lists, ranks, &job->expected_plan, error);
}

int mcb_job_preflight(struct mcb_job *job, const struct mcb_endpoint_list *list,
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
int mcb_job_check(struct mcb_job *job, struct mcb_error *error)
{
    if (mcb_job_output_check(&job->settings, error) != 0)
        return -1;
    if (lacks_gpus(job) && !mcb_job_is_alone(&job->settings))
        return 0;
    if (mcb_job_expect(job, error) != 0)
        return -1;
    job->preflighted = true;
    return mcb_job_preflight(job, &job->expected_list, &job->expected_plan, true, error);
}

int mcb_job_prepare(struct mcb_job *job, struct mcb_error *error)
{
    if (mcb_settings_resolve(job->options->values, &job->settings, error) != 0)
        return -1;
    mcb_log_quiet(job->settings.quiet);
    open_gpus(job);
    if (find_nics(job, error) != 0 || mcb_job_check_own_memories(job, error) != 0 ||
        check_gpus(job, error) != 0 || make_record(job, error) != 0)
        return -1;
    return mcb_job_check_rules(job, json_pack("[O]", job->record), error);
}
