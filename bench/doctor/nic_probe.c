/* SPDX-License-Identifier: Apache-2.0 */
#include "bench/doctor/nic_probe.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "common/clock.h"
#include "common/pci.h"
#include "rdma/device.h"
#include "rdma/gid.h"
#include "rdma/loopback_trial.h"

/* An interruption is looked for so often. */
#define LOOK_NS (50 * MCB_NS_PER_MS)
#define STOP_NS (4 * LOOK_NS)

/* What the one who waits and the threads share; who comes last frees it. */
struct party {
    pthread_mutex_t lock;
    pthread_cond_t changed;
    size_t users, ended, count; /* users: one for each thread, and the one who waits */
    int64_t deadline_ns;
    int64_t trials_until_ns; /* a little earlier, so that what they say still comes */
    atomic_bool abort;
    struct seat {
        struct party *party;
        struct mcb_nic_probe probe;
        bool ended;
    } seats[];
};

static void leave(struct party *party)
{
    pthread_mutex_lock(&party->lock);
    bool last = --party->users == 0;
    pthread_mutex_unlock(&party->lock);
    if (!last)
        return;
    pthread_cond_destroy(&party->changed);
    pthread_mutex_destroy(&party->lock);
    free(party);
}

/* ---- one NIC ---- */

static enum mcb_stage stage_of(enum mcb_trial_step step)
{
    static const enum mcb_stage stages[] = {
        [MCB_TRIAL_NOTHING] = MCB_STAGE_GID,
        [MCB_TRIAL_QUEUE_PAIRS] = MCB_STAGE_QUEUE_PAIR,
        [MCB_TRIAL_REGISTERED] = MCB_STAGE_REGISTERED,
        [MCB_TRIAL_CONNECTED] = MCB_STAGE_REGISTERED,
        [MCB_TRIAL_VERIFIED] = MCB_STAGE_LOOPBACK,
    };
    return stages[step];
}

static void try_port(struct mcb_nic_probe *probe, const struct mcb_device *device,
                     const struct mcb_loopback_limits *limits)
{
    struct mcb_port port;
    struct mcb_gid gid;
    enum mcb_trial_step step;
    if (mcb_device_query_port(device, probe->port, MCB_SYSFS, &port, &probe->error) < 0)
        return;
    if (!port.active) {
        mcb_error_set(&probe->error, MCB_FAULT_RDMA_PORT_DOWN, "%s port %u: it is %s", probe->name,
                      probe->port, port.state);
        return;
    }
    probe->reached = MCB_STAGE_ACTIVE;
    if (mcb_gid_select(device, probe->port, probe->gid_index, &gid, &probe->error) < 0)
        return;
    const struct mcb_loopback_options options = {
        .device = device,
        .gid = &gid,
        .port = probe->port,
        .ethernet = port.ethernet,
        .lid = port.lid,
        .mtu_bytes = port.mtu_bytes,
    };
    mcb_loopback_trial(&options, MCB_PROBE_BYTES, limits, &step, &probe->error);
    probe->reached = stage_of(step);
}

static void *try_nic(void *context)
{
    struct seat *seat = context;
    struct party *party = seat->party;
    struct mcb_nic_probe probe = seat->probe;
    struct mcb_device *device;
    int64_t start_ns = mcb_clock_ns();
    if (mcb_device_open(probe.name, &device, &probe.error) == 0) {
        int64_t left_ns = party->trials_until_ns - mcb_clock_ns();
        const struct mcb_loopback_limits limits = {left_ns > 0 ? left_ns : 0, &party->abort};
        probe.reached = MCB_STAGE_SEEN;
        try_port(&probe, device, &limits);
        mcb_device_close(device);
    }
    probe.answered = true;
    probe.took_ns = mcb_clock_ns() - start_ns;
    pthread_mutex_lock(&party->lock);
    seat->probe = probe;
    seat->ended = true;
    party->ended++;
    pthread_cond_signal(&party->changed);
    pthread_mutex_unlock(&party->lock);
    leave(party);
    return NULL;
}

/* ---- all of them ---- */

static struct party *make_party(const struct mcb_nic_probe *probes, size_t count,
                                int64_t deadline_ns)
{
    struct party *party = calloc(1, sizeof(*party) + count * sizeof(party->seats[0]));
    pthread_condattr_t monotonic;
    if (!party)
        return NULL;
    pthread_condattr_init(&monotonic);
    pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
    pthread_cond_init(&party->changed, &monotonic);
    pthread_condattr_destroy(&monotonic);
    pthread_mutex_init(&party->lock, NULL);
    party->users = count + 1;
    party->count = count;
    party->deadline_ns = deadline_ns;
    party->trials_until_ns = deadline_ns - LOOK_NS;
    for (size_t i = 0; i < count; i++) {
        party->seats[i] = (struct seat){.party = party, .probe = probes[i]};
        party->seats[i].probe.reached = MCB_STAGE_NONE;
        party->seats[i].probe.answered = false;
        party->seats[i].probe.error.code = MCB_FAULT_NONE;
    }
    return party;
}

/* Signals are for the thread that waits. */
static void start(struct party *party)
{
    sigset_t all, before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    for (size_t i = 0; i < party->count; i++) {
        pthread_t thread;
        if (pthread_create(&thread, NULL, try_nic, &party->seats[i]) == 0) {
            pthread_detach(thread);
            continue;
        }
        struct mcb_nic_probe *probe = &party->seats[i].probe;
        pthread_mutex_lock(&party->lock);
        probe->answered = true;
        mcb_error_set(&probe->error, MCB_FAULT_HOST_SYSTEM, "%s: no thread to try it with",
                      probe->name);
        party->users--;
        party->seats[i].ended = true;
        party->ended++;
        pthread_mutex_unlock(&party->lock);
    }
    pthread_sigmask(SIG_SETMASK, &before, NULL);
}

/* With the lock. Those that were told to stop have a little time left to do so. */
static void await(struct party *party, const volatile sig_atomic_t *stop)
{
    int64_t until_ns = party->deadline_ns;
    while (party->ended < party->count) {
        int64_t now_ns = mcb_clock_ns(), next_ns = now_ns + LOOK_NS;
        if (now_ns >= until_ns)
            break;
        if (next_ns > until_ns)
            next_ns = until_ns;
        if (stop && *stop && !atomic_exchange(&party->abort, true) && now_ns + STOP_NS < until_ns)
            until_ns = now_ns + STOP_NS;
        const struct timespec next = {next_ns / MCB_NS_PER_S, next_ns % MCB_NS_PER_S};
        pthread_cond_timedwait(&party->changed, &party->lock, &next);
    }
}

void mcb_nic_probe_all(struct mcb_nic_probe *probes, size_t count, int64_t deadline_ns,
                       const volatile sig_atomic_t *stop)
{
    struct party *party = make_party(probes, count, deadline_ns);
    if (!party) {
        for (size_t i = 0; i < count; i++) {
            probes[i].answered = true;
            mcb_error_set(&probes[i].error, MCB_FAULT_HOST_MEMORY, "%s: no memory to try it",
                          probes[i].name);
        }
        return;
    }
    start(party);
    pthread_mutex_lock(&party->lock);
    await(party, stop);
    atomic_store(&party->abort, true);
    for (size_t i = 0; i < count; i++) {
        probes[i] = party->seats[i].probe;
    }
    pthread_mutex_unlock(&party->lock);
    leave(party);
}
