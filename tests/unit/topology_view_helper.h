/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MCB_TESTS_UNIT_TOPOLOGY_VIEW_HELPER_H
#define MCB_TESTS_UNIT_TOPOLOGY_VIEW_HELPER_H

/*
 * Hosts put together by hand. host_of_every_kind() is
 *
 *   n1
 *   ├─ cpu:0
 *   │  └─ host bridge 0000:15
 *   │     └─ 0000:15:01.0              root port
 *   │        └─ 0000:16:00.0           upstream port of a switch
 *   │           ├─ 0000:17:00.0
 *   │           │  └─ mlx5_0           PCIe 5.0 x16, 400 Gbit/s, active
 *   │           └─ 0000:17:01.0
 *   │              └─ cuda:0           PCIe 5.0 x16
 *   ├─ cpu:1
 *   │  └─ host bridge 0000:97
 *   │     └─ 0000:97:01.0
 *   │        └─ mlx5_1                 PCIe 4.0 x8 of 5.0 x16, down
 *   └─ rxe0                            software
 */

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench/report/topology_view.h"

enum { HOST_NODES_MAX = 600, HOST_DEVICES_MAX = 8 };

struct host {
    struct mcb_tree tree;
    struct mcb_tree_node nodes[HOST_NODES_MAX];
    struct mcb_device_facts devices[HOST_DEVICES_MAX];
    struct mcb_port ports[HOST_DEVICES_MAX];
    struct mcb_host_facts facts;
    struct mcb_findings findings;
    struct mcb_error finding_list[4];
    struct mcb_error devices_error;
    struct mcb_topology_view view;
};

static const struct mcb_pci_link link_4x8 = {16, 8}, link_5x16 = {32, 16};

/* Returns its index. */
static inline size_t host_add(struct host *host, enum mcb_tree_kind kind, size_t parent,
                              const char *name)
{
    size_t index = host->tree.count++;
    struct mcb_tree_node *node = &host->nodes[index];
    node->kind = kind;
    node->parent = parent;
    node->numa_node = index == 0 ? -1 : host->nodes[parent].numa_node;
    snprintf(node->name, sizeof node->name, "%s", name);
    if (kind == MCB_TREE_NUMA_NODE)
        node->numa_node = (int)host->tree.numa_nodes++;
    if (kind == MCB_TREE_BRIDGE)
        snprintf(node->pci.address, sizeof node->pci.address, "%.12s", name);
    return index;
}

static inline size_t host_add_numa_node(struct host *host, const char *name, const char *cpus,
                                        uint64_t memory_bytes)
{
    size_t index = host_add(host, MCB_TREE_NUMA_NODE, 0, name);
    snprintf(host->nodes[index].cpus, sizeof host->nodes[index].cpus, "%s", cpus);
    host->nodes[index].memory_bytes = memory_bytes;
    return index;
}

static inline size_t host_add_device(struct host *host, enum mcb_tree_kind kind, size_t parent,
                                     const char *name, const char *address, const char *model)
{
    size_t index = host_add(host, kind, parent, name);
    struct mcb_tree_node *node = &host->nodes[index];
    snprintf(node->pci.address, sizeof node->pci.address, "%.12s", address);
    snprintf(node->model, sizeof node->model, "%s", model);
    return index;
}

static inline void host_set_link(struct host *host, size_t index, struct mcb_pci_link now,
                                 struct mcb_pci_link most)
{
    host->nodes[index].pci.link = now;
    host->nodes[index].pci.link_most = most;
    host->nodes[index].link_gbps = mcb_pci_link_gbps(&now);
}

/* The NIC's verbs device, with one port. */
static inline struct mcb_device_facts *host_add_facts(struct host *host, size_t nic, bool active)
{
    size_t number = host->tree.device_count++;
    struct mcb_device_facts *facts = &host->devices[number];
    host->ports[number] = (struct mcb_port){.number = 1,
                                            .active = active,
                                            .state = active ? "active" : "down",
                                            .physical = active ? "link up" : "disabled",
                                            .link = "InfiniBand",
                                            .mtu_bytes = 4096,
                                            .link_gbps = 400};
    snprintf(facts->firmware, sizeof facts->firmware, "28.39.1002");
    facts->port_count = 1;
    facts->ports = &host->ports[number];
    host->nodes[nic].device = facts;
    return facts;
}

/* A host with nothing in it. The caller's: free(). */
static inline struct host *host_new(void)
{
    struct host *host = calloc(1, sizeof *host);
    if (!host)
        abort();
    host->tree.nodes = host->nodes;
    host->tree.devices = host->devices;
    host->tree.this_host = true;
    host->facts = (struct mcb_host_facts){"n1", "Linux 6.1.0", "EPYC 7763", 48, 2, 1ull << 40};
    host->findings.list = host->finding_list;
    host->view = (struct mcb_topology_view){&host->tree, &host->facts, NULL, &host->findings,
                                            &host->devices_error};
    host_add(host, MCB_TREE_HOST, 0, "n1");
    return host;
}

static inline struct host *host_of_every_kind(void)
{
    struct host *host = host_new();
    size_t node = host_add_numa_node(host, "cpu:0", "0-23", 1ull << 39);
    size_t bridge = host_add(host, MCB_TREE_HOST_BRIDGE, node, "0000:15");
    size_t port = host_add(host, MCB_TREE_BRIDGE, bridge, "0000:15:01.0");
    size_t upstream = host_add(host, MCB_TREE_BRIDGE, port, "0000:16:00.0");
    host_set_link(host, upstream, link_5x16, link_5x16);
    size_t downstream = host_add(host, MCB_TREE_BRIDGE, upstream, "0000:17:00.0");
    size_t nic = host_add_device(host, MCB_TREE_NIC, downstream, "mlx5_0", "0000:18:00.0",
                                 "MT2910 Family [ConnectX-7]");
    host_set_link(host, nic, link_5x16, link_5x16);
    host_add_facts(host, nic, true);
    downstream = host_add(host, MCB_TREE_BRIDGE, upstream, "0000:17:01.0");
    size_t gpu = host_add_device(host, MCB_TREE_GPU, downstream, "cuda:0", "0000:19:00.0",
                                 "GH100 [H100 SXM5 80GB]");
    host_set_link(host, gpu, link_5x16, link_5x16);

    node = host_add_numa_node(host, "cpu:1", "24-47", 1ull << 39);
    bridge = host_add(host, MCB_TREE_HOST_BRIDGE, node, "0000:97");
    port = host_add(host, MCB_TREE_BRIDGE, bridge, "0000:97:01.0");
    nic = host_add_device(host, MCB_TREE_NIC, port, "mlx5_1", "0000:98:00.0", "");
    host_set_link(host, nic, link_4x8, link_5x16);
    host_add_facts(host, nic, false);

    nic = host_add_device(host, MCB_TREE_NIC, 0, "rxe0", "", "");
    struct mcb_device_facts *facts = host_add_facts(host, nic, true);
    facts->software = true;
    facts->firmware[0] = '\0';
    facts->ports->link = "Ethernet";
    facts->ports->link_gbps = 0;
    facts->ports->mtu_bytes = 1024;
    return host;
}

#endif
