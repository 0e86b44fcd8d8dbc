/* SPDX-License-Identifier: Apache-2.0 */
/* A stand-in for libcudart and libcuda: fake_cudart.h says what it is good for. */
#undef NDEBUG /* what the module must never do ends the test in every build */
#include "tests/cuda/fake_cudart.h"

#include <assert.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "gpu/cuda/kernels.h"

struct fake_cudart fake_cudart;

struct fake_index {
    unsigned x;
};
struct fake_index threadIdx, blockIdx, gridDim; /* of the kernel that runs */

enum { ALLOCATIONS_MAX = 16 };
#define PAGE_BYTES ((size_t)2 << 20)

static struct allocation {
    uint8_t *mapping, *address;
    size_t mapping_bytes, bytes;
} allocations[ALLOCATIONS_MAX];

/* ---- operations of streams ---- */

typedef void kernel_body(const struct mcb_cuda_work);

struct operation {
    struct operation *next;
    kernel_body *kernel; /* NULL: rows are copied from `from`, or zeroed where that is NULL */
    struct mcb_cuda_work work;
    unsigned blocks, threads;
    uint8_t *to;
    const uint8_t *from;
    size_t to_pitch, from_pitch, width, rows;
};

struct CUstream_st {
    struct operation *first, **last;
    uint64_t started, ran;
};

struct CUevent_st {
    struct CUstream_st *stream;
    uint64_t after; /* operations of the stream */
};

static struct CUstream_st thread_stream = {.last = &thread_stream.first};

static struct CUstream_st *stream_of(cudaStream_t stream)
{
    return stream == cudaStreamPerThread ? &thread_stream : stream;
}

static void allow(int protection)
{
    for (int i = 0; i < ALLOCATIONS_MAX; i++)
        if (allocations[i].mapping)
            mprotect(allocations[i].mapping, allocations[i].mapping_bytes, protection);
}

static void run_kernel(const struct operation *operation)
{
    unsigned blocks = operation->blocks, threads = operation->threads;
    if (fake_cudart.before_kernel)
        fake_cudart.before_kernel(++fake_cudart.kernels);
    gridDim.x = blocks;
    for (unsigned block = 0; block < blocks; block++)
        for (unsigned thread = 0; thread < threads; thread++) {
            blockIdx.x = fake_cudart.backwards ? blocks - 1 - block : block;
            threadIdx.x = fake_cudart.backwards ? threads - 1 - thread : thread;
            operation->kernel(operation->work);
        }
}

static void run_one(struct CUstream_st *stream)
{
    struct operation *operation = stream->first;
    if (!operation)
        return;
    allow(PROT_READ | PROT_WRITE);
    if (operation->kernel)
        run_kernel(operation);
    for (size_t row = 0; row < operation->rows; row++)
        if (operation->from)
            memcpy(operation->to + row * operation->to_pitch,
                   operation->from + row * operation->from_pitch, operation->width);
        else
            memset(operation->to + row * operation->to_pitch, 0, operation->width);
    allow(PROT_NONE);
    stream->first = operation->next;
    if (!stream->first)
        stream->last = &stream->first;
    stream->ran++;
    free(operation);
}

static void run_all(struct CUstream_st *stream)
{
    while (stream->first)
        run_one(stream);
}

static cudaError_t start(cudaStream_t stream, struct operation operation)
{
    struct CUstream_st *to = stream_of(stream);
    struct operation *copy = malloc(sizeof *copy);
    assert(copy);
    *copy = operation;
    copy->next = NULL;
    *to->last = copy;
    to->last = &copy->next;
    to->started++;
    return cudaSuccess;
}

void fake_cudart_reset(void)
{
    run_all(&thread_stream);
    fake_cudart = (struct fake_cudart){.gpus = 2,
                                       .driver_version = 13000,
                                       .pci_bus_id = "0000:1B:00.0",
                                       .memory_bytes = (size_t)1 << 30,
                                       .current_gpu = -1};
    fake_cudart.attributes[cudaDevAttrMultiProcessorCount] = 1;
    fake_cudart.attributes[cudaDevAttrGPUDirectRDMASupported] = 1;
    fake_cudart.attributes[cudaDevAttrGPUDirectRDMAFlushWritesOptions] = 1;
    fake_cudart.attributes[CU_DEVICE_ATTRIBUTE_DMA_BUF_SUPPORTED] = 1;
}

