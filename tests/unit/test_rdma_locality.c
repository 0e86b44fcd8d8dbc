/* SPDX-License-Identifier: Apache-2.0 */
/* Where a NIC sits is read from sysfs, for hardware and for software NICs. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "rdma/device.h"
#include "rdma/locality.h"
#include "tests/unit/sysfs_tree.h"

static struct sysfs_tree tree;

static int make_tree(void **state)
{
    (void)state;
    if (sysfs_make(&tree))
        return -1;
    sysfs_folder(&tree, "devices/pci0000:17/0000:17:01.0/0000:19:00.0");
    sysfs_file(&tree, "devices/pci0000:17/0000:17:01.0/0000:19:00.0/numa_node", "1\n");
    sysfs_folder(&tree, "devices/pci0000:00/0000:00:04.0/virtio2");
    sysfs_file(&tree, "devices/pci0000:00/0000:00:04.0/numa_node", "-1\n");
    sysfs_folder(&tree, "class/infiniband/mlx5_0");
    sysfs_link(&tree, "class/infiniband/mlx5_0/device",
               "../../../devices/pci0000:17/0000:17:01.0/0000:19:00.0");
    sysfs_folder(&tree, "class/infiniband/rxe0");
    sysfs_file(&tree, "class/infiniband/rxe0/parent", "eth0\n");
    sysfs_folder(&tree, "class/net/eth0");
    sysfs_link(&tree, "class/net/eth0/device", "../../../devices/pci0000:00/0000:00:04.0/virtio2");
    sysfs_folder(&tree, "class/infiniband/rxe1");
    sysfs_file(&tree, "class/infiniband/rxe1/parent", "veth0\n");
    sysfs_folder(&tree, "class/net/veth0");
    sysfs_folder(&tree, "class/infiniband/rxe2");
    sysfs_file(&tree, "class/infiniband/rxe2/parent", "../net/eth0\n");
    return 0;
}

static int remove_tree(void **state)
{
    (void)state;
    return sysfs_remove(&tree);
}

static void a_hardware_nic_is_its_pci_function(void **state)
{
    (void)state;
    struct mcb_locality found = mcb_locality_find(tree.root, "mlx5_0");
    assert_string_equal(found.pci_address, "0000:19:00.0");
    assert_int_equal(found.numa_node, 1);
    assert_false(found.software);
}

static void a_software_nic_sits_where_its_interface_sits(void **state)
{
    (void)state;
    struct mcb_locality found = mcb_locality_find(tree.root, "rxe0");
    assert_string_equal(found.pci_address, "0000:00:04.0");
    assert_int_equal(found.numa_node, -1);
    assert_true(found.software);
}

static void a_nic_on_no_hardware_has_no_place(void **state)
{
    (void)state;
    static const char *const names[] = {"rxe1", "rxe2", "absent"};
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        struct mcb_locality found = mcb_locality_find(tree.root, names[i]);
        assert_string_equal(found.pci_address, "");
        assert_int_equal(found.numa_node, -1);
        assert_true(found.software);
    }
}

static void a_text_is_the_first_line_without_its_end(void **state)
{
    (void)state;
    char text[8];
    sysfs_file(&tree, "text", "MT_123 \nsecond\n");
    assert_true(mcb_locality_read(tree.root, text, sizeof(text), "%s", "text"));
    assert_string_equal(text, "MT_123");
    assert_false(mcb_locality_read(tree.root, text, sizeof(text), "nothing"));
    assert_string_equal(text, "");
}

static void link_rates_are_lanes_times_speed(void **state)
{
    (void)state;
    assert_true(mcb_port_rate_gbps(2, 128) == 400.0); /* 4x NDR */
    assert_true(mcb_port_rate_gbps(2, 32) == 100.0);  /* 4x EDR */
    assert_true(mcb_port_rate_gbps(16, 64) == 100.0); /* 2x HDR */
    assert_true(mcb_port_rate_gbps(1, 1) == 2.5);     /* 1x SDR */
    assert_true(mcb_port_rate_gbps(2, 0) == 0.0);
    assert_true(mcb_port_rate_gbps(3, 32) == 0.0);
}

static void assert_data(unsigned width, unsigned speed, bool ethernet, double expected_gbps)
{
    assert_float_equal(mcb_port_data_gbps(width, speed, ethernet), expected_gbps, 1e-4);
}

static void a_port_of_infiniband_carries_what_line_coding_leaves(void **state)
{
    (void)state;
    assert_data(2, 1, false, 8);             /* 4x SDR:   4 x 2.5 x 8/10 */
    assert_data(2, 2, false, 16);            /* 4x DDR:   4 x 5 x 8/10 */
    assert_data(2, 4, false, 32);            /* 4x QDR:   4 x 10 x 8/10 */
    assert_data(8, 4, false, 96);            /* 12x QDR: 12 x 10 x 8/10 */
    assert_data(2, 8, false, 40);            /* 4x FDR10: 4 x 10.3125 x 64/66 */
    assert_data(2, 16, false, 54.545454545); /* 4x FDR:   4 x 14.0625 x 64/66 */
    assert_data(2, 32, false, 100);          /* 4x EDR:   4 x 25.78125 x 64/66 */
    assert_data(2, 64, false, 200);          /* 4x HDR:   4 x 53.125 x 256/257 x 514/544 (RS-FEC) */
    assert_data(16, 64, false, 100);         /* 2x HDR */
    assert_data(2, 128, false, 400);         /* 4x NDR:   4 x 106.25 x 256/257 x 514/544 */
    assert_data(2, 256, false, 800);         /* 4x XDR:   4 x 212.5 x 256/257 x 514/544 */
}

/* The kernel finds a width and a speed whose product is the rate of the Ethernet. */
static void a_port_of_ethernet_carries_what_it_is_called(void **state)
{
    (void)state;
    assert_data(1, 4, true, 10);   /* 10 GbE as 1x QDR (mlx5) */
    assert_data(1, 8, true, 10);   /* 10 GbE as 1x FDR10: 10.3125 x 64/66 */
    assert_data(2, 8, true, 40);   /* 40 GbE as 4x FDR10 */
    assert_data(2, 2, true, 20);   /* 20 GbE as 4x DDR */
    assert_data(1, 32, true, 25);  /* 25 GbE */
    assert_data(2, 32, true, 100); /* 100 GbE */
    assert_data(2, 128, true, 400);
}

static void a_code_that_is_not_known_carries_nothing(void **state)
{
    (void)state;
    assert_data(2, 0, false, 0);
    assert_data(3, 32, false, 0);
    assert_data(0, 32, true, 0);
    assert_data(2, 512, true, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_hardware_nic_is_its_pci_function),
        cmocka_unit_test(a_software_nic_sits_where_its_interface_sits),
        cmocka_unit_test(a_nic_on_no_hardware_has_no_place),
        cmocka_unit_test(a_text_is_the_first_line_without_its_end),
        cmocka_unit_test(link_rates_are_lanes_times_speed),
        cmocka_unit_test(a_port_of_infiniband_carries_what_line_coding_leaves),
        cmocka_unit_test(a_port_of_ethernet_carries_what_it_is_called),
        cmocka_unit_test(a_code_that_is_not_known_carries_nothing),
    };
    return cmocka_run_group_tests(tests, make_tree, remove_tree);
}
