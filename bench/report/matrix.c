/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Cells come sorted by host pair, initiator and target. A block is the range of one host pair; its
 * rows and columns are counted, the cells put into a grid, and the grid is printed in as many
 * column groups as the width asks for. Texts are made twice, once to measure and once to print,
 * which is cheaper than keeping them.
 */

#include "bench/report/matrix.h"

#include <stdlib.h>
#include <string.h>

#include "common/text.h"

enum { CELL_MAX = 96, SHARE_MAX = 16, GAP = 2, NAME_COLUMNS = 30, NO_CELL = -1 };
enum { MEMORY_MAX = 16 }; /* "cuda:99999" and what a NIC's name leaves of NAME_COLUMNS */
enum { SHARE_MOST = 999 };

static const char corner[] = "initiator ↓ target →";

/* A matrix with fewer cells than an eighth of its places is a list; a small one never is. */
enum { LIST_PLACES = 64, LIST_RATIO = 8 };

struct block {
    const struct mcb_pivot *pivot;
    const struct mcb_summary *summary;
    const struct mcb_notes *notes;
    size_t first, count;      /* cells */
    uint32_t *rows, *columns; /* endpoints */
    size_t row_count, column_count;
    int64_t *grid;                  /* row_count x column_count: number of the cell, NO_CELL */
    size_t cell_width;              /* of every column */
    size_t label_width;             /* of the row labels */
    size_t full_places, full_cells; /* places that hold several cells; the cells in them */
};

/* ---- texts ---- */

char *mcb_matrix_endpoint_label(const struct mcb_pivot_endpoint *endpoint,
                                char label[MCB_LABEL_MAX])
{
    char memory[MEMORY_MAX], nic[256];
    mcb_text_clean(endpoint->memory, memory, sizeof memory);
    mcb_text_clean(endpoint->nic, nic, sizeof nic);
    mcb_text_fit(nic, NAME_COLUMNS - 1 - mcb_text_columns(memory));
    snprintf(label, MCB_LABEL_MAX, "%s %s", nic, memory);
    return label;
}

static bool same_nic(const struct mcb_pivot *pivot, size_t left, size_t right)
{
    return right < pivot->endpoint_count &&
           pivot->endpoints[left].host_number == pivot->endpoints[right].host_number &&
           strcmp(pivot->endpoints[left].nic, pivot->endpoints[right].nic) == 0;
}

/* The NIC does not tell it, or it is a GPU's. Endpoints of one NIC are neighbours. */
static bool wants_memory(const struct mcb_pivot *pivot, uint32_t number)
{
    return same_nic(pivot, number, (size_t)number + 1) ||
           (number > 0 && same_nic(pivot, number - 1, number)) ||
           mcb_pivot_is_of_gpu(pivot->endpoints[number].memory);
}

static void path_end(const struct mcb_pivot *pivot, uint32_t number, bool memory, char *text,
                     size_t size)
{
    const struct mcb_pivot_endpoint *endpoint = &pivot->endpoints[number];
    bool hosts = pivot->host_count > 1;
    snprintf(text, size, "%.60s%s%.60s%s%.31s", hosts ? endpoint->host : "", hosts ? "/" : "",
             endpoint->nic, memory ? "/" : "", memory ? endpoint->memory : "");
}

char *mcb_matrix_path_label(const struct mcb_pivot *pivot, const struct mcb_pivot_cell *cell,
                            char label[MCB_LABEL_MAX])
{
    char from[200], to[200], joined[MCB_LABEL_MAX];
    bool memory = wants_memory(pivot, cell->initiator) || wants_memory(pivot, cell->target);
    path_end(pivot, cell->initiator, memory, from, sizeof from);
    path_end(pivot, cell->target, memory, to, sizeof to);
    snprintf(joined, sizeof joined, "%s → %s", from, to);
    return mcb_text_clean(joined, label, MCB_LABEL_MAX);
}

