/* SPDX-License-Identifier: Apache-2.0 */
/* NICs of presented hosts: what the doctor says of them without opening one. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "bench/doctor/nic_checks.h"
#include "bench/doctor/nic_missing.h"
#include "bench/doctor/nic_probe.h"
#include "bench/doctor/nic_resources.h"
#include "bench/doctor/nic_sysfs.h"
#include "tests/unit/presented_host.h"

#define IB "sys/class/infiniband/"

static const char ipv4[] = "0000:0000:0000:0000:0000:ffff:0a4d:0001\n";
static const char routable[] = "0000:0000:0000:0000:0000:ffff:0b4d:0001\n";
static const char local[] = "fe80:0000:0000:0000:a8bb:ccff:fedd:ee00\n";
static const char empty[] = "0000:0000:0000:0000:0000:0000:0000:0000\n";

static void present_gid(struct presented *host, const char *nic, unsigned port, unsigned index,
                        const char *gid, const char *type, const char *interface)
{
    char path[256];
    snprintf(path, sizeof path, IB "%s/ports/%u/gids/%u", nic, port, index);
    present(host, path, gid);
    snprintf(path, sizeof path, IB "%s/ports/%u/gid_attrs/types/%u", nic, port, index);
    present(host, path, type);
    snprintf(path, sizeof path, IB "%s/ports/%u/gid_attrs/ndevs/%u", nic, port, index);
    present(host, path, interface);
}

static void present_port(struct presented *host, const char *nic, unsigned port, bool active)
{
    char path[256];
    const struct {
        const char *file, *text;
    } files[] = {{"state", active ? "4: ACTIVE\n" : "1: DOWN\n"},
                 {"phys_state", active ? "5: LinkUp\n" : "3: Disabled\n"},
                 {"link_layer", "Ethernet\n"},
                 {"rate", "400 Gb/sec (4X NDR)\n"}};
    for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
        snprintf(path, sizeof path, IB "%s/ports/%u/%s", nic, port, files[i].file);
        present(host, path, files[i].text);
    }
}

/* A RoCE NIC with one port and one good GID. */
static void present_nic(struct presented *host, const char *nic, const char *interface, bool active)
{
    char path[256], text[64];
    snprintf(path, sizeof path, IB "%s/node_type", nic);
    present(host, path, "1: CA\n");
    snprintf(path, sizeof path, IB "%s/fw_ver", nic);
    present(host, path, "28.39.1002\n");
    present_port(host, nic, 1, active);
    present_gid(host, nic, 1, 0, ipv4, "RoCE v2\n", interface);
    snprintf(path, sizeof path, "sys/class/infiniband_verbs/uverbs-%s/ibdev", nic);
    snprintf(text, sizeof text, "%s\n", nic);
    present(host, path, text);
    snprintf(path, sizeof path, "dev/infiniband/uverbs-%s", nic);
    present(host, path, "");
    snprintf(path, sizeof path, "sys/class/net/%s/mtu", interface);
    present(host, path, "9000\n");
}

/* Without a PCI function a NIC is one of software. */
static void present_hardware(struct presented *host, const char *nic, const char *interface,
                             bool active, const char *address)
{
    char path[256], target[256];
    present_nic(host, nic, interface, active);
    snprintf(path, sizeof path, "sys/bus/pci/devices/%s", address);
    sysfs_folder(&host->tree, path);
    snprintf(path, sizeof path, IB "%s/device", nic);
    snprintf(target, sizeof target, "../../../bus/pci/devices/%s", address);
    sysfs_link(&host->tree, path, target);
}

static void a_healthy_nic_passes_and_is_proved_up_to_its_gid(void **state)
{
    struct presented *host = *state;
    present_nic(host, "mlx5_0", "eth0", true);
    examine(host, false);
    assert_finding(host, "nic.present", "mlx5_0", MCB_VERDICT_PASS, MCB_FAULT_NONE, "28.39.1002");
    assert_finding(host, "nic.port", "mlx5_0", MCB_VERDICT_PASS, MCB_FAULT_NONE, "400 Gb/sec");
    assert_finding(host, "nic.gid", "mlx5_0", MCB_VERDICT_PASS, MCB_FAULT_NONE, "10.77.0.1");
    assert_finding(host, "nic.mtu", "mlx5_0", MCB_VERDICT_PASS, MCB_FAULT_NONE, "4096");
    assert_finding(host, "nic.loopback", NULL, MCB_VERDICT_SKIP, MCB_FAULT_NONE, "live");
    assert_int_equal(host->examination.proof_count, 1);
    assert_int_equal(host->examination.proofs[0].stage, MCB_STAGE_GID);
}

