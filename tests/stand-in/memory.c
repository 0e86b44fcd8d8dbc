/* SPDX-License-Identifier: Apache-2.0 */
#include "memory.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "common/memory.h"

enum { FORGOTTEN_BYTE = 0xa5 };

/* A piece of a GPU's memory. */
struct allocation {
    struct allocation *next;
    unsigned gpu;
    size_t bytes;
    uint8_t *handed_out;
    uint8_t *own;
    uint8_t *behind; /* the module's way to what is handed out, where a flush is wanted; or NULL */
    int fd;          /* of the memfd that is handed out */
};

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct allocation *allocations;

bool mcb_stand_in_overlaps(const void *a, size_t a_bytes, const void *b, size_t b_bytes)
{
    uintptr_t a_begin = (uintptr_t)a, b_begin = (uintptr_t)b;
    return a_begin < b_begin + b_bytes && b_begin < a_begin + a_bytes;
}

bool mcb_stand_in_is_within(const void *inner, size_t inner_bytes, const void *outer,
                            size_t outer_bytes)
{
    uintptr_t offset = (uintptr_t)inner - (uintptr_t)outer;
    return offset <= outer_bytes && inner_bytes <= outer_bytes - offset;
}

/* With the lock held. NULL: no byte of it is a GPU's. */
static const struct allocation *find_allocation(const void *address, size_t bytes)
{
    for (const struct allocation *at = allocations; at; at = at->next)
        if (mcb_stand_in_overlaps(address, bytes, at->handed_out, at->bytes))
            return at;
    return NULL;
}

int mcb_stand_in_memory_locate(unsigned gpu, const void *address, size_t bytes,
                               struct mcb_stand_in_place *place, struct mcb_error *error)
{
    pthread_mutex_lock(&lock);
    const struct allocation *found = find_allocation(address, bytes);
    bool right =
        !found || (found->gpu == gpu &&
                   mcb_stand_in_is_within(address, bytes, found->handed_out, found->bytes));
    if (!found) {
        *place = (struct mcb_stand_in_place){.own = (uint8_t *)address};
    } else if (right) {
        ptrdiff_t offset = (const uint8_t *)address - found->handed_out;
        *place =
            (struct mcb_stand_in_place){.of_gpu = true,
                                        .own = found->own + offset,
                                        .behind = found->behind ? found->behind + offset : NULL};
    }
    pthread_mutex_unlock(&lock);
    return right ? 0
                 : mcb_error_set(error, MCB_FAULT_GPU_CALL,
                                 "cuda:%u: %zu bytes at %p are not in one piece of its memory", gpu,
                                 bytes, address);
}

static void free_allocation(struct allocation *allocation)
{
    if (allocation->handed_out)
        munmap(allocation->handed_out, allocation->bytes);
    if (allocation->own)
        munmap(allocation->own, allocation->bytes);
    if (allocation->behind)
        munmap(allocation->behind, allocation->bytes);
    if (allocation->fd >= 0)
        close(allocation->fd);
    free(allocation);
}

