/* SPDX-License-Identifier: Apache-2.0 */
#include "bench/report/ledger_order.h"

#include <stdlib.h>
#include <string.h>

#include "bench/report/ledger_texts.h"
#include "common/json.h"

/* ---- endpoints ---- */

/* Hosts and NICs, numbered in the order of the document; those that are named in cells only come
 * after them. Keys are addresses of texts of the ledger, of which there is but one each. */
struct numbering {
    struct mcb_ledger_texts *hosts, *nics;
};

struct rank {
    uint32_t host, nic;
    const char *memory;
    uint32_t number; /* before sorting */
};

static uint32_t number_host(const struct numbering *numbering, const char *host)
{
    return mcb_ledger_texts_number(numbering->hosts, &host, sizeof host);
}

static uint32_t number_nic(const struct numbering *numbering, const char *host, const char *nic)
{
    const char *const key[] = {host, nic};
    return mcb_ledger_texts_number(numbering->nics, key, sizeof key);
}

static int number_hosts(const struct numbering *numbering, struct mcb_ledger_texts *texts,
                        const json_t *head)
{
    size_t i, j;
    json_t *host, *nic;
    json_array_foreach(json_object_get(head, "hosts"), i, host)
    {
        const char *name = mcb_ledger_texts_keep(texts, mcb_json_text(host, "host"));
        if (!name || number_host(numbering, name) == MCB_LEDGER_NONE)
            return -1;
        json_array_foreach(json_object_get(host, "nics"), j, nic)
        {
            const char *nic_name = mcb_ledger_texts_keep(texts, mcb_json_text(nic, "name"));
            if (!nic_name || number_nic(numbering, name, nic_name) == MCB_LEDGER_NONE)
                return -1;
        }
    }
    return 0;
}

static int compare_ranks(const void *left, const void *right)
{
    const struct rank *a = left, *b = right;
    if (a->host != b->host)
        return a->host < b->host ? -1 : 1;
    if (a->nic != b->nic)
        return a->nic < b->nic ? -1 : 1;
    return strverscmp(a->memory, b->memory);
}

/* The endpoints' ranks, sorted. */
static int rank_endpoints(const struct mcb_ledger *ledger, const struct numbering *numbering,
                          struct rank *ranks)
{
    for (size_t i = 0; i < ledger->endpoint_count; i++) {
        const struct mcb_pivot_endpoint *endpoint = &ledger->endpoints[i];
        ranks[i] = (struct rank){
            .host = number_host(numbering, endpoint->host),
            .nic = number_nic(numbering, endpoint->host, endpoint->nic),
            .memory = endpoint->memory,
            .number = (uint32_t)i,
        };
        if (ranks[i].host == MCB_LEDGER_NONE || ranks[i].nic == MCB_LEDGER_NONE)
            return -1;
    }
    qsort(ranks, ledger->endpoint_count, sizeof *ranks, compare_ranks);
    return 0;
}

/* Puts the endpoints into their order, and brings the cells' numbers along. */
static void place_endpoints(struct mcb_ledger *ledger, const struct rank *ranks,
                            struct mcb_pivot_endpoint *sorted, uint32_t *new_numbers)
{
    for (size_t i = 0; i < ledger->endpoint_count; i++) {
        sorted[i] = ledger->endpoints[ranks[i].number];
        sorted[i].host_number = ranks[i].host;
        new_numbers[ranks[i].number] = (uint32_t)i;
        ledger->host_count += i == 0 || ranks[i].host != ranks[i - 1].host;
    }
    for (size_t i = 0; i < ledger->cell_count; i++) {
        ledger->cells[i].initiator = new_numbers[ledger->cells[i].initiator];
        ledger->cells[i].target = new_numbers[ledger->cells[i].target];
    }
    free(ledger->endpoints);
    ledger->endpoints = sorted;
}

static int sort_endpoints(struct mcb_ledger *ledger, const json_t *head)
{
    const struct numbering numbering = {mcb_ledger_texts_make(), mcb_ledger_texts_make()};
    size_t count = ledger->endpoint_count;
    struct rank *ranks = calloc(count + 1, sizeof *ranks);
    uint32_t *new_numbers = calloc(count + 1, sizeof *new_numbers);
    struct mcb_pivot_endpoint *sorted = calloc(count + 1, sizeof *sorted);
    int outcome = -1;
    if (numbering.hosts && numbering.nics && ranks && new_numbers && sorted &&
        number_hosts(&numbering, ledger->texts, head) == 0 &&
        rank_endpoints(ledger, &numbering, ranks) == 0) {
        place_endpoints(ledger, ranks, sorted, new_numbers);
        sorted = NULL;
        outcome = 0;
    }
    free(sorted);
    free(new_numbers);
    free(ranks);
    mcb_ledger_texts_release(numbering.nics);
    mcb_ledger_texts_release(numbering.hosts);
    return outcome;
}

/* ---- cells ---- */

static int compare_cells(const void *left, const void *right, void *context)
{
    const struct mcb_ledger_cell *a = left, *b = right;
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

static int sort_cells(struct mcb_ledger *ledger)
{
    ledger->places = calloc(ledger->cell_count + 1, sizeof *ledger->places);
    if (!ledger->places)
        return -1;
    if (ledger->cell_count > 0)
        qsort_r(ledger->cells, ledger->cell_count, sizeof *ledger->cells, compare_cells,
                ledger->endpoints);
    for (size_t i = 0; i < ledger->cell_count; i++) {
        struct mcb_pivot_setting *title = &ledger->settings[ledger->cells[i].setting].title;
        if (title->count++ == 0)
            title->first = i;
        ledger->places[ledger->cells[i].position] = (uint32_t)i;
    }
    return 0;
}

int mcb_ledger_order(struct mcb_ledger *ledger, const json_t *head)
{
    return sort_endpoints(ledger, head) == 0 ? sort_cells(ledger) : -1;
}
