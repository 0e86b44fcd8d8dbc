/* SPDX-License-Identifier: Apache-2.0 */
#include "bench/report/progress.h"

#include <fcntl.h>
#include <poll.h>
#include <pty.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/ioctl.h>

#include <cmocka.h>

#include "common/log.h"
#include "common/text.h"
#include "tests/unit/result_helper.h"

#define SECOND INT64_C(1000000000)

static const struct mcb_progress_view view = {
    .round = 4,
    .rounds = 7,
    .label = "n1/mlx5_2 → n1/mlx5_0",
    .value = "387.4 Gbit/s",
    .elapsed_ns = 23 * SECOND,
    .left_ns = 23 * SECOND,
};

static void the_line_says_round_path_figure_and_time_left(void **state)
{
    (void)state;
    char line[MCB_PROGRESS_LINE_MAX];
    assert_string_equal(mcb_progress_format(&view, 120, line),
                        "[████████████░░░░░░░░░░░░] round 4 of 7 · n1/mlx5_2 → n1/mlx5_0 · 387.4 "
                        "Gbit/s · 23 s left");
}

static void the_line_fits_every_width(void **state)
{
    (void)state;
    char line[MCB_PROGRESS_LINE_MAX];
    for (size_t columns = 1; columns <= 200; columns++)
        assert_true(mcb_text_columns(mcb_progress_format(&view, columns, line)) <= columns);
}

static void a_narrow_line_gives_up_bar_then_figure_then_time(void **state)
{
    (void)state;
    char line[MCB_PROGRESS_LINE_MAX];
    assert_string_equal(
        mcb_progress_format(&view, 80, line),
        "[███████░░░░░░░] round 4 of 7 · n1/mlx5_2 → n1/mlx5_0 · 387.4 Gbit/s · 23 s "
        "left");
    assert_string_equal(mcb_progress_format(&view, 70, line),
                        "round 4 of 7 · n1/mlx5_2 → n1/mlx5_0 · 387.4 Gbit/s · 23 s left");
    assert_string_equal(mcb_progress_format(&view, 60, line),
                        "round 4 of 7 · n1/mlx5_2 → n1/mlx5_0 · 23 s left");
    assert_string_equal(mcb_progress_format(&view, 40, line),
                        "round 4 of 7 · n1/mlx5_2 → n1/mlx5_0");
    assert_string_equal(mcb_progress_format(&view, 20, line), "round 4 of 7 · n1/m…");
}

static void unknown_parts_leave_no_gap(void **state)
{
    (void)state;
    char line[MCB_PROGRESS_LINE_MAX];
    const struct mcb_progress_view bare = {.round = 1, .rounds = 7, .label = "", .value = ""};
    assert_string_equal(mcb_progress_format(&bare, 24, line), "round 1 of 7");
}

static void long_times_are_in_minutes(void **state)
{
    (void)state;
    char line[MCB_PROGRESS_LINE_MAX];
    const struct mcb_progress_view slow = {
        .round = 1, .rounds = 7, .label = "", .value = "", .left_ns = 200 * SECOND};
    assert_string_equal(mcb_progress_format(&slow, 35, line), "round 1 of 7 · 3 min 20 s left");
}

static void foreign_names_cannot_steer_the_terminal(void **state)
{
    (void)state;
    char line[MCB_PROGRESS_LINE_MAX];
    struct mcb_progress_view hostile = view;
    hostile.label = "n1\033[2J\r\n";
    hostile.value = "\302\2331A";
    mcb_progress_format(&hostile, 100, line);
    for (const char *at = line; *at; at++)
        assert_false((unsigned char)*at < 0x20);
    assert_null(strstr(line, "\302\233"));
}

static void time_left_is_the_estimate_before_the_first_round_is_done(void **state)
{
    (void)state;
    assert_int_equal(mcb_progress_left_ns(55 * SECOND, 7, 0, 0, 0), 55 * SECOND);
    assert_int_equal(mcb_progress_left_ns(55 * SECOND, 7, 0, 0, 5 * SECOND), 50 * SECOND);
}

static void time_left_follows_the_rounds_that_are_done(void **state)
{
    (void)state;
    /* Two of four rounds took 20 s, 5 s ago; the estimate of 8 s was wrong. */
    assert_int_equal(mcb_progress_left_ns(8 * SECOND, 4, 2, 20 * SECOND, 25 * SECOND), 15 * SECOND);
}

static void time_left_is_never_negative(void **state)
{
    (void)state;
    assert_int_equal(mcb_progress_left_ns(5 * SECOND, 7, 0, 0, 50 * SECOND), 0);
    assert_int_equal(mcb_progress_left_ns(5 * SECOND, 7, 7, 5 * SECOND, 5 * SECOND), 0);
    assert_int_equal(mcb_progress_left_ns(0, 0, 0, 0, SECOND), 0);
    assert_true(mcb_progress_left_ns(INT64_MAX, UINT64_MAX, 1, INT64_MAX, 0) > 0);
}

