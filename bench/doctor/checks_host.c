/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Checks of what the host allows a process. That a NIC's device file is missing is said of the NIC
 * (checks_nic.c), not here again.
 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "bench/doctor/examination.h"
#include "bench/doctor/limits.h"
#include "common/units.h"

enum { SIZE_TEXT = 32, FILES_BASE = 64, FILES_OF_NIC = 10, LIST_TEXT = 256 };

static size_t count_nics(const struct mcb_examination *examination)
{
    char **names;
    size_t count = mcb_system_names(examination->system, "/sys/class/infiniband", &names);
    mcb_system_names_free(names, count);
    return count;
}

/* ---- kernel and distribution ---- */

static void check_system(struct mcb_examination *examination, const struct mcb_check *check)
{
    struct mcb_examination_host host;
    mcb_examination_host(examination, &host);
    const char *os = host.os[0] ? host.os : "distribution not known";
    if (!host.kernel[0])
        mcb_examination_add(examination, check, NULL, MCB_VERDICT_SKIP, MCB_FAULT_NONE,
                            "%s; /proc/sys/kernel/osrelease does not tell the kernel", os);
    else
        mcb_examination_add(examination, check, NULL, MCB_VERDICT_PASS, MCB_FAULT_NONE,
                            "%s, kernel %s", os, host.kernel);
}

/* ---- locked memory ---- */

static void add_memlock(struct mcb_examination *examination, const struct mcb_check *check,
                        enum mcb_verdict verdict, const char *evidence)
{
    const char *container = mcb_limits_container(examination->system);
    mcb_examination_add(examination, check, NULL, verdict,
                        container ? MCB_FAULT_HOST_CONTAINER : MCB_FAULT_HOST_MEMLOCK, "%s%s",
                        evidence, container ? ", and the container has no CAP_IPC_LOCK" : "");
    if (container)
        mcb_examination_fix(
            examination, "docker run --cap-add IPC_LOCK --ulimit memlock=-1 IMAGE  # kubernetes: "
                         "securityContext.capabilities.add: [IPC_LOCK]");
}

/* A limit under which each NIC can have all memory limits nothing. */
static bool holds_everything(const struct mcb_examination *examination, uint64_t limit, size_t nics)
{
    uint64_t total;
    return mcb_limits_memory_total(examination->system, &total) && limit / nics >= total;
}

static void check_memlock(struct mcb_examination *examination, const struct mcb_check *check)
{
    uint64_t limit = mcb_limits_locked_memory(examination->system);
    size_t nics = count_nics(examination);
    char has[SIZE_TEXT], needs[SIZE_TEXT], evidence[MCB_EVIDENCE_MAX];
    mcb_units_format_size(limit, has, sizeof has);
    mcb_units_format_size(nics * MCB_LIMITS_LEAST_OF_NIC, needs, sizeof needs);
    if (!mcb_system_exists(examination->system, "/proc/self/limits"))
        mcb_examination_add(examination, check, NULL, MCB_VERDICT_SKIP, MCB_FAULT_NONE,
                            "/proc/self/limits cannot be read");
    else if (limit == MCB_LIMIT_NONE)
        mcb_examination_add(examination, check, NULL, MCB_VERDICT_PASS, MCB_FAULT_NONE,
                            "unlimited");
    else if (mcb_limits_exempt_from_memlock(examination->system))
        mcb_examination_add(examination, check, NULL, MCB_VERDICT_PASS, MCB_FAULT_NONE,
                            "the limit is %s, but CAP_IPC_LOCK exempts from it", has);
    else if (nics == 0 || holds_everything(examination, limit, nics))
        mcb_examination_add(examination, check, NULL, MCB_VERDICT_PASS, MCB_FAULT_NONE,
                            "the limit is %s, with %zu RDMA devices to register with", has, nics);
    else if (limit < nics * MCB_LIMITS_LEAST_OF_NIC) {
        snprintf(evidence, sizeof evidence,
                 "the limit is %s; %zu NICs x 16 MiB, the smallest run that is of use, need %s",
                 has, nics, needs);
        add_memlock(examination, check, MCB_VERDICT_FAIL, evidence);
    } else {
        mcb_units_format_size(limit / nics, needs, sizeof needs);
        snprintf(evidence, sizeof evidence,
                 "the limit is %s, and memory counts once for each NIC: %s with %zu NICs; Mooncake "
                 "registers gigabytes",
                 has, needs, nics);
        add_memlock(examination, check, MCB_VERDICT_WARN, evidence);
    }
}

