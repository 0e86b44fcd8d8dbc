/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Ranks that find each other through etcd.
 *
 * Each rank listens on a port, takes a lease, and makes the key "mcbench/<job>/rank/<r>" under it
 * if it is absent: who made the key is the rank. The key's value says where the rank listens, a
 * nonce that is new for every process, and its record. When the keys of all ranks are there, each
 * rank connects to those below it, and hello and welcome prove by the nonces that the key's owner
 * is the one who answers. The keys stay until the job ends, so that no second process takes a rank.
 */

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <unistd.h>

#include "bench/cluster/claims.h"
#include "bench/cluster/etcd_client.h"
#include "bench/cluster/lease.h"
#include "bench/cluster/method.h"
#include "common/clock.h"
#include "common/json.h"
#include "common/socket.h"

enum {
    LEASE_S = 10,
    POLL_MS = 100,
    WATCH_MS = 500,
    AFTERWARDS_S = 2, /* for finding out whom to name when a deadline has passed */
    NONCE_BYTES = MCB_NONCE_DIGITS / 2
};

struct etcd_job {
    struct mcb_cluster *cluster;
    struct mcb_etcd *etcd;
    struct mcb_lease *keeper;
    int64_t lease; /* 0: none yet */
    int listener;
    struct mcb_claim own; /* what this rank's key says, but for the record */
    const json_t *self;
    int64_t watch_ns;    /* when to look at the keys again */
    int64_t deadline_ns; /* of joining */
    struct mcb_claims claims;
};

static bool is_stopped(void *context)
{
    const volatile sig_atomic_t *const *stop = context;
    return *stop && **stop;
}

/* ---- settings ---- */

