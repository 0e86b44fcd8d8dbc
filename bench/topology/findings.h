/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MCB_BENCH_TOPOLOGY_FINDINGS_H
#define MCB_BENCH_TOPOLOGY_FINDINGS_H

/*
 * What is wrong, or doubtful, with the way that a host is put together.
 *
 * One table of checks (findings.c); a new one is a function and a row, which also says whether it
 * could see what it needs. A finding is an error of the catalogue of faults (group PCI), with the
 * device first in its detail. None of them ends a run, so that they are shown as warnings. They are
 * the whole of what is known of a host's build: mcbench topo shows them, and what else examines a
 * host (mcbench doctor) takes them from mcb_findings_make() and has no such checks of its own.
 *
 * What cannot be seen (an XML file, an ordinary user, a hypervisor) is not found;
 * mcb_findings_unseen() says what that was.
 */

#include <stddef.h>

#include "bench/topology/tree.h"
#include "common/fault.h"

struct mcb_findings {
    struct mcb_error *list; /* in the order of the table, then of the tree */
    size_t count;
};

/* The caller's: mcb_findings_release(). Fault: HOST_MEMORY. */
int mcb_findings_make(const struct mcb_tree *tree, struct mcb_findings *findings,
                      struct mcb_error *error);
void mcb_findings_release(struct mcb_findings *findings);

/* What could not be seen of any device, and why ("ACS, relaxed ordering and MaxPayload: the PCI
 * configuration can be read by root only; IOMMU: this kernel or hypervisor does not show them"); ""
 * if all could. Returns text. */
char *mcb_findings_unseen(const struct mcb_tree *tree, char text[256]);

#endif
