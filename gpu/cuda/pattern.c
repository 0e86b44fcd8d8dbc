/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Fill, poison and check of an area by kernels. An area is worked through in pieces of whole slots;
 * between two of them whoever wants to stop is heard. A check sends back one small result a piece.
 *
 * A check needs memory of its own on the GPU. It is kept from one check to the next, as allocating
 * it takes longer than checking, and one check at a time uses it.
 */
#include <pthread.h>
#include <stdlib.h>

#include "gpu/cuda/kernels.h"
#include "gpu/cuda/runtime.h"

/* On the GPU in this order; result and marks lie together, to be zeroed at once. */
enum {
    RESULT_BYTES = 256,
    MARKS_BYTES = MCB_PATTERN_SLOTS_MAX / 8,
    TALLIES_BYTES = MCB_CUDA_WINDOW_SLOTS * sizeof(struct mcb_cuda_tally),
    SCRATCH_BYTES = RESULT_BYTES + MARKS_BYTES + TALLIES_BYTES
};
_Static_assert(sizeof(struct mcb_cuda_result) <= RESULT_BYTES, "the result fits its place");

struct scratch {
    pthread_mutex_t lock;
    uint8_t *memory;              /* of the GPU; NULL: none yet */
    struct mcb_cuda_result *host; /* pinned, where the result comes to */
};

/* The table of functions has no place for it. */
static struct {
    pthread_mutex_t lock; /* of `opened`; the rest is constant while it is open */
    unsigned opened;
    struct scratch *list;
    unsigned count;
} scratches = {.lock = PTHREAD_MUTEX_INITIALIZER};

static int make_list(unsigned gpus, struct mcb_error *error)
{
    struct scratch *list = calloc(gpus, sizeof *list);
    if (!list)
        return mcb_error_set(error, MCB_FAULT_HOST_MEMORY, "no memory for %u GPUs", gpus);
    for (unsigned gpu = 0; gpu < gpus; gpu++)
        pthread_mutex_init(&list[gpu].lock, NULL);
    scratches.list = list;
    scratches.count = gpus;
    return 0;
}

int mcb_cuda_pattern_open(unsigned gpus, struct mcb_error *error)
{
    pthread_mutex_lock(&scratches.lock);
    int status = scratches.opened > 0 ? 0 : make_list(gpus, error);
    if (status == 0)
        scratches.opened++;
    pthread_mutex_unlock(&scratches.lock);
    return status;
}

static void free_list(void)
{
    for (unsigned gpu = 0; gpu < scratches.count; gpu++) {
        struct scratch *scratch = &scratches.list[gpu];
        pthread_mutex_destroy(&scratch->lock);
        if (!scratch->memory)
            continue;
        mcb_cuda_enter_to_release(gpu);
        cudaFreeHost(scratch->host);
        cudaFree(scratch->memory);
        cudaGetLastError();
    }
    free(scratches.list);
    scratches.list = NULL;
    scratches.count = 0;
}

void mcb_cuda_pattern_close(void)
{
    pthread_mutex_lock(&scratches.lock);
    if (--scratches.opened == 0)
        free_list();
    pthread_mutex_unlock(&scratches.lock);
}

static int scratch_ready(unsigned gpu, struct scratch *scratch, struct mcb_error *error)
{
    void *memory, *host;
    if (scratch->memory)
        return 0;
    cudaError_t result = cudaMalloc(&memory, SCRATCH_BYTES);
    if (result != cudaSuccess)
        return mcb_cuda_fail(error, MCB_FAULT_GPU_MEMORY, gpu, "cudaMalloc for a check", result);
    result = cudaMallocHost(&host, sizeof *scratch->host);
    if (result != cudaSuccess) {
        cudaFree(memory);
        return mcb_cuda_fail(error, MCB_FAULT_GPU_MEMORY, gpu, "cudaMallocHost for a check",
                             result);
    }
    scratch->memory = memory;
    scratch->host = host;
    return 0;
}

/* An area as its owner describes it, on the way through a GPU. */
struct run {
    unsigned gpu, processors;
    const struct mcb_area *area;
    struct mcb_cuda_work work;
    uint32_t piece_slots;
    struct mcb_error *error;
};

