/* SPDX-License-Identifier: Apache-2.0 */
/* The host as a tree: what is in it, in which order, and beside which NUMA node; of a described
 * host, and of one whose RDMA devices and sysfs are the test's own. */
#include <hwloc.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "bench/topology/tree_build.h"
#include "tests/unit/sysfs_tree.h"
#include "tests/unit/topology_helper.h"

static void assert_order(const struct mcb_tree *tree, const char *const *names, size_t count)
{
    assert_int_equal(tree->count, count);
    for (size_t i = 0; i < count; i++)
        assert_string_equal(tree->nodes[i].name, names[i]);
}

#define assert_names(tree, ...)                                                                    \
    do {                                                                                           \
        static const char *const names[] = {__VA_ARGS__};                                          \
        assert_order(tree, names, sizeof names / sizeof names[0]);                                 \
    } while (0)

static const struct mcb_tree_node *node(const struct host *host, const char *name)
{
    return &host->tree.nodes[host_find(host, name)];
}

static const char *parent(const struct host *host, const char *name)
{
    return host->tree.nodes[node(host, name)->parent].name;
}

/* ---- a described host ---- */

static void nodes_stand_in_depth_first_order_below_what_they_hang_on(void **state)
{
    (void)state;
    struct host host = host_from_file(FIXTURE("classes"));
    assert_names(&host.tree, "imagined", "cpu:0", "0000:15", "0000:15:01.0", "0000:16:00.0",
                 "0000:17:00.0", "mlx5_0", "0000:17:01.0", "cuda:0", "0000:17:02.0", "0000:1a:00.0",
                 "0000:1b:00.0", "cuda:1", "0000:40", "0000:40:01.0", "mlx5_1", "cpu:1", "0000:80",
                 "0000:80:01.0", "mlx5_2", "0000:80:03.0", "cuda:2");
    assert_string_equal(parent(&host, "cuda:1"), "0000:1b:00.0");
    assert_string_equal(parent(&host, "0000:15:01.0"), "0000:15");
    assert_string_equal(parent(&host, "0000:40"), "cpu:0");
    assert_string_equal(parent(&host, "cpu:1"), "imagined");
    assert_int_equal(node(&host, "0000:15")->kind, MCB_TREE_HOST_BRIDGE);
    assert_int_equal(node(&host, "0000:17:01.0")->kind, MCB_TREE_BRIDGE);
    assert_int_equal(host.tree.numa_nodes, 2);
    assert_false(host.tree.this_host);
    host_release(&host);
}

static void a_device_of_a_file_is_known_by_its_pci_function(void **state)
{
    (void)state;
    struct host host = host_from_file(FIXTURE("classes"));
    const struct mcb_tree_node *nic = node(&host, "mlx5_0");
    assert_int_equal(nic->kind, MCB_TREE_NIC);
    assert_string_equal(nic->pci.address, "0000:18:00.0");
    assert_int_equal(nic->pci.vendor_id, 0x15b3);
    assert_int_equal(nic->pci.device_id, 0x1021);
    assert_int_equal(nic->pci.class_id, 0x0207);
    assert_int_equal(nic->pci.numa_node, -1);
    assert_int_equal(nic->pci.relaxed_ordering, MCB_KNOWN_NOT);
    assert_int_equal(nic->pci.acs_redirects, MCB_KNOWN_NOT);
    assert_int_equal(nic->pci.iommu_translates, MCB_KNOWN_NOT);
    assert_string_equal(nic->model, "MT2910 Family [ConnectX-7]");
    assert_float_equal(nic->link_gbps, 504.123, 0.01); /* 32 GT/s x 16 x 128/130 */
    assert_int_equal(nic->numa_node, 0);
    assert_null(nic->device);
    assert_true(mcb_tree_nic_is_active(nic));
    host_release(&host);
}

static void a_numa_node_has_its_cpus_and_memory(void **state)
{
    (void)state;
    struct host host = host_from_file(FIXTURE("classes"));
    assert_string_equal(node(&host, "cpu:1")->cpus, "4-7");
    assert_int_equal(node(&host, "cpu:1")->memory_bytes, UINT64_C(2) << 30);
    assert_int_equal(node(&host, "cpu:1")->numa_node, 1);
    assert_int_equal(host.tree.nodes[0].numa_node, -1);
    assert_string_equal(host.tree.nodes[0].model, "Imagined CPU");
    host_release(&host);
}

