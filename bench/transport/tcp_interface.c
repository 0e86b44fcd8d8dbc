/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The host's network interfaces, as NICs of the TCP transport.
 *
 * Addresses and flags come from getifaddrs(3), everything else from /sys/class/net, where a value
 * that is missing (loopback has no speed, a bridge no PCI address) is null in the result.
 */

#include <arpa/inet.h>
#include <errno.h>
#include <ifaddrs.h>
#include <limits.h>
#include <net/if.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench/transport/tcp_side.h"
#include "common/json.h"
#include "common/suggest.h"

enum { INTERFACES_MAX = 512 };

/* addresses */

/* The numeric text of an address that a peer can reach, without a scope; false for link-local
 * ones, which mean nothing without the interface's name on the other host. */
static bool usable_address(const struct ifaddrs *entry, char text[INET6_ADDRSTRLEN])
{
    if (!entry->ifa_addr)
        return false;
    if (entry->ifa_addr->sa_family == AF_INET) {
        const struct sockaddr_in *v4 = (const struct sockaddr_in *)(const void *)entry->ifa_addr;
        bool link_local = (ntohl(v4->sin_addr.s_addr) >> 16) == 0xa9fe; /* 169.254/16, RFC 3927 */
        return !link_local && inet_ntop(AF_INET, &v4->sin_addr, text, INET6_ADDRSTRLEN);
    }
    if (entry->ifa_addr->sa_family == AF_INET6) {
        const struct sockaddr_in6 *v6 = (const struct sockaddr_in6 *)(const void *)entry->ifa_addr;
        return !IN6_IS_ADDR_LINKLOCAL(&v6->sin6_addr) &&
               inet_ntop(AF_INET6, &v6->sin6_addr, text, INET6_ADDRSTRLEN);
    }
    return false;
}

/* The one spelling of a numeric address. */
static int canonical_address(const char *text, char canonical[INET6_ADDRSTRLEN],
                             struct mcb_error *error)
{
    unsigned char bytes[sizeof(struct in6_addr)];
    for (size_t i = 0; i < 2; i++) {
        int family = i == 0 ? AF_INET : AF_INET6;
        if (inet_pton(family, text, bytes) == 1 &&
            inet_ntop(family, bytes, canonical, INET6_ADDRSTRLEN))
            return 0;
    }
    return mcb_error_set(error, MCB_FAULT_NET_ADDRESS, "%s: not a numeric address of this host",
                         text);
}

/* The address of an interface: `wanted` if it carries it, else its first, IPv4 before IPv6. wanted
 * is canonical, or NULL. */
static bool pick_address(const struct ifaddrs *all, const char *name, const char *wanted,
                         char address[INET6_ADDRSTRLEN])
{
    int best = 0; /* 3: wanted, 2: IPv4, 1: IPv6 */
    for (const struct ifaddrs *entry = all; entry; entry = entry->ifa_next) {
        char text[INET6_ADDRSTRLEN];
        if (strcmp(entry->ifa_name, name) != 0 || !usable_address(entry, text))
            continue;
        int rank = wanted && strcmp(text, wanted) == 0     ? 3
                   : entry->ifa_addr->sa_family == AF_INET ? 2
                                                           : 1;
        if (rank > best) {
            best = rank;
            memcpy(address, text, sizeof text);
        }
    }
    return best > 0;
}

int mcb_tcp_interface_address(const char *name, const char *wanted, char address[INET6_ADDRSTRLEN],
                              struct mcb_error *error)
{
    char canonical[INET6_ADDRSTRLEN];
    if (wanted && canonical_address(wanted, canonical, error) < 0)
        return -1;
    struct ifaddrs *all;
    if (getifaddrs(&all) < 0)
        return mcb_error_set(error, MCB_FAULT_HOST_SYSTEM, "getifaddrs: %s", strerror(errno));
    bool found = pick_address(all, name, wanted ? canonical : NULL, address);
    freeifaddrs(all);
    if (found)
        return 0;
    return mcb_error_set(error, MCB_FAULT_TCP_INTERFACE,
                         "%s: no IPv4 or global IPv6 address on this interface", name);
}

/* facts from sysfs */

/* First line of a file of the interface. */
static bool read_attribute(const char *name, const char *attribute, char *text, int text_size)
{
    char path[PATH_MAX];
    snprintf(path, sizeof path, "/sys/class/net/%s/%s", name, attribute);
    FILE *file = fopen(path, "re");
    if (!file)
        return false;
    bool got = fgets(text, text_size, file) != NULL;
    fclose(file);
    if (got)
        text[strcspn(text, "\n")] = '\0';
    return got && text[0] != '\0';
}

