/* SPDX-License-Identifier: Apache-2.0 */
/* Copies between the memory of a GPU and the host's while the caller does something else, over
 * stand-ins (tests/stand-in), whose copiers have a thread each. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#include "common/clock.h"
#include "gpu_fixture.h"

enum { PATIENCE_S = 60 };

static struct mcb_copier *open_copier(bool to_host)
{
    struct mcb_copier *copier = NULL;
    assert_int_equal(f.buffer.kind->pin(&f.buffer, &f.host, &error), 0);
    if (f.buffer.kind->copier_open(&f.buffer, to_host ? &f.host_area : &f.area,
                                   to_host ? &f.area : &f.host_area, &copier, &error) != 0)
        fail_msg("%s", error.detail);
    return copier;
}

/* With closing what is under way is done. */
static void close_copier(struct mcb_copier *copier)
{
    f.buffer.kind->copier_close(copier);
    f.buffer.kind->unpin(&f.buffer, &f.host);
}

/* What copier_done() says once it is `slots` or fails. */
static int wait_for(const struct mcb_memory *kind, struct mcb_copier *copier, uint64_t slots)
{
    int64_t deadline_ns = mcb_clock_ns() + PATIENCE_S * MCB_NS_PER_S;
    uint64_t done = 0;
    while (done < slots) {
        if (kind->copier_done(copier, &done, &error) != 0)
            return -1;
        assert_true(mcb_clock_ns() < deadline_ns);
        nanosleep(&(struct timespec){.tv_nsec = 100000}, NULL);
    }
    assert_int_equal(done, slots);
    return 0;
}

static void assert_clean(const struct mcb_buffer *buffer, const struct mcb_area *area,
                         const struct mcb_pattern *expected)
{
    struct mcb_pattern_report report = {0};
    assert_int_equal(buffer->kind->check(buffer, expected, area, &report, &error), 0);
    assert_int_equal(report.messages[MCB_CORRUPTION_NONE], SLOTS);
}

static void a_copier_carries_round_after_round_to_the_host(void **state)
{
    (void)state;
    open_fixture("");
    const struct mcb_memory *kind = f.buffer.kind;
    struct mcb_copier *copier = open_copier(true);
    mcb_pattern_poison(pattern.key, &f.host_area);
    for (uint16_t round = 1; round <= 50; round++) {
        struct mcb_pattern filled = {.key = pattern.key, .generation = round};
        assert_int_equal(kind->fill(&f.buffer, &filled, &f.area, &error), 0);
        /* From another slot on each round, as a ring does that is not emptied at its end. */
        uint32_t first = round % SLOTS;
        assert_int_equal(kind->copier_copy(copier, first, SLOTS - first, &error), 0);
        assert_int_equal(kind->copier_copy(copier, 0, first, &error), 0);
        assert_int_equal(wait_for(kind, copier, (uint64_t)round * SLOTS), 0);
        assert_clean(&f.host, &f.host_area, &filled);
    }
    close_copier(copier);
    close_fixture();
}

static void a_copier_carries_to_the_gpu_where_a_nic_sees_it(void **state)
{
    (void)state;
    open_fixture("flush=call");
    const struct mcb_memory *kind = f.buffer.kind;
    struct mcb_copier *copier = open_copier(false);
    assert_int_equal(kind->poison(&f.buffer, pattern.key, &f.area, &error), 0);
    mcb_pattern_fill(&pattern, &f.host_area);
    assert_int_equal(kind->copier_copy(copier, 0, SLOTS, &error), 0);
    assert_int_equal(wait_for(kind, copier, SLOTS), 0);
    assert_clean(&f.buffer, &f.area, &pattern);
    struct mcb_pattern_report report = {0};
    assert_true(mcb_pattern_check(&pattern, &f.area, &report));
    close_copier(copier);
    close_fixture();
}

/* At a byte a second nothing of it is done while the test looks, unless somebody waited. */
static void starting_and_asking_do_not_wait_and_closing_finishes_the_copies(void **state)
{
    (void)state;
    uint64_t done = 99;
    open_fixture("rate=1");
    const struct mcb_memory *kind = f.buffer.kind;
    struct mcb_copier *copier = open_copier(true);
    assert_int_equal(kind->poison(&f.buffer, pattern.key, &f.area, &error), 0);
    assert_int_equal(kind->fill(&f.buffer, &pattern, &f.area, &error), 0);
    mcb_pattern_poison(pattern.key, &f.host_area);
    for (uint32_t slot = 0; slot < SLOTS; slot++)
        assert_int_equal(kind->copier_copy(copier, slot, 1, &error), 0);
    assert_int_equal(kind->copier_done(copier, &done, &error), 0);
    assert_int_equal(done, 0);
    close_copier(copier);
    assert_clean(&f.host, &f.host_area, &pattern);
    close_fixture();
}

