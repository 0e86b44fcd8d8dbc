/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MCB_RDMA_RELAXED_ORDERING_H
#define MCB_RDMA_RELAXED_ORDERING_H

/*
 * What is known about PCIe relaxed ordering.
 *
 * Asking proves nothing: libibverbs drops the optional access flag where the kernel does not know
 * it, and a NIC whose PCI Device Control has the bit cleared sends strictly ordered transactions
 * all the same. So a result says what was asked for and, apart from it, what is known to be in
 * effect:
 *
 *   on       the kernel takes optional access flags and bit 4 of the NIC's Device Control is set
 *   off      not asked for, or one of the two is known to be missing
 *   unknown  one of the two cannot be seen: an old kernel, no right to read the configuration space
 *            (an ordinary user sees its first 64 bytes), a software NIC
 *
 * A virtual function's bit is reserved, and its physical function's holds for it (common/pci.h). So
 * it is unknown where the physical one is not to be seen.
 */

#include <stdbool.h>

#include "common/pci.h"

struct mcb_device;

struct mcb_relaxed_ordering {
    enum mcb_known kernel; /* takes optional access flags */
    enum mcb_known nic;    /* Device Control: relaxed ordering enabled */
    char nic_reason[128];  /* what nic rests on, a clause */
};

/* Asks kernel and sysfs (MCB_SYSFS). */
void mcb_relaxed_ordering_probe(const struct mcb_device *device, const char *sysfs,
                                struct mcb_relaxed_ordering *known);

/* "on", "off" or "unknown" for memory registered with (asked) or without the flag, and why, a
 * clause. */
const char *mcb_relaxed_ordering_effective(const struct mcb_relaxed_ordering *known, bool asked,
                                           char reason[256]);

#endif
