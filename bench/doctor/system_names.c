/* SPDX-License-Identifier: Apache-2.0 */
#include "bench/doctor/system_names.h"

#include <arpa/inet.h>
#include <netdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "common/resolve.h"

enum { TABLE_MOST = 1 << 20, ADDRESS_TEXT = 64 };

static void add_address(struct mcb_system_addresses *addresses, const char *text)
{
    for (size_t i = 0; i < addresses->count; i++)
        if (strcmp(addresses->list[i], text) == 0)
            return;
    if (addresses->count < MCB_SYSTEM_ADDRESSES_MAX)
        snprintf(addresses->list[addresses->count++], ADDRESS_TEXT, "%s", text);
}

/* ---- resolution ---- */

int mcb_system_resolve_live(const char *name, int64_t deadline_ns,
                            const volatile sig_atomic_t *stop,
                            struct mcb_system_addresses *addresses, struct mcb_error *error)
{
    struct addrinfo *found = NULL;
    struct mcb_system_addresses all = {.count = 0};
    char text[ADDRESS_TEXT];
    if (mcb_resolve(name, 0, 0, deadline_ns, stop, &found, error) != 0)
        return -1;
    for (const struct addrinfo *next = found; next; next = next->ai_next)
        if (getnameinfo(next->ai_addr, next->ai_addrlen, text, sizeof text, NULL, 0,
                        NI_NUMERICHOST) == 0) {
            text[strcspn(text, "%")] = '\0'; /* "fe80::1%eth0" */
            add_address(&all, text);
        }
    freeaddrinfo(found);
    *addresses = all;
    return 0;
}

/* True if the line of a hosts file ("address name alias...", "#" begins a remark) names it. */
static bool line_names(char *line, const char *name, const char **address)
{
    char *next = NULL;
    line[strcspn(line, "#")] = '\0';
    *address = strtok_r(line, " \t\r", &next);
    for (const char *word = *address ? strtok_r(NULL, " \t\r", &next) : NULL; word;
         word = strtok_r(NULL, " \t\r", &next))
        if (strcasecmp(word, name) == 0)
            return true;
    return false;
}

static void search_hosts(char *text, const char *name, struct mcb_system_addresses *all)
{
    struct in6_addr binary;
    char *next = NULL;
    for (char *line = strtok_r(text, "\n", &next); line; line = strtok_r(NULL, "\n", &next)) {
        const char *address;
        if (line_names(line, name, &address) && (inet_pton(AF_INET, address, &binary) == 1 ||
                                                 inet_pton(AF_INET6, address, &binary) == 1))
            add_address(all, address);
    }
}

int mcb_system_resolve_hosts(const struct mcb_system *system, const char *name,
                             struct mcb_system_addresses *addresses, struct mcb_error *error)
{
    struct mcb_system_addresses all = {.count = 0};
    struct in6_addr binary;
    if (inet_pton(AF_INET, name, &binary) == 1 || inet_pton(AF_INET6, name, &binary) == 1) {
        add_address(&all, name);
        *addresses = all;
        return 0;
    }
    char *text = malloc(TABLE_MOST);
    if (!text)
        return mcb_error_set(error, MCB_FAULT_HOST_SYSTEM, "%s: no memory to look it up", name);
    if (mcb_system_read(system, "/etc/hosts", text, TABLE_MOST) > 0)
        search_hosts(text, name, &all);
    free(text);
    if (all.count == 0 && strcasecmp(name, "localhost") == 0) /* RFC 6761, 6.3 */
        add_address(&all, "127.0.0.1");
    if (all.count == 0)
        return mcb_error_set(error, MCB_FAULT_NET_RESOLVE, "%s: not in %s/etc/hosts", name,
                             mcb_system_root(system));
    *addresses = all;
    return 0;
}

/* ---- own addresses ---- */

struct own {
    char (*list)[ADDRESS_TEXT];
    size_t count, most;
};

static void add_own(struct own *own, const char *text)
{
    for (size_t i = 0; i < own->count; i++)
        if (strcmp(own->list[i], text) == 0)
            return;
    if (own->count < own->most)
        snprintf(own->list[own->count++], ADDRESS_TEXT, "%s", text);
}

/* "|-- 10.0.0.2", and on the next line what it is: "/32 host LOCAL". */
static void read_fib(char *text, struct own *own)
{
    char address[ADDRESS_TEXT] = "", *next = NULL;
    for (char *line = strtok_r(text, "\n", &next); line; line = strtok_r(NULL, "\n", &next)) {
        const char *leaf = strstr(line, "|-- ");
        if (leaf)
            snprintf(address, sizeof address, "%s", leaf + 4);
        else if (address[0] && strstr(line, "/32 host LOCAL"))
            add_own(own, address);
    }
}

/* "fe80000000000000505400fffe123456 02 40 20 80 eth0" */
static void read_inet6(char *text, struct own *own)
{
    char *next = NULL;
    for (char *line = strtok_r(text, "\n", &next); line; line = strtok_r(NULL, "\n", &next)) {
        struct in6_addr binary;
        char shown[ADDRESS_TEXT];
        unsigned byte;
        size_t i = 0;
        for (; i < sizeof binary && sscanf(line + 2 * i, "%2x", &byte) == 1; i++)
            binary.s6_addr[i] = (uint8_t)byte;
        if (i == sizeof binary && inet_ntop(AF_INET6, &binary, shown, sizeof shown))
            add_own(own, shown);
    }
}

size_t mcb_system_own_addresses(const struct mcb_system *system, char (*addresses)[64], size_t most)
{
    struct own own = {addresses, 0, most};
    char *text = malloc(TABLE_MOST);
    if (!text)
        return 0;
    if (mcb_system_read(system, "/proc/net/fib_trie", text, TABLE_MOST) > 0)
        read_fib(text, &own);
    if (mcb_system_read(system, "/proc/net/if_inet6", text, TABLE_MOST) > 0)
        read_inet6(text, &own);
    free(text);
    return own.count;
}
