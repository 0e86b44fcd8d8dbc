/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Bandwidth and latency over the size of messages: a picture for each group of settings that differ
 * in nothing else.
 */
#include "bench/report/plot_kinds.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "bench/measure/statistics.h"
#include "bench/report/plot_lines.h"
#include "bench/report/plot_sweep.h"
#include "common/text.h"
#include "common/units.h"

static const char blocks[] = MCB_PLOT_LINES_BLOCKS;

enum { TICS_MOST = 14, WIDTH = 640, HEIGHT = 320 };

struct picture {
    const struct mcb_ledger *ledger;
    const struct mcb_plot_sweep *sweep;
    double *sizes, *ceilings; /* by step; a ceiling is the median over paths; 0: none */
    struct mcb_plot_lines lines;
};

static const struct mcb_ledger_setting *setting_at(const struct picture *picture, size_t step)
{
    return &picture->ledger->settings[picture->sweep->settings[step]];
}

/* ---- paths ---- */

static int by_path(const void *left, const void *right)
{
    const struct mcb_ledger_cell *a = *(const struct mcb_ledger_cell *const *)left;
    const struct mcb_ledger_cell *b = *(const struct mcb_ledger_cell *const *)right;
    if (a->initiator != b->initiator)
        return a->initiator < b->initiator ? -1 : 1;
    return (a->target > b->target) - (a->target < b->target);
}

/* All cells of the sweep, those of a path beside each other: for free(). NULL: no memory. */
static const struct mcb_ledger_cell **gather(const struct picture *picture, size_t *count)
{
    size_t all = 0;
    for (size_t i = 0; i < picture->sweep->count; i++)
        all += setting_at(picture, i)->title.count;
    const struct mcb_ledger_cell **cells = calloc(all + 1, sizeof *cells);
    *count = 0;
    for (size_t i = 0; cells && i < picture->sweep->count; i++)
        for (size_t j = 0; j < setting_at(picture, i)->title.count; j++)
            cells[(*count)++] = &picture->ledger->cells[setting_at(picture, i)->title.first + j];
    if (cells)
        qsort(cells, *count, sizeof *cells, by_path);
    return cells;
}

/* step: of the cell's size. */
static void take_cell(struct mcb_plot_lines *lines, size_t path, size_t step,
                      const struct mcb_ledger_cell *cell)
{
    size_t place = path * lines->step_count + step;
    lines->examples[path] = cell;
    lines->failed[place] |= cell->status == MCB_LEDGER_FAILED;
    if (cell->status == MCB_LEDGER_OK)
        lines->figures[place] = cell->figure;
}

static size_t step_of(const struct picture *picture, const struct mcb_ledger_cell *cell)
{
    size_t step = 0;
    while (step + 1 < picture->sweep->count && picture->sweep->settings[step] != cell->setting)
        step++;
    return step;
}

static int make_lines(struct picture *picture, struct mcb_error *error)
{
    size_t count, paths = 0;
    const struct mcb_ledger_cell **cells = gather(picture, &count);
    if (!cells)
        return mcb_plot_no_memory(error);
    for (size_t i = 0; i < count; i++)
        paths += i == 0 || by_path(&cells[i - 1], &cells[i]) != 0;
    int outcome = mcb_plot_lines_make(picture->ledger, paths, picture->sizes, picture->sweep->count,
                                      &picture->lines, error);
    for (size_t i = 0, path = 0; outcome == 0 && i < count; i++) {
        path += i > 0 && by_path(&cells[i - 1], &cells[i]) != 0;
        take_cell(&picture->lines, path, step_of(picture, cells[i]), cells[i]);
    }
    picture->lines.less_is_better = setting_at(picture, 0)->latency;
    free(cells);
    return outcome;
}

/* room: for a figure of each cell. */
static double median_ceiling(const struct picture *picture, size_t step, double *room)
{
    const struct mcb_ledger_setting *setting = setting_at(picture, step);
    const struct mcb_ledger_cell *cells = &picture->ledger->cells[setting->title.first];
    size_t count = 0;
    for (size_t i = 0; i < setting->title.count; i++)
        if (cells[i].ceiling_gbps > 0)
            room[count++] = cells[i].ceiling_gbps;
    return mcb_statistics_median(room, count);
}

static int find_ceilings(struct picture *picture, struct mcb_error *error)
{
    size_t most = 0;
    for (size_t i = 0; i < picture->sweep->count; i++)
        if (setting_at(picture, i)->title.count > most)
            most = setting_at(picture, i)->title.count;
    double *room = calloc(most + 1, sizeof *room);
    if (!room)
        return mcb_plot_no_memory(error);
    for (size_t i = 0; i < picture->sweep->count; i++) {
        picture->sizes[i] = (double)setting_at(picture, i)->size_bytes;
        picture->ceilings[i] = median_ceiling(picture, i, room);
    }
    free(room);
    return 0;
}

static void picture_release(struct picture *picture)
{
    mcb_plot_lines_release(&picture->lines);
    free(picture->ceilings);
    free(picture->sizes);
}

static int picture_make(const struct mcb_ledger *ledger, const struct mcb_plot_sweep *sweep,
                        struct picture *picture, struct mcb_error *error)
{
    *picture = (struct picture){.ledger = ledger,
                                .sweep = sweep,
                                .sizes = calloc(sweep->count, sizeof *picture->sizes),
                                .ceilings = calloc(sweep->count, sizeof *picture->ceilings)};
    if (!picture->sizes || !picture->ceilings)
        mcb_plot_no_memory(error);
    else if (find_ceilings(picture, error) == 0 && make_lines(picture, error) == 0)
        return 0;
    picture_release(picture);
    return -1;
}

