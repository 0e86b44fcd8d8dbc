/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MCB_BENCH_REPORT_PLOT_SCALE_H
#define MCB_BENCH_REPORT_PLOT_SCALE_H

/* The scale of an axis or of colours: its ends, and round numbers on it. Pure functions. */

#include <stdbool.h>
#include <stddef.h>

#include "common/text.h"

enum { MCB_PLOT_TICS_MAX = 32 };

struct mcb_plot_scale {
    double low, high; /* low < high; both above 0 if it is logarithmic */
    bool logarithmic;
};

/* From 0 to a round number that is most or a little more. */
struct mcb_plot_scale mcb_plot_scale_from_zero(double most);

/* Around least and most with some room, and at least that part of their middle wide: so that what
 * differs by a per cent does not fill the picture. 0 < least <= most. */
struct mcb_plot_scale mcb_plot_scale_around(double least, double most, double part);

/* Logarithmic, with some room. 0 < least <= most. */
struct mcb_plot_scale mcb_plot_scale_logarithmic(double least, double most);

/* Where a value is: 0 at the low end, 1 at the high one; and the reverse. */
double mcb_plot_scale_part(const struct mcb_plot_scale *scale, double value);
double mcb_plot_scale_value(const struct mcb_plot_scale *scale, double part);

/* Round numbers on it, ascending, of which `wanted` would be right. Returns how many. */
size_t mcb_plot_scale_tics(const struct mcb_plot_scale *scale, size_t wanted,
                           double tics[MCB_PLOT_TICS_MAX]);

/* "250", "0.05". Returns text. */
char *mcb_plot_tic_text(double tic, char text[MCB_TEXT_NUMBER_MAX]);

#endif
