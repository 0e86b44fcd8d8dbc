/* SPDX-License-Identifier: Apache-2.0 */
#include "rdma/latency.h"

#include <errno.h>
#include <infiniband/verbs.h>

#include "common/clock.h"
#include "rdma/completion.h"

enum { POLL_MOST = 4, RECEIVE_BATCH_MOST = 16, SPINS_BETWEEN_LOOKS = 64 };

/* How a wait ended. */
enum outcome { FAILED = -1, CAME, SERVED_OUT };

struct run {
    struct mcb_queue_set *set;
    const struct mcb_loop *loop;
    struct mcb_latency *latency;
    struct mcb_queue_pair *pair;
    struct mcb_loop_watch watch;
    uint32_t arrivals; /* came in and not yet waited for */
    uint64_t sent, received;
    uint8_t round; /* MEMORY_POLL: the byte of this round */
};

const char *mcb_latency_method_name(enum mcb_latency_method method)
{
    static const char *const names[] = {"completion", "ping-pong", "write-imm", "memory-poll"};
    return names[method];
}

static int post_one(struct run *run, mcb_post_function *post, struct mcb_error *error)
{
    struct mcb_queue_pair *pair = run->pair;
    uint32_t slot = 0;
    if (run->latency->method == MCB_LATENCY_PING_PONG) {
        slot = pair->next_slot;
        pair->next_slot = slot + 1 == pair->depth ? 0 : slot + 1;
    }
    int failed = post(pair, slot, 1);
    if (failed)
        return mcb_loop_call_failed(run->set, "posting a message", failed, error);
    pair->in_flight++;
    run->sent++;
    return 0;
}

static int take(struct run *run, const struct ibv_wc *batch, int count, struct mcb_error *error)
{
    for (int i = 0; i < count; i++) {
        if (batch[i].status != IBV_WC_SUCCESS)
            return mcb_queue_set_fail(run->set, &batch[i], count - i, error);
        if (batch[i].wr_id & MCB_WORK_RECEIVE) {
            run->arrivals++;
            run->received++;
            run->pair->owed_receives++;
        } else {
            run->pair->in_flight--;
        }
    }
    return 0;
}

/* The responder is through when everything that was sent to it has come in and is answered. */
static bool is_served_out(const struct run *run)
{
    return !run->latency->initiator && run->pair->in_flight == 0 && run->arrivals == 0 &&
           run->received >= atomic_load_explicit(run->loop->expected, memory_order_acquire);
}

/* Waits until this side's message is complete and, if asked, the other side's has come. */
static enum outcome await_completions(struct run *run, bool arrival, struct mcb_error *error)
{
    struct ibv_wc batch[POLL_MOST];
    while (run->pair->in_flight > 0 || (arrival && run->arrivals == 0)) {
        int count = ibv_poll_cq(run->set->completions, POLL_MOST, batch);
        if (count < 0) {
            mcb_loop_call_failed(run->set, "polling for completions", EIO, error);
            return FAILED;
        }
        if (count > 0 ? take(run, batch, count, error) < 0
                      : mcb_loop_idle(run->loop, &run->watch, run->set, error) < 0)
            return FAILED;
        if (count == 0 && arrival && is_served_out(run))
            return SERVED_OUT;
    }
    if (!arrival)
        return CAME;
    run->arrivals--;
    return mcb_loop_receive(run->set, run->pair, RECEIVE_BATCH_MOST, error) < 0 ? FAILED : CAME;
}

static enum outcome await_byte(struct run *run, struct mcb_error *error)
{
    const uint8_t *byte = run->latency->in_last;
    uint32_t spins = 0;
    while (__atomic_load_n(byte, __ATOMIC_ACQUIRE) != run->round) {
        if (++spins < SPINS_BETWEEN_LOOKS && !run->loop->yield)
            continue;
        spins = 0;
        if (is_served_out(run))
            return SERVED_OUT;
        if (mcb_loop_idle(run->loop, &run->watch, run->set, error) < 0)
            return FAILED;
    }
    run->received++;
    return CAME;
}

