/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A comparison on the screen. Rows of one change are measured first, so that their figures stand
 * below each other; where they do not fit beside the longest path, every row has them on a second
 * line.
 */
#include <string.h>

#include "bench/report/comparison_forms.h"
#include "bench/report/comparison_words.h"
#include "common/text.h"

enum { COLUMNS_LEAST = 40, INDENT = 2, SECOND_INDENT = 4, GAP = 2, FAULTS_SHOWN = 3 };

static void print_more(const struct mcb_canvas *canvas, size_t indent, size_t count)
{
    mcb_text_pad(canvas->out, indent);
    fprintf(canvas->out, "and %zu more (--all)\n", count);
}

static size_t lesser(size_t most, size_t count)
{
    return most > 0 && most < count ? most : count;
}

/* ---- rows of one change ---- */

static enum mcb_paint paint_of(const struct mcb_comparison *comparison,
                               const struct mcb_comparison_row *row)
{
    static const enum mcb_paint paints[MCB_CHANGES] = {
        [MCB_CHANGE_BROKEN] = MCB_PAINT_RED,       [MCB_CHANGE_SLOWER] = MCB_PAINT_RED,
        [MCB_CHANGE_GONE] = MCB_PAINT_YELLOW,      [MCB_CHANGE_UNMEASURED] = MCB_PAINT_YELLOW,
        [MCB_CHANGE_DIFFERENT] = MCB_PAINT_YELLOW, [MCB_CHANGE_FAILING] = MCB_PAINT_YELLOW,
        [MCB_CHANGE_FASTER] = MCB_PAINT_PLAIN,     [MCB_CHANGE_MENDED] = MCB_PAINT_PLAIN,
        [MCB_CHANGE_NEW] = MCB_PAINT_PLAIN,        [MCB_CHANGE_NOT_ASKED] = MCB_PAINT_PLAIN,
        [MCB_CHANGE_UNCHANGED] = MCB_PAINT_PLAIN,
    };
    return mcb_comparison_is_regression(comparison, row) ? MCB_PAINT_RED : paints[row->change];
}

/* Columns that each part of a row takes at most. */
struct widths {
    size_t path, before, after, change;
    bool beside; /* the figures stand beside the path */
};

static void widen(size_t *width, const char *clean)
{
    size_t columns = mcb_text_columns(clean);
    *width = columns > *width ? columns : *width;
}

static size_t width_of_figures(const struct widths *widths)
{
    size_t arrow = mcb_text_columns(" → ");
    return widths->before + arrow + widths->after + (widths->change ? GAP + widths->change : 0);
}

static struct widths measure(const struct mcb_canvas *canvas,
                             const struct mcb_comparison *comparison,
                             const struct mcb_comparison_row *rows, size_t count)
{
    struct widths widths = {0};
    struct mcb_comparison_words words;
    for (size_t i = 0; i < count; i++) {
        mcb_comparison_words(comparison, &rows[i], &words);
        widen(&widths.path, words.path);
        widen(&widths.before, words.before);
        widen(&widths.after, words.after);
        widen(&widths.change, words.change);
    }
    widths.beside = INDENT + widths.path + GAP + width_of_figures(&widths) <= canvas->columns;
    return widths;
}

static void put_right(const struct mcb_canvas *canvas, const char *clean, size_t width)
{
    mcb_text_pad(canvas->out, width - mcb_text_columns(clean));
    fputs(clean, canvas->out);
}

/* Text behind what is on the line, if there is room for it, else on a line of its own. */
static void put_behind(const struct mcb_canvas *canvas, const char *clean, size_t *column)
{
    size_t columns = mcb_text_columns(clean);
    if (columns == 0)
        return;
    if (*column + GAP + columns <= canvas->columns) {
        mcb_text_pad(canvas->out, GAP);
        mcb_canvas_put(canvas, MCB_PAINT_DIM, clean);
        *column += GAP + columns;
        return;
    }
    fputc('\n', canvas->out);
    mcb_text_pad(canvas->out, SECOND_INDENT);
    mcb_canvas_begin(canvas, MCB_PAINT_DIM);
    mcb_text_wrap(canvas->out, clean, SECOND_INDENT, canvas->columns);
    mcb_canvas_end(canvas, MCB_PAINT_DIM);
    *column = 0;
}

