/* SPDX-License-Identifier: Apache-2.0 */
#include "bench/doctor/explain_role.h"

#include <string.h>

/* Between an error and what follows from it, where both have a time. */
#define NEAR_US (INT64_C(300) * 1000000)

enum where {
    HERE,     /* on the same host */
    ELSEWHERE /* on another one, or on one of those that no line names */
};

enum { ALWAYS = 1 /* however long ago: a state, or what ends with the queue pair only */ };

/* The first is a consequence if a fault whose id begins like `of` came before it, there, and on a
 * path that may be the same. */
static const struct rule {
    enum mcb_fault_code code;
    const char *of;
    enum where where;
    int flags;
} rules[] = {
    /* A queue pair that has failed flushes what was posted to it. */
    {MCB_FAULT_RDMA_FLUSHED, "MCB-RDMA-004", HERE, ALWAYS},
    {MCB_FAULT_RDMA_FLUSHED, "MCB-RDMA-01", HERE, ALWAYS},
    {MCB_FAULT_RDMA_FLUSHED, "MCB-RDMA-022", HERE, ALWAYS},
    {MCB_FAULT_RDMA_FLUSHED, "MCB-RDMA-006", HERE, ALWAYS},
    {MCB_FAULT_RDMA_FLUSHED, "MCB-RDMA-026", HERE, ALWAYS},
    {MCB_FAULT_RDMA_FLUSHED, "MCB-GPU-008", HERE, ALWAYS},
    /* Mooncake names the step that failed first, then that there is no connection. */
    {MCB_FAULT_MOON_HANDSHAKE, "MCB-RDMA-", HERE, 0},
    {MCB_FAULT_MOON_HANDSHAKE, "MCB-NET-", HERE, 0},
    {MCB_FAULT_MOON_HANDSHAKE, "MCB-ETCD-", HERE, 0},
    {MCB_FAULT_MOON_HANDSHAKE, "MCB-MOON-", HERE, 0},
    {MCB_FAULT_MOON_HANDSHAKE, "MCB-HOST-", HERE, 0},
    {MCB_FAULT_MOON_HANDSHAKE, "MCB-TCP-", HERE, 0},
    {MCB_FAULT_MOON_SEGMENT, "MCB-ETCD-", HERE, 0},
    {MCB_FAULT_MOON_SEGMENT, "MCB-NET-", HERE, 0},
    {MCB_FAULT_MOON_PUBLISH, "MCB-ETCD-", HERE, 0},
    {MCB_FAULT_MOON_PUBLISH, "MCB-NET-", HERE, 0},
    /* Slices are retried on other paths, and fail there by their own status. */
    {MCB_FAULT_RDMA_COMPLETION, "MCB-RDMA-", HERE, 0},
    {MCB_FAULT_RDMA_RETRY, "MCB-RDMA-004", HERE, 0},
    /* A queue pair goes nowhere from a GID that is empty or of its own link. */
    {MCB_FAULT_RDMA_QP_RTR, "MCB-RDMA-006", HERE, ALWAYS},
    {MCB_FAULT_RDMA_QP_RTR, "MCB-RDMA-026", HERE, ALWAYS},
    /* Mooncake says what it dislikes in a device, then that it could not open it. */
    {MCB_FAULT_RDMA_DEVICE_OPEN, "MCB-RDMA-002", HERE, 0},
    {MCB_FAULT_RDMA_DEVICE_OPEN, "MCB-RDMA-004", HERE, 0},
    {MCB_FAULT_RDMA_DEVICE_OPEN, "MCB-RDMA-005", HERE, 0},
    {MCB_FAULT_RDMA_DEVICE_OPEN, "MCB-RDMA-006", HERE, 0},
    {MCB_FAULT_RDMA_DEVICE_OPEN, "MCB-RDMA-007", HERE, 0},
    /* A kernel that has said why comes before the library, whose errno has several reasons. */
    {MCB_FAULT_RDMA_REGISTER, "MCB-RDMA-023", HERE, 0},
    {MCB_FAULT_RDMA_REGISTER, "MCB-RDMA-027", HERE, 0},
    {MCB_FAULT_RDMA_REGISTER, "MCB-HOST-001", HERE, 0},
    {MCB_FAULT_RDMA_REGISTER, "MCB-GPU-", HERE, 0},
    {MCB_FAULT_HOST_MEMLOCK, "MCB-RDMA-023", HERE, 0},
    {MCB_FAULT_HOST_MEMLOCK, "MCB-RDMA-027", HERE, 0},
    /* What ends a process ends its connections. */
    {MCB_FAULT_TCP_STREAM, "MCB-", HERE, 0},
    {MCB_FAULT_TCP_STREAM, "MCB-", ELSEWHERE, 0},
    /* It is what its peers see. */
    {MCB_FAULT_JOB_PEER_LOST, "MCB-", ELSEWHERE, 0},
    {MCB_FAULT_JOB_PEER_SILENT, "MCB-", ELSEWHERE, 0},
    {MCB_FAULT_JOB_PEER_FAILED, "MCB-", ELSEWHERE, 0},
    {MCB_FAULT_NET_REFUSED, "MCB-RDMA-", ELSEWHERE, 0},
    {MCB_FAULT_NET_REFUSED, "MCB-GPU-", ELSEWHERE, 0},
    {MCB_FAULT_NET_REFUSED, "MCB-HOST-", ELSEWHERE, 0},
    {MCB_FAULT_NET_REFUSED, "MCB-JOB-", ELSEWHERE, 0},
    {MCB_FAULT_NET_REFUSED, "MCB-NET-004", ELSEWHERE, 0},
    {MCB_FAULT_NET_TIMEOUT, "MCB-RDMA-", ELSEWHERE, 0},
    {MCB_FAULT_NET_TIMEOUT, "MCB-JOB-", ELSEWHERE, 0},
    /* A process that no longer answers a NIC no longer answers at all. */
    {MCB_FAULT_NET_REFUSED, "MCB-RDMA-013", HERE, 0},
    {MCB_FAULT_NET_REFUSED, "MCB-JOB-", HERE, 0},
    {MCB_FAULT_NET_TIMEOUT, "MCB-RDMA-013", HERE, 0},
    {MCB_FAULT_NET_TIMEOUT, "MCB-JOB-", HERE, 0},
};

