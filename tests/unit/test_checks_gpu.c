/* SPDX-License-Identifier: Apache-2.0 */
/* What the doctor says of GPUs and of the PCI bus, on presented hosts. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "bench/doctor/copied_tree.h"
#include "copied_host.h"
#include "pci_config.h"

#define ROOT_PORT "/sys/devices/pci0000:15/0000:15:01.0"
#define NIC       ROOT_PORT "/0000:16:00.0"
#define GPU_PORT  "/sys/devices/pci0000:15/0000:15:02.0"
#define GPU       GPU_PORT "/0000:17:00.0"

static void present_at(const struct copied *host, const char *folder, const char *name,
                       const char *text)
{
    char path[256];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    copied_put(host, path, text);
}

static void present_function(const struct copied *host, const char *folder, const char *vendor,
                             const char *class)
{
    char path[256], target[256];
    present_at(host, folder, "vendor", vendor);
    present_at(host, folder, "device", "0x1021\n");
    present_at(host, folder, "class", class);
    present_at(host, folder, "numa_node", "0\n");
    present_at(host, folder, "current_link_speed", "32.0 GT/s PCIe\n");
    present_at(host, folder, "current_link_width", "16\n");
    present_at(host, folder, "max_link_speed", "32.0 GT/s PCIe\n");
    present_at(host, folder, "max_link_width", "16\n");
    snprintf(path, sizeof path, "/sys/bus/pci/devices/%s", strrchr(folder, '/') + 1);
    snprintf(target, sizeof target, "../../..%s", folder + strlen("/sys"));
    copied_link(host, path, target);
}

/* One NIC and one GPU below ports of one root complex, driver with open modules, BAR1 of 128 GiB.
 */
static int make(void **state)
{
    copied_make(state);
    struct copied *host = *state;
    present_function(host, ROOT_PORT, "0x8086\n", "0x060400\n");
    present_function(host, GPU_PORT, "0x8086\n", "0x060400\n");
    present_function(host, NIC, "0x15b3\n", "0x020700\n");
    present_function(host, GPU, "0x10de\n", "0x030200\n");
    copied_link(host, GPU "/driver", "../../../../bus/pci/drivers/nvidia");
    present_at(host, GPU, "resource",
               "0x0000000090000000 0x0000000090ffffff 0x0000000000040200\n"
               "0x0000200000000000 0x0000201fffffffff 0x000000000014220c\n");
    copied_put(host, "/sys/class/infiniband/mlx5_0/fw_ver", "28\n");
    copied_link(host, "/sys/class/infiniband/mlx5_0/device",
                "../../../devices/pci0000:15/"
                "0000:15:01.0/0000:16:00.0");
    copied_put(host, "/proc/sys/kernel/osrelease", "6.1.0-44-amd64\n");
    copied_put(host, "/proc/driver/nvidia/version",
               "NVRM version: NVIDIA UNIX Open Kernel Module for x86_64  570.124.06\n");
    return 0;
}

static void check(struct copied *host)
{
    struct mcb_tree *tree = calloc(1, sizeof *tree);
    struct mcb_error error;
    assert_non_null(tree);
    assert_int_equal(mcb_copied_tree_make(copied_open(host), tree, &error), 0);
    struct mcb_examination *examination = &host->examination;
    examination->tree = tree;
    examination->gpu_functions = 1;
    examination->nics = calloc(1, sizeof *examination->nics);
    assert_non_null(examination->nics);
    examination->nic_count = 1;
    strcpy(examination->nics[0].name, "mlx5_0");
    for (const struct mcb_check *row = mcb_checks_gpu; row->id; row++)
        if (!(row->needs & MCB_NEEDS_LIVE))
            row->run(examination, row);
}

static void a_healthy_host_is_no_alarm(void **state)
{
    struct copied *host = *state;
    check(host);
    assert_int_equal(copied_alarms(host), 0);
    assert_string_equal(copied_finding(host, "gpu.bar1", 0)->evidence, "128 GiB");
    assert_int_equal(copied_finding(host, "gpu.registration", 0)->verdict, MCB_VERDICT_PASS);
}

