/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Two independent halves: which paths there are and in which rounds (struct layout), and under
 * which settings. The plan is their product.
 *
 * First fit needs, for each endpoint, the set of rounds that it is busy in: a bit string. The first
 * round free for both ends is the first zero of the two strings ORed, so that a path costs a few
 * words, and 1024 endpoints, a million paths, well under a second.
 */
#include "bench/plan/plan.h"

#include <stdlib.h>
#include <string.h>

#include "common/clock.h"

enum {
    ENDPOINTS_MAX = 16384,
    PATHS_MAX = 1 << 24,
    WORD_BITS = 64,
    DEPTH_LEAST = 2,
    LATENCY_SIZE_BYTES = 8,
    BANDWIDTH_SIZE_BYTES = 64 << 10,
    IN_FLIGHT_BYTES = 32 << 20
};

/* What a round costs besides its warm-up and trials (connecting, verifying, recording), and a trial
 * besides its window (agreeing on a start, draining). Estimates, for the expected duration only. */
static const int64_t round_overhead_ns = 60 * MCB_NS_PER_MS;
static const int64_t trial_overhead_ns = 20 * MCB_NS_PER_MS;

/* ---- paths and rounds ---- */

struct member {
    uint32_t rank, position; /* the host of an endpoint, and its place there */
};

struct layout {
    enum mcb_pairs pairs;
    size_t ranks;
    uint32_t endpoints;
    struct member *members; /* of every endpoint */
    size_t partners_most;   /* no endpoint is the initiator (target) of more paths */
    size_t words;           /* of an endpoint's bit string */
    uint64_t *busy;         /* endpoints x words */
    struct mcb_path *paths; /* in the order of placing */
    uint32_t *round_of;     /* of each of them */
    size_t path_count, round_count;
};

static void layout_release(struct layout *layout)
{
    free(layout->round_of);
    free(layout->paths);
    free(layout->busy);
    free(layout->members);
}

static int no_memory(struct mcb_error *error)
{
    return mcb_error_set(error, MCB_FAULT_HOST_MEMORY, "not enough memory for the plan");
}

static int layout_prepare(struct layout *layout, const struct mcb_settings *settings,
                          const uint32_t *endpoints_of, size_t ranks, struct mcb_error *error)
{
    size_t endpoints = 0;
    for (size_t rank = 0; rank < ranks; rank++)
        endpoints += endpoints_of[rank];
    if (endpoints == 0)
        return mcb_error_set(error, MCB_FAULT_USE_VALUE, "no rank has a NIC: there is no path");
    size_t partners = settings->pairs == MCB_PAIRS_ALL    ? endpoints
                      : settings->pairs == MCB_PAIRS_RAIL ? ranks
                                                          : 1;
    if (endpoints > ENDPOINTS_MAX || endpoints * partners > PATHS_MAX)
        return mcb_error_set(error, MCB_FAULT_USE_VALUE,
                             "%zu NICs: more than can be planned (%d NICs, %d paths); --pairs rail "
                             "or ring measures fewer paths",
                             endpoints, ENDPOINTS_MAX, PATHS_MAX);

    /* First fit meets at most the other paths of both ends: less than 4 x partners rounds. */
    *layout = (struct layout){.pairs = settings->pairs,
                              .ranks = ranks,
                              .endpoints = (uint32_t)endpoints,
                              .partners_most = partners,
                              .words = 4 * partners / WORD_BITS + 1};
    layout->members = calloc(endpoints, sizeof *layout->members);
    layout->busy = calloc(endpoints * layout->words, sizeof *layout->busy);
    layout->paths = calloc(endpoints * partners, sizeof *layout->paths);
    layout->round_of = calloc(endpoints * partners, sizeof *layout->round_of);
    if (!layout->members || !layout->busy || !layout->paths || !layout->round_of) {
        layout_release(layout);
        return no_memory(error);
    }
    struct member *member = layout->members;
    for (uint32_t rank = 0; rank < ranks; rank++)
        for (uint32_t position = 0; position < endpoints_of[rank]; position++)
            *member++ = (struct member){rank, position};
    return 0;
}

static bool is_path(const struct layout *layout, uint32_t from, uint32_t to)
{
    struct member a = layout->members[from], b = layout->members[to];
    bool alone = layout->ranks == 1;
    if (!alone && a.rank == b.rank)
        return false;
    if (layout->pairs == MCB_PAIRS_RAIL)
        return a.position == b.position;
    if (layout->pairs == MCB_PAIRS_RING && alone)
        return to == (from + 1) % layout->endpoints;
    if (layout->pairs == MCB_PAIRS_RING)
        return a.position == b.position && b.rank == (a.rank + 1) % layout->ranks;
    return true;
}

static void place_path(struct layout *layout, uint32_t from, uint32_t to)
{
    uint64_t *a = layout->busy + from * layout->words, *b = layout->busy + to * layout->words;
    size_t word = 0;
    while ((a[word] | b[word]) == UINT64_MAX)
        word++;
    unsigned bit = (unsigned)__builtin_ctzll(~(a[word] | b[word]));
    a[word] |= UINT64_C(1) << bit;
    b[word] |= UINT64_C(1) << bit;

    size_t round = word * WORD_BITS + bit;
    layout->paths[layout->path_count] = (struct mcb_path){from, to};
    layout->round_of[layout->path_count++] = (uint32_t)round;
    if (round >= layout->round_count)
        layout->round_count = round + 1;
}

