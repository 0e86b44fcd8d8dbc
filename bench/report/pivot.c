/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Everything is numbered through jansson's hash tables (text to running number) and then sorted, so
 * that a million cells take a second.
 */

#include "bench/report/pivot.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/json.h"

/* Room for the longest names that the schema allows, of four bytes a character. */
enum { NUMBER_FAILED = -1, NAME_KEY_MAX = 4 * (255 + 63 + 16) + 64 };

/* The maps of one pivot under construction: text to number. */
struct numbering {
    json_t *hosts, *nics, *endpoints, *settings;
};

/* The number of a text, the next free one if it is new. */
static int64_t number_of(json_t *map, const char *text)
{
    json_t *known = json_object_get(map, text);
    if (known)
        return json_integer_value(known);
    int64_t next = (int64_t)json_object_size(map);
    return json_object_set_new(map, text, json_integer(next)) == 0 ? next : NUMBER_FAILED;
}

/* Texts joined so that no two different lists give the same key. */
static void join_names(char key[NAME_KEY_MAX], const char *host, const char *nic,
                       const char *memory)
{
    snprintf(key, NAME_KEY_MAX, "%zu:%s,%zu:%s,%s", strlen(host), host, strlen(nic), nic, memory);
}

static int64_t number_of_nic(const struct numbering *numbering, const char *host, const char *nic)
{
    char key[NAME_KEY_MAX];
    join_names(key, host, nic, "");
    return number_of(numbering->nics, key);
}

/* Hosts and NICs get their numbers in the order of the document. */
static void number_hosts(const struct numbering *numbering, const json_t *document)
{
    size_t i, j;
    json_t *host, *nic;
    json_array_foreach(json_object_get(document, "hosts"), i, host)
    {
        const char *name = mcb_json_text(host, "host");
        number_of(numbering->hosts, name);
        json_array_foreach(json_object_get(host, "nics"), j, nic)
            number_of_nic(numbering, name, mcb_json_text(nic, "name"));
    }
}

/* ---- settings ---- */

static int64_t integer_of(const json_t *object, const char *key)
{
    return json_integer_value(json_object_get(object, key));
}

static const char *ordering_of(const json_t *cell)
{
    return json_string_value(
        json_object_get(json_object_get(cell, "relaxed_ordering"), "requested"));
}

static const char *route_of(const json_t *cell)
{
    const char *route = json_string_value(json_object_get(cell, "route"));
    return route ? route : "direct";
}

void mcb_pivot_setting_key(const json_t *cell, char key[MCB_PIVOT_KEY_MAX])
{
    snprintf(key, MCB_PIVOT_KEY_MAX,
             "%s %s %" PRId64 " %d %" PRId64 " %" PRId64 " %" PRId64 " %" PRId64,
             mcb_json_text(cell, "operation"), mcb_json_text(cell, "measure"),
             integer_of(cell, "size_bytes"), json_is_true(json_object_get(cell, "bidirectional")),
             integer_of(cell, "qps"), integer_of(cell, "depth"), integer_of(cell, "signal_every"),
             integer_of(cell, "inline_bytes"));
}

static int64_t number_setting(struct mcb_pivot *pivot, const struct numbering *numbering,
                              const json_t *cell)
{
    char key[MCB_PIVOT_KEY_MAX], whole[MCB_PIVOT_KEY_MAX + 40];
    const char *ordering = ordering_of(cell), *route = route_of(cell);
    mcb_pivot_setting_key(cell, key);
    snprintf(whole, sizeof whole, "%s %.16s %.16s", key, ordering ? ordering : "", route);
    int64_t number = number_of(numbering->settings, whole);
    if (number == (int64_t)pivot->setting_count) {
        struct mcb_pivot_setting *setting = &pivot->settings[pivot->setting_count++];
        *setting =
            (struct mcb_pivot_setting){.example = cell, .ordering = ordering, .route = route};
        memcpy(setting->key, key, sizeof key);
        pivot->several_routes |= strcmp(route, pivot->settings[0].route) != 0;
    }
    return number;
}

