/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Whatever repeats from cell to cell (texts, endpoints, settings, faults) gets a number when it
 * first comes. The order of matrices is that of the hosts, which are known only with the head.
 */

#include "bench/report/ledger_build.h"

#include <stdlib.h>
#include <string.h>

#include "bench/report/ledger_order.h"
#include "bench/report/ledger_texts.h"
#include "bench/report/result.h"
#include "common/json.h"

struct mcb_ledger_build {
    struct mcb_ledger made;
    struct mcb_ledger_texts *endpoints, *settings, *faults; /* keys: numbers of texts and figures */
    size_t cell_room, setting_room, endpoint_room, fault_room, trial_room;
    bool out_of_memory; /* at whatever step; looked at after each cell */
};

static int no_memory(struct mcb_error *error)
{
    return mcb_error_set(error, MCB_FAULT_HOST_MEMORY, "no memory for a result");
}

struct mcb_ledger_build *mcb_ledger_build_open(void)
{
    struct mcb_ledger_build *build = calloc(1, sizeof *build);
    if (!build)
        return NULL;
    build->made.texts = mcb_ledger_texts_make();
    build->endpoints = mcb_ledger_texts_make();
    build->settings = mcb_ledger_texts_make();
    build->faults = mcb_ledger_texts_make();
    if (build->made.texts && build->endpoints && build->settings && build->faults)
        return build;
    mcb_ledger_build_release(build);
    return NULL;
}

void mcb_ledger_build_release(struct mcb_ledger_build *build)
{
    if (!build)
        return;
    mcb_ledger_texts_release(build->faults);
    mcb_ledger_texts_release(build->settings);
    mcb_ledger_texts_release(build->endpoints);
    mcb_ledger_release(&build->made);
    free(build);
}

/* ---- what repeats ---- */

/* An array with room for `more` elements after the first `count`; NULL: none to be had, and the old
 * one stays. */
static void *grown(struct mcb_ledger_build *build, void *array, size_t *room, size_t count,
                   size_t more, size_t element_bytes)
{
    if (*room - count >= more)
        return array;
    size_t wanted = 2 * *room > count + more ? 2 * *room : count + more;
    void *larger = realloc(array, wanted * element_bytes);
    if (larger)
        *room = wanted;
    else
        build->out_of_memory = true;
    return larger;
}

static uint32_t number_text(struct mcb_ledger_build *build, const json_t *object, const char *key)
{
    const json_t *value = json_object_get(object, key);
    const char *text = json_string_value(value);
    uint32_t number =
        mcb_ledger_texts_number(build->made.texts, text ? text : "", json_string_length(value));
    build->out_of_memory |= number == MCB_LEDGER_NONE;
    return number;
}

static const char *keep_text(struct mcb_ledger_build *build, const json_t *object, const char *key)
{
    uint32_t number = number_text(build, object, key);
    return number == MCB_LEDGER_NONE ? "" : mcb_ledger_texts_at(build->made.texts, number);
}

static uint32_t number_key(struct mcb_ledger_build *build, struct mcb_ledger_texts *keys,
                           const void *key, size_t size)
{
    uint32_t number = mcb_ledger_texts_number(keys, key, size);
    build->out_of_memory |= number == MCB_LEDGER_NONE;
    return number;
}

static uint32_t number_endpoint(struct mcb_ledger_build *build, const json_t *endpoint)
{
    struct mcb_ledger *made = &build->made;
    const uint32_t key[] = {
        number_text(build, endpoint, "host"),
        number_text(build, endpoint, "nic"),
        number_text(build, endpoint, "memory"),
    };
    uint32_t number = number_key(build, build->endpoints, key, sizeof key);
    if (number != made->endpoint_count)
        return number;
    struct mcb_pivot_endpoint *list =
        grown(build, made->endpoints, &build->endpoint_room, number, 1, sizeof *list);
    if (!list)
        return number;
    made->endpoints = list;
    list[made->endpoint_count++] = (struct mcb_pivot_endpoint){
        .host = keep_text(build, endpoint, "host"),
        .nic = keep_text(build, endpoint, "nic"),
        .memory = keep_text(build, endpoint, "memory"),
    };
    return number;
}

