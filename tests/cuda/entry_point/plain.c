/* SPDX-License-Identifier: Apache-2.0 */
#undef NDEBUG
#include <assert.h>

#include "tests/cuda/fake_cudart.h"

cudaError_t cudaGetDriverEntryPoint(const char *name, void **function, unsigned long long flags)
{
    assert(flags == cudaEnableDefault);
    return fake_cudart_find(name, function);
}
