/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <sys/socket.h>

#include "bench/cluster/method.h"
#include "common/json.h"
#include "tests/ranks.h"

/* Three ranks, linked by socket pairs. */
enum { RANKS = 3 };

static struct mcb_cluster *make_cluster(unsigned rank, const volatile sig_atomic_t *stop)
{
    struct mcb_cluster *cluster = calloc(1, sizeof *cluster);
    struct mcb_error error;
    cluster->method = &mcb_method_local;
    cluster->stop = stop;
    assert_int_equal(mcb_members_start(cluster, rank, RANKS, &error), 0);
    for (unsigned r = 0; r < RANKS; r++) {
        char host[16];
        snprintf(host, sizeof host, "n%u", r + 1);
        json_t *record = json_pack("{s:s}", "host", host);
        assert_int_equal(mcb_members_set(cluster, r, record, &error), 0);
        json_decref(record);
    }
    return cluster;
}

static int make_ranks(void **state)
{
    struct rank *ranks = calloc(RANKS, sizeof *ranks);
    for (unsigned r = 0; r < RANKS; r++) {
        ranks[r].cluster = make_cluster(r, &ranks[r].stop);
        ranks[r].wait_ns = 60 * MCB_NS_PER_S;
    }
    for (unsigned a = 0; a < RANKS; a++)
        for (unsigned b = a + 1; b < RANKS; b++) {
            int fds[2];
            struct mcb_error error;
            if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, fds))
                return -1;
            ranks[a].cluster->members[b].link = mcb_link_open(fds[0], &error);
            ranks[b].cluster->members[a].link = mcb_link_open(fds[1], &error);
        }
    *state = ranks;
    return 0;
}

static int free_ranks(void **state)
{
    struct rank *ranks = *state;
    ranks_all(ranks, RANKS, rank_leave);
    free(ranks);
    return 0;
}

/* As if the process were gone: its sockets close without a word. */
static void kill_rank(struct rank *rank)
{
    rank->cluster->aborted = true;
    rank_leave(rank);
}

static void expect_fault(const struct rank *rank, enum mcb_fault_code code, const char *part)
{
    assert_int_equal(rank->result, -1);
    assert_int_equal(rank->error.code, code);
    if (!strstr(rank->error.detail, part))
        fail_msg("\"%s\" is not in \"%s\"", part, rank->error.detail);
}

static void everyone_gets_what_was_meant_for_it(void **state)
{
    struct rank *ranks = *state;
    for (int i = 0; i < 20; i++) {
        ranks_all(ranks, RANKS, rank_exchange);
        for (int r = 0; r < RANKS; r++)
            rank_check_documents(&ranks[r]);
    }
}

static void large_documents_pass_both_ways_at_once(void **state)
{
    struct rank *ranks = *state;
    for (int r = 0; r < RANKS; r++)
        ranks[r].document_bytes = 4 << 20;
    ranks_all(ranks, RANKS, rank_exchange);
    for (int r = 0; r < RANKS; r++)
        rank_check_documents(&ranks[r]);
}

static void *exchange_twice(void *context)
{
    struct rank *rank = context;
    rank_exchange(rank);
    rank_check_documents(rank);
    if (mcb_cluster_rank(rank->cluster) == 2)
        usleep(100000);
    return rank_exchange(rank);
}

static void a_fast_peer_may_be_a_phase_ahead(void **state)
{
    struct rank *ranks = *state;
    ranks_all(ranks, RANKS, exchange_twice);
    for (int r = 0; r < RANKS; r++)
        rank_check_documents(&ranks[r]);
}

static void ranks_in_different_phases_are_told_apart(void **state)
{
    struct rank *ranks = *state;
    ranks[1].phase = "plan";
    ranks[0].phase = ranks[2].phase = "endpoints";
    ranks_all(ranks, RANKS, rank_exchange);
    expect_fault(&ranks[0], MCB_FAULT_NET_PROTOCOL, "rank 1 (n2): is in phase plan");
    expect_fault(&ranks[1], MCB_FAULT_NET_PROTOCOL, "is in phase endpoints");
}

