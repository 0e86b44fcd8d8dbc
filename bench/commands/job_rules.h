/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MCB_BENCH_COMMANDS_JOB_RULES_H
#define MCB_BENCH_COMMANDS_JOB_RULES_H

/* What the command, the transport and this host leave of what was asked for: applied to the
 * settings of this rank, and again to those that the ranks agreed on. */

#include "bench/plan/settings.h"
#include "bench/transport/transport.h"
#include "common/fault.h"

struct mcb_gpus;

/* Takes out what would be the same measurement twice: orderings where relaxed ordering means
 * nothing, routes where no memory of a GPU is used; and direct, which becomes staged, where the
 * transport does not reach the memory of GPUs. */
void mcb_job_drop_what_means_nothing(struct mcb_settings *settings,
                                     const struct mcb_transport *transport);

/* True if a way to register memory of GPUs was asked for, and the transport registers none. */
bool mcb_job_ignores_registration(const struct mcb_settings *settings,
                                  const struct mcb_transport *transport);

/* Memory that there is: of GPUs only with mcbench gpu, none beyond the last one of this host, and
 * NUMA nodes that it has. gpus NULL: it has none, or they could not be opened, which is no fault
 * here: in a job of several, host memory may take part. memory_nodes: of a priority matrix,
 * MCB_NICS_MAX entries. Faults: USE_VALUE, GPU_NO_SUCH. */
int mcb_job_check_memories(const char *command, const struct mcb_settings *settings,
                           const struct mcb_gpus *gpus, const int *memory_nodes,
                           struct mcb_error *error);

#endif
