/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "bench/commands/commands.h"
#include "tests/unit/result_helper.h"

enum { OUTPUT_MAX = 65536 };

struct shown {
    int exit_code;
    char out[OUTPUT_MAX], err[OUTPUT_MAX];
};

/* mcbench show WORD... */
static struct shown *show(const char *const *words)
{
    static struct shown shown;
    char *argv[8] = {(char *)"show"};
    int argc = 1;
    for (; *words; words++)
        argv[argc++] = (char *)*words;
    struct captured out = capture_begin(STDOUT_FILENO), err = capture_begin(STDERR_FILENO);
    shown.exit_code = mcb_command_show(argc, argv);
    capture_end(&err, shown.err, sizeof shown.err);
    capture_end(&out, shown.out, sizeof shown.out);
    return &shown;
}

#define SHOW(...) show((const char *const[]){__VA_ARGS__, NULL})

static int make_file(void **state)
{
    char *path = strdup("/tmp/mcbench-XXXXXX");
    int fd = path ? mkstemp(path) : -1;
    if (fd < 0)
        return -1;
    json_t *document = result_document();
    result_append(document, result_bandwidth("n1", "mlx5_0", "n1", "mlx5_1", 388.1));
    int outcome = json_dumpfd(document, fd, 0);
    json_decref(document);
    close(fd);
    *state = path;
    return outcome;
}

static int remove_file(void **state)
{
    unlink(*state);
    free(*state);
    return 0;
}

static void a_file_is_shown_with_heading_and_matrix(void **state)
{
    const struct shown *shown = SHOW(*state);
    assert_int_equal(shown->exit_code, 0);
    assert_string_equal(shown->err, "");
    static const char heading[] = "mcbench 0.1.0 · 2026-11-22T09:14:02Z · rdma · n1 · complete\n\n";
    assert_memory_equal(shown->out, heading, sizeof heading - 1);
    assert_non_null(strstr(shown->out, "388.1 ±0.5"));
}

static void several_files_are_shown_with_their_names(void **state)
{
    char heading[64];
    const struct shown *shown = SHOW(*state, *state);
    snprintf(heading, sizeof heading, "%s\nmcbench", (const char *)*state);
    assert_int_equal(shown->exit_code, 0);
    const char *first = strstr(shown->out, heading);
    assert_ptr_equal(first, shown->out);
    assert_non_null(strstr(first + 1, heading));
}

static void json_prints_the_document(void **state)
{
    const struct shown *shown = SHOW("--json", *state);
    json_t *printed = json_loads(shown->out, 0, NULL), *file = json_load_file(*state, 0, NULL);
    assert_int_equal(shown->exit_code, 0);
    assert_true(json_equal(printed, file));
    json_decref(file);
    json_decref(printed);
}

static void json_keeps_the_digits_and_steers_no_terminal(void **state)
{
    json_t *document = json_load_file(*state, 0, NULL);
    json_object_set_new(document, "warnings",
                        json_pack("[s]", "\xc2\x9b"
                                         "2J"));
    assert_int_equal(json_dump_file(document, *state, 0), 0);
    json_decref(document);
    const struct shown *shown = SHOW("--json", *state);
    assert_non_null(strstr(shown->out, ": 388.1,"));
    assert_non_null(strstr(shown->out, "\"\\u009B2J\""));
}

static void a_bad_file_does_not_hide_a_good_one(void **state)
{
    const struct shown *shown = SHOW("/nonexistent", *state);
    assert_int_equal(shown->exit_code, 2);
    assert_non_null(strstr(shown->err, "/nonexistent: No such file or directory"));
    assert_non_null(strstr(shown->out, "388.1"));
}

static void an_unknown_option_is_refused_with_the_nearest(void **state)
{
    (void)state;
    static const char *const wrong[][2] = {
        {"--jsno", "--jsno: no such option of show (did you mean --json?)"},
        {"--zebra", "--zebra: no such option of show; mcbench show --help"},
        {"-xy", "-x: no such option of show"},
        {"--json=yes", "--json=yes: --json takes no value"},
        {"--\033[2J", "--?[2J: no such option"},
    };
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        const struct shown *shown = SHOW(wrong[i][0], "file");
        assert_int_equal(shown->exit_code, 2);
        assert_string_equal(shown->out, "");
        if (!strstr(shown->err, wrong[i][1]))
            fail_msg("\"%s\" is not in: %s", wrong[i][1], shown->err);
    }
}

static void no_file_is_an_error(void **state)
{
    (void)state;
    const struct shown *shown = SHOW("--json");
    assert_int_equal(shown->exit_code, 2);
    assert_non_null(strstr(shown->err, "no result file given"));
}

