/* SPDX-License-Identifier: Apache-2.0 */
/* Staged transfers bring every byte through the bounce buffers, none before its copy is done, with
 * a receive for all that comes in; and believe nothing of the peer that cannot be. */
#include "tests/unit/staged_pair.h"

enum { KEY = 0x5eed, WINDOW_MS = 5 };

static const struct mcb_memory *const mixes[][2] = {{&fake_gpu_memory, &fake_gpu_memory},
                                                    {&fake_gpu_memory, &mcb_memory_host},
                                                    {&mcb_memory_host, &fake_gpu_memory},
                                                    {&mcb_memory_host, &mcb_memory_host}};

enum { MIXES = sizeof mixes / sizeof mixes[0] };

static const struct mcb_staged_role sender = {.sends = true}, receiver = {.receives = true},
                                    both = {.sends = true, .receives = true};

static void lay_out_bytes(uint16_t generation)
{
    for (size_t i = 0; i < 2; i++) {
        struct mcb_pattern pattern = {.key = KEY + i, .generation = generation};
        mcb_pattern_fill(&pattern, &wire.ends[i].out);
        mcb_pattern_poison(pattern.key, &wire.ends[1 - i].in);
    }
}

/* What end `from` sent is there; else the poison. */
static void expect_bytes(size_t from, uint16_t generation)
{
    struct mcb_pattern pattern = {.key = KEY + from, .generation = generation};
    struct mcb_pattern_report report = {0};
    if (!mcb_pattern_check(&pattern, &wire.ends[1 - from].in, &report))
        fail_msg("from end %zu, %u queue pairs of depth %u, %zu bytes: slot %u is %s", from,
                 wire.ends[0].set.options.count, wire.ends[0].set.options.depth,
                 wire.ends[0].in.slot_bytes, report.first_slot,
                 mcb_corruption_name(report.first_kind));
}

static void run_task(enum task task, struct mcb_staged_role role, struct mcb_staged_role other)
{
    end_prepare(&wire.ends[0], task, role, WINDOW_MS * MCB_NS_PER_MS);
    end_prepare(&wire.ends[1], task, other, WINDOW_MS * MCB_NS_PER_MS);
    wire_run_prepared();
}

static void move_and_check(struct mcb_staged_role role, struct mcb_staged_role other)
{
    static const struct shape shapes[] = {{1, 1, 8},   {1, 2, 100},  {2, 2, 64}, {3, 5, 4096},
                                          {2, 16, 65}, {4, 32, 200}, {1, 16, 8}};
    static const enum task tasks[] = {LAP, WINDOW, LAP};
    for (size_t s = 0; s < sizeof shapes / sizeof shapes[0]; s++)
        for (size_t m = 0; m < MIXES; m++) {
            wire_open(shapes[s], mixes[m]);
            for (uint16_t t = 0; t < 3; t++) {
                uint16_t generation = (uint16_t)(t + 1);
                lay_out_bytes(generation);
                run_task(tasks[t], role, other);
                expect_bytes(0, role.sends ? generation : 0);
                expect_bytes(1, other.sends ? generation : 0);
            }
            assert_int_equal(atomic_load(&fake_gpu.spoilt), 0);
            wire_close();
        }
}

static void what_is_sent_arrives(void **state)
{
    (void)state;
    move_and_check(sender, receiver);
}

static void what_the_other_side_sends_arrives(void **state)
{
    (void)state;
    move_and_check(receiver, sender);
}

static void both_directions_at_once_arrive(void **state)
{
    (void)state;
    move_and_check(both, both);
}

static void a_lap_copies_every_slot_once_on_each_side(void **state)
{
    (void)state;
    wire_open((struct shape){3, 7, 100}, mixes[0]);
    run_task(LAP, sender, receiver);
    assert_int_equal(wire.ends[0].sent, 21);
    assert_int_equal(wire.ends[1].sent, 0);
    assert_int_equal(atomic_load(&fake_gpu.slots), 42);
    wire_close();
}

