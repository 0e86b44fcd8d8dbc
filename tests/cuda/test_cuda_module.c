/* SPDX-License-Identifier: Apache-2.0 */
/* What the CUDA module makes of what a runtime and driver say, and what it leaves behind when they
 * fail. The runtime is a stand-in (fake_cudart.h). */
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "gpu/cuda/runtime.h"
#include "tests/cuda/fake_cudart.h"

extern const struct mcb_gpu_module mcb_gpu_module;
static const struct mcb_gpu_module *const cuda = &mcb_gpu_module;

static int set_up(void **state)
{
    (void)state;
    struct mcb_error error;
    unsigned count;
    fake_cudart_reset();
    return cuda->open(&count, &error);
}

static int tear_down(void **state)
{
    (void)state;
    cuda->close();
    return fake_cudart.allocations + fake_cudart.host_allocations + fake_cudart.registered +
           fake_cudart.streams + fake_cudart.events;
}

static void assert_fault(int status, const struct mcb_error *error, enum mcb_fault_code code,
                         const char *text)
{
    assert_int_equal(status, -1);
    assert_int_equal(error->code, code);
    if (!strstr(error->detail, text))
        fail_msg("'%s' does not say '%s'", error->detail, text);
}

static void *allocated(size_t bytes)
{
    struct mcb_error error;
    void *address;
    assert_int_equal(cuda->allocate(0, bytes, &address, &error), 0);
    return address;
}

/* ---- open ---- */

