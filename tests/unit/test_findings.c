/* SPDX-License-Identifier: Apache-2.0 */
/* What is wrong with a host is found, once, and what is right or not known is not. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "bench/topology/findings.h"

enum { NODES_MAX = 256 };

/* A host put together by hand, in depth-first order. */
struct host {
    struct mcb_tree tree;
    struct mcb_tree_node nodes[NODES_MAX];
};

static struct host host;
static struct mcb_findings findings;

static const struct mcb_pci_link gen5_x16 = {32, 16}, gen5_x8 = {32, 8}, gen4_x16 = {16, 16},
                                 gen1_x16 = {2.5, 16};

static size_t add(enum mcb_tree_kind kind, size_t parent, const char *name)
{
    struct mcb_tree_node *node = &host.nodes[host.tree.count];
    assert_true(host.tree.count < NODES_MAX);
    *node = (struct mcb_tree_node){.kind = kind, .parent = parent};
    node->numa_node = host.tree.count == 0 ? -1 : host.nodes[parent].numa_node;
    snprintf(node->name, sizeof(node->name), "%s", name);
    if (kind == MCB_TREE_NUMA_NODE)
        node->numa_node = (int)host.tree.numa_nodes++;
    if (kind == MCB_TREE_BRIDGE)
        snprintf(node->pci.address, sizeof(node->pci.address), "%s", name);
    else if (kind > MCB_TREE_BRIDGE)
        snprintf(node->pci.address, sizeof(node->pci.address), "0001:%02x:00.0",
                 (unsigned)host.tree.count & 0xff);
    node->pci.config_bytes = kind == MCB_TREE_BRIDGE ? 4096 : 256;
    node->pci.acs_redirects = kind == MCB_TREE_BRIDGE ? MCB_KNOWN_NO : MCB_KNOWN_NOT;
    node->pci.relaxed_ordering = MCB_KNOWN_YES;
    node->pci.iommu_translates = MCB_KNOWN_NO;
    node->pci.max_payload_bytes = 256;
    return host.tree.count++;
}

static int new_host(void **state)
{
    (void)state;
    host = (struct host){.tree = {.this_host = true}};
    host.tree.nodes = host.nodes;
    add(MCB_TREE_HOST, 0, "n1");
    return 0;
}

static int release(void **state)
{
    (void)state;
    mcb_findings_release(&findings);
    return 0;
}

/* A NUMA node with a host bridge; returns the latter. */
static size_t add_host_bridge(const char *numa_node, const char *bus)
{
    return add(MCB_TREE_HOST_BRIDGE, add(MCB_TREE_NUMA_NODE, 0, numa_node), bus);
}

/* A device at a port of its own. */
static size_t add_behind(size_t parent, const char *bridge, enum mcb_tree_kind kind,
                         const char *name)
{
    return add(kind, add(MCB_TREE_BRIDGE, parent, bridge), name);
}

/* A switch below a root port; returns its upstream port. */
static size_t add_switch(size_t host_bridge)
{
    size_t root_port = add(MCB_TREE_BRIDGE, host_bridge, "0000:15:01.0");
    size_t upstream = add(MCB_TREE_BRIDGE, root_port, "0000:16:00.0");
    host.nodes[upstream].pci.upstream_port = true;
    return upstream;
}

static void set_link(size_t node, struct mcb_pci_link now, struct mcb_pci_link most)
{
    host.nodes[node].pci.link = now;
    host.nodes[node].pci.link_most = most;
}

static void make_findings(void)
{
    struct mcb_error error;
    mcb_findings_release(&findings);
    assert_int_equal(mcb_findings_make(&host.tree, &findings, &error), 0);
}

static void assert_nothing_found(void)
{
    make_findings();
    if (findings.count > 0)
        fail_msg("found: %s", findings.list[0].detail);
}

static void assert_found(enum mcb_fault_code fault, const char *detail)
{
    make_findings();
    assert_int_equal(findings.count, 1);
    assert_int_equal(findings.list[0].code, fault);
    assert_string_equal(findings.list[0].detail, detail);
}

