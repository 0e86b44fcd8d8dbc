/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Makes libibverbs fail: a library to be preloaded (LD_PRELOAD) into a program that uses real
 * devices, for what those devices would not do by themselves. MCB_FAULT_SHIM (spec.h) says what
 * goes wrong. Only tests use it; it is never installed.
 *
 * A test must not pass because nothing was injected. So a variable that is not understood, or not
 * there, ends the program before it begins; and at its end the shim says how often each rule had
 * its effect, in one line:
 *
 *   mcbench-fault-shim: rtr=2 completion=0
 *
 * Calls that are functions of the library are interposed by name. Those that verbs.h makes through
 * the tables of an opened device (poll_cq, create_qp_ex, query_port) are replaced in the tables
 * when the device is opened. One thing is asked of the kernel itself, by ioctl(). ibv_start_poll(),
 * which nobody here uses, is left alone.
 *
 * There is no handle that could lead to a state, hence the static one.
 */
#include "shim.h"

#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define VARIABLE "MCB_FAULT_SHIM"

enum { EXIT_NOT_UNDERSTOOD = 125 };

static struct {
    struct mcb_shim_spec spec; /* constant from the start on */
    _Atomic uint64_t used[MCB_SHIM_RULES];
    _Atomic uint64_t injected[MCB_SHIM_RULES];
} state;

const struct mcb_shim_action *mcb_shim_action(enum mcb_shim_rule rule,
                                              const struct ibv_context *context)
{
    const struct mcb_shim_spec *spec = &state.spec;
    if (!spec->actions[rule].given)
        return NULL;
    if (context && spec->device[0] != '\0' && strcmp(spec->device, context->device->name) != 0)
        return NULL;
    return &spec->actions[rule];
}

void mcb_shim_injected(enum mcb_shim_rule rule)
{
    atomic_fetch_add(&state.injected[rule], 1);
}

bool mcb_shim_is_due(enum mcb_shim_rule rule, const struct mcb_shim_action *action)
{
    bool due = atomic_fetch_add(&state.used[rule], 1) >= action->beyond;
    if (due)
        mcb_shim_injected(rule);
    return due;
}

/* No exit(): what the program registered for its end must not run, it has not begun. */
static void give_up(const char *what, const char *why)
{
    fprintf(stderr, "mcbench-fault-shim: %s: %s\n", what, why);
    fflush(stderr);
    _exit(EXIT_NOT_UNDERSTOOD);
}

void mcb_shim_real(const char *name, void *function)
{
    void *symbol = dlsym(RTLD_NEXT, name);
    if (!symbol)
        give_up(name, "libibverbs has no such function");
    memcpy(function, &symbol, sizeof(symbol));
}

__attribute__((constructor)) static void read_spec(void)
{
    char why[512];
    const char *text = getenv(VARIABLE);
    if (!text)
        give_up(VARIABLE, "is not set: nothing would go wrong");
    if (mcb_shim_spec_read(text, &state.spec, why) < 0)
        give_up(VARIABLE, why);
}

/* Opened by descriptor and not through stdio, whose streams may be closed by now. */
__attribute__((destructor)) static void say_last_words(void)
{
    char line[512] = "mcbench-fault-shim:";
    size_t length = strlen(line);
    for (int rule = 0; rule < MCB_SHIM_RULES; rule++)
        if (state.spec.actions[rule].given)
            length += (size_t)snprintf(line + length, sizeof(line) - length, " %s=%llu",
                                       mcb_shim_rule_name(rule),
                                       (unsigned long long)atomic_load(&state.injected[rule]));
    line[length++] = '\n';
    int file = STDERR_FILENO;
    if (state.spec.log[0] != '\0')
        file = open(state.spec.log, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0666);
    if (file < 0 || write(file, line, length) != (ssize_t)length)
        fprintf(stderr, "mcbench-fault-shim: %s: %s\n", state.spec.log, strerror(errno));
}
