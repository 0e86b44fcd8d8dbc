/* SPDX-License-Identifier: Apache-2.0 */
/* The interfaces that a TCP run uses are those that were asked for, and one that is not there is
 * answered with those that are. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "bench/transport/transport.h"

static void expect_loopback(const struct mcb_settings *settings, const char *address)
{
    struct mcb_error error;
    struct mcb_nic *nics;
    size_t count;
    assert_int_equal(mcb_transport_tcp.discover(settings, address, &nics, &count, &error), 0);
    assert_int_equal(count, 1);
    assert_string_equal(nics[0].name, "lo");
    assert_int_equal(nics[0].port, 0);
    assert_int_equal(nics[0].numa_node, -1);
    assert_string_equal(nics[0].pci_address, "");
    mcb_nics_free(nics, count);
}

static void expect_fault(const struct mcb_settings *settings, const char *address,
                         enum mcb_fault_code code, const char *part)
{
    struct mcb_error error = {.code = MCB_FAULT_NONE};
    struct mcb_nic *nics = NULL;
    size_t count = 0;
    assert_int_equal(mcb_transport_tcp.discover(settings, address, &nics, &count, &error), -1);
    assert_int_equal(error.code, code);
    if (!strstr(error.detail, part))
        fail_msg("\"%s\" lacks \"%s\"", error.detail, part);
    assert_null(nics);
}

static struct mcb_settings named(const char *name)
{
    struct mcb_settings settings = {.nic_count = 1};
    snprintf(settings.nics[0], sizeof settings.nics[0], "%s", name);
    return settings;
}

static void alone_it_is_the_loopback_interface(void **state)
{
    (void)state;
    expect_loopback(&(struct mcb_settings){.nic_count = 0}, NULL);
}

static void an_address_chooses_the_interface_that_carries_it(void **state)
{
    (void)state;
    expect_loopback(&(struct mcb_settings){.etcd = "http://127.0.0.1:2379"}, "127.0.0.1");
}

static void a_named_interface_is_taken(void **state)
{
    (void)state;
    struct mcb_settings settings = named("lo");
    expect_loopback(&settings, NULL);
    expect_loopback(&settings, "127.0.0.1");
}

static void an_interface_named_twice_is_one_nic(void **state)
{
    (void)state;
    struct mcb_settings settings = named("lo");
    memcpy(settings.nics[1], "lo", 3);
    settings.nic_count = 2;
    expect_loopback(&settings, NULL);
}

static void an_unknown_interface_is_answered_with_the_nearest_and_all(void **state)
{
    (void)state;
    struct mcb_settings settings = named("lp");
    expect_fault(&settings, NULL, MCB_FAULT_TCP_INTERFACE, "did you mean lo?");
    settings = named("mlx5_bond_0");
    /* the settings do not tell an option from a variable */
    expect_fault(&settings, NULL, MCB_FAULT_TCP_INTERFACE, "NIC mlx5_bond_0: ");
    expect_fault(&settings, NULL, MCB_FAULT_TCP_INTERFACE, "this host has ");
    expect_fault(&settings, NULL, MCB_FAULT_TCP_INTERFACE, "lo");
}

static void an_address_of_another_host_is_refused(void **state)
{
    (void)state;
    /* 198.51.100.0/24 and 2001:db8::/32 are for documentation: RFC 5737, RFC 3849 */
    struct mcb_settings settings = {.listen = ":4000"};
    expect_fault(&settings, "198.51.100.7", MCB_FAULT_NET_ADDRESS, "198.51.100.7");
    expect_fault(&settings, "2001:db8::7", MCB_FAULT_NET_ADDRESS, "2001:db8::7");
    expect_fault(&settings, "localhost", MCB_FAULT_NET_ADDRESS, "not a numeric address");
    expect_fault(&settings, "", MCB_FAULT_NET_ADDRESS, "not a numeric address");
}

static void the_facts_of_loopback_say_what_is_not_known(void **state)
{
    (void)state;
    struct mcb_error error;
    struct mcb_settings settings = {.nic_count = 0};
    struct mcb_nic *nics;
    size_t count;
    assert_int_equal(mcb_transport_tcp.discover(&settings, NULL, &nics, &count, &error), 0);
    const json_t *facts = nics[0].facts;
    assert_string_equal(json_string_value(json_object_get(facts, "name")), "lo");
    assert_string_equal(json_string_value(json_object_get(facts, "address")), "127.0.0.1");
    static const char *const unknown[] = {"link_gbps", "driver", "pci_address", "numa_node"};
    for (size_t i = 0; i < sizeof unknown / sizeof unknown[0]; i++)
        assert_true(json_is_null(json_object_get(facts, unknown[i])));
    mcb_nics_free(nics, count);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(alone_it_is_the_loopback_interface),
        cmocka_unit_test(an_address_chooses_the_interface_that_carries_it),
        cmocka_unit_test(a_named_interface_is_taken),
        cmocka_unit_test(an_interface_named_twice_is_one_nic),
        cmocka_unit_test(an_unknown_interface_is_answered_with_the_nearest_and_all),
        cmocka_unit_test(an_address_of_another_host_is_refused),
        cmocka_unit_test(the_facts_of_loopback_say_what_is_not_known),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
