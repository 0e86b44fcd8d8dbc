/* SPDX-License-Identifier: Apache-2.0 */
/*
 * In three steps: the paths are listed in the order of placing, each gets a round, and they are
 * sorted by round.
 *
 * First fit needs, for each NIC and each GPU, the set of rounds that it is busy in: a bit string.
 * The first round free for all that a path uses is the first zero of their strings ORed. Words that
 * are full are never looked at again, so that a path costs a few words, and 1024 endpoints, a
 * million paths, well under a second.
 */
#include "bench/plan/plan_paths.h"

#include <stdlib.h>

enum { ENDPOINTS_MAX = 16384, PATHS_MAX = 1 << 24, WORD_BITS = 64, USED = 4 };
enum { INITIATOR, TARGET }; /* by which may[] and position[] are indexed */

/* An endpoint among all of them. */
struct member {
    uint32_t rank;
    uint32_t position[2]; /* by role: among those of its rank that may have it */
    uint32_t nic, gpu;    /* among the resources; gpu = nic: it has none */
    bool may[2];
};

struct layout {
    enum mcb_pairs pairs;
    size_t ranks;
    uint32_t (*counts)[2]; /* by rank and role: endpoints */
    struct member *members;
    uint32_t endpoints;
    uint32_t resources; /* NICs and GPUs of all hosts */
    struct mcb_path *paths;
    size_t path_count, path_room;
};

/* The rounds that each resource is busy in. */
struct calendar {
    size_t words;
    uint64_t *busy; /* resources x words */
    size_t *full;   /* of each resource: words from the first on that are full */
};

static void layout_release(struct layout *layout)
{
    free(layout->paths);
    free(layout->members);
    free(layout->counts);
}

static int no_memory(struct mcb_error *error)
{
    return mcb_error_set(error, MCB_FAULT_HOST_MEMORY, "not enough memory for the plan");
}

static int too_many(size_t endpoints, struct mcb_error *error)
{
    return mcb_error_set(error, MCB_FAULT_USE_VALUE,
                         "%zu endpoints (memories x NICs): more than can be planned (%d endpoints, "
                         "%d paths); --pairs rail or ring measures fewer paths",
                         endpoints, ENDPOINTS_MAX, PATHS_MAX);
}

/* ---- endpoints ---- */

static void add_members(struct layout *layout, uint32_t rank, const struct mcb_endpoint_list *list)
{
    uint32_t nics = 0, gpus = 0;
    for (uint32_t i = 0; i < list->count; i++) {
        const struct mcb_plan_endpoint *endpoint = &list->endpoints[i];
        nics = endpoint->nic >= nics ? endpoint->nic + 1 : nics;
        gpus = endpoint->gpu >= (int)gpus ? (uint32_t)endpoint->gpu + 1 : gpus;
    }
    for (uint32_t i = 0; i < list->count; i++) {
        const struct mcb_plan_endpoint *endpoint = &list->endpoints[i];
        uint32_t nic = layout->resources + endpoint->nic;
        struct member member = {
            .rank = rank,
            .nic = nic,
            .gpu = endpoint->gpu < 0 ? nic : layout->resources + nics + (uint32_t)endpoint->gpu};
        for (int role = 0; role < 2; role++) {
            member.may[role] = endpoint->may[role];
            member.position[role] = layout->counts[rank][role];
            layout->counts[rank][role] += endpoint->may[role];
        }
        layout->members[layout->endpoints++] = member;
    }
    layout->resources += nics + gpus;
}

static int layout_prepare(struct layout *layout, enum mcb_pairs pairs,
                          const struct mcb_endpoint_list *lists, size_t ranks,
                          struct mcb_error *error)
{
    size_t endpoints = 0;
    for (size_t rank = 0; rank < ranks; rank++)
        endpoints += lists[rank].count;
    if (endpoints > ENDPOINTS_MAX)
        return too_many(endpoints, error);
    *layout = (struct layout){.pairs = pairs, .ranks = ranks};
    layout->counts = calloc(ranks, sizeof *layout->counts);
    layout->members = calloc(endpoints + 1, sizeof *layout->members);
    if (!layout->counts || !layout->members) {
        layout_release(layout);
        return no_memory(error);
    }
    for (uint32_t rank = 0; rank < ranks; rank++)
        add_members(layout, rank, &lists[rank]);
    return 0;
}

/* ---- paths ---- */

