/* SPDX-License-Identifier: Apache-2.0 */
#include "bench/doctor/metadata.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/json.h"
#include "common/suggest.h"

enum { VALUE_MAX_BYTES = 4096 };

static int compare_names(const void *left, const void *right)
{
    return strcmp(((const struct mcb_metadata_node *)left)->name,
                  ((const struct mcb_metadata_node *)right)->name);
}

/* The rest of a key behind the prefix and the kind; NULL: too long, or of another kind. */
static const char *name_of(const char *key, const char *prefix, const char *kind)
{
    size_t before = strlen(prefix);
    if (strncmp(key, prefix, before) != 0 || strncmp(key + before, kind, strlen(kind)) != 0)
        return NULL;
    const char *name = key + before + strlen(kind);
    return name[0] && strlen(name) < sizeof(((struct mcb_metadata_node *)0)->name) ? name : NULL;
}

static void read_rpc(const struct mcb_etcd_entry *entry, struct mcb_metadata_node *node)
{
    struct mcb_error ignored;
    const char *host;
    int64_t port;
    json_t *value = entry->value
                        ? mcb_json_parse(entry->value, entry->value_length, VALUE_MAX_BYTES,
                                         "value", MCB_FAULT_ETCD_ANSWER, &ignored)
                        : NULL;
    node->has_rpc = true;
    node->understood = json_is_object(value) &&
                       mcb_json_get_string(value, "ip_or_host_name", sizeof node->host, &host,
                                           MCB_FAULT_ETCD_ANSWER, &ignored) == 0 &&
                       host[0] &&
                       mcb_json_get_integer(value, "rpc_port", 1, 65535, &port,
                                            MCB_FAULT_ETCD_ANSWER, &ignored) == 0;
    if (node->understood) {
        snprintf(node->host, sizeof node->host, "%s", host);
        node->port = (uint16_t)port;
    }
    json_decref(value);
}

static struct mcb_metadata_node *find(const struct mcb_metadata *metadata, const char *name)
{
    for (size_t i = 0; i < metadata->count; i++)
        if (strcmp(metadata->nodes[i].name, name) == 0)
            return &metadata->nodes[i];
    return NULL;
}

static void add(struct mcb_metadata *metadata, const char *name, const struct mcb_etcd_entry *rpc)
{
    struct mcb_metadata_node *node = find(metadata, name);
    if (!node && metadata->count == MCB_METADATA_NODES_MOST) {
        metadata->cut = true;
        return;
    }
    if (!node) {
        node = &metadata->nodes[metadata->count++];
        snprintf(node->name, sizeof node->name, "%s", name);
    }
    if (rpc)
        read_rpc(rpc, node);
    else
        node->has_segment = true;
}

int mcb_metadata_from(const char *prefix, const struct mcb_etcd_entries *rpc,
                      const struct mcb_etcd_entries *segments, struct mcb_metadata *metadata,
                      struct mcb_error *error)
{
    struct mcb_metadata read = {.nodes = calloc(MCB_METADATA_NODES_MOST, sizeof *read.nodes)};
    const char *name;
    if (!read.nodes)
        return mcb_error_set(error, MCB_FAULT_HOST_MEMORY, "no memory for Mooncake's keys");
    snprintf(read.prefix, sizeof read.prefix, "%s", prefix);
    for (size_t i = 0; i < rpc->count; i++)
        if ((name = name_of(rpc->list[i].key, prefix, "rpc_meta/")) != NULL)
            add(&read, name, &rpc->list[i]);
    for (size_t i = 0; i < segments->count; i++)
        if ((name = name_of(segments->list[i].key, prefix, "ram/")) != NULL)
            add(&read, name, NULL);
    qsort(read.nodes, read.count, sizeof *read.nodes, compare_names);
    *metadata = read;
    return 0;
}

static int read_keys(struct mcb_etcd *etcd, const char *prefix, const char *kind, bool keys_only,
                     int64_t deadline_ns, struct mcb_etcd_entries *entries, struct mcb_error *error)
{
    char key[MCB_METADATA_KEY_MAX];
    snprintf(key, sizeof key, "%s%s", prefix, kind);
    const struct mcb_etcd_range range = {
        .prefix = key, .keys_only = keys_only, .limit = MCB_METADATA_NODES_MOST};
    return mcb_etcd_range(etcd, &range, deadline_ns, entries, error);
}

int mcb_metadata_read(struct mcb_etcd *etcd, const char *cluster, int64_t deadline_ns,
                      struct mcb_metadata *metadata, struct mcb_error *error)
{
    struct mcb_etcd_entries rpc = {.count = 0}, segments = {.count = 0};
    char prefix[sizeof metadata->prefix];
    if (cluster && strlen(cluster) > 200)
        return mcb_error_set(error, MCB_FAULT_USE_VALUE,
                             "MC_METADATA_CLUSTER_ID: longer than 200 characters");
    snprintf(prefix, sizeof prefix, "mooncake/%s%s", cluster ? cluster : "",
             cluster && cluster[0] ? "/" : "");
    int status = read_keys(etcd, prefix, "rpc_meta/", false, deadline_ns, &rpc, error);
    if (status == 0)
        status = read_keys(etcd, prefix, "ram/", true, deadline_ns, &segments, error);
    if (status == 0)
        status = mcb_metadata_from(prefix, &rpc, &segments, metadata, error);
    if (status == 0)
        metadata->cut |= rpc.count == MCB_METADATA_NODES_MOST;
    mcb_etcd_entries_release(&segments);
    mcb_etcd_entries_release(&rpc);
    return status;
}

/* Of the keys that begin so the one that is so is the first. */
int mcb_metadata_has(struct mcb_etcd *etcd, const struct mcb_metadata *metadata, const char *name,
                     int64_t deadline_ns, bool *there, struct mcb_error *error)
{
    char key[2 * MCB_METADATA_KEY_MAX + sizeof metadata->prefix];
    struct mcb_etcd_entries entries = {.count = 0};
    snprintf(key, sizeof key, "%s%s", metadata->prefix, name);
    const struct mcb_etcd_range range = {.prefix = key, .keys_only = true, .limit = 1};
    if (mcb_etcd_range(etcd, &range, deadline_ns, &entries, error) != 0)
        return -1;
    *there = entries.count > 0 && strcmp(entries.list[0].key, key) == 0;
    mcb_etcd_entries_release(&entries);
    return 0;
}

void mcb_metadata_release(struct mcb_metadata *metadata)
{
    free(metadata->nodes);
    *metadata = (struct mcb_metadata){.count = 0};
}

const struct mcb_metadata_node *mcb_metadata_find(const struct mcb_metadata *metadata,
                                                  const char *name)
{
    return find(metadata, name);
}

const struct mcb_metadata_node *mcb_metadata_twin(const struct mcb_metadata *metadata,
                                                  const struct mcb_metadata_node *node)
{
    for (const struct mcb_metadata_node *other = metadata->nodes; other < node; other++)
        if (node->understood && other->understood && other->port == node->port &&
            strcmp(other->host, node->host) == 0)
            return other;
    return NULL;
}

const char *mcb_metadata_nearest(const struct mcb_metadata *metadata, const char *name)
{
    const char **names = calloc(metadata->count + 1, sizeof *names);
    if (!names)
        return NULL;
    for (size_t i = 0; i < metadata->count; i++)
        names[i] = metadata->nodes[i].has_segment ? metadata->nodes[i].name : NULL;
    const char *nearest = mcb_suggest_nearest(name, names, metadata->count);
    free(names);
    return nearest;
}
