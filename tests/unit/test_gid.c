/* SPDX-License-Identifier: Apache-2.0 */
/* The GID that is chosen is the one that Mooncake would choose. */
#include <arpa/inet.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "rdma/gid.h"

static struct mcb_gid gid(uint32_t index, enum mcb_gid_type type, const char *address,
                          const char *interface)
{
    struct mcb_gid made = {.index = index, .type = type};
    assert_int_equal(inet_pton(AF_INET6, address, made.bytes), 1);
    strcpy(made.interface, interface);
    return made;
}

static struct mcb_gid v2(uint32_t index, const char *address, const char *interface)
{
    return gid(index, MCB_GID_ROCE_V2, address, interface);
}

/* One GID of each class, worst first, so that a choice by position would be seen. */
static void each_class_beats_all_below_it(void **state)
{
    (void)state;
    const struct mcb_gid ranked[MCB_GID_CLASSES] = {
        gid(0, MCB_GID_ROCE_V1, "::ffff:192.168.1.1", "eth0"),
        v2(1, "fe80::1", ""),
        v2(2, "::ffff:10.0.0.1", ""),
        v2(3, "fe80::2", "eth0"),
        v2(4, "::ffff:172.16.0.1", "eth0"),
        v2(5, "::ffff:192.168.1.1", ""),
        v2(6, "::ffff:192.168.1.2", "eth0"),
    };
    for (size_t count = 1; count <= MCB_GID_CLASSES; count++) {
        assert_int_equal(mcb_gid_class(&ranked[count - 1]), MCB_GID_CLASSES - (int)count);
        assert_int_equal(mcb_gid_choose(ranked, count)->index, count - 1);
    }
}

static void the_lowest_index_wins_in_a_class_in_any_order(void **state)
{
    (void)state;
    const struct mcb_gid gids[] = {v2(7, "2001:db8::7", "eth0"), v2(3, "2001:db8::3", "eth0"),
                                   v2(5, "2001:db8::5", "eth0")};
    assert_int_equal(mcb_gid_choose(gids, 3)->index, 3);
    const struct mcb_gid old[] = {gid(9, MCB_GID_ROCE_V1, "2001:db8::9", "eth0"),
                                  gid(8, MCB_GID_ROCE_V1, "2001:db8::8", "")};
    assert_int_equal(mcb_gid_choose(old, 2)->index, 8);
}

static void private_networks_are_those_of_mooncake(void **state)
{
    (void)state;
    static const char *const private[] = {"::ffff:10.255.0.1", "::ffff:172.16.0.0",
                                          "::ffff:172.31.255.255", "::ffff:100.64.0.1",
                                          "::ffff:100.127.255.255"};
    static const char *const public[] = {"::ffff:11.0.0.1",    "::ffff:172.15.0.1",
                                         "::ffff:172.32.0.1",  "::ffff:100.63.0.1",
                                         "::ffff:100.128.0.1", "::ffff:192.168.0.1"};
    for (size_t i = 0; i < sizeof(private) / sizeof(private[0]); i++) {
        struct mcb_gid one = v2(0, private[i], "eth0");
        assert_int_equal(mcb_gid_class(&one), 2);
    }
    for (size_t i = 0; i < sizeof(public) / sizeof(public[0]); i++) {
        struct mcb_gid one = v2(0, public[i], "eth0");
        assert_int_equal(mcb_gid_class(&one), 0);
    }
}

static void interfaces_of_container_networks_are_degraded(void **state)
{
    (void)state;
    static const char *const overlays[] = {"flannel.1",    "cni0",    "cali0a1b2c",
                                           "vxlan.calico", "docker0", "tunl0"};
    for (size_t i = 0; i < sizeof(overlays) / sizeof(overlays[0]); i++) {
        struct mcb_gid one = v2(0, "::ffff:192.168.0.1", overlays[i]);
        assert_int_equal(mcb_gid_class(&one), 3);
    }
}

static void the_default_subnet_of_infiniband_is_not_degraded(void **state)
{
    (void)state;
    struct mcb_gid one = gid(0, MCB_GID_INFINIBAND, "fe80::506b:4b03:fe:1234", "");
    assert_int_equal(mcb_gid_class(&one), 1);
}