/* ---- endpoints ---- */

static int64_t number_endpoint(struct mcb_pivot *pivot, const struct numbering *numbering,
                               const json_t *value)
{
    const struct mcb_pivot_endpoint endpoint = {
        .host = mcb_json_text(value, "host"),
        .nic = mcb_json_text(value, "nic"),
        .memory = mcb_json_text(value, "memory"),
        .host_number = (uint32_t)number_of(numbering->hosts, mcb_json_text(value, "host")),
    };
    char key[NAME_KEY_MAX];
    join_names(key, endpoint.host, endpoint.nic, endpoint.memory);
    int64_t number = number_of(numbering->endpoints, key);
    if (number == (int64_t)pivot->endpoint_count)
        pivot->endpoints[pivot->endpoint_count++] = endpoint;
    return number;
}

struct order {
    uint32_t host, nic;
    const char *memory;
    uint32_t number; /* before sorting */
};

static int compare_order(const void *left, const void *right)
{
    const struct order *a = left, *b = right;
    if (a->host != b->host)
        return a->host < b->host ? -1 : 1;
    if (a->nic != b->nic)
        return a->nic < b->nic ? -1 : 1;
    return strverscmp(a->memory, b->memory);
}

/* Brings the endpoints into the order of hosts, NICs and memories, and the cells' numbers along. */
static int sort_endpoints(struct mcb_pivot *pivot, const struct numbering *numbering)
{
    size_t count = pivot->endpoint_count;
    struct order *orders = calloc(count + 1, sizeof *orders);
    struct mcb_pivot_endpoint *sorted = calloc(count + 1, sizeof *sorted);
    uint32_t *new_number = calloc(count + 1, sizeof *new_number);
    int outcome = orders && sorted && new_number ? 0 : -1;
    for (size_t i = 0; outcome == 0 && i < count; i++) {
        const struct mcb_pivot_endpoint *endpoint = &pivot->endpoints[i];
        orders[i] = (struct order){
            endpoint->host_number,
            (uint32_t)number_of_nic(numbering, endpoint->host, endpoint->nic),
            endpoint->memory,
            (uint32_t)i,
        };
    }
    if (outcome == 0) {
        qsort(orders, count, sizeof *orders, compare_order);
        for (size_t i = 0; i < count; i++) {
            sorted[i] = pivot->endpoints[orders[i].number];
            new_number[orders[i].number] = (uint32_t)i;
        }
        for (size_t i = 0; i < pivot->cell_count; i++) {
            pivot->cells[i].initiator = new_number[pivot->cells[i].initiator];
            pivot->cells[i].target = new_number[pivot->cells[i].target];
        }
        memcpy(pivot->endpoints, sorted, count * sizeof *sorted);
    }
    free(new_number);
    free(sorted);
    free(orders);
    return outcome;
}

/* ---- cells ---- */

static int compare_cells(const void *left, const void *right, void *context)
{
    const struct mcb_pivot_cell *a = left, *b = right;
    const struct mcb_pivot_endpoint *endpoints = context;
    const uint32_t keys[][2] = {
        {a->setting, b->setting},
        {endpoints[a->initiator].host_number, endpoints[b->initiator].host_number},
        {endpoints[a->target].host_number, endpoints[b->target].host_number},
        {a->initiator, b->initiator},
        {a->target, b->target},
        {a->position, b->position},
    };
    for (size_t i = 0; i < sizeof keys / sizeof *keys; i++)
        if (keys[i][0] != keys[i][1])
            return keys[i][0] < keys[i][1] ? -1 : 1;
    return 0;
}

