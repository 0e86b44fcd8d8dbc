/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A list opens every device once, asks, and closes it again: what a port does is known to the
 * driver only. A device that cannot be opened stays in the list with the reason.
 */
#include "rdma/device.h"

#include <errno.h>
#include <infiniband/verbs.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/container.h"
#include "rdma/locality.h"

struct code_name {
    unsigned code;
    const char *name;
};

static const struct code_name port_states[] = {
    {IBV_PORT_NOP, "no state"},  {IBV_PORT_DOWN, "down"},
    {IBV_PORT_INIT, "init"},     {IBV_PORT_ARMED, "armed"},
    {IBV_PORT_ACTIVE, "active"}, {IBV_PORT_ACTIVE_DEFER, "active defer"},
};

/* PortPhysicalState of the InfiniBand Architecture Specification. */
static const struct code_name physical_states[] = {
    {1, "sleep"},   {2, "polling"},        {3, "disabled"}, {4, "training"},
    {5, "link up"}, {6, "error recovery"}, {7, "phy test"},
};

static const struct code_name link_layers[] = {
    {IBV_LINK_LAYER_INFINIBAND, "InfiniBand"},
    {IBV_LINK_LAYER_ETHERNET, "Ethernet"},
};

#define NAME_OF(table, code) name_of(table, sizeof(table) / sizeof((table)[0]), code)

static const char *name_of(const struct code_name *table, size_t count, unsigned code)
{
    for (size_t i = 0; i < count; i++)
        if (table[i].code == code)
            return table[i].name;
    return "unspecified";
}

static const struct {
    unsigned code, lanes;
} widths[] = {{1, 1}, {2, 4}, {4, 8}, {8, 12}, {16, 2}};

/* A lane: its Gbit/s as named, and which share of them are data. */
struct lane {
    unsigned code;
    double named_gbps;
    double infiniband, ethernet;
};

#define CODING_8B10B  (8.0 / 10)
#define CODING_64B66B (64.0 / 66)

static const struct lane lanes[] = {
    {1, 2.5, CODING_8B10B, 1},                  /* SDR */
    {2, 5, CODING_8B10B, 1},                    /* DDR */
    {4, 10, CODING_8B10B, 1},                   /* QDR */
    {8, 10.3125, CODING_64B66B, CODING_64B66B}, /* FDR10 */
    {16, 14.0625, CODING_64B66B, 1},            /* FDR */
    {32, 25, 1, 1},                             /* EDR */
    {64, 50, 1, 1},                             /* HDR */
    {128, 100, 1, 1},                           /* NDR */
    {256, 200, 1, 1},                           /* XDR */
};

static unsigned find_width(unsigned code)
{
    for (size_t i = 0; i < sizeof(widths) / sizeof(widths[0]); i++)
        if (widths[i].code == code)
            return widths[i].lanes;
    return 0;
}

static const struct lane *find_lane(unsigned code)
{
    static const struct lane unknown = {0};
    for (size_t i = 0; i < sizeof(lanes) / sizeof(lanes[0]); i++)
        if (lanes[i].code == code)
            return &lanes[i];
    return &unknown;
}

double mcb_port_rate_gbps(unsigned width_code, unsigned speed_code)
{
    return find_width(width_code) * find_lane(speed_code)->named_gbps;
}

double mcb_port_data_gbps(unsigned width_code, unsigned speed_code, bool ethernet)
{
    const struct lane *lane = find_lane(speed_code);
    return find_width(width_code) * lane->named_gbps *
           (ethernet ? lane->ethernet : lane->infiniband);
}

/* "800 Gb/sec (4X XDR)", the kernel's text; 0 if that is not what is there. */
static double read_rate_gbps(const char *sysfs, const char *device, unsigned port)
{
    char text[64];
    if (!mcb_locality_read(sysfs, text, sizeof(text), "class/infiniband/%s/ports/%u/rate", device,
                           port))
        return 0;
    double rate_gbps = strtod(text, NULL);
    return rate_gbps > 0 && rate_gbps < 1e6 ? rate_gbps : 0;
}

/* The speed code of verbs has 8 bits, which XDR does not fit: there the kernel's text tells. Names
 * of that age are data. */
static void find_rates(const char *sysfs, const char *device,
                       const struct ibv_port_attr *attributes, struct mcb_port *port)
{
    port->link_gbps = mcb_port_rate_gbps(attributes->active_width, attributes->active_speed);
    port->data_gbps =
        mcb_port_data_gbps(attributes->active_width, attributes->active_speed, port->ethernet);
    if (port->link_gbps > 0)
        return;
    port->link_gbps = read_rate_gbps(sysfs, device, port->number);
    port->data_gbps = port->link_gbps;
}

