/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MCB_BENCH_MEASURE_WORKER_H
#define MCB_BENCH_MEASURE_WORKER_H

/*
 * A pinned thread that carries out one job after another: the data path of one side of a cell.
 *
 * The coordinating thread hands it a job and learns through an eventfd that one has ended; while a
 * job runs the two share no lock. All functions are for the coordinating thread.
 */

#include <pthread.h>
#include <semaphore.h>
#include <stdatomic.h>
#include <stdbool.h>

#include "bench/topology/topology.h"
#include "common/fault.h"
#include "common/id_list.h"

enum { MCB_WORKER_NAME_MAX = 16 }; /* pthread_setname_np(3) */

struct mcb_worker {
    pthread_t thread;
    sem_t submitted;
    int event_fd; /* shared by all workers of a round, the caller's */
    void (*job)(void *argument);
    void *argument;
    atomic_bool busy;
    bool started;
    char name[MCB_WORKER_NAME_MAX]; /* by which `top -H` shows it */
    char cpus[MCB_ID_LIST_MAX];     /* those that the kernel lets it run on, asked once it was
                                       pinned: "0-3,8"; "" where it does not tell */
};

/* Starts the thread beside a NUMA node (-1: anywhere). topology may be NULL: not pinned. A name
 * that is too long is cut. The struct must not move. Fault: HOST_SYSTEM. */
int mcb_worker_start(struct mcb_worker *worker, const char *name,
                     const struct mcb_topology *topology, int numa_node, int event_fd,
                     struct mcb_error *error);

/* Runs job(argument) on the thread, which must not be busy; 1 is added to the eventfd when it ends.
 */
void mcb_worker_submit(struct mcb_worker *worker, void (*job)(void *argument), void *argument);

/* True until the job has ended. What the job wrote is visible once this is false. */
bool mcb_worker_busy(const struct mcb_worker *worker);

/* Waits for the job under way, ends the thread. Harmless on a zeroed struct. */
void mcb_worker_stop(struct mcb_worker *worker);

#endif