static int number_cells(struct mcb_pivot *pivot, const struct numbering *numbering,
                        const json_t *cells)
{
    size_t index;
    json_t *cell;
    json_array_foreach(cells, index, cell)
    {
        int64_t setting = number_setting(pivot, numbering, cell);
        int64_t initiator = number_endpoint(pivot, numbering, json_object_get(cell, "initiator"));
        int64_t target = number_endpoint(pivot, numbering, json_object_get(cell, "target"));
        if (setting < 0 || initiator < 0 || target < 0)
            return -1;
        pivot->cells[pivot->cell_count++] = (struct mcb_pivot_cell){
            cell, (uint32_t)setting, (uint32_t)initiator, (uint32_t)target, (uint32_t)index};
    }
    return 0;
}

static void find_ranges(struct mcb_pivot *pivot)
{
    for (size_t i = 0; i < pivot->cell_count; i++) {
        struct mcb_pivot_setting *setting = &pivot->settings[pivot->cells[i].setting];
        if (setting->count++ == 0)
            setting->first = i;
    }
}

static int fill(struct mcb_pivot *pivot, const struct numbering *numbering, const json_t *document)
{
    const json_t *cells = json_object_get(document, "cells");
    size_t count = json_array_size(cells);
    pivot->cells = calloc(count + 1, sizeof *pivot->cells);
    pivot->settings = calloc(count + 1, sizeof *pivot->settings);
    pivot->endpoints = calloc(2 * count + 1, sizeof *pivot->endpoints);
    if (!pivot->cells || !pivot->settings || !pivot->endpoints)
        return -1;
    number_hosts(numbering, document);
    if (number_cells(pivot, numbering, cells) != 0 || sort_endpoints(pivot, numbering) != 0)
        return -1;
    qsort_r(pivot->cells, pivot->cell_count, sizeof *pivot->cells, compare_cells, pivot->endpoints);
    find_ranges(pivot);
    for (size_t i = 0; i < pivot->endpoint_count; i++)
        pivot->host_count +=
            i == 0 || pivot->endpoints[i].host_number != pivot->endpoints[i - 1].host_number;
    return 0;
}

int mcb_pivot_make(const json_t *document, struct mcb_pivot *pivot, struct mcb_error *error)
{
    struct numbering numbering = {json_object(), json_object(), json_object(), json_object()};
    const json_t *fault = json_object_get(document, "fault");
    struct mcb_pivot made = {.ending = json_is_object(fault) ? fault : NULL};
    int outcome = fill(&made, &numbering, document);
    json_decref(numbering.settings);
    json_decref(numbering.endpoints);
    json_decref(numbering.nics);
    json_decref(numbering.hosts);
    if (outcome != 0) {
        mcb_pivot_release(&made);
        return mcb_error_set(error, MCB_FAULT_HOST_MEMORY, "no memory for the tables");
    }
    *pivot = made;
    return 0;
}

void mcb_pivot_release(struct mcb_pivot *pivot)
{
    free(pivot->endpoints);
    free(pivot->settings);
    free(pivot->cells);
    *pivot = (struct mcb_pivot){0};
}

bool mcb_pivot_is_of_ending(const struct mcb_pivot *pivot, const json_t *cell)
{
    const json_t *fault = json_object_get(cell, "fault");
    return pivot->ending &&
           strcmp(mcb_json_text(fault, "id"), mcb_json_text(pivot->ending, "id")) == 0 &&
           strcmp(mcb_json_text(fault, "detail"), mcb_json_text(pivot->ending, "detail")) == 0;
}

bool mcb_pivot_is_of_gpu(const char *memory)
{
    return strncmp(memory, "cpu:", 4) != 0;
}

bool mcb_pivot_has_gpus(const struct mcb_pivot *pivot, const struct mcb_pivot_setting *setting)
{
    for (size_t i = setting->first; i < setting->first + setting->count; i++)
        if (mcb_pivot_is_of_gpu(pivot->endpoints[pivot->cells[i].initiator].memory) ||
            mcb_pivot_is_of_gpu(pivot->endpoints[pivot->cells[i].target].memory))
            return true;
    return false;
}
