/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MCB_BENCH_CLUSTER_CLUSTER_H
#define MCB_BENCH_CLUSTER_CLUSTER_H

/*
 * How ranks find each other and agree. One interface; local.c, direct.c and etcd.c differ only in
 * how ranks become a roster: alone, by one known address, or through etcd.
 *
 * Once joined, every two ranks hold one TCP connection (a link) over which they exchange JSON
 * documents in lock-step: a phase of a run is one mcb_cluster_exchange(). The links also tell who
 * died: the end of a link is noticed in every wait, on every rank, at once; a host that vanished
 * without a word, at the deadline (or by its lease in etcd).
 *
 * Frame on a link: "MCB1", uint32 big-endian length, JSON. A frame over 16 MiB, of another magic or
 * not JSON is NET_PROTOCOL and names the peer.
 *
 * etcd: keys "mcbench/<job>/rank/<r>", made only if absent, every one under a lease that a thread
 * keeps alive; nothing is left after leave(), and after kill -9 nothing is left once the lease has
 * run out (10 s).
 *
 * All functions are for the coordinating thread only.
 */

#include <jansson.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>

#include "bench/plan/settings.h"
#include "common/fault.h"

struct mcb_cluster;

/* The address of this host that the peers of this job reach it by, before joining:
 * settings->address, else the local end of a connection to etcd or to the --connect peer, else the
 * --listen address, else that of the first
 * interface that is up and not loopback, else "127.0.0.1" (alone). Numeric. Fault: as connecting.
 */
int mcb_cluster_local_address(const struct mcb_settings *settings,
                              const volatile sig_atomic_t *stop, char address[256],
                              struct mcb_error *error);

/* Joins the job that the settings name. self: this rank's record for the roster (borrowed; copied):
 * what the peers need to plan. It is complete when all ranks have joined and all links stand;
 * *cluster is then the caller's: leave(). `stop`, the interrupt flag, ends every wait and must
 * outlive the cluster. Faults: JOB_*, ETCD_*, NET_*, RUN_INTERRUPTED. */
int mcb_cluster_join(const struct mcb_settings *settings, const json_t *self,
                     const volatile sig_atomic_t *stop, struct mcb_cluster **cluster,
                     struct mcb_error *error);

unsigned mcb_cluster_rank(const struct mcb_cluster *cluster);
unsigned mcb_cluster_size(const struct mcb_cluster *cluster);

/* A rank's record, checked only to be an object with a string "host"; untrusted otherwise.
 * Borrowed. */
const json_t *mcb_cluster_record(const struct mcb_cluster *cluster, unsigned rank);

/* How errors name a rank: "rank 1 (n2)". Borrowed. */
const char *mcb_cluster_name(const struct mcb_cluster *cluster, unsigned rank);

/* Sends out[r] to every rank r and receives in[r] from each; [own rank] is copied. Both arrays have
 * size() entries; out's references are borrowed, in's are new and all or nothing. Lock-step:
 * `phase` (a short word) and a running number travel along, and a peer that is elsewhere is
 * NET_PROTOCOL. Faults: JOB_PEER_LOST (names every rank whose link ended), JOB_PEER_SILENT (names
 * the ranks that did not answer by the deadline), JOB_PEER_FAILED (a peer called abort: its error
 * is the detail), RUN_INTERRUPTED, ETCD_LEASE. */
int mcb_cluster_exchange(struct mcb_cluster *cluster, const char *phase, json_t *const *out,
                         json_t **in, int64_t deadline_ns, struct mcb_error *error);

/* An exchange in which all are told the same. mine: reference taken, also on failure; NULL is an
 * object that there was no memory for. *all: what each rank said, by rank; new reference. Faults
 * as exchange. */
int mcb_cluster_share(struct mcb_cluster *cluster, const char *phase, json_t *mine, json_t **all,
                      int64_t deadline_ns, struct mcb_error *error);

/* Waits until the eventfd is readable (and reads it), watching links, lease and the interrupt flag
 * meanwhile. Returns 0 when it was readable, 1 when until_ns passed, -1 on a fault as in exchange.
 */
int mcb_cluster_wait(struct mcb_cluster *cluster, int event_fd, int64_t until_ns,
                     struct mcb_error *error);

/* True once the link to that rank has ended: whatever it was to do will not be done. Never for the
 * own rank. */
bool mcb_cluster_is_lost(const struct mcb_cluster *cluster, unsigned rank);

/* The job's clock is rank 0's monotonic clock; offsets are estimated on joining from the fastest of
 * 16 round trips. local = job + offset. */
int64_t mcb_cluster_clock_offset_ns(const struct mcb_cluster *cluster);

/* Tells every rank why this one gives up (best effort, within 1 s). The cluster may only be left
 * afterwards. */
void mcb_cluster_abort(struct mcb_cluster *cluster, const struct mcb_error *why);

/* Closes links, gives the lease back, frees. NULL is fine. Within 2 s. */
void mcb_cluster_leave(struct mcb_cluster *cluster);

#endif