static void print_row(const struct mcb_canvas *canvas, const struct mcb_comparison *comparison,
                      const struct mcb_comparison_row *row, const struct widths *widths)
{
    FILE *out = canvas->out;
    struct mcb_comparison_words words;
    char setting[MCB_LEDGER_LABEL_MAX];
    mcb_comparison_words(comparison, row, &words);
    mcb_text_pad(out, INDENT);
    fputs(words.path, out);
    if (widths->beside) {
        mcb_text_pad(out, widths->path - mcb_text_columns(words.path) + GAP);
    } else {
        fputc('\n', out);
        mcb_text_pad(out, SECOND_INDENT);
    }
    put_right(canvas, words.before, widths->before);
    fputs(" → ", out);
    put_right(canvas, words.after, widths->after);
    if (widths->change > 0) {
        mcb_text_pad(out, GAP);
        mcb_canvas_begin(canvas, paint_of(comparison, row));
        put_right(canvas, words.change, widths->change);
        mcb_canvas_end(canvas, paint_of(comparison, row));
    }
    size_t column = width_of_figures(widths) +
                    (widths->beside ? INDENT + widths->path + GAP : (size_t)SECOND_INDENT);
    put_behind(canvas, words.why, &column);
    if (mcb_comparison_has_settings(comparison))
        put_behind(canvas, mcb_comparison_setting(comparison, row, setting), &column);
    if (column > 0)
        fputc('\n', out);
}

static void print_change(const struct mcb_canvas *canvas, const struct mcb_comparison *comparison,
                         const struct mcb_comparison_row *rows, size_t count, size_t most)
{
    size_t shown = lesser(most, count);
    struct widths widths = measure(canvas, comparison, rows, shown);
    mcb_canvas_put(canvas, paint_of(comparison, rows), mcb_change_name(rows->change));
    fprintf(canvas->out, ": %zu %s\n", count, mcb_comparison_noun(comparison, count));
    for (size_t i = 0; i < shown; i++)
        print_row(canvas, comparison, &rows[i], &widths);
    if (shown < count)
        print_more(canvas, INDENT, count - shown);
}

static void print_rows(const struct mcb_canvas *canvas, const struct mcb_comparison *comparison,
                       size_t most)
{
    const struct mcb_comparison_row *rows = comparison->rows;
    bool first = true;
    for (int change = 0; change < MCB_CHANGES; change++) {
        size_t count = comparison->counts[change];
        if (count > 0 && (change != MCB_CHANGE_UNCHANGED || most == 0)) {
            if (first)
                fputc('\n', canvas->out);
            first = false;
            print_change(canvas, comparison, rows, count, most);
        }
        rows += count;
    }
}

/* ---- around the rows ---- */

static void print_head(const struct mcb_canvas *canvas, const struct mcb_comparison *comparison)
{
    char sides[MCB_COMPARISON_SIDES_MAX], sentence[MCB_COMPARISON_SENTENCE_MAX];
    char setting[MCB_LEDGER_LABEL_MAX];
    mcb_canvas_paragraph(canvas, MCB_PAINT_DIM, 0, mcb_comparison_sides(comparison, sides));
    if (!mcb_comparison_has_settings(comparison) && comparison->after->setting_count == 1)
        mcb_canvas_paragraph(canvas, MCB_PAINT_DIM, 0,
                             mcb_ledger_setting_label(comparison->after, 0, setting));
    mcb_canvas_paragraph(canvas, MCB_PAINT_PLAIN, 0, mcb_comparison_sentence(comparison, sentence));
    if (comparison->stand_in)
        mcb_canvas_paragraph(
            canvas, MCB_PAINT_YELLOW, 0,
            "stand-in GPUs in host memory, made for tests: no figure of theirs is a "
            "measurement of hardware");
}

