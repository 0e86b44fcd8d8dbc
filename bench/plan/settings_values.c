/* SPDX-License-Identifier: Apache-2.0 */

/* The text of every setting and where it came from: options, variables, defaults. */
#include "bench/plan/settings_values.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench/plan/settings_text.h"
enum { TEXT_MAX = 1 << 20 };

static const char *const origins[] = {
    [MCB_FROM_DEFAULT] = "default",
    [MCB_FROM_VARIABLE] = "variable",
    [MCB_FROM_OPTION] = "option",
};

const char *mcb_setting_from_name(enum mcb_setting_from from)
{
    return origins[from];
}

int mcb_setting_from_find(const char *name)
{
    for (int from = MCB_FROM_DEFAULT; from <= MCB_FROM_OPTION; from++)
        if (strcmp(origins[from], name) == 0)
            return from;
    return -1;
}

static int replace_default(struct mcb_setting_value *value, const char *text,
                           struct mcb_error *error)
{
    if (mcb_setting_value_replace(value, text, MCB_FROM_DEFAULT, NULL, error))
        return -1;
    value->default_text = text;
    return 0;
}

struct mcb_setting_values *mcb_setting_values_new(void)
{
    size_t count;
    const struct mcb_setting *table = mcb_settings_table(&count);
    struct mcb_setting_values *values =
        calloc(1, sizeof *values + count * sizeof(struct mcb_setting_value));
    struct mcb_error error;
    if (!values)
        return NULL;
    values->count = count;
    for (size_t i = 0; i < count; i++)
        if (table[i].default_text &&
            replace_default(&values->rows[i], table[i].default_text, &error)) {
            mcb_setting_values_free(values);
            return NULL;
        }
    return values;
}

void mcb_setting_values_free(struct mcb_setting_values *values)
{
    if (!values)
        return;
    for (size_t i = 0; i < values->count; i++)
        free(values->rows[i].text);
    free(values);
}

const struct mcb_setting_value *mcb_setting_values_get(const struct mcb_setting_values *values,
                                                       const char *name)
{
    size_t count;
    return &values->rows[mcb_settings_find(name) - mcb_settings_table(&count)];
}

int mcb_setting_values_default(struct mcb_setting_values *values, const char *name,
                               const char *text, struct mcb_error *error)
{
    size_t count;
    return replace_default(&values->rows[mcb_settings_find(name) - mcb_settings_table(&count)],
                           text, error);
}

const char *mcb_setting_values_default_text(const struct mcb_setting_values *values,
                                            const char *name)
{
    return mcb_setting_values_get(values, name)->default_text;
}

int mcb_setting_value_replace(struct mcb_setting_value *value, const char *text,
                              enum mcb_setting_from from, const char *variable,
                              struct mcb_error *error)
{
    char *copy = strdup(text);
    if (!copy)
        return mcb_error_set(error, MCB_FAULT_HOST_MEMORY, "no memory for the settings");
    free(value->text);
    value->text = copy;
    value->from = from;
    snprintf(value->variable, sizeof value->variable, "%s", variable ? variable : "");
    return 0;
}

/* The result document holds every value, so that each must be UTF-8. */
static int check_text(const char *text, const char *given_as, struct mcb_error *error)
{
    if (strnlen(text, TEXT_MAX) == TEXT_MAX)
        return mcb_error_set(error, MCB_FAULT_USE_VALUE, "%s: the value is too long", given_as);
    if (!mcb_setting_text_is_utf8(text))
        return mcb_error_set(error, MCB_FAULT_USE_VALUE, "%s: the value is not UTF-8", given_as);
    return 0;
}

static int unknown_option(const char *name, struct mcb_error *error)
{
    char shown[MCB_SHOWN_MAX];
    const char *nearest = mcb_settings_nearest(name);
    if (!mcb_setting_text_is_utf8(name))
        return mcb_error_set(error, MCB_FAULT_USE_OPTION, "an option is not UTF-8");
    return mcb_error_set(error, MCB_FAULT_USE_OPTION, "--%s: no such option%s%s%s",
                         *name ? mcb_setting_text_shown(name, shown) : "",
                         nearest ? " (did you mean --" : "", nearest ? nearest : "",
                         nearest ? "?)" : "");
}

