/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Two sets of one queue pair each, one that writes and one that reads, each the other's peer: what
 * one of them addresses as remote memory is memory of this process as well. Every transfer is of 8
 * bytes, alone in flight, with the page of host memory on its other end.
 *
 * A proof does at each place all four things that cells do to memory: the NIC reads it and writes
 * it, each by the remote and by the local key, since these may lead through different tables. Each
 * step has a value that no other step ever had, so that bytes of an earlier one do not pass.
 *
 * A transfer that fails breaks both sets; the next call opens them anew. Sets that were opened
 * first carry a value from one word of the page to another: only a NIC that reaches itself can
 * prove anything of other memory.
 */
#include "rdma/loopback.h"

#include <errno.h>
#include <infiniband/verbs.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <unistd.h>

#include "common/clock.h"
#include "common/memory.h"
#include "rdma/device.h"
#include "rdma/loop.h"
#include "rdma/loopback_parts.h"
#include "rdma/queue_pair.h"

enum { MESSAGE_BYTES = sizeof(uint64_t) };
enum { WRITES, READS, SETS };

/* A transfer is polled for without rest for so long: a NIC of hardware needs no longer. */
#define SPIN_NS MCB_NS_PER_MS

/* 134 ms (see queue_connect.c): seven of them are 0.9 s. There is no network in between. */
enum { ACK_TIMEOUT = 15 };

/* Odd, so that adding it again and again goes through all values (Weyl's sequence). */
#define VALUE_STEP UINT64_C(0x9e3779b97f4a7c15)

struct mcb_loopback {
    struct mcb_loopback_options options;
    pthread_mutex_t lock; /* an endpoint may have a side in each of two threads */
    struct mcb_buffer page;
    struct mcb_registration *registration; /* of the page */
    struct mcb_queue_set *sets[SETS];
    uint64_t value;       /* the last one used */
    struct mcb_loop call; /* deadline and abort flag of the call under way */
};

/* ---- queue pairs ---- */

static void close_sets(struct mcb_loopback *loopback)
{
    for (int i = 0; i < SETS; i++) {
        mcb_queue_set_close(loopback->sets[i]);
        loopback->sets[i] = NULL;
    }
}

int mcb_loopback_set_open(const struct mcb_loopback_options *options, enum mcb_verb verb,
                          uint64_t message_bytes, struct mcb_queue_set **set,
                          struct mcb_error *error)
{
    const struct mcb_queue_options queues = {
        .device = options->device,
        .gid = options->gid,
        .port = options->port,
        .ethernet = options->ethernet,
        .lid = options->lid,
        .mtu_bytes = options->mtu_bytes,
        .verb = verb,
        .message_bytes = message_bytes,
        .message_most = message_bytes,
        .count = 1,
        .depth = 1,
        .signal_every = 1,
        .initiates = true,
        .ack_timeout = ACK_TIMEOUT,
    };
    return mcb_queue_set_open(&queues, set, error);
}

int mcb_loopback_set_connect(struct mcb_queue_set *set, const struct mcb_queue_set *other,
                             const struct mcb_loopback_options *options, struct mcb_error *error)
{
    struct mcb_queue_peer peer = {
        .lid = options->lid,
        .mtu_bytes = options->mtu_bytes,
        .reads_as_target = other->reads_as_target,
        .numbers = &other->pairs[0].number,
        .sequences = &other->pairs[0].sequence,
    };
    memcpy(peer.gid, options->gid->bytes, sizeof(peer.gid));
    return mcb_queue_set_connect(set, &peer, error);
}

/* ---- one transfer ---- */

static int wait_for_completion(const struct mcb_loop *call, struct mcb_queue_set *set,
                               struct mcb_error *error)
{
    int64_t start_ns = mcb_clock_ns();
    for (;;) {
        struct ibv_wc completion;
        int count = ibv_poll_cq(set->completions, 1, &completion);
        if (count < 0)
            return mcb_loop_call_failed(set, "ibv_poll_cq", -count, error);
        if (count > 0)
            return completion.status == IBV_WC_SUCCESS
                       ? 0
                       : mcb_queue_set_fail(set, &completion, count, error);
        int64_t now_ns = mcb_clock_ns();
        if (mcb_loop_check(call, set, now_ns, error) < 0)
            return -1;
        if (now_ns - start_ns > SPIN_NS)
            mcb_loop_yield();
    }
}

