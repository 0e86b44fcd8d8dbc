/* SPDX-License-Identifier: Apache-2.0 */
/* Host memory as a NIC needs it, on the node that was asked for. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "common/buffer.h"
#include "common/huge_pages.h"
#include "common/memory.h"
#include "forbid_calls.h"

static size_t page_bytes(void)
{
    return (size_t)sysconf(_SC_PAGESIZE);
}

static void a_buffer_is_zeroed_page_aligned_and_a_multiple_of_the_page(void **state)
{
    (void)state;
    const size_t lengths[] = {1, 4095, 4096, 4097, 3 << 20};
    for (size_t n = 0; n < sizeof lengths / sizeof lengths[0]; n++) {
        struct mcb_buffer buffer;
        struct mcb_error error = {0};
        assert_int_equal(mcb_buffer_allocate(&buffer, lengths[n], -1, false, &error), 0);
        assert_int_equal((uintptr_t)buffer.address % page_bytes(), 0);
        assert_int_equal(buffer.length_bytes % page_bytes(), 0);
        assert_in_range(buffer.length_bytes, lengths[n], lengths[n] + page_bytes() - 1);
        assert_ptr_equal(buffer.kind, &mcb_memory_host);
        assert_false(mcb_buffer_is_of_gpu(&buffer));
        const uint8_t *bytes = buffer.address;
        for (size_t at = 0; at < buffer.length_bytes; at++)
            assert_int_equal(bytes[at], 0);
        mcb_buffer_free(&buffer);
    }
}

static void every_page_is_there_from_the_start(void **state)
{
    (void)state;
    enum { PAGES = 64 };
    struct mcb_buffer buffer;
    struct mcb_error error = {0};
    unsigned char resident[PAGES] = {0};
    assert_int_equal(mcb_buffer_allocate(&buffer, PAGES * page_bytes(), -1, false, &error), 0);
    assert_int_equal(mincore(buffer.address, buffer.length_bytes, resident), 0);
    for (int page = 0; page < PAGES; page++)
        assert_true(resident[page] & 1);
    mcb_buffer_free(&buffer);
}

static void the_memory_is_named_after_its_node(void **state)
{
    (void)state;
    struct mcb_buffer buffer;
    struct mcb_error error = {0};
    int node = -1, length = 0;
    assert_int_equal(mcb_buffer_allocate(&buffer, 1, -1, false, &error), 0);
    assert_int_equal(sscanf(buffer.memory, "cpu:%d%n", &node, &length), 1);
    assert_int_equal(length, strlen(buffer.memory));
    assert_in_range(node, 0, 1023);
    mcb_buffer_free(&buffer);
}

static void the_first_node_can_be_asked_for(void **state)
{
    (void)state;
    struct mcb_buffer buffer;
    struct mcb_error error = {0};
    if (access("/sys/devices/system/node/node0/meminfo", R_OK) != 0)
        skip();
    assert_int_equal(mcb_buffer_allocate(&buffer, 1 << 20, 0, false, &error), 0);
    assert_string_equal(buffer.memory, "cpu:0");
    mcb_buffer_free(&buffer);
}

static void a_node_that_is_not_there_is_refused_with_those_that_are(void **state)
{
    (void)state;
    const int nodes[] = {999, 1024, 1 << 30};
    for (size_t n = 0; n < sizeof nodes / sizeof nodes[0]; n++) {
        struct mcb_buffer buffer = {.length_bytes = 17};
        struct mcb_error error = {0};
        assert_int_equal(mcb_buffer_allocate(&buffer, 4096, nodes[n], false, &error), -1);
        assert_int_equal(error.code, MCB_FAULT_USE_VALUE);
        char name[64];
        snprintf(name, sizeof name, "memory cpu:%d: this host has no such NUMA node; ", nodes[n]);
        assert_ptr_equal(strstr(error.detail, name), error.detail);
        assert_non_null(strstr(error.detail, "there are cpu:0"));
        assert_int_equal(buffer.length_bytes, 17);
    }
}

static void what_cannot_be_had_is_a_fault_not_a_crash(void **state)
{
    (void)state;
    const size_t lengths[] = {0, SIZE_MAX, SIZE_MAX / 2, (size_t)1 << 60};
    for (size_t n = 0; n < sizeof lengths / sizeof lengths[0]; n++) {
        struct mcb_buffer buffer;
        struct mcb_error error = {0};
        assert_int_equal(mcb_buffer_allocate(&buffer, lengths[n], -1, false, &error), -1);
        assert_int_equal(error.code, MCB_FAULT_HOST_MEMORY);
        assert_int_equal(strstr(error.detail, "no length for a buffer") != NULL, n < 2);
    }
}

static void freeing_a_zeroed_buffer_is_harmless(void **state)
{
    (void)state;
    struct mcb_buffer zeroed = {0};
    mcb_buffer_free(&zeroed);
    assert_null(zeroed.address);
}

static void release_by_free(struct mcb_buffer *buffer)
{
    free(buffer->address);
}

static void freeing_leaves_the_memory_to_its_kind(void **state)
{
    (void)state;
    static const struct mcb_memory kind = {.release = release_by_free};
    struct mcb_buffer buffer = {.address = malloc(1), .length_bytes = 1, .kind = &kind};
    mcb_buffer_free(&buffer); /* what is not released, or twice, a sanitizer tells */
    assert_null(buffer.address);
    assert_null(buffer.kind);
    mcb_buffer_free(&buffer);
}