static void bridges_that_lead_to_no_nic_or_gpu_are_left_out(void **state)
{
    (void)state;
    struct host host = host_from_file(FIXTURE("no-gpu"));
    assert_names(&host.tree, "imagined", "cpu:0", "0000:00", "0000:00:01.0", "mlx5_0");
    host_release(&host);
}

static void only_what_computes_is_a_gpu(void **state)
{
    (void)state;
    struct host host = host_from_file(FIXTURE("no-nic"));
    assert_int_equal(mcb_tree_count(&host.tree, MCB_TREE_GPU), 2);
    assert_string_equal(node(&host, "cuda:0")->pci.address, "0000:01:00.0");
    assert_string_equal(node(&host, "hip:0")->pci.address, "0000:02:00.0");
    host_release(&host);
    host = host_from_file(FIXTURE("flattened-vm")); /* its display is none */
    assert_int_equal(mcb_tree_count(&host.tree, MCB_TREE_GPU), 2);
    assert_string_equal(node(&host, "cuda:0")->pci.address, "0000:00:1c.0");
    host_release(&host);
}

/* The driver's word counts more than the class; the numbers follow the addresses all the same. */
static void what_the_driver_calls_a_gpu_is_one(void **state)
{
    (void)state;
    static const char known[][MCB_PCI_ADDRESS_MAX] = {"0000:00:1c.0", "0000:00:03.0",
                                                      "0000:7f:00.0"};
    const struct mcb_tree_gpus gpus = {known, 3};
    struct host host = {0};
    struct mcb_error error = {0}, devices_error;
    assert_int_equal(mcb_topology_load_file(FIXTURE("flattened-vm"), &host.topology, &error), 0);
    assert_int_equal(
        mcb_tree_make(host.topology, "/sys", &gpus, &host.tree, &devices_error, &error), 0);
    assert_int_equal(mcb_tree_count(&host.tree, MCB_TREE_GPU), 3);
    assert_string_equal(node(&host, "cuda:0")->pci.address, "0000:00:03.0"); /* its display */
    assert_string_equal(node(&host, "cuda:1")->pci.address, "0000:00:1c.0");
    assert_int_equal(mcb_tree_find_pci(&host.tree, "0000:00:03.0"), host_find(&host, "cuda:0"));
    assert_int_equal(mcb_tree_find_pci(&host.tree, "0000:7f:00.0"), host.tree.count);
    assert_int_equal(mcb_tree_find_pci(&host.tree, ""), host.tree.count);
    host_release(&host);
}

static void a_function_that_is_a_nic_may_be_known_as_a_gpu_too(void **state)
{
    (void)state;
    static const char known[][MCB_PCI_ADDRESS_MAX] = {"0000:18:00.0"};
    const struct mcb_tree_gpus gpus = {known, 1};
    struct host host = {0};
    struct mcb_error error = {0}, devices_error;
    assert_int_equal(mcb_topology_load_file(FIXTURE("classes"), &host.topology, &error), 0);
    assert_int_equal(
        mcb_tree_make(host.topology, "/sys", &gpus, &host.tree, &devices_error, &error), 0);
    size_t gpu = mcb_tree_find_pci(&host.tree, "0000:18:00.0"), nic = host_find(&host, "mlx5_0");
    assert_int_equal(host.tree.nodes[gpu].kind, MCB_TREE_GPU);
    assert_string_equal(host.tree.nodes[gpu].name, "cuda:0");
    assert_int_equal(mcb_distance_between(&host.tree, gpu, nic), MCB_DISTANCE_PIX);
    assert_int_equal(mcb_tree_find_pci(&host.tree, "0000:41:00.0"), host_find(&host, "mlx5_1"));
    host_release(&host);
}

static void of_a_nic_and_a_gpu_with_one_address_the_gpu_is_found(void **state)
{
    (void)state;
    struct mcb_tree_node nodes[] = {{.kind = MCB_TREE_HOST},
                                    {.kind = MCB_TREE_NIC, .pci = {.address = "0000:18:00.0"}},
                                    {.kind = MCB_TREE_GPU, .pci = {.address = "0000:18:00.0"}},
                                    {.kind = MCB_TREE_NIC, .pci = {.address = "0000:19:00.0"}},
                                    {.kind = MCB_TREE_NIC, .pci = {.address = "0000:19:00.0"}}};
    const struct mcb_tree tree = {.nodes = nodes, .count = 5};
    assert_int_equal(mcb_tree_find_pci(&tree, "0000:18:00.0"), 2);
    assert_int_equal(mcb_tree_find_pci(&tree, "0000:19:00.0"), 3);
}

