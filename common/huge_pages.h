/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MCB_COMMON_HUGE_PAGES_H
#define MCB_COMMON_HUGE_PAGES_H

/*
 * The pool of huge pages that the kernel keeps (Documentation/admin-guide/mm/hugetlbpage.rst): how
 * many of the default size there are, and what to say where they do not suffice. The pool is the
 * administrator's; nothing here changes it.
 *
 * root is put before /proc and /sys; "" for this host (common/below.h).
 */

#include <stddef.h>
#include <stdint.h>

struct mcb_huge_pages {
    size_t page_bytes;  /* of the default size; 0: the kernel has no huge pages */
    uint64_t total;     /* in the pool */
    uint64_t available; /* free and promised to nobody, or allowed beyond the pool */
};

void mcb_huge_pages_read(const char *root, struct mcb_huge_pages *pages);

/* Free ones of one NUMA node; -1 where the kernel does not tell. */
int64_t mcb_huge_pages_free_on(const char *root, int numa_node, size_t page_bytes);

/* "33 huge pages of 2 MiB are needed, 3 are free; sysctl vm.nr_hugepages=63 provides them": the
 * host's, and with numa_node >= 0 how to provide them on that node alone. Returns text. */
char *mcb_huge_pages_explain(const char *root, const struct mcb_huge_pages *pages, uint64_t needed,
                             int numa_node, char *text, size_t text_size);

#endif
