/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MCB_BENCH_DOCTOR_LOG_MTU_H
#define MCB_BENCH_DOCTOR_LOG_MTU_H

/* The MTU of one side, as a line of a log tells it: "local mtu: 4096", "peer_mtu=5". */

#include <stddef.h>

/* Bytes: the number after "mtu", where `whose` ("local", "peer") stands shortly before it. A value
 * of enum ibv_mtu is told as bytes. 0: none. */
int mcb_log_mtu_read(const char *line, size_t length, const char *whose);

#endif
