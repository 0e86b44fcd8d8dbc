/* SPDX-License-Identifier: Apache-2.0 */
#undef NDEBUG
#include <assert.h>

#include "tests/cuda/fake_cudart.h"

cudaError_t cudaGetDriverEntryPoint(const char *name, void **function, unsigned long long flags,
                                    enum cudaDriverEntryPointQueryResult *status)
{
    assert(flags == cudaEnableDefault);
    *status = cudaDriverEntryPointSuccess;
    return fake_cudart_find(name, function);
}
