/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A thin layer over hwloc (2.1 or later; nothing of it is gone in 3). Components that load a GPU
 * vendor's library are left out: they answer no question asked here, and starting such a library
 * takes seconds on a host full of GPUs.
 */
#include "bench/topology/topology.h"

#include <errno.h>
#include <hwloc.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>
#include <unistd.h>

struct mcb_topology {
    hwloc_topology_t hwloc;
    hwloc_bitmap_t usable; /* CPUs that the process may run on */
    bool this_host;
};

static const char *const left_out[] = {"cuda", "nvml", "opencl", "rsmi", "levelzero", "gl"};

static int fail(struct mcb_topology *topology, struct mcb_error *error, const char *what)
{
    mcb_error_set(error, MCB_FAULT_HOST_TOPOLOGY, "%s: %s", what, strerror(errno));
    mcb_topology_free(topology);
    return -1;
}

/* path NULL: this host. */
static int load(const char *path, struct mcb_topology **out, struct mcb_error *error)
{
    struct mcb_topology *topology = calloc(1, sizeof *topology);
    if (!topology)
        return fail(topology, error, "hwloc");
    topology->this_host = !path;
    topology->usable = hwloc_bitmap_alloc();
    if (!topology->usable || hwloc_topology_init(&topology->hwloc) != 0)
        return fail(topology, error, "hwloc cannot be started");
    if (path && hwloc_topology_set_xml(topology->hwloc, path) != 0)
        return fail(topology, error, path);

    /* The names of components that this hwloc does not have are no error that matters. */
    for (size_t n = 0; n < sizeof left_out / sizeof left_out[0]; n++)
        hwloc_topology_set_components(topology->hwloc, HWLOC_TOPOLOGY_COMPONENTS_FLAG_BLACKLIST,
                                      left_out[n]);
    if (hwloc_topology_set_flags(topology->hwloc, HWLOC_TOPOLOGY_FLAG_INCLUDE_DISALLOWED) != 0 ||
        hwloc_topology_load(topology->hwloc) != 0)
        return fail(topology, error, path ? path : "the topology of this host cannot be read");

    hwloc_const_bitmap_t all = hwloc_topology_get_topology_cpuset(topology->hwloc);
    if (!topology->this_host ||
        hwloc_get_cpubind(topology->hwloc, topology->usable, HWLOC_CPUBIND_THREAD) != 0)
        hwloc_bitmap_copy(topology->usable, hwloc_topology_get_allowed_cpuset(topology->hwloc));
    hwloc_bitmap_and(topology->usable, topology->usable, all);
    if (hwloc_bitmap_iszero(topology->usable))
        hwloc_bitmap_copy(topology->usable, all);
    *out = topology;
    return 0;
}

int mcb_topology_load(struct mcb_topology **topology, struct mcb_error *error)
{
    return load(NULL, topology, error);
}

int mcb_topology_load_file(const char *path, struct mcb_topology **topology,
                           struct mcb_error *error)
{
    return load(path, topology, error);
}

void mcb_topology_free(struct mcb_topology *topology)
{
    if (!topology)
        return;
    if (topology->hwloc)
        hwloc_topology_destroy(topology->hwloc);
    hwloc_bitmap_free(topology->usable);
    free(topology);
}

/* ---- facts ---- */

/* These texts go into JSON and to peers. */
static void copy_printable(char *out, size_t out_size, const char *text)
{
    snprintf(out, out_size, "%s", text && text[0] ? text : "unknown");
    for (; *out; out++)
        if (*out < 0x20 || *out > 0x7e)
            *out = '?';
}

static unsigned count_objects(const struct mcb_topology *topology, hwloc_obj_type_t type)
{
    int count = hwloc_get_nbobjs_by_type(topology->hwloc, type);
    return count > 0 ? (unsigned)count : 0;
}

void mcb_topology_host_facts(const struct mcb_topology *topology, struct mcb_host_facts *facts)
{
    struct utsname kernel = {0};
    char text[sizeof kernel.sysname + sizeof kernel.release + 1] = "";
    if (topology->this_host && uname(&kernel) == 0)
        snprintf(text, sizeof text, "%s %s", kernel.sysname, kernel.release);
    copy_printable(facts->kernel, sizeof facts->kernel, text);
    copy_printable(facts->hostname, sizeof facts->hostname, kernel.nodename);

    hwloc_obj_t package = hwloc_get_obj_by_type(topology->hwloc, HWLOC_OBJ_PACKAGE, 0);
    hwloc_obj_t machine = hwloc_get_root_obj(topology->hwloc);
    const char *model = package ? hwloc_obj_get_info_by_name(package, "CPUModel") : NULL;
    if (!model)
        model = hwloc_obj_get_info_by_name(machine, "CPUModel");
    copy_printable(facts->cpu_model, sizeof facts->cpu_model, model);
    facts->cpus = count_objects(topology, HWLOC_OBJ_PU);
    facts->numa_nodes = count_objects(topology, HWLOC_OBJ_NUMANODE);
    facts->memory_bytes = machine->total_memory;
    /* The NUMA nodes' own sum lacks memory that was added to a virtual machine later. */
    if (topology->this_host)
        facts->memory_bytes = (uint64_t)sysconf(_SC_PHYS_PAGES) * (uint64_t)sysconf(_SC_PAGESIZE);
}

static hwloc_obj_t find_node(const struct mcb_topology *topology, int numa_node)
{
    return numa_node < 0 ? NULL
                         : hwloc_get_numanode_obj_by_os_index(topology->hwloc, (unsigned)numa_node);
}

/* ---- where threads run ---- */

unsigned mcb_topology_usable_cpus(const struct mcb_topology *topology)
{
    return (unsigned)hwloc_bitmap_weight(topology->usable);
}

char *mcb_topology_pin_cpus(const struct mcb_topology *topology, int numa_node, char *text,
                            size_t text_size)
{
    hwloc_obj_t node = find_node(topology, numa_node);
    hwloc_bitmap_t cpus = hwloc_bitmap_dup(topology->usable);
    text[0] = '\0';
    if (!cpus)
        return text;
    if (node && hwloc_bitmap_intersects(topology->usable, node->cpuset))
        hwloc_bitmap_and(cpus, topology->usable, node->cpuset);
    hwloc_bitmap_list_snprintf(text, text_size, cpus);
    hwloc_bitmap_free(cpus);
    return text;
}

int mcb_topology_pin(const struct mcb_topology *topology, int numa_node)
{
    char text[4096];
    hwloc_bitmap_t cpus = hwloc_bitmap_alloc();
    int status = -1;
    if (topology->this_host && cpus &&
        hwloc_bitmap_list_sscanf(
            cpus, mcb_topology_pin_cpus(topology, numa_node, text, sizeof text)) == 0)
        status = hwloc_set_cpubind(topology->hwloc, cpus, HWLOC_CPUBIND_THREAD);
    hwloc_bitmap_free(cpus);
    return status;
}
