/* SPDX-License-Identifier: Apache-2.0 */
#include "common/json_stream.h"

#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "common/interrupt.h"

#define GIB ((size_t)1 << 30)

static char path[] = "/tmp/mcbench-XXXXXX";

static int make_file(void **state)
{
    (void)state;
    strcpy(path, "/tmp/mcbench-XXXXXX");
    int fd = mkstemp(path);
    return fd < 0 ? -1 : close(fd);
}

static int remove_file(void **state)
{
    (void)state;
    return unlink(path);
}

static void write_text(const char *text, size_t length)
{
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    assert_int_equal(fwrite(text, 1, length, file), length);
    assert_int_equal(fclose(file), 0);
}

static struct mcb_json_stream *open_stream(void)
{
    struct mcb_error error = {MCB_FAULT_NONE, ""};
    struct mcb_json_stream *stream = NULL;
    if (mcb_json_stream_open(path, GIB, MCB_FAULT_USE_FILE, &stream, &error) != 0)
        fail_msg("%s", error.detail);
    return stream;
}

static struct mcb_json_stream *stream_of(const char *text)
{
    write_text(text, strlen(text));
    return open_stream();
}

static void assert_error(const struct mcb_error *error, const char *expected)
{
    assert_int_equal(error->code, MCB_FAULT_USE_FILE);
    assert_memory_equal(error->detail, path, strlen(path));
    assert_string_equal(error->detail + strlen(path), expected);
}

/* ---- values ---- */

static void values_come_one_after_the_other(void **state)
{
    (void)state;
    static const json_type types[] = {JSON_OBJECT, JSON_ARRAY, JSON_INTEGER, JSON_REAL,
                                      JSON_STRING, JSON_TRUE,  JSON_NULL};
    struct mcb_error error;
    struct mcb_json_stream *stream =
        stream_of(" {\"a\": [1]},[2]\t,\r\n17,1.5 ,\"x\",true,\nnull ");
    int next;
    for (size_t i = 0; i < sizeof types / sizeof *types; i++) {
        json_t *value = mcb_json_stream_value(stream, &error);
        assert_int_equal(json_typeof(value), types[i]);
        json_decref(value);
        if (i + 1 < sizeof types / sizeof *types)
            assert_int_equal(mcb_json_stream_take(stream, ",", &next, &error), 0);
    }
    assert_int_equal(mcb_json_stream_end(stream, &error), 0);
    assert_int_equal(mcb_json_stream_peek(stream, &next, &error), 0);
    assert_int_equal(next, EOF);
    mcb_json_stream_close(stream);
}

/* Blanks before it bring each byte of the text to each side of where the window moves on. */
static void a_value_may_lie_across_what_is_read_at_a_time(void **state)
{
    (void)state;
    static const char value[] = "{\"a\u00e4\": [true, -1.25e1, \"\\u00e4\\\\\\\"\u2192\"]}";
    const size_t boundary = 128 * 1024, length = sizeof value - 1;
    struct mcb_error error;
    char *text = malloc(2 * boundary);
    json_t *expected = json_loads(value, 0, NULL);
    int comma;
    memset(text, ' ', 2 * boundary);
    for (size_t i = 0; i <= length; i++) {
        size_t at = boundary - length + i;
        memcpy(text + at, value, length);
        text[at + length] = ',';
        memcpy(text + at + length + 1, value, length);
        write_text(text, at + 2 * length + 1);
        struct mcb_json_stream *stream = open_stream();
        json_t *first = mcb_json_stream_value(stream, &error);
        assert_int_equal(mcb_json_stream_take(stream, ",", &comma, &error), 0);
        json_t *second = mcb_json_stream_value(stream, &error);
        assert_true(json_equal(first, expected));
        assert_true(json_equal(second, expected));
        assert_int_equal(mcb_json_stream_end(stream, &error), 0);
        json_decref(second);
        json_decref(first);
        mcb_json_stream_close(stream);
        memset(text + at, ' ', 2 * length + 1);
    }
    json_decref(expected);
    free(text);
}

