/* SPDX-License-Identifier: Apache-2.0 */
/* Memory of a GPU is registered in the way that was asked for, and a refusal says why. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <infiniband/verbs.h>
#include <stdalign.h>
#include <stdio.h>
#include <sys/resource.h>
#include <sys/syscall.h>

#include "rdma/device.h"
#include "rdma/memory_region.h"
#include "tests/unit/gpu_buffer.h"
#include "tests/unit/sysfs_tree.h"

enum { LENGTH = 8 * GPU_PAGE, CALLS_MAX = 32, KERNEL_ENOTSUPP = 524 };

#define ANY UINT64_MAX

static alignas(GPU_PAGE) uint8_t memory[LENGTH];

/* ---- a driver that registers whatever it is given, until it is told not to ---- */

struct call {
    uint64_t offset, iova;
    size_t length;
    int fd; /* -1: by address */
    unsigned access;
};

static struct call calls[CALLS_MAX];
static size_t call_count, held; /* regions that are registered now */
static size_t fail_at;          /* the call that fails, from 0 on */
static int fail_with;           /* 0: none */
static uint64_t taken_most;     /* instead of fail_at: what is longer fails; ANY: none */
static int closed_times;        /* the dma-buf */
static struct ibv_mr handles[CALLS_MAX];

static struct ibv_mr *answer(struct call call)
{
    assert_true(call_count < CALLS_MAX);
    bool is_refused = taken_most == ANY ? call_count == fail_at : call.length > taken_most;
    if (fail_with && is_refused) {
        errno = fail_with;
        return NULL;
    }
    if (call.fd >= 0)
        assert_int_not_equal(fcntl(call.fd, F_GETFD), -1);
    calls[call_count] = call;
    handles[call_count] =
        (struct ibv_mr){.lkey = 100 + (uint32_t)call_count, .rkey = 200 + (uint32_t)call_count};
    held++;
    return &handles[call_count++];
}

struct ibv_mr *ibv_reg_mr_iova2(struct ibv_pd *pd, void *address, size_t length, uint64_t iova,
                                unsigned int access)
{
    (void)pd;
    assert_int_equal((uintptr_t)address, iova);
    return answer((struct call){.iova = iova, .length = length, .fd = -1, .access = access});
}

struct ibv_mr *ibv_reg_dmabuf_mr(struct ibv_pd *pd, uint64_t offset, size_t length, uint64_t iova,
                                 int fd, int access)
{
    (void)pd;
    return answer((struct call){offset, iova, length, fd, (unsigned)access});
}

int ibv_dereg_mr(struct ibv_mr *mr)
{
    (void)mr;
    held--;
    return 0;
}

int close(int fd)
{
    if (gpu.exports > 0 && fd == gpu.fd)
        closed_times++;
    return (int)syscall(SYS_close, fd);
}

/* ---- asking it ---- */

static int set_up(void **state)
{
    (void)state;
    gpu = (struct gpu_behaviour){.fd = -1};
    call_count = held = fail_at = 0;
    fail_with = closed_times = 0;
    taken_most = ANY;
    return 0;
}

static int register_memory(const struct mcb_buffer *buffer, enum mcb_registration_way way,
                           bool relaxed, uint64_t most_bytes,
                           struct mcb_registration **registration, struct mcb_error *error)
{
    const struct mcb_device device = {.name = "mlx5_0", .limits = {.region_bytes = UINT64_MAX}};
    const struct mcb_registration_options options = {
        .way = way, .relaxed = relaxed, .most_bytes = most_bytes, .message_bytes = 1000};
    return mcb_registration_open(&device, buffer, &options, registration, error);
}

/* The error of a refusal with an errno. */
static struct mcb_error refusal(const struct mcb_buffer *buffer, enum mcb_registration_way way,
                                int code)
{
    struct mcb_registration *registration = NULL;
    struct mcb_error error = {.code = MCB_FAULT_NONE};
    fail_with = code;
    fail_at = call_count;
    assert_int_equal(register_memory(buffer, way, false, UINT64_MAX, &registration, &error), -1);
    assert_null(registration);
    assert_int_equal(held, 0);
    return error;
}

