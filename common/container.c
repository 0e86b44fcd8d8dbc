/* SPDX-License-Identifier: Apache-2.0 */
#include "common/container.h"

#include <limits.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum { LINE_MAX_BYTES = 4096 };

/* The first line of the list of control groups, where container engines show by their names. */
static const char *find_group(const char *root)
{
    static const struct {
        const char *part, *kind;
    } groups[] = {
        {"kubepods", "kubernetes"}, {"/docker", "docker"}, {"libpod", "podman"}, {"/lxc", "lxc"}};
    char path[PATH_MAX], line[LINE_MAX_BYTES];
    snprintf(path, sizeof path, "%s/proc/self/cgroup", root);
    FILE *file = fopen(path, "re");
    const char *read = file ? fgets(line, sizeof line, file) : NULL;
    if (file)
        fclose(file);
    for (size_t i = 0; read && i < sizeof groups / sizeof *groups; i++)
        if (strstr(line, groups[i].part))
            return groups[i].kind;
    return NULL;
}

const char *mcb_container_find(const char *root, const char *kubernetes, const char *container)
{
    static const struct {
        const char *path, *kind;
    } marks[] = {{"/run/.containerenv", "podman"}, {"/.dockerenv", "docker"}};
    char path[PATH_MAX];
    if (kubernetes)
        return "kubernetes";
    for (size_t i = 0; i < sizeof marks / sizeof *marks; i++) {
        snprintf(path, sizeof path, "%s%s", root, marks[i].path);
        if (access(path, F_OK) == 0)
            return marks[i].kind;
    }
    /* systemd and podman tell those inside by this variable. */
    return container ? container : find_group(root);
}
