/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MCB_BENCH_DOCTOR_EXPLAIN_TABLE_H
#define MCB_BENCH_DOCTOR_EXPLAIN_TABLE_H

/* The findings while logs are read: found by their fault, host and path. */

#include "bench/doctor/explain.h"

struct mcb_explain_key {
    enum mcb_fault_code code;
    char host[MCB_EXPLAIN_HOST_MAX], path[MCB_LOG_PATH_MAX];
};

struct mcb_explain_table {
    uint32_t slots[2 * MCB_EXPLAIN_FINDINGS_MAX]; /* by key: index of a finding + 1; 0: free */
    size_t last;                                  /* index of the finding that was found last */
};

/* NULL: there is none yet. */
struct mcb_explain_finding *mcb_explain_table_find(struct mcb_explain_table *table,
                                                   const struct mcb_explain *explain,
                                                   const struct mcb_explain_key *key);

/* A key that is not there yet; there is room for MCB_EXPLAIN_FINDINGS_MAX. NULL: no memory. */
struct mcb_explain_finding *mcb_explain_table_add(struct mcb_explain_table *table,
                                                  struct mcb_explain *explain,
                                                  const struct mcb_explain_key *key);

#endif
