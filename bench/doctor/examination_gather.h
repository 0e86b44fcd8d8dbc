/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MCB_BENCH_DOCTOR_EXAMINATION_GATHER_H
#define MCB_BENCH_DOCTOR_EXAMINATION_GATHER_H

/* What an examination knows of its host before the first check; for examination.c alone. */

#include "bench/doctor/examination.h"

/* GPUs on the PCI bus, GPUs of the driver (live), the tree, the URLs of --etcd. What cannot be had
 * is left out, and its reason kept in the examination. */
void mcb_examination_gather(struct mcb_examination *examination);
void mcb_examination_drop_gathered(struct mcb_examination *examination);

#endif
