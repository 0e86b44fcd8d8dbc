/* SPDX-License-Identifier: Apache-2.0 */
#include "rdma/gid.h"

#include <arpa/inet.h>
#include <errno.h>
#include <infiniband/verbs.h>
#include <net/if.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/pci.h"
#include "rdma/device.h"
#include "rdma/locality.h"

/* Interfaces that container networks make, by the beginning of their names. */
static const char *const overlay_prefixes[] = {"flannel", "cni",    "cali",
                                               "vxlan",   "docker", "tunl0"};

static bool is_zero(const struct mcb_gid *gid)
{
    static const uint8_t zero[16];
    return memcmp(gid->bytes, zero, sizeof(zero)) == 0;
}

static bool carries_ipv4(const uint8_t bytes[16])
{
    static const uint8_t prefix[12] = {[10] = 0xff, [11] = 0xff};
    return memcmp(bytes, prefix, sizeof(prefix)) == 0;
}

static bool is_private_ipv4(const struct mcb_gid *gid)
{
    const uint8_t *ipv4 = gid->bytes + 12;
    return carries_ipv4(gid->bytes) && (ipv4[0] == 10 || (ipv4[0] == 172 && (ipv4[1] >> 4) == 1) ||
                                        (ipv4[0] == 100 && (ipv4[1] >> 6) == 1));
}

static bool is_degraded(const struct mcb_gid *gid)
{
    if (gid->bytes[0] == 0xfe && (gid->bytes[1] & 0xc0) == 0x80)
        return true;
    for (size_t i = 0; i < sizeof(overlay_prefixes) / sizeof(overlay_prefixes[0]); i++)
        if (strncmp(gid->interface, overlay_prefixes[i], strlen(overlay_prefixes[i])) == 0)
            return true;
    return false;
}

int mcb_gid_class(const struct mcb_gid *gid)
{
    bool has_interface = gid->interface[0] != '\0';
    bool roce = gid->type == MCB_GID_ROCE_V2;
    if (is_zero(gid))
        return -1;
    if (gid->type == MCB_GID_ROCE_V1)
        return 6;
    if (roce && is_degraded(gid))
        return has_interface ? 3 : 5;
    if (roce && is_private_ipv4(gid))
        return has_interface ? 2 : 4;
    return has_interface ? 0 : 1;
}

const struct mcb_gid *mcb_gid_choose(const struct mcb_gid *gids, size_t count)
{
    const struct mcb_gid *best = NULL;
    int best_class = MCB_GID_CLASSES;
    for (size_t i = 0; i < count; i++) {
        int class = mcb_gid_class(&gids[i]);
        if (class < 0 || class > best_class || (class == best_class && gids[i].index > best->index))
            continue;
        best = &gids[i];
        best_class = class;
    }
    return best;
}

const char *mcb_gid_type_name(enum mcb_gid_type type)
{
    static const char *const names[] = {"IB", "RoCE v1", "RoCE v2"};
    return names[type];
}

char *mcb_gid_format(const uint8_t bytes[16], char text[MCB_GID_TEXT_MAX])
{
    if (!inet_ntop(AF_INET6, bytes, text, MCB_GID_TEXT_MAX))
        text[0] = '\0';
    return text;
}

char *mcb_gid_address(const uint8_t bytes[16], char text[MCB_GID_TEXT_MAX])
{
    if (!carries_ipv4(bytes))
        return mcb_gid_format(bytes, text);
    if (!inet_ntop(AF_INET, bytes + 12, text, MCB_GID_TEXT_MAX))
        text[0] = '\0';
    return text;
}

static enum mcb_gid_type type_of(uint32_t verbs_type)
{
    if (verbs_type == IBV_GID_TYPE_ROCE_V2)
        return MCB_GID_ROCE_V2;
    return verbs_type == IBV_GID_TYPE_ROCE_V1 ? MCB_GID_ROCE_V1 : MCB_GID_INFINIBAND;
}

