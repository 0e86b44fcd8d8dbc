/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MCB_BENCH_DOCTOR_NIC_RESOURCES_H
#define MCB_BENCH_DOCTOR_NIC_RESOURCES_H

/* How much of an RDMA device of this host is in use, as the kernel counts it over all processes
 * (rdma-netlink: RDMA_NLDEV_CMD_RES_GET; what "rdma resource show" prints). */

#include <stdbool.h>
#include <stdint.h>

struct mcb_nic_resources {
    uint64_t queue_pairs, regions;
};

/* False if the kernel does not tell. Needs no rights. Within 200 ms. */
bool mcb_nic_resources_read(const char *device, struct mcb_nic_resources *resources);

#endif
