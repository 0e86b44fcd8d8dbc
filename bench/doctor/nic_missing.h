/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MCB_BENCH_DOCTOR_NIC_MISSING_H
#define MCB_BENCH_DOCTOR_NIC_MISSING_H

/*
 * PCI functions of NICs that could be RDMA devices, and are none.
 *
 * Passed over are those that are not meant to be: given away to a guest (vfio-pci), virtual
 * functions, and the second function of a card that its driver serves with one device (a bond). Of
 * makers whose NICs speak RDMA only in part, those of a host that has RDMA devices.
 */

#include <stdbool.h>
#include <stddef.h>

#include "bench/doctor/system.h"

struct mcb_missing_nic {
    char pci_address[16];
    const char *maker;  /* "NVIDIA (Mellanox)" */
    const char *module; /* that makes an RDMA device of it: "mlx5_ib" */
    char driver[64];    /* that it has; "": none */
    bool loaded;        /* that module is */
    bool always;        /* every such function speaks RDMA; else only some do */
};

/* In the order of the bus; at most `most`. Returns their number. */
size_t mcb_nic_missing_find(const struct mcb_system *system, struct mcb_missing_nic *missing,
                            size_t most);

#endif