/* A GPU and a NIC below one switch: all is well. Returns the upstream port. */
static size_t make_good_host(void)
{
    size_t upstream = add_switch(add_host_bridge("cpu:0", "0000:15"));
    size_t nic = add_behind(upstream, "0000:17:00.0", MCB_TREE_NIC, "mlx5_0");
    size_t gpu = add_behind(upstream, "0000:17:01.0", MCB_TREE_GPU, "cuda:0");
    set_link(host.nodes[upstream].parent, gen5_x16, gen5_x16);
    set_link(upstream, gen5_x16, gen5_x16);
    set_link(host.nodes[nic].parent, gen5_x16, gen5_x16);
    set_link(host.nodes[gpu].parent, gen5_x16, gen5_x16);
    set_link(nic, gen5_x16, gen5_x16);
    set_link(gpu, gen5_x16, gen5_x16);
    return upstream;
}

static size_t find(const char *name)
{
    for (size_t i = 0; i < host.tree.count; i++)
        if (strcmp(host.nodes[i].name, name) == 0)
            return i;
    fail_msg("no node %s", name);
    return 0;
}

static struct mcb_pci_function *pci(const char *name)
{
    return &host.nodes[find(name)].pci;
}

static void a_good_host_has_no_findings(void **state)
{
    (void)state;
    make_good_host();
    assert_nothing_found();
}

static void a_host_with_nothing_in_it_has_no_findings(void **state)
{
    (void)state;
    assert_nothing_found();
}

static void a_link_below_what_both_ends_can_do_is_found(void **state)
{
    (void)state;
    make_good_host();
    set_link(find("mlx5_0"), gen5_x8, gen5_x16);
    assert_found(MCB_FAULT_PCI_LINK, "mlx5_0: the link runs at PCIe 5.0 x8, but card and slot "
                                     "(bridge 0000:17:00.0) could do PCIe 5.0 x16");
}

static void what_both_ends_can_do_is_the_lesser_of_each(void **state)
{
    (void)state;
    make_good_host();
    set_link(find("mlx5_0"), gen1_x16, gen5_x16);
    set_link(find("0000:17:00.0"), gen1_x16, gen4_x16);
    assert_found(MCB_FAULT_PCI_LINK, "mlx5_0: the link runs at PCIe 1.0 x16, but card and slot "
                                     "(bridge 0000:17:00.0) could do PCIe 4.0 x16");
}

static void a_wide_card_in_a_narrow_slot_is_limited_by_the_slot(void **state)
{
    (void)state;
    make_good_host();
    set_link(find("mlx5_0"), gen5_x8, gen5_x16);
    set_link(find("0000:17:00.0"), gen5_x8, gen5_x8);
    assert_found(MCB_FAULT_PCI_SLOT, "mlx5_0: the card could do PCIe 5.0 x16, but the slot (bridge "
                                     "0000:17:00.0) limits it to PCIe 5.0 x8");
}

static void a_slot_that_could_do_more_than_its_card_is_fine(void **state)
{
    (void)state;
    make_good_host();
    set_link(find("mlx5_0"), gen4_x16, gen4_x16);
    assert_nothing_found();
}

static void a_slow_link_of_a_gpu_may_be_its_idling(void **state)
{
    (void)state;
    make_good_host();
    set_link(find("cuda:0"), gen1_x16, gen5_x16);
    assert_found(MCB_FAULT_PCI_LINK,
                 "cuda:0: the link runs at PCIe 1.0 x16, but card and slot (bridge 0000:17:01.0) "
                 "could do PCIe 5.0 x16; an idle GPU may lower the speed by itself: look again "
                 "under load");
}

static void functions_that_share_a_link_share_the_finding(void **state)
{
    (void)state;
    size_t upstream = make_good_host();
    size_t port = add(MCB_TREE_BRIDGE, upstream, "0000:17:02.0");
    set_link(port, gen5_x8, gen5_x16);
    set_link(add(MCB_TREE_NIC, port, "mlx5_1"), gen5_x8, gen5_x16);
    set_link(add(MCB_TREE_NIC, port, "mlx5_2"), gen5_x8, gen5_x16);
    assert_found(MCB_FAULT_PCI_LINK,
                 "mlx5_1 and mlx5_2: the link runs at PCIe 5.0 x8, but card and slot (bridge "
                 "0000:17:02.0) could do PCIe 5.0 x16");
}

static void the_link_of_a_switch_to_its_root_port_is_looked_at(void **state)
{
    (void)state;
    make_good_host();
    set_link(find("0000:15:01.0"), gen5_x8, gen5_x16);
    set_link(find("0000:16:00.0"), gen5_x8, gen5_x16);
    assert_found(MCB_FAULT_PCI_LINK, "0000:16:00.0: the link runs at PCIe 5.0 x8, but card and "
                                     "slot (bridge 0000:15:01.0) could do PCIe 5.0 x16");
}

