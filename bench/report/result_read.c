/* SPDX-License-Identifier: Apache-2.0 */

/*
 * A document is taken apart down to its members and its cells: the values of both come from
 * jansson. A journal is lines, the first of them an object without cells.
 *
 * Members may stand in any order, so that a wrong version may show after the cells. What is wrong
 * with the head is said rather than what is wrong with a cell, which it explains.
 */

#include "bench/report/result_read.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "bench/report/result.h"
#include "common/json.h"
#include "common/json_stream.h"

#define FILE_MOST_BYTES ((size_t)1 << 30)

struct reading {
    const char *path;
    struct mcb_json_stream *stream;
    const struct mcb_result_taker *taker;
    size_t cells;
    struct mcb_error wrong_cell; /* the first one; after it none is given away */
    struct mcb_error *error;
};

static int no_memory(const struct reading *reading)
{
    return mcb_error_set(reading->error, MCB_FAULT_HOST_MEMORY, "%s: no memory to read it",
                         reading->path);
}

/* ---- cells ---- */

static int take_cell(struct reading *reading, json_t *cell)
{
    size_t index = reading->cells++;
    if (reading->wrong_cell.code != MCB_FAULT_NONE ||
        mcb_result_check_cell_at(cell, index, reading->path, MCB_FAULT_USE_FILE,
                                 &reading->wrong_cell) != 0)
        return 0;
    return reading->taker->take(reading->taker->context, cell, reading->error);
}

static int read_cell(struct reading *reading)
{
    json_t *cell = mcb_json_stream_value(reading->stream, reading->error);
    int status = cell ? take_cell(reading, cell) : -1;
    json_decref(cell);
    return status;
}

/* After the bracket. */
static int read_cells(struct reading *reading)
{
    int next;
    if (mcb_json_stream_peek(reading->stream, &next, reading->error) != 0)
        return -1;
    if (next == ']')
        return mcb_json_stream_take(reading->stream, "]", &next, reading->error);
    do {
        if (read_cell(reading) != 0 ||
            mcb_json_stream_take(reading->stream, ",]", &next, reading->error) != 0)
            return -1;
    } while (next == ',');
    return 0;
}

/* ---- members ---- */

/* The value of "cells": an empty array where it was one. New reference. */
static json_t *read_cells_value(struct reading *reading)
{
    int next;
    if (mcb_json_stream_peek(reading->stream, &next, reading->error) != 0)
        return NULL;
    if (next != '[')
        return mcb_json_stream_value(reading->stream, reading->error);
    if (mcb_json_stream_take(reading->stream, "[", &next, reading->error) != 0 ||
        read_cells(reading) != 0)
        return NULL;
    return json_array();
}

static int read_member(struct reading *reading, json_t *head, const char *key)
{
    int colon;
    if (mcb_json_stream_take(reading->stream, ":", &colon, reading->error) != 0)
        return -1;
    json_t *value = strcmp(key, "cells") == 0
                        ? read_cells_value(reading)
                        : mcb_json_stream_value(reading->stream, reading->error);
    if (!value)
        return -1;
    return json_object_set_new(head, key, value) == 0 ? 0 : no_memory(reading);
}

static int reject_duplicate(struct reading *reading, const char *key)
{
    char problem[96];
    snprintf(problem, sizeof problem, "duplicate object key \"%.40s\"", key);
    return mcb_json_stream_reject(reading->stream, problem, reading->error);
}

static int read_name_and_member(struct reading *reading, json_t *head)
{
    int next;
    if (mcb_json_stream_peek(reading->stream, &next, reading->error) != 0)
        return -1;
    if (next != '"')
        return mcb_json_stream_take(reading->stream, "\"", &next, reading->error);
    json_t *name = mcb_json_stream_value(reading->stream, reading->error);
    const char *key = json_string_value(name);
    int status = -1;
    if (key)
        status = json_object_get(head, key) ? reject_duplicate(reading, key)
                                            : read_member(reading, head, key);
    json_decref(name);
    return status;
}

