/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Errors come by the million: of a line that says again what is known, no more is looked at than
 * its fault, host and path. Its time is made out while a log may still have earlier lines than
 * those that are kept.
 */

#include "bench/doctor/explain_take.h"

#include <stdlib.h>
#include <string.h>

#include "bench/doctor/explain_evidence.h"
#include "bench/doctor/explain_order.h"
#include "bench/doctor/log_mtu.h"

static int fail_memory(struct mcb_error *error)
{
    return mcb_error_set(error, MCB_FAULT_HOST_MEMORY, "no memory for the errors of the logs");
}

/* ---- time and host ---- */

static struct mcb_explain_moment moment_of(const struct mcb_explain *explain,
                                           const struct mcb_log_line *line)
{
    struct mcb_explain_log *log = &explain->logs[explain->log_count - 1];
    struct mcb_log_time time = line->time;
    if (time.clock == MCB_LOG_CLOCK_NONE) {
        struct mcb_log_line before;
        mcb_log_line_read(explain->state->head, explain->state->head_length, &before);
        time = before.time;
    }
    if (log->clock == MCB_LOG_CLOCK_NONE)
        log->clock = time.clock;
    return (struct mcb_explain_moment){mcb_log_time_us(&time, log->not_after_s),
                                       time.clock == MCB_LOG_CLOCK_BOOT ? time.uptime_us : -1};
}

/* As the line says, else the name of the log. Errors come by the million: printing is too slow. */
static void host_of(const struct mcb_explain *explain, const struct mcb_log_line *line,
                    char host[MCB_EXPLAIN_HOST_MAX])
{
    const char *name = line->host ? line->host : explain->logs[explain->log_count - 1].name;
    size_t length = line->host ? line->host_length : strlen(name);
    if (length >= MCB_EXPLAIN_HOST_MAX)
        length = MCB_EXPLAIN_HOST_MAX - 1;
    memcpy(host, name, length);
    host[length] = '\0';
}

static enum mcb_explain_whose whose(const struct mcb_log_line *line)
{
    if (line->host)
        return MCB_EXPLAIN_WHOSE_SAID;
    return line->is_kernel ? MCB_EXPLAIN_WHOSE_ANY : MCB_EXPLAIN_WHOSE_LOG;
}

/* ---- findings ---- */

static int keep_line(const struct mcb_explain *explain, const struct mcb_explain_scene *scene,
                     struct mcb_explain_line *line)
{
    char *text = mcb_explain_excerpt(scene->piece->text, scene->piece->length, scene->hit.at);
    if (!text)
        return -1;
    *line = (struct mcb_explain_line){explain->log_count - 1, scene->piece->number, text};
    return 0;
}

void mcb_explain_take_last(const struct mcb_explain *explain, struct mcb_explain_finding *finding)
{
    const struct mcb_explain_last *last = &finding->last_read;
    int64_t us = mcb_log_time_us(&last->time, explain->logs[last->log].not_after_s);
    if (us < finding->last_us)
        return;
    finding->last_us = us;
    finding->last_log = last->log;
    finding->last_number = last->number;
}

/* Where the line stands among those that are kept; MCB_EXPLAIN_LINES_MAX: it is not kept. A line
 * that comes in pieces is counted once. The time is made out where it may matter only. */
static size_t count_line(const struct mcb_explain *explain, const struct mcb_explain_scene *scene,
                         struct mcb_explain_finding *finding, struct mcb_explain_moment *when)
{
    size_t log = explain->log_count - 1;
    struct mcb_explain_last *last = &finding->last_read;
    bool is_of_log = finding->count > 0 && last->log == log;
    if (is_of_log && last->number == scene->piece->number)
        return MCB_EXPLAIN_LINES_MAX;
    if (!is_of_log) {
        if (finding->count > 0)
            mcb_explain_take_last(explain, finding);
        *last = (struct mcb_explain_last){.log = log};
        finding->is_full = false;
    }
    finding->count++;
    last->number = scene->piece->number;
    if (scene->line.time.clock != MCB_LOG_CLOCK_NONE)
        last->time = scene->line.time;
    if (finding->is_full)
        return MCB_EXPLAIN_LINES_MAX;
    *when = moment_of(explain, &scene->line);
    size_t at = mcb_explain_order_find(finding, log, when);
    finding->is_full = at == MCB_EXPLAIN_LINES_MAX;
    return at;
}

/* A queue pair that does not reach RTR, with both MTUs on the line: the reason is known. */
static enum mcb_fault_code refine(const struct mcb_explain_scene *scene, int *mtu, int *peer_mtu)
{
    *mtu = *peer_mtu = 0;
    if (scene->hit.code != MCB_FAULT_RDMA_QP_RTR && scene->hit.code != MCB_FAULT_RDMA_MTU)
        return scene->hit.code;
    int local = mcb_log_mtu_read(scene->piece->text, scene->piece->length, "local");
    int peer = mcb_log_mtu_read(scene->piece->text, scene->piece->length, "peer");
    if (local == 0 || peer == 0 || local == peer)
        return scene->hit.code;
    *mtu = local;
    *peer_mtu = peer;
    return MCB_FAULT_RDMA_MTU;
}

