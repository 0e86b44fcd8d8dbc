/* SPDX-License-Identifier: Apache-2.0 */
/* Of the errors of logs, the first real one of each host and path is the cause; what follows from
 * it is counted with it. */
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "bench/doctor/explain.h"

#define RTR     "Failed to modify QP to RTR, check mtu, gid, peer lid, peer qp num"
#define FLUSH   "Worker: Process failed for slice (): work request flushed error"
#define NO_PATH "Worker: Cannot make connection for endpoint: 10.0.0.7:12001@mlx5_1"

/* 2026-11-23T00:00:00Z */
static const int64_t not_after_s = INT64_C(1795392000);

static int use_utc(void **state)
{
    (void)state;
    setenv("TZ", "UTC", 1);
    tzset();
    return 0;
}

/* Reads the bytes as a log of that name, through a file. */
static void read_bytes(struct mcb_explain *explain, const char *name, const char *bytes,
                       size_t length)
{
    struct mcb_error error;
    const struct mcb_log_reader_calls calls = {explain, mcb_explain_piece, NULL};
    FILE *file = tmpfile();
    assert_non_null(file);
    assert_int_equal(fwrite(bytes, 1, length, file), length);
    rewind(file);
    assert_int_equal(mcb_explain_begin(explain, name, not_after_s, &error), 0);
    assert_int_equal(mcb_log_reader_run(fileno(file), name, &calls,
                                        &explain->logs[explain->log_count - 1].size, &error),
                     0);
    fclose(file);
}

static struct mcb_explain *begin(void)
{
    struct mcb_error error;
    struct mcb_explain *explain = mcb_explain_make(&error);
    assert_non_null(explain);
    return explain;
}

static void finish(struct mcb_explain *explain)
{
    struct mcb_error error;
    assert_int_equal(mcb_explain_finish(explain, &error), 0);
}

static struct mcb_explain *explain_text(const char *text)
{
    struct mcb_explain *explain = begin();
    read_bytes(explain, "a.log", text, strlen(text));
    finish(explain);
    return explain;
}

static void assert_finding(const struct mcb_explain *explain, size_t index,
                           enum mcb_fault_code code, enum mcb_explain_role role, uint64_t number)
{
    assert_true(index < explain->finding_count);
    const struct mcb_explain_finding *finding = &explain->findings[index];
    assert_string_equal(mcb_fault_get(finding->code)->id, mcb_fault_get(code)->id);
    assert_int_equal(finding->role, role);
    assert_int_equal(finding->lines[0].number, number);
}

static void what_follows_from_the_first_error_is_its_consequence(void **state)
{
    (void)state;
    struct mcb_explain *explain = explain_text("all is well\n" RTR "\n" NO_PATH "\n" FLUSH
                                               "\n" FLUSH "\nConnection reset by peer\n");
    assert_int_equal(explain->finding_count, 4);
    assert_finding(explain, 0, MCB_FAULT_RDMA_QP_RTR, MCB_EXPLAIN_FIRST, 2);
    assert_finding(explain, 1, MCB_FAULT_MOON_HANDSHAKE, MCB_EXPLAIN_CONSEQUENCE, 3);
    assert_finding(explain, 2, MCB_FAULT_RDMA_FLUSHED, MCB_EXPLAIN_CONSEQUENCE, 4);
    assert_finding(explain, 3, MCB_FAULT_TCP_STREAM, MCB_EXPLAIN_CONSEQUENCE, 6);
    assert_int_equal(explain->findings[2].count, 2);
    assert_int_equal(explain->findings[2].lines[1].number, 5);
    for (size_t i = 1; i < 4; i++)
        assert_int_equal(explain->findings[i].cause, 0);
    mcb_explain_free(explain);
}

static void a_flush_is_never_a_cause(void **state)
{
    (void)state;
    struct mcb_explain *explain = explain_text(FLUSH "\n" RTR "\n");
    assert_finding(explain, 0, MCB_FAULT_RDMA_FLUSHED, MCB_EXPLAIN_ORPHAN, 1);
    assert_finding(explain, 1, MCB_FAULT_RDMA_QP_RTR, MCB_EXPLAIN_FIRST, 2);
    mcb_explain_free(explain);
}

