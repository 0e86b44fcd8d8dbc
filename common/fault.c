/* SPDX-License-Identifier: Apache-2.0 */
#include "common/fault.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static const struct mcb_fault faults[MCB_FAULT_COUNT] = {
    [MCB_FAULT_NONE] = {"", MCB_EXIT_OK, "no fault", "", "", ""},
#define MCB_FAULT(code, id, exit_code, title, cause, fix, texts)                                   \
    [MCB_FAULT_##code] = {id, exit_code, title, cause, fix, texts},
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

/* Details quote values from outside: a control character in one must not break the line. */
static void replace_control_characters(char *text)
{
    for (; *text; text++)
        if ((unsigned char)*text < 0x20 || *text == 0x7f)
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
    replace_control_characters(error->detail);
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
