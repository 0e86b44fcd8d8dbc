/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Three passes: each cell of the new result gets its row and, where it can be compared, its place
 * among those that noise.h judges, setting by setting; what the baselines have besides becomes rows
 * too; then the judgement decides, the rows are sorted and counted.
 *
 * Where a path has figures in several baselines those that can be compared count, and the others
 * are passed over: only a path that has none of the former is DIFFERENT.
 */
#include "bench/report/comparison.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "bench/measure/statistics.h"
#include "bench/report/comparison_match.h"
#include "bench/report/comparison_why.h"
#include "bench/report/noise.h"
#include "common/interrupt.h"
#include "common/json.h"

/* What is needed while a comparison is made. */
struct making {
    struct mcb_comparison *comparison;
    struct mcb_matches matches;
    struct mcb_reasons *reasons;   /* of each baseline */
    size_t texts_room;             /* in the list of texts */
    struct mcb_noise_cell *judged; /* those that can be compared, in the order of rows */
    size_t *judged_rows;           /* whose they are */
    const double **trials;         /* of runs: baseline_count of each that is judged */
    size_t *trial_counts;
    double *figures; /* room for one of each baseline */
    size_t judged_count;
};

/* ---- rows ---- */

/* The text among those that the comparison owns; NULL: no memory. Rows are neighbours of their
 * like, so that it is among the last ones. */
static const char *keep_text(struct making *making, const char *text)
{
    struct mcb_comparison *comparison = making->comparison;
    enum { LOOK_BACK = 32 };
    for (size_t i = comparison->text_count, looked = 0; i-- > 0 && looked < LOOK_BACK; looked++)
        if (strcmp(comparison->texts[i], text) == 0)
            return comparison->texts[i];
    if (comparison->text_count == making->texts_room) {
        size_t room = making->texts_room ? 2 * making->texts_room : 16;
        char **grown = realloc(comparison->texts, room * sizeof *grown);
        if (!grown)
            return NULL;
        comparison->texts = grown;
        making->texts_room = room;
    }
    char *kept = strdup(text);
    if (kept)
        comparison->texts[comparison->text_count++] = kept;
    return kept;
}

/* Trials as noise.h wants them: where none were kept, the figure is the one trial. */
static void trials_of(const struct mcb_ledger *ledger, const struct mcb_ledger_cell *cell,
                      const double **trials, size_t *count)
{
    bool kept = cell->trial_count > 0;
    *trials = kept ? &ledger->trials[cell->first_trial] : &cell->figure;
    *count = kept ? cell->trial_count : 1;
}

static bool has_figure(const struct mcb_ledger_cell *cell)
{
    return cell->status == MCB_LEDGER_OK && cell->figure > 0;
}

static const struct mcb_ledger_cell *cell_before(const struct making *making, size_t baseline,
                                                 uint32_t after)
{
    uint32_t number = making->matches.list[baseline].before[after];
    return number == MCB_LEDGER_NONE ? NULL
                                     : &making->comparison->baselines[baseline].cells[number];
}

/* Puts a row's cell before: the last baseline that has it ok, else the last that has it. */
static void find_before(const struct making *making, uint32_t after, struct mcb_comparison_row *row)
{
    for (size_t i = making->comparison->baseline_count; i-- > 0;) {
        const struct mcb_ledger_cell *cell = cell_before(making, i, after);
        if (!cell || (row->before != MCB_LEDGER_NONE && !has_figure(cell)))
            continue;
        row->before = making->matches.list[i].before[after];
        row->baseline = (uint32_t)i;
        if (has_figure(cell))
            return;
    }
}

/* The runs that the cell can be held against, into the next place for one that is judged: those
 * that it cannot have no trials there. Returns their number; without any *why is the last
 * baseline's reason. */
static size_t gather_runs(struct making *making, uint32_t after, struct mcb_comparison_row *row,
                          const char **why, char buffer[MCB_DIFFERENCE_SENTENCE_MAX])
{
    const struct mcb_comparison *comparison = making->comparison;
    size_t runs = 0, first = making->judged_count * comparison->baseline_count;
    *why = NULL;
    for (size_t i = 0; i < comparison->baseline_count; i++) {
        const struct mcb_ledger *ledger = &comparison->baselines[i];
        const struct mcb_ledger_cell *cell = cell_before(making, i, after);
        making->trial_counts[first + i] = 0;
        if (!cell || !has_figure(cell))
            continue;
        const char *reason = mcb_reason_of(&making->reasons[i], ledger, cell, comparison->after,
                                           &comparison->after->cells[after], buffer);
        if (reason) {
            *why = reason;
            continue;
        }
        trials_of(ledger, cell, &making->trials[first + i], &making->trial_counts[first + i]);
        making->figures[runs++] = cell->figure;
        row->before = making->matches.list[i].before[after];
        row->baseline = (uint32_t)i;
    }
    return runs;
}

