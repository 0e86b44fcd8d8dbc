/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MCB_BENCH_TOPOLOGY_PRIORITY_H
#define MCB_BENCH_TOPOLOGY_PRIORITY_H

/*
 * Mooncake's nic_priority_matrix (its form: bench/plan/priority_matrix.h), made from a host.
 *
 * For each NUMA node cpu:N the NICs beside it are preferred; for each GPU cuda:N the nearest ones.
 * All the others come second. Of those that can serve only (mcb_tree_nic_is_usable()): NICs without
 * an active port Mooncake leaves out too, and a software NIC beside hardware ones would take a
 * share of the transfers that it cannot carry.
 */

#include <jansson.h>

#include "bench/topology/tree.h"
#include "common/fault.h"

/* A new reference; NULL and RDMA_NO_DEVICE (no NIC), RDMA_PORT_DOWN (none with an active port),
 * USE_TOPOLOGY (an XML file with names that are none, or two NICs of one name), HOST_MEMORY. */
json_t *mcb_priority_make(const struct mcb_tree *tree, struct mcb_error *error);

#endif
