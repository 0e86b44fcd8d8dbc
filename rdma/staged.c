/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A pass of the loop takes what is complete (of the NIC, then of the copiers) and then gives each
 * queue pair its turn: start a batch of copies out, post a batch of what is copied, start copies
 * in, credit. Every step moves one counter of the queue pair's lane towards the one before it:
 *
 *   sender     most >= copying >= copied >= posted >= complete, credited
 *              copying - complete <= depth, posted - credited <= depth
 *   receiver   arrived >= landing >= landed >= told
 *              arrived - told <= depth
 */
#include "rdma/staged_parts.h"

#include <endian.h>
#include <errno.h>
#include <infiniband/verbs.h>
#include <stdlib.h>
#include <string.h>

#include "common/clock.h"
#include "common/window.h"
#include "rdma/completion.h"
#include "rdma/post.h"

/* What is less than a batch waits for more of it, as each copy and each credit costs the thread
 * some microseconds; until so many passes moved nothing. A pass of a thread that yields takes
 * longer than them all. */
enum { POLL_MOST = 16, QUIET_PASSES = 16, QUIET_PASSES_YIELDING = 1 };

struct run {
    struct mcb_staged *staged;
    struct mcb_queue_set *set;
    struct mcb_staged_role role;
    const struct mcb_loop *loop;
    struct mcb_loop_watch watch;
    uint32_t copy_batch, credit_least;
    uint32_t turn;                /* queue pair whose turn comes first */
    uint32_t quiet;               /* passes since something moved */
    bool stopping;                /* most is final */
    bool published;               /* all own messages are credited */
    uint64_t landed;              /* in this pass */
    struct mcb_staged_lane total; /* of all lanes; not all counters are kept */
    struct mcb_window window;     /* of messages */
};

int mcb_staged_open(struct mcb_queue_set *set, struct mcb_copy_queue *out,
                    struct mcb_copy_queue *in, struct mcb_staged **staged, struct mcb_error *error)
{
    uint32_t count = set->options.count;
    struct mcb_staged *opened = calloc(1, sizeof *opened + count * sizeof(struct mcb_staged_lane));
    if (!opened)
        return mcb_error_set(error, MCB_FAULT_HOST_MEMORY, "no memory for %u queue pairs", count);
    opened->set = set;
    opened->out = out;
    opened->in = in;
    *staged = opened;
    return 0;
}

void mcb_staged_close(struct mcb_staged *staged)
{
    free(staged);
}

static uint32_t least(uint64_t a, uint64_t b)
{
    return (uint32_t)(a < b ? a : b);
}

int mcb_staged_stop(struct mcb_queue_set *set)
{
    mcb_queue_set_stop(set);
    return -1;
}

int mcb_staged_refuse(struct mcb_queue_set *set, const struct mcb_queue_pair *pair,
                      const char *what, uint32_t number, struct mcb_error *error)
{
    mcb_queue_set_stop(set);
    return mcb_error_set(error, MCB_FAULT_NET_PROTOCOL,
                         "%s, queue pair %u: the peer sent %s %u, which cannot be now", set->path,
                         pair->number, what, number);
}

/* ---- what is complete ---- */

/* The next message of the peer, in a slot that was free. */
static int take_message(struct run *run, struct mcb_queue_pair *pair, struct mcb_staged_lane *lane,
                        uint32_t slot, struct mcb_error *error)
{
    if (!run->role.receives || slot != lane->arrived % pair->depth ||
        lane->arrived - lane->told >= pair->depth)
        return mcb_staged_refuse(run->set, pair, "a message for slot", slot, error);
    lane->arrived++;
    run->total.arrived++;
    return 0;
}

static int take_credit(struct run *run, struct mcb_queue_pair *pair, struct mcb_staged_lane *lane,
                       uint32_t messages, struct mcb_error *error)
{
    uint32_t more = (messages - (uint32_t)lane->credited) & ~MCB_IMMEDIATE_CREDIT;
    if (!run->role.sends || more == 0 || more > lane->posted - lane->credited)
        return mcb_staged_refuse(run->set, pair, "a credit of", messages, error);
    lane->credited += more;
    run->total.credited += more;
    return 0;
}

bool mcb_staged_immediate(const struct ibv_wc *done, uint32_t *immediate)
{
    *immediate = be32toh(done->imm_data);
    return done->opcode == IBV_WC_RECV_RDMA_WITH_IMM && (done->wc_flags & IBV_WC_WITH_IMM);
}

static int take_receive(struct run *run, struct mcb_queue_pair *pair, struct mcb_staged_lane *lane,
                        const struct ibv_wc *done, struct mcb_error *error)
{
    uint32_t immediate;
    pair->owed_receives++;
    if (!mcb_staged_immediate(done, &immediate))
        return mcb_staged_refuse(run->set, pair, "a message of opcode", (uint32_t)done->opcode,
                                 error);
    return immediate & MCB_IMMEDIATE_CREDIT
               ? take_credit(run, pair, lane, immediate & ~MCB_IMMEDIATE_CREDIT, error)
               : take_message(run, pair, lane, immediate, error);
}

