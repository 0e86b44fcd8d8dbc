/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <ftw.h>
#include <sys/stat.h>

#include "bench/commands/inputs.h"
#include "tests/unit/ledger_helper.h"

/* ---- results in a folder of their own, which the test runs in ---- */

static int enter_folder(void **state)
{
    *state = strdup("/tmp/mcbench-inputs-XXXXXX");
    return *state && mkdtemp(*state) && chdir(*state) == 0 ? 0 : -1;
}

static int remove_entry(const char *path, const struct stat *status, int type, struct FTW *walk)
{
    (void)status;
    (void)type;
    (void)walk;
    return remove(path);
}

static int leave_folder(void **state)
{
    int outcome = chdir("/") == 0 ? nftw(*state, remove_entry, 8, FTW_DEPTH | FTW_PHYS) : -1;
    free(*state);
    return outcome;
}

/* A result of that day, with all figures times that. */
static double scaled(size_t initiator, size_t target, size_t setting, size_t trial, void *context)
{
    (void)setting;
    return *(const double *)context *
           (100 + (double)((initiator * 7 + target * 3 + trial * 5) % 11) / 5.0 - 1.0);
}

static void write_result(const char *path, int day, double factor)
{
    char started[32];
    snprintf(started, sizeof started, "2026-11-%02dT09:14:02Z", day);
    ledger_write(
        ledger_document(&(struct ledger_plan){
            .hosts = 2, .nics = 4, .figure = scaled, .context = &factor, .started = started}),
        path);
}

/* Runs of 12 days in h/, of which those from the 8th on are slower. */
static void write_history(void)
{
    assert_int_equal(mkdir("h", 0700), 0);
    for (int day = 1; day <= 12; day++) {
        char path[32];
        snprintf(path, sizeof path, "h/%02d.json", day);
        write_result(path, day, day < 8 ? 1 + day % 3 * 0.001 : 0.8 + day % 3 * 0.001);
    }
}

/* ---- requests ---- */

#define WORDS(...) ((const char *const[]){__VA_ARGS__})

static struct mcb_inputs_request request_of(const char *const *results, size_t result_count,
                                            const char *const *baselines, size_t baseline_count)
{
    return (struct mcb_inputs_request){.results = results,
                                       .result_count = result_count,
                                       .baselines = baselines,
                                       .baseline_count = baseline_count};
}

static void load(const struct mcb_inputs_request *request, struct mcb_inputs *inputs)
{
    struct mcb_error error;
    if (mcb_inputs_load(request, inputs, &error) != 0)
        fail_msg("%s", error.detail);
}

static void assert_refused(const struct mcb_inputs_request *request, enum mcb_fault_code code,
                           const char *text)
{
    struct mcb_inputs inputs;
    struct mcb_error error;
    if (mcb_inputs_load(request, &inputs, &error) == 0)
        fail_msg("taken, where \"%s\" was expected", text);
    assert_int_equal(error.code, code);
    if (!strstr(error.detail, text))
        fail_msg("\"%s\" is not in: %s", text, error.detail);
}

/* ---- the tolerance ---- */

static void a_tolerance_is_a_part_in_per_cent(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        double tolerance;
    } good[] = {{"5", 0.05}, {"5%", 0.05}, {"2.5 %", 0.025}, {".5", 0.005}, {"0", 0}, {"90", 0.9}};
    struct mcb_error error;
    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++) {
        double tolerance = -1;
        assert_int_equal(mcb_inputs_parse_tolerance(good[i].text, &tolerance, &error), 0);
        assert_true(tolerance > good[i].tolerance - 1e-12 && tolerance < good[i].tolerance + 1e-12);
    }
}

static void anything_else_is_no_tolerance(void **state)
{
    (void)state;
    static const char *const bad[] = {
        "",
        "%",
        "-5",
        "+5",
        "90.1",
        "100",
        "5%%",
        "5 x",
        "inf",
        "nan",
        "0x5",
        "1e1",
        "5,5",
        ".",
        "1.2.3",
        " 5",
        "5 % ",
        "five",
        "\033[2J",
        "00000000000000000000000000000000000000000000000000000000000000000000000000000005"};
    struct mcb_error error;
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        double tolerance = -1;
        if (mcb_inputs_parse_tolerance(bad[i], &tolerance, &error) == 0)
            fail_msg("\"%s\" was taken", bad[i]);
        assert_int_equal(error.code, MCB_FAULT_USE_VALUE);
        assert_true(tolerance == -1);
        assert_null(strchr(error.detail, '\033'));
    }
}

/* ---- results and baselines ---- */

