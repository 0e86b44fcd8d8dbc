/* SPDX-License-Identifier: Apache-2.0 */
/* A PCI function is what sysfs says it is; what sysfs does not say, or says in vain, is not known.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "common/pci.h"
#include "tests/unit/pci_config.h"
#include "tests/unit/sysfs_tree.h"

static struct sysfs_tree tree;

static int set_up(void **state)
{
    (void)state;
    return sysfs_make(&tree);
}

static int tear_down(void **state)
{
    (void)state;
    return sysfs_remove(&tree);
}

static void speeds_are_read_as_the_kernel_writes_them(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        double gtps;
    } cases[] = {
        {"2.5 GT/s PCIe", 2.5},
        {"5.0 GT/s PCIe", 5},
        {"8.0 GT/s PCIe", 8},
        {"16.0 GT/s PCIe", 16},
        {"32.0 GT/s PCIe", 32},
        {"64.0 GT/s PCIe", 64},
        {"2.5 GT/s", 2.5},
        {"8 GT/s", 8},
        {"Unknown", 0},
        {"Unknown speed", 0},
        {"", 0},
        {"8", 0},
        {"8 GT/sec", 0},
        {"8 MT/s", 0},
        {"88 GT/s", 0},
        {"-8 GT/s", 0},
        {"8.5 GT/s", 0},
        {"nan GT/s", 0},
        {"1e9 GT/s", 0},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
        assert_float_equal(mcb_pci_parse_speed(cases[i].text), cases[i].gtps, 0);
}

static void a_link_carries_what_its_line_coding_leaves(void **state)
{
    (void)state;
    static const struct {
        struct mcb_pci_link link;
        double gbps;
        const char *text;
    } cases[] = {
        {{2.5, 1}, 2, "PCIe 1.0 x1"},            /* 2.5 x 8/10 */
        {{5, 8}, 32, "PCIe 2.0 x8"},             /* 8 x 5 x 8/10 */
        {{8, 16}, 126.0307692, "PCIe 3.0 x16"},  /* 16 x 8 x 128/130 */
        {{16, 16}, 252.0615385, "PCIe 4.0 x16"}, /* 16 x 16 x 128/130 */
        {{32, 16}, 504.1230769, "PCIe 5.0 x16"}, /* 16 x 32 x 128/130 */
        {{64, 16}, 944, "PCIe 6.0 x16"},         /* 16 x 64 x 236/256 */
        {{0, 16}, 0, ""},
        {{16, 0}, 0, ""},
        {{7, 16}, 0, ""},
    };
    char text[24];
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        assert_float_equal(mcb_pci_link_gbps(&cases[i].link), cases[i].gbps, 1e-6);
        assert_string_equal(mcb_pci_link_text(&cases[i].link, text), cases[i].text);
        assert_int_equal(mcb_pci_link_has_flits(&cases[i].link), cases[i].gbps == 944);
    }
}

static void an_address_is_what_sysfs_calls_a_function(void **state)
{
    (void)state;
    static const char *const addresses[] = {"0000:19:00.0", "ffff:ff:1f.7", "10000:e1:00.0"};
    static const char *const others[] = {
        "",           "19:00.0",         "0000:19:00.8",  "0000:19:20.0",     "0000:19:00.0 ",
        "0000:19:00", "../0000:19:00.0", "0000:1G:00.0",  "0000:1A:00.0",     "pci0000:15",
        "virtio2",    "0000:19:00.00",   "0000:019:00.0", "12345678:19:00.0", "0000:19/00.0",
    };
    for (size_t i = 0; i < sizeof(addresses) / sizeof(addresses[0]); i++)
        assert_true(mcb_pci_is_address(addresses[i]));
    for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++)
        if (mcb_pci_is_address(others[i]))
            fail_msg("an address: \"%s\"", others[i]);
}

/* A function in the tree below the bridges in `above` ("0000:15:01.0/0000:16:00.0/"), and its link
 * in bus/pci/devices. */
static void make_function(const char *above, const char *address)
{
    char path[400], link[256], target[420];
    snprintf(path, sizeof(path), "devices/pci0000:15/%s%s", above, address);
    sysfs_folder(&tree, path);
    sysfs_folder(&tree, "bus/pci/devices");
    snprintf(link, sizeof(link), "bus/pci/devices/%s", address);
    snprintf(target, sizeof(target), "../../../%s", path);
    sysfs_link(&tree, link, target);
}

