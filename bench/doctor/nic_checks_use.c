/* SPDX-License-Identifier: Apache-2.0 */
/* What the drivers of this host say of their NICs, and what comes of using them. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench/doctor/limits.h"
#include "bench/doctor/nic_checks.h"
#include "bench/doctor/nic_probe.h"
#include "bench/doctor/nic_resources.h"
#include "common/clock.h"
#include "common/units.h"

enum { COUNTERS_MOST = 16 };

/* NICs that work take milliseconds, and one that does not reach itself gives up after a second;
 * more than that is for a host that is short of CPU, on which haste would be a false alarm. */
#define PROBE_NS     (4 * MCB_NS_PER_S)
#define RESOURCES_NS (100 * MCB_NS_PER_MS)

/* ---- MTU ---- */

/* The first NIC with the same kind of link at the same rate whose MTU is another one. */
static const struct mcb_seen_nic *differing(const struct mcb_examination *examination,
                                            const struct mcb_seen_nic *nic,
                                            const struct mcb_nic_port *port)
{
    for (size_t i = 0; i < examination->nic_count; i++) {
        const struct mcb_seen_nic *other = &examination->nics[i];
        struct mcb_nic_sysfs facts;
        if (other->unused || other->mtu_bytes == 0 || other->mtu_bytes == nic->mtu_bytes ||
            !mcb_nic_is_usable(examination->system, other, &facts))
            continue;
        const struct mcb_nic_port *others = mcb_nic_sysfs_port(&facts, other->port);
        if (others->ethernet == port->ethernet && strcmp(others->rate, port->rate) == 0)
            return other;
    }
    return NULL;
}

static void check_mtu(struct mcb_examination *examination, const struct mcb_check *check,
                      const struct mcb_seen_nic *nic, const struct mcb_nic_port *port)
{
    uint32_t interface_mtu = mcb_nic_sysfs_interface_mtu(examination->system, nic->interface);
    const struct mcb_seen_nic *other = differing(examination, nic, port);
    struct mcb_sentence said = {.length = 0};
    mcb_sentence_add(&said, "%u", nic->mtu_bytes);
    if (port->ethernet && interface_mtu > 0)
        mcb_sentence_add(&said, ", interface %s has %u", nic->interface, interface_mtu);
    if (!other || other->mtu_bytes < nic->mtu_bytes) {
        mcb_examination_add(examination, check, nic->name, MCB_VERDICT_PASS, MCB_FAULT_NONE, "%s",
                            said.text);
        return;
    }
    mcb_nic_judge(examination, check, nic, MCB_VERDICT_WARN, MCB_FAULT_RDMA_MTU,
                  "%s, but %s of the same kind has %u", said.text, other->name, other->mtu_bytes);
    uint32_t others_mtu = mcb_nic_sysfs_interface_mtu(examination->system, other->interface);
    if (port->ethernet && nic->interface[0] && others_mtu > 0)
        mcb_examination_fix(examination,
                            "ip link set %s mtu %u  # as root; the switch must carry it\n"
                            "export MC_MTU=%u  # or this, on all hosts; mcbench: --mtu %u",
                            nic->interface, others_mtu, nic->mtu_bytes, nic->mtu_bytes);
}

void mcb_nic_check_mtus(struct mcb_examination *examination, const struct mcb_check *check)
{
    for (size_t i = 0; i < examination->nic_count; i++) {
        const struct mcb_seen_nic *nic = &examination->nics[i];
        struct mcb_nic_sysfs facts;
        if (!mcb_nic_is_usable(examination->system, nic, &facts))
            continue;
        if (nic->mtu_bytes > 0)
            check_mtu(examination, check, nic, mcb_nic_sysfs_port(&facts, nic->port));
        else
            mcb_examination_add(examination, check, nic->name, MCB_VERDICT_SKIP, MCB_FAULT_NONE,
                                "only its driver says it");
    }
}

