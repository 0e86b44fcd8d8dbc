/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Memory of GPUs beside that of the host between the same NICs, under the same setting and
 * ordering: the cells of the route through host memory, or those of host memory itself.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench/report/suspects_search.h"
#include "common/json.h"
#include "common/text.h"

#define GPU_OF_HOST 0.7

static double bandwidth_of(const struct mcb_pivot_cell *cell, const char *which)
{
    return json_number_value(json_object_get(json_object_get(cell->cell, "bandwidth_gbps"), which));
}

static bool is_measured(const struct mcb_pivot_cell *cell)
{
    return mcb_suspects_is(cell, "ok") && bandwidth_of(cell, "median") > 0;
}

static bool has_gpu(const struct mcb_suspects_search *search, const struct mcb_pivot_cell *cell)
{
    const struct mcb_pivot_endpoint *ends = search->pivot->endpoints;
    return mcb_pivot_is_of_gpu(ends[cell->initiator].memory) ||
           mcb_pivot_is_of_gpu(ends[cell->target].memory);
}

/* ---- the cell of the host ---- */

enum { KEY_MAX = MCB_PIVOT_KEY_MAX + 96 };

/* All of a cell but its memories and its route. */
static char *key_of(const struct mcb_suspects_search *search, const struct mcb_pivot_cell *cell,
                    char key[KEY_MAX])
{
    const struct mcb_pivot_setting *setting = &search->pivot->settings[cell->setting];
    snprintf(key, KEY_MAX, "%s|%.16s|%u|%u", setting->key,
             setting->ordering ? setting->ordering : "", search->nics[cell->initiator],
             search->nics[cell->target]);
    return key;
}

/* Host memory that stands in for a GPU's before host memory of its own; then the faster. */
static bool is_better(const struct mcb_suspects_search *search, const struct mcb_pivot_cell *cell,
                      const struct mcb_pivot_cell *than)
{
    const struct mcb_pivot_setting *settings = search->pivot->settings;
    bool own = strcmp(settings[cell->setting].route, "host") == 0,
         other = strcmp(settings[than->setting].route, "host") == 0;
    return own != other ? own : bandwidth_of(cell, "median") > bandwidth_of(than, "median");
}

/* The best one of each key: key to place in the pivot. New reference; NULL. */
static json_t *index_hosts(const struct mcb_suspects_search *search)
{
    char key[KEY_MAX];
    json_t *index = json_object();
    int failed = index ? 0 : -1;
    for (size_t i = 0; i < search->pivot->cell_count && failed == 0; i++) {
        const struct mcb_pivot_cell *cell = &search->pivot->cells[i];
        if (!is_measured(cell) || has_gpu(search, cell))
            continue;
        const json_t *known = json_object_get(index, key_of(search, cell, key));
        if (known && !is_better(search, cell, &search->pivot->cells[json_integer_value(known)]))
            continue;
        failed = json_object_set_new(index, key, json_integer((json_int_t)i));
    }
    if (failed == 0)
        return index;
    json_decref(index);
    return NULL;
}

static const struct mcb_pivot_cell *host_cell(const struct mcb_suspects_search *search,
                                              const json_t *index,
                                              const struct mcb_pivot_cell *cell)
{
    char key[KEY_MAX];
    const json_t *known = json_object_get(index, key_of(search, cell, key));
    return known ? &search->pivot->cells[json_integer_value(known)] : NULL;
}

/* ---- evidence ---- */

/* "", or the distance of a GPU from the NIC that it was measured with. */
static const char *distance_of(const struct mcb_suspects_search *search, uint32_t endpoint)
{
    const struct mcb_pivot_endpoint *of = &search->pivot->endpoints[endpoint];
    const json_t *host, *gpu, *hosts = json_object_get(search->document, "hosts");
    size_t i, k;
    json_array_foreach(hosts, i, host)
    {
        if (strcmp(mcb_json_text(host, "host"), of->host) != 0)
            continue;
        json_array_foreach(json_object_get(host, "gpus"), k, gpu)
        {
            if (strcmp(mcb_json_text(gpu, "name"), of->memory) == 0)
                return mcb_json_text(json_object_get(gpu, "distances"), of->nic);
        }
    }
    return "";
}

static void say_distances(const struct mcb_suspects_search *search,
                          const struct mcb_pivot_cell *cell, struct mcb_suspects_text *text)
{
    const uint32_t ends[] = {cell->initiator, cell->target};
    for (size_t i = 0; i < 2; i++) {
        const char *distance = distance_of(search, ends[i]);
        char label[MCB_SUSPECTS_LABEL / 2];
        if (*distance && (i == 0 || ends[0] != ends[1]))
            mcb_suspects_say(text, "; %s is at distance %.8s",
                             mcb_suspects_nic(search, ends[i], true, label), distance);
    }
}