static void set(const char *address, const char *attribute, const char *text)
{
    char path[256];
    snprintf(path, sizeof(path), "bus/pci/devices/%s/%s", address, attribute);
    sysfs_file(&tree, path, text);
}

static void set_config(const char *address, const uint8_t *config, size_t length)
{
    char path[256];
    snprintf(path, sizeof(path), "bus/pci/devices/%s/config", address);
    sysfs_bytes(&tree, path, config, length);
}

static void set_ids(const char *address, const char *vendor, const char *device, const char *class)
{
    set(address, "vendor", vendor);
    set(address, "device", device);
    set(address, "class", class);
}

static void set_link(const char *address, const char *speed, const char *width,
                     const char *speed_most, const char *width_most)
{
    set(address, "current_link_speed", speed);
    set(address, "current_link_width", width);
    set(address, "max_link_speed", speed_most);
    set(address, "max_link_width", width_most);
}

static void set_iommu_type(const char *address, const char *type)
{
    char path[256];
    snprintf(path, sizeof(path), "bus/pci/devices/%s/iommu_group", address);
    sysfs_folder(&tree, path);
    if (type)
        set(address, "iommu_group/type", type);
}

static struct mcb_pci_function read_function(const char *address)
{
    struct mcb_pci_function function;
    assert_true(mcb_pci_read(tree.root, address, &function));
    return function;
}

static void a_function_is_read_from_its_attributes(void **state)
{
    (void)state;
    uint8_t config[SPACE];
    make_function("", "0000:19:00.0");
    set_ids("0000:19:00.0", "0x15b3\n", "0x1021\n", "0x020700\n");
    set("0000:19:00.0", "numa_node", "1\n");
    set_link("0000:19:00.0", "16.0 GT/s PCIe\n", "8\n", "32.0 GT/s PCIe\n", "16\n");
    make_config(config, 0x2810); /* read requests of 512 bytes, payload of 128 */
    set_config("0000:19:00.0", config, SPACE);
    struct mcb_pci_function function = read_function("0000:19:00.0");
    assert_string_equal(function.address, "0000:19:00.0");
    assert_int_equal(function.vendor_id, 0x15b3);
    assert_int_equal(function.device_id, 0x1021);
    assert_int_equal(function.class_id, 0x0207);
    assert_int_equal(function.numa_node, 1);
    assert_float_equal(function.link.transfers_gtps, 16, 0);
    assert_int_equal(function.link.lanes, 8);
    assert_float_equal(function.link_most.transfers_gtps, 32, 0);
    assert_int_equal(function.link_most.lanes, 16);
    assert_int_equal(function.max_payload_bytes, 128);
    assert_int_equal(function.max_read_request_bytes, 512);
    assert_int_equal(function.relaxed_ordering, MCB_KNOWN_YES);
    assert_int_equal(function.acs_redirects, MCB_KNOWN_NOT);
    assert_int_equal(function.iommu_translates, MCB_KNOWN_NO);
    assert_false(function.virtual_function);
    assert_false(function.emulated);
    assert_int_equal(function.config_bytes, 256);
}

static void a_function_that_is_not_there_is_one_of_which_nothing_is_known(void **state)
{
    (void)state;
    static const char *const names[] = {"0000:ff:00.0", "../../etc", "", "0000:fe:00.0"};
    sysfs_folder(&tree, "bus/pci/devices");
    sysfs_file(&tree, "bus/pci/devices/0000:fe:00.0", "a file");
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        struct mcb_pci_function function;
        memset(&function, 0xa5, sizeof(function));
        assert_false(mcb_pci_read(tree.root, names[i], &function));
        assert_string_equal(function.address, "");
        assert_int_equal(function.numa_node, -1);
        assert_int_equal(function.relaxed_ordering, MCB_KNOWN_NOT);
        assert_int_equal(function.config_bytes, 0);
    }
}

static void missing_and_senseless_attributes_are_not_known(void **state)
{
    (void)state;
    static const char *const texts[] = {NULL,      "",
                                        "\n",      "Unknown\n",
                                        "255\n",   "-1\n",
                                        "0x\n",    "99999999999999999999\n",
                                        "16 16\n", "\xff\xfe\x01"};
    static const char *const attributes[] = {"current_link_width", "max_link_width",
                                             "current_link_speed", "max_link_speed", "numa_node"};
    make_function("", "0000:1a:00.0");
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        for (size_t a = 0; texts[i] && a < sizeof(attributes) / sizeof(attributes[0]); a++)
            set("0000:1a:00.0", attributes[a], texts[i]);
        if (texts[i])
            set_ids("0000:1a:00.0", texts[i], "0x12345678\n", "garbage\n");
        struct mcb_pci_function function = read_function("0000:1a:00.0");
        assert_int_equal(function.link.lanes, 0);
        assert_int_equal(function.link_most.lanes, 0);
        assert_float_equal(function.link.transfers_gtps, 0, 0);
        assert_float_equal(function.link_most.transfers_gtps, 0, 0);
        assert_int_equal(function.device_id, 0);
        assert_int_equal(function.class_id, 0);
        assert_true(function.numa_node == -1 || strcmp(texts[i], "255\n") == 0);
    }
}

