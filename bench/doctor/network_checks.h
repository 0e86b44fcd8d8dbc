/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MCB_BENCH_DOCTOR_NETWORK_CHECKS_H
#define MCB_BENCH_DOCTOR_NETWORK_CHECKS_H

/* Checks of group NETWORK that have a file of their own; the table is in checks_network.c. */

#include "bench/doctor/examination.h"

/* Would an HTTP proxy carry what is said to the metadata server? */
void mcb_network_check_proxies(struct mcb_examination *examination, const struct mcb_check *check);

/* Are the peers of --peer reached, and do bytes arrive there? */
void mcb_network_check_peers(struct mcb_examination *examination, const struct mcb_check *check);

#endif
