/* SPDX-License-Identifier: Apache-2.0 */
#include "bench/doctor/system.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <netdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "bench/doctor/system_names.h"
#include "common/below.h"

enum {
    NAMES_MOST = 4 << 20, /* as many as there may be processes (pid_max) */
    VARIABLES_MOST = 4096,
    ENVIRONMENT_MOST = 1 << 20,
    FILE_MOST = 16 << 20, /* of a file that is looked through */
    LINE_MOST = 4096
};

struct mcb_system {
    bool live;
    char *root; /* as it was given */
    const volatile sig_atomic_t *stop;
    char name[256];
    char *environment;      /* below a folder: what variables point into */
    const char **variables; /* below a folder; NULL ends it */
};

/* ---- files ---- */

char *mcb_system_path(const struct mcb_system *system, const char *path)
{
    return mcb_below_path(system->root, path, true);
}

long mcb_system_read(const struct mcb_system *system, const char *path, char *text, size_t size)
{
    return mcb_below_read(system->root, path, text, size);
}

bool mcb_system_read_line(const struct mcb_system *system, const char *path, const char *prefix,
                          char *rest, size_t size)
{
    char line[LINE_MOST];
    bool found = false, begins = true;
    size_t seen = 0, length = strlen(prefix);
    int fd = mcb_below_open(system->root, path);
    FILE *file = fd < 0 ? NULL : fdopen(fd, "r");
    if (!file) {
        if (fd >= 0)
            close(fd);
        return false;
    }
    while (!found && seen < FILE_MOST && fgets(line, sizeof line, file)) {
        found = begins && strncmp(line, prefix, length) == 0;
        seen += sizeof line;
        begins = strchr(line, '\n') != NULL;
    }
    fclose(file);
    if (found) {
        line[strcspn(line, "\n")] = '\0';
        snprintf(rest, size, "%s", line + length);
    }
    return found;
}

bool mcb_system_read_number(const struct mcb_system *system, const char *path, uint64_t *number)
{
    char text[64], *end;
    if (mcb_system_read(system, path, text, sizeof text) <= 0 || !isdigit((unsigned char)text[0]))
        return false;
    errno = 0;
    unsigned long long value = strtoull(text, &end, 0);
    if (errno != 0 || end[strspn(end, " \t\n")] != '\0')
        return false;
    *number = value;
    return true;
}

bool mcb_system_exists(const struct mcb_system *system, const char *path)
{
    struct stat status;
    char *resolved = mcb_below_path(system->root, path, true);
    bool there = resolved && stat(resolved, &status) == 0;
    free(resolved);
    return there;
}

bool mcb_system_may(const struct mcb_system *system, const char *path, int mode)
{
    return system->live ? faccessat(AT_FDCWD, path, mode, AT_EACCESS) == 0
                        : mcb_system_exists(system, path);
}

static int compare_names(const void *a, const void *b)
{
    return strverscmp(*(char *const *)a, *(char *const *)b);
}

/* The list is twice as long whenever its length is a power of two. */
static bool add_name(char ***list, size_t count, const char *name)
{
    char **grown = *list;
    if ((count & (count - 1)) == 0)
        grown = realloc(*list, (count ? 2 * count : 1) * sizeof *grown);
    if (!grown)
        return false;
    *list = grown;
    grown[count] = strdup(name);
    return grown[count] != NULL;
}

static size_t read_names(DIR *folder, char ***list)
{
    const struct dirent *entry;
    size_t count = 0;
    while (count < NAMES_MOST && (entry = readdir(folder))) {
        if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0)
            continue;
        if (!add_name(list, count, entry->d_name))
            break;
        count++;
    }
    if (count > 0)
        qsort(*list, count, sizeof **list, compare_names);
    return count;
}

size_t mcb_system_names(const struct mcb_system *system, const char *path, char ***names)
{
    char *resolved = mcb_below_path(system->root, path, true);
    DIR *folder = resolved ? opendir(resolved) : NULL;
    char **list = NULL;
    size_t count = folder ? read_names(folder, &list) : 0;
    if (folder)
        closedir(folder);
    free(resolved);
    *names = list;
    return count;
}

void mcb_system_names_free(char **names, size_t count)
{
    for (size_t i = 0; names && i < count; i++)
        free(names[i]);
    free(names);
}