static void place_pair(struct layout *layout, uint32_t i, uint32_t j)
{
    if (j >= layout->endpoints)
        return; /* the player that makes an odd number even */
    if (is_path(layout, i, j))
        place_path(layout, i, j);
    if (i != j && is_path(layout, j, i))
        place_path(layout, j, i);
}

/* The circle method of the header; the paths from an endpoint to itself come last, where they fill
 * the rounds that an odd number of endpoints leaves one idle in. */
static void place_all(struct layout *layout)
{
    uint32_t last = layout->endpoints + layout->endpoints % 2 - 1;
    for (uint32_t round = 0; round < last; round++)
        for (uint32_t i = 0; i < last; i++) {
            uint32_t j = round >= i ? round - i : round + last - i;
            if (i < j)
                place_pair(layout, i, j);
            else if (i == j)
                place_pair(layout, i, last);
        }
    for (uint32_t i = 0; i < layout->endpoints; i++)
        place_pair(layout, i, i);
}

static const char *why_no_path(enum mcb_pairs pairs)
{
    if (pairs == MCB_PAIRS_RAIL)
        return "--pairs rail: no two hosts have a NIC of the same position";
    if (pairs == MCB_PAIRS_RING)
        return "--pairs ring: no host has a NIC of the same position as one on the next host";
    return "only one of the hosts has NICs: there is no path between hosts";
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
                                              enum mcb_ordering ordering)
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

static int build_settings(struct mcb_plan *plan, const struct mcb_settings *settings,
                          struct mcb_error *error)
{
    size_t most = settings->measure_count * settings->operation_count * MCB_SIZES_MAX *
                  settings->ordering_count;
    plan->settings = calloc(most, sizeof *plan->settings);
    if (!plan->settings)
        return no_memory(error);
    for (size_t m = 0; m < settings->measure_count; m++) {
        size_t size_count;
        const uint64_t *sizes = sizes_of(settings, settings->measures[m], &size_count);
        for (size_t o = 0; o < settings->operation_count; o++)
            for (size_t s = 0; s < size_count; s++)
                for (size_t r = 0; r < settings->ordering_count; r++)
                    plan->settings[plan->settings_count++] =
                        cell_settings(settings, settings->measures[m], settings->operations[o],
                                      sizes[s], settings->orderings[r]);
    }
    return 0;
}

/* ---- the product ---- */

/* Sorts the paths by round, keeping the order of placing; starts[round] is the first of a round,
 * starts[round_count] the end. */
static int group_paths(struct mcb_plan *plan, const struct layout *layout, size_t **starts_out,
                       struct mcb_error *error)
{
    size_t *starts = calloc(layout->round_count + 2, sizeof *starts);
    plan->paths = calloc(layout->path_count, sizeof *plan->paths);
    if (!starts || !plan->paths) {
        free(starts);
        return no_memory(error);
    }
    for (size_t path = 0; path < layout->path_count; path++)
        starts[layout->round_of[path] + 2]++;
    for (size_t round = 2; round <= layout->round_count + 1; round++)
        starts[round] += starts[round - 1];
    for (size_t path = 0; path < layout->path_count; path++)
        plan->paths[starts[layout->round_of[path] + 1]++] = layout->paths[path];
    plan->path_count = layout->path_count;
    plan->path_rounds = layout->round_count;
    *starts_out = starts;
    return 0;
}

static int build_rounds(struct mcb_plan *plan, const size_t *starts, size_t orderings,
                        struct mcb_error *error)
{
    plan->rounds = calloc(plan->settings_count * plan->path_rounds, sizeof *plan->rounds);
    if (!plan->rounds)
        return no_memory(error);
    for (size_t group = 0; group < plan->settings_count; group += orderings)
        for (size_t round = 0; round < plan->path_rounds; round++)
            for (size_t ordering = 0; ordering < orderings; ordering++)
                plan->rounds[plan->round_count++] =
                    (struct mcb_round){.first_path = starts[round],
                                       .path_count = starts[round + 1] - starts[round],
                                       .settings = group + ordering};
    plan->cell_count = plan->path_count * plan->settings_count;
    return 0;
}

int mcb_plan_make(const struct mcb_settings *settings, const uint32_t *endpoints_of, size_t ranks,
                  struct mcb_plan *plan, struct mcb_error *error)
{
    struct layout layout;
    struct mcb_plan made = {0};
    size_t *starts = NULL;
    int result = -1;
    if (layout_prepare(&layout, settings, endpoints_of, ranks, error) != 0)
        return -1;
    place_all(&layout);
    if (layout.path_count == 0)
        mcb_error_set(error, MCB_FAULT_USE_VALUE, "%s", why_no_path(settings->pairs));
    else if (build_settings(&made, settings, error) == 0 &&
             group_paths(&made, &layout, &starts, error) == 0 &&
             build_rounds(&made, starts, settings->ordering_count, error) == 0)
        result = 0;
    free(starts);
    layout_release(&layout);
    if (result == 0)
        *plan = made;
    else
        mcb_plan_release(&made);
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
