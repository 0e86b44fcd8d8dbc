/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MCB_BENCH_TOPOLOGY_TREE_H
#define MCB_BENCH_TOPOLOGY_TREE_H

/*
 * The host as a tree: NUMA nodes, host bridges, PCI bridges, and the NICs and GPUs below them.
 *
 *   soft-roce                    HOST
 *   ├─ cpu:0                     NUMA_NODE
 *   │  └─ host bridge            HOST_BRIDGE (a root complex: root bus 0000:15)
 *   │     └─ 0000:15:01.0        BRIDGE      (root port)
 *   │        └─ 0000:16:00.0     BRIDGE      (upstream port of a switch)
 *   │           ├─ 0000:17:00.0  BRIDGE      (a downstream port)
 *   │           │  └─ mlx5_0     NIC
 *   │           └─ 0000:17:01.0  BRIDGE
 *   │              └─ cuda:0     GPU
 *   └─ cpu:1 ...
 *
 * Made from hwloc's I/O objects, of this host or of an XML file; devices are told from each other
 * by PCI address, never by name. On this host the RDMA devices are those of libibverbs, with their
 * ports; a software NIC (rxe) stands where the PCI function of its network interface stands, or,
 * if that has none (veth), below its NUMA node or the host. Bridges below which there is neither
 * NIC nor GPU are left out.
 *
 * A GPU is a PCI function of a class that computes, and any of which the caller knows that it is
 * one.
 *
 * Nodes are in depth-first order; the host is node 0. NICs and GPUs are in the order of their PCI
 * addresses within a parent; GPUs are numbered over the whole host by PCI address (cuda:0 ... as
 * with CUDA_DEVICE_ORDER=PCI_BUS_ID). A GPU's virtual function is none of this host, whose CUDA
 * does not see it; in a guest, to which it looks like a whole one, it is. All texts are printable
 * ASCII.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "bench/topology/topology.h"
#include "common/fault.h"
#include "common/pci.h"
#include "rdma/device.h"

enum mcb_tree_kind {
    MCB_TREE_HOST,
    MCB_TREE_NUMA_NODE,
    MCB_TREE_HOST_BRIDGE,
    MCB_TREE_BRIDGE,
    MCB_TREE_NIC,
    MCB_TREE_GPU
};

enum {
    MCB_TREE_NAME_MAX = 64,
    MCB_TREE_MODEL_MAX = 96,
    MCB_TREE_NODES_MAX = 8192,
    MCB_TREE_DEVICES_MAX = 1024, /* NICs, GPUs and NUMA nodes: all pairs are half a million */
    MCB_TREE_DEPTH_MAX = 64
};

struct mcb_tree_node {
    enum mcb_tree_kind kind;
    size_t parent;                  /* index; the host's own is 0 */
    char name[MCB_TREE_NAME_MAX];   /* "cpu:0", "mlx5_0", "cuda:0"; a bridge: its address; a host
                                       bridge: its root bus, "0000:15"; the host: its name, of an
                                       XML file the HostName that it holds, else "unknown" */
    char model[MCB_TREE_MODEL_MAX]; /* "MT2910 Family [ConnectX-7]"; of the host that of its CPU;
                                       "" unknown */
    int numa_node;                  /* the one that it is beside; -1: unknown, or none. A NUMA node:
                                       its number */

    /* BRIDGE, NIC, GPU */
    struct mcb_pci_function pci; /* from an XML file: address and ids only; NIC without a PCI
                                    function: address "" */
    double link_gbps;            /* of its PCIe link after line coding, one direction; 0: unknown */

    /* NIC on this host: its ports, firmware; NULL from an XML file. Owned by the tree. */
    const struct mcb_device_facts *device;

    /* NUMA_NODE */
    char cpus[256]; /* "0-23,48-71", cut with "..." where it does not fit */
    uint64_t memory_bytes;
};

struct mcb_tree {
    struct mcb_tree_node *nodes;
    size_t count;
    unsigned numa_nodes;
    bool this_host;
    struct mcb_device_facts *devices; /* this host; owned */
    size_t device_count;
};

/* PCI addresses ("0000:19:00.0", in lower case) of functions that are GPUs, whatever their class: a
 * module of gpu/ has them from the driver. Borrowed. */
struct mcb_tree_gpus {
    const char (*addresses)[MCB_PCI_ADDRESS_MAX];
    size_t count;
};

/* topology: loaded with its devices. sysfs: MCB_SYSFS; read only for this host. gpus: NULL: none is
 * known. The caller's: mcb_tree_release(). Faults: HOST_MEMORY; HOST_TOPOLOGY (more nodes, devices
 * or levels than the tree takes, or two devices of one name). Of RDMA devices that cannot be listed
 * the reason is in *devices_error, and the tree goes without. */
int mcb_tree_make(const struct mcb_topology *topology, const char *sysfs,
                  const struct mcb_tree_gpus *gpus, struct mcb_tree *tree,
                  struct mcb_error *devices_error, struct mcb_error *error);
void mcb_tree_release(struct mcb_tree *tree);

/* Indices of the nodes of a kind from `from` on; tree->count if there is none (left). */
size_t mcb_tree_next(const struct mcb_tree *tree, enum mcb_tree_kind kind, size_t from);

/* for each: size_t i */
#define mcb_tree_foreach(tree, wanted, i)                                                          \
    for (size_t i = mcb_tree_next(tree, wanted, 0); i < (tree)->count;                             \
         i = mcb_tree_next(tree, wanted, i + 1))

size_t mcb_tree_count(const struct mcb_tree *tree, enum mcb_tree_kind kind);

/* The node with that PCI address; of several (a NIC and a GPU may be one function) the GPU, else
 * the first. tree->count if there is none, or the address is "". */
size_t mcb_tree_find_pci(const struct mcb_tree *tree, const char *address);

/* True if distances are asked of the node: a NIC, a GPU or a NUMA node. */
bool mcb_tree_is_end(const struct mcb_tree_node *node);

/* True if the node is a NIC made of software (rxe): its PCI function, if any, is that of its
 * network interface. In an XML file it is one that has none. */
bool mcb_tree_nic_is_software(const struct mcb_tree_node *node);

/* True if the NIC has an active port; every NIC of an XML file, where that is not known. */
bool mcb_tree_nic_is_active(const struct mcb_tree_node *nic);

/* True if the NIC can serve: it is active, and if it is a software NIC, the host has no other that
 * is. One that cannot be opened has no port, and so no active one. */
bool mcb_tree_nic_is_usable(const struct mcb_tree *tree, size_t nic);

/* The indices of those NICs, in the order of the tree. Returns how many. */
size_t mcb_tree_usable_nics(const struct mcb_tree *tree, size_t nics[MCB_TREE_DEVICES_MAX]);

#endif
