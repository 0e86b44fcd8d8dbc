/* SPDX-License-Identifier: Apache-2.0 */
#include "bench/doctor/port_holder.h"

#include <arpa/inet.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/clock.h"

enum { TABLE_MOST = 4 << 20, STATE_LISTEN = 0x0a, LISTENERS_MOST = 64 };

#define SEARCH_NS (MCB_NS_PER_S / 2) /* a host may have very many processes and descriptors */

struct listener {
    char address[64];
    unsigned long inode;
};

struct listeners {
    struct listener list[LISTENERS_MOST];
    size_t count;
};

/* Digits of a table to an address: words of 32 bits in the order of the host, so that what they are
 * in memory is the address. */
static bool read_address(const char *digits, char address[64])
{
    uint32_t words[4];
    size_t count = strlen(digits) / 8;
    if (count != 1 && count != 4)
        return false;
    for (size_t i = 0; i < count; i++)
        if (sscanf(digits + 8 * i, "%8" SCNx32, &words[i]) != 1)
            return false;
    return inet_ntop(count == 1 ? AF_INET : AF_INET6, words, address, 64) != NULL;
}

static void read_table(const struct mcb_system *system, const char *path, uint16_t port, char *text,
                       struct listeners *listeners)
{
    if (mcb_system_read(system, path, text, TABLE_MOST) <= 0)
        return;
    for (char *rest = text, *line; (line = strsep(&rest, "\n")) != NULL;) {
        struct listener *next = &listeners->list[listeners->count];
        char digits[33];
        unsigned local, state;
        if (listeners->count < LISTENERS_MOST &&
            sscanf(line,
                   " %*u: %32[0-9A-Fa-f]:%x %*[0-9A-Fa-f]:%*x %x %*x:%*x %*x:%*x %*x %*u %*u %lu",
                   digits, &local, &state, &next->inode) == 4 &&
            local == port && state == STATE_LISTEN && read_address(digits, next->address))
            listeners->count++;
    }
}

static void find_listeners(const struct mcb_system *system, uint16_t port,
                           struct listeners *listeners)
{
    char *text = malloc(TABLE_MOST);
    listeners->count = 0;
    if (!text)
        return;
    read_table(system, "/proc/net/tcp", port, text, listeners);
    read_table(system, "/proc/net/tcp6", port, text, listeners);
    free(text);
}

size_t mcb_port_addresses(const struct mcb_system *system, uint16_t port, char (*addresses)[64],
                          size_t most)
{
    struct listeners listeners;
    find_listeners(system, port, &listeners);
    size_t count = listeners.count < most ? listeners.count : most;
    for (size_t i = 0; i < count; i++)
        memcpy(addresses[i], listeners.list[i].address, sizeof addresses[i]);
    return count;
}

/* Does the process have the socket open? */
static bool has_socket(const struct mcb_system *system, const char *pid, const char *socket)
{
    char path[600], target[64], **names;
    bool found = false;
    snprintf(path, sizeof path, "/proc/%s/fd", pid);
    size_t count = mcb_system_names(system, path, &names);
    for (size_t i = 0; i < count && !found; i++) {
        snprintf(path, sizeof path, "/proc/%s/fd/%s", pid, names[i]);
        found = mcb_system_link(system, path, target, sizeof target) && strcmp(target, socket) == 0;
    }
    mcb_system_names_free(names, count);
    return found;
}

static void find_process(const struct mcb_system *system, unsigned long inode,
                         struct mcb_port_holder *holder)
{
    char socket[64], path[300], **names;
    snprintf(socket, sizeof socket, "socket:[%lu]", inode);
    int64_t deadline_ns = mcb_clock_ns() + SEARCH_NS;
    size_t count = mcb_system_names(system, "/proc", &names);
    for (size_t i = 0; i < count && !holder->process[0] && mcb_clock_ns() < deadline_ns; i++) {
        char *end;
        unsigned long pid = strtoul(names[i], &end, 10);
        if (*end != '\0' || pid == 0 || !has_socket(system, names[i], socket))
            continue;
        snprintf(path, sizeof path, "/proc/%s/comm", names[i]);
        if (!mcb_system_read_line(system, path, "", holder->process, sizeof holder->process))
            snprintf(holder->process, sizeof holder->process, "a process");
        holder->pid = pid;
    }
    mcb_system_names_free(names, count);
}

bool mcb_port_holder_find(const struct mcb_system *system, uint16_t port,
                          struct mcb_port_holder *holder)
{
    struct listeners listeners;
    find_listeners(system, port, &listeners);
    if (listeners.count == 0)
        return false;
    *holder = (struct mcb_port_holder){.pid = 0};
    memcpy(holder->address, listeners.list[0].address, sizeof holder->address);
    find_process(system, listeners.list[0].inode, holder);
    return true;
}
