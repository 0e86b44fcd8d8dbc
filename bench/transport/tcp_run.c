/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The tasks of a TCP side.
 *
 * WINDOW and LAP are one loop over the streams: send what the kernel takes, receive what it has,
 * and where nothing moved wait in poll(2). The receiver of a write or send cannot see where a task
 * ends, as there are no headers: streams are first in, first out, and whole messages are sent, so
 * it is done when what came over all streams is what the other side says it sent.
 *
 * A batch of the window (common/window.h) is what one pass over the streams brought. The sender
 * stops at its end, so that the pass which closes the window may never come: then the end of the
 * task does.
 *
 * LATENCY spins on stream 0, as every wait in poll(2) would add a wake-up to the samples. What is
 * staged is copied first and sent then, and arrives with the end of its copy.
 *
 * A side that fails resets its streams, as its peer would wait until the deadline otherwise.
 */

#include <errno.h>
#include <inttypes.h>
#include <poll.h>
#include <sched.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "bench/transport/tcp_side.h"
#include "common/clock.h"
#include "common/window.h"

/* A wait looks for an interruption this often; near the end of a task for `expected`, which wakes
 * nobody. */
enum { WAIT_MOST_MS = 50, WAIT_NEAR_END_MS = 1 };

/* Looks at a copy under way where threads share a CPU. */
enum { COPY_WAIT_NS = 20000 };

/* Passes that moved nothing before the thread sleeps: some 50 us. Sleeping at once costs a single
 * stream on loopback a third of its bandwidth in wake-ups. Where threads share a CPU it sleeps at
 * once. */
enum { IDLE_PASSES = 64 };

/* Spins between two looks at the clock. */
enum { SPINS_PER_CLOCK = 64 };

struct run {
    struct mcb_side *side;
    struct mcb_task *task;
    struct mcb_error *error;
    bool stopping;  /* no message is started any more */
    bool published; /* `sent` */
    uint64_t arrived_bytes;
    struct mcb_window window; /* of bytes */
};

static int publish(struct run *run, uint64_t sent)
{
    uint64_t one = 1;
    atomic_store_explicit(&run->task->sent, sent, memory_order_release);
    run->published = true;
    if (write(run->task->sent_event, &one, sizeof one) == (ssize_t)sizeof one)
        return 0;
    return mcb_error_set(run->error, MCB_FAULT_HOST_SYSTEM, "eventfd of a task: %s",
                         strerror(errno));
}

static int check_time(const struct run *run, int64_t now_ns)
{
    const struct mcb_side *side = run->side;
    if (atomic_load_explicit(&run->task->abort, memory_order_relaxed))
        return mcb_error_set(run->error, MCB_FAULT_RUN_INTERRUPTED, "a TCP %s over %s: interrupted",
                             side->under_way, side->endpoint->nic);
    if (now_ns < run->task->deadline_ns)
        return 0;
    uint64_t sent = 0, received = 0;
    for (uint32_t q = 0; q < side->cell.qps; q++) {
        sent += side->streams[q].out_bytes;
        received += side->streams[q].in_bytes;
    }
    return mcb_error_set(run->error, MCB_FAULT_TCP_STUCK,
                         "%s %s with %s: not done within the deadline; %" PRIu64
                         " bytes sent and %" PRIu64 " received over %" PRIu32 " streams",
                         mcb_operation_name(side->cell.operation), side->under_way,
                         side->streams[0].peer, sent, received, side->cell.qps);
}

/* WINDOW and LAP */

static uint64_t total_in(const struct mcb_side *side)
{
    uint64_t total = 0;
    for (uint32_t q = 0; q < side->cell.qps; q++)
        total += mcb_tcp_stream_landed(side, &side->streams[q]);
    return total;
}

static uint64_t total_out(const struct mcb_side *side)
{
    uint64_t total = 0;
    for (uint32_t q = 0; q < side->cell.qps; q++)
        total += side->streams[q].out_bytes;
    return total;
}

/* No stream starts more than `most` messages; UINT64_MAX: no limit. What is staged is sent as far
 * as it is copied. */
static void limit_messages(const struct mcb_side *side, struct mcb_tcp_stream *stream,
                           uint64_t most)
{
    stream->message_limit = most;
    if (!side->framed && !side->staged)
        stream->out_limit = most == UINT64_MAX ? UINT64_MAX : most * side->cell.size_bytes;
}

static void start_messages(struct run *run)
{
    struct mcb_side *side = run->side;
    run->stopping = run->task->kind == MCB_TASK_LAP;
    for (uint32_t q = 0; side->active && q < side->cell.qps; q++)
        limit_messages(side, &side->streams[q], run->stopping ? side->cell.depth : UINT64_MAX);
}

