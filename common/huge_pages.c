/* SPDX-License-Identifier: Apache-2.0 */
#include "common/huge_pages.h"

#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "common/below.h"
#include "common/units.h"

/* Meminfo has about 60 lines. */
enum { PATH_TEXT = 4096, LINE_TEXT = 256, SIZE_TEXT = 32, MEMINFO_TEXT = 16384 };

/* The number at the start of a file; false where there is none. */
static bool read_number(const char *root, const char *path, uint64_t *value)
{
    char text[LINE_TEXT];
    return mcb_below_read(root, path, text, sizeof text) > 0 &&
           sscanf(text, "%" SCNu64, value) == 1;
}

static bool read_of_node(const char *root, int numa_node, size_t page_bytes, const char *what,
                         uint64_t *value)
{
    char path[PATH_TEXT];
    snprintf(path, sizeof path, "/sys/devices/system/node/node%d/hugepages/hugepages-%zukB/%s",
             numa_node, page_bytes >> 10, what);
    return read_number(root, path, value);
}

void mcb_huge_pages_read(const char *root, struct mcb_huge_pages *pages)
{
    uint64_t total = 0, free_pages = 0, promised = 0, surplus = 0, kib = 0, beyond = 0;
    const struct {
        const char *name;
        uint64_t *value;
    } members[] = {{"HugePages_Total: %" SCNu64, &total},
                   {"HugePages_Free: %" SCNu64, &free_pages},
                   {"HugePages_Rsvd: %" SCNu64, &promised},
                   {"HugePages_Surp: %" SCNu64, &surplus},
                   {"Hugepagesize: %" SCNu64, &kib}};
    char text[MEMINFO_TEXT];
    bool known = mcb_below_read(root, "/proc/meminfo", text, sizeof text) > 0;
    for (const char *line = known ? text : ""; *line;
         line += strcspn(line, "\n"), line += *line == '\n')
        for (size_t n = 0; n < sizeof members / sizeof members[0]; n++)
            sscanf(line, members[n].name, members[n].value);
    read_number(root, "/proc/sys/vm/nr_overcommit_hugepages", &beyond);
    *pages = (struct mcb_huge_pages){.page_bytes = (size_t)kib << 10, .total = total};
    pages->available = free_pages > promised ? free_pages - promised : 0;
    pages->available += beyond > surplus ? beyond - surplus : 0;
}

int64_t mcb_huge_pages_free_on(const char *root, int numa_node, size_t page_bytes)
{
    uint64_t value;
    return read_of_node(root, numa_node, page_bytes, "free_hugepages", &value) ? (int64_t)value
                                                                               : -1;
}

char *mcb_huge_pages_explain(const char *root, const struct mcb_huge_pages *pages, uint64_t needed,
                             int numa_node, char *text, size_t text_size)
{
    char size[SIZE_TEXT];
    uint64_t of_node = 0, free_of_node = 0;
    uint64_t missing = needed > pages->available ? needed - pages->available : 0;
    mcb_units_format_size(pages->page_bytes, size, sizeof size);
    int length =
        snprintf(text, text_size, "%" PRIu64 " huge pages of %s are needed, %" PRIu64 " are free",
                 needed, size, pages->available);
    if (missing && length < (int)text_size)
        length +=
            snprintf(text + length, text_size - (size_t)length,
                     "; sysctl vm.nr_hugepages=%" PRIu64 " provides them", pages->total + missing);
    if (numa_node < 0 || length >= (int)text_size ||
        !read_of_node(root, numa_node, pages->page_bytes, "nr_hugepages", &of_node) ||
        !read_of_node(root, numa_node, pages->page_bytes, "free_hugepages", &free_of_node))
        return text;
    missing = needed > free_of_node ? needed - free_of_node : 0;
    snprintf(text + length, text_size - (size_t)length,
             "; node %d has %" PRIu64 " free: echo %" PRIu64
             " > /sys/devices/system/node/node%d/hugepages/hugepages-%zukB/nr_hugepages",
             numa_node, free_of_node, of_node + missing, numa_node, pages->page_bytes >> 10);
    return text;
}
