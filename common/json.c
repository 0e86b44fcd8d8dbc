/* SPDX-License-Identifier: Apache-2.0 */
#include "common/json.h"

#include <ctype.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/clock.h"
#include "common/file.h"

/* For a command in the place of a file, <(ssh n7 mcbench topo --priority-matrix). */
#define PIPE_TIMEOUT_NS (60 * MCB_NS_PER_S)

/* ---- reading ---- */

char *mcb_json_keep_ascii(char *text)
{
    for (char *at = text; *at; at++)
        if ((unsigned char)*at >= 0x80)
            *at = '?';
    return text;
}

json_t *mcb_json_parse(const char *text, size_t length, size_t most_bytes, const char *what,
                       enum mcb_fault_code fault, struct mcb_error *error)
{
    if (length > most_bytes) {
        mcb_error_set(error, fault, "%s: %zu bytes, at most %zu are accepted", what, length,
                      most_bytes);
        return NULL;
    }
    json_error_t problem;
    json_t *value = json_loadb(text, length, JSON_REJECT_DUPLICATES | JSON_DECODE_ANY, &problem);
    if (!value) {
        mcb_json_keep_ascii(problem.text);
        mcb_error_set(error, fault, "%s: not JSON (line %d, column %d): %s", what, problem.line,
                      problem.column, problem.text);
    }
    return value;
}

json_t *mcb_json_read_file(const char *path, size_t most_bytes, enum mcb_fault_code fault,
                           struct mcb_error *error)
{
    size_t length;
    char *text = mcb_file_read(path, most_bytes, PIPE_TIMEOUT_NS, fault, &length, error);
    if (!text)
        return NULL;
    json_t *value = mcb_json_parse(text, length, most_bytes, path, fault, error);
    free(text);
    return value;
}

/* The member of that type. Borrowed; NULL and *error if there is none. */
static json_t *get_member(const json_t *object, const char *key, json_type type,
                          const char *expected, enum mcb_fault_code fault, struct mcb_error *error)
{
    if (!json_is_object(object)) {
        mcb_error_set(error, fault, "\"%s\": an object with this member was expected", key);
        return NULL;
    }
    json_t *value = json_object_get(object, key);
    if (value && json_typeof(value) == type)
        return value;
    mcb_error_set(error, fault, "\"%s\": %s; %s was expected", key,
                  value ? "of the wrong type" : "missing", expected);
    return NULL;
}

int mcb_json_get_string(const json_t *object, const char *key, size_t size_max, const char **value,
                        enum mcb_fault_code fault, struct mcb_error *error)
{
    json_t *member = get_member(object, key, JSON_STRING, "a string", fault, error);
    if (!member)
        return -1;
    if (json_string_length(member) >= size_max)
        return mcb_error_set(error, fault, "\"%s\": %zu bytes long, fewer than %zu were expected",
                             key, json_string_length(member), size_max);
    *value = json_string_value(member);
    return 0;
}

int mcb_json_get_integer(const json_t *object, const char *key, int64_t least, int64_t most,
                         int64_t *value, enum mcb_fault_code fault, struct mcb_error *error)
{
    json_t *member = get_member(object, key, JSON_INTEGER, "a whole number", fault, error);
    if (!member)
        return -1;
    int64_t number = json_integer_value(member);
    if (number < least || number > most)
        return mcb_error_set(error, fault,
                             "\"%s\": %" PRId64 "; %" PRId64 " to %" PRId64 " was expected", key,
                             number, least, most);
    *value = number;
    return 0;
}

int mcb_json_get_hex64(const json_t *object, const char *key, uint64_t *value,
                       enum mcb_fault_code fault, struct mcb_error *error)
{
    const char *text;
    if (mcb_json_get_string(object, key, sizeof "0x0123456789abcdef", &text, fault, error))
        return -1;
    size_t digits = strncmp(text, "0x", 2) == 0 ? strspn(text + 2, "0123456789abcdefABCDEF") : 0;
    if (digits == 0 || text[2 + digits])
        return mcb_error_set(error, fault, "\"%s\": \"%s\"; 0x and up to 16 digits were expected",
                             key, text);
    *value = strtoull(text + 2, NULL, 16);
    return 0;
}

int mcb_json_get_array(const json_t *object, const char *key, size_t least, size_t most,
                       json_t **array, enum mcb_fault_code fault, struct mcb_error *error)
{
    json_t *member = get_member(object, key, JSON_ARRAY, "an array", fault, error);
    if (!member)
        return -1;
    size_t size = json_array_size(member);
    if (size < least || size > most)
        return mcb_error_set(error, fault, "\"%s\": %zu elements; %zu to %zu were expected", key,
                             size, least, most);
    *array = member;
    return 0;
}

