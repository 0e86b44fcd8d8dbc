/* SPDX-License-Identifier: Apache-2.0 */
/* What the line of a log says of itself: time, severity, host, and the path it speaks of. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#include "bench/doctor/log_line.h"
#include "bench/doctor/log_path.h"

static int use_utc(void **state)
{
    (void)state;
    setenv("TZ", "UTC", 1);
    tzset();
    return 0;
}

/* 2026-11-23T00:00:00Z */
static const int64_t not_after_s = INT64_C(1795392000);

static const struct expected {
    const char *line;
    const char *time; /* "2026-11-22 09:14:02.118123", "12345.678901" since boot, "" */
    enum mcb_log_severity severity;
    const char *host, *message;
} lines[] = {
    {"E1122 09:14:02.118123 12345 file.cpp:123] it broke", "2026-11-22 09:14:02.118123",
     MCB_LOG_SEVERITY_ERROR, "", "it broke"},
    {"W20251122 09:14:02.118123 12345 file.cpp:123]   it broke", "2025-11-22 09:14:02.118123",
     MCB_LOG_SEVERITY_WARNING, "", "  it broke"},
    {"F1231 23:59:59.000001 1 f.cpp:1] x", "2025-12-31 23:59:59.000001", MCB_LOG_SEVERITY_FATAL, "",
     "x"},
    {"2026-11-22 09:14:02,118 ERROR mod: x", "2026-11-22 09:14:02.118000", MCB_LOG_SEVERITY_ERROR,
     "", "mod: x"},
    {"2026-11-22 09:14:02,118 - mod - WARNING - x", "2026-11-22 09:14:02.118000",
     MCB_LOG_SEVERITY_WARNING, "", "- mod - WARNING - x"},
    {"[2026-11-22 09:14:02 TP0] x", "2026-11-22 09:14:02.000000", MCB_LOG_SEVERITY_NONE, "", "x"},
    {"ERROR 11-22 09:14:02 [file.py:123] x", "2026-11-22 09:14:02.000000", MCB_LOG_SEVERITY_ERROR,
     "", "x"},
    {"(EngineCore pid=1) ERROR 11-22 09:14:02 [file.py:123]   x", "2026-11-22 09:14:02.000000",
     MCB_LOG_SEVERITY_ERROR, "", "  x"},
    {"2026-11-22T09:14:02Z x", "2026-11-22 09:14:02.000000", MCB_LOG_SEVERITY_NONE, "", "x"},
    {"2026-11-22T10:14:02.5+01:00 x", "2026-11-22 09:14:02.500000", MCB_LOG_SEVERITY_NONE, "", "x"},
    {"2026-11-22T04:14:02-0500 n3 python3[12]: x", "2026-11-22 09:14:02.000000",
     MCB_LOG_SEVERITY_NONE, "n3", "x"},
    {"2026-11-22T09:14:02.118Z stderr F E1122 09:14:02.118123 1 f.cpp:1] x",
     "2026-11-22 09:14:02.118000", MCB_LOG_SEVERITY_ERROR, "", "x"},
    {"Nov 22 09:14:02 n3 kernel: x", "2026-11-22 09:14:02.000000", MCB_LOG_SEVERITY_NONE, "n3",
     "x"},
    {"Nov  2 09:14:02 n3.lan app[7]: E1102 09:14:02.250000 1 f.cpp:1] x",
     "2026-11-02 09:14:02.250000", MCB_LOG_SEVERITY_ERROR, "n3.lan", "x"},
    {"[12345.678901] x", "12345.678901", MCB_LOG_SEVERITY_NONE, "", "x"},
    {"[    1.000002] x", "1.000002", MCB_LOG_SEVERITY_NONE, "", "x"},
    {"[Sun Nov 22 09:14:02 2026] x", "2026-11-22 09:14:02.000000", MCB_LOG_SEVERITY_NONE, "", "x"},
    {"kern  :err   : [12345.678901] x", "12345.678901", MCB_LOG_SEVERITY_ERROR, "", "x"},
    {"kern  :info  : [12345.678901] x", "12345.678901", MCB_LOG_SEVERITY_NONE, "", "x"},
    {"INFO:     x", "", MCB_LOG_SEVERITY_INFO, "", "x"},
    {"ERROR:root:x", "", MCB_LOG_SEVERITY_ERROR, "", "root:x"},
    {"mcbench: warning: x", "", MCB_LOG_SEVERITY_WARNING, "", "x"},
    {"mcbench: x", "", MCB_LOG_SEVERITY_INFO, "", "x"},
    {"ERRORS are many", "", MCB_LOG_SEVERITY_NONE, "", "ERRORS are many"},
    {"E1322 09:14:02.118123 1 f.cpp:1] x", "", MCB_LOG_SEVERITY_NONE, "",
     "E1322 09:14:02.118123 1 f.cpp:1] x"},
    {"2026-13-22 09:14:02 x", "", MCB_LOG_SEVERITY_NONE, "", "2026-13-22 09:14:02 x"},
    {"", "", MCB_LOG_SEVERITY_NONE, "", ""},
    {"[", "", MCB_LOG_SEVERITY_NONE, "", "["},
    {"(", "", MCB_LOG_SEVERITY_NONE, "", "("},
};

