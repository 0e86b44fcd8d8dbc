/* SPDX-License-Identifier: Apache-2.0 */
#include "bench/report/noise_law.h"

#include <math.h>
#include <stdlib.h>

size_t mcb_noise_upper_rank(size_t count)
{
    return count - count / 4;
}

size_t mcb_noise_lower_rank(size_t count)
{
    return count / 4 + 1;
}

/* The next number below for which there is a law, so that they stay few: from 20 on those in steps
 * of about a tenth that four divides. */
static size_t class_of(size_t number)
{
    size_t class = number < 20 ? number : 20;
    for (size_t next = class; number > 20 && next <= number; next += (next / 40 + 1) * 4)
        class = next;
    return class;
}

/* The trials of that rank of a run, with what runs are off. */
static void run_shape(const struct mcb_noise_work *work, const struct mcb_noise_shape *shift,
                      size_t trials, size_t rank, struct mcb_noise_shape *run)
{
    struct mcb_noise_shape ranked;
    mcb_noise_shape_rank(&work->trial, trials, rank, &ranked);
    mcb_noise_shape_add(&ranked, shift, run);
}

/* The median of an even number of runs, which is between two of them, counts as that of one less.
 */
static void law_make(const struct mcb_noise_work *work, struct mcb_noise_law *law)
{
    struct mcb_noise_shape shift, run, median, after, difference;
    size_t odd = law->runs - (law->runs % 2 == 0);
    mcb_noise_shape_student(work->shift, work->shift_freedom, &shift);

    run_shape(work, &shift, law->before, mcb_noise_lower_rank(law->before), &run);
    mcb_noise_shape_rank(&run, odd, (odd + 1) / 2, &median);
    run_shape(work, &shift, law->after, mcb_noise_upper_rank(law->after), &after);
    mcb_noise_shape_subtract(&after, &median, &difference);
    mcb_noise_chances_make(&difference, &law->loss);

    run_shape(work, &shift, law->before, mcb_noise_upper_rank(law->before), &run);
    mcb_noise_shape_rank(&run, odd, (odd + 1) / 2, &median);
    run_shape(work, &shift, law->after, mcb_noise_lower_rank(law->after), &after);
    mcb_noise_shape_subtract(&median, &after, &difference);
    mcb_noise_chances_make(&difference, &law->gain);
    law->spread = mcb_noise_chances_spread(&law->gain);
}

static bool is_of(const struct mcb_noise_law *law, const struct mcb_noise_law *wanted)
{
    return law->after == wanted->after && law->before == wanted->before &&
           law->runs == wanted->runs;
}

/* The run with the fewest trials stands for all. */
static struct mcb_noise_law wanted_of(const struct mcb_noise_cell *cell)
{
    size_t fewest = 0, runs = 0;
    for (size_t run = 0; run < cell->runs; run++) {
        size_t count = cell->before_counts[run];
        fewest = count > 0 && (fewest == 0 || count < fewest) ? count : fewest;
        runs += count > 0;
    }
    return (struct mcb_noise_law){
        .after = class_of(cell->after_count), .before = class_of(fewest), .runs = class_of(runs)};
}

struct mcb_noise_law *mcb_noise_law_of(const struct mcb_noise_work *work,
                                       const struct mcb_noise_cell *cell,
                                       struct mcb_noise_laws *laws)
{
    struct mcb_noise_law wanted = wanted_of(cell);
    if (laws->count && is_of(&laws->list[laws->last], &wanted))
        return &laws->list[laws->last];
    for (laws->last = 0; laws->last < laws->count; laws->last++)
        if (is_of(&laws->list[laws->last], &wanted))
            return &laws->list[laws->last];
    if (laws->count == laws->room) {
        size_t room = laws->room ? 2 * laws->room : 4;
        struct mcb_noise_law *grown = realloc(laws->list, room * sizeof *grown);
        if (!grown)
            return NULL;
        laws->list = grown;
        laws->room = room;
    }
    law_make(work, &wanted);
    laws->list[laws->count++] = wanted;
    return &laws->list[laws->last];
}

double mcb_noise_law_chance(const struct mcb_noise_chances *chances,
                            const struct mcb_noise_scales *scales,
                            const double weights[MCB_NOISE_SCALES], double difference)
{
    const double negligible = 1e-12;
    double sum = 0;
    for (int i = 0; i < MCB_NOISE_SCALES; i++)
        if (weights[i] > negligible)
            sum += weights[i] *
                   mcb_noise_chance_below(chances, difference / mcb_noise_scale_at(scales, i));
    return sum;
}

static double reach(const struct mcb_noise_chances *chances, const struct mcb_noise_scales *scales,
                    const double weights[MCB_NOISE_SCALES], double chance)
{
    enum { HALVINGS = 20 };
    double expected = mcb_noise_value_below(chances, 0.5), near = 1e-4, far = 10;
    for (int i = 0; i < HALVINGS; i++) {
        double middle = sqrt(near * far);
        if (mcb_noise_law_chance(chances, scales, weights, expected - middle) > chance)
            near = middle;
        else
            far = middle;
    }
    return far;
}

double mcb_noise_law_reach(const struct mcb_noise_law *law, const struct mcb_noise_scales *scales,
                           const double weights[MCB_NOISE_SCALES], double chance)
{
    return fmax(reach(&law->loss, scales, weights, chance),
                reach(&law->gain, scales, weights, chance));
}
