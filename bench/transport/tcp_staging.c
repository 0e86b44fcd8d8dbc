/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Copies between the bounce slots, which the sockets see, and the memory of a GPU.
 *
 * A slot is copied out when its message is to be sent and what it held before has been handed to
 * the kernel, and copied in when its message has come in whole. Streams take turns at the copiers.
 */
#include "bench/transport/tcp_side.h"

static uint64_t least(uint64_t a, uint64_t b)
{
    return a < b ? a : b;
}

/* Where there are no records, the limits of a stream say how far its copies are. */
static bool take_out(struct mcb_side *side)
{
    uint32_t index, count;
    bool moved = false;
    for (; mcb_copy_queue_next(side->staging.out_copies, &index, &count); moved = true) {
        struct mcb_tcp_stream *stream = &side->streams[index];
        stream->out_copied += count;
        if (!side->framed)
            stream->out_limit = stream->out_copied * side->cell.size_bytes;
    }
    return moved;
}

static bool take_in(struct mcb_side *side)
{
    uint32_t index, count;
    bool moved = false;
    for (; mcb_copy_queue_next(side->staging.in_copies, &index, &count); moved = true) {
        struct mcb_tcp_stream *stream = &side->streams[index];
        stream->in_copied += count;
        if (!side->framed)
            stream->in_limit = (stream->in_copied + side->cell.depth) * side->cell.size_bytes;
    }
    return moved;
}

/* Messages that the stream is to send in this task, as far as is known. */
static uint64_t messages_out(const struct mcb_side *side, const struct mcb_tcp_stream *stream)
{
    return side->framed ? stream->out_limit / side->cell.size_bytes + stream->owed
                        : stream->message_limit;
}

static int start_out(struct mcb_side *side, uint32_t index, uint32_t batch, struct mcb_error *error)
{
    struct mcb_tcp_stream *stream = &side->streams[index];
    uint64_t sent = stream->out_bytes / side->cell.size_bytes;
    uint64_t room = side->cell.depth - (stream->out_copying - sent);
    uint64_t wanted = least(messages_out(side, stream) - stream->out_copying, batch);
    if (wanted == 0 || room < wanted)
        return 0;
    if (mcb_copy_queue_start(side->staging.out_copies, index, stream->out_copying, (uint32_t)wanted,
                             error) < 0)
        return -1;
    stream->out_copying += wanted;
    return 1;
}

/* What is less than a batch waits for more of it, as each start costs, until it is quiet. */
static int start_in(struct mcb_side *side, uint32_t index, uint32_t batch, bool quiet,
                    struct mcb_error *error)
{
    struct mcb_tcp_stream *stream = &side->streams[index];
    uint64_t whole = stream->in_bytes / side->cell.size_bytes;
    uint64_t count = least(whole - stream->in_copying, batch);
    if (count == 0 || (count < batch && !quiet))
        return 0;
    if (mcb_copy_queue_start(side->staging.in_copies, index, stream->in_copying, (uint32_t)count,
                             error) < 0)
        return -1;
    stream->in_copying += count;
    return 1;
}

int mcb_tcp_staging_move(struct mcb_side *side, bool quiet, struct mcb_error *error)
{
    const struct mcb_cell_settings *cell = &side->cell;
    uint32_t batch = mcb_copy_batch(cell->depth, cell->size_bytes);
    if (mcb_copy_queue_look(side->staging.out_copies, error) < 0 ||
        mcb_copy_queue_look(side->staging.in_copies, error) < 0)
        return -1;
    int moved = take_out(side) | take_in(side);
    for (uint32_t i = 0; i < cell->qps; i++) {
        uint32_t index = (side->turn + i) % cell->qps;
        int out = start_out(side, index, batch, error);
        int in = out < 0 ? -1 : start_in(side, index, batch, quiet, error);
        if (in < 0)
            return -1;
        moved |= out | in;
    }
    side->turn = (side->turn + 1) % cell->qps;
    return moved;
}

bool mcb_tcp_staging_is_copying(const struct mcb_side *side)
{
    return mcb_copy_queue_under_way(side->staging.out_copies) > 0 ||
           mcb_copy_queue_under_way(side->staging.in_copies) > 0;
}
