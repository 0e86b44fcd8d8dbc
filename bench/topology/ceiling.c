/* SPDX-License-Identifier: Apache-2.0 */
#include "bench/topology/ceiling.h"

#include <stddef.h>
#include <string.h>

enum { MTU_LEAST_BYTES = 256, MTU_MOST_BYTES = 4096, RETH_BYTES = 16, AETH_BYTES = 4 };

/* How much more than the limiting end the other one may allow to be a limit as well. */
#define AS_NARROW 1.03

static const unsigned packet_headers_bytes[] = {
    [MCB_CEILING_INFINIBAND] = 26,   [MCB_CEILING_INFINIBAND_GRH] = 66, [MCB_CEILING_ROCE_V1] = 94,
    [MCB_CEILING_ROCE_V2_IPV4] = 82, [MCB_CEILING_ROCE_V2_IPV6] = 102,
};

/* By way and by flit mode. */
static const unsigned pcie_headers_bytes[2][2] = {
    [MCB_CEILING_PCIE_FROM_MEMORY] = {20, 12},
    [MCB_CEILING_PCIE_TO_MEMORY] = {24, 16},
};

/* Headers that a message has beside those of its packets. */
static unsigned once_bytes(enum mcb_operation operation, double packets)
{
    if (operation == MCB_OPERATION_WRITE)
        return RETH_BYTES;
    if (operation == MCB_OPERATION_READ)
        return packets > 1 ? 2 * AETH_BYTES : AETH_BYTES;
    return 0;
}

double mcb_ceiling_port_gbps(double data_gbps, enum mcb_ceiling_wire wire,
                             enum mcb_operation operation, uint64_t size_bytes, uint32_t mtu_bytes)
{
    if (data_gbps <= 0 || size_bytes == 0 || mtu_bytes < MTU_LEAST_BYTES ||
        mtu_bytes > MTU_MOST_BYTES)
        return 0;
    double size = (double)size_bytes;
    double padding = (double)(-size_bytes & 3); /* the MTU is a multiple of 4: in the last packet */
    double packets = (double)(size_bytes / mtu_bytes + (size_bytes % mtu_bytes != 0));
    double wire_bytes =
        size + padding + packets * packet_headers_bytes[wire] + once_bytes(operation, packets);
    return data_gbps * size / wire_bytes;
}

double mcb_ceiling_pcie_gbps(const struct mcb_pci_link *link, unsigned max_payload_bytes,
                             enum mcb_ceiling_pcie way)
{
    bool flits = mcb_pci_link_has_flits(link);
    double payload = max_payload_bytes ? max_payload_bytes : MCB_CEILING_PAYLOAD_UNKNOWN_BYTES;
    return mcb_pci_link_gbps(link) * payload / (payload + pcie_headers_bytes[way][flits]);
}

/* The upper end of the link whose rate functions[at] told. From below they take turns: a function
 * whose link goes up, the port above it, the next switch's upstream port, the port above that. */
static const char *port_of_link(const struct mcb_pci_function *functions, size_t count, size_t at)
{
    bool goes_up = at % 2 == 0 || functions[at].upstream_port;
    if (goes_up && at + 1 < count && functions[at + 1].address[0] && !functions[at + 1].emulated)
        return functions[at + 1].address;
    return functions[at].physical_address[0] ? functions[at].physical_address
                                             : functions[at].address;
}

/* The function and the bridges above it, those of its physical function if it is a virtual one. */
static size_t read_chain(const char *sysfs, const struct mcb_pci_function *function,
                         struct mcb_pci_function functions[1 + MCB_PCI_CHAIN_MAX])
{
    char bridges[MCB_PCI_CHAIN_MAX][MCB_PCI_ADDRESS_MAX];
    const char *physical = function->physical_address;
    size_t count = mcb_pci_chain(sysfs, physical[0] ? physical : function->address, bridges,
                                 MCB_PCI_CHAIN_MAX);
    functions[0] = *function;
    for (size_t i = 0; i < count; i++)
        mcb_pci_read(sysfs, bridges[i], &functions[1 + i]);
    return 1 + count;
}

struct mcb_ceiling_chain mcb_ceiling_of_chain(const char *sysfs,
                                              const struct mcb_pci_function *function)
{
    struct mcb_pci_function functions[1 + MCB_PCI_CHAIN_MAX];
    struct mcb_ceiling_chain narrowest = {.bottleneck = ""};
    size_t count = read_chain(sysfs, function, functions);
    for (size_t i = 0; i < count; i++) {
        double gbps[2];
        for (int way = 0; way < 2; way++)
            gbps[way] = mcb_ceiling_pcie_gbps(&functions[i].link, function->max_payload_bytes,
                                              (enum mcb_ceiling_pcie)way);
        if (functions[i].emulated || gbps[0] <= 0 ||
            (narrowest.gbps[0] > 0 && gbps[0] >= narrowest.gbps[0]))
            continue;
        memcpy(narrowest.gbps, gbps, sizeof(gbps));
        strcpy(narrowest.bottleneck, port_of_link(functions, count, i));
    }
    return narrowest;
}

