/* SPDX-License-Identifier: Apache-2.0 */

/* All counting and sorting of a page: every cell is looked at a few times, whatever the page shows
 * of it. */

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "bench/measure/statistics.h"
#include "bench/report/page_parts.h"

enum { SUSPECTS_MARKED = 256 };

static int no_memory(struct mcb_error *error)
{
    return mcb_error_set(error, MCB_FAULT_HOST_MEMORY, "no memory for the page");
}

/* ---- orders ---- */

static const struct mcb_ledger_cell *cell_at(const void *place, const void *ledger)
{
    return &((const struct mcb_ledger *)ledger)->cells[*(const uint32_t *)place];
}

static int compare_unsigned(uint32_t left, uint32_t right)
{
    return (left > right) - (left < right);
}

static int by_place(const void *left, const void *right, void *context)
{
    const struct mcb_ledger_cell *a = cell_at(left, context), *b = cell_at(right, context);
    if (a->initiator != b->initiator)
        return compare_unsigned(a->initiator, b->initiator);
    if (a->target != b->target)
        return compare_unsigned(a->target, b->target);
    return compare_unsigned(*(const uint32_t *)left, *(const uint32_t *)right);
}

/* The less, the worse: failed cells, skipped ones, then measured ones by what they reach. */
static double goodness(const struct mcb_ledger *ledger, const struct mcb_ledger_cell *cell)
{
    if (cell->status != MCB_LEDGER_OK)
        return cell->status == MCB_LEDGER_FAILED ? -HUGE_VAL : -1e300;
    if (ledger->settings[cell->setting].latency)
        return -cell->figure;
    return cell->ceiling_gbps > 0 ? cell->figure / cell->ceiling_gbps : cell->figure;
}

static int by_goodness(const void *left, const void *right, void *context)
{
    double a = goodness(context, cell_at(left, context));
    double b = goodness(context, cell_at(right, context));
    if (a != b)
        return a < b ? -1 : 1;
    return compare_unsigned(*(const uint32_t *)left, *(const uint32_t *)right);
}

/* ---- settings ---- */

static bool is_better(bool latency, double figure, double than)
{
    return latency ? figure < than : figure > than;
}

static bool has_figure(const struct mcb_ledger_cell *cell)
{
    return cell->status == MCB_LEDGER_OK && cell->figure > 0;
}

static void count_figure(const struct mcb_ledger *ledger, struct mcb_page_setting *shown,
                         uint32_t number)
{
    const struct mcb_ledger_cell *cell = &ledger->cells[number];
    bool latency = shown->setting->latency;
    if (shown->best_cell == MCB_LEDGER_NONE ||
        is_better(latency, cell->figure, ledger->cells[shown->best_cell].figure))
        shown->best_cell = number;
    if (shown->worst_cell == MCB_LEDGER_NONE ||
        is_better(latency, ledger->cells[shown->worst_cell].figure, cell->figure))
        shown->worst_cell = number;
    if (cell->ceiling_gbps > 0) {
        if (shown->ceiling_least == 0 || cell->ceiling_gbps < shown->ceiling_least)
            shown->ceiling_least = cell->ceiling_gbps;
        shown->ceiling_most = fmax(shown->ceiling_most, cell->ceiling_gbps);
    }
}

static void count_cell(const struct mcb_page *page, struct mcb_page_setting *shown, uint32_t number)
{
    const struct mcb_ledger_cell *cell = &page->ledger->cells[number];
    const struct mcb_comparison *comparison = page->input->comparison;
    shown->ok += cell->status == MCB_LEDGER_OK;
    shown->failed += cell->status == MCB_LEDGER_FAILED;
    shown->skipped += cell->status == MCB_LEDGER_SKIPPED;
    shown->verified_bytes += cell->verified_bytes;
    shown->corrupt_bytes += cell->corrupt_bytes;
    if (page->changes[number])
        shown->regressed += mcb_comparison_is_regression(comparison, page->changes[number]);
    if (has_figure(cell))
        count_figure(page->ledger, shown, number);
}

/* numbers: room for all cells of the setting. */
static void find_figures(const struct mcb_page *page, struct mcb_page_setting *shown,
                         double *numbers)
{
    size_t count = 0;
    for (size_t i = 0; i < shown->count; i++) {
        const struct mcb_ledger_cell *cell = &page->ledger->cells[shown->places[i]];
        if (has_figure(cell))
            numbers[count++] = cell->figure;
    }
    shown->median = mcb_statistics_median(numbers, count);
    shown->low = count > 0 ? numbers[0] : 0;
    shown->high = count > 0 ? numbers[count - 1] : 0;
}

