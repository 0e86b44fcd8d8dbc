/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Bytes between the slots of a side and one stream: one sendmsg() or recvmsg() a call, straight
 * from and to the slots, as many of them as lie in a row.
 */

#include <endian.h>
#include <errno.h>
#include <inttypes.h>
#include <string.h>
#include <sys/socket.h>

#include "bench/transport/tcp_side.h"

/* Bytes of one call: on loopback 256 KiB cost a fifth of the bandwidth, and more than this gained
 * nothing. */
enum { CALL_BYTES_MAX = 2 << 20 };

static inline uint64_t least(uint64_t a, uint64_t b)
{
    return a < b ? a : b;
}

static uint32_t stream_index(const struct mcb_side *side, const struct mcb_tcp_stream *stream)
{
    return (uint32_t)(stream - side->streams);
}

void mcb_tcp_stream_reset(const struct mcb_side *side, struct mcb_tcp_stream *stream)
{
    stream->out_bytes = stream->in_bytes = 0;
    stream->out_limit = 0;
    stream->in_limit = side->framed   ? 0
                       : side->staged ? side->cell.depth * side->cell.size_bytes
                                      : UINT64_MAX;
    stream->message_limit = 0;
    stream->out_record_left = 0;
    stream->in_record_left = sizeof stream->in_record;
    stream->requested = 0;
    stream->owed = 0;
    stream->out_copying = stream->out_copied = stream->in_copying = stream->in_copied = 0;
}

/* Puts the slots from `position` on into vectors, `most_bytes` of them or fewer. Returns the number
 * of vectors; *bytes is what they hold. Never wraps: the range of a stream ends a call. */
static size_t slot_vectors(const struct mcb_side *side, const struct mcb_area *area, uint32_t index,
                           uint64_t position, uint64_t most_bytes, struct iovec *vectors,
                           size_t *bytes)
{
    uint64_t size = area->slot_bytes;
    uint64_t message = position / size;
    uint64_t offset = position - message * size;
    uint32_t slot = (uint32_t)(message % side->cell.depth);
    uint64_t left = least(most_bytes, (side->cell.depth - slot) * size - offset);
    left = least(left, CALL_BYTES_MAX);
    uint8_t *at = mcb_area_slot(area, index * side->cell.depth + slot) + offset;

    if (area->stride_bytes == size) {
        vectors[0] = (struct iovec){at, left};
        *bytes = left;
        return left > 0;
    }
    size_t count = 0;
    *bytes = 0;
    for (uint64_t piece = size - offset; left > 0 && count < MCB_TCP_VECTORS; piece = size) {
        piece = least(piece, left);
        vectors[count++] = (struct iovec){at, piece};
        at += piece + (area->stride_bytes - size);
        left -= piece;
        *bytes += piece;
    }
    return count;
}

/* Messages to ask for now: few large requests instead of many small ones, but never a pipe that has
 * run dry. */
static uint32_t due_request(const struct mcb_side *side, const struct mcb_tcp_stream *stream)
{
    uint64_t landed = mcb_tcp_stream_landed(side, stream) / side->cell.size_bytes;
    uint64_t in_flight = stream->requested - landed;
    uint64_t room = least(side->cell.depth - in_flight, stream->message_limit - stream->requested);
    if (in_flight == 0 || room * 4 >= side->cell.depth)
        return (uint32_t)room;
    return 0;
}

/* Messages to announce now: a quarter of the depth, so that a request need not wait for long. */
static uint32_t due_answer(const struct mcb_side *side, const struct mcb_tcp_stream *stream)
{
    uint64_t most = side->cell.depth >= 4 ? side->cell.depth / 4 : 1;
    if (side->staged)
        most = least(most, stream->out_copied - stream->out_limit / side->cell.size_bytes);
    return (uint32_t)least(stream->owed, most);
}

static bool make_record(const struct mcb_side *side, struct mcb_tcp_stream *stream)
{
    uint32_t request = side->active ? due_request(side, stream) : 0;
    uint32_t answer = due_answer(side, stream);
    if (request == 0 && answer == 0)
        return false;
    stream->out_record = (struct mcb_tcp_record){
        .magic = htobe32(MCB_TCP_RECORD_MAGIC),
        .request = htobe32(request),
        .answer = htobe32(answer),
    };
    stream->out_record_left = sizeof stream->out_record;
    stream->requested += request;
    stream->owed -= answer;
    stream->out_limit += answer * side->cell.size_bytes;
    return true;
}

bool mcb_tcp_stream_prepare(const struct mcb_side *side, struct mcb_tcp_stream *stream)
{
    if (stream->out_bytes < stream->out_limit || stream->out_record_left > 0)
        return true;
    return side->framed && make_record(side, stream);
}

static int broken(const struct mcb_side *side, const struct mcb_tcp_stream *stream,
                  const char *what, struct mcb_error *error)
{
    return mcb_error_set(error, MCB_FAULT_TCP_STREAM,
                         "stream %" PRIu32 " with %s: %s during a %s %s, after %" PRIu64
                         " bytes sent and %" PRIu64 " received",
                         stream_index(side, stream), stream->peer, what,
                         mcb_operation_name(side->cell.operation), side->under_way,
                         stream->out_bytes, stream->in_bytes);
}