/* What was told of a NIC becomes a finding, or the line of one that another log has told of. */
static int add_nic(struct mcb_explain *explain, const struct mcb_explain_nic *nic,
                   const struct mcb_explain_key *key, enum mcb_explain_whose whose_it_is)
{
    struct mcb_explain_table *table = &explain->state->table;
    struct mcb_explain_finding *finding = mcb_explain_table_find(table, explain, key);
    if (finding && finding->last_read.log == nic->line.log)
        return 0;
    if (!finding && explain->finding_count + 1 >= MCB_EXPLAIN_FINDINGS_MAX)
        return 0;
    if (!finding)
        finding = mcb_explain_table_add(table, explain, key);
    else
        mcb_explain_take_last(explain, finding);
    if (!finding)
        return -1;
    finding->whose = whose_it_is;
    finding->last_read = (struct mcb_explain_last){nic->line.log, nic->line.number, nic->time};
    finding->is_full = false;
    finding->count++;
    struct mcb_explain_mention mention = {.line = nic->line, .when = nic->when};
    size_t at = mcb_explain_order_find(finding, nic->line.log, &nic->when);
    if (at == MCB_EXPLAIN_LINES_MAX)
        return 0;
    mention.line.text = strdup(nic->line.text);
    if (mention.line.text)
        mcb_explain_order_insert(finding, at, &mention);
    return mention.line.text ? 0 : -1;
}

/* What was told of the NICs before, if that is the cause of this error. */
static int add_evidence(struct mcb_explain *explain, const struct mcb_explain_scene *scene,
                        const struct mcb_explain_key *error_key)
{
    const struct mcb_explain_evidence *evidence = &explain->state->evidence;
    struct mcb_explain_key key = *error_key;
    for (size_t i = 0; i < evidence->count; i++) {
        const struct mcb_explain_nic *nic = &evidence->nics[i];
        if (strcmp(nic->host, key.host) != 0 ||
            !mcb_explain_evidence_explains(nic, error_key->code, scene->piece->text,
                                           scene->piece->length))
            continue;
        key.code = nic->code;
        if (add_nic(explain, nic, &key, whose(&scene->line)) != 0)
            return -1;
    }
    return 0;
}

int mcb_explain_take_known(struct mcb_explain *explain, const struct mcb_explain_scene *scene,
                           struct mcb_error *error)
{
    struct mcb_explain_table *table = &explain->state->table;
    struct mcb_explain_mention mention;
    struct mcb_explain_key key;
    key.code = refine(scene, &mention.mtu, &mention.peer_mtu);
    host_of(explain, &scene->line, key.host);
    mcb_log_path_read(scene->piece->text, scene->piece->length, key.path);
    struct mcb_explain_finding *finding = mcb_explain_table_find(table, explain, &key);
    if (!finding || finding->last_read.log != explain->log_count - 1) {
        if (add_evidence(explain, scene, &key) != 0)
            return fail_memory(error);
        /* The findings may have moved. */
        finding = mcb_explain_table_find(table, explain, &key);
    }
    if (!finding && explain->finding_count == MCB_EXPLAIN_FINDINGS_MAX) {
        explain->findings_beyond++;
        return 0;
    }
    if (!finding)
        finding = mcb_explain_table_add(table, explain, &key);
    if (!finding)
        return fail_memory(error);
    if (finding->count == 0)
        finding->whose = whose(&scene->line);
    size_t at = count_line(explain, scene, finding, &mention.when);
    if (at == MCB_EXPLAIN_LINES_MAX)
        return 0;
    if (keep_line(explain, scene, &mention.line) != 0)
        return fail_memory(error);
    mcb_explain_order_insert(finding, at, &mention);
    return 0;
}

int mcb_explain_take_nic(struct mcb_explain *explain, const struct mcb_explain_scene *scene,
                         struct mcb_error *error)
{
    char host[MCB_EXPLAIN_HOST_MAX];
    struct mcb_explain_nic *nic;
    host_of(explain, &scene->line, host);
    mcb_explain_evidence_tell(&explain->state->evidence, scene->piece->text, scene->piece->length,
                              host, scene->hit.code, &nic);
    if (!nic)
        return 0;
    nic->when = moment_of(explain, &scene->line);
    nic->time = scene->line.time;
    return keep_line(explain, scene, &nic->line) == 0 ? 0 : fail_memory(error);
}

/* ---- what the catalogue does not know ---- */

/* Whether the line takes the place of the one that is kept of its kind. */
static bool is_first_of_kind(const struct mcb_explain *explain,
                             const struct mcb_explain_scene *scene, struct mcb_explain_kind *kind,
                             struct mcb_explain_moment *when)
{
    size_t log = explain->log_count - 1;
    bool is_new = kind->count == 1;
    if (!is_new && kind->last_log == log)
        return false;
    kind->last_log = log;
    *when = moment_of(explain, &scene->line);
    return is_new || (when->wall_us != MCB_LOG_NO_TIME && (kind->when.wall_us == MCB_LOG_NO_TIME ||
                                                           when->wall_us < kind->when.wall_us));
}

int mcb_explain_take_unknown(struct mcb_explain *explain, const struct mcb_explain_scene *scene,
                             struct mcb_error *error)
{
    char pattern[MCB_EXPLAIN_PATTERN_MAX], host[MCB_EXPLAIN_HOST_MAX];
    const char *message = scene->piece->text + scene->line.message;
    size_t length = scene->piece->length - scene->line.message;
    struct mcb_explain_kind *kind;
    struct mcb_explain_moment when;
    struct mcb_explain_line line;
    if (mcb_explain_is_between_tracebacks(message, length) ||
        explain->state->unknown_number == scene->piece->number)
        return 0;
    explain->state->unknown_number = scene->piece->number;
    mcb_explain_pattern(message, length, pattern);
    host_of(explain, &scene->line, host);
    if (mcb_explain_unknowns_add(&explain->unknowns, pattern, host, &kind, error) != 0)
        return -1;
    if (!kind || !is_first_of_kind(explain, scene, kind, &when))
        return 0;
    if (keep_line(explain, scene, &line) != 0)
        return fail_memory(error);
    free(kind->line.text);
    kind->line = line;
    kind->when = when;
    return 0;
}
