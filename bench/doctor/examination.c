/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Checks run group by group. Mooncake's environment comes before the network and etcd, because it
 * may name the metadata server that those ask; what was found is put into the order of the groups
 * at the end.
 */
#include "bench/doctor/examination.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "bench/doctor/examination_gather.h"
#include "common/clock.h"

enum { FINDINGS_MOST = 16384, PROOFS_MOST = 4096, UNSEEN_MOST = 256 };

struct group {
    const char *name;
    const struct mcb_check *checks;
};

static const struct group groups[MCB_GROUPS] = {
    [MCB_GROUP_HOST] = {"host", mcb_checks_host},
    [MCB_GROUP_NIC] = {"nic", mcb_checks_nic},
    [MCB_GROUP_GPU] = {"gpu", mcb_checks_gpu},
    [MCB_GROUP_MEMORY] = {"memory", mcb_checks_memory},
    [MCB_GROUP_NETWORK] = {"network", mcb_checks_network},
    [MCB_GROUP_ETCD] = {"etcd", mcb_checks_etcd},
    [MCB_GROUP_MOONCAKE] = {"mooncake", mcb_checks_mooncake},
};

static const enum mcb_check_group order[MCB_GROUPS] = {
    MCB_GROUP_HOST,     MCB_GROUP_NIC,     MCB_GROUP_GPU,  MCB_GROUP_MEMORY,
    MCB_GROUP_MOONCAKE, MCB_GROUP_NETWORK, MCB_GROUP_ETCD,
};

static const char *const stage_names[MCB_STAGES] = {
    [MCB_STAGE_NONE] = "nothing",
    [MCB_STAGE_SEEN] = "device seen",
    [MCB_STAGE_ACTIVE] = "port active",
    [MCB_STAGE_GID] = "GID valid",
    [MCB_STAGE_QUEUE_PAIR] = "queue pair made",
    [MCB_STAGE_REGISTERED] = "memory registered",
    [MCB_STAGE_LOOPBACK] = "loopback transfer verified",
    [MCB_STAGE_PEER] = "peer reached",
    [MCB_STAGE_PEER_TRANSFER] = "transfer to peer verified",
};

const char *mcb_check_group_name(enum mcb_check_group group)
{
    return groups[group].name;
}

const char *mcb_stage_name(enum mcb_stage stage)
{
    return stage_names[stage];
}

/* ---- what a check needs ---- */

static bool is_live(const struct mcb_examination *examination)
{
    return mcb_system_is_live(examination->system);
}

static bool has_nics(const struct mcb_examination *examination)
{
    return examination->nic_count > 0;
}

static bool has_gpus(const struct mcb_examination *examination)
{
    return examination->gpu_functions > 0 || examination->gpus;
}

static bool has_peer(const struct mcb_examination *examination)
{
    return examination->options->peer != NULL;
}

static bool has_etcd(const struct mcb_examination *examination)
{
    return examination->etcd[0] != '\0';
}

static const struct {
    enum mcb_check_need need;
    bool (*met)(const struct mcb_examination *examination);
    const char *reason;
} needs[] = {
    {MCB_NEEDS_LIVE, is_live, "a copied host has nothing live: run mcbench doctor on it"},
    {MCB_NEEDS_NICS, has_nics, "no RDMA device"},
    {MCB_NEEDS_GPUS, has_gpus, "no GPU"},
    {MCB_NEEDS_PEER, has_peer, "no --peer was given"},
    {MCB_NEEDS_ETCD, has_etcd, "neither --etcd nor Mooncake's environment names one"},
};

/* Why the check cannot run; NULL: it can. */
static const char *reason_against(const struct mcb_examination *examination,
                                  const struct mcb_check *check)
{
    for (size_t i = 0; i < sizeof needs / sizeof *needs; i++)
        if (check->needs & needs[i].need && !needs[i].met(examination))
            return needs[i].reason;
    return NULL;
}

