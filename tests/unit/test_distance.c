/* SPDX-License-Identifier: Apache-2.0 */
/* How far apart things are: every class on a described host, and the counts of real machines. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <unistd.h>

#include <cmocka.h>

#include "bench/topology/distance.h"
#include "tests/unit/topology_helper.h"

static void assert_distance(const struct host *host, const char *a, const char *b,
                            const char *expected)
{
    size_t one = host_find(host, a), other = host_find(host, b);
    const char *found = mcb_distance_name(mcb_distance_between(&host->tree, one, other));
    const char *back = mcb_distance_name(mcb_distance_between(&host->tree, other, one));
    if (strcmp(found, expected) != 0 || strcmp(back, expected) != 0)
        fail_msg("%s-%s is %s, and the other way %s, not %s", a, b, found, back, expected);
}

struct expectation {
    const char *a, *b, *class;
};

#define assert_distances(path, ...)                                                                \
    do {                                                                                           \
        static const struct expectation expected[] = {__VA_ARGS__};                                \
        struct host host = host_from_file(path);                                                   \
        for (size_t i = 0; i < sizeof expected / sizeof expected[0]; i++)                          \
            assert_distance(&host, expected[i].a, expected[i].b, expected[i].class);               \
        host_release(&host);                                                                       \
    } while (0)

/* GPU-NIC pairs by class. */
static void count_pairs(const struct mcb_tree *tree, int counts[MCB_DISTANCES])
{
    mcb_tree_foreach(tree, MCB_TREE_GPU, gpu) mcb_tree_foreach(tree, MCB_TREE_NIC, nic)
        counts[mcb_distance_between(tree, gpu, nic)]++;
}

static void every_class_is_told_from_the_others(void **state)
{
    (void)state;
    assert_distances(
        FIXTURE("classes"), {"cuda:0", "mlx5_0", "PIX"}, {"cuda:1", "mlx5_0", "PXB"},
        {"cuda:2", "mlx5_2", "PHB"}, {"cuda:0", "mlx5_1", "NODE"}, {"cuda:1", "mlx5_1", "NODE"},
        {"cuda:0", "mlx5_2", "SYS"}, {"cuda:2", "mlx5_0", "SYS"}, {"cuda:0", "cuda:1", "PXB"},
        {"cuda:0", "cuda:2", "SYS"}, {"mlx5_0", "mlx5_1", "NODE"}, {"mlx5_1", "mlx5_2", "SYS"});
}

static void a_switch_below_a_switch_is_farther_than_one_switch(void **state)
{
    (void)state;
    assert_distances(FIXTURE("nested-switches"), {"cuda:0", "mlx5_0", "PXB"},
                     {"cuda:1", "mlx5_0", "PIX"}, {"cuda:0", "cuda:1", "PXB"});
}

static void on_the_root_bus_of_a_virtual_machine_the_cpu_is_between(void **state)
{
    (void)state;
    assert_distances(FIXTURE("flattened-vm"), {"cuda:0", "rdmap0s27", "PHB"},
                     {"cuda:1", "rdmap0s27", "PHB"}, {"cuda:0", "cuda:1", "PHB"},
                     {"cpu:0", "rdmap0s27", "PHB"});
}

static void with_one_numa_node_no_two_devices_are_farther_than_that_node(void **state)
{
    (void)state;
    assert_distances(FIXTURE("one-numa-node"), {"cuda:0", "mlx5_0", "NODE"},
                     {"cpu:0", "mlx5_0", "PHB"});
}

static void where_the_numa_node_is_unknown_the_worst_is_assumed(void **state)
{
    (void)state;
    assert_distances(FIXTURE("numa-unknown"), {"cuda:0", "mlx5_0", "PHB"},
                     {"cuda:0", "mlx5_1", "SYS"}, {"cuda:0", "rxe0", "SYS"},
                     {"mlx5_1", "rxe0", "SYS"}, {"cpu:0", "mlx5_0", "SYS"},
                     {"cpu:1", "mlx5_1", "SYS"});
}

static void two_ports_of_one_card_are_below_one_bridge(void **state)
{
    (void)state;
    assert_distances(FIXTURE("dual-port"), {"mlx5_0", "mlx5_1", "PIX"}, {"cuda:0", "mlx5_0", "PHB"},
                     {"cuda:0", "mlx5_1", "PHB"});
}

