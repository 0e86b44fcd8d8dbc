/* SPDX-License-Identifier: Apache-2.0 */

/*
 * How paths went with time: first all paths of a setting together, then those that changed, the
 * worst first, each with its levels, and the date and the reasons of each change.
 *
 * Runs are equally far from each other, whatever time is between them: a machine may be measured
 * ten times on the day of an update, and then not for a month.
 */
#include "bench/report/plot_kinds.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "bench/measure/statistics.h"
#include "bench/report/plot_lines.h"
#include "bench/report/plot_matrix.h"
#include "bench/report/plot_sweep.h"
#include "bench/report/trend_words.h"
#include "common/text.h"

static const char blocks[] =
    MCB_PLOT_LINES_BLOCKS " points intervals levels changes tags tag_numbers";

enum { LEFT = 70, WIDTH = 700, RIGHT = 110, HEIGHT = 280, HEAD = 34, FOOT = 44 };

static struct mcb_plot_diagram diagram_of(const struct mcb_trends *trends, double top,
                                          struct mcb_plot_scale scale)
{
    return (struct mcb_plot_diagram){.left = LEFT,
                                     .right = LEFT + WIDTH,
                                     .top = top,
                                     .bottom = top + HEIGHT,
                                     .x = {-0.7, (double)trends->run_count - 0.3, false},
                                     .y = scale};
}

/* Dates; of runs of one day, times. */
static void draw_runs(const struct mcb_trends *trends, const struct mcb_plot_diagram *diagram,
                      struct mcb_sheet *sheet)
{
    enum { DATE = 10, TIME = 5, TICS_MOST = 8 };
    const struct mcb_ledger *const *runs = trends->runs;
    size_t last = trends->run_count - 1, stride = (last + TICS_MOST) / TICS_MOST;
    bool one_day = strncmp(runs[0]->started, runs[last]->started, DATE) == 0;
    char text[16];
    for (size_t i = 0; i <= last; i += stride) {
        const char *started = runs[i]->started;
        bool has_time = strlen(started) > DATE + TIME;
        snprintf(text, sizeof text, "%.*s", one_day ? TIME : DATE,
                 one_day && has_time ? started + DATE + 1 : started);
        mcb_plot_diagram_tic(diagram, sheet, (double)i, text);
    }
}

/* "24 runs, 2026-10-20 to 2026-11-22" */
static void put_runs(const struct mcb_trends *trends, char *text, size_t size)
{
    snprintf(text, size, "%zu runs, %.10s to %.10s", trends->run_count, trends->runs[0]->started,
             trends->runs[trends->run_count - 1]->started);
}

static const struct mcb_ledger *newest_run(const struct mcb_trends *trends)
{
    return trends->runs[trends->run_count - 1];
}

/* ---- one path ---- */

static struct mcb_plot_scale scale_of(const struct mcb_trend *trend, double ceiling)
{
    double least = HUGE_VAL, most = 0;
    for (size_t i = 0; i < trend->point_count; i++) {
        const struct mcb_trend_point *point = &trend->points[i];
        if (point->figure <= 0)
            continue;
        least = fmin(least, point->low > 0 ? point->low : point->figure);
        most = fmax(most, fmax(point->high, point->figure));
    }
    if (most <= 0)
        return mcb_plot_scale_from_zero(1);
    if (ceiling > most && ceiling < 1.3 * most)
        most = ceiling;
    return mcb_plot_scale_around(least, most, 0.1);
}

static void draw_points(const struct mcb_trends *trends, const struct mcb_trend *trend,
                        const struct mcb_plot_diagram *diagram, struct mcb_sheet *sheet)
{
    enum { HALF = 8 };
    for (size_t i = 0; i < trend->point_count; i++) {
        const struct mcb_trend_point *point = &trend->points[i];
        if (point->figure > 0) {
            mcb_sheet_row(sheet, "points", "%u\t%.6g", point->run, point->figure);
            if (point->low > 0 && point->high > point->low)
                mcb_sheet_row(sheet, "intervals", "%u\t%.6g\t0\t%.6g", point->run, point->low,
                              point->high - point->low);
            continue;
        }
        bool skipped = trends->runs[point->run]->cells[point->cell].status == MCB_LEDGER_SKIPPED;
        double x = mcb_plot_diagram_x(diagram, point->run), y = diagram->bottom - HALF - 3;
        struct mcb_plot_box box = {x, y, x - HALF, x + HALF, y - HALF, y + HALF};
        mcb_plot_failed_box(sheet, &box, skipped);
    }
}