static void a_full_disk_is_an_error(void **state)
{
    char text[1024];
    char *argv[] = {(char *)"show", *state, NULL};
    struct captured out = capture_begin(STDOUT_FILENO), err = capture_begin(STDERR_FILENO);
    assert_non_null(freopen("/dev/full", "w", stdout));
    int exit_code = mcb_command_show(2, argv);
    capture_end(&err, text, sizeof text);
    clearerr(stdout);
    capture_end(&out, text + 512, sizeof text - 512);
    assert_int_equal(exit_code, 3);
    assert_non_null(strstr(text, "standard output: No space left on device"));
}

static void rules_are_held_against_a_result_of_before(void **state)
{
    const struct shown *shown = SHOW("--expect", "bandwidth >= 388 Gbit/s", *state);
    assert_int_equal(shown->exit_code, 0);
    assert_string_equal(shown->err, "");
    assert_non_null(
        strstr(shown->out, "expectations\n✔ bandwidth >= 388 Gbit/s: 1 of 1 path holds"));
    shown = SHOW("--expect", "bandwidth >= 389 Gbit/s", *state);
    assert_int_equal(shown->exit_code, 1);
    assert_non_null(strstr(shown->out, "✘ bandwidth >= 389 Gbit/s: 0 of 1 path holds"));
    assert_non_null(strstr(shown->err, "[MCB-PERF-005]"));
}

static void a_wrong_rule_is_told_before_anything_is_shown(void **state)
{
    const struct shown *shown = SHOW("--expect", "bandwith > 1 Gbit/s", *state);
    assert_int_equal(shown->exit_code, 2);
    assert_string_equal(shown->out, "");
    assert_string_equal(shown->err,
                        "mcbench: --expect: 'bandwith' is not a figure (did you mean bandwidth?)  "
                        "[MCB-USE-008]\n"
                        "  bandwith > 1 Gbit/s\n"
                        "  ^\n");
}

/* The result with a verdict that says the contrary. */
static void store_verdict(const char *path, const char *rule, bool holds)
{
    json_t *document = json_load_file(path, 0, NULL);
    json_object_set_new(document, "expectations",
                        json_pack("[{s:s, s:b, s:i, s:i, s:i, s:[]}]", "rule", rule, "holds",
                                  (int)holds, "chosen", 1, "held", (int)holds, "unjudged", 0,
                                  "misses"));
    assert_int_equal(json_dump_file(document, path, 0), 0);
    json_decref(document);
}

static void the_rules_of_a_result_are_judged_anew_and_decide_nothing(void **state)
{
    store_verdict(*state, "bandwidth >= 389 Gbit/s", true);
    const struct shown *shown = SHOW(*state);
    assert_int_equal(shown->exit_code, 0);
    assert_string_equal(shown->err, "");
    assert_non_null(strstr(shown->out, "✘ bandwidth >= 389 Gbit/s: 0 of 1 path holds"));
}

static void rules_of_a_later_version_are_shown_as_they_are_stored(void **state)
{
    store_verdict(*state, "beauty\x1b >= 5", true);
    const struct shown *shown = SHOW(*state);
    assert_int_equal(shown->exit_code, 0);
    assert_string_equal(shown->err, "");
    assert_non_null(strstr(shown->out, "expectations, as the result has them\n"
                                       "✔ beauty? >= 5: held by 1 of 1 cells\n"));
}

static void a_file_for_prometheus_is_of_one_result(void **state)
{
    const struct shown *shown = SHOW("--prometheus", "/nonexistent/x.prom", *state, *state);
    assert_int_equal(shown->exit_code, 2);
    assert_string_equal(shown->out, "");
    assert_non_null(strstr(shown->err, "--prometheus /nonexistent/x.prom: takes one result; 2 "));
    shown = SHOW("--prometheus", "/nonexistent/x.prom", *state);
    assert_int_equal(shown->exit_code, 3);
}

#define WITH_FILE(test) cmocka_unit_test_setup_teardown(test, make_file, remove_file)

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_FILE(a_file_is_shown_with_heading_and_matrix),
        WITH_FILE(several_files_are_shown_with_their_names),
        WITH_FILE(json_prints_the_document),
        WITH_FILE(json_keeps_the_digits_and_steers_no_terminal),
        WITH_FILE(a_bad_file_does_not_hide_a_good_one),
        cmocka_unit_test(an_unknown_option_is_refused_with_the_nearest),
        cmocka_unit_test(no_file_is_an_error),
        WITH_FILE(a_full_disk_is_an_error),
        WITH_FILE(rules_are_held_against_a_result_of_before),
        WITH_FILE(a_wrong_rule_is_told_before_anything_is_shown),
        WITH_FILE(the_rules_of_a_result_are_judged_anew_and_decide_nothing),
        WITH_FILE(rules_of_a_later_version_are_shown_as_they_are_stored),
        WITH_FILE(a_file_for_prometheus_is_of_one_result),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
