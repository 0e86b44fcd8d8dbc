/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MCB_BENCH_REPORT_ROUTES_H
#define MCB_BENCH_REPORT_ROUTES_H

/*
 * GPU beside CPU: what a path of a GPU's memory reaches directly, staged, and between the host
 * memories beside it, where a result has several routes (--compare staged). One table for each
 * setting and ordering, a row for each path; below it what GPUDirect is worth in one sentence, and
 * where it is far below host memory, the places to look at.
 */

#include "bench/report/canvas.h"
#include "bench/report/routes_rows.h"

/* Prints nothing if there is only one route, or no GPU on any path. transport: "rdma" or "tcp".
 * Fault: HOST_MEMORY. */
int mcb_routes_print(const struct mcb_canvas *canvas, const struct mcb_routes *routes,
                     const char *transport, struct mcb_error *error);

#endif
