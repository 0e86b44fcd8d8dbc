/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Checks of the network: how this host is called and reached, and the peers that were named.
 *
 * A name is judged where somebody asks for it: --name, or a variable that Mooncake gives to its
 * peers. The host's own name is only told: that it leads to 127.0.1.1 is Debian's default and
 * harms nobody who does not use it.
 */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench/doctor/examination.h"
#include "bench/doctor/network_checks.h"
#include "bench/doctor/peer_reach.h"
#include "bench/doctor/port_holder.h"
#include "common/clock.h"
#include "common/socket.h"

enum { ADDRESSES_MOST = 256 };

/* ---- own name ---- */

static bool is_own(const struct mcb_system *system, const char *address)
{
    static const size_t most = ADDRESSES_MOST;
    char(*own)[64] = calloc(most, sizeof *own);
    size_t count = own ? mcb_system_own_addresses(system, own, most) : 0;
    bool found = false;
    for (size_t i = 0; i < count && !found; i++)
        found = strcmp(own[i], address) == 0;
    free(own);
    return found || count == 0; /* where no address is known none is foreign */
}

static bool is_link_local(const char *address)
{
    struct in6_addr binary;
    return inet_pton(AF_INET6, address, &binary) == 1 && IN6_IS_ADDR_LINKLOCAL(&binary);
}

/* Who asks for a name. */
struct asker {
    const char *what; /* "--name", "MC_TCP_BIND_ADDRESS"; NULL: nobody */
    enum mcb_verdict loopback;
    int64_t deadline_ns; /* of its resolution */
};

static void add_unresolved(struct mcb_examination *examination, const struct mcb_check *check,
                           const char *name, const struct asker *asker,
                           const struct mcb_error *error)
{
    bool live = mcb_system_is_live(examination->system);
    if (error->code == MCB_FAULT_RUN_INTERRUPTED)
        return;
    if (!asker->what) {
        mcb_examination_add(examination, check, name, MCB_VERDICT_SKIP, MCB_FAULT_NONE,
                            "the host's own name does not resolve here, and nobody asked for it");
        return;
    }
    mcb_examination_add(examination, check, name, live ? MCB_VERDICT_FAIL : MCB_VERDICT_WARN,
                        error->code, "%s: %.300s%s", asker->what,
                        mcb_peer_reach_why(error->detail, name),
                        live ? "" : " (of a copied host etc/hosts alone is known)");
    mcb_examination_fix(examination,
                        "getent hosts %s\necho \"ADDRESS %s\" >> /etc/hosts  # as root, on every "
                        "host; or in DNS",
                        name, name);
}

static void add_address(struct mcb_examination *examination, const struct mcb_check *check,
                        const char *name, const struct asker *asker, const char *address)
{
    bool loopback = mcb_socket_is_loopback(address);
    bool own = loopback || is_own(examination->system, address);
    if (!asker->what || (own && !loopback)) {
        mcb_examination_add(examination, check, name, MCB_VERDICT_PASS, MCB_FAULT_NONE, "%s%s%s%s",
                            address,
                            loopback ? ", loopback"
                            : own    ? ", of this host"
                                     : ", of no interface",
                            asker->what ? "; asked for by " : "",
                            asker->what ? asker->what : "; nobody asked for it");
        return;
    }
    mcb_examination_add(examination, check, name, loopback ? asker->loopback : MCB_VERDICT_FAIL,
                        loopback ? MCB_FAULT_NET_LOOPBACK : MCB_FAULT_NET_NAME,
                        loopback ? "%s: it leads to %s, where peers reach themselves"
                                 : "%s: it leads to %s, which no interface of this host has",
                        asker->what, address);
    mcb_examination_fix(examination,
                        "ip -brief address  # the address that peers reach\n"
                        "getent hosts %s  # /etc/hosts or DNS: must lead to it",
                        name);
}

static void check_name_of(struct mcb_examination *examination, const struct mcb_check *check,
                          const char *name, const struct asker *asker)
{
    struct mcb_system_addresses addresses;
    struct mcb_error error;
    if (mcb_system_resolve(examination->system, name, asker->deadline_ns, &addresses, &error) < 0) {
        add_unresolved(examination, check, name, asker, &error);
        return;
    }
    /* What is wrong with any of them is wrong for who happens to use it; the first that is right is
     * told where none is. One of link scope alone nobody is given: it is passed over where there
     * are others (a resolver that knows the own name adds it, RFC 6724). */
    const char *shown = addresses.count ? addresses.list[0] : "";
    for (size_t i = 0; i < addresses.count; i++) {
        const char *address = addresses.list[i];
        if (is_link_local(shown) && !is_link_local(address))
            shown = address;
        if (!is_link_local(address) &&
            (mcb_socket_is_loopback(address) || !is_own(examination->system, address))) {
            shown = address;
            break;
        }
    }
    add_address(examination, check, name, asker, shown);
}

/* NAME, NAME:PORT, [V6]:PORT or an address of IPv6 as it is. */
static void split_name(const char *text, char name[256], uint16_t *port)
{
    const char *colon = strchr(text, ':');
    *port = 0;
    if (text[0] == '[' || (colon && !strchr(colon + 1, ':')))
        if (mcb_socket_split(text, true, name, port) == 0)
            return;
    snprintf(name, 256, "%s", text);
}

/* A name server that is silent must not hold up an examination that was not told to ask the
 * network: what the environment names shares one deadline, and one's own name has half of it. */