static void each_region_of_a_dmabuf_begins_at_its_offset_in_it(void **state)
{
    (void)state;
    struct mcb_buffer buffer = gpu_buffer(memory, LENGTH);
    struct mcb_registration *registration;
    struct mcb_error error;
    assert_int_equal(
        register_memory(&buffer, MCB_REGISTER_DMABUF, false, 3 * GPU_PAGE, &registration, &error),
        0);
    assert_int_equal(registration->way, MCB_REGISTER_DMABUF);
    assert_true(registration->count > 2);
    assert_int_equal(call_count, registration->count);
    for (size_t i = 0; i < call_count; i++) {
        assert_int_equal(calls[i].fd, gpu.fd);
        assert_int_equal(calls[i].iova, (uintptr_t)memory + calls[i].offset);
        assert_int_equal(calls[i].iova % 4096, calls[i].offset % 4096);
        assert_int_equal(registration->regions[i].address, calls[i].iova);
        assert_int_equal(registration->regions[i].length_bytes, calls[i].length);
        assert_int_equal(registration->regions[i].remote_key, 200 + i);
        assert_int_equal(registration->regions[i].local_key, 100 + i);
    }
    assert_int_equal(calls[call_count - 1].offset + calls[call_count - 1].length, LENGTH);
    mcb_registration_close(registration);
    assert_int_equal(held, 0);
}

/* Whatever the limit. */
static void regions_of_a_gpu_begin_at_its_pages(void **state)
{
    (void)state;
    struct mcb_buffer buffer = gpu_buffer(memory, LENGTH);
    struct mcb_registration *registration;
    struct mcb_error error;
    assert_int_equal(register_memory(&buffer, MCB_REGISTER_ADDRESS, false, 3 * GPU_PAGE + 8192,
                                     &registration, &error),
                     0);
    assert_true(registration->count > 1);
    for (size_t i = 0; i < call_count; i++) {
        assert_int_equal((calls[i].iova - (uintptr_t)memory) % GPU_PAGE, 0);
        assert_int_equal(calls[i].length % GPU_PAGE, 0);
    }
    mcb_registration_close(registration);
}

static void the_dmabuf_is_closed_once_it_is_registered(void **state)
{
    (void)state;
    struct mcb_buffer buffer = gpu_buffer(memory, LENGTH);
    struct mcb_registration *registration;
    struct mcb_error error;
    assert_int_equal(
        register_memory(&buffer, MCB_REGISTER_DMABUF, false, 3 * GPU_PAGE, &registration, &error),
        0);
    assert_int_equal(gpu.exports, 1);
    assert_int_equal(closed_times, 1);
    mcb_registration_close(registration);
    assert_int_equal(closed_times, 1);
}

static void the_dmabuf_is_closed_once_where_a_region_is_refused(void **state)
{
    (void)state;
    struct mcb_buffer buffer = gpu_buffer(memory, LENGTH);
    struct mcb_registration *registration = NULL;
    struct mcb_error error;
    fail_with = EINVAL;
    fail_at = 2;
    assert_int_equal(
        register_memory(&buffer, MCB_REGISTER_DMABUF, false, 3 * GPU_PAGE, &registration, &error),
        -1);
    assert_null(registration);
    assert_int_equal(error.code, MCB_FAULT_GPU_REGISTER);
    assert_int_equal(call_count, 2);
    assert_int_equal(held, 0);
    assert_int_equal(closed_times, 1);
}

static void each_way_asks_for_its_mapping(void **state)
{
    (void)state;
    struct mcb_buffer buffer = gpu_buffer(memory, LENGTH);
    static const struct {
        enum mcb_registration_way way;
        unsigned exports;
        enum mcb_dmabuf_mapping mapping;
    } rows[] = {
        {MCB_REGISTER_ADDRESS, 0, MCB_DMABUF_DEFAULT},
        {MCB_REGISTER_DMABUF, 1, MCB_DMABUF_DEFAULT},
        {MCB_REGISTER_DMABUF_PCIE, 2, MCB_DMABUF_PCIE},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct mcb_registration *registration;
        struct mcb_error error;
        assert_int_equal(
            register_memory(&buffer, rows[i].way, false, UINT64_MAX, &registration, &error), 0);
        assert_int_equal(gpu.exports, rows[i].exports);
        assert_int_equal(gpu.mapping, rows[i].mapping);
        assert_int_equal(calls[i].fd >= 0, rows[i].way != MCB_REGISTER_ADDRESS);
        mcb_registration_close(registration);
    }
}

