/* SPDX-License-Identifier: Apache-2.0 */
#include "common/file.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

struct content {
    int (*print)(FILE *stream, const void *context);
    const void *context;
};

static int output_error(const char *path, struct mcb_error *error)
{
    return mcb_error_set(error, MCB_FAULT_HOST_OUTPUT, "%s: cannot be written: %s", path,
                         strerror(errno));
}

/* Writes, flushes to the disk where there is one, and closes fd. -1 with errno. */
static int print_and_close(int fd, const struct content *content)
{
    FILE *stream = fdopen(fd, "w");
    if (!stream) {
        close(fd);
        return -1;
    }
    errno = 0;
    bool written = content->print(stream, content->context) == 0 && fflush(stream) == 0 &&
                   !ferror(stream) && (fsync(fd) == 0 || errno == EINVAL || errno == EROFS);
    int cause = errno ? errno : EIO;
    bool closed = fclose(stream) == 0;
    if (written && closed)
        return 0;
    errno = written ? errno : cause;
    return -1;
}

/* Devices and pipes (--output /dev/stdout): rename would replace them. */
static int write_in_place(const char *path, const struct content *content, struct mcb_error *error)
{
    int fd = open(path, O_WRONLY | O_CLOEXEC | O_NOCTTY);
    if (fd < 0 || print_and_close(fd, content))
        return output_error(path, error);
    return 0;
}

int mcb_file_write(const char *path, int (*print)(FILE *stream, const void *context),
                   const void *context, struct mcb_error *error)
{
    const struct content content = {print, context};
    struct stat status;
    bool exists = stat(path, &status) == 0;
    if (exists && !S_ISREG(status.st_mode))
        return write_in_place(path, &content, error);

    /* A symbolic link stays one: its target is what is replaced. */
    char *target = exists ? realpath(path, NULL) : strdup(path);
    char *temporary = NULL;
    if (!target || asprintf(&temporary, "%s.tmp.%ld", target, (long)getpid()) < 0) {
        output_error(path, error);
        free(target);
        return -1;
    }
    int result = 0;
    unlink(temporary);
    int fd = open(temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
    if (fd < 0) {
        result = output_error(path, error);
    } else if (print_and_close(fd, &content) || rename(temporary, target)) {
        result = output_error(path, error);
        unlink(temporary);
    }
    free(temporary);
    free(target);
    return result;
}
