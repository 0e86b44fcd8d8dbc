/* SPDX-License-Identifier: Apache-2.0 */

/* Reading a result back: a document, or the journal of a run that did not get to write one. */

#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "bench/report/result.h"
#include "common/json.h"

#define FILE_MOST_BYTES ((size_t)1 << 30)

static void *fail_read(const char *path, const char *why, struct mcb_error *error)
{
    mcb_error_set(error, MCB_FAULT_USE_FILE, "%s: %s", path, why);
    return NULL;
}

/* All bytes of the open file, for free(). */
static char *read_open_file(int fd, const char *path, size_t *length, struct mcb_error *error)
{
    struct stat status;
    if (fstat(fd, &status) != 0)
        return fail_read(path, strerror(errno), error);
    if (!S_ISREG(status.st_mode))
        return fail_read(path, S_ISDIR(status.st_mode) ? "is a folder" : "is not a file", error);
    if ((uint64_t)status.st_size > FILE_MOST_BYTES)
        return fail_read(path, "is larger than 1 GiB", error);
    if (status.st_size == 0)
        return fail_read(path, "is empty", error);
    size_t size = (size_t)status.st_size, done = 0;
    char *text = malloc(size);
    if (!text)
        return fail_read(path, "no memory to read it", error);
    while (done < size) {
        ssize_t got = read(fd, text + done, size - done);
        if (got < 0 && errno != EINTR) {
            free(text);
            return fail_read(path, strerror(errno), error);
        }
        if (got == 0)
            break; /* it has become shorter */
        done += got > 0 ? (size_t)got : 0;
    }
    *length = done;
    return text;
}

static char *read_file(const char *path, size_t *length, struct mcb_error *error)
{
    /* O_NONBLOCK: a pipe that nobody writes to must not hold us. */
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (fd < 0)
        return fail_read(path, strerror(errno), error);
    char *text = read_open_file(fd, path, length, error);
    close(fd);
    return text;
}

/* Puts the next line of a journal into the document. */
static int take_line(json_t *document, json_t *line)
{
    json_t *warning = json_object_get(line, "warning");
    return warning ? json_array_append(json_object_get(document, "warnings"), warning)
                   : json_array_append(json_object_get(document, "cells"), line);
}

/* The lines after the head, up to one that was cut. */
static int read_lines(json_t *document, const char *text, size_t length, const char *path,
                      struct mcb_error *error)
{
    for (size_t number = 2; length > 0; number++) {
        const char *end = memchr(text, '\n', length);
        if (!end)
            return 0; /* the write of this line was cut short */
        char what[512];
        snprintf(what, sizeof what, "%.400s, line %zu", path, number);
        json_t *line = mcb_json_parse(text, (size_t)(end - text), FILE_MOST_BYTES, what,
                                      MCB_FAULT_USE_FILE, error);
        if (!line)
            return -1;
        int failed = take_line(document, line);
        json_decref(line);
        if (failed)
            return mcb_error_set(error, MCB_FAULT_USE_FILE, "%s: no memory to read it", path);
        length -= (size_t)(end + 1 - text);
        text = end + 1;
    }
    return 0;
}

/* A journal becomes a document. Takes the reference of head. */
static json_t *read_journal(json_t *head, const char *text, size_t length, const char *path,
                            struct mcb_error *error)
{
    struct mcb_error why;
    mcb_error_set(&why, MCB_FAULT_RUN_INTERRUPTED,
                  "%s: a journal: the run ended before it could write its result", path);
    json_object_set_new(head, "status", json_string("interrupted"));
    json_object_set_new(head, "fault", mcb_json_from_error(&why));
    json_object_set_new(head, "finished", json_null());
    json_object_set_new(head, "warnings", json_array());
    json_object_set_new(head, "cells", json_array());
    if (read_lines(head, text, length, path, error) == 0)
        return head;
    json_decref(head);
    return NULL;
}

/* The first line, if it is the head of a journal: an object of its own without cells. NULL: the
 * file is a document. New reference. */
static json_t *read_head(const char *text, size_t line_length)
{
    struct mcb_error ignored;
    json_t *head =
        mcb_json_parse(text, line_length, FILE_MOST_BYTES, "", MCB_FAULT_USE_FILE, &ignored);
    if (json_is_object(head) && json_object_get(head, "schema") && !json_object_get(head, "cells"))
        return head;
    json_decref(head);
    return NULL;
}

static json_t *parse_file(const char *text, size_t length, const char *path,
                          struct mcb_error *error)
{
    const char *end = memchr(text, '\n', length);
    json_t *head = end ? read_head(text, (size_t)(end - text)) : NULL;
    if (!head)
        return mcb_json_parse(text, length, FILE_MOST_BYTES, path, MCB_FAULT_USE_FILE, error);
    return read_journal(head, end + 1, length - (size_t)(end + 1 - text), path, error);
}

json_t *mcb_result_load(const char *path, struct mcb_error *error)
{
    size_t length = 0;
    char *text = read_file(path, &length, error);
    if (!text)
        return NULL;
    json_t *document = parse_file(text, length, path, error);
    free(text);
    if (document && mcb_result_check(document, path, MCB_FAULT_USE_FILE, error) != 0) {
        json_decref(document);
        return NULL;
    }
    return document;
}
