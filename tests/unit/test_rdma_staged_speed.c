/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Staged transfers run at 85 % or more of the slower of their legs, and cost few credits; in
 * simulated time: no clock of the machine is read, so the same comes out wherever and beside
 * whatever this runs.
 *
 * Each end has a time of its own, which its polls and calls move on; the end that is ahead waits
 * for the other. A NIC moves one message after the other at its rate, a copier one start after the
 * other.
 */
#include "tests/unit/staged_pair.h"

/* What things cost, about as on a host of today. */
enum {
    PASS_NS = 500,    /* a poll of the NIC */
    WIRE_NS = 1500,   /* to the other end */
    START_NS = 2500,  /* of a copy: the thread's time */
    RUN_UP_NS = 1500, /* and the GPU's, before the first byte */
    LOOK_NS = 500     /* at a copy */
};

#define MACHINE_WINDOW_NS (4 * MCB_NS_PER_MS)

struct copier_op {
    int64_t done_ns;
    uint32_t slots;
};

struct leg_rates {
    double wire, copier; /* bytes a nanosecond */
};

static struct {
    pthread_mutex_t lock;
    pthread_cond_t changed;
    int64_t now_ns[2];
    bool over[2];
    int64_t wire_free_ns[2];
    int64_t arrives_ns[2][RING], done_ns[2][RING]; /* by flight */
    uint32_t arrived[2], done[2];                  /* flights of an end that the two have seen */
    struct leg_rates rates;
} sim;

static _Thread_local size_t self = 2; /* which end runs here; 2: the test */

/* All that reads the clock reads the end's. */
int clock_gettime(clockid_t clock, struct timespec *now)
{
    (void)clock;
    int64_t now_ns = self < 2 ? sim.now_ns[self] : 0;
    *now = (struct timespec){.tv_sec = now_ns / MCB_NS_PER_S, .tv_nsec = now_ns % MCB_NS_PER_S};
    return 0;
}

static int64_t later(int64_t a, int64_t b)
{
    return a > b ? a : b;
}

static void spend(int64_t cost_ns)
{
    pthread_mutex_lock(&sim.lock);
    sim.now_ns[self] += cost_ns;
    pthread_mutex_unlock(&sim.lock);
}

/* ---- the NIC ---- */

static int sim_send(struct ibv_qp *handle, struct ibv_send_wr *request, struct ibv_send_wr **bad)
{
    struct end *end = &wire.ends[self];
    (void)bad;
    pthread_mutex_lock(&sim.lock);
    for (; request; request = request->next) {
        uint32_t at = end->last_flight++ % RING;
        uint32_t bytes = request->num_sge > 0 ? request->sg_list[0].length : 0;
        end->flights[at] =
            (struct flight){.request = *request, .pair = (uint32_t)(handle - end->handles)};
        sim.wire_free_ns[self] =
            later(sim.wire_free_ns[self], sim.now_ns[self]) + (int64_t)(bytes / sim.rates.wire);
        wire.credits += bytes == 0;
        sim.arrives_ns[self][at] = sim.wire_free_ns[self] + WIRE_NS;
        sim.done_ns[self][at] = sim.wire_free_ns[self] + 2 * WIRE_NS;
    }
    pthread_mutex_unlock(&sim.lock);
    return 0;
}

static int sim_receive(struct ibv_qp *handle, struct ibv_recv_wr *request, struct ibv_recv_wr **bad)
{
    (void)handle;
    (void)request;
    (void)bad;
    return 0;
}

