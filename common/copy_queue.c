/* SPDX-License-Identifier: Apache-2.0 */
#include "common/copy_queue.h"

#include <stdlib.h>

#include "common/memory.h"

/* A start costs a GPU's driver some microseconds, in which PCIe moves 100 KiB or so. */
enum { BATCH_BYTES = 512 << 10 };

struct copy {
    uint32_t pair, count;
};

struct mcb_copy_queue {
    const struct mcb_memory *memory;
    struct mcb_copier *copier;
    uint32_t depth, slots;
    uint64_t copied, handed_out; /* slots, since the copier was opened */
    uint64_t first, last;        /* copies[first % slots] to, exclusively, copies[last % slots] */
    struct copy copies[];
};

int mcb_copy_queue_open(const struct mcb_buffer *buffer, const struct mcb_area *to,
                        const struct mcb_area *from, uint32_t depth, struct mcb_copy_queue **queue,
                        struct mcb_error *error)
{
    struct mcb_copy_queue *opened = calloc(1, sizeof *opened + to->slots * sizeof(struct copy));
    if (!opened)
        return mcb_error_set(error, MCB_FAULT_HOST_MEMORY, "no memory for %u copies", to->slots);
    opened->memory = buffer->kind;
    opened->depth = depth;
    opened->slots = to->slots;
    if (opened->memory->copier_open(buffer, to, from, &opened->copier, error) < 0) {
        free(opened);
        return -1;
    }
    *queue = opened;
    return 0;
}

void mcb_copy_queue_close(struct mcb_copy_queue *queue)
{
    if (!queue)
        return;
    queue->memory->copier_close(queue->copier);
    free(queue);
}

int mcb_copy_queue_start(struct mcb_copy_queue *queue, uint32_t pair, uint64_t first,
                         uint32_t count, struct mcb_error *error)
{
    while (count > 0) {
        uint32_t slot = (uint32_t)(first % queue->depth);
        uint32_t to_end = queue->depth - slot, some = count < to_end ? count : to_end;
        if (queue->memory->copier_copy(queue->copier, pair * queue->depth + slot, some, error) < 0)
            return -1;
        queue->copies[queue->last++ % queue->slots] = (struct copy){pair, some};
        first += some;
        count -= some;
    }
    return 0;
}

int mcb_copy_queue_look(struct mcb_copy_queue *queue, struct mcb_error *error)
{
    if (queue->first == queue->last)
        return 0;
    return queue->memory->copier_done(queue->copier, &queue->copied, error);
}

bool mcb_copy_queue_next(struct mcb_copy_queue *queue, uint32_t *pair, uint32_t *count)
{
    uint64_t due = queue->copied - queue->handed_out;
    if (due == 0 || queue->first == queue->last)
        return false;
    struct copy *copy = &queue->copies[queue->first % queue->slots];
    *pair = copy->pair;
    *count = due < copy->count ? (uint32_t)due : copy->count;
    copy->count -= *count;
    queue->handed_out += *count;
    if (copy->count == 0)
        queue->first++;
    return true;
}

uint32_t mcb_copy_queue_under_way(const struct mcb_copy_queue *queue)
{
    return (uint32_t)(queue->last - queue->first);
}

uint32_t mcb_copy_batch(uint32_t depth, uint64_t message_bytes)
{
    uint64_t batch = BATCH_BYTES / (message_bytes ? message_bytes : 1);
    if (batch > depth / 4)
        batch = depth / 4;
    return batch ? (uint32_t)batch : 1;
}