/* True if it is this call's turn to fail. */
static bool fails(const char *call)
{
    if (++fake_cudart.calls != fake_cudart.fail_at)
        return false;
    fake_cudart.failed = call;
    return true;
}

/* ---- the runtime ---- */

const char *cudaGetErrorString(cudaError_t error)
{
    return error == cudaErrorMemoryAllocation ? "out of memory" : "as the runtime says it";
}

const char *cudaGetErrorName(cudaError_t error)
{
    return error == cudaErrorMemoryAllocation ? "cudaErrorMemoryAllocation" : "cudaErrorOfThatName";
}

cudaError_t cudaGetLastError(void)
{
    return cudaSuccess;
}

cudaError_t cudaGetDeviceCount(int *count)
{
    *count = fake_cudart.gpus;
    return fails("cudaGetDeviceCount") ? fake_cudart.fail_with : fake_cudart.count_result;
}

cudaError_t cudaDriverGetVersion(int *version)
{
    *version = fake_cudart.driver_version;
    return cudaSuccess;
}

cudaError_t cudaSetDevice(int gpu)
{
    if (fails("cudaSetDevice"))
        return fake_cudart.fail_with;
    if (gpu < 0 || gpu >= fake_cudart.gpus)
        return cudaErrorInvalidDevice;
    fake_cudart.current_gpu = gpu;
    return cudaSuccess;
}

cudaError_t cudaDeviceGetAttribute(int *value, enum cudaDeviceAttr attribute, int gpu)
{
    (void)gpu;
    if (fails("cudaDeviceGetAttribute"))
        return fake_cudart.fail_with;
    if (fake_cudart.attributes[attribute] < 0)
        return cudaErrorInvalidValue;
    *value = fake_cudart.attributes[attribute];
    return cudaSuccess;
}

cudaError_t cudaGetDeviceProperties(struct cudaDeviceProp *properties, int gpu)
{
    if (fails("cudaGetDeviceProperties"))
        return fake_cudart.fail_with;
    memset(properties, 0, sizeof *properties);
    snprintf(properties->name, sizeof properties->name, "Fake GPU\t%d", gpu);
    for (int i = 0; i < 16; i++)
        properties->uuid.bytes[i] = (char)(0xa0 + i);
    properties->totalGlobalMem = fake_cudart.memory_bytes;
    properties->major = 9;
    return cudaSuccess;
}

cudaError_t cudaDeviceGetPCIBusId(char *text, int size, int gpu)
{
    (void)gpu;
    if (fails("cudaDeviceGetPCIBusId"))
        return fake_cudart.fail_with;
    snprintf(text, (size_t)size, "%s", fake_cudart.pci_bus_id);
    return cudaSuccess;
}

cudaError_t cudaMemGetInfo(size_t *free_bytes, size_t *all_bytes)
{
    *all_bytes = fake_cudart.memory_bytes;
    *free_bytes = fake_cudart.memory_bytes;
    return fails("cudaMemGetInfo") ? fake_cudart.fail_with : cudaSuccess;
}

