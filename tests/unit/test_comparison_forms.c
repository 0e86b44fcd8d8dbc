/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <ctype.h>
#include <sys/stat.h>

#include "bench/report/comparison_suites.h"
#include "tests/unit/comparison_helper.h"

/* Markup, links, mentions, ends of quotes and tables, and what steers a terminal. */
static const char hostile[] = "<b>evil\"'&|`*_~[x](http://www.evil.org)@evil #1 !2 ]]> --><!-- "
                              "</code>\\| \033[2J\xe2\x80\xae\n";

static int make_folder(void **state)
{
    *state = strdup("/tmp/mcbench-forms-XXXXXX");
    return *state && mkdtemp(*state) ? 0 : -1;
}

static int remove_folder(void **state)
{
    int outcome = rmdir(*state); /* fails if something was left there */
    free(*state);
    return outcome;
}

/* ---- forms as text; for free() ---- */

static char *read_and_remove(const char *path)
{
    char *text = compared_read(path);
    unlink(path);
    return text;
}

static char *junit_of(void **state, const struct mcb_comparison *comparison)
{
    char path[64];
    struct mcb_error error;
    snprintf(path, sizeof path, "%s/junit.xml", (const char *)*state);
    if (mcb_comparison_write_junit(path, comparison, &error) != 0)
        fail_msg("%s", error.detail);
    return read_and_remove(path);
}

static char *markdown_of(void **state, const struct mcb_comparison *comparison,
                         const struct mcb_trends *trends)
{
    char path[64];
    struct mcb_error error;
    snprintf(path, sizeof path, "%s/summary.md", (const char *)*state);
    if (mcb_comparison_write_markdown(path, comparison, trends, &error) != 0)
        fail_msg("%s", error.detail);
    return read_and_remove(path);
}

/* For json_decref(). */
static json_t *json_of(const struct mcb_comparison *comparison, const struct mcb_trends *trends)
{
    char *text = NULL;
    size_t size = 0;
    json_error_t error;
    FILE *out = open_memstream(&text, &size);
    assert_int_equal(mcb_comparison_print_json(out, comparison, trends), 0);
    fclose(out);
    json_t *document = json_loads(text, JSON_REJECT_DUPLICATES, &error);
    if (!document)
        fail_msg("%s at %d: %s", error.text, error.position, text);
    free(text);
    return document;
}

/* ---- comparisons ---- */

static struct compared *with_hostile_texts(void)
{
    json_t *before = ledger_document(&compared_plan), *after = ledger_document(&compared_plan);
    compared_rename(before, "n1", hostile);
    compared_rename(after, "n1", hostile);
    ledger_set_host(after, 1, "kernel", json_string(hostile));
    ledger_set_setting(after, "x", hostile);
    ledger_set_nic(after, 0, 0, "device_id", json_string("0x15b3:0x1023"));
    for (size_t target = 0; target < 8; target++)
        ledger_fail(after, ledger_cell_at(after, 0, 5, target), "failed", "MCB-RDMA-013", hostile);
    compared_scale(after, ledger_cell_at(after, 0, 1, 2), 0.8);
    return compared_make(before, after, NULL);
}

/* Two settings before, the first one now. */
static struct compared *with_fewer_settings(void)
{
    static const struct ledger_setting settings[] = {{.operation = "write"}, {.operation = "read"}};
    const struct ledger_plan plan = {
        .hosts = 2, .nics = 4, .settings = settings, .setting_count = 2};
    return compared_make(ledger_document(&plan), ledger_document(&compared_plan), NULL);
}

static void assert_no_control_characters(const char *text)
{
    for (const char *letter = text; *letter; letter++)
        if ((*letter >= 0 && *letter < 0x20 && *letter != '\n') || *letter == 0x7f)
            fail_msg("a control character is in:\n%s", text);
    assert_has_not(text, "\xe2\x80\xae");
}

/* ---- JUnit ---- */

