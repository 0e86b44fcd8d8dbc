/* SPDX-License-Identifier: Apache-2.0 */
/*
 * NICs that were named must be usable, or the run ends with the reason. Of those that were not
 * named the usable ones are taken and the others are warned of; only if none is left is the first
 * one's reason the fault.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "bench/topology/ceiling.h"
#include "bench/transport/rdma_side.h"
#include "common/json.h"
#include "common/log.h"
#include "common/pci.h"
#include "common/suggest.h"
#include "rdma/device_hidden.h"

/* "rxe0, rxe1"; cut short with "..." where it does not fit. */
static void list_names(const struct mcb_device_facts *devices, size_t count, char *text,
                       size_t size)
{
    size_t used = 0;
    text[0] = '\0';
    for (size_t i = 0; i < count; i++) {
        const char *comma = i ? ", " : "";
        if (used + strlen(comma) + strlen(devices[i].name) + sizeof(", ...") > size) {
            snprintf(text + used, size - used, ", ...");
            return;
        }
        used += (size_t)snprintf(text + used, size - used, "%s%s", comma, devices[i].name);
    }
}

static int refuse_name(const char *name, const struct mcb_device_facts *devices, size_t count,
                       struct mcb_error *error)
{
    if (mcb_device_find_hidden(MCB_SYSFS, MCB_DEVICE_FILES, name, error))
        return -1;
    const char *words[MCB_NICS_MAX] = {NULL};
    char names[400], nearest[MCB_DEVICE_NAME_MAX + 32] = "";
    size_t known = count < MCB_NICS_MAX ? count : MCB_NICS_MAX;
    for (size_t i = 0; i < known; i++)
        words[i] = devices[i].name;
    const char *near = mcb_suggest_nearest(name, words, known);
    if (near)
        snprintf(nearest, sizeof(nearest), "; did you mean %s?", near);
    list_names(devices, count, names, sizeof(names));
    return mcb_error_set(error, MCB_FAULT_RDMA_NO_SUCH_NIC,
                         "--nic %s (or MC_TE_FILTERS): this host has no such RDMA device; it has "
                         "%s%s",
                         name, names, nearest);
}

static int refuse_none(struct mcb_error *error)
{
    if (mcb_device_find_hidden(MCB_SYSFS, MCB_DEVICE_FILES, NULL, error))
        return -1;
    bool files = access(MCB_DEVICE_FILES, F_OK) == 0;
    return mcb_error_set(error, MCB_FAULT_RDMA_NO_DEVICE, "this host shows no RDMA device%s",
                         files ? "" : "; " MCB_DEVICE_FILES " is missing");
}

static int refuse_down(const struct mcb_device_facts *device, const struct mcb_port *down,
                       struct mcb_error *error)
{
    char other[64] = "";
    for (size_t i = 0; i < device->port_count; i++)
        if (device->ports[i].active)
            snprintf(other, sizeof(other), "; port %u is active", device->ports[i].number);
    return mcb_error_set(error, MCB_FAULT_RDMA_PORT_DOWN, "%s port %u: it is %s (%s)%s",
                         device->name, down->number, down->state, down->physical, other);
}

/* The port to use: the one asked for, or the first active one. */
static const struct mcb_port *choose_port(const struct mcb_device_facts *device, unsigned asked,
                                          struct mcb_error *error)
{
    if (device->error.code != MCB_FAULT_NONE) {
        *error = device->error;
        return NULL;
    }
    if (device->iwarp) {
        mcb_error_set(error, MCB_FAULT_RDMA_IWARP, "%s: it speaks iWARP, not RoCE or InfiniBand",
                      device->name);
        return NULL;
    }
    if (device->port_count == 0 || asked > device->port_count) {
        mcb_error_set(error, MCB_FAULT_RDMA_NO_PORT, "--ib-port %u: %s has %zu port%s", asked,
                      device->name, device->port_count, device->port_count == 1 ? "" : "s");
        return NULL;
    }
    if (asked > 0 && device->ports[asked - 1].active)
        return &device->ports[asked - 1];
    for (size_t i = 0; asked == 0 && i < device->port_count; i++)
        if (device->ports[i].active)
            return &device->ports[i];
    refuse_down(device, &device->ports[asked ? asked - 1 : 0], error);
    return NULL;
}

