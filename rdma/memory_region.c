/* SPDX-License-Identifier: Apache-2.0 */
#include "rdma/memory_region.h"

#include <errno.h>
#include <infiniband/verbs.h>
#include <linux/capability.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "common/clock.h"
#include "common/units.h"
#include "rdma/device.h"

static uint64_t round_up(uint64_t value, uint64_t unit)
{
    return (value + unit - 1) / unit * unit;
}

int mcb_region_plan_make(uint64_t length_bytes, uint64_t most_bytes, uint64_t message_bytes,
                         uint64_t page_bytes, struct mcb_region_plan *plan, struct mcb_error *error)
{
    char message[32], most[32];
    if (length_bytes <= most_bytes) {
        *plan = (struct mcb_region_plan){length_bytes, length_bytes, 1};
        return 0;
    }
    uint64_t chunk_bytes = most_bytes / page_bytes * page_bytes;
    uint64_t overlap_bytes = round_up(message_bytes, page_bytes);
    if (overlap_bytes >= chunk_bytes)
        return mcb_error_set(error, MCB_FAULT_RDMA_MR_SIZE,
                             "message of %s: a memory region holds at most %s here, and must hold "
                             "the message and one page",
                             mcb_units_format_size(message_bytes, message, sizeof(message)),
                             mcb_units_format_size(most_bytes, most, sizeof(most)));
    uint64_t step_bytes = chunk_bytes - overlap_bytes;
    uint64_t count = 1 + (length_bytes - chunk_bytes + step_bytes - 1) / step_bytes;
    if (count > MCB_REGIONS_MAX)
        return mcb_error_set(error, MCB_FAULT_RDMA_MR_SIZE,
                             "regions of %s: %llu of them would be needed, more than %d",
                             mcb_units_format_size(most_bytes, most, sizeof(most)),
                             (unsigned long long)count, MCB_REGIONS_MAX);
    *plan = (struct mcb_region_plan){chunk_bytes, step_bytes, (size_t)count};
    return 0;
}

/* Whether the kernel lets this process pin beyond its limit: CAP_IPC_LOCK, which root in a
 * container may lack. */
static bool may_exceed_memlock(void)
{
    char line[128];
    unsigned long long effective = 0;
    FILE *status = fopen("/proc/self/status", "re");
    if (!status)
        return false;
    while (fgets(line, sizeof(line), status) && sscanf(line, "CapEff: %llx", &effective) != 1)
        ;
    fclose(status);
    return effective >> CAP_IPC_LOCK & 1;
}

static int refuse_for_memory(const struct mcb_device *device, uint64_t bytes,
                             struct mcb_error *error)
{
    struct rlimit limit;
    char wanted[32], allowed[32];
    mcb_units_format_size(bytes, wanted, sizeof(wanted));
    if (getrlimit(RLIMIT_MEMLOCK, &limit) == 0 && limit.rlim_cur != RLIM_INFINITY &&
        !may_exceed_memlock())
        return mcb_error_set(error, MCB_FAULT_HOST_MEMLOCK,
                             "%s: %s cannot be locked: RLIMIT_MEMLOCK allows %s to all NICs of "
                             "this process together (ENOMEM)",
                             device->name, wanted,
                             mcb_units_format_size(limit.rlim_cur, allowed, sizeof(allowed)));
    return mcb_error_set(error, MCB_FAULT_RDMA_REGISTER,
                         "%s: %s cannot be registered: no memory for it in the kernel or in the "
                         "NIC (ENOMEM)",
                         device->name, wanted);
}

struct register_cause {
    int code;
    const char *name, *cause;
};

static const struct register_cause register_causes[] = {
    {EFAULT, "EFAULT",
     "the NIC cannot reach this address (memory of a GPU: nvidia_peermem is not loaded)"},
    {EIO, "EIO", "it is larger than the NIC can map, or the driver failed"},
    {EAGAIN, "EAGAIN", "the NIC has no memory keys left"},
    {EINVAL, "EINVAL", "the driver does not accept the address, length or access flags"},
    {EOPNOTSUPP, "EOPNOTSUPP", "the driver does not support this kind of memory"},
};