static void every_path_is_a_test_case_and_the_totals_add_up(void **state)
{
    struct compared *compared = compared_mixed();
    char *text = junit_of(state, &compared->comparison);
    assert_has(text, "<testsuites name=\"mcbench compare\" tests=\"64\" failures=\"5\" "
                     "errors=\"1\" skipped=\"1\" time=\"0\">");
    assert_int_equal(count_of(text, "<testcase "), 64);
    assert_int_equal(count_of(text, "<failure "), 5);
    assert_int_equal(count_of(text, "<error "), 1);
    assert_int_equal(count_of(text, "<skipped "), 1);
    assert_has(text, "<testcase classname=\"write bandwidth · 64 KiB · 1 QP, depth 128 · relaxed "
                     "ordering off\" name=\"n1/mlx5_0/cpu:0 → n2/mlx5_0/cpu:0\" time=\"0\">");
    free(text);
    compared_free(compared);
}

static void a_failure_has_both_figures_and_the_fault_with_cause_and_fix(void **state)
{
    json_t *after = ledger_document(&compared_plan);
    compared_scale(after, ledger_cell_at(after, 0, 3, 5), 0.9);
    ledger_set_host(after, 0, "kernel", json_string("6.12"));
    struct compared *compared = compared_make(ledger_document(&compared_plan), after, NULL);
    char *text = junit_of(state, &compared->comparison);
    assert_has(text, "<failure type=\"MCB-PERF-003\" message=\"slower: n1/mlx5_3/cpu:0 → "
                     "n2/mlx5_1/cpu:0: write bandwidth");
    assert_has(text, "\">99.6 → 89.6 Gbit/s, -10.0 %, p &lt; 0.001\n"
                     "MCB-PERF-003: a path is slower than it was\n");
    assert_has(text, "\ncause: what differs between the two runs");
    assert_has(text, "\nfix: mcbench compare BASELINE NEW");
    assert_has(text, "\ndiffers: kernel 6.1 → 6.12 (n1)\n</failure>");
    free(text);
    compared_free(compared);
}

static void a_broken_path_has_the_fault_of_its_cell(void **state)
{
    struct compared *compared = compared_mixed();
    char *text = junit_of(state, &compared->comparison);
    assert_has(text, "<failure type=\"MCB-RDMA-013\" message=\"broken: no way there\">"
                     "100.0 Gbit/s → failed, MCB-RDMA-013 no way there\n"
                     "MCB-RDMA-013: a title\nno way there\ncause: a cable\nfix: plug it in\n");
    free(text);
    compared_free(compared);
}

static void what_fails_and_is_no_regression_is_an_error(void **state)
{
    json_t *before = ledger_document(&compared_plan), *after = ledger_document(&compared_plan);
    size_t failing = ledger_cell_at(after, 0, 0, 6), fresh = ledger_cell_at(after, 0, 7, 7);
    ledger_fail(before, failing, "failed", "MCB-RDMA-013", "lost");
    ledger_fail(after, failing, "failed", "MCB-RDMA-013", "still lost");
    ledger_fail(after, fresh, "failed", "MCB-RDMA-011", "refused");
    ledger_drop(before, fresh);
    struct compared *compared = compared_make(before, after, NULL);
    char *text = junit_of(state, &compared->comparison);
    assert_has(text, "failures=\"0\" errors=\"2\" skipped=\"0\"");
    assert_has(text, "<error type=\"MCB-RDMA-013\" message=\"failing: still lost\">");
    assert_has(text, "<error type=\"MCB-RDMA-011\" message=\"new: refused\">");
    free(text);
    compared_free(compared);
}

static void what_cannot_be_compared_is_skipped_with_the_reason(void **state)
{
    json_t *before = ledger_document(&compared_plan), *after = ledger_document(&compared_plan);
    ledger_set_nic(after, 0, 0, "device_id", json_string("0x15b3:0x1023"));
    ledger_drop(before, ledger_cell_at(before, 0, 7, 7));
    struct compared *compared = compared_make(before, after, NULL);
    char *text = junit_of(state, &compared->comparison);
    assert_has(text, "<skipped message=\"different: NIC 0x15b3:0x1021 → 0x15b3:0x1023\"/>");
    assert_has(text, "<skipped message=\"new: in no baseline\"/>");
    assert_int_equal(count_of(text, "<skipped "), 16);
    free(text);
    compared_free(compared);
}

