/* SPDX-License-Identifier: Apache-2.0 */
/*
 * HTTP proxies in the way of the metadata servers that were named, by --etcd or to Mooncake. What a
 * variable holds is not repeated, for it may hold a password: the proxy's host is enough to know it
 * by.
 */
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "bench/cluster/proxy.h"
#include "bench/cluster/url.h"
#include "bench/doctor/mooncake_wants.h"
#include "bench/doctor/network_checks.h"

enum { URL_MAX = 320, LIST_MAX = 1024 };

static const char *get_variable(void *context, const char *name)
{
    return mcb_system_variable(context, name);
}

/* The clients differ in which variable they heed for a URL: that of either scheme counts. */
static const char *proxy_for(const struct mcb_system *system, const char *url)
{
    const char *variable = mcb_proxy_find(url, get_variable, (void *)system);
    char other[URL_MAX];
    const char *rest = strstr(url, "://");
    if (variable || !rest)
        return variable;
    snprintf(other, sizeof other, "%s%s", strncmp(url, "https:", 6) == 0 ? "http" : "https", rest);
    return mcb_proxy_find(other, get_variable, (void *)system);
}

/* A server as it was named to its URL; false: it is none that is asked over HTTP. */
static bool read_server(const char *entry, char url[URL_MAX])
{
    char shown[URL_MAX];
    const char *scheme = strstr(entry, "://");
    bool http = strncasecmp(entry, "http://", 7) == 0 || strncasecmp(entry, "https://", 8) == 0;
    bool etcd = !scheme || strncasecmp(entry, "etcd://", 7) == 0;
    if (!entry[0] || strcasecmp(entry, "P2PHANDSHAKE") == 0 || !(http || etcd))
        return false;
    mcb_url_shown(http || !scheme ? entry : scheme + 3, shown, sizeof shown);
    snprintf(url, URL_MAX, "%s%.300s", http ? "" : "http://", shown);
    return true;
}

/* What the servers of a list found. */
struct proxies {
    size_t servers, found;
};

static void judge_servers(struct mcb_examination *examination, const struct mcb_check *check,
                          const char *list, struct proxies *proxies)
{
    char entries[LIST_MAX], *rest = entries, *entry, url[URL_MAX], host[256], proxy[256];
    snprintf(entries, sizeof entries, "%s", list);
    while ((entry = strsep(&rest, ",;")) != NULL) {
        if (!read_server(entry, url))
            continue;
        proxies->servers++;
        const char *variable = proxy_for(examination->system, url);
        if (!variable)
            continue;
        const char *value = mcb_system_variable(examination->system, variable);
        mcb_examination_add(examination, check, url, MCB_VERDICT_WARN, MCB_FAULT_NET_PROXY,
                            "the proxy of %s (%s) would carry its traffic, and no_proxy does not "
                            "cover it",
                            variable, mcb_url_host(value, proxy));
        mcb_examination_fix(examination, "unset %s\nexport no_proxy=\"$no_proxy,%s\"  # or this",
                            variable, mcb_url_host(url, host));
        proxies->found++;
    }
}

void mcb_network_check_proxies(struct mcb_examination *examination, const struct mcb_check *check)
{
    struct proxies proxies = {0, 0};
    struct mcb_mooncake_wants wants;
    struct mcb_error ignored;
    if (examination->options->etcd)
        judge_servers(examination, check, examination->options->etcd, &proxies);
    if (mcb_mooncake_wants_read(examination->system, &wants, &ignored) == 0)
        judge_servers(examination, check, wants.metadata_server, &proxies);
    if (proxies.found == 0)
        mcb_examination_add(examination, check, NULL, MCB_VERDICT_PASS, MCB_FAULT_NONE,
                            proxies.servers > 0
                                ? "none is in the way of the metadata"
                                : "no metadata server that is asked over HTTP was named");
}
