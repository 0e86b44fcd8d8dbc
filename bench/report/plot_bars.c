/* SPDX-License-Identifier: Apache-2.0 */
#include "bench/report/plot_bars.h"

#include <math.h>
#include <stdlib.h>

#include "bench/measure/statistics.h"
#include "bench/report/comparison_words.h"
#include "bench/report/plot_diagram.h"
#include "bench/report/plot_kinds.h"
#include "bench/report/plot_matrix.h"
#include "common/text.h"

/* In pixels. */
enum { LEFT = 110, WIDTH = 480, RIGHT = 90, NAME = 18, BAR = 15, BAR_GAP = 3, ROW_GAP = 14 };

/* More rows are some of them, below the median of all. */
enum { ROWS_MOST = 12, TICS = 6 };

static double figure_of(const struct mcb_ledger_cell *cell)
{
    return cell && cell->status == MCB_LEDGER_OK ? cell->figure : 0;
}

/* Of the first way to what it is held against; 0: not known. */
static double ratio_of(const struct mcb_plot_bars *bars, const struct mcb_plot_bars_row *row)
{
    double first = figure_of(row->cells[0]), other = figure_of(row->cells[bars->against]);
    return other > 0 ? first / other : 0;
}

/* More is better, and what is not known is the worst. */
static double goodness_of(const struct mcb_plot_bars *bars, const struct mcb_plot_bars_row *row)
{
    double ratio = ratio_of(bars, row);
    return ratio > 0 && bars->setting->latency ? 1 / ratio : ratio;
}

static int by_goodness(const void *left, const void *right, void *context)
{
    const struct mcb_plot_bars *bars = context;
    const struct mcb_plot_bars_row *a = left, *b = right;
    double one = goodness_of(bars, a), other = goodness_of(bars, b);
    if (one != other)
        return one < other ? -1 : 1;
    return (a->path > b->path) - (a->path < b->path);
}

static size_t way_count(const struct mcb_plot_bars *bars)
{
    size_t count = 0;
    for (size_t way = 0; way < MCB_PLOT_WAYS; way++)
        count += bars->names[way] != NULL;
    return count;
}

static size_t shown_rows(const struct mcb_plot_bars *bars)
{
    return bars->count < ROWS_MOST ? bars->count : ROWS_MOST;
}

static double largest(const struct mcb_plot_bars *bars)
{
    double most = 0;
    for (size_t i = 0; i < bars->count; i++)
        for (size_t way = 0; way < MCB_PLOT_WAYS; way++) {
            const struct mcb_ledger_cell *cell = bars->rows[i].cells[way];
            most = fmax(most, figure_of(cell));
            most = fmax(most, cell ? fmax(cell->high, cell->ceiling_gbps) : 0);
        }
    return most;
}

/* ---- a row ---- */

/* What is drawn of a row. */
struct strip {
    const struct mcb_plot_bars *bars;
    const struct mcb_plot_diagram *diagram;
    struct mcb_sheet *sheet;
    double y; /* of the next line */
};

static void draw_bar(struct strip *strip, size_t way, double figure)
{
    static const char *const blocks[MCB_PLOT_WAYS] = {"bar_1", "bar_2", "bar_3"};
    char number[MCB_TEXT_NUMBER_MAX];
    mcb_sheet_row(strip->sheet, blocks[way], "%.6g\t%.1f\t0\t%.6g\t%.1f\t%.1f", figure / 2,
                  strip->y, figure, strip->y - BAR / 2.0, strip->y + BAR / 2.0);
    mcb_sheet_text(strip->sheet, "left", mcb_plot_diagram_x(strip->diagram, figure) + 12, strip->y,
                   MCB_INK, mcb_text_number(figure, number));
}

static void draw_missing(struct strip *strip, const struct mcb_ledger_cell *cell)
{
    bool skipped = cell->status == MCB_LEDGER_SKIPPED;
    double left = strip->diagram->left + 4, right = left + BAR;
    struct mcb_plot_box box = {
        (left + right) / 2,      strip->y, left, right, strip->y - BAR / 2.0 + 1,
        strip->y + BAR / 2.0 - 1};
    mcb_plot_failed_box(strip->sheet, &box, skipped);
    mcb_sheet_text(strip->sheet, "left", right + 6, strip->y, skipped ? MCB_INK : MCB_INK_ALARM,
                   skipped ? "not measured" : "failed");
}