static void freeing_twice_is_harmless(void **state)
{
    (void)state;
    struct mcb_buffer buffer;
    struct mcb_error error = {0};
    assert_int_equal(mcb_buffer_allocate(&buffer, 4096, -1, false, &error), 0);
    mcb_buffer_free(&buffer);
    mcb_buffer_free(&buffer);
    assert_null(buffer.address);
}

static void a_child_does_not_get_the_memory(void **state)
{
    (void)state;
    struct mcb_buffer buffer;
    struct mcb_error error = {0};
    assert_int_equal(mcb_buffer_allocate(&buffer, page_bytes(), -1, false, &error), 0);
    pid_t child = fork();
    if (child == 0) {
        unsigned char resident;
        _exit(mincore(buffer.address, page_bytes(), &resident) == 0 ? 1 : 0);
    }
    int status = -1;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(status, 0);
    mcb_buffer_free(&buffer);
}

static void a_buffer_knows_where_its_pages_lie(void **state)
{
    (void)state;
    struct mcb_buffer buffer;
    struct mcb_error error = {0};
    assert_int_equal(mcb_buffer_allocate(&buffer, 5 << 20, -1, false, &error), 0);
    assert_int_equal(buffer.page_bytes, page_bytes());
    if (!buffer.placement.known)
        skip(); /* a container that forbids move_pages(2) */
    assert_false(buffer.placement.sampled);
    uint64_t bytes = 0;
    for (size_t n = 0; n < buffer.placement.node_count; n++)
        bytes += buffer.placement.nodes[n].bytes;
    assert_int_equal(bytes, buffer.length_bytes);
    mcb_buffer_free(&buffer);
}

/* Exit code of a child of which the kernel refuses the calls that place and find memory. */
static int without_numa_calls(int (*work)(void))
{
    pid_t child = fork();
    if (child == 0)
        _exit(forbid_calls((const int[]){SYS_mbind, SYS_move_pages}, 2) == 0 ? work() : 77);
    int status = -1;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFEXITED(status));
    return WEXITSTATUS(status);
}

static int allocate_on_node_0(void)
{
    struct mcb_buffer buffer;
    struct mcb_error error = {0};
    if (mcb_buffer_allocate(&buffer, 1 << 20, 0, false, &error) != 0)
        return 1;
    if (buffer.placement.known || strncmp(buffer.memory, "cpu:", 4) != 0)
        return 2;
    return mcb_placement_check(&buffer.placement, buffer.page_bytes, 0, &error) == 0 ? 0 : 3;
}

