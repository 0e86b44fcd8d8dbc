/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MCB_BENCH_DOCTOR_EXPLAIN_TAKE_H
#define MCB_BENCH_DOCTOR_EXPLAIN_TAKE_H

/* What a line that speaks of an error adds to the findings and to the unknown errors. For explain.c
 * only, which chooses the lines. */

#include "bench/doctor/explain.h"
#include "bench/doctor/explain_table.h"
#include "bench/doctor/log_match.h"

enum { MCB_EXPLAIN_HEAD_MAX = 96, MCB_EXPLAIN_SAME_MAX = 96, MCB_EXPLAIN_PROCESS_MAX = 96 };

struct mcb_explain_state {
    struct mcb_log_match *match;
    struct mcb_explain_table table;
    struct mcb_explain_evidence evidence;
    char head[MCB_EXPLAIN_HEAD_MAX]; /* of the last line that may have a time */
    size_t head_length;
    uint64_t head_number;
    /* The last short line in which something was found, and what was: often the next one is the
     * same, and reading it again is all that it costs. */
    char same[MCB_EXPLAIN_SAME_MAX];
    size_t same_length;
    struct mcb_log_hit same_hit;
    struct mcb_log_line same_line;         /* its host lies in same[] */
    uint64_t unknown_number;               /* of the last line that the catalogue does not know */
    int traceback_lines;                   /* of a Python traceback, that may still follow */
    char process[MCB_EXPLAIN_PROCESS_MAX]; /* that writes the traceback */
    size_t process_length;                 /* 0: it does not say which it is */
    bool after_mcbench;                    /* indented lines belong to the error of mcbench above */
};

/* A line in which something was found. */
struct mcb_explain_scene {
    const struct mcb_log_piece *piece;
    struct mcb_log_hit hit;
    struct mcb_log_line line;
};

/* An error that the catalogue knows. Fault: HOST_MEMORY. */
int mcb_explain_take_known(struct mcb_explain *explain, const struct mcb_explain_scene *scene,
                           struct mcb_error *error);

/* A NIC, with its GID: no error, but maybe the reason of one to come. Fault: HOST_MEMORY. */
int mcb_explain_take_nic(struct mcb_explain *explain, const struct mcb_explain_scene *scene,
                         struct mcb_error *error);

/* An error that it does not know. Fault: HOST_MEMORY. */
int mcb_explain_take_unknown(struct mcb_explain *explain, const struct mcb_explain_scene *scene,
                             struct mcb_error *error);

/* Makes last_number, last_log and last_us those of the last line, in time, of what was read. */
void mcb_explain_take_last(const struct mcb_explain *explain, struct mcb_explain_finding *finding);

#endif
