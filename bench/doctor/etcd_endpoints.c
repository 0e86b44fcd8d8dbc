/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The list of endpoints may be one of --etcd or one of Mooncake's environment, which separates by
 * ',' or ';', takes a bare address for etcd, and knows other kinds of metadata servers; those are
 * told apart and not asked.
 */
#include <stdio.h>
#include <string.h>

#include "bench/cluster/url.h"
#include "bench/doctor/etcd_checks.h"
#include "common/clock.h"
#include "common/socket.h"

#define UNASKED_NS MCB_NS_PER_S

/* What an entry is if it is not etcd; NULL: it is. */
static const char *other_kind(const char *entry)
{
    const char *scheme = strstr(entry, "://");
    const char *path = scheme ? strchr(scheme + 3, '/') : NULL;
    if (strcasecmp(entry, "P2PHANDSHAKE") == 0)
        return "P2PHANDSHAKE: there is no metadata server";
    if (strncmp(entry, "redis://", 8) == 0)
        return "a Redis metadata server, which is not asked";
    if (path && path[1] != '\0')
        return "an HTTP metadata server (it has a path), which is not asked";
    return NULL;
}

/* "HOST", "HOST:PORT", "etcd://..." and "http[s]://..." to an endpoint. */
bool mcb_etcd_endpoint_read(const char *entry, struct mcb_etcd_endpoint *endpoint)
{
    bool https = strncmp(entry, "https://", 8) == 0;
    const char *scheme = strstr(entry, "://");
    char rest[256], address[MCB_ADDRESS_MAX];
    snprintf(rest, sizeof rest, "%s", scheme ? scheme + 3 : entry);
    rest[strcspn(rest, "/")] = '\0';
    if (mcb_socket_split(rest, false, endpoint->host, &endpoint->port) != 0 || !endpoint->host[0]) {
        size_t length = strlen(rest);
        bool bracketed = rest[0] == '[' && rest[length - 1] == ']';
        snprintf(endpoint->host, sizeof endpoint->host, "%.*s",
                 (int)(bracketed ? length - 2 : length), rest + bracketed);
        endpoint->port = 2379;
    }
    return endpoint->host[0] != '\0' && !strchr(endpoint->host, '@') &&
           snprintf(endpoint->url, sizeof endpoint->url, "http%s://%s", https ? "s" : "",
                    mcb_socket_join(endpoint->host, endpoint->port, address)) <
               (int)sizeof endpoint->url;
}

size_t mcb_etcd_endpoints_read(struct mcb_examination *examination, const struct mcb_check *check,
                               struct mcb_etcd_endpoint *endpoints)
{
    char text[sizeof examination->etcd], *rest = text, *entry, shown[MCB_ETCD_ENDPOINT_MAX];
    size_t count = 0;
    snprintf(text, sizeof text, "%s", examination->etcd);
    while ((entry = strsep(&rest, ",;")) != NULL) {
        const char *other = other_kind(entry);
        if (!entry[0] || count == MCB_ETCD_ENDPOINTS_MOST)
            continue;
        if (!other && mcb_etcd_endpoint_read(entry, &endpoints[count]))
            count++;
        else if (check)
            mcb_examination_add(examination, check, mcb_url_shown(entry, shown, sizeof shown),
                                MCB_VERDICT_SKIP, MCB_FAULT_NONE, "%s",
                                other                ? other
                                : strchr(entry, '@') ? "a user in a URL is not taken: ETCDCTL_USER"
                                                     : "not understood as an endpoint");
    }
    return count;
}

static bool is_stopped(void *context)
{
    const volatile sig_atomic_t *stop = context;
    return stop && *stop;
}

int64_t mcb_etcd_deadline(const struct mcb_examination *examination)
{
    int64_t most_ns = examination->options->etcd ? INT64_MAX / 2 : UNASKED_NS;
    int64_t timeout_ns = examination->options->timeout_ns;
    return mcb_clock_ns() + (timeout_ns < most_ns ? timeout_ns : most_ns);
}

int mcb_etcd_endpoint_open(const struct mcb_examination *examination, const char *url,
                           struct mcb_etcd **etcd, struct mcb_error *error)
{
    const struct mcb_etcd_options options = {
        .urls = url, .is_stopped = is_stopped, .context = (void *)examination->options->stop};
    return mcb_etcd_open(&options, etcd, error);
}
