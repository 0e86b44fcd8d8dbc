/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The pattern has two speeds. Filling and checking a slot that is right touch each word once, with
 * no branch in the loop: the differences are ORed together. Only a slot that differs is read again,
 * word by word, and judged (pattern_judge.h).
 */
#include "common/pattern.h"

#include <endian.h>
#include <string.h>

#include "common/pattern_judge.h"

enum { WORD_BYTES = MCB_PATTERN_WORD_BYTES };

static const char *const corruption_names[MCB_CORRUPTION_KINDS] = {
    [MCB_CORRUPTION_NONE] = "none",       [MCB_CORRUPTION_LOST] = "lost",
    [MCB_CORRUPTION_STALE] = "stale",     [MCB_CORRUPTION_MISPLACED] = "misplaced",
    [MCB_CORRUPTION_DOUBLED] = "doubled", [MCB_CORRUPTION_TORN] = "torn",
    [MCB_CORRUPTION_DAMAGED] = "damaged",
};

const char *mcb_corruption_name(enum mcb_corruption kind)
{
    return corruption_names[kind];
}

uint64_t mcb_pattern_key(const char *identity)
{
    uint64_t hash = UINT64_C(0xcbf29ce484222325);
    for (; *identity; identity++)
        hash = (hash ^ (unsigned char)*identity) * UINT64_C(0x100000001b3);
    return mcb_pattern_mix(hash);
}

static void fill_words(uint8_t *bytes, uint64_t base, size_t words)
{
    for (size_t word = 0; word < words; word++)
        mcb_pattern_store(bytes + word * WORD_BYTES, mcb_pattern_mix(base ^ word));
}

/* ORs the differences instead of stopping at the first: the loop has no branch. */
static uint64_t differing_words(const uint8_t *bytes, uint64_t base, size_t first, size_t end)
{
    uint64_t difference = 0;
    for (size_t word = first; word < end; word++)
        difference |= mcb_pattern_load(bytes + word * WORD_BYTES) ^ mcb_pattern_mix(base ^ word);
    return difference;
}

void mcb_pattern_fill(const struct mcb_pattern *pattern, const struct mcb_area *area)
{
    size_t words = area->slot_bytes / WORD_BYTES;
    size_t tail_bytes = area->slot_bytes % WORD_BYTES;
    for (uint32_t slot = 0; slot < area->slots && !mcb_area_is_stopped(area); slot++) {
        uint8_t *bytes = mcb_area_slot(area, slot);
        fill_words(bytes, mcb_pattern_base(pattern->key, pattern->generation, slot), words);
        uint64_t tail =
            htole64(mcb_pattern_tail_word(pattern->key, pattern->generation, slot, words));
        memcpy(bytes + words * WORD_BYTES, &tail, tail_bytes);
    }
}

void mcb_pattern_poison(uint64_t key, const struct mcb_area *area)
{
    size_t words = area->slot_bytes / WORD_BYTES;
    bool tail = area->slot_bytes % WORD_BYTES != 0;
    for (uint32_t slot = 0; slot < area->slots && !mcb_area_is_stopped(area); slot++) {
        uint8_t *bytes = mcb_area_slot(area, slot);
        fill_words(bytes, mcb_pattern_base(key, 0, slot), area->stride_bytes / WORD_BYTES);
        if (tail)
            mcb_pattern_store(bytes + words * WORD_BYTES,
                              mcb_pattern_tail_word(key, 0, slot, words));
    }
}

static void report_slot(const struct mcb_pattern_slot *s, struct mcb_pattern_report *report)
{
    struct mcb_pattern_tally tally = {0};
    bool first_slot = report->first_kind == MCB_CORRUPTION_NONE;
    for (size_t word = 0; word < mcb_pattern_message_words(s); word++)
        mcb_word_judge(s, word, &tally);
    for (size_t word = 0; word < s->stride_bytes / WORD_BYTES; word++) {
        uint64_t expected = mcb_pattern_expected(s, word);
        uint64_t found = mcb_pattern_found(s, s->slot, word);
        uint32_t byte = 0, bytes = mcb_word_differing_bytes(expected ^ found, &byte);
        if (first_slot && tally.corrupt_bytes == 0 && (bytes > 0 || word == 0)) {
            report->first_offset_bytes = word * WORD_BYTES + byte;
            report->first_expected = expected;
            report->first_found = found;
        }
        tally.corrupt_bytes += bytes;
    }
    enum mcb_corruption kind = mcb_pattern_verdict(&tally);
    report->messages[kind]++;
    report->corrupt_bytes += mcb_pattern_corrupt_bytes(&tally);
    if (first_slot) {
        report->first_kind = kind;
        report->first_slot = s->slot;
    }
}

bool mcb_pattern_check(const struct mcb_pattern *pattern, const struct mcb_area *area,
                       struct mcb_pattern_report *report)
{
    struct mcb_pattern_slot s = {.key = pattern->key,
                                 .generation = pattern->generation,
                                 .base = area->base,
                                 .stride_bytes = area->stride_bytes,
                                 .slots = area->slots,
                                 .words = area->slot_bytes / WORD_BYTES,
                                 .tail_bytes = area->slot_bytes % WORD_BYTES};
    size_t gap = mcb_pattern_message_words(&s);
    bool all_right = true;
    for (; s.slot < area->slots && !mcb_area_is_stopped(area); s.slot++) {
        const uint8_t *bytes = mcb_area_slot(area, s.slot);
        uint64_t base = mcb_pattern_base(s.key, s.generation, s.slot);
        uint64_t difference = differing_words(bytes, base, 0, s.words);
        if (s.tail_bytes != 0)
            difference |=
                mcb_pattern_found(&s, s.slot, s.words) ^ mcb_pattern_expected(&s, s.words);
        difference |= differing_words(bytes, mcb_pattern_base(s.key, 0, s.slot), gap,
                                      area->stride_bytes / WORD_BYTES);
        report->checked_bytes += area->slot_bytes;
        if (difference == 0) {
            report->messages[MCB_CORRUPTION_NONE]++;
            continue;
        }
        all_right = false;
        report_slot(&s, report);
    }
    return all_right;
}
