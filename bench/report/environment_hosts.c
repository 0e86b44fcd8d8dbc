/* SPDX-License-Identifier: Apache-2.0 */
#include "bench/report/environment_hosts.h"

#include <stdlib.h>
#include <string.h>

#include "common/json.h"

struct host {
    const char *name;
    json_int_t rank;
    const json_t *entry;
    bool taken;
};

struct hosts {
    struct host *list;
    size_t count;
};

static int by_name(const void *left, const void *right)
{
    const struct host *one = left, *other = right;
    int order = strcmp(one->name, other->name);
    return order ? order : (one->rank > other->rank) - (one->rank < other->rank);
}

static int by_rank_number(const void *left, const void *right)
{
    const struct host *one = left, *other = right;
    int order = (one->rank > other->rank) - (one->rank < other->rank);
    return order ? order : strcmp(one->name, other->name);
}

static int pair_by_name(const void *left, const void *right)
{
    const struct mcb_host_pair *one = left, *other = right;
    return strcmp(one->name, other->name);
}

static bool hosts_take(const json_t *head, struct hosts *hosts)
{
    const json_t *array = json_object_get(head, "hosts");
    hosts->list = calloc(json_array_size(array) + 1, sizeof *hosts->list);
    if (!hosts->list)
        return false;
    for (size_t i = 0; i < json_array_size(array); i++) {
        const json_t *entry = json_array_get(array, i);
        hosts->list[hosts->count++] =
            (struct host){mcb_json_text(entry, "host"),
                          json_integer_value(json_object_get(entry, "rank")), entry, false};
    }
    return true;
}

static struct host *find(const struct hosts *sorted, const struct host *wanted,
                         int (*order)(const void *, const void *))
{
    return bsearch(wanted, sorted->list, sorted->count, sizeof *sorted->list, order);
}

/* By name alone, whatever the rank. */
static int name_only(const void *left, const void *right)
{
    return strcmp(((const struct host *)left)->name, ((const struct host *)right)->name);
}

static int rank_only(const void *left, const void *right)
{
    const struct host *one = left, *other = right;
    return (one->rank > other->rank) - (one->rank < other->rank);
}

/* True if none of the names is in both runs, which are of equally many hosts. */
static bool are_strangers(const struct hosts *before, const struct hosts *after)
{
    if (before->count != after->count)
        return false;
    for (size_t i = 0; i < after->count; i++)
        if (find(before, &after->list[i], name_only))
            return false;
    return true;
}

static int pairs_join(struct hosts *before, const struct hosts *after, struct mcb_host_pairs *pairs)
{
    pairs->list = calloc(after->count + 1, sizeof *pairs->list);
    pairs->gone = calloc(before->count + 1, sizeof *pairs->gone);
    if (!pairs->list || !pairs->gone)
        return -1;
    for (size_t i = 0; i < after->count; i++) {
        struct host *match = find(before, &after->list[i], pairs->by_rank ? rank_only : name_only);
        if (match)
            match->taken = true;
        pairs->list[pairs->count++] = (struct mcb_host_pair){
            after->list[i].name, match ? match->entry : NULL, after->list[i].entry};
    }
    for (size_t i = 0; i < before->count; i++)
        if (!before->list[i].taken)
            pairs->gone[pairs->gone_count++] =
                (struct mcb_host_pair){before->list[i].name, before->list[i].entry, NULL};
    qsort(pairs->list, pairs->count, sizeof *pairs->list, pair_by_name);
    return 0;
}

int mcb_host_pairs_make(const json_t *before, const json_t *after, bool by_rank,
                        struct mcb_host_pairs *pairs, struct mcb_error *error)
{
    struct hosts earlier = {0}, later = {0};
    *pairs = (struct mcb_host_pairs){.by_rank = by_rank};
    int status = -1;
    if (hosts_take(before, &earlier) && hosts_take(after, &later)) {
        qsort(earlier.list, earlier.count, sizeof *earlier.list, by_name);
        pairs->by_rank = by_rank || are_strangers(&earlier, &later);
        if (pairs->by_rank)
            qsort(earlier.list, earlier.count, sizeof *earlier.list, by_rank_number);
        status = pairs_join(&earlier, &later, pairs);
    }
    free(earlier.list);
    free(later.list);
    if (status == 0)
        return 0;
    mcb_host_pairs_release(pairs);
    return mcb_error_set(error, MCB_FAULT_HOST_MEMORY, "hosts of two results: no memory for them");
}

void mcb_host_pairs_release(struct mcb_host_pairs *pairs)
{
    free(pairs->list);
    free(pairs->gone);
    *pairs = (struct mcb_host_pairs){0};
}

const struct mcb_host_pair *mcb_host_pairs_find(const struct mcb_host_pairs *pairs,
                                                const char *host)
{
    const struct mcb_host_pair wanted = {.name = host};
    if (!pairs->count)
        return NULL;
    return bsearch(&wanted, pairs->list, pairs->count, sizeof *pairs->list, pair_by_name);
}
