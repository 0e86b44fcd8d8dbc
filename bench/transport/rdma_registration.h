/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MCB_BENCH_TRANSPORT_RDMA_REGISTRATION_H
#define MCB_BENCH_TRANSPORT_RDMA_REGISTRATION_H

/*
 * How the memory of an endpoint is registered with its NIC: once strictly, once relaxed, or both,
 * as the orderings of the settings ask for.
 *
 * Host memory, the bounce buffer too, is registered by its address. Memory of a GPU, where a route
 * of the run is direct, is registered in the first of these ways that works and then proves to
 * reach the memory (rdma/loopback.h), in all the orderings alike:
 *
 *   --registration auto     dma-buf, dma-buf through PCIe, address (peermem)
 *   --registration dmabuf   dma-buf, dma-buf through PCIe
 *   --registration peermem  address
 */

#include <jansson.h>
#include <stdbool.h>

#include "bench/plan/settings.h"
#include "common/fault.h"

struct mcb_endpoint;

/* Registers buffer and bounce buffer of an endpoint whose NIC is open. What it leaves in the
 * endpoint, also when it fails, mcb_rdma_unregister() undoes. Faults: those of memory_region.h and
 * loopback.h, RDMA_RELAXED_ORDERING.
 *
 * Memory of a GPU that cannot be registered or is not reached is no failure: why is left in
 * direct_fault. Of several ways that failed: GPU_UNREACHABLE if one of them was registered and did
 * not reach the memory, else that of the last; the detail names them all. Where the NIC does not
 * even reach itself (loopback_fault), the first way that registers is used without proof. */
int mcb_rdma_register(struct mcb_endpoint *endpoint, struct mcb_error *error);
void mcb_rdma_unregister(struct mcb_endpoint *endpoint);

/* {"method": "reg_mr_iova2" | "peermem" | "dmabuf" | "dmabuf-pcie" | "none", "registered_bytes",
 * "regions", "register_ms", "others": TEXT | null, "proved": true | null} of the endpoint's buffer,
 * without its bounce buffer. New reference. */
json_t *mcb_rdma_registration_describe(const struct mcb_endpoint *endpoint);

/* "auto" asks where it is not known to be in vain. */
bool mcb_rdma_asks_for_relaxed(const struct mcb_endpoint *endpoint, enum mcb_ordering ordering);

#endif
