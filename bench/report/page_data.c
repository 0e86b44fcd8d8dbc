/* SPDX-License-Identifier: Apache-2.0 */

/*
 * What the script shows of matrices whose cells are no elements, as JSON:
 *
 *   {"endpoints": ["n1/mlx5_0/cpu:0", ...], "faults": ["MCB-RDMA-013 title", ...],
 *    "changes": ["broken", ...], "matrices": {"2": {"unit": "Gbit/s", "width": 4, "height": 4,
 *    "rows": [endpoint, y, ...], "columns": [endpoint, x, ...], "cells": [[...], ...]}}}
 *
 * A row of "cells" has an entry a column, in their order:
 *   [n]                                     n columns without a cell
 *   [figure, low, high, per cent]           measured; per cent of the ceiling, 0: it has none
 *   [figure, low, high, per cent, change, before]  the same of a cell that changed
 *   -1 - 2 * fault - skipped                failed or skipped
 * Rows end with their last cell.
 */
#include <string.h>

#include "bench/report/html.h"
#include "bench/report/page_grid.h"
#include "bench/report/page_parts.h"

enum { IDS_MAX = 64 };

static bool is_in_data(const struct mcb_page_setting *shown)
{
    return shown->values == MCB_PAGE_VALUES_DATA && shown->count > 0;
}

static bool is_any(const struct mcb_page *page)
{
    for (size_t i = 0; i < page->ledger->setting_count; i++)
        if (is_in_data(&page->settings[i]))
            return true;
    return false;
}

static void print_endpoints(const struct mcb_page *page)
{
    FILE *out = page->out;
    char name[MCB_LEDGER_LABEL_MAX];
    mcb_html_put(out, "{\"endpoints\":[");
    for (size_t i = 0; i < page->ledger->endpoint_count; i++) {
        const struct mcb_pivot_endpoint *endpoint = &page->ledger->endpoints[i];
        snprintf(name, sizeof name, "%s/%s/%s", endpoint->host, endpoint->nic, endpoint->memory);
        fputs(i ? ",\n" : "", out);
        mcb_html_json_text(out, name);
    }
    mcb_html_put(out, "],\n");
}

/* Faults by their ids, each of which the script names by its first title. */
struct ids {
    const struct mcb_ledger_fault *first[IDS_MAX];
    size_t count;
};

/* ids->count: it is none of them. */
static size_t find_id(const struct ids *ids, const struct mcb_ledger_fault *fault)
{
    size_t at = 0;
    while (at < ids->count && strcmp(ids->first[at]->id, fault->id) != 0)
        at++;
    return at;
}

static struct ids find_ids(const struct mcb_page *page)
{
    struct ids ids = {.count = 0};
    for (size_t i = 0; i < page->ledger->fault_count && ids.count < IDS_MAX; i++) {
        const struct mcb_ledger_fault *fault = &page->ledger->faults[i];
        if (find_id(&ids, fault) == ids.count)
            ids.first[ids.count++] = fault;
    }
    return ids;
}

static void print_names(const struct mcb_page *page, const struct ids *ids)
{
    FILE *out = page->out;
    char name[MCB_PAGE_FAULT_NAME_MAX];
    mcb_html_put(out, "\"faults\":[");
    for (size_t i = 0; i < ids->count; i++) {
        fputs(i ? ",\n" : "", out);
        mcb_html_json_text(out, mcb_page_fault_name(ids->first[i], name));
    }
    mcb_html_put(out, "],\n\"changes\":[");
    for (int change = 0; change < MCB_CHANGES; change++) {
        fputs(change ? "," : "", out);
        mcb_html_json_text(out, mcb_change_name((enum mcb_change)change));
    }
    mcb_html_put(out, "],\n");
}

/* Endpoints of an axis with their places. */
static void print_axis(const struct mcb_page *page, const char *name, const int *at)
{
    bool first = true;
    fprintf(page->out, "\"%s\":[", name);
    for (size_t i = 0; i < page->ledger->endpoint_count; i++) {
        if (at[i] < 0)
            continue;
        fprintf(page->out, "%s%zu,%d", first ? "" : ",", i, at[i]);
        first = false;
    }
    mcb_html_put(page->out, "],\n");
}

