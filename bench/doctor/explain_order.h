/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MCB_BENCH_DOCTOR_EXPLAIN_ORDER_H
#define MCB_BENCH_DOCTOR_EXPLAIN_ORDER_H

/*
 * What of several logs comes first. Within a log its lines are the order: formats tell the time
 * more or less finely, and some lines not at all. Between logs it is the time; a log without a wall
 * clock comes last. In which order the logs were read changes nothing: that of their names is
 * seldom that of time ("syslog" comes before "syslog.1").
 */

#include <stddef.h>
#include <stdint.h>

#include "bench/doctor/explain.h"

struct mcb_explain_place {
    int64_t wall_us; /* MCB_LOG_NO_TIME: not known */
    size_t log;
    uint64_t number; /* of the line */
    size_t index;    /* the caller's; of two of one line the smaller one is first */
};

/* Sorts the places; wall_us becomes what the order went by. */
void mcb_explain_order(struct mcb_explain_place *places, size_t count);

/* A line that speaks of a finding. */
struct mcb_explain_mention {
    struct mcb_explain_line line; /* text is the finding's from here on */
    struct mcb_explain_moment when;
    int mtu, peer_mtu;
};

/* Where a line of that log and time stands among those that are kept of the finding;
 * MCB_EXPLAIN_LINES_MAX: behind all of them, and there is no room. */
size_t mcb_explain_order_find(const struct mcb_explain_finding *finding, size_t log,
                              const struct mcb_explain_moment *when);

/* Keeps the line there; at 0 it is the finding's first one from then on. */
void mcb_explain_order_insert(struct mcb_explain_finding *finding, size_t at,
                              const struct mcb_explain_mention *mention);

#endif
