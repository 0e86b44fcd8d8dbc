/* SPDX-License-Identifier: Apache-2.0 */
#include "bench/report/history.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench/report/history_files.h"
#include "common/text.h"

/* What moves figures less is no new level to hold others against. */
static const double change_least = 0.05;

/* ---- loading ---- */

static void note_unreadable(struct mcb_history *history, size_t count, const char *why)
{
    enum { ROOM_FOR_MORE = 64 };
    if (history->unreadable == 0)
        mcb_text_clean(why, history->damaged, sizeof history->damaged - ROOM_FOR_MORE);
    history->unreadable += count;
}

/* Several at once, and where that fails by halves, until it is known which ones are damaged. */
static int load_files(struct mcb_history *history, const char *const *paths, size_t count,
                      struct mcb_error *error)
{
    struct mcb_error why;
    if (count == 0)
        return 0;
    if (mcb_ledger_load(paths, count, &history->runs[history->count], &why) == 0) {
        history->count += count;
        return 0;
    }
    if (why.code != MCB_FAULT_USE_FILE) {
        *error = why;
        return -1;
    }
    if (count == 1) {
        note_unreadable(history, 1, why.detail);
        return 0;
    }
    size_t half = count / 2;
    if (load_files(history, paths, half, error) != 0)
        return -1;
    return load_files(history, paths + half, count - half, error);
}

/* How many of the newest files are read. */
static size_t count_newest(const struct mcb_history_files *files)
{
    size_t count = 0;
    uint64_t bytes = 0;
    while (count < files->count && count < MCB_HISTORY_MOST) {
        bytes += files->list[files->count - 1 - count].bytes;
        if (count > 0 && bytes > MCB_HISTORY_MOST_BYTES)
            break;
        count++;
    }
    return count;
}

static int load_newest(struct mcb_history *history, const struct mcb_history_files *files,
                       struct mcb_error *error)
{
    size_t count = count_newest(files);
    const char **paths = calloc(count + 1, sizeof *paths);
    history->runs = calloc(count + 1, sizeof *history->runs);
    int status = -1;
    if (!paths || !history->runs) {
        mcb_error_set(error, MCB_FAULT_HOST_MEMORY, "no memory for a history");
        goto done;
    }
    for (size_t i = 0; i < count; i++)
        paths[i] = files->list[files->count - count + i].path;
    history->passed_over += files->count - count;
    status = load_files(history, paths, count, error);
done:
    free(paths);
    return status;
}

static int check_content(const struct mcb_history *history, const char *folder,
                         struct mcb_error *error)
{
    if (history->count > 0)
        return 0;
    if (history->unreadable > 0)
        return mcb_error_set(error, MCB_FAULT_USE_FILE,
                             "%s: none of the results in it can be read: %s", folder,
                             history->damaged);
    return mcb_error_set(error, MCB_FAULT_USE_FILE,
                         "%s: no earlier result in it; *.json that mcbench cpu or gpu --output "
                         "wrote would be one",
                         folder);
}

static void tell_of_more(struct mcb_history *history)
{
    size_t length = strlen(history->damaged);
    if (history->unreadable > 1)
        snprintf(history->damaged + length, sizeof history->damaged - length,
                 "; nor can %zu more be read", history->unreadable - 1);
}

int mcb_history_load(const char *folder, const char *except, struct mcb_history *history,
                     struct mcb_error *error)
{
    struct mcb_history_files files;
    struct mcb_history made = {0};
    if (mcb_history_files_find(folder, except, &files, error) != 0)
        return -1;
    made.passed_over = files.passed_over;
    if (files.unopened > 0)
        note_unreadable(&made, files.unopened, files.why.detail);
    int status = load_newest(&made, &files, error);
    mcb_history_files_release(&files);
    if (status == 0)
        status = check_content(&made, folder, error);
    if (status != 0) {
        mcb_history_release(&made);
        return -1;
    }
    tell_of_more(&made);
    *history = made;
    return 0;
}

void mcb_history_release(struct mcb_history *history)
{
    for (size_t i = 0; i < history->count; i++)
        mcb_ledger_release(&history->runs[i]);
    free(history->runs);
    *history = (struct mcb_history){0};
}

/* ---- choosing ---- */