/* What came in from the other end, then what is complete of this one's. */
static int sim_collect(int most, struct ibv_wc *done)
{
    size_t other = 1 - self;
    int64_t now_ns = sim.now_ns[self];
    int count = 0;
    for (; count < most && sim.arrived[other] != wire.ends[other].last_flight &&
           sim.arrives_ns[other][sim.arrived[other] % RING] <= now_ns;
         sim.arrived[other]++) {
        const struct flight *flight = &wire.ends[other].flights[sim.arrived[other] % RING];
        done[count++] = (struct ibv_wc){.wr_id = MCB_WORK_RECEIVE | mcb_work_id(flight->pair, 0),
                                        .opcode = IBV_WC_RECV_RDMA_WITH_IMM,
                                        .wc_flags = IBV_WC_WITH_IMM,
                                        .imm_data = flight->request.imm_data};
    }
    for (; count < most && sim.done[self] != wire.ends[self].last_flight &&
           sim.done_ns[self][sim.done[self] % RING] <= now_ns;
         sim.done[self]++) {
        const struct flight *flight = &wire.ends[self].flights[sim.done[self] % RING];
        if (flight->request.send_flags & IBV_SEND_SIGNALED)
            done[count++] = (struct ibv_wc){.wr_id = flight->request.wr_id};
    }
    return count;
}

static int sim_poll(struct ibv_cq *queue, int most, struct ibv_wc *done)
{
    (void)queue;
    pthread_mutex_lock(&sim.lock);
    sim.now_ns[self] += PASS_NS;
    pthread_cond_broadcast(&sim.changed);
    while (!sim.over[1 - self] && sim.now_ns[1 - self] < sim.now_ns[self])
        pthread_cond_wait(&sim.changed, &sim.lock);
    int count = sim_collect(most, done);
    pthread_mutex_unlock(&sim.lock);
    return count;
}

/* ---- the copier ---- */

struct sim_copier {
    struct copier_op ops[RING];
    uint32_t first, last;
    size_t slot_bytes;
    int64_t free_ns;
    uint64_t slots;
};

static int sim_copier_open(const struct mcb_buffer *buffer, const struct mcb_area *to,
                           const struct mcb_area *from, struct mcb_copier **copier,
                           struct mcb_error *error)
{
    (void)buffer;
    (void)from;
    (void)error;
    struct sim_copier *opened = calloc(1, sizeof *opened);
    opened->slot_bytes = to->slot_bytes;
    *copier = (struct mcb_copier *)opened;
    return 0;
}

static int sim_copier_copy(struct mcb_copier *opaque, uint32_t first, uint32_t count,
                           struct mcb_error *error)
{
    struct sim_copier *copier = (struct sim_copier *)opaque;
    (void)first;
    (void)error;
    spend(START_NS);
    copier->free_ns = later(copier->free_ns, sim.now_ns[self]) + RUN_UP_NS +
                      (int64_t)((double)(count * copier->slot_bytes) / sim.rates.copier);
    copier->ops[copier->last++ % RING] =
        (struct copier_op){.done_ns = copier->free_ns, .slots = count};
    return 0;
}

static int sim_copier_done(struct mcb_copier *opaque, uint64_t *slots, struct mcb_error *error)
{
    struct sim_copier *copier = (struct sim_copier *)opaque;
    (void)error;
    spend(LOOK_NS);
    for (; copier->first != copier->last &&
           copier->ops[copier->first % RING].done_ns <= sim.now_ns[self];
         copier->first++)
        copier->slots += copier->ops[copier->first % RING].slots;
    *slots = copier->slots;
    return 0;
}

static void sim_copier_close(struct mcb_copier *copier)
{
    free(copier);
}

static const struct mcb_memory sim_memory = {
    .of_gpu = true,
    .copier_open = sim_copier_open,
    .copier_copy = sim_copier_copy,
    .copier_done = sim_copier_done,
    .copier_close = sim_copier_close,
};

/* ---- runs ---- */

static void *sim_run(void *argument)
{
    self = (size_t)((struct end *)argument - wire.ends);
    end_run(argument);
    pthread_mutex_lock(&sim.lock);
    sim.over[self] = true;
    pthread_cond_broadcast(&sim.changed);
    pthread_mutex_unlock(&sim.lock);
    return NULL;
}

