/* SPDX-License-Identifier: Apache-2.0 */
/* Runs over TCP on this host, from their options to their exit codes; GPUs are stand-ins. */
#include "bench/commands/job.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>

#include <cmocka.h>

#include "bench/report/result.h"
#include "common/json.h"
#include "tests/ranks.h"
#include "tests/unit/result_helper.h"
#include "tests/unit/stand_in_gpus.h"

enum { OUTPUT_MAX = 65536 };

/* Stands in for jansson's own. The job alone calls it, for what is said of endpoints. */
static bool no_memory_for_warnings;

int json_array_extend(json_t *array, json_t *other)
{
    if (!array || no_memory_for_warnings)
        return -1;
    for (size_t i = 0; i < json_array_size(other); i++)
        if (json_array_append(array, json_array_get(other, i)) != 0)
            return -1;
    return 0;
}

struct option {
    const char *name, *text;
};

static void set(struct mcb_setting_values *values, const struct option *options)
{
    struct mcb_error error;
    for (; options->name; options++)
        if (mcb_setting_values_set(values, options->name, options->text, &error) != 0)
            fail_msg("%s", error.detail);
}

/* The exit code; what was printed goes to out[OUTPUT_MAX] and err[OUTPUT_MAX]. */
static enum mcb_exit run(const char *command, const struct option *options, char *out, char *err)
{
    static const struct option quick[] = {
        {"transport", "tcp"}, {"duration", "100ms"}, {"warmup", "1ms"},
        {"trials", "2"},      {"nic", "lo"},         {"json", NULL},
        {"size", "4KiB"},     {"depth", "8"},        {NULL, NULL},
    };
    char *argv[] = {(char *)command, NULL};
    struct mcb_error error;
    struct mcb_setting_values *values = mcb_setting_values_new();
    if (strcmp(command, "gpu") == 0)
        assert_int_equal(mcb_setting_values_default(values, "memory", "cuda", &error), 0);
    set(values, quick);
    set(values, options);
    struct captured to_out = capture_begin(STDOUT_FILENO), to_err = capture_begin(STDERR_FILENO);
    enum mcb_exit exit_code = mcb_job_run(&(struct mcb_job_options){command, 1, argv, values});
    capture_end(&to_err, err, OUTPUT_MAX);
    capture_end(&to_out, out, OUTPUT_MAX);
    mcb_setting_values_free(values);
    return exit_code;
}

static const struct option nothing_more[] = {{NULL, NULL}};

static char out[OUTPUT_MAX], err[OUTPUT_MAX];

static void a_run_on_this_host_ends_well(void **state)
{
    (void)state;
    if (run("cpu", nothing_more, out, err) != MCB_EXIT_OK)
        fail_msg("%s", err);
}

static void warnings_that_cannot_be_kept_end_the_run(void **state)
{
    (void)state;
    no_memory_for_warnings = true;
    assert_int_equal(run("cpu", nothing_more, out, err), MCB_EXIT_ENVIRONMENT);
    no_memory_for_warnings = false;
    assert_non_null(strstr(err, "no memory for what is said of endpoints"));
}

static void assert_apart(const struct option *options, const char *text)
{
    assert_int_equal(run("cpu", options, out, err), MCB_EXIT_USAGE);
    assert_string_equal(out, "");
    if (!strstr(err, text))
        fail_msg("\"%s\" is not in: %s", text, err);
}

static void a_job_never_writes_over_its_own_files(void **state)
{
    (void)state;
    static const char rules[] =
        "{\"schema\": \"mcbench-rules/1\", \"rules\": [\"bandwidth > 0 GB/s\"]}";
    char folder[] = "/tmp/mcbench-job-XXXXXX", path[64], result[64];
    assert_non_null(mkdtemp(folder));
    snprintf(path, sizeof path, "%s/rules.json", folder);
    snprintf(result, sizeof result, "%s/result.json", folder);
    FILE *stream = fopen(path, "w");
    assert_true(stream && fputs(rules, stream) >= 0 && fclose(stream) == 0);
    const struct option both[] = {{"output", result}, {"prometheus", result}, {NULL, NULL}};
    const struct option over[] = {{"output", path}, {"expect-file", path}, {NULL, NULL}};
    const struct option told[] = {{"prometheus", path}, {"expect-file", path}, {NULL, NULL}};
    assert_apart(both, "result.json: the result goes to the same file");
    assert_apart(over, "rules.json: an output goes to the same file");
    assert_apart(told, "rules.json: an output goes to the same file");
    assert_int_not_equal(access(result, F_OK), 0);
    assert_int_equal(remove(path), 0);
    assert_int_equal(rmdir(folder), 0);
}

/* ---- mcbench gpu ---- */

