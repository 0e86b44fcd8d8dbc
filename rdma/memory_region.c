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
#include "common/memory.h"
#include "common/pci.h"
#include "common/units.h"
#include "rdma/device.h"
#include "rdma/locality.h"

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

/* ---- why a registration failed ---- */

/* ENOTSUPP of the kernel, include/linux/errno.h: not for programs, and yet it reaches them. */
enum { KERNEL_ENOTSUPP = 524 };

/* The smallest BAR1 of a GPU has 256 MiB, and not all of it is to be had. */
#define LARGE_FOR_BAR1 (UINT64_C(128) << 20)

static const char *const way_texts[MCB_REGISTER_WAYS] = {
    [MCB_REGISTER_ADDRESS] = "by its address",
    [MCB_REGISTER_DMABUF] = "as a dma-buf",
    [MCB_REGISTER_DMABUF_PCIE] = "as a dma-buf through PCIe",
};

const char *mcb_registration_way_text(enum mcb_registration_way way)
{
    return way_texts[way];
}

char *mcb_registration_peermem(const char *sysfs, char text[MCB_PEERMEM_TEXT])
{
    static const char *const modules[] = {"nvidia_peermem", "nv_peer_mem"};
    char state[32], version[64];
    for (size_t i = 0; i < sizeof(modules) / sizeof(modules[0]); i++) {
        if (!mcb_locality_read(sysfs, state, sizeof(state), "module/%s/initstate", modules[i]))
            continue;
        bool known =
            mcb_locality_read(sysfs, version, sizeof(version), "module/%s/version", modules[i]);
        snprintf(text, MCB_PEERMEM_TEXT, "%s%s%s is loaded", modules[i], known ? " " : "", version);
        return text;
    }
    snprintf(text, MCB_PEERMEM_TEXT, "neither nvidia_peermem nor nv_peer_mem is loaded");
    return text;
}

struct register_cause {
    int code;
    enum mcb_fault_code fault; /* NONE: the usual one of that memory */
    const char *name, *cause;
};

static const char driver_failed[] = "the driver or the NIC failed";

/* EIO, where a single page of the same memory is taken. */
static const struct register_cause too_large = {EIO, MCB_FAULT_RDMA_REGION_SIZE, "EIO",
                                                "one page of it can be: it is larger than the NIC "
                                                "can map"};

/* Of host memory. ENOMEM: refuse_for_memory(). */
static const struct register_cause host_causes[] = {
    {EFAULT, MCB_FAULT_NONE, "EFAULT", "the NIC cannot reach this address"},
    {EIO, MCB_FAULT_NONE, "EIO", driver_failed},
    {EAGAIN, MCB_FAULT_RDMA_KEYS, "EAGAIN", "the NIC has no memory keys left"},
    {EINVAL, MCB_FAULT_NONE, "EINVAL",
     "the driver does not accept the address, length or access flags"},
    {EOPNOTSUPP, MCB_FAULT_NONE, "EOPNOTSUPP", "the driver does not support this kind of memory"},
    {KERNEL_ENOTSUPP, MCB_FAULT_NONE, "ENOTSUPP",
     "the driver does not support this kind of memory"},
    {0, MCB_FAULT_NONE, NULL, NULL},
};

/* Of a GPU's memory by its address. */
static const struct register_cause address_causes[] = {
    {EFAULT, MCB_FAULT_NONE, "EFAULT",
     "no module of the kernel makes this address reachable for NICs"},
    {ENOMEM, MCB_FAULT_NONE, "ENOMEM",
     "no memory for it in the kernel, the NIC or the GPU's window (BAR1)"},
    {EINVAL, MCB_FAULT_NONE, "EINVAL",
     "the driver does not accept the address, length or access flags"},
    {EIO, MCB_FAULT_NONE, "EIO", driver_failed},
    {EAGAIN, MCB_FAULT_RDMA_KEYS, "EAGAIN", "the NIC has no memory keys left"},
    {EOPNOTSUPP, MCB_FAULT_NONE, "EOPNOTSUPP", "the NIC's driver takes no memory of other devices"},
    {KERNEL_ENOTSUPP, MCB_FAULT_NONE, "ENOTSUPP",
     "the NIC's driver takes no memory of other devices"},
    {0, MCB_FAULT_NONE, NULL, NULL},
};

static const char no_dmabuf[] = "the NIC's driver knows no dma-buf";