static void no_connection_is_a_cause_where_nothing_came_before(void **state)
{
    (void)state;
    struct mcb_explain *explain = explain_text(NO_PATH "\n");
    assert_finding(explain, 0, MCB_FAULT_MOON_HANDSHAKE, MCB_EXPLAIN_FIRST, 1);
    assert_string_equal(explain->findings[0].path, "10.0.0.7:12001@mlx5_1");
    mcb_explain_free(explain);
}

static void an_error_of_another_path_explains_nothing(void **state)
{
    (void)state;
    struct mcb_explain *explain =
        explain_text("n1/mlx5_0 -> n2/mlx5_0: transport retry counter exceeded\n"
                     "n1/mlx5_1 -> n2/mlx5_1: work request flushed error\n"
                     "n1/mlx5_0 -> n2/mlx5_0: work request flushed error\n");
    assert_finding(explain, 0, MCB_FAULT_RDMA_RETRY, MCB_EXPLAIN_FIRST, 1);
    assert_finding(explain, 1, MCB_FAULT_RDMA_FLUSHED, MCB_EXPLAIN_ORPHAN, 2);
    assert_finding(explain, 2, MCB_FAULT_RDMA_FLUSHED, MCB_EXPLAIN_CONSEQUENCE, 3);
    mcb_explain_free(explain);
}

static void each_host_and_path_has_its_first_error(void **state)
{
    (void)state;
    struct mcb_explain *explain =
        explain_text("Nov 22 09:14:02 n3 app: n3/mlx5_0 -> n4/mlx5_0: " RTR "\n"
                     "Nov 22 09:14:03 n3 app: n3/mlx5_0 -> n4/mlx5_0: GID is NULL, please check "
                     "your GID index by specifying MC_GID_INDEX\n"
                     "Nov 22 09:14:04 n3 app: n3/mlx5_1 -> n4/mlx5_1: " RTR "\n"
                     "Nov 22 09:14:05 n4 app: n3/mlx5_0 -> n4/mlx5_0: " RTR "\n");
    assert_finding(explain, 0, MCB_FAULT_RDMA_QP_RTR, MCB_EXPLAIN_FIRST, 1);
    assert_finding(explain, 1, MCB_FAULT_RDMA_GID_EMPTY, MCB_EXPLAIN_LATER, 2);
    assert_finding(explain, 2, MCB_FAULT_RDMA_QP_RTR, MCB_EXPLAIN_FIRST, 3);
    assert_finding(explain, 3, MCB_FAULT_RDMA_QP_RTR, MCB_EXPLAIN_FIRST, 4);
    assert_string_equal(explain->findings[3].host, "n4");
    mcb_explain_free(explain);
}

static void logs_are_put_in_the_order_of_time(void **state)
{
    (void)state;
    static const char late[] = "2026-11-22 09:14:09,250 ERROR " RTR "\n" NO_PATH "\n";
    static const char early[] = "[Sun Nov 22 09:14:07 2026] mlx5_0: Out of mr size: 1\n";
    static const char without[] = "[81233.678901] mlx5_0: Out of mr size: 1\n";
    struct mcb_explain *explain = begin();
    read_bytes(explain, "without", without, sizeof without - 1);
    read_bytes(explain, "late", late, sizeof late - 1);
    read_bytes(explain, "early", early, sizeof early - 1);
    finish(explain);
    assert_string_equal(explain->findings[0].host, "early");
    assert_string_equal(explain->findings[1].host, "late");
    assert_string_equal(explain->findings[2].host, "late");
    assert_string_equal(explain->findings[3].host, "without");
    assert_int_equal(explain->findings[3].when.wall_us, MCB_LOG_NO_TIME);
    assert_int_equal(explain->findings[3].when.uptime_us, INT64_C(81233678901));
    /* A line without a time has that of the line before. */
    assert_int_equal(explain->findings[2].when.wall_us, explain->findings[1].when.wall_us);
    mcb_explain_free(explain);
}

static void within_a_log_its_lines_are_the_order(void **state)
{
    (void)state;
    struct mcb_explain *explain = explain_text("E1122 09:14:02.900000 1 f.cpp:1] " RTR "\n"
                                               "[2026-11-22 09:14:02] GID is NULL, please check "
                                               "your GID index by specifying MC_GID_INDEX\n");
    assert_finding(explain, 0, MCB_FAULT_RDMA_QP_RTR, MCB_EXPLAIN_FIRST, 1);
    mcb_explain_free(explain);
}

