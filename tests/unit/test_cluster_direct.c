/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <errno.h>
#include <stdlib.h>
#include <sys/eventfd.h>

#include "common/log.h"
#include "tests/ranks.h"

/* Two ranks, the first of which listens. */
struct pair {
    struct rank ranks[2];
    char listen[32], connect[32];
    uint16_t port;
};

static int make_pair(void **state)
{
    struct pair *pair = calloc(1, sizeof *pair);
    pair->port = ranks_free_port();
    snprintf(pair->listen, sizeof pair->listen, "127.0.0.1:%u", pair->port);
    snprintf(pair->connect, sizeof pair->connect, "localhost:%u", pair->port);
    for (int r = 0; r < 2; r++) {
        snprintf(pair->ranks[r].host, sizeof pair->ranks[r].host, "n%d", r + 1);
        pair->ranks[r].settings.timeout_ns = 20 * MCB_NS_PER_S;
        pair->ranks[r].settings.rank = -1;
        pair->ranks[r].wait_ns = 60 * MCB_NS_PER_S;
    }
    pair->ranks[0].settings.listen = pair->listen;
    pair->ranks[1].settings.connect = pair->connect;
    *state = pair;
    return 0;
}

static int free_pair(void **state)
{
    struct pair *pair = *state;
    ranks_all(pair->ranks, 2, rank_leave);
    free(pair);
    return 0;
}

static void join_both(struct pair *pair)
{
    ranks_all(pair->ranks, 2, rank_join);
    for (int r = 0; r < 2; r++)
        if (pair->ranks[r].result)
            fail_msg("rank %d: %s", r, pair->ranks[r].error.detail);
}

static void expect_fault(const struct rank *rank, enum mcb_fault_code code, const char *part)
{
    assert_int_equal(rank->result, -1);
    assert_null(rank->cluster);
    if (rank->error.code != code || !strstr(rank->error.detail, part))
        fail_msg("%s: %s", mcb_fault_get(rank->error.code)->id, rank->error.detail);
}

static void two_hosts_meet_and_exchange(void **state)
{
    struct pair *pair = *state;
    join_both(pair);
    for (unsigned r = 0; r < 2; r++) {
        const struct mcb_cluster *cluster = pair->ranks[r].cluster;
        assert_int_equal(mcb_cluster_rank(cluster), r);
        assert_int_equal(mcb_cluster_size(cluster), 2);
        assert_string_equal(mcb_cluster_name(cluster, 0), "rank 0 (n1)");
        assert_string_equal(mcb_cluster_name(cluster, 1), "rank 1 (n2)");
        assert_string_equal(
            json_string_value(json_object_get(mcb_cluster_record(cluster, 1 - r), "host")),
            r ? "n1" : "n2");
        pair->ranks[r].document_bytes = r ? 10 : 4 << 20;
    }
    ranks_all(pair->ranks, 2, rank_exchange);
    assert_int_equal(pair->ranks[0].result, 0);
    assert_int_equal(pair->ranks[1].result, 0);
    for (int r = 0; r < 2; r++)
        for (int from = 0; from < 2; from++)
            json_decref(pair->ranks[r].in[from]);
}

static void *join_late(void *context)
{
    usleep(300000);
    return rank_join(context);
}

static void either_may_start_first(void **state)
{
    struct pair *pair = *state;
    pthread_t late;
    for (int first = 0; first < 2; first++) {
        assert_int_equal(pthread_create(&late, NULL, join_late, &pair->ranks[1 - first]), 0);
        rank_join(&pair->ranks[first]);
        pthread_join(late, NULL);
        assert_int_equal(pair->ranks[0].result, 0);
        assert_int_equal(pair->ranks[1].result, 0);
        ranks_all(pair->ranks, 2, rank_leave);
    }
}

/* ---- nobody, or somebody else ---- */

static void nobody_comes(void **state)
{
    struct pair *pair = *state;
    for (int r = 0; r < 2; r++) {
        pair->ranks[r].settings.timeout_ns = 200 * MCB_NS_PER_MS;
        rank_join(&pair->ranks[r]);
    }
    expect_fault(&pair->ranks[0], MCB_FAULT_NET_TIMEOUT, "port");
    expect_fault(&pair->ranks[1], MCB_FAULT_NET_REFUSED, "localhost");
}

