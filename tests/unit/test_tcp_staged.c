/* SPDX-License-Identifier: Apache-2.0 */
/* Over TCP the memory of a GPU is staged: every byte goes through a bounce slot, none is sent or
 * overwritten before its copy is done, and what has come in counts when it has been copied. */
#include "tests/unit/fake_gpu.h"
#include "tests/unit/tcp_bytes.h"

static const struct mcb_memory *const mixes[][2] = {
    {&fake_gpu_memory, &fake_gpu_memory}, {&fake_gpu_memory, NULL}, {NULL, &fake_gpu_memory}};

#define BOTH_OF_GPU mixes[0]

enum { MIXES = sizeof mixes / sizeof mixes[0] };

static void move_every_mix(const struct mcb_cell_settings *cell)
{
    fake_gpu_reset();
    for (size_t i = 0; i < MIXES; i++)
        move_and_check(cell, mixes[i]);
    assert_int_equal(atomic_load(&fake_gpu.spoilt), 0);
}

static void move_every_size(enum mcb_operation operation, bool bidirectional)
{
    static const uint32_t shapes[][2] = {{1, 1}, {1, 2}, {2, 16}, {4, 5}}; /* streams, depth */
    fake_gpu_reset();
    for (size_t s = 0; s < sizeof sizes / sizeof sizes[0]; s++)
        for (size_t i = 0; i < sizeof shapes / sizeof shapes[0]; i++)
            move_and_check(&(struct mcb_cell_settings){.operation = operation,
                                                       .size_bytes = sizes[s],
                                                       .bidirectional = bidirectional,
                                                       .qps = shapes[i][0],
                                                       .depth = shapes[i][1]},
                           mixes[(s + i) % MIXES]);
    assert_int_equal(atomic_load(&fake_gpu.spoilt), 0);
}

static void staged_writes_arrive(void **state)
{
    (void)state;
    move_every_size(MCB_OPERATION_WRITE, false);
}

static void staged_reads_arrive(void **state)
{
    (void)state;
    move_every_size(MCB_OPERATION_READ, false);
}

static void staged_sends_arrive(void **state)
{
    (void)state;
    move_every_size(MCB_OPERATION_SEND, false);
}

static void staged_transfers_of_both_directions_arrive(void **state)
{
    (void)state;
    move_every_size(MCB_OPERATION_WRITE, true);
    move_every_size(MCB_OPERATION_READ, true);
}

static void staged_messages_larger_than_any_socket_buffer_arrive(void **state)
{
    (void)state;
    for (int operation = 0; operation < MCB_OPERATIONS; operation++)
        move_every_mix(&(struct mcb_cell_settings){.operation = (enum mcb_operation)operation,
                                                   .size_bytes = (8 << 20) + 1,
                                                   .bidirectional = true,
                                                   .qps = 1,
                                                   .depth = 2});
}

static void a_staged_lap_copies_every_slot_once_on_each_side(void **state)
{
    (void)state;
    for (int operation = 0; operation < MCB_OPERATIONS; operation++) {
        fake_gpu_reset();
        struct pair *pair =
            pair_open_in(&(struct mcb_cell_settings){.operation = (enum mcb_operation)operation,
                                                     .size_bytes = 300,
                                                     .qps = 3,
                                                     .depth = 7},
                         BOTH_OF_GPU);
        pair_connect(pair);
        pair_run(pair, MCB_TASK_LAP, 0);
        assert_int_equal(pair->end[INITIATOR].task.sent, 21);
        assert_int_equal(atomic_load(&fake_gpu.slots), 42);
        pair_close(pair);
    }
}

