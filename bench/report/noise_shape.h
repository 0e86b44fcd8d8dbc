/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MCB_BENCH_REPORT_NOISE_SHAPE_H
#define MCB_BENCH_REPORT_NOISE_SHAPE_H

/*
 * Distributions of noise, as masses on a grid of logarithms of ratios: what is drawn from them, and
 * what sums and medians of such draws are distributed like, is computed and not drawn.
 *
 * The grid is geometric on both sides of 0, so that a hundredth of a per cent and a factor of a
 * thousand are told equally well, and so that the sum of two of its values lies at a distance from
 * the larger one that depends on theirs only. What falls between two values is divided among them
 * so that its mean stays.
 */

#include <stddef.h>

/* Values on each side of 0, from MCB_NOISE_SHAPE_LEAST on, each MCB_NOISE_SHAPE_STEP times the one
 * before. What is beyond the last counts as the last, what is nearer to 0 than the first as 0. */
enum { MCB_NOISE_SHAPE_SIDE = 118 };
#define MCB_NOISE_SHAPE_LEAST 1e-4
#define MCB_NOISE_SHAPE_STEP  1.1

struct mcb_noise_shape {
    double mass[2 * MCB_NOISE_SHAPE_SIDE + 1]; /* ascending by value; the sum is 1 */
};

/* Puts one value more into a shape that is being filled. */
void mcb_noise_shape_count(struct mcb_noise_shape *shape, double value);

/* A shape of counts becomes one of masses. Each end gets the weight of one more value, beyond it:
 * spread over all that is further out, the chance of x times as far being 1/x of it. Few values
 * make heavy ends. Nothing counted: all is 0. */
void mcb_noise_shape_close(struct mcb_noise_shape *shape);

/* Student's distribution with that scale; scale 0: all is 0. */
void mcb_noise_shape_student(double scale, double freedom, struct mcb_noise_shape *shape);

/* Of so many independent draws the one of that rank, 1 the least. 1 <= rank <= count */
void mcb_noise_shape_rank(const struct mcb_noise_shape *draw, size_t count, size_t rank,
                          struct mcb_noise_shape *ranked);

/* The sum of independent draws of two; and what is left of a draw of one less a draw of the other.
 * Outputs are none of the inputs. */
void mcb_noise_shape_add(const struct mcb_noise_shape *one, const struct mcb_noise_shape *other,
                         struct mcb_noise_shape *sum);
void mcb_noise_shape_subtract(const struct mcb_noise_shape *one,
                              const struct mcb_noise_shape *other,
                              struct mcb_noise_shape *difference);

/* A shape by its chances of at most each value, to be asked. */
struct mcb_noise_chances {
    double below[2 * MCB_NOISE_SHAPE_SIDE + 1];
};

void mcb_noise_chances_make(const struct mcb_noise_shape *shape, struct mcb_noise_chances *chances);

/* The chance of at most that value; and the largest value of at most which has that chance. */
double mcb_noise_chance_below(const struct mcb_noise_chances *chances, double value);
double mcb_noise_value_below(const struct mcb_noise_chances *chances, double chance);

/* By the middle half of all draws: of a normal distribution the standard deviation. */
double mcb_noise_chances_spread(const struct mcb_noise_chances *chances);

#endif
