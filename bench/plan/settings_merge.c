/* SPDX-License-Identifier: Apache-2.0 */

/*
 * The agreement of the ranks. Every rank has the records of all of them in the same order, so that
 * each comes to the same values, or to the same error, without another word.
 *
 * Texts are compared by what they mean: 64KiB on one host and 65536 on another agree.
 */
#include "bench/plan/settings_values.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "bench/plan/rule.h"
#include "bench/plan/settings_text.h"

/* What one rank says about one row. */
struct claim {
    const char *text;
    enum mcb_setting_from from;
    const char *host;
    const char *variable; /* that it is from; NULL: from none */
};

static const char *claim_text(const json_t *record, const char *name)
{
    return json_string_value(json_object_get(json_object_get(record, name), "value"));
}

static int claim_from(const json_t *record, const char *name)
{
    const char *from = json_string_value(json_object_get(json_object_get(record, name), "from"));
    return from ? mcb_setting_from_find(from) : -1;
}

static const char *claim_variable(const json_t *record, const char *name)
{
    return json_string_value(json_object_get(json_object_get(record, name), "variable"));
}

/* One of the variables of the row, a list with commas. */
static bool is_variable_of(const struct mcb_setting *row, const char *variable)
{
    const char *at = row->variable;
    while (at && *at) {
        size_t length = strcspn(at, ",");
        if (strlen(variable) == length && strncmp(variable, at, length) == 0)
            return true;
        at += length;
        at += *at == ',';
    }
    return false;
}

/* A default that is not ours comes from another command, if not from another mcbench. */
static int check_default(const struct mcb_setting_values *values, const char *name,
                         const char *text, const char *shown_host, struct mcb_error *error)
{
    const char *own = mcb_setting_values_default_text(values, name);
    char shown[MCB_SHOWN_MAX];
    if (own && strcmp(text, own) == 0)
        return 0;
    return mcb_error_set(error, MCB_FAULT_NET_PROTOCOL,
                         "%s: its default of --%s is %s, here it is %s; start the same command of "
                         "the same mcbench everywhere",
                         shown_host, name, mcb_setting_text_shown(text, shown), own ? own : "none");
}

/* Of the form that to_json gives, with names that the table has and the defaults of values. */
static int check_record(const struct mcb_setting_values *values, const json_t *record,
                        const char *host, struct mcb_error *error)
{
    char shown_host[MCB_SHOWN_MAX], shown[MCB_SHOWN_MAX];
    mcb_setting_text_shown(host, shown_host);
    if (!json_is_object(record))
        return mcb_error_set(error, MCB_FAULT_NET_PROTOCOL, "%s: its settings are no object",
                             shown_host);
    const char *name;
    json_t *entry;
    json_object_foreach((json_t *)record, name, entry)
    {
        const struct mcb_setting *row = mcb_settings_find(name);
        const char *text = claim_text(record, name);
        int from = claim_from(record, name);
        mcb_setting_text_shown(name, shown);
        if (!row)
            return mcb_error_set(error, MCB_FAULT_NET_PROTOCOL,
                                 "%s: it has a setting %s, which this mcbench has not", shown_host,
                                 shown);
        if (!text || from < 0)
            return mcb_error_set(error, MCB_FAULT_NET_PROTOCOL,
                                 "%s: its setting %s has no value or no origin", shown_host, shown);
        if (from == MCB_FROM_DEFAULT && check_default(values, row->name, text, shown_host, error))
            return -1;
        const char *variable = claim_variable(record, name);
        if (from == MCB_FROM_VARIABLE && (!variable || !is_variable_of(row, variable)))
            return mcb_error_set(error, MCB_FAULT_NET_PROTOCOL,
                                 "%s: its setting %s is from no variable that this mcbench reads",
                                 shown_host, shown);
    }
    return 0;
}

/* What a claim means, in a settings struct of zeros: rows of scope JOB write numbers, and rules. */
static struct mcb_settings *parse_claim(const struct mcb_setting *row, const struct claim *claim,
                                        struct mcb_error *error)
{
    char shown[MCB_SHOWN_MAX];
    struct mcb_error cause;
    struct mcb_settings *meaning = calloc(1, sizeof *meaning);
    if (!meaning) {
        mcb_error_set(error, MCB_FAULT_HOST_MEMORY, "no memory to compare settings");
        return NULL;
    }
    if (row->parse(meaning, claim->text, row->name, &cause)) {
        mcb_error_set(error, MCB_FAULT_NET_PROTOCOL, "%s: it sent %.*s",
                      mcb_setting_text_shown(claim->host, shown), (int)strcspn(cause.detail, "\n"),
                      cause.detail); /* without rule and caret */
        free(meaning);
        return NULL;
    }
    return meaning;
}

