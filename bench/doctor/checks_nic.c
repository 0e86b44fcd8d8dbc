/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Checks of the RDMA devices. The first lists them in the examination for all others; what it says
 * of a NIC comes from sysfs, and of this host's own the driver is asked for the rest. The loopback
 * uses them.
 *
 * What is wrong with a NIC that no transfer would use is no alarm (nic_use.h). A NIC in use that
 * has no active port is a warning where another one works, and a failure where it was asked for by
 * name or where no NIC works.
 */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench/doctor/examination.h"
#include "bench/doctor/limits.h"
#include "bench/doctor/nic_checks.h"
#include "bench/doctor/nic_missing.h"
#include "bench/doctor/nic_sysfs.h"
#include "bench/doctor/nic_use.h"
#include "bench/topology/tree.h"
#include "common/suggest.h"
#include "rdma/device.h"

enum { NICS_MOST = 128, MISSING_MOST = 64 };

/* ---- present ---- */

static bool is_asked_for(const struct mcb_examination *examination, const char *name)
{
    return mcb_nic_use_lists(examination->options->nics, name);
}

void mcb_nic_judge(struct mcb_examination *examination, const struct mcb_check *check,
                   const struct mcb_seen_nic *nic, enum mcb_verdict verdict,
                   enum mcb_fault_code fault, const char *evidence, ...)
{
    char text[MCB_EVIDENCE_MAX];
    va_list arguments;
    va_start(arguments, evidence);
    vsnprintf(text, sizeof(text), evidence, arguments);
    va_end(arguments);
    if (nic->unused && fault != MCB_FAULT_NONE)
        mcb_examination_add(examination, check, nic->name, MCB_VERDICT_PASS, MCB_FAULT_NONE,
                            "%.400s; not in use: %s", text, nic->unused);
    else
        mcb_examination_add(examination, check, nic->name, verdict, fault, "%s", text);
}

/* Names of --nic that no device has. */
static void check_asked(struct mcb_examination *examination, const struct mcb_check *check,
                        char **names, size_t count)
{
    char *copy = strdup(examination->options->nics ? examination->options->nics : "");
    char *rest = copy, *asked;
    examination->out_of_memory |= !copy;
    while (rest && (asked = strsep(&rest, ",")) != NULL) {
        bool found = asked[0] == '\0';
        for (size_t i = 0; i < count && !found; i++)
            found = strcmp(names[i], asked) == 0;
        if (found)
            continue;
        struct mcb_sentence all = {.length = 0};
        const char *nearest = mcb_suggest_nearest(asked, (const char *const *)names, count);
        for (size_t i = 0; i < count; i++)
            mcb_sentence_add(&all, "%s%s", i ? ", " : "", names[i]);
        mcb_examination_add(examination, check, asked, MCB_VERDICT_FAIL, MCB_FAULT_RDMA_NO_SUCH_NIC,
                            "no RDMA device of this name; there %s: %.400s%s%s",
                            count == 1 ? "is" : "are", count ? all.text : "none",
                            nearest ? "; did you mean " : "", nearest ? nearest : "");
        if (nearest)
            mcb_examination_fix(examination, "mcbench doctor --nic %s", nearest);
    }
    free(copy);
}

/* A function of a NIC that no RDMA device is made of. */
static void add_missing(struct mcb_examination *examination, const struct mcb_check *check,
                        const struct mcb_missing_nic *missing, bool others)
{
    enum mcb_verdict verdict = missing->always && !others ? MCB_VERDICT_FAIL : MCB_VERDICT_WARN;
    mcb_examination_add(
        examination, check, missing->pci_address, verdict, MCB_FAULT_RDMA_NO_DEVICE,
        "%s NIC at %s has %s%s, and no RDMA device: module %s is %s", missing->maker,
        missing->pci_address, missing->driver[0] ? "driver " : "no driver", missing->driver,
        missing->module, missing->loaded ? "loaded, and does not serve it" : "not loaded");
    if (missing->loaded)
        mcb_examination_fix(examination,
                            "dmesg | grep -iE '%s|%s'  # as root\n"
                            "rdma system show  # exclusive: it may be another name space's\n"
                            "devlink dev param show pci/%s name enable_roce",
                            missing->module, missing->pci_address, missing->pci_address);
    else
        mcb_examination_fix(
            examination,
            "modprobe %s  # as root\ndmesg | grep -iE '%s|%s'\n"
            "mcbench cpu --transport tcp  # without RDMA (Mooncake: MC_FORCE_TCP=1)",
            missing->module, missing->module, missing->pci_address);
}

