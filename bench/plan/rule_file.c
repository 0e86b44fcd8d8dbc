/* SPDX-License-Identifier: Apache-2.0 */

/*
 * A rules file, held against its form (results/schema/mcbench-rules.schema.json) member by member:
 * whoever wrote it is told the place. Its rules are parsed to see that they can be; what is kept is
 * their text.
 */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench/plan/rule.h"
#include "common/json.h"
#include "common/suggest.h"
#include "common/text.h"

enum {
    FILE_MOST_BYTES = 1 << 20,
    MACHINES_MOST = 256,
    NAME_MOST = 255,
    COUNT_MOST = 1024,
    PLACE_MAX = 64
};

struct check {
    const char *path;
    struct mcb_error *error;
};

/* Fault USE_FILE: "rules.json: machines[0].when.gpu: a string was expected". place "": the whole */
__attribute__((format(printf, 3, 4))) static int reject(const struct check *check,
                                                        const char *place, const char *format, ...)
{
    char what[256], path[256];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(what, sizeof what, format, arguments);
    va_end(arguments);
    return mcb_error_set(check->error, MCB_FAULT_USE_FILE, "%s: %s%s%s",
                         mcb_text_clean(check->path, path, sizeof path), place, *place ? ": " : "",
                         what);
}

/* "machines[0].when" and "gpu" are "machines[0].when.gpu". Returns joined. */
static char *join(const char *place, const char *member, char joined[PLACE_MAX])
{
    snprintf(joined, PLACE_MAX, "%.40s%s%.20s", place, *place ? "." : "", member);
    return joined;
}

static bool is_one_of(const char *word, const char *const *words)
{
    for (; *words; words++)
        if (strcmp(word, *words) == 0)
            return true;
    return false;
}

/* An object with no members but those of the list, which NULL ends. */
static int check_object(const struct check *check, const char *place, const json_t *object,
                        const char *const *members)
{
    const char *key;
    json_t *value;
    size_t count = 0;
    if (!json_is_object(object))
        return reject(check, place, "an object was expected");
    while (members[count])
        count++;
    json_object_foreach((json_t *)object, key, value)
    {
        char shown[64];
        const char *nearest = mcb_suggest_nearest(key, members, count);
        if (is_one_of(key, members))
            continue;
        return reject(check, place, "there is no member \"%s\"%s%s%s",
                      mcb_text_clean(key, shown, sizeof shown), nearest ? " (did you mean " : "",
                      nearest ? nearest : "", nearest ? "?)" : "");
    }
    return 0;
}

static int check_text(const struct check *check, const char *place, const json_t *value)
{
    if (!json_is_string(value))
        return reject(check, place, "a string was expected");
    size_t length = json_string_length(value);
    if (length < 1 || length > NAME_MOST)
        return reject(check, place, "%zu bytes long; 1 to %d were expected", length, NAME_MOST);
    return 0;
}

static int check_count(const struct check *check, const char *place, const json_t *value)
{
    json_int_t number = json_integer_value(value);
    if (!json_is_integer(value) || number < 0 || number > COUNT_MOST)
        return reject(check, place, "a whole number, 0 to %d, was expected", COUNT_MOST);
    return 0;
}

/* What a machine has to be. */
static int check_when(const struct check *check, const char *place, const json_t *when)
{
    static const char *const members[] = {"gpu",       "nic",  "cpu",  "host",
                                          "transport", "gpus", "nics", NULL};
    static const char *const counts[] = {"gpus", "nics", NULL};
    const char *key;
    json_t *value;
    if (check_object(check, place, when, members) != 0)
        return -1;
    json_object_foreach((json_t *)when, key, value)
    {
        char here[PLACE_MAX];
        join(place, key, here);
        if (is_one_of(key, counts) ? check_count(check, here, value) != 0
                                   : check_text(check, here, value) != 0)
            return -1;
    }
    return 0;
}

/* A list of rules, each a rule or several. parsed has room for those of the whole file that count
 * together. */
