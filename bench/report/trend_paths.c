/* SPDX-License-Identifier: Apache-2.0 */
#include "bench/report/trend_paths.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "bench/report/comparison_match.h"
#include "bench/report/comparison_why.h"

/* What is needed while paths are made. */
struct making {
    const struct mcb_ledger *const *runs;
    bool by_rank; /* of hosts */
    struct mcb_trend_paths *paths;
    const char **methods; /* of each path that is of latency; "" as long as it is not known */
    size_t *left;         /* of each run: cells of no path */
    uint32_t group_count;
};

/* ---- room ---- */

static void release_numbers(uint32_t **numbers, size_t run_count)
{
    for (size_t i = 0; numbers && i < run_count; i++)
        free(numbers[i]);
    free(numbers);
}

/* Of each run as many numbers as it has cells, all MCB_LEDGER_NONE. NULL: no memory. */
static uint32_t **make_numbers(const struct mcb_ledger *const *runs, size_t run_count)
{
    uint32_t **numbers = calloc(run_count + 1, sizeof *numbers);
    for (size_t i = 0; numbers && i < run_count; i++) {
        size_t bytes = (runs[i]->cell_count + 1) * sizeof **numbers;
        numbers[i] = malloc(bytes);
        if (!numbers[i]) {
            release_numbers(numbers, run_count);
            return NULL;
        }
        memset(numbers[i], 0xff, bytes);
    }
    return numbers;
}

/* At most every cell is a path of its own. */
static bool make_room(struct making *making)
{
    struct mcb_trend_paths *paths = making->paths;
    size_t cells = 0;
    making->left = calloc(paths->run_count + 1, sizeof *making->left);
    for (size_t i = 0; making->left && i < paths->run_count; i++) {
        making->left[i] = making->runs[i]->cell_count;
        cells += making->left[i];
    }
    making->methods = calloc(cells + 1, sizeof *making->methods);
    paths->groups = calloc(cells + 1, sizeof *paths->groups);
    paths->of = make_numbers(making->runs, paths->run_count);
    return making->left && making->methods && paths->groups && paths->of;
}

/* ---- paths ---- */

static const char *method_of(const struct mcb_ledger *run, const struct mcb_ledger_cell *cell)
{
    return run->settings[cell->setting].latency ? cell->method : "";
}

/* Each cell of the run that is of no path begins one. Cells of one setting are neighbours. */
static void begin_paths(struct making *making, size_t run)
{
    const struct mcb_ledger *ledger = making->runs[run];
    struct mcb_trend_paths *paths = making->paths;
    uint32_t setting = MCB_LEDGER_NONE;
    for (size_t i = 0; i < ledger->cell_count; i++) {
        const struct mcb_ledger_cell *cell = &ledger->cells[i];
        if (paths->of[run][i] != MCB_LEDGER_NONE)
            continue;
        making->group_count += cell->setting != setting;
        setting = cell->setting;
        paths->groups[paths->count] = making->group_count;
        making->methods[paths->count] = method_of(ledger, cell);
        paths->of[run][i] = (uint32_t)paths->count++;
    }
    making->left[run] = 0;
}

/* A cell without a method was not measured: those around it decide. */
static bool is_of_method(struct making *making, uint32_t path, const char *method)
{
    if (!*making->methods[path])
        making->methods[path] = method;
    return !*method || strcmp(making->methods[path], method) == 0;
}

static void take_cells(struct making *making, size_t earlier, size_t later, size_t first_path,
                       const struct mcb_match *match, const struct mcb_reasons *reasons)
{
    const struct mcb_ledger *before = making->runs[earlier], *after = making->runs[later];
    uint32_t **of = making->paths->of;
    char why[MCB_DIFFERENCE_SENTENCE_MAX];
    for (size_t i = 0; i < after->cell_count; i++) {
        uint32_t path = of[later][i], number = match->before[i];
        if (path < first_path || number == MCB_LEDGER_NONE ||
            of[earlier][number] != MCB_LEDGER_NONE)
            continue;
        const struct mcb_ledger_cell *cell = &before->cells[number];
        if (mcb_reason_of(reasons, before, cell, after, &after->cells[i], why) ||
            !is_of_method(making, path, method_of(before, cell)))
            continue;
        of[earlier][number] = path;
        making->left[earlier]--;
    }
}

/* The paths from first_path on, which the later run began, take their cells of the earlier one. */
static int join(struct making *making, size_t earlier, size_t later, size_t first_path,
                struct mcb_error *error)
{
    const struct mcb_ledger *before = making->runs[earlier], *after = making->runs[later];
    struct mcb_matches matches;
    struct mcb_reasons reasons;
    if (mcb_matches_make(before, 1, after, making->by_rank, &matches, error) != 0)
        return -1;
    int status = mcb_reasons_make(before, after, &matches.list[0], false, &reasons, error);
    if (status == 0) {
        take_cells(making, earlier, later, first_path, &matches.list[0], &reasons);
        mcb_reasons_release(&reasons);
    }
    mcb_matches_release(&matches);
    return status;
}

static int make_paths(struct making *making, struct mcb_error *error)
{
    for (size_t later = making->paths->run_count; later-- > 0;) {
        size_t first_path = making->paths->count;
        if (making->left[later] == 0)
            continue;
        begin_paths(making, later);
        for (size_t earlier = later; earlier-- > 0;)
            if (making->left[earlier] > 0 && join(making, earlier, later, first_path, error) != 0)
                return -1;
    }
    return 0;
}

int mcb_trend_paths_make(const struct mcb_ledger *const *runs, size_t run_count, bool by_rank,
                         struct mcb_trend_paths *paths, struct mcb_error *error)
{
    struct mcb_trend_paths made = {.run_count = run_count};
    struct making making = {.runs = runs, .by_rank = by_rank, .paths = &made};
    int status = make_room(&making)
                     ? make_paths(&making, error)
                     : mcb_error_set(error, MCB_FAULT_HOST_MEMORY,
                                     "no memory for the paths of %zu results", run_count);
    free(making.methods);
    free(making.left);
    if (status != 0)
        mcb_trend_paths_release(&made);
    else
        *paths = made;
    return status;
}

void mcb_trend_paths_release(struct mcb_trend_paths *paths)
{
    release_numbers(paths->of, paths->run_count);
    free(paths->groups);
    *paths = (struct mcb_trend_paths){0};
}
