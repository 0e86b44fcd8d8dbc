/* SPDX-License-Identifier: Apache-2.0 */
#include "bench/report/environment_facts.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "common/text.h"
#include "common/units.h"

#define HARDWARE MCB_DIFFERENCE_HARDWARE
#define SOFTWARE MCB_DIFFERENCE_SOFTWARE
#define LINK     MCB_DIFFERENCE_LINK
#define WAY      MCB_DIFFERENCE_WAY
#define PLACE    MCB_DIFFERENCE_PLACE

static const struct mcb_fact facts[] = {
    {MCB_FACT_OF_RUN, HARDWARE, "transport", "transport", "name", NULL, 0, false},
    {MCB_FACT_OF_RUN, SOFTWARE, "mcbench", "tool", "version", NULL, 0, false},
    {MCB_FACT_OF_RUN, PLACE, "ranks", "job", "ranks", NULL, 0, false},
    {MCB_FACT_OF_RUN, PLACE, "ranks found by", "job", "method", NULL, 0, false},

    {MCB_FACT_OF_HOST, HARDWARE, "CPU", "cpu", NULL, NULL, 0, false},
    {MCB_FACT_OF_HOST, SOFTWARE, "kernel", "kernel", NULL, NULL, 0, false},
    {MCB_FACT_OF_HOST, WAY, "CPUs", "cpus", NULL, NULL, 0, false},
    {MCB_FACT_OF_HOST, WAY, "NUMA nodes", "numa_nodes", NULL, NULL, 0, false},
    /* another kernel keeps some of it for itself; a module that is missing is more */
    {MCB_FACT_OF_HOST, WAY, "memory", "memory_bytes", NULL, "B", 0.02, false},

    {MCB_FACT_OF_NIC, HARDWARE, "NIC", "device_id", NULL, NULL, 0, false},
    {MCB_FACT_OF_NIC, HARDWARE, "NIC board", "board", NULL, NULL, 0, false},
    {MCB_FACT_OF_NIC, HARDWARE, "software NIC", "software", NULL, NULL, 0, false},
    {MCB_FACT_OF_NIC, SOFTWARE, "firmware", "firmware", NULL, NULL, 0, false},
    {MCB_FACT_OF_NIC, SOFTWARE, "NIC driver", "driver", NULL, NULL, 0, false},
    {MCB_FACT_OF_NIC, LINK, "port", "port", NULL, NULL, 0, false},
    {MCB_FACT_OF_NIC, LINK, "port state", "state", NULL, NULL, 0, false},
    {MCB_FACT_OF_NIC, LINK, "link layer", "link_layer", NULL, NULL, 0, false},
    {MCB_FACT_OF_NIC, LINK, "link rate", "link_gbps", NULL, "Gbit/s", 0, false},
    {MCB_FACT_OF_NIC, LINK, "MTU", "active_mtu_bytes", NULL, NULL, 0, false},
    {MCB_FACT_OF_NIC, LINK, "MTU of the interface", "mtu", NULL, NULL, 0, false},
    {MCB_FACT_OF_NIC, LINK, "GID type", "gid_type", NULL, NULL, 0, false},
    {MCB_FACT_OF_NIC, LINK, "GID index", "gid_index", NULL, NULL, 0, false},
    {MCB_FACT_OF_NIC, LINK, "PCIe rate", "pcie_gtps", NULL, "GT/s", 0, false},
    {MCB_FACT_OF_NIC, LINK, "PCIe lanes", "pcie_lanes", NULL, NULL, 0, false},
    {MCB_FACT_OF_NIC, LINK, "MaxPayload", "pcie_max_payload_bytes", NULL, "B", 0, false},
    {MCB_FACT_OF_NIC, WAY, "NUMA node", "numa_node", NULL, NULL, 0, false},
    {MCB_FACT_OF_NIC, WAY, "PCI address", "pci_address", NULL, NULL, 0, true},
    {MCB_FACT_OF_NIC, PLACE, "node GUID", "node_guid", NULL, NULL, 0, true},

    {MCB_FACT_OF_GPU, HARDWARE, "GPU", "model", NULL, NULL, 0, false},
    {MCB_FACT_OF_GPU, HARDWARE, "stand-in GPU", "stand_in", NULL, NULL, 0, false},
    {MCB_FACT_OF_GPU, SOFTWARE, "GPU driver", "driver", NULL, NULL, 0, false},
    {MCB_FACT_OF_GPU, SOFTWARE, "CUDA runtime", "runtime", NULL, NULL, 0, false},
    {MCB_FACT_OF_GPU, LINK, "PCIe rate of the GPU", "pcie_gtps", NULL, "GT/s", 0, false},
    {MCB_FACT_OF_GPU, LINK, "PCIe lanes of the GPU", "pcie_lanes", NULL, NULL, 0, false},
    {MCB_FACT_OF_GPU, WAY, "GPUDirect by a module", "gpudirect", NULL, NULL, 0, false},
    {MCB_FACT_OF_GPU, WAY, "dma-buf", "dmabuf", NULL, NULL, 0, false},
    {MCB_FACT_OF_GPU, WAY, "flush", "flush", NULL, NULL, 0, false},
    {MCB_FACT_OF_GPU, WAY, "near NICs", "near_nics", NULL, NULL, 0, false},
    {MCB_FACT_OF_GPU, WAY, "NUMA node of the GPU", "numa_node", NULL, NULL, 0, false},
    {MCB_FACT_OF_GPU, WAY, "PCI address of the GPU", "pci_address", NULL, NULL, 0, true},
    {MCB_FACT_OF_GPU, PLACE, "GPU itself", "uuid", NULL, NULL, 0, true},

    {MCB_FACT_OF_ENDPOINT, WAY, "registration", "registration", "method", NULL, 0, false},
    {MCB_FACT_OF_ENDPOINT, WAY, "registration of the bounce buffer", "registration",
     "bounce_method", NULL, 0, false},
    {MCB_FACT_OF_ENDPOINT, WAY, "bounce buffer", "bounce", NULL, NULL, 0, false},
    {MCB_FACT_OF_ENDPOINT, WAY, "pages", "placement", "page_bytes", "B", 0, false},
    {MCB_FACT_OF_ENDPOINT, WAY, "distance of memory and NIC", "placement", "distance", NULL, 0,
     false},
    {MCB_FACT_OF_ENDPOINT, WAY, "CPUs of its threads", "placement", "thread_cpus", NULL, 0, false},
};