static uint32_t number_fault(struct mcb_ledger_build *build, const json_t *fault)
{
    static const char *const members[] = {"id", "title", "detail", "cause", "fix"};
    struct mcb_ledger *made = &build->made;
    uint32_t key[sizeof members / sizeof *members];
    if (!json_is_object(fault))
        return MCB_LEDGER_NONE;
    for (size_t i = 0; i < sizeof members / sizeof *members; i++)
        key[i] = number_text(build, fault, members[i]);
    uint32_t number = number_key(build, build->faults, key, sizeof key);
    if (number != made->fault_count)
        return number;
    struct mcb_ledger_fault *list =
        grown(build, made->faults, &build->fault_room, number, 1, sizeof *list);
    if (!list)
        return number;
    made->faults = list;
    list[made->fault_count++] = (struct mcb_ledger_fault){
        .id = keep_text(build, fault, "id"),
        .title = keep_text(build, fault, "title"),
        .detail = keep_text(build, fault, "detail"),
        .cause = keep_text(build, fault, "cause"),
        .fix = keep_text(build, fault, "fix"),
    };
    return number;
}

/* ---- settings ---- */

/* What tells one setting from another. No padding: it is a key. */
struct setting_key {
    uint64_t size_bytes;
    uint32_t operation, measure, route, ordering; /* numbers of texts */
    uint32_t bidirectional, qps, depth, signal_every, inline_bytes, unused;
};

static uint32_t small_integer(const json_t *cell, const char *key)
{
    return (uint32_t)json_integer_value(json_object_get(cell, key));
}

static const json_t *ordering_of(const json_t *cell)
{
    return json_object_get(cell, "relaxed_ordering");
}

static struct setting_key setting_key(struct mcb_ledger_build *build, const json_t *cell)
{
    return (struct setting_key){
        .size_bytes = (uint64_t)json_integer_value(json_object_get(cell, "size_bytes")),
        .operation = number_text(build, cell, "operation"),
        .measure = number_text(build, cell, "measure"),
        .route = number_text(build, cell, "route"),
        .ordering = number_text(build, ordering_of(cell), "requested"),
        .bidirectional = json_is_true(json_object_get(cell, "bidirectional")),
        .qps = small_integer(cell, "qps"),
        .depth = small_integer(cell, "depth"),
        .signal_every = small_integer(cell, "signal_every"),
        .inline_bytes = small_integer(cell, "inline_bytes"),
    };
}

/* The members that a title may be made of. New reference. */
static json_t *make_example(const json_t *cell)
{
    static const char *const members[] = {"operation", "measure",       "route",
                                          "qps",       "bidirectional", "size_bytes",
                                          "depth",     "signal_every",  "inline_bytes"};
    json_t *example = json_object();
    for (size_t i = 0; i < sizeof members / sizeof *members; i++)
        json_object_set(example, members[i], json_object_get(cell, members[i]));
    if (json_object_size(example) == sizeof members / sizeof *members)
        return example;
    json_decref(example);
    return NULL;
}

static void add_setting(struct mcb_ledger_build *build, const json_t *cell,
                        const struct setting_key *key)
{
    struct mcb_ledger *made = &build->made;
    struct mcb_ledger_setting *list = grown(build, made->settings, &build->setting_room,
                                            made->setting_count, 1, sizeof *made->settings);
    if (!list)
        return;
    made->settings = list;
    struct mcb_ledger_setting setting = {
        .title.example = make_example(cell),
        .operation = keep_text(build, cell, "operation"),
        .measure = keep_text(build, cell, "measure"),
        .route = keep_text(build, cell, "route"),
        .ordering = keep_text(build, ordering_of(cell), "requested"),
        .latency = strcmp(mcb_json_text(cell, "measure"), "latency") == 0,
        .bidirectional = key->bidirectional,
        .size_bytes = key->size_bytes,
        .qps = key->qps,
        .depth = key->depth,
        .signal_every = key->signal_every,
        .inline_bytes = key->inline_bytes,
    };
    setting.title.ordering = setting.ordering[0] ? setting.ordering : NULL;
    setting.title.route = setting.route;
    mcb_pivot_setting_key(cell, setting.title.key);
    build->out_of_memory |= setting.title.example == NULL;
    list[made->setting_count++] = setting;
    made->several_routes |= strcmp(setting.route, list[0].route) != 0;
    made->several_signals |= setting.signal_every != list[0].signal_every;
    made->several_inlines |= setting.inline_bytes != list[0].inline_bytes;
}

static uint32_t number_setting(struct mcb_ledger_build *build, const json_t *cell)
{
    const struct setting_key key = setting_key(build, cell);
    uint32_t number = number_key(build, build->settings, &key, sizeof key);
    if (number == build->made.setting_count)
        add_setting(build, cell, &key);
    return number;
}

/* ---- figures ---- */

static double number_of(const json_t *object, const char *key)
{
    return json_number_value(json_object_get(object, key));
}

