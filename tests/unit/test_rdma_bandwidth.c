/* SPDX-License-Identifier: Apache-2.0 */
/* The loop's window covers the time asked for, whatever its thread or the NIC does meanwhile. The
 * NIC is a completion queue of this file. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <time.h>

#include <infiniband/verbs.h>

#include <cmocka.h>

#include "common/clock.h"
#include "rdma/bandwidth.h"
#include "rdma/completion.h"

enum { DEPTH = 64, MESSAGE_BYTES = 1000 };

/* A thread that is to wake up 1 ms past the end of a window counts for it if it runs within a
 * quarter of its length: on a busy host that must be long. */
#define LENGTH_NS (200 * MCB_NS_PER_MS)

struct nic {
    struct ibv_cq queue; /* first: what poll() is given */
    struct ibv_context context;
    struct mcb_queue_pair pair;
    struct mcb_queue_set set;
    atomic_bool abort;
    _Atomic uint64_t expected, sent;
    uint32_t waiting;                     /* completions; none shows before the queue is full */
    bool posted, shows;                   /* since the last poll; from now on */
    int64_t silent_from_ns, silent_to_ns; /* nothing is seen to complete between */
    bool asleep;                          /* and the thread does not run */
};

static struct nic the_nic; /* post() is given the queue pair alone */

static int post(struct mcb_queue_pair *pair, uint32_t slot, uint32_t count)
{
    (void)pair;
    (void)slot;
    the_nic.waiting += count;
    the_nic.posted = true;
    return 0;
}

static void sleep_until(int64_t time_ns)
{
    struct timespec until = {.tv_sec = time_ns / MCB_NS_PER_S, .tv_nsec = time_ns % MCB_NS_PER_S};
    while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &until, NULL) != 0) {
    }
}

static int poll(struct ibv_cq *queue, int most, struct ibv_wc *done)
{
    struct nic *nic = (struct nic *)queue;
    int64_t now_ns = mcb_clock_ns();
    bool posted = nic->posted;
    nic->posted = false;
    nic->shows = nic->shows || !posted || nic->waiting == DEPTH;
    if (!nic->shows)
        return 0;
    if (now_ns >= nic->silent_from_ns && now_ns < nic->silent_to_ns) {
        if (!nic->asleep)
            return 0;
        sleep_until(nic->silent_to_ns);
    }
    int count = nic->waiting < (uint32_t)most ? (int)nic->waiting : most;
    for (int i = 0; i < count; i++)
        done[i] = (struct ibv_wc){.wr_id = mcb_work_id(0, 1), .status = IBV_WC_SUCCESS};
    nic->waiting -= (uint32_t)count;
    return count;
}

struct scenario {
    int64_t from_ns, to_ns; /* silence, after the window's start */
    bool asleep;            /* the thread does not run in it */
    bool at_once;           /* each message is complete when it is posted */
    bool passive;           /* this side does not initiate */
};

static struct mcb_bandwidth run(struct scenario scenario)
{
    struct nic *nic = &the_nic;
    *nic = (struct nic){.sent = UINT64_MAX, .asleep = scenario.asleep, .shows = scenario.at_once};
    int64_t start_ns = mcb_clock_ns() + MCB_NS_PER_MS;
    struct mcb_loop loop = {.start_ns = start_ns,
                            .end_ns = start_ns + LENGTH_NS,
                            .deadline_ns = start_ns + 60 * MCB_NS_PER_S,
                            .abort = &nic->abort,
                            .expected = &nic->expected,
                            .sent = &nic->sent,
                            .sent_event = -1};
    struct mcb_bandwidth bandwidth;
    struct mcb_error error = {.code = MCB_FAULT_NONE};
    nic->silent_from_ns = start_ns + scenario.from_ns;
    nic->silent_to_ns = start_ns + scenario.to_ns;
    nic->context.ops.poll_cq = poll;
    nic->queue.context = &nic->context;
    nic->pair.depth = DEPTH;
    nic->set = (struct mcb_queue_set){
        .options = {.message_bytes = MESSAGE_BYTES,
                    .count = 1,
                    .depth = DEPTH,
                    .signal_every = 1,
                    .initiates = !scenario.passive},
        .completions = &nic->queue,
        .pairs = &nic->pair,
        .post = post,
    };
    if (mcb_bandwidth_window(&nic->set, &loop, &bandwidth, &error) < 0)
        fail_msg("%s", error.detail);
    assert_int_equal(bandwidth.bytes, bandwidth.messages * MESSAGE_BYTES);
    return bandwidth;
}

static void expect_length(const struct mcb_bandwidth *bandwidth)
{
    assert_in_range(bandwidth->length_ns, LENGTH_NS * 3 / 4, LENGTH_NS * 5 / 4);
}

static void a_nic_that_never_rests_fills_the_window(void **state)
{
    (void)state;
    struct mcb_bandwidth bandwidth = run((struct scenario){.asleep = false});
    expect_length(&bandwidth);
    assert_true(bandwidth.messages > 0);
}

/* All that waits then is one batch, though polls take it in pieces. */
static void a_thread_stalled_past_the_end_counts_no_burst(void **state)
{
    (void)state;
    struct mcb_bandwidth bandwidth = run((struct scenario){
        .from_ns = -MCB_NS_PER_MS, .to_ns = LENGTH_NS + MCB_NS_PER_MS, .asleep = true});
    expect_length(&bandwidth);
    assert_int_equal(bandwidth.messages, DEPTH);
    bandwidth =
        run((struct scenario){.from_ns = -MCB_NS_PER_MS, .to_ns = 2 * LENGTH_NS, .asleep = true});
    assert_int_equal(bandwidth.length_ns, LENGTH_NS);
    assert_int_equal(bandwidth.messages, 0);
}

/* Without waiting for a completion that takes ten windows: what it starts no message for. */
static void a_silent_nic_is_a_window_of_full_length_with_nothing_in_it(void **state)
{
    (void)state;
    struct mcb_bandwidth bandwidth =
        run((struct scenario){.from_ns = -MCB_NS_PER_MS, .to_ns = 10 * LENGTH_NS});
    assert_int_equal(bandwidth.length_ns, LENGTH_NS);
    assert_int_equal(bandwidth.messages, 0);
    assert_int_equal(the_nic.sent, DEPTH);
}

/* As a software NIC does, which sends while it is called: the queue is never full. */
static void every_slot_is_used_though_the_queue_never_fills(void **state)
{
    (void)state;
    run((struct scenario){
        .from_ns = -MCB_NS_PER_MS, .to_ns = 2 * LENGTH_NS, .asleep = true, .at_once = true});
    assert_int_equal(the_nic.pair.unused_slots, 0);
    assert_true(the_nic.sent >= DEPTH);
}

static void a_side_that_does_not_initiate_has_no_window(void **state)
{
    (void)state;
    struct mcb_bandwidth bandwidth = run((struct scenario){.passive = true});
    assert_int_equal(bandwidth.length_ns, 0);
    assert_int_equal(bandwidth.messages, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_nic_that_never_rests_fills_the_window),
        cmocka_unit_test(a_thread_stalled_past_the_end_counts_no_burst),
        cmocka_unit_test(a_silent_nic_is_a_window_of_full_length_with_nothing_in_it),
        cmocka_unit_test(every_slot_is_used_though_the_queue_never_fills),
        cmocka_unit_test(a_side_that_does_not_initiate_has_no_window),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
