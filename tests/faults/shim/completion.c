/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Completions: of each QP the n-th that succeeded gets a status, and the QP goes to the state of
 * error, where the device flushes by itself what has not been sent yet; what had been by then is
 * turned into flushed requests here, as the first error of a real QP does.
 */
#include <pthread.h>
#include <stdlib.h>

#include "shim.h"

struct known_qp {
    struct known_qp *next;
    struct ibv_qp *qp;
    uint64_t completed;
    bool failed;
};

static struct {
    pthread_mutex_t lock;
    struct known_qp *qps;
} state = {.lock = PTHREAD_MUTEX_INITIALIZER};

void mcb_shim_add_qp(struct ibv_qp *qp)
{
    struct known_qp *known = calloc(1, sizeof(*known));
    if (!known)
        return;
    known->qp = qp;
    pthread_mutex_lock(&state.lock);
    known->next = state.qps;
    state.qps = known;
    pthread_mutex_unlock(&state.lock);
}

void mcb_shim_remove_qp(const struct ibv_qp *qp)
{
    pthread_mutex_lock(&state.lock);
    struct known_qp **link = &state.qps, *known;
    while (*link && (*link)->qp != qp)
        link = &(*link)->next;
    if ((known = *link))
        *link = known->next;
    pthread_mutex_unlock(&state.lock);
    free(known);
}

/* Numbers are unique to a device only. */
static struct known_qp *find(const struct ibv_context *context, uint32_t number)
{
    struct known_qp *known = state.qps;
    while (known && (known->qp->context != context || known->qp->qp_num != number))
        known = known->next;
    return known;
}

static void fail(struct known_qp *known, struct ibv_wc *completion, int status)
{
    int (*modify)(struct ibv_qp *, struct ibv_qp_attr *, int);
    mcb_shim_real("ibv_modify_qp", &modify);
    struct ibv_qp_attr attributes = {.qp_state = IBV_QPS_ERR};
    modify(known->qp, &attributes, IBV_QP_STATE);
    known->failed = true;
    completion->status = (enum ibv_wc_status)status;
    completion->vendor_err = 0;
    mcb_shim_injected(MCB_SHIM_COMPLETION);
}

static void change(const struct ibv_context *context, const struct mcb_shim_action *action,
                   struct ibv_wc *completion)
{
    struct known_qp *known = find(context, completion->qp_num);
    if (!known || completion->status != IBV_WC_SUCCESS)
        return;
    if (known->failed)
        completion->status = IBV_WC_WR_FLUSH_ERR;
    else if (!(completion->opcode & IBV_WC_RECV) && ++known->completed >= action->beyond)
        fail(known, completion, action->value);
}

int mcb_shim_poll_cq(struct ibv_cq *cq, int most, struct ibv_wc *completions)
{
    const struct mcb_shim_action *action = mcb_shim_action(MCB_SHIM_COMPLETION, cq->context);
    int count = mcb_shim_device(cq->context)->poll_cq(cq, most, completions);
    if (!action || count <= 0)
        return count;
    pthread_mutex_lock(&state.lock);
    for (int n = 0; n < count; n++)
        change(cq->context, action, &completions[n]);
    pthread_mutex_unlock(&state.lock);
    return count;
}
