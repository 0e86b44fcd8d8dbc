/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Memory of GPUs beside host memory, path by path: direct, staged, and host memory between the same
 * two NICs.
 *
 * Direct and staged cells of a path have the same endpoints. Host memory is what host_memory.h
 * finds beside the cells of a setting: in their own result, or where it has none for any of them in
 * the latest other one that has (mcbench cpu).
 */
#include "bench/report/plot_kinds.h"

#include <stdlib.h>
#include <string.h>

#include "bench/report/host_memory.h"
#include "bench/report/plot_bars.h"
#include "bench/report/plot_index.h"
#include "bench/report/plot_sweep.h"
#include "bench/report/title.h"

static const char blocks[] = MCB_PLOT_BARS_BLOCKS;

enum { DIRECT, STAGED, HOST };

static const char *const way_names[MCB_PLOT_WAYS] = {"direct", "staged", "host"};

struct finding {
    const struct mcb_plot_input *input;
    size_t which;                          /* the result with GPUs */
    const struct mcb_ledger *ledger;       /* the same */
    struct mcb_plot_index index;           /* of the same */
    struct mcb_host_memory **hosts;        /* by result; NULL: was not wanted yet */
    const struct mcb_ledger_cell **staged; /* room for cells */
};

/* ---- rows ---- */

static bool has_gpu(const struct mcb_ledger *ledger, const struct mcb_ledger_cell *cell)
{
    return mcb_pivot_is_of_gpu(ledger->endpoints[cell->initiator].memory) ||
           mcb_pivot_is_of_gpu(ledger->endpoints[cell->target].memory);
}

static int by_endpoints(const void *left, const void *right)
{
    const struct mcb_ledger_cell *a = *(const struct mcb_ledger_cell *const *)left,
                                 *b = *(const struct mcb_ledger_cell *const *)right;
    if (a->initiator != b->initiator)
        return a->initiator < b->initiator ? -1 : 1;
    return (a->target > b->target) - (a->target < b->target);
}

/* A row for each cell of the setting with a GPU. */
static int make_rows(struct mcb_plot_bars *bars, struct mcb_error *error)
{
    const struct mcb_pivot_setting *title = &bars->setting->title;
    bars->rows = calloc(title->count + 1, sizeof *bars->rows);
    if (!bars->rows)
        return mcb_plot_no_memory(error);
    for (size_t i = 0; i < title->count; i++) {
        const struct mcb_ledger_cell *cell = &bars->ledger->cells[title->first + i];
        if (has_gpu(bars->ledger, cell))
            bars->rows[bars->count++] = (struct mcb_plot_bars_row){cell, {cell}};
    }
    return 0;
}

/* Of the setting that is the same but for its route, if there is one. */
static void add_staged(const struct finding *finding, struct mcb_plot_bars *bars)
{
    const struct mcb_ledger_setting *setting =
        mcb_plot_index_find(&finding->index, bars->setting, "staged", bars->setting->ordering);
    const struct mcb_ledger_cell **staged = finding->staged;
    size_t count = 0;
    for (size_t i = 0; setting && i < setting->title.count; i++) {
        const struct mcb_ledger_cell *cell = &finding->ledger->cells[setting->title.first + i];
        if (has_gpu(finding->ledger, cell))
            staged[count++] = cell;
    }
    qsort(staged, count, sizeof *staged, by_endpoints);
    for (size_t i = 0; i < bars->count; i++) {
        const struct mcb_ledger_cell *const *found =
            bsearch(&bars->rows[i].path, staged, count, sizeof *staged, by_endpoints);
        if (found)
            bars->rows[i].cells[STAGED] = *found;
    }
    bars->names[STAGED] = count > 0 ? way_names[STAGED] : NULL;
}

/* Of one result, if it has any. */
static int add_host_of(const struct finding *finding, size_t result, struct mcb_plot_bars *bars,
                       struct mcb_error *error)
{
    const struct mcb_ledger *measured = &finding->input->ledgers[result];
    struct mcb_host_memory **hosts = &finding->hosts[result];
    if (!*hosts && !(*hosts = mcb_host_memory_make(finding->ledger, measured)))
        return mcb_plot_no_memory(error);
    for (size_t i = 0; i < bars->count; i++) {
        uint32_t number = mcb_host_memory_cell(*hosts, bars->rows[i].path);
        if (number == MCB_LEDGER_NONE)
            continue;
        bars->rows[i].cells[HOST] = &measured->cells[number];
        bars->names[HOST] = way_names[HOST];
    }
    return 0;
}

static int add_host(const struct finding *finding, struct mcb_plot_bars *bars,
                    struct mcb_error *error)
{
    int outcome = add_host_of(finding, finding->which, bars, error);
    for (size_t i = finding->input->ledger_count; outcome == 0 && !bars->names[HOST] && i > 0; i--)
        if (i - 1 != finding->which)
            outcome = add_host_of(finding, i - 1, bars, error);
    return outcome;
}