/* ---- limits ---- */

void mcb_nic_check_regions(struct mcb_examination *examination, const struct mcb_check *check)
{
    uint64_t memory_bytes = 0;
    mcb_limits_memory_total(examination->system, &memory_bytes);
    for (size_t i = 0; i < examination->nic_count; i++) {
        const struct mcb_seen_nic *nic = &examination->nics[i];
        char most[32], memory[32];
        if (nic->region_most_bytes == 0 || memory_bytes == 0) {
            mcb_examination_add(examination, check, nic->name, MCB_VERDICT_SKIP, MCB_FAULT_NONE,
                                nic->region_most_bytes ? "the memory of this host is not known"
                                                       : "its driver does not tell");
            continue;
        }
        mcb_units_format_size(nic->region_most_bytes, most, sizeof(most));
        mcb_units_format_size(memory_bytes, memory, sizeof(memory));
        if (nic->region_most_bytes >= memory_bytes) {
            mcb_examination_add(examination, check, nic->name, MCB_VERDICT_PASS, MCB_FAULT_NONE,
                                "a region may hold all memory of this host (%s)", memory);
            continue;
        }
        mcb_nic_judge(examination, check, nic, MCB_VERDICT_WARN, MCB_FAULT_RDMA_REGION_SIZE,
                      "a region may hold %s (max_mr_size %llu), this host has %s of memory", most,
                      (unsigned long long)nic->region_most_bytes, memory);
        mcb_examination_fix(examination,
                            "export MC_MAX_MR_SIZE=%llu  # registers in chunks; mcbench does so by "
                            "itself\nibv_devinfo -v -d %s | grep max_mr_size",
                            (unsigned long long)nic->region_most_bytes, nic->name);
    }
}

/* ---- what is in use ---- */

static bool is_nearly_all(uint64_t used, uint64_t most)
{
    return most > 0 && used > most - most / 10;
}

static void say_use(struct mcb_sentence *said, uint64_t used, uint64_t most, const char *of_what)
{
    mcb_sentence_add(said, "%s%llu", said->length ? ", " : "", (unsigned long long)used);
    if (most > 0)
        mcb_sentence_add(said, " of %llu", (unsigned long long)most);
    mcb_sentence_add(said, " %s", of_what);
}

void mcb_nic_judge_use(struct mcb_examination *examination, const struct mcb_check *check,
                       const struct mcb_seen_nic *nic, const struct mcb_nic_resources *resources)
{
    bool pairs = is_nearly_all(resources->queue_pairs, nic->queue_pairs_most);
    bool regions = is_nearly_all(resources->regions, nic->regions_most);
    struct mcb_sentence said = {.length = 0};
    say_use(&said, resources->queue_pairs, nic->queue_pairs_most, "queue pairs");
    say_use(&said, resources->regions, nic->regions_most, "memory regions in use");
    mcb_nic_judge(examination, check, nic, pairs || regions ? MCB_VERDICT_WARN : MCB_VERDICT_PASS,
                  pairs     ? MCB_FAULT_RDMA_QP_CREATE
                  : regions ? MCB_FAULT_RDMA_KEYS
                            : MCB_FAULT_NONE,
                  "%s", said.text);
    if (pairs)
        mcb_examination_fix(examination,
                            "rdma resource show qp link %s  # which process has them\n"
                            "export MC_ENABLE_DEST_DEVICE_AFFINITY=1  # fewer of them in Mooncake",
                            nic->name);
    else if (regions)
        mcb_examination_fix(examination, "rdma resource show mr dev %s  # which process has them",
                            nic->name);
}