static void sim_prepare(struct end *end, struct mcb_staged_role role)
{
    end->context.ops.poll_cq = sim_poll;
    end->context.ops.post_send = sim_send;
    end->context.ops.post_recv = sim_receive;
    end_prepare(end, WINDOW, role, MACHINE_WINDOW_NS);
    end->loop.yield = false;
    end->loop.start_ns = MACHINE_WINDOW_NS / 4;
    end->loop.end_ns = end->loop.start_ns + MACHINE_WINDOW_NS;
}

/* Bytes a nanosecond into the memory of end 1. wire.credits is how many credits that took. */
static double rate_of(struct shape shape, struct leg_rates rates, struct mcb_staged_role role,
                      struct mcb_staged_role other)
{
    const struct mcb_memory *const kinds[2] = {&sim_memory, &sim_memory};
    memset(&sim, 0, sizeof sim);
    pthread_mutex_init(&sim.lock, NULL);
    pthread_cond_init(&sim.changed, NULL);
    sim.rates = rates;
    wire_open(shape, kinds);
    sim_prepare(&wire.ends[0], role);
    sim_prepare(&wire.ends[1], other);
    for (size_t i = 0; i < 2; i++)
        assert_int_equal(pthread_create(&wire.ends[i].thread, NULL, sim_run, &wire.ends[i]), 0);
    wire_pass_sent();
    for (size_t i = 0; i < 2; i++)
        end_join(&wire.ends[i]);
    for (size_t i = 0; i < 2; i++)
        if (wire.ends[i].result != 0)
            fail_msg("%s", wire.ends[i].error.detail);
    const struct mcb_bandwidth *came = &wire.ends[1].bandwidth;
    double rate = (double)came->bytes / (double)came->length_ns;
    wire_close();
    pthread_cond_destroy(&sim.changed);
    pthread_mutex_destroy(&sim.lock);
    return rate;
}

static const struct leg_rates rates[] = {{12.5, 50}, {12.5, 12.5}, {25, 50}, {50, 25}, {25, 25}};

static void expect_speed(struct shape shape, struct mcb_staged_role role,
                         struct mcb_staged_role other)
{
    for (size_t i = 0; i < sizeof rates / sizeof rates[0]; i++) {
        double slower = rates[i].wire < rates[i].copier ? rates[i].wire : rates[i].copier;
        double rate = rate_of(shape, rates[i], role, other);
        print_message(
            "%u x %u messages of %zu bytes, legs of %.1f and %.1f GB/s: %.2f GB/s, %.0f %%\n",
            shape.qps, shape.depth, shape.size_bytes, rates[i].wire, rates[i].copier, rate,
            100 * rate / slower);
        assert_true(rate >= 0.85 * slower);
        assert_true(rate <= 1.01 * slower);
    }
}

static const struct mcb_staged_role sender = {.sends = true}, receiver = {.receives = true},
                                    both = {.sends = true, .receives = true};

static void one_direction_is_as_fast_as_its_slower_leg(void **state)
{
    (void)state;
    expect_speed((struct shape){1, 128, 64 << 10}, sender, receiver);
    expect_speed((struct shape){4, 32, 64 << 10}, sender, receiver);
    expect_speed((struct shape){1, 32, 1 << 20}, sender, receiver);
    expect_speed((struct shape){1, 4, 8 << 20}, sender, receiver);
}

static void both_directions_are_as_fast_as_their_slower_leg(void **state)
{
    (void)state;
    expect_speed((struct shape){1, 128, 64 << 10}, both, both);
    expect_speed((struct shape){2, 16, 1 << 20}, both, both);
}

static void one_credit_serves_a_quarter_of_the_depth(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof rates / sizeof rates[0]; i++) {
        rate_of((struct shape){1, 128, 64 << 10}, rates[i], sender, receiver);
        assert_in_range(wire.credits, 1, wire.ends[0].sent / 32 + 4);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(one_direction_is_as_fast_as_its_slower_leg),
        cmocka_unit_test(both_directions_are_as_fast_as_their_slower_leg),
        cmocka_unit_test(one_credit_serves_a_quarter_of_the_depth),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
