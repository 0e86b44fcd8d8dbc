/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MCB_BENCH_TOPOLOGY_TOPOLOGY_XML_H
#define MCB_BENCH_TOPOLOGY_TOPOLOGY_XML_H

/*
 * The text of an XML file that hwloc wrote, from a path that anybody may have named.
 *
 * What hwloc would answer with a bare "Invalid argument", or not survive, is found here and said in
 * words: no regular file, too large, empty, no XML, cut short, another root element (NCCL has XML
 * topologies too), the format of another hwloc, XML entities (hwloc writes none; they are the way
 * to make a small file large).
 */

#include <stddef.h>

#include "common/fault.h"

enum { MCB_TOPOLOGY_XML_MOST_BYTES = 16 << 20 };

/* The root element, `<topology version="2.0"> ... </topology>`, without comments and without what
 * precedes it. *text ends with '\0', *length does not count it. The caller's: free(). Faults:
 * USE_TOPOLOGY, HOST_MEMORY. */
int mcb_topology_xml_read(const char *path, char **text, size_t *length, struct mcb_error *error);

#endif
