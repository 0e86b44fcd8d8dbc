/* SPDX-License-Identifier: Apache-2.0 */
#include "bench/report/noise.h"

#include <float.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "bench/report/noise_law.h"
#include "bench/report/noise_work.h"

static int order_of_numbers(const void *left, const void *right)
{
    const double *one = left, *other = right;
    return (*one > *other) - (*one < *other);
}

void mcb_noise_sort(double *numbers, size_t count)
{
    qsort(numbers, count, sizeof *numbers, order_of_numbers);
}

double mcb_noise_median(double *numbers, size_t count)
{
    mcb_noise_sort(numbers, count);
    return (numbers[(count - 1) / 2] + numbers[count / 2]) / 2;
}

/* ---- levels ---- */

static double logarithm(double figure)
{
    return log(fmax(figure, DBL_MIN));
}

static struct mcb_noise_level level_of(const double *trials, size_t count, double *room)
{
    memcpy(room, trials, count * sizeof *trials);
    double median = mcb_noise_median(room, count);
    return (struct mcb_noise_level){logarithm(median),
                                    logarithm(room[mcb_noise_lower_rank(count) - 1]),
                                    logarithm(room[mcb_noise_upper_rank(count) - 1])};
}

/* Of each part of the levels of all runs the median. room: three times as many numbers as runs. */
static struct mcb_noise_level level_of_runs(const struct mcb_noise_cell *cell, double *medians,
                                            size_t run_count, double *trials, double *room)
{
    size_t known = 0;
    for (size_t run = 0; run < run_count; run++) {
        medians[run] = NAN;
        if (run >= cell->runs || cell->before_counts[run] == 0)
            continue;
        struct mcb_noise_level level =
            level_of(cell->before[run], cell->before_counts[run], trials);
        medians[run] = room[known] = level.median;
        room[run_count + known] = level.low;
        room[2 * run_count + known++] = level.high;
    }
    return (struct mcb_noise_level){mcb_noise_median(room, known),
                                    mcb_noise_median(room + run_count, known),
                                    mcb_noise_median(room + 2 * run_count, known)};
}

static void measure_levels(struct mcb_noise_work *work, double *room)
{
    for (size_t i = 0; i < work->count; i++) {
        struct mcb_noise_cell *cell = &work->cells[i];
        work->before[i] = level_of_runs(cell, &work->runs[i * work->run_count], work->run_count,
                                        work->room, room);
        work->after[i] = level_of(cell->after, cell->after_count, work->room);
        cell->ratio = exp(work->after[i].median - work->before[i].median);
    }
}

static int work_make(struct mcb_noise_cell *cells, size_t count, struct mcb_noise_work *work)
{
    size_t room = count;
    *work = (struct mcb_noise_work){.cells = cells, .count = count};
    for (size_t i = 0; i < count; i++) {
        work->run_count = cells[i].runs > work->run_count ? cells[i].runs : work->run_count;
        room = cells[i].after_count > room ? cells[i].after_count : room;
        for (size_t run = 0; run < cells[i].runs; run++)
            room = cells[i].before_counts[run] > room ? cells[i].before_counts[run] : room;
    }
    room = work->run_count > room ? work->run_count : room;
    work->runs = calloc(count * work->run_count + 1, sizeof *work->runs);
    work->before = calloc(count, sizeof *work->before);
    work->after = calloc(count, sizeof *work->after);
    work->scales = calloc(count, sizeof *work->scales);
    work->trial_scatters = calloc(count, sizeof *work->trial_scatters);
    work->run_scatters = calloc(count, sizeof *work->run_scatters);
    work->by_runs = calloc(count, sizeof *work->by_runs);
    work->room = calloc(room, sizeof *work->room);
    return work->runs && work->before && work->after && work->scales && work->trial_scatters &&
                   work->run_scatters && work->by_runs && work->room
               ? 0
               : -1;
}

static void work_release(struct mcb_noise_work *work)
{
    free(work->runs);
    free(work->before);
    free(work->after);
    free(work->scales);
    free(work->trial_scatters);
    free(work->run_scatters);
    free(work->by_runs);
    free(work->room);
}

/* ---- judgement ---- */

