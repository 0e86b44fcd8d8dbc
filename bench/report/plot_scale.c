/* SPDX-License-Identifier: Apache-2.0 */
#include "bench/report/plot_scale.h"

#include <math.h>
#include <stdio.h>

/* Of what a round number is a multiple, in each power of ten. */
static const double round_steps[] = {1, 2, 2.5, 5, 10};

/* The least round number that is not below. */
static double round_up(double value)
{
    double power = pow(10, floor(log10(value)));
    size_t i = 0;
    while (i + 1 < sizeof round_steps / sizeof *round_steps &&
           round_steps[i] * power < value * (1 - 1e-9))
        i++;
    return round_steps[i] * power;
}

struct mcb_plot_scale mcb_plot_scale_from_zero(double most)
{
    if (!(most > 0) || !isfinite(most))
        most = 1;
    double step = round_up(most / 10);
    return (struct mcb_plot_scale){.low = 0, .high = step * ceil(most / step - 1e-9)};
}

struct mcb_plot_scale mcb_plot_scale_around(double least, double most, double part)
{
    double middle = (least + most) / 2, half = (most - least) * 0.6;
    half = fmax(half, middle * part / 2);
    return (struct mcb_plot_scale){.low = fmax(middle - half, 0), .high = middle + half};
}

struct mcb_plot_scale mcb_plot_scale_logarithmic(double least, double most)
{
    double room = fmax(pow(most / least, 0.05), 1.1);
    return (struct mcb_plot_scale){least / room, most * room, true};
}

double mcb_plot_scale_part(const struct mcb_plot_scale *scale, double value)
{
    if (scale->logarithmic)
        return log(value / scale->low) / log(scale->high / scale->low);
    return (value - scale->low) / (scale->high - scale->low);
}

double mcb_plot_scale_value(const struct mcb_plot_scale *scale, double part)
{
    if (scale->logarithmic)
        return scale->low * pow(scale->high / scale->low, part);
    return scale->low + (scale->high - scale->low) * part;
}

static size_t linear_tics(const struct mcb_plot_scale *scale, size_t wanted,
                          double tics[MCB_PLOT_TICS_MAX])
{
    double step = round_up((scale->high - scale->low) / (double)wanted);
    double first = ceil(scale->low / step - 1e-9);
    size_t count = 0;
    while (count < MCB_PLOT_TICS_MAX &&
           (first + (double)count) * step <= scale->high + step * 1e-9) {
        tics[count] = (first + (double)count) * step;
        count++;
    }
    return count;
}

/* 1, 2 and 5 of every power of ten, or those of each so many powers alone. */
static size_t power_tics(const struct mcb_plot_scale *scale, int powers,
                         double tics[MCB_PLOT_TICS_MAX])
{
    static const double all[] = {1, 2, 5};
    size_t count = 0, each = powers == 0 ? 3 : 1;
    int step = powers == 0 ? 1 : powers;
    int first = (int)floor(log10(scale->low)), last = (int)floor(log10(scale->high) + 1e-9);
    for (int power = first; power <= last; power++)
        for (size_t i = 0; power % step == 0 && i < each && count < MCB_PLOT_TICS_MAX; i++) {
            double tic = all[i] * pow(10, power);
            if (tic >= scale->low * (1 - 1e-9) && tic <= scale->high * (1 + 1e-9))
                tics[count++] = tic;
        }
    return count;
}

size_t mcb_plot_scale_tics(const struct mcb_plot_scale *scale, size_t wanted,
                           double tics[MCB_PLOT_TICS_MAX])
{
    if (!scale->logarithmic)
        return linear_tics(scale, wanted, tics);
    int powers = 0;
    size_t count = power_tics(scale, powers, tics);
    while (count > wanted + wanted / 2 && powers < 8)
        count = power_tics(scale, ++powers, tics);
    return count >= 3 ? count : linear_tics(scale, wanted, tics);
}

char *mcb_plot_tic_text(double tic, char text[MCB_TEXT_NUMBER_MAX])
{
    snprintf(text, MCB_TEXT_NUMBER_MAX, "%.10g", tic);
    return text;
}
