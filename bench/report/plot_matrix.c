/* SPDX-License-Identifier: Apache-2.0 */
#include "bench/report/plot_matrix.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "bench/report/matrix.h"
#include "common/text.h"

enum { LABEL_LINE = 12, GAP = 6, HOST_LABEL_COLUMNS = 24 };

static int axis_make(struct mcb_plot_axis *axis, const bool *is_there, size_t count)
{
    axis->endpoints = calloc(count + 1, sizeof *axis->endpoints);
    axis->place = calloc(count + 1, sizeof *axis->place);
    if (!axis->endpoints || !axis->place)
        return -1;
    for (size_t i = 0; i < count; i++) {
        axis->place[i] = is_there[i] ? (int64_t)axis->count : -1;
        if (is_there[i])
            axis->endpoints[axis->count++] = (uint32_t)i;
    }
    return 0;
}

int mcb_plot_matrix_make(const struct mcb_pivot_endpoint *endpoints, size_t count,
                         const bool *initiators, const bool *targets,
                         struct mcb_plot_matrix *matrix, struct mcb_error *error)
{
    *matrix = (struct mcb_plot_matrix){.endpoints = endpoints, .endpoint_count = count};
    if (axis_make(&matrix->rows, initiators, count) == 0 &&
        axis_make(&matrix->columns, targets, count) == 0)
        return 0;
    mcb_plot_matrix_release(matrix);
    return mcb_error_set(error, MCB_FAULT_HOST_MEMORY, "no memory for a matrix");
}

void mcb_plot_matrix_release(struct mcb_plot_matrix *matrix)
{
    free(matrix->columns.place);
    free(matrix->columns.endpoints);
    free(matrix->rows.place);
    free(matrix->rows.endpoints);
    *matrix = (struct mcb_plot_matrix){.endpoints = NULL};
}

bool mcb_plot_matrix_fits(const struct mcb_plot_matrix *matrix)
{
    return matrix->rows.count <= MCB_PLOT_ENDPOINTS_MOST &&
           matrix->columns.count <= MCB_PLOT_ENDPOINTS_MOST;
}

/* ---- labels ---- */

/* How many pixels an endpoint gets, by how many there are. */
static const struct size {
    size_t most;
    double width, height;
} sizes[] = {{6, 76, 42}, {12, 56, 32}, {20, 44, 26}, {32, 22, 22},    {64, 14, 14},
             {128, 8, 8}, {200, 6, 6},  {320, 4, 4},  {SIZE_MAX, 3, 3}};

static void choose_size(struct mcb_plot_matrix *matrix)
{
    size_t most =
        matrix->rows.count > matrix->columns.count ? matrix->rows.count : matrix->columns.count;
    const struct size *size = sizes;
    while (size->most < most)
        size++;
    matrix->cell_width = size->width;
    matrix->cell_height = size->height;
}

static const struct mcb_pivot_endpoint *endpoint_at(const struct mcb_plot_matrix *matrix,
                                                    const struct mcb_plot_axis *axis, size_t at)
{
    return &matrix->endpoints[axis->endpoints[at]];
}

static bool is_same_host(const struct mcb_plot_matrix *matrix, const struct mcb_plot_axis *axis,
                         size_t one, size_t other)
{
    return strcmp(endpoint_at(matrix, axis, one)->host, endpoint_at(matrix, axis, other)->host) ==
           0;
}

/* The place behind the host that has the place `first`. */
static size_t host_end(const struct mcb_plot_matrix *matrix, const struct mcb_plot_axis *axis,
                       size_t first)
{
    size_t end = first + 1;
    while (end < axis->count && is_same_host(matrix, axis, first, end))
        end++;
    return end;
}

static bool has_several_hosts(const struct mcb_plot_matrix *matrix)
{
    const struct mcb_plot_axis *rows = &matrix->rows, *columns = &matrix->columns;
    return host_end(matrix, rows, 0) < rows->count ||
           host_end(matrix, columns, 0) < columns->count ||
           strcmp(endpoint_at(matrix, rows, 0)->host, endpoint_at(matrix, columns, 0)->host) != 0;
}

