/* SPDX-License-Identifier: Apache-2.0 */
#include "bench/report/noise_shape.h"

#include <math.h>
#include <string.h>

#include "bench/report/trend_scatter.h"

enum { SIDE = MCB_NOISE_SHAPE_SIDE, ALL = 2 * SIDE + 1 };

/* ---- the grid ---- */

/* Where a distance lies on a side, 1 the first value; below 1: nearer to 0. */
static double place_of(double distance)
{
    return 1 + log(distance / MCB_NOISE_SHAPE_LEAST) / log(MCB_NOISE_SHAPE_STEP);
}

static double value_at(double place)
{
    return MCB_NOISE_SHAPE_LEAST * exp((place - 1) * log(MCB_NOISE_SHAPE_STEP));
}

void mcb_noise_shape_count(struct mcb_noise_shape *shape, double value)
{
    double place = value != 0 ? place_of(fabs(value)) : 0;
    long number = place < 0.5 ? 0 : lround(fmin(place, SIDE));
    shape->mass[value < 0 ? SIDE - number : SIDE + number]++;
}

/* Puts the weight of one value beyond the last of a side (sign 1 or -1) that has any. */
static void close_side(struct mcb_noise_shape *shape, int sign, double weight)
{
    double *middle = &shape->mass[SIDE];
    int last = SIDE - 1;
    while (last > 0 && middle[sign * last] == 0 && middle[sign * (last + 1)] == 0)
        last--;
    double beyond = 1;
    for (int i = last + 1; i < SIDE; i++) {
        middle[sign * i] += weight * beyond * (1 - 1 / MCB_NOISE_SHAPE_STEP);
        beyond /= MCB_NOISE_SHAPE_STEP;
    }
    middle[sign * SIDE] += weight * beyond;
}

void mcb_noise_shape_close(struct mcb_noise_shape *shape)
{
    double count = 0;
    for (int i = 0; i < ALL; i++)
        count += shape->mass[i];
    if (count == 0) {
        shape->mass[SIDE] = 1;
        return;
    }
    close_side(shape, 1, 1);
    close_side(shape, -1, 1);
    for (int i = 0; i < ALL; i++)
        shape->mass[i] /= count + 2;
}

/* ---- distributions ---- */

/* Masses from the chances of at least each value of a side. */
static void fill(struct mcb_noise_shape *shape, const double *above, const double *below)
{
    for (int i = 1; i <= SIDE; i++) {
        shape->mass[SIDE + i] = above[i] - (i < SIDE ? above[i + 1] : 0);
        shape->mass[SIDE - i] = below[i] - (i < SIDE ? below[i + 1] : 0);
    }
    shape->mass[SIDE] = fmax(0, 1 - above[1] - below[1]);
}

void mcb_noise_shape_student(double scale, double freedom, struct mcb_noise_shape *shape)
{
    double chance[SIDE + 1] = {0};
    for (int i = 1; scale > 0 && i <= SIDE; i++)
        chance[i] = mcb_trend_student(value_at(i - 0.5) / scale, freedom) / 2;
    fill(shape, chance, chance);
}

/* The chance that at least `least` of so many draws are of those that a single draw is with the
 * chance `single`: the binomial distribution's upper end. */
static double chance_of_draws(double single, double least, double count)
{
    if (single <= 0 || single >= 1)
        return single <= 0 ? 0 : 1;
    if (single * count > least)
        return 1 - chance_of_draws(1 - single, count - least + 1, count);
    double term = exp(lgamma(count + 1) - lgamma(least + 1) - lgamma(count - least + 1) +
                      least * log(single) + (count - least) * log1p(-single));
    double sum = 0;
    for (double draws = least; draws <= count && term > sum * 1e-15; draws++) {
        sum += term;
        term *= (count - draws) / (draws + 1) * single / (1 - single);
    }
    return fmin(sum, 1);
}

void mcb_noise_shape_rank(const struct mcb_noise_shape *draw, size_t count, size_t rank,
                          struct mcb_noise_shape *ranked)
{
    double above[SIDE + 1] = {0}, below[SIDE + 1] = {0}, more = 0, less = 0;
    for (int i = SIDE; i >= 1; i--) {
        more += draw->mass[SIDE + i];
        less += draw->mass[SIDE - i];
        above[i] = chance_of_draws(more, (double)(count - rank + 1), (double)count);
        below[i] = chance_of_draws(less, (double)rank, (double)count);
    }
    fill(ranked, above, below);
}

/* ---- sums ---- */

/* Of two values on the grid that are `steps` apart: where their sum and their difference lie from
 * the larger one, as whole places and the part of the mass that goes one place further. */
struct offset {
    int whole[SIDE];
    double part[SIDE];
};

