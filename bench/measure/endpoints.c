/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A buffer begins with the areas of the initiator, if the endpoint may be one, and those of the
 * target follow: of each role first out, then in.
 *
 * What was opened before something failed is what closing finds: a buffer that has no address, a
 * bounce buffer likewise, an endpoint that is NULL. A bounce buffer that has an address is pinned.
 */
#include "bench/measure/endpoints.h"

#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "bench/measure/placement_facts.h"
#include "common/clock.h"
#include "common/interrupt.h"
#include "common/memory.h"
#include "gpu/gpu.h"

enum { AREAS_OF_ROLE = 2, ROLES = 2 };

/* Between looks at whether somebody interrupts. */
enum { LOOK_NS = 50 * 1000 * 1000 };

/* What one thread needs to open the endpoints of one NIC. */
struct opening {
    pthread_t thread;
    bool started;
    bool in_thread; /* of its own, which may be pinned */
    const struct mcb_endpoints_options *options;
    struct mcb_endpoints *endpoints;
    const struct mcb_nic *nic;
    int64_t deadline_ns;
    const atomic_bool *abort;
    int status;
    struct mcb_error error;
};

static bool has_gpu(const struct mcb_endpoint_list *list)
{
    for (uint32_t i = 0; i < list->count; i++)
        if (list->endpoints[i].gpu >= 0)
            return true;
    return false;
}

static size_t rounded_area(const struct mcb_endpoint_list *list, size_t bytes)
{
    size_t page = has_gpu(list) ? MCB_GPU_PAGE_BYTES : (size_t)sysconf(_SC_PAGESIZE);
    return (bytes + page - 1) / page * page;
}

static size_t area_count(const struct mcb_plan_endpoint *plan)
{
    return AREAS_OF_ROLE * ((size_t)plan->may[MCB_ROLE_INITIATOR] + plan->may[MCB_ROLE_TARGET]);
}

/* A GPU's memory is reached through host memory on some route. */
static bool needs_bounce(const struct mcb_settings *settings, const struct mcb_plan_endpoint *plan)
{
    for (size_t i = 0; plan->gpu >= 0 && i < settings->route_count; i++)
        if (settings->routes[i] != MCB_ROUTE_DIRECT)
            return true;
    return false;
}

size_t mcb_endpoints_host_bytes(const struct mcb_settings *settings,
                                const struct mcb_endpoint_list *list, uint32_t nic,
                                size_t area_bytes)
{
    size_t bytes = 0, area = rounded_area(list, area_bytes);
    for (uint32_t i = 0; i < list->count; i++) {
        const struct mcb_plan_endpoint *plan = &list->endpoints[i];
        if (plan->nic == nic && (plan->gpu < 0 || needs_bounce(settings, plan)))
            bytes += mcb_buffer_rounded_bytes(area * area_count(plan), settings->huge_pages);
    }
    return bytes * settings->ordering_count;
}

size_t mcb_endpoints_gpu_bytes(const struct mcb_endpoint_list *list, uint32_t gpu,
                               size_t area_bytes)
{
    size_t bytes = 0, area = rounded_area(list, area_bytes);
    for (uint32_t i = 0; i < list->count; i++)
        if (list->endpoints[i].gpu == (int)gpu)
            bytes += area * area_count(&list->endpoints[i]);
    return bytes;
}

/* Beside its NIC, and where the copier of the GPU can take part in it. */
static int make_bounce(struct mcb_local_endpoint *local, const struct mcb_settings *settings,
                       struct mcb_error *error)
{
    const struct mcb_memory *kind = local->buffer.kind;
    struct mcb_buffer bounce;
    if (mcb_buffer_allocate(&bounce, local->buffer.length_bytes, local->node, settings->huge_pages,
                            error) != 0)
        return -1;
    if (kind->pin && kind->pin(&local->buffer, &bounce, error) != 0) {
        mcb_buffer_free(&bounce);
        return -1;
    }
    local->bounce = bounce;
    return 0;
}

