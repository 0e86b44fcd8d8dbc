/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Checks of the GPUs, and of how they and the NICs are placed on the PCI bus. What is wrong with
 * the placement is found by bench/topology/findings.h alone, on this host's tree or on that of a
 * copy.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "bench/doctor/copied_tree.h"
#include "bench/doctor/examination.h"
#include "bench/doctor/limits.h"
#include "bench/topology/findings.h"
#include "common/units.h"
#include "gpu/gpu.h"

enum { PATH_TEXT = 256, SIZE_TEXT = 32, CLASS_3D = 0x0302, DMABUF_MAJOR = 5, DMABUF_MINOR = 12 };

/* GPUs without display have at least that much memory. */
#define LEAST_GPU_MEMORY (UINT64_C(4) << 30)

static bool has_stand_ins(const struct mcb_examination *examination)
{
    return examination->gpus && examination->gpus->module->stand_in;
}

/* What the driver says of the GPU at an address; NULL: nothing. */
static const struct mcb_gpu_identity *find_identity(const struct mcb_examination *examination,
                                                    const char *address)
{
    for (unsigned i = 0; examination->gpus && i < examination->gpus->count; i++)
        if (strcmp(examination->gpus->list[i].pci_address, address) == 0)
            return &examination->gpus->list[i];
    return NULL;
}

/* NICs that are PCI functions: one made of software reaches no GPU. */
static size_t count_hardware_nics(const struct mcb_examination *examination)
{
    char address[MCB_PCI_ADDRESS_MAX];
    size_t count = 0;
    for (size_t i = 0; i < examination->nic_count; i++)
        count +=
            mcb_copied_tree_nic_address(examination->system, examination->nics[i].name, address);
    return count;
}

/* ---- driver ---- */

static void add_driven(struct mcb_examination *examination, const struct mcb_check *check,
                       const char *address, const char *driver)
{
    char version[128], memory[SIZE_TEXT];
    const struct mcb_gpu_identity *identity = find_identity(examination, address);
    if (identity)
        mcb_examination_add(examination, check, address, MCB_VERDICT_PASS, MCB_FAULT_NONE,
                            "%s, %s, driver %s", identity->model,
                            mcb_units_format_size(identity->memory_bytes, memory, sizeof memory),
                            identity->driver[0] ? identity->driver : driver);
    else if (mcb_system_read_line(examination->system, "/sys/module/nvidia/version", "", version,
                                  sizeof version))
        mcb_examination_add(examination, check, address, MCB_VERDICT_PASS, MCB_FAULT_NONE,
                            "driver %s %s", driver, version);
    else
        mcb_examination_add(examination, check, address, MCB_VERDICT_PASS, MCB_FAULT_NONE,
                            "driver %s", driver);
}

static void check_driver_of(struct mcb_examination *examination, const struct mcb_check *check,
                            const char *address)
{
    char path[PATH_TEXT], driver[64];
    uint64_t class = 0;
    snprintf(path, sizeof path, "/sys/bus/pci/devices/%s/driver", address);
    bool driven = mcb_system_link(examination->system, path, driver, sizeof driver);
    snprintf(path, sizeof path, "/sys/bus/pci/devices/%s/class", address);
    mcb_system_read_number(examination->system, path, &class);
    if (driven && strcmp(driver, "nouveau") != 0) {
        add_driven(examination, check, address, driver);
        return;
    }
    mcb_examination_add(
        examination, check, address, class >> 8 == CLASS_3D ? MCB_VERDICT_FAIL : MCB_VERDICT_WARN,
        MCB_FAULT_GPU_DRIVER, "%s",
        driven ? "its driver is nouveau, which has no CUDA" : "a GPU without a driver");
    mcb_examination_fix(examination,
                        "modprobe nvidia  # as root\nnvidia-smi  # the driver's own view");
}

