/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How the streams of a side come to be.
 *
 * The target listens on its endpoint's address at a port that the kernel chose, and gave a random
 * token with it. The initiator opens all streams at once and says hello on each; the target
 * welcomes those that know the token. Whoever else connects there (a port scanner, a health check,
 * an initiator of another cell) is closed, and cannot hold the others up by being silent.
 */

#include <arpa/inet.h>
#include <endian.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "bench/transport/tcp_side.h"
#include "common/clock.h"
#include "common/json.h"

struct hello {
    uint8_t magic[8];
    uint8_t token[MCB_TCP_TOKEN_BYTES];
    uint32_t stream, streams;
    uint64_t size_bytes;
};

struct welcome {
    uint8_t magic[8];
    uint32_t stream, zero;
};

static const uint8_t hello_magic[8] = {'m', 'c', 'b', '-', 't', 'c', 'p', '1'};
static const uint8_t welcome_magic[8] = {'m', 'c', 'b', '-', 't', 'c', 'p', '+'};

enum { WAIT_MOST_MS = 50 };

/* both sides */

static int send_at_once(int fd, struct mcb_error *error)
{
    int on = 1;
    if (setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on) < 0)
        return mcb_error_set(error, MCB_FAULT_HOST_SYSTEM, "TCP_NODELAY: %s", strerror(errno));
    return 0;
}

static bool is_transient(int code)
{
    return code == EAGAIN || code == EWOULDBLOCK || code == EINTR;
}

/* 1: some descriptor is ready; 0: look at the time and come again; -1: interrupted or failed. */
static int wait_ready(struct pollfd *waits, size_t count, int64_t deadline_ns,
                      const atomic_bool *abort, struct mcb_error *error)
{
    if (atomic_load_explicit(abort, memory_order_relaxed))
        return mcb_error_set(error, MCB_FAULT_RUN_INTERRUPTED,
                             "connecting TCP streams: interrupted");
    int left_ms = mcb_clock_ms_until(deadline_ns);
    int ready = poll(waits, count, left_ms < WAIT_MOST_MS ? left_ms : WAIT_MOST_MS);
    if (ready < 0 && errno != EINTR)
        return mcb_error_set(error, MCB_FAULT_HOST_SYSTEM, "poll: %s", strerror(errno));
    return ready > 0;
}

/* initiator */

/* The target's description, checked. */
struct target {
    struct sockaddr_storage address;
    socklen_t address_length;
    uint8_t token[MCB_TCP_TOKEN_BYTES];
    char text[MCB_ADDRESS_MAX];
};

static int hex_digit(char digit)
{
    if (digit >= '0' && digit <= '9')
        return digit - '0';
    if (digit >= 'a' && digit <= 'f')
        return digit - 'a' + 10;
    return -1;
}

static int parse_token(const char *text, uint8_t token[MCB_TCP_TOKEN_BYTES])
{
    if (strlen(text) != (size_t)2 * MCB_TCP_TOKEN_BYTES)
        return -1;
    for (size_t i = 0; i < MCB_TCP_TOKEN_BYTES; i++) {
        int high = hex_digit(text[2 * i]), low = hex_digit(text[2 * i + 1]);
        if (high < 0 || low < 0)
            return -1;
        token[i] = (uint8_t)(high << 4 | low);
    }
    return 0;
}

static int parse_address(const char *text, uint16_t port, struct sockaddr_storage *address,
                         socklen_t *length)
{
    struct sockaddr_in v4 = {.sin_family = AF_INET, .sin_port = htons(port)};
    struct sockaddr_in6 v6 = {.sin6_family = AF_INET6, .sin6_port = htons(port)};
    memset(address, 0, sizeof *address);
    if (inet_pton(AF_INET, text, &v4.sin_addr) == 1) {
        memcpy(address, &v4, sizeof v4);
        *length = sizeof v4;
        return 0;
    }
    if (inet_pton(AF_INET6, text, &v6.sin6_addr) == 1) {
        memcpy(address, &v6, sizeof v6);
        *length = sizeof v6;
        return 0;
    }
    return -1;
}

