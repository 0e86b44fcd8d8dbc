/* SPDX-License-Identifier: Apache-2.0 */
#include "bench/cluster/claims.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench/cluster/method.h"
#include "common/json.h"

/* Entries of at most 1 MiB each, in base64, stay below the client's 8 MiB. */
enum { PAGE = 5 };

static void claim_clear(struct mcb_claim *claim)
{
    json_decref(claim->record);
    *claim = (struct mcb_claim){0};
}

char *mcb_claims_write(const struct mcb_claims *claims, const struct mcb_claim *own,
                       const json_t *record, struct mcb_error *error)
{
    json_t *value =
        json_pack("{s:s, s:i, s:s, s:I, s:s, s:s, s:O}", "protocol", MCB_CLUSTER_PROTOCOL, "ranks",
                  (int)claims->size, "host", own->host, "pid", (json_int_t)own->pid, "nonce",
                  own->nonce, "address", own->address, "record", record);
    char *text = value ? json_dumps(value, JSON_COMPACT) : NULL;
    json_decref(value);
    if (!text) {
        mcb_error_set(error, MCB_FAULT_HOST_MEMORY, "no memory for the record of this rank");
        return NULL;
    }
    size_t length = strlen(text);
    if (length <= MCB_CLAIM_MAX_BYTES)
        return text;
    free(text);
    mcb_error_set(error, MCB_FAULT_JOB_ROSTER,
                  "the record of this rank takes %zu bytes; etcd stores at most 1 MiB", length);
    return NULL;
}

/* Checks a value, which anyone with access to etcd may have written. */
static int read_value(const json_t *value, struct mcb_claim *claim, struct mcb_error *error)
{
    const enum mcb_fault_code fault = MCB_FAULT_JOB_ROSTER;
    const char *host, *nonce, *address;
    json_t *record;
    if (mcb_json_get_string(value, "host", sizeof claim->host, &host, fault, error) ||
        mcb_json_get_integer(value, "pid", 0, INT32_MAX, &claim->pid, fault, error) ||
        mcb_json_get_string(value, "nonce", sizeof claim->nonce, &nonce, fault, error) ||
        mcb_json_get_string(value, "address", sizeof claim->address, &address, fault, error) ||
        mcb_json_get_object(value, "record", &record, fault, error))
        return -1;
    snprintf(claim->host, sizeof claim->host, "%s", host);
    snprintf(claim->nonce, sizeof claim->nonce, "%s", nonce);
    snprintf(claim->address, sizeof claim->address, "%s", address);
    claim->record = json_incref(record);
    return 0;
}

static int check_agreement(const struct mcb_claims *claims, const json_t *value, unsigned rank,
                           struct mcb_error *error)
{
    const char *protocol;
    int64_t ranks;
    struct mcb_error problem;
    if (mcb_json_get_string(value, "protocol", 64, &protocol, MCB_FAULT_JOB_ROSTER, &problem) ||
        mcb_json_get_integer(value, "ranks", 1, MCB_RANKS_MAX, &ranks, MCB_FAULT_JOB_ROSTER,
                             &problem))
        return mcb_error_set(error, MCB_FAULT_JOB_ROSTER, "rank %u of job %s: its key: %s", rank,
                             claims->job, problem.detail);
    if (strcmp(protocol, MCB_CLUSTER_PROTOCOL) != 0)
        return mcb_error_set(error, MCB_FAULT_JOB_ROSTER,
                             "rank %u of job %s speaks %s, this rank " MCB_CLUSTER_PROTOCOL, rank,
                             claims->job, protocol);
    if (ranks != claims->size)
        return mcb_error_set(error, MCB_FAULT_JOB_ROSTER,
                             "rank %u of job %s was started with --ranks %" PRId64
                             ", this rank with --ranks %u",
                             rank, claims->job, ranks, claims->size);
    return 0;
}

int mcb_claims_take(struct mcb_claims *claims, const struct mcb_etcd_entry *entry, unsigned rank,
                    struct mcb_error *error)
{
    char what[MCB_JOB_NAME_MAX + 64];
    snprintf(what, sizeof what, "rank %u of job %s: its key", rank, claims->job);
    json_t *value = mcb_json_parse(entry->value, entry->value_length, MCB_CLAIM_MAX_BYTES, what,
                                   MCB_FAULT_JOB_ROSTER, error);
    if (!value)
        return -1;
    struct mcb_claim claim = {.create_revision = entry->create_revision, .lease = entry->lease};
    struct mcb_error problem;
    int result = check_agreement(claims, value, rank, error);
    if (result == 0 && read_value(value, &claim, &problem))
        result = mcb_error_set(error, MCB_FAULT_JOB_ROSTER, "%s: %s", what, problem.detail);
    json_decref(value);
    if (result)
        return -1;
    claim_clear(&claims->list[rank]);
    claims->list[rank] = claim;
    return 0;
}