static void a_container_that_forbids_to_ask_gets_memory_all_the_same(void **state)
{
    (void)state;
    int code = without_numa_calls(allocate_on_node_0);
    if (code == 77)
        skip();
    assert_int_equal(code, 0);
}

static void too_few_huge_pages_are_a_fault_that_says_how_to_get_them(void **state)
{
    (void)state;
    struct mcb_huge_pages pages;
    struct mcb_buffer buffer = {.length_bytes = 17};
    struct mcb_error error = {0};
    mcb_huge_pages_read("", &pages);
    uint64_t count = pages.available + 3;
    size_t bytes = count * (pages.page_bytes ? pages.page_bytes : page_bytes());
    assert_int_equal(mcb_buffer_allocate(&buffer, bytes, -1, true, &error), -1);
    assert_int_equal(error.code, MCB_FAULT_HOST_HUGE_PAGES);
    assert_int_equal(buffer.length_bytes, 17);
    if (pages.page_bytes == 0)
        return;
    char needed[64], command[64];
    snprintf(needed, sizeof needed, ": %llu huge pages of ", (unsigned long long)count);
    snprintf(command, sizeof command, "; sysctl vm.nr_hugepages=%llu provides them",
             (unsigned long long)(pages.total + 3));
    assert_non_null(strstr(error.detail, needed));
    assert_non_null(strstr(error.detail, command));
}

static void huge_pages_are_taken_where_there_are_some(void **state)
{
    (void)state;
    struct mcb_huge_pages pages;
    struct mcb_buffer buffer;
    struct mcb_error error = {0};
    mcb_huge_pages_read("", &pages);
    if (pages.page_bytes == 0 || pages.available < 2)
        skip();
    assert_int_equal(mcb_buffer_allocate(&buffer, pages.page_bytes + 1, -1, true, &error), 0);
    assert_int_equal(buffer.page_bytes, pages.page_bytes);
    assert_int_equal(buffer.length_bytes, 2 * pages.page_bytes);
    assert_int_equal((uintptr_t)buffer.address % pages.page_bytes, 0);
    mcb_buffer_free(&buffer);
}

static void a_length_is_rounded_up_to_pages(void **state)
{
    (void)state;
    struct mcb_huge_pages pages;
    mcb_huge_pages_read("", &pages);
    assert_int_equal(mcb_buffer_rounded_bytes(1, false), page_bytes());
    assert_int_equal(mcb_buffer_rounded_bytes(page_bytes(), false), page_bytes());
    assert_int_equal(mcb_buffer_rounded_bytes(1, true),
                     pages.page_bytes ? pages.page_bytes : page_bytes());
}

static void slots_do_not_share_a_cache_line(void **state)
{
    (void)state;
    assert_int_equal(mcb_area_stride(1), 64);
    assert_int_equal(mcb_area_stride(64), 64);
    assert_int_equal(mcb_area_stride(65), 128);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_buffer_is_zeroed_page_aligned_and_a_multiple_of_the_page),
        cmocka_unit_test(every_page_is_there_from_the_start),
        cmocka_unit_test(the_memory_is_named_after_its_node),
        cmocka_unit_test(the_first_node_can_be_asked_for),
        cmocka_unit_test(a_node_that_is_not_there_is_refused_with_those_that_are),
        cmocka_unit_test(what_cannot_be_had_is_a_fault_not_a_crash),
        cmocka_unit_test(freeing_a_zeroed_buffer_is_harmless),
        cmocka_unit_test(freeing_leaves_the_memory_to_its_kind),
        cmocka_unit_test(freeing_twice_is_harmless),
        cmocka_unit_test(a_child_does_not_get_the_memory),
        cmocka_unit_test(a_buffer_knows_where_its_pages_lie),
        cmocka_unit_test(a_container_that_forbids_to_ask_gets_memory_all_the_same),
        cmocka_unit_test(too_few_huge_pages_are_a_fault_that_says_how_to_get_them),
        cmocka_unit_test(huge_pages_are_taken_where_there_are_some),
        cmocka_unit_test(a_length_is_rounded_up_to_pages),
        cmocka_unit_test(slots_do_not_share_a_cache_line),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
