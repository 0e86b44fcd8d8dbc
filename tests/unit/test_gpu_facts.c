/* SPDX-License-Identifier: Apache-2.0 */
/* What a host tells of its GPUs: who they are, how far from which NIC, and on what link. */
#include "bench/measure/gpu_facts.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "bench/report/result.h"
#include "common/json.h"
#include "tests/unit/stand_in_gpus.h"
#include "tests/unit/sysfs_tree.h"
#include "tests/unit/topology_helper.h"

static const char no_sysfs[] = "/nowhere";

static struct mcb_gpu_module module = {.name = "cuda"};

/* The GPU of that name in the tree is the only one. */
static struct mcb_gpus gpu_at(const char *address)
{
    struct mcb_gpus gpus = {.module = &module, .count = 1};
    snprintf(gpus.list[0].pci_address, sizeof gpus.list[0].pci_address, "%s", address);
    return gpus;
}

static struct mcb_nic nic(const char *name, const char *address, int node)
{
    struct mcb_nic made = {.numa_node = node};
    snprintf(made.name, sizeof made.name, "%s", name);
    snprintf(made.pci_address, sizeof made.pci_address, "%s", address);
    return made;
}

/* The one entry; new reference. */
static json_t *facts_of(const struct mcb_gpus *gpus, const struct mcb_tree *tree, const char *sysfs,
                        const struct mcb_nic *nics, size_t nic_count)
{
    json_t *list = mcb_gpu_facts(gpus, tree, sysfs, nics, nic_count);
    struct mcb_error error = {0};
    assert_int_equal(json_array_size(list), 1);
    json_t *entry = json_incref(json_array_get(list, 0));
    json_decref(list);
    if (mcb_result_check_gpu(entry, "gpus[0]", MCB_FAULT_NET_PROTOCOL, &error) != 0)
        fail_msg("%s", error.detail);
    return entry;
}

static void assert_distance(const json_t *facts, const char *nic_name, const char *distance)
{
    assert_string_equal(mcb_json_text(json_object_get(facts, "distances"), nic_name), distance);
}

/* In the tree the first GPU by its PCI address is cuda:0; here it is another's. */
static void distances_go_by_pci_address_and_not_by_name(void **state)
{
    (void)state;
    struct host host = host_from_file(FIXTURE("classes"));
    struct mcb_gpus gpus = gpu_at(host.tree.nodes[host_find(&host, "cuda:2")].pci.address);
    const struct mcb_nic nics[] = {nic("mlx5_0", "", -1), nic("mlx5_1", "", -1),
                                   nic("mlx5_2", "", -1)};
    json_t *facts = facts_of(&gpus, &host.tree, no_sysfs, nics, 3);
    assert_string_equal(mcb_json_text(facts, "name"), "cuda:0");
    assert_int_equal(json_integer_value(json_object_get(facts, "numa_node")), 1);
    for (int i = 0; i < 3; i++) {
        size_t there = host_find(&host, nics[i].name);
        assert_distance(
            facts, nics[i].name,
            mcb_distance_name(mcb_distance_between(&host.tree, host_find(&host, "cuda:2"), there)));
    }
    json_t *near = json_object_get(facts, "near_nics");
    assert_int_equal(json_array_size(near), 1);
    assert_string_equal(json_string_value(json_array_get(near, 0)), "mlx5_2");
    json_decref(facts);
    host_release(&host);
}

static void only_nics_of_the_run_are_near(void **state)
{
    (void)state;
    struct host host = host_from_file(FIXTURE("classes"));
    struct mcb_gpus gpus = gpu_at(host.tree.nodes[host_find(&host, "cuda:2")].pci.address);
    const struct mcb_nic nics[] = {nic("mlx5_0", "", -1), nic("mlx5_1", "", -1)};
    json_t *facts = facts_of(&gpus, &host.tree, no_sysfs, nics, 2);
    assert_distance(facts, "mlx5_0", "SYS");
    assert_int_equal(json_array_size(json_object_get(facts, "near_nics")), 2);
    json_decref(facts);
    host_release(&host);
}

/* eth0 is the interface of mlx5_0's function; eth1's is in no tree, but beside a node; lo's
 * nowhere. */
static void network_interfaces_are_where_their_function_is_or_their_node(void **state)
{
    (void)state;
    struct host host = host_from_file(FIXTURE("classes"));
    struct mcb_gpus gpus = gpu_at(host.tree.nodes[host_find(&host, "cuda:0")].pci.address);
    const struct mcb_nic nics[] = {nic("eth0", "0000:18:00.0", -1), nic("eth1", "0000:ff:00.0", 0),
                                   nic("eth2", "", 1), nic("lo", "", -1)};
    json_t *facts = facts_of(&gpus, &host.tree, no_sysfs, nics, 4);
    assert_distance(facts, "eth0", "PIX");
    assert_distance(facts, "eth1", "NODE");
    assert_distance(facts, "eth2", "SYS");
    assert_true(json_is_null(json_object_get(json_object_get(facts, "distances"), "lo")));
    json_t *near = json_object_get(facts, "near_nics");
    assert_int_equal(json_array_size(near), 1);
    assert_string_equal(json_string_value(json_array_get(near, 0)), "eth0");
    json_decref(facts);
    host_release(&host);
}