static void gpus_are_numbered_by_pci_address_over_the_host(void **state)
{
    (void)state;
    struct host host = host_from_file(FIXTURE("two-sockets"));
    static const char *const addresses[] = {"0000:14:00.0", "0000:16:00.0", "0000:94:00.0",
                                            "0000:96:00.0"};
    size_t i = 0;
    mcb_tree_foreach(&host.tree, MCB_TREE_GPU, gpu)
    {
        char name[8];
        snprintf(name, sizeof name, "cuda:%zu", i);
        assert_string_equal(host.tree.nodes[gpu].name, name);
        assert_string_equal(host.tree.nodes[gpu].pci.address, addresses[i++]);
    }
    assert_int_equal(i, 4);
    host_release(&host);
}

static void a_domain_of_five_digits_comes_after_those_of_four(void **state)
{
    (void)state;
    struct mcb_tree_node draft[] = {
        {.kind = MCB_TREE_HOST, .name = "host"},
        {.kind = MCB_TREE_GPU, .name = "cuda", .pci = {.address = "10000:01:00.0"}},
        {.kind = MCB_TREE_GPU, .name = "hip", .pci = {.address = "0000:02:00.0"}},
        {.kind = MCB_TREE_GPU, .name = "cuda", .pci = {.address = "ffff:01:00.0"}},
        {.kind = MCB_TREE_NIC, .name = "rxe0"},
    };
    struct mcb_tree tree = {0};
    struct mcb_error error = {0};
    assert_int_equal(mcb_tree_arrange(draft, 5, &tree, &error), 0);
    assert_names(&tree, "host", "hip:0", "cuda:0", "cuda:1", "rxe0");
    assert_string_equal(tree.nodes[3].pci.address, "10000:01:00.0");
    mcb_tree_release(&tree);
}

/* Of each pair the order is known, and so is that of all, in whichever order hwloc has them. */
static void siblings_have_one_order(void **state)
{
    (void)state;
    static const struct mcb_tree_node all[] = {
        {.kind = MCB_TREE_HOST_BRIDGE, .parent = 0, .name = "0000:80"},
        {.kind = MCB_TREE_BRIDGE, .parent = 0, .name = "bridge"},
        {.kind = MCB_TREE_HOST_BRIDGE, .parent = 0, .name = "0000:00"},
    };
    static const unsigned orders[][3] = {{0, 1, 2}, {2, 1, 0}, {1, 0, 2}, {0, 2, 1}};
    for (size_t i = 0; i < sizeof orders / sizeof orders[0]; i++) {
        struct mcb_tree_node draft[4] = {{.kind = MCB_TREE_HOST, .name = "host"}};
        struct mcb_tree tree = {0};
        struct mcb_error error = {0};
        for (size_t j = 0; j < 3; j++)
            draft[j + 1] = all[orders[i][j]];
        assert_int_equal(mcb_tree_arrange(draft, 4, &tree, &error), 0);
        assert_names(&tree, "host", "0000:00", "0000:80", "bridge");
        mcb_tree_release(&tree);
    }
}

/* The fixture with such a bridge before its host bridge and two others. */
static void siblings_of_a_file_have_one_order(void **state)
{
    (void)state;
    static const char host_bridge[] =
        "<object type=\"Bridge\" gp_index=\"%u\" bridge_type=\"0-1\" depth=\"0\" "
        "bridge_pci=\"0000:[%s-%s]\">"
        "<object type=\"OSDev\" gp_index=\"%u\" name=\"nic%u\" osdev_type=\"3\"/></object>";
    static const char stray[] =
        "<object type=\"Bridge\" gp_index=\"920\" bridge_type=\"1-1\" depth=\"0\" "
        "bridge_pci=\"0000:[01-01]\" pci_busid=\"0000:00:01.f\" "
        "pci_type=\"0604 [8086:352a] [0000:0000] 04\" pci_link_speed=\"0\">"
        "<object type=\"OSDev\" gp_index=\"921\" name=\"nic9\" osdev_type=\"3\"/></object>";
    char *text = read_text(FIXTURE("no-gpu")), *made, high[512], low[512];
    char *at = strstr(text, "<object type=\"Bridge\"");
    struct host host;
    struct mcb_error error = {0}, devices_error;
    assert_non_null(at);
    snprintf(high, sizeof high, host_bridge, 900, "e0", "e1", 901, 7);
    snprintf(low, sizeof low, host_bridge, 910, "d0", "d1", 911, 8);
    assert_true(asprintf(&made, "%.*s%s%s%s%s", (int)(at - text), text, stray, high, low, at) > 0);
    if (load_text(made, &host.topology, &error) != 0)
        fail_msg("%s", error.detail);
    assert_int_equal(mcb_tree_make(host.topology, "/sys", NULL, &host.tree, &devices_error, &error),
                     0);
    assert_names(&host.tree, "imagined", "cpu:0", "0000:00", "0000:00:01.0", "mlx5_0", "0000:d0",
                 "nic8", "0000:e0", "nic7", "bridge", "nic9");
    host_release(&host);
    free(made);
    free(text);
}

