/* SPDX-License-Identifier: Apache-2.0 */
#include "bench/doctor/limits.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/container.h"

enum {
    LINE_MAX_BYTES = 4096,
    CAPABILITY_IPC_LOCK = 14 /* capabilities(7) */,
    HIERARCHIES_MOST = 32
};

/* A group without a limit shows the largest multiple of a page that the kernel counts to. */
#define UNLIMITED_IN_VERSION_1 (UINT64_C(1) << 60)

uint64_t mcb_limits_times(uint64_t a, uint64_t b)
{
    uint64_t product;
    return __builtin_mul_overflow(a, b, &product) ? UINT64_MAX : product;
}

/* ---- /proc/self/limits ---- */

static uint64_t soft_limit(const struct mcb_system *system, const char *name)
{
    char line[LINE_MAX_BYTES];
    uint64_t limit;
    if (mcb_system_read_line(system, "/proc/self/limits", name, line, sizeof line) &&
        sscanf(line, "%" SCNu64, &limit) == 1)
        return limit;
    return MCB_LIMIT_NONE;
}

uint64_t mcb_limits_locked_memory(const struct mcb_system *system)
{
    return soft_limit(system, "Max locked memory");
}

uint64_t mcb_limits_open_files(const struct mcb_system *system)
{
    return soft_limit(system, "Max open files");
}

/* The kernel asks for the capability in the initial user namespace: in another one, as in a
 * rootless container, having it exempts from nothing. The initial one maps all ids onto themselves.
 */
bool mcb_limits_exempt_from_memlock(const struct mcb_system *system)
{
    char line[LINE_MAX_BYTES];
    uint32_t inside, outside, count;
    if (mcb_system_read_line(system, "/proc/self/uid_map", "", line, sizeof line) &&
        sscanf(line, "%" SCNu32 " %" SCNu32 " %" SCNu32, &inside, &outside, &count) == 3 &&
        (inside != 0 || outside != 0 || count != UINT32_MAX))
        return false;
    if (!mcb_system_read_line(system, "/proc/self/status", "CapEff:", line, sizeof line))
        return false;
    return strtoull(line, NULL, 16) >> CAPABILITY_IPC_LOCK & 1;
}

/* ---- memory ---- */

static bool read_meminfo(const struct mcb_system *system, const char *name, uint64_t *bytes)
{
    char line[LINE_MAX_BYTES];
    uint64_t kib;
    if (!mcb_system_read_line(system, "/proc/meminfo", name, line, sizeof line) ||
        sscanf(line, "%" SCNu64, &kib) != 1)
        return false;
    *bytes = mcb_limits_times(kib, 1024);
    return true;
}

bool mcb_limits_memory_total(const struct mcb_system *system, uint64_t *bytes)
{
    return read_meminfo(system, "MemTotal:", bytes);
}

bool mcb_limits_memory_available(const struct mcb_system *system, uint64_t *bytes)
{
    return read_meminfo(system, "MemAvailable:", bytes);
}

/* The smallest number in `file` of a group below a mount and of those above it. Where a container
 * has a mount of its own, the group is not below it, and the top is. */
static uint64_t least_of_groups(const struct mcb_system *system, const char *mount, char *group,
                                const char *file)
{
    char path[2 * LINE_MAX_BYTES], line[LINE_MAX_BYTES];
    uint64_t least = MCB_LIMIT_NONE;
    for (;;) {
        snprintf(path, sizeof path, "%s%s/%s", mount, group, file);
        if (mcb_system_read_line(system, path, "", line, sizeof line) && strcmp(line, "max") != 0) {
            uint64_t limit = strtoull(line, NULL, 10);
            least = limit < least ? limit : least;
        }
        char *last = strrchr(group, '/');
        if (!last)
            return least;
        *last = '\0';
    }
}

/* Version 1 has a hierarchy for each controller: "9:memory:/docker/4f1c". */
static bool find_memory_group(const struct mcb_system *system, char group[LINE_MAX_BYTES])
{
    for (int hierarchy = 1; hierarchy <= HIERARCHIES_MOST; hierarchy++) {
        char prefix[32];
        snprintf(prefix, sizeof prefix, "%d:memory:", hierarchy);
        if (mcb_system_read_line(system, "/proc/self/cgroup", prefix, group, LINE_MAX_BYTES))
            return true;
    }
    return false;
}

uint64_t mcb_limits_cgroup_memory(const struct mcb_system *system)
{
    char group[LINE_MAX_BYTES];
    uint64_t least = MCB_LIMIT_NONE, first = MCB_LIMIT_NONE;
    if (mcb_system_read_line(system, "/proc/self/cgroup", "0::", group, sizeof group))
        least = least_of_groups(system, "/sys/fs/cgroup", group, "memory.max");
    if (find_memory_group(system, group))
        first = least_of_groups(system, "/sys/fs/cgroup/memory", group, "memory.limit_in_bytes");
    if (first < UNLIMITED_IN_VERSION_1 && first < least)
        least = first;
    return least;
}

/* ---- containers ---- */

const char *mcb_limits_container(const struct mcb_system *system)
{
    return mcb_container_find(mcb_system_root(system),
                              mcb_system_variable(system, "KUBERNETES_SERVICE_HOST"),
                              mcb_system_variable(system, "container"));
}

/* ---- GPUs ---- */

const char *mcb_limits_peermem(const struct mcb_system *system)
{
    static const char *const names[] = {"nvidia_peermem", "nvidia_peer_mem", "nv_peer_mem"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        char path[64];
        snprintf(path, sizeof path, "/sys/module/%s/refcnt", names[i]);
        if (mcb_system_exists(system, path))
            return names[i];
    }
    return NULL;
}

const char *mcb_limits_gpu_driver_lacks(const struct mcb_system *system)
{
    static const struct {
        const char *path, *what;
    } needs[] = {{"/sys/module/nvidia", "module nvidia is not loaded"},
                 {"/sys/module/nvidia_uvm", "module nvidia_uvm is not loaded"},
                 {"/dev/nvidiactl", "/dev/nvidiactl is not there"},
                 {"/dev/nvidia-uvm", "/dev/nvidia-uvm is not there"}};
    for (size_t i = 0; i < sizeof needs / sizeof *needs; i++)
        if (!mcb_system_exists(system, needs[i].path))
            return needs[i].what;
    return NULL;
}

/* Lines of `resource` (drivers/pci/pci-sysfs.c): the six BARs come first; a BAR of 64 bits takes
 * two of them. Those behind are the ROM and, of a function with SR-IOV, windows of virtual
 * functions. Bits as in linux/ioport.h. */
enum { BARS = 6, RESOURCE_MEMORY = 0x200, RESOURCE_PREFETCH = 0x2000 };

uint64_t mcb_limits_bar1_bytes(const struct mcb_system *system, const char *pci_address)
{
    char path[128], text[LINE_MAX_BYTES], *rest = text, *line;
    uint64_t largest = 0, begin, end, flags;
    snprintf(path, sizeof path, "/sys/bus/pci/devices/%.15s/resource", pci_address);
    if (mcb_system_read(system, path, text, sizeof text) <= 0)
        return 0;
    for (int bar = 0; bar < BARS && (line = strsep(&rest, "\n")) != NULL; bar++)
        if (sscanf(line, "%" SCNx64 " %" SCNx64 " %" SCNx64, &begin, &end, &flags) == 3 &&
            flags & RESOURCE_MEMORY && flags & RESOURCE_PREFETCH && end > begin &&
            end - begin >= largest)
            largest = end - begin + 1;
    return largest;
}
