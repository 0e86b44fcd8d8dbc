/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MCB_BENCH_TRANSPORT_TCP_SIDE_H
#define MCB_BENCH_TRANSPORT_TCP_SIDE_H

/*
 * What the files of the TCP transport share; nothing else includes it.
 *
 *   tcp.c            the transport's table, endpoints and sides
 *   tcp_interface.c  the host's network interfaces
 *   tcp_connect.c    how the streams of a side come to be
 *   tcp_stream.c     bytes between the slots and one stream
 *   tcp_staging.c    copies between the slots and the memory of a GPU
 *   tcp_run.c        the tasks of a side
 *
 * Memory of a GPU is staged: the sockets see the bounce buffer alone. Nothing of it goes over the
 * wire; a stream sends as far as the copies out are done, and receives as far as those in have left
 * room. What has come in counts when it has been copied.
 *
 * On the wire. Every number is big-endian.
 *
 *   hello   initiator -> target, once a stream: magic "mcb-tcp1", the target's token, index of the
 *           stream, number of streams, bytes of a message
 *   welcome target -> initiator: magic "mcb-tcp+", index of the stream
 *   write, send: the bytes of message 0, 1, 2, ... and nothing else; where a message ends follows
 *           from its position
 *   read:   a record, then the messages that it announces, then the next record. A record asks for
 *           messages ("request more, in order") and announces answers ("the next `answer` messages
 *           follow"), so that both directions of a bidirectional read share a stream.
 */

#include <netinet/in.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/uio.h>

#include "bench/transport/staging.h"
#include "bench/transport/transport.h"
#include "common/socket.h"

enum { MCB_TCP_TOKEN_BYTES = 16, MCB_TCP_VECTORS = 256 };

#define MCB_TCP_RECORD_MAGIC 0x6d636272u /* "mcbr" */

struct mcb_tcp_record {
    uint32_t magic, request, answer, zero;
};

/* Positions are payload bytes since the start of the task; byte p of a stream lies in slot
 * p / size % depth of the stream's range. */
struct mcb_tcp_stream {
    int fd;
    uint64_t out_bytes, out_limit; /* handed to the kernel; may be handed to it */
    uint64_t in_bytes, in_limit;   /* arrived; what is payload before the next record */
    uint64_t message_limit;        /* messages that this side starts (sends or asks for) */

    /* read only */
    struct mcb_tcp_record out_record, in_record;
    size_t out_record_left, in_record_left; /* bytes still to send; still to come */
    uint64_t requested;                     /* messages asked for */
    uint32_t owed;                          /* asked for by the peer and not yet announced */

    /* staged only: messages given to the copier, and those copied */
    uint64_t out_copying, out_copied, in_copying, in_copied;

    char peer[MCB_ADDRESS_MAX];
};

struct mcb_endpoint {
    char nic[MCB_NIC_NAME_MAX];
    char address[INET6_ADDRSTRLEN];
    const struct mcb_buffer *buffer, *bounce; /* bounce: NULL if there is none */
};

struct mcb_side {
    struct mcb_endpoint *endpoint;
    struct mcb_cell_settings cell;
    enum mcb_role role;
    struct mcb_staging staging;
    struct mcb_area out, in; /* that the sockets see */
    bool staged;             /* copies lie between them and the endpoint's memory */
    uint32_t turn;           /* stream whose copies come first */
    bool yield;
    bool active;  /* starts messages: the initiator, and both sides if bidirectional */
    bool passive; /* receives or answers what the other side starts */
    bool framed;  /* read: records go between the messages */

    int listener; /* target until connected; -1 */
    uint8_t token[MCB_TCP_TOKEN_BYTES];

    struct mcb_tcp_stream *streams; /* cell.qps */
    struct pollfd *waits;           /* cell.qps */
    const char *under_way;          /* "warm-up or window", for errors */
    struct iovec vectors[MCB_TCP_VECTORS + 2];
};

/* tcp_interface.c */

int mcb_tcp_discover(const struct mcb_settings *settings, const char *address,
                     struct mcb_nic **nics, size_t *count, struct mcb_error *error);

/* The address that an endpoint on this interface uses: `wanted` if the interface carries it, else
 * its first usable one. Faults: TCP_INTERFACE, HOST_SYSTEM. */
int mcb_tcp_interface_address(const char *name, const char *wanted, char address[INET6_ADDRSTRLEN],
                              struct mcb_error *error);

/* tcp_connect.c */

/* All streams of a side before the deadline. On failure some may be open: closing the side closes
 * them. Faults: NET_PROTOCOL, NET_REFUSED, NET_TIMEOUT, NET_ADDRESS, TCP_STREAM, RUN_INTERRUPTED,
 * HOST_SYSTEM, HOST_MEMORY. */
int mcb_tcp_connect(struct mcb_side *side, const json_t *peer, int64_t deadline_ns,
                    const atomic_bool *abort, struct mcb_error *error);
int mcb_tcp_accept(struct mcb_side *side, int64_t deadline_ns, const atomic_bool *abort,
                   struct mcb_error *error);

/* tcp_stream.c */

/* Back to position 0, nothing asked for and nothing owed. */
void mcb_tcp_stream_reset(const struct mcb_side *side, struct mcb_tcp_stream *stream);

/* True if there is something to send now. For reads this makes the next record when it is due. */
bool mcb_tcp_stream_prepare(const struct mcb_side *side, struct mcb_tcp_stream *stream);

/* One call of the kernel. Returns 1 if bytes moved, 0 if none could, -1 on failure (TCP_STREAM,
 * NET_PROTOCOL). */
int mcb_tcp_stream_send(struct mcb_side *side, struct mcb_tcp_stream *stream,
                        struct mcb_error *error);
int mcb_tcp_stream_receive(struct mcb_side *side, struct mcb_tcp_stream *stream,
                           struct mcb_error *error);

/* What has come in and is where it belongs. */
static inline uint64_t mcb_tcp_stream_landed(const struct mcb_side *side,
                                             const struct mcb_tcp_stream *stream)
{
    return side->staged ? stream->in_copied * side->cell.size_bytes : stream->in_bytes;
}

/* tcp_staging.c */

/* Takes the copies that are done, and starts those that can be. quiet: nothing moved before, so
 * that nothing is worth waiting for. Returns 1 if anything moved, 0 if nothing, -1 on failure
 * (GPU_CALL). Of a side that is staged. */
int mcb_tcp_staging_move(struct mcb_side *side, bool quiet, struct mcb_error *error);
bool mcb_tcp_staging_is_copying(const struct mcb_side *side);

/* tcp_run.c */

/* See side_run. After a failure that is not one of time the streams are closed. */
int mcb_tcp_run(struct mcb_side *side, struct mcb_task *task, struct mcb_error *error);

#endif