/* " 97%". More than ten times a ceiling is no figure to compare by, and would not fit a column. */
static void share_text(double share, char text[SHARE_MAX])
{
    if (share > SHARE_MOST)
        snprintf(text, SHARE_MAX, " >%d%%", SHARE_MOST);
    else
        snprintf(text, SHARE_MAX, " %.0f%%", share);
}

static void bandwidth_text(const json_t *cell, char text[CELL_MAX])
{
    double median = 0, ceiling = json_number_value(json_object_get(cell, "ceiling_gbps"));
    char figure[MCB_SUMMARY_FIGURE_MAX], share[SHARE_MAX] = "";
    mcb_summary_figure(cell, &median);
    if (ceiling > 0)
        share_text(100 * median / ceiling, share);
    snprintf(text, CELL_MAX, "%s%s", mcb_summary_figure_text(cell, figure), share);
}

static void latency_text(const json_t *cell, char text[CELL_MAX])
{
    const json_t *latency = json_object_get(cell, "latency_us");
    char half[MCB_TEXT_NUMBER_MAX], tail[MCB_TEXT_NUMBER_MAX];
    snprintf(text, CELL_MAX, "%s / %s",
             mcb_text_number(json_number_value(json_object_get(latency, "p50")), half),
             mcb_text_number(json_number_value(json_object_get(latency, "p99")), tail));
}

/* What stands in the place of a cell, and its colour. */
static enum mcb_paint cell_text(const struct block *block, int64_t number, char text[CELL_MAX])
{
    if (number == NO_CELL) {
        strcpy(text, "—");
        return MCB_PAINT_DIM;
    }
    const struct mcb_pivot_cell *entry = &block->pivot->cells[number];
    const json_t *cell = entry->cell;
    char figures[CELL_MAX];
    double figure;
    if (!mcb_summary_figure(cell, &figure)) {
        snprintf(text, CELL_MAX, "%.16s %c", json_string_value(json_object_get(cell, "status")),
                 mcb_notes_mark(block->notes, cell));
        return *text == 's' ? MCB_PAINT_YELLOW : MCB_PAINT_RED;
    }
    if (block->summary->latency)
        latency_text(cell, figures);
    else
        bandwidth_text(cell, figures);
    bool worst = block->summary->worst_stands_out && block->summary->worst_cell->cell == cell;
    snprintf(text, CELL_MAX, "%s%.90s", worst ? "! " : "", figures);
    return mcb_summary_is_doubtful(block->summary, figure) ? MCB_PAINT_YELLOW : MCB_PAINT_PLAIN;
}

/* ---- the grid ---- */

static int compare_numbers(const void *left, const void *right)
{
    uint32_t a = *(const uint32_t *)left, b = *(const uint32_t *)right;
    return a < b ? -1 : a > b;
}

/* Sorts, and drops what is there twice. Returns what is left. */
static size_t sort_unique(uint32_t *numbers, size_t count)
{
    size_t kept = 0;
    qsort(numbers, count, sizeof *numbers, compare_numbers);
    for (size_t i = 0; i < count; i++)
        if (kept == 0 || numbers[i] != numbers[kept - 1])
            numbers[kept++] = numbers[i];
    return kept;
}

static size_t position_of(const uint32_t *numbers, size_t count, uint32_t number)
{
    const uint32_t *at = bsearch(&number, numbers, count, sizeof *numbers, compare_numbers);
    return at ? (size_t)(at - numbers) : 0;
}

static int find_ends(struct block *block)
{
    block->rows = malloc(block->count * sizeof *block->rows);
    block->columns = malloc(block->count * sizeof *block->columns);
    if (!block->rows || !block->columns)
        return -1;
    for (size_t i = 0; i < block->count; i++) {
        block->rows[i] = block->pivot->cells[block->first + i].initiator;
        block->columns[i] = block->pivot->cells[block->first + i].target;
    }
    block->row_count = sort_unique(block->rows, block->count);
    block->column_count = sort_unique(block->columns, block->count);
    return 0;
}

