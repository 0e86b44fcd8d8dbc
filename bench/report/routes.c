/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Direct and staged cells of a path have the same two endpoints. Those of route host lie between
 * the bounce buffers, and the bounce buffers of several GPUs beside one NIC have one name: such
 * cells look alike. They are in the document in the order of their paths, as are the direct and
 * staged ones, so each goes to the first path between these bounce buffers that has none yet. Paths
 * between host memories know no other route than the direct one, and have no row.
 */

#include "bench/report/routes_rows.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/json.h"

static const char *const route_names[] = {"direct", "staged", "host"};

enum { KEY_MAX = 1536 };

struct making {
    struct mcb_routes *made;
    const struct mcb_pivot *pivot;
    uint32_t *bounces; /* by endpoint: the one that its bounce buffer is; itself if it has none */
    json_t *block_numbers; /* setting to block */
    json_t *row_numbers;   /* block and endpoints to row */
    json_t *waiting; /* block and bounce buffers to the first row without a host cell, or -1 */
    json_t *last;    /* block and bounce buffers to the last row */
};

/* ---- who belongs together ---- */

static char *endpoint_key(const char *host, const char *nic, const char *memory, char key[KEY_MAX])
{
    snprintf(key, KEY_MAX, "%zu:%.1020s,%zu:%.252s,%.31s", strlen(host), host, strlen(nic), nic,
             memory);
    return key;
}

/* Links the endpoints of one host with those of their bounce buffers. numbers: key to endpoint. */
static void link_bounces(struct making *making, const json_t *numbers, const json_t *host)
{
    size_t index;
    json_t *endpoint;
    char key[KEY_MAX];
    const char *name = mcb_json_text(host, "host");
    json_array_foreach(json_object_get(host, "endpoints"), index, endpoint)
    {
        const char *nic = mcb_json_text(endpoint, "nic");
        const json_t *own = json_object_get(
            numbers, endpoint_key(name, nic, mcb_json_text(endpoint, "memory"), key));
        const json_t *bounce = json_object_get(
            numbers, endpoint_key(name, nic, mcb_json_text(endpoint, "bounce"), key));
        if (own && bounce)
            making->bounces[json_integer_value(own)] = (uint32_t)json_integer_value(bounce);
    }
}

static int find_bounces(struct making *making, const json_t *document)
{
    const struct mcb_pivot *pivot = making->pivot;
    json_t *numbers = json_object(), *host;
    size_t index;
    char key[KEY_MAX];
    int outcome = numbers ? 0 : -1;
    for (size_t i = 0; i < pivot->endpoint_count; i++) {
        const struct mcb_pivot_endpoint *endpoint = &pivot->endpoints[i];
        endpoint_key(endpoint->host, endpoint->nic, endpoint->memory, key);
        outcome |= json_object_set_new(numbers, key, json_integer((json_int_t)i));
        making->bounces[i] = (uint32_t)i;
    }
    json_array_foreach(json_object_get(document, "hosts"), index, host)
        link_bounces(making, numbers, host);
    json_decref(numbers);
    return outcome;
}

static int find_route(const char *name)
{
    int route = 0;
    while (route < MCB_ROUTES_COUNT && strcmp(route_names[route], name) != 0)
        route++;
    return route;
}

/* The block of a setting; -1: no memory. */
static int64_t find_block(struct making *making, const struct mcb_pivot_setting *setting)
{
    char key[MCB_PIVOT_KEY_MAX + 24];
    snprintf(key, sizeof key, "%s %.16s", setting->key, setting->ordering ? setting->ordering : "");
    const json_t *known = json_object_get(making->block_numbers, key);
    if (known)
        return json_integer_value(known);
    size_t number = making->made->block_count++;
    making->made->blocks[number] = (struct mcb_routes_block){
        .setting = setting,
        .latency = strcmp(mcb_json_text(setting->example, "measure"), "latency") == 0,
    };
    return json_object_set_new(making->block_numbers, key, json_integer((json_int_t)number)) == 0
               ? (int64_t)number
               : -1;
}

static int64_t number_in(const json_t *map, const char *key)
{
    const json_t *known = json_object_get(map, key);
    return known ? json_integer_value(known) : -1;
}

static int set_number(json_t *map, const char *key, int64_t number)
{
    return json_object_set_new(map, key, json_integer(number));
}

static bool has_gpu(const struct making *making, const struct mcb_pivot_cell *cell)
{
    const struct mcb_pivot_endpoint *endpoints = making->pivot->endpoints;
    return mcb_pivot_is_of_gpu(endpoints[cell->initiator].memory) ||
           mcb_pivot_is_of_gpu(endpoints[cell->target].memory);
}

static void pair_key(char key[KEY_MAX], int64_t block, uint32_t initiator, uint32_t target)
{
    snprintf(key, KEY_MAX, "%" PRId64 " %" PRIu32 " %" PRIu32, block, initiator, target);
}

