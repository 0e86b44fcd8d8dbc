/* SPDX-License-Identifier: Apache-2.0 */

/* Pages as they are written: which parts there are, and what they say. How they look and behave in
 * a browser is for tests/integration/report-test. */
#include "bench/report/page.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <sys/stat.h>

#include "bench/plan/rule.h"
#include "bench/report/embedded.h"
#include "bench/report/html.h"
#include "tests/unit/page_helper.h"

static const struct ledger_plan small = {.hosts = 2, .nics = 2};

static void a_healthy_result_is_in_order_and_has_no_empty_parts(void **state)
{
    (void)state;
    char *text = page_text(ledger_document(&small));
    assert_has(text, "<!DOCTYPE html>\n");
    assert_has(text, "All in order</h2>");
    assert_has(text, "16 of 16 measured");
    assert_has(text, "4 hardware NICs");
    for (size_t i = 0; i < 3; i++)
        assert_has(text,
                   ((const char *[]){"id=\"summary\"", "id=\"matrices\"", "id=\"repeat\""})[i]);
    static const char *const absent[] = {"id=\"findings\"", "id=\"failed\"", "id=\"expectations\"",
                                         "id=\"changes\"",  "id=\"trends\"", "id=\"warnings\"",
                                         "id=\"ways\"",     "id=\"data\"",   "No hardware"};
    for (size_t i = 0; i < sizeof absent / sizeof *absent; i++)
        assert_lacks(text, absent[i]);
    assert_int_equal(strcmp(text + strlen(text) - 8, "</html>\n"), 0);
    free(text);
}

static void only_the_scripts_and_styles_of_the_program_may_run(void **state)
{
    (void)state;
    char source[MCB_HTML_SOURCE_MAX], policy[256];
    char *text = page_text(ledger_document(&small));
    snprintf(policy, sizeof policy, "script-src '%s'",
             mcb_html_source(mcb_embedded_text("page.js"), source));
    assert_has(text, policy);
    snprintf(policy, sizeof policy, "style-src '%s'",
             mcb_html_source(mcb_embedded_text("page.css"), source));
    assert_has(text, policy);
    assert_has(text, "default-src 'none'");
    assert_lacks(text, "http:");
    assert_lacks(text, "https:");
    free(text);
}

static void the_same_result_gives_the_same_page(void **state)
{
    (void)state;
    char *one = page_text(ledger_document(&small)), *other = page_text(ledger_document(&small));
    assert_string_equal(one, other);
    free(other);
    free(one);
}

static void faults_of_one_kind_tell_their_causes_once(void **state)
{
    (void)state;
    json_t *document = ledger_document(&small);
    ledger_fail(document, 1, "failed", "MCB-RDMA-013", "the first detail");
    ledger_fail(document, 2, "failed", "MCB-RDMA-013", "another detail");
    ledger_fail(document, 3, "skipped", "MCB-JOB-004", "a third");
    char *text = page_text(document);
    assert_has(text, "13 of 16 measured, 2 failed, 1 skipped");
    assert_has(text, "the first detail");
    assert_has(text, "another detail");
    const char *first = strstr(text, "Likely causes:");
    assert_non_null(first);
    const char *second = strstr(first + 1, "Likely causes:");
    assert_non_null(second);
    assert_null(strstr(second + 1, "Likely causes:"));
    assert_has(text, "Not in order</h2>");
    free(text);
}

static void what_a_result_calls_a_fix_is_no_line_for_a_shell(void **state)
{
    (void)state;
    json_t *document = ledger_document(&small);
    ledger_fail(document, 1, "failed", "MCB-RDMA-013", "lost");
    char *text = page_text(document);
    assert_has(text, "What to do, as the result says:</b> plug it in");
    free(text);

    const struct mcb_fault *fault = mcb_fault_get(mcb_fault_find("MCB-RDMA-013"));
    char fix[MCB_FAULT_FIX_MAX], command[64];
    document = ledger_document(&small);
    ledger_fail(document, 1, "failed", "MCB-RDMA-013", "lost");
    json_object_set_new(json_object_get(ledger_cell(document, 1), "fault"), "fix",
                        json_string(mcb_fault_join(fault->fix, fix, sizeof fix)));
    text = page_text(document);
    assert_lacks(text, "as the result says");
    snprintf(command, sizeof command, "<pre class=\"shell\"><code>%.8s", fault->fix);
    assert_has(text, command);
    free(text);
}

