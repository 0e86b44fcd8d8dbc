/* SPDX-License-Identifier: Apache-2.0 */

/* This host alone: a roster of one, without a socket. */

#include <stdio.h>

#include "bench/cluster/method.h"

static int local_address(const struct mcb_settings *settings, const volatile sig_atomic_t *stop,
                         char address[256], struct mcb_error *error)
{
    (void)settings, (void)stop, (void)error;
    snprintf(address, 256, "127.0.0.1");
    return 0;
}

static int join(struct mcb_cluster *cluster, const struct mcb_settings *settings,
                const json_t *self, int64_t deadline_ns, struct mcb_error *error)
{
    (void)settings, (void)deadline_ns;
    if (mcb_members_start(cluster, 0, 1, error))
        return -1;
    return mcb_members_set(cluster, 0, self, error);
}

const struct mcb_method mcb_method_local = {.local_address = local_address, .join = join};