/* Of which jansson gives back three bytes, of two readings. */
static void what_follows_a_number_may_lie_across_what_is_read_at_a_time(void **state)
{
    (void)state;
    static const char end[] = "[1],5\u2192";
    const size_t boundary = 128 * 1024, length = sizeof end - 1;
    struct mcb_error error;
    int comma;
    char *text = malloc(boundary + 2);
    memset(text, ' ', boundary);
    memcpy(text + boundary + 2 - length, end, length);
    write_text(text, boundary + 2);
    struct mcb_json_stream *stream = open_stream();
    json_decref(mcb_json_stream_value(stream, &error));
    assert_int_equal(mcb_json_stream_take(stream, ",", &comma, &error), 0);
    json_t *value = mcb_json_stream_value(stream, &error);
    assert_int_equal(json_integer_value(value), 5);
    json_decref(value);
    assert_int_equal(mcb_json_stream_end(stream, &error), -1);
    assert_error(&error, ": not JSON (line 1, column 131072): end of file expected near '?'");
    mcb_json_stream_close(stream);
    free(text);
}

static void a_value_may_be_larger_than_what_is_read_at_a_time(void **state)
{
    (void)state;
    const size_t length = 1000000;
    struct mcb_error error;
    int next;
    char *text = malloc(length);
    memset(text, 'x', length);
    text[0] = text[length - 5] = '"';
    memcpy(text + length - 4, "\n, 5", 4);
    write_text(text, length);
    struct mcb_json_stream *stream = open_stream();
    json_t *value = mcb_json_stream_value(stream, &error);
    assert_int_equal(json_string_length(value), length - 6);
    json_decref(value);
    assert_int_equal(mcb_json_stream_take(stream, ",", &next, &error), 0);
    assert_int_equal(mcb_json_stream_line_number(stream), 2);
    value = mcb_json_stream_value(stream, &error);
    assert_int_equal(json_integer_value(value), 5);
    json_decref(value);
    assert_int_equal(mcb_json_stream_end(stream, &error), 0);
    mcb_json_stream_close(stream);
    free(text);
}

/* ---- what is wrong, and where ---- */

