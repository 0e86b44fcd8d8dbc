/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MCB_BENCH_DOCTOR_VERDICT_H
#define MCB_BENCH_DOCTOR_VERDICT_H

/* What came of a check. */
enum mcb_verdict {
    MCB_VERDICT_PASS,
    MCB_VERDICT_WARN, /* it may fail or mislead for this reason */
    MCB_VERDICT_FAIL, /* it cannot work */
    MCB_VERDICT_SKIP  /* it was not looked at; the evidence says why */
};

enum { MCB_EVIDENCE_MAX = 512 };

#endif