static int run_start(struct run *run, uint64_t key, uint16_t generation)
{
    const struct mcb_area *area = run->area;
    int processors = 0;
    if (mcb_cuda_enter(run->gpu, run->error))
        return -1;
    /* What a kernel cannot do would end every later call on this GPU too. */
    if (area->slot_bytes == 0 || area->slot_bytes > MCB_PATTERN_SIZE_MAX ||
        area->stride_bytes != mcb_area_stride(area->slot_bytes) ||
        area->slots > MCB_PATTERN_SLOTS_MAX || (uintptr_t)area->base % MCB_CUDA_CHUNK_BYTES != 0)
        return mcb_error_set(run->error, MCB_FAULT_GPU_CALL,
                             "cuda:%u: an area of %u slots of %zu bytes every %zu at %p is none "
                             "that the pattern can fill",
                             run->gpu, area->slots, area->slot_bytes, area->stride_bytes,
                             (void *)area->base);
    cudaError_t result =
        cudaDeviceGetAttribute(&processors, cudaDevAttrMultiProcessorCount, (int)run->gpu);
    if (result != cudaSuccess)
        return mcb_cuda_fail(run->error, MCB_FAULT_GPU_CALL, run->gpu, "cudaDeviceGetAttribute",
                             result);
    run->processors = processors > 0 ? (unsigned)processors : 1;
    run->piece_slots = (uint32_t)(MCB_CUDA_PIECE_BYTES / area->stride_bytes);
    run->work.area =
        (struct mcb_pattern_slot){.key = key,
                                  .generation = generation,
                                  .base = area->base,
                                  .stride_bytes = area->stride_bytes,
                                  .slots = area->slots,
                                  .words = area->slot_bytes / MCB_PATTERN_WORD_BYTES,
                                  .tail_bytes = area->slot_bytes % MCB_PATTERN_WORD_BYTES};
    return 0;
}

/* False when there is none left, or somebody wants to stop. */
static bool run_next_piece(struct run *run)
{
    struct mcb_cuda_work *work = &run->work;
    work->first += work->count;
    uint32_t left = run->area->slots - work->first;
    work->count = left < run->piece_slots ? left : run->piece_slots;
    return left > 0 && !mcb_area_is_stopped(run->area);
}

static int run_launch(struct run *run, enum mcb_cuda_kernel kernel,
                      const struct mcb_cuda_work *work)
{
    cudaError_t result = mcb_cuda_launch(kernel, work, run->processors, cudaStreamPerThread);
    if (result != cudaSuccess)
        return mcb_cuda_fail(run->error, MCB_FAULT_GPU_CALL, run->gpu, "the start of a kernel",
                             result);
    return 0;
}

static int run_wait(struct run *run)
{
    cudaError_t result = cudaStreamSynchronize(cudaStreamPerThread);
    if (result != cudaSuccess)
        return mcb_cuda_fail(run->error, MCB_FAULT_GPU_CALL, run->gpu, "a kernel", result);
    return 0;
}

static int run_zero(struct run *run, void *memory, size_t bytes)
{
    cudaError_t result = cudaMemsetAsync(memory, 0, bytes, cudaStreamPerThread);
    if (result != cudaSuccess)
        return mcb_cuda_fail(run->error, MCB_FAULT_GPU_CALL, run->gpu, "cudaMemsetAsync", result);
    return 0;
}

static int run_fetch(struct run *run, struct mcb_cuda_result *host)
{
    cudaError_t result = cudaMemcpyAsync(host, run->work.result, sizeof *host,
                                         cudaMemcpyDeviceToHost, cudaStreamPerThread);
    if (result != cudaSuccess)
        return mcb_cuda_fail(run->error, MCB_FAULT_GPU_CALL, run->gpu, "cudaMemcpyAsync", result);
    return run_wait(run);
}

static int write_area(unsigned gpu, enum mcb_cuda_kernel kernel, uint64_t key, uint16_t generation,
                      const struct mcb_area *area, struct mcb_error *error)
{
    struct run run = {.gpu = gpu, .area = area, .error = error};
    if (run_start(&run, key, generation))
        return -1;
    while (run_next_piece(&run))
        if (run_launch(&run, kernel, &run.work) || run_wait(&run))
            return -1;
    return 0;
}

