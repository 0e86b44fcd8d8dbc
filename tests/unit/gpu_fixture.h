/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MCB_TESTS_GPU_FIXTURE_H
#define MCB_TESTS_GPU_FIXTURE_H

/* Stand-in GPUs (tests/stand-in) with a buffer, for the tests of gpu/memory.c. To be included after
 * cmocka.h. */

#include <stdlib.h>
#include <string.h>

#include "common/memory.h"
#include "gpu/gpu.h"

enum { SLOTS = 5, SIZE = 100, PAGE = 64 << 10 };

static const struct mcb_pattern pattern = {.key = UINT64_C(0x1122334455667788), .generation = 3};

static struct mcb_error error;

/* GPUs, one buffer of the last of them, and a buffer of the host. */
static struct fixture {
    struct mcb_gpus *gpus;
    struct mcb_buffer buffer, host;
    struct mcb_area area, host_area;
} f;

static struct mcb_area area_of(const struct mcb_buffer *buffer)
{
    return (struct mcb_area){.base = buffer->address,
                             .slot_bytes = SIZE,
                             .stride_bytes = mcb_area_stride(SIZE),
                             .slots = SLOTS};
}

static void close_fixture(void)
{
    mcb_buffer_free(&f.host);
    mcb_buffer_free(&f.buffer);
    mcb_gpus_close(f.gpus);
    f = (struct fixture){0};
}

/* Closes what a test that failed left open: the module reads its configuration when it is opened
 * first. */
static void open_fixture(const char *stand_in)
{
    close_fixture();
    setenv("MCB_GPU_MODULE", MCB_STAND_IN_MODULE, 1);
    setenv("MCB_STAND_IN", stand_in, 1);
    if (mcb_gpus_open(&f.gpus, &error) != 0 ||
        mcb_gpu_buffer_allocate(f.gpus, f.gpus->count - 1, PAGE, &f.buffer, &error) != 0 ||
        mcb_buffer_allocate(&f.host, PAGE, -1, false, &error) != 0)
        fail_msg("%s: %s", stand_in, error.detail);
    f.area = area_of(&f.buffer);
    f.host_area = area_of(&f.host);
}

/* The last call failed with this fault and says these words. */
static void assert_fault(int result, enum mcb_fault_code code, const char *text)
{
    assert_int_equal(result, -1);
    if (error.code != code || !strstr(error.detail, text))
        fail_msg("not %s with '%s', but %s: %s", mcb_fault_get(code)->id, text,
                 mcb_fault_get(error.code)->id, error.detail);
}

#endif
