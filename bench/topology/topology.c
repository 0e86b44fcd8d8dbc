/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A thin layer over hwloc (2.1 or later; what is called here means the same in 3). Components that
 * load a GPU vendor's library are left out: they answer no question asked here, and starting such a
 * library takes seconds on a host full of GPUs.
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

/* Outlives the call, as hwloc looks at it once and remembers: its warnings are no messages of this
 * program, and what they are about is an error of its own here. */
static void silence_hwloc(void)
{
    setenv("HWLOC_HIDE_ERRORS", "2", 0);
}

static void keep_usable_cpus(struct mcb_topology *topology)
{
    hwloc_const_bitmap_t all = hwloc_topology_get_topology_cpuset(topology->hwloc);
    if (!topology->this_host ||
        hwloc_get_cpubind(topology->hwloc, topology->usable, HWLOC_CPUBIND_THREAD) != 0)
        hwloc_bitmap_copy(topology->usable, hwloc_topology_get_allowed_cpuset(topology->hwloc));
    hwloc_bitmap_and(topology->usable, topology->usable, all);
    if (hwloc_bitmap_iszero(topology->usable))
        hwloc_bitmap_copy(topology->usable, all);
}

/* What hwloc is to look at. */
struct source {
    const char *xml; /* NULL: this host */
    size_t xml_length;
    bool with_devices;
};

/* Returns NULL, or the step that failed. */
static const char *look(struct mcb_topology *topology, const struct source *source)
{
    if (source->xml && hwloc_topology_set_xmlbuffer(topology->hwloc, source->xml,
                                                    (int)source->xml_length + 1) != 0)
        return "hwloc cannot read it";
    /* The names of components that this hwloc does not have are no error that matters. */
    for (size_t n = 0; n < sizeof left_out / sizeof left_out[0]; n++)
        hwloc_topology_set_components(topology->hwloc, HWLOC_TOPOLOGY_COMPONENTS_FLAG_BLACKLIST,
                                      left_out[n]);
    enum hwloc_type_filter_e devices =
        source->with_devices ? HWLOC_TYPE_FILTER_KEEP_ALL : HWLOC_TYPE_FILTER_KEEP_NONE;
    if (hwloc_topology_set_io_types_filter(topology->hwloc, devices) != 0 ||
        hwloc_topology_set_flags(topology->hwloc, HWLOC_TOPOLOGY_FLAG_INCLUDE_DISALLOWED) != 0)
        return "hwloc cannot be set up";
    if (hwloc_topology_load(topology->hwloc) != 0)
        return source->xml ? "hwloc cannot read it" : "the topology of this host cannot be read";
    errno = 0;
    if (!source->xml && !hwloc_topology_is_thissystem(topology->hwloc))
        return "a variable of hwloc (HWLOC_XMLFILE, HWLOC_SYNTHETIC, HWLOC_FSROOT, "
               "HWLOC_THISSYSTEM) "
               "has it show another host in place of this one; unset it, or use mcbench topo "
               "--from "
               "FILE";
    return NULL;
}

static int load(const struct source *source, struct mcb_topology **out, struct mcb_error *error)
{
    const char *failed = "hwloc cannot be started";
    silence_hwloc();
    struct mcb_topology *topology = calloc(1, sizeof *topology);
    if (!topology)
        return mcb_error_set(error, MCB_FAULT_HOST_MEMORY, "hwloc: %s", strerror(errno));
    topology->this_host = !source->xml;
    topology->usable = hwloc_bitmap_alloc();
    errno = 0;
    if (topology->usable && hwloc_topology_init(&topology->hwloc) == 0)
        failed = look(topology, source);
    if (failed) {
        mcb_error_set(error, MCB_FAULT_HOST_TOPOLOGY, "%s%s%s", failed, errno ? ": " : "",
                      errno ? strerror(errno) : "");
        mcb_topology_free(topology);
        return -1;
    }
    keep_usable_cpus(topology);
    *out = topology;
    return 0;
}

