/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MCB_BENCH_REPORT_PAGE_GRID_H
#define MCB_BENCH_REPORT_PAGE_GRID_H

/*
 * Where the rows and columns of a heat map are, in px, and what they are called.
 *
 * The more endpoints, the smaller the cells. Hosts stand apart from each other. Where there is no
 * room for a label of each endpoint, hosts are labelled where theirs begin.
 */

#include <stdbool.h>
#include <stddef.h>

#include "bench/report/page_parts.h"

struct mcb_page_grid {
    const struct mcb_page *page; /* whose row_at and column_at have the places */
    int cell_width, cell_height; /* without the gap */
    int gap;
    int left, top;     /* where cells begin */
    int width, height; /* of the whole map */
    bool figures;      /* there is room for them in the cells */
    bool labels;       /* of each endpoint; else of hosts */
    bool several_hosts;
};

/* Lays out the matrix of a setting: page->row_at and column_at are its until the next call. */
struct mcb_page_grid mcb_page_grid_of(const struct mcb_page *page, size_t setting);

/* Labels of all rows and columns, as elements of an SVG. */
void mcb_page_grid_print_labels(const struct mcb_page_grid *grid);

#endif