/* The rank of a key, which has to be below size. */
static int read_rank(const struct mcb_claims *claims, const struct mcb_etcd_entry *entry,
                     unsigned *rank, struct mcb_error *error)
{
    size_t prefix = strlen(claims->prefix);
    bool ours = strncmp(entry->key, claims->prefix, prefix) == 0;
    const char *text = ours ? entry->key + prefix : entry->key;
    size_t digits = strspn(text, "0123456789");
    if (!ours || digits == 0 || digits > 4 || text[digits])
        return mcb_error_set(error, MCB_FAULT_JOB_ROSTER,
                             "%.128s: a key that no mcbench of this version makes", entry->key);
    unsigned long value = strtoul(text, NULL, 10);
    if (value >= claims->size)
        return mcb_error_set(error, MCB_FAULT_JOB_ROSTER,
                             "rank %lu has joined job %s, which this rank was started for with "
                             "--ranks %u",
                             value, claims->job, claims->size);
    *rank = (unsigned)value;
    return 0;
}

/* Reads the claims that were made since the last time. */
static int read_new_claims(struct mcb_claims *claims, int64_t deadline_ns, struct mcb_error *error)
{
    for (;;) {
        struct mcb_etcd_range range = {.prefix = claims->prefix,
                                       .min_create_revision = claims->newest_revision + 1,
                                       .limit = PAGE};
        struct mcb_etcd_entries entries;
        if (mcb_etcd_range(claims->etcd, &range, deadline_ns, &entries, error))
            return -1;
        int result = 0;
        size_t count = entries.count;
        for (size_t i = 0; i < count && result == 0; i++) {
            const struct mcb_etcd_entry *entry = &entries.list[i];
            unsigned rank;
            result = read_rank(claims, entry, &rank, error) ||
                     mcb_claims_take(claims, entry, rank, error);
            if (entry->create_revision > claims->newest_revision)
                claims->newest_revision = entry->create_revision;
        }
        mcb_etcd_entries_release(&entries);
        if (result || count < PAGE)
            return result ? -1 : 0;
    }
}

int mcb_claims_update(struct mcb_claims *claims, int64_t deadline_ns, unsigned *count,
                      struct mcb_error *error)
{
    struct mcb_etcd_range range = {.prefix = claims->prefix, .keys_only = true};
    struct mcb_etcd_entries entries;
    if (mcb_etcd_range(claims->etcd, &range, deadline_ns, &entries, error))
        return -1;
    int64_t present[MCB_RANKS_MAX] = {0};
    bool news = false;
    int result = 0;
    for (size_t i = 0; i < entries.count && result == 0; i++) {
        unsigned rank;
        result = read_rank(claims, &entries.list[i], &rank, error);
        if (result == 0)
            present[rank] = entries.list[i].create_revision;
    }
    mcb_etcd_entries_release(&entries);
    for (unsigned r = 0; r < claims->size && result == 0; r++) {
        if (claims->list[r].create_revision != present[r])
            claim_clear(&claims->list[r]);
        news = news || claims->list[r].create_revision != present[r];
    }
    if (result == 0 && news)
        result = read_new_claims(claims, deadline_ns, error);
    unsigned there = 0;
    for (unsigned r = 0; r < claims->size; r++)
        there += claims->list[r].create_revision != 0;
    *count = there;
    return result;
}

int mcb_claims_start(struct mcb_claims *claims, struct mcb_etcd *etcd, const char *job,
                     unsigned size, struct mcb_error *error)
{
    *claims = (struct mcb_claims){.etcd = etcd, .job = job, .size = size};
    snprintf(claims->prefix, sizeof claims->prefix, "mcbench/%s/rank/", job);
    claims->list = calloc(size, sizeof *claims->list);
    if (!claims->list)
        return mcb_error_set(error, MCB_FAULT_HOST_MEMORY, "no memory to join the job");
    return 0;
}

void mcb_claims_release(struct mcb_claims *claims)
{
    for (unsigned r = 0; claims->list && r < claims->size; r++)
        claim_clear(&claims->list[r]);
    free(claims->list);
    claims->list = NULL;
}
