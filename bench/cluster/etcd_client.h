/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MCB_BENCH_CLUSTER_ETCD_CLIENT_H
#define MCB_BENCH_CLUSTER_ETCD_CLIENT_H

/*
 * etcd's v3 JSON gateway, as much of it as a job needs.
 *
 * A client holds the list of endpoints and one connection, and is for one thread at a time. A call
 * goes to the endpoint that answered last and moves on to the next when that one cannot be reached
 * or says that it cannot serve (503, no leader); a write whose answer was lost may have been done
 * twice, so writes have to be repeatable. An answer is at most 8 MiB of keys, 1 MiB of others.
 *
 * Credentials come from the environment only: ETCDCTL_USER=name:password (or MCB_ETCD_USER and
 * MCB_ETCD_PASSWORD, or ETCDCTL_USER=name and ETCDCTL_PASSWORD), and for https ETCDCTL_CACERT,
 * ETCDCTL_CERT, ETCDCTL_KEY (or the same with MCB_ETCD_).
 *
 * Faults: USE_VALUE (a URL), ETCD_UNREACHABLE, ETCD_TLS, ETCD_REFUSED, ETCD_ANSWER, NET_PROXY,
 * RUN_INTERRUPTED.
 */

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/fault.h"

struct mcb_etcd;

struct mcb_etcd_options {
    const char *urls; /* "http[s]://HOST[:PORT][,...]"; copied; without a port 2379 */
    /* Asked at least every 100 ms while waiting; true ends the wait. NULL: never. */
    bool (*is_stopped)(void *context);
    void *context;
};

/* Checks URLs and environment; talks to nobody. */
int mcb_etcd_open(const struct mcb_etcd_options *options, struct mcb_etcd **etcd,
                  struct mcb_error *error);
/* NULL is fine. */
void mcb_etcd_close(struct mcb_etcd *etcd);

/* What mcb_etcd_options says from now on is not stopped by anything: for cleaning up. */
void mcb_etcd_ignore_stop(struct mcb_etcd *etcd);

/* A call to path ("/v3/kv/range"). *answer is a new reference to an object. Where etcd refused it,
 * *code (may be NULL) is the gRPC code, else 0. request is borrowed. */
int mcb_etcd_call(struct mcb_etcd *etcd, const char *path, const json_t *request,
                  int64_t deadline_ns, json_t **answer, int *code, struct mcb_error *error);

/* Asks for the version, which proves that an etcd answers there: "3.4.23". */
int mcb_etcd_version(struct mcb_etcd *etcd, int64_t deadline_ns, char version[32],
                     struct mcb_error *error);

/* Asks whether the endpoint can serve. Faults: as mcb_etcd_call(); ETCD_UNREACHABLE: it answers
 * that it cannot ("no leader"). */
int mcb_etcd_health(struct mcb_etcd *etcd, int64_t deadline_ns, struct mcb_error *error);

/* Numeric address of this host on the connection of the last answer; "" before the first. */
const char *mcb_etcd_local_address(const struct mcb_etcd *etcd);

/* ---- leases (etcd_kv.c) ---- */

/* ttl_s: asked for on entry, granted on return. */
int mcb_etcd_lease_grant(struct mcb_etcd *etcd, int64_t *ttl_s, int64_t deadline_ns, int64_t *lease,
                         struct mcb_error *error);
/* *ttl_s is 0 if the lease is no more. */
int mcb_etcd_lease_keepalive(struct mcb_etcd *etcd, int64_t lease, int64_t deadline_ns,
                             int64_t *ttl_s, struct mcb_error *error);
/* Seconds left; -1 if the lease is no more. */
int mcb_etcd_lease_left(struct mcb_etcd *etcd, int64_t lease, int64_t deadline_ns, int64_t *left_s,
                        struct mcb_error *error);
/* Deletes its keys too. A lease that is no more is fine. */
int mcb_etcd_lease_revoke(struct mcb_etcd *etcd, int64_t lease, int64_t deadline_ns,
                          struct mcb_error *error);

/* ---- keys (etcd_kv.c) ---- */

struct mcb_etcd_entry {
    char *key;
    char *value; /* NUL-terminated; NULL with keys_only */
    size_t value_length;
    int64_t create_revision, lease;
};

struct mcb_etcd_entries {
    struct mcb_etcd_entry *list;
    size_t count;
};

struct mcb_etcd_range {
    const char *prefix;
    bool keys_only;
    int64_t min_create_revision; /* with it, the oldest come first; 0: all, in order of keys */
    int64_t limit;               /* 0: none */
};

int mcb_etcd_range(struct mcb_etcd *etcd, const struct mcb_etcd_range *range, int64_t deadline_ns,
                   struct mcb_etcd_entries *entries, struct mcb_error *error);
void mcb_etcd_entries_release(struct mcb_etcd_entries *entries);

/* Makes the key under the lease unless it is there. *created; else *existing has the one entry that
 * is in the way, or none if it has just gone. After a lost answer *existing may be one's own. */
int mcb_etcd_create(struct mcb_etcd *etcd, const char *key, const char *value, int64_t lease,
                    int64_t deadline_ns, bool *created, struct mcb_etcd_entries *existing,
                    struct mcb_error *error);

#endif
