/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Paths are followed through the runs first (trend_paths.h), then the figures of all of them are
 * searched for changes together (trend_steps.h), and last each change is told with what differed
 * between the two runs at it.
 */
#include <math.h>
#include <stdlib.h>

#include "bench/report/history.h"
#include "bench/report/trend_paths.h"
#include "bench/report/trend_steps.h"

/* ---- points ---- */

static struct mcb_trend_point point_of(const struct mcb_ledger *ledger, size_t run, size_t number)
{
    const struct mcb_ledger_cell *cell = &ledger->cells[number];
    struct mcb_trend_point point = {.run = (uint32_t)run, .cell = (uint32_t)number};
    if (cell->status == MCB_LEDGER_OK && cell->figure > 0) {
        point.figure = cell->figure;
        point.low = cell->low;
        point.high = cell->high;
    }
    return point;
}

static int make_points(struct mcb_trends *trends, const struct mcb_trend_paths *paths)
{
    for (size_t run = 0; run < trends->run_count; run++)
        for (size_t i = 0; i < trends->runs[run]->cell_count; i++)
            trends->list[paths->of[run][i]].point_count++;
    for (size_t i = 0; i < trends->count; i++) {
        struct mcb_trend *trend = &trends->list[i];
        trend->points = calloc(trend->point_count, sizeof *trend->points);
        if (!trend->points)
            return -1;
        trend->point_count = 0;
    }
    for (size_t run = 0; run < trends->run_count; run++)
        for (size_t i = 0; i < trends->runs[run]->cell_count; i++) {
            struct mcb_trend *trend = &trends->list[paths->of[run][i]];
            trend->points[trend->point_count++] = point_of(trends->runs[run], run, i);
        }
    return 0;
}

/* ---- changes ---- */

/* The figures of all trends. */
struct figures {
    struct mcb_trend_series *series; /* of each trend */
    double *values;                  /* of all series, one after the other */
    uint32_t *points;                /* of each value: which point of its trend */
    double *room;                    /* for those of one series */
};

static bool make_room(struct figures *figures, const struct mcb_trends *trends)
{
    size_t points = 0;
    for (size_t i = 0; i < trends->count; i++)
        points += trends->list[i].point_count;
    figures->series = calloc(trends->count + 1, sizeof *figures->series);
    figures->values = calloc(points + 1, sizeof *figures->values);
    figures->points = calloc(points + 1, sizeof *figures->points);
    figures->room = calloc(trends->run_count + 1, sizeof *figures->room);
    return figures->series && figures->values && figures->points && figures->room;
}

static void release_figures(struct figures *figures, size_t count)
{
    for (size_t i = 0; figures->series && i < count; i++)
        free(figures->series[i].steps);
    free(figures->room);
    free(figures->points);
    free(figures->values);
    free(figures->series);
}

static void take_figures(struct figures *figures, const struct mcb_trends *trends,
                         const uint32_t *groups)
{
    size_t next = 0;
    for (size_t i = 0; i < trends->count; i++) {
        const struct mcb_trend *trend = &trends->list[i];
        struct mcb_trend_series *series = &figures->series[i];
        *series = (struct mcb_trend_series){.values = &figures->values[next], .group = groups[i]};
        for (size_t point = 0; point < trend->point_count; point++) {
            if (!(trend->points[point].figure > 0))
                continue;
            figures->points[next] = (uint32_t)point;
            figures->values[next++] = log(trend->points[point].figure);
            series->count++;
        }
    }
}

/* What differs between two runs: each two are compared once. NULL: no memory. */
static const struct mcb_differences *differences_of(struct mcb_trends *trends, uint32_t before,
                                                    uint32_t after, bool by_rank,
                                                    struct mcb_error *error)
{
    for (size_t i = trends->moment_count; i-- > 0;)
        if (trends->moments[i].before == before && trends->moments[i].after == after)
            return &trends->moments[i].differences;
    struct mcb_trend_moment *grown =
        realloc(trends->moments, (trends->moment_count + 1) * sizeof *grown);
    if (!grown) {
        mcb_error_set(error, MCB_FAULT_HOST_MEMORY, "no memory for what differs between results");
        return NULL;
    }
    trends->moments = grown;
    struct mcb_trend_moment *moment = &grown[trends->moment_count];
    *moment = (struct mcb_trend_moment){.before = before, .after = after};
    if (mcb_environment_compare(trends->runs[before]->head, trends->runs[after]->head, by_rank,
                                &moment->differences, error) != 0)
        return NULL;
    trends->moment_count++;
    return &moment->differences;
}

static double level_of(const struct mcb_trend_series *series, size_t number, double *room)
{
    size_t first = number == 0 ? 0 : series->steps[number - 1].first;
    size_t end = number == series->step_count ? series->count : series->steps[number].first;
    return exp(mcb_trend_median(series->values + first, end - first, room));
}

static bool is_of_latency(const struct mcb_trends *trends, const struct mcb_trend *trend)
{
    const struct mcb_ledger *ledger = trends->runs[trend->points[0].run];
    return ledger->settings[ledger->cells[trend->points[0].cell].setting].latency;
}

