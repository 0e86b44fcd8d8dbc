/* SPDX-License-Identifier: Apache-2.0 */

/*
 * A heat map for each matrix. Dark is bad, also of latency. The colours span at least a fifth of
 * the figure at their light end, so that healthy scatter stays one colour. The worst cells are
 * framed and listed below, where they are far from the others.
 */
#include "bench/report/plot_kinds.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "bench/measure/statistics.h"
#include "bench/report/plot_matrix.h"
#include "bench/report/plot_scale.h"
#include "bench/report/plot_sweep.h"
#include "common/text.h"

/* Cells have one of so many: more than an eye can tell apart, few enough for long runs of one. */
enum { COLOURS = 64, WORST_MOST = 8 };

static const char blocks[] = "cells values light_values lines failed crosses skipped strokes "
                             "frames tags tag_numbers bar bar_lines";

struct heat {
    const struct mcb_ledger *ledger;
    const struct mcb_ledger_setting *setting;
    const struct mcb_ledger_cell **grid; /* by row and column; of several the worst */
    struct mcb_plot_matrix matrix;
    double *figures; /* of cells that are ok, ascending */
    size_t figure_count, failed, skipped;
    struct mcb_plot_scale scale; /* of the colours */
    double ceiling;              /* median; 0: none */
};

static bool is_ok(const struct mcb_ledger_cell *cell)
{
    return cell->status == MCB_LEDGER_OK && cell->figure > 0;
}

static bool is_worse(const struct heat *heat, const struct mcb_ledger_cell *cell,
                     const struct mcb_ledger_cell *other)
{
    if (is_ok(cell) != is_ok(other))
        return is_ok(other);
    return heat->setting->latency ? cell->figure > other->figure : cell->figure < other->figure;
}

static const struct mcb_ledger_cell **at(const struct heat *heat,
                                         const struct mcb_ledger_cell *cell)
{
    size_t row = (size_t)heat->matrix.rows.place[cell->initiator];
    size_t column = (size_t)heat->matrix.columns.place[cell->target];
    return &heat->grid[row * heat->matrix.columns.count + column];
}

/* ---- what is in the matrix ---- */

static int find_ends(struct heat *heat, struct mcb_error *error)
{
    const struct mcb_ledger *ledger = heat->ledger;
    const struct mcb_ledger_cell *cells = ledger->cells + heat->setting->title.first;
    bool *initiators = calloc(ledger->endpoint_count + 1, sizeof *initiators);
    bool *targets = calloc(ledger->endpoint_count + 1, sizeof *targets);
    int outcome = -1;
    for (size_t i = 0; initiators && targets && i < heat->setting->title.count; i++)
        initiators[cells[i].initiator] = targets[cells[i].target] = true;
    if (initiators && targets)
        outcome = mcb_plot_matrix_make(ledger->endpoints, ledger->endpoint_count, initiators,
                                       targets, &heat->matrix, error);
    else
        mcb_plot_no_memory(error);
    free(targets);
    free(initiators);
    return outcome;
}

static void fill_grid(struct heat *heat)
{
    const struct mcb_ledger_cell *cells = heat->ledger->cells + heat->setting->title.first;
    for (size_t i = 0; i < heat->setting->title.count; i++) {
        const struct mcb_ledger_cell **place = at(heat, &cells[i]);
        if (!*place || is_worse(heat, &cells[i], *place))
            *place = &cells[i];
        if (is_ok(&cells[i]))
            heat->figures[heat->figure_count++] = cells[i].figure;
        heat->failed += cells[i].status == MCB_LEDGER_FAILED;
        heat->skipped += cells[i].status == MCB_LEDGER_SKIPPED;
    }
}

static double median_ceiling(const struct heat *heat, double *room)
{
    const struct mcb_ledger_cell *cells = heat->ledger->cells + heat->setting->title.first;
    size_t count = 0;
    for (size_t i = 0; i < heat->setting->title.count; i++)
        if (cells[i].ceiling_gbps > 0)
            room[count++] = cells[i].ceiling_gbps;
    return mcb_statistics_median(room, count);
}

static struct mcb_plot_scale choose_colours(const struct heat *heat)
{
    double least = 1, most = 1;
    if (heat->figure_count > 0) {
        least = heat->figures[0];
        most = heat->figures[heat->figure_count - 1];
    }
    if (heat->setting->latency)
        return (struct mcb_plot_scale){least, fmax(most, 1.25 * least), most > 8 * least};
    if (heat->ceiling > most && heat->ceiling < 1.2 * most)
        most = heat->ceiling;
    return (struct mcb_plot_scale){.low = least < 0.5 * most ? 0 : fmin(least, 0.8 * most),
                                   .high = most};
}

