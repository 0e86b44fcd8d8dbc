/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A job as the second of two ranks whose result is for the program itself: nothing is printed and
 * no file is written. It is to prove that bytes arrive, not how fast: one message at a time, which
 * a host that is short of CPU carries within its trial where several would be dropped and wait for
 * their repetition.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench/commands/job.h"
#include "bench/commands/job_state.h"
#include "common/clock.h"
#include "common/log.h"

struct setting_text {
    const char *name, *text;
};

static const struct setting_text fixed[] = {
    {"op", "write,read"},  {"size", "64KiB"},  {"verify", NULL},
    {"duration", "300ms"}, {"warmup", "10ms"}, {"trials", "1"},
    {"depth", "1"},        {"qps", "1"},       {"quiet", NULL},
};

static const char *get_variable(const char *name)
{
    return getenv(name);
}

static int set_all(struct mcb_setting_values *values, const char *peer, const char *nics,
                   int64_t timeout_ns, struct mcb_error *error)
{
    int64_t timeout_ms = timeout_ns / MCB_NS_PER_MS;
    char timeout[32];
    for (size_t i = 0; i < sizeof(fixed) / sizeof(fixed[0]); i++)
        if (mcb_setting_values_set(values, fixed[i].name, fixed[i].text, error) != 0)
            return -1;
    snprintf(timeout, sizeof timeout, "%lldms", (long long)(timeout_ms < 100 ? 100 : timeout_ms));
    if (mcb_setting_values_set(values, "timeout", timeout, error) != 0 ||
        (nics && mcb_setting_values_set(values, "nic", nics, error) != 0) ||
        mcb_setting_values_set(values, "connect", peer, error) != 0)
        return -1;
    return mcb_setting_values_read_environment(values, get_variable, error);
}

static int carry_out(struct mcb_job *job, struct mcb_error *error)
{
    if (mcb_job_prepare(job, error) != 0 || mcb_job_join(job, error) != 0)
        return -1;
    return mcb_job_measure(job, NULL, error);
}

/* What was measured before a failure is in the document, which then holds the failure. */
static int take_document(struct mcb_job *job, int status, const struct mcb_error *failure,
                         json_t **document, struct mcb_error *error)
{
    struct mcb_error ignored;
    if (!job->result) {
        *error = *failure;
        return -1;
    }
    mcb_job_finish(job, status, failure);
    *document = json_incref(mcb_result_document(job->result));
    mcb_result_close(job->result, false, &ignored);
    return 0;
}

/* Until both have joined, what is no message of mcbench's comes from somebody else; the first one
 * that is says its version (JOB_ROSTER where it is another). */
static bool is_stranger(const struct mcb_job *job, const struct mcb_error *failure)
{
    return !job->cluster &&
           (failure->code == MCB_FAULT_NET_PROTOCOL || failure->code == MCB_FAULT_JOB_PEER_SILENT);
}

int mcb_job_transfer(const char *peer, const char *nics, int64_t timeout_ns, json_t **document,
                     bool *stranger, struct mcb_error *error)
{
    char *argv[] = {"doctor", NULL};
    struct mcb_error failure = {.code = MCB_FAULT_NONE};
    struct mcb_setting_values *values = mcb_setting_values_new();
    *stranger = false;
    if (!values)
        return mcb_error_set(error, MCB_FAULT_HOST_MEMORY, "no memory for the settings");
    const struct mcb_job_options options = {"cpu", 1, argv, values};
    struct mcb_job job;
    mcb_job_start(&job, &options);
    int status = set_all(values, peer, nics, timeout_ns, &failure);
    status = status != 0 ? -1 : carry_out(&job, &failure);
    if (status != 0 && job.cluster)
        mcb_cluster_abort(job.cluster, &failure);
    *stranger = status != 0 && is_stranger(&job, &failure);
    status = take_document(&job, status, &failure, document, error);
    mcb_job_release(&job);
    mcb_log_quiet(false);
    mcb_setting_values_free(values);
    return status;
}
