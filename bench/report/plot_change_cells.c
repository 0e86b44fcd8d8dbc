/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Endpoints that only a baseline has get the name that their host has in the new result, and stand
 * behind its endpoints there. One that several baselines have is one endpoint.
 */
#include "bench/report/plot_change.h"

#include <stdlib.h>
#include <string.h>

#include "bench/report/environment.h"
#include "bench/report/plot_index.h"

/* An endpoint on its way to its place. */
struct entry {
    struct mcb_pivot_endpoint endpoint;
    uint32_t source, number; /* 0: the new result, n: baseline n - 1; its number there */
};

struct making {
    struct mcb_plot_changes *made;
    const struct mcb_comparison *comparison;
    struct entry *entries;
    size_t entry_count;
    uint32_t **places; /* by source, by endpoint: its number among all */
};

static const struct mcb_ledger *source_at(const struct making *making, size_t source)
{
    return source == 0 ? making->comparison->after : &making->comparison->baselines[source - 1];
}

/* ---- hosts ---- */

/* The number that the new result gives to a host of a baseline. names: what its hosts are called
 * there, by their number. */
static uint32_t host_number(const char *const *names, size_t count, const char *host)
{
    uint32_t number = 0;
    while (number < count && (!names[number] || strcmp(names[number], host) != 0))
        number++;
    return number;
}

/* By host number of the new result, what it is called in a baseline: for free(). NULL: no memory.
 */
static const char **names_before(const struct making *making, const struct mcb_ledger *before)
{
    const struct mcb_comparison *comparison = making->comparison;
    const struct mcb_ledger *after = comparison->after;
    const char **names = calloc(after->host_count + 1, sizeof *names);
    for (size_t i = 0; names && i < after->endpoint_count; i++) {
        const struct mcb_pivot_endpoint *endpoint = &after->endpoints[i];
        if (endpoint->host_number < after->host_count && !names[endpoint->host_number])
            names[endpoint->host_number] = mcb_environment_host_before(
                before->head, after->head, comparison->options.by_rank, endpoint->host);
    }
    return names;
}

static const char *host_name(const struct mcb_ledger *after, uint32_t number, const char *otherwise)
{
    for (size_t i = 0; i < after->endpoint_count; i++)
        if (after->endpoints[i].host_number == number)
            return after->endpoints[i].host;
    return otherwise;
}

/* ---- endpoints ---- */

static void add_new_ones(struct making *making)
{
    const struct mcb_ledger *after = making->comparison->after;
    for (size_t i = 0; i < after->endpoint_count; i++)
        making->entries[making->entry_count++] =
            (struct entry){after->endpoints[i], 0, (uint32_t)i};
}

static int add_baseline(struct making *making, size_t source)
{
    const struct mcb_ledger *after = making->comparison->after;
    const struct mcb_ledger *before = source_at(making, source);
    const char **names = names_before(making, before);
    if (!names)
        return -1;
    for (size_t i = 0; i < before->endpoint_count; i++) {
        struct entry entry = {before->endpoints[i], (uint32_t)source, (uint32_t)i};
        /* Endpoints of one host are neighbours. */
        if (i > 0 && before->endpoints[i].host_number == before->endpoints[i - 1].host_number) {
            const struct entry *last = &making->entries[making->entry_count - 1];
            entry.endpoint.host = last->endpoint.host;
            entry.endpoint.host_number = last->endpoint.host_number;
        } else {
            uint32_t number = host_number(names, after->host_count, entry.endpoint.host);
            entry.endpoint.host_number = number;
            entry.endpoint.host = host_name(after, number, entry.endpoint.host);
        }
        making->entries[making->entry_count++] = entry;
    }
    free(names);
    return 0;
}

static int compare_names(const struct mcb_pivot_endpoint *a, const struct mcb_pivot_endpoint *b)
{
    int order = strcmp(a->host, b->host);
    order = order ? order : strcmp(a->nic, b->nic);
    return order ? order : strcmp(a->memory, b->memory);
}

static int by_name(const void *left, const void *right)
{
    const struct entry *a = left, *b = right;
    int order = compare_names(&a->endpoint, &b->endpoint);
    if (order == 0 && a->source != b->source)
        return a->source < b->source ? -1 : 1;
    return order ? order : (a->number > b->number) - (a->number < b->number);
}

/* Where an endpoint stands: by host, those of the new result first, in their order. */
static int by_place(const void *left, const void *right)
{
    const struct entry *a = left, *b = right;
    if (a->endpoint.host_number != b->endpoint.host_number)
        return a->endpoint.host_number < b->endpoint.host_number ? -1 : 1;
    int order = strcmp(a->endpoint.host, b->endpoint.host);
    if (order == 0 && a->source != b->source)
        return a->source < b->source ? -1 : 1;
    return order ? order : (a->number > b->number) - (a->number < b->number);
}

/* Of entries with one name the first is an endpoint, and all get its number. first_of: room by
 * entry. */
static void number_endpoints(struct making *making, struct entry *firsts)
{
    struct mcb_plot_changes *made = making->made;
    size_t count = 0;
    qsort(making->entries, making->entry_count, sizeof *making->entries, by_name);
    for (size_t i = 0; i < making->entry_count; i++)
        if (i == 0 ||
            compare_names(&making->entries[i - 1].endpoint, &making->entries[i].endpoint) != 0)
            firsts[count++] = making->entries[i];
    qsort(firsts, count, sizeof *firsts, by_place);
    for (size_t i = 0; i < count; i++) {
        made->endpoints[i] = firsts[i].endpoint;
        making->places[firsts[i].source][firsts[i].number] = (uint32_t)i;
    }
    made->endpoint_count = count;
    for (size_t i = 1; i < making->entry_count; i++) {
        const struct entry *one = &making->entries[i - 1], *other = &making->entries[i];
        if (compare_names(&one->endpoint, &other->endpoint) == 0)
            making->places[other->source][other->number] = making->places[one->source][one->number];
    }
}