static int make_buffers(struct opening *opening, struct mcb_local_endpoint *local)
{
    const struct mcb_settings *settings = opening->options->settings;
    struct mcb_error *error = &opening->error;
    size_t bytes = opening->endpoints->area_bytes * area_count(&local->plan);
    if (local->plan.gpu >= 0) {
        if (mcb_gpu_buffer_allocate(opening->options->gpus, (unsigned)local->plan.gpu, bytes,
                                    &local->buffer, error) != 0)
            return -1;
        return needs_bounce(settings, &local->plan) ? make_bounce(local, settings, error) : 0;
    }
    if (mcb_buffer_allocate(&local->buffer, bytes, local->node, settings->huge_pages, error) != 0)
        return -1;
    return local->asked ? mcb_placement_check(&local->buffer.placement, local->buffer.page_bytes,
                                              local->node, error)
                        : 0;
}

static int open_endpoint(struct opening *opening, struct mcb_local_endpoint *local)
{
    if (atomic_load(opening->abort))
        return mcb_error_set(&opening->error, MCB_FAULT_RUN_INTERRUPTED,
                             "interrupted while memory was allocated and registered");
    if (opening->in_thread && opening->options->topology)
        mcb_topology_pin(opening->options->topology, local->node);
    if (make_buffers(opening, local) != 0)
        return -1;
    const struct mcb_endpoint_options options = {
        .nic = local->nic,
        .buffer = &local->buffer,
        .bounce = local->bounce.address ? &local->bounce : NULL,
        .settings = opening->options->settings,
        .address = opening->options->address,
        .deadline_ns = opening->deadline_ns,
        .abort = opening->abort,
    };
    return opening->options->transport->endpoint_open(&options, &local->endpoint, &opening->error);
}