/* The driver is loaded, and yet the program got no GPU from it. */
static void check_access(struct mcb_examination *examination, const struct mcb_check *check)
{
    const struct mcb_error *why = &examination->gpus_error;
    if (!mcb_system_is_live(examination->system) || examination->gpus ||
        !mcb_system_exists(examination->system, "/sys/module/nvidia"))
        return;
    if (!examination->gpus_answered || why->code == MCB_FAULT_GPU_MODULE)
        mcb_examination_unseen(examination, "memory, dma-buf and driver of the GPUs: %s",
                               why->detail);
    else
        mcb_examination_add(examination, check, NULL, MCB_VERDICT_WARN, why->code, "%s",
                            why->detail);
}

static void check_driver(struct mcb_examination *examination, const struct mcb_check *check)
{
    char(*gpus)[MCB_PCI_ADDRESS_MAX];
    if (has_stand_ins(examination)) {
        mcb_examination_add(examination, check, NULL, MCB_VERDICT_PASS, MCB_FAULT_NONE,
                            "%u stand-in GPUs in host memory, made for tests",
                            examination->gpus->count);
        return;
    }
    size_t count = mcb_copied_tree_gpus(examination->system, &gpus);
    for (size_t i = 0; i < count; i++)
        check_driver_of(examination, check, gpus[i]);
    free(gpus);
    check_access(examination, check);
}

/* ---- which GPUs ---- */

static void check_visible(struct mcb_examination *examination, const struct mcb_check *check)
{
    const char *text = mcb_system_variable(examination->system, "CUDA_VISIBLE_DEVICES");
    bool hides_all = text && (text[0] == '\0' || text[0] == '-' || strcasecmp(text, "none") == 0 ||
                              strcasecmp(text, "NoDevFiles") == 0);
    if (hides_all) {
        mcb_examination_add(examination, check, NULL, MCB_VERDICT_WARN, MCB_FAULT_GPU_NONE,
                            "CUDA_VISIBLE_DEVICES=%s hides all GPUs", text);
        mcb_examination_fix(examination, "unset CUDA_VISIBLE_DEVICES");
    } else
        mcb_examination_add(examination, check, NULL, MCB_VERDICT_PASS, MCB_FAULT_NONE, "%s%s",
                            text ? "CUDA_VISIBLE_DEVICES=" : "all", text ? text : "");
}

/* ---- registration ---- */

static bool kernel_has_dmabuf(const struct mcb_system *system)
{
    char line[128];
    unsigned major, minor;
    return mcb_system_read_line(system, "/proc/sys/kernel/osrelease", "", line, sizeof line) &&
           sscanf(line, "%u.%u", &major, &minor) == 2 &&
           (major > DMABUF_MAJOR || (major == DMABUF_MAJOR && minor >= DMABUF_MINOR));
}

/* By the driver's word, else by what it and the kernel are. *why: a clause. */
static enum mcb_known knows_dmabuf(const struct mcb_examination *examination, const char **why)
{
    char line[256];
    enum mcb_known known = MCB_KNOWN_NOT;
    *why = "the driver does not tell";
    for (unsigned i = 0; examination->gpus && i < examination->gpus->count; i++)
        if (examination->gpus->list[i].dmabuf > known)
            known = examination->gpus->list[i].dmabuf;
    if (known != MCB_KNOWN_NOT) {
        *why = "the driver says so";
        return known;
    }
    if (!mcb_system_read_line(examination->system, "/proc/driver/nvidia/version", "", line,
                              sizeof line))
        return MCB_KNOWN_NOT;
    *why = "the kernel is older than 5.12";
    if (!kernel_has_dmabuf(examination->system))
        return MCB_KNOWN_NO;
    bool open = strstr(line, "Open Kernel Module") != NULL;
    *why = open ? "open kernel modules" : "the closed kernel modules of the driver have none";
    return open ? MCB_KNOWN_YES : MCB_KNOWN_NO;
}

