/* SPDX-License-Identifier: Apache-2.0 */
/* What Mooncake's nodes have left in etcd: whether it is whole, and whether they are there. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench/doctor/etcd_checks.h"
#include "bench/doctor/metadata.h"
#include "bench/doctor/peer_reach.h"

/* Segments or nodes told one by one, beyond which they are counted. */
enum { TOLD_MOST = 32 };

/* Of a finding: how to look at a key, and how to remove it. */
static void fix_key(struct mcb_examination *examination, const char *url,
                    const struct mcb_metadata *metadata, const char *kind, const char *name)
{
    mcb_examination_fix(examination,
                        "etcdctl --endpoints=%s get %s%s%s\n"
                        "etcdctl --endpoints=%s del %s%s%s  # once its node is gone",
                        url, metadata->prefix, kind, name, url, metadata->prefix, kind, name);
}

/* key: of a segment whose name has a "/" in it, which was looked for by itself. */
static void check_segment(struct mcb_examination *examination, const struct mcb_check *check,
                          const struct mcb_metadata *metadata, bool key)
{
    const char *wanted = examination->options->segment;
    const struct mcb_metadata_node *node = wanted ? mcb_metadata_find(metadata, wanted) : NULL;
    const char *nearest = wanted ? mcb_metadata_nearest(metadata, wanted) : NULL;
    if (!wanted)
        return;
    if (key || (node && node->has_segment)) {
        mcb_examination_add(examination, check, wanted, MCB_VERDICT_PASS, MCB_FAULT_NONE,
                            "segment is there (%s%s%s)", metadata->prefix, key ? "" : "ram/",
                            wanted);
        return;
    }
    size_t segments = 0;
    for (size_t i = 0; i < metadata->count; i++)
        segments += metadata->nodes[i].has_segment;
    mcb_examination_add(examination, check, wanted, MCB_VERDICT_FAIL, MCB_FAULT_MOON_SEGMENT,
                        "%s; %zu segments below %s%s%s%s",
                        node ? "the node has told its address, but published no segment"
                             : "no such segment",
                        segments, metadata->prefix, nearest ? "; did you mean " : "",
                        nearest ? nearest : "", nearest ? "?" : "");
}

static bool judge_node(struct mcb_examination *examination, const struct mcb_check *check,
                       const char *url, const struct mcb_metadata *metadata,
                       const struct mcb_metadata_node *node)
{
    const struct mcb_metadata_node *twin = mcb_metadata_twin(metadata, node);
    if (node->has_rpc && !node->understood) {
        mcb_examination_add(examination, check, node->name, MCB_VERDICT_WARN, MCB_FAULT_MOON_STALE,
                            "key %srpc_meta/%s holds no address", metadata->prefix, node->name);
        fix_key(examination, url, metadata, "rpc_meta/", node->name);
    } else if (!node->has_rpc) {
        mcb_examination_add(examination, check, node->name, MCB_VERDICT_WARN, MCB_FAULT_MOON_STALE,
                            "segment %sram/%s has no address: its rpc_meta key is gone",
                            metadata->prefix, node->name);
        fix_key(examination, url, metadata, "ram/", node->name);
    } else if (twin) {
        mcb_examination_add(examination, check, node->name, MCB_VERDICT_WARN, MCB_FAULT_MOON_STALE,
                            "both it and %s are said to be at %s port %u: one of them is left "
                            "over (key %srpc_meta/%s)",
                            twin->name, node->host, node->port, metadata->prefix, node->name);
        fix_key(examination, url, metadata, "rpc_meta/", node->name);
    } else {
        return false;
    }
    return true;
}

/* Another node at the same host took the connection: this one was there before. */
static bool is_left_over(const struct mcb_peer_reach *reaches, size_t count, size_t which)
{
    for (size_t i = 0; i < count; i++)
        if (i != which && reaches[i].error.code == MCB_FAULT_NONE &&
            strcmp(reaches[i].host, reaches[which].host) == 0)
            return true;
    return false;
}

static void judge_reach(struct mcb_examination *examination, const struct mcb_check *check,
                        const char *url, const struct mcb_metadata *metadata, const char *name,
                        const struct mcb_peer_reach *reach, bool left_over)
{
    if (reach->error.code == MCB_FAULT_NONE || reach->error.code == MCB_FAULT_RUN_INTERRUPTED)
        return;
    bool refused = reach->error.code == MCB_FAULT_NET_REFUSED;
    mcb_examination_add(examination, check, name, MCB_VERDICT_WARN,
                        refused && left_over ? MCB_FAULT_MOON_STALE : reach->error.code,
                        "key %srpc_meta/%s: %.200s%s", metadata->prefix, name, reach->error.detail,
                        refused && left_over ? "; another node of this host answers" : "");
    if (refused)
        mcb_examination_fix(examination,
                            "ss -ltnp 'sport = :%u'  # there: is the process running?\n"
                            "etcdctl --endpoints=%s del %srpc_meta/%s  # if it is gone",
                            reach->port, url, metadata->prefix, name);
}

