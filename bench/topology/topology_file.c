/* SPDX-License-Identifier: Apache-2.0 */
#include "bench/topology/topology_file.h"

#include <stdlib.h>

#include "bench/topology/rehearsal.h"
#include "bench/topology/topology_xml.h"
#include "bench/topology/tree.h"
#include "common/pci.h"

struct xml {
    char *text;
    size_t length;
};

/* In the child: all that is done with hwloc's own objects, where a file can do harm. What comes
 * after (distances, findings, printing) has the tree, and the tree is bounded and checked. */
static int load_and_walk(const void *argument, struct mcb_error *error)
{
    const struct xml *xml = argument;
    struct mcb_topology *topology;
    struct mcb_host_facts facts;
    struct mcb_tree tree;
    struct mcb_error devices_error;
    char text[256];
    if (mcb_topology_load_xml(xml->text, xml->length, &topology, error) != 0)
        return -1;
    mcb_topology_host_facts(topology, &facts);
    mcb_topology_pin_cpus(topology, 0, text, sizeof text);
    int status = mcb_tree_make(topology, MCB_SYSFS, NULL, &tree, &devices_error, error);
    if (status == 0)
        mcb_tree_release(&tree);
    mcb_topology_free(topology);
    return status;
}

int mcb_topology_load_file(const char *path, struct mcb_topology **topology,
                           struct mcb_error *error)
{
    struct xml xml;
    if (mcb_topology_xml_read(path, &xml.text, &xml.length, error) != 0)
        return -1;
    int status = mcb_rehearsal_run(load_and_walk, &xml, path, MCB_FAULT_USE_TOPOLOGY, error);
    if (status == 0)
        status = mcb_topology_load_xml(xml.text, xml.length, topology, error);
    /* What is wrong is the file and not this host, of whose memory there was enough. */
    if (status != 0 &&
        (error->code == MCB_FAULT_HOST_TOPOLOGY || error->code == MCB_FAULT_HOST_MEMORY)) {
        error->code = MCB_FAULT_USE_TOPOLOGY;
        mcb_error_blame(error, path);
    }
    free(xml.text);
    return status;
}
