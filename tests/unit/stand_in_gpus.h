/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MCB_TESTS_UNIT_STAND_IN_GPUS_H
#define MCB_TESTS_UNIT_STAND_IN_GPUS_H

/* GPUs in host memory (tests/stand-in) for tests of what uses GPUs. Included after cmocka.h. */

#include <stdlib.h>

#include "gpu/gpu.h"

/* What mcbench finds from now on; the text is of the form of tests/stand-in/config.h. */
static inline void stand_in_gpus_set(const char *text)
{
    setenv("MCB_GPU_MODULE", MCB_STAND_IN_MODULE, 1);
    setenv("MCB_STAND_IN", text, 1);
}

static inline struct mcb_gpus *stand_in_gpus_open(const char *text)
{
    struct mcb_gpus *gpus = NULL;
    struct mcb_error error = {0};
    stand_in_gpus_set(text);
    if (mcb_gpus_open(&gpus, &error) != 0)
        fail_msg("%s: %s", text, error.detail);
    return gpus;
}

#endif
