/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MCB_COMMON_SOCKET_H
#define MCB_COMMON_SOCKET_H

/*
 * TCP sockets of which every wait has a deadline, and an interruption ends it.
 *
 * All sockets are non-blocking and close-on-exec. Deadlines are on mcb_clock_ns(). `stop` may be
 * NULL; where it is given, a wait ends within 100 ms of *stop becoming non-zero, with fault
 * RUN_INTERRUPTED. Faults: NET_RESOLVE, NET_REFUSED, NET_TIMEOUT, NET_PORT_TAKEN, NET_ADDRESS,
 * NET_PORTS, HOST_SYSTEM.
 */

#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>

#include "common/fault.h"

enum { MCB_ADDRESS_MAX = 320 }; /* "host:port" or "[v6]:port" with its NUL */

/* Splits "HOST:PORT", "[V6]:PORT", ":PORT" or "PORT" (the last two: host ""). Port 1..65535, or 0
 * where zero_allowed. host has 256 bytes. Returns -1 if text is of none of these forms. */
int mcb_socket_split(const char *text, bool zero_allowed, char host[256], uint16_t *port);

/* Joins host and port; IPv6 addresses are put in brackets. Returns text. */
char *mcb_socket_join(const char *host, uint16_t port, char text[MCB_ADDRESS_MAX]);

/* Listens on host ("" = every address, IPv6 and IPv4) and port (0 = any free one). Returns the
 * descriptor. */
int mcb_socket_listen(const char *host, uint16_t port, int backlog, struct mcb_error *error);

/* Port that a socket is bound to; 0 if it is not. */
uint16_t mcb_socket_port(int fd);

/* Numeric address of this end (local) or the other end of a socket, without port. -1 if there is
 * none. */
int mcb_socket_address(int fd, bool local, char host[256]);

/* Connects before the deadline, trying every address of the name. While `retry` is set, refusals
 * are retried until the deadline (a peer that is not listening yet). source: local address to bind,
 * or NULL. */
int mcb_socket_connect(const char *host, uint16_t port, const char *source, bool retry,
                       int64_t deadline_ns, const volatile sig_atomic_t *stop,
                       struct mcb_error *error);

/* Waits until fd is ready for events (poll(2)). 1: ready, 0: the deadline passed, -1: interrupted.
 */
int mcb_socket_wait(int fd, short events, int64_t deadline_ns, const volatile sig_atomic_t *stop,
                    struct mcb_error *error);

/* The local address, numeric, from which host would be reached. No packet is sent to it. */
int mcb_socket_route(const char *host, uint16_t port, int64_t deadline_ns,
                     const volatile sig_atomic_t *stop, char address[256], struct mcb_error *error);

/* True if the address is loopback: 127.0.0.0/8, ::1 or ::ffff:127.x. Numeric text only. */
bool mcb_socket_is_loopback(const char *address);

#endif