/* The median of the figures of some points; 0: there is none. */
static double level_of(const struct mcb_trend *trend, size_t first, size_t end, double *room)
{
    size_t count = 0;
    for (size_t i = first; i < end; i++)
        if (trend->points[i].figure > 0)
            room[count++] = trend->points[i].figure;
    return mcb_statistics_median(room, count);
}

static void draw_levels(const struct mcb_trend *trend, struct mcb_sheet *sheet)
{
    double *room = calloc(trend->point_count + 1, sizeof *room);
    sheet->lost |= !room;
    for (size_t i = 0, first = 0; room && i <= trend->change_count; i++) {
        bool last = i == trend->change_count;
        size_t end = last ? trend->point_count : trend->changes[i].point;
        double level = level_of(trend, first, end, room);
        if (end > first && level > 0)
            mcb_sheet_row(sheet, "levels", "%.2f\t%.6g\t%.2f\t0", trend->points[first].run - 0.3,
                          level, trend->points[end - 1].run - trend->points[first].run + 0.6);
        first = end;
    }
    free(room);
}

/* A line between the two runs, and its number above. */
static void draw_change(const struct mcb_trend *trend, size_t number,
                        const struct mcb_plot_diagram *diagram, struct mcb_sheet *sheet)
{
    enum { HALF = 7 };
    size_t point = trend->changes[number].point;
    double after = trend->points[point].run;
    double before = point > 0 ? trend->points[point - 1].run : after - 1;
    double run = (before + after) / 2, x = mcb_plot_diagram_x(diagram, run);
    double y = diagram->top - HALF - 2;
    struct mcb_plot_box tag = {x, y, x - HALF, x + HALF, y - HALF, y + HALF};
    mcb_sheet_row(sheet, "changes", "%.2f\t%.6g\t0\t%.6g", run, diagram->y.low,
                  diagram->y.high - diagram->y.low);
    mcb_plot_box_row(sheet, "tags", &tag, 0);
    mcb_sheet_row(sheet, "tag_numbers", "%.1f\t%.1f\t\"%zu\"", x, y, number + 1);
}

/* "1  2026-11-20  380.1 → 341.8 Gbit/s, -10.1 %, p < 0.001", and what differed below. */
static double list_change(const struct mcb_trends *trends, const struct mcb_trend *trend,
                          size_t number, const char *unit, struct mcb_sheet *sheet, double y)
{
    enum { INDENT = 22, COLUMNS = 115 };
    const struct mcb_trend_change *change = &trend->changes[number];
    char levels[MCB_TREND_LEVELS_MAX], causes[MCB_TREND_CAUSES_MAX];
    char text[MCB_TREND_LEVELS_MAX + 64];
    snprintf(text, sizeof text, "%zu   %.10s   %s", number + 1,
             mcb_trend_change_run(trends, trend, change)->started,
             mcb_trend_levels(change, unit, levels));
    mcb_sheet_text(sheet, "bold_left", MCB_SHEET_MARGIN, y, change->worse ? MCB_INK_ALARM : MCB_INK,
                   text);
    char line[MCB_TREND_CAUSES_MAX + 32];
    snprintf(line, sizeof line, "differs: %s", mcb_trend_causes(&change->differences, causes));
    y = mcb_sheet_lines(sheet, "left", MCB_SHEET_MARGIN + INDENT, y + MCB_SHEET_LINE, MCB_INK, line,
                        COLUMNS);
    return y + MCB_SHEET_LINE + 4;
}

static void draw_ceiling(const struct mcb_plot_diagram *diagram, struct mcb_sheet *sheet,
                         double ceiling)
{
    char number[MCB_TEXT_NUMBER_MAX], text[64];
    if (ceiling <= 0)
        return;
    bool above = ceiling > diagram->y.high;
    snprintf(text, sizeof text, "%sceiling %s", above ? "↑ " : "",
             mcb_text_number(ceiling, number));
    mcb_sheet_text(sheet, "left", diagram->right + 8,
                   above ? diagram->top : mcb_plot_diagram_y(diagram, ceiling), MCB_INK, text);
    if (!above) {
        mcb_sheet_row(sheet, "ceiling", "%.6g\t%.6g", diagram->x.low, ceiling);
        mcb_sheet_row(sheet, "ceiling", "%.6g\t%.6g", diagram->x.high, ceiling);
    }
}

/* Title and note; in lists of pictures a path has its setting with it. Returns the height it takes.
 */
