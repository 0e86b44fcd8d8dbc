/* SPDX-License-Identifier: Apache-2.0 */

/*
 * A result, or a part of one, may be of any origin: a file that somebody sent, a peer. It is held
 * against the tables of result_rules.c, and then against what members say of each other: all that
 * the schema says, and beyond it that percentiles and ends of intervals ascend, as do lists of
 * CPUs.
 */

#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "bench/report/result.h"
#include "bench/report/result_rules.h"
#include "common/text.h"

static const char *const kind_names[] = {
    [MCB_RESULT_STRING] = "a string",        [MCB_RESULT_WORD] = "a string",
    [MCB_RESULT_INTEGER] = "a whole number", [MCB_RESULT_NUMBER] = "a number",
    [MCB_RESULT_BOOLEAN] = "a boolean",      [MCB_RESULT_OBJECT] = "an object",
    [MCB_RESULT_ARRAY] = "an array",         [MCB_RESULT_MAP] = "an object",
    [MCB_RESULT_SCALARS] = "an object",
};

/* ---- one value ---- */

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

static int check_value(const struct check *check, const struct place *place,
                       const struct mcb_result_rule *rule, json_t *value);

static bool has_kind(const json_t *value, enum mcb_result_kind kind)
{
    static const json_type types[] = {
        [MCB_RESULT_STRING] = JSON_STRING,   [MCB_RESULT_WORD] = JSON_STRING,
        [MCB_RESULT_INTEGER] = JSON_INTEGER, [MCB_RESULT_OBJECT] = JSON_OBJECT,
        [MCB_RESULT_ARRAY] = JSON_ARRAY,     [MCB_RESULT_MAP] = JSON_OBJECT,
        [MCB_RESULT_SCALARS] = JSON_OBJECT,
    };
    if (kind == MCB_RESULT_NUMBER)
        return json_is_number(value);
    if (kind == MCB_RESULT_BOOLEAN)
        return json_is_boolean(value);
    return json_typeof(value) == types[kind];
}

static int check_word(const struct check *check, const struct place *place,
                      const struct mcb_result_rule *rule, const char *word)
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

/* JSON Schema counts characters, not bytes. The text is UTF-8. */
static size_t characters_in(const char *text)
{
    size_t count = 0;
    for (; *text; text++)
        count += ((unsigned char)*text & 0xc0) != 0x80;
    return count;
}

static int check_string(const struct check *check, const struct place *place,
                        const struct mcb_result_rule *rule, const char *text)
{
    char clean[64];
    size_t length = characters_in(text);
    if ((double)length < rule->least || (double)length > rule->most)
        return reject(check, place, "%zu characters long; %.0f to %.0f were expected", length,
                      rule->least, rule->most);
    if (rule->form && !rule->form->fits(text))
        return reject(check, place, "\"%s\"; %s was expected",
                      mcb_text_clean(text, clean, sizeof clean), rule->form->expected);
    return 0;
}

static int check_number(const struct check *check, const struct place *place,
                        const struct mcb_result_rule *rule, double number)
{
    bool above = rule->flags & MCB_RESULT_ABOVE;
    if (number < rule->least || number > rule->most || (above && number == rule->least))
        return reject(check, place, "%g; %s%.0f to %g was expected", number,
                      above ? "more than " : "", rule->least, rule->most);
    return 0;
}

/* ---- what holds other values ---- */

static const struct mcb_result_rule *find_rule(const struct mcb_result_rule *members,
                                               const char *key)
{
    for (; members->key; members++)
        if (strcmp(members->key, key) == 0)
            return members;
    return NULL;
}

static int reject_unknown(const struct check *check, const struct place *place,
                          const struct mcb_result_rule *members, const json_t *object)
{
    const char *key;
    json_t *value;
    json_object_foreach((json_t *)object, key, value)
    {
        char clean[64];
        if (find_rule(members, key))
            continue;
        const struct place here = {place, mcb_text_clean(key, clean, sizeof clean), 0};
        return reject(check, &here, "there is no such member");
    }
    return 0;
}