static void check_registration(struct mcb_examination *examination, const struct mcb_check *check)
{
    static const char *const words[] = {
        [MCB_KNOWN_NOT] = "not known", [MCB_KNOWN_NO] = "no", [MCB_KNOWN_YES] = "yes"};
    const char *peermem = mcb_limits_peermem(examination->system), *why;
    enum mcb_known dmabuf = knows_dmabuf(examination, &why);
    if (has_stand_ins(examination) || count_hardware_nics(examination) == 0)
        mcb_examination_add(examination, check, NULL, MCB_VERDICT_SKIP, MCB_FAULT_NONE,
                            "there is no NIC in hardware beside a GPU");
    else if (peermem)
        mcb_examination_add(examination, check, NULL, MCB_VERDICT_PASS, MCB_FAULT_NONE,
                            "module %s is loaded; dma-buf: %s (%s)", peermem, words[dmabuf], why);
    else if (dmabuf == MCB_KNOWN_YES)
        mcb_examination_add(examination, check, NULL, MCB_VERDICT_PASS, MCB_FAULT_NONE,
                            "by dma-buf (%s); no peermem module, so that Mooncake wants "
                            "WITH_NVIDIA_PEERMEM=0",
                            why);
    else if (dmabuf == MCB_KNOWN_NOT)
        mcb_examination_add(examination, check, NULL, MCB_VERDICT_SKIP, MCB_FAULT_NONE,
                            "no peermem module; dma-buf: %s", why);
    else {
        mcb_examination_add(examination, check, NULL, MCB_VERDICT_WARN, MCB_FAULT_GPU_REGISTER,
                            "neither nvidia_peermem is loaded nor is there dma-buf (%s): NICs "
                            "cannot reach memory of GPUs",
                            why);
        mcb_examination_fix(examination,
                            "modprobe nvidia_peermem  # as root\n"
                            "# or the driver's open kernel modules, with Linux 5.12 or newer");
    }
}

static void check_expandable(struct mcb_examination *examination, const struct mcb_check *check)
{
    static const char *const names[] = {"PYTORCH_CUDA_ALLOC_CONF", "PYTORCH_ALLOC_CONF"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        const char *text = mcb_system_variable(examination->system, names[i]);
        if (!text || !strcasestr(text, "expandable_segments:True"))
            continue;
        mcb_examination_add(examination, check, NULL, MCB_VERDICT_WARN, MCB_FAULT_GPU_EXPANDABLE,
                            "%s=%s: an allocation made of several pieces cannot be exported as one "
                            "dma-buf",
                            names[i], text);
        mcb_examination_fix(examination, "export %s=expandable_segments:False", names[i]);
        return;
    }
    mcb_examination_add(examination, check, NULL, MCB_VERDICT_PASS, MCB_FAULT_NONE,
                        "PyTorch is not told to use expandable segments");
}

/* ---- BAR1 ---- */

static void check_bar1_of(struct mcb_examination *examination, const struct mcb_check *check,
                          const char *address)
{
    char window[SIZE_TEXT], memory[SIZE_TEXT];
    const struct mcb_gpu_identity *identity = find_identity(examination, address);
    uint64_t bar1 = mcb_limits_bar1_bytes(examination->system, address);
    uint64_t all = identity ? identity->memory_bytes : LEAST_GPU_MEMORY;
    mcb_units_format_size(bar1, window, sizeof window);
    mcb_units_format_size(all, memory, sizeof memory);
    if (bar1 == 0)
        mcb_examination_add(examination, check, address, MCB_VERDICT_SKIP, MCB_FAULT_NONE,
                            "its PCI resources do not show it");
    else if (bar1 < all) {
        mcb_examination_add(examination, check, address, MCB_VERDICT_WARN, MCB_FAULT_GPU_BAR1,
                            "%s, for %s%s of memory: NICs reach no more than that at a time",
                            window, identity ? "" : "at least ", memory);
        mcb_examination_fix(examination, "nvidia-smi -q -d MEMORY  # BAR1: total and used\n"
                                         "# BIOS: Above 4G Decoding and Resizable BAR on");
    } else
        mcb_examination_add(examination, check, address, MCB_VERDICT_PASS, MCB_FAULT_NONE, "%s",
                            window);
}

static void check_bar1(struct mcb_examination *examination, const struct mcb_check *check)
{
    char(*gpus)[MCB_PCI_ADDRESS_MAX];
    if (count_hardware_nics(examination) == 0) {
        mcb_examination_add(examination, check, NULL, MCB_VERDICT_SKIP, MCB_FAULT_NONE,
                            "there is no NIC in hardware beside a GPU");
        return;
    }
    size_t count = mcb_copied_tree_gpus(examination->system, &gpus);
    for (size_t i = 0; i < count; i++)
        check_bar1_of(examination, check, gpus[i]);
    free(gpus);
}