static void two_mtus_on_the_line_are_the_reason(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        enum mcb_fault_code code;
        int mtu, peer_mtu;
    } cases[] = {
        {RTR ", local mtu: 4096, peer mtu: 1024", MCB_FAULT_RDMA_MTU, 4096, 1024},
        {RTR ", local_mtu=5 peer_mtu=3", MCB_FAULT_RDMA_MTU, 4096, 1024},
        {RTR ", local mtu: 4096, peer mtu: 4096", MCB_FAULT_RDMA_QP_RTR, 0, 0},
        {RTR ", local mtu: 4096", MCB_FAULT_RDMA_QP_RTR, 0, 0},
        {RTR ", local mtu: , peer mtu: x", MCB_FAULT_RDMA_QP_RTR, 0, 0},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct mcb_explain *explain = explain_text(cases[i].text);
        assert_finding(explain, 0, cases[i].code, MCB_EXPLAIN_FIRST, 1);
        assert_int_equal(explain->findings[0].mtu, cases[i].mtu);
        assert_int_equal(explain->findings[0].peer_mtu, cases[i].peer_mtu);
        mcb_explain_free(explain);
    }
}

static void what_a_line_calls_harmless_is_no_error(void **state)
{
    (void)state;
    struct mcb_explain *explain =
        explain_text("I1122 09:14:02.000000 1 f.cpp:1] " RTR " did not happen\n"
                     "DEBUG 11-22 09:14:02 [f.py:1] connection refused, error\n"
                     "2026-11-22 09:14:02,118 WARNING an error is near\n"
                     "mcbench: connection refused\n"
                     "0 errors\n");
    assert_false(mcb_explain_has_error(explain));
    mcb_explain_free(explain);
}

static void a_warning_is_an_error_if_the_catalogue_knows_it(void **state)
{
    (void)state;
    struct mcb_explain *explain = explain_text("W1122 09:14:02.000000 1 f.cpp:1] " NO_PATH "\n");
    assert_int_equal(explain->finding_count, 1);
    mcb_explain_free(explain);
}

static void the_frames_of_a_traceback_are_no_errors(void **state)
{
    (void)state;
    struct mcb_explain *explain = explain_text("Traceback (most recent call last):\n"
                                               "  File \"a.py\", line 1, in f\n"
                                               "    raise X(\"" RTR ", error: \")\n"
                                               "MyOwnProblem\n" RTR "\n");
    assert_int_equal(explain->finding_count, 1);
    assert_finding(explain, 0, MCB_FAULT_RDMA_QP_RTR, MCB_EXPLAIN_FIRST, 5);
    assert_int_equal(explain->unknowns.count, 1);
    assert_string_equal(explain->unknowns.kinds[0].line.text, "MyOwnProblem");
    mcb_explain_free(explain);
}

static void the_advice_of_mcbench_is_no_error(void **state)
{
    (void)state;
    struct mcb_explain *explain =
        explain_text("mcbench: n1: no answer  [MCB-NET-003]\n"
                     "  cause: connection refused; error: port not active\n"
                     "  try:   " RTR "\n"
                     "mcbench: x  [MCB-NET-002]\n");
    assert_int_equal(explain->finding_count, 2);
    assert_finding(explain, 0, MCB_FAULT_NET_TIMEOUT, MCB_EXPLAIN_FIRST, 1);
    assert_finding(explain, 1, MCB_FAULT_NET_REFUSED, MCB_EXPLAIN_LATER, 4);
    assert_int_equal(explain->unknowns.count, 0);
    mcb_explain_free(explain);
}

static void unknown_errors_that_differ_in_numbers_are_one_kind(void **state)
{
    (void)state;
    struct mcb_explain *explain =
        explain_text("E1122 09:14:02.000000 1 f.cpp:1] request 7f3a91bc of 10.0.0.5:80 is late\n"
                     "E1122 09:14:03.000000 2 f.cpp:1] request 81ffab11 of 10.0.0.66:8 is late\n"
                     "ValueError: page 0x7f12 is torn\n");
    assert_int_equal(explain->finding_count, 0);
    assert_int_equal(explain->unknowns.count, 2);
    assert_string_equal(explain->unknowns.kinds[0].pattern, "request # of # is late");
    assert_int_equal(explain->unknowns.kinds[0].count, 2);
    assert_int_equal(explain->unknowns.kinds[0].line.number, 1);
    mcb_explain_free(explain);
}

/* A text of five letters for a number: digits would make one kind of all. */
static void spell(size_t number, char text[8])
{
    for (size_t i = 0; i < 6; i++, number /= 10)
        text[i] = (char)('g' + number % 10);
    text[6] = '\0';
}

