/* SPDX-License-Identifier: Apache-2.0 */
#include "bench/cluster/link.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "common/clock.h"
#include "common/json.h"

static const uint8_t magic[4] = {'M', 'C', 'B', '1'};

enum { HEADER_BYTES = 8 };

/* A host that vanished without a word is noticed after 5 + 3 * 2 s of silence, or 15 s after the
 * first unanswered byte (tcp(7)). Best effort: a socket without these options is still a link. */
static void set_options(int fd)
{
    static const struct {
        int level, option, value;
    } options[] = {
        {IPPROTO_TCP, TCP_NODELAY, 1},  {SOL_SOCKET, SO_KEEPALIVE, 1},
        {IPPROTO_TCP, TCP_KEEPIDLE, 5}, {IPPROTO_TCP, TCP_KEEPINTVL, 2},
        {IPPROTO_TCP, TCP_KEEPCNT, 3},  {IPPROTO_TCP, TCP_USER_TIMEOUT, 15000},
    };
    for (size_t i = 0; i < sizeof options / sizeof *options; i++)
        setsockopt(fd, options[i].level, options[i].option, &options[i].value,
                   sizeof options[i].value);
}

struct mcb_link *mcb_link_open(int fd, struct mcb_error *error)
{
    struct mcb_link *link = calloc(1, sizeof *link);
    if (!link) {
        close(fd);
        mcb_error_set(error, MCB_FAULT_HOST_MEMORY, "no memory for a link");
        return NULL;
    }
    set_options(fd);
    link->fd = fd;
    link->heard_ns = mcb_clock_ns();
    return link;
}

void mcb_link_close(struct mcb_link *link)
{
    if (!link)
        return;
    for (size_t i = 0; i < link->frame_count; i++)
        json_decref(link->frames[i]);
    json_decref(link->abort);
    free(link->in);
    free(link->out);
    close(link->fd);
    free(link);
}

/* ---- out ---- */

int mcb_link_queue(struct mcb_link *link, const json_t *frame, struct mcb_error *error)
{
    size_t length = json_dumpb(frame, NULL, 0, JSON_COMPACT);
    if (length == 0)
        return mcb_error_set(error, MCB_FAULT_HOST_MEMORY, "no memory for a message");
    if (length > MCB_LINK_FRAME_MAX_BYTES)
        return mcb_error_set(error, MCB_FAULT_NET_PROTOCOL,
                             "a message of %zu bytes; at most %zu can be sent", length,
                             MCB_LINK_FRAME_MAX_BYTES);
    if (!mcb_link_pending(link))
        link->out_sent = link->out_length = 0;
    uint8_t *larger = realloc(link->out, link->out_length + HEADER_BYTES + length);
    if (!larger)
        return mcb_error_set(error, MCB_FAULT_HOST_MEMORY, "no memory for a message");
    link->out = larger;
    uint8_t *header = link->out + link->out_length;
    uint32_t length_be = htonl((uint32_t)length);
    memcpy(header, magic, sizeof magic);
    memcpy(header + sizeof magic, &length_be, sizeof length_be);
    json_dumpb(frame, (char *)header + HEADER_BYTES, length, JSON_COMPACT);
    link->out_length += HEADER_BYTES + length;
    return 0;
}

void mcb_link_flush(struct mcb_link *link)
{
    while (mcb_link_pending(link)) {
        ssize_t sent = send(link->fd, link->out + link->out_sent, link->out_length - link->out_sent,
                            MSG_NOSIGNAL);
        if (sent >= 0) {
            link->out_sent += (size_t)sent;
        } else if (errno == EAGAIN || errno == EWOULDBLOCK) {
            return;
        } else if (errno != EINTR) {
            /* Nothing more can go out; what the peer said before it went can still be read. */
            link->out_sent = link->out_length;
            return;
        }
    }
    free(link->out);
    link->out = NULL;
    link->out_sent = link->out_length = 0;
}

/* ---- in ---- */

bool mcb_link_is_type(const json_t *frame, const char *type)
{
    const char *text = json_string_value(json_object_get(frame, "type"));
    return text && strcmp(text, type) == 0;
}

json_t *mcb_link_take(struct mcb_link *link)
{
    if (link->frame_count == 0)
        return NULL;
    json_t *frame = link->frames[0];
    link->frame_count--;
    memmove(link->frames, link->frames + 1, link->frame_count * sizeof *link->frames);
    return frame;
}

