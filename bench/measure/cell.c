/* SPDX-License-Identifier: Apache-2.0 */
#include "bench/measure/cell.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench/measure/statistics.h"
#include "bench/report/result.h"
#include "common/json.h"

/* Gb/s, millions of messages a second: as bench/report/result_rules.c has them. */
#define RATE_MOST 1e9

static const char *const role_names[] = {"initiator", "target"};
static const char *const visible_members[] = {"initiator_visible_by", "target_visible_by"};

static json_t *corruption_json(const struct mcb_pattern_report *report, enum mcb_role seen_by)
{
    json_t *messages = json_object();
    for (int kind = MCB_CORRUPTION_NONE + 1; kind < MCB_CORRUPTION_KINDS; kind++)
        json_object_set_new(messages, mcb_corruption_name((enum mcb_corruption)kind),
                            json_integer((json_int_t)report->messages[kind]));
    return json_pack(
        "{s:s, s:s, s:I, s:I, s:o, s:o, s:o}", "kind", mcb_corruption_name(report->first_kind),
        "seen_by", role_names[seen_by], "slot", (json_int_t)report->first_slot, "offset_bytes",
        (json_int_t)report->first_offset_bytes, "expected", mcb_json_hex64(report->first_expected),
        "found", mcb_json_hex64(report->first_found), "messages", messages);
}

json_t *mcb_cell_outcome(const struct mcb_active_side *active)
{
    const struct mcb_task *task = &active->task;
    const struct mcb_pattern_report *report = &active->report;
    return json_pack(
        "{s:I, s:I, s:I, s:I, s:I, s:o, s:s}", "window_bytes", (json_int_t)task->window_bytes,
        "window_messages", (json_int_t)task->window_messages, "window_ns",
        (json_int_t)task->window_ns, "checked_bytes", (json_int_t)report->checked_bytes,
        "corrupt_bytes", (json_int_t)report->corrupt_bytes, "corruption",
        report->corrupt_bytes ? corruption_json(report, active->options.role) : json_null(),
        "visible_by", active->visible_by);
}

/* Untrusted, but of the right form: of the messages, the kinds that there are. */
static json_t *copy_corruption(const json_t *value)
{
    const json_t *told = json_object_get(value, "messages");
    json_t *copy = json_copy((json_t *)value), *messages = json_object();
    for (int kind = MCB_CORRUPTION_NONE + 1; kind < MCB_CORRUPTION_KINDS; kind++) {
        const char *name = mcb_corruption_name((enum mcb_corruption)kind);
        json_object_set(messages, name, json_object_get(told, name));
    }
    json_object_set_new(copy, "messages", messages);
    return copy;
}

static int check_corruption(const struct mcb_cell *cell, enum mcb_role role, uint64_t slots,
                            const json_t *corruption, struct mcb_error *error)
{
    size_t stride = mcb_area_stride(cell->settings->size_bytes);
    if (mcb_result_check_corruption(corruption, "corruption", MCB_FAULT_NET_PROTOCOL, error) != 0)
        return -1;
    if (strcmp(mcb_json_text(corruption, "seen_by"), role_names[role]) != 0)
        return mcb_error_set(error, MCB_FAULT_NET_PROTOCOL, "corruption: seen_by: %s was expected",
                             role_names[role]);
    if ((uint64_t)json_integer_value(json_object_get(corruption, "slot")) < slots &&
        (uint64_t)json_integer_value(json_object_get(corruption, "offset_bytes")) < stride)
        return 0;
    return mcb_error_set(error, MCB_FAULT_NET_PROTOCOL,
                         "corruption: it lies outside of the %llu slots of %zu bytes",
                         (unsigned long long)slots, stride);
}

