/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MCB_BENCH_REPORT_SIDES_H
#define MCB_BENCH_REPORT_SIDES_H

/* The two ends of a failed cell side by side. */

#include <jansson.h>
#include <stddef.h>

#include "bench/report/canvas.h"

/* "sides" of a cell, a row an attribute that is known; what should be the same on both and is not
 * is marked "!". Nothing for what is no object. */
void mcb_sides_print(const struct mcb_canvas *canvas, const json_t *sides, size_t indent);

#endif
