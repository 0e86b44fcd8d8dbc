/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Messages for a person, each made whole and handed to the kernel in one write, so that the lines
 * of several processes on one terminal do not mix. What they quote comes from outside (names,
 * files, peers), therefore control characters are replaced. On a terminal the current line is
 * erased before: it may hold the progress line.
 */

#include "common/log.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { MESSAGE_MAX = 4096 };

static bool quiet_notes;

void mcb_log_quiet(bool quiet)
{
    quiet_notes = quiet;
}

/* C0, DEL, and the C1 characters, which are C2 80..9F in UTF-8. */
static void replace_control_characters(char *text)
{
    for (unsigned char *at = (unsigned char *)text; *at; at++) {
        if (*at < 0x20 || *at == 0x7f)
            *at = '?';
        else if (at[0] == 0xc2 && at[1] >= 0x80 && at[1] <= 0x9f)
            at[0] = at[1] = '?';
    }
}

/* Appends to message[*length], as much as fits. */
__attribute__((format(printf, 3, 4))) static void append(char *message, size_t *length,
                                                         const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    int written = vsnprintf(message + *length, MESSAGE_MAX - *length, format, arguments);
    va_end(arguments);
    if (written < 0)
        return;
    size_t room = MESSAGE_MAX - 1 - *length;
    *length += (size_t)written < room ? (size_t)written : room;
}

static void emit(const char *message, size_t length)
{
    static const char erase_line[] = "\r\033[K";
    const char *terminal = getenv("TERM");
    ssize_t written = 0;
    if (isatty(STDERR_FILENO) && terminal && strcmp(terminal, "dumb") != 0)
        written = write(STDERR_FILENO, erase_line, sizeof erase_line - 1);
    for (size_t done = 0; done < length; done += (size_t)written) {
        written = write(STDERR_FILENO, message + done, length - done);
        if (written < 0 && errno == EINTR)
            written = 0;
        if (written < 0)
            return; /* nobody is left to be told */
    }
}

static void say(const char *prefix, const char *format, va_list arguments)
{
    int saved_errno = errno;
    char message[MESSAGE_MAX], text[MESSAGE_MAX];
    size_t length = 0;
    vsnprintf(text, sizeof text, format, arguments);
    replace_control_characters(text);
    append(message, &length, "mcbench: %s%.*s", prefix, MESSAGE_MAX - 32, text);
    append(message, &length, "\n");
    emit(message, length);
    errno = saved_errno;
}

void mcb_log_note(const char *format, ...)
{
    if (quiet_notes)
        return;
    va_list arguments;
    va_start(arguments, format);
    say("", format, arguments);
    va_end(arguments);
}

void mcb_log_warn(const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    say("warning: ", format, arguments);
    va_end(arguments);
}

/* Every line of it on a line of its own, so that it can be copied. */
static void append_fix(char *message, size_t *length, const char *fix)
{
    size_t line_length;
    const char *label = "try:", *line;
    while ((line = mcb_fault_next_line(&fix, &line_length))) {
        append(message, length, "  %-6s %.*s\n", label, (int)line_length, line);
        label = "";
    }
}

/* The id ends the first line. Only the detail of a wrong rule has more: the rule, and a caret. */
static void append_detail(char *message, size_t *length, const struct mcb_error *error,
                          const struct mcb_fault *fault)
{
    char detail[MCB_ERROR_DETAIL_MAX], *rest = NULL;
    snprintf(detail, sizeof detail, "%s", error->detail[0] ? error->detail : fault->title);
    if (error->code == MCB_FAULT_USE_RULE && (rest = strchr(detail, '\n')))
        *rest++ = '\0';
    replace_control_characters(detail);
    append(message, length, "mcbench: %s  [%s]\n", detail, fault->id);
    for (char *line; rest && (line = strsep(&rest, "\n"));) {
        replace_control_characters(line);
        append(message, length, "%s\n", line);
    }
}

void mcb_log_error(const struct mcb_error *error)
{
    int saved_errno = errno;
    const struct mcb_fault *fault = mcb_fault_get(error->code);
    char message[MESSAGE_MAX];
    size_t length = 0;
    append_detail(message, &length, error, fault);
    if (fault->exit_code != MCB_EXIT_USAGE && fault->cause[0])
        append(message, &length, "  cause: %s\n", fault->cause);
    if (fault->exit_code != MCB_EXIT_USAGE)
        append_fix(message, &length, fault->fix);
    emit(message, length);
    errno = saved_errno;
}
