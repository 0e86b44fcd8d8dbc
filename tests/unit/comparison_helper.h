/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MCB_TESTS_COMPARISON_HELPER_H
#define MCB_TESTS_COMPARISON_HELPER_H

/*
 * Comparisons for tests, and their forms as text. Included after cmocka.h.
 *
 *   json_t *before = ledger_document(&compared_plan), *after = ledger_document(&compared_plan);
 *   compared_scale(after, ledger_cell_at(after, 0, 3, 5), 0.9);
 *   struct compared *compared = compared_make(before, after, NULL);
 *   ...
 *   compared_free(compared);
 */

#include "bench/report/comparison_forms.h"
#include "common/text.h"
#include "tests/unit/ledger_helper.h"

/* 8 endpoints, 64 paths, of 5 trials that scatter by less than 1 %. */
static const struct ledger_plan compared_plan = {.hosts = 2, .nics = 4};

struct compared {
    struct mcb_ledger before, after;
    struct mcb_comparison comparison;
};

/* Takes the references of both documents. options NULL: a tolerance of 5 %. */
static inline struct compared *compared_make(json_t *before, json_t *after,
                                             const struct mcb_comparison_options *options)
{
    static const struct mcb_comparison_options usual = {.tolerance = 0.05};
    struct compared *compared = calloc(1, sizeof *compared);
    struct mcb_error error;
    assert_non_null(compared);
    ledger_of(before, &compared->before);
    ledger_of(after, &compared->after);
    if (mcb_comparison_make(&compared->before, 1, &compared->after, options ? options : &usual,
                            &compared->comparison, &error) != 0)
        fail_msg("%s", error.detail);
    return compared;
}

static inline void compared_free(struct compared *compared)
{
    mcb_comparison_release(&compared->comparison);
    mcb_ledger_release(&compared->before);
    mcb_ledger_release(&compared->after);
    free(compared);
}

/* All trials of a cell times that. */
static inline void compared_scale(json_t *document, size_t position, double factor)
{
    json_t *cell = ledger_cell(document, position), *trial;
    const char *group = json_object_get(cell, "latency_us") ? "latency_us" : "bandwidth_gbps";
    json_t *list = json_object_get(json_object_get(cell, group), "trials");
    double trials[1024];
    size_t i;
    json_array_foreach(list, i, trial) trials[i] = json_number_value(trial) * factor;
    ledger_set_trials(cell, trials, json_array_size(list));
}

/* Another name for a host of the document, in its cells too. */
static inline void compared_rename(json_t *document, const char *from, const char *to)
{
    static const char *const ends[] = {"initiator", "target"};
    json_t *host, *cell;
    size_t i;
    json_array_foreach(json_object_get(document, "hosts"), i,
                       host) if (strcmp(mcb_json_text(host, "host"), from) == 0)
        json_object_set_new(host, "host", json_string(to));
    json_array_foreach(json_object_get(document, "cells"), i, cell) for (size_t end = 0; end < 2;
                                                                         end++)
    {
        json_t *endpoint = json_object_get(cell, ends[end]);
        if (strcmp(mcb_json_text(endpoint, "host"), from) == 0)
            json_object_set_new(endpoint, "host", json_string(to));
    }
}

/* One of each change but DIFFERENT: cell (0, i) of the first setting. Some 50 are unchanged. */
static inline struct compared *compared_mixed(void)
{
    json_t *before = ledger_document(&compared_plan), *after = ledger_document(&compared_plan);
    compared_scale(after, ledger_cell_at(after, 0, 0, 1), 0.8);
    compared_scale(after, ledger_cell_at(after, 0, 0, 2), 0.7);
    compared_scale(after, ledger_cell_at(after, 0, 0, 3), 1.4);
    ledger_fail(after, ledger_cell_at(after, 0, 0, 4), "failed", "MCB-RDMA-013", "no way there");
    ledger_fail(after, ledger_cell_at(after, 0, 0, 5), "skipped", "MCB-RUN-001", "interrupted");
    ledger_fail(before, ledger_cell_at(before, 0, 0, 6), "failed", "MCB-RDMA-013", "lost");
    ledger_fail(after, ledger_cell_at(after, 0, 0, 6), "failed", "MCB-RDMA-013", "still lost");
    ledger_fail(before, ledger_cell_at(before, 0, 0, 7), "failed", "MCB-RDMA-013", "was lost");
    size_t gone = ledger_cell_at(after, 0, 7, 7), fresh = ledger_cell_at(before, 0, 7, 6);
    ledger_drop(after, gone);
    ledger_drop(before, fresh);
    return compared_make(before, after, NULL);
}

