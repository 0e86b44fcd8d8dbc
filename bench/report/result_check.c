/* SPDX-License-Identifier: Apache-2.0 */

/*
 * A result, or a cell of one, may be of any origin: a file that somebody sent, a peer. It is held
 * against tables of rules, one row a member that the program relies on. Members that are not in the
 * tables are left alone, so that facts can be added without a new version of the schema.
 */

#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "bench/report/result.h"
#include "bench/report/text.h"
#include "common/id_list.h"

#define SCHEMA "mcbench-result/1"

/* ---- the rules ---- */

/* SCALARS: an object of numbers, strings, booleans and nulls under any names. */
enum kind { STRING, WORD, INTEGER, NUMBER, BOOLEAN, OBJECT, ARRAY, SCALARS };
enum { OPTIONAL = 1, NULLABLE = 2 };

static const char *const kind_names[] = {
    [STRING] = "a string", [WORD] = "a string",     [INTEGER] = "a whole number",
    [NUMBER] = "a number", [BOOLEAN] = "a boolean", [OBJECT] = "an object",
    [ARRAY] = "an array",  [SCALARS] = "an object",
};

struct rule {
    const char *key;
    enum kind kind;
    unsigned flags;
    double least, most;         /* of a number; of the bytes of a string; of elements or members */
    const char *const *words;   /* WORD: what it may be, up to NULL */
    const struct rule *members; /* OBJECT: up to a key NULL; ARRAY: the one rule of its elements */
};

#define COUNT_MOST   1e15 /* bytes, messages: far beyond any run, exact as a double */
#define GBPS_MOST    1e9
#define LATENCY_MOST 1e12

static const char *const schema_words[] = {SCHEMA, NULL};
static const char *const run_words[] = {"complete", "interrupted", "failed", NULL};
static const char *const cell_words[] = {"ok", "failed", "skipped", NULL};
static const char *const operation_words[] = {"write", "read", "send", NULL};
static const char *const measure_words[] = {"bandwidth", "latency", NULL};
static const char *const requested_words[] = {"off", "on", "auto", NULL};
static const char *const effective_words[] = {"off", "on", "unknown", NULL};
static const char *const ceiling_from_words[] = {"link", "nic-pcie", "gpu-pcie", NULL};
static const char *const ceiling_at_words[] = {"initiator", "target", "both", NULL};

static const struct rule fault_rules[] = {
    {"id", STRING, 0, 1, 64, NULL, NULL},       {"title", STRING, 0, 0, 4096, NULL, NULL},
    {"detail", STRING, 0, 0, 4096, NULL, NULL}, {"cause", STRING, 0, 0, 4096, NULL, NULL},
    {"fix", STRING, 0, 0, 4096, NULL, NULL},    {NULL, 0, 0, 0, 0, NULL, NULL},
};

static const struct rule endpoint_rules[] = {
    {"host", STRING, 0, 1, 255, NULL, NULL},
    {"nic", STRING, 0, 1, 63, NULL, NULL},
    {"memory", STRING, 0, 1, 31, NULL, NULL},
    {NULL, 0, 0, 0, 0, NULL, NULL},
};

static const struct rule ordering_rules[] = {
    {"requested", WORD, 0, 0, 0, requested_words, NULL},
    {"effective", WORD, 0, 0, 0, effective_words, NULL},
    {"reason", STRING, OPTIONAL, 0, 4096, NULL, NULL},
    {NULL, 0, 0, 0, 0, NULL, NULL},
};

static const struct rule trial_rule = {"", NUMBER, 0, 0, GBPS_MOST, NULL, NULL};

static const struct rule bandwidth_rules[] = {
    {"low", NUMBER, 0, 0, GBPS_MOST, NULL, NULL},
    {"median", NUMBER, 0, 0, GBPS_MOST, NULL, NULL},
    {"high", NUMBER, 0, 0, GBPS_MOST, NULL, NULL},
    {"trials", ARRAY, 0, 1, 100000, NULL, &trial_rule},
    {NULL, 0, 0, 0, 0, NULL, NULL},
};

