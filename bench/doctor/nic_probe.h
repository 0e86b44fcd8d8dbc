/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MCB_BENCH_DOCTOR_NIC_PROBE_H
#define MCB_BENCH_DOCTOR_NIC_PROBE_H

/*
 * How far the NICs of this host work, tried by using them: each is opened, a queue pair is made,
 * memory is registered, and bytes are written and read back through the NIC to itself.
 *
 * All NICs are tried at the same time, a thread each, until one deadline. A thread that a driver
 * holds longer than that is left behind; it frees what it has when it comes back.
 */

#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "bench/doctor/examination.h"
#include "common/fault.h"

enum { MCB_PROBE_BYTES = 65536 };

struct mcb_nic_probe {
    char name[64];
    unsigned port; /* 1.. */
    int gid_index; /* -1: the one that is chosen */

    bool answered; /* else its driver held it longer than the deadline, and the rest is void */
    enum mcb_stage reached; /* SEEN: opened ... LOOPBACK: verified */
    struct mcb_error error; /* NONE: all was well */
    int64_t took_ns;
};

/* Fills the second half of each. Ends by the deadline, or 200 ms after *stop. stop may be NULL. */
void mcb_nic_probe_all(struct mcb_nic_probe *probes, size_t count, int64_t deadline_ns,
                       const volatile sig_atomic_t *stop);

#endif
