/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MCB_COMMON_RESOLVE_H
#define MCB_COMMON_RESOLVE_H

/* Names to addresses, within a deadline. Below common/socket. */

#include <netdb.h>
#include <signal.h>
#include <stdint.h>

#include "common/fault.h"

/* Addresses of host ("" = every address of this host), to be given to freeaddrinfo(). flags:
 * AI_PASSIVE or 0. Faults: NET_RESOLVE, RUN_INTERRUPTED, HOST_SYSTEM. */
int mcb_resolve(const char *host, uint16_t port, int flags, int64_t deadline_ns,
                const volatile sig_atomic_t *stop, struct addrinfo **found,
                struct mcb_error *error);

#endif
