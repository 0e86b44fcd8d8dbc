/* SPDX-License-Identifier: Apache-2.0 */
/* The end of a set whose task failed or was stopped. */
#include <infiniband/verbs.h>
#include <stdio.h>

#include "common/clock.h"
#include "rdma/completion.h"
#include "rdma/queue_pair.h"

enum { POLL_MOST = 32 };

/* What the completions of a failure amount to. */
struct failure {
    struct ibv_wc first; /* a flush only as long as there is nothing better */
    bool known;
    uint64_t flushed;
};

static void failure_add(struct failure *failure, const struct ibv_wc *batch, int count)
{
    for (int i = 0; i < count; i++) {
        bool flush = mcb_completion_is_flush(batch[i].status);
        failure->flushed += flush;
        if (batch[i].status == IBV_WC_SUCCESS ||
            (failure->known && (flush || !mcb_completion_is_flush(failure->first.status))))
            continue;
        failure->first = batch[i];
        failure->known = true;
    }
}

static void drain(struct mcb_queue_set *set, struct failure *failure)
{
    struct ibv_qp_attr attributes = {.qp_state = IBV_QPS_ERR};
    struct ibv_wc batch[POLL_MOST];
    int64_t start_ns = mcb_clock_ns(), last_ns = start_ns, now_ns = start_ns;
    for (uint32_t i = 0; i < set->options.count; i++)
        ibv_modify_qp(set->pairs[i].handle, &attributes, IBV_QP_STATE);
    set->broken = true;
    while (now_ns - last_ns < 10 * MCB_NS_PER_MS && now_ns - start_ns < 100 * MCB_NS_PER_MS) {
        int count = ibv_poll_cq(set->completions, POLL_MOST, batch);
        now_ns = mcb_clock_ns();
        if (count < 0)
            break;
        if (count > 0)
            last_ns = now_ns;
        failure_add(failure, batch, count);
    }
}

void mcb_queue_set_stop(struct mcb_queue_set *set)
{
    struct failure failure = {.known = false};
    drain(set, &failure);
}

/* 0: not known. */
static uint32_t peer_number(const struct mcb_queue_set *set, uint32_t number)
{
    for (uint32_t i = 0; i < set->options.count; i++)
        if (set->pairs[i].number == number)
            return set->pairs[i].peer_number;
    return 0;
}

int mcb_queue_set_fail(struct mcb_queue_set *set, const struct ibv_wc *failed, int count,
                       struct mcb_error *error)
{
    struct failure failure = {.known = false};
    failure_add(&failure, failed, count);
    drain(set, &failure);
    const struct ibv_wc *first = &failure.first;
    char peer[32] = "";
    uint32_t number = peer_number(set, first->qp_num);
    if (number > 0)
        snprintf(peer, sizeof(peer), " (of the peer: %u)", number);
    set->failed_status = first->status;
    return mcb_error_set(error, mcb_completion_fault(first->status),
                         "%s: %s on queue pair %u%s failed: %s (status %u, vendor's 0x%x); %llu "
                         "completions were flushed",
                         set->path, first->wr_id & MCB_WORK_RECEIVE ? "a receive" : "a transfer",
                         first->qp_num, peer, mcb_completion_text(first->status),
                         (unsigned)first->status, first->vendor_err,
                         (unsigned long long)failure.flushed);
}
