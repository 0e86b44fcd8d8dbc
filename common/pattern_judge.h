/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MCB_COMMON_PATTERN_JUDGE_H
#define MCB_COMMON_PATTERN_JUDGE_H

/*
 * What a slot that is wrong holds: each word of it is given a class, and the counts of the classes
 * give the verdict on the message. Like pattern_words.h one text for CPU and GPU.
 *
 * A word is judged by itself and its neighbours alone, so that the words of a slot may be judged in
 * any order and by many threads, each with a tally of its own; the sum of the tallies (the least of
 * the first offsets) is the slot's.
 */

#include "common/pattern_words.h"

enum { MCB_PATTERN_TAIL_WINDOW = 127 };

enum mcb_word_class {
    MCB_WORD_RIGHT,
    MCB_WORD_POISON,
    MCB_WORD_OLD,
    MCB_WORD_MOVED,
    MCB_WORD_BORDER,
    MCB_WORD_ODD,
    MCB_WORD_CLASSES
};

/* Where a word belongs. */
struct mcb_word_place {
    uint16_t generation;
    uint32_t slot;
    size_t word;
};

struct mcb_pattern_tally {
    uint32_t counts[MCB_WORD_CLASSES]; /* words of the message */
    uint32_t alone;                    /* moved words that their own place does not hold */
    uint32_t corrupt_bytes;            /* gap included */
};

MCB_PATTERN_FN struct mcb_word_place mcb_word_place_at(uint16_t generation, uint32_t slot,
                                                       size_t word)
{
    struct mcb_word_place place;
    place.generation = generation;
    place.slot = slot;
    place.word = word;
    return place;
}

MCB_PATTERN_FN uint16_t mcb_generation_before(uint16_t generation, uint16_t steps)
{
    return (uint16_t)(generation > steps ? generation - steps
                                         : MCB_PATTERN_GENERATIONS + generation - steps);
}

/* Bytes of the message in a word of it. */
MCB_PATTERN_FN size_t mcb_word_bytes(const struct mcb_pattern_slot *s, size_t word)
{
    return word < s->words ? (size_t)MCB_PATTERN_WORD_BYTES : s->tail_bytes;
}

MCB_PATTERN_FN uint64_t mcb_word_found(const struct mcb_pattern_slot *s, uint32_t slot, size_t word)
{
    return mcb_pattern_found(s, slot, word) & mcb_pattern_low_mask(mcb_word_bytes(s, word));
}

MCB_PATTERN_FN bool mcb_word_holds(const struct mcb_pattern_slot *s, size_t word, uint64_t found,
                                   struct mcb_word_place place)
{
    return found == (mcb_pattern_message_word(s, place.generation, place.slot, place.word) &
                     mcb_pattern_low_mask(mcb_word_bytes(s, word)));
}

MCB_PATTERN_FN enum mcb_word_class mcb_word_class_of(const struct mcb_pattern_slot *s, size_t word,
                                                     struct mcb_word_place place)
{
    if (place.generation != s->generation)
        return MCB_WORD_OLD;
    return place.slot == s->slot && place.word == word ? MCB_WORD_RIGHT : MCB_WORD_MOVED;
}

MCB_PATTERN_FN enum mcb_word_class
mcb_word_classify_whole(const struct mcb_pattern_slot *s, size_t word, struct mcb_word_place *place)
{
    uint64_t found = mcb_word_found(s, s->slot, word);
    if (mcb_word_holds(s, word, found, mcb_word_place_at(0, s->slot, word)))
        return MCB_WORD_POISON;
    uint64_t plain = mcb_pattern_unmix(found) ^ s->key;
    *place = mcb_word_place_at((uint16_t)(plain >> 48), (uint32_t)(plain >> 24) & 0xffffff,
                               plain & 0xffffff);
    if (place->generation == 0 || place->slot >= s->slots || place->word >= s->words)
        return MCB_WORD_ODD;
    return mcb_word_class_of(s, word, *place);
}

