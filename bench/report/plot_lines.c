/* SPDX-License-Identifier: Apache-2.0 */
#include "bench/report/plot_lines.h"

#include <math.h>
#include <stdlib.h>

#include "bench/measure/statistics.h"
#include "bench/report/plot_kinds.h"
#include "bench/report/plot_matrix.h"

int mcb_plot_lines_make(const struct mcb_ledger *ledger, size_t path_count, const double *steps,
                        size_t step_count, struct mcb_plot_lines *lines, struct mcb_error *error)
{
    size_t places = path_count * step_count + 1;
    *lines = (struct mcb_plot_lines){
        .ledger = ledger,
        .steps = steps,
        .step_count = step_count,
        .path_count = path_count,
        .figures = calloc(places, sizeof *lines->figures),
        .failed = calloc(places, sizeof *lines->failed),
        .examples = calloc(path_count + 1, sizeof *lines->examples),
    };
    if (lines->figures && lines->failed && lines->examples)
        return 0;
    mcb_plot_lines_release(lines);
    return mcb_plot_no_memory(error);
}

void mcb_plot_lines_release(struct mcb_plot_lines *lines)
{
    free(lines->examples);
    free(lines->failed);
    free(lines->figures);
    *lines = (struct mcb_plot_lines){.ledger = NULL};
}

static double figure_at(const struct mcb_plot_lines *lines, size_t path, size_t step)
{
    return lines->figures[path * lines->step_count + step];
}

bool mcb_plot_lines_span(const struct mcb_plot_lines *lines, double *least, double *most)
{
    *least = HUGE_VAL;
    *most = 0;
    for (size_t i = 0; i < lines->path_count * lines->step_count; i++) {
        if (lines->figures[i] <= 0)
            continue;
        *least = fmin(*least, lines->figures[i]);
        *most = fmax(*most, lines->figures[i]);
    }
    return *most > 0;
}

/* ---- of many paths ---- */

struct middle {
    double least, median, most;
    size_t count;
};

/* room: for a figure of each path. */
static struct middle middle_of(const struct mcb_plot_lines *lines, size_t step, double *room)
{
    struct middle middle = {HUGE_VAL, 0, 0, 0};
    for (size_t path = 0; path < lines->path_count; path++) {
        double figure = figure_at(lines, path, step);
        if (figure <= 0)
            continue;
        middle.least = fmin(middle.least, figure);
        middle.most = fmax(middle.most, figure);
        room[middle.count++] = figure;
    }
    middle.median = mcb_statistics_median(room, middle.count);
    return middle;
}

/* How far a path is on the bad side of the medians: the mean of the logarithms. */
static double badness_of(const struct mcb_plot_lines *lines, size_t path,
                         const struct middle *middles)
{
    double sum = 0;
    size_t count = 0;
    for (size_t step = 0; step < lines->step_count; step++) {
        double figure = figure_at(lines, path, step);
        if (figure <= 0)
            continue;
        sum += log(figure / middles[step].median);
        count++;
    }
    if (count == 0)
        return -HUGE_VAL;
    return (lines->less_is_better ? sum : -sum) / (double)count;
}

static size_t find_worst(const struct mcb_plot_lines *lines, const struct middle *middles)
{
    size_t worst = 0;
    for (size_t path = 1; path < lines->path_count; path++)
        if (badness_of(lines, path, middles) > badness_of(lines, worst, middles))
            worst = path;
    return worst;
}

/* A step without a figure parts the line. */
static void draw_path(const struct mcb_plot_lines *lines, struct mcb_sheet *sheet, size_t path,
                      size_t line)
{
    bool open = false;
    for (size_t step = 0; step < lines->step_count; step++) {
        double figure = figure_at(lines, path, step);
        if (figure > 0)
            mcb_sheet_row(sheet, mcb_plot_line_block(line), "%.10g\t%.6g", lines->steps[step],
                          figure);
        else if (open)
            mcb_sheet_row(sheet, mcb_plot_line_block(line), "%s", "");
        open = figure > 0;
    }
}

/* "worst: n1/mlx5_0/cpu:0 → n2/mlx5_0/cpu:0" */
static void put_sample(const struct mcb_plot_lines *lines, struct mcb_sheet *sheet, size_t path,
                       size_t line, double y, const char *before)
{
    char label[MCB_LEDGER_LABEL_MAX], text[MCB_LEDGER_LABEL_MAX + 32];
    snprintf(text, sizeof text, "%.24s%s", before,
             mcb_plot_path_label(lines->ledger, lines->examples[path], label));
    mcb_plot_line_sample(sheet, line, MCB_SHEET_MARGIN, y, text);
}