/* Of a dma-buf. */
static const struct register_cause dmabuf_causes[] = {
    {EOPNOTSUPP, MCB_FAULT_NONE, "EOPNOTSUPP", no_dmabuf},
    {EPROTONOSUPPORT, MCB_FAULT_NONE, "EPROTONOSUPPORT", no_dmabuf},
    {ENOSYS, MCB_FAULT_NONE, "ENOSYS", no_dmabuf},
    {KERNEL_ENOTSUPP, MCB_FAULT_NONE, "ENOTSUPP",
     "the drivers of NIC and GPU agree on no way to map it"},
    {EINVAL, MCB_FAULT_NONE, "EINVAL",
     "the driver does not accept the dma-buf, its length or the access flags"},
    {ENOMEM, MCB_FAULT_NONE, "ENOMEM",
     "no memory for it in the kernel, the NIC or the GPU's window (BAR1)"},
    {EFAULT, MCB_FAULT_NONE, "EFAULT", "the GPU's driver gave no addresses for it"},
    {EREMOTEIO, MCB_FAULT_NONE, "EREMOTEIO",
     "the kernel finds no way for PCI traffic between NIC and GPU"},
    {EIO, MCB_FAULT_NONE, "EIO", driver_failed},
    {EAGAIN, MCB_FAULT_RDMA_KEYS, "EAGAIN", "the NIC has no memory keys left"},
    {EBADF, MCB_FAULT_NONE, "EBADF", "what the GPU's driver exported is no dma-buf"},
    {0, MCB_FAULT_NONE, NULL, NULL},
};

/* The row of an errno, which may be one that only strerror() knows. */
static struct register_cause find_cause(const struct register_cause *rows, int failed)
{
    while (rows->name && rows->code != failed)
        rows++;
    return rows->name ? *rows
                      : (struct register_cause){failed, MCB_FAULT_NONE, "", strerror(failed)};
}

/* Bytes that this process has pinned and locked already; UINT64_MAX: not known. What is pinned for
 * NICs is VmPin of proc(5); kernels before 3.12 had it in VmLck. */
static uint64_t locked_bytes(void)
{
    char line[128];
    unsigned long long kilobytes, most = 0;
    bool known = false;
    FILE *status = fopen("/proc/self/status", "re");
    while (status && fgets(line, sizeof(line), status))
        if (sscanf(line, "VmPin: %llu", &kilobytes) == 1 ||
            sscanf(line, "VmLck: %llu", &kilobytes) == 1) {
            most = kilobytes > most ? kilobytes : most;
            known = true;
        }
    if (status)
        fclose(status);
    return known ? (uint64_t)most << 10 : UINT64_MAX;
}

/* The limit counts what other registrations hold as well. */
static bool is_over_memlock(uint64_t bytes, uint64_t *limit_bytes)
{
    struct rlimit limit;
    uint64_t locked = locked_bytes();
    if (getrlimit(RLIMIT_MEMLOCK, &limit) != 0 || limit.rlim_cur == RLIM_INFINITY ||
        may_exceed_memlock())
        return false;
    *limit_bytes = limit.rlim_cur;
    return locked > limit.rlim_cur || bytes > limit.rlim_cur - locked;
}

/* A region that was not registered. */
struct refusal {
    const struct mcb_device *device;
    const struct mcb_buffer *buffer;
    enum mcb_registration_way way;
    uint64_t bytes, before_bytes; /* its own; of the same buffer, which are registered */
    int failed;                   /* errno */
    bool page_works;              /* one page there is registered */
};

/* "64 MiB of cpu:0", and where it is not the first region ", after 1 GiB of it,". */
static const char *say_region(const struct refusal *refusal, char text[160])
{
    char bytes[32], before[32];
    snprintf(
        text, 160, "%s of %.80s%s%s%s", mcb_units_format_size(refusal->bytes, bytes, sizeof(bytes)),
        refusal->buffer->memory, refusal->before_bytes ? ", after " : "",
        refusal->before_bytes ? mcb_units_format_size(refusal->before_bytes, before, sizeof(before))
                              : "",
        refusal->before_bytes ? " of it," : "");
    return text;
}

static struct register_cause cause_of(const struct refusal *refusal,
                                      const struct register_cause *rows)
{
    return refusal->failed == EIO && refusal->page_works ? too_large
                                                         : find_cause(rows, refusal->failed);
}