static void relaxed_ordering_is_asked_for_in_every_way(void **state)
{
    (void)state;
    struct mcb_buffer buffer = gpu_buffer(memory, LENGTH);
    for (int way = 0; way < MCB_REGISTER_WAYS; way++)
        for (int relaxed = 0; relaxed < 2; relaxed++) {
            struct mcb_registration *registration;
            struct mcb_error error;
            call_count = 0;
            assert_int_equal(register_memory(&buffer, (enum mcb_registration_way)way, relaxed,
                                             UINT64_MAX, &registration, &error),
                             0);
            assert_int_equal((calls[0].access & IBV_ACCESS_RELAXED_ORDERING) != 0, relaxed);
            assert_true(calls[0].access & IBV_ACCESS_REMOTE_WRITE);
            assert_true(calls[0].access & IBV_ACCESS_REMOTE_READ);
            mcb_registration_close(registration);
        }
}

static void an_export_that_is_refused_keeps_its_fault(void **state)
{
    (void)state;
    struct mcb_buffer buffer = gpu_buffer(memory, LENGTH);
    gpu.export_refused[MCB_DMABUF_DEFAULT] = true;
    struct mcb_error error = refusal(&buffer, MCB_REGISTER_DMABUF, 0);
    assert_int_equal(error.code, MCB_FAULT_GPU_EXPORT);
    assert_string_equal(error.detail, "cuda:0: the driver exports nothing");
    assert_int_equal(call_count, 0);
}

static struct mcb_buffer host_buffer(size_t length_bytes)
{
    return (struct mcb_buffer){.address = memory,
                               .length_bytes = length_bytes,
                               .page_bytes = 4096,
                               .memory = "cpu:0",
                               .kind = &mcb_memory_host};
}

static void host_memory_has_no_dmabuf(void **state)
{
    (void)state;
    struct mcb_buffer buffer = host_buffer(LENGTH);
    struct mcb_error error = refusal(&buffer, MCB_REGISTER_DMABUF, 0);
    assert_int_equal(error.code, MCB_FAULT_GPU_EXPORT);
}

static void an_address_of_a_gpu_that_no_module_knows_names_peermem(void **state)
{
    (void)state;
    struct mcb_buffer buffer = gpu_buffer(memory, LENGTH);
    struct mcb_error error = refusal(&buffer, MCB_REGISTER_ADDRESS, EFAULT);
    assert_int_equal(error.code, MCB_FAULT_GPU_REGISTER);
    assert_non_null(strstr(error.detail, "cuda:0 cannot be registered by its address"));
    assert_non_null(strstr(error.detail, "(EFAULT, errno 14)"));
    assert_non_null(strstr(error.detail, "nvidia_peermem"));
    assert_null(strstr(error.detail, "BAR1"));
}

static void the_same_errno_of_host_memory_says_nothing_of_gpus(void **state)
{
    (void)state;
    struct mcb_buffer buffer = host_buffer(LENGTH);
    struct mcb_error error = refusal(&buffer, MCB_REGISTER_ADDRESS, EFAULT);
    assert_int_equal(error.code, MCB_FAULT_RDMA_REGISTER);
    assert_null(strstr(error.detail, "peermem"));
    assert_non_null(strstr(error.detail, "(EFAULT, errno 14)"));
}

static void an_errno_is_the_fault_that_it_means(void **state)
{
    (void)state;
    static const struct {
        enum mcb_registration_way way;
        int code;
        enum mcb_fault_code of_host, of_gpu; /* NONE: not asked */
    } rows[] = {
        {MCB_REGISTER_ADDRESS, EIO, MCB_FAULT_RDMA_REGISTER, MCB_FAULT_GPU_REGISTER},
        {MCB_REGISTER_ADDRESS, EAGAIN, MCB_FAULT_RDMA_KEYS, MCB_FAULT_RDMA_KEYS},
        {MCB_REGISTER_ADDRESS, EINVAL, MCB_FAULT_RDMA_REGISTER, MCB_FAULT_GPU_REGISTER},
        {MCB_REGISTER_ADDRESS, EFAULT, MCB_FAULT_RDMA_REGISTER, MCB_FAULT_GPU_REGISTER},
        {MCB_REGISTER_DMABUF, EAGAIN, MCB_FAULT_NONE, MCB_FAULT_RDMA_KEYS},
        {MCB_REGISTER_DMABUF, EINVAL, MCB_FAULT_NONE, MCB_FAULT_GPU_REGISTER},
        {MCB_REGISTER_DMABUF_PCIE, EINVAL, MCB_FAULT_NONE, MCB_FAULT_GPU_REGISTER},
    };
    struct mcb_buffer host = host_buffer(LENGTH), of_a_gpu = gpu_buffer(memory, LENGTH);
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct mcb_error error = refusal(&of_a_gpu, rows[i].way, rows[i].code);
        assert_int_equal(error.code, rows[i].of_gpu);
        if (rows[i].of_host == MCB_FAULT_NONE)
            continue;
        error = refusal(&host, rows[i].way, rows[i].code);
        assert_int_equal(error.code, rows[i].of_host);
        assert_null(strstr(error.detail, "max_mr_size"));
    }
}

