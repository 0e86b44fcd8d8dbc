/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Two hosts that need no service: rank 0 listens on a known port, rank 1 connects to it.
 *
 * Either may be started first. The hello and the welcome carry the records.
 */

#include <ifaddrs.h>
#include <net/if.h>
#include <netdb.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "bench/cluster/cluster.h"
#include "bench/cluster/method.h"
#include "common/clock.h"
#include "common/json.h"
#include "common/socket.h"

enum { BACKLOG = 64 };

struct direct {
    struct mcb_cluster *cluster;
    const json_t *self;
};

/* ---- own address ---- */

/* A listener on all addresses does not know yet which of them its peer will use: the first
 * one that is up and not loopback, IPv4 before IPv6; loopback where there is no other. */
static void first_address(char address[256])
{
    snprintf(address, 256, "127.0.0.1");
    struct ifaddrs *all;
    if (getifaddrs(&all))
        return;
    bool found = false;
    static const int families[] = {AF_INET, AF_INET6};
    for (size_t f = 0; f < 2 && !found; f++)
        for (const struct ifaddrs *i = all; i && !found; i = i->ifa_next) {
            if (!i->ifa_addr || i->ifa_addr->sa_family != families[f] || !(i->ifa_flags & IFF_UP) ||
                (i->ifa_flags & IFF_LOOPBACK))
                continue;
            socklen_t size =
                families[f] == AF_INET ? sizeof(struct sockaddr_in) : sizeof(struct sockaddr_in6);
            char text[256];
            if (getnameinfo(i->ifa_addr, size, text, sizeof text, NULL, 0, NI_NUMERICHOST) == 0 &&
                !strchr(text, '%')) {
                snprintf(address, 256, "%s", text);
                found = true;
            }
        }
    freeifaddrs(all);
}

/* --listen or --connect, whichever was given. */
static int split(const struct mcb_settings *settings, char host[256], uint16_t *port,
                 struct mcb_error *error)
{
    const char *text = settings->listen ? settings->listen : settings->connect;
    bool understood = mcb_socket_split(text, false, host, port) == 0;
    if (understood && (settings->listen || host[0]))
        return 0;
    return mcb_error_set(error, MCB_FAULT_USE_VALUE, "--%s %s: %s was expected",
                         settings->listen ? "listen" : "connect", text,
                         settings->listen ? "[ADDRESS:]PORT" : "HOST:PORT");
}

static int local_address(const struct mcb_settings *settings, const volatile sig_atomic_t *stop,
                         char address[256], struct mcb_error *error)
{
    char host[256];
    uint16_t port;
    if (split(settings, host, &port, error))
        return -1;
    if (settings->listen && !host[0]) {
        first_address(address);
        return 0;
    }
    /* The route to an address of this host starts at that address. */
    return mcb_socket_route(host, port, mcb_clock_ns() + settings->timeout_ns, stop, address,
                            error);
}

/* ---- hello and welcome ---- */

static json_t *introduce(const struct direct *direct, const char *type, int rank)
{
    return json_pack("{s:s, s:s, s:i, s:i, s:O}", "type", type, "protocol", MCB_CLUSTER_PROTOCOL,
                     "rank", rank, "ranks", 2, "record", direct->self);
}

/* Checks what the other side says of itself and takes its record into the roster. It has sent a
 * message of mcbench's: what is wrong with it is of another version. */
static int meet(struct direct *direct, const json_t *frame, unsigned rank, struct mcb_error *error)
{
    const enum mcb_fault_code fault = MCB_FAULT_JOB_ROSTER;
    const char *protocol;
    int64_t value;
    json_t *record;
    if (mcb_json_get_string(frame, "protocol", 64, &protocol, fault, error))
        return -1;
    if (strcmp(protocol, MCB_CLUSTER_PROTOCOL) != 0)
        return mcb_error_set(error, fault, "one host speaks %s and the other " MCB_CLUSTER_PROTOCOL,
                             protocol);
    if (mcb_json_get_integer(frame, "ranks", 2, 2, &value, fault, error) ||
        mcb_json_get_integer(frame, "rank", rank, rank, &value, fault, error) ||
        mcb_json_get_object(frame, "record", &record, fault, error))
        return -1;
    return mcb_members_set(direct->cluster, rank, record, error);
}

static int admit(void *context, const json_t *hello, unsigned *rank, json_t **welcome,
                 struct mcb_error *error)
{
    struct direct *direct = context;
    if (direct->cluster->members[1].link)
        return mcb_error_set(error, MCB_FAULT_JOB_RANK_TAKEN, "there are two hosts already");
    json_t *answer = introduce(direct, "welcome", 0);
    if (!answer)
        return mcb_error_set(error, MCB_FAULT_HOST_MEMORY, "no memory for a message");
    if (meet(direct, hello, 1, error)) {
        json_decref(answer);
        return -1;
    }
    *rank = 1;
    *welcome = answer;
    return 0;
}

static int welcomed(void *context, unsigned rank, const json_t *welcome, struct mcb_error *error)
{
    return meet(context, welcome, rank, error);
}

/* ---- joining ---- */

static int join_listening(struct direct *direct, const char *host, uint16_t port,
                          int64_t deadline_ns, struct mcb_error *error)
{
    int listener = mcb_socket_listen(host, port, BACKLOG, error);
    if (listener < 0)
        return -1;
    char what[16];
    snprintf(what, sizeof what, "port %u", port);
    struct mcb_mesh mesh = {.cluster = direct->cluster,
                            .listener = listener,
                            .admit = admit,
                            .context = direct,
                            .lost = MCB_FAULT_NET_PROTOCOL,
                            .deadline_ns = deadline_ns,
                            .what = what};
    int result = mcb_mesh_form(&mesh, error);
    close(listener);
    return result;
}

static int join_connecting(struct direct *direct, const char *host, uint16_t port,
                           const char *source, int64_t deadline_ns, struct mcb_error *error)
{
    struct mcb_cluster *cluster = direct->cluster;
    int fd = mcb_socket_connect(host, port, source, true, deadline_ns, cluster->stop, error);
    if (fd < 0)
        return -1;
    char address[MCB_ADDRESS_MAX];
    snprintf(cluster->members[0].name, sizeof cluster->members[0].name, "%.120s",
             mcb_socket_join(host, port, address));
    json_t *hello = introduce(direct, "hello", 1);
    int result = mcb_mesh_connect(cluster, 0, fd, hello, error);
    json_decref(hello);
    struct mcb_mesh mesh = {.cluster = cluster,
                            .listener = -1,
                            .welcomed = welcomed,
                            .context = direct,
                            .lost = MCB_FAULT_NET_PROTOCOL,
                            .deadline_ns = deadline_ns};
    return result ? -1 : mcb_mesh_form(&mesh, error);
}

static int join(struct mcb_cluster *cluster, const struct mcb_settings *settings,
                const json_t *self, int64_t deadline_ns, struct mcb_error *error)
{
    struct direct direct = {.cluster = cluster, .self = self};
    unsigned rank = settings->listen ? 0 : 1;
    char host[256];
    uint16_t port;
    if (split(settings, host, &port, error) || mcb_members_start(cluster, rank, 2, error) ||
        mcb_members_set(cluster, rank, self, error))
        return -1;
    if (settings->listen)
        return join_listening(&direct, host, port, deadline_ns, error);
    char own[256];
    if (settings->address && mcb_cluster_local_address(settings, cluster->stop, own, error))
        return -1;
    return join_connecting(&direct, host, port, settings->address ? own : NULL, deadline_ns, error);
}

const struct mcb_method mcb_method_direct = {.local_address = local_address, .join = join};
