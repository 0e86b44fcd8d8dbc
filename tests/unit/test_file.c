/* SPDX-License-Identifier: Apache-2.0 */
#include "common/file.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/clock.h"
#include "common/interrupt.h"

#define AMPLE_MS 60000
#define AMPLE_NS (AMPLE_MS * MCB_NS_PER_MS)

enum { NOBODY = 65534, ENDED_OTHERWISE = 99 };

/* A folder of its own for each test, which others may enter. */
struct folder {
    char path[40], file[80], link[80];
};

static int make_folder(void **state)
{
    struct folder *folder = calloc(1, sizeof *folder);
    if (!folder)
        return -1;
    strcpy(folder->path, "/tmp/mcbench-test-file-XXXXXX");
    if (!mkdtemp(folder->path) || chmod(folder->path, 0777) != 0)
        return -1;
    snprintf(folder->file, sizeof folder->file, "%s/file", folder->path);
    snprintf(folder->link, sizeof folder->link, "%s/link", folder->path);
    *state = folder;
    return 0;
}

/* Fails if something else was left there. */
static int remove_folder(void **state)
{
    struct folder *folder = *state;
    unlink(folder->file);
    unlink(folder->link);
    int outcome = rmdir(folder->path);
    free(folder);
    return outcome;
}

static int print_text(FILE *stream, const void *text)
{
    return fputs(text, stream) < 0 ? -1 : 0;
}

static int print_for_ever(FILE *stream, const void *text)
{
    while (fputs(text, stream) >= 0)
        ;
    return -1;
}

static void make_file(const char *path, mode_t mode, const char *text)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_EXCL, 0600);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, text, strlen(text)), strlen(text));
    assert_int_equal(fchmod(fd, mode), 0);
    close(fd);
}

static void write_file(const char *path, const char *text)
{
    struct mcb_error error = {MCB_FAULT_NONE, ""};
    if (mcb_file_write(path, print_text, text, &error) != 0)
        fail_msg("%s", error.detail);
}

static void assert_content(const char *path, const char *expected)
{
    struct mcb_error error = {MCB_FAULT_NONE, ""};
    size_t length = 0;
    char *text = mcb_file_read(path, 1000, AMPLE_NS, MCB_FAULT_USE_FILE, &length, &error);
    if (!text)
        fail_msg("%s", error.detail);
    assert_int_equal(length, strlen(expected));
    assert_memory_equal(text, expected, length);
    free(text);
}

static struct stat status_of(const char *path)
{
    struct stat status;
    assert_int_equal(lstat(path, &status), 0);
    return status;
}

static void assert_detail(const struct mcb_error *error, enum mcb_fault_code code,
                          const char *expected)
{
    assert_int_equal(error->code, code);
    if (!strstr(error->detail, expected))
        fail_msg("\"%s\" is not in: %s", expected, error->detail);
}

/* The exit code of the child: the fault that it met. */
static int fault_of(pid_t child)
{
    int status;
    assert_int_equal(waitpid(child, &status, 0), child);
    return WIFEXITED(status) ? WEXITSTATUS(status) : ENDED_OTHERWISE;
}

static void wait_for_bytes(int reader)
{
    struct pollfd pollfd = {.fd = reader, .events = POLLIN};
    assert_true(reader >= 0);
    assert_int_equal(poll(&pollfd, 1, AMPLE_MS), 1);
}

/* ---- files ---- */

static void a_file_that_is_replaced_keeps_its_mode(void **state)
{
    const struct folder *folder = *state;
    make_file(folder->file, 0640, "old");
    write_file(folder->file, "new");
    assert_content(folder->file, "new");
    assert_int_equal(status_of(folder->file).st_mode & 07777, 0640);
}

static void a_new_file_gets_the_mode_of_the_umask(void **state)
{
    const struct folder *folder = *state;
    mode_t before = umask(027);
    write_file(folder->file, "new");
    umask(before);
    assert_int_equal(status_of(folder->file).st_mode & 07777, 0640);
}

static void a_link_that_leads_nowhere_is_followed(void **state)
{
    const struct folder *folder = *state;
    assert_int_equal(symlink("file", folder->link), 0);
    write_file(folder->link, "new");
    assert_true(S_ISLNK(status_of(folder->link).st_mode));
    assert_true(S_ISREG(status_of(folder->file).st_mode));
    write_file(folder->link, "newer");
    assert_true(S_ISLNK(status_of(folder->link).st_mode));
    assert_content(folder->file, "newer");
}