static json_t *run_on_gpus(const char *gpus, const struct option *options)
{
    struct mcb_error error = {0};
    stand_in_gpus_set(gpus);
    if (run("gpu", options, out, err) != MCB_EXIT_OK)
        fail_msg("%s%s", err, out);
    json_t *document = json_loads(out, 0, NULL);
    if (!document || mcb_result_check(document, "it", MCB_FAULT_USE_FILE, &error) != 0)
        fail_msg("%s: %s", out, error.detail);
    return document;
}

static json_t *cell_of(const json_t *document, size_t index)
{
    return json_array_get(json_object_get(document, "cells"), index);
}

static void memory_of_gpus_is_staged_over_tcp_and_verified_on_the_gpu(void **state)
{
    (void)state;
    static const struct option options[] = {{"verify", NULL}, {NULL, NULL}};
    json_t *document = run_on_gpus("gpus=0000:16:00.0,0000:26:00.0", options);
    json_t *host = json_array_get(json_object_get(document, "hosts"), 0), *cell;
    assert_int_equal(json_array_size(json_object_get(host, "gpus")), 2);
    assert_int_equal(json_array_size(json_object_get(host, "endpoints")), 2);
    size_t i;
    json_array_foreach(json_object_get(document, "cells"), i, cell)
    {
        assert_string_equal(mcb_json_text(cell, "route"), "staged");
        assert_string_equal(mcb_json_text(cell, "registration"), "none");
        assert_true(json_integer_value(json_object_get(cell, "verified_bytes")) > 0);
    }
    assert_int_equal(i, 4);
    json_t *warning = json_array_get(json_object_get(document, "warnings"), 0);
    assert_non_null(strstr(json_string_value(warning), "stand-in GPUs"));
    assert_non_null(strstr(err, "stand-in GPUs"));
    json_decref(document);
}

static void memories_mix(void **state)
{
    (void)state;
    static const struct option options[] = {
        {"memory", "cuda:0"}, {"peer-memory", "cpu:0"}, {"compare", "staged"}, {NULL, NULL}};
    json_t *document = run_on_gpus("", options);
    assert_int_equal(json_array_size(json_object_get(document, "cells")), 2);
    for (size_t i = 0; i < 2; i++) {
        json_t *cell = cell_of(document, i);
        assert_string_equal(mcb_json_text(cell, "route"), i == 0 ? "staged" : "host");
        assert_string_equal(mcb_json_text(json_object_get(cell, "initiator"), "memory"),
                            i == 0 ? "cuda:0" : "cpu:0");
        assert_string_equal(mcb_json_text(json_object_get(cell, "target"), "memory"), "cpu:0");
    }
    json_decref(document);
}

/* The ways to ask for GPUs; the first is what mcbench gpu does by itself. */
static const struct option ways_to_ask[][4] = {
    {{NULL, NULL}},
    {{"memory", "cuda:0"}, {NULL, NULL}},
    {{"memory", "all"}, {NULL, NULL}},
    {{"memory", "cpu:0"}, {"peer-memory", "cuda"}, {NULL, NULL}},
    {{"pairs", "affinity"}, {NULL, NULL}},
};
enum { WAYS = sizeof ways_to_ask / sizeof *ways_to_ask };

static void assert_named(const struct option *options, const char *fault)
{
    if (run("gpu", options, out, err) != MCB_EXIT_ENVIRONMENT || !strstr(err, fault))
        fail_msg("no %s, asked for with --%s: %s", fault, options->name ? options->name : "nothing",
                 err);
}

static void what_is_missing_is_named_however_it_was_asked_for(void **state)
{
    (void)state;
    static const struct {
        const char *module, *gpus, *fault;
    } cases[] = {
        {"/nowhere.so", "", "[MCB-GPU-001]"},
        {MCB_STAND_IN_MODULE, "fail=driver", "[MCB-GPU-002]"},
        {MCB_STAND_IN_MODULE, "fail=none", "[MCB-GPU-003]"},
        {MCB_STAND_IN_MODULE, "fail=identify", "[MCB-GPU-009]"},
    };
    for (size_t n = 0; n < sizeof cases / sizeof *cases; n++)
        for (size_t way = 0; way < WAYS; way++) {
            struct option dry[5] = {{"dry-run", NULL}};
            memcpy(&dry[1], ways_to_ask[way], sizeof ways_to_ask[way]);
            stand_in_gpus_set(cases[n].gpus);
            setenv("MCB_GPU_MODULE", cases[n].module, 1);
            assert_named(ways_to_ask[way], cases[n].fault);
            assert_named(dry, cases[n].fault);
        }
}

static void memory_that_is_not_given_is_named(void **state)
{
    (void)state;
    stand_in_gpus_set("fail=allocate");
    for (size_t way = 0; way < WAYS; way++)
        assert_named(ways_to_ask[way], "[MCB-GPU-005]");
}

