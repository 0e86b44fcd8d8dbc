/* SPDX-License-Identifier: Apache-2.0 */
#include "bench/report/prometheus.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <unistd.h>

#include "tests/unit/ledger_helper.h"

/* The labels of the path between two NICs of one host in documents of ledger_plan, as written. */
#define ENDS(initiator, target)                                                                    \
    "initiator_host=\"n1\",initiator_nic=\"mlx5_" #initiator "\",initiator_memory=\"cpu:0\","      \
    "target_host=\"n1\",target_nic=\"mlx5_" #target "\",target_memory=\"cpu:0\""
#define USUAL(measure)                                                                             \
    ",operation=\"write\",measure=\"" measure "\",size_bytes=\"65536\",directions=\"one\","        \
    "route=\"direct\",relaxed_ordering=\"off\",qps=\"1\",depth=\"128\",signal_every=\"16\","       \
    "inline_bytes=\"0\""
#define PATH(initiator, target, measure) ENDS(initiator, target) USUAL(measure)

struct folder {
    char path[64], file[96];
};

static int make_folder(void **state)
{
    struct folder *folder = calloc(1, sizeof *folder);
    if (!folder)
        return -1;
    strcpy(folder->path, "/tmp/mcbench-prometheus-XXXXXX");
    *state = folder;
    if (!mkdtemp(folder->path))
        return -1;
    snprintf(folder->file, sizeof folder->file, "%s/mcbench.prom", folder->path);
    return 0;
}

static int remove_folder(void **state)
{
    struct folder *folder = *state;
    unlink(folder->file);
    int outcome = rmdir(folder->path); /* fails if something else was left there */
    free(folder);
    return outcome;
}

/* ---- writing, and reading what was written ---- */

/* The caller's: free(). */
static char *write_all(void **state, const struct mcb_ledger *ledger,
                       const struct mcb_comparison *comparison,
                       const struct mcb_expectations *expectations)
{
    const struct folder *folder = *state;
    struct mcb_error error;
    char *text = NULL;
    size_t size = 0;
    if (mcb_prometheus_write(folder->file, ledger, comparison, expectations, &error) != 0)
        fail_msg("%s", error.detail);
    FILE *stream = fopen(folder->file, "r");
    assert_non_null(stream);
    assert_true(getdelim(&text, &size, '\0', stream) > 0);
    fclose(stream);
    return text;
}

/* Of a document, whose reference it takes. */
static char *write_document(void **state, json_t *document)
{
    struct mcb_ledger ledger;
    ledger_of(document, &ledger);
    char *text = write_all(state, &ledger, NULL, NULL);
    mcb_ledger_release(&ledger);
    return text;
}

static void assert_holds(const char *text, const char *expected)
{
    if (!strstr(text, expected))
        fail_msg("'%s' is not in:\n%s", expected, text);
}

static void assert_lacks(const char *text, const char *unexpected)
{
    if (strstr(text, unexpected))
        fail_msg("'%s' is in:\n%s", unexpected, text);
}

/* A line of its own: name{labels} value. */
static void assert_sample(const char *text, const char *expected)
{
    char line[2048];
    snprintf(line, sizeof line, "\n%s\n", expected);
    assert_holds(text, line);
}

static size_t count_of(const char *text, const char *part)
{
    size_t count = 0;
    for (const char *at = text; (at = strstr(at, part)); at += strlen(part))
        count++;
    return count;
}

/* Every name: HELP, TYPE, then all its samples, and never again. No series twice. */
static void assert_well_formed(const char *text)
{
    json_t *names = json_object(), *series = json_object();
    char *copy = strdup(text), *rest = NULL, name[128] = "", found[128];
    for (char *line = strtok_r(copy, "\n", &rest); line; line = strtok_r(NULL, "\n", &rest)) {
        if (strncmp(line, "# HELP ", 7) == 0) {
            assert_int_equal(sscanf(line, "# HELP %127s", name), 1);
            assert_null(json_object_get(names, name));
            json_object_set_new(names, name, json_true());
            line = strtok_r(NULL, "\n", &rest);
            assert_non_null(line);
            assert_int_equal(sscanf(line, "# TYPE %127s gauge", found), 1);
            assert_string_equal(found, name);
            continue;
        }
        assert_int_equal(sscanf(line, "%127[a-z_]", found), 1);
        assert_string_equal(found, name);
        *strrchr(line, ' ') = '\0';
        if (json_object_get(series, line))
            fail_msg("twice: %s", line);
        json_object_set_new(series, line, json_true());
    }
    free(copy);
    json_decref(series);
    json_decref(names);
}