/* ---- the picture ---- */

/* The label of a setting with "over size" in place of its size. */
static void put_title(const struct picture *picture, char title[MCB_LEDGER_LABEL_MAX])
{
    char label[MCB_LEDGER_LABEL_MAX], size[40], part[48];
    mcb_ledger_setting_label(picture->ledger, picture->sweep->settings[0], label);
    mcb_units_format_size(setting_at(picture, 0)->size_bytes, size, sizeof size);
    snprintf(part, sizeof part, " · %s", size);
    char *at = strstr(label, part);
    size_t before = at ? (size_t)(at - label) : strlen(label);
    snprintf(title, MCB_LEDGER_LABEL_MAX, "%.*s over size%s", (int)before, label,
             at ? at + strlen(part) : "");
}

static struct mcb_plot_scale scale_of_y(const struct picture *picture)
{
    double least, most;
    if (!mcb_plot_lines_span(&picture->lines, &least, &most))
        return mcb_plot_scale_from_zero(1);
    if (picture->lines.less_is_better && most > 8 * least)
        return mcb_plot_scale_logarithmic(least, most);
    for (size_t i = 0; i < picture->sweep->count; i++)
        most = fmax(most, picture->ceilings[i]);
    return mcb_plot_scale_from_zero(most);
}

static void draw_tics(const struct picture *picture, const struct mcb_plot_diagram *diagram,
                      struct mcb_sheet *sheet)
{
    char text[40];
    size_t count = picture->sweep->count, stride = (count + TICS_MOST - 1) / TICS_MOST;
    for (size_t i = 0; i < count; i += stride)
        mcb_plot_diagram_tic(
            diagram, sheet, picture->sizes[i],
            mcb_units_format_size(setting_at(picture, i)->size_bytes, text, sizeof text));
}

static void draw_ceiling(const struct picture *picture, const struct mcb_plot_diagram *diagram,
                         struct mcb_sheet *sheet)
{
    char number[MCB_TEXT_NUMBER_MAX], text[64];
    double last = 0;
    for (size_t i = 0; i < picture->sweep->count; i++) {
        if (picture->ceilings[i] <= 0)
            continue;
        last = picture->ceilings[i];
        mcb_sheet_row(sheet, "ceiling", "%.10g\t%.6g", picture->sizes[i], last);
    }
    if (last <= 0)
        return;
    snprintf(text, sizeof text, "ceiling %s", mcb_text_number(last, number));
    mcb_sheet_text(sheet, "left", diagram->right + 8, mcb_plot_diagram_y(diagram, last), MCB_INK,
                   text);
}

static void draw(const struct picture *picture, struct mcb_sheet *sheet)
{
    enum { LEFT = 70, RIGHT = 110, HEAD = 30, FOOT = 60 };
    char title[MCB_LEDGER_LABEL_MAX];
    put_title(picture, title);
    double top = mcb_sheet_head(sheet, picture->ledger, title, "") + HEAD;
    struct mcb_plot_diagram diagram = {
        .left = LEFT,
        .right = LEFT + WIDTH,
        .top = top,
        .bottom = top + HEIGHT,
        .x = {picture->sizes[0] / sqrt(2), picture->sizes[picture->sweep->count - 1] * sqrt(2),
              true},
        .y = scale_of_y(picture),
    };
    mcb_plot_diagram_lay(&diagram, sheet, mcb_ledger_unit(setting_at(picture, 0)));
    draw_tics(picture, &diagram, sheet);
    draw_ceiling(picture, &diagram, sheet);
    mcb_sheet_text(sheet, "centre", LEFT + WIDTH / 2.0, diagram.bottom + 34, MCB_INK_PALE,
                   "size of a message");
    double y = mcb_plot_lines_draw(&picture->lines, &diagram, sheet, diagram.bottom + FOOT);
    mcb_sheet_foot(sheet, picture->ledger, LEFT + WIDTH + RIGHT, y);
}

static int plot_sweep(const struct mcb_ledger *ledger, const struct mcb_plot_sweep *sweep,
                      struct mcb_plot_run *run, struct mcb_error *error)
{
    struct picture picture;
    struct mcb_sheet sheet;
    if (picture_make(ledger, sweep, &picture, error) != 0)
        return -1;
    mcb_sheet_begin(&sheet, "size", mcb_plot_next(run), blocks);
    draw(&picture, &sheet);
    picture_release(&picture);
    return mcb_plot_emit(run, &sheet, error);
}

int mcb_plot_size(const struct mcb_plot_input *input, struct mcb_plot_run *run,
                  struct mcb_error *error)
{
    const struct mcb_ledger *ledger = mcb_plot_last(input);
    struct mcb_plot_sweeps sweeps;
    int outcome = mcb_plot_sweeps_make(ledger, &sweeps, error);
    if (outcome != 0)
        return -1;
    for (size_t i = 0; outcome == 0 && i < sweeps.count; i++)
        if (sweeps.list[i].count > 1 && mcb_plot_has_place(run))
            outcome = plot_sweep(ledger, &sweeps.list[i], run, error);
    mcb_plot_sweeps_release(&sweeps);
    return outcome;
}