/* The host has NICs, and this container none of their RDMA devices. */
static void add_withheld(struct mcb_examination *examination, const struct mcb_check *check,
                         const struct mcb_missing_nic *missing, size_t count)
{
    mcb_examination_add(
        examination, check, NULL, missing->always ? MCB_VERDICT_FAIL : MCB_VERDICT_WARN,
        MCB_FAULT_HOST_CONTAINER, "%s NIC at %s%s has no RDMA device in this container",
        missing->maker, missing->pci_address, count > 1 ? ", and others," : "");
    mcb_examination_fix(examination,
                        "rdma system show  # exclusive: a device is in one name space alone\n"
                        "docker run --network host --device /dev/infiniband --cap-add IPC_LOCK "
                        "IMAGE");
}

/* NICs on the bus without an RDMA device. A container sees the bus of its host, and is not meant to
 * have all that is on it. */
static void judge_missing(struct mcb_examination *examination, const struct mcb_check *check,
                          size_t devices)
{
    struct mcb_missing_nic missing[MISSING_MOST];
    bool contained = mcb_limits_container(examination->system) != NULL;
    if (mcb_system_variable(examination->system, "MC_FORCE_TCP")) {
        if (devices == 0)
            mcb_examination_add(examination, check, NULL, MCB_VERDICT_SKIP, MCB_FAULT_NONE,
                                "no RDMA device, and MC_FORCE_TCP asks for TCP");
        return;
    }
    size_t count = mcb_nic_missing_find(examination->system, missing, MISSING_MOST);
    if (count > 0 && contained && devices == 0)
        add_withheld(examination, check, missing, count);
    for (size_t i = 0; i < count && !contained; i++)
        add_missing(examination, check, &missing[i], devices > 0);
    if (count > 0 || devices > 0)
        return;
    mcb_examination_add(examination, check, NULL, MCB_VERDICT_WARN, MCB_FAULT_RDMA_NO_DEVICE,
                        "no RDMA device, and none of the NICs on the PCI bus is known to be one");
    mcb_examination_fix(examination,
                        "mcbench cpu --transport tcp\nexport MC_FORCE_TCP=1  # for Mooncake");
}

/* Why programs cannot open it. A copy that has no /dev says nothing of that. */
static void add_closed(struct mcb_examination *examination, const struct mcb_check *check,
                       const struct mcb_nic_sysfs *nic, const struct mcb_seen_nic *seen)
{
    char path[64];
    snprintf(path, sizeof(path), "/dev/infiniband/%s", nic->verbs);
    bool contained = mcb_limits_container(examination->system) != NULL;
    if (!nic->verbs[0]) {
        mcb_nic_judge(examination, check, seen, MCB_VERDICT_FAIL, MCB_FAULT_RDMA_DEVICE_OPEN,
                      "programs cannot use it: module ib_uverbs is not loaded");
        mcb_examination_fix(examination, "modprobe ib_uverbs  # as root");
        return;
    }
    mcb_nic_judge(examination, check, seen, MCB_VERDICT_FAIL,
                  seen->missing && contained ? MCB_FAULT_HOST_CONTAINER
                                             : MCB_FAULT_RDMA_DEVICE_OPEN,
                  seen->missing ? "%s is not there%s" : "%s may not be opened by this user%s", path,
                  seen->missing && contained ? ": the container was started without it" : "");
    if (!seen->missing)
        mcb_examination_fix(examination, "ls -l %s\nchmod 0666 %s  # as root", path, path);
    else if (contained)
        mcb_examination_fix(examination,
                            "docker run --device /dev/infiniband --cap-add IPC_LOCK IMAGE");
    else
        mcb_examination_fix(examination,
                            "udevadm trigger --subsystem-match=infiniband_verbs  # as root");
}

static void add_present(struct mcb_examination *examination, const struct mcb_check *check,
                        const struct mcb_nic_sysfs *nic, const struct mcb_seen_nic *seen)
{
    struct mcb_sentence said = {.length = 0};
    if (nic->pci_address[0])
        mcb_sentence_add(&said, nic->software ? "above %s" : "%s", nic->pci_address);
    if (nic->driver[0])
        mcb_sentence_add(&said, "%s%s", said.length ? ", " : "", nic->driver);
    if (nic->software)
        mcb_sentence_add(&said, "%sa NIC made of software", said.length ? ", " : "");
    if (nic->firmware[0] && strcmp(nic->firmware, "0.0.0") != 0)
        mcb_sentence_add(&said, "%sfirmware %s", said.length ? ", " : "", nic->firmware);
    if (nic->board[0])
        mcb_sentence_add(&said, "%sboard %s", said.length ? ", " : "", nic->board);
    mcb_examination_prove(examination, MCB_GROUP_NIC, nic->name, MCB_STAGE_SEEN, "%s",
                          said.length ? said.text : "in sysfs");
    if (nic->iwarp)
        mcb_nic_judge(examination, check, seen, MCB_VERDICT_WARN, MCB_FAULT_RDMA_IWARP,
                      "it speaks iWARP, which mcbench and Mooncake do not use");
    else if (seen->closed)
        add_closed(examination, check, nic, seen);
    else
        mcb_examination_add(examination, check, nic->name, MCB_VERDICT_PASS, MCB_FAULT_NONE, "%s",
                            said.length ? said.text : "it is there");
}