/* ---- figures ---- */

static double of_endpoints(size_t initiator, size_t target, size_t setting, size_t trial,
                           void *context)
{
    (void)context;
    double median = setting == 1 ? 4 : 100 + 10 * (double)initiator + (double)target;
    return median + ((double)trial - 2) / 8;
}

static void a_bandwidth_and_its_ceiling_are_in_bytes_per_second(void **state)
{
    char *text = write_document(
        state, ledger_document(&(struct ledger_plan){.figure = of_endpoints, .ceiling_gbps = 200}));
    assert_sample(text,
                  "mcbench_bandwidth_bytes_per_second{" PATH(0, 1, "bandwidth") "} 12625000000");
    assert_sample(text,
                  "mcbench_bandwidth_bytes_per_second{" PATH(1, 0, "bandwidth") "} 13750000000");
    assert_sample(text, "mcbench_bandwidth_ceiling_bytes_per_second{" PATH(
                            1, 0, "bandwidth") "} 25000000000");
    assert_sample(text, "mcbench_cell_ok{" PATH(1, 0, "bandwidth") "} 1");
    assert_lacks(text, "mcbench_latency_seconds");
    assert_well_formed(text);
    free(text);
}

static void a_latency_is_in_seconds_a_series_each_figure(void **state)
{
    static const struct ledger_setting settings[] = {{.measure = "bandwidth"},
                                                     {.measure = "latency"}};
    char *text = write_document(state, ledger_document(&(struct ledger_plan){.figure = of_endpoints,
                                                                             .settings = settings,
                                                                             .setting_count = 2}));
    assert_sample(text, "mcbench_latency_seconds{" PATH(0, 1, "latency") ",figure=\"min\"} 2e-06");
    assert_sample(text, "mcbench_latency_seconds{" PATH(0, 1, "latency") ",figure=\"p50\"} 4e-06");
    assert_sample(text,
                  "mcbench_latency_seconds{" PATH(0, 1, "latency") ",figure=\"p90\"} 4.8e-06");
    assert_sample(text, "mcbench_latency_seconds{" PATH(0, 1, "latency") ",figure=\"p99\"} 6e-06");
    assert_sample(text, "mcbench_latency_seconds{" PATH(0, 1, "latency") ",figure=\"p999\"} 8e-06");
    assert_sample(text,
                  "mcbench_latency_seconds{" PATH(0, 1, "latency") ",figure=\"max\"} 3.6e-05");
    assert_sample(text,
                  "mcbench_latency_seconds{" PATH(0, 1, "latency") ",figure=\"mean\"} 4.4e-06");
    assert_int_equal(count_of(text, "\nmcbench_latency_seconds{"), 4 * 7);
    assert_int_equal(count_of(text, "\nmcbench_bandwidth_bytes_per_second{"), 4);
    assert_well_formed(text);
    free(text);
}

static void bytes_that_were_compared_are_counted(void **state)
{
    json_t *document = ledger_document(&(struct ledger_plan){0});
    json_t *cell = ledger_cell(document, ledger_cell_at(document, 0, 0, 1));
    json_object_set_new(cell, "verified_bytes", json_integer(1234567890123));
    char *text = write_document(state, document);
    assert_sample(text, "mcbench_verified_bytes{" PATH(0, 1, "bandwidth") "} 1234567890123");
    assert_sample(text, "mcbench_corrupt_bytes{" PATH(0, 1, "bandwidth") "} 0");
    free(text);
}

static void a_failed_cell_has_its_fault_and_no_figure(void **state)
{
    json_t *document = ledger_document(&(struct ledger_plan){0});
    ledger_fail(document, ledger_cell_at(document, 0, 0, 1), "failed", "MCB-RDMA-013", "lost");
    ledger_fail(document, ledger_cell_at(document, 0, 1, 0), "skipped", "MCB-JOB-004", "late");
    char *text = write_document(state, document);
    assert_sample(text, "mcbench_cell_ok{" PATH(0, 1, "bandwidth") "} 0");
    assert_sample(text, "mcbench_cell_ok{" PATH(1, 0, "bandwidth") "} 0");
    assert_sample(text, "mcbench_cell_ok{" PATH(0, 0, "bandwidth") "} 1");
    assert_sample(text, "mcbench_cell_fault_info{" PATH(
                            0, 1, "bandwidth") ",status=\"failed\",fault=\"MCB-RDMA-013\"} 1");
    assert_sample(text, "mcbench_cell_fault_info{" PATH(
                            1, 0, "bandwidth") ",status=\"skipped\",fault=\"MCB-JOB-004\"} 1");
    assert_lacks(text, "mcbench_bandwidth_bytes_per_second{" PATH(0, 1, "bandwidth"));
    assert_int_equal(count_of(text, "\nmcbench_bandwidth_bytes_per_second{"), 2);
    assert_int_equal(count_of(text, "\nmcbench_cell_fault_info{"), 2);
    assert_well_formed(text);
    free(text);
}