static void what_may_be_missing_is_skipped(void **state)
{
    json_t *after = ledger_document(&compared_plan);
    ledger_fail(after, ledger_cell_at(after, 0, 0, 5), "skipped", "MCB-RUN-001", "interrupted");
    ledger_drop(after, ledger_cell_at(after, 0, 7, 7));
    const struct mcb_comparison_options options = {.tolerance = 0.05, .allow_missing = true};
    struct compared *compared = compared_make(ledger_document(&compared_plan), after, &options);
    char *text = junit_of(state, &compared->comparison);
    assert_has(text, "failures=\"0\" errors=\"0\" skipped=\"2\"");
    assert_has(text, "<skipped message=\"gone: not in the new result\"/>");
    assert_has(text, "<skipped message=\"unmeasured: MCB-RUN-001 interrupted\"/>");
    free(text);
    compared_free(compared);
}

static void a_setting_is_a_suite_also_if_only_a_baseline_has_it(void **state)
{
    struct compared *compared = with_fewer_settings();
    char *text = junit_of(state, &compared->comparison);
    assert_int_equal(count_of(text, "<testsuite "), 2);
    assert_has(text, "<testsuite name=\"write bandwidth · 64 KiB · 1 QP, depth 128 · relaxed "
                     "ordering off\" tests=\"64\" failures=\"0\" errors=\"0\" skipped=\"0\"");
    assert_has(text, "<testsuite name=\"read bandwidth · 64 KiB · 1 QP, depth 128 · relaxed "
                     "ordering off\" tests=\"64\" failures=\"0\" errors=\"0\" skipped=\"64\"");
    assert_int_equal(count_of(text, "<skipped message=\"not asked: not measured this time\"/>"),
                     64);
    free(text);
    compared_free(compared);
}

/* The setting is one before and now, though its numbers in the two ledgers are not. */
static void a_setting_is_one_suite_wherever_it_stands(void **state)
{
    static const struct ledger_setting settings[] = {{.operation = "write"}, {.operation = "read"}};
    const struct ledger_plan
        both = {.hosts = 2, .nics = 4, .settings = settings, .setting_count = 2},
        last = {.hosts = 2, .nics = 4, .settings = &settings[1], .setting_count = 1};
    json_t *after = ledger_document(&last);
    ledger_drop(after, ledger_cell_at(after, 0, 7, 7));
    struct compared *compared = compared_make(ledger_document(&both), after, NULL);
    struct mcb_comparison_suites suites;
    struct mcb_error error;
    assert_int_equal(mcb_comparison_suites_make(&compared->comparison, &suites, &error), 0);
    assert_int_equal(suites.count, 2);
    assert_ptr_equal(suites.list[0].ledger, &compared->after);
    assert_int_equal(suites.list[0].count, 64); /* with the one that is gone */
    assert_int_equal(suites.list[0].cases[MCB_CASE_FAILURE], 1);
    assert_ptr_equal(suites.list[1].ledger, &compared->before);
    assert_int_equal(suites.list[1].count, 64);
    assert_int_equal(suites.cases[MCB_CASE_SKIPPED], 64);
    mcb_comparison_suites_release(&suites);
    compared_free(compared);
    (void)state;
}

static void a_setting_without_rows_is_no_suite(void **state)
{
    static const struct ledger_setting more = {.qps = 4};
    const struct ledger_plan plan = {.hosts = 2, .nics = 4, .settings = &more, .setting_count = 1};
    struct compared *compared =
        compared_make(ledger_document(&compared_plan), ledger_document(&plan), NULL);
    char *text = junit_of(state, &compared->comparison);
    assert_int_equal(count_of(text, "<testsuite "), 1);
    assert_has(text, "<testsuite name=\"write bandwidth · 64 KiB · 4 QPs, depth 128");
    assert_int_equal(count_of(text, "<skipped message=\"different: qps 1 → 4\"/>"), 64);
    free(text);
    compared_free(compared);
}

static void cells_that_look_alike_have_names_of_their_own(void **state)
{
    json_t *documents[2];
    for (size_t i = 0; i < 2; i++) {
        documents[i] = ledger_document(&compared_plan);
        json_t *cell = ledger_cell(documents[i], 0);
        for (size_t copy = 0; copy < 2; copy++)
            result_append(documents[i], json_deep_copy(cell));
    }
    struct compared *compared = compared_make(documents[0], documents[1], NULL);
    char *text = junit_of(state, &compared->comparison);
    assert_int_equal(count_of(text, "name=\"n1/mlx5_0/cpu:0 → n1/mlx5_0/cpu:0\""), 1);
    assert_int_equal(count_of(text, "name=\"n1/mlx5_0/cpu:0 → n1/mlx5_0/cpu:0 (2)\""), 1);
    assert_int_equal(count_of(text, "name=\"n1/mlx5_0/cpu:0 → n1/mlx5_0/cpu:0 (3)\""), 1);
    free(text);
    compared_free(compared);
}

