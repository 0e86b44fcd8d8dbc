/* SPDX-License-Identifier: Apache-2.0 */
/* Relaxed ordering is called on or off only where that is known. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "rdma/relaxed_ordering.h"

enum { STATUS = 0x06, LIST_BIT = 0x10, FIRST = 0x34, EXPRESS = 0x10, POWER = 0x01, CONTROL = 8 };

/* Power management at 0x40, PCI Express at 0x60. */
static void make_config(uint8_t config[256], uint8_t control)
{
    memset(config, 0, 256);
    config[STATUS] = LIST_BIT;
    config[FIRST] = 0x40;
    config[0x40] = POWER;
    config[0x41] = 0x60;
    config[0x60] = EXPRESS;
    config[0x60 + CONTROL] = control;
}

static void bit_four_of_device_control_is_read(void **state)
{
    (void)state;
    uint8_t config[256];
    make_config(config, 0x10);
    assert_int_equal(mcb_relaxed_ordering_from_config(config, 256), MCB_KNOWN_YES);
    make_config(config, 0xef);
    assert_int_equal(mcb_relaxed_ordering_from_config(config, 256), MCB_KNOWN_NO);
}

static void the_64_bytes_of_an_ordinary_user_tell_nothing(void **state)
{
    (void)state;
    uint8_t config[256];
    make_config(config, 0x10);
    assert_int_equal(mcb_relaxed_ordering_from_config(config, 64), MCB_KNOWN_NOT);
    assert_int_equal(mcb_relaxed_ordering_from_config(config, 0x69), MCB_KNOWN_NOT);
    assert_int_equal(mcb_relaxed_ordering_from_config(config, 0x6a), MCB_KNOWN_YES);
    assert_int_equal(mcb_relaxed_ordering_from_config(config, 0), MCB_KNOWN_NOT);
}

static void a_function_without_capabilities_tells_nothing(void **state)
{
    (void)state;
    uint8_t config[256];
    make_config(config, 0x10);
    config[STATUS] = 0;
    assert_int_equal(mcb_relaxed_ordering_from_config(config, 256), MCB_KNOWN_NOT);
    make_config(config, 0x10);
    config[0x41] = 0;
    assert_int_equal(mcb_relaxed_ordering_from_config(config, 256), MCB_KNOWN_NOT);
}

static void a_list_that_loops_or_leaves_the_space_ends(void **state)
{
    (void)state;
    uint8_t config[256];
    make_config(config, 0x10);
    config[0x41] = 0x40;
    assert_int_equal(mcb_relaxed_ordering_from_config(config, 256), MCB_KNOWN_NOT);
    memset(config, 0xff, sizeof(config));
    assert_int_equal(mcb_relaxed_ordering_from_config(config, 256), MCB_KNOWN_NOT);
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
        cmocka_unit_test(bit_four_of_device_control_is_read),
        cmocka_unit_test(the_64_bytes_of_an_ordinary_user_tell_nothing),
        cmocka_unit_test(a_function_without_capabilities_tells_nothing),
        cmocka_unit_test(a_list_that_loops_or_leaves_the_space_ends),
        cmocka_unit_test(it_is_on_only_where_everything_is_known),
        cmocka_unit_test(it_is_off_where_it_was_not_asked_for_or_something_is_known_to_be_missing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
