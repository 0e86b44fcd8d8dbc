/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MCB_BENCH_MEASURE_ACTIVE_SIDE_H
#define MCB_BENCH_MEASURE_ACTIVE_SIDE_H

/*
 * One end of a cell while it is measured: the transport's side, the thread that drives it, its task
 * and its bytes.
 *
 * Every step is a job for the side's thread; the coordinating thread submits it, waits for it to
 * end (see worker.h) and then reads `error`, which is MCB_FAULT_NONE unless the step failed. A side
 * that has failed does no further step.
 */

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "bench/measure/endpoints.h"
#include "bench/measure/worker.h"
#include "bench/transport/transport.h"
#include "common/fault.h"
#include "common/pattern.h"
#include "rdma/counters.h"

struct mcb_active_side {
    const struct mcb_transport *transport;
    const struct mcb_local_endpoint *local;
    struct mcb_side_options options;
    struct mcb_worker worker;
    struct mcb_side *side;
    struct mcb_error error;

    json_t *description; /* after OPEN; owned */
    const json_t *peer;  /* for CONNECT: what the other side described; borrowed */
    int64_t connect_deadline_ns;
    struct mcb_task task; /* for RUN; its `abort` ends CONNECT too */

    bool sends, receives; /* whether payload leaves from `out`, arrives in `in` */
    uint64_t key_out, key_in;
    uint16_t generation; /* of what PREPARE fills in and CHECK expects; raised by PREPARE */
    struct mcb_pattern_report report; /* of the last CHECK; the caller zeroes it */
    char visible_by[16]; /* "flush", "rdma-read", "completion": how what arrived in memory of a GPU
                            was made visible to the last CHECK; "": no such CHECK yet */
    struct mcb_counters *counters_before; /* of its NIC, when the round began; NULL: not known;
                                             owned */
};

/* Sets up the struct (zeroed by the caller, must not move afterwards). local outlives it. identity
 * names the cell; both sides pass the same. */
void mcb_active_side_init(struct mcb_active_side *active, const struct mcb_transport *transport,
                          const struct mcb_local_endpoint *local,
                          const struct mcb_side_options *options, const char *identity,
                          int sent_event);

/* Gives the side its thread, beside its NIC, named "rxe0 initiator" or "rxe0 target" as far as the
 * kernel's 15 bytes go. Fault: HOST_SYSTEM. */
int mcb_active_side_employ(struct mcb_active_side *active, const struct mcb_topology *topology,
                           int event_fd, struct mcb_error *error);

/* The CPUs that the side's thread may run on: "0-3,8"; null where that is not known. New reference.
 */
json_t *mcb_active_side_cpus(const struct mcb_active_side *active);

/* Puts those of the initiator's thread (this side) and of the target's (as its rank told,
 * untrusted) into a cell's details, as "initiator_cpus" and "target_cpus". Fault: NET_PROTOCOL. */
int mcb_active_side_take_cpus(const struct mcb_active_side *initiator, const json_t *target_cpus,
                              json_t *details, struct mcb_error *error);

enum mcb_step {
    MCB_STEP_OPEN,    /* side_open, side_describe */
    MCB_STEP_CONNECT, /* side_connect with `peer` */
    MCB_STEP_PREPARE, /* next generation: pattern into `out`, poison into `in` */
    MCB_STEP_RUN,     /* side_run of `task` */
    MCB_STEP_CHECK    /* side_settle; the bytes in `in` against the pattern, into `report` */
};

/* Hands the step to the side's thread, unless the side has failed. */
void mcb_active_side_start(struct mcb_active_side *active, enum mcb_step step);

/* True while a step is under way. */
bool mcb_active_side_busy(const struct mcb_active_side *active);

/* True once the task's `sent` is known or the step has ended. */
bool mcb_active_side_has_sent(const struct mcb_active_side *active);

/* Ends the step under way, then the side and its thread. Harmless on a zeroed struct. */
void mcb_active_side_close(struct mcb_active_side *active);

#endif
