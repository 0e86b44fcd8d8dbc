/* SPDX-License-Identifier: Apache-2.0 */
#include "bench/transport/rdma_registration.h"

#include <stdio.h>
#include <string.h>

#include "bench/transport/rdma_side.h"
#include "common/clock.h"
#include "common/memory.h"

/* Size of messages where none is given: that of bandwidth, the larger. */
enum { SIZE_DEFAULT_BYTES = 64 << 10 };

/* A proof takes microseconds a region; a NIC that gets no answer gives up after a second. The least
 * is for proofs that come late, behind those of other endpoints that took long. */
#define PROOF_NS        (4 * MCB_NS_PER_S)
#define PROOF_REGION_NS (10 * MCB_NS_PER_MS)
#define PROOF_LEAST_NS  (100 * MCB_NS_PER_MS)

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

static struct mcb_loopback_limits limits_of_proof(const struct mcb_endpoint *endpoint,
                                                  size_t regions)
{
    int64_t most_ns = PROOF_NS + (int64_t)regions * PROOF_REGION_NS;
    int64_t left_ns = endpoint->deadline_ns - mcb_clock_ns();
    if (left_ns < most_ns)
        most_ns = left_ns > PROOF_LEAST_NS ? left_ns : PROOF_LEAST_NS;
    return (struct mcb_loopback_limits){most_ns, endpoint->abort};
}

/* Without one nothing is proved. */
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
    const struct mcb_loopback_limits limits = limits_of_proof(endpoint, 1);
    if (mcb_loopback_open(&options, &limits, &endpoint->loopback, error) == 0)
        return 0;
    if (error->code != MCB_FAULT_RDMA_LOOPBACK)
        return -1;
    endpoint->loopback_fault = *error;
    error->code = MCB_FAULT_NONE;
    return 0;
}

static int prove(const struct mcb_endpoint *endpoint, const struct mcb_registration *registration,
                 struct mcb_error *error)
{
    if (!registration || !endpoint->loopback)
        return 0;
    const struct mcb_loopback_limits limits = limits_of_proof(endpoint, registration->count);
    return mcb_loopback_prove(endpoint->loopback, endpoint->buffer, registration, &limits, error);
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
           fault == MCB_FAULT_GPU_UNREACHABLE || fault == MCB_FAULT_RDMA_REGION_SIZE ||
           fault == MCB_FAULT_RDMA_KEYS;
}

/* Why each way is not used; the last: why the one in use is not proved. Code NONE: nothing. */
enum { UNPROVED = MCB_REGISTER_WAYS, REASONS };

struct reasons {
    const struct ways *ways;
    struct mcb_error why[REASONS];
};

/* Adds "; dmabuf: WHY", in no more than `most` characters. */
static void note(char *text, size_t size, size_t most, const char *name,
                 const struct mcb_error *why)
{
    struct mcb_error whole, cut; /* an error's detail ends with a whole character */
    size_t used = strlen(text);
    if (most > size - used - 1)
        most = size - used - 1;
    mcb_error_write(&whole, why->code, "%s%s: %s", used ? "; " : "", name, why->detail);
    mcb_error_write(&cut, why->code, "%.*s", (int)most, whole.detail);
    memcpy(text + used, cut.detail, strlen(cut.detail) + 1);
}

/* All of them, each in its share of the text; `but` is left out. */
static void note_all(char *text, size_t size, const struct reasons *reasons, size_t but)
{
    size_t left = 0;
    text[0] = '\0';
    for (size_t i = 0; i < REASONS; i++)
        left += i != but && reasons->why[i].code != MCB_FAULT_NONE;
    for (size_t i = 0; i < REASONS; i++)
        if (i != but && reasons->why[i].code != MCB_FAULT_NONE)
            note(text, size, (size - 1 - strlen(text)) / left--,
                 i == UNPROVED ? "unproved" : method_names[reasons->ways->list[i]],
                 &reasons->why[i]);
}

/* The fault of all ways together. */
static int refuse_all(const struct reasons *reasons, struct mcb_error *error)
{
    char others[512];
    size_t worst = 0; /* the first one that was registered and not reached, else the last */
    while (worst + 1 < reasons->ways->count &&
           reasons->why[worst].code != MCB_FAULT_GPU_UNREACHABLE)
        worst++;
    if (reasons->ways->count == 1) {
        *error = reasons->why[0];
        return -1;
    }
    note_all(others, sizeof(others), reasons, worst);
    return mcb_error_set(error, reasons->why[worst].code, "%s; nor does another way work: %s",
                         reasons->why[worst].detail, others);
}

/* `used` works. What is told of peermem then is what the host says of it. */
static void conclude(struct mcb_endpoint *endpoint, struct reasons *reasons, size_t used)
{
    const struct ways *ways = reasons->ways;
    size_t last = ways->count - 1;
    char peermem[MCB_PEERMEM_TEXT];
    if (used < last && ways->list[last] == MCB_REGISTER_ADDRESS)
        mcb_error_write(&reasons->why[last], MCB_FAULT_GPU_REGISTER, "not tried, as %s works (%s)",
                        method_names[ways->list[used]],
                        mcb_registration_peermem(MCB_SYSFS, peermem));
    reasons->why[UNPROVED] = endpoint->loopback_fault;
    note_all(endpoint->others, sizeof(endpoint->others), reasons, used);
    endpoint->proved = endpoint->loopback != NULL;
}

static int register_gpu(struct mcb_endpoint *endpoint, struct mcb_error *error)
{
    struct reasons reasons = {.ways = &ways_by_choice[endpoint->settings->registration]};
    if (open_loopback(endpoint, error) < 0)
        return -1;
    for (size_t i = 0; i < reasons.ways->count; i++) {
        struct mcb_error *why = &reasons.why[i];
        if (try_way(endpoint, reasons.ways->list[i], why) == 0) {
            conclude(endpoint, &reasons, i);
            return 0;
        }
        if (!is_of_the_way(why->code)) {
            *error = *why;
            return -1;
        }
    }
    return refuse_all(&reasons, error);
}

/* A GPU and a NIC that do not come together are no reason for others to stop. */
static int register_direct(struct mcb_endpoint *endpoint, struct mcb_error *error)
{
    struct mcb_error fault = {.code = MCB_FAULT_NONE};
    if (register_gpu(endpoint, &fault) == 0)
        return 0;
    if (is_of_the_way(fault.code) || fault.code == MCB_FAULT_RDMA_LOOPBACK) {
        endpoint->direct_fault = fault;
        return 0;
    }
    *error = fault;
    return -1;
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
    return has_route(endpoint->settings, MCB_ROUTE_DIRECT) ? register_direct(endpoint, error) : 0;
}

void mcb_rdma_unregister(struct mcb_endpoint *endpoint)
{
    mcb_loopback_close(endpoint->loopback);
    endpoint->loopback = NULL;
    close_pair(&endpoint->strict, &endpoint->relaxed);
    close_pair(&endpoint->bounce_strict, &endpoint->bounce_relaxed);
}

static const char *why_others(const struct mcb_endpoint *endpoint)
{
    if (endpoint->direct_fault.code != MCB_FAULT_NONE)
        return endpoint->direct_fault.detail;
    return endpoint->others[0] ? endpoint->others : NULL;
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
                     (double)register_ns / (double)MCB_NS_PER_MS, "others", why_others(endpoint),
                     "proved", endpoint->proved ? json_true() : json_null(), "bounce_method",
                     endpoint->bounce ? host_method : NULL);
}
