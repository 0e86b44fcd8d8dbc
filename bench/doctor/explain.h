/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MCB_BENCH_DOCTOR_EXPLAIN_H
#define MCB_BENCH_DOCTOR_EXPLAIN_H

/*
 * Of logs, the errors that the catalogue knows, each with the lines that show it, and those that
 * it does not know.
 *
 *   mcb_explain_make → per log: mcb_explain_begin, mcb_explain_piece... → mcb_explain_finish
 *
 * A finding is one fault on one host and path, from its first line to its last. After
 * mcb_explain_finish() the findings and the unknown errors are in the order of time
 * (explain_order.h), and each finding has its role: what is only a consequence of an earlier one
 * (explain_role.h) points to it. Memory is bounded whatever the logs hold: what is beyond
 * a limit is counted.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "bench/doctor/explain_evidence.h"
#include "bench/doctor/explain_unknown.h"
#include "bench/doctor/log_line.h"
#include "bench/doctor/log_path.h"
#include "bench/doctor/log_reader.h"
#include "common/fault.h"

enum {
    MCB_EXPLAIN_LINES_MAX = 5, /* that are kept of a finding */
    MCB_EXPLAIN_FINDINGS_MAX = 4096
};

enum mcb_explain_role {
    MCB_EXPLAIN_FIRST,       /* the first real error of its host and path */
    MCB_EXPLAIN_LATER,       /* another real error there, later */
    MCB_EXPLAIN_DOUBT,       /* slows things down, breaks nothing, hides nothing */
    MCB_EXPLAIN_CONSEQUENCE, /* of the finding `cause` */
    MCB_EXPLAIN_ORPHAN       /* a consequence whose cause is in none of the logs */
};

struct mcb_explain_log {
    char *name;
    int64_t not_after_s; /* when it was written to last: its missing years follow from that */
    struct mcb_log_size size;
    enum mcb_log_clock clock; /* of its errors; NONE: they have no time, or there are none */
};

/* Whose errors those are that go by the name of a host. */
enum mcb_explain_whose {
    MCB_EXPLAIN_WHOSE_SAID, /* that host's: the lines say so */
    MCB_EXPLAIN_WHOSE_LOG,  /* the name of the log stands for hosts that no line names */
    MCB_EXPLAIN_WHOSE_ANY   /* of a kernel, maybe one whose programs wrote other logs */
};

/* The line of a finding that was read last. */
struct mcb_explain_last {
    size_t log;
    uint64_t number;
    struct mcb_log_time time; /* of the last line of that log that has one */
};

struct mcb_explain_finding {
    enum mcb_fault_code code;
    char host[MCB_EXPLAIN_HOST_MAX]; /* as the lines say; else the name of the log */
    enum mcb_explain_whose whose;
    char path[MCB_LOG_PATH_MAX];                              /* "": not said */
    struct mcb_explain_line lines[MCB_EXPLAIN_LINES_MAX];     /* the first ones, in time */
    struct mcb_explain_moment moments[MCB_EXPLAIN_LINES_MAX]; /* theirs */
    size_t line_count;
    uint64_t count; /* lines that speak of it */
    struct mcb_explain_last last_read;
    bool is_full;         /* further lines of the log that was read last come after those kept */
    uint64_t last_number; /* of the last line, in time */
    size_t last_log;
    int64_t last_us;                /* MCB_LOG_NO_TIME: not known */
    struct mcb_explain_moment when; /* of the first line */
    int mtu, peer_mtu;              /* bytes, of RDMA_MTU; 0: not said */
    enum mcb_explain_role role;
    size_t cause; /* index of a finding, of a consequence */
};

struct mcb_explain {
    struct mcb_explain_log *logs;
    size_t log_count;
    struct mcb_explain_finding *findings;
    size_t finding_count;
    uint64_t findings_beyond; /* lines of faults that had no room */
    struct mcb_explain_unknowns unknowns;
    struct mcb_explain_state *state;
};

/* Fault: HOST_MEMORY. NULL then; else for mcb_explain_free(). */
struct mcb_explain *mcb_explain_make(struct mcb_error *error);

/* The pieces that follow are those of this log. Fault: HOST_MEMORY. */
int mcb_explain_begin(struct mcb_explain *explain, const char *name, int64_t not_after_s,
                      struct mcb_error *error);

/* explain: a struct mcb_explain; the form that mcb_log_reader_run() wants. Fault: HOST_MEMORY. */
int mcb_explain_piece(void *explain, const struct mcb_log_piece *piece, struct mcb_error *error);

/* No more logs. Fault: HOST_MEMORY. */
int mcb_explain_finish(struct mcb_explain *explain, struct mcb_error *error);

/* Whether anything at all was found. */
bool mcb_explain_has_error(const struct mcb_explain *explain);

/* NULL is allowed. */
void mcb_explain_free(struct mcb_explain *explain);

#endif
