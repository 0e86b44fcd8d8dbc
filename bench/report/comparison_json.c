/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The document of a comparison. Rows and paths are made, written and let go one by one, each on a
 * line of its own: 100,000 of them never are in memory together.
 *
 * A value that could not be made is NULL, which jansson's "o" takes as an error of the whole: it is
 * looked at where the whole is written.
 */
#include <jansson.h>
#include <stdlib.h>

#include "bench/report/comparison_forms.h"
#include "bench/report/trend_words.h"
#include "common/json.h"

/* A value on one line; its reference is taken. */
static int put(FILE *out, json_t *value)
{
    int status = value ? mcb_json_print_compact(out, value) : -1;
    json_decref(value);
    return status;
}

/* Six digits of what was reckoned: more say nothing, and the last ones are not the same with every
 * mathematical library. */
static json_t *reckoned(double value)
{
    enum { DIGITS_MAX = 32 };
    char digits[DIGITS_MAX];
    snprintf(digits, sizeof digits, "%.6g", value);
    return json_real(strtod(digits, NULL));
}

static int put_member(FILE *out, const char *name, json_t *value)
{
    fprintf(out, "  \"%s\": ", name);
    int status = put(out, value);
    fputs(",\n", out);
    return status;
}

/* A list, a line each. */
static int put_list(FILE *out, const char *name, size_t count,
                    json_t *(*make)(const void *context, size_t index), const void *context)
{
    const char *separator = "\n";
    int status = 0;
    fprintf(out, "  \"%s\": [", name);
    for (size_t i = 0; status == 0 && i < count; i++) {
        fprintf(out, "%s    ", separator);
        status = put(out, make(context, i));
        separator = ",\n";
    }
    fputs(count ? "\n  ]" : "]", out);
    return status;
}

/* ---- what rows and trends have in common ---- */

static json_t *ledger_value(const struct mcb_ledger *ledger)
{
    return json_pack("{s:o, s:s, s:s, s:s, s:b}", "path", mcb_json_text_or_null(ledger->path),
                     "started", ledger->started, "version",
                     mcb_json_text(json_object_get(ledger->head, "tool"), "version"), "status",
                     mcb_json_text(ledger->head, "status"), "stand_in", (int)ledger->stand_in);
}

static json_t *endpoint_value(const struct mcb_ledger *ledger, uint32_t number)
{
    const struct mcb_pivot_endpoint *endpoint = &ledger->endpoints[number];
    return json_pack("{s:s, s:s, s:s}", "host", endpoint->host, "nic", endpoint->nic, "memory",
                     endpoint->memory);
}

/* What a cell measures. */
static json_t *subject_value(const struct mcb_ledger *ledger, const struct mcb_ledger_cell *cell)
{
    const struct mcb_ledger_setting *setting = &ledger->settings[cell->setting];
    return json_pack("{s:o, s:o, s:s, s:s, s:s, s:b, s:I, s:I, s:I, s:o}", "initiator",
                     endpoint_value(ledger, cell->initiator), "target",
                     endpoint_value(ledger, cell->target), "operation", setting->operation,
                     "measure", setting->measure, "route", setting->route, "bidirectional",
                     (int)setting->bidirectional, "size_bytes", (json_int_t)setting->size_bytes,
                     "qps", (json_int_t)setting->qps, "depth", (json_int_t)setting->depth,
                     "relaxed_ordering", mcb_json_text_or_null(setting->ordering));
}

static const char *figure_key(const struct mcb_ledger_setting *setting)
{
    return setting->latency ? "p50_us" : "bandwidth_gbps";
}

static json_t *difference_value(const void *context, size_t index)
{
    const struct mcb_difference *difference =
        &((const struct mcb_differences *)context)->list[index];
    return json_pack(
        "{s:s, s:s, s:o, s:I, s:s, s:s}", "kind", mcb_difference_kind_name(difference->kind),
        "what", difference->what, "subject", mcb_json_text_or_null(difference->subject), "subjects",
        (json_int_t)difference->subjects, "before", difference->before, "after", difference->after);
}

static json_t *differences_value(const struct mcb_differences *differences)
{
    json_t *list = json_array();
    for (size_t i = 0; list && i < differences->count; i++)
        if (json_array_append_new(list, difference_value(differences, i)) != 0) {
            json_decref(list);
            list = NULL;
        }
    return list;
}

