/* SPDX-License-Identifier: Apache-2.0 */
#include "bench/report/gnuplot.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/clock.h"
#include "common/interrupt.h"
#include "common/text.h"

enum { SAID_MAX = 4096, LINE_MAX_COLUMNS = 200, LOOK_MS = 50 };

/* ---- a program as a child ---- */

struct call {
    const char *program, *folder; /* folder NULL: the current one */
    char *const *words;
    int64_t timeout_ns;
    bool wants_output; /* what it says on standard output, not on standard error */
    char said[SAID_MAX];
    int status; /* of waitpid() */
};

/* What a program needs to find its fonts and its files, and nothing that changes a picture. */
static size_t environment_make(char *entries[], size_t most)
{
    static const char *const kept[] = {
        "PATH",
        "HOME",
        "TMPDIR",
        "LD_LIBRARY_PATH",
        "FONTCONFIG_FILE",
        "FONTCONFIG_PATH",
        "XDG_CACHE_HOME",
        "XDG_CONFIG_HOME",
        "XDG_DATA_HOME",
        "XDG_DATA_DIRS",
    };
    static char locale[] = "LC_ALL=C.UTF-8";
    size_t count = 0;
    for (size_t i = 0; i < sizeof kept / sizeof *kept && count + 2 < most; i++) {
        const char *value = getenv(kept[i]);
        if (value && asprintf(&entries[count], "%s=%s", kept[i], value) >= 0)
            count++;
    }
    entries[count] = locale;
    entries[count + 1] = NULL;
    return count;
}

static int spawn(const struct call *call, int said, pid_t *child)
{
    char *entries[16];
    posix_spawn_file_actions_t actions;
    posix_spawnattr_t attributes;
    sigset_t none, all;
    sigemptyset(&none);
    sigfillset(&all);
    posix_spawn_file_actions_init(&actions);
    posix_spawnattr_init(&attributes);
    /* A group of its own: a wrapper's children end with it. */
    posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGMASK |
                                              POSIX_SPAWN_SETSIGDEF);
    posix_spawnattr_setpgroup(&attributes, 0);
    posix_spawnattr_setsigmask(&attributes, &none);
    posix_spawnattr_setsigdefault(&attributes, &all);
    posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
    posix_spawn_file_actions_addopen(&actions, STDOUT_FILENO, "/dev/null", O_WRONLY, 0);
    posix_spawn_file_actions_addopen(&actions, STDERR_FILENO, "/dev/null", O_WRONLY, 0);
    posix_spawn_file_actions_adddup2(&actions, said,
                                     call->wants_output ? STDOUT_FILENO : STDERR_FILENO);
    if (call->folder)
        posix_spawn_file_actions_addchdir_np(&actions, call->folder);
    size_t count = environment_make(entries, sizeof entries / sizeof *entries);
    int cause = posix_spawn(child, call->program, &actions, &attributes, call->words, entries);
    while (count > 0)
        free(entries[--count]);
    posix_spawnattr_destroy(&attributes);
    posix_spawn_file_actions_destroy(&actions);
    return cause;
}

/* Keeps the beginning of what comes; false at its end. */
static bool take_said(struct call *call, int fd, size_t *length)
{
    char rest[512];
    bool full = *length + 1 >= sizeof call->said;
    ssize_t got = full ? read(fd, rest, sizeof rest)
                       : read(fd, call->said + *length, sizeof call->said - 1 - *length);
    if (got < 0)
        return errno == EINTR || errno == EAGAIN;
    if (!full)
        *length += (size_t)got;
    call->said[*length] = '\0';
    return got > 0;
}

static void wait_for(pid_t child, int *status)
{
    while (waitpid(child, status, 0) < 0 && errno == EINTR)
        ;
}

/* Until the child has ended: 0; 1: not in time; -1: interrupted. */
static int follow(struct call *call, pid_t child, int fd)
{
    const int64_t deadline_ns = mcb_clock_ns() + call->timeout_ns;
    size_t length = 0;
    bool open = true;
    for (;;) {
        struct pollfd wait = {.fd = open ? fd : -1, .events = POLLIN};
        int left_ms = mcb_clock_ms_until(deadline_ns);
        if (poll(&wait, 1, left_ms < LOOK_MS ? left_ms : LOOK_MS) > 0)
            open = take_said(call, fd, &length);
        if (waitpid(child, &call->status, WNOHANG) == child) {
            while (open && poll(&(struct pollfd){.fd = fd, .events = POLLIN}, 1, 0) > 0)
                open = take_said(call, fd, &length);
            kill(-child, SIGKILL); /* what it may have left running */
            return 0;
        }
        if (*mcb_interrupt_flag() || mcb_clock_ms_until(deadline_ns) == 0)
            break;
    }
    kill(-child, SIGKILL);
    wait_for(child, &call->status);
    return *mcb_interrupt_flag() ? -1 : 1;
}

static int call_run(struct call *call, struct mcb_error *error)
{
    int fds[2];
    pid_t child;
    if (pipe2(fds, O_CLOEXEC | O_NONBLOCK) != 0)
        return mcb_error_set(error, MCB_FAULT_HOST_SYSTEM, "pipe: %s", strerror(errno));
    /* Who starts daemons may have had it ignored: then nobody's end could be waited for. */
    struct sigaction before, usual = {.sa_handler = SIG_DFL};
    sigaction(SIGCHLD, &usual, &before);
    int cause = spawn(call, fds[1], &child);
    close(fds[1]);
    int outcome = cause == 0 ? follow(call, child, fds[0]) : 0;
    close(fds[0]);
    sigaction(SIGCHLD, &before, NULL);
    if (cause != 0)
        return mcb_error_set(error, MCB_FAULT_HOST_GNUPLOT, "%s: cannot be run: %s", call->program,
                             strerror(cause));
    if (outcome < 0)
        return mcb_error_set(error, MCB_FAULT_RUN_INTERRUPTED, "interrupted while gnuplot ran");
    if (outcome > 0)
        return mcb_error_set(error, MCB_FAULT_HOST_GNUPLOT, "%s: did not end within %g s",
                             call->program, (double)call->timeout_ns / (double)MCB_NS_PER_S);
    return 0;
}