static void a_dead_peer_is_named(void **state)
{
    struct rank *ranks = *state;
    kill_rank(&ranks[2]);
    ranks_all(ranks, 2, rank_exchange);
    expect_fault(&ranks[0], MCB_FAULT_JOB_PEER_LOST, "rank 2 (n3)");
    expect_fault(&ranks[1], MCB_FAULT_JOB_PEER_LOST, "rank 2 (n3)");
}

static void all_dead_peers_are_named(void **state)
{
    struct rank *ranks = *state;
    kill_rank(&ranks[0]);
    kill_rank(&ranks[2]);
    rank_exchange(&ranks[1]);
    expect_fault(&ranks[1], MCB_FAULT_JOB_PEER_LOST, "rank 0 (n1), rank 2 (n3)");
}

static void silent_peers_are_named_at_the_deadline(void **state)
{
    struct rank *ranks = *state;
    ranks[0].wait_ns = ranks[1].wait_ns = 300 * MCB_NS_PER_MS;
    ranks_all(ranks, 2, rank_exchange);
    expect_fault(&ranks[0], MCB_FAULT_JOB_PEER_SILENT, "rank 2 (n3)");
    assert_null(strstr(ranks[0].error.detail, "rank 1"));
}

static void a_fault_that_a_peer_gives_is_passed_on(void **state)
{
    struct rank *ranks = *state;
    struct mcb_error why;
    mcb_error_set(&why, MCB_FAULT_RDMA_PORT_DOWN, "mlx5_0: port 1 is down");
    mcb_cluster_abort(ranks[2].cluster, &why);
    rank_exchange(&ranks[0]);
    expect_fault(&ranks[0], MCB_FAULT_JOB_PEER_FAILED, "rank 2 (n3)");
    expect_fault(&ranks[0], MCB_FAULT_JOB_PEER_FAILED, "MCB-RDMA-004");
    expect_fault(&ranks[0], MCB_FAULT_JOB_PEER_FAILED, "mlx5_0: port 1 is down");
}

static void a_reason_beats_the_end_of_its_link(void **state)
{
    struct rank *ranks = *state;
    struct mcb_error why;
    mcb_error_set(&why, MCB_FAULT_RDMA_PORT_DOWN, "port 1 is down");
    mcb_cluster_abort(ranks[2].cluster, &why);
    kill_rank(&ranks[2]);
    rank_exchange(&ranks[0]);
    expect_fault(&ranks[0], MCB_FAULT_JOB_PEER_FAILED, "port 1 is down");
}

static void the_first_hand_reason_beats_hearsay_and_ends(void **state)
{
    struct rank *ranks = *state;
    struct mcb_error hearsay, why;
    mcb_error_set(&hearsay, MCB_FAULT_JOB_PEER_LOST, "rank 2 (n3): closed");
    mcb_error_set(&why, MCB_FAULT_RDMA_PORT_DOWN, "port 1 is down");
    mcb_cluster_abort(ranks[1].cluster, &hearsay);
    mcb_cluster_abort(ranks[2].cluster, &why);
    kill_rank(&ranks[1]);
    kill_rank(&ranks[2]);
    rank_exchange(&ranks[0]);
    expect_fault(&ranks[0], MCB_FAULT_JOB_PEER_FAILED, "rank 2 (n3): MCB-RDMA-004");
}

static void a_death_beats_what_is_said_of_it(void **state)
{
    struct rank *ranks = *state;
    struct mcb_error hearsay;
    kill_rank(&ranks[2]);
    mcb_error_set(&hearsay, MCB_FAULT_JOB_PEER_LOST, "rank 2 (n3): closed");
    mcb_cluster_abort(ranks[1].cluster, &hearsay);
    kill_rank(&ranks[1]);
    rank_exchange(&ranks[0]);
    expect_fault(&ranks[0], MCB_FAULT_JOB_PEER_LOST, "rank 2 (n3)");
    assert_null(strstr(ranks[0].error.detail, "rank 1"));
}

static void an_interruption_ends_an_exchange(void **state)
{
    struct rank *ranks = *state;
    ranks[0].stop = 1;
    rank_exchange(&ranks[0]);
    expect_fault(&ranks[0], MCB_FAULT_RUN_INTERRUPTED, "interrupted");
}

