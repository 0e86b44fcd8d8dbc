/* SPDX-License-Identifier: Apache-2.0 */
#include "common/units.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define LENGTH(array) (sizeof(array) / sizeof((array)[0]))

/* Texts that no parser takes: signs, blanks, other bases, exponents, nothing, other alphabets. */
static const char *const hostile[] = {
    "",    "-0", "+1",  " 1", "1 ", "0x10", "1e3", "-1", "nan",   "\xd9\xa1", "\xff\xfe", "1\n",
    "1\t", "B",  "KiB", ".",  ".5", "1.",   "--",  "1,", "1 KiB", "1KiBx",    "1KBi",     "1Kib4"};

static void a_size_is_a_whole_number_with_a_unit(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        uint64_t size_bytes;
    } sizes[] = {
        {"0", 0},
        {"8", 8},
        {"8B", 8},
        {"64KiB", 65536},
        {"64kib", 65536},
        {"64K", 65536},
        {"64KB", 64000},
        {"1m", 1 << 20},
        {"1MiB", 1 << 20},
        {"1MB", 1000000},
        {"3GiB", UINT64_C(3) << 30},
        {"1gb", 1000000000},
        {"2T", UINT64_C(2) << 40},
        {"1TB", UINT64_C(1000000000000)},
        {"007", 7},
        {"18446744073709551615", UINT64_MAX},
        {"16777215TiB", UINT64_C(16777215) << 40},
    };
    for (size_t i = 0; i < LENGTH(sizes); i++) {
        uint64_t size_bytes = 0;
        assert_int_equal(mcb_units_parse_size(sizes[i].text, &size_bytes), 0);
        assert_true(size_bytes == sizes[i].size_bytes);
    }
}

static void what_is_no_size_is_refused_and_sets_nothing(void **state)
{
    (void)state;
    static const char *const wrong[] = {"1.5MiB",
                                        "1.5",
                                        "18446744073709551616",
                                        "16777216TiB",
                                        "1s",
                                        "1..2",
                                        "99999999999999999999999999999999999999"};
    uint64_t size_bytes = 42;
    for (size_t i = 0; i < LENGTH(hostile); i++)
        assert_int_equal(mcb_units_parse_size(hostile[i], &size_bytes), -1);
    for (size_t i = 0; i < LENGTH(wrong); i++)
        assert_int_equal(mcb_units_parse_size(wrong[i], &size_bytes), -1);
    assert_int_equal(size_bytes, 42);
}

static void a_duration_is_a_decimal_number_with_a_unit(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        int64_t duration_ns;
    } durations[] = {
        {"0", 0},
        {"1", 1000000000},
        {"1s", 1000000000},
        {"1.5s", 1500000000},
        {"0.25", 250000000},
        {"500ms", 500000000},
        {"500MS", 500000000},
        {"12us", 12000},
        {"0.001us", 1},
        {"0.0001us", 0},
        {"1.123456789123s", 1123456789},
        {"3min", INT64_C(180000000000)},
        {"0.5min", INT64_C(30000000000)},
        {"2h", INT64_C(7200000000000)},
        {"9223372036.854775807", INT64_MAX},
    };
    for (size_t i = 0; i < LENGTH(durations); i++) {
        int64_t duration_ns = -1;
        assert_int_equal(mcb_units_parse_duration(durations[i].text, &duration_ns), 0);
        assert_true(duration_ns == durations[i].duration_ns);
    }
}

static void what_is_no_duration_is_refused_and_sets_nothing(void **state)
{
    (void)state;
    static const char *const wrong[] = {
        "1KiB", "1.s", "1..5s", "1.5.5s", "1m", "1d", "9223372036.854775808", "99999999999999999h"};
    int64_t duration_ns = 42;
    for (size_t i = 0; i < LENGTH(hostile); i++)
        assert_int_equal(mcb_units_parse_duration(hostile[i], &duration_ns), -1);
    for (size_t i = 0; i < LENGTH(wrong); i++)
        assert_int_equal(mcb_units_parse_duration(wrong[i], &duration_ns), -1);
    assert_int_equal(duration_ns, 42);
}

