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

static enum mcb_exit report(const struct mcb_error *error)
{
    mcb_log_error(error);
    return mcb_error_exit(error);
}

/* Of a run that went through. What failed weighs more than what was missed. */
static enum mcb_exit verdict(const struct mcb_job *job)
{
    struct mcb_error missed;
    if (mcb_expectations_hold(&job->expectations))
        return job->tally.worst;
    mcb_expectations_blame(&job->expectations, &job->ledger, &missed);
    enum mcb_exit exit_code = report(&missed);
    return job->tally.worst > exit_code ? job->tally.worst : exit_code;
}

/* Judges, prints and keeps the result. A rank other than the first keeps a file if it was asked for
 * one, or if the job broke: then nobody knows who else has one. */
static enum mcb_exit conclude(struct mcb_job *job, const char *path, int status,
                              const struct mcb_error *failure)
{
    mcb_job_finish(job, status, failure);
    bool keep = mcb_cluster_rank(job->cluster) == 0 || job->settings.output || status != 0;
    struct mcb_error unjudged = {0}, unseen = {0}, unkept = {0}, untold = {0};
    mcb_job_judge(job, &unjudged);
    mcb_job_screen_result(&job->settings, mcb_result_document(job->result), &job->expectations,
                          &job->ledger, keep ? path : NULL, &unseen);
    mcb_result_close(job->result, keep, &unkept);
    mcb_job_tell_prometheus(job, &untold);
    if (unkept.code != MCB_FAULT_NONE)
        return report(&unkept);
    const struct mcb_error *const troubles[] = {&unjudged, &unseen, &untold};
    for (size_t i = 0; status == 0 && i < sizeof troubles / sizeof *troubles; i++)
        if (troubles[i]->code != MCB_FAULT_NONE)
            return report(troubles[i]);
    return status == 0 ? verdict(job) : mcb_error_exit(failure);
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