static void open_nic(struct opening *opening)
{
    for (size_t i = 0; i < opening->endpoints->count && opening->status == 0; i++)
        if (opening->endpoints->list[i].nic == opening->nic)
            opening->status = open_endpoint(opening, &opening->endpoints->list[i]);
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

/* Where the memory of an endpoint is to lie, and whether somebody said so. */
static void plan_endpoint(const struct mcb_endpoints_options *options,
                          const struct mcb_plan_endpoint *plan, struct mcb_local_endpoint *local)
{
    const struct mcb_nic *nic = &options->nics[plan->nic];
    int asked =
        plan->gpu >= 0 ? -1 : first_known(plan->numa_node, options->memory_nodes[plan->nic], -1);
    *local = (struct mcb_local_endpoint){
        .nic = nic,
        .plan = *plan,
        .node = first_known(asked, nic->numa_node, -1),
        .asked = asked != -1,
    };
}

/* NICs in the order in which the list names them first. Returns how many. */
static size_t plan_openings(const struct mcb_endpoints_options *options,
                            struct mcb_endpoints *endpoints, struct opening *openings)
{
    size_t count = 0;
    for (size_t i = 0; i < endpoints->count; i++) {
        size_t at = 0;
        plan_endpoint(options, &options->list->endpoints[i], &endpoints->list[i]);
        while (at < count && openings[at].nic != endpoints->list[i].nic)
            at++;
        if (at == count)
            openings[count++] = (struct opening){
                .options = options, .endpoints = endpoints, .nic = endpoints->list[i].nic};
    }
    return count;
}

/* Sees to it that an interruption ends what the thread waits for. */
static void join(pthread_t thread, atomic_bool *abort)
{
    struct timespec until;
    do {
        if (*mcb_interrupt_flag())
            atomic_store(abort, true);
        clock_gettime(CLOCK_MONOTONIC, &until);
        until.tv_nsec += LOOK_NS;
        if (until.tv_nsec >= MCB_NS_PER_S) {
            until.tv_sec++;
            until.tv_nsec -= MCB_NS_PER_S;
        }
    } while (pthread_clockjoin_np(thread, NULL, CLOCK_MONOTONIC, &until) == ETIMEDOUT);
}

/* Peers wait for the outcome as long as --timeout says: proofs of memory take half of that. */
static int open_all(struct opening *openings, size_t count, int64_t timeout_ns,
                    struct mcb_error *error)
{
    atomic_bool abort = false;
    for (size_t i = 0; i < count; i++) {
        openings[i].deadline_ns = mcb_clock_ns() + timeout_ns / 2;
        openings[i].abort = &abort;
        openings[i].started =
            pthread_create(&openings[i].thread, NULL, open_in_thread, &openings[i]) == 0;
        if (!openings[i].started)
            open_nic(&openings[i]); /* no thread to be had: one after the other still works */
    }
    for (size_t i = 0; i < count; i++)
        if (openings[i].started)
            join(openings[i].thread, &abort);
    for (size_t i = 0; i < count; i++) {
        if (openings[i].status != 0) {
            *error = openings[i].error;
            return -1;
        }
    }
    return 0;
}

int mcb_endpoints_open(const struct mcb_endpoints_options *options, struct mcb_endpoints *endpoints,
                       struct mcb_error *error)
{
    size_t count = options->list->count;
    struct opening *openings = calloc(count, sizeof *openings);
    *endpoints = (struct mcb_endpoints){
        .transport = options->transport,
        .topology = options->topology,
        .list = calloc(count, sizeof *endpoints->list),
        .count = count,
        .area_bytes = rounded_area(options->list, options->area_bytes),
    };
    int status = -1;
    if (openings && endpoints->list)
        status = open_all(openings, plan_openings(options, endpoints, openings),
                          options->settings->timeout_ns, error);
    else
        mcb_error_set(error, MCB_FAULT_HOST_MEMORY, "no memory for %zu endpoints", count);
    free(openings);
    if (status != 0)
        mcb_endpoints_close(endpoints);
    return status;
}

static void close_endpoint(const struct mcb_transport *transport, struct mcb_local_endpoint *local)
{
    if (local->endpoint)
        transport->endpoint_close(local->endpoint);
    if (local->bounce.address && local->buffer.kind->pin)
        local->buffer.kind->unpin(&local->buffer, &local->bounce);
    mcb_buffer_free(&local->bounce);
    mcb_buffer_free(&local->buffer);
}

void mcb_endpoints_close(struct mcb_endpoints *endpoints)
{
    for (size_t i = endpoints->list ? endpoints->count : 0; i > 0; i--)
        close_endpoint(endpoints->transport, &endpoints->list[i - 1]);
    free(endpoints->list);
    *endpoints = (struct mcb_endpoints){0};
}

const struct mcb_buffer *mcb_endpoints_buffer(const struct mcb_local_endpoint *local,
                                              enum mcb_route route)
{
    return route == MCB_ROUTE_HOST && local->bounce.address ? &local->bounce : &local->buffer;
}

struct mcb_area mcb_endpoints_area(const struct mcb_endpoints *endpoints, size_t index,
                                   enum mcb_role role, enum mcb_direction direction,
                                   enum mcb_route route, size_t size_bytes, uint32_t slots)
{
    const struct mcb_local_endpoint *local = &endpoints->list[index];
    bool second = role == MCB_ROLE_TARGET && local->plan.may[MCB_ROLE_INITIATOR];
    size_t number = (second ? AREAS_OF_ROLE : 0) + (size_t)direction;
    return (struct mcb_area){
        .base =
            (uint8_t *)mcb_endpoints_buffer(local, route)->address + number * endpoints->area_bytes,
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
        json_array_append_new(
            list, json_pack("{s:s, s:s?, s:o, s:o, s:o}", "memory", local->buffer.memory, "bounce",
                            local->bounce.address ? local->bounce.memory : NULL, "registration",
                            endpoints->transport->endpoint_describe(local->endpoint), "placement",
                            mcb_placement_facts(local, endpoints->topology), "warnings",
                            mcb_placement_warnings(local)));
    }
    return list;
}