static void a_host_without_any_is_told_of_tcp(void **state)
{
    struct presented *host = *state;
    sysfs_folder(&host->tree, "sys/bus/pci/devices");
    examine(host, false);
    assert_finding(host, "nic.present", NULL, MCB_VERDICT_WARN, MCB_FAULT_RDMA_NO_DEVICE, "");
    assert_fix(host, "nic.present", NULL, "--transport tcp");
    present(host, "proc/self/environ", "MC_FORCE_TCP=1\n");
    examine(host, false);
    assert_finding(host, "nic.present", NULL, MCB_VERDICT_SKIP, MCB_FAULT_NONE, "MC_FORCE_TCP");
}

static void present_function(struct presented *host, const char *address, const char *vendor,
                             const char *device, const char *class_code)
{
    char path[256];
    const char *files[][2] = {{"vendor", vendor}, {"device", device}, {"class", class_code}};
    for (size_t i = 0; i < 3; i++) {
        snprintf(path, sizeof path, "sys/bus/pci/devices/%s/%s", address, files[i][0]);
        present(host, path, files[i][1]);
    }
}

static void a_nic_without_driver_fails_and_names_the_module(void **state)
{
    struct presented *host = *state;
    present_function(host, "0000:19:00.0", "0x15b3\n", "0x1021\n", "0x020700\n");
    examine(host, false);
    assert_finding(host, "nic.present", "0000:19:00.0", MCB_VERDICT_FAIL, MCB_FAULT_RDMA_NO_DEVICE,
                   "mlx5_ib");
    assert_fix(host, "nic.present", NULL, "modprobe mlx5_ib");
}

static void an_erdma_nic_is_known_and_an_ordinary_one_is_not(void **state)
{
    struct presented *host = *state;
    present_function(host, "0000:00:05.0", "0x1ded\n", "0x107f\n", "0x020000\n");
    present_function(host, "0000:00:06.0", "0x8086\n", "0x10d3\n", "0x020000\n");
    present_function(host, "0000:00:07.0", "0x15b3\n", "0x1021\n", "0x010802\n");
    examine(host, false);
    struct mcb_missing_nic missing[4];
    assert_int_equal(mcb_nic_missing_find(host->system, missing, 4), 1);
    assert_string_equal(missing[0].module, "erdma");
}

static void a_name_that_no_nic_has_fails_and_the_nearest_is_offered(void **state)
{
    struct presented *host = *state;
    present_nic(host, "mlx5_0", "eth0", true);
    host->options.nics = "mlx5_9";
    examine(host, false);
    assert_finding(host, "nic.present", "mlx5_9", MCB_VERDICT_FAIL, MCB_FAULT_RDMA_NO_SUCH_NIC,
                   "did you mean mlx5_0");
}

static void a_container_without_the_device_files_is_named(void **state)
{
    struct presented *host = *state;
    char path[256];
    present_nic(host, "mlx5_0", "eth0", true);
    snprintf(path, sizeof path, "%s/dev/infiniband/uverbs-mlx5_0", host->tree.root);
    unlink(path);
    examine(host, false);
    assert_finding(host, "nic.present", "mlx5_0", MCB_VERDICT_FAIL, MCB_FAULT_RDMA_DEVICE_OPEN,
                   "is not there");
    present(host, ".dockerenv", "");
    examine(host, false);
    assert_finding(host, "nic.present", "mlx5_0", MCB_VERDICT_FAIL, MCB_FAULT_HOST_CONTAINER,
                   "container");
    assert_fix(host, "nic.present", "mlx5_0", "--device /dev/infiniband");
}

static void iwarp_is_told(void **state)
{
    struct presented *host = *state;
    present_nic(host, "cxgb4_0", "eth0", true);
    present(host, IB "cxgb4_0/node_type", "4: RNIC\n");
    examine(host, false);
    assert_finding(host, "nic.present", "cxgb4_0", MCB_VERDICT_WARN, MCB_FAULT_RDMA_IWARP, "iWARP");
}

