/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MCB_BENCH_MEASURE_ROUND_H
#define MCB_BENCH_MEASURE_ROUND_H

/* One round of a run, through all of its phases (see run.h). */

#include <jansson.h>
#include <stddef.h>

#include "bench/measure/run.h"

/* Measures round `index` of the plan. *cells, on success: every cell of the round, those of other
 * ranks included, as the result document has them, in the order of the plan; new reference. -1 only
 * for what ends the job. */
int mcb_round_measure(const struct mcb_run *run, size_t index, int event_fd, json_t **cells,
                      struct mcb_error *error);

/* The entry of a cell that was not measured because the job ended with `fault`: failed if the fault
 * is the loss of one of its hosts, else skipped. New reference. */
json_t *mcb_round_skipped_cell(const struct mcb_run *run, size_t round, size_t path,
                               const struct mcb_error *fault);

#endif