static int query_port(struct ibv_context *context, const char *device, unsigned number,
                      const char *sysfs, bool software, struct mcb_port *port)
{
    struct ibv_port_attr attributes = {0};
    int failed = ibv_query_port(context, (uint8_t)number, &attributes);
    if (failed)
        return failed;
    *port = (struct mcb_port){
        .number = number,
        .active = attributes.state == IBV_PORT_ACTIVE,
        .state = NAME_OF(port_states, attributes.state),
        .physical = NAME_OF(physical_states, attributes.phys_state),
        .ethernet = attributes.link_layer == IBV_LINK_LAYER_ETHERNET,
        .link = NAME_OF(link_layers, attributes.link_layer),
        .mtu_bytes = attributes.active_mtu ? 128u << attributes.active_mtu : 0,
        .lid = attributes.lid,
        .gid_count = attributes.gid_tbl_len,
        .message_most = attributes.max_msg_sz,
    };
    if (!software)
        find_rates(sysfs, device, &attributes, port);
    return 0;
}

static uint8_t small(int value)
{
    return value < 0 ? 0 : value > UINT8_MAX ? UINT8_MAX : (uint8_t)value;
}

static struct mcb_device_limits limits_of(const struct ibv_device_attr *attributes)
{
    return (struct mcb_device_limits){
        .region_bytes = attributes->max_mr_size,
        .queue_pairs = (uint32_t)attributes->max_qp,
        .regions = (uint32_t)attributes->max_mr,
        .send_depth = (uint32_t)attributes->max_qp_wr,
        .completions = (uint32_t)attributes->max_cqe,
        .reads_as_initiator = small(attributes->max_qp_init_rd_atom),
        .reads_as_target = small(attributes->max_qp_rd_atom),
    };
}

static int error_of_open(struct mcb_error *error, const char *name, int failed)
{
    return mcb_error_set(error, MCB_FAULT_RDMA_DEVICE_OPEN, "%s: cannot be opened: %s", name,
                         strerror(failed));
}

bool mcb_device_is_contained(void)
{
    return mcb_container_find("", getenv("KUBERNETES_SERVICE_HOST"), getenv("container")) != NULL;
}

/* Opens the device. libibverbs says ENOENT of a file that is there and may not be opened: then the
 * file itself is asked. */
static struct ibv_context *open_device(struct ibv_device *device, struct mcb_error *error)
{
    struct ibv_context *context = ibv_open_device(device);
    if (context)
        return context;
    int failed = errno;
    char path[sizeof MCB_DEVICE_FILES "/" + IBV_SYSFS_NAME_MAX];
    snprintf(path, sizeof(path), MCB_DEVICE_FILES "/%s", device->dev_name);
    bool missing = access(path, F_OK) != 0 && errno == ENOENT;
    if (access(path, R_OK | W_OK) != 0)
        failed = errno;
    mcb_error_set(error,
                  missing && mcb_device_is_contained() ? MCB_FAULT_HOST_CONTAINER
                                                       : MCB_FAULT_RDMA_DEVICE_OPEN,
                  "%s: %s cannot be opened: %s", ibv_get_device_name(device), path,
                  strerror(failed));
    return NULL;
}

static int fill_ports(struct ibv_context *context, const char *sysfs,
                      struct mcb_device_facts *facts, unsigned count)
{
    facts->ports = calloc(count ? count : 1, sizeof(*facts->ports));
    if (!facts->ports)
        return mcb_error_set(&facts->error, MCB_FAULT_HOST_MEMORY, "%s: no memory for %u ports",
                             facts->name, count);
    for (unsigned i = 0; i < count; i++) {
        int failed =
            query_port(context, facts->name, i + 1, sysfs, facts->software, &facts->ports[i]);
        if (failed)
            return error_of_open(&facts->error, facts->name, failed);
        facts->port_count = i + 1;
    }
    return 0;
}

static void fill_facts(struct ibv_device *device, const char *sysfs, struct mcb_device_facts *facts)
{
    *facts = (struct mcb_device_facts){
        .node_guid = be64toh(ibv_get_device_guid(device)),
        .iwarp = device->transport_type == IBV_TRANSPORT_IWARP,
    };
    snprintf(facts->name, sizeof(facts->name), "%s", ibv_get_device_name(device));
    struct mcb_locality locality = mcb_locality_find(sysfs, facts->name);
    strcpy(facts->pci_address, locality.pci_address);
    facts->numa_node = locality.numa_node;
    facts->software = locality.software;
    mcb_locality_read(sysfs, facts->board, sizeof(facts->board), "class/infiniband/%s/board_id",
                      facts->name);
    struct ibv_context *context = open_device(device, &facts->error);
    if (!context)
        return;
    struct ibv_device_attr attributes;
    int failed = ibv_query_device(context, &attributes);
    if (failed) {
        error_of_open(&facts->error, facts->name, failed);
    } else {
        snprintf(facts->firmware, sizeof(facts->firmware), "%.63s", attributes.fw_ver);
        facts->vendor_id = attributes.vendor_id;
        facts->part_id = attributes.vendor_part_id;
        facts->limits = limits_of(&attributes);
        fill_ports(context, sysfs, facts, attributes.phys_port_cnt);
    }
    ibv_close_device(context);
}