/* A NIC that maps no more than so much at once, whatever it says. */
static void eio_is_a_matter_of_size_where_one_page_is_taken(void **state)
{
    (void)state;
    static const struct {
        uint64_t taken_most;
        enum mcb_fault_code of_host, of_gpu;
    } rows[] = {
        {LENGTH / 2, MCB_FAULT_RDMA_REGION_SIZE, MCB_FAULT_RDMA_REGION_SIZE},
        {0, MCB_FAULT_RDMA_REGISTER, MCB_FAULT_GPU_REGISTER},
    };
    struct mcb_buffer host = host_buffer(LENGTH), of_a_gpu = gpu_buffer(memory, LENGTH);
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        taken_most = rows[i].taken_most;
        for (int way = 0; way < MCB_REGISTER_WAYS; way++) {
            struct mcb_error error = refusal(&of_a_gpu, (enum mcb_registration_way)way, EIO);
            assert_int_equal(error.code, rows[i].of_gpu);
        }
        struct mcb_error error = refusal(&host, MCB_REGISTER_ADDRESS, EIO);
        assert_int_equal(error.code, rows[i].of_host);
        assert_int_equal(strstr(error.detail, "max_mr_size is") != NULL, taken_most > 0);
    }
    struct mcb_buffer page = host_buffer(4096);
    taken_most = 4095;
    assert_int_equal(refusal(&page, MCB_REGISTER_ADDRESS, EIO).code, MCB_FAULT_RDMA_REGISTER);
}

static void a_nic_that_knows_no_dmabuf_is_named(void **state)
{
    (void)state;
    static const int codes[] = {EOPNOTSUPP, EPROTONOSUPPORT, ENOSYS};
    struct mcb_buffer buffer = gpu_buffer(memory, LENGTH);
    for (size_t i = 0; i < sizeof(codes) / sizeof(codes[0]); i++) {
        struct mcb_error error = refusal(&buffer, MCB_REGISTER_DMABUF, codes[i]);
        assert_int_equal(error.code, MCB_FAULT_GPU_REGISTER);
        assert_non_null(strstr(error.detail, "the NIC's driver knows no dma-buf"));
        assert_non_null(strstr(error.detail, "as a dma-buf:"));
    }
}

static void an_errno_that_only_the_kernel_has_is_named(void **state)
{
    (void)state;
    struct mcb_buffer buffer = gpu_buffer(memory, LENGTH), host = host_buffer(LENGTH);
    for (int way = 0; way < MCB_REGISTER_WAYS; way++) {
        struct mcb_error error = refusal(&buffer, (enum mcb_registration_way)way, KERNEL_ENOTSUPP);
        assert_int_equal(error.code, MCB_FAULT_GPU_REGISTER);
        assert_non_null(strstr(error.detail, "(ENOTSUPP, errno 524)"));
    }
    struct mcb_error error = refusal(&host, MCB_REGISTER_ADDRESS, KERNEL_ENOTSUPP);
    assert_non_null(strstr(error.detail, "(ENOTSUPP, errno 524)"));
}

static void any_other_errno_is_told_in_the_words_of_the_system(void **state)
{
    (void)state;
    struct mcb_buffer buffer = gpu_buffer(memory, LENGTH);
    struct mcb_error error = refusal(&buffer, MCB_REGISTER_DMABUF_PCIE, ENXIO);
    assert_non_null(strstr(error.detail, "through PCIe: No such device or address"));
}

