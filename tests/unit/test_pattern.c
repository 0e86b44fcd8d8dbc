/* SPDX-License-Identifier: Apache-2.0 */
/* Every way in which bytes can arrive wrong is made by hand in a real area; each must be found and
 * called by its name, with slot and offset. */
#include <endian.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cmocka.h>

#include "common/pattern.h"

enum { SLOTS = 6, HIT = 2 };

static const size_t sizes[] = {1, 7, 8, 9, 64, 100, 4096, 65537};
enum { SIZE_COUNT = sizeof sizes / sizeof sizes[0] };

static const struct mcb_pattern pattern = {.key = UINT64_C(0x1f2e3d4c5b6a7988), .generation = 7};
static const struct mcb_pattern earlier = {.key = UINT64_C(0x1f2e3d4c5b6a7988), .generation = 6};

static struct mcb_area area_of(size_t size_bytes, uint32_t slots)
{
    struct mcb_area area = {
        .slot_bytes = size_bytes, .stride_bytes = mcb_area_stride(size_bytes), .slots = slots};
    area.base = aligned_alloc(64, area.stride_bytes * slots);
    assert_non_null(area.base);
    return area;
}

/* An area as it is after a trial in which everything arrived. */
static struct mcb_area arrived(size_t size_bytes)
{
    struct mcb_area area = area_of(size_bytes, SLOTS);
    mcb_pattern_poison(pattern.key, &area);
    mcb_pattern_fill(&pattern, &area);
    return area;
}

/* The same area in another state; for copying pieces from. */
static struct mcb_area in_state(const struct mcb_area *like, const struct mcb_pattern *filled)
{
    struct mcb_area area = area_of(like->slot_bytes, like->slots);
    mcb_pattern_poison(pattern.key, &area);
    if (filled)
        mcb_pattern_fill(filled, &area);
    return area;
}

static void expect_wrong(struct mcb_area *area, enum mcb_corruption kind, uint32_t slot,
                         size_t least_offset, size_t most_offset)
{
    struct mcb_pattern_report report = {0};
    assert_false(mcb_pattern_check(&pattern, area, &report));
    assert_string_equal(mcb_corruption_name(report.first_kind), mcb_corruption_name(kind));
    assert_int_equal(report.first_slot, slot);
    assert_in_range(report.first_offset_bytes, least_offset, most_offset);
    assert_int_equal(report.messages[kind], 1);
    assert_int_equal(report.messages[MCB_CORRUPTION_NONE], area->slots - 1);
    assert_int_equal(report.checked_bytes, area->slot_bytes * area->slots);
    assert_in_range(report.corrupt_bytes, 1, area->stride_bytes);
    assert_true(report.first_expected != report.first_found);
}

/* A message of two pages whose second nobody may touch: who first reads that far stops there, and
 * the byte of the first page that was wrong comes right. */
static struct late {
    uint8_t *second_page, *wrong;
    size_t page_bytes;
} late;

static void come_late(int signal)
{
    (void)signal;
    *late.wrong ^= 1;
    mprotect(late.second_page, late.page_bytes, PROT_READ | PROT_WRITE);
}

