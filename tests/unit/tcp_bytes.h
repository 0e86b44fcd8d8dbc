/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MCB_TESTS_UNIT_TCP_BYTES_H
#define MCB_TESTS_UNIT_TCP_BYTES_H

/* That the bytes of a TCP path are where they belong, and no others. */

#include "tests/unit/tcp_pair.h"

static const uint64_t sizes[] = {1, 7, 64, 100, 4096, 65537};

enum { WINDOW_MS = 10, KEY = 0x5eed };

struct direction {
    const struct mcb_area *out;
    const struct mcb_area *in;
    bool used;
};

/* Which way the payload of the cell goes. */
static inline void list_directions(const struct pair *pair, struct direction directions[2])
{
    const struct pair_end *initiator = &pair->end[INITIATOR], *target = &pair->end[TARGET];
    bool read = pair->cell.operation == MCB_OPERATION_READ;
    directions[0] =
        (struct direction){&initiator->out, &target->in, !read || pair->cell.bidirectional};
    directions[1] =
        (struct direction){&target->out, &initiator->in, read || pair->cell.bidirectional};
}

static inline void lay_out_bytes(struct pair *pair, uint16_t generation)
{
    struct direction directions[2];
    list_directions(pair, directions);
    for (size_t i = 0; i < 2; i++) {
        struct mcb_pattern pattern = {.key = KEY + i, .generation = generation};
        mcb_pattern_poison(pattern.key, directions[i].out);
        mcb_pattern_poison(pattern.key, directions[i].in);
        mcb_pattern_fill(&pattern, directions[i].out);
    }
}

static inline void expect_all_bytes(const struct pair *pair, uint16_t generation)
{
    struct direction directions[2];
    list_directions(pair, directions);
    for (size_t i = 0; i < 2; i++) {
        struct mcb_pattern pattern = {.key = KEY + i,
                                      .generation = directions[i].used ? generation : 0};
        struct mcb_pattern_report report = {0};
        if (!mcb_pattern_check(&pattern, directions[i].in, &report))
            fail_msg("%s of %zu bytes, %u streams, depth %u, direction %zu: slot %u is %s",
                     mcb_operation_name(pair->cell.operation), (size_t)pair->cell.size_bytes,
                     pair->cell.qps, pair->cell.depth, i, report.first_slot,
                     mcb_corruption_name(report.first_kind));
    }
}

/* Payload is counted by the reader of a read and by the receiver of a write or send. */
static inline void expect_counts(const struct pair *pair)
{
    bool read = pair->cell.operation == MCB_OPERATION_READ;
    for (size_t i = 0; i < 2; i++) {
        const struct mcb_task *task = &pair->end[i].task;
        bool counts = pair->cell.bidirectional || (i == INITIATOR) == read;
        assert_true(counts || task->window_bytes == 0);
        assert_int_equal(task->window_messages, task->window_bytes / pair->cell.size_bytes);
        int64_t asked_ns = counts ? WINDOW_MS * MCB_NS_PER_MS : 0;
        assert_in_range(task->window_ns, asked_ns * 3 / 4, asked_ns * 5 / 4);
    }
}

/* kinds: whose memory each end is, by role; NULL: the host's. */
static inline void move_and_check(const struct mcb_cell_settings *cell,
                                  const struct mcb_memory *const kinds[2])
{
    struct pair *pair = pair_open_in(cell, kinds);
    pair_connect(pair);
    static const enum mcb_task_kind tasks[] = {MCB_TASK_LAP, MCB_TASK_WINDOW, MCB_TASK_LAP};
    for (uint16_t i = 0; i < 3; i++) {
        uint16_t generation = (uint16_t)(i + 1);
        lay_out_bytes(pair, generation);
        pair_run(pair, tasks[i], WINDOW_MS * MCB_NS_PER_MS);
        expect_all_bytes(pair, generation);
        if (tasks[i] == MCB_TASK_WINDOW)
            expect_counts(pair);
    }
    pair_close(pair);
}

#endif
