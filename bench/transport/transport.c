/* SPDX-License-Identifier: Apache-2.0 */
#include "bench/transport/transport.h"

#include <stdio.h>
#include <stdlib.h>

#include "common/pci.h"
#include "rdma/device.h"
#include "rdma/device_hidden.h"

/* Says in `because` why there is no port to use: the first that is not active, if there is one. */
static bool has_active_port(const struct mcb_device_facts *devices, size_t count, char because[256])
{
    struct mcb_error hidden;
    bool some = count == 0 && mcb_device_find_hidden(MCB_SYSFS, MCB_DEVICE_FILES, NULL, &hidden);
    snprintf(because, 256, "%.250s", some ? hidden.detail : "no RDMA device on this host");
    for (size_t i = count; i-- > 0;) {
        if (devices[i].error.code != MCB_FAULT_NONE)
            snprintf(because, 256, "%.250s", devices[i].error.detail);
        else if (devices[i].iwarp)
            snprintf(because, 256, "%s speaks iWARP", devices[i].name);
        for (size_t p = devices[i].port_count; p-- > 0 && !devices[i].iwarp;) {
            const struct mcb_port *port = &devices[i].ports[p];
            if (port->active) {
                because[0] = '\0';
                return true;
            }
            snprintf(because, 256, "no RDMA port of this host is active: %s port %u is %s",
                     devices[i].name, port->number, port->state);
        }
    }
    return false;
}

static const struct mcb_transport *choose_by_host(char because[256])
{
    struct mcb_device_facts *devices = NULL;
    size_t count = 0;
    struct mcb_error error = {.code = MCB_FAULT_NONE};
    if (mcb_device_list(MCB_SYSFS, &devices, &count, &error) < 0) {
        snprintf(because, 256, "%.250s", error.detail);
        return &mcb_transport_tcp;
    }
    bool usable = has_active_port(devices, count, because);
    mcb_device_list_free(devices, count);
    return usable ? &mcb_transport_rdma : &mcb_transport_tcp;
}

const struct mcb_transport *mcb_transport_choose(const struct mcb_settings *settings,
                                                 char because[256])
{
    because[0] = '\0';
    if (settings->transport == MCB_TRANSPORT_RDMA)
        return &mcb_transport_rdma;
    if (settings->transport == MCB_TRANSPORT_TCP)
        return &mcb_transport_tcp;
    return choose_by_host(because);
}

void mcb_nics_free(struct mcb_nic *nics, size_t count)
{
    for (size_t i = 0; nics && i < count; i++)
        json_decref(nics[i].facts);
    free(nics);
}
