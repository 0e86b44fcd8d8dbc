/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MCB_COMMON_MEMORY_H
#define MCB_COMMON_MEMORY_H

/*
 * What can be done with the memory of a buffer, whatever it is: one table of functions for host
 * memory (memory.c), one for the memory of GPUs (gpu/memory.c). A buffer points to the table of its
 * memory. The code that moves or checks bytes knows no other difference than what the table says.
 *
 * All functions of a table may be called from any thread, also by several at once for the same
 * buffer, as long as their areas do not overlap; a copier is used by one thread at a time. Those
 * that take no copier wait until they are done; what they leave in the memory is then visible to a
 * NIC.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/buffer.h"
#include "common/fault.h"
#include "common/pattern.h"

/* Each table has copiers of its own making. */
struct mcb_copier;

/* Memory of a GPU is a multiple of it, in address and length: the pages of its driver and the least
 * that a NIC can be given. */
enum { MCB_GPU_PAGE_BYTES = 64 << 10 };

/* How a dma-buf is mapped for the NIC. */
enum mcb_dmabuf_mapping {
    MCB_DMABUF_DEFAULT, /* as the driver of the GPU likes */
    MCB_DMABUF_PCIE     /* through the PCIe BAR, also where another way leads to the GPU (C2C) */
};

/* How bytes that a NIC wrote are made visible to the reader of the memory. */
enum mcb_flush {
    MCB_FLUSH_NONE, /* a completion says that they are: host memory */
    MCB_FLUSH_CALL, /* by the table's flush() */
    MCB_FLUSH_READ  /* by an RDMA read from the memory through the same NIC */
};

struct mcb_memory {
    bool of_gpu; /* the CPU can neither load nor store there: no inline posting, no polling of
                    bytes, no sockets; registration may need a dma-buf */

    /* As mcb_pattern_fill(), _poison(), _check(): 0, or -1 and the fault. *report grows. */
    int (*fill)(const struct mcb_buffer *buffer, const struct mcb_pattern *pattern,
                const struct mcb_area *area, struct mcb_error *error);
    int (*poison)(const struct mcb_buffer *buffer, uint64_t key, const struct mcb_area *area,
                  struct mcb_error *error);
    int (*check)(const struct mcb_buffer *buffer, const struct mcb_pattern *pattern,
                 const struct mcb_area *area, struct mcb_pattern_report *report,
                 struct mcb_error *error);

    /* A few bytes to and from host memory. */
    int (*put)(const struct mcb_buffer *buffer, void *to, const void *host, size_t bytes,
               struct mcb_error *error);
    int (*get)(const struct mcb_buffer *buffer, void *host, const void *from, size_t bytes,
               struct mcb_error *error);

    /* A dma-buf of the whole buffer, whose offset 0 is its address. The descriptor is the caller's.
     * Fault: GPU_EXPORT. NULL: this memory has none. */
    int (*export_dmabuf)(const struct mcb_buffer *buffer, enum mcb_dmabuf_mapping mapping, int *fd,
                         struct mcb_error *error);

    enum mcb_flush (*flush_way)(const struct mcb_buffer *buffer);
    int (*flush)(const struct mcb_buffer *buffer, struct mcb_error *error); /* FLUSH_CALL only */

    /* Host memory for copiers of this memory: locked, and known to the GPU. Undone by unpin. NULL:
     * not needed. */
    int (*pin)(const struct mcb_buffer *buffer, struct mcb_buffer *host, struct mcb_error *error);
    void (*unpin)(const struct mcb_buffer *buffer, struct mcb_buffer *host);

    /* Copies of whole slots between an area of this buffer and one in host memory, one after the
     * other in the order in which they were started, while the caller does something else.
     * copier_copy starts the copy of `count` slots from `first` on (no wrapping round the end) and
     * does not wait; copier_done tells how many slots have been copied since copier_open, without
     * waiting; copier_close waits for what is under way. */
    int (*copier_open)(const struct mcb_buffer *buffer, const struct mcb_area *to,
                       const struct mcb_area *from, struct mcb_copier **copier,
                       struct mcb_error *error);
    int (*copier_copy)(struct mcb_copier *copier, uint32_t first, uint32_t count,
                       struct mcb_error *error);
    int (*copier_done)(struct mcb_copier *copier, uint64_t *slots, struct mcb_error *error);
    void (*copier_close)(struct mcb_copier *copier); /* NULL is fine */

    void (*release)(struct mcb_buffer *buffer);
};

/* Host memory, as mcb_buffer_allocate() gives it. Its copiers do nothing and are done at once: host
 * memory is its own bounce buffer. */
extern const struct mcb_memory mcb_memory_host;

/* True if the CPU cannot reach the bytes. */
static inline bool mcb_buffer_is_of_gpu(const struct mcb_buffer *buffer)
{
    return buffer->kind->of_gpu;
}

#endif
