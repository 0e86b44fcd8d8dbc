/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MCB_COMMON_COPY_QUEUE_H
#define MCB_COMMON_COPY_QUEUE_H

/*
 * The copies under way between the slots of an area and their bounce slots.
 *
 * The queue pairs (streams) of a side share one copier for each direction, which tells only how
 * much it has copied in all. The queue remembers whose it was. Message k of queue pair q lies in
 * slot q * depth + k % depth of both areas; no slot is copied a second time before the first copy
 * of it has been taken.
 *
 *   start   any number of messages, up to depth, of one queue pair
 *   look    asks the copier how far it is
 *   next    hands out what was copied since, in the order of the starts
 */

#include <stdbool.h>
#include <stdint.h>

#include "common/buffer.h"
#include "common/fault.h"

struct mcb_copy_queue;

/* Copies between an area of the buffer and one in host memory, of equally many slots, by the
 * copiers of the buffer's kind. The caller's: mcb_copy_queue_close(). Faults: HOST_MEMORY,
 * GPU_CALL. */
int mcb_copy_queue_open(const struct mcb_buffer *buffer, const struct mcb_area *to,
                        const struct mcb_area *from, uint32_t depth, struct mcb_copy_queue **queue,
                        struct mcb_error *error);
void mcb_copy_queue_close(struct mcb_copy_queue *queue); /* waits; NULL is fine */

/* Messages `first` to first + count - 1 of a queue pair. Does not wait. Fault: GPU_CALL. */
int mcb_copy_queue_start(struct mcb_copy_queue *queue, uint32_t pair, uint64_t first,
                         uint32_t count, struct mcb_error *error);

/* Fault: GPU_CALL. */
int mcb_copy_queue_look(struct mcb_copy_queue *queue, struct mcb_error *error);

/* The next `count` messages of a queue pair that are in place. False: no more since the last look.
 */
bool mcb_copy_queue_next(struct mcb_copy_queue *queue, uint32_t *pair, uint32_t *count);

/* Starts of which something has not been handed out. */
uint32_t mcb_copy_queue_under_way(const struct mcb_copy_queue *queue);

/* Messages to start at once: as many as make the cost of a start small, and no more than a quarter
 * of the depth, so that copying and transferring overlap. At least 1. */
uint32_t mcb_copy_batch(uint32_t depth, uint64_t message_bytes);

#endif
