/* SPDX-License-Identifier: Apache-2.0 */
#include "bench/measure/roster.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "bench/report/result.h"
#include "common/clock.h"
#include "common/json.h"

enum { SCALARS_MAX = 64, STRING_MAX = 512 };

/* A name in the result has up to 255 bytes, with "#1023" where ranks share a host. */
enum { HOST_SIZE_MAX = 256 - (sizeof "#1023" - 1) };

static json_t *random_name(void)
{
    uint64_t bits[2] = {0};
    if (getrandom(bits, sizeof bits, 0) != sizeof bits)
        bits[0] = (uint64_t)mcb_clock_ns();
    return json_sprintf("%016llx%016llx", (unsigned long long)bits[0], (unsigned long long)bits[1]);
}

json_t *mcb_roster_record(const struct mcb_topology *topology, const char *transport,
                          const json_t *settings, const struct mcb_nic *nics, size_t nic_count)
{
    struct mcb_host_facts host;
    mcb_topology_host_facts(topology, &host);
    json_t *list = json_array();
    for (size_t i = 0; i < nic_count; i++)
        json_array_append_new(list, json_deep_copy(nics[i].facts));
    return json_pack("{s:s, s:s, s:o, s:s, s:O, s:s, s:s, s:i, s:i, s:I, s:o}", "version",
                     MCB_VERSION, "host", host.hostname, "run", random_name(), "transport",
                     transport, "settings", settings, "kernel", host.kernel, "cpu", host.cpu_model,
                     "cpus", (int)host.cpus, "numa_nodes", (int)host.numa_nodes, "memory_bytes",
                     (json_int_t)host.memory_bytes, "nics", list);
}

json_t *mcb_roster_copy_scalars(const json_t *object)
{
    json_t *copy = json_object();
    const char *key;
    json_t *value;
    json_object_foreach((json_t *)object, key, value)
    {
        bool scalar = json_is_number(value) || json_is_boolean(value) || json_is_null(value) ||
                      (json_is_string(value) && json_string_length(value) <= STRING_MAX);
        if (scalar && strlen(key) < 64 && json_object_size(copy) < SCALARS_MAX)
            json_object_set(copy, key, value);
    }
    return copy;
}

static int take_endpoints(struct mcb_roster *roster, unsigned rank, const json_t *nics,
                          struct mcb_error *error)
{
    size_t index;
    json_t *nic;
    json_array_foreach((json_t *)nics, index, nic)
    {
        char what[32];
        const char *name;
        snprintf(what, sizeof what, "nics[%zu]", index);
        if (mcb_result_check_facts(nic, what, MCB_FAULT_NET_PROTOCOL, error) != 0 ||
            mcb_json_get_string(nic, "name", sizeof roster->endpoints->nic, &name,
                                MCB_FAULT_NET_PROTOCOL, error) != 0)
            return -1;
        struct mcb_roster_endpoint *endpoint =
            &roster->endpoints[roster->first_endpoint[rank] + index];
        endpoint->rank = rank;
        endpoint->position = (uint32_t)index;
        snprintf(endpoint->nic, sizeof endpoint->nic, "%s", name);
        endpoint->facts = json_deep_copy(nic);
    }
    return 0;
}

static int check_fits(const struct mcb_cluster *cluster, unsigned rank, const char *member,
                      struct mcb_error *error)
{
    const char *mine, *theirs;
    if (mcb_json_get_string(mcb_cluster_record(cluster, 0), member, 64, &mine,
                            MCB_FAULT_NET_PROTOCOL, error) != 0 ||
        mcb_json_get_string(mcb_cluster_record(cluster, rank), member, 64, &theirs,
                            MCB_FAULT_NET_PROTOCOL, error) != 0)
        return -1;
    if (strcmp(mine, theirs) != 0)
        return mcb_error_set(error, MCB_FAULT_JOB_ROSTER,
                             "the %s is %s on %s and %s on %s: it must be the same on all", member,
                             mine, mcb_cluster_name(cluster, 0), theirs,
                             mcb_cluster_name(cluster, rank));
    return 0;
}

static int take_host(const json_t *record, const char **host, struct mcb_error *error)
{
    if (mcb_json_get_string(record, "host", HOST_SIZE_MAX, host, MCB_FAULT_NET_PROTOCOL, error) !=
        0)
        return -1;
    return **host ? 0
                  : mcb_error_set(error, MCB_FAULT_NET_PROTOCOL, "\"host\": a name was expected");
}

static int take_record(struct mcb_roster *roster, const struct mcb_cluster *cluster, unsigned rank,
                       json_t **nics, struct mcb_error *error)
{
    const json_t *record = mcb_cluster_record(cluster, rank);
    const char *host, *kernel, *cpu;
    int64_t cpus, numa_nodes, memory_bytes;
    const enum mcb_fault_code fault = MCB_FAULT_NET_PROTOCOL;
    if (check_fits(cluster, rank, "version", error) != 0 ||
        check_fits(cluster, rank, "transport", error) != 0 ||
        take_host(record, &host, error) != 0 ||
        mcb_json_get_string(record, "kernel", 256, &kernel, fault, error) != 0 ||
        mcb_json_get_string(record, "cpu", 256, &cpu, fault, error) != 0 ||
        mcb_json_get_integer(record, "cpus", 1, 1 << 20, &cpus, fault, error) != 0 ||
        mcb_json_get_integer(record, "numa_nodes", 1, 1 << 16, &numa_nodes, fault, error) != 0 ||
        mcb_json_get_integer(record, "memory_bytes", 0, INT64_MAX, &memory_bytes, fault, error) !=
            0 ||
        mcb_json_get_array(record, "nics", 1, MCB_NICS_MAX, nics, fault, error) != 0)
        return -1;
    snprintf(roster->hosts[rank], sizeof roster->hosts[rank], "%s", host);
    roster->facts[rank] =
        json_pack("{s:s, s:i, s:s, s:s, s:I, s:I, s:I}", "host", host, "rank", (int)rank, "kernel",
                  kernel, "cpu", cpu, "cpus", (json_int_t)cpus, "numa_nodes",
                  (json_int_t)numa_nodes, "memory_bytes", (json_int_t)memory_bytes);
    roster->endpoints_of[rank] = (uint32_t)json_array_size(*nics);
    return 0;
}