static uint64_t started_messages(const struct mcb_side *side, const struct mcb_tcp_stream *stream)
{
    uint64_t size = side->cell.size_bytes;
    if (side->framed)
        return stream->requested;
    return side->staged ? stream->out_copying : (stream->out_bytes + size - 1) / size;
}

static void stop_messages(struct run *run)
{
    struct mcb_side *side = run->side;
    run->stopping = true;
    for (uint32_t q = 0; side->active && q < side->cell.qps; q++) {
        struct mcb_tcp_stream *stream = &side->streams[q];
        uint64_t started = started_messages(side, stream);
        if (run->task->every_slot && started < side->cell.depth)
            started = side->cell.depth;
        limit_messages(side, stream, started);
    }
}

static bool all_started_are_complete(const struct mcb_side *side)
{
    for (uint32_t q = 0; q < side->cell.qps; q++) {
        const struct mcb_tcp_stream *stream = &side->streams[q];
        uint64_t complete = side->framed ? mcb_tcp_stream_landed(side, stream) : stream->out_bytes;
        if (complete != stream->message_limit * side->cell.size_bytes)
            return false;
    }
    return true;
}

/* 1: everything that the other side started is served; 0: not yet; -1: more than it started came.
 */
static int all_expected_are_served(const struct run *run)
{
    const struct mcb_side *side = run->side;
    uint64_t expected = atomic_load_explicit(&run->task->expected, memory_order_acquire);
    if (expected == MCB_MESSAGES_UNKNOWN)
        return 0;
    uint64_t served = side->framed ? total_out(side) : total_in(side);
    uint64_t most = UINT64_MAX / side->cell.size_bytes;
    if (expected <= most && served < expected * side->cell.size_bytes)
        return 0;
    if (expected <= most && served == expected * side->cell.size_bytes)
        return 1;
    return mcb_error_set(run->error, MCB_FAULT_NET_PROTOCOL,
                         "%s with %s: the peer says it started %" PRIu64 " messages of %" PRIu64
                         " bytes, but %" PRIu64 " bytes were moved",
                         side->under_way, side->streams[0].peer, expected, side->cell.size_bytes,
                         served);
}

/* Counts at the receiving end of the payload; a sender's bytes have only reached the kernel. */
static void count_window(struct run *run, int64_t now_ns)
{
    uint64_t bytes = total_in(run->side);
    if (bytes == run->arrived_bytes)
        return;
    mcb_window_take(&run->window, now_ns, bytes - run->arrived_bytes);
    run->arrived_bytes = bytes;
}

static bool receives_payload(const struct mcb_side *side)
{
    return side->framed ? side->active : side->passive;
}

static bool counts_window(const struct run *run)
{
    return run->task->kind == MCB_TASK_WINDOW && receives_payload(run->side);
}

static bool reads_stream(const struct mcb_side *side)
{
    return side->framed || side->passive;
}

/* One pass over the streams. quiet: the last one moved nothing. Returns 1 if anything moved, 0 if
 * nothing, -1 on failure. */
static int move_streams(struct run *run, bool quiet)
{
    struct mcb_side *side = run->side;
    int moved = side->staged ? mcb_tcp_staging_move(side, quiet, run->error) : 0;
    if (moved < 0)
        return -1;
    for (uint32_t q = 0; q < side->cell.qps; q++) {
        struct mcb_tcp_stream *stream = &side->streams[q];
        if (reads_stream(side)) {
            int received = mcb_tcp_stream_receive(side, stream, run->error);
            if (received < 0)
                return -1;
            moved |= received;
        }
        if (mcb_tcp_stream_prepare(side, stream)) {
            int sent = mcb_tcp_stream_send(side, stream, run->error);
            if (sent < 0)
                return -1;
            moved |= sent;
        }
    }
    return moved;
}

/* A copy that is done wakes nobody. */
static int64_t wait_most_ns(const struct run *run, int64_t now_ns)
{
    if (run->side->staged && mcb_tcp_staging_is_copying(run->side))
        return run->side->yield ? COPY_WAIT_NS : 0;
    bool far_from_end = run->task->kind == MCB_TASK_WINDOW &&
                        now_ns + WAIT_MOST_MS * MCB_NS_PER_MS < run->task->end_ns;
    return (far_from_end ? WAIT_MOST_MS : WAIT_NEAR_END_MS) * MCB_NS_PER_MS;
}

