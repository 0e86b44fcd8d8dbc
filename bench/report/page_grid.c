/* SPDX-License-Identifier: Apache-2.0 */
#include "bench/report/page_grid.h"

#include "bench/report/html.h"
#include "common/text.h"

enum { LETTER = 7, LABEL_LETTERS = 34, HOST_LETTERS = 8, AXIS_LENGTH = 112, MARGIN = 6 };
enum { LINE = 12 }; /* labels that are closer than this would meet */

/* How large cells are drawn, by the longer side of the matrix. */
static const struct size {
    size_t most;
    int width, height, gap, host_gap;
    bool figures, labels;
} sizes[] = {
    {16, 54, 26, 2, 8, true, true},       {40, 40, 18, 1, 6, true, true},
    {72, 15, 15, 1, 5, false, true},      {140, 8, 8, 1, 4, false, false},
    {360, 4, 4, 0, 2, false, false},      {700, 2, 2, 0, 1, false, false},
    {SIZE_MAX, 1, 1, 0, 1, false, false},
};

/* ---- places ---- */

static size_t count_axis(const struct mcb_page *page, const int *at)
{
    size_t count = 0;
    for (size_t i = 0; i < page->ledger->endpoint_count; i++)
        count += at[i] >= 0;
    return count;
}

static void find_axes(const struct mcb_page *page, size_t setting)
{
    const struct mcb_page_setting *shown = &page->settings[setting];
    for (size_t i = 0; i < page->ledger->endpoint_count; i++)
        page->row_at[i] = page->column_at[i] = -1;
    for (size_t i = 0; i < shown->count; i++) {
        const struct mcb_ledger_cell *cell = &page->ledger->cells[shown->places[i]];
        page->row_at[cell->initiator] = page->column_at[cell->target] = 0;
    }
}

static const struct size *size_of(const struct mcb_page *page)
{
    size_t rows = count_axis(page, page->row_at), columns = count_axis(page, page->column_at);
    const struct size *size = sizes;
    while (size->most < (rows > columns ? rows : columns))
        size++;
    return size;
}

/* Gives each endpoint of an axis its place; where every host has one endpoint, gaps would tell
 * nothing. Returns where the axis ends. */
static int place_axis(const struct mcb_page *page, int *at, int begin, int step, int host_gap)
{
    const struct mcb_ledger *ledger = page->ledger;
    bool apart = count_axis(page, at) > ledger->host_count;
    int end = begin;
    uint32_t host = MCB_LEDGER_NONE;
    for (size_t i = 0; i < ledger->endpoint_count; i++) {
        if (at[i] < 0)
            continue;
        uint32_t number = ledger->endpoints[i].host_number;
        if (apart && host != MCB_LEDGER_NONE && host != number)
            end += host_gap;
        host = number;
        at[i] = end;
        end += step;
    }
    return end;
}

/* ---- labels ---- */

/* What is cut of a long one is the end of the host's name, in which those of a machine are alike.
 */
static char *label_of(const struct mcb_page_grid *grid, size_t number,
                      char label[MCB_LEDGER_LABEL_MAX])
{
    const struct mcb_pivot_endpoint *endpoint = &grid->page->ledger->endpoints[number];
    char host[256], nic[256], memory[64];
    mcb_text_clean(endpoint->host, host, sizeof host);
    mcb_text_clean(endpoint->nic, nic, sizeof nic);
    mcb_text_clean(endpoint->memory, memory, sizeof memory);
    size_t others = grid->labels ? mcb_text_columns(nic) + mcb_text_columns(memory) + 2 : 0;
    mcb_text_fit(host,
                 others + HOST_LETTERS < LABEL_LETTERS ? LABEL_LETTERS - others : HOST_LETTERS);
    if (!grid->labels)
        snprintf(label, MCB_LEDGER_LABEL_MAX, "%s", host);
    else
        snprintf(label, MCB_LEDGER_LABEL_MAX, "%s%s%s/%s", grid->several_hosts ? host : "",
                 grid->several_hosts ? "/" : "", nic, memory);
    mcb_text_fit(label, LABEL_LETTERS);
    return label;
}

