/* SPDX-License-Identifier: Apache-2.0 */
#include "common/socket.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/clock.h"
#include "common/resolve.h"

enum { STOP_CHECK_MS = 100, RETRY_MS = 100 };

static bool is_stopped(const volatile sig_atomic_t *stop)
{
    return stop && *stop;
}

static int interrupted(struct mcb_error *error)
{
    return mcb_error_set(error, MCB_FAULT_RUN_INTERRUPTED, "interrupted by a signal");
}

/* How long a single wait may take, so that the stop flag is looked at in time. */
static int wait_ms(int64_t deadline_ns, const volatile sig_atomic_t *stop)
{
    int left_ms = mcb_clock_ms_until(deadline_ns);
    return stop && left_ms > STOP_CHECK_MS ? STOP_CHECK_MS : left_ms;
}

int mcb_socket_wait(int fd, short events, int64_t deadline_ns, const volatile sig_atomic_t *stop,
                    struct mcb_error *error)
{
    for (;;) {
        if (is_stopped(stop))
            return interrupted(error);
        struct pollfd pollfd = {.fd = fd, .events = events};
        int ready = poll(&pollfd, 1, wait_ms(deadline_ns, stop));
        if (ready > 0)
            return 1;
        if (ready < 0 && errno != EINTR)
            return mcb_error_set(error, MCB_FAULT_HOST_SYSTEM, "poll: %s", strerror(errno));
        if (mcb_clock_ns() >= deadline_ns)
            return 0;
    }
}

/* ---- text ---- */

static int parse_port(const char *text, bool zero_allowed, uint16_t *port)
{
    size_t digits = strspn(text, "0123456789");
    if (digits == 0 || digits > 5 || text[digits])
        return -1;
    unsigned long value = strtoul(text, NULL, 10);
    if (value > UINT16_MAX || (value == 0 && !zero_allowed))
        return -1;
    *port = (uint16_t)value;
    return 0;
}

int mcb_socket_split(const char *text, bool zero_allowed, char host[256], uint16_t *port)
{
    const char *name = text;
    const char *port_text = text;
    size_t length = 0;
    if (text[0] == '[') {
        const char *end = strchr(text, ']');
        if (!end || end == text + 1 || end[1] != ':')
            return -1;
        name = text + 1;
        length = (size_t)(end - name);
        port_text = end + 2;
    } else {
        const char *colon = strchr(text, ':');
        if (colon && strchr(colon + 1, ':'))
            return -1;
        length = colon ? (size_t)(colon - text) : 0;
        port_text = colon ? colon + 1 : text;
    }
    uint16_t value;
    if (length > 255 || parse_port(port_text, zero_allowed, &value))
        return -1;
    memcpy(host, name, length);
    host[length] = '\0';
    *port = value;
    return 0;
}

char *mcb_socket_join(const char *host, uint16_t port, char text[MCB_ADDRESS_MAX])
{
    bool v6 = strchr(host, ':') != NULL;
    snprintf(text, MCB_ADDRESS_MAX, "%s%.300s%s:%u", v6 ? "[" : "", host, v6 ? "]" : "", port);
    return text;
}

bool mcb_socket_is_loopback(const char *address)
{
    struct in_addr v4;
    struct in6_addr v6;
    if (inet_pton(AF_INET, address, &v4) == 1)
        return ntohl(v4.s_addr) >> 24 == 127;
    if (inet_pton(AF_INET6, address, &v6) != 1)
        return false;
    return IN6_IS_ADDR_LOOPBACK(&v6) || (IN6_IS_ADDR_V4MAPPED(&v6) && v6.s6_addr[12] == 127);
}

/* ---- listening ---- */

static int bind_error(int cause, const char *host, uint16_t port, struct mcb_error *error)
{
    char text[MCB_ADDRESS_MAX];
    mcb_socket_join(host[0] ? host : "*", port, text);
    switch (cause) {
    case EADDRINUSE:
        if (port == 0)
            return mcb_error_set(error, MCB_FAULT_NET_PORTS, "%s: no port of it is left", text);
        return mcb_error_set(error, MCB_FAULT_NET_PORT_TAKEN, "%s: port %u is taken", text, port);
    case EADDRNOTAVAIL:
        return mcb_error_set(error, MCB_FAULT_NET_ADDRESS,
                             "%s: no interface of this host has this address", text);
    default:
        return mcb_error_set(error, MCB_FAULT_HOST_SYSTEM, "%s: cannot listen: %s", text,
                             strerror(cause));
    }
}

/* Descriptor, or -1 with errno. */
static int listen_at(const struct addrinfo *address, bool every_family, int backlog)
{
    int fd = socket(address->ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return -1;
    int on = 1;
    int off = 0;
    bool v6 = address->ai_family == AF_INET6;
    if (setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) == 0 &&
        (!v6 || !every_family ||
         setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &off, sizeof off) == 0) &&
        bind(fd, address->ai_addr, address->ai_addrlen) == 0 && listen(fd, backlog) == 0)
        return fd;
    int cause = errno;
    close(fd);
    errno = cause;
    return -1;
}

