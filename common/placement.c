/* SPDX-License-Identifier: Apache-2.0 */
#include "common/placement.h"

#include <inttypes.h>
#include <numaif.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "common/huge_pages.h"
#include "common/units.h"

enum { BATCH = 512, LINE_TEXT = 256, SIZE_TEXT = 32, DETAIL_TEXT = 512 };

/* Counts a page; those of more nodes than there is room for are left out. */
static void add_page(struct mcb_placement *placement, int node)
{
    size_t at = 0;
    while (at < placement->node_count && placement->nodes[at].node < node)
        at++;
    if (at == placement->node_count || placement->nodes[at].node != node) {
        if (placement->node_count == MCB_PLACEMENT_NODES_MAX)
            return;
        memmove(&placement->nodes[at + 1], &placement->nodes[at],
                (placement->node_count - at) * sizeof placement->nodes[0]);
        placement->nodes[at].node = node;
        placement->nodes[at].bytes = 0;
        placement->node_count++;
    }
    placement->nodes[at].bytes++;
}

/* Pages first .. first + count - 1 of `asked` evenly spread ones. False where the kernel refused.
 */
static bool ask(uint8_t *address, size_t page_bytes, size_t pages, size_t asked, size_t first,
                size_t count, struct mcb_placement *placement)
{
    void *where[BATCH];
    int nodes[BATCH];
    for (size_t n = 0; n < count; n++)
        where[n] = address + (first + n) * pages / asked * page_bytes;
    if (move_pages(0, count, where, NULL, nodes, 0) != 0)
        return false;
    for (size_t n = 0; n < count; n++)
        if (nodes[n] >= 0)
            add_page(placement, nodes[n]);
    return true;
}

void mcb_placement_query(void *address, size_t length_bytes, size_t page_bytes,
                         struct mcb_placement *placement)
{
    size_t pages = length_bytes / page_bytes;
    size_t asked = pages < MCB_PLACEMENT_PAGES_MAX ? pages : MCB_PLACEMENT_PAGES_MAX;
    struct mcb_placement found = {.sampled = asked < pages};
    *placement = (struct mcb_placement){0};
    for (size_t first = 0; first < asked; first += BATCH) {
        size_t count = asked - first < BATCH ? asked - first : BATCH;
        if (!ask(address, page_bytes, pages, asked, first, count, &found))
            return;
    }
    /* From pages to bytes; a sampled page stands for pages / asked of them. */
    for (size_t n = 0; n < found.node_count; n++)
        found.nodes[n].bytes = found.nodes[n].bytes * pages / asked * page_bytes;
    found.known = found.node_count > 0;
    if (found.known)
        *placement = found;
}

int mcb_placement_main_node(const struct mcb_placement *placement)
{
    int node = -1;
    uint64_t most = 0;
    for (size_t n = 0; n < placement->node_count; n++)
        if (placement->nodes[n].bytes > most) {
            most = placement->nodes[n].bytes;
            node = placement->nodes[n].node;
        }
    return node;
}

uint64_t mcb_placement_elsewhere_bytes(const struct mcb_placement *placement, int numa_node)
{
    uint64_t bytes = 0;
    for (size_t n = 0; n < placement->node_count; n++)
        if (placement->nodes[n].node != numa_node)
            bytes += placement->nodes[n].bytes;
    return bytes;
}

char *mcb_placement_describe(const struct mcb_placement *placement, int numa_node, char *text,
                             size_t text_size)
{
    char size[SIZE_TEXT], all[SIZE_TEXT];
    uint64_t total = mcb_placement_elsewhere_bytes(placement, -1);
    const char *between = "";
    size_t length = 0;
    mcb_units_format_size(total, all, sizeof all);
    text[0] = '\0';
    for (size_t n = 0; n < placement->node_count && length < text_size; n++) {
        if (placement->nodes[n].node == numa_node)
            continue;
        mcb_units_format_size(placement->nodes[n].bytes, size, sizeof size);
        length += (size_t)snprintf(text + length, text_size - length, "%s%s of %s lie on cpu:%d",
                                   between, size, all, placement->nodes[n].node);
        between = ", ";
    }
    if (placement->sampled && length < text_size)
        snprintf(text + length, text_size - length, " (by a sample of its pages)");
    return text;
}

/* "3 MiB of memory free", for huge pages "2 free huge pages of 2 MiB". */
static void describe_free(int numa_node, size_t page_bytes, char *text, size_t text_size)
{
    char path[LINE_TEXT], line[LINE_TEXT], size[SIZE_TEXT];
    if (page_bytes > (size_t)sysconf(_SC_PAGESIZE)) {
        int64_t pages = mcb_huge_pages_free_on("", numa_node, page_bytes);
        mcb_units_format_size(page_bytes, size, sizeof size);
        snprintf(text, text_size, "%" PRId64 " free huge pages of %s", pages < 0 ? 0 : pages, size);
        return;
    }
    uint64_t kib = 0;
    snprintf(path, sizeof path, "/sys/devices/system/node/node%d/meminfo", numa_node);
    FILE *file = fopen(path, "re");
    bool found = false;
    while (file && !found && fgets(line, sizeof line, file))
        found = sscanf(line, "Node %*d MemFree: %" SCNu64, &kib) == 1;
    if (file)
        fclose(file);
    snprintf(text, text_size, "%s free",
             found ? mcb_units_format_size(kib << 10, size, sizeof size) : "an unknown part");
}

int mcb_placement_check(const struct mcb_placement *placement, size_t page_bytes, int numa_node,
                        struct mcb_error *error)
{
    char where[DETAIL_TEXT], has[LINE_TEXT];
    if (!placement->known || mcb_placement_elsewhere_bytes(placement, numa_node) == 0)
        return 0;
    describe_free(numa_node, page_bytes, has, sizeof has);
    return mcb_error_set(error, MCB_FAULT_HOST_PLACEMENT,
                         "memory cpu:%d: %s; the node has %s; it needs more, or the run less: a "
                         "smaller --size, --depth or --qps",
                         numa_node,
                         mcb_placement_describe(placement, numa_node, where, sizeof where), has);
}
