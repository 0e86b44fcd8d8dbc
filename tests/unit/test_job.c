/* SPDX-License-Identifier: Apache-2.0 */
/* A run over TCP on this host, from its options to its exit code. */
#include "bench/commands/job.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "tests/unit/result_helper.h"

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

/* The exit code; what was printed to standard error goes to err[OUTPUT_MAX]. */
static enum mcb_exit run(char *err)
{
    static const char *const options[][2] = {
        {"transport", "tcp"}, {"duration", "10ms"}, {"warmup", "1ms"},
        {"trials", "2"},      {"nic", "lo"},        {"json", NULL},
    };
    static char out[OUTPUT_MAX];
    char *argv[] = {(char *)"cpu", NULL};
    struct mcb_error error;
    struct mcb_setting_values *values = mcb_setting_values_new();
    for (size_t i = 0; i < sizeof options / sizeof *options; i++)
        assert_int_equal(mcb_setting_values_set(values, options[i][0], options[i][1], &error), 0);
    struct captured to_out = capture_begin(STDOUT_FILENO), to_err = capture_begin(STDERR_FILENO);
    enum mcb_exit exit_code = mcb_job_run(&(struct mcb_job_options){"cpu", 1, argv, values});
    capture_end(&to_err, err, OUTPUT_MAX);
    capture_end(&to_out, out, sizeof out);
    mcb_setting_values_free(values);
    return exit_code;
}

static void a_run_on_this_host_ends_well(void **state)
{
    (void)state;
    static char err[OUTPUT_MAX];
    if (run(err) != MCB_EXIT_OK)
        fail_msg("%s", err);
}

static void warnings_that_cannot_be_kept_end_the_run(void **state)
{
    (void)state;
    static char err[OUTPUT_MAX];
    no_memory_for_warnings = true;
    assert_int_equal(run(err), MCB_EXIT_ENVIRONMENT);
    no_memory_for_warnings = false;
    assert_non_null(strstr(err, "no memory for what is said of endpoints"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_run_on_this_host_ends_well),
        cmocka_unit_test(warnings_that_cannot_be_kept_end_the_run),
    };
    return cmocka_run_group_tests_name("job", tests, NULL, NULL);
}