static const struct rule latency_rules[] = {
    {"min", NUMBER, 0, 0, LATENCY_MOST, NULL, NULL},
    {"p50", NUMBER, 0, 0, LATENCY_MOST, NULL, NULL},
    {"p90", NUMBER, 0, 0, LATENCY_MOST, NULL, NULL},
    {"p99", NUMBER, 0, 0, LATENCY_MOST, NULL, NULL},
    {"p999", NUMBER, 0, 0, LATENCY_MOST, NULL, NULL},
    {"max", NUMBER, 0, 0, LATENCY_MOST, NULL, NULL},
    {"mean", NUMBER, 0, 0, LATENCY_MOST, NULL, NULL},
    {"stdev", NUMBER, 0, 0, LATENCY_MOST, NULL, NULL},
    {"samples", INTEGER, 0, 1, COUNT_MOST, NULL, NULL},
    {NULL, 0, 0, 0, 0, NULL, NULL},
};

static const struct rule corruption_rules[] = {
    {"kind", STRING, 0, 1, 32, NULL, NULL},
    {"slot", INTEGER, 0, 0, COUNT_MOST, NULL, NULL},
    {"offset_bytes", INTEGER, 0, 0, COUNT_MOST, NULL, NULL},
    {"expected", STRING, 0, 3, 18, NULL, NULL},
    {"found", STRING, 0, 3, 18, NULL, NULL},
    {"messages", SCALARS, 0, 0, 16, NULL, NULL},
    {NULL, 0, 0, 0, 0, NULL, NULL},
};

static const struct rule cell_rules[] = {
    {"initiator", OBJECT, 0, 0, 0, NULL, endpoint_rules},
    {"target", OBJECT, 0, 0, 0, NULL, endpoint_rules},
    {"round", INTEGER, 0, 0, 1e9, NULL, NULL},
    {"operation", WORD, 0, 0, 0, operation_words, NULL},
    {"measure", WORD, 0, 0, 0, measure_words, NULL},
    {"bidirectional", BOOLEAN, 0, 0, 0, NULL, NULL},
    {"size_bytes", INTEGER, 0, 1, COUNT_MOST, NULL, NULL},
    {"qps", INTEGER, 0, 1, 1e6, NULL, NULL},
    {"depth", INTEGER, 0, 1, 1e9, NULL, NULL},
    {"signal_every", INTEGER, OPTIONAL, 0, 1e9, NULL, NULL},
    {"inline_bytes", INTEGER, OPTIONAL, 0, 1e9, NULL, NULL},
    {"relaxed_ordering", OBJECT, OPTIONAL, 0, 0, NULL, ordering_rules},
    {"registration", STRING, OPTIONAL, 0, 64, NULL, NULL},
    {"method", STRING, OPTIONAL, 0, 64, NULL, NULL},
    {"status", WORD, 0, 0, 0, cell_words, NULL},
    {"fault", OBJECT, NULLABLE, 0, 0, NULL, fault_rules},
    {"bandwidth_gbps", OBJECT, OPTIONAL, 0, 0, NULL, bandwidth_rules},
    {"message_rate_mops", NUMBER, OPTIONAL, 0, GBPS_MOST, NULL, NULL},
    {"latency_us", OBJECT, OPTIONAL, 0, 0, NULL, latency_rules},
    {"ceiling_gbps", NUMBER, OPTIONAL | NULLABLE, 0, GBPS_MOST, NULL, NULL},
    {"ceiling_from", WORD, OPTIONAL | NULLABLE, 0, 0, ceiling_from_words, NULL},
    {"ceiling_at", WORD, OPTIONAL | NULLABLE, 0, 0, ceiling_at_words, NULL},
    {"verified_bytes", INTEGER, 0, 0, 9.2e18, NULL, NULL},
    {"corrupt_bytes", INTEGER, 0, 0, 9.2e18, NULL, NULL},
    {"corruption", OBJECT, OPTIONAL, 0, 0, NULL, corruption_rules},
    {"details", SCALARS, OPTIONAL, 0, 64, NULL, NULL},
    {NULL, 0, 0, 0, 0, NULL, NULL},
};

