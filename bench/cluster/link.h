/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MCB_BENCH_CLUSTER_LINK_H
#define MCB_BENCH_CLUSTER_LINK_H

/*
 * One TCP connection to another rank: frames out, frames in, never blocking.
 *
 * Frame: "MCB1", uint32 big-endian length, a JSON object with a string "type". The caller polls fd
 * (for writing while mcb_link_pending()) and calls fill and flush. Two types are the link's own
 * matter: "abort" (the peer gives up; its fault is kept, however the link ends) and "bye" (the peer
 * is done). Both are last words, which nothing may follow. All others wait in a short queue for
 * mcb_link_take().
 *
 * A link that ended says why in `trouble`: JOB_PEER_LOST (end of stream, reset) or NET_PROTOCOL
 * (not a frame, or one that may not come). The details do not name the peer: the caller knows it.
 */

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/fault.h"

/* A peer in lock-step is at most one phase ahead. */
enum { MCB_LINK_FRAMES_MAX = 4 };
#define MCB_LINK_FRAME_MAX_BYTES ((size_t)16 << 20)
#define MCB_LINK_READ_MAX_BYTES  ((size_t)64 << 10)

struct mcb_link {
    int fd;
    int64_t heard_ns; /* when bytes last came, or when it was opened */
    uint8_t *out;
    size_t out_length, out_sent;
    uint8_t *in;
    size_t in_length, in_room;
    json_t *frames[MCB_LINK_FRAMES_MAX];
    size_t frame_count;
    json_t *abort; /* the abort frame, if one came */
    bool said_bye;
    bool ended; /* nothing more will come; trouble says why */
    struct mcb_error trouble;
};

/* Takes the connected socket over, also on failure. NULL and HOST_MEMORY. */
struct mcb_link *mcb_link_open(int fd, struct mcb_error *error);
/* Closes and frees. NULL is fine. */
void mcb_link_close(struct mcb_link *link);

/* Queues a frame (borrowed). NET_PROTOCOL if it is over 16 MiB. Call mcb_link_flush() to send. */
int mcb_link_queue(struct mcb_link *link, const json_t *frame, struct mcb_error *error);

/* Sends what the socket takes. A break is left to fill() to report, which first reads what is
 * there; poll(2) shows that it is due. */
void mcb_link_flush(struct mcb_link *link);
static inline bool mcb_link_pending(const struct mcb_link *link)
{
    return link->out_sent < link->out_length;
}

/* Reads some of what has arrived, MCB_LINK_READ_MAX_BYTES at most: who sends without end does not
 * keep the caller from its deadline. */
void mcb_link_fill(struct mcb_link *link);

/* The oldest frame (the caller's reference), or NULL. */
json_t *mcb_link_take(struct mcb_link *link);

/* True if the frame is of that type. */
bool mcb_link_is_type(const json_t *frame, const char *type);

#endif