static void links_that_are_made_up_or_not_known_are_passed_over(void **state)
{
    (void)state;
    make_good_host();
    set_link(find("mlx5_0"), gen1_x16, gen5_x16);
    pci("0000:17:00.0")->emulated = true;
    assert_nothing_found();
    pci("0000:17:00.0")->emulated = false;
    pci("0000:17:00.0")->link_most = (struct mcb_pci_link){0};
    assert_nothing_found();
    set_link(find("0000:17:00.0"), gen5_x16, gen5_x16);
    pci("mlx5_0")->link = (struct mcb_pci_link){16, 0};
    assert_nothing_found();
}

static void a_software_nic_is_not_its_interface(void **state)
{
    (void)state;
    struct mcb_port port = {.number = 1, .active = true};
    struct mcb_device_facts facts = {.software = true, .port_count = 1, .ports = &port};
    make_good_host();
    struct mcb_tree_node *nic = &host.nodes[find("mlx5_0")];
    nic->device = &facts;
    set_link(find("mlx5_0"), gen1_x16, gen5_x16);
    nic->pci.relaxed_ordering = MCB_KNOWN_NO;
    nic->pci.iommu_translates = MCB_KNOWN_YES;
    assert_nothing_found();
}

static void gpus_without_any_nic_are_one_finding(void **state)
{
    (void)state;
    size_t bridge = add_host_bridge("cpu:0", "0000:15");
    add_behind(bridge, "0000:15:01.0", MCB_TREE_GPU, "cuda:0");
    add_behind(bridge, "0000:15:02.0", MCB_TREE_GPU, "cuda:1");
    assert_found(MCB_FAULT_PCI_NO_NEAR_NIC, "cuda:0 and cuda:1: the host has no NIC");
}

static void a_gpu_at_another_host_bridge_than_every_nic_is_found(void **state)
{
    (void)state;
    size_t numa_node = add(MCB_TREE_NUMA_NODE, 0, "cpu:0");
    add_behind(add(MCB_TREE_HOST_BRIDGE, numa_node, "0000:15"), "0000:15:01.0", MCB_TREE_NIC,
               "mlx5_0");
    add_behind(add(MCB_TREE_HOST_BRIDGE, numa_node, "0000:37"), "0000:37:01.0", MCB_TREE_GPU,
               "cuda:0");
    assert_found(MCB_FAULT_PCI_NO_NEAR_NIC,
                 "cuda:0: the nearest NIC is NODE away, at another host bridge of the NUMA node");
}

static void a_gpu_beside_another_numa_node_than_every_nic_is_found(void **state)
{
    (void)state;
    add_behind(add_host_bridge("cpu:0", "0000:15"), "0000:15:01.0", MCB_TREE_NIC, "mlx5_0");
    add_behind(add_host_bridge("cpu:1", "0000:97"), "0000:97:01.0", MCB_TREE_GPU, "cuda:0");
    assert_found(
        MCB_FAULT_PCI_NO_NEAR_NIC,
        "cuda:0: the nearest NIC is SYS away, beside another NUMA node or nobody knows which");
}

static void a_nic_at_the_same_host_bridge_is_near(void **state)
{
    (void)state;
    size_t bridge = add_host_bridge("cpu:0", "0000:15");
    add_behind(bridge, "0000:15:01.0", MCB_TREE_NIC, "mlx5_0");
    add_behind(bridge, "0000:15:02.0", MCB_TREE_GPU, "cuda:0");
    assert_nothing_found();
}

static void gpus_that_share_a_nic_are_found(void **state)
{
    (void)state;
    size_t upstream = make_good_host();
    add_behind(upstream, "0000:17:02.0", MCB_TREE_GPU, "cuda:1");
    assert_found(MCB_FAULT_PCI_SHARED_NIC, "cuda:0 and cuda:1 share mlx5_0 (2 GPUs, 1 NIC)");
}

static void three_gpus_on_two_nics_are_found(void **state)
{
    (void)state;
    size_t upstream = make_good_host();
    add_behind(upstream, "0000:17:02.0", MCB_TREE_GPU, "cuda:1");
    add_behind(upstream, "0000:17:03.0", MCB_TREE_GPU, "cuda:2");
    add_behind(upstream, "0000:17:04.0", MCB_TREE_NIC, "mlx5_1");
    assert_found(MCB_FAULT_PCI_SHARED_NIC,
                 "cuda:0, cuda:1 and cuda:2 share mlx5_0 and mlx5_1 (3 GPUs, 2 NICs)");
}