static const struct rule placement_rules[] = {
    {"page_bytes", INTEGER, 0, 1, COUNT_MOST, NULL, NULL},
    {"sampled", BOOLEAN, 0, 0, 0, NULL, NULL},
    {"memory_bytes", SCALARS, NULLABLE, 0, 64, NULL, NULL},
    {"peer_memory_bytes", SCALARS, OPTIONAL | NULLABLE, 0, 64, NULL, NULL},
    {"distance", STRING, NULLABLE, 1, 8, NULL, NULL},
    {"thread_cpus", STRING, NULLABLE, 1, MCB_ID_LIST_MAX - 1, NULL, NULL},
    {NULL, 0, 0, 0, 0, NULL, NULL},
};

static const struct rule nic_rules[] = {
    {"name", STRING, 0, 1, 63, NULL, NULL},
    {"memory", STRING, OPTIONAL, 1, 31, NULL, NULL},
    {"placement", OBJECT, OPTIONAL, 0, 0, NULL, placement_rules},
    {NULL, 0, 0, 0, 0, NULL, NULL},
};

static const struct rule nic_rule = {"", OBJECT, 0, 0, 0, NULL, nic_rules};

static const struct rule host_rules[] = {
    {"host", STRING, 0, 1, 255, NULL, NULL},
    {"nics", ARRAY, 0, 0, 4096, NULL, &nic_rule},
    {NULL, 0, 0, 0, 0, NULL, NULL},
};

static const struct rule tool_rules[] = {
    {"name", STRING, 0, 1, 64, NULL, NULL},
    {"version", STRING, 0, 1, 64, NULL, NULL},
    {NULL, 0, 0, 0, 0, NULL, NULL},
};

static const struct rule transport_rules[] = {
    {"name", STRING, 0, 1, 64, NULL, NULL},
    {"because", STRING, OPTIONAL, 0, 4096, NULL, NULL},
    {NULL, 0, 0, 0, 0, NULL, NULL},
};

static const struct rule host_rule = {"", OBJECT, 0, 0, 0, NULL, host_rules};
static const struct rule cell_rule = {"", OBJECT, 0, 0, 0, NULL, cell_rules};
static const struct rule warning_rule = {"", STRING, 0, 0, 4096, NULL, NULL};

static const struct rule document_rules[] = {
    {"schema", WORD, 0, 0, 0, schema_words, NULL},
    {"tool", OBJECT, 0, 0, 0, NULL, tool_rules},
    {"started", STRING, 0, 0, 64, NULL, NULL},
    {"transport", OBJECT, 0, 0, 0, NULL, transport_rules},
    {"hosts", ARRAY, 0, 0, 4096, NULL, &host_rule},
    {"status", WORD, 0, 0, 0, run_words, NULL},
    {"fault", OBJECT, NULLABLE, 0, 0, NULL, fault_rules},
    {"warnings", ARRAY, 0, 0, 100000, NULL, &warning_rule},
    {"cells", ARRAY, 0, 0, 1e6, NULL, &cell_rule},
    {NULL, 0, 0, 0, 0, NULL, NULL},
};

/* ---- holding a document against them ---- */

/* Where a value is: a chain from the value to the document, which is NULL. */
struct place {
    const struct place *parent;
    const char *key; /* NULL: element `index` of an array */
    size_t index;
};

struct check {
    const char *what; /* "run.json", "a peer's cell" */
    enum mcb_fault_code fault;
    struct mcb_error *error;
};

static size_t place_text(const struct place *place, char *text, size_t size)
{
    if (!place)
        return 0;
    size_t length = place_text(place->parent, text, size);
    int added = place->key
                    ? snprintf(text + length, size - length, "%s%s", length ? "." : "", place->key)
                    : snprintf(text + length, size - length, "[%zu]", place->index);
    return added < 0 || length + (size_t)added >= size ? size - 1 : length + (size_t)added;
}

__attribute__((format(printf, 3, 4))) static int
reject(const struct check *check, const struct place *place, const char *format, ...)
{
    char where[256] = "", what[256];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(what, sizeof what, format, arguments);
    va_end(arguments);
    place_text(place, where, sizeof where);
    return mcb_error_set(check->error, check->fault, "%s: %s%s%s", check->what, where,
                         place ? ": " : "", what);
}

static int check_object(const struct check *check, const struct place *place,
                        const struct rule *members, const json_t *object);
static int check_array(const struct check *check, const struct place *place,
                       const struct rule *rule, const json_t *array);

