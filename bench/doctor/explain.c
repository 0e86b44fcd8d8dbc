/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Nearly all lines of a log are of no interest: they cost the search (log_match.h) and a look at
 * their first bytes. Only the head of a line in which something was found is read, and its time
 * only where a finding may begin. A line without a time of its own, as those of a Python traceback,
 * has that of the last line which may have had one; its first bytes are kept for that.
 */

#include "bench/doctor/explain.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "bench/doctor/explain_evidence.h"
#include "bench/doctor/explain_order.h"
#include "bench/doctor/explain_role.h"
#include "bench/doctor/explain_take.h"
#include "bench/doctor/log_match.h"

enum { TRACEBACK_LINES_MOST = 400 };

/* ---- making and ending ---- */

static int fail_memory(struct mcb_error *error)
{
    return mcb_error_set(error, MCB_FAULT_HOST_MEMORY, "no memory for the errors of the logs");
}

struct mcb_explain *mcb_explain_make(struct mcb_error *error)
{
    struct mcb_explain *explain = calloc(1, sizeof *explain);
    if (explain)
        explain->state = calloc(1, sizeof *explain->state);
    if (!explain || !explain->state) {
        free(explain);
        fail_memory(error);
        return NULL;
    }
    explain->state->match = mcb_log_match_of_catalogue(error);
    if (!explain->state->match) {
        mcb_explain_free(explain);
        return NULL;
    }
    return explain;
}

void mcb_explain_free(struct mcb_explain *explain)
{
    if (!explain)
        return;
    for (size_t i = 0; i < explain->log_count; i++)
        free(explain->logs[i].name);
    for (size_t i = 0; i < explain->finding_count; i++)
        for (size_t n = 0; n < explain->findings[i].line_count; n++)
            free(explain->findings[i].lines[n].text);
    mcb_explain_unknowns_release(&explain->unknowns);
    mcb_explain_evidence_release(&explain->state->evidence);
    mcb_log_match_free(explain->state->match);
    free(explain->logs);
    free(explain->findings);
    free(explain->state);
    free(explain);
}

int mcb_explain_begin(struct mcb_explain *explain, const char *name, int64_t not_after_s,
                      struct mcb_error *error)
{
    struct mcb_explain_log *logs =
        reallocarray(explain->logs, explain->log_count + 1, sizeof *logs);
    if (!logs)
        return fail_memory(error);
    explain->logs = logs;
    struct mcb_explain_log *log = &logs[explain->log_count];
    *log = (struct mcb_explain_log){.name = strdup(name), .not_after_s = not_after_s};
    if (!log->name)
        return fail_memory(error);
    explain->log_count++;
    mcb_explain_evidence_release(&explain->state->evidence);
    explain->state->head_length = 0;
    explain->state->head_number = explain->state->unknown_number = 0;
    explain->state->traceback_lines = 0;
    explain->state->after_mcbench = false;
    return 0;
}

bool mcb_explain_has_error(const struct mcb_explain *explain)
{
    return explain->finding_count > 0 || explain->unknowns.count > 0;
}

/* ---- a line ---- */

/* A digit among the first bytes, after what heads begin with. */
static bool may_have_time(const struct mcb_log_piece *piece)
{
    size_t most = piece->length < 16 ? piece->length : 16;
    char first = most > 0 ? *piece->text : '\0';
    if (first == '(' || isdigit((unsigned char)first))
        return true;
    if (first != '[' && !isupper((unsigned char)first) && first != 'k')
        return false;
    for (size_t i = 1; i < most; i++)
        if (isdigit((unsigned char)piece->text[i]))
            return true;
    return false;
}

static void keep_head(struct mcb_explain_state *state, const struct mcb_log_piece *piece)
{
    if (piece->is_continued || !may_have_time(piece))
        return;
    state->head_length =
        piece->length < MCB_EXPLAIN_HEAD_MAX ? piece->length : (size_t)MCB_EXPLAIN_HEAD_MAX;
    memcpy(state->head, piece->text, state->head_length);
    state->head_number = piece->number;
}

static bool is_indented(const struct mcb_explain_scene *scene)
{
    size_t at = scene->line.message;
    return at >= scene->piece->length || isspace((unsigned char)scene->piece->text[at]);
}

