/* SPDX-License-Identifier: Apache-2.0 */
#include "bench/measure/endpoints.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "bench/measure/placement_facts.h"

enum { AREAS_OF_ROLE = 2, ROLES = 2 };

/* What one thread needs to open one NIC's endpoints. */
struct opening {
    pthread_t thread;
    bool started;
    bool in_thread; /* of its own, which may be pinned */
    const struct mcb_endpoints_options *options;
    size_t area_bytes;
    struct mcb_local_endpoint *local;
    bool asked[ROLES]; /* the node was named, by --memory, --peer-memory or a priority matrix */
    int status;
    struct mcb_error error;
};

static bool roles_share(const struct mcb_settings *settings)
{
    return settings->peer_memory_node == -1 || settings->peer_memory_node == settings->memory_node;
}

static size_t page_multiple(size_t bytes)
{
    size_t page = (size_t)sysconf(_SC_PAGESIZE);
    return (bytes + page - 1) / page * page;
}

size_t mcb_endpoints_bytes(const struct mcb_settings *settings, size_t area_bytes)
{
    size_t buffers = roles_share(settings) ? 1 : ROLES;
    size_t areas = AREAS_OF_ROLE * ROLES / buffers;
    size_t each = mcb_buffer_rounded_bytes(page_multiple(area_bytes) * areas, settings->huge_pages);
    return each * buffers * settings->ordering_count;
}

static int open_role(struct opening *opening, enum mcb_role role, size_t bytes)
{
    struct mcb_local_endpoint *local = opening->local;
    struct mcb_buffer *buffer = &local->buffers[role];
    const struct mcb_settings *settings = opening->options->settings;
    if (opening->in_thread && opening->options->topology)
        mcb_topology_pin(opening->options->topology, local->nodes[role]);
    if (mcb_buffer_allocate(buffer, bytes, local->nodes[role], settings->huge_pages,
                            &opening->error) != 0)
        return -1;
    if (opening->asked[role] && mcb_placement_check(&buffer->placement, buffer->page_bytes,
                                                    local->nodes[role], &opening->error) != 0)
        return -1;
    struct mcb_endpoint_options options = {.nic = local->nic,
                                           .buffer = buffer,
                                           .settings = settings,
                                           .address = opening->options->address};
    return opening->options->transport->endpoint_open(&options, &local->endpoints[role],
                                                      &opening->error);
}

static void open_nic(struct opening *opening)
{
    size_t role_bytes = opening->area_bytes * AREAS_OF_ROLE;
    if (roles_share(opening->options->settings)) {
        opening->status = open_role(opening, MCB_ROLE_INITIATOR, role_bytes * ROLES);
        opening->local->endpoints[MCB_ROLE_TARGET] = opening->local->endpoints[MCB_ROLE_INITIATOR];
        return;
    }
    opening->status = open_role(opening, MCB_ROLE_INITIATOR, role_bytes);
    if (opening->status == 0)
        opening->status = open_role(opening, MCB_ROLE_TARGET, role_bytes);
}

static void *open_in_thread(void *argument)
{
    struct opening *opening = argument;
    opening->in_thread = true;
    open_nic(opening);
    return NULL;
}

static int first_known(int first, int second, int third)
{
    return first != -1 ? first : second != -1 ? second : third;
}

static int open_all(struct opening *openings, size_t count, struct mcb_error *error)
{
    for (size_t i = 0; i < count; i++) {
        openings[i].started =
            pthread_create(&openings[i].thread, NULL, open_in_thread, &openings[i]) == 0;
        if (!openings[i].started)
            open_nic(&openings[i]); /* no thread to be had: one after the other still works */
    }
    for (size_t i = 0; i < count; i++)
        if (openings[i].started)
            pthread_join(openings[i].thread, NULL);
    for (size_t i = 0; i < count; i++) {
        if (openings[i].status != 0) {
            *error = openings[i].error;
            return -1;
        }
    }
    return 0;
}

