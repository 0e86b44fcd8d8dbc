/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MCB_BENCH_CLUSTER_CLAIMS_H
#define MCB_BENCH_CLUSTER_CLAIMS_H

/*
 * What the keys "mcbench/<job>/rank/<r>" say of the ranks of a job: written, read and checked.
 *
 * Anyone with access to etcd may have written them. A key or a value that no mcbench of this
 * version and of this number of ranks would make is JOB_ROSTER.
 */

#include <jansson.h>
#include <stdint.h>

#include "bench/cluster/etcd_client.h"
#include "common/fault.h"
#include "common/socket.h"

enum { MCB_JOB_NAME_MAX = 64, MCB_NONCE_DIGITS = 32 };

#define MCB_CLAIM_MAX_BYTES ((size_t)1 << 20)

struct mcb_claim {
    int64_t create_revision; /* 0: not there */
    int64_t lease;
    int64_t pid;
    char host[256];
    char nonce[MCB_NONCE_DIGITS + 1]; /* new for every process */
    char address[MCB_ADDRESS_MAX];    /* where the rank listens for its peers */
    json_t *record;
};

struct mcb_claims {
    struct mcb_etcd *etcd; /* borrowed */
    const char *job;       /* borrowed */
    char prefix[MCB_JOB_NAME_MAX + 32];
    unsigned size;
    int64_t newest_revision; /* of those that have been read */
    struct mcb_claim *list;  /* by rank */
};

int mcb_claims_start(struct mcb_claims *claims, struct mcb_etcd *etcd, const char *job,
                     unsigned size, struct mcb_error *error);
/* Harmless on a zeroed struct. */
void mcb_claims_release(struct mcb_claims *claims);

/* Forgets claims whose key is gone; reads those that are new. Sets how many there are. */
int mcb_claims_update(struct mcb_claims *claims, int64_t deadline_ns, unsigned *count,
                      struct mcb_error *error);

/* The value of a rank's own key, with its record, for free(). NULL and JOB_ROSTER if it is over 1
 * MiB.
 */
char *mcb_claims_write(const struct mcb_claims *claims, const struct mcb_claim *own,
                       const json_t *record, struct mcb_error *error);

/* An entry, which is the key of that rank, to its claim. */
int mcb_claims_take(struct mcb_claims *claims, const struct mcb_etcd_entry *entry, unsigned rank,
                    struct mcb_error *error);

#endif
