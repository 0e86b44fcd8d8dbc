/* SPDX-License-Identifier: Apache-2.0 */
/* What holds around every command: its standard streams, and its exit code. Each case is a process
 * of its own, for it takes the streams away. */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "bench/commands/commands.h"

enum { ALL_WELL = 0, A_SOCKET_WOULD_GET_IT = 40, IT_CAN_BE_WRITTEN };

static int look_at_the_streams(int argc, char **argv)
{
    (void)argc, (void)argv;
    for (int stream = 0; stream <= 2; stream++)
        if (fcntl(stream, F_GETFD) < 0)
            return A_SOCKET_WOULD_GET_IT;
    return write(STDOUT_FILENO, "", 1) < 0 && write(STDERR_FILENO, "", 1) < 0 ? ALL_WELL
                                                                              : IT_CAN_BE_WRITTEN;
}

static int print_and_be_content(int argc, char **argv)
{
    (void)argc, (void)argv;
    puts("a result");
    return MCB_EXIT_OK;
}

static int print_and_fail(int argc, char **argv)
{
    print_and_be_content(argc, argv);
    return MCB_EXIT_INTERRUPTED;
}

static int outgrow_the_limit(int argc, char **argv)
{
    (void)argc, (void)argv;
    const struct rlimit one_byte = {1, 1};
    FILE *file = tmpfile();
    bool refused = file && setrlimit(RLIMIT_FSIZE, &one_byte) == 0 && fputs("two", file) >= 0 &&
                   fflush(file) != 0 && errno == EFBIG;
    return refused ? ALL_WELL : IT_CAN_BE_WRITTEN;
}

static const struct mcb_command commands[] = {
    {"look", "", "", NULL, NULL, NULL, NULL, look_at_the_streams},
    {"print", "", "", NULL, NULL, NULL, NULL, print_and_be_content},
    {"outgrow", "", "", NULL, NULL, NULL, NULL, outgrow_the_limit},
    {"fail", "", "", NULL, NULL, NULL, NULL, print_and_fail},
};

/* The exit code of the command in a process with stdout on that file (NULL: all three streams are
 * closed). */
static int run(const char *name, const char *stdout_path)
{
    pid_t child = fork();
    if (child == 0) {
        char *argv[] = {(char *)"mcbench", (char *)name, NULL};
        int out = stdout_path ? open(stdout_path, O_WRONLY | O_CLOEXEC) : -1;
        for (int stream = 0; stream <= 2 && out < 0; stream++)
            close(stream);
        if (out >= 0) {
            dup2(out, STDOUT_FILENO);
            dup2(out, STDERR_FILENO);
        }
        _exit(mcb_commands_run(commands, sizeof commands / sizeof *commands, 2, argv));
    }
    int status = -1;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFEXITED(status));
    return WEXITSTATUS(status);
}

static void a_closed_stream_is_taken_before_a_socket_can_get_its_number(void **state)
{
    (void)state;
    assert_int_equal(run("look", NULL), ALL_WELL);
}

static void what_is_printed_to_a_closed_stream_is_not_lost_in_silence(void **state)
{
    (void)state;
    assert_int_equal(run("print", NULL), MCB_EXIT_ENVIRONMENT);
    assert_int_equal(run("--version", NULL), MCB_EXIT_ENVIRONMENT);
}

static void a_full_disk_is_no_success(void **state)
{
    (void)state;
    assert_int_equal(run("print", "/dev/full"), MCB_EXIT_ENVIRONMENT);
    assert_int_equal(run("print", "/dev/null"), MCB_EXIT_OK);
}

static void a_file_over_the_limit_is_an_error_and_not_the_end(void **state)
{
    (void)state;
    assert_int_equal(run("outgrow", "/dev/null"), ALL_WELL);
}

static void the_exit_code_of_a_command_that_failed_is_its_own(void **state)
{
    (void)state;
    assert_int_equal(run("fail", "/dev/full"), MCB_EXIT_INTERRUPTED);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_closed_stream_is_taken_before_a_socket_can_get_its_number),
        cmocka_unit_test(what_is_printed_to_a_closed_stream_is_not_lost_in_silence),
        cmocka_unit_test(a_full_disk_is_no_success),
        cmocka_unit_test(a_file_over_the_limit_is_an_error_and_not_the_end),
        cmocka_unit_test(the_exit_code_of_a_command_that_failed_is_its_own),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
