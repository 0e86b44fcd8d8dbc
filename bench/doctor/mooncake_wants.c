/* SPDX-License-Identifier: Apache-2.0 */
#include "bench/doctor/mooncake_wants.h"

#include <errno.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench/plan/settings_text.h"
#include "common/json.h"

enum { CONFIG_MOST = 1 << 20, ADDRESS_TEXT = 256, MEMBERS = 4 };

/* A member of the file, the variables that say the same, and where it goes. */
struct member {
    const char *key, *variables[2];
    size_t offset, size;
};

#define MEMBER(name)                                                                               \
    offsetof(struct mcb_mooncake_wants, name), sizeof((struct mcb_mooncake_wants *)0)->name

static const struct member members[MEMBERS] = {
    {"local_hostname", {"MOONCAKE_LOCAL_HOSTNAME", NULL}, MEMBER(local_hostname)},
    {"metadata_server",
     {"MOONCAKE_TE_META_DATA_SERVER", "MC_METADATA_SERVER"},
     MEMBER(metadata_server)},
    {"protocol", {"MOONCAKE_PROTOCOL", NULL}, MEMBER(protocol)},
    {"device_name", {"MOONCAKE_DEVICE", NULL}, MEMBER(device_name)},
};

static int keep(const struct member *member, const char *text, const char *named,
                struct mcb_mooncake_wants *wants, struct mcb_error *error)
{
    if (strlen(text) >= member->size)
        return mcb_error_set(error, MCB_FAULT_USE_FILE, "%s: longer than %zu characters", named,
                             member->size - 1);
    memcpy((char *)wants + member->offset, text, strlen(text) + 1);
    return 0;
}

static int read_variables(const struct mcb_system *system, struct mcb_mooncake_wants *wants,
                          struct mcb_error *error)
{
    for (size_t i = 0; i < MEMBERS; i++)
        for (size_t n = 0; n < 2 && members[i].variables[n]; n++) {
            const char *text = mcb_system_variable(system, members[i].variables[n]);
            if (!text || !text[0])
                continue;
            if (keep(&members[i], text, members[i].variables[n], wants, error) != 0)
                return -1;
            break;
        }
    return 0;
}

static int take_members(const json_t *object, const char *path, struct mcb_mooncake_wants *wants,
                        struct mcb_error *error)
{
    if (!json_is_object(object))
        return mcb_error_set(error, MCB_FAULT_USE_FILE, "%s: not a JSON object", path);
    for (size_t i = 0; i < MEMBERS; i++) {
        const json_t *value = json_object_get(object, members[i].key);
        if (!value || json_is_null(value))
            continue;
        if (!json_is_string(value))
            return mcb_error_set(error, MCB_FAULT_USE_FILE, "%s: %s is not a string", path,
                                 members[i].key);
        if (keep(&members[i], json_string_value(value), members[i].key, wants, error) != 0)
            return -1;
    }
    return 0;
}

static int read_file(const struct mcb_system *system, const char *path,
                     struct mcb_mooncake_wants *wants, struct mcb_error *error)
{
    char *text = malloc(CONFIG_MOST);
    if (!text)
        return mcb_error_set(error, MCB_FAULT_USE_FILE, "%s: no memory to read it", path);
    long length = mcb_system_read(system, path, text, CONFIG_MOST);
    int status = -1;
    if (length < 0)
        mcb_error_set(error, MCB_FAULT_USE_FILE, "MOONCAKE_CONFIG_PATH=%s: %s", path,
                      strerror(errno));
    else if (length == CONFIG_MOST - 1)
        mcb_error_set(error, MCB_FAULT_USE_FILE, "MOONCAKE_CONFIG_PATH=%s: larger than 1 MiB",
                      path);
    else {
        json_t *object =
            mcb_json_parse(text, (size_t)length, CONFIG_MOST, path, MCB_FAULT_USE_FILE, error);
        status = object ? take_members(object, path, wants, error) : -1;
        json_decref(object);
    }
    free(text);
    return status;
}

int mcb_mooncake_wants_read(const struct mcb_system *system, struct mcb_mooncake_wants *wants,
                            struct mcb_error *error)
{
    struct mcb_mooncake_wants read = {.from = NULL};
    const char *path = mcb_system_variable(system, "MOONCAKE_CONFIG_PATH");
    bool given = path && path[0];
    int status =
        given ? read_file(system, path, &read, error) : read_variables(system, &read, error);
    if (status == 0) {
        read.from = given ? path : NULL;
        *wants = read;
    }
    return status;
}

/* ---- metadata servers ---- */

static bool is_address(const char *text)
{
    return text[0] && text[strspn(text, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
                                        "0123456789.:-_[]")] == '\0';
}

/* "n1:2379" to "http://n1:2379", behind what is there; etcd's own port where none is named. */
static bool add_url(const char *address, char *urls, size_t size)
{
    size_t length = strlen(urls);
    const char *port = strchr(address, ']') ? strchr(address, ']') : address;
    int written = snprintf(urls + length, size - length, "%shttp://%s%s", length ? "," : "",
                           address, strchr(port, ':') ? "" : ":2379");
    return written > 0 && (size_t)written < size - length;
}

int mcb_mooncake_etcd_urls(const char *metadata_server, char *urls, size_t size,
                           struct mcb_error *error)
{
    static const char scheme[] = "etcd://";
    const char *next = metadata_server;
    char made[1024] = "", shown[MCB_SHOWN_MAX];
    if (strncmp(next, scheme, sizeof scheme - 1) == 0)
        next += sizeof scheme - 1;
    else if (next[0] == '\0' || strcmp(next, "P2PHANDSHAKE") == 0 || strstr(next, "://"))
        return 0;
    while (*next) {
        char address[ADDRESS_TEXT];
        size_t length = strcspn(next, ",;");
        snprintf(address, sizeof address, "%.*s", (int)length, next);
        if (length >= sizeof address || !is_address(address) ||
            !add_url(address, made, sizeof made))
            return mcb_error_set(error, MCB_FAULT_USE_VALUE,
                                 "metadata_server %s: no list of HOST:PORT for etcd",
                                 mcb_setting_text_shown(metadata_server, shown));
        next += length;
        next += *next != '\0';
    }
    snprintf(urls, size, "%s", made);
    return 1;
}