static void a_gpu_without_a_driver_is_named(void **state)
{
    struct copied *host = *state;
    char path[256];
    snprintf(path, sizeof path, "%s%s/driver", host->root, GPU);
    assert_int_equal(remove(path), 0);
    check(host);
    assert_finding(host, "gpu.driver", MCB_VERDICT_FAIL, MCB_FAULT_GPU_DRIVER);
    assert_string_equal(copied_finding(host, "gpu.driver", 0)->subject, "0000:17:00.0");
    assert_int_equal(copied_alarms(host), 1);
}

static void neither_peermem_nor_dmabuf_is_a_warning(void **state)
{
    struct copied *host = *state;
    copied_put(host, "/proc/driver/nvidia/version",
               "NVRM version: NVIDIA UNIX x86_64 Kernel Module\n");
    check(host);
    assert_finding(host, "gpu.registration", MCB_VERDICT_WARN, MCB_FAULT_GPU_REGISTER);
    assert_non_null(
        strstr(copied_finding(host, "gpu.registration", 0)->fix, "modprobe nvidia_peermem"));
    copied_put(host, "/sys/module/nvidia_peermem/refcnt", "0\n");
    check(host);
    assert_int_equal(copied_alarms(host), 0);
}

static void a_kernel_before_dmabuf_needs_peermem(void **state)
{
    struct copied *host = *state;
    copied_put(host, "/proc/sys/kernel/osrelease", "5.11.22\n");
    check(host);
    assert_finding(host, "gpu.registration", MCB_VERDICT_WARN, MCB_FAULT_GPU_REGISTER);
}

static void expandable_segments_are_named_with_what_turns_them_off(void **state)
{
    struct copied *host = *state;
    copied_put(host, "/proc/self/environ",
               "PYTORCH_CUDA_ALLOC_CONF=max_split_size_mb:64,expandable_segments:True\n");
    check(host);
    assert_finding(host, "gpu.expandable", MCB_VERDICT_WARN, MCB_FAULT_GPU_EXPANDABLE);
    assert_string_equal(copied_finding(host, "gpu.expandable", 0)->fix,
                        "export PYTORCH_CUDA_ALLOC_CONF=expandable_segments:False");
    copied_put(host, "/proc/self/environ", "PYTORCH_CUDA_ALLOC_CONF=expandable_segments:False\n");
    check(host);
    assert_int_equal(copied_alarms(host), 0);
}

static void a_small_window_to_a_gpus_memory_is_a_warning(void **state)
{
    struct copied *host = *state;
    present_at(host, GPU, "resource",
               "0x90000000 0x90ffffff 0x40200\n0xa0000000 0xafffffff 0x14220c\n");
    check(host);
    assert_finding(host, "gpu.bar1", MCB_VERDICT_WARN, MCB_FAULT_GPU_BAR1);
    assert_non_null(strstr(copied_finding(host, "gpu.bar1", 0)->evidence, "256 MiB"));
}

/* 64 bits take two lines, and what lies behind the six registers is the ROM and windows of virtual
 * functions. */
static void the_window_is_the_largest_prefetchable_bar(void **state)
{
    static const struct {
        const char *resource, *shown;
    } cases[] = {
        {"0x202042000000 0x202042ffffff 0x14220c\n0x0 0x0 0x0\n"
         "0x200000000000 0x201fffffffff 0x14220c\n0x0 0x0 0x0\n"
         "0x202000000000 0x202001ffffff 0x14220c\n0x0 0x0 0x0\n0x0 0x0 0x0\n",
         "128 GiB"}, /* H100 */
        {"0x90000000 0x90ffffff 0x40200\n0x200000000000 0x200fffffffff 0x14220c\n0x0 0x0 0x0\n"
         "0x201000000000 0x201001ffffff 0x14220c\n0x0 0x0 0x0\n0x0 0x0 0x0\n"
         "0x0 0x0 0x0\n0x91000000 0x9103ffff 0x40200\n"
         "0x300000000000 0x30ffffffffff 0x14220c\n0x0 0x0 0x0\n",
         "64 GiB"}, /* A100, with SR-IOV */
        {"0x80000000 0xffffffff 0x40200\n0xa000000000 0xa1ffffffff 0x14220c\n", "8 GiB"},
    };
    struct copied *host = *state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        present_at(host, GPU, "resource", cases[i].resource);
        check(host);
        assert_string_equal(copied_finding(host, "gpu.bar1", 0)->evidence, cases[i].shown);
        assert_finding(host, "gpu.bar1", MCB_VERDICT_PASS, MCB_FAULT_NONE);
    }
    present_at(host, GPU, "resource",
               "0x202042000000 0x202042ffffff 0x14220c\n0x0 0x0 0x0\n"
               "0x200000000000 0x20000fffffff 0x14220c\n0x0 0x0 0x0\n");
    check(host);
    assert_finding(host, "gpu.bar1", MCB_VERDICT_WARN, MCB_FAULT_GPU_BAR1);
}

