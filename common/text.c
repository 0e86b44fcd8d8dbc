/* SPDX-License-Identifier: Apache-2.0 */
#include "common/text.h"

#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

struct mcb_text_terminal mcb_text_terminal(int fd)
{
    struct mcb_text_terminal terminal = {.columns = MCB_TEXT_COLUMNS_DEFAULT};
    struct winsize size;
    if (!isatty(fd))
        return terminal;
    const char *name = getenv("TERM"), *no_colour = getenv("NO_COLOR");
    terminal.can_erase = name && *name && strcmp(name, "dumb") != 0;
    terminal.colour = terminal.can_erase && !(no_colour && *no_colour);
    if (ioctl(fd, TIOCGWINSZ, &size) == 0 && size.ws_col > 0)
        terminal.columns = size.ws_col;
    return terminal;
}

/* Decodes one character, strictly (RFC 3629): no overlong form, no surrogate, nothing above
 * U+10FFFF. Returns its bytes, or 0 if there is no valid one. */
static size_t decode(const unsigned char *at, uint32_t *character)
{
    static const struct {
        unsigned char mask, lead;
        uint32_t least;
    } forms[] = {{0x80, 0x00, 0}, {0xe0, 0xc0, 0x80}, {0xf0, 0xe0, 0x800}, {0xf8, 0xf0, 0x10000}};
    for (size_t extra = 0; extra < 4; extra++) {
        if ((at[0] & forms[extra].mask) != forms[extra].lead)
            continue;
        uint32_t value = at[0] & (unsigned char)~forms[extra].mask;
        for (size_t i = 1; i <= extra; i++) {
            if ((at[i] & 0xc0) != 0x80)
                return 0;
            value = value << 6 | (at[i] & 0x3f);
        }
        if (value < forms[extra].least || value > 0x10ffff || (value >= 0xd800 && value <= 0xdfff))
            return 0;
        *character = value;
        return extra + 1;
    }
    return 0;
}

/* Blocks of Unicode in which every character is printable and one column wide. */
static bool is_plain(uint32_t character)
{
    static const struct {
        uint32_t first, last;
    } blocks[] = {
        {0x20, 0x7e},     {0xa0, 0xac},     {0xae, 0x2ff},    {0x384, 0x482},
        {0x48a, 0x52f},   {0x2010, 0x2027}, {0x2030, 0x205e}, {0x20a0, 0x20bf},
        {0x2100, 0x22ff}, {0x2500, 0x25fc}, {0x2713, 0x2718},
    };
    for (size_t i = 0; i < sizeof blocks / sizeof *blocks; i++)
        if (character >= blocks[i].first && character <= blocks[i].last)
            return true;
    return false;
}

char *mcb_text_clean(const char *text, char *clean, size_t size)
{
    size_t length = 0;
    for (const unsigned char *at = (const unsigned char *)(text ? text : ""); *at;) {
        uint32_t character = 0;
        size_t bytes = decode(at, &character);
        bool plain = bytes > 0 && is_plain(character);
        size_t needed = plain ? bytes : 1;
        if (length + needed >= size)
            break;
        if (plain)
            memcpy(clean + length, at, bytes);
        else
            clean[length] = '?';
        length += needed;
        at += bytes ? bytes : 1;
    }
    clean[length] = '\0';
    return clean;
}

static bool is_continuation(char byte)
{
    return ((unsigned char)byte & 0xc0) == 0x80;
}

size_t mcb_text_columns(const char *clean)
{
    size_t columns = 0;
    for (; *clean; clean++)
        columns += !is_continuation(*clean);
    return columns;
}

/* Bytes of the first so many columns. */
static size_t bytes_of(const char *clean, size_t columns)
{
    size_t bytes = 0;
    while (clean[bytes] && columns > 0) {
        do
            bytes++;
        while (is_continuation(clean[bytes]));
        columns--;
    }
    return bytes;
}

void mcb_text_fit(char *clean, size_t columns)
{
    static const char ellipsis[] = "…";
    if (mcb_text_columns(clean) <= columns)
        return;
    size_t keep = bytes_of(clean, columns - 1), length = strlen(clean);
    if (length - keep >= sizeof ellipsis - 1)
        memcpy(clean + keep, ellipsis, sizeof ellipsis);
    else
        memcpy(clean + keep, ".", 2); /* two bytes are all the room there is */
}

void mcb_text_pad(FILE *out, size_t count)
{
    if (count > 0)
        fprintf(out, "%*s", count > INT32_MAX ? INT32_MAX : (int)count, "");
}

/* Bytes of clean text that fill a line of so many columns: up to and with a blank, after a "·" if
 * there is one in the second half, or one word that is longer than the line. */
static size_t line_bytes(const char *clean, size_t columns)
{
    static const char separator[] = "· ";
    size_t most = bytes_of(clean, columns + 1), half = bytes_of(clean, columns / 2);
    for (size_t cut = most; cut > half; cut--)
        if (cut >= sizeof separator - 1 &&
            memcmp(clean + cut - (sizeof separator - 1), separator, sizeof separator - 1) == 0)
            return cut;
    for (size_t cut = most; cut > 0; cut--)
        if (clean[cut - 1] == ' ')
            return cut;
    while (clean[most] && clean[most] != ' ')
        most++;
    return most + (clean[most] == ' ');
}

void mcb_text_wrap(FILE *out, const char *clean, size_t indent, size_t columns)
{
    size_t width = columns > indent + 20 ? columns - indent : 20;
    while (mcb_text_columns(clean) > width) {
        size_t cut = line_bytes(clean, width), end = cut;
        while (end > 0 && clean[end - 1] == ' ')
            end--;
        fwrite(clean, 1, end, out);
        clean += cut;
        if (*clean == '\0')
            break;
        fputc('\n', out);
        mcb_text_pad(out, indent);
    }
    fputs(clean, out);
    fputc('\n', out);
}

int mcb_text_decimals(double value)
{
    static const struct {
        double least;
        int decimals;
    } steps[] = {{9.995, 1}, {0.9995, 2}};
    for (size_t i = 0; i < sizeof steps / sizeof *steps; i++)
        if (value >= steps[i].least)
            return steps[i].decimals;
    return 3;
}

char *mcb_text_number(double value, char text[MCB_TEXT_NUMBER_MAX])
{
    if (value > 0 && value < 0.001)
        snprintf(text, MCB_TEXT_NUMBER_MAX, "<0.001");
    else if (value >= 1e12)
        snprintf(text, MCB_TEXT_NUMBER_MAX, "%.4g", value);
    else
        snprintf(text, MCB_TEXT_NUMBER_MAX, "%.*f", mcb_text_decimals(value), value);
    return text;
}

char *mcb_text_bytes(double bytes, char text[MCB_TEXT_NUMBER_MAX])
{
    static const char *const units[] = {"B", "kB", "MB", "GB", "TB", "PB", "EB"};
    size_t unit = 0;
    while (bytes >= 999.95 && unit + 1 < sizeof units / sizeof *units) {
        bytes /= 1000;
        unit++;
    }
    snprintf(text, MCB_TEXT_NUMBER_MAX, unit ? "%.1f %s" : "%.0f %s", bytes, units[unit]);
    return text;
}

/* ---- lines ---- */

void mcb_text_add(struct mcb_text_line *line, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    int added =
        vsnprintf(line->text + line->length, sizeof line->text - line->length, format, arguments);
    va_end(arguments);
    if (added > 0)
        line->length += (size_t)added;
    if (line->length >= sizeof line->text)
        line->length = sizeof line->text - 1;
}