static int compare_names(const void *left, const void *right)
{
    return strverscmp(((const struct mcb_device_facts *)left)->name,
                      ((const struct mcb_device_facts *)right)->name);
}

int mcb_device_list(const char *sysfs, struct mcb_device_facts **devices, size_t *count,
                    struct mcb_error *error)
{
    int found = 0;
    struct ibv_device **list = ibv_get_device_list(&found);
    if (!list && errno != ENOSYS)
        return mcb_error_set(error, MCB_FAULT_RDMA_NO_DEVICE,
                             "the list of RDMA devices cannot be had: %s", strerror(errno));
    if (!list)
        found = 0; /* ENOSYS: a kernel without RDMA */
    struct mcb_device_facts *facts = calloc(found > 0 ? (size_t)found : 1, sizeof(*facts));
    if (!facts) {
        if (list)
            ibv_free_device_list(list);
        return mcb_error_set(error, MCB_FAULT_HOST_MEMORY, "no memory for %d RDMA devices", found);
    }
    for (int i = 0; i < found; i++)
        fill_facts(list[i], sysfs, &facts[i]);
    if (list)
        ibv_free_device_list(list);
    qsort(facts, (size_t)found, sizeof(*facts), compare_names);
    *devices = facts;
    *count = (size_t)found;
    return 0;
}

void mcb_device_list_free(struct mcb_device_facts *devices, size_t count)
{
    for (size_t i = 0; devices && i < count; i++)
        free(devices[i].ports);
    free(devices);
}

static struct ibv_context *open_by_name(const char *name, struct mcb_error *error)
{
    struct ibv_device **list = ibv_get_device_list(NULL);
    struct ibv_context *context = NULL;
    bool found = false;
    for (struct ibv_device **device = list; device && *device && !found; device++) {
        found = strcmp(ibv_get_device_name(*device), name) == 0;
        if (found)
            context = open_device(*device, error);
    }
    if (!found)
        mcb_error_set(error, MCB_FAULT_RDMA_NO_SUCH_NIC, "%s: there is no such RDMA device", name);
    if (list)
        ibv_free_device_list(list);
    return context;
}

int mcb_device_open(const char *name, struct mcb_device **device, struct mcb_error *error)
{
    struct mcb_device *opened = calloc(1, sizeof(*opened));
    if (!opened)
        return mcb_error_set(error, MCB_FAULT_HOST_MEMORY, "%s: no memory to open it", name);
    snprintf(opened->name, sizeof(opened->name), "%s", name);
    struct ibv_device_attr attributes;
    int failed;
    opened->context = open_by_name(name, error);
    if (!opened->context)
        goto fail;
    failed = ibv_query_device(opened->context, &attributes);
    if (failed) {
        error_of_open(error, name, failed);
        goto fail;
    }
    opened->limits = limits_of(&attributes);
    opened->domain = ibv_alloc_pd(opened->context);
    if (!opened->domain) {
        mcb_error_set(error, MCB_FAULT_RDMA_DEVICE_OPEN, "%s: no protection domain: %s", name,
                      strerror(errno));
        goto fail;
    }
    *device = opened;
    return 0;
fail:
    mcb_device_close(opened);
    return -1;
}

void mcb_device_close(struct mcb_device *device)
{
    if (!device)
        return;
    if (device->domain)
        ibv_dealloc_pd(device->domain);
    if (device->context)
        ibv_close_device(device->context);
    free(device);
}

void mcb_device_forbid_scatter_to_cqe(void)
{
    setenv("MLX5_SCATTER_TO_CQE", "0", 1);
}

int mcb_device_query_port(const struct mcb_device *device, unsigned number, const char *sysfs,
                          struct mcb_port *port, struct mcb_error *error)
{
    bool software = mcb_locality_find(sysfs, device->name).software;
    int failed = number == 0 || number > MCB_DEVICE_PORTS_MAX
                     ? EINVAL
                     : query_port(device->context, device->name, number, sysfs, software, port);
    if (failed == EINVAL)
        return mcb_error_set(error, MCB_FAULT_RDMA_NO_PORT, "%s: it has no port %u", device->name,
                             number);
    return failed ? error_of_open(error, device->name, failed) : 0;
}
