/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MCB_BENCH_REPORT_TOPOLOGY_TEXT_H
#define MCB_BENCH_REPORT_TOPOLOGY_TEXT_H

/*
 * A host's topology for a person: what it is made of as a tree, how far its NICs, GPUs and NUMA
 * nodes are apart as a matrix, the rails, and what is wrong with it.
 */

#include "bench/report/canvas.h"
#include "bench/report/topology_view.h"
#include "common/fault.h"

/* With more NICs, GPUs and NUMA nodes than this the matrix is left out, and a line says so: nobody
 * reads it. */
enum { MCB_TOPOLOGY_TEXT_ENDS_MAX = 256 };

/* At least 40 columns are used. A stream that cannot be written is for the caller to find with
 * ferror(). Fault: HOST_MEMORY; then nothing is printed. */
int mcb_topology_text_print(const struct mcb_canvas *canvas, const struct mcb_topology_view *view,
                            struct mcb_error *error);

#endif
