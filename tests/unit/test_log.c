/* SPDX-License-Identifier: Apache-2.0 */
#include "common/log.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "tests/unit/result_helper.h"

static void a_note_and_a_warning_say_who_speaks(void **state)
{
    (void)state;
    char text[256];
    struct captured captured = capture_begin(STDERR_FILENO);
    mcb_log_note("%d NICs", 4);
    mcb_log_warn("MTU differs");
    assert_string_equal(capture_end(&captured, text, sizeof text),
                        "mcbench: 4 NICs\nmcbench: warning: MTU differs\n");
}

static void quiet_silences_notes_and_nothing_else(void **state)
{
    (void)state;
    char text[256];
    struct mcb_error error;
    mcb_error_set(&error, MCB_FAULT_USE_VALUE, "--size 3X: no such unit");
    struct captured captured = capture_begin(STDERR_FILENO);
    mcb_log_quiet(true);
    mcb_log_note("a note");
    mcb_log_warn("a warning");
    mcb_log_error(&error);
    mcb_log_quiet(false);
    capture_end(&captured, text, sizeof text);
    assert_null(strstr(text, "a note"));
    assert_non_null(strstr(text, "a warning"));
    assert_non_null(strstr(text, "--size 3X"));
}

static void an_error_of_the_environment_tells_cause_and_fix(void **state)
{
    (void)state;
    char text[1024];
    struct mcb_error error;
    mcb_error_set(&error, MCB_FAULT_NET_PORT_TAKEN, "port 18515: taken");
    struct captured captured = capture_begin(STDERR_FILENO);
    mcb_log_error(&error);
    assert_string_equal(capture_end(&captured, text, sizeof text),
                        "mcbench: port 18515: taken  [MCB-NET-004]\n"
                        "  cause: another process listens on it\n"
                        "  try:   ss -ltnp 'sport = :PORT'  # as root: the process that holds it\n"
                        "         # stop that process, or take another port\n");
}

static void an_error_of_usage_is_one_line(void **state)
{
    (void)state;
    char text[1024];
    struct mcb_error error;
    mcb_error_set(&error, MCB_FAULT_USE_OPTION, "--sise: no such option (did you mean --size?)");
    struct captured captured = capture_begin(STDERR_FILENO);
    mcb_log_error(&error);
    assert_string_equal(capture_end(&captured, text, sizeof text),
                        "mcbench: --sise: no such option (did you mean --size?)  [MCB-USE-001]\n");
}

static void an_error_in_a_rule_shows_the_rule_and_a_caret(void **state)
{
    (void)state;
    struct mcb_error error;
    char text[1024];
    struct captured captured = capture_begin(STDERR_FILENO);
    mcb_error_set(&error, MCB_FAULT_USE_RULE, "--expect: not \ta figure\n  verifed\n  ^");
    mcb_log_error(&error);
    assert_string_equal(capture_end(&captured, text, sizeof text),
                        "mcbench: --expect: not ?a figure  [MCB-USE-008]\n"
                        "  verifed\n"
                        "  ^\n");
}

static void an_error_without_detail_says_its_title(void **state)
{
    (void)state;
    char text[1024];
    const struct mcb_error error = {MCB_FAULT_USE_VALUE, ""};
    struct captured captured = capture_begin(STDERR_FILENO);
    mcb_log_error(&error);
    assert_non_null(
        strstr(capture_end(&captured, text, sizeof text), "value out of range or not understood"));
}

static void control_characters_do_not_reach_the_terminal(void **state)
{
    (void)state;
    char text[1024];
    /* U+009B is a control sequence introducer of one character. */
    struct mcb_error error = {MCB_FAULT_USE_VALUE, "\033[2J\r\nx\302\2332Jy\177"};
    struct captured captured = capture_begin(STDERR_FILENO);
    mcb_log_note("%s", error.detail);
    mcb_log_error(&error);
    assert_string_equal(capture_end(&captured, text, sizeof text),
                        "mcbench: ?[2J??x??2Jy?\n"
                        "mcbench: ?[2J??x??2Jy?  [MCB-USE-002]\n");
}

static void a_message_of_any_length_ends_with_a_newline(void **state)
{
    (void)state;
    static char longer[20000], text[20000];
    memset(longer, 'x', sizeof longer - 1);
    struct captured captured = capture_begin(STDERR_FILENO);
    mcb_log_warn("%s", longer);
    capture_end(&captured, text, sizeof text);
    assert_int_equal(text[strlen(text) - 1], '\n');
    assert_true(strlen(text) > 4000);
}

static void errno_survives(void **state)
{
    (void)state;
    char text[256];
    struct captured captured = capture_begin(STDERR_FILENO);
    errno = ENOSPC;
    mcb_log_note("x");
    int after = errno;
    capture_end(&captured, text, sizeof text);
    assert_int_equal(after, ENOSPC);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_note_and_a_warning_say_who_speaks),
        cmocka_unit_test(quiet_silences_notes_and_nothing_else),
        cmocka_unit_test(an_error_of_the_environment_tells_cause_and_fix),
        cmocka_unit_test(an_error_of_usage_is_one_line),
        cmocka_unit_test(an_error_in_a_rule_shows_the_rule_and_a_caret),
        cmocka_unit_test(an_error_without_detail_says_its_title),
        cmocka_unit_test(control_characters_do_not_reach_the_terminal),
        cmocka_unit_test(a_message_of_any_length_ends_with_a_newline),
        cmocka_unit_test(errno_survives),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