static void heat_release(struct heat *heat)
{
    mcb_plot_matrix_release(&heat->matrix);
    free(heat->figures);
    free(heat->grid);
}

static int heat_fill(struct heat *heat, struct mcb_error *error)
{
    heat->grid = calloc(heat->matrix.rows.count * heat->matrix.columns.count, sizeof *heat->grid);
    heat->figures = calloc(heat->setting->title.count, sizeof *heat->figures);
    if (!heat->grid || !heat->figures)
        return mcb_plot_no_memory(error);
    heat->ceiling = median_ceiling(heat, heat->figures);
    fill_grid(heat);
    mcb_statistics_median(heat->figures, heat->figure_count);
    heat->scale = choose_colours(heat);
    return 0;
}

/* ---- drawing ---- */

/* 0: the dark end. */
static double shade_of(const struct heat *heat, double figure)
{
    double part = mcb_plot_scale_part(&heat->scale, figure);
    return heat->setting->latency ? 1 - part : part;
}

static void draw_value(const struct heat *heat, struct mcb_sheet *sheet,
                       const struct mcb_ledger_cell *cell)
{
    char number[MCB_TEXT_NUMBER_MAX];
    bool light = shade_of(heat, cell->figure) < 0.5;
    struct mcb_plot_box box = mcb_plot_matrix_box(&heat->matrix, cell->initiator, cell->target, 0);
    mcb_sheet_row(sheet, light ? "light_values" : "values", "%.1f\t%.1f\t\"%s\"", box.x, box.y,
                  mcb_text_number(cell->figure, number));
}

static double value_of(int32_t colour, const void *context)
{
    const struct heat *heat = context;
    return mcb_plot_scale_value(&heat->scale, (colour + 0.5) / COLOURS);
}

static int32_t colour_of(const struct heat *heat, const struct mcb_ledger_cell *cell)
{
    if (!cell || !is_ok(cell))
        return -1;
    int32_t colour = (int32_t)(mcb_plot_scale_part(&heat->scale, cell->figure) * COLOURS);
    return colour < COLOURS ? colour : COLOURS - 1;
}

static void draw_cells(const struct heat *heat, struct mcb_sheet *sheet)
{
    const struct mcb_plot_matrix *matrix = &heat->matrix;
    size_t places = matrix->rows.count * matrix->columns.count;
    int32_t *colours = calloc(places + 1, sizeof *colours);
    sheet->lost |= !colours;
    for (size_t i = 0; colours && i < places; i++) {
        const struct mcb_ledger_cell *cell = heat->grid[i];
        colours[i] = colour_of(heat, cell);
        if (cell && colours[i] < 0)
            mcb_plot_matrix_failed(matrix, sheet, cell->initiator, cell->target,
                                   cell->status == MCB_LEDGER_SKIPPED);
        else if (cell && mcb_plot_matrix_has_room(matrix))
            draw_value(heat, sheet, cell);
    }
    if (colours)
        mcb_plot_matrix_colour(matrix, sheet, colours, value_of, heat);
    free(colours);
}

/* ---- the bar of colours ---- */

enum { BAR_WIDTH = 18, BAR_GAP = 44, BAR_STEPS = 40, BAR_TEXTS = 150 };

struct bar {
    double x, top, bottom;
};

/* The good end is on top. */
static double bar_y(const struct heat *heat, const struct bar *bar, double part)
{
    return bar->bottom - (bar->bottom - bar->top) * (heat->setting->latency ? 1 - part : part);
}

static void draw_colours(const struct heat *heat, struct mcb_sheet *sheet, const struct bar *bar)
{
    double step = (bar->bottom - bar->top) / BAR_STEPS;
    for (int i = 0; i < BAR_STEPS; i++) {
        double top = bar->top + i * step, bottom = i + 1 < BAR_STEPS ? top + step + 1 : bar->bottom;
        double shade = 1 - (i + 0.5) / BAR_STEPS;
        struct mcb_plot_box box = {
            bar->x + BAR_WIDTH / 2.0, (top + bottom) / 2, bar->x, bar->x + BAR_WIDTH, top, bottom};
        mcb_plot_box_row(
            sheet, "bar", &box,
            mcb_plot_scale_value(&heat->scale, heat->setting->latency ? 1 - shade : shade));
    }
}