static bool is_path(const struct layout *layout, uint32_t from, uint32_t to)
{
    const struct member *a = &layout->members[from], *b = &layout->members[to];
    bool alone = layout->ranks == 1;
    if (!a->may[INITIATOR] || !b->may[TARGET] || (!alone && a->rank == b->rank))
        return false;
    bool next_rank = b->rank == (a->rank + 1) % layout->ranks;
    uint32_t position = a->position[INITIATOR];
    switch (layout->pairs) {
    case MCB_PAIRS_RAIL:
        return b->position[TARGET] == position;
    case MCB_PAIRS_RING:
        if (alone)
            position = (position + 1) % layout->counts[0][TARGET];
        return next_rank && b->position[TARGET] == position;
    case MCB_PAIRS_AFFINITY:
        return next_rank;
    case MCB_PAIRS_ALL:
        break;
    }
    return true;
}

/* -1: too many, or no memory for them. */
static int add_path(struct layout *layout, uint32_t from, uint32_t to)
{
    if (!is_path(layout, from, to))
        return 0;
    if (layout->path_count == layout->path_room) {
        size_t room = layout->path_room ? 2 * layout->path_room : 1024;
        struct mcb_path *larger =
            room > PATHS_MAX ? NULL : reallocarray(layout->paths, room, sizeof *larger);
        if (!larger)
            return -1;
        layout->paths = larger;
        layout->path_room = room;
    }
    layout->paths[layout->path_count++] = (struct mcb_path){from, to};
    return 0;
}

static int add_pair(struct layout *layout, uint32_t i, uint32_t j)
{
    if (j >= layout->endpoints)
        return 0; /* the player that makes an odd number even */
    if (add_path(layout, i, j))
        return -1;
    return i == j ? 0 : add_path(layout, j, i);
}

/* The circle method of plan.h; the paths from an endpoint to itself come last, where they fill the
 * rounds that an odd number of endpoints leaves one idle in. */
static int list_paths(struct layout *layout)
{
    if (layout->endpoints == 0)
        return 0;
    uint32_t last = layout->endpoints + layout->endpoints % 2 - 1;
    for (uint32_t round = 0; round < last; round++)
        for (uint32_t i = 0; i < last; i++) {
            uint32_t j = round >= i ? round - i : round + last - i;
            if (i <= j && add_pair(layout, i, i == j ? last : j))
                return -1;
        }
    for (uint32_t i = 0; i < layout->endpoints; i++)
        if (add_pair(layout, i, i))
            return -1;
    return 0;
}

/* ---- rounds ---- */

/* What a path occupies. */
static void used_by(const struct layout *layout, struct mcb_path path, uint32_t used[USED])
{
    const struct member *a = &layout->members[path.initiator], *b = &layout->members[path.target];
    used[0] = a->nic;
    used[1] = a->gpu;
    used[2] = b->nic;
    used[3] = b->gpu;
}

/* A path meets at most the other paths of what it uses, USED times the most that anything has. */
static int calendar_prepare(struct calendar *calendar, const struct layout *layout)
{
    size_t *loads = calloc(layout->resources, sizeof *loads), most = 0;
    if (!loads)
        return -1;
    for (size_t path = 0; path < layout->path_count; path++) {
        uint32_t used[USED];
        used_by(layout, layout->paths[path], used);
        for (int i = 0; i < USED; i++)
            most = ++loads[used[i]] > most ? loads[used[i]] : most;
    }
    free(loads);
    calendar->words = USED * most / WORD_BITS + 1;
    calendar->busy = calloc(layout->resources * calendar->words, sizeof *calendar->busy);
    calendar->full = calloc(layout->resources, sizeof *calendar->full);
    return calendar->busy && calendar->full ? 0 : -1;
}

static void calendar_release(struct calendar *calendar)
{
    free(calendar->full);
    free(calendar->busy);
}

/* The first round that is free for all that is used, now taken. */
static uint32_t calendar_place(struct calendar *calendar, const uint32_t used[USED])
{
    uint64_t *busy[USED], taken;
    size_t word = 0;
    for (int i = 0; i < USED; i++) {
        busy[i] = calendar->busy + used[i] * calendar->words;
        word = calendar->full[used[i]] > word ? calendar->full[used[i]] : word;
    }
    while ((taken = busy[0][word] | busy[1][word] | busy[2][word] | busy[3][word]) == UINT64_MAX)
        word++;
    uint64_t bit = ~taken & (taken + 1);
    for (int i = 0; i < USED; i++) {
        busy[i][word] |= bit;
        while (busy[i][calendar->full[used[i]]] == UINT64_MAX)
            calendar->full[used[i]]++;
    }
    return (uint32_t)(word * WORD_BITS + (size_t)__builtin_ctzll(bit));
}

static int place_paths(const struct layout *layout, uint32_t *round_of, size_t *round_count)
{
    struct calendar calendar = {0};
    int result = calendar_prepare(&calendar, layout);
    size_t rounds = 0;
    for (size_t path = 0; path < layout->path_count && result == 0; path++) {
        uint32_t used[USED];
        used_by(layout, layout->paths[path], used);
        round_of[path] = calendar_place(&calendar, used);
        rounds = round_of[path] >= rounds ? (size_t)round_of[path] + 1 : rounds;
    }
    *round_count = rounds;
    calendar_release(&calendar);
    return result;
}

