/* SPDX-License-Identifier: Apache-2.0 */

/*
 * The document under construction is a JSON object in memory; the journal holds the same as lines:
 *
 *   {"schema": ..., "hosts": [...]}     the head
 *   {"initiator": ..., ...}             a cell
 *   {"warning": "..."}                  a warning
 *
 * Every line is handed to the kernel by write(2) when it is added, so that it survives the process;
 * there is no fsync(2), for a cell must not wait for a disk. A line that could not be written whole
 * is taken back, so that the journal stays readable.
 */

#include "bench/report/result.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "common/file.h"
#include "common/json.h"
#include "common/text.h"

/* 15 significant digits: 388.1 stays 388.1. */
#define LINE_FLAGS (JSON_COMPACT | JSON_REAL_PRECISION(15))

struct mcb_result {
    json_t *document;
    char *path, *journal_path; /* NULL: nothing is written */
    int journal_fd;            /* -1: none */
    int stream_fd;             /* -1: the path is none; else keeps a pipe's reader from its end */
    off_t journal_bytes;
};

static void result_free(struct mcb_result *result)
{
    if (result->stream_fd >= 0)
        close(result->stream_fd);
    if (result->journal_fd >= 0)
        close(result->journal_fd);
    free(result->journal_path);
    free(result->path);
    json_decref(result->document);
    free(result);
}

static int fail_output(struct mcb_error *error, const char *path, int cause)
{
    return mcb_error_set(error, MCB_FAULT_HOST_OUTPUT, "%s: %s", path, strerror(cause));
}

/* Appends one value as a line. */
static int journal_write(struct mcb_result *result, const json_t *value, struct mcb_error *error)
{
    char *line = json_dumps(value, LINE_FLAGS);
    if (!line)
        return mcb_error_set(error, MCB_FAULT_HOST_MEMORY, "no memory for a line of the journal");
    size_t length = strlen(line), done = 0;
    line[length++] = '\n'; /* in place of the NUL */
    while (done < length) {
        errno = 0;
        ssize_t written = write(result->journal_fd, line + done, length - done);
        if (written <= 0 && errno != EINTR)
            break;
        if (written > 0)
            done += (size_t)written;
    }
    int cause = errno;
    free(line);
    if (done == length) {
        result->journal_bytes += (off_t)length;
        return 0;
    }
    if (ftruncate(result->journal_fd, result->journal_bytes) != 0)
        return mcb_error_set(error, MCB_FAULT_HOST_OUTPUT, "%s: %s; its last line is incomplete",
                             result->journal_path, strerror(cause));
    return fail_output(error, result->journal_path, cause);
}

/* A journal that is there already belongs to a run that goes on, which is refused, or to one that
 * was killed: what it measured is kept under another name. */