static int parse_target(const json_t *peer, struct target *target, struct mcb_error *error)
{
    const char *address, *token;
    int64_t port;
    const enum mcb_fault_code fault = MCB_FAULT_NET_PROTOCOL;
    if (!json_is_object(peer))
        return mcb_error_set(error, fault, "the target's description is no JSON object");
    if (mcb_json_get_string(peer, "address", INET6_ADDRSTRLEN, &address, fault, error) < 0 ||
        mcb_json_get_integer(peer, "port", 1, UINT16_MAX, &port, fault, error) < 0 ||
        mcb_json_get_string(peer, "token", 2 * MCB_TCP_TOKEN_BYTES + 1, &token, fault, error) < 0)
        return -1;
    if (parse_address(address, (uint16_t)port, &target->address, &target->address_length) < 0)
        return mcb_error_set(error, fault, "%s: the target's address is not numeric", address);
    if (parse_token(token, target->token) < 0)
        return mcb_error_set(error, fault, "the target's token is not %d hexadecimal digits",
                             2 * MCB_TCP_TOKEN_BYTES);
    mcb_socket_join(address, (uint16_t)port, target->text);
    return 0;
}

/* What has been said on one of the initiator's streams. */
struct attempt {
    struct hello hello;
    struct welcome welcome;
    size_t hello_sent, welcome_got;
};

/* Any other is TCP_STREAM. EADDRNOTAVAIL of a socket whose address is bound: no port is left. */
static const struct {
    int code;
    enum mcb_fault_code fault;
} connect_faults[] = {
    {ECONNREFUSED, MCB_FAULT_NET_REFUSED}, {ETIMEDOUT, MCB_FAULT_NET_TIMEOUT},
    {EHOSTUNREACH, MCB_FAULT_NET_TIMEOUT}, {ENETUNREACH, MCB_FAULT_NET_TIMEOUT},
    {EADDRNOTAVAIL, MCB_FAULT_NET_PORTS},  {EADDRINUSE, MCB_FAULT_NET_PORTS},
    {EMFILE, MCB_FAULT_HOST_SYSTEM},       {ENFILE, MCB_FAULT_HOST_SYSTEM},
};

static int connect_failed(const struct mcb_side *side, const struct target *target, int code,
                          struct mcb_error *error)
{
    enum mcb_fault_code fault = MCB_FAULT_TCP_STREAM;
    for (size_t i = 0; i < sizeof connect_faults / sizeof *connect_faults; i++)
        if (connect_faults[i].code == code)
            fault = connect_faults[i].fault;
    return mcb_error_set(error, fault, "%s: connecting a stream from %s (%s): %s", target->text,
                         side->endpoint->address, side->endpoint->nic, strerror(code));
}

static int bind_failed(const struct mcb_side *side, const struct target *target,
                       struct mcb_error *error)
{
    if (errno != EADDRNOTAVAIL)
        return connect_failed(side, target, errno, error);
    return mcb_error_set(error, MCB_FAULT_NET_ADDRESS,
                         "%s: connecting a stream from %s (%s): this host has the address no more",
                         target->text, side->endpoint->address, side->endpoint->nic);
}

/* Starts a connection from the endpoint's own address. */
static int start_stream(struct mcb_side *side, const struct target *target,
                        struct mcb_tcp_stream *stream, struct mcb_error *error)
{
    struct sockaddr_storage source;
    socklen_t source_length = 0;
    int on = 1;
    parse_address(side->endpoint->address, 0, &source, &source_length);
    if (source.ss_family != target->address.ss_family)
        return mcb_error_set(error, MCB_FAULT_NET_ADDRESS,
                             "%s: cannot be reached from %s (%s); both ends need an IPv4 or both "
                             "an IPv6 address",
                             target->text, side->endpoint->address, side->endpoint->nic);
    int fd = socket(source.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, IPPROTO_TCP);
    if (fd < 0)
        return connect_failed(side, target, errno, error);
    stream->fd = fd;
    if (send_at_once(fd, error) < 0)
        return -1;
    memcpy(stream->peer, target->text, sizeof stream->peer);
    /* without it bind() would take a port that no other connection may share */
    (void)setsockopt(fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &on, sizeof on);
    if (bind(fd, (struct sockaddr *)&source, source_length) < 0)
        return bind_failed(side, target, error);
    if (connect(fd, (const struct sockaddr *)&target->address, target->address_length) < 0 &&
        errno != EINPROGRESS)
        return connect_failed(side, target, errno, error);
    return 0;
}