static void wait_for_streams(const struct run *run, int64_t now_ns)
{
    struct mcb_side *side = run->side;
    int64_t most_ns = wait_most_ns(run, now_ns);
    if (most_ns == 0)
        return;
    for (uint32_t q = 0; q < side->cell.qps; q++) {
        struct mcb_tcp_stream *stream = &side->streams[q];
        short events = (short)((reads_stream(side) ? POLLIN : 0) |
                               (mcb_tcp_stream_prepare(side, stream) ? POLLOUT : 0));
        /* poll() reports errors even where nothing is asked for: such a stream is left out */
        side->waits[q] = (struct pollfd){.fd = events ? stream->fd : -1, .events = events};
    }
    ppoll(side->waits, side->cell.qps, &(struct timespec){.tv_nsec = most_ns}, NULL);
}

/* 1: the task is done; 0: not yet; -1: failure. */
static int advance_task(struct run *run, int64_t now_ns)
{
    const struct mcb_side *side = run->side;
    if (!run->stopping && now_ns >= run->task->end_ns)
        stop_messages(run);
    if (!run->published && run->stopping && all_started_are_complete(side)) {
        uint64_t bytes = side->framed ? total_in(side) : total_out(side);
        if (publish(run, bytes / side->cell.size_bytes) < 0)
            return -1;
    }
    if (!run->published)
        return 0;
    return side->passive ? all_expected_are_served(run) : 1;
}

static int run_streams(struct run *run)
{
    const struct mcb_side *side = run->side;
    start_messages(run);
    if (!side->active && publish(run, 0) < 0)
        return -1;
    unsigned idle = 0;
    for (;;) {
        int moved = move_streams(run, idle > 0);
        if (moved < 0)
            return -1;
        int64_t now_ns = mcb_clock_ns();
        if (counts_window(run))
            count_window(run, now_ns);
        int done = advance_task(run, now_ns);
        if (done != 0)
            return done < 0 ? -1 : 0;
        if (check_time(run, now_ns) < 0)
            return -1;
        idle = moved ? 0 : idle + 1;
        if (idle > (side->yield ? 0 : IDLE_PASSES))
            wait_for_streams(run, now_ns);
    }
}

/* LATENCY */

/* Slot 0 again, whatever the last message used. */
static void rewind_stream(const struct mcb_side *side, struct mcb_tcp_stream *stream)
{
    mcb_tcp_stream_reset(side, stream);
    if (!side->framed) {
        stream->out_limit = side->staged ? 0 : side->cell.size_bytes;
        stream->in_limit = side->cell.size_bytes;
    } else {
        stream->message_limit = side->active;
    }
}

static int idle_spin(struct run *run, unsigned *spins)
{
    if (run->side->yield)
        sched_yield();
    if (++*spins % SPINS_PER_CLOCK != 0)
        return 0;
    return check_time(run, mcb_clock_ns());
}

/* Until the message of a stream is copied, in which direction `copied` counts. */
static int await_copy(struct run *run, const uint64_t *copied)
{
    unsigned spins = 0;
    while (*copied == 0) {
        int moved = mcb_tcp_staging_move(run->side, true, run->error);
        if (moved < 0 || (moved == 0 && idle_spin(run, &spins) < 0))
            return -1;
    }
    return 0;
}

static int send_all(struct run *run, struct mcb_tcp_stream *stream)
{
    const struct mcb_side *side = run->side;
    unsigned spins = 0;
    if (!side->framed)
        stream->message_limit = 1;
    if (side->staged && !(side->framed && side->active) && await_copy(run, &stream->out_copied) < 0)
        return -1;
    while (mcb_tcp_stream_prepare(run->side, stream)) {
        int sent = mcb_tcp_stream_send(run->side, stream, run->error);
        if (sent < 0 || (sent == 0 && idle_spin(run, &spins) < 0))
            return -1;
    }
    return 0;
}

/* Receives until one message (or for the one who answers reads, one request) is there. Returns 1
 * then, 0 if the task ended before its first byte, -1 on failure. */
static int receive_all(struct run *run, struct mcb_tcp_stream *stream, uint64_t served)
{
    const struct mcb_side *side = run->side;
    unsigned spins = 0;
    while (receives_payload(side) || !side->framed ? stream->in_bytes < side->cell.size_bytes
                                                   : stream->owed == 0) {
        int received = mcb_tcp_stream_receive(run->side, stream, run->error);
        if (received < 0)
            return -1;
        if (received > 0)
            continue;
        if (!side->active &&
            atomic_load_explicit(&run->task->expected, memory_order_acquire) == served)
            return 0;
        if (idle_spin(run, &spins) < 0)
            return -1;
    }
    if (side->staged && !(side->framed && side->passive) && await_copy(run, &stream->in_copied) < 0)
        return -1;
    return 1;
}

