/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MCB_BENCH_DOCTOR_COPIED_TREE_H
#define MCB_BENCH_DOCTOR_COPIED_TREE_H

/*
 * The tree of a host (bench/topology/tree.h) from the copy of its sysfs alone, so that the findings
 * of bench/topology/findings.h hold for a copied host too. It has NUMA nodes by name, bridges, NICs
 * and GPUs; no ports, no models, no memory sizes.
 */

#include "bench/doctor/system.h"
#include "bench/topology/tree.h"

/* The caller's: mcb_tree_release(). Faults: HOST_MEMORY; HOST_TOPOLOGY (more than a tree takes). */
int mcb_copied_tree_make(const struct mcb_system *system, struct mcb_tree *tree,
                         struct mcb_error *error);

/* The PCI addresses of functions that are GPUs to compute with, in the order of the bus; virtual
 * functions are none. *addresses is to be freed. Returns their number. */
size_t mcb_copied_tree_gpus(const struct mcb_system *system,
                            char (**addresses)[MCB_PCI_ADDRESS_MAX]);

/* The PCI address of an RDMA device; false if it has none (made of software). */
bool mcb_copied_tree_nic_address(const struct mcb_system *system, const char *nic,
                                 char address[MCB_PCI_ADDRESS_MAX]);

#endif
