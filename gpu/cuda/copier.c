/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A copier is a stream of its own and a ring of events. Each copy is followed by an event that
 * stands for the slots copied up to it; asking how many are done takes the events off the ring that
 * have come to pass. When the ring is full the newest event is moved behind the new copy instead:
 * nothing waits, and nothing is allocated.
 */
#include <stdlib.h>

#include "gpu/cuda/runtime.h"

enum { EVENTS = 64 };

struct mcb_gpu_copier {
    unsigned gpu;
    struct mcb_area to, from;
    cudaStream_t stream;
    cudaEvent_t events[EVENTS];
    uint64_t slots_at[EVENTS]; /* copied once the event has come to pass */
    unsigned made;             /* events that exist */
    unsigned oldest, waiting;  /* in the ring */
    uint64_t started, done;    /* slots */
};

void mcb_cuda_copier_close(struct mcb_gpu_copier *copier)
{
    if (!copier)
        return;
    mcb_cuda_enter_to_release(copier->gpu);
    if (copier->stream)
        cudaStreamSynchronize(copier->stream);
    while (copier->made > 0)
        cudaEventDestroy(copier->events[--copier->made]);
    if (copier->stream)
        cudaStreamDestroy(copier->stream);
    cudaGetLastError();
    free(copier);
}

static int make_parts(struct mcb_gpu_copier *copier, struct mcb_error *error)
{
    cudaError_t result = cudaStreamCreateWithFlags(&copier->stream, cudaStreamNonBlocking);
    if (result != cudaSuccess) {
        copier->stream = NULL;
        return mcb_cuda_fail(error, MCB_FAULT_GPU_CALL, copier->gpu, "cudaStreamCreateWithFlags",
                             result);
    }
    for (; copier->made < EVENTS; copier->made++) {
        result = cudaEventCreateWithFlags(&copier->events[copier->made], cudaEventDisableTiming);
        if (result != cudaSuccess)
            return mcb_cuda_fail(error, MCB_FAULT_GPU_CALL, copier->gpu, "cudaEventCreateWithFlags",
                                 result);
    }
    return 0;
}

int mcb_cuda_copier_open(unsigned gpu, const struct mcb_area *to, const struct mcb_area *from,
                         struct mcb_gpu_copier **copier, struct mcb_error *error)
{
    if (mcb_cuda_enter(gpu, error))
        return -1;
    if (to->slot_bytes != from->slot_bytes || to->slot_bytes == 0)
        return mcb_error_set(error, MCB_FAULT_GPU_CALL,
                             "cuda:%u: slots of %zu bytes cannot be copied to slots of %zu", gpu,
                             from->slot_bytes, to->slot_bytes);
    struct mcb_gpu_copier *made = calloc(1, sizeof *made);
    if (!made)
        return mcb_error_set(error, MCB_FAULT_HOST_MEMORY, "no memory for a copier");
    made->gpu = gpu;
    made->to = *to;
    made->from = *from;
    if (make_parts(made, error)) {
        mcb_cuda_copier_close(made);
        return -1;
    }
    *copier = made;
    return 0;
}

static cudaError_t start_copy(struct mcb_gpu_copier *copier, uint32_t first, uint32_t count)
{
    const struct mcb_area *to = &copier->to, *from = &copier->from;
    void *target = mcb_area_slot(to, first);
    const void *source = mcb_area_slot(from, first);
    size_t slot_bytes = to->slot_bytes;
    if (count == 1 || (to->stride_bytes == slot_bytes && from->stride_bytes == slot_bytes))
        return cudaMemcpyAsync(target, source, count * slot_bytes, cudaMemcpyDefault,
                               copier->stream);
    return cudaMemcpy2DAsync(target, to->stride_bytes, source, from->stride_bytes, slot_bytes,
                             count, cudaMemcpyDefault, copier->stream);
}

int mcb_cuda_copier_copy(struct mcb_gpu_copier *copier, uint32_t first, uint32_t count,
                         struct mcb_error *error)
{
    uint32_t slots = copier->to.slots < copier->from.slots ? copier->to.slots : copier->from.slots;
    if (first > slots || count > slots - first)
        return mcb_error_set(error, MCB_FAULT_GPU_CALL,
                             "cuda:%u: a copy of %u slots from slot %u on, of %u", copier->gpu,
                             count, first, slots);
    if (count == 0)
        return 0;
    if (mcb_cuda_enter(copier->gpu, error))
        return -1;
    cudaError_t result = start_copy(copier, first, count);
    if (result != cudaSuccess)
        return mcb_cuda_fail(error, MCB_FAULT_GPU_CALL, copier->gpu, "cudaMemcpyAsync", result);
    unsigned ahead = copier->waiting < EVENTS ? copier->waiting : EVENTS - 1;
    unsigned place = (copier->oldest + ahead) % EVENTS;
    result = cudaEventRecord(copier->events[place], copier->stream);
    if (result != cudaSuccess)
        return mcb_cuda_fail(error, MCB_FAULT_GPU_CALL, copier->gpu, "cudaEventRecord", result);
    copier->started += count;
    copier->slots_at[place] = copier->started;
    copier->waiting = ahead + 1;
    return 0;
}

int mcb_cuda_copier_done(struct mcb_gpu_copier *copier, uint64_t *slots, struct mcb_error *error)
{
    if (mcb_cuda_enter(copier->gpu, error))
        return -1;
    while (copier->waiting > 0) {
        cudaError_t result = cudaEventQuery(copier->events[copier->oldest]);
        if (result == cudaErrorNotReady)
            break;
        if (result != cudaSuccess)
            return mcb_cuda_fail(error, MCB_FAULT_GPU_CALL, copier->gpu, "a copy", result);
        copier->done = copier->slots_at[copier->oldest];
        copier->oldest = (copier->oldest + 1) % EVENTS;
        copier->waiting--;
    }
    *slots = copier->done;
    return 0;
}
