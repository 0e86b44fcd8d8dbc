/* SPDX-License-Identifier: Apache-2.0 */
/* An endpoint is a NIC that is open, with its memory registered. */
#include <stdlib.h>

#include "bench/transport/rdma_registration.h"
#include "bench/transport/rdma_side.h"

static int open_nic(struct mcb_endpoint *endpoint, const struct mcb_nic *nic,
                    struct mcb_error *error)
{
    if (mcb_device_open(nic->name, &endpoint->device, error) < 0 ||
        mcb_device_query_port(endpoint->device, nic->port, MCB_SYSFS, &endpoint->port, error) < 0)
        return -1;
    if (!endpoint->port.active)
        return mcb_error_set(error, MCB_FAULT_RDMA_PORT_DOWN, "%s port %u: it is %s (%s)",
                             nic->name, nic->port, endpoint->port.state, endpoint->port.physical);
    return mcb_gid_select(endpoint->device, nic->port, endpoint->settings->gid_index,
                          &endpoint->gid, error);
}

static void endpoint_close(struct mcb_endpoint *endpoint)
{
    if (!endpoint)
        return;
    mcb_rdma_unregister(endpoint);
    mcb_device_close(endpoint->device);
    free(endpoint);
}

static int endpoint_open(const struct mcb_endpoint_options *options, struct mcb_endpoint **endpoint,
                         struct mcb_error *error)
{
    struct mcb_endpoint *opened = calloc(1, sizeof(*opened));
    if (!opened)
        return mcb_error_set(error, MCB_FAULT_HOST_MEMORY, "no memory for an endpoint");
    opened->buffer = options->buffer;
    opened->bounce = options->bounce;
    opened->settings = options->settings;
    opened->deadline_ns = options->deadline_ns;
    opened->abort = options->abort;
    if (open_nic(opened, options->nic, error) < 0)
        goto fail;
    mcb_relaxed_ordering_probe(opened->device, MCB_SYSFS, &opened->ordering);
    if (mcb_rdma_register(opened, error) < 0)
        goto fail;
    *endpoint = opened;
    return 0;
fail:
    endpoint_close(opened);
    return -1;
}

static json_t *endpoint_ordering(const struct mcb_endpoint *endpoint, enum mcb_ordering ordering)
{
    char reason[256];
    bool asked = mcb_rdma_asks_for_relaxed(endpoint, ordering);
    const char *effective = mcb_relaxed_ordering_effective(&endpoint->ordering, asked, reason);
    bool given_up = ordering == MCB_ORDERING_AUTO && !asked;
    return json_pack("{s:s, s:s, s:s}", "requested", mcb_ordering_name(ordering), "effective",
                     effective, "reason",
                     given_up ? "the kernel takes no optional access flags" : reason);
}

const struct mcb_transport mcb_transport_rdma = {
    .name = "rdma",
    .has_ordering = true,
    .reaches_gpus = true,
    .discover = mcb_rdma_discover,
    .endpoint_open = endpoint_open,
    .endpoint_describe = mcb_rdma_registration_describe,
    .endpoint_ordering = endpoint_ordering,
    .endpoint_close = endpoint_close,
    .side_open = mcb_rdma_side_open,
    .side_describe = mcb_rdma_side_describe,
    .side_connect = mcb_rdma_side_connect,
    .side_run = mcb_rdma_side_run,
    .side_settle = mcb_rdma_side_settle,
    .side_facts = mcb_rdma_side_facts,
    .side_close = mcb_rdma_side_close,
};
