/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A copy is a job in a queue that the copier's thread works off, slot by slot. With a rate each
 * slot is done when its time has come, counted from when the one before was to be done, or from
 * when it was asked for if that was later: a thread that wakes too late makes up for it. Closing a
 * copier ends the waiting, not the copying. An interrupted copier copies no more.
 */
#include "copier.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "common/clock.h"

struct job {
    struct job *next;
    uint32_t first, count;
    int64_t asked_ns;
};

struct mcb_gpu_copier {
    struct mcb_stand_in_copies copies;
    int64_t free_at_ns; /* of the thread: when the last slot was to be done */
    atomic_uint_least64_t done;
    atomic_bool failed;
    pthread_t thread;
    pthread_mutex_t lock; /* of what follows */
    pthread_cond_t changed;
    struct job *first, **end;
    bool closing;
};

/* Waits until the copy of the next slot would be done. */
static void pace(struct mcb_gpu_copier *copier, const struct job *job)
{
    if (copier->copies.bytes_per_s == 0)
        return;
    int64_t begin_ns = copier->free_at_ns > job->asked_ns ? copier->free_at_ns : job->asked_ns;
    copier->free_at_ns = begin_ns + (int64_t)((double)copier->copies.to.slot_bytes * MCB_NS_PER_S /
                                              (double)copier->copies.bytes_per_s);
    const struct timespec until = {.tv_sec = copier->free_at_ns / MCB_NS_PER_S,
                                   .tv_nsec = copier->free_at_ns % MCB_NS_PER_S};
    pthread_mutex_lock(&copier->lock);
    while (!copier->closing && mcb_clock_ns() < copier->free_at_ns)
        pthread_cond_timedwait(&copier->changed, &copier->lock, &until);
    pthread_mutex_unlock(&copier->lock);
}

static void copy_job(struct mcb_gpu_copier *copier, const struct job *job)
{
    const struct mcb_stand_in_copies *copies = &copier->copies;
    for (uint32_t slot = job->first; slot < job->first + job->count; slot++) {
        if (mcb_area_is_stopped(&copies->to) || mcb_area_is_stopped(&copies->from) ||
            atomic_load(&copier->failed))
            return;
        const uint8_t *from = mcb_area_slot(&copies->from, slot);
        memcpy(mcb_area_slot(&copies->to, slot), from, copies->to.slot_bytes);
        if (copies->behind.base)
            memcpy(mcb_area_slot(&copies->behind, slot), from, copies->to.slot_bytes);
        pace(copier, job);
        atomic_fetch_add(&copier->done, 1);
        atomic_store(&copier->failed, copies->fails);
    }
}

/* NULL: the copier is closing and all is done. */
static struct job *next_job(struct mcb_gpu_copier *copier)
{
    pthread_mutex_lock(&copier->lock);
    while (!copier->first && !copier->closing)
        pthread_cond_wait(&copier->changed, &copier->lock);
    struct job *job = copier->first;
    if (job) {
        copier->first = job->next;
        if (!copier->first)
            copier->end = &copier->first;
    }
    pthread_mutex_unlock(&copier->lock);
    return job;
}

static void *work(void *argument)
{
    struct mcb_gpu_copier *copier = argument;
    struct job *job;
    while ((job = next_job(copier))) {
        copy_job(copier, job);
        free(job);
    }
    return NULL;
}

static void init_condition(pthread_cond_t *condition)
{
    pthread_condattr_t attributes;
    pthread_condattr_init(&attributes);
    pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    pthread_cond_init(condition, &attributes);
    pthread_condattr_destroy(&attributes);
}

static void free_copier(struct mcb_gpu_copier *copier)
{
    pthread_cond_destroy(&copier->changed);
    pthread_mutex_destroy(&copier->lock);
    free(copier);
}

int mcb_stand_in_copier_open(const struct mcb_stand_in_copies *copies,
                             struct mcb_gpu_copier **copier, struct mcb_error *error)
{
    const struct mcb_area *to = &copies->to, *from = &copies->from;
    if (to->slots != from->slots || to->slot_bytes != from->slot_bytes)
        return mcb_error_set(error, MCB_FAULT_GPU_CALL,
                             "a copier of %u slots of %zu bytes to %u of %zu: not alike",
                             from->slots, from->slot_bytes, to->slots, to->slot_bytes);
    struct mcb_gpu_copier *made = calloc(1, sizeof *made);
    if (!made)
        return mcb_error_set(error, MCB_FAULT_HOST_MEMORY, "no memory for a copier");
    made->copies = *copies;
    made->end = &made->first;
    pthread_mutex_init(&made->lock, NULL);
    init_condition(&made->changed);
    if (pthread_create(&made->thread, NULL, work, made) != 0) {
        free_copier(made);
        return mcb_error_set(error, MCB_FAULT_GPU_CALL, "no thread for a copier");
    }
    *copier = made;
    return 0;
}

int mcb_stand_in_copier_copy(struct mcb_gpu_copier *copier, uint32_t first, uint32_t count,
                             struct mcb_error *error)
{
    if (first > copier->copies.to.slots || count > copier->copies.to.slots - first)
        return mcb_error_set(error, MCB_FAULT_GPU_CALL,
                             "a copy of %u slots from slot %u on: the area ends at %u", count,
                             first, copier->copies.to.slots);
    struct job *job = malloc(sizeof *job);
    if (!job)
        return mcb_error_set(error, MCB_FAULT_HOST_MEMORY, "no memory for a copy");
    *job = (struct job){.first = first, .count = count, .asked_ns = mcb_clock_ns()};
    pthread_mutex_lock(&copier->lock);
    *copier->end = job;
    copier->end = &job->next;
    pthread_cond_signal(&copier->changed);
    pthread_mutex_unlock(&copier->lock);
    return 0;
}

int mcb_stand_in_copier_done(struct mcb_gpu_copier *copier, uint64_t *slots,
                             struct mcb_error *error)
{
    if (atomic_load(&copier->failed))
        return mcb_error_set(error, MCB_FAULT_GPU_CALL, "a copier: MCB_STAND_IN makes it fail");
    *slots = atomic_load(&copier->done);
    return 0;
}

void mcb_stand_in_copier_close(struct mcb_gpu_copier *copier)
{
    if (!copier)
        return;
    pthread_mutex_lock(&copier->lock);
    copier->closing = true;
    pthread_cond_signal(&copier->changed);
    pthread_mutex_unlock(&copier->lock);
    pthread_join(copier->thread, NULL);
    free_copier(copier);
}
