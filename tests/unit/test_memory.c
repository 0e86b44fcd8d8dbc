/* SPDX-License-Identifier: Apache-2.0 */
/* The table of host memory: what a caller that knows no kind of memory gets from it. */
#include "common/memory.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { SLOTS = 5, SIZE = 100 };

static const struct mcb_pattern pattern = {.key = UINT64_C(0x1122334455667788), .generation = 3};

static struct mcb_error error;

static int give_buffer(void **state)
{
    struct mcb_buffer *buffer = calloc(1, sizeof *buffer);
    *state = buffer;
    return mcb_buffer_allocate(buffer, 64 << 10, -1, false, &error);
}

static int take_buffer(void **state)
{
    mcb_buffer_free(*state);
    free(*state);
    return 0;
}

static struct mcb_area area_of(const struct mcb_buffer *buffer)
{
    return (struct mcb_area){.base = buffer->address,
                             .slot_bytes = SIZE,
                             .stride_bytes = mcb_area_stride(SIZE),
                             .slots = SLOTS};
}

static void what_was_poisoned_and_filled_checks_clean(void **state)
{
    const struct mcb_buffer *buffer = *state;
    struct mcb_area area = area_of(buffer);
    struct mcb_pattern_report report = {0};
    assert_int_equal(buffer->kind->poison(buffer, pattern.key, &area, &error), 0);
    assert_int_equal(buffer->kind->fill(buffer, &pattern, &area, &error), 0);
    assert_int_equal(buffer->kind->check(buffer, &pattern, &area, &report, &error), 0);
    assert_int_equal(report.messages[MCB_CORRUPTION_NONE], SLOTS);
    assert_int_equal(report.checked_bytes, SLOTS * SIZE);
    assert_int_equal(report.corrupt_bytes, 0);
}

static void a_wrong_byte_is_reported_and_is_no_failure_of_the_check(void **state)
{
    const struct mcb_buffer *buffer = *state;
    struct mcb_area area = area_of(buffer);
    struct mcb_pattern_report report = {0};
    buffer->kind->poison(buffer, pattern.key, &area, &error);
    buffer->kind->fill(buffer, &pattern, &area, &error);
    mcb_area_slot(&area, 2)[17] ^= 1;
    assert_int_equal(buffer->kind->check(buffer, &pattern, &area, &report, &error), 0);
    assert_int_equal(report.messages[MCB_CORRUPTION_DAMAGED], 1);
    assert_int_equal(report.first_slot, 2);
    assert_int_equal(report.first_offset_bytes, 17);
}

static void bytes_that_are_put_can_be_got(void **state)
{
    const struct mcb_buffer *buffer = *state;
    uint8_t *at = (uint8_t *)buffer->address + 4093;
    char got[6] = "";
    assert_int_equal(buffer->kind->put(buffer, at, "bytes", 6, &error), 0);
    assert_string_equal((char *)at, "bytes");
    assert_int_equal(buffer->kind->get(buffer, got, at, 6, &error), 0);
    assert_string_equal(got, "bytes");
}

static void host_memory_needs_no_flush_no_pin_and_no_dmabuf(void **state)
{
    const struct mcb_buffer *buffer = *state;
    assert_int_equal(buffer->kind->flush_way(buffer), MCB_FLUSH_NONE);
    assert_null(buffer->kind->pin);
    assert_null(buffer->kind->export_dmabuf);
    assert_false(mcb_buffer_is_of_gpu(buffer));
}

static void a_copier_of_host_memory_is_done_at_once(void **state)
{
    const struct mcb_buffer *buffer = *state;
    struct mcb_area area = area_of(buffer);
    struct mcb_copier *copier;
    uint64_t slots = 99;
    assert_int_equal(buffer->kind->copier_open(buffer, &area, &area, &copier, &error), 0);
    assert_int_equal(buffer->kind->copier_done(copier, &slots, &error), 0);
    assert_int_equal(slots, 0);
    assert_int_equal(buffer->kind->copier_copy(copier, 3, 2, &error), 0);
    assert_int_equal(buffer->kind->copier_copy(copier, 0, 1, &error), 0);
    assert_int_equal(buffer->kind->copier_done(copier, &slots, &error), 0);
    assert_int_equal(slots, 3);
    buffer->kind->copier_close(copier);
    buffer->kind->copier_close(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(what_was_poisoned_and_filled_checks_clean, give_buffer,
                                        take_buffer),
        cmocka_unit_test_setup_teardown(a_wrong_byte_is_reported_and_is_no_failure_of_the_check,
                                        give_buffer, take_buffer),
        cmocka_unit_test_setup_teardown(bytes_that_are_put_can_be_got, give_buffer, take_buffer),
        cmocka_unit_test_setup_teardown(host_memory_needs_no_flush_no_pin_and_no_dmabuf,
                                        give_buffer, take_buffer),
        cmocka_unit_test_setup_teardown(a_copier_of_host_memory_is_done_at_once, give_buffer,
                                        take_buffer),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