static void numa_nodes_within_a_socket_are_nodes_of_their_own(void **state)
{
    (void)state;
    assert_distances(FIXTURE("sub-numa"), {"cuda:0", "mlx5_1", "PHB"}, {"cuda:0", "mlx5_0", "SYS"},
                     {"cpu:1", "mlx5_1", "PHB"}, {"cpu:0", "mlx5_1", "SYS"},
                     {"cpu:0", "mlx5_0", "SYS"});
    assert_distances(FIXTURE("memory-only-nodes"), {"cuda:0", "mlx5_0", "PHB"},
                     {"cuda:0", "mlx5_1", "SYS"}, {"cpu:0", "mlx5_0", "PHB"},
                     {"cpu:2", "mlx5_0", "SYS"}, {"cpu:1", "mlx5_1", "PHB"});
}

static void memory_is_near_the_devices_of_its_numa_node(void **state)
{
    (void)state;
    assert_distances(FIXTURE("classes"), {"cpu:0", "mlx5_0", "PHB"}, {"cpu:0", "cuda:1", "PHB"},
                     {"cpu:1", "mlx5_0", "SYS"}, {"cpu:1", "mlx5_2", "PHB"});
}

static void on_a_host_of_one_numa_node_an_unknown_one_is_that(void **state)
{
    (void)state;
    struct mcb_tree_node nodes[] = {
        {.kind = MCB_TREE_HOST, .numa_node = -1},
        {.kind = MCB_TREE_NUMA_NODE, .numa_node = 0},
        {.kind = MCB_TREE_NIC, .numa_node = -1},
        {.kind = MCB_TREE_GPU, .numa_node = -1},
    };
    struct mcb_tree tree = {.nodes = nodes, .count = 4, .numa_nodes = 1};
    assert_int_equal(mcb_distance_between(&tree, 2, 3), MCB_DISTANCE_NODE);
    assert_int_equal(mcb_distance_between(&tree, 1, 2), MCB_DISTANCE_PHB);
    tree.numa_nodes = 2;
    assert_int_equal(mcb_distance_between(&tree, 2, 3), MCB_DISTANCE_SYS);
    assert_int_equal(mcb_distance_between(&tree, 1, 2), MCB_DISTANCE_SYS);
}

static void near_nics_are_all_those_of_the_least_distance(void **state)
{
    (void)state;
    struct host host = host_from_file(FIXTURE("two-sockets"));
    size_t nics[8];
    enum mcb_distance distance;
    size_t gpu = host_find(&host, "cuda:2");
    assert_int_equal(mcb_distance_near_nics(&host.tree, gpu, nics, 8, &distance), 2);
    assert_int_equal(distance, MCB_DISTANCE_PIX);
    assert_int_equal(nics[0], host_find(&host, "mlx5_2"));
    assert_int_equal(nics[1], host_find(&host, "mlx5_3"));
    assert_int_equal(mcb_distance_near_nics(&host.tree, gpu, nics, 1, &distance), 1);
    assert_int_equal(nics[0], host_find(&host, "mlx5_2"));
    host_release(&host);
}

static void which_memory_is_near_takes_no_tree(void **state)
{
    (void)state;
    assert_int_equal(mcb_distance_to_node(2, 1, 1), MCB_DISTANCE_PHB);
    assert_int_equal(mcb_distance_to_node(2, 0, 1), MCB_DISTANCE_SYS);
    assert_int_equal(mcb_distance_to_node(2, -1, -1), MCB_DISTANCE_SYS);
    assert_int_equal(mcb_distance_to_node(1, 0, -1), MCB_DISTANCE_PHB);
}

static void what_cannot_serve_is_not_near(void **state)
{
    (void)state;
    struct mcb_port down = {.number = 1}, active = {.number = 1, .active = true};
    struct mcb_device_facts dead = {.port_count = 1, .ports = &down};
    struct mcb_device_facts live = {.port_count = 1, .ports = &active};
    struct mcb_device_facts soft = {.software = true, .port_count = 1, .ports = &active};
    struct mcb_tree_node nodes[] = {
        {.kind = MCB_TREE_HOST, .numa_node = -1},
        {.kind = MCB_TREE_HOST_BRIDGE, .numa_node = 0},
        {.kind = MCB_TREE_GPU, .parent = 1, .numa_node = 0},
        {.kind = MCB_TREE_NIC, .parent = 1, .device = &dead},
        {.kind = MCB_TREE_NIC, .parent = 1, .device = &soft},
        {.kind = MCB_TREE_NIC, .numa_node = 1, .device = &live},
    };
    struct mcb_tree tree = {.nodes = nodes, .count = 6, .numa_nodes = 2, .this_host = true};
    size_t nics[6];
    enum mcb_distance distance;
    assert_int_equal(mcb_distance_near_nics(&tree, 2, nics, 6, &distance), 1);
    assert_int_equal(nics[0], 5);
    assert_int_equal(distance, MCB_DISTANCE_SYS);
    assert_int_equal(mcb_distance_placed_nics(&tree, 2, nics, 6, &distance), 1);
    assert_int_equal(nics[0], 3);
    nodes[5].device = &dead; /* now there is software only */
    assert_int_equal(mcb_distance_near_nics(&tree, 2, nics, 6, &distance), 1);
    assert_int_equal(nics[0], 4);
    assert_int_equal(distance, MCB_DISTANCE_PHB);
}