static void a_pipe_or_a_folder_in_the_place_of_a_file_holds_nobody_up(void **state)
{
    (void)state;
    char path[256];
    make_function("", "0000:1b:00.0");
    snprintf(path, sizeof(path), "%s/bus/pci/devices/0000:1b:00.0/vendor", tree.root);
    assert_int_equal(mkfifo(path, 0600), 0);
    snprintf(path, sizeof(path), "%s/bus/pci/devices/0000:1b:00.0/config", tree.root);
    assert_int_equal(mkfifo(path, 0600), 0);
    sysfs_folder(&tree, "bus/pci/devices/0000:1b:00.0/class");
    struct mcb_pci_function function = read_function("0000:1b:00.0");
    assert_int_equal(function.vendor_id, 0);
    assert_int_equal(function.class_id, 0);
    assert_int_equal(function.config_bytes, 0);
    assert_int_equal(function.relaxed_ordering, MCB_KNOWN_NOT);
}

static void nothing_outside_of_sysfs_is_read(void **state)
{
    (void)state;
    struct sysfs_tree outside;
    struct mcb_pci_function function;
    char target[128], bridges[4][MCB_PCI_ADDRESS_MAX];
    assert_int_equal(sysfs_make(&outside), 0);
    sysfs_folder(&outside, "0000:15:01.0/0000:2d:00.0");
    sysfs_file(&outside, "0000:15:01.0/0000:2d:00.0/vendor", "0x15b3\n");
    snprintf(target, sizeof(target), "%s/0000:15:01.0/0000:2d:00.0", outside.root);
    sysfs_link(&tree, "bus/pci/devices/0000:2d:00.0", target);
    assert_false(mcb_pci_read(tree.root, "0000:2d:00.0", &function));
    assert_int_equal(mcb_pci_chain(tree.root, "0000:2d:00.0", bridges, 4), 0);
    strcat(target, "/vendor");
    make_function("", "0000:2e:00.0");
    sysfs_link(&tree, "bus/pci/devices/0000:2e:00.0/vendor", target);
    assert_int_equal(read_function("0000:2e:00.0").vendor_id, 0);
    assert_int_equal(sysfs_remove(&outside), 0);
}

static void a_virtual_function_has_link_and_device_control_of_its_physical_one(void **state)
{
    (void)state;
    uint8_t config[SPACE];
    make_function("", "0000:1c:00.0");
    set_link("0000:1c:00.0", "32.0 GT/s PCIe\n", "16\n", "32.0 GT/s PCIe\n", "16\n");
    make_config(config, 0x0010 | 1 << 5);
    set_config("0000:1c:00.0", config, SPACE);
    make_function("", "0000:1c:00.1");
    set_link("0000:1c:00.1", "Unknown\n", "0\n", "Unknown\n", "0\n");
    make_config(config, 0);
    set_config("0000:1c:00.1", config, 256);
    sysfs_link(&tree, "bus/pci/devices/0000:1c:00.1/physfn", "../0000:1c:00.0");
    struct mcb_pci_function function = read_function("0000:1c:00.1");
    assert_true(function.virtual_function);
    assert_int_equal(function.link.lanes, 16);
    assert_float_equal(function.link_most.transfers_gtps, 32, 0);
    assert_int_equal(function.max_payload_bytes, 256);
    assert_int_equal(function.relaxed_ordering, MCB_KNOWN_YES);
    assert_string_equal(function.physical_address, "0000:1c:00.0");
    assert_string_equal(read_function("0000:1c:00.0").physical_address, "");
    make_config(config, 0);
    set_config("0000:1c:00.0", config, SPACE);
    assert_int_equal(read_function("0000:1c:00.1").relaxed_ordering, MCB_KNOWN_NO);
    set_config("0000:1c:00.0", config, 64);
    assert_int_equal(read_function("0000:1c:00.1").relaxed_ordering, MCB_KNOWN_NOT);
}

