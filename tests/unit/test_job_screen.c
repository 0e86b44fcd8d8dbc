/* SPDX-License-Identifier: Apache-2.0 */
/* What a job prints, and that it is known when nobody got it. */
#include "bench/commands/job_screen.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "common/json.h"
#include "tests/unit/result_helper.h"

enum { OUTPUT_MAX = 65536 };

static const struct mcb_expectations nothing_expected;

static char *show_result(const struct mcb_settings *settings, const json_t *document)
{
    static char text[OUTPUT_MAX];
    struct mcb_error error = {0};
    struct captured out = capture_begin(STDOUT_FILENO);
    int status =
        mcb_job_screen_result(settings, document, &nothing_expected, NULL, "today.json", &error);
    capture_end(&out, text, sizeof text);
    assert_int_equal(status, 0);
    return text;
}

static json_t *one_cell(void)
{
    json_t *document = result_document();
    result_append(document, result_bandwidth("n1", "mlx5_0", "n1", "mlx5_1", 388.1));
    return document;
}

static void the_tables_come_with_the_name_of_the_file(void **state)
{
    (void)state;
    const struct mcb_settings settings = {0};
    json_t *document = one_cell();
    const char *text = show_result(&settings, document);
    assert_non_null(strstr(text, "388.1 ±0.5"));
    assert_non_null(strstr(text, "\nresult: today.json\n"));
    json_decref(document);
}

static void what_was_expected_comes_after_the_tables(void **state)
{
    (void)state;
    static struct mcb_rules rules;
    static char text[OUTPUT_MAX];
    const struct mcb_settings settings = {0};
    struct mcb_error error;
    struct mcb_ledger ledger;
    struct mcb_expectations expectations;
    json_t *document = one_cell();
    assert_int_equal(mcb_rules_parse("bandwidth >= 388 Gbit/s", "--expect", &rules, &error), 0);
    assert_int_equal(mcb_ledger_from_document(document, &ledger, &error), 0);
    assert_int_equal(mcb_expectations_make(&ledger, &rules, NULL, &expectations, &error), 0);
    struct captured out = capture_begin(STDOUT_FILENO);
    assert_int_equal(
        mcb_job_screen_result(&settings, document, &expectations, &ledger, "a.json", &error), 0);
    capture_end(&out, text, sizeof text);
    assert_non_null(strstr(text, "388.1 ±0.5"));
    assert_non_null(strstr(text, "expectations\n"
                                 "✔ bandwidth >= 388 Gbit/s: 1 of 1 path holds\n"
                                 "result: a.json\n"));
    mcb_expectations_release(&expectations);
    mcb_ledger_release(&ledger);
    json_decref(document);
}

static void quiet_prints_nothing(void **state)
{
    (void)state;
    const struct mcb_settings settings = {.quiet = true};
    json_t *document = one_cell();
    assert_string_equal(show_result(&settings, document), "");
    json_decref(document);
}

static void the_document_on_stdout_is_the_file_byte_for_byte(void **state)
{
    (void)state;
    const struct mcb_settings settings = {.json = true};
    char path[] = "/tmp/mcbench-XXXXXX", file[OUTPUT_MAX] = "";
    struct mcb_error error;
    json_t *document = one_cell();
    json_object_set_new(document, "warnings", json_pack("[s]", "µ → \xc2\x9b"));
    int fd = mkstemp(path);
    assert_true(fd >= 0);
    assert_int_equal(mcb_json_write_file(path, document, &error), 0);
    close(fd);
    FILE *stream = fopen(path, "r");
    assert_non_null(stream);
    file[fread(file, 1, sizeof file - 1, stream)] = '\0';
    fclose(stream);
    unlink(path);
    const char *text = show_result(&settings, document);
    assert_string_equal(text, file);
    assert_non_null(strstr(text, ": 388.1,"));
    json_decref(document);
}

static void why_a_run_failed_is_left_to_stderr(void **state)
{
    (void)state;
    const struct mcb_settings settings = {0};
    json_t *document = one_cell();
    json_object_set_new(document, "status", json_string("failed"));
    json_object_set_new(document, "fault",
                        json_pack("{s:s, s:s}", "id", "MCB-JOB-001", "detail", "n2 is gone"));
    assert_null(strstr(show_result(&settings, document), "n2 is gone"));
    json_decref(document);
}

static void a_result_that_nobody_got_is_a_fault(void **state)
{
    (void)state;
    static const struct mcb_settings ways[] = {{.json = true}, {.json = false}};
    json_t *document = one_cell();
    for (size_t i = 0; i < sizeof ways / sizeof *ways; i++) {
        struct mcb_error error = {0};
        char nothing[64];
        struct captured out = capture_begin(STDOUT_FILENO);
        assert_non_null(freopen("/dev/full", "w", stdout));
        int status =
            mcb_job_screen_result(&ways[i], document, &nothing_expected, NULL, NULL, &error);
        clearerr(stdout);
        capture_end(&out, nothing, sizeof nothing);
        assert_int_equal(status, -1);
        assert_int_equal(error.code, MCB_FAULT_HOST_OUTPUT);
        assert_string_equal(error.detail, "standard output: No space left on device");
    }
    json_decref(document);
}

