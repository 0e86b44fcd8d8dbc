/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MCB_BENCH_REPORT_NOISE_LAW_H
#define MCB_BENCH_REPORT_NOISE_LAW_H

/*
 * What noise alone makes of the difference between before and after, by the number of trials and
 * runs.
 *
 * It is not that of the medians: one stall in a hundred trials, and of every hundred thousand
 * medians of five one is a stall. What is looked at is whether all but a quarter of the trials
 * after lie beyond all but a quarter of those before: of a loss the upper ones after less the
 * lower ones before, of a gain the upper ones before less the lower ones after. The less, the
 * clearer. Where trials are normal that tells as much as the medians do.
 */

#include <stddef.h>

#include "bench/report/noise_work.h"

/* Trials of that rank, 1 the least, are the upper ones, and the lower ones. */
size_t mcb_noise_upper_rank(size_t count);
size_t mcb_noise_lower_rank(size_t count);

/* Of cells of the usual scale, but for what is visible. */
struct mcb_noise_law {
    size_t after, before, runs;
    struct mcb_noise_chances loss, gain;
    double spread;                       /* of the difference */
    double visible[2][MCB_NOISE_SCALES]; /* by trials or by runs, and by the scale that is nearest
                                            to a cell's; 0: not yet looked for */
};

struct mcb_noise_laws {
    struct mcb_noise_law *list;
    size_t count, room, last;
};

/* That of a cell, made when it is asked for first; NULL: no memory. It is there until the next one
 * is asked for. Free the list. */
struct mcb_noise_law *mcb_noise_law_of(const struct mcb_noise_work *work,
                                       const struct mcb_noise_cell *cell,
                                       struct mcb_noise_laws *laws);

/* The chance of at most that difference, of a cell of which is believed what the weights say. */
double mcb_noise_law_chance(const struct mcb_noise_chances *chances,
                            const struct mcb_noise_scales *scales,
                            const double weights[MCB_NOISE_SCALES], double difference);

/* How far from what is to be expected a difference has at most that chance, whichever way. */
double mcb_noise_law_reach(const struct mcb_noise_law *law, const struct mcb_noise_scales *scales,
                           const double weights[MCB_NOISE_SCALES], double chance);

#endif