static void an_unsigned_number_is_digits_up_to_the_limit(void **state)
{
    (void)state;
    uint64_t value = 42;
    assert_int_equal(mcb_units_parse_unsigned("255", 255, &value), 0);
    assert_int_equal(value, 255);
    assert_int_equal(mcb_units_parse_unsigned("256", 255, &value), -1);
    assert_int_equal(mcb_units_parse_unsigned("18446744073709551616", UINT64_MAX, &value), -1);
    for (size_t i = 0; i < LENGTH(hostile); i++)
        assert_int_equal(mcb_units_parse_unsigned(hostile[i], UINT64_MAX, &value), -1);
    assert_int_equal(value, 255);
    assert_int_equal(mcb_units_parse_unsigned("18446744073709551615", UINT64_MAX, &value), 0);
    assert_true(value == UINT64_MAX);
}

static void assert_sizes(const char *text, const uint64_t *expected, size_t expected_count)
{
    uint64_t sizes[64];
    size_t count = 0;
    assert_int_equal(mcb_units_parse_sizes(text, sizes, LENGTH(sizes), &count), 0);
    assert_int_equal(count, expected_count);
    for (size_t i = 0; i < count; i++)
        assert_true(sizes[i] == expected[i]);
}

static void a_list_of_sizes_keeps_its_order_and_drops_doubles(void **state)
{
    (void)state;
    assert_sizes("64KiB", (uint64_t[]){65536}, 1);
    assert_sizes("1MiB,4KiB", (uint64_t[]){1 << 20, 4096}, 2);
    assert_sizes("4KiB,4096,4K,8", (uint64_t[]){4096, 8}, 2);
}

static void a_range_doubles_up_to_and_including_its_last_size(void **state)
{
    (void)state;
    assert_sizes("2..16", (uint64_t[]){2, 4, 8, 16}, 4);
    assert_sizes("3..10", (uint64_t[]){3, 6, 10}, 3);
    assert_sizes("1KiB..4KiB,2..4", (uint64_t[]){1024, 2048, 4096, 2, 4}, 5);
    assert_sizes("8..8", (uint64_t[]){8}, 1);
    assert_sizes("16777215TiB..18446744073709551615",
                 (uint64_t[]){UINT64_C(16777215) << 40, UINT64_MAX}, 2);

    uint64_t sizes[64];
    size_t count;
    assert_int_equal(mcb_units_parse_sizes("2..8MiB", sizes, 64, &count), 0);
    assert_int_equal(count, 23);
    assert_int_equal(sizes[0], 2);
    assert_int_equal(sizes[22], 8 << 20);
}

static void a_list_that_is_wrong_or_too_long_is_refused(void **state)
{
    (void)state;
    static const char *const wrong[] = {
        ",",
        "1,",
        ",1",
        "1,,2",
        "..",
        "1..",
        "..2",
        "0..8",
        "8..4",
        "1..2..4",
        "1...4",
        "1;2",
        "000000000000000000000000000000000000000000000000000000000000000000000000000001"};
    uint64_t sizes[4];
    size_t count = 42;
    for (size_t i = 0; i < LENGTH(wrong); i++)
        assert_int_equal(mcb_units_parse_sizes(wrong[i], sizes, LENGTH(sizes), &count), -1);
    assert_int_equal(mcb_units_parse_sizes("1,2,3,4,5", sizes, LENGTH(sizes), &count), -1);
    assert_int_equal(mcb_units_parse_sizes("1..16", sizes, LENGTH(sizes), &count), -1);
    for (size_t i = 0; i < LENGTH(hostile); i++)
        assert_int_equal(mcb_units_parse_sizes(hostile[i], sizes, LENGTH(sizes), &count), -1);
    assert_int_equal(count, 42);
}