static void an_interrupted_run_says_so(void **state)
{
    (void)state;
    json_t *document = ledger_document(&small);
    ledger_fail(document, 3, "skipped", "MCB-JOB-004", "n2 is silent");
    json_object_set_new(document, "status", json_string("failed"));
    json_object_set_new(document, "fault",
                        json_pack("{s:s, s:s, s:s, s:s, s:s}", "id", "MCB-JOB-004", "title",
                                  "a rank went away", "detail", "n2 is silent", "cause", "a crash",
                                  "fix", "start it again"));
    char *text = page_text(document);
    assert_has(text, "failed: a rank went away");
    assert_has(text, "This ended the run:</b> n2 is silent");
    /* cells that were skipped for it do not tell its causes again */
    const char *causes = strstr(text, "Likely causes:");
    assert_non_null(causes);
    assert_null(strstr(causes + 1, "Likely causes:"));
    free(text);
}

static void expectations_of_the_run_itself_are_shown(void **state)
{
    (void)state;
    json_t *document = ledger_document(&small);
    json_object_set_new(
        document, "expectations",
        json_pack("[{s:s, s:b, s:i, s:i, s:i, s:[]}, {s:s, s:b, s:i, s:i, s:i, s:[{s:i, s:f, s:f}, "
                  "{s:i, s:n, s:f}]}]",
                  "rule", "verified", "holds", 1, "chosen", 16, "held", 16, "unjudged", 0, "misses",
                  "rule", "bandwidth >= 300 Gbit/s", "holds", 0, "chosen", 16, "held", 14,
                  "unjudged", 0, "misses", "cell", 5, "figure", 99.5, "bound", 300.0, "cell", 6,
                  "figure", "bound", 300.0));
    char *text = page_text(document);
    assert_has(text, "1 of 2 rules hold");
    assert_has(text, "bandwidth &gt;= 300 Gbit/s");
    assert_has(text, "<b>99.5</b>, bound 300.0");
    assert_has(text, "no figure, bound 300.0");
    free(text);
}

static void expectations_that_are_given_are_judged_and_marked(void **state)
{
    (void)state;
    struct mcb_rules *rules = calloc(1, sizeof *rules);
    struct mcb_expectations expectations;
    struct mcb_error error;
    struct mcb_ledger ledger;
    assert_non_null(rules);
    ledger_of_plan(&small, &ledger);
    assert_int_equal(mcb_rules_parse("bandwidth >= 300 Gbit/s", "--expect", rules, &error), 0);
    assert_int_equal(mcb_expectations_make(&ledger, rules, NULL, &expectations, &error), 0);
    char *text = page_text_of(&(struct mcb_page_input){
        .ledgers = &ledger, .ledger_count = 1, .expectations = &expectations});
    assert_has(text, "0 of 1 rules hold");
    assert_has(text, "misses an expectation");
    assert_has(text, "</b> Gbit/s, bound 300.0 Gbit/s</div>");
    assert_has(text, "and 11 more");
    free(text);
    mcb_expectations_release(&expectations);
    mcb_ledger_release(&ledger);
    free(rules);
}

static void what_changed_is_listed_with_what_differs(void **state)
{
    (void)state;
    struct mcb_ledger before, after;
    struct mcb_comparison comparison;
    struct mcb_error error;
    json_t *document = ledger_document(&small);
    static const double trials[] = {49.5, 49.8, 50, 50.2, 50.5};
    ledger_set_trials(ledger_cell(document, 6), trials, 5);
    ledger_set_host(document, 0, "kernel", json_string("6.9"));
    ledger_of_plan(&small, &before);
    ledger_of(document, &after);
    const struct mcb_comparison_options options = {.tolerance = 0.05};
    assert_int_equal(mcb_comparison_make(&before, 1, &after, &options, &comparison, &error), 0);
    char *text = page_text_of(
        &(struct mcb_page_input){.ledgers = &after, .ledger_count = 1, .comparison = &comparison});
    assert_has(text, "1 regression, of 16 paths compared");
    assert_has(text, "1 slower");
    assert_has(text, "slower: was ");
    assert_has(text, "kernel 6.1 → 6.9 (n1)");
    assert_has(text, "\n<path class=\"ring\" d=\"M"); /* in the map, not only in its key */
    free(text);
    mcb_comparison_release(&comparison);
    mcb_ledger_release(&after);
    mcb_ledger_release(&before);
}