bool mcb_system_link(const struct mcb_system *system, const char *path, char *name, size_t size)
{
    char target[PATH_MAX];
    char *resolved = mcb_below_path(system->root, path, false);
    ssize_t length = resolved ? readlink(resolved, target, sizeof target - 1) : -1;
    free(resolved);
    if (length <= 0)
        return false;
    target[length] = '\0';
    const char *slash = strrchr(target, '/');
    snprintf(name, size, "%s", slash ? slash + 1 : target);
    return true;
}

/* ---- environment ---- */

static bool read_variables(struct mcb_system *system)
{
    char *text = malloc(ENVIRONMENT_MOST);
    const char **list = calloc(VARIABLES_MOST + 1, sizeof *list);
    system->environment = text;
    system->variables = list;
    if (!text || !list)
        return false;
    long length = mcb_system_read(system, "/proc/self/environ", text, ENVIRONMENT_MOST);
    size_t count = 0;
    for (char *next = text, *end = text + (length > 0 ? length : 0); next < end;) {
        size_t size = strcspn(next, "\n");
        next[size] = '\0';
        if (strchr(next, '=') && count < VARIABLES_MOST)
            list[count++] = next;
        next += size + 1;
    }
    return true;
}

const char *const *mcb_system_variables(const struct mcb_system *system)
{
    return system->live ? (const char *const *)environ : system->variables;
}

const char *mcb_system_variable(const struct mcb_system *system, const char *name)
{
    size_t length = strlen(name);
    for (const char *const *next = mcb_system_variables(system); next && *next; next++)
        if (strncmp(*next, name, length) == 0 && (*next)[length] == '=')
            return *next + length + 1;
    return NULL;
}

/* ---- names ---- */

int mcb_system_resolve(const struct mcb_system *system, const char *name, int64_t deadline_ns,
                       struct mcb_system_addresses *addresses, struct mcb_error *error)
{
    return system->live ? mcb_system_resolve_live(name, deadline_ns, system->stop, addresses, error)
                        : mcb_system_resolve_hosts(system, name, addresses, error);
}

static void read_name(struct mcb_system *system)
{
    if (system->live) {
        if (gethostname(system->name, sizeof system->name - 1) != 0)
            system->name[0] = '\0';
        return;
    }
    if (!mcb_system_read_line(system, "/proc/sys/kernel/hostname", "", system->name,
                              sizeof system->name))
        mcb_system_read_line(system, "/etc/hostname", "", system->name, sizeof system->name);
}

const char *mcb_system_name(const struct mcb_system *system)
{
    return system->name;
}

/* ---- open and close ---- */

const char *mcb_system_root(const struct mcb_system *system)
{
    return system->live ? "" : system->root;
}

bool mcb_system_is_live(const struct mcb_system *system)
{
    return system->live;
}

static int check_root(const struct mcb_system *system, struct mcb_error *error)
{
    struct stat status;
    if (system->live)
        return 0;
    if (stat(system->root, &status) != 0)
        return mcb_error_set(error, MCB_FAULT_USE_FILE, "--root %s: %s", system->root,
                             strerror(errno));
    if (!S_ISDIR(status.st_mode))
        return mcb_error_set(error, MCB_FAULT_USE_FILE, "--root %s: no folder", system->root);
    if (!mcb_system_exists(system, "/proc") && !mcb_system_exists(system, "/sys"))
        return mcb_error_set(error, MCB_FAULT_USE_FILE,
                             "--root %s: neither proc nor sys is in it; it must hold the copy of a "
                             "host's /proc, /sys, /dev and /etc",
                             system->root);
    return 0;
}

int mcb_system_open(const char *root, const volatile sig_atomic_t *stop, struct mcb_system **system,
                    struct mcb_error *error)
{
    struct mcb_system *made = calloc(1, sizeof *made);
    int status = made ? 0 : mcb_error_set(error, MCB_FAULT_HOST_MEMORY, "no memory");
    if (status == 0) {
        made->live = root[0] == '\0';
        made->stop = stop;
        made->root = strdup(root);
        if (!made->root)
            status = mcb_error_set(error, MCB_FAULT_HOST_MEMORY, "no memory");
    }
    if (status == 0)
        status = check_root(made, error);
    if (status == 0 && !made->live && !read_variables(made))
        status = mcb_error_set(error, MCB_FAULT_HOST_MEMORY, "no memory");
    if (status == 0) {
        read_name(made);
        *system = made;
        return 0;
    }
    mcb_system_close(made);
    return -1;
}

void mcb_system_close(struct mcb_system *system)
{
    if (!system)
        return;
    free(system->variables);
    free(system->environment);
    free(system->root);
    free(system);
}
