/* SPDX-License-Identifier: Apache-2.0 */
#include "common/fault.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static const struct mcb_fault faults[MCB_FAULT_COUNT] = {
    [MCB_FAULT_NONE] = {"", MCB_EXIT_OK, "no fault", "", "", "", ""},
#define MCB_FAULT(code, id, exit_code, title, cause, fix, texts, more)                             \
    [MCB_FAULT_##code] = {id, exit_code, title, cause, fix, texts, more},
#include "common/faults.def"
#undef MCB_FAULT
};

const struct mcb_fault *mcb_fault_get(enum mcb_fault_code code)
{
    return &faults[code];
}

enum mcb_fault_code mcb_fault_find(const char *id)
{
    for (int code = MCB_FAULT_NONE + 1; code < MCB_FAULT_COUNT; code++)
        if (strcmp(faults[code].id, id) == 0)
            return (enum mcb_fault_code)code;
    return MCB_FAULT_NONE;
}

/* ---- the texts of an entry ---- */

/* The text up to the next separator; *rest lies behind the separator. */
static const char *next_part(const char **rest, const char *separator, size_t *length)
{
    const char *part = *rest;
    if (!*part)
        return NULL;
    const char *end = strstr(part, separator);
    *length = end ? (size_t)(end - part) : strlen(part);
    *rest = end ? end + strlen(separator) : part + *length;
    return part;
}

const char *mcb_fault_next_line(const char **rest, size_t *length)
{
    return next_part(rest, "\n", length);
}

const char *mcb_fault_next_clause(const char **rest, size_t *length)
{
    return next_part(rest, "; ", length);
}

struct mcb_fault_step mcb_fault_split(const char *line, size_t length)
{
    static const char before_remark[] = "  # ";
    static const size_t before_length = sizeof before_remark - 1;
    if (length >= 2 && memcmp(line, "# ", 2) == 0)
        return (struct mcb_fault_step){line, line + 2, 0, length - 2};
    const char *remark = memmem(line, length, before_remark, before_length);
    if (!remark)
        return (struct mcb_fault_step){line, line + length, length, 0};
    size_t command_length = (size_t)(remark - line);
    return (struct mcb_fault_step){line, remark + before_length, command_length,
                                   length - command_length - before_length};
}

char *mcb_fault_join(const char *fix, char *text, size_t size)
{
    size_t used = 0, length;
    text[0] = '\0';
    for (const char *line; (line = mcb_fault_next_line(&fix, &length));) {
        struct mcb_fault_step step = mcb_fault_split(line, length);
        bool both = step.command_length > 0 && step.remark_length > 0;
        int written = snprintf(text + used, size - used, "%s%.*s%s%.*s%s", used > 0 ? "; " : "",
                               (int)step.command_length, step.command, both ? " (" : "",
                               (int)step.remark_length, step.remark, both ? ")" : "");
        if (written < 0 || (size_t)written >= size - used) {
            text[used] = '\0';
            break;
        }
        used += (size_t)written;
    }
    return text;
}

/* ---- errors ---- */

/* Details quote values from outside: a control character in one must not break the line. The detail
 * of a wrong rule has several, whose values are clean. */
static void replace_control_characters(char *text, bool several_lines)
{
    for (; *text; text++)
        if (((unsigned char)*text < 0x20 || *text == 0x7f) && !(several_lines && *text == '\n'))
            *text = '?';
}

/* A cut in the middle of a UTF-8 sequence would make the result document invalid. */
static void drop_cut_sequence(char *text)
{
    size_t end = strlen(text);
    size_t start = end;
    while (start > 0 && ((unsigned char)text[start - 1] & 0xc0) == 0x80)
        start--;
    if (start == 0)
        return;
    unsigned char lead = (unsigned char)text[start - 1];
    size_t length = lead >= 0xf0 ? 4 : lead >= 0xe0 ? 3 : lead >= 0xc0 ? 2 : 1;
    if (end - (start - 1) < length)
        text[start - 1] = '\0';
}

void mcb_error_write(struct mcb_error *error, enum mcb_fault_code code, const char *format, ...)
{
    int saved_errno = errno;
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(error->detail, sizeof error->detail, format, arguments);
    va_end(arguments);
    replace_control_characters(error->detail, code == MCB_FAULT_USE_RULE);
    drop_cut_sequence(error->detail);
    error->code = code;
    errno = saved_errno;
}

void mcb_error_blame(struct mcb_error *error, const char *who)
{
    struct mcb_error bare = *error;
    mcb_error_write(error, bare.code, "%s: %s", who, bare.detail);
}

enum mcb_exit mcb_error_exit(const struct mcb_error *error)
{
    return mcb_fault_get(error->code)->exit_code;
}
