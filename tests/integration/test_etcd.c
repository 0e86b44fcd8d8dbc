/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Joining a job through a real etcd, which the test starts on loopback and ends by its process id.
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <fcntl.h>
#include <ftw.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <sys/prctl.h>

#include "bench/cluster/etcd_client.h"
#include "common/log.h"
#include "tests/ranks.h"

/* ---- etcd ---- */

struct server {
    pid_t pid;
    char folder[64];
    char url[64];
    uint16_t port, peer_port;
};

static struct server server;

/* tls: the folder holds ca.pem, server.pem and server.key. */
static void run_etcd(const struct server *of, bool tls)
{
    char data[128], peer[64], cluster[96], ca[128], cert[128], key[128];
    snprintf(data, sizeof data, "%s/data", of->folder);
    snprintf(peer, sizeof peer, "http://127.0.0.1:%u", of->peer_port);
    snprintf(cluster, sizeof cluster, "default=%s", peer);
    snprintf(ca, sizeof ca, "%s/ca.pem", of->folder);
    snprintf(cert, sizeof cert, "%s/server.pem", of->folder);
    snprintf(key, sizeof key, "%s/server.key", of->folder);
    /* It ends with the test, whatever ends the test. */
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    int log = open("/dev/null", O_WRONLY);
    dup2(log, STDOUT_FILENO);
    dup2(log, STDERR_FILENO);
    const char *arguments[] = {"etcd",
                               "--data-dir",
                               data,
                               "--listen-client-urls",
                               of->url,
                               "--advertise-client-urls",
                               of->url,
                               "--listen-peer-urls",
                               peer,
                               "--initial-advertise-peer-urls",
                               peer,
                               "--initial-cluster",
                               cluster,
                               tls ? "--client-cert-auth" : NULL,
                               "--trusted-ca-file",
                               ca,
                               "--cert-file",
                               cert,
                               "--key-file",
                               key,
                               NULL};
    execv("/usr/bin/etcd", (char *const *)arguments);
    _exit(127);
}

static struct mcb_etcd *open_client(const struct server *of)
{
    struct mcb_etcd_options options = {.urls = of->url};
    struct mcb_etcd *etcd;
    struct mcb_error error;
    if (mcb_etcd_open(&options, &etcd, &error))
        fail_msg("%s", error.detail);
    return etcd;
}

static int wait_until_ready(const struct server *of)
{
    int64_t deadline_ns = ranks_in_ms(20000);
    while (mcb_clock_ns() < deadline_ns) {
        struct mcb_etcd *etcd = open_client(of);
        struct mcb_etcd_range range = {.prefix = "mcbench/", .keys_only = true};
        struct mcb_etcd_entries entries;
        struct mcb_error error;
        int result = mcb_etcd_range(etcd, &range, ranks_in_ms(1000), &entries, &error);
        mcb_etcd_close(etcd);
        if (result == 0) {
            mcb_etcd_entries_release(&entries);
            return 0;
        }
        usleep(50000);
    }
    return -1;
}

static int launch(struct server *of, bool tls)
{
    of->pid = fork();
    if (of->pid == 0)
        run_etcd(of, tls);
    return of->pid > 0 ? wait_until_ready(of) : -1;
}

static void make_server(struct server *of, const char *scheme)
{
    of->port = ranks_free_port();
    do
        of->peer_port = ranks_free_port();
    while (of->peer_port == of->port);
    snprintf(of->folder, sizeof of->folder, "/tmp/mcbench-test-etcd-XXXXXX");
    assert_non_null(mkdtemp(of->folder));
    snprintf(of->url, sizeof of->url, "%s://127.0.0.1:%u", scheme, of->port);
}

static int remove_entry(const char *path, const struct stat *status, int type, struct FTW *walk)
{
    (void)status, (void)type, (void)walk;
    return remove(path);
}

static void end_server(struct server *of)
{
    if (of->pid > 0)
        rank_kill(of->pid);
    nftw(of->folder, remove_entry, 16, FTW_DEPTH | FTW_PHYS);
}