/* Those that make things slow and break nothing. */
static const char *const doubts[] = {"MCB-PCI-", "MCB-PERF-", "MCB-RDMA-018"};

static bool begins_with(const char *id, const char *start)
{
    return strncmp(id, start, strlen(start)) == 0;
}

static bool is_doubt(enum mcb_fault_code code)
{
    const char *id = mcb_fault_get(code)->id;
    for (size_t i = 0; i < sizeof doubts / sizeof *doubts; i++)
        if (begins_with(id, doubts[i]))
            return true;
    return false;
}

static bool is_same_host(const struct mcb_explain_finding *a, const struct mcb_explain_finding *b)
{
    return strcmp(a->host, b->host) == 0;
}

static bool has_both_times(const struct mcb_explain_finding *a, const struct mcb_explain_finding *b)
{
    return a->when.wall_us != MCB_LOG_NO_TIME && b->when.wall_us != MCB_LOG_NO_TIME;
}

static bool is_place(enum where where, const struct mcb_explain_finding *finding,
                     const struct mcb_explain_finding *earlier)
{
    bool is_same = is_same_host(finding, earlier);
    bool is_any = earlier->whose == MCB_EXPLAIN_WHOSE_ANY;
    if (where == HERE)
        return is_same || is_any;
    /* What is said of no host may be of several. */
    return is_same ? finding->whose == MCB_EXPLAIN_WHOSE_LOG
                   : !is_any && has_both_times(finding, earlier);
}

static bool is_near(const struct mcb_explain_finding *finding,
                    const struct mcb_explain_finding *earlier)
{
    if (!has_both_times(finding, earlier))
        return true;
    int64_t last_us =
        earlier->last_us > earlier->when.wall_us ? earlier->last_us : earlier->when.wall_us;
    return finding->when.wall_us - last_us <= NEAR_US;
}

static bool may_follow(const struct mcb_explain_finding *finding,
                       const struct mcb_explain_finding *earlier)
{
    const char *id = mcb_fault_get(earlier->code)->id;
    for (size_t i = 0; finding->code != earlier->code && i < sizeof rules / sizeof *rules; i++)
        if (rules[i].code == finding->code && begins_with(id, rules[i].of) &&
            is_place(rules[i].where, finding, earlier) &&
            ((rules[i].flags & ALWAYS) || is_near(finding, earlier)))
            return true;
    return false;
}

/* Of the earlier findings that it may follow from, the last one of its own host and path, else the
 * last one of a path that may be its own. count: there is none. */
static size_t find_cause(const struct mcb_explain_finding *findings, size_t index, size_t count)
{
    const struct mcb_explain_finding *finding = &findings[index];
    size_t near = count;
    for (size_t i = index; i-- > 0;) {
        const struct mcb_explain_finding *earlier = &findings[i];
        bool may = earlier->role != MCB_EXPLAIN_DOUBT && earlier->role != MCB_EXPLAIN_ORPHAN &&
                   may_follow(finding, earlier);
        if (may && strcmp(finding->path, earlier->path) == 0 && is_same_host(finding, earlier))
            return i;
        if (may && near == count && mcb_log_path_may_be(finding->path, earlier->path))
            near = i;
    }
    return near;
}

static bool is_first(const struct mcb_explain_finding *findings, size_t index)
{
    for (size_t i = 0; i < index; i++)
        if (findings[i].role == MCB_EXPLAIN_FIRST && is_same_host(&findings[i], &findings[index]) &&
            strcmp(findings[i].path, findings[index].path) == 0)
            return false;
    return true;
}

void mcb_explain_judge(struct mcb_explain_finding *findings, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        struct mcb_explain_finding *finding = &findings[i];
        if (is_doubt(finding->code)) {
            finding->role = MCB_EXPLAIN_DOUBT;
            continue;
        }
        size_t cause = find_cause(findings, i, count);
        if (cause < count) {
            bool chained = findings[cause].role == MCB_EXPLAIN_CONSEQUENCE;
            finding->role = MCB_EXPLAIN_CONSEQUENCE;
            finding->cause = chained ? findings[cause].cause : cause;
        } else if (finding->code == MCB_FAULT_RDMA_FLUSHED) {
            finding->role = MCB_EXPLAIN_ORPHAN;
        } else {
            finding->role = is_first(findings, i) ? MCB_EXPLAIN_FIRST : MCB_EXPLAIN_LATER;
        }
    }
}