static void much_memory_of_a_gpu_hints_at_its_bar1(void **state)
{
    (void)state;
    static const int codes[] = {ENOMEM, EFAULT};
    struct mcb_buffer large = gpu_buffer(memory, (size_t)256 << 20);
    struct mcb_buffer small = gpu_buffer(memory, LENGTH);
    for (int way = 0; way < MCB_REGISTER_WAYS; way++)
        for (size_t i = 0; i < sizeof(codes) / sizeof(codes[0]); i++) {
            struct mcb_error error = refusal(&large, (enum mcb_registration_way)way, codes[i]);
            assert_non_null(strstr(error.detail, "more than the GPU's BAR1 has free"));
            error = refusal(&small, (enum mcb_registration_way)way, codes[i]);
            assert_null(strstr(error.detail, "more than the GPU's BAR1 has free"));
        }
}

static void the_limit_of_locked_memory_is_no_matter_of_gpus(void **state)
{
    (void)state;
    struct rlimit before, none = {0, 0};
    struct mcb_buffer buffer = gpu_buffer(memory, LENGTH);
    assert_int_equal(getrlimit(RLIMIT_MEMLOCK, &before), 0);
    none.rlim_max = before.rlim_max;
    assert_int_equal(setrlimit(RLIMIT_MEMLOCK, &none), 0);
    struct mcb_error error = refusal(&buffer, MCB_REGISTER_ADDRESS, ENOMEM);
    assert_int_equal(setrlimit(RLIMIT_MEMLOCK, &before), 0);
    assert_int_equal(error.code, MCB_FAULT_GPU_REGISTER);
    assert_null(strstr(error.detail, "RLIMIT_MEMLOCK"));
}

static void sysfs_tells_which_module_for_peers_is_loaded(void **state)
{
    (void)state;
    struct sysfs_tree tree;
    char text[MCB_PEERMEM_TEXT];
    assert_int_equal(sysfs_make(&tree), 0);
    assert_string_equal(mcb_registration_peermem(tree.root, text),
                        "neither nvidia_peermem nor nv_peer_mem is loaded");
    sysfs_folder(&tree, "module/nv_peer_mem");
    sysfs_file(&tree, "module/nv_peer_mem/initstate", "live\n");
    assert_string_equal(mcb_registration_peermem(tree.root, text), "nv_peer_mem is loaded");
    sysfs_folder(&tree, "module/nvidia_peermem");
    sysfs_file(&tree, "module/nvidia_peermem/initstate", "live\n");
    sysfs_file(&tree, "module/nvidia_peermem/version", "570.124.06\n");
    assert_string_equal(mcb_registration_peermem(tree.root, text),
                        "nvidia_peermem 570.124.06 is loaded");
    sysfs_remove(&tree);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(each_region_of_a_dmabuf_begins_at_its_offset_in_it, set_up),
        cmocka_unit_test_setup(regions_of_a_gpu_begin_at_its_pages, set_up),
        cmocka_unit_test_setup(the_dmabuf_is_closed_once_it_is_registered, set_up),
        cmocka_unit_test_setup(the_dmabuf_is_closed_once_where_a_region_is_refused, set_up),
        cmocka_unit_test_setup(each_way_asks_for_its_mapping, set_up),
        cmocka_unit_test_setup(relaxed_ordering_is_asked_for_in_every_way, set_up),
        cmocka_unit_test_setup(an_export_that_is_refused_keeps_its_fault, set_up),
        cmocka_unit_test_setup(host_memory_has_no_dmabuf, set_up),
        cmocka_unit_test_setup(an_address_of_a_gpu_that_no_module_knows_names_peermem, set_up),
        cmocka_unit_test_setup(the_same_errno_of_host_memory_says_nothing_of_gpus, set_up),
        cmocka_unit_test_setup(an_errno_is_the_fault_that_it_means, set_up),
        cmocka_unit_test_setup(eio_is_a_matter_of_size_where_one_page_is_taken, set_up),
        cmocka_unit_test_setup(a_nic_that_knows_no_dmabuf_is_named, set_up),
        cmocka_unit_test_setup(an_errno_that_only_the_kernel_has_is_named, set_up),
        cmocka_unit_test_setup(any_other_errno_is_told_in_the_words_of_the_system, set_up),
        cmocka_unit_test_setup(much_memory_of_a_gpu_hints_at_its_bar1, set_up),
        cmocka_unit_test_setup(the_limit_of_locked_memory_is_no_matter_of_gpus, set_up),
        cmocka_unit_test_setup(sysfs_tells_which_module_for_peers_is_loaded, set_up),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
