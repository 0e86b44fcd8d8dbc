/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The module for NVIDIA's GPUs, on the CUDA runtime. The runtime is linked statically and loads the
 * driver's libcuda.so.1 itself, so that this file can be loaded on any host and then says which is
 * missing, the driver or the GPU.
 */
#include <dlfcn.h>

#include "gpu/cuda/runtime.h"

extern const struct mcb_gpu_module mcb_gpu_module;

/* Answers of cudaGetDeviceCount() that mean something else than what their text says here. */
static const struct {
    cudaError_t result;
    enum mcb_fault_code code;
    const char *meaning;
} answers[] = {
    {cudaErrorNoDevice, MCB_FAULT_GPU_NONE, "the driver works, but shows no GPU"},
    {cudaErrorInsufficientDriver, MCB_FAULT_GPU_DRIVER, "the driver is too old"},
    {cudaErrorStubLibrary, MCB_FAULT_GPU_DRIVER,
     "libcuda.so.1 is the stub of a toolkit, not the driver's"},
    {cudaErrorSystemDriverMismatch, MCB_FAULT_GPU_DRIVER,
     "libcuda.so.1 and the kernel module are of different versions"},
    {cudaErrorSystemNotReady, MCB_FAULT_GPU_DRIVER,
     "the driver is not ready; with NVSwitch it waits for nvidia-fabricmanager"},
    {cudaErrorInitializationError, MCB_FAULT_GPU_DRIVER, "the driver does not start"},
    {cudaErrorUnknown, MCB_FAULT_GPU_DRIVER,
     "the driver does not start; often nvidia_uvm is not loaded, or /dev/nvidia* is not there"},
};

static int fail_missing_library(struct mcb_error *error)
{
    void *library = dlopen("libcuda.so.1", RTLD_LAZY | RTLD_LOCAL);
    if (!library)
        return mcb_error_set(error, MCB_FAULT_GPU_DRIVER, "no NVIDIA driver: %s", dlerror());
    dlclose(library);
    return mcb_error_set(error, MCB_FAULT_GPU_DRIVER,
                         "libcuda.so.1 is there, but tells no version: it does not work");
}

static int fail_open(cudaError_t result, struct mcb_error *error)
{
    char driver[16], runtime[16];
    int driver_version = mcb_cuda_driver_version();
    enum mcb_fault_code code = MCB_FAULT_GPU_DRIVER;
    const char *meaning = "the driver does not work";
    cudaGetLastError();
    if (driver_version == 0 && result != cudaErrorStubLibrary)
        return fail_missing_library(error);
    for (size_t i = 0; i < sizeof answers / sizeof answers[0]; i++)
        if (answers[i].result == result) {
            code = answers[i].code;
            meaning = answers[i].meaning;
        }
    mcb_cuda_version_text(driver_version, driver);
    mcb_cuda_version_text(CUDART_VERSION, runtime);
    return mcb_error_set(
        error, code, "%s: %s (%s, %d); the driver serves CUDA %s, this module was built with %s",
        meaning, cudaGetErrorString(result), cudaGetErrorName(result), (int)result,
        driver_version == 0 ? "of no version" : driver, runtime);
}

static int module_open(unsigned *count, struct mcb_error *error)
{
    int found = 0;
    cudaError_t result = cudaGetDeviceCount(&found);
    if (result != cudaSuccess || found < 1)
        return fail_open(result == cudaSuccess ? cudaErrorNoDevice : result, error);
    if (mcb_cuda_pattern_open((unsigned)found, error))
        return -1;
    *count = (unsigned)found;
    return 0;
}

static void module_close(void)
{
    mcb_cuda_pattern_close();
}

__attribute__((visibility("default"))) const struct mcb_gpu_module mcb_gpu_module = {
    .version = MCB_GPU_MODULE_VERSION,
    .bytes = sizeof(struct mcb_gpu_module),
    .name = "cuda",
    .open = module_open,
    .close = module_close,
    .identify = mcb_cuda_identify,
    .allocate = mcb_cuda_allocate,
    .release = mcb_cuda_release,
    .copy = mcb_cuda_copy,
    .fill = mcb_cuda_fill,
    .poison = mcb_cuda_poison,
    .check = mcb_cuda_check,
    .export_dmabuf = mcb_cuda_export_dmabuf,
    .flush = mcb_cuda_flush,
    .pin = mcb_cuda_pin,
    .unpin = mcb_cuda_unpin,
    .copier_open = mcb_cuda_copier_open,
    .copier_copy = mcb_cuda_copier_copy,
    .copier_done = mcb_cuda_copier_done,
    .copier_close = mcb_cuda_copier_close,
};
