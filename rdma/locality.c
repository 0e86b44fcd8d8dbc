/* SPDX-License-Identifier: Apache-2.0 */
#include "rdma/locality.h"

#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/pci.h"

bool mcb_locality_read(const char *sysfs, char *text, size_t text_size, const char *path, ...)
{
    char relative[512], full[PATH_MAX];
    text[0] = '\0';
    va_list arguments;
    va_start(arguments, path);
    vsnprintf(relative, sizeof(relative), path, arguments);
    va_end(arguments);
    snprintf(full, sizeof(full), "%s/%s", sysfs, relative);
    FILE *file = fopen(full, "re");
    if (!file)
        return false;
    bool read = fgets(text, (int)text_size, file) != NULL;
    fclose(file);
    if (!read) {
        text[0] = '\0';
        return false;
    }
    text[strcspn(text, "\r\n")] = '\0';
    for (size_t length = strlen(text); length > 0 && text[length - 1] == ' '; length--)
        text[length - 1] = '\0';
    return true;
}

/* Goes up from a device's folder to the first that is a PCI function. */
static bool find_pci_above(const char *link, struct mcb_locality *locality)
{
    char folder[PATH_MAX];
    if (!realpath(link, folder))
        return false;
    char *slash;
    while ((slash = strrchr(folder, '/')) != NULL) {
        if (mcb_pci_is_address(slash + 1)) {
            strcpy(locality->pci_address, slash + 1);
            char text[32];
            if (mcb_locality_read(folder, text, sizeof(text), "numa_node"))
                locality->numa_node = (int)strtol(text, NULL, 10);
            return true;
        }
        *slash = '\0';
    }
    return false;
}

struct mcb_locality mcb_locality_find(const char *sysfs, const char *device)
{
    struct mcb_locality locality = {.pci_address = "", .numa_node = -1, .software = false};
    char link[PATH_MAX], interface[64];
    snprintf(link, sizeof(link), "%s/class/infiniband/%s/device", sysfs, device);
    if (find_pci_above(link, &locality))
        return locality;
    locality.software = true;
    if (!mcb_locality_read(sysfs, interface, sizeof(interface), "class/infiniband/%s/parent",
                           device) ||
        interface[0] == '\0' || strchr(interface, '/'))
        return locality;
    snprintf(link, sizeof(link), "%s/class/net/%s/device", sysfs, interface);
    find_pci_above(link, &locality);
    return locality;
}