static int start(void **state)
{
    (void)state;
    make_server(&server, "http");
    return launch(&server, false);
}

static int end(void **state)
{
    (void)state;
    end_server(&server);
    return 0;
}

/* How many keys mcbench has in etcd. */
static size_t count_keys(void)
{
    struct mcb_etcd *etcd = open_client(&server);
    struct mcb_etcd_range range = {.prefix = "mcbench/", .keys_only = true};
    struct mcb_etcd_entries entries;
    struct mcb_error error;
    if (mcb_etcd_range(etcd, &range, ranks_in_ms(5000), &entries, &error))
        fail_msg("%s", error.detail);
    size_t count = entries.count;
    mcb_etcd_entries_release(&entries);
    mcb_etcd_close(etcd);
    return count;
}

static void expect_no_keys_within(int64_t ms)
{
    int64_t deadline_ns = ranks_in_ms(ms);
    while (count_keys() > 0 && mcb_clock_ns() < deadline_ns)
        usleep(100000);
    assert_int_equal(count_keys(), 0);
}

/* ---- ranks ---- */

static void make_ranks(struct rank *ranks, unsigned count, const char *job)
{
    memset(ranks, 0, count * sizeof *ranks);
    for (unsigned r = 0; r < count; r++) {
        snprintf(ranks[r].host, sizeof ranks[r].host, "n%u", r + 1);
        ranks[r].settings.etcd = server.url;
        ranks[r].settings.job = job;
        ranks[r].settings.ranks = count;
        ranks[r].settings.rank = (int)r;
        ranks[r].settings.address = "127.0.0.1";
        ranks[r].settings.timeout_ns = 20 * MCB_NS_PER_S;
        ranks[r].wait_ns = 60 * MCB_NS_PER_S;
        /* One host to each other: its loopback address is then a good one. */
        snprintf(ranks[r].host, sizeof ranks[r].host, "n1");
    }
}

static void join_all(struct rank *ranks, unsigned count)
{
    ranks_all(ranks, count, rank_join);
    for (unsigned r = 0; r < count; r++)
        if (ranks[r].result)
            fail_msg("rank %u: %s", r, ranks[r].error.detail);
}

static void expect_fault(const struct rank *rank, enum mcb_fault_code code, const char *part)
{
    assert_int_equal(rank->result, -1);
    if (rank->error.code != code || !strstr(rank->error.detail, part))
        fail_msg("%s: %s", mcb_fault_get(rank->error.code)->id, rank->error.detail);
}

static void ranks_meet_exchange_and_leave_nothing(void **state)
{
    (void)state;
    for (unsigned count = 1; count <= 3; count++) {
        static struct rank ranks[3];
        make_ranks(ranks, count, "meet");
        join_all(ranks, count);
        assert_int_equal(count_keys(), count);
        for (unsigned r = 0; r < count; r++) {
            assert_int_equal(mcb_cluster_rank(ranks[r].cluster), r);
            assert_int_equal(mcb_cluster_size(ranks[r].cluster), count);
            ranks[r].document_bytes = 1 << 20;
        }
        ranks_all(ranks, count, rank_exchange);
        for (unsigned r = 0; r < count; r++)
            rank_check_documents(&ranks[r]);
        ranks_all(ranks, count, rank_leave);
        assert_int_equal(count_keys(), 0);
    }
}

static void ranks_that_are_not_given_are_found(void **state)
{
    (void)state;
    static struct rank ranks[3];
    make_ranks(ranks, 3, "any");
    bool seen[3] = {false};
    for (unsigned r = 0; r < 3; r++)
        ranks[r].settings.rank = r == 1 ? 1 : -1;
    join_all(ranks, 3);
    for (unsigned r = 0; r < 3; r++)
        seen[mcb_cluster_rank(ranks[r].cluster)] = true;
    assert_true(seen[0] && seen[1] && seen[2]);
    ranks_all(ranks, 3, rank_leave);
}

