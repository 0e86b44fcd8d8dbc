/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MCB_COMMON_PATTERN_WORDS_H
#define MCB_COMMON_PATTERN_WORDS_H

/*
 * The words of the pattern (pattern.h defines them): which value stands where.
 *
 * One text for C, C++ and the kernels of GPUs, so that all write and expect the same bytes. A slot
 * is seen as stride / 8 words: whole words of the message, at most one word that the end of the
 * message cuts (its first bytes are the tail, the rest belongs to the gap), and words of the gap.
 * mcb_pattern_expected() is that view in one place.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "common/corruption.h"

/* The words of an area lie at multiples of 8. A GPU must know it, or it takes each byte by itself;
 * a compiler for CPUs makes slower loops when it does. */
#ifdef __CUDACC__
#define MCB_PATTERN_FN            static __host__ __device__ inline
#define MCB_PATTERN_ALIGNED(word) __builtin_assume_aligned(word, 8)
#else
#define MCB_PATTERN_FN            static inline
#define MCB_PATTERN_ALIGNED(word) (word)
#endif

#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
#define MCB_PATTERN_LITTLE(value) (value)
#else
#define MCB_PATTERN_LITTLE(value) __builtin_bswap64(value)
#endif

enum {
    MCB_PATTERN_WORD_BYTES = 8,
    /* Prime to 255, so that they reach all values; neither they nor they + 1 (where the sum wraps)
     * are powers of two, so that a flipped bit never looks like the next generation or slot. */
    MCB_PATTERN_TAIL_VALUES = 255,
    MCB_PATTERN_TAIL_GENERATION_STEP = 11,
    MCB_PATTERN_TAIL_SLOT_STEP = 26
};

/* A slot of an area, and the pattern that it should hold. */
struct mcb_pattern_slot {
    uint64_t key;
    const uint8_t *base; /* of the area */
    size_t stride_bytes;
    size_t words;      /* whole words of a message */
    size_t tail_bytes; /* 0..7 */
    uint32_t slots;    /* of the area */
    uint32_t slot;
    uint16_t generation;
};

MCB_PATTERN_FN uint64_t mcb_pattern_mix(uint64_t value)
{
    value = (value ^ (value >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    value = (value ^ (value >> 27)) * UINT64_C(0x94d049bb133111eb);
    return value ^ (value >> 31);
}

/* The steps of the mixer backwards, with the inverses of its factors modulo 2^64. */
MCB_PATTERN_FN uint64_t mcb_pattern_unmix(uint64_t value)
{
    value = (value ^ (value >> 31) ^ (value >> 62)) * UINT64_C(0x319642b2d24d8ec3);
    value = (value ^ (value >> 27) ^ (value >> 54)) * UINT64_C(0x96de1b173f119089);
    return value ^ (value >> 30) ^ (value >> 60);
}

MCB_PATTERN_FN uint64_t mcb_pattern_load(const uint8_t *bytes)
{
    uint64_t value;
    memcpy(&value, MCB_PATTERN_ALIGNED(bytes), sizeof value);
    return MCB_PATTERN_LITTLE(value);
}

MCB_PATTERN_FN void mcb_pattern_store(uint8_t *bytes, uint64_t value)
{
    value = MCB_PATTERN_LITTLE(value);
    memcpy(MCB_PATTERN_ALIGNED(bytes), &value, sizeof value);
}

/* The lowest `count` bytes of a word, 0..8. */
MCB_PATTERN_FN uint64_t mcb_pattern_low_mask(size_t count)
{
    return count >= MCB_PATTERN_WORD_BYTES ? UINT64_MAX : (UINT64_C(1) << (8 * count)) - 1;
}

/* mix(base ^ word) is the word: generation and slot are the same for a whole slot. */
MCB_PATTERN_FN uint64_t mcb_pattern_base(uint64_t key, uint16_t generation, uint32_t slot)
{
    return ((uint64_t)generation << 48 | (uint64_t)slot << 24) ^ key;
}

MCB_PATTERN_FN uint64_t mcb_pattern_whole_word(uint64_t key, uint16_t generation, uint32_t slot,
                                               size_t word)
{
    return mcb_pattern_mix(mcb_pattern_base(key, generation, slot) ^ word);
}

/* The word that the end of a message cuts: the rule of pattern.h for its first byte. */
MCB_PATTERN_FN uint64_t mcb_pattern_tail_word(uint64_t key, uint16_t generation, uint32_t slot,
                                              size_t word)
{
    uint8_t first = (uint8_t)mcb_pattern_mix(key);
    if (generation != 0)
        first = (uint8_t)(first + 1 +
                          (MCB_PATTERN_TAIL_GENERATION_STEP * generation +
                           MCB_PATTERN_TAIL_SLOT_STEP * slot) %
                              MCB_PATTERN_TAIL_VALUES);
    return (mcb_pattern_whole_word(key, generation, slot, word) & ~UINT64_C(0xff)) | first;
}

/* Words that hold bytes of the message. */
MCB_PATTERN_FN size_t mcb_pattern_message_words(const struct mcb_pattern_slot *s)
{
    return s->words + (s->tail_bytes != 0);
}

MCB_PATTERN_FN uint64_t mcb_pattern_message_word(const struct mcb_pattern_slot *s,
                                                 uint16_t generation, uint32_t slot, size_t word)
{
    return word < s->words ? mcb_pattern_whole_word(s->key, generation, slot, word)
                           : mcb_pattern_tail_word(s->key, generation, slot, word);
}

/* What stands at a word of a slot that is right, gap included. */
MCB_PATTERN_FN uint64_t mcb_pattern_expected(const struct mcb_pattern_slot *s, size_t word)
{
    if (word < s->words)
        return mcb_pattern_message_word(s, s->generation, s->slot, word);
    if (word > s->words || s->tail_bytes == 0)
        return mcb_pattern_whole_word(s->key, 0, s->slot, word);
    uint64_t mask = mcb_pattern_low_mask(s->tail_bytes);
    return (mcb_pattern_message_word(s, s->generation, s->slot, word) & mask) |
           (mcb_pattern_message_word(s, 0, s->slot, word) & ~mask);
}

/* What stands at a word of any slot of the area. */
MCB_PATTERN_FN uint64_t mcb_pattern_found(const struct mcb_pattern_slot *s, uint32_t slot,
                                          size_t word)
{
    return mcb_pattern_load(s->base + (size_t)slot * s->stride_bytes +
                            word * MCB_PATTERN_WORD_BYTES);
}

#endif
