/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The fix of a finding is made to be copied into a shell, and values in it come from outside: names
 * of hosts, devices and keys, URLs. Its text is therefore made here and not by printf(): a line
 * with a value that a shell could read as something else is left out, and so is one that is too
 * long, since a command that is cut off may be another command.
 */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "bench/doctor/examination.h"

struct line {
    char text[MCB_EVIDENCE_MAX];
    size_t length;
    bool refused;
};

/* Brackets are those of an address of IPv6. */
static bool is_plain(const char *value)
{
    static const char letters[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
                                  "._:/@%+,-[]";
    return value[0] != '-' && value[strspn(value, letters)] == '\0';
}

static void add_text(struct line *line, const char *text, size_t length)
{
    if (length >= sizeof line->text - line->length) {
        line->refused = true;
        return;
    }
    memcpy(line->text + line->length, text, length);
    line->length += length;
}

static void add_number(struct line *line, unsigned long long number)
{
    char digits[24];
    int length = snprintf(digits, sizeof digits, "%llu", number);
    add_text(line, digits, (size_t)length);
}

/* The conversions that fixes have: %s, %u, %lu, %llu, %zu. Returns what follows; NULL: another. */
static const char *add_value(struct line *line, const char *conversion, va_list *arguments)
{
    size_t longs = strspn(conversion, "l");
    bool size = conversion[longs] == 'z';
    const char *kind = conversion + longs + size;
    if (*kind == 's') {
        const char *value = va_arg(*arguments, const char *);
        line->refused |= !is_plain(value);
        add_text(line, value, strlen(value));
    } else if (*kind != 'u') {
        return NULL;
    } else if (size) {
        add_number(line, va_arg(*arguments, size_t));
    } else if (longs == 0) {
        add_number(line, va_arg(*arguments, unsigned));
    } else if (longs == 1) {
        add_number(line, va_arg(*arguments, unsigned long));
    } else {
        add_number(line, va_arg(*arguments, unsigned long long));
    }
    return kind + 1;
}

/* A line of the form up to its end. Returns where it ends; NULL: it is none of a fix. */
static const char *make_line(struct line *line, const char *form, va_list *arguments)
{
    *line = (struct line){.length = 0};
    while (form && *form && *form != '\n') {
        size_t literal = strcspn(form, "%\n");
        add_text(line, form, literal);
        form += literal;
        if (*form == '%')
            form = add_value(line, form + 1, arguments);
    }
    line->text[line->length] = '\0';
    return form;
}

void mcb_examination_fix(struct mcb_examination *examination, const char *fix, ...)
{
    struct line line;
    va_list arguments;
    if (examination->finding_count == 0)
        return;
    char *text = examination->findings[examination->finding_count - 1].fix;
    size_t length = 0;
    text[0] = '\0';
    va_start(arguments, fix);
    while ((fix = make_line(&line, fix, &arguments)) != NULL) {
        bool fits = length + 1 + line.length < MCB_EVIDENCE_MAX;
        if (!line.refused && line.length > 0 && fits)
            length += (size_t)snprintf(text + length, MCB_EVIDENCE_MAX - length, "%s%s",
                                       length ? "\n" : "", line.text);
        if (*fix == '\0')
            break;
        fix++;
    }
    va_end(arguments);
}