static void a_rank_that_is_taken_is_refused_with_its_holder(void **state)
{
    (void)state;
    static struct rank ranks[2], third;
    make_ranks(ranks, 2, "taken");
    join_all(ranks, 2);
    char holder[64];
    snprintf(holder, sizeof holder, "rank 1 by process %ld on n1", (long)getpid());
    third = ranks[1];
    rank_join(&third);
    expect_fault(&third, MCB_FAULT_JOB_RANK_TAKEN, holder);
    expect_fault(&third, MCB_FAULT_JOB_RANK_TAKEN, " s unless");
    third.settings.rank = -1;
    rank_join(&third);
    expect_fault(&third, MCB_FAULT_JOB_RANK_TAKEN, "all 2 ranks are taken");
    ranks_all(ranks, 2, rank_exchange);
    for (unsigned r = 0; r < 2; r++)
        rank_check_documents(&ranks[r]);
    ranks_all(ranks, 2, rank_leave);
    assert_int_equal(count_keys(), 0);
}

static void ranks_that_do_not_join_are_named(void **state)
{
    (void)state;
    static struct rank ranks[4];
    make_ranks(ranks, 4, "missing");
    /* Rank 1 is there before rank 0 gives up, and until after it. */
    ranks[0].settings.timeout_ns = 6 * MCB_NS_PER_S;
    ranks[1].settings.timeout_ns = 9 * MCB_NS_PER_S;
    ranks_all(ranks, 2, rank_join);
    expect_fault(&ranks[0], MCB_FAULT_JOB_MISSING,
                 "ranks 2, 3 of 4 did not join job missing within 6 s; present: rank 0 (n1), ");
    assert_int_equal(count_keys(), 0);
}

/* From before the rank's deadline until after it. */
static void *hold_etcd_at_the_deadline(void *context)
{
    (void)context;
    usleep(2500000);
    kill(server.pid, SIGSTOP);
    usleep(1500000);
    kill(server.pid, SIGCONT);
    return NULL;
}

static void ranks_that_do_not_join_are_named_by_a_slow_etcd_too(void **state)
{
    (void)state;
    static struct rank ranks[2];
    make_ranks(ranks, 2, "slow");
    ranks[0].settings.timeout_ns = 3 * MCB_NS_PER_S;
    pthread_t thread;
    assert_int_equal(pthread_create(&thread, NULL, hold_etcd_at_the_deadline, NULL), 0);
    rank_join(&ranks[0]);
    pthread_join(thread, NULL);
    expect_fault(&ranks[0], MCB_FAULT_JOB_MISSING, "rank 1 of 2 did not join job slow");
    assert_int_equal(count_keys(), 0);
}

static void ranks_with_another_number_of_ranks_are_told_apart(void **state)
{
    (void)state;
    static struct rank ranks[2];
    make_ranks(ranks, 2, "roster");
    ranks[1].settings.ranks = 3;
    ranks_all(ranks, 2, rank_join);
    expect_fault(&ranks[0], MCB_FAULT_JOB_ROSTER, "--ranks");
    expect_fault(&ranks[1], MCB_FAULT_JOB_ROSTER, "--ranks");
    assert_int_equal(count_keys(), 0);
}

static void loopback_on_another_host_is_named(void **state)
{
    (void)state;
    static struct rank ranks[2];
    make_ranks(ranks, 2, "loopback");
    snprintf(ranks[1].host, sizeof ranks[1].host, "n2");
    ranks_all(ranks, 2, rank_join);
    expect_fault(&ranks[1], MCB_FAULT_NET_LOOPBACK, "rank 0 (n1)");
    expect_fault(&ranks[0], MCB_FAULT_JOB_PEER_LOST, "rank 1 (n2): left job loopback");
    assert_int_equal(count_keys(), 0);
}

/* ---- damage ---- */