static void what_is_not_known_is_null(void **state)
{
    (void)state;
    static const char *const members[] = {"model",
                                          "pci_address",
                                          "uuid",
                                          "driver",
                                          "runtime",
                                          "capability",
                                          "numa_node",
                                          "gpudirect",
                                          "dmabuf",
                                          "flush_reason",
                                          "pcie_gtps",
                                          "pcie_lanes",
                                          "pcie_to_memory_gbps",
                                          "pcie_bottleneck"};
    struct mcb_gpus gpus = gpu_at("");
    const struct mcb_nic lo = nic("lo", "", -1);
    json_t *facts = facts_of(&gpus, NULL, no_sysfs, &lo, 1);
    for (size_t i = 0; i < sizeof members / sizeof members[0]; i++)
        assert_true(json_is_null(json_object_get(facts, members[i])));
    assert_int_equal(json_array_size(json_object_get(facts, "near_nics")), 0);
    assert_false(json_is_true(json_object_get(facts, "stand_in")));
    json_decref(facts);
}

static void who_a_gpu_is_comes_from_its_module(void **state)
{
    (void)state;
    struct mcb_gpus *gpus = stand_in_gpus_open("model=a GPU;memory=64MiB;flush=read;dmabuf=yes;"
                                               "gpudirect=no");
    json_t *facts = facts_of(gpus, NULL, no_sysfs, NULL, 0);
    assert_string_equal(mcb_json_text(facts, "model"), gpus->list[0].model);
    assert_string_equal(mcb_json_text(facts, "pci_address"), "0000:16:00.0");
    assert_int_equal(json_integer_value(json_object_get(facts, "memory_bytes")), 64 << 20);
    assert_string_equal(mcb_json_text(facts, "flush"), "read");
    assert_true(json_is_true(json_object_get(facts, "dmabuf")));
    assert_true(json_is_false(json_object_get(facts, "gpudirect")));
    assert_true(json_is_true(json_object_get(facts, "stand_in")));
    json_decref(facts);
    mcb_gpus_close(gpus);
}

static void the_link_is_that_of_the_pci_function(void **state)
{
    (void)state;
    static const char device[] = "bus/pci/devices/0000:19:00.0";
    static const char *const files[][2] = {{"class", "0x030200\n"},
                                           {"vendor", "0x10de\n"},
                                           {"device", "0x2330\n"},
                                           {"numa_node", "1\n"},
                                           {"current_link_speed", "32.0 GT/s PCIe\n"},
                                           {"current_link_width", "16\n"}};
    struct sysfs_tree tree;
    struct mcb_gpus gpus = gpu_at("0000:19:00.0");
    const struct mcb_nic eth0 = nic("eth0", "", 1);
    assert_int_equal(sysfs_make(&tree), 0);
    sysfs_folder(&tree, device);
    for (size_t i = 0; i < sizeof files / sizeof files[0]; i++) {
        char path[128];
        snprintf(path, sizeof path, "%s/%s", device, files[i][0]);
        sysfs_file(&tree, path, files[i][1]);
    }
    json_t *facts = facts_of(&gpus, NULL, tree.root, &eth0, 1);
    assert_float_equal(json_real_value(json_object_get(facts, "pcie_gtps")), 32.0, 0);
    assert_int_equal(json_integer_value(json_object_get(facts, "pcie_lanes")), 16);
    assert_true(json_real_value(json_object_get(facts, "pcie_to_memory_gbps")) > 400);
    assert_int_equal(json_integer_value(json_object_get(facts, "numa_node")), 1);
    assert_distance(facts, "eth0", "NODE");
    json_decref(facts);
    sysfs_remove(&tree);
}

static void gpus_of_this_host_are_told(void **state)
{
    (void)state;
    struct mcb_gpus *gpus = stand_in_gpus_open("gpus=0000:16:00.0,0000:26:00.0");
    struct mcb_error error = {0};
    const struct mcb_nic lo = nic("lo", "", -1);
    json_t *facts = mcb_gpu_facts_of_host(gpus, &lo, 1, &error);
    if (!facts)
        fail_msg("%s", error.detail);
    assert_int_equal(json_array_size(facts), 2);
    assert_string_equal(mcb_json_text(json_array_get(facts, 1), "pci_address"), "0000:26:00.0");
    json_decref(facts);
    mcb_gpus_close(gpus);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(distances_go_by_pci_address_and_not_by_name),
        cmocka_unit_test(only_nics_of_the_run_are_near),
        cmocka_unit_test(network_interfaces_are_where_their_function_is_or_their_node),
        cmocka_unit_test(what_is_not_known_is_null),
        cmocka_unit_test(who_a_gpu_is_comes_from_its_module),
        cmocka_unit_test(the_link_is_that_of_the_pci_function),
        cmocka_unit_test(gpus_of_this_host_are_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