static void a_virtual_function_stays_one_if_its_physical_one_is_gone(void **state)
{
    (void)state;
    uint8_t config[SPACE];
    make_function("", "0000:1d:00.1");
    make_config(config, 0x10);
    set_config("0000:1d:00.1", config, 256);
    sysfs_link(&tree, "bus/pci/devices/0000:1d:00.1/physfn", "../nowhere");
    struct mcb_pci_function function = read_function("0000:1d:00.1");
    assert_true(function.virtual_function);
    assert_string_equal(function.physical_address, "");
    assert_int_equal(function.relaxed_ordering, MCB_KNOWN_NOT);
    assert_int_equal(function.max_payload_bytes, 0);
    assert_int_equal(function.link.lanes, 0);
}

static void acs_is_found_in_the_config_file_of_a_bridge(void **state)
{
    (void)state;
    uint8_t config[SPACE];
    make_function("", "0000:1e:00.0");
    make_bridge(config, 0x1d);
    set_config("0000:1e:00.0", config, SPACE);
    assert_int_equal(read_function("0000:1e:00.0").acs_redirects, MCB_KNOWN_YES);
    assert_int_equal(read_function("0000:1e:00.0").config_bytes, SPACE);
    make_bridge(config, 0x01);
    set_config("0000:1e:00.0", config, SPACE);
    assert_int_equal(read_function("0000:1e:00.0").acs_redirects, MCB_KNOWN_NO);
    set_config("0000:1e:00.0", config, 0x14a);
    assert_int_equal(read_function("0000:1e:00.0").acs_redirects, MCB_KNOWN_NOT);
    set_config("0000:1e:00.0", config, 64);
    assert_int_equal(read_function("0000:1e:00.0").acs_redirects, MCB_KNOWN_NOT);
    assert_int_equal(read_function("0000:1e:00.0").config_bytes, 64);
    make_bridge(config, 0x1c);
    put_extended(config, 0x148, 0x0002, 0x100); /* loops */
    set_config("0000:1e:00.0", config, SPACE);
    assert_int_equal(read_function("0000:1e:00.0").acs_redirects, MCB_KNOWN_NOT);
}

static void a_bridge_whose_extended_space_does_not_answer_is_not_known(void **state)
{
    (void)state;
    uint8_t config[SPACE];
    make_function("", "0000:1e:01.0");
    make_bridge(config, 0);
    memset(config + 256, 0xff, SPACE - 256);
    set_config("0000:1e:01.0", config, SPACE);
    assert_int_equal(read_function("0000:1e:01.0").acs_redirects, MCB_KNOWN_NOT);
}

static void a_config_file_longer_than_a_configuration_space_does_no_harm(void **state)
{
    (void)state;
    uint8_t config[SPACE + 64] = {0};
    make_function("", "0000:1e:02.0");
    make_bridge(config, 0x1c);
    put_extended(config, 0x100, 0x0001, 0xffc);
    put_extended(config, 0xffc, ACS, 0);
    set_config("0000:1e:02.0", config, sizeof(config));
    assert_int_equal(read_function("0000:1e:02.0").acs_redirects, MCB_KNOWN_NOT);
}

static void an_iommu_translates_by_the_type_of_its_group(void **state)
{
    (void)state;
    make_function("", "0000:1f:00.0");
    assert_int_equal(read_function("0000:1f:00.0").iommu_translates, MCB_KNOWN_NO);
    set_iommu_type("0000:1f:00.0", NULL);
    assert_int_equal(read_function("0000:1f:00.0").iommu_translates, MCB_KNOWN_NOT);
    set_iommu_type("0000:1f:00.0", "DMA\n");
    assert_int_equal(read_function("0000:1f:00.0").iommu_translates, MCB_KNOWN_YES);
    set_iommu_type("0000:1f:00.0", "DMA-FQ\n");
    assert_int_equal(read_function("0000:1f:00.0").iommu_translates, MCB_KNOWN_YES);
    set_iommu_type("0000:1f:00.0", "identity\n");
    assert_int_equal(read_function("0000:1f:00.0").iommu_translates, MCB_KNOWN_NO);
    set_iommu_type("0000:1f:00.0", "blocked\n");
    assert_int_equal(read_function("0000:1f:00.0").iommu_translates, MCB_KNOWN_NOT);
}