static void format_time(const struct mcb_log_time *read, char *text, size_t size)
{
    int64_t us = mcb_log_time_us(read, not_after_s);
    time_t seconds = (time_t)(us / 1000000);
    struct tm parts;
    text[0] = '\0';
    if (read->clock == MCB_LOG_CLOCK_BOOT) {
        snprintf(text, size, "%lld.%06lld", (long long)read->uptime_us / 1000000,
                 (long long)read->uptime_us % 1000000);
    } else if (us != MCB_LOG_NO_TIME) {
        size_t length = strftime(text, size, "%F %T", gmtime_r(&seconds, &parts));
        snprintf(text + length, size - length, ".%06lld", (long long)(us % 1000000));
    }
}

static void every_known_head_is_read(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof lines / sizeof *lines; i++) {
        const struct expected *expected = &lines[i];
        struct mcb_log_line line;
        char time[64], host[64] = "";
        size_t length = strlen(expected->line);
        mcb_log_line_read(expected->line, length, &line);
        format_time(&line.time, time, sizeof time);
        if (line.host)
            snprintf(host, sizeof host, "%.*s", (int)line.host_length, line.host);
        if (strcmp(time, expected->time) != 0 || line.severity != expected->severity ||
            strcmp(host, expected->host) != 0 ||
            strcmp(expected->line + line.message, expected->message) != 0)
            fail_msg("%s: %s, %s, '%s', '%s'", expected->line, time,
                     mcb_log_severity_name(line.severity), host, expected->line + line.message);
    }
}

static void a_head_that_is_cut_anywhere_is_read_within_its_length(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof lines / sizeof *lines; i++)
        for (size_t length = 0; length <= strlen(lines[i].line); length++) {
            struct mcb_log_line line;
            char *cut = malloc(length + 1), path[MCB_LOG_PATH_MAX];
            memcpy(cut, lines[i].line, length);
            cut = realloc(cut, length > 0 ? length : 1);
            mcb_log_line_read(cut, length, &line);
            mcb_log_path_read(cut, length, path);
            assert_true(line.message <= length);
            free(cut);
        }
}

static void a_year_that_is_not_written_is_not_after_the_file(void **state)
{
    (void)state;
    struct mcb_log_time time;
    /* 2026-01-02T00:00:00Z */
    const int64_t january_s = INT64_C(1767312000);
    assert_int_equal(mcb_log_time_read_short("12-31 23:59:59", 14, &time), 14);
    assert_int_equal(mcb_log_time_us(&time, january_s) / 1000000, INT64_C(1767225599));
    assert_int_equal(mcb_log_time_read_short("01-02 12:00:00", 14, &time), 14);
    assert_int_equal(mcb_log_time_us(&time, january_s) / 1000000, january_s + 43200);
    /* 2025-12-31T23:59:00Z: the clock of the other host is a minute ahead */
    assert_int_equal(mcb_log_time_read_short("01-01 00:00:00", 14, &time), 14);
    assert_int_equal(mcb_log_time_us(&time, INT64_C(1767225540)) / 1000000, INT64_C(1767225600));
}

static void a_local_time_is_this_hosts(void **state)
{
    (void)state;
    struct mcb_log_time time;
    setenv("TZ", "CET-1", 1);
    tzset();
    assert_int_equal(mcb_log_time_read_iso("2026-11-22 10:14:02", 19, &time), 19);
    assert_int_equal(mcb_log_time_us(&time, not_after_s) / 1000000, INT64_C(1795338842));
    assert_int_equal(mcb_log_time_read_iso("2026-11-22 09:14:02Z", 20, &time), 20);
    assert_int_equal(mcb_log_time_us(&time, not_after_s) / 1000000, INT64_C(1795338842));
    use_utc(NULL);
}