static void a_killed_rank_is_named_and_its_key_expires(void **state)
{
    (void)state;
    static struct rank ranks[3];
    struct mcb_error error;
    make_ranks(ranks, 3, "killed");
    pid_t child = rank_fork(&ranks[1]);
    pthread_t other;
    assert_int_equal(pthread_create(&other, NULL, rank_join, &ranks[2]), 0);
    rank_join(&ranks[0]);
    pthread_join(other, NULL);
    assert_int_equal(ranks[0].result, 0);
    assert_int_equal(ranks[2].result, 0);
    int event = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    rank_kill(child);
    for (int r = 0; r < 3; r += 2) {
        assert_int_equal(mcb_cluster_wait(ranks[r].cluster, event, ranks_in_ms(20000), &error), -1);
        assert_int_equal(error.code, MCB_FAULT_JOB_PEER_LOST);
        assert_non_null(strstr(error.detail, "rank 1 (n1)"));
    }
    rank_leave(&ranks[0]);
    rank_leave(&ranks[2]);
    close(event);
    assert_int_equal(count_keys(), 1);
    expect_no_keys_within(15000);
}

static void a_lease_is_kept_alive_beyond_its_time(void **state)
{
    (void)state;
    static struct rank ranks[1];
    struct mcb_error error;
    make_ranks(ranks, 1, "alive");
    join_all(ranks, 1);
    int event = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    assert_int_equal(mcb_cluster_wait(ranks[0].cluster, event, ranks_in_ms(12000), &error), 1);
    assert_int_equal(count_keys(), 1);
    rank_leave(&ranks[0]);
    assert_int_equal(count_keys(), 0);
    close(event);
}

static int64_t lease_of(const char *prefix)
{
    struct mcb_etcd *etcd = open_client(&server);
    struct mcb_etcd_range range = {.prefix = prefix, .keys_only = true};
    struct mcb_etcd_entries entries;
    struct mcb_error error;
    assert_int_equal(mcb_etcd_range(etcd, &range, ranks_in_ms(5000), &entries, &error), 0);
    assert_int_equal(entries.count, 1);
    int64_t lease = entries.list[0].lease;
    mcb_etcd_entries_release(&entries);
    mcb_etcd_close(etcd);
    return lease;
}

static void a_lease_that_was_taken_away_is_noticed(void **state)
{
    (void)state;
    static struct rank ranks[1];
    struct mcb_error error;
    make_ranks(ranks, 1, "revoked");
    join_all(ranks, 1);
    struct mcb_etcd *etcd = open_client(&server);
    int64_t lease = lease_of("mcbench/revoked/"), left_s = 0;
    assert_int_equal(mcb_etcd_lease_left(etcd, lease, ranks_in_ms(5000), &left_s, &error), 0);
    assert_in_range(left_s, 1, 10);
    assert_int_equal(mcb_etcd_lease_revoke(etcd, lease, ranks_in_ms(5000), &error), 0);
    assert_int_equal(mcb_etcd_lease_revoke(etcd, lease, ranks_in_ms(5000), &error), 0);
    assert_int_equal(mcb_etcd_lease_left(etcd, lease, ranks_in_ms(5000), &left_s, &error), 0);
    assert_int_equal(left_s, -1);
    int event = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    assert_int_equal(mcb_cluster_wait(ranks[0].cluster, event, ranks_in_ms(15000), &error), -1);
    assert_int_equal(error.code, MCB_FAULT_ETCD_LEASE);
    rank_leave(&ranks[0]);
    mcb_etcd_close(etcd);
    close(event);
}

static void an_etcd_that_ends_in_mid_job_is_a_lost_lease(void **state)
{
    (void)state;
    static struct rank ranks[2];
    struct mcb_error error;
    make_ranks(ranks, 2, "away");
    join_all(ranks, 2);
    int event = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    rank_kill(server.pid);
    assert_int_equal(mcb_cluster_wait(ranks[0].cluster, event, ranks_in_ms(20000), &error), -1);
    assert_int_equal(error.code, MCB_FAULT_ETCD_LEASE);
    ranks_all(ranks, 2, rank_leave);
    close(event);
    assert_int_equal(launch(&server, false), 0);
    expect_no_keys_within(20000);
}