static char *host_label(const struct mcb_pivot_endpoint *endpoint, char label[MCB_LABEL_MAX])
{
    return mcb_sheet_shorten(mcb_text_clean(endpoint->host, label, MCB_LABEL_MAX),
                             HOST_LABEL_COLUMNS);
}

/* Width of the widest label of an axis, as it stands in that block. */
static double widest(const struct mcb_plot_matrix *matrix, const struct mcb_plot_axis *axis,
                     const char *block, char *label_of(const struct mcb_pivot_endpoint *, char *))
{
    char label[MCB_LABEL_MAX];
    double most = 0;
    for (size_t i = 0; i < axis->count; i++) {
        double width = mcb_sheet_text_width(block, label_of(endpoint_at(matrix, axis, i), label));
        most = width > most ? width : most;
    }
    return most;
}

/* Of each so many endpoints of a host one has a label. */
static size_t stride_of(double pixels)
{
    size_t stride = 1;
    while ((double)stride * pixels < LABEL_LINE)
        stride *= 2;
    return stride;
}

/* Endpoints have labels where a host has room for two, or they have room for one each. */
static bool has_endpoint_labels(const struct mcb_plot_matrix *matrix,
                                const struct mcb_plot_axis *axis, double pixels)
{
    size_t most = 0, stride = stride_of(pixels);
    for (size_t i = 0, end; i < axis->count; i = end) {
        end = host_end(matrix, axis, i);
        most = end - i > most ? end - i : most;
    }
    return stride == 1 || most >= 2 * stride;
}

/* Names of hosts stand along their columns where all of them have room, else upright. */
static bool hosts_lie_flat(const struct mcb_plot_matrix *matrix)
{
    const struct mcb_plot_axis *axis = &matrix->columns;
    char label[MCB_LABEL_MAX];
    bool flat = true;
    for (size_t i = 0, end; flat && i < axis->count; i = end) {
        end = host_end(matrix, axis, i);
        host_label(endpoint_at(matrix, axis, i), label);
        flat = mcb_sheet_text_width("bold_centre", label) < (double)(end - i) * matrix->cell_width;
    }
    return flat;
}

/* at: the side towards the matrix. A label stands where there is room since the last one. */
static void label_rows_of_hosts(const struct mcb_plot_matrix *matrix, struct mcb_sheet *sheet,
                                double at)
{
    char label[MCB_LABEL_MAX];
    double free_from = 0;
    for (size_t i = 0, end; i < matrix->rows.count; i = end) {
        end = host_end(matrix, &matrix->rows, i);
        double middle = matrix->top + (double)(i + end) / 2 * matrix->cell_height;
        if (middle < free_from)
            continue;
        free_from = middle + LABEL_LINE;
        mcb_sheet_text(sheet, "bold_right", at, middle, MCB_INK,
                       host_label(endpoint_at(matrix, &matrix->rows, i), label));
    }
}

static void label_columns_of_hosts(const struct mcb_plot_matrix *matrix, struct mcb_sheet *sheet,
                                   double at)
{
    char label[MCB_LABEL_MAX];
    double free_from = 0;
    bool flat = hosts_lie_flat(matrix);
    for (size_t i = 0, end; i < matrix->columns.count; i = end) {
        end = host_end(matrix, &matrix->columns, i);
        double middle = matrix->left + (double)(i + end) / 2 * matrix->cell_width;
        if (middle < free_from)
            continue;
        free_from = flat ? 0 : middle + LABEL_LINE;
        mcb_sheet_text(sheet, flat ? "bold_centre" : "bold_up", middle, flat ? at - 6 : at, MCB_INK,
                       host_label(endpoint_at(matrix, &matrix->columns, i), label));
    }
}