/* The first trouble is the one that counts. */
static void end_link(struct mcb_link *link, enum mcb_fault_code code, const char *what,
                     const char *more)
{
    if (!link->ended)
        mcb_error_set(&link->trouble, code, "%s%s", what, more);
    link->ended = true;
}

/* Takes the reference over. */
static void accept_frame(struct mcb_link *link, json_t *frame)
{
    if (!json_is_string(json_object_get(frame, "type"))) {
        end_link(link, MCB_FAULT_NET_PROTOCOL, "sent a message without a type", "");
    } else if (link->said_bye || link->abort) {
        end_link(link, MCB_FAULT_NET_PROTOCOL, "sent a message after its last one", "");
    } else if (mcb_link_is_type(frame, "abort")) {
        link->abort = json_incref(frame);
    } else if (mcb_link_is_type(frame, "bye")) {
        link->said_bye = true;
    } else if (link->frame_count == MCB_LINK_FRAMES_MAX) {
        end_link(link, MCB_FAULT_NET_PROTOCOL, "sends messages that nobody waits for", "");
    } else {
        link->frames[link->frame_count++] = frame;
        return;
    }
    json_decref(frame);
}

/* What can be wrong with a header shows in its first bytes. Its length, or -1. */
static int check_header(struct mcb_link *link, size_t at, uint32_t *length)
{
    size_t have = link->in_length - at;
    if (memcmp(link->in + at, magic, have < sizeof magic ? have : sizeof magic) != 0) {
        end_link(link, MCB_FAULT_NET_PROTOCOL, "sent bytes that are not mcbench's", "");
        return -1;
    }
    if (have < HEADER_BYTES)
        return 0;
    uint32_t length_be;
    memcpy(&length_be, link->in + at + sizeof magic, sizeof length_be);
    *length = ntohl(length_be);
    if (*length == 0 || *length > MCB_LINK_FRAME_MAX_BYTES) {
        end_link(link, MCB_FAULT_NET_PROTOCOL,
                 "announced a message of impossible length (over 16 MiB, or empty)", "");
        return -1;
    }
    return 0;
}

/* Takes every complete frame out of the buffer. */
static void split_frames(struct mcb_link *link)
{
    size_t at = 0;
    while (!link->ended && at < link->in_length) {
        uint32_t length = 0;
        if (check_header(link, at, &length))
            break;
        if (length == 0 || link->in_length - at < HEADER_BYTES + (size_t)length)
            break;
        struct mcb_error problem;
        json_t *frame =
            mcb_json_parse((const char *)link->in + at + HEADER_BYTES, length,
                           MCB_LINK_FRAME_MAX_BYTES, "message", MCB_FAULT_NET_PROTOCOL, &problem);
        if (frame)
            accept_frame(link, frame);
        else
            end_link(link, MCB_FAULT_NET_PROTOCOL, "sent a damaged message: ", problem.detail);
        at += HEADER_BYTES + (size_t)length;
    }
    if (at == 0)
        return;
    link->in_length -= at;
    if (link->in_length == 0) {
        free(link->in);
        link->in = NULL;
        link->in_room = 0;
    } else {
        memmove(link->in, link->in + at, link->in_length);
    }
}

/* Memory grows with what has arrived, never with what was announced. */
static int make_room(struct mcb_link *link)
{
    if (link->in_room - link->in_length >= MCB_LINK_READ_MAX_BYTES)
        return 0;
    size_t room = 2 * (link->in_room ? link->in_room : MCB_LINK_READ_MAX_BYTES);
    uint8_t *larger = realloc(link->in, room);
    if (!larger)
        return -1;
    link->in = larger;
    link->in_room = room;
    return 0;
}

void mcb_link_fill(struct mcb_link *link)
{
    if (link->ended)
        return;
    if (make_room(link)) {
        end_link(link, MCB_FAULT_HOST_MEMORY, "no memory for its message", "");
        return;
    }
    ssize_t got = recv(link->fd, link->in + link->in_length, MCB_LINK_READ_MAX_BYTES, 0);
    if (got > 0) {
        link->heard_ns = mcb_clock_ns();
        link->in_length += (size_t)got;
        split_frames(link);
    } else if (got == 0) {
        end_link(link, MCB_FAULT_JOB_PEER_LOST, "closed the connection",
                 link->in_length ? " in the middle of a message" : "");
    } else if (errno != EAGAIN && errno != EWOULDBLOCK && errno != EINTR) {
        end_link(link, MCB_FAULT_JOB_PEER_LOST, strerror(errno), "");
    }
}
