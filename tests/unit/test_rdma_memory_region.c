/* SPDX-License-Identifier: Apache-2.0 */
/* However a buffer is cut into memory regions, no message straddles two. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "rdma/memory_region.h"

enum { PAGE = 4096 };

#define BASE UINT64_C(0x7f0000000000)

static struct mcb_region *cut(uint64_t length, const struct mcb_region_plan *plan)
{
    struct mcb_region *regions = calloc(plan->count, sizeof(*regions));
    assert_non_null(regions);
    for (size_t i = 0; i < plan->count; i++) {
        uint64_t offset = i * plan->step_bytes;
        assert_true(offset < length);
        uint64_t left = length - offset;
        regions[i].address = BASE + offset;
        regions[i].length_bytes = left < plan->chunk_bytes ? left : plan->chunk_bytes;
    }
    return regions;
}

static void a_buffer_that_fits_is_one_region(void **state)
{
    (void)state;
    struct mcb_region_plan plan;
    struct mcb_error error;
    assert_int_equal(mcb_region_plan_make(1 << 20, 1 << 20, 65536, PAGE, &plan, &error), 0);
    assert_int_equal(plan.count, 1);
    assert_int_equal(plan.chunk_bytes, 1 << 20);
}

static void every_message_lies_inside_one_region(void **state)
{
    (void)state;
    static const uint64_t messages[] = {1, 100, 4095, 4096, 4097, 10000};
    static const uint64_t limits[] = {4 * PAGE, 5 * PAGE + 123, 16 * PAGE};
    const uint64_t length = 97 * PAGE;
    for (size_t m = 0; m < sizeof(messages) / sizeof(messages[0]); m++)
        for (size_t l = 0; l < sizeof(limits) / sizeof(limits[0]); l++) {
            struct mcb_region_plan plan;
            struct mcb_error error;
            assert_int_equal(
                mcb_region_plan_make(length, limits[l], messages[m], PAGE, &plan, &error), 0);
            assert_true(plan.chunk_bytes <= limits[l]);
            assert_int_equal(plan.chunk_bytes % PAGE, 0);
            struct mcb_region *regions = cut(length, &plan);
            for (uint64_t at = 0; at + messages[m] <= length; at += 61)
                assert_non_null(mcb_region_find(regions, plan.count, BASE + at, messages[m]));
            assert_non_null(
                mcb_region_find(regions, plan.count, BASE + length - messages[m], messages[m]));
            free(regions);
        }
}

static void a_message_that_fits_no_region_is_refused(void **state)
{
    (void)state;
    struct mcb_region_plan plan = {.count = 77};
    struct mcb_error error = {.code = MCB_FAULT_NONE};
    assert_int_equal(mcb_region_plan_make(1 << 20, 65536, 65536, PAGE, &plan, &error), -1);
    assert_int_equal(error.code, MCB_FAULT_RDMA_MR_SIZE);
    assert_non_null(strstr(error.detail, "64 KiB"));
    assert_int_equal(plan.count, 77);
    assert_int_equal(mcb_region_plan_make(1 << 20, 100, 1, PAGE, &plan, &error), -1);
}

static void a_buffer_of_too_many_regions_is_refused(void **state)
{
    (void)state;
    struct mcb_region_plan plan;
    struct mcb_error error = {.code = MCB_FAULT_NONE};
    assert_int_equal(mcb_region_plan_make(UINT64_C(1) << 40, 2 * PAGE, 1, PAGE, &plan, &error), -1);
    assert_int_equal(error.code, MCB_FAULT_RDMA_MR_SIZE);
}

static void what_lies_outside_is_not_found(void **state)
{
    (void)state;
    const struct mcb_region regions[] = {{.address = 1000, .length_bytes = 100},
                                         {.address = 2000, .length_bytes = 100}};
    assert_null(mcb_region_find(regions, 2, 999, 1));
    assert_ptr_equal(mcb_region_find(regions, 2, 1000, 100), &regions[0]);
    assert_null(mcb_region_find(regions, 2, 1000, 101));
    assert_null(mcb_region_find(regions, 2, 1100, 1));
    assert_null(mcb_region_find(regions, 2, 1500, 1));
    assert_ptr_equal(mcb_region_find(regions, 2, 2099, 1), &regions[1]);
    assert_null(mcb_region_find(regions, 2, 2099, UINT64_MAX));
    assert_null(mcb_region_find(regions, 0, 1000, 1));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_buffer_that_fits_is_one_region),
        cmocka_unit_test(every_message_lies_inside_one_region),
        cmocka_unit_test(a_message_that_fits_no_region_is_refused),
        cmocka_unit_test(a_buffer_of_too_many_regions_is_refused),
        cmocka_unit_test(what_lies_outside_is_not_found),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