static void an_etcd_that_is_away_for_a_moment_is_waited_for(void **state)
{
    (void)state;
    static struct rank ranks[1];
    struct mcb_error error;
    make_ranks(ranks, 1, "moment");
    join_all(ranks, 1);
    int event = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    rank_kill(server.pid);
    assert_int_equal(mcb_cluster_wait(ranks[0].cluster, event, ranks_in_ms(2000), &error), 1);
    assert_int_equal(launch(&server, false), 0);
    assert_int_equal(mcb_cluster_wait(ranks[0].cluster, event, ranks_in_ms(12000), &error), 1);
    rank_leave(&ranks[0]);
    close(event);
    assert_int_equal(count_keys(), 0);
}

static void *interrupt(void *context)
{
    struct rank *rank = context;
    usleep(500000);
    rank->stop = 1;
    return NULL;
}

static void an_interrupted_wait_leaves_nothing(void **state)
{
    (void)state;
    static struct rank ranks[2];
    make_ranks(ranks, 2, "interrupted");
    pthread_t thread;
    assert_int_equal(pthread_create(&thread, NULL, interrupt, &ranks[0]), 0);
    rank_join(&ranks[0]);
    pthread_join(thread, NULL);
    expect_fault(&ranks[0], MCB_FAULT_RUN_INTERRUPTED, "interrupted");
    assert_int_equal(count_keys(), 0);
}

/* ---- what others put there ---- */

static void put_key(const char *key, const char *value)
{
    struct mcb_etcd *etcd = open_client(&server);
    struct mcb_etcd_entries existing = {0};
    struct mcb_error error;
    bool created;
    int64_t ttl_s = 5, lease;
    assert_int_equal(mcb_etcd_lease_grant(etcd, &ttl_s, ranks_in_ms(5000), &lease, &error), 0);
    assert_int_equal(
        mcb_etcd_create(etcd, key, value, lease, ranks_in_ms(5000), &created, &existing, &error),
        0);
    assert_true(created);
    mcb_etcd_close(etcd);
}

static void a_key_that_is_not_a_claim_is_named(void **state)
{
    (void)state;
    static const struct {
        const char *job, *key, *value;
    } bad[] = {
        {"bad1", "mcbench/bad1/rank/1", "not JSON"},
        {"bad2", "mcbench/bad2/rank/1", "{\"protocol\":\"mcbench/1\",\"ranks\":2}"},
        {"bad3", "mcbench/bad3/rank/1", "{\"protocol\":\"mcbench/9\",\"ranks\":2}"},
        {"bad4", "mcbench/bad4/rank/x", "{}"},
        {"bad5", "mcbench/bad5/rank/1",
         "{\"protocol\":\"mcbench/1\",\"ranks\":2,\"host\":\"n1\",\"pid\":1,\"nonce\":\"a\","
         "\"address\":\"127.0.0.1:1\",\"record\":{}}"},
    };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        static struct rank ranks[2];
        make_ranks(ranks, 2, bad[i].job);
        put_key(bad[i].key, bad[i].value);
        rank_join(&ranks[0]);
        expect_fault(&ranks[0], MCB_FAULT_JOB_ROSTER, "");
    }
    expect_no_keys_within(15000);
}

static void a_claim_whose_owner_is_gone_is_a_refused_connection(void **state)
{
    (void)state;
    static struct rank ranks[2];
    char value[256];
    snprintf(value, sizeof value,
             "{\"protocol\":\"mcbench/1\",\"ranks\":2,\"host\":\"n1\",\"pid\":1,\"nonce\":\"a\","
             "\"address\":\"127.0.0.1:%u\",\"record\":{\"host\":\"n1\"}}",
             ranks_free_port());
    make_ranks(ranks, 2, "gone");
    put_key("mcbench/gone/rank/0", value);
    rank_join(&ranks[1]);
    expect_fault(&ranks[1], MCB_FAULT_NET_REFUSED, "rank 0 (n1): 127.0.0.1:");
    expect_no_keys_within(15000);
}