static void suites_tell_tolerance_and_what_differs(void **state)
{
    json_t *after = ledger_document(&compared_plan);
    ledger_set_host(after, 0, "kernel", json_string("6.12"));
    struct compared *compared = compared_make(ledger_document(&compared_plan), after, NULL);
    char *text = junit_of(state, &compared->comparison);
    assert_has(text, "<property name=\"tolerance\" value=\"5 %\"/>");
    assert_has(text, "<property name=\"differs: software\" value=\"kernel 6.1 → 6.12 (n1)\"/>");
    free(text);
    compared_free(compared);
}

static void very_many_differences_stand_in_one_suite(void **state)
{
    enum { SETTINGS = 20 };
    struct ledger_setting settings[SETTINGS];
    memset(settings, 0, sizeof settings);
    for (size_t i = 0; i < SETTINGS; i++)
        settings[i].size_bytes = i + 1;
    const struct ledger_plan plan = {.settings = settings, .setting_count = SETTINGS};
    json_t *after = ledger_document(&plan);
    for (size_t i = 0; i < 2 * MCB_DIFFERENCES_MAX; i++) {
        char name[16];
        snprintf(name, sizeof name, "x%zu", i);
        ledger_set_setting(after, name, "1");
    }
    struct compared *compared = compared_make(ledger_document(&plan), after, NULL);
    char *text = junit_of(state, &compared->comparison);
    assert_int_equal(count_of(text, "<testsuite "), SETTINGS);
    assert_int_equal(count_of(text, "<property name=\"differs: "), MCB_DIFFERENCES_MAX);
    free(text);
    compared_free(compared);
}

static void hostile_texts_are_no_xml(void **state)
{
    struct compared *compared = with_hostile_texts();
    char *text = junit_of(state, &compared->comparison);
    assert_no_control_characters(text);
    assert_has(text, "&lt;b&gt;evil&quot;&#39;&amp;|");
    assert_has_not(text, "<b>");
    assert_has_not(text, "<!--");
    assert_has_not(text, "evil\"");
    assert_int_equal(count_of(text, "<testcase "), 64);
    free(text);
    compared_free(compared);
}

static void a_form_that_cannot_be_written_is_an_error(void **state)
{
    struct compared *compared = compared_mixed();
    struct mcb_error error;
    char path[64];
    snprintf(path, sizeof path, "%s/no/such", (const char *)*state);
    assert_int_equal(mcb_comparison_write_junit(path, &compared->comparison, &error), -1);
    assert_int_equal(error.code, MCB_FAULT_HOST_OUTPUT);
    assert_int_equal(mcb_comparison_write_markdown(path, &compared->comparison, NULL, &error), -1);
    assert_int_equal(error.code, MCB_FAULT_HOST_OUTPUT);
    assert_int_equal(mcb_comparison_write_junit("/dev/full", &compared->comparison, &error), -1);
    assert_int_equal(error.code, MCB_FAULT_HOST_OUTPUT);
    compared_free(compared);
}

/* ---- Markdown ---- */

static void markdown_has_the_verdict_and_the_regressions_first(void **state)
{
    struct compared *compared = compared_mixed();
    char *text = markdown_of(state, &compared->comparison, NULL);
    const char *slower = strstr(text, "| slower | <code>n1/mlx5&#95;0/cpu&#58;0 → "
                                      "n1/mlx5&#95;2/cpu&#58;0</code> | 100.0 | 70.0 Gbit/s | "
                                      "-30.0 % | p &#60; 0.001 |\n");
    const char *fold = strstr(text, "\n<details><summary>Other changes (4)</summary>\n\n");
    assert_memory_equal(text, "### ✘ mcbench: 5 regressions: 1 broken, 2 slower",
                        strlen("### ✘ mcbench: 5 regressions: 1 broken, 2 slower"));
    assert_non_null(slower);
    assert_non_null(fold);
    assert_true(slower < fold);
    assert_has(fold, "| faster | ");
    assert_has(text, "**MCB-PERF-003** a path is slower than it was (2 paths)");
    assert_has(text, "\n```\nmcbench compare BASELINE NEW  # all that changed");
    assert_has(text, "\nNothing differs in the environment.\n");
    assert_has_not(text, "| unchanged |");
    assert_int_equal(count_of(text, "<details>"), count_of(text, "</details>"));
    free(text);
    compared_free(compared);
}