static int find_endpoints(struct making *making)
{
    const struct mcb_comparison *comparison = making->comparison;
    size_t all = comparison->after->endpoint_count;
    for (size_t i = 0; i < comparison->baseline_count; i++)
        all += comparison->baselines[i].endpoint_count;
    struct entry *firsts = calloc(all + 1, sizeof *firsts);
    making->entries = calloc(all + 1, sizeof *making->entries);
    making->made->endpoints = calloc(all + 1, sizeof *making->made->endpoints);
    int outcome = firsts && making->entries && making->made->endpoints ? 0 : -1;
    if (outcome == 0)
        add_new_ones(making);
    for (size_t i = 0; outcome == 0 && i < comparison->baseline_count; i++)
        outcome = add_baseline(making, i + 1);
    if (outcome == 0)
        number_endpoints(making, firsts);
    free(firsts);
    return outcome;
}

/* ---- cells ---- */

/* The setting of the new result that a row is of; its setting_count: it has none such. */
static size_t setting_of(const struct making *making, const struct mcb_plot_index *index,
                         const struct mcb_comparison_row *row)
{
    const struct mcb_ledger *after = making->comparison->after;
    if (row->after != MCB_LEDGER_NONE)
        return after->cells[row->after].setting;
    const struct mcb_ledger *before = &making->comparison->baselines[row->baseline];
    const struct mcb_ledger_setting *like = &before->settings[before->cells[row->before].setting];
    const struct mcb_ledger_setting *found =
        mcb_plot_index_find(index, like, like->route, like->ordering);
    return found ? (size_t)(found - after->settings) : after->setting_count;
}

static struct mcb_plot_change_cell cell_of(const struct making *making,
                                           const struct mcb_comparison_row *row)
{
    bool is_new = row->after != MCB_LEDGER_NONE;
    size_t source = is_new ? 0 : row->baseline + 1;
    const struct mcb_ledger_cell *cell =
        &source_at(making, source)->cells[is_new ? row->after : row->before];
    return (struct mcb_plot_change_cell){row, making->places[source][cell->initiator],
                                         making->places[source][cell->target]};
}

static int sort_rows(struct making *making, const struct mcb_plot_index *index)
{
    const struct mcb_comparison *comparison = making->comparison;
    struct mcb_plot_changes *made = making->made;
    size_t settings = comparison->after->setting_count;
    uint32_t *setting = calloc(comparison->row_count + 1, sizeof *setting);
    made->cells = calloc(comparison->row_count + 1, sizeof *made->cells);
    made->first = calloc(settings + 3, sizeof *made->first);
    if (!setting || !made->cells || !made->first) {
        free(setting);
        return -1;
    }
    /* Counted two places further on, so that filling moves each to where it belongs. */
    for (size_t i = 0; i < comparison->row_count; i++) {
        setting[i] = (uint32_t)setting_of(making, index, &comparison->rows[i]);
        made->first[setting[i] + 2]++;
    }
    for (size_t i = 2; i < settings + 3; i++)
        made->first[i] += made->first[i - 1];
    for (size_t i = 0; i < comparison->row_count; i++)
        made->cells[made->first[setting[i] + 1]++] = cell_of(making, &comparison->rows[i]);
    free(setting);
    return 0;
}

/* ---- all of it ---- */

static int make_places(struct making *making)
{
    size_t sources = making->comparison->baseline_count + 1;
    making->places = calloc(sources, sizeof *making->places);
    if (!making->places)
        return -1;
    for (size_t i = 0; i < sources; i++) {
        making->places[i] =
            calloc(source_at(making, i)->endpoint_count + 1, sizeof *making->places[i]);
        if (!making->places[i])
            return -1;
    }
    return 0;
}

static void making_release(struct making *making)
{
    for (size_t i = 0; making->places && i <= making->comparison->baseline_count; i++)
        free(making->places[i]);
    free(making->places);
    free(making->entries);
}

static int make(struct making *making, struct mcb_error *error)
{
    struct mcb_plot_index index;
    if (mcb_plot_index_make(making->comparison->after, &index, error) != 0)
        return -1;
    bool whole =
        make_places(making) == 0 && find_endpoints(making) == 0 && sort_rows(making, &index) == 0;
    mcb_plot_index_release(&index);
    return whole ? 0 : mcb_error_set(error, MCB_FAULT_HOST_MEMORY, "no memory for a picture");
}

int mcb_plot_changes_make(const struct mcb_comparison *comparison, struct mcb_plot_changes *changes,
                          struct mcb_error *error)
{
    struct mcb_plot_changes made = {.comparison = comparison};
    struct making making = {.made = &made, .comparison = comparison};
    int outcome = make(&making, error);
    making_release(&making);
    if (outcome == 0)
        *changes = made;
    else
        mcb_plot_changes_release(&made);
    return outcome;
}

void mcb_plot_changes_release(struct mcb_plot_changes *changes)
{
    free(changes->first);
    free(changes->cells);
    free(changes->endpoints);
    *changes = (struct mcb_plot_changes){.endpoints = NULL};
}