static void as_many_nics_as_gpus_is_fine(void **state)
{
    (void)state;
    size_t upstream = make_good_host();
    add_behind(upstream, "0000:17:02.0", MCB_TREE_GPU, "cuda:1");
    add_behind(upstream, "0000:17:04.0", MCB_TREE_NIC, "mlx5_1");
    assert_nothing_found();
}

/* A NIC of two ports is two functions of one card. Returns its bridge. */
static size_t add_dual_port(size_t upstream)
{
    size_t port = add(MCB_TREE_BRIDGE, upstream, "0000:17:02.0");
    for (unsigned i = 0; i < 2; i++) {
        char name[16];
        snprintf(name, sizeof(name), "mlx5_%u", i);
        size_t nic = add(MCB_TREE_NIC, port, name);
        snprintf(host.nodes[nic].pci.address, sizeof(host.nodes[nic].pci.address), "0000:1a:00.%u",
                 i);
    }
    return port;
}

static void two_gpus_on_one_card_of_two_ports_are_found(void **state)
{
    (void)state;
    size_t upstream = add_switch(add_host_bridge("cpu:0", "0000:15"));
    add_behind(upstream, "0000:17:00.0", MCB_TREE_GPU, "cuda:0");
    add_behind(upstream, "0000:17:01.0", MCB_TREE_GPU, "cuda:1");
    size_t port = add_dual_port(upstream);
    assert_found(MCB_FAULT_PCI_SHARED_NIC,
                 "cuda:0 and cuda:1 share mlx5_0 and mlx5_1 (2 GPUs, 1 card)");
    /* Below a hypervisor's bridge it is one card by its address only. */
    host.nodes[port].pci.emulated = true;
    assert_found(MCB_FAULT_PCI_SHARED_NIC,
                 "cuda:0 and cuda:1 share mlx5_0 and mlx5_1 (2 GPUs, 1 card)");
    strcpy(pci("mlx5_1")->address, "0000:1a:01.0");
    assert_nothing_found();
    pci("mlx5_1")->virtual_function = true;
    strcpy(pci("mlx5_1")->physical_address, "0000:1a:00.0");
    assert_found(MCB_FAULT_PCI_SHARED_NIC,
                 "cuda:0 and cuda:1 share mlx5_0 and mlx5_1 (2 GPUs, 1 card)");
}

/* ---- NICs that are down ---- */

static struct mcb_port port_down = {.number = 1}, port_active = {.number = 1, .active = true};
static const struct mcb_device_facts is_down = {.port_count = 1, .ports = &port_down},
                                     is_up = {.port_count = 1, .ports = &port_active},
                                     is_shut = {.error = {.code = MCB_FAULT_RDMA_DEVICE_OPEN}};

/* mlx5_0 beside cuda:0, mlx5_1 at another NUMA node. */
static void make_host_of_two_nics(const struct mcb_device_facts *near,
                                  const struct mcb_device_facts *far)
{
    make_good_host();
    add_behind(add_host_bridge("cpu:1", "0000:97"), "0000:97:01.0", MCB_TREE_NIC, "mlx5_1");
    host.nodes[find("mlx5_0")].device = near;
    host.nodes[find("mlx5_1")].device = far;
}

static void a_gpu_whose_nearest_nic_is_down_is_found(void **state)
{
    (void)state;
    make_host_of_two_nics(&is_down, &is_up);
    assert_found(MCB_FAULT_PCI_NIC_DOWN, "cuda:0: mlx5_0, which is nearest, is down; the nearest "
                                         "that works is mlx5_1, SYS away");
}

static void a_gpu_whose_nearest_nic_cannot_be_opened_is_found(void **state)
{
    (void)state;
    make_host_of_two_nics(&is_shut, &is_up);
    assert_found(MCB_FAULT_PCI_NIC_DOWN, "cuda:0: mlx5_0, which is nearest, cannot be opened; the "
                                         "nearest that works is mlx5_1, SYS away");
}

static void where_no_nic_works_that_is_said(void **state)
{
    (void)state;
    make_host_of_two_nics(&is_down, &is_down);
    assert_found(MCB_FAULT_PCI_NIC_DOWN,
                 "cuda:0: mlx5_0, which is nearest, is down; no other NIC works");
}