static void the_host_of_a_file_has_its_name_or_none(void **state)
{
    (void)state;
    static const char info[] = "<info name=\"HostName\" value=\"imagined\"/>";
    char *text = read_text(FIXTURE("no-gpu")), *at = strstr(text, info);
    struct host host;
    struct mcb_error error = {0}, devices_error;
    assert_non_null(at);
    memmove(at, at + strlen(info), strlen(at + strlen(info)) + 1);
    assert_int_equal(load_text(text, &host.topology, &error), 0);
    assert_int_equal(mcb_tree_make(host.topology, "/sys", NULL, &host.tree, &devices_error, &error),
                     0);
    assert_string_equal(host.tree.nodes[0].name, "unknown");
    host_release(&host);
    free(text);
}

static void without_a_numa_node_of_its_own_a_host_bridge_is_below_the_host(void **state)
{
    (void)state;
    struct host host = host_from_file(FIXTURE("numa-unknown"));
    assert_names(&host.tree, "imagined", "cpu:0", "cpu:1", "0000:00", "0000:00:01.0", "cuda:0",
                 "0000:00:02.0", "mlx5_0", "0000:80", "0000:80:01.0", "mlx5_1", "rxe0");
    assert_int_equal(node(&host, "mlx5_0")->numa_node, -1);
    assert_string_equal(node(&host, "rxe0")->pci.address, "");
    host_release(&host);
}

static void nodes_of_memory_only_do_not_hide_the_one_with_the_cpus(void **state)
{
    (void)state;
    struct host host = host_from_file(FIXTURE("memory-only-nodes"));
    assert_string_equal(parent(&host, "0000:00"), "cpu:0");
    assert_string_equal(parent(&host, "0000:80"), "cpu:1");
    assert_int_equal(host.tree.numa_nodes, 4);
    host_release(&host);
}

static void a_part_of_a_numa_node_is_beside_that_node(void **state)
{
    (void)state;
    struct host host = host_from_file(FIXTURE("one-numa-node"));
    assert_string_equal(parent(&host, "0000:00"), "cpu:0");
    assert_string_equal(parent(&host, "0000:80"), "cpu:0");
    host_release(&host);
}

static void which_cluster_of_a_socket_is_meant_is_not_guessed(void **state)
{
    (void)state;
    struct host host = host_from_file(FIXTURE("sub-numa"));
    assert_string_equal(parent(&host, "0000:00"), "imagined");
    assert_string_equal(parent(&host, "0000:80"), "cpu:1");
    host_release(&host);
}

static void memory_of_the_whole_host_is_not_the_place_of_a_device(void **state)
{
    (void)state;
    char *text = read_text(FIXTURE("numa-unknown")), *made;
    struct host host;
    struct mcb_error error = {0}, devices_error;
    char *at = strstr(text, "<object type=\"Package\"");
    assert_non_null(at);
    for (char *set = text; (set = strstr(set, "nodeset=\"0x3\"")) != NULL;)
        memcpy(set, "nodeset=\"0x7\"", 13);
    assert_true(asprintf(&made,
                         "%.*s<object type=\"NUMANode\" os_index=\"2\" cpuset=\"0xf\" "
                         "complete_cpuset=\"0xf\" nodeset=\"0x4\" complete_nodeset=\"0x4\" "
                         "gp_index=\"90\" local_memory=\"4096\"/>%s",
                         (int)(at - text), text, at) > 0);
    if (load_text(made, &host.topology, &error) != 0)
        fail_msg("%s", error.detail);
    assert_int_equal(mcb_tree_make(host.topology, "/sys", NULL, &host.tree, &devices_error, &error),
                     0);
    assert_int_equal(host.tree.numa_nodes, 3);
    assert_string_equal(parent(&host, "0000:00"), "imagined");
    host_release(&host);
    free(made);
    free(text);
}