static void nothing_is_written_to_what_is_no_terminal(void **state)
{
    (void)state;
    char text[256];
    struct captured captured = capture_begin(STDERR_FILENO);
    struct mcb_progress *progress = mcb_progress_begin(SECOND, 7, false);
    mcb_progress_round(progress, 1);
    mcb_progress_cell(progress, "a → b", "1 Gbit/s");
    mcb_progress_tick(progress);
    mcb_progress_erase(progress);
    mcb_progress_end(progress);
    capture_end(&captured, text, sizeof text);
    assert_null(progress);
    assert_string_equal(text, "");
}

/* stderr as a terminal of 80 columns. */
struct screen {
    int master, slave, saved;
};

static struct screen screen_open(void)
{
    struct winsize size = {.ws_row = 24, .ws_col = 80};
    struct screen screen = {.saved = dup(STDERR_FILENO)};
    assert_int_equal(openpty(&screen.master, &screen.slave, NULL, NULL, &size), 0);
    fcntl(screen.master, F_SETFL, O_NONBLOCK);
    dup2(screen.slave, STDERR_FILENO);
    return screen;
}

/* What was written reaches the master a moment later: it is read until the closed slave ends it. */
static char *screen_close(struct screen *screen, char *text, size_t size)
{
    struct pollfd master = {.fd = screen->master, .events = POLLIN};
    size_t length = 0;
    ssize_t got;
    dup2(screen->saved, STDERR_FILENO);
    close(screen->saved);
    close(screen->slave);
    while (length < size - 1 && poll(&master, 1, 5000) > 0 &&
           (got = read(screen->master, text + length, size - 1 - length)) > 0)
        length += (size_t)got;
    text[length] = '\0';
    close(screen->master);
    return text;
}

static void a_terminal_sees_one_line_that_is_erased_in_the_end(void **state)
{
    (void)state;
    char text[4096];
    setenv("TERM", "xterm", 1);
    struct screen screen = screen_open();
    struct mcb_progress *progress = mcb_progress_begin(55 * SECOND, 7, false);
    mcb_progress_round(progress, 1);
    mcb_progress_end(progress);
    screen_close(&screen, text, sizeof text);
    static const char erase[] = "\r\033[K";
    assert_memory_equal(text, erase, sizeof erase - 1);
    assert_non_null(strstr(text, "] round 1 of 7 · 55 s left"));
    assert_string_equal(text + strlen(text) - (sizeof erase - 1), erase);
    assert_null(strchr(text, '\n'));
}

static void the_line_is_drawn_at_most_ten_times_a_second(void **state)
{
    (void)state;
    char text[4096];
    setenv("TERM", "xterm", 1);
    struct screen screen = screen_open();
    struct mcb_progress *progress = mcb_progress_begin(3600 * SECOND, 1000, false);
    size_t drawn = 0;
    /* 1,200 events take far less than a second; the bound leaves room for a stalled machine. */
    for (int i = 0; i < 1000; i++)
        mcb_progress_cell(progress, "a", "b");
    for (uint64_t i = 1; i <= 200; i++)
        mcb_progress_round(progress, i);
    mcb_progress_end(progress);
    screen_close(&screen, text, sizeof text);
    for (const char *at = text; (at = strstr(at, "round ")) != NULL; at++)
        drawn++;
    assert_in_range(drawn, 1, 100);
}

static void a_silent_run_or_a_dumb_terminal_sees_nothing(void **state)
{
    (void)state;
    char text[256];
    setenv("TERM", "xterm", 1);
    struct screen screen = screen_open();
    assert_null(mcb_progress_begin(SECOND, 7, true));
    setenv("TERM", "dumb", 1);
    assert_null(mcb_progress_begin(SECOND, 7, false));
    assert_string_equal(screen_close(&screen, text, sizeof text), "");
}

static void a_message_takes_the_line_away_before(void **state)
{
    (void)state;
    char text[4096];
    setenv("TERM", "xterm", 1);
    struct screen screen = screen_open();
    mcb_log_warn("MTU differs");
    assert_string_equal(screen_close(&screen, text, sizeof text),
                        "\r\033[Kmcbench: warning: MTU differs\r\n");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_line_says_round_path_figure_and_time_left),
        cmocka_unit_test(the_line_fits_every_width),
        cmocka_unit_test(a_narrow_line_gives_up_bar_then_figure_then_time),
        cmocka_unit_test(unknown_parts_leave_no_gap),
        cmocka_unit_test(long_times_are_in_minutes),
        cmocka_unit_test(foreign_names_cannot_steer_the_terminal),
        cmocka_unit_test(time_left_is_the_estimate_before_the_first_round_is_done),
        cmocka_unit_test(time_left_follows_the_rounds_that_are_done),
        cmocka_unit_test(time_left_is_never_negative),
        cmocka_unit_test(nothing_is_written_to_what_is_no_terminal),
        cmocka_unit_test(a_terminal_sees_one_line_that_is_erased_in_the_end),
        cmocka_unit_test(the_line_is_drawn_at_most_ten_times_a_second),
        cmocka_unit_test(a_silent_run_or_a_dumb_terminal_sees_nothing),
        cmocka_unit_test(a_message_takes_the_line_away_before),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