static void what_was_copied_into_memory_counts_and_nothing_else(void **state)
{
    (void)state;
    wire_open((struct shape){2, 8, 1000}, mixes[0]);
    run_task(WINDOW, sender, receiver);
    const struct mcb_bandwidth *sent = &wire.ends[0].bandwidth, *came = &wire.ends[1].bandwidth;
    int64_t asked_ns = WINDOW_MS * MCB_NS_PER_MS;
    assert_int_equal(sent->messages, 0);
    assert_int_equal(sent->length_ns, 0);
    assert_true(came->messages <= wire.ends[0].sent);
    assert_int_equal(came->bytes, came->messages * 1000);
    assert_in_range(came->length_ns, asked_ns * 3 / 4, asked_ns * 5 / 4);

    end_prepare(&wire.ends[0], WINDOW, sender, asked_ns);
    end_prepare(&wire.ends[1], WINDOW, receiver, asked_ns);
    atomic_store(&fake_gpu.late_until_ns, wire.ends[1].loop.end_ns + asked_ns);
    wire_run_prepared();
    assert_int_equal(came->messages, 0);
    assert_int_equal(came->length_ns, asked_ns);
    assert_int_equal(wire.ends[0].sent, 16);
    wire_close();
}

static void run_latency(struct mcb_staged_role role, struct mcb_staged_role other,
                        uint64_t *samples, size_t most)
{
    end_prepare(&wire.ends[0], LATENCY, role, PATIENCE_NS);
    end_prepare(&wire.ends[1], LATENCY, other, PATIENCE_NS);
    wire.ends[0].latency =
        (struct mcb_latency){.initiator = true, .samples_ns = samples, .samples_most = most};
    wire.ends[1].latency = (struct mcb_latency){.initiator = false};
    wire_run_prepared();
    assert_int_equal(wire.ends[0].latency.samples_count, most);
}

/* Only slot 0 of the first queue pair. */
static void expect_slot_zero(size_t from, uint32_t slots)
{
    struct mcb_pattern pattern = {.key = KEY + from, .generation = 1};
    struct mcb_pattern_report report = {0};
    mcb_pattern_check(&pattern, &wire.ends[1 - from].in, &report);
    assert_int_equal(report.messages[MCB_CORRUPTION_NONE], 1);
    assert_int_equal(report.messages[MCB_CORRUPTION_LOST], slots - 1);
    assert_int_equal(report.first_slot, 1);
}

static void a_ping_goes_there_and_back(void **state)
{
    (void)state;
    uint64_t samples[40];
    for (size_t m = 0; m < MIXES; m++) {
        wire_open((struct shape){2, 1, 100}, mixes[m]);
        lay_out_bytes(1);
        run_latency(both, both, samples, 40);
        expect_slot_zero(0, 2);
        expect_slot_zero(1, 2);
        assert_int_equal(wire.ends[0].sent, 40);
        assert_int_equal(wire.ends[1].sent, 0);
        if (m == 0)
            assert_int_equal(atomic_load(&fake_gpu.slots), 4 * 40);
        lay_out_bytes(2);
        run_task(LAP, sender, receiver);
        expect_bytes(0, 2);
        wire_close();
    }
}

static void a_reader_asks_and_gets_one_message(void **state)
{
    (void)state;
    uint64_t samples[40];
    wire_open((struct shape){1, 2, 100}, mixes[0]);
    lay_out_bytes(1);
    run_latency(receiver, sender, samples, 40);
    expect_slot_zero(1, 2);
    expect_bytes(0, 0);
    assert_int_equal(atomic_load(&fake_gpu.slots), 2 * 40);
    assert_int_equal(wire.credits, 40);
    wire_close();
}

/* ---- a peer that lies, and other ends ---- */

static void expect_fault_of(struct end *end, enum mcb_fault_code code)
{
    end_start(end);
    end_join(end);
    assert_int_equal(end->result, -1);
    if (end->error.code != code)
        fail_msg("%s: %s", mcb_fault_get(end->error.code)->id, end->error.detail);
    assert_true(end->set.broken);
    wire_close();
}

static void refused_in(enum task task, struct mcb_staged_role role, enum ibv_wc_opcode opcode,
                       uint32_t immediate)
{
    struct end *end = &wire.ends[0];
    wire_open((struct shape){1, 4, 100}, mixes[3]);
    end_prepare(end, task, role, PATIENCE_NS);
    inject(end, opcode, immediate);
    expect_fault_of(end, MCB_FAULT_NET_PROTOCOL);
}