static bool read_number(const char *name, const char *attribute, long *number)
{
    char text[32], *end;
    if (!read_attribute(name, attribute, text, sizeof text))
        return false;
    errno = 0;
    long value = strtol(text, &end, 10);
    if (errno || *end)
        return false;
    *number = value;
    return true;
}

static bool read_driver(const char *name, char *driver, size_t driver_size)
{
    char path[PATH_MAX], target[PATH_MAX];
    snprintf(path, sizeof path, "/sys/class/net/%s/device/driver", name);
    if (!realpath(path, target))
        return false;
    snprintf(driver, driver_size, "%s", strrchr(target, '/') + 1);
    return true;
}

static bool is_pci_address(const char *text)
{
    unsigned domain, bus, device, function;
    int length = 0;
    return sscanf(text, "%4x:%2x:%2x.%1x%n", &domain, &bus, &device, &function, &length) == 4 &&
           text[length] == '\0' && length == 12;
}

/* The PCI function nearest to the interface: a virtio device is a child of it. */
static void find_pci_address(const char *name, char pci_address[16])
{
    char path[PATH_MAX], target[PATH_MAX];
    snprintf(path, sizeof path, "/sys/class/net/%s/device", name);
    pci_address[0] = '\0';
    if (!realpath(path, target))
        return;
    for (char *save = NULL, *part = strtok_r(target, "/", &save); part;
         part = strtok_r(NULL, "/", &save))
        if (is_pci_address(part))
            snprintf(pci_address, 16, "%.12s", part);
}

static int find_numa_node(const char *name, const char *pci_address)
{
    char attribute[64];
    long node;
    if (read_number(name, "device/numa_node", &node))
        return node >= 0 && node < INT_MAX ? (int)node : -1;
    snprintf(attribute, sizeof attribute, "../../bus/pci/devices/%s/numa_node", pci_address);
    if (pci_address[0] && read_number(name, attribute, &node))
        return node >= 0 && node < INT_MAX ? (int)node : -1;
    return -1;
}

static json_t *number_or_null(const char *name, const char *attribute)
{
    long number;
    return read_number(name, attribute, &number) ? json_integer(number) : json_null();
}

static json_t *speed_or_null(const char *name)
{
    long mbit;
    return mcb_json_positive_or_null(read_number(name, "speed", &mbit) ? (double)mbit / 1000 : 0);
}

static int fill_nic(struct mcb_nic *nic, const char *name, const char *address,
                    struct mcb_error *error)
{
    char driver[64], state[32];
    bool has_driver = read_driver(name, driver, sizeof driver);
    bool has_state = read_attribute(name, "operstate", state, sizeof state);
    snprintf(nic->name, sizeof nic->name, "%s", name);
    nic->port = 0;
    find_pci_address(name, nic->pci_address);
    nic->numa_node = find_numa_node(name, nic->pci_address);
    nic->facts = json_pack("{s:s, s:i, s:s, s:o, s:o, s:s?, s:s?, s:o, s:s?}", "name", name, "port",
                           0, "address", address, "mtu", number_or_null(name, "mtu"), "link_gbps",
                           speed_or_null(name), "driver", has_driver ? driver : NULL, "pci_address",
                           nic->pci_address[0] ? nic->pci_address : NULL, "numa_node",
                           nic->numa_node >= 0 ? json_integer(nic->numa_node) : json_null(),
                           "state", has_state ? state : NULL);
    if (!nic->facts)
        return mcb_error_set(error, MCB_FAULT_HOST_MEMORY, "the facts of %s: no memory", name);
    return 0;
}

/* which interfaces */

struct names {
    const char *name[INTERFACES_MAX]; /* borrowed from getifaddrs or the settings */
    size_t count;
};

static bool names_hold(const struct names *names, const char *name)
{
    for (size_t i = 0; i < names->count; i++)
        if (strcmp(names->name[i], name) == 0)
            return true;
    return false;
}

static void names_add(struct names *names, const char *name)
{
    if (names->count < INTERFACES_MAX && !names_hold(names, name))
        names->name[names->count++] = name;
}

static int by_natural_order(const void *a, const void *b)
{
    return strverscmp(*(const char *const *)a, *(const char *const *)b);
}

/* Every interface; flags: those that have all of `set` and none of `clear`; usable: and an address
 * that a peer can reach. */
