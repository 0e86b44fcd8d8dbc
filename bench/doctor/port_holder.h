/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MCB_BENCH_DOCTOR_PORT_HOLDER_H
#define MCB_BENCH_DOCTOR_PORT_HOLDER_H

/* Who listens on a TCP port of the host: /proc/net/tcp and /proc/net/tcp6 name a socket, the
 * descriptors of processes lead to it. Those of other users only root sees. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "bench/doctor/system.h"

struct mcb_port_holder {
    char process[64]; /* "etcd"; "": not to be seen */
    unsigned long pid;
    char address[64]; /* that it listens on, numeric: "0.0.0.0", "::", "127.0.0.1" */
};

/* The addresses that somebody listens on at the port, numeric, `most` at most. Returns their
 * number; 0: nobody listens, or /proc cannot be read. */
size_t mcb_port_addresses(const struct mcb_system *system, uint16_t port, char (*addresses)[64],
                          size_t most);

/* The first of them. Processes are searched for half a second. False if nobody listens there, or
 * /proc cannot be read. */
bool mcb_port_holder_find(const struct mcb_system *system, uint16_t port,
                          struct mcb_port_holder *holder);

#endif
