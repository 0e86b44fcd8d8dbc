/* SPDX-License-Identifier: Apache-2.0 */

/*
 * What changed since the baseline, as a matrix for each setting. What did not change beyond
 * tolerance and noise has one pale colour, whatever its figures did; what became slower is red, the
 * more the darker, what became faster blue and light; all else has a sign. So it says the same in
 * grey.
 */
#include "bench/report/plot_change.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "bench/report/comparison_words.h"
#include "bench/report/plot_kinds.h"
#include "bench/report/plot_matrix.h"
#include "bench/report/plot_sweep.h"
#include "bench/report/trend_words.h"

static const char blocks[] = "cells signs light_signs lines failed crosses skipped strokes frames "
                             "tags tag_numbers legend";

enum { WORST_MOST = 8 };

/* How a change looks: of those with two colours the first is a small change, the last one of a
 * third. */
static const struct look {
    uint32_t least, most;
    const char *sign; /* where there is room for it */
    const char *says;
} looks[MCB_CHANGES] = {
    [MCB_CHANGE_BROKEN] = {0xffffff, 0xffffff, "", "failed, was ok"},
    [MCB_CHANGE_SLOWER] = {0xf0906e, 0x8b0015, "▼", "slower"},
    [MCB_CHANGE_GONE] = {0xababab, 0xababab, "gone", "gone"},
    [MCB_CHANGE_UNMEASURED] = {0xe4e4e4, 0xe4e4e4, "", "not measured"},
    [MCB_CHANGE_DIFFERENT] = {0xffffff, 0xffffff, "≠", "not compared"},
    [MCB_CHANGE_FAILING] = {0xffffff, 0xffffff, "", "failed, as before"},
    [MCB_CHANGE_FASTER] = {0xc9dff0, 0x7fb6de, "▲", "faster"},
    [MCB_CHANGE_MENDED] = {0xc9dff0, 0xc9dff0, "✓", "ok, had failed"},
    [MCB_CHANGE_NEW] = {0xffffff, 0xffffff, "+", "new"},
    [MCB_CHANGE_NOT_ASKED] = {0xffffff, 0xffffff, "", "not asked for"},
    [MCB_CHANGE_UNCHANGED] = {0xe9edf0, 0xe9edf0, "", "unchanged"},
};

struct change {
    const struct mcb_plot_changes *all;
    size_t setting;
    const struct mcb_plot_change_cell *cells;
    size_t count;
    struct mcb_plot_matrix matrix;
    size_t counts[MCB_CHANGES];
};

/* ---- colours ---- */

static uint32_t mix(uint32_t one, uint32_t other, double part)
{
    uint32_t mixed = 0;
    for (unsigned shift = 0; shift < 24; shift += 8) {
        double a = (double)(one >> shift & 0xff), b = (double)(other >> shift & 0xff);
        mixed |= (uint32_t)(a + (b - a) * part + 0.5) << shift;
    }
    return mixed;
}

/* How far a change is on the way to the darkest colour: a third makes it. */
static double depth_of(double ratio)
{
    static const double darkest = 0.405; /* -ln(2/3) */
    return ratio > 0 ? fmin(fabs(log(ratio)) / darkest, 1) : 0;
}

static uint32_t colour_of(enum mcb_change change, double ratio)
{
    return mix(looks[change].least, looks[change].most, depth_of(ratio));
}

static double value_of(int32_t colour, const void *context)
{
    (void)context;
    return colour;
}

/* ---- cells ---- */

static bool is_cross(enum mcb_change change)
{
    return change == MCB_CHANGE_BROKEN || change == MCB_CHANGE_FAILING;
}

/* "-9.1 %" where there is room for it, else the sign. */
static void draw_sign(const struct change *change, struct mcb_sheet *sheet,
                      const struct mcb_plot_change_cell *cell)
{
    const struct mcb_comparison_row *row = cell->row;
    char text[MCB_COMPARISON_CHANGE_MAX];
    bool has_room = mcb_plot_matrix_has_room(&change->matrix);
    bool moved = row->change == MCB_CHANGE_SLOWER || row->change == MCB_CHANGE_FASTER;
    snprintf(text, sizeof text, "%s", looks[row->change].sign);
    if (has_room && moved)
        mcb_comparison_change_text(row->ratio, text);
    if (!*text || (!has_room && change->matrix.cell_width < 12) ||
        (!has_room && row->change == MCB_CHANGE_GONE))
        return;
    bool light = row->change == MCB_CHANGE_SLOWER && depth_of(row->ratio) > 0.45;
    struct mcb_plot_box box =
        mcb_plot_matrix_box(&change->matrix, cell->initiator, cell->target, 0);
    mcb_sheet_row(sheet, light ? "light_signs" : "signs", "%.1f\t%.1f\t\"%s\"", box.x, box.y, text);
}