static void more_than_all_of_the_memory_of_a_gpu_is_refused_before(void **state)
{
    (void)state;
    stand_in_gpus_set("memory=128KiB");
    assert_named(nothing_more, "[MCB-GPU-005]");
    assert_non_null(strstr(err, "cuda:0: 256 KiB needed, of the 128 KiB that it has"));
}

static void host_memory_needs_no_gpus(void **state)
{
    (void)state;
    static const struct option options[] = {{"memory", "cpu"}, {NULL, NULL}};
    stand_in_gpus_set("fail=none");
    if (run("gpu", options, out, err) != MCB_EXIT_OK)
        fail_msg("%s", err);
}

static bool is_warned_of(const json_t *document, const char *text)
{
    size_t index;
    json_t *warning;
    json_array_foreach(json_object_get(document, "warnings"), index, warning)
    {
        if (strstr(json_string_value(warning), text))
            return true;
    }
    return false;
}

static void a_registration_that_the_transport_does_not_make_is_warned_of(void **state)
{
    (void)state;
    static const struct option options[] = {{"registration", "dmabuf"}, {NULL, NULL}};
    static const char text[] = "--registration: means nothing over tcp";
    json_t *document = run_on_gpus("", options);
    assert_true(is_warned_of(document, text));
    assert_non_null(strstr(err, text));
    json_decref(document);
    document = run_on_gpus("", nothing_more);
    assert_false(is_warned_of(document, "--registration"));
    json_decref(document);
}

static void memory_that_a_command_or_a_host_does_not_have_is_refused(void **state)
{
    (void)state;
    static const struct option beyond[] = {{"memory", "cuda:1"}, {NULL, NULL}};
    static const struct option of_gpus[] = {{"memory", "cuda"}, {NULL, NULL}};
    stand_in_gpus_set("");
    assert_int_equal(run("gpu", beyond, out, err), MCB_EXIT_USAGE);
    assert_non_null(strstr(err, "[MCB-GPU-004]"));
    assert_int_equal(run("cpu", of_gpus, out, err), MCB_EXIT_USAGE);
    assert_non_null(strstr(err, "mcbench gpu measures that of GPUs"));
}

/* ---- two ranks ---- */

struct rank_of_job {
    const char *command, *gpus;
    const struct option *options;
};

/* What the first of two ranks printed to stderr; shared with its process. */
static char *first_err;

/* Runs both, the first in a process of its own, whose exit code is *first; the second one's is
 * returned. What the second prints goes to out and err, errors of the first to first_err. */
