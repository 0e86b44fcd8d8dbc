/* SPDX-License-Identifier: Apache-2.0 */
#include "bench/measure/gpu_facts.h"

#include <stdio.h>
#include <string.h>

#include "bench/topology/ceiling.h"
#include "bench/topology/distance.h"
#include "common/json.h"
#include "common/pci.h"

/* One of the enum, or beyond it. */
enum { DISTANCE_UNKNOWN = MCB_DISTANCES };

/* Where a GPU is. */
struct place {
    const struct mcb_tree *tree; /* NULL: it is in none */
    size_t node;
    int numa_node;
};

static json_t *known_json(enum mcb_known known)
{
    return known == MCB_KNOWN_NOT ? json_null() : json_boolean(known == MCB_KNOWN_YES);
}

static const char *flush_name(enum mcb_flush flush)
{
    static const char *const names[] = {
        [MCB_FLUSH_NONE] = "none", [MCB_FLUSH_CALL] = "call", [MCB_FLUSH_READ] = "read"};
    return names[flush];
}

/* ---- distances ---- */

static struct place place_of_gpu(const struct mcb_tree *tree, const char *address,
                                 const struct mcb_pci_function *function)
{
    size_t node = tree ? mcb_tree_find_pci(tree, address) : 0;
    if (!tree || node == tree->count || tree->nodes[node].kind != MCB_TREE_GPU)
        return (struct place){.numa_node = function->numa_node};
    return (struct place){tree, node, tree->nodes[node].numa_node};
}

/* A NIC of the tree by its name; of a network interface its PCI function. */
static size_t find_nic(const struct mcb_tree *tree, const struct mcb_nic *nic)
{
    mcb_tree_foreach(tree, MCB_TREE_NIC, i)
    {
        if (strcmp(tree->nodes[i].name, nic->name) == 0)
            return i;
    }
    return mcb_tree_find_pci(tree, nic->pci_address);
}

static int distance_to(const struct place *gpu, const struct mcb_nic *nic)
{
    size_t node = gpu->tree ? find_nic(gpu->tree, nic) : 0;
    if (gpu->tree && node < gpu->tree->count && node != gpu->node &&
        mcb_tree_is_end(&gpu->tree->nodes[node]))
        return mcb_distance_between(gpu->tree, gpu->node, node);
    if (gpu->numa_node < 0 || nic->numa_node < 0)
        return DISTANCE_UNKNOWN;
    return gpu->numa_node == nic->numa_node ? MCB_DISTANCE_NODE : MCB_DISTANCE_SYS;
}

static void add_distances(json_t *facts, const struct place *gpu, const struct mcb_nic *nics,
                          size_t nic_count)
{
    json_t *distances = json_object(), *near = json_array();
    int least = DISTANCE_UNKNOWN;
    for (size_t i = 0; i < nic_count; i++) {
        int distance = distance_to(gpu, &nics[i]);
        bool known = distance != DISTANCE_UNKNOWN;
        json_object_set_new(distances, nics[i].name,
                            known ? json_string(mcb_distance_name((enum mcb_distance)distance))
                                  : json_null());
        if (distance < least)
            json_array_clear(near);
        least = distance < least ? distance : least;
        if (known && distance == least)
            json_array_append_new(near, json_string(nics[i].name));
    }
    json_object_set_new(facts, "distances", distances);
    json_object_set_new(facts, "near_nics", near);
}

/* ---- the way to the root ---- */

static void add_pcie(json_t *facts, const char *sysfs, const struct mcb_pci_function *function)
{
    struct mcb_ceiling_chain chain = {.bottleneck = ""};
    if (function->address[0])
        chain = mcb_ceiling_of_chain(sysfs, function);
    json_object_set_new(facts, "pcie_gtps",
                        mcb_json_positive_or_null(function->link.transfers_gtps));
    json_object_set_new(facts, "pcie_lanes", mcb_json_count_or_null(function->link.lanes));
    json_object_set_new(facts, "pcie_from_memory_gbps",
                        mcb_json_positive_or_null(chain.gbps[MCB_CEILING_PCIE_FROM_MEMORY]));
    json_object_set_new(facts, "pcie_to_memory_gbps",
                        mcb_json_positive_or_null(chain.gbps[MCB_CEILING_PCIE_TO_MEMORY]));
    json_object_set_new(facts, "pcie_bottleneck", mcb_json_text_or_null(chain.bottleneck));
}

