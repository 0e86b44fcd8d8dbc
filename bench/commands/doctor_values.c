/* SPDX-License-Identifier: Apache-2.0 */
#include "bench/commands/doctor_values.h"

#include <arpa/inet.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "bench/cluster/etcd_config.h"
#include "bench/plan/settings_text.h"
#include "common/socket.h"

/* The next item of a list, cut off; false: there is none left. */
static bool next_item(char **rest, const char *separators, char **item)
{
    *item = strsep(rest, separators);
    return *item != NULL;
}

/* ---- etcd ---- */

/* The URL at the end of the list, as a client of etcd takes it. */
static void add_url(char *list, size_t size, const char *item)
{
    static const char mooncakes[] = "etcd://";
    size_t length = strlen(list);
    bool own = strncmp(item, mooncakes, sizeof mooncakes - 1) == 0;
    bool has_scheme = !own && strstr(item, "://");
    snprintf(list + length, size - length, "%s%s%s", length ? "," : "", has_scheme ? "" : "http://",
             own ? item + sizeof mooncakes - 1 : item);
}

int mcb_doctor_check_etcd(const char *urls, struct mcb_error *error)
{
    char copy[MCB_DOCTOR_VALUE_MAX], list[8 * MCB_DOCTOR_VALUE_MAX] = "", *rest = copy, *item;
    struct mcb_etcd_config config = {.endpoint_count = 0};
    /* The text is not repeated: it would put the password on the screen. */
    if (strchr(urls, '@'))
        return mcb_error_set(error, MCB_FAULT_USE_VALUE,
                             "--etcd: a URL with a user name; credentials belong into the "
                             "environment, never on a command line: ETCDCTL_USER=name:password");
    snprintf(copy, sizeof copy, "%s", urls);
    while (next_item(&rest, ",;", &item)) {
        if (!item[0])
            return mcb_setting_text_wrong(error, "--etcd", urls,
                                          "a URL is empty; write http://HOST:PORT, several with "
                                          "commas");
        add_url(list, sizeof list, item);
    }
    int status = mcb_etcd_config_read(&config, list, error);
    mcb_etcd_config_release(&config);
    return status;
}

/* ---- peers ---- */

static bool is_listed(const char *peers, const char *peer)
{
    size_t length = strlen(peer);
    for (const char *next = peers; *next; next += strspn(next, ",")) {
        size_t own = strcspn(next, ",");
        if (own == length && strncmp(next, peer, length) == 0)
            return true;
        next += own;
    }
    return false;
}

int mcb_doctor_read_peers(const char *text, char peers[MCB_DOCTOR_VALUE_MAX],
                          struct mcb_error *error)
{
    char copy[MCB_DOCTOR_VALUE_MAX], host[256], peer[MCB_ADDRESS_MAX], *rest = copy, *item;
    size_t count = 0, length = 0;
    uint16_t port;
    if (strchr(text, '@'))
        return mcb_error_set(error, MCB_FAULT_USE_VALUE,
                             "--peer: a user name has no place there; write HOST:PORT");
    snprintf(copy, sizeof copy, "%s", text);
    peers[0] = '\0';
    while (next_item(&rest, ",", &item)) {
        if (mcb_socket_split(item, false, host, &port) != 0 || !mcb_setting_text_is_host(host))
            return mcb_setting_text_wrong(error, "--peer", item,
                                          "not HOST:PORT; write n1:18515, 10.0.0.1:18515 or "
                                          "[fe80::1]:18515, port 1 to 65535, several with commas");
        if (is_listed(peers, mcb_socket_join(host, port, peer)))
            continue;
        if (++count > MCB_DOCTOR_PEERS_MOST)
            return mcb_setting_text_wrong(error, "--peer", text, "more than %d peers",
                                          MCB_DOCTOR_PEERS_MOST);
        length += (size_t)snprintf(peers + length, MCB_DOCTOR_VALUE_MAX - length, "%s%s",
                                   length ? "," : "", peer);
    }
    return 0;
}

/* ---- names ---- */

/* With or without its interface. */
static bool is_ipv6(const char *text)
{
    char address[INET6_ADDRSTRLEN];
    struct in6_addr parsed;
    size_t length = strcspn(text, "%");
    if (length >= sizeof address)
        return false;
    memcpy(address, text, length);
    address[length] = '\0';
    return inet_pton(AF_INET6, address, &parsed) == 1;
}

int mcb_doctor_check_name(const char *name, struct mcb_error *error)
{
    char host[256];
    uint16_t port;
    const char *colon = strchr(name, ':');
    bool good = mcb_setting_text_is_host(name);
    if (name[0] == '[')
        good = mcb_socket_split(name, false, host, &port) == 0 && is_ipv6(host);
    else if (colon && strchr(colon + 1, ':'))
        good = is_ipv6(name);
    else if (colon)
        good = mcb_socket_split(name, false, host, &port) == 0 && mcb_setting_text_is_host(host);
    return good ? 0
                : mcb_setting_text_wrong(error, "--name", name,
                                         "not NAME[:PORT]; write n2, n2:12001, 10.0.0.2:12001 or "
                                         "[fd00::2]:12001, port 1 to 65535");
}

int mcb_doctor_check_nics(const char *nics, struct mcb_error *error)
{
    char copy[MCB_DOCTOR_VALUE_MAX], *rest = copy, *item;
    snprintf(copy, sizeof copy, "%s", nics);
    while (next_item(&rest, ",", &item))
        if (!item[0])
            return mcb_setting_text_wrong(error, "--nic", nics,
                                          "a name is empty; write mlx5_0, several with commas");
    return 0;
}
