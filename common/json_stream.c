/* SPDX-License-Identifier: Apache-2.0 */

/*
 * jansson asks for bytes as it goes and tells after a value how many of them it used, so that what
 * it was given last stays in the window. All offsets are of the file:
 *
 *   base        next              given            filled
 *   | taken     | asked for       | not yet seen   | free ...
 *
 * A value may be larger than the window: next then lies before base until it ends.
 */

#include "common/json_stream.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/clock.h"
#include "common/interrupt.h"
#include "common/json.h"
#include "common/socket.h"

enum { WINDOW_BYTES = 128 * 1024, GIVEN_MOST_BYTES = 1024 };

#define PATIENCE_NS (60 * MCB_NS_PER_S)

/* Where a byte is in the text. */
struct place {
    size_t line;   /* from 1 */
    size_t column; /* characters before it in its line */
};

struct mcb_json_stream {
    const char *path;
    enum mcb_fault_code fault;
    int fd;
    size_t most_bytes;
    char *bytes;
    size_t room; /* of bytes */
    size_t base, next, given, filled;
    bool ended;
    size_t counted;
    struct place place;      /* of the byte at `counted` */
    struct mcb_error broken; /* why jansson got no more bytes */
};

static int fail(const struct mcb_json_stream *stream, const char *why, struct mcb_error *error)
{
    return mcb_error_set(error, stream->fault, "%s: %s", stream->path, why);
}

static int fail_too_large(const struct mcb_json_stream *stream, struct mcb_error *error)
{
    return mcb_error_set(error, stream->fault, "%s: is larger than %zu GiB", stream->path,
                         stream->most_bytes >> 30);
}

/* ---- the window ---- */

/* Brings the place forward to an offset in the window. */
static void count_to(struct mcb_json_stream *stream, size_t offset)
{
    const char *from = stream->bytes + (stream->counted - stream->base);
    size_t length = offset > stream->counted ? offset - stream->counted : 0, feeds = 0;
    for (size_t i = 0; i < length; i++) /* which the compiler does many bytes at a time */
        feeds += from[i] == '\n';
    if (feeds > 0) {
        const char *last = memrchr(from, '\n', length);
        stream->place = (struct place){stream->place.line + feeds, 0};
        length -= (size_t)(last + 1 - from);
        from = last + 1;
    }
    for (size_t i = 0; i < length; i++)
        stream->place.column += ((unsigned char)from[i] & 0xc0) != 0x80;
    stream->counted = offset > stream->counted ? offset : stream->counted;
}

static void drop(struct mcb_json_stream *stream, size_t keep)
{
    if (keep <= stream->base)
        return;
    count_to(stream, keep);
    memmove(stream->bytes, stream->bytes + (keep - stream->base), stream->filled - keep);
    stream->base = keep;
}

static int make_room(struct mcb_json_stream *stream, struct mcb_error *error)
{
    size_t room = stream->room ? 2 * stream->room : WINDOW_BYTES;
    if (stream->filled - stream->base < stream->room)
        return 0;
    char *larger = realloc(stream->bytes, room);
    if (!larger)
        return fail(stream, "no memory to read it", error);
    stream->bytes = larger;
    stream->room = room;
    return 0;
}

static int wait_for_bytes(const struct mcb_json_stream *stream, struct mcb_error *error)
{
    int64_t deadline_ns = mcb_clock_ns() + PATIENCE_NS;
    int ready = mcb_socket_wait(stream->fd, POLLIN, deadline_ns, mcb_interrupt_flag(), error);
    if (ready < 0)
        mcb_error_blame(error, stream->path);
    if (ready == 0)
        return fail(stream, "nothing more came within 60 s", error);
    return ready < 0 ? -1 : 0;
}

/* Reading comes first: it finds a pipe that nobody writes to ended, which poll(2) waits for. The
 * wait is what an interrupt ends. */
