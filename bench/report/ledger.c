/* SPDX-License-Identifier: Apache-2.0 */
#include "bench/report/ledger.h"

#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench/report/ledger_build.h"
#include "bench/report/ledger_texts.h"
#include "bench/report/result.h"
#include "bench/report/result_read.h"
#include "bench/report/title.h"
#include "common/text.h"

enum { THREADS_MOST = 7 }; /* beside the calling one */

static int no_memory(struct mcb_error *error)
{
    return mcb_error_set(error, MCB_FAULT_HOST_MEMORY, "no memory for a result");
}

/* ---- made of a document ---- */

/* The document without its cells. New reference; NULL: no memory. */
static json_t *copy_head(const json_t *document)
{
    json_t *head = json_copy((json_t *)document);
    if (head && json_object_set_new(head, "cells", json_array()) == 0)
        return head;
    json_decref(head);
    return NULL;
}

static int add_cells(struct mcb_ledger_build *build, const json_t *cells, struct mcb_error *error)
{
    size_t i;
    json_t *cell;
    json_array_foreach(cells, i, cell) if (mcb_ledger_build_add(build, cell, error) != 0) return -1;
    return 0;
}

static int make(const json_t *document, const char *path, struct mcb_ledger *ledger,
                struct mcb_error *error)
{
    struct mcb_ledger_build *build = mcb_ledger_build_open();
    json_t *head = copy_head(document);
    int outcome = -1;
    if (!build || !head)
        no_memory(error);
    else if (add_cells(build, json_object_get(document, "cells"), error) == 0)
        outcome = mcb_ledger_build_finish(build, path, head, ledger, error);
    if (outcome != 0)
        json_decref(head);
    mcb_ledger_build_release(build);
    return outcome;
}

int mcb_ledger_from_document(const json_t *document, struct mcb_ledger *ledger,
                             struct mcb_error *error)
{
    return make(document, NULL, ledger, error);
}

/* ---- read ---- */

static int add_cell(void *build, json_t *cell, struct mcb_error *error)
{
    return mcb_ledger_build_add(build, cell, error);
}

static int load(const char *path, struct mcb_ledger *ledger, struct mcb_error *error)
{
    struct mcb_ledger_build *build = mcb_ledger_build_open();
    const struct mcb_result_taker taker = {add_cell, build};
    if (!build)
        return no_memory(error);
    json_t *head = mcb_result_read(path, &taker, error);
    int outcome = head ? mcb_ledger_build_finish(build, path, head, ledger, error) : -1;
    if (outcome != 0)
        json_decref(head);
    mcb_ledger_build_release(build);
    return outcome;
}

/* Files are begun in their order, and none after one has failed: so all before it were begun. */
struct loading {
    const char *const *paths;
    struct mcb_ledger *ledgers;
    struct mcb_error *errors; /* of each file */
    size_t count;
    atomic_size_t next;
    atomic_bool failed;
};

static void *load_files(void *context)
{
    struct loading *loading = context;
    while (!loading->failed) {
        size_t file = loading->next++;
        if (file >= loading->count)
            break;
        if (load(loading->paths[file], &loading->ledgers[file], &loading->errors[file]) != 0)
            loading->failed = true;
    }
    return NULL;
}

static size_t count_cpus(void)
{
    cpu_set_t set;
    /* A host with more CPUs than the set has room for has enough. */
    return sched_getaffinity(0, sizeof set, &set) == 0 ? (size_t)CPU_COUNT(&set) : THREADS_MOST;
}

/* This thread reads too; where others cannot be had it reads all. */
static void load_with_threads(struct loading *loading)
{
    pthread_t threads[THREADS_MOST];
    size_t cpus = count_cpus(), started = 0;
    while (started < THREADS_MOST && started + 1 < loading->count && started + 1 < cpus &&
           pthread_create(&threads[started], NULL, load_files, loading) == 0)
        started++;
    load_files(loading);
    while (started > 0)
        pthread_join(threads[--started], NULL);
}

