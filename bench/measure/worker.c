/* SPDX-License-Identifier: Apache-2.0 */
#include "bench/measure/worker.h"

#include <errno.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

struct start {
    struct mcb_worker *worker;
    const struct mcb_topology *topology;
    int numa_node;
    sem_t taken;
};

static void *serve(void *argument)
{
    struct start *start = argument;
    struct mcb_worker *worker = start->worker;
    if (start->topology)
        mcb_topology_pin(start->topology, start->numa_node);
    pthread_setname_np(pthread_self(), worker->name);
    mcb_id_list_of_thread(worker->cpus);
    sem_post(&start->taken);

    for (;;) {
        while (sem_wait(&worker->submitted) != 0 && errno == EINTR)
            continue;
        if (!worker->job)
            return NULL;
        worker->job(worker->argument);
        atomic_store_explicit(&worker->busy, false, memory_order_release);
        uint64_t one = 1;
        if (write(worker->event_fd, &one, sizeof one) < 0)
            continue; /* the counter is full: the reader is awake anyway */
    }
}

int mcb_worker_start(struct mcb_worker *worker, const char *name,
                     const struct mcb_topology *topology, int numa_node, int event_fd,
                     struct mcb_error *error)
{
    *worker = (struct mcb_worker){.event_fd = event_fd};
    snprintf(worker->name, sizeof worker->name, "%s", name);
    struct start start = {worker, topology, numa_node, {{0}}};
    sem_init(&worker->submitted, 0, 0);
    sem_init(&start.taken, 0, 0);

    /* Signals are the coordinating thread's. */
    sigset_t all, before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    int failure = pthread_create(&worker->thread, NULL, serve, &start);
    pthread_sigmask(SIG_SETMASK, &before, NULL);

    if (failure) {
        sem_destroy(&worker->submitted);
        sem_destroy(&start.taken);
        return mcb_error_set(error, MCB_FAULT_HOST_SYSTEM, "a thread for a path cannot be made: %s",
                             strerror(failure));
    }
    while (sem_wait(&start.taken) != 0 && errno == EINTR)
        continue;
    sem_destroy(&start.taken);
    worker->started = true;
    return 0;
}

void mcb_worker_submit(struct mcb_worker *worker, void (*job)(void *argument), void *argument)
{
    worker->job = job;
    worker->argument = argument;
    atomic_store_explicit(&worker->busy, true, memory_order_relaxed);
    sem_post(&worker->submitted);
}

bool mcb_worker_busy(const struct mcb_worker *worker)
{
    return atomic_load_explicit(&worker->busy, memory_order_acquire);
}

void mcb_worker_stop(struct mcb_worker *worker)
{
    if (!worker->started)
        return;
    while (mcb_worker_busy(worker))
        usleep(1000);
    worker->job = NULL;
    sem_post(&worker->submitted);
    pthread_join(worker->thread, NULL);
    sem_destroy(&worker->submitted);
    worker->started = false;
}
