/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MCB_RDMA_MEMORY_REGION_H
#define MCB_RDMA_MEMORY_REGION_H

/*
 * A buffer registered with a device, in as many memory regions as it takes.
 *
 * A region may be no larger than max_mr_size of the device, or than a smaller limit that was asked
 * for (MC_MAX_MR_SIZE). A longer buffer becomes a row of regions of equal length that overlap by
 * the largest message, rounded up to pages:
 *
 *   region i covers [i * step, i * step + chunk) of the buffer, step = chunk - overlap
 *
 * so that a message, wherever it begins, lies inside the region floor(begin / step): none ever
 * straddles two. The price is that the overlap is pinned and counted twice. A chunk must therefore
 * hold the largest message and one page.
 *
 * Registration goes through ibv_reg_mr_iova2() by name, which is what Mooncake's ibv_reg_mr() turns
 * into, with LOCAL_WRITE | REMOTE_WRITE | REMOTE_READ and, if asked, RELAXED_ORDERING. For the
 * memory of a GPU there are two ways more, and which of them works depends on kernel, driver and
 * NIC:
 *
 *   DMABUF       the GPU's driver exports the buffer, ibv_reg_dmabuf_mr() takes it
 *   DMABUF_PCIE  the same, mapped through the PCIe BAR where another way leads to the GPU as well
 *   ADDRESS      ibv_reg_mr_iova2() of the address itself; of a GPU's memory only where a kernel
 *                module (nvidia_peermem) knows it
 *
 * That one of them succeeds does not prove that the NIC reaches the memory: see rdma/loopback.h.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/buffer.h"
#include "common/fault.h"

struct ibv_mr;
struct mcb_device;

enum { MCB_REGIONS_MAX = 65536, MCB_PEERMEM_TEXT = 128 };

enum mcb_registration_way {
    MCB_REGISTER_ADDRESS,
    MCB_REGISTER_DMABUF,
    MCB_REGISTER_DMABUF_PCIE,
    MCB_REGISTER_WAYS
};

struct mcb_region {
    uint64_t address, length_bytes;
    uint32_t local_key, remote_key;
};

struct mcb_registration {
    struct mcb_region *regions; /* by ascending address */
    struct ibv_mr **handles;
    size_t count;
    bool relaxed; /* with IBV_ACCESS_RELAXED_ORDERING */
    enum mcb_registration_way way;
    uint64_t registered_bytes; /* overlaps counted twice */
    int64_t register_ns;       /* time that registration took */
};

/* How a buffer is cut. */
struct mcb_region_plan {
    uint64_t chunk_bytes, step_bytes;
    size_t count;
};

/* Pure. most_bytes: the largest region allowed. Fault: RDMA_MR_SIZE. */
int mcb_region_plan_make(uint64_t length_bytes, uint64_t most_bytes, uint64_t message_bytes,
                         uint64_t page_bytes, struct mcb_region_plan *plan,
                         struct mcb_error *error);

struct mcb_registration_options {
    enum mcb_registration_way way;
    bool relaxed;
    uint64_t most_bytes;    /* largest region; the device's own limit is applied as well */
    uint64_t message_bytes; /* the largest message that will be looked up */
};

/* Registers the whole buffer, which must outlive the registration. Free with
 * mcb_registration_close(). Faults: RDMA_MR_SIZE, HOST_MEMORY; of what the driver refuses
 * RDMA_REGION_SIZE (EIO, where a single page is taken), RDMA_KEYS (EAGAIN), HOST_MEMLOCK (ENOMEM
 * beyond the limit), and else RDMA_REGISTER, of a GPU's memory GPU_REGISTER; GPU_EXPORT. */
int mcb_registration_open(const struct mcb_device *device, const struct mcb_buffer *buffer,
                          const struct mcb_registration_options *options,
                          struct mcb_registration **registration, struct mcb_error *error);
void mcb_registration_close(struct mcb_registration *registration); /* NULL is fine */

/* "by its address", "as a dma-buf", "as a dma-buf through PCIe". */
const char *mcb_registration_way_text(enum mcb_registration_way way);

/* "nvidia_peermem 570.124 is loaded", or that neither it nor its forerunner nv_peer_mem is: what
 * sysfs (MCB_SYSFS) says of the modules that make addresses of GPUs reachable. Returns text. */
char *mcb_registration_peermem(const char *sysfs, char text[MCB_PEERMEM_TEXT]);

/* The region that holds all of [address, address + length_bytes), or NULL. The regions must be in
 * ascending order. */
const struct mcb_region *mcb_region_find(const struct mcb_region *regions, size_t count,
                                         uint64_t address, uint64_t length_bytes);

#endif