int mcb_setting_values_set(struct mcb_setting_values *values, const char *name, const char *text,
                           struct mcb_error *error)
{
    size_t count;
    const struct mcb_setting *row = mcb_settings_find(name);
    if (!row)
        return unknown_option(name, error);
    struct mcb_setting_value *value = &values->rows[row - mcb_settings_table(&count)];

    char given_as[MCB_VARIABLE_NAME_MAX];
    snprintf(given_as, sizeof given_as, "--%s", name);
    if (value->from == MCB_FROM_OPTION)
        return mcb_error_set(error, MCB_FAULT_USE_OPTION, "%s: given twice", given_as);
    if (!row->argument && text)
        return mcb_error_set(error, MCB_FAULT_USE_OPTION, "%s: takes no value", given_as);
    if (row->argument && !text)
        return mcb_error_set(error, MCB_FAULT_USE_OPTION, "%s: needs a value, %s", given_as,
                             row->argument);
    if (text && check_text(text, given_as, error))
        return -1;
    return mcb_setting_value_replace(value, text ? text : "true", MCB_FROM_OPTION, NULL, error);
}

/* The variable that counts for a row: the first of its list that is set. Returns its text and its
 * name; NULL if none is. */
static const char *find_variable(const struct mcb_setting *row,
                                 const char *(*get)(const char *name),
                                 char name[MCB_VARIABLE_NAME_MAX])
{
    const char *at = row->variable;
    while (at && *at) {
        size_t length = strcspn(at, ",");
        snprintf(name, MCB_VARIABLE_NAME_MAX, "%.*s", (int)length, at);
        const char *text = get(name);
        if (text && (*text || row->by_presence))
            return text;
        at += length;
        at += *at == ',';
    }
    return NULL;
}

static int take_variable(const struct mcb_setting *row, struct mcb_setting_value *value,
                         const char *variable, const char *text, struct mcb_error *error)
{
    if (check_text(text, variable, error))
        return -1;
    if (!row->translate)
        return mcb_setting_value_replace(value, text, MCB_FROM_VARIABLE, variable, error);

    size_t size = strlen(text) + 64; /* no translation is longer than the text and a word */
    char *translated = malloc(size);
    if (!translated)
        return mcb_error_set(error, MCB_FAULT_HOST_MEMORY, "%s: no memory", variable);
    int result = row->translate(variable, text, translated, size, error);
    if (result == 0 && *translated)
        result = mcb_setting_value_replace(value, translated, MCB_FROM_VARIABLE, variable, error);
    free(translated);
    return result;
}

int mcb_setting_values_read_environment(struct mcb_setting_values *values,
                                        const char *(*get)(const char *name),
                                        struct mcb_error *error)
{
    size_t count;
    const struct mcb_setting *table = mcb_settings_table(&count);
    for (size_t i = 0; i < count; i++) {
        char name[MCB_VARIABLE_NAME_MAX];
        struct mcb_setting_value *value = &values->rows[i];
        if (value->from == MCB_FROM_OPTION ||
            (table[i].needs && !mcb_setting_values_get(values, table[i].needs)->text))
            continue;
        const char *text = find_variable(&table[i], get, name);
        if (text && take_variable(&table[i], value, name, text, error))
            return -1;
    }
    return 0;
}

json_t *mcb_setting_values_to_json(const struct mcb_setting_values *values)
{
    size_t count;
    const struct mcb_setting *table = mcb_settings_table(&count);
    json_t *object = json_object();
    for (size_t i = 0; i < count; i++) {
        const struct mcb_setting_value *value = &values->rows[i];
        char *masked = value->text ? mcb_setting_text_masked(value->text) : NULL;
        if (!masked)
            continue;
        json_t *entry = json_pack("{s:s, s:s}", "value", masked, "from", origins[value->from]);
        if (value->from == MCB_FROM_VARIABLE)
            json_object_set_new(entry, "variable", json_string(value->variable));
        json_object_set_new(object, table[i].name, entry);
        free(masked);
    }
    return object;
}