static int take(struct run *run, const struct ibv_wc *done, struct mcb_error *error)
{
    uint32_t index = mcb_work_queue_pair(done->wr_id), messages = mcb_work_messages(done->wr_id);
    struct mcb_queue_pair *pair = &run->set->pairs[index];
    struct mcb_staged_lane *lane = &run->staged->lanes[index];
    if (done->wr_id & MCB_WORK_RECEIVE)
        return take_receive(run, pair, lane, done, error);
    if (messages == 0) {
        lane->credits--;
        run->total.credits--;
    }
    pair->in_flight -= messages;
    lane->complete += messages;
    run->total.complete += messages;
    return 0;
}

static int take_completions(struct run *run, struct mcb_error *error)
{
    struct mcb_queue_set *set = run->set;
    struct ibv_wc batch[POLL_MOST];
    int count = ibv_poll_cq(set->completions, POLL_MOST, batch);
    if (count < 0)
        return mcb_loop_call_failed(set, "polling for completions", EIO, error);
    for (int i = 0; i < count; i++) {
        if (batch[i].status != IBV_WC_SUCCESS)
            return mcb_queue_set_fail(set, &batch[i], count - i, error);
        if (take(run, &batch[i], error) < 0)
            return -1;
    }
    for (int i = 0; i < count; i++) {
        struct mcb_queue_pair *pair = &set->pairs[mcb_work_queue_pair(batch[i].wr_id)];
        if (mcb_loop_receive(set, pair, 1, error) < 0)
            return -1;
    }
    return count > 0;
}

static int take_copies(struct run *run, struct mcb_error *error)
{
    struct mcb_staged *staged = run->staged;
    uint32_t index, count;
    int moved = 0;
    if ((staged->out && mcb_copy_queue_look(staged->out, error) < 0) ||
        (staged->in && mcb_copy_queue_look(staged->in, error) < 0))
        return mcb_staged_stop(run->set);
    for (; staged->out && mcb_copy_queue_next(staged->out, &index, &count); moved = 1)
        staged->lanes[index].copied += count;
    for (; staged->in && mcb_copy_queue_next(staged->in, &index, &count); moved = 1) {
        staged->lanes[index].landed += count;
        run->landed += count;
    }
    return moved;
}

/* ---- what can be started ---- */

static int copy_out(struct run *run, uint32_t index, struct mcb_error *error)
{
    struct mcb_staged_lane *lane = &run->staged->lanes[index];
    uint32_t depth = run->set->pairs[index].depth;
    uint32_t wanted = least(lane->most - lane->copying, run->copy_batch);
    if (wanted == 0 || depth - (lane->copying - lane->complete) < wanted)
        return 0;
    if (mcb_copy_queue_start(run->staged->out, index, lane->copying, wanted, error) < 0)
        return mcb_staged_stop(run->set);
    lane->copying += wanted;
    run->total.copying += wanted;
    return 1;
}

static int post(struct run *run, uint32_t index, struct mcb_error *error)
{
    struct mcb_staged_lane *lane = &run->staged->lanes[index];
    struct mcb_queue_pair *pair = &run->set->pairs[index];
    uint64_t free_there = pair->depth - (lane->posted - lane->credited);
    uint32_t count =
        least(least(lane->copied - lane->posted, free_there), run->set->options.signal_every);
    if (count == 0)
        return 0;
    int failed = run->set->post_immediate(pair, (uint32_t)(lane->posted % pair->depth), count);
    if (failed)
        return mcb_loop_call_failed(run->set, "posting messages", failed, error);
    pair->in_flight += count;
    lane->posted += count;
    return 1;
}

static bool is_quiet(const struct run *run)
{
    return run->quiet >= (run->loop->yield ? QUIET_PASSES_YIELDING : QUIET_PASSES);
}

static int copy_in(struct run *run, uint32_t index, struct mcb_error *error)
{
    struct mcb_staged_lane *lane = &run->staged->lanes[index];
    uint32_t count = least(lane->arrived - lane->landing, run->copy_batch);
    if (count == 0 || (count < run->copy_batch && !is_quiet(run)))
        return 0;
    if (mcb_copy_queue_start(run->staged->in, index, lane->landing, count, error) < 0)
        return mcb_staged_stop(run->set);
    lane->landing += count;
    return 1;
}

static int credit(struct run *run, uint32_t index, struct mcb_error *error)
{
    struct mcb_staged_lane *lane = &run->staged->lanes[index];
    uint64_t owed = lane->landed - lane->told;
    bool due = owed >= run->credit_least || (owed > 0 && is_quiet(run));
    if (!due || lane->credits == MCB_STAGED_CREDITS)
        return 0;
    int failed =
        mcb_post_credit(&run->set->pairs[index], (uint32_t)lane->landed & ~MCB_IMMEDIATE_CREDIT);
    if (failed)
        return mcb_loop_call_failed(run->set, "posting a credit", failed, error);
    lane->told += owed;
    lane->credits++;
    run->total.told += owed;
    run->total.credits++;
    return 1;
}