static bool has_gpu(const struct member *member)
{
    return member->gpu != member->nic;
}

/* Two groups a round: paths with a GPU, and those without. */
static size_t group_of(const struct layout *layout, const uint32_t *round_of, size_t path)
{
    bool gpu = has_gpu(&layout->members[layout->paths[path].initiator]) ||
               has_gpu(&layout->members[layout->paths[path].target]);
    return 2 * (size_t)round_of[path] + !gpu;
}

/* Sorts the paths by group, keeping the order of placing. */
static int group_paths(const struct layout *layout, const uint32_t *round_of, size_t rounds,
                       struct mcb_plan_paths *paths)
{
    size_t *starts = calloc(2 * rounds + 2, sizeof *starts);
    struct mcb_path *grouped = calloc(layout->path_count, sizeof *grouped);
    if (!starts || !grouped) {
        free(starts);
        free(grouped);
        return -1;
    }
    for (size_t path = 0; path < layout->path_count; path++)
        starts[group_of(layout, round_of, path) + 2]++;
    for (size_t group = 2; group <= 2 * rounds; group++)
        starts[group] += starts[group - 1];
    for (size_t path = 0; path < layout->path_count; path++)
        grouped[starts[group_of(layout, round_of, path) + 1]++] = layout->paths[path];
    *paths = (struct mcb_plan_paths){.paths = grouped,
                                     .path_count = layout->path_count,
                                     .round_count = rounds,
                                     .starts = starts};
    return 0;
}

/* ---- the whole ---- */

/* What may be done about a role that no endpoint has. */
static const char *why_no_role(const struct mcb_settings *settings, int role)
{
    bool of_peers = role == TARGET && settings->peer_memory_count > 0;
    const struct mcb_memory_choice *choices =
        of_peers ? settings->peer_memories : settings->memories;
    size_t count = of_peers ? settings->peer_memory_count : settings->memory_count;
    bool gpus = count > 0;
    for (size_t i = 0; i < count; i++)
        gpus &= choices[i].gpu;
    if (!gpus)
        return "no rank has a NIC: there is no path";
    return of_peers ? "--peer-memory: no rank has such a GPU and a NIC: nothing can be a target; "
                      "mcbench topo shows the GPUs, --peer-memory cpu measures against host memory"
                    : "--memory: no rank has such a GPU and a NIC: nothing can be an initiator; "
                      "mcbench topo shows the GPUs, mcbench cpu measures host memory";
}

static const char *why_no_path(const struct layout *layout, const struct mcb_settings *settings)
{
    bool any[2] = {false};
    for (size_t rank = 0; rank < layout->ranks; rank++)
        for (int role = 0; role < 2; role++)
            any[role] |= layout->counts[rank][role] > 0;
    for (int role = 0; role < 2; role++)
        if (!any[role])
            return why_no_role(settings, role);
    if (settings->pairs == MCB_PAIRS_RAIL)
        return "--pairs rail: no two hosts have an endpoint of the same position";
    if (settings->pairs == MCB_PAIRS_RING)
        return "--pairs ring: no host has an endpoint of the same position as one on the next host";
    if (settings->pairs == MCB_PAIRS_AFFINITY)
        return "--pairs affinity: no host with endpoints is followed by one with a target";
    return "only one of the hosts has endpoints for this memory: there is no path between hosts";
}

int mcb_plan_paths_make(const struct mcb_settings *settings, const struct mcb_endpoint_list *lists,
                        size_t ranks, struct mcb_plan_paths *paths, struct mcb_error *error)
{
    struct layout layout;
    uint32_t *round_of = NULL;
    size_t rounds;
    int result = -1;
    if (layout_prepare(&layout, settings->pairs, lists, ranks, error) != 0)
        return -1;
    if (list_paths(&layout) != 0) {
        if (2 * layout.path_room > PATHS_MAX)
            too_many(layout.endpoints, error);
        else
            no_memory(error);
        goto done;
    }
    if (layout.path_count == 0) {
        mcb_error_set(error, MCB_FAULT_USE_VALUE, "%s", why_no_path(&layout, settings));
        goto done;
    }
    round_of = calloc(layout.path_count, sizeof *round_of);
    result = !round_of || place_paths(&layout, round_of, &rounds) != 0 ||
                     group_paths(&layout, round_of, rounds, paths) != 0
                 ? no_memory(error)
                 : 0;
done:
    free(round_of);
    layout_release(&layout);
    return result;
}

void mcb_plan_paths_release(struct mcb_plan_paths *paths)
{
    free(paths->starts);
    free(paths->paths);
    *paths = (struct mcb_plan_paths){0};
}
