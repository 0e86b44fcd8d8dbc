/* SPDX-License-Identifier: Apache-2.0 */
#include "bench/doctor/explain_unknown.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

enum { BEFORE_ERROR = 120, SHORT_MAX = 320 };

static bool is_of_number(char byte)
{
    return (byte >= '0' && byte <= ':') || (byte >= 'a' && byte <= 'f') ||
           (byte >= 'A' && byte <= 'F') || byte == '.' || byte == 'x' || byte == 'X';
}

/* Bytes of the number, address or key that begins there; 0: none does. */
static size_t number_length(const char *text, size_t length)
{
    size_t end = 0, digits = 0;
    while (end < length && is_of_number(text[end])) {
        digits += isdigit((unsigned char)text[end]) != 0;
        end++;
    }
    while (end > 0 && (text[end - 1] == '.' || text[end - 1] == ':'))
        end--;
    bool is_word = end < length && isalnum((unsigned char)text[end]);
    bool is_key = end >= 6 && digits > 0 && !is_word;
    return isdigit((unsigned char)text[0]) || is_key ? end : 0;
}

char *mcb_explain_pattern(const char *message, size_t length, char pattern[MCB_EXPLAIN_PATTERN_MAX])
{
    size_t used = 0;
    for (size_t at = 0; at < length && used + 1 < MCB_EXPLAIN_PATTERN_MAX;) {
        bool starts_word = at == 0 || !isalpha((unsigned char)message[at - 1]);
        size_t number = starts_word || isdigit((unsigned char)message[at])
                            ? number_length(message + at, length - at)
                            : 0;
        char byte = message[at] ? message[at] : '?';
        pattern[used++] = number > 0 ? '#' : byte;
        at += number > 0 ? number : 1;
    }
    pattern[used] = '\0';
    return pattern;
}

bool mcb_explain_is_between_tracebacks(const char *message, size_t length)
{
    static const char *const texts[] = {"During handling of the above exception",
                                        "The above exception was the direct cause"};
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
        if (length >= strlen(texts[i]) && memcmp(message, texts[i], strlen(texts[i])) == 0)
            return true;
    return length == 0;
}

static size_t skip(const char *text, size_t length, size_t at, const char *bytes)
{
    while (at < length && text[at] && strchr(bytes, text[at]))
        at++;
    return at;
}

/* "0", "none", "0.001": what stands behind "error:" where there was none, or where it is the error
 * of a measurement. */
static bool is_value_of_none(const char *text, size_t length)
{
    static const char *const words[] = {"none", "null", "nil", "no", "false", "ok", "success"};
    static const char digits[] = "0123456789";
    size_t at = skip(text, length, 0, " \t\"'="), from = at, end = from;
    while (end < length && (isalnum((unsigned char)text[end]) || text[end] == '.'))
        end++;
    size_t rest = skip(text, length, end, " \t\"'.");
    bool ends = rest == length || strchr(",;)]}|", text[rest]) != NULL;
    for (size_t i = 0; ends && i < sizeof words / sizeof *words; i++)
        if (strlen(words[i]) == end - from && strncasecmp(words[i], text + from, end - from) == 0)
            return true;
    at = skip(text, length, from, digits);
    if (at == from)
        return false;
    if (at + 1 < length && text[at] == '.' && isdigit((unsigned char)text[at + 1])) {
        /* An address has more dots. */
        at = skip(text, length, at + 1, digits);
        return at == length || text[at] != '.' || at + 1 == length;
    }
    return ends && skip(text, length, from, "0") == at;
}

bool mcb_explain_sounds_like_error(const char *message, size_t length)
{
    static const char *const signs[] = {"error", "exception", "fatal", "panic"};
    const char *end = message + (length < 512 ? length : 512), *colon;
    for (const char *at = message; (colon = memchr(at, ':', (size_t)(end - at))); at = colon + 1)
        for (size_t i = 0; i < sizeof signs / sizeof *signs; i++) {
            size_t bytes = strlen(signs[i]);
            if ((size_t)(colon - message) >= bytes &&
                strncasecmp(colon - bytes, signs[i], bytes) == 0 &&
                !is_value_of_none(colon + 1, (size_t)(end - colon - 1)))
                return true;
        }
    return false;
}

/* FNV-1a */
static uint32_t hash_text(uint32_t hash, const char *text)
{
    for (; *text; text++)
        hash = (hash ^ (unsigned char)*text) * UINT32_C(16777619);
    return hash * UINT32_C(16777619);
}

static uint16_t *find_slot(struct mcb_explain_unknowns *unknowns, const char *pattern,
                           const char *host)
{
    const size_t slots = sizeof unknowns->slots / sizeof *unknowns->slots;
    uint32_t hash = hash_text(hash_text(UINT32_C(2166136261), pattern), host);
    for (size_t at = hash % slots;; at = (at + 1) % slots) {
        uint16_t *slot = &unknowns->slots[at];
        const struct mcb_explain_kind *kind = *slot ? &unknowns->kinds[*slot - 1] : NULL;
        if (!kind || (strcmp(kind->pattern, pattern) == 0 && strcmp(kind->host, host) == 0))
            return slot;
    }
}

int mcb_explain_unknowns_add(struct mcb_explain_unknowns *unknowns, const char *pattern,
                             const char *host, struct mcb_explain_kind **kind,
                             struct mcb_error *error)
{
    uint16_t *slot = find_slot(unknowns, pattern, host);
    *kind = NULL;
    if (*slot == 0 && unknowns->count == MCB_EXPLAIN_KINDS_MAX) {
        unknowns->beyond++;
        return 0;
    }
    if (*slot == 0) {
        if (!unknowns->kinds)
            unknowns->kinds = calloc(MCB_EXPLAIN_KINDS_MAX, sizeof *unknowns->kinds);
        char *name = unknowns->kinds ? strdup(host) : NULL;
        if (!name)
            return mcb_error_set(error, MCB_FAULT_HOST_MEMORY,
                                 "no memory for the errors of the logs");
        struct mcb_explain_kind *added = &unknowns->kinds[unknowns->count++];
        *slot = (uint16_t)unknowns->count;
        added->host = name;
        strcpy(added->pattern, pattern);
    }
    *kind = &unknowns->kinds[*slot - 1];
    (*kind)->count++;
    return 0;
}

void mcb_explain_unknowns_release(struct mcb_explain_unknowns *unknowns)
{
    for (size_t i = 0; i < unknowns->count; i++) {
        free(unknowns->kinds[i].host);
        free(unknowns->kinds[i].line.text);
    }
    free(unknowns->kinds);
    memset(unknowns, 0, sizeof *unknowns);
}

char *mcb_explain_excerpt(const char *line, size_t length, size_t at)
{
    static const char gap[] = "…";
    const size_t gap_bytes = sizeof gap - 1;
    size_t from = length > SHORT_MAX && at > BEFORE_ERROR ? at - BEFORE_ERROR : 0;
    size_t bytes = length - from < SHORT_MAX ? length - from : (size_t)SHORT_MAX;
    char *text = malloc(MCB_EXPLAIN_TEXT_MAX);
    if (!text)
        return NULL;
    char *end = text;
    if (from > 0)
        end = mempcpy(end, gap, gap_bytes);
    char *copied = end;
    end = mempcpy(end, line + from, bytes);
    for (; copied < end; copied++)
        if (*copied == '\0')
            *copied = '?';
    if (from + bytes < length)
        end = mempcpy(end, gap, gap_bytes);
    *end = '\0';
    return text;
}