/* Whether relaxed ordering was on, and what the same path gave with another. */
static void say_ordering(const struct mcb_suspects_search *search,
                         const struct mcb_pivot_cell *cell, struct mcb_suspects_text *text)
{
    const struct mcb_pivot *pivot = search->pivot;
    const char *effective =
        mcb_json_text(json_object_get(cell->cell, "relaxed_ordering"), "effective");
    const struct mcb_pivot_setting *own = &pivot->settings[cell->setting];
    char number[MCB_TEXT_NUMBER_MAX];
    if (!own->ordering)
        return;
    mcb_suspects_say(text, "; relaxed ordering %.8s (effective %.8s)", own->ordering, effective);
    for (size_t i = 0; i < pivot->cell_count; i++) {
        const struct mcb_pivot_cell *other = &pivot->cells[i];
        const struct mcb_pivot_setting *setting = &pivot->settings[other->setting];
        if (other->setting == cell->setting || other->initiator != cell->initiator ||
            other->target != cell->target || !is_measured(other) || !setting->ordering ||
            strcmp(setting->key, own->key) != 0 || strcmp(setting->route, own->route) != 0)
            continue;
        mcb_suspects_say(text, ", with %.8s %s Gbit/s", setting->ordering,
                         mcb_text_number(bandwidth_of(other, "median"), number));
    }
}

/* Warnings of the document that name a fault of the PCI tree. */
static void say_pci(const struct mcb_suspects_search *search, struct mcb_suspects_text *text)
{
    const json_t *warnings = json_object_get(search->document, "warnings"), *warning;
    size_t i;
    json_array_foreach(warnings, i, warning)
    {
        const char *words = json_string_value(warning);
        const char *id = words ? strstr(words, "MCB-PCI-") : NULL;
        if (id)
            mcb_suspects_say(text, "; warned of: %.11s", id);
    }
}

/* ---- findings ---- */

/* Staging is slower by its nature: it counts where it is all that there is, and on hardware. */
static bool counts(const struct mcb_suspects_search *search, const struct mcb_pivot_cell *cell)
{
    const struct mcb_pivot *pivot = search->pivot;
    const struct mcb_pivot_setting *own = &pivot->settings[cell->setting];
    if (!is_measured(cell) || !has_gpu(search, cell))
        return false;
    if (strcmp(own->route, "staged") != 0)
        return true;
    for (size_t s = 0; s < pivot->setting_count; s++) {
        const struct mcb_pivot_setting *setting = &pivot->settings[s];
        if (strcmp(setting->route, "direct") != 0 || strcmp(setting->key, own->key) != 0)
            continue;
        for (size_t i = setting->first; i < setting->first + setting->count; i++)
            if (is_measured(&pivot->cells[i]) && has_gpu(search, &pivot->cells[i]))
                return false;
    }
    return json_is_number(json_object_get(cell->cell, "ceiling_gbps"));
}

static int add_setting(struct mcb_suspects_search *search, const json_t *index, const size_t *cells,
                       size_t count, size_t of, struct mcb_error *error)
{
    const struct mcb_pivot_cell *worst = NULL, *beside = NULL;
    double least = GPU_OF_HOST;
    char path[MCB_SUSPECTS_LABEL], own[MCB_TEXT_NUMBER_MAX], other[MCB_TEXT_NUMBER_MAX];
    struct mcb_suspects_text text = {.length = 0};
    for (size_t i = 0; i < count; i++) {
        const struct mcb_pivot_cell *cell = &search->pivot->cells[cells[i]];
        const struct mcb_pivot_cell *host = host_cell(search, index, cell);
        double ratio = bandwidth_of(cell, "median") / bandwidth_of(host, "median");
        if (!worst || ratio < least) {
            worst = cell;
            beside = host;
            least = ratio;
        }
    }
    const char *route = search->pivot->settings[worst->setting].route;
    if (of > 1)
        mcb_suspects_say(&text, "%zu of %zu paths of GPUs are slow%s; the worst, ", count, of,
                         strcmp(route, "staged") == 0 ? " through staging" : "");
    mcb_suspects_say(&text,
                     "%s%s: %s Gbit/s, %.0f %% of the %s Gbit/s between host memories of the same "
                     "NICs",
                     mcb_suspects_path(search, worst, path),
                     of == 1 && strcmp(route, "staged") == 0 ? " through staging" : "",
                     mcb_text_number(bandwidth_of(worst, "median"), own), 100 * least,
                     mcb_text_number(bandwidth_of(beside, "median"), other));
    say_ordering(search, worst, &text);
    say_distances(search, worst, &text);
    say_pci(search, &text);
    return mcb_suspects_add(search, MCB_FAULT_PERF_GPU, 1 / least, cells, count, text.text, error);
}

int mcb_suspects_find_gpus(struct mcb_suspects_search *search, struct mcb_error *error)
{
    const struct mcb_pivot *pivot = search->pivot;
    size_t *cells = calloc(pivot->cell_count + 1, sizeof *cells);
    json_t *index = index_hosts(search);
    int status = cells && index
                     ? 0
                     : mcb_error_set(error, MCB_FAULT_HOST_MEMORY, "no memory for the findings");
    for (size_t s = 0; s < pivot->setting_count && status == 0; s++) {
        const struct mcb_pivot_setting *setting = &pivot->settings[s];
        size_t count = 0, of = 0;
        for (size_t i = setting->first; i < setting->first + setting->count; i++) {
            const struct mcb_pivot_cell *cell = &pivot->cells[i];
            if (!counts(search, cell))
                continue;
            const struct mcb_pivot_cell *host = host_cell(search, index, cell);
            of += host != NULL;
            /* The better end of the one against the worse end of the other. */
            if (host && bandwidth_of(cell, "high") < GPU_OF_HOST * bandwidth_of(host, "low"))
                cells[count++] = i;
        }
        if (count > 0)
            status = add_setting(search, index, cells, count, of, error);
    }
    json_decref(index);
    free(cells);
    return status;
}
