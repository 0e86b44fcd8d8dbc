/* SPDX-License-Identifier: Apache-2.0 */
/* CUDA 12.5 and newer: the runtime is told whose version of a function is wanted. */
#include "gpu/cuda/runtime.h"

cudaError_t mcb_cuda_entry_point(const char *name, unsigned version, void **function)
{
    enum cudaDriverEntryPointQueryResult found = cudaDriverEntryPointSymbolNotFound;
    cudaError_t result =
        cudaGetDriverEntryPointByVersion(name, function, version, cudaEnableDefault, &found);
    return result == cudaSuccess && found != cudaDriverEntryPointSuccess ? cudaErrorSymbolNotFound
                                                                         : result;
}