static struct mcb_gid gid_of(const char *device, const struct ibv_gid_entry *entry)
{
    struct mcb_gid gid = {.index = entry->gid_index, .type = type_of(entry->gid_type)};
    memcpy(gid.bytes, entry->gid.raw, sizeof(gid.bytes));
    char name[IF_NAMESIZE];
    if (entry->ndev_ifindex != 0 && if_indextoname(entry->ndev_ifindex, name))
        snprintf(gid.interface, sizeof(gid.interface), "%s", name);
    else
        /* an interface of another network namespace has no index here but may have a name */
        mcb_locality_read(MCB_SYSFS, gid.interface, sizeof(gid.interface),
                          "class/infiniband/%s/ports/%u/gid_attrs/ndevs/%u", device,
                          entry->port_num, entry->gid_index);
    return gid;
}

/* Length of all GID tables of a device together, which is what its query fills. */
static size_t entries_of(const struct mcb_device *device)
{
    struct ibv_device_attr attributes;
    size_t entries = 0;
    if (ibv_query_device(device->context, &attributes))
        return 0;
    for (unsigned port = 1; port <= attributes.phys_port_cnt; port++) {
        struct ibv_port_attr port_attributes;
        if (!ibv_query_port(device->context, (uint8_t)port, &port_attributes) &&
            port_attributes.gid_tbl_len > 0)
            entries += (size_t)port_attributes.gid_tbl_len;
    }
    return entries;
}

int mcb_gid_table(const struct mcb_device *device, unsigned port, struct mcb_gid **gids,
                  size_t *count, struct mcb_error *error)
{
    size_t most = entries_of(device), kept = 0;
    struct ibv_gid_entry *entries = calloc(most + 1, sizeof(*entries));
    struct mcb_gid *list = calloc(most + 1, sizeof(*list));
    int status = -1;
    ssize_t found;
    if (!entries || !list) {
        mcb_error_set(error, MCB_FAULT_HOST_MEMORY, "%s: no memory for %zu GIDs", device->name,
                      most);
        goto out;
    }
    found = ibv_query_gid_table(device->context, entries, most, 0);
    if (found < 0) {
        mcb_error_set(error, MCB_FAULT_RDMA_GID_NONE,
                      "%s port %u: its GID table cannot be read: %s", device->name, port,
                      strerror((int)-found));
        goto out;
    }
    for (ssize_t i = 0; i < found; i++)
        if (entries[i].port_num == port && entries[i].gid_index <= MCB_GID_INDEX_MAX)
            list[kept++] = gid_of(device->name, &entries[i]);
    *gids = list;
    *count = kept;
    list = NULL;
    status = 0;
out:
    free(list);
    free(entries);
    return status;
}

static int refuse_index(const char *device, unsigned port, int index, const struct mcb_gid *best,
                        struct mcb_error *error)
{
    char text[MCB_GID_TEXT_MAX];
    if (!best)
        return mcb_error_set(error, MCB_FAULT_RDMA_GID_EMPTY,
                             "GID index %d: it is empty on %s port %u, and so is every other",
                             index, device, port);
    return mcb_error_set(error, MCB_FAULT_RDMA_GID_EMPTY,
                         "GID index %d: it is empty on %s port %u; index %u (%s, %s) would be "
                         "chosen",
                         index, device, port, best->index, mcb_gid_type_name(best->type),
                         mcb_gid_format(best->bytes, text));
}

int mcb_gid_select_from(const struct mcb_gid *gids, size_t count, const char *device, unsigned port,
                        int index, struct mcb_gid *gid, struct mcb_error *error)
{
    const struct mcb_gid *best = mcb_gid_choose(gids, count);
    if (index < 0 && !best)
        return mcb_error_set(error, MCB_FAULT_RDMA_GID_NONE,
                             "%s port %u: all its GIDs are empty; an address on its network "
                             "interface makes one",
                             device, port);
    if (index < 0) {
        *gid = *best;
        return 0;
    }
    for (size_t i = 0; i < count; i++)
        if (gids[i].index == (uint32_t)index && !is_zero(&gids[i])) {
            *gid = gids[i];
            return 0;
        }
    return refuse_index(device, port, index, best, error);
}

int mcb_gid_select(const struct mcb_device *device, unsigned port, int index, struct mcb_gid *gid,
                   struct mcb_error *error)
{
    struct mcb_gid *gids;
    size_t count;
    if (mcb_gid_table(device, port, &gids, &count, error) < 0)
        return -1;
    int status = mcb_gid_select_from(gids, count, device->name, port, index, gid, error);
    free(gids);
    return status;
}
