/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MCB_TESTS_RANDOM_HELPER_H
#define MCB_TESTS_RANDOM_HELPER_H

/* Numbers that look random and are the same on every machine, from a seed. */

#include <math.h>
#include <stdint.h>

struct random_numbers {
    uint64_t state;
};

static inline struct random_numbers random_seed(uint64_t seed)
{
    return (struct random_numbers){seed * UINT64_C(0xd1342543de82ef95) + 1};
}

/* Above 0, below 1. */
static inline double random_uniform(struct random_numbers *numbers)
{
    uint64_t mixed = numbers->state += UINT64_C(0x9e3779b97f4a7c15);
    mixed = (mixed ^ (mixed >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    mixed = (mixed ^ (mixed >> 27)) * UINT64_C(0x94d049bb133111eb);
    mixed ^= mixed >> 31;
    return ((double)(mixed >> 11) + 0.5) / 9007199254740992.0;
}

static inline size_t random_below(struct random_numbers *numbers, size_t most)
{
    return (size_t)(random_uniform(numbers) * (double)most);
}

/* Of the normal distribution of mean 0 and standard deviation 1. */
static inline double random_normal(struct random_numbers *numbers)
{
    double length = sqrt(-2 * log(random_uniform(numbers)));
    return length * cos(2 * M_PI * random_uniform(numbers));
}

#endif