/* A box with a text. */
static void put_band_sample(struct mcb_sheet *sheet, double y, const char *text)
{
    enum { LENGTH = 48, HALF = 6, GAP = 10 };
    double left = MCB_SHEET_MARGIN, right = left + LENGTH;
    struct mcb_plot_box box = {(left + right) / 2, y, left, right, y - HALF, y + HALF};
    mcb_plot_box_row(sheet, "band_sample", &box, 0);
    mcb_sheet_text(sheet, "left", right + GAP, y, MCB_INK, text);
}

static double draw_middle(const struct mcb_plot_lines *lines, struct mcb_sheet *sheet,
                          const struct middle *middles, double y)
{
    enum { MEDIAN, WORST };
    char text[64];
    for (size_t step = 0; step < lines->step_count; step++) {
        if (middles[step].count == 0)
            continue;
        mcb_sheet_row(sheet, "band", "%.10g\t%.6g\t%.6g", lines->steps[step], middles[step].least,
                      middles[step].most);
        mcb_sheet_row(sheet, mcb_plot_line_block(MEDIAN), "%.10g\t%.6g", lines->steps[step],
                      middles[step].median);
    }
    size_t worst = find_worst(lines, middles);
    draw_path(lines, sheet, worst, WORST);
    snprintf(text, sizeof text, "median of %zu paths", lines->path_count);
    mcb_plot_line_sample(sheet, MEDIAN, MCB_SHEET_MARGIN, y, text);
    put_band_sample(sheet, y += MCB_SHEET_LINE, "from the least to the most of all paths");
    put_sample(lines, sheet, worst, WORST, y += MCB_SHEET_LINE, "worst: ");
    return y + MCB_SHEET_LINE;
}

static double draw_many(const struct mcb_plot_lines *lines, struct mcb_sheet *sheet, double y)
{
    struct middle *middles = calloc(lines->step_count + 1, sizeof *middles);
    double *room = calloc(lines->path_count + 1, sizeof *room);
    for (size_t step = 0; middles && room && step < lines->step_count; step++)
        middles[step] = middle_of(lines, step, room);
    if (middles && room)
        y = draw_middle(lines, sheet, middles, y);
    else
        sheet->lost = true;
    free(room);
    free(middles);
    return y;
}

/* ---- failures ---- */

/* A cross at the foot of the diagram where a path failed. Returns how many did. */
static size_t draw_failures(const struct mcb_plot_lines *lines,
                            const struct mcb_plot_diagram *diagram, struct mcb_sheet *sheet)
{
    enum { HALF = 8 };
    size_t failed = 0;
    for (size_t step = 0; step < lines->step_count; step++) {
        size_t here = 0;
        for (size_t path = 0; path < lines->path_count; path++)
            here += lines->failed[path * lines->step_count + step];
        failed += here;
        double x = mcb_plot_diagram_x(diagram, lines->steps[step]), y = diagram->bottom - HALF - 3;
        struct mcb_plot_box box = {x, y, x - HALF, x + HALF, y - HALF, y + HALF};
        if (here > 0)
            mcb_plot_failed_box(sheet, &box, false);
    }
    return failed;
}

double mcb_plot_lines_draw(const struct mcb_plot_lines *lines,
                           const struct mcb_plot_diagram *diagram, struct mcb_sheet *sheet,
                           double y)
{
    enum { HALF = 8 };
    char text[64];
    if (lines->path_count > MCB_PLOT_LINES)
        y = draw_many(lines, sheet, y);
    for (size_t path = 0; path < lines->path_count && lines->path_count <= MCB_PLOT_LINES; path++) {
        draw_path(lines, sheet, path, path);
        put_sample(lines, sheet, path, path, y, "");
        y += MCB_SHEET_LINE;
    }
    size_t failed = draw_failures(lines, diagram, sheet);
    if (failed == 0)
        return y;
    double x = MCB_SHEET_MARGIN + 24;
    struct mcb_plot_box box = {x, y, x - HALF, x + HALF, y - HALF, y + HALF};
    mcb_plot_failed_box(sheet, &box, false);
    snprintf(text, sizeof text, "%zu cell%s failed", failed, failed == 1 ? "" : "s");
    mcb_sheet_text(sheet, "left", MCB_SHEET_MARGIN + 58, y, MCB_INK, text);
    return y + MCB_SHEET_LINE;
}
