/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Checks of etcd: each endpoint by itself, whether others can use it as well, and what Mooncake's
 * nodes have left there (etcd_checks_keys.c).
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench/doctor/etcd_ask.h"
#include "bench/doctor/etcd_checks.h"
#include "bench/doctor/peer_reach.h"
#include "bench/doctor/port_holder.h"
#include "common/clock.h"
#include "common/json.h"
#include "common/socket.h"

enum { OWN_MOST = MCB_REACH_MOST, LISTENING_MOST = 16 };

/* What is tried after the endpoints were asked: over loopback and to own addresses, where nothing
 * takes long that works. All endpoints share it. */
#define AFTER_NS (MCB_NS_PER_S / 2)

/* An address of no host (RFC 5737), to which the default route leads. */
#define NOWHERE "192.0.2.1"

struct judging {
    struct mcb_examination *examination;
    const struct mcb_check *check;
    int64_t deadline_ns;
};

static bool answers(const struct judging *judging, const char *url, char version[32])
{
    struct mcb_etcd *etcd;
    struct mcb_error ignored;
    if (mcb_etcd_endpoint_open(judging->examination, url, &etcd, &ignored) < 0)
        return false;
    int status = mcb_etcd_version(etcd, judging->deadline_ns, version, &ignored);
    mcb_etcd_close(etcd);
    return status == 0;
}

/* ---- addresses of this host ---- */

/* Those that others may use. Returns their number. */
static size_t outer_addresses(const struct mcb_examination *examination, char (*outer)[64])
{
    char own[OWN_MOST][64];
    size_t count = mcb_system_own_addresses(examination->system, own, OWN_MOST), kept = 0;
    for (size_t i = 0; i < count; i++)
        if (!mcb_socket_is_loopback(own[i]) && strncmp(own[i], "fe80:", 5) != 0)
            memcpy(outer[kept++], own[i], sizeof own[i]);
    return kept;
}

/* The first address of a name that the client has just used. */
static bool lead_of(const struct judging *judging, const char *host, char address[64])
{
    struct mcb_system_addresses addresses;
    struct mcb_error ignored;
    if (mcb_system_resolve(judging->examination->system, host, judging->deadline_ns, &addresses,
                           &ignored) != 0 ||
        addresses.count == 0)
        return false;
    snprintf(address, 64, "%s", addresses.list[0]);
    return true;
}

static bool leads_to_loopback(const struct judging *judging, const char *host)
{
    char address[64];
    return lead_of(judging, host, address) && mcb_socket_is_loopback(address);
}

/* Does the name lead to this host by an address that others have as well? */
static bool leads_here(const struct judging *judging, const char *host)
{
    char outer[OWN_MOST][64], address[64];
    bool found = false;
    if (!lead_of(judging, host, address))
        return false;
    size_t count = outer_addresses(judging->examination, outer);
    for (size_t i = 0; i < count && !found; i++)
        found = strcmp(outer[i], address) == 0;
    return found;
}

/* ---- who can use it ---- */

static bool read_advertised(const json_t *url, struct mcb_etcd_endpoint *advertised)
{
    const char *text = json_string_value(url);
    return text && mcb_etcd_endpoint_read(text, advertised);
}

static bool is_of_loopback(const char *host)
{
    return mcb_socket_is_loopback(host) || strcmp(host, "localhost") == 0;
}

/* The first of the URLs that the members advertise that is of loopback, or that is not; with its
 * member's name. */
static bool find_advertised(const json_t *members, bool of_loopback,
                            struct mcb_etcd_endpoint *found, const char **name)
{
    size_t i, k;
    const json_t *member, *url;
    json_array_foreach(members, i, member)
    {
        json_array_foreach(json_object_get(member, "clientURLs"), k, url)
        {
            if (read_advertised(url, found) && is_of_loopback(found->host) == of_loopback) {
                *name = mcb_json_text(member, "name");
                return true;
            }
        }
    }
    return false;
}

/* The address that etcd should be given: one that it advertises, else that of the default route,
 * else any that others may use. */
static void fix_listening(const struct judging *judging, const struct mcb_etcd_asked *asked)
{
    char address[256] = "HOST", outer[OWN_MOST][64], advertise[MCB_ADDRESS_MAX];
    uint16_t port = asked->endpoint->port;
    struct mcb_etcd_endpoint advertised;
    struct mcb_error ignored;
    const char *name;
    if (find_advertised(asked->members, false, &advertised, &name))
        snprintf(address, sizeof address, "%s", advertised.host);
    else if (mcb_socket_route(NOWHERE, port, judging->deadline_ns,
                              judging->examination->options->stop, address, &ignored) != 0)
        snprintf(address, sizeof address, "%s",
                 outer_addresses(judging->examination, outer) > 0 ? outer[0] : "HOST");
    mcb_examination_fix(judging->examination,
                        "etcd --listen-client-urls http://0.0.0.0:%u --advertise-client-urls "
                        "http://%s\nss -ltn 'sport = :%u'  # 0.0.0.0 or *, not 127.0.0.1",
                        port, mcb_socket_join(address, port, advertise), port);
}

