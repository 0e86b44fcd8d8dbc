/* SPDX-License-Identifier: Apache-2.0 */

/*
 * No call here waits without looking at the interrupt flag: pipes and devices are opened without
 * blocking, poll(2) comes before each read and write, and what is written after it is no more than
 * a pipe that is ready surely takes.
 */

#include "common/file.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/clock.h"
#include "common/interrupt.h"
#include "common/socket.h"

enum { LINKS_MAX = 40, FIRST_ROOM_BYTES = 65536 };

/* ---- reading ---- */

struct reading {
    const char *path;
    int fd;
    size_t most_bytes;
    int64_t timeout_ns;
    enum mcb_fault_code fault;
};

static int fail_read(const struct reading *reading, const char *why, struct mcb_error *error)
{
    return mcb_error_set(error, reading->fault, "%s: %s", reading->path, why);
}

static int wait_for_bytes(const struct reading *reading, int64_t deadline_ns,
                          struct mcb_error *error)
{
    switch (mcb_socket_wait(reading->fd, POLLIN, deadline_ns, mcb_interrupt_flag(), error)) {
    case 1:
        return 0;
    case 0:
        return mcb_error_set(error, reading->fault, "%s: its end did not come within %g s",
                             reading->path, (double)reading->timeout_ns / (double)MCB_NS_PER_S);
    default:
        mcb_error_blame(error, reading->path);
        return -1;
    }
}

/* Room for one byte more than may come, so that too many are noticed. */
static int make_room(const struct reading *reading, char **text, size_t *room,
                     struct mcb_error *error)
{
    size_t wanted = *room ? *room * 2 : FIRST_ROOM_BYTES;
    if (wanted > reading->most_bytes)
        wanted = reading->most_bytes + 1;
    char *larger = realloc(*text, wanted);
    if (!larger)
        return fail_read(reading, "no memory to read it", error);
    *text = larger;
    *room = wanted;
    return 0;
}

static int read_all(const struct reading *reading, char **text, size_t *length,
                    struct mcb_error *error)
{
    const int64_t deadline_ns = mcb_clock_ns() + reading->timeout_ns;
    size_t room = 0, used = 0;
    for (;;) {
        if (used == room && make_room(reading, text, &room, error) != 0)
            return -1;
        if (wait_for_bytes(reading, deadline_ns, error) != 0)
            return -1;
        ssize_t got = read(reading->fd, *text + used, room - used);
        if (got < 0 && errno != EINTR && errno != EAGAIN)
            return fail_read(reading, strerror(errno), error);
        if (got == 0)
            break;
        used += got > 0 ? (size_t)got : 0;
        if (used > reading->most_bytes)
            return mcb_error_set(error, reading->fault, "%s: larger than %zu bytes", reading->path,
                                 reading->most_bytes);
    }
    *length = used;
    return 0;
}

char *mcb_file_read(const char *path, size_t most_bytes, int64_t timeout_ns,
                    enum mcb_fault_code fault, size_t *length, struct mcb_error *error)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
    const struct reading reading = {path, fd, most_bytes, timeout_ns, fault};
    if (fd < 0) {
        fail_read(&reading, strerror(errno), error);
        return NULL;
    }
    char *text = NULL;
    int status = read_all(&reading, &text, length, error);
    close(fd);
    if (status == 0)
        return text;
    free(text);
    return NULL;
}

/* ---- writing ---- */

struct content {
    int (*print)(FILE *stream, const void *context);
    const void *context;
};

/* Where a stream's bytes go. */
struct sink {
    int fd;
    bool waits;                        /* for a reader, as no file does */
    const volatile sig_atomic_t *stop; /* NULL: nothing ends its waiting */
    int cause;                         /* errno of what failed first */
    struct mcb_error interrupted;
};

static int output_error(const char *path, int cause, struct mcb_error *error)
{
    return mcb_error_set(error, MCB_FAULT_HOST_OUTPUT, "%s: cannot be written: %s", path,
                         strerror(cause));
}