static void draw_cells(const struct change *change, struct mcb_sheet *sheet)
{
    const struct mcb_plot_matrix *matrix = &change->matrix;
    size_t columns = matrix->columns.count, places = matrix->rows.count * columns;
    int32_t *colours = malloc((places + 1) * sizeof *colours);
    if (!colours) {
        sheet->lost = true;
        return;
    }
    for (size_t i = 0; i < places; i++)
        colours[i] = -1;
    for (size_t i = change->count; i-- > 0;) { /* of several on one place the worst stays */
        const struct mcb_plot_change_cell *cell = &change->cells[i];
        size_t row = (size_t)matrix->rows.place[cell->initiator];
        size_t column = (size_t)matrix->columns.place[cell->target];
        colours[row * columns + column] = (int32_t)colour_of(cell->row->change, cell->row->ratio);
    }
    mcb_plot_matrix_colour(matrix, sheet, colours, value_of, NULL);
    free(colours);
    for (size_t i = 0; i < change->count; i++) {
        const struct mcb_plot_change_cell *cell = &change->cells[i];
        if (is_cross(cell->row->change) || cell->row->change == MCB_CHANGE_UNMEASURED)
            mcb_plot_matrix_failed(matrix, sheet, cell->initiator, cell->target,
                                   !is_cross(cell->row->change));
        else
            draw_sign(change, sheet, cell);
    }
}

/* ---- the legend ---- */

/* A box with its sign, and what it says. Returns the x behind it. */
static double draw_sample(struct mcb_sheet *sheet, enum mcb_change change, double ratio, double x,
                          double y, const char *text)
{
    enum { SIDE = 16, GAP = 6, EACH = 22 };
    const struct look *look = &looks[change];
    struct mcb_plot_box box = {x + SIDE / 2.0, y, x, x + SIDE, y - SIDE / 2.0, y + SIDE / 2.0};
    bool has_sign = *look->sign && change != MCB_CHANGE_GONE;
    if (is_cross(change) || change == MCB_CHANGE_UNMEASURED)
        mcb_plot_failed_box(sheet, &box, !is_cross(change));
    else
        mcb_plot_box_row(sheet, "legend", &box, colour_of(change, ratio));
    if (has_sign)
        mcb_sheet_row(
            sheet, change == MCB_CHANGE_SLOWER && depth_of(ratio) > 0.45 ? "light_signs" : "signs",
            "%.1f\t%.1f\t\"%s\"", box.x, box.y, look->sign);
    mcb_sheet_text(sheet, "left", x + SIDE + GAP, y, MCB_INK, text);
    return x + SIDE + GAP + mcb_sheet_text_width("left", text) + EACH;
}

/* What there is, with how often; and of how much the colours are. Returns where it ends. */
static double draw_legend(const struct change *change, struct mcb_sheet *sheet, double y)
{
    enum { WIDE = 640 };
    static const double losses[] = {0.05, 0.15, 0.33};
    double x = MCB_SHEET_MARGIN;
    char text[64];
    for (size_t i = 0; i < MCB_CHANGES; i++) {
        if (change->counts[i] == 0)
            continue;
        snprintf(text, sizeof text, "%zu %s", change->counts[i], looks[i].says);
        if (x > WIDE) {
            x = MCB_SHEET_MARGIN;
            y += MCB_SHEET_LINE + 6;
        }
        x = draw_sample(sheet, (enum mcb_change)i, 0.85, x, y, text);
    }
    if (change->counts[MCB_CHANGE_SLOWER] == 0)
        return y + MCB_SHEET_LINE;
    y += MCB_SHEET_LINE + 6;
    x = MCB_SHEET_MARGIN;
    for (size_t i = 0; i < sizeof losses / sizeof *losses; i++) {
        snprintf(text, sizeof text, "%.0f %%%s", 100 * losses[i],
                 i + 1 == sizeof losses / sizeof *losses ? " and more slower" : "");
        x = draw_sample(sheet, MCB_CHANGE_SLOWER, 1 - losses[i], x, y, text);
    }
    return y + MCB_SHEET_LINE;
}

/* ---- the worst ---- */

