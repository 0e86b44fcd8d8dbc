/* SPDX-License-Identifier: Apache-2.0 */
#include "gpu/cuda/runtime.h"

#include <stdio.h>

int mcb_cuda_fail(struct mcb_error *error, enum mcb_fault_code code, unsigned gpu, const char *call,
                  cudaError_t result)
{
    cudaGetLastError();
    return mcb_error_set(error, code, "cuda:%u: %s: %s (%s, %d)", gpu, call,
                         cudaGetErrorString(result), cudaGetErrorName(result), (int)result);
}

int mcb_cuda_enter(unsigned gpu, struct mcb_error *error)
{
    cudaError_t result = cudaSetDevice((int)gpu);
    if (result != cudaSuccess)
        return mcb_cuda_fail(error, MCB_FAULT_GPU_CALL, gpu, "cudaSetDevice", result);
    return 0;
}

void mcb_cuda_enter_to_release(unsigned gpu)
{
    cudaSetDevice((int)gpu);
    cudaGetLastError();
}

int mcb_cuda_driver_find(const char *name, unsigned version, void **function)
{
    void *found = NULL;
    if (mcb_cuda_entry_point(name, version, &found) != cudaSuccess || !found) {
        cudaGetLastError();
        return -1;
    }
    *function = found;
    return 0;
}

int mcb_cuda_driver_version(void)
{
    int version = 0;
    return cudaDriverGetVersion(&version) == cudaSuccess ? version : 0;
}

void mcb_cuda_version_text(int version, char text[16])
{
    snprintf(text, 16, "%d.%d", version / 1000 % 1000, version % 1000 / 10);
}
