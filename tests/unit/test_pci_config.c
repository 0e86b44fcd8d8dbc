/* SPDX-License-Identifier: Apache-2.0 */
/* What a PCI configuration space says is read from it; what lies behind its known bytes, or cannot
 * be, is not known. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "common/pci.h"
#include "tests/unit/pci_config.h"

static struct mcb_pci_function decode(const uint8_t *config, size_t length)
{
    struct mcb_pci_function function;
    memset(&function, 0xa5, sizeof(function));
    mcb_pci_decode(config, length, &function);
    return function;
}

static enum mcb_known ordering(const uint8_t *config, size_t length)
{
    return decode(config, length).relaxed_ordering;
}

static enum mcb_known acs(const uint8_t *config, size_t length)
{
    return decode(config, length).acs_redirects;
}

static void relaxed_ordering_is_bit_four_of_device_control(void **state)
{
    (void)state;
    uint8_t config[SPACE];
    make_config(config, 0x0010);
    assert_int_equal(ordering(config, 256), MCB_KNOWN_YES);
    make_config(config, 0xffef);
    assert_int_equal(ordering(config, 256), MCB_KNOWN_NO);
}

static void payload_sizes_are_powers_of_two(void **state)
{
    (void)state;
    uint8_t config[SPACE];
    make_config(config, 2 << 5 | 5 << 12);
    config[EXPRESS_AT + CAPABILITIES] = 0x03;
    struct mcb_pci_function function = decode(config, 256);
    assert_int_equal(function.max_payload_bytes, 512);       /* 128 << 2 */
    assert_int_equal(function.max_payload_most_bytes, 1024); /* 128 << 3 */
    assert_int_equal(function.max_read_request_bytes, 4096); /* 128 << 5 */
}

static void reserved_payload_sizes_are_not_known(void **state)
{
    (void)state;
    uint8_t config[SPACE];
    make_config(config, 6 << 5 | 7 << 12);
    config[EXPRESS_AT + CAPABILITIES] = 0x07;
    struct mcb_pci_function function = decode(config, 256);
    assert_int_equal(function.max_payload_bytes, 0);
    assert_int_equal(function.max_payload_most_bytes, 0);
    assert_int_equal(function.max_read_request_bytes, 0);
}

static void the_upstream_port_of_a_switch_is_told_from_other_bridges(void **state)
{
    (void)state;
    uint8_t config[SPACE];
    make_bridge(config, 0);
    config[EXPRESS_AT + FLAGS] = 0x52;
    assert_true(decode(config, SPACE).upstream_port);
    config[EXPRESS_AT + FLAGS] = 0x62; /* downstream */
    assert_false(decode(config, SPACE).upstream_port);
    config[EXPRESS_AT + FLAGS] = 0x42; /* root port */
    assert_false(decode(config, SPACE).upstream_port);
}

static void the_64_bytes_of_an_ordinary_user_tell_nothing(void **state)
{
    (void)state;
    uint8_t config[SPACE];
    make_bridge(config, 0x1c);
    struct mcb_pci_function function = decode(config, 64);
    assert_int_equal(function.relaxed_ordering, MCB_KNOWN_NOT);
    assert_int_equal(function.acs_redirects, MCB_KNOWN_NOT);
    assert_int_equal(function.max_payload_bytes, 0);
    assert_int_equal(ordering(config, EXPRESS_AT + CONTROL + 1), MCB_KNOWN_NOT);
    assert_int_equal(ordering(config, EXPRESS_AT + CONTROL + 2), MCB_KNOWN_YES);
    assert_int_equal(ordering(config, 0), MCB_KNOWN_NOT);
}

static void a_function_without_pci_express_has_no_device_control(void **state)
{
    (void)state;
    uint8_t config[SPACE];
    make_config(config, 0x10);
    config[STATUS] = 0;
    assert_int_equal(ordering(config, 256), MCB_KNOWN_NOT);
    make_config(config, 0x10);
    config[0x41] = 0;
    assert_int_equal(ordering(config, 256), MCB_KNOWN_NOT);
}

static void acs_redirects_where_one_of_three_bits_is_set(void **state)
{
    (void)state;
    static const struct {
        uint16_t control;
        enum mcb_known redirects;
    } cases[] = {
        {0x04, MCB_KNOWN_YES}, /* P2P Request Redirect */
        {0x08, MCB_KNOWN_YES}, /* P2P Completion Redirect */
        {0x10, MCB_KNOWN_YES}, /* Upstream Forwarding */
        {0x63, MCB_KNOWN_NO},  /* Source Validation, Translation Blocking, Egress Control, Direct
                                  Translated */
        {0x00, MCB_KNOWN_NO},
    };
    uint8_t config[SPACE];
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        make_bridge(config, cases[i].control);
        assert_int_equal(acs(config, SPACE), cases[i].redirects);
    }
}