/* The first object of the file, from its brace on. */
static int read_members(struct reading *reading, json_t *head)
{
    int next;
    if (mcb_json_stream_take(reading->stream, "{", &next, reading->error) != 0 ||
        mcb_json_stream_peek(reading->stream, &next, reading->error) != 0)
        return -1;
    if (next == '}')
        return mcb_json_stream_take(reading->stream, "}", &next, reading->error);
    do {
        if (read_name_and_member(reading, head) != 0 ||
            mcb_json_stream_take(reading->stream, ",}", &next, reading->error) != 0)
            return -1;
    } while (next == ',');
    return 0;
}

/* ---- journals ---- */

static int take_line(struct reading *reading, json_t *head, json_t *line)
{
    json_t *warning = json_object_get(line, "warning");
    if (!warning)
        return take_cell(reading, line);
    return json_array_append(json_object_get(head, "warnings"), warning) == 0 ? 0
                                                                              : no_memory(reading);
}

static int read_line(struct reading *reading, json_t *head, const char *text, size_t length,
                     size_t number)
{
    char what[512];
    snprintf(what, sizeof what, "%.400s, line %zu", reading->path, number);
    json_t *line =
        mcb_json_parse(text, length, FILE_MOST_BYTES, what, MCB_FAULT_USE_FILE, reading->error);
    int status = line ? take_line(reading, head, line) : -1;
    json_decref(line);
    return status;
}

/* What the run did not come to say. */
static int add_ending(struct reading *reading, json_t *head)
{
    struct mcb_error why;
    mcb_error_set(&why, MCB_FAULT_RUN_INTERRUPTED,
                  "%s: a journal: the run ended before it could write its result", reading->path);
    if (json_object_set_new(head, "status", json_string("interrupted")) != 0 ||
        json_object_set_new(head, "fault", mcb_json_from_error(&why)) != 0 ||
        json_object_set_new(head, "finished", json_null()) != 0 ||
        json_object_set_new(head, "warnings", json_array()) != 0 ||
        json_object_set_new(head, "cells", json_array()) != 0)
        return no_memory(reading);
    return 0;
}

/* A line whose write was cut short has no end, and is none. */
static int read_lines(struct reading *reading, json_t *head)
{
    const char *text = "";
    size_t length;
    int status = add_ending(reading, head);
    while (status == 0 && text) {
        size_t number = mcb_json_stream_line_number(reading->stream);
        status = mcb_json_stream_line(reading->stream, &text, &length, reading->error);
        if (status == 0 && text)
            status = read_line(reading, head, text, length, number);
    }
    return status;
}

/* ---- files ---- */

/* What follows the first object: nothing, or the lines of a journal. */
static int read_rest(struct reading *reading, json_t *head)
{
    int next;
    bool in_first_line = mcb_json_stream_line_number(reading->stream) == 1;
    if (mcb_json_stream_peek(reading->stream, &next, reading->error) != 0)
        return -1;
    bool ends_it = in_first_line && mcb_json_stream_line_number(reading->stream) > 1;
    if (ends_it && json_object_get(head, "schema") && !json_object_get(head, "cells"))
        return read_lines(reading, head);
    return mcb_json_stream_end(reading->stream, reading->error);
}

static int read_head(struct reading *reading, json_t *head)
{
    int next;
    if (mcb_json_stream_peek(reading->stream, &next, reading->error) != 0)
        return -1;
    if (next == '{')
        return read_members(reading, head) == 0 ? read_rest(reading, head) : -1;
    json_t *other = NULL;
    if (next != '[' && !(other = mcb_json_stream_value(reading->stream, reading->error)))
        return -1;
    json_decref(other);
    return mcb_result_check(NULL, reading->path, MCB_FAULT_USE_FILE, reading->error);
}

json_t *mcb_result_read(const char *path, const struct mcb_result_taker *taker,
                        struct mcb_error *error)
{
    struct reading reading = {.path = path, .taker = taker, .error = error};
    if (mcb_json_stream_open(path, FILE_MOST_BYTES, MCB_FAULT_USE_FILE, &reading.stream, error) !=
        0)
        return NULL;
    json_t *head = json_object();
    int status = head ? read_head(&reading, head) : no_memory(&reading);
    mcb_json_stream_close(reading.stream);
    if (status == 0)
        status = mcb_result_check(head, path, MCB_FAULT_USE_FILE, error);
    if (status == 0 && reading.wrong_cell.code != MCB_FAULT_NONE) {
        *error = reading.wrong_cell;
        status = -1;
    }
    if (status == 0)
        return head;
    json_decref(head);
    return NULL;
}