/* ---- paths ---- */

enum { AT_INITIATOR = 1, AT_TARGET = 2 };

/* What limits one direction; gbps 0: nothing that is known. */
struct limit {
    double gbps;
    const char *from;
    unsigned at;
};

/* Takes the pair of rates, of the initiator and of the target, if it is narrower. 0: not known. */
static void narrow(struct limit *limit, const char *from, double initiator_gbps, double target_gbps)
{
    const double gbps[] = {initiator_gbps, target_gbps};
    double least = 0;
    for (int end = 0; end < 2; end++)
        if (gbps[end] > 0 && (least == 0 || gbps[end] < least))
            least = gbps[end];
    if (least == 0 || (limit->gbps > 0 && least >= limit->gbps))
        return;
    *limit = (struct limit){.gbps = least, .from = from};
    for (int end = 0; end < 2; end++)
        if (gbps[end] > 0 && gbps[end] <= least * AS_NARROW)
            limit->at |= end == 0 ? AT_INITIATOR : AT_TARGET;
}

static struct limit limit_of_direction(const struct mcb_ceiling_path *path, bool initiator_sends)
{
    const struct mcb_ceiling_end *initiator = &path->initiator, *target = &path->target;
    const struct mcb_ceiling_end *sender = initiator_sends ? initiator : target;
    enum mcb_ceiling_pcie from = MCB_CEILING_PCIE_FROM_MEMORY, to = MCB_CEILING_PCIE_TO_MEMORY;
    enum mcb_ceiling_pcie initiator_way = initiator_sends ? from : to;
    enum mcb_ceiling_pcie target_way = initiator_sends ? to : from;
    struct limit limit = {0};
    if (!path->one_port)
        narrow(&limit, "link",
               mcb_ceiling_port_gbps(initiator->data_gbps, sender->wire, path->operation,
                                     path->size_bytes, path->mtu_bytes),
               mcb_ceiling_port_gbps(target->data_gbps, sender->wire, path->operation,
                                     path->size_bytes, path->mtu_bytes));
    narrow(&limit, "nic-pcie", initiator->nic_gbps[initiator_way], target->nic_gbps[target_way]);
    narrow(&limit, "gpu-pcie", initiator->memory_gbps[initiator_way],
           target->memory_gbps[target_way]);
    return limit;
}

/* Both directions of a path at once. */
static struct limit limit_of_both(const struct mcb_ceiling_path *path)
{
    struct limit there = limit_of_direction(path, true), back = limit_of_direction(path, false);
    if (there.gbps <= 0 || back.gbps <= 0)
        return (struct limit){0};
    struct limit both = back.gbps < there.gbps ? back : there;
    both.gbps = there.gbps + back.gbps;
    if (there.from == back.from)
        both.at = there.at | back.at;
    for (int way = 0; way < 2 && path->one_link; way++)
        narrow(&both, "nic-pcie", path->initiator.nic_gbps[way], path->target.nic_gbps[way]);
    for (int way = 0; way < 2 && path->one_gpu_link; way++)
        narrow(&both, "gpu-pcie", path->initiator.memory_gbps[way], path->target.memory_gbps[way]);
    for (int way = 0; way < 2; way++)
        narrow(&both, "nic-pcie", path->initiator.copies_beside * path->initiator.nic_gbps[way],
               path->target.copies_beside * path->target.nic_gbps[way]);
    return both;
}

struct mcb_ceiling mcb_ceiling_of_path(const struct mcb_ceiling_path *path)
{
    static const char *const places[] = {NULL, "initiator", "target", "both"};
    const struct mcb_ceiling none = {0};
    bool ports_known = path->initiator.data_gbps > 0 && path->target.data_gbps > 0;
    if (path->initiator.software || path->target.software || (!path->one_port && !ports_known))
        return none;
    if (path->size_bytes == 0 || path->mtu_bytes < MTU_LEAST_BYTES ||
        path->mtu_bytes > MTU_MOST_BYTES)
        return none;
    struct limit limit = path->bidirectional
                             ? limit_of_both(path)
                             : limit_of_direction(path, path->operation != MCB_OPERATION_READ);
    return limit.gbps > 0 ? (struct mcb_ceiling){limit.gbps, limit.from, places[limit.at]} : none;
}
