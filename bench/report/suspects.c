/* SPDX-License-Identifier: Apache-2.0 */
#include "bench/report/suspects.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench/report/notes.h"
#include "bench/report/slow.h"
#include "bench/report/suspects_search.h"
#include "common/json.h"
#include "common/text.h"

enum { PRINTED_MOST = 8 };

static int fail_memory(struct mcb_error *error)
{
    return mcb_error_set(error, MCB_FAULT_HOST_MEMORY, "no memory for the findings");
}

/* ---- for the parts ---- */

void mcb_suspects_say(struct mcb_suspects_text *text, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    int added =
        vsnprintf(text->text + text->length, sizeof text->text - text->length, format, arguments);
    va_end(arguments);
    if (added > 0)
        text->length += (size_t)added;
    if (text->length >= sizeof text->text)
        text->length = sizeof text->text - 1;
}

static int compare_places(const void *left, const void *right)
{
    size_t a = *(const size_t *)left, b = *(const size_t *)right;
    return a < b ? -1 : a > b;
}

int mcb_suspects_add(struct mcb_suspects_search *search, enum mcb_fault_code fault, double weight,
                     const size_t *cells, size_t count, const char *evidence,
                     struct mcb_error *error)
{
    struct mcb_suspects *found = search->found;
    for (size_t i = 0; i < count; i++)
        search->explained[cells[i]] = true;
    if (found->count == MCB_SUSPECTS_MAX)
        return 0;
    struct mcb_suspect *suspect = &found->list[found->count];
    *suspect = (struct mcb_suspect){.weight = weight, .cell_count = count};
    suspect->cells = calloc(count, sizeof *suspect->cells);
    if (!suspect->cells)
        return fail_memory(error);
    for (size_t i = 0; i < count; i++)
        suspect->cells[i] = search->pivot->cells[cells[i]].position;
    qsort(suspect->cells, count, sizeof *suspect->cells, compare_places);
    mcb_error_write(&suspect->error, fault, "%s", evidence);
    found->count++;
    return 0;
}

char *mcb_suspects_nic(const struct mcb_suspects_search *search, uint32_t endpoint, bool memory,
                       char text[MCB_SUSPECTS_LABEL / 2])
{
    const struct mcb_pivot_endpoint *of = &search->pivot->endpoints[endpoint];
    bool tell = memory && mcb_pivot_is_of_gpu(of->memory);
    char host[100], nic[65], memory_name[24]; /* cut at a character */
    snprintf(text, MCB_SUSPECTS_LABEL / 2, "%s/%s%s%s", mcb_text_clean(of->host, host, sizeof host),
             mcb_text_clean(of->nic, nic, sizeof nic), tell ? "/" : "",
             tell ? mcb_text_clean(of->memory, memory_name, sizeof memory_name) : "");
    return text;
}

char *mcb_suspects_path(const struct mcb_suspects_search *search, const struct mcb_pivot_cell *cell,
                        char text[MCB_SUSPECTS_LABEL])
{
    char ends[2][MCB_SUSPECTS_LABEL / 2];
    snprintf(text, MCB_SUSPECTS_LABEL, "%s → %s",
             mcb_suspects_nic(search, cell->initiator, true, ends[0]),
             mcb_suspects_nic(search, cell->target, true, ends[1]));
    return text;
}

const json_t *mcb_suspects_facts(const struct mcb_suspects_search *search, uint32_t endpoint,
                                 int *place)
{
    const struct mcb_pivot_endpoint *of = &search->pivot->endpoints[endpoint];
    const json_t *hosts = json_object_get(search->document, "hosts"), *host, *nic;
    size_t i, k;
    json_array_foreach(hosts, i, host)
    {
        if (strcmp(mcb_json_text(host, "host"), of->host) != 0)
            continue;
        json_array_foreach(json_object_get(host, "nics"), k, nic)
        {
            if (strcmp(mcb_json_text(nic, "name"), of->nic) != 0)
                continue;
            *place = (int)k;
            return nic;
        }
    }
    return NULL;
}

bool mcb_suspects_is(const struct mcb_pivot_cell *cell, const char *status)
{
    return strcmp(mcb_json_text(cell->cell, "status"), status) == 0;
}

/* ---- the whole ---- */

/* Endpoints of one NIC with several memories have one number: that of the first. */
static void number_nics(const struct mcb_pivot *pivot, uint32_t *nics)
{
    for (uint32_t i = 0; i < pivot->endpoint_count; i++) {
        const struct mcb_pivot_endpoint *own = &pivot->endpoints[i];
        nics[i] = i;
        for (uint32_t k = i; k-- > 0 && pivot->endpoints[k].host_number == own->host_number;)
            if (strcmp(pivot->endpoints[k].nic, own->nic) == 0)
                nics[i] = k;
    }
}

/* The larger weight first; of equal ones, as they were found. */
static void sort_by_weight(struct mcb_suspects *suspects)
{
    for (size_t i = 1; i < suspects->count; i++) {
        struct mcb_suspect moved = suspects->list[i];
        size_t at = i;
        for (; at > 0 && suspects->list[at - 1].weight < moved.weight; at--)
            suspects->list[at] = suspects->list[at - 1];
        suspects->list[at] = moved;
    }
}