static void a_bridge_without_acs_does_not_redirect(void **state)
{
    (void)state;
    uint8_t config[SPACE];
    make_bridge(config, 0x1c);
    put_extended(config, 0x100, 0x0001, 0);
    assert_int_equal(acs(config, SPACE), MCB_KNOWN_NO);
    make_bridge(config, 0x1c);
    config[STATUS] = 0; /* conventional PCI */
    assert_int_equal(acs(config, 256), MCB_KNOWN_NO);
}

static void acs_is_not_known_where_the_space_is_cut_short(void **state)
{
    (void)state;
    uint8_t config[SPACE];
    make_bridge(config, 0x1c);
    assert_int_equal(acs(config, 256), MCB_KNOWN_NOT);
    assert_int_equal(acs(config, 0x148), MCB_KNOWN_NOT);
    assert_int_equal(acs(config, 0x148 + ACS_CONTROL + 1), MCB_KNOWN_NOT);
    assert_int_equal(acs(config, 0x148 + ACS_CONTROL + 2), MCB_KNOWN_YES);
}

static void a_list_that_loops_or_leaves_the_space_ends(void **state)
{
    (void)state;
    uint8_t config[SPACE];
    make_config(config, 0x10);
    config[0x41] = 0x40;
    assert_int_equal(ordering(config, 256), MCB_KNOWN_NOT);
    make_bridge(config, 0x1c);
    put_extended(config, 0x148, 0x0002, 0x100);
    assert_int_equal(acs(config, SPACE), MCB_KNOWN_NOT);
    make_bridge(config, 0x1c);
    put_extended(config, 0x100, 0x0001, 0xffc);
    put_extended(config, 0xffc, ACS, 0);
    assert_int_equal(acs(config, SPACE), MCB_KNOWN_NOT);
    memset(config, 0xff, sizeof(config)); /* a function that fell off the bus */
    assert_int_equal(ordering(config, SPACE), MCB_KNOWN_NOT);
    assert_int_equal(acs(config, SPACE), MCB_KNOWN_NOT);
}

static uint8_t next_random(uint32_t *state)
{
    *state = *state * 1664525 + 1013904223;
    return (uint8_t)(*state >> 24);
}

/* A bridge whose lists lead anywhere: every byte but those that a walk needs to begin. */
static void make_garbage(uint8_t config[SPACE], uint32_t *random)
{
    for (size_t i = 0; i < SPACE; i++)
        config[i] = next_random(random);
    config[STATUS] |= LIST_BIT;
    config[HEADER_TYPE] = BRIDGE;
    if (next_random(random) % 2)
        config[config[FIRST] & ~3u] = EXPRESS;
}

/* The copy is as long as what is known: the sanitizers see a byte read behind it. */
static void no_byte_behind_the_known_ones_is_looked_at(void **state)
{
    (void)state;
    static const size_t lengths[] = {0, 1, 63, 64, 65, 128, 255, 256, 257, 260, 1024, SPACE};
    uint8_t config[SPACE];
    uint32_t random = 1;
    for (size_t round = 0; round < 20000; round++) {
        size_t length = lengths[round % (sizeof(lengths) / sizeof(lengths[0]))];
        make_garbage(config, &random);
        uint8_t *known = malloc(length + (length == 0));
        assert_non_null(known);
        memcpy(known, config, length);
        struct mcb_pci_function function = decode(known, length);
        assert_true(function.max_payload_bytes <= 4096);
        free(known);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(relaxed_ordering_is_bit_four_of_device_control),
        cmocka_unit_test(payload_sizes_are_powers_of_two),
        cmocka_unit_test(reserved_payload_sizes_are_not_known),
        cmocka_unit_test(the_upstream_port_of_a_switch_is_told_from_other_bridges),
        cmocka_unit_test(the_64_bytes_of_an_ordinary_user_tell_nothing),
        cmocka_unit_test(a_function_without_pci_express_has_no_device_control),
        cmocka_unit_test(acs_redirects_where_one_of_three_bits_is_set),
        cmocka_unit_test(a_bridge_without_acs_does_not_redirect),
        cmocka_unit_test(acs_is_not_known_where_the_space_is_cut_short),
        cmocka_unit_test(a_list_that_loops_or_leaves_the_space_ends),
        cmocka_unit_test(no_byte_behind_the_known_ones_is_looked_at),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