static void garbage_of_a_peer_is_named(void **state)
{
    struct rank *ranks = *state;
    assert_int_equal(send(ranks[1].cluster->members[0].link->fd, "GET / HTTP", 10, 0), 10);
    rank_exchange(&ranks[0]);
    expect_fault(&ranks[0], MCB_FAULT_NET_PROTOCOL, "rank 1 (n2)");
}

static void a_peer_that_has_got_all_may_leave_before_the_others(void **state)
{
    struct rank *ranks = *state;
    struct mcb_error error;
    ranks[0].phase = ranks[1].phase = ranks[2].phase = "end";
    pthread_t waiting;
    pthread_create(&waiting, NULL, rank_exchange, &ranks[0]);
    /* Rank 2 says its documents and good-bye and hangs up; rank 1 comes late. */
    for (unsigned r = 0; r < 2; r++) {
        struct mcb_link *link = ranks[2].cluster->members[r].link;
        json_t *frame =
            json_pack("{s:s, s:s, s:i, s:{s:i, s:i, s:s}}", "type", "exchange", "phase", "end",
                      "number", 1, "document", "from", 2, "to", (int)r, "filling", "");
        json_t *bye = json_pack("{s:s}", "type", "bye");
        assert_int_equal(mcb_link_queue(link, frame, &error), 0);
        assert_int_equal(mcb_link_queue(link, bye, &error), 0);
        json_decref(frame);
        json_decref(bye);
        mcb_link_flush(link);
        shutdown(link->fd, SHUT_WR);
    }
    usleep(250000);
    rank_exchange(&ranks[1]);
    pthread_join(waiting, NULL);
    rank_check_documents(&ranks[0]);
    rank_check_documents(&ranks[1]);
}

static void a_peer_that_leaves_too_early_is_named(void **state)
{
    struct rank *ranks = *state;
    rank_leave(&ranks[1]);
    rank_exchange(&ranks[0]);
    expect_fault(&ranks[0], MCB_FAULT_JOB_PEER_LOST, "rank 1 (n2): left the job too early");
}

static void a_failed_exchange_gives_nothing_out(void **state)
{
    struct rank *ranks = *state;
    ranks[0].wait_ns = ranks[1].wait_ns = 100 * MCB_NS_PER_MS;
    ranks_all(ranks, 2, rank_exchange);
    for (unsigned r = 0; r < RANKS; r++)
        assert_null(ranks[0].in[r]);
}

/* ---- waiting ---- */

static void a_wait_ends_with_the_event_or_with_its_time(void **state)
{
    struct rank *ranks = *state;
    struct mcb_error error;
    int event = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    assert_int_equal(mcb_cluster_wait(ranks[0].cluster, event, ranks_in_ms(30), &error), 1);
    assert_int_equal(eventfd_write(event, 1), 0);
    assert_int_equal(mcb_cluster_wait(ranks[0].cluster, event, ranks_in_ms(20000), &error), 0);
    assert_int_equal(mcb_cluster_wait(ranks[0].cluster, event, ranks_in_ms(30), &error), 1);
    close(event);
}

static void a_wait_keeps_what_comes_for_the_next_phase(void **state)
{
    struct rank *ranks = *state;
    struct mcb_error error;
    int event = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    pthread_t threads[2];
    pthread_create(&threads[0], NULL, rank_exchange, &ranks[1]);
    pthread_create(&threads[1], NULL, rank_exchange, &ranks[2]);
    assert_int_equal(mcb_cluster_wait(ranks[0].cluster, event, ranks_in_ms(200), &error), 1);
    rank_exchange(&ranks[0]);
    pthread_join(threads[0], NULL);
    pthread_join(threads[1], NULL);
    for (int r = 0; r < RANKS; r++)
        rank_check_documents(&ranks[r]);
    close(event);
}

