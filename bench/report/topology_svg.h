/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MCB_BENCH_REPORT_TOPOLOGY_SVG_H
#define MCB_BENCH_REPORT_TOPOLOGY_SVG_H

/*
 * A host's topology as a drawing (SVG 1.1): boxes in boxes, one colour a kind, on white. It holds
 * no script, no style sheet and no reference to anything outside.
 */

#include <stdio.h>

#include "bench/report/topology_view.h"
#include "common/fault.h"

/* To a file, through a temporary name and rename. Faults: HOST_OUTPUT, HOST_MEMORY. */
int mcb_topology_svg_write(const char *path, const struct mcb_topology_view *view,
                           struct mcb_error *error);

#endif
