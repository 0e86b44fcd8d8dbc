/* SPDX-License-Identifier: Apache-2.0 */
/* CUDA 12.0 to 12.4: the version of a function is that of the runtime; a status tells whether the
 * driver has it. */
#include "gpu/cuda/runtime.h"

cudaError_t mcb_cuda_entry_point(const char *name, unsigned version, void **function)
{
    (void)version;
    enum cudaDriverEntryPointQueryResult found = cudaDriverEntryPointSymbolNotFound;
    cudaError_t result = cudaGetDriverEntryPoint(name, function, cudaEnableDefault, &found);
    return result == cudaSuccess && found != cudaDriverEntryPointSuccess ? cudaErrorSymbolNotFound
                                                                         : result;
}
