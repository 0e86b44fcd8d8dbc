/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MCB_BENCH_TOPOLOGY_TOPOLOGY_H
#define MCB_BENCH_TOPOLOGY_TOPOLOGY_H

/*
 * What this host is made of, as hwloc sees it, and where a thread should run.
 *
 * Loaded once, before threads are pinned: the CPUs that the process may use (taskset, cgroup,
 * launcher) are those of the thread that loads, at that moment. Read-only afterwards, so that all
 * threads may share it. NUMA nodes and CPUs are the operating system's numbers.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/fault.h"

struct mcb_topology;

/* Printable ASCII; what is not known is "unknown" or 0. */
struct mcb_host_facts {
    char hostname[256];
    char kernel[256];    /* "Linux 6.1.0-44-amd64" */
    char cpu_model[128]; /* "AMD EPYC 7763 64-Core Processor" */
    unsigned cpus;       /* hardware threads of the host */
    unsigned numa_nodes;
    uint64_t memory_bytes;
};

/* This host; with its PCI devices or without (which is quicker: a run needs NUMA nodes and CPUs
 * only). The caller's: mcb_topology_free(). Fault: HOST_TOPOLOGY. */
int mcb_topology_load(bool with_devices, struct mcb_topology **topology, struct mcb_error *error);

/* For the files of this folder: the host that the text of an XML file describes (topology_xml.h,
 * topology_file.h). Fault: HOST_TOPOLOGY. */
int mcb_topology_load_xml(const char *xml, size_t length, struct mcb_topology **topology,
                          struct mcb_error *error);

/* NULL is fine. */
void mcb_topology_free(struct mcb_topology *topology);

bool mcb_topology_is_this_host(const struct mcb_topology *topology);

/* For the files of this folder: hwloc's own (hwloc_topology_t). Borrowed. */
struct hwloc_topology *mcb_topology_hwloc(const struct mcb_topology *topology);

/* For the files of this folder: a text of hwloc's as printable ASCII, cut to size; "unknown" for
 * NULL and "". */
void mcb_topology_copy_text(char *out, size_t out_size, const char *text);

/* For the files of this folder: the memory of a NUMA node as hwloc says it; 0 for what no host has
 * (4 PiB and more: a file may say anything). */
uint64_t mcb_topology_memory_bytes(uint64_t said);

void mcb_topology_host_facts(const struct mcb_topology *topology, struct mcb_host_facts *facts);

/* How many CPUs the process may run on; at least 1. */
unsigned mcb_topology_usable_cpus(const struct mcb_topology *topology);

/* The CPUs for threads beside a NUMA node, as a list: those of the node that the process may use;
 * where it may use none of them, or the node is -1 or does not exist, all that it may use. Returns
 * text. */
char *mcb_topology_pin_cpus(const struct mcb_topology *topology, int numa_node, char *text,
                            size_t text_size);

/* Binds the calling thread to those CPUs: to the node and not to one CPU, because the kernel's own
 * threads that serve the NIC may need the very CPU that would be chosen (Soft-RoCE measured half
 * its bandwidth so). Returns 0, or -1 if the kernel refused (the thread then runs where it did): a
 * run goes on without. */
int mcb_topology_pin(const struct mcb_topology *topology, int numa_node);

#endif
