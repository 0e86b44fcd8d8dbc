/* SPDX-License-Identifier: Apache-2.0 */
/* Names of memories. */
#include "common/location.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static void every_kind_is_read_as_it_is_written(void **state)
{
    (void)state;
    static const int numbers[] = {-1, 0, 7, MCB_LOCATION_NUMBER_MAX};
    for (int kind = 0; kind < MCB_LOCATION_KINDS; kind++)
        for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++) {
            const struct mcb_location made = {(enum mcb_location_kind)kind, numbers[i]};
            struct mcb_location read = {MCB_LOCATION_KINDS, -2};
            char text[MCB_LOCATION_MAX];
            assert_int_equal(mcb_location_parse(mcb_location_format(made, text), &read), 0);
            assert_int_equal(read.kind, made.kind);
            assert_int_equal(read.number, made.number);
        }
}

static void names_are_mooncake_s(void **state)
{
    (void)state;
    char text[MCB_LOCATION_MAX];
    const struct mcb_location gpu = {MCB_LOCATION_CUDA, 3}, host = {MCB_LOCATION_CPU, -1};
    assert_string_equal(mcb_location_format(gpu, text), "cuda:3");
    assert_string_equal(mcb_location_format(host, text), "cpu");
    assert_string_equal(mcb_location_kind_name(MCB_LOCATION_MUSA), "musa");
}

static void leading_zeros_do_not_count(void **state)
{
    (void)state;
    struct mcb_location location;
    assert_int_equal(mcb_location_parse("cpu:00", &location), 0);
    assert_int_equal(location.number, 0);
}

static void what_names_no_memory_is_refused_and_nothing_set(void **state)
{
    (void)state;
    static const char *const wrong[] = {"",     ":",         "cpu:",   "cuda:x", "cuda:-1",
                                        "cpus", "cuda:1 ",   "CUDA:0", "cud",    "cuda:1:2",
                                        "*",    "cuda:1024", "cpu;0",  " cpu",   "cuda:0x1"};
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        struct mcb_location location = {MCB_LOCATION_MACA, 5};
        if (mcb_location_parse(wrong[i], &location) != -1)
            fail_msg("'%s' was taken", wrong[i]);
        assert_int_equal(location.kind, MCB_LOCATION_MACA);
        assert_int_equal(location.number, 5);
    }
}

static void host_memory_is_of_no_gpu_and_all_others_are(void **state)
{
    (void)state;
    for (int kind = 0; kind < MCB_LOCATION_KINDS; kind++)
        assert_int_equal(mcb_location_is_gpu((enum mcb_location_kind)kind),
                         kind != MCB_LOCATION_CPU);
    assert_true(mcb_location_is_measured(MCB_LOCATION_CPU));
    assert_true(mcb_location_is_measured(MCB_LOCATION_CUDA));
    assert_false(mcb_location_is_measured(MCB_LOCATION_HIP));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_kind_is_read_as_it_is_written),
        cmocka_unit_test(names_are_mooncake_s),
        cmocka_unit_test(leading_zeros_do_not_count),
        cmocka_unit_test(what_names_no_memory_is_refused_and_nothing_set),
        cmocka_unit_test(host_memory_is_of_no_gpu_and_all_others_are),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