/* ---- the run ---- */

static void the_run_and_its_hosts_are_named_with_their_versions(void **state)
{
    char *text = write_document(state, ledger_document(&(struct ledger_plan){.hosts = 2}));
    assert_holds(text,
                 "\nmcbench_run_info{version=\"0.1.0\",transport=\"rdma\",status=\"complete\","
                 "stand_in=\"false\"} 1\n");
    assert_sample(text, "mcbench_host_info{host=\"n2\",kernel=\"6.1\",cpu=\"a CPU\"} 1");
    assert_sample(text, "mcbench_nic_info{host=\"n2\",nic=\"mlx5_1\",driver=\"mlx5_core\","
                        "firmware=\"28.39.1002\",board=\"MT_0000000838\"} 1");
    assert_lacks(text, "mcbench_gpu_info");
    assert_sample(text, "mcbench_run_start_time_seconds 1795338842");
    assert_well_formed(text);
    free(text);
}

static void a_stand_in_gpu_is_said_to_be_one(void **state)
{
    static const char *const memories[] = {"cuda:0"};
    char *text =
        write_document(state, ledger_document(&(struct ledger_plan){
                                  .memories = memories, .memory_count = 1, .stand_in = true}));
    assert_holds(text, "stand_in=\"true\"");
    assert_sample(text, "mcbench_gpu_info{host=\"n1\",gpu=\"cuda:0\",model=\"a GPU\","
                        "driver=\"570.1\",runtime=\"12.8\",pci_address=\"0000:19:00.0\"} 1");
    free(text);
}

static void a_result_without_cells_is_still_one(void **state)
{
    char *text = write_document(state, result_document());
    assert_holds(text, "mcbench_run_info{");
    assert_lacks(text, "mcbench_cell_ok");
    assert_well_formed(text);
    free(text);
}

/* ---- labels ---- */

static void label_values_are_escaped_and_clean(void **state)
{
    json_t *document = ledger_document(&(struct ledger_plan){.nics = 1});
    json_t *cell = ledger_cell(document, 0);
    const char *hostile = "a\"} 1\nup{b=\"\\ \x1b[31m\xc2\x85µ";
    json_object_set_new(json_object_get(cell, "initiator"), "host", json_string(hostile));
    char *text = write_document(state, document);
    assert_holds(text, "{initiator_host=\"a\\\"} 1?up{b=\\\"\\\\ ?[31m?µ\",");
    assert_lacks(text, "\nup{");
    free(text);
}

static void what_has_no_value_is_no_label(void **state)
{
    char *text = write_document(state, ledger_document(&(struct ledger_plan){.tcp = true}));
    assert_lacks(text, "relaxed_ordering");
    assert_lacks(text, "=\"\"");
    assert_well_formed(text);
    free(text);
}

static void cells_that_look_alike_are_told_apart(void **state)
{
    json_t *document = ledger_document(&(struct ledger_plan){0});
    for (int i = 0; i < 2; i++)
        result_append(document, json_deep_copy(ledger_cell(document, 1)));
    char *text = write_document(state, document);
    assert_sample(text, "mcbench_cell_ok{" PATH(0, 1, "bandwidth") "} 1");
    assert_sample(text, "mcbench_cell_ok{" PATH(0, 1, "bandwidth") ",repeat=\"2\"} 1");
    assert_sample(text, "mcbench_cell_ok{" PATH(0, 1, "bandwidth") ",repeat=\"3\"} 1");
    assert_well_formed(text);
    free(text);
}

static void hosts_whose_names_look_alike_once_clean_are_told_apart(void **state)
{
    json_t *document = ledger_document(&(struct ledger_plan){.nics = 1});
    json_t *other = json_deep_copy(ledger_cell(document, 0));
    json_object_set_new(json_object_get(ledger_cell(document, 0), "initiator"), "host",
                        json_string("n\x01"));
    json_object_set_new(json_object_get(other, "initiator"), "host", json_string("n\x02"));
    result_append(document, other);
    char *text = write_document(state, document);
    assert_int_equal(count_of(text, "mcbench_cell_ok{initiator_host=\"n?\""), 2);
    assert_well_formed(text);
    free(text);
}