static int check_members(const struct check *check, const struct place *place,
                         const struct mcb_result_rule *members, bool open, const json_t *object)
{
    size_t known = 0;
    for (const struct mcb_result_rule *rule = members; rule->key; rule++) {
        const struct place here = {place, rule->key, 0};
        json_t *value = json_object_get(object, rule->key);
        known += value != NULL;
        if (!value && (rule->flags & MCB_RESULT_OPTIONAL))
            continue;
        if (!value)
            return reject(check, &here, "is missing; %s was expected", kind_names[rule->kind]);
        if (check_value(check, &here, rule, value) != 0)
            return -1;
    }
    return open || known == json_object_size(object)
               ? 0
               : reject_unknown(check, place, members, object);
}

static int check_count(const struct check *check, const struct place *place,
                       const struct mcb_result_rule *rule, size_t count, const char *of)
{
    if ((double)count < rule->least || (double)count > rule->most)
        return reject(check, place, "%zu %s; %.0f to %.0f were expected", count, of, rule->least,
                      rule->most);
    return 0;
}

static int check_scalars(const struct check *check, const struct place *place,
                         const struct mcb_result_rule *rule, json_t *object)
{
    const char *key;
    json_t *value;
    if (check_count(check, place, rule, json_object_size(object), "members") != 0)
        return -1;
    json_object_foreach(object, key, value)
    {
        char clean[64];
        const struct place here = {place, mcb_text_clean(key, clean, sizeof clean), 0};
        if (json_is_object(value) || json_is_array(value))
            return reject(check, &here, "a number, string or boolean was expected");
    }
    return check_members(check, place, rule->members, true, object);
}

static int check_map(const struct check *check, const struct place *place,
                     const struct mcb_result_rule *rule, json_t *object)
{
    const char *key;
    json_t *value;
    if (check_count(check, place, rule, json_object_size(object), "members") != 0)
        return -1;
    json_object_foreach(object, key, value)
    {
        char clean[64];
        const struct place here = {place, mcb_text_clean(key, clean, sizeof clean), 0};
        if (rule->form && !rule->form->fits(key))
            return reject(check, &here, "%s was expected in place of this name",
                          rule->form->expected);
        if (check_value(check, &here, rule->members, value) != 0)
            return -1;
    }
    return 0;
}

/* Of strings only. */
static int check_unique(const struct check *check, const struct place *place, const json_t *array)
{
    json_t *seen = json_object();
    int status = 0;
    for (size_t i = 0; i < json_array_size(array) && status == 0; i++) {
        const struct place here = {place, NULL, i};
        const char *text = json_string_value(json_array_get(array, i));
        if (json_object_get(seen, text))
            status = reject(check, &here, "is there already");
        else if (json_object_set_new(seen, text, json_true()) != 0)
            status = reject(check, &here, "no memory to compare it");
    }
    json_decref(seen);
    return status;
}

static int check_array(const struct check *check, const struct place *place,
                       const struct mcb_result_rule *rule, const json_t *array)
{
    size_t length = json_array_size(array);
    if (check_count(check, place, rule, length, "elements") != 0)
        return -1;
    for (size_t i = 0; i < length; i++) {
        const struct place here = {place, NULL, i};
        if (check_value(check, &here, rule->members, json_array_get(array, i)) != 0)
            return -1;
    }
    return rule->flags & MCB_RESULT_UNIQUE ? check_unique(check, place, array) : 0;
}

static int check_value(const struct check *check, const struct place *place,
                       const struct mcb_result_rule *rule, json_t *value)
{
    if (json_is_null(value) && (rule->flags & MCB_RESULT_NULLABLE))
        return 0;
    if (!has_kind(value, rule->kind))
        return reject(check, place, "%s was expected", kind_names[rule->kind]);
    switch (rule->kind) {
    case MCB_RESULT_STRING:
        return check_string(check, place, rule, json_string_value(value));
    case MCB_RESULT_WORD:
        return check_word(check, place, rule, json_string_value(value));
    case MCB_RESULT_INTEGER:
    case MCB_RESULT_NUMBER:
        return check_number(check, place, rule, json_number_value(value));
    case MCB_RESULT_BOOLEAN:
        return 0;
    case MCB_RESULT_OBJECT:
        return check_members(check, place, rule->members, rule->flags & MCB_RESULT_OPEN, value);
    case MCB_RESULT_ARRAY:
        return check_array(check, place, rule, value);
    case MCB_RESULT_MAP:
        return check_map(check, place, rule, value);
    case MCB_RESULT_SCALARS:
        return check_scalars(check, place, rule, value);
    }
    return 0;
}

