/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Every choice of a memory adds endpoints to one list, twice where two choices mean the same;
 * the list is then sorted, and what stands side by side in it becomes one.
 *
 * "cpu" of a NIC and "cpu:N" are one endpoint where the NIC is beside node N: the number stays,
 * because it must be kept to.
 */
#include "bench/plan/endpoint_list.h"

#include <stdlib.h>
#include <string.h>

/* A list in the making. */
struct draft {
    const struct mcb_plan_host *host;
    struct mcb_plan_endpoint *endpoints;
    size_t count, room;
    bool may[2]; /* of what is added */
    bool no_memory;
};

static void add(struct draft *draft, size_t nic, int gpu, int numa_node)
{
    if (draft->count == draft->room) {
        size_t room = draft->room ? 2 * draft->room : 64;
        struct mcb_plan_endpoint *larger =
            reallocarray(draft->endpoints, room, sizeof *draft->endpoints);
        if (!larger) {
            draft->no_memory = true;
            return;
        }
        draft->endpoints = larger;
        draft->room = room;
    }
    draft->endpoints[draft->count++] =
        (struct mcb_plan_endpoint){.nic = (uint32_t)nic,
                                   .gpu = gpu,
                                   .numa_node = gpu == -1 ? numa_node : -1,
                                   .may = {draft->may[0], draft->may[1]}};
}

static void add_every_nic(struct draft *draft, int gpu, int numa_node)
{
    for (size_t nic = 0; nic < draft->host->nic_count; nic++)
        add(draft, nic, gpu, numa_node);
}

static uint8_t distance(const struct mcb_plan_host *host, size_t gpu, size_t nic)
{
    return host->distances[gpu * host->nic_count + nic];
}

/* The GPU nearest to a NIC; of several the one with fewest NICs so far, and of these the first. */
static size_t nearest_gpu(const struct mcb_plan_host *host, size_t nic, const size_t *nics_of)
{
    size_t best = 0;
    for (size_t gpu = 1; gpu < host->gpu_count; gpu++) {
        uint8_t here = distance(host, gpu, nic), there = distance(host, best, nic);
        if (here < there || (nics_of && here == there && nics_of[gpu] < nics_of[best]))
            best = gpu;
    }
    return best;
}

/* Every GPU with the NICs nearest to it, then each NIC that is left with the GPU nearest to it. */
static void add_near_pairs(struct draft *draft)
{
    const struct mcb_plan_host *host = draft->host;
    size_t *nics_of = calloc(host->gpu_count + 1, sizeof *nics_of);
    bool *taken = calloc(host->nic_count + 1, sizeof *taken);
    draft->no_memory |= !nics_of || !taken;
    for (size_t gpu = 0; gpu < host->gpu_count && !draft->no_memory; gpu++) {
        uint8_t least = UINT8_MAX;
        for (size_t nic = 0; nic < host->nic_count; nic++)
            least = distance(host, gpu, nic) < least ? distance(host, gpu, nic) : least;
        for (size_t nic = 0; nic < host->nic_count; nic++) {
            if (distance(host, gpu, nic) != least)
                continue;
            add(draft, nic, (int)gpu, -1);
            nics_of[gpu]++;
            taken[nic] = true;
        }
    }
    for (size_t nic = 0; nic < host->nic_count && host->gpu_count && !draft->no_memory; nic++) {
        if (taken[nic])
            continue;
        size_t gpu = nearest_gpu(host, nic, nics_of);
        add(draft, nic, (int)gpu, -1);
        nics_of[gpu]++;
    }
    free(taken);
    free(nics_of);
}

static void add_choice(struct draft *draft, const struct mcb_memory_choice *choice)
{
    if (!choice->gpu)
        add_every_nic(draft, -1, choice->number);
    else if (choice->number == -1)
        add_near_pairs(draft);
    else if ((size_t)choice->number < draft->host->gpu_count)
        add_every_nic(draft, choice->number, -1);
}

/* Host memory of every NUMA node that has a NIC, with each NIC; where no node is known, that of
 * each NIC. */
static void add_every_node(struct draft *draft)
{
    const struct mcb_plan_host *host = draft->host;
    bool known = false;
    for (size_t nic = 0; nic < host->nic_count; nic++) {
        if (host->nic_nodes[nic] < 0)
            continue;
        add_every_nic(draft, -1, host->nic_nodes[nic]);
        known = true;
    }
    if (!known)
        add_every_nic(draft, -1, -1);
}

static void add_affinity_initiators(struct draft *draft, const struct mcb_memory_choice *choice)
{
    if (!choice->gpu && choice->number == -1)
        add_every_node(draft);
    else if (choice->gpu && choice->number == -1)
        for (size_t gpu = 0; gpu < draft->host->gpu_count; gpu++)
            add_every_nic(draft, (int)gpu, -1);
    else
        add_choice(draft, choice);
}

