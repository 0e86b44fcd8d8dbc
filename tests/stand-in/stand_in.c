/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A GPU for tests: a module (gpu/module.h) over host memory, so that everything of mcbench but the
 * calls of a vendor can be tested without a GPU. It is loaded by MCB_GPU_MODULE=FILE alone and
 * never installed. It calls itself "cuda", so that memory has the names that users give, and marks
 * itself as a stand-in, so that no result of it counts as one of hardware. MCB_STAND_IN (config.h)
 * says what there is and what goes wrong.
 *
 * Its memory (memory.h) is mapped twice, for NICs and callers, and for the module. So failures are
 * real ones:
 *
 *   register      what is handed out has no access rights: a NIC in software, which pins its pages,
 *                 gets EFAULT from the kernel, while the module works on
 *   unreachable   what is handed out is other memory than what the module uses: registration
 *                 succeeds and nothing of what a NIC transfers is ever seen
 *
 * With flush=call it is other memory as well, but what the module writes goes there too, and a
 * flush brings what a NIC wrote. Without the flush the bytes are not there.
 *
 * It is strict where a real GPU would be slow or silently wrong: host memory of a copier must have
 * been pinned, an address must belong to the GPU that is named, a flush must have been announced.
 *
 * A table of functions without a handle leaves no other place for its state than a static one. A
 * process may open the module several times; the first time reads MCB_STAND_IN.
 */
#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "config.h"
#include "copier.h"
#include "gpu/module.h"
#include "memory.h"

struct pinned {
    struct pinned *next;
    const uint8_t *host;
    size_t bytes;
};

static struct {
    pthread_mutex_t lock;
    unsigned opened;
    struct mcb_stand_in_config config; /* constant while it is open */
    struct pinned *pinned;
} state = {.lock = PTHREAD_MUTEX_INITIALIZER};

static bool fails(unsigned gpu, enum mcb_stand_in_failure failure)
{
    const struct mcb_stand_in_config *config = &state.config;
    return config->fails[failure] &&
           (config->failing == MCB_STAND_IN_GPUS_MAX || config->failing == gpu);
}

/* A call that MCB_STAND_IN makes fail. */
static int refuse(unsigned gpu, enum mcb_fault_code fault, const char *call,
                  struct mcb_error *error)
{
    return mcb_error_set(error, fault, "cuda:%u: %s: MCB_STAND_IN makes it fail", gpu, call);
}

/* ---- the GPUs ---- */

static int open_module(unsigned *count, struct mcb_error *error)
{
    int result = 0;
    pthread_mutex_lock(&state.lock);
    if (state.opened == 0)
        result = mcb_stand_in_config_read(getenv("MCB_STAND_IN"), &state.config, error);
    if (result == 0 && state.config.fails[MCB_STAND_IN_DRIVER])
        result = mcb_error_set(error, MCB_FAULT_GPU_DRIVER,
                               "the stand-in's driver: MCB_STAND_IN says that there is none");
    if (result == 0 && state.config.fails[MCB_STAND_IN_NONE])
        result = mcb_error_set(error, MCB_FAULT_GPU_NONE,
                               "the stand-in: MCB_STAND_IN says that there is no GPU");
    if (result == 0) {
        state.opened++;
        *count = state.config.gpu_count;
    }
    pthread_mutex_unlock(&state.lock);
    return result;
}

static void close_module(void)
{
    pthread_mutex_lock(&state.lock);
    bool last = --state.opened == 0;
    if (last)
        mcb_stand_in_memory_release_all();
    for (struct pinned *at; last && (at = state.pinned);) {
        state.pinned = at->next;
        free(at);
    }
    pthread_mutex_unlock(&state.lock);
}

static int identify(unsigned gpu, struct mcb_gpu_identity *identity, struct mcb_error *error)
{
    static const char *const reasons[] = {
        [MCB_FLUSH_NONE] = "a completion says it: this is host memory",
        [MCB_FLUSH_CALL] = "MCB_STAND_IN wants a call",
        [MCB_FLUSH_READ] = "MCB_STAND_IN wants a read",
    };
    const struct mcb_stand_in_config *config = &state.config;
    if (fails(gpu, MCB_STAND_IN_IDENTIFY))
        return refuse(gpu, MCB_FAULT_GPU_CALL, "identify", error);
    if (gpu >= config->gpu_count)
        return mcb_error_set(error, MCB_FAULT_GPU_CALL, "cuda:%u: no such stand-in", gpu);
    *identity = (struct mcb_gpu_identity){.memory_bytes = config->memory_bytes,
                                          .gpudirect = config->gpudirect,
                                          .dmabuf = config->dmabuf,
                                          .flush = config->flush};
    /* All of the array, so that what is too long is not terminated either. */
    memcpy(identity->model, config->model, sizeof identity->model);
    snprintf(identity->pci_address, sizeof identity->pci_address, "%s", config->gpus[gpu]);
    snprintf(identity->uuid, sizeof identity->uuid, "stand-in-%u", gpu);
    snprintf(identity->driver, sizeof identity->driver, "stand-in");
    snprintf(identity->flush_reason, sizeof identity->flush_reason, "%s", reasons[config->flush]);
    return 0;
}