enum { RUNS = 12 };

/* Two of four paths: one is slower from the ninth run on, one faster from the fifth. */
static double changing(size_t initiator, size_t target, size_t setting, size_t trial, void *context)
{
    (void)setting;
    int run = *(const int *)context;
    double level = 100;
    if (initiator == 0 && target == 1 && run >= 8)
        level = 80;
    if (initiator == 1 && target == 0 && run >= 4)
        level = 130;
    if (initiator == 0 && target == 0)
        return run == RUNS - 1 ? 99.99 : level;
    return level * (1 + ((double)((trial * 5 + (size_t)run * 3) % 7) - 3) / 1000);
}

static void load_runs(struct mcb_ledger ledgers[RUNS], const struct mcb_ledger *runs[RUNS])
{
    for (int run = 0; run < RUNS; run++) {
        char started[64];
        snprintf(started, sizeof started, "2026-10-%02dT22:00:00Z", run + 1);
        struct ledger_plan plan = {
            .nics = 2, .figure = changing, .context = &run, .started = started};
        ledger_of_plan(&plan, &ledgers[run]);
        runs[run] = &ledgers[run];
    }
}

static void paths_that_changed_have_a_diagram_with_the_day(void **state)
{
    (void)state;
    struct mcb_ledger ledgers[RUNS];
    const struct mcb_ledger *runs[RUNS];
    struct mcb_trends trends;
    struct mcb_error error;
    load_runs(ledgers, runs);
    assert_int_equal(mcb_trends_make(runs, RUNS, 0.05, false, &trends, &error), 0);
    char *text = page_text_of(
        &(struct mcb_page_input){.ledgers = ledgers, .ledger_count = RUNS, .trends = &trends});
    assert_has(text, "<b>2 of 4 paths changed</b>");
    assert_has(text, "1 of 4 paths got worse in 12 runs");
    assert_has(text, "class=\"step worse\"");
    assert_has(text, "-20.0 %</text>");
    assert_has(text, "+30.0 %</text>");
    assert_has(text, "2026-10-09 22:00:00 UTC</time></th><td class=\"n bad\">1</td>"
                     "<td class=\"n\">0</td>");
    assert_has(text, "2026-10-05 22:00:00 UTC</time></th><td class=\"n\">0</td>"
                     "<td class=\"n\">1</td>");
    assert_has(text, "12 results were given; the newest one is reported");
    const char *others = strstr(text, "2 other paths with time");
    assert_non_null(others);
    assert_has(others, "<th scope=\"row\">n1/mlx5_0/cpu:0 → n1/mlx5_0/cpu:0</th>");
    assert_has(others, "<th scope=\"row\">n1/mlx5_1/cpu:0 → n1/mlx5_1/cpu:0</th>");
    assert_has(others, "\">0.0 %</td>");
    assert_null(strstr(others, "-0.0 %"));
    free(text);
    mcb_trends_release(&trends);
    for (int run = 0; run < RUNS; run++)
        mcb_ledger_release(&ledgers[run]);
}

/* One path that was another with each run. */
static void runs_that_are_not_listed_are_counted(void **state)
{
    (void)state;
    enum { MANY = 44, LISTED = 40 };
    struct mcb_ledger ledgers[MANY];
    const struct mcb_ledger *runs[MANY];
    struct mcb_trend_point points[MANY];
    struct mcb_trend_change changes[MANY - 1];
    char counted[96];
    for (uint32_t run = 0; run < MANY; run++) {
        char started[64];
        snprintf(started, sizeof started, "2026-10-%02uT%02u:00:00Z", run / 24 + 1, run % 24);
        ledger_of_plan(&(struct ledger_plan){.nics = 1, .started = started}, &ledgers[run]);
        runs[run] = &ledgers[run];
        points[run] = (struct mcb_trend_point){.run = run, .figure = 100, .low = 99, .high = 101};
        if (run > 0)
            changes[run - 1] = (struct mcb_trend_change){.point = run, .before = 99, .after = 101};
    }
    struct mcb_trend trend = {points, MANY, changes, MANY - 1};
    for (size_t shown = LISTED; shown < MANY; shown++) {
        trend.change_count = shown;
        const struct mcb_trends trends = {
            .runs = runs, .run_count = MANY, .list = &trend, .count = 1};
        char *text = page_text_of(
            &(struct mcb_page_input){.ledgers = ledgers, .ledger_count = MANY, .trends = &trends});
        snprintf(counted, sizeof counted, "%zu earlier runs in which paths changed are not listed",
                 shown - LISTED);
        if (shown == LISTED)
            assert_lacks(text, "earlier runs in which paths changed");
        else
            assert_has(text, counted);
        free(text);
    }
    for (size_t run = 0; run < MANY; run++)
        mcb_ledger_release(&ledgers[run]);
}

