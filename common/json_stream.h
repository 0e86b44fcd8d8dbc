/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MCB_COMMON_JSON_STREAM_H
#define MCB_COMMON_JSON_STREAM_H

/*
 * JSON of which not all is to be in memory at once: read from a file, a pipe or a device piece by
 * piece. The caller follows what holds the values together (braces, commas), each value comes from
 * jansson, refused for the same reasons as by mcb_json_parse().
 *
 * In memory are 128 KiB of the file and the value or line that is asked for. Every failure is
 * `fault` (RUN_INTERRUPTED if that ended it) and names the path, and line and column where the text
 * is to blame; after one the stream is of no more use.
 */

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

#include "common/fault.h"

struct mcb_json_stream;

/* path: outlives the stream. A folder, a file of more than most_bytes (a multiple of 1 GiB) and an
 * empty one are refused. A pipe that has a writer is
 * waited for, a minute at most each time. */
int mcb_json_stream_open(const char *path, size_t most_bytes, enum mcb_fault_code fault,
                         struct mcb_json_stream **stream, struct mcb_error *error);

/* NULL is fine. */
void mcb_json_stream_close(struct mcb_json_stream *stream);

/* Skips blanks and sets *next to the byte after them, which stays; to EOF where the text ends. */
int mcb_json_stream_peek(struct mcb_json_stream *stream, int *next, struct mcb_error *error);

/* Skips blanks, and takes the one of the expected bytes ("]," are two) that comes next. Any other
 * is an error. */
int mcb_json_stream_take(struct mcb_json_stream *stream, const char *expected, int *taken,
                         struct mcb_error *error);

/* Skips blanks; whatever comes after them is an error. */
int mcb_json_stream_end(struct mcb_json_stream *stream, struct mcb_error *error);

/* Takes the next value, of whatever kind. New reference; NULL: failed. */
json_t *mcb_json_stream_value(struct mcb_json_stream *stream, struct mcb_error *error);

/* Takes the next line and sets *text to it, without its end; NULL: there is none that has an end.
 * *text is borrowed until the next call. */
int mcb_json_stream_line(struct mcb_json_stream *stream, const char **text, size_t *length,
                         struct mcb_error *error);

/* The number of the line, from 1, that the next byte is in. */
size_t mcb_json_stream_line_number(struct mcb_json_stream *stream);

/* An error at the next byte: "run.json: not JSON (line 3, column 8): what is wrong". Returns -1. */
int mcb_json_stream_reject(struct mcb_json_stream *stream, const char *problem,
                           struct mcb_error *error);

#endif