static void foreign_texts_are_printable_and_cut(void **state)
{
    (void)state;
    char *text = read_text(FIXTURE("no-gpu")), *made;
    struct host host;
    struct mcb_error error = {0}, devices_error;
    char *at = strstr(text, "mlx5_0");
    assert_non_null(at);
    assert_true(asprintf(&made, "%.*s\xc2\xb5%0100d%s", (int)(at - text), text, 7, at + 6) > 0);
    assert_int_equal(load_text(made, &host.topology, &error), 0);
    assert_int_equal(mcb_tree_make(host.topology, "/sys", NULL, &host.tree, &devices_error, &error),
                     0);
    size_t nic = mcb_tree_next(&host.tree, MCB_TREE_NIC, 0);
    assert_int_equal(strlen(host.tree.nodes[nic].name), MCB_TREE_NAME_MAX - 1);
    assert_int_equal(strncmp(host.tree.nodes[nic].name, "?\?000", 5), 0);
    host_release(&host);
    free(made);
    free(text);
}

/* Of one CPU only, and nothing said of NUMA. */
static void a_host_without_numa_nodes_does_no_harm(void **state)
{
    (void)state;
    static const char text[] =
        "<topology version=\"2.0\"><object type=\"Machine\" os_index=\"0\" cpuset=\"0x1\" "
        "complete_cpuset=\"0x1\" allowed_cpuset=\"0x1\" gp_index=\"1\">"
        "<object type=\"PU\" os_index=\"0\" cpuset=\"0x1\" complete_cpuset=\"0x1\" "
        "gp_index=\"2\"/></object></topology>";
    struct host host;
    struct mcb_error error = {0}, devices_error;
    if (load_text(text, &host.topology, &error) != 0) {
        assert_int_equal(error.code, MCB_FAULT_USE_TOPOLOGY);
        return;
    }
    assert_int_equal(mcb_tree_make(host.topology, "/sys", NULL, &host.tree, &devices_error, &error),
                     0);
    assert_true(host.tree.count <= 2);
    host_release(&host);
}

/* ---- a host with devices and a sysfs of the test's own ---- */

static struct sysfs_tree sysfs;

static int set_up(void **state)
{
    (void)state;
    return sysfs_make(&sysfs);
}

static int tear_down(void **state)
{
    (void)state;
    return sysfs_remove(&sysfs);
}

static void add_sysfs_function(const char *address, const char *numa_node)
{
    char path[128];
    snprintf(path, sizeof path, "bus/pci/devices/%s", address);
    sysfs_folder(&sysfs, path);
    snprintf(path, sizeof path, "bus/pci/devices/%s/numa_node", address);
    sysfs_file(&sysfs, path, numa_node);
    snprintf(path, sizeof path, "bus/pci/devices/%s/vendor", address);
    sysfs_file(&sysfs, path, "0x15b3\n");
    snprintf(path, sizeof path, "bus/pci/devices/%s/device", address);
    sysfs_file(&sysfs, path, "0x1021\n");
    snprintf(path, sizeof path, "bus/pci/devices/%s/class", address);
    sysfs_file(&sysfs, path, "0x020000\n");
    snprintf(path, sizeof path, "bus/pci/devices/%s/current_link_speed", address);
    sysfs_file(&sysfs, path, "8.0 GT/s PCIe\n");
    snprintf(path, sizeof path, "bus/pci/devices/%s/current_link_width", address);
    sysfs_file(&sysfs, path, "16\n");
}

static struct host host_with(const char *path, const struct mcb_device_facts *devices, size_t count)
{
    struct host host = {0};
    struct mcb_error error = {0};
    if (mcb_topology_load_file(path, &host.topology, &error) != 0)
        fail_msg("%s", error.detail);
    struct mcb_tree_source source = {.hwloc = mcb_topology_hwloc(host.topology),
                                     .host_name = "this",
                                     .host_model = "unknown",
                                     .sysfs = sysfs.root,
                                     .devices = devices,
                                     .device_count = count};
    if (mcb_tree_build(&source, &host.tree, &error) != 0)
        fail_msg("%s", error.detail);
    return host;
}

static void the_rdma_devices_of_this_host_are_those_of_the_list(void **state)
{
    (void)state;
    static const struct mcb_device_facts devices[] = {
        {.name = "left", .pci_address = "0000:18:00.0", .numa_node = 0},
        {.name = "right", .pci_address = "0000:81:00.0", .numa_node = 1},
    };
    struct host host = host_with(FIXTURE("classes"), devices, 2);
    assert_int_equal(mcb_tree_count(&host.tree, MCB_TREE_NIC), 2); /* no mlx5_1 */
    assert_string_equal(parent(&host, "left"), "0000:17:00.0");
    assert_string_equal(parent(&host, "right"), "0000:80:01.0");
    assert_ptr_equal(node(&host, "right")->device, &devices[1]);
    assert_false(mcb_tree_nic_is_active(node(&host, "right"))); /* it has no ports */
    assert_string_equal(host.tree.nodes[0].name, "this");
    assert_string_equal(host.tree.nodes[0].model, "");
    host_release(&host);
}

