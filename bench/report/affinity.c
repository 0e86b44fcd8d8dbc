/* SPDX-License-Identifier: Apache-2.0 */

/* Which cells count, what they say of each NIC, and the matrices: the rules are in affinity.h. */

#include "bench/report/affinity_places.h"

#include <stdlib.h>
#include <string.h>

#include "bench/report/pivot.h"
#include "bench/report/summary.h"
#include "common/json.h"

enum { NOT_LISTED = 1 << 20 };

/* Of the best median: at least so much is as good; so much, if the intervals overlap. */
static const double as_good = 0.95, maybe_as_good = 0.9;

/* ---- which cells count ---- */

static bool is_bandwidth(const json_t *cell)
{
    return strcmp(mcb_json_text(cell, "measure"), "bandwidth") == 0;
}

static json_int_t size_of(const json_t *cell)
{
    return json_integer_value(json_object_get(cell, "size_bytes"));
}

static bool same_word(const json_t *left, const json_t *right, const char *key)
{
    return strcmp(mcb_json_text(left, key), mcb_json_text(right, key)) == 0;
}

/* The first cell of what counts; NULL: none. */
static const json_t *find_example(const json_t *cells)
{
    const json_t *first = NULL, *example = NULL;
    size_t index;
    json_t *cell;
    json_array_foreach(cells, index, cell)
    {
        if (!is_bandwidth(cell))
            continue;
        if (!first)
            first = cell;
        if (same_word(cell, first, "operation") && (!example || size_of(cell) > size_of(example)))
            example = cell;
    }
    return example;
}

/* Of route host are no memories that were asked for. */
static bool counts(const json_t *cell, const json_t *example)
{
    return is_bandwidth(cell) && strcmp(mcb_json_text(cell, "route"), "host") != 0 &&
           size_of(cell) == size_of(example) && same_word(cell, example, "operation") &&
           same_word(json_object_get(cell, "relaxed_ordering"),
                     json_object_get(example, "relaxed_ordering"), "requested");
}

/* ---- places ---- */

static int compare_places(const void *left, const void *right)
{
    const struct mcb_affinity_place *a = left, *b = right;
    int memories = strverscmp(a->memory, b->memory);
    if (a->host != b->host)
        return a->host < b->host ? -1 : 1;
    if (memories != 0)
        return memories;
    if (a->nic != b->nic)
        return a->nic < b->nic ? -1 : 1;
    int names = strcmp(a->nic_name, b->nic_name);
    if (names != 0)
        return names;
    int routes = strcmp(mcb_json_text(a->cell, "route"), mcb_json_text(b->cell, "route"));
    return routes ? routes : (a->position > b->position) - (a->position < b->position);
}

static bool same_memory(const struct mcb_affinity_place *left,
                        const struct mcb_affinity_place *right)
{
    return left->host == right->host && strcmp(left->memory, right->memory) == 0;
}

static bool read_figures(const json_t *cell, double *low, double *median, double *high)
{
    const json_t *bandwidth = json_object_get(cell, "bandwidth_gbps");
    *low = json_number_value(json_object_get(bandwidth, "low"));
    *high = json_number_value(json_object_get(bandwidth, "high"));
    return mcb_summary_figure(cell, median) && *median > 0;
}

bool mcb_affinity_figure(const struct mcb_affinity_place *place, double *median_gbps)
{
    double low, high;
    return read_figures(place->cell, &low, median_gbps, &high);
}

/* Of several routes the first counts that has a figure ("direct", "staged"), of what was measured
 * more than once the last. */
static void drop_repeated(struct mcb_affinity_places *places)
{
    size_t kept = 0;
    double figure;
    for (size_t i = 0; i < places->count; i++) {
        const struct mcb_affinity_place *place = &places->list[i];
        struct mcb_affinity_place *last = kept > 0 ? &places->list[kept - 1] : NULL;
        if (!last || !same_memory(last, place) || strcmp(last->nic_name, place->nic_name) != 0) {
            places->list[kept++] = *place;
        } else if (same_word(last->cell, place->cell, "route")) {
            const json_t *instead_of = last->instead_of;
            *last = *place;
            last->instead_of = instead_of;
        } else if (!mcb_affinity_figure(last, &figure) && mcb_affinity_figure(place, &figure)) {
            const json_t *direct = last->cell;
            *last = *place;
            last->instead_of = direct;
        }
    }
    places->count = kept;
}

/* ---- what they say ---- */

