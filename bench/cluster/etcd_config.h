/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MCB_BENCH_CLUSTER_ETCD_CONFIG_H
#define MCB_BENCH_CLUSTER_ETCD_CONFIG_H

/* What a client of etcd has to know before it talks: where, and as whom. */

#include <stddef.h>

#include "common/fault.h"

enum { MCB_ETCD_ENDPOINTS_MAX = 16, MCB_ETCD_URL_MAX = 300 };

struct mcb_etcd_config {
    char endpoints[MCB_ETCD_ENDPOINTS_MAX][MCB_ETCD_URL_MAX]; /* "http://host:2379" */
    size_t endpoint_count;
    char *user, *password; /* NULL: none */
};

/* URLs from text, credentials from the environment (see etcd_client.h), into a zeroed struct, which
 * has to be released also on failure. Looks whether the files that https needs can be read. Faults:
 * USE_VALUE, HOST_MEMORY. */
int mcb_etcd_config_read(struct mcb_etcd_config *config, const char *urls, struct mcb_error *error);
void mcb_etcd_config_release(struct mcb_etcd_config *config);

/* MCB_ETCD_<name>, else ETCDCTL_<name>; NULL if neither is set. */
const char *mcb_etcd_config_variable(const char *name);

/* Frees a secret so that it does not stay in memory, and sets it to NULL. */
void mcb_etcd_config_forget(char **secret);

#endif
