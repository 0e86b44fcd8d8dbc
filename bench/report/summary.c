/* SPDX-License-Identifier: Apache-2.0 */
#include "bench/report/summary.h"

#include <stdlib.h>
#include <string.h>

#include "bench/measure/statistics.h"
#include "common/json.h"
#include "common/text.h"

static const char *const effective_names[] = {
    [MCB_EFFECTIVE_OFF] = "off",
    [MCB_EFFECTIVE_ON] = "on",
    [MCB_EFFECTIVE_UNKNOWN] = "unknown",
};

const char *mcb_summary_effective_name(enum mcb_summary_effective effective)
{
    return effective_names[effective];
}

static bool has_text(const json_t *object, const char *key, const char *text)
{
    const char *value = json_string_value(json_object_get(object, key));
    return value && strcmp(value, text) == 0;
}

bool mcb_summary_figure(const json_t *cell, double *figure)
{
    if (!has_text(cell, "status", "ok"))
        return false;
    const json_t *value = has_text(cell, "measure", "latency")
                              ? json_object_get(json_object_get(cell, "latency_us"), "p50")
                              : json_object_get(json_object_get(cell, "bandwidth_gbps"), "median");
    *figure = json_number_value(value);
    return true;
}

char *mcb_summary_figure_text(const json_t *cell, char text[MCB_SUMMARY_FIGURE_MAX])
{
    const json_t *bandwidth = json_object_get(cell, "bandwidth_gbps");
    double figure = 0, half = (json_number_value(json_object_get(bandwidth, "high")) -
                               json_number_value(json_object_get(bandwidth, "low"))) /
                              2;
    char number[MCB_TEXT_NUMBER_MAX], spread[MCB_TEXT_NUMBER_MAX + 8] = "";
    mcb_summary_figure(cell, &figure);
    if (json_array_size(json_object_get(bandwidth, "trials")) > 1)
        snprintf(spread, sizeof spread, " ±%.*f", mcb_text_decimals(figure), half);
    snprintf(text, MCB_SUMMARY_FIGURE_MAX, "%s%s", mcb_text_number(figure, number), spread);
    return text;
}

bool mcb_summary_is_doubtful(const struct mcb_summary *summary, double figure)
{
    return summary->latency ? figure > 1.25 * summary->median : figure < 0.9 * summary->median;
}

static void count_status(struct mcb_summary *summary, const json_t *cell)
{
    if (has_text(cell, "status", "ok"))
        summary->ok++;
    else if (has_text(cell, "status", "skipped"))
        summary->skipped++;
    else
        summary->failed++;
    summary->verified_bytes += json_number_value(json_object_get(cell, "verified_bytes"));
    summary->corrupt_bytes += json_number_value(json_object_get(cell, "corrupt_bytes"));
}

static void count_effective(struct mcb_summary *summary, const json_t *cell)
{
    const json_t *ordering = json_object_get(cell, "relaxed_ordering");
    for (size_t i = 0; i < MCB_EFFECTIVES; i++)
        summary->effective[i] += has_text(ordering, "effective", effective_names[i]);
}

static void note_method(struct mcb_summary *summary, const json_t *cell)
{
    const char *method = json_string_value(json_object_get(cell, "method"));
    if (!method)
        return;
    for (size_t i = 0; i < summary->method_count; i++)
        if (strcmp(summary->methods[i], method) == 0)
            return;
    if (summary->method_count < MCB_SUMMARY_METHODS_MAX)
        summary->methods[summary->method_count++] = method;
}

static void note_trials(struct mcb_summary *summary, const json_t *cell)
{
    size_t trials =
        json_array_size(json_object_get(json_object_get(cell, "bandwidth_gbps"), "trials"));
    if (summary->trials_most == 0 || trials < summary->trials_least)
        summary->trials_least = trials;
    if (trials > summary->trials_most)
        summary->trials_most = trials;
}

static bool looks_same(const struct mcb_summary_ceiling *left,
                       const struct mcb_summary_ceiling *right)
{
    char a[MCB_TEXT_NUMBER_MAX], b[MCB_TEXT_NUMBER_MAX];
    return strcmp(left->from, right->from) == 0 && strcmp(left->at, right->at) == 0 &&
           strcmp(mcb_text_number(left->gbps, a), mcb_text_number(right->gbps, b)) == 0;
}

static void note_ceiling(struct mcb_summary *summary, const json_t *cell)
{
    struct mcb_summary_ceiling ceiling = {
        .gbps = json_number_value(json_object_get(cell, "ceiling_gbps")),
        .from = mcb_json_text(cell, "ceiling_from"),
        .at = mcb_json_text(cell, "ceiling_at"),
    };
    size_t at = 0;
    if (ceiling.gbps <= 0)
        return;
    while (at < summary->ceiling_count && !looks_same(&summary->ceilings[at], &ceiling))
        at++;
    if (at == MCB_SUMMARY_CEILINGS_MAX) {
        summary->ceiling_others++;
        return;
    }
    if (at == summary->ceiling_count)
        summary->ceilings[summary->ceiling_count++] = ceiling;
    summary->ceilings[at].cells++;
    for (; at > 0 && summary->ceilings[at].cells > summary->ceilings[at - 1].cells; at--) {
        ceiling = summary->ceilings[at];
        summary->ceilings[at] = summary->ceilings[at - 1];
        summary->ceilings[at - 1] = ceiling;
    }
}

int mcb_summary_make(const struct mcb_pivot *pivot, const struct mcb_pivot_setting *setting,
                     struct mcb_summary *summary, struct mcb_error *error)
{
    struct mcb_summary made = {.latency = has_text(setting->example, "measure", "latency")};
    double *figures = malloc((setting->count + 1) * sizeof *figures), figure;
    if (!figures)
        return mcb_error_set(error, MCB_FAULT_HOST_MEMORY, "no memory for the tables");
    for (size_t i = setting->first; i < setting->first + setting->count; i++) {
        const struct mcb_pivot_cell *cell = &pivot->cells[i];
        count_status(&made, cell->cell);
        count_effective(&made, cell->cell);
        if (!mcb_summary_figure(cell->cell, &figure))
            continue;
        note_method(&made, cell->cell);
        note_trials(&made, cell->cell);
        note_ceiling(&made, cell->cell);
        figures[made.ok - 1] = figure;
        if (!made.worst_cell || (made.latency ? figure > made.worst : figure < made.worst)) {
            made.worst_cell = cell;
            made.worst = figure;
        }
    }
    made.median = mcb_statistics_median(figures, made.ok);
    made.worst_stands_out = made.worst_cell && mcb_summary_is_doubtful(&made, made.worst);
    free(figures);
    *summary = made;
    return 0;
}