/* The NIC's own link, and the narrowest on its way to the root. A software NIC has none, whatever
 * the interface below it has. */
static void add_pcie_facts(json_t *facts, const struct mcb_device_facts *device)
{
    struct mcb_pci_function function = {.address = ""};
    struct mcb_ceiling_chain chain = {.bottleneck = ""};
    if (!device->software && mcb_pci_read(MCB_SYSFS, device->pci_address, &function))
        chain = mcb_ceiling_of_chain(MCB_SYSFS, &function);
    json_object_set_new(facts, "pcie_gtps",
                        mcb_json_positive_or_null(function.link.transfers_gtps));
    json_object_set_new(facts, "pcie_lanes", mcb_json_count_or_null(function.link.lanes));
    json_object_set_new(facts, "pcie_max_payload_bytes",
                        mcb_json_count_or_null(function.max_payload_bytes));
    json_object_set_new(facts, "pcie_from_memory_gbps",
                        mcb_json_positive_or_null(chain.gbps[MCB_CEILING_PCIE_FROM_MEMORY]));
    json_object_set_new(facts, "pcie_to_memory_gbps",
                        mcb_json_positive_or_null(chain.gbps[MCB_CEILING_PCIE_TO_MEMORY]));
    json_object_set_new(facts, "pcie_bottleneck", mcb_json_text_or_null(chain.bottleneck));
}

static json_t *facts_of(const struct mcb_device_facts *device, const struct mcb_port *port,
                        const struct mcb_gid *gid)
{
    char address[MCB_GID_TEXT_MAX], guid[32], id[32];
    json_t *facts = json_object();
    snprintf(guid, sizeof(guid), "0x%016llx", (unsigned long long)device->node_guid);
    snprintf(id, sizeof(id), "0x%04x:0x%04x", device->vendor_id, device->part_id);
    json_object_set_new(facts, "name", json_string(device->name));
    json_object_set_new(facts, "port", json_integer(port->number));
    json_object_set_new(facts, "numa_node",
                        device->numa_node < 0 ? json_null() : json_integer(device->numa_node));
    json_object_set_new(facts, "pci_address", mcb_json_text_or_null(device->pci_address));
    json_object_set_new(facts, "firmware", mcb_json_text_or_null(device->firmware));
    json_object_set_new(facts, "device_id", json_string(id));
    json_object_set_new(facts, "board", mcb_json_text_or_null(device->board));
    json_object_set_new(facts, "node_guid", json_string(guid));
    json_object_set_new(facts, "software", json_boolean(device->software));
    json_object_set_new(facts, "state", json_string(port->state));
    json_object_set_new(facts, "physical_state", json_string(port->physical));
    json_object_set_new(facts, "link_layer", json_string(port->link));
    json_object_set_new(facts, "link_gbps", mcb_json_positive_or_null(port->link_gbps));
    json_object_set_new(facts, "data_gbps", mcb_json_positive_or_null(port->data_gbps));
    add_pcie_facts(facts, device);
    json_object_set_new(facts, "active_mtu_bytes", json_integer(port->mtu_bytes));
    json_object_set_new(facts, "lid", json_integer(port->lid));
    json_object_set_new(facts, "gid_index", json_integer(gid->index));
    json_object_set_new(facts, "gid", json_string(mcb_gid_format(gid->bytes, address)));
    json_object_set_new(facts, "gid_type", json_string(mcb_gid_type_name(gid->type)));
    json_object_set_new(facts, "netdev", mcb_json_text_or_null(gid->interface));
    json_object_set_new(facts, "address", json_string(mcb_gid_address(gid->bytes, address)));
    json_object_set_new(facts, "max_mr_size_bytes", mcb_json_hex64(device->limits.region_bytes));
    json_object_set_new(facts, "max_message_bytes", json_integer((json_int_t)port->message_most));
    return facts;
}

