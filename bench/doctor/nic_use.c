/* SPDX-License-Identifier: Apache-2.0 */
#include "bench/doctor/nic_use.h"

#include <stdlib.h>
#include <string.h>

#include "bench/doctor/limits.h"
#include "bench/doctor/mooncake_wants.h"
#include "bench/topology/distance.h"
#include "bench/topology/tree.h"

enum { NEAR_MOST = 256 };

/* NICs of the examination, by their place in its list. */
struct chosen {
    const struct mcb_seen_nic *nics;
    size_t count;
    bool *in;
};

bool mcb_nic_use_lists(const char *list, const char *name)
{
    size_t length = strlen(name);
    for (const char *next = list; next && *next;) {
        next += strspn(next, ", \t");
        size_t entry = strcspn(next, ", \t");
        if (entry > 0 && entry == length && strncmp(next, name, length) == 0)
            return true;
        next += entry;
    }
    return false;
}

/* ---- leaving out ---- */

static bool speaks_ib(const struct mcb_seen_nic *nic)
{
    return !nic->iwarp;
}

static bool is_whole(const struct mcb_seen_nic *nic)
{
    return !nic->virtual_function;
}

static bool is_hardware(const struct mcb_seen_nic *nic)
{
    return !nic->software;
}

static bool is_open(const struct mcb_seen_nic *nic)
{
    return !nic->closed;
}

static bool is_up(const struct mcb_seen_nic *nic)
{
    return nic->active || nic->software;
}

/* Leaves out those that are not so, unless none is. */
static void prefer(struct chosen *chosen, bool (*is_so)(const struct mcb_seen_nic *nic))
{
    bool any = false;
    for (size_t i = 0; i < chosen->count; i++)
        any |= chosen->in[i] && is_so(&chosen->nics[i]);
    for (size_t i = 0; any && i < chosen->count; i++)
        chosen->in[i] &= is_so(&chosen->nics[i]);
}

/* The rate of a port that is not active is not the one that it would have. */
static void prefer_fastest(struct chosen *chosen)
{
    double fastest = 0;
    for (size_t i = 0; i < chosen->count; i++)
        if (chosen->in[i] && chosen->nics[i].active && chosen->nics[i].rate_gbps > fastest)
            fastest = chosen->nics[i].rate_gbps;
    for (size_t i = 0; i < chosen->count; i++)
        chosen->in[i] &= !chosen->nics[i].active || chosen->nics[i].rate_gbps == 0 ||
                         chosen->nics[i].rate_gbps >= fastest;
}

static void narrow(struct chosen *chosen)
{
    prefer(chosen, speaks_ib);
    prefer(chosen, is_whole);
    prefer(chosen, is_hardware);
    prefer(chosen, is_open);
    prefer(chosen, is_up);
    prefer_fastest(chosen);
}

/* ---- choosing ---- */

static bool choose_named(const struct mcb_examination *examination, struct chosen *chosen)
{
    const char *filters = mcb_system_variable(examination->system, "MC_TE_FILTERS");
    struct mcb_mooncake_wants wants = {.from = NULL};
    struct mcb_error ignored;
    bool any = false;
    if (mcb_mooncake_wants_read(examination->system, &wants, &ignored) != 0)
        wants.device_name[0] = '\0';
    for (size_t i = 0; i < chosen->count; i++) {
        const char *name = chosen->nics[i].name;
        chosen->in[i] = examination->options->nics || mcb_nic_use_lists(filters, name) ||
                        mcb_nic_use_lists(wants.device_name, name);
        any |= chosen->in[i];
    }
    return any;
}

/* Those nearest to one GPU. */
static void choose_near(const struct mcb_tree *tree, size_t gpu, struct chosen *chosen)
{
    size_t near[NEAR_MOST];
    enum mcb_distance distance;
    size_t count = mcb_distance_placed_nics(tree, gpu, near, NEAR_MOST, &distance);
    for (size_t i = 0; i < chosen->count; i++)
        for (size_t n = 0; n < count && !chosen->in[i]; n++)
            chosen->in[i] = strcmp(tree->nodes[near[n]].name, chosen->nics[i].name) == 0;
    narrow(chosen);
}

static bool choose_nearest(const struct mcb_examination *examination, struct chosen *chosen)
{
    const struct mcb_tree *tree = examination->tree;
    struct chosen one = *chosen;
    bool any = false;
    if (!tree)
        return false;
    memset(chosen->in, 0, chosen->count * sizeof *chosen->in);
    one.in = calloc(chosen->count + 1, sizeof *one.in);
    mcb_tree_foreach(tree, MCB_TREE_GPU, gpu)
    {
        if (!one.in)
            break;
        memset(one.in, 0, one.count * sizeof *one.in);
        choose_near(tree, gpu, &one);
        for (size_t i = 0; i < one.count; i++)
            any |= chosen->in[i] |= one.in[i];
    }
    free(one.in);
    return any;
}

static const char *choose(const struct mcb_examination *examination, struct chosen *chosen)
{
    if (choose_named(examination, chosen))
        return "others are named";
    if (choose_nearest(examination, chosen))
        return "others are nearest to the GPUs";
    for (size_t i = 0; i < chosen->count; i++)
        chosen->in[i] = true;
    narrow(chosen);
    return "others are better";
}

/* A container that was given the file of one NIC at least. */
static bool was_given_some(const struct mcb_examination *examination)
{
    bool any = false;
    for (size_t i = 0; i < examination->nic_count; i++)
        any |= !examination->nics[i].missing;
    return any && mcb_limits_container(examination->system);
}

void mcb_nic_use_find(struct mcb_examination *examination)
{
    struct chosen chosen = {examination->nics, examination->nic_count,
                            calloc(examination->nic_count + 1, sizeof *chosen.in)};
    bool given = !examination->options->nics && was_given_some(examination);
    if (!chosen.in) {
        examination->out_of_memory = true;
        return;
    }
    const char *reason = choose(examination, &chosen);
    for (size_t i = 0; i < chosen.count; i++) {
        struct mcb_seen_nic *nic = &examination->nics[i];
        nic->unused = given && nic->missing ? "the container was given others"
                      : chosen.in[i]        ? NULL
                                            : reason;
    }
    free(chosen.in);
}