static int check_rules(const struct check *check, const char *place, const json_t *list,
                       struct mcb_rules *parsed)
{
    if (!json_is_array(list))
        return reject(check, place, "an array of rules was expected");
    for (size_t i = 0; i < json_array_size(list); i++) {
        char here[PLACE_MAX + 24], given_as[512], path[256];
        const json_t *rule = json_array_get(list, i);
        snprintf(here, sizeof here, "%s[%zu]", place, i);
        if (!json_is_string(rule))
            return reject(check, here, "a rule was expected, a string");
        snprintf(given_as, sizeof given_as, "%s, %s",
                 mcb_text_clean(check->path, path, sizeof path), here);
        if (mcb_rules_parse(json_string_value(rule), given_as, parsed, check->error) != 0)
            return -1;
    }
    return 0;
}

/* common: the rules of every machine, which those of the type are added to. */
static int check_machine(const struct check *check, const char *place, const json_t *machine,
                         const struct mcb_rules *common)
{
    static const char *const members[] = {"name", "when", "rules", NULL};
    char here[PLACE_MAX];
    if (check_object(check, place, machine, members) != 0 ||
        check_text(check, join(place, "name", here), json_object_get(machine, "name")) != 0 ||
        check_when(check, join(place, "when", here), json_object_get(machine, "when")) != 0)
        return -1;
    const json_t *rules = json_object_get(machine, "rules");
    if (json_is_array(rules) && json_array_size(rules) == 0)
        return reject(check, join(place, "rules", here),
                      "empty, so that nothing would be expected of this machine type; one rule at "
                      "least");
    struct mcb_rules *parsed = malloc(sizeof *parsed);
    if (!parsed)
        return mcb_error_set(check->error, MCB_FAULT_HOST_MEMORY, "no memory for rules");
    *parsed = *common;
    int status = check_rules(check, join(place, "rules", here), rules, parsed);
    free(parsed);
    return status;
}

static int check_machines(const struct check *check, const json_t *machines,
                          const struct mcb_rules *common)
{
    if (!machines)
        return 0;
    if (!json_is_array(machines) || json_array_size(machines) > MACHINES_MOST)
        return reject(check, "machines", "an array of at most %d machine types was expected",
                      MACHINES_MOST);
    for (size_t i = 0; i < json_array_size(machines); i++) {
        char place[PLACE_MAX];
        snprintf(place, sizeof place, "machines[%zu]", i);
        if (check_machine(check, place, json_array_get(machines, i), common) != 0)
            return -1;
    }
    return 0;
}

static int check_document(const struct check *check, const json_t *document)
{
    static const char *const members[] = {"schema", "rules", "machines", NULL};
    static const char schema[] = "mcbench-rules/1";
    if (check_object(check, "", document, members) != 0)
        return -1;
    const char *own = mcb_json_text(document, "schema");
    const json_t *rules = json_object_get(document, "rules");
    const json_t *machines = json_object_get(document, "machines");
    if (strcmp(own, schema) != 0)
        return reject(check, "schema", "\"%s\" was expected", schema);
    if (json_array_size(rules) == 0 && json_array_size(machines) == 0 &&
        (json_is_array(rules) || !rules) && (json_is_array(machines) || !machines))
        return reject(check, "", "it has neither \"rules\" nor \"machines\"");
    struct mcb_rules *common = calloc(1, sizeof *common);
    if (!common)
        return mcb_error_set(check->error, MCB_FAULT_HOST_MEMORY, "no memory for rules");
    int status = rules ? check_rules(check, "rules", rules, common) : 0;
    if (status == 0)
        status = check_machines(check, machines, common);
    free(common);
    return status;
}

json_t *mcb_rules_read_file(const char *path, struct mcb_error *error)
{
    const struct check check = {path, error};
    json_t *document = mcb_json_read_file(path, FILE_MOST_BYTES, MCB_FAULT_USE_FILE, error);
    if (document && check_document(&check, document) != 0) {
        json_decref(document);
        return NULL;
    }
    return document;
}