int mcb_cuda_fill(unsigned gpu, const struct mcb_pattern *pattern, const struct mcb_area *area,
                  struct mcb_error *error)
{
    return write_area(gpu, MCB_CUDA_FILL, pattern->key, pattern->generation, area, error);
}

int mcb_cuda_poison(unsigned gpu, uint64_t key, const struct mcb_area *area,
                    struct mcb_error *error)
{
    return write_area(gpu, MCB_CUDA_POISON, key, 0, area, error);
}

/* Windows start at multiples of their size in the piece, so that their marks start with a word. */
static int judge_piece(struct run *run)
{
    struct mcb_cuda_work window = run->work;
    for (uint32_t done = 0; done < run->work.count; done += MCB_CUDA_WINDOW_SLOTS) {
        uint32_t left = run->work.count - done;
        window.first = run->work.first + done;
        window.count = left < MCB_CUDA_WINDOW_SLOTS ? left : MCB_CUDA_WINDOW_SLOTS;
        window.marks = run->work.marks + done / MCB_CUDA_BITS;
        if (run_zero(run, window.tallies, window.count * sizeof *window.tallies) ||
            run_launch(run, MCB_CUDA_JUDGE, &window) ||
            run_launch(run, MCB_CUDA_VERDICT, &window) || run_launch(run, MCB_CUDA_FIRST, &window))
            return -1;
    }
    return 0;
}

static void add_result(const struct run *run, const struct mcb_cuda_result *result,
                       struct mcb_pattern_report *report)
{
    report->checked_bytes += (uint64_t)run->work.count * run->area->slot_bytes;
    report->messages[MCB_CORRUPTION_NONE] += run->work.count - result->wrong;
    if (result->wrong == 0)
        return;
    report->corrupt_bytes += result->corrupt_bytes;
    for (int kind = MCB_CORRUPTION_NONE + 1; kind < MCB_CORRUPTION_KINDS; kind++)
        report->messages[kind] += result->messages[kind];
    if (report->first_kind != MCB_CORRUPTION_NONE)
        return;
    report->first_kind = (enum mcb_corruption)result->first_kind;
    report->first_slot = UINT32_MAX - result->first_inverse;
    report->first_offset_bytes = result->first_offset_bytes;
    report->first_expected = result->first_expected;
    report->first_found = result->first_found;
}

static int check_piece(struct run *run, struct mcb_cuda_result *host)
{
    size_t marks_bytes = (run->work.count + MCB_CUDA_BITS - 1) / MCB_CUDA_BITS * sizeof(uint32_t);
    if (run_zero(run, run->work.result, RESULT_BYTES + marks_bytes) ||
        run_launch(run, MCB_CUDA_COMPARE, &run->work) || run_fetch(run, host))
        return -1;
    return host->wrong == 0 ? 0 : judge_piece(run) || run_fetch(run, host) ? -1 : 0;
}

static int check_area(struct run *run, struct scratch *scratch, struct mcb_pattern_report *report)
{
    if (scratch_ready(run->gpu, scratch, run->error))
        return -1;
    run->work.result = (struct mcb_cuda_result *)scratch->memory;
    run->work.marks = (uint32_t *)(scratch->memory + RESULT_BYTES);
    run->work.tallies = (struct mcb_cuda_tally *)(scratch->memory + RESULT_BYTES + MARKS_BYTES);
    while (run_next_piece(run)) {
        if (check_piece(run, scratch->host))
            return -1;
        add_result(run, scratch->host, report);
    }
    return 0;
}

int mcb_cuda_check(unsigned gpu, const struct mcb_pattern *pattern, const struct mcb_area *area,
                   struct mcb_pattern_report *report, struct mcb_error *error)
{
    struct run run = {.gpu = gpu, .area = area, .error = error};
    if (run_start(&run, pattern->key, pattern->generation))
        return -1;
    struct scratch *scratch = &scratches.list[gpu];
    pthread_mutex_lock(&scratch->lock);
    int status = check_area(&run, scratch, report);
    pthread_mutex_unlock(&scratch->lock);
    return status;
}
