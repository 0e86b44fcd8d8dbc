/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MCB_BENCH_MEASURE_ROUND_RECORD_H
#define MCB_BENCH_MEASURE_ROUND_RECORD_H

/*
 * The last phase of a round: what each rank measured becomes the entries of the result document, on
 * every rank. Of use to round.c alone.
 */

#include <jansson.h>
#include <stddef.h>

#include "bench/measure/phase.h"

/* A path of a round as a cell of which nothing has been measured. */
struct mcb_cell mcb_round_cell(const struct mcb_run *run, const struct mcb_round *round,
                               size_t path);

/* Exchanges the figures of all cells of the round. *cells as in mcb_round_measure(). A rank whose
 * record is wrong is blamed. Faults: NET_PROTOCOL, HOST_MEMORY, those of the cluster. */
int mcb_round_record(struct mcb_round_state *state, json_t **cells, struct mcb_error *error);

#endif
