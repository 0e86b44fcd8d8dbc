/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MCB_RDMA_DEVICE_H
#define MCB_RDMA_DEVICE_H

/*
 * RDMA devices of this host and their ports.
 *
 * list() says what is there, for people and for choosing; open() gives a device to work with.
 * Names come in natural order (mlx5_2 before mlx5_10).
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/fault.h"

struct ibv_context;
struct ibv_pd;

/* The files by which programs use devices. */
#define MCB_DEVICE_FILES "/dev/infiniband"

enum { MCB_DEVICE_NAME_MAX = 64, MCB_DEVICE_PORTS_MAX = 255 };

struct mcb_port {
    unsigned number;       /* 1.. */
    bool active;           /* state is ACTIVE */
    const char *state;     /* "down", "init", "armed", "active", ... */
    const char *physical;  /* "link up", "disabled", "polling", ... */
    bool ethernet;         /* RoCE: addresses are GIDs only */
    const char *link;      /* "Ethernet", "InfiniBand", "unspecified" */
    uint32_t mtu_bytes;    /* active MTU */
    uint16_t lid;          /* 0 on Ethernet */
    int gid_count;         /* length of the GID table */
    uint64_t message_most; /* largest message */
    double link_gbps;      /* width x speed in 10^9 bit/s; 0: unknown, or a NIC made of software */
    double data_gbps;      /* what is left of it after line coding; 0 likewise */
};

/* What one device can do. */
struct mcb_device_limits {
    uint64_t region_bytes; /* max_mr_size */
    uint32_t queue_pairs, send_depth, completions;
    uint32_t regions;                            /* max_mr */
    uint8_t reads_as_initiator, reads_as_target; /* RDMA reads in flight of a queue pair */
};

/* What is known about a device. */
struct mcb_device_facts {
    char name[MCB_DEVICE_NAME_MAX];
    uint64_t node_guid;
    char firmware[64];
    uint32_t vendor_id, part_id;
    char board[64];       /* board_id of sysfs; "" if it has none */
    char pci_address[16]; /* of the NIC, or of the interface below a software NIC; "": none */
    int numa_node;        /* -1: unknown */
    bool software;        /* rxe, siw: no PCI function of its own */
    bool iwarp;           /* cannot be connected with GIDs */
    struct mcb_device_limits limits;
    size_t port_count;
    struct mcb_port *ports; /* all of them, active or not; owned */
    struct mcb_error error; /* why it cannot be opened; then there are no ports and no limits */
};

/* A device in use. */
struct mcb_device {
    char name[MCB_DEVICE_NAME_MAX];
    struct mcb_device_limits limits;
    struct ibv_context *context;
    struct ibv_pd *domain;
};

/* All devices, with facts. sysfs: "/sys". No device is success with *count 0. *devices is the
 * caller's: mcb_device_list_free(). Fault: RDMA_NO_DEVICE (the list cannot be had), HOST_MEMORY. */
int mcb_device_list(const char *sysfs, struct mcb_device_facts **devices, size_t *count,
                    struct mcb_error *error);
void mcb_device_list_free(struct mcb_device_facts *devices, size_t count);

/* Opens by name, with a protection domain. Close with mcb_device_close(). Faults: RDMA_NO_SUCH_NIC,
 * RDMA_DEVICE_OPEN, HOST_CONTAINER (its file is missing, in a container). */
int mcb_device_open(const char *name, struct mcb_device **device, struct mcb_error *error);
void mcb_device_close(struct mcb_device *device); /* NULL is fine */

/* Whether this process is in a container (common/container.h), to which its host's devices may be
 * visible without their files. */
bool mcb_device_is_contained(void);

/* Keeps mlx5 from handing small receives over inside the completion: its user-space driver would
 * then copy them on with the CPU, which ends the process where the memory is a GPU's. That driver
 * asks the environment at the creation of every queue pair (MLX5_SCATTER_TO_CQE, of which "0" alone
 * turns it off), so that a process that uses memory of GPUs calls this before its first device and
 * its first thread. A value that the user set is overwritten: with any other the process would end.
 */
void mcb_device_forbid_scatter_to_cqe(void);

/* Asks for a port's present state. Faults: RDMA_NO_PORT, RDMA_DEVICE_OPEN. */
int mcb_device_query_port(const struct mcb_device *device, unsigned number, const char *sysfs,
                          struct mcb_port *port, struct mcb_error *error);

/* Lanes x speed as the verbs code them (InfiniBand Architecture Specification 1, PortInfo), in
 * 10^9 bit/s of signalling as the field names links (NDR x4 = 400); 0 for a code that is not
 * known. */
double mcb_port_rate_gbps(unsigned width_code, unsigned speed_code);

/* The same after line coding. InfiniBand's names are signalling up to QDR (8b/10b) and for FDR10
 * and FDR (64b/66b), data from EDR on. Ethernet's are data, but for FDR10, by which the kernel
 * calls a lane of 10 Gbit/s (ib_get_eth_speed()): 10.3125 with 64b/66b there too (IEEE 802.3, 49).
 */
double mcb_port_data_gbps(unsigned width_code, unsigned speed_code, bool ethernet);

#endif