static void sizes_are_written_exactly_where_they_can_be(void **state)
{
    (void)state;
    static const struct {
        uint64_t size_bytes;
        const char *text;
    } sizes[] = {
        {0, "0 B"},
        {3, "3 B"},
        {1000, "1000 B"},
        {1023, "1023 B"},
        {1024, "1 KiB"},
        {1280, "1280 B"},
        {1536, "1.5 KiB"},
        {9000, "9000 B"},
        {65536, "64 KiB"},
        {65537, "64.0 KiB"},
        {1048575, "1.0 MiB"},
        {1572864, "1.5 MiB"},
        {UINT64_C(42) << 30, "42 GiB"},
        {(UINT64_C(1) << 40) - 1, "1.0 TiB"},
        {UINT64_C(2048) << 40, "2048 TiB"},
        {UINT64_MAX, "16777216.0 TiB"},
    };
    for (size_t i = 0; i < LENGTH(sizes); i++) {
        char text[32];
        assert_string_equal(mcb_units_format_size(sizes[i].size_bytes, text, sizeof text),
                            sizes[i].text);
    }
    char small[4];
    assert_string_equal(mcb_units_format_size(65536, small, sizeof small), "64 ");
}

static void durations_are_written_with_the_digits_that_matter(void **state)
{
    (void)state;
    static const struct {
        int64_t duration_ns;
        const char *text;
    } durations[] = {
        {INT64_MIN, "0 s"},
        {0, "0 s"},
        {500, "0.5 us"},
        {850000, "850 us"},
        {9960, "10 us"},
        {999600, "1.0 ms"},
        {2000000, "2.0 ms"},
        {500000000, "500 ms"},
        {1500000000, "1.5 s"},
        {INT64_C(55000000000), "55 s"},
        {INT64_C(59600000000), "1 min"},
        {INT64_C(60000000000), "1 min"},
        {INT64_C(200000000000), "3 min 20 s"},
        {INT64_C(3599600000000), "1 h"},
        {INT64_C(3600000000000), "1 h"},
        {INT64_C(7500000000000), "2 h 5 min"},
        {INT64_MAX, "2562047 h 47 min"},
    };
    for (size_t i = 0; i < LENGTH(durations); i++) {
        char text[32];
        assert_string_equal(mcb_units_format_duration(durations[i].duration_ns, text, sizeof text),
                            durations[i].text);
    }
    char small[6];
    assert_string_equal(mcb_units_format_duration(INT64_C(200000000000), small, sizeof small),
                        "3 min");
}

static void random_text_never_reads_beyond_its_end(void **state)
{
    (void)state;
    static const char alphabet[] = "0123456789.,.KMGTiBbmsuhn -+\xff";
    srandom(1);
    for (int round = 0; round < 200000; round++) {
        size_t length = (size_t)random() % 24;
        char *text = malloc(length + 1); /* its exact length, so that a sanitizer sees overruns */
        for (size_t i = 0; i < length; i++)
            text[i] = alphabet[(size_t)random() % (sizeof alphabet - 1)];
        text[length] = '\0';

        uint64_t sizes[8], value;
        size_t count;
        int64_t duration_ns = 0;
        mcb_units_parse_size(text, &value);
        mcb_units_parse_unsigned(text, UINT64_MAX, &value);
        mcb_units_parse_duration(text, &duration_ns);
        assert_true(duration_ns >= 0);
        if (mcb_units_parse_sizes(text, sizes, LENGTH(sizes), &count) == 0)
            assert_in_range(count, 1, LENGTH(sizes));
        free(text);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_size_is_a_whole_number_with_a_unit),
        cmocka_unit_test(what_is_no_size_is_refused_and_sets_nothing),
        cmocka_unit_test(a_duration_is_a_decimal_number_with_a_unit),
        cmocka_unit_test(what_is_no_duration_is_refused_and_sets_nothing),
        cmocka_unit_test(an_unsigned_number_is_digits_up_to_the_limit),
        cmocka_unit_test(a_list_of_sizes_keeps_its_order_and_drops_doubles),
        cmocka_unit_test(a_range_doubles_up_to_and_including_its_last_size),
        cmocka_unit_test(a_list_that_is_wrong_or_too_long_is_refused),
        cmocka_unit_test(sizes_are_written_exactly_where_they_can_be),
        cmocka_unit_test(durations_are_written_with_the_digits_that_matter),
        cmocka_unit_test(random_text_never_reads_beyond_its_end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