static void results_and_baselines_are_put_in_the_order_of_time(void **state)
{
    (void)state;
    write_result("a.json", 3, 1);
    write_result("b.json", 1, 1);
    write_result("c.json", 2, 1);
    struct mcb_inputs inputs;
    struct mcb_inputs_request request =
        request_of(WORDS("a.json", "b.json"), 2, WORDS("c.json", "b.json"), 2);
    load(&request, &inputs);
    assert_string_equal(inputs.results[0].path, "b.json");
    assert_string_equal(inputs.results[1].path, "a.json");
    assert_string_equal(inputs.baselines[0].path, "b.json");
    assert_string_equal(inputs.baselines[1].path, "c.json");
    assert_true(inputs.compared);
    assert_ptr_equal(inputs.comparison.after, &inputs.results[1]);
    assert_int_equal(inputs.comparison.baseline_count, 2);
    mcb_inputs_release(&inputs);
}

static void the_tolerance_is_5_per_cent_unless_it_was_said(void **state)
{
    (void)state;
    write_result("a.json", 1, 1);
    write_result("b.json", 2, 0.9);
    struct mcb_inputs inputs;
    struct mcb_inputs_request request = request_of(WORDS("b.json"), 1, WORDS("a.json"), 1);
    load(&request, &inputs);
    assert_true(inputs.comparison.options.tolerance == 0.05);
    assert_int_equal(inputs.comparison.counts[MCB_CHANGE_SLOWER], 64);
    mcb_inputs_release(&inputs);
    request.tolerance = "12";
    load(&request, &inputs);
    assert_int_equal(inputs.comparison.counts[MCB_CHANGE_UNCHANGED], 64);
    mcb_inputs_release(&inputs);
}

static void a_result_alone_is_compared_with_nothing(void **state)
{
    (void)state;
    write_result("a.json", 1, 1);
    struct mcb_inputs inputs;
    const struct mcb_inputs_request request = request_of(WORDS("a.json"), 1, NULL, 0);
    load(&request, &inputs);
    assert_false(inputs.compared);
    assert_false(inputs.has_trends);
    assert_int_equal(inputs.timeline_count, 1);
    mcb_inputs_release(&inputs);
}

static void what_is_wrong_with_a_file_is_told(void **state)
{
    (void)state;
    write_result("a.json", 1, 1);
    struct mcb_inputs_request request = request_of(WORDS("a.json"), 1, WORDS("none.json"), 1);
    assert_refused(&request, MCB_FAULT_USE_FILE, "none.json: No such file");
    request = request_of(WORDS("a.json"), 1, NULL, 0);
    request.history = "none";
    assert_refused(&request, MCB_FAULT_USE_FILE, "none: ");
    request = request_of(WORDS("a.json"), 1, NULL, 0);
    request.tolerance = "x";
    assert_refused(&request, MCB_FAULT_USE_VALUE, "--tolerance x: ");
}

/* ---- the history ---- */

static void baselines_come_from_the_history_where_none_was_named(void **state)
{
    (void)state;
    write_history();
    write_result("new.json", 20, 0.8);
    struct mcb_inputs inputs;
    struct mcb_inputs_request request = request_of(WORDS("new.json"), 1, NULL, 0);
    request.history = "h";
    load(&request, &inputs);
    assert_true(inputs.compared);
    assert_true(inputs.baselines_of_history);
    assert_true(inputs.baseline_count >= 1);
    for (size_t i = 0; i < inputs.baseline_count; i++) /* of the level that holds now */
        assert_true(strcmp(inputs.baselines[i].started, "2026-11-08") > 0);
    assert_int_equal(inputs.comparison.counts[MCB_CHANGE_UNCHANGED], 64);
    mcb_inputs_release(&inputs);
}

static void a_named_baseline_counts_before_the_history(void **state)
{
    (void)state;
    write_history();
    write_result("new.json", 20, 0.8);
    struct mcb_inputs inputs;
    struct mcb_inputs_request request = request_of(WORDS("new.json"), 1, WORDS("h/01.json"), 1);
    request.history = "h";
    load(&request, &inputs);
    assert_false(inputs.baselines_of_history);
    assert_int_equal(inputs.baseline_count, 1);
    assert_int_equal(inputs.comparison.counts[MCB_CHANGE_SLOWER], 64);
    assert_true(inputs.has_trends);
    mcb_inputs_release(&inputs);
}

static void the_timeline_has_each_run_once(void **state)
{
    (void)state;
    write_history();
    struct mcb_inputs inputs;
    struct mcb_inputs_request request = request_of(WORDS("h/12.json", "./h/03.json"), 2, NULL, 0);
    request.history = "h";
    load(&request, &inputs);
    assert_int_equal(inputs.timeline_count, 12);
    for (size_t i = 1; i < inputs.timeline_count; i++)
        assert_true(strcmp(inputs.timeline[i - 1]->started, inputs.timeline[i]->started) < 0);
    for (size_t i = 0; i < inputs.baseline_count; i++) /* it is no baseline of its own */
        assert_string_not_equal(inputs.baselines[i].started, inputs.results[1].started);
    mcb_inputs_release(&inputs);
}

