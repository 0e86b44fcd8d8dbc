/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MCB_COMMON_JSON_H
#define MCB_COMMON_JSON_H

/*
 * JSON that came from somebody else, read with every access checked; and files written safely.
 *
 * On top of jansson. The getters name the member in the error's detail and set their output after
 * success only. `fault` is the code that a wrong document means where the caller stands
 * (NET_PROTOCOL for a peer's message, ETCD_ANSWER, USE_FILE, ...).
 */

#include <jansson.h>
#include <stdint.h>
#include <stdio.h>

#include "common/fault.h"

/* Text to a value. More than most_bytes, nesting deeper than jansson's limit, duplicate keys, a NUL
 * in a string and trailing text are refused. what: "the message of rank 1". NULL and *error on
 * failure. */
json_t *mcb_json_parse(const char *text, size_t length, size_t most_bytes, const char *what,
                       enum mcb_fault_code fault, struct mcb_error *error);

/* Replaces by '?' what is no ASCII: jansson quotes what it stumbled over, which may be half a
 * character. Returns text. */
char *mcb_json_keep_ascii(char *text);

/* A file's content; larger than most_bytes is refused, and a pipe that has not ended within a
 * minute. An interrupt ends it with RUN_INTERRUPTED. */
json_t *mcb_json_read_file(const char *path, size_t most_bytes, enum mcb_fault_code fault,
                           struct mcb_error *error);

/* Required members. The string is borrowed from object and shorter than size_max characters. */
int mcb_json_get_string(const json_t *object, const char *key, size_t size_max, const char **value,
                        enum mcb_fault_code fault, struct mcb_error *error);
int mcb_json_get_integer(const json_t *object, const char *key, int64_t least, int64_t most,
                         int64_t *value, enum mcb_fault_code fault, struct mcb_error *error);
/* 64-bit unsigned values do not fit JSON numbers everywhere: they travel as "0x..." strings. */
int mcb_json_get_hex64(const json_t *object, const char *key, uint64_t *value,
                       enum mcb_fault_code fault, struct mcb_error *error);
int mcb_json_get_array(const json_t *object, const char *key, size_t least, size_t most,
                       json_t **array, enum mcb_fault_code fault, struct mcb_error *error);
int mcb_json_get_object(const json_t *object, const char *key, json_t **value,
                        enum mcb_fault_code fault, struct mcb_error *error);

/* A new string value "0x1f..." (16 digits). */
json_t *mcb_json_hex64(uint64_t value);

/* A member that is a string, borrowed; "" for any other, for none, and where there is no object. */
const char *mcb_json_text(const json_t *object, const char *key);

/* New values, and null for what is not known: NULL and "", 0 and less. Text that is no UTF-8 and
 * numbers that JSON cannot hold are not known either. */
json_t *mcb_json_text_or_null(const char *text);
json_t *mcb_json_positive_or_null(double value);
json_t *mcb_json_count_or_null(uint64_t count);

/* {"id","title","detail","cause","fix"}; null for no fault. New reference. */
json_t *mcb_json_from_error(const struct mcb_error *error);
/* The reverse, for an error that a peer sent: unknown ids become JOB_PEER_FAILED. */
void mcb_json_to_error(const json_t *value, struct mcb_error *error);

/* Writes a value and a line feed, as files and screens get it: indented, 15 significant digits
 * (388.1 stays 388.1), and in ASCII, so that no character of a foreign document can steer a
 * terminal. A stream that cannot be written is for the caller to find with ferror(). -1: it was not
 * written whole. */
int mcb_json_print(FILE *stream, const json_t *value);

/* The value alone, on one line without blanks, and as mcb_json_print() writes it else. -1: it was
 * not written whole. */
int mcb_json_print_compact(FILE *stream, const json_t *value);

/* Writes a value, as mcb_json_print() does, with mcb_file_write(). Faults: HOST_OUTPUT,
 * RUN_INTERRUPTED. */
int mcb_json_write_file(const char *path, const json_t *value, struct mcb_error *error);

#endif
