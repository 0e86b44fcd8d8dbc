/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MCB_BENCH_DOCTOR_PATIENCE_H
#define MCB_BENCH_DOCTOR_PATIENCE_H

/*
 * A call that a driver may hold for as long as it likes, waited for until a deadline only.
 *
 * It runs in a thread of its own, which is left behind if it is not done in time. So it works with
 * nothing but its task, which then is the thread's, and is dropped by it when the call comes back.
 */

#include <stdbool.h>
#include <stdint.h>

/* True: work(task) is done, and the task is the caller's again. False: it is not done by the
 * deadline, or could not be begun; drop(task) is or will be called. */
bool mcb_patience_run(void (*work)(void *task), void (*drop)(void *task), void *task,
                      int64_t deadline_ns);

#endif
