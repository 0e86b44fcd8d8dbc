/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MCB_BENCH_DOCTOR_EXPLAIN_UNKNOWN_H
#define MCB_BENCH_DOCTOR_EXPLAIN_UNKNOWN_H

/*
 * Errors that no text of the catalogue knows: lines of one host that differ in numbers, addresses
 * and keys only are of one kind, of which the first line is kept and the others are counted. The
 * table is bounded: when it is full, lines of further kinds are counted together.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/fault.h"

enum { MCB_EXPLAIN_KINDS_MAX = 512, MCB_EXPLAIN_PATTERN_MAX = 160, MCB_EXPLAIN_TEXT_MAX = 400 };

/* A line as it is kept: of a long one the part where its error is. */
struct mcb_explain_line {
    size_t log; /* index of its log */
    uint64_t number;
    char *text; /* any bytes but NUL */
};

/* When a line was written. */
struct mcb_explain_moment {
    int64_t wall_us;   /* MCB_LOG_NO_TIME: not known */
    int64_t uptime_us; /* since the host was started; -1: not known */
};

struct mcb_explain_kind {
    char pattern[MCB_EXPLAIN_PATTERN_MAX]; /* "#" for each number */
    char *host;
    struct mcb_explain_line line; /* the first one, in time */
    struct mcb_explain_moment when;
    uint64_t count;
    size_t last_log; /* that one of its lines was read from */
};

struct mcb_explain_unknowns {
    struct mcb_explain_kind *kinds; /* as they were met; in the end in time */
    size_t count;
    uint16_t
        slots[2 * MCB_EXPLAIN_KINDS_MAX]; /* by pattern and host: index of a kind + 1; 0: free */
    uint64_t beyond;                      /* lines of kinds that had no room */
};

/* What Python says between two tracebacks is no error of its own. */
bool mcb_explain_is_between_tracebacks(const char *message, size_t length);

/* Of a line that does not say how bad it is: "ValueError: ...", "fatal: ..." */
bool mcb_explain_sounds_like_error(const char *message, size_t length);

/* Writes the pattern of a message into pattern: digits with what belongs to them (hexadecimal
 * digits, dots and colons of addresses) become "#". Returns pattern. */
char *mcb_explain_pattern(const char *message, size_t length,
                          char pattern[MCB_EXPLAIN_PATTERN_MAX]);

/* Counts a line of that pattern and host. *kind becomes its kind, which wants a line and a moment
 * if this is its first; NULL: there is no room. Fault: HOST_MEMORY. */
int mcb_explain_unknowns_add(struct mcb_explain_unknowns *unknowns, const char *pattern,
                             const char *host, struct mcb_explain_kind **kind,
                             struct mcb_error *error);

void mcb_explain_unknowns_release(struct mcb_explain_unknowns *unknowns);

/* The part of a line that is kept, from a little before byte `at` if the line is long; "…" stands
 * for what is left out, "?" for NUL. For free(); NULL: no memory. */
char *mcb_explain_excerpt(const char *line, size_t length, size_t at);

#endif