static void a_loss_of_the_last_run_alone_does_not_stand_beside_praise(void **state)
{
    (void)state;
    enum { SINCE_THE_LOSS = 9 };
    struct mcb_ledger ledgers[RUNS];
    const struct mcb_ledger *runs[RUNS];
    struct mcb_trends trends;
    struct mcb_comparison comparison;
    struct mcb_error error;
    const struct mcb_comparison_options options = {.tolerance = 0.05};
    load_runs(ledgers, runs);
    assert_int_equal(mcb_trends_make(runs, SINCE_THE_LOSS, 0.05, false, &trends, &error), 0);
    assert_int_equal(
        mcb_comparison_make(&ledgers[5], 3, &ledgers[8], &options, &comparison, &error), 0);
    char *text = page_text_of(&(struct mcb_page_input){.ledgers = ledgers,
                                                       .ledger_count = SINCE_THE_LOSS,
                                                       .comparison = &comparison,
                                                       .trends = &trends});
    assert_has(text, "1 regression, of 4 paths compared");
    assert_has(text, "no lasting loss in 9 runs; one run alone makes none");
    assert_null(strstr(text, "steady"));
    free(text);
    mcb_comparison_release(&comparison);
    mcb_trends_release(&trends);
    for (int run = 0; run < RUNS; run++)
        mcb_ledger_release(&ledgers[run]);
}

static void what_all_nics_have_in_common_is_said_once(void **state)
{
    (void)state;
    json_t *document = ledger_document(&small);
    ledger_set_nic(document, 1, 1, "firmware", json_string("28.38.0001"));
    char *text = page_text(document);
    const char *driver = strstr(text, "mlx5_core");
    assert_non_null(driver);
    assert_null(strstr(driver + 1, "mlx5_core"));
    assert_has(text, "In what the 4 differ");
    assert_has(text, "<th scope=\"row\">n2/mlx5_1</th><td>28.38.0001</td>");
    free(text);
}

static void the_command_is_quoted_for_a_shell(void **state)
{
    (void)state;
    json_t *document = ledger_document(&small);
    json_object_set_new(document, "command",
                        json_pack("[s, s, s, s]", "mcbench", "cpu", "--job", "a; rm -rf <x>"));
    json_object_set_new(
        json_object_get(document, "settings"), "mtu",
        json_pack("{s:s, s:s, s:s}", "value", "4096", "from", "variable", "variable", "MC_MTU"));
    char *text = page_text(document);
    assert_has(text, "<code>mcbench cpu --job &#39;a; rm -rf &lt;x&gt;&#39;</code>");
    assert_has(text, "&lt;x&gt;&#39; --mtu=4096</code>");
    free(text);
}

static void what_is_no_command_of_mcbench_is_no_line_for_a_shell(void **state)
{
    (void)state;
    static const char *const others[] = {"curl", "/usr/bin/mcbench/sh", "mcbench.sh", ""};
    for (size_t i = 0; i < sizeof others / sizeof others[0]; i++) {
        json_t *document = ledger_document(&small);
        json_object_set_new(document, "command", json_pack("[s, s]", others[i], "evil.example"));
        char *text = page_text(document);
        assert_has(text, "is no command of mcbench: ");
        assert_has(text, " evil.example</p>");
        assert_lacks(text, "evil.example</code>");
        free(text);
    }
    json_t *document = ledger_document(&small);
    json_object_set_new(document, "command", json_pack("[s, s]", "/opt/bin/mcbench", "cpu"));
    char *text = page_text(document);
    assert_has(text, "<code>/opt/bin/mcbench cpu</code>");
    assert_lacks(text, "is no command of mcbench");
    free(text);
}

