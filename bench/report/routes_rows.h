/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MCB_BENCH_REPORT_ROUTES_ROWS_H
#define MCB_BENCH_REPORT_ROUTES_ROWS_H

/* For each path with a GPU, its cells by route: what routes.h prints. */

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "bench/report/pivot.h"

enum mcb_routes_route { MCB_ROUTES_DIRECT, MCB_ROUTES_STAGED, MCB_ROUTES_HOST, MCB_ROUTES_COUNT };

struct mcb_routes_row {
    const struct mcb_pivot_cell *cells[MCB_ROUTES_COUNT]; /* NULL: none */
    uint32_t block, initiator, target;
    int64_t next; /* while it is made: the next row between the same bounce buffers; -1: none */
};

/* Rows of one setting and ordering. */
struct mcb_routes_block {
    const struct mcb_pivot_setting *setting; /* of its first cell */
    bool latency;
    bool has[MCB_ROUTES_COUNT];
    size_t first, count; /* its rows */
};

struct mcb_routes {
    const struct mcb_pivot *pivot;
    struct mcb_routes_row *rows; /* by block, initiator, target */
    struct mcb_routes_block *blocks;
    size_t row_count, block_count;
};

/* pivot: of the document; outlives them. Free with mcb_routes_release(). Fault: HOST_MEMORY. */
int mcb_routes_make(const json_t *document, const struct mcb_pivot *pivot,
                    struct mcb_routes *routes, struct mcb_error *error);
void mcb_routes_release(struct mcb_routes *routes);

/* How many cells of a setting stand in a row as its host memory. */
size_t mcb_routes_host_cells(const struct mcb_routes *routes,
                             const struct mcb_pivot_setting *setting);

#endif