static void a_port_that_is_down_fails_where_no_other_nic_works(void **state)
{
    struct presented *host = *state;
    present_hardware(host, "mlx5_0", "eth0", false, "0000:19:00.0");
    examine(host, false);
    assert_finding(host, "nic.port", "mlx5_0", MCB_VERDICT_FAIL, MCB_FAULT_RDMA_PORT_DOWN,
                   "down (physically disabled)");
    assert_fix(host, "nic.port", "mlx5_0", "ip link set eth0 up");
    assert_finding(host, "nic.gid", "mlx5_0", MCB_VERDICT_SKIP, MCB_FAULT_NONE, "no active port");
    present_hardware(host, "mlx5_1", "eth1", true, "0000:3b:00.0");
    examine(host, false);
    assert_finding(host, "nic.port", "mlx5_0", MCB_VERDICT_PASS, MCB_FAULT_NONE, "not in use");
    host->options.nics = "mlx5_0";
    examine(host, false);
    assert_finding(host, "nic.port", "mlx5_0", MCB_VERDICT_FAIL, MCB_FAULT_RDMA_PORT_DOWN, "down");
}

static void another_port_that_is_active_is_offered(void **state)
{
    struct presented *host = *state;
    present_nic(host, "mlx5_0", "eth0", false);
    present_port(host, "mlx5_0", 2, true);
    examine(host, false);
    assert_finding(host, "nic.port", "mlx5_0", MCB_VERDICT_WARN, MCB_FAULT_RDMA_PORT_DOWN,
                   "port 2 is");
    assert_fix(host, "nic.port", "mlx5_0", "MC_IB_PORT=2");
    present(host, "proc/self/environ", "MC_IB_PORT=1\n");
    examine(host, false);
    assert_finding(host, "nic.port", "mlx5_0", MCB_VERDICT_FAIL, MCB_FAULT_RDMA_PORT_DOWN,
                   "port 1 is down");
    present(host, "proc/self/environ", "MC_IB_PORT=7\n");
    examine(host, false);
    assert_finding(host, "nic.port", "mlx5_0", MCB_VERDICT_FAIL, MCB_FAULT_RDMA_NO_PORT,
                   "it has 2 ports");
}

static void empty_gids_are_none_at_all(void **state)
{
    struct presented *host = *state;
    present_nic(host, "mlx5_0", "eth0", true);
    present_gid(host, "mlx5_0", 1, 0, empty, "RoCE v2\n", "eth0\n");
    examine(host, false);
    assert_finding(host, "nic.gid", "mlx5_0", MCB_VERDICT_FAIL, MCB_FAULT_RDMA_GID_NONE, "empty");
}

static void an_index_that_is_empty_fails_and_the_best_is_offered(void **state)
{
    struct presented *host = *state;
    present_nic(host, "mlx5_0", "eth0", true);
    present_gid(host, "mlx5_0", 1, 1, empty, "", "");
    present_gid(host, "mlx5_0", 1, 2, routable, "RoCE v2\n", "eth0\n");
    present(host, "proc/self/environ", "MC_GID_INDEX=1\n");
    examine(host, false);
    assert_finding(host, "nic.gid", "mlx5_0", MCB_VERDICT_FAIL, MCB_FAULT_RDMA_GID_EMPTY,
                   "index 1");
    assert_fix(host, "nic.gid", "mlx5_0", "MC_GID_INDEX=2");
}

static void a_link_local_gid_warns_only_where_it_would_be_used(void **state)
{
    struct presented *host = *state;
    present_nic(host, "mlx5_0", "eth0", true);
    present_gid(host, "mlx5_0", 1, 0, local, "RoCE v2\n", "eth0\n");
    examine(host, false);
    assert_finding(host, "nic.gid", "mlx5_0", MCB_VERDICT_WARN, MCB_FAULT_RDMA_GID_LOCAL, "fe80::");
    present_gid(host, "mlx5_0", 1, 1, ipv4, "RoCE v2\n", "eth0\n");
    examine(host, false);
    assert_finding(host, "nic.gid", "mlx5_0", MCB_VERDICT_PASS, MCB_FAULT_NONE, "1 RoCE v2 eth0");
    present(host, "proc/self/environ", "MC_GID_INDEX=0\n");
    examine(host, false);
    assert_finding(host, "nic.gid", "mlx5_0", MCB_VERDICT_WARN, MCB_FAULT_RDMA_GID_LOCAL, "fe80::");
    assert_fix(host, "nic.gid", "mlx5_0", "MC_GID_INDEX=1");
}