static int refuse(const struct mcb_device *device, const struct mcb_buffer *buffer, uint64_t bytes,
                  int failed, struct mcb_error *error)
{
    char wanted[32];
    if (failed == ENOMEM)
        return refuse_for_memory(device, bytes, error);
    const char *name = "", *cause = strerror(failed);
    for (size_t i = 0; i < sizeof(register_causes) / sizeof(register_causes[0]); i++)
        if (register_causes[i].code == failed) {
            name = register_causes[i].name;
            cause = register_causes[i].cause;
        }
    return mcb_error_set(error, MCB_FAULT_RDMA_REGISTER,
                         "%s: %s of %s cannot be registered: %s (%s, errno %d)", device->name,
                         mcb_units_format_size(bytes, wanted, sizeof(wanted)), buffer->memory,
                         cause, name, failed);
}

static int register_chunks(const struct mcb_device *device, const struct mcb_buffer *buffer,
                           const struct mcb_region_plan *plan,
                           struct mcb_registration *registration, struct mcb_error *error)
{
    unsigned access = IBV_ACCESS_LOCAL_WRITE | IBV_ACCESS_REMOTE_WRITE | IBV_ACCESS_REMOTE_READ |
                      (registration->relaxed ? IBV_ACCESS_RELAXED_ORDERING : 0);
    for (size_t i = 0; i < plan->count; i++) {
        uint64_t offset = i * plan->step_bytes, left = buffer->length_bytes - offset;
        uint64_t length = left < plan->chunk_bytes ? left : plan->chunk_bytes;
        uint8_t *address = (uint8_t *)buffer->address + offset;
        struct ibv_mr *handle =
            ibv_reg_mr_iova2(device->domain, address, length, (uintptr_t)address, access);
        if (!handle)
            return refuse(device, buffer, registration->registered_bytes + length, errno, error);
        registration->handles[i] = handle;
        registration->regions[i] =
            (struct mcb_region){(uintptr_t)address, length, handle->lkey, handle->rkey};
        registration->count = i + 1;
        registration->registered_bytes += length;
    }
    return 0;
}

int mcb_registration_open(const struct mcb_device *device, const struct mcb_buffer *buffer,
                          bool relaxed, uint64_t most_bytes, uint64_t message_bytes,
                          struct mcb_registration **registration, struct mcb_error *error)
{
    uint64_t device_most = device->limits.region_bytes;
    uint64_t page_bytes = (uint64_t)sysconf(_SC_PAGESIZE);
    struct mcb_region_plan plan;
    if (mcb_region_plan_make(buffer->length_bytes,
                             device_most < most_bytes ? device_most : most_bytes, message_bytes,
                             page_bytes, &plan, error) < 0)
        return -1;
    struct mcb_registration *opened = calloc(1, sizeof(*opened));
    if (opened) {
        opened->relaxed = relaxed;
        opened->regions = calloc(plan.count, sizeof(*opened->regions));
        opened->handles = calloc(plan.count, sizeof(struct ibv_mr *));
    }
    if (!opened || !opened->regions || !opened->handles) {
        mcb_registration_close(opened);
        return mcb_error_set(error, MCB_FAULT_HOST_MEMORY, "%s: no memory for %zu memory regions",
                             device->name, plan.count);
    }
    int64_t start_ns = mcb_clock_ns();
    if (register_chunks(device, buffer, &plan, opened, error) < 0) {
        mcb_registration_close(opened);
        return -1;
    }
    opened->register_ns = mcb_clock_ns() - start_ns;
    *registration = opened;
    return 0;
}

void mcb_registration_close(struct mcb_registration *registration)
{
    if (!registration)
        return;
    while (registration->count > 0)
        ibv_dereg_mr(registration->handles[--registration->count]);
    free(registration->handles);
    free(registration->regions);
    free(registration);
}

const struct mcb_region *mcb_region_find(const struct mcb_region *regions, size_t count,
                                         uint64_t address, uint64_t length_bytes)
{
    size_t low = 0, high = count; /* the last region that begins at or before address */
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (regions[middle].address <= address)
            low = middle + 1;
        else
            high = middle;
    }
    if (low == 0)
        return NULL;
    const struct mcb_region *region = &regions[low - 1];
    uint64_t offset = address - region->address;
    bool inside = offset <= region->length_bytes && length_bytes <= region->length_bytes - offset;
    return inside ? region : NULL;
}
