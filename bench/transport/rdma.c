/* SPDX-License-Identifier: Apache-2.0 */
/* An endpoint is a NIC that is open, with one registration of its buffer for every way that the
 * orderings of the settings ask for: strict, relaxed or both. */
#include <stdlib.h>

#include "bench/transport/rdma_side.h"
#include "common/clock.h"

/* Size of messages where none is given: that of bandwidth, the larger. */
enum { SIZE_DEFAULT_BYTES = 64 << 10 };

/* "auto" asks where it is not known to be in vain. */
static bool asks_for_relaxed(const struct mcb_endpoint *endpoint, enum mcb_ordering ordering)
{
    return ordering == MCB_ORDERING_ON ||
           (ordering == MCB_ORDERING_AUTO && endpoint->ordering.kernel != MCB_KNOWN_NO);
}

const struct mcb_registration *mcb_rdma_registration(const struct mcb_endpoint *endpoint,
                                                     enum mcb_ordering ordering)
{
    return asks_for_relaxed(endpoint, ordering) ? endpoint->relaxed : endpoint->strict;
}

static uint64_t largest_message(const struct mcb_settings *settings)
{
    uint64_t largest = settings->size_given && settings->size_count ? 0 : SIZE_DEFAULT_BYTES;
    for (size_t i = 0; i < settings->size_count; i++)
        if (settings->sizes[i] > largest)
            largest = settings->sizes[i];
    return largest;
}

static int register_for(struct mcb_endpoint *endpoint, enum mcb_ordering ordering,
                        struct mcb_error *error)
{
    bool relaxed = asks_for_relaxed(endpoint, ordering);
    struct mcb_registration **registration = relaxed ? &endpoint->relaxed : &endpoint->strict;
    if (*registration)
        return 0;
    if (relaxed && endpoint->ordering.kernel == MCB_KNOWN_NO)
        return mcb_error_set(error, MCB_FAULT_RDMA_RELAXED_ORDERING,
                             "--relaxed-ordering %s: the kernel takes no optional access flags for "
                             "%s",
                             mcb_ordering_name(ordering), endpoint->device->name);
    return mcb_registration_open(endpoint->device, endpoint->buffer, relaxed,
                                 endpoint->settings->max_mr_size,
                                 largest_message(endpoint->settings), registration, error);
}

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
    mcb_registration_close(endpoint->relaxed);
    mcb_registration_close(endpoint->strict);
    mcb_device_close(endpoint->device);
    free(endpoint);
}

static int endpoint_open(const struct mcb_endpoint_options *options, struct mcb_endpoint **endpoint,
                         struct mcb_error *error)
{
    const struct mcb_settings *settings = options->settings;
    struct mcb_endpoint *opened = calloc(1, sizeof(*opened));
    if (!opened)
        return mcb_error_set(error, MCB_FAULT_HOST_MEMORY, "no memory for an endpoint");
    opened->buffer = options->buffer;
    opened->settings = settings;
    if (open_nic(opened, options->nic, error) < 0)
        goto fail;
    mcb_relaxed_ordering_probe(opened->device, MCB_SYSFS, &opened->ordering);
    for (size_t i = 0; i < settings->ordering_count; i++)
        if (register_for(opened, settings->orderings[i], error) < 0)
            goto fail;
    *endpoint = opened;
    return 0;
fail:
    endpoint_close(opened);
    return -1;
}

static json_t *endpoint_describe(const struct mcb_endpoint *endpoint)
{
    const struct mcb_registration *both[] = {endpoint->strict, endpoint->relaxed};
    uint64_t bytes = 0, regions = 0;
    int64_t register_ns = 0;
    for (size_t i = 0; i < sizeof(both) / sizeof(both[0]); i++)
        if (both[i]) {
            bytes += both[i]->registered_bytes;
            regions += both[i]->count;
            register_ns += both[i]->register_ns;
        }
    return json_pack("{s:s, s:I, s:I, s:f}", "method", "reg_mr_iova2", "registered_bytes",
                     (json_int_t)bytes, "regions", (json_int_t)regions, "register_ms",
                     (double)register_ns / (double)MCB_NS_PER_MS);
}

static json_t *endpoint_ordering(const struct mcb_endpoint *endpoint, enum mcb_ordering ordering)
{
    char reason[256];
    bool asked = asks_for_relaxed(endpoint, ordering);
    const char *effective = mcb_relaxed_ordering_effective(&endpoint->ordering, asked, reason);
    bool given_up = ordering == MCB_ORDERING_AUTO && !asked;
    return json_pack("{s:s, s:s, s:s}", "requested", mcb_ordering_name(ordering), "effective",
                     effective, "reason",
                     given_up ? "the kernel takes no optional access flags" : reason);
}

const struct mcb_transport mcb_transport_rdma = {
    .name = "rdma",
    .has_ordering = true,
    .discover = mcb_rdma_discover,
    .endpoint_open = endpoint_open,
    .endpoint_describe = endpoint_describe,
    .endpoint_ordering = endpoint_ordering,
    .endpoint_close = endpoint_close,
    .side_open = mcb_rdma_side_open,
    .side_describe = mcb_rdma_side_describe,
    .side_connect = mcb_rdma_side_connect,
    .side_run = mcb_rdma_side_run,
    .side_facts = mcb_rdma_side_facts,
    .side_close = mcb_rdma_side_close,
};
