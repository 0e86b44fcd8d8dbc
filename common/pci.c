/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Attributes are read as text and taken only if they are what the kernel writes. Capabilities are
 * lists within the configuration space: a walk looks at no more entries than there is room for, so
 * that a list that loops ends, and at no byte that is not known. Links are followed below sysfs
 * only, where those of the kernel lead: a copy never shows the functions of the host that it is on.
 */
#include "common/pci.h"

#include <limits.h>
#include <linux/pci_regs.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/below.h"

enum {
    CLASS_PCI_BRIDGE = 0x0604,
    NUMA_NODES_MOST = 1024, /* of Linux, MAX_NUMNODES */
    CAPABILITIES_MOST = (PCI_CFG_SPACE_SIZE - PCI_STD_HEADER_SIZEOF) / 4,
    EXTENDED_CAPABILITIES_MOST = (PCI_CFG_SPACE_EXP_SIZE - PCI_CFG_SPACE_SIZE) / 8,
};

/* A generation of PCI Express: its speed and what its line coding leaves to packets. */
struct generation {
    const char *speed;
    double transfers_gtps;
    const char *name;
    double packet_bits, line_bits;
    bool flits;
};

static const struct generation generations[] = {
    {"2.5", 2.5, "1.0", 8, 10, false},  {"5", 5, "2.0", 8, 10, false},
    {"8", 8, "3.0", 128, 130, false},   {"16", 16, "4.0", 128, 130, false},
    {"32", 32, "5.0", 128, 130, false}, {"64", 64, "6.0", 236, 256, true},
};

/* Vendors of bridges that exist in software only, and the models of real makers that QEMU plays. */
enum { ANY_DEVICE = 0x10000 };

static const struct {
    uint16_t vendor_id;
    uint32_t device_id;
} emulated_bridges[] = {
    {0x1b36, ANY_DEVICE}, /* Red Hat: QEMU's own */
    {0x1af4, ANY_DEVICE}, /* Red Hat: virtio */
    {0x1d0f, ANY_DEVICE}, /* Amazon */
    {0x15ad, ANY_DEVICE}, /* VMware */
    {0x1414, ANY_DEVICE}, /* Microsoft */
    {0x1ae0, ANY_DEVICE}, /* Google */
    {0x80ee, ANY_DEVICE}, /* VirtualBox */
    {0x5853, ANY_DEVICE}, /* Xen */
    {0x1ab8, ANY_DEVICE}, /* Parallels */
    {0x8086, 0x3420},     /* QEMU: ioh3420, a root port */
    {0x104c, 0x8232},     /* QEMU: x3130-upstream */
    {0x104c, 0x8233},     /* QEMU: xio3130-downstream */
};

static const struct {
    const char *type;
    enum mcb_known translates;
} iommu_types[] = {
    {"DMA", MCB_KNOWN_YES},
    {"DMA-FQ", MCB_KNOWN_YES},
    {"identity", MCB_KNOWN_NO},
};

bool mcb_pci_is_address(const char *text)
{
    static const char digits[] = "0123456789abcdef";
    size_t domain = strspn(text, digits);
    if (domain < 4 || domain > MCB_PCI_ADDRESS_MAX - sizeof ":00:00.0")
        return false;
    const char *rest = text + domain;
    return strlen(rest) == strlen(":00:00.0") && rest[0] == ':' && strspn(rest + 1, digits) == 2 &&
           rest[3] == ':' && strspn(rest + 4, digits) == 2 && rest[4] <= '1' && rest[6] == '.' &&
           rest[7] >= '0' && rest[7] <= '7';
}

/* Below sysfs. */
static void make_path(char path[PATH_MAX], const char *address, const char *name)
{
    snprintf(path, PATH_MAX, "/bus/pci/devices/%s/%s", address, name);
}

static int open_attribute(const char *sysfs, const char *address, const char *name)
{
    char path[PATH_MAX];
    make_path(path, address, name);
    return mcb_below_open(sysfs, path);
}

/* The path of an attribute, which may be a link, or "." for the function's folder; NULL: it is not
 * there. To be freed. */
static char *find_attribute(const char *sysfs, const char *address, const char *name)
{
    char path[PATH_MAX];
    struct stat status;
    make_path(path, address, name);
    char *found = mcb_below_path(sysfs, path, false);
    if (found && lstat(found, &status) == 0 && (strcmp(name, ".") != 0 || S_ISDIR(status.st_mode)))
        return found;
    free(found);
    return NULL;
}

static bool is_there(const char *sysfs, const char *address, const char *name)
{
    char *found = find_attribute(sysfs, address, name);
    free(found);
    return found != NULL;
}

