/* SPDX-License-Identifier: Apache-2.0 */
#include "bench/report/trend_steps.h"

#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "bench/report/noise.h"
#include "bench/report/trend_cut.h"
#include "bench/report/trend_scatter.h"

/* Less scatter than this is not believed: figures that are equal by chance, or rounded. */
#define SCATTER_LEAST  0.001
#define CUT_PENALTY    3.0 /* scatters */
#define OUTLIER_BEYOND 3.0 /* scatters */
#define MAD_TO_SIGMA   1.4826

/* Outliers are counted by their size, in octaves from SCATTER_LEAST on. */
enum { OCTAVES = 16 };

struct group {
    size_t first, end; /* in the list of series */
    double scatter;    /* the usual one, by the differences of neighbours */
    struct mcb_trend_pool pool;
    double values, outliers[2][OCTAVES]; /* below their level, and above it */
};

struct work {
    struct mcb_trend_series *series;
    size_t count, group_count, most; /* most: values of the longest */
    double tolerance;
    struct group *groups;
    double *scatters;                /* [count] of each series, by the differences of neighbours */
    struct mcb_trend_scatter *known; /* [count] about its levels */
    double *values;                  /* room: [most] or [count] */
    size_t *cuts;                    /* [most] */
    struct mcb_trend_room *room;
};

static int by_value(const void *left, const void *right)
{
    double a = *(const double *)left, b = *(const double *)right;
    return (a > b) - (a < b);
}

static double median_of_sorted(const double *sorted, size_t count)
{
    return (sorted[(count - 1) / 2] + sorted[count / 2]) / 2;
}

double mcb_trend_median(const double *values, size_t count, double *room)
{
    memcpy(room, values, count * sizeof *values);
    qsort(room, count, sizeof *room, by_value);
    return median_of_sorted(room, count);
}

static bool is_testable(const struct mcb_trend_series *series)
{
    return series->count >= 2 * MCB_TREND_LEVEL_LEAST;
}

/* ---- scatter ---- */

/* By the median difference of neighbours, which a few steps do not move. */
static double scatter_of(const struct mcb_trend_series *series, double *room)
{
    for (size_t i = 1; i < series->count; i++)
        room[i - 1] = fabs(series->values[i] - series->values[i - 1]);
    qsort(room, series->count - 1, sizeof *room, by_value);
    double scatter = MAD_TO_SIGMA / M_SQRT2 * median_of_sorted(room, series->count - 1);
    return fmax(scatter, SCATTER_LEAST);
}

static void measure_scatter(struct work *work, struct group *group)
{
    size_t members = 0;
    for (size_t i = group->first; i < group->end; i++)
        if (is_testable(&work->series[i]))
            work->scatters[i] = scatter_of(&work->series[i], work->values);
    for (size_t i = group->first; i < group->end; i++)
        if (is_testable(&work->series[i]))
            work->values[members++] = work->scatters[i];
    qsort(work->values, members, sizeof *work->values, by_value);
    group->scatter = members ? median_of_sorted(work->values, members) : 0;
}

static size_t first_of(const struct mcb_trend_series *series, size_t level)
{
    return level == 0 ? 0 : series->steps[level - 1].first;
}

static size_t end_of(const struct mcb_trend_series *series, size_t level)
{
    return level == series->step_count ? series->count : series->steps[level].first;
}

static int octave_of(double distance)
{
    int octave = ilogb(distance / SCATTER_LEAST);
    return octave < 0 ? 0 : octave >= OCTAVES ? OCTAVES - 1 : octave;
}

/* What the series knows of its scatter about its levels. outliers: they are added there, if it is
 * not NULL. */
static struct mcb_trend_scatter scatter_about(struct work *work, const struct group *group,
                                              size_t number, double (*outliers)[OCTAVES])
{
    const struct mcb_trend_series *series = &work->series[number];
    double most = OUTLIER_BEYOND * fmax(work->scatters[number], group->scatter), squares = 0;
    for (size_t level = 0; level <= series->step_count; level++) {
        size_t first = first_of(series, level), end = end_of(series, level);
        double median = mcb_trend_median(series->values + first, end - first, work->values);
        for (size_t i = first; i < end; i++) {
            double distance = series->values[i] - median;
            double bounded = fmin(most, fabs(distance));
            squares += bounded * bounded;
            if (outliers && fabs(distance) > most)
                outliers[distance > 0][octave_of(fabs(distance))]++;
        }
    }
    /* Each cut costs two: a level, and its place. */
    double freedom = fmax((double)series->count - 1 - 2 * (double)series->step_count, 0);
    double variance = freedom > 0 ? squares / freedom : 0;
    return (struct mcb_trend_scatter){fmax(variance, SCATTER_LEAST * SCATTER_LEAST), freedom};
}

