/* SPDX-License-Identifier: Apache-2.0 */
#include "bench/plan/priority_matrix.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench/plan/settings.h"
#include "bench/plan/settings_text.h"
#include "common/json.h"
#include "common/location.h"

enum { MATRIX_BYTES_MAX = 1 << 20, LOCATIONS_MAX = 1024 };

static const char *const ranking[] = {"preferred NICs", "other NICs"};

bool mcb_priority_matrix_nic_is_name(const char *text)
{
    size_t length = strnlen(text, MCB_NIC_NAME_MAX);
    if (length == 0 || length == MCB_NIC_NAME_MAX)
        return false;
    for (; *text; text++)
        if ((unsigned char)*text <= ' ' || *text == 0x7f || *text == ',' || *text == '/')
            return false;
    return true;
}

/* "cpu:00" becomes "cpu:0"; -1 if it is no location. */
static int normalise_location(const char *text, char name[MCB_LOCATION_MAX])
{
    struct mcb_location location;
    if (strcmp(text, "*") == 0) {
        strcpy(name, text);
        return 0;
    }
    if (mcb_location_parse(text, &location) != 0 || location.number < 0)
        return -1;
    mcb_location_format(location, name);
    return 0;
}

/* Names of one of the two lists; `seen` holds those of the location so far. where: given_as and
 * location, for the error. */
static int check_names(const json_t *names, const char *where, const char *list, json_t *seen,
                       struct mcb_error *error)
{
    size_t index;
    json_t *name;
    json_array_foreach(names, index, name)
    {
        const char *text = json_string_value(name);
        char shown[MCB_SHOWN_MAX];
        if (!text)
            return mcb_error_set(error, MCB_FAULT_USE_MATRIX,
                                 "%s, entry %zu of the %s: not a text; a NIC name was expected",
                                 where, index + 1, list);
        mcb_setting_text_shown(text, shown);
        if (!mcb_priority_matrix_nic_is_name(text))
            return mcb_error_set(error, MCB_FAULT_USE_MATRIX,
                                 "%s, entry %zu of the %s: %s is not a NIC name (1 to %d "
                                 "characters, no blank, ',' or '/')",
                                 where, index + 1, list, shown, MCB_NIC_NAME_MAX - 1);
        if (json_object_get(seen, text))
            return mcb_error_set(error, MCB_FAULT_USE_MATRIX,
                                 "%s, entry %zu of the %s: %s stands there twice", where, index + 1,
                                 list, shown);
        if (json_object_set_new(seen, text, json_true()))
            return mcb_error_set(error, MCB_FAULT_HOST_MEMORY, "%s: no memory", where);
    }
    if (json_object_size(seen) > MCB_NICS_MAX)
        return mcb_error_set(error, MCB_FAULT_USE_MATRIX, "%s: more than %d NICs", where,
                             MCB_NICS_MAX);
    return 0;
}

/* [[preferred], [other]] of one location. */
static int check_lists(const json_t *lists, const char *where, struct mcb_error *error)
{
    if (!json_is_array(lists) || json_array_size(lists) != 2)
        return mcb_error_set(error, MCB_FAULT_USE_MATRIX,
                             "%s: two arrays were expected, [[preferred NICs], [other NICs]]",
                             where);
    json_t *seen = json_object();
    int result = 0;
    for (size_t i = 0; i < 2 && result == 0; i++) {
        const json_t *names = json_array_get(lists, i);
        if (json_is_array(names))
            result = check_names(names, where, ranking[i], seen, error);
        else
            result = mcb_error_set(error, MCB_FAULT_USE_MATRIX, "%s: the %s are no array of names",
                                   where, ranking[i]);
    }
    json_decref(seen);
    return result;
}

static int add_location(json_t *matrix, const char *key, json_t *lists, const char *given_as,
                        struct mcb_error *error)
{
    char location[MCB_LOCATION_MAX], shown[MCB_SHOWN_MAX], where[256];
    snprintf(where, sizeof where, "%s: %s", given_as, mcb_setting_text_shown(key, shown));
    if (normalise_location(key, location))
        return mcb_error_set(error, MCB_FAULT_USE_MATRIX,
                             "%s: not a location; cpu:N, cuda:N (N 0 to %d) or *", where,
                             MCB_LOCATION_NUMBER_MAX);
    if (json_object_get(matrix, location))
        return mcb_error_set(error, MCB_FAULT_USE_MATRIX, "%s: %s stands in the matrix twice",
                             where, location);
    if (check_lists(lists, where, error))
        return -1;
    if (json_object_set(matrix, location, lists))
        return mcb_error_set(error, MCB_FAULT_HOST_MEMORY, "%s: no memory", where);
    return 0;
}