int mcb_topology_load(bool with_devices, struct mcb_topology **topology, struct mcb_error *error)
{
    return load(&(struct source){.with_devices = with_devices}, topology, error);
}

int mcb_topology_load_xml(const char *xml, size_t length, struct mcb_topology **topology,
                          struct mcb_error *error)
{
    return load(&(struct source){.xml = xml, .xml_length = length, .with_devices = true}, topology,
                error);
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

bool mcb_topology_is_this_host(const struct mcb_topology *topology)
{
    return topology->this_host;
}

struct hwloc_topology *mcb_topology_hwloc(const struct mcb_topology *topology)
{
    return topology->hwloc;
}

/* ---- facts ---- */

void mcb_topology_copy_text(char *out, size_t out_size, const char *text)
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

uint64_t mcb_topology_memory_bytes(uint64_t said)
{
    const uint64_t absurd_bytes = 1ULL << 52;
    return said < absurd_bytes ? said : 0;
}

void mcb_topology_host_facts(const struct mcb_topology *topology, struct mcb_host_facts *facts)
{
    struct utsname kernel = {0};
    char text[sizeof kernel.sysname + sizeof kernel.release + 1] = "";
    if (topology->this_host && uname(&kernel) == 0)
        snprintf(text, sizeof text, "%s %s", kernel.sysname, kernel.release);
    mcb_topology_copy_text(facts->kernel, sizeof facts->kernel, text);
    mcb_topology_copy_text(facts->hostname, sizeof facts->hostname, kernel.nodename);

    hwloc_obj_t package = hwloc_get_obj_by_type(topology->hwloc, HWLOC_OBJ_PACKAGE, 0);
    hwloc_obj_t machine = hwloc_get_root_obj(topology->hwloc);
    const char *model = package ? hwloc_obj_get_info_by_name(package, "CPUModel") : NULL;
    if (!model)
        model = hwloc_obj_get_info_by_name(machine, "CPUModel");
    mcb_topology_copy_text(facts->cpu_model, sizeof facts->cpu_model, model);
    facts->cpus = count_objects(topology, HWLOC_OBJ_PU);
    facts->numa_nodes = count_objects(topology, HWLOC_OBJ_NUMANODE);
    facts->memory_bytes = 0;
    for (hwloc_obj_t node = NULL;
         (node = hwloc_get_next_obj_by_type(topology->hwloc, HWLOC_OBJ_NUMANODE, node));)
        facts->memory_bytes += mcb_topology_memory_bytes(node->attr->numanode.local_memory);
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

/* NULL: no memory. The caller's. */
static hwloc_bitmap_t cpus_beside(const struct mcb_topology *topology, int numa_node)
{
    hwloc_obj_t node = find_node(topology, numa_node);
    hwloc_bitmap_t cpus = hwloc_bitmap_dup(topology->usable);
    if (cpus && node && hwloc_bitmap_intersects(topology->usable, node->cpuset))
        hwloc_bitmap_and(cpus, topology->usable, node->cpuset);
    return cpus;
}

char *mcb_topology_pin_cpus(const struct mcb_topology *topology, int numa_node, char *text,
                            size_t text_size)
{
    hwloc_bitmap_t cpus = cpus_beside(topology, numa_node);
    text[0] = '\0';
    if (cpus)
        hwloc_bitmap_list_snprintf(text, text_size, cpus);
    hwloc_bitmap_free(cpus);
    return text;
}

int mcb_topology_pin(const struct mcb_topology *topology, int numa_node)
{
    if (!topology->this_host)
        return -1;
    hwloc_bitmap_t cpus = cpus_beside(topology, numa_node);
    int status = cpus ? hwloc_set_cpubind(topology->hwloc, cpus, HWLOC_CPUBIND_THREAD) : -1;
    hwloc_bitmap_free(cpus);
    return status;
}