static void put_up_for_judgement(struct making *making, uint32_t after, size_t row)
{
    const struct mcb_comparison *comparison = making->comparison;
    size_t first = making->judged_count * comparison->baseline_count;
    struct mcb_noise_cell *judged = &making->judged[making->judged_count];
    making->judged_rows[making->judged_count++] = row;
    *judged = (struct mcb_noise_cell){.before = &making->trials[first],
                                      .before_counts = &making->trial_counts[first],
                                      .runs = comparison->baseline_count};
    trials_of(comparison->after, &comparison->after->cells[after], &judged->after,
              &judged->after_count);
}

/* A cell that has a figure now. -1: no memory. */
static int row_of_figure(struct making *making, uint32_t after, struct mcb_comparison_row *row)
{
    const struct mcb_comparison *comparison = making->comparison;
    char buffer[MCB_DIFFERENCE_SENTENCE_MAX];
    const char *why;
    size_t runs = gather_runs(making, after, row, &why, buffer);
    if (runs) {
        row->change = MCB_CHANGE_UNCHANGED;
        row->before_figure = mcb_statistics_median(making->figures, runs);
        row->ratio = row->after_figure / row->before_figure;
        put_up_for_judgement(making, after, comparison->row_count);
        return 0;
    }
    if (why) {
        row->change = MCB_CHANGE_DIFFERENT;
        row->why = keep_text(making, why);
        return row->why ? 0 : -1;
    }
    const struct mcb_ledger_cell *before = mcb_comparison_before(comparison, row);
    row->change =
        before && before->status != MCB_LEDGER_SKIPPED ? MCB_CHANGE_MENDED : MCB_CHANGE_NEW;
    return 0;
}

static void row_without_figure(const struct mcb_comparison *comparison,
                               struct mcb_comparison_row *row)
{
    const struct mcb_ledger_cell *before = mcb_comparison_before(comparison, row);
    bool skipped = mcb_comparison_after(comparison, row)->status == MCB_LEDGER_SKIPPED;
    if (!before || (before->status == MCB_LEDGER_SKIPPED && !skipped))
        row->change = MCB_CHANGE_NEW;
    else if (!has_figure(before))
        row->change = MCB_CHANGE_FAILING;
    else
        row->change = skipped ? MCB_CHANGE_UNMEASURED : MCB_CHANGE_BROKEN;
}

static int rows_of_after(struct making *making)
{
    struct mcb_comparison *comparison = making->comparison;
    for (uint32_t i = 0; i < comparison->after->cell_count; i++) {
        const struct mcb_ledger_cell *cell = &comparison->after->cells[i];
        struct mcb_comparison_row *row = &comparison->rows[comparison->row_count];
        *row = (struct mcb_comparison_row){
            .before = MCB_LEDGER_NONE, .after = i, .p = 1, .visible = 1, .why = ""};
        find_before(making, i, row);
        const struct mcb_ledger_cell *before = mcb_comparison_before(comparison, row);
        row->before_figure = before ? before->figure : 0;
        row->after_figure = cell->figure;
        if (has_figure(cell) && row_of_figure(making, i, row) != 0)
            return -1;
        if (!has_figure(cell))
            row_without_figure(comparison, row);
        comparison->row_count++;
    }
    return 0;
}

/* The new run was killed: it did not even say what it had not measured yet. */
static bool ended_without_a_word(const struct mcb_ledger *after)
{
    if (strcmp(mcb_json_text(after->head, "status"), "complete") == 0)
        return false;
    for (size_t i = 0; i < after->cell_count; i++)
        if (after->cells[i].status == MCB_LEDGER_SKIPPED)
            return false;
    return true;
}

static enum mcb_change change_of_missing(bool had_figure, bool measured, bool killed)
{
    if (!had_figure || (!measured && !killed))
        return MCB_CHANGE_NOT_ASKED;
    return killed ? MCB_CHANGE_UNMEASURED : MCB_CHANGE_GONE;
}

/* A later baseline measured what this one did too. */
static bool is_measured_later(const struct making *making, size_t baseline, uint32_t thing)
{
    for (size_t i = baseline + 1; i < making->comparison->baseline_count; i++)
        if (making->matches.list[i].measured[thing])
            return true;
    return false;
}

/* The last baseline that measured it tells what is missing: what was given up before that is no
 * news. */