static int check_scalars(const struct check *check, const struct place *place,
                         const struct rule *rule, json_t *object)
{
    const char *key;
    json_t *value;
    if (json_object_size(object) > rule->most)
        return reject(check, place, "%zu members; at most %.0f were expected",
                      json_object_size(object), rule->most);
    json_object_foreach(object, key, value)
    {
        char clean[64];
        const struct place here = {place, mcb_text_clean(key, clean, sizeof clean), 0};
        if (json_is_object(value) || json_is_array(value))
            return reject(check, &here, "a number, string or boolean was expected");
    }
    return 0;
}

static bool has_kind(const json_t *value, enum kind kind)
{
    static const json_type types[] = {
        [STRING] = JSON_STRING, [WORD] = JSON_STRING, [INTEGER] = JSON_INTEGER,
        [OBJECT] = JSON_OBJECT, [ARRAY] = JSON_ARRAY, [SCALARS] = JSON_OBJECT,
    };
    if (kind == NUMBER)
        return json_is_number(value);
    if (kind == BOOLEAN)
        return json_is_boolean(value);
    return json_typeof(value) == types[kind];
}

static int check_word(const struct check *check, const struct place *place, const struct rule *rule,
                      const char *word)
{
    char known[128] = "";
    size_t length = 0;
    for (const char *const *at = rule->words; *at; at++) {
        if (strcmp(word, *at) == 0)
            return 0;
        int added = snprintf(known + length, sizeof known - length, "%s\"%s\"",
                             at == rule->words ? "" : ", ", *at);
        length += added > 0 && length + (size_t)added < sizeof known ? (size_t)added : 0;
    }
    char clean[64];
    return reject(check, place, "\"%s\"; %s was expected",
                  mcb_text_clean(word, clean, sizeof clean), known);
}

static int check_value(const struct check *check, const struct place *place,
                       const struct rule *rule, json_t *value)
{
    if (json_is_null(value) && (rule->flags & NULLABLE))
        return 0;
    if (!has_kind(value, rule->kind))
        return reject(check, place, "%s was expected", kind_names[rule->kind]);
    switch (rule->kind) {
    case OBJECT:
        return check_object(check, place, rule->members, value);
    case ARRAY:
        return check_array(check, place, rule, value);
    case SCALARS:
        return check_scalars(check, place, rule, value);
    case WORD:
        return check_word(check, place, rule, json_string_value(value));
    case STRING:
        if (json_string_length(value) < rule->least || json_string_length(value) > rule->most)
            return reject(check, place, "%zu bytes long; %.0f to %.0f were expected",
                          json_string_length(value), rule->least, rule->most);
        return 0;
    case INTEGER:
    case NUMBER:
        if (json_number_value(value) < rule->least || json_number_value(value) > rule->most)
            return reject(check, place, "%g; %.0f to %g was expected", json_number_value(value),
                          rule->least, rule->most);
        return 0;
    case BOOLEAN:
        return 0;
    }
    return 0;
}

static int check_object(const struct check *check, const struct place *place,
                        const struct rule *members, const json_t *object)
{
    for (; members->key; members++) {
        const struct place here = {place, members->key, 0};
        json_t *value = json_object_get(object, members->key);
        if (!value && (members->flags & OPTIONAL))
            continue;
        if (!value)
            return reject(check, &here, "is missing; %s was expected", kind_names[members->kind]);
        if (check_value(check, &here, members, value) != 0)
            return -1;
    }
    return 0;
}

static int check_array(const struct check *check, const struct place *place,
                       const struct rule *rule, const json_t *array)
{
    size_t length = json_array_size(array);
    if (length < rule->least || length > rule->most)
        return reject(check, place, "%zu elements; %.0f to %.0f were expected", length, rule->least,
                      rule->most);
    for (size_t i = 0; i < length; i++) {
        const struct place here = {place, NULL, i};
        if (check_value(check, &here, rule->members, json_array_get(array, i)) != 0)
            return -1;
    }
    return 0;
}

/* Members named in `keys` must not fall. */
static int check_ascending(const struct check *check, const struct place *place,
                           const json_t *object, const char *const *keys, size_t count)
{
    for (size_t i = 1; i < count; i++)
        if (json_number_value(json_object_get(object, keys[i])) <
            json_number_value(json_object_get(object, keys[i - 1])))
            return reject(check, place, "%s is less than %s", keys[i], keys[i - 1]);
    return 0;
}

