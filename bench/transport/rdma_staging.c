/* SPDX-License-Identifier: Apache-2.0 */
#include "bench/transport/rdma_staging.h"

#include "common/memory.h"

/* Whatever the operation, the side that the bytes come from writes them. */
static struct mcb_staged_role role_of(const struct mcb_side *side, enum mcb_task_kind kind)
{
    bool reads = side->cell.operation == MCB_OPERATION_READ;
    bool initiator = side->role == MCB_ROLE_INITIATOR;
    bool both = side->cell.bidirectional || (kind == MCB_TASK_LATENCY && !reads);
    return (struct mcb_staged_role){.sends = both || initiator != reads,
                                    .receives = both || initiator == reads};
}

/* Host memory takes part in the credits, but nothing of it is copied. */
static int open_in_place(struct mcb_side *side, struct mcb_error *error)
{
    struct mcb_staging *staging = &side->staging;
    struct mcb_buffer host = {.kind = &mcb_memory_host};
    uint32_t depth = side->cell.depth;
    if (staging->out_copies)
        return 0;
    return mcb_copy_queue_open(&host, &side->out, &side->out, depth, &staging->out_copies, error) <
                       0 ||
                   mcb_copy_queue_open(&host, &side->in, &side->in, depth, &staging->in_copies,
                                       error) < 0
               ? -1
               : 0;
}

int mcb_rdma_staging_open(struct mcb_side *side, struct mcb_error *error)
{
    if (side->cell.route != MCB_ROUTE_STAGED)
        return 0;
    if (open_in_place(side, error) < 0)
        return -1;
    return mcb_staged_open(side->set, side->staging.out_copies, side->staging.in_copies,
                           &side->staged, error);
}

void mcb_rdma_staging_close(struct mcb_side *side)
{
    mcb_staged_close(side->staged);
    mcb_staging_close(&side->staging);
}

static int run_window(struct mcb_side *side, const struct mcb_loop *loop, struct mcb_task *task,
                      struct mcb_error *error)
{
    struct mcb_bandwidth window;
    if (mcb_staged_window(side->staged, role_of(side, task->kind), loop, &window, error) < 0)
        return -1;
    task->window_bytes = window.bytes;
    task->window_messages = window.messages;
    task->window_ns = window.length_ns;
    return 0;
}

static int run_latency(struct mcb_side *side, const struct mcb_loop *loop, struct mcb_task *task,
                       struct mcb_error *error)
{
    struct mcb_latency latency = {
        .initiator = side->role == MCB_ROLE_INITIATOR,
        .samples_ns = task->samples_ns,
        .samples_most = task->samples_ns ? task->samples_most : 0,
    };
    if (mcb_staged_latency(side->staged, role_of(side, task->kind), loop, &latency, error) < 0)
        return -1;
    task->samples_count = latency.samples_count;
    return 0;
}

int mcb_rdma_staging_run(struct mcb_side *side, const struct mcb_loop *loop, struct mcb_task *task,
                         struct mcb_error *error)
{
    switch (task->kind) {
    case MCB_TASK_WINDOW:
        return run_window(side, loop, task, error);
    case MCB_TASK_LAP:
        return mcb_staged_lap(side->staged, role_of(side, task->kind), loop, error);
    default:
        return run_latency(side, loop, task, error);
    }
}
