/* SPDX-License-Identifier: Apache-2.0 */
#include "rdma/loop.h"

#include <string.h>
#include <time.h>
#include <unistd.h>

#include "common/clock.h"

void mcb_loop_publish(const struct mcb_loop *loop, uint64_t sent)
{
    uint64_t one = 1;
    atomic_store(loop->sent, sent);
    if (loop->sent_event >= 0 && write(loop->sent_event, &one, sizeof(one)) < 0)
        return; /* the counter is full: whoever waits on it is told already */
}

/* A short sleep and no sched_yield(): among more spinning threads than CPUs that would leave
 * nothing for the threads that are not spinning, the kernel's and the peers' among them. */
void mcb_loop_yield(void)
{
    const struct timespec rest = {.tv_nsec = 20000};
    nanosleep(&rest, NULL);
}

int mcb_loop_check(const struct mcb_loop *loop, struct mcb_queue_set *set, int64_t now_ns,
                   struct mcb_error *error)
{
    if (atomic_load_explicit(loop->abort, memory_order_relaxed)) {
        mcb_queue_set_stop(set);
        return mcb_error_set(error, MCB_FAULT_RUN_INTERRUPTED, "%s: the transfer was interrupted",
                             set->path);
    }
    if (now_ns < loop->deadline_ns)
        return 0;
    uint64_t in_flight = 0;
    for (uint32_t i = 0; i < set->options.count; i++)
        in_flight += set->pairs[i].in_flight;
    mcb_queue_set_stop(set);
    return mcb_error_set(error, MCB_FAULT_RDMA_STUCK,
                         "%s: not done at the deadline: %llu messages of this side are not "
                         "acknowledged%s",
                         set->path, (unsigned long long)in_flight,
                         in_flight == 0 ? ", what it waits for does not come in" : "");
}

int mcb_loop_look(const struct mcb_loop *loop, struct mcb_queue_set *set, struct mcb_error *error)
{
    return mcb_loop_check(loop, set, mcb_clock_ns(), error);
}

int mcb_loop_call_failed(struct mcb_queue_set *set, const char *call, int failed,
                         struct mcb_error *error)
{
    mcb_queue_set_stop(set);
    return mcb_error_set(error, MCB_FAULT_RDMA_COMPLETION, "%s: %s failed: %s (errno %d)",
                         set->path, call, strerror(failed), failed);
}

int mcb_loop_receive(struct mcb_queue_set *set, struct mcb_queue_pair *pair, uint32_t least,
                     struct mcb_error *error)
{
    if (pair->owed_receives < least)
        return 0;
    int failed = mcb_queue_pair_receive(pair, pair->owed_receives);
    return failed ? mcb_loop_call_failed(set, "posting receives", failed, error) : 0;
}