static void the_default_subnet_of_infiniband_is_no_link_local_address(void **state)
{
    struct presented *host = *state;
    present_nic(host, "mlx5_0", "ib0", true);
    present(host, IB "mlx5_0/ports/1/link_layer", "InfiniBand\n");
    present_gid(host, "mlx5_0", 1, 0, local, "IB/RoCE v1\n", "");
    examine(host, false);
    assert_finding(host, "nic.gid", "mlx5_0", MCB_VERDICT_PASS, MCB_FAULT_NONE, "0 IB fe80::");
}

static void nics_of_one_kind_with_another_mtu_warn_once(void **state)
{
    struct presented *host = *state;
    present_nic(host, "mlx5_0", "eth0", true);
    present_nic(host, "mlx5_1", "eth1", true);
    present(host, "sys/class/net/eth1/mtu", "1500\n");
    examine(host, false);
    assert_finding(host, "nic.mtu", "mlx5_1", MCB_VERDICT_WARN, MCB_FAULT_RDMA_MTU, "1024");
    assert_finding(host, "nic.mtu", "mlx5_0", MCB_VERDICT_PASS, MCB_FAULT_NONE, "4096");
    present(host, IB "mlx5_1/ports/1/rate", "25 Gb/sec (1X EDR)\n");
    examine(host, false);
    assert_finding(host, "nic.mtu", "mlx5_1", MCB_VERDICT_PASS, MCB_FAULT_NONE, "1024");
}

static void old_errors_of_a_link_are_told_and_no_warning(void **state)
{
    struct presented *host = *state;
    present_nic(host, "mlx5_0", "eth0", true);
    present(host, IB "mlx5_0/ports/1/counters/symbol_error", "17\n");
    examine(host, false);
    assert_finding(host, "nic.counters", "mlx5_0", MCB_VERDICT_PASS, MCB_FAULT_NONE,
                   "symbol_error 17");
}

static void the_mtu_of_rdma_follows_from_the_interface_as_in_the_kernel(void **state)
{
    (void)state;
    static const uint32_t known[][2] = {{9000, 4096}, {4200, 4096}, {4192, 4096}, {4191, 2048},
                                        {1500, 1024}, {600, 256},   {100, 0},     {0, 0}};
    for (size_t i = 0; i < sizeof known / sizeof *known; i++)
        assert_int_equal(mcb_nic_mtu_of_interface(known[i][0]), known[i][1]);
}

/* ---- checks that ask drivers, with what these might have said ---- */

/* The NICs of the presented host, and what one check says of them. */
static void run_check(struct presented *host, const char *id)
{
    const struct mcb_check *row = mcb_checks_nic;
    free(host->examination.findings);
    host->examination.findings = NULL;
    host->examination.finding_count = 0;
    while (strcmp(row->id, id) != 0)
        row++;
    row->run(&host->examination, row);
}

static void a_nic_that_may_not_be_opened_is_not_tried(void **state)
{
    struct presented *host = *state;
    present_nic(host, "mlx5_0", "eth0", true);
    sysfs_folder(&host->tree, "dev/infiniband");
    char path[256];
    snprintf(path, sizeof path, "%s/dev/infiniband/uverbs-mlx5_0", host->tree.root);
    assert_int_equal(remove(path), 0);
    present(host, "proc/self/environ", "container=podman\n");
    examine(host, false);
    assert_finding(host, "nic.present", "mlx5_0", MCB_VERDICT_FAIL, MCB_FAULT_HOST_CONTAINER, "");
    run_check(host, "nic.loopback");
    assert_finding(host, "nic.loopback", "mlx5_0", MCB_VERDICT_SKIP, MCB_FAULT_NONE,
                   "may not be opened");
    assert_int_equal(host->examination.finding_count, 1);
}