/* ---- memory ---- */

static int allocate(unsigned gpu, size_t bytes, void **address, struct mcb_error *error)
{
    if (fails(gpu, MCB_STAND_IN_ALLOCATE))
        return refuse(gpu, MCB_FAULT_GPU_MEMORY, "an allocation", error);
    const struct mcb_stand_in_memory memory = {.gpu = gpu,
                                               .bytes = bytes,
                                               .most_bytes = state.config.memory_bytes,
                                               .register_fails = fails(gpu, MCB_STAND_IN_REGISTER),
                                               .unreachable = fails(gpu, MCB_STAND_IN_UNREACHABLE),
                                               .flush_wanted =
                                                   state.config.flush == MCB_FLUSH_CALL};
    return mcb_stand_in_memory_allocate(&memory, address, error);
}

static int locate_area(unsigned gpu, const struct mcb_area *area, struct mcb_stand_in_place *place,
                       struct mcb_error *error)
{
    return mcb_stand_in_memory_locate(gpu, area->base, area->slots * area->stride_bytes, place,
                                      error);
}

/* For a kernel, which reaches memory of its GPU alone. */
static int locate_gpu_area(unsigned gpu, const struct mcb_area *area,
                           struct mcb_stand_in_place *place, struct mcb_error *error)
{
    if (fails(gpu, MCB_STAND_IN_KERNEL))
        return refuse(gpu, MCB_FAULT_GPU_CALL, "a kernel", error);
    if (locate_area(gpu, area, place, error) != 0)
        return -1;
    return place->of_gpu
               ? 0
               : mcb_error_set(error, MCB_FAULT_GPU_CALL, "cuda:%u: %p is no memory of a GPU", gpu,
                               (void *)area->base);
}

static struct mcb_area area_at(const struct mcb_area *area, uint8_t *base)
{
    struct mcb_area moved = *area;
    moved.base = base;
    return moved;
}

static int copy(unsigned gpu, void *to, const void *from, size_t bytes, struct mcb_error *error)
{
    struct mcb_stand_in_place to_place, from_place;
    if (fails(gpu, MCB_STAND_IN_COPY))
        return refuse(gpu, MCB_FAULT_GPU_CALL, "a copy", error);
    if (mcb_stand_in_memory_locate(gpu, to, bytes, &to_place, error) != 0 ||
        mcb_stand_in_memory_locate(gpu, from, bytes, &from_place, error) != 0)
        return -1;
    memmove(to_place.own, from_place.own, bytes);
    if (to_place.behind)
        memmove(to_place.behind, from_place.own, bytes);
    return 0;
}

static int fill(unsigned gpu, const struct mcb_pattern *pattern, const struct mcb_area *area,
                struct mcb_error *error)
{
    struct mcb_stand_in_place place;
    if (locate_gpu_area(gpu, area, &place, error) != 0)
        return -1;
    struct mcb_area own = area_at(area, place.own), behind = area_at(area, place.behind);
    mcb_pattern_fill(pattern, &own);
    if (behind.base)
        mcb_pattern_fill(pattern, &behind);
    return 0;
}

static int poison(unsigned gpu, uint64_t key, const struct mcb_area *area, struct mcb_error *error)
{
    struct mcb_stand_in_place place;
    if (locate_gpu_area(gpu, area, &place, error) != 0)
        return -1;
    struct mcb_area own = area_at(area, place.own), behind = area_at(area, place.behind);
    mcb_pattern_poison(key, &own);
    if (behind.base)
        mcb_pattern_poison(key, &behind);
    return 0;
}

/* A corrupt byte is wrong while it is checked: twice flipped in the memory itself, it would be
 * right for every second check. */
static int check(unsigned gpu, const struct mcb_pattern *pattern, const struct mcb_area *area,
                 struct mcb_pattern_report *report, struct mcb_error *error)
{
    struct mcb_stand_in_place place;
    if (locate_gpu_area(gpu, area, &place, error) != 0)
        return -1;
    struct mcb_area own = area_at(area, place.own);
    uint64_t offset = state.config.offset;
    bool corrupt = fails(gpu, MCB_STAND_IN_CORRUPT) && offset < own.slots * own.stride_bytes;
    if (corrupt)
        own.base[offset] ^= 0xff;
    mcb_pattern_check(pattern, &own, report);
    if (corrupt)
        own.base[offset] ^= 0xff;
    return 0;
}

