/* SPDX-License-Identifier: Apache-2.0 */
/* Paths that are slower than they should be (slow.h), and what speaks for it. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench/report/slow.h"
#include "bench/report/summary.h"
#include "bench/report/suspects_search.h"
#include "common/json.h"
#include "common/text.h"
#include "rdma/counters.h"

enum { COUNTERS_TOLD = 3 };

/* Of a NIC's paths that many are slow where it is the NIC that is. */
#define SLOW_OF_NIC 0.75

/* One setting under search. */
struct matrix {
    struct mcb_suspects_search *search;
    const struct mcb_pivot_setting *setting;
    struct mcb_slow_scale scale;
    size_t *cells;                 /* room for all of them, as places in the pivot */
    enum mcb_suspects_mark *marks; /* by cell of the pivot; WANTED: slow */
    double *figures;               /* room */
};

static const struct mcb_pivot_cell *cell_at(const struct matrix *matrix, size_t i)
{
    return &matrix->search->pivot->cells[matrix->setting->first + i];
}

/* ---- evidence ---- */

struct rise {
    const char *name;
    uint32_t endpoint;
    double by;
    bool restarted;
    enum mcb_counter_kind kind;
};

/* An error that was counted once says more than a million ticks of waiting. */
static bool says_more(const struct rise *rise, const struct rise *other)
{
    return rise->kind != other->kind ? rise->kind > other->kind : rise->by > other->by;
}

static void note_rise(struct rise *rises, const struct rise *rise)
{
    struct rise moved = *rise;
    for (size_t i = 0; i < COUNTERS_TOLD; i++)
        if (says_more(&moved, &rises[i])) {
            struct rise kept = rises[i];
            rises[i] = moved;
            moved = kept;
        }
}

/* The gravest counters that rose, of those the ones that rose most; or that none did where some
 * were read. */
static void say_counters(const struct mcb_suspects_search *search, const size_t *cells,
                         size_t count, struct mcb_suspects_text *text)
{
    static const char *const roles[] = {"initiator", "target"};
    struct rise rises[COUNTERS_TOLD] = {{.kind = MCB_COUNTER_OTHER}};
    char label[MCB_SUSPECTS_LABEL / 2];
    bool known = false;
    for (size_t i = 0; i < count; i++) {
        const struct mcb_pivot_cell *cell = &search->pivot->cells[cells[i]];
        for (int role = 0; role < 2; role++) {
            json_t *changes = json_object_get(json_object_get(cell->cell, "counters"), roles[role]),
                   *change;
            const char *name;
            known |= changes != NULL;
            json_object_foreach(changes, name, change)
            {
                double before = json_number_value(json_object_get(change, "before")),
                       after = json_number_value(json_object_get(change, "after"));
                bool fell = after < before;
                note_rise(rises, &(struct rise){name, role ? cell->target : cell->initiator,
                                                fell ? after : after - before, fell,
                                                mcb_counter_kind_of(name)});
            }
        }
    }
    for (size_t i = 0; i < COUNTERS_TOLD && rises[i].name; i++)
        mcb_suspects_say(text, "%s%.63s +%.0f%s on %s", i ? ", " : "; ", rises[i].name, rises[i].by,
                         rises[i].restarted ? " (it restarted)" : "",
                         mcb_suspects_nic(search, rises[i].endpoint, false, label));
    if (known && !rises[0].name)
        mcb_suspects_say(text, "; no error counter rose");
}

static void say_figure(const struct matrix *matrix, double figure, struct mcb_suspects_text *text)
{
    char number[MCB_TEXT_NUMBER_MAX];
    mcb_suspects_say(text, "%s %s", mcb_text_number(figure, number),
                     matrix->scale.latency ? "µs" : "Gbit/s");
}