/* ---- what members say of each other ---- */

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

static bool is_word(const json_t *object, const char *key, const char *word)
{
    return strcmp(json_string_value(json_object_get(object, key)), word) == 0;
}

static int check_ceiling(const struct check *check, const struct place *place, const json_t *cell)
{
    bool known = is_set(cell, "ceiling_gbps");
    if (known && !json_object_get(cell, "bandwidth_gbps"))
        return reject(check, place, "ceiling_gbps without bandwidth_gbps");
    if (is_set(cell, "ceiling_from") != known || is_set(cell, "ceiling_at") != known)
        return reject(check, place,
                      "ceiling_gbps, ceiling_from and ceiling_at: all of them or none is null");
    return 0;
}

/* What a cell of that status must not be without, and must not have. */
static int check_status(const struct check *check, const struct place *place, const json_t *cell)
{
    bool ok = is_word(cell, "status", "ok");
    bool corrupt = json_integer_value(json_object_get(cell, "corrupt_bytes")) > 0;
    if (ok && is_set(cell, "fault"))
        return reject(check, place, "status is \"ok\", but there is a fault");
    if (!ok && !is_set(cell, "fault"))
        return reject(check, place, "status is not \"ok\", but there is no fault");
    if (corrupt && !is_word(cell, "status", "failed"))
        return reject(check, place, "corrupt_bytes is not 0, but status is not \"failed\"");
    if (ok && json_object_get(cell, "corruption"))
        return reject(check, place, "status is \"ok\", but there is a corruption");
    if (ok && !json_object_get(cell, "method"))
        return reject(check, place, "status is \"ok\"; method was expected");
    if (is_word(cell, "status", "skipped") &&
        (json_object_get(cell, "bandwidth_gbps") || json_object_get(cell, "latency_us")))
        return reject(check, place, "status is \"skipped\", but there are figures");
    return 0;
}

static int check_figures(const struct check *check, const struct place *place, const json_t *cell)
{
    bool ok = is_word(cell, "status", "ok");
    bool of_bandwidth = is_word(cell, "measure", "bandwidth");
    bool has_bandwidth = json_object_get(cell, "bandwidth_gbps");
    bool has_rate = json_object_get(cell, "message_rate_mops");
    bool has_latency = json_object_get(cell, "latency_us");
    if (ok && of_bandwidth && (!has_bandwidth || !has_rate))
        return reject(check, place,
                      "status is \"ok\"; bandwidth_gbps and message_rate_mops were "
                      "expected");
    if (ok && !of_bandwidth && !has_latency)
        return reject(check, place, "status is \"ok\"; latency_us was expected");
    if (of_bandwidth ? has_latency : has_bandwidth || has_rate)
        return reject(check, place, "there are figures of another measure");
    return 0;
}

/* What one member of a cell says of the others. */
static int check_relations(const struct check *check, const struct place *place, const json_t *cell)
{
    static const char *const interval[] = {"low", "median", "high"};
    static const char *const percentiles[] = {"min", "p50", "p90", "p99", "p999", "max"};
    const json_t *bandwidth = json_object_get(cell, "bandwidth_gbps");
    const json_t *latency = json_object_get(cell, "latency_us");
    if (check_status(check, place, cell) != 0 || check_figures(check, place, cell) != 0 ||
        check_ceiling(check, place, cell) != 0)
        return -1;
    if (bandwidth && check_ascending(check, place, bandwidth, interval, 3) != 0)
        return -1;
    return latency ? check_ascending(check, place, latency, percentiles, 6) : 0;
}