static void rows_of_missing(struct making *making)
{
    struct mcb_comparison *comparison = making->comparison;
    bool killed = ended_without_a_word(comparison->after);
    for (size_t i = 0; i < comparison->baseline_count; i++) {
        const struct mcb_ledger *ledger = &comparison->baselines[i];
        for (uint32_t j = 0; j < ledger->cell_count; j++) {
            uint32_t thing = making->matches.things[i][ledger->cells[j].setting];
            if (making->matches.list[i].taken[j] || is_measured_later(making, i, thing))
                continue;
            comparison->rows[comparison->row_count++] = (struct mcb_comparison_row){
                .change = change_of_missing(has_figure(&ledger->cells[j]),
                                            making->matches.measured[thing], killed),
                .before = j,
                .baseline = (uint32_t)i,
                .after = MCB_LEDGER_NONE,
                .before_figure = ledger->cells[j].figure,
                .p = 1,
                .visible = 1,
                .why = ""};
        }
    }
}

/* ---- the judgement ---- */

/* Those that are judged are in the order of the new ledger's cells, and these by setting. */
static int judge_settings(struct making *making, struct mcb_error *error)
{
    const struct mcb_comparison *comparison = making->comparison;
    for (size_t first = 0, next; first < making->judged_count; first = next) {
        uint32_t setting =
            comparison->after->cells[comparison->rows[making->judged_rows[first]].after].setting;
        for (next = first + 1; next < making->judged_count; next++)
            if (comparison->after->cells[comparison->rows[making->judged_rows[next]].after]
                    .setting != setting)
                break;
        if (*mcb_interrupt_flag())
            return mcb_error_set(error, MCB_FAULT_RUN_INTERRUPTED,
                                 "interrupted while results were compared");
        if (mcb_noise_judge(&making->judged[first], next - first, making->judged_count, error) != 0)
            return -1;
    }
    return mcb_noise_adjust(making->judged, making->judged_count, error);
}

static void apply_judgement(struct making *making)
{
    struct mcb_comparison *comparison = making->comparison;
    for (size_t i = 0; i < making->judged_count; i++) {
        const struct mcb_noise_cell *judged = &making->judged[i];
        struct mcb_comparison_row *row = &comparison->rows[making->judged_rows[i]];
        bool latency =
            comparison->after->settings[comparison->after->cells[row->after].setting].latency;
        row->p = judged->adjusted;
        /* a loss of latency is a gain of time: half the pace is twice the time */
        row->visible = judged->visible;
        if (latency)
            row->visible = row->visible < 0.5 ? row->visible / (1 - row->visible) : 1;
        if (fabs(row->ratio - 1) > comparison->options.tolerance && row->p < MCB_NOISE_LEVEL)
            row->change = (row->ratio < 1) != latency ? MCB_CHANGE_SLOWER : MCB_CHANGE_FASTER;
        comparison->doubtful += mcb_comparison_is_doubtful(comparison, row);
    }
    comparison->compared = making->judged_count;
}

static int median_of_noise(struct making *making)
{
    size_t count = making->judged_count;
    double *spreads = calloc(count + 1, sizeof *spreads);
    if (!spreads)
        return -1;
    for (size_t i = 0; i < count; i++)
        spreads[i] = making->judged[i].spread;
    making->comparison->noise = mcb_statistics_median(spreads, count);
    free(spreads);
    return 0;
}

/* ---- order ---- */

static int row_order(const void *left, const void *right)
{
    const struct mcb_comparison_row *one = left, *other = right;
    if (one->change != other->change)
        return one->change < other->change ? -1 : 1;
    /* by how much, worst first, whichever way is worse: a row knows no direction, but those of one
     * change have all one */
    double far = fabs(log(one->ratio > 0 ? one->ratio : 1)),
           farther = fabs(log(other->ratio > 0 ? other->ratio : 1));
    if ((one->change == MCB_CHANGE_SLOWER || one->change == MCB_CHANGE_FASTER) && far != farther)
        return far > farther ? -1 : 1;
    if (one->after != other->after)
        return one->after < other->after ? -1 : 1;
    if (one->baseline != other->baseline)
        return one->baseline < other->baseline ? -1 : 1;
    return (one->before > other->before) - (one->before < other->before);
}

static int finish_rows(struct mcb_comparison *comparison)
{
    comparison->row_of = malloc((comparison->after->cell_count + 1) * sizeof *comparison->row_of);
    if (!comparison->row_of)
        return -1;
    qsort(comparison->rows, comparison->row_count, sizeof *comparison->rows, row_order);
    for (size_t i = 0; i < comparison->row_count; i++) {
        const struct mcb_comparison_row *row = &comparison->rows[i];
        comparison->counts[row->change]++;
        if (row->after != MCB_LEDGER_NONE)
            comparison->row_of[row->after] = (uint32_t)i;
    }
    return 0;
}