static void a_taken_port_is_a_fault_at_once(void **state)
{
    struct pair *pair = *state;
    struct mcb_error error;
    int other = mcb_socket_listen("127.0.0.1", pair->port, 1, &error);
    rank_join(&pair->ranks[0]);
    expect_fault(&pair->ranks[0], MCB_FAULT_NET_PORT_TAKEN, "127.0.0.1");
    close(other);
}

struct stranger {
    const char *bytes;
    size_t length;
    bool stays;
};

static const struct stranger strangers[] = {
    {"GET / HTTP/1.1\r\n\r\n", 18, true},
    {"MCB1\xff\xff\xff\xff", 8, true},
    {"MCB1\0\0\1\0{\"type\":", 16, false},
    {"MCB1\0\0\0\x0c{\"type\":\"a\"}", 20, true},
    {"MCB1\0\0\0\x10{\"type\":\"hello\"}", 24, true},
    {"MCB1\0\0\0\4oops", 12, true},
    {"MCB1\0\0\0\x0e{\"type\":\"bye\"}MCB1\0\0\0\x0e{\"type\":\"bye\"}", 44, true},
    {"", 0, false},
    {"", 0, true},
};

enum { STRANGERS = sizeof strangers / sizeof *strangers };

static void strangers_do_not_keep_the_real_peer_out(void **state)
{
    struct pair *pair = *state;
    struct mcb_error error;
    int fds[STRANGERS];
    pthread_t listening;
    mcb_log_quiet(true);
    assert_int_equal(pthread_create(&listening, NULL, rank_join, &pair->ranks[0]), 0);
    for (int i = 0; i < STRANGERS; i++) {
        fds[i] = mcb_socket_connect("127.0.0.1", pair->port, NULL, true, ranks_in_ms(5000), NULL,
                                    &error);
        assert_true(fds[i] >= 0);
        assert_int_equal(
            ranks_send(fds[i], strangers[i].bytes, strangers[i].length, ranks_in_ms(5000), NULL),
            0);
        if (!strangers[i].stays) {
            close(fds[i]);
            fds[i] = -1;
        }
    }
    /* The one that says nothing, too, is shown the door. */
    char byte;
    assert_int_equal(mcb_socket_wait(fds[STRANGERS - 1], POLLIN, ranks_in_ms(10000), NULL, &error),
                     1);
    assert_int_equal(recv(fds[STRANGERS - 1], &byte, 1, 0), 0);
    rank_join(&pair->ranks[1]);
    pthread_join(listening, NULL);
    mcb_log_quiet(false);
    assert_int_equal(pair->ranks[0].result, 0);
    assert_int_equal(pair->ranks[1].result, 0);
    for (int i = 0; i < STRANGERS; i++)
        if (fds[i] >= 0)
            close(fds[i]);
}

/* Listens, and answers the first connection with the bytes. */
struct impostor {
    uint16_t port;
    struct stranger answer;
};

static void *pretend(void *context)
{
    const struct impostor *impostor = context;
    struct mcb_error error;
    char hello[4096];
    int listener = mcb_socket_listen("127.0.0.1", impostor->port, 1, &error);
    int fd = ranks_accept(listener, ranks_in_ms(5000), NULL);
    ranks_receive(fd, hello, 8, ranks_in_ms(5000), NULL);
    ranks_send(fd, impostor->answer.bytes, impostor->answer.length, ranks_in_ms(5000), NULL);
    if (impostor->answer.stays)
        ranks_receive(fd, hello, sizeof hello, ranks_in_ms(10000), NULL);
    close(fd);
    close(listener);
    return NULL;
}

static void an_impostor_is_found_out_within_the_deadline(void **state)
{
    struct pair *pair = *state;
    pair->ranks[1].settings.timeout_ns = MCB_NS_PER_S;
    for (int i = 0; i < STRANGERS; i++) {
        struct impostor impostor = {pair->port, strangers[i]};
        pthread_t thread;
        assert_int_equal(pthread_create(&thread, NULL, pretend, &impostor), 0);
        rank_join(&pair->ranks[1]);
        pthread_join(thread, NULL);
        bool silent = i == STRANGERS - 1;
        expect_fault(&pair->ranks[1], silent ? MCB_FAULT_JOB_PEER_SILENT : MCB_FAULT_NET_PROTOCOL,
                     "localhost");
    }
}