static void print_measured(const struct mcb_page *page, uint32_t number)
{
    FILE *out = page->out;
    const struct mcb_ledger_cell *cell = &page->ledger->cells[number];
    const struct mcb_comparison_row *row = page->changes[number];
    const double figures[] = {cell->figure, cell->low, cell->high};
    mcb_html_put(out, "[");
    for (size_t i = 0; i < sizeof figures / sizeof *figures; i++) {
        mcb_html_json_number(out, figures[i]);
        mcb_html_put(out, ",");
    }
    fprintf(out, "%.0f", cell->ceiling_gbps > 0 ? 100 * cell->figure / cell->ceiling_gbps : 0.0);
    if (row && row->change != MCB_CHANGE_UNCHANGED) {
        fprintf(out, ",%d,", (int)row->change);
        mcb_html_json_number(out, row->before_figure);
    }
    mcb_html_put(out, "]");
}

static void print_cell(const struct mcb_page *page, const struct ids *ids, uint32_t number)
{
    const struct mcb_ledger_cell *cell = &page->ledger->cells[number];
    const struct mcb_ledger_fault *fault = mcb_page_fault_of(page, cell);
    size_t id = fault ? find_id(ids, fault) : ids->count;
    if (cell->status == MCB_LEDGER_OK)
        print_measured(page, number);
    else
        fprintf(page->out, "-%zu", 1 + 2 * id + (cell->status == MCB_LEDGER_SKIPPED));
}

/* The number of columns before that of an endpoint, counted on from one before it. */
static size_t columns_up_to(const struct mcb_page *page, uint32_t target, uint32_t *from)
{
    size_t columns = 0;
    for (; *from < target; ++*from)
        columns += page->column_at[*from] >= 0;
    return columns;
}

static void print_cells(const struct mcb_page *page, const struct ids *ids, size_t setting)
{
    FILE *out = page->out;
    const struct mcb_page_setting *shown = &page->settings[setting];
    uint32_t number, row = MCB_LEDGER_NONE, column = 0;
    mcb_html_put(out, "\"cells\":[");
    for (size_t i = 0; i < shown->count;) {
        i = mcb_page_matrix_next(page, setting, i, &number);
        const struct mcb_ledger_cell *cell = &page->ledger->cells[number];
        bool begins = cell->initiator != row;
        if (begins) {
            fputs(row == MCB_LEDGER_NONE ? "[" : "],\n[", out);
            row = cell->initiator;
            column = 0;
        }
        size_t empty = columns_up_to(page, cell->target, &column);
        if (empty > 0)
            fprintf(out, "%s[%zu]", begins ? "" : ",", empty);
        fputs(begins && empty == 0 ? "" : ",", out);
        print_cell(page, ids, number);
        column++;
    }
    mcb_html_put(out, "]]}");
}

static void print_matrix(const struct mcb_page *page, const struct ids *ids, size_t setting)
{
    const struct mcb_page_grid grid = mcb_page_grid_of(page, setting);
    fprintf(page->out, "\"%zu\":{\"unit\":", setting);
    mcb_html_json_text(page->out, mcb_ledger_unit(page->settings[setting].setting));
    fprintf(page->out, ",\"width\":%d,\"height\":%d,\n", grid.cell_width, grid.cell_height);
    print_axis(page, "rows", page->row_at);
    print_axis(page, "columns", page->column_at);
    print_cells(page, ids, setting);
}

void mcb_page_data(const struct mcb_page *page)
{
    const struct ids ids = find_ids(page);
    bool first = true;
    if (!is_any(page))
        return;
    mcb_html_put(page->out, "<script type=\"application/json\" id=\"data\">\n");
    print_endpoints(page);
    print_names(page, &ids);
    mcb_html_put(page->out, "\"matrices\":{");
    for (size_t i = 0; i < page->ledger->setting_count; i++) {
        if (!is_in_data(&page->settings[i]))
            continue;
        fputs(first ? "" : ",\n", page->out);
        print_matrix(page, &ids, i);
        first = false;
    }
    mcb_html_put(page->out, "}}\n</script>\n");
}