static int say_hello(struct mcb_side *side, const struct target *target, int fd,
                     struct attempt *attempt, struct mcb_error *error)
{
    int code = 0;
    socklen_t length = sizeof code;
    if (getsockopt(fd, SOL_SOCKET, SO_ERROR, &code, &length) < 0)
        code = errno;
    if (code != 0)
        return connect_failed(side, target, code, error);
    ssize_t sent = send(fd, (const uint8_t *)&attempt->hello + attempt->hello_sent,
                        sizeof attempt->hello - attempt->hello_sent, MSG_NOSIGNAL);
    if (sent > 0)
        attempt->hello_sent += (size_t)sent;
    else if (sent < 0 && !is_transient(errno))
        return connect_failed(side, target, errno, error);
    return 0;
}

static int hear_welcome(const struct target *target, int fd, struct attempt *attempt,
                        struct mcb_error *error)
{
    ssize_t got = recv(fd, (uint8_t *)&attempt->welcome + attempt->welcome_got,
                       sizeof attempt->welcome - attempt->welcome_got, 0);
    if (got < 0 && is_transient(errno))
        return 0;
    if (got <= 0)
        return mcb_error_set(error, MCB_FAULT_TCP_STREAM,
                             "%s: the target did not welcome stream %u: %s", target->text,
                             be32toh(attempt->hello.stream),
                             got == 0 ? "it closed the connection" : strerror(errno));
    attempt->welcome_got += (size_t)got;
    if (attempt->welcome_got < sizeof attempt->welcome)
        return 0;
    if (memcmp(attempt->welcome.magic, welcome_magic, sizeof welcome_magic) == 0 &&
        attempt->welcome.stream == attempt->hello.stream && attempt->welcome.zero == 0)
        return 0;
    return mcb_error_set(error, MCB_FAULT_NET_PROTOCOL,
                         "%s: the answer to the hello of stream %u is not a target's", target->text,
                         be32toh(attempt->hello.stream));
}

/* Moves one stream on. Its welcome is complete in the end. */
static int advance_attempt(struct mcb_side *side, const struct target *target, int fd,
                           struct attempt *attempt, struct mcb_error *error)
{
    if (attempt->hello_sent < sizeof attempt->hello)
        return say_hello(side, target, fd, attempt, error);
    return hear_welcome(target, fd, attempt, error);
}

/* What each unfinished stream waits for. Returns how many there are. */
static uint32_t list_waits(struct mcb_side *side, const struct attempt *attempts)
{
    uint32_t unfinished = 0;
    for (uint32_t q = 0; q < side->cell.qps; q++) {
        bool done = attempts[q].welcome_got == sizeof attempts[q].welcome;
        bool talks = attempts[q].hello_sent < sizeof attempts[q].hello;
        side->waits[q] = (struct pollfd){.fd = done ? -1 : side->streams[q].fd,
                                         .events = talks ? POLLOUT : POLLIN};
        unfinished += !done;
    }
    return unfinished;
}

static int connect_streams(struct mcb_side *side, const struct target *target,
                           struct attempt *attempts, int64_t deadline_ns, const atomic_bool *abort,
                           struct mcb_error *error)
{
    for (uint32_t q = 0; q < side->cell.qps; q++) {
        struct hello *hello = &attempts[q].hello;
        memcpy(hello->magic, hello_magic, sizeof hello_magic);
        memcpy(hello->token, target->token, sizeof hello->token);
        hello->stream = htobe32(q);
        hello->streams = htobe32(side->cell.qps);
        hello->size_bytes = htobe64(side->cell.size_bytes);
        if (start_stream(side, target, &side->streams[q], error) < 0)
            return -1;
    }
    for (uint32_t unfinished; (unfinished = list_waits(side, attempts)) > 0;) {
        int ready = wait_ready(side->waits, side->cell.qps, deadline_ns, abort, error);
        if (ready < 0)
            return -1;
        for (uint32_t q = 0; ready > 0 && q < side->cell.qps; q++)
            if (side->waits[q].revents != 0 &&
                advance_attempt(side, target, side->streams[q].fd, &attempts[q], error) < 0)
                return -1;
        if (mcb_clock_ns() >= deadline_ns)
            return mcb_error_set(error, MCB_FAULT_NET_TIMEOUT,
                                 "%s: %u of %u streams were not welcomed before the deadline",
                                 target->text, unfinished, side->cell.qps);
    }
    return 0;
}