static void collect_names(const struct ifaddrs *all, unsigned set, unsigned clear, bool usable,
                          struct names *names)
{
    names->count = 0;
    for (const struct ifaddrs *entry = all; entry; entry = entry->ifa_next) {
        char text[INET6_ADDRSTRLEN];
        bool fits = (entry->ifa_flags & set) == set && (entry->ifa_flags & clear) == 0;
        if (fits && (!usable || usable_address(entry, text)))
            names_add(names, entry->ifa_name);
    }
    qsort(names->name, names->count, sizeof names->name[0], by_natural_order);
}

/* "eth0, eth1, lo" */
static void list_names(const struct names *names, char *text, size_t text_size)
{
    size_t length = 0;
    text[0] = '\0';
    for (size_t i = 0; i < names->count && length < text_size; i++)
        length += (size_t)snprintf(text + length, text_size - length, "%s%s", i ? ", " : "",
                                   names->name[i]);
}

static int take_named(const struct mcb_settings *settings, const struct ifaddrs *all,
                      struct names *names, struct mcb_error *error)
{
    struct names known;
    char list[256], address[INET6_ADDRSTRLEN];
    collect_names(all, 0, 0, false, &known);
    list_names(&known, list, sizeof list);
    for (size_t i = 0; i < settings->nic_count; i++) {
        const char *name = settings->nics[i];
        if (!names_hold(&known, name)) {
            const char *nearest = mcb_suggest_nearest(name, known.name, known.count);
            return mcb_error_set(error, MCB_FAULT_TCP_INTERFACE,
                                 "NIC %s: no such network interface%s%s%s; this host has %s", name,
                                 nearest ? ", did you mean " : "", nearest ? nearest : "",
                                 nearest ? "?" : "", list);
        }
        if (!pick_address(all, name, NULL, address))
            return mcb_error_set(error, MCB_FAULT_TCP_INTERFACE,
                                 "NIC %s: this interface has no IPv4 or global IPv6 address", name);
        names_add(names, name);
    }
    return 0;
}

static int take_carrier(const char *address, const struct ifaddrs *all, struct names *names,
                        struct mcb_error *error)
{
    for (const struct ifaddrs *entry = all; entry; entry = entry->ifa_next) {
        char text[INET6_ADDRSTRLEN];
        if (usable_address(entry, text) && strcmp(text, address) == 0) {
            names_add(names, entry->ifa_name);
            return 0;
        }
    }
    return mcb_error_set(error, MCB_FAULT_NET_ADDRESS,
                         "%s: no network interface of this host carries this address", address);
}

static int take_default(bool alone, const struct ifaddrs *all, struct names *names,
                        struct mcb_error *error)
{
    if (alone) {
        collect_names(all, IFF_LOOPBACK | IFF_UP, 0, true, names);
        names->count = names->count > 0;
    } else {
        collect_names(all, IFF_UP, IFF_LOOPBACK, true, names);
    }
    if (names->count > 0)
        return 0;
    return mcb_error_set(
        error, MCB_FAULT_TCP_INTERFACE,
        "no %s interface of this host is up and has an IPv4 or global IPv6 address",
        alone ? "loopback" : "network");
}

static int make_nics(const struct names *names, const struct ifaddrs *all, const char *wanted,
                     struct mcb_nic **nics, size_t *count, struct mcb_error *error)
{
    struct mcb_nic *made = calloc(names->count, sizeof *made);
    if (!made)
        return mcb_error_set(error, MCB_FAULT_HOST_MEMORY, "%zu network interfaces: no memory",
                             names->count);
    for (size_t i = 0; i < names->count; i++) {
        char address[INET6_ADDRSTRLEN] = "";
        pick_address(all, names->name[i], wanted, address);
        if (fill_nic(&made[i], names->name[i], address, error) < 0) {
            mcb_nics_free(made, i);
            return -1;
        }
    }
    *nics = made;
    *count = names->count;
    return 0;
}

int mcb_tcp_discover(const struct mcb_settings *settings, const char *address,
                     struct mcb_nic **nics, size_t *count, struct mcb_error *error)
{
    bool alone = !settings->listen && !settings->connect && !settings->etcd;
    char wanted[INET6_ADDRSTRLEN];
    if (address && canonical_address(address, wanted, error) < 0)
        return -1;
    struct ifaddrs *all;
    if (getifaddrs(&all) < 0)
        return mcb_error_set(error, MCB_FAULT_HOST_SYSTEM, "getifaddrs: %s", strerror(errno));

    struct names names = {.count = 0};
    int result = settings->nic_count > 0 ? take_named(settings, all, &names, error)
                 : address               ? take_carrier(wanted, all, &names, error)
                                         : take_default(alone, all, &names, error);
    if (result == 0)
        result = make_nics(&names, all, address ? wanted : NULL, nics, count, error);
    freeifaddrs(all);
    return result;
}