static void a_far_nic_that_is_down_is_no_finding(void **state)
{
    (void)state;
    make_host_of_two_nics(&is_up, &is_down);
    assert_nothing_found();
}

static void gpus_that_lost_the_same_nic_share_the_finding(void **state)
{
    (void)state;
    make_host_of_two_nics(&is_down, &is_up);
    size_t upstream = find("0000:16:00.0");
    /* at the end of the tree, whose order does not matter here */
    add(MCB_TREE_GPU, add(MCB_TREE_BRIDGE, upstream, "0000:17:05.0"), "cuda:1");
    make_findings();
    assert_int_equal(findings.count, 2);
    assert_string_equal(findings.list[0].detail,
                        "cuda:0 and cuda:1: mlx5_0, which is nearest, is down; the nearest that "
                        "works is mlx5_1, SYS away");
    assert_int_equal(findings.list[1].code, MCB_FAULT_PCI_SHARED_NIC);
}

static void an_unused_second_port_is_no_finding(void **state)
{
    (void)state;
    size_t upstream = make_good_host();
    host.nodes[find("mlx5_0")].device = &is_up;
    host.nodes[add_behind(upstream, "0000:17:04.0", MCB_TREE_NIC, "mlx5_1")].device = &is_down;
    assert_nothing_found();
}

static void a_software_nic_does_not_take_the_place_of_hardware(void **state)
{
    (void)state;
    static const struct mcb_device_facts rxe = {
        .software = true, .port_count = 1, .ports = &port_active};
    size_t upstream = make_good_host();
    host.nodes[add_behind(upstream, "0000:17:04.0", MCB_TREE_NIC, "rxe0")].device = &rxe;
    add_behind(upstream, "0000:17:05.0", MCB_TREE_GPU, "cuda:1");
    assert_found(MCB_FAULT_PCI_SHARED_NIC, "cuda:0 and cuda:1 share mlx5_0 (2 GPUs, 1 NIC)");
}

static void acs_on_the_ways_between_gpus_and_nics_is_one_finding(void **state)
{
    (void)state;
    make_good_host();
    pci("0000:17:00.0")->acs_redirects = MCB_KNOWN_YES;
    pci("0000:17:01.0")->acs_redirects = MCB_KNOWN_YES;
    assert_found(MCB_FAULT_PCI_ACS,
                 "0000:17:00.0 and 0000:17:01.0: ACS sends traffic between the GPUs and NICs below "
                 "up to the host bridge and back");
}

static void acs_on_a_bridge_that_a_gpu_and_a_nic_have_to_themselves_is_found(void **state)
{
    (void)state;
    size_t port = add(MCB_TREE_BRIDGE, add_host_bridge("cpu:0", "0000:15"), "0000:15:01.0");
    add(MCB_TREE_NIC, port, "mlx5_0");
    add(MCB_TREE_GPU, port, "cuda:0");
    host.nodes[port].pci.acs_redirects = MCB_KNOWN_YES;
    make_findings();
    assert_int_equal(findings.count, 1);
    assert_int_equal(findings.list[0].code, MCB_FAULT_PCI_ACS);
}

static void acs_above_the_switch_does_not_matter(void **state)
{
    (void)state;
    make_good_host();
    pci("0000:15:01.0")->acs_redirects = MCB_KNOWN_YES;
    assert_nothing_found();
}

static void acs_does_not_matter_where_the_way_leads_through_the_host_bridge(void **state)
{
    (void)state;
    size_t bridge = add_host_bridge("cpu:0", "0000:15");
    add_behind(bridge, "0000:15:01.0", MCB_TREE_NIC, "mlx5_0");
    add_behind(bridge, "0000:15:02.0", MCB_TREE_GPU, "cuda:0");
    pci("0000:15:01.0")->acs_redirects = MCB_KNOWN_YES;
    pci("0000:15:02.0")->acs_redirects = MCB_KNOWN_YES;
    assert_nothing_found();
}

static void acs_between_nics_alone_does_not_matter(void **state)
{
    (void)state;
    size_t upstream = add_switch(add_host_bridge("cpu:0", "0000:15"));
    add_behind(upstream, "0000:17:00.0", MCB_TREE_NIC, "mlx5_0");
    add_behind(upstream, "0000:17:01.0", MCB_TREE_NIC, "mlx5_1");
    pci("0000:17:00.0")->acs_redirects = MCB_KNOWN_YES;
    assert_nothing_found();
}