static int keep_old_journal(const char *journal_path, struct mcb_error *error)
{
    char old_path[4096];
    struct stat status;
    int fd = open(journal_path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (fd < 0)
        return errno == ENOENT ? 0 : fail_output(error, journal_path, errno);
    bool is_file = fstat(fd, &status) == 0 && S_ISREG(status.st_mode);
    bool is_free = flock(fd, LOCK_EX | LOCK_NB) == 0;
    close(fd);
    if (!is_file)
        return mcb_error_set(error, MCB_FAULT_HOST_OUTPUT, "%s: is in the way, and not a file",
                             journal_path);
    if (!is_free)
        return mcb_error_set(error, MCB_FAULT_HOST_OUTPUT,
                             "%s: another mcbench is writing it; give this one another --output",
                             journal_path);
    int length = snprintf(old_path, sizeof old_path, "%s.old", journal_path);
    if (length < 0 || (size_t)length >= sizeof old_path)
        return fail_output(error, journal_path, ENAMETOOLONG);
    return rename(journal_path, old_path) == 0 ? 0 : fail_output(error, old_path, errno);
}

static int journal_open(struct mcb_result *result, struct mcb_error *error)
{
    if (keep_old_journal(result->journal_path, error) != 0)
        return -1;
    int fd = open(result->journal_path, O_WRONLY | O_CREAT | O_EXCL | O_APPEND | O_CLOEXEC, 0666);
    if (fd < 0)
        return fail_output(error, result->journal_path, errno);
    result->journal_fd = fd;
    flock(fd, LOCK_EX | LOCK_NB); /* nobody else can hold the lock of a file made just now */
    if (journal_write(result, result->document, error) == 0)
        return 0;
    unlink(result->journal_path);
    return -1;
}

/* Devices and pipes (--output /dev/stdout) have no folder of their own to keep a journal in. */
static int prepare_path(struct mcb_result *result, const char *path, struct mcb_error *error)
{
    if (mcb_file_open_stream(path, &result->stream_fd, error) != 0)
        return -1;
    /* Before anything is measured. */
    if (result->stream_fd < 0 && faccessat(AT_FDCWD, path, W_OK, AT_EACCESS) != 0 &&
        errno != ENOENT)
        return fail_output(error, path, errno);
    result->path = strdup(path);
    if (!result->path)
        return fail_output(error, path, ENOMEM);
    if (result->stream_fd >= 0)
        return 0;
    if (asprintf(&result->journal_path, "%s.journal", path) < 0) {
        result->journal_path = NULL; /* undefined after a failure */
        return fail_output(error, path, ENOMEM);
    }
    return journal_open(result, error);
}

/* The members that mcb_result_finish() and the cells fill. */
static int add_open_members(json_t *document)
{
    return json_object_set_new(document, "status", json_string("interrupted")) |
           json_object_set_new(document, "fault", json_null()) |
           json_object_set_new(document, "finished", json_null()) |
           json_object_set_new(document, "warnings", json_array()) |
           json_object_set_new(document, "cells", json_array());
}

int mcb_result_open(const char *path, json_t *head, struct mcb_result **result,
                    struct mcb_error *error)
{
    struct mcb_result *made = calloc(1, sizeof *made);
    if (!made || !head) {
        json_decref(head);
        free(made);
        return mcb_error_set(error, MCB_FAULT_HOST_MEMORY, "no memory for the result");
    }
    made->document = head;
    made->journal_fd = -1;
    made->stream_fd = -1;
    if (path && prepare_path(made, path, error) != 0)
        goto free_result;
    if (add_open_members(made->document) != 0) {
        mcb_error_set(error, MCB_FAULT_HOST_MEMORY, "no memory for the result");
        goto remove_journal;
    }
    *result = made;
    return 0;

remove_journal:
    if (made->journal_path)
        unlink(made->journal_path);
free_result:
    result_free(made);
    return -1;
}

int mcb_result_add(struct mcb_result *result, json_t *cell, struct mcb_error *error)
{
    if (json_array_append_new(json_object_get(result->document, "cells"), cell) != 0)
        return mcb_error_set(error, MCB_FAULT_HOST_MEMORY, "no memory for a cell");
    return result->journal_fd < 0 ? 0 : journal_write(result, cell, error);
}

void mcb_result_warn(struct mcb_result *result, const char *text)
{
    json_t *warnings = json_object_get(result->document, "warnings");
    size_t index;
    json_t *known;
    json_array_foreach(warnings, index,
                       known) if (strcmp(json_string_value(known), text) == 0) return;
    char clean[1024]; /* for text that quotes invalid UTF-8 */
    json_t *warning = json_string(text);
    if (!warning)
        warning = json_string(mcb_text_clean(text, clean, sizeof clean));
    if (!warning || json_array_append_new(warnings, warning) != 0 || result->journal_fd < 0)
        return;
    /* The journal of a warning is best effort: the next cell meets the same full disk and says so.
     */
    struct mcb_error ignored;
    json_t *line = json_pack("{s:O}", "warning", warning);
    if (line)
        journal_write(result, line, &ignored);
    json_decref(line);
}

void mcb_result_finish(struct mcb_result *result, const char *status, const struct mcb_error *fault)
{
    char finished[sizeof "2026-11-22T09:14:02Z"];
    time_t now = time(NULL);
    struct tm utc;
    if (gmtime_r(&now, &utc) && strftime(finished, sizeof finished, "%Y-%m-%dT%H:%M:%SZ", &utc))
        json_object_set_new(result->document, "finished", json_string(finished));
    json_object_set_new(result->document, "status", json_string(status));
    json_object_set_new(result->document, "fault", mcb_json_from_error(fault));
}

json_t *mcb_result_document(const struct mcb_result *result)
{
    return result->document;
}

int mcb_result_close(struct mcb_result *result, bool keep, struct mcb_error *error)
{
    struct mcb_error cause;
    int outcome = 0;
    if (!result)
        return 0;
    if (result->path && keep && mcb_json_write_file(result->path, result->document, &cause) != 0)
        outcome = mcb_error_set(error, cause.code, "%.500s%s%s", cause.detail,
                                result->journal_path ? "; what was measured is in " : "",
                                result->journal_path ? result->journal_path : "");
    if (result->journal_path && outcome == 0)
        unlink(result->journal_path);
    result_free(result);
    return outcome;
}