static int refuse_for_memory(const struct refusal *refusal, struct mcb_error *error)
{
    uint64_t limit_bytes;
    char region[160], allowed[32];
    say_region(refusal, region);
    if (is_over_memlock(refusal->bytes, &limit_bytes))
        return mcb_error_set(error, MCB_FAULT_HOST_MEMLOCK,
                             "%s: %s cannot be locked: RLIMIT_MEMLOCK allows %s to all NICs of "
                             "this process together (ENOMEM)",
                             refusal->device->name, region,
                             mcb_units_format_size(limit_bytes, allowed, sizeof(allowed)));
    return mcb_error_set(error, MCB_FAULT_RDMA_REGISTER,
                         "%s: %s cannot be registered: no memory for it in the kernel or in the "
                         "NIC (ENOMEM)",
                         refusal->device->name, region);
}

/* What the NIC says that it takes: "; its max_mr_size is 64 GiB"; "" for other faults. */
static const char *say_limit(const struct mcb_device *device, enum mcb_fault_code fault,
                             char text[64])
{
    char most[32];
    text[0] = '\0';
    if (fault == MCB_FAULT_RDMA_REGION_SIZE)
        snprintf(text, 64, "; its max_mr_size is %s",
                 mcb_units_format_size(device->limits.region_bytes, most, sizeof(most)));
    return text;
}

static int refuse_host(const struct refusal *refusal, struct mcb_error *error)
{
    char region[160], limit[64];
    if (refusal->failed == ENOMEM)
        return refuse_for_memory(refusal, error);
    struct register_cause cause = cause_of(refusal, host_causes);
    return mcb_error_set(error, cause.fault ? cause.fault : MCB_FAULT_RDMA_REGISTER,
                         "%s: %s cannot be registered: %s (%s, errno %d)%s", refusal->device->name,
                         say_region(refusal, region), cause.cause, cause.name, refusal->failed,
                         say_limit(refusal->device, cause.fault, limit));
}

static int refuse_gpu(const struct refusal *refusal, struct mcb_error *error)
{
    char region[160], limit[64], peermem[MCB_PEERMEM_TEXT] = "";
    bool by_address = refusal->way == MCB_REGISTER_ADDRESS;
    bool may_be_full = refusal->failed == ENOMEM || refusal->failed == EFAULT;
    struct register_cause cause = cause_of(refusal, by_address ? address_causes : dmabuf_causes);
    if (by_address)
        mcb_registration_peermem(MCB_SYSFS, peermem);
    return mcb_error_set(error, cause.fault ? cause.fault : MCB_FAULT_GPU_REGISTER,
                         "%s: %s cannot be registered %s: %s (%s, errno %d)%s%s%s%s",
                         refusal->device->name, say_region(refusal, region),
                         way_texts[refusal->way], cause.cause, cause.name, refusal->failed,
                         say_limit(refusal->device, cause.fault, limit), by_address ? "; " : "",
                         peermem,
                         may_be_full && refusal->before_bytes + refusal->bytes >= LARGE_FOR_BAR1
                             ? "; it may be more than the GPU's BAR1 has free, "
                               "which a smaller --size or --depth shows"
                             : "");
}

/* ---- registration ---- */

/* A part of the buffer. dmabuf: its descriptor, whose offset 0 is the buffer's address; -1: none.
 * NULL and errno if it is refused. */
static struct ibv_mr *register_region(const struct mcb_device *device,
                                      const struct mcb_buffer *buffer, uint64_t offset,
                                      uint64_t length, int dmabuf, unsigned access)
{
    uint8_t *address = (uint8_t *)buffer->address + offset;
    errno = 0;
    if (dmabuf >= 0)
        return ibv_reg_dmabuf_mr(device->domain, offset, length, (uintptr_t)address, dmabuf,
                                 (int)access);
    return ibv_reg_mr_iova2(device->domain, address, length, (uintptr_t)address, access);
}

/* What the bounds of regions are multiples of: a GPU is mapped in pages of its own; host memory in
 * those of the kernel, which a limit below the size of huge pages may still cut. */
static uint64_t cut_bytes(const struct mcb_buffer *buffer)
{
    return mcb_buffer_is_of_gpu(buffer) ? buffer->page_bytes : (uint64_t)sysconf(_SC_PAGESIZE);
}

/* Whether as little as one page is registered where more of it was refused with EIO: then it is the
 * size that the NIC does not take. */
