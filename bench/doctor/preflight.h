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

#include "bench/plan/settings.h"
#include "common/fault.h"

struct mcb_gpus;

enum mcb_verdict {
    MCB_VERDICT_PASS,
    MCB_VERDICT_WARN, /* the run may fail or mislead for this reason */
    MCB_VERDICT_FAIL  /* the run cannot work */
};

enum { MCB_EVIDENCE_MAX = 512 };

#define MCB_LIMIT_NONE UINT64_MAX

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
    const char *root;       /* put before /proc and /sys; "" for this host */
    uint64_t memlock_bytes; /* RLIMIT_MEMLOCK, the soft limit; MCB_LIMIT_NONE: unlimited */
    uint64_t open_files;    /* RLIMIT_NOFILE, likewise */
};

/* Fills the part about the host with this one, and zeroes the rest. */
void mcb_preflight_input_from_host(struct mcb_preflight_input *input);

/* Runs every check that applies, in the order of the table, and tells `seen` (NULL: nobody) what
 * came out: a short name ("memlock"), and one sentence of evidence. Returns -1 with the fault of
 * the first that failed, after all have run. Faults: HOST_MEMLOCK, HOST_MEMORY, HOST_HUGE_PAGES,
 * GPU_MEMORY, HOST_SYSTEM. */
int mcb_preflight_run(const struct mcb_preflight_input *input,
                      void (*seen)(const char *name, enum mcb_verdict verdict, const char *evidence,
                                   void *context),
                      void *context, struct mcb_error *error);

#endif
