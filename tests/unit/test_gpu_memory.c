/* SPDX-License-Identifier: Apache-2.0 */
/* The memory of GPUs as the rest of mcbench sees it, over stand-ins (tests/stand-in), and what
 * their failures do. The address of a buffer is where a NIC writes and reads: the tests do so in
 * its place. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "gpu_fixture.h"

/* True if the kernel may read there, as it must when it registers memory with a NIC. */
static bool kernel_reads(const void *address)
{
    int ends[2];
    assert_int_equal(pipe(ends), 0);
    ssize_t written = write(ends[1], address, 1);
    close(ends[0]);
    close(ends[1]);
    return written == 1;
}

/* ---- buffers ---- */

static void a_buffer_is_named_and_a_multiple_of_64_kib(void **state)
{
    (void)state;
    open_fixture("gpus=0000:16:00.0,0000:26:00.0");
    const size_t lengths[] = {1, PAGE, PAGE + 1};
    for (int n = 0; n < 3; n++) {
        struct mcb_buffer buffer;
        assert_int_equal(mcb_gpu_buffer_allocate(f.gpus, 1, lengths[n], &buffer, &error), 0);
        assert_int_equal((uintptr_t)buffer.address % PAGE, 0);
        assert_int_equal(buffer.length_bytes, n < 2 ? PAGE : 2 * PAGE);
        assert_int_equal(buffer.page_bytes, PAGE);
        assert_string_equal(buffer.memory, "cuda:1");
        assert_true(mcb_buffer_is_of_gpu(&buffer));
        assert_false(buffer.placement.known);
        mcb_buffer_free(&buffer);
        assert_null(buffer.address);
    }
    close_fixture();
}

static void a_gpu_that_is_not_there_is_refused_with_those_that_are(void **state)
{
    (void)state;
    struct mcb_buffer buffer = {.length_bytes = 17};
    open_fixture("gpus=0000:16:00.0,0000:26:00.0,0000:36:00.0");
    assert_fault(mcb_gpu_buffer_allocate(f.gpus, 3, 1, &buffer, &error), MCB_FAULT_GPU_NO_SUCH,
                 "memory cuda:3: this host has no such GPU; there are cuda:0 to cuda:2");
    assert_int_equal(buffer.length_bytes, 17);
    close_fixture();
    open_fixture("");
    assert_fault(mcb_gpu_buffer_allocate(f.gpus, 1, 1, &buffer, &error), MCB_FAULT_GPU_NO_SUCH,
                 "memory cuda:1: this host has no such GPU; there is cuda:0 only");
    close_fixture();
}

static void no_more_memory_is_given_than_there_is_and_freed_memory_is_given_again(void **state)
{
    (void)state;
    struct mcb_buffer most, more = {.length_bytes = 17};
    open_fixture("memory=1MiB"); /* of which the fixture has 64 KiB */
    assert_int_equal(mcb_gpu_buffer_allocate(f.gpus, 0, 15 * PAGE, &most, &error), 0);
    assert_fault(mcb_gpu_buffer_allocate(f.gpus, 0, 1, &more, &error), MCB_FAULT_GPU_MEMORY,
                 "cuda:0: 65536 bytes of its memory: 1048576 of 1048576 are taken");
    mcb_buffer_free(&most);
    assert_fault(mcb_gpu_buffer_allocate(f.gpus, 0, 17 * PAGE, &more, &error), MCB_FAULT_GPU_MEMORY,
                 "65536 of 1048576 are taken");
    assert_int_equal(mcb_gpu_buffer_allocate(f.gpus, 0, 15 * PAGE, &most, &error), 0);
    mcb_buffer_free(&most);
    const size_t none[] = {0, SIZE_MAX};
    for (int n = 0; n < 2; n++)
        assert_fault(mcb_gpu_buffer_allocate(f.gpus, 0, none[n], &more, &error),
                     MCB_FAULT_GPU_MEMORY, "no length for a buffer");
    assert_int_equal(more.length_bytes, 17);
    close_fixture();
}

