/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MCB_STAND_IN_COPIER_H
#define MCB_STAND_IN_COPIER_H

/*
 * The copiers of the stand-in: a thread each, so that a copy really goes on while its caller does
 * something else. The areas are those of the module's own mapping.
 */

#include <stdbool.h>
#include <stdint.h>

#include "common/buffer.h"
#include "common/fault.h"
#include "gpu/module.h"

struct mcb_stand_in_copies {
    struct mcb_area to, from;
    struct mcb_area behind; /* where what goes to `to` goes as well; base NULL: nowhere */
    uint64_t bytes_per_s;   /* 0: as fast as it goes */
    bool fails;             /* after the first slot */
};

/* Fault: GPU_CALL. */
int mcb_stand_in_copier_open(const struct mcb_stand_in_copies *copies,
                             struct mcb_gpu_copier **copier, struct mcb_error *error);
int mcb_stand_in_copier_copy(struct mcb_gpu_copier *copier, uint32_t first, uint32_t count,
                             struct mcb_error *error);
int mcb_stand_in_copier_done(struct mcb_gpu_copier *copier, uint64_t *slots,
                             struct mcb_error *error);
void mcb_stand_in_copier_close(struct mcb_gpu_copier *copier);

#endif