static json_t *fault_value(const struct mcb_ledger_fault *fault)
{
    return json_pack("{s:s, s:s, s:s, s:s, s:s}", "id", fault->id, "title", fault->title, "detail",
                     fault->detail, "cause", fault->cause, "fix", fault->fix);
}

/* ---- rows ---- */

static json_t *side_value(const struct mcb_ledger *ledger, const struct mcb_ledger_cell *cell,
                          double figure)
{
    static const char *const names[] = {
        [MCB_LEDGER_OK] = "ok", [MCB_LEDGER_FAILED] = "failed", [MCB_LEDGER_SKIPPED] = "skipped"};
    if (!cell)
        return json_null();
    return json_pack("{s:I, s:s, s:o}", "cell", (json_int_t)cell->position, "status",
                     names[cell->status], figure_key(&ledger->settings[cell->setting]),
                     mcb_json_positive_or_null(figure));
}

/* Which baseline it is from is part of what was before. */
static json_t *before_value(const struct mcb_comparison *comparison,
                            const struct mcb_comparison_row *row)
{
    const struct mcb_ledger_cell *cell = mcb_comparison_before(comparison, row);
    json_t *side =
        side_value(&comparison->baselines[cell ? row->baseline : 0], cell, row->before_figure);
    if (cell && json_object_set_new(side, "baseline", json_integer(row->baseline)) != 0) {
        json_decref(side);
        return NULL;
    }
    return side;
}

/* Of a regression its own, else what a cell failed with. */
static json_t *row_fault_value(const struct mcb_comparison *comparison,
                               const struct mcb_comparison_row *row)
{
    char detail[MCB_ERROR_DETAIL_MAX], fix[MCB_FAULT_FIX_MAX];
    struct mcb_ledger_fault fault;
    if (mcb_comparison_fault(comparison, row, &fault, detail, fix))
        return fault_value(&fault);
    const struct mcb_ledger_cell *after = mcb_comparison_after(comparison, row);
    return after && after->fault != MCB_LEDGER_NONE
               ? fault_value(&comparison->after->faults[after->fault])
               : json_null();
}

static json_t *row_value(const void *context, size_t index)
{
    const struct mcb_comparison *comparison = context;
    const struct mcb_comparison_row *row = &comparison->rows[index];
    const struct mcb_ledger_cell *cell;
    const struct mcb_ledger *ledger = mcb_comparison_ledger(comparison, row, &cell);
    bool compared = row->ratio > 0;
    json_t *value = subject_value(ledger, cell);
    json_t *verdict = json_pack(
        "{s:s, s:b, s:o, s:o, s:o, s:o, s:o, s:o, s:o}", "change", mcb_change_name(row->change),
        "regression", (int)mcb_comparison_is_regression(comparison, row), "before",
        before_value(comparison, row), "after",
        side_value(comparison->after, mcb_comparison_after(comparison, row), row->after_figure),
        "ratio", compared ? reckoned(row->ratio) : json_null(), "p",
        compared ? reckoned(row->p) : json_null(), "visible",
        compared ? reckoned(row->visible) : json_null(), "why", mcb_json_text_or_null(row->why),
        "fault", row_fault_value(comparison, row));
    if (!value || !verdict || json_object_update(value, verdict) != 0) {
        json_decref(value);
        value = NULL;
    }
    json_decref(verdict);
    return value;
}

/* ---- trends ---- */

static json_t *change_value(const struct mcb_trends *trends, const struct mcb_trend *trend,
                            const struct mcb_trend_change *change,
                            const struct mcb_ledger_setting *setting)
{
    const char *key = figure_key(setting);
    return json_pack("{s:I, s:s, s:{s:o}, s:{s:o}, s:o, s:o, s:b, s:o, s:I}", "run",
                     (json_int_t)trend->points[change->point].run, "started",
                     mcb_trend_change_run(trends, trend, change)->started, "before", key,
                     mcb_json_positive_or_null(change->before), "after", key,
                     mcb_json_positive_or_null(change->after), "ratio",
                     reckoned(change->before > 0 ? change->after / change->before : 0), "p",
                     reckoned(change->p), "worse", (int)change->worse, "differences",
                     differences_value(&change->differences), "differences_beyond",
                     (json_int_t)change->differences.beyond);
}

