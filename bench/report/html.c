/* SPDX-License-Identifier: Apache-2.0 */
#include "bench/report/html.h"

#include <math.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "common/text.h"

enum { SHORT_TEXT_MAX = 1024, SPEC_MAX = 16 };

/* Cleaning replaces a character by '?' at most, so that the text never gets longer. */
struct cleaned {
    char room[SHORT_TEXT_MAX];
    char *long_text; /* NULL: it is in room */
};

static const char *clean(struct cleaned *cleaned, const char *foreign)
{
    size_t size = foreign ? strlen(foreign) + 1 : 1;
    cleaned->long_text = size > sizeof cleaned->room ? malloc(size) : NULL;
    return cleaned->long_text ? mcb_text_clean(foreign, cleaned->long_text, size)
                              : mcb_text_clean(foreign, cleaned->room, sizeof cleaned->room);
}

static const char *reference_of(char letter)
{
    switch (letter) {
    case '&':
        return "&amp;";
    case '<':
        return "&lt;";
    case '>':
        return "&gt;";
    case '"':
        return "&quot;";
    case '\'':
        return "&#39;";
    default:
        return NULL;
    }
}

static void put_escaped(FILE *out, const char *text)
{
    while (*text) {
        size_t plain = strcspn(text, "&<>\"'");
        fwrite(text, 1, plain, out);
        text += plain;
        if (*text)
            fputs(reference_of(*text++), out);
    }
}

void mcb_html_text(FILE *out, const char *foreign)
{
    struct cleaned cleaned;
    put_escaped(out, clean(&cleaned, foreign));
    free(cleaned.long_text);
}

/* One conversion of a format, of which spec is "%", flags and precision, and the letter. */
static void put_value(FILE *out, const char *spec, va_list *arguments)
{
    char letter = spec[strlen(spec) - 1];
    if (letter == '%') {
        fputc('%', out);
    } else if (letter == 's') {
        mcb_html_text(out, va_arg(*arguments, const char *));
    } else if (letter == 'd') {
        fprintf(out, "%d", va_arg(*arguments, int));
    } else if (letter == 'u' && strchr(spec, 'z')) {
        fprintf(out, "%zu", va_arg(*arguments, size_t));
    } else if (letter == 'u') {
        fprintf(out, "%u", va_arg(*arguments, unsigned));
    } else {
        double number = va_arg(*arguments, double);
        const char *point = strchr(spec, '.');
        if (isfinite(number))
            fprintf(out, "%.*f", point ? atoi(point + 1) : 6, number);
        else
            fputs("not known", out);
    }
}

void mcb_html_print(FILE *out, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    while (*format) {
        size_t literal = strcspn(format, "%");
        fwrite(format, 1, literal, out);
        format += literal;
        if (!*format)
            break;
        size_t length = 1 + strspn(format + 1, ".0123456789z") + 1;
        char spec[SPEC_MAX];
        snprintf(spec, sizeof spec, "%.*s", (int)length, format);
        put_value(out, spec, &arguments);
        format += strlen(spec);
    }
    va_end(arguments);
}

/* ---- for a shell ---- */

static void put_hidden_word(FILE *out, const char *word)
{
    fputs("$&#39;", out);
    for (; *word; word++) {
        char letter[2] = {*word, '\0'};
        if (*word == '\'' || *word == '\\')
            fputc('\\', out);
        if (*word >= 0x20 && *word < 0x7f)
            put_escaped(out, letter);
        else
            fprintf(out, "\\x%02x", (unsigned char)*word);
    }
    fputs("&#39;", out);
}

static void put_quoted_word(FILE *out, const char *word)
{
    fputs("&#39;", out);
    for (; *word; word++) {
        char letter[2] = {*word, '\0'};
        put_escaped(out, *word == '\'' ? "'\\''" : letter);
    }
    fputs("&#39;", out);
}

void mcb_html_shell_word(FILE *out, const char *foreign)
{
    static const char plain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
                                "._:/@+,-=%";
    bool hidden = false;
    for (const char *letter = foreign; *letter; letter++)
        hidden |= *letter < 0x20 || *letter >= 0x7f;
    if (hidden)
        put_hidden_word(out, foreign);
    else if (*foreign && foreign[0] != '=' && foreign[strspn(foreign, plain)] == '\0')
        put_escaped(out, foreign);
    else
        put_quoted_word(out, foreign);
}

/* ---- for a script ---- */

/* Of clean text, which is valid UTF-8 and within the basic plane. Returns what follows. */
static const char *put_json_letter(FILE *out, const char *text)
{
    unsigned char first = (unsigned char)*text;
    unsigned code = first;
    size_t more = first < 0x80 ? 0 : first < 0xe0 ? 1 : first < 0xf0 ? 2 : 3;
    if (more > 0)
        code = first & (0x3fu >> more);
    for (size_t i = 1; i <= more && text[i]; i++)
        code = code << 6 | ((unsigned char)text[i] & 0x3fu);
    if (code > 0xffff)
        code = 0xfffd;
    if (code >= 0x80 || strchr("<>&'\"\\", (int)code))
        fprintf(out, "\\u%04x", code);
    else
        fputc((int)code, out);
    return text + more + 1;
}

void mcb_html_json_text(FILE *out, const char *foreign)
{
    struct cleaned cleaned;
    const char *text = clean(&cleaned, foreign);
    fputc('"', out);
    while (*text)
        text = put_json_letter(out, text);
    fputc('"', out);
    free(cleaned.long_text);
}

void mcb_html_json_number(FILE *out, double number)
{
    if (isfinite(number))
        fprintf(out, "%.5g", number);
    else
        fputs("null", out);
}
