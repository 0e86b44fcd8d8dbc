/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MCB_BENCH_REPORT_ENVIRONMENT_HOSTS_H
#define MCB_BENCH_REPORT_ENVIRONMENT_HOSTS_H

/* Which host of a later run is which of an earlier one: environment.h says by what. */

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

#include "bench/report/environment.h"
#include "common/fault.h"

struct mcb_host_pair {
    const char *name;             /* of the later run; borrowed */
    const json_t *before, *after; /* entries of "hosts"; before NULL: it was not there */
};

struct mcb_host_pairs {
    struct mcb_host_pair *list; /* by name */
    size_t count;
    struct mcb_host_pair *gone; /* those of the earlier run alone: `before` and its name only */
    size_t gone_count;
    bool by_rank; /* they were matched by rank */
};

/* before, after: heads, which outlive the pairs. Fault: HOST_MEMORY. */
int mcb_host_pairs_make(const json_t *before, const json_t *after, bool by_rank,
                        struct mcb_host_pairs *pairs, struct mcb_error *error);
void mcb_host_pairs_release(struct mcb_host_pairs *pairs);

/* NULL: the later run has no such host. */
const struct mcb_host_pair *mcb_host_pairs_find(const struct mcb_host_pairs *pairs,
                                                const char *host);

/* Why figures of an endpoint cannot be held against those before: its NIC, its GPU or its host's
 * CPU is another one ("NIC MT4129 → MT4131"). memory: "cpu:0", "cuda:1". False: they can, as far as
 * the pair tells. why is clean. */
bool mcb_host_pair_is_other(const struct mcb_host_pair *pair, const char *nic, const char *memory,
                            char why[MCB_DIFFERENCE_SENTENCE_MAX]);

/* Likewise: the transport is another one. */
bool mcb_environment_transport_is_other(const json_t *before, const json_t *after,
                                        char why[MCB_DIFFERENCE_SENTENCE_MAX]);

#endif
