/* SPDX-License-Identifier: Apache-2.0 */
/* A module of another mcbench: its table ends after the two fields that say so. */
#include <stdint.h>

#include "gpu/module.h"

struct table_begin {
    uint32_t version, bytes;
};

extern const struct table_begin mcb_gpu_module;
const struct table_begin mcb_gpu_module = {
    .version = MCB_GPU_MODULE_VERSION + MORE_VERSION,
    .bytes = sizeof(struct mcb_gpu_module) + MORE_BYTES,
};
