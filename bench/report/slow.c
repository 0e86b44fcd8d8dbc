/* SPDX-License-Identifier: Apache-2.0 */
#include "bench/report/slow.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "bench/report/summary.h"
#include "common/json.h"

enum { CELLS_LEAST = 8 };

#define OF_CEILING      0.8
#define OF_MEDIAN       0.5
#define CLEARLY_BELOW   0.9
#define DEVIATIONS_MOST 5
#define DEVIATION_LEAST 0.02

/* Messages that fill a link, and bytes in flight that keep it full for a round trip. */
enum { LARGE_BYTES = 64 << 10, FLIGHT_BYTES = 1 << 20 };

/* ---- of one cell ---- */

static bool is_latency(const json_t *cell)
{
    return strcmp(mcb_json_text(cell, "measure"), "latency") == 0;
}

double mcb_slow_part_of_ceiling(const json_t *cell)
{
    double figure, ceiling = json_number_value(json_object_get(cell, "ceiling_gbps"));
    return ceiling > 0 && !is_latency(cell) && mcb_summary_figure(cell, &figure) ? figure / ceiling
                                                                                 : 0;
}

/* What it is compared by. False: it was not measured. */
static bool value_of(const json_t *cell, double *value)
{
    double part = mcb_slow_part_of_ceiling(cell);
    if (!mcb_summary_figure(cell, value) || *value <= 0)
        return false;
    if (part > 0)
        *value = part;
    return true;
}

/* The same of the better end of what the figure may be: the top of its interval, the fastest
 * sample. */
static double best_value(const json_t *cell)
{
    double ceiling = json_number_value(json_object_get(cell, "ceiling_gbps"));
    if (is_latency(cell))
        return json_number_value(json_object_get(json_object_get(cell, "latency_us"), "min"));
    double high =
        json_number_value(json_object_get(json_object_get(cell, "bandwidth_gbps"), "high"));
    return ceiling > 0 ? high / ceiling : high;
}

bool mcb_slow_is_below_ceiling(const json_t *cell)
{
    return mcb_slow_part_of_ceiling(cell) > 0 && best_value(cell) < OF_CEILING;
}

/* ---- of a setting ---- */

static int compare_numbers(const void *left, const void *right)
{
    double a = *(const double *)left, b = *(const double *)right;
    return a < b ? -1 : a > b;
}

double mcb_slow_median(double *numbers, size_t count)
{
    if (count == 0)
        return 0;
    qsort(numbers, count, sizeof *numbers, compare_numbers);
    return (numbers[(count - 1) / 2] + numbers[count / 2]) / 2;
}

/* values: overwritten. */
static struct mcb_slow_group group_of_values(double *values, size_t count)
{
    double median = mcb_slow_median(values, count);
    for (size_t i = 0; i < count; i++)
        values[i] = fabs(log(values[i] / median));
    double deviation = 1.4826 * mcb_slow_median(values, count);
    return (struct mcb_slow_group){
        median, deviation > DEVIATION_LEAST ? deviation : DEVIATION_LEAST, count};
}

/* Of the cells with or without a ceiling, whose value is `least` at least. */
static struct mcb_slow_group make_group(const struct mcb_pivot *pivot,
                                        const struct mcb_pivot_setting *setting, bool with_ceiling,
                                        double least, double *values)
{
    size_t count = 0;
    for (size_t i = setting->first; i < setting->first + setting->count; i++) {
        const json_t *cell = pivot->cells[i].cell;
        if ((mcb_slow_part_of_ceiling(cell) > 0) == with_ceiling &&
            value_of(cell, &values[count]) && values[count] >= least)
            count++;
    }
    return group_of_values(values, count);
}

static bool fills_link(const struct mcb_pivot_setting *setting)
{
    const json_t *example = setting->example;
    double size = json_number_value(json_object_get(example, "size_bytes")),
           flight = size * json_number_value(json_object_get(example, "qps")) *
                    json_number_value(json_object_get(example, "depth"));
    return size >= LARGE_BYTES && flight >= FLIGHT_BYTES && !is_latency(example) &&
           strcmp(setting->route, "staged") != 0;
}

int mcb_slow_scale_make(const struct mcb_pivot *pivot, const struct mcb_pivot_setting *setting,
                        struct mcb_slow_scale *scale, struct mcb_error *error)
{
    double *values = calloc(setting->count + 1, sizeof *values);
    if (!values)
        return mcb_error_set(error, MCB_FAULT_HOST_MEMORY, "no memory for the findings");
    *scale = (struct mcb_slow_scale){
        .latency = is_latency(setting->example),
        .fills = fills_link(setting),
        .with_ceiling = make_group(pivot, setting, true, 0, values),
        .reaching = make_group(pivot, setting, true, OF_CEILING, values),
        .without = make_group(pivot, setting, false, 0, values),
    };
    free(values);
    return 0;
}

const struct mcb_slow_group *mcb_slow_group_of(const struct mcb_slow_scale *scale,
                                               const json_t *cell)
{
    if (mcb_slow_part_of_ceiling(cell) <= 0)
        return &scale->without;
    return scale->fills ? &scale->reaching : &scale->with_ceiling;
}

bool mcb_slow_is(const struct mcb_slow_scale *scale, const json_t *cell)
{
    double value;
    if (!value_of(cell, &value))
        return false;
    if (mcb_slow_part_of_ceiling(cell) > 0)
        return value < OF_CEILING;
    return scale->latency ? value * OF_MEDIAN > scale->without.median
                          : value < OF_MEDIAN * scale->without.median;
}

bool mcb_slow_stands_out(const struct mcb_slow_scale *scale, const json_t *cell)
{
    const struct mcb_slow_group *group = mcb_slow_group_of(scale, cell);
    double value;
    if (!mcb_slow_is(scale, cell) || !value_of(cell, &value) || group->count == 0 ||
        fabs(log(value / group->median)) <= DEVIATIONS_MOST * group->deviation)
        return false;
    if (group == &scale->reaching)
        return mcb_slow_is_below_ceiling(cell) && value < CLEARLY_BELOW * group->median;
    double best = best_value(cell);
    return group->count >= CELLS_LEAST &&
           (scale->latency ? best > group->median : best < OF_MEDIAN * group->median);
}