/* Connects to every node, as many as can be tried at once; the rest is counted. */
static void check_nodes(struct mcb_examination *examination, const struct mcb_check *check,
                        const char *url, const struct mcb_metadata *metadata)
{
    struct mcb_peer_reach *reaches = calloc(MCB_REACH_MOST, sizeof *reaches);
    const char *names[MCB_REACH_MOST];
    size_t count = 0, left = 0, reached = 0;
    examination->out_of_memory |= !reaches;
    for (size_t i = 0; i < metadata->count && reaches; i++) {
        const struct mcb_metadata_node *node = &metadata->nodes[i];
        if (!node->understood)
            continue;
        if (count == MCB_REACH_MOST) {
            left++;
            continue;
        }
        snprintf(reaches[count].host, sizeof reaches[count].host, "%s", node->host);
        reaches[count].port = node->port;
        names[count++] = node->name;
    }
    mcb_peer_reach_all(reaches, count, mcb_etcd_deadline(examination), examination->options->stop);
    for (size_t i = 0; i < count; i++) {
        reached += reaches[i].error.code == MCB_FAULT_NONE;
        judge_reach(examination, check, url, metadata, names[i], &reaches[i],
                    is_left_over(reaches, count, i));
    }
    mcb_examination_add(examination, check, "Mooncake", MCB_VERDICT_PASS, MCB_FAULT_NONE,
                        "%zu of %zu nodes below %s take connections%s", reached, count,
                        metadata->prefix, left || metadata->cut ? "; others were not tried" : "");
    free(reaches);
}

static void check_keys(struct mcb_examination *examination, const struct mcb_check *check,
                       const char *url, const struct mcb_metadata *metadata, bool key)
{
    size_t told = 0, stale = 0;
    check_segment(examination, check, metadata, key);
    for (size_t i = 0; i < metadata->count; i++) {
        if (told < TOLD_MOST)
            told += judge_node(examination, check, url, metadata, &metadata->nodes[i]);
        else
            stale++;
    }
    if (stale > 0)
        mcb_examination_add(examination, check, "Mooncake", MCB_VERDICT_SKIP, MCB_FAULT_NONE,
                            "%zu more nodes were not looked at", stale);
    if (metadata->count > 0)
        check_nodes(examination, check, url, metadata);
    else if (!examination->options->segment)
        mcb_examination_add(examination, check, "Mooncake", MCB_VERDICT_PASS, MCB_FAULT_NONE,
                            "no node has left anything below %s", metadata->prefix);
}

/* Those that did not are not waited for once more. */
static bool has_answered(const struct mcb_examination *examination, const char *url)
{
    for (size_t i = 0; i < examination->proof_count; i++)
        if (examination->proofs[i].group == MCB_GROUP_ETCD &&
            strncmp(examination->proofs[i].subject, url,
                    sizeof examination->proofs[i].subject - 1) == 0)
            return true;
    return false;
}

/* What is read of one endpoint. */
static int read_keys(const struct mcb_examination *examination, const char *url,
                     struct mcb_metadata *metadata, bool *key, struct mcb_error *error)
{
    const char *cluster = mcb_system_variable(examination->system, "MC_METADATA_CLUSTER_ID");
    const char *wanted = examination->options->segment;
    int64_t deadline_ns = mcb_etcd_deadline(examination);
    struct mcb_etcd *etcd = NULL;
    *key = false;
    if (mcb_etcd_endpoint_open(examination, url, &etcd, error) != 0)
        return -1;
    int status = mcb_metadata_read(etcd, cluster, deadline_ns, metadata, error);
    if (status == 0 && wanted && strchr(wanted, '/') &&
        mcb_metadata_has(etcd, metadata, wanted, deadline_ns, key, error) != 0) {
        mcb_metadata_release(metadata);
        status = -1;
    }
    mcb_etcd_close(etcd);
    return status;
}

/* An etcd is there, but what Mooncake left in it could not be read. */
static void add_unread(struct mcb_examination *examination, const struct mcb_check *check,
                       const char *url, const struct mcb_error *error)
{
    bool is_asked = examination->options->segment || error->code == MCB_FAULT_ETCD_REFUSED;
    if (error->code != MCB_FAULT_RUN_INTERRUPTED)
        mcb_examination_add(examination, check, url, is_asked ? MCB_VERDICT_FAIL : MCB_VERDICT_WARN,
                            error->code, "keys cannot be read: %.440s",
                            mcb_peer_reach_why(error->detail, url));
}

void mcb_etcd_check_keys(struct mcb_examination *examination, const struct mcb_check *check)
{
    struct mcb_etcd_endpoint endpoints[MCB_ETCD_ENDPOINTS_MOST];
    size_t count = mcb_etcd_endpoints_read(examination, NULL, endpoints);
    const char *unread = NULL;
    struct mcb_error error = {.code = MCB_FAULT_NONE};
    /* All endpoints have the same keys: the first that gives them is asked. */
    for (size_t i = 0; i < count; i++) {
        struct mcb_metadata metadata;
        bool key;
        if (!has_answered(examination, endpoints[i].url))
            continue;
        if (read_keys(examination, endpoints[i].url, &metadata, &key, &error) == 0) {
            check_keys(examination, check, endpoints[i].url, &metadata, key);
            mcb_metadata_release(&metadata);
            return;
        }
        unread = endpoints[i].url;
        if (error.code == MCB_FAULT_ETCD_REFUSED)
            break;
    }
    if (unread)
        add_unread(examination, check, unread, &error);
    else
        mcb_examination_add(examination, check, NULL, MCB_VERDICT_SKIP, MCB_FAULT_NONE,
                            "no etcd answers");
}