/* ---- candidates ---- */

static int cut(struct work *work, const struct group *group, size_t number)
{
    struct mcb_trend_series *series = &work->series[number];
    double penalty = CUT_PENALTY * fmax(work->scatters[number], group->scatter);
    size_t cuts = mcb_trend_cut(series->values, series->count, penalty, work->room, work->cuts);
    series->steps = calloc(cuts + 1, sizeof *series->steps);
    if (!series->steps)
        return -1;
    for (size_t i = 0; i < cuts; i++)
        series->steps[i].first = work->cuts[i];
    series->step_count = cuts;
    return 0;
}

static int find_candidates(struct work *work, struct group *group)
{
    measure_scatter(work, group);
    for (size_t i = group->first; i < group->end; i++)
        if (is_testable(&work->series[i]) && cut(work, group, i) != 0)
            return -1;
    return 0;
}

/* How the values of a group lie about the levels as they are now. */
static void learn(struct work *work, struct group *group)
{
    group->values = 0;
    memset(group->outliers, 0, sizeof group->outliers);
    for (size_t i = group->first; i < group->end; i++) {
        if (!is_testable(&work->series[i]))
            continue;
        work->known[i] = scatter_about(work, group, i, group->outliers);
        group->values += (double)work->series[i].count;
    }
    group->pool = mcb_trend_pool_make(work->known + group->first, group->end - group->first);
}

/* ---- judgement ---- */

/* A level by its values in order. */
struct level {
    double median, lower, upper; /* the two middle ones; of an odd number both the median */
    size_t count;
};

static struct level level_of(struct work *work, const struct mcb_trend_series *series,
                             size_t number)
{
    size_t first = first_of(series, number), end = end_of(series, number);
    struct level level = {.count = end - first};
    level.median = mcb_trend_median(series->values + first, level.count, work->values);
    level.lower = work->values[(level.count - 1) / 2];
    level.upper = work->values[level.count / 2];
    return level;
}

/* The chance that more than half of the values are outliers as large as this, in one direction. */
static double chance_of_outliers(const struct group *group, size_t count, bool above, double apart)
{
    double number = 0, chance = 0;
    for (int octave = octave_of(apart); octave < OCTAVES; octave++)
        number += group->outliers[above][octave];
    double part = number / group->values;
    if (!(part > 0) || part >= 1)
        return part;
    double n = (double)count;
    for (double k = floor(n / 2) + 1; k <= n; k++)
        chance += exp(lgamma(n + 1) - lgamma(k + 1) - lgamma(n - k + 1) + k * log(part) +
                      (n - k) * log1p(-part));
    return chance;
}

/* The chance of two levels this far apart without a change, corrected for places. */
static double chance_of(const struct work *work, const struct group *group,
                        const struct level *before, const struct level *after,
                        const struct mcb_trend_scatter *scatter)
{
    double ratio = exp(after->median - before->median);
    if (fabs(ratio - 1) <= work->tolerance)
        return 1;
    bool up = ratio > 1;
    double apart = up ? after->lower - before->upper : before->lower - after->upper;
    if (!(apart > 0))
        return 1;
    double variance =
        mcb_trend_median_variance(before->count) + mcb_trend_median_variance(after->count);
    double places = (double)(before->count + after->count - 2 * MCB_TREND_LEVEL_LEAST + 1);
    double t = apart / sqrt(scatter->variance * variance);
    double chance = mcb_trend_student(t, scatter->freedom) +
                    chance_of_outliers(group, before->count, !up, apart) +
                    chance_of_outliers(group, after->count, up, apart);
    return fmin(1, places * chance);
}

static void judge(struct work *work, const struct group *group, size_t number)
{
    struct mcb_trend_series *series = &work->series[number];
    struct mcb_trend_scatter own = scatter_about(work, group, number, NULL);
    struct mcb_trend_scatter scatter = mcb_trend_pool_apply(&group->pool, &own);
    struct level before = level_of(work, series, 0);
    for (size_t i = 0; i < series->step_count; i++) {
        struct level after = level_of(work, series, i + 1);
        series->steps[i].p = chance_of(work, group, &before, &after, &scatter);
        before = after;
    }
}