/* What a cell has of what all of them may well differ by: never more than it differs. */
static double common_of(const struct mcb_noise_work *work, double difference)
{
    return difference < 0 ? fmin(0, fmax(work->common, difference))
                          : fmax(0, fmin(work->common, difference));
}

static void judge_cell(const struct mcb_noise_work *work, size_t number, struct mcb_noise_law *law,
                       size_t comparisons)
{
    struct mcb_noise_cell *cell = &work->cells[number];
    const struct mcb_noise_level *before = &work->before[number], *after = &work->after[number];
    bool by_runs = work->by_runs[number];
    const struct mcb_noise_scales *scales = by_runs ? &work->run_scales : &work->trial_scales;
    double weights[MCB_NOISE_SCALES], level = MCB_NOISE_LEVEL / (double)comparisons;
    mcb_noise_scales_of(
        scales, by_runs ? &work->run_scatters[number] : &work->trial_scatters[number], weights);
    double change = after->median - before->median, common = common_of(work, change);
    double chance =
        change < 0
            ? mcb_noise_law_chance(&law->loss, scales, weights, after->high - before->low - common)
            : mcb_noise_law_chance(&law->gain, scales, weights, before->high - after->low + common);
    cell->p = fmin(1, 2 * chance);
    cell->spread = law->spread * fmax(1, work->scales[number]);
    double *visible =
        &law->visible[by_runs][mcb_noise_scales_nearest(scales, work->scales[number])];
    if (*visible == 0)
        *visible = -expm1(-mcb_noise_law_reach(law, scales, weights, level / 2));
    cell->visible = *visible;
}

/* Where there is nothing to tell noise by: one trial each, of a few cells. */
static void know_nothing(struct mcb_noise_work *work)
{
    for (size_t i = 0; i < work->count; i++)
        work->cells[i].p = work->cells[i].spread = work->cells[i].visible = 1;
}

static int judge(struct mcb_noise_work *work, size_t comparisons, struct mcb_error *error)
{
    double *room = calloc(3 * work->run_count + 1, sizeof *room);
    if (!room)
        return mcb_error_set(error, MCB_FAULT_HOST_MEMORY, "no memory to compare results");
    measure_levels(work, room);
    free(room);
    if (mcb_noise_learn_trials(work, error) != 0 || mcb_noise_learn_runs(work, error) != 0)
        return -1;
    if (!(work->shift_freedom > 0)) {
        know_nothing(work);
        return 0;
    }
    struct mcb_noise_laws laws = {0};
    struct mcb_noise_law *law = NULL;
    for (size_t i = 0; i < work->count; i++) {
        law = mcb_noise_law_of(work, &work->cells[i], &laws);
        if (!law)
            break;
        judge_cell(work, i, law, comparisons);
    }
    free(laws.list);
    return law ? 0 : mcb_error_set(error, MCB_FAULT_HOST_MEMORY, "no memory to compare results");
}

int mcb_noise_judge(struct mcb_noise_cell *cells, size_t count, size_t comparisons,
                    struct mcb_error *error)
{
    if (count == 0)
        return 0;
    struct mcb_noise_work work;
    int status = work_make(cells, count, &work);
    if (status != 0)
        mcb_error_write(error, MCB_FAULT_HOST_MEMORY, "no memory to compare results");
    else
        status = judge(&work, comparisons ? comparisons : 1, error);
    work_release(&work);
    return status;
}

/* ---- many cells ---- */

static int order_of_chance(const void *left, const void *right)
{
    const struct mcb_noise_cell *const *one = left, *const *other = right;
    return ((*one)->p > (*other)->p) - ((*one)->p < (*other)->p);
}

int mcb_noise_adjust(struct mcb_noise_cell *cells, size_t count, struct mcb_error *error)
{
    struct mcb_noise_cell **sorted = calloc(count + 1, sizeof *sorted);
    if (!sorted)
        return mcb_error_set(error, MCB_FAULT_HOST_MEMORY, "no memory to compare results");
    for (size_t i = 0; i < count; i++)
        sorted[i] = &cells[i];
    qsort(sorted, count, sizeof *sorted, order_of_chance);
    double least = 1;
    for (size_t i = count; i-- > 0;) {
        least = fmin(least, sorted[i]->p * (double)count / ((double)i + 1));
        sorted[i]->adjusted = least;
    }
    free(sorted);
    return 0;
}