/* ---- open files ---- */

static void check_open_files(struct mcb_examination *examination, const struct mcb_check *check)
{
    uint64_t limit = mcb_limits_open_files(examination->system);
    uint64_t needed = FILES_BASE + FILES_OF_NIC * count_nics(examination);
    if (!mcb_system_exists(examination->system, "/proc/self/limits"))
        mcb_examination_add(examination, check, NULL, MCB_VERDICT_SKIP, MCB_FAULT_NONE,
                            "/proc/self/limits cannot be read");
    else if (limit == MCB_LIMIT_NONE)
        mcb_examination_add(examination, check, NULL, MCB_VERDICT_PASS, MCB_FAULT_NONE,
                            "unlimited");
    else if (limit < needed) {
        mcb_examination_add(examination, check, NULL, MCB_VERDICT_WARN, MCB_FAULT_HOST_SYSTEM,
                            "%" PRIu64 " may be open; a run with all NICs needs about %" PRIu64,
                            limit, needed);
        mcb_examination_fix(examination, "ulimit -n 65536");
    } else
        mcb_examination_add(examination, check, NULL, MCB_VERDICT_PASS, MCB_FAULT_NONE,
                            "%" PRIu64 " may be open", limit);
}

/* ---- container ---- */

/* A GPU that the host's driver serves, without the file that leads to it. */
static bool lacks_gpu_files(const struct mcb_examination *examination)
{
    const struct mcb_system *system = examination->system;
    return examination->gpu_functions > 0 && mcb_system_exists(system, "/sys/module/nvidia") &&
           !(mcb_system_exists(system, "/dev/nvidiactl") &&
             mcb_system_exists(system, "/dev/nvidia-uvm"));
}

static void check_container(struct mcb_examination *examination, const struct mcb_check *check)
{
    const char *kind = mcb_limits_container(examination->system);
    if (!kind) {
        mcb_examination_add(examination, check, NULL, MCB_VERDICT_PASS, MCB_FAULT_NONE, "none");
    } else if (lacks_gpu_files(examination)) {
        mcb_examination_add(examination, check, NULL, MCB_VERDICT_WARN, MCB_FAULT_HOST_CONTAINER,
                            "%s; the host has %zu GPUs and its driver is loaded, but /dev/nvidia* "
                            "is not all here",
                            kind, examination->gpu_functions);
        mcb_examination_fix(examination, "docker run --gpus all IMAGE  # kubernetes: "
                                         "resources.limits: nvidia.com/gpu");
    } else {
        char **names;
        size_t files = mcb_system_names(examination->system, "/dev/infiniband", &names);
        mcb_system_names_free(names, files);
        bool there = mcb_system_exists(examination->system, "/dev/infiniband");
        mcb_examination_add(examination, check, NULL, MCB_VERDICT_PASS, MCB_FAULT_NONE,
                            "%s, /dev/infiniband is %s", kind,
                            files   ? "mounted"
                            : there ? "empty"
                                    : "not there");
    }
}

/* ---- modules ---- */

static void check_modules(struct mcb_examination *examination, const struct mcb_check *check)
{
    static const char *const names[] = {
        "ib_core", "ib_uverbs", "mlx5_core",  "mlx5_ib",        "mlx4_ib",    "bnxt_re",
        "irdma",   "erdma",     "efa",        "hns_roce_hw_v2", "qedr",       "rdma_rxe",
        "siw",     "nvidia",    "nvidia_uvm", "nvidia_peermem", "nv_peer_mem"};
    char list[LIST_TEXT] = "", path[128];
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        snprintf(path, sizeof path, "/sys/module/%s", names[i]);
        size_t length = strlen(list);
        if (mcb_system_exists(examination->system, path))
            snprintf(list + length, sizeof list - length, "%s%s", length ? ", " : "", names[i]);
    }
    mcb_examination_add(examination, check, NULL, MCB_VERDICT_PASS, MCB_FAULT_NONE, "%s",
                        list[0] ? list : "none for RDMA or GPUs");
}

const struct mcb_check mcb_checks_host[] = {
    {"host.system", "operating system", 0, check_system},
    {"host.memlock", "locked memory", 0, check_memlock},
    {"host.files", "open files", 0, check_open_files},
    {"host.container", "container", 0, check_container},
    {"host.modules", "kernel modules", 0, check_modules},
    {NULL, NULL, 0, NULL},
};