static void a_wait_notices_a_death_an_abort_and_an_interruption(void **state)
{
    struct rank *ranks = *state;
    struct mcb_error error, why;
    int event = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    kill_rank(&ranks[2]);
    assert_int_equal(mcb_cluster_wait(ranks[0].cluster, event, ranks_in_ms(20000), &error), -1);
    assert_int_equal(error.code, MCB_FAULT_JOB_PEER_LOST);
    mcb_error_set(&why, MCB_FAULT_RUN_INTERRUPTED, "interrupted by a signal");
    mcb_cluster_abort(ranks[1].cluster, &why);
    assert_int_equal(mcb_cluster_wait(ranks[0].cluster, event, ranks_in_ms(20000), &error), -1);
    assert_int_equal(error.code, MCB_FAULT_JOB_PEER_FAILED);
    ranks[1].stop = 1;
    assert_int_equal(mcb_cluster_wait(ranks[1].cluster, event, ranks_in_ms(20000), &error), -1);
    assert_int_equal(error.code, MCB_FAULT_RUN_INTERRUPTED);
    close(event);
}

/* ---- clocks ---- */

static void *synchronize(void *context)
{
    struct rank *rank = context;
    rank->result = mcb_links_synchronize(rank->cluster, ranks_in_ms(20000), &rank->error);
    return NULL;
}

static void ranks_of_one_host_find_no_offset(void **state)
{
    struct rank *ranks = *state;
    ranks_all(ranks, RANKS, synchronize);
    for (int r = 0; r < RANKS; r++) {
        assert_int_equal(ranks[r].result, 0);
        int64_t offset_ns = mcb_cluster_clock_offset_ns(ranks[r].cluster);
        assert_in_range(offset_ns + MCB_NS_PER_S, 0, 2 * MCB_NS_PER_S);
    }
    assert_int_equal(mcb_cluster_clock_offset_ns(ranks[0].cluster), 0);
}

static void say_time(const struct rank *rank, int64_t time_ns)
{
    struct mcb_error error;
    json_t *pong = json_pack("{s:s, s:I}", "type", "pong", "time_ns", (json_int_t)time_ns);
    assert_int_equal(mcb_link_queue(rank->cluster->members[1].link, pong, &error), 0);
    json_decref(pong);
    mcb_link_flush(rank->cluster->members[1].link);
}

static void a_time_that_no_clock_shows_is_refused(void **state)
{
    struct rank *ranks = *state;
    static const int64_t times_ns[] = {INT64_MAX, ((int64_t)1 << 62) + 1, -1, INT64_MIN};
    for (size_t i = 0; i < sizeof times_ns / sizeof *times_ns; i++) {
        say_time(&ranks[0], times_ns[i]);
        synchronize(&ranks[1]);
        expect_fault(&ranks[1], MCB_FAULT_NET_PROTOCOL, "rank 0 (n1): ");
        expect_fault(&ranks[1], MCB_FAULT_NET_PROTOCOL, "time_ns");
        assert_int_equal(mcb_cluster_clock_offset_ns(ranks[1].cluster), 0);
    }
}

#define on_ranks(test) cmocka_unit_test_setup_teardown(test, make_ranks, free_ranks)

int main(void)
{
    const struct CMUnitTest tests[] = {
        on_ranks(everyone_gets_what_was_meant_for_it),
        on_ranks(large_documents_pass_both_ways_at_once),
        on_ranks(a_fast_peer_may_be_a_phase_ahead),
        on_ranks(ranks_in_different_phases_are_told_apart),
        on_ranks(a_dead_peer_is_named),
        on_ranks(all_dead_peers_are_named),
        on_ranks(silent_peers_are_named_at_the_deadline),
        on_ranks(a_fault_that_a_peer_gives_is_passed_on),
        on_ranks(a_reason_beats_the_end_of_its_link),
        on_ranks(the_first_hand_reason_beats_hearsay_and_ends),
        on_ranks(a_death_beats_what_is_said_of_it),
        on_ranks(an_interruption_ends_an_exchange),
        on_ranks(garbage_of_a_peer_is_named),
        on_ranks(a_peer_that_has_got_all_may_leave_before_the_others),
        on_ranks(a_peer_that_leaves_too_early_is_named),
        on_ranks(a_failed_exchange_gives_nothing_out),
        on_ranks(a_wait_ends_with_the_event_or_with_its_time),
        on_ranks(a_wait_keeps_what_comes_for_the_next_phase),
        on_ranks(a_wait_notices_a_death_an_abort_and_an_interruption),
        on_ranks(ranks_of_one_host_find_no_offset),
        on_ranks(a_time_that_no_clock_shows_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
