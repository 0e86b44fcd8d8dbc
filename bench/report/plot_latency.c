/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Percentiles of latency: a picture for each setting. x is 1 / (1 - p), logarithmic, so that each
 * nine more is as far as the one before; the smallest sample is at its left end, the largest beyond
 * all percentiles.
 */
#include "bench/report/plot_kinds.h"

#include <string.h>

#include "bench/report/plot_lines.h"
#include "bench/report/plot_sweep.h"

static const char blocks[] = MCB_PLOT_LINES_BLOCKS;

enum { WIDTH = 560, HEIGHT = 320 };

enum { PERCENTILES = 6 };

static const char *const names[PERCENTILES] = {"min", "p50", "p90", "p99", "p99.9", "max"};
static const double places[PERCENTILES] = {1, 2, 10, 100, 1000, 10000};

static void put_percentiles(const struct mcb_ledger_latency *latency, double *figures)
{
    const double all[PERCENTILES] = {latency->min_us, latency->p50_us,  latency->p90_us,
                                     latency->p99_us, latency->p999_us, latency->max_us};
    memcpy(figures, all, sizeof all);
}

static size_t fill(const struct mcb_ledger_setting *setting, struct mcb_plot_lines *lines)
{
    const struct mcb_ledger_cell *cells = &lines->ledger->cells[setting->title.first];
    size_t path = 0;
    for (size_t i = 0; i < setting->title.count; i++) {
        if (cells[i].status != MCB_LEDGER_OK || cells[i].figure <= 0)
            continue;
        put_percentiles(&cells[i].latency, lines->figures + path * PERCENTILES);
        lines->examples[path++] = &cells[i];
    }
    return path;
}

/* "2 failed, 1 not measured"; "" of none. */
static void put_note(const struct mcb_ledger *ledger, const struct mcb_ledger_setting *setting,
                     char *note, size_t size)
{
    const struct mcb_ledger_cell *cells = &ledger->cells[setting->title.first];
    size_t failed = 0, skipped = 0;
    for (size_t i = 0; i < setting->title.count; i++) {
        failed += cells[i].status == MCB_LEDGER_FAILED;
        skipped += cells[i].status == MCB_LEDGER_SKIPPED;
    }
    char left_out[64] = "";
    if (skipped > 0)
        snprintf(left_out, sizeof left_out, "%s%zu not measured", failed > 0 ? ", " : "", skipped);
    note[0] = '\0';
    if (failed > 0)
        snprintf(note, size, "%zu path%s failed%s", failed, failed == 1 ? "" : "s", left_out);
    else if (skipped > 0)
        snprintf(note, size, "%s", left_out);
}

static void draw(const struct mcb_plot_lines *lines, size_t setting, struct mcb_sheet *sheet)
{
    enum { LEFT = 70, RIGHT = 40, HEAD = 30, FOOT = 60 };
    const struct mcb_ledger *ledger = lines->ledger;
    char title[MCB_LEDGER_LABEL_MAX], note[128];
    double least, most;
    put_note(ledger, &ledger->settings[setting], note, sizeof note);
    double top =
        mcb_sheet_head(sheet, ledger, mcb_ledger_setting_label(ledger, setting, title), note) +
        HEAD;
    mcb_plot_lines_span(lines, &least, &most);
    struct mcb_plot_diagram diagram = {
        .left = LEFT,
        .right = LEFT + WIDTH,
        .top = top,
        .bottom = top + HEIGHT,
        .x = {0.8, 14000, true},
        .y = most > 8 * least ? mcb_plot_scale_logarithmic(least, most)
                              : mcb_plot_scale_from_zero(most),
    };
    mcb_plot_diagram_lay(&diagram, sheet, "µs");
    for (size_t i = 0; i < PERCENTILES; i++)
        mcb_plot_diagram_tic(&diagram, sheet, places[i], names[i]);
    mcb_sheet_text(sheet, "centre", LEFT + WIDTH / 2.0, diagram.bottom + 34, MCB_INK_PALE,
                   "percentile of the samples");
    double y = mcb_plot_lines_draw(lines, &diagram, sheet, diagram.bottom + FOOT);
    mcb_sheet_foot(sheet, ledger, LEFT + WIDTH + RIGHT, y);
}

static int plot_setting(const struct mcb_ledger *ledger, size_t setting, struct mcb_plot_run *run,
                        struct mcb_error *error)
{
    struct mcb_plot_lines lines;
    struct mcb_sheet sheet;
    if (mcb_plot_lines_make(ledger, ledger->settings[setting].title.count, places, PERCENTILES,
                            &lines, error) != 0)
        return -1;
    lines.path_count = fill(&ledger->settings[setting], &lines);
    lines.less_is_better = true;
    int outcome = 0;
    if (lines.path_count > 0 && mcb_plot_has_place(run)) {
        mcb_sheet_begin(&sheet, "latency", mcb_plot_next(run), blocks);
        draw(&lines, setting, &sheet);
        outcome = mcb_plot_emit(run, &sheet, error);
    }
    mcb_plot_lines_release(&lines);
    return outcome;
}

int mcb_plot_latency(const struct mcb_plot_input *input, struct mcb_plot_run *run,
                     struct mcb_error *error)
{
    const struct mcb_ledger *ledger = mcb_plot_last(input);
    struct mcb_plot_sweeps sweeps;
    int outcome = mcb_plot_sweeps_make(ledger, &sweeps, error);
    if (outcome != 0)
        return -1;
    for (size_t i = 0; outcome == 0 && i < ledger->setting_count; i++)
        if (ledger->settings[i].latency && (mcb_plot_wants_all(run) || sweeps.stands[i]))
            outcome = plot_setting(ledger, i, run, error);
    mcb_plot_sweeps_release(&sweeps);
    return outcome;
}