static enum mcb_exit run_two(const struct rank_of_job ranks[2], int *first)
{
    char listen[32];
    snprintf(listen, sizeof listen, "127.0.0.1:%u", ranks_free_port());
    if (!first_err)
        first_err =
            mmap(NULL, OUTPUT_MAX, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    assert_true(first_err != MAP_FAILED);
    pid_t child = fork();
    assert_true(child >= 0);
    const struct rank_of_job *rank = &ranks[child == 0 ? 0 : 1];
    struct option options[8] = {{child == 0 ? "listen" : "connect", listen},
                                {"output", child == 0 ? "/dev/null" : NULL}};
    size_t count = child == 0 ? 2 : 1;
    for (const struct option *at = rank->options; at->name; at++)
        options[count++] = *at;
    options[count] = (struct option){NULL, NULL};
    stand_in_gpus_set(rank->gpus);
    enum mcb_exit exit_code = run(rank->command, options, out, child == 0 ? first_err : err);
    if (child == 0)
        _exit(exit_code);
    assert_int_equal(waitpid(child, first, 0), child);
    *first = WEXITSTATUS(*first);
    return exit_code;
}

static void ranks_that_were_started_with_different_commands_are_told(void **state)
{
    (void)state;
    const struct rank_of_job ranks[] = {{"cpu", "", nothing_more}, {"gpu", "", nothing_more}};
    int first;
    assert_int_equal(run_two(ranks, &first), MCB_EXIT_ENVIRONMENT);
    assert_int_equal(first, MCB_EXIT_ENVIRONMENT);
    assert_non_null(strstr(err, "the command is cpu on "));
}

static void a_host_without_gpus_takes_part_with_its_host_memory(void **state)
{
    (void)state;
    static const struct option one_role[] = {
        {"memory", "cpu"}, {"peer-memory", "cuda"}, {NULL, NULL}};
    static const struct option both_roles[] = {{"memory", "all"}, {NULL, NULL}};
    static const struct {
        const struct option *options;
        size_t cells;
    } cases[] = {{one_role, 1}, {both_roles, 4}};
    static const char text[] = " takes part with host memory alone: MCB-GPU-003, no GPU: ";
    for (size_t n = 0; n < sizeof cases / sizeof *cases; n++) {
        const struct rank_of_job ranks[] = {{"gpu", "", cases[n].options},
                                            {"gpu", "fail=none", nothing_more}};
        int first;
        enum mcb_exit second = run_two(ranks, &first);
        if (second != MCB_EXIT_OK)
            fail_msg("%s%s", err, out);
        assert_int_equal(first, MCB_EXIT_OK);
        json_t *document = json_loads(out, 0, NULL);
        assert_int_equal(json_array_size(json_object_get(document, "cells")), cases[n].cells);
        assert_true(is_warned_of(document, text));
        char fix[MCB_FAULT_FIX_MAX];
        assert_true(is_warned_of(
            document, mcb_fault_join(mcb_fault_get(MCB_FAULT_GPU_NONE)->fix, fix, sizeof fix)));
        assert_non_null(strstr(err, text));
        assert_non_null(strstr(first_err, text));
        assert_non_null(strstr(first_err, "rank 1 ("));
        json_decref(document);
    }
}

static void a_host_without_anything_to_measure_says_why(void **state)
{
    (void)state;
    static const struct option cuda[] = {{"memory", "cuda"}, {NULL, NULL}};
    static const struct option other_way[] = {
        {"memory", "cpu"}, {"peer-memory", "cuda"}, {NULL, NULL}};
    static const struct {
        const char *gpus[2];
        const struct option *options;
        const char *blamed;
    } cases[] = {
        {{"", "fail=none"}, nothing_more, "rank 1 ("},
        {{"fail=none", ""}, nothing_more, "rank 0 ("},
        {{"", "fail=none"}, cuda, "rank 1 ("},
        {{"fail=none", "fail=driver"}, nothing_more, "rank 0 ("},
        {{"fail=none", "fail=none"}, other_way, "rank 0 ("},
    };
    for (size_t n = 0; n < sizeof cases / sizeof *cases; n++) {
        const struct rank_of_job ranks[] = {{"gpu", cases[n].gpus[0], cases[n].options},
                                            {"gpu", cases[n].gpus[1], nothing_more}};
        int first;
        enum mcb_exit second = run_two(ranks, &first);
        const char *const said[] = {first_err, err};
        for (int rank = 0; rank < 2; rank++)
            if (!strstr(said[rank], "[MCB-GPU-003]") || !strstr(said[rank], cases[n].blamed))
                fail_msg("case %zu, rank %d: %s", n, rank, said[rank]);
        assert_int_equal(first, MCB_EXIT_ENVIRONMENT);
        assert_int_equal(second, MCB_EXIT_ENVIRONMENT);
    }
}

static void a_gpu_that_one_host_does_not_have_is_named_on_both(void **state)
{
    (void)state;
    static const struct option second_gpu[] = {{"memory", "cuda:1"}, {NULL, NULL}};
    const struct rank_of_job ranks[] = {{"gpu", "gpus=0000:16:00.0,0000:26:00.0", second_gpu},
                                        {"gpu", "", nothing_more}};
    int first;
    assert_int_equal(run_two(ranks, &first), MCB_EXIT_USAGE);
    assert_int_equal(first, MCB_EXIT_USAGE);
    assert_non_null(strstr(err, "[MCB-GPU-004]"));
    assert_non_null(strstr(first_err, "[MCB-GPU-004]"));
    assert_non_null(strstr(first_err, "rank 1 ("));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_run_on_this_host_ends_well),
        cmocka_unit_test(warnings_that_cannot_be_kept_end_the_run),
        cmocka_unit_test(a_job_never_writes_over_its_own_files),
        cmocka_unit_test(memory_of_gpus_is_staged_over_tcp_and_verified_on_the_gpu),
        cmocka_unit_test(memories_mix),
        cmocka_unit_test(what_is_missing_is_named_however_it_was_asked_for),
        cmocka_unit_test(memory_that_is_not_given_is_named),
        cmocka_unit_test(more_than_all_of_the_memory_of_a_gpu_is_refused_before),
        cmocka_unit_test(host_memory_needs_no_gpus),
        cmocka_unit_test(a_registration_that_the_transport_does_not_make_is_warned_of),
        cmocka_unit_test(memory_that_a_command_or_a_host_does_not_have_is_refused),
        cmocka_unit_test(ranks_that_were_started_with_different_commands_are_told),
        cmocka_unit_test(a_host_without_gpus_takes_part_with_its_host_memory),
        cmocka_unit_test(a_host_without_anything_to_measure_says_why),
        cmocka_unit_test(a_gpu_that_one_host_does_not_have_is_named_on_both),
    };
    return cmocka_run_group_tests_name("job", tests, NULL, NULL);
}
