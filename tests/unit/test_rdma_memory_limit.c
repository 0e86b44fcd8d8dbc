/* SPDX-License-Identifier: Apache-2.0 */
/* ENOMEM of a registration is the limit of locked memory only where what is locked already and what
 * is asked for exceed it together. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <infiniband/verbs.h>
#include <linux/capability.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "common/memory.h"
#include "rdma/device.h"
#include "rdma/memory_region.h"

enum { KIB = 1024, LIMIT = 256 * KIB };

static unsigned granted; /* registrations that succeed, and are locked, before one fails */
static struct ibv_mr region;

struct ibv_mr *ibv_reg_mr_iova2(struct ibv_pd *pd, void *address, size_t length, uint64_t iova,
                                unsigned int access)
{
    (void)pd;
    (void)iova;
    (void)access;
    if (granted == 0 || syscall(SYS_mlock, address, length) != 0) {
        errno = ENOMEM;
        return NULL;
    }
    granted--;
    return &region;
}

int ibv_dereg_mr(struct ibv_mr *mr)
{
    (void)mr;
    return 0;
}

/* What exempts from the limit. */
static int set_lock_capability(bool on)
{
    struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
    struct __user_cap_data_struct data[2];
    if (syscall(SYS_capget, &header, data) != 0)
        return -1;
    if (on)
        data[0].effective |= 1u << CAP_IPC_LOCK;
    else
        data[0].effective &= ~(1u << CAP_IPC_LOCK);
    return (int)syscall(SYS_capset, &header, data);
}

static struct mcb_error refusal(size_t bytes)
{
    static const struct mcb_memory of_host = {.of_gpu = false};
    const struct mcb_device device = {.name = "mlx5_0", .limits = {.region_bytes = UINT64_MAX}};
    const struct mcb_registration_options options = {
        .way = MCB_REGISTER_ADDRESS, .most_bytes = UINT64_MAX, .message_bytes = KIB};
    const struct mcb_buffer buffer = {.address = (void *)(uintptr_t)(1 << 20),
                                      .length_bytes = bytes,
                                      .page_bytes = 4096,
                                      .memory = "cpu:0",
                                      .kind = &of_host};
    struct mcb_registration *registration;
    struct mcb_error error;
    assert_int_equal(mcb_registration_open(&device, &buffer, &options, &registration, &error), -1);
    return error;
}

static int set_up(void **state)
{
    (void)state;
    struct rlimit limit;
    if (getrlimit(RLIMIT_MEMLOCK, &limit) != 0 || limit.rlim_max < LIMIT)
        return -1;
    limit.rlim_cur = LIMIT;
    return setrlimit(RLIMIT_MEMLOCK, &limit) == 0 ? set_lock_capability(false) : -1;
}

static void more_than_the_limit_is_the_limits_fault(void **state)
{
    (void)state;
    struct mcb_error error = refusal(LIMIT + 4 * KIB);
    assert_int_equal(error.code, MCB_FAULT_HOST_MEMLOCK);
    assert_non_null(strstr(error.detail, "mlx5_0: 260 KiB of cpu:0 cannot be locked"));
    assert_non_null(strstr(error.detail, "RLIMIT_MEMLOCK allows 256 KiB to all NICs"));
}

static void less_than_the_limit_is_not(void **state)
{
    (void)state;
    struct mcb_error error = refusal(LIMIT / 2);
    assert_int_equal(error.code, MCB_FAULT_RDMA_REGISTER);
    assert_non_null(strstr(error.detail, "no memory for it in the kernel or in the NIC (ENOMEM)"));
}

/* mlock() itself is one of those that sanitizers take away. */
static void what_is_locked_already_counts(void **state)
{
    (void)state;
    size_t locked = LIMIT * 3 / 4;
    void *held = mmap(NULL, locked, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    assert_ptr_not_equal(held, MAP_FAILED);
    assert_int_equal(syscall(SYS_mlock, held, locked), 0);
    enum mcb_fault_code with = refusal(LIMIT / 2).code;
    munmap(held, locked);
    assert_int_equal(with, MCB_FAULT_HOST_MEMLOCK);
    assert_int_equal(refusal(LIMIT / 2).code, MCB_FAULT_RDMA_REGISTER);
}

/* The first region is locked: it counts once. */
static void a_later_region_is_asked_for_on_its_own(void **state)
{
    (void)state;
    const size_t chunk = LIMIT * 3 / 8;
    const struct mcb_device device = {.name = "mlx5_0", .limits = {.region_bytes = UINT64_MAX}};
    const struct mcb_registration_options options = {.most_bytes = chunk, .message_bytes = KIB};
    void *held = mmap(NULL, 2 * chunk, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    assert_ptr_not_equal(held, MAP_FAILED);
    const struct mcb_buffer buffer = {.address = held,
                                      .length_bytes = 2 * chunk,
                                      .page_bytes = 4096,
                                      .memory = "cpu:0",
                                      .kind = &mcb_memory_host};
    struct mcb_registration *registration;
    struct mcb_error error;
    granted = 1;
    int status = mcb_registration_open(&device, &buffer, &options, &registration, &error);
    munmap(held, 2 * chunk);
    assert_int_equal(status, -1);
    assert_int_equal(error.code, MCB_FAULT_RDMA_REGISTER);
    assert_non_null(strstr(error.detail, "mlx5_0: 96 KiB of cpu:0, after 96 KiB of it, cannot be"));
}

static void nobody_is_limited_who_may_exceed_it(void **state)
{
    (void)state;
    if (set_lock_capability(true) != 0)
        skip(); /* an ordinary user */
    enum mcb_fault_code with = refusal(2 * LIMIT).code;
    assert_int_equal(set_lock_capability(false), 0);
    assert_int_equal(with, MCB_FAULT_RDMA_REGISTER);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(more_than_the_limit_is_the_limits_fault),
        cmocka_unit_test(less_than_the_limit_is_not),
        cmocka_unit_test(what_is_locked_already_counts),
        cmocka_unit_test(a_later_region_is_asked_for_on_its_own),
        cmocka_unit_test(nobody_is_limited_who_may_exceed_it),
    };
    return cmocka_run_group_tests(tests, set_up, NULL);
}
