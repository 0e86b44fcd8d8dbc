/* SPDX-License-Identifier: Apache-2.0 */
#include "bench/transport/staging.h"

#include <inttypes.h>

#include "common/memory.h"

bool mcb_staging_is_needed(const struct mcb_buffer *buffer, enum mcb_route route, bool reaches_gpus)
{
    return mcb_buffer_is_of_gpu(buffer) && route != MCB_ROUTE_HOST &&
           (route == MCB_ROUTE_STAGED || !reaches_gpus);
}

static bool is_inside(const struct mcb_area *area, const struct mcb_buffer *buffer)
{
    uint64_t begin = (uintptr_t)buffer->address, at = (uintptr_t)area->base;
    uint64_t length = area->stride_bytes * area->slots;
    return at >= begin && length <= buffer->length_bytes &&
           at - begin <= buffer->length_bytes - length;
}

static bool fits(const struct mcb_area *area, const struct mcb_cell_settings *cell,
                 const struct mcb_buffer *buffer)
{
    return area->slots == (uint64_t)cell->qps * cell->depth && area->slots > 0 &&
           area->slot_bytes == cell->size_bytes && area->slot_bytes > 0 &&
           area->stride_bytes >= area->slot_bytes &&
           area->stride_bytes <= UINT64_MAX / area->slots && is_inside(area, buffer);
}

static int check_areas(const struct mcb_buffer *buffer, const struct mcb_side_options *options,
                       struct mcb_error *error)
{
    const struct mcb_cell_settings *cell = options->cell;
    if (fits(&options->out, cell, buffer) && fits(&options->in, cell, buffer) &&
        options->out.stride_bytes == options->in.stride_bytes)
        return 0;
    return mcb_error_set(error, MCB_FAULT_USE_VALUE,
                         "%" PRIu32 " x %" PRIu32 " messages of %" PRIu64
                         " bytes: a cell needs at least one message of at least one byte, and a "
                         "buffer that holds them all",
                         cell->qps, cell->depth, cell->size_bytes);
}

/* The same place in the bounce buffer. */
static struct mcb_area bounce_area(const struct mcb_area *area, const struct mcb_buffer *buffer,
                                   const struct mcb_buffer *bounce)
{
    struct mcb_area there = *area;
    there.base = (uint8_t *)bounce->address + (area->base - (uint8_t *)buffer->address);
    return there;
}

static int open_copies(const struct mcb_buffer *buffer, const struct mcb_side_options *options,
                       struct mcb_staging *staging, struct mcb_error *error)
{
    uint32_t depth = options->cell->depth;
    if (mcb_copy_queue_open(buffer, &staging->out, &options->out, depth, &staging->out_copies,
                            error) == 0 &&
        mcb_copy_queue_open(buffer, &options->in, &staging->in, depth, &staging->in_copies,
                            error) == 0)
        return 0;
    mcb_staging_close(staging);
    return -1;
}

int mcb_staging_open(const struct mcb_buffer *buffer, const struct mcb_buffer *bounce,
                     const struct mcb_side_options *options, bool reaches_gpus,
                     struct mcb_staging *staging, struct mcb_error *error)
{
    enum mcb_route route = options->cell->route;
    bool of_gpu = mcb_buffer_is_of_gpu(buffer);
    bool staged = mcb_staging_is_needed(buffer, route, reaches_gpus);
    *staging = (struct mcb_staging){.out = options->out, .in = options->in};
    if (of_gpu && (staged || route == MCB_ROUTE_HOST) && !bounce)
        return mcb_error_set(error, MCB_FAULT_USE_VALUE,
                             "%s, route %s: its endpoint was opened without a bounce buffer",
                             buffer->memory, mcb_route_name(route));
    const struct mcb_buffer *home = route == MCB_ROUTE_HOST && bounce ? bounce : buffer;
    if (check_areas(home, options, error) < 0)
        return -1;
    if (!staged)
        return 0;
    staging->out = bounce_area(&options->out, buffer, bounce);
    staging->in = bounce_area(&options->in, buffer, bounce);
    if (!is_inside(&staging->out, bounce) || !is_inside(&staging->in, bounce))
        return mcb_error_set(error, MCB_FAULT_USE_VALUE,
                             "%s: its bounce buffer of %zu bytes is shorter than the %zu bytes of "
                             "its own",
                             buffer->memory, bounce->length_bytes, buffer->length_bytes);
    return open_copies(buffer, options, staging, error);
}

void mcb_staging_close(struct mcb_staging *staging)
{
    mcb_copy_queue_close(staging->in_copies);
    mcb_copy_queue_close(staging->out_copies);
    staging->in_copies = staging->out_copies = NULL;
}
