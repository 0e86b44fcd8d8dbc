/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MCB_BENCH_TOPOLOGY_TOPOLOGY_FILE_H
#define MCB_BENCH_TOPOLOGY_TOPOLOGY_FILE_H

/*
 * A host from a file that anybody may have written.
 */

#include "bench/topology/topology.h"
#include "common/fault.h"

/* A host described by an XML file that hwloc wrote (lstopo --whole-io FILE.xml), with its devices.
 * It has no kernel, the CPUs that it allows may be used, and threads cannot be pinned to it.
 *
 * The file is read up to 16 MiB, once; its version is looked at before hwloc sees it; comments,
 * which an hwloc without libxml2 does not understand, are taken out; and hwloc is first let loose
 * on it in a child process with limits on time and memory, so that a file on which hwloc's parser
 * crashes or never ends is an error and not a crash. The child is a fork(): call this before any
 * thread is started. Fault: USE_TOPOLOGY, with what is wrong and what would be right; HOST_SYSTEM,
 * if there can be no child. */
int mcb_topology_load_file(const char *path, struct mcb_topology **topology,
                           struct mcb_error *error);

#endif
