/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MCB_BENCH_TOPOLOGY_REHEARSAL_H
#define MCB_BENCH_TOPOLOGY_REHEARSAL_H

/*
 * Doing something in a child process first, because it may crash, never end or eat all memory.
 *
 * The child is a fork() of the caller, so it sees what the caller sees, and nothing that it does
 * there comes back but one answer. It has 5 s of CPU time, 10 s on the clock, 512 MiB of address
 * space more than the caller had, no core dump, and its stdout and stderr are /dev/null. Only for a
 * process of one thread.
 */

#include "common/fault.h"

/* Returns 0, or -1 with a fault of its own. */
typedef int mcb_rehearsal_act(const void *argument, struct mcb_error *error);

/* Returns 0 if the act did. Else the fault is the act's own, or `code` with the detail "WHAT: ..."
 * if the child crashed or took too long, or HOST_SYSTEM if there can be no child. */
int mcb_rehearsal_run(mcb_rehearsal_act *act, const void *argument, const char *what,
                      enum mcb_fault_code code, struct mcb_error *error);

#endif