static double put_head(const struct mcb_trends *trends, const struct mcb_ledger *ledger,
                       const struct mcb_ledger_cell *cell, struct mcb_sheet *sheet)
{
    char title[MCB_LEDGER_LABEL_MAX], setting[MCB_LEDGER_LABEL_MAX], runs[64];
    char text[2 * MCB_LEDGER_LABEL_MAX + 8];
    put_runs(trends, runs, sizeof runs);
    mcb_plot_path_label(ledger, cell, title);
    mcb_ledger_setting_label(ledger, cell->setting, setting);
    snprintf(text, sizeof text, "%s · %s", setting, runs);
    double height = mcb_sheet_head(sheet, newest_run(trends), title, text);
    snprintf(text, sizeof text, "%s · %s", title, setting);
    mcb_text_clean(text, sheet->title, sizeof sheet->title);
    return height;
}

static void draw_path(const struct mcb_trends *trends, const struct mcb_trend *trend,
                      struct mcb_sheet *sheet)
{
    const struct mcb_ledger *ledger;
    const struct mcb_ledger_cell *cell = mcb_trend_cell(trends, trend, &ledger);
    const char *unit = mcb_ledger_unit(&ledger->settings[cell->setting]);
    double top = put_head(trends, ledger, cell, sheet) + HEAD;
    struct mcb_plot_diagram diagram = diagram_of(trends, top, scale_of(trend, cell->ceiling_gbps));
    mcb_plot_diagram_lay(&diagram, sheet, unit);
    draw_runs(trends, &diagram, sheet);
    draw_ceiling(&diagram, sheet, cell->ceiling_gbps);
    draw_points(trends, trend, &diagram, sheet);
    draw_levels(trend, sheet);
    double y = diagram.bottom + FOOT;
    for (size_t i = 0; i < trend->change_count; i++) {
        draw_change(trend, i, &diagram, sheet);
        y = list_change(trends, trend, i, unit, sheet, y);
    }
    mcb_sheet_foot(sheet, newest_run(trends), LEFT + WIDTH + RIGHT, y);
}

static int plot_path(const struct mcb_trends *trends, const struct mcb_trend *trend,
                     struct mcb_plot_run *run, struct mcb_error *error)
{
    struct mcb_sheet sheet;
    mcb_sheet_begin(&sheet, "trend", mcb_plot_next(run), blocks);
    draw_path(trends, trend, &sheet);
    return mcb_plot_emit(run, &sheet, error);
}

/* ---- all paths of a setting ---- */

/* Trends by the setting that they have in the newest run. */
struct groups {
    uint32_t *trends; /* those of setting 0, of setting 1, ... */
    size_t *first;    /* [settings + 1] where they begin */
    double *steps;    /* the runs' numbers */
};

/* The setting of a trend in the newest run; SIZE_MAX: that has not measured the path. */
static size_t setting_of(const struct mcb_trends *trends, const struct mcb_trend *trend)
{
    const struct mcb_ledger *ledger;
    const struct mcb_ledger_cell *cell = mcb_trend_cell(trends, trend, &ledger);
    return ledger == newest_run(trends) && trend->point_count > 1 ? cell->setting : SIZE_MAX;
}

static void groups_release(struct groups *groups)
{
    free(groups->steps);
    free(groups->first);
    free(groups->trends);
}

static int groups_make(const struct mcb_trends *trends, struct groups *groups,
                       struct mcb_error *error)
{
    size_t settings = newest_run(trends)->setting_count;
    *groups = (struct groups){.trends = calloc(trends->count + 1, sizeof *groups->trends),
                              .first = calloc(settings + 2, sizeof *groups->first),
                              .steps = calloc(trends->run_count, sizeof *groups->steps)};
    if (!groups->trends || !groups->first || !groups->steps) {
        groups_release(groups);
        return mcb_plot_no_memory(error);
    }
    for (size_t i = 0; i < trends->run_count; i++)
        groups->steps[i] = (double)i;
    /* Counted two places further on, so that filling moves each to where it belongs. */
    for (size_t i = 0; i < trends->count; i++)
        if (setting_of(trends, &trends->list[i]) != SIZE_MAX)
            groups->first[setting_of(trends, &trends->list[i]) + 2]++;
    for (size_t i = 2; i < settings + 2; i++)
        groups->first[i] += groups->first[i - 1];
    for (size_t i = 0; i < trends->count; i++) {
        size_t setting = setting_of(trends, &trends->list[i]);
        if (setting != SIZE_MAX)
            groups->trends[groups->first[setting + 1]++] = (uint32_t)i;
    }
    return 0;
}