/* Two NICs of this host, and a GPU with each. */
static struct mcb_plan_endpoint endpoints[] = {
    {.nic = 0, .gpu = -1, .numa_node = -1},
    {.nic = 0, .gpu = 0, .numa_node = -1},
    {.nic = 1, .gpu = 1, .numa_node = -1},
    {.nic = 1, .gpu = -1, .numa_node = 1},
};
static const struct mcb_endpoint_list host_alone = {endpoints, 1}, all = {endpoints, 4};
static const struct mcb_memory_choice cpu = {false, -1}, cuda = {true, -1};

static const char *show_title(const struct mcb_endpoint_list *list, unsigned ranks,
                              const struct mcb_memory_choice *memory)
{
    static char text[OUTPUT_MAX];
    const struct mcb_endpoint_list lists[] = {*list, *list};
    struct mcb_cell_settings cell = {.size_bytes = 65536};
    const struct mcb_settings settings = {
        .operation_count = 1, .memories = {*memory}, .memory_count = 1};
    const struct mcb_plan plan = {
        .settings = &cell, .settings_count = 1, .path_count = 32, .round_count = 7};
    struct captured out = capture_begin(STDOUT_FILENO);
    mcb_job_screen_title(&settings, &plan, "rdma", "", lists, ranks);
    capture_end(&out, text, sizeof text);
    return text;
}

static void the_title_counts_what_takes_part(void **state)
{
    (void)state;
    assert_non_null(strstr(show_title(&all, 2, &cuda),
                           " · 64 KiB · 2 hosts, 4 NICs, 4 GPUs, 32 paths, 7 rounds · "));
    assert_non_null(strstr(show_title(&host_alone, 1, &cpu),
                           " · cpu → cpu · rdma · write · 64 KiB · 1 NIC, 32 paths, 7 rounds · "));
}

static void the_title_names_the_memories(void **state)
{
    (void)state;
    const struct mcb_memory_choice numbered = {true, 3};
    assert_non_null(strstr(show_title(&all, 1, &cuda), " · cuda → cuda · "));
    assert_non_null(strstr(show_title(&all, 1, &numbered), " · cuda:3 → cuda:3 · "));
}

static void a_plan_names_the_endpoints_of_every_round(void **state)
{
    (void)state;
    static char text[OUTPUT_MAX];
    const struct mcb_nic nics[] = {{.name = "mlx5_0"}, {.name = "mlx5_1"}};
    struct mcb_cell_settings cell = {.size_bytes = 65536, .route = MCB_ROUTE_STAGED};
    struct mcb_path paths[] = {{0, 5}, {2, 7}};
    struct mcb_round round = {.path_count = 2};
    const struct mcb_settings settings = {.operation_count = 1,
                                          .connect = "n1:7000",
                                          .memories = {cpu, cuda},
                                          .memory_count = 2,
                                          .peer_memories = {cuda},
                                          .peer_memory_count = 1,
                                          .routes = {MCB_ROUTE_STAGED},
                                          .route_count = 1};
    const struct mcb_plan plan = {.settings = &cell,
                                  .settings_count = 1,
                                  .paths = paths,
                                  .path_count = 2,
                                  .rounds = &round,
                                  .round_count = 1,
                                  .cell_count = 2};
    struct captured out = capture_begin(STDOUT_FILENO);
    mcb_job_screen_plan(&settings, &plan, "rdma", nics, &all);
    capture_end(&out, text, sizeof text);
    assert_non_null(strstr(text, " · cpu,cuda → cuda · rdma, staged · "));
    assert_non_null(strstr(text, "2 hosts, 4 NICs, 4 GPUs, "));
    assert_non_null(strstr(text, ", staged: mlx5_0/cpu→mlx5_0/cuda:0#1 "
                                 "mlx5_1/cuda:1→mlx5_1/cpu:1#1\n"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_tables_come_with_the_name_of_the_file),
        cmocka_unit_test(what_was_expected_comes_after_the_tables),
        cmocka_unit_test(quiet_prints_nothing),
        cmocka_unit_test(the_document_on_stdout_is_the_file_byte_for_byte),
        cmocka_unit_test(why_a_run_failed_is_left_to_stderr),
        cmocka_unit_test(a_result_that_nobody_got_is_a_fault),
        cmocka_unit_test(the_title_counts_what_takes_part),
        cmocka_unit_test(the_title_names_the_memories),
        cmocka_unit_test(a_plan_names_the_endpoints_of_every_round),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