/* First line of an attribute, "" if it cannot be had. */
static void read_attribute(const char *sysfs, const char *address, const char *name, char text[64])
{
    text[0] = '\0';
    int fd = open_attribute(sysfs, address, name);
    if (fd < 0)
        return;
    ssize_t length = read(fd, text, 63);
    close(fd);
    text[length > 0 ? length : 0] = '\0';
    text[strcspn(text, "\n")] = '\0';
}

/* A whole number from 0 to `most`; -1 for anything else. */
static long parse_number(const char *text, int base, long most)
{
    char *end;
    if (*text < '0' || *text > '9')
        return -1;
    long value = strtol(text, &end, base);
    return *end || value < 0 || value > most ? -1 : value;
}

static uint32_t read_id(const char *sysfs, const char *address, const char *name, long most)
{
    char text[64];
    read_attribute(sysfs, address, name, text);
    long value = parse_number(text, 16, most);
    return value < 0 ? 0 : (uint32_t)value;
}

static int read_numa_node(const char *sysfs, const char *address)
{
    char text[64];
    read_attribute(sysfs, address, "numa_node", text);
    return (int)parse_number(text, 10, NUMA_NODES_MOST - 1);
}

double mcb_pci_parse_speed(const char *text)
{
    for (size_t i = 0; i < sizeof(generations) / sizeof(generations[0]); i++) {
        size_t length = strlen(generations[i].speed);
        if (strncmp(text, generations[i].speed, length) != 0)
            continue;
        const char *rest = text + length;
        if (strncmp(rest, ".0", 2) == 0)
            rest += 2;
        static const char unit[] = " GT/s";
        if (strncmp(rest, unit, strlen(unit)) == 0 &&
            (rest[strlen(unit)] == '\0' || rest[strlen(unit)] == ' '))
            return generations[i].transfers_gtps;
    }
    return 0;
}

/* which: "current" or "max"; of: "" or "physfn/". */
static struct mcb_pci_link read_link(const char *sysfs, const char *address, const char *of,
                                     const char *which)
{
    char name[64], text[64];
    struct mcb_pci_link link;
    snprintf(name, sizeof(name), "%s%s_link_speed", of, which);
    read_attribute(sysfs, address, name, text);
    link.transfers_gtps = mcb_pci_parse_speed(text);
    snprintf(name, sizeof(name), "%s%s_link_width", of, which);
    read_attribute(sysfs, address, name, text);
    long lanes = parse_number(text, 10, 32); /* 255: unknown */
    link.lanes = lanes < 0 ? 0 : (unsigned)lanes;
    return link;
}

static uint16_t word_at(const uint8_t *config, size_t at)
{
    return (uint16_t)(config[at] | config[at + 1] << 8);
}

static uint32_t double_word_at(const uint8_t *config, size_t at)
{
    return word_at(config, at) | (uint32_t)word_at(config, at + 2) << 16;
}

/* Where the capability PCI Express is; 0 if there is none, -1 if that cannot be known. */
static int find_express(const uint8_t *config, size_t length)
{
    if (length < PCI_STD_HEADER_SIZEOF)
        return -1;
    if (!(config[PCI_STATUS] & PCI_STATUS_CAP_LIST))
        return 0;
    size_t at = config[PCI_CAPABILITY_LIST] & ~3u;
    for (int steps = 0; steps < CAPABILITIES_MOST; steps++) {
        if (at < PCI_STD_HEADER_SIZEOF)
            return 0;
        if (at + PCI_CAP_SIZEOF > length)
            return -1;
        if (config[at + PCI_CAP_LIST_ID] == PCI_CAP_ID_EXP)
            return (int)at;
        at = config[at + PCI_CAP_LIST_NEXT] & ~3u;
    }
    return -1;
}

/* Payload sizes are powers of two from 128 to 4096; codes 6 and 7 are reserved. */
static unsigned payload_of(unsigned code)
{
    return code <= 5 ? 128u << code : 0;
}

static void decode_express(const uint8_t *config, size_t length, size_t at,
                           struct mcb_pci_function *function)
{
    if (at + PCI_EXP_DEVCTL + 2 > length)
        return;
    uint16_t flags = word_at(config, at + PCI_EXP_FLAGS);
    uint16_t capabilities = word_at(config, at + PCI_EXP_DEVCAP);
    uint16_t control = word_at(config, at + PCI_EXP_DEVCTL);
    function->upstream_port = (flags & PCI_EXP_FLAGS_TYPE) >> 4 == PCI_EXP_TYPE_UPSTREAM;
    function->max_payload_most_bytes = payload_of(capabilities & PCI_EXP_DEVCAP_PAYLOAD);
    function->max_payload_bytes = payload_of((control & PCI_EXP_DEVCTL_PAYLOAD) >> 5);
    function->max_read_request_bytes = payload_of((control & PCI_EXP_DEVCTL_READRQ) >> 12);
    function->relaxed_ordering = (control & PCI_EXP_DEVCTL_RELAX_EN) ? MCB_KNOWN_YES : MCB_KNOWN_NO;
}

