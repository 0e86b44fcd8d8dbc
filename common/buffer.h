/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MCB_COMMON_BUFFER_H
#define MCB_COMMON_BUFFER_H

/*
 * Memory that a NIC may be given, and the slots that messages occupy in it.
 *
 * A buffer says where memory lies, in Mooncake's location names ("cpu:0", "cuda:0"). It is the only
 * thing that crosses from the code that allocates memory (host, GPU) to the code that moves it.
 * An area is a run of equal slots inside a buffer: message k of queue pair q lies in slot
 * q * depth + k % depth, so that all messages in flight have memory of their own.
 */

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/fault.h"
#include "common/placement.h"

enum { MCB_LOCATION_MAX = 32 };

struct mcb_memory;

struct mcb_buffer {
    void *address;                  /* a multiple of page_bytes */
    size_t length_bytes;            /* a multiple of page_bytes */
    size_t page_bytes;              /* the size of its pages; of a GPU: MCB_GPU_PAGE_BYTES */
    char memory[MCB_LOCATION_MAX];  /* "cpu:N" or "cuda:N" */
    struct mcb_placement placement; /* of host memory: where its pages were once touched */
    const struct mcb_memory *kind;  /* what can be done with it (common/memory.h); never NULL */
    void *owner;                    /* of a GPU's memory: its struct mcb_gpus */
    unsigned gpu;                   /* and its index there */
};

struct mcb_area {
    uint8_t *base;
    size_t slot_bytes;   /* payload of a slot = the message size */
    size_t stride_bytes; /* distance of two slots: slot_bytes rounded up to 64 */
    uint32_t slots;
    const atomic_bool *stop; /* while true, work on it ends after the slot under way; NULL: never */
};

/* Allocates zeroed host memory and touches every page. numa_node -1: wherever the caller runs; else
 * on that node where the kernel can, which mcb_placement_check() tells. huge_pages: of the kernel's
 * default size. The memory is named after the node that most of it lies on; where that is not
 * known, after the one that was asked for, or that the caller ran on. On success the caller owns
 * the buffer. Faults: HOST_MEMORY; HOST_HUGE_PAGES; USE_VALUE if there is no such node. */
int mcb_buffer_allocate(struct mcb_buffer *buffer, size_t length_bytes, int numa_node,
                        bool huge_pages, struct mcb_error *error);

/* What a buffer of so many bytes takes: a multiple of the size of its pages. */
size_t mcb_buffer_rounded_bytes(size_t length_bytes, bool huge_pages);

/* USE_VALUE, with those that there are, if this host has no such NUMA node. */
int mcb_buffer_check_node(int numa_node, struct mcb_error *error);

/* Frees memory of any kind; harmless on a zeroed struct and when called twice. */
void mcb_buffer_free(struct mcb_buffer *buffer);

/* Distance between two slots for messages of size_bytes. */
static inline size_t mcb_area_stride(size_t size_bytes)
{
    return (size_bytes + 63) & ~(size_t)63;
}

/* A large area takes seconds: whoever is interrupted does not wait for its end. */
static inline bool mcb_area_is_stopped(const struct mcb_area *area)
{
    return area->stop && atomic_load_explicit(area->stop, memory_order_relaxed);
}

static inline uint8_t *mcb_area_slot(const struct mcb_area *area, uint32_t slot)
{
    return area->base + (size_t)slot * area->stride_bytes;
}

#endif