/* Slots that are done hold what was copied, in the order in which the copies were started. */
static void no_slot_is_done_before_it_is_copied(void **state)
{
    (void)state;
    static const uint32_t order[SLOTS] = {3, 4, 0, 1, 2};
    open_fixture("rate=20KB"); /* 5 ms a slot: the test sees it in between */
    const struct mcb_memory *kind = f.buffer.kind;
    struct mcb_copier *copier = open_copier(true);
    assert_int_equal(kind->fill(&f.buffer, &pattern, &f.area, &error), 0);
    assert_int_equal(kind->copier_copy(copier, 3, 2, &error), 0);
    assert_int_equal(kind->copier_copy(copier, 0, 3, &error), 0);
    int64_t deadline_ns = mcb_clock_ns() + PATIENCE_S * MCB_NS_PER_S;
    uint64_t done = 0;
    while (done < SLOTS) {
        assert_int_equal(kind->copier_done(copier, &done, &error), 0);
        for (uint64_t n = 0; n < done; n++)
            assert_memory_equal(mcb_area_slot(&f.host_area, order[n]),
                                mcb_area_slot(&f.area, order[n]), SIZE);
        assert_true(mcb_clock_ns() < deadline_ns);
    }
    close_copier(copier);
    close_fixture();
}

static void a_copy_past_the_last_slot_is_refused(void **state)
{
    (void)state;
    open_fixture("");
    const struct mcb_memory *kind = f.buffer.kind;
    struct mcb_copier *copier = open_copier(true);
    assert_fault(kind->copier_copy(copier, 3, 3, &error), MCB_FAULT_GPU_CALL, "the area ends at 5");
    assert_fault(kind->copier_copy(copier, 6, 0, &error), MCB_FAULT_GPU_CALL, "the area ends at 5");
    assert_fault(kind->copier_copy(copier, 1, UINT32_MAX, &error), MCB_FAULT_GPU_CALL, "ends at 5");
    close_copier(copier);
    close_fixture();
}

static void a_copier_that_fails_says_so_when_asked(void **state)
{
    (void)state;
    open_fixture("fail=copier");
    const struct mcb_memory *kind = f.buffer.kind;
    struct mcb_copier *copier = open_copier(true);
    assert_int_equal(kind->copier_copy(copier, 0, SLOTS, &error), 0);
    assert_fault(wait_for(kind, copier, SLOTS), MCB_FAULT_GPU_CALL, "a copier");
    close_copier(copier);
    close_fixture();
}

static void an_interrupted_copier_copies_no_more(void **state)
{
    (void)state;
    atomic_bool stop = true;
    open_fixture("");
    const struct mcb_memory *kind = f.buffer.kind;
    f.host_area.stop = &stop;
    struct mcb_copier *copier = open_copier(true);
    assert_int_equal(kind->copier_copy(copier, 0, SLOTS, &error), 0);
    close_copier(copier);
    for (size_t n = 0; n < SLOTS * f.host_area.stride_bytes; n++)
        assert_int_equal(f.host_area.base[n], 0);
    close_fixture();
}

static void host_memory_of_a_copier_must_be_pinned_and_once(void **state)
{
    (void)state;
    struct mcb_copier *copier = NULL;
    open_fixture("");
    const struct mcb_memory *kind = f.buffer.kind;
    for (int n = 0; n < 2; n++) {
        assert_fault(kind->copier_open(&f.buffer, &f.host_area, &f.area, &copier, &error),
                     MCB_FAULT_GPU_CALL, "not pinned");
        assert_null(copier);
        assert_int_equal(kind->pin(&f.buffer, &f.host, &error), 0);
        assert_fault(kind->pin(&f.buffer, &f.host, &error), MCB_FAULT_GPU_CALL, "pinned already");
        kind->unpin(&f.buffer, &f.host);
    }
    close_fixture();
}

static void a_copier_goes_between_equal_slots_of_gpu_and_host(void **state)
{
    (void)state;
    struct mcb_copier *copier = NULL;
    open_fixture("");
    const struct mcb_memory *kind = f.buffer.kind;
    assert_int_equal(kind->pin(&f.buffer, &f.host, &error), 0);
    assert_fault(kind->copier_open(&f.buffer, &f.area, &f.area, &copier, &error),
                 MCB_FAULT_GPU_CALL, "between its memory and the host's");
    f.host_area.slots--;
    assert_fault(kind->copier_open(&f.buffer, &f.area, &f.host_area, &copier, &error),
                 MCB_FAULT_GPU_CALL, "not alike");
    assert_null(copier);
    kind->copier_close(NULL);
    close_fixture(); /* unpins what was forgotten */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_copier_carries_round_after_round_to_the_host),
        cmocka_unit_test(a_copier_carries_to_the_gpu_where_a_nic_sees_it),
        cmocka_unit_test(starting_and_asking_do_not_wait_and_closing_finishes_the_copies),
        cmocka_unit_test(no_slot_is_done_before_it_is_copied),
        cmocka_unit_test(a_copy_past_the_last_slot_is_refused),
        cmocka_unit_test(a_copier_that_fails_says_so_when_asked),
        cmocka_unit_test(an_interrupted_copier_copies_no_more),
        cmocka_unit_test(host_memory_of_a_copier_must_be_pinned_and_once),
        cmocka_unit_test(a_copier_goes_between_equal_slots_of_gpu_and_host),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