/* A text of each kind that a result may have, which would be an element. */
static void no_text_of_a_result_becomes_an_element(void **state)
{
    (void)state;
    static const char evil[] = "<i onclick=\"x()\">'\"&</i>";
    json_t *document = ledger_document(&small),
           *setting =
               json_pack("{s:s, s:s, s:s}", "value", evil, "from", "variable", "variable", evil);
    ledger_fail(document, 1, "failed", "MCB-RDMA-013", evil);
    json_t *fault = json_object_get(ledger_cell(document, 1), "fault");
    static const char *const members[] = {"title", "cause", "fix"};
    for (size_t i = 0; i < 3; i++)
        json_object_set_new(fault, members[i], json_string(evil));
    for (size_t cell = 0; cell < 16; cell++) {
        json_t *end = json_object_get(ledger_cell(document, cell), "initiator");
        json_object_set_new(end, "host", json_string(evil));
        json_object_set_new(end, "nic", json_string(evil));
    }
    json_object_set_new(
        document, "findings",
        json_pack("[{s:O, s:[i], s:s}]", "fault", fault, "cells", 1, "evidence", evil));
    json_object_set_new(document, "warnings", json_pack("[s]", evil));
    json_object_set_new(document, "command", json_pack("[s]", evil));
    json_object_set_new(document, "tool", json_pack("{s:s, s:s}", "name", evil, "version", evil));
    json_object_set_new(json_object_get(document, "settings"), "qps", setting);
    json_object_set_new(json_object_get(document, "job"), "name", json_string(evil));
    json_object_set_new(json_object_get(document, "transport"), "because", json_string(evil));
    ledger_set_host(document, 0, "host", json_string(evil));
    ledger_set_host(document, 0, "kernel", json_string(evil));
    ledger_set_nic(document, 0, 0, "name", json_string(evil));
    ledger_set_nic(document, 0, 0, "firmware", json_string(evil));
    char *text = page_text(document);
    assert_lacks(text, "<i ");
    assert_lacks(text, "</i>");
    assert_lacks(text, "onclick=\"");
    assert_has(text, "&lt;i onclick=&quot;x()&quot;&gt;&#39;&quot;&amp;&lt;/i&gt;");
    free(text);
}

static void a_result_without_cells_has_a_page(void **state)
{
    (void)state;
    json_t *document = ledger_document(&small);
    json_array_clear(json_object_get(document, "cells"));
    char *text = page_text(document);
    assert_has(text, "Nothing was measured.");
    assert_lacks(text, "id=\"matrices\"");
    free(text);
}

static void nothing_is_left_where_a_page_cannot_be_written(void **state)
{
    (void)state;
    struct mcb_ledger ledger;
    struct mcb_error error;
    struct stat status;
    ledger_of_plan(&small, &ledger);
    const struct mcb_page_input input = {.ledgers = &ledger, .ledger_count = 1};
    assert_int_equal(mcb_page_write("/tmp/mcbench-no-such-folder/page.html", &input, &error), -1);
    assert_int_equal(error.code, MCB_FAULT_HOST_OUTPUT);
    assert_int_equal(stat("/tmp/mcbench-no-such-folder", &status), -1);
    mcb_ledger_release(&ledger);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_healthy_result_is_in_order_and_has_no_empty_parts),
        cmocka_unit_test(only_the_scripts_and_styles_of_the_program_may_run),
        cmocka_unit_test(the_same_result_gives_the_same_page),
        cmocka_unit_test(faults_of_one_kind_tell_their_causes_once),
        cmocka_unit_test(what_a_result_calls_a_fix_is_no_line_for_a_shell),
        cmocka_unit_test(an_interrupted_run_says_so),
        cmocka_unit_test(expectations_of_the_run_itself_are_shown),
        cmocka_unit_test(expectations_that_are_given_are_judged_and_marked),
        cmocka_unit_test(what_changed_is_listed_with_what_differs),
        cmocka_unit_test(paths_that_changed_have_a_diagram_with_the_day),
        cmocka_unit_test(runs_that_are_not_listed_are_counted),
        cmocka_unit_test(a_loss_of_the_last_run_alone_does_not_stand_beside_praise),
        cmocka_unit_test(what_all_nics_have_in_common_is_said_once),
        cmocka_unit_test(the_command_is_quoted_for_a_shell),
        cmocka_unit_test(what_is_no_command_of_mcbench_is_no_line_for_a_shell),
        cmocka_unit_test(no_text_of_a_result_becomes_an_element),
        cmocka_unit_test(a_result_without_cells_has_a_page),
        cmocka_unit_test(nothing_is_left_where_a_page_cannot_be_written),
    };
    return cmocka_run_group_tests_name("page", tests, NULL, NULL);
}
