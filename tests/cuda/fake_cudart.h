/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MCB_TESTS_CUDA_FAKE_CUDART_H
#define MCB_TESTS_CUDA_FAKE_CUDART_H

/*
 * A stand-in for the CUDA runtime and driver, as far as the CUDA module calls them. No GPU is
 * behind it: it shows how the module's code behaves, nothing about a driver or a card.
 *
 * Memory of the GPU is host memory that only what runs in a stream may touch: anything else that
 * does dies of SIGSEGV. Streams run late: an operation runs when somebody waits for its stream, or
 * asks for an event, which runs one operation. Calls can be made to fail. What is not given back is
 * counted. For one thread.
 */

#include <cuda.h>
#include <cuda_runtime_api.h>
#include <stdbool.h>
#include <stddef.h>

struct fake_cudart {
    /* what is there; may be changed at any time */
    int gpus;
    cudaError_t count_result; /* of cudaGetDeviceCount */
    int driver_version;
    int attributes[256]; /* by enum cudaDeviceAttr; -1: no such attribute */
    const char *pci_bus_id;
    size_t memory_bytes; /* of the GPU; more cannot be allocated */
    size_t shift_bytes;  /* cudaMalloc gives addresses that are off by so many */
    const char *lacks;   /* function that the driver does not have */
    CUresult sync_memops_result, export_result;
    bool backwards; /* blocks and threads of kernels run from the last to the first */
    void (*before_kernel)(int kernel); /* called before the first kernel with 1, ...; may touch the
                                          memory of the GPU */

    /* the call, counted from 1, that fails, and with what; 0: none. Calls that give something back
     * never fail. */
    long fail_at;
    cudaError_t fail_with;
    const char *failed; /* its name; NULL: none has failed yet */

    /* what has been done */
    long calls;
    int kernels;     /* run with before_kernel set */
    int sync_memops; /* allocations with the attribute */
    int flushes;
    unsigned long long export_flags;
    size_t export_bytes;
    int current_gpu;
    int allocations, host_allocations, registered, streams, events; /* not given back */
};

extern struct fake_cudart fake_cudart;

/* Two GPUs, a driver of CUDA 13.0, no failures. */
void fake_cudart_reset(void);

/* What every kind of cudaGetDriverEntryPoint() does (entry_point/). */
cudaError_t fake_cudart_find(const char *name, void **function);

#endif