static void name_row(const struct change *change, struct mcb_sheet *sheet,
                     const struct mcb_comparison_row *row, size_t number, double y)
{
    enum { WHY_COLUMNS = 100 };
    const struct mcb_ledger_cell *cell;
    const struct mcb_ledger *ledger = mcb_comparison_ledger(change->all->comparison, row, &cell);
    struct mcb_comparison_words words;
    char label[MCB_LEDGER_LABEL_MAX], text[2 * MCB_LEDGER_LABEL_MAX];
    mcb_comparison_words(change->all->comparison, row, &words);
    mcb_text_fit(words.why, WHY_COLUMNS);
    snprintf(text, sizeof text, "%zu   %s   %s → %s%s%s%s%s", number,
             mcb_plot_path_label(ledger, cell, label), words.before, words.after,
             *words.change ? "   " : "", words.change, *words.why ? "   " : "", words.why);
    mcb_sheet_text(sheet, "left", MCB_SHEET_MARGIN, y, MCB_INK, text);
}

/* The cells that are framed. */
struct worst {
    const struct mcb_plot_change_cell *cells[WORST_MOST];
    size_t count;
    size_t regressions; /* from which they were chosen */
};

static struct mcb_plot_place place_of(const struct mcb_plot_change_cell *cell)
{
    return (struct mcb_plot_place){cell->initiator, cell->target};
}

/* True of a cell that is beside one of its kind that has a frame, where there are more than enough.
 */
static bool is_framed(const struct change *change, const struct mcb_plot_change_cell *cell,
                      const struct worst *worst)
{
    for (size_t i = 0; i < worst->count; i++) {
        struct mcb_plot_place one = place_of(cell), other = place_of(worst->cells[i]);
        bool alike = cell->row->change == worst->cells[i]->row->change;
        if (mcb_plot_matrix_is_near(&change->matrix, one, other) ||
            (worst->regressions > WORST_MOST && alike &&
             mcb_plot_matrix_is_beside(&change->matrix, one, other)))
            return true;
    }
    return false;
}

/* Rows come worst first. */
static void find_worst(const struct change *change, struct worst *worst)
{
    const struct mcb_comparison *comparison = change->all->comparison;
    *worst = (struct worst){.count = 0};
    for (size_t i = 0; i < change->count; i++)
        worst->regressions += mcb_comparison_is_regression(comparison, change->cells[i].row);
    for (size_t i = 0; i < change->count && worst->count < WORST_MOST; i++)
        if (mcb_comparison_is_regression(comparison, change->cells[i].row) &&
            !is_framed(change, &change->cells[i], worst))
            worst->cells[worst->count++] = &change->cells[i];
}

/* Returns where the list ends. */
static double draw_worst(const struct change *change, struct mcb_sheet *sheet, double y)
{
    struct worst worst;
    char text[96];
    find_worst(change, &worst);
    if (worst.count == 0)
        return y;
    snprintf(text, sizeof text,
             worst.regressions > worst.count ? "look here first: %zu place%s among %zu regressions"
                                             : "look here first",
             worst.count, worst.count == 1 ? "" : "s", worst.regressions);
    mcb_sheet_text(sheet, "bold_left", MCB_SHEET_MARGIN, y, MCB_INK_ALARM, text);
    for (size_t i = 0; i < worst.count; i++) {
        mcb_plot_matrix_frame(&change->matrix, sheet, worst.cells[i]->initiator,
                              worst.cells[i]->target, i + 1);
        name_row(change, sheet, worst.cells[i]->row, i + 1, y += MCB_SHEET_LINE);
    }
    return y + MCB_SHEET_LINE;
}

static double draw_differences(const struct change *change, struct mcb_sheet *sheet, double y)
{
    enum { COLUMNS = 110 };
    const struct mcb_differences *differences = &change->all->comparison->differences;
    char causes[MCB_TREND_CAUSES_MAX], text[MCB_TREND_CAUSES_MAX + 16];
    if (differences->count == 0)
        return y;
    snprintf(text, sizeof text, "differs: %s", mcb_trend_causes(differences, causes));
    return mcb_sheet_lines(sheet, "left", MCB_SHEET_MARGIN, y, MCB_INK, text, COLUMNS) +
           MCB_SHEET_LINE;
}

/* ---- a picture ---- */