/* ---- changes with time ---- */

/* Three paths in three runs: two of them fell from 100 to 80 in the last run, which has another
 * kernel. */
struct timeline {
    struct mcb_ledger ledgers[3];
    const struct mcb_ledger *runs[3];
    struct mcb_trend_point points[2][3];
    struct mcb_trend_change changes[2];
    struct mcb_trend list[3];
    struct mcb_trends trends;
};

static inline void timeline_make(struct timeline *timeline)
{
    memset(timeline, 0, sizeof *timeline);
    struct mcb_error error;
    for (size_t i = 0; i < 3; i++) {
        char started[32];
        struct ledger_plan plan = compared_plan;
        snprintf(started, sizeof started, "2026-11-2%zuT09:14:02Z", i);
        plan.started = started;
        json_t *document = ledger_document(&plan);
        if (i == 2)
            ledger_set_host(document, 0, "kernel", json_string("6.12"));
        ledger_of(document, &timeline->ledgers[i]);
        timeline->runs[i] = &timeline->ledgers[i];
    }
    for (uint32_t path = 0; path < 2; path++) {
        for (uint32_t run = 0; run < 3; run++)
            timeline->points[path][run] =
                (struct mcb_trend_point){run, path + 1, run < 2 ? 100 : 80, 0, 0};
        timeline->changes[path] =
            (struct mcb_trend_change){.point = 2, .before = 100, .after = 80, .p = 0.002};
        timeline->changes[path].worse = path == 0;
        assert_int_equal(mcb_environment_compare(timeline->runs[1]->head, timeline->runs[2]->head,
                                                 false, &timeline->changes[path].differences,
                                                 &error),
                         0);
        timeline->list[path] =
            (struct mcb_trend){timeline->points[path], 3, &timeline->changes[path], 1};
    }
    timeline->list[2] = (struct mcb_trend){timeline->points[0], 3, NULL, 0};
    timeline->trends = (struct mcb_trends){
        .runs = timeline->runs, .run_count = 3, .list = timeline->list, .count = 3};
}

static inline void timeline_release(struct timeline *timeline)
{
    for (size_t i = 0; i < 3; i++)
        mcb_ledger_release(&timeline->ledgers[i]);
    for (size_t i = 0; i < 2; i++)
        mcb_differences_release(&timeline->changes[i].differences);
}

/* ---- forms as text ---- */

/* For free(). */
static inline char *compared_print(const struct mcb_comparison *comparison,
                                   const struct mcb_trends *trends, size_t columns, bool colour,
                                   size_t most)
{
    char *stream = NULL;
    size_t size = 0;
    FILE *out = open_memstream(&stream, &size);
    assert_non_null(out);
    const struct mcb_canvas canvas = {out, columns, colour};
    mcb_comparison_print(&canvas, comparison, trends, most);
    fclose(out);
    char *text = strdup(stream); /* whose address no stream knows, as gcc would warn */
    free(stream);
    return text;
}

/* What a form writes to a file, whole. For free(). */
static inline char *compared_read(const char *path)
{
    size_t size = 0;
    char *text = NULL;
    FILE *file = fopen(path, "r"), *copy = open_memstream(&text, &size);
    assert_non_null(file);
    assert_non_null(copy);
    for (int letter; (letter = fgetc(file)) != EOF;)
        fputc(letter, copy);
    fclose(copy);
    fclose(file);
    char *kept = strdup(text);
    free(text);
    return kept;
}

static inline void assert_has(const char *text, const char *expected)
{
    if (!strstr(text, expected))
        fail_msg("\"%s\" is not in:\n%s", expected, text);
}

static inline void assert_has_not(const char *text, const char *unexpected)
{
    if (strstr(text, unexpected))
        fail_msg("\"%s\" is in:\n%s", unexpected, text);
}

static inline size_t count_of(const char *text, const char *word)
{
    size_t count = 0;
    for (; (text = strstr(text, word)); text += strlen(word))
        count++;
    return count;
}

#endif