static void free_meaning(struct mcb_settings *meaning)
{
    if (meaning)
        mcb_settings_release(meaning);
    free(meaning);
}

/* Both are of one row, so that both have rules or none has. */
static bool is_same_meaning(const struct mcb_settings *a, const struct mcb_settings *b)
{
    if (a->expect && b->expect)
        return mcb_rules_are_same(a->expect, b->expect);
    return memcmp(a, b, sizeof *a) == 0;
}

static int compare_claims(const struct mcb_setting *row, const struct claim *first,
                          const struct claim *other, struct mcb_error *error)
{
    char first_text[MCB_SHOWN_MAX], first_host[MCB_SHOWN_MAX];
    char other_text[MCB_SHOWN_MAX], other_host[MCB_SHOWN_MAX];
    struct mcb_settings *a = parse_claim(row, first, error);
    struct mcb_settings *b = a ? parse_claim(row, other, error) : NULL;
    int result = b ? 0 : -1;
    if (b && !is_same_meaning(a, b))
        result = mcb_error_set(error, MCB_FAULT_USE_CONFLICT, "%s%s: %s on %s, but %s on %s",
                               first->from == MCB_FROM_OPTION ? "--" : "",
                               first->from == MCB_FROM_OPTION ? row->name : row->variable,
                               mcb_setting_text_shown(first->text, first_text),
                               mcb_setting_text_shown(first->host, first_host),
                               mcb_setting_text_shown(other->text, other_text),
                               mcb_setting_text_shown(other->host, other_host));
    free_meaning(b);
    free_meaning(a);
    return result;
}

/* The claim that holds for all: an option before a variable before the default, the lowest rank's
 * where several agree. *winner has no text if no rank gives one. */
static int find_winner(const struct mcb_setting *row, const json_t *const *records,
                       const char *const *hosts, size_t ranks, struct claim *winner,
                       struct mcb_error *error)
{
    *winner = (struct claim){.from = MCB_FROM_DEFAULT};
    for (size_t rank = 0; rank < ranks; rank++) {
        int from = claim_from(records[rank], row->name);
        if (from > (int)winner->from)
            *winner =
                (struct claim){claim_text(records[rank], row->name), (enum mcb_setting_from)from,
                               hosts[rank], claim_variable(records[rank], row->name)};
    }
    for (size_t rank = 0; rank < ranks && winner->text; rank++) {
        if (claim_from(records[rank], row->name) != (int)winner->from)
            continue;
        struct claim other = {claim_text(records[rank], row->name), winner->from, hosts[rank],
                              NULL};
        if (compare_claims(row, winner, &other, error))
            return -1;
    }
    return 0;
}

/* Gives a row the text that holds for all ranks; own: as this rank has it. */
static int merge_row(struct mcb_setting_values *merged, const struct mcb_setting *row,
                     const struct mcb_setting_value *own, const json_t *const *records,
                     const char *const *hosts, size_t ranks, struct mcb_error *error)
{
    size_t count;
    struct claim winner;
    if ((own->default_text &&
         mcb_setting_values_default(merged, row->name, own->default_text, error)) ||
        find_winner(row, records, hosts, ranks, &winner, error))
        return -1;
    if (!winner.text)
        return 0;
    return mcb_setting_value_replace(
        &merged->rows[row - mcb_settings_table(&count)], winner.text, winner.from,
        winner.from == MCB_FROM_VARIABLE ? winner.variable : NULL, error);
}

int mcb_setting_values_merge(struct mcb_setting_values *values, const json_t *const *records,
                             const char *const *hosts, size_t ranks, struct mcb_error *error)
{
    size_t count;
    const struct mcb_setting *table = mcb_settings_table(&count);
    for (size_t rank = 0; rank < ranks; rank++)
        if (check_record(values, records[rank], hosts[rank], error))
            return -1;

    struct mcb_setting_values *merged = mcb_setting_values_new();
    if (!merged)
        return mcb_error_set(error, MCB_FAULT_HOST_MEMORY, "no memory for the settings");
    int result = 0;
    for (size_t i = 0; i < count && result == 0; i++)
        if (table[i].scope == MCB_SCOPE_JOB)
            result = merge_row(merged, &table[i], &values->rows[i], records, hosts, ranks, error);
    for (size_t i = 0; i < count && result == 0; i++) {
        struct mcb_setting_value kept = values->rows[i];
        if (table[i].scope != MCB_SCOPE_JOB)
            continue;
        values->rows[i] = merged->rows[i];
        merged->rows[i] = kept;
    }
    mcb_setting_values_free(merged);
    return result;
}
