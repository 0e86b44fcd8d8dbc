/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MCB_BENCH_DOCTOR_ETCD_ASK_H
#define MCB_BENCH_DOCTOR_ETCD_ASK_H

/* What several endpoints of etcd say of themselves, all of them asked at the same time, each by
 * itself. */

#include <jansson.h>

#include "bench/doctor/etcd_checks.h"

struct mcb_etcd_asked {
    const struct mcb_etcd_endpoint *endpoint;

    struct mcb_error error; /* NONE: it answers; what follows is known then only */
    bool late;              /* the deadline ended the wait */
    double took_ms;
    char version[32];
    struct mcb_error health; /* NONE: it is healthy */
    json_t *members;         /* the array of member/list; NULL: not told */
    json_t *alarms;          /* the array of maintenance/alarm; NULL: not told */
};

/* Fills all but the endpoints; MCB_ETCD_ENDPOINTS_MOST at most. Ends by the deadline, and on an
 * interruption. */
void mcb_etcd_ask_all(const struct mcb_examination *examination, struct mcb_etcd_asked *asked,
                      size_t count, int64_t deadline_ns);
void mcb_etcd_asked_release(struct mcb_etcd_asked *asked, size_t count);

#endif