static int read_bytes(const struct mcb_json_stream *stream, ssize_t *got, struct mcb_error *error)
{
    size_t used = stream->filled - stream->base;
    bool must_wait = *mcb_interrupt_flag() != 0;
    do {
        if (must_wait && wait_for_bytes(stream, error) != 0)
            return -1;
        *got = read(stream->fd, stream->bytes + used, stream->room - used);
        must_wait = *got < 0 && errno == EAGAIN;
    } while (must_wait || (*got < 0 && errno == EINTR));
    return *got < 0 ? fail(stream, strerror(errno), error) : 0;
}

/* Reads on, forgetting what lies before `keep`. */
static int fill(struct mcb_json_stream *stream, size_t keep, struct mcb_error *error)
{
    ssize_t got;
    drop(stream, keep);
    if (make_room(stream, error) != 0 || read_bytes(stream, &got, error) != 0)
        return -1;
    stream->ended = got == 0;
    stream->filled += (size_t)got;
    return stream->filled > stream->most_bytes ? fail_too_large(stream, error) : 0;
}

/* ---- opening ---- */

static int check_kind(const struct mcb_json_stream *stream, struct mcb_error *error)
{
    struct stat status;
    if (fstat(stream->fd, &status) != 0)
        return fail(stream, strerror(errno), error);
    if (S_ISDIR(status.st_mode))
        return fail(stream, "is a folder", error);
    if (S_ISREG(status.st_mode) && (uint64_t)status.st_size > stream->most_bytes)
        return fail_too_large(stream, error);
    return 0;
}