/* How the paths do that have an end on one of the two NICs and are not slow. */
static void say_others(const struct matrix *matrix, const uint32_t nics[2],
                       struct mcb_suspects_text *text)
{
    double part_least = 1, figure;
    size_t count = 0;
    bool parts = true;
    for (size_t i = 0; i < matrix->setting->count; i++) {
        const struct mcb_pivot_cell *cell = cell_at(matrix, i);
        if (matrix->marks[matrix->setting->first + i] != MCB_SUSPECTS_GOOD ||
            !mcb_summary_figure(cell->cell, &figure) ||
            (!mcb_suspects_has(matrix->search, cell, nics[0], MCB_SUSPECTS_EITHER) &&
             !mcb_suspects_has(matrix->search, cell, nics[1], MCB_SUSPECTS_EITHER)))
            continue;
        double part = mcb_slow_part_of_ceiling(cell->cell);
        matrix->figures[count++] = figure;
        parts = parts && part > 0;
        part_least = part < part_least ? part : part_least;
    }
    if (count == 0)
        return;
    mcb_suspects_say(text, "; the %zu other path%s of %s at ", count, count > 1 ? "s" : "",
                     nics[0] == nics[1] ? "this NIC" : "either NIC");
    say_figure(matrix, mcb_slow_median(matrix->figures, count), text);
    if (parts)
        mcb_suspects_say(text, " (%s%.0f %% of their ceilings)",
                         count > 1 ? "median; at least " : "", 100 * part_least);
    else if (count > 1)
        mcb_suspects_say(text, " (median)");
}

static void say_part(const struct matrix *matrix, const json_t *cell, double figure,
                     struct mcb_suspects_text *text)
{
    const struct mcb_slow_group *group = mcb_slow_group_of(&matrix->scale, cell);
    double part = mcb_slow_part_of_ceiling(cell), ratio = figure / group->median;
    if (part > 0)
        mcb_suspects_say(text, ", %.0f %% of its ceiling", 100 * part);
    if (part > 0 && !matrix->scale.fills)
        mcb_suspects_say(text, ", where the median of %zu paths is %.0f %%", group->count,
                         100 * group->median);
    else if (part <= 0 && matrix->scale.latency)
        mcb_suspects_say(text, ", %.1f times the median of %zu paths", ratio, group->count);
    else if (part <= 0)
        mcb_suspects_say(text, ", %.0f %% of the median of %zu paths", 100 * ratio, group->count);
}

/* How much worse than it should be: 2 is half as good. */
static double badness(const struct matrix *matrix, const json_t *cell, double figure)
{
    const struct mcb_slow_group *group = mcb_slow_group_of(&matrix->scale, cell);
    double part = mcb_slow_part_of_ceiling(cell), value = part > 0 ? part : figure;
    if (matrix->scale.latency)
        return group->median > 0 ? value / group->median : 1;
    return value <= 0 ? 1 : part > 0 && matrix->scale.fills ? 1 / part : group->median / value;
}

/* ---- findings ---- */

/* `cells` of them are slow, of which the first is told; `of` says what they have in common. */
static int add_paths(struct matrix *matrix, size_t count, const char *of, const uint32_t nics[2],
                     struct mcb_error *error)
{
    const struct mcb_pivot_cell *worst = NULL;
    double figure, worst_figure = 0, worst_badness = 0;
    char path[MCB_SUSPECTS_LABEL];
    struct mcb_suspects_text text = {.length = 0};
    for (size_t i = 0; i < count; i++) {
        const struct mcb_pivot_cell *cell = &matrix->search->pivot->cells[matrix->cells[i]];
        if (!mcb_summary_figure(cell->cell, &figure))
            continue;
        double bad = badness(matrix, cell->cell, figure);
        if (worst && bad <= worst_badness)
            continue;
        worst = cell;
        worst_figure = figure;
        worst_badness = bad;
    }
    if (!worst)
        return 0;
    if (count > 1)
        mcb_suspects_say(&text, "%zu paths %s are slow; the worst, ", count, of);
    mcb_suspects_say(&text, "%s: ", mcb_suspects_path(matrix->search, worst, path));
    say_figure(matrix, worst_figure, &text);
    say_part(matrix, worst->cell, worst_figure, &text);
    if (nics)
        say_others(matrix, nics, &text);
    say_counters(matrix->search, matrix->cells, count, &text);
    return mcb_suspects_add(matrix->search, MCB_FAULT_PERF_PATH, worst_badness, matrix->cells,
                            count, text.text, error);
}

/* More than half of all paths far below their ceilings, where messages are such that they need not
 * be. */