static bool is_loopback(const struct mcb_affinity_place *place)
{
    const json_t *target = json_object_get(place->cell, "target");
    return strcmp(mcb_json_text(target, "host"), place->host_name) == 0 &&
           strcmp(mcb_json_text(target, "nic"), place->nic_name) == 0;
}

struct best {
    double low, median;
    size_t judged; /* places with a figure that can be held against each other */
};

static struct best find_best(const struct mcb_affinity_place *first, size_t count)
{
    struct best best = {0};
    double low, median, high;
    for (size_t i = 0; i < count; i++) {
        if (is_loopback(&first[i]) || !read_figures(first[i].cell, &low, &median, &high))
            continue;
        best.judged++;
        if (median > best.median) {
            best.median = median;
            best.low = low;
        }
    }
    return best;
}

static enum mcb_affinity_verdict judge(const struct mcb_affinity_place *place,
                                       const struct best *best)
{
    double low, median, high;
    if (!read_figures(place->cell, &low, &median, &high))
        return MCB_AFFINITY_LEFT_OUT;
    if (is_loopback(place))
        return MCB_AFFINITY_LOOPBACK;
    if (best->judged < 2)
        return MCB_AFFINITY_ALONE;
    if (median >= as_good * best->median)
        return MCB_AFFINITY_PREFERRED;
    if (high < best->low)
        return MCB_AFFINITY_OTHER;
    return median >= maybe_as_good * best->median ? MCB_AFFINITY_PREFERRED : MCB_AFFINITY_UNCLEAR;
}

/* Judges the places from `first` on, all of one memory. */
static void judge_memory(struct mcb_affinity_place *first, size_t count)
{
    struct best best = find_best(first, count);
    bool unclear = false;
    for (size_t i = 0; i < count; i++) {
        first[i].best_gbps = best.median;
        first[i].verdict = judge(&first[i], &best);
        unclear |= first[i].verdict == MCB_AFFINITY_UNCLEAR;
    }
    for (size_t i = 0; i < count; i++)
        first[i].with_interval = unclear;
}

static size_t memory_length(const struct mcb_affinity_places *places, size_t first)
{
    size_t at = first + 1;
    while (at < places->count && same_memory(&places->list[first], &places->list[at]))
        at++;
    return at - first;
}

size_t mcb_affinity_host_length(const struct mcb_affinity_places *places, size_t first)
{
    size_t at = first + 1;
    while (at < places->count && places->list[first].host == places->list[at].host)
        at++;
    return at - first;
}

/* {"n1": {"": 0, "mlx5_0": 0}}: the numbers of hosts and NICs by name; the host's own under
 * "", a name that no NIC has. */
static json_t *number_names(const json_t *document)
{
    json_t *hosts = json_object(), *host, *nic;
    size_t i, j;
    json_array_foreach(json_object_get(document, "hosts"), i, host)
    {
        json_t *numbers = json_object();
        json_array_foreach(json_object_get(host, "nics"), j, nic)
            json_object_set_new(numbers, mcb_json_text(nic, "name"), json_integer((json_int_t)j));
        json_object_set_new(numbers, "", json_integer((json_int_t)i));
        json_object_set_new(hosts, mcb_json_text(host, "host"), numbers);
    }
    return hosts;
}

static void take_cells(struct mcb_affinity_places *places, const json_t *cells, const json_t *hosts)
{
    size_t index;
    json_t *cell;
    json_array_foreach(cells, index, cell)
    {
        const json_t *end = json_object_get(cell, "initiator");
        const char *name = mcb_json_text(end, "host"), *nic = mcb_json_text(end, "nic");
        const json_t *numbers = json_object_get(hosts, name);
        if (!numbers || !counts(cell, places->example))
            continue;
        const json_t *number = json_object_get(numbers, nic);
        places->list[places->count++] = (struct mcb_affinity_place){
            .host = (size_t)json_integer_value(json_object_get(numbers, "")),
            .nic = number && *nic ? (size_t)json_integer_value(number) : NOT_LISTED,
            .position = index,
            .host_name = name,
            .memory = mcb_json_text(end, "memory"),
            .nic_name = nic,
            .cell = cell,
        };
    }
}

int mcb_affinity_places_make(const json_t *document, struct mcb_affinity_places *places)
{
    const json_t *cells = json_object_get(document, "cells");
    json_t *hosts = number_names(document);
    *places = (struct mcb_affinity_places){.example = find_example(cells)};
    places->list = calloc(json_array_size(cells) + 1, sizeof *places->list);
    if (hosts && places->list && places->example)
        take_cells(places, cells, hosts);
    int outcome = hosts && places->list ? 0 : -1;
    json_decref(hosts);
    if (outcome != 0)
        return -1;
    qsort(places->list, places->count, sizeof *places->list, compare_places);
    drop_repeated(places);
    for (size_t i = 0; i < places->count; i += memory_length(places, i))
        judge_memory(&places->list[i], memory_length(places, i));
    return 0;
}