static bool is_harmless(const struct mcb_log_line *line)
{
    return line->severity == MCB_LOG_SEVERITY_INFO || line->severity == MCB_LOG_SEVERITY_DEBUG;
}

/* Several processes that write one log may write between the lines of a traceback. */
static void keep_process(struct mcb_explain_state *state, const struct mcb_log_line *line)
{
    state->process_length = line->process_length < MCB_EXPLAIN_PROCESS_MAX
                                ? line->process_length
                                : (size_t)MCB_EXPLAIN_PROCESS_MAX;
    if (line->process)
        memcpy(state->process, line->process, state->process_length);
}

static bool is_process_of_traceback(const struct mcb_explain_state *state,
                                    const struct mcb_log_line *line)
{
    size_t length = line->process_length < MCB_EXPLAIN_PROCESS_MAX
                        ? line->process_length
                        : (size_t)MCB_EXPLAIN_PROCESS_MAX;
    return !line->process || state->process_length == 0 ||
           (length == state->process_length && memcmp(line->process, state->process, length) == 0);
}

static void read_head(const struct mcb_explain_state *state, struct mcb_explain_scene *scene)
{
    const struct mcb_log_piece *piece = scene->piece;
    if (!piece->is_continued) {
        mcb_log_line_read(piece->text, piece->length, &scene->line);
        return;
    }
    scene->line = (struct mcb_log_line){.severity = MCB_LOG_SEVERITY_NONE};
    if (state->head_number == piece->number)
        mcb_log_line_read(state->head, state->head_length, &scene->line);
    scene->line.message = 0;
}

/* "E1122 ", "F20261122 ": glog's letter alone says that it is an error. */
static bool is_glog_error(const struct mcb_log_piece *piece)
{
    return piece->length > 5 && (*piece->text == 'E' || *piece->text == 'F') &&
           isdigit((unsigned char)piece->text[1]) && isdigit((unsigned char)piece->text[4]) &&
           !piece->is_continued;
}

static int take_line(struct mcb_explain *explain, const struct mcb_explain_scene *scene,
                     struct mcb_error *error)
{
    struct mcb_explain_state *state = explain->state;
    const struct mcb_log_line *line = &scene->line;
    if (state->after_mcbench && is_indented(scene))
        return 0;
    state->after_mcbench = scene->hit.has_id;
    if (scene->hit.has_id)
        return mcb_explain_take_known(explain, scene, error);
    if (scene->hit.is_traceback) {
        state->traceback_lines = TRACEBACK_LINES_MOST;
        keep_process(state, line);
        return 0;
    }
    if (scene->hit.is_nic)
        return mcb_explain_take_nic(explain, scene, error);
    if (is_harmless(line))
        return 0;
    if (scene->hit.code != MCB_FAULT_NONE)
        return mcb_explain_take_known(explain, scene, error);
    bool is_error = line->severity >= MCB_LOG_SEVERITY_ERROR ||
                    (line->severity == MCB_LOG_SEVERITY_NONE &&
                     mcb_explain_sounds_like_error(scene->piece->text + line->message,
                                                   scene->piece->length - line->message));
    return is_error ? mcb_explain_take_unknown(explain, scene, error) : 0;
}

/* Frames of a traceback are skipped: they quote the program, and with it the texts of its errors.
 * The line after them is the exception, unless it is another process's, or no error. */
static int take_after_traceback(struct mcb_explain *explain, const struct mcb_explain_scene *scene,
                                struct mcb_error *error)
{
    struct mcb_explain_state *state = explain->state;
    state->traceback_lines--;
    if (!is_process_of_traceback(state, &scene->line))
        return take_line(explain, scene, error);
    if (is_indented(scene) || is_harmless(&scene->line))
        return 0;
    state->traceback_lines = 0;
    if (scene->hit.code != MCB_FAULT_NONE)
        return mcb_explain_take_known(explain, scene, error);
    return mcb_explain_take_unknown(explain, scene, error);
}

static bool is_same(const struct mcb_explain_state *state, const struct mcb_log_piece *piece)
{
    return piece->length > 0 && piece->length == state->same_length && !piece->is_continued &&
           memcmp(piece->text, state->same, piece->length) == 0;
}

