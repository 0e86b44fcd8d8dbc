/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The pattern has two speeds. Filling and checking a slot that is right touch each word once, with
 * no branch in the loop: the differences are ORed together. Only a slot that differs is read again,
 * word by word: each word is given a class (right, poison, old, moved, odd), and the counts of the
 * classes give the verdict on the message.
 *
 * A slot is seen as stride / 8 words: whole words of the message, at most one word that the end of
 * the message cuts (its first bytes are the tail, the rest belongs to the gap), and words of the
 * gap. expected_word() is that view in one place.
 */
#include "common/pattern.h"

#include <endian.h>
#include <string.h>

enum {
    WORD_BYTES = 8,
    /* Prime to 255, so that they reach all values; neither they nor they + 1 (where the sum wraps)
     * are powers of two, so that a flipped bit never looks like the next generation or slot. */
    TAIL_VALUES = 255,
    TAIL_GENERATION_STEP = 11,
    TAIL_SLOT_STEP = 26,
    TAIL_WINDOW = 127
};

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

static inline uint64_t mix(uint64_t value)
{
    value = (value ^ (value >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    value = (value ^ (value >> 27)) * UINT64_C(0x94d049bb133111eb);
    return value ^ (value >> 31);
}

/* The steps of mix() backwards, with the inverses of its factors modulo 2^64. */
static uint64_t unmix(uint64_t value)
{
    value = (value ^ (value >> 31) ^ (value >> 62)) * UINT64_C(0x319642b2d24d8ec3);
    value = (value ^ (value >> 27) ^ (value >> 54)) * UINT64_C(0x96de1b173f119089);
    return value ^ (value >> 30) ^ (value >> 60);
}

static inline uint64_t load(const uint8_t *bytes)
{
    uint64_t value;
    memcpy(&value, bytes, sizeof value);
    return le64toh(value);
}

static inline void store(uint8_t *bytes, uint64_t value)
{
    value = htole64(value);
    memcpy(bytes, &value, sizeof value);
}

/* The lowest `count` bytes of a word, 0..8. */
static inline uint64_t low_mask(size_t count)
{
    return count >= WORD_BYTES ? UINT64_MAX : (UINT64_C(1) << (8 * count)) - 1;
}

/* mix(slot_base ^ word) is the word: generation and slot are the same for a whole slot. */
static inline uint64_t slot_base(uint64_t key, uint16_t generation, uint32_t slot)
{
    return ((uint64_t)generation << 48 | (uint64_t)slot << 24) ^ key;
}

static uint64_t full_word(uint64_t key, uint16_t generation, uint32_t slot, size_t word)
{
    return mix(slot_base(key, generation, slot) ^ word);
}

/* The word that the end of a message cuts: the rule of the header for its first byte. */
static uint64_t tail_word(uint64_t key, uint16_t generation, uint32_t slot, size_t word)
{
    uint8_t first = (uint8_t)mix(key);
    if (generation != 0)
        first =
            (uint8_t)(first + 1 +
                      (TAIL_GENERATION_STEP * generation + TAIL_SLOT_STEP * slot) % TAIL_VALUES);
    return (full_word(key, generation, slot, word) & ~UINT64_C(0xff)) | first;
}

uint64_t mcb_pattern_key(const char *identity)
{
    uint64_t hash = UINT64_C(0xcbf29ce484222325);
    for (; *identity; identity++)
        hash = (hash ^ (unsigned char)*identity) * UINT64_C(0x100000001b3);
    return mix(hash);
}

static void fill_words(uint8_t *bytes, uint64_t base, size_t words)
{
    for (size_t word = 0; word < words; word++)
        store(bytes + word * WORD_BYTES, mix(base ^ word));
}

/* ORs the differences instead of stopping at the first: the loop has no branch. */
static uint64_t differing_words(const uint8_t *bytes, uint64_t base, size_t first, size_t end)
{
    uint64_t difference = 0;
    for (size_t word = first; word < end; word++)
        difference |= load(bytes + word * WORD_BYTES) ^ mix(base ^ word);
    return difference;
}

/* A large area takes seconds: whoever is interrupted does not wait for its end. */
static bool is_stopped(const struct mcb_area *area)
{
    return area->stop && atomic_load_explicit(area->stop, memory_order_relaxed);
}

void mcb_pattern_fill(const struct mcb_pattern *pattern, const struct mcb_area *area)
{
    size_t words = area->slot_bytes / WORD_BYTES;
    size_t tail_bytes = area->slot_bytes % WORD_BYTES;
    for (uint32_t slot = 0; slot < area->slots && !is_stopped(area); slot++) {
        uint8_t *bytes = mcb_area_slot(area, slot);
        fill_words(bytes, slot_base(pattern->key, pattern->generation, slot), words);
        uint64_t tail = htole64(tail_word(pattern->key, pattern->generation, slot, words));
        memcpy(bytes + words * WORD_BYTES, &tail, tail_bytes);
    }
}

void mcb_pattern_poison(uint64_t key, const struct mcb_area *area)
{
    size_t words = area->slot_bytes / WORD_BYTES;
    bool tail = area->slot_bytes % WORD_BYTES != 0;
    for (uint32_t slot = 0; slot < area->slots && !is_stopped(area); slot++) {
        uint8_t *bytes = mcb_area_slot(area, slot);
        fill_words(bytes, slot_base(key, 0, slot), area->stride_bytes / WORD_BYTES);
        if (tail)
            store(bytes + words * WORD_BYTES, tail_word(key, 0, slot, words));
    }
}

/* ---- what a wrong slot holds ---- */

enum word_class {
    WORD_RIGHT,
    WORD_POISON,
    WORD_OLD,
    WORD_MOVED,
    WORD_BORDER,
    WORD_ODD,
    WORD_CLASSES
};

/* Where a word belongs. */
struct place {
    uint16_t generation;
    uint32_t slot;
    size_t word;
};

struct judgement {
    const struct mcb_pattern *pattern;
    const struct mcb_area *area;
    uint32_t slot;
    size_t words;      /* whole words of the message */
    size_t tail_bytes; /* 0..7 */
    size_t counts[WORD_CLASSES];
    bool alone; /* a moved word was found that its own place does not hold */
};

static size_t message_words(const struct judgement *j)
{
    return j->words + (j->tail_bytes != 0);
}

static uint16_t generation_before(uint16_t generation, uint16_t steps)
{
    return generation > steps ? generation - steps
                              : (uint16_t)(MCB_PATTERN_GENERATIONS + generation - steps);
}

static uint64_t message_word(const struct judgement *j, uint16_t generation, uint32_t slot,
                             size_t word)
{
    return word < j->words ? full_word(j->pattern->key, generation, slot, word)
                           : tail_word(j->pattern->key, generation, slot, word);
}

/* What stands at a word of a slot that is right, gap included. */
static uint64_t expected_word(const struct judgement *j, size_t word)
{
    if (word < j->words)
        return message_word(j, j->pattern->generation, j->slot, word);
    if (word > j->words || j->tail_bytes == 0)
        return full_word(j->pattern->key, 0, j->slot, word);
    uint64_t mask = low_mask(j->tail_bytes);
    return (message_word(j, j->pattern->generation, j->slot, word) & mask) |
           (message_word(j, 0, j->slot, word) & ~mask);
}

/* Bytes of the message in a word of it. */
static size_t bytes_in(const struct judgement *j, size_t word)
{
    return word < j->words ? WORD_BYTES : j->tail_bytes;
}

static uint64_t found_at(const struct judgement *j, uint32_t slot, size_t word)
{
    return load(mcb_area_slot(j->area, slot) + word * WORD_BYTES) & low_mask(bytes_in(j, word));
}

static bool holds(const struct judgement *j, size_t word, uint64_t found, struct place place)
{
    return found == (message_word(j, place.generation, place.slot, place.word) &
                     low_mask(bytes_in(j, word)));
}

static enum word_class class_of(const struct judgement *j, size_t word, struct place place)
{
    if (place.generation != j->pattern->generation)
        return WORD_OLD;
    return place.slot == j->slot && place.word == word ? WORD_RIGHT : WORD_MOVED;
}

static enum word_class classify_whole(const struct judgement *j, size_t word, struct place *place)
{
    uint64_t found = found_at(j, j->slot, word);
    if (holds(j, word, found, (struct place){0, j->slot, word}))
        return WORD_POISON;
    uint64_t plain = unmix(found) ^ j->pattern->key;
    *place = (struct place){(uint16_t)(plain >> 48), (uint32_t)(plain >> 24) & 0xffffff,
                            plain & 0xffffff};
    if (place->generation == 0 || place->slot >= j->area->slots || place->word >= j->words)
        return WORD_ODD;
    return class_of(j, word, *place);
}

static bool tail_is(const struct judgement *j, size_t word, struct place at, struct place *place)
{
    if (at.slot >= j->area->slots || !holds(j, word, found_at(j, j->slot, word), at))
        return false;
    *place = at;
    return true;
}

/* A tail cannot be inverted. It is compared with what the word before it says (its generation, its
 * slot), then with those of near generations and slots. A single byte, with nothing to confirm it,
 * is compared with the nearest only. */
static enum word_class classify_tail(const struct judgement *j, size_t word, struct place *place)
{
    uint16_t now = j->pattern->generation;
    struct place before = {0};
    if (tail_is(j, word, (struct place){now, j->slot, word}, place))
        return WORD_RIGHT;
    if (tail_is(j, word, (struct place){0, j->slot, word}, place))
        return WORD_POISON;
    if (word > 0 && classify_whole(j, word - 1, &before) != WORD_ODD && before.generation != 0 &&
        tail_is(j, word, (struct place){before.generation, before.slot, word}, place))
        return class_of(j, word, *place);
    uint16_t window = j->tail_bytes == 1 ? 1 : TAIL_WINDOW;
    for (uint16_t steps = 1; steps <= window; steps++)
        if (tail_is(j, word, (struct place){generation_before(now, steps), j->slot, word}, place) ||
            tail_is(j, word, (struct place){now, j->slot - steps, word}, place) ||
            tail_is(j, word, (struct place){now, j->slot + steps, word}, place))
            return class_of(j, word, *place);
    return WORD_ODD;
}

static enum word_class classify(const struct judgement *j, size_t word, struct place *place)
{
    return word < j->words ? classify_whole(j, word, place) : classify_tail(j, word, place);
}

/* True if the low `cut` bytes of the word are those of `low` and the others those of `high`. */
static bool is_cut(uint64_t found, uint64_t low, uint64_t high, size_t bytes)
{
    for (size_t cut = 1; cut < bytes; cut++)
        if ((found & low_mask(cut)) == (low & low_mask(cut)) &&
            ((found ^ high) & low_mask(bytes) & ~low_mask(cut)) == 0)
            return true;
    return false;
}

/* The neighbour of a word that a border runs through must lie wholly on the same side as the bytes
 * next to it; otherwise a flipped bit would pass for a border too often. */
static bool is_side(const struct judgement *j, size_t neighbour, bool right, uint16_t *generation)
{
    struct place place = {0};
    if (neighbour >= message_words(j))
        return true;
    enum word_class class = classify(j, neighbour, &place);
    if (class == WORD_OLD || class == WORD_POISON)
        *generation = class == WORD_OLD ? place.generation : 0;
    return right ? class == WORD_RIGHT : class == WORD_OLD || class == WORD_POISON;
}

/* Whether one side of the border is the right message and the other poison or an earlier
 * generation: that of the neighbour, or where there is none, poison or the generation before. */
static bool is_border(const struct judgement *j, size_t word)
{
    size_t bytes = bytes_in(j, word);
    uint64_t found = found_at(j, j->slot, word);
    uint64_t right = message_word(j, j->pattern->generation, j->slot, word);
    for (int right_first = 0; right_first <= 1; right_first++) {
        uint16_t seen = generation_before(j->pattern->generation, 1);
        if (!is_side(j, word - 1, right_first, &seen) || !is_side(j, word + 1, !right_first, &seen))
            continue;
        const uint16_t generations[] = {seen, 0};
        for (int g = 0; g < 2; g++) {
            uint64_t old = message_word(j, generations[g], j->slot, word);
            if (right_first ? is_cut(found, right, old, bytes) : is_cut(found, old, right, bytes))
                return true;
        }
    }
    return false;
}

/* Bytes that moved by no multiple of a word's length cannot be told; but where moved words begin or
 * end, one word may hold both. */
static bool is_edge_of_moved(const struct judgement *j, size_t word)
{
    struct place place;
    bool before = word > 0 && classify(j, word - 1, &place) == WORD_MOVED;
    bool after = word + 1 < message_words(j) && classify(j, word + 1, &place) == WORD_MOVED;
    return before != after;
}

static bool is_at_home(const struct judgement *j, struct place place)
{
    return holds(j, place.word, found_at(j, place.slot, place.word), place);
}

static enum mcb_corruption verdict(const struct judgement *j)
{
    const size_t *counts = j->counts;
    size_t old = counts[WORD_OLD] + counts[WORD_POISON];
    if (counts[WORD_ODD] > 0)
        return MCB_CORRUPTION_DAMAGED;
    if (counts[WORD_MOVED] > 0)
        return j->alone ? MCB_CORRUPTION_MISPLACED : MCB_CORRUPTION_DOUBLED;
    if (counts[WORD_BORDER] > 0 || (counts[WORD_RIGHT] > 0 && old > 0))
        return MCB_CORRUPTION_TORN;
    if (old == 0)
        return MCB_CORRUPTION_DAMAGED; /* the message is right, the gap is not */
    return counts[WORD_OLD] > 0 ? MCB_CORRUPTION_STALE : MCB_CORRUPTION_LOST;
}

static enum mcb_corruption judge(struct judgement *j)
{
    for (size_t word = 0; word < message_words(j); word++) {
        struct place place = {0};
        enum word_class class = classify(j, word, &place);
        if (class == WORD_MOVED && !is_at_home(j, place))
            j->alone = true;
        if (class == WORD_ODD && is_edge_of_moved(j, word))
            continue;
        if (class == WORD_ODD && is_border(j, word))
            class = WORD_BORDER;
        j->counts[class]++;
    }
    return verdict(j);
}

static size_t differing_bytes(uint64_t difference, size_t *first)
{
    size_t count = 0;
    for (size_t byte = WORD_BYTES; byte-- > 0;)
        if ((difference >> (8 * byte) & 0xff) != 0) {
            *first = byte;
            count++;
        }
    return count;
}

static void report_slot(struct judgement *j, struct mcb_pattern_report *report)
{
    bool first_slot = report->first_kind == MCB_CORRUPTION_NONE;
    enum mcb_corruption kind = judge(j);
    report->messages[kind]++;
    if (first_slot) {
        report->first_kind = kind;
        report->first_slot = j->slot;
    }
    bool first_word = first_slot;
    for (size_t word = 0; word < j->area->stride_bytes / WORD_BYTES; word++) {
        uint64_t expected = expected_word(j, word);
        uint64_t found = load(mcb_area_slot(j->area, j->slot) + word * WORD_BYTES);
        size_t byte = 0;
        report->corrupt_bytes += differing_bytes(expected ^ found, &byte);
        if (expected == found || !first_word)
            continue;
        first_word = false;
        report->first_offset_bytes = word * WORD_BYTES + byte;
        report->first_expected = expected;
        report->first_found = found;
    }
}

bool mcb_pattern_check(const struct mcb_pattern *pattern, const struct mcb_area *area,
                       struct mcb_pattern_report *report)
{
    struct judgement start = {.pattern = pattern,
                              .area = area,
                              .words = area->slot_bytes / WORD_BYTES,
                              .tail_bytes = area->slot_bytes % WORD_BYTES};
    size_t gap = message_words(&start);
    bool all_right = true;
    for (uint32_t slot = 0; slot < area->slots && !is_stopped(area); slot++) {
        const uint8_t *bytes = mcb_area_slot(area, slot);
        struct judgement j = start;
        j.slot = slot;
        uint64_t base = slot_base(pattern->key, pattern->generation, slot);
        uint64_t difference = differing_words(bytes, base, 0, j.words);
        if (j.tail_bytes != 0)
            difference |= load(bytes + j.words * WORD_BYTES) ^ expected_word(&j, j.words);
        difference |= differing_words(bytes, slot_base(pattern->key, 0, slot), gap,
                                      area->stride_bytes / WORD_BYTES);
        report->checked_bytes += area->slot_bytes;
        if (difference == 0) {
            report->messages[MCB_CORRUPTION_NONE]++;
            continue;
        }
        all_right = false;
        report_slot(&j, report);
    }
    return all_right;
}