int mcb_tcp_connect(struct mcb_side *side, const json_t *peer, int64_t deadline_ns,
                    const atomic_bool *abort, struct mcb_error *error)
{
    struct target target;
    if (parse_target(peer, &target, error) < 0)
        return -1;
    struct attempt *attempts = calloc(side->cell.qps, sizeof *attempts);
    if (!attempts)
        return mcb_error_set(error, MCB_FAULT_HOST_MEMORY, "%u streams: no memory", side->cell.qps);
    int result = connect_streams(side, &target, attempts, deadline_ns, abort, error);
    free(attempts);
    return result;
}

/* target */

/* Strangers that may be silent at the same time; the oldest makes room for the next. */
enum { STRANGERS_MAX = 64 };

/* Connections that have not said hello yet, oldest first. */
struct visitors {
    struct visitor {
        int fd;
        size_t got;
        struct hello hello;
    } * visitor;
    struct pollfd *waits; /* the listener, then one for each visitor */
    size_t count, most;
};

static void remove_visitor(struct visitors *visitors, size_t index)
{
    visitors->count--;
    memmove(&visitors->visitor[index], &visitors->visitor[index + 1],
            (visitors->count - index) * sizeof visitors->visitor[0]);
}

static int let_in(struct mcb_side *side, struct visitors *visitors, struct mcb_error *error)
{
    for (size_t i = 0; i < visitors->most; i++) {
        int fd = accept4(side->listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
        if (fd < 0 && (errno == EMFILE || errno == ENFILE))
            return mcb_error_set(error, MCB_FAULT_HOST_SYSTEM, "accepting a stream on %s: %s",
                                 side->endpoint->address, strerror(errno));
        if (fd < 0) /* nobody there, or one that has gone already */
            return 0;
        if (visitors->count == visitors->most) {
            close(visitors->visitor[0].fd);
            remove_visitor(visitors, 0);
        }
        visitors->visitor[visitors->count++] = (struct visitor){.fd = fd};
    }
    return 0;
}

static void name_peer(struct mcb_tcp_stream *stream)
{
    union {
        struct sockaddr any;
        struct sockaddr_in v4;
        struct sockaddr_in6 v6;
    } address = {.v6 = {.sin6_family = AF_UNSPEC}};
    socklen_t length = sizeof address;
    char host[256] = "?";
    uint16_t port = 0;
    if (getpeername(stream->fd, &address.any, &length) == 0)
        port =
            ntohs(address.any.sa_family == AF_INET6 ? address.v6.sin6_port : address.v4.sin_port);
    (void)mcb_socket_address(stream->fd, false, host);
    mcb_socket_join(host, port, stream->peer);
}

static bool is_ours(const struct mcb_side *side, const struct hello *hello)
{
    uint32_t stream = be32toh(hello->stream);
    return memcmp(hello->magic, hello_magic, sizeof hello_magic) == 0 &&
           memcmp(hello->token, side->token, sizeof side->token) == 0 && stream < side->cell.qps &&
           side->streams[stream].fd < 0;
}

/* Takes a visitor whose hello is right as a stream. 1: taken; 0: not one of ours; -1: the initiator
 * measures something else. */
static int welcome_visitor(struct mcb_side *side, const struct visitor *visitor,
                           struct mcb_error *error)
{
    const struct hello *hello = &visitor->hello;
    if (!is_ours(side, hello))
        return 0;
    if (be32toh(hello->streams) != side->cell.qps ||
        be64toh(hello->size_bytes) != side->cell.size_bytes)
        return mcb_error_set(error, MCB_FAULT_NET_PROTOCOL,
                             "the initiator has %u streams and messages of %llu bytes, this side "
                             "%u and %llu",
                             be32toh(hello->streams),
                             (unsigned long long)be64toh(hello->size_bytes), side->cell.qps,
                             (unsigned long long)side->cell.size_bytes);
    if (send_at_once(visitor->fd, error) < 0)
        return -1;
    struct welcome welcome = {.stream = hello->stream};
    memcpy(welcome.magic, welcome_magic, sizeof welcome_magic);
    /* the send buffer of a new connection is empty: all of it fits, or the peer is gone */
    if (send(visitor->fd, &welcome, sizeof welcome, MSG_NOSIGNAL) != (ssize_t)sizeof welcome)
        return 0;
    struct mcb_tcp_stream *stream = &side->streams[be32toh(hello->stream)];
    stream->fd = visitor->fd;
    name_peer(stream);
    return 1;
}

/* Reads on from a visitor. 1: it became a stream; 0: nothing new; -1: failure. One that is wrong or
 * gone is closed and removed. */
static int hear_visitor(struct mcb_side *side, struct visitors *visitors, size_t index,
                        struct mcb_error *error)
{
    struct visitor *visitor = &visitors->visitor[index];
    ssize_t got = recv(visitor->fd, (uint8_t *)&visitor->hello + visitor->got,
                       sizeof visitor->hello - visitor->got, 0);
    if (got < 0 && is_transient(errno))
        return 0;
    if (got > 0 && (visitor->got += (size_t)got) < sizeof visitor->hello)
        return 0;
    int taken = got > 0 ? welcome_visitor(side, visitor, error) : 0;
    if (taken == 0)
        close(visitor->fd);
    if (taken >= 0)
        remove_visitor(visitors, index);
    return taken;
}

static int accept_streams(struct mcb_side *side, struct visitors *visitors, int64_t deadline_ns,
                          const atomic_bool *abort, struct mcb_error *error)
{
    for (uint32_t streams = 0; streams < side->cell.qps;) {
        visitors->waits[0] = (struct pollfd){.fd = side->listener, .events = POLLIN};
        for (size_t i = 0; i < visitors->count; i++)
            visitors->waits[i + 1] =
                (struct pollfd){.fd = visitors->visitor[i].fd, .events = POLLIN};
        int ready = wait_ready(visitors->waits, visitors->count + 1, deadline_ns, abort, error);
        if (ready < 0)
            return -1;
        for (size_t i = visitors->count; ready > 0 && i-- > 0;) {
            if (visitors->waits[i + 1].revents == 0)
                continue;
            int taken = hear_visitor(side, visitors, i, error);
            if (taken < 0)
                return -1;
            streams += (uint32_t)taken;
        }
        if (ready > 0 && visitors->waits[0].revents != 0 && let_in(side, visitors, error) < 0)
            return -1;
        if (streams < side->cell.qps && mcb_clock_ns() >= deadline_ns)
            return mcb_error_set(error, MCB_FAULT_NET_TIMEOUT,
                                 "%s (%s): %u of %u streams of the initiator came before the "
                                 "deadline",
                                 side->endpoint->address, side->endpoint->nic, streams,
                                 side->cell.qps);
    }
    return 0;
}

int mcb_tcp_accept(struct mcb_side *side, int64_t deadline_ns, const atomic_bool *abort,
                   struct mcb_error *error)
{
    struct visitors visitors = {.most = side->cell.qps + STRANGERS_MAX};
    visitors.visitor = calloc(visitors.most, sizeof *visitors.visitor);
    visitors.waits = calloc(visitors.most + 1, sizeof *visitors.waits);
    int result =
        visitors.visitor && visitors.waits
            ? accept_streams(side, &visitors, deadline_ns, abort, error)
            : mcb_error_set(error, MCB_FAULT_HOST_MEMORY, "%u streams: no memory", side->cell.qps);
    for (size_t i = 0; i < visitors.count; i++)
        close(visitors.visitor[i].fd);
    free(visitors.waits);
    free(visitors.visitor);
    if (result == 0) {
        close(side->listener);
        side->listener = -1;
    }
    return result;
}