static void label_endpoints(const struct mcb_plot_matrix *matrix, struct mcb_sheet *sheet,
                            bool rows)
{
    const struct mcb_plot_axis *axis = rows ? &matrix->rows : &matrix->columns;
    double pixels = rows ? matrix->cell_height : matrix->cell_width, free_from = 0;
    char label[MCB_LABEL_MAX];
    for (size_t i = 0, first = 0; i < axis->count; i++) {
        double middle = ((double)i + 0.5) * pixels;
        if (i > 0 && !is_same_host(matrix, axis, i - 1, i))
            first = i;
        if ((i - first) % stride_of(pixels) != 0 || middle < free_from)
            continue;
        free_from = middle + LABEL_LINE - 1;
        mcb_matrix_endpoint_label(endpoint_at(matrix, axis, i), label);
        if (rows)
            mcb_sheet_text(sheet, "right", matrix->left - GAP, matrix->top + middle, MCB_INK,
                           label);
        else
            mcb_sheet_text(sheet, "up", matrix->left + middle, matrix->top - GAP, MCB_INK, label);
    }
}

/* ---- places ---- */

double mcb_plot_matrix_right(const struct mcb_plot_matrix *matrix)
{
    return matrix->left + (double)matrix->columns.count * matrix->cell_width;
}

double mcb_plot_matrix_bottom(const struct mcb_plot_matrix *matrix)
{
    return matrix->top + (double)matrix->rows.count * matrix->cell_height;
}

/* True if hosts of an axis are so large that lines between them help. */
static bool has_host_lines(const struct mcb_plot_matrix *matrix, const struct mcb_plot_axis *axis,
                           double pixels)
{
    enum { HOST_LEAST = 24 };
    size_t hosts = 0;
    for (size_t i = 0; i < axis->count; i = host_end(matrix, axis, i))
        hosts++;
    return (double)axis->count * pixels >= (double)hosts * HOST_LEAST;
}

/* Around all, and between hosts, where they reach over the labels of endpoints too. */
static void draw_lines(const struct mcb_plot_matrix *matrix, struct mcb_sheet *sheet, bool rows)
{
    const struct mcb_plot_axis *axis = rows ? &matrix->rows : &matrix->columns;
    double pixels = rows ? matrix->cell_height : matrix->cell_width;
    double width = mcb_plot_matrix_right(matrix) - matrix->left + GAP;
    double height = mcb_plot_matrix_bottom(matrix) - matrix->top + GAP;
    bool inner = has_host_lines(matrix, axis, pixels);
    for (size_t i = 0; i <= axis->count; i = i < axis->count ? host_end(matrix, axis, i) : i + 1) {
        double at = (rows ? matrix->top : matrix->left) + (double)i * pixels;
        if (i > 0 && i < axis->count && !inner)
            continue;
        if (rows)
            mcb_sheet_row(sheet, "lines", "%.1f\t%.1f\t%.1f\t0", matrix->left - GAP, at, width);
        else
            mcb_sheet_row(sheet, "lines", "%.1f\t%.1f\t0\t%.1f", at, matrix->top - GAP, height);
    }
}

/* What labels of an axis need. */
struct label_room {
    double endpoints, hosts; /* 0: there are none */
};

static struct label_room row_room(const struct mcb_plot_matrix *matrix)
{
    struct label_room room = {0, 0};
    if (has_endpoint_labels(matrix, &matrix->rows, matrix->cell_height))
        room.endpoints = widest(matrix, &matrix->rows, "right", mcb_matrix_endpoint_label) + GAP;
    if (has_several_hosts(matrix))
        room.hosts = widest(matrix, &matrix->rows, "bold_right", host_label) + GAP;
    return room;
}

static struct label_room column_room(const struct mcb_plot_matrix *matrix)
{
    struct label_room room = {0, 0};
    if (has_endpoint_labels(matrix, &matrix->columns, matrix->cell_width))
        room.endpoints = widest(matrix, &matrix->columns, "up", mcb_matrix_endpoint_label) + GAP;
    if (has_several_hosts(matrix))
        room.hosts = hosts_lie_flat(matrix)
                         ? LABEL_LINE + GAP
                         : widest(matrix, &matrix->columns, "bold_up", host_label) + GAP;
    return room;
}