static void draw(struct change *change, struct mcb_sheet *sheet)
{
    enum { GAP = 26, RIGHT = 24 };
    const struct mcb_comparison *comparison = change->all->comparison;
    const struct mcb_ledger *after = comparison->after;
    struct mcb_plot_matrix *matrix = &change->matrix;
    char label[MCB_LEDGER_LABEL_MAX], title[MCB_LEDGER_LABEL_MAX], note[MCB_COMPARISON_SIDES_MAX];
    snprintf(title, sizeof title, "changes: %.900s",
             mcb_ledger_setting_label(after, change->setting, label));
    double top = mcb_sheet_head(sheet, after, title, mcb_comparison_sides(comparison, note));
    if (comparison->stand_in && !after->stand_in) {
        mcb_sheet_text(sheet, "bold_left", MCB_SHEET_MARGIN, top - 2, MCB_INK_ALARM,
                       "stand-in GPUs in the baseline: no measurement of hardware");
        top += MCB_SHEET_LINE;
    }
    mcb_plot_matrix_lay(matrix, sheet, top);
    draw_cells(change, sheet);
    double y = draw_legend(change, sheet, mcb_plot_matrix_bottom(matrix) + GAP) + 6;
    y = draw_worst(change, sheet, y);
    y = draw_differences(change, sheet, y);
    mcb_sheet_foot(sheet, after, mcb_plot_matrix_right(matrix) + RIGHT, y);
    mcb_sheet_number(sheet, "sign_size", mcb_plot_matrix_has_room(matrix) ? 10 : 8);
}

static int find_ends(struct change *change, struct mcb_error *error)
{
    size_t count = change->all->endpoint_count;
    bool *initiators = calloc(count + 1, sizeof *initiators);
    bool *targets = calloc(count + 1, sizeof *targets);
    int outcome = -1;
    for (size_t i = 0; initiators && targets && i < change->count; i++)
        initiators[change->cells[i].initiator] = targets[change->cells[i].target] = true;
    if (initiators && targets)
        outcome = mcb_plot_matrix_make(change->all->endpoints, count, initiators, targets,
                                       &change->matrix, error);
    else
        mcb_plot_no_memory(error);
    free(targets);
    free(initiators);
    return outcome;
}

static int plot_matrix(struct change *change, struct mcb_plot_run *run, struct mcb_error *error)
{
    struct mcb_sheet sheet;
    for (size_t i = 0; i < change->count; i++)
        change->counts[change->cells[i].row->change]++;
    mcb_sheet_begin(&sheet, "change", mcb_plot_next(run), blocks);
    draw(change, &sheet);
    return mcb_plot_emit(run, &sheet, error);
}

static int plot_setting(const struct mcb_plot_changes *all, size_t setting,
                        struct mcb_plot_run *run, struct mcb_error *error)
{
    struct change change = {.all = all,
                            .setting = setting,
                            .cells = all->cells + all->first[setting],
                            .count = all->first[setting + 1] - all->first[setting]};
    int outcome = find_ends(&change, error);
    if (outcome == 0 && mcb_plot_matrix_fits(&change.matrix))
        outcome = plot_matrix(&change, run, error);
    else if (outcome == 0)
        mcb_plot_is_too_large(run);
    mcb_plot_matrix_release(&change.matrix);
    return outcome;
}

/* Of a sweep over sizes that did not change one matrix is enough. */
static bool is_wanted(const struct mcb_plot_changes *all, size_t setting,
                      const struct mcb_plot_sweeps *sweeps, const struct mcb_plot_run *run)
{
    size_t first = all->first[setting], end = all->first[setting + 1];
    bool changed = false;
    for (size_t i = first; i < end && !changed; i++)
        changed = all->cells[i].row->change != MCB_CHANGE_UNCHANGED;
    return end > first && (changed || sweeps->stands[setting] || mcb_plot_wants_all(run));
}

int mcb_plot_change(const struct mcb_plot_input *input, struct mcb_plot_run *run,
                    struct mcb_error *error)
{
    struct mcb_plot_changes all;
    struct mcb_plot_sweeps sweeps;
    if (!input->comparison)
        return 0;
    if (mcb_plot_changes_make(input->comparison, &all, error) != 0)
        return -1;
    const struct mcb_ledger *after = input->comparison->after;
    int outcome = mcb_plot_sweeps_make(after, &sweeps, error);
    if (outcome == 0) {
        for (size_t i = 0; outcome == 0 && i < after->setting_count; i++)
            if (is_wanted(&all, i, &sweeps, run) && mcb_plot_has_place(run))
                outcome = plot_setting(&all, i, run, error);
        mcb_plot_sweeps_release(&sweeps);
    }
    mcb_plot_changes_release(&all);
    return outcome;
}
