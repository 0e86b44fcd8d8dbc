/* SPDX-License-Identifier: Apache-2.0 */
/* Every operation and task of the TCP transport moves exactly the bytes that it should, to where
 * they belong, and counts them where they complete. */
#include "tests/unit/tcp_bytes.h"

static void move_every_size(enum mcb_operation operation, bool bidirectional)
{
    static const uint32_t shapes[][2] = {{1, 1}, {1, 16}, {4, 5}}; /* streams, depth */
    for (size_t s = 0; s < sizeof sizes / sizeof sizes[0]; s++)
        for (size_t i = 0; i < sizeof shapes / sizeof shapes[0]; i++)
            move_and_check(&(struct mcb_cell_settings){.operation = operation,
                                                       .size_bytes = sizes[s],
                                                       .bidirectional = bidirectional,
                                                       .qps = shapes[i][0],
                                                       .depth = shapes[i][1]},
                           pair_host_memory);
}

static void writes_fill_every_slot_of_the_target(void **state)
{
    (void)state;
    move_every_size(MCB_OPERATION_WRITE, false);
}

static void reads_fill_every_slot_of_the_initiator(void **state)
{
    (void)state;
    move_every_size(MCB_OPERATION_READ, false);
}

static void sends_fill_every_slot_of_the_target(void **state)
{
    (void)state;
    move_every_size(MCB_OPERATION_SEND, false);
}

static void two_way_operations_fill_every_slot_of_both_sides(void **state)
{
    (void)state;
    move_every_size(MCB_OPERATION_WRITE, true);
    move_every_size(MCB_OPERATION_READ, true);
}

static void messages_larger_than_any_socket_buffer_arrive(void **state)
{
    (void)state;
    for (int operation = 0; operation < MCB_OPERATIONS; operation++)
        move_and_check(&(struct mcb_cell_settings){.operation = (enum mcb_operation)operation,
                                                   .size_bytes = (16 << 20) + 1,
                                                   .bidirectional = true,
                                                   .qps = 1,
                                                   .depth = 2},
                       pair_host_memory);
}

static void a_lap_sends_every_slot_once(void **state)
{
    (void)state;
    for (int operation = 0; operation < MCB_OPERATIONS; operation++) {
        struct pair *pair = pair_open(&(struct mcb_cell_settings){
            .operation = (enum mcb_operation)operation, .size_bytes = 300, .qps = 3, .depth = 7});
        pair_connect(pair);
        pair_run(pair, MCB_TASK_LAP, 0);
        assert_int_equal(pair->end[INITIATOR].task.sent, 21);
        assert_int_equal(pair->end[TARGET].task.sent, 0);
        assert_int_equal(pair->end[TARGET].task.window_bytes, 0);
        pair_close(pair);
    }
}

/* The window has passed when the task starts: what must be sent is sent, nothing is counted. */
static void every_slot_is_used_however_short_the_window(void **state)
{
    (void)state;
    for (int operation = 0; operation < MCB_OPERATIONS; operation++) {
        struct pair *pair =
            pair_open(&(struct mcb_cell_settings){.operation = (enum mcb_operation)operation,
                                                  .size_bytes = 65536,
                                                  .bidirectional = true,
                                                  .qps = 2,
                                                  .depth = 64});
        pair_connect(pair);
        lay_out_bytes(pair, 1);
        for (size_t i = 0; i < 2; i++) {
            pair_prepare_task(&pair->end[i], MCB_TASK_WINDOW, 0, NULL, 0);
            pair->end[i].task.start_ns = pair->end[i].task.end_ns = mcb_clock_ns() - 1;
        }
        pair_run_prepared(pair);
        expect_all_bytes(pair, 1);
        assert_int_equal(pair->end[INITIATOR].task.window_bytes, 0);
        assert_int_equal(pair->end[TARGET].task.window_bytes, 0);
        pair_close(pair);
    }
}

/* Runs a write whose target's window is the initiator's moved by shift and longer by more. */
static struct mcb_task run_apart(int64_t shift_ns, int64_t more_ns)
{
    struct pair *pair = pair_open(&(struct mcb_cell_settings){
        .operation = MCB_OPERATION_WRITE, .size_bytes = 65536, .qps = 1, .depth = 4});
    pair_connect(pair);
    for (size_t i = 0; i < 2; i++)
        pair_prepare_task(&pair->end[i], MCB_TASK_WINDOW, WINDOW_MS * MCB_NS_PER_MS, NULL, 0);
    pair->end[TARGET].task.start_ns += shift_ns;
    pair->end[TARGET].task.end_ns += shift_ns + more_ns;
    pair_run_prepared(pair);
    struct mcb_task task;
    memcpy(&task, &pair->end[TARGET].task, sizeof task);
    pair_close(pair);
    return task;
}

static void silence_after_a_burst_is_time(void **state)
{
    (void)state;
    int64_t long_ns = 100 * WINDOW_MS * MCB_NS_PER_MS;
    struct mcb_task task = run_apart(0, long_ns);
    assert_in_range(task.window_ns, long_ns * 3 / 4, long_ns * 5 / 4);
    assert_true(task.window_bytes > 0);
}

static void a_window_in_which_nothing_arrives_has_its_length(void **state)
{
    (void)state;
    struct mcb_task task = run_apart(60 * MCB_NS_PER_S, 0);
    assert_int_equal(task.window_ns, WINDOW_MS * MCB_NS_PER_MS);
    assert_int_equal(task.window_bytes, 0);
}