static json_t *trend_value(const struct mcb_trends *trends, const struct mcb_trend *trend)
{
    const struct mcb_ledger *ledger;
    const struct mcb_ledger_cell *cell = mcb_trend_cell(trends, trend, &ledger);
    json_t *value = subject_value(ledger, cell), *changes = json_array();
    bool failed = !value || !changes;
    for (size_t i = 0; !failed && i < trend->change_count; i++)
        failed =
            json_array_append_new(changes, change_value(trends, trend, &trend->changes[i],
                                                        &ledger->settings[cell->setting])) != 0;
    if (failed || json_object_set(value, "changes", changes) != 0) {
        json_decref(value);
        value = NULL;
    }
    json_decref(changes);
    return value;
}

static json_t *run_value(const void *context, size_t index)
{
    return ledger_value(((const struct mcb_trends *)context)->runs[index]);
}

/* Only paths that changed. */
static int put_paths(FILE *out, const struct mcb_trends *trends)
{
    const char *separator = "\n";
    int status = 0;
    fputs("  \"paths\": [", out);
    for (size_t i = 0; status == 0 && i < trends->count; i++) {
        if (trends->list[i].change_count == 0)
            continue;
        fprintf(out, "%s    ", separator);
        status = put(out, trend_value(trends, &trends->list[i]));
        separator = ",\n";
    }
    fputs("\n  ]", out);
    return status;
}

static int put_trends(FILE *out, const struct mcb_trends *trends)
{
    if (!trends)
        return put_member(out, "trends", json_null());
    fputs("  \"trends\": {\n", out);
    int status = put_list(out, "runs", trends->run_count, run_value, trends);
    fputs(",\n", out);
    status = status ? status : put_paths(out, trends);
    fputs("\n  },\n", out);
    return status;
}

/* ---- the document ---- */

static json_t *baseline_value(const void *context, size_t index)
{
    return ledger_value(&((const struct mcb_ledger *)context)[index]);
}

static json_t *options_value(const struct mcb_comparison_options *options)
{
    return json_pack("{s:f, s:b, s:b, s:b}", "tolerance", options->tolerance, "allow_missing",
                     (int)options->allow_missing, "across_hardware", (int)options->across_hardware,
                     "by_rank", (int)options->by_rank);
}

static json_t *counts_value(const struct mcb_comparison *comparison)
{
    json_t *counts = json_object();
    for (int change = 0; counts && change < MCB_CHANGES; change++)
        if (json_object_set_new(counts, mcb_change_name((enum mcb_change)change),
                                json_integer((json_int_t)comparison->counts[change])) != 0) {
            json_decref(counts);
            counts = NULL;
        }
    return counts;
}

static int put_head(FILE *out, const struct mcb_comparison *comparison)
{
    const struct {
        const char *name;
        json_t *value;
    } members[] = {
        {"schema", json_string("mcbench-compare/1")},
        {"tool", json_pack("{s:s, s:s}", "name", "mcbench", "version", MCB_VERSION)},
        {"options", options_value(&comparison->options)},
        {"new", ledger_value(comparison->after)},
        {"stand_in", json_boolean(comparison->stand_in)},
        {"regressions", json_integer((json_int_t)mcb_comparison_regressions(comparison))},
        {"counts", counts_value(comparison)},
        {"compared", json_integer((json_int_t)comparison->compared)},
        {"doubtful", json_integer((json_int_t)comparison->doubtful)},
        {"noise", comparison->compared ? reckoned(comparison->noise) : json_null()},
        {"differences_beyond", json_integer((json_int_t)comparison->differences.beyond)},
    };
    int status = 0;
    for (size_t i = 0; i < sizeof members / sizeof members[0]; i++)
        status |= put_member(out, members[i].name, members[i].value);
    return status;
}

int mcb_comparison_print_json(FILE *out, const struct mcb_comparison *comparison,
                              const struct mcb_trends *trends)
{
    const struct mcb_differences *differences = &comparison->differences;
    fputs("{\n", out);
    int status = put_head(out, comparison);
    status |= put_list(out, "baselines", comparison->baseline_count, baseline_value,
                       comparison->baselines);
    fputs(",\n", out);
    status |= put_list(out, "differences", differences->count, difference_value, differences);
    fputs(",\n", out);
    status |= put_trends(out, trends);
    status |= put_list(out, "rows", comparison->row_count, row_value, comparison);
    fputs("\n}\n", out);
    return status == 0 && !ferror(out) ? 0 : -1;
}
