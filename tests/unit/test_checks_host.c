/* SPDX-License-Identifier: Apache-2.0 */
/* What the doctor says of limits and containers, on presented hosts. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "copied_host.h"

#define LIMITS(locked, files)                                                                      \
    "Limit                     Soft Limit           Hard Limit           Units\n"                  \
    "Max locked memory         " locked "              " locked "              bytes\n"            \
    "Max open files            " files "                 4096                 files\n"

/* Two NICs, a user without capabilities. */
static int make(void **state)
{
    copied_make(state);
    struct copied *host = *state;
    copied_put(host, "/proc/self/limits", LIMITS("8388608", "1024"));
    copied_put(host, "/proc/self/status", "CapEff:\t0000000000000000\n");
    copied_put(host, "/proc/self/uid_map", "         0          0 4294967295\n");
    copied_put(host, "/proc/meminfo", "MemTotal: 67108864 kB\n");
    copied_put(host, "/sys/class/infiniband/mlx5_0/fw_ver", "28\n");
    copied_put(host, "/sys/class/infiniband/mlx5_1/fw_ver", "28\n");
    return 0;
}

static void eight_mib_of_locked_memory_are_too_little_for_two_nics(void **state)
{
    struct copied *host = *state;
    copied_check(host, mcb_checks_host, "");
    assert_finding(host, "host.memlock", MCB_VERDICT_FAIL, MCB_FAULT_HOST_MEMLOCK);
    assert_non_null(strstr(copied_finding(host, "host.memlock", 0)->evidence, "2 NICs x 16 MiB"));
    assert_int_equal(copied_alarms(host), 1);
}

static void a_limit_below_what_mooncake_registers_is_a_warning(void **state)
{
    struct copied *host = *state;
    copied_put(host, "/proc/self/limits", LIMITS("2147483648", "1024"));
    copied_check(host, mcb_checks_host, "");
    assert_finding(host, "host.memlock", MCB_VERDICT_WARN, MCB_FAULT_HOST_MEMLOCK);
}

static void no_limit_that_matters_is_no_alarm(void **state)
{
    struct copied *host = *state;
    copied_put(host, "/proc/self/limits", LIMITS("unlimited", "1024"));
    copied_check(host, mcb_checks_host, "");
    assert_int_equal(copied_alarms(host), 0);
    copied_put(host, "/proc/self/limits", LIMITS("137438953472", "1024")); /* 2 x 64 GiB */
    copied_check(host, mcb_checks_host, "");
    assert_int_equal(copied_alarms(host), 0);
    copied_put(host, "/proc/self/limits", LIMITS("8388608", "1024"));
    copied_put(host, "/proc/self/status", "CapEff:\t000001ffffffffff\n");
    copied_check(host, mcb_checks_host, "");
    assert_int_equal(copied_alarms(host), 0);
}

static void a_container_without_the_capability_is_named_as_such(void **state)
{
    struct copied *host = *state;
    copied_put(host, "/.dockerenv", "");
    copied_check(host, mcb_checks_host, "");
    assert_finding(host, "host.memlock", MCB_VERDICT_FAIL, MCB_FAULT_HOST_CONTAINER);
    assert_non_null(strstr(copied_finding(host, "host.memlock", 0)->fix, "--cap-add IPC_LOCK"));
}

static void a_container_without_the_files_of_its_gpus_is_named(void **state)
{
    struct copied *host = *state;
    copied_put(host, "/proc/self/limits", LIMITS("unlimited", "1024"));
    copied_put(host, "/run/.containerenv", "");
    copied_put(host, "/sys/module/nvidia/version", "570\n");
    copied_check(host, mcb_checks_host, "");
    assert_finding(host, "host.container", MCB_VERDICT_PASS, MCB_FAULT_NONE);
    host->examination.gpu_functions = 8;
    mcb_checks_host[3].run(&host->examination, &mcb_checks_host[3]);
    const struct mcb_finding *finding = copied_finding(host, "host.container", 1);
    assert_int_equal(finding->fault, MCB_FAULT_HOST_CONTAINER);
    assert_int_equal(finding->verdict, MCB_VERDICT_WARN);
    copied_put(host, "/dev/nvidiactl", "");
    copied_put(host, "/dev/nvidia-uvm", "");
    mcb_checks_host[3].run(&host->examination, &mcb_checks_host[3]);
    assert_int_equal(copied_finding(host, "host.container", 2)->verdict, MCB_VERDICT_PASS);
}

