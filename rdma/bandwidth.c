/* SPDX-License-Identifier: Apache-2.0 */
#include "rdma/bandwidth.h"

#include <errno.h>
#include <infiniband/verbs.h>

#include "common/clock.h"
#include "common/window.h"
#include "rdma/completion.h"

enum { POLL_MOST = 16, RECEIVE_BATCH_MOST = 16 };

struct run {
    struct mcb_queue_set *set;
    const struct mcb_loop *loop;
    struct mcb_loop_watch watch;
    bool timed;     /* a window, not a lap */
    bool starting;  /* completed messages are followed by new ones */
    bool published; /* all own messages are complete */
    uint64_t started, completed, received;
    struct mcb_window window;                   /* of messages */
    uint64_t batch_messages, batch_completions; /* of a batch that may go on */
    bool filling;                               /* some queue pair has not been full yet */
    uint32_t next_filled;
};

static int start_batch(struct run *run, struct mcb_queue_pair *pair, uint32_t count,
                       struct mcb_error *error)
{
    int failed = run->set->post(pair, pair->next_slot, count);
    if (failed)
        return mcb_loop_call_failed(run->set, "posting messages", failed, error);
    pair->next_slot = (pair->next_slot + count) % pair->depth;
    pair->in_flight += count;
    pair->unused_slots -= count < pair->unused_slots ? count : pair->unused_slots;
    run->started += count;
    return 0;
}

static int start(struct run *run, struct mcb_queue_pair *pair, struct mcb_error *error)
{
    uint32_t batch = run->set->options.signal_every, room;
    while ((room = pair->depth - pair->in_flight) > 0)
        if (start_batch(run, pair, room < batch ? room : batch, error) < 0)
            return -1;
    return 0;
}

/* Posts one batch. The queues fill between polls, as a software NIC sends while it is called: a
 * full depth of it may take longer than the window. What was not used when the window closes is
 * used then, and in a lap nothing else. */
static int fill(struct run *run, struct mcb_error *error)
{
    struct mcb_queue_set *set = run->set;
    uint32_t batch = set->options.signal_every;
    for (uint32_t i = 0; i < set->options.count; i++) {
        struct mcb_queue_pair *pair = &set->pairs[run->next_filled];
        uint32_t room = run->starting ? pair->depth - pair->in_flight : pair->unused_slots;
        run->next_filled = (run->next_filled + 1) % set->options.count;
        if (room > 0)
            return start_batch(run, pair, room < batch ? room : batch, error);
    }
    run->filling = false;
    return 0;
}

static void begin(struct run *run)
{
    struct mcb_queue_set *set = run->set;
    if (!set->options.initiates)
        return;
    for (uint32_t i = 0; i < set->options.count; i++)
        set->pairs[i].unused_slots = set->pairs[i].depth;
    run->starting = run->timed;
    run->filling = true;
}

static int give_receives_back(struct run *run, struct mcb_queue_pair *pair, uint32_t least,
                              struct mcb_error *error)
{
    if (pair->owed_receives < least)
        return 0;
    int failed = mcb_queue_pair_receive(pair, pair->owed_receives);
    return failed ? mcb_loop_call_failed(run->set, "posting receives", failed, error) : 0;
}

/* After a stall more completions wait than one poll takes: they are one batch of the window, which
 * ends where a poll finds less, or all that can have been waiting was taken. */
static bool batch_goes_on(const struct run *run, int polled)
{
    const struct mcb_queue_pair *pair = &run->set->pairs[0];
    uint64_t most = (uint64_t)run->set->options.count * (pair->depth + pair->receive_count);
    return polled == POLL_MOST && run->batch_completions < most;
}

static void count_window(struct run *run, int64_t now_ns, uint64_t messages, int polled)
{
    run->batch_messages += messages;
    run->batch_completions += (uint64_t)polled;
    if (batch_goes_on(run, polled))
        return;
    if (run->batch_messages > 0)
        mcb_window_take(&run->window, now_ns, run->batch_messages);
    else
        mcb_window_pass(&run->window, now_ns);
    run->batch_messages = run->batch_completions = 0;
    run->starting = !run->window.closed;
}