static enum mcb_known decode_acs(const uint8_t *config, size_t length)
{
    size_t at = PCI_CFG_SPACE_SIZE;
    for (int steps = 0; steps < EXTENDED_CAPABILITIES_MOST; steps++) {
        if (at + 4 > length)
            return MCB_KNOWN_NOT;
        uint32_t header = double_word_at(config, at);
        if (header == UINT32_MAX)
            return MCB_KNOWN_NOT;
        if (PCI_EXT_CAP_ID(header) == PCI_EXT_CAP_ID_ACS) {
            if (at + PCI_ACS_CTRL + 2 > length)
                return MCB_KNOWN_NOT;
            uint16_t control = word_at(config, at + PCI_ACS_CTRL);
            return (control & (PCI_ACS_RR | PCI_ACS_CR | PCI_ACS_UF)) ? MCB_KNOWN_YES
                                                                      : MCB_KNOWN_NO;
        }
        at = PCI_EXT_CAP_NEXT(header);
        if (at < PCI_CFG_SPACE_SIZE)
            return MCB_KNOWN_NO;
    }
    return MCB_KNOWN_NOT;
}

static bool is_bridge(const uint8_t *config)
{
    return (config[PCI_HEADER_TYPE] & 0x7f) == PCI_HEADER_TYPE_BRIDGE;
}

void mcb_pci_decode(const uint8_t *config, size_t length, struct mcb_pci_function *function)
{
    function->max_payload_bytes = 0;
    function->max_payload_most_bytes = 0;
    function->max_read_request_bytes = 0;
    function->upstream_port = false;
    function->relaxed_ordering = MCB_KNOWN_NOT;
    function->acs_redirects = MCB_KNOWN_NOT;
    int express = find_express(config, length);
    if (express > 0)
        decode_express(config, length, (size_t)express, function);
    if (express < 0 || !is_bridge(config))
        return;
    /* Without PCI Express there are no extended capabilities, and so no ACS. */
    function->acs_redirects = express > 0 ? decode_acs(config, length) : MCB_KNOWN_NO;
}

/* Of a bridge's extended configuration space only the heads of the capabilities, where mcb_pci_
 * decode() looks, 8 bytes each; what lies between them stays 0. Returns how far it could be seen.
 */
static size_t read_extended(int fd, uint8_t config[MCB_PCI_CONFIG_MAX])
{
    size_t at = PCI_CFG_SPACE_SIZE;
    for (int steps = 0; steps < EXTENDED_CAPABILITIES_MOST; steps++) {
        if (at + 8 > MCB_PCI_CONFIG_MAX || pread(fd, config + at, 8, (off_t)at) != 8)
            return PCI_CFG_SPACE_SIZE;
        uint32_t header = double_word_at(config, at);
        at = PCI_EXT_CAP_NEXT(header);
        if (header == UINT32_MAX || PCI_EXT_CAP_ID(header) == PCI_EXT_CAP_ID_ACS ||
            at < PCI_CFG_SPACE_SIZE)
            break;
    }
    return MCB_PCI_CONFIG_MAX;
}

/* The configuration space; returns how much of it may be seen. */
static size_t read_config(const char *sysfs, const char *address, const char *name,
                          uint8_t config[MCB_PCI_CONFIG_MAX])
{
    memset(config, 0, MCB_PCI_CONFIG_MAX);
    int fd = open_attribute(sysfs, address, name);
    if (fd < 0)
        return 0;
    ssize_t got = pread(fd, config, PCI_CFG_SPACE_SIZE, 0);
    size_t length = got < 0 ? 0 : (size_t)got;
    if (length == PCI_CFG_SPACE_SIZE && is_bridge(config))
        length = read_extended(fd, config);
    close(fd);
    return length;
}

/* The link physfn leads to the physical function, in the folder above or elsewhere. */
static void read_physical_address(const char *sysfs, struct mcb_pci_function *function)
{
    char target[256];
    char *path = find_attribute(sysfs, function->address, "physfn");
    ssize_t length = path ? readlink(path, target, sizeof(target) - 1) : -1;
    free(path);
    target[length > 0 ? length : 0] = '\0';
    const char *slash = strrchr(target, '/');
    const char *name = slash ? slash + 1 : target;
    if (mcb_pci_is_address(name) && is_there(sysfs, name, "."))
        strcpy(function->physical_address, name);
}

/* What Device Control and Device Capabilities of the physical function say holds for the virtual
 * one. */