/* Of the longest label, in px. */
static int label_length(const struct mcb_page_grid *grid)
{
    size_t most = 1;
    char label[MCB_LEDGER_LABEL_MAX];
    for (size_t i = 0; i < grid->page->ledger->endpoint_count; i++) {
        if (grid->page->row_at[i] < 0 && grid->page->column_at[i] < 0)
            continue;
        size_t letters = mcb_text_columns(label_of(grid, i, label));
        most = letters > most ? letters : most;
    }
    return (int)most * LETTER;
}

struct mcb_page_grid mcb_page_grid_of(const struct mcb_page *page, size_t setting)
{
    find_axes(page, setting);
    const struct size *size = size_of(page);
    struct mcb_page_grid grid = {
        .page = page,
        .cell_width = size->width - size->gap,
        .cell_height = size->height - size->gap,
        .gap = size->gap,
        .figures = size->figures,
        .labels = size->labels,
        .several_hosts = page->ledger->host_count > 1,
    };
    int label = label_length(&grid), leaning = label * 3 / 4; /* by 45 degrees */
    grid.left = (label > AXIS_LENGTH ? label : AXIS_LENGTH) + 2 * MARGIN;
    grid.top = leaning + 3 * MARGIN;
    grid.width = leaning /* the last label leans out */ +
                 place_axis(page, page->column_at, grid.left, size->width, size->host_gap);
    grid.height = MARGIN + place_axis(page, page->row_at, grid.top, size->height, size->host_gap);
    return grid;
}

static bool is_labelled(const struct mcb_page_grid *grid, const int *at, size_t number, int *last,
                        uint32_t *host)
{
    const struct mcb_pivot_endpoint *endpoint = &grid->page->ledger->endpoints[number];
    if (at[number] < 0)
        return false;
    if (!grid->labels && (*host == endpoint->host_number || at[number] < *last + LINE))
        return false;
    *host = endpoint->host_number;
    *last = at[number];
    return true;
}

static void print_row_labels(const struct mcb_page_grid *grid)
{
    const int *at = grid->page->row_at;
    char label[MCB_LEDGER_LABEL_MAX];
    uint32_t host = MCB_LEDGER_NONE;
    int last = -LINE;
    for (size_t i = 0; i < grid->page->ledger->endpoint_count; i++)
        if (is_labelled(grid, at, i, &last, &host))
            mcb_html_print(grid->page->out,
                           "<text x=\"%d\" y=\"%d\" text-anchor=\"end\">%s</text>\n",
                           grid->left - MARGIN, at[i] + (grid->cell_height + grid->gap) / 2 + 4,
                           label_of(grid, i, label));
}

static void print_column_labels(const struct mcb_page_grid *grid)
{
    const int *at = grid->page->column_at;
    char label[MCB_LEDGER_LABEL_MAX];
    uint32_t host = MCB_LEDGER_NONE;
    int last = -LINE;
    for (size_t i = 0; i < grid->page->ledger->endpoint_count; i++)
        if (is_labelled(grid, at, i, &last, &host))
            mcb_html_print(grid->page->out,
                           "<text transform=\"translate(%d %d) rotate(-45)\">%s</text>\n",
                           at[i] + (grid->cell_width + grid->gap) / 2 + 3, grid->top - MARGIN,
                           label_of(grid, i, label));
}

void mcb_page_grid_print_labels(const struct mcb_page_grid *grid)
{
    mcb_html_print(grid->page->out,
                   "<text class=\"axis\" x=\"%d\" y=\"%d\" text-anchor=\"end\">initiator &#8595; "
                   "&#160; target &#8594;</text>\n",
                   grid->left - MARGIN, grid->top - MARGIN);
    print_row_labels(grid);
    print_column_labels(grid);
}