static void what_has_no_room_is_counted(void **state)
{
    (void)state;
    enum { MORE = 10 };
    struct mcb_explain *explain = begin();
    char *text = malloc(1 << 20), *end = text, word[8];
    for (size_t i = 0; i < MCB_EXPLAIN_FINDINGS_MAX + MORE; i++) {
        spell(i, word);
        end += sprintf(end, "%s/a -> b/c: " RTR "\n", word);
    }
    for (size_t i = 0; i < MCB_EXPLAIN_KINDS_MAX + MORE; i++) {
        spell(i, word);
        end += sprintf(end, "error: %s\n", word);
    }
    read_bytes(explain, "a.log", text, (size_t)(end - text));
    finish(explain);
    assert_int_equal(explain->finding_count, MCB_EXPLAIN_FINDINGS_MAX);
    assert_int_equal(explain->findings_beyond, MORE);
    assert_int_equal(explain->unknowns.count, MCB_EXPLAIN_KINDS_MAX);
    assert_int_equal(explain->unknowns.beyond, MORE);
    free(text);
    mcb_explain_free(explain);
}

static void a_text_anywhere_in_a_long_line_is_found_once(void **state)
{
    (void)state;
    const size_t length = 3 * (size_t)MCB_LOG_PIECE_MAX, text = strlen(RTR);
    char *line = malloc(length);
    /* Around the ends of the pieces, too, where it is in two of them. */
    for (size_t at = 0; at + text <= length; at += at > 64000 && at < 66000 ? 61 : 4093) {
        struct mcb_explain *explain = begin();
        memset(line, 'x', length);
        line[17] = '\0';
        memcpy(line + at, RTR, text);
        read_bytes(explain, "a.log", line, length);
        finish(explain);
        assert_int_equal(explain->finding_count, 1);
        assert_int_equal(explain->findings[0].count, 1);
        assert_int_equal(explain->logs[0].size.lines, 1);
        assert_non_null(strstr(explain->findings[0].lines[0].text, RTR));
        mcb_explain_free(explain);
    }
    free(line);
}

static void the_same_line_again_is_read_as_the_first_was(void **state)
{
    (void)state;
    struct mcb_explain *explain = explain_text("Nov 22 09:14:02 n3 app: connection refused\n"
                                               "Nov 22 09:14:02 n3 app: connection refused\n"
                                               "error: x\nerror: x\nerror: y\n"
                                               "Traceback (most recent call last):\n"
                                               "Traceback (most recent call last):\n"
                                               "error: y\n"
                                               "0 errors\n0 errors\n");
    assert_int_equal(explain->finding_count, 1);
    assert_int_equal(explain->findings[0].count, 2);
    assert_string_equal(explain->findings[0].host, "n3");
    assert_int_equal(explain->findings[0].lines[1].number, 2);
    assert_int_equal(explain->unknowns.count, 3);
    assert_int_equal(explain->unknowns.kinds[0].count, 2);
    assert_int_equal(explain->unknowns.kinds[1].count, 2);
    mcb_explain_free(explain);
}

static void line_ends_of_all_kinds_are_read(void **state)
{
    (void)state;
    struct mcb_explain *explain = explain_text("\n\r\n\r\n" RTR "\r\n\n\n" RTR);
    assert_int_equal(explain->logs[0].size.lines, 7);
    assert_int_equal(explain->findings[0].count, 2);
    assert_string_equal(explain->findings[0].lines[0].text, RTR);
    assert_int_equal(explain->findings[0].lines[1].number, 7);
    mcb_explain_free(explain);
}

static void read_log(struct mcb_explain *explain, const char *name, const char *text)
{
    read_bytes(explain, name, text, strlen(text));
}