static void markdown_is_short_where_nothing_changed(void **state)
{
    struct compared *compared =
        compared_make(ledger_document(&compared_plan), ledger_document(&compared_plan), NULL);
    char *text = markdown_of(state, &compared->comparison, NULL);
    assert_has(text, "### ✔ mcbench: no regression\n\n64 paths: 64 unchanged; tolerance 5 %");
    assert_has_not(text, "<details>");
    assert_true(strlen(text) < 600);
    free(text);
    compared_free(compared);
}

static void markdown_tells_settings_where_there_are_several(void **state)
{
    struct compared *compared = with_fewer_settings();
    char *text = markdown_of(state, &compared->comparison, NULL);
    assert_has(text, "| | path | setting | before | after | change | why |\n");
    assert_has(text, "</code> | read bandwidth · 64 KiB · 1 QP, depth 128 · relaxed ordering off | "
                     "100.0 Gbit/s | – |  | not measured this time |\n");
    assert_has(text, "\nand 14 more\n"); /* of 64 */
    free(text);
    compared_free(compared);
}

static void markdown_tells_when_paths_changed(void **state)
{
    struct timeline timeline;
    timeline_make(&timeline);
    struct compared *compared = compared_mixed();
    char *text = markdown_of(state, &compared->comparison, &timeline.trends);
    assert_has(text, "<details><summary>Changed with time (2)</summary>\n\n"
                     "- <code>n1/mlx5&#95;0/cpu&#58;0 → n1/mlx5&#95;1/cpu&#58;0</code>\n"
                     "  - <code>2026-11-22T09&#58;14&#58;02Z</code> 100.0 → 80.0 Gbit/s, -20.0 %, "
                     "p = 0.002, with <code>kernel 6&#46;1 → 6&#46;12 &#40;n1&#41;</code>\n");
    free(text);
    compared_free(compared);
    timeline_release(&timeline);
}

/* Foreign text is in <code>, where no sign of its own is left that anybody takes for markup. */
static void assert_no_foreign_markup(const char *text)
{
    size_t spans = 0;
    for (const char *at = strstr(text, "<code>"); at; at = strstr(at, "<code>")) {
        at += strlen("<code>");
        const char *end = strstr(at, "</code>");
        assert_non_null(end);
        for (; at < end; at++) {
            char *behind;
            if (strncmp(at, "&#", 2) == 0 && strtoul(at + 2, &behind, 10) < 0x80 && *behind == ';')
                at = behind;
            else if ((unsigned char)*at < 0x80 && !isalnum((unsigned char)*at) &&
                     !strchr(" /,-", *at))
                fail_msg("'%c' is in a <code> of:\n%s", *at, text);
        }
        spans++;
    }
    assert_true(spans > 0);
}

static void hostile_texts_are_no_markdown(void **state)
{
    struct compared *compared = with_hostile_texts();
    char *text = markdown_of(state, &compared->comparison, NULL);
    assert_no_control_characters(text);
    assert_no_foreign_markup(text);
    assert_has(text, "&#60;b&#62;evil&#34;&#39;&#38;&#124;&#96;&#42;&#95;&#126;&#91;x&#93;&#40;http"
                     "&#58;//www&#46;evil&#46;org&#41;&#64;evil");
    for (const char *evil = strstr(text, "evil"); evil; evil = strstr(evil + 1, "evil")) {
        const char *opened = text, *closed = text;
        for (const char *at = text; (at = strstr(at, "<code>")) && at < evil; at++)
            opened = at;
        for (const char *at = text; (at = strstr(at, "</code>")) && at < evil; at++)
            closed = at;
        assert_true(opened > closed);
    }
    free(text);
    compared_free(compared);
}

