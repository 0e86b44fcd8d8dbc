/* SPDX-License-Identifier: Apache-2.0 */
/*
 * On this host paths are opened as they are. Below a folder each one is walked part by part: a
 * symbolic link that is absolute leads on from the folder, and no ".." leads out of it, so that a
 * copied tree never shows the files of the host that it lies on. openat2(2) with RESOLVE_IN_ROOT
 * does the same, but many containers forbid it.
 */
#include "common/below.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { LINKS_MOST = 40 /* as the kernel follows */ };

/* What is left to walk (rest) behind what is resolved (done, below the root, no links in it). */
struct walk {
    char done[PATH_MAX], rest[PATH_MAX];
    unsigned links;
};

static void walk_up(struct walk *walk)
{
    char *slash = strrchr(walk->done, '/');
    if (slash)
        *slash = '\0';
}

/* Puts the target of a link before the rest. */
static bool walk_link(struct walk *walk, const char *target)
{
    char whole[PATH_MAX];
    int length = snprintf(whole, sizeof whole, "%s/%s", target, walk->rest);
    if (length >= (int)sizeof whole || ++walk->links > LINKS_MOST)
        return false;
    strcpy(walk->rest, whole);
    if (target[0] == '/')
        walk->done[0] = '\0';
    else
        walk_up(walk);
    return true;
}

/* Takes one part from the rest. */
static bool walk_step(const char *root, struct walk *walk, bool follow_last)
{
    char part[NAME_MAX + 1], whole[2 * PATH_MAX], target[PATH_MAX];
    char *begin = walk->rest + strspn(walk->rest, "/");
    size_t length = strcspn(begin, "/"), done = strlen(walk->done);
    if (length > NAME_MAX || done + length + 2 > sizeof walk->done)
        return false;
    memcpy(part, begin, length);
    part[length] = '\0';
    memmove(walk->rest, begin + length, strlen(begin + length) + 1);
    if (length == 0 || strcmp(part, ".") == 0)
        return true;
    if (strcmp(part, "..") == 0) {
        walk_up(walk);
        return true;
    }
    snprintf(walk->done + done, sizeof walk->done - done, "/%s", part);
    if (!follow_last && walk->rest[strspn(walk->rest, "/")] == '\0')
        return true;
    snprintf(whole, sizeof whole, "%s%s", root, walk->done);
    ssize_t got = readlink(whole, target, sizeof target - 1);
    if (got < 0)
        return true;
    target[got] = '\0';
    return walk_link(walk, target);
}

char *mcb_below_path(const char *root, const char *path, bool follow_last)
{
    struct walk walk = {.links = 0};
    char *resolved = NULL;
    if (root[0] == '\0')
        return strdup(path);
    if (snprintf(walk.rest, sizeof walk.rest, "%s", path) >= (int)sizeof walk.rest) {
        errno = ENAMETOOLONG;
        return NULL;
    }
    while (walk.rest[strspn(walk.rest, "/")] != '\0')
        if (!walk_step(root, &walk, follow_last)) {
            errno = ELOOP;
            return NULL;
        }
    return asprintf(&resolved, "%s%s", root, walk.done) < 0 ? NULL : resolved;
}

int mcb_below_open(const char *root, const char *path)
{
    const int own_links = root[0] ? O_NOFOLLOW : 0; /* this host's are the kernel's */
    struct stat status;
    char *resolved = mcb_below_path(root, path, true);
    if (!resolved)
        return -1;
    int fd = open(resolved, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY | own_links);
    int cause = errno;
    free(resolved);
    if (fd >= 0 && (fstat(fd, &status) != 0 || !S_ISREG(status.st_mode))) {
        close(fd);
        fd = -1;
        cause = EINVAL;
    }
    errno = cause;
    return fd;
}

long mcb_below_read(const char *root, const char *path, char *text, size_t size)
{
    size_t length = 0;
    ssize_t got = 1;
    int fd = mcb_below_open(root, path);
    if (fd < 0)
        return -1;
    while (got > 0 && length + 1 < size) {
        got = read(fd, text + length, size - 1 - length);
        length += got > 0 ? (size_t)got : 0;
    }
    int cause = errno;
    close(fd);
    errno = cause;
    text[length] = '\0';
    return got < 0 ? -1 : (long)length;
}
