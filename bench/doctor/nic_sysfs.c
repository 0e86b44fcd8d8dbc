/* SPDX-License-Identifier: Apache-2.0 */
#include "bench/doctor/nic_sysfs.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "rdma/locality.h"

enum { PATH_BYTES = 320 };

/* Of every packet of RoCE: GRH, UDP, BTH, extended headers, ICRC (ib_addr.h). */
enum { ROCE_OVERHEAD_BYTES = 40 + 8 + 12 + 4 + 28 + 4 };

static const char folder[] = "/sys/class/infiniband";

/* The first line of a file below the folder of RDMA devices; "" if it cannot be read. */
__attribute__((format(printf, 4, 5))) static bool
read_text(const struct mcb_system *system, char *text, size_t size, const char *format, ...)
{
    char path[PATH_BYTES];
    size_t start = (size_t)snprintf(path, sizeof(path), "%s/", folder);
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(path + start, sizeof(path) - start, format, arguments);
    va_end(arguments);
    text[0] = '\0';
    if (!mcb_system_read_line(system, path, "", text, size))
        return false;
    size_t length = strlen(text);
    while (length > 0 && isspace((unsigned char)text[length - 1]))
        text[--length] = '\0';
    return true;
}

/* "4: ACTIVE" to "active", in place; without a number as it is. */
static void keep_word(char *text)
{
    const char *word = strchr(text, ':');
    word = word ? word + 1 : text;
    word += strspn(word, " ");
    memmove(text, word, strlen(word) + 1);
    for (char *c = text; *c; c++)
        *c = (char)tolower((unsigned char)*c);
}

static bool read_gid(const struct mcb_system *system, const char *name, unsigned port,
                     uint32_t index, struct mcb_gid *gid, bool *there)
{
    char text[64];
    static const uint8_t zero[16];
    *gid = (struct mcb_gid){.index = index};
    *there = read_text(system, text, sizeof(text), "%s/ports/%u/gids/%u", name, port, index);
    if (!*there || inet_pton(AF_INET6, text, gid->bytes) != 1 ||
        memcmp(gid->bytes, zero, sizeof(zero)) == 0)
        return false;
    read_text(system, text, sizeof(text), "%s/ports/%u/gid_attrs/types/%u", name, port, index);
    gid->type = strcmp(text, "RoCE v2") == 0      ? MCB_GID_ROCE_V2
                : strcmp(text, "IB/RoCE v1") == 0 ? MCB_GID_ROCE_V1
                                                  : MCB_GID_INFINIBAND;
    read_text(system, gid->interface, sizeof(gid->interface), "%s/ports/%u/gid_attrs/ndevs/%u",
              name, port, index);
    return true;
}

size_t mcb_nic_sysfs_gids(const struct mcb_system *system, const char *name, unsigned port,
                          struct mcb_gid gids[MCB_NIC_GIDS_MAX])
{
    size_t count = 0;
    bool there = true;
    char link[32];
    read_text(system, link, sizeof(link), "%s/ports/%u/link_layer", name, port);
    for (uint32_t index = 0; index < MCB_NIC_GIDS_MAX && there; index++)
        if (read_gid(system, name, port, index, &gids[count], &there)) {
            /* One name stands for both in sysfs. */
            if (gids[count].type == MCB_GID_ROCE_V1 && strcmp(link, "InfiniBand") == 0)
                gids[count].type = MCB_GID_INFINIBAND;
            count++;
        }
    return count;
}

/* Of the first GID that has one; else the one below a software NIC; else the only one of the PCI
 * function. */
static void find_interface(const struct mcb_system *system, const char *name,
                           struct mcb_nic_port *port)
{
    char path[PATH_BYTES], text[64], **names;
    for (unsigned i = 0; i < 4 && !port->interface[0]; i++)
        read_text(system, port->interface, sizeof(port->interface),
                  "%s/ports/%u/gid_attrs/ndevs/%u", name, port->number, i);
    if (port->interface[0] || (read_text(system, text, sizeof(text), "%s/parent", name) &&
                               snprintf(port->interface, sizeof(port->interface), "%s", text)))
        return;
    snprintf(path, sizeof(path), "%s/%.63s/device/net", folder, name);
    size_t count = mcb_system_names(system, path, &names);
    if (count == 1)
        snprintf(port->interface, sizeof(port->interface), "%s", names[0]);
    mcb_system_names_free(names, count);
}

static void read_port(const struct mcb_system *system, const char *name, unsigned number,
                      struct mcb_nic_port *port)
{
    char link[32];
    *port = (struct mcb_nic_port){.number = number};
    read_text(system, port->state, sizeof(port->state), "%s/ports/%u/state", name, number);
    read_text(system, port->physical, sizeof(port->physical), "%s/ports/%u/phys_state", name,
              number);
    read_text(system, port->rate, sizeof(port->rate), "%s/ports/%u/rate", name, number);
    read_text(system, link, sizeof(link), "%s/ports/%u/link_layer", name, number);
    keep_word(port->state);
    keep_word(port->physical);
    port->active = strcmp(port->state, "active") == 0;
    port->ethernet = strcmp(link, "Ethernet") == 0;
    find_interface(system, name, port);
}

