/* SPDX-License-Identifier: Apache-2.0 */
/* The kernels write the bytes that the CPU writes, and find what the CPU finds. They run on the CPU
 * here (emulation.h): the same checks on a card are those of scripts/gpu-check. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "common/pattern.h"
#include "gpu/module.h"
#include "tests/cuda/fake_cudart.h"

extern const struct mcb_gpu_module mcb_gpu_module;
static const struct mcb_gpu_module *const cuda = &mcb_gpu_module;

static const size_t sizes[] = {1,  2,  7,   8,   9,    15,   16,   24,   63,
                               64, 65, 100, 130, 1000, 4096, 5001, 9999, 65537};
enum { SIZE_COUNT = sizeof sizes / sizeof sizes[0] };

static const struct mcb_pattern pattern = {.key = UINT64_C(0x1f2e3d4c5b6a7988), .generation = 7};
static const struct mcb_pattern earlier = {.key = UINT64_C(0x1f2e3d4c5b6a7988), .generation = 6};

/* The same slots in host memory and in that of the GPU. */
struct pair {
    struct mcb_area host, gpu;
    size_t bytes;
};

static struct pair pair_of(size_t size_bytes, uint32_t slots)
{
    struct mcb_error error;
    struct pair pair = {.host = {.slot_bytes = size_bytes,
                                 .stride_bytes = mcb_area_stride(size_bytes),
                                 .slots = slots}};
    void *address;
    pair.bytes = pair.host.stride_bytes * slots;
    pair.host.base = aligned_alloc(64, pair.bytes);
    assert_non_null(pair.host.base);
    memset(pair.host.base, 0x5a, pair.bytes);
    pair.gpu = pair.host;
    assert_int_equal(cuda->allocate(0, pair.bytes, &address, &error), 0);
    pair.gpu.base = address;
    assert_int_equal(cuda->copy(0, address, pair.host.base, pair.bytes, &error), 0);
    return pair;
}

static void free_pair(struct pair *pair)
{
    cuda->release(0, pair->gpu.base);
    free(pair->host.base);
}

static void host_to_gpu(const struct pair *pair)
{
    struct mcb_error error;
    assert_int_equal(cuda->copy(0, pair->gpu.base, pair->host.base, pair->bytes, &error), 0);
}

static void assert_same_bytes(const struct pair *pair)
{
    struct mcb_error error;
    uint8_t *bytes = malloc(pair->bytes);
    assert_int_equal(cuda->copy(0, bytes, pair->gpu.base, pair->bytes, &error), 0);
    assert_memory_equal(bytes, pair->host.base, pair->bytes);
    free(bytes);
}

static void assert_same_reports(const struct mcb_pattern_report *a,
                                const struct mcb_pattern_report *b)
{
    assert_int_equal(a->checked_bytes, b->checked_bytes);
    assert_int_equal(a->corrupt_bytes, b->corrupt_bytes);
    for (int kind = 0; kind < MCB_CORRUPTION_KINDS; kind++)
        assert_int_equal(a->messages[kind], b->messages[kind]);
    assert_string_equal(mcb_corruption_name(a->first_kind), mcb_corruption_name(b->first_kind));
    assert_int_equal(a->first_slot, b->first_slot);
    assert_int_equal(a->first_offset_bytes, b->first_offset_bytes);
    assert_int_equal(a->first_expected, b->first_expected);
    assert_int_equal(a->first_found, b->first_found);
}

static void assert_found_as_by_the_cpu(const struct pair *pair)
{
    struct mcb_error error;
    struct mcb_pattern_report by_cpu = {0}, by_gpu = {0};
    mcb_pattern_check(&pattern, &pair->host, &by_cpu);
    assert_int_equal(cuda->check(0, &pattern, &pair->gpu, &by_gpu, &error), 0);
    assert_same_reports(&by_gpu, &by_cpu);
}

/* As after a trial in which all arrived, on both sides. */
static struct pair arrived(size_t size_bytes, uint32_t slots)
{
    struct pair pair = pair_of(size_bytes, slots);
    mcb_pattern_poison(pattern.key, &pair.host);
    mcb_pattern_fill(&pattern, &pair.host);
    host_to_gpu(&pair);
    return pair;
}

static void filled_bytes_are_those_of_the_cpu_and_gaps_are_left_alone(void **state)
{
    (void)state;
    struct mcb_error error;
    for (int s = 0; s < SIZE_COUNT; s++)
        for (uint32_t slots = 1; slots <= 33; slots += 8) {
            struct pair pair = pair_of(sizes[s], slots);
            mcb_pattern_fill(&pattern, &pair.host);
            assert_int_equal(cuda->fill(0, &pattern, &pair.gpu, &error), 0);
            assert_same_bytes(&pair);
            free_pair(&pair);
        }
}