static void a_software_nic_stands_where_its_network_interface_does(void **state)
{
    (void)state;
    static const struct mcb_device_facts devices[] = {
        {.name = "mlx5_0", .pci_address = "0000:18:00.0", .numa_node = 0},
        {.name = "rxe0", .pci_address = "0000:18:00.0", .numa_node = 0, .software = true},
        {.name = "rxe1", .pci_address = "", .numa_node = 1, .software = true},
        {.name = "rxe2", .pci_address = "", .numa_node = -1, .software = true},
        {.name = "rxe3", .pci_address = "0000:77:00.0", .numa_node = 9, .software = true},
    };
    struct host host = host_with(FIXTURE("classes"), devices, 5);
    assert_string_equal(parent(&host, "rxe0"), "0000:17:00.0");
    assert_string_equal(parent(&host, "rxe1"), "cpu:1");
    assert_string_equal(parent(&host, "rxe2"), "this");
    assert_string_equal(parent(&host, "rxe3"), "this");
    assert_int_equal(node(&host, "rxe1")->numa_node, 1);
    assert_int_equal(node(&host, "rxe2")->numa_node, -1);
    assert_string_equal(node(&host, "rxe2")->pci.address, "");
    assert_int_equal(
        mcb_distance_between(&host.tree, host_find(&host, "rxe0"), host_find(&host, "cuda:0")),
        MCB_DISTANCE_PIX);
    host_release(&host);
}

static void with_one_numa_node_a_software_nic_is_beside_it(void **state)
{
    (void)state;
    static const struct mcb_device_facts devices[] = {
        {.name = "rxe0", .pci_address = "", .numa_node = -1, .software = true}};
    struct host host = host_with(FIXTURE("no-gpu"), devices, 1);
    assert_string_equal(parent(&host, "rxe0"), "cpu:0");
    assert_int_equal(node(&host, "rxe0")->numa_node, 0);
    host_release(&host);
}

static void sysfs_knows_the_numa_node_better(void **state)
{
    (void)state;
    static const struct mcb_device_facts devices[] = {
        {.name = "mlx5_0", .pci_address = "0000:02:00.0", .numa_node = 1},
        {.name = "mlx5_1", .pci_address = "0000:81:00.0", .numa_node = 7},
    };
    add_sysfs_function("0000:02:00.0", "1\n");
    add_sysfs_function("0000:81:00.0", "7\n"); /* a node that there is not */
    struct host host = host_with(FIXTURE("numa-unknown"), devices, 2);
    assert_string_equal(parent(&host, "0000:00"), "cpu:1");
    assert_int_equal(node(&host, "0000:00")->numa_node, 1);
    assert_int_equal(node(&host, "mlx5_0")->numa_node, 1);
    assert_int_equal(node(&host, "cuda:0")->numa_node, 1); /* below the same host bridge */
    assert_string_equal(parent(&host, "0000:80"), "this");
    assert_int_equal(node(&host, "mlx5_1")->numa_node, -1);
    host_release(&host);
}

static void what_sysfs_says_of_a_function_beats_what_it_says_of_its_neighbour(void **state)
{
    (void)state;
    static const struct mcb_device_facts devices[] = {
        {.name = "mlx5_0", .pci_address = "0000:02:00.0", .numa_node = 1},
    };
    add_sysfs_function("0000:00:01.0", "0\n");
    add_sysfs_function("0000:02:00.0", "1\n");
    struct host host = host_with(FIXTURE("numa-unknown"), devices, 1);
    assert_string_equal(parent(&host, "0000:00"), "cpu:0"); /* the first says so */
    assert_int_equal(node(&host, "cuda:0")->numa_node, 0);
    assert_int_equal(node(&host, "mlx5_0")->numa_node, 1);
    host_release(&host);
}