/* ---- gnuplot ---- */

static bool is_program(const char *path)
{
    struct stat status;
    return stat(path, &status) == 0 && S_ISREG(status.st_mode) && access(path, X_OK) == 0;
}

static bool search(char program[PATH_MAX])
{
    const char *at = getenv("PATH");
    for (at = at ? at : "/usr/local/bin:/usr/bin:/bin"; *at; at += *at == ':') {
        size_t length = strcspn(at, ":");
        int written = snprintf(program, PATH_MAX, "%.*s/gnuplot", (int)length, at);
        if (*at == '/' && written < PATH_MAX && is_program(program))
            return true;
        at += length;
    }
    return false;
}

/* "gnuplot 5.4 patchlevel 4" */
static int read_version(const char *said, struct mcb_gnuplot *gnuplot, struct mcb_error *error)
{
    char line[LINE_MAX_COLUMNS];
    static const char name[] = "gnuplot ";
    snprintf(line, sizeof line, "%.*s", (int)strcspn(said, "\r\n"), said);
    if (strncmp(line, name, sizeof name - 1) != 0 ||
        sscanf(line + sizeof name - 1, "%3d.%3d", &gnuplot->major, &gnuplot->minor) != 2)
        return mcb_error_set(error, MCB_FAULT_HOST_GNUPLOT, "%s: does not tell its version",
                             gnuplot->program);
    mcb_text_clean(line + sizeof name - 1, gnuplot->version, sizeof gnuplot->version);
    if (gnuplot->major * 100 + gnuplot->minor < MCB_GNUPLOT_LEAST)
        return mcb_error_set(error, MCB_FAULT_HOST_GNUPLOT,
                             "%s: is gnuplot %s; %d.%d or later is needed", gnuplot->program,
                             gnuplot->version, MCB_GNUPLOT_LEAST / 100, MCB_GNUPLOT_LEAST % 100);
    return 0;
}

int mcb_gnuplot_find(int64_t timeout_ns, struct mcb_gnuplot *gnuplot, struct mcb_error *error)
{
    char name[] = "gnuplot", version[] = "--version", *const words[] = {name, version, NULL};
    struct mcb_gnuplot found = {.major = 0};
    if (!search(found.program))
        return mcb_error_set(error, MCB_FAULT_HOST_GNUPLOT, "gnuplot: not in PATH");
    struct call call = {
        .program = found.program, .words = words, .timeout_ns = timeout_ns, .wants_output = true};
    if (call_run(&call, error) != 0 || read_version(call.said, &found, error) != 0)
        return -1;
    *gnuplot = found;
    return 0;
}

/* The first line that tells a place in a script, else the first that says something: gnuplot shows
 * the command itself above what it thinks of it. */
static const char *first_complaint(const char *said, char line[LINE_MAX_COLUMNS])
{
    char copy[SAID_MAX], *rest = copy;
    bool found = false;
    snprintf(copy, sizeof copy, "%s", said);
    snprintf(line, LINE_MAX_COLUMNS, "it says nothing");
    for (char *part; (part = strsep(&rest, "\r\n"));) {
        bool placed = strstr(part, "\" line ") != NULL;
        part += strspn(part, " \t^");
        if (!*part || strstr(part, "warning:") || (found && !placed))
            continue;
        mcb_text_clean(part, line, LINE_MAX_COLUMNS);
        if (placed)
            break;
        found = true;
    }
    return line;
}

/* How a run ended: well, or with a complaint. */
static int judge(const struct call *call, const struct mcb_gnuplot *gnuplot, const char *script,
                 struct mcb_error *error)
{
    char how[64], line[LINE_MAX_COLUMNS];
    bool ended = WIFEXITED(call->status);
    if (ended && WEXITSTATUS(call->status) == 0)
        return 0;
    snprintf(how, sizeof how, ended ? "exit code %d" : "ended by signal %d",
             ended ? WEXITSTATUS(call->status) : WTERMSIG(call->status));
    return mcb_error_set(error, MCB_FAULT_HOST_GNUPLOT, "gnuplot %s, %s: %s (%s)", gnuplot->version,
                         script, first_complaint(call->said, line), how);
}

int mcb_gnuplot_run(const struct mcb_gnuplot *gnuplot, const char *folder, const char *script,
                    const char *picture, int64_t timeout_ns, struct mcb_error *error)
{
    char name[] = "gnuplot", no_start_file[] = "-d", execute[] = "-e";
    char *command = NULL, *file = strdup(script);
    if (!file || asprintf(&command, "picture = '%s'", picture) < 0) {
        free(file);
        return mcb_error_set(error, MCB_FAULT_HOST_MEMORY, "no memory for a picture");
    }
    char *const words[] = {name, no_start_file, execute, command, file, NULL};
    struct call call = {
        .program = gnuplot->program, .folder = folder, .words = words, .timeout_ns = timeout_ns};
    int outcome = call_run(&call, error);
    if (outcome == 0)
        outcome = judge(&call, gnuplot, script, error);
    free(command);
    free(file);
    return outcome;
}