static void read_ports(const struct mcb_system *system, struct mcb_nic_sysfs *nic)
{
    char path[PATH_BYTES], **names;
    snprintf(path, sizeof(path), "%s/%s/ports", folder, nic->name);
    size_t count = mcb_system_names(system, path, &names);
    for (size_t i = 0; i < count && nic->port_count < MCB_NIC_PORTS_MAX; i++) {
        unsigned long number = strtoul(names[i], NULL, 10);
        if (number >= 1 && number <= 255)
            read_port(system, nic->name, (unsigned)number, &nic->ports[nic->port_count++]);
    }
    mcb_system_names_free(names, count);
}

static void find_verbs(const struct mcb_system *system, struct mcb_nic_sysfs *nic)
{
    static const char verbs[] = "/sys/class/infiniband_verbs";
    char path[PATH_BYTES], text[64], **names;
    size_t count = mcb_system_names(system, verbs, &names);
    for (size_t i = 0; i < count && !nic->verbs[0]; i++) {
        snprintf(path, sizeof(path), "%s/%.63s/ibdev", verbs, names[i]);
        if (mcb_system_read_line(system, path, "", text, sizeof(text)) &&
            strcmp(text, nic->name) == 0)
            snprintf(nic->verbs, sizeof(nic->verbs), "%.31s", names[i]);
    }
    mcb_system_names_free(names, count);
}

bool mcb_nic_sysfs_read(const struct mcb_system *system, const char *name,
                        struct mcb_nic_sysfs *nic)
{
    char path[PATH_BYTES], type[64];
    if (!name[0] || strlen(name) >= sizeof(nic->name) || strchr(name, '/') || name[0] == '.')
        return false;
    snprintf(path, sizeof(path), "%s/%s", folder, name);
    if (!mcb_system_exists(system, path))
        return false;
    *nic = (struct mcb_nic_sysfs){.name = ""};
    snprintf(nic->name, sizeof(nic->name), "%s", name);
    read_text(system, nic->firmware, sizeof(nic->firmware), "%s/fw_ver", name);
    read_text(system, nic->board, sizeof(nic->board), "%s/board_id", name);
    read_text(system, type, sizeof(type), "%s/node_type", name);
    keep_word(type);
    nic->iwarp = strcmp(type, "rnic") == 0;
    nic->reliable = type[0] == '\0' || strcmp(type, "ca") == 0;
    snprintf(path, sizeof(path), "%s/%s/device/driver", folder, name);
    mcb_system_link(system, path, nic->driver, sizeof(nic->driver));
    char *sysfs = mcb_system_path(system, "/sys");
    if (sysfs) {
        struct mcb_locality locality = mcb_locality_find(sysfs, name);
        snprintf(nic->pci_address, sizeof(nic->pci_address), "%s", locality.pci_address);
        nic->software = locality.software;
    }
    free(sysfs);
    find_verbs(system, nic);
    read_ports(system, nic);
    return true;
}

const struct mcb_nic_port *mcb_nic_sysfs_port(const struct mcb_nic_sysfs *nic, unsigned asked)
{
    for (size_t i = 0; i < nic->port_count; i++)
        if (asked ? nic->ports[i].number == asked : nic->ports[i].active)
            return &nic->ports[i];
    return asked || nic->port_count == 0 ? NULL : &nic->ports[0];
}

uint32_t mcb_nic_sysfs_interface_mtu(const struct mcb_system *system, const char *interface)
{
    char path[PATH_BYTES];
    uint64_t mtu;
    snprintf(path, sizeof(path), "/sys/class/net/%.63s/mtu", interface);
    return interface[0] && mcb_system_read_number(system, path, &mtu) && mtu <= UINT32_MAX
               ? (uint32_t)mtu
               : 0;
}

uint32_t mcb_nic_mtu_of_interface(uint32_t interface_mtu)
{
    for (uint32_t mtu = 4096; mtu >= 256; mtu /= 2)
        if (interface_mtu >= mtu + ROCE_OVERHEAD_BYTES)
            return mtu;
    return 0;
}

static const struct {
    const char *file;
    bool link_only;
} error_counters[] = {
    {"counters/symbol_error", true},
    {"counters/link_error_recovery", true},
    {"counters/local_link_integrity_errors", true},
    {"counters/port_rcv_errors", true},
    {"counters/link_downed", false},
    {"counters/excessive_buffer_overrun_errors", false},
    {"counters/port_rcv_remote_physical_errors", false},
    {"counters/port_xmit_discards", false},
    {"hw_counters/out_of_sequence", false},
    {"hw_counters/packet_seq_err", false},
    {"hw_counters/local_ack_timeout_err", false},
    {"hw_counters/rnr_nak_retry_err", false},
    {"hw_counters/out_of_buffer", false},
    {"hw_counters/rx_icrc_encapsulated", false},
};

size_t mcb_nic_sysfs_errors(const struct mcb_system *system, const char *name, unsigned port,
                            bool link_only, struct mcb_nic_counter *counters, size_t most)
{
    size_t count = 0;
    for (size_t i = 0; i < sizeof(error_counters) / sizeof(error_counters[0]) && count < most;
         i++) {
        char path[PATH_BYTES];
        uint64_t value;
        snprintf(path, sizeof(path), "%s/%.63s/ports/%u/%s", folder, name, port,
                 error_counters[i].file);
        if ((link_only && !error_counters[i].link_only) ||
            !mcb_system_read_number(system, path, &value) || value == 0)
            continue;
        snprintf(counters[count].name, sizeof(counters[count].name), "%s",
                 strchr(error_counters[i].file, '/') + 1);
        counters[count++].value = value;
    }
    return count;
}
