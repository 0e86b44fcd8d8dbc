/* SPDX-License-Identifier: Apache-2.0 */
/* When paths changed, on the screen. */
#include <string.h>

#include "bench/report/comparison_forms.h"
#include "bench/report/trend_words.h"
#include "common/text.h"

enum { INDENT = 2, SECOND_INDENT = 4 };

/* Paths that changed with the same run have the same causes: these are told once. */
struct printing {
    const struct mcb_canvas *canvas;
    const struct mcb_trends *trends;
    char causes[MCB_TREND_CAUSES_MAX]; /* told last */
    const struct mcb_ledger *run;      /* with which */
};

static void print_causes(struct printing *printing, const struct mcb_trend_change *change,
                         const struct mcb_ledger *run)
{
    char causes[MCB_TREND_CAUSES_MAX], text[MCB_TREND_CAUSES_MAX + 16];
    mcb_trend_causes(&change->differences, causes);
    bool told = printing->run == run && strcmp(causes, printing->causes) == 0;
    snprintf(text, sizeof text, "with %s", told ? "the same as above" : causes);
    mcb_canvas_paragraph(printing->canvas, MCB_PAINT_DIM, SECOND_INDENT, text);
    memcpy(printing->causes, causes, sizeof causes);
    printing->run = run;
}

static void print_change(struct printing *printing, const struct mcb_trend *trend,
                         const struct mcb_trend_change *change, const char *unit)
{
    const struct mcb_canvas *canvas = printing->canvas;
    const struct mcb_ledger *run = mcb_trend_change_run(printing->trends, trend, change);
    char levels[MCB_TREND_LEVELS_MAX], line[MCB_TREND_LEVELS_MAX + 32];
    snprintf(line, sizeof line, "%.20s  %s", run->started, mcb_trend_levels(change, unit, levels));
    mcb_canvas_paragraph(canvas, change->worse ? MCB_PAINT_RED : MCB_PAINT_PLAIN, SECOND_INDENT,
                         line);
    print_causes(printing, change, run);
}

static void print_trend(struct printing *printing, const struct mcb_trend *trend)
{
    const struct mcb_ledger *ledger;
    const struct mcb_ledger_cell *cell = mcb_trend_cell(printing->trends, trend, &ledger);
    const struct mcb_canvas *canvas = printing->canvas;
    char label[MCB_LEDGER_LABEL_MAX], line[2 * MCB_LEDGER_LABEL_MAX + 16];
    int length = snprintf(line, sizeof line, "%s", mcb_ledger_path_label(ledger, cell, label));
    if (ledger->setting_count > 1)
        snprintf(line + length, sizeof line - (size_t)length, " · %s",
                 mcb_ledger_setting_label(ledger, cell->setting, label));
    mcb_canvas_paragraph(canvas, MCB_PAINT_PLAIN, INDENT, line);
    for (size_t i = 0; i < trend->change_count; i++)
        print_change(printing, trend, &trend->changes[i],
                     mcb_ledger_unit(&ledger->settings[cell->setting]));
}

/* What one result alone shows is no change with time, and may be a regression all the same. */
static void print_count(const struct mcb_canvas *canvas, const struct mcb_trends *trends,
                        size_t changed)
{
    char line[192], since[64];
    const char *noun = mcb_trends_noun(trends, trends->count);
    snprintf(since, sizeof since, "(%zu results since %.20s)", trends->run_count,
             trends->run_count ? trends->runs[0]->started : "");
    if (changed > 0)
        snprintf(line, sizeof line, "%zu of %zu %s changed with time %s", changed, trends->count,
                 noun, since);
    else
        snprintf(line, sizeof line, "no lasting change in %zu %s %s; one result alone makes none",
                 trends->count, noun, since);
    mcb_canvas_paragraph(canvas, MCB_PAINT_PLAIN, 0, line);
}

void mcb_trends_print(const struct mcb_canvas *canvas, const struct mcb_trends *trends, size_t most)
{
    struct printing printing = {.canvas = canvas, .trends = trends};
    size_t changed = mcb_trends_changed(trends), shown = 0;
    print_count(canvas, trends, changed);
    for (size_t i = 0; i < trends->count && (most == 0 || shown < most); i++) {
        if (trends->list[i].change_count == 0)
            continue;
        print_trend(&printing, &trends->list[i]);
        shown++;
    }
    if (shown < changed) {
        mcb_text_pad(canvas->out, INDENT);
        fprintf(canvas->out, "and %zu more (--all)\n", changed - shown);
    }
}