/* Where the memory of a NIC is to lie, and whether somebody said so. */
static struct opening plan_opening(const struct mcb_endpoints_options *options, size_t index,
                                   struct mcb_local_endpoint *local)
{
    const struct mcb_settings *settings = options->settings;
    int asked = first_known(options->memory_nodes[index], settings->memory_node, -1);
    int asked_of_target = first_known(settings->peer_memory_node, asked, -1);
    local->nic = &options->nics[index];
    local->nodes[MCB_ROLE_INITIATOR] = first_known(asked, local->nic->numa_node, -1);
    local->nodes[MCB_ROLE_TARGET] = first_known(asked_of_target, local->nic->numa_node, -1);
    return (struct opening){.options = options,
                            .area_bytes = page_multiple(options->area_bytes),
                            .local = local,
                            .asked = {asked != -1, asked_of_target != -1}};
}

int mcb_endpoints_open(const struct mcb_endpoints_options *options, struct mcb_endpoints *endpoints,
                       struct mcb_error *error)
{
    size_t count = options->count;
    struct opening *openings = calloc(count, sizeof *openings);
    *endpoints = (struct mcb_endpoints){.transport = options->transport,
                                        .topology = options->topology,
                                        .list = calloc(count, sizeof *endpoints->list),
                                        .count = count,
                                        .area_bytes = page_multiple(options->area_bytes)};
    int status = -1;
    if (!openings || !endpoints->list) {
        mcb_error_set(error, MCB_FAULT_HOST_MEMORY, "no memory for %zu endpoints", count);
        goto done;
    }
    for (size_t i = 0; i < count; i++)
        openings[i] = plan_opening(options, i, &endpoints->list[i]);
    status = open_all(openings, count, error);
done:
    free(openings);
    if (status != 0)
        mcb_endpoints_close(endpoints);
    return status;
}

void mcb_endpoints_close(struct mcb_endpoints *endpoints)
{
    for (size_t i = 0; endpoints->list && i < endpoints->count; i++) {
        struct mcb_local_endpoint *local = &endpoints->list[i];
        struct mcb_endpoint *target = local->endpoints[MCB_ROLE_TARGET];
        if (target && target != local->endpoints[MCB_ROLE_INITIATOR])
            endpoints->transport->endpoint_close(target);
        if (local->endpoints[MCB_ROLE_INITIATOR])
            endpoints->transport->endpoint_close(local->endpoints[MCB_ROLE_INITIATOR]);
        mcb_buffer_free(&local->buffers[MCB_ROLE_TARGET]);
        mcb_buffer_free(&local->buffers[MCB_ROLE_INITIATOR]);
    }
    free(endpoints->list);
    *endpoints = (struct mcb_endpoints){0};
}

/* The buffer that holds a role's areas, and how many areas lie before them. */
static const struct mcb_buffer *role_buffer(const struct mcb_local_endpoint *local,
                                            enum mcb_role role, size_t *first_area)
{
    bool shared = !local->buffers[MCB_ROLE_TARGET].address;
    *first_area = shared ? (size_t)role * AREAS_OF_ROLE : 0;
    return &local->buffers[shared ? MCB_ROLE_INITIATOR : role];
}

struct mcb_area mcb_endpoints_area(const struct mcb_endpoints *endpoints, size_t index,
                                   enum mcb_role role, enum mcb_direction direction,
                                   size_t size_bytes, uint32_t slots)
{
    size_t first_area;
    const struct mcb_buffer *buffer = role_buffer(&endpoints->list[index], role, &first_area);
    return (struct mcb_area){
        .base = (uint8_t *)buffer->address + (first_area + direction) * endpoints->area_bytes,
        .slot_bytes = size_bytes,
        .stride_bytes = mcb_area_stride(size_bytes),
        .slots = slots,
    };
}

json_t *mcb_endpoints_to_json(const struct mcb_endpoints *endpoints)
{
    json_t *list = json_array();
    for (size_t i = 0; i < endpoints->count; i++) {
        const struct mcb_local_endpoint *local = &endpoints->list[i];
        size_t unused;
        json_array_append_new(
            list,
            json_pack("{s:s, s:s, s:o, s:o, s:o}", "memory",
                      role_buffer(local, MCB_ROLE_INITIATOR, &unused)->memory, "peer_memory",
                      role_buffer(local, MCB_ROLE_TARGET, &unused)->memory, "registration",
                      endpoints->transport->endpoint_describe(local->endpoints[MCB_ROLE_INITIATOR]),
                      "placement", mcb_placement_facts(local, endpoints->topology), "warnings",
                      mcb_placement_warnings(local)));
    }
    return list;
}
