/* SPDX-License-Identifier: Apache-2.0 */
/* Where memory lies: what the kernel tells, and what is made of it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include <numaif.h>
#include <sys/mman.h>
#include <unistd.h>

#include "common/placement.h"

#define MIB (UINT64_C(1) << 20)

/* 52 MiB where they were asked for, on node 1, and 12 MiB elsewhere. */
static const struct mcb_placement torn = {
    .known = true, .node_count = 3, .nodes = {{0, 8 * MIB}, {1, 52 * MIB}, {3, 4 * MIB}}};

static size_t page_bytes(void)
{
    return (size_t)sysconf(_SC_PAGESIZE);
}

static uint8_t *map(size_t bytes)
{
    void *address = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    assert_ptr_not_equal(address, MAP_FAILED);
    return address;
}

static bool can_ask(void)
{
    uint8_t *page = map(page_bytes());
    void *address = page;
    int node = -1;
    page[0] = 1;
    bool told = move_pages(0, 1, &address, NULL, &node, 0) == 0 && node >= 0;
    munmap(page, page_bytes());
    return told;
}

static void every_page_is_counted(void **state)
{
    (void)state;
    enum { PAGES = 1300 }; /* more than one call asks for, and no multiple of it */
    struct mcb_placement placement;
    uint8_t *memory = map(PAGES * page_bytes());
    if (!can_ask())
        skip();
    memset(memory, 1, PAGES * page_bytes());
    mcb_placement_query(memory, PAGES * page_bytes(), page_bytes(), &placement);
    assert_true(placement.known);
    assert_false(placement.sampled);
    assert_int_equal(mcb_placement_elsewhere_bytes(&placement, -1), PAGES * page_bytes());
    munmap(memory, PAGES * page_bytes());
}

static void pages_that_are_not_there_lie_nowhere(void **state)
{
    (void)state;
    enum { PAGES = 8 };
    struct mcb_placement placement;
    uint8_t *memory = map(PAGES * page_bytes());
    if (!can_ask())
        skip();
    madvise(memory, PAGES * page_bytes(), MADV_NOHUGEPAGE);
    mcb_placement_query(memory, PAGES * page_bytes(), page_bytes(), &placement);
    assert_false(placement.known);
    memory[3 * page_bytes()] = 1;
    mcb_placement_query(memory, PAGES * page_bytes(), page_bytes(), &placement);
    assert_true(placement.known);
    assert_int_equal(mcb_placement_elsewhere_bytes(&placement, -1), page_bytes());
    munmap(memory, PAGES * page_bytes());
}

/* The last third of the memory is there: so is a third of an even sample, and none of its start. */
static void a_large_buffer_is_sampled_evenly(void **state)
{
    (void)state;
    const size_t pages = 3 * (MCB_PLACEMENT_PAGES_MAX / 2) + 3, bytes = pages * page_bytes();
    struct mcb_placement placement;
    uint8_t *memory = map(bytes);
    if (!can_ask())
        skip();
    madvise(memory, bytes, MADV_NOHUGEPAGE);
    for (size_t page = 2 * pages / 3; page < pages; page++)
        memory[page * page_bytes()] = 1;
    mcb_placement_query(memory, bytes, page_bytes(), &placement);
    assert_true(placement.sampled);
    uint64_t there = mcb_placement_elsewhere_bytes(&placement, -1);
    assert_in_range(there, bytes / 3 - bytes / 100, bytes / 3 + bytes / 100);
    munmap(memory, bytes);
}

static void memory_is_named_after_the_node_that_holds_most(void **state)
{
    (void)state;
    const struct mcb_placement nothing = {0};
    assert_int_equal(mcb_placement_main_node(&torn), 1);
    assert_int_equal(mcb_placement_main_node(&nothing), -1);
}

static void what_lies_elsewhere_is_named_with_its_size(void **state)
{
    (void)state;
    char text[256];
    struct mcb_placement sampled = torn;
    sampled.sampled = true;
    assert_string_equal(mcb_placement_describe(&torn, 1, text, sizeof text),
                        "8 MiB of 64 MiB lie on cpu:0, 4 MiB of 64 MiB lie on cpu:3");
    assert_non_null(
        strstr(mcb_placement_describe(&sampled, 1, text, sizeof text), " (by a sample"));
    char little[10];
    assert_string_equal(mcb_placement_describe(&sampled, 1, little, sizeof little), "8 MiB of ");
}

static void memory_elsewhere_than_asked_for_is_a_fault(void **state)
{
    (void)state;
    struct mcb_error error = {0};
    assert_int_equal(mcb_placement_check(&torn, page_bytes(), 1, &error), -1);
    assert_int_equal(error.code, MCB_FAULT_HOST_PLACEMENT);
    assert_ptr_equal(strstr(error.detail, "memory cpu:1: 8 MiB of 64 MiB lie on cpu:0, "),
                     error.detail);
    assert_non_null(strstr(error.detail, "; the node has "));
    assert_non_null(strstr(error.detail, " free; it needs more, or the run less: a smaller --size, "
                                         "--depth or --qps"));
    assert_int_equal(mcb_placement_check(&torn, 512 * page_bytes(), 77, &error), -1);
    assert_non_null(strstr(error.detail, "0 free huge pages of 2 MiB; it needs more, "));
}

static void memory_where_it_was_asked_for_or_nobody_knows_passes(void **state)
{
    (void)state;
    struct mcb_error error = {0};
    const struct mcb_placement there = {.known = true, .node_count = 1, .nodes = {{1, 64 * MIB}}};
    const struct mcb_placement unknown = {0};
    assert_int_equal(mcb_placement_check(&there, page_bytes(), 1, &error), 0);
    assert_int_equal(mcb_placement_check(&unknown, page_bytes(), 1, &error), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_page_is_counted),
        cmocka_unit_test(pages_that_are_not_there_lie_nowhere),
        cmocka_unit_test(a_large_buffer_is_sampled_evenly),
        cmocka_unit_test(memory_is_named_after_the_node_that_holds_most),
        cmocka_unit_test(what_lies_elsewhere_is_named_with_its_size),
        cmocka_unit_test(memory_elsewhere_than_asked_for_is_a_fault),
        cmocka_unit_test(memory_where_it_was_asked_for_or_nobody_knows_passes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
