/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MCB_BENCH_REPORT_PLOT_MATRIX_H
#define MCB_BENCH_REPORT_PLOT_MATRIX_H

/*
 * Where the cells of a matrix stand on a canvas, and its labels: initiators are rows, targets
 * columns, lines between hosts. Few endpoints have large cells with their values in them; of
 * several hundred each is some pixels, and labels are thinned out.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "bench/report/pivot.h"
#include "bench/report/plot_sheet.h"

struct mcb_plot_axis {
    uint32_t *endpoints; /* in their order */
    size_t count;
    int64_t *place; /* by endpoint: where it is in that list, or -1 */
};

struct mcb_plot_matrix {
    const struct mcb_pivot_endpoint *endpoints; /* borrowed */
    size_t endpoint_count;
    struct mcb_plot_axis rows, columns;
    double left, top, cell_width, cell_height; /* in pixels */
};

/* initiators, targets: by endpoint, whether it is one. Fault: HOST_MEMORY. Free with
 * mcb_plot_matrix_release(). */
int mcb_plot_matrix_make(const struct mcb_pivot_endpoint *endpoints, size_t count,
                         const bool *initiators, const bool *targets,
                         struct mcb_plot_matrix *matrix, struct mcb_error *error);
void mcb_plot_matrix_release(struct mcb_plot_matrix *matrix);

/* False: it has too many endpoints for a picture. */
bool mcb_plot_matrix_fits(const struct mcb_plot_matrix *matrix);

/* Chooses sizes and writes labels and the lines between hosts, below `top`. */
void mcb_plot_matrix_lay(struct mcb_plot_matrix *matrix, struct mcb_sheet *sheet, double top);

/* A cell's rectangle, less `inset` on each side; x and y: its middle. */
struct mcb_plot_box {
    double x, y, left, right, top, bottom;
};

struct mcb_plot_box mcb_plot_matrix_box(const struct mcb_plot_matrix *matrix, uint32_t initiator,
                                        uint32_t target, double inset);

double mcb_plot_matrix_right(const struct mcb_plot_matrix *matrix);
double mcb_plot_matrix_bottom(const struct mcb_plot_matrix *matrix);

/* True where a value can be read in a cell. */
bool mcb_plot_matrix_has_room(const struct mcb_plot_matrix *matrix);

/* A row of a block of boxes: x, y, left, right, top, bottom, value. */
void mcb_plot_box_row(struct mcb_sheet *sheet, const char *block, const struct mcb_plot_box *box,
                      double value);

/* Cells in colours: rows of the block "cells". colours: by row and column; below 0: nothing. */
void mcb_plot_matrix_colour(const struct mcb_plot_matrix *matrix, struct mcb_sheet *sheet,
                            const int32_t *colours,
                            double value_of(int32_t colour, const void *context),
                            const void *context);

/* Frames of cells that are some pixels only would lie on each other: true if the two are so near.
 */
struct mcb_plot_place {
    uint32_t initiator, target;
};
bool mcb_plot_matrix_is_near(const struct mcb_plot_matrix *matrix, struct mcb_plot_place one,
                             struct mcb_plot_place other);

/* That, or they have an end in common: of many marks one is enough for the two. */
bool mcb_plot_matrix_is_beside(const struct mcb_plot_matrix *matrix, struct mcb_plot_place one,
                               struct mcb_plot_place other);

/* Marks a cell: a frame that is seen however small the cell is, and its number if that is not 0. */
void mcb_plot_matrix_frame(const struct mcb_plot_matrix *matrix, struct mcb_sheet *sheet,
                           uint32_t initiator, uint32_t target, size_t number);

/* A cell that failed (a cross) or was not measured (a stroke), on white. */
void mcb_plot_matrix_failed(const struct mcb_plot_matrix *matrix, struct mcb_sheet *sheet,
                            uint32_t initiator, uint32_t target, bool skipped);

/* The same as samples of a legend. */
void mcb_plot_failed_box(struct mcb_sheet *sheet, const struct mcb_plot_box *box, bool skipped);

#endif