/* ---- making ---- */

static bool has_cell_in_common(const struct mcb_matches *matches, const struct mcb_ledger *after)
{
    for (size_t i = 0; i < matches->count; i++)
        for (size_t j = 0; j < after->cell_count; j++)
            if (matches->list[i].before[j] != MCB_LEDGER_NONE)
                return true;
    return false;
}

static int allocate(struct making *making, size_t cells)
{
    struct mcb_comparison *comparison = making->comparison;
    size_t baselines = comparison->baseline_count, rows = cells;
    for (size_t i = 0; i < baselines; i++)
        rows += comparison->baselines[i].cell_count;
    comparison->rows = calloc(rows + 1, sizeof *comparison->rows);
    making->judged = calloc(cells + 1, sizeof *making->judged);
    making->judged_rows = calloc(cells + 1, sizeof *making->judged_rows);
    making->trials = calloc(cells * baselines + 1, sizeof *making->trials);
    making->trial_counts = calloc(cells * baselines + 1, sizeof *making->trial_counts);
    making->figures = calloc(baselines + 1, sizeof *making->figures);
    making->reasons = calloc(baselines + 1, sizeof *making->reasons);
    return comparison->rows && making->judged && making->judged_rows && making->trials &&
                   making->trial_counts && making->figures && making->reasons
               ? 0
               : -1;
}

static void making_release(struct making *making)
{
    for (size_t i = 0; making->reasons && i < making->comparison->baseline_count; i++)
        mcb_reasons_release(&making->reasons[i]);
    free(making->reasons);
    free(making->figures);
    free(making->trial_counts);
    free(making->trials);
    free(making->judged_rows);
    free(making->judged);
    mcb_matches_release(&making->matches);
}

static int reasons_of_all(struct making *making, struct mcb_error *error)
{
    const struct mcb_comparison *comparison = making->comparison;
    for (size_t i = 0; i < comparison->baseline_count; i++)
        if (mcb_reasons_make(&comparison->baselines[i], comparison->after, &making->matches.list[i],
                             comparison->options.across_hardware, &making->reasons[i], error) != 0)
            return -1;
    return 0;
}

static int make_rows(struct making *making, struct mcb_error *error)
{
    struct mcb_comparison *comparison = making->comparison;
    const struct mcb_ledger *last = &comparison->baselines[comparison->baseline_count - 1];
    mcb_error_write(error, MCB_FAULT_HOST_MEMORY, "no memory to compare results");
    if (allocate(making, comparison->after->cell_count) != 0 ||
        reasons_of_all(making, error) != 0 || rows_of_after(making) != 0)
        return -1;
    rows_of_missing(making);
    if (judge_settings(making, error) != 0)
        return -1;
    apply_judgement(making);
    if (median_of_noise(making) != 0 || finish_rows(comparison) != 0)
        return mcb_error_set(error, MCB_FAULT_HOST_MEMORY, "no memory to compare results");
    return mcb_environment_compare(last->head, comparison->after->head, comparison->options.by_rank,
                                   &comparison->differences, error);
}

int mcb_comparison_make(const struct mcb_ledger *baselines, size_t baseline_count,
                        const struct mcb_ledger *after,
                        const struct mcb_comparison_options *options,
                        struct mcb_comparison *comparison, struct mcb_error *error)
{
    struct mcb_comparison made = {.baselines = baselines,
                                  .after = after,
                                  .baseline_count = baseline_count,
                                  .options = *options,
                                  .stand_in = after->stand_in};
    struct making making = {.comparison = &made};
    struct mcb_error failure = {MCB_FAULT_NONE, ""};
    for (size_t i = 0; i < baseline_count; i++)
        made.stand_in = made.stand_in || baselines[i].stand_in;
    int status = mcb_matches_make(baselines, baseline_count, after, options->by_rank,
                                  &making.matches, &failure);
    if (status == 0 && !has_cell_in_common(&making.matches, after))
        status = mcb_comparison_have_nothing(&baselines[baseline_count - 1], after, &failure);
    if (status == 0)
        status = make_rows(&making, &failure);
    making_release(&making);
    if (status != 0) {
        mcb_comparison_release(&made);
        *error = failure;
        return -1;
    }
    *comparison = made;
    return 0;
}

void mcb_comparison_release(struct mcb_comparison *comparison)
{
    for (size_t i = 0; i < comparison->text_count; i++)
        free(comparison->texts[i]);
    free(comparison->texts);
    free(comparison->rows);
    free(comparison->row_of);
    mcb_differences_release(&comparison->differences);
    *comparison = (struct mcb_comparison){0};
}