static int open_file(struct mcb_json_stream *stream, struct mcb_error *error)
{
    /* O_NONBLOCK: a pipe that nobody writes to must not hold us. */
    stream->fd = open(stream->path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
    if (stream->fd < 0)
        return fail(stream, strerror(errno), error);
    if (check_kind(stream, error) != 0 || fill(stream, 0, error) != 0)
        return -1;
    return stream->filled == 0 ? fail(stream, "is empty", error) : 0;
}

int mcb_json_stream_open(const char *path, size_t most_bytes, enum mcb_fault_code fault,
                         struct mcb_json_stream **stream, struct mcb_error *error)
{
    struct mcb_json_stream *made = malloc(sizeof *made);
    if (!made)
        return mcb_error_set(error, fault, "%s: no memory to read it", path);
    *made = (struct mcb_json_stream){
        .path = path, .fault = fault, .fd = -1, .most_bytes = most_bytes, .place = {1, 0}};
    if (open_file(made, error) != 0) {
        mcb_json_stream_close(made);
        return -1;
    }
    *stream = made;
    return 0;
}

void mcb_json_stream_close(struct mcb_json_stream *stream)
{
    if (!stream)
        return;
    if (stream->fd >= 0)
        close(stream->fd);
    free(stream->bytes);
    free(stream);
}

/* ---- between values ---- */

static const char *next_bytes(const struct mcb_json_stream *stream)
{
    return stream->bytes + (stream->next - stream->base);
}

int mcb_json_stream_peek(struct mcb_json_stream *stream, int *next, struct mcb_error *error)
{
    for (;; stream->next++) {
        while (stream->next == stream->filled && !stream->ended)
            if (fill(stream, stream->next, error) != 0)
                return -1;
        if (stream->next == stream->filled) {
            *next = EOF;
            return 0;
        }
        char byte = *next_bytes(stream);
        if (byte != ' ' && byte != '\n' && byte != '\t' && byte != '\r') {
            *next = (unsigned char)byte;
            return 0;
        }
    }
}

/* "',' or ']' expected near 'x'" */
static int reject_byte(struct mcb_json_stream *stream, const char *expected, int found,
                       struct mcb_error *error)
{
    char problem[96] = "";
    size_t length = 0;
    if (found == EOF)
        return mcb_json_stream_reject(stream, "premature end of input", error);
    for (const char *byte = expected; *byte; byte++)
        length += (size_t)snprintf(problem + length, sizeof problem - length, "%s'%c'",
                                   byte == expected ? "" : " or ", *byte);
    snprintf(problem + length, sizeof problem - length, "%s expected near '%c'",
             *expected ? "" : "end of file", isprint(found) ? found : '?');
    return mcb_json_stream_reject(stream, problem, error);
}

int mcb_json_stream_take(struct mcb_json_stream *stream, const char *expected, int *taken,
                         struct mcb_error *error)
{
    int next;
    if (mcb_json_stream_peek(stream, &next, error) != 0)
        return -1;
    if (next == EOF || next == '\0' || !strchr(expected, next))
        return reject_byte(stream, expected, next, error);
    stream->next++;
    *taken = next;
    return 0;
}

int mcb_json_stream_end(struct mcb_json_stream *stream, struct mcb_error *error)
{
    int next;
    if (mcb_json_stream_peek(stream, &next, error) != 0)
        return -1;
    return next == EOF ? 0 : reject_byte(stream, "", next, error);
}

/* ---- values ---- */

/* As jansson's json_load_callback_t. */
static size_t give(void *buffer, size_t size, void *context)
{
    struct mcb_json_stream *stream = context;
    while (stream->given == stream->filled && !stream->ended) {
        size_t kept = stream->given - stream->base;
        kept = kept < GIVEN_MOST_BYTES ? kept : GIVEN_MOST_BYTES;
        if (fill(stream, stream->given - kept, &stream->broken) != 0)
            return (size_t)-1;
    }
    size_t count = stream->filled - stream->given;
    count = count < size ? count : size;
    count = count < GIVEN_MOST_BYTES ? count : GIVEN_MOST_BYTES;
    memcpy(buffer, stream->bytes + (stream->given - stream->base), count);
    stream->given += count;
    return count;
}

static int reject_at(const struct mcb_json_stream *stream, struct place place, const char *problem,
                     struct mcb_error *error)
{
    char plain[JSON_ERROR_TEXT_LENGTH];
    snprintf(plain, sizeof plain, "%s", problem);
    return mcb_error_set(error, stream->fault, "%s: not JSON (line %zu, column %zu): %s",
                         stream->path, place.line, place.column, mcb_json_keep_ascii(plain));
}

/* What jansson tells of places is counted from where it began. */
static int reject_value(const struct mcb_json_stream *stream, struct place start,
                        const json_error_t *problem, struct mcb_error *error)
{
    const struct place place = {
        start.line + (size_t)problem->line - 1,
        (size_t)problem->column + (problem->line == 1 ? start.column : 0),
    };
    return reject_at(stream, place, problem->text, error);
}

json_t *mcb_json_stream_value(struct mcb_json_stream *stream, struct mcb_error *error)
{
    static const size_t flags = JSON_REJECT_DUPLICATES | JSON_DECODE_ANY | JSON_DISABLE_EOF_CHECK;
    json_error_t problem;
    count_to(stream, stream->next);
    const struct place start = stream->place;
    stream->given = stream->next;
    json_t *value = json_load_callback(give, stream, flags, &problem);
    if (value)
        stream->next += (size_t)problem.position;
    else if (stream->broken.code != MCB_FAULT_NONE)
        *error = stream->broken;
    else
        reject_value(stream, start, &problem, error);
    return value;
}

/* ---- lines ---- */

int mcb_json_stream_line(struct mcb_json_stream *stream, const char **text, size_t *length,
                         struct mcb_error *error)
{
    size_t searched = 0;
    const char *end = NULL;
    while (!end) {
        size_t ready = stream->filled - stream->next;
        end = memchr(next_bytes(stream) + searched, '\n', ready - searched);
        searched = ready;
        if (!end && stream->ended)
            break;
        if (!end && fill(stream, stream->next, error) != 0)
            return -1;
    }
    *text = end ? next_bytes(stream) : NULL;
    *length = end ? (size_t)(end - *text) : 0;
    stream->next += end ? *length + 1 : 0;
    return 0;
}

size_t mcb_json_stream_line_number(struct mcb_json_stream *stream)
{
    count_to(stream, stream->next);
    return stream->place.line;
}

int mcb_json_stream_reject(struct mcb_json_stream *stream, const char *problem,
                           struct mcb_error *error)
{
    count_to(stream, stream->next);
    struct place place = stream->place;
    place.column += stream->next < stream->filled;
    return reject_at(stream, place, problem, error);
}