static void draw_cell(struct strip *strip, size_t way, const struct mcb_ledger_cell *cell)
{
    if (figure_of(cell) <= 0) {
        draw_missing(strip, cell);
        return;
    }
    draw_bar(strip, way, cell->figure);
    if (cell->high > cell->low && cell->low > 0)
        mcb_sheet_row(strip->sheet, "intervals", "%.6g\t%.1f\t%.6g\t0", cell->low, strip->y,
                      cell->high - cell->low);
    if (cell->ceiling_gbps > 0)
        mcb_sheet_row(strip->sheet, "ceilings", "%.6g\t%.1f\t0\t%d", cell->ceiling_gbps,
                      strip->y - BAR / 2.0 - 2, BAR + 4);
}

static void put_way(struct strip *strip, const char *name)
{
    mcb_sheet_text(strip->sheet, "right", strip->diagram->left - 8, strip->y, MCB_INK_PALE, name);
}

/* "97 % of host", "+3.1 %" on the right of a row's name; nothing if it is not known. */
static void put_ratio(struct strip *strip, double ratio)
{
    const struct mcb_plot_bars *bars = strip->bars;
    char text[64];
    if (ratio <= 0)
        return;
    bool bad = bars->setting->latency ? ratio > 1 / bars->far_below : ratio < bars->far_below;
    if (bars->share)
        snprintf(text, sizeof text, "%.0f %% of %s", 100 * ratio, bars->names[bars->against]);
    else
        mcb_comparison_change_text(ratio, text);
    mcb_sheet_text(strip->sheet, "bold_right", strip->diagram->right + RIGHT - MCB_SHEET_MARGIN,
                   strip->y, bad ? MCB_INK_ALARM : MCB_INK, text);
}

/* The axis and its tics stand beside the bars of each row, and not behind its name. */
static void draw_tic_lines(struct strip *strip)
{
    double tics[MCB_PLOT_TICS_MAX];
    size_t count = mcb_plot_scale_tics(&strip->diagram->x, TICS, tics);
    double height = (double)way_count(strip->bars) * (BAR + BAR_GAP) + BAR_GAP;
    for (size_t i = 0; i < count; i++)
        mcb_sheet_row(strip->sheet, i == 0 ? "frame" : "tic_lines", "%.1f\t%.1f\t0\t%.1f",
                      mcb_plot_diagram_x(strip->diagram, tics[i]), strip->y - BAR / 2.0 - BAR_GAP,
                      height);
}

static void draw_row(struct strip *strip, const struct mcb_plot_bars_row *row)
{
    char label[MCB_LEDGER_LABEL_MAX];
    const struct mcb_plot_bars *bars = strip->bars;
    mcb_sheet_text(strip->sheet, "left", MCB_SHEET_MARGIN, strip->y, MCB_INK,
                   mcb_plot_path_label(bars->ledger, row->path, label));
    put_ratio(strip, ratio_of(bars, row));
    strip->y += NAME;
    draw_tic_lines(strip);
    for (size_t way = 0; way < MCB_PLOT_WAYS; way++) {
        if (!bars->names[way])
            continue;
        put_way(strip, bars->names[way]);
        if (row->cells[way])
            draw_cell(strip, way, row->cells[way]);
        strip->y += BAR + BAR_GAP;
    }
    strip->y += ROW_GAP;
}

/* ---- the median of many ---- */

static double median_of_way(const struct mcb_plot_bars *bars, size_t way, double *room)
{
    size_t count = 0;
    for (size_t i = 0; i < bars->count; i++)
        if (figure_of(bars->rows[i].cells[way]) > 0)
            room[count++] = bars->rows[i].cells[way]->figure;
    return mcb_statistics_median(room, count);
}

static double median_ratio(const struct mcb_plot_bars *bars, double *room)
{
    size_t count = 0;
    for (size_t i = 0; i < bars->count; i++)
        if (ratio_of(bars, &bars->rows[i]) > 0)
            room[count++] = ratio_of(bars, &bars->rows[i]);
    return mcb_statistics_median(room, count);
}

