/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MCB_BENCH_DOCTOR_ETCD_CHECKS_H
#define MCB_BENCH_DOCTOR_ETCD_CHECKS_H

/* Endpoints of etcd as the checks of group ETCD ask them; the table is in checks_etcd.c. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "bench/cluster/etcd_client.h"
#include "bench/doctor/examination.h"

enum { MCB_ETCD_ENDPOINTS_MOST = 16, MCB_ETCD_ENDPOINT_MAX = 300 };

struct mcb_etcd_endpoint {
    char url[MCB_ETCD_ENDPOINT_MAX]; /* "http://HOST:PORT" */
    char host[256];
    uint16_t port;
};

/* "HOST", "HOST:PORT", "etcd://..." and "http[s]://...". False: none of them, or one with a user.
 */
bool mcb_etcd_endpoint_read(const char *entry, struct mcb_etcd_endpoint *endpoint);

/* All of the examination that are etcd; the others are findings of the check (NULL: none).
 * MCB_ETCD_ENDPOINTS_MOST at most. Returns their number. */
size_t mcb_etcd_endpoints_read(struct mcb_examination *examination, const struct mcb_check *check,
                               struct mcb_etcd_endpoint *endpoints);

/* Faults: those of mcb_etcd_open(). */
int mcb_etcd_endpoint_open(const struct mcb_examination *examination, const char *url,
                           struct mcb_etcd **etcd, struct mcb_error *error);

/* Of a stretch of questions that begins now, which all endpoints share: --timeout, and where nobody
 * asked for etcd but Mooncake's environment names it, a second at most. */
int64_t mcb_etcd_deadline(const struct mcb_examination *examination);

/* Mooncake's keys and nodes, asked of the first endpoint that the examination found to answer. */
void mcb_etcd_check_keys(struct mcb_examination *examination, const struct mcb_check *check);

#endif