static void a_failed_allocation_is_named_and_only_that_of_the_failing_gpu(void **state)
{
    (void)state;
    struct mcb_buffer buffer;
    open_fixture("gpus=0000:16:00.0,0000:26:00.0;fail=allocate;failing=0");
    assert_fault(mcb_gpu_buffer_allocate(f.gpus, 0, 1, &buffer, &error), MCB_FAULT_GPU_MEMORY,
                 "cuda:0: an allocation: MCB_STAND_IN makes it fail");
    close_fixture();
}

/* ---- bytes ---- */

static void what_the_gpu_fills_is_what_a_nic_reads(void **state)
{
    (void)state;
    static const char *const stand_ins[] = {"", "flush=call"};
    for (int n = 0; n < 2; n++) {
        open_fixture(stand_ins[n]);
        const struct mcb_memory *kind = f.buffer.kind;
        assert_int_equal(kind->poison(&f.buffer, pattern.key, &f.area, &error), 0);
        assert_int_equal(kind->fill(&f.buffer, &pattern, &f.area, &error), 0);
        mcb_pattern_poison(pattern.key, &f.host_area);
        mcb_pattern_fill(&pattern, &f.host_area);
        assert_memory_equal(f.area.base, f.host_area.base, SLOTS * f.area.stride_bytes);
        close_fixture();
    }
}

static void what_a_nic_writes_is_what_the_gpu_checks(void **state)
{
    (void)state;
    struct mcb_pattern_report report = {0};
    open_fixture("");
    const struct mcb_memory *kind = f.buffer.kind;
    assert_int_equal(kind->poison(&f.buffer, pattern.key, &f.area, &error), 0);
    mcb_pattern_fill(&pattern, &f.area);
    assert_int_equal(kind->check(&f.buffer, &pattern, &f.area, &report, &error), 0);
    assert_int_equal(report.messages[MCB_CORRUPTION_NONE], SLOTS);
    mcb_area_slot(&f.area, 2)[17] ^= 1;
    assert_int_equal(kind->check(&f.buffer, &pattern, &f.area, &report, &error), 0);
    assert_int_equal(report.messages[MCB_CORRUPTION_NONE], 2 * SLOTS - 1); /* it is added to */
    assert_int_equal(report.messages[MCB_CORRUPTION_DAMAGED], 1);
    assert_int_equal(report.first_slot, 2);
    assert_int_equal(report.first_offset_bytes, 17);
    close_fixture();
}

static void bytes_are_put_and_got(void **state)
{
    (void)state;
    char got[6] = "";
    open_fixture("flush=call");
    uint8_t *at = (uint8_t *)f.buffer.address + PAGE - 6;
    assert_int_equal(f.buffer.kind->put(&f.buffer, at, "bytes", 6, &error), 0);
    assert_memory_equal(at, "bytes", 6);
    memcpy(at, "BYTES", 6);
    assert_int_equal(f.buffer.kind->flush(&f.buffer, &error), 0);
    assert_int_equal(f.buffer.kind->get(&f.buffer, got, at, 6, &error), 0);
    assert_string_equal(got, "BYTES");
    assert_fault(f.buffer.kind->put(&f.buffer, at + 1, "bytes", 6, &error), MCB_FAULT_GPU_CALL,
                 "not in one piece of its memory");
    close_fixture();
}

static void memory_of_another_gpu_or_of_none_is_refused(void **state)
{
    (void)state;
    struct mcb_buffer other;
    char byte;
    open_fixture("gpus=0000:16:00.0,0000:26:00.0");
    assert_int_equal(mcb_gpu_buffer_allocate(f.gpus, 0, PAGE, &other, &error), 0);
    struct mcb_area other_area = area_of(&other);
    assert_fault(f.buffer.kind->get(&f.buffer, &byte, other.address, 1, &error), MCB_FAULT_GPU_CALL,
                 "cuda:1: 1 bytes at");
    assert_fault(f.buffer.kind->fill(&f.buffer, &pattern, &other_area, &error), MCB_FAULT_GPU_CALL,
                 "cuda:1: ");
    assert_fault(f.buffer.kind->fill(&f.buffer, &pattern, &f.host_area, &error), MCB_FAULT_GPU_CALL,
                 "is no memory of a GPU");
    mcb_buffer_free(&other);
    close_fixture();
}

