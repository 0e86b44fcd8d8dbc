/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Two independent halves: which paths there are and in which rounds (plan_paths.h), and under which
 * settings. The plan is their product, but for the routes: between host memories there is one only.
 */
#include "bench/plan/plan.h"

#include <stdlib.h>
#include <string.h>

#include "bench/plan/plan_paths.h"
#include "common/clock.h"

enum {
    DEPTH_LEAST = 2,
    LATENCY_SIZE_BYTES = 8,
    BANDWIDTH_SIZE_BYTES = 64 << 10,
    IN_FLIGHT_BYTES = 32 << 20
};

/* What a round costs besides its warm-up and trials (connecting, verifying, recording), and a trial
 * besides its window (agreeing on a start, draining). Estimates, for the expected duration only. */
static const int64_t round_overhead_ns = 60 * MCB_NS_PER_MS;
static const int64_t trial_overhead_ns = 20 * MCB_NS_PER_MS;

static int no_memory(struct mcb_error *error)
{
    return mcb_error_set(error, MCB_FAULT_HOST_MEMORY, "not enough memory for the plan");
}

/* ---- settings ---- */

static uint32_t power_of_two_up_to(uint32_t value)
{
    return value == 0 ? 0 : UINT32_C(1) << (31 - __builtin_clz(value));
}

/* Half the depth until the messages in flight fit IN_FLIGHT_BYTES: beyond that a deeper queue only
 * pushes the buffers out of every cache. */
static uint32_t shrunk_depth(const struct mcb_settings *settings, uint64_t size_bytes)
{
    uint32_t depth = power_of_two_up_to(settings->depth);
    while (depth > DEPTH_LEAST &&
           mcb_area_stride(size_bytes) * settings->qps > (uint64_t)IN_FLIGHT_BYTES / depth)
        depth /= 2;
    return depth < DEPTH_LEAST ? DEPTH_LEAST : depth;
}

static struct mcb_cell_settings cell_settings(const struct mcb_settings *settings,
                                              enum mcb_measure measure,
                                              enum mcb_operation operation, uint64_t size_bytes,
                                              enum mcb_ordering ordering, enum mcb_route route)
{
    bool latency = measure == MCB_MEASURE_LATENCY;
    bool inlined = operation != MCB_OPERATION_READ && size_bytes <= settings->inline_bytes;
    uint32_t depth = latency                 ? 1
                     : settings->depth_given ? settings->depth
                                             : shrunk_depth(settings, size_bytes);
    return (struct mcb_cell_settings){
        .operation = operation,
        .measure = measure,
        .size_bytes = size_bytes,
        .ordering = ordering,
        .route = route,
        .bidirectional = settings->bidirectional && !latency,
        .qps = latency ? 1 : settings->qps,
        .depth = depth,
        /* Beyond the depth no completion would ever come. */
        .signal_every = settings->signal_every < depth ? settings->signal_every : depth,
        .inline_bytes = inlined ? settings->inline_bytes : 0,
    };
}

/* The sizes of a measure: those given, else its own one. */
static const uint64_t *sizes_of(const struct mcb_settings *settings, enum mcb_measure measure,
                                size_t *count)
{
    static const uint64_t own[MCB_MEASURES] = {
        [MCB_MEASURE_BANDWIDTH] = BANDWIDTH_SIZE_BYTES, [MCB_MEASURE_LATENCY] = LATENCY_SIZE_BYTES};
    *count = settings->size_given ? settings->size_count : 1;
    return settings->size_given ? settings->sizes : &own[measure];
}

/* Which paths of a round a route measures. */
enum { WITH_GPU = 1, WITHOUT_GPU = 2 };

struct routes {
    enum mcb_route list[MCB_ROUTES];
    int paths[MCB_ROUTES]; /* of each of the list */
    size_t count;
};

/* The routes that the paths take: those asked for where there is a GPU; the direct one between host
 * memories, where all are one. */
static struct routes routes_of(const struct mcb_settings *settings,
                               const struct mcb_plan_paths *paths)
{
    struct routes routes = {.count = 0};
    int takes[MCB_ROUTES] = {0};
    int present = 0;
    for (size_t group = 0; group < 2 * paths->round_count; group++)
        if (paths->starts[group + 1] > paths->starts[group])
            present |= group % 2 == 0 ? WITH_GPU : WITHOUT_GPU;
    for (size_t i = 0; i < settings->route_count; i++)
        takes[settings->routes[i]] |= present & WITH_GPU;
    takes[MCB_ROUTE_DIRECT] |= present & WITHOUT_GPU;
    for (int route = 0; route < MCB_ROUTES; route++) {
        if (!takes[route])
            continue;
        routes.list[routes.count] = (enum mcb_route)route;
        routes.paths[routes.count++] = takes[route];
    }
    return routes;
}