const struct mcb_fact *mcb_environment_facts(size_t *count)
{
    *count = sizeof facts / sizeof facts[0];
    return facts;
}

/* NULL: not known. A text that is empty says nothing either. */
static const json_t *value_of(const struct mcb_fact *fact, const json_t *entry)
{
    const json_t *value = json_object_get(entry, fact->key);
    if (fact->inner)
        value = json_object_get(value, fact->inner);
    if (!value || json_is_null(value) || (json_is_string(value) && !*json_string_value(value)))
        return NULL;
    return value;
}

static void number_text(const struct mcb_fact *fact, double value, char *text)
{
    char size[32];
    if (fact->unit && strcmp(fact->unit, "B") == 0 && value >= 0 && value < 1e18)
        snprintf(text, MCB_DIFFERENCE_TEXT_MAX, "%s",
                 mcb_units_format_size((uint64_t)value, size, sizeof size));
    else
        snprintf(text, MCB_DIFFERENCE_TEXT_MAX, "%.10g%s%s", value, fact->unit ? " " : "",
                 fact->unit ? fact->unit : "");
}

static void list_text(const json_t *list, char *text)
{
    char whole[2 * MCB_DIFFERENCE_TEXT_MAX] = "";
    size_t length = 0;
    for (size_t i = 0; i < json_array_size(list) && length < MCB_DIFFERENCE_TEXT_MAX; i++) {
        const char *word = json_string_value(json_array_get(list, i));
        int printed = snprintf(whole + length, sizeof whole - length, "%s%.*s", i ? "," : "",
                               MCB_DIFFERENCE_TEXT_MAX - 2, word ? word : "?");
        length += printed > 0 ? (size_t)printed : 0;
    }
    mcb_text_clean(*whole ? whole : "none", text, MCB_DIFFERENCE_TEXT_MAX);
}

char *mcb_fact_text(const struct mcb_fact *fact, const json_t *entry,
                    char text[MCB_DIFFERENCE_TEXT_MAX])
{
    const json_t *value = value_of(fact, entry);
    if (json_is_string(value))
        mcb_text_clean(json_string_value(value), text, MCB_DIFFERENCE_TEXT_MAX);
    else if (json_is_number(value))
        number_text(fact, json_number_value(value), text);
    else if (json_is_boolean(value))
        snprintf(text, MCB_DIFFERENCE_TEXT_MAX, "%s", json_is_true(value) ? "yes" : "no");
    else if (json_is_array(value))
        list_text(value, text);
    else
        snprintf(text, MCB_DIFFERENCE_TEXT_MAX, "not known");
    return text;
}

bool mcb_fact_differs(const struct mcb_fact *fact, const json_t *before, const json_t *after)
{
    const json_t *old = value_of(fact, before), *new = value_of(fact, after);
    if (!old || !new)
        return (old || new) && fact->kind != MCB_DIFFERENCE_HARDWARE;
    if (json_is_number(old) && json_is_number(new)) {
        double one = json_number_value(old), other = json_number_value(new);
        return fabs(one - other) > fact->slack * fmax(fabs(one), fabs(other));
    }
    return !json_equal(old, new);
}