void mcb_nic_check_use(struct mcb_examination *examination, const struct mcb_check *check)
{
    /* A kernel that leaves one question without an answer is not waited for once for each NIC. */
    int64_t until_ns = mcb_clock_ns() + RESOURCES_NS;
    for (size_t i = 0; i < examination->nic_count; i++) {
        const struct mcb_seen_nic *nic = &examination->nics[i];
        struct mcb_nic_resources resources;
        if (mcb_clock_ns() < until_ns && mcb_nic_resources_read(nic->name, &resources))
            mcb_nic_judge_use(examination, check, nic, &resources);
        else
            mcb_examination_add(examination, check, nic->name, MCB_VERDICT_SKIP, MCB_FAULT_NONE,
                                "the kernel does not tell; it may have %u queue pairs",
                                nic->queue_pairs_most);
    }
}

/* ---- loopback ---- */

static void take_stages(struct mcb_examination *examination, const struct mcb_nic_probe *probe)
{
    static const struct {
        enum mcb_stage stage;
        const char *how;
    } steps[] = {
        {MCB_STAGE_SEEN, "it was opened"},
        {MCB_STAGE_QUEUE_PAIR, "two reliable queue pairs, each the other's peer"},
        {MCB_STAGE_REGISTERED, "128 KiB of host memory"},
        {MCB_STAGE_LOOPBACK, "64 KiB written and 64 KiB read back, every byte compared"},
    };
    for (size_t i = 0; i < sizeof(steps) / sizeof(steps[0]); i++)
        if (probe->reached >= steps[i].stage)
            mcb_examination_prove(examination, MCB_GROUP_NIC, probe->name, steps[i].stage, "%s",
                                  steps[i].how);
}

/* Nothing is proved of it, and nothing is known to be wrong. */
static void judge_unanswered(struct mcb_examination *examination, const struct mcb_check *check,
                             const struct mcb_seen_nic *nic)
{
    mcb_nic_judge(examination, check, nic, MCB_VERDICT_WARN, MCB_FAULT_RDMA_DEVICE_OPEN,
                  "its driver has not answered within %lld s",
                  (long long)(PROBE_NS / MCB_NS_PER_S));
    mcb_examination_fix(examination,
                        "dmesg | tail -n 50  # as root: a reset, a command that timed out?\n"
                        "devlink health show pci/%s\nuptime  # or a host that is short of CPU",
                        nic->pci_address[0] ? nic->pci_address : "ADDRESS");
}

/* A NIC that does not reach itself may reach others. */
void mcb_nic_judge_probe(struct mcb_examination *examination, const struct mcb_check *check,
                         const struct mcb_seen_nic *nic, const struct mcb_nic_probe *probe)
{
    enum mcb_fault_code code = probe->error.code;
    if (!probe->answered) {
        judge_unanswered(examination, check, nic);
        return;
    }
    take_stages(examination, probe);
    if (code == MCB_FAULT_RUN_INTERRUPTED)
        return;
    if (code == MCB_FAULT_NONE)
        mcb_examination_add(examination, check, probe->name, MCB_VERDICT_PASS, MCB_FAULT_NONE,
                            "64 KiB written and read back through the NIC, 0 bytes wrong, %.0f ms",
                            (double)probe->took_ns / MCB_NS_PER_MS);
    else if (nic->unused)
        mcb_examination_add(examination, check, probe->name, MCB_VERDICT_SKIP, MCB_FAULT_NONE,
                            "%.350s (proved before: %s); not in use: %s", probe->error.detail,
                            mcb_stage_name(probe->reached), nic->unused);
    else
        mcb_examination_add(examination, check, probe->name,
                            code == MCB_FAULT_RDMA_LOOPBACK ? MCB_VERDICT_WARN : MCB_VERDICT_FAIL,
                            code, "%.400s (proved before: %s)", probe->error.detail,
                            mcb_stage_name(probe->reached));
}

static const struct mcb_seen_nic *find_seen(const struct mcb_examination *examination,
                                            const char *name)
{
    const struct mcb_seen_nic *nic = examination->nics;
    while (strcmp(nic->name, name) != 0)
        nic++;
    return nic;
}