static void poison_is_that_of_the_cpu(void **state)
{
    (void)state;
    struct mcb_error error;
    for (int s = 0; s < SIZE_COUNT; s++)
        for (uint32_t slots = 1; slots <= 33; slots += 8) {
            struct pair pair = pair_of(sizes[s], slots);
            mcb_pattern_poison(pattern.key, &pair.host);
            assert_int_equal(cuda->poison(0, pattern.key, &pair.gpu, &error), 0);
            assert_same_bytes(&pair);
            free_pair(&pair);
        }
}

static void what_arrived_checks_clean(void **state)
{
    (void)state;
    struct mcb_error error;
    for (int s = 0; s < SIZE_COUNT; s++) {
        struct pair pair = arrived(sizes[s], 5);
        struct mcb_pattern_report report = {0};
        assert_int_equal(cuda->check(0, &pattern, &pair.gpu, &report, &error), 0);
        assert_int_equal(report.messages[MCB_CORRUPTION_NONE], 5);
        assert_int_equal(report.checked_bytes, 5 * sizes[s]);
        assert_int_equal(report.corrupt_bytes, 0);
        free_pair(&pair);
    }
}

static void any_single_wrong_byte_is_found_as_by_the_cpu(void **state)
{
    (void)state;
    for (int s = 0; s < SIZE_COUNT && sizes[s] <= 100; s++) {
        struct pair pair = arrived(sizes[s], 3);
        for (size_t at = 0; at < pair.bytes; at++) {
            pair.host.base[at] ^= 0x81;
            host_to_gpu(&pair);
            assert_found_as_by_the_cpu(&pair);
            pair.host.base[at] ^= 0x81;
        }
        free_pair(&pair);
    }
}

static uint32_t seed = 1;
static uint32_t below(size_t limit)
{
    seed = seed * UINT32_C(1664525) + 1013904223;
    return (uint32_t)((uint64_t)(seed >> 8) * limit >> 24);
}

/* One piece of the area becomes old, poison, another's, flipped or foreign. */
static void corrupt(struct pair *pair, const uint8_t *old, const uint8_t *poison)
{
    size_t unit = below(2) ? 8 : 1;
    size_t from = below(pair->bytes / unit) * unit;
    size_t bytes = (1 + below((pair->bytes - from) / unit)) * unit;
    size_t elsewhere = below((pair->bytes - bytes) / unit + 1) * unit;
    uint8_t *base = pair->host.base;
    switch (below(5)) {
    case 0:
        memcpy(base + from, old + from, bytes);
        break;
    case 1:
        memcpy(base + from, poison + from, bytes);
        break;
    case 2:
        memmove(base + from, base + elsewhere, bytes);
        break;
    case 3:
        base[from] ^= (uint8_t)(1 << below(8));
        break;
    default:
        memset(base + from, (int)below(256), bytes);
    }
}

static void every_corruption_is_reported_as_by_the_cpu(void **state)
{
    (void)state;
    for (int round = 0; round < 600; round++) {
        struct pair pair = arrived(sizes[below(SIZE_COUNT - 3)], 1 + below(9));
        struct mcb_area old = pair.host, poison = pair.host;
        old.base = aligned_alloc(64, pair.bytes);
        poison.base = aligned_alloc(64, pair.bytes);
        mcb_pattern_poison(pattern.key, &poison);
        mcb_pattern_poison(pattern.key, &old);
        mcb_pattern_fill(&earlier, &old);
        for (uint32_t pieces = 1 + below(3); pieces > 0; pieces--)
            corrupt(&pair, old.base, poison.base);
        host_to_gpu(&pair);
        fake_cudart.backwards = round % 2 == 1;
        assert_found_as_by_the_cpu(&pair);
        free(old.base);
        free(poison.base);
        free_pair(&pair);
    }
    fake_cudart.backwards = false;
}

/* Slots of several pieces, each of several windows. */
static void many_wrong_slots_are_counted_as_by_the_cpu(void **state)
{
    (void)state;
    struct pair pair = arrived(8, 150000);
    for (uint32_t slot = 0; slot < pair.host.slots; slot += 3)
        memset(mcb_area_slot(&pair.host, slot), (int)slot, 8);
    host_to_gpu(&pair);
    assert_found_as_by_the_cpu(&pair);
    free_pair(&pair);
}

static void the_last_slot_of_many_is_the_first_wrong_one(void **state)
{
    (void)state;
    struct pair pair = arrived(64, 150000);
    mcb_area_slot(&pair.host, 149999)[63] ^= 1;
    host_to_gpu(&pair);
    assert_found_as_by_the_cpu(&pair);
    free_pair(&pair);
}