/* An address that is a multiple of 64 KiB; nothing can be done there yet. */
static uint8_t *reserve(size_t bytes)
{
    size_t more = bytes + MCB_GPU_PAGE_BYTES;
    uint8_t *begin =
        mmap(NULL, more, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (begin == MAP_FAILED)
        return NULL;
    size_t before = -(uintptr_t)begin & (MCB_GPU_PAGE_BYTES - 1);
    if (before > 0)
        munmap(begin, before);
    if (before < MCB_GPU_PAGE_BYTES)
        munmap(begin + before + bytes, MCB_GPU_PAGE_BYTES - before);
    return begin + before;
}

/* Its pages are there from the start: a host without so much memory says so here, not by a
 * signal. */
static int make_memfd(size_t bytes)
{
    int fd = memfd_create("mcbench-stand-in", MFD_CLOEXEC);
    int failure = fd < 0 ? errno : posix_fallocate(fd, 0, (off_t)bytes);
    if (failure == 0)
        return fd;
    if (fd >= 0)
        close(fd);
    errno = failure;
    return -1;
}

/* Maps a memfd at `at`; NULL: anywhere. */
static uint8_t *map(int fd, size_t bytes, void *at, int rights)
{
    void *address = mmap(at, bytes, rights, MAP_SHARED | (at ? MAP_FIXED : 0), fd, 0);
    if (address == MAP_FAILED)
        return NULL;
    madvise(address, bytes, MADV_DONTFORK); /* as of a real GPU: a child has none of it */
    return address;
}

/* The module's own mapping: of what is handed out, or of other memory. */
static uint8_t *map_own(const struct allocation *made, bool same)
{
    int fd = same ? made->fd : make_memfd(made->bytes);
    uint8_t *own = fd < 0 ? NULL : map(fd, made->bytes, NULL, PROT_READ | PROT_WRITE);
    if (!same && fd >= 0)
        close(fd);
    return own;
}

/* Fills in what is still missing of an allocation; on failure what there is stays its owner's. */
static int map_all(struct allocation *made, const struct mcb_stand_in_memory *memory)
{
    bool flushed = memory->flush_wanted && !memory->unreachable;
    int rights = memory->register_fails ? PROT_NONE : PROT_READ | PROT_WRITE;
    made->fd = make_memfd(made->bytes);
    if (made->fd < 0)
        return -1;
    if (flushed && !(made->behind = map(made->fd, made->bytes, NULL, PROT_READ | PROT_WRITE)))
        return -1;
    made->own = map_own(made, !flushed && !memory->unreachable);
    made->handed_out = made->own ? reserve(made->bytes) : NULL;
    return made->handed_out && map(made->fd, made->bytes, made->handed_out, rights) ? 0 : -1;
}

/* With the lock held. */
static uint64_t used_bytes(unsigned gpu)
{
    uint64_t sum = 0;
    for (const struct allocation *at = allocations; at; at = at->next)
        sum += at->gpu == gpu ? at->bytes : 0;
    return sum;
}

static int add(struct allocation *made, uint64_t most_bytes, struct mcb_error *error)
{
    pthread_mutex_lock(&lock);
    uint64_t used = used_bytes(made->gpu);
    bool fits = made->bytes <= most_bytes && used <= most_bytes - made->bytes;
    if (fits) {
        made->next = allocations;
        allocations = made;
    }
    pthread_mutex_unlock(&lock);
    return fits ? 0
                : mcb_error_set(error, MCB_FAULT_GPU_MEMORY,
                                "cuda:%u: %zu bytes of its memory: %llu of %llu are taken",
                                made->gpu, made->bytes, (unsigned long long)used,
                                (unsigned long long)most_bytes);
}

int mcb_stand_in_memory_allocate(const struct mcb_stand_in_memory *memory, void **address,
                                 struct mcb_error *error)
{
    struct allocation *made = malloc(sizeof *made);
    if (!made)
        return mcb_error_set(error, MCB_FAULT_HOST_MEMORY, "no memory for an allocation");
    *made = (struct allocation){.gpu = memory->gpu, .bytes = memory->bytes, .fd = -1};
    /* What is more than the GPU has is not even asked of the host. */
    int result = memory->bytes > memory->most_bytes ? 0 : map_all(made, memory);
    if (result != 0)
        mcb_error_set(error, MCB_FAULT_GPU_MEMORY, "cuda:%u: %zu bytes of host memory for it: %s",
                      made->gpu, made->bytes, strerror(errno));
    if (result != 0 || add(made, memory->most_bytes, error) != 0) {
        free_allocation(made);
        return -1;
    }
    memset(made->own, FORGOTTEN_BYTE, made->bytes); /* undefined: no zeroes to be relied on */
    *address = made->handed_out;
    return 0;
}

void mcb_stand_in_memory_release(unsigned gpu, void *address)
{
    pthread_mutex_lock(&lock);
    struct allocation **at = &allocations;
    while (*at && ((*at)->handed_out != address || (*at)->gpu != gpu))
        at = &(*at)->next;
    struct allocation *found = *at;
    if (found)
        *at = found->next;
    pthread_mutex_unlock(&lock);
    if (found)
        free_allocation(found);
}

void mcb_stand_in_memory_release_all(void)
{
    pthread_mutex_lock(&lock);
    struct allocation *at;
    while ((at = allocations)) {
        allocations = at->next;
        free_allocation(at);
    }
    pthread_mutex_unlock(&lock);
}

void mcb_stand_in_memory_flush(unsigned gpu)
{
    pthread_mutex_lock(&lock);
    for (struct allocation *at = allocations; at; at = at->next)
        if (at->gpu == gpu && at->behind)
            memcpy(at->own, at->behind, at->bytes);
    pthread_mutex_unlock(&lock);
}

int mcb_stand_in_memory_export(unsigned gpu, void *address, size_t bytes, int *fd,
                               struct mcb_error *error)
{
    pthread_mutex_lock(&lock);
    const struct allocation *found = find_allocation(address, bytes);
    bool whole =
        found && found->gpu == gpu && found->handed_out == address && found->bytes == bytes;
    int copied = whole ? fcntl(found->fd, F_DUPFD_CLOEXEC, 0) : -1;
    pthread_mutex_unlock(&lock);
    if (copied < 0)
        return mcb_error_set(error, MCB_FAULT_GPU_EXPORT, "cuda:%u: a dma-buf of %zu bytes: %s",
                             gpu, bytes, whole ? strerror(errno) : "not a whole buffer");
    *fd = copied;
    return 0;
}