static void what_is_missing_is_named(void **state)
{
    (void)state;
    const struct {
        cudaError_t result;
        int driver_version;
        enum mcb_fault_code code;
        const char *text;
    } cases[] = {
        {cudaErrorNoDevice, 13000, MCB_FAULT_GPU_NONE, "shows no GPU"},
        {cudaErrorInsufficientDriver, 11040, MCB_FAULT_GPU_DRIVER, "the driver serves CUDA 11.4"},
        {cudaErrorInsufficientDriver, 0, MCB_FAULT_GPU_DRIVER, "libcuda.so.1"},
        {cudaErrorStubLibrary, 0, MCB_FAULT_GPU_DRIVER, "stub"},
        {cudaErrorSystemDriverMismatch, 13000, MCB_FAULT_GPU_DRIVER, "different versions"},
        {cudaErrorSystemNotReady, 13000, MCB_FAULT_GPU_DRIVER, "fabricmanager"},
        {cudaErrorUnknown, 13000, MCB_FAULT_GPU_DRIVER, "nvidia_uvm"},
        {cudaErrorDevicesUnavailable, 13000, MCB_FAULT_GPU_DRIVER, "does not work"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct mcb_error error = {0};
        unsigned count = 77;
        fake_cudart_reset();
        fake_cudart.count_result = cases[i].result;
        fake_cudart.driver_version = cases[i].driver_version;
        assert_fault(cuda->open(&count, &error), &error, cases[i].code, cases[i].text);
        assert_int_equal(count, 77);
    }
}

static void a_driver_that_counts_no_gpu_has_none(void **state)
{
    (void)state;
    struct mcb_error error = {0};
    unsigned count;
    fake_cudart_reset();
    fake_cudart.gpus = 0;
    assert_fault(cuda->open(&count, &error), &error, MCB_FAULT_GPU_NONE, "no GPU");
}

static void gpus_are_counted(void **state)
{
    (void)state;
    struct mcb_error error;
    unsigned count = 0;
    fake_cudart_reset();
    assert_int_equal(cuda->open(&count, &error), 0);
    assert_int_equal(count, 2);
    cuda->close();
}

static void it_can_be_opened_twice_at_once(void **state)
{
    (void)state;
    struct mcb_error error;
    unsigned count = 0;
    struct mcb_pattern_report report = {0};
    const struct mcb_pattern pattern = {.key = 5, .generation = 1};
    fake_cudart_reset();
    assert_int_equal(cuda->open(&count, &error), 0);
    void *memory = allocated(65536);
    struct mcb_area area = {.base = memory, .slot_bytes = 64, .stride_bytes = 64, .slots = 8};
    assert_int_equal(cuda->fill(0, &pattern, &area, &error), 0);
    assert_int_equal(cuda->check(0, &pattern, &area, &report, &error), 0);
    assert_int_equal(cuda->open(&count, &error), 0);
    assert_int_equal(count, 2);
    cuda->close();
    assert_int_equal(cuda->check(0, &pattern, &area, &report, &error), 0);
    assert_int_equal(report.messages[MCB_CORRUPTION_NONE], 16);
    cuda->release(0, memory);
    cuda->close();
    assert_int_equal(fake_cudart.allocations + fake_cudart.host_allocations, 0);
}

/* ---- identity ---- */

static void a_gpu_says_who_it_is(void **state)
{
    (void)state;
    struct mcb_error error;
    struct mcb_gpu_identity identity;
    assert_int_equal(cuda->identify(1, &identity, &error), 0);
    assert_string_equal(identity.model, "Fake GPU\t1");
    assert_string_equal(identity.pci_address, "0000:1b:00.0");
    assert_string_equal(identity.uuid, "GPU-a0a1a2a3-a4a5-a6a7-a8a9-aaabacadaeaf");
    assert_string_equal(identity.capability, "9.0");
    assert_int_equal(identity.memory_bytes, fake_cudart.memory_bytes);
    assert_false(identity.integrated);
    assert_int_equal(identity.gpudirect, MCB_KNOWN_YES);
    assert_int_equal(identity.dmabuf, MCB_KNOWN_YES);
    assert_int_equal(identity.flush, MCB_FLUSH_CALL);
    assert_true(identity.runtime[0] && identity.driver[0]);
}

static void what_a_driver_does_not_tell_is_not_known(void **state)
{
    (void)state;
    struct mcb_error error;
    struct mcb_gpu_identity identity;
    fake_cudart.attributes[cudaDevAttrGPUDirectRDMASupported] = -1;
    fake_cudart.attributes[cudaDevAttrGPUDirectRDMAWritesOrdering] = -1;
    fake_cudart.lacks = "cuDeviceGetAttribute";
    fake_cudart.pci_bus_id = "nonsense";
    assert_int_equal(cuda->identify(0, &identity, &error), 0);
    assert_int_equal(identity.gpudirect, MCB_KNOWN_NOT);
    assert_int_equal(identity.dmabuf, MCB_KNOWN_NOT);
    assert_int_equal(identity.flush, MCB_FLUSH_READ);
    assert_string_equal(identity.pci_address, "");
}

static void a_pci_domain_is_written_as_the_kernel_writes_it(void **state)
{
    (void)state;
    struct mcb_error error;
    struct mcb_gpu_identity identity;
    fake_cudart.pci_bus_id = "00010001:AF:00.0";
    assert_int_equal(cuda->identify(0, &identity, &error), 0);
    assert_string_equal(identity.pci_address, "10001:af:00.0");
}

static void the_flush_is_called_only_where_it_does_something(void **state)
{
    (void)state;
    const struct {
        int options, ordering;
        enum mcb_flush flush;
    } cases[] = {
        {1, 0, MCB_FLUSH_CALL},  {3, 0, MCB_FLUSH_CALL},   {0, 0, MCB_FLUSH_READ},
        {2, 0, MCB_FLUSH_READ},  {1, 100, MCB_FLUSH_READ}, {1, 200, MCB_FLUSH_READ},
        {-1, 0, MCB_FLUSH_READ}, {1, -1, MCB_FLUSH_READ},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        const char *reason = NULL;
        assert_int_equal(mcb_cuda_flush_way(cases[i].options, cases[i].ordering, &reason),
                         cases[i].flush);
        assert_in_range(strlen(reason), 1,
                        sizeof(((struct mcb_gpu_identity *)0)->flush_reason) - 1);
    }
}

static void the_version_of_the_kernel_driver_is_found(void **state)
{
    (void)state;
    const struct {
        const char *text, *version;
    } cases[] = {
        {"NVRM version: NVIDIA UNIX x86_64 Kernel Module  535.183.01  Sun May 12 19:39:15 UTC "
         "2024\n"
         "GCC version:  gcc version 12.2.0\n",
         "535.183.01"},
        {"NVRM version: NVIDIA UNIX Open Kernel Module for x86_64  570.124.06  Release Build\n",
         "570.124.06"},
        {"NVRM version: something else\nGCC version: 12.2.0\n", ""},
        {"", ""},
        {"9999999999999999999999999999999999999999.9\n", ""},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char driver[32] = "x";
        mcb_cuda_kernel_driver(cases[i].text, driver, sizeof driver);
        assert_string_equal(driver, cases[i].version);
    }
}

/* ---- memory ---- */

static void memory_is_aligned_for_a_nic_and_orders_operations(void **state)
{
    (void)state;
    void *small = allocated(1), *large = allocated(5 << 20);
    assert_int_equal((uintptr_t)small % 65536, 0);
    assert_int_equal((uintptr_t)large % 65536, 0);
    assert_int_equal(fake_cudart.sync_memops, 2);
    cuda->release(0, small);
    cuda->release(0, large);
}

static void memory_that_is_not_to_be_had_is_a_fault_that_tells_how_much_there_is(void **state)
{
    (void)state;
    struct mcb_error error = {0};
    void *address = NULL;
    assert_fault(cuda->allocate(1, (size_t)4 << 30, &address, &error), &error, MCB_FAULT_GPU_MEMORY,
                 "4096 MiB, with 1024 of 1024 MiB free: out of memory");
    assert_null(address);
}

static void memory_at_an_odd_address_is_refused_and_given_back(void **state)
{
    (void)state;
    struct mcb_error error = {0};
    void *address;
    fake_cudart.shift_bytes = 512;
    assert_fault(cuda->allocate(0, 4096, &address, &error), &error, MCB_FAULT_GPU_MEMORY, "64 KiB");
}

static void memory_whose_operations_cannot_be_ordered_is_used_all_the_same(void **state)
{
    (void)state;
    fake_cudart.sync_memops_result = CUDA_ERROR_NOT_SUPPORTED;
    cuda->release(0, allocated(4096));
    fake_cudart.sync_memops_result = CUDA_ERROR_INVALID_VALUE;
    struct mcb_error error = {0};
    void *address;
    assert_fault(cuda->allocate(0, 4096, &address, &error), &error, MCB_FAULT_GPU_CALL,
                 "SYNC_MEMOPS");
}

static void a_copy_is_done_when_it_returns(void **state)
{
    (void)state;
    struct mcb_error error;
    uint8_t *memory = allocated(4096), bytes[64], back[64];
    memset(bytes, 0x42, sizeof bytes);
    assert_int_equal(cuda->copy(0, memory + 64, bytes, sizeof bytes, &error), 0);
    assert_int_equal(cuda->copy(0, back, memory + 64, sizeof back, &error), 0);
    assert_memory_equal(bytes, back, sizeof bytes);
    cuda->release(0, memory);
}

static void another_gpu_is_made_the_threads_own(void **state)
{
    (void)state;
    struct mcb_error error = {0};
    void *address;
    assert_int_equal(cuda->allocate(1, 4096, &address, &error), 0);
    assert_int_equal(fake_cudart.current_gpu, 1);
    assert_int_equal(cuda->flush(0, &error), 0);
    assert_int_equal(fake_cudart.current_gpu, 0);
    cuda->release(1, address);
    assert_int_equal(fake_cudart.current_gpu, 1);
    assert_fault(cuda->flush(2, &error), &error, MCB_FAULT_GPU_CALL, "cuda:2: cudaSetDevice");
}

/* ---- export and flush ---- */

static void a_dmabuf_is_exported_whole(void **state)
{
    (void)state;
    struct mcb_error error;
    void *memory = allocated(131072);
    int fd = -1;
    assert_int_equal(cuda->export_dmabuf(0, memory, 131072, MCB_DMABUF_DEFAULT, &fd, &error), 0);
    assert_int_equal(fake_cudart.export_flags, 0);
    assert_int_equal(fake_cudart.export_bytes, 131072);
    close(fd);
    assert_int_equal(cuda->export_dmabuf(0, memory, 131072, MCB_DMABUF_PCIE, &fd, &error), 0);
    assert_int_equal(fake_cudart.export_flags, 1);
    close(fd);
    cuda->release(0, memory);
}

static void a_driver_before_12_8_is_not_asked_to_map_through_pcie(void **state)
{
    (void)state;
    struct mcb_error error = {0};
    void *memory = allocated(65536);
    int fd = -7;
    fake_cudart.driver_version = 12070;
    assert_fault(cuda->export_dmabuf(0, memory, 65536, MCB_DMABUF_PCIE, &fd, &error), &error,
                 MCB_FAULT_GPU_EXPORT, "CUDA 12.7");
    assert_int_equal(fd, -7);
    assert_int_equal(cuda->export_dmabuf(0, memory, 65536, MCB_DMABUF_DEFAULT, &fd, &error), 0);
    close(fd);
    cuda->release(0, memory);
}

static void an_export_that_is_refused_says_why(void **state)
{
    (void)state;
    struct mcb_error error = {0};
    void *memory = allocated(65536);
    int fd;
    fake_cudart.export_result = CUDA_ERROR_NOT_SUPPORTED;
    assert_fault(cuda->export_dmabuf(0, memory, 65536, MCB_DMABUF_DEFAULT, &fd, &error), &error,
                 MCB_FAULT_GPU_EXPORT, "801");
    fake_cudart.lacks = "cuMemGetHandleForAddressRange";
    assert_fault(cuda->export_dmabuf(0, memory, 65536, MCB_DMABUF_DEFAULT, &fd, &error), &error,
                 MCB_FAULT_GPU_EXPORT, "11.7");
    cuda->release(0, memory);
}

static void a_flush_is_asked_of_the_driver(void **state)
{
    (void)state;
    struct mcb_error error;
    assert_int_equal(cuda->flush(0, &error), 0);
    assert_int_equal(fake_cudart.flushes, 1);
}

/* ---- copiers ---- */

enum { SLOTS = 200 };

/* An area of the GPU and one of the host, and a copier between them. */
struct way {
    struct mcb_area gpu, host;
    struct mcb_gpu_copier *copier;
};

static struct way way_of(size_t size_bytes, bool to_gpu)
{
    struct mcb_error error;
    struct way way = {.host = {.slot_bytes = size_bytes,
                               .stride_bytes = mcb_area_stride(size_bytes),
                               .slots = SLOTS}};
    size_t bytes = way.host.stride_bytes * SLOTS;
    way.host.base = aligned_alloc(64, bytes);
    way.gpu = way.host;
    way.gpu.base = allocated(bytes);
    for (size_t i = 0; i < bytes; i++)
        way.host.base[i] = (uint8_t)(i * 7);
    assert_int_equal(cuda->copy(0, way.gpu.base, way.host.base, bytes, &error), 0);
    memset(way.host.base, 0, bytes);
    assert_int_equal(cuda->copier_open(0, to_gpu ? &way.gpu : &way.host,
                                       to_gpu ? &way.host : &way.gpu, &way.copier, &error),
                     0);
    return way;
}

static void close_way(struct way *way)
{
    cuda->copier_close(way->copier);
    cuda->release(0, way->gpu.base);
    free(way->host.base);
}

static uint64_t done(struct way *way)
{
    struct mcb_error error;
    uint64_t slots = 0;
    assert_int_equal(cuda->copier_done(way->copier, &slots, &error), 0);
    return slots;
}

static void a_copy_is_told_done_only_once_it_is(void **state)
{
    (void)state;
    struct mcb_error error;
    struct way way = way_of(64, false);
    assert_int_equal(done(&way), 0);
    assert_int_equal(cuda->copier_copy(way.copier, 0, 3, &error), 0);
    assert_int_equal(cuda->copier_copy(way.copier, 3, 2, &error), 0);
    assert_int_equal(way.host.base[1], 0);
    assert_int_equal(done(&way), 0);
    assert_int_equal(way.host.base[1], 7);
    assert_int_equal(done(&way), 3);
    assert_int_equal(done(&way), 5);
    assert_int_equal(done(&way), 5);
    close_way(&way);
}

static void gaps_between_slots_are_not_copied(void **state)
{
    (void)state;
    struct mcb_error error;
    struct way way = way_of(100, false);
    assert_int_equal(cuda->copier_copy(way.copier, 4, 3, &error), 0);
    cuda->copier_close(way.copier);
    way.copier = NULL;
    for (uint32_t slot = 0; slot < SLOTS; slot++)
        for (size_t at = 0; at < way.host.stride_bytes; at++) {
            bool copied = slot >= 4 && slot < 7 && at < 100;
            size_t offset = slot * way.host.stride_bytes + at;
            assert_int_equal(way.host.base[offset], copied ? (uint8_t)(offset * 7) : 0);
        }
    close_way(&way);
}

static void more_copies_than_events_are_all_told_done(void **state)
{
    (void)state;
    struct mcb_error error;
    struct way way = way_of(64, true);
    for (uint32_t slot = 0; slot < SLOTS; slot++)
        assert_int_equal(cuda->copier_copy(way.copier, slot, 1, &error), 0);
    uint64_t slots = 0;
    for (int asked = 0; asked < 2 * SLOTS && slots < SLOTS; asked++) {
        uint64_t now = done(&way);
        assert_true(now >= slots);
        slots = now;
    }
    assert_int_equal(slots, SLOTS);
    for (uint32_t slot = 0; slot < SLOTS; slot += 10)
        assert_int_equal(cuda->copier_copy(way.copier, slot, 10, &error), 0);
    for (int asked = 0; asked < 2 * SLOTS && slots < 2 * SLOTS; asked++)
        slots = done(&way);
    assert_int_equal(slots, 2 * SLOTS);
    close_way(&way);
}

static void closing_a_copier_waits_for_its_copies(void **state)
{
    (void)state;
    struct mcb_error error;
    struct way way = way_of(4096, false);
    assert_int_equal(cuda->copier_copy(way.copier, SLOTS - 1, 1, &error), 0);
    cuda->copier_close(way.copier);
    way.copier = NULL;
    size_t last = (SLOTS - 1) * (size_t)4096 + 4095;
    assert_int_equal(way.host.base[last], (uint8_t)(last * 7));
    close_way(&way);
}

static void a_copy_past_the_last_slot_is_refused(void **state)
{
    (void)state;
    struct mcb_error error = {0};
    struct way way = way_of(64, false);
    assert_fault(cuda->copier_copy(way.copier, SLOTS - 1, 2, &error), &error, MCB_FAULT_GPU_CALL,
                 "200");
    assert_fault(cuda->copier_copy(way.copier, UINT32_MAX, 2, &error), &error, MCB_FAULT_GPU_CALL,
                 "200");
    close_way(&way);
}

/* ---- failures ---- */

static int use_copier(uint8_t *memory, uint8_t *host, struct mcb_error *error)
{
    struct mcb_area gpu = {.base = memory, .slot_bytes = 100, .stride_bytes = 128, .slots = 8};
    struct mcb_area bounce = gpu;
    struct mcb_gpu_copier *copier = NULL;
    uint64_t slots = 0;
    bounce.base = host;
    if (cuda->pin(0, host, 8 * 128, error))
        return -1;
    int status = cuda->copier_open(0, &bounce, &gpu, &copier, error);
    if (status == 0)
        status = cuda->copier_copy(copier, 0, 8, error);
    for (int asked = 0; status == 0 && asked < 3; asked++)
        status = cuda->copier_done(copier, &slots, error);
    cuda->copier_close(copier);
    cuda->unpin(0, host);
    return status;
}

/* All that a module can do, once; a slot is wrong. */
static int use_memory(uint8_t *memory, uint8_t *host, struct mcb_error *error)
{
    struct mcb_area area = {.base = memory, .slot_bytes = 100, .stride_bytes = 128, .slots = 8};
    const struct mcb_pattern pattern = {.key = 5, .generation = 1};
    struct mcb_pattern_report report = {0};
    int fd;
    if (cuda->poison(0, pattern.key, &area, error) || cuda->fill(0, &pattern, &area, error) ||
        cuda->copy(0, memory + 256, host, 8, error) ||
        cuda->check(0, &pattern, &area, &report, error) || cuda->flush(0, error))
        return -1;
    if (cuda->export_dmabuf(0, memory, 65536, MCB_DMABUF_PCIE, &fd, error))
        return -1;
    close(fd);
    return use_copier(memory, host, error);
}

static int use_all(struct mcb_error *error)
{
    struct mcb_gpu_identity identity;
    _Alignas(64) uint8_t host[8 * 128] = {0};
    void *memory;
    unsigned count;
    if (cuda->open(&count, error))
        return -1;
    int status = cuda->identify(0, &identity, error);
    if (status == 0)
        status = cuda->allocate(0, 65536, &memory, error);
    if (status == 0) {
        status = use_memory(memory, host, error);
        fake_cudart.fail_at = 0;
        cuda->release(0, memory);
    }
    fake_cudart.fail_at = 0;
    cuda->close();
    return status;
}

static int lowest_free_fd(void)
{
    int fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
    close(fd);
    return fd;
}

/* Calls of use_all() that may fail unseen, and how often each is made where it may. */
static struct unseen {
    const char *call;
    int times;
} const may_fail_unseen[] = {
    /* of an identity: what is not told is not known */
    {"cudaDeviceGetPCIBusId", 1},
    {"cudaDeviceGetAttribute", 5},
    {"cuDeviceGet", 2},
    {"cuDeviceGetAttribute", 1},
    /* where something is given back */
    {"cudaSetDevice", 2},
    {"cudaStreamSynchronize", 1},
};
enum { UNSEEN = sizeof may_fail_unseen / sizeof may_fail_unseen[0] };

static void count_unseen(const char *call, int seen[UNSEEN])
{
    for (int n = 0; n < UNSEEN; n++)
        if (strcmp(may_fail_unseen[n].call, call) == 0) {
            seen[n]++;
            return;
        }
    fail_msg("%s fails and nothing is said", call);
}

static void whatever_call_fails_is_told_and_leaves_nothing_behind(void **state)
{
    (void)state;
    int fd = lowest_free_fd(), unseen[UNSEEN] = {0};
    fake_cudart_reset();
    struct mcb_error error = {0};
    assert_int_equal(use_all(&error), 0);
    long calls = fake_cudart.calls;
    assert_in_range(calls, 60, 400);
    for (long at = 1; at <= calls; at++) {
        error = (struct mcb_error){0};
        fake_cudart_reset();
        fake_cudart.fail_at = at;
        fake_cudart.fail_with = cudaErrorECCUncorrectable;
        if (use_all(&error))
            assert_true(error.code == MCB_FAULT_GPU_CALL || error.code == MCB_FAULT_GPU_DRIVER ||
                        error.code == MCB_FAULT_GPU_MEMORY || error.code == MCB_FAULT_GPU_EXPORT);
        else if (fake_cudart.failed) /* NULL: nothing fails while all is given back */
            count_unseen(fake_cudart.failed, unseen);
        assert_int_equal(fake_cudart.allocations, 0);
        assert_int_equal(fake_cudart.host_allocations, 0);
        assert_int_equal(fake_cudart.registered, 0);
        assert_int_equal(fake_cudart.streams, 0);
        assert_int_equal(fake_cudart.events, 0);
        assert_int_equal(lowest_free_fd(), fd);
    }
    for (int n = 0; n < UNSEEN; n++)
        if (unseen[n] != may_fail_unseen[n].times)
            fail_msg("%s fails unseen %d times", may_fail_unseen[n].call, unseen[n]);
}

#define with_module(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_missing_is_named),
        cmocka_unit_test(a_driver_that_counts_no_gpu_has_none),
        cmocka_unit_test(gpus_are_counted),
        cmocka_unit_test(it_can_be_opened_twice_at_once),
        with_module(a_gpu_says_who_it_is),
        with_module(what_a_driver_does_not_tell_is_not_known),
        with_module(a_pci_domain_is_written_as_the_kernel_writes_it),
        cmocka_unit_test(the_flush_is_called_only_where_it_does_something),
        cmocka_unit_test(the_version_of_the_kernel_driver_is_found),
        with_module(memory_is_aligned_for_a_nic_and_orders_operations),
        with_module(memory_that_is_not_to_be_had_is_a_fault_that_tells_how_much_there_is),
        with_module(memory_at_an_odd_address_is_refused_and_given_back),
        with_module(memory_whose_operations_cannot_be_ordered_is_used_all_the_same),
        with_module(a_copy_is_done_when_it_returns),
        with_module(another_gpu_is_made_the_threads_own),
        with_module(a_dmabuf_is_exported_whole),
        with_module(a_driver_before_12_8_is_not_asked_to_map_through_pcie),
        with_module(an_export_that_is_refused_says_why),
        with_module(a_flush_is_asked_of_the_driver),
        with_module(a_copy_is_told_done_only_once_it_is),
        with_module(gaps_between_slots_are_not_copied),
        with_module(more_copies_than_events_are_all_told_done),
        with_module(closing_a_copier_waits_for_its_copies),
        with_module(a_copy_past_the_last_slot_is_refused),
        cmocka_unit_test(whatever_call_fails_is_told_and_leaves_nothing_behind),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