static void an_operator_does_not_drown_in_bridges(void **state)
{
    (void)state;
    size_t upstream = add_switch(add_host_bridge("cpu:0", "0000:15"));
    for (int i = 0; i < 64; i++) {
        char bridge[32], name[32];
        snprintf(bridge, sizeof(bridge), "0000:17:%02x.%d", i / 8, i % 8);
        snprintf(name, sizeof(name), i % 2 ? "mlx5_%d" : "cuda:%d", i / 2);
        size_t device = add_behind(upstream, bridge, i % 2 ? MCB_TREE_NIC : MCB_TREE_GPU, name);
        host.nodes[host.nodes[device].parent].pci.acs_redirects = MCB_KNOWN_YES;
    }
    make_findings();
    assert_int_equal(findings.count, 1);
    assert_non_null(strstr(findings.list[0].detail, " and 43 more: ACS sends"));
}

static void devices_behind_a_translating_iommu_are_one_finding(void **state)
{
    (void)state;
    make_good_host();
    pci("mlx5_0")->iommu_translates = MCB_KNOWN_YES;
    pci("cuda:0")->iommu_translates = MCB_KNOWN_YES;
    pci("0000:16:00.0")->iommu_translates = MCB_KNOWN_YES;
    assert_found(MCB_FAULT_PCI_IOMMU,
                 "mlx5_0 and cuda:0: an IOMMU translates the addresses of DMA");
}

static void relaxed_ordering_disabled_in_a_nic_is_found(void **state)
{
    (void)state;
    make_good_host();
    pci("mlx5_0")->relaxed_ordering = MCB_KNOWN_NO;
    pci("cuda:0")->relaxed_ordering = MCB_KNOWN_NO;
    assert_found(MCB_FAULT_PCI_RELAXED_ORDERING,
                 "mlx5_0: relaxed ordering is disabled in PCI Device Control");
}

static void a_virtual_function_of_this_host_has_the_ordering_of_its_physical_one(void **state)
{
    (void)state;
    size_t upstream = make_good_host();
    size_t function = add_behind(upstream, "0000:17:02.0", MCB_TREE_NIC, "mlx5_1");
    strcpy(host.nodes[function].model, "ConnectX Family mlx5Gen Virtual Function");
    host.nodes[function].pci.virtual_function = true;
    host.nodes[function].pci.relaxed_ordering = MCB_KNOWN_NO;
    set_link(host.nodes[function].parent, gen5_x16, gen5_x16);
    set_link(function, gen5_x16, gen5_x16);
    pci("mlx5_0")->relaxed_ordering = MCB_KNOWN_NO;
    assert_found(MCB_FAULT_PCI_RELAXED_ORDERING,
                 "mlx5_0 and mlx5_1: relaxed ordering is disabled in PCI Device Control");
}

static void the_reserved_bit_of_a_virtual_function_is_not_taken_for_disabled(void **state)
{
    (void)state;
    make_good_host();
    pci("mlx5_0")->relaxed_ordering = MCB_KNOWN_NO;
    strcpy(host.nodes[find("mlx5_0")].model, "ConnectX Family mlx5Gen Virtual Function");
    assert_nothing_found();
}

static void a_device_beside_no_known_numa_node_is_found_on_a_host_of_several(void **state)
{
    (void)state;
    make_good_host();
    add(MCB_TREE_NUMA_NODE, 0, "cpu:1");
    add(MCB_TREE_NIC, add(MCB_TREE_HOST_BRIDGE, 0, "0000:e0"), "mlx5_1");
    assert_found(MCB_FAULT_PCI_NUMA_NODE,
                 "mlx5_1: beside which NUMA node is not known, and the host has several");
}

static void a_numa_node_does_not_matter_where_there_is_one(void **state)
{
    (void)state;
    make_good_host();
    add(MCB_TREE_NIC, add(MCB_TREE_HOST_BRIDGE, 0, "0000:e0"), "mlx5_1");
    assert_nothing_found();
}