static int take(struct run *run, const struct ibv_wc *done, uint64_t *messages,
                struct mcb_error *error)
{
    struct mcb_queue_pair *pair = &run->set->pairs[mcb_work_queue_pair(done->wr_id)];
    if (done->wr_id & MCB_WORK_RECEIVE) {
        uint32_t quarter = pair->receive_count / 4;
        run->received++;
        pair->owed_receives++;
        return give_receives_back(
            run, pair, quarter < RECEIVE_BATCH_MOST ? quarter : RECEIVE_BATCH_MOST, error);
    }
    pair->in_flight -= mcb_work_messages(done->wr_id);
    *messages += mcb_work_messages(done->wr_id);
    return 0;
}

static int take_batch(struct run *run, const struct ibv_wc *batch, int count,
                      struct mcb_error *error)
{
    struct mcb_queue_set *set = run->set;
    uint64_t messages = 0;
    int64_t now_ns = mcb_clock_ns();
    for (int i = 0; i < count; i++) {
        if (batch[i].status != IBV_WC_SUCCESS)
            return mcb_queue_set_fail(set, &batch[i], count - i, error);
        if (take(run, &batch[i], &messages, error) < 0)
            return -1;
    }
    run->completed += messages;
    if (run->starting)
        count_window(run, now_ns, messages, count);
    for (int i = 0; run->starting && !run->filling && i < count; i++) {
        if (start(run, &set->pairs[mcb_work_queue_pair(batch[i].wr_id)], error) < 0)
            return -1;
    }
    return mcb_loop_check(run->loop, set, now_ns, error);
}

/* Messages of WRITE use no receive, though a latency cell has some for its immediates. */
static bool counts_arrivals(const struct mcb_queue_set *set)
{
    return set->options.receives && !set->options.immediate_receives;
}

static bool is_over(struct run *run)
{
    const struct mcb_loop *loop = run->loop;
    bool stopped = !run->starting && !run->filling;
    if (!run->published && stopped && run->completed == run->started) {
        mcb_loop_publish(loop, run->started);
        run->published = true;
    }
    return run->published &&
           (!counts_arrivals(run->set) ||
            run->received >= atomic_load_explicit(loop->expected, memory_order_acquire));
}

static int idle(struct run *run, struct mcb_error *error)
{
    if (run->filling ? mcb_loop_look(run->loop, run->set, error) < 0
                     : mcb_loop_idle(run->loop, &run->watch, run->set, error) < 0)
        return -1;
    bool looked = run->filling || run->watch.idle == 0 || run->batch_messages > 0;
    if (looked && run->starting)
        count_window(run, mcb_clock_ns(), 0, 0);
    return 0;
}

static int run_to_end(struct run *run, struct mcb_error *error)
{
    struct mcb_queue_set *set = run->set;
    struct ibv_wc batch[POLL_MOST];
    begin(run);
    while (!is_over(run)) {
        if (run->filling && fill(run, error) < 0)
            return -1;
        int polled = ibv_poll_cq(set->completions, POLL_MOST, batch);
        if (polled < 0)
            return mcb_loop_call_failed(set, "polling for completions", EIO, error);
        if (polled == 0 ? idle(run, error) < 0 : take_batch(run, batch, polled, error) < 0)
            return -1;
    }
    for (uint32_t i = 0; i < set->options.count; i++)
        if (give_receives_back(run, &set->pairs[i], 1, error) < 0)
            return -1;
    return 0;
}

int mcb_bandwidth_window(struct mcb_queue_set *set, const struct mcb_loop *loop,
                         struct mcb_bandwidth *bandwidth, struct mcb_error *error)
{
    struct run run = {.set = set,
                      .loop = loop,
                      .timed = true,
                      .window = mcb_window_make(loop->start_ns, loop->end_ns)};
    if (run_to_end(&run, error) < 0)
        return -1;
    uint64_t messages = run.window.counted;
    *bandwidth = (struct mcb_bandwidth){
        .messages = messages,
        .bytes = messages * set->options.message_bytes,
        .length_ns = mcb_window_length_ns(&run.window),
    };
    return 0;
}

int mcb_bandwidth_lap(struct mcb_queue_set *set, const struct mcb_loop *loop,
                      struct mcb_error *error)
{
    struct run run = {.set = set, .loop = loop, .timed = false};
    return run_to_end(&run, error);
}
