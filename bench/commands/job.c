/* SPDX-License-Identifier: Apache-2.0 */
#include "bench/commands/job.h"

#include <string.h>

#include "bench/commands/job_output.h"
#include "bench/commands/job_screen.h"
#include "bench/commands/job_state.h"
#include "common/log.h"

static enum mcb_exit dry_run(struct mcb_job *job, struct mcb_error *error)
{
    if (mcb_job_expect(job, error) != 0)
        return mcb_error_exit(error);
    mcb_job_screen_plan(&job->settings, &job->expected_plan, job->transport->name, job->nics,
                        &job->expected_list);
    return MCB_EXIT_OK;
}

/* Prints and keeps the result. A rank other than the first keeps a file if it was asked for one, or
 * if the job broke: then nobody knows who else has one. */
static enum mcb_exit conclude(struct mcb_job *job, const char *path, int status,
                              const struct mcb_error *failure)
{
    mcb_job_finish(job, status, failure);
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

static enum mcb_exit carry_out(struct mcb_job *job, struct mcb_error *error)
{
    if (mcb_job_prepare(job, error) != 0)
        return mcb_error_exit(error);
    if (job->settings.dry_run)
        return dry_run(job, error);
    if (mcb_job_check(job, error) != 0 || mcb_job_join(job, error) != 0)
        return mcb_error_exit(error);

    char made[MCB_JOB_OUTPUT_MAX];
    const char *path = mcb_job_output_path(&job->settings, job->options->command,
                                           job->roster.hosts[mcb_cluster_rank(job->cluster)], made);
    int status = mcb_job_measure(job, path, error);
    if (!job->result)
        return mcb_error_exit(error);
    if (status != 0)
        mcb_cluster_abort(job->cluster, error);
    return conclude(job, path, status, error);
}

enum mcb_exit mcb_job_run(const struct mcb_job_options *options)
{
    struct mcb_job job;
    struct mcb_error error = {0};
    mcb_job_start(&job, options);
    enum mcb_exit exit_code = carry_out(&job, &error);
    if (error.code != MCB_FAULT_NONE) {
        if (job.cluster && !job.result)
            mcb_cluster_abort(job.cluster, &error);
        mcb_log_error(&error);
    }
    mcb_job_release(&job);
    return exit_code;
}
