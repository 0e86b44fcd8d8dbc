/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MCB_BENCH_CLUSTER_LEASE_H
#define MCB_BENCH_CLUSTER_LEASE_H

/*
 * A lease in etcd, kept alive by a thread of its own with a connection of its own.
 *
 * It beats every third of the lease's time. The lease is lost when etcd says so, or when no beat
 * succeeded for as long as the lease lasts; that is final. The thread blocks all signals.
 */

#include <stdbool.h>
#include <stdint.h>

#include "common/fault.h"

struct mcb_lease;

/* Starts to keep the lease alive; it has been granted just now for ttl_s. */
int mcb_lease_start(const char *urls, int64_t id, int64_t ttl_s, struct mcb_lease **lease,
                    struct mcb_error *error);

/* ETCD_LEASE once it is lost. */
int mcb_lease_check(struct mcb_lease *lease, struct mcb_error *error);

/* Ends the thread, within 200 ms, and frees; the lease itself is left as it is. NULL is fine. */
void mcb_lease_stop(struct mcb_lease *lease);

#endif
