/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the levels of cells are off from run to run, beyond what trials tell: of each cell for
 * itself (shift), and of all cells of a run together (common).
 *
 * Several runs of before tell both. One run tells of neither; then, and where it says more, the
 * differences between before and after of all cells tell the shift: how far they scatter among each
 * other, without those that stand apart. What all of them have in common is no scatter and stays: a
 * driver that costs 8 % everywhere costs 8 %.
 */
#include <math.h>
#include <stdlib.h>

#include "bench/report/noise_work.h"
#include "bench/report/trend_scatter.h"

/* ---- the scatter of many, a part of which stand apart ---- */

/* In standard deviations of the normal distribution: what still belongs together, and what is left
 * of the variance where the rest is cut off. */
#define BELONGS       2.5
#define VARIANCE_LEFT 0.9112
#define LEAST         1e-4 /* scatter that is rounding */

/* The shortest stretch that holds so many of the numbers is where to begin from: a quarter of many,
 * so that half of them may stand apart; more than half of few, of which a quarter tells nothing. */
struct stretch {
    size_t count;
    double length; /* of the normal distribution */
};

static struct stretch stretch_of(size_t count)
{
    enum { MANY = 32 };
    double few = (double)count; /* make it too short: by simulation */
    return count >= MANY ? (struct stretch){count / 4, 0.637 / (1 + 15 / few)}
                         : (struct stretch){count / 2 + 1, 1.349 / (1 + 2 / few)};
}

/* On how many degrees of freedom the variance of what belongs together rests: by simulation. */
static double robust_freedom(size_t count)
{
    return fmax(0.25 * (double)count, 0.65 * (double)count - 5);
}

/* What numbers have in common and how they scatter, however far half of them stand apart. */
struct cluster {
    double centre, variance, freedom; /* what the variance rests on; 0: too few numbers */
};

/* One step from a centre and a variance to those of what belongs to them. Returns how many that
 * are. */
static size_t gather(const double *sorted, size_t count, struct cluster *cluster)
{
    double sum = 0, squares = 0, reach = BELONGS * sqrt(cluster->variance), few = (double)count;
    size_t belong = 0;
    for (size_t i = 0; i < count; i++) {
        double off = sorted[i] - cluster->centre;
        if (fabs(off) > reach)
            continue;
        sum += off;
        squares += off * off;
        belong++;
    }
    if (belong < 2)
        return belong;
    double mean = sum / (double)belong;
    cluster->variance =
        fmax(0, squares - mean * sum) / (double)(belong - 1) / VARIANCE_LEFT * (1 + 2 / few);
    cluster->centre += mean;
    return belong;
}

static struct cluster find_cluster(double *numbers, size_t count)
{
    enum { STEPS = 8 };
    struct stretch stretch = stretch_of(count);
    size_t at = 0, last = stretch.count - 1, belong = 0;
    mcb_noise_sort(numbers, count);
    for (size_t i = 0; i + last < count; i++)
        if (numbers[i + last] - numbers[i] < numbers[at + last] - numbers[at])
            at = i;
    double scale = (numbers[at + last] - numbers[at]) / stretch.length;
    struct cluster cluster = {(numbers[at + last] + numbers[at]) / 2, scale * scale, 0};
    for (int i = 0; i < STEPS; i++)
        belong = gather(numbers, count, &cluster);
    if (count >= 3)
        cluster.freedom = robust_freedom(belong);
    return cluster;
}

/* ---- several runs ---- */

/* The variance of the level of a run that trials alone explain: with the most trials of any cell,
 * which explain the least. */
static double trial_variance(const struct mcb_noise_work *work, bool after)
{
    size_t most = 1;
    for (size_t i = 0; i < work->count; i++) {
        const struct mcb_noise_cell *cell = &work->cells[i];
        for (size_t run = 0; !after && run < cell->runs; run++)
            most = cell->before_counts[run] > most ? cell->before_counts[run] : most;
        most = after && cell->after_count > most ? cell->after_count : most;
    }
    most += most % 2 == 0;
    struct mcb_noise_shape median;
    struct mcb_noise_chances chances;
    mcb_noise_shape_rank(&work->trial, most, (most + 1) / 2, &median);
    mcb_noise_chances_make(&median, &chances);
    double spread = mcb_noise_chances_spread(&chances);
    return spread * spread;
}

/* What each run is off together with all its cells, into commons. */
static void find_commons(struct mcb_noise_work *work, double *commons)
{
    for (size_t run = 0; run < work->run_count; run++) {
        size_t known = 0;
        for (size_t i = 0; i < work->count; i++) {
            double level = work->runs[i * work->run_count + run];
            if (!isnan(level))
                work->room[known++] = level - work->before[i].median;
        }
        commons[run] = known ? mcb_noise_median(work->room, known) : 0;
    }
}

/* What the runs of one cell scatter, commons aside. */
static struct mcb_trend_scatter scatter_of_runs(const struct mcb_noise_work *work, size_t cell,
                                                const double *commons)
{
    double sum = 0, squares = 0, known = 0, cells = (double)work->count;
    for (size_t run = 0; run < work->run_count; run++) {
        double level = work->runs[cell * work->run_count + run];
        if (isnan(level))
            continue;
        double off = level - work->before[cell].median - commons[run];
        sum += off;
        squares += off * off;
        known++;
    }
    double freedom = fmax(0, known - 1);
    double variance = freedom > 0 ? fmax(0, squares - sum * sum / known) / freedom : 0;
    return (struct mcb_trend_scatter){variance + LEAST * LEAST, freedom * (cells - 1) / cells};
}

/* A variance, and on how many degrees of freedom it rests. */
struct knowledge {
    double variance, freedom;
};