static void offsets_make(int sign, struct offset *offset)
{
    for (int steps = 0; steps < SIDE; steps++) {
        double ratio = 1 + sign * exp(-steps * log(MCB_NOISE_SHAPE_STEP));
        double places = ratio > 0 ? log(ratio) / log(MCB_NOISE_SHAPE_STEP) : -2 * SIDE;
        offset->whole[steps] = (int)floor(places);
        offset->part[steps] = expm1((places - floor(places)) * log(MCB_NOISE_SHAPE_STEP)) /
                              (MCB_NOISE_SHAPE_STEP - 1);
    }
}

/* Divides mass between a place of one side (sign 1 or -1) and the next one further out. */
static void put(double *middle, int sign, int place, double part, double mass)
{
    if (place >= SIDE) {
        middle[sign * SIDE] += mass;
    } else if (place >= 1) {
        middle[sign * place] += mass * (1 - part);
        middle[sign * (place + 1)] += mass * part;
    } else {
        double nearness = place > -SIDE ? value_at(place + part) / MCB_NOISE_SHAPE_LEAST : 0;
        middle[sign] += mass * fmin(1, nearness);
        middle[0] += mass * (1 - fmin(1, nearness));
    }
}

static void put_sum(double *middle, int one, int other, double mass, const struct offset *same,
                    const struct offset *opposite)
{
    if (one == 0 || other == 0) {
        middle[one + other] += mass;
        return;
    }
    int far = one < 0 ? -one : one, near = other < 0 ? -other : other, sign = one < 0 ? -1 : 1;
    if (near > far) {
        int swapped = near;
        near = far;
        far = swapped;
        sign = other < 0 ? -1 : 1;
    }
    const struct offset *offset = (one < 0) == (other < 0) ? same : opposite;
    put(middle, sign, far + offset->whole[far - near], offset->part[far - near], mass);
}

static void combine(const struct mcb_noise_shape *one, const struct mcb_noise_shape *other,
                    int sign, struct mcb_noise_shape *sum)
{
    struct offset same, opposite;
    offsets_make(1, &same);
    offsets_make(-1, &opposite);
    memset(sum, 0, sizeof *sum);
    for (int i = -SIDE; i <= SIDE; i++)
        for (int j = -SIDE; one->mass[SIDE + i] > 0 && j <= SIDE; j++) {
            double mass = one->mass[SIDE + i] * other->mass[SIDE + sign * j];
            if (mass > 0)
                put_sum(&sum->mass[SIDE], i, j, mass, &same, &opposite);
        }
}

void mcb_noise_shape_add(const struct mcb_noise_shape *one, const struct mcb_noise_shape *other,
                         struct mcb_noise_shape *sum)
{
    combine(one, other, 1, sum);
}

void mcb_noise_shape_subtract(const struct mcb_noise_shape *one,
                              const struct mcb_noise_shape *other,
                              struct mcb_noise_shape *difference)
{
    combine(one, other, -1, difference);
}

/* ---- chances ---- */

/* Summed up from the lower end, so that small chances are exact. */
void mcb_noise_chances_make(const struct mcb_noise_shape *shape, struct mcb_noise_chances *chances)
{
    double sum = 0;
    for (int i = 0; i < ALL; i++) {
        sum += shape->mass[i];
        chances->below[i] = fmin(sum, 1);
    }
}

/* Where a value lies on the whole grid, 0 the first; between the middle and its neighbours in
 * proportion. */
static double whole_place_of(double value)
{
    double distance = fabs(value) / MCB_NOISE_SHAPE_LEAST;
    double place = distance < 1 ? distance : fmin(place_of(fabs(value)), SIDE);
    return value < 0 ? SIDE - place : SIDE + place;
}

static double value_at_whole(double whole)
{
    double place = fabs(whole - SIDE);
    double distance = place < 1 ? place * MCB_NOISE_SHAPE_LEAST : value_at(place);
    return whole < SIDE ? -distance : distance;
}

/* The chance of at most a value of the grid holds halfway to the next one. */
double mcb_noise_chance_below(const struct mcb_noise_chances *chances, double value)
{
    double place = whole_place_of(value) - 0.5;
    if (place <= 0)
        return chances->below[0];
    int whole = (int)place;
    if (whole >= ALL - 1)
        return 1;
    double part = place - whole, near = chances->below[whole], far = chances->below[whole + 1];
    return near > 0 ? near * exp(part * log(far / near)) : far * part;
}

double mcb_noise_value_below(const struct mcb_noise_chances *chances, double chance)
{
    int place = 0;
    while (place < ALL - 1 && chances->below[place] <= chance)
        place++;
    if (place == 0)
        return -HUGE_VAL;
    double near = chances->below[place - 1], far = chances->below[place], part = 0;
    if (near > 0 && far > near)
        part = log(chance / near) / log(far / near);
    return value_at_whole(place - 1 + fmin(part, 1) + 0.5);
}

double mcb_noise_chances_spread(const struct mcb_noise_chances *chances)
{
    double half = mcb_noise_value_below(chances, 0.75) - mcb_noise_value_below(chances, 0.25);
    return half > 2 * MCB_NOISE_SHAPE_LEAST ? half / 1.349 : 0;
}
