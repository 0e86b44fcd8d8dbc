/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MCB_RDMA_COUNTERS_H
#define MCB_RDMA_COUNTERS_H

/*
 * What the kernel counts at a NIC, read from sysfs before and after something that went wrong.
 *
 *   class/infiniband/DEV/ports/N/counters/NAME     the port      "NAME"
 *   class/infiniband/DEV/ports/N/hw_counters/NAME  the port      "NAME"
 *   class/infiniband/DEV/hw_counters/NAME          the device    "device.NAME"
 *   class/net/IF/statistics/NAME                   the interface "interface.NAME"
 *
 * Only those that mean trouble are kept: errors, discards, retries, what came out of sequence,
 * marks of congestion, pauses (Documentation/ABI/stable/sysfs-class-infiniband and
 * Documentation/networking/statistics.rst of Linux; drivers name their hw_counters as they like).
 * Packets and bytes are left out.
 *
 * A counter that is missing, is no number or cannot be read is left out. Reading takes locks of
 * drivers and may ask the NIC's firmware: never while something is timed.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { MCB_COUNTERS_MAX = 256, MCB_COUNTER_NAME_MAX = 64 };

struct mcb_counter {
    char name[MCB_COUNTER_NAME_MAX];
    uint64_t value;
};

struct mcb_counters {
    struct mcb_counter list[MCB_COUNTERS_MAX]; /* by place, then by name; more are left out */
    size_t count;
};

/* Whose counters. */
struct mcb_counters_source {
    const char *device;    /* RDMA device; NULL: none */
    unsigned port;         /* of the device */
    const char *interface; /* network interface; NULL or "": none */
};

struct mcb_counter_change {
    char name[MCB_COUNTER_NAME_MAX];
    uint64_t before, after;
    bool restarted; /* it is less than it was: it wrapped or was set back */
};

/* sysfs: "/sys". What is not there leaves the snapshot empty. */
void mcb_counters_take(const char *sysfs, const struct mcb_counters_source *source,
                       struct mcb_counters *counters);

/* Those that are in both and differ, in the order of `after`; at most MCB_COUNTERS_MAX. Returns how
 * many. */
size_t mcb_counters_compare(const struct mcb_counters *before, const struct mcb_counters *after,
                            struct mcb_counter_change *changes);

/* What a counter counts, the graver the larger. */
enum mcb_counter_kind {
    MCB_COUNTER_OTHER, /* no trouble */
    MCB_COUNTER_WAIT,  /* waiting, in ticks or packets */
    MCB_COUNTER_MARK,  /* marks of congestion, pauses */
    MCB_COUNTER_LOSS   /* errors, discards, retries */
};

/* By its name, as its file or this module has it. */
enum mcb_counter_kind mcb_counter_kind_of(const char *name);

#endif
