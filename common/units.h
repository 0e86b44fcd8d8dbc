/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MCB_COMMON_UNITS_H
#define MCB_COMMON_UNITS_H

/*
 * Sizes, durations and numbers as people write them, and back.
 *
 * Sizes: a whole number with an optional unit: B, KiB, MiB, GiB, TiB (powers of 1024; the short
 * forms K, M, G, T mean the same) and KB, MB, GB, TB (powers of 1000). Letter case does not matter.
 * Durations: a decimal number with us, ms, s, min or h; none means s.
 * Every parser takes the whole text or fails (errno-free): no sign, no blanks, no trailing text,
 * overflow is an error. They return 0 or -1 and set the output after success only.
 */

#include <stddef.h>
#include <stdint.h>

int mcb_units_parse_size(const char *text, uint64_t *size_bytes);
int mcb_units_parse_duration(const char *text, int64_t *duration_ns);
int mcb_units_parse_unsigned(const char *text, uint64_t most, uint64_t *value);

/* A list of sizes: "64KiB", "4KiB,1MiB", "2..8MiB" (2 B to 8 MiB: doubles from the first; the last
 * is always there, also where doubling does not meet it). Duplicates are dropped, order is kept. At
 * most `most` sizes; *count is set. */
int mcb_units_parse_sizes(const char *text, uint64_t *sizes, size_t most, size_t *count);

/* "64 KiB", "1.5 MiB", "3 B": exact where it can be, else one decimal. Returns text. */
char *mcb_units_format_size(uint64_t size_bytes, char *text, size_t text_size);

/* "850 us", "2.0 ms", "55 s", "3 min 20 s". Returns text. */
char *mcb_units_format_duration(int64_t duration_ns, char *text, size_t text_size);

#endif