static void a_region_that_holds_less_than_the_memory_of_the_host_is_warned_of(void **state)
{
    struct presented *host = *state;
    present_nic(host, "mlx5_0", "eth0", true);
    present(host, "proc/meminfo", "MemTotal:       134217728 kB\n");
    examine(host, false);
    struct mcb_seen_nic *nic = &host->examination.nics[0];
    nic->region_most_bytes = UINT64_C(1) << 36;
    run_check(host, "nic.region");
    assert_finding(host, "nic.region", "mlx5_0", MCB_VERDICT_WARN, MCB_FAULT_RDMA_REGION_SIZE,
                   "64 GiB (max_mr_size 68719476736), this host has 128 GiB");
    assert_fix(host, "nic.region", "mlx5_0", "export MC_MAX_MR_SIZE=68719476736");
    nic->region_most_bytes = UINT64_C(1) << 37;
    run_check(host, "nic.region");
    assert_finding(host, "nic.region", "mlx5_0", MCB_VERDICT_PASS, MCB_FAULT_NONE, "128 GiB");
    nic->region_most_bytes = 0; /* not known */
    run_check(host, "nic.region");
    assert_finding(host, "nic.region", "mlx5_0", MCB_VERDICT_SKIP, MCB_FAULT_NONE, "not tell");
}

static void an_asked_port_that_is_down_fails_only_where_another_port_works(void **state)
{
    struct presented *host = *state;
    present_hardware(host, "mlx5_0", "eth0", true, "0000:19:00.0");
    present_hardware(host, "mlx5_1", "eth1", false, "0000:3b:00.0");
    present(host, "proc/self/environ", "MC_IB_PORT=1\n");
    examine(host, false);
    assert_finding(host, "nic.port", "mlx5_1", MCB_VERDICT_PASS, MCB_FAULT_NONE, "not in use");
    present(host, "proc/self/environ", "MC_IB_PORT=1\nMC_TE_FILTERS=mlx5_0,mlx5_1\n");
    examine(host, false);
    assert_finding(host, "nic.port", "mlx5_1", MCB_VERDICT_WARN, MCB_FAULT_RDMA_PORT_DOWN, "down");
    present_port(host, "mlx5_1", 2, true);
    examine(host, false);
    assert_finding(host, "nic.port", "mlx5_1", MCB_VERDICT_FAIL, MCB_FAULT_RDMA_PORT_DOWN, "down");
}

static void assert_no_alarm_of_nics(const struct presented *host)
{
    for (size_t i = 0; i < host->examination.finding_count; i++) {
        const struct mcb_finding *finding = &host->examination.findings[i];
        if (finding->group == MCB_GROUP_NIC && finding->fault != MCB_FAULT_NONE)
            fail_msg("%s %s: %s", finding->check->id, finding->subject, finding->evidence);
    }
}

static void present_rate(struct presented *host, const char *nic, const char *rate)
{
    char path[256];
    snprintf(path, sizeof path, IB "%s/ports/1/rate", nic);
    present(host, path, rate);
}

static void nics_that_nobody_uses_raise_no_alarm(void **state)
{
    struct presented *host = *state;
    present_hardware(host, "mlx5_0", "eth0", true, "0000:19:00.0");
    present_hardware(host, "mlx5_1", "eth1", true, "0000:3b:00.0"); /* of the storage */
    present_rate(host, "mlx5_1", "100 Gb/sec (4X EDR)\n");
    present_gid(host, "mlx5_1", 1, 0, local, "RoCE v2\n", "eth1\n");
    present(host, "sys/class/net/eth1/mtu", "1500\n");
    present_hardware(host, "mlx5_2", "eth2", false,
                     "0000:4b:00.0"); /* its port is down on purpose */
    present_hardware(host, "cxgb4_0", "eth3", true, "0000:5b:00.0");
    present(host, IB "cxgb4_0/node_type", "4: RNIC\n");
    examine(host, false);
    assert_no_alarm_of_nics(host);
    assert_finding(host, "nic.gid", "mlx5_1", MCB_VERDICT_PASS, MCB_FAULT_NONE, "not in use");
    assert_finding(host, "nic.present", "cxgb4_0", MCB_VERDICT_PASS, MCB_FAULT_NONE, "iWARP");
    present(host, "proc/self/environ", "MC_TE_FILTERS=mlx5_1\n");
    examine(host, false);
    assert_finding(host, "nic.gid", "mlx5_1", MCB_VERDICT_WARN, MCB_FAULT_RDMA_GID_LOCAL, "fe80");
}

static void virtual_functions_of_guests_raise_no_alarm(void **state)
{
    struct presented *host = *state;
    present_hardware(host, "mlx5_0", "eth0", true, "0000:19:00.0");
    present_hardware(host, "mlx5_1", "eth1", true, "0000:19:00.1");
    present_gid(host, "mlx5_1", 1, 0, local, "RoCE v2\n", "eth1\n");
    sysfs_folder(&host->tree, "sys/bus/pci/devices/0000:19:00.1/physfn");
    examine(host, false);
    assert_finding(host, "nic.gid", "mlx5_1", MCB_VERDICT_PASS, MCB_FAULT_NONE, "not in use");
}

