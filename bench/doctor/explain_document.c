/* SPDX-License-Identifier: Apache-2.0 */

/*
 * A value that could not be made is NULL, which jansson's "o" takes as an error of the whole: it is
 * looked at once, at the end.
 */

#include "bench/doctor/explain_document.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "bench/doctor/catalogue.h"
#include "common/json.h"
#include "common/text.h"

static const char *const role_names[] = {
    [MCB_EXPLAIN_FIRST] = "first",   [MCB_EXPLAIN_LATER] = "later",
    [MCB_EXPLAIN_DOUBT] = "doubt",   [MCB_EXPLAIN_CONSEQUENCE] = "consequence",
    [MCB_EXPLAIN_ORPHAN] = "orphan",
};

static const char *const clock_names[] = {
    [MCB_LOG_CLOCK_NONE] = "none", [MCB_LOG_CLOCK_WALL] = "wall", [MCB_LOG_CLOCK_BOOT] = "boot"};

/* Valid UTF-8 of one line. */
static json_t *foreign(const char *text)
{
    char clean[2 * MCB_EXPLAIN_TEXT_MAX];
    return json_string(mcb_text_clean(text, clean, sizeof clean));
}

static json_t *foreign_or_null(const char *text)
{
    return *text ? foreign(text) : json_null();
}

/* "2026-11-22T09:14:02.118000Z" */
static json_t *wall_time(const struct mcb_explain_moment *when)
{
    char text[64];
    struct tm parts;
    if (when->wall_us == MCB_LOG_NO_TIME || when->wall_us < 0)
        return json_null();
    time_t seconds = (time_t)(when->wall_us / 1000000);
    if (!gmtime_r(&seconds, &parts))
        return json_null();
    size_t length = strftime(text, sizeof text, "%FT%T", &parts);
    snprintf(text + length, sizeof text - length, ".%06" PRId64 "Z", when->wall_us % 1000000);
    return json_string(text);
}

static json_t *uptime(const struct mcb_explain_moment *when)
{
    return when->uptime_us >= 0 ? json_real((double)when->uptime_us / 1e6) : json_null();
}

static json_t *line_value(const struct mcb_explain *explain, const struct mcb_explain_line *line)
{
    return json_pack("{s:o, s:I, s:o}", "log", foreign(explain->logs[line->log].name), "line",
                     (json_int_t)line->number, "text", foreign(line->text));
}

static json_t *lines_value(const struct mcb_explain *explain,
                           const struct mcb_explain_finding *finding)
{
    json_t *lines = json_array();
    for (size_t i = 0; i < finding->line_count; i++)
        if (json_array_append_new(lines, line_value(explain, &finding->lines[i])) != 0) {
            json_decref(lines);
            return NULL;
        }
    return lines;
}

static json_t *fault_value(const struct mcb_explain_finding *finding)
{
    struct mcb_error error;
    char clean[MCB_ERROR_DETAIL_MAX];
    mcb_text_clean(finding->lines[0].text, clean, sizeof clean);
    if (finding->mtu > 0)
        mcb_error_set(&error, finding->code, "MTU of %d bytes here, of %d bytes at the peer",
                      finding->mtu, finding->peer_mtu);
    else
        mcb_error_set(&error, finding->code, "%s", clean);
    return mcb_json_from_error(&error);
}

static json_t *finding_value(const struct mcb_explain *explain,
                             const struct mcb_explain_finding *finding)
{
    bool is_consequence = finding->role == MCB_EXPLAIN_CONSEQUENCE;
    return json_pack("{s:s, s:o, s:o, s:o, s:o, s:o, s:I, s:I, s:o, s:o}", "role",
                     role_names[finding->role], "cause_index",
                     is_consequence ? json_integer((json_int_t)finding->cause) : json_null(),
                     "host", foreign(finding->host), "path", foreign_or_null(finding->path), "time",
                     wall_time(&finding->when), "uptime_s", uptime(&finding->when), "count",
                     (json_int_t)finding->count, "last_line", (json_int_t)finding->last_number,
                     "fault", fault_value(finding), "lines", lines_value(explain, finding));
}

static json_t *kind_value(const struct mcb_explain *explain, const struct mcb_explain_kind *kind)
{
    return json_pack("{s:o, s:o, s:o, s:I, s:o, s:o}", "host", foreign(kind->host), "time",
                     wall_time(&kind->when), "uptime_s", uptime(&kind->when), "count",
                     (json_int_t)kind->count, "pattern", foreign(kind->pattern), "line",
                     line_value(explain, &kind->line));
}

static json_t *log_value(const struct mcb_explain_log *log)
{
    return json_pack("{s:o, s:I, s:I, s:s}", "name", foreign(log->name), "lines",
                     (json_int_t)log->size.lines, "bytes", (json_int_t)log->size.bytes, "clock",
                     clock_names[log->clock]);
}

static json_t *document(json_t *entries, json_t *logs, json_t *findings, json_t *unknown,
                        const struct mcb_explain *explain, struct mcb_error *error)
{
    json_t *value = json_pack(
        "{s:s, s:{s:s, s:s}, s:o, s:o, s:o, s:I, s:o, s:I}", "schema", "mcbench-explain/1", "tool",
        "name", "mcbench", "version", MCB_VERSION, "entries", entries, "logs", logs, "findings",
        findings, "findings_beyond", (json_int_t)(explain ? explain->findings_beyond : 0),
        "unknown", unknown, "unknown_beyond", (json_int_t)(explain ? explain->unknowns.beyond : 0));
    if (!value)
        mcb_error_set(error, MCB_FAULT_HOST_MEMORY, "no memory for the document");
    return value;
}

/* What make() gives for 0..count-1; NULL if one of them cannot be made. */
static json_t *array_of(size_t count, json_t *(*make)(const void *context, size_t index),
                        const void *context)
{
    json_t *array = json_array();
    for (size_t i = 0; array && i < count; i++)
        if (json_array_append_new(array, make(context, i)) != 0) {
            json_decref(array);
            array = NULL;
        }
    return array;
}

static json_t *make_log(const void *explain, size_t index)
{
    return log_value(&((const struct mcb_explain *)explain)->logs[index]);
}

static json_t *make_finding(const void *explain, size_t index)
{
    return finding_value(explain, &((const struct mcb_explain *)explain)->findings[index]);
}

static json_t *make_kind(const void *explain, size_t index)
{
    return kind_value(explain, &((const struct mcb_explain *)explain)->unknowns.kinds[index]);
}

static json_t *make_entry(const void *codes, size_t index)
{
    return mcb_catalogue_to_json(((const enum mcb_fault_code *)codes)[index]);
}

json_t *mcb_explain_document_make(const struct mcb_explain *explain, struct mcb_error *error)
{
    return document(json_array(), array_of(explain->log_count, make_log, explain),
                    array_of(explain->finding_count, make_finding, explain),
                    array_of(explain->unknowns.count, make_kind, explain), explain, error);
}

json_t *mcb_explain_document_of_entries(const enum mcb_fault_code *codes, size_t count,
                                        struct mcb_error *error)
{
    return document(array_of(count, make_entry, codes), json_array(), json_array(), json_array(),
                    NULL, error);
}
