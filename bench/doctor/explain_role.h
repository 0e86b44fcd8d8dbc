/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MCB_BENCH_DOCTOR_EXPLAIN_ROLE_H
#define MCB_BENCH_DOCTOR_EXPLAIN_ROLE_H

/* What follows from what: which faults are no cause when another one came before. */

#include "bench/doctor/explain.h"

/* Gives each of findings[count], which are in the order of time, its role. */
void mcb_explain_judge(struct mcb_explain_finding *findings, size_t count);

#endif
