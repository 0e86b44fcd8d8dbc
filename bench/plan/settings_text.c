/* SPDX-License-Identifier: Apache-2.0 */
#include "bench/plan/settings_text.h"

#include <jansson.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { HOST_MAX = 255 };

/* Where credentials begin, and in *end the '@' that ends them; NULL if there are none. */
static const char *find_credentials(const char *text, const char **end)
{
    const char *at = strrchr(text, '@');
    if (!at)
        return NULL;
    *end = at;
    const char *scheme = strstr(text, "://");
    if (scheme && scheme < at)
        return scheme + 3;

    const char *start = text;
    const char *equals = strchr(text, '=');
    if (strncmp(text, "--", 2) == 0 && equals && equals < at)
        start = equals + 1;
    return memchr(start, ':', (size_t)(at - start)) ? start : NULL;
}

char *mcb_setting_text_masked(const char *text)
{
    const char *end;
    const char *start = find_credentials(text, &end);
    if (!start)
        return strdup(text);
    char *masked;
    return asprintf(&masked, "%.*s***%s", (int)(start - text), text, end) < 0 ? NULL : masked;
}

/* A cut must not fall into a UTF-8 sequence. */
static size_t cut_at_character(const char *text, size_t length)
{
    while (length > 0 && ((unsigned char)text[length] & 0xc0) == 0x80)
        length--;
    return length;
}

const char *mcb_setting_text_shown(const char *text, char shown[MCB_SHOWN_MAX])
{
    if (*text == '\0')
        return strcpy(shown, "''");
    char *masked = mcb_setting_text_masked(text);
    if (!masked)
        return strcpy(shown, "...");
    size_t length = strlen(masked);
    if (length >= MCB_SHOWN_MAX)
        strcpy(masked + cut_at_character(masked, MCB_SHOWN_MAX - 4), "...");
    strcpy(shown, masked);
    free(masked);
    return shown;
}

bool mcb_setting_text_is_utf8(const char *text)
{
    json_t *string = json_string(text);
    json_decref(string);
    return string != NULL;
}

bool mcb_setting_text_is_host(const char *text)
{
    static const char allowed[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
                                  "0123456789.-_:%";
    size_t length = strspn(text, allowed);
    return length > 0 && length <= HOST_MAX && text[length] == '\0' && text[0] != '-';
}

int mcb_setting_text_wrong(struct mcb_error *error, const char *given_as, const char *text,
                           const char *format, ...)
{
    char shown[MCB_SHOWN_MAX];
    char reason[512];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(reason, sizeof reason, format, arguments);
    va_end(arguments);
    return mcb_error_set(error, MCB_FAULT_USE_VALUE, "%s%c%s: %s", given_as,
                         given_as[0] == '-' ? ' ' : '=', mcb_setting_text_shown(text, shown),
                         reason);
}