static void hidden_gpus_are_a_warning(void **state)
{
    struct copied *host = *state;
    copied_put(host, "/proc/self/environ", "CUDA_VISIBLE_DEVICES=\n");
    check(host);
    assert_finding(host, "gpu.visible", MCB_VERDICT_WARN, MCB_FAULT_GPU_NONE);
    copied_put(host, "/proc/self/environ", "CUDA_VISIBLE_DEVICES=0\n");
    check(host);
    assert_int_equal(copied_alarms(host), 0);
}

static void a_slow_link_is_found_below_a_folder(void **state)
{
    struct copied *host = *state;
    present_at(host, NIC, "current_link_width", "8\n");
    check(host);
    assert_finding(host, "gpu.topology", MCB_VERDICT_WARN, MCB_FAULT_PCI_LINK);
    assert_string_equal(copied_finding(host, "gpu.topology", 0)->subject, "mlx5_0");
}

static void disabled_relaxed_ordering_is_found_below_a_folder(void **state)
{
    struct copied *host = *state;
    uint8_t config[SPACE];
    char path[256];
    make_config(config, 0x0000);
    snprintf(path, sizeof path, "%s%s/config", host->root, NIC);
    FILE *file = fopen(path, "we");
    assert_non_null(file);
    assert_int_equal(fwrite(config, 1, 256, file), 256);
    fclose(file);
    check(host);
    assert_finding(host, "gpu.topology", MCB_VERDICT_WARN, MCB_FAULT_PCI_RELAXED_ORDERING);
}

static void software_nics_are_no_reason_for_an_alarm(void **state)
{
    struct copied *host = *state;
    char path[256];
    snprintf(path, sizeof path, "%s/sys/class/infiniband/mlx5_0/device", host->root);
    assert_int_equal(remove(path), 0);
    copied_put(host, "/proc/driver/nvidia/version",
               "NVRM version: NVIDIA UNIX x86_64 Kernel Module\n");
    present_at(host, GPU, "resource", "0x90000000 0x90ffffff 0\n0xa0000000 0xafffffff 0\n");
    copied_check(host, mcb_checks_gpu, "mlx5_0");
    assert_int_equal(copied_finding(host, "gpu.registration", 0)->verdict, MCB_VERDICT_SKIP);
    assert_int_equal(copied_finding(host, "gpu.bar1", 0)->verdict, MCB_VERDICT_SKIP);
    assert_int_equal(copied_alarms(host), 0);
}

#define test(name) cmocka_unit_test_setup_teardown(name, make, copied_remove)

int main(void)
{
    const struct CMUnitTest tests[] = {
        test(a_healthy_host_is_no_alarm),
        test(a_gpu_without_a_driver_is_named),
        test(neither_peermem_nor_dmabuf_is_a_warning),
        test(a_kernel_before_dmabuf_needs_peermem),
        test(expandable_segments_are_named_with_what_turns_them_off),
        test(a_small_window_to_a_gpus_memory_is_a_warning),
        test(the_window_is_the_largest_prefetchable_bar),
        test(hidden_gpus_are_a_warning),
        test(a_slow_link_is_found_below_a_folder),
        test(disabled_relaxed_ordering_is_found_below_a_folder),
        test(software_nics_are_no_reason_for_an_alarm),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