MCB_PATTERN_FN bool mcb_tail_is(const struct mcb_pattern_slot *s, size_t word,
                                struct mcb_word_place at, struct mcb_word_place *place)
{
    if (at.slot >= s->slots || !mcb_word_holds(s, word, mcb_word_found(s, s->slot, word), at))
        return false;
    *place = at;
    return true;
}

/* A tail cannot be inverted. It is compared with what the word before it says (its generation, its
 * slot), then with those of near generations and slots. A single byte, with nothing to confirm it,
 * is compared with the nearest only. */
MCB_PATTERN_FN enum mcb_word_class mcb_word_classify_tail(const struct mcb_pattern_slot *s,
                                                          size_t word, struct mcb_word_place *place)
{
    uint16_t now = s->generation;
    struct mcb_word_place before = mcb_word_place_at(0, 0, 0);
    if (mcb_tail_is(s, word, mcb_word_place_at(now, s->slot, word), place))
        return MCB_WORD_RIGHT;
    if (mcb_tail_is(s, word, mcb_word_place_at(0, s->slot, word), place))
        return MCB_WORD_POISON;
    if (word > 0 && mcb_word_classify_whole(s, word - 1, &before) != MCB_WORD_ODD &&
        before.generation != 0 &&
        mcb_tail_is(s, word, mcb_word_place_at(before.generation, before.slot, word), place))
        return mcb_word_class_of(s, word, *place);
    uint16_t window = s->tail_bytes == 1 ? 1 : MCB_PATTERN_TAIL_WINDOW;
    for (uint16_t steps = 1; steps <= window; steps++) {
        uint16_t old = mcb_generation_before(now, steps);
        if (mcb_tail_is(s, word, mcb_word_place_at(old, s->slot, word), place) ||
            mcb_tail_is(s, word, mcb_word_place_at(now, s->slot - steps, word), place) ||
            mcb_tail_is(s, word, mcb_word_place_at(now, s->slot + steps, word), place))
            return mcb_word_class_of(s, word, *place);
    }
    return MCB_WORD_ODD;
}

MCB_PATTERN_FN enum mcb_word_class mcb_word_classify(const struct mcb_pattern_slot *s, size_t word,
                                                     struct mcb_word_place *place)
{
    return word < s->words ? mcb_word_classify_whole(s, word, place)
                           : mcb_word_classify_tail(s, word, place);
}

/* True if the low `cut` bytes of the word are those of `low` and the others those of `high`. */
MCB_PATTERN_FN bool mcb_word_is_cut(uint64_t found, uint64_t low, uint64_t high, size_t bytes)
{
    for (size_t cut = 1; cut < bytes; cut++) {
        uint64_t mask = mcb_pattern_low_mask(cut);
        if ((found & mask) == (low & mask) &&
            ((found ^ high) & mcb_pattern_low_mask(bytes) & ~mask) == 0)
            return true;
    }
    return false;
}

/* The neighbour of a word that a border runs through must lie wholly on the same side as the bytes
 * next to it; otherwise a flipped bit would pass for a border too often. */
MCB_PATTERN_FN bool mcb_word_is_side(const struct mcb_pattern_slot *s, size_t neighbour, bool right,
                                     uint16_t *generation)
{
    struct mcb_word_place place = mcb_word_place_at(0, 0, 0);
    if (neighbour >= mcb_pattern_message_words(s))
        return true;
    enum mcb_word_class found = mcb_word_classify(s, neighbour, &place);
    bool old = found == MCB_WORD_OLD || found == MCB_WORD_POISON;
    if (old)
        *generation = found == MCB_WORD_OLD ? place.generation : 0;
    return right ? found == MCB_WORD_RIGHT : old;
}

/* Whether one side of the border is the right message and the other poison or an earlier
 * generation: that of the neighbour, or where there is none, poison or the generation before. */