/* Ranks that share a host would be one row in every table: their names get the rank. */
static void tell_hosts_apart(struct mcb_roster *roster)
{
    for (unsigned a = 0; a < roster->ranks; a++)
        for (unsigned b = 0; b < roster->ranks; b++)
            roster->ranks_on_host[a] += strcmp(roster->hosts[a], roster->hosts[b]) == 0;
    for (unsigned rank = 0; rank < roster->ranks; rank++) {
        if (roster->ranks_on_host[rank] == 1)
            continue;
        size_t length = strlen(roster->hosts[rank]);
        snprintf(roster->hosts[rank] + length, sizeof roster->hosts[rank] - length, "#%u", rank);
        json_object_set_new(roster->facts[rank], "host", json_string(roster->hosts[rank]));
    }
}

int mcb_roster_make(const struct mcb_cluster *cluster, struct mcb_roster *roster,
                    struct mcb_error *error)
{
    unsigned ranks = mcb_cluster_size(cluster);
    json_t **nics = calloc(ranks, sizeof *nics);
    *roster = (struct mcb_roster){
        .ranks = ranks,
        .hosts = calloc(ranks, sizeof *roster->hosts),
        .ranks_on_host = calloc(ranks, sizeof *roster->ranks_on_host),
        .endpoints_of = calloc(ranks, sizeof *roster->endpoints_of),
        .first_endpoint = calloc(ranks, sizeof *roster->first_endpoint),
        .facts = calloc(ranks, sizeof *roster->facts),
    };
    int status = -1;
    if (!nics || !roster->hosts || !roster->ranks_on_host || !roster->endpoints_of ||
        !roster->first_endpoint || !roster->facts) {
        mcb_error_set(error, MCB_FAULT_HOST_MEMORY, "no memory for a roster of %u ranks", ranks);
        goto done;
    }
    const char *run;
    if (mcb_json_get_string(mcb_cluster_record(cluster, 0), "run", sizeof roster->run, &run,
                            MCB_FAULT_NET_PROTOCOL, error) != 0)
        goto done;
    snprintf(roster->run, sizeof roster->run, "%s", run);
    for (unsigned rank = 0; rank < ranks; rank++) {
        if (take_record(roster, cluster, rank, &nics[rank], error) != 0) {
            mcb_error_blame(error, mcb_cluster_name(cluster, rank));
            goto done;
        }
        roster->first_endpoint[rank] = roster->endpoint_count;
        roster->endpoint_count += roster->endpoints_of[rank];
    }
    roster->endpoints = calloc(roster->endpoint_count, sizeof *roster->endpoints);
    if (!roster->endpoints) {
        mcb_error_set(error, MCB_FAULT_HOST_MEMORY, "no memory for %u endpoints",
                      roster->endpoint_count);
        goto done;
    }
    for (unsigned rank = 0; rank < ranks; rank++)
        if (take_endpoints(roster, rank, nics[rank], error) != 0) {
            mcb_error_blame(error, mcb_cluster_name(cluster, rank));
            goto done;
        }
    tell_hosts_apart(roster);
    status = 0;
done:
    free(nics);
    if (status != 0)
        mcb_roster_release(roster);
    return status;
}

void mcb_roster_release(struct mcb_roster *roster)
{
    for (uint32_t i = 0; roster->endpoints && i < roster->endpoint_count; i++)
        json_decref(roster->endpoints[i].facts);
    for (unsigned rank = 0; roster->facts && rank < roster->ranks; rank++)
        json_decref(roster->facts[rank]);
    free(roster->facts);
    free(roster->endpoints);
    free(roster->first_endpoint);
    free(roster->endpoints_of);
    free(roster->ranks_on_host);
    free(roster->hosts);
    *roster = (struct mcb_roster){0};
}

json_t *mcb_roster_to_json(const struct mcb_roster *roster)
{
    json_t *hosts = json_array();
    for (unsigned rank = 0; rank < roster->ranks; rank++) {
        json_t *host = json_copy(roster->facts[rank]);
        json_t *nics = json_array();
        for (uint32_t i = 0; i < roster->endpoints_of[rank]; i++)
            json_array_append(nics, roster->endpoints[roster->first_endpoint[rank] + i].facts);
        json_object_set_new(host, "nics", nics);
        json_array_append_new(hosts, host);
    }
    return hosts;
}

json_t *mcb_roster_endpoint_json(const struct mcb_roster *roster, uint32_t endpoint,
                                 enum mcb_role role)
{
    const struct mcb_roster_endpoint *which = &roster->endpoints[endpoint];
    return json_pack("{s:s, s:s, s:s}", "host", roster->hosts[which->rank], "nic", which->nic,
                     "memory", which->memory[role]);
}