/* The matrix in its normal form; NULL and *error. */
static json_t *normalise(json_t *value, const char *given_as, struct mcb_error *error)
{
    size_t locations = json_object_size(value);
    if (!json_is_object(value) || locations == 0 || locations > LOCATIONS_MAX) {
        mcb_error_set(error, MCB_FAULT_USE_MATRIX,
                      "%s: an object of 1 to %d locations was expected, "
                      "{\"cpu:0\": [[preferred NICs], [other NICs]]}",
                      given_as, LOCATIONS_MAX);
        return NULL;
    }
    json_t *matrix = json_object();
    const char *key;
    json_t *lists;
    json_object_foreach(value, key, lists)
    {
        if (add_location(matrix, key, lists, given_as, error)) {
            json_decref(matrix);
            return NULL;
        }
    }
    return matrix;
}

json_t *mcb_priority_matrix_read(const char *text, const char *given_as, struct mcb_error *error)
{
    struct mcb_error cause;
    json_t *value = NULL;
    if (text[strspn(text, " \t\r\n")] == '{')
        value = mcb_json_parse(text, strlen(text), MATRIX_BYTES_MAX, "the text given",
                               MCB_FAULT_USE_MATRIX, &cause);
    else if (*text)
        value = mcb_json_read_file(text, MATRIX_BYTES_MAX, MCB_FAULT_USE_MATRIX, &cause);
    else
        mcb_error_set(&cause, MCB_FAULT_USE_MATRIX, "no file name and no JSON");
    if (!value) {
        mcb_error_set(error, cause.code, "%s: %s", given_as, cause.detail);
        return NULL;
    }
    json_t *matrix = normalise(value, given_as, error);
    json_decref(value);
    return matrix;
}

static bool is_wanted(const struct mcb_settings *settings, const char *nic)
{
    for (size_t i = 0; i < settings->nic_count; i++)
        if (strcmp(settings->nics[i], nic) == 0)
            return true;
    return settings->nic_count == 0;
}

/* The NICs chosen so far. */
struct selection {
    char nics[MCB_NICS_MAX][MCB_NIC_NAME_MAX];
    size_t count;
    int *nodes; /* of the memory of each; -1: not said */
};

/* node: of the location, if it decides where the memory of the NIC lies, else -1. */
static void take(struct selection *selection, const char *nic, int node)
{
    size_t i = 0;
    while (i < selection->count && strcmp(selection->nics[i], nic) != 0)
        i++;
    if (i == MCB_NICS_MAX)
        return;
    if (i == selection->count) {
        snprintf(selection->nics[i], sizeof selection->nics[i], "%s", nic);
        selection->nodes[i] = -1;
        selection->count++;
    }
    if (selection->nodes[i] == -1)
        selection->nodes[i] = node;
}

/* The NICs of a location that --nic does not leave out. True if there is one. */
static bool take_location(struct selection *selection, const struct mcb_settings *settings,
                          const json_t *lists, int node)
{
    const json_t *names = json_array_get(lists, json_array_size(json_array_get(lists, 0)) ? 0 : 1);
    bool found = false;
    for (size_t i = 0; i < json_array_size(names); i++) {
        const char *nic = json_string_value(json_array_get(names, i));
        if (!is_wanted(settings, nic))
            continue;
        take(selection, nic, node);
        found = true;
    }
    return found;
}

/* Those of all locations that speak for a memory; of "*" where there is none. */
static void take_memory(struct selection *selection, const struct mcb_settings *settings,
                        const struct mcb_memory_choice *memory)
{
    const char *name;
    bool found = false;
    json_t *lists;
    json_object_foreach(settings->priority_matrix, name, lists)
    {
        struct mcb_location location;
        if (mcb_location_parse(name, &location) != 0 ||
            location.kind != mcb_memory_choice_kind(memory))
            continue;
        bool beside = memory->number == -1; /* else the number itself says where it lies */
        if (beside || location.number == memory->number)
            found |= take_location(selection, settings, lists,
                                   beside && !memory->gpu ? location.number : -1);
    }
    if (!found)
        take_location(selection, settings, json_object_get(settings->priority_matrix, "*"), -1);
}

int mcb_priority_matrix_select(struct mcb_settings *settings, int *memory_nodes,
                               struct mcb_error *error)
{
    struct selection selection = {.nodes = memory_nodes};
    for (size_t i = 0; i < settings->memory_count; i++)
        take_memory(&selection, settings, &settings->memories[i]);
    for (size_t i = 0; i < settings->peer_memory_count; i++)
        take_memory(&selection, settings, &settings->peer_memories[i]);
    const struct mcb_memory_choice asked = {mcb_settings_use_gpus(settings), -1};
    if (selection.count == 0)
        return mcb_error_set(error, MCB_FAULT_USE_MATRIX,
                             "--nic-priority-matrix: no NIC for the memory asked for; it needs a "
                             "location \"%s:N\" or \"*\" with a NIC%s",
                             mcb_location_kind_name(mcb_memory_choice_kind(&asked)),
                             settings->nic_count ? " that --nic names" : "");
    memcpy(settings->nics, selection.nics, sizeof selection.nics);
    settings->nic_count = selection.count;
    return 0;
}