static void after_an_interrupt_nothing_is_filled_or_checked(void **state)
{
    (void)state;
    atomic_bool stop = true;
    struct mcb_pattern_report report = {0};
    open_fixture("fail=kernel"); /* whatever reaches the GPU fails */
    const struct mcb_memory *kind = f.buffer.kind;
    f.area.stop = &stop;
    assert_int_equal(kind->poison(&f.buffer, pattern.key, &f.area, &error), 0);
    assert_int_equal(kind->fill(&f.buffer, &pattern, &f.area, &error), 0);
    assert_int_equal(kind->check(&f.buffer, &pattern, &f.area, &report, &error), 0);
    assert_int_equal(report.checked_bytes, 0);
    close_fixture();
}

static void a_corrupt_byte_is_found_at_every_check(void **state)
{
    (void)state;
    open_fixture("fail=corrupt;offset=133"); /* slot 1, byte 5 */
    const struct mcb_memory *kind = f.buffer.kind;
    assert_int_equal(kind->poison(&f.buffer, pattern.key, &f.area, &error), 0);
    assert_int_equal(kind->fill(&f.buffer, &pattern, &f.area, &error), 0);
    for (int n = 0; n < 2; n++) {
        struct mcb_pattern_report report = {0};
        assert_int_equal(kind->check(&f.buffer, &pattern, &f.area, &report, &error), 0);
        assert_int_equal(report.corrupt_bytes, 1);
        assert_int_equal(report.first_slot, 1);
        assert_int_equal(report.first_offset_bytes, 5);
    }
    close_fixture();
}

static void each_call_that_fails_is_named(void **state)
{
    (void)state;
    struct mcb_pattern_report report = {0};
    char byte = 0;
    open_fixture("fail=kernel,copy,flush;flush=call");
    const struct mcb_memory *kind = f.buffer.kind;
    assert_fault(kind->fill(&f.buffer, &pattern, &f.area, &error), MCB_FAULT_GPU_CALL, "a kernel");
    assert_fault(kind->poison(&f.buffer, 1, &f.area, &error), MCB_FAULT_GPU_CALL, "a kernel");
    assert_fault(kind->check(&f.buffer, &pattern, &f.area, &report, &error), MCB_FAULT_GPU_CALL,
                 "a kernel");
    assert_fault(kind->put(&f.buffer, f.buffer.address, &byte, 1, &error), MCB_FAULT_GPU_CALL,
                 "a copy");
    assert_fault(kind->get(&f.buffer, &byte, f.buffer.address, 1, &error), MCB_FAULT_GPU_CALL,
                 "a copy");
    assert_fault(kind->flush(&f.buffer, &error), MCB_FAULT_GPU_CALL, "a flush");
    close_fixture();
}

/* ---- what a NIC sees ---- */

static void memory_that_cannot_be_registered_works_for_the_gpu_alone(void **state)
{
    (void)state;
    char got[6] = "";
    open_fixture("");
    assert_true(kernel_reads(f.buffer.address));
    close_fixture();
    open_fixture("fail=register");
    assert_false(kernel_reads(f.buffer.address));
    assert_int_equal(f.buffer.kind->put(&f.buffer, f.buffer.address, "bytes", 6, &error), 0);
    assert_int_equal(f.buffer.kind->get(&f.buffer, got, f.buffer.address, 6, &error), 0);
    assert_string_equal(got, "bytes");
    close_fixture();
}

static void memory_that_cannot_be_reached_keeps_its_bytes(void **state)
{
    (void)state;
    char got[6] = "";
    open_fixture("fail=unreachable");
    assert_true(kernel_reads(f.buffer.address));
    assert_int_equal(f.buffer.kind->put(&f.buffer, f.buffer.address, "bytes", 6, &error), 0);
    assert_memory_not_equal(f.buffer.address, "bytes", 6);
    memcpy(f.buffer.address, "other", 6);
    assert_int_equal(f.buffer.kind->get(&f.buffer, got, f.buffer.address, 6, &error), 0);
    assert_string_equal(got, "bytes");
    close_fixture();
}

