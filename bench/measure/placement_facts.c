/* SPDX-License-Identifier: Apache-2.0 */
#include "bench/measure/placement_facts.h"

#include <limits.h>
#include <stdio.h>
#include <string.h>

#include "bench/topology/distance.h"
#include "common/id_list.h"
#include "common/json.h"
#include "common/text.h"

enum { WARNINGS_MAX = 2, WARNING_TEXT = 512, CPUS_TEXT = 8192, NODE_MOST = 1 << 16 };

/* ---- telling ---- */

static json_t *bytes_json(const struct mcb_placement *placement)
{
    if (!placement->known)
        return json_null();
    json_t *bytes = json_object();
    for (size_t n = 0; n < placement->node_count; n++) {
        char name[MCB_LOCATION_MAX];
        snprintf(name, sizeof name, "cpu:%d", placement->nodes[n].node);
        json_object_set_new(bytes, name, json_integer((json_int_t)placement->nodes[n].bytes));
    }
    return bytes;
}

/* A host of which nothing is known may have several. */
static unsigned numa_nodes(const struct mcb_topology *topology)
{
    struct mcb_host_facts host = {.numa_nodes = UINT_MAX};
    if (topology)
        mcb_topology_host_facts(topology, &host);
    return host.numa_nodes;
}

/* Host memory of an endpoint: its own, or its bounce buffer's; NULL: it has none. */
static const struct mcb_buffer *host_memory(const struct mcb_local_endpoint *local)
{
    const struct mcb_buffer *buffer = local->plan.gpu < 0 ? &local->buffer : &local->bounce;
    return buffer->address ? buffer : NULL;
}

static json_t *distance_json(const struct mcb_placement *placement, int nic_node,
                             const struct mcb_topology *topology)
{
    unsigned nodes = numa_nodes(topology);
    if (nodes != 1 && (nic_node < 0 || !placement->known))
        return json_null();
    return json_string(mcb_distance_name(
        mcb_distance_to_node(nodes, mcb_placement_main_node(placement), nic_node)));
}

static json_t *thread_cpus_json(const struct mcb_local_endpoint *local,
                                const struct mcb_topology *topology)
{
    char cpus[CPUS_TEXT] = "";
    if (topology)
        mcb_topology_pin_cpus(topology, local->nic->numa_node, cpus, sizeof cpus);
    return mcb_id_list_is_valid(cpus) ? json_string(cpus) : json_null();
}

json_t *mcb_placement_facts(const struct mcb_local_endpoint *local,
                            const struct mcb_topology *topology)
{
    const struct mcb_buffer *buffer = host_memory(local);
    if (!buffer)
        return json_null();
    return json_pack("{s:I, s:b, s:o, s:o, s:o}", "page_bytes", (json_int_t)buffer->page_bytes,
                     "sampled", (int)buffer->placement.sampled, "memory_bytes",
                     bytes_json(&buffer->placement), "distance",
                     distance_json(&buffer->placement, local->nic->numa_node, topology),
                     "thread_cpus", thread_cpus_json(local, topology));
}

json_t *mcb_placement_warnings(const struct mcb_local_endpoint *local)
{
    const struct mcb_buffer *buffer = host_memory(local);
    json_t *warnings = json_array();
    char where[WARNING_TEXT / 2], text[WARNING_TEXT];
    if (!buffer || local->node < 0 ||
        mcb_placement_elsewhere_bytes(&buffer->placement, local->node) == 0)
        return warnings;
    snprintf(text, sizeof text,
             "%s, not on cpu:%d beside the NIC: the figures include the way between the nodes "
             "(numactl --hardware shows what each has free)",
             mcb_placement_describe(&buffer->placement, local->node, where, sizeof where),
             local->node);
    json_array_append_new(warnings, json_string(text));
    return warnings;
}

/* ---- what others told ---- */

static int fail(struct mcb_error *error, const char *member, const char *expected)
{
    return mcb_error_set(error, MCB_FAULT_NET_PROTOCOL, "\"%s\" of a placement: %s was expected",
                         member, expected);
}

static bool is_node_name(const char *name)
{
    unsigned node;
    int length = 0;
    char again[MCB_LOCATION_MAX];
    if (strlen(name) >= sizeof again || sscanf(name, "cpu:%u%n", &node, &length) != 1)
        return false;
    snprintf(again, sizeof again, "cpu:%u", node);
    return node <= NODE_MOST && strcmp(again, name) == 0;
}