/* ---- matrices ---- */

/* In which of the two lists of its memory a NIC is; -1: in none. */
static int list_of(enum mcb_affinity_verdict verdict)
{
    static const int lists[] = {
        [MCB_AFFINITY_LEFT_OUT] = -1, [MCB_AFFINITY_LOOPBACK] = -1, [MCB_AFFINITY_ALONE] = 0,
        [MCB_AFFINITY_PREFERRED] = 0, [MCB_AFFINITY_OTHER] = 1,     [MCB_AFFINITY_UNCLEAR] = 1,
    };
    return lists[verdict];
}

/* [[preferred], [others]] into matrix; nothing, if both are empty. Takes both references. */
static int add_lists(json_t *matrix, const char *memory, json_t *preferred, json_t *others)
{
    if (json_array_size(preferred) + json_array_size(others) > 0)
        return json_object_set_new(matrix, memory, json_pack("[o, o]", preferred, others));
    json_decref(preferred);
    json_decref(others);
    return 0;
}

json_t *mcb_affinity_measured(const struct mcb_affinity_places *places, size_t first, size_t count)
{
    json_t *matrix = json_object();
    int outcome = matrix ? 0 : -1;
    for (size_t i = first; outcome == 0 && i < first + count;) {
        size_t end = i + memory_length(places, i);
        const char *memory = places->list[i].memory;
        json_t *lists[] = {json_array(), json_array()};
        for (; i < end; i++) {
            int list = list_of(places->list[i].verdict);
            if (list >= 0)
                outcome |=
                    json_array_append_new(lists[list], json_string(places->list[i].nic_name));
        }
        outcome |= add_lists(matrix, memory, lists[0], lists[1]);
    }
    if (outcome == 0)
        return matrix;
    json_decref(matrix);
    return NULL;
}

static const json_t *find_named(const json_t *list, const char *key, const char *name)
{
    size_t index;
    json_t *entry;
    json_array_foreach(list, index, entry)
    {
        if (strcmp(mcb_json_text(entry, key), name) == 0)
            return entry;
    }
    return NULL;
}

bool mcb_affinity_has_word(const json_t *words, const char *word)
{
    size_t index;
    json_t *entry;
    json_array_foreach(words, index, entry)
    {
        if (json_is_string(entry) && strcmp(json_string_value(entry), word) == 0)
            return true;
    }
    return false;
}

static bool is_beside(const json_t *host, const json_t *nic, const char *memory)
{
    const json_t *node = json_object_get(nic, "numa_node");
    char name[32];
    if (json_integer_value(json_object_get(host, "numa_nodes")) == 1)
        return true;
    snprintf(name, sizeof name, "cpu:%" JSON_INTEGER_FORMAT, json_integer_value(node));
    return json_is_integer(node) && strcmp(name, memory) == 0;
}

static int suggest_memory(json_t *matrix, const json_t *host, const char *memory)
{
    const json_t *gpu = find_named(json_object_get(host, "gpus"), "name", memory);
    const json_t *near = json_object_get(gpu, "near_nics");
    json_t *lists[] = {json_array(), json_array()}, *nic;
    bool of_host = !mcb_pivot_is_of_gpu(memory);
    size_t index;
    int outcome = 0;
    json_array_foreach(json_object_get(host, "nics"), index, nic)
    {
        bool preferred = of_host ? is_beside(host, nic, memory)
                                 : mcb_affinity_has_word(near, mcb_json_text(nic, "name"));
        outcome |= json_array_append(lists[preferred ? 0 : 1], json_object_get(nic, "name"));
    }
    if (!of_host && json_array_size(lists[0]) == 0)
        json_array_clear(lists[1]);
    return outcome | add_lists(matrix, memory, lists[0], lists[1]);
}

json_t *mcb_affinity_suggested(const json_t *document, const struct mcb_affinity_places *places,
                               size_t first, size_t count)
{
    json_t *matrix = json_object();
    int outcome = matrix ? 0 : -1;
    for (size_t i = first; outcome == 0 && i < first + count; i += memory_length(places, i)) {
        const json_t *hosts = json_object_get(document, "hosts");
        outcome = suggest_memory(matrix, json_array_get(hosts, places->list[i].host),
                                 places->list[i].memory);
    }
    if (outcome == 0)
        return matrix;
    json_decref(matrix);
    return NULL;
}