static void draw_median(struct strip *strip)
{
    const struct mcb_plot_bars *bars = strip->bars;
    char text[64];
    double *room = calloc(bars->count + 1, sizeof *room);
    if (!room) {
        strip->sheet->lost = true;
        return;
    }
    snprintf(text, sizeof text, "median of %zu paths", bars->count);
    mcb_sheet_text(strip->sheet, "bold_left", MCB_SHEET_MARGIN, strip->y, MCB_INK, text);
    put_ratio(strip, median_ratio(bars, room));
    strip->y += NAME;
    draw_tic_lines(strip);
    for (size_t way = 0; way < MCB_PLOT_WAYS; way++) {
        if (!bars->names[way])
            continue;
        put_way(strip, bars->names[way]);
        double median = median_of_way(bars, way, room);
        if (median > 0)
            draw_bar(strip, way, median);
        strip->y += BAR + BAR_GAP;
    }
    strip->y += 2 * ROW_GAP;
    free(room);
}

/* ---- all of it ---- */

/* Tics of the figures are above the bars. */
static void draw_tics(const struct mcb_plot_diagram *diagram, struct mcb_sheet *sheet,
                      const char *unit)
{
    double tics[MCB_PLOT_TICS_MAX];
    char text[MCB_TEXT_NUMBER_MAX];
    size_t count = mcb_plot_scale_tics(&diagram->x, TICS, tics);
    for (size_t i = 0; i < count; i++)
        mcb_sheet_text(sheet, "centre", mcb_plot_diagram_x(diagram, tics[i]), diagram->top - 10,
                       MCB_INK, mcb_plot_tic_text(tics[i], text));
    mcb_sheet_text(sheet, "left", MCB_SHEET_MARGIN, diagram->top - 10, MCB_INK_PALE, unit);
}

static void draw_foot(const struct mcb_plot_bars *bars, struct mcb_sheet *sheet, double y)
{
    char text[96];
    bool has_ceiling = false;
    for (size_t i = 0; i < shown_rows(bars); i++)
        for (size_t way = 0; way < MCB_PLOT_WAYS; way++)
            has_ceiling |= bars->rows[i].cells[way] && bars->rows[i].cells[way]->ceiling_gbps > 0;
    if (bars->count > ROWS_MOST) {
        snprintf(text, sizeof text, "and %zu better paths", bars->count - ROWS_MOST);
        mcb_sheet_text(sheet, "left", MCB_SHEET_MARGIN, y, MCB_INK_PALE, text);
        y += MCB_SHEET_LINE;
    }
    snprintf(text, sizeof text, "thin line: interval of the median%s",
             has_ceiling ? " · upright dashes: ceiling of the path" : "");
    mcb_sheet_text(sheet, "left", MCB_SHEET_MARGIN, y, MCB_INK_PALE, text);
    mcb_sheet_foot(sheet, bars->ledger, LEFT + WIDTH + RIGHT, y + MCB_SHEET_LINE);
}

void mcb_plot_bars_draw(struct mcb_plot_bars *bars, struct mcb_sheet *sheet)
{
    enum { HEAD = 24 };
    qsort_r(bars->rows, bars->count, sizeof *bars->rows, by_goodness, bars);
    double top = mcb_sheet_head(sheet, bars->ledger, bars->title, bars->note) + HEAD;
    double each = NAME + (double)way_count(bars) * (BAR + BAR_GAP) + ROW_GAP;
    bool has_median = bars->count > ROWS_MOST;
    double bottom = top + each * (double)(shown_rows(bars) + has_median) + has_median * ROW_GAP;
    struct mcb_plot_diagram diagram = {.left = LEFT,
                                       .right = LEFT + WIDTH,
                                       .top = top,
                                       .bottom = bottom,
                                       .x = mcb_plot_scale_from_zero(largest(bars)),
                                       .y = {bottom, top, false}};
    mcb_plot_diagram_hand_over(&diagram, sheet);
    draw_tics(&diagram, sheet, mcb_ledger_unit(bars->setting));
    struct strip strip = {bars, &diagram, sheet, top + NAME / 2.0 + 2};
    if (has_median)
        draw_median(&strip);
    for (size_t i = 0; i < shown_rows(bars); i++)
        draw_row(&strip, &bars->rows[i]);
    draw_foot(bars, sheet, bottom + 20);
}
