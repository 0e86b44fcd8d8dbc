/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MCB_BENCH_REPORT_HOST_MEMORY_H
#define MCB_BENCH_REPORT_HOST_MEMORY_H

/*
 * The host memory beside a cell with memory of a GPU: what was measured between the same NICs under
 * the same setting and ordering. Verdicts, pages and plots hold a path against the same cell:
 *
 *   1. one on the route host;
 *   2. else one with host memory at both ends.
 *
 * Of several the best: most bandwidth, least latency. The bounce buffers of several GPUs beside one
 * NIC have one name, so that their cells on the route host are such several. A cell without a
 * figure counts only where there is none with one.
 */

#include <stdint.h>

#include "bench/report/ledger.h"

struct mcb_host_memory;

/* For cells of `ledger`, the host memory that was measured in `measured`: the same ledger; or
 * another one, as of mcbench cpu, of which only cells with host memory at both ends count. Both
 * stay the caller's, and may be released first. NULL without memory. */
struct mcb_host_memory *mcb_host_memory_make(const struct mcb_ledger *ledger,
                                             const struct mcb_ledger *measured);
void mcb_host_memory_free(struct mcb_host_memory *hosts);

/* The number of the cell in `measured` beside a cell of `ledger`; it may have failed or been
 * skipped. MCB_LEDGER_NONE: there is none. */
uint32_t mcb_host_memory_cell(const struct mcb_host_memory *hosts,
                              const struct mcb_ledger_cell *cell);

#endif