static void trends_are_made_over_the_timeline(void **state)
{
    (void)state;
    write_history();
    write_result("new.json", 20, 0.8);
    struct mcb_inputs inputs;
    struct mcb_inputs_request request = request_of(WORDS("new.json"), 1, NULL, 0);
    request.history = "h";
    load(&request, &inputs);
    assert_true(inputs.has_trends);
    assert_int_equal(inputs.trends.run_count, 13);
    assert_int_equal(inputs.trends.count, 64);
    assert_int_equal(inputs.trends.list[0].change_count, 1);
    uint32_t point = inputs.trends.list[0].changes[0].point;
    assert_string_equal(inputs.timeline[inputs.trends.list[0].points[point].run]->started,
                        "2026-11-08T09:14:02Z");
    mcb_inputs_release(&inputs);
}

/* ---- outputs ---- */

#define OUTPUTS(...)                                                                               \
    .outputs = (const struct mcb_inputs_output[]){__VA_ARGS__},                                    \
    .output_count =                                                                                \
        sizeof((const struct mcb_inputs_output[]){__VA_ARGS__}) / sizeof(struct mcb_inputs_output)

static void two_outputs_are_never_one_file(void **state)
{
    (void)state;
    write_result("a.json", 1, 1);
    assert_int_equal(symlink("there.xml", "link.xml"), 0);
    write_result("there.xml", 1, 1);
    const struct {
        const char *one, *other;
    } pairs[] = {
        {"x.xml", "x.xml"}, {"x.xml", "./x.xml"}, {"x.xml", ".//x.xml"}, {"there.xml", "link.xml"}};
    for (size_t i = 0; i < sizeof pairs / sizeof pairs[0]; i++) {
        const struct mcb_inputs_request request = {
            .results = WORDS("a.json"),
            .result_count = 1,
            OUTPUTS({"junit", pairs[i].one}, {"prometheus", NULL}, {"markdown", pairs[i].other})};
        assert_refused(&request, MCB_FAULT_USE_OPTION, "another output goes to the same file");
    }
}

static void an_output_is_never_an_input(void **state)
{
    (void)state;
    write_history();
    write_result("a.json", 20, 1);
    write_result("b.json", 20, 1);
    assert_int_equal(link("b.json", "hard.json"), 0);
    static const struct {
        const char *path, *why;
    } wrong[] = {{"a.json", "--junit a.json: is one of the results that are read"},
                 {"./a.json", "is one of the results"},
                 {"hard.json", "is one of the results"},
                 {"h/05.json", "is a result of the history"}};
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        const struct mcb_inputs_request request = {.results = WORDS("a.json"),
                                                   .result_count = 1,
                                                   .baselines = WORDS("b.json"),
                                                   .baseline_count = 1,
                                                   .history = "h",
                                                   OUTPUTS({"junit", wrong[i].path})};
        assert_refused(&request, MCB_FAULT_USE_OPTION, wrong[i].why);
    }
}

static void a_baseline_counts_once(void **state)
{
    (void)state;
    write_result("a.json", 1, 1);
    write_result("b.json", 2, 1);
    write_result("new.json", 3, 1);
    assert_int_equal(symlink("a.json", "again.json"), 0);
    const struct mcb_inputs_request request =
        request_of(WORDS("new.json"), 1, WORDS("a.json", "b.json", "again.json"), 3);
    assert_refused(&request, MCB_FAULT_USE_OPTION, "again.json: this baseline is given twice");
}

static void outputs_apart_and_streams_are_taken(void **state)
{
    (void)state;
    write_result("a.json", 1, 1);
    assert_int_equal(mkdir("d", 0700), 0);
    struct mcb_inputs inputs;
    const struct mcb_inputs_request apart = {
        .results = WORDS("a.json"),
        .result_count = 1,
        OUTPUTS({"junit", "x"}, {"markdown", "d/x"}, {"prometheus", NULL})};
    load(&apart, &inputs);
    mcb_inputs_release(&inputs);
    const struct mcb_inputs_request streams = {
        .results = WORDS("a.json"),
        .result_count = 1,
        OUTPUTS({"junit", "/dev/null"}, {"markdown", "/dev/null"})};
    load(&streams, &inputs);
    mcb_inputs_release(&inputs);
}

#define IN_FOLDER(test) cmocka_unit_test_setup_teardown(test, enter_folder, leave_folder)

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_tolerance_is_a_part_in_per_cent),
        cmocka_unit_test(anything_else_is_no_tolerance),
        IN_FOLDER(results_and_baselines_are_put_in_the_order_of_time),
        IN_FOLDER(the_tolerance_is_5_per_cent_unless_it_was_said),
        IN_FOLDER(a_result_alone_is_compared_with_nothing),
        IN_FOLDER(what_is_wrong_with_a_file_is_told),
        IN_FOLDER(baselines_come_from_the_history_where_none_was_named),
        IN_FOLDER(a_named_baseline_counts_before_the_history),
        IN_FOLDER(the_timeline_has_each_run_once),
        IN_FOLDER(trends_are_made_over_the_timeline),
        IN_FOLDER(two_outputs_are_never_one_file),
        IN_FOLDER(an_output_is_never_an_input),
        IN_FOLDER(a_baseline_counts_once),
        IN_FOLDER(outputs_apart_and_streams_are_taken),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
