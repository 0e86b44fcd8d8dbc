/* SPDX-License-Identifier: Apache-2.0 */
#include "bench/transport/rdma_registration.h"

#include <stdio.h>
#include <string.h>

#include "bench/transport/rdma_side.h"
#include "common/clock.h"
#include "common/memory.h"

/* Size of messages where none is given: that of bandwidth, the larger. */
enum { SIZE_DEFAULT_BYTES = 64 << 10 };

/* A proof takes microseconds a region; a NIC that gets no answer gives up after 8 s. */
#define PROOF_NS        (15 * MCB_NS_PER_S)
#define PROOF_REGION_NS (10 * MCB_NS_PER_MS)

bool mcb_rdma_asks_for_relaxed(const struct mcb_endpoint *endpoint, enum mcb_ordering ordering)
{
    return ordering == MCB_ORDERING_ON ||
           (ordering == MCB_ORDERING_AUTO && endpoint->ordering.kernel != MCB_KNOWN_NO);
}

const struct mcb_registration *mcb_rdma_registration(const struct mcb_endpoint *endpoint,
                                                     enum mcb_ordering ordering,
                                                     enum mcb_route route)
{
    bool relaxed = mcb_rdma_asks_for_relaxed(endpoint, ordering);
    if (route != MCB_ROUTE_DIRECT && endpoint->bounce)
        return relaxed ? endpoint->bounce_relaxed : endpoint->bounce_strict;
    return relaxed ? endpoint->relaxed : endpoint->strict;
}

static uint64_t largest_message(const struct mcb_settings *settings)
{
    uint64_t largest = settings->size_given && settings->size_count ? 0 : SIZE_DEFAULT_BYTES;
    for (size_t i = 0; i < settings->size_count; i++)
        if (settings->sizes[i] > largest)
            largest = settings->sizes[i];
    return largest;
}

static int check_orderings(const struct mcb_endpoint *endpoint, struct mcb_error *error)
{
    const struct mcb_settings *settings = endpoint->settings;
    for (size_t i = 0; i < settings->ordering_count; i++)
        if (mcb_rdma_asks_for_relaxed(endpoint, settings->orderings[i]) &&
            endpoint->ordering.kernel == MCB_KNOWN_NO)
            return mcb_error_set(error, MCB_FAULT_RDMA_RELAXED_ORDERING,
                                 "--relaxed-ordering %s: the kernel takes no optional access flags "
                                 "for %s",
                                 mcb_ordering_name(settings->orderings[i]), endpoint->device->name);
    return 0;
}

/* ---- one buffer in one way ---- */

/* In all orderings of the settings. What was registered when it failed is left to the caller. */
static int register_buffer(const struct mcb_endpoint *endpoint, const struct mcb_buffer *buffer,
                           enum mcb_registration_way way, struct mcb_registration **strict,
                           struct mcb_registration **relaxed, struct mcb_error *error)
{
    const struct mcb_settings *settings = endpoint->settings;
    struct mcb_registration_options options = {
        .way = way,
        .most_bytes = settings->max_mr_size,
        .message_bytes = largest_message(settings),
    };
    for (size_t i = 0; i < settings->ordering_count; i++) {
        options.relaxed = mcb_rdma_asks_for_relaxed(endpoint, settings->orderings[i]);
        struct mcb_registration **registration = options.relaxed ? relaxed : strict;
        if (!*registration &&
            mcb_registration_open(endpoint->device, buffer, &options, registration, error) < 0)
            return -1;
    }
    return 0;
}

static void close_pair(struct mcb_registration **strict, struct mcb_registration **relaxed)
{
    mcb_registration_close(*relaxed);
    mcb_registration_close(*strict);
    *strict = *relaxed = NULL;
}

static const char host_method[] = "reg_mr_iova2";

/* ---- memory of a GPU: one way after the other ---- */

static const char *const method_names[MCB_REGISTER_WAYS] = {
    [MCB_REGISTER_ADDRESS] = "peermem",
    [MCB_REGISTER_DMABUF] = "dmabuf",
    [MCB_REGISTER_DMABUF_PCIE] = "dmabuf-pcie",
};

struct ways {
    size_t count;
    enum mcb_registration_way list[MCB_REGISTER_WAYS];
};

static const struct ways ways_by_choice[] = {
    [MCB_REGISTRATION_AUTO] = {3,
                               {MCB_REGISTER_DMABUF, MCB_REGISTER_DMABUF_PCIE,
                                MCB_REGISTER_ADDRESS}},
    [MCB_REGISTRATION_PEERMEM] = {1, {MCB_REGISTER_ADDRESS}},
    [MCB_REGISTRATION_DMABUF] = {2, {MCB_REGISTER_DMABUF, MCB_REGISTER_DMABUF_PCIE}},
};

static int open_loopback(struct mcb_endpoint *endpoint, struct mcb_error *error)
{
    const struct mcb_loopback_options options = {
        .device = endpoint->device,
        .gid = &endpoint->gid,
        .port = endpoint->port.number,
        .ethernet = endpoint->port.ethernet,
        .lid = endpoint->port.lid,
        .mtu_bytes = endpoint->port.mtu_bytes,
    };
    return mcb_loopback_open(&options, &endpoint->loopback, error);
}

static int prove(const struct mcb_endpoint *endpoint, const struct mcb_registration *registration,
                 struct mcb_error *error)
{
    if (!registration)
        return 0;
    int64_t deadline_ns =
        mcb_clock_ns() + PROOF_NS + (int64_t)registration->count * PROOF_REGION_NS;
    return mcb_loopback_prove(endpoint->loopback, endpoint->buffer, registration, deadline_ns,
                              error);
}

