/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MCB_TESTS_CUDA_EMULATION_H
#define MCB_TESTS_CUDA_EMULATION_H

/*
 * A stand-in for the GPU's own language, so that kernels.cu compiles as C++ and its kernels run on
 * a CPU, one thread after the other (fake_cudart.c does that). It shows that the kernels compute
 * the right bytes and reports. What it cannot show: their speed, races between their threads, and
 * what nvcc makes of them.
 */

#include <cuda_runtime_api.h>
#include <stdint.h>

#undef __global__
#undef __device__
#undef __host__
#undef __launch_bounds__
#define __global__ static
#define __device__
#define __host__
#define __launch_bounds__(threads)

struct fake_index {
    unsigned x;
};
extern "C" struct fake_index threadIdx, blockIdx, gridDim;

static inline uint32_t atomicOr(uint32_t *word, uint32_t bits)
{
    uint32_t before = *word;
    *word |= bits;
    return before;
}

template <typename Number> static inline Number atomicAdd(Number *sum, Number more)
{
    Number before = *sum;
    *sum += more;
    return before;
}

static inline uint32_t atomicMax(uint32_t *most, uint32_t value)
{
    uint32_t before = *most;
    *most = before > value ? before : value;
    return before;
}

static inline ulonglong2 __ldcs(const ulonglong2 *from)
{
    return *from;
}

static inline void __stcs(ulonglong2 *to, ulonglong2 value)
{
    *to = value;
}

#endif