/* A number that stands where another one is to be keeps clear of it. */
static void draw_tics(const struct heat *heat, struct mcb_sheet *sheet, const struct bar *bar,
                      double ceiling_y)
{
    double tics[MCB_PLOT_TICS_MAX];
    char text[MCB_TEXT_NUMBER_MAX];
    size_t count = mcb_plot_scale_tics(&heat->scale, 5, tics);
    for (size_t i = 0; i < count; i++) {
        double y = bar_y(heat, bar, mcb_plot_scale_part(&heat->scale, tics[i]));
        mcb_sheet_row(sheet, "bar_lines", "%.1f\t%.1f\t4\t0", bar->x + BAR_WIDTH, y);
        if (fabs(y - ceiling_y) >= 12)
            mcb_sheet_text(sheet, "left", bar->x + BAR_WIDTH + 9, y, MCB_INK,
                           mcb_plot_tic_text(tics[i], text));
    }
}

/* Returns where it stands. */
static double draw_ceiling(const struct heat *heat, struct mcb_sheet *sheet, const struct bar *bar)
{
    char number[MCB_TEXT_NUMBER_MAX], text[64];
    double part = mcb_plot_scale_part(&heat->scale, heat->ceiling);
    if (heat->ceiling <= 0)
        return -1000;
    bool above = part > 1;
    double y = above ? bar->top - 9 : bar_y(heat, bar, part);
    snprintf(text, sizeof text, "%sceiling %s", above ? "↑ " : "",
             mcb_text_number(heat->ceiling, number));
    mcb_sheet_text(sheet, "bold_left", bar->x + BAR_WIDTH + 9, y, MCB_INK, text);
    if (!above)
        mcb_sheet_row(sheet, "bar_lines", "%.1f\t%.1f\t%d\t0", bar->x - 4, y, BAR_WIDTH + 10);
    return y;
}

/* Returns its bottom. */
static double draw_bar(const struct heat *heat, struct mcb_sheet *sheet)
{
    const struct mcb_plot_matrix *matrix = &heat->matrix;
    double height = mcb_plot_matrix_bottom(matrix) - matrix->top - 20;
    struct bar bar = {.x = mcb_plot_matrix_right(matrix) + BAR_GAP, .top = matrix->top + 20};
    bar.bottom = bar.top + fmin(fmax(height, 120), 360);
    char text[64];
    snprintf(text, sizeof text, "%s, dark is %s", mcb_ledger_unit(heat->setting),
             heat->setting->latency ? "slow" : "low");
    mcb_sheet_text(sheet, "left", bar.x, matrix->top - 6, MCB_INK_PALE, text);
    draw_colours(heat, sheet, &bar);
    draw_tics(heat, sheet, &bar, draw_ceiling(heat, sheet, &bar));
    return bar.bottom;
}

/* ---- the worst ---- */

/* How bad a cell is: its part of what is to be expected, of a latency the reverse; the less, the
 * worse. */
static double part_of(const struct heat *heat, const struct mcb_ledger_cell *cell)
{
    double median = heat->figures[heat->figure_count / 2];
    if (heat->setting->latency)
        return median / cell->figure;
    return cell->ceiling_gbps > 0 ? cell->figure / cell->ceiling_gbps : cell->figure / median;
}

/* Far from the others: below 80 % of the ceiling and of 90 % of the median; without a ceiling below
 * three quarters of the median, of a latency above one and a half times. */
static bool is_far(const struct heat *heat, const struct mcb_ledger_cell *cell)
{
    double median = heat->figures[heat->figure_count / 2];
    if (heat->setting->latency)
        return cell->figure > 1.5 * median;
    if (cell->ceiling_gbps > 0)
        return cell->figure < 0.8 * cell->ceiling_gbps && cell->figure < 0.9 * median;
    return cell->figure < 0.75 * median;
}

static struct mcb_plot_place place_of(const struct mcb_ledger_cell *cell)
{
    return (struct mcb_plot_place){cell->initiator, cell->target};
}

/* The cells that are framed. */
struct worst {
    const struct mcb_ledger_cell *cells[WORST_MOST];
    size_t count;
    size_t far; /* from which they were chosen */
};

/* True of a cell that needs no frame: it has one, or is beside one that has, where there are more
 * than enough. */