int mcb_json_get_object(const json_t *object, const char *key, json_t **value,
                        enum mcb_fault_code fault, struct mcb_error *error)
{
    json_t *member = get_member(object, key, JSON_OBJECT, "an object", fault, error);
    if (!member)
        return -1;
    *value = member;
    return 0;
}

json_t *mcb_json_hex64(uint64_t value)
{
    char text[sizeof "0x0123456789abcdef"];
    snprintf(text, sizeof text, "0x%016" PRIx64, value);
    return json_string(text);
}

const char *mcb_json_text(const json_t *object, const char *key)
{
    const char *text = json_string_value(json_object_get(object, key));
    return text ? text : "";
}

static json_t *value_or_null(json_t *value)
{
    return value ? value : json_null();
}

json_t *mcb_json_text_or_null(const char *text)
{
    return value_or_null(text && text[0] ? json_string(text) : NULL);
}

json_t *mcb_json_positive_or_null(double value)
{
    return value_or_null(value > 0 ? json_real(value) : NULL); /* which infinity cannot be */
}

json_t *mcb_json_count_or_null(uint64_t count)
{
    return value_or_null(count > 0 && count <= INT64_MAX ? json_integer((json_int_t)count) : NULL);
}

/* ---- faults ---- */

/* A detail may quote bytes from a file name or a host that are not UTF-8. */
static json_t *string_from_detail(const char *detail)
{
    json_t *value = json_string(detail);
    if (value)
        return value;
    char plain[MCB_ERROR_DETAIL_MAX];
    snprintf(plain, sizeof plain, "%s", detail);
    mcb_json_keep_ascii(plain);
    return json_string(plain);
}

json_t *mcb_json_from_error(const struct mcb_error *error)
{
    if (error->code == MCB_FAULT_NONE)
        return json_null();
    const struct mcb_fault *fault = mcb_fault_get(error->code);
    char fix[MCB_FAULT_FIX_MAX];
    return json_pack("{s:s, s:s, s:o, s:s, s:s}", "id", fault->id, "title", fault->title, "detail",
                     string_from_detail(error->detail), "cause", fault->cause, "fix",
                     mcb_fault_join(fault->fix, fix, sizeof fix));
}

/* Lines of its own are for what this process found out itself. */
static void keep_on_one_line(char *text)
{
    while ((text = strchr(text, '\n')))
        *text = ' ';
}

void mcb_json_to_error(const json_t *value, struct mcb_error *error)
{
    if (!value || json_is_null(value)) {
        *error = (struct mcb_error){.code = MCB_FAULT_NONE};
        return;
    }
    const char *id = json_string_value(json_object_get(value, "id"));
    const char *detail = json_string_value(json_object_get(value, "detail"));
    enum mcb_fault_code code = id ? mcb_fault_find(id) : MCB_FAULT_NONE;
    mcb_error_set(error, code == MCB_FAULT_NONE ? MCB_FAULT_JOB_PEER_FAILED : code, "%s",
                  detail && *detail ? detail : "no reason was given");
    keep_on_one_line(error->detail);
}

/* ---- writing ---- */

/* As jansson's json_dump_callback_t. DEL is of ASCII, and the one control character that jansson
 * leaves as it is; it stands in strings alone. */
static int write_piece(const char *piece, size_t size, void *stream)
{
    while (size > 0) {
        const char *del = memchr(piece, 0x7f, size);
        size_t plain = del ? (size_t)(del - piece) : size;
        if (fwrite(piece, 1, plain, stream) != plain || (del && fputs("\\u007f", stream) == EOF))
            return -1;
        plain += del != NULL;
        piece += plain;
        size -= plain;
    }
    return 0;
}

static int print_with(FILE *stream, const json_t *value, size_t layout)
{
    static const size_t flags = JSON_REAL_PRECISION(15) | JSON_ENSURE_ASCII | JSON_ENCODE_ANY;
    return json_dump_callback(value, write_piece, stream, flags | layout);
}

int mcb_json_print(FILE *stream, const json_t *value)
{
    return print_with(stream, value, JSON_INDENT(2)) == 0 && fputc('\n', stream) != EOF ? 0 : -1;
}

int mcb_json_print_compact(FILE *stream, const json_t *value)
{
    return print_with(stream, value, JSON_COMPACT);
}

static int print_value(FILE *stream, const void *value)
{
    return mcb_json_print(stream, value);
}

int mcb_json_write_file(const char *path, const json_t *value, struct mcb_error *error)
{
    return mcb_file_write(path, print_value, value, error);
}
