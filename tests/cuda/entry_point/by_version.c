/* SPDX-License-Identifier: Apache-2.0 */
#undef NDEBUG
#include <assert.h>

#include "tests/cuda/fake_cudart.h"

cudaError_t cudaGetDriverEntryPointByVersion(const char *name, void **function, unsigned version,
                                             unsigned long long flags,
                                             enum cudaDriverEntryPointQueryResult *status)
{
    assert(version >= 2000 && flags == cudaEnableDefault);
    *status = cudaDriverEntryPointSuccess;
    return fake_cudart_find(name, function);
}