static int find_all(const json_t *document, const struct mcb_pivot *pivot,
                    struct mcb_suspects *suspects, struct mcb_error *error)
{
    struct mcb_suspects_search search = {
        .document = document,
        .pivot = pivot,
        .nics = calloc(pivot->endpoint_count + 1, sizeof *search.nics),
        .explained = calloc(pivot->cell_count + 1, sizeof *search.explained),
        .tallies = calloc(1, mcb_suspects_tallies_bytes((uint32_t)pivot->endpoint_count) + 1),
        .found = suspects,
    };
    int status = -1;
    if (!search.nics || !search.explained || !search.tallies) {
        fail_memory(error);
        goto done;
    }
    number_nics(pivot, search.nics);
    if (mcb_suspects_find_failed(&search, error) == 0 &&
        mcb_suspects_find_gpus(&search, error) == 0 &&
        mcb_suspects_find_paths(&search, error) == 0 && mcb_suspects_find_mtus(&search, error) == 0)
        status = 0;
done:
    free(search.tallies);
    free(search.explained);
    free(search.nics);
    return status;
}

int mcb_suspects_make(const json_t *document, struct mcb_suspects *suspects,
                      struct mcb_error *error)
{
    struct mcb_suspects made = {.list = calloc(MCB_SUSPECTS_MAX, sizeof *made.list)};
    struct mcb_pivot pivot = {0};
    int status = -1;
    if (!made.list)
        return fail_memory(error);
    if (mcb_pivot_make(document, &pivot, error) == 0)
        status = find_all(document, &pivot, &made, error);
    mcb_pivot_release(&pivot);
    if (status != 0) {
        mcb_suspects_release(&made);
        return -1;
    }
    sort_by_weight(&made);
    *suspects = made;
    return 0;
}

void mcb_suspects_release(struct mcb_suspects *suspects)
{
    for (size_t i = 0; i < suspects->count; i++)
        free(suspects->list[i].cells);
    free(suspects->list);
    *suspects = (struct mcb_suspects){0};
}

json_t *mcb_suspects_to_json(const struct mcb_suspects *suspects)
{
    json_t *findings = json_array();
    for (size_t i = 0; i < suspects->count; i++) {
        const struct mcb_suspect *suspect = &suspects->list[i];
        json_t *cells = json_array();
        for (size_t k = 0; k < suspect->cell_count; k++)
            json_array_append_new(cells, json_integer((json_int_t)suspect->cells[k]));
        json_array_append_new(findings, json_pack("{s:o, s:o, s:s}", "fault",
                                                  mcb_json_from_error(&suspect->error), "cells",
                                                  cells, "evidence", suspect->error.detail));
    }
    return findings;
}

/* Of cells that neither failed nor are slow nobody asks for them. */
static int drop_counters(json_t *document, struct mcb_error *error)
{
    struct mcb_pivot pivot = {0};
    int status = mcb_pivot_make(document, &pivot, error);
    json_t *cells = json_object_get(document, "cells");
    for (size_t i = 0; status == 0 && i < pivot.setting_count; i++) {
        const struct mcb_pivot_setting *setting = &pivot.settings[i];
        struct mcb_slow_scale scale;
        status = mcb_slow_scale_make(&pivot, setting, &scale, error);
        for (size_t k = setting->first; status == 0 && k < setting->first + setting->count; k++) {
            const struct mcb_pivot_cell *cell = &pivot.cells[k];
            if (!mcb_suspects_is(cell, "failed") && !mcb_slow_is(&scale, cell->cell))
                json_object_del(json_array_get(cells, cell->position), "counters");
        }
    }
    mcb_pivot_release(&pivot);
    return status;
}

int mcb_suspects_conclude(json_t *document, struct mcb_error *error)
{
    struct mcb_suspects suspects;
    if (drop_counters(document, error) != 0 || mcb_suspects_make(document, &suspects, error) != 0)
        return -1;
    int set = json_object_set_new(document, "findings", mcb_suspects_to_json(&suspects));
    mcb_suspects_release(&suspects);
    return set == 0 ? 0 : fail_memory(error);
}

/* Not told before by another finding. */
static bool is_new(const struct mcb_suspects *suspects, size_t i)
{
    for (size_t k = 0; k < i; k++)
        if (suspects->list[k].error.code == suspects->list[i].error.code)
            return false;
    return !suspects->list[i].repeated;
}

static void print_suspect(const struct mcb_canvas *canvas, const struct mcb_suspect *suspect,
                          bool with_remedy)
{
    struct mcb_error shown = suspect->error;
    if (suspect->repeated)
        mcb_error_blame(&shown, mcb_fault_get(shown.code)->title);
    json_t *fault = mcb_json_from_error(&shown);
    fputs("  ", canvas->out);
    mcb_notes_print_fault(canvas, fault, 2, 5, with_remedy);
    json_decref(fault);
}

int mcb_suspects_print(const struct mcb_canvas *canvas, const json_t *document,
                       struct mcb_error *error)
{
    struct mcb_suspects suspects;
    size_t printed = 0, more = 0;
    if (mcb_suspects_make(document, &suspects, error) != 0)
        return -1;
    for (size_t i = 0; i < suspects.count; i++) {
        const struct mcb_suspect *suspect = &suspects.list[i];
        if (suspect->repeated && suspect->cell_count == 1)
            continue;
        if (printed == PRINTED_MOST) {
            more++;
            continue;
        }
        if (printed++ == 0)
            mcb_canvas_put(canvas, MCB_PAINT_YELLOW, "look here first\n");
        print_suspect(canvas, suspect, is_new(&suspects, i));
    }
    if (more > 0)
        fprintf(canvas->out, "  and %zu more; --json prints them\n", more);
    mcb_suspects_release(&suspects);
    return 0;
}