static void a_wrong_value_is_named_with_its_place_in_the_file(void **state)
{
    (void)state;
    static const struct {
        const char *text, *expected;
    } cases[] = {
        {"[1],\n  [2],\n  [\u00e4]", ": not JSON (line 3, column 4): invalid token near '?"
                                     "?'"},
        {"[1], [2,, 3]", ": not JSON (line 1, column 9): unexpected token near ','"},
        {"[1],\n[2,\n3", ": not JSON (line 3, column 1): ']' expected near end of file"},
        {"[\"\u2192\"], [NaN]", ": not JSON (line 1, column 11): invalid token near 'NaN'"},
        {"[1],", ": not JSON (line 1, column 4): unexpected token near end of file"},
        {"[1], {\"a\": 1, \"a\": 2}",
         ": not JSON (line 1, column 17): duplicate object key near '\"a\"'"},
        {"[1], [\"\\u0000\"]",
         ": not JSON (line 1, column 14): \\u0000 is not allowed without JSON_ALLOW_NUL near "
         "'\"\\u0000\"'"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct mcb_error error;
        struct mcb_json_stream *stream = stream_of(cases[i].text);
        json_t *value;
        int comma;
        while ((value = mcb_json_stream_value(stream, &error))) {
            json_decref(value);
            assert_int_equal(mcb_json_stream_take(stream, ",", &comma, &error), 0);
        }
        assert_error(&error, cases[i].expected);
        mcb_json_stream_close(stream);
    }
}

static void the_place_is_right_far_into_a_file(void **state)
{
    (void)state;
    enum { LINES = 50000 };
    struct mcb_error error;
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    for (int i = 0; i < LINES; i++)
        fputs("  [\"a line of \u2192\"],\n", file);
    fputs("  [x]", file);
    assert_int_equal(fclose(file), 0);
    struct mcb_json_stream *stream = open_stream();
    json_t *value;
    int comma;
    while ((value = mcb_json_stream_value(stream, &error))) {
        json_decref(value);
        assert_int_equal(mcb_json_stream_take(stream, ",", &comma, &error), 0);
    }
    assert_error(&error, ": not JSON (line 50001, column 4): invalid token near 'x'");
    mcb_json_stream_close(stream);
}

static void a_wrong_byte_is_named_with_what_was_expected(void **state)
{
    (void)state;
    struct mcb_error error;
    int next;
    struct mcb_json_stream *stream = stream_of(" \n\t\u00e4");
    assert_int_equal(mcb_json_stream_take(stream, ",]", &next, &error), -1);
    assert_error(&error, ": not JSON (line 2, column 2): ',' or ']' expected near '?'");
    assert_int_equal(mcb_json_stream_end(stream, &error), -1);
    assert_error(&error, ": not JSON (line 2, column 2): end of file expected near '?'");
    mcb_json_stream_close(stream);
    stream = stream_of("  ");
    assert_int_equal(mcb_json_stream_take(stream, "}", &next, &error), -1);
    assert_error(&error, ": not JSON (line 1, column 2): premature end of input");
    mcb_json_stream_close(stream);
}

static void a_byte_that_is_nul_is_no_end_of_the_list_of_expected_ones(void **state)
{
    (void)state;
    struct mcb_error error;
    int next;
    write_text("\0", 1);
    struct mcb_json_stream *stream = open_stream();
    assert_int_equal(mcb_json_stream_take(stream, ",", &next, &error), -1);
    assert_error(&error, ": not JSON (line 1, column 1): ',' expected near '?'");
    mcb_json_stream_close(stream);
}

/* ---- lines ---- */

static void lines_come_whole_and_the_last_only_with_its_end(void **state)
{
    (void)state;
    const size_t length = 400000;
    struct mcb_error error;
    const char *line;
    size_t got;
    int next;
    char *text = malloc(length);
    memset(text, 'x', length);
    memcpy(text, "{}\n\n", 4);
    memcpy(text + length - 10, "\ny", 2);
    write_text(text, length);
    struct mcb_json_stream *stream = open_stream();
    assert_int_equal(mcb_json_stream_line(stream, &line, &got, &error), 0);
    assert_int_equal(got, 2);
    assert_memory_equal(line, "{}", 2);
    assert_int_equal(mcb_json_stream_line(stream, &line, &got, &error), 0);
    assert_int_equal(got, 0);
    assert_int_equal(mcb_json_stream_line_number(stream), 3);
    assert_int_equal(mcb_json_stream_line(stream, &line, &got, &error), 0);
    assert_int_equal(got, length - 14);
    assert_memory_equal(line, text + 4, got);
    assert_int_equal(mcb_json_stream_line(stream, &line, &got, &error), 0);
    assert_null(line);
    assert_int_equal(mcb_json_stream_peek(stream, &next, &error), 0);
    assert_int_equal(next, 'y');
    mcb_json_stream_close(stream);
    free(text);
}

/* ---- files of every kind ---- */

static void assert_not_opened(const char *name, const char *expected)
{
    struct mcb_error error = {MCB_FAULT_NONE, ""};
    struct mcb_json_stream *stream = NULL;
    assert_int_equal(mcb_json_stream_open(name, GIB, MCB_FAULT_USE_FILE, &stream, &error), -1);
    assert_null(stream);
    assert_int_equal(error.code, MCB_FAULT_USE_FILE);
    assert_memory_equal(error.detail, name, strlen(name));
    assert_string_equal(error.detail + strlen(name), expected);
}

static void what_cannot_be_read_is_refused(void **state)
{
    (void)state;
    assert_not_opened("/", ": is a folder");
    assert_not_opened("/nonexistent", ": No such file or directory");
    assert_not_opened("/dev/null", ": is empty");
    assert_not_opened(path, ": is empty");
    assert_int_equal(truncate(path, (off_t)GIB + 1), 0); /* a hole: no disk space */
    assert_not_opened(path, ": is larger than 1 GiB");
}

static void a_pipe_that_nobody_writes_to_is_not_waited_for(void **state)
{
    (void)state;
    unlink(path);
    assert_int_equal(mkfifo(path, 0600), 0);
    assert_not_opened(path, ": is empty");
}

static void a_pipe_is_read_to_its_end(void **state)
{
    (void)state;
    struct mcb_error error;
    int comma;
    unlink(path);
    assert_int_equal(mkfifo(path, 0600), 0);
    int holder = open(path, O_RDWR); /* so that neither side waits for the other one */
    pid_t writer = fork();
    if (writer == 0) {
        int fd = open(path, O_WRONLY);
        usleep(50000);
        bool written = write(fd, "[1, 2", 5) == 5;
        usleep(50000);
        written &= write(fd, "], 3", 4) == 4;
        close(fd);
        _exit(written ? 0 : 1);
    }
    struct mcb_json_stream *stream = open_stream();
    close(holder);
    json_t *value = mcb_json_stream_value(stream, &error);
    assert_int_equal(json_array_size(value), 2);
    json_decref(value);
    assert_int_equal(mcb_json_stream_take(stream, ",", &comma, &error), 0);
    value = mcb_json_stream_value(stream, &error);
    assert_int_equal(json_integer_value(value), 3);
    json_decref(value);
    assert_int_equal(mcb_json_stream_end(stream, &error), 0);
    mcb_json_stream_close(stream);
    int status;
    assert_int_equal(waitpid(writer, &status, 0), writer);
    assert_int_equal(status, 0);
}

/* In a process of its own, which the signal has come to. */
static void assert_interrupted(void)
{
    int status;
    pid_t child = fork();
    if (child == 0) {
        struct mcb_error error = {MCB_FAULT_NONE, ""};
        struct mcb_json_stream *stream;
        mcb_interrupt_install();
        raise(SIGINT);
        mcb_json_stream_open(path, GIB, MCB_FAULT_USE_FILE, &stream, &error);
        _exit(error.code == MCB_FAULT_RUN_INTERRUPTED ? 0 : 1);
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(status, 0);
}

static void an_interrupt_ends_the_reading(void **state)
{
    (void)state;
    write_text("{}", 2);
    assert_interrupted();
    unlink(path);
    assert_int_equal(mkfifo(path, 0600), 0);
    int holder = open(path, O_RDWR); /* so that there is something to wait for */
    assert_interrupted();
    close(holder);
}

#define WITH_FILE(test) cmocka_unit_test_setup_teardown(test, make_file, remove_file)

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_FILE(values_come_one_after_the_other),
        WITH_FILE(a_value_may_lie_across_what_is_read_at_a_time),
        WITH_FILE(what_follows_a_number_may_lie_across_what_is_read_at_a_time),
        WITH_FILE(a_value_may_be_larger_than_what_is_read_at_a_time),
        WITH_FILE(a_wrong_value_is_named_with_its_place_in_the_file),
        WITH_FILE(the_place_is_right_far_into_a_file),
        WITH_FILE(a_wrong_byte_is_named_with_what_was_expected),
        WITH_FILE(a_byte_that_is_nul_is_no_end_of_the_list_of_expected_ones),
        WITH_FILE(lines_come_whole_and_the_last_only_with_its_end),
        WITH_FILE(what_cannot_be_read_is_refused),
        WITH_FILE(a_pipe_that_nobody_writes_to_is_not_waited_for),
        WITH_FILE(a_pipe_is_read_to_its_end),
        WITH_FILE(an_interrupt_ends_the_reading),
    };
    return cmocka_run_group_tests_name("json_stream", tests, NULL, NULL);
}