static void a_virtual_function_of_a_gpu_is_no_gpu_of_this_host(void **state)
{
    (void)state;
    sysfs_folder(&sysfs, "bus/pci/devices/0000:02:00.0");
    sysfs_file(&sysfs, "bus/pci/devices/0000:02:00.0/class", "0x120000\n");
    sysfs_file(&sysfs, "bus/pci/devices/0000:02:00.0/vendor", "0x1002\n");
    sysfs_folder(&sysfs, "bus/pci/devices/0000:01:00.0");
    sysfs_file(&sysfs, "bus/pci/devices/0000:01:00.0/class", "0x030200\n");
    sysfs_file(&sysfs, "bus/pci/devices/0000:01:00.0/vendor", "0x10de\n");
    struct host host = host_with(FIXTURE("no-nic"), NULL, 0);
    assert_int_equal(mcb_tree_count(&host.tree, MCB_TREE_GPU), 2);
    host_release(&host);
    sysfs_folder(&sysfs, "bus/pci/devices/0000:01:00.0/physfn");
    host = host_with(FIXTURE("no-nic"), NULL, 0);
    assert_int_equal(mcb_tree_count(&host.tree, MCB_TREE_GPU), 1);
    assert_string_equal(node(&host, "hip:0")->pci.address, "0000:02:00.0");
    host_release(&host);
}

static void a_nic_that_can_serve_is_active_and_the_best_there_is(void **state)
{
    (void)state;
    struct mcb_port down = {.number = 1}, active = {.number = 1, .active = true};
    struct mcb_device_facts hard = {.port_count = 1, .ports = &active};
    struct mcb_device_facts soft = {.software = true, .port_count = 1, .ports = &active};
    struct mcb_tree_node nodes[] = {{.kind = MCB_TREE_HOST},
                                    {.kind = MCB_TREE_NIC, .device = &soft},
                                    {.kind = MCB_TREE_NIC, .device = &hard}};
    struct mcb_tree tree = {.nodes = nodes, .count = 3};
    size_t nics[MCB_TREE_DEVICES_MAX];
    assert_true(mcb_tree_nic_is_usable(&tree, 2));
    assert_false(mcb_tree_nic_is_usable(&tree, 1));
    assert_int_equal(mcb_tree_usable_nics(&tree, nics), 1);
    assert_int_equal(nics[0], 2);
    hard.ports = &down;
    assert_false(mcb_tree_nic_is_usable(&tree, 2));
    assert_true(mcb_tree_nic_is_usable(&tree, 1));
    assert_int_equal(mcb_tree_usable_nics(&tree, nics), 1);
    assert_int_equal(nics[0], 1);
}

static void software_is_what_has_no_function_of_its_own(void **state)
{
    (void)state;
    struct mcb_device_facts soft = {.software = true}, hard = {.software = false};
    struct mcb_tree_node nic = {.kind = MCB_TREE_NIC, .pci = {.address = "0000:18:00.0"}};
    struct mcb_tree_node gpu = {.kind = MCB_TREE_GPU};
    assert_false(mcb_tree_nic_is_software(&nic)); /* of a file */
    nic.device = &soft;
    assert_true(mcb_tree_nic_is_software(&nic));
    nic = (struct mcb_tree_node){.kind = MCB_TREE_NIC};
    assert_true(mcb_tree_nic_is_software(&nic));
    nic.device = &hard;
    assert_false(mcb_tree_nic_is_software(&nic));
    assert_false(mcb_tree_nic_is_software(&gpu));
}

static void a_nic_is_active_if_one_of_its_ports_is(void **state)
{
    (void)state;
    struct mcb_port ports[] = {{.number = 1}, {.number = 2}};
    struct mcb_device_facts device = {.name = "mlx5_0", .port_count = 2, .ports = ports};
    struct mcb_tree_node nic = {.kind = MCB_TREE_NIC, .device = &device};
    assert_false(mcb_tree_nic_is_active(&nic));
    ports[1].active = true;
    assert_true(mcb_tree_nic_is_active(&nic));
}

static void sysfs_knows_the_link_better(void **state)
{
    (void)state;
    static const struct mcb_device_facts devices[] = {
        {.name = "mlx5_0", .pci_address = "0000:18:00.0", .numa_node = 0},
        {.name = "mlx5_1", .pci_address = "0000:41:00.0", .numa_node = 0},
    };
    add_sysfs_function("0000:18:00.0", "0\n");
    struct host host = host_with(FIXTURE("classes"), devices, 2);
    assert_float_equal(node(&host, "mlx5_0")->link_gbps, 126.03, 0.01); /* 8 GT/s x 16 x 128/130 */
    assert_int_equal(node(&host, "mlx5_0")->pci.link.lanes, 16);
    assert_float_equal(node(&host, "mlx5_1")->link_gbps, 504.12, 0.01); /* hwloc's */
    host_release(&host);
}

