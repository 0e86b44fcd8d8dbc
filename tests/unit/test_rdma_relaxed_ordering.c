/* SPDX-License-Identifier: Apache-2.0 */
/* Relaxed ordering is called on or off only where that is known. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <infiniband/verbs.h>

#include <cmocka.h>

#include "rdma/device.h"
#include "rdma/relaxed_ordering.h"
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

/* PCI Express at 0x40 with this Device Control, of which `length` bytes may be read. */
static void make_nic(const char *name, const char *address, uint8_t control, size_t length)
{
    char path[128], target[128];
    uint8_t config[256] = {[6] = 0x10, [0x34] = 0x40, [0x40] = 0x10, [0x48] = control};
    snprintf(path, sizeof(path), "bus/pci/devices/%s", address);
    sysfs_folder(&tree, path);
    snprintf(path, sizeof(path), "bus/pci/devices/%s/config", address);
    sysfs_bytes(&tree, path, config, length);
    snprintf(path, sizeof(path), "class/infiniband/%s", name);
    sysfs_folder(&tree, path);
    snprintf(path, sizeof(path), "class/infiniband/%s/device", name);
    snprintf(target, sizeof(target), "../../../bus/pci/devices/%s", address);
    sysfs_link(&tree, path, target);
}

/* A device whose kernel cannot be asked. */
static struct mcb_relaxed_ordering probe(const char *name)
{
    struct ibv_context context = {.cmd_fd = -1};
    struct mcb_device device = {.context = &context};
    struct mcb_relaxed_ordering known;
    snprintf(device.name, sizeof(device.name), "%s", name);
    mcb_relaxed_ordering_probe(&device, tree.root, &known);
    assert_int_equal(known.kernel, MCB_KNOWN_NOT);
    return known;
}

static void device_control_of_the_nic_is_read(void **state)
{
    (void)state;
    make_nic("mlx5_0", "0000:19:00.0", 0x10, 256);
    make_nic("mlx5_1", "0000:1a:00.0", 0xef, 256);
    struct mcb_relaxed_ordering known = probe("mlx5_0");
    assert_int_equal(known.nic, MCB_KNOWN_YES);
    assert_string_equal(known.nic_reason, "the PCI Device Control of 0000:19:00.0 has it enabled");
    known = probe("mlx5_1");
    assert_int_equal(known.nic, MCB_KNOWN_NO);
    assert_string_equal(known.nic_reason, "the PCI Device Control of 0000:1a:00.0 has it disabled");
}

static void an_ordinary_user_is_told_why_it_is_not_known(void **state)
{
    (void)state;
    make_nic("mlx5_2", "0000:1b:00.0", 0x10, 64);
    struct mcb_relaxed_ordering known = probe("mlx5_2");
    assert_int_equal(known.nic, MCB_KNOWN_NOT);
    assert_string_equal(known.nic_reason,
                        "the PCI configuration of 0000:1b:00.0 can be read up to byte 64 only");
}

static void a_nic_that_is_not_pci_express_is_not_said_to_be_hidden(void **state)
{
    (void)state;
    const uint8_t config[256] = {0};
    make_nic("mlx5_6", "0000:1e:00.0", 0x10, 0);
    sysfs_bytes(&tree, "bus/pci/devices/0000:1e:00.0/config", config, sizeof(config));
    struct mcb_relaxed_ordering known = probe("mlx5_6");
    assert_int_equal(known.nic, MCB_KNOWN_NOT);
    assert_string_equal(known.nic_reason,
                        "the PCI configuration of 0000:1e:00.0 shows no PCI Express capability");
}