/* True if the members have said enough. */
static bool check_members(const struct judging *judging, const struct mcb_etcd_asked *asked)
{
    struct mcb_etcd_endpoint advertised;
    const char *name;
    if (!find_advertised(asked->members, true, &advertised, &name))
        return false;
    mcb_examination_add(judging->examination, judging->check, asked->endpoint->url,
                        MCB_VERDICT_WARN, MCB_FAULT_ETCD_LOOPBACK,
                        "member %.64s advertises %.200s, which leads every other host to itself",
                        name, advertised.url);
    fix_listening(judging, asked);
    return true;
}

/* Do all own addresses that others may use refuse? */
static bool all_refuse(const struct judging *judging, uint16_t port)
{
    char outer[OWN_MOST][64];
    struct mcb_peer_reach *reaches = calloc(OWN_MOST, sizeof *reaches);
    size_t count = reaches ? outer_addresses(judging->examination, outer) : 0, refused = 0;
    for (size_t i = 0; i < count; i++) {
        memcpy(reaches[i].host, outer[i], sizeof outer[i]);
        reaches[i].port = port;
    }
    mcb_peer_reach_all(reaches, count, judging->deadline_ns, judging->examination->options->stop);
    for (size_t i = 0; i < count; i++)
        refused += reaches[i].error.code == MCB_FAULT_NET_REFUSED;
    free(reaches);
    return count > 0 && refused == count;
}

/* An endpoint of loopback, which is of this host: do others reach it too? The table of sockets
 * knows; where it does not show who listens (another network namespace), it is tried. */
static void check_listening(const struct judging *judging, const struct mcb_etcd_asked *asked)
{
    char listening[LISTENING_MOST][64];
    uint16_t port = asked->endpoint->port;
    bool outer = false;
    if (!leads_to_loopback(judging, asked->endpoint->host))
        return;
    size_t count =
        mcb_port_addresses(judging->examination->system, port, listening, LISTENING_MOST);
    for (size_t i = 0; i < count; i++)
        outer |= !mcb_socket_is_loopback(listening[i]);
    if (outer || (count == 0 && !all_refuse(judging, port)))
        return;
    mcb_examination_add(judging->examination, judging->check, asked->endpoint->url,
                        MCB_VERDICT_WARN, MCB_FAULT_ETCD_LOOPBACK,
                        "it listens on %s port %u alone: no other host reaches it",
                        count ? listening[0] : "loopback,", port);
    fix_listening(judging, asked);
}

/* ---- alarms ---- */

static void fix_no_space(struct mcb_examination *examination, const char *url, const char *member)
{
    (void)member;
    mcb_examination_fix(examination,
                        "etcdctl --endpoints=%s compact REVISION  # of: etcdctl endpoint status "
                        "-w json\netcdctl --endpoints=%s defrag\netcdctl --endpoints=%s alarm "
                        "disarm",
                        url, url, url);
}

static void fix_corrupt(struct mcb_examination *examination, const char *url, const char *member)
{
    mcb_examination_fix(examination,
                        "etcdctl --endpoints=%s member list  # it is member %s\n"
                        "etcdctl --endpoints=%s member remove %s  # then stop it and empty its "
                        "data folder\n"
                        "etcdctl --endpoints=%s member add NAME --peer-urls=URL  # and start it "
                        "with --initial-cluster-state existing",
                        url, member, url, member, url);
}

static void fix_other(struct mcb_examination *examination, const char *url, const char *member)
{
    (void)member;
    mcb_examination_fix(examination,
                        "etcdctl --endpoints=%s alarm list\n"
                        "etcdctl --endpoints=%s endpoint status -w table",
                        url, url);
}

static const struct {
    const char *name, *means;
    void (*fix)(struct mcb_examination *examination, const char *url, const char *member);
} alarms[] = {
    {"NOSPACE", ": its space is used up, and it takes no writes", fix_no_space},
    {"CORRUPT", ": what a member has stored differs from what the others have", fix_corrupt},
    {"", "", fix_other},
};

/* As etcdctl takes it; the gateway writes 64 bits as a text in decimal digits. */
static void read_member(const json_t *alarm, char member[32])
{
    unsigned long long number = strtoull(mcb_json_text(alarm, "memberID"), NULL, 10);
    if (number)
        snprintf(member, 32, "%llx", number);
    else
        snprintf(member, 32, "MEMBER");
}