static int add_whole(struct matrix *matrix, bool *added, struct mcb_error *error)
{
    size_t count = 0, known = 0;
    *added = false;
    for (size_t i = 0; i < matrix->setting->count && matrix->scale.fills; i++) {
        const json_t *cell = cell_at(matrix, i)->cell;
        if (mcb_slow_part_of_ceiling(cell) <= 0 ||
            matrix->search->explained[matrix->setting->first + i])
            continue;
        known++;
        if (mcb_slow_is_below_ceiling(cell))
            matrix->cells[count++] = matrix->setting->first + i;
    }
    if (count == 0 || 2 * count <= known)
        return 0;
    *added = true;
    return add_paths(matrix, count, "(more than half of all)", NULL, error);
}

static int add_of_nic(struct matrix *matrix, const struct mcb_suspects_common *common,
                      struct mcb_error *error)
{
    static const char *const words[MCB_SUSPECTS_ROLES] = {
        [MCB_SUSPECTS_EITHER] = "of", [MCB_SUSPECTS_FROM] = "from", [MCB_SUSPECTS_TO] = "to"};
    char of[MCB_SUSPECTS_LABEL / 2 + 16], label[MCB_SUSPECTS_LABEL / 2];
    const uint32_t nics[] = {common->nic, common->nic};
    snprintf(of, sizeof of, "%s %s", words[common->role],
             mcb_suspects_nic(matrix->search, common->nic, false, label));
    size_t count = mcb_suspects_take_common(matrix->search, matrix->marks, matrix->setting->first,
                                            matrix->setting->count, common, MCB_SUSPECTS_LEFT_OUT,
                                            matrix->cells);
    return add_paths(matrix, count, of, nics, error);
}

/* No more findings are kept. */
static bool is_full(const struct matrix *matrix)
{
    return matrix->search->found->count == MCB_SUSPECTS_MAX;
}

static void mark_cells(struct matrix *matrix)
{
    double figure;
    for (size_t i = 0; i < matrix->setting->count; i++) {
        size_t at = matrix->setting->first + i;
        const json_t *cell = cell_at(matrix, i)->cell;
        bool slow = !matrix->search->explained[at] && mcb_slow_stands_out(&matrix->scale, cell);
        matrix->marks[at] = slow                                ? MCB_SUSPECTS_WANTED
                            : mcb_summary_figure(cell, &figure) ? MCB_SUSPECTS_GOOD
                                                                : MCB_SUSPECTS_LEFT_OUT;
    }
}

static int search_matrix(struct matrix *matrix, struct mcb_error *error)
{
    bool all;
    struct mcb_suspects_common common;
    const struct mcb_pivot_setting *setting = matrix->setting;
    if (add_whole(matrix, &all, error) != 0)
        return -1;
    if (all)
        return 0;
    mark_cells(matrix);
    while (!is_full(matrix) &&
           mcb_suspects_find_common(matrix->search, matrix->marks, setting->first, setting->count,
                                    SLOW_OF_NIC, &common))
        if (add_of_nic(matrix, &common, error) != 0)
            return -1;
    for (size_t i = 0; i < setting->count; i++) {
        const struct mcb_pivot_cell *cell = cell_at(matrix, i);
        const uint32_t nics[] = {matrix->search->nics[cell->initiator],
                                 matrix->search->nics[cell->target]};
        if (matrix->marks[setting->first + i] != MCB_SUSPECTS_WANTED || is_full(matrix))
            continue;
        matrix->cells[0] = setting->first + i;
        if (add_paths(matrix, 1, "", nics, error) != 0)
            return -1;
    }
    return 0;
}

int mcb_suspects_find_paths(struct mcb_suspects_search *search, struct mcb_error *error)
{
    const struct mcb_pivot *pivot = search->pivot;
    int status = 0;
    for (size_t i = 0; i < pivot->setting_count && status == 0; i++) {
        struct matrix matrix = {.search = search, .setting = &pivot->settings[i]};
        size_t room = matrix.setting->count + 1;
        matrix.cells = calloc(room, sizeof *matrix.cells);
        matrix.marks = calloc(pivot->cell_count + 1, sizeof *matrix.marks);
        matrix.figures = calloc(room, sizeof *matrix.figures);
        status = matrix.cells && matrix.marks && matrix.figures
                     ? mcb_slow_scale_make(pivot, matrix.setting, &matrix.scale, error)
                     : mcb_error_set(error, MCB_FAULT_HOST_MEMORY, "no memory for the findings");
        if (status == 0)
            status = search_matrix(&matrix, error);
        free(matrix.figures);
        free(matrix.marks);
        free(matrix.cells);
    }
    return status;
}
