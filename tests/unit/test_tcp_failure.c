/* SPDX-License-Identifier: Apache-2.0 */
/* Whatever a peer does in the middle of a task - dies, stops, lies - the TCP side ends with the
 * fault that says so. */
#include "tests/unit/tcp_pair.h"

#include <arpa/inet.h>

#include "bench/transport/tcp_side.h"
#include "tests/ranks.h"

/* Far beyond the test: the deadline is this and the patience of the pair. */
enum { FAR_MS = 30 * 1000 };

/* Starts a task on one end only, far from its end. */
static void start_task(struct pair_end *end, enum mcb_task_kind kind)
{
    static uint64_t samples[16];
    pair_prepare_task(end, kind, FAR_MS * MCB_NS_PER_MS, samples, 16);
    end->task.start_ns = end->task.end_ns;
    pair_start(end, pair_run_thread);
}

static void finish_task(struct pair_end *end)
{
    pair_join(end);
    close(end->task.sent_event);
}

static struct pair *connected_pair(enum mcb_operation operation, bool bidirectional)
{
    struct mcb_cell_settings cell = {.operation = operation,
                                     .size_bytes = 4096,
                                     .bidirectional = bidirectional,
                                     .qps = 2,
                                     .depth = 8};
    struct pair *pair = pair_open(&cell);
    pair_connect(pair);
    return pair;
}

static void a_peer_that_disappears_is_named_with_its_stream(void **state)
{
    (void)state;
    static const enum mcb_task_kind kinds[] = {MCB_TASK_WINDOW, MCB_TASK_LATENCY};
    for (int operation = 0; operation < MCB_OPERATIONS; operation++) {
        for (size_t k = 0; k < 2; k++) {
            for (int dies = 0; dies < 2; dies++) {
                struct pair *pair = connected_pair((enum mcb_operation)operation, false);
                struct pair_end *survivor = &pair->end[1 - dies];
                start_task(survivor, kinds[k]);
                usleep(2000);
                pair_close_side(pair, (enum mcb_role)dies);
                finish_task(survivor);
                pair_expect_fault(survivor, MCB_FAULT_TCP_STREAM);
                assert_non_null(strstr(survivor->error.detail, "stream "));
                assert_non_null(strstr(survivor->error.detail, "127.0.0.1:"));
                assert_non_null(strstr(survivor->error.detail,
                                       mcb_operation_name((enum mcb_operation)operation)));
                pair_close(pair);
            }
        }
    }
}

static void an_abort_ends_every_task_of_either_side(void **state)
{
    (void)state;
    static const enum mcb_task_kind kinds[] = {MCB_TASK_WINDOW, MCB_TASK_LAP, MCB_TASK_LATENCY};
    for (int operation = 0; operation < MCB_OPERATIONS; operation++) {
        for (size_t k = 0; k < 3; k++) {
            struct pair *pair = connected_pair((enum mcb_operation)operation, true);
            for (size_t i = 0; i < 2; i++)
                start_task(&pair->end[i], kinds[k]);
            usleep(2000);
            for (size_t i = 0; i < 2; i++)
                atomic_store(&pair->end[i].task.abort, true);
            for (size_t i = 0; i < 2; i++) {
                finish_task(&pair->end[i]);
                pair_expect_fault(&pair->end[i], MCB_FAULT_RUN_INTERRUPTED);
            }
            pair_close(pair);
        }
    }
}

static void a_silent_peer_is_stuck_at_the_deadline(void **state)
{
    (void)state;
    static const enum mcb_task_kind kinds[] = {MCB_TASK_WINDOW, MCB_TASK_LAP, MCB_TASK_LATENCY};
    for (size_t k = 0; k < 3; k++) {
        for (int role = 0; role < 2; role++) {
            struct pair *pair = connected_pair(MCB_OPERATION_READ, false);
            struct pair_end *end = &pair->end[role];
            uint64_t sample;
            pair_prepare_task(end, kinds[k], 0, &sample, 1);
            end->task.deadline_ns = mcb_clock_ns() + 20 * MCB_NS_PER_MS;
            pair_start(end, pair_run_thread);
            finish_task(end);
            pair_expect_fault(end, MCB_FAULT_TCP_STUCK);
            assert_non_null(strstr(end->error.detail, "127.0.0.1:"));
            pair_close(pair);
        }
    }
}

