/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MCB_COMMON_CORRUPTION_H
#define MCB_COMMON_CORRUPTION_H

/*
 * What can be wrong with a message, and the bounds of the pattern that tells (pattern.h says what
 * each means). Apart from it, so that the kernels of GPUs can be compiled with them too.
 */

enum { MCB_PATTERN_GENERATIONS = 0xffff, MCB_PATTERN_SLOTS_MAX = 1 << 24 };
#define MCB_PATTERN_SIZE_MAX ((size_t)8 << 24)

enum mcb_corruption {
    MCB_CORRUPTION_NONE,
    MCB_CORRUPTION_LOST,
    MCB_CORRUPTION_STALE,
    MCB_CORRUPTION_MISPLACED,
    MCB_CORRUPTION_DOUBLED,
    MCB_CORRUPTION_TORN,
    MCB_CORRUPTION_DAMAGED,
    MCB_CORRUPTION_KINDS
};

#endif