static bool is_framed(const struct heat *heat, const struct mcb_ledger_cell *cell,
                      const struct worst *worst)
{
    for (size_t i = 0; i < worst->count; i++) {
        struct mcb_plot_place one = place_of(cell), other = place_of(worst->cells[i]);
        if (cell == worst->cells[i] || mcb_plot_matrix_is_near(&heat->matrix, one, other) ||
            (worst->far > WORST_MOST && mcb_plot_matrix_is_beside(&heat->matrix, one, other)))
            return true;
    }
    return false;
}

static const struct mcb_ledger_cell *worst_of_rest(const struct heat *heat,
                                                   const struct worst *worst)
{
    const struct mcb_ledger_cell *found = NULL;
    for (size_t i = 0; i < heat->matrix.rows.count * heat->matrix.columns.count; i++) {
        const struct mcb_ledger_cell *cell = heat->grid[i];
        if (cell && is_ok(cell) && is_far(heat, cell) &&
            (!found || part_of(heat, cell) < part_of(heat, found)) && !is_framed(heat, cell, worst))
            found = cell;
    }
    return found;
}

/* Those far from the others, the worst first. */
static void find_worst(const struct heat *heat, struct worst *worst)
{
    const struct mcb_ledger_cell *cell;
    *worst = (struct worst){.count = 0};
    for (size_t i = 0; i < heat->matrix.rows.count * heat->matrix.columns.count; i++)
        worst->far += heat->grid[i] && is_ok(heat->grid[i]) && is_far(heat, heat->grid[i]);
    while (worst->count < WORST_MOST && (cell = worst_of_rest(heat, worst)))
        worst->cells[worst->count++] = cell;
}

static void name_cell(const struct heat *heat, struct mcb_sheet *sheet,
                      const struct mcb_ledger_cell *cell, size_t number, double y)
{
    char label[MCB_LEDGER_LABEL_MAX], text[MCB_LEDGER_LABEL_MAX + 96], part[48] = "";
    char figure[MCB_TEXT_NUMBER_MAX];
    if (cell->ceiling_gbps > 0)
        snprintf(part, sizeof part, ", %.0f %% of its ceiling",
                 100 * cell->figure / cell->ceiling_gbps);
    snprintf(text, sizeof text, "%zu   %s   %s %s%s", number,
             mcb_plot_path_label(heat->ledger, cell, label), mcb_text_number(cell->figure, figure),
             mcb_ledger_unit(heat->setting), part);
    mcb_sheet_text(sheet, "left", MCB_SHEET_MARGIN, y, MCB_INK, text);
}

/* Returns where the list ends. */
static double draw_worst(const struct heat *heat, struct mcb_sheet *sheet, double y)
{
    struct worst worst;
    char text[96];
    find_worst(heat, &worst);
    if (worst.count == 0)
        return y;
    snprintf(text, sizeof text,
             worst.far > worst.count ? "look here first: %zu place%s among %zu slow paths"
                                     : "look here first",
             worst.count, worst.count == 1 ? "" : "s", worst.far);
    mcb_sheet_text(sheet, "bold_left", MCB_SHEET_MARGIN, y, MCB_INK_ALARM, text);
    for (size_t i = 0; i < worst.count; i++) {
        mcb_plot_matrix_frame(&heat->matrix, sheet, worst.cells[i]->initiator,
                              worst.cells[i]->target, i + 1);
        name_cell(heat, sheet, worst.cells[i], i + 1, y += MCB_SHEET_LINE);
    }
    return y + MCB_SHEET_LINE;
}

/* Samples of what cells without figures look like. */
static double draw_legend(const struct heat *heat, struct mcb_sheet *sheet, double y)
{
    enum { SIDE = 14, EACH = 130 };
    static const char *const words[] = {"failed", "not measured"};
    const size_t counts[] = {heat->failed, heat->skipped};
    double x = MCB_SHEET_MARGIN;
    char text[64];
    for (size_t i = 0; i < 2; i++) {
        struct mcb_plot_box box = {x + SIDE / 2.0, y, x, x + SIDE, y - SIDE / 2.0, y + SIDE / 2.0};
        if (counts[i] == 0)
            continue;
        mcb_plot_failed_box(sheet, &box, i == 1);
        snprintf(text, sizeof text, "%zu %s", counts[i], words[i]);
        mcb_sheet_text(sheet, "left", x + SIDE + 6, y, MCB_INK, text);
        x += EACH;
    }
    return x > MCB_SHEET_MARGIN ? y + 22 : y;
}

