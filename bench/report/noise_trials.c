/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What trials scatter about the level of their cell. Twice over them all: how much each cell
 * scatters, in units of what is usual; then the pool of what is left when that is taken out.
 *
 * Trials are nearer to their own median than to the level that it stands for. For an odd number
 * the median itself, which is at distance 0, is left out; for an even number n distances are
 * sqrt(n / (n - 1)) times as far: both give the variance its n - 1 degrees of freedom.
 */
#include <math.h>
#include <stdlib.h>

#include "bench/report/noise_work.h"
#include "bench/report/trend_scatter.h"

#define LEAST        1e-4 /* less is rounding */
#define ROUNDED_PART 0.1  /* of the usual scatter: nor is a cell known to scatter less */

/* Of the degrees of freedom of a cell's trials what is left where the largest quarter does not
 * count in full: by simulation, so that cells that are all alike look alike and those that scatter
 * several times as much are not taken for them. */
#define FREEDOM_LEFT 0.6

/* The residuals of some trials, one after the other. */
struct residuals {
    const double *trials;
    size_t count, next;
    double level, factor;
    bool skips; /* the median is still to be left out */
};

static struct residuals residuals_of(const double *trials, size_t count, double level)
{
    bool odd = count % 2 == 1;
    return (struct residuals){trials,
                              count >= 2 ? count : 0,
                              0,
                              level,
                              odd ? 1 : sqrt((double)count / ((double)count - 1)),
                              odd};
}

static bool next_residual(struct residuals *residuals, double *residual)
{
    while (residuals->next < residuals->count) {
        double trial = residuals->trials[residuals->next++];
        double off = trial > 0 ? log(trial) - residuals->level : -MCB_NOISE_FURTHEST;
        if (off == 0 && residuals->skips) {
            residuals->skips = false;
            continue;
        }
        *residual = fmax(-MCB_NOISE_FURTHEST, fmin(off * residuals->factor, MCB_NOISE_FURTHEST));
        return true;
    }
    return false;
}

/* Runs of a cell: those before, then the one after. */
static struct residuals residuals_of_run(const struct mcb_noise_work *work, size_t cell, size_t run)
{
    const struct mcb_noise_cell *entry = &work->cells[cell];
    if (run == entry->runs)
        return residuals_of(entry->after, entry->after_count, work->after[cell].median);
    return residuals_of(entry->before[run], entry->before_counts[run],
                        work->runs[cell * work->run_count + run]);
}

static void pool_cell(const struct mcb_noise_work *work, size_t cell, double scale,
                      struct mcb_noise_shape *pool)
{
    for (size_t run = 0; run <= work->cells[cell].runs; run++) {
        struct residuals residuals = residuals_of_run(work, cell, run);
        for (double residual; next_residual(&residuals, &residual);)
            mcb_noise_shape_count(pool, residual / scale);
    }
}

/* One cell's scatter: the mean square of its residuals, of which the largest quarter counts as much
 * as the next one, so that a trial or two that are far off say little about the others. room: for
 * all of its residuals. */
static struct mcb_trend_scatter measure_cell(const struct mcb_noise_work *work, size_t cell,
                                             double usual, double *room)
{
    double squares = 0, freedom = 0;
    size_t count = 0;
    for (size_t run = 0; run <= work->cells[cell].runs; run++) {
        struct residuals residuals = residuals_of_run(work, cell, run);
        freedom += residuals.count > 0 ? (double)residuals.count - 1 : 0;
        for (double residual; next_residual(&residuals, &residual);)
            room[count++] = fabs(residual) / usual;
    }
    if (count == 0)
        return (struct mcb_trend_scatter){1, 0};
    mcb_noise_sort(room, count);
    size_t most = count - count / 4 - 1;
    for (size_t i = 0; i < count; i++)
        squares += room[i < most ? i : most] * room[i < most ? i : most];
    return (struct mcb_trend_scatter){squares / (double)count + ROUNDED_PART * ROUNDED_PART,
                                      FREEDOM_LEFT * freedom};
}

static size_t most_trials(const struct mcb_noise_work *work)
{
    size_t most = 1;
    for (size_t i = 0; i < work->count; i++) {
        size_t count = work->cells[i].after_count;
        for (size_t run = 0; run < work->cells[i].runs; run++)
            count += work->cells[i].before_counts[run];
        most = count > most ? count : most;
    }
    return most;
}

static int measure_cells(struct mcb_noise_work *work, double usual, struct mcb_error *error)
{
    double weights[MCB_NOISE_SCALES], *room = calloc(most_trials(work), sizeof *room);
    if (!room)
        return mcb_error_set(error, MCB_FAULT_HOST_MEMORY, "no memory to compare results");
    for (size_t i = 0; i < work->count; i++)
        work->trial_scatters[i] = measure_cell(work, i, usual, room);
    free(room);
    if (mcb_noise_scales_learn(work->trial_scatters, work->count, &work->trial_scales, error) != 0)
        return -1;
    for (size_t i = 0; i < work->count; i++) {
        mcb_noise_scales_of(&work->trial_scales, &work->trial_scatters[i], weights);
        work->scales[i] = mcb_noise_scales_mean(&work->trial_scales, weights);
    }
    return 0;
}

int mcb_noise_learn_trials(struct mcb_noise_work *work, struct mcb_error *error)
{
    struct mcb_noise_shape raw = {{0}};
    struct mcb_noise_chances chances;
    double counted = 0;
    for (size_t i = 0; i < work->count; i++) {
        work->scales[i] = 1;
        pool_cell(work, i, 1, &raw);
    }
    for (size_t i = 0; i < sizeof raw.mass / sizeof raw.mass[0]; i++)
        counted += raw.mass[i];
    work->has_trials = counted > 0;
    mcb_noise_shape_close(&raw);
    mcb_noise_chances_make(&raw, &chances);
    double usual = fmax(mcb_noise_chances_spread(&chances), LEAST);
    if (measure_cells(work, usual, error) != 0)
        return -1;
    work->trial = (struct mcb_noise_shape){{0}};
    for (size_t i = 0; i < work->count; i++)
        pool_cell(work, i, work->scales[i], &work->trial);
    mcb_noise_shape_close(&work->trial);
    return 0;
}
