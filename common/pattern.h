/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MCB_COMMON_PATTERN_H
#define MCB_COMMON_PATTERN_H

/*
 * Bytes that say where and when they belong, so that what arrived can be proved.
 *
 * Every 8-byte word of a message encodes (generation, slot, word index in the message) through a
 * bijective 64-bit mixer and a key of the path. It is different at every offset, in every message
 * and in every trial, and because the mixer can be inverted, a word that is wrong still tells what
 * it is:
 *
 *   plain = generation << 48 | slot << 24 | word        (16 + 24 + 24 bits)
 *   bytes = little-endian mix(plain ^ key)
 *   mix   = the finalizer of splitmix64 (Vigna 2015)
 *
 * The largest message is 8 * 2^24 bytes = 128 MiB, the largest area 2^24 slots. Generations count
 * 1..MCB_PATTERN_GENERATIONS and then start again. Generation 0 is the poison that the target is
 * filled with before.
 *
 * A message whose size is no multiple of 8 ends with the first 1 to 7 bytes of its last word, the
 * tail. A few bytes of a mixed word could be equal by chance (one byte: once in 256 slots), so that
 * a lost or late tail would go unseen. Therefore the first byte of a tail is
 *
 *   poison:      k                                                k = low byte of mix(key)
 *   generation:  k + 1 + (11 * generation + 26 * slot) mod 255    modulo 256
 *
 * and is never the poison, nor equal for two generations that lie less than 255 apart, nor for two
 * slots that lie less than 255 apart. Lost and stale tails are thus always seen. What a tail of a
 * message of less than 8 bytes was, is told from the generations and slots up to 127 away; where
 * the message is a single byte, from the generation before and the two neighbouring slots alone: a
 * byte has 256 values, and every other wrong one is called damaged. For the same reason messages
 * of one byte do not prove that they came by the right path: two keys in 256 agree on k.
 *
 * What check() tells apart, message (slot) by message:
 *   lost       all of it still holds the poison
 *   stale      all of it holds an earlier generation
 *   misplaced  it holds words of this generation that belong to another slot or offset, whose own
 *              place does not hold them
 *   doubled    the same, but their own place holds them too
 *   torn       one part is right, the rest is poison or an earlier generation (the border may lie
 *              inside a word)
 *   damaged    anything else (flipped bits, foreign data, a gap between slots that was written to)
 *
 * A wrong slot is read again to be judged. Bytes that were late and have come in between are right
 * by then: such a message is damaged by one byte, at offset 0, where what is found may be what is
 * expected.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/buffer.h"
#include "common/corruption.h"

struct mcb_pattern {
    uint64_t key;        /* the same on both sides, different for every path and direction */
    uint16_t generation; /* 1..MCB_PATTERN_GENERATIONS */
};

struct mcb_pattern_report {
    uint64_t checked_bytes; /* payload */
    uint64_t corrupt_bytes; /* bytes that differ from what was expected, gaps too; at least 1 for
                               each message that is not right */
    uint64_t messages[MCB_CORRUPTION_KINDS]; /* slots by verdict */
    enum mcb_corruption first_kind;          /* of the first wrong slot */
    uint32_t first_slot;
    size_t first_offset_bytes;            /* of the first wrong byte in that slot */
    uint64_t first_expected, first_found; /* the 8 bytes around it, as loaded little-endian */
};

/* "lost", "stale", ...; "none" for MCB_CORRUPTION_NONE. */
const char *mcb_corruption_name(enum mcb_corruption kind);

/* A key from the identity of a path ("job/initiator/target/out"): FNV-1a 64, mixed. */
uint64_t mcb_pattern_key(const char *identity);

/* Writes the pattern to every slot of the area; bytes between slots are left alone. For these and
 * check(): stride_bytes is what mcb_area_stride() gives. */
void mcb_pattern_fill(const struct mcb_pattern *pattern, const struct mcb_area *area);

/* Writes the poison (generation 0 of the key) to every slot and to the gaps between them. */
void mcb_pattern_poison(uint64_t key, const struct mcb_area *area);

/* Compares every slot of the area and adds to *report, which the caller zeroes before the first
 * call. Gaps between slots must still hold the poison: a changed gap counts as damaged. Returns
 * true if all bytes are right. The fast path compares only; the classification runs on wrong slots
 * alone. */
bool mcb_pattern_check(const struct mcb_pattern *pattern, const struct mcb_area *area,
                       struct mcb_pattern_report *report);

#endif