/* Why a NIC is not tried, which another check has said already or is none of its faults; NULL: it
 * is. */
static const char *reason_against(const struct mcb_system *system, const struct mcb_seen_nic *nic)
{
    struct mcb_nic_sysfs facts;
    if (nic->closed)
        return "its device file may not be opened";
    if (!mcb_nic_is_usable(system, nic, &facts))
        return "no active port";
    return facts.reliable ? NULL : "it has no reliable connections";
}

void mcb_nic_check_loopback(struct mcb_examination *examination, const struct mcb_check *check)
{
    size_t count = 0;
    struct mcb_nic_probe *probes = calloc(examination->nic_count, sizeof(*probes));
    examination->out_of_memory |= !probes;
    for (size_t i = 0; i < examination->nic_count && probes; i++) {
        const struct mcb_seen_nic *nic = &examination->nics[i];
        const char *reason = reason_against(examination->system, nic);
        if (reason) {
            mcb_examination_add(examination, check, nic->name, MCB_VERDICT_SKIP, MCB_FAULT_NONE,
                                "%s", reason);
            continue;
        }
        struct mcb_nic_probe *probe = &probes[count++];
        snprintf(probe->name, sizeof(probe->name), "%s", nic->name);
        probe->port = nic->port;
        probe->gid_index = mcb_nic_asked_gid(examination->system);
    }
    if (count > 0)
        mcb_nic_probe_all(probes, count, mcb_clock_ns() + PROBE_NS, examination->options->stop);
    for (size_t i = 0; i < count; i++)
        mcb_nic_judge_probe(examination, check, find_seen(examination, probes[i].name), &probes[i]);
    free(probes);
}

/* ---- counters ---- */

uint64_t mcb_nic_link_errors(const struct mcb_system *system, const char *name, unsigned port)
{
    struct mcb_nic_counter counters[COUNTERS_MOST];
    size_t count = mcb_nic_sysfs_errors(system, name, port, true, counters, COUNTERS_MOST);
    uint64_t sum = 0;
    for (size_t i = 0; i < count; i++)
        sum += counters[i].value;
    return sum;
}

/* Old errors are no trouble of today: only those that came while this host was examined are. */
static void check_counters_of(struct mcb_examination *examination, const struct mcb_check *check,
                              const struct mcb_seen_nic *nic)
{
    const struct mcb_system *system = examination->system;
    struct mcb_nic_counter counters[COUNTERS_MOST];
    size_t count =
        mcb_nic_sysfs_errors(system, nic->name, nic->port, false, counters, COUNTERS_MOST);
    uint64_t now = mcb_nic_link_errors(system, nic->name, nic->port);
    struct mcb_sentence said = {.length = 0};
    for (size_t i = 0; i < count; i++)
        mcb_sentence_add(&said, "%s%s %llu",
                         i ? ", " : "since the driver was loaded: ", counters[i].name,
                         (unsigned long long)counters[i].value);
    bool rising = now > nic->link_errors;
    if (rising)
        mcb_nic_judge(examination, check, nic, MCB_VERDICT_WARN, MCB_FAULT_PERF_PATH,
                      "the link made %llu errors while this host was examined; %.400s",
                      (unsigned long long)(now - nic->link_errors), said.text);
    else
        mcb_examination_add(examination, check, nic->name, MCB_VERDICT_PASS, MCB_FAULT_NONE, "%s",
                            count ? said.text : "no error of the port was counted");
    if (rising)
        mcb_examination_fix(examination,
                            "rdma statistic show link %s/%u\n# clean or replace the cable and its "
                            "transceivers",
                            nic->name, nic->port);
}

void mcb_nic_check_counters(struct mcb_examination *examination, const struct mcb_check *check)
{
    for (size_t i = 0; i < examination->nic_count; i++)
        if (examination->nics[i].port > 0)
            check_counters_of(examination, check, &examination->nics[i]);
}