static void every_setting_has_series_of_its_own(void **state)
{
    static const struct ledger_setting settings[] = {
        {0},
        {.operation = "read"},
        {.size_bytes = 4096},
        {.bidirectional = true},
        {.qps = 2},
        {.depth = 16},
        {.ordering = "on"},
        {.measure = "latency"},
        {.route = "staged"},
        {.route = "host"},
    };
    char *text = write_document(
        state, ledger_document(&(struct ledger_plan){
                   .settings = settings, .setting_count = sizeof settings / sizeof *settings}));
    assert_int_equal(count_of(text, "\nmcbench_cell_ok{"), 4 * 10);
    assert_lacks(text, "repeat=");
    assert_well_formed(text);
    free(text);
}

/* ---- expectations ---- */

static void a_rule_is_held_or_missed(void **state)
{
    struct mcb_error error;
    struct mcb_ledger ledger;
    struct mcb_rules rules = {.count = 0};
    struct mcb_expectations expectations;
    ledger_of_plan(&(struct ledger_plan){.figure = of_endpoints}, &ledger);
    assert_int_equal(mcb_rules_parse("bandwidth >= 101 Gbit/s; bandwidth > 1 Gbit/s", "--expect",
                                     &rules, &error),
                     0);
    assert_int_equal(mcb_expectations_make(&ledger, &rules, NULL, &expectations, &error), 0);
    char *text = write_all(state, &ledger, NULL, &expectations);
    assert_sample(text, "mcbench_expectation_held{rule=\"bandwidth >= 101 Gbit/s\"} 0");
    assert_sample(text, "mcbench_expectation_held{rule=\"bandwidth > 1 Gbit/s\"} 1");
    assert_sample(text,
                  "mcbench_expectation_cells{rule=\"bandwidth >= 101 Gbit/s\",verdict=\"held\"} 3");
    assert_sample(
        text, "mcbench_expectation_cells{rule=\"bandwidth >= 101 Gbit/s\",verdict=\"missed\"} 1");
    assert_sample(text, "mcbench_cell_expectation_missed{" PATH(0, 0, "bandwidth") "} 1");
    assert_sample(text, "mcbench_cell_expectation_missed{" PATH(0, 1, "bandwidth") "} 0");
    assert_well_formed(text);
    free(text);
    mcb_expectations_release(&expectations);
    mcb_ledger_release(&ledger);
}

static void the_rules_of_the_result_are_those_that_nobody_gave(void **state)
{
    json_t *document = ledger_document(&(struct ledger_plan){.figure = of_endpoints});
    ledger_set_setting(document, "expect", "bandwidth >= 101 Gbit/s");
    json_object_set_new(document, "expectations",
                        json_pack("[{s:s, s:b, s:i, s:i, s:i, s:[]}]", "rule",
                                  "bandwidth >= 101 Gbit/s", "holds", 1, "chosen", 4, "held", 4,
                                  "unjudged", 0, "misses"));
    char *text = write_document(state, document);
    assert_sample(text, "mcbench_expectation_held{rule=\"bandwidth >= 101 Gbit/s\"} 0");
    free(text);
}

static void rules_that_this_program_cannot_judge_are_left_out(void **state)
{
    json_t *document = ledger_document(&(struct ledger_plan){0});
    ledger_set_setting(document, "expect", "jitter <= 1 us");
    json_object_set_new(document, "expectations",
                        json_pack("[{s:s, s:b, s:i, s:i, s:i, s:[]}]", "rule", "jitter <= 1 us",
                                  "holds", 1, "chosen", 4, "held", 4, "unjudged", 0, "misses"));
    char *text = write_document(state, document);
    assert_lacks(text, "mcbench_expectation");
    assert_sample(text, "mcbench_cell_ok{" PATH(0, 1, "bandwidth") "} 1");
    free(text);
}

/* ---- a comparison ---- */

static double slower_once(size_t initiator, size_t target, size_t setting, size_t trial,
                          void *context)
{
    (void)setting;
    (void)context;
    double level = initiator == 0 && target == 1 ? 50 : 100;
    return level + (double)trial / 10;
}

static double as_ever(size_t initiator, size_t target, size_t setting, size_t trial, void *context)
{
    (void)initiator;
    (void)target;
    (void)setting;
    (void)context;
    return 100 + (double)trial / 10;
}

