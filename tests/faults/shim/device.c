/* SPDX-License-Identifier: Apache-2.0 */
/* Devices: their tables of functions are replaced when they are opened; and what they say of
 * themselves. */
#include <endian.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "shim.h"

static struct {
    pthread_mutex_t lock;
    struct mcb_shim_device *devices;
} state = {.lock = PTHREAD_MUTEX_INITIALIZER};

const struct mcb_shim_device *mcb_shim_device(const struct ibv_context *context)
{
    pthread_mutex_lock(&state.lock);
    const struct mcb_shim_device *device = state.devices;
    while (device && device->context != context)
        device = device->next;
    pthread_mutex_unlock(&state.lock);
    return device;
}

static enum ibv_mtu mtu_of(int bytes)
{
    enum ibv_mtu mtu = IBV_MTU_256;
    while (128 << mtu < bytes)
        mtu++;
    return mtu;
}

static void change_port(const struct ibv_context *context, struct ibv_port_attr *attributes)
{
    const struct mcb_shim_action *mtu = mcb_shim_action(MCB_SHIM_MTU, context);
    if (!mtu)
        return;
    attributes->active_mtu = mtu_of(mtu->value);
    mcb_shim_injected(MCB_SHIM_MTU);
}

static int query_port(struct ibv_context *context, uint8_t port, struct ibv_port_attr *attributes,
                      size_t size)
{
    int failed = mcb_shim_device(context)->query_port(context, port, attributes, size);
    if (!failed)
        change_port(context, attributes);
    return failed;
}

static void replace_functions(struct mcb_shim_device *device)
{
    struct ibv_context *context = device->context;
    struct verbs_context *extended = verbs_get_ctx(context);
    device->poll_cq = context->ops.poll_cq;
    context->ops.poll_cq = mcb_shim_poll_cq;
    if (!extended)
        return;
    device->create_qp_ex = extended->create_qp_ex;
    device->query_port = extended->query_port;
    if (device->create_qp_ex)
        extended->create_qp_ex = mcb_shim_create_qp_ex;
    if (device->query_port)
        extended->query_port = query_port;
}

MCB_SHIM_EXPORT struct ibv_context *ibv_open_device(struct ibv_device *which)
{
    struct ibv_context *(*open)(struct ibv_device *);
    mcb_shim_real("ibv_open_device", &open);
    struct ibv_context *context = open(which);
    struct mcb_shim_device *device = context ? calloc(1, sizeof(*device)) : NULL;
    if (!device)
        return context;
    device->context = context;
    replace_functions(device);
    pthread_mutex_lock(&state.lock);
    device->next = state.devices;
    state.devices = device;
    pthread_mutex_unlock(&state.lock);
    return context;
}

MCB_SHIM_EXPORT int ibv_close_device(struct ibv_context *context)
{
    int (*close)(struct ibv_context *);
    mcb_shim_real("ibv_close_device", &close);
    pthread_mutex_lock(&state.lock);
    struct mcb_shim_device **link = &state.devices, *device;
    while (*link && (*link)->context != context)
        link = &(*link)->next;
    if ((device = *link))
        *link = device->next;
    pthread_mutex_unlock(&state.lock);
    free(device);
    return close(context);
}

MCB_SHIM_EXPORT int ibv_query_device(struct ibv_context *context,
                                     struct ibv_device_attr *attributes)
{
    int (*query)(struct ibv_context *, struct ibv_device_attr *);
    mcb_shim_real("ibv_query_device", &query);
    int failed = query(context, attributes);
    const struct mcb_shim_action *most = mcb_shim_action(MCB_SHIM_MAX_MR_SIZE, context);
    if (!failed && most) {
        attributes->max_mr_size = most->beyond;
        mcb_shim_injected(MCB_SHIM_MAX_MR_SIZE);
    }
    return failed;
}

static bool is_left(const struct ibv_gid_entry *entry, int kind)
{
    /* fe80::/10: RFC 4291, 2.5.6. */
    return kind == MCB_SHIM_GIDS_LOCAL && entry->gid.raw[0] == 0xfe &&
           (entry->gid.raw[1] & 0xc0) == 0x80;
}

MCB_SHIM_EXPORT ssize_t _ibv_query_gid_table(struct ibv_context *context,
                                             struct ibv_gid_entry *entries, size_t most,
                                             uint32_t flags, size_t entry_size)
{
    ssize_t (*query)(struct ibv_context *, struct ibv_gid_entry *, size_t, uint32_t, size_t);
    mcb_shim_real("_ibv_query_gid_table", &query);
    ssize_t count = query(context, entries, most, flags, entry_size);
    const struct mcb_shim_action *gids = mcb_shim_action(MCB_SHIM_GIDS, context);
    if (!gids || count <= 0)
        return count;
    ssize_t left = 0;
    for (ssize_t n = 0; n < count; n++)
        if (is_left(&entries[n], gids->value))
            memmove(&entries[left++], &entries[n], entry_size);
    mcb_shim_injected(MCB_SHIM_GIDS);
    return left;
}
