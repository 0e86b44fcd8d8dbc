/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <infiniband/verbs.h>

#include "rdma/completion.h"
#include "rdma/post.h"
#include "rdma/staged_parts.h"

enum { POLL_MOST = 4, RECEIVE_BATCH_MOST = 16 };

/* How a wait ended. */
enum outcome { FAILED = -1, CAME, SERVED_OUT };

struct ping {
    struct mcb_staged *staged;
    struct mcb_queue_set *set;
    struct mcb_queue_pair *pair;
    struct mcb_staged_role role;
    const struct mcb_loop *loop;
    struct mcb_latency *latency;
    struct mcb_loop_watch watch;
    bool arrived; /* and not yet waited for */
    uint64_t sent, received;
};

/* Slot 0, there and then. */
static int copy_slot(struct ping *ping, struct mcb_copy_queue *queue, struct mcb_error *error)
{
    uint32_t index, count;
    if (mcb_copy_queue_start(queue, 0, 0, 1, error) < 0)
        return mcb_staged_stop(ping->set);
    for (;;) {
        if (mcb_copy_queue_look(queue, error) < 0)
            return mcb_staged_stop(ping->set);
        if (mcb_copy_queue_next(queue, &index, &count))
            return 0;
        if (mcb_loop_idle(ping->loop, &ping->watch, ping->set, error) < 0)
            return -1;
    }
}

/* What the n-th message to this side says: a message in slot 0, or the question of a reader. */
static uint32_t immediate_expected(const struct ping *ping)
{
    return ping->role.receives ? 0 : (uint32_t)ping->received | MCB_IMMEDIATE_CREDIT;
}

static int take_ping(struct ping *ping, const struct ibv_wc *done, struct mcb_error *error)
{
    uint32_t immediate;
    if (!(done->wr_id & MCB_WORK_RECEIVE)) {
        ping->pair->in_flight--;
        return 0;
    }
    ping->pair->owed_receives++;
    if (!mcb_staged_immediate(done, &immediate))
        return mcb_staged_refuse(ping->set, ping->pair, "a message of opcode",
                                 (uint32_t)done->opcode, error);
    if (ping->arrived || mcb_work_queue_pair(done->wr_id) != 0 ||
        immediate != immediate_expected(ping))
        return mcb_staged_refuse(ping->set, ping->pair, "an immediate of", immediate, error);
    ping->arrived = true;
    ping->received++;
    return 0;
}

static int poll_pings(struct ping *ping, struct mcb_error *error)
{
    struct ibv_wc batch[POLL_MOST];
    int count = ibv_poll_cq(ping->set->completions, POLL_MOST, batch);
    if (count < 0)
        return mcb_loop_call_failed(ping->set, "polling for completions", EIO, error);
    for (int i = 0; i < count; i++) {
        if (batch[i].status != IBV_WC_SUCCESS)
            return mcb_queue_set_fail(ping->set, &batch[i], count - i, error);
        if (take_ping(ping, &batch[i], error) < 0)
            return -1;
    }
    return count > 0 ? 0 : mcb_loop_idle(ping->loop, &ping->watch, ping->set, error);
}

/* The responder is through when everything that was sent to it has come in and is answered. */
static bool is_served_out(const struct ping *ping)
{
    return !ping->latency->initiator && ping->pair->in_flight == 0 && !ping->arrived &&
           ping->received >= atomic_load_explicit(ping->loop->expected, memory_order_acquire);
}

/* Waits until this side's message is complete and the other side's is in memory. */
static enum outcome hear(struct ping *ping, struct mcb_error *error)
{
    while (ping->pair->in_flight > 0 || !ping->arrived) {
        if (is_served_out(ping))
            return SERVED_OUT;
        if (poll_pings(ping, error) < 0)
            return FAILED;
    }
    ping->arrived = false;
    if (ping->role.receives && copy_slot(ping, ping->staged->in, error) < 0)
        return FAILED;
    uint32_t quarter = ping->pair->receive_count / 4;
    uint32_t from = quarter < RECEIVE_BATCH_MOST ? quarter : RECEIVE_BATCH_MOST;
    return mcb_loop_receive(ping->set, ping->pair, from, error) < 0 ? FAILED : CAME;
}

static int speak(struct ping *ping, struct mcb_error *error)
{
    if (ping->role.sends && copy_slot(ping, ping->staged->out, error) < 0)
        return -1;
    int failed = ping->role.sends
                     ? ping->set->post_immediate(ping->pair, 0, 1)
                     : mcb_post_credit(ping->pair, (uint32_t)ping->sent & ~MCB_IMMEDIATE_CREDIT);
    if (failed)
        return mcb_loop_call_failed(ping->set, "posting a message", failed, error);
    ping->pair->in_flight++;
    ping->sent++;
    return 0;
}

static int ask(void *argument, struct mcb_error *error)
{
    struct ping *ping = argument;
    return speak(ping, error) < 0 || hear(ping, error) != CAME ? -1 : 0;
}

static int initiate(struct ping *ping, struct mcb_error *error)
{
    unsigned ways = ping->role.sends && ping->role.receives ? 2 : 1;
    return mcb_latency_time(ping->set, ping->loop, ping->latency, ways, ask, ping, &ping->sent,
                            error);
}

static int respond(struct ping *ping, struct mcb_error *error)
{
    mcb_loop_publish(ping->loop, 0);
    for (;;) {
        enum outcome outcome = hear(ping, error);
        if (outcome != CAME)
            return outcome == SERVED_OUT ? 0 : -1;
        if (speak(ping, error) < 0)
            return -1;
    }
}

int mcb_staged_latency(struct mcb_staged *staged, struct mcb_staged_role role,
                       const struct mcb_loop *loop, struct mcb_latency *latency,
                       struct mcb_error *error)
{
    struct ping ping = {.staged = staged,
                        .set = staged->set,
                        .pair = &staged->set->pairs[0],
                        .role = role,
                        .loop = loop,
                        .latency = latency};
    latency->samples_count = 0;
    if ((latency->initiator ? initiate(&ping, error) : respond(&ping, error)) < 0)
        return -1;
    return mcb_loop_receive(ping.set, ping.pair, 1, error);
}
