/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Host memory comes straight from mmap(2): page aligned, its own mapping, and kept out of children
 * (MADV_DONTFORK), since a NIC goes on using the physical pages that were registered while
 * copy-on-write would give the parent others.
 *
 * The node is asked for with mbind(2) as a preference and then read back from the kernel: a
 * container may forbid both calls, and a full node lets pages fall elsewhere.
 */
#include "common/buffer.h"

#include <errno.h>
#include <numaif.h>
#include <sched.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

enum { NODES_MAX = 1024, NODE_BITS = 8 * sizeof(unsigned long) }; /* kernel: NODES_SHIFT <= 10 */

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

static bool is_in_list(const char *list, int node)
{
    int first, last, length;
    for (; sscanf(list, "%d%n", &first, &length) == 1; list++) {
        list += length;
        last = first;
        if (sscanf(list, "-%d%n", &last, &length) == 1)
            list += length;
        if (node >= first && node <= last)
            return true;
        if (*list != ',')
            return false;
    }
    return false;
}

static int check_node(int node, struct mcb_error *error)
{
    char list[256];
    read_nodes(list, sizeof list);
    if (is_in_list(list, node) && node < NODES_MAX)
        return 0;
    return mcb_error_set(error, MCB_FAULT_USE_VALUE,
                         "memory cpu:%d: this host has no such NUMA node; there are cpu:%s", node,
                         list);
}

/* A refusal is no error: the pages then fall where they fall, and the buffer is named after that.
 */
static void prefer_node(void *address, size_t length_bytes, int node)
{
    unsigned long mask[NODES_MAX / NODE_BITS] = {0};
    mask[node / NODE_BITS] = 1UL << node % NODE_BITS;
    mbind(address, length_bytes, MPOL_PREFERRED, mask, NODES_MAX, 0);
}

/* The node of a touched page; 0 where neither kernel interface tells. */
static int node_of(void *page)
{
    int node = -1;
    if (move_pages(0, 1, &page, NULL, &node, 0) == 0 && node >= 0)
        return node;
    unsigned here;
    return getcpu(NULL, &here) == 0 ? (int)here : 0;
}

int mcb_buffer_allocate(struct mcb_buffer *buffer, size_t length_bytes, int numa_node,
                        struct mcb_error *error)
{
    size_t page = (size_t)sysconf(_SC_PAGESIZE);
    if (length_bytes == 0 || length_bytes > SIZE_MAX / 2)
        return mcb_error_set(error, MCB_FAULT_HOST_MEMORY, "%zu bytes: no length for a buffer",
                             length_bytes);
    if (numa_node >= 0 && check_node(numa_node, error) != 0)
        return -1;
    size_t length = (length_bytes + page - 1) / page * page;
    void *address = mmap(NULL, length, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (address == MAP_FAILED)
        return mcb_error_set(error, MCB_FAULT_HOST_MEMORY, "a buffer of %zu bytes: %s", length,
                             strerror(errno));
    madvise(address, length, MADV_DONTFORK);
    if (numa_node >= 0)
        prefer_node(address, length, numa_node);
    for (size_t offset = 0; offset < length; offset += page)
        ((volatile uint8_t *)address)[offset] = 0;

    *buffer = (struct mcb_buffer){.address = address, .length_bytes = length, .dmabuf_fd = -1};
    snprintf(buffer->memory, sizeof buffer->memory, "cpu:%d", node_of(address));
    return 0;
}

void mcb_buffer_free(struct mcb_buffer *buffer)
{
    if (!buffer->address)
        return;
    if (buffer->dmabuf_fd >= 0)
        close(buffer->dmabuf_fd);
    munmap(buffer->address, buffer->length_bytes);
    *buffer = (struct mcb_buffer){.dmabuf_fd = -1};
}
