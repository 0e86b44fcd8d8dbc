/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MCB_BENCH_DOCTOR_PEER_REACH_H
#define MCB_BENCH_DOCTOR_PEER_REACH_H

/* Which of several ports of other hosts take connections; all are tried at the same time. */

#include <signal.h>
#include <stddef.h>
#include <stdint.h>

#include "common/fault.h"

enum { MCB_REACH_MOST = 64 };

struct mcb_peer_reach {
    char host[256];
    uint16_t port;

    struct mcb_error error; /* NONE: connected; else NET_RESOLVE, NET_REFUSED, NET_TIMEOUT, ... */
    int64_t took_ns;
};

/* Fills the second half of each; MCB_REACH_MOST at most. Nothing is said over the connections. Each
 * ends by the deadline, and on an interruption (stop may be NULL). */
void mcb_peer_reach_all(struct mcb_peer_reach *reaches, size_t count, int64_t deadline_ns,
                        const volatile sig_atomic_t *stop);

/* The detail of an error without the subject that it begins with, which a finding tells already. */
const char *mcb_peer_reach_why(const char *detail, const char *subject);

#endif