static void a_bridge_of_a_hypervisor_has_no_link_in_a_file_either(void **state)
{
    (void)state;
    char *text = read_text(FIXTURE("classes")), *vendor = text;
    while ((vendor = strstr(vendor, "[1000:c030]")) != NULL)
        memcpy(vendor, "[1d0f:0200]", strlen("[1d0f:0200]"));
    struct host host;
    struct mcb_error error = {0}, devices_error;
    assert_int_equal(load_text(text, &host.topology, &error), 0);
    assert_int_equal(mcb_tree_make(host.topology, "/sys", NULL, &host.tree, &devices_error, &error),
                     0);
    assert_true(node(&host, "0000:16:00.0")->link_gbps == 0);
    assert_true(node(&host, "mlx5_0")->link_gbps > 0);
    host_release(&host);
    free(text);
}

static void the_host_that_runs_this_has_a_tree(void **state)
{
    (void)state;
    struct host host;
    struct mcb_error error = {0}, devices_error;
    assert_int_equal(mcb_topology_load(true, &host.topology, &error), 0);
    assert_int_equal(mcb_tree_make(host.topology, "/sys", NULL, &host.tree, &devices_error, &error),
                     0);
    assert_true(host.tree.this_host);
    assert_true(mcb_tree_count(&host.tree, MCB_TREE_NUMA_NODE) >= 1);
    for (size_t i = 1; i < host.tree.count; i++)
        assert_true(host.tree.nodes[i].parent < i);
    host_release(&host);
}

static void releasing_twice_is_harmless(void **state)
{
    (void)state;
    struct host host = host_from_file(FIXTURE("no-nic"));
    host_release(&host);
    mcb_tree_release(&host.tree);
    assert_null(host.tree.nodes);
}

#define with_sysfs(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nodes_stand_in_depth_first_order_below_what_they_hang_on),
        cmocka_unit_test(a_device_of_a_file_is_known_by_its_pci_function),
        cmocka_unit_test(a_numa_node_has_its_cpus_and_memory),
        cmocka_unit_test(bridges_that_lead_to_no_nic_or_gpu_are_left_out),
        cmocka_unit_test(only_what_computes_is_a_gpu),
        cmocka_unit_test(what_the_driver_calls_a_gpu_is_one),
        cmocka_unit_test(a_function_that_is_a_nic_may_be_known_as_a_gpu_too),
        cmocka_unit_test(of_a_nic_and_a_gpu_with_one_address_the_gpu_is_found),
        cmocka_unit_test(gpus_are_numbered_by_pci_address_over_the_host),
        cmocka_unit_test(a_domain_of_five_digits_comes_after_those_of_four),
        cmocka_unit_test(siblings_have_one_order),
        cmocka_unit_test(siblings_of_a_file_have_one_order),
        cmocka_unit_test(the_host_of_a_file_has_its_name_or_none),
        cmocka_unit_test(without_a_numa_node_of_its_own_a_host_bridge_is_below_the_host),
        cmocka_unit_test(nodes_of_memory_only_do_not_hide_the_one_with_the_cpus),
        cmocka_unit_test(a_part_of_a_numa_node_is_beside_that_node),
        cmocka_unit_test(which_cluster_of_a_socket_is_meant_is_not_guessed),
        cmocka_unit_test(memory_of_the_whole_host_is_not_the_place_of_a_device),
        cmocka_unit_test(foreign_texts_are_printable_and_cut),
        cmocka_unit_test(a_host_without_numa_nodes_does_no_harm),
        with_sysfs(the_rdma_devices_of_this_host_are_those_of_the_list),
        with_sysfs(a_software_nic_stands_where_its_network_interface_does),
        with_sysfs(with_one_numa_node_a_software_nic_is_beside_it),
        with_sysfs(sysfs_knows_the_numa_node_better),
        with_sysfs(what_sysfs_says_of_a_function_beats_what_it_says_of_its_neighbour),
        with_sysfs(sysfs_knows_the_link_better),
        with_sysfs(a_virtual_function_of_a_gpu_is_no_gpu_of_this_host),
        cmocka_unit_test(a_nic_that_can_serve_is_active_and_the_best_there_is),
        cmocka_unit_test(software_is_what_has_no_function_of_its_own),
        cmocka_unit_test(a_nic_is_active_if_one_of_its_ports_is),
        cmocka_unit_test(a_bridge_of_a_hypervisor_has_no_link_in_a_file_either),
        cmocka_unit_test(the_host_that_runs_this_has_a_tree),
        cmocka_unit_test(releasing_twice_is_harmless),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
