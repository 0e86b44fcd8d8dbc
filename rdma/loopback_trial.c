/* SPDX-License-Identifier: Apache-2.0 */
#include "rdma/loopback_trial.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>

#include "common/clock.h"
#include "rdma/device.h"
#include "rdma/loopback_parts.h"

/* Odd, so that the words of a message are all different (Weyl's sequence). */
#define WORD_STEP UINT64_C(0x9e3779b97f4a7c15)

enum { WRITES, READS, SETS };

struct trial {
    const struct mcb_loopback_options *options;
    uint64_t bytes;
    struct mcb_queue_set *sets[SETS];
    struct mcb_buffer buffer; /* two areas */
    struct mcb_registration *registration;
    uint64_t seed;
    struct mcb_loop call;
};

static int make_sets(struct trial *trial, struct mcb_error *error)
{
    static const enum mcb_verb verbs[SETS] = {MCB_VERB_WRITE, MCB_VERB_READ};
    for (int i = 0; i < SETS; i++)
        if (mcb_loopback_set_open(trial->options, verbs[i], trial->bytes, &trial->sets[i], error) <
            0)
            return -1;
    return 0;
}

static int make_memory(struct trial *trial, struct mcb_error *error)
{
    const struct mcb_registration_options registration = {
        .way = MCB_REGISTER_ADDRESS, .most_bytes = UINT64_MAX, .message_bytes = trial->bytes};
    if (getrandom(&trial->seed, sizeof(trial->seed), 0) != sizeof(trial->seed))
        return mcb_error_set(error, MCB_FAULT_HOST_SYSTEM, "getrandom: no random bytes: %s",
                             strerror(errno));
    if (mcb_buffer_allocate(&trial->buffer, 2 * trial->bytes, -1, false, error) < 0)
        return -1;
    return mcb_registration_open(trial->options->device, &trial->buffer, &registration,
                                 &trial->registration, error);
}

static int connect_sets(struct trial *trial, struct mcb_error *error)
{
    for (int i = 0; i < SETS; i++)
        if (mcb_loopback_set_connect(trial->sets[i], trial->sets[!i], trial->options, error) < 0)
            return -1;
    return 0;
}

static uint64_t *area(const struct trial *trial, int number)
{
    return (uint64_t *)trial->buffer.address + (size_t)number * trial->bytes / sizeof(uint64_t);
}

static int compare(const struct trial *trial, int which, const char *what, struct mcb_error *error)
{
    const uint64_t *words = area(trial, which);
    size_t count = trial->bytes / sizeof(*words), wrong = 0, first = 0;
    for (size_t i = count; i-- > 0;)
        if (words[i] != trial->seed + i * WORD_STEP) {
            first = i;
            wrong++;
        }
    return wrong == 0
               ? 0
               : mcb_error_set(error, MCB_FAULT_DATA_CORRUPT,
                               "%s port %u, %s of %llu bytes to itself: complete without "
                               "fault, but %zu of %zu words are wrong, the first at byte %zu",
                               trial->options->device->name, trial->options->port, what,
                               (unsigned long long)trial->bytes, wrong, count,
                               first * sizeof(*words));
}

/* That nothing comes back is the one fault that says more of a port and itself than of its peers.
 */
static int judge_transfer(const struct trial *trial, const char *what,
                          const struct mcb_error *cause, struct mcb_error *error)
{
    bool silent = cause->code == MCB_FAULT_RDMA_RETRY || cause->code == MCB_FAULT_RDMA_STUCK;
    return mcb_error_set(error, silent ? MCB_FAULT_RDMA_LOOPBACK : cause->code,
                         "%s port %u, %s of %llu bytes to itself: %.500s",
                         trial->options->device->name, trial->options->port, what,
                         (unsigned long long)trial->bytes, cause->detail);
}

/* From `from` to the other area; the NIC of a read brings them the same way. */
static int carry(struct trial *trial, int which, int from, const char *what,
                 struct mcb_error *error)
{
    size_t count = trial->bytes / sizeof(uint64_t);
    uint64_t *source = area(trial, from), *sink = area(trial, !from);
    struct mcb_error cause;
    trial->seed += WORD_STEP * count;
    for (size_t i = 0; i < count; i++) {
        source[i] = trial->seed + i * WORD_STEP;
        sink[i] = ~source[i];
    }
    const struct mcb_region *regions = trial->registration->regions;
    size_t region_count = trial->registration->count;
    uint64_t *local = which == WRITES ? source : sink, *remote = which == WRITES ? sink : source;
    const struct mcb_region *here =
        mcb_region_find(regions, region_count, (uintptr_t)local, trial->bytes);
    const struct mcb_region *there =
        mcb_region_find(regions, region_count, (uintptr_t)remote, trial->bytes);
    if (!here || !there)
        return mcb_error_set(error, MCB_FAULT_RDMA_MR_SIZE, "%s: no region holds %llu bytes",
                             trial->options->device->name, (unsigned long long)trial->bytes);
    const struct mcb_slot message = {.local = (uintptr_t)local,
                                     .local_key = here->local_key,
                                     .remote = (uintptr_t)remote,
                                     .remote_key = there->remote_key};
    if (mcb_loopback_set_transfer(trial->sets[which], &message, &trial->call, &cause) < 0)
        return judge_transfer(trial, what, &cause, error);
    return compare(trial, !from, what, error);
}

static int make_trial(struct trial *trial, enum mcb_trial_step *reached, struct mcb_error *error)
{
    if (make_sets(trial, error) < 0)
        return -1;
    *reached = MCB_TRIAL_QUEUE_PAIRS;
    if (make_memory(trial, error) < 0)
        return -1;
    *reached = MCB_TRIAL_REGISTERED;
    if (connect_sets(trial, error) < 0)
        return -1;
    *reached = MCB_TRIAL_CONNECTED;
    if (carry(trial, WRITES, 0, "an RDMA write", error) < 0 ||
        carry(trial, READS, 1, "an RDMA read", error) < 0)
        return -1;
    *reached = MCB_TRIAL_VERIFIED;
    return 0;
}

int mcb_loopback_trial(const struct mcb_loopback_options *options, uint64_t bytes,
                       const struct mcb_loopback_limits *limits, enum mcb_trial_step *reached,
                       struct mcb_error *error)
{
    static const atomic_bool never;
    struct trial trial = {.options = options,
                          .bytes = bytes,
                          .call = {.deadline_ns = mcb_clock_ns() + limits->most_ns,
                                   .abort = limits->abort ? limits->abort : &never}};
    *reached = MCB_TRIAL_NOTHING;
    int status = make_trial(&trial, reached, error);
    for (int i = 0; i < SETS; i++)
        mcb_queue_set_close(trial.sets[i]);
    mcb_registration_close(trial.registration);
    mcb_buffer_free(&trial.buffer);
    return status;
}
