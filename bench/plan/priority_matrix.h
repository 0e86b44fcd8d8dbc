/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MCB_BENCH_PLAN_PRIORITY_MATRIX_H
#define MCB_BENCH_PLAN_PRIORITY_MATRIX_H

/*
 * Mooncake's nic_priority_matrix: which NICs serve which memory.
 *
 *   {"cpu:0": [["mlx5_0"], ["mlx5_1"]], "cuda:0": [["mlx5_1"], []], "*": [[], ["mlx5_0"]]}
 *
 * For each location ("cpu:N", "cuda:N" and, of other vendors, "hip:N", "musa:N", "maca:N", or "*"
 * for any), the preferred NICs and the other ones. No NIC stands twice in a location, no location
 * twice in the matrix.
 */

#include <jansson.h>
#include <stdbool.h>

#include "common/fault.h"

struct mcb_settings;

/* text: the JSON itself (its first character that is no blank is '{') or the path of a file of up
 * to 1 MiB. Returns a new reference to the matrix in its normal form: locations written as above,
 * two arrays of names each. NULL and USE_MATRIX, whose detail begins with given_as and names the
 * place that is wrong. */
json_t *mcb_priority_matrix_read(const char *text, const char *given_as, struct mcb_error *error);

/* True if the text can be the name of a NIC: 1 to MCB_NIC_NAME_MAX - 1 bytes, none of them a blank,
 * a control character, ',' or '/'. */
bool mcb_priority_matrix_nic_is_name(const char *text);

/* Narrows settings->nics to the NICs that settings->priority_matrix prefers (the other ones of a
 * location where it prefers none) for the memories of --memory and --peer-memory: of cpu:N and
 * cuda:N that location, of cpu every CPU location, of cuda every "cuda:N", and of "*" where a
 * memory has none of these. Which of the NICs goes with which GPU stays with the distances
 * (endpoint_list.h). NICs that --nic leaves out stay out. memory_nodes[i] (MCB_NICS_MAX entries)
 * becomes the NUMA node where the memory "cpu" of settings->nics[i] lies, -1 where the matrix does
 * not say; cpu:N lies on N. Fault: USE_MATRIX (no NIC is left). */
int mcb_priority_matrix_select(struct mcb_settings *settings, int *memory_nodes,
                               struct mcb_error *error);

#endif