static void check_alarms(const struct judging *judging, const struct mcb_etcd_asked *asked)
{
    const char *url = asked->endpoint->url;
    size_t i;
    const json_t *alarm;
    json_array_foreach(asked->alarms, i, alarm)
    {
        const char *name = mcb_json_text(alarm, "alarm");
        char member[32];
        size_t kind = 0;
        while (alarms[kind].name[0] && strcmp(alarms[kind].name, name) != 0)
            kind++;
        read_member(alarm, member);
        mcb_examination_add(judging->examination, judging->check, url, MCB_VERDICT_FAIL,
                            MCB_FAULT_ETCD_REFUSED, "alarm %.32s%s (member %s)", name,
                            alarms[kind].means, member);
        alarms[kind].fix(judging->examination, url, member);
    }
}

/* ---- endpoints ---- */

static void add_unanswered(const struct judging *judging, const struct mcb_etcd_asked *asked)
{
    const struct mcb_etcd_endpoint *endpoint = asked->endpoint;
    const struct mcb_error *error = &asked->error;
    char url[64], version[32];
    if (error->code == MCB_FAULT_RUN_INTERRUPTED)
        return;
    snprintf(url, sizeof url, "http://127.0.0.1:%u", endpoint->port);
    if (error->code == MCB_FAULT_ETCD_UNREACHABLE && leads_here(judging, endpoint->host) &&
        answers(judging, url, version)) {
        mcb_examination_add(judging->examination, judging->check, endpoint->url, MCB_VERDICT_FAIL,
                            MCB_FAULT_ETCD_LOOPBACK,
                            "it does not answer there, but etcd %s does on 127.0.0.1:%u", version,
                            endpoint->port);
        fix_listening(judging, asked);
        return;
    }
    bool hasty = asked->late && !judging->examination->options->etcd;
    mcb_examination_add(judging->examination, judging->check, endpoint->url,
                        hasty ? MCB_VERDICT_WARN : MCB_VERDICT_FAIL, error->code, "%.400s%s",
                        mcb_peer_reach_why(error->detail, endpoint->url),
                        hasty ? "; with --etcd it is waited for longer" : "");
}

static void judge_endpoint(const struct judging *judging, const struct mcb_etcd_asked *asked)
{
    struct mcb_examination *examination = judging->examination;
    const char *url = asked->endpoint->url;
    if (asked->error.code != MCB_FAULT_NONE) {
        add_unanswered(judging, asked);
        return;
    }
    if (asked->health.code != MCB_FAULT_NONE)
        mcb_examination_add(examination, judging->check, url, MCB_VERDICT_FAIL, asked->health.code,
                            "%.480s", mcb_peer_reach_why(asked->health.detail, url));
    else
        mcb_examination_add(examination, judging->check, url, MCB_VERDICT_PASS, MCB_FAULT_NONE,
                            "etcd %s, healthy, %.1f ms", asked->version, asked->took_ms);
    mcb_examination_prove(examination, MCB_GROUP_ETCD, url, MCB_STAGE_PEER, "etcd %s answers",
                          asked->version);
    if (!check_members(judging, asked))
        check_listening(judging, asked);
    check_alarms(judging, asked);
}

static void check_endpoints(struct mcb_examination *examination, const struct mcb_check *check)
{
    struct mcb_etcd_endpoint endpoints[MCB_ETCD_ENDPOINTS_MOST];
    struct mcb_etcd_asked asked[MCB_ETCD_ENDPOINTS_MOST] = {{.endpoint = NULL}};
    size_t count = mcb_etcd_endpoints_read(examination, check, endpoints);
    for (size_t i = 0; i < count; i++)
        asked[i].endpoint = &endpoints[i];
    mcb_etcd_ask_all(examination, asked, count, mcb_etcd_deadline(examination));
    const struct judging judging = {examination, check, mcb_clock_ns() + AFTER_NS};
    const volatile sig_atomic_t *stop = examination->options->stop;
    for (size_t i = 0; i < count && !(stop && *stop); i++)
        judge_endpoint(&judging, &asked[i]);
    mcb_etcd_asked_release(asked, count);
}

const struct mcb_check mcb_checks_etcd[] = {
    {"etcd.endpoint", "etcd", MCB_NEEDS_ETCD | MCB_NEEDS_LIVE, check_endpoints},
    {"etcd.metadata", "Mooncake's keys", MCB_NEEDS_ETCD | MCB_NEEDS_LIVE, mcb_etcd_check_keys},
    {NULL, NULL, 0, NULL},
};