static int find_rows(const struct finding *finding, struct mcb_plot_bars *bars,
                     struct mcb_error *error)
{
    bool direct = strcmp(bars->setting->route, "direct") == 0;
    bars->names[DIRECT] = way_names[direct ? DIRECT : STAGED];
    if (make_rows(bars, error) != 0 || add_host(finding, bars, error) != 0)
        return -1;
    if (direct)
        add_staged(finding, bars);
    bars->against = bars->names[HOST] ? HOST : STAGED;
    return 0;
}

/* ---- pictures ---- */

/* The label of a setting without its route. */
static void put_title(const struct mcb_ledger *ledger, size_t setting,
                      char title[MCB_LEDGER_LABEL_MAX])
{
    char label[MCB_LEDGER_LABEL_MAX], route[64];
    mcb_ledger_setting_label(ledger, setting, label);
    snprintf(route, sizeof route, " · %.48s", mcb_title_of_route(ledger->settings[setting].route));
    size_t length = strlen(label), tail = strlen(route);
    if (length > tail && strcmp(label + length - tail, route) == 0)
        label[length - tail] = '\0';
    snprintf(title, MCB_LEDGER_LABEL_MAX, "GPU beside CPU: %.900s", label);
}

static int plot_setting(const struct finding *finding, size_t setting, struct mcb_plot_run *run,
                        struct mcb_error *error)
{
    char title[MCB_LEDGER_LABEL_MAX];
    struct mcb_sheet sheet;
    struct mcb_plot_bars bars = {.ledger = finding->ledger,
                                 .setting = &finding->ledger->settings[setting],
                                 .title = title,
                                 .note = "",
                                 .share = true,
                                 .far_below = 0.8};
    int outcome = find_rows(finding, &bars, error);
    bool compares = bars.count > 0 && bars.names[bars.against];
    if (outcome == 0 && compares && mcb_plot_has_place(run)) {
        if (bars.names[HOST])
            bars.note = "host: host memory between the same two NICs";
        put_title(finding->ledger, setting, title);
        mcb_sheet_begin(&sheet, "gpu", mcb_plot_next(run), blocks);
        mcb_plot_bars_draw(&bars, &sheet);
        outcome = mcb_plot_emit(run, &sheet, error);
    }
    free(bars.rows);
    return outcome;
}

/* Staged cells have a picture of their own where there are no direct ones, as over TCP. */
static bool is_wanted(const struct finding *finding, size_t setting,
                      const struct mcb_plot_sweeps *sweeps, const struct mcb_plot_run *run)
{
    const struct mcb_ledger_setting *wanted = &finding->ledger->settings[setting];
    if (!mcb_plot_wants_all(run) && !sweeps->stands[setting])
        return false;
    return strcmp(wanted->route, "direct") == 0 ||
           (strcmp(wanted->route, "staged") == 0 &&
            !mcb_plot_index_find(&finding->index, wanted, "direct", wanted->ordering));
}

static int plot_all(const struct finding *finding, struct mcb_plot_run *run,
                    struct mcb_error *error)
{
    struct mcb_plot_sweeps sweeps;
    int outcome = mcb_plot_sweeps_make(finding->ledger, &sweeps, error);
    if (outcome != 0)
        return -1;
    for (size_t i = 0; outcome == 0 && i < finding->ledger->setting_count; i++)
        if (is_wanted(finding, i, &sweeps, run))
            outcome = plot_setting(finding, i, run, error);
    mcb_plot_sweeps_release(&sweeps);
    return outcome;
}

/* ---- the result with GPUs ---- */

static bool has_gpus(const struct mcb_ledger *ledger)
{
    for (size_t i = 0; i < ledger->endpoint_count; i++)
        if (mcb_pivot_is_of_gpu(ledger->endpoints[i].memory))
            return true;
    return false;
}

static void finding_release(struct finding *finding)
{
    for (size_t i = 0; finding->hosts && i < finding->input->ledger_count; i++)
        mcb_host_memory_free(finding->hosts[i]);
    mcb_plot_index_release(&finding->index);
    free(finding->staged);
    free(finding->hosts);
}

static int finding_make(const struct mcb_plot_input *input, size_t which, struct finding *finding,
                        struct mcb_error *error)
{
    *finding = (struct finding){
        .input = input,
        .which = which,
        .ledger = &input->ledgers[which],
        .hosts = calloc(input->ledger_count, sizeof(struct mcb_host_memory *)),
        .staged = calloc(input->ledgers[which].cell_count + 1, sizeof(struct mcb_ledger_cell *)),
    };
    int outcome = finding->hosts && finding->staged ? 0 : mcb_plot_no_memory(error);
    if (outcome == 0)
        outcome = mcb_plot_index_make(finding->ledger, &finding->index, error);
    if (outcome != 0)
        finding_release(finding);
    return outcome;
}

int mcb_plot_gpu(const struct mcb_plot_input *input, struct mcb_plot_run *run,
                 struct mcb_error *error)
{
    struct finding finding;
    size_t which = input->ledger_count;
    while (which > 0 && !has_gpus(&input->ledgers[which - 1]))
        which--;
    if (which == 0)
        return 0;
    if (finding_make(input, which - 1, &finding, error) != 0)
        return -1;
    int outcome = plot_all(&finding, run, error);
    finding_release(&finding);
    return outcome;
}