static void another_version_is_told_why_it_is_refused(void **state)
{
    struct pair *pair = *state;
    static const char hello[] =
        "{\"type\":\"hello\",\"protocol\":\"mcbench/9\",\"rank\":1,\"ranks\":2,\"record\":{}}";
    char header[8] = {'M', 'C', 'B', '1', 0, 0, 0, sizeof hello - 1}, answer[512] = "";
    struct mcb_error error;
    pthread_t listening;
    mcb_log_quiet(true);
    pair->ranks[0].settings.timeout_ns = MCB_NS_PER_S;
    assert_int_equal(pthread_create(&listening, NULL, rank_join, &pair->ranks[0]), 0);
    int fd =
        mcb_socket_connect("127.0.0.1", pair->port, NULL, true, ranks_in_ms(5000), NULL, &error);
    ranks_send(fd, header, sizeof header, ranks_in_ms(5000), NULL);
    ranks_send(fd, hello, sizeof hello - 1, ranks_in_ms(5000), NULL);
    assert_int_equal(ranks_receive(fd, header, 8, ranks_in_ms(5000), NULL), 0);
    size_t length = (size_t)(unsigned char)header[6] << 8 | (unsigned char)header[7];
    assert_in_range(length, 1, sizeof answer - 1);
    assert_int_equal(ranks_receive(fd, answer, length, ranks_in_ms(5000), NULL), 0);
    assert_non_null(strstr(answer, "\"refuse\""));
    assert_non_null(strstr(answer, "mcbench/9"));
    close(fd);
    pthread_join(listening, NULL);
    mcb_log_quiet(false);
    expect_fault(&pair->ranks[0], MCB_FAULT_NET_TIMEOUT, "port");
}

/* Sends good-byes for as long as anyone takes them, and comes again until told to stop. */
struct flood {
    uint16_t port;
    volatile sig_atomic_t stop;
};

static void *flood(void *context)
{
    static const char bye[] = "MCB1\0\0\0\x0e{\"type\":\"bye\"}";
    struct flood *from = context;
    struct mcb_error ignored;
    char byes[1000 * (sizeof bye - 1)];
    for (size_t at = 0; at < sizeof byes; at += sizeof bye - 1)
        memcpy(byes + at, bye, sizeof bye - 1);
    while (!from->stop) {
        int fd = mcb_socket_connect("127.0.0.1", from->port, NULL, false, ranks_in_ms(1000), NULL,
                                    &ignored);
        while (fd >= 0 && !from->stop &&
               ranks_send(fd, byes, sizeof byes, ranks_in_ms(1000), &from->stop) == 0)
            continue;
        if (fd >= 0)
            close(fd);
        usleep(1000);
    }
    return NULL;
}

static void a_flood_of_byes_moves_no_deadline(void **state)
{
    struct pair *pair = *state;
    struct flood from = {.port = pair->port};
    pthread_t thread;
    mcb_log_quiet(true);
    assert_int_equal(pthread_create(&thread, NULL, flood, &from), 0);
    pair->ranks[0].settings.timeout_ns = MCB_NS_PER_S;
    rank_join(&pair->ranks[0]);
    from.stop = 1;
    pthread_join(thread, NULL);
    mcb_log_quiet(false);
    expect_fault(&pair->ranks[0], MCB_FAULT_NET_TIMEOUT, "port");
}

static void *interrupt(void *context)
{
    struct rank *rank = context;
    usleep(150000);
    rank->stop = 1;
    return NULL;
}

static void an_interruption_ends_the_wait_for_the_peer(void **state)
{
    struct pair *pair = *state;
    for (int r = 0; r < 2; r++) {
        pthread_t thread;
        assert_int_equal(pthread_create(&thread, NULL, interrupt, &pair->ranks[r]), 0);
        rank_join(&pair->ranks[r]);
        pthread_join(thread, NULL);
        expect_fault(&pair->ranks[r], MCB_FAULT_RUN_INTERRUPTED, "interrupted");
    }
}

/* ---- a peer's process ---- */

/* The listening rank in a child, the connecting one here. */
static pid_t join_child(struct pair *pair)
{
    pid_t child = rank_fork(&pair->ranks[0]);
    rank_join(&pair->ranks[1]);
    assert_int_equal(pair->ranks[1].result, 0);
    return child;
}

static void a_peer_killed_in_a_wait_is_named(void **state)
{
    struct pair *pair = *state;
    struct mcb_error error;
    pid_t child = join_child(pair);
    int event = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    rank_kill(child);
    assert_int_equal(mcb_cluster_wait(pair->ranks[1].cluster, event, ranks_in_ms(20000), &error),
                     -1);
    assert_int_equal(error.code, MCB_FAULT_JOB_PEER_LOST);
    assert_non_null(strstr(error.detail, "rank 0 (n1)"));
    close(event);
}