/* One device as a NIC, if it can be used. */
static int take_device(const struct mcb_settings *settings, const struct mcb_device_facts *device,
                       struct mcb_nic *nic, struct mcb_error *error)
{
    struct mcb_device *opened;
    struct mcb_gid gid;
    const struct mcb_port *port = choose_port(device, settings->ib_port, error);
    if (!port || mcb_device_open(device->name, &opened, error) < 0)
        return -1;
    int status = mcb_gid_select(opened, port->number, settings->gid_index, &gid, error);
    mcb_device_close(opened);
    if (status < 0)
        return -1;
    *nic = (struct mcb_nic){
        .port = port->number,
        .numa_node = device->numa_node,
        .facts = facts_of(device, port, &gid),
    };
    snprintf(nic->name, sizeof(nic->name), "%s", device->name);
    snprintf(nic->pci_address, sizeof(nic->pci_address), "%s", device->pci_address);
    return 0;
}

static int take_named(const struct mcb_settings *settings, const struct mcb_device_facts *devices,
                      size_t device_count, struct mcb_nic *nics, size_t *count,
                      struct mcb_error *error)
{
    for (size_t i = 0; i < settings->nic_count; i++) {
        const struct mcb_device_facts *device = NULL;
        for (size_t k = 0; k < device_count && !device; k++)
            if (strcmp(devices[k].name, settings->nics[i]) == 0)
                device = &devices[k];
        if (!device)
            return refuse_name(settings->nics[i], devices, device_count, error);
        if (take_device(settings, device, &nics[*count], error) < 0)
            return -1;
        ++*count;
    }
    return 0;
}

static int take_all(const struct mcb_settings *settings, const struct mcb_device_facts *devices,
                    size_t device_count, struct mcb_nic *nics, size_t *count,
                    struct mcb_error *error)
{
    struct mcb_error *refused = calloc(device_count, sizeof(*refused));
    if (!refused)
        return mcb_error_set(error, MCB_FAULT_HOST_MEMORY, "no memory for %zu NICs", device_count);
    for (size_t i = 0; i < device_count; i++)
        if (take_device(settings, &devices[i], &nics[*count], &refused[i]) == 0)
            ++*count;
    for (size_t i = 0; i<device_count && * count> 0; i++)
        if (refused[i].code != MCB_FAULT_NONE)
            mcb_log_warn("%s; this NIC is left out", refused[i].detail);
    if (*count == 0)
        *error = refused[0];
    free(refused);
    return *count > 0 ? 0 : -1;
}

int mcb_rdma_discover(const struct mcb_settings *settings, const char *address,
                      struct mcb_nic **nics, size_t *count, struct mcb_error *error)
{
    (void)address; /* RDMA finds its addresses in the GID tables */
    struct mcb_device_facts *devices;
    size_t device_count, taken = 0, most = settings->nic_count;
    if (mcb_device_list(MCB_SYSFS, &devices, &device_count, error) < 0)
        return -1;
    if (most == 0)
        most = device_count;
    struct mcb_nic *list = calloc(most ? most : 1, sizeof(*list));
    int status;
    if (!list)
        status = mcb_error_set(error, MCB_FAULT_HOST_MEMORY, "no memory for %zu NICs", most);
    else if (device_count == 0)
        status = refuse_none(error);
    else
        status = (settings->nic_count ? take_named : take_all)(settings, devices, device_count,
                                                               list, &taken, error);
    mcb_device_list_free(devices, device_count);
    if (status < 0) {
        mcb_nics_free(list, taken);
        return -1;
    }
    *nics = list;
    *count = taken;
    return 0;
}