static enum mcb_check_group group_of(const struct mcb_check *check)
{
    for (size_t group = 0; group < MCB_GROUPS; group++)
        for (const struct mcb_check *row = groups[group].checks; row->id; row++)
            if (row == check)
                return (enum mcb_check_group)group;
    return MCB_GROUP_HOST;
}

/* ---- texts ---- */

static bool is_continuation(char byte)
{
    return ((unsigned char)byte & 0xc0) == 0x80;
}

/* Control characters become '?', but line feeds where they are the form; a cut sequence of UTF-8 at
 * the end is dropped. */
static void make_clean(char *text, bool lines)
{
    size_t end = strlen(text), start = end;
    for (char *next = text; *next; next++)
        if (((unsigned char)*next < 0x20 && !(lines && *next == '\n')) || *next == 0x7f)
            *next = '?';
    while (start > 0 && is_continuation(text[start - 1]))
        start--;
    unsigned char lead = start > 0 ? (unsigned char)text[start - 1] : 0;
    size_t length = lead >= 0xf0 ? 4 : lead >= 0xe0 ? 3 : lead >= 0xc0 ? 2 : 1;
    if (start > 0 && end - (start - 1) < length)
        text[start - 1] = '\0';
}

__attribute__((format(printf, 3, 0))) static void write_text(char *out, size_t size,
                                                             const char *format, va_list arguments)
{
    vsnprintf(out, size, format, arguments);
    make_clean(out, true);
}

/* ---- what checks add ---- */

/* One more of an array that is at most `most` long; NULL: no room. The array is at least twice as
 * long whenever its length is a power of two. */
static void *grow(struct mcb_examination *examination, void *array, size_t *count, size_t size,
                  size_t most)
{
    void *grown = array;
    if (*count >= most)
        return NULL;
    if ((*count & (*count - 1)) == 0)
        grown = realloc(array, (*count ? 2 * *count : 1) * size);
    if (!grown)
        examination->out_of_memory = true;
    else
        ++*count;
    return grown;
}

void mcb_examination_add(struct mcb_examination *examination, const struct mcb_check *check,
                         const char *subject, enum mcb_verdict verdict, enum mcb_fault_code fault,
                         const char *evidence, ...)
{
    struct mcb_finding *list = grow(examination, examination->findings, &examination->finding_count,
                                    sizeof *list, FINDINGS_MOST);
    if (!list)
        return;
    examination->findings = list;
    struct mcb_finding *finding = &list[examination->finding_count - 1];
    *finding = (struct mcb_finding){
        .check = check, .group = group_of(check), .verdict = verdict, .fault = fault};
    snprintf(finding->subject, sizeof finding->subject, "%s", subject ? subject : "");
    make_clean(finding->subject, false);
    va_list arguments;
    va_start(arguments, evidence);
    write_text(finding->evidence, sizeof finding->evidence, evidence, arguments);
    va_end(arguments);
}

void mcb_examination_prove(struct mcb_examination *examination, enum mcb_check_group group,
                           const char *subject, enum mcb_stage stage, const char *how, ...)
{
    struct mcb_proof *proof = NULL;
    for (size_t i = 0; i < examination->proof_count && !proof; i++)
        if (examination->proofs[i].group == group &&
            strcmp(examination->proofs[i].subject, subject) == 0)
            proof = &examination->proofs[i];
    if (!proof) {
        struct mcb_proof *list = grow(examination, examination->proofs, &examination->proof_count,
                                      sizeof *list, PROOFS_MOST);
        if (!list)
            return;
        examination->proofs = list;
        proof = &list[examination->proof_count - 1];
        *proof = (struct mcb_proof){.group = group};
        snprintf(proof->subject, sizeof proof->subject, "%s", subject);
        make_clean(proof->subject, false);
    }
    if (stage < proof->stage)
        return;
    proof->stage = stage;
    va_list arguments;
    va_start(arguments, how);
    write_text(proof->how, sizeof proof->how, how, arguments);
    va_end(arguments);
}