static void a_zero_gid_is_never_chosen(void **state)
{
    (void)state;
    const struct mcb_gid gids[] = {v2(0, "::", "eth0"), v2(1, "fe80::1", "")};
    assert_int_equal(mcb_gid_class(&gids[0]), -1);
    assert_int_equal(mcb_gid_choose(gids, 2)->index, 1);
    assert_null(mcb_gid_choose(gids, 1));
    assert_null(mcb_gid_choose(gids, 0));
}

static void an_index_that_is_given_overrides_the_choice(void **state)
{
    (void)state;
    const struct mcb_gid gids[] = {v2(0, "fe80::1", "eth0"), v2(1, "::ffff:192.168.0.1", "eth0")};
    struct mcb_gid chosen;
    struct mcb_error error = {.code = MCB_FAULT_NONE};
    assert_int_equal(mcb_gid_select_from(gids, 2, "mlx5_0", 1, -1, &chosen, &error), 0);
    assert_int_equal(chosen.index, 1);
    assert_int_equal(mcb_gid_select_from(gids, 2, "mlx5_0", 1, 0, &chosen, &error), 0);
    assert_int_equal(chosen.index, 0);
}

static void an_empty_index_is_refused_with_the_one_that_would_be_chosen(void **state)
{
    (void)state;
    const struct mcb_gid gids[] = {v2(0, "fe80::1", "eth0"), v2(4, "::ffff:192.168.0.1", "eth0")};
    struct mcb_gid chosen = {.index = 77};
    struct mcb_error error = {.code = MCB_FAULT_NONE};
    assert_int_equal(mcb_gid_select_from(gids, 2, "mlx5_0", 1, 3, &chosen, &error), -1);
    assert_int_equal(error.code, MCB_FAULT_RDMA_GID_EMPTY);
    assert_non_null(strstr(error.detail, "GID index 3"));
    assert_non_null(strstr(error.detail, "index 4 (RoCE v2, ::ffff:192.168.0.1)"));
    assert_int_equal(chosen.index, 77);
}

static void a_port_without_gids_says_so(void **state)
{
    (void)state;
    struct mcb_gid chosen;
    struct mcb_error error = {.code = MCB_FAULT_NONE};
    assert_int_equal(mcb_gid_select_from(NULL, 0, "mlx5_0", 2, -1, &chosen, &error), -1);
    assert_int_equal(error.code, MCB_FAULT_RDMA_GID_NONE);
    assert_non_null(strstr(error.detail, "mlx5_0 port 2"));
    assert_int_equal(mcb_gid_select_from(NULL, 0, "mlx5_0", 2, 0, &chosen, &error), -1);
    assert_int_equal(error.code, MCB_FAULT_RDMA_GID_EMPTY);
}

static void a_gid_is_written_as_the_address_it_carries(void **state)
{
    (void)state;
    char text[MCB_GID_TEXT_MAX];
    struct mcb_gid ipv4 = v2(0, "::ffff:10.77.0.1", ""), ipv6 = v2(0, "fe80::1", "");
    assert_string_equal(mcb_gid_format(ipv4.bytes, text), "::ffff:10.77.0.1");
    assert_string_equal(mcb_gid_address(ipv4.bytes, text), "10.77.0.1");
    assert_string_equal(mcb_gid_address(ipv6.bytes, text), "fe80::1");
    assert_string_equal(mcb_gid_type_name(MCB_GID_ROCE_V1), "RoCE v1");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_class_beats_all_below_it),
        cmocka_unit_test(the_lowest_index_wins_in_a_class_in_any_order),
        cmocka_unit_test(private_networks_are_those_of_mooncake),
        cmocka_unit_test(interfaces_of_container_networks_are_degraded),
        cmocka_unit_test(the_default_subnet_of_infiniband_is_not_degraded),
        cmocka_unit_test(a_zero_gid_is_never_chosen),
        cmocka_unit_test(an_index_that_is_given_overrides_the_choice),
        cmocka_unit_test(an_empty_index_is_refused_with_the_one_that_would_be_chosen),
        cmocka_unit_test(a_port_without_gids_says_so),
        cmocka_unit_test(a_gid_is_written_as_the_address_it_carries),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