static void a_container_that_was_given_one_nic_lacks_no_others(void **state)
{
    struct presented *host = *state;
    char path[256];
    present_nic(host, "mlx5_0", "eth0", true);
    present_nic(host, "mlx5_1", "eth1", true);
    snprintf(path, sizeof path, "%s/dev/infiniband/uverbs-mlx5_1", host->tree.root);
    unlink(path);
    present(host, ".dockerenv", "");
    examine(host, false);
    assert_finding(host, "nic.present", "mlx5_1", MCB_VERDICT_PASS, MCB_FAULT_NONE, "given others");
}

static void one_nic_of_several_that_its_driver_does_not_serve_is_a_warning(void **state)
{
    struct presented *host = *state;
    present_nic(host, "mlx5_0", "eth0", true);
    sysfs_link(&host->tree, IB "mlx5_0/device", "../../../bus/pci/devices/0000:19:00.0");
    present_function(host, "0000:19:00.0", "0x15b3\n", "0x1021\n", "0x020000\n");
    present_function(host, "0000:19:00.1", "0x15b3\n", "0x1021\n", "0x020000\n"); /* of a bond */
    sysfs_link(&host->tree, "sys/bus/pci/devices/0000:19:00.1/driver", "../drivers/mlx5_core");
    present_function(host, "0000:3b:00.0", "0x14e4\n", "0x1751\n", "0x020000\n");
    sysfs_link(&host->tree, "sys/bus/pci/devices/0000:3b:00.0/driver", "../drivers/bnxt_en");
    present_function(host, "0000:4b:00.0", "0x15b3\n", "0x1021\n", "0x020000\n");
    sysfs_link(&host->tree, "sys/bus/pci/devices/0000:4b:00.0/driver", "../drivers/vfio-pci");
    examine(host, false);
    assert_no_alarm_of_nics(host);
    present_function(host, "0000:5b:00.0", "0x15b3\n", "0x1021\n", "0x020700\n");
    examine(host, false);
    assert_finding(host, "nic.present", "0000:5b:00.0", MCB_VERDICT_WARN, MCB_FAULT_RDMA_NO_DEVICE,
                   "not loaded");
    assert_fix(host, "nic.present", "0000:5b:00.0", "modprobe mlx5_ib  # as root");
    sysfs_folder(&host->tree, "sys/module/mlx5_ib");
    examine(host, false);
    assert_finding(host, "nic.present", "0000:5b:00.0", MCB_VERDICT_WARN, MCB_FAULT_RDMA_NO_DEVICE,
                   "does not serve it");
    present(host, ".dockerenv", "");
    examine(host, false);
    assert_no_alarm_of_nics(host);
}

static void nics_that_a_container_may_not_see_are_a_matter_of_the_container(void **state)
{
    struct presented *host = *state;
    present_function(host, "0000:5b:00.0", "0x15b3\n", "0x1021\n", "0x020700\n");
    present(host, ".dockerenv", "");
    examine(host, false);
    assert_finding(host, "nic.present", NULL, MCB_VERDICT_FAIL, MCB_FAULT_HOST_CONTAINER,
                   "in this container");
}

static void an_old_kernel_leaves_relaxed_ordering_out(void **state)
{
    struct presented *host = *state;
    present_nic(host, "mlx5_0", "eth0", true);
    present(host, "proc/sys/kernel/osrelease", "5.4.0-150-generic\n");
    examine(host, false);
    assert_finding(host, "nic.ordering", NULL, MCB_VERDICT_WARN, MCB_FAULT_RDMA_RELAXED_ORDERING,
                   "5.4.0");
    present(host, "proc/sys/kernel/osrelease", "6.8.0-60-generic\n");
    examine(host, false);
    assert_finding(host, "nic.ordering", NULL, MCB_VERDICT_PASS, MCB_FAULT_NONE, "6.8.0");
    present(host, "proc/sys/kernel/osrelease", "4.18.0-553.el8_10.x86_64\n");
    examine(host, false);
    assert_finding(host, "nic.ordering", NULL, MCB_VERDICT_SKIP, MCB_FAULT_NONE, "not known");
}