static bool is_virtual_function(const struct mcb_system *system, const char *address)
{
    char path[64];
    snprintf(path, sizeof(path), "/sys/bus/pci/devices/%.15s/physfn", address);
    return address[0] && mcb_system_exists(system, path);
}

/* May programs open it? A copy that has no /dev says nothing of that. */
static void keep_access(const struct mcb_system *system, const struct mcb_nic_sysfs *nic,
                        struct mcb_seen_nic *seen)
{
    char path[64];
    snprintf(path, sizeof(path), "/dev/infiniband/%s", nic->verbs);
    bool files = mcb_system_exists(system, "/dev");
    seen->missing = nic->verbs[0] && files && !mcb_system_exists(system, path);
    seen->closed = !nic->verbs[0] || (files && !mcb_system_may(system, path, R_OK | W_OK));
}

/* What sysfs says, for the checks behind. */
static void keep_seen(const struct mcb_system *system, const struct mcb_nic_sysfs *nic,
                      struct mcb_seen_nic *seen)
{
    const struct mcb_nic_port *port = mcb_nic_sysfs_port(nic, mcb_nic_asked_port(system));
    *seen = (struct mcb_seen_nic){.iwarp = nic->iwarp, .software = nic->software};
    snprintf(seen->name, sizeof(seen->name), "%s", nic->name);
    snprintf(seen->pci_address, sizeof(seen->pci_address), "%s", nic->pci_address);
    seen->virtual_function = is_virtual_function(system, nic->pci_address);
    keep_access(system, nic, seen);
    for (size_t i = 0; i < nic->port_count; i++)
        seen->active |= nic->ports[i].active;
    if (!port)
        return;
    seen->port = port->number;
    seen->rate_gbps = nic->software ? 0 : strtod(port->rate, NULL);
    snprintf(seen->interface, sizeof(seen->interface), "%s", port->interface);
    seen->link_errors = mcb_nic_link_errors(system, nic->name, port->number);
    if (port->active && port->ethernet)
        seen->mtu_bytes =
            mcb_nic_mtu_of_interface(mcb_nic_sysfs_interface_mtu(system, port->interface));
}

/* What only the drivers of this host know: they were asked for the tree. */
static void take_facts(const struct mcb_device_facts *facts, struct mcb_seen_nic *seen)
{
    seen->region_most_bytes = facts->limits.region_bytes;
    seen->queue_pairs_most = facts->limits.queue_pairs;
    seen->regions_most = facts->limits.regions;
    for (size_t p = 0; p < facts->port_count; p++)
        if (facts->ports[p].number == seen->port && facts->ports[p].active)
            seen->mtu_bytes = facts->ports[p].mtu_bytes;
}

static void ask_drivers(struct mcb_examination *examination)
{
    const struct mcb_tree *tree = examination->tree;
    for (size_t i = 0; tree && i < tree->device_count; i++)
        for (size_t n = 0; n < examination->nic_count; n++)
            if (strcmp(examination->nics[n].name, tree->devices[i].name) == 0)
                take_facts(&tree->devices[i], &examination->nics[n]);
}

static void keep_all(struct mcb_examination *examination, char **names, size_t count)
{
    struct mcb_nic_sysfs nic;
    examination->nics = calloc(count ? count : 1, sizeof(*examination->nics));
    examination->out_of_memory |= !examination->nics;
    for (size_t i = 0; i < count && examination->nics; i++)
        if ((!examination->options->nics || is_asked_for(examination, names[i])) &&
            mcb_nic_sysfs_read(examination->system, names[i], &nic))
            keep_seen(examination->system, &nic, &examination->nics[examination->nic_count++]);
}

static void check_present(struct mcb_examination *examination, const struct mcb_check *check)
{
    struct mcb_nic_sysfs nic;
    char **names;
    size_t all = mcb_system_names(examination->system, "/sys/class/infiniband", &names);
    size_t count = all < NICS_MOST ? all : NICS_MOST;
    keep_all(examination, names, count);
    ask_drivers(examination);
    mcb_nic_use_find(examination);
    for (size_t i = 0; i < examination->nic_count; i++)
        if (mcb_nic_sysfs_read(examination->system, examination->nics[i].name, &nic))
            add_present(examination, check, &nic, &examination->nics[i]);
    if (!examination->options->nics || count == 0)
        judge_missing(examination, check, count);
    check_asked(examination, check, names, count);
    mcb_system_names_free(names, all);
}

/* ---- ports ---- */