int mcb_socket_listen(const char *host, uint16_t port, int backlog, struct mcb_error *error)
{
    bool every = host[0] == '\0';
    struct addrinfo *found;
    if (mcb_resolve(host, port, AI_PASSIVE, mcb_clock_ns() + 10 * MCB_NS_PER_S, NULL, &found,
                    error))
        return -1;
    /* "::" takes IPv4 as well, so where it is offered it goes first. */
    int cause = EAFNOSUPPORT;
    int fd = -1;
    for (int pass = 0; pass < 2 && fd < 0 && cause != EADDRINUSE; pass++)
        for (struct addrinfo *a = found; a && fd < 0 && cause != EADDRINUSE; a = a->ai_next)
            if ((a->ai_family == AF_INET6) == (pass == 0)) {
                fd = listen_at(a, every, backlog);
                cause = fd < 0 ? errno : cause;
            }
    freeaddrinfo(found);
    return fd >= 0 ? fd : bind_error(cause, host, port, error);
}

/* ---- connecting ---- */

static int connect_error(int cause, const char *host, uint16_t port, struct mcb_error *error)
{
    char text[MCB_ADDRESS_MAX];
    mcb_socket_join(host, port, text);
    switch (cause) {
    case ECONNREFUSED:
    case ECONNRESET:
        return mcb_error_set(error, MCB_FAULT_NET_REFUSED, "%s: connection refused", text);
    case ETIMEDOUT:
        return mcb_error_set(error, MCB_FAULT_NET_TIMEOUT, "%s: no answer within the deadline",
                             text);
    case EADDRNOTAVAIL:
        return mcb_error_set(error, MCB_FAULT_NET_PORTS,
                             "%s: no local port is left for a connection to it (EADDRNOTAVAIL)",
                             text);
    case EHOSTUNREACH:
    case ENETUNREACH:
        return mcb_error_set(error, MCB_FAULT_NET_TIMEOUT, "%s: %s", text, strerror(cause));
    default:
        return mcb_error_set(error, MCB_FAULT_HOST_SYSTEM, "%s: cannot connect: %s", text,
                             strerror(cause));
    }
}

/* A connection to a free local port may meet itself (simultaneous open, RFC 9293 section 3.5). */
static bool is_connected_to_itself(int fd)
{
    struct sockaddr_storage here = {0}, there = {0};
    socklen_t here_size = sizeof here, there_size = sizeof there;
    return getsockname(fd, (struct sockaddr *)&here, &here_size) == 0 &&
           getpeername(fd, (struct sockaddr *)&there, &there_size) == 0 &&
           here_size == there_size && memcmp(&here, &there, here_size) == 0;
}

/* Binds to the source address of the same family. 0 where there is none to bind. */
static int bind_source(int fd, int family, const char *source, struct mcb_error *error)
{
    if (!source)
        return 0;
    struct addrinfo hints = {
        .ai_family = family, .ai_socktype = SOCK_STREAM, .ai_flags = AI_NUMERICHOST};
    struct addrinfo *found;
    int code = getaddrinfo(source, NULL, &hints, &found);
    if (code)
        return mcb_error_set(error, MCB_FAULT_NET_ADDRESS, "%s: %s", source, gai_strerror(code));
    int failed = bind(fd, found->ai_addr, found->ai_addrlen);
    int cause = errno;
    freeaddrinfo(found);
    return failed ? bind_error(cause, source, 0, error) : 0;
}

/* Waits for a connection in progress. 0 or the cause; -1 with *error if the wait itself ended. */
static int finish_connecting(int fd, int64_t deadline_ns, const volatile sig_atomic_t *stop,
                             struct mcb_error *error)
{
    int ready = mcb_socket_wait(fd, POLLOUT, deadline_ns, stop, error);
    if (ready <= 0)
        return ready < 0 ? -1 : ETIMEDOUT;
    int cause = 0;
    socklen_t size = sizeof cause;
    if (getsockopt(fd, SOL_SOCKET, SO_ERROR, &cause, &size))
        cause = errno;
    return cause == 0 && is_connected_to_itself(fd) ? ECONNREFUSED : cause;
}

/* connect(2) on a datagram socket looks the route up and sends nothing. Descriptor; or -1 with
 * errno, never EADDRNOTAVAIL: where no address of this host leads there it is ENETUNREACH. */
