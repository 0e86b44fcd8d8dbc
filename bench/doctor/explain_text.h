/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MCB_BENCH_DOCTOR_EXPLAIN_TEXT_H
#define MCB_BENCH_DOCTOR_EXPLAIN_TEXT_H

/* What was found in logs, for a person. */

#include <stdbool.h>

#include "bench/doctor/explain.h"
#include "bench/report/canvas.h"

/* explain: finished. all: every real error, not only the first of each host and path; and every
 * kind of what is not known. */
void mcb_explain_text_print(const struct mcb_canvas *canvas, const struct mcb_explain *explain,
                            bool all);

#endif
