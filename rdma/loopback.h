/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MCB_RDMA_LOOPBACK_H
#define MCB_RDMA_LOOPBACK_H

/*
 * Transfers of a NIC with itself: two queue pairs of one port, connected to each other, and a page
 * of host memory.
 *
 * They serve two ends. A proof that the NIC reaches memory that was registered: a registration of a
 * GPU's memory may succeed although no packet of the PCIe bus ever gets there. And the flush of
 * what arrived: a read from the memory through the NIC that wrote there cannot overtake the writes,
 * so that they are visible when it is complete.
 */

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "common/buffer.h"
#include "common/fault.h"
#include "rdma/gid.h"
#include "rdma/memory_region.h"

struct mcb_device;
struct mcb_loopback;

struct mcb_loopback_options {
    const struct mcb_device *device;
    const struct mcb_gid *gid;
    unsigned port;
    bool ethernet;
    uint16_t lid;
    uint32_t mtu_bytes;
};

/* How long a call may take. */
struct mcb_loopback_limits {
    int64_t most_ns; /* from when it is its turn: calls follow one another */
    const atomic_bool
        *abort; /* once true, ends the call with RUN_INTERRUPTED; NULL: nothing does */
};

/* All that is pointed to outlives it. The NIC is tried on host memory alone, as it is again where
 * queue pairs have to be opened anew. Faults: those of queue_pair.h, RDMA_REGISTER, HOST_MEMORY;
 * RDMA_LOOPBACK: the NIC does not reach itself, which says nothing of any memory; RUN_INTERRUPTED,
 * as of all calls. */
int mcb_loopback_open(const struct mcb_loopback_options *options,
                      const struct mcb_loopback_limits *limits, struct mcb_loopback **loopback,
                      struct mcb_error *error);
void mcb_loopback_close(struct mcb_loopback *loopback); /* NULL is fine */

/* Proves, at the first and the last bytes of each region of a registration, that the NIC reads what
 * the owner of the memory wrote there and that the owner reads what the NIC wrote; these bytes are
 * overwritten. Faults: GPU_UNREACHABLE (says which way failed, where, and how: other bytes, or the
 * completion's status); of host memory DATA_CORRUPT, RDMA_COMPLETION; RDMA_LOOPBACK. */
int mcb_loopback_prove(struct mcb_loopback *loopback, const struct mcb_buffer *buffer,
                       const struct mcb_registration *registration,
                       const struct mcb_loopback_limits *limits, struct mcb_error *error);

/* Reads 8 bytes of the registration, at its first byte. Faults: RDMA_COMPLETION, RDMA_STUCK,
 * RDMA_LOOPBACK. */
int mcb_loopback_flush(struct mcb_loopback *loopback, const struct mcb_registration *registration,
                       const struct mcb_loopback_limits *limits, struct mcb_error *error);

#endif
