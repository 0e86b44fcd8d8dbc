/* SPDX-License-Identifier: Apache-2.0 */
#include "bench/measure/roster.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "bench/report/result.h"
#include "bench/topology/distance.h"
#include "common/clock.h"
#include "common/json.h"
#include "common/location.h"
#include "gpu/module.h"

enum { SCALARS_MAX = 64, STRING_MAX = 2048 };

/* A name in the result has up to 255 bytes, with "#1023" where ranks share a host. */
enum { HOST_SIZE_MAX = 256 - (sizeof "#1023" - 1) };

static json_t *random_name(void)
{
    uint64_t bits[2] = {0};
    if (getrandom(bits, sizeof bits, 0) != sizeof bits)
        bits[0] = (uint64_t)mcb_clock_ns();
    return json_sprintf("%016llx%016llx", (unsigned long long)bits[0], (unsigned long long)bits[1]);
}

json_t *mcb_roster_record(const struct mcb_roster_self *self)
{
    struct mcb_host_facts host;
    mcb_topology_host_facts(self->topology, &host);
    json_t *nics = json_array();
    for (size_t i = 0; i < self->nic_count; i++)
        json_array_append_new(nics, json_deep_copy(self->nics[i].facts));
    return json_pack("{s:s, s:s, s:s, s:o, s:s, s:O, s:s, s:s, s:i, s:i, s:I, s:o, s:o, s:o}",
                     "version", MCB_VERSION, "command", self->command, "host", host.hostname, "run",
                     random_name(), "transport", self->transport, "settings", self->settings,
                     "kernel", host.kernel, "cpu", host.cpu_model, "cpus", (int)host.cpus,
                     "numa_nodes", (int)host.numa_nodes, "memory_bytes",
                     (json_int_t)host.memory_bytes, "nics", nics, "gpus",
                     json_deep_copy(self->gpus), "gpu_fault", mcb_json_from_error(self->gpu_fault));
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

/* ---- NICs, GPUs and the endpoints that they make ---- */

static int check_nics(const json_t *nics, struct mcb_error *error)
{
    for (size_t i = 0; i < json_array_size(nics); i++) {
        char what[32];
        const char *name;
        const json_t *nic = json_array_get(nics, i);
        snprintf(what, sizeof what, "nics[%zu]", i);
        if (mcb_result_check_facts(nic, what, MCB_FAULT_NET_PROTOCOL, error) != 0 ||
            mcb_json_get_string(nic, "name", MCB_NIC_NAME_MAX, &name, MCB_FAULT_NET_PROTOCOL,
                                error) != 0)
            return -1;
    }
    return 0;
}

/* GPUs are known by their number: theirs is the place that they have. */
static bool is_name_of_gpu(const char *name, size_t number)
{
    struct mcb_location location;
    char right[MCB_LOCATION_MAX];
    if (mcb_location_parse(name, &location) != 0 || !mcb_location_is_gpu(location.kind))
        return false;
    location.number = (int)number;
    return strcmp(name, mcb_location_format(location, right)) == 0;
}

static int check_gpus(const json_t *gpus, struct mcb_error *error)
{
    for (size_t i = 0; i < json_array_size(gpus); i++) {
        char what[32];
        const json_t *gpu = json_array_get(gpus, i);
        snprintf(what, sizeof what, "gpus[%zu]", i);
        if (mcb_result_check_gpu(gpu, what, MCB_FAULT_NET_PROTOCOL, error) != 0)
            return -1;
        if (!is_name_of_gpu(mcb_json_text(gpu, "name"), i))
            return mcb_error_set(error, MCB_FAULT_NET_PROTOCOL,
                                 "%s: name: that of GPU %zu was expected", what, i);
    }
    return 0;
}

/* What is not known is farther than all that is. */
static uint8_t distance_of(const json_t *gpu, const json_t *nic)
{
    const char *text = mcb_json_text(json_object_get(gpu, "distances"), mcb_json_text(nic, "name"));
    uint8_t distance = 0;
    while (distance < MCB_DISTANCES &&
           strcmp(text, mcb_distance_name((enum mcb_distance)distance)) != 0)
        distance++;
    return distance;
}

static int list_endpoints(const json_t *nics, const json_t *gpus,
                          const struct mcb_settings *settings, struct mcb_endpoint_list *list,
                          struct mcb_error *error)
{
    int nodes[MCB_NICS_MAX];
    static const size_t most = (size_t)MCB_GPUS_MAX * MCB_NICS_MAX;
    uint8_t *distances = malloc(most);
    if (!distances)
        return mcb_error_set(error, MCB_FAULT_HOST_MEMORY, "no memory for the distances of GPUs");
    const struct mcb_plan_host host = {
        .nic_count = json_array_size(nics),
        .nic_nodes = nodes,
        .gpu_count = json_array_size(gpus),
        .distances = distances,
    };
    for (size_t i = 0; i < host.nic_count; i++) {
        const json_t *nic = json_array_get(nics, i), *node = json_object_get(nic, "numa_node");
        nodes[i] = json_is_integer(node) ? (int)json_integer_value(node) : -1;
        for (size_t gpu = 0; gpu < host.gpu_count; gpu++)
            distances[gpu * host.nic_count + i] = distance_of(json_array_get(gpus, gpu), nic);
    }
    int status = mcb_endpoint_list_make(settings, &host, list, error);
    free(distances);
    return status;
}

static int get_devices(const json_t *record, json_t **nics, json_t **gpus, struct mcb_error *error)
{
    const enum mcb_fault_code fault = MCB_FAULT_NET_PROTOCOL;
    if (mcb_json_get_array(record, "nics", 1, MCB_NICS_MAX, nics, fault, error) != 0 ||
        mcb_json_get_array(record, "gpus", 0, MCB_GPUS_MAX, gpus, fault, error) != 0)
        return -1;
    return check_nics(*nics, error) == 0 && check_gpus(*gpus, error) == 0 ? 0 : -1;
}

int mcb_roster_list_endpoints(const json_t *record, const struct mcb_settings *settings,
                              struct mcb_endpoint_list *list, struct mcb_error *error)
{
    json_t *nics, *gpus;
    if (get_devices(record, &nics, &gpus, error) != 0)
        return -1;
    return list_endpoints(nics, gpus, settings, list, error);
}

static void add_endpoints(struct mcb_roster *roster, unsigned rank)
{
    const json_t *nics = json_object_get(roster->facts[rank], "nics");
    const json_t *gpus = json_object_get(roster->facts[rank], "gpus");
    for (uint32_t i = 0; i < roster->lists[rank].count; i++) {
        const struct mcb_plan_endpoint *plan = &roster->lists[rank].endpoints[i];
        struct mcb_roster_endpoint *endpoint = &roster->endpoints[roster->first_endpoint[rank] + i];
        endpoint->rank = rank;
        endpoint->position = i;
        endpoint->nic_facts = json_array_get(nics, plan->nic);
        endpoint->gpu_facts = plan->gpu < 0 ? NULL : json_array_get(gpus, (size_t)plan->gpu);
        snprintf(endpoint->nic, sizeof endpoint->nic, "%s",
                 mcb_json_text(endpoint->nic_facts, "name"));
    }
}

/* ---- records ---- */

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

int mcb_roster_check(const struct mcb_cluster *cluster, struct mcb_error *error)
{
    static const char *const members[] = {"version", "command", "transport"};
    for (unsigned rank = 0; rank < mcb_cluster_size(cluster); rank++)
        for (size_t i = 0; i < sizeof members / sizeof *members; i++)
            if (check_fits(cluster, rank, members[i], error) != 0)
                return -1;
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

/* Why a rank has no GPUs, in its own words. */
static int take_gpu_fault(const json_t *record, struct mcb_error *fault, struct mcb_error *error)
{
    json_t *told;
    const char *id, *detail;
    if (json_is_null(json_object_get(record, "gpu_fault")))
        return 0;
    if (json_array_size(json_object_get(record, "gpus")) > 0)
        return mcb_error_set(error, MCB_FAULT_NET_PROTOCOL,
                             "gpu_fault: null was expected of a rank that has GPUs");
    if (mcb_json_get_object(record, "gpu_fault", &told, MCB_FAULT_NET_PROTOCOL, error) != 0 ||
        mcb_json_get_string(told, "id", 32, &id, MCB_FAULT_NET_PROTOCOL, error) != 0 ||
        mcb_json_get_string(told, "detail", MCB_ERROR_DETAIL_MAX, &detail, MCB_FAULT_NET_PROTOCOL,
                            error) != 0)
        return -1;
    enum mcb_fault_code code = mcb_fault_find(id);
    if (mcb_fault_get(code)->exit_code != MCB_EXIT_ENVIRONMENT)
        return mcb_error_set(error, MCB_FAULT_NET_PROTOCOL,
                             "gpu_fault: id: a fault of the environment was expected");
    mcb_error_set(fault, code, "%s", detail);
    return 0;
}

static int take_record(struct mcb_roster *roster, const struct mcb_cluster *cluster, unsigned rank,
                       const struct mcb_settings *settings, struct mcb_error *error)
{
    const json_t *record = mcb_cluster_record(cluster, rank);
    const char *host, *kernel, *cpu;
    int64_t cpus, numa_nodes, memory_bytes;
    json_t *nics, *gpus;
    const enum mcb_fault_code fault = MCB_FAULT_NET_PROTOCOL;
    if (take_host(record, &host, error) != 0 ||
        mcb_json_get_string(record, "kernel", 256, &kernel, fault, error) != 0 ||
        mcb_json_get_string(record, "cpu", 256, &cpu, fault, error) != 0 ||
        mcb_json_get_integer(record, "cpus", 1, 1 << 20, &cpus, fault, error) != 0 ||
        mcb_json_get_integer(record, "numa_nodes", 1, 1 << 16, &numa_nodes, fault, error) != 0 ||
        mcb_json_get_integer(record, "memory_bytes", 0, INT64_MAX, &memory_bytes, fault, error) !=
            0 ||
        get_devices(record, &nics, &gpus, error) != 0 ||
        take_gpu_fault(record, &roster->gpu_faults[rank], error) != 0)
        return -1;
    snprintf(roster->hosts[rank], sizeof roster->hosts[rank], "%s", host);
    roster->facts[rank] =
        json_pack("{s:s, s:i, s:s, s:s, s:I, s:I, s:I, s:o, s:o}", "host", host, "rank", (int)rank,
                  "kernel", kernel, "cpu", cpu, "cpus", (json_int_t)cpus, "numa_nodes",
                  (json_int_t)numa_nodes, "memory_bytes", (json_int_t)memory_bytes, "nics",
                  json_deep_copy(nics), "gpus", json_deep_copy(gpus));
    return list_endpoints(nics, gpus, settings, &roster->lists[rank], error);
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

/* Why the rank has no endpoint: it has a NIC, and with that every host memory that is asked for. */
static int fail_for_idle_rank(const struct mcb_roster *roster, unsigned rank, const char *name,
                              struct mcb_error *error)
{
    const json_t *gpus = json_object_get(roster->facts[rank], "gpus");
    size_t count = json_array_size(gpus);
    if (count > 0)
        return mcb_error_set(error, MCB_FAULT_GPU_NO_SUCH,
                             "%s: its last GPU is %s, and only others were asked for", name,
                             mcb_json_text(json_array_get(gpus, count - 1), "name"));
    *error = roster->gpu_faults[rank];
    if (error->code == MCB_FAULT_NONE)
        mcb_error_set(error, MCB_FAULT_GPU_NONE, "it does not say why");
    mcb_error_blame(error, name);
    return -1;
}

static int take_records(struct mcb_roster *roster, const struct mcb_cluster *cluster,
                        const struct mcb_settings *settings, struct mcb_error *error)
{
    const char *run;
    if (mcb_json_get_string(mcb_cluster_record(cluster, 0), "run", sizeof roster->run, &run,
                            MCB_FAULT_NET_PROTOCOL, error) != 0)
        return -1;
    snprintf(roster->run, sizeof roster->run, "%s", run);
    for (unsigned rank = 0; rank < roster->ranks; rank++) {
        if (take_record(roster, cluster, rank, settings, error) != 0) {
            mcb_error_blame(error, mcb_cluster_name(cluster, rank));
            return -1;
        }
        roster->first_endpoint[rank] = roster->endpoint_count;
        roster->endpoint_count += roster->lists[rank].count;
    }
    for (unsigned rank = 0; rank < roster->ranks; rank++)
        if (roster->lists[rank].count == 0)
            return fail_for_idle_rank(roster, rank, mcb_cluster_name(cluster, rank), error);
    return 0;
}

int mcb_roster_make(const struct mcb_cluster *cluster, const struct mcb_settings *settings,
                    struct mcb_roster *roster, struct mcb_error *error)
{
    unsigned ranks = mcb_cluster_size(cluster);
    *roster = (struct mcb_roster){
        .ranks = ranks,
        .hosts = calloc(ranks, sizeof *roster->hosts),
        .ranks_on_host = calloc(ranks, sizeof *roster->ranks_on_host),
        .lists = calloc(ranks, sizeof *roster->lists),
        .first_endpoint = calloc(ranks, sizeof *roster->first_endpoint),
        .facts = calloc(ranks, sizeof *roster->facts),
        .gpu_faults = calloc(ranks, sizeof *roster->gpu_faults),
    };
    int status = -1;
    if (!roster->hosts || !roster->ranks_on_host || !roster->lists || !roster->first_endpoint ||
        !roster->facts || !roster->gpu_faults) {
        mcb_error_set(error, MCB_FAULT_HOST_MEMORY, "no memory for a roster of %u ranks", ranks);
        goto done;
    }
    for (size_t i = 0; i < settings->route_count; i++)
        roster->bounces |= settings->routes[i] != MCB_ROUTE_DIRECT;
    if (take_records(roster, cluster, settings, error) != 0)
        goto done;
    roster->endpoints = calloc(roster->endpoint_count, sizeof *roster->endpoints);
    if (!roster->endpoints) {
        mcb_error_set(error, MCB_FAULT_HOST_MEMORY, "no memory for %u endpoints",
                      roster->endpoint_count);
        goto done;
    }
    for (unsigned rank = 0; rank < ranks; rank++)
        add_endpoints(roster, rank);
    tell_hosts_apart(roster);
    status = 0;
done:
    if (status != 0)
        mcb_roster_release(roster);
    return status;
}

void mcb_roster_release(struct mcb_roster *roster)
{
    for (uint32_t i = 0; roster->endpoints && i < roster->endpoint_count; i++)
        json_decref(roster->endpoints[i].opened);
    for (unsigned rank = 0; roster->facts && rank < roster->ranks; rank++)
        json_decref(roster->facts[rank]);
    for (unsigned rank = 0; roster->lists && rank < roster->ranks; rank++)
        mcb_endpoint_list_release(&roster->lists[rank]);
    free(roster->gpu_faults);
    free(roster->facts);
    free(roster->endpoints);
    free(roster->first_endpoint);
    free(roster->lists);
    free(roster->ranks_on_host);
    free(roster->hosts);
    *roster = (struct mcb_roster){0};
}

bool mcb_roster_has_stand_ins(const struct mcb_roster *roster)
{
    for (unsigned rank = 0; rank < roster->ranks; rank++) {
        const json_t *gpus = json_object_get(roster->facts[rank], "gpus");
        for (size_t i = 0; i < json_array_size(gpus); i++)
            if (json_is_true(json_object_get(json_array_get(gpus, i), "stand_in")))
                return true;
    }
    return false;
}

json_t *mcb_roster_to_json(const struct mcb_roster *roster)
{
    json_t *hosts = json_array();
    for (unsigned rank = 0; rank < roster->ranks; rank++) {
        json_t *host = json_copy(roster->facts[rank]);
        json_t *endpoints = json_array();
        for (uint32_t i = 0; i < roster->lists[rank].count; i++)
            json_array_append(endpoints,
                              roster->endpoints[roster->first_endpoint[rank] + i].opened);
        json_object_set_new(host, "endpoints", endpoints);
        json_array_append_new(hosts, host);
    }
    return hosts;
}

json_t *mcb_roster_endpoint_json(const struct mcb_roster *roster, uint32_t endpoint,
                                 enum mcb_route route)
{
    const struct mcb_roster_endpoint *which = &roster->endpoints[endpoint];
    bool bounced = route == MCB_ROUTE_HOST && which->bounce[0];
    return json_pack("{s:s, s:s, s:s}", "host", roster->hosts[which->rank], "nic", which->nic,
                     "memory", bounced ? which->bounce : which->memory);
}
