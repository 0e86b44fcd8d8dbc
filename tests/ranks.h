/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MCB_TESTS_RANKS_H
#define MCB_TESTS_RANKS_H

/*
 * Ranks of one job inside one test: each a thread while it joins or exchanges, so that all of them
 * wait at the same time; or a child process, where a rank is to be killed or stopped.
 */

#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "bench/cluster/cluster.h"
#include "common/clock.h"
#include "common/socket.h"

enum { RANKS_MAX = 4 };

struct rank {
    struct mcb_settings settings;
    char host[32];
    json_t *record; /* borrowed; NULL: the host alone */
    volatile sig_atomic_t stop;
    struct mcb_cluster *cluster;
    int result;
    struct mcb_error error;
    /* of an exchange */
    const char *phase;
    size_t document_bytes;
    json_t *in[RANKS_MAX];
    int64_t wait_ns; /* deadline from now */
};

static inline int64_t ranks_in_ms(int64_t ms)
{
    return mcb_clock_ns() + ms * MCB_NS_PER_MS;
}

static inline uint16_t ranks_free_port(void)
{
    struct mcb_error error;
    int listener = mcb_socket_listen("127.0.0.1", 0, 1, &error);
    assert_true(listener >= 0);
    uint16_t port = mcb_socket_port(listener);
    close(listener);
    return port;
}

/* All of the bytes, in or out, before the deadline; -1 if the other end does not take or give them.
 * Non-blocking sockets; stop as in mcb_socket_wait(). */
static inline int ranks_send(int fd, const void *bytes, size_t length, int64_t deadline_ns,
                             const volatile sig_atomic_t *stop)
{
    struct mcb_error ignored;
    for (size_t done = 0; done < length;) {
        if (mcb_socket_wait(fd, POLLOUT, deadline_ns, stop, &ignored) != 1)
            return -1;
        ssize_t sent = send(fd, (const char *)bytes + done, length - done, MSG_NOSIGNAL);
        if (sent < 0)
            return -1;
        done += (size_t)sent;
    }
    return 0;
}

static inline int ranks_receive(int fd, void *bytes, size_t length, int64_t deadline_ns,
                                const volatile sig_atomic_t *stop)
{
    struct mcb_error ignored;
    for (size_t done = 0; done < length;) {
        if (mcb_socket_wait(fd, POLLIN, deadline_ns, stop, &ignored) != 1)
            return -1;
        ssize_t got = recv(fd, (char *)bytes + done, length - done, 0);
        if (got <= 0)
            return -1;
        done += (size_t)got;
    }
    return 0;
}

/* The next connection before the deadline, non-blocking, or -1. */
static inline int ranks_accept(int listener, int64_t deadline_ns, const volatile sig_atomic_t *stop)
{
    struct mcb_error ignored;
    return mcb_socket_wait(listener, POLLIN, deadline_ns, stop, &ignored) == 1
               ? accept4(listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC)
               : -1;
}

/* Does `work` for each rank at the same time. */
static inline void ranks_all(struct rank *ranks, size_t count, void *(*work)(void *))
{
    pthread_t threads[RANKS_MAX];
    for (size_t i = 0; i < count; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, work, &ranks[i]), 0);
    for (size_t i = 0; i < count; i++)
        pthread_join(threads[i], NULL);
}

static inline void *rank_join(void *context)
{
    struct rank *rank = context;
    json_t *self =
        rank->record ? json_incref(rank->record) : json_pack("{s:s}", "host", rank->host);
    rank->error.code = MCB_FAULT_NONE;
    rank->result =
        mcb_cluster_join(&rank->settings, self, &rank->stop, &rank->cluster, &rank->error);
    json_decref(self);
    return NULL;
}

static inline void *rank_leave(void *context)
{
    struct rank *rank = context;
    mcb_cluster_leave(rank->cluster);
    rank->cluster = NULL;
    return NULL;
}

/* Sends every rank {"from", "to", "filling": document_bytes times 'x'}. */
static inline void *rank_exchange(void *context)
{
    struct rank *rank = context;
    json_t *out[RANKS_MAX];
    unsigned size = mcb_cluster_size(rank->cluster);
    char *filling = malloc(rank->document_bytes + 1);
    memset(filling, 'x', rank->document_bytes);
    filling[rank->document_bytes] = '\0';
    for (unsigned r = 0; r < size; r++)
        out[r] = json_pack("{s:i, s:i, s:s}", "from", (int)mcb_cluster_rank(rank->cluster), "to",
                           (int)r, "filling", filling);
    rank->error.code = MCB_FAULT_NONE;
    rank->result = mcb_cluster_exchange(rank->cluster, rank->phase ? rank->phase : "test", out,
                                        rank->in, mcb_clock_ns() + rank->wait_ns, &rank->error);
    for (unsigned r = 0; r < size; r++)
        json_decref(out[r]);
    free(filling);
    return NULL;
}

/* Checks what rank_exchange() brought and gives it back. */
static inline void rank_check_documents(struct rank *rank)
{
    assert_int_equal(rank->result, 0);
    unsigned size = mcb_cluster_size(rank->cluster);
    for (unsigned r = 0; r < size; r++) {
        assert_int_equal(json_integer_value(json_object_get(rank->in[r], "from")), r);
        assert_int_equal(json_integer_value(json_object_get(rank->in[r], "to")),
                         mcb_cluster_rank(rank->cluster));
        assert_int_equal(json_string_length(json_object_get(rank->in[r], "filling")),
                         rank->document_bytes);
        json_decref(rank->in[r]);
        rank->in[r] = NULL;
    }
}

/* A rank in a process of its own: joins, then waits for something that never comes. */
static inline pid_t rank_fork(struct rank *rank)
{
    pid_t pid = fork();
    assert_true(pid >= 0);
    if (pid > 0)
        return pid;
    alarm(60);
    rank_join(rank);
    if (rank->result == 0)
        mcb_cluster_wait(rank->cluster, -1, ranks_in_ms(50000), &rank->error);
    _exit(rank->result ? 1 : 0);
}

static inline void rank_kill(pid_t pid)
{
    int status;
    kill(pid, SIGKILL);
    waitpid(pid, &status, 0);
}

#endif
