/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MCB_BENCH_DOCTOR_PREFLIGHT_H
#define MCB_BENCH_DOCTOR_PREFLIGHT_H

/*
 * What a run needs of its host, checked before anything is allocated or anybody is met.
 *
 * One table of checks (preflight.c); each says when it applies and what it saw. A new check is a
 * function and a row. Everything that is looked at comes in through the input (and the proxy
 * variables of the environment), so that any host can be presented.
 */

#include <stddef.h>
#include <stdint.h>

#include "bench/doctor/limits.h"
#include "bench/doctor/verdict.h"
#include "bench/plan/settings.h"
#include "common/fault.h"

struct mcb_gpus;

struct mcb_preflight_input {
    /* the run; borrowed */
    const struct mcb_settings *settings;
    const char *transport; /* "rdma", "tcp" */
    size_t nic_count;
    uint64_t host_bytes; /* host memory to register with all NICs together, counted once for each
                            relaxed ordering */
    const struct mcb_gpus *gpus; /* of this host; NULL: none is used */
    const uint64_t *gpu_bytes;   /* what is taken of the memory of each; NULL: not known */

    /* the host */
    const char *root;                /* put before /proc and /sys; "" for this host */
    uint64_t memlock_bytes;          /* RLIMIT_MEMLOCK, the soft limit; MCB_LIMIT_NONE: unlimited */
    uint64_t open_files;             /* RLIMIT_NOFILE, likewise */
    const struct mcb_system *system; /* below root; mcb_preflight_run() opens it for its checks */
};

/* Fills the part about the host with this one, and zeroes the rest. */
void mcb_preflight_input_from_host(struct mcb_preflight_input *input);

/* What a check came to: its short name ("memlock"), and one sentence of evidence. */
typedef void mcb_preflight_seen(const char *name, enum mcb_verdict verdict, const char *evidence,
                                void *context);

/* Runs every check that applies, in the order of the table, and tells `seen` (NULL: nobody) what
 * came out. Returns -1 with the fault of
 * the first that failed, after all have run. Faults: HOST_MEMLOCK, HOST_MEMORY, HOST_HUGE_PAGES,
 * GPU_MEMORY, HOST_SYSTEM; USE_FILE of a root that is none. */
int mcb_preflight_run(const struct mcb_preflight_input *input, mcb_preflight_seen *seen,
                      void *context, struct mcb_error *error);

#endif