static void staged_latency_moves_slot_zero_and_no_other(void **state)
{
    (void)state;
    uint64_t samples[16];
    for (int operation = 0; operation < MCB_OPERATIONS; operation++) {
        bool read = operation == MCB_OPERATION_READ;
        fake_gpu_reset();
        struct pair *pair =
            pair_open_in(&(struct mcb_cell_settings){.operation = (enum mcb_operation)operation,
                                                     .measure = MCB_MEASURE_LATENCY,
                                                     .size_bytes = 333,
                                                     .qps = 2,
                                                     .depth = 4},
                         BOTH_OF_GPU);
        pair_connect(pair);
        lay_out_bytes(pair, 1);
        pair_prepare_task(&pair->end[INITIATOR], MCB_TASK_LATENCY, PATIENCE_NS, samples, 16);
        pair_prepare_task(&pair->end[TARGET], MCB_TASK_LATENCY, PATIENCE_NS, NULL, 0);
        pair_run_prepared(pair);
        assert_int_equal(pair->end[INITIATOR].task.samples_count, 16);
        uint64_t sent = pair->end[INITIATOR].task.sent;
        assert_int_equal(atomic_load(&fake_gpu.slots), sent * (read ? 2 : 4));

        struct mcb_pattern pattern = {.key = KEY + read, .generation = 1};
        struct mcb_pattern_report report = {0};
        assert_false(
            mcb_pattern_check(&pattern, &pair->end[read ? INITIATOR : TARGET].in, &report));
        assert_int_equal(report.messages[MCB_CORRUPTION_NONE], 1);
        assert_int_equal(report.messages[MCB_CORRUPTION_LOST], 7);
        assert_int_equal(report.first_slot, 1);

        lay_out_bytes(pair, 2);
        pair_run(pair, MCB_TASK_LAP, 0);
        expect_all_bytes(pair, 2);
        pair_close(pair);
    }
}

static void bytes_that_wait_to_be_copied_do_not_count(void **state)
{
    (void)state;
    fake_gpu_reset();
    struct pair *pair = pair_open_in(
        &(struct mcb_cell_settings){
            .operation = MCB_OPERATION_WRITE, .size_bytes = 4096, .qps = 1, .depth = 8},
        mixes[2]);
    pair_connect(pair);
    for (size_t i = 0; i < 2; i++)
        pair_prepare_task(&pair->end[i], MCB_TASK_WINDOW, WINDOW_MS * MCB_NS_PER_MS, NULL, 0);
    atomic_store(&fake_gpu.late_until_ns,
                 pair->end[TARGET].task.end_ns + WINDOW_MS * MCB_NS_PER_MS);
    pair_run_prepared(pair);
    assert_int_equal(pair->end[TARGET].task.window_bytes, 0);
    assert_int_equal(pair->end[TARGET].task.window_ns, WINDOW_MS * MCB_NS_PER_MS);
    assert_true(atomic_load(&fake_gpu.slots) >= 8);
    pair_close(pair);
}

static void route_host_copies_nothing(void **state)
{
    (void)state;
    fake_gpu_reset();
    move_and_check(&(struct mcb_cell_settings){.operation = MCB_OPERATION_WRITE,
                                               .route = MCB_ROUTE_HOST,
                                               .size_bytes = 1000,
                                               .qps = 2,
                                               .depth = 3},
                   BOTH_OF_GPU);
    assert_int_equal(atomic_load(&fake_gpu.slots), 0);
}

static void a_copier_that_fails_ends_the_task_with_its_fault(void **state)
{
    (void)state;
    fake_gpu_reset();
    struct pair *pair = pair_open_in(
        &(struct mcb_cell_settings){
            .operation = MCB_OPERATION_WRITE, .size_bytes = 1000, .qps = 1, .depth = 8},
        mixes[1]);
    pair_connect(pair);
    atomic_store(&fake_gpu.fail_after, 5);
    pair_prepare_task(&pair->end[INITIATOR], MCB_TASK_LAP, 0, NULL, 0);
    pair_start(&pair->end[INITIATOR], pair_run_thread);
    pair_join(&pair->end[INITIATOR]);
    close(pair->end[INITIATOR].task.sent_event);
    pair_expect_fault(&pair->end[INITIATOR], MCB_FAULT_GPU_CALL);
    pair_close(pair);
}

/* The bytes of one end are on a GPU that fails, those of the other in host memory. */
static void fail_at(enum mcb_role failing, const struct mcb_cell_settings *cell,
                    enum mcb_task_kind kind)
{
    fake_gpu_reset();
    struct pair *pair = pair_open_in(cell, mixes[failing == MCB_ROLE_INITIATOR ? 1 : 2]);
    pair_connect(pair);
    atomic_store(&fake_gpu.fail_after, 5);
    for (size_t i = 0; i < 2; i++) {
        pair_prepare_task(&pair->end[i], kind, PATIENCE_NS, NULL, 0);
        pair_start(&pair->end[i], pair_run_thread);
    }
    for (size_t i = 0; i < 2; i++) {
        pair_join(&pair->end[i]);
        close(pair->end[i].task.sent_event);
        pair_expect_fault(&pair->end[i], i == failing ? MCB_FAULT_GPU_CALL : MCB_FAULT_TCP_STREAM);
    }
    pair_close(pair);
}