int mcb_loopback_set_transfer(struct mcb_queue_set *set, const struct mcb_slot *message,
                              const struct mcb_loop *call, struct mcb_error *error)
{
    mcb_queue_set_assign(set, 0, 0, message, 0, 0);
    int failed = set->post(&set->pairs[0], 0, 1);
    if (failed)
        return mcb_loop_call_failed(set, "posting a transfer", failed, error);
    set->pairs[0].in_flight = 1;
    int status = wait_for_completion(call, set, error);
    set->pairs[0].in_flight = 0;
    return status;
}

/* Between 8 bytes at `address` of a region and the page. by_remote_key: of the region. */
static int transfer(struct mcb_loopback *loopback, int which, const struct mcb_region *region,
                    uint64_t address, bool by_remote_key, struct mcb_error *error)
{
    const struct mcb_region *page = &loopback->registration->regions[0];
    const struct mcb_slot message = {
        .local = by_remote_key ? page->address : address,
        .local_key = by_remote_key ? page->local_key : region->local_key,
        .remote = by_remote_key ? address : page->address,
        .remote_key = by_remote_key ? region->remote_key : page->remote_key,
    };
    return mcb_loopback_set_transfer(loopback->sets[which], &message, &loopback->call, error);
}

/* ---- sets that work ---- */

/* Between the first two words of the page. */
static int try_itself(struct mcb_loopback *loopback, int which, struct mcb_error *error)
{
    const struct mcb_region *page = &loopback->registration->regions[0];
    uint64_t *words = loopback->page.address, expected = loopback->value += VALUE_STEP;
    size_t to = which == WRITES;
    words[!to] = expected;
    words[to] = ~expected;
    if (transfer(loopback, which, page, page->address + MESSAGE_BYTES, true, error) < 0)
        return -1;
    return words[to] == expected
               ? 0
               : mcb_error_set(error, MCB_FAULT_DATA_CORRUPT,
                               "0x%016llx came in place of 0x%016llx, without fault",
                               (unsigned long long)words[to], (unsigned long long)expected);
}

static int connect_sets(struct mcb_loopback *loopback, struct mcb_error *error)
{
    struct mcb_queue_set **sets = loopback->sets;
    return mcb_loopback_set_connect(sets[WRITES], sets[READS], &loopback->options, error) < 0 ||
                   mcb_loopback_set_connect(sets[READS], sets[WRITES], &loopback->options, error) <
                       0 ||
                   try_itself(loopback, WRITES, error) < 0 || try_itself(loopback, READS, error) < 0
               ? -1
               : 0;
}

static int refuse_itself(const struct mcb_loopback *loopback, const struct mcb_error *cause,
                         struct mcb_error *error)
{
    const struct mcb_loopback_options *options = &loopback->options;
    if (cause->code != MCB_FAULT_RUN_INTERRUPTED)
        return mcb_error_set(error, MCB_FAULT_RDMA_LOOPBACK,
                             "%s port %u does not reach itself, from host memory to host memory: "
                             "%s",
                             options->device->name, options->port, cause->detail);
    *error = *cause;
    return -1;
}

/* Those that there are, or new ones. */
static int open_sets(struct mcb_loopback *loopback, struct mcb_error *error)
{
    struct mcb_queue_set **sets = loopback->sets;
    struct mcb_error cause;
    if (sets[WRITES] && sets[READS] && !sets[WRITES]->broken && !sets[READS]->broken)
        return 0;
    close_sets(loopback);
    if (mcb_loopback_set_open(&loopback->options, MCB_VERB_WRITE, MESSAGE_BYTES, &sets[WRITES],
                              error) == 0 &&
        mcb_loopback_set_open(&loopback->options, MCB_VERB_READ, MESSAGE_BYTES, &sets[READS],
                              error) == 0) {
        if (connect_sets(loopback, &cause) == 0)
            return 0;
        refuse_itself(loopback, &cause, error);
    }
    close_sets(loopback);
    return -1;
}

/* ---- calls ---- */

