/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MCB_BENCH_REPORT_MATRIX_H
#define MCB_BENCH_REPORT_MATRIX_H

/*
 * The cells of one setting as a matrix: initiators are rows, targets are columns. With several
 * hosts there is one matrix for each pair of hosts. A matrix wider than the canvas is continued
 * below. One that would be nearly empty (--pairs ring of many NICs) is printed as a list of paths.
 *
 * In a cell: "388.1 ±0.4 99%" or "3.21 / 4.80"; "!" marks the worst if it stands out; "failed a"
 * and "skipped a" with the letter of their note; "—" where there is no path.
 */

#include "bench/report/canvas.h"
#include "bench/report/notes.h"
#include "bench/report/pivot.h"
#include "bench/report/summary.h"

enum { MCB_LABEL_MAX = 512 };

/* "mlx5_0 cpu:0". Clean, at most 30 columns: a longer name is cut, and not the memory. Returns
 * label. */
char *mcb_matrix_endpoint_label(const struct mcb_pivot_endpoint *endpoint,
                                char label[MCB_LABEL_MAX]);

/* "mlx5_0 → mlx5_1"; with hosts where there are several, with the memories of both ends where the
 * NIC of one has several or one is a GPU's ("mlx5_0/cuda:0 → mlx5_1/cpu:0"). Clean. Returns label.
 */
char *mcb_matrix_path_label(const struct mcb_pivot *pivot, const struct mcb_pivot_cell *cell,
                            char label[MCB_LABEL_MAX]);

/* Fault: HOST_MEMORY. */
int mcb_matrix_print(const struct mcb_canvas *canvas, const struct mcb_pivot *pivot,
                     const struct mcb_pivot_setting *setting, const struct mcb_summary *summary,
                     const struct mcb_notes *notes, struct mcb_error *error);

#endif