static void findings_come_in_the_order_of_the_checks(void **state)
{
    (void)state;
    size_t upstream = make_good_host();
    add_behind(upstream, "0000:17:02.0", MCB_TREE_GPU, "cuda:1");
    pci("mlx5_0")->relaxed_ordering = MCB_KNOWN_NO;
    set_link(find("mlx5_0"), gen5_x8, gen5_x16);
    make_findings();
    assert_int_equal(findings.count, 3);
    assert_int_equal(findings.list[0].code, MCB_FAULT_PCI_LINK);
    assert_int_equal(findings.list[1].code, MCB_FAULT_PCI_SHARED_NIC);
    assert_int_equal(findings.list[2].code, MCB_FAULT_PCI_RELAXED_ORDERING);
}

static void assert_unseen(const char *expected)
{
    char text[256];
    assert_string_equal(mcb_findings_unseen(&host.tree, text), expected);
}

static void of_a_host_that_shows_all_nothing_is_unseen(void **state)
{
    (void)state;
    make_good_host();
    assert_unseen("");
}

/* What an ordinary user sees of a function. */
static void show_head_only(struct mcb_pci_function *function)
{
    function->config_bytes = 64;
    function->acs_redirects = MCB_KNOWN_NOT;
    function->relaxed_ordering = MCB_KNOWN_NOT;
    function->max_payload_bytes = 0;
}

static void what_root_alone_sees_is_said(void **state)
{
    (void)state;
    make_good_host();
    show_head_only(pci("mlx5_0"));
    assert_unseen("relaxed ordering and MaxPayload: the PCI configuration can be read by root "
                  "only");
    show_head_only(pci("0000:17:00.0"));
    assert_unseen("ACS, relaxed ordering and MaxPayload: the PCI configuration can be read by "
                  "root only");
}

static void what_a_file_does_not_hold_is_said(void **state)
{
    (void)state;
    make_good_host();
    host.tree.this_host = false;
    for (size_t i = 0; i < host.tree.count; i++) {
        show_head_only(&host.nodes[i].pci);
        host.nodes[i].pci.iommu_translates = MCB_KNOWN_NOT;
        set_link(i, (struct mcb_pci_link){0}, (struct mcb_pci_link){0});
    }
    assert_unseen("what links could do, which ports are active, ACS, IOMMU, relaxed ordering and "
                  "MaxPayload: an XML file does not hold them, mcbench topo on the host itself "
                  "shows them");
}

static void what_root_does_not_see_either_is_said(void **state)
{
    (void)state;
    make_good_host();
    pci("0000:17:00.0")->acs_redirects = MCB_KNOWN_NOT; /* 256 bytes, or all ones behind them */
    assert_unseen("ACS: this kernel or hypervisor does not show them");
    pci("0000:17:00.0")->acs_redirects = MCB_KNOWN_NO;
    pci("cuda:0")->iommu_translates = MCB_KNOWN_NOT; /* a type that nobody knows */
    assert_unseen("IOMMU: this kernel or hypervisor does not show them");
    pci("cuda:0")->iommu_translates = MCB_KNOWN_NO;
    pci("mlx5_0")->link_most = (struct mcb_pci_link){0};
    assert_unseen("what links could do: this kernel or hypervisor does not show them");
    show_head_only(pci("cuda:0"));
    assert_unseen("MaxPayload: the PCI configuration can be read by root only; what links could "
                  "do: this kernel or hypervisor does not show them");
}

static void a_link_to_a_bridge_that_a_hypervisor_made_is_not_seen(void **state)
{
    (void)state;
    make_good_host();
    pci("0000:17:00.0")->emulated = true;
    assert_unseen("what links could do: this kernel or hypervisor does not show them");
}

static void a_device_within_the_root_complex_has_no_link_to_be_seen(void **state)
{
    (void)state;
    size_t bridge = add_host_bridge("cpu:0", "0000:15");
    size_t nic = add(MCB_TREE_NIC, bridge, "mlx5_0");
    assert_unseen("");
    set_link(nic, gen5_x16, gen5_x16); /* of what the slot is, nothing is shown */
    assert_unseen("what links could do: this kernel or hypervisor does not show them");
}

static void the_ordering_of_a_guests_virtual_function_is_not_seen(void **state)
{
    (void)state;
    make_good_host();
    strcpy(host.nodes[find("mlx5_0")].model, "ConnectX Family mlx5Gen Virtual Function");
    assert_unseen("relaxed ordering: this kernel or hypervisor does not show them");
}

static void where_there_is_nothing_to_check_nothing_is_unseen(void **state)
{
    (void)state;
    add(MCB_TREE_NIC, 0, "rxe0");
    *pci("rxe0") = (struct mcb_pci_function){0};
    assert_unseen("");
}