static void without_nics_none_is_near(void **state)
{
    (void)state;
    struct host host = host_from_file(FIXTURE("no-nic"));
    size_t nics[1];
    enum mcb_distance distance;
    assert_int_equal(
        mcb_distance_near_nics(&host.tree, host_find(&host, "cuda:0"), nics, 1, &distance), 0);
    host_release(&host);
}

static void all_pairs_of_a_fixture_are_those_that_its_readme_says(void **state)
{
    (void)state;
    static const struct {
        const char *path;
        int counts[MCB_DISTANCES]; /* PIX, PXB, PHB, NODE, SYS */
    } fixtures[] = {
        {FIXTURE("classes"), {1, 1, 1, 2, 4}},
        {FIXTURE("two-sockets"), {8, 0, 0, 0, 8}},
        {FIXTURE("nested-switches"), {1, 1, 0, 0, 0}},
        {FIXTURE("flattened-vm"), {0, 0, 2, 0, 0}},
        {FIXTURE("one-numa-node"), {0, 0, 0, 1, 0}},
        {FIXTURE("numa-unknown"), {0, 0, 1, 0, 2}},
        {FIXTURE("dual-port"), {0, 0, 2, 0, 0}},
        {FIXTURE("sub-numa"), {0, 0, 1, 0, 1}},
        {FIXTURE("memory-only-nodes"), {0, 0, 1, 0, 1}},
        {FIXTURE("no-gpu"), {0}},
        {FIXTURE("no-nic"), {0}},
    };
    for (size_t i = 0; i < sizeof fixtures / sizeof fixtures[0]; i++) {
        int counts[MCB_DISTANCES] = {0};
        struct host host = host_from_file(fixtures[i].path);
        count_pairs(&host.tree, counts);
        assert_memory_equal(counts, fixtures[i].counts, sizeof counts);
        host_release(&host);
    }
}

/* Real machines, whose files are no part of the project. */
static void real_machine(const char *name, const int expected[MCB_DISTANCES])
{
    char path[512];
    int counts[MCB_DISTANCES] = {0};
    snprintf(path, sizeof path, "%s/../shared/topologies/%s", MCB_SOURCE_DIR, name);
    if (access(path, R_OK) != 0) {
        print_message("%s is not there: skipped\n", path);
        skip();
    }
    struct host host = host_from_file(path);
    count_pairs(&host.tree, counts);
    assert_memory_equal(counts, expected, sizeof counts);
    host_release(&host);
}

static void a_p5_has_four_nics_below_the_switch_of_each_gpu(void **state)
{
    (void)state;
    real_machine("p5.48xl.xml", (const int[MCB_DISTANCES]){32, 0, 0, 96, 128});
}

static void a_p4d_has_a_nic_on_the_root_bus_of_each_gpu(void **state)
{
    (void)state;
    real_machine("p4d.24xl.xml", (const int[MCB_DISTANCES]){0, 0, 8, 8, 16});
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_class_is_told_from_the_others),
        cmocka_unit_test(a_switch_below_a_switch_is_farther_than_one_switch),
        cmocka_unit_test(on_the_root_bus_of_a_virtual_machine_the_cpu_is_between),
        cmocka_unit_test(with_one_numa_node_no_two_devices_are_farther_than_that_node),
        cmocka_unit_test(where_the_numa_node_is_unknown_the_worst_is_assumed),
        cmocka_unit_test(two_ports_of_one_card_are_below_one_bridge),
        cmocka_unit_test(numa_nodes_within_a_socket_are_nodes_of_their_own),
        cmocka_unit_test(memory_is_near_the_devices_of_its_numa_node),
        cmocka_unit_test(on_a_host_of_one_numa_node_an_unknown_one_is_that),
        cmocka_unit_test(near_nics_are_all_those_of_the_least_distance),
        cmocka_unit_test(which_memory_is_near_takes_no_tree),
        cmocka_unit_test(what_cannot_serve_is_not_near),
        cmocka_unit_test(without_nics_none_is_near),
        cmocka_unit_test(all_pairs_of_a_fixture_are_those_that_its_readme_says),
        cmocka_unit_test(a_p5_has_four_nics_below_the_switch_of_each_gpu),
        cmocka_unit_test(a_p4d_has_a_nic_on_the_root_bus_of_each_gpu),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
