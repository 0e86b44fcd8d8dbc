/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MCB_BENCH_REPORT_PIVOT_H
#define MCB_BENCH_REPORT_PIVOT_H

/*
 * The flat list of cells of a result document, put in the order of matrices.
 *
 * Cells that were measured under the same setting, on the same route, make one matrix; inside of it
 * they are ordered by host of the initiator, host of the target, initiator, target. Endpoints are
 * numbered in the order of the document's hosts and NICs, those that are named in cells only come
 * after them.
 */

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/fault.h"

enum { MCB_PIVOT_KEY_MAX = 192 };

/* Texts are borrowed from the document and foreign: clean them before printing. */
struct mcb_pivot_endpoint {
    const char *host, *nic, *memory;
    uint32_t host_number; /* endpoints of one host are neighbours */
};

struct mcb_pivot_cell {
    const json_t *cell;
    uint32_t setting, initiator, target; /* numbers of setting and endpoints */
    uint32_t position;                   /* in the document */
};

struct mcb_pivot_setting {
    const json_t *example;       /* one cell of it: what it was measured under */
    const char *ordering;        /* requested: "off", "on", "auto"; NULL where there is none */
    const char *route;           /* "direct", "staged", "host" */
    char key[MCB_PIVOT_KEY_MAX]; /* all of the setting but ordering and route */
    size_t first, count;         /* in mcb_pivot.cells */
};

struct mcb_pivot {
    struct mcb_pivot_setting *settings; /* in the order in which they first appear */
    struct mcb_pivot_cell *cells;
    struct mcb_pivot_endpoint *endpoints;
    size_t setting_count, cell_count, endpoint_count, host_count;
    bool several_routes;
    const json_t *ending; /* the fault that ended the run early; borrowed; NULL: none did */
};

/* document: one that mcb_result_load() or mcb_result_document() gave; it outlives the pivot. Fault:
 * HOST_MEMORY. Free with mcb_pivot_release(). */
int mcb_pivot_make(const json_t *document, struct mcb_pivot *pivot, struct mcb_error *error);
void mcb_pivot_release(struct mcb_pivot *pivot);

/* What mcb_pivot_setting.key is for a cell. */
void mcb_pivot_setting_key(const json_t *cell, char key[MCB_PIVOT_KEY_MAX]);

/* True of a cell that was not measured because the run ended: its fault is that of the document. */
bool mcb_pivot_is_of_ending(const struct mcb_pivot *pivot, const json_t *cell);

/* True of the name of a memory that is not the host's ("cpu:N"). */
bool mcb_pivot_is_of_gpu(const char *memory);

/* True if one of the setting's paths has the memory of a GPU at an end. */
bool mcb_pivot_has_gpus(const struct mcb_pivot *pivot, const struct mcb_pivot_setting *setting);

#endif
