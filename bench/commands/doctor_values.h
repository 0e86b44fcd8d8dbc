/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MCB_BENCH_COMMANDS_DOCTOR_VALUES_H
#define MCB_BENCH_COMMANDS_DOCTOR_VALUES_H

/* What the options of mcbench doctor may say, judged before anything is examined. */

#include "common/fault.h"

/* Values are shorter than that; PEERS: hosts of --peer. */
enum { MCB_DOCTOR_VALUE_MAX = 1001, MCB_DOCTOR_PEERS_MOST = 16 };

/* URLs of etcd, separated by ',' or ';', a scheme of http, https or etcd, which is Mooncake's word
 * for http, or none; and what the environment says of etcd (bench/cluster/etcd_config.h). Faults:
 * USE_VALUE, HOST_MEMORY. */
int mcb_doctor_check_etcd(const char *urls, struct mcb_error *error);

/* HOST:PORT[,...] to the same without what is named twice. Fault: USE_VALUE. */
int mcb_doctor_read_peers(const char *text, char peers[MCB_DOCTOR_VALUE_MAX],
                          struct mcb_error *error);

/* NAME, NAME:PORT, [V6]:PORT or an address of IPv6 as it is. Fault: USE_VALUE. */
int mcb_doctor_check_name(const char *name, struct mcb_error *error);

/* NAME[,...]. Fault: USE_VALUE. */
int mcb_doctor_check_nics(const char *nics, struct mcb_error *error);

#endif