static void paths_are_read_as_each_program_writes_them(void **state)
{
    (void)state;
    static const char *const paths[][2] = {
        {"endpoint: 10.0.0.7:12001@mlx5_1, mark it inactive", "10.0.0.7:12001@mlx5_1"},
        {"local_nic: mlx5_2, peer_nic: 10.0.0.7:16737@mlx5_3, retry_cnt: 0",
         "mlx5_2 → 10.0.0.7:16737@mlx5_3"},
        {"local_nic_path: a:1@mlx5_0, peer_nic_path: b:2@mlx5_1", "a:1@mlx5_0 → b:2@mlx5_1"},
        {"{\"peer_nic_path\":\"b:2@mlx5_1\",\"local_nic_path\":\"a:1@mlx5_0\"}",
         "a:1@mlx5_0 → b:2@mlx5_1"},
        {"[fe80::1]:12@erdma_0", "[fe80::1]:12@erdma_0"},
        {"mcbench: n1/mlx5_0 -> n2/mlx5_1: a transfer", "n1/mlx5_0 → n2/mlx5_1"},
        {"n1/mlx5_0/cuda:0 → n2/mlx5_1/cuda:1, and", "n1/mlx5_0/cuda:0 → n2/mlx5_1/cuda:1"},
        {"write to someone@example.org", ""},
        {"a -> b", ""},
        {"@", ""},
        {"@@@1", ""},
        {"/ -> /", "/ → /"},
        {"", ""},
    };
    for (size_t i = 0; i < sizeof paths / sizeof *paths; i++) {
        char path[MCB_LOG_PATH_MAX];
        assert_string_equal(mcb_log_path_read(paths[i][0], strlen(paths[i][0]), path), paths[i][1]);
    }
}

static void a_name_that_is_too_long_is_no_path(void **state)
{
    (void)state;
    char line[4000], path[MCB_LOG_PATH_MAX];
    memset(line, 'a', sizeof line);
    line[2000] = '@';
    line[3999] = '1';
    assert_string_equal(mcb_log_path_read(line, sizeof line, path), "");
    memset(line, '/', sizeof line);
    memcpy(line + 2000, " -> ", 4);
    mcb_log_path_read(line, sizeof line, path);
    assert_true(strlen(path) < sizeof path);
}

static void paths_may_be_one_if_their_whole_ends_are(void **state)
{
    (void)state;
    static const struct {
        const char *a, *b;
        bool may_be;
    } pairs[] = {
        {"", "1@mlx5_0", true},
        {"n1/mlx5_0 → n2/mlx5_0", "n1/mlx5_0 → n2/mlx5_0", true},
        {"n1/mlx5_0 → n2/mlx5_0", "n1/mlx5_0 → n2/mlx5_1", false},
        {"mlx5_0 → 10.0.0.2:1@mlx5_1", "10.0.0.2:1@mlx5_1", true},
        {"mlx5_0 → 10.0.0.2:1@mlx5_11", "10.0.0.2:1@mlx5_1", false},
        {"mlx5_10 → 10.0.0.2:1@mlx5_1", "mlx5_1", true},
        {"mlx5_10 → 10.0.0.2:1@mlx5_3", "mlx5_1", false},
        {"10.0.0.1:1@mlx5_0 → 10.0.0.2:1@mlx5_1", "mlx5_0 → 10.0.0.2:1@mlx5_1", true},
        {"110.0.0.2:1@mlx5_1", "10.0.0.2:1@mlx5_1", false},
    };
    for (size_t i = 0; i < sizeof pairs / sizeof *pairs; i++)
        if (mcb_log_path_may_be(pairs[i].a, pairs[i].b) != pairs[i].may_be ||
            mcb_log_path_may_be(pairs[i].b, pairs[i].a) != pairs[i].may_be)
            fail_msg("%s, %s", pairs[i].a, pairs[i].b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_known_head_is_read),
        cmocka_unit_test(a_head_that_is_cut_anywhere_is_read_within_its_length),
        cmocka_unit_test(a_year_that_is_not_written_is_not_after_the_file),
        cmocka_unit_test(a_local_time_is_this_hosts),
        cmocka_unit_test(paths_are_read_as_each_program_writes_them),
        cmocka_unit_test(a_name_that_is_too_long_is_no_path),
        cmocka_unit_test(paths_may_be_one_if_their_whole_ends_are),
    };
    return cmocka_run_group_tests(tests, use_utc, NULL);
}
