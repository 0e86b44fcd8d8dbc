/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MCB_TESTS_UNIT_FAKE_GPU_H
#define MCB_TESTS_UNIT_FAKE_GPU_H

/*
 * Memory of a GPU for tests of staging: host memory whose copiers are late on purpose, a slot every
 * few looks. A copy spoils its destination when it is started and, where it goes into the GPU, its
 * source when it is done: bytes that are used too early or too late are then wrong.
 */

#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "common/clock.h"
#include "common/memory.h"

enum { FAKE_GPU_LOOKS = 3, FAKE_GPU_SPOILT = 0xee };

/* What the test does to all copiers, and sees of them. */
struct fake_gpu {
    _Atomic int64_t late_until_ns; /* nothing is done before */
    _Atomic uint64_t fail_after;   /* slots, of all copiers together; then every call fails */
    _Atomic uint64_t slots;        /* copied */
    _Atomic uint64_t spoilt;       /* of them that came in spoilt */
};

static struct fake_gpu fake_gpu;

struct mcb_copier {
    struct mcb_area to, from;
    bool into_gpu;
    uint32_t *queue; /* slots, in a ring of as many as there are */
    uint64_t started, done, looks;
};

static inline void fake_gpu_reset(void)
{
    atomic_store(&fake_gpu.late_until_ns, 0);
    atomic_store(&fake_gpu.fail_after, UINT64_MAX);
    atomic_store(&fake_gpu.slots, 0);
    atomic_store(&fake_gpu.spoilt, 0);
}

static inline int fake_gpu_open(const struct mcb_buffer *buffer, const struct mcb_area *to,
                                const struct mcb_area *from, struct mcb_copier **copier,
                                struct mcb_error *error)
{
    (void)error;
    const uint8_t *begin = buffer->address;
    struct mcb_copier *opened = calloc(1, sizeof *opened);
    opened->to = *to;
    opened->from = *from;
    opened->into_gpu = to->base >= begin && to->base < begin + buffer->length_bytes;
    opened->queue = calloc(to->slots, sizeof *opened->queue);
    *copier = opened;
    return 0;
}

static inline int fake_gpu_copy(struct mcb_copier *copier, uint32_t first, uint32_t count,
                                struct mcb_error *error)
{
    if (first + count > copier->to.slots ||
        copier->started - copier->done + count > copier->to.slots)
        return mcb_error_set(error, MCB_FAULT_GPU_CALL, "slots %u and %u more cannot be copied now",
                             first, count);
    for (uint32_t slot = first; slot < first + count; slot++) {
        copier->queue[copier->started++ % copier->to.slots] = slot;
        memset(mcb_area_slot(&copier->to, slot), FAKE_GPU_SPOILT, copier->to.slot_bytes);
    }
    return 0;
}

/* No pattern has eight such bytes in a row. */
static inline bool fake_gpu_is_spoilt(const uint8_t *bytes, size_t size)
{
    uint8_t spoilt[8];
    memset(spoilt, FAKE_GPU_SPOILT, sizeof spoilt);
    return memmem(bytes, size, spoilt, sizeof spoilt) != NULL;
}

static inline void fake_gpu_copy_one(struct mcb_copier *copier)
{
    uint32_t slot = copier->queue[copier->done++ % copier->to.slots];
    uint8_t *from = mcb_area_slot(&copier->from, slot);
    memcpy(mcb_area_slot(&copier->to, slot), from, copier->to.slot_bytes);
    if (copier->into_gpu) {
        atomic_fetch_add(&fake_gpu.spoilt, fake_gpu_is_spoilt(from, copier->from.slot_bytes));
        memset(from, FAKE_GPU_SPOILT, copier->from.slot_bytes);
    }
    atomic_fetch_add(&fake_gpu.slots, 1);
}

static inline int fake_gpu_done(struct mcb_copier *copier, uint64_t *slots, struct mcb_error *error)
{
    if (atomic_load(&fake_gpu.slots) >= atomic_load(&fake_gpu.fail_after))
        return mcb_error_set(error, MCB_FAULT_GPU_CALL, "the copier is out of order");
    if (copier->done < copier->started && ++copier->looks % FAKE_GPU_LOOKS == 0 &&
        mcb_clock_ns() >= atomic_load(&fake_gpu.late_until_ns))
        fake_gpu_copy_one(copier);
    *slots = copier->done;
    return 0;
}

static inline void fake_gpu_close(struct mcb_copier *copier)
{
    if (!copier)
        return;
    free(copier->queue);
    free(copier);
}

static const struct mcb_memory fake_gpu_memory = {
    .of_gpu = true,
    .copier_open = fake_gpu_open,
    .copier_copy = fake_gpu_copy,
    .copier_done = fake_gpu_done,
    .copier_close = fake_gpu_close,
};

#endif
