/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Host memory comes straight from mmap(2): page aligned, its own mapping, and kept out of children
 * (MADV_DONTFORK), since a NIC goes on using the physical pages that were registered while
 * copy-on-write would give the parent others.
 *
 * The node is asked for with mbind(2) as a preference and then read back from the kernel: a
 * container may forbid both calls, and a full node lets pages fall elsewhere. Bound strictly, a
 * full node would mean a signal (SIGBUS, the OOM killer) in place of an answer.
 *
 * Huge pages that mmap(2) promised can still be missing when they are touched, where a cpuset or a
 * limit of the cgroup says so, and the kernel then kills with SIGBUS. So it is the kernel that
 * touches them, by read(2) of a zero into each: it reports the same as an error.
 */
#include "common/buffer.h"

#include <errno.h>
#include <fcntl.h>
#include <numaif.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "common/huge_pages.h"
#include "common/id_list.h"
#include "common/memory.h"

enum { NODES_MAX = 1024, NODE_BITS = 8 * sizeof(unsigned long) }; /* kernel: NODES_SHIFT <= 10 */
enum { EXPLANATION_TEXT = 400 };

/* The kernel's list of nodes, such as "0-1,3". A kernel without NUMA has none: "0". Nodes without
 * memory are in it: a NIC may be beside one, and its buffers then lie where the kernel puts them.
 */
static void read_nodes(char *list, size_t list_size)
{
    FILE *file = fopen("/sys/devices/system/node/online", "re");
    if (!file || !fgets(list, (int)list_size, file))
        snprintf(list, list_size, "0");
    list[strcspn(list, "\n")] = '\0';
    if (file)
        fclose(file);
}

int mcb_buffer_check_node(int numa_node, struct mcb_error *error)
{
    char list[MCB_ID_LIST_MAX];
    read_nodes(list, sizeof list);
    if (numa_node >= 0 && numa_node < NODES_MAX && mcb_id_list_contains(list, (unsigned)numa_node))
        return 0;
    return mcb_error_set(error, MCB_FAULT_USE_VALUE,
                         "memory cpu:%d: this host has no such NUMA node; there are cpu:%s",
                         numa_node, list);
}

/* A refusal is no error: the pages then fall where they fall, and the buffer is named after that.
 */
static bool prefer_node(const struct mcb_buffer *buffer, int node)
{
    unsigned long mask[NODES_MAX / NODE_BITS] = {0};
    mask[node / NODE_BITS] = 1UL << node % NODE_BITS;
    return mbind(buffer->address, buffer->length_bytes, MPOL_PREFERRED, mask, NODES_MAX, 0) == 0;
}

/* 0: there are no huge pages. */
static size_t page_bytes_of(bool huge_pages)
{
    struct mcb_huge_pages pages;
    if (!huge_pages)
        return (size_t)sysconf(_SC_PAGESIZE);
    mcb_huge_pages_read("", &pages);
    return pages.page_bytes;
}

static size_t round_up(size_t bytes, size_t to)
{
    return (bytes + to - 1) / to * to;
}

size_t mcb_buffer_rounded_bytes(size_t length_bytes, bool huge_pages)
{
    size_t page_bytes = page_bytes_of(huge_pages);
    return round_up(length_bytes, page_bytes ? page_bytes : page_bytes_of(false));
}

static int fail_huge(const struct mcb_buffer *buffer, int numa_node, const char *why,
                     struct mcb_error *error)
{
    char text[EXPLANATION_TEXT];
    struct mcb_huge_pages pages;
    mcb_huge_pages_read("", &pages);
    return mcb_error_set(error, MCB_FAULT_HOST_HUGE_PAGES, "a buffer of %zu bytes: %s: %s",
                         buffer->length_bytes, why,
                         mcb_huge_pages_explain("", &pages,
                                                buffer->length_bytes / buffer->page_bytes,
                                                numa_node, text, sizeof text));
}

static int map(struct mcb_buffer *buffer, bool huge_pages, int numa_node, struct mcb_error *error)
{
    int flags = MAP_PRIVATE | MAP_ANONYMOUS | (huge_pages ? MAP_HUGETLB : 0);
    void *address = mmap(NULL, buffer->length_bytes, PROT_READ | PROT_WRITE, flags, -1, 0);
    if (address == MAP_FAILED && huge_pages)
        return fail_huge(buffer, numa_node, strerror(errno), error);
    if (address == MAP_FAILED)
        return mcb_error_set(error, MCB_FAULT_HOST_MEMORY, "a buffer of %zu bytes: %s",
                             buffer->length_bytes, strerror(errno));
    madvise(address, buffer->length_bytes, MADV_DONTFORK);
    buffer->address = address;
    return 0;
}

static void touch(const struct mcb_buffer *buffer)
{
    for (size_t offset = 0; offset < buffer->length_bytes; offset += buffer->page_bytes)
        ((volatile uint8_t *)buffer->address)[offset] = 0;
}

static int touch_huge(const struct mcb_buffer *buffer, int numa_node, struct mcb_error *error)
{
    ssize_t got = 1;
    int zeros = open("/dev/zero", O_RDONLY | O_CLOEXEC);
    if (zeros < 0)
        return mcb_error_set(error, MCB_FAULT_HOST_SYSTEM, "/dev/zero: %s", strerror(errno));
    for (size_t offset = 0; offset < buffer->length_bytes && got == 1;
         offset += buffer->page_bytes) {
        do
            got = read(zeros, (uint8_t *)buffer->address + offset, 1);
        while (got < 0 && errno == EINTR);
    }
    close(zeros);
    return got == 1 ? 0
                    : fail_huge(buffer, numa_node,
                                "promised, but not given (a cpuset or a hugetlb limit of the "
                                "cgroup)",
                                error);
}

static int node_of_caller(void)
{
    unsigned here;
    return getcpu(NULL, &here) == 0 ? (int)here : 0;
}

int mcb_buffer_allocate(struct mcb_buffer *buffer, size_t length_bytes, int numa_node,
                        bool huge_pages, struct mcb_error *error)
{
    if (length_bytes == 0 || length_bytes > SIZE_MAX / 2)
        return mcb_error_set(error, MCB_FAULT_HOST_MEMORY, "%zu bytes: no length for a buffer",
                             length_bytes);
    if (numa_node >= 0 && mcb_buffer_check_node(numa_node, error) != 0)
        return -1;
    struct mcb_buffer made = {.page_bytes = page_bytes_of(huge_pages), .kind = &mcb_memory_host};
    if (made.page_bytes == 0)
        return mcb_error_set(error, MCB_FAULT_HOST_HUGE_PAGES,
                             "--huge-pages: this kernel has no huge pages (/proc/meminfo)");
    made.length_bytes = round_up(length_bytes, made.page_bytes);
    if (map(&made, huge_pages, numa_node, error) != 0)
        return -1;
    bool preferred = numa_node >= 0 && prefer_node(&made, numa_node);
    if (!huge_pages) {
        touch(&made);
    } else if (touch_huge(&made, numa_node, error) != 0) {
        munmap(made.address, made.length_bytes);
        return -1;
    }

    mcb_placement_query(made.address, made.length_bytes, made.page_bytes, &made.placement);
    int node = made.placement.known ? mcb_placement_main_node(&made.placement)
               : preferred          ? numa_node
                                    : node_of_caller();
    snprintf(made.memory, sizeof made.memory, "cpu:%d", node);
    *buffer = made;
    return 0;
}

void mcb_buffer_free(struct mcb_buffer *buffer)
{
    if (!buffer->address)
        return;
    buffer->kind->release(buffer);
    *buffer = (struct mcb_buffer){0};
}
