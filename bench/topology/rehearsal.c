/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The child's answer is its exit status, and if the act failed, the error, which goes through a
 * pipe. The same pipe tells the parent that the child is gone: it then reads as ended. The limit
 * on address space comes on top of what is mapped already, because AddressSanitizer maps terabytes.
 */
#include "bench/topology/rehearsal.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/clock.h"

/* A status that neither a sanitizer (1, 23, 99) nor a shell's convention (126 and on) uses. */
enum { FAILED_IN_ORDER = 40, CPU_S = 5, CLOCK_S = 10 };

static const rlim_t more_memory_bytes = (rlim_t)512 << 20;

/* ---- the child ---- */

static void limit(int resource, rlim_t value)
{
    struct rlimit now;
    if (getrlimit(resource, &now) != 0)
        return;
    if (now.rlim_max == RLIM_INFINITY || value < now.rlim_max)
        now.rlim_max = value;
    now.rlim_cur = now.rlim_max;
    setrlimit(resource, &now);
}

static rlim_t mapped_bytes(void)
{
    unsigned long pages = 0;
    FILE *file = fopen("/proc/self/statm", "re");
    if (!file)
        return 0;
    if (fscanf(file, "%lu", &pages) != 1)
        pages = 0;
    fclose(file);
    return (rlim_t)pages * (rlim_t)sysconf(_SC_PAGESIZE);
}

/* A crash is to end the child: a handler of the program's own could make it go on. */
static void forget_handlers(void)
{
    static const int crashes[] = {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT, SIGSYS, SIGXCPU};
    for (size_t i = 0; i < sizeof crashes / sizeof crashes[0]; i++)
        signal(crashes[i], SIG_DFL);
}

static void confine_self(void)
{
    forget_handlers();
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    prctl(PR_SET_DUMPABLE, 0); /* a core limit of 0 does not hold back a piped core dump */
    rlim_t mapped = mapped_bytes();
    if (mapped > 0)
        limit(RLIMIT_AS, mapped + more_memory_bytes);
    limit(RLIMIT_CPU, CPU_S);
    limit(RLIMIT_CORE, 0);
    limit(RLIMIT_FSIZE, 0);
    int nowhere = open("/dev/null", O_RDWR | O_CLOEXEC);
    if (nowhere < 0)
        return;
    dup2(nowhere, STDOUT_FILENO);
    dup2(nowhere, STDERR_FILENO);
}

_Noreturn static void act_as_child(mcb_rehearsal_act *act, const void *argument, int answer)
{
    struct mcb_error error;
    memset(&error, 0, sizeof error);
    confine_self();
    if (act(argument, &error) == 0)
        _exit(0);
    ssize_t written = write(answer, &error, sizeof error);
    _exit(written == (ssize_t)sizeof error ? FAILED_IN_ORDER : 1);
}

/* ---- the parent ---- */

/* Waits for the end of the pipe, that is, of the child. *length: how much of an error came. False:
 * the time is over. */
static bool await(int answer, struct mcb_error *error, size_t *length)
{
    int64_t deadline_ns = mcb_clock_ns() + CLOCK_S * MCB_NS_PER_S;
    int left_ms;
    *length = 0;
    while ((left_ms = mcb_clock_ms_until(deadline_ns)) > 0) {
        struct pollfd wait = {.fd = answer, .events = POLLIN};
        if (poll(&wait, 1, left_ms) <= 0)
            continue;
        ssize_t got = read(answer, (char *)error + *length, sizeof *error - *length);
        if (got <= 0)
            return true;
        *length += (size_t)got;
    }
    return false;
}

/* What the child sent, if it is an error that can be passed on. */
static bool is_error(struct mcb_error *error, size_t length)
{
    if (length != sizeof *error || error->code <= MCB_FAULT_NONE || error->code >= MCB_FAULT_COUNT)
        return false;
    error->detail[sizeof error->detail - 1] = '\0';
    return true;
}

static int judge(int status, bool in_time, struct mcb_error *sent, size_t sent_length,
                 const char *what, enum mcb_fault_code code, struct mcb_error *error)
{
    if (in_time && WIFEXITED(status) && WEXITSTATUS(status) == 0)
        return 0;
    if (in_time && WIFEXITED(status) && WEXITSTATUS(status) == FAILED_IN_ORDER &&
        is_error(sent, sent_length))
        return mcb_error_set(error, sent->code, "%s", sent->detail);
    /* SIGKILL: the limit on CPU time, or a kernel that ran out of memory. */
    bool too_much = !in_time || (WIFSIGNALED(status) &&
                                 (WTERMSIG(status) == SIGXCPU || WTERMSIG(status) == SIGKILL));
    return mcb_error_set(error, code, "%s: %s; it is damaged or made to do harm", what,
                         too_much ? "it would take more time or memory than any real one"
                                  : "it makes hwloc crash or run out of memory");
}

static int follow(pid_t child, int answer, const char *what, enum mcb_fault_code code,
                  struct mcb_error *error)
{
    struct mcb_error sent;
    size_t sent_length;
    int status;
    bool in_time = await(answer, &sent, &sent_length);
    if (!in_time)
        kill(child, SIGKILL);
    pid_t gone;
    do
        gone = waitpid(child, &status, 0);
    while (gone < 0 && errno == EINTR);
    if (gone != child)
        return mcb_error_set(error, MCB_FAULT_HOST_SYSTEM, "waitpid: %s", strerror(errno));
    return judge(status, in_time, &sent, sent_length, what, code, error);
}

int mcb_rehearsal_run(mcb_rehearsal_act *act, const void *argument, const char *what,
                      enum mcb_fault_code code, struct mcb_error *error)
{
    int answer[2];
    if (pipe2(answer, O_CLOEXEC) != 0)
        return mcb_error_set(error, MCB_FAULT_HOST_SYSTEM, "pipe: %s", strerror(errno));
    /* Who starts daemons may have had it ignored, which is inherited: the child's end would then
     * be nobody's to ask for. */
    struct sigaction before, usual = {.sa_handler = SIG_DFL};
    sigaction(SIGCHLD, &usual, &before);
    pid_t child = fork();
    if (child == 0) {
        close(answer[0]);
        act_as_child(act, argument, answer[1]);
    }
    close(answer[1]);
    int status = child < 0
                     ? mcb_error_set(error, MCB_FAULT_HOST_SYSTEM, "fork: %s", strerror(errno))
                     : follow(child, answer[0], what, code, error);
    close(answer[0]);
    sigaction(SIGCHLD, &before, NULL);
    return status;
}