static bool wait_for_room(struct sink *sink)
{
    static const int64_t never_ns = INT64_MAX - MCB_NS_PER_S; /* with room to round it up */
    return !sink->waits ||
           mcb_socket_wait(sink->fd, POLLOUT, never_ns, sink->stop, &sink->interrupted) == 1;
}

static ssize_t sink_write(void *cookie, const char *bytes, size_t size)
{
    struct sink *sink = cookie;
    size_t done = 0;
    while (done < size && wait_for_room(sink)) {
        size_t piece = size - done < PIPE_BUF ? size - done : PIPE_BUF;
        ssize_t written = write(sink->fd, bytes + done, piece);
        if (written < 0 && errno != EINTR && errno != EAGAIN) {
            if (!sink->cause)
                sink->cause = errno;
            break;
        }
        done += written > 0 ? (size_t)written : 0;
    }
    return (ssize_t)done;
}

/* Flushes to the disk too, where there is one. */
static bool print_to_sink(struct sink *sink, const struct content *content)
{
    FILE *stream = fopencookie(sink, "w", (cookie_io_functions_t){.write = sink_write});
    if (!stream) {
        sink->cause = errno;
        return false;
    }
    bool printed = content->print(stream, content->context) == 0 && !ferror(stream);
    if (fclose(stream) != 0 || !printed)
        return false;
    if (fsync(sink->fd) == 0 || errno == EINVAL || errno == EROFS)
        return true;
    sink->cause = errno;
    return false;
}

/* Prints and closes fd. */
static int fill(const char *path, int fd, bool waits, const struct content *content,
                struct mcb_error *error)
{
    const volatile sig_atomic_t *flag = mcb_interrupt_flag();
    struct sink sink = {.fd = fd, .waits = waits, .stop = *flag ? NULL : flag};
    bool written = print_to_sink(&sink, content);
    if (close(fd) != 0 && written) {
        sink.cause = errno;
        written = false;
    }
    if (written)
        return 0;
    if (sink.interrupted.code == MCB_FAULT_NONE)
        return output_error(path, sink.cause ? sink.cause : EIO, error);
    *error = sink.interrupted;
    mcb_error_blame(error, path);
    return -1;
}

static bool is_same(const struct stat *a, const struct stat *b)
{
    return a->st_dev == b->st_dev && a->st_ino == b->st_ino;
}

/* The standard stream that goes there and can be written; NULL if none does. */
static FILE *find_standard_stream(const struct stat *status)
{
    FILE *const streams[] = {stdout, stderr};
    for (size_t i = 0; i < sizeof streams / sizeof *streams; i++) {
        struct stat stream_status;
        int fd = (int)i + STDOUT_FILENO;
        if (fstat(fd, &stream_status) == 0 && is_same(status, &stream_status) &&
            (fcntl(fd, F_GETFL) & O_ACCMODE) != O_RDONLY)
            return streams[i];
    }
    return NULL;
}

bool mcb_file_is_stream(const char *path)
{
    struct stat status;
    return stat(path, &status) == 0 && (!S_ISREG(status.st_mode) || find_standard_stream(&status));
}

