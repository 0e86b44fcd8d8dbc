/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MCB_BENCH_DOCTOR_LOG_MATCH_H
#define MCB_BENCH_DOCTOR_LOG_MATCH_H

/*
 * Which fault of the catalogue a line of a log speaks of.
 *
 * All texts of the catalogue (struct mcb_fault, `texts`) are searched at once, letter case ignored,
 * in one pass over the line, which takes less than a nanosecond a byte. A text wants a piece
 * without "*" of at least five bytes; others are found too, but slow down every line. The line of
 * mcbench itself that names an id ("[MCB-RDMA-011]") is known by it, whatever else it says. A text
 * that is nothing but the name of an errno ("connection refused") counts only where no other is:
 * "Error from etcd client: context deadline exceeded" speaks of etcd. Besides there are marks:
 * words that may mean an error which no text of the catalogue knows ("error", "traceback", ...).
 */

#include <stdbool.h>
#include <stddef.h>

#include "common/fault.h"

enum mcb_log_text_kind {
    MCB_LOG_TEXT_FAULT,     /* a text of the catalogue, in lower case; "*" is anything */
    MCB_LOG_TEXT_BARE,      /* one that is only the name of an errno */
    MCB_LOG_TEXT_MARK,      /* a word that may mean an error */
    MCB_LOG_TEXT_TRACEBACK, /* what a traceback of Python begins with */
    MCB_LOG_TEXT_NIC,       /* Mooncake tells which GID a NIC has */
    MCB_LOG_TEXT_ID         /* what an id of mcbench begins with */
};

struct mcb_log_text {
    const char *text;
    size_t length;
    enum mcb_log_text_kind kind;
    enum mcb_fault_code code; /* of a text of the catalogue */
};

struct mcb_log_hit {
    enum mcb_fault_code code; /* MCB_FAULT_NONE: no text of the catalogue */
    size_t at;         /* the byte of the line where the text, or one of its pieces, begins */
    bool has_id;       /* told by its id */
    bool is_marked;    /* a mark is in the line */
    bool is_traceback; /* a traceback of Python begins */
    bool is_nic;       /* a NIC is told, with its LID and GID */
};

struct mcb_log_match;

/* Of the texts of the catalogue, the id and the marks. For mcb_log_match_free(). Fault:
 * HOST_MEMORY. */
struct mcb_log_match *mcb_log_match_of_catalogue(struct mcb_error *error);

/* Of these texts, which are copied. Fault: HOST_MEMORY. */
struct mcb_log_match *mcb_log_match_make(const struct mcb_log_text *texts, size_t count,
                                         struct mcb_error *error);

/* A line without its end; any bytes. True if there is a hit, a mark or a NIC. Of several texts that
 * are in the line, the one with the most bytes other than "*" wins, of equal ones the first; a bare
 * one only over bare ones. */
bool mcb_log_match_line(const struct mcb_log_match *match, const char *line, size_t length,
                        struct mcb_log_hit *hit);

/* NULL is allowed. */
void mcb_log_match_free(struct mcb_log_match *match);

#endif
