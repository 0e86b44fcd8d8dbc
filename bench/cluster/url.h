/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MCB_BENCH_CLUSTER_URL_H
#define MCB_BENCH_CLUSTER_URL_H

/* Parts of "[SCHEME://][USER[:PASSWORD]@]HOST[:PORT][/PATH]", HOST being a name, an address, or
 * [V6]. Texts that come from outside may be none of it; nothing here fails. */

#include <stddef.h>

/* The host without brackets; "": there is none. Returns host. */
const char *mcb_url_host(const char *url, char host[256]);

/* The URL without user and password, which no report may repeat; cut at size - 1. Returns shown. */
const char *mcb_url_shown(const char *url, char *shown, size_t size);

#endif
