/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MCB_TESTS_UNIT_GPU_BUFFER_H
#define MCB_TESTS_UNIT_GPU_BUFFER_H

/* A buffer that says it is a GPU's, in memory of the test. */

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/memory.h"

enum { GPU_PAGE = 65536 };

/* How it behaves, and what was asked of it. */
static struct gpu_behaviour {
    bool export_refused[2]; /* by enum mcb_dmabuf_mapping */
    enum mcb_flush flush;
    void (*flushed)(void); /* NULL: flush() does nothing */
    enum mcb_fault_code get_fault;

    unsigned exports, flushes;
    enum mcb_dmabuf_mapping mapping; /* last asked for */
    int fd;                          /* last exported */
} gpu;

static int gpu_put(const struct mcb_buffer *buffer, void *to, const void *host, size_t bytes,
                   struct mcb_error *error)
{
    (void)buffer;
    (void)error;
    memcpy(to, host, bytes);
    return 0;
}

static int gpu_get(const struct mcb_buffer *buffer, void *host, const void *from, size_t bytes,
                   struct mcb_error *error)
{
    if (gpu.get_fault != MCB_FAULT_NONE)
        return mcb_error_set(error, gpu.get_fault, "%s: an error of the GPU", buffer->memory);
    memcpy(host, from, bytes);
    return 0;
}

static int gpu_export(const struct mcb_buffer *buffer, enum mcb_dmabuf_mapping mapping, int *fd,
                      struct mcb_error *error)
{
    gpu.exports++;
    gpu.mapping = mapping;
    if (gpu.export_refused[mapping])
        return mcb_error_set(error, MCB_FAULT_GPU_EXPORT, "%s: the driver exports nothing",
                             buffer->memory);
    *fd = gpu.fd = open("/dev/null", O_RDWR | O_CLOEXEC);
    return 0;
}

static enum mcb_flush gpu_flush_way(const struct mcb_buffer *buffer)
{
    (void)buffer;
    return gpu.flush;
}

static int gpu_flush(const struct mcb_buffer *buffer, struct mcb_error *error)
{
    (void)buffer;
    (void)error;
    gpu.flushes++;
    if (gpu.flushed)
        gpu.flushed();
    return 0;
}

static const struct mcb_memory gpu_memory = {
    .of_gpu = true,
    .put = gpu_put,
    .get = gpu_get,
    .export_dmabuf = gpu_export,
    .flush_way = gpu_flush_way,
    .flush = gpu_flush,
};

/* Around memory that is aligned to GPU_PAGE. */
static inline struct mcb_buffer gpu_buffer(void *address, size_t length_bytes)
{
    return (struct mcb_buffer){
        .address = address,
        .length_bytes = length_bytes,
        .page_bytes = GPU_PAGE,
        .memory = "cuda:0",
        .kind = &gpu_memory,
    };
}

#endif
