/* SPDX-License-Identifier: Apache-2.0 */
/*
 * struct mcb_memory over the module of a vendor: the buffer knows its GPUs and its index among
 * them, the module does the work. What the module cannot know is added here: the interrupt that
 * came before a large area was begun, and, since copiers are used without their buffer, which
 * module one belongs to.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include "common/memory.h"
#include "gpu/gpu.h"

struct mcb_copier {
    const struct mcb_gpu_module *module;
    struct mcb_gpu_copier *of_module;
};

static const struct mcb_gpu_module *module_of(const struct mcb_buffer *buffer)
{
    return ((const struct mcb_gpus *)buffer->owner)->module;
}

static int fill(const struct mcb_buffer *buffer, const struct mcb_pattern *pattern,
                const struct mcb_area *area, struct mcb_error *error)
{
    return mcb_area_is_stopped(area) ? 0
                                     : module_of(buffer)->fill(buffer->gpu, pattern, area, error);
}

static int poison(const struct mcb_buffer *buffer, uint64_t key, const struct mcb_area *area,
                  struct mcb_error *error)
{
    return mcb_area_is_stopped(area) ? 0 : module_of(buffer)->poison(buffer->gpu, key, area, error);
}

static int check(const struct mcb_buffer *buffer, const struct mcb_pattern *pattern,
                 const struct mcb_area *area, struct mcb_pattern_report *report,
                 struct mcb_error *error)
{
    return mcb_area_is_stopped(area)
               ? 0
               : module_of(buffer)->check(buffer->gpu, pattern, area, report, error);
}

static int put(const struct mcb_buffer *buffer, void *to, const void *host, size_t bytes,
               struct mcb_error *error)
{
    return module_of(buffer)->copy(buffer->gpu, to, host, bytes, error);
}

static int get(const struct mcb_buffer *buffer, void *host, const void *from, size_t bytes,
               struct mcb_error *error)
{
    return module_of(buffer)->copy(buffer->gpu, host, from, bytes, error);
}

static int export_dmabuf(const struct mcb_buffer *buffer, enum mcb_dmabuf_mapping mapping, int *fd,
                         struct mcb_error *error)
{
    return module_of(buffer)->export_dmabuf(buffer->gpu, buffer->address, buffer->length_bytes,
                                            mapping, fd, error);
}

static enum mcb_flush flush_way(const struct mcb_buffer *buffer)
{
    return ((const struct mcb_gpus *)buffer->owner)->list[buffer->gpu].flush;
}

static int flush(const struct mcb_buffer *buffer, struct mcb_error *error)
{
    return module_of(buffer)->flush(buffer->gpu, error);
}

static int pin(const struct mcb_buffer *buffer, struct mcb_buffer *host, struct mcb_error *error)
{
    return module_of(buffer)->pin(buffer->gpu, host->address, host->length_bytes, error);
}

static void unpin(const struct mcb_buffer *buffer, struct mcb_buffer *host)
{
    module_of(buffer)->unpin(buffer->gpu, host->address);
}

static int copier_open(const struct mcb_buffer *buffer, const struct mcb_area *to,
                       const struct mcb_area *from, struct mcb_copier **copier,
                       struct mcb_error *error)
{
    struct mcb_copier *made = calloc(1, sizeof *made);
    if (!made)
        return mcb_error_set(error, MCB_FAULT_HOST_MEMORY, "no memory for a copier");
    made->module = module_of(buffer);
    if (made->module->copier_open(buffer->gpu, to, from, &made->of_module, error) != 0) {
        free(made);
        return -1;
    }
    *copier = made;
    return 0;
}

static int copier_copy(struct mcb_copier *copier, uint32_t first, uint32_t count,
                       struct mcb_error *error)
{
    return copier->module->copier_copy(copier->of_module, first, count, error);
}

static int copier_done(struct mcb_copier *copier, uint64_t *slots, struct mcb_error *error)
{
    return copier->module->copier_done(copier->of_module, slots, error);
}

static void copier_close(struct mcb_copier *copier)
{
    if (!copier)
        return;
    copier->module->copier_close(copier->of_module);
    free(copier);
}

static void release(struct mcb_buffer *buffer)
{
    module_of(buffer)->release(buffer->gpu, buffer->address);
}

static const struct mcb_memory memory_of_gpus = {
    .of_gpu = true,
    .fill = fill,
    .poison = poison,
    .check = check,
    .put = put,
    .get = get,
    .export_dmabuf = export_dmabuf,
    .flush_way = flush_way,
    .flush = flush,
    .pin = pin,
    .unpin = unpin,
    .copier_open = copier_open,
    .copier_copy = copier_copy,
    .copier_done = copier_done,
    .copier_close = copier_close,
    .release = release,
};

static int fail_no_such(const struct mcb_gpus *gpus, unsigned gpu, struct mcb_error *error)
{
    const char *name = gpus->module->name;
    if (gpus->count == 1)
        return mcb_error_set(error, MCB_FAULT_GPU_NO_SUCH,
                             "memory %s:%u: this host has no such GPU; there is %s:0 only", name,
                             gpu, name);
    return mcb_error_set(error, MCB_FAULT_GPU_NO_SUCH,
                         "memory %s:%u: this host has no such GPU; there are %s:0 to %s:%u", name,
                         gpu, name, name, gpus->count - 1);
}

int mcb_gpu_buffer_allocate(struct mcb_gpus *gpus, unsigned gpu, size_t length_bytes,
                            struct mcb_buffer *buffer, struct mcb_error *error)
{
    if (gpu >= gpus->count)
        return fail_no_such(gpus, gpu, error);
    if (length_bytes == 0 || length_bytes > SIZE_MAX / 2)
        return mcb_error_set(error, MCB_FAULT_GPU_MEMORY, "%zu bytes: no length for a buffer",
                             length_bytes);
    struct mcb_buffer made = {
        .page_bytes = MCB_GPU_PAGE_BYTES, .kind = &memory_of_gpus, .owner = gpus, .gpu = gpu};
    made.length_bytes = (length_bytes + MCB_GPU_PAGE_BYTES - 1) & ~((size_t)MCB_GPU_PAGE_BYTES - 1);
    if (gpus->module->allocate(gpu, made.length_bytes, &made.address, error) != 0)
        return -1;
    snprintf(made.memory, sizeof made.memory, "%s:%u", gpus->module->name, gpu);
    *buffer = made;
    return 0;
}