static int take_bytes(const json_t *facts, const char *member, json_t *copy,
                      struct mcb_error *error)
{
    json_t *bytes = json_object_get(facts, member), *value;
    const char *name;
    if (!json_is_null(bytes) &&
        (json_object_size(bytes) < 1 || json_object_size(bytes) > MCB_PLACEMENT_NODES_MAX))
        return fail(error, member, "null, or an object of 1 to 64 members");
    json_object_foreach(bytes, name, value)
    {
        if (!is_node_name(name) || !json_is_integer(value) || json_integer_value(value) < 0)
            return fail(error, member, "{\"cpu:N\": bytes}");
    }
    json_object_set_new(copy, member, json_deep_copy(bytes));
    return 0;
}

static bool is_distance(const json_t *value)
{
    const char *name = json_string_value(value);
    for (int n = 0; name && n < MCB_DISTANCES; n++)
        if (strcmp(name, mcb_distance_name((enum mcb_distance)n)) == 0)
            return true;
    return json_is_null(value);
}

static int take_members(const json_t *facts, json_t *copy, struct mcb_error *error)
{
    int64_t page_bytes;
    json_t *sampled = json_object_get(facts, "sampled");
    json_t *distance = json_object_get(facts, "distance");
    json_t *cpus = json_object_get(facts, "thread_cpus");
    if (mcb_json_get_integer(facts, "page_bytes", 1, INT64_C(1) << 40, &page_bytes,
                             MCB_FAULT_NET_PROTOCOL, error) != 0)
        return -1;
    if (!json_is_boolean(sampled))
        return fail(error, "sampled", "a boolean");
    if (!is_distance(distance))
        return fail(error, "distance", "null, PIX, PXB, PHB, NODE or SYS");
    if (!json_is_null(cpus) &&
        (!json_is_string(cpus) || !mcb_id_list_is_valid(json_string_value(cpus))))
        return fail(error, "thread_cpus", "null, or a list of CPUs such as \"0-3,8\",");
    json_object_set_new(copy, "page_bytes", json_integer(page_bytes));
    json_object_set(copy, "sampled", sampled);
    if (take_bytes(facts, "memory_bytes", copy, error) != 0)
        return -1;
    json_object_set(copy, "distance", distance);
    json_object_set(copy, "thread_cpus", cpus);
    return 0;
}

json_t *mcb_placement_take_facts(const json_t *entry, struct mcb_error *error)
{
    json_t *facts, *copy;
    if (json_is_null(json_object_get(entry, "placement")))
        return json_null();
    copy = json_object();
    if (mcb_json_get_object(entry, "placement", &facts, MCB_FAULT_NET_PROTOCOL, error) == 0 &&
        take_members(facts, copy, error) == 0)
        return copy;
    json_decref(copy);
    return NULL;
}

json_t *mcb_placement_take_warnings(const json_t *entry, const char *who, struct mcb_error *error)
{
    json_t *told, *value, *warnings = json_array();
    const json_t *facts = json_object_get(entry, "placement");
    size_t index;
    if (!warnings)
        mcb_error_set(error, MCB_FAULT_HOST_MEMORY, "no memory for the warnings of %s", who);
    if (!warnings || mcb_json_get_array(entry, "warnings", 0, WARNINGS_MAX, &told,
                                        MCB_FAULT_NET_PROTOCOL, error) != 0)
        goto wrong;
    json_array_foreach(told, index, value)
    {
        char clean[WARNING_TEXT];
        if (!json_is_string(value) || json_string_length(value) >= sizeof clean) {
            fail(error, "warnings", "a short text");
            goto wrong;
        }
        json_array_append_new(
            warnings, json_sprintf("%s: %s", who,
                                   mcb_text_clean(json_string_value(value), clean, sizeof clean)));
    }
    if (json_is_object(facts) && json_is_null(json_object_get(facts, "memory_bytes")))
        json_array_append_new(warnings,
                              json_sprintf("%s: the kernel does not tell where its memory lies "
                                           "(move_pages is not allowed)",
                                           who));
    return warnings;
wrong:
    json_decref(warnings);
    return NULL;
}
