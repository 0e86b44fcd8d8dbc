/* SPDX-License-Identifier: Apache-2.0 */
#include "bench/cluster/url.h"

#include <stdio.h>
#include <string.h>

/* Behind the scheme; the beginning where there is none. */
static const char *after_scheme(const char *url)
{
    const char *scheme = strstr(url, "://");
    return scheme ? scheme + 3 : url;
}

/* Behind the last "@": a password may hold any character, "@" and "/" included. */
static const char *after_user(const char *url)
{
    const char *start = after_scheme(url), *at = strrchr(start, '@');
    return at ? at + 1 : start;
}

const char *mcb_url_host(const char *url, char host[256])
{
    const char *start = after_user(url);
    if (start[0] == '[')
        snprintf(host, 256, "%.*s", (int)strcspn(start + 1, "]"), start + 1);
    else
        snprintf(host, 256, "%.*s", (int)strcspn(start, ":/?#"), start);
    return host;
}

const char *mcb_url_shown(const char *url, char *shown, size_t size)
{
    snprintf(shown, size, "%.*s%s", (int)(after_scheme(url) - url), url, after_user(url));
    return shown;
}
