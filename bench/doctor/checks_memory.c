/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Checks of the host's memory. vm.max_map_count is shown and not judged: its default suffices but
 * for a process that maps or registers tens of thousands of pieces, which nothing here can foresee.
 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "bench/doctor/examination.h"
#include "bench/doctor/limits.h"
#include "common/huge_pages.h"
#include "common/units.h"

enum { SIZE_TEXT = 32 };

/* What a process takes besides the buffers of a small run. */
#define LEAST_OF_PROCESS (UINT64_C(64) << 20)

static uint64_t least_needed(const struct mcb_examination *examination)
{
    return LEAST_OF_PROCESS + examination->nic_count * MCB_LIMITS_LEAST_OF_NIC;
}

static void check_available(struct mcb_examination *examination, const struct mcb_check *check)
{
    uint64_t available, needed = least_needed(examination);
    char has[SIZE_TEXT], needs[SIZE_TEXT];
    if (!mcb_limits_memory_available(examination->system, &available)) {
        mcb_examination_add(examination, check, NULL, MCB_VERDICT_SKIP, MCB_FAULT_NONE,
                            "/proc/meminfo does not tell how much is available");
        return;
    }
    mcb_units_format_size(available, has, sizeof has);
    mcb_units_format_size(needed, needs, sizeof needs);
    if (available < needed)
        mcb_examination_add(examination, check, NULL, MCB_VERDICT_FAIL, MCB_FAULT_HOST_MEMORY,
                            "%s available; a small run with %zu NICs needs %s", has,
                            examination->nic_count, needs);
    else
        mcb_examination_add(examination, check, NULL, MCB_VERDICT_PASS, MCB_FAULT_NONE,
                            "%s available", has);
}

static void check_cgroup(struct mcb_examination *examination, const struct mcb_check *check)
{
    uint64_t limit = mcb_limits_cgroup_memory(examination->system);
    char has[SIZE_TEXT], needs[SIZE_TEXT];
    mcb_units_format_size(limit, has, sizeof has);
    mcb_units_format_size(least_needed(examination), needs, sizeof needs);
    if (limit == MCB_LIMIT_NONE)
        mcb_examination_add(examination, check, NULL, MCB_VERDICT_PASS, MCB_FAULT_NONE, "none");
    else if (limit < least_needed(examination))
        mcb_examination_add(examination, check, NULL, MCB_VERDICT_FAIL, MCB_FAULT_HOST_MEMORY,
                            "the cgroup allows %s; a small run with %zu NICs needs %s", has,
                            examination->nic_count, needs);
    else
        mcb_examination_add(examination, check, NULL, MCB_VERDICT_PASS, MCB_FAULT_NONE,
                            "the cgroup allows %s", has);
}

/* ---- huge pages ---- */

/* A variable of Mooncake that asks for huge pages, and how many bytes of them; 0: not said. NULL:
 * none does. */
static const char *asks_for_huge_pages(const struct mcb_system *system, uint64_t *bytes)
{
    static const char *const names[] = {"MC_MMAP_ARENA_POOL_SIZE", "MC_STORE_USE_HUGEPAGE"};
    static const char *const negations[] = {"", "0", "false", "no", "off"};
    *bytes = 0;
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        const char *text = mcb_system_variable(system, names[i]);
        bool asks = text != NULL;
        for (size_t n = 0; asks && n < sizeof negations / sizeof *negations; n++)
            asks = strcasecmp(text, negations[n]) != 0;
        if (!asks)
            continue;
        if (i == 0 && mcb_units_parse_size(text, bytes) != 0)
            *bytes = 0;
        return names[i];
    }
    return NULL;
}

static void check_huge_pages(struct mcb_examination *examination, const struct mcb_check *check)
{
    const char *root = mcb_system_root(examination->system);
    char text[MCB_EVIDENCE_MAX], size[SIZE_TEXT];
    struct mcb_huge_pages pages;
    uint64_t bytes, needed = 1;
    const char *variable = asks_for_huge_pages(examination->system, &bytes);
    mcb_huge_pages_read(root, &pages);
    mcb_units_format_size(pages.page_bytes, size, sizeof size);
    if (pages.page_bytes > 0 && bytes > 0)
        needed = bytes / pages.page_bytes + (bytes % pages.page_bytes > 0);
    if (variable && pages.page_bytes == 0)
        mcb_examination_add(examination, check, NULL, MCB_VERDICT_FAIL, MCB_FAULT_HOST_HUGE_PAGES,
                            "%s asks for huge pages, and this kernel has none", variable);
    else if (variable && pages.available < needed)
        mcb_examination_add(examination, check, NULL, MCB_VERDICT_FAIL, MCB_FAULT_HOST_HUGE_PAGES,
                            "%s asks for huge pages: %s", variable,
                            mcb_huge_pages_explain(root, &pages, needed, -1, text, sizeof text));
    else
        mcb_examination_add(
            examination, check, NULL, MCB_VERDICT_PASS, MCB_FAULT_NONE,
            "%" PRIu64 " of %s free%s%s", pages.available, pages.page_bytes ? size : "no size",
            variable ? "; asked for by " : "; nobody asks for them", variable ? variable : "");
    if (variable && pages.page_bytes > 0 && pages.available < needed)
        mcb_examination_fix(examination,
                            "sysctl -w vm.nr_hugepages=%" PRIu64 "  # as root\nunset %s  # without",
                            pages.total + needed - pages.available, variable);
}

/* ---- what is shown only ---- */

static void show_number(struct mcb_examination *examination, const struct mcb_check *check,
                        const char *path, const char *remark)
{
    uint64_t number;
    if (!mcb_system_read_number(examination->system, path, &number))
        mcb_examination_add(examination, check, NULL, MCB_VERDICT_SKIP, MCB_FAULT_NONE,
                            "%s cannot be read", path);
    else
        mcb_examination_add(examination, check, NULL, MCB_VERDICT_PASS, MCB_FAULT_NONE,
                            "%" PRIu64 "%s", number, remark);
}

static void check_map_count(struct mcb_examination *examination, const struct mcb_check *check)
{
    show_number(examination, check, "/proc/sys/vm/max_map_count",
                "; Mooncake's guide raises it to 16777216 where registration ends with EAGAIN");
}

static void check_balancing(struct mcb_examination *examination, const struct mcb_check *check)
{
    uint64_t number;
    static const char path[] = "/proc/sys/kernel/numa_balancing";
    bool off = !mcb_system_read_number(examination->system, path, &number) || number == 0;
    mcb_examination_add(examination, check, NULL, MCB_VERDICT_PASS, MCB_FAULT_NONE, "%s",
                        off ? "off" : "on; registered memory is pinned and does not move");
}

const struct mcb_check mcb_checks_memory[] = {
    {"memory.available", "memory", 0, check_available},
    {"memory.cgroup", "limit of the cgroup", 0, check_cgroup},
    {"memory.huge_pages", "huge pages", 0, check_huge_pages},
    {"memory.map_count", "vm.max_map_count", 0, check_map_count},
    {"memory.balancing", "NUMA balancing", 0, check_balancing},
    {NULL, NULL, 0, NULL},
};