cudaError_t cudaMalloc(void **address, size_t bytes)
{
    struct allocation *place = allocations;
    if (fails("cudaMalloc"))
        return fake_cudart.fail_with;
    if (bytes > fake_cudart.memory_bytes)
        return cudaErrorMemoryAllocation;
    while (place->mapping)
        place++;
    assert(place < allocations + ALLOCATIONS_MAX);
    place->mapping_bytes = bytes + 2 * PAGE_BYTES;
    place->mapping =
        mmap(NULL, place->mapping_bytes, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    assert(place->mapping != MAP_FAILED);
    uintptr_t start_at = ((uintptr_t)place->mapping + PAGE_BYTES - 1) / PAGE_BYTES * PAGE_BYTES;
    place->address = (uint8_t *)start_at + fake_cudart.shift_bytes;
    place->bytes = bytes;
    *address = place->address;
    fake_cudart.allocations++;
    return cudaSuccess;
}

cudaError_t cudaFree(void *address)
{
    if (!address)
        return fails("cudaFree") ? fake_cudart.fail_with : cudaSuccess;
    run_all(&thread_stream);
    for (int i = 0; i < ALLOCATIONS_MAX; i++)
        if (allocations[i].mapping && allocations[i].address == address) {
            munmap(allocations[i].mapping, allocations[i].mapping_bytes);
            allocations[i] = (struct allocation){0};
            fake_cudart.allocations--;
            return cudaSuccess;
        }
    return cudaErrorInvalidValue;
}

cudaError_t cudaMallocHost(void **address, size_t bytes)
{
    if (fails("cudaMallocHost"))
        return fake_cudart.fail_with;
    *address = malloc(bytes);
    fake_cudart.host_allocations++;
    return cudaSuccess;
}

cudaError_t cudaFreeHost(void *address)
{
    free(address);
    fake_cudart.host_allocations--;
    return cudaSuccess;
}

cudaError_t cudaHostRegister(void *address, size_t bytes, unsigned flags)
{
    (void)address;
    (void)bytes;
    assert(flags == cudaHostRegisterPortable);
    if (fails("cudaHostRegister"))
        return fake_cudart.fail_with;
    fake_cudart.registered++;
    return cudaSuccess;
}

cudaError_t cudaHostUnregister(void *address)
{
    (void)address;
    fake_cudart.registered--;
    return cudaSuccess;
}

cudaError_t cudaMemcpy2DAsync(void *to, size_t to_pitch, const void *from, size_t from_pitch,
                              size_t width, size_t rows, enum cudaMemcpyKind kind,
                              cudaStream_t stream)
{
    (void)kind;
    assert(width <= to_pitch && width <= from_pitch);
    if (fails("cudaMemcpy2DAsync"))
        return fake_cudart.fail_with;
    return start(stream, (struct operation){.to = to,
                                            .from = from,
                                            .to_pitch = to_pitch,
                                            .from_pitch = from_pitch,
                                            .width = width,
                                            .rows = rows});
}

cudaError_t cudaMemcpyAsync(void *to, const void *from, size_t bytes, enum cudaMemcpyKind kind,
                            cudaStream_t stream)
{
    return cudaMemcpy2DAsync(to, bytes, from, bytes, bytes, 1, kind, stream);
}

cudaError_t cudaMemsetAsync(void *to, int value, size_t bytes, cudaStream_t stream)
{
    assert(value == 0);
    if (fails("cudaMemsetAsync"))
        return fake_cudart.fail_with;
    return start(stream, (struct operation){.to = to, .width = bytes, .rows = 1});
}

cudaError_t cudaLaunchKernel(const void *kernel, dim3 blocks, dim3 threads, void **arguments,
                             size_t shared_bytes, cudaStream_t stream)
{
    struct operation operation = {.blocks = blocks.x,
                                  .threads = threads.x,
                                  .work = *(const struct mcb_cuda_work *)arguments[0]};
    assert(shared_bytes == 0 && blocks.x > 0);
    if (fails("cudaLaunchKernel"))
        return fake_cudart.fail_with;
    memcpy(&operation.kernel, &kernel, sizeof kernel);
    return start(stream, operation);
}

cudaError_t cudaStreamCreateWithFlags(cudaStream_t *stream, unsigned flags)
{
    assert(flags == cudaStreamNonBlocking);
    if (fails("cudaStreamCreateWithFlags"))
        return fake_cudart.fail_with;
    *stream = calloc(1, sizeof **stream);
    (*stream)->last = &(*stream)->first;
    fake_cudart.streams++;
    return cudaSuccess;
}

cudaError_t cudaStreamSynchronize(cudaStream_t stream)
{
    run_all(stream_of(stream));
    return fails("cudaStreamSynchronize") ? fake_cudart.fail_with : cudaSuccess;
}

cudaError_t cudaStreamDestroy(cudaStream_t stream)
{
    assert(!stream->first);
    free(stream);
    fake_cudart.streams--;
    return cudaSuccess;
}

cudaError_t cudaEventCreateWithFlags(cudaEvent_t *event, unsigned flags)
{
    assert(flags == cudaEventDisableTiming);
    if (fails("cudaEventCreateWithFlags"))
        return fake_cudart.fail_with;
    *event = calloc(1, sizeof **event);
    fake_cudart.events++;
    return cudaSuccess;
}

cudaError_t cudaEventDestroy(cudaEvent_t event)
{
    free(event);
    fake_cudart.events--;
    return cudaSuccess;
}

cudaError_t cudaEventRecord(cudaEvent_t event, cudaStream_t stream)
{
    if (fails("cudaEventRecord"))
        return fake_cudart.fail_with;
    event->stream = stream_of(stream);
    event->after = event->stream->started;
    return cudaSuccess;
}

cudaError_t cudaEventQuery(cudaEvent_t event)
{
    if (fails("cudaEventQuery"))
        return fake_cudart.fail_with;
    if (event->stream->ran >= event->after)
        return cudaSuccess;
    run_one(event->stream);
    return cudaErrorNotReady;
}

cudaError_t cudaDeviceFlushGPUDirectRDMAWrites(enum cudaFlushGPUDirectRDMAWritesTarget target,
                                               enum cudaFlushGPUDirectRDMAWritesScope scope)
{
    assert(target == cudaFlushGPUDirectRDMAWritesTargetCurrentDevice);
    assert(scope == cudaFlushGPUDirectRDMAWritesToOwner);
    if (fails("cudaDeviceFlushGPUDirectRDMAWrites"))
        return fake_cudart.fail_with;
    fake_cudart.flushes++;
    return cudaSuccess;
}

/* ---- the driver ---- */

static CUresult device_get(CUdevice *device, int gpu)
{
    *device = gpu;
    return fails("cuDeviceGet") ? CUDA_ERROR_INVALID_DEVICE : CUDA_SUCCESS;
}

static CUresult device_get_attribute(int *value, CUdevice_attribute attribute, CUdevice device)
{
    return (CUresult)cudaDeviceGetAttribute(value, (enum cudaDeviceAttr)attribute, device);
}

static CUresult pointer_set_attribute(const void *value, CUpointer_attribute attribute,
                                      CUdeviceptr address)
{
    assert(attribute == CU_POINTER_ATTRIBUTE_SYNC_MEMOPS && address != 0);
    assert(*(const unsigned *)value == 1);
    if (fails("cuPointerSetAttribute"))
        return (CUresult)fake_cudart.fail_with;
    fake_cudart.sync_memops++;
    return fake_cudart.sync_memops_result;
}

static CUresult get_handle(void *handle, CUdeviceptr address, size_t bytes,
                           CUmemRangeHandleType type, unsigned long long flags)
{
    assert(type == CU_MEM_RANGE_HANDLE_TYPE_DMA_BUF_FD && address % 65536 == 0);
    if (fails("cuMemGetHandleForAddressRange"))
        return (CUresult)fake_cudart.fail_with;
    if (fake_cudart.export_result != CUDA_SUCCESS)
        return fake_cudart.export_result;
    fake_cudart.export_flags = flags;
    fake_cudart.export_bytes = bytes;
    *(int *)handle = open("/dev/null", O_RDONLY | O_CLOEXEC);
    return CUDA_SUCCESS;
}

cudaError_t fake_cudart_find(const char *name, void **function)
{
    const struct {
        const char *name;
        void (*function)(void);
    } functions[] = {
        {"cuDeviceGet", (void (*)(void))device_get},
        {"cuDeviceGetAttribute", (void (*)(void))device_get_attribute},
        {"cuPointerSetAttribute", (void (*)(void))pointer_set_attribute},
        {"cuMemGetHandleForAddressRange", (void (*)(void))get_handle},
    };
    if (fails(name))
        return fake_cudart.fail_with;
    for (size_t i = 0; i < sizeof functions / sizeof functions[0]; i++)
        if (strcmp(name, functions[i].name) == 0 &&
            (!fake_cudart.lacks || strcmp(name, fake_cudart.lacks) != 0)) {
            memcpy(function, &functions[i].function, sizeof *function);
            return cudaSuccess;
        }
    return cudaErrorSymbolNotFound;
}