void mcb_plot_matrix_lay(struct mcb_plot_matrix *matrix, struct mcb_sheet *sheet, double top)
{
    enum { AXIS_LINE = 18, AXIS_WIDTH = 70 };
    choose_size(matrix);
    struct label_room rows = row_room(matrix), columns = column_room(matrix);
    matrix->left = round(MCB_SHEET_MARGIN + AXIS_LINE + rows.endpoints + rows.hosts + GAP);
    matrix->top = round(top + AXIS_LINE + columns.endpoints + columns.hosts + GAP);
    if (rows.endpoints > 0)
        label_endpoints(matrix, sheet, true);
    if (columns.endpoints > 0)
        label_endpoints(matrix, sheet, false);
    if (rows.hosts > 0)
        label_rows_of_hosts(matrix, sheet, matrix->left - GAP - rows.endpoints);
    if (columns.hosts > 0)
        label_columns_of_hosts(matrix, sheet, matrix->top - GAP - columns.endpoints);
    mcb_sheet_text(sheet, "left", matrix->left, top + 4, MCB_INK_PALE, "target →");
    mcb_sheet_text(sheet, "up", MCB_SHEET_MARGIN + 4, matrix->top + AXIS_WIDTH, MCB_INK_PALE,
                   "← initiator");
    draw_lines(matrix, sheet, true);
    draw_lines(matrix, sheet, false);
}

struct mcb_plot_box mcb_plot_matrix_box(const struct mcb_plot_matrix *matrix, uint32_t initiator,
                                        uint32_t target, double inset)
{
    double column = (double)matrix->columns.place[target];
    double row = (double)matrix->rows.place[initiator];
    struct mcb_plot_box box = {
        .left = matrix->left + column * matrix->cell_width + inset,
        .right = matrix->left + (column + 1) * matrix->cell_width - inset,
        .top = matrix->top + row * matrix->cell_height + inset,
        .bottom = matrix->top + (row + 1) * matrix->cell_height - inset,
    };
    box.x = (box.left + box.right) / 2;
    box.y = (box.top + box.bottom) / 2;
    return box;
}

bool mcb_plot_matrix_has_room(const struct mcb_plot_matrix *matrix)
{
    return matrix->cell_width >= 40;
}

/* ---- colours ---- */

/* More boxes than that make a picture slow to draw. */
enum { BOXES_MOST = 4096 };

/* True if each cell is a box of its own; else those beside each other that have one colour are one.
 */
static bool has_boxes(const struct mcb_plot_matrix *matrix)
{
    return matrix->rows.count * matrix->columns.count <= BOXES_MOST;
}

/* Each reaches below the next ones, so that nothing shines through between them. */
static struct mcb_plot_box run_box(const struct mcb_plot_matrix *matrix, size_t row, size_t first,
                                   size_t end)
{
    static const double overlap = 0.6;
    bool alone = has_boxes(matrix);
    double inset = alone && matrix->cell_width >= 12 ? 1 : 0, more = alone ? -inset : overlap;
    struct mcb_plot_box box = {
        .left = matrix->left + (double)first * matrix->cell_width + inset,
        .right = matrix->left + (double)end * matrix->cell_width + more,
        .top = matrix->top + (double)row * matrix->cell_height + inset,
        .bottom = matrix->top + (double)(row + 1) * matrix->cell_height + more,
    };
    box.x = (box.left + box.right) / 2;
    box.y = (box.top + box.bottom) / 2;
    return box;
}

void mcb_plot_matrix_colour(const struct mcb_plot_matrix *matrix, struct mcb_sheet *sheet,
                            const int32_t *colours,
                            double value_of(int32_t colour, const void *context),
                            const void *context)
{
    size_t columns = matrix->columns.count;
    bool alone = has_boxes(matrix);
    for (size_t row = 0; row < matrix->rows.count; row++)
        for (size_t first = 0, end; first < columns; first = end) {
            int32_t colour = colours[row * columns + first];
            end = first + 1;
            while (!alone && end < columns && colours[row * columns + end] == colour)
                end++;
            struct mcb_plot_box box = run_box(matrix, row, first, end);
            if (colour >= 0)
                mcb_plot_box_row(sheet, "cells", &box, value_of(colour, context));
        }
}

