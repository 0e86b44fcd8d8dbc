/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Leases and keys: the gateway's requests and answers as functions.
 *
 * Keys and values are base64, 64-bit numbers come as text, and members that are zero are left out
 * of an answer.
 */

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "bench/cluster/etcd_client.h"
#include "common/base64.h"

enum { GRPC_NOT_FOUND = 5, LEASE_MAX_S = 3600 };

static int bad_answer(const char *what, struct mcb_error *error)
{
    return mcb_error_set(error, MCB_FAULT_ETCD_ANSWER, "%s: not what etcd would answer", what);
}

static int no_memory(struct mcb_error *error)
{
    return mcb_error_set(error, MCB_FAULT_HOST_MEMORY, "no memory for a request");
}

/* A number as text or as number; missing is 0. -1 if it is neither. */
static int get_number(const json_t *object, const char *key, int64_t *value)
{
    const json_t *member = json_object_get(object, key);
    if (!member || json_is_integer(member)) {
        *value = json_integer_value(member);
        return 0;
    }
    const char *text = json_string_value(member);
    if (!text || !*text)
        return -1;
    char *end;
    errno = 0;
    long long number = strtoll(text, &end, 10);
    if (errno || *end)
        return -1;
    *value = number;
    return 0;
}

/* Calls with a request of its own (taken over; NULL: no memory). */
static int call(struct mcb_etcd *etcd, const char *path, json_t *request, int64_t deadline_ns,
                json_t **answer, int *code, struct mcb_error *error)
{
    if (!request)
        return no_memory(error);
    int result = mcb_etcd_call(etcd, path, request, deadline_ns, answer, code, error);
    json_decref(request);
    return result;
}

static json_t *base64_value(const char *text, size_t length)
{
    char *encoded = mcb_base64_encode(text, length);
    json_t *value = encoded ? json_string(encoded) : NULL;
    free(encoded);
    return value;
}

/* ---- leases ---- */

int mcb_etcd_lease_grant(struct mcb_etcd *etcd, int64_t *ttl_s, int64_t deadline_ns, int64_t *lease,
                         struct mcb_error *error)
{
    json_t *answer;
    if (call(etcd, "/v3/lease/grant", json_pack("{s:I}", "TTL", (json_int_t)*ttl_s), deadline_ns,
             &answer, NULL, error))
        return -1;
    int64_t id = 0, granted_s = 0;
    int result = 0;
    if (get_number(answer, "ID", &id) || get_number(answer, "TTL", &granted_s) || id == 0 ||
        granted_s < 1 || granted_s > LEASE_MAX_S)
        result = bad_answer("lease/grant", error);
    json_decref(answer);
    if (result)
        return -1;
    *lease = id;
    *ttl_s = granted_s;
    return 0;
}

int mcb_etcd_lease_keepalive(struct mcb_etcd *etcd, int64_t lease, int64_t deadline_ns,
                             int64_t *ttl_s, struct mcb_error *error)
{
    json_t *answer;
    if (call(etcd, "/v3/lease/keepalive", json_pack("{s:I}", "ID", (json_int_t)lease), deadline_ns,
             &answer, NULL, error))
        return -1;
    const json_t *result = json_object_get(answer, "result");
    int64_t left_s = 0;
    int failed = 0;
    if (!json_is_object(result) || get_number(result, "TTL", &left_s))
        failed = bad_answer("lease/keepalive", error);
    json_decref(answer);
    if (!failed)
        *ttl_s = left_s;
    return failed;
}

int mcb_etcd_lease_left(struct mcb_etcd *etcd, int64_t lease, int64_t deadline_ns, int64_t *left_s,
                        struct mcb_error *error)
{
    json_t *answer;
    if (call(etcd, "/v3/lease/timetolive", json_pack("{s:I}", "ID", (json_int_t)lease), deadline_ns,
             &answer, NULL, error))
        return -1;
    int64_t seconds = 0;
    int result = get_number(answer, "TTL", &seconds) ? bad_answer("lease/timetolive", error) : 0;
    json_decref(answer);
    if (result == 0)
        *left_s = seconds;
    return result;
}

int mcb_etcd_lease_revoke(struct mcb_etcd *etcd, int64_t lease, int64_t deadline_ns,
                          struct mcb_error *error)
{
    json_t *answer = NULL;
    int code = 0;
    int result = call(etcd, "/v3/lease/revoke", json_pack("{s:I}", "ID", (json_int_t)lease),
                      deadline_ns, &answer, &code, error);
    json_decref(answer);
    return result && code == GRPC_NOT_FOUND ? 0 : result;
}

/* ---- keys ---- */