static void a_stopped_peer_is_named_at_the_deadline(void **state)
{
    struct pair *pair = *state;
    pid_t child = join_child(pair);
    kill(child, SIGSTOP);
    pair->ranks[1].wait_ns = 300 * MCB_NS_PER_MS;
    pair->ranks[1].document_bytes = 4 << 20;
    rank_exchange(&pair->ranks[1]);
    kill(child, SIGCONT);
    rank_kill(child);
    assert_int_equal(pair->ranks[1].result, -1);
    assert_int_equal(pair->ranks[1].error.code, MCB_FAULT_JOB_PEER_SILENT);
    assert_non_null(strstr(pair->ranks[1].error.detail, "rank 0 (n1)"));
}

/* ---- alone, and addresses ---- */

static void a_host_alone_is_a_cluster_of_one(void **state)
{
    (void)state;
    struct rank rank = {.host = "n1", .wait_ns = MCB_NS_PER_S, .document_bytes = 3};
    struct mcb_error error;
    char address[256];
    rank_join(&rank);
    assert_int_equal(rank.result, 0);
    assert_int_equal(mcb_cluster_size(rank.cluster), 1);
    rank_exchange(&rank);
    rank_check_documents(&rank);
    int event = eventfd(1, EFD_NONBLOCK | EFD_CLOEXEC);
    assert_int_equal(mcb_cluster_wait(rank.cluster, event, ranks_in_ms(20000), &error), 0);
    assert_int_equal(mcb_cluster_wait(rank.cluster, event, ranks_in_ms(20), &error), 1);
    rank.stop = 1;
    assert_int_equal(mcb_cluster_wait(rank.cluster, event, ranks_in_ms(20000), &error), -1);
    assert_int_equal(error.code, MCB_FAULT_RUN_INTERRUPTED);
    assert_int_equal(mcb_cluster_local_address(&rank.settings, NULL, address, &error), 0);
    assert_string_equal(address, "127.0.0.1");
    close(event);
    rank_leave(&rank);
}

static void the_own_address_is_the_one_the_peer_is_reached_from(void **state)
{
    struct pair *pair = *state;
    struct mcb_error error;
    char address[256];
    for (int r = 0; r < 2; r++) {
        assert_int_equal(mcb_cluster_local_address(&pair->ranks[r].settings, NULL, address, &error),
                         0);
        assert_true(mcb_socket_is_loopback(address));
    }
    pair->ranks[0].settings.address = "192.0.2.1";
    assert_int_equal(mcb_cluster_local_address(&pair->ranks[0].settings, NULL, address, &error),
                     -1);
    assert_int_equal(error.code, MCB_FAULT_NET_ADDRESS);
}

static void text_that_is_no_address_is_refused(void **state)
{
    struct pair *pair = *state;
    pair->ranks[0].settings.listen = "no port";
    pair->ranks[1].settings.connect = "7000";
    rank_join(&pair->ranks[0]);
    rank_join(&pair->ranks[1]);
    expect_fault(&pair->ranks[0], MCB_FAULT_USE_VALUE, "no port");
    expect_fault(&pair->ranks[1], MCB_FAULT_USE_VALUE, "HOST:PORT");
}

#define on_pair(test) cmocka_unit_test_setup_teardown(test, make_pair, free_pair)

int main(void)
{
    const struct CMUnitTest tests[] = {
        on_pair(two_hosts_meet_and_exchange),
        on_pair(either_may_start_first),
        on_pair(nobody_comes),
        on_pair(a_taken_port_is_a_fault_at_once),
        on_pair(strangers_do_not_keep_the_real_peer_out),
        on_pair(an_impostor_is_found_out_within_the_deadline),
        on_pair(another_version_is_told_why_it_is_refused),
        on_pair(a_flood_of_byes_moves_no_deadline),
        on_pair(an_interruption_ends_the_wait_for_the_peer),
        on_pair(a_peer_killed_in_a_wait_is_named),
        on_pair(a_stopped_peer_is_named_at_the_deadline),
        cmocka_unit_test(a_host_alone_is_a_cluster_of_one),
        on_pair(the_own_address_is_the_one_the_peer_is_reached_from),
        on_pair(text_that_is_no_address_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
