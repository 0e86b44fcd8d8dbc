/* SPDX-License-Identifier: Apache-2.0 */
#include "bench/doctor/peer_reach.h"

#include <pthread.h>
#include <string.h>
#include <unistd.h>

#include "common/clock.h"
#include "common/socket.h"

struct attempt {
    struct mcb_peer_reach *reach;
    int64_t deadline_ns;
    const volatile sig_atomic_t *stop;
    pthread_t thread;
    int failed; /* to start a thread */
};

static void *try_peer(void *context)
{
    struct attempt *attempt = context;
    struct mcb_peer_reach *reach = attempt->reach;
    int64_t start_ns = mcb_clock_ns();
    int fd = mcb_socket_connect(reach->host, reach->port, NULL, false, attempt->deadline_ns,
                                attempt->stop, &reach->error);
    if (fd >= 0)
        close(fd);
    reach->took_ns = mcb_clock_ns() - start_ns;
    return NULL;
}

void mcb_peer_reach_all(struct mcb_peer_reach *reaches, size_t count, int64_t deadline_ns,
                        const volatile sig_atomic_t *stop)
{
    struct attempt attempts[MCB_REACH_MOST];
    sigset_t all, before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    for (size_t i = 0; i < count; i++) {
        reaches[i].error.code = MCB_FAULT_NONE;
        attempts[i] = (struct attempt){&reaches[i], deadline_ns, stop, 0, 0};
        attempts[i].failed = pthread_create(&attempts[i].thread, NULL, try_peer, &attempts[i]);
    }
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    for (size_t i = 0; i < count; i++)
        if (attempts[i].failed)
            try_peer(&attempts[i]);
        else
            pthread_join(attempts[i].thread, NULL);
}

const char *mcb_peer_reach_why(const char *detail, const char *subject)
{
    size_t length = strlen(subject);
    return strncmp(detail, subject, length) == 0 && strncmp(detail + length, ": ", 2) == 0
               ? detail + length + 2
               : detail;
}
