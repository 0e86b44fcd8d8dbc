/* SPDX-License-Identifier: Apache-2.0 */
#include "bench/report/trend_cut.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

struct mcb_trend_room {
    double *best;   /* [most + 1] the least sum of the values up to there */
    double *sorted; /* [most] */
    size_t *from;   /* [most + 1] where the last level of that sum begins */
};

struct mcb_trend_room *mcb_trend_room_make(size_t most)
{
    struct mcb_trend_room *room = calloc(1, sizeof *room);
    if (!room)
        return NULL;
    room->best = calloc(most + 1, sizeof *room->best);
    room->sorted = calloc(most + 1, sizeof *room->sorted);
    room->from = calloc(most + 1, sizeof *room->from);
    if (room->best && room->sorted && room->from)
        return room;
    mcb_trend_room_release(room);
    return NULL;
}

void mcb_trend_room_release(struct mcb_trend_room *room)
{
    if (!room)
        return;
    free(room->from);
    free(room->sorted);
    free(room->best);
    free(room);
}

/* Values in order, and what is needed to know their distances from their median at any time. */
struct level {
    double *sorted;
    size_t count;
    double sum, lower; /* of all; of the lower half, without the middle one of an odd number */
};

static size_t place_of(const struct level *level, double value)
{
    size_t low = 0, high = level->count;
    while (low < high) {
        size_t middle = (low + high) / 2;
        if (level->sorted[middle] < value)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

static void insert(struct level *level, double value)
{
    size_t place = place_of(level, value), half = level->count / 2;
    if (place < half)
        level->lower += value - level->sorted[half - 1];
    memmove(level->sorted + place + 1, level->sorted + place,
            (level->count - place) * sizeof *level->sorted);
    level->sorted[place] = value;
    level->sum += value;
    level->count++;
    if (level->count / 2 > half)
        level->lower += level->sorted[half];
}

/* Sum of the absolute distances from the median. */
static double distances(const struct level *level)
{
    double middle = level->count % 2 ? level->sorted[level->count / 2] : 0;
    return level->sum - 2 * level->lower - middle;
}

/* Tries every level that begins at `first`: the sum up to there is final. */
static void extend(const double *values, size_t count, size_t first, double penalty,
                   struct mcb_trend_room *room)
{
    struct level level = {.sorted = room->sorted};
    double before = first == 0 ? 0 : room->best[first] + penalty;
    for (size_t end = first + 1; end <= count; end++) {
        insert(&level, values[end - 1]);
        if (level.count < MCB_TREND_LEVEL_LEAST)
            continue;
        double sum = before + distances(&level);
        if (sum < room->best[end]) {
            room->best[end] = sum;
            room->from[end] = first;
        }
    }
}

size_t mcb_trend_cut(const double *values, size_t count, double penalty,
                     struct mcb_trend_room *room, size_t *cuts)
{
    for (size_t i = 0; i <= count; i++) {
        room->best[i] = HUGE_VAL;
        room->from[i] = 0;
    }
    extend(values, count, 0, penalty, room);
    for (size_t first = MCB_TREND_LEVEL_LEAST; first + MCB_TREND_LEVEL_LEAST <= count; first++)
        extend(values, count, first, penalty, room);
    size_t number = 0;
    for (size_t at = room->from[count]; at > 0; at = room->from[at])
        number++;
    size_t next = number;
    for (size_t at = room->from[count]; at > 0; at = room->from[at])
        cuts[--next] = at;
    return number;
}
