/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MCB_BENCH_REPORT_TOPOLOGY_DOCUMENT_H
#define MCB_BENCH_REPORT_TOPOLOGY_DOCUMENT_H

/*
 * A host's topology as a JSON document, "mcbench-topology/1"; its form is
 * results/schema/mcbench-topology.schema.json. What is not known is null.
 */

#include <jansson.h>

#include "bench/report/topology_view.h"
#include "common/fault.h"

/* A new reference; NULL and HOST_MEMORY. */
json_t *mcb_topology_document_make(const struct mcb_topology_view *view, struct mcb_error *error);

#endif