static void a_sender_that_nobody_reads_is_stuck(void **state)
{
    (void)state;
    struct pair *pair = connected_pair(MCB_OPERATION_WRITE, false);
    struct pair_end *end = &pair->end[INITIATOR];
    pair_prepare_task(end, MCB_TASK_WINDOW, FAR_MS * MCB_NS_PER_MS, NULL, 0);
    end->task.deadline_ns = mcb_clock_ns() + 100 * MCB_NS_PER_MS;
    pair_start(end, pair_run_thread);
    finish_task(end);
    pair_expect_fault(end, MCB_FAULT_TCP_STUCK);
    pair_close(pair);
}

static void more_bytes_than_the_peer_says_it_sent_are_refused(void **state)
{
    (void)state;
    static const uint64_t lies[] = {3, UINT64_MAX - 1};
    for (size_t i = 0; i < 2; i++) {
        struct pair *pair = connected_pair(MCB_OPERATION_WRITE, false);
        for (size_t end = 0; end < 2; end++) {
            pair_prepare_task(&pair->end[end], MCB_TASK_LAP, 0, NULL, 0);
            pair_start(&pair->end[end], pair_run_thread);
        }
        finish_task(&pair->end[INITIATOR]);
        usleep(2000);
        atomic_store(&pair->end[TARGET].task.expected, lies[i]);
        finish_task(&pair->end[TARGET]);
        pair_expect_fault(&pair->end[TARGET], MCB_FAULT_NET_PROTOCOL);
        pair_close(pair);
    }
}

/* records of a read, from a peer whose part the test plays */

static void say_record(const struct pair *pair, enum mcb_role as, struct mcb_tcp_record record)
{
    uint32_t wire[4] = {htonl(record.magic), htonl(record.request), htonl(record.answer),
                        htonl(record.zero)};
    assert_int_equal(ranks_send(pair->end[as].side->streams[0].fd, wire, sizeof wire,
                                mcb_clock_ns() + PATIENCE_NS, NULL),
                     0);
}

static void expect_refusal(enum mcb_role of, enum mcb_task_kind kind, struct mcb_tcp_record record)
{
    struct pair *pair = connected_pair(MCB_OPERATION_READ, false);
    start_task(&pair->end[of], kind);
    if (of == MCB_ROLE_INITIATOR) {
        struct pollfd asked = {.fd = pair->end[TARGET].side->streams[0].fd, .events = POLLIN};
        assert_int_equal(poll(&asked, 1, (int)(PATIENCE_NS / MCB_NS_PER_MS)), 1);
    }
    say_record(pair, (enum mcb_role)(1 - of), record);
    finish_task(&pair->end[of]);
    pair_expect_fault(&pair->end[of], MCB_FAULT_NET_PROTOCOL);
    pair_close(pair);
}

static void false_records_are_refused(void **state)
{
    (void)state;
    static const struct mcb_tcp_record to_target[] = {
        {.magic = 0, .request = 1},
        {.magic = MCB_TCP_RECORD_MAGIC},
        {.magic = MCB_TCP_RECORD_MAGIC, .request = 9},
        {.magic = MCB_TCP_RECORD_MAGIC, .request = UINT32_MAX},
        {.magic = MCB_TCP_RECORD_MAGIC, .request = 1, .answer = 1},
        {.magic = MCB_TCP_RECORD_MAGIC, .request = 1, .zero = 1},
    };
    static const struct mcb_tcp_record to_initiator[] = {
        {.magic = 0, .answer = 1},
        {.magic = MCB_TCP_RECORD_MAGIC},
        {.magic = MCB_TCP_RECORD_MAGIC, .answer = 9},
        {.magic = MCB_TCP_RECORD_MAGIC, .answer = UINT32_MAX},
        {.magic = MCB_TCP_RECORD_MAGIC, .answer = 1, .request = 1},
        {.magic = MCB_TCP_RECORD_MAGIC, .answer = 1, .zero = 1},
    };
    for (size_t i = 0; i < sizeof to_target / sizeof to_target[0]; i++) {
        expect_refusal(MCB_ROLE_TARGET, MCB_TASK_WINDOW, to_target[i]);
        expect_refusal(MCB_ROLE_TARGET, MCB_TASK_LATENCY, to_target[i]);
        expect_refusal(MCB_ROLE_INITIATOR, MCB_TASK_WINDOW, to_initiator[i]);
        expect_refusal(MCB_ROLE_INITIATOR, MCB_TASK_LATENCY, to_initiator[i]);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_peer_that_disappears_is_named_with_its_stream),
        cmocka_unit_test(an_abort_ends_every_task_of_either_side),
        cmocka_unit_test(a_silent_peer_is_stuck_at_the_deadline),
        cmocka_unit_test(a_sender_that_nobody_reads_is_stuck),
        cmocka_unit_test(more_bytes_than_the_peer_says_it_sent_are_refused),
        cmocka_unit_test(false_records_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