static void what_a_peer_cannot_have_sent_is_refused(void **state)
{
    (void)state;
    const enum ibv_wc_opcode with_immediate = IBV_WC_RECV_RDMA_WITH_IMM;
    refused_in(WINDOW, receiver, with_immediate, 1);                        /* not the next slot */
    refused_in(WINDOW, receiver, with_immediate, 4);                        /* no slot at all */
    refused_in(WINDOW, receiver, with_immediate, MCB_IMMEDIATE_CREDIT | 1); /* nothing to credit */
    refused_in(WINDOW, sender, with_immediate, 0);                          /* nothing to receive */
    refused_in(WINDOW, sender, with_immediate, MCB_IMMEDIATE_CREDIT | 1);   /* not yet posted */
    refused_in(WINDOW, both, with_immediate, UINT32_MAX);                   /* a credit of -1 */
    refused_in(WINDOW, receiver, IBV_WC_RECV, 0);                           /* a send */
    refused_in(LATENCY, both, with_immediate, 1);                           /* not slot 0 */
    refused_in(LATENCY, sender, with_immediate, 0);                         /* not a question */
    refused_in(LATENCY, receiver, with_immediate, MCB_IMMEDIATE_CREDIT);    /* no message */
}

static void more_messages_than_slots_are_refused(void **state)
{
    (void)state;
    struct end *end = &wire.ends[0];
    wire_open((struct shape){1, 4, 100}, mixes[0]);
    end_prepare(end, LAP, receiver, 0);
    atomic_store(&fake_gpu.late_until_ns, INT64_MAX);
    for (uint32_t i = 0; i < 5; i++)
        inject(end, IBV_WC_RECV_RDMA_WITH_IMM, i % 4);
    expect_fault_of(end, MCB_FAULT_NET_PROTOCOL);
}

static void more_messages_than_the_peer_says_are_refused(void **state)
{
    (void)state;
    struct end *end = &wire.ends[0];
    wire_open((struct shape){1, 4, 100}, mixes[3]);
    end_prepare(end, LAP, receiver, 0);
    inject(end, IBV_WC_RECV_RDMA_WITH_IMM, 0);
    inject(end, IBV_WC_RECV_RDMA_WITH_IMM, 1);
    end->expected = 1;
    expect_fault_of(end, MCB_FAULT_NET_PROTOCOL);
}

static void a_copier_that_fails_ends_the_task_with_its_fault(void **state)
{
    (void)state;
    wire_open((struct shape){1, 4, 100}, mixes[0]);
    end_prepare(&wire.ends[0], LAP, sender, 0);
    atomic_store(&fake_gpu.fail_after, 2);
    expect_fault_of(&wire.ends[0], MCB_FAULT_GPU_CALL);
}

static void an_interrupted_task_ends_though_its_copies_do_not(void **state)
{
    (void)state;
    wire_open((struct shape){1, 4, 100}, mixes[0]);
    end_prepare(&wire.ends[0], LAP, sender, 0);
    atomic_store(&fake_gpu.late_until_ns, INT64_MAX);
    wire.ends[0].abort = true;
    expect_fault_of(&wire.ends[0], MCB_FAULT_RUN_INTERRUPTED);
}

static void a_peer_that_credits_nothing_is_named_at_the_deadline(void **state)
{
    (void)state;
    wire_open((struct shape){1, 4, 100}, mixes[0]);
    end_prepare(&wire.ends[0], LAP, sender, 0);
    wire.ends[0].loop.deadline_ns = mcb_clock_ns() + 20 * MCB_NS_PER_MS;
    expect_fault_of(&wire.ends[0], MCB_FAULT_RDMA_STUCK);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_sent_arrives),
        cmocka_unit_test(what_the_other_side_sends_arrives),
        cmocka_unit_test(both_directions_at_once_arrive),
        cmocka_unit_test(a_lap_copies_every_slot_once_on_each_side),
        cmocka_unit_test(what_was_copied_into_memory_counts_and_nothing_else),
        cmocka_unit_test(a_ping_goes_there_and_back),
        cmocka_unit_test(a_reader_asks_and_gets_one_message),
        cmocka_unit_test(what_a_peer_cannot_have_sent_is_refused),
        cmocka_unit_test(more_messages_than_slots_are_refused),
        cmocka_unit_test(more_messages_than_the_peer_says_are_refused),
        cmocka_unit_test(a_copier_that_fails_ends_the_task_with_its_fault),
        cmocka_unit_test(an_interrupted_task_ends_though_its_copies_do_not),
        cmocka_unit_test(a_peer_that_credits_nothing_is_named_at_the_deadline),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
