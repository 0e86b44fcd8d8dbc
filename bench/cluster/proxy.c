/* SPDX-License-Identifier: Apache-2.0 */
#include "bench/cluster/proxy.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "bench/cluster/url.h"

/* Where variables come from. */
struct source {
    mcb_proxy_variable *get;
    void *context;
};

static const char *first_set(const struct source *source, const char *const *names)
{
    for (; *names; names++) {
        const char *value = source->get(source->context, *names);
        if (value && value[0])
            return *names;
    }
    return NULL;
}

/* An entry matches the host itself and every name below it. */
static bool is_covered_by(const char *entry, size_t length, const char *host)
{
    if (length == 1 && entry[0] == '*')
        return true;
    if (length && entry[0] == '.') {
        entry++;
        length--;
    }
    size_t host_length = strlen(host);
    if (length == 0 || length > host_length)
        return false;
    const char *tail = host + host_length - length;
    return strncasecmp(tail, entry, length) == 0 && (tail == host || tail[-1] == '.');
}

static bool is_exempt(const struct source *source, const char *host)
{
    static const char *const names[] = {"no_proxy", "NO_PROXY", NULL};
    const char *name = first_set(source, names);
    const char *entry = name ? source->get(source->context, name) : "";
    while (*entry) {
        entry += strspn(entry, ", ");
        size_t length = strcspn(entry, ", ");
        if (is_covered_by(entry, length, host))
            return true;
        entry += length;
    }
    return false;
}

const char *mcb_proxy_find(const char *url, mcb_proxy_variable *get, void *context)
{
    const struct source source = {get, context};
    /* HTTP_PROXY in capitals is not read: a web server sets it from a request's header. */
    static const char *const http[] = {"http_proxy", "all_proxy", "ALL_PROXY", NULL};
    static const char *const https[] = {"https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY",
                                        NULL};
    const char *name = first_set(&source, strncmp(url, "https:", 6) == 0 ? https : http);
    char host[256];
    if (!name || !strstr(url, "://"))
        return NULL;
    return is_exempt(&source, mcb_url_host(url, host)) ? NULL : name;
}

static const char *own_variable(void *context, const char *name)
{
    (void)context;
    return getenv(name);
}

const char *mcb_proxy_for(const char *url)
{
    return mcb_proxy_find(url, own_variable, NULL);
}