static void strangers_and_wrong_hellos_do_not_disturb(void **state)
{
    (void)state;
    static struct rank ranks[2];
    make_ranks(ranks, 2, "strangers");
    mcb_log_quiet(true);
    pthread_t thread;
    assert_int_equal(pthread_create(&thread, NULL, rank_join, &ranks[0]), 0);
    struct mcb_etcd *etcd = open_client(&server);
    struct mcb_etcd_entries entries = {0};
    struct mcb_error error;
    while (entries.count == 0) {
        struct mcb_etcd_range range = {.prefix = "mcbench/strangers/"};
        mcb_etcd_entries_release(&entries);
        assert_int_equal(mcb_etcd_range(etcd, &range, ranks_in_ms(5000), &entries, &error), 0);
    }
    json_t *value = json_loads(entries.list[0].value, 0, NULL);
    char host[256];
    uint16_t port;
    assert_int_equal(
        mcb_socket_split(json_string_value(json_object_get(value, "address")), false, host, &port),
        0);
    static const char hello[] =
        "MCB1\0\0\0\x57{\"type\":\"hello\",\"protocol\":\"mcbench/1\",\"job\":"
        "\"strangers\",\"rank\":1,\"nonce\":\"a\",\"to\":\"b\"}";
    int fd = mcb_socket_connect(host, port, NULL, false, ranks_in_ms(5000), NULL, &error);
    assert_true(fd >= 0);
    assert_int_equal(ranks_send(fd, hello, sizeof hello - 1, ranks_in_ms(5000), NULL), 0);
    rank_join(&ranks[1]);
    pthread_join(thread, NULL);
    mcb_log_quiet(false);
    assert_int_equal(ranks[0].result, 0);
    assert_int_equal(ranks[1].result, 0);
    ranks_all(ranks, 2, rank_leave);
    char answer[200] = "";
    recv(fd, answer, sizeof answer - 1, 0);
    assert_non_null(strstr(answer + 8, "\"refuse\""));
    close(fd);
    json_decref(value);
    mcb_etcd_entries_release(&entries);
    mcb_etcd_close(etcd);
}

/* ---- settings ---- */

static void a_wrong_job_or_rank_is_refused(void **state)
{
    (void)state;
    static const char *const jobs[] = {NULL,
                                       "",
                                       "a/b",
                                       "a b",
                                       "x\n",
                                       "0123456789012345678901234567890123456789"
                                       "0123456789012345678901234"};
    static struct rank ranks[1];
    for (size_t i = 0; i < sizeof jobs / sizeof *jobs; i++) {
        make_ranks(ranks, 1, jobs[i]);
        rank_join(&ranks[0]);
        expect_fault(&ranks[0], MCB_FAULT_USE_VALUE, "--job");
    }
    make_ranks(ranks, 1, "rank");
    ranks[0].settings.rank = 1;
    rank_join(&ranks[0]);
    expect_fault(&ranks[0], MCB_FAULT_USE_VALUE, "--rank 1: 0 to 0");
}

static void the_endpoint_that_answers_is_found(void **state)
{
    (void)state;
    static struct rank ranks[2];
    make_ranks(ranks, 2, "failover");
    char urls[200];
    snprintf(urls, sizeof urls, "http://127.0.0.1:%u,%s", ranks_free_port(), server.url);
    ranks[0].settings.etcd = urls;
    join_all(ranks, 2);
    ranks_all(ranks, 2, rank_leave);
    assert_int_equal(count_keys(), 0);
}

static void the_own_address_is_that_of_the_connection_to_etcd(void **state)
{
    (void)state;
    static struct rank ranks[1];
    struct mcb_error error;
    char address[256];
    make_ranks(ranks, 1, "address");
    ranks[0].settings.address = NULL;
    assert_int_equal(mcb_cluster_local_address(&ranks[0].settings, NULL, address, &error), 0);
    assert_string_equal(address, "127.0.0.1");
}

/* ---- authentication ---- */