static void a_link_to_itself_is_refused(void **state)
{
    const struct folder *folder = *state;
    struct mcb_error error;
    assert_int_equal(symlink("link", folder->link), 0);
    assert_int_equal(mcb_file_write(folder->link, print_text, "new", &error), -1);
    assert_detail(&error, MCB_FAULT_HOST_OUTPUT, strerror(ELOOP));
    assert_true(S_ISLNK(status_of(folder->link).st_mode));
}

/* In a child that is not root, to whom everything is writable. */
static int write_as_nobody(const char *path)
{
    pid_t child = fork();
    if (child == 0) {
        struct mcb_error error = {MCB_FAULT_NONE, ""};
        if (geteuid() == 0 && (setgid(NOBODY) != 0 || setuid(NOBODY) != 0))
            _exit(ENDED_OTHERWISE);
        mcb_file_write(path, print_text, "new", &error);
        _exit((int)error.code);
    }
    return fault_of(child);
}

static void a_file_that_is_not_writable_is_not_replaced(void **state)
{
    const struct folder *folder = *state;
    make_file(folder->file, 0444, "old");
    if (geteuid() == 0)
        assert_int_equal(chown(folder->file, NOBODY, NOBODY), 0);
    assert_int_equal(write_as_nobody(folder->file), MCB_FAULT_HOST_OUTPUT);
    assert_content(folder->file, "old");
}

static void a_file_of_somebody_else_stays_theirs(void **state)
{
    const struct folder *folder = *state;
    if (geteuid() != 0)
        skip();
    make_file(folder->file, 0666, "old and longer");
    assert_int_equal(write_as_nobody(folder->file), 0);
    assert_content(folder->file, "new");
    assert_int_equal(status_of(folder->file).st_uid, 0);
    assert_int_equal(chown(folder->file, NOBODY, NOBODY), 0);
    write_file(folder->file, "root's");
    assert_content(folder->file, "root's");
    assert_int_equal(status_of(folder->file).st_uid, NOBODY);
    assert_int_equal(status_of(folder->file).st_mode & 07777, 0666);
}

static void a_file_too_large_is_an_error_and_leaves_the_old_one(void **state)
{
    const struct folder *folder = *state;
    struct mcb_error error;
    struct rlimit before, limit;
    make_file(folder->file, 0600, "old");
    signal(SIGXFSZ, SIG_IGN);
    getrlimit(RLIMIT_FSIZE, &before);
    limit = before;
    limit.rlim_cur = 1000;
    setrlimit(RLIMIT_FSIZE, &limit);
    int outcome = mcb_file_write(folder->file, print_for_ever, "0123456789", &error);
    setrlimit(RLIMIT_FSIZE, &before);
    assert_int_equal(outcome, -1);
    assert_detail(&error, MCB_FAULT_HOST_OUTPUT, strerror(EFBIG));
    assert_content(folder->file, "old");
}

/* ---- streams ---- */

/* As "mcbench >file" that writes to /dev/stdout between two lines of its own. */
static void the_file_of_standard_output_is_continued(void **state)
{
    const struct folder *folder = *state;
    pid_t child = fork();
    if (child == 0) {
        struct mcb_error error = {MCB_FAULT_NONE, ""};
        if (!freopen(folder->file, "w", stdout))
            _exit(ENDED_OTHERWISE);
        fputs("before\n", stdout);
        mcb_file_write("/dev/stdout", print_text, "written\n", &error);
        mcb_file_write(folder->file, print_text, "by name\n", &error);
        fputs("after\n", stdout);
        fflush(stdout);
        _exit((int)error.code);
    }
    assert_int_equal(fault_of(child), 0);
    assert_content(folder->file, "before\nwritten\nby name\nafter\n");
}

static void a_file_that_is_only_read_as_a_standard_stream_is_replaced(void **state)
{
    const struct folder *folder = *state;
    make_file(folder->file, 0600, "old");
    pid_t child = fork();
    if (child == 0) {
        struct mcb_error error = {MCB_FAULT_NONE, ""};
        if (!freopen(folder->file, "r", stderr))
            _exit(ENDED_OTHERWISE);
        mcb_file_write(folder->file, print_text, "new", &error);
        _exit((int)error.code);
    }
    assert_int_equal(fault_of(child), 0);
    assert_content(folder->file, "new");
}

static void devices_pipes_and_files_of_standard_streams_are_streams(void **state)
{
    const struct folder *folder = *state;
    assert_true(mcb_file_is_stream("/dev/null"));
    assert_true(mcb_file_is_stream("/dev/stdout"));
    assert_false(mcb_file_is_stream(folder->file));
    make_file(folder->file, 0600, "");
    assert_false(mcb_file_is_stream(folder->file));
    assert_int_equal(mkfifo(folder->link, 0600), 0);
    assert_true(mcb_file_is_stream(folder->link));
}