/* The runs that are not later than the new result, and that one as the last. */
struct timeline {
    const struct mcb_ledger **runs;
    size_t earlier;
    bool *fits;     /* of each earlier run: a path can be held against the new one's */
    size_t *levels; /* of each path of the new one that an earlier run has: since which its level is
                       what it is */
    size_t level_count;
};

static int make_timeline(const struct mcb_history *history, const struct mcb_ledger *after,
                         size_t path_count, struct timeline *timeline)
{
    *timeline = (struct timeline){.runs = calloc(history->count + 1, sizeof *timeline->runs),
                                  .fits = calloc(history->count + 1, sizeof *timeline->fits),
                                  .levels = calloc(path_count + 1, sizeof *timeline->levels)};
    if (!timeline->runs || !timeline->fits || !timeline->levels)
        return -1;
    while (timeline->earlier < history->count &&
           strcmp(history->runs[timeline->earlier].started, after->started) <= 0) {
        timeline->runs[timeline->earlier] = &history->runs[timeline->earlier];
        timeline->earlier++;
    }
    timeline->runs[timeline->earlier] = after;
    return 0;
}

static void release_timeline(struct timeline *timeline)
{
    free(timeline->runs);
    free(timeline->fits);
    free(timeline->levels);
}

static size_t figures_from(const struct mcb_trend *trend, size_t first, size_t runs)
{
    size_t count = 0;
    for (size_t i = first; i < trend->point_count; i++)
        count += trend->points[i].run < runs && trend->points[i].figure > 0;
    return count;
}

/* The run at which the path's last change was; 0: none. What one earlier run alone has seen is no
 * level to hold anything against. */
static size_t last_level(const struct mcb_trend *trend, size_t runs)
{
    enum { SEEN_LEAST = 2 };
    for (size_t i = trend->change_count; i-- > 0;)
        if (figures_from(trend, trend->changes[i].point, runs) >= SEEN_LEAST)
            return trend->points[trend->changes[i].point].run;
    return 0;
}

static void look_at_paths(struct timeline *timeline, const struct mcb_trends *trends)
{
    for (size_t i = 0; i < trends->count; i++) {
        const struct mcb_trend *trend = &trends->list[i];
        if (trend->points[trend->point_count - 1].run != timeline->earlier ||
            figures_from(trend, 0, timeline->earlier) == 0)
            continue;
        timeline->levels[timeline->level_count++] = last_level(trend, timeline->earlier);
        for (size_t point = 0; point + 1 < trend->point_count; point++)
            if (trend->points[point].figure > 0)
                timeline->fits[trend->points[point].run] = true;
    }
}

static int by_number(const void *left, const void *right)
{
    const size_t *one = left, *other = right;
    return (*one > *other) - (*one < *other);
}

static size_t take_newest(struct timeline *timeline, size_t chosen[MCB_HISTORY_CHOSEN_MOST])
{
    size_t count = 0, since = 0;
    qsort(timeline->levels, timeline->level_count, sizeof *timeline->levels, by_number);
    if (timeline->level_count)
        since = timeline->levels[(timeline->level_count - 1) / 2];
    for (size_t run = timeline->earlier; run-- > since && count < MCB_HISTORY_CHOSEN_MOST;)
        if (timeline->fits[run])
            chosen[count++] = run;
    for (size_t i = 0; i < count / 2; i++) {
        size_t swapped = chosen[i];
        chosen[i] = chosen[count - 1 - i];
        chosen[count - 1 - i] = swapped;
    }
    return count;
}

int mcb_history_choose(const struct mcb_history *history, const struct mcb_ledger *after,
                       bool by_rank, size_t chosen[MCB_HISTORY_CHOSEN_MOST], size_t *count,
                       struct mcb_error *error)
{
    struct timeline timeline;
    struct mcb_trends trends;
    int status = -1;
    if (make_timeline(history, after, after->cell_count, &timeline) != 0)
        mcb_error_set(error, MCB_FAULT_HOST_MEMORY, "no memory to choose from %zu results",
                      history->count);
    else
        status = mcb_trends_make(timeline.runs, timeline.earlier + 1, change_least, by_rank,
                                 &trends, error);
    if (status == 0) {
        look_at_paths(&timeline, &trends);
        *count = take_newest(&timeline, chosen);
        mcb_trends_release(&trends);
    }
    release_timeline(&timeline);
    return status;
}