/* Adds a row to those between its bounce buffers. Returns its number; -1: no memory. */
static int64_t add_row(struct making *making, int64_t block, const struct mcb_pivot_cell *cell)
{
    char group[KEY_MAX], own[KEY_MAX];
    int64_t number = (int64_t)making->made->row_count++;
    making->made->rows[number] = (struct mcb_routes_row){
        .block = (uint32_t)block, .initiator = cell->initiator, .target = cell->target, .next = -1};
    pair_key(own, block, cell->initiator, cell->target);
    pair_key(group, block, making->bounces[cell->initiator], making->bounces[cell->target]);
    int64_t last = number_in(making->last, group);
    if (last >= 0)
        making->made->rows[last].next = number;
    int outcome =
        set_number(making->row_numbers, own, number) | set_number(making->last, group, number);
    if (number_in(making->waiting, group) < 0)
        outcome |= set_number(making->waiting, group, number);
    return outcome == 0 ? number : -1;
}

/* The row of a cell; -1: no memory; -2: it is of none. */
static int64_t find_row(struct making *making, int64_t block, enum mcb_routes_route route,
                        const struct mcb_pivot_cell *cell)
{
    char key[KEY_MAX];
    pair_key(key, block, cell->initiator, cell->target);
    if (route != MCB_ROUTES_HOST && !has_gpu(making, cell))
        return -2;
    if (route != MCB_ROUTES_HOST) {
        int64_t number = number_in(making->row_numbers, key);
        return number >= 0 ? number : add_row(making, block, cell);
    }
    int64_t number = number_in(making->waiting, key);
    if (number < 0)
        return -2;
    return set_number(making->waiting, key, making->made->rows[number].next) == 0 ? number : -1;
}

static int take_cell(struct making *making, const struct mcb_pivot_cell *cell)
{
    const struct mcb_pivot_setting *setting = &making->pivot->settings[cell->setting];
    int route = find_route(setting->route);
    if (route == MCB_ROUTES_COUNT)
        return 0;
    int64_t block = find_block(making, setting);
    int64_t row = block < 0 ? -1 : find_row(making, block, (enum mcb_routes_route)route, cell);
    if (row >= 0)
        making->made->rows[row].cells[route] = cell;
    return row == -1 ? -1 : 0;
}

/* In the order of the document. */
static int take_cells(struct making *making)
{
    const struct mcb_pivot *pivot = making->pivot;
    const struct mcb_pivot_cell **order = calloc(pivot->cell_count + 1, sizeof *order);
    int outcome = order ? 0 : -1;
    for (size_t i = 0; outcome == 0 && i < pivot->cell_count; i++)
        order[pivot->cells[i].position] = &pivot->cells[i];
    for (size_t i = 0; outcome == 0 && i < pivot->cell_count; i++)
        outcome = take_cell(making, order[i]);
    free(order);
    return outcome;
}

static int compare_rows(const void *left, const void *right)
{
    const struct mcb_routes_row *a = left, *b = right;
    const uint32_t keys[][2] = {
        {a->block, b->block}, {a->initiator, b->initiator}, {a->target, b->target}};
    for (size_t i = 0; i < sizeof keys / sizeof *keys; i++)
        if (keys[i][0] != keys[i][1])
            return keys[i][0] < keys[i][1] ? -1 : 1;
    return 0;
}

static void sort_rows(struct mcb_routes *made)
{
    qsort(made->rows, made->row_count, sizeof *made->rows, compare_rows);
    for (size_t i = 0; i < made->row_count; i++) {
        struct mcb_routes_block *block = &made->blocks[made->rows[i].block];
        if (block->count++ == 0)
            block->first = i;
        for (int route = 0; route < MCB_ROUTES_COUNT; route++)
            block->has[route] |= made->rows[i].cells[route] != NULL;
    }
}

static int fill(struct making *making, const json_t *document)
{
    if (!making->bounces || !making->made->rows || !making->made->blocks ||
        !making->block_numbers || !making->row_numbers || !making->waiting || !making->last)
        return -1;
    if (find_bounces(making, document) != 0 || take_cells(making) != 0)
        return -1;
    sort_rows(making->made);
    return 0;
}

int mcb_routes_make(const json_t *document, const struct mcb_pivot *pivot,
                    struct mcb_routes *routes, struct mcb_error *error)
{
    struct mcb_routes made = {
        .pivot = pivot,
        .rows = calloc(pivot->cell_count + 1, sizeof *made.rows),
        .blocks = calloc(pivot->setting_count + 1, sizeof *made.blocks),
    };
    struct making making = {
        .made = &made,
        .pivot = pivot,
        .bounces = calloc(pivot->endpoint_count + 1, sizeof *making.bounces),
        .block_numbers = json_object(),
        .row_numbers = json_object(),
        .waiting = json_object(),
        .last = json_object(),
    };
    int outcome = fill(&making, document);
    json_decref(making.last);
    json_decref(making.waiting);
    json_decref(making.row_numbers);
    json_decref(making.block_numbers);
    free(making.bounces);
    if (outcome == 0) {
        *routes = made;
        return 0;
    }
    mcb_routes_release(&made);
    return mcb_error_set(error, MCB_FAULT_HOST_MEMORY, "no memory for the tables");
}

size_t mcb_routes_host_cells(const struct mcb_routes *routes,
                             const struct mcb_pivot_setting *setting)
{
    size_t count = 0;
    for (size_t i = 0; i < routes->row_count; i++) {
        const struct mcb_pivot_cell *cell = routes->rows[i].cells[MCB_ROUTES_HOST];
        count += cell && &routes->pivot->settings[cell->setting] == setting;
    }
    return count;
}

void mcb_routes_release(struct mcb_routes *routes)
{
    free(routes->blocks);
    free(routes->rows);
    *routes = (struct mcb_routes){.rows = NULL};
}