static void rotated_logs_in_any_order_are_one_story(void **state)
{
    (void)state;
    static const char *const names[] = {"syslog", "syslog.1", "syslog.2"};
    static const char *const texts[] = {
        "Nov 22 10:00:00 n3 app: " RTR "\nNov 22 10:00:01 n3 app: error: x\n",
        "Nov 22 08:00:00 n3 app: " RTR "\nNov 22 08:30:00 n3 app: error: x\n"
        "Nov 22 09:00:00 n3 app: GID is NULL, please check your GID index by specifying "
        "MC_GID_INDEX\n",
        "Nov 22 07:00:00 n3 app: error: y\nNov 22 07:00:01 n3 app: " RTR "\n",
    };
    static const size_t orders[][3] = {{0, 1, 2}, {0, 2, 1}, {2, 1, 0}, {1, 0, 2}};
    for (size_t i = 0; i < sizeof orders / sizeof *orders; i++) {
        struct mcb_explain *explain = begin();
        for (size_t n = 0; n < 3; n++)
            read_log(explain, names[orders[i][n]], texts[orders[i][n]]);
        finish(explain);
        assert_int_equal(explain->finding_count, 2);
        assert_finding(explain, 0, MCB_FAULT_RDMA_QP_RTR, MCB_EXPLAIN_FIRST, 2);
        assert_finding(explain, 1, MCB_FAULT_RDMA_GID_EMPTY, MCB_EXPLAIN_LATER, 3);
        const struct mcb_explain_finding *first = &explain->findings[0];
        assert_int_equal(first->count, 3);
        assert_int_equal(first->line_count, 3);
        assert_string_equal(explain->logs[first->lines[0].log].name, "syslog.2");
        assert_string_equal(explain->logs[first->lines[1].log].name, "syslog.1");
        assert_string_equal(explain->logs[first->lines[2].log].name, "syslog");
        assert_non_null(strstr(first->lines[0].text, "07:00:01"));
        /* 2026-11-22T07:00:01Z */
        assert_int_equal(first->when.wall_us, INT64_C(1795330801) * 1000000);
        assert_int_equal(explain->unknowns.count, 2);
        assert_non_null(strstr(explain->unknowns.kinds[0].line.text, "error: y"));
        assert_non_null(strstr(explain->unknowns.kinds[1].line.text, "08:30:00"));
        mcb_explain_free(explain);
    }
}

static void more_lines_than_are_kept_are_the_earliest(void **state)
{
    (void)state;
    char late[4096], early[4096], *end = late;
    for (int i = 0; i < 9; i++)
        end += sprintf(end, "Nov 22 10:00:0%d n3 app: " RTR "\n", i);
    end = early;
    for (int i = 0; i < 3; i++)
        end += sprintf(end, "Nov 22 08:00:0%d n3 app: " RTR "\n", i);
    struct mcb_explain *explain = begin();
    read_log(explain, "late", late);
    read_log(explain, "early", early);
    finish(explain);
    const struct mcb_explain_finding *finding = &explain->findings[0];
    static const char *const times[] = {"08:00:00", "08:00:01", "08:00:02", "10:00:00", "10:00:01"};
    assert_int_equal(finding->count, 12);
    assert_int_equal(finding->line_count, MCB_EXPLAIN_LINES_MAX);
    for (size_t i = 0; i < MCB_EXPLAIN_LINES_MAX; i++)
        assert_non_null(strstr(finding->lines[i].text, times[i]));
    assert_int_equal(finding->last_number, 9);
    assert_string_equal(explain->logs[finding->last_log].name, "late");
    mcb_explain_free(explain);
}

static void what_is_long_over_explains_nothing(void **state)
{
    (void)state;
    static const struct {
        const char *before, *after;
        enum mcb_explain_role role;
    } cases[] = {
        /* No error of etcd flushes a queue pair, however near. */
        {"Nov 22 08:00:00 n3 app: Error from etcd client: x\n", "Nov 22 17:00:00 n3 app: " FLUSH,
         MCB_EXPLAIN_ORPHAN},
        {"Nov 22 08:00:00 n3 app: Error from etcd client: x\n", "Nov 22 08:00:01 n3 app: " FLUSH,
         MCB_EXPLAIN_ORPHAN},
        {"Nov 22 08:00:00 n3 app: " RTR "\n", "Nov 22 08:04:59 n3 app: " NO_PATH,
         MCB_EXPLAIN_CONSEQUENCE},
        {"Nov 22 08:00:00 n3 app: connection refused\n", "Nov 22 17:00:00 n3 app: " NO_PATH,
         MCB_EXPLAIN_FIRST},
        {"Nov 22 08:00:00 n3 app: connection refused\nNov 22 16:59:00 n3 app: connection refused\n",
         "Nov 22 17:00:00 n3 app: " NO_PATH, MCB_EXPLAIN_CONSEQUENCE},
        {"Nov 22 08:00:00 n3 app: " RTR "\n", "Nov 22 17:00:00 n3 app: Connection reset by peer",
         MCB_EXPLAIN_LATER},
        {"Nov 22 08:00:00 n3 app: " RTR "\n", "Nov 22 08:00:02 n3 app: Connection reset by peer",
         MCB_EXPLAIN_CONSEQUENCE},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct mcb_explain *explain = begin();
        char text[1024];
        snprintf(text, sizeof text, "%s%s\n", cases[i].before, cases[i].after);
        read_log(explain, "a.log", text);
        finish(explain);
        assert_int_equal(explain->finding_count, 2);
        if (explain->findings[1].role != cases[i].role)
            fail_msg("%s: %d", cases[i].after, (int)explain->findings[1].role);
        mcb_explain_free(explain);
    }
}