static int export_dmabuf(unsigned gpu, void *address, size_t bytes, enum mcb_dmabuf_mapping mapping,
                         int *fd, struct mcb_error *error)
{
    (void)mapping;
    if (state.config.dmabuf != MCB_KNOWN_YES)
        return mcb_error_set(error, MCB_FAULT_GPU_EXPORT, "cuda:%u: a dma-buf of %zu bytes: %s",
                             gpu, bytes, strerror(EOPNOTSUPP));
    if (fails(gpu, MCB_STAND_IN_EXPORT))
        return refuse(gpu, MCB_FAULT_GPU_EXPORT, "the export of a dma-buf", error);
    return mcb_stand_in_memory_export(gpu, address, bytes, fd, error);
}

static int flush(unsigned gpu, struct mcb_error *error)
{
    if (fails(gpu, MCB_STAND_IN_FLUSH))
        return refuse(gpu, MCB_FAULT_GPU_CALL, "a flush", error);
    if (state.config.flush != MCB_FLUSH_CALL)
        return mcb_error_set(error, MCB_FAULT_GPU_CALL,
                             "cuda:%u: a flush: its identity says that no call does it", gpu);
    mcb_stand_in_memory_flush(gpu);
    return 0;
}

/* ---- copies beside other work ---- */

static int pin(unsigned gpu, void *host, size_t bytes, struct mcb_error *error)
{
    struct pinned *made = malloc(sizeof *made);
    if (!made)
        return mcb_error_set(error, MCB_FAULT_HOST_MEMORY, "no memory to note what is pinned");
    bool twice = false;
    pthread_mutex_lock(&state.lock);
    for (const struct pinned *at = state.pinned; at; at = at->next)
        twice |= mcb_stand_in_overlaps(host, bytes, at->host, at->bytes);
    *made = (struct pinned){.next = state.pinned, .host = host, .bytes = bytes};
    if (!twice)
        state.pinned = made;
    pthread_mutex_unlock(&state.lock);
    if (!twice)
        return 0;
    free(made);
    return mcb_error_set(error, MCB_FAULT_GPU_CALL, "cuda:%u: host memory at %p is pinned already",
                         gpu, host);
}

static void unpin(unsigned gpu, void *host)
{
    (void)gpu;
    pthread_mutex_lock(&state.lock);
    struct pinned **at = &state.pinned;
    while (*at && (*at)->host != host)
        at = &(*at)->next;
    struct pinned *found = *at;
    if (found)
        *at = found->next;
    pthread_mutex_unlock(&state.lock);
    free(found);
}

static bool is_pinned(const struct mcb_area *area)
{
    bool found = false;
    pthread_mutex_lock(&state.lock);
    for (const struct pinned *at = state.pinned; at; at = at->next)
        found |= mcb_stand_in_is_within(area->base, area->slots * area->stride_bytes, at->host,
                                        at->bytes);
    pthread_mutex_unlock(&state.lock);
    return found;
}

static int copier_open(unsigned gpu, const struct mcb_area *to, const struct mcb_area *from,
                       struct mcb_gpu_copier **copier, struct mcb_error *error)
{
    struct mcb_stand_in_place to_place, from_place;
    if (locate_area(gpu, to, &to_place, error) != 0 ||
        locate_area(gpu, from, &from_place, error) != 0)
        return -1;
    if (to_place.of_gpu == from_place.of_gpu)
        return mcb_error_set(error, MCB_FAULT_GPU_CALL,
                             "cuda:%u: a copier goes between its memory and the host's", gpu);
    if (!is_pinned(to_place.of_gpu ? from : to))
        return mcb_error_set(error, MCB_FAULT_GPU_CALL,
                             "cuda:%u: a copier: its host memory is not pinned", gpu);
    struct mcb_stand_in_copies copies = {.to = area_at(to, to_place.own),
                                         .behind = area_at(to, to_place.behind),
                                         .from = area_at(from, from_place.own),
                                         .bytes_per_s = state.config.bytes_per_s,
                                         .fails = fails(gpu, MCB_STAND_IN_COPIER)};
    return mcb_stand_in_copier_open(&copies, copier, error);
}

/* gpu/module.h names the symbol; no header declares it. */
extern const struct mcb_gpu_module mcb_gpu_module;
__attribute__((visibility("default"))) const struct mcb_gpu_module mcb_gpu_module = {
    .version = MCB_GPU_MODULE_VERSION,
    .bytes = sizeof mcb_gpu_module,
    .name = "cuda",
    .stand_in = true,
    .open = open_module,
    .close = close_module,
    .identify = identify,
    .allocate = allocate,
    .release = mcb_stand_in_memory_release,
    .copy = copy,
    .fill = fill,
    .poison = poison,
    .check = check,
    .export_dmabuf = export_dmabuf,
    .flush = flush,
    .pin = pin,
    .unpin = unpin,
    .copier_open = copier_open,
    .copier_copy = mcb_stand_in_copier_copy,
    .copier_done = mcb_stand_in_copier_done,
    .copier_close = mcb_stand_in_copier_close,
};