static void a_deleted_file_that_is_still_open_gets_it_and_no_other(void **state)
{
    const struct folder *folder = *state;
    char name[32];
    int fd = open(folder->file, O_RDWR | O_CREAT | O_EXCL, 0600);
    assert_true(fd >= 0);
    assert_int_equal(unlink(folder->file), 0);
    snprintf(name, sizeof name, "/proc/self/fd/%d", fd);
    write_file(name, "new");
    assert_content(name, "new");
    close(fd);
}

static void a_pipe_without_a_reader_is_not_waited_for(void **state)
{
    const struct folder *folder = *state;
    struct mcb_error error;
    assert_int_equal(mkfifo(folder->file, 0600), 0);
    assert_int_equal(mcb_file_write(folder->file, print_text, "new", &error), -1);
    assert_detail(&error, MCB_FAULT_HOST_OUTPUT, "without a reader");
    assert_true(S_ISFIFO(status_of(folder->file).st_mode));
}

static void a_slow_reader_gets_everything(void **state)
{
    const struct folder *folder = *state;
    enum { BYTES = 300000 };
    char *text = calloc(1, BYTES + 1), piece[1000];
    assert_non_null(text);
    memset(text, 'x', BYTES);
    assert_int_equal(mkfifo(folder->file, 0600), 0);
    int reader = open(folder->file, O_RDONLY | O_NONBLOCK);
    assert_int_equal(fcntl(reader, F_SETFL, 0), 0);
    pid_t child = fork();
    if (child == 0) {
        struct mcb_error error = {MCB_FAULT_NONE, ""};
        close(reader);
        mcb_file_write(folder->file, print_text, text, &error);
        _exit((int)error.code);
    }
    free(text);
    wait_for_bytes(reader); /* without a writer the pipe would end */
    size_t total = 0;
    for (ssize_t got; (got = read(reader, piece, sizeof piece)) > 0;)
        total += (size_t)got;
    assert_int_equal(total, BYTES);
    close(reader);
    assert_int_equal(fault_of(child), 0);
}

static void an_interrupt_ends_the_wait_for_a_reader(void **state)
{
    const struct folder *folder = *state;
    assert_int_equal(mkfifo(folder->file, 0600), 0);
    int reader = open(folder->file, O_RDONLY | O_NONBLOCK);
    pid_t child = fork();
    if (child == 0) {
        struct mcb_error error = {MCB_FAULT_NONE, ""};
        mcb_interrupt_install();
        mcb_file_write(folder->file, print_for_ever, "0123456789", &error);
        _exit((int)error.code);
    }
    wait_for_bytes(reader); /* of which no more are taken */
    assert_int_equal(kill(child, SIGTERM), 0);
    assert_int_equal(fault_of(child), MCB_FAULT_RUN_INTERRUPTED);
    close(reader);
}

static void an_interrupt_from_before_lets_a_stream_be_written(void **state)
{
    const struct folder *folder = *state;
    assert_int_equal(mkfifo(folder->file, 0600), 0);
    int reader = open(folder->file, O_RDONLY | O_NONBLOCK);
    pid_t child = fork();
    if (child == 0) {
        struct mcb_error error = {MCB_FAULT_NONE, ""};
        mcb_interrupt_install();
        raise(SIGTERM);
        mcb_file_write(folder->file, print_text, "measured until then", &error);
        _exit((int)error.code);
    }
    assert_int_equal(fault_of(child), 0);
    char text[100] = "";
    assert_true(read(reader, text, sizeof text - 1) > 0);
    assert_string_equal(text, "measured until then");
    close(reader);
}

/* ---- reading ---- */

static void a_pipe_is_read_until_its_slow_writer_ends(void **state)
{
    const struct folder *folder = *state;
    assert_int_equal(mkfifo(folder->file, 0600), 0);
    pid_t child = fork();
    if (child == 0) {
        int writer = open(folder->file, O_WRONLY); /* waits for the reader */
        bool written = write(writer, "one ", 4) == 4;
        struct timespec nap = {.tv_nsec = 20 * MCB_NS_PER_MS};
        nanosleep(&nap, NULL);
        _exit(written && write(writer, "two", 3) == 3 ? 0 : ENDED_OTHERWISE);
    }
    assert_content(folder->file, "one two");
    assert_int_equal(fault_of(child), 0);
}

