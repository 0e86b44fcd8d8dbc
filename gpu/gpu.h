/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MCB_GPU_GPU_H
#define MCB_GPU_GPU_H

/*
 * The GPUs of this host, and buffers in their memory.
 *
 * The module of the vendor (module.h) is looked for, in this order: the file that the variable
 * MCB_GPU_MODULE names; mcbench-cuda.so beside the program; the same in ../lib/.../mcbench/, where
 * an installation puts it. Three things can be missing, each a fault of its own: the module
 * (GPU_MODULE), the driver (GPU_DRIVER), a GPU (GPU_NONE).
 */

#include <stdbool.h>
#include <stddef.h>

#include "common/buffer.h"
#include "common/fault.h"
#include "gpu/module.h"

struct mcb_gpus {
    const struct mcb_gpu_module *module;
    void *library;   /* of dlopen(3); NULL: the module was given */
    char path[4096]; /* of the module's file */
    unsigned count;
    struct mcb_gpu_identity list[MCB_GPUS_MAX];
};

/* Loads the module and asks who the GPUs are. More than MCB_GPUS_MAX are passed over. The caller's:
 * mcb_gpus_close(), when no buffer of them is left. Faults: GPU_MODULE, GPU_DRIVER, GPU_NONE,
 * GPU_CALL. */
int mcb_gpus_open(struct mcb_gpus **gpus, struct mcb_error *error);
void mcb_gpus_close(struct mcb_gpus *gpus); /* NULL is fine */

/* Memory of a GPU: length rounded up to 64 KiB, its address a multiple of that, its content
 * undefined. `gpus` outlives the buffer; mcb_buffer_free() frees it. Faults: GPU_NO_SUCH (with
 * those that there are), GPU_MEMORY. */
int mcb_gpu_buffer_allocate(struct mcb_gpus *gpus, unsigned gpu, size_t length_bytes,
                            struct mcb_buffer *buffer, struct mcb_error *error);

#endif