static void markdown_stays_within_the_limit_of_a_comment(void **state)
{
    char name[256];
    const struct ledger_plan plan = {.hosts = 2, .nics = 20};
    json_t *before = ledger_document(&plan), *after = ledger_document(&plan);
    memset(name, '<', sizeof name - 1);
    name[sizeof name - 1] = '\0';
    compared_rename(before, "n1", name);
    compared_rename(after, "n1", name);
    for (size_t initiator = 0; initiator < 30; initiator++)
        for (size_t target = 0; target < 40; target++)
            if (initiator < 15)
                ledger_fail(after, ledger_cell_at(after, 0, initiator, target), "failed",
                            "MCB-RDMA-013", name);
            else
                compared_scale(after, ledger_cell_at(after, 0, initiator, target), 1.5);
    for (size_t i = 0; i < 300; i++) {
        char setting[16];
        snprintf(setting, sizeof setting, "x%zu", i);
        ledger_set_setting(after, setting, name);
    }
    struct compared *compared = compared_make(before, after, NULL);
    char *text = markdown_of(state, &compared->comparison, NULL);
    assert_true(strlen(text) <= MCB_COMPARISON_MARKDOWN_MAX);
    assert_true(strlen(text) > MCB_COMPARISON_MARKDOWN_MAX / 2);
    assert_int_equal(count_of(text, "<details>"), 3);
    assert_int_equal(count_of(text, "</details>"), 3);
    assert_int_equal(count_of(text, "\nand "), 3);
    assert_no_foreign_markup(text);
    free(text);
    compared_free(compared);
}

/* ---- JSON ---- */

static const json_t *row_of_change(const json_t *document, const char *change)
{
    size_t i;
    const json_t *row;
    json_array_foreach(json_object_get(document, "rows"), i,
                       row) if (strcmp(mcb_json_text(row, "change"), change) == 0) return row;
    fail_msg("no row is %s", change);
    return NULL;
}

static double number_at(const json_t *object, const char *group, const char *key)
{
    const json_t *value = json_object_get(json_object_get(object, group), key);
    assert_true(json_is_number(value));
    return json_number_value(value);
}

static void the_document_has_counts_and_a_row_for_each_path(void **state)
{
    (void)state;
    struct compared *compared = compared_mixed();
    json_t *document = json_of(&compared->comparison, NULL);
    assert_string_equal(mcb_json_text(document, "schema"), "mcbench-compare/1");
    assert_int_equal(json_integer_value(json_object_get(document, "regressions")), 5);
    assert_int_equal((int)number_at(document, "counts", "slower"), 2);
    assert_int_equal((int)number_at(document, "counts", "unchanged"), 55);
    assert_int_equal(json_array_size(json_object_get(document, "rows")), 64);
    assert_int_equal(json_array_size(json_object_get(document, "baselines")), 1);
    assert_true(json_is_null(json_object_get(document, "trends")));
    json_decref(document);
    compared_free(compared);
}

static void a_row_tells_what_it_is_and_both_figures(void **state)
{
    (void)state;
    struct compared *compared = compared_mixed();
    json_t *document = json_of(&compared->comparison, NULL);
    const json_t *row = row_of_change(document, "slower");
    assert_string_equal(mcb_json_text(json_object_get(row, "target"), "nic"), "mlx5_2");
    assert_string_equal(mcb_json_text(row, "operation"), "write");
    assert_true(json_is_true(json_object_get(row, "regression")));
    assert_true(number_at(row, "before", "bandwidth_gbps") == 100);
    assert_int_equal((int)number_at(row, "before", "baseline"), 0);
    assert_int_equal((int)number_at(row, "after", "cell"), 2);
    assert_true(json_number_value(json_object_get(row, "ratio")) < 0.71);
    assert_true(json_number_value(json_object_get(row, "p")) < 0.001);
    assert_string_equal(mcb_json_text(json_object_get(row, "fault"), "id"), "MCB-PERF-003");
    row = row_of_change(document, "gone");
    assert_true(json_is_null(json_object_get(row, "after")));
    assert_true(json_is_null(json_object_get(row, "ratio")));
    row = row_of_change(document, "new");
    assert_true(json_is_null(json_object_get(row, "before")));
    row = row_of_change(document, "failing");
    assert_string_equal(mcb_json_text(json_object_get(row, "fault"), "detail"), "still lost");
    assert_true(json_is_false(json_object_get(row, "regression")));
    json_decref(document);
    compared_free(compared);
}

