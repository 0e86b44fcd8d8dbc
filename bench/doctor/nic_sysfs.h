/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MCB_BENCH_DOCTOR_NIC_SYSFS_H
#define MCB_BENCH_DOCTOR_NIC_SYSFS_H

/*
 * What sysfs alone tells of RDMA devices, of this host or of one that lies below a root: no device
 * is opened.
 *
 * It knows neither the active MTU nor the limits of a device: these only the driver says. Of a port
 * of RoCE the MTU follows from its network interface as the kernel chooses it.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "bench/doctor/system.h"
#include "common/pci.h"
#include "rdma/gid.h"

enum { MCB_NIC_PORTS_MAX = 8, MCB_NIC_GIDS_MAX = MCB_GID_INDEX_MAX + 1 };

struct mcb_nic_port {
    unsigned number;
    char state[32];    /* "active", "down", ...: the kernel's word in lower case; "": not known */
    char physical[32]; /* "linkup", "polling", "disabled", ... */
    char rate[64];     /* "400 Gb/sec (4X NDR)" */
    bool active;
    bool ethernet;      /* RoCE */
    char interface[64]; /* network interface of its first GID that has one; "": none */
};

struct mcb_nic_sysfs {
    char name[64];
    char firmware[64], board[64]; /* "": not known */
    char driver[64];              /* "mlx5_core"; "": software */
    char pci_address[MCB_PCI_ADDRESS_MAX];
    char verbs[32]; /* "uverbs0" of /dev/infiniband; "": ib_uverbs does not serve it */
    bool software;  /* rxe, siw */
    bool iwarp;
    bool reliable; /* knows reliable connections: not EFA, not usNIC */
    size_t port_count;
    struct mcb_nic_port ports[MCB_NIC_PORTS_MAX];
};

/* False if there is no such device. */
bool mcb_nic_sysfs_read(const struct mcb_system *system, const char *name,
                        struct mcb_nic_sysfs *nic);

/* The port that is used: the one asked for (0: none), else the first active one, else the first.
 * NULL if the device does not have it. */
const struct mcb_nic_port *mcb_nic_sysfs_port(const struct mcb_nic_sysfs *nic, unsigned asked);

/* The GIDs of a port that are not zero. Returns their number. */
size_t mcb_nic_sysfs_gids(const struct mcb_system *system, const char *name, unsigned port,
                          struct mcb_gid gids[MCB_NIC_GIDS_MAX]);

/* MTU of a network interface; 0: not known. */
uint32_t mcb_nic_sysfs_interface_mtu(const struct mcb_system *system, const char *interface);

/* The largest MTU of RDMA that fits the packets of an interface (ib_addr.h, iboe_get_mtu()); 0: the
 * smallest does not. */
uint32_t mcb_nic_mtu_of_interface(uint32_t interface_mtu);

struct mcb_nic_counter {
    char name[64];
    uint64_t value;
};

/* Counters of errors of a port that are not zero, at most `most`. link_only: those that nothing but
 * a bad link raises. Returns their number. */
size_t mcb_nic_sysfs_errors(const struct mcb_system *system, const char *name, unsigned port,
                            bool link_only, struct mcb_nic_counter *counters, size_t most);

#endif
