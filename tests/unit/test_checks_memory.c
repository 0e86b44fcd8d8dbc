/* SPDX-License-Identifier: Apache-2.0 */
/* What the doctor says of memory, on presented hosts. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "copied_host.h"

static int make(void **state)
{
    copied_make(state);
    struct copied *host = *state;
    copied_put(host, "/proc/meminfo",
               "MemTotal: 2097152 kB\nMemAvailable: 1048576 kB\nHugePages_Total: 0\n"
               "HugePages_Free: 0\nHugePages_Rsvd: 0\nHugePages_Surp: 0\nHugepagesize: 2048 kB\n");
    copied_put(host, "/proc/self/cgroup", "0::/job\n");
    copied_put(host, "/proc/sys/vm/max_map_count", "65530\n");
    return 0;
}

static void a_default_host_is_no_alarm(void **state)
{
    struct copied *host = *state;
    copied_check(host, mcb_checks_memory, "rxe0,rxe1,rxe2,rxe3");
    assert_int_equal(copied_alarms(host), 0);
    assert_int_equal(copied_finding(host, "memory.map_count", 0)->verdict, MCB_VERDICT_PASS);
}

static void too_little_memory_for_a_small_run_fails(void **state)
{
    struct copied *host = *state;
    copied_put(host, "/proc/meminfo", "MemAvailable: 98303 kB\n"); /* 64 MiB + 2 x 16 MiB - 1 KiB */
    copied_check(host, mcb_checks_memory, "mlx5_0,mlx5_1");
    assert_finding(host, "memory.available", MCB_VERDICT_FAIL, MCB_FAULT_HOST_MEMORY);
    copied_put(host, "/proc/meminfo", "MemAvailable: 98304 kB\n");
    copied_check(host, mcb_checks_memory, "mlx5_0,mlx5_1");
    assert_int_equal(copied_alarms(host), 0);
}

static void a_cgroup_that_allows_too_little_fails(void **state)
{
    struct copied *host = *state;
    copied_put(host, "/sys/fs/cgroup/job/memory.max", "67108863\n");
    copied_check(host, mcb_checks_memory, "");
    assert_finding(host, "memory.cgroup", MCB_VERDICT_FAIL, MCB_FAULT_HOST_MEMORY);
    copied_put(host, "/sys/fs/cgroup/job/memory.max", "max\n");
    copied_check(host, mcb_checks_memory, "");
    assert_int_equal(copied_alarms(host), 0);
}

static void huge_pages_that_mooncake_wants_and_are_not_there_fail(void **state)
{
    struct copied *host = *state;
    copied_put(host, "/proc/self/environ", "MC_STORE_USE_HUGEPAGE=1\n");
    copied_check(host, mcb_checks_memory, "");
    assert_finding(host, "memory.huge_pages", MCB_VERDICT_FAIL, MCB_FAULT_HOST_HUGE_PAGES);
    assert_non_null(
        strstr(copied_finding(host, "memory.huge_pages", 0)->fix, "sysctl -w vm.nr_hugepages=1 "));
    copied_put(host, "/proc/self/environ", "MC_STORE_USE_HUGEPAGE=0\n");
    copied_check(host, mcb_checks_memory, "");
    assert_int_equal(copied_alarms(host), 0);
}

static void the_arena_of_mooncake_must_fit_the_huge_pages(void **state)
{
    struct copied *host = *state;
    copied_put(host, "/proc/self/environ", "MC_MMAP_ARENA_POOL_SIZE=64MiB\n");
    copied_put(host, "/proc/meminfo",
               "MemAvailable: 1048576 kB\nHugePages_Total: 31\nHugePages_Free: 31\n"
               "Hugepagesize: 2048 kB\n");
    copied_check(host, mcb_checks_memory, "");
    assert_finding(host, "memory.huge_pages", MCB_VERDICT_FAIL, MCB_FAULT_HOST_HUGE_PAGES);
    copied_put(host, "/proc/meminfo",
               "MemAvailable: 1048576 kB\nHugePages_Total: 32\nHugePages_Free: 32\n"
               "Hugepagesize: 2048 kB\n");
    copied_check(host, mcb_checks_memory, "");
    assert_int_equal(copied_alarms(host), 0);
}

#define test(name) cmocka_unit_test_setup_teardown(name, make, copied_remove)

int main(void)
{
    const struct CMUnitTest tests[] = {
        test(a_default_host_is_no_alarm),
        test(too_little_memory_for_a_small_run_fails),
        test(a_cgroup_that_allows_too_little_fails),
        test(huge_pages_that_mooncake_wants_and_are_not_there_fail),
        test(the_arena_of_mooncake_must_fit_the_huge_pages),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
