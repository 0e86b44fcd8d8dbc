/* SPDX-License-Identifier: Apache-2.0 */
#include "bench/report/prometheus_series.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/json.h"
#include "common/text.h"

enum { VALUE_MAX = 2048 };

struct making {
    const struct mcb_ledger *ledger;
    json_t *seen; /* labels to how many series have them */
    bool failed;  /* no memory; what follows is in vain */
};

/* ---- one text of labels ---- */

struct writing {
    FILE *stream;
    char *text;
    size_t size;
    bool begun; /* a label is there, so that the next follows a comma */
};

/* Clean text has no line feed, which is the third character to escape. */
static void put_escaped(FILE *out, const char *clean)
{
    for (const char *c = clean; *c; c++) {
        if (*c == '\\' || *c == '"')
            fputc('\\', out);
        fputc(*c, out);
    }
}

static void put(struct writing *writing, const char *name, const char *value)
{
    char clean[VALUE_MAX];
    if (!writing->stream || !value || !*value)
        return;
    fprintf(writing->stream, "%s%s=\"", writing->begun ? "," : "", name);
    put_escaped(writing->stream, mcb_text_clean(value, clean, sizeof clean));
    fputc('"', writing->stream);
    writing->begun = true;
}

static void put_number(struct writing *writing, const char *name, uint64_t number)
{
    char text[24];
    snprintf(text, sizeof text, "%" PRIu64, number);
    put(writing, name, text);
}

/* The stream knows where its writing is, so that is not to be copied. */
static void begin(struct writing *writing)
{
    *writing = (struct writing){0};
    writing->stream = open_memstream(&writing->text, &writing->size);
}

/* How many have these labels, this one among them; 0: no memory. */
static json_int_t count_of(json_t *seen, const char *labels)
{
    json_int_t count = json_integer_value(json_object_get(seen, labels)) + 1;
    return json_object_set_new(seen, labels, json_integer(count)) == 0 ? count : 0;
}

/* Ends the text, and with it a series that is in no other's place. The list has room for it. */
static void end(struct making *making, struct writing *writing, struct mcb_prometheus_list *list)
{
    bool written = writing->stream && fflush(writing->stream) == 0;
    json_int_t count = written ? count_of(making->seen, writing->text) : 0;
    if (count > 1)
        put_number(writing, "repeat", (uint64_t)count);
    if (writing->stream && (fclose(writing->stream) != 0 || count == 0)) {
        free(writing->text);
        writing->text = NULL;
    }
    making->failed |= writing->text == NULL;
    list->labels[list->count++] = writing->text;
}

static bool reserve(struct making *making, struct mcb_prometheus_list *list, size_t count)
{
    list->labels = calloc(count + 1, sizeof *list->labels);
    making->failed |= list->labels == NULL;
    return !making->failed;
}

/* ---- of cells ---- */

static void put_end(struct writing *writing, const struct mcb_pivot_endpoint *endpoint,
                    const char *host, const char *nic, const char *memory)
{
    put(writing, host, endpoint->host);
    put(writing, nic, endpoint->nic);
    put(writing, memory, endpoint->memory);
}

static void put_cell(struct writing *writing, const struct mcb_ledger *ledger,
                     const struct mcb_ledger_cell *cell)
{
    const struct mcb_ledger_setting *setting = &ledger->settings[cell->setting];
    put_end(writing, &ledger->endpoints[cell->initiator], "initiator_host", "initiator_nic",
            "initiator_memory");
    put_end(writing, &ledger->endpoints[cell->target], "target_host", "target_nic",
            "target_memory");
    put(writing, "operation", setting->operation);
    put(writing, "measure", setting->measure);
    put_number(writing, "size_bytes", setting->size_bytes);
    put(writing, "directions", setting->bidirectional ? "both" : "one");
    put(writing, "route", setting->route);
    put(writing, "relaxed_ordering", setting->ordering);
    put_number(writing, "qps", setting->qps);
    put_number(writing, "depth", setting->depth);
    put_number(writing, "signal_every", setting->signal_every);
    put_number(writing, "inline_bytes", setting->inline_bytes);
}

static void make_cells(struct making *making, struct mcb_prometheus_list *list)
{
    const struct mcb_ledger *ledger = making->ledger;
    if (!reserve(making, list, ledger->cell_count))
        return;
    for (size_t i = 0; i < ledger->cell_count; i++) {
        struct writing writing;
        begin(&writing);
        put_cell(&writing, ledger, &ledger->cells[i]);
        end(making, &writing, list);
    }
}

/* A path that was not measured any more is known by the baseline that has it. Its last label is
 * what no series of a cell has. */
