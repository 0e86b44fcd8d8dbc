/* SPDX-License-Identifier: Apache-2.0 */
#include "bench/doctor/log_reader.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/interrupt.h"

enum { BLOCK_BYTES = 256 * 1024, ROOM_BYTES = BLOCK_BYTES + MCB_LOG_PIECE_MAX, WAIT_MS = 200 };

struct reading {
    const struct mcb_log_reader_calls *calls;
    struct mcb_log_size *size;
    char *room;
    size_t start, end; /* what is read and not yet handed on */
    bool is_continued; /* room[start..] goes on with a line */
};

static int hand_on(struct reading *reading, size_t length, bool goes_on, struct mcb_error *error)
{
    const struct mcb_log_piece piece = {reading->room + reading->start, length,
                                        reading->size->lines + 1, reading->is_continued, goes_on};
    return reading->calls->piece(reading->calls->context, &piece, error);
}

/* `bytes` and then the line feed, if there is one. */
static int hand_on_end(struct reading *reading, size_t bytes, size_t feed, struct mcb_error *error)
{
    const char *text = reading->room + reading->start;
    size_t length = bytes > 0 && text[bytes - 1] == '\r' ? bytes - 1 : bytes;
    int outcome = hand_on(reading, length, false, error);
    reading->start += bytes + feed;
    reading->is_continued = false;
    reading->size->lines++;
    return outcome;
}

/* Of empty lines in a row only the first is handed on: what is behind it says no more. */
static void skip_empty_lines(struct reading *reading)
{
    while (reading->start < reading->end && reading->room[reading->start] == '\n') {
        reading->start++;
        reading->size->lines++;
    }
}

/* All that is whole, and as much of a long line as makes a piece. */
static int hand_on_all(struct reading *reading, struct mcb_error *error)
{
    int outcome = 0;
    while (outcome == 0) {
        size_t left = reading->end - reading->start;
        size_t most = left < MCB_LOG_PIECE_MAX ? left : (size_t)MCB_LOG_PIECE_MAX;
        const char *text = reading->room + reading->start;
        const char *feed = memchr(text, '\n', most);
        if (feed) {
            outcome = hand_on_end(reading, (size_t)(feed - text), 1, error);
            if (feed == text)
                skip_empty_lines(reading);
        } else if (most == MCB_LOG_PIECE_MAX) {
            outcome = hand_on(reading, most, true, error);
            reading->start += MCB_LOG_PIECE_MAX - MCB_LOG_OVERLAP;
            reading->is_continued = true;
        } else {
            break;
        }
    }
    return outcome;
}

/* A signal may come between the look at the flag and the read: a pipe is waited for with a limit,
 * and then looked at again. */
static int wait_for(int fd, const char *name, struct mcb_error *error)
{
    struct pollfd waited = {.fd = fd, .events = POLLIN};
    for (;;) {
        if (*mcb_interrupt_flag())
            return mcb_error_set(error, MCB_FAULT_RUN_INTERRUPTED, "%s: interrupted", name);
        int ready = poll(&waited, 1, WAIT_MS);
        if (ready > 0 || (ready < 0 && errno != EINTR))
            return 0;
    }
}

static int read_block(int fd, const char *name, struct reading *reading, size_t *bytes,
                      struct mcb_error *error)
{
    ssize_t got;
    memmove(reading->room, reading->room + reading->start, reading->end - reading->start);
    reading->end -= reading->start;
    reading->start = 0;
    do {
        if (wait_for(fd, name, error) != 0)
            return -1;
        got = read(fd, reading->room + reading->end, ROOM_BYTES - reading->end);
    } while (got < 0 && (errno == EINTR || errno == EAGAIN));
    if (got < 0)
        return mcb_error_set(error, MCB_FAULT_USE_FILE, "%s: cannot be read: %s", name,
                             strerror(errno));
    *bytes = (size_t)got;
    reading->end += *bytes;
    reading->size->bytes += *bytes;
    return 0;
}

static int read_all(int fd, const char *name, struct reading *reading, struct mcb_error *error)
{
    size_t bytes;
    do {
        if (read_block(fd, name, reading, &bytes, error) != 0 || hand_on_all(reading, error) != 0)
            return -1;
        if (reading->calls->progress)
            reading->calls->progress(reading->calls->context, reading->size->bytes);
    } while (bytes > 0);
    /* Of a long line that ends with the file, the overlap was handed on already. */
    size_t left = reading->end - reading->start;
    return left > 0 ? hand_on_end(reading, left, 0, error) : 0;
}

int mcb_log_reader_run(int fd, const char *name, const struct mcb_log_reader_calls *calls,
                       struct mcb_log_size *size, struct mcb_error *error)
{
    *size = (struct mcb_log_size){0};
    struct reading reading = {.calls = calls, .size = size, .room = malloc(ROOM_BYTES)};
    if (!reading.room)
        return mcb_error_set(error, MCB_FAULT_HOST_MEMORY, "%s: no memory to read it", name);
    int outcome = read_all(fd, name, &reading, error);
    free(reading.room);
    return outcome;
}