/* Gaps between slots are checked as well, but do not count as checked. */
static int check_verification(const struct mcb_cell *cell, enum mcb_role role, uint64_t slots,
                              const json_t *outcome, struct mcb_error *error)
{
    size_t size = cell->settings->size_bytes;
    uint64_t most = slots * size, gaps = slots * (mcb_area_stride(size) - size);
    uint64_t checked = (uint64_t)json_integer_value(json_object_get(outcome, "checked_bytes"));
    uint64_t corrupt = (uint64_t)json_integer_value(json_object_get(outcome, "corrupt_bytes"));
    if (checked > most)
        return mcb_error_set(error, MCB_FAULT_NET_PROTOCOL,
                             "checked_bytes: %llu; there were %llu to check",
                             (unsigned long long)checked, (unsigned long long)most);
    if (corrupt > checked + gaps)
        return mcb_error_set(error, MCB_FAULT_NET_PROTOCOL,
                             "corrupt_bytes: %llu; only %llu were checked",
                             (unsigned long long)corrupt, (unsigned long long)checked);
    return corrupt == 0
               ? 0
               : check_corruption(cell, role, slots, json_object_get(outcome, "corruption"), error);
}

/* "" of a side that has checked no memory of a GPU yet. */
static int take_visible_by(struct mcb_cell *cell, enum mcb_role role,
                           const struct mcb_cell_duty *duty, const json_t *outcome,
                           struct mcb_error *error)
{
    static const char *const ways[] = {"", "completion", "flush", "rdma-read"};
    const char *told;
    if (mcb_json_get_string(outcome, "visible_by", sizeof cell->visible_by[role], &told,
                            MCB_FAULT_NET_PROTOCOL, error) != 0)
        return -1;
    size_t first = duty->of_gpu && duty->slots > 0, end = duty->of_gpu ? 4 : 1;
    for (size_t i = first; i < end; i++)
        if (strcmp(told, ways[i]) == 0) {
            strcpy(cell->visible_by[role], ways[i]);
            return 0;
        }
    return mcb_error_set(error, MCB_FAULT_NET_PROTOCOL,
                         duty->of_gpu
                             ? "visible_by: completion, flush or rdma-read was expected"
                             : "visible_by: nothing was expected, as no GPU has checked anything");
}

/* A rate beyond what a result may hold is no measurement. */
static int add_rates(struct mcb_cell_trial *trial, int64_t bytes, int64_t messages, int64_t ns,
                     struct mcb_error *error)
{
    struct mcb_cell_trial sum = *trial;
    if (ns > 0) {
        sum.gbps += (double)bytes * 8 / (double)ns;
        sum.mops += (double)messages * 1e3 / (double)ns;
    }
    if (sum.gbps > RATE_MOST || sum.mops > RATE_MOST)
        return mcb_error_set(error, MCB_FAULT_NET_PROTOCOL,
                             "window_bytes, window_messages: %lld and %lld in %lld ns cannot be",
                             (long long)bytes, (long long)messages, (long long)ns);
    *trial = sum;
    return 0;
}

int mcb_cell_take_outcome(struct mcb_cell *cell, enum mcb_role role,
                          const struct mcb_cell_duty *duty, const json_t *outcome,
                          struct mcb_cell_trial *trial, struct mcb_error *error)
{
    const enum mcb_fault_code fault = MCB_FAULT_NET_PROTOCOL;
    int64_t bytes, messages, ns, checked, corrupt;
    if (mcb_json_get_integer(outcome, "window_bytes", 0, INT64_MAX, &bytes, fault, error) != 0 ||
        mcb_json_get_integer(outcome, "window_messages", 0, INT64_MAX, &messages, fault, error) !=
            0 ||
        mcb_json_get_integer(outcome, "window_ns", 0, INT64_MAX, &ns, fault, error) != 0 ||
        mcb_json_get_integer(outcome, "checked_bytes", 0, INT64_MAX, &checked, fault, error) != 0 ||
        mcb_json_get_integer(outcome, "corrupt_bytes", 0, INT64_MAX, &corrupt, fault, error) != 0 ||
        check_verification(cell, role, duty->slots, outcome, error) != 0 ||
        take_visible_by(cell, role, duty, outcome, error) != 0 ||
        add_rates(trial, bytes, messages, ns, error) != 0)
        return -1;
    cell->verified_bytes += (uint64_t)checked;
    cell->corrupt_bytes += (uint64_t)corrupt;
    if (corrupt && !cell->corruption)
        cell->corruption = copy_corruption(json_object_get(outcome, "corruption"));
    return 0;
}