int mcb_file_open_stream(const char *path, int *fd, struct mcb_error *error)
{
    struct stat status;
    int opened = -1;
    if (mcb_file_is_stream(path) && stat(path, &status) == 0) {
        FILE *stream = find_standard_stream(&status);
        if (stream) {
            fflush(stream); /* what was printed to it already comes first */
            opened = fcntl(stream == stdout ? STDOUT_FILENO : STDERR_FILENO, F_DUPFD_CLOEXEC,
                           STDERR_FILENO + 1);
        } else {
            opened = open(path, O_WRONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
        }
        if (opened < 0 && errno == ENXIO && S_ISFIFO(status.st_mode))
            return mcb_error_set(error, MCB_FAULT_HOST_OUTPUT,
                                 "%s: a pipe without a reader; start its reader first", path);
        if (opened < 0)
            return output_error(path, errno, error);
    }
    *fd = opened;
    return 0;
}

/* "folder/name", where `of` is a path with that folder; NULL with errno. */
static char *beside(const char *of, const char *name)
{
    const char *slash = name[0] == '/' ? NULL : strrchr(of, '/');
    char *path;
    if (asprintf(&path, "%.*s%s", slash ? (int)(slash + 1 - of) : 0, of, name) < 0)
        return NULL;
    return path;
}

/* What a path means once its last part is no symbolic link any more, be it there or not; for
 * free(). NULL with errno. */
static char *follow_links(const char *path)
{
    char *target = strdup(path);
    for (int links = 0; target; links++) {
        char name[PATH_MAX];
        ssize_t length = readlink(target, name, sizeof name - 1);
        if (length < 0)
            return target;
        name[length] = '\0';
        char *next = links < LINKS_MAX ? beside(target, name) : NULL;
        if (links == LINKS_MAX)
            errno = ELOOP;
        free(target);
        target = next;
    }
    return NULL;
}

/* A new file in the place of `temporary`, as accessible as the one that it is to replace (NULL:
 * none) from the start. -1 with errno, EPERM if that one's owner cannot be given to it. */
static int create(const char *temporary, const struct stat *replaced)
{
    unlink(temporary);
    int fd = open(temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, replaced ? 0600 : 0666);
    if (fd < 0 || !replaced)
        return fd;
    struct stat own;
    bool is_ours = fstat(fd, &own) == 0 &&
                   ((own.st_uid == replaced->st_uid && own.st_gid == replaced->st_gid) ||
                    fchown(fd, replaced->st_uid, replaced->st_gid) == 0);
    if (is_ours && fchmod(fd, replaced->st_mode & 07777) == 0)
        return fd;
    int cause = is_ours ? errno : EPERM;
    close(fd);
    unlink(temporary);
    errno = cause;
    return -1;
}

static int overwrite(const char *path, const struct content *content, struct mcb_error *error)
{
    int fd = open(path, O_WRONLY | O_TRUNC | O_CLOEXEC);
    return fd < 0 ? output_error(path, errno, error) : fill(path, fd, false, content, error);
}

/* path: for errors. target: without a link at its end. */
static int replace(const char *path, const char *target, const struct stat *replaced,
                   const struct content *content, struct mcb_error *error)
{
    char *temporary;
    if (asprintf(&temporary, "%s.tmp.%ld", target, (long)getpid()) < 0)
        return output_error(path, ENOMEM, error);
    int fd = create(temporary, replaced), status;
    if (fd < 0) {
        status = replaced && errno == EPERM ? overwrite(path, content, error)
                                            : output_error(path, errno, error);
    } else {
        status = fill(path, fd, false, content, error);
        if (status == 0 && rename(temporary, target) != 0)
            status = output_error(path, errno, error);
        if (status != 0)
            unlink(temporary);
    }
    free(temporary);
    return status;
}

int mcb_file_write(const char *path, int (*print)(FILE *stream, const void *context),
                   const void *context, struct mcb_error *error)
{
    const struct content content = {print, context};
    struct stat there, found;
    int stream;
    if (mcb_file_open_stream(path, &stream, error) != 0)
        return -1;
    if (stream >= 0)
        return fill(path, stream, true, &content, error);
    bool exists = stat(path, &there) == 0;
    if (exists && faccessat(AT_FDCWD, path, W_OK, AT_EACCESS) != 0)
        return output_error(path, errno, error);
    char *target = follow_links(path);
    if (!target)
        return output_error(path, errno, error);
    int status;
    /* A link of /proc/self/fd leads to the file itself and not to what it is called. */
    if (exists && (stat(target, &found) != 0 || !is_same(&there, &found)))
        status = overwrite(path, &content, error);
    else
        status = replace(path, target, exists ? &there : NULL, &content, error);
    free(target);
    return status;
}
