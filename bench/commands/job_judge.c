/* SPDX-License-Identifier: Apache-2.0 */
/* The stretch of a job in which its result is held against what was expected. */
#include "bench/commands/job_state.h"

#include "bench/report/prometheus.h"

static bool expects(const struct mcb_settings *settings)
{
    return settings->expect || settings->expect_file;
}

int mcb_job_check_rules(const struct mcb_job *job, json_t *hosts, struct mcb_error *error)
{
    json_t *head =
        json_pack("{s:{s:s}, s:o}", "transport", "name", job->transport->name, "hosts", hosts);
    int status =
        mcb_expectations_check(head, job->settings.expect, job->settings.expect_file, error);
    json_decref(head);
    return status;
}

static int add_verdict(const struct mcb_job *job, struct mcb_error *error)
{
    json_t *verdict = mcb_expectations_to_json(&job->expectations, &job->ledger);
    if (json_object_set_new(mcb_result_document(job->result), "expectations", verdict) != 0)
        return mcb_error_set(error, MCB_FAULT_HOST_MEMORY, "no memory for the expectations");
    return 0;
}

int mcb_job_judge(struct mcb_job *job, struct mcb_error *error)
{
    const struct mcb_settings *settings = &job->settings;
    if (!expects(settings) && !settings->prometheus)
        return 0;
    if (mcb_ledger_from_document(mcb_result_document(job->result), &job->ledger, error) != 0)
        return -1;
    if (!expects(settings))
        return 0;
    if (mcb_expectations_make(&job->ledger, settings->expect, settings->expect_file,
                              &job->expectations, error) != 0)
        return -1;
    return add_verdict(job, error);
}

int mcb_job_tell_prometheus(const struct mcb_job *job, struct mcb_error *error)
{
    const char *path = job->settings.prometheus;
    if (!path || !job->ledger.head)
        return 0;
    return mcb_prometheus_write(path, &job->ledger, NULL,
                                expects(&job->settings) ? &job->expectations : NULL, error);
}