static bool one_page_works(const struct mcb_device *device, const struct mcb_buffer *buffer,
                           uint64_t offset, uint64_t length, int dmabuf, unsigned access)
{
    uint64_t page_bytes = cut_bytes(buffer);
    if (length <= page_bytes)
        return false;
    struct ibv_mr *page = register_region(device, buffer, offset, page_bytes, dmabuf, access);
    if (page)
        ibv_dereg_mr(page);
    return page != NULL;
}

static int register_chunks(const struct mcb_device *device, const struct mcb_buffer *buffer,
                           const struct mcb_region_plan *plan, int dmabuf,
                           struct mcb_registration *registration, struct mcb_error *error)
{
    unsigned access = IBV_ACCESS_LOCAL_WRITE | IBV_ACCESS_REMOTE_WRITE | IBV_ACCESS_REMOTE_READ |
                      (registration->relaxed ? IBV_ACCESS_RELAXED_ORDERING : 0);
    for (size_t i = 0; i < plan->count; i++) {
        uint64_t offset = i * plan->step_bytes, left = buffer->length_bytes - offset;
        uint64_t length = left < plan->chunk_bytes ? left : plan->chunk_bytes;
        struct ibv_mr *handle = register_region(device, buffer, offset, length, dmabuf, access);
        if (!handle) {
            struct refusal refusal = {
                device, buffer, registration->way, length, registration->registered_bytes,
                errno,  false};
            refusal.page_works = refusal.failed == EIO &&
                                 one_page_works(device, buffer, offset, length, dmabuf, access);
            return mcb_buffer_is_of_gpu(buffer) ? refuse_gpu(&refusal, error)
                                                : refuse_host(&refusal, error);
        }
        registration->handles[i] = handle;
        registration->regions[i] = (struct mcb_region){(uintptr_t)buffer->address + offset, length,
                                                       handle->lkey, handle->rkey};
        registration->count = i + 1;
        registration->registered_bytes += length;
    }
    return 0;
}

/* A registration holds the dma-buf by itself: the descriptor is needed no longer than that. */
static int export_and_register(const struct mcb_device *device, const struct mcb_buffer *buffer,
                               const struct mcb_region_plan *plan,
                               struct mcb_registration *registration, struct mcb_error *error)
{
    static const enum mcb_dmabuf_mapping mappings[MCB_REGISTER_WAYS] = {
        [MCB_REGISTER_DMABUF] = MCB_DMABUF_DEFAULT,
        [MCB_REGISTER_DMABUF_PCIE] = MCB_DMABUF_PCIE,
    };
    int dmabuf = -1;
    if (registration->way == MCB_REGISTER_ADDRESS)
        return register_chunks(device, buffer, plan, -1, registration, error);
    if (!buffer->kind->export_dmabuf)
        return mcb_error_set(error, MCB_FAULT_GPU_EXPORT, "%s: this memory has no dma-buf",
                             buffer->memory);
    if (buffer->kind->export_dmabuf(buffer, mappings[registration->way], &dmabuf, error) < 0)
        return -1;
    int status = register_chunks(device, buffer, plan, dmabuf, registration, error);
    close(dmabuf);
    return status;
}

int mcb_registration_open(const struct mcb_device *device, const struct mcb_buffer *buffer,
                          const struct mcb_registration_options *options,
                          struct mcb_registration **registration, struct mcb_error *error)
{
    uint64_t device_most = device->limits.region_bytes, most = options->most_bytes;
    struct mcb_region_plan plan;
    if (mcb_region_plan_make(buffer->length_bytes, device_most < most ? device_most : most,
                             options->message_bytes, cut_bytes(buffer), &plan, error) < 0)
        return -1;
    struct mcb_registration *opened = calloc(1, sizeof(*opened));
    if (opened) {
        opened->way = options->way;
        opened->relaxed = options->relaxed;
        opened->regions = calloc(plan.count, sizeof(*opened->regions));
        opened->handles = calloc(plan.count, sizeof(struct ibv_mr *));
    }
    if (!opened || !opened->regions || !opened->handles) {
        mcb_registration_close(opened);
        return mcb_error_set(error, MCB_FAULT_HOST_MEMORY, "%s: no memory for %zu memory regions",
                             device->name, plan.count);
    }
    int64_t start_ns = mcb_clock_ns();
    if (export_and_register(device, buffer, &plan, opened, error) < 0) {
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
