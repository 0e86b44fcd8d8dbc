/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MCB_BENCH_PLAN_PLAN_PATHS_H
#define MCB_BENCH_PLAN_PLAN_PATHS_H

/* Which paths there are, and in which rounds, by the rules of plan.h; for plan.c alone. */

#include <stddef.h>

#include "bench/plan/plan.h"

struct mcb_plan_paths {
    struct mcb_path *paths; /* grouped by round; of a round, those to or from a GPU first */
    size_t path_count;
    size_t round_count;
    size_t *starts; /* of round r: [2r] the first path, [2r + 1] the first one without GPU, [2r + 2]
                       the end */
};

/* Free with mcb_plan_paths_release(). Faults: HOST_MEMORY, USE_VALUE. */
int mcb_plan_paths_make(const struct mcb_settings *settings, const struct mcb_endpoint_list *lists,
                        size_t ranks, struct mcb_plan_paths *paths, struct mcb_error *error);
void mcb_plan_paths_release(struct mcb_plan_paths *paths);

#endif