static void a_regression_is_one_where_it_is(void **state)
{
    struct mcb_error error;
    struct mcb_ledger before, after;
    struct mcb_comparison comparison;
    struct mcb_comparison_options options = {.tolerance = 0.05};
    ledger_of_plan(&(struct ledger_plan){.figure = as_ever, .trials = 9}, &before);
    json_t *document = ledger_document(&(struct ledger_plan){.figure = slower_once, .trials = 9});
    ledger_drop(document, ledger_cell_at(document, 0, 1, 1));
    ledger_of(document, &after);
    if (mcb_comparison_make(&before, 1, &after, &options, &comparison, &error) != 0)
        fail_msg("%s", error.detail);
    char *text = write_all(state, &after, &comparison, NULL);
    assert_sample(text, "mcbench_cell_regression{" PATH(0, 1, "bandwidth") "} 1");
    assert_sample(text, "mcbench_cell_regression{" PATH(0, 0, "bandwidth") "} 0");
    assert_sample(text, "mcbench_cell_regression{" PATH(1, 1, "bandwidth") ",change=\"gone\"} 1");
    assert_sample(text, "mcbench_cell_change_ratio{" PATH(0, 0, "bandwidth") "} 1");
    assert_holds(text, "mcbench_cell_change_ratio{" PATH(0, 1, "bandwidth") "} 0.50");
    assert_sample(text, "mcbench_comparison_cells{change=\"slower\"} 1");
    assert_sample(text, "mcbench_comparison_cells{change=\"gone\"} 1");
    assert_sample(text, "mcbench_comparison_cells{change=\"unchanged\"} 2");
    assert_sample(text, "mcbench_comparison_regressions 2");
    assert_sample(text, "mcbench_comparison_tolerance_ratio 0.05");
    assert_well_formed(text);
    free(text);
    mcb_comparison_release(&comparison);
    mcb_ledger_release(&after);
    mcb_ledger_release(&before);
}

static void without_a_comparison_nothing_is_said_of_changes(void **state)
{
    char *text = write_document(state, ledger_document(&(struct ledger_plan){0}));
    assert_lacks(text, "mcbench_comparison");
    assert_lacks(text, "mcbench_cell_regression");
    assert_lacks(text, "mcbench_cell_change_ratio");
    assert_lacks(text, "mcbench_expectation");
    assert_lacks(text, "mcbench_cell_expectation_missed");
    free(text);
}

/* ---- the file ---- */

static void a_folder_that_is_not_there_is_a_fault(void **state)
{
    (void)state;
    struct mcb_error error = {.code = MCB_FAULT_NONE};
    struct mcb_ledger ledger;
    ledger_of_plan(&(struct ledger_plan){0}, &ledger);
    assert_int_equal(mcb_prometheus_write("/nowhere/mcbench.prom", &ledger, NULL, NULL, &error),
                     -1);
    assert_int_equal(error.code, MCB_FAULT_HOST_OUTPUT);
    mcb_ledger_release(&ledger);
}

#define IN_FOLDER(test) cmocka_unit_test_setup_teardown(test, make_folder, remove_folder)

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_FOLDER(a_bandwidth_and_its_ceiling_are_in_bytes_per_second),
        IN_FOLDER(a_latency_is_in_seconds_a_series_each_figure),
        IN_FOLDER(bytes_that_were_compared_are_counted),
        IN_FOLDER(a_failed_cell_has_its_fault_and_no_figure),
        IN_FOLDER(the_run_and_its_hosts_are_named_with_their_versions),
        IN_FOLDER(a_stand_in_gpu_is_said_to_be_one),
        IN_FOLDER(a_result_without_cells_is_still_one),
        IN_FOLDER(label_values_are_escaped_and_clean),
        IN_FOLDER(what_has_no_value_is_no_label),
        IN_FOLDER(cells_that_look_alike_are_told_apart),
        IN_FOLDER(hosts_whose_names_look_alike_once_clean_are_told_apart),
        IN_FOLDER(every_setting_has_series_of_its_own),
        IN_FOLDER(a_rule_is_held_or_missed),
        IN_FOLDER(the_rules_of_the_result_are_those_that_nobody_gave),
        IN_FOLDER(rules_that_this_program_cannot_judge_are_left_out),
        IN_FOLDER(a_regression_is_one_where_it_is),
        IN_FOLDER(without_a_comparison_nothing_is_said_of_changes),
        cmocka_unit_test(a_folder_that_is_not_there_is_a_fault),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