/* ---- PCI ---- */

/* The driver lowers the speed of a GPU's link while nobody uses it. */
static bool is_idle_gpu(const struct mcb_error *error)
{
    return error->code == MCB_FAULT_PCI_LINK && strstr(error->detail, "an idle GPU may lower");
}

/* A link of NICs that no transfer would use: the subject names no others. */
static bool concerns_unused(const struct mcb_examination *examination,
                            const struct mcb_error *error, const char *subject)
{
    bool link = error->code == MCB_FAULT_PCI_LINK || error->code == MCB_FAULT_PCI_SLOT;
    bool any = false;
    for (size_t i = 0; link && i < examination->nic_count; i++) {
        const struct mcb_seen_nic *nic = &examination->nics[i];
        size_t length = strlen(nic->name);
        const char *at = strstr(subject, nic->name);
        if (!at || (at[length] && !strchr(", ", at[length])))
            continue;
        any = true;
        link = nic->unused != NULL;
    }
    return link && any && !strstr(subject, "cuda");
}

/* "mlx5_0 and mlx5_1: the link ...": the devices are the subject. */
static void add_topology_finding(struct mcb_examination *examination, const struct mcb_check *check,
                                 const struct mcb_error *error)
{
    char subject[128] = "";
    const char *evidence = strstr(error->detail, ": ");
    size_t length = evidence ? (size_t)(evidence - error->detail) : 0;
    if (length > 0 && length < sizeof subject) {
        memcpy(subject, error->detail, length);
        subject[length] = '\0';
        evidence += 2;
    } else {
        evidence = error->detail;
    }
    bool told_only = is_idle_gpu(error) || concerns_unused(examination, error, subject);
    mcb_examination_add(examination, check, subject,
                        told_only ? MCB_VERDICT_PASS : MCB_VERDICT_WARN,
                        told_only ? MCB_FAULT_NONE : error->code, "%s%s", evidence,
                        told_only ? "; no alarm by itself" : "");
}

static void check_topology(struct mcb_examination *examination, const struct mcb_check *check)
{
    struct mcb_findings findings;
    struct mcb_error error;
    char unseen[256];
    if (!examination->tree) {
        mcb_examination_add(examination, check, NULL, MCB_VERDICT_SKIP, MCB_FAULT_NONE, "%s",
                            examination->tree_error.detail);
        return;
    }
    if (mcb_findings_make(examination->tree, &findings, &error) != 0) {
        examination->out_of_memory = true;
        return;
    }
    for (size_t i = 0; i < findings.count; i++)
        add_topology_finding(examination, check, &findings.list[i]);
    if (findings.count == 0)
        mcb_examination_add(examination, check, NULL, MCB_VERDICT_PASS, MCB_FAULT_NONE,
                            "%zu NICs and %zu GPUs: nothing is wrong with links, ACS, IOMMU or "
                            "relaxed ordering as far as they can be seen",
                            mcb_tree_count(examination->tree, MCB_TREE_NIC),
                            mcb_tree_count(examination->tree, MCB_TREE_GPU));
    mcb_findings_release(&findings);
    if (mcb_system_is_live(examination->system) &&
        mcb_findings_unseen(examination->tree, unseen)[0])
        mcb_examination_unseen(examination, "%s", unseen);
}

const struct mcb_check mcb_checks_gpu[] = {
    {"gpu.driver", "driver", MCB_NEEDS_GPUS, check_driver},
    {"gpu.visible", "visible GPUs", MCB_NEEDS_GPUS, check_visible},
    {"gpu.registration", "GPUDirect RDMA", MCB_NEEDS_GPUS | MCB_NEEDS_NICS, check_registration},
    {"gpu.expandable", "expandable segments", 0, check_expandable},
    {"gpu.bar1", "BAR1", MCB_NEEDS_GPUS | MCB_NEEDS_NICS, check_bar1},
    {"gpu.topology", "PCI topology", 0, check_topology},
    {NULL, NULL, 0, NULL},
};
