/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MCB_BENCH_REPORT_SUSPECTS_H
#define MCB_BENCH_REPORT_SUSPECTS_H

/*
 * "Look here first": what the cells of a result say together and no single one of them can.
 *
 * A pure function of the document. What it finds, worst first:
 *
 *   RDMA_RAIL   between hosts all pairs of NICs of different rails find no way, all of the same
 *               rail work, of two rails at least
 *   any other   cells that failed with the same fault; those of a NIC of which no path works, or
 *               none in one direction, are a finding of their own; of a fault that ended the run
 *               the document itself tells
 *   PERF_GPU    memory of GPUs at less than 70 % of what host memory reaches between the same NICs;
 *               through staging only on hardware, where no path is direct
 *   PERF_PATH   a path far below its ceiling, or below the others; how the other paths of its NICs
 *               do, and which counters rose. Slow paths that have a NIC in common are one finding.
 *   RDMA_MTU    paths between hosts whose two ports have different MTUs: mcbench takes the lesser,
 *               programs that do not will fail
 *
 * A healthy matrix has none. slow.h says which paths are far below their ceilings or the others.
 */

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

#include "bench/report/canvas.h"
#include "common/fault.h"

enum { MCB_SUSPECTS_MAX = 64 };

struct mcb_suspect {
    struct mcb_error error; /* the detail is the evidence */
    size_t *cells;          /* places in the document's "cells", ascending; owned */
    size_t cell_count;
    double weight; /* the larger, the worse */
    bool repeated; /* the cells tell this fault themselves: it is new only what they have in common
                    */
};

struct mcb_suspects {
    struct mcb_suspect *list; /* MCB_SUSPECTS_MAX at most */
    size_t count;
};

/* document: as for mcb_pivot_make(). Fault: HOST_MEMORY. Free with mcb_suspects_release(). */
int mcb_suspects_make(const json_t *document, struct mcb_suspects *suspects,
                      struct mcb_error *error);
void mcb_suspects_release(struct mcb_suspects *suspects);

/* The "findings" of the document. New reference. */
json_t *mcb_suspects_to_json(const struct mcb_suspects *suspects);

/* Ends a document whose cells are all there: takes the counters from cells that neither failed nor
 * are slow, and sets "findings". Ranks with the same cells come to the same. Fault: HOST_MEMORY. */
int mcb_suspects_conclude(json_t *document, struct mcb_error *error);

/* "look here first" and what is suspect, with cause and fix where no cell has told them; nothing if
 * nothing is, or only single cells that failed. Fault: HOST_MEMORY. */
int mcb_suspects_print(const struct mcb_canvas *canvas, const json_t *document,
                       struct mcb_error *error);

#endif