static void add_trials(struct mcb_ledger_build *build, struct mcb_ledger_cell *cell,
                       const json_t *trials)
{
    struct mcb_ledger *made = &build->made;
    size_t count = json_array_size(trials);
    cell->first_trial = (uint32_t)made->trial_count;
    if (count == 0)
        return;
    double *list =
        grown(build, made->trials, &build->trial_room, made->trial_count, count, sizeof *list);
    if (!list)
        return;
    made->trials = list;
    for (size_t i = 0; i < count; i++)
        list[made->trial_count++] = json_number_value(json_array_get(trials, i));
    cell->trial_count = (uint32_t)count;
}

static void take_bandwidth(struct mcb_ledger_build *build, struct mcb_ledger_cell *cell,
                           const json_t *bandwidth)
{
    cell->figure = number_of(bandwidth, "median");
    cell->low = number_of(bandwidth, "low");
    cell->high = number_of(bandwidth, "high");
    add_trials(build, cell, json_object_get(bandwidth, "trials"));
}

static void take_latency(struct mcb_ledger_build *build, struct mcb_ledger_cell *cell,
                         const json_t *latency)
{
    cell->latency = (struct mcb_ledger_latency){
        .min_us = number_of(latency, "min"),
        .p50_us = number_of(latency, "p50"),
        .p90_us = number_of(latency, "p90"),
        .p99_us = number_of(latency, "p99"),
        .p999_us = number_of(latency, "p999"),
        .max_us = number_of(latency, "max"),
        .mean_us = number_of(latency, "mean"),
    };
    cell->figure = cell->low = cell->high = cell->latency.p50_us;
    add_trials(build, cell, json_object_get(latency, "trials"));
    for (size_t i = 0; i < cell->trial_count; i++) {
        double trial = build->made.trials[cell->first_trial + i];
        cell->low = trial < cell->low ? trial : cell->low;
        cell->high = trial > cell->high ? trial : cell->high;
    }
}

/* ---- cells ---- */

static enum mcb_ledger_status status_of(const json_t *cell)
{
    const char *status = mcb_json_text(cell, "status");
    if (strcmp(status, "ok") == 0)
        return MCB_LEDGER_OK;
    return strcmp(status, "failed") == 0 ? MCB_LEDGER_FAILED : MCB_LEDGER_SKIPPED;
}

static struct mcb_ledger_cell read_cell(struct mcb_ledger_build *build, const json_t *cell)
{
    const json_t *bandwidth = json_object_get(cell, "bandwidth_gbps");
    const json_t *latency = json_object_get(cell, "latency_us");
    struct mcb_ledger_cell read = {
        .setting = number_setting(build, cell),
        .initiator = number_endpoint(build, json_object_get(cell, "initiator")),
        .target = number_endpoint(build, json_object_get(cell, "target")),
        .position = (uint32_t)build->made.cell_count,
        .round = small_integer(cell, "round"),
        .fault = number_fault(build, json_object_get(cell, "fault")),
        .first_trial = (uint32_t)build->made.trial_count,
        .status = status_of(cell),
        .method = keep_text(build, cell, "method"),
        .registration = keep_text(build, cell, "registration"),
        .effective = keep_text(build, ordering_of(cell), "effective"),
        .message_rate_mops = number_of(cell, "message_rate_mops"),
        .ceiling_gbps = number_of(cell, "ceiling_gbps"),
        .verified_bytes = number_of(cell, "verified_bytes"),
        .corrupt_bytes = number_of(cell, "corrupt_bytes"),
    };
    if (bandwidth)
        take_bandwidth(build, &read, bandwidth);
    if (latency)
        take_latency(build, &read, latency);
    return read;
}

int mcb_ledger_build_add(struct mcb_ledger_build *build, const json_t *cell,
                         struct mcb_error *error)
{
    struct mcb_ledger *made = &build->made;
    const struct mcb_ledger_cell read = read_cell(build, cell);
    struct mcb_ledger_cell *list =
        grown(build, made->cells, &build->cell_room, made->cell_count, 1, sizeof *list);
    if (list) {
        made->cells = list;
        list[made->cell_count++] = read;
    }
    return build->out_of_memory ? no_memory(error) : 0;
}

int mcb_ledger_build_finish(struct mcb_ledger_build *build, const char *path, json_t *head,
                            struct mcb_ledger *ledger, struct mcb_error *error)
{
    struct mcb_ledger *made = &build->made;
    made->started = keep_text(build, head, "started");
    made->transport = keep_text(build, json_object_get(head, "transport"), "name");
    made->stand_in = mcb_result_is_stand_in(head);
    made->path = path ? strdup(path) : NULL;
    if (build->out_of_memory || (path && !made->path) || mcb_ledger_order(made, head) != 0)
        return no_memory(error);
    made->head = head;
    *ledger = *made;
    *made = (struct mcb_ledger){0};
    return 0;
}