static bool is_list(const struct block *block)
{
    size_t places = block->row_count * block->column_count; /* each at most 10^6 */
    return places > LIST_PLACES && block->count < places / LIST_RATIO;
}

static int fill_grid(struct block *block)
{
    size_t places = block->row_count * block->column_count;
    block->grid = malloc(places * sizeof *block->grid);
    if (!block->grid)
        return -1;
    for (size_t i = 0; i < places; i++)
        block->grid[i] = NO_CELL;
    for (size_t i = block->first; i < block->first + block->count; i++) {
        const struct mcb_pivot_cell *cell = &block->pivot->cells[i];
        int64_t *place =
            &block->grid[position_of(block->rows, block->row_count, cell->initiator) *
                             block->column_count +
                         position_of(block->columns, block->column_count, cell->target)];
        *place = (int64_t)i;
    }
    return 0;
}

/* Cells of one place are neighbours. */
static void count_full_places(struct block *block)
{
    const struct mcb_pivot_cell *cells = &block->pivot->cells[block->first];
    bool was_same = false;
    for (size_t i = 1; i < block->count; i++) {
        bool same =
            cells[i].initiator == cells[i - 1].initiator && cells[i].target == cells[i - 1].target;
        block->full_places += same && !was_same;
        block->full_cells += same ? (was_same ? 1 : 2) : 0;
        was_same = same;
    }
}

static size_t larger(size_t left, size_t right)
{
    return left > right ? left : right;
}

static void measure_widths(struct block *block)
{
    char label[MCB_LABEL_MAX], text[CELL_MAX];
    const struct mcb_pivot_endpoint *endpoints = block->pivot->endpoints;
    block->label_width = mcb_text_columns(corner);
    for (size_t i = 0; i < block->row_count; i++)
        block->label_width =
            larger(block->label_width,
                   mcb_text_columns(mcb_matrix_endpoint_label(&endpoints[block->rows[i]], label)));
    for (size_t i = 0; i < block->column_count; i++)
        block->cell_width = larger(block->cell_width, mcb_text_columns(mcb_matrix_endpoint_label(
                                                          &endpoints[block->columns[i]], label)));
    for (size_t i = 0; i < block->row_count * block->column_count; i++) {
        cell_text(block, block->grid[i], text);
        block->cell_width = larger(block->cell_width, mcb_text_columns(text));
    }
}

/* ---- printing ---- */

static void put_left(const struct mcb_canvas *canvas, enum mcb_paint paint, const char *text,
                     size_t width)
{
    mcb_canvas_put(canvas, paint, text);
    mcb_text_pad(canvas->out, width - mcb_text_columns(text));
}

static void put_right(const struct mcb_canvas *canvas, enum mcb_paint paint, const char *text,
                      size_t width)
{
    mcb_text_pad(canvas->out, width - mcb_text_columns(text));
    mcb_canvas_put(canvas, paint, text);
}

static void print_columns(const struct mcb_canvas *canvas, const struct block *block, size_t first,
                          size_t end)
{
    char label[MCB_LABEL_MAX], text[CELL_MAX];
    const struct mcb_pivot_endpoint *endpoints = block->pivot->endpoints;
    put_left(canvas, MCB_PAINT_DIM, corner, block->label_width);
    for (size_t column = first; column < end; column++)
        put_right(canvas, MCB_PAINT_PLAIN,
                  mcb_matrix_endpoint_label(&endpoints[block->columns[column]], label),
                  block->cell_width + GAP);
    fputc('\n', canvas->out);
    for (size_t row = 0; row < block->row_count; row++) {
        put_left(canvas, MCB_PAINT_PLAIN,
                 mcb_matrix_endpoint_label(&endpoints[block->rows[row]], label),
                 block->label_width);
        for (size_t column = first; column < end; column++) {
            enum mcb_paint paint =
                cell_text(block, block->grid[row * block->column_count + column], text);
            put_right(canvas, paint, text, block->cell_width + GAP);
        }
        fputc('\n', canvas->out);
    }
}