static void add_settings(struct mcb_plan *plan, const struct mcb_settings *settings,
                         const struct routes *routes, enum mcb_measure measure,
                         enum mcb_operation operation, uint64_t size_bytes)
{
    for (size_t o = 0; o < settings->ordering_count; o++)
        for (size_t r = 0; r < routes->count; r++)
            plan->settings[plan->settings_count++] = cell_settings(
                settings, measure, operation, size_bytes, settings->orderings[o], routes->list[r]);
}

static int build_settings(struct mcb_plan *plan, const struct mcb_settings *settings,
                          const struct routes *routes, struct mcb_error *error)
{
    size_t most = settings->measure_count * settings->operation_count * MCB_SIZES_MAX *
                  settings->ordering_count * routes->count;
    plan->settings = calloc(most, sizeof *plan->settings);
    if (!plan->settings)
        return no_memory(error);
    for (size_t m = 0; m < settings->measure_count; m++) {
        size_t size_count;
        const uint64_t *sizes = sizes_of(settings, settings->measures[m], &size_count);
        for (size_t o = 0; o < settings->operation_count; o++)
            for (size_t s = 0; s < size_count; s++)
                add_settings(plan, settings, routes, settings->measures[m], settings->operations[o],
                             sizes[s]);
    }
    return 0;
}

/* ---- the product ---- */

/* The part of a round's paths that a route measures, if there is any. */
static void add_round(struct mcb_plan *plan, const size_t starts[3], int which, size_t settings)
{
    size_t first = which & WITH_GPU ? starts[0] : starts[1];
    size_t end = which & WITHOUT_GPU ? starts[2] : starts[1];
    if (first == end)
        return;
    plan->rounds[plan->round_count++] = (struct mcb_round){first, end - first, settings};
    plan->cell_count += end - first;
}

/* Orderings and routes of one round of paths directly after each other. */
static int build_rounds(struct mcb_plan *plan, const struct mcb_plan_paths *paths,
                        const struct routes *routes, size_t orderings, struct mcb_error *error)
{
    size_t variants = orderings * routes->count;
    plan->rounds = calloc(plan->settings_count * paths->round_count, sizeof *plan->rounds);
    if (!plan->rounds)
        return no_memory(error);
    for (size_t group = 0; group < plan->settings_count; group += variants)
        for (size_t round = 0; round < paths->round_count; round++)
            for (size_t variant = 0; variant < variants; variant++)
                add_round(plan, &paths->starts[2 * round], routes->paths[variant % routes->count],
                          group + variant);
    return 0;
}

int mcb_plan_make(const struct mcb_settings *settings, const struct mcb_endpoint_list *lists,
                  size_t ranks, struct mcb_plan *plan, struct mcb_error *error)
{
    struct mcb_plan_paths paths;
    struct mcb_plan made = {0};
    if (mcb_plan_paths_make(settings, lists, ranks, &paths, error) != 0)
        return -1;
    struct routes routes = routes_of(settings, &paths);
    int result = build_settings(&made, settings, &routes, error) != 0 ||
                         build_rounds(&made, &paths, &routes, settings->ordering_count, error) != 0
                     ? -1
                     : 0;
    if (result == 0) {
        made.paths = paths.paths;
        made.path_count = paths.path_count;
        made.path_rounds = paths.round_count;
        paths.paths = NULL;
        *plan = made;
    } else {
        mcb_plan_release(&made);
    }
    mcb_plan_paths_release(&paths);
    return result;
}

void mcb_plan_release(struct mcb_plan *plan)
{
    free(plan->rounds);
    free(plan->paths);
    free(plan->settings);
    *plan = (struct mcb_plan){0};
}

int64_t mcb_plan_duration_ns(const struct mcb_plan *plan, const struct mcb_settings *settings)
{
    int64_t trials_ns = settings->trials * (settings->duration_ns + trial_overhead_ns);
    int64_t round_ns = round_overhead_ns + settings->warmup_ns + trials_ns, total_ns;
    if (__builtin_mul_overflow(round_ns, (int64_t)plan->round_count, &total_ns))
        return INT64_MAX;
    return total_ns;
}

size_t mcb_plan_area_bytes(const struct mcb_plan *plan)
{
    size_t most = 0;
    for (size_t n = 0; n < plan->settings_count; n++) {
        const struct mcb_cell_settings *cell = &plan->settings[n];
        size_t bytes = mcb_area_stride(cell->size_bytes) * cell->qps * cell->depth;
        most = bytes > most ? bytes : most;
    }
    return most;
}
