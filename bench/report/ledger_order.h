/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MCB_BENCH_REPORT_LEDGER_ORDER_H
#define MCB_BENCH_REPORT_LEDGER_ORDER_H

/* The order of matrices (pivot.h), for a ledger whose endpoints and cells are in the order in which
 * the document names them. */

#include <jansson.h>

#include "bench/report/ledger.h"

/* Numbers the hosts, sorts endpoints and cells, and fills the ledger's places and what settings
 * have where. head: a good one. -1: no memory. */
int mcb_ledger_order(struct mcb_ledger *ledger, const json_t *head);

#endif