/* The variance of the shift by several runs. A cell whose runs scatter more than its trials is
 * taken by its runs. */
static int learn_from_runs(struct mcb_noise_work *work, const double *commons,
                           struct knowledge *shift, struct mcb_error *error)
{
    double weights[MCB_NOISE_SCALES], sum = 0;
    *shift = (struct knowledge){0, 0};
    for (size_t i = 0; i < work->count; i++) {
        work->run_scatters[i] = scatter_of_runs(work, i, commons);
        work->room[i] = work->run_scatters[i].variance;
        shift->freedom += work->run_scatters[i].freedom;
    }
    if (!(shift->freedom > 0))
        return 0;
    double usual = mcb_noise_median(work->room, work->count);
    for (size_t i = 0; i < work->count; i++)
        work->run_scatters[i].variance /= usual;
    if (mcb_noise_scales_learn(work->run_scatters, work->count, &work->run_scales, error) != 0)
        return -1;
    for (size_t i = 0; i < work->count; i++) {
        mcb_noise_scales_of(&work->run_scales, &work->run_scatters[i], weights);
        double scale = mcb_noise_scales_mean(&work->run_scales, weights);
        sum += work->run_scatters[i].variance * work->run_scatters[i].freedom / (scale * scale);
        work->by_runs[i] = scale > work->scales[i];
        work->scales[i] = fmax(scale, work->scales[i]);
    }
    shift->variance = fmax(0, usual * sum / shift->freedom - trial_variance(work, false));
    return 0;
}

/* ---- before and after ---- */

static double difference_of(const struct mcb_noise_work *work, size_t cell)
{
    double difference = work->after[cell].median - work->before[cell].median;
    return fmax(-MCB_NOISE_FURTHEST, fmin(difference, MCB_NOISE_FURTHEST));
}

/* The variance of the shift by the differences of all cells, of which the new run is one part and
 * the median of those before another. */
static struct knowledge learn_from_differences(struct mcb_noise_work *work)
{
    struct knowledge shift;
    double runs = mcb_trend_median_variance(work->run_count - (work->run_count % 2 == 0));
    for (size_t i = 0; i < work->count; i++)
        work->room[i] = difference_of(work, i);
    double centre = find_cluster(work->room, work->count).centre;
    for (size_t i = 0; i < work->count; i++)
        work->room[i] = (difference_of(work, i) - centre) / work->scales[i];
    struct cluster cluster = find_cluster(work->room, work->count);
    double explained = trial_variance(work, true) + runs * trial_variance(work, false);
    shift.freedom = cluster.freedom;
    shift.variance = fmax(0, cluster.variance - explained) / (1 + runs);
    return shift;
}

/* ---- all together ---- */

/* What is taken for granted counts the less the more is known; and what few degrees of freedom tell
 * is weighed against two that tell nothing. */
static struct knowledge with_prior(struct knowledge known)
{
    const double prior = MCB_NOISE_PRIOR_SCATTER * MCB_NOISE_PRIOR_SCATTER;
    double granted = MCB_NOISE_PRIOR_WEIGHT / (MCB_NOISE_PRIOR_WEIGHT + known.freedom);
    double told = known.freedom / (known.freedom + 2);
    return (struct knowledge){known.variance * told + prior * granted,
                              fmax(known.freedom, MCB_NOISE_PRIOR_WEIGHT)};
}

static void settle_shift(struct mcb_noise_work *work, struct knowledge by_runs,
                         struct knowledge by_differences)
{
    struct knowledge shift = by_runs.variance > by_differences.variance ? by_runs : by_differences;
    if (work->has_trials)
        shift = with_prior(shift);
    work->shift = sqrt(shift.variance);
    work->shift_freedom = shift.freedom;
}

/* The distance that Student's distribution goes beyond with the chance MCB_NOISE_LEVEL. */
static double student_reach(double freedom)
{
    double near = 0, far = 1000;
    for (int i = 0; i < 60; i++) {
        double middle = (near + far) / 2;
        if (mcb_trend_student(middle, freedom) > MCB_NOISE_LEVEL)
            near = middle;
        else
            far = middle;
    }
    return far;
}

/* What the median of so many levels of cells is off by chance. */
static double sampling_variance(const struct mcb_noise_work *work)
{
    double level = trial_variance(work, false) + work->shift * work->shift;
    return mcb_trend_median_variance(work->count) * level;
}

static void settle_common(struct mcb_noise_work *work, const double *commons)
{
    double runs = (double)work->run_count, sum = 0, squares = 0;
    for (size_t run = 0; run < work->run_count; run++) {
        sum += commons[run];
        squares += commons[run] * commons[run];
    }
    struct knowledge common = {0, runs - 1};
    if (runs > 1)
        common.variance =
            fmax(0, (squares - sum * sum / runs) / (runs - 1) - sampling_variance(work));
    common = with_prior(common);
    double reach = student_reach(common.freedom) * sqrt(common.variance * (1 + 1 / runs));
    for (size_t i = 0; i < work->count; i++)
        work->room[i] = difference_of(work, i);
    work->common = fmax(-reach, fmin(mcb_noise_median(work->room, work->count), reach));
}

int mcb_noise_learn_runs(struct mcb_noise_work *work, struct mcb_error *error)
{
    double *commons = calloc(work->run_count + 1, sizeof *commons);
    if (!commons)
        return mcb_error_set(error, MCB_FAULT_HOST_MEMORY, "no memory to compare results");
    find_commons(work, commons);
    struct knowledge by_runs;
    int status = learn_from_runs(work, commons, &by_runs, error);
    if (status == 0) {
        settle_shift(work, by_runs, learn_from_differences(work));
        settle_common(work, commons);
    }
    free(commons);
    return status;
}