static void an_export_is_refused_or_holds_the_bytes(void **state)
{
    (void)state;
    int fd = -7;
    char got[6] = "";
    const struct {
        const char *stand_in, *told;
    } refused[] = {{"", "Operation not supported"}, {"dmabuf=yes;fail=export", "makes it fail"}};
    for (int n = 0; n < 2; n++) {
        open_fixture(refused[n].stand_in);
        assert_fault(f.buffer.kind->export_dmabuf(&f.buffer, MCB_DMABUF_DEFAULT, &fd, &error),
                     MCB_FAULT_GPU_EXPORT, refused[n].told);
        assert_int_equal(fd, -7);
        close_fixture();
    }
    open_fixture("dmabuf=yes");
    assert_int_equal(f.buffer.kind->put(&f.buffer, f.buffer.address, "bytes", 6, &error), 0);
    assert_int_equal(f.buffer.kind->export_dmabuf(&f.buffer, MCB_DMABUF_PCIE, &fd, &error), 0);
    assert_int_equal(pread(fd, got, 6, 0), 6);
    assert_string_equal(got, "bytes");
    close(fd);
    close_fixture();
}

static void writes_are_made_visible_as_the_gpu_says(void **state)
{
    (void)state;
    const struct {
        const char *stand_in;
        enum mcb_flush way;
    } ways[] = {{"flush=none", MCB_FLUSH_NONE},
                {"flush=call", MCB_FLUSH_CALL},
                {"flush=read", MCB_FLUSH_READ}};
    for (int n = 0; n < 3; n++) {
        open_fixture(ways[n].stand_in);
        assert_int_equal(f.buffer.kind->flush_way(&f.buffer), ways[n].way);
        if (ways[n].way == MCB_FLUSH_CALL)
            assert_int_equal(f.buffer.kind->flush(&f.buffer, &error), 0);
        else
            assert_fault(f.buffer.kind->flush(&f.buffer, &error), MCB_FAULT_GPU_CALL,
                         "no call does it");
        close_fixture();
    }
}

static void where_a_call_is_wanted_nothing_is_seen_before_it(void **state)
{
    (void)state;
    struct mcb_pattern_report before = {0}, after = {0};
    open_fixture("flush=call");
    const struct mcb_memory *kind = f.buffer.kind;
    assert_int_equal(kind->poison(&f.buffer, pattern.key, &f.area, &error), 0);
    mcb_pattern_fill(&pattern, &f.area);
    assert_int_equal(kind->check(&f.buffer, &pattern, &f.area, &before, &error), 0);
    assert_int_equal(before.messages[MCB_CORRUPTION_LOST], SLOTS);
    assert_int_equal(kind->flush(&f.buffer, &error), 0);
    assert_int_equal(kind->check(&f.buffer, &pattern, &f.area, &after, &error), 0);
    assert_int_equal(after.messages[MCB_CORRUPTION_NONE], SLOTS);
    close_fixture();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_buffer_is_named_and_a_multiple_of_64_kib),
        cmocka_unit_test(a_gpu_that_is_not_there_is_refused_with_those_that_are),
        cmocka_unit_test(no_more_memory_is_given_than_there_is_and_freed_memory_is_given_again),
        cmocka_unit_test(a_failed_allocation_is_named_and_only_that_of_the_failing_gpu),
        cmocka_unit_test(what_the_gpu_fills_is_what_a_nic_reads),
        cmocka_unit_test(what_a_nic_writes_is_what_the_gpu_checks),
        cmocka_unit_test(bytes_are_put_and_got),
        cmocka_unit_test(memory_of_another_gpu_or_of_none_is_refused),
        cmocka_unit_test(after_an_interrupt_nothing_is_filled_or_checked),
        cmocka_unit_test(a_corrupt_byte_is_found_at_every_check),
        cmocka_unit_test(each_call_that_fails_is_named),
        cmocka_unit_test(memory_that_cannot_be_registered_works_for_the_gpu_alone),
        cmocka_unit_test(memory_that_cannot_be_reached_keeps_its_bytes),
        cmocka_unit_test(an_export_is_refused_or_holds_the_bytes),
        cmocka_unit_test(writes_are_made_visible_as_the_gpu_says),
        cmocka_unit_test(where_a_call_is_wanted_nothing_is_seen_before_it),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
