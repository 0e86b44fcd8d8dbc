/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MCB_BENCH_REPORT_TREND_CUT_H
#define MCB_BENCH_REPORT_TREND_CUT_H

/*
 * The best cut of a series of values into levels, each described by its median (optimal
 * partitioning: B. Jackson et al., "An algorithm for optimal partitioning of data on an interval",
 * 2005). Absolute distances instead of squares: one outlier is no level.
 */

#include <stddef.h>

/* A level must last that many values. */
enum { MCB_TREND_LEVEL_LEAST = 2 };

/* Room for series of that many values. NULL: no memory. Releasing NULL is fine. */
struct mcb_trend_room;
struct mcb_trend_room *mcb_trend_room_make(size_t most);
void mcb_trend_room_release(struct mcb_trend_room *room);

/* Cuts the values into levels of that length at least, so that the absolute distances from their
 * medians and `penalty` for each cut sum up to the least. cuts: the first value of each level but
 * the first, ascending, room for count / 2. Returns their number. 200 values take about a
 * millisecond, and time grows with count squared. */
size_t mcb_trend_cut(const double *values, size_t count, double penalty,
                     struct mcb_trend_room *room, size_t *cuts);

#endif
