/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Fill, poison and check on the GPU, as fast as its memory.
 *
 * The slots of a piece lie one after the other, so a piece is one run of chunks of 16 bytes,
 * whatever the size of its messages: threads side by side take chunks side by side. A thread knows
 * slot and word of a chunk from one division a tile and goes on from there by adding. On an H100 a
 * word costs about 32 instructions to write and 35 to check, most of them of the two
 * multiplications of 64 bits: 40 % of what its processors can issue in the time in which its memory
 * moves the word.
 *
 * No thread waits for another, and none looks at what another holds: no shared memory, no barrier,
 * no shuffle. So the same text also runs on a CPU, one thread after the other (tests/cuda/).
 */
#include "gpu/cuda/kernels.h"

namespace
{

enum : uint32_t {
    THREADS = 256,
    CHUNKS = 4,               /* of a thread in a tile: as many loads under way at once */
    TILE = THREADS * CHUNKS,  /* chunks */
    BLOCKS_PER_PROCESSOR = 32 /* four times what runs at once, so that the last ones end together */
};

/* Where a thread is: chunk n of the piece is chunk `index` of the slot first + slot. */
struct cursor {
    uint32_t n, slot, index;
};

__host__ __device__ inline uint32_t chunks_per_slot(const mcb_cuda_work &work)
{
    return (uint32_t)(work.area.stride_bytes / MCB_CUDA_CHUNK_BYTES);
}

__device__ inline cursor cursor_at(uint32_t n, uint32_t per_slot)
{
    return {n, n / per_slot, n % per_slot};
}

__device__ inline void cursor_step(cursor &c, uint32_t per_slot, uint32_t slots, uint32_t rest)
{
    c.n += THREADS;
    c.slot += slots;
    c.index += rest;
    if (c.index >= per_slot) {
        c.index -= per_slot;
        c.slot++;
    }
}

/* Calls visit(cursors) for each tile of this thread's block; those past the end have a slot of
 * `count` or more. */
template <typename Visit>
__device__ inline void for_each_tile(const mcb_cuda_work &work, Visit visit)
{
    const uint32_t per_slot = chunks_per_slot(work);
    const uint32_t tiles = (work.count * per_slot + TILE - 1) / TILE;
    const uint32_t slots = THREADS / per_slot, rest = THREADS % per_slot;
    for (uint32_t tile = blockIdx.x; tile < tiles; tile += gridDim.x) {
        cursor at[CHUNKS];
        at[0] = cursor_at(tile * TILE + threadIdx.x, per_slot);
#pragma unroll
        for (uint32_t i = 1; i < CHUNKS; i++) {
            at[i] = at[i - 1];
            cursor_step(at[i], per_slot, slots, rest);
        }
        visit(at);
    }
}

__device__ inline uint8_t *piece_of(const mcb_cuda_work &work)
{
    return const_cast<uint8_t *>(work.area.base) + (size_t)work.first * work.area.stride_bytes;
}

__device__ inline uint8_t *bytes_of(const mcb_cuda_work &work, const cursor &c)
{
    return piece_of(work) + (size_t)c.n * MCB_CUDA_CHUNK_BYTES;
}

/* What both words of a chunk share. The second differs from the first in the lowest bit. */
__device__ inline uint64_t base_of(const mcb_cuda_work &work, uint16_t generation, const cursor &c)
{
    return mcb_pattern_base(work.area.key, generation, work.first + c.slot) ^ (c.index * 2);
}

/* Chunks of a slot that hold nothing but the message, and those that hold any of it. */
__device__ inline uint32_t whole_chunks(const mcb_cuda_work &work)
{
    return (uint32_t)(work.area.words / 2);
}

__device__ inline uint32_t message_chunks(const mcb_cuda_work &work)
{
    return (uint32_t)((mcb_pattern_message_words(&work.area) + 1) / 2);
}

__device__ inline void store_chunk(uint8_t *bytes, uint64_t base)
{
    ulonglong2 words;
    words.x = mcb_pattern_mix(base);
    words.y = mcb_pattern_mix(base ^ 1);
    __stcs(reinterpret_cast<ulonglong2 *>(bytes), words);
}

/* The chunk in which the message ends: nothing is written behind its end. */
__device__ void fill_end(const mcb_cuda_work &work, const cursor &c)
{
    const mcb_pattern_slot &area = work.area;
    const uint32_t slot = work.first + c.slot;
    for (uint32_t i = 0; i < 2; i++) {
        const size_t word = c.index * 2 + i;
        uint8_t *bytes = bytes_of(work, c) + i * MCB_PATTERN_WORD_BYTES;
        if (word < area.words)
            mcb_pattern_store(bytes, mcb_pattern_whole_word(area.key, area.generation, slot, word));
        if (word != area.words)
            continue;
        const uint64_t tail = mcb_pattern_tail_word(area.key, area.generation, slot, word);
        for (uint32_t byte = 0; byte < area.tail_bytes; byte++)
            bytes[byte] = (uint8_t)(tail >> (8 * byte));
    }
}

__global__ void __launch_bounds__(THREADS) fill(const mcb_cuda_work work)
{
    const uint32_t whole = whole_chunks(work), end = message_chunks(work);
    for_each_tile(work, [&](const cursor *at) {
#pragma unroll
        for (uint32_t i = 0; i < CHUNKS; i++) {
            if (at[i].slot >= work.count || at[i].index >= end)
                continue;
            if (at[i].index < whole)
                store_chunk(bytes_of(work, at[i]), base_of(work, work.area.generation, at[i]));
            else
                fill_end(work, at[i]);
        }
    });
}

__global__ void __launch_bounds__(THREADS) poison(const mcb_cuda_work work)
{
    const bool tail = work.area.tail_bytes != 0;
    const uint32_t words = (uint32_t)work.area.words;
    for_each_tile(work, [&](const cursor *at) {
#pragma unroll
        for (uint32_t i = 0; i < CHUNKS; i++) {
            if (at[i].slot >= work.count)
                continue;
            uint8_t *bytes = bytes_of(work, at[i]);
            store_chunk(bytes, base_of(work, 0, at[i]));
            if (tail && at[i].index == words / 2)
                mcb_pattern_store(
                    bytes + words % 2 * MCB_PATTERN_WORD_BYTES,
                    mcb_pattern_tail_word(work.area.key, 0, work.first + at[i].slot, words));
        }
    });
}

__device__ inline bool is_marked(const mcb_cuda_work &work, uint32_t slot)
{
    return work.marks[slot / MCB_CUDA_BITS] >> slot % MCB_CUDA_BITS & 1;
}

__device__ void mark(const mcb_cuda_work &work, uint32_t slot)
{
    const uint32_t bit = (uint32_t)1 << slot % MCB_CUDA_BITS;
    if ((atomicOr(&work.marks[slot / MCB_CUDA_BITS], bit) & bit) == 0)
        atomicAdd(&work.result->wrong, 1U);
}

/* The chunk in which the message ends. */
__device__ uint64_t end_differs(const mcb_cuda_work &work, const cursor &c, ulonglong2 found)
{
    mcb_pattern_slot area = work.area;
    area.slot = work.first + c.slot;
    return (found.x ^ mcb_pattern_expected(&area, c.index * 2)) |
           (found.y ^ mcb_pattern_expected(&area, c.index * 2 + 1));
}

/* Both words are of the message (its generation) or both of the gap (0), so that they share most of
 * the way through the mixer. */
__device__ inline uint64_t chunk_differs(const mcb_cuda_work &work, uint16_t generation,
                                         const cursor &c, ulonglong2 found)
{
    const uint64_t base = base_of(work, generation, c);
    return (found.x ^ mcb_pattern_mix(base)) | (found.y ^ mcb_pattern_mix(base ^ 1));
}

__global__ void __launch_bounds__(THREADS) compare(const mcb_cuda_work work)
{
    const uint32_t whole = whole_chunks(work), end = message_chunks(work);
    for_each_tile(work, [&](const cursor *at) {
        ulonglong2 found[CHUNKS];
#pragma unroll
        for (uint32_t i = 0; i < CHUNKS; i++)
            if (at[i].slot < work.count)
                found[i] = __ldcs(reinterpret_cast<const ulonglong2 *>(bytes_of(work, at[i])));
#pragma unroll
        for (uint32_t i = 0; i < CHUNKS; i++) {
            const uint32_t index = at[i].index;
            if (at[i].slot >= work.count)
                continue;
            const uint64_t difference =
                index >= whole && index < end
                    ? end_differs(work, at[i], found[i])
                    : chunk_differs(work, index < whole ? work.area.generation : 0, at[i],
                                    found[i]);
            if (difference != 0)
                mark(work, at[i].slot);
        }
    });
}

/* What a thread has found in the slot where it is. */
struct local_tally {
    mcb_pattern_slot slot;
    mcb_pattern_tally words;
    uint32_t first_inverse;
};

__device__ void judge_chunk(local_tally &local, uint32_t chunk)
{
    for (uint32_t word = chunk * 2; word < chunk * 2 + 2; word++) {
        const uint64_t difference = mcb_pattern_expected(&local.slot, word) ^
                                    mcb_pattern_found(&local.slot, local.slot.slot, word);
        uint32_t byte = 0;
        if (word < mcb_pattern_message_words(&local.slot))
            mcb_word_judge(&local.slot, word, &local.words);
        local.words.corrupt_bytes += mcb_word_differing_bytes(difference, &byte);
        const uint32_t inverse = UINT32_MAX - (word * MCB_PATTERN_WORD_BYTES + byte);
        if (difference != 0 && inverse > local.first_inverse)
            local.first_inverse = inverse;
    }
}

__device__ void add_to(uint32_t *sum, uint32_t count)
{
    if (count != 0)
        atomicAdd(sum, count);
}

__device__ void hand_in(mcb_cuda_tally *tally, const local_tally &local)
{
    for (uint32_t i = 0; i < MCB_WORD_CLASSES; i++)
        add_to(&tally->words.counts[i], local.words.counts[i]);
    add_to(&tally->words.alone, local.words.alone);
    add_to(&tally->words.corrupt_bytes, local.words.corrupt_bytes);
    atomicMax(&tally->first_inverse, local.first_inverse);
}

/* A thread stays in one slot where slots are large, so that many add to the same tally seldom. */
__global__ void __launch_bounds__(THREADS) judge(const mcb_cuda_work work)
{
    local_tally local = {};
    bool any = false;
    local.slot = work.area;
    for_each_tile(work, [&](const cursor *at) {
        for (uint32_t i = 0; i < CHUNKS; i++) {
            if (at[i].slot >= work.count || !is_marked(work, at[i].slot))
                continue;
            if (any && local.slot.slot != work.first + at[i].slot) {
                hand_in(&work.tallies[local.slot.slot - work.first], local);
                local.words = {};
                local.first_inverse = 0;
            }
            any = true;
            local.slot.slot = work.first + at[i].slot;
            judge_chunk(local, at[i].index);
        }
    });
    if (any)
        hand_in(&work.tallies[local.slot.slot - work.first], local);
}

__global__ void __launch_bounds__(THREADS) verdict(const mcb_cuda_work work)
{
    for (uint32_t slot = blockIdx.x * THREADS + threadIdx.x; slot < work.count;
         slot += gridDim.x * THREADS) {
        if (!is_marked(work, slot))
            continue;
        const mcb_cuda_tally &tally = work.tallies[slot];
        atomicAdd(&work.result->messages[mcb_pattern_verdict(&tally.words)], 1U);
        atomicAdd(&work.result->corrupt_bytes,
                  (unsigned long long)mcb_pattern_corrupt_bytes(&tally.words));
        atomicMax(&work.result->first_inverse, UINT32_MAX - (work.first + slot));
    }
}

/* Windows come in the order of their slots: the first with a wrong slot holds the first. */
__global__ void first(const mcb_cuda_work work)
{
    mcb_cuda_result *result = work.result;
    if (result->first_kind != MCB_CORRUPTION_NONE || result->first_inverse == 0)
        return;
    mcb_pattern_slot area = work.area;
    area.slot = UINT32_MAX - result->first_inverse;
    const mcb_cuda_tally &tally = work.tallies[area.slot - work.first];
    const uint32_t offset = tally.first_inverse == 0 ? 0 : UINT32_MAX - tally.first_inverse;
    result->first_kind = mcb_pattern_verdict(&tally.words);
    result->first_offset_bytes = offset;
    result->first_expected = mcb_pattern_expected(&area, offset / MCB_PATTERN_WORD_BYTES);
    result->first_found = mcb_pattern_found(&area, area.slot, offset / MCB_PATTERN_WORD_BYTES);
}

/* Blocks that work on so many units of it. */
uint32_t blocks_for(uint32_t units, uint32_t units_per_block, unsigned processors)
{
    const uint32_t needed = (units + units_per_block - 1) / units_per_block;
    const uint32_t most = processors * BLOCKS_PER_PROCESSOR;
    return needed < most ? needed : most;
}

} // namespace

extern "C" cudaError_t mcb_cuda_launch(enum mcb_cuda_kernel kernel,
                                       const struct mcb_cuda_work *work, unsigned processors,
                                       cudaStream_t stream)
{
    typedef void (*body)(const mcb_cuda_work);
    static const body bodies[MCB_CUDA_KERNELS] = {fill, poison, compare, judge, verdict, first};
    const uint32_t chunks = work->count * chunks_per_slot(*work);
    uint32_t blocks = blocks_for(chunks, TILE, processors), threads = THREADS;
    if (kernel == MCB_CUDA_VERDICT)
        blocks = blocks_for(work->count, THREADS, processors);
    if (kernel == MCB_CUDA_FIRST)
        blocks = threads = 1;
    void *arguments[] = {const_cast<mcb_cuda_work *>(work)};
    return cudaLaunchKernel(reinterpret_cast<const void *>(bodies[kernel]), dim3(blocks),
                            dim3(threads), arguments, 0, stream);
}