static int try_way(struct mcb_endpoint *endpoint, enum mcb_registration_way way,
                   struct mcb_error *error)
{
    if (register_buffer(endpoint, endpoint->buffer, way, &endpoint->strict, &endpoint->relaxed,
                        error) == 0 &&
        prove(endpoint, endpoint->strict, error) == 0 &&
        prove(endpoint, endpoint->relaxed, error) == 0)
        return 0;
    close_pair(&endpoint->strict, &endpoint->relaxed);
    return -1;
}

/* Whether another way may do better. */
static bool is_of_the_way(enum mcb_fault_code fault)
{
    return fault == MCB_FAULT_GPU_EXPORT || fault == MCB_FAULT_GPU_REGISTER ||
           fault == MCB_FAULT_GPU_UNREACHABLE;
}

/* Adds "; dmabuf: WHY", in no more than `most` characters. */
static void note(char *text, size_t size, size_t most, enum mcb_registration_way way,
                 const struct mcb_error *why)
{
    struct mcb_error whole, cut; /* an error's detail ends with a whole character */
    size_t used = strlen(text);
    if (most > size - used - 1)
        most = size - used - 1;
    mcb_error_write(&whole, why->code, "%s%s: %s", used ? "; " : "", method_names[way],
                    why->detail);
    mcb_error_write(&cut, why->code, "%.*s", (int)most, whole.detail);
    memcpy(text + used, cut.detail, strlen(cut.detail) + 1);
}

/* Why ways were refused, each in its share of the text; `but` is left out. */
static void note_all(char *text, size_t size, const struct ways *ways, const struct mcb_error *why,
                     size_t tried, size_t but)
{
    text[0] = '\0';
    for (size_t i = 0; i < tried; i++)
        if (i != but)
            note(text, size, (size - 1 - strlen(text)) / (tried - i), ways->list[i], &why[i]);
}

/* The fault of all ways together. */
static int refuse_all(const struct ways *ways, const struct mcb_error *why, struct mcb_error *error)
{
    char others[512];
    size_t worst = 0; /* the first one that was registered and not reached, else the last */
    while (worst + 1 < ways->count && why[worst].code != MCB_FAULT_GPU_UNREACHABLE)
        worst++;
    if (ways->count == 1) {
        *error = why[0];
        return -1;
    }
    note_all(others, sizeof(others), ways, why, ways->count, worst);
    return mcb_error_set(error, why[worst].code, "%s; nor does another way work: %s",
                         why[worst].detail, others);
}

static int register_gpu(struct mcb_endpoint *endpoint, struct mcb_error *error)
{
    const struct ways *ways = &ways_by_choice[endpoint->settings->registration];
    struct mcb_error why[MCB_REGISTER_WAYS] = {{.code = MCB_FAULT_NONE}};
    if (open_loopback(endpoint, error) < 0)
        return -1;
    for (size_t i = 0; i < ways->count; i++) {
        if (try_way(endpoint, ways->list[i], &why[i]) == 0) {
            note_all(endpoint->others, sizeof(endpoint->others), ways, why, i, i);
            endpoint->proved = true;
            return 0;
        }
        if (!is_of_the_way(why[i].code)) {
            *error = why[i];
            return -1;
        }
    }
    return refuse_all(ways, why, error);
}

/* ---- the endpoint ---- */

static bool has_route(const struct mcb_settings *settings, enum mcb_route route)
{
    for (size_t i = 0; i < settings->route_count; i++)
        if (settings->routes[i] == route)
            return true;
    return false;
}

int mcb_rdma_register(struct mcb_endpoint *endpoint, struct mcb_error *error)
{
    if (check_orderings(endpoint, error) < 0)
        return -1;
    if (endpoint->bounce &&
        register_buffer(endpoint, endpoint->bounce, MCB_REGISTER_ADDRESS, &endpoint->bounce_strict,
                        &endpoint->bounce_relaxed, error) < 0)
        return -1;
    if (!mcb_buffer_is_of_gpu(endpoint->buffer))
        return register_buffer(endpoint, endpoint->buffer, MCB_REGISTER_ADDRESS, &endpoint->strict,
                               &endpoint->relaxed, error);
    return has_route(endpoint->settings, MCB_ROUTE_DIRECT) ? register_gpu(endpoint, error) : 0;
}

void mcb_rdma_unregister(struct mcb_endpoint *endpoint)
{
    mcb_loopback_close(endpoint->loopback);
    endpoint->loopback = NULL;
    close_pair(&endpoint->strict, &endpoint->relaxed);
    close_pair(&endpoint->bounce_strict, &endpoint->bounce_relaxed);
}

json_t *mcb_rdma_registration_describe(const struct mcb_endpoint *endpoint)
{
    const struct mcb_registration *both[] = {endpoint->strict, endpoint->relaxed};
    const char *method = "none";
    uint64_t bytes = 0, regions = 0;
    int64_t register_ns = 0;
    for (size_t i = 0; i < sizeof(both) / sizeof(both[0]); i++)
        if (both[i]) {
            method =
                mcb_buffer_is_of_gpu(endpoint->buffer) ? method_names[both[i]->way] : host_method;
            bytes += both[i]->registered_bytes;
            regions += both[i]->count;
            register_ns += both[i]->register_ns;
        }
    return json_pack("{s:s, s:I, s:I, s:f, s:s?, s:o, s:s*}", "method", method, "registered_bytes",
                     (json_int_t)bytes, "regions", (json_int_t)regions, "register_ms",
                     (double)register_ns / (double)MCB_NS_PER_MS, "others",
                     endpoint->others[0] ? endpoint->others : NULL, "proved",
                     endpoint->proved ? json_true() : json_null(), "bounce_method",
                     endpoint->bounce ? host_method : NULL);
}
