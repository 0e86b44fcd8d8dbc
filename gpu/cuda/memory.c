/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cudaMalloc() cuts small allocations out of pages of 2 MiB and gives larger ones pages of their
 * own. Memory for a NIC must begin at a multiple of 64 KiB and share no page with anything else, so
 * all of it is asked for in multiples of 2 MiB.
 *
 * All copies and kernels that are waited for run in the stream of their thread, so that threads do
 * not wait for each other's.
 */
#include <cudaTypedefs.h>

#include "gpu/cuda/runtime.h"

#define PAGE_BYTES ((size_t)2 << 20)

/* Calls that are synchronous by name then really wait, and none leaves bytes behind that a NIC
 * would not see yet. A driver that cannot do that for this kind of memory says so, which is no
 * fault. */
static int order_operations(unsigned gpu, void *address, struct mcb_error *error)
{
    PFN_cuPointerSetAttribute_v6000 set_attribute;
    const unsigned on = 1;
    if (mcb_cuda_driver_find("cuPointerSetAttribute", 6000, (void **)&set_attribute))
        return mcb_error_set(error, MCB_FAULT_GPU_CALL,
                             "cuda:%u: the driver has no cuPointerSetAttribute", gpu);
    CUresult result =
        set_attribute(&on, CU_POINTER_ATTRIBUTE_SYNC_MEMOPS, (CUdeviceptr)(uintptr_t)address);
    if (result != CUDA_SUCCESS && result != CUDA_ERROR_NOT_SUPPORTED)
        return mcb_cuda_fail(error, MCB_FAULT_GPU_CALL, gpu, "cuPointerSetAttribute of SYNC_MEMOPS",
                             (cudaError_t)result);
    return 0;
}

static int fail_allocation(unsigned gpu, size_t bytes, cudaError_t result, struct mcb_error *error)
{
    size_t free_bytes = 0, all_bytes = 0;
    cudaGetLastError();
    if (cudaMemGetInfo(&free_bytes, &all_bytes) != cudaSuccess)
        cudaGetLastError();
    return mcb_error_set(error, MCB_FAULT_GPU_MEMORY,
                         "cuda:%u: cudaMalloc of %zu MiB, with %zu of %zu MiB free: %s (%s, %d)",
                         gpu, bytes >> 20, free_bytes >> 20, all_bytes >> 20,
                         cudaGetErrorString(result), cudaGetErrorName(result), (int)result);
}

int mcb_cuda_allocate(unsigned gpu, size_t bytes, void **address, struct mcb_error *error)
{
    void *found = NULL;
    if (mcb_cuda_enter(gpu, error))
        return -1;
    if (bytes == 0 || bytes > SIZE_MAX - PAGE_BYTES)
        return mcb_error_set(error, MCB_FAULT_GPU_MEMORY, "cuda:%u: %zu bytes", gpu, bytes);
    size_t rounded_bytes = (bytes + PAGE_BYTES - 1) / PAGE_BYTES * PAGE_BYTES;
    cudaError_t result = cudaMalloc(&found, rounded_bytes);
    if (result != cudaSuccess)
        return fail_allocation(gpu, rounded_bytes, result, error);
    int status = order_operations(gpu, found, error);
    if (status == 0 && (uintptr_t)found % MCB_GPU_PAGE_BYTES != 0)
        status = mcb_error_set(error, MCB_FAULT_GPU_MEMORY,
                               "cuda:%u: cudaMalloc of %zu bytes gave %p, no multiple of 64 KiB",
                               gpu, rounded_bytes, found);
    if (status == 0)
        *address = found;
    else
        cudaFree(found);
    return status;
}

void mcb_cuda_release(unsigned gpu, void *address)
{
    mcb_cuda_enter_to_release(gpu);
    cudaFree(address);
    cudaGetLastError();
}

int mcb_cuda_copy(unsigned gpu, void *to, const void *from, size_t bytes, struct mcb_error *error)
{
    if (mcb_cuda_enter(gpu, error))
        return -1;
    cudaError_t result = cudaMemcpyAsync(to, from, bytes, cudaMemcpyDefault, cudaStreamPerThread);
    if (result != cudaSuccess)
        return mcb_cuda_fail(error, MCB_FAULT_GPU_CALL, gpu, "cudaMemcpyAsync", result);
    result = cudaStreamSynchronize(cudaStreamPerThread);
    if (result != cudaSuccess)
        return mcb_cuda_fail(error, MCB_FAULT_GPU_CALL, gpu, "a copy", result);
    return 0;
}

int mcb_cuda_pin(unsigned gpu, void *host, size_t bytes, struct mcb_error *error)
{
    if (mcb_cuda_enter(gpu, error))
        return -1;
    cudaError_t result = cudaHostRegister(host, bytes, cudaHostRegisterPortable);
    if (result != cudaSuccess)
        return mcb_cuda_fail(error, MCB_FAULT_GPU_CALL, gpu, "cudaHostRegister", result);
    return 0;
}

void mcb_cuda_unpin(unsigned gpu, void *host)
{
    mcb_cuda_enter_to_release(gpu);
    cudaHostUnregister(host);
    cudaGetLastError();
}
