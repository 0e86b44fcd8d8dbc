/* SPDX-License-Identifier: Apache-2.0 */
/* Where a NIC sits is read from sysfs, for hardware and for software NICs. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "rdma/device.h"
#include "rdma/locality.h"

static char root[] = "/tmp/mcb-locality-XXXXXX";

static void make_folder(const char *path)
{
    char full[512];
    snprintf(full, sizeof(full), "%s/%s", root, path);
    for (char *slash = full + strlen(root) + 1; (slash = strchr(slash, '/')) != NULL; slash++) {
        *slash = '\0';
        mkdir(full, 0755);
        *slash = '/';
    }
    mkdir(full, 0755);
}

static void make_file(const char *path, const char *text)
{
    char full[512];
    snprintf(full, sizeof(full), "%s/%s", root, path);
    FILE *file = fopen(full, "w");
    assert_non_null(file);
    fputs(text, file);
    fclose(file);
}

static void make_link(const char *path, const char *target)
{
    char full[512];
    snprintf(full, sizeof(full), "%s/%s", root, path);
    assert_int_equal(symlink(target, full), 0);
}

static int make_tree(void **state)
{
    (void)state;
    if (!mkdtemp(root))
        return -1;
    make_folder("devices/pci0000:17/0000:17:01.0/0000:19:00.0");
    make_file("devices/pci0000:17/0000:17:01.0/0000:19:00.0/numa_node", "1\n");
    make_folder("devices/pci0000:00/0000:00:04.0/virtio2");
    make_file("devices/pci0000:00/0000:00:04.0/numa_node", "-1\n");
    make_folder("class/infiniband/mlx5_0");
    make_link("class/infiniband/mlx5_0/device",
              "../../../devices/pci0000:17/0000:17:01.0/0000:19:00.0");
    make_folder("class/infiniband/rxe0");
    make_file("class/infiniband/rxe0/parent", "eth0\n");
    make_folder("class/net/eth0");
    make_link("class/net/eth0/device", "../../../devices/pci0000:00/0000:00:04.0/virtio2");
    make_folder("class/infiniband/rxe1");
    make_file("class/infiniband/rxe1/parent", "veth0\n");
    make_folder("class/net/veth0");
    make_folder("class/infiniband/rxe2");
    make_file("class/infiniband/rxe2/parent", "../net/eth0\n");
    return 0;
}

static int remove_tree(void **state)
{
    (void)state;
    char command[64];
    snprintf(command, sizeof(command), "rm -rf '%s'", root);
    return system(command);
}

static void a_hardware_nic_is_its_pci_function(void **state)
{
    (void)state;
    struct mcb_locality found = mcb_locality_find(root, "mlx5_0");
    assert_string_equal(found.pci_address, "0000:19:00.0");
    assert_int_equal(found.numa_node, 1);
    assert_false(found.software);
}

static void a_software_nic_sits_where_its_interface_sits(void **state)
{
    (void)state;
    struct mcb_locality found = mcb_locality_find(root, "rxe0");
    assert_string_equal(found.pci_address, "0000:00:04.0");
    assert_int_equal(found.numa_node, -1);
    assert_true(found.software);
}

static void a_nic_on_no_hardware_has_no_place(void **state)
{
    (void)state;
    static const char *const names[] = {"rxe1", "rxe2", "absent"};
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        struct mcb_locality found = mcb_locality_find(root, names[i]);
        assert_string_equal(found.pci_address, "");
        assert_int_equal(found.numa_node, -1);
        assert_true(found.software);
    }
}

static void a_text_is_the_first_line_without_its_end(void **state)
{
    (void)state;
    char text[8];
    make_file("text", "MT_123 \nsecond\n");
    assert_true(mcb_locality_read(root, text, sizeof(text), "%s", "text"));
    assert_string_equal(text, "MT_123");
    assert_false(mcb_locality_read(root, text, sizeof(text), "nothing"));
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

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_hardware_nic_is_its_pci_function),
        cmocka_unit_test(a_software_nic_sits_where_its_interface_sits),
        cmocka_unit_test(a_nic_on_no_hardware_has_no_place),
        cmocka_unit_test(a_text_is_the_first_line_without_its_end),
        cmocka_unit_test(link_rates_are_lanes_times_speed),
    };
    return cmocka_run_group_tests(tests, make_tree, remove_tree);
}
