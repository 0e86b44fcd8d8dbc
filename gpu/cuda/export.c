/* SPDX-License-Identifier: Apache-2.0 */
#include <cudaTypedefs.h>

#include "gpu/cuda/runtime.h"

/* CU_MEM_RANGE_FLAG_DMA_BUF_MAPPING_TYPE_PCIE of CUDA 12.8: which driver there is counts, not the
 * toolkit, so the number is here and the driver is asked for its version. */
enum { MAPPING_PCIE = 1, MAPPING_PCIE_SINCE = 12080 };

/* Gives this thread the GPU's context, which calls of the driver want. */
static int enter_driver(unsigned gpu, struct mcb_error *error)
{
    if (mcb_cuda_enter(gpu, error))
        return -1;
    cudaError_t result = cudaFree(NULL);
    if (result != cudaSuccess)
        return mcb_cuda_fail(error, MCB_FAULT_GPU_CALL, gpu, "cudaFree(NULL)", result);
    return 0;
}

static int check_mapping(unsigned gpu, enum mcb_dmabuf_mapping mapping, struct mcb_error *error)
{
    char served[16];
    int version = mcb_cuda_driver_version();
    if (mapping == MCB_DMABUF_DEFAULT || version >= MAPPING_PCIE_SINCE)
        return 0;
    mcb_cuda_version_text(version, served);
    return mcb_error_set(error, MCB_FAULT_GPU_EXPORT,
                         "cuda:%u: the driver serves CUDA %s and cannot be told to map a dma-buf "
                         "through PCIe; one of CUDA 12.8 or newer can",
                         gpu, served);
}

int mcb_cuda_export_dmabuf(unsigned gpu, void *address, size_t bytes,
                           enum mcb_dmabuf_mapping mapping, int *fd, struct mcb_error *error)
{
    PFN_cuMemGetHandleForAddressRange_v11070 get_handle;
    int found = -1;
    if (enter_driver(gpu, error) || check_mapping(gpu, mapping, error))
        return -1;
    if (mcb_cuda_driver_find("cuMemGetHandleForAddressRange", 11070, (void **)&get_handle))
        return mcb_error_set(error, MCB_FAULT_GPU_EXPORT,
                             "cuda:%u: the driver has no cuMemGetHandleForAddressRange; one of "
                             "CUDA 11.7 (515) or newer has",
                             gpu);
    CUresult result = get_handle(&found, (CUdeviceptr)(uintptr_t)address, bytes,
                                 CU_MEM_RANGE_HANDLE_TYPE_DMA_BUF_FD,
                                 mapping == MCB_DMABUF_PCIE ? MAPPING_PCIE : 0);
    if (result != CUDA_SUCCESS || found < 0)
        return mcb_cuda_fail(error, MCB_FAULT_GPU_EXPORT, gpu, "cuMemGetHandleForAddressRange",
                             result == CUDA_SUCCESS ? cudaErrorUnknown : (cudaError_t)result);
    *fd = found;
    return 0;
}

int mcb_cuda_flush(unsigned gpu, struct mcb_error *error)
{
    if (mcb_cuda_enter(gpu, error))
        return -1;
    cudaError_t result = cudaDeviceFlushGPUDirectRDMAWrites(
        cudaFlushGPUDirectRDMAWritesTargetCurrentDevice, cudaFlushGPUDirectRDMAWritesToOwner);
    if (result != cudaSuccess)
        return mcb_cuda_fail(error, MCB_FAULT_GPU_CALL, gpu, "cudaDeviceFlushGPUDirectRDMAWrites",
                             result);
    return 0;
}