static void find_reach(const struct mcb_page *page, struct mcb_page_setting *shown, double *numbers)
{
    size_t count = 0;
    for (size_t i = 0; i < shown->count; i++) {
        const struct mcb_ledger_cell *cell = &page->ledger->cells[shown->places[i]];
        if (has_figure(cell) && cell->ceiling_gbps > 0)
            numbers[count++] = cell->figure / cell->ceiling_gbps;
    }
    shown->reach_median = mcb_statistics_median(numbers, count);
    shown->reach_least = count > 0 ? numbers[0] : 0;
}

static bool is_one_way(const struct mcb_page *page, const struct mcb_page_setting *shown)
{
    const struct mcb_ledger_cell *first = NULL;
    for (size_t i = 0; i < shown->count; i++) {
        const struct mcb_ledger_cell *cell = &page->ledger->cells[shown->places[i]];
        if (cell->status != MCB_LEDGER_OK)
            continue;
        first = first ? first : cell;
        if (strcmp(cell->method, first->method) != 0 ||
            strcmp(cell->registration, first->registration) != 0 ||
            strcmp(cell->effective, first->effective) != 0)
            return false;
    }
    return true;
}

static void prepare_setting(struct mcb_page *page, size_t number, uint32_t *room, double *numbers)
{
    struct mcb_page_setting *shown = &page->settings[number];
    const struct mcb_ledger *ledger = page->ledger;
    const struct mcb_pivot_setting *title = &ledger->settings[number].title;
    *shown = (struct mcb_page_setting){
        .setting = &ledger->settings[number],
        .places = room,
        .worst = room + title->count,
        .count = title->count,
        .worst_cell = MCB_LEDGER_NONE,
        .best_cell = MCB_LEDGER_NONE,
    };
    for (size_t i = 0; i < title->count; i++) {
        shown->places[i] = shown->worst[i] = (uint32_t)(title->first + i);
        count_cell(page, shown, shown->places[i]);
    }
    qsort_r(shown->places, shown->count, sizeof *room, by_place, (void *)ledger);
    qsort_r(shown->worst, shown->count, sizeof *room, by_goodness, (void *)ledger);
    find_figures(page, shown, numbers);
    find_reach(page, shown, numbers);
    shown->one_way = is_one_way(page, shown);
}

/* Where there is room for the values of a matrix; takes it. */
static enum mcb_page_values values_of(size_t cells, size_t *titled, size_t *in_data)
{
    if (cells <= MCB_PAGE_TITLED_CELLS && *titled + cells <= MCB_PAGE_TITLED_CELLS_ALL) {
        *titled += cells;
        return MCB_PAGE_VALUES_TITLES;
    }
    if (*in_data + cells > MCB_PAGE_DATA_CELLS_ALL)
        return MCB_PAGE_VALUES_NOWHERE;
    *in_data += cells;
    return MCB_PAGE_VALUES_DATA;
}

/* How much of each setting there is room for, in their order. */
static void share_room(struct mcb_page *page, size_t count)
{
    size_t titled = 0, in_data = 0;
    size_t shared = count < MCB_PAGE_SETTINGS_MAX ? count : MCB_PAGE_SETTINGS_MAX;
    size_t most = MCB_PAGE_CELL_ROWS_MAX / (shared ? shared : 1);
    most = most < MCB_PAGE_ROWS_MAX ? most : MCB_PAGE_ROWS_MAX;
    for (size_t i = 0; i < shared; i++) {
        struct mcb_page_setting *shown = &page->settings[i];
        shown->values = values_of(shown->count, &titled, &in_data);
        shown->table_rows = shown->count < most ? shown->count : most;
    }
}

static int prepare_settings(struct mcb_page *page, struct mcb_error *error)
{
    const struct mcb_ledger *ledger = page->ledger;
    uint32_t *room = calloc(2 * ledger->cell_count + 1, sizeof *room);
    double *numbers = calloc(ledger->cell_count + 1, sizeof *numbers);
    page->settings = calloc(ledger->setting_count + 1, sizeof *page->settings);
    if (!room || !numbers || !page->settings) {
        free(room);
        free(numbers);
        free(page->settings);
        page->settings = NULL;
        return no_memory(error);
    }
    page->settings[ledger->setting_count].places = room; /* the owner of all of it */
    for (size_t i = 0; i < ledger->setting_count; i++) {
        struct mcb_page_setting *shown = &page->settings[i];
        prepare_setting(page, i, room, numbers);
        room += 2 * shown->count;
        page->ok += shown->ok;
        page->failed += shown->failed;
        page->skipped += shown->skipped;
        page->verified_bytes += shown->verified_bytes;
        page->corrupt_bytes += shown->corrupt_bytes;
    }
    free(numbers);
    share_room(page, ledger->setting_count);
    return 0;
}