static void what_a_host_suffers_is_what_its_peers_see(void **state)
{
    (void)state;
    static const char register_fails[] = "Nov 22 09:00:00 h1 app: Failed to register memory "
                                         "0x7efb94000000: Input/output error [5]\n";
    static const struct {
        const char *peer;
        enum mcb_explain_role role;
    } cases[] = {
        {"Nov 22 09:00:03 h2 app: connect()10.0.0.1:12001: Connection refused\n",
         MCB_EXPLAIN_CONSEQUENCE},
        {"Nov 22 09:00:03 h2 app: mcbench: the peer ended  [MCB-JOB-001]\n",
         MCB_EXPLAIN_CONSEQUENCE},
        {"Nov 22 12:00:03 h2 app: connect()10.0.0.1:12001: Connection refused\n",
         MCB_EXPLAIN_FIRST},
        {"connect()10.0.0.1:12001: Connection refused\n", MCB_EXPLAIN_FIRST},
        {"Nov 22 09:00:03 h1 app: connect()10.0.0.9:12001: Connection refused\n",
         MCB_EXPLAIN_LATER},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct mcb_explain *explain = begin();
        read_log(explain, "h2.log", cases[i].peer);
        read_log(explain, "h1.log", register_fails);
        finish(explain);
        assert_int_equal(explain->finding_count, 2);
        assert_finding(explain, 0, MCB_FAULT_RDMA_REGION_SIZE, MCB_EXPLAIN_FIRST, 1);
        if (explain->findings[1].role != cases[i].role)
            fail_msg("%s: %d", cases[i].peer, (int)explain->findings[1].role);
        mcb_explain_free(explain);
    }
}

static void a_kernel_that_names_no_host_may_be_that_of_any_log(void **state)
{
    (void)state;
    static const char keys[] =
        "[Sun Nov 22 08:59:59 2026] mlx5_core 0000:19:00.0: CREATE_MKEY(0x200) op_mod(0x0) failed, "
        "status no resources(0xf), syndrome (0x4b1f1d), err(-11)\n";
    static const char library[] = "E1122 09:00:00.000000 1 f.cpp:1] Failed to register memory "
                                  "0x7efb94000000: Cannot allocate "
                                  "memory [12]\n";
    struct mcb_explain *explain = begin();
    read_log(explain, "mooncake.log", library);
    read_log(explain, "dmesg", keys);
    finish(explain);
    assert_finding(explain, 0, MCB_FAULT_RDMA_KEYS, MCB_EXPLAIN_FIRST, 1);
    assert_int_equal(explain->findings[0].whose, MCB_EXPLAIN_WHOSE_ANY);
    assert_finding(explain, 1, MCB_FAULT_HOST_MEMLOCK, MCB_EXPLAIN_CONSEQUENCE, 1);
    assert_int_equal(explain->findings[1].cause, 0);
    mcb_explain_free(explain);
}

static void a_nic_whose_name_begins_another_is_not_that_one(void **state)
{
    (void)state;
    struct mcb_explain *explain =
        explain_text("Worker: Process failed for slice (local_nic: mlx5_0, peer_nic: "
                     "10.0.0.2:1@mlx5_11): transport retry counter exceeded\n"
                     "Process failed for 10.0.0.2:1@mlx5_1: work request flushed error\n");
    assert_finding(explain, 0, MCB_FAULT_RDMA_RETRY, MCB_EXPLAIN_FIRST, 1);
    assert_finding(explain, 1, MCB_FAULT_RDMA_FLUSHED, MCB_EXPLAIN_ORPHAN, 2);
    mcb_explain_free(explain);
}

