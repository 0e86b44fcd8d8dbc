/* SPDX-License-Identifier: Apache-2.0 */
#include "bench/measure/cell_ceiling.h"

#include <arpa/inet.h>
#include <stdbool.h>
#include <string.h>

#include "bench/topology/ceiling.h"
#include "common/json.h"

#define GBPS_LEAST 0.1
#define GBPS_MOST  1e5

/* 0: not known. */
static double rate_of(const json_t *facts, const char *key)
{
    double gbps = json_number_value(json_object_get(facts, key));
    return gbps >= GBPS_LEAST && gbps <= GBPS_MOST ? gbps : 0;
}

static bool same_subnet(const json_t *left, const json_t *right)
{
    uint8_t a[16], b[16];
    return inet_pton(AF_INET6, mcb_json_text(left, "gid"), a) == 1 &&
           inet_pton(AF_INET6, mcb_json_text(right, "gid"), b) == 1 && memcmp(a, b, 8) == 0;
}

/* What packets of the sender look like. The rule for InfiniBand is that of rdma/queue_connect.c:
 * within a subnet the LID leads to the receiver. False if that cannot be known. */
static bool find_wire(const json_t *sender, const json_t *receiver, enum mcb_ceiling_wire *wire)
{
    const char *link = mcb_json_text(sender, "link_layer"),
               *type = mcb_json_text(sender, "gid_type");
    struct in_addr ipv4;
    if (strcmp(link, "InfiniBand") == 0) {
        bool by_lid = json_integer_value(json_object_get(receiver, "lid")) != 0;
        *wire = by_lid && same_subnet(sender, receiver) ? MCB_CEILING_INFINIBAND
                                                        : MCB_CEILING_INFINIBAND_GRH;
        return true;
    }
    if (strcmp(link, "Ethernet") != 0)
        return false;
    if (strcmp(type, "RoCE v1") == 0) {
        *wire = MCB_CEILING_ROCE_V1;
        return true;
    }
    bool is_ipv4 = inet_pton(AF_INET, mcb_json_text(sender, "address"), &ipv4) == 1;
    *wire = is_ipv4 ? MCB_CEILING_ROCE_V2_IPV4 : MCB_CEILING_ROCE_V2_IPV6;
    return strcmp(type, "RoCE v2") == 0;
}

static void read_pcie(const json_t *facts, double gbps[2])
{
    gbps[MCB_CEILING_PCIE_FROM_MEMORY] = rate_of(facts, "pcie_from_memory_gbps");
    gbps[MCB_CEILING_PCIE_TO_MEMORY] = rate_of(facts, "pcie_to_memory_gbps");
}

/* The bottleneck names the link (mcb_ceiling_of_chain). */
static bool is_one_link(const json_t *left, const json_t *right)
{
    const char *a = mcb_json_text(left, "pcie_bottleneck"),
               *b = mcb_json_text(right, "pcie_bottleneck");
    return mcb_pci_is_address(a) && strcmp(a, b) == 0;
}

static struct mcb_ceiling_end end_of(const struct mcb_roster_endpoint *endpoint,
                                     const struct mcb_roster_endpoint *other, enum mcb_route route)
{
    const json_t *nic = endpoint->nic_facts, *gpu = endpoint->gpu_facts;
    struct mcb_ceiling_end end = {.software = !json_is_false(json_object_get(nic, "software"))};
    bool beyond = route == MCB_ROUTE_DIRECT && is_one_link(nic, gpu);
    if (!beyond)
        read_pcie(nic, end.nic_gbps);
    if (!beyond && route != MCB_ROUTE_HOST)
        read_pcie(gpu, end.memory_gbps);
    end.copies_beside = route == MCB_ROUTE_STAGED && is_one_link(nic, gpu);
    if (find_wire(nic, other->nic_facts, &end.wire))
        end.data_gbps = rate_of(nic, "data_gbps");
    return end;
}

/* Of one rank the name tells; of several, which may have one NIC between them, its GUID. */
static bool is_one_port(const struct mcb_roster_endpoint *left,
                        const struct mcb_roster_endpoint *right)
{
    const char *guid = mcb_json_text(left->nic_facts, "node_guid");
    const json_t *port = json_object_get(left->nic_facts, "port");
    if (left->rank == right->rank)
        return strcmp(left->nic, right->nic) == 0;
    return strspn(guid, "0x") < strlen(guid) &&
           strcmp(guid, mcb_json_text(right->nic_facts, "node_guid")) == 0 &&
           json_is_integer(port) && json_equal(port, json_object_get(right->nic_facts, "port"));
}

/* Ranks that share a host are "n1#0" and "n1#1" (roster.c). */
static bool is_one_host(const struct mcb_roster *roster, unsigned left, unsigned right)
{
    if (left == right)
        return true;
    if (roster->ranks_on_host[left] < 2 || roster->ranks_on_host[right] < 2)
        return false;
    const char *a = roster->hosts[left], *b = roster->hosts[right];
    const char *a_end = strrchr(a, '#'), *b_end = strrchr(b, '#');
    return a_end && b_end && a_end - a == b_end - b && strncmp(a, b, (size_t)(a_end - a)) == 0;
}

static uint32_t mtu_of(const json_t *entry)
{
    const json_t *details = json_object_get(entry, "details");
    json_int_t bytes = json_integer_value(json_object_get(details, "mtu_bytes"));
    return bytes >= 256 && bytes <= 4096 && (bytes & (bytes - 1)) == 0 ? (uint32_t)bytes : 0;
}

void mcb_cell_ceiling_add(json_t *entry, const struct mcb_cell *cell,
                          const struct mcb_roster *roster)
{
    const struct mcb_roster_endpoint *initiator = &roster->endpoints[cell->path->initiator];
    const struct mcb_roster_endpoint *target = &roster->endpoints[cell->path->target];
    if (cell->settings->measure != MCB_MEASURE_BANDWIDTH ||
        !json_object_get(entry, "bandwidth_gbps"))
        return;
    bool one_port = is_one_port(initiator, target);
    bool one_host = is_one_host(roster, initiator->rank, target->rank);
    const struct mcb_ceiling_path path = {
        .initiator = end_of(initiator, target, cell->settings->route),
        .target = end_of(target, initiator, cell->settings->route),
        .one_port = one_port,
        .one_link = one_port || (one_host && is_one_link(initiator->nic_facts, target->nic_facts)),
        .one_gpu_link = one_host && is_one_link(initiator->gpu_facts, target->gpu_facts),
        .operation = cell->settings->operation,
        .bidirectional = cell->settings->bidirectional,
        .size_bytes = cell->settings->size_bytes,
        .mtu_bytes = mtu_of(entry),
    };
    struct mcb_ceiling ceiling = mcb_ceiling_of_path(&path);
    if (ceiling.gbps <= 0)
        return;
    json_object_set_new(entry, "ceiling_gbps", json_real(ceiling.gbps));
    json_object_set_new(entry, "ceiling_from", json_string(ceiling.from));
    json_object_set_new(entry, "ceiling_at", json_string(ceiling.at));
}