static void begin(struct mcb_loopback *loopback, const struct mcb_loopback_limits *limits)
{
    static const atomic_bool never;
    pthread_mutex_lock(&loopback->lock); /* held for the limit of another call at most */
    loopback->call = (struct mcb_loop){.deadline_ns = mcb_clock_ns() + limits->most_ns,
                                       .abort = limits->abort ? limits->abort : &never};
}

static int end(struct mcb_loopback *loopback, int status)
{
    pthread_mutex_unlock(&loopback->lock);
    return status;
}

static int make_page(struct mcb_loopback *loopback, struct mcb_error *error)
{
    const struct mcb_registration_options registration = {
        .way = MCB_REGISTER_ADDRESS, .most_bytes = UINT64_MAX, .message_bytes = MESSAGE_BYTES};
    if (getrandom(&loopback->value, sizeof(loopback->value), 0) != sizeof(loopback->value))
        return mcb_error_set(error, MCB_FAULT_HOST_SYSTEM, "getrandom: no random bytes: %s",
                             strerror(errno));
    return mcb_buffer_allocate(&loopback->page, (size_t)sysconf(_SC_PAGESIZE), -1, false, error) <
                       0 ||
                   mcb_registration_open(loopback->options.device, &loopback->page, &registration,
                                         &loopback->registration, error) < 0
               ? -1
               : 0;
}

int mcb_loopback_open(const struct mcb_loopback_options *options,
                      const struct mcb_loopback_limits *limits, struct mcb_loopback **loopback,
                      struct mcb_error *error)
{
    struct mcb_loopback *opened = calloc(1, sizeof(*opened));
    if (!opened)
        return mcb_error_set(error, MCB_FAULT_HOST_MEMORY, "%s: no memory for a loopback",
                             options->device->name);
    opened->options = *options;
    pthread_mutex_init(&opened->lock, NULL);
    begin(opened, limits);
    if (end(opened, make_page(opened, error) < 0 ? -1 : open_sets(opened, error)) < 0) {
        mcb_loopback_close(opened);
        return -1;
    }
    *loopback = opened;
    return 0;
}

void mcb_loopback_close(struct mcb_loopback *loopback)
{
    if (!loopback)
        return;
    close_sets(loopback);
    mcb_registration_close(loopback->registration);
    mcb_buffer_free(&loopback->page);
    pthread_mutex_destroy(&loopback->lock);
    free(loopback);
}

static int flush(struct mcb_loopback *loopback, const struct mcb_registration *registration,
                 struct mcb_error *error)
{
    const struct mcb_region *first = &registration->regions[0];
    if (open_sets(loopback, error) < 0)
        return -1;
    return transfer(loopback, READS, first, first->address, true, error);
}

int mcb_loopback_flush(struct mcb_loopback *loopback, const struct mcb_registration *registration,
                       const struct mcb_loopback_limits *limits, struct mcb_error *error)
{
    begin(loopback, limits);
    return end(loopback, flush(loopback, registration, error));
}

/* ---- proof ---- */

struct step {
    int set;
    bool into; /* the memory, else out of it */
    const char *what;
};

static const struct step steps[] = {
    {READS, false, "an RDMA read from"},
    {WRITES, true, "an RDMA write to"},
    {WRITES, false, "an RDMA write out of"},
    {READS, true, "an RDMA read into"},
};

/* Memory under proof. */
struct proof {
    const struct mcb_buffer *buffer;
    const struct mcb_registration *registration;
    const struct mcb_region *region;
    uint64_t address;
};

/* how: a clause. */
static int refuse(const struct mcb_loopback *loopback, const struct proof *proof,
                  const struct step *step, enum mcb_fault_code fault, const char *how,
                  struct mcb_error *error)
{
    const struct mcb_buffer *buffer = proof->buffer;
    return mcb_error_set(error, fault, "%s and %s, registered %s: %s byte %llu of %zu %s",
                         loopback->options.device->name, buffer->memory,
                         mcb_registration_way_text(proof->registration->way), step->what,
                         (unsigned long long)(proof->address - (uintptr_t)buffer->address),
                         buffer->length_bytes, how);
}

/* Of host memory the transfer's own fault says it all. A NIC that no longer reaches itself, and an
 * interruption, say nothing of the memory. */