static const struct mcb_check *begin_check(struct presented *host, const char *id)
{
    const struct mcb_check *row = mcb_checks_nic;
    free(host->examination.findings);
    host->examination.findings = NULL;
    host->examination.finding_count = 0;
    while (strcmp(row->id, id) != 0)
        row++;
    return row;
}

static void a_driver_that_does_not_answer_is_no_matter_of_permissions(void **state)
{
    struct presented *host = *state;
    present_nic(host, "mlx5_0", "eth0", true);
    examine(host, false);
    const struct mcb_nic_probe probe = {.name = "mlx5_0"};
    mcb_nic_judge_probe(&host->examination, begin_check(host, "nic.loopback"),
                        &host->examination.nics[0], &probe);
    assert_finding(host, "nic.loopback", "mlx5_0", MCB_VERDICT_WARN, MCB_FAULT_RDMA_DEVICE_OPEN,
                   "not answered");
    assert_fix(host, "nic.loopback", "mlx5_0", "dmesg");
    assert_null(strstr(finding_of(host, "nic.loopback", "mlx5_0")->fix, "chmod"));
}

static void memory_keys_that_run_out_are_a_warning(void **state)
{
    struct presented *host = *state;
    present_nic(host, "mlx5_0", "eth0", true);
    examine(host, false);
    struct mcb_seen_nic *nic = &host->examination.nics[0];
    const struct mcb_nic_resources used = {.queue_pairs = 3, .regions = 950};
    nic->regions_most = 1000;
    mcb_nic_judge_use(&host->examination, begin_check(host, "nic.use"), nic, &used);
    assert_finding(host, "nic.use", "mlx5_0", MCB_VERDICT_WARN, MCB_FAULT_RDMA_KEYS,
                   "950 of 1000 memory regions");
    nic->regions_most = 100000;
    mcb_nic_judge_use(&host->examination, begin_check(host, "nic.use"), nic, &used);
    assert_finding(host, "nic.use", "mlx5_0", MCB_VERDICT_PASS, MCB_FAULT_NONE, "950 of 100000");
}

/* ---- */

#define HOSTED(test) cmocka_unit_test_setup_teardown(test, present_begin, present_end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        HOSTED(a_healthy_nic_passes_and_is_proved_up_to_its_gid),
        HOSTED(a_host_without_any_is_told_of_tcp),
        HOSTED(a_nic_without_driver_fails_and_names_the_module),
        HOSTED(an_erdma_nic_is_known_and_an_ordinary_one_is_not),
        HOSTED(a_name_that_no_nic_has_fails_and_the_nearest_is_offered),
        HOSTED(a_container_without_the_device_files_is_named),
        HOSTED(iwarp_is_told),
        HOSTED(a_port_that_is_down_fails_where_no_other_nic_works),
        HOSTED(another_port_that_is_active_is_offered),
        HOSTED(empty_gids_are_none_at_all),
        HOSTED(an_index_that_is_empty_fails_and_the_best_is_offered),
        HOSTED(a_link_local_gid_warns_only_where_it_would_be_used),
        HOSTED(the_default_subnet_of_infiniband_is_no_link_local_address),
        HOSTED(nics_of_one_kind_with_another_mtu_warn_once),
        HOSTED(old_errors_of_a_link_are_told_and_no_warning),
        HOSTED(a_nic_that_may_not_be_opened_is_not_tried),
        HOSTED(a_region_that_holds_less_than_the_memory_of_the_host_is_warned_of),
        HOSTED(an_asked_port_that_is_down_fails_only_where_another_port_works),
        HOSTED(nics_that_nobody_uses_raise_no_alarm),
        HOSTED(virtual_functions_of_guests_raise_no_alarm),
        HOSTED(a_container_that_was_given_one_nic_lacks_no_others),
        HOSTED(one_nic_of_several_that_its_driver_does_not_serve_is_a_warning),
        HOSTED(nics_that_a_container_may_not_see_are_a_matter_of_the_container),
        HOSTED(an_old_kernel_leaves_relaxed_ordering_out),
        HOSTED(a_driver_that_does_not_answer_is_no_matter_of_permissions),
        HOSTED(memory_keys_that_run_out_are_a_warning),
        cmocka_unit_test(the_mtu_of_rdma_follows_from_the_interface_as_in_the_kernel),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