static void fill_lines(const struct mcb_trends *trends, const uint32_t *list,
                       struct mcb_plot_lines *lines)
{
    const struct mcb_ledger *ledger;
    for (size_t path = 0; path < lines->path_count; path++) {
        const struct mcb_trend *trend = &trends->list[list[path]];
        lines->examples[path] = mcb_trend_cell(trends, trend, &ledger);
        for (size_t i = 0; i < trend->point_count; i++) {
            const struct mcb_trend_point *point = &trend->points[i];
            size_t place = path * lines->step_count + point->run;
            lines->figures[place] = point->figure;
            lines->failed[place] =
                trends->runs[point->run]->cells[point->cell].status == MCB_LEDGER_FAILED;
        }
    }
}

static double median_ceiling(const struct mcb_plot_lines *lines, double *room)
{
    size_t count = 0;
    for (size_t i = 0; i < lines->path_count; i++)
        if (lines->examples[i]->ceiling_gbps > 0)
            room[count++] = lines->examples[i]->ceiling_gbps;
    return mcb_statistics_median(room, count);
}

static void draw_setting(const struct mcb_trends *trends, size_t setting,
                         const struct mcb_plot_lines *lines, struct mcb_sheet *sheet)
{
    const struct mcb_ledger *ledger = lines->ledger;
    char title[MCB_LEDGER_LABEL_MAX], note[64];
    double least = 1, most = 1, *room = calloc(lines->path_count + 1, sizeof *room);
    sheet->lost |= !room;
    double ceiling = room ? median_ceiling(lines, room) : 0;
    free(room);
    mcb_plot_lines_span(lines, &least, &most);
    if (ceiling > most && ceiling < 1.3 * most)
        most = ceiling;
    put_runs(trends, note, sizeof note);
    double top =
        mcb_sheet_head(sheet, ledger, mcb_ledger_setting_label(ledger, setting, title), note);
    struct mcb_plot_diagram diagram =
        diagram_of(trends, top + HEAD, mcb_plot_scale_around(least, most, 0.1));
    mcb_plot_diagram_lay(&diagram, sheet, mcb_ledger_unit(&ledger->settings[setting]));
    draw_runs(trends, &diagram, sheet);
    draw_ceiling(&diagram, sheet, ceiling);
    double y = mcb_plot_lines_draw(lines, &diagram, sheet, diagram.bottom + FOOT);
    mcb_sheet_foot(sheet, ledger, LEFT + WIDTH + RIGHT, y);
}

static int plot_setting(const struct mcb_trends *trends, size_t setting,
                        const struct groups *groups, struct mcb_plot_run *run,
                        struct mcb_error *error)
{
    struct mcb_plot_lines lines;
    struct mcb_sheet sheet;
    double least, most;
    size_t first = groups->first[setting], count = groups->first[setting + 1] - first;
    if (mcb_plot_lines_make(newest_run(trends), count, groups->steps, trends->run_count, &lines,
                            error) != 0)
        return -1;
    lines.less_is_better = newest_run(trends)->settings[setting].latency;
    fill_lines(trends, groups->trends + first, &lines);
    bool drawn = mcb_plot_lines_span(&lines, &least, &most) && mcb_plot_has_place(run);
    if (drawn) {
        mcb_sheet_begin(&sheet, "trend", mcb_plot_next(run), blocks);
        draw_setting(trends, setting, &lines, &sheet);
    }
    mcb_plot_lines_release(&lines);
    return drawn ? mcb_plot_emit(run, &sheet, error) : 0;
}

static int plot_settings(const struct mcb_trends *trends, struct mcb_plot_run *run,
                         struct mcb_error *error)
{
    struct groups groups;
    struct mcb_plot_sweeps sweeps;
    if (groups_make(trends, &groups, error) != 0)
        return -1;
    int outcome = mcb_plot_sweeps_make(newest_run(trends), &sweeps, error);
    if (outcome == 0) {
        for (size_t i = 0; outcome == 0 && i < newest_run(trends)->setting_count; i++)
            if (mcb_plot_wants_all(run) || sweeps.stands[i])
                outcome = plot_setting(trends, i, &groups, run, error);
        mcb_plot_sweeps_release(&sweeps);
    }
    groups_release(&groups);
    return outcome;
}

/* ---- all of it ---- */

int mcb_plot_trend(const struct mcb_plot_input *input, struct mcb_plot_run *run,
                   struct mcb_error *error)
{
    const struct mcb_trends *trends = input->trends;
    if (!trends || trends->run_count < 2)
        return 0;
    if (plot_settings(trends, run, error) != 0)
        return -1;
    for (size_t i = 0; i < trends->count; i++) {
        const struct mcb_trend *trend = &trends->list[i];
        bool wanted =
            trend->change_count > 0 || (mcb_plot_wants_all(run) && trend->point_count > 1);
        if (wanted && mcb_plot_has_place(run) && plot_path(trends, trend, run, error) != 0)
            return -1;
    }
    return 0;
}