/* ---- one GPU, all of them ---- */

static json_t *identity_json(const struct mcb_gpus *gpus, unsigned gpu)
{
    const struct mcb_gpu_identity *identity = &gpus->list[gpu];
    return json_pack(
        "{s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:I, s:b, s:o, s:o, s:s, s:o, s:b}", "name",
        json_sprintf("%s:%u", gpus->module->name, gpu), "model",
        mcb_json_text_or_null(identity->model), "pci_address",
        mcb_json_text_or_null(identity->pci_address), "uuid", mcb_json_text_or_null(identity->uuid),
        "driver", mcb_json_text_or_null(identity->driver), "runtime",
        mcb_json_text_or_null(identity->runtime), "capability",
        mcb_json_text_or_null(identity->capability), "memory_bytes",
        (json_int_t)identity->memory_bytes, "integrated", (int)identity->integrated, "gpudirect",
        known_json(identity->gpudirect), "dmabuf", known_json(identity->dmabuf), "flush",
        flush_name(identity->flush), "flush_reason", mcb_json_text_or_null(identity->flush_reason),
        "stand_in", (int)gpus->module->stand_in);
}

static json_t *gpu_json(const struct mcb_gpus *gpus, unsigned gpu, const struct mcb_tree *tree,
                        const char *sysfs, const struct mcb_nic *nics, size_t nic_count)
{
    const char *address = gpus->list[gpu].pci_address;
    struct mcb_pci_function function;
    if (!mcb_pci_read(sysfs, address, &function))
        function = (struct mcb_pci_function){.numa_node = -1};
    struct place place = place_of_gpu(tree, address, &function);
    json_t *facts = identity_json(gpus, gpu);
    json_object_set_new(facts, "numa_node",
                        place.numa_node < 0 ? json_null() : json_integer(place.numa_node));
    add_distances(facts, &place, nics, nic_count);
    add_pcie(facts, sysfs, &function);
    return facts;
}

json_t *mcb_gpu_facts(const struct mcb_gpus *gpus, const struct mcb_tree *tree, const char *sysfs,
                      const struct mcb_nic *nics, size_t nic_count)
{
    json_t *list = json_array();
    for (unsigned gpu = 0; gpu < gpus->count; gpu++)
        json_array_append_new(list, gpu_json(gpus, gpu, tree, sysfs, nics, nic_count));
    return list;
}

json_t *mcb_gpu_facts_of_host(const struct mcb_gpus *gpus, const struct mcb_nic *nics,
                              size_t nic_count, struct mcb_error *error)
{
    char addresses[MCB_GPUS_MAX][MCB_PCI_ADDRESS_MAX];
    struct mcb_topology *topology;
    struct mcb_tree tree;
    struct mcb_error unlisted = {0}; /* RDMA devices: those that are used have been discovered */
    json_t *facts = NULL;
    for (unsigned gpu = 0; gpu < gpus->count; gpu++)
        snprintf(addresses[gpu], sizeof addresses[gpu], "%s", gpus->list[gpu].pci_address);
    const struct mcb_tree_gpus known = {(const char(*)[MCB_PCI_ADDRESS_MAX])addresses, gpus->count};
    if (mcb_topology_load(true, &topology, error) != 0)
        return NULL;
    if (mcb_tree_make(topology, MCB_SYSFS, &known, &tree, &unlisted, error) == 0) {
        facts = mcb_gpu_facts(gpus, &tree, MCB_SYSFS, nics, nic_count);
        mcb_tree_release(&tree);
    }
    mcb_topology_free(topology);
    return facts;
}
