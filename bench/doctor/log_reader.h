/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MCB_BENCH_DOCTOR_LOG_READER_H
#define MCB_BENCH_DOCTOR_LOG_READER_H

/*
 * The lines of a file or pipe of any size, in memory that does not grow with it.
 *
 * A line that is longer than MCB_LOG_PIECE_MAX comes in pieces that overlap by
 * MCB_LOG_OVERLAP bytes, so that no text that is shorter than this is cut. A last line without its
 * end is a line. Of empty lines in a row all are counted and one is handed on. Compressed files are
 * not known: zcat FILE | mcbench explain.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/fault.h"

enum { MCB_LOG_PIECE_MAX = 64 * 1024, MCB_LOG_OVERLAP = 512 };

struct mcb_log_piece {
    const char *text; /* of a line, without "\n" or "\r\n"; valid until the next one */
    size_t length;
    uint64_t number;   /* of the line, from 1 */
    bool is_continued; /* not the first of its line */
    bool goes_on;      /* not the last: its last MCB_LOG_OVERLAP bytes come again */
};

struct mcb_log_reader_calls {
    void *context;
    /* -1 ends the reading, with *error. */
    int (*piece)(void *context, const struct mcb_log_piece *piece, struct mcb_error *error);
    /* Bytes read so far, after each block; NULL is allowed. */
    void (*progress)(void *context, uint64_t bytes);
};

struct mcb_log_size {
    uint64_t lines, bytes;
};

/* Reads fd until its end. name: for messages. A pipe may take its time, which
 * mcb_interrupt_flag() ends. *size is set on failure too. Faults: USE_FILE, RUN_INTERRUPTED,
 * HOST_MEMORY, those of piece(). */
int mcb_log_reader_run(int fd, const char *name, const struct mcb_log_reader_calls *calls,
                       struct mcb_log_size *size, struct mcb_error *error);

#endif
