/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MCB_RDMA_LOOPBACK_TRIAL_H
#define MCB_RDMA_LOOPBACK_TRIAL_H

/*
 * One trial of a port with itself, step by step, for whoever wants to know how far it works: queue
 * pairs, registration of host memory, connection, and bytes written and read back, all of them
 * compared.
 *
 * Other than a loopback (loopback.h), which is only there once everything works, a trial says of a
 * port that fails which steps it took before.
 */

#include <stdint.h>

#include "common/fault.h"
#include "rdma/loopback.h"

enum mcb_trial_step {
    MCB_TRIAL_NOTHING,
    MCB_TRIAL_QUEUE_PAIRS, /* made, in state INIT */
    MCB_TRIAL_REGISTERED,
    MCB_TRIAL_CONNECTED, /* in state RTS */
    MCB_TRIAL_VERIFIED   /* every byte arrived, both ways */
};

/* Writes `bytes` (a multiple of 8) from one area of host memory to another, and reads them back.
 * *reached is set on failure too.
 *
 * Faults: those of queue_pair.h, RDMA_REGISTER, HOST_MEMLOCK, HOST_MEMORY, DATA_CORRUPT,
 * RUN_INTERRUPTED; of a transfer those of its completion, but RDMA_LOOPBACK where no
 * acknowledgement and no completion came: the port does not reach itself. */
int mcb_loopback_trial(const struct mcb_loopback_options *options, uint64_t bytes,
                       const struct mcb_loopback_limits *limits, enum mcb_trial_step *reached,
                       struct mcb_error *error);

#endif