#define FINDINGS_TEST(test) cmocka_unit_test_setup_teardown(test, new_host, release)

int main(void)
{
    const struct CMUnitTest tests[] = {
        FINDINGS_TEST(a_good_host_has_no_findings),
        FINDINGS_TEST(a_host_with_nothing_in_it_has_no_findings),
        FINDINGS_TEST(a_link_below_what_both_ends_can_do_is_found),
        FINDINGS_TEST(what_both_ends_can_do_is_the_lesser_of_each),
        FINDINGS_TEST(a_wide_card_in_a_narrow_slot_is_limited_by_the_slot),
        FINDINGS_TEST(a_slot_that_could_do_more_than_its_card_is_fine),
        FINDINGS_TEST(a_slow_link_of_a_gpu_may_be_its_idling),
        FINDINGS_TEST(functions_that_share_a_link_share_the_finding),
        FINDINGS_TEST(the_link_of_a_switch_to_its_root_port_is_looked_at),
        FINDINGS_TEST(links_that_are_made_up_or_not_known_are_passed_over),
        FINDINGS_TEST(a_software_nic_is_not_its_interface),
        FINDINGS_TEST(gpus_without_any_nic_are_one_finding),
        FINDINGS_TEST(a_gpu_at_another_host_bridge_than_every_nic_is_found),
        FINDINGS_TEST(a_gpu_beside_another_numa_node_than_every_nic_is_found),
        FINDINGS_TEST(a_nic_at_the_same_host_bridge_is_near),
        FINDINGS_TEST(gpus_that_share_a_nic_are_found),
        FINDINGS_TEST(three_gpus_on_two_nics_are_found),
        FINDINGS_TEST(as_many_nics_as_gpus_is_fine),
        FINDINGS_TEST(two_gpus_on_one_card_of_two_ports_are_found),
        FINDINGS_TEST(a_gpu_whose_nearest_nic_is_down_is_found),
        FINDINGS_TEST(a_gpu_whose_nearest_nic_cannot_be_opened_is_found),
        FINDINGS_TEST(where_no_nic_works_that_is_said),
        FINDINGS_TEST(a_far_nic_that_is_down_is_no_finding),
        FINDINGS_TEST(gpus_that_lost_the_same_nic_share_the_finding),
        FINDINGS_TEST(an_unused_second_port_is_no_finding),
        FINDINGS_TEST(a_software_nic_does_not_take_the_place_of_hardware),
        FINDINGS_TEST(acs_on_the_ways_between_gpus_and_nics_is_one_finding),
        FINDINGS_TEST(acs_on_a_bridge_that_a_gpu_and_a_nic_have_to_themselves_is_found),
        FINDINGS_TEST(acs_above_the_switch_does_not_matter),
        FINDINGS_TEST(acs_does_not_matter_where_the_way_leads_through_the_host_bridge),
        FINDINGS_TEST(acs_between_nics_alone_does_not_matter),
        FINDINGS_TEST(an_operator_does_not_drown_in_bridges),
        FINDINGS_TEST(devices_behind_a_translating_iommu_are_one_finding),
        FINDINGS_TEST(relaxed_ordering_disabled_in_a_nic_is_found),
        FINDINGS_TEST(a_virtual_function_of_this_host_has_the_ordering_of_its_physical_one),
        FINDINGS_TEST(the_reserved_bit_of_a_virtual_function_is_not_taken_for_disabled),
        FINDINGS_TEST(a_device_beside_no_known_numa_node_is_found_on_a_host_of_several),
        FINDINGS_TEST(a_numa_node_does_not_matter_where_there_is_one),
        FINDINGS_TEST(findings_come_in_the_order_of_the_checks),
        FINDINGS_TEST(of_a_host_that_shows_all_nothing_is_unseen),
        FINDINGS_TEST(what_root_alone_sees_is_said),
        FINDINGS_TEST(what_a_file_does_not_hold_is_said),
        FINDINGS_TEST(what_root_does_not_see_either_is_said),
        FINDINGS_TEST(a_link_to_a_bridge_that_a_hypervisor_made_is_not_seen),
        FINDINGS_TEST(a_device_within_the_root_complex_has_no_link_to_be_seen),
        FINDINGS_TEST(the_ordering_of_a_guests_virtual_function_is_not_seen),
        FINDINGS_TEST(where_there_is_nothing_to_check_nothing_is_unseen),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
