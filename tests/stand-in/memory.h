/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MCB_STAND_IN_MEMORY_H
#define MCB_STAND_IN_MEMORY_H

/*
 * Memory of stand-in GPUs: memfds, mapped at the address that is handed out, which NICs and callers
 * see, and at one that the module alone uses.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/fault.h"

struct mcb_stand_in_memory {
    unsigned gpu;
    size_t bytes;
    uint64_t most_bytes; /* of the GPU, for all of its memory */
    /* What is handed out has no access rights: the kernel gives a NIC no page of it. */
    bool register_fails;
    /* What is handed out is other memory than the module's. */
    bool unreachable;
    /* The same; but what the module writes goes to both of them, and what a NIC wrote comes by
     * mcb_stand_in_memory_flush(). */
    bool flush_wanted;
};

/* The module's own way to bytes that a caller names. */
struct mcb_stand_in_place {
    bool of_gpu;
    uint8_t *own;
    uint8_t *behind; /* where what is written must go as well; NULL: nowhere */
};

/* The address is a multiple of 64 KiB. Fault: GPU_MEMORY. */
int mcb_stand_in_memory_allocate(const struct mcb_stand_in_memory *memory, void **address,
                                 struct mcb_error *error);
void mcb_stand_in_memory_release(unsigned gpu, void *address);
void mcb_stand_in_memory_release_all(void);

/* Host memory is where its address says. Fault: GPU_CALL if it is another GPU's, or not in one
 * piece. */
int mcb_stand_in_memory_locate(unsigned gpu, const void *address, size_t bytes,
                               struct mcb_stand_in_place *place, struct mcb_error *error);

void mcb_stand_in_memory_flush(unsigned gpu);

/* A descriptor of the memory that is handed out: no dma-buf. Fault: GPU_EXPORT. */
int mcb_stand_in_memory_export(unsigned gpu, void *address, size_t bytes, int *fd,
                               struct mcb_error *error);

bool mcb_stand_in_overlaps(const void *a, size_t a_bytes, const void *b, size_t b_bytes);
bool mcb_stand_in_is_within(const void *inner, size_t inner_bytes, const void *outer,
                            size_t outer_bytes);

#endif