/* Messages of which a few fill every socket buffer: a sender then waits for room. */
static void the_peer_of_a_copier_that_fails_waits_for_nothing(void **state)
{
    (void)state;
    for (int operation = 0; operation < MCB_OPERATIONS; operation++)
        for (int failing = 0; failing < 2; failing++)
            for (int both = 0; both < 2; both++) {
                struct mcb_cell_settings cell = {.operation = (enum mcb_operation)operation,
                                                 .size_bytes = 1 << 20,
                                                 .bidirectional = both,
                                                 .qps = 2,
                                                 .depth = 8};
                fail_at((enum mcb_role)failing, &cell, MCB_TASK_WINDOW);
                cell.measure = MCB_MEASURE_LATENCY;
                fail_at((enum mcb_role)failing, &cell, MCB_TASK_LATENCY);
            }
}

static void a_side_needs_a_bounce_buffer_that_holds_its_areas(void **state)
{
    (void)state;
    fake_gpu_reset();
    struct mcb_cell_settings cell = {
        .operation = MCB_OPERATION_WRITE, .size_bytes = 1000, .qps = 1, .depth = 8};
    struct pair *pair = pair_open_in(&cell, BOTH_OF_GPU);
    struct pair_end *end = &pair->end[INITIATOR];
    struct mcb_side_options options = {
        .cell = &cell, .role = MCB_ROLE_INITIATOR, .out = end->out, .in = end->in};
    struct mcb_buffer shorter = {.address = pair->bounce.address, .length_bytes = 4096};
    const struct mcb_buffer *const bounces[] = {NULL, &shorter};
    for (size_t i = 0; i < 2; i++) {
        struct mcb_endpoint_options with = {.nic = &pair->nics[0],
                                            .buffer = &end->buffer,
                                            .bounce = bounces[i],
                                            .settings = &pair->settings};
        struct mcb_endpoint *endpoint;
        struct mcb_side *side = NULL;
        assert_int_equal(mcb_transport_tcp.endpoint_open(&with, &endpoint, &end->error), 0);
        assert_int_equal(mcb_transport_tcp.side_open(endpoint, &options, &side, &end->error), -1);
        assert_int_equal(end->error.code, MCB_FAULT_USE_VALUE);
        mcb_transport_tcp.endpoint_close(endpoint);
    }
    pair_close(pair);
}

static void the_facts_say_that_it_was_staged(void **state)
{
    (void)state;
    struct pair *pair = pair_open_in(
        &(struct mcb_cell_settings){.size_bytes = 8, .qps = 1, .depth = 1}, BOTH_OF_GPU);
    struct mcb_error error;
    assert_int_equal(mcb_transport_tcp.side_settle(pair->end[INITIATOR].side, NULL, &error), 0);
    json_t *facts = mcb_transport_tcp.side_facts(pair->end[INITIATOR].side);
    assert_string_equal(json_string_value(json_object_get(facts, "method")), "staged");
    assert_string_equal(json_string_value(json_object_get(facts, "visible_by")), "completion");
    json_decref(facts);
    pair_close(pair);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(staged_writes_arrive),
        cmocka_unit_test(staged_reads_arrive),
        cmocka_unit_test(staged_sends_arrive),
        cmocka_unit_test(staged_transfers_of_both_directions_arrive),
        cmocka_unit_test(staged_messages_larger_than_any_socket_buffer_arrive),
        cmocka_unit_test(a_staged_lap_copies_every_slot_once_on_each_side),
        cmocka_unit_test(staged_latency_moves_slot_zero_and_no_other),
        cmocka_unit_test(bytes_that_wait_to_be_copied_do_not_count),
        cmocka_unit_test(route_host_copies_nothing),
        cmocka_unit_test(a_copier_that_fails_ends_the_task_with_its_fault),
        cmocka_unit_test(the_peer_of_a_copier_that_fails_waits_for_nothing),
        cmocka_unit_test(a_side_needs_a_bounce_buffer_that_holds_its_areas),
        cmocka_unit_test(the_facts_say_that_it_was_staged),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
