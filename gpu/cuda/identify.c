/* SPDX-License-Identifier: Apache-2.0 */
#include <ctype.h>
#include <cudaTypedefs.h>
#include <stdio.h>
#include <string.h>

#include "gpu/cuda/runtime.h"

void mcb_cuda_kernel_driver(const char *version_text, char *driver, size_t size)
{
    /* "NVRM version: NVIDIA UNIX Open Kernel Module for x86_64  570.124.06  Release Build ...": the
     * first word of digits and dots that has both. */
    driver[0] = '\0';
    while (*version_text && *version_text != '\n') {
        size_t word = strcspn(version_text, " \t\n");
        size_t digits = strspn(version_text, "0123456789.");
        if (word > 0 && word == digits && word < size && isdigit((unsigned char)*version_text) &&
            memchr(version_text, '.', word)) {
            memcpy(driver, version_text, word);
            driver[word] = '\0';
            return;
        }
        version_text += word;
        version_text += strspn(version_text, " \t");
    }
}

static void read_driver(char *driver, size_t size)
{
    char text[512] = "", served[16];
    FILE *file = fopen("/proc/driver/nvidia/version", "re");
    if (file) {
        text[fread(text, 1, sizeof text - 1, file)] = '\0';
        fclose(file);
    }
    mcb_cuda_kernel_driver(text, driver, size);
    if (driver[0])
        return;
    mcb_cuda_version_text(mcb_cuda_driver_version(), served);
    snprintf(driver, size, "%s", served);
}

/* Where the driver calls the writes ordered its flush does nothing, though there may be a second
 * way to the GPU on which they are not (PCIe beside C2C). */
enum mcb_flush mcb_cuda_flush_way(int options, int ordering, const char **reason)
{
    if (options < 0 || ordering < 0)
        *reason = "the driver does not tell how incoming writes are ordered";
    else if ((options & cudaFlushGPUDirectRDMAWritesOptionHost) == 0)
        *reason = "the driver offers the host no flush of incoming writes";
    else if (ordering != cudaGPUDirectRDMAWritesOrderingNone)
        *reason = "the driver calls incoming writes ordered, its flush does nothing";
    else {
        *reason = "the driver orders no incoming writes and offers a flush";
        return MCB_FLUSH_CALL;
    }
    return MCB_FLUSH_READ;
}

/* -1: not known. */
static int attribute(unsigned gpu, enum cudaDeviceAttr which)
{
    int value = -1;
    if (cudaDeviceGetAttribute(&value, which, (int)gpu) == cudaSuccess)
        return value;
    cudaGetLastError();
    return -1;
}

static enum mcb_known known(int value)
{
    if (value < 0)
        return MCB_KNOWN_NOT;
    return value ? MCB_KNOWN_YES : MCB_KNOWN_NO;
}

/* The runtime has no name for this attribute. */
static int dmabuf_attribute(unsigned gpu)
{
    PFN_cuDeviceGet_v2000 device_get;
    PFN_cuDeviceGetAttribute_v2000 get_attribute;
    CUdevice device;
    int value;
    if (mcb_cuda_driver_find("cuDeviceGet", 2000, (void **)&device_get) ||
        mcb_cuda_driver_find("cuDeviceGetAttribute", 2000, (void **)&get_attribute) ||
        device_get(&device, (int)gpu) != CUDA_SUCCESS ||
        get_attribute(&value, CU_DEVICE_ATTRIBUTE_DMA_BUF_SUPPORTED, device) != CUDA_SUCCESS)
        return -1;
    return value;
}

static void write_uuid(const unsigned char *bytes, char *text, size_t size)
{
    size_t length = (size_t)snprintf(text, size, "GPU-");
    for (int i = 0; i < 16; i++)
        length += (size_t)snprintf(text + length, size - length, "%s%02x",
                                   i == 4 || i == 6 || i == 8 || i == 10 ? "-" : "", bytes[i]);
}

static void write_pci_address(unsigned gpu, char *text, size_t size)
{
    char given[32] = "";
    unsigned domain, bus, device, function;
    text[0] = '\0';
    if (cudaDeviceGetPCIBusId(given, sizeof given, (int)gpu) == cudaSuccess &&
        sscanf(given, "%8x:%2x:%2x.%1x", &domain, &bus, &device, &function) == 4)
        snprintf(text, size, "%04x:%02x:%02x.%x", domain, bus, device, function);
    else
        cudaGetLastError();
}

int mcb_cuda_identify(unsigned gpu, struct mcb_gpu_identity *identity, struct mcb_error *error)
{
    struct mcb_gpu_identity found = {0};
    struct cudaDeviceProp properties;
    const char *reason;
    char runtime[16];
    if (mcb_cuda_enter(gpu, error))
        return -1;
    cudaError_t result = cudaGetDeviceProperties(&properties, (int)gpu);
    if (result != cudaSuccess)
        return mcb_cuda_fail(error, MCB_FAULT_GPU_CALL, gpu, "cudaGetDeviceProperties", result);
    memcpy(found.model, properties.name, sizeof found.model - 1);
    write_pci_address(gpu, found.pci_address, sizeof found.pci_address);
    write_uuid((const unsigned char *)&properties.uuid, found.uuid, sizeof found.uuid);
    read_driver(found.driver, sizeof found.driver);
    mcb_cuda_version_text(CUDART_VERSION, runtime);
    snprintf(found.runtime, sizeof found.runtime, "%s", runtime);
    snprintf(found.capability, sizeof found.capability, "%d.%d", properties.major,
             properties.minor);
    found.memory_bytes = properties.totalGlobalMem;
    found.integrated = attribute(gpu, cudaDevAttrIntegrated) > 0;
    found.gpudirect = known(attribute(gpu, cudaDevAttrGPUDirectRDMASupported));
    found.dmabuf = known(dmabuf_attribute(gpu));
    int options = attribute(gpu, cudaDevAttrGPUDirectRDMAFlushWritesOptions);
    int ordering = attribute(gpu, cudaDevAttrGPUDirectRDMAWritesOrdering);
    found.flush = mcb_cuda_flush_way(options, ordering, &reason);
    snprintf(found.flush_reason, sizeof found.flush_reason, "%s", reason);
    *identity = found;
    return 0;
}