static void what_was_late_and_is_right_by_now_counts_all_the_same(void **state)
{
    (void)state;
    struct sigaction before, action = {.sa_handler = come_late};
    size_t page = (size_t)sysconf(_SC_PAGESIZE);
    struct mcb_pattern_report report = {0};
    struct mcb_area area = {.slot_bytes = 2 * page, .stride_bytes = 2 * page, .slots = 1};
    area.base = mmap(NULL, 2 * page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    assert_ptr_not_equal(area.base, MAP_FAILED);
    mcb_pattern_fill(&pattern, &area);
    late = (struct late){area.base + page, area.base + 100, page};
    *late.wrong ^= 1;
    sigaction(SIGSEGV, &action, &before);
    mprotect(late.second_page, page, PROT_NONE);
    assert_false(mcb_pattern_check(&pattern, &area, &report));
    sigaction(SIGSEGV, &before, NULL);
    munmap(area.base, 2 * page);
    assert_int_equal(report.messages[MCB_CORRUPTION_DAMAGED], 1);
    assert_int_equal(report.corrupt_bytes, 1);
    assert_int_equal(report.first_offset_bytes, 0);
    assert_int_equal(report.first_found, report.first_expected);
}

static void free_both(struct mcb_area *area, struct mcb_area *other)
{
    free(area->base);
    free(other->base);
}

static void what_was_filled_checks_clean(void **state)
{
    (void)state;
    uint64_t seed = 1;
    for (int s = 0; s < SIZE_COUNT; s++)
        for (int round = 0; round < 50; round++) {
            seed = seed * UINT64_C(6364136223846793005) + 1442695040888963407U;
            struct mcb_pattern random = {.key = seed, .generation = (uint16_t)(1 + seed % 0xffff)};
            struct mcb_area area = area_of(sizes[s], SLOTS);
            struct mcb_pattern_report report = {0};
            mcb_pattern_poison(random.key, &area);
            mcb_pattern_fill(&random, &area);
            assert_true(mcb_pattern_check(&random, &area, &report));
            assert_int_equal(report.corrupt_bytes, 0);
            assert_int_equal(report.messages[MCB_CORRUPTION_NONE], SLOTS);
            assert_int_equal(report.first_kind, MCB_CORRUPTION_NONE);
            assert_int_equal(report.checked_bytes, sizes[s] * SLOTS);
            free(area.base);
        }
}

static void a_message_that_never_came_is_lost(void **state)
{
    (void)state;
    for (int s = 0; s < SIZE_COUNT; s++) {
        struct mcb_area area = arrived(sizes[s]), poison = in_state(&area, NULL);
        memcpy(mcb_area_slot(&area, HIT), mcb_area_slot(&poison, HIT), sizes[s]);
        expect_wrong(&area, MCB_CORRUPTION_LOST, HIT, 0, sizes[s] > 8 ? 7 : 0);
        free_both(&area, &poison);
    }
}

static void a_message_of_an_earlier_trial_is_stale(void **state)
{
    (void)state;
    for (int s = 0; s < SIZE_COUNT; s++) {
        struct mcb_area area = arrived(sizes[s]), old = in_state(&area, &earlier);
        memcpy(mcb_area_slot(&area, HIT), mcb_area_slot(&old, HIT), sizes[s]);
        expect_wrong(&area, MCB_CORRUPTION_STALE, HIT, 0, 7);
        free_both(&area, &old);
    }
}

static void a_message_of_long_ago_is_stale(void **state)
{
    (void)state;
    const struct mcb_pattern long_ago = {.key = pattern.key, .generation = 60000};
    for (int s = 0; s < SIZE_COUNT; s++) {
        if (sizes[s] < 8)
            continue;
        struct mcb_area area = arrived(sizes[s]), old = in_state(&area, &long_ago);
        memcpy(mcb_area_slot(&area, HIT), mcb_area_slot(&old, HIT), sizes[s]);
        expect_wrong(&area, MCB_CORRUPTION_STALE, HIT, 0, 7);
        free_both(&area, &old);
    }
}

static void a_message_in_the_place_of_another_is_misplaced(void **state)
{
    (void)state;
    for (int s = 0; s < SIZE_COUNT; s++) {
        struct mcb_area area = arrived(sizes[s]), copy = in_state(&area, &pattern);
        memcpy(mcb_area_slot(&area, 3), mcb_area_slot(&copy, 4), sizes[s]);
        memcpy(mcb_area_slot(&area, 4), mcb_area_slot(&copy, 3), sizes[s]);
        struct mcb_pattern_report report = {0};
        assert_false(mcb_pattern_check(&pattern, &area, &report));
        assert_int_equal(report.first_kind, MCB_CORRUPTION_MISPLACED);
        assert_int_equal(report.first_slot, 3);
        assert_int_equal(report.messages[MCB_CORRUPTION_MISPLACED], 2);
        free_both(&area, &copy);
    }
}

static void a_message_that_went_astray_leaves_its_own_place_lost(void **state)
{
    (void)state;
    for (int s = 0; s < SIZE_COUNT; s++) {
        struct mcb_area area = arrived(sizes[s]), poison = in_state(&area, NULL);
        memcpy(mcb_area_slot(&area, 3), mcb_area_slot(&area, 2), sizes[s]);
        memcpy(mcb_area_slot(&area, 2), mcb_area_slot(&poison, 2), sizes[s]);
        struct mcb_pattern_report report = {0};
        assert_false(mcb_pattern_check(&pattern, &area, &report));
        assert_int_equal(report.messages[MCB_CORRUPTION_LOST], 1);
        assert_int_equal(report.messages[MCB_CORRUPTION_MISPLACED], 1);
        assert_int_equal(report.first_kind, MCB_CORRUPTION_LOST);
        assert_int_equal(report.first_slot, 2);
        free_both(&area, &poison);
    }
}

static void a_message_shifted_by_one_word_is_misplaced(void **state)
{
    (void)state;
    for (int s = 0; s < SIZE_COUNT; s++) {
        if (sizes[s] < 64)
            continue;
        struct mcb_area area = arrived(sizes[s]);
        uint8_t *slot = mcb_area_slot(&area, HIT);
        memmove(slot, slot + 8, sizes[s] - 8);
        expect_wrong(&area, MCB_CORRUPTION_MISPLACED, HIT, 0, 7);
        free(area.base);

        area = arrived(sizes[s]);
        slot = mcb_area_slot(&area, HIT);
        memmove(slot + 8, slot, sizes[s] - 8);
        expect_wrong(&area, MCB_CORRUPTION_MISPLACED, HIT, 8, 15);
        free(area.base);
    }
}

static void a_message_that_came_twice_is_doubled(void **state)
{
    (void)state;
    for (int s = 0; s < SIZE_COUNT; s++) {
        struct mcb_area area = arrived(sizes[s]);
        memcpy(mcb_area_slot(&area, HIT), mcb_area_slot(&area, HIT + 1), sizes[s]);
        expect_wrong(&area, MCB_CORRUPTION_DOUBLED, HIT, 0, 7);
        free(area.base);
    }
}

/* Bytes from..to of a slot become what they are in the other area. */
static void expect_torn(size_t size_bytes, const struct mcb_pattern *old, size_t from, size_t to)
{
    struct mcb_area area = arrived(size_bytes), other = in_state(&area, old);
    memcpy(mcb_area_slot(&area, HIT) + from, mcb_area_slot(&other, HIT) + from, to - from);
    expect_wrong(&area, MCB_CORRUPTION_TORN, HIT, from, from + 7);
    free_both(&area, &other);
}

static void a_message_of_which_a_part_is_old_or_poison_is_torn(void **state)
{
    (void)state;
    for (int s = 0; s < SIZE_COUNT; s++) {
        size_t size = sizes[s], half = size / 16 * 8;
        if (size < 64)
            continue;
        expect_torn(size, NULL, half, size);
        expect_torn(size, NULL, 0, half);
        expect_torn(size, NULL, 8, 16);
        expect_torn(size, &earlier, half, size);
        expect_torn(size, &earlier, 0, half);
    }
}

static void a_border_inside_a_word_is_torn_too(void **state)
{
    (void)state;
    for (int s = 0; s < SIZE_COUNT; s++)
        for (size_t cut = 1; cut < 8 && cut < sizes[s]; cut++) {
            size_t whole = sizes[s] >= 64 ? sizes[s] / 16 * 8 : 0;
            expect_torn(sizes[s], NULL, whole + cut, sizes[s]);
            expect_torn(sizes[s], NULL, 0, whole + cut);
            expect_torn(sizes[s], &earlier, whole + cut, sizes[s]);
            expect_torn(sizes[s], &earlier, 0, whole + cut);
        }
}

static void a_border_inside_the_tail_is_torn_too(void **state)
{
    (void)state;
    expect_torn(100, NULL, 98, 100);
    expect_torn(100, NULL, 0, 98);
    expect_torn(65537, NULL, 65536, 65537);
    expect_torn(65537, &earlier, 65536, 65537);
}

static void a_flipped_bit_is_damage_of_one_byte_at_its_offset(void **state)
{
    (void)state;
    for (int s = 0; s < SIZE_COUNT; s++) {
        const size_t offsets[] = {0, sizes[s] / 2, sizes[s] - 1};
        for (int o = 0; o < 3; o++) {
            struct mcb_area area = arrived(sizes[s]);
            struct mcb_pattern_report report = {0};
            mcb_area_slot(&area, HIT)[offsets[o]] ^= 0x10;
            expect_wrong(&area, MCB_CORRUPTION_DAMAGED, HIT, offsets[o], offsets[o]);
            mcb_pattern_check(&pattern, &area, &report);
            assert_int_equal(report.corrupt_bytes, 1);
            assert_int_equal(report.first_expected ^ report.first_found,
                             UINT64_C(0x10) << 8 * (offsets[o] % 8));
            free(area.base);
        }
    }
}

static void any_single_wrong_byte_is_counted_once(void **state)
{
    (void)state;
    for (int s = 0; s < SIZE_COUNT && sizes[s] <= 100; s++)
        for (size_t offset = 0; offset < mcb_area_stride(sizes[s]); offset++) {
            struct mcb_area area = arrived(sizes[s]);
            struct mcb_pattern_report report = {0};
            mcb_area_slot(&area, HIT)[offset] ^= 0xff;
            assert_false(mcb_pattern_check(&pattern, &area, &report));
            assert_int_equal(report.corrupt_bytes, 1);
            assert_int_equal(report.first_offset_bytes, offset);
            free(area.base);
        }
}

static void a_gap_that_was_written_to_is_damage(void **state)
{
    (void)state;
    for (int s = 0; s < SIZE_COUNT; s++) {
        if (sizes[s] % 64 == 0)
            continue;
        for (int last = 0; last <= 1; last++) {
            struct mcb_area area = arrived(sizes[s]);
            size_t offset = last ? area.stride_bytes - 1 : sizes[s];
            mcb_area_slot(&area, HIT)[offset] ^= 0x80;
            expect_wrong(&area, MCB_CORRUPTION_DAMAGED, HIT, offset, offset);
            free(area.base);
        }
    }
}

/* Were it at the border of an old part, it would be torn. */
static void an_old_byte_amid_right_words_is_damage(void **state)
{
    (void)state;
    const struct mcb_pattern *const olds[] = {NULL, &earlier};
    for (int old = 0; old < 2; old++)
        for (size_t offset = 16; offset < 24; offset += 7) {
            struct mcb_area area = arrived(64), other = in_state(&area, olds[old]);
            mcb_area_slot(&area, HIT)[offset] = mcb_area_slot(&other, HIT)[offset];
            expect_wrong(&area, MCB_CORRUPTION_DAMAGED, HIT, offset, offset);
            free_both(&area, &other);
        }
}

static void foreign_bytes_are_damage(void **state)
{
    (void)state;
    for (int s = 0; s < SIZE_COUNT; s++) {
        struct mcb_area area = arrived(sizes[s]);
        memset(mcb_area_slot(&area, HIT), 0x55, sizes[s]);
        expect_wrong(&area, MCB_CORRUPTION_DAMAGED, HIT, 0, 7);
        free(area.base);
    }
}

static void every_wrong_message_is_counted_under_its_kind(void **state)
{
    (void)state;
    struct mcb_area area = arrived(4096), poison = in_state(&area, NULL);
    struct mcb_area old = in_state(&area, &earlier);
    memcpy(mcb_area_slot(&area, 1), mcb_area_slot(&poison, 1), 4096);
    memcpy(mcb_area_slot(&area, 2), mcb_area_slot(&old, 2), 4096);
    memcpy(mcb_area_slot(&area, 3), mcb_area_slot(&area, 4), 4096);
    mcb_area_slot(&area, 5)[0] ^= 1;
    struct mcb_pattern_report report = {0};
    assert_false(mcb_pattern_check(&pattern, &area, &report));
    assert_int_equal(report.messages[MCB_CORRUPTION_NONE], 2);
    assert_int_equal(report.messages[MCB_CORRUPTION_LOST], 1);
    assert_int_equal(report.messages[MCB_CORRUPTION_STALE], 1);
    assert_int_equal(report.messages[MCB_CORRUPTION_DOUBLED], 1);
    assert_int_equal(report.messages[MCB_CORRUPTION_DAMAGED], 1);
    assert_int_equal(report.first_slot, 1);
    assert_false(mcb_pattern_check(&pattern, &area, &report));
    assert_int_equal(report.messages[MCB_CORRUPTION_LOST], 2);
    free_both(&area, &poison);
    free(old.base);
}

static void the_pattern_of_another_path_never_checks_clean(void **state)
{
    (void)state;
    const struct mcb_pattern other = {.key = mcb_pattern_key("job/a/b/out"), .generation = 7};
    for (int s = 0; s < SIZE_COUNT; s++) {
        if (sizes[s] < 8)
            continue;
        struct mcb_area area = arrived(sizes[s]);
        struct mcb_pattern_report report = {0};
        mcb_pattern_fill(&other, &area);
        assert_false(mcb_pattern_check(&pattern, &area, &report));
        assert_int_equal(report.messages[MCB_CORRUPTION_DAMAGED], SLOTS);
        free(area.base);
    }
}

static void keys_differ_where_identities_differ(void **state)
{
    (void)state;
    assert_int_equal(mcb_pattern_key("a/b/out"), mcb_pattern_key("a/b/out"));
    assert_int_not_equal(mcb_pattern_key("a/b/out"), mcb_pattern_key("b/a/out"));
    assert_int_not_equal(mcb_pattern_key("a/b/out"), mcb_pattern_key("a/b/in"));
}

static void the_word_is_the_mix_of_place_and_key(void **state)
{
    (void)state;
    /* splitmix64 with seed 0 gives 0xe220a8397b1dcdaf first: its finalizer of the golden gamma. */
    const struct mcb_pattern placed = {.key = UINT64_C(0x9e3779b97f4a7c15) ^ UINT64_C(1) << 48 ^
                                              UINT64_C(2) << 24 ^ 3,
                                       .generation = 1};
    struct mcb_area area = area_of(32, 3);
    uint64_t word;
    mcb_pattern_fill(&placed, &area);
    memcpy(&word, mcb_area_slot(&area, 2) + 3 * sizeof word, sizeof word);
    assert_int_equal(le64toh(word), UINT64_C(0xe220a8397b1dcdaf));
    free(area.base);
}

/* The first byte of a message of one byte, for any generation (0: poison). */
static uint8_t single_byte(const struct mcb_area *area, uint16_t generation, uint32_t slot)
{
    const struct mcb_pattern at = {.key = pattern.key, .generation = generation};
    if (generation == 0)
        mcb_pattern_poison(pattern.key, area);
    else
        mcb_pattern_fill(&at, area);
    return *mcb_area_slot(area, slot);
}

static void single_bytes_differ_from_poison_neighbours_and_the_generation_before(void **state)
{
    (void)state;
    struct mcb_area area = area_of(1, 2);
    uint8_t poison = single_byte(&area, 0, 0);
    uint8_t before[2] = {single_byte(&area, MCB_PATTERN_GENERATIONS, 0),
                         single_byte(&area, MCB_PATTERN_GENERATIONS, 1)};
    for (uint32_t generation = 1; generation <= MCB_PATTERN_GENERATIONS; generation++) {
        uint8_t first = single_byte(&area, (uint16_t)generation, 0);
        uint8_t second = *mcb_area_slot(&area, 1);
        assert_true(first != poison && second != poison);
        assert_true(first != second);
        assert_true(first != before[0] && second != before[1]);
        before[0] = first;
        before[1] = second;
    }
    free(area.base);
}

static void the_generation_before_the_first_is_the_last(void **state)
{
    (void)state;
    const struct mcb_pattern first = {.key = pattern.key, .generation = 1};
    const struct mcb_pattern last = {.key = pattern.key, .generation = MCB_PATTERN_GENERATIONS};
    for (int s = 0; s < SIZE_COUNT; s++) {
        struct mcb_area area = arrived(sizes[s]);
        struct mcb_pattern_report report = {0};
        mcb_pattern_fill(&last, &area);
        assert_false(mcb_pattern_check(&first, &area, &report));
        assert_int_equal(report.messages[MCB_CORRUPTION_STALE], SLOTS);
        free(area.base);
    }
}

static void filling_leaves_the_gaps_alone(void **state)
{
    (void)state;
    for (int s = 0; s < SIZE_COUNT; s++) {
        struct mcb_area area = area_of(sizes[s], SLOTS);
        memset(area.base, 0x5a, area.stride_bytes * SLOTS);
        mcb_pattern_fill(&pattern, &area);
        for (uint32_t slot = 0; slot < SLOTS; slot++)
            for (size_t at = sizes[s]; at < area.stride_bytes; at++)
                assert_int_equal(mcb_area_slot(&area, slot)[at], 0x5a);
        free(area.base);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_was_filled_checks_clean),
        cmocka_unit_test(a_message_that_never_came_is_lost),
        cmocka_unit_test(a_message_of_an_earlier_trial_is_stale),
        cmocka_unit_test(a_message_of_long_ago_is_stale),
        cmocka_unit_test(a_message_in_the_place_of_another_is_misplaced),
        cmocka_unit_test(a_message_that_went_astray_leaves_its_own_place_lost),
        cmocka_unit_test(a_message_shifted_by_one_word_is_misplaced),
        cmocka_unit_test(a_message_that_came_twice_is_doubled),
        cmocka_unit_test(a_message_of_which_a_part_is_old_or_poison_is_torn),
        cmocka_unit_test(a_border_inside_a_word_is_torn_too),
        cmocka_unit_test(a_border_inside_the_tail_is_torn_too),
        cmocka_unit_test(a_flipped_bit_is_damage_of_one_byte_at_its_offset),
        cmocka_unit_test(any_single_wrong_byte_is_counted_once),
        cmocka_unit_test(a_gap_that_was_written_to_is_damage),
        cmocka_unit_test(an_old_byte_amid_right_words_is_damage),
        cmocka_unit_test(foreign_bytes_are_damage),
        cmocka_unit_test(every_wrong_message_is_counted_under_its_kind),
        cmocka_unit_test(the_pattern_of_another_path_never_checks_clean),
        cmocka_unit_test(keys_differ_where_identities_differ),
        cmocka_unit_test(the_word_is_the_mix_of_place_and_key),
        cmocka_unit_test(single_bytes_differ_from_poison_neighbours_and_the_generation_before),
        cmocka_unit_test(the_generation_before_the_first_is_the_last),
        cmocka_unit_test(what_was_late_and_is_right_by_now_counts_all_the_same),
        cmocka_unit_test(filling_leaves_the_gaps_alone),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