static void make_absent(struct making *making, const struct mcb_comparison *comparison,
                        struct mcb_prometheus_list *list)
{
    if (!reserve(making, list, comparison ? comparison->row_count : 0))
        return;
    for (size_t i = 0; comparison && i < comparison->row_count; i++) {
        const struct mcb_comparison_row *row = &comparison->rows[i];
        const struct mcb_ledger_cell *cell;
        if (row->after != MCB_LEDGER_NONE || !mcb_comparison_is_regression(comparison, row))
            continue;
        const struct mcb_ledger *ledger = mcb_comparison_ledger(comparison, row, &cell);
        struct writing writing;
        begin(&writing);
        put_cell(&writing, ledger, cell);
        put(&writing, "change", mcb_change_name(row->change));
        end(making, &writing, list);
    }
}

static void make_expectations(struct making *making, const struct mcb_expectations *expectations,
                              struct mcb_prometheus_list *list)
{
    if (!reserve(making, list, expectations ? expectations->count : 0))
        return;
    for (size_t i = 0; expectations && i < expectations->count; i++) {
        struct writing writing;
        begin(&writing);
        put(&writing, "rule", expectations->list[i].rule->text);
        end(making, &writing, list);
    }
}

/* ---- of the run and its hosts ---- */

static void make_run(struct making *making, struct mcb_prometheus_list *list)
{
    const json_t *head = making->ledger->head;
    if (!reserve(making, list, 1))
        return;
    struct writing writing;
    begin(&writing);
    put(&writing, "version", mcb_json_text(json_object_get(head, "tool"), "version"));
    put(&writing, "transport", making->ledger->transport);
    put(&writing, "status", mcb_json_text(head, "status"));
    put(&writing, "stand_in", making->ledger->stand_in ? "true" : "false");
    end(making, &writing, list);
}

/* A label and the member that it is of. */
struct fact {
    const char *label, *member;
};

static const struct fact host_facts[] = {{"kernel", "kernel"}, {"cpu", "cpu"}, {NULL, NULL}};
static const struct fact nic_facts[] = {
    {"nic", "name"},    {"driver", "driver"},           {"firmware", "firmware"},
    {"board", "board"}, {"pci_address", "pci_address"}, {NULL, NULL}};
static const struct fact gpu_facts[] = {{"gpu", "name"},
                                        {"model", "model"},
                                        {"driver", "driver"},
                                        {"runtime", "runtime"},
                                        {"pci_address", "pci_address"},
                                        {NULL, NULL}};

static void make_thing(struct making *making, const char *host, const json_t *thing,
                       const struct fact *facts, struct mcb_prometheus_list *list)
{
    struct writing writing;
    begin(&writing);
    put(&writing, "host", host);
    for (const struct fact *fact = facts; fact->label; fact++)
        put(&writing, fact->label, mcb_json_text(thing, fact->member));
    end(making, &writing, list);
}

/* parts: "nics", "gpus"; NULL: the hosts themselves. */
static void make_things(struct making *making, const char *parts, const struct fact *facts,
                        struct mcb_prometheus_list *list)
{
    const json_t *hosts = json_object_get(making->ledger->head, "hosts");
    size_t i, j, count = json_array_size(hosts);
    json_t *host, *part;
    json_array_foreach(hosts, i, host) count += json_array_size(json_object_get(host, parts));
    if (!reserve(making, list, count))
        return;
    json_array_foreach(hosts, i, host)
    {
        const char *name = mcb_json_text(host, "host");
        if (!parts)
            make_thing(making, name, host, facts, list);
        json_array_foreach(json_object_get(host, parts), j, part)
            make_thing(making, name, part, facts, list);
    }
}

/* ---- all of them ---- */

int mcb_prometheus_series_make(const struct mcb_ledger *ledger,
                               const struct mcb_comparison *comparison,
                               const struct mcb_expectations *expectations,
                               struct mcb_prometheus_series *series, struct mcb_error *error)
{
    struct making making = {.ledger = ledger, .seen = json_object()};
    struct mcb_prometheus_series made = {0};
    making.failed = making.seen == NULL;
    make_run(&making, &made.run);
    make_things(&making, NULL, host_facts, &made.hosts);
    make_things(&making, "nics", nic_facts, &made.nics);
    make_things(&making, "gpus", gpu_facts, &made.gpus);
    make_cells(&making, &made.cells);
    make_expectations(&making, expectations, &made.expectations);
    make_absent(&making, comparison, &made.absent);
    json_decref(making.seen);
    if (making.failed) {
        mcb_prometheus_series_release(&made);
        return mcb_error_set(error, MCB_FAULT_HOST_MEMORY, "no memory for the labels of %zu cells",
                             ledger->cell_count);
    }
    *series = made;
    return 0;
}

static void release(struct mcb_prometheus_list *list)
{
    for (size_t i = 0; i < list->count; i++)
        free(list->labels[i]);
    free(list->labels);
}

void mcb_prometheus_series_release(struct mcb_prometheus_series *series)
{
    struct mcb_prometheus_list *const lists[] = {
        &series->run,   &series->hosts,        &series->nics,  &series->gpus,
        &series->cells, &series->expectations, &series->absent};
    for (size_t i = 0; i < sizeof lists / sizeof *lists; i++)
        release(lists[i]);
    *series = (struct mcb_prometheus_series){0};
}
