/* SPDX-License-Identifier: Apache-2.0 */
#include "bench/commands/job_state.h"

#include "bench/topology/topology.h"
#include "common/interrupt.h"
#include "gpu/gpu.h"

void mcb_job_start(struct mcb_job *job, const struct mcb_job_options *options)
{
    *job = (struct mcb_job){.options = options, .warnings = json_array()};
    mcb_interrupt_install();
}

void mcb_job_release(struct mcb_job *job)
{
    mcb_expectations_release(&job->expectations);
    mcb_ledger_release(&job->ledger);
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
