/* SPDX-License-Identifier: Apache-2.0 */
#include "bench/cluster/lease.h"

#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include "bench/cluster/etcd_client.h"
#include "common/clock.h"

enum { RETRY_MS = 300 };

struct mcb_lease {
    struct mcb_etcd *etcd; /* the thread's */
    int64_t id, ttl_s;
    pthread_t thread;
    pthread_mutex_t lock;
    pthread_cond_t wake;
    /* under the lock */
    bool quit;
    bool lost;
    struct mcb_error reason;
};

static bool must_quit(void *context)
{
    struct mcb_lease *lease = context;
    pthread_mutex_lock(&lease->lock);
    bool quit = lease->quit;
    pthread_mutex_unlock(&lease->lock);
    return quit;
}

static void lose(struct mcb_lease *lease, const char *what, const char *why)
{
    pthread_mutex_lock(&lease->lock);
    lease->lost = true;
    mcb_error_set(&lease->reason, MCB_FAULT_ETCD_LEASE, "%s%s", what, why);
    pthread_mutex_unlock(&lease->lock);
}

static void sleep_until(struct mcb_lease *lease, int64_t until_ns)
{
    struct timespec until = {until_ns / MCB_NS_PER_S, until_ns % MCB_NS_PER_S};
    pthread_mutex_lock(&lease->lock);
    while (!lease->quit && mcb_clock_ns() < until_ns)
        pthread_cond_timedwait(&lease->wake, &lease->lock, &until);
    pthread_mutex_unlock(&lease->lock);
}

static void *keep_alive(void *context)
{
    struct mcb_lease *lease = context;
    int64_t ttl_ns = lease->ttl_s * MCB_NS_PER_S;
    int64_t renewed_ns = mcb_clock_ns();
    int64_t next_ns = renewed_ns + ttl_ns / 3;
    for (;;) {
        sleep_until(lease, next_ns);
        if (must_quit(lease))
            return NULL;
        struct mcb_error error;
        int64_t left_s;
        int64_t asked_ns = mcb_clock_ns();
        if (mcb_etcd_lease_keepalive(lease->etcd, lease->id, renewed_ns + ttl_ns, &left_s,
                                     &error) == 0) {
            if (left_s <= 0) {
                lose(lease, "etcd let the lease of this rank expire", "");
                return NULL;
            }
            renewed_ns = asked_ns;
            next_ns = renewed_ns + ttl_ns / 3;
        } else if (mcb_clock_ns() >= renewed_ns + ttl_ns) {
            lose(lease, "the lease of this rank could not be renewed in time: ", error.detail);
            return NULL;
        } else {
            next_ns = mcb_clock_ns() + RETRY_MS * MCB_NS_PER_MS;
        }
    }
}

static int start_thread(struct mcb_lease *lease)
{
    sigset_t all, before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    int cause = pthread_create(&lease->thread, NULL, keep_alive, lease);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    return cause;
}

static void init_locks(struct mcb_lease *lease)
{
    pthread_condattr_t monotonic;
    pthread_condattr_init(&monotonic);
    pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
    pthread_mutex_init(&lease->lock, NULL);
    pthread_cond_init(&lease->wake, &monotonic);
    pthread_condattr_destroy(&monotonic);
}

static void release(struct mcb_lease *lease)
{
    mcb_etcd_close(lease->etcd);
    pthread_cond_destroy(&lease->wake);
    pthread_mutex_destroy(&lease->lock);
    free(lease);
}

int mcb_lease_start(const char *urls, int64_t id, int64_t ttl_s, struct mcb_lease **lease,
                    struct mcb_error *error)
{
    struct mcb_lease *starting = calloc(1, sizeof *starting);
    if (!starting)
        return mcb_error_set(error, MCB_FAULT_HOST_MEMORY, "no memory for a lease");
    starting->id = id;
    starting->ttl_s = ttl_s;
    init_locks(starting);
    struct mcb_etcd_options options = {.urls = urls, .is_stopped = must_quit, .context = starting};
    int result = mcb_etcd_open(&options, &starting->etcd, error);
    if (result == 0) {
        int cause = start_thread(starting);
        if (cause)
            result =
                mcb_error_set(error, MCB_FAULT_HOST_SYSTEM, "pthread_create: %s", strerror(cause));
    }
    if (result) {
        release(starting);
        return -1;
    }
    *lease = starting;
    return 0;
}

int mcb_lease_check(struct mcb_lease *lease, struct mcb_error *error)
{
    pthread_mutex_lock(&lease->lock);
    bool lost = lease->lost;
    if (lost)
        *error = lease->reason;
    pthread_mutex_unlock(&lease->lock);
    return lost ? -1 : 0;
}

void mcb_lease_stop(struct mcb_lease *lease)
{
    if (!lease)
        return;
    pthread_mutex_lock(&lease->lock);
    lease->quit = true;
    pthread_cond_signal(&lease->wake);
    pthread_mutex_unlock(&lease->lock);
    pthread_join(lease->thread, NULL);
    release(lease);
}