static void expect_patience_to_end(const char *path)
{
    struct mcb_error error;
    size_t length = 7;
    assert_null(mcb_file_read(path, 1000, 10 * MCB_NS_PER_MS, MCB_FAULT_USE_FILE, &length, &error));
    assert_detail(&error, MCB_FAULT_USE_FILE, "its end did not come within 0.01 s");
    assert_int_equal(length, 7);
}

static void a_pipe_that_does_not_end_is_an_error(void **state)
{
    const struct folder *folder = *state;
    assert_int_equal(mkfifo(folder->file, 0600), 0);
    expect_patience_to_end(folder->file); /* nobody has it open */
    int writer = open(folder->file, O_RDWR);
    expect_patience_to_end(folder->file);
    assert_int_equal(write(writer, "{", 1), 1);
    expect_patience_to_end(folder->file);
    close(writer);
}

static void an_interrupt_ends_the_wait_for_a_writer(void **state)
{
    const struct folder *folder = *state;
    assert_int_equal(mkfifo(folder->file, 0600), 0);
    int writer = open(folder->file, O_RDWR);
    assert_int_equal(write(writer, "{", 1), 1);
    pid_t child = fork();
    if (child == 0) {
        struct mcb_error error = {MCB_FAULT_NONE, ""};
        size_t length;
        mcb_interrupt_install();
        mcb_file_read(folder->file, 1000, AMPLE_NS, MCB_FAULT_USE_FILE, &length, &error);
        _exit((int)error.code);
    }
    const int64_t deadline_ns = mcb_clock_ns() + AMPLE_NS;
    int unread = 1; /* until it has read the byte, and waits for more */
    while (unread == 1 && mcb_clock_ns() < deadline_ns)
        assert_int_equal(ioctl(writer, FIONREAD, &unread), 0);
    assert_int_equal(kill(child, SIGTERM), 0);
    assert_int_equal(fault_of(child), MCB_FAULT_RUN_INTERRUPTED);
    close(writer);
}

static void a_file_of_the_size_allowed_is_read_and_no_byte_more(void **state)
{
    const struct folder *folder = *state;
    struct mcb_error error;
    size_t length = 0;
    make_file(folder->file, 0600, "12345");
    char *text = mcb_file_read(folder->file, 5, AMPLE_NS, MCB_FAULT_USE_FILE, &length, &error);
    assert_non_null(text);
    assert_int_equal(length, 5);
    free(text);
    assert_null(mcb_file_read(folder->file, 4, AMPLE_NS, MCB_FAULT_USE_FILE, &length, &error));
    assert_detail(&error, MCB_FAULT_USE_FILE, "larger than 4 bytes");
    assert_null(mcb_file_read(folder->path, 4, AMPLE_NS, MCB_FAULT_USE_FILE, &length, &error));
    assert_detail(&error, MCB_FAULT_USE_FILE, strerror(EISDIR));
}

#define IN_FOLDER(test) cmocka_unit_test_setup_teardown(test, make_folder, remove_folder)

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_FOLDER(a_file_that_is_replaced_keeps_its_mode),
        IN_FOLDER(a_new_file_gets_the_mode_of_the_umask),
        IN_FOLDER(a_link_that_leads_nowhere_is_followed),
        IN_FOLDER(a_link_to_itself_is_refused),
        IN_FOLDER(a_file_that_is_not_writable_is_not_replaced),
        IN_FOLDER(a_file_of_somebody_else_stays_theirs),
        IN_FOLDER(a_file_too_large_is_an_error_and_leaves_the_old_one),
        IN_FOLDER(the_file_of_standard_output_is_continued),
        IN_FOLDER(a_file_that_is_only_read_as_a_standard_stream_is_replaced),
        IN_FOLDER(devices_pipes_and_files_of_standard_streams_are_streams),
        IN_FOLDER(a_deleted_file_that_is_still_open_gets_it_and_no_other),
        IN_FOLDER(a_pipe_without_a_reader_is_not_waited_for),
        IN_FOLDER(a_slow_reader_gets_everything),
        IN_FOLDER(an_interrupt_ends_the_wait_for_a_reader),
        IN_FOLDER(an_interrupt_from_before_lets_a_stream_be_written),
        IN_FOLDER(a_pipe_is_read_until_its_slow_writer_ends),
        IN_FOLDER(a_pipe_that_does_not_end_is_an_error),
        IN_FOLDER(an_interrupt_ends_the_wait_for_a_writer),
        IN_FOLDER(a_file_of_the_size_allowed_is_read_and_no_byte_more),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