static void bridges_of_hypervisors_are_known_by_their_vendor(void **state)
{
    (void)state;
    static const struct {
        const char *vendor, *device, *class;
        bool emulated;
    } cases[] = {
        {"0x1b36\n", "0x000c\n", "0x060400\n", true},  /* QEMU's root port */
        {"0x1d0f\n", "0x0200\n", "0x060400\n", true},  /* Amazon */
        {"0x104c\n", "0x8232\n", "0x060400\n", true},  /* QEMU's switch, with a real one's name */
        {"0x104c\n", "0x8240\n", "0x060400\n", false}, /* Texas Instruments */
        {"0x1000\n", "0xc030\n", "0x060400\n", false}, /* Broadcom's switch */
        {"0x1d0f\n", "0xefa2\n", "0x020000\n", false}, /* Amazon's EFA: no bridge */
    };
    make_function("", "0000:20:00.0");
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        set_ids("0000:20:00.0", cases[i].vendor, cases[i].device, cases[i].class);
        assert_int_equal(read_function("0000:20:00.0").emulated, cases[i].emulated);
    }
}

static void the_chain_is_every_bridge_up_to_the_root_port(void **state)
{
    (void)state;
    char bridges[MCB_PCI_CHAIN_MAX][MCB_PCI_ADDRESS_MAX];
    make_function("0000:15:01.0/0000:16:00.0/0000:17:02.0/", "0000:21:00.0");
    assert_int_equal(mcb_pci_chain(tree.root, "0000:21:00.0", bridges, MCB_PCI_CHAIN_MAX), 3);
    assert_string_equal(bridges[0], "0000:17:02.0");
    assert_string_equal(bridges[1], "0000:16:00.0");
    assert_string_equal(bridges[2], "0000:15:01.0");
    assert_int_equal(mcb_pci_chain(tree.root, "0000:21:00.0", bridges, 2), 2);
    assert_int_equal(mcb_pci_chain(tree.root, "0000:21:00.0", bridges, 0), 0);
}

static void a_function_on_a_root_bus_or_nowhere_has_no_chain(void **state)
{
    (void)state;
    char bridges[4][MCB_PCI_ADDRESS_MAX];
    make_function("", "0000:22:00.0");
    assert_int_equal(mcb_pci_chain(tree.root, "0000:22:00.0", bridges, 4), 0);
    assert_int_equal(mcb_pci_chain(tree.root, "0000:23:00.0", bridges, 4), 0);
    assert_int_equal(mcb_pci_chain(tree.root, "..", bridges, 4), 0);
}

static void a_chain_without_end_ends(void **state)
{
    (void)state;
    char above[300] = "", bridges[32][MCB_PCI_ADDRESS_MAX];
    for (int i = 0; i < 17; i++)
        snprintf(above + strlen(above), sizeof(above) - strlen(above), "0000:%02x:00.0/", 0x40 + i);
    make_function(above, "0000:60:00.0");
    assert_int_equal(mcb_pci_chain(tree.root, "0000:60:00.0", bridges, 32), MCB_PCI_CHAIN_MAX);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(speeds_are_read_as_the_kernel_writes_them),
        cmocka_unit_test(a_link_carries_what_its_line_coding_leaves),
        cmocka_unit_test(an_address_is_what_sysfs_calls_a_function),
        cmocka_unit_test(a_function_is_read_from_its_attributes),
        cmocka_unit_test(a_function_that_is_not_there_is_one_of_which_nothing_is_known),
        cmocka_unit_test(missing_and_senseless_attributes_are_not_known),
        cmocka_unit_test(a_pipe_or_a_folder_in_the_place_of_a_file_holds_nobody_up),
        cmocka_unit_test(nothing_outside_of_sysfs_is_read),
        cmocka_unit_test(a_virtual_function_has_link_and_device_control_of_its_physical_one),
        cmocka_unit_test(a_virtual_function_stays_one_if_its_physical_one_is_gone),
        cmocka_unit_test(acs_is_found_in_the_config_file_of_a_bridge),
        cmocka_unit_test(a_bridge_whose_extended_space_does_not_answer_is_not_known),
        cmocka_unit_test(a_config_file_longer_than_a_configuration_space_does_no_harm),
        cmocka_unit_test(an_iommu_translates_by_the_type_of_its_group),
        cmocka_unit_test(bridges_of_hypervisors_are_known_by_their_vendor),
        cmocka_unit_test(the_chain_is_every_bridge_up_to_the_root_port),
        cmocka_unit_test(a_function_on_a_root_bus_or_nowhere_has_no_chain),
        cmocka_unit_test(a_chain_without_end_ends),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