static void print_labelled(const struct mcb_canvas *canvas, const char *label, const char *clean)
{
    enum { LABEL = 7 };
    mcb_text_pad(canvas->out, INDENT);
    mcb_canvas_put(canvas, MCB_PAINT_DIM, label);
    mcb_text_pad(canvas->out, LABEL - strlen(label));
    mcb_text_wrap(canvas->out, clean, INDENT + LABEL, canvas->columns);
}

/* Each fault of the catalogue once: its causes and fix are those of all its rows. What a result
 * says of a fault that this program does not know stands with its row. */
static void print_faults(const struct mcb_canvas *canvas, const struct mcb_comparison *comparison)
{
    struct mcb_comparison_count faults[FAULTS_SHOWN];
    size_t count = mcb_comparison_faults(comparison, faults, FAULTS_SHOWN);
    if (count > 0)
        fputc('\n', canvas->out);
    for (size_t i = 0; i < count; i++) {
        if (faults[i].code == MCB_FAULT_NONE)
            continue;
        const struct mcb_fault *fault = mcb_fault_get(faults[i].code);
        char fix[MCB_FAULT_FIX_MAX], title[256];
        snprintf(title, sizeof title, "%s %s (%zu %s)", fault->id, fault->title, faults[i].rows,
                 mcb_comparison_noun(comparison, faults[i].rows));
        mcb_canvas_paragraph(canvas, MCB_PAINT_PLAIN, 0, title);
        print_labelled(canvas, "cause:", fault->cause);
        print_labelled(canvas, "try:", mcb_fault_join(fault->fix, fix, sizeof fix));
    }
}

static void print_differences(const struct mcb_canvas *canvas,
                              const struct mcb_differences *differences, size_t most)
{
    char sentence[MCB_DIFFERENCE_SENTENCE_MAX], line[MCB_DIFFERENCE_SENTENCE_MAX + 32];
    size_t all = differences->count + differences->beyond;
    size_t shown = lesser(most, differences->count);
    fputs(all ? "differs in the environment\n" : "nothing differs in the environment\n",
          canvas->out);
    for (size_t i = 0; i < shown; i++) {
        const struct mcb_difference *difference = &differences->list[i];
        snprintf(line, sizeof line, "%-9s %s", mcb_difference_kind_name(difference->kind),
                 mcb_difference_sentence(difference, sentence));
        bool hardware = difference->kind == MCB_DIFFERENCE_HARDWARE;
        mcb_canvas_paragraph(canvas, hardware ? MCB_PAINT_YELLOW : MCB_PAINT_PLAIN, INDENT, line);
    }
    if (shown < all)
        print_more(canvas, INDENT, all - shown);
}

static void print_verdict(const struct mcb_canvas *canvas, const struct mcb_comparison *comparison)
{
    char verdict[MCB_COMPARISON_VERDICT_MAX];
    bool bad = mcb_comparison_regressions(comparison) > 0;
    bool doubtful = comparison->doubtful > 0 || comparison->counts[MCB_CHANGE_DIFFERENT] > 0 ||
                    comparison->counts[MCB_CHANGE_FAILING] > 0;
    mcb_canvas_paragraph(canvas,
                         bad        ? MCB_PAINT_RED
                         : doubtful ? MCB_PAINT_YELLOW
                                    : MCB_PAINT_PLAIN,
                         0, mcb_comparison_verdict(comparison, verdict));
}

void mcb_comparison_print(const struct mcb_canvas *canvas, const struct mcb_comparison *comparison,
                          const struct mcb_trends *trends, size_t most)
{
    struct mcb_canvas wide = *canvas;
    if (wide.columns < COLUMNS_LEAST)
        wide.columns = COLUMNS_LEAST;
    print_head(&wide, comparison);
    print_rows(&wide, comparison, most);
    print_faults(&wide, comparison);
    fputc('\n', wide.out);
    print_differences(&wide, &comparison->differences, most);
    if (trends) {
        fputc('\n', wide.out);
        mcb_trends_print(&wide, trends, most);
    }
    print_verdict(&wide, comparison);
}