static void print_grid(const struct mcb_canvas *canvas, struct block *block)
{
    measure_widths(block);
    size_t each = block->cell_width + GAP;
    size_t room = canvas->columns > block->label_width ? canvas->columns - block->label_width : 0;
    size_t group = larger(room / each, 1);
    for (size_t first = 0; first < block->column_count; first += group) {
        size_t end = first + group < block->column_count ? first + group : block->column_count;
        print_columns(canvas, block, first, end);
    }
    count_full_places(block);
    if (block->full_places > 0)
        fprintf(canvas->out, "%zu place%s %zu cells; the last%s is shown\n", block->full_places,
                block->full_places == 1 ? " holds" : "s hold", block->full_cells,
                block->full_places == 1 ? "" : " of each");
}

static void print_list(const struct mcb_canvas *canvas, const struct block *block)
{
    char label[MCB_LABEL_MAX], text[CELL_MAX];
    size_t width = 0;
    for (size_t i = block->first; i < block->first + block->count; i++) {
        mcb_matrix_path_label(block->pivot, &block->pivot->cells[i], label);
        width = larger(width, mcb_text_columns(label));
    }
    for (size_t i = block->first; i < block->first + block->count; i++) {
        mcb_matrix_path_label(block->pivot, &block->pivot->cells[i], label);
        put_left(canvas, MCB_PAINT_PLAIN, label, width + GAP);
        enum mcb_paint paint = cell_text(block, (int64_t)i, text);
        mcb_canvas_put(canvas, paint, text);
        fputc('\n', canvas->out);
    }
}

static void print_hosts(const struct mcb_canvas *canvas, const struct block *block)
{
    char from[256], to[256];
    const struct mcb_pivot_cell *cell = &block->pivot->cells[block->first];
    if (block->pivot->host_count < 2)
        return;
    mcb_text_clean(block->pivot->endpoints[cell->initiator].host, from, sizeof from);
    mcb_text_clean(block->pivot->endpoints[cell->target].host, to, sizeof to);
    fprintf(canvas->out, "%s → %s\n", from, to);
}

static int print_block(const struct mcb_canvas *canvas, struct block *block)
{
    int outcome = find_ends(block);
    if (outcome == 0) {
        print_hosts(canvas, block);
        if (is_list(block))
            print_list(canvas, block);
        else if ((outcome = fill_grid(block)) == 0)
            print_grid(canvas, block);
    }
    free(block->grid);
    free(block->columns);
    free(block->rows);
    return outcome;
}

/* Cells from `first` on that lie between the same two hosts. */
static size_t block_length(const struct mcb_pivot *pivot, size_t first, size_t end)
{
    const struct mcb_pivot_endpoint *endpoints = pivot->endpoints;
    const struct mcb_pivot_cell *cells = pivot->cells;
    size_t at = first + 1;
    while (at < end &&
           endpoints[cells[at].initiator].host_number ==
               endpoints[cells[first].initiator].host_number &&
           endpoints[cells[at].target].host_number == endpoints[cells[first].target].host_number)
        at++;
    return at - first;
}

int mcb_matrix_print(const struct mcb_canvas *canvas, const struct mcb_pivot *pivot,
                     const struct mcb_pivot_setting *setting, const struct mcb_summary *summary,
                     const struct mcb_notes *notes, struct mcb_error *error)
{
    size_t end = setting->first + setting->count;
    for (size_t first = setting->first; first < end;) {
        struct block block = {
            .pivot = pivot,
            .summary = summary,
            .notes = notes,
            .first = first,
            .count = block_length(pivot, first, end),
        };
        if (print_block(canvas, &block) != 0)
            return mcb_error_set(error, MCB_FAULT_HOST_MEMORY, "no memory for the tables");
        first += block.count;
    }
    return 0;
}
