/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MCB_BENCH_REPORT_EMBEDDED_H
#define MCB_BENCH_REPORT_EMBEDDED_H

/* Files of the source tree that are part of the program: scripts/plot/NAME.gp,
 * bench/report/page.css, page.js. The build makes the table (scripts/embed.cmake). */

/* The text of "heat.gp"; NULL: there is none of that name. */
const char *mcb_embedded_text(const char *name);

#endif