/* Keeps all or nothing. */
static int settle(struct loading *loading, struct mcb_error *error)
{
    size_t first = 0;
    if (!loading->failed)
        return 0;
    while (loading->errors[first].code == MCB_FAULT_NONE)
        first++;
    *error = loading->errors[first];
    for (size_t i = 0; i < loading->count; i++)
        mcb_ledger_release(&loading->ledgers[i]);
    return -1;
}

int mcb_ledger_load(const char *const *paths, size_t count, struct mcb_ledger *ledgers,
                    struct mcb_error *error)
{
    struct loading loading = {.paths = paths, .ledgers = ledgers, .count = count};
    memset(ledgers, 0, count * sizeof *ledgers);
    loading.errors = calloc(count + 1, sizeof *loading.errors);
    if (!loading.errors)
        return no_memory(error);
    load_with_threads(&loading);
    int outcome = settle(&loading, error);
    free(loading.errors);
    return outcome;
}

void mcb_ledger_release(struct mcb_ledger *ledger)
{
    for (size_t i = 0; i < ledger->setting_count; i++)
        json_decref((json_t *)ledger->settings[i].title.example);
    mcb_ledger_texts_release(ledger->texts);
    free(ledger->places);
    free(ledger->trials);
    free(ledger->faults);
    free(ledger->cells);
    free(ledger->endpoints);
    free(ledger->settings);
    json_decref(ledger->head);
    free(ledger->path);
    *ledger = (struct mcb_ledger){0};
}

/* ---- looked at ---- */

const struct mcb_ledger_cell *mcb_ledger_at(const struct mcb_ledger *ledger, size_t position)
{
    return position < ledger->cell_count ? &ledger->cells[ledger->places[position]] : NULL;
}

char *mcb_ledger_path_label(const struct mcb_ledger *ledger, const struct mcb_ledger_cell *cell,
                            char label[MCB_LEDGER_LABEL_MAX])
{
    const struct mcb_pivot_endpoint *initiator = &ledger->endpoints[cell->initiator];
    const struct mcb_pivot_endpoint *target = &ledger->endpoints[cell->target];
    char foreign[4 * MCB_LEDGER_LABEL_MAX]; /* names may be of four bytes a character */
    snprintf(foreign, sizeof foreign, "%s/%s/%s → %s/%s/%s", initiator->host, initiator->nic,
             initiator->memory, target->host, target->nic, target->memory);
    return mcb_text_clean(foreign, label, MCB_LEDGER_LABEL_MAX);
}

char *mcb_ledger_setting_label(const struct mcb_ledger *ledger, size_t setting,
                               char label[MCB_LEDGER_LABEL_MAX])
{
    const struct mcb_ledger_setting *of = &ledger->settings[setting];
    char title[MCB_TITLE_MAX], foreign[MCB_LEDGER_LABEL_MAX], more[2][48] = {"", ""};
    bool routed = ledger->several_routes || strcmp(of->route, "direct") != 0;
    if (ledger->several_signals)
        snprintf(more[0], sizeof more[0], " · signalled every %u", of->signal_every);
    if (ledger->several_inlines)
        snprintf(more[1], sizeof more[1], " · inline up to %u B", of->inline_bytes);
    snprintf(foreign, sizeof foreign, "%s%s%s%s%s%s%s",
             mcb_title_of_setting(&of->title, ledger->transport, title), more[0], more[1],
             of->ordering[0] ? " · relaxed ordering " : "", of->ordering, routed ? " · " : "",
             routed ? mcb_title_of_route(of->route) : "");
    return mcb_text_clean(foreign, label, MCB_LEDGER_LABEL_MAX);
}

const char *mcb_ledger_unit(const struct mcb_ledger_setting *setting)
{
    return setting->latency ? "µs" : "Gbit/s";
}