static void the_document_tells_trends_and_their_causes(void **state)
{
    (void)state;
    struct timeline timeline;
    timeline_make(&timeline);
    struct compared *compared = compared_mixed();
    json_t *document = json_of(&compared->comparison, &timeline.trends);
    const json_t *trends = json_object_get(document, "trends");
    const json_t *paths = json_object_get(trends, "paths");
    assert_int_equal(json_array_size(json_object_get(trends, "runs")), 3);
    assert_int_equal(json_array_size(paths), 2); /* the third did not change */
    const json_t *change = json_array_get(json_object_get(json_array_get(paths, 0), "changes"), 0);
    assert_int_equal(json_integer_value(json_object_get(change, "run")), 2);
    assert_string_equal(mcb_json_text(change, "started"), "2026-11-22T09:14:02Z");
    assert_true(number_at(change, "before", "bandwidth_gbps") == 100);
    assert_true(number_at(change, "after", "bandwidth_gbps") == 80);
    const json_t *difference = json_array_get(json_object_get(change, "differences"), 0);
    assert_string_equal(mcb_json_text(difference, "what"), "kernel");
    assert_string_equal(mcb_json_text(difference, "after"), "6.12");
    json_decref(document);
    compared_free(compared);
    timeline_release(&timeline);
}

static void hostile_texts_come_back_as_they_were(void **state)
{
    (void)state;
    struct compared *compared = with_hostile_texts();
    json_t *document = json_of(&compared->comparison, NULL);
    const json_t *row = row_of_change(document, "slower");
    assert_string_equal(mcb_json_text(json_object_get(row, "initiator"), "host"), hostile);
    json_decref(document);
    compared_free(compared);
}

static void a_document_that_is_not_written_whole_is_told(void **state)
{
    (void)state;
    struct compared *compared = compared_mixed();
    FILE *full = fopen("/dev/full", "w");
    assert_non_null(full);
    assert_int_equal(mcb_comparison_print_json(full, &compared->comparison, NULL), -1);
    fclose(full);
    compared_free(compared);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_path_is_a_test_case_and_the_totals_add_up),
        cmocka_unit_test(a_failure_has_both_figures_and_the_fault_with_cause_and_fix),
        cmocka_unit_test(a_broken_path_has_the_fault_of_its_cell),
        cmocka_unit_test(what_fails_and_is_no_regression_is_an_error),
        cmocka_unit_test(what_cannot_be_compared_is_skipped_with_the_reason),
        cmocka_unit_test(what_may_be_missing_is_skipped),
        cmocka_unit_test(a_setting_is_a_suite_also_if_only_a_baseline_has_it),
        cmocka_unit_test(a_setting_is_one_suite_wherever_it_stands),
        cmocka_unit_test(a_setting_without_rows_is_no_suite),
        cmocka_unit_test(cells_that_look_alike_have_names_of_their_own),
        cmocka_unit_test(suites_tell_tolerance_and_what_differs),
        cmocka_unit_test(very_many_differences_stand_in_one_suite),
        cmocka_unit_test(hostile_texts_are_no_xml),
        cmocka_unit_test(a_form_that_cannot_be_written_is_an_error),
        cmocka_unit_test(markdown_has_the_verdict_and_the_regressions_first),
        cmocka_unit_test(markdown_is_short_where_nothing_changed),
        cmocka_unit_test(markdown_tells_settings_where_there_are_several),
        cmocka_unit_test(markdown_tells_when_paths_changed),
        cmocka_unit_test(hostile_texts_are_no_markdown),
        cmocka_unit_test(markdown_stays_within_the_limit_of_a_comment),
        cmocka_unit_test(the_document_has_counts_and_a_row_for_each_path),
        cmocka_unit_test(a_row_tells_what_it_is_and_both_figures),
        cmocka_unit_test(the_document_tells_trends_and_their_causes),
        cmocka_unit_test(hostile_texts_come_back_as_they_were),
        cmocka_unit_test(a_document_that_is_not_written_whole_is_told),
    };
    return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
