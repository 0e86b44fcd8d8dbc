/* SPDX-License-Identifier: Apache-2.0 */
/* A queue of copies tells whose slots are in place, in the order in which they were started. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "common/copy_queue.h"
#include "common/memory.h"

enum { PAIRS = 2, DEPTH = 5, CALLS = 8 };

/* The copier of this file: what it was told, and how far it says that it is. */
static struct {
    uint32_t first[CALLS], count[CALLS], calls;
    uint64_t done;
    bool fails;
} copier;

static int open_copier(const struct mcb_buffer *buffer, const struct mcb_area *to,
                       const struct mcb_area *from, struct mcb_copier **opened,
                       struct mcb_error *error)
{
    (void)buffer;
    (void)to;
    (void)from;
    *opened = NULL;
    return copier.fails ? mcb_error_set(error, MCB_FAULT_GPU_CALL, "no copier") : 0;
}

static int copy(struct mcb_copier *opened, uint32_t first, uint32_t count, struct mcb_error *error)
{
    (void)opened;
    (void)error;
    copier.first[copier.calls] = first;
    copier.count[copier.calls++] = count;
    return 0;
}

static int done(struct mcb_copier *opened, uint64_t *slots, struct mcb_error *error)
{
    (void)opened;
    (void)error;
    *slots = copier.done;
    return 0;
}

static void close_copier(struct mcb_copier *opened)
{
    (void)opened;
}

static const struct mcb_memory memory = {.copier_open = open_copier,
                                         .copier_copy = copy,
                                         .copier_done = done,
                                         .copier_close = close_copier};
static const struct mcb_buffer buffer = {.kind = &memory};
static const struct mcb_area area = {.slots = PAIRS * DEPTH};

static struct mcb_copy_queue *open_queue(void)
{
    struct mcb_copy_queue *queue;
    struct mcb_error error;
    memset(&copier, 0, sizeof copier);
    assert_int_equal(mcb_copy_queue_open(&buffer, &area, &area, DEPTH, &queue, &error), 0);
    return queue;
}

static void start(struct mcb_copy_queue *queue, uint32_t pair, uint64_t first, uint32_t count)
{
    struct mcb_error error;
    assert_int_equal(mcb_copy_queue_start(queue, pair, first, count, &error), 0);
}

static void expect_next(struct mcb_copy_queue *queue, uint32_t pair, uint32_t count)
{
    uint32_t got_pair, got_count;
    assert_true(mcb_copy_queue_next(queue, &got_pair, &got_count));
    assert_int_equal(got_pair, pair);
    assert_int_equal(got_count, count);
}

static void expect_nothing(struct mcb_copy_queue *queue)
{
    uint32_t pair, count;
    assert_false(mcb_copy_queue_next(queue, &pair, &count));
}

static void say_done(struct mcb_copy_queue *queue, uint64_t slots)
{
    struct mcb_error error;
    copier.done = slots;
    assert_int_equal(mcb_copy_queue_look(queue, &error), 0);
}

static void messages_are_copied_in_the_slots_of_their_queue_pair(void **state)
{
    (void)state;
    struct mcb_copy_queue *queue = open_queue();
    start(queue, 1, 13, 4); /* slots 3, 4, and round the end 0, 1 */
    assert_int_equal(copier.calls, 2);
    assert_int_equal(copier.first[0], DEPTH + 3);
    assert_int_equal(copier.count[0], 2);
    assert_int_equal(copier.first[1], DEPTH);
    assert_int_equal(copier.count[1], 2);
    mcb_copy_queue_close(queue);
}

static void what_is_done_belongs_to_who_started_first(void **state)
{
    (void)state;
    struct mcb_copy_queue *queue = open_queue();
    start(queue, 1, 0, 3);
    start(queue, 0, 0, 2);
    expect_nothing(queue);
    say_done(queue, 2);
    expect_next(queue, 1, 2);
    expect_nothing(queue);
    assert_int_equal(mcb_copy_queue_under_way(queue), 2);
    say_done(queue, 4);
    expect_next(queue, 1, 1);
    expect_next(queue, 0, 1);
    expect_nothing(queue);
    say_done(queue, 5);
    expect_next(queue, 0, 1);
    assert_int_equal(mcb_copy_queue_under_way(queue), 0);
    mcb_copy_queue_close(queue);
}

static void more_than_was_started_is_never_handed_out(void **state)
{
    (void)state;
    struct mcb_copy_queue *queue = open_queue();
    start(queue, 0, 0, 1);
    say_done(queue, 100);
    expect_next(queue, 0, 1);
    expect_nothing(queue);
    mcb_copy_queue_close(queue);
}

static void a_copier_that_cannot_be_opened_is_a_fault(void **state)
{
    (void)state;
    struct mcb_copy_queue *queue = NULL;
    struct mcb_error error;
    copier.fails = true;
    assert_int_equal(mcb_copy_queue_open(&buffer, &area, &area, DEPTH, &queue, &error), -1);
    assert_int_equal(error.code, MCB_FAULT_GPU_CALL);
    assert_null(queue);
}

static void a_batch_is_part_of_the_depth_and_not_too_large(void **state)
{
    (void)state;
    assert_int_equal(mcb_copy_batch(1, 8), 1);
    assert_int_equal(mcb_copy_batch(2, 8), 1);
    assert_int_equal(mcb_copy_batch(128, 8), 32);
    assert_int_equal(mcb_copy_batch(128, 64 << 10), 8);
    assert_int_equal(mcb_copy_batch(128, 128 << 20), 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(messages_are_copied_in_the_slots_of_their_queue_pair),
        cmocka_unit_test(what_is_done_belongs_to_who_started_first),
        cmocka_unit_test(more_than_was_started_is_never_handed_out),
        cmocka_unit_test(a_copier_that_cannot_be_opened_is_a_fault),
        cmocka_unit_test(a_batch_is_part_of_the_depth_and_not_too_large),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