/* A run that is complete has ended, and without a fault; any other has one. */
static int check_end(const struct check *check, const json_t *document)
{
    bool complete = is_word(document, "status", "complete");
    if (is_set(document, "fault") == complete)
        return reject(check, NULL,
                      complete ? "status is \"complete\", but there is a fault"
                               : "status is not \"complete\", but there is no fault");
    if (complete && !is_set(document, "finished"))
        return reject(check, NULL, "status is \"complete\", but finished is null");
    return 0;
}

static int check_settings(const struct check *check, const json_t *settings)
{
    const char *name;
    json_t *setting;
    const struct place of_settings = {NULL, "settings", 0};
    json_object_foreach((json_t *)settings, name, setting)
    {
        const struct place here = {&of_settings, name, 0};
        if (is_word(setting, "from", "variable") && !json_object_get(setting, "variable"))
            return reject(check, &here, "is from a variable, which is not named");
    }
    return 0;
}

/* ---- for others ---- */

static int check_part(const struct mcb_result_rule *members, const json_t *part, bool open,
                      const struct check *check)
{
    if (!json_is_object(part))
        return reject(check, NULL, "an object was expected");
    return check_members(check, NULL, members, open, part);
}

int mcb_result_check_cell(const json_t *cell, const char *what, enum mcb_fault_code fault,
                          struct mcb_error *error)
{
    const struct check check = {what, fault, error};
    return check_part(mcb_result_cell_rules, cell, false, &check) == 0
               ? check_relations(&check, NULL, cell)
               : -1;
}

int mcb_result_check_cell_at(json_t *cell, size_t index, const char *what,
                             enum mcb_fault_code fault, struct mcb_error *error)
{
    static const struct place of_cells = {NULL, "cells", 0};
    const struct place here = {&of_cells, NULL, index};
    const struct check check = {what, fault, error};
    const struct mcb_result_rule *rule = find_rule(mcb_result_document_rules, "cells");
    if ((double)index >= rule->most)
        return reject(&check, &of_cells, "more than %.0f elements", rule->most);
    return check_value(&check, &here, rule->members, cell) == 0
               ? check_relations(&check, &here, cell)
               : -1;
}

int mcb_result_check_facts(const json_t *facts, const char *what, enum mcb_fault_code fault,
                           struct mcb_error *error)
{
    return check_part(mcb_result_facts_rules, facts, false, &(struct check){what, fault, error});
}

int mcb_result_check_gpu(const json_t *entry, const char *what, enum mcb_fault_code fault,
                         struct mcb_error *error)
{
    return check_part(mcb_result_gpu_rules, entry, false, &(struct check){what, fault, error});
}

int mcb_result_check_opened(const json_t *entry, const char *what, enum mcb_fault_code fault,
                            struct mcb_error *error)
{
    return check_part(mcb_result_opened_rules, entry, true, &(struct check){what, fault, error});
}

int mcb_result_check_corruption(const json_t *corruption, const char *what,
                                enum mcb_fault_code fault, struct mcb_error *error)
{
    return check_part(mcb_result_corruption_rules, corruption, false,
                      &(struct check){what, fault, error});
}

int mcb_result_check_end(const json_t *end, const char *what, enum mcb_fault_code fault,
                         struct mcb_error *error)
{
    return check_part(mcb_result_end_rules, end, false, &(struct check){what, fault, error});
}

int mcb_result_check_ordering(const json_t *ordering, const char *what, enum mcb_fault_code fault,
                              struct mcb_error *error)
{
    return check_part(mcb_result_ordering_rules, ordering, false,
                      &(struct check){what, fault, error});
}

int mcb_result_check(const json_t *document, const char *what, enum mcb_fault_code fault,
                     struct mcb_error *error)
{
    const struct check check = {what, fault, error};
    if (!json_is_object(document))
        return reject(&check, NULL, "not a result of mcbench: an object was expected");
    if (check_members(&check, NULL, mcb_result_document_rules, false, document) != 0 ||
        check_end(&check, document) != 0 ||
        check_settings(&check, json_object_get(document, "settings")) != 0)
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