static int check_job(const struct mcb_settings *settings, struct mcb_error *error)
{
    const char *job = settings->job ? settings->job : "";
    size_t good = strspn(job, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-");
    if (good == 0 || good > MCB_JOB_NAME_MAX || job[good])
        return mcb_error_set(error, MCB_FAULT_USE_VALUE,
                             "--job %.80s: 1 to 64 letters, digits, '.', '_' and '-' were expected",
                             job);
    if (settings->ranks < 1 || settings->ranks > MCB_RANKS_MAX)
        return mcb_error_set(error, MCB_FAULT_USE_VALUE,
                             "--ranks %" PRIu32 ": 1 to %d was expected", settings->ranks,
                             MCB_RANKS_MAX);
    if (settings->rank >= 0 && (unsigned)settings->rank >= settings->ranks)
        return mcb_error_set(error, MCB_FAULT_USE_VALUE,
                             "--rank %d: 0 to %" PRIu32 " was expected with --ranks %" PRIu32,
                             settings->rank, settings->ranks - 1, settings->ranks);
    return 0;
}

static int local_address(const struct mcb_settings *settings, const volatile sig_atomic_t *stop,
                         char address[256], struct mcb_error *error)
{
    struct mcb_etcd_options options = {
        .urls = settings->etcd, .is_stopped = is_stopped, .context = &stop};
    struct mcb_etcd *etcd;
    char version[32];
    if (mcb_etcd_open(&options, &etcd, error))
        return -1;
    int result = mcb_etcd_version(etcd, mcb_clock_ns() + settings->timeout_ns, version, error);
    if (result == 0)
        snprintf(address, 256, "%s", mcb_etcd_local_address(etcd));
    mcb_etcd_close(etcd);
    return result;
}

/* ---- the own key ---- */

static int make_nonce(char nonce[MCB_NONCE_DIGITS + 1], struct mcb_error *error)
{
    unsigned char bytes[NONCE_BYTES];
    if (getrandom(bytes, sizeof bytes, 0) != (ssize_t)sizeof bytes)
        return mcb_error_set(error, MCB_FAULT_HOST_SYSTEM, "getrandom gives no random bytes");
    for (size_t i = 0; i < sizeof bytes; i++)
        snprintf(nonce + 2 * i, 3, "%02x", bytes[i]);
    return 0;
}

static int describe_self(struct mcb_claim *own, const json_t *self, struct mcb_error *error)
{
    const char *host;
    if (mcb_json_get_string(self, "host", sizeof own->host, &host, MCB_FAULT_JOB_ROSTER, error))
        return -1;
    snprintf(own->host, sizeof own->host, "%s", host);
    own->pid = getpid();
    return make_nonce(own->nonce, error);
}

/* Opens the listener and finds the address that the others will see. */
static int open_listener(struct etcd_job *job, const struct mcb_settings *settings,
                         struct mcb_error *error)
{
    char host[256];
    job->listener =
        mcb_socket_listen(settings->address ? settings->address : "", 0, SOMAXCONN, error);
    if (job->listener < 0)
        return -1;
    if (!settings->address)
        snprintf(host, sizeof host, "%s", mcb_etcd_local_address(job->etcd));
    else if (mcb_socket_address(job->listener, true, host))
        return mcb_error_set(error, MCB_FAULT_HOST_SYSTEM, "%s: no such address",
                             settings->address);
    mcb_socket_join(host, mcb_socket_port(job->listener), job->own.address);
    return 0;
}

static int take_lease(struct etcd_job *job, const char *urls, int64_t deadline_ns,
                      struct mcb_error *error)
{
    int64_t ttl_s = LEASE_S;
    if (mcb_etcd_lease_grant(job->etcd, &ttl_s, deadline_ns, &job->lease, error))
        return -1;
    return mcb_lease_start(urls, job->lease, ttl_s, &job->keeper, error);
}

/* ---- taking a rank ---- */

/* "process 4711 on n2" and when its lease ends. */
static void describe_holder(struct etcd_job *job, unsigned rank, char *text, size_t text_size)
{
    const struct mcb_claim *claim = &job->claims.list[rank];
    int64_t left_s = -1;
    struct mcb_error ignored;
    if (claim->lease)
        mcb_etcd_lease_left(job->etcd, claim->lease, mcb_clock_ns() + AFTERWARDS_S * MCB_NS_PER_S,
                            &left_s, &ignored);
    snprintf(text, text_size,
             "rank %u by process %" PRId64 " on %.100s (its lease runs out in %" PRId64
             " s unless that process renews it)",
             rank, claim->pid, claim->host[0] ? claim->host : "an unknown host",
             left_s < 0 ? 0 : left_s);
}

/* 0: taken by this process, 1: by another, which claims[rank] then describes. */
static int try_rank(struct etcd_job *job, unsigned rank, const char *value, int64_t deadline_ns,
                    struct mcb_error *error)
{
    char key[sizeof job->claims.prefix + 16];
    snprintf(key, sizeof key, "%s%u", job->claims.prefix, rank);
    bool created = false;
    struct mcb_etcd_entries holder = {0};
    if (mcb_etcd_create(job->etcd, key, value, job->lease, deadline_ns, &created, &holder, error))
        return -1;
    int result = created ? 0 : 1;
    if (holder.count)
        result = mcb_claims_take(&job->claims, &holder.list[0], rank, error) ? -1 : 1;
    mcb_etcd_entries_release(&holder);
    /* The answer to an earlier try may have been lost on the way: the nonce tells whose it is. */
    if (result == 1 && strcmp(job->claims.list[rank].nonce, job->own.nonce) == 0)
        result = 0;
    return result;
}

static int take_any_rank(struct etcd_job *job, const char *value, int64_t deadline_ns,
                         unsigned *rank, struct mcb_error *error)
{
    for (unsigned r = 0; r < job->claims.size; r++) {
        int result = try_rank(job, r, value, deadline_ns, error);
        if (result == 0)
            *rank = r;
        if (result <= 0)
            return result;
    }
    char holders[MCB_ERROR_DETAIL_MAX] = "";
    size_t used = 0;
    for (unsigned r = 0; r < job->claims.size && used < 400; r++) {
        char holder[256];
        describe_holder(job, r, holder, sizeof holder);
        used +=
            (size_t)snprintf(holders + used, sizeof holders - used, "%s%s", r ? "; " : "", holder);
    }
    return mcb_error_set(error, MCB_FAULT_JOB_RANK_TAKEN, "job %s: all %u ranks are taken: %s",
                         job->claims.job, job->claims.size, holders);
}

static int take_rank(struct etcd_job *job, int wanted, int64_t deadline_ns, unsigned *rank,
                     struct mcb_error *error)
{
    char *value = mcb_claims_write(&job->claims, &job->own, job->self, error);
    if (!value)
        return -1;
    int result = 0;
    if (wanted < 0) {
        result = take_any_rank(job, value, deadline_ns, rank, error);
    } else {
        *rank = (unsigned)wanted;
        result = try_rank(job, *rank, value, deadline_ns, error);
    }
    free(value);
    if (result <= 0)
        return result;
    char holder[256];
    describe_holder(job, *rank, holder, sizeof holder);
    return mcb_error_set(error, MCB_FAULT_JOB_RANK_TAKEN, "job %s: taken: %s", job->claims.job,
                         holder);
}

/* ---- waiting for the others ---- */

static int report_missing(const struct etcd_job *job, int64_t waited_ns, struct mcb_error *error)
{
    char missing[200] = "", present[400] = "";
    size_t missing_used = 0, present_used = 0;
    unsigned missing_count = 0;
    for (unsigned r = 0; r < job->claims.size; r++) {
        const struct mcb_claim *claim = &job->claims.list[r];
        if (claim->create_revision && present_used < sizeof present)
            present_used +=
                (size_t)snprintf(present + present_used, sizeof present - present_used,
                                 "%srank %u (%.64s)", present_used ? ", " : "", r, claim->host);
        if (!claim->create_revision && missing_used < sizeof missing)
            missing_used += (size_t)snprintf(missing + missing_used, sizeof missing - missing_used,
                                             "%s%u", missing_used ? ", " : "", r);
        missing_count += !claim->create_revision;
    }
    return mcb_error_set(error, MCB_FAULT_JOB_MISSING,
                         "%s %s of %u did not join job %s within %" PRId64 " s; present: %s",
                         missing_count == 1 ? "rank" : "ranks", missing, job->claims.size,
                         job->claims.job, waited_ns / MCB_NS_PER_S, present);
}

static int wait_for_all(struct etcd_job *job, unsigned rank, int64_t timeout_ns,
                        int64_t deadline_ns, struct mcb_error *error)
{
    struct mcb_cluster *cluster = job->cluster;
    /* Many ranks ask less often, so that etcd's load does not grow with their square. */
    int64_t pause_ns = (POLL_MS + (int64_t)job->claims.size) * MCB_NS_PER_MS;
    for (;;) {
        unsigned count;
        bool late = mcb_clock_ns() >= deadline_ns;
        /* An answer that comes after the deadline still says whom to name. */
        int64_t answer_ns = (late ? mcb_clock_ns() : deadline_ns) + AFTERWARDS_S * MCB_NS_PER_S;
        if (mcb_claims_update(&job->claims, answer_ns, &count, error))
            return -1;
        if (!job->claims.list[rank].create_revision)
            return mcb_error_set(error, MCB_FAULT_ETCD_LEASE,
                                 "the key of rank %u of job %s is gone from etcd", rank,
                                 job->claims.job);
        if (count == job->claims.size)
            return 0;
        if (late)
            return report_missing(job, timeout_ns, error);
        int64_t until_ns = mcb_clock_ns() + pause_ns;
        while (mcb_clock_ns() < until_ns && mcb_clock_ns() < deadline_ns)
            if (mcb_links_pump(cluster, NULL, 0, until_ns < deadline_ns ? until_ns : deadline_ns,
                               error))
                return -1;
    }
}

static int fill_roster(struct etcd_job *job, struct mcb_error *error)
{
    for (unsigned r = 0; r < job->claims.size; r++)
        if (mcb_members_set(job->cluster, r, job->claims.list[r].record, error))
            return -1;
    return 0;
}

/* ---- links ---- */

static int get_text(const json_t *frame, const char *key, const char *expected,
                    struct mcb_error *error)
{
    const char *text;
    if (mcb_json_get_string(frame, key, 256, &text, MCB_FAULT_NET_PROTOCOL, error))
        return -1;
    if (strcmp(text, expected) != 0)
        return mcb_error_set(error, MCB_FAULT_NET_PROTOCOL,
                             "\"%s\": %s; of another job or another run of it", key, text);
    return 0;
}

static json_t *introduce(const struct etcd_job *job, const char *type, unsigned to)
{
    return json_pack("{s:s, s:s, s:s, s:i, s:s, s:s}", "type", type, "protocol",
                     MCB_CLUSTER_PROTOCOL, "job", job->claims.job, "rank", (int)job->cluster->rank,
                     "nonce", job->own.nonce, "to", job->claims.list[to].nonce);
}

/* Both directions: is it the rank that made the key, and does it mean this process? */
static int check_identity(const struct etcd_job *job, const json_t *frame, int64_t least,
                          int64_t most, unsigned *rank, struct mcb_error *error)
{
    int64_t value;
    if (get_text(frame, "protocol", MCB_CLUSTER_PROTOCOL, error) ||
        get_text(frame, "job", job->claims.job, error) ||
        get_text(frame, "to", job->own.nonce, error) ||
        mcb_json_get_integer(frame, "rank", least, most, &value, MCB_FAULT_NET_PROTOCOL, error) ||
        get_text(frame, "nonce", job->claims.list[value].nonce, error))
        return -1;
    *rank = (unsigned)value;
    return 0;
}

static int admit(void *context, const json_t *hello, unsigned *rank, json_t **welcome,
                 struct mcb_error *error)
{
    struct etcd_job *job = context;
    unsigned from;
    if (check_identity(job, hello, job->cluster->rank + 1, job->claims.size - 1, &from, error))
        return -1;
    if (job->cluster->members[from].link)
        return mcb_error_set(error, MCB_FAULT_NET_PROTOCOL, "rank %u is connected already", from);
    json_t *answer = introduce(job, "welcome", from);
    if (!answer)
        return mcb_error_set(error, MCB_FAULT_HOST_MEMORY, "no memory for a message");
    *rank = from;
    *welcome = answer;
    return 0;
}

static int welcomed(void *context, unsigned rank, const json_t *welcome, struct mcb_error *error)
{
    const struct etcd_job *job = context;
    unsigned from;
    struct mcb_error problem;
    if (check_identity(job, welcome, rank, rank, &from, &problem))
        return mcb_error_set(error, problem.code, "%s: its welcome: %s",
                             job->cluster->members[rank].name, problem.detail);
    return 0;
}

static int connect_to(struct etcd_job *job, unsigned rank, int64_t deadline_ns,
                      struct mcb_error *error)
{
    struct mcb_cluster *cluster = job->cluster;
    const struct mcb_claim *claim = &job->claims.list[rank];
    const char *name = cluster->members[rank].name;
    char host[256];
    uint16_t port;
    if (mcb_socket_split(claim->address, false, host, &port) || !host[0])
        return mcb_error_set(error, MCB_FAULT_JOB_ROSTER, "%s: its address %s: no HOST:PORT", name,
                             claim->address);
    bool elsewhere = strcmp(claim->host, job->claims.list[cluster->rank].host) != 0;
    if (elsewhere && mcb_socket_is_loopback(host))
        return mcb_error_set(error, MCB_FAULT_NET_LOOPBACK,
                             "%s gives %s as its address, which is loopback on every host", name,
                             claim->address);
    struct mcb_error problem;
    int fd = mcb_socket_connect(host, port, NULL, false, deadline_ns, cluster->stop, &problem);
    if (fd < 0)
        return mcb_error_set(error, problem.code, "%s: %s", name, problem.detail);
    json_t *hello = introduce(job, "hello", rank);
    int result = mcb_mesh_connect(cluster, rank, fd, hello, error);
    json_decref(hello);
    return result;
}

/* A rank that fails before it is linked takes its key away: it is not waited for. */
static int watch_keys(void *context, struct mcb_error *error)
{
    struct etcd_job *job = context;
    const struct mcb_cluster *cluster = job->cluster;
    unsigned count;
    if (mcb_clock_ns() < job->watch_ns)
        return 0;
    int64_t answer_ns = job->deadline_ns + AFTERWARDS_S * MCB_NS_PER_S;
    if (mcb_claims_update(&job->claims, answer_ns, &count, error))
        return -1;
    for (unsigned r = 0; r < job->claims.size; r++)
        if (r != cluster->rank && !cluster->members[r].link && !job->claims.list[r].create_revision)
            return mcb_error_set(error, MCB_FAULT_JOB_PEER_LOST,
                                 "%s: left job %s again before it was connected",
                                 cluster->members[r].name, job->claims.job);
    job->watch_ns = mcb_clock_ns() + (WATCH_MS + (int64_t)job->claims.size) * MCB_NS_PER_MS;
    return 0;
}

static int form_mesh(struct etcd_job *job, int64_t deadline_ns, struct mcb_error *error)
{
    job->deadline_ns = deadline_ns;
    job->watch_ns = mcb_clock_ns() + WATCH_MS * MCB_NS_PER_MS;
    for (unsigned r = 0; r < job->cluster->rank; r++)
        if (connect_to(job, r, deadline_ns, error))
            return -1;
    struct mcb_mesh mesh = {.cluster = job->cluster,
                            .listener = job->listener,
                            .admit = admit,
                            .welcomed = welcomed,
                            .watch = watch_keys,
                            .context = job,
                            .lost = MCB_FAULT_JOB_PEER_LOST,
                            .deadline_ns = deadline_ns,
                            .what = job->own.address};
    return mcb_mesh_form(&mesh, error);
}

/* ---- the method ---- */

/* Everything up to the own key in etcd. */
static int announce(struct etcd_job *job, const struct mcb_settings *settings, int64_t deadline_ns,
                    unsigned *rank, struct mcb_error *error)
{
    struct mcb_etcd_options options = {
        .urls = settings->etcd, .is_stopped = is_stopped, .context = &job->cluster->stop};
    char version[32];
    if (mcb_etcd_open(&options, &job->etcd, error) ||
        mcb_claims_start(&job->claims, job->etcd, settings->job, settings->ranks, error) ||
        mcb_etcd_version(job->etcd, deadline_ns, version, error) ||
        describe_self(&job->own, job->self, error) || open_listener(job, settings, error) ||
        take_lease(job, settings->etcd, deadline_ns, error))
        return -1;
    return take_rank(job, settings->rank, deadline_ns, rank, error);
}

/* A rank that does not fit stays until the others have seen its key as well: else they would wait
 * for it to the deadline. */
static void linger(const struct etcd_job *job, const struct mcb_error *why)
{
    if (why->code != MCB_FAULT_JOB_ROSTER && why->code != MCB_FAULT_NET_LOOPBACK)
        return;
    struct mcb_error ignored;
    int64_t until_ns = mcb_clock_ns() + AFTERWARDS_S * MCB_NS_PER_S;
    while (mcb_clock_ns() < until_ns &&
           mcb_links_pump(job->cluster, NULL, 0, until_ns, &ignored) == 0)
        continue;
}

static int join(struct mcb_cluster *cluster, const struct mcb_settings *settings,
                const json_t *self, int64_t deadline_ns, struct mcb_error *error)
{
    if (check_job(settings, error))
        return -1;
    struct etcd_job *job = calloc(1, sizeof *job);
    if (!job)
        return mcb_error_set(error, MCB_FAULT_HOST_MEMORY, "no memory to join the job");
    cluster->state = job;
    *job = (struct etcd_job){.cluster = cluster, .listener = -1, .self = self};
    unsigned rank = 0;
    if (announce(job, settings, deadline_ns, &rank, error) ||
        mcb_members_start(cluster, rank, settings->ranks, error) ||
        wait_for_all(job, rank, settings->timeout_ns, deadline_ns, error) ||
        fill_roster(job, error) || form_mesh(job, deadline_ns, error)) {
        linger(job, error);
        return -1;
    }
    close(job->listener);
    job->listener = -1;
    return 0;
}

static int check(const struct mcb_cluster *cluster, struct mcb_error *error)
{
    const struct etcd_job *job = cluster->state;
    return job->keeper ? mcb_lease_check(job->keeper, error) : 0;
}

static void leave(struct mcb_cluster *cluster, int64_t deadline_ns)
{
    struct etcd_job *job = cluster->state;
    if (!job)
        return;
    mcb_lease_stop(job->keeper);
    if (job->lease) {
        struct mcb_error ignored;
        mcb_etcd_ignore_stop(job->etcd);
        mcb_etcd_lease_revoke(job->etcd, job->lease, deadline_ns, &ignored);
    }
    mcb_claims_release(&job->claims);
    mcb_etcd_close(job->etcd);
    if (job->listener >= 0)
        close(job->listener);
    free(job);
    cluster->state = NULL;
}

const struct mcb_method mcb_method_etcd = {
    .local_address = local_address, .join = join, .check = check, .leave = leave};