static bool is_transient(int code)
{
    return code == EAGAIN || code == EWOULDBLOCK || code == EINTR || code == ENOBUFS;
}

int mcb_tcp_stream_send(struct mcb_side *side, struct mcb_tcp_stream *stream,
                        struct mcb_error *error)
{
    struct iovec *vectors = side->vectors;
    size_t count = 0, payload = 0;
    if (stream->out_record_left > 0) {
        uint8_t *end = (uint8_t *)(&stream->out_record + 1);
        vectors[count++] = (struct iovec){end - stream->out_record_left, stream->out_record_left};
    }
    count += slot_vectors(side, &side->out, stream_index(side, stream), stream->out_bytes,
                          stream->out_limit - stream->out_bytes, vectors + count, &payload);

    struct msghdr message = {.msg_iov = vectors, .msg_iovlen = count};
    ssize_t moved = sendmsg(stream->fd, &message, MSG_DONTWAIT | MSG_NOSIGNAL);
    if (moved < 0)
        return is_transient(errno) ? 0 : broken(side, stream, strerror(errno), error);

    size_t of_record = least((uint64_t)moved, stream->out_record_left);
    stream->out_record_left -= of_record;
    stream->out_bytes += (uint64_t)moved - of_record;
    return moved > 0;
}

/* A record is the peer's word: nothing in it may exceed what this side asked for or can hold. */
static int take_record(const struct mcb_side *side, struct mcb_tcp_stream *stream,
                       struct mcb_error *error)
{
    const struct mcb_tcp_record *record = &stream->in_record;
    uint32_t request = be32toh(record->request), answer = be32toh(record->answer);
    uint64_t in_flight = stream->requested - stream->in_bytes / side->cell.size_bytes;
    bool sound = be32toh(record->magic) == MCB_TCP_RECORD_MAGIC && record->zero == 0 &&
                 (request > 0 || answer > 0) && answer <= in_flight &&
                 request <= (side->passive ? side->cell.depth - stream->owed : 0);
    if (!sound)
        return mcb_error_set(error, MCB_FAULT_NET_PROTOCOL,
                             "stream %" PRIu32 " with %s: a record that asks for %" PRIu32
                             " messages and announces %" PRIu32 "; at most %" PRIu32
                             " may be asked for, and %" PRIu64 " are awaited",
                             stream_index(side, stream), stream->peer, request, answer,
                             side->passive ? side->cell.depth : 0, in_flight);
    stream->in_record_left = sizeof stream->in_record;
    stream->owed += request;
    stream->in_limit += answer * side->cell.size_bytes;
    return 0;
}

/* What to receive: payload up to the next record, that record, and where the side only asks, so
 * that every record announces at least one message, the slot of that message too. */
static size_t receive_vectors(struct mcb_side *side, struct mcb_tcp_stream *stream, size_t *payload)
{
    struct iovec *vectors = side->vectors;
    uint32_t index = stream_index(side, stream);
    uint64_t before_record = stream->in_limit - stream->in_bytes;
    size_t count =
        slot_vectors(side, &side->in, index, stream->in_bytes, before_record, vectors, payload);
    if (!side->framed || *payload < before_record)
        return count;
    uint8_t *end = (uint8_t *)(&stream->in_record + 1);
    vectors[count++] = (struct iovec){end - stream->in_record_left, stream->in_record_left};
    if (!side->passive) {
        uint32_t slot = (uint32_t)(stream->in_limit / side->cell.size_bytes % side->cell.depth);
        uint8_t *next = mcb_area_slot(&side->in, index * side->cell.depth + slot);
        vectors[count++] = (struct iovec){next, side->cell.size_bytes};
    }
    return count;
}

int mcb_tcp_stream_receive(struct mcb_side *side, struct mcb_tcp_stream *stream,
                           struct mcb_error *error)
{
    size_t payload;
    struct msghdr message = {.msg_iov = side->vectors};
    message.msg_iovlen = receive_vectors(side, stream, &payload);
    if (message.msg_iovlen == 0)
        return 0; /* every slot waits to be copied */
    ssize_t moved = recvmsg(stream->fd, &message, MSG_DONTWAIT);
    if (moved == 0)
        return broken(side, stream, "closed by the peer", error);
    if (moved < 0)
        return is_transient(errno) ? 0 : broken(side, stream, strerror(errno), error);

    uint64_t left = (uint64_t)moved;
    uint64_t of_payload = least(left, payload);
    stream->in_bytes += of_payload;
    left -= of_payload;
    if (left == 0)
        return 1;
    uint64_t of_record = least(left, stream->in_record_left);
    stream->in_record_left -= of_record;
    if (stream->in_record_left == 0 && take_record(side, stream, error) < 0)
        return -1;
    stream->in_bytes += left - of_record;
    return 1;
}