static void keep_same(struct mcb_explain_state *state, const struct mcb_explain_scene *scene)
{
    const struct mcb_log_piece *piece = scene->piece;
    if (piece->length > MCB_EXPLAIN_SAME_MAX || piece->is_continued)
        return;
    memcpy(state->same, piece->text, piece->length);
    state->same_length = piece->length;
    state->same_hit = scene->hit;
    state->same_line = scene->line;
    if (scene->line.host)
        state->same_line.host = state->same + (scene->line.host - piece->text);
    if (scene->line.process)
        state->same_line.process = state->same + (scene->line.process - piece->text);
}

static int take_found(struct mcb_explain *explain, const struct mcb_explain_scene *scene,
                      struct mcb_error *error)
{
    if (explain->state->traceback_lines > 0)
        return take_after_traceback(explain, scene, error);
    return take_line(explain, scene, error);
}

int mcb_explain_piece(void *context, const struct mcb_log_piece *piece, struct mcb_error *error)
{
    struct mcb_explain *explain = context;
    struct mcb_explain_state *state = explain->state;
    struct mcb_explain_scene scene = {.piece = piece};
    keep_head(state, piece);
    if (is_same(state, piece)) {
        scene.hit = state->same_hit;
        scene.line = state->same_line;
        return take_found(explain, &scene, error);
    }
    bool found = mcb_log_match_line(state->match, piece->text, piece->length, &scene.hit);
    /* A text at the end of a piece may be cut; it comes again, whole. */
    if (piece->goes_on && scene.hit.at + MCB_LOG_OVERLAP >= piece->length) {
        scene.hit = (struct mcb_log_hit){.code = MCB_FAULT_NONE};
        found = false;
    }
    if (!found && !is_glog_error(piece) && state->traceback_lines == 0) {
        state->after_mcbench = state->after_mcbench && piece->length > 0 && *piece->text == ' ';
        return 0;
    }
    read_head(state, &scene);
    keep_same(state, &scene);
    return take_found(explain, &scene, error);
}

/* ---- order ---- */

static int order_findings(struct mcb_explain *explain, struct mcb_explain_place *places)
{
    struct mcb_explain_finding *ordered = calloc(explain->finding_count + 1, sizeof *ordered);
    if (!ordered)
        return -1;
    for (size_t i = 0; i < explain->finding_count; i++) {
        struct mcb_explain_finding *finding = &explain->findings[i];
        mcb_explain_take_last(explain, finding);
        places[i] = (struct mcb_explain_place){finding->when.wall_us, finding->lines[0].log,
                                               finding->lines[0].number, i};
    }
    mcb_explain_order(places, explain->finding_count);
    for (size_t i = 0; i < explain->finding_count; i++)
        ordered[i] = explain->findings[places[i].index];
    free(explain->findings);
    explain->findings = ordered;
    return 0;
}

static int order_unknowns(struct mcb_explain_unknowns *unknowns, struct mcb_explain_place *places)
{
    struct mcb_explain_kind *ordered = calloc(unknowns->count + 1, sizeof *ordered);
    if (!ordered)
        return -1;
    for (size_t i = 0; i < unknowns->count; i++) {
        const struct mcb_explain_kind *kind = &unknowns->kinds[i];
        places[i] =
            (struct mcb_explain_place){kind->when.wall_us, kind->line.log, kind->line.number, i};
    }
    mcb_explain_order(places, unknowns->count);
    for (size_t i = 0; i < unknowns->count; i++)
        ordered[i] = unknowns->kinds[places[i].index];
    free(unknowns->kinds);
    unknowns->kinds = ordered;
    return 0;
}

int mcb_explain_finish(struct mcb_explain *explain, struct mcb_error *error)
{
    size_t most = explain->finding_count + explain->unknowns.count + 1;
    struct mcb_explain_place *places = calloc(most, sizeof *places);
    int outcome = places ? order_findings(explain, places) : -1;
    if (outcome == 0)
        outcome = order_unknowns(&explain->unknowns, places);
    free(places);
    if (outcome != 0)
        return fail_memory(error);
    mcb_explain_judge(explain->findings, explain->finding_count);
    return 0;
}