static void an_error_of_the_kernel_is_shown_though_nothing_knows_it(void **state)
{
    (void)state;
    struct mcb_explain *explain =
        explain_text("kern  :info  : [    1.204511] registered\n"
                     "kern  :err   : [    2.204511] ib_core: table is torn\n"
                     "kern  :crit  : [    3.204511] nvme: device is hot\n"
                     "kern  :alert : [    4.204511] BUG: page is bad\n");
    assert_int_equal(explain->finding_count, 0);
    assert_int_equal(explain->unknowns.count, 3);
    assert_string_equal(explain->unknowns.kinds[0].pattern, "ib_core: table is torn");
    mcb_explain_free(explain);
}

static void a_line_that_is_no_error_ends_no_traceback(void **state)
{
    (void)state;
    struct mcb_explain *explain = explain_text("Traceback (most recent call last):\n"
                                               "  File \"a.py\", line 1, in f\n"
                                               "INFO 11-22 09:14:02 [x.py:1] GET /health\n"
                                               "DEBUG 11-22 09:14:02 [x.py:1] still here\n"
                                               "    raise X(\"" RTR ", error: \")\n"
                                               "MyOwnProblem: it is torn\n");
    assert_int_equal(explain->finding_count, 0);
    assert_int_equal(explain->unknowns.count, 1);
    assert_string_equal(explain->unknowns.kinds[0].line.text, "MyOwnProblem: it is torn");
    mcb_explain_free(explain);
}

static void a_traceback_is_one_process(void **state)
{
    (void)state;
    struct mcb_explain *explain =
        explain_text("(Worker pid=1) ERROR 11-22 09:14:02 [a.py:1] Traceback (most recent call "
                     "last):\n"
                     "(Worker pid=2) E1122 09:14:02.000111 300 f.cpp:1] " RTR "\n"
                     "(Worker pid=1) ERROR 11-22 09:14:02 [a.py:1]     raise X(\"connection refused"
                     "\")\n"
                     "(Worker pid=1) ERROR 11-22 09:14:02 [a.py:1] MyOwnProblem\n");
    assert_int_equal(explain->finding_count, 1);
    assert_finding(explain, 0, MCB_FAULT_RDMA_QP_RTR, MCB_EXPLAIN_FIRST, 2);
    assert_int_equal(explain->unknowns.count, 1);
    assert_string_equal(explain->unknowns.kinds[0].pattern, "MyOwnProblem");
    mcb_explain_free(explain);
}

static void an_error_that_was_none_is_none(void **state)
{
    (void)state;
    static const char *const none[] = {
        "error: 0",          "last error: none",
        "loss error: 0.001", "Error: null, next: 5",
        "error: 0.5 at 300", "fatal: 0, error: \"none\"",
        "error: False",
    };
    static const char *const errors[] = {
        "error: 5",
        "error: none of the hosts answers",
        "error: no such key",
        "error:",
        "error: 0 of 5 nodes answer",
        "ValueError: 10.0.0.1 is gone",
        "error: 0, fatal: torn",
    };
    for (size_t i = 0; i < sizeof none / sizeof *none; i++) {
        struct mcb_explain *explain = explain_text(none[i]);
        if (mcb_explain_has_error(explain))
            fail_msg("%s", none[i]);
        mcb_explain_free(explain);
    }
    for (size_t i = 0; i < sizeof errors / sizeof *errors; i++) {
        struct mcb_explain *explain = explain_text(errors[i]);
        if (explain->unknowns.count != 1)
            fail_msg("%s", errors[i]);
        mcb_explain_free(explain);
    }
}

static void the_same_error_of_two_hosts_is_two_kinds(void **state)
{
    (void)state;
    struct mcb_explain *explain = explain_text("Nov 22 09:14:02 n3 app: error: x\n"
                                               "Nov 22 09:14:03 n4 app: error: x\n"
                                               "Nov 22 09:14:04 n3 app: error: x\n");
    assert_int_equal(explain->unknowns.count, 2);
    assert_int_equal(explain->unknowns.kinds[0].count, 2);
    assert_string_equal(explain->unknowns.kinds[1].host, "n4");
    mcb_explain_free(explain);
}

/* ---- the logs of the folder ---- */

static void read_data(struct mcb_explain *explain, const char *name)
{
    char path[512], *text = malloc(1 << 20);
    snprintf(path, sizeof path, "%s/tests/data/logs/%s.log", MCB_SOURCE_DIR, name);
    FILE *file = fopen(path, "r");
    if (!file)
        fail_msg("%s", path);
    size_t length = fread(text, 1, 1 << 20, file);
    fclose(file);
    read_bytes(explain, name, text, length);
    free(text);
}