static void a_folder_for_devices_that_is_empty_is_told_as_such(void **state)
{
    struct copied *host = *state;
    char path[128];
    copied_put(host, "/proc/self/limits", LIMITS("unlimited", "1024"));
    copied_put(host, "/.dockerenv", "");
    copied_check(host, mcb_checks_host, "");
    assert_non_null(strstr(copied_finding(host, "host.container", 0)->evidence, "is not there"));
    copied_put(host, "/dev/infiniband/uverbs0", "");
    copied_check(host, mcb_checks_host, "");
    assert_non_null(strstr(copied_finding(host, "host.container", 0)->evidence, "is mounted"));
    snprintf(path, sizeof path, "%s/dev/infiniband/uverbs0", host->root);
    assert_int_equal(remove(path), 0);
    copied_check(host, mcb_checks_host, "");
    assert_non_null(strstr(copied_finding(host, "host.container", 0)->evidence, "is empty"));
}

static void few_open_files_are_a_warning(void **state)
{
    struct copied *host = *state;
    copied_put(host, "/proc/self/limits", LIMITS("unlimited", "83"));
    copied_check(host, mcb_checks_host, "");
    assert_finding(host, "host.files", MCB_VERDICT_WARN, MCB_FAULT_HOST_SYSTEM);
    copied_put(host, "/proc/self/limits", LIMITS("unlimited", "84"));
    copied_check(host, mcb_checks_host, "");
    assert_int_equal(copied_alarms(host), 0);
}

static void kernel_and_modules_are_shown(void **state)
{
    struct copied *host = *state;
    copied_put(host, "/proc/sys/kernel/osrelease", "6.1.0\n");
    copied_put(host, "/etc/os-release", "ID=debian\nPRETTY_NAME=\"Debian GNU/Linux 12\"\n");
    copied_put(host, "/sys/module/mlx5_ib/refcnt", "1\n");
    copied_check(host, mcb_checks_host, "");
    assert_string_equal(copied_finding(host, "host.system", 0)->evidence,
                        "Debian GNU/Linux 12, kernel 6.1.0");
    assert_string_equal(copied_finding(host, "host.modules", 0)->evidence, "mlx5_ib");
}

static void a_host_that_tells_nothing_is_skipped_and_no_alarm(void **state)
{
    struct copied *host = *state;
    char path[128];
    snprintf(path, sizeof path, "%s/proc/self/limits", host->root);
    assert_int_equal(remove(path), 0);
    copied_check(host, mcb_checks_host, "");
    assert_finding(host, "host.memlock", MCB_VERDICT_SKIP, MCB_FAULT_NONE);
    assert_int_equal(copied_alarms(host), 0);
}

#define test(name) cmocka_unit_test_setup_teardown(name, make, copied_remove)

int main(void)
{
    const struct CMUnitTest tests[] = {
        test(eight_mib_of_locked_memory_are_too_little_for_two_nics),
        test(a_limit_below_what_mooncake_registers_is_a_warning),
        test(no_limit_that_matters_is_no_alarm),
        test(a_container_without_the_capability_is_named_as_such),
        test(a_container_without_the_files_of_its_gpus_is_named),
        test(a_folder_for_devices_that_is_empty_is_told_as_such),
        test(few_open_files_are_a_warning),
        test(kernel_and_modules_are_shown),
        test(a_host_that_tells_nothing_is_skipped_and_no_alarm),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