/* Its own bit, which is reserved, says the opposite. */
static void for_a_virtual_function_the_bit_of_its_physical_one_holds(void **state)
{
    (void)state;
    make_nic("mlx5_3", "0000:1c:00.0", 0x10, 256);
    make_nic("mlx5_4", "0000:1c:00.1", 0, 256);
    sysfs_link(&tree, "bus/pci/devices/0000:1c:00.1/physfn", "../0000:1c:00.0");
    struct mcb_relaxed_ordering known = probe("mlx5_4");
    assert_int_equal(known.nic, MCB_KNOWN_YES);
    assert_string_equal(
        known.nic_reason,
        "the PCI Device Control of its physical function 0000:1c:00.0 has it enabled");
    const uint8_t config[64] = {0};
    sysfs_bytes(&tree, "bus/pci/devices/0000:1c:00.0/config", config, sizeof(config));
    known = probe("mlx5_4");
    assert_int_equal(known.nic, MCB_KNOWN_NOT);
    assert_string_equal(known.nic_reason, "the PCI configuration of its physical function "
                                          "0000:1c:00.0 can be read up to byte 64 only");
}

static void a_virtual_function_whose_physical_one_is_gone_does_not_tell(void **state)
{
    (void)state;
    make_nic("mlx5_5", "0000:1d:00.1", 0x10, 256);
    sysfs_link(&tree, "bus/pci/devices/0000:1d:00.1/physfn", "../0000:1d:00.0");
    struct mcb_relaxed_ordering known = probe("mlx5_5");
    assert_int_equal(known.nic, MCB_KNOWN_NOT);
    assert_string_equal(known.nic_reason, "0000:1d:00.1 is a virtual function, and its physical "
                                          "one is not to be seen");
}

static void a_software_nic_has_no_device_control(void **state)
{
    (void)state;
    sysfs_folder(&tree, "class/infiniband/rxe0");
    struct mcb_relaxed_ordering known = probe("rxe0");
    assert_int_equal(known.nic, MCB_KNOWN_NOT);
    assert_string_equal(known.nic_reason, "it has no PCI function of its own");
}

static const char *effective(enum mcb_known kernel, enum mcb_known nic, bool asked)
{
    struct mcb_relaxed_ordering known = {.kernel = kernel, .nic = nic, .nic_reason = "so it is"};
    char reason[256] = "";
    const char *verdict = mcb_relaxed_ordering_effective(&known, asked, reason);
    assert_true(strlen(reason) > 0);
    return verdict;
}

static void it_is_on_only_where_everything_is_known(void **state)
{
    (void)state;
    assert_string_equal(effective(MCB_KNOWN_YES, MCB_KNOWN_YES, true), "on");
    assert_string_equal(effective(MCB_KNOWN_YES, MCB_KNOWN_NOT, true), "unknown");
    assert_string_equal(effective(MCB_KNOWN_NOT, MCB_KNOWN_YES, true), "unknown");
    assert_string_equal(effective(MCB_KNOWN_NOT, MCB_KNOWN_NOT, true), "unknown");
}

static void it_is_off_where_it_was_not_asked_for_or_something_is_known_to_be_missing(void **state)
{
    (void)state;
    assert_string_equal(effective(MCB_KNOWN_YES, MCB_KNOWN_YES, false), "off");
    assert_string_equal(effective(MCB_KNOWN_NO, MCB_KNOWN_YES, true), "off");
    assert_string_equal(effective(MCB_KNOWN_NOT, MCB_KNOWN_NO, true), "off");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(device_control_of_the_nic_is_read),
        cmocka_unit_test(an_ordinary_user_is_told_why_it_is_not_known),
        cmocka_unit_test(a_nic_that_is_not_pci_express_is_not_said_to_be_hidden),
        cmocka_unit_test(for_a_virtual_function_the_bit_of_its_physical_one_holds),
        cmocka_unit_test(a_virtual_function_whose_physical_one_is_gone_does_not_tell),
        cmocka_unit_test(a_software_nic_has_no_device_control),
        cmocka_unit_test(it_is_on_only_where_everything_is_known),
        cmocka_unit_test(it_is_off_where_it_was_not_asked_for_or_something_is_known_to_be_missing),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
