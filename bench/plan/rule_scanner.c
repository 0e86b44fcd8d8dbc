/* SPDX-License-Identifier: Apache-2.0 */
#include "bench/plan/rule_scanner.h"

#include <jansson.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "common/text.h"

/* COLUMNS of a rule are shown. All parts together fit the detail of an error. */
enum { COLUMNS = 76, BEFORE = 50, GIVEN_MAX = 128, WHAT_MAX = 288, CLEAN_MAX = 3 * COLUMNS + 8 };

static const char blanks[] = " \t\n\r\v\f";

/* ---- words ---- */

/* Bytes of the character there, 0 if it is none. */
static size_t character_bytes(const char *at)
{
    unsigned char lead = (unsigned char)*at;
    size_t bytes = lead >= 0xf0 ? 4 : lead >= 0xe0 ? 3 : 2;
    if (lead < 0x80)
        return 1;
    json_t *valid = strnlen(at, bytes) == bytes ? json_stringn(at, bytes) : NULL;
    json_decref(valid);
    return valid ? bytes : 0;
}

static bool is_control(const char *at)
{
    unsigned char byte = (unsigned char)*at;
    return (byte < 0x20 && !strchr(blanks, byte)) || byte == 0x7f;
}

int mcb_rule_scanner_check(struct mcb_rule_scanner *scanner)
{
    for (const char *at = scanner->text; *at; at += character_bytes(at)) {
        if (character_bytes(at) == 0)
            return mcb_rule_scanner_fail(scanner, at, "this is not UTF-8");
        if (is_control(at))
            return mcb_rule_scanner_fail(scanner, at, "a control character");
    }
    return 0;
}

const char *mcb_rule_scanner_skip(struct mcb_rule_scanner *scanner)
{
    scanner->at += strspn(scanner->at, blanks);
    return scanner->at;
}

static struct mcb_rule_word take(struct mcb_rule_scanner *scanner, size_t length)
{
    const struct mcb_rule_word word = {scanner->at, length};
    scanner->at += length;
    return word;
}

struct mcb_rule_word mcb_rule_scanner_word(struct mcb_rule_scanner *scanner)
{
    return take(scanner, strcspn(mcb_rule_scanner_skip(scanner), " \t\n\r\v\f;<>=%,!\"'`()@"));
}

struct mcb_rule_word mcb_rule_scanner_number(struct mcb_rule_scanner *scanner)
{
    static const char digits[] = "0123456789";
    const char *at = mcb_rule_scanner_skip(scanner);
    size_t length = strspn(at, digits);
    size_t fraction = length > 0 && at[length] == '.' ? strspn(at + length + 1, digits) : 0;
    return take(scanner, length + (fraction ? fraction + 1 : 0));
}

bool mcb_rule_scanner_take(struct mcb_rule_scanner *scanner, const char *text)
{
    size_t length = strlen(text);
    if (strncmp(mcb_rule_scanner_skip(scanner), text, length) != 0)
        return false;
    scanner->at += length;
    return true;
}

bool mcb_rule_word_is(struct mcb_rule_word word, const char *text)
{
    return strlen(text) == word.length && memcmp(word.start, text, word.length) == 0;
}

bool mcb_rule_word_copy(struct mcb_rule_word word, char *copy, size_t size)
{
    if (word.length >= size)
        return false;
    memcpy(copy, word.start, word.length);
    copy[word.length] = '\0';
    return true;
}

char *mcb_rule_word_show(struct mcb_rule_word word, char shown[MCB_RULE_SHOWN_MAX])
{
    char part[MCB_RULE_SHOWN_MAX * 2];
    snprintf(part, sizeof part, "%.*s", (int)(word.length < sizeof part ? word.length : 4096),
             word.start);
    mcb_text_clean(part, shown, MCB_RULE_SHOWN_MAX);
    mcb_text_fit(shown, MCB_RULE_SHOWN_MAX / 3);
    return shown;
}

/* ---- errors ---- */

/* Text from start to end as it is shown, one column a character. Blanks of any kind are blanks. */
static void show_part(const char *start, const char *end, char clean[CLEAN_MAX])
{
    char part[CLEAN_MAX * 2];
    size_t length = (size_t)(end - start);
    length = length < sizeof part ? length : sizeof part - 1;
    memcpy(part, start, length);
    part[length] = '\0';
    for (char *at = part; *at; at++)
        if (strchr(blanks, *at))
            *at = ' ';
    mcb_text_clean(part, clean, CLEAN_MAX);
}

/* So many characters before place, but not before start. */
static const char *step_back(const char *place, const char *start, size_t characters)
{
    while (place > start && characters > 0) {
        do
            place--;
        while (place > start && ((unsigned char)*place & 0xc0) == 0x80);
        characters--;
    }
    return place;
}

/* The text around place, a window of it if it is long, and the caret. */
static void show_place(const struct mcb_rule_scanner *scanner, const char *place, char *lines,
                       size_t size)
{
    char before[CLEAN_MAX], after[CLEAN_MAX];
    const char *start = scanner->text, *end = place + strlen(place);
    while (start < place && strchr(blanks, *start))
        start++;
    while (end > place && strchr(blanks, end[-1]))
        end--;
    const char *from = step_back(place, start, BEFORE);
    show_part(from, place, before);
    show_part(place, end, after);
    size_t column = mcb_text_columns(before) + (from > start);
    mcb_text_fit(after, COLUMNS - column);
    snprintf(lines, size, "  %s%s%s\n  %*s^", from > start ? "…" : "", before, after, (int)column,
             "");
}

int mcb_rule_scanner_fail(struct mcb_rule_scanner *scanner, const char *place, const char *format,
                          ...)
{
    char what[WHAT_MAX], given_as[GIVEN_MAX], lines[2 * CLEAN_MAX + 2 * COLUMNS];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(what, sizeof what, format, arguments);
    va_end(arguments);
    show_place(scanner, place, lines, sizeof lines);
    return mcb_error_set(scanner->error, MCB_FAULT_USE_RULE, "%s: %s\n%s",
                         mcb_text_clean(scanner->given_as, given_as, sizeof given_as), what, lines);
}