/* ---- what else is asked by number ---- */

static void index_changes(struct mcb_page *page)
{
    const struct mcb_comparison *comparison = page->input->comparison;
    for (size_t i = 0; comparison && i < comparison->row_count; i++) {
        const struct mcb_comparison_row *row = &comparison->rows[i];
        if (row->after < page->ledger->cell_count)
            page->changes[row->after] = row;
    }
    page->regressions = comparison ? mcb_comparison_regressions(comparison) : 0;
}

static void index_faults(struct mcb_page *page)
{
    const struct mcb_ledger *ledger = page->ledger;
    size_t *first = page->fault_first;
    for (size_t i = 0; i < ledger->cell_count; i++)
        if (ledger->cells[i].fault < ledger->fault_count)
            first[ledger->cells[i].fault + 1]++;
    for (size_t i = 0; i < ledger->fault_count; i++)
        first[i + 1] += first[i];
    size_t all = first[ledger->fault_count];
    for (size_t i = ledger->cell_count; i-- > 0;)
        if (ledger->cells[i].fault < ledger->fault_count)
            page->fault_cells[--first[ledger->cells[i].fault + 1]] = (uint32_t)i;
    /* what was the end of each is its beginning now */
    memmove(first, first + 1, ledger->fault_count * sizeof *first);
    first[ledger->fault_count] = all;
}

/* A finding about very many cells tells nothing of a single one. */
static void mark_suspects(struct mcb_page *page)
{
    size_t i, j;
    json_t *finding, *place;
    json_array_foreach(json_object_get(page->ledger->head, "findings"), i, finding)
    {
        const json_t *cells = json_object_get(finding, "cells");
        if (json_array_size(cells) > SUSPECTS_MARKED)
            continue;
        json_array_foreach(cells, j, place)
        {
            const struct mcb_ledger_cell *cell =
                mcb_ledger_at(page->ledger, (size_t)json_integer_value(place));
            if (cell)
                page->suspect[cell - page->ledger->cells] = true;
        }
    }
}

static int prepare_indices(struct mcb_page *page, struct mcb_error *error)
{
    const struct mcb_ledger *ledger = page->ledger;
    page->changes = calloc(ledger->cell_count + 1, sizeof(const struct mcb_comparison_row *));
    page->fault_cells = calloc(ledger->cell_count + 1, sizeof *page->fault_cells);
    page->fault_first = calloc(ledger->fault_count + 2, sizeof *page->fault_first);
    page->suspect = calloc(ledger->cell_count + 1, sizeof *page->suspect);
    page->row_at = calloc(ledger->endpoint_count + 1, sizeof *page->row_at);
    page->column_at = calloc(ledger->endpoint_count + 1, sizeof *page->column_at);
    if (!page->changes || !page->fault_cells || !page->fault_first || !page->suspect ||
        !page->row_at || !page->column_at)
        return no_memory(error);
    index_changes(page);
    index_faults(page);
    mark_suspects(page);
    return 0;
}

/* A software NIC (Soft-RoCE, siw) is no hardware; neither may be an interface that is no PCI
 * device (lo, veth). */
static void count_parts(struct mcb_page *page)
{
    bool tcp = strcmp(page->ledger->transport, "tcp") == 0;
    size_t i, j;
    json_t *host, *nic;
    json_array_foreach(json_object_get(page->ledger->head, "hosts"), i, host)
    {
        page->gpus += json_array_size(json_object_get(host, "gpus"));
        json_array_foreach(json_object_get(host, "nics"), j, nic)
        {
            page->nics++;
            page->software_nics += tcp ? !json_is_string(json_object_get(nic, "pci_address"))
                                       : json_is_true(json_object_get(nic, "software"));
        }
    }
}

int mcb_page_prepare(const struct mcb_page_input *input, struct mcb_page *page,
                     struct mcb_error *error)
{
    *page = (struct mcb_page){
        .input = input,
        .ledger = &input->ledgers[input->ledger_count - 1],
    };
    count_parts(page);
    if (prepare_indices(page, error) == 0 && prepare_settings(page, error) == 0 &&
        mcb_page_prepare_ways(page, error) == 0)
        return 0;
    mcb_page_release(page);
    return -1;
}

void mcb_page_release(struct mcb_page *page)
{
    for (size_t i = 0; i < page->way_count; i++)
        free(page->ways[i].rows);
    free(page->ways);
    if (page->settings)
        free(page->settings[page->ledger->setting_count].places);
    free(page->settings);
    free(page->column_at);
    free(page->row_at);
    free(page->suspect);
    free(page->fault_first);
    free(page->fault_cells);
    free(page->changes);
    *page = (struct mcb_page){.out = NULL};
}