static void large_slots_are_filled_and_judged_by_many_blocks(void **state)
{
    (void)state;
    struct mcb_error error;
    struct pair pair = pair_of(1000001, 3);
    mcb_pattern_poison(pattern.key, &pair.host);
    mcb_pattern_fill(&pattern, &pair.host);
    assert_int_equal(cuda->poison(0, pattern.key, &pair.gpu, &error), 0);
    assert_int_equal(cuda->fill(0, &pattern, &pair.gpu, &error), 0);
    assert_same_bytes(&pair);
    struct mcb_area old = pair.host;
    old.base = aligned_alloc(64, pair.bytes);
    mcb_pattern_poison(pattern.key, &old);
    mcb_pattern_fill(&earlier, &old);
    memcpy(mcb_area_slot(&pair.host, 1) + 500000, mcb_area_slot(&old, 1) + 500000, 300003);
    memcpy(mcb_area_slot(&pair.host, 2), mcb_area_slot(&old, 2), 1000001);
    host_to_gpu(&pair);
    assert_found_as_by_the_cpu(&pair);
    free(old.base);
    free_pair(&pair);
}

static struct pair late;

/* A NIC's write comes after COMPARE. */
static void bytes_come_late(int kernel)
{
    if (kernel == 2)
        late.gpu.base[333] ^= 1;
}

static void what_was_late_and_is_right_by_now_counts_all_the_same(void **state)
{
    (void)state;
    struct mcb_error error;
    struct mcb_pattern_report report = {0};
    late = arrived(100, 4);
    late.host.base[333] ^= 1;
    host_to_gpu(&late);
    fake_cudart.before_kernel = bytes_come_late;
    assert_int_equal(cuda->check(0, &pattern, &late.gpu, &report, &error), 0);
    fake_cudart.before_kernel = NULL;
    assert_int_equal(report.messages[MCB_CORRUPTION_DAMAGED], 1);
    assert_int_equal(report.messages[MCB_CORRUPTION_NONE], 3);
    assert_int_equal(report.corrupt_bytes, 1);
    assert_int_equal(report.first_slot, 2);
    assert_int_equal(report.first_offset_bytes, 0);
    assert_int_equal(report.first_found, report.first_expected);
    free_pair(&late);
}

static void a_report_is_added_to(void **state)
{
    (void)state;
    struct mcb_error error;
    struct pair pair = arrived(100, 4);
    struct mcb_pattern_report by_cpu = {0}, by_gpu = {0};
    for (int round = 0; round < 2; round++) {
        mcb_area_slot(&pair.host, 3 - round)[round] ^= 1;
        host_to_gpu(&pair);
        mcb_pattern_check(&pattern, &pair.host, &by_cpu);
        assert_int_equal(cuda->check(0, &pattern, &pair.gpu, &by_gpu, &error), 0);
    }
    assert_same_reports(&by_gpu, &by_cpu);
    free_pair(&pair);
}

static void nothing_is_done_once_stopped(void **state)
{
    (void)state;
    struct mcb_error error;
    atomic_bool stop = true;
    struct pair pair = arrived(64, 4);
    struct mcb_pattern_report report = {0};
    pair.gpu.stop = &stop;
    assert_int_equal(cuda->poison(0, 1, &pair.gpu, &error), 0);
    assert_int_equal(cuda->fill(0, &earlier, &pair.gpu, &error), 0);
    assert_same_bytes(&pair);
    assert_int_equal(cuda->check(0, &pattern, &pair.gpu, &report, &error), 0);
    assert_int_equal(report.checked_bytes, 0);
    free_pair(&pair);
}

static void an_area_that_no_kernel_can_work_on_is_refused(void **state)
{
    (void)state;
    struct mcb_error error = {0};
    struct pair pair = arrived(64, 4);
    struct mcb_area odd = pair.gpu;
    odd.base += 8;
    assert_int_equal(cuda->fill(0, &pattern, &odd, &error), -1);
    assert_int_equal(error.code, MCB_FAULT_GPU_CALL);
    odd = pair.gpu;
    odd.stride_bytes = 72;
    assert_int_equal(cuda->fill(0, &pattern, &odd, &error), -1);
    free_pair(&pair);
}

static int set_up(void **state)
{
    (void)state;
    struct mcb_error error;
    unsigned count;
    fake_cudart_reset();
    return cuda->open(&count, &error);
}

static int tear_down(void **state)
{
    (void)state;
    cuda->close();
    return fake_cudart.allocations + fake_cudart.host_allocations;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(filled_bytes_are_those_of_the_cpu_and_gaps_are_left_alone),
        cmocka_unit_test(poison_is_that_of_the_cpu),
        cmocka_unit_test(what_arrived_checks_clean),
        cmocka_unit_test(any_single_wrong_byte_is_found_as_by_the_cpu),
        cmocka_unit_test(every_corruption_is_reported_as_by_the_cpu),
        cmocka_unit_test(many_wrong_slots_are_counted_as_by_the_cpu),
        cmocka_unit_test(the_last_slot_of_many_is_the_first_wrong_one),
        cmocka_unit_test(large_slots_are_filled_and_judged_by_many_blocks),
        cmocka_unit_test(what_was_late_and_is_right_by_now_counts_all_the_same),
        cmocka_unit_test(a_report_is_added_to),
        cmocka_unit_test(nothing_is_done_once_stopped),
        cmocka_unit_test(an_area_that_no_kernel_can_work_on_is_refused),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
