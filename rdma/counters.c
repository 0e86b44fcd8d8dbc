/* SPDX-License-Identifier: Apache-2.0 */
#include "rdma/counters.h"

#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "rdma/locality.h"

/* Parts of names, of whatever driver. */
static const struct {
    const char *part;
    enum mcb_counter_kind kind;
} trouble[] = {
    {"err", MCB_COUNTER_LOSS},           {"discard", MCB_COUNTER_LOSS},
    {"drop", MCB_COUNTER_LOSS},          {"retr", MCB_COUNTER_LOSS},
    {"timeout", MCB_COUNTER_LOSS},       {"seq", MCB_COUNTER_LOSS},
    {"out_of_buffer", MCB_COUNTER_LOSS}, {"downed", MCB_COUNTER_LOSS},
    {"recovery", MCB_COUNTER_LOSS},      {"integrity", MCB_COUNTER_LOSS},
    {"overrun", MCB_COUNTER_LOSS},       {"dupl", MCB_COUNTER_LOSS},
    {"nak", MCB_COUNTER_LOSS},           {"crc", MCB_COUNTER_LOSS},
    {"constraint", MCB_COUNTER_LOSS},    {"violation", MCB_COUNTER_LOSS},
    {"unresponsive", MCB_COUNTER_LOSS},  {"impaired", MCB_COUNTER_LOSS},
    {"missed", MCB_COUNTER_LOSS},        {"fifo", MCB_COUNTER_LOSS},
    {"collision", MCB_COUNTER_LOSS},     {"ecn", MCB_COUNTER_MARK},
    {"cnp", MCB_COUNTER_MARK},           {"pause", MCB_COUNTER_MARK},
    {"slow_restart", MCB_COUNTER_MARK},  {"wait", MCB_COUNTER_WAIT},
    {"dly", MCB_COUNTER_WAIT},
};

/* What is none, though a part of it looks so. */
static const char *const harmless[] = {"deferred", "interrupt"};

/* The gravest of what its parts mean. */
enum mcb_counter_kind mcb_counter_kind_of(const char *name)
{
    enum mcb_counter_kind kind = MCB_COUNTER_OTHER;
    for (size_t i = 0; i < sizeof(harmless) / sizeof(harmless[0]); i++)
        if (strcasestr(name, harmless[i]))
            return MCB_COUNTER_OTHER;
    for (size_t i = 0; i < sizeof(trouble) / sizeof(trouble[0]); i++)
        if (trouble[i].kind > kind && strcasestr(name, trouble[i].part))
            kind = trouble[i].kind;
    return kind;
}

/* Decimal, or hexadecimal with 0x. */
static bool read_value(const char *sysfs, const char *folder, const char *name, uint64_t *value)
{
    char text[64], *end;
    if (!mcb_locality_read(sysfs, text, sizeof(text), "%s/%s", folder, name))
        return false;
    bool hexadecimal = strncasecmp(text, "0x", 2) == 0;
    if (text[0] < '0' || text[0] > '9')
        return false;
    errno = 0;
    unsigned long long read = strtoull(text, &end, hexadecimal ? 16 : 10);
    if (errno != 0 || *end != '\0' || end == text + (hexadecimal ? 1 : 0))
        return false;
    *value = read;
    return true;
}

static int compare_names(const void *left, const void *right)
{
    return strcmp(((const struct mcb_counter *)left)->name,
                  ((const struct mcb_counter *)right)->name);
}

/* The order in which a folder names its files is none: which of too many are kept is decided by
 * it all the same, as more than MCB_COUNTERS_MAX would be no NIC that is known. */
static void take_folder(const char *sysfs, const char *folder, const char *prefix,
                        struct mcb_counters *counters)
{
    char full[PATH_MAX];
    snprintf(full, sizeof(full), "%s/%s", sysfs, folder);
    DIR *names = opendir(full);
    if (!names)
        return;
    size_t first = counters->count;
    const struct dirent *entry;
    while (counters->count < MCB_COUNTERS_MAX && (entry = readdir(names)) != NULL) {
        uint64_t value;
        if (mcb_counter_kind_of(entry->d_name) == MCB_COUNTER_OTHER ||
            strlen(prefix) + strlen(entry->d_name) >= MCB_COUNTER_NAME_MAX ||
            !read_value(sysfs, folder, entry->d_name, &value))
            continue;
        struct mcb_counter *counter = &counters->list[counters->count++];
        memcpy(stpcpy(counter->name, prefix), entry->d_name, strlen(entry->d_name) + 1);
        counter->value = value;
    }
    closedir(names);
    qsort(counters->list + first, counters->count - first, sizeof(*counters->list), compare_names);
}

/* Names of devices and interfaces come from the kernel, but also from a file. */
static bool is_name(const char *name)
{
    return name && name[0] != '\0' && name[0] != '.' && !strchr(name, '/') && strlen(name) < 64;
}

void mcb_counters_take(const char *sysfs, const struct mcb_counters_source *source,
                       struct mcb_counters *counters)
{
    char folder[256];
    counters->count = 0;
    if (is_name(source->device)) {
        snprintf(folder, sizeof(folder), "class/infiniband/%s/ports/%u/counters", source->device,
                 source->port);
        take_folder(sysfs, folder, "", counters);
        snprintf(folder, sizeof(folder), "class/infiniband/%s/ports/%u/hw_counters", source->device,
                 source->port);
        take_folder(sysfs, folder, "", counters);
        snprintf(folder, sizeof(folder), "class/infiniband/%s/hw_counters", source->device);
        take_folder(sysfs, folder, "device.", counters);
    }
    if (is_name(source->interface)) {
        snprintf(folder, sizeof(folder), "class/net/%s/statistics", source->interface);
        take_folder(sysfs, folder, "interface.", counters);
    }
}

static const struct mcb_counter *find(const struct mcb_counters *counters, const char *name)
{
    for (size_t i = 0; i < counters->count; i++)
        if (strcmp(counters->list[i].name, name) == 0)
            return &counters->list[i];
    return NULL;
}

size_t mcb_counters_compare(const struct mcb_counters *before, const struct mcb_counters *after,
                            struct mcb_counter_change *changes)
{
    size_t count = 0;
    for (size_t i = 0; i < after->count; i++) {
        const struct mcb_counter *now = &after->list[i], *then = find(before, now->name);
        if (!then || then->value == now->value)
            continue;
        struct mcb_counter_change *change = &changes[count++];
        memcpy(change->name, now->name, sizeof(change->name));
        change->before = then->value;
        change->after = now->value;
        change->restarted = now->value < then->value;
    }
    return count;
}