void mcb_examination_unseen(struct mcb_examination *examination, const char *format, ...)
{
    char text[MCB_EVIDENCE_MAX];
    va_list arguments;
    va_start(arguments, format);
    write_text(text, sizeof text, format, arguments);
    va_end(arguments);
    for (size_t i = 0; i < examination->unseen_count; i++)
        if (strcmp(examination->unseen[i], text) == 0)
            return;
    char *kept = strdup(text);
    char **list = kept ? grow(examination, examination->unseen, &examination->unseen_count,
                              sizeof *list, UNSEEN_MOST)
                       : NULL;
    if (!list) {
        examination->out_of_memory |= !kept;
        free(kept);
        return;
    }
    examination->unseen = list;
    list[examination->unseen_count - 1] = kept;
}

/* ---- the examination ---- */

static void run_group(struct mcb_examination *examination, enum mcb_check_group group)
{
    const volatile sig_atomic_t *stop = examination->options->stop;
    for (const struct mcb_check *check = groups[group].checks; check->id; check++) {
        const char *reason = reason_against(examination, check);
        if (stop && *stop)
            return;
        if (reason)
            mcb_examination_add(examination, check, NULL, MCB_VERDICT_SKIP, MCB_FAULT_NONE, "%s",
                                reason);
        else
            check->run(examination, check);
    }
}

/* Into the order of the groups, keeping that within each. */
static bool sort_findings(struct mcb_examination *examination)
{
    size_t count = examination->finding_count, next = 0;
    struct mcb_finding *sorted = calloc(count + 1, sizeof *sorted);
    if (!sorted)
        return false;
    for (size_t group = 0; group < MCB_GROUPS; group++)
        for (size_t i = 0; i < count; i++)
            if (examination->findings[i].group == group)
                sorted[next++] = examination->findings[i];
    free(examination->findings);
    examination->findings = sorted;
    return true;
}

static int64_t now_since_1970_ns(void)
{
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    return (int64_t)now.tv_sec * MCB_NS_PER_S + now.tv_nsec;
}

int mcb_examination_make(const struct mcb_system *system,
                         const struct mcb_examination_options *options,
                         struct mcb_examination *examination, struct mcb_error *error)
{
    *examination = (struct mcb_examination){
        .system = system, .options = options, .started_ns = now_since_1970_ns()};
    mcb_examination_gather(examination);
    for (size_t i = 0; i < MCB_GROUPS; i++)
        run_group(examination, order[i]);
    if (!sort_findings(examination) || examination->out_of_memory)
        return mcb_error_set(error, MCB_FAULT_HOST_MEMORY, "no memory to examine the host");
    if (options->stop && *options->stop)
        return mcb_error_set(error, MCB_FAULT_RUN_INTERRUPTED,
                             "interrupted after %zu findings; checks are missing",
                             examination->finding_count);
    return 0;
}

void mcb_examination_release(struct mcb_examination *examination)
{
    mcb_examination_drop_gathered(examination);
    for (size_t i = 0; i < examination->unseen_count; i++)
        free(examination->unseen[i]);
    free(examination->unseen);
    free(examination->proofs);
    free(examination->findings);
    free(examination->nics);
    *examination = (struct mcb_examination){0};
}

size_t mcb_examination_count(const struct mcb_examination *examination, enum mcb_verdict verdict)
{
    size_t count = 0;
    for (size_t i = 0; i < examination->finding_count; i++)
        count += examination->findings[i].verdict == verdict;
    return count;
}

void mcb_examination_error(const struct mcb_finding *finding, struct mcb_error *error)
{
    *error = (struct mcb_error){.code = MCB_FAULT_NONE};
    if (finding->fault == MCB_FAULT_NONE)
        return;
    const char *between = finding->subject[0] ? ": " : "";
    mcb_error_write(error, finding->fault, "%s%s%s", finding->subject, between, finding->evidence);
}

const char *mcb_examination_fix_of(const struct mcb_finding *finding)
{
    if (finding->fault == MCB_FAULT_NONE)
        return "";
    return finding->fix[0] ? finding->fix : mcb_fault_get(finding->fault)->fix;
}