MCB_PATTERN_FN bool mcb_word_is_border(const struct mcb_pattern_slot *s, size_t word)
{
    size_t bytes = mcb_word_bytes(s, word);
    uint64_t found = mcb_word_found(s, s->slot, word);
    uint64_t right = mcb_pattern_message_word(s, s->generation, s->slot, word);
    for (int right_first = 0; right_first <= 1; right_first++) {
        uint16_t seen = mcb_generation_before(s->generation, 1);
        if (!mcb_word_is_side(s, word - 1, right_first, &seen) ||
            !mcb_word_is_side(s, word + 1, !right_first, &seen))
            continue;
        for (int poison = 0; poison <= 1; poison++) {
            uint64_t old = mcb_pattern_message_word(s, poison ? 0 : seen, s->slot, word);
            if (right_first ? mcb_word_is_cut(found, right, old, bytes)
                            : mcb_word_is_cut(found, old, right, bytes))
                return true;
        }
    }
    return false;
}

/* Bytes that moved by no multiple of a word's length cannot be told; but where moved words begin or
 * end, one word may hold both. */
MCB_PATTERN_FN bool mcb_word_is_edge_of_moved(const struct mcb_pattern_slot *s, size_t word)
{
    struct mcb_word_place place;
    bool before = word > 0 && mcb_word_classify(s, word - 1, &place) == MCB_WORD_MOVED;
    bool after = word + 1 < mcb_pattern_message_words(s) &&
                 mcb_word_classify(s, word + 1, &place) == MCB_WORD_MOVED;
    return before != after;
}

MCB_PATTERN_FN bool mcb_word_is_at_home(const struct mcb_pattern_slot *s,
                                        struct mcb_word_place place)
{
    return mcb_word_holds(s, place.word, mcb_word_found(s, place.slot, place.word), place);
}

/* Adds a word of the message to the tally. */
MCB_PATTERN_FN void mcb_word_judge(const struct mcb_pattern_slot *s, size_t word,
                                   struct mcb_pattern_tally *tally)
{
    struct mcb_word_place place = mcb_word_place_at(0, 0, 0);
    enum mcb_word_class found = mcb_word_classify(s, word, &place);
    if (found == MCB_WORD_MOVED && !mcb_word_is_at_home(s, place))
        tally->alone++;
    if (found == MCB_WORD_ODD && mcb_word_is_edge_of_moved(s, word))
        return;
    if (found == MCB_WORD_ODD && mcb_word_is_border(s, word))
        found = MCB_WORD_BORDER;
    tally->counts[found]++;
}

/* The bytes that are not zero, and the first of them. */
MCB_PATTERN_FN uint32_t mcb_word_differing_bytes(uint64_t difference, uint32_t *first)
{
    uint32_t count = 0;
    for (uint32_t byte = MCB_PATTERN_WORD_BYTES; byte-- > 0;)
        if ((difference >> (8 * byte) & 0xff) != 0) {
            *first = byte;
            count++;
        }
    return count;
}

/* What a message counts for that was found wrong. None of its bytes may be wrong any more by the
 * time that they are counted; it was wrong when it should have been right all the same. */
MCB_PATTERN_FN uint32_t mcb_pattern_corrupt_bytes(const struct mcb_pattern_tally *tally)
{
    return tally->corrupt_bytes > 0 ? tally->corrupt_bytes : 1;
}

/* The verdict on a message of which at least one byte, or one of the gap after it, is wrong. */
MCB_PATTERN_FN enum mcb_corruption mcb_pattern_verdict(const struct mcb_pattern_tally *tally)
{
    const uint32_t *counts = tally->counts;
    uint32_t old = counts[MCB_WORD_OLD] + counts[MCB_WORD_POISON];
    if (counts[MCB_WORD_ODD] > 0)
        return MCB_CORRUPTION_DAMAGED;
    if (counts[MCB_WORD_MOVED] > 0)
        return tally->alone > 0 ? MCB_CORRUPTION_MISPLACED : MCB_CORRUPTION_DOUBLED;
    if (counts[MCB_WORD_BORDER] > 0 || (counts[MCB_WORD_RIGHT] > 0 && old > 0))
        return MCB_CORRUPTION_TORN;
    if (old == 0)
        return MCB_CORRUPTION_DAMAGED; /* the gap is wrong, or what was wrong is so no more */
    return counts[MCB_WORD_OLD] > 0 ? MCB_CORRUPTION_STALE : MCB_CORRUPTION_LOST;
}

#endif