/* One way: the message of this side, complete. */
static int speak(struct run *run, bool by_memory, struct mcb_error *error)
{
    mcb_post_function *post =
        run->latency->method == MCB_LATENCY_WRITE_IMM ||
                (run->latency->method == MCB_LATENCY_MEMORY_POLL && !by_memory)
            ? run->set->post_immediate
            : run->set->post;
    if (run->latency->method == MCB_LATENCY_MEMORY_POLL)
        __atomic_store_n(run->latency->out_last, run->round, __ATOMIC_RELEASE);
    return post_one(run, post, error);
}

static enum outcome listen_to_peer(struct run *run, bool by_memory, struct mcb_error *error)
{
    if (!by_memory)
        return await_completions(run, run->latency->method != MCB_LATENCY_COMPLETION, error);
    enum outcome outcome = await_completions(run, false, error);
    return outcome == CAME ? await_byte(run, error) : outcome;
}

/* The initiator's half of a round. */
static int ask(struct run *run, bool by_memory, struct mcb_error *error)
{
    return speak(run, by_memory, error) < 0 || listen_to_peer(run, by_memory, error) != CAME ? -1
                                                                                             : 0;
}

static int ask_once(void *argument, struct mcb_error *error)
{
    struct run *run = argument;
    run->round++;
    return ask(run, run->latency->method == MCB_LATENCY_MEMORY_POLL, error);
}

static bool wants_sample(const struct mcb_latency *latency, const struct mcb_loop *loop,
                         int64_t now_ns)
{
    size_t most = latency->samples_most;
    if (most > 0 && latency->samples_count == 0)
        return true;
    return now_ns < loop->end_ns && (most == 0 || latency->samples_count < most);
}

int mcb_latency_time(struct mcb_queue_set *set, const struct mcb_loop *loop,
                     struct mcb_latency *latency, unsigned ways,
                     int (*ask_peer)(void *run, struct mcb_error *error), void *run,
                     const uint64_t *sent, struct mcb_error *error)
{
    int64_t begin_ns = mcb_clock_ns();
    do {
        if (ask_peer(run, error) < 0)
            return -1;
        int64_t now_ns = mcb_clock_ns();
        if (begin_ns >= loop->start_ns && latency->samples_count < latency->samples_most)
            latency->samples_ns[latency->samples_count++] = (uint64_t)(now_ns - begin_ns) / ways;
        begin_ns = now_ns;
        if (mcb_loop_check(loop, set, now_ns, error) < 0)
            return -1;
    } while (wants_sample(latency, loop, begin_ns));
    mcb_loop_publish(loop, *sent);
    return 0;
}

static int initiate(struct run *run, struct mcb_error *error)
{
    unsigned ways = run->latency->method == MCB_LATENCY_COMPLETION ? 1 : 2;
    if (run->latency->method == MCB_LATENCY_MEMORY_POLL && ask(run, false, error) < 0)
        return -1;
    return mcb_latency_time(run->set, run->loop, run->latency, ways, ask_once, run, &run->sent,
                            error);
}

static int respond(struct run *run, struct mcb_error *error)
{
    bool by_memory = false; /* the first round of MEMORY_POLL is not */
    mcb_loop_publish(run->loop, 0);
    if (run->latency->method == MCB_LATENCY_COMPLETION)
        return 0;
    for (;;) {
        enum outcome outcome = listen_to_peer(run, by_memory, error);
        if (outcome != CAME)
            return outcome == SERVED_OUT ? 0 : -1;
        if (speak(run, by_memory, error) < 0)
            return -1;
        by_memory = run->latency->method == MCB_LATENCY_MEMORY_POLL;
        run->round++;
    }
}

int mcb_latency_run(struct mcb_queue_set *set, const struct mcb_loop *loop,
                    struct mcb_latency *latency, struct mcb_error *error)
{
    struct run run = {.set = set, .loop = loop, .latency = latency, .pair = &set->pairs[0]};
    latency->samples_count = 0;
    if ((latency->initiator ? initiate(&run, error) : respond(&run, error)) < 0)
        return -1;
    return mcb_loop_receive(set, run.pair, 1, error);
}
