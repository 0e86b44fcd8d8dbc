/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MCB_BENCH_CLUSTER_PROXY_H
#define MCB_BENCH_CLUSTER_PROXY_H

/* Would libcurl ask a proxy for this URL ("scheme://host:port")? Returns the name of the
 * environment variable that says so, or NULL. The rules are libcurl's (libcurl-env(3)); ranges of
 * addresses in no_proxy, which only new versions know, are not understood here. */
const char *mcb_proxy_for(const char *url);

/* The same with variables from elsewhere; get returns NULL for one that is not set. */
typedef const char *mcb_proxy_variable(void *context, const char *name);
const char *mcb_proxy_find(const char *url, mcb_proxy_variable *get, void *context);

#endif