/* The next first error of a host and path at or after *index, which moves behind it. */
static const struct mcb_explain_finding *next_first(const struct mcb_explain *explain,
                                                    size_t *index)
{
    while (*index < explain->finding_count)
        if (explain->findings[(*index)++].role == MCB_EXPLAIN_FIRST)
            return &explain->findings[*index - 1];
    return NULL;
}

/* A log has a row for each host and path. */
static void every_log_has_the_first_errors_that_are_expected(void **state)
{
    (void)state;
    char name[64], id[32], last[64] = "";
    unsigned number;
    size_t index = 0;
    struct mcb_explain *explain = NULL;
    FILE *expected = fopen(MCB_SOURCE_DIR "/tests/data/logs/expected.txt", "r");
    assert_non_null(expected);
    while (fscanf(expected, "%63s %31s %u", name, id, &number) == 3) {
        if (strcmp(name, last) != 0) {
            mcb_explain_free(explain);
            explain = begin();
            read_data(explain, name);
            finish(explain);
            strcpy(last, name);
            index = 0;
        }
        const struct mcb_explain_finding *first = next_first(explain, &index);
        if (!first || strcmp(mcb_fault_get(first->code)->id, id) != 0 ||
            first->lines[0].number != number)
            fail_msg("%s: %s in line %u", name, first ? mcb_fault_get(first->code)->id : "nothing",
                     first ? (unsigned)first->lines[0].number : 0);
    }
    mcb_explain_free(explain);
    fclose(expected);
}

static void healthy_logs_have_no_error(void **state)
{
    (void)state;
    static const char *const names[] = {"healthy-mooncake", "healthy-sglang",  "healthy-vllm",
                                        "healthy-dmesg",    "healthy-journal", "healthy-mcbench"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        struct mcb_explain *explain = begin();
        read_data(explain, names[i]);
        finish(explain);
        if (mcb_explain_has_error(explain))
            fail_msg("%s", names[i]);
        mcb_explain_free(explain);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_follows_from_the_first_error_is_its_consequence),
        cmocka_unit_test(a_flush_is_never_a_cause),
        cmocka_unit_test(no_connection_is_a_cause_where_nothing_came_before),
        cmocka_unit_test(an_error_of_another_path_explains_nothing),
        cmocka_unit_test(each_host_and_path_has_its_first_error),
        cmocka_unit_test(logs_are_put_in_the_order_of_time),
        cmocka_unit_test(within_a_log_its_lines_are_the_order),
        cmocka_unit_test(two_mtus_on_the_line_are_the_reason),
        cmocka_unit_test(what_a_line_calls_harmless_is_no_error),
        cmocka_unit_test(a_warning_is_an_error_if_the_catalogue_knows_it),
        cmocka_unit_test(the_frames_of_a_traceback_are_no_errors),
        cmocka_unit_test(the_advice_of_mcbench_is_no_error),
        cmocka_unit_test(unknown_errors_that_differ_in_numbers_are_one_kind),
        cmocka_unit_test(what_has_no_room_is_counted),
        cmocka_unit_test(a_text_anywhere_in_a_long_line_is_found_once),
        cmocka_unit_test(the_same_line_again_is_read_as_the_first_was),
        cmocka_unit_test(line_ends_of_all_kinds_are_read),
        cmocka_unit_test(rotated_logs_in_any_order_are_one_story),
        cmocka_unit_test(more_lines_than_are_kept_are_the_earliest),
        cmocka_unit_test(what_is_long_over_explains_nothing),
        cmocka_unit_test(what_a_host_suffers_is_what_its_peers_see),
        cmocka_unit_test(a_kernel_that_names_no_host_may_be_that_of_any_log),
        cmocka_unit_test(a_nic_whose_name_begins_another_is_not_that_one),
        cmocka_unit_test(an_error_of_the_kernel_is_shown_though_nothing_knows_it),
        cmocka_unit_test(a_line_that_is_no_error_ends_no_traceback),
        cmocka_unit_test(a_traceback_is_one_process),
        cmocka_unit_test(an_error_that_was_none_is_none),
        cmocka_unit_test(the_same_error_of_two_hosts_is_two_kinds),
        cmocka_unit_test(every_log_has_the_first_errors_that_are_expected),
        cmocka_unit_test(healthy_logs_have_no_error),
    };
    return cmocka_run_group_tests(tests, use_utc, NULL);
}
