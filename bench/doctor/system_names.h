/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MCB_BENCH_DOCTOR_SYSTEM_NAMES_H
#define MCB_BENCH_DOCTOR_SYSTEM_NAMES_H

/* Names and addresses of the host that is examined; for system.c alone, whose header says it. */

#include "bench/doctor/system.h"

/* Through the resolver of this host. Faults: those of mcb_resolve(). */
int mcb_system_resolve_live(const char *name, int64_t deadline_ns,
                            const volatile sig_atomic_t *stop,
                            struct mcb_system_addresses *addresses, struct mcb_error *error);

/* Through the copied etc/hosts. Fault: NET_RESOLVE. */
int mcb_system_resolve_hosts(const struct mcb_system *system, const char *name,
                             struct mcb_system_addresses *addresses, struct mcb_error *error);

#endif