#define ENVIRONMENT_NS MCB_NS_PER_S

static int64_t at_most(const struct mcb_examination *examination, int64_t most_ns)
{
    int64_t timeout_ns = examination->options->timeout_ns;
    return mcb_clock_ns() + (timeout_ns < most_ns ? timeout_ns : most_ns);
}

/* Beside the name that peers are given. */
static const char *const name_variables[] = {
    "MC_RDMA_BIND_ADDRESS",
    "MC_TCP_BIND_ADDRESS",
};

static void check_names(struct mcb_examination *examination, const struct mcb_check *check)
{
    bool asked = false;
    char name[256];
    uint16_t port;
    int64_t deadline_ns = at_most(examination, ENVIRONMENT_NS);
    if (examination->own_name[0]) {
        bool option = examination->options->name;
        split_name(examination->own_name, name, &port);
        check_name_of(examination, check, name,
                      &(struct asker){option ? "--name" : "Mooncake's local_hostname",
                                      option ? MCB_VERDICT_FAIL : MCB_VERDICT_WARN,
                                      option ? at_most(examination, INT64_MAX) : deadline_ns});
        asked = true;
    }
    for (size_t i = 0; i < sizeof name_variables / sizeof *name_variables; i++) {
        const char *value = mcb_system_variable(examination->system, name_variables[i]);
        if (!value || !value[0])
            continue;
        split_name(value, name, &port);
        check_name_of(examination, check, name,
                      &(struct asker){name_variables[i], MCB_VERDICT_WARN, deadline_ns});
        asked = true;
    }
    const char *own = mcb_system_name(examination->system);
    if (!asked && own[0])
        check_name_of(
            examination, check, own,
            &(struct asker){NULL, MCB_VERDICT_PASS, at_most(examination, ENVIRONMENT_NS / 2)});
}

/* ---- own port ---- */

static void check_port(struct mcb_examination *examination, const struct mcb_check *check)
{
    struct mcb_port_holder holder;
    char name[256], subject[16];
    uint16_t port = 0;
    if (examination->own_name[0])
        split_name(examination->own_name, name, &port);
    if (port == 0) {
        mcb_examination_add(examination, check, NULL, MCB_VERDICT_SKIP, MCB_FAULT_NONE,
                            "no port was named: --name NAME:PORT");
        return;
    }
    snprintf(subject, sizeof subject, "port %u", port);
    if (!mcb_port_holder_find(examination->system, port, &holder)) {
        mcb_examination_add(examination, check, subject, MCB_VERDICT_PASS, MCB_FAULT_NONE,
                            "nobody listens on it yet");
        return;
    }
    /* Whatever address it is bound to: Mooncake binds every one, which collides with each. What was
     * configured may be running by now; who gives a name asks whether it could be taken. */
    bool asked = examination->options->name != NULL;
    char who[128];
    if (holder.process[0])
        snprintf(who, sizeof who, "process %lu (%s) listens", holder.pid, holder.process);
    else
        snprintf(who, sizeof who, "a process of another user (root sees which) listens");
    mcb_examination_add(examination, check, subject, asked ? MCB_VERDICT_WARN : MCB_VERDICT_PASS,
                        asked ? MCB_FAULT_NET_PORT_TAKEN : MCB_FAULT_NONE,
                        asked ? "%s on %s already" : "%s on %s: Mooncake itself, if it is running",
                        who, holder.address);
    if (!asked)
        return;
    mcb_examination_fix(examination,
                        "ss -ltnp 'sport = :%u'  # who it is\n# another port, unless that is the "
                        "process that you mean",
                        port);
}

/* ---- local ports ---- */

static void check_ports(struct mcb_examination *examination, const struct mcb_check *check)
{
    char text[256], range[64];
    unsigned long waiting, first, last;
    if (!mcb_system_read_line(examination->system, "/proc/net/sockstat", "TCP:", text,
                              sizeof text) ||
        !strstr(text, " tw ") || sscanf(strstr(text, " tw "), " tw %lu", &waiting) != 1 ||
        !mcb_system_read_line(examination->system, "/proc/sys/net/ipv4/ip_local_port_range", "",
                              range, sizeof range) ||
        sscanf(range, "%lu %lu", &first, &last) != 2 || last < first) {
        mcb_examination_add(examination, check, NULL, MCB_VERDICT_SKIP, MCB_FAULT_NONE,
                            "/proc/net/sockstat and ip_local_port_range cannot be read");
        return;
    }
    unsigned long ports = last - first + 1;
    bool few = waiting > ports / 5 * 4;
    mcb_examination_add(examination, check, NULL, few ? MCB_VERDICT_WARN : MCB_VERDICT_PASS,
                        few ? MCB_FAULT_NET_PORTS : MCB_FAULT_NONE,
                        "%lu connections in TIME_WAIT, %lu local ports (%lu to %lu)", waiting,
                        ports, first, last);
}

const struct mcb_check mcb_checks_network[] = {
    {"network.name", "own name", 0, check_names},
    {"network.port", "own port", 0, check_port},
    {"network.proxy", "HTTP proxies", 0, mcb_network_check_proxies},
    {"network.ports", "local ports", 0, check_ports},
    {"network.peer", "peers", MCB_NEEDS_PEER | MCB_NEEDS_LIVE, mcb_network_check_peers},
    {NULL, NULL, 0, NULL},
};