json_t *mcb_cell_identity(const struct mcb_cell *cell, const struct mcb_roster *roster,
                          size_t round, bool has_ordering)
{
    const struct mcb_cell_settings *settings = cell->settings;
    json_t *entry = json_pack(
        "{s:o, s:o, s:I, s:s, s:s, s:s, s:b, s:I, s:i, s:i, s:i, s:i, s:s, s:n, s:n, s:n, s:n, "
        "s:i, s:i}",
        "initiator", mcb_roster_endpoint_json(roster, cell->path->initiator, settings->route),
        "target", mcb_roster_endpoint_json(roster, cell->path->target, settings->route), "round",
        (json_int_t)round, "route", mcb_route_name(settings->route), "operation",
        mcb_operation_name(settings->operation), "measure", mcb_measure_name(settings->measure),
        "bidirectional", (int)settings->bidirectional, "size_bytes",
        (json_int_t)settings->size_bytes, "qps", (int)settings->qps, "depth", (int)settings->depth,
        "signal_every", (int)settings->signal_every, "inline_bytes", (int)settings->inline_bytes,
        "status", "skipped", "fault", "ceiling_gbps", "ceiling_from", "ceiling_at",
        "verified_bytes", 0, "corrupt_bytes", 0);
    if (has_ordering)
        json_object_set_new(entry, "relaxed_ordering",
                            json_pack("{s:s, s:s, s:s}", "requested",
                                      mcb_ordering_name(settings->ordering), "effective", "unknown",
                                      "reason", "the path was not connected"));
    return entry;
}

static json_t *bandwidth_json(const struct mcb_cell *cell)
{
    struct mcb_interval interval = mcb_statistics_interval(cell->rates_gbps, cell->trials);
    json_t *trials = json_array();
    for (size_t i = 0; i < cell->trials; i++)
        json_array_append_new(trials, json_real(cell->rates_gbps[i]));
    return json_pack("{s:f, s:f, s:f, s:o}", "median", interval.median, "low", interval.low, "high",
                     interval.high, "trials", trials);
}

/* The p50 of each trial that took a sample. */
static json_t *latency_trials_json(struct mcb_cell *cell)
{
    json_t *trials = json_array();
    uint64_t *samples_ns = cell->samples_ns;
    for (size_t i = 0; i < cell->trials; i++) {
        size_t count = cell->trial_samples[i];
        if (count > 0)
            json_array_append_new(trials, json_real(mcb_statistics_p50_us(samples_ns, count)));
        samples_ns += count;
    }
    return trials;
}

/* The trials first: sorting all samples mixes theirs. */
static json_t *latency_json(struct mcb_cell *cell)
{
    json_t *trials = latency_trials_json(cell);
    struct mcb_latency latency = mcb_statistics_latency(cell->samples_ns, cell->samples);
    return json_pack("{s:f, s:f, s:f, s:f, s:f, s:f, s:f, s:f, s:I, s:o}", "min", latency.min_us,
                     "p50", latency.p50_us, "p90", latency.p90_us, "p99", latency.p99_us, "p999",
                     latency.p999_us, "max", latency.max_us, "mean", latency.mean_us, "stdev",
                     latency.stdev_us, "samples", (json_int_t)latency.samples, "trials", trials);
}

/* Of two ends the one that knows less decides what the path's ordering is. */
static json_t *path_ordering(json_t *const ordering[2])
{
    static const char *const weakest_first[] = {"off", "unknown", "on"};
    for (size_t i = 0; i < sizeof weakest_first / sizeof *weakest_first; i++)
        for (int role = 0; role < 2; role++) {
            const char *effective = json_string_value(json_object_get(ordering[role], "effective"));
            if (effective && strcmp(effective, weakest_first[i]) == 0)
                return json_incref(ordering[role]);
        }
    return NULL;
}

static void judge_verification(struct mcb_cell *cell)
{
    if (cell->corrupt_bytes == 0 || cell->fault.code != MCB_FAULT_NONE)
        return;
    json_t *first = cell->corruption;
    const char *kind = json_string_value(json_object_get(first, "kind"));
    mcb_error_set(&cell->fault, MCB_FAULT_DATA_CORRUPT,
                  "%llu of %llu verified bytes are wrong; the first is %s data at offset %lld of "
                  "message slot %lld",
                  (unsigned long long)cell->corrupt_bytes, (unsigned long long)cell->verified_bytes,
                  kind ? kind : "damaged",
                  (long long)json_integer_value(json_object_get(first, "offset_bytes")),
                  (long long)json_integer_value(json_object_get(first, "slot")));
}

