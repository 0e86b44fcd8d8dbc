/* SPDX-License-Identifier: Apache-2.0 */

/* Relaxed ordering on against off: settings that differ in it alone, path by path. */

#include "bench/report/plot_kinds.h"

#include <stdlib.h>
#include <string.h>

#include "bench/report/plot_bars.h"
#include "bench/report/plot_index.h"
#include "bench/report/plot_sweep.h"

static const char blocks[] = MCB_PLOT_BARS_BLOCKS;

static int compare_paths(const struct mcb_ledger_cell *a, const struct mcb_ledger_cell *b)
{
    if (a->initiator != b->initiator)
        return a->initiator < b->initiator ? -1 : 1;
    return (a->target > b->target) - (a->target < b->target);
}

static int by_path(const void *left, const void *right)
{
    const struct mcb_ledger_cell *a = *(const struct mcb_ledger_cell *const *)left;
    const struct mcb_ledger_cell *b = *(const struct mcb_ledger_cell *const *)right;
    int order = compare_paths(a, b);
    return order ? order : (a->position > b->position) - (a->position < b->position);
}

/* Cells of a setting by path: for free(). NULL: no memory. */
static const struct mcb_ledger_cell **sorted_cells(const struct mcb_ledger *ledger,
                                                   const struct mcb_ledger_setting *setting)
{
    const struct mcb_pivot_setting *title = &setting->title;
    const struct mcb_ledger_cell **cells = calloc(title->count + 1, sizeof *cells);
    for (size_t i = 0; cells && i < title->count; i++)
        cells[i] = &ledger->cells[title->first + i];
    if (cells)
        qsort(cells, title->count, sizeof *cells, by_path);
    return cells;
}

/* Rows of the paths that both have: the k-th cell of a path goes with its k-th. */
static void match(const struct mcb_ledger_cell *const *on, size_t on_count,
                  const struct mcb_ledger_cell *const *off, size_t off_count,
                  struct mcb_plot_bars *bars)
{
    for (size_t i = 0, j = 0; i < on_count && j < off_count;) {
        int order = compare_paths(on[i], off[j]);
        if (order == 0) {
            bars->rows[bars->count++] = (struct mcb_plot_bars_row){on[i], {on[i], off[j]}};
            i++;
            j++;
        } else if (order < 0) {
            i++;
        } else {
            j++;
        }
    }
}

static int find_rows(const struct mcb_ledger_setting *off, struct mcb_plot_bars *bars,
                     struct mcb_error *error)
{
    const struct mcb_ledger_cell **one = sorted_cells(bars->ledger, bars->setting);
    const struct mcb_ledger_cell **two = sorted_cells(bars->ledger, off);
    bars->rows = calloc(bars->setting->title.count + 1, sizeof *bars->rows);
    bool whole = one && two && bars->rows;
    if (whole)
        match(one, bars->setting->title.count, two, off->title.count, bars);
    free(two);
    free(one);
    return whole ? 0 : mcb_plot_no_memory(error);
}

/* Whether it took effect where it was asked for. */
static const char *note_of(const struct mcb_plot_bars *bars)
{
    size_t on = 0, off = 0;
    for (size_t i = 0; i < bars->count; i++) {
        on += strcmp(bars->rows[i].path->effective, "on") == 0;
        off += strcmp(bars->rows[i].path->effective, "off") == 0;
    }
    if (on == bars->count)
        return "on took effect";
    if (off == bars->count)
        return "on took no effect: the kernel or a NIC does not do it";
    return on + off == 0 ? "whether on took effect is not known"
                         : "on took effect on some paths only, or that is not known";
}

/* The label of a setting with "against off" behind what was asked for. */
static void put_title(const struct mcb_ledger *ledger, size_t on, char title[MCB_LEDGER_LABEL_MAX])
{
    static const char asked[] = "relaxed ordering on";
    char label[MCB_LEDGER_LABEL_MAX];
    mcb_ledger_setting_label(ledger, on, label);
    const char *at = strstr(label, asked);
    size_t before = at ? (size_t)(at - label) + sizeof asked - 1 : strlen(label);
    snprintf(title, MCB_LEDGER_LABEL_MAX, "%.*s against off%s", (int)before, label, label + before);
}

static int plot_pair(const struct mcb_ledger *ledger, size_t on,
                     const struct mcb_ledger_setting *off, struct mcb_plot_run *run,
                     struct mcb_error *error)
{
    char title[MCB_LEDGER_LABEL_MAX];
    struct mcb_sheet sheet;
    struct mcb_plot_bars bars = {.ledger = ledger,
                                 .setting = &ledger->settings[on],
                                 .title = title,
                                 .names = {"on", "off"},
                                 .against = 1,
                                 .far_below = 0.95};
    int outcome = find_rows(off, &bars, error);
    if (outcome == 0 && bars.count > 0 && mcb_plot_has_place(run)) {
        put_title(ledger, on, title);
        bars.note = note_of(&bars);
        mcb_sheet_begin(&sheet, "ordering", mcb_plot_next(run), blocks);
        mcb_plot_bars_draw(&bars, &sheet);
        outcome = mcb_plot_emit(run, &sheet, error);
    }
    free(bars.rows);
    return outcome;
}

static int plot_all(const struct mcb_plot_index *index, const struct mcb_plot_sweeps *sweeps,
                    struct mcb_plot_run *run, struct mcb_error *error)
{
    const struct mcb_ledger *ledger = index->ledger;
    for (size_t i = 0; i < ledger->setting_count; i++) {
        const struct mcb_ledger_setting *on = &ledger->settings[i], *off;
        if (strcmp(on->ordering, "on") != 0 || (!mcb_plot_wants_all(run) && !sweeps->stands[i]))
            continue;
        off = mcb_plot_index_find(index, on, on->route, "off");
        if (off && plot_pair(ledger, i, off, run, error) != 0)
            return -1;
    }
    return 0;
}

int mcb_plot_ordering(const struct mcb_plot_input *input, struct mcb_plot_run *run,
                      struct mcb_error *error)
{
    const struct mcb_ledger *ledger = mcb_plot_last(input);
    struct mcb_plot_sweeps sweeps;
    struct mcb_plot_index index;
    if (mcb_plot_sweeps_make(ledger, &sweeps, error) != 0)
        return -1;
    int outcome = mcb_plot_index_make(ledger, &index, error);
    if (outcome == 0) {
        outcome = plot_all(&index, &sweeps, run, error);
        mcb_plot_index_release(&index);
    }
    mcb_plot_sweeps_release(&sweeps);
    return outcome;
}