static bool is_set(const json_t *object, const char *key)
{
    const json_t *value = json_object_get(object, key);
    return value && !json_is_null(value);
}

static int check_ceiling(const struct check *check, const struct place *place, const json_t *cell)
{
    bool known = is_set(cell, "ceiling_gbps");
    if (known && !json_object_get(cell, "bandwidth_gbps"))
        return reject(check, place, "ceiling_gbps without bandwidth_gbps");
    if (is_set(cell, "ceiling_from") != known || is_set(cell, "ceiling_at") != known)
        return reject(check, place,
                      "ceiling_gbps, ceiling_from and ceiling_at: all of them or none is null");
    if (known && json_number_value(json_object_get(cell, "ceiling_gbps")) <= 0)
        return reject(check, place, "ceiling_gbps is 0; null was expected");
    return 0;
}

/* Lists of CPUs among the details. */
static int check_cpus(const struct check *check, const struct place *place, const json_t *details)
{
    static const char *const keys[] = {"initiator_cpus", "target_cpus"};
    for (size_t i = 0; i < sizeof keys / sizeof *keys; i++) {
        const json_t *value = json_object_get(details, keys[i]);
        const char *list = json_string_value(value);
        if (value && !json_is_null(value) && (!list || !mcb_id_list_is_valid(list)))
            return reject(check, place, "details.%s: a list of CPUs was expected", keys[i]);
    }
    return 0;
}

/* What one member of a cell says of the others. */
static int check_relations(const struct check *check, const struct place *place, const json_t *cell)
{
    static const char *const interval[] = {"low", "median", "high"};
    static const char *const percentiles[] = {"min", "p50", "p90", "p99", "p999", "max"};
    const json_t *bandwidth = json_object_get(cell, "bandwidth_gbps");
    const json_t *latency = json_object_get(cell, "latency_us");
    bool ok = strcmp(json_string_value(json_object_get(cell, "status")), "ok") == 0;
    bool of_bandwidth =
        strcmp(json_string_value(json_object_get(cell, "measure")), "bandwidth") == 0;
    bool has_fault = !json_is_null(json_object_get(cell, "fault"));

    if (ok && has_fault)
        return reject(check, place, "status is \"ok\", but there is a fault");
    if (!ok && !has_fault)
        return reject(check, place, "status is not \"ok\", but there is no fault");
    if (ok && of_bandwidth && (!bandwidth || !json_object_get(cell, "message_rate_mops")))
        return reject(check, place,
                      "status is \"ok\"; bandwidth_gbps and message_rate_mops were "
                      "expected");
    if (ok && !of_bandwidth && !latency)
        return reject(check, place, "status is \"ok\"; latency_us was expected");
    if (check_ceiling(check, place, cell) != 0)
        return -1;
    if (bandwidth && check_ascending(check, place, bandwidth, interval, 3) != 0)
        return -1;
    if (check_cpus(check, place, json_object_get(cell, "details")) != 0)
        return -1;
    return latency ? check_ascending(check, place, latency, percentiles, 6) : 0;
}

int mcb_result_check_cell(const json_t *cell, const char *what, enum mcb_fault_code fault,
                          struct mcb_error *error)
{
    const struct check check = {what, fault, error};
    if (!json_is_object(cell))
        return reject(&check, NULL, "an object was expected");
    return check_object(&check, NULL, cell_rules, cell) == 0 ? check_relations(&check, NULL, cell)
                                                             : -1;
}

int mcb_result_check(const json_t *document, const char *what, enum mcb_fault_code fault,
                     struct mcb_error *error)
{
    const struct check check = {what, fault, error};
    if (!json_is_object(document))
        return reject(&check, NULL, "not a result of mcbench: an object was expected");
    if (check_object(&check, NULL, document_rules, document) != 0)
        return -1;
    const json_t *cells = json_object_get(document, "cells");
    const struct place of_cells = {NULL, "cells", 0};
    for (size_t i = 0; i < json_array_size(cells); i++) {
        const struct place here = {&of_cells, NULL, i};
        if (check_relations(&check, &here, json_array_get(cells, i)) != 0)
            return -1;
    }
    return 0;
}