static void latency_moves_slot_zero_and_no_other(void **state)
{
    (void)state;
    uint64_t samples[64];
    for (size_t s = 0; s < sizeof sizes / sizeof sizes[0]; s++) {
        for (int operation = 0; operation < MCB_OPERATIONS; operation++) {
            struct mcb_cell_settings cell = {.operation = (enum mcb_operation)operation,
                                             .measure = MCB_MEASURE_LATENCY,
                                             .size_bytes = sizes[s],
                                             .qps = 2,
                                             .depth = 4};
            struct pair *pair = pair_open(&cell);
            pair_connect(pair);
            lay_out_bytes(pair, 1);
            pair_prepare_task(&pair->end[INITIATOR], MCB_TASK_LATENCY, PATIENCE_NS, samples, 64);
            pair_prepare_task(&pair->end[TARGET], MCB_TASK_LATENCY, PATIENCE_NS, NULL, 0);
            pair_run_prepared(pair);
            assert_int_equal(pair->end[INITIATOR].task.samples_count, 64);
            assert_true(pair->end[INITIATOR].task.sent >= 64);

            const struct mcb_area *in =
                &pair->end[operation == MCB_OPERATION_READ ? INITIATOR : TARGET].in;
            struct mcb_pattern pattern = {.key = KEY + (operation == MCB_OPERATION_READ),
                                          .generation = 1};
            struct mcb_pattern_report report = {0};
            assert_false(mcb_pattern_check(&pattern, in, &report));
            assert_int_equal(report.messages[MCB_CORRUPTION_NONE], 1);
            assert_int_equal(report.messages[MCB_CORRUPTION_LOST], 7);
            assert_int_equal(report.first_slot, 1);
            pair_close(pair);
        }
    }
}

static void latency_records_nothing_before_its_start(void **state)
{
    (void)state;
    uint64_t samples[4096];
    struct pair *pair = pair_open(&(struct mcb_cell_settings){.operation = MCB_OPERATION_READ,
                                                              .measure = MCB_MEASURE_LATENCY,
                                                              .size_bytes = 8,
                                                              .qps = 1,
                                                              .depth = 1});
    pair_connect(pair);
    pair_prepare_task(&pair->end[INITIATOR], MCB_TASK_LATENCY, PATIENCE_NS, samples, 16);
    pair_prepare_task(&pair->end[TARGET], MCB_TASK_LATENCY, PATIENCE_NS, NULL, 0);
    pair->end[INITIATOR].task.start_ns += 50 * MCB_NS_PER_MS;
    pair_run_prepared(pair);
    assert_int_equal(pair->end[INITIATOR].task.samples_count, 16);
    assert_true(mcb_clock_ns() > pair->end[INITIATOR].task.start_ns);
    assert_true(pair->end[INITIATOR].task.sent > 16);
    pair_close(pair);
}

/* After a ping-pong the streams are where a lap expects them. */
static void a_lap_after_latency_is_verified(void **state)
{
    (void)state;
    for (int operation = 0; operation < MCB_OPERATIONS; operation++) {
        struct pair *pair =
            pair_open(&(struct mcb_cell_settings){.operation = (enum mcb_operation)operation,
                                                  .measure = MCB_MEASURE_LATENCY,
                                                  .size_bytes = 333,
                                                  .qps = 2,
                                                  .depth = 3});
        pair_connect(pair);
        pair_run(pair, MCB_TASK_LATENCY, 5 * MCB_NS_PER_MS);
        lay_out_bytes(pair, 2);
        pair_run(pair, MCB_TASK_LAP, 0);
        expect_all_bytes(pair, 2);
        pair_close(pair);
    }
}

static void the_facts_name_method_and_streams(void **state)
{
    (void)state;
    struct mcb_cell_settings cell = {.size_bytes = 8, .qps = 3, .depth = 1};
    struct pair *pair = pair_open(&cell);
    pair_connect(pair);
    json_t *facts = mcb_transport_tcp.side_facts(pair->end[INITIATOR].side);
    assert_string_equal(json_string_value(json_object_get(facts, "method")), "completion");
    assert_int_equal(json_integer_value(json_object_get(facts, "streams")), 3);
    json_decref(facts);
    json_t *ordering = mcb_transport_tcp.endpoint_ordering(pair->end[0].endpoint, MCB_ORDERING_ON);
    assert_true(json_is_null(ordering));
    json_decref(ordering);
    json_t *registration = mcb_transport_tcp.endpoint_describe(pair->end[0].endpoint);
    assert_string_equal(json_string_value(json_object_get(registration, "method")), "none");
    json_decref(registration);
    pair_close(pair);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(writes_fill_every_slot_of_the_target),
        cmocka_unit_test(reads_fill_every_slot_of_the_initiator),
        cmocka_unit_test(sends_fill_every_slot_of_the_target),
        cmocka_unit_test(two_way_operations_fill_every_slot_of_both_sides),
        cmocka_unit_test(messages_larger_than_any_socket_buffer_arrive),
        cmocka_unit_test(a_lap_sends_every_slot_once),
        cmocka_unit_test(every_slot_is_used_however_short_the_window),
        cmocka_unit_test(silence_after_a_burst_is_time),
        cmocka_unit_test(a_window_in_which_nothing_arrives_has_its_length),
        cmocka_unit_test(latency_moves_slot_zero_and_no_other),
        cmocka_unit_test(latency_records_nothing_before_its_start),
        cmocka_unit_test(a_lap_after_latency_is_verified),
        cmocka_unit_test(the_facts_name_method_and_streams),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
