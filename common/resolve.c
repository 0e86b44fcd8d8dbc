/* SPDX-License-Identifier: Apache-2.0 */
#include "common/resolve.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "common/socket.h"

static int resolve_error(const char *host, int code, struct mcb_error *error)
{
    return mcb_error_set(error, MCB_FAULT_NET_RESOLVE, "%s: %s", host,
                         code == EAI_SYSTEM ? strerror(errno) : gai_strerror(code));
}

/* A lookup in progress. It belongs to both the thread that waits and the thread that resolves; who
 * comes last frees it. */
struct lookup {
    struct addrinfo hints;
    char host[256];
    char service[8];
    struct addrinfo *found;
    int code, cause;
    int done_event;   /* eventfd */
    atomic_bool left; /* by one of the two */
};

static void lookup_free(struct lookup *lookup)
{
    if (lookup->found)
        freeaddrinfo(lookup->found);
    close(lookup->done_event);
    free(lookup);
}

static void *look_up(void *context)
{
    struct lookup *lookup = context;
    lookup->code = getaddrinfo(lookup->host, lookup->service, &lookup->hints, &lookup->found);
    lookup->cause = errno;
    if (lookup->code)
        lookup->found = NULL;
    eventfd_write(lookup->done_event, 1);
    if (atomic_exchange(&lookup->left, true))
        lookup_free(lookup);
    return NULL;
}

static struct lookup *lookup_start(const char *host, uint16_t port, int flags, pthread_t *thread,
                                   struct mcb_error *error)
{
    struct lookup *lookup = calloc(1, sizeof *lookup);
    int done_event = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (!lookup || done_event < 0) {
        mcb_error_set(error, MCB_FAULT_HOST_SYSTEM, "%s: cannot be looked up: %s", host,
                      strerror(errno));
        if (done_event >= 0)
            close(done_event);
        free(lookup);
        return NULL;
    }
    lookup->hints = (struct addrinfo){.ai_socktype = SOCK_STREAM, .ai_flags = flags};
    lookup->done_event = done_event;
    snprintf(lookup->host, sizeof lookup->host, "%s", host);
    snprintf(lookup->service, sizeof lookup->service, "%u", port);
    sigset_t all, before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    int cause = pthread_create(thread, NULL, look_up, lookup);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    if (cause) {
        mcb_error_set(error, MCB_FAULT_HOST_SYSTEM, "%s: cannot be looked up: %s", host,
                      strerror(cause));
        lookup_free(lookup);
        return NULL;
    }
    return lookup;
}

/* getaddrinfo() has no deadline, and a dead name server makes it wait for half a minute; so a
 * thread calls it, and is left alone if it takes too long. */
static int resolve_name(const char *host, uint16_t port, int flags, int64_t deadline_ns,
                        const volatile sig_atomic_t *stop, struct addrinfo **found,
                        struct mcb_error *error)
{
    pthread_t thread;
    struct lookup *lookup = lookup_start(host, port, flags, &thread, error);
    if (!lookup)
        return -1;
    int ready = mcb_socket_wait(lookup->done_event, POLLIN, deadline_ns, stop, error);
    if (ready <= 0) {
        pthread_detach(thread);
        if (atomic_exchange(&lookup->left, true))
            lookup_free(lookup);
        return ready < 0 ? -1
                         : mcb_error_set(error, MCB_FAULT_NET_RESOLVE,
                                         "%s: no answer from the name server in time", host);
    }
    pthread_join(thread, NULL);
    int code = lookup->code;
    errno = lookup->cause;
    if (code == 0) {
        *found = lookup->found;
        lookup->found = NULL;
    } else {
        resolve_error(host, code, error);
    }
    lookup_free(lookup);
    return code == 0 ? 0 : -1;
}

int mcb_resolve(const char *host, uint16_t port, int flags, int64_t deadline_ns,
                const volatile sig_atomic_t *stop, struct addrinfo **found, struct mcb_error *error)
{
    char service[8];
    snprintf(service, sizeof service, "%u", port);
    struct addrinfo hints = {.ai_socktype = SOCK_STREAM, .ai_flags = flags | AI_NUMERICHOST};
    int code = getaddrinfo(host[0] ? host : NULL, service, &hints, found);
    if (code == 0)
        return 0;
    if (code != EAI_NONAME)
        return resolve_error(host, code, error);
    if (strlen(host) > 255)
        return mcb_error_set(error, MCB_FAULT_NET_RESOLVE, "%s: longer than a host name can be",
                             host);
    return resolve_name(host, port, flags, deadline_ns, stop, found, error);
}