static int look_up_route(const struct addrinfo *address)
{
    int fd = socket(address->ai_family, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (fd < 0 || connect(fd, address->ai_addr, address->ai_addrlen) == 0)
        return fd;
    int cause = errno == EADDRNOTAVAIL ? ENETUNREACH : errno;
    close(fd);
    errno = cause;
    return -1;
}

/* What EADDRNOTAVAIL of a connection means: no port is left, unless there is no address either. */
static int judge_unavailable(const struct addrinfo *address)
{
    int fd = look_up_route(address);
    if (fd < 0)
        return errno;
    close(fd);
    return EADDRNOTAVAIL;
}

/* Descriptor; or -1, with *cause where the next address may be tried and 0 where *error is final.
 */
static int connect_to(const struct addrinfo *address, const char *source, int64_t deadline_ns,
                      const volatile sig_atomic_t *stop, int *cause, struct mcb_error *error)
{
    int fd = socket(address->ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0) {
        *cause = errno;
        return -1;
    }
    int result = bind_source(fd, address->ai_family, source, error);
    if (result == 0 && connect(fd, address->ai_addr, address->ai_addrlen))
        result = errno == EINPROGRESS || errno == EINTR
                     ? finish_connecting(fd, deadline_ns, stop, error)
                     : errno;
    if (result == 0)
        return fd;
    if (result == EADDRNOTAVAIL)
        result = judge_unavailable(address);
    *cause = result > 0 ? result : 0;
    close(fd);
    return -1;
}

/* One round over all addresses. Each gets a fair share of the time, lest a silent one use it up. */
static int connect_once(const struct addrinfo *found, const char *source, int64_t deadline_ns,
                        const volatile sig_atomic_t *stop, int *cause, struct mcb_error *error)
{
    int left = 0;
    for (const struct addrinfo *a = found; a; a = a->ai_next)
        left++;
    for (const struct addrinfo *a = found; a; a = a->ai_next, left--) {
        int64_t now_ns = mcb_clock_ns();
        int64_t share_ns = deadline_ns > now_ns ? (deadline_ns - now_ns) / left : 0;
        int fd = connect_to(a, source, now_ns + share_ns, stop, cause, error);
        if (fd >= 0 || *cause == 0)
            return fd;
    }
    return -1;
}

static int pause_for_retry(int64_t deadline_ns, const volatile sig_atomic_t *stop,
                           struct mcb_error *error)
{
    int64_t until_ns = mcb_clock_ns() + RETRY_MS * MCB_NS_PER_MS;
    int result =
        mcb_socket_wait(-1, 0, until_ns < deadline_ns ? until_ns : deadline_ns, stop, error);
    return result < 0 ? -1 : 0;
}

int mcb_socket_connect(const char *host, uint16_t port, const char *source, bool retry,
                       int64_t deadline_ns, const volatile sig_atomic_t *stop,
                       struct mcb_error *error)
{
    struct addrinfo *found;
    if (mcb_resolve(host, port, 0, deadline_ns, stop, &found, error))
        return -1;
    int fd = -1;
    int cause = ETIMEDOUT;
    for (;;) {
        fd = connect_once(found, source, deadline_ns, stop, &cause, error);
        bool refused = cause == ECONNREFUSED || cause == ECONNRESET;
        if (fd >= 0 || !retry || !refused || mcb_clock_ns() >= deadline_ns)
            break;
        if (pause_for_retry(deadline_ns, stop, error)) {
            cause = 0;
            break;
        }
    }
    freeaddrinfo(found);
    return fd >= 0 || cause == 0 ? fd : connect_error(cause, host, port, error);
}

int mcb_socket_route(const char *host, uint16_t port, int64_t deadline_ns,
                     const volatile sig_atomic_t *stop, char address[256], struct mcb_error *error)
{
    struct addrinfo *found;
    if (mcb_resolve(host, port, 0, deadline_ns, stop, &found, error))
        return -1;
    int cause = 0;
    int result = -1;
    for (const struct addrinfo *a = found; a && result; a = a->ai_next) {
        int fd = look_up_route(a);
        if (fd < 0)
            cause = errno;
        else
            result = mcb_socket_address(fd, true, address);
        if (fd >= 0)
            close(fd);
    }
    freeaddrinfo(found);
    return result == 0 ? 0 : connect_error(cause, host, port, error);
}

/* ---- addresses ---- */

uint16_t mcb_socket_port(int fd)
{
    struct sockaddr_storage address = {0};
    socklen_t size = sizeof address;
    if (getsockname(fd, (struct sockaddr *)&address, &size))
        return 0;
    if (address.ss_family == AF_INET)
        return ntohs(((struct sockaddr_in *)&address)->sin_port);
    if (address.ss_family == AF_INET6)
        return ntohs(((struct sockaddr_in6 *)&address)->sin6_port);
    return 0;
}

int mcb_socket_address(int fd, bool local, char host[256])
{
    struct sockaddr_storage address = {0};
    socklen_t size = sizeof address;
    struct sockaddr *any = (struct sockaddr *)&address;
    if (local ? getsockname(fd, any, &size) : getpeername(fd, any, &size))
        return -1;
    char text[256];
    if (getnameinfo(any, size, text, sizeof text, NULL, 0, NI_NUMERICHOST))
        return -1;
    /* A dual-stack listener sees IPv4 peers as mapped addresses; people know them as IPv4. */
    const char *plain = strncmp(text, "::ffff:", 7) == 0 && strchr(text, '.') ? text + 7 : text;
    snprintf(host, 256, "%s", plain);
    return 0;
}
