/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MCB_BENCH_REPORT_TITLE_H
#define MCB_BENCH_REPORT_TITLE_H

/* What a setting is called above its matrix. */

#include "bench/report/pivot.h"

enum { MCB_TITLE_MAX = 256 };

/* "write bandwidth both ways · 64 KiB · 1 QP, depth 128", without ordering and route. Foreign text:
 * clean it before printing. transport: "rdma", "tcp". Returns title. */
char *mcb_title_of_setting(const struct mcb_pivot_setting *setting, const char *transport,
                           char title[MCB_TITLE_MAX]);

/* "staged through host memory"; an unknown word as it is. */
const char *mcb_title_of_route(const char *route);

#endif