static void read_control_of_physical(const char *sysfs, struct mcb_pci_function *function)
{
    uint8_t config[MCB_PCI_CONFIG_MAX];
    struct mcb_pci_function physical;
    mcb_pci_decode(config, read_config(sysfs, function->address, "physfn/config", config),
                   &physical);
    function->max_payload_bytes = physical.max_payload_bytes;
    function->max_payload_most_bytes = physical.max_payload_most_bytes;
    function->max_read_request_bytes = physical.max_read_request_bytes;
    function->relaxed_ordering = physical.relaxed_ordering;
}

static enum mcb_known read_iommu(const char *sysfs, const char *address)
{
    char text[64];
    if (!is_there(sysfs, address, "iommu_group"))
        return MCB_KNOWN_NO;
    read_attribute(sysfs, address, "iommu_group/type", text);
    for (size_t i = 0; i < sizeof(iommu_types) / sizeof(iommu_types[0]); i++)
        if (strcmp(text, iommu_types[i].type) == 0)
            return iommu_types[i].translates;
    return MCB_KNOWN_NOT;
}

bool mcb_pci_is_emulated(const struct mcb_pci_function *function)
{
    if (function->class_id != CLASS_PCI_BRIDGE)
        return false;
    for (size_t i = 0; i < sizeof(emulated_bridges) / sizeof(emulated_bridges[0]); i++)
        if (emulated_bridges[i].vendor_id == function->vendor_id &&
            (emulated_bridges[i].device_id == ANY_DEVICE ||
             emulated_bridges[i].device_id == function->device_id))
            return true;
    return false;
}

bool mcb_pci_read(const char *sysfs, const char *address, struct mcb_pci_function *function)
{
    uint8_t config[MCB_PCI_CONFIG_MAX];
    *function = (struct mcb_pci_function){.numa_node = -1};
    if (!mcb_pci_is_address(address) || !is_there(sysfs, address, "."))
        return false;
    strcpy(function->address, address);
    function->vendor_id = (uint16_t)read_id(sysfs, address, "vendor", UINT16_MAX);
    function->device_id = (uint16_t)read_id(sysfs, address, "device", UINT16_MAX);
    function->class_id = (uint16_t)(read_id(sysfs, address, "class", 0xffffff) >> 8);
    function->numa_node = read_numa_node(sysfs, address);
    function->virtual_function = is_there(sysfs, address, "physfn");
    const char *of = function->virtual_function ? "physfn/" : "";
    function->link = read_link(sysfs, address, of, "current");
    function->link_most = read_link(sysfs, address, of, "max");
    function->config_bytes = read_config(sysfs, address, "config", config);
    mcb_pci_decode(config, function->config_bytes, function);
    if (function->virtual_function) {
        read_physical_address(sysfs, function);
        read_control_of_physical(sysfs, function);
    }
    function->iommu_translates = read_iommu(sysfs, address);
    function->emulated = mcb_pci_is_emulated(function);
    return true;
}

size_t mcb_pci_chain(const char *sysfs, const char *address, char (*bridges)[MCB_PCI_ADDRESS_MAX],
                     size_t most)
{
    if (!mcb_pci_is_address(address))
        return 0;
    char *folder = find_attribute(sysfs, address, ".");
    if (!folder)
        return 0;
    size_t count = 0;
    size_t limit = most < MCB_PCI_CHAIN_MAX ? most : MCB_PCI_CHAIN_MAX;
    char *slash = strrchr(folder, '/');
    while (slash && count < limit) {
        *slash = '\0';
        slash = strrchr(folder, '/');
        if (!slash || !mcb_pci_is_address(slash + 1))
            break;
        strcpy(bridges[count++], slash + 1);
    }
    free(folder);
    return count;
}

static const struct generation *find_generation(const struct mcb_pci_link *link)
{
    for (size_t i = 0; link->lanes > 0 && i < sizeof(generations) / sizeof(generations[0]); i++)
        if (generations[i].transfers_gtps == link->transfers_gtps)
            return &generations[i];
    return NULL;
}

double mcb_pci_link_gbps(const struct mcb_pci_link *link)
{
    const struct generation *generation = find_generation(link);
    return generation ? link->lanes * generation->transfers_gtps * generation->packet_bits /
                            generation->line_bits
                      : 0;
}

bool mcb_pci_link_has_flits(const struct mcb_pci_link *link)
{
    const struct generation *generation = find_generation(link);
    return generation && generation->flits;
}

char *mcb_pci_link_text(const struct mcb_pci_link *link, char text[24])
{
    const struct generation *generation = find_generation(link);
    text[0] = '\0';
    if (generation)
        snprintf(text, 24, "PCIe %s x%u", generation->name, link->lanes);
    return text;
}
