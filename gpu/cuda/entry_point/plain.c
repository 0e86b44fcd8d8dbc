/* SPDX-License-Identifier: Apache-2.0 */
/* CUDA before 12: the version of a function is that of the runtime, and there is no status. */
#include "gpu/cuda/runtime.h"

cudaError_t mcb_cuda_entry_point(const char *name, unsigned version, void **function)
{
    (void)version;
    return cudaGetDriverEntryPoint(name, function, cudaEnableDefault);
}