void mcb_etcd_entries_release(struct mcb_etcd_entries *entries)
{
    for (size_t i = 0; i < entries->count; i++) {
        free(entries->list[i].key);
        free(entries->list[i].value);
    }
    free(entries->list);
    *entries = (struct mcb_etcd_entries){0};
}

/* An omitted value is an empty one. NULL if it is not base64. */
static char *get_bytes(const json_t *object, const char *key, size_t *length)
{
    const json_t *member = json_object_get(object, key);
    if (member && !json_is_string(member))
        return NULL;
    return mcb_base64_decode(member ? json_string_value(member) : "", length);
}

static int read_entry(const json_t *kv, struct mcb_etcd_entry *entry)
{
    size_t key_length;
    if (!json_is_object(kv) || get_number(kv, "create_revision", &entry->create_revision) ||
        get_number(kv, "lease", &entry->lease))
        return -1;
    entry->key = get_bytes(kv, "key", &key_length);
    entry->value = get_bytes(kv, "value", &entry->value_length);
    return entry->key && entry->value ? 0 : -1;
}

/* From {"kvs": [...]}. */
static int read_entries(const json_t *body, struct mcb_etcd_entries *entries,
                        struct mcb_error *error)
{
    const json_t *kvs = json_object_get(body, "kvs");
    struct mcb_etcd_entries read = {0};
    if (kvs && !json_is_array(kvs))
        return bad_answer("kv/range", error);
    size_t count = json_array_size(kvs);
    read.list = calloc(count + 1, sizeof *read.list);
    if (!read.list)
        return no_memory(error);
    for (size_t i = 0; i < count; i++) {
        read.count = i + 1;
        if (read_entry(json_array_get(kvs, i), &read.list[i])) {
            mcb_etcd_entries_release(&read);
            return bad_answer("kv/range", error);
        }
    }
    *entries = read;
    return 0;
}

/* The end of a range of keys with a prefix: the prefix, its last byte plus one (etcd's API,
 * RangeRequest.range_end). Prefixes here end with '/'. */
static json_t *prefix_end(const char *prefix)
{
    size_t length = strlen(prefix);
    char *end = strdup(prefix);
    if (!end || length == 0) {
        free(end);
        return NULL;
    }
    end[length - 1]++;
    json_t *value = base64_value(end, length);
    free(end);
    return value;
}

int mcb_etcd_range(struct mcb_etcd *etcd, const struct mcb_etcd_range *range, int64_t deadline_ns,
                   struct mcb_etcd_entries *entries, struct mcb_error *error)
{
    json_t *request =
        json_pack("{s:o, s:o, s:b, s:I}", "key", base64_value(range->prefix, strlen(range->prefix)),
                  "range_end", prefix_end(range->prefix), "keys_only", range->keys_only, "limit",
                  (json_int_t)range->limit);
    if (request && range->min_create_revision) {
        json_object_set_new(request, "min_create_revision",
                            json_integer(range->min_create_revision));
        json_object_set_new(request, "sort_target", json_string("CREATE"));
        json_object_set_new(request, "sort_order", json_string("ASCEND"));
    }
    json_t *answer;
    if (call(etcd, "/v3/kv/range", request, deadline_ns, &answer, NULL, error))
        return -1;
    int result = read_entries(answer, entries, error);
    json_decref(answer);
    return result;
}

/* if absent: put, else: read it */
static json_t *create_request(const char *key, const char *value, int64_t lease)
{
    json_t *name = base64_value(key, strlen(key));
    json_t *content = base64_value(value, strlen(value));
    json_t *request =
        json_pack("{s:[{s:O, s:s, s:s, s:i}], s:[{s:{s:O, s:O, s:I}}], s:[{s:{s:O}}]}", "compare",
                  "key", name, "target", "CREATE", "result", "EQUAL", "create_revision", 0,
                  "success", "request_put", "key", name, "value", content, "lease",
                  (json_int_t)lease, "failure", "request_range", "key", name);
    json_decref(content);
    json_decref(name);
    return request;
}

int mcb_etcd_create(struct mcb_etcd *etcd, const char *key, const char *value, int64_t lease,
                    int64_t deadline_ns, bool *created, struct mcb_etcd_entries *existing,
                    struct mcb_error *error)
{
    json_t *answer;
    if (call(etcd, "/v3/kv/txn", create_request(key, value, lease), deadline_ns, &answer, NULL,
             error))
        return -1;
    bool succeeded = json_is_true(json_object_get(answer, "succeeded"));
    const json_t *response = json_array_get(json_object_get(answer, "responses"), 0);
    int result = 0;
    if (!succeeded)
        result = read_entries(json_object_get(response, "response_range"), existing, error);
    json_decref(answer);
    if (result == 0)
        *created = succeeded;
    return result;
}