/* A round trip is a write's way there and the same way back: half of it is one way. */
static void record_sample(struct run *run, int64_t from_ns, int64_t to_ns)
{
    struct mcb_task *task = run->task;
    if (from_ns < task->start_ns || task->samples_count == task->samples_most)
        return;
    uint64_t round_trip_ns = (uint64_t)(to_ns - from_ns);
    task->samples_ns[task->samples_count++] = run->side->framed ? round_trip_ns : round_trip_ns / 2;
}

/* At least one sample where there is room for any: a round trip may be longer than the trial. */
static bool wants_sample(const struct mcb_task *task, int64_t now_ns)
{
    if (task->samples_most > 0 && task->samples_count == 0)
        return true;
    bool full = task->samples_most > 0 && task->samples_count == task->samples_most;
    return !full && now_ns < task->end_ns;
}

static int run_ping(struct run *run)
{
    struct mcb_tcp_stream *stream = &run->side->streams[0];
    struct mcb_task *task = run->task;
    uint64_t sent = 0;
    int64_t from_ns = mcb_clock_ns();
    while (wants_sample(task, from_ns)) {
        rewind_stream(run->side, stream);
        if (send_all(run, stream) < 0 || receive_all(run, stream, sent) < 0)
            return -1;
        int64_t to_ns = mcb_clock_ns();
        record_sample(run, from_ns, to_ns);
        from_ns = to_ns;
        sent++;
        if (check_time(run, to_ns) < 0)
            return -1;
    }
    return publish(run, sent);
}

static int run_pong(struct run *run)
{
    struct mcb_tcp_stream *stream = &run->side->streams[0];
    if (publish(run, 0) < 0)
        return -1;
    for (uint64_t served = 0;; served++) {
        rewind_stream(run->side, stream);
        int got = receive_all(run, stream, served);
        if (got <= 0)
            return got;
        if (send_all(run, stream) < 0)
            return -1;
    }
}

static void report_window(struct run *run)
{
    struct mcb_task *task = run->task;
    task->window_bytes = task->window_messages = 0;
    task->window_ns = 0;
    if (!counts_window(run))
        return;
    mcb_window_finish(&run->window);
    task->window_bytes = run->window.counted;
    task->window_messages = task->window_bytes / run->side->cell.size_bytes;
    task->window_ns = mcb_window_length_ns(&run->window);
}

/* Shutting down would not do: a sender does not read, and whoever waits for room at this end would
 * not see it. Closing while there are bytes, or with SO_LINGER 0, resets the connection. */
static void hang_up(struct mcb_side *side)
{
    const struct linger reset = {.l_onoff = 1, .l_linger = 0};
    for (uint32_t q = 0; q < side->cell.qps; q++) {
        struct mcb_tcp_stream *stream = &side->streams[q];
        if (stream->fd < 0)
            continue;
        setsockopt(stream->fd, SOL_SOCKET, SO_LINGER, &reset, sizeof reset);
        close(stream->fd);
        stream->fd = -1;
    }
}

/* A side that is out of time may have been waiting for one that is as well, and is to say so. */
static bool is_of_time(const struct mcb_error *error)
{
    return error->code == MCB_FAULT_TCP_STUCK || error->code == MCB_FAULT_RUN_INTERRUPTED;
}

static int run_task(struct run *run)
{
    if (run->task->kind != MCB_TASK_LATENCY)
        return run_streams(run);
    return run->side->role == MCB_ROLE_INITIATOR ? run_ping(run) : run_pong(run);
}

int mcb_tcp_run(struct mcb_side *side, struct mcb_task *task, struct mcb_error *error)
{
    static const char *const names[] = {
        [MCB_TASK_WINDOW] = "window", [MCB_TASK_LAP] = "lap", [MCB_TASK_LATENCY] = "ping-pong"};
    bool initiates = side->role == MCB_ROLE_INITIATOR;
    bool both = side->cell.bidirectional && task->kind != MCB_TASK_LATENCY;
    struct run run = {.side = side,
                      .task = task,
                      .error = error,
                      .window = mcb_window_make(task->start_ns, task->end_ns)};
    side->under_way = names[task->kind];
    side->active = initiates || both;
    side->passive = !initiates || both;
    task->samples_count = 0;
    for (uint32_t q = 0; q < side->cell.qps; q++)
        mcb_tcp_stream_reset(side, &side->streams[q]);

    if (run_task(&run) < 0) {
        if (!is_of_time(error))
            hang_up(side);
        return -1;
    }
    report_window(&run);
    return 0;
}