static void call(struct mcb_etcd *etcd, const char *path, const char *request)
{
    json_t *body = json_loads(request, 0, NULL), *answer;
    struct mcb_error error;
    if (mcb_etcd_call(etcd, path, body, ranks_in_ms(5000), &answer, NULL, &error))
        fail_msg("%s: %s", path, error.detail);
    json_decref(answer);
    json_decref(body);
}

static void join_with(const char *user, int result, const char *part)
{
    static struct rank ranks[1];
    make_ranks(ranks, 1, "auth");
    if (user)
        setenv("ETCDCTL_USER", user, 1);
    rank_join(&ranks[0]);
    unsetenv("ETCDCTL_USER");
    if (result)
        expect_fault(&ranks[0], MCB_FAULT_ETCD_REFUSED, part);
    else
        assert_int_equal(ranks[0].result, 0);
    if (strstr(ranks[0].error.detail, "secret"))
        fail_msg("the password is in the error");
    if (user)
        setenv("ETCDCTL_USER", user, 1);
    rank_leave(&ranks[0]);
    unsetenv("ETCDCTL_USER");
}

static void credentials_are_asked_for_and_used(void **state)
{
    (void)state;
    struct mcb_etcd *etcd = open_client(&server);
    call(etcd, "/v3/auth/user/add", "{\"name\":\"root\",\"password\":\"secret\"}");
    call(etcd, "/v3/auth/user/add", "{\"name\":\"guest\",\"password\":\"secret\"}");
    call(etcd, "/v3/auth/role/add", "{\"name\":\"root\"}");
    call(etcd, "/v3/auth/user/grant", "{\"user\":\"root\",\"role\":\"root\"}");
    join_with("root:secret", 0, ""); /* given, but not needed */
    call(etcd, "/v3/auth/enable", "{}");
    mcb_etcd_close(etcd);
    join_with("root:secret", 0, "");
    join_with("root:wrong-secret", -1, "authentication failed");
    join_with("guest:secret", -1, "permission denied");
    join_with(NULL, -1, "ETCDCTL_USER is not set");
    setenv("ETCDCTL_USER", "root:secret", 1);
    etcd = open_client(&server);
    assert_int_equal(count_keys(), 0);
    call(etcd, "/v3/auth/disable", "{}");
    unsetenv("ETCDCTL_USER");
    mcb_etcd_close(etcd);
}

/* ---- TLS ---- */

static int make_certificates(const struct server *of)
{
    char command[2048];
    snprintf(command, sizeof command,
             "cd %s && exec >/dev/null 2>&1 && "
             "openssl req -x509 -newkey rsa:2048 -nodes -keyout ca.key -out ca.pem -subj /CN=ca "
             "-days 2 && "
             "printf 'subjectAltName=IP:127.0.0.1\\nextendedKeyUsage=serverAuth,clientAuth\\n' "
             "> extensions && "
             "openssl req -newkey rsa:2048 -nodes -keyout server.key -out server.csr "
             "-subj /CN=server && "
             "openssl x509 -req -in server.csr -CA ca.pem -CAkey ca.key -CAcreateserial "
             "-out server.pem -days 2 -extfile extensions",
             of->folder);
    return system(command) == 0 ? 0 : -1;
}

static void set_file(const struct server *of, const char *variable, const char *name)
{
    char path[128];
    snprintf(path, sizeof path, "%s/%s", of->folder, name);
    setenv(variable, path, 1);
}