static void put_note(const struct heat *heat, char *note, size_t size)
{
    char median[MCB_TEXT_NUMBER_MAX], ceiling[MCB_TEXT_NUMBER_MAX];
    size_t count = heat->figure_count;
    if (count == 0) {
        snprintf(note, size, "no path was measured");
        return;
    }
    snprintf(note, size, "%s%zu path%s: %s %s%s%s%s", count > 1 ? "median of " : "", count,
             count > 1 ? "s" : "", mcb_text_number(heat->figures[count / 2], median),
             mcb_ledger_unit(heat->setting), heat->ceiling > 0 ? " · ceiling " : "",
             heat->ceiling > 0 ? mcb_text_number(heat->ceiling, ceiling) : "",
             heat->ceiling > 0 ? " Gbit/s" : "");
}

static void draw(struct heat *heat, struct mcb_sheet *sheet, const char *label)
{
    struct mcb_plot_matrix *matrix = &heat->matrix;
    char note[128];
    put_note(heat, note, sizeof note);
    mcb_plot_matrix_lay(matrix, sheet, mcb_sheet_head(sheet, heat->ledger, label, note));
    draw_cells(heat, sheet);
    double y = fmax(draw_bar(heat, sheet), mcb_plot_matrix_bottom(matrix)) + 26;
    y = draw_worst(heat, sheet, draw_legend(heat, sheet, y));
    mcb_sheet_foot(sheet, heat->ledger, mcb_plot_matrix_right(matrix) + BAR_GAP + BAR_TEXTS, y);
    mcb_sheet_number(sheet, "low", heat->scale.low);
    mcb_sheet_number(sheet, "high", heat->scale.high);
    mcb_sheet_number(sheet, "logarithmic", heat->scale.logarithmic);
    mcb_sheet_number(sheet, "dark_is_high", heat->setting->latency);
    mcb_sheet_number(sheet, "value_size", matrix->cell_width >= 56 ? 12 : 10);
}

static int plot_matrix(struct heat *heat, size_t setting, struct mcb_plot_run *run,
                       struct mcb_error *error)
{
    struct mcb_sheet sheet;
    char label[MCB_LEDGER_LABEL_MAX];
    if (heat_fill(heat, error) != 0)
        return -1;
    mcb_sheet_begin(&sheet, "heat", mcb_plot_next(run), blocks);
    draw(heat, &sheet, mcb_ledger_setting_label(heat->ledger, setting, label));
    return mcb_plot_emit(run, &sheet, error);
}

static int plot_setting(const struct mcb_ledger *ledger, size_t setting, struct mcb_plot_run *run,
                        struct mcb_error *error)
{
    struct heat heat = {.ledger = ledger, .setting = &ledger->settings[setting]};
    int outcome = find_ends(&heat, error);
    if (outcome == 0 && mcb_plot_matrix_fits(&heat.matrix))
        outcome = plot_matrix(&heat, setting, run, error);
    else if (outcome == 0)
        mcb_plot_is_too_large(run);
    heat_release(&heat);
    return outcome;
}

/* Host memory beside that of GPUs has pictures of kind gpu. */
static bool is_wanted(const struct mcb_ledger *ledger, size_t setting,
                      const struct mcb_plot_sweeps *sweeps, const struct mcb_plot_run *run)
{
    const struct mcb_ledger_setting *wanted = &ledger->settings[setting];
    if (wanted->title.count == 0 || mcb_plot_wants_all(run))
        return wanted->title.count > 0;
    return strcmp(wanted->route, "host") != 0 && sweeps->stands[setting];
}

int mcb_plot_heat(const struct mcb_plot_input *input, struct mcb_plot_run *run,
                  struct mcb_error *error)
{
    const struct mcb_ledger *ledger = mcb_plot_last(input);
    struct mcb_plot_sweeps sweeps;
    int outcome = mcb_plot_sweeps_make(ledger, &sweeps, error);
    if (outcome != 0)
        return -1;
    for (size_t i = 0; outcome == 0 && i < ledger->setting_count; i++)
        if (is_wanted(ledger, i, &sweeps, run) && mcb_plot_has_place(run))
            outcome = plot_setting(ledger, i, run, error);
    mcb_plot_sweeps_release(&sweeps);
    return outcome;
}