static int refuse_transfer(const struct mcb_loopback *loopback, const struct proof *proof,
                           const struct step *step, const struct mcb_error *cause,
                           struct mcb_error *error)
{
    char how[sizeof(cause->detail) + sizeof("failed: ")];
    if (!mcb_buffer_is_of_gpu(proof->buffer) || cause->code == MCB_FAULT_RDMA_LOOPBACK ||
        cause->code == MCB_FAULT_RUN_INTERRUPTED) {
        *error = *cause;
        return -1;
    }
    snprintf(how, sizeof(how), "failed: %s", cause->detail);
    return refuse(loopback, proof, step, MCB_FAULT_GPU_UNREACHABLE, how, error);
}

static int refuse_bytes(const struct mcb_loopback *loopback, const struct proof *proof,
                        const struct step *step, uint64_t expected, uint64_t found,
                        struct mcb_error *error)
{
    char how[128];
    snprintf(how, sizeof(how),
             "is complete without fault, but brought 0x%016llx in place of 0x%016llx",
             (unsigned long long)found, (unsigned long long)expected);
    return refuse(loopback, proof, step,
                  mcb_buffer_is_of_gpu(proof->buffer) ? MCB_FAULT_GPU_UNREACHABLE
                                                      : MCB_FAULT_DATA_CORRUPT,
                  how, error);
}

/* What the NIC wrote. */
static int make_visible(struct mcb_loopback *loopback, const struct proof *proof,
                        const struct step *step, struct mcb_error *error)
{
    const struct mcb_memory *kind = proof->buffer->kind;
    struct mcb_error cause;
    switch (kind->flush_way(proof->buffer)) {
    case MCB_FLUSH_CALL:
        return kind->flush(proof->buffer, error);
    case MCB_FLUSH_READ:
        if (flush(loopback, proof->registration, &cause) == 0)
            return 0;
        return refuse_transfer(loopback, proof, step, &cause, error);
    default:
        return 0;
    }
}

static int prove_step(struct mcb_loopback *loopback, const struct proof *proof,
                      const struct step *step, struct mcb_error *error)
{
    const struct mcb_buffer *buffer = proof->buffer;
    void *memory = (uint8_t *)buffer->address + (proof->address - (uintptr_t)buffer->address);
    uint64_t *page = loopback->page.address;
    uint64_t expected = loopback->value += VALUE_STEP, found;
    struct mcb_error cause;
    if (step->into)
        *page = expected;
    else if (buffer->kind->put(buffer, memory, &expected, sizeof(expected), error) < 0)
        return -1;
    bool by_remote_key = (step->set == READS) != step->into;
    if (transfer(loopback, step->set, proof->region, proof->address, by_remote_key, &cause) < 0)
        return refuse_transfer(loopback, proof, step, &cause, error);
    if (!step->into)
        found = *page;
    else if (make_visible(loopback, proof, step, error) < 0 ||
             buffer->kind->get(buffer, &found, memory, sizeof(found), error) < 0)
        return -1;
    return found == expected ? 0 : refuse_bytes(loopback, proof, step, expected, found, error);
}

static int prove_place(struct mcb_loopback *loopback, const struct proof *proof,
                       struct mcb_error *error)
{
    for (size_t i = 0; i < sizeof(steps) / sizeof(steps[0]); i++)
        if (prove_step(loopback, proof, &steps[i], error) < 0)
            return -1;
    return 0;
}

static int prove(struct mcb_loopback *loopback, struct proof *proof, struct mcb_error *error)
{
    if (open_sets(loopback, error) < 0)
        return -1;
    for (size_t i = 0; i < proof->registration->count; i++) {
        proof->region = &proof->registration->regions[i];
        proof->address = proof->region->address;
        if (prove_place(loopback, proof, error) < 0)
            return -1;
        proof->address += proof->region->length_bytes - MESSAGE_BYTES;
        if (prove_place(loopback, proof, error) < 0)
            return -1;
    }
    return 0;
}

int mcb_loopback_prove(struct mcb_loopback *loopback, const struct mcb_buffer *buffer,
                       const struct mcb_registration *registration,
                       const struct mcb_loopback_limits *limits, struct mcb_error *error)
{
    struct proof proof = {.buffer = buffer, .registration = registration};
    begin(loopback, limits);
    return end(loopback, prove(loopback, &proof, error));
}