/* The first NIC, with memory of that choice. */
static void add_affinity_target(struct draft *draft, const struct mcb_memory_choice *choice)
{
    const struct mcb_plan_host *host = draft->host;
    if (host->nic_count == 0)
        return;
    if (!choice->gpu)
        add(draft, 0, -1, choice->number);
    else if (choice->number == -1 && host->gpu_count > 0)
        add(draft, 0, (int)nearest_gpu(host, 0, NULL), -1);
    else if (choice->number != -1 && (size_t)choice->number < host->gpu_count)
        add(draft, 0, choice->number, -1);
}

static void add_affinity(struct draft *draft, const struct mcb_settings *settings)
{
    static const struct mcb_memory_choice cpu = {.gpu = false, .number = -1};
    draft->may[0] = true;
    for (size_t i = 0; i < settings->memory_count; i++)
        add_affinity_initiators(draft, &settings->memories[i]);
    draft->may[0] = false;
    draft->may[1] = true;
    add_affinity_target(draft, settings->peer_memory_count ? &settings->peer_memories[0] : &cpu);
}

static void add_all(struct draft *draft, const struct mcb_settings *settings)
{
    draft->may[0] = true;
    draft->may[1] = settings->peer_memory_count == 0;
    for (size_t i = 0; i < settings->memory_count; i++)
        add_choice(draft, &settings->memories[i]);
    draft->may[0] = false;
    draft->may[1] = true;
    for (size_t i = 0; i < settings->peer_memory_count; i++)
        add_choice(draft, &settings->peer_memories[i]);
}

/* The node that host memory of an endpoint lies on, as far as is known. */
static int node_of(const struct mcb_plan_host *host, const struct mcb_plan_endpoint *endpoint)
{
    return endpoint->gpu == -1 && endpoint->numa_node == -1 ? host->nic_nodes[endpoint->nic]
                                                            : endpoint->numa_node;
}

static int compare(const void *left, const void *right, void *context)
{
    const struct mcb_plan_host *host = context;
    const struct mcb_plan_endpoint *a = left, *b = right;
    if (a->nic != b->nic)
        return a->nic < b->nic ? -1 : 1;
    if (a->gpu != b->gpu)
        return a->gpu < b->gpu ? -1 : 1;
    int node_a = node_of(host, a), node_b = node_of(host, b);
    return (node_a > node_b) - (node_a < node_b);
}

/* Sorts, and makes one of those that are equal. */
static void merge(struct draft *draft)
{
    struct mcb_plan_host host = *draft->host;
    size_t kept = 0;
    if (draft->count == 0)
        return;
    qsort_r(draft->endpoints, draft->count, sizeof *draft->endpoints, compare, &host);
    for (size_t i = 1; i < draft->count; i++) {
        struct mcb_plan_endpoint *last = &draft->endpoints[kept], *next = &draft->endpoints[i];
        if (compare(last, next, &host) != 0) {
            draft->endpoints[++kept] = *next;
            continue;
        }
        last->may[0] |= next->may[0];
        last->may[1] |= next->may[1];
        last->numa_node = next->numa_node > last->numa_node ? next->numa_node : last->numa_node;
    }
    draft->count = kept + 1;
}

int mcb_endpoint_list_make(const struct mcb_settings *settings, const struct mcb_plan_host *host,
                           struct mcb_endpoint_list *list, struct mcb_error *error)
{
    struct draft draft = {.host = host};
    if (settings->pairs == MCB_PAIRS_AFFINITY)
        add_affinity(&draft, settings);
    else
        add_all(&draft, settings);
    merge(&draft);
    if (!draft.no_memory && draft.count <= MCB_ENDPOINTS_MAX) {
        *list = (struct mcb_endpoint_list){draft.endpoints, (uint32_t)draft.count};
        return 0;
    }
    if (draft.no_memory)
        mcb_error_set(error, MCB_FAULT_HOST_MEMORY, "not enough memory for the endpoints");
    else
        mcb_error_set(error, MCB_FAULT_USE_VALUE,
                      "--memory: %zu endpoints (memories x NICs) on one host, more than %d; name "
                      "fewer memories, or fewer NICs with --nic",
                      draft.count, MCB_ENDPOINTS_MAX);
    free(draft.endpoints);
    return -1;
}

void mcb_endpoint_list_release(struct mcb_endpoint_list *list)
{
    free(list->endpoints);
    *list = (struct mcb_endpoint_list){0};
}

bool mcb_endpoint_list_needs_memory(const struct mcb_endpoint_list *list)
{
    for (uint32_t i = 0; i < list->count; i++)
        if (list->endpoints[i].gpu >= 0 ||
            (i > 0 && list->endpoints[i].nic == list->endpoints[i - 1].nic))
            return true;
    return false;
}