static void add_figures(json_t *measured, struct mcb_cell *cell)
{
    if (cell->trials > 0 && cell->settings->measure == MCB_MEASURE_BANDWIDTH) {
        json_object_set_new(measured, "bandwidth_gbps", bandwidth_json(cell));
        json_object_set_new(
            measured, "message_rate_mops",
            json_real(mcb_statistics_interval(cell->rates_mops, cell->trials).median));
    }
    if (cell->samples > 0 && cell->settings->measure == MCB_MEASURE_LATENCY)
        json_object_set_new(measured, "latency_us", latency_json(cell));
}

static bool has_figure(const struct mcb_cell *cell)
{
    if (cell->settings->measure == MCB_MEASURE_LATENCY)
        return cell->samples > 0;
    return cell->trials > 0 && mcb_statistics_interval(cell->rates_gbps, cell->trials).median > 0;
}

/* A path on which nothing completed in most trials would be an ok cell of zero. */
static void judge_figures(struct mcb_cell *cell)
{
    if (cell->fault.code == MCB_FAULT_NONE && !has_figure(cell))
        mcb_error_set(&cell->fault, MCB_FAULT_RUN_NO_FIGURE,
                      "not one message completed in most of the trials");
}

json_t *mcb_cell_measured(struct mcb_cell *cell, const char *registration)
{
    judge_verification(cell);
    judge_figures(cell);
    bool ok = cell->fault.code == MCB_FAULT_NONE;
    json_t *measured = json_pack("{s:s, s:o, s:I, s:I}", "status", ok ? "ok" : "failed", "fault",
                                 mcb_json_from_error(&cell->fault), "verified_bytes",
                                 (json_int_t)cell->verified_bytes, "corrupt_bytes",
                                 (json_int_t)cell->corrupt_bytes);
    if (ok || cell->fault.code == MCB_FAULT_DATA_CORRUPT)
        add_figures(measured, cell);
    if (registration)
        json_object_set_new(measured, "registration", json_string(registration));
    json_t *ordering = path_ordering(cell->ordering);
    if (ordering)
        json_object_set_new(measured, "relaxed_ordering", ordering);
    if (cell->corruption)
        json_object_set(measured, "corruption", cell->corruption);
    json_t *facts = cell->facts[MCB_ROLE_INITIATOR];
    if (facts) {
        json_t *details = json_copy(facts);
        json_t *method = json_object_get(facts, "method");
        if (json_is_string(method))
            json_object_set(measured, "method", method);
        json_object_del(details, "method");
        json_object_del(details, "visible_by"); /* of one side, and before it was checked */
        for (int role = 0; role < 2; role++)
            if (cell->visible_by[role][0])
                json_object_set_new(details, visible_members[role],
                                    json_string(cell->visible_by[role]));
        json_object_set_new(measured, "details", details);
    }
    return measured;
}

bool mcb_cell_missed_ordering(const json_t *entry, char text[512])
{
    const json_t *ordering = json_object_get(entry, "relaxed_ordering");
    if (strcmp(mcb_json_text(ordering, "requested"), "on") != 0 ||
        strcmp(mcb_json_text(ordering, "effective"), "off") != 0)
        return false;
    snprintf(text, 512, "relaxed ordering was asked for and is not in effect: %.300s [%s]",
             mcb_json_text(ordering, "reason"), mcb_fault_get(MCB_FAULT_RDMA_RELAXED_ORDERING)->id);
    return true;
}

void mcb_cell_release(struct mcb_cell *cell)
{
    free(cell->rates_gbps);
    free(cell->rates_mops);
    free(cell->trial_samples);
    free(cell->samples_ns);
    json_decref(cell->corruption);
    for (int role = 0; role < 2; role++) {
        json_decref(cell->facts[role]);
        json_decref(cell->ordering[role]);
    }
    cell->rates_gbps = cell->rates_mops = NULL;
    cell->trial_samples = NULL;
    cell->samples_ns = NULL;
    cell->corruption = NULL;
}