static int make_changes(struct mcb_trends *trends, const struct figures *figures, size_t number,
                        bool by_rank, struct mcb_error *error)
{
    const struct mcb_trend_series *series = &figures->series[number];
    const uint32_t *points = &figures->points[series->values - figures->values];
    struct mcb_trend *trend = &trends->list[number];
    if (series->step_count == 0)
        return 0;
    trend->changes = calloc(series->step_count, sizeof *trend->changes);
    if (!trend->changes)
        return mcb_error_set(error, MCB_FAULT_HOST_MEMORY, "no memory for the changes of a path");
    for (size_t i = 0; i < series->step_count; i++) {
        size_t first = series->steps[i].first;
        const struct mcb_differences *differences =
            differences_of(trends, trend->points[points[first - 1]].run,
                           trend->points[points[first]].run, by_rank, error);
        if (!differences)
            return -1;
        struct mcb_trend_change *change = &trend->changes[trend->change_count++];
        *change = (struct mcb_trend_change){.point = points[first],
                                            .before = level_of(series, i, figures->room),
                                            .after = level_of(series, i + 1, figures->room),
                                            .p = series->steps[i].p,
                                            .differences = *differences};
        change->worse = (change->after < change->before) != is_of_latency(trends, trend);
    }
    return 0;
}

static int find_changes(struct mcb_trends *trends, const uint32_t *groups, double tolerance,
                        bool by_rank, struct mcb_error *error)
{
    struct figures figures = {0};
    int status = -1;
    if (make_room(&figures, trends)) {
        take_figures(&figures, trends, groups);
        status = mcb_trend_find_steps(figures.series, trends->count, tolerance, error);
    } else {
        mcb_error_set(error, MCB_FAULT_HOST_MEMORY, "no memory for the figures of %zu paths",
                      trends->count);
    }
    for (size_t i = 0; status == 0 && i < trends->count; i++)
        status = make_changes(trends, &figures, i, by_rank, error);
    release_figures(&figures, trends->count);
    return status;
}

/* ---- order ---- */

struct ranked {
    struct mcb_trend trend;
    double weight; /* of its last change; of one for the better below 0 */
    size_t number;
};

static int rank_order(const void *left, const void *right)
{
    const struct ranked *one = left, *other = right;
    bool worse = one->weight > 0, worse_other = other->weight > 0;
    if (worse != worse_other)
        return worse ? -1 : 1;
    if (one->weight != other->weight)
        return fabs(one->weight) > fabs(other->weight) ? -1 : 1;
    return (one->number > other->number) - (one->number < other->number);
}

static int sort_trends(struct mcb_trends *trends)
{
    struct ranked *ranked = calloc(trends->count + 1, sizeof *ranked);
    if (!ranked)
        return -1;
    for (size_t i = 0; i < trends->count; i++) {
        ranked[i] = (struct ranked){.trend = trends->list[i], .number = i};
        if (trends->list[i].change_count == 0)
            continue;
        const struct mcb_trend_change *last =
            &trends->list[i].changes[trends->list[i].change_count - 1];
        double weight = fabs(log(last->after / last->before));
        ranked[i].weight = last->worse ? weight : -weight;
    }
    qsort(ranked, trends->count, sizeof *ranked, rank_order);
    for (size_t i = 0; i < trends->count; i++)
        trends->list[i] = ranked[i].trend;
    free(ranked);
    return 0;
}

/* ---- making ---- */

static int no_memory(size_t run_count, struct mcb_error *error)
{
    return mcb_error_set(error, MCB_FAULT_HOST_MEMORY, "no memory for the trends of %zu results",
                         run_count);
}

static int make(struct mcb_trends *trends, const struct mcb_trend_paths *paths, double tolerance,
                bool by_rank, struct mcb_error *error)
{
    trends->list = calloc(paths->count + 1, sizeof *trends->list);
    trends->count = trends->list ? paths->count : 0;
    if (!trends->list || make_points(trends, paths) != 0)
        return no_memory(trends->run_count, error);
    if (find_changes(trends, paths->groups, tolerance, by_rank, error) != 0)
        return -1;
    return sort_trends(trends) == 0 ? 0 : no_memory(trends->run_count, error);
}

int mcb_trends_make(const struct mcb_ledger *const *runs, size_t run_count, double tolerance,
                    bool by_rank, struct mcb_trends *trends, struct mcb_error *error)
{
    struct mcb_trends made = {.runs = runs, .run_count = run_count};
    struct mcb_trend_paths paths;
    if (mcb_trend_paths_make(runs, run_count, by_rank, &paths, error) != 0)
        return -1;
    int status = make(&made, &paths, tolerance, by_rank, error);
    mcb_trend_paths_release(&paths);
    if (status != 0)
        mcb_trends_release(&made);
    else
        *trends = made;
    return status;
}

void mcb_trends_release(struct mcb_trends *trends)
{
    for (size_t i = 0; i < trends->count; i++) {
        free(trends->list[i].points);
        free(trends->list[i].changes);
    }
    for (size_t i = 0; i < trends->moment_count; i++)
        mcb_differences_release(&trends->moments[i].differences);
    free(trends->moments);
    free(trends->list);
    *trends = (struct mcb_trends){0};
}