/* Takes away the least certain step, until the chance of each is below the limit. */
static void thin_out(struct work *work, const struct group *group, size_t number, double limit)
{
    struct mcb_trend_series *series = &work->series[number];
    while (series->step_count > 0) {
        judge(work, group, number);
        size_t worst = 0;
        for (size_t i = 1; i < series->step_count; i++)
            if (series->steps[i].p > series->steps[worst].p)
                worst = i;
        if (series->steps[worst].p < limit)
            return;
        series->step_count--;
        memmove(&series->steps[worst], &series->steps[worst + 1],
                (series->step_count - worst) * sizeof *series->steps);
    }
}

static void thin_out_all(struct work *work, double limit)
{
    for (const struct group *group = work->groups; group < work->groups + work->group_count;
         group++)
        for (size_t i = group->first; i < group->end; i++)
            thin_out(work, group, i, limit);
}

/* By what p is to be multiplied so that MCB_NOISE_LEVEL holds for all series together (Benjamini
 * and Hochberg). Every step is a question asked, and every series without one. */
static int correct(const struct work *work, double *factor)
{
    size_t steps = 0, questions = 0, passed = 0;
    for (size_t i = 0; i < work->count; i++) {
        steps += work->series[i].step_count;
        if (is_testable(&work->series[i]))
            questions += work->series[i].step_count > 1 ? work->series[i].step_count : 1;
    }
    double *sorted = malloc((steps + 1) * sizeof *sorted);
    if (!sorted)
        return -1;
    steps = 0;
    for (size_t i = 0; i < work->count; i++)
        for (size_t step = 0; step < work->series[i].step_count; step++)
            sorted[steps++] = work->series[i].steps[step].p;
    qsort(sorted, steps, sizeof *sorted, by_value);
    for (size_t rank = 1; rank <= steps; rank++)
        if (sorted[rank - 1] * (double)questions / (double)rank < MCB_NOISE_LEVEL)
            passed = rank;
    free(sorted);
    *factor = (double)questions / (double)(passed ? passed : 1);
    return 0;
}

static int find(struct work *work)
{
    enum { TURNS = 2 }; /* outliers that were taken for levels are seen in the second */
    double factor;
    for (size_t g = 0; g < work->group_count; g++)
        if (find_candidates(work, &work->groups[g]) != 0)
            return -1;
    for (int turn = 0; turn < TURNS; turn++) {
        for (size_t g = 0; g < work->group_count; g++)
            learn(work, &work->groups[g]);
        thin_out_all(work, MCB_NOISE_LEVEL);
    }
    if (correct(work, &factor) != 0)
        return -1;
    thin_out_all(work, MCB_NOISE_LEVEL / factor);
    for (size_t i = 0; i < work->count; i++)
        for (size_t step = 0; step < work->series[i].step_count; step++)
            work->series[i].steps[step].p *= factor;
    return 0;
}

/* ---- room ---- */

static void number_groups(struct work *work)
{
    for (size_t i = 0; i < work->count; i++) {
        if (i == 0 || work->series[i].group != work->series[i - 1].group)
            work->groups[work->group_count++].first = i;
        work->groups[work->group_count - 1].end = i + 1;
    }
}

static int make_room(struct work *work)
{
    size_t most = work->most > work->count ? work->most : work->count;
    work->groups = calloc(work->count + 1, sizeof *work->groups);
    work->scatters = calloc(work->count + 1, sizeof *work->scatters);
    work->known = calloc(work->count + 1, sizeof *work->known);
    work->values = calloc(most + 1, sizeof *work->values);
    work->cuts = calloc(work->most + 1, sizeof *work->cuts);
    work->room = mcb_trend_room_make(work->most);
    if (!work->groups || !work->scatters || !work->known || !work->values || !work->cuts ||
        !work->room)
        return -1;
    number_groups(work);
    return 0;
}

static void release_room(struct work *work)
{
    mcb_trend_room_release(work->room);
    free(work->cuts);
    free(work->values);
    free(work->known);
    free(work->scatters);
    free(work->groups);
}

int mcb_trend_find_steps(struct mcb_trend_series *series, size_t count, double tolerance,
                         struct mcb_error *error)
{
    struct work work = {.series = series, .count = count, .tolerance = tolerance};
    for (size_t i = 0; i < count; i++) {
        series[i].steps = NULL;
        series[i].step_count = 0;
        work.most = series[i].count > work.most ? series[i].count : work.most;
    }
    int status = make_room(&work) == 0 ? find(&work) : -1;
    release_room(&work);
    for (size_t i = 0; i < count; i++) {
        if (series[i].step_count == 0 || status != 0) {
            free(series[i].steps);
            series[i].steps = NULL;
            series[i].step_count = 0;
        }
    }
    return status == 0 ? 0
                       : mcb_error_set(error, MCB_FAULT_HOST_MEMORY,
                                       "no memory to look for changes in %zu paths", count);
}
