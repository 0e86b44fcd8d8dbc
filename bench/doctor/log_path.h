/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MCB_BENCH_DOCTOR_LOG_PATH_H
#define MCB_BENCH_DOCTOR_LOG_PATH_H

/* The path that a line of a log speaks of, as far as it names it. */

#include <stdbool.h>
#include <stddef.h>

enum { MCB_LOG_PATH_MAX = 192 };

/* Writes "initiator → target" into path, of
 *   mcbench   "n1/mlx5_0 -> n2/mlx5_1"
 *   Mooncake  "local_nic: mlx5_0, peer_nic: 10.0.0.2:12345@mlx5_1", and any two NIC paths
 *             "10.0.0.1:12345@mlx5_0"
 * or the one end that is named, or "". A name that is too long is no name. Returns path. */
char *mcb_log_path_read(const char *text, size_t length, char path[MCB_LOG_PATH_MAX]);

/* Whether two paths may be one: the same, one of them not known, one of them an end of the other.
 * Of an end the host need not be said. */
bool mcb_log_path_may_be(const char *a, const char *b);

#endif
