/* SPDX-License-Identifier: Apache-2.0 */
#include "rdma/device_hidden.h"

#include <dirent.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "rdma/device.h"
#include "rdma/locality.h"

struct hidden {
    char name[MCB_DEVICE_NAME_MAX]; /* the first of them */
    char verbs[32];                 /* its file; "": ib_uverbs does not serve it */
    unsigned count;
};

/* The name of the device's file, "uverbs0". */
static void find_verbs(const char *sysfs, const char *name, char verbs[32])
{
    char path[512], device[MCB_DEVICE_NAME_MAX];
    const struct dirent *entry;
    verbs[0] = '\0';
    snprintf(path, sizeof(path), "%s/class/infiniband_verbs", sysfs);
    DIR *folder = opendir(path);
    while (folder && !verbs[0] && (entry = readdir(folder)))
        if (strncmp(entry->d_name, "uverbs", 6) == 0 && strlen(entry->d_name) < 32 &&
            mcb_locality_read(sysfs, device, sizeof(device), "class/infiniband_verbs/%s/ibdev",
                              entry->d_name) &&
            strcmp(device, name) == 0)
            strcpy(verbs, entry->d_name);
    if (folder)
        closedir(folder);
}

static void look_at(const char *sysfs, const char *files, const char *name, struct hidden *hidden)
{
    char path[512], verbs[32];
    find_verbs(sysfs, name, verbs);
    snprintf(path, sizeof(path), "%s/%s", files, verbs);
    if (verbs[0] && access(path, F_OK) == 0)
        return;
    if (hidden->count++ > 0 && strverscmp(name, hidden->name) > 0)
        return;
    snprintf(hidden->name, sizeof(hidden->name), "%.63s", name);
    strcpy(hidden->verbs, verbs);
}

bool mcb_device_find_hidden_from(bool contained, const char *sysfs, const char *files,
                                 const char *name, struct mcb_error *error)
{
    struct hidden hidden = {.count = 0};
    char path[512], more[64] = "";
    const struct dirent *entry;
    snprintf(path, sizeof(path), "%s/class/infiniband", sysfs);
    DIR *folder = opendir(path);
    while (folder && (entry = readdir(folder)))
        if (entry->d_name[0] != '.' && strlen(entry->d_name) < MCB_DEVICE_NAME_MAX &&
            (!name || strcmp(entry->d_name, name) == 0))
            look_at(sysfs, files, entry->d_name, &hidden);
    if (folder)
        closedir(folder);
    if (hidden.count == 0)
        return false;
    if (hidden.count > 1)
        snprintf(more, sizeof(more), ", and %u more likewise", hidden.count - 1);
    if (hidden.verbs[0])
        mcb_error_write(error, contained ? MCB_FAULT_HOST_CONTAINER : MCB_FAULT_RDMA_DEVICE_OPEN,
                        "%s: the kernel has it, but %s/%s is missing%s%s", hidden.name, files,
                        hidden.verbs, contained ? " (the container was started without it)" : "",
                        more);
    else
        mcb_error_write(
            error, MCB_FAULT_RDMA_DEVICE_OPEN,
            "%s: the kernel has it, but programs cannot use it: module ib_uverbs is not "
            "loaded%s",
            hidden.name, more);
    return true;
}

bool mcb_device_find_hidden(const char *sysfs, const char *files, const char *name,
                            struct mcb_error *error)
{
    return mcb_device_find_hidden_from(mcb_device_is_contained(), sysfs, files, name, error);
}
