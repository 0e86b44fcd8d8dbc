/* SPDX-License-Identifier: Apache-2.0 */
#include "bench/doctor/patience.h"

#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <time.h>

#include "common/clock.h"

/* Whoever comes second frees it. */
struct call {
    pthread_mutex_t lock;
    pthread_cond_t done_changed;
    void (*work)(void *task);
    void (*drop)(void *task);
    void *task;
    bool done, left_behind;
};

static void free_call(struct call *call)
{
    pthread_cond_destroy(&call->done_changed);
    pthread_mutex_destroy(&call->lock);
    free(call);
}

static void *carry_out(void *context)
{
    struct call *call = context;
    call->work(call->task);
    pthread_mutex_lock(&call->lock);
    call->done = true;
    bool left_behind = call->left_behind;
    pthread_cond_signal(&call->done_changed);
    pthread_mutex_unlock(&call->lock);
    if (left_behind) {
        call->drop(call->task);
        free_call(call);
    }
    return NULL;
}

static struct call *make_call(void (*work)(void *), void (*drop)(void *), void *task)
{
    struct call *call = calloc(1, sizeof *call);
    pthread_condattr_t monotonic;
    if (!call)
        return NULL;
    call->work = work;
    call->drop = drop;
    call->task = task;
    pthread_condattr_init(&monotonic);
    pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
    pthread_cond_init(&call->done_changed, &monotonic);
    pthread_condattr_destroy(&monotonic);
    pthread_mutex_init(&call->lock, NULL);
    return call;
}

/* Signals are for the thread that waits. The other one is joined, so that nothing of it is left. */
static bool start(struct call *call, pthread_t *thread)
{
    sigset_t all, before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    bool started = pthread_create(thread, NULL, carry_out, call) == 0;
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    return started;
}

bool mcb_patience_run(void (*work)(void *task), void (*drop)(void *task), void *task,
                      int64_t deadline_ns)
{
    const struct timespec until = {deadline_ns / MCB_NS_PER_S, deadline_ns % MCB_NS_PER_S};
    struct call *call = make_call(work, drop, task);
    pthread_t thread;
    if (!call || !start(call, &thread)) {
        if (call)
            free_call(call);
        drop(task);
        return false;
    }
    pthread_mutex_lock(&call->lock);
    int status = 0;
    while (!call->done && status == 0)
        status = pthread_cond_timedwait(&call->done_changed, &call->lock, &until);
    bool done = call->done;
    call->left_behind = !done;
    pthread_mutex_unlock(&call->lock);
    if (!done) {
        pthread_detach(thread);
        return false;
    }
    pthread_join(thread, NULL);
    free_call(call);
    return true;
}