static int serve(struct run *run, uint32_t index, struct mcb_error *error)
{
    static int (*const steps[])(struct run *, uint32_t, struct mcb_error *) = {copy_out, post,
                                                                               copy_in, credit};
    size_t first = run->role.sends ? 0 : 2, end = run->role.receives ? 4 : 2;
    int moved = 0;
    for (size_t i = first; i < end; i++) {
        int did = steps[i](run, index, error);
        if (did < 0)
            return -1;
        moved |= did;
    }
    return moved;
}

/* ---- the loop ---- */

static int pass(struct run *run, struct mcb_error *error)
{
    uint32_t count = run->set->options.count;
    int moved = take_completions(run, error);
    int copied = moved < 0 ? -1 : take_copies(run, error);
    if (copied < 0)
        return -1;
    moved |= copied;
    for (uint32_t i = 0; i < count; i++) {
        int did = serve(run, (run->turn + i) % count, error);
        if (did < 0)
            return -1;
        moved |= did;
    }
    run->turn = (run->turn + 1) % count;
    return moved;
}

/* Each slot is used at least once. */
static void stop_starting(struct run *run)
{
    run->stopping = true;
    run->total.most = 0;
    for (uint32_t i = 0; run->role.sends && i < run->set->options.count; i++) {
        struct mcb_staged_lane *lane = &run->staged->lanes[i];
        uint32_t depth = run->set->pairs[i].depth;
        lane->most = lane->copying > depth ? lane->copying : depth;
        run->total.most += lane->most;
    }
}

static void look_at_time(struct run *run, int64_t now_ns)
{
    if (!run->stopping && now_ns >= run->loop->end_ns)
        stop_starting(run);
}

static int go_on(struct run *run, struct mcb_error *error)
{
    int64_t now_ns = mcb_clock_ns();
    run->quiet = 0;
    if (run->landed > 0)
        mcb_window_take(&run->window, now_ns, run->landed);
    run->landed = 0;
    look_at_time(run, now_ns);
    return mcb_loop_check(run->loop, run->set, now_ns, error);
}

static int idle(struct run *run, struct mcb_error *error)
{
    run->quiet++;
    if (mcb_loop_idle(run->loop, &run->watch, run->set, error) < 0)
        return -1;
    if (run->watch.idle == 0)
        look_at_time(run, mcb_clock_ns());
    return 0;
}

/* 1: the task is done; 0: not yet; -1: failure. */
static int is_over(struct run *run, struct mcb_error *error)
{
    const struct mcb_staged_lane *total = &run->total;
    if (!run->published && run->stopping && total->credited == total->most &&
        total->complete == total->most) {
        mcb_loop_publish(run->loop, total->most);
        run->published = true;
    }
    if (!run->published || !run->role.receives)
        return run->published;
    uint64_t expected = atomic_load_explicit(run->loop->expected, memory_order_acquire);
    if (total->arrived <= expected)
        return total->told == expected && total->credits == 0;
    mcb_queue_set_stop(run->set);
    return mcb_error_set(
        error, MCB_FAULT_NET_PROTOCOL, "%s: the peer says it sent %llu messages, but %llu came in",
        run->set->path, (unsigned long long)expected, (unsigned long long)total->arrived);
}

static int run_to_end(struct run *run, bool timed, struct mcb_error *error)
{
    struct mcb_queue_set *set = run->set;
    uint32_t depth = set->pairs[0].depth;
    run->copy_batch = mcb_copy_batch(depth, set->options.message_bytes);
    run->credit_least = depth < 4 ? 1 : depth / 4;
    memset(run->staged->lanes, 0, set->options.count * sizeof(struct mcb_staged_lane));
    for (uint32_t i = 0; run->role.sends && i < set->options.count; i++)
        run->staged->lanes[i].most = UINT64_MAX;
    if (!timed || !run->role.sends)
        stop_starting(run);
    for (;;) {
        int over = is_over(run, error);
        if (over != 0)
            return over < 0 ? -1 : 0;
        int moved = pass(run, error);
        if (moved < 0 || (moved ? go_on(run, error) : idle(run, error)) < 0)
            return -1;
    }
}

int mcb_staged_window(struct mcb_staged *staged, struct mcb_staged_role role,
                      const struct mcb_loop *loop, struct mcb_bandwidth *bandwidth,
                      struct mcb_error *error)
{
    struct run run = {.staged = staged,
                      .set = staged->set,
                      .role = role,
                      .loop = loop,
                      .window = mcb_window_make(loop->start_ns, loop->end_ns)};
    if (run_to_end(&run, true, error) < 0)
        return -1;
    mcb_window_finish(&run.window);
    *bandwidth = (struct mcb_bandwidth){
        .messages = run.window.counted,
        .bytes = run.window.counted * staged->set->options.message_bytes,
        .length_ns = role.receives ? mcb_window_length_ns(&run.window) : 0,
    };
    return 0;
}

int mcb_staged_lap(struct mcb_staged *staged, struct mcb_staged_role role,
                   const struct mcb_loop *loop, struct mcb_error *error)
{
    struct run run = {.staged = staged, .set = staged->set, .role = role, .loop = loop};
    return run_to_end(&run, false, error);
}
