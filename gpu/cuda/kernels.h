/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MCB_GPU_CUDA_KERNELS_H
#define MCB_GPU_CUDA_KERNELS_H

/*
 * The kernels of the CUDA module, as its C code starts them.
 *
 * Each works on a run of slots of an area, a piece, and takes the same argument. A check of a piece
 * is COMPARE, which marks the slots that differ; only where there are some, for one window of slots
 * after the other, JUDGE, which tallies the words of the marked slots, VERDICT, which adds up what
 * those slots hold, and FIRST, which takes a look at the first of them.
 */

#include <cuda_runtime_api.h>
#include <stdint.h>

#include "common/corruption.h"
#include "common/pattern_judge.h"

#ifdef __cplusplus
extern "C" {
#endif

enum {
    MCB_CUDA_CHUNK_BYTES = 16, /* what a thread loads or stores at once */
    MCB_CUDA_BITS = 32         /* marks of slots in a word of them */
};

/* Smaller in tests, so that a small area has several of each. */
#ifndef MCB_CUDA_PIECE_BYTES
/* The most bytes of a piece, so that its chunks are counted in 32 bits and that an interrupt does
 * not wait long for it: 1.5 ms of an H100. A slot never has more. */
#define MCB_CUDA_PIECE_BYTES ((uint64_t)4 << 30)
/* The most slots of a window: they have a tally each. */
#define MCB_CUDA_WINDOW_SLOTS ((uint32_t)1 << 16)
#endif

enum mcb_cuda_kernel {
    MCB_CUDA_FILL,
    MCB_CUDA_POISON,
    MCB_CUDA_COMPARE,
    MCB_CUDA_JUDGE,
    MCB_CUDA_VERDICT,
    MCB_CUDA_FIRST,
    MCB_CUDA_KERNELS
};

struct mcb_cuda_tally {
    struct mcb_pattern_tally words;
    uint32_t first_inverse; /* UINT32_MAX - offset of the first wrong byte; 0: none */
};

/* Of a piece. Zeroed before COMPARE. */
struct mcb_cuda_result {
    unsigned long long corrupt_bytes;
    uint64_t first_expected, first_found;
    uint32_t messages[MCB_CORRUPTION_KINDS]; /* of slots that are wrong */
    uint32_t wrong;                          /* slots that COMPARE has marked */
    uint32_t first_inverse;                  /* UINT32_MAX - first wrong slot; 0: none */
    uint32_t first_kind, first_offset_bytes;
};

struct mcb_cuda_work {
    struct mcb_pattern_slot area;   /* its slot means nothing */
    uint32_t first, count;          /* slots of the piece or window; count of a window is at most
                                       MCB_CUDA_WINDOW_SLOTS */
    uint32_t *marks;                /* bit n: slot first + n is wrong; zeroed before COMPARE */
    struct mcb_cuda_tally *tallies; /* of the window; zeroed before JUDGE */
    struct mcb_cuda_result *result;
};

/* Starts a kernel in the stream. processors: multiprocessors of the GPU. */
cudaError_t mcb_cuda_launch(enum mcb_cuda_kernel kernel, const struct mcb_cuda_work *work,
                            unsigned processors, cudaStream_t stream);

#ifdef __cplusplus
}
#endif

#endif