/* ---- marks ---- */

bool mcb_plot_matrix_is_near(const struct mcb_plot_matrix *matrix, struct mcb_plot_place one,
                             struct mcb_plot_place other)
{
    enum { FRAME = 26 };
    struct mcb_plot_box a = mcb_plot_matrix_box(matrix, one.initiator, one.target, 0);
    struct mcb_plot_box b = mcb_plot_matrix_box(matrix, other.initiator, other.target, 0);
    return matrix->cell_width < FRAME && fabs(a.x - b.x) < FRAME && fabs(a.y - b.y) < FRAME;
}

bool mcb_plot_matrix_is_beside(const struct mcb_plot_matrix *matrix, struct mcb_plot_place one,
                               struct mcb_plot_place other)
{
    return one.initiator == other.initiator || one.target == other.target ||
           mcb_plot_matrix_is_near(matrix, one, other);
}

void mcb_plot_box_row(struct mcb_sheet *sheet, const char *block, const struct mcb_plot_box *box,
                      double value)
{
    mcb_sheet_row(sheet, block, "%.1f\t%.1f\t%.1f\t%.1f\t%.1f\t%.1f\t%.9g", box->x, box->y,
                  box->left, box->right, box->top, box->bottom, value);
}

static struct mcb_plot_box at_least(struct mcb_plot_box box, double pixels)
{
    double wider = (pixels - (box.right - box.left)) / 2;
    double higher = (pixels - (box.bottom - box.top)) / 2;
    box.left -= wider > 0 ? wider : 0;
    box.right += wider > 0 ? wider : 0;
    box.top -= higher > 0 ? higher : 0;
    box.bottom += higher > 0 ? higher : 0;
    return box;
}

void mcb_plot_matrix_frame(const struct mcb_plot_matrix *matrix, struct mcb_sheet *sheet,
                           uint32_t initiator, uint32_t target, size_t number)
{
    enum { LEAST = 15 };
    struct mcb_plot_box seen = at_least(mcb_plot_matrix_box(matrix, initiator, target, -1), LEAST);
    mcb_plot_box_row(sheet, "frames", &seen, 0);
    if (number == 0)
        return;
    struct mcb_plot_box tag = {.left = seen.right - 2,
                               .right = seen.right + 12,
                               .top = seen.top - 9,
                               .bottom = seen.top + 5};
    tag.x = (tag.left + tag.right) / 2;
    tag.y = (tag.top + tag.bottom) / 2;
    mcb_plot_box_row(sheet, "tags", &tag, 0);
    mcb_sheet_row(sheet, "tag_numbers", "%.1f\t%.1f\t\"%zu\"", tag.x, tag.y, number);
}

/* Strokes over a box that a cross needs; at least so large that they are seen. */
void mcb_plot_failed_box(struct mcb_sheet *sheet, const struct mcb_plot_box *box, bool skipped)
{
    struct mcb_plot_box seen = at_least(*box, 5);
    double width = seen.right - seen.left, height = seen.bottom - seen.top;
    double x = seen.left + width * 0.2, y = seen.top + height * 0.2;
    width *= 0.6;
    height *= 0.6;
    mcb_plot_box_row(sheet, skipped ? "skipped" : "failed", box, 0);
    mcb_sheet_row(sheet, skipped ? "strokes" : "crosses", "%.1f\t%.1f\t%.1f\t%.1f", x, y + height,
                  width, -height);
    if (!skipped)
        mcb_sheet_row(sheet, "crosses", "%.1f\t%.1f\t%.1f\t%.1f", x, y, width, height);
}

void mcb_plot_matrix_failed(const struct mcb_plot_matrix *matrix, struct mcb_sheet *sheet,
                            uint32_t initiator, uint32_t target, bool skipped)
{
    double inset = matrix->cell_width >= 12 ? 1 : 0;
    struct mcb_plot_box box = mcb_plot_matrix_box(matrix, initiator, target, inset);
    mcb_plot_failed_box(sheet, &box, skipped);
}
