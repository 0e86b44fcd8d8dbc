/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MCB_BENCH_CLUSTER_METHOD_H
#define MCB_BENCH_CLUSTER_METHOD_H

/*
 * Inside of bench/cluster: what a way of finding each other has to provide, and what it fills.
 *
 * A method turns settings into a roster: it sets rank and size (mcb_members_start), every member's
 * record (mcb_members_set), and with mcb_mesh_form() the links to all others. All the rest
 * (exchange, waiting, faults of peers) is common. A new way is one file with one struct mcb_method.
 */

#include <jansson.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>

#include "bench/cluster/link.h"
#include "bench/plan/settings.h"
#include "common/fault.h"

#define MCB_CLUSTER_PROTOCOL "mcbench/1"

enum {
    MCB_MESH_PENDING_MAX = 64, /* connections that have not yet said who they are */
    MCB_MESH_POLLS_MAX = MCB_MESH_PENDING_MAX + 1
};

struct mcb_cluster;

struct mcb_method {
    int (*local_address)(const struct mcb_settings *settings, const volatile sig_atomic_t *stop,
                         char address[256], struct mcb_error *error);
    /* Makes the roster and the links. What was made before a failure is released by leave(). */
    int (*join)(struct mcb_cluster *cluster, const struct mcb_settings *settings,
                const json_t *self, int64_t deadline_ns, struct mcb_error *error);
    /* Is all well with the method's own means (the lease)? Called in every wait; NULL: always. */
    int (*check)(const struct mcb_cluster *cluster, struct mcb_error *error);
    /* Releases cluster->state, which may be incomplete. NULL: nothing to do. */
    void (*leave)(struct mcb_cluster *cluster, int64_t deadline_ns);
};

extern const struct mcb_method mcb_method_local;
extern const struct mcb_method mcb_method_direct;
extern const struct mcb_method mcb_method_etcd;

struct mcb_member {
    json_t *record;
    char name[128];        /* "rank 1 (n2)"; before the record is known "rank 1" */
    struct mcb_link *link; /* NULL for the own rank */
};

struct mcb_cluster {
    const struct mcb_method *method;
    void *state; /* the method's own */
    const volatile sig_atomic_t *stop;
    unsigned rank, size;
    struct mcb_member *members;
    struct pollfd *polls; /* size + MCB_MESH_POLLS_MAX entries */
    int64_t number;       /* of the exchange */
    int64_t clock_offset_ns;
    bool aborted;
};

/* ---- roster (members.c) ---- */

int mcb_members_start(struct mcb_cluster *cluster, unsigned rank, unsigned size,
                      struct mcb_error *error);
/* The member's record (copied) and with it its name. Fault JOB_ROSTER if it is not an object with a
 * string "host" of at most 255 bytes. */
int mcb_members_set(struct mcb_cluster *cluster, unsigned rank, const json_t *record,
                    struct mcb_error *error);

/* ---- links in common (links.c) ---- */

/* Waits, 100 ms at most and not beyond until_ns, for one of the links or of the `extra` descriptors
 * (may be NULL), and serves the links. Faults: RUN_INTERRUPTED and those of method->check. */
int mcb_links_pump(struct mcb_cluster *cluster, struct pollfd *extra, size_t extra_count,
                   int64_t until_ns, struct mcb_error *error);

/* The same for the links alone, deaf to interruptions: for last words. */
void mcb_links_serve(struct mcb_cluster *cluster, int64_t until_ns);

/* 0 while all links stand; else the fault to report: what a peer gave as its reason first, then
 * messages that are not understood, then every rank whose link ended. Waits 100 ms for what else
 * there is to come before it decides. done[r] (may be NULL): rank r may leave. */
int mcb_links_judge(struct mcb_cluster *cluster, const bool *done, struct mcb_error *error);

/* "rank 1 (n2), rank 3 (n4)": members for which wanted[r]. Returns how many. */
unsigned mcb_links_list(const struct mcb_cluster *cluster, const bool *wanted, char *text,
                        size_t text_size);

/* Estimates clock_offset_ns; every rank calls it once, after the mesh stands. */
int mcb_links_synchronize(struct mcb_cluster *cluster, int64_t deadline_ns,
                          struct mcb_error *error);

/* ---- how links come to stand (mesh.c) ---- */

struct mcb_mesh {
    struct mcb_cluster *cluster;
    int listener; /* -1: nobody will connect. Borrowed. */
    /* A hello came in: whose is it? Sets rank and the welcome to answer with (new reference). On
     * failure the connection is told why and closed, with a note; the wait goes on. */
    int (*admit)(void *context, const json_t *hello, unsigned *rank, json_t **welcome,
                 struct mcb_error *error);
    /* A rank to which this one has connected (members[rank].link) said welcome. */
    int (*welcomed)(void *context, unsigned rank, const json_t *welcome, struct mcb_error *error);
    /* Called in every round of the wait; its failure ends it. NULL: nothing to watch. */
    int (*watch)(void *context, struct mcb_error *error);
    void *context;
    enum mcb_fault_code lost; /* the fault when such a rank closes the connection instead */
    int64_t deadline_ns;
    const char *what; /* what the listener waits for, where no name is known: "port 7000" */
};

/* Waits until every member is linked. Faults: NET_PROTOCOL, NET_TIMEOUT, JOB_*. */
int mcb_mesh_form(struct mcb_mesh *mesh, struct mcb_error *error);

/* A link to an address, with `hello` queued; into members[rank].link. */
int mcb_mesh_connect(struct mcb_cluster *cluster, unsigned rank, int fd, const json_t *hello,
                     struct mcb_error *error);

#endif
