/* SPDX-License-Identifier: Apache-2.0 */
/* The stretch of a job in which its ranks meet and agree. */
#include "bench/commands/job_state.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench/commands/job_rules.h"
#include "common/interrupt.h"
#include "common/log.h"

const struct mcb_endpoint_list *mcb_job_own_list(const struct mcb_job *job)
{
    return &job->roster.lists[mcb_cluster_rank(job->cluster)];
}

/* Now, and in the result. */
static void warn(const struct mcb_job *job, const char *text)
{
    mcb_log_warn("%s", text);
    json_array_append_new(job->warnings, json_string(text));
}

/* What the ranks say holds for all: settings are merged and read again. */
static int agree(struct mcb_job *job, struct mcb_error *error)
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
    status = mcb_job_check_own_memories(job, error);
done:
    free(names);
    free(records);
    return status;
}

/* The first rank, from `from` on, that has no GPUs where they were asked for; the number of ranks:
 * there is none. */
static unsigned lacking_rank(const struct mcb_job *job, unsigned from)
{
    unsigned rank = mcb_settings_use_gpus(&job->settings) ? from : job->roster.ranks;
    while (rank < job->roster.ranks && job->roster.gpu_faults[rank].code == MCB_FAULT_NONE)
        rank++;
    return rank;
}

static void warn_of_lacking_ranks(const struct mcb_job *job)
{
    for (unsigned rank = lacking_rank(job, 0); rank < job->roster.ranks;
         rank = lacking_rank(job, rank + 1)) {
        const struct mcb_error *why = &job->roster.gpu_faults[rank];
        const struct mcb_fault *fault = mcb_fault_get(why->code);
        char fix[MCB_FAULT_FIX_MAX], text[2 * MCB_ERROR_DETAIL_MAX + MCB_FAULT_FIX_MAX];
        snprintf(text, sizeof text, "%s takes part with host memory alone: %s, %s: %s; try: %s",
                 mcb_cluster_name(job->cluster, rank), fault->id, fault->title, why->detail,
                 mcb_fault_join(fault->fix, fix, sizeof fix));
        warn(job, text);
    }
}

/* The part of this rank in what was agreed on. */
static int plan_together(struct mcb_job *job, struct mcb_error *error)
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

/* What is expected of machines of a type is expected of all hosts. */
static int check_rules(const struct mcb_job *job, struct mcb_error *error)
{
    json_t *hosts = json_array();
    for (unsigned rank = 0; rank < job->roster.ranks; rank++)
        json_array_append(hosts, job->roster.facts[rank]);
    return mcb_job_check_rules(job, hosts, error);
}

int mcb_job_join(struct mcb_job *job, struct mcb_error *error)
{
    if (mcb_cluster_join(&job->settings, job->record, mcb_interrupt_flag(), &job->cluster, error) !=
            0 ||
        mcb_roster_check(job->cluster, error) != 0 || agree(job, error) != 0 ||
        plan_together(job, error) != 0 || check_rules(job, error) != 0)
        return -1;
    if (mcb_job_is_alone(&job->settings))
        return 0;
    return mcb_job_preflight(job, mcb_job_own_list(job), &job->plan, !job->preflighted, error);
}