static bool any_active(const struct mcb_examination *examination)
{
    for (size_t i = 0; i < examination->nic_count; i++)
        if (examination->nics[i].active)
            return true;
    return false;
}

static void add_wrong_port(struct mcb_examination *examination, const struct mcb_check *check,
                           const struct mcb_nic_sysfs *nic, const struct mcb_seen_nic *seen,
                           const struct mcb_nic_port *port)
{
    const struct mcb_nic_port *other = mcb_nic_sysfs_port(nic, 0);
    unsigned asked = mcb_nic_asked_port(examination->system);
    bool works_elsewhere = other && other->active;
    bool must = is_asked_for(examination, nic->name) || (asked && works_elsewhere) ||
                !any_active(examination);
    if (!port)
        mcb_nic_judge(examination, check, seen, MCB_VERDICT_FAIL, MCB_FAULT_RDMA_NO_PORT,
                      asked ? "MC_IB_PORT=%u, but it has %zu %s"
                            : "port %u is not there: it has %zu %s",
                      asked, nic->port_count, nic->port_count == 1 ? "port" : "ports");
    else
        mcb_nic_judge(examination, check, seen, must ? MCB_VERDICT_FAIL : MCB_VERDICT_WARN,
                      MCB_FAULT_RDMA_PORT_DOWN, "port %u is %s (physically %s)%s%s", port->number,
                      port->state[0] ? port->state : "in no known state",
                      port->physical[0] ? port->physical : "not known",
                      port->interface[0] ? ", interface " : "", port->interface);
    if (works_elsewhere)
        mcb_examination_fix(examination,
                            "export MC_IB_PORT=%u  # port %u is active; mcbench: --ib-port %u",
                            other->number, other->number, other->number);
    else if (port && port->ethernet && port->interface[0])
        mcb_examination_fix(examination,
                            "ip link set %s up  # as root\n"
                            "ethtool %s  # does the cable carry a link?\nrdma link show %s/%u",
                            port->interface, port->interface, nic->name, port->number);
}

static void check_port(struct mcb_examination *examination, const struct mcb_check *check,
                       const struct mcb_nic_sysfs *nic, const struct mcb_seen_nic *seen)
{
    const struct mcb_nic_port *port =
        mcb_nic_sysfs_port(nic, mcb_nic_asked_port(examination->system));
    if (!port || !port->active) {
        add_wrong_port(examination, check, nic, seen, port);
        return;
    }
    mcb_examination_prove(examination, MCB_GROUP_NIC, nic->name, MCB_STAGE_ACTIVE, "port %u, %s",
                          port->number, port->rate);
    if (port->number != 1 && !mcb_nic_asked_port(examination->system)) {
        mcb_nic_judge(examination, check, seen, MCB_VERDICT_WARN, MCB_FAULT_RDMA_PORT_DOWN,
                      "port 1, which Mooncake uses, is not active, but port %u is", port->number);
        mcb_examination_fix(examination, "export MC_IB_PORT=%u", port->number);
        return;
    }
    mcb_examination_add(examination, check, nic->name, MCB_VERDICT_PASS, MCB_FAULT_NONE,
                        "port %u is active: %s%s%s", port->number,
                        port->ethernet ? "RoCE" : "InfiniBand", port->rate[0] ? ", " : "",
                        port->rate);
}

static void check_ports(struct mcb_examination *examination, const struct mcb_check *check)
{
    struct mcb_nic_sysfs nic;
    for (size_t i = 0; i < examination->nic_count; i++)
        if (mcb_nic_sysfs_read(examination->system, examination->nics[i].name, &nic) && !nic.iwarp)
            check_port(examination, check, &nic, &examination->nics[i]);
}

/* ---- the table ---- */

const struct mcb_check mcb_checks_nic[] = {
    {"nic.present", "RDMA devices", 0, check_present},
    {"nic.port", "port", MCB_NEEDS_NICS, check_ports},
    {"nic.gid", "GID", MCB_NEEDS_NICS, mcb_nic_check_gids},
    {"nic.mtu", "MTU", MCB_NEEDS_NICS, mcb_nic_check_mtus},
    {"nic.ordering", "relaxed ordering", MCB_NEEDS_NICS, mcb_nic_check_ordering},
    {"nic.region", "largest registration", MCB_NEEDS_NICS | MCB_NEEDS_LIVE, mcb_nic_check_regions},
    {"nic.use", "queue pairs in use", MCB_NEEDS_NICS | MCB_NEEDS_LIVE, mcb_nic_check_use},
    {"nic.loopback", "loopback transfer", MCB_NEEDS_NICS | MCB_NEEDS_LIVE, mcb_nic_check_loopback},
    {"nic.counters", "error counters", MCB_NEEDS_NICS, mcb_nic_check_counters},
    {NULL, NULL, 0, NULL},
};