static void an_etcd_behind_tls_asks_for_certificates(void **state)
{
    (void)state;
    static struct server secure;
    static struct rank ranks[2];
    make_server(&secure, "https");
    if (make_certificates(&secure)) {
        end_server(&secure);
        skip();
    }
    set_file(&secure, "ETCDCTL_CACERT", "ca.pem");
    set_file(&secure, "ETCDCTL_CERT", "server.pem");
    set_file(&secure, "ETCDCTL_KEY", "server.key");
    int launched = launch(&secure, true);
    make_ranks(ranks, 2, "tls");
    ranks[0].settings.etcd = ranks[1].settings.etcd = secure.url;
    if (launched == 0)
        ranks_all(ranks, 2, rank_join);
    bool joined = ranks[0].cluster && ranks[1].cluster;
    ranks_all(ranks, 2, rank_leave);
    unsetenv("ETCDCTL_CERT");
    unsetenv("ETCDCTL_KEY");
    rank_join(&ranks[0]);
    enum mcb_fault_code without_certificate = ranks[0].error.code;
    unsetenv("ETCDCTL_CACERT");
    rank_join(&ranks[0]);
    end_server(&secure);
    assert_int_equal(launched, 0);
    assert_true(joined);
    assert_true(without_certificate == MCB_FAULT_ETCD_TLS ||
                without_certificate == MCB_FAULT_ETCD_UNREACHABLE);
    expect_fault(&ranks[0], MCB_FAULT_ETCD_TLS, "https://127.0.0.1");
}

static void https_where_etcd_speaks_http_is_named(void **state)
{
    (void)state;
    static struct rank ranks[1];
    make_ranks(ranks, 1, "https");
    char url[64];
    snprintf(url, sizeof url, "https://127.0.0.1:%u", server.port);
    ranks[0].settings.etcd = url;
    rank_join(&ranks[0]);
    expect_fault(&ranks[0], MCB_FAULT_ETCD_TLS, url);
}

int main(void)
{
    if (access("/usr/bin/etcd", X_OK)) {
        puts("no /usr/bin/etcd: nothing is tested");
        return 1;
    }
    /* The environment of who runs the test must not decide it. */
    static const char *const variables[] = {
        "http_proxy",   "https_proxy",  "HTTPS_PROXY",      "all_proxy",
        "ALL_PROXY",    "ETCDCTL_USER", "ETCDCTL_PASSWORD", "ETCDCTL_CACERT",
        "ETCDCTL_CERT", "ETCDCTL_KEY",  "MCB_ETCD_USER",    "MCB_ETCD_CACERT"};
    for (size_t i = 0; i < sizeof variables / sizeof *variables; i++)
        unsetenv(variables[i]);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(ranks_meet_exchange_and_leave_nothing),
        cmocka_unit_test(ranks_that_are_not_given_are_found),
        cmocka_unit_test(a_rank_that_is_taken_is_refused_with_its_holder),
        cmocka_unit_test(ranks_that_do_not_join_are_named),
        cmocka_unit_test(ranks_that_do_not_join_are_named_by_a_slow_etcd_too),
        cmocka_unit_test(ranks_with_another_number_of_ranks_are_told_apart),
        cmocka_unit_test(loopback_on_another_host_is_named),
        cmocka_unit_test(a_killed_rank_is_named_and_its_key_expires),
        cmocka_unit_test(a_lease_is_kept_alive_beyond_its_time),
        cmocka_unit_test(a_lease_that_was_taken_away_is_noticed),
        cmocka_unit_test(an_etcd_that_ends_in_mid_job_is_a_lost_lease),
        cmocka_unit_test(an_etcd_that_is_away_for_a_moment_is_waited_for),
        cmocka_unit_test(an_interrupted_wait_leaves_nothing),
        cmocka_unit_test(a_key_that_is_not_a_claim_is_named),
        cmocka_unit_test(a_claim_whose_owner_is_gone_is_a_refused_connection),
        cmocka_unit_test(strangers_and_wrong_hellos_do_not_disturb),
        cmocka_unit_test(a_wrong_job_or_rank_is_refused),
        cmocka_unit_test(the_endpoint_that_answers_is_found),
        cmocka_unit_test(the_own_address_is_that_of_the_connection_to_etcd),
        cmocka_unit_test(credentials_are_asked_for_and_used),
        cmocka_unit_test(https_where_etcd_speaks_http_is_named),
        cmocka_unit_test(an_etcd_behind_tls_asks_for_certificates),
    };
    return cmocka_run_group_tests(tests, start, end);
}
